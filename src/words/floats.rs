//! Bits of a floating-point number stored in two digits, for the size strategy. 1 layer after the digits: a gate for each bit of the
//! mantissa and place it may be shifted to.
//!
//! Level `D * 2^m + F` is worth `(2^m + F) * 2^(D - 1)` units where `D > 1`, F itself and `2^m + F` where D is 0 and 1, and
//! `(F - 2^(m+1)) * 2^(-D - 2)` below, but `F - 2^m` where D is -1. So the bits of F stand `s(D)` places up, s being `max(D - 1, -D - 2, 0)`,
//! and all other bits of the number in two's complement rest on D alone.

use num_bigint::BigInt;

use super::digits::Digits;
use super::levels::width;
use super::word::Code;
use super::{Maker, Word};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, Term};
use crate::interval::Interval;

/// Forms that are sums of few gates of a coarse digit.
struct Passed<'a> {
    coarse: &'a [ArrayId],
    digits: &'a Digits,
}

/// Signed gates `[D >= d]` of one axis: a list of d, one for each place on it.
type Signed = (i64, Vec<i64>);

impl Maker {
    /// The word over its bits as forms, from the gates of its digits.
    pub(super) fn shifted_bits(
        &mut self,
        word: Word,
        digits: &Digits,
        coarse: &[ArrayId],
        fine: &[ArrayId],
    ) -> Result<Word, CircuitError> {
        let (count, signed) = width(&word.reach());
        let mantissa = i64::from(digits.shift);
        let passed = Passed { coarse, digits };
        let shifted = self.shifted_mantissas(&passed, fine)?;
        let mut shape = word.shape.clone();
        let axes = shape.len();
        shape.push(Size::fixed(u64::from(count)));
        let places = || 0..i64::from(count);
        // Below zero all bits are set above those of the mantissa and the zero before them; from the least normal number on
        // the bit before them is.
        let above = |far: fn(i64) -> i64| {
            places().map(|place| if place < mantissa { NEVER } else { far(place - mantissa) }).collect::<Vec<_>>()
        };
        let lists: [Signed; 4] = [
            (1, above(|rest| -rest - 1)),
            (-1, above(|_| 0)),
            (1, above(|rest| rest + 1)),
            (-1, above(|rest| rest + 2)),
        ];
        let (mut terms, constants) = self.passed(&passed, axes, &lists)?;
        let shifts = passed.shifts();
        for bit in 0..mantissa {
            let mut index = Index::identity(axes);
            let inside = |place: i64| (0..shifts).contains(&(place - bit));
            let at = places().map(|place| (place - bit).clamp(0, shifts - 1)).collect::<Vec<_>>();
            index.extend([Index::gathered(axes, at), Index::at(bit)]);
            let mask = places().map(|place| i64::from(inside(place))).collect::<Vec<_>>();
            let mask = self.builder.table(Table::small(mask));
            terms.push(Term::new(shifted, index).times(Coef::table(mask, Index::axis(axes))));
        }
        let bits = self.affine(shape, word.band.clone(), terms, constants)?;
        Ok(Word { code: Code::Bits { bits, signed }, ..word })
    }

    /// The gates `[s(D) = shift and bit of F]`: axes of the word, shift, bit.
    fn shifted_mantissas(&mut self, passed: &Passed, fine: &[ArrayId]) -> Result<ArrayId, CircuitError> {
        let mut shape = self.shape(fine[0]);
        let (axes, band) = (shape.len() - 1, self.band(fine[0]));
        let (bits, steps) = (i64::from(passed.digits.shift), passed.digits.fine() as i64);
        shape.pop();
        shape.extend([Size::fixed(passed.shifts() as u64), Size::fixed(bits as u64)]);
        let each = |f: fn(i64) -> i64| (0..passed.shifts()).map(f).collect::<Vec<_>>();
        // The shift is 0 from D = -2 to 1.
        let lists: [Signed; 4] = [
            (1, each(|shift| if shift == 0 { NEVER } else { shift + 1 })),
            (-1, each(|shift| shift + 2)),
            (1, each(|shift| -shift - 2)),
            (-1, each(|shift| if shift == 0 { NEVER } else { -shift - 1 })),
        ];
        let (mut terms, constants) = self.passed(passed, axes, &lists)?;
        let change = |step: i64, bit: i64| ((step + 1) >> bit & 1) - (step >> bit & 1);
        let changes = || (0..steps).flat_map(|step| (0..bits).map(move |bit| change(step, bit)));
        let changes = if steps > MOST_LISTED {
            let nonzero = (0..bits).map(|bit| (steps >> bit) as u128).sum();
            let entries = || changes().map(BigInt::from).collect();
            self.lazy_table(steps as u128 * bits as u128, Interval::new(-1, 1), nonzero, entries)
        } else {
            self.builder.table(Table::small(changes().collect::<Vec<_>>()))
        };
        let mut index = Index::identity(axes);
        index.push(Index::axis(axes + 2));
        let coef = Coef::table(changes, Index::strided([(axes + 2, bits), (axes + 1, 1)]));
        let term =
            |fine: &ArrayId| Term::new(*fine, index.clone()).over(vec![Size::fixed(steps as u64)]).times(coef.clone());
        terms.extend(fine.iter().map(term));
        let sum = self.affine(shape, band, terms, constants)?;
        self.builder.gate(sum, 2)
    }

    /// The sums of signed gates of the coarse digit, each list of them along one axis.
    fn passed(
        &mut self,
        passed: &Passed,
        axis: usize,
        lists: &[Signed],
    ) -> Result<(Vec<Term>, Vec<Coef>), CircuitError> {
        let (mut terms, mut constants) = (Vec::new(), Vec::new());
        let Digits { first, last, .. } = *passed.digits;
        for (sign, list) in lists {
            let mut index = Index::identity(axis);
            let place = |d: &i64| (d - first - 1).clamp(0, last - first - 1);
            index.push(Index::gathered(axis, list.iter().map(place).collect::<Vec<_>>()));
            let mask = list.iter().map(|d| i64::from(first < *d && *d <= last)).collect::<Vec<_>>();
            let sure = list.iter().map(|d| i64::from(*d <= first)).collect::<Vec<_>>();
            let [mask, sure] = [mask, sure].map(|list| self.builder.table(Table::small(list)));
            let sign = BigInt::from(*sign);
            let coef = Coef::table(mask, Index::axis(axis)).times(&sign);
            terms.extend(passed.coarse.iter().map(|coarse| Term::new(*coarse, index.clone()).times(coef.clone())));
            constants.push(Coef::table(sure, Index::axis(axis)).times(&sign));
        }
        Ok((terms, constants))
    }
}

/// Steps of a mantissa whose bits are listed also where formats are too wide to bind.
const MOST_LISTED: i64 = 1 << 16;

/// A digit that none reaches.
const NEVER: i64 = i64::MAX / 2;

impl Passed<'_> {
    /// How many places the mantissa may stand at: 0 to this less one.
    fn shifts(&self) -> i64 {
        (self.digits.last - 1).max(-self.digits.first - 2).max(0) + 1
    }
}
