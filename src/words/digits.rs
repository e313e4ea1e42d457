//! Stores in two digits, for the size strategy. 2 layers and about twice the square root of a thermometer's gates, then 1 layer of bits.
//!
//! The first layer finds the high digit of the level; in the second each threshold for the low digit is moved by the first. Of a
//! floating-point level the low digit is the mantissa, the high one sign and exponent, and the third layer is a gate for each
//! bit of the mantissa and place it may be shifted to (`floats`).

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};

use super::levels::{Levels, width};
use super::word::{Bits, Code};
use super::{Form, Maker, Stored, Word, counted};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, TableId, Term, Thresholds};
use crate::interval::Interval;
use crate::number::{Format, Scale};

/// A form, what it is stored through, its range, and the threshold of each level above the least where known.
pub(super) struct Scaled<'a> {
    pub form: &'a Form,
    pub stored: &'a Stored,
    pub range: &'a Interval,
    pub thresholds: Option<&'a [BigInt]>,
}

impl Maker {
    /// Of one form, or of several of which at most one reaches any threshold.
    pub(super) fn two_digits(&mut self, scaled: &[Scaled], digits: &Digits) -> Result<Word, CircuitError> {
        let Scaled { form, stored, .. } = &scaled[0];
        let coarse = scaled.iter().map(|scaled| self.coarse_gates(scaled, digits)).collect::<Result<Vec<_>, _>>()?;
        let shift = stored.shift_of(1 << digits.shift, &form.unit);
        let fine = |scaled: &Scaled| match &shift {
            Some(shift) => self.shifted_gates(scaled, digits, &coarse, shift),
            None => self.fine_gates(scaled, digits, &coarse),
        };
        let fine = scaled.iter().map(fine).collect::<Result<Vec<_>, _>>()?;
        let (shape, band, scale) = (self.shape(form.array), self.band(form.array), stored.format.scale());
        let word = Word { shape, band, scale, lo: digits.lo, hi: digits.hi, code: Code::Constant };
        if !scale.is_even() {
            return self.shifted_bits(word, digits, &coarse, &fine);
        }
        let bits = self.digit_bits(&word, digits, &coarse, &fine)?;
        self.bit_gates(word, &bits)
    }

    /// Layer 1: how many of the multiples of a coarse step are passed.
    fn coarse_gates(&mut self, scaled: &Scaled, digits: &Digits) -> Result<ArrayId, CircuitError> {
        let thresholds = match scaled.thresholds {
            Some(list) => {
                let each = (digits.first + 1..=digits.last).map(|digit| digits.threshold(list, scaled.range, digit, 0));
                Thresholds::Known(each.collect::<Vec<_>>().into())
            }
            None => counted(digits.coarse(), scaled.range.clone()),
        };
        self.builder.bank(scaled.form.array, thresholds)
    }

    /// Layer 2 where a coarse step moves every threshold alike: one form for all low steps.
    fn shifted_gates(
        &mut self,
        scaled: &Scaled,
        digits: &Digits,
        coarse: &[ArrayId],
        shift: &BigInt,
    ) -> Result<ArrayId, CircuitError> {
        let form = scaled.form.array;
        let (shape, band) = (self.shape(form), self.band(form));
        let axes = shape.len();
        let reach = scaled.range.plus(&Interval::new(-shift, shift.clone()));
        let moved = |coarse: &ArrayId| {
            Term::new(*coarse, Index::identity(axes + 1)).over(vec![Size::fixed(digits.coarse())]).by(-shift)
        };
        let mut terms = vec![Term::new(form, Index::identity(axes))];
        terms.extend(coarse.iter().map(moved));
        let low = self.affine(shape, band, terms, vec![])?;
        let thresholds = if self.known {
            let levels = (1..=digits.fine() as i64).map(|step| (digits.first << digits.shift) + step);
            Thresholds::Known(scaled.stored.rounding_thresholds(levels, &scaled.form.unit).into())
        } else {
            counted(digits.fine(), reach)
        };
        self.builder.bank(low, thresholds)
    }

    /// Layer 2 in general: each low step has a form of its own.
    fn fine_gates(&mut self, scaled: &Scaled, digits: &Digits, coarse: &[ArrayId]) -> Result<ArrayId, CircuitError> {
        let form = scaled.form.array;
        let mut shape = self.shape(form);
        let (axes, band) = (shape.len(), self.band(form));
        shape.push(Size::fixed(digits.fine()));
        let rest = digits.fine() as i64;
        let [moves, starts] = self.thresholds_moved(scaled, digits);
        let mut gate = Index::identity(axes);
        gate.push(Index::axis(axes + 1));
        let moved = |coarse: &ArrayId| {
            let coef = Coef::table(moves, Index::strided([(axes + 1, rest), (axes, 1)]));
            Term::new(*coarse, gate.clone()).over(vec![Size::fixed(digits.coarse())]).times(coef)
        };
        let mut terms = vec![Term::new(form, Index::identity(axes))];
        terms.extend(coarse.iter().map(moved));
        let array = self.affine(shape, band, terms, vec![Coef::table(starts, Index::axis(axes))])?;
        self.builder.gate(array, 0)
    }

    /// By how much each high digit moves the threshold of each low step, and where these begin. Made once for the same steps.
    fn thresholds_moved(&mut self, scaled: &Scaled, digits: &Digits) -> [TableId; 2] {
        let (range, known) = (scaled.range, scaled.thresholds);
        let key = scaled.stored.key(range, &scaled.form.unit);
        if let Some(tables) = self.moves.get(&key) {
            return *tables;
        }
        let spread = (&range.hi - &range.lo) + BigInt::one();
        let rest = digits.fine() as i64;
        let len = u128::from(digits.coarse()) * u128::from(digits.fine());
        let moves = self.lazy_table(len, Interval { lo: -spread, hi: BigInt::zero() }, len, || {
            let list = known.unwrap_or_default();
            let at = |digit, step| digits.threshold(list, range, digit, step);
            let digit_steps =
                (digits.first + 1..=digits.last).flat_map(|digit| (1..=rest).map(move |step| (digit, step)));
            digit_steps.map(|(digit, step)| at(digit - 1, step) - at(digit, step)).collect()
        });
        let low = Interval { lo: -&range.hi - BigInt::one(), hi: -&range.lo };
        let starts = self.lazy_table(u128::from(digits.fine()), low, u128::from(digits.fine()), || {
            (1..=rest).map(|step| -digits.threshold(known.unwrap_or_default(), range, digits.first, step)).collect()
        });
        self.moves.insert(key, [moves, starts]);
        [moves, starts]
    }

    /// Bits of both digits as forms: low bits over the fine gates, high bits over the coarse ones.
    fn digit_bits(
        &mut self,
        word: &Word,
        digits: &Digits,
        coarse: &[ArrayId],
        fine: &[ArrayId],
    ) -> Result<Bits, CircuitError> {
        let (count, signed) = width(&word.reach());
        let mut shape = self.shape(fine[0]);
        let (axes, band) = (shape.len() - 1, self.band(fine[0]));
        shape[axes] = Size::fixed(u64::from(count));
        let first = self.bit_table((digits.first << digits.shift).into(), count);
        let mut index = Index::identity(axes);
        index.push(Index::axis(axes + 1));
        let rows = Index::strided([(axes + 1, i64::from(count)), (axes, 1)]);
        let mut terms = Vec::new();
        // High digits change no bit below their own: their changes are those of the digits themselves, so much higher up.
        for (gates, from, to, shift) in
            [(coarse, digits.first, digits.last, digits.shift), (fine, 0, digits.fine() as i64, 0)]
        {
            let steps = from.abs_diff(to);
            let changed = Levels::Path(vec![from, to]).bit_changes(Scale::even(0), count - shift);
            let bit = |digit: i64, bit: u32| (digit << shift >> bit) & 1;
            let entries = || {
                let row = |digit: i64| (0..count).map(move |b| BigInt::from(bit(digit + 1, b) - bit(digit, b)));
                (from..to).flat_map(row).collect()
            };
            let len = u128::from(steps) * u128::from(count);
            let table = self.lazy_table(len, Interval::new(-1, 1), changed, entries);
            let coef = Coef::table(table, rows.clone());
            let term =
                |gates: &ArrayId| Term::new(*gates, index.clone()).over(vec![Size::fixed(steps)]).times(coef.clone());
            terms.extend(gates.iter().map(term));
        }
        let array = self.affine(shape, band, terms, vec![Coef::table(first, Index::axis(axes))])?;
        Ok(Bits { array, weights: self.bit_weights(count, signed), signed })
    }
}

/// Levels from `lo` to `hi` as digit * 2^shift + step.
pub(super) struct Digits {
    lo: i64,
    hi: i64,
    pub shift: u32,
    pub first: i64,
    pub last: i64,
}

impl Digits {
    /// The low digit has half the bits of the format, or is its mantissa.
    pub fn new(lo: i64, hi: i64, format: Format) -> Self {
        let shift = if format.is_float() { format.significant() - 1 } else { format.bits().div_ceil(2) };
        let step = 1i64 << shift;
        Self { lo, hi, shift, first: Integer::div_floor(&lo, &step), last: Integer::div_floor(&hi, &step) }
    }

    pub fn coarse(&self) -> u64 {
        (self.last - self.first) as u64
    }

    pub fn fine(&self) -> u64 {
        (1 << self.shift) - 1
    }

    /// The least form whose level is at least digit * 2^shift + step; ends of the range where every form's, or none's, is.
    fn threshold(&self, list: &[BigInt], range: &Interval, digit: i64, step: i64) -> BigInt {
        let level = (digit << self.shift) + step;
        if level <= self.lo {
            range.lo.clone()
        } else if level > self.hi {
            &range.hi + 1
        } else {
            list[(level - self.lo - 1) as usize].clone()
        }
    }
}
