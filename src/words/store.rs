//! Storing a form as a word. Depth: 1 layer, a gate per level step. Size: 2 layers and about twice the square root of that, then 1 layer of bits.

use std::sync::Arc;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};

use super::levels::{bit_weights, width};
use super::steps::StepTable;
use super::word::{Bits, Code};
use super::{Form, Maker, Stored, Strategy, Word, counted};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, Term, Thresholds};
use crate::interval::Interval;

impl Maker {
    /// Stores a form through a function: value, sign, square and bits are then forms over the same gates.
    ///
    /// # Errors
    /// Never for a form of this circuit.
    pub fn store(&mut self, form: &Form, stored: &Stored) -> Result<Word, CircuitError> {
        let range = self.range(form.array);
        let table = self.step_table(&range, form, stored);
        let fraction = stored.format.fraction();
        if table.levels.gates() == 0 {
            return Ok(self.constant_word(
                self.shape(form.array),
                self.band(form.array),
                table.levels.first(),
                fraction,
            ));
        }
        // Digits depend on the format and the function alone, so that a narrower range never costs more gates or layers.
        let (lo, hi) = table.levels.bounds();
        let digits = Digits::new(lo, hi, stored.format.bits().div_ceil(2));
        let splits = stored.is_monotone() && table.levels.counts_up() && table.levels.gates() > digits.fine();
        if self.strategy == Strategy::Size && splits {
            return self.two_digits(form.array, &range, &table, &digits, fraction);
        }
        let gates = self.thermometer_gates(form.array, &range, &table)?;
        self.thermometer(gates, table.levels, fraction)
    }

    fn step_table(&mut self, range: &Interval, form: &Form, stored: &Stored) -> StepTable {
        let key = format!("{stored:?} {} {} {}", form.unit, range.lo, range.hi);
        let known = self.known;
        self.stores.entry(key).or_insert_with(|| stored.table(range, &form.unit, known)).clone()
    }

    fn thermometer_gates(
        &mut self,
        form: ArrayId,
        range: &Interval,
        table: &StepTable,
    ) -> Result<ArrayId, CircuitError> {
        let thresholds = match &table.thresholds {
            Some(list) => Thresholds::Known(list.clone()),
            None => counted(table.levels.gates(), range.clone()),
        };
        self.builder.bank(form, thresholds)
    }

    fn two_digits(
        &mut self,
        form: ArrayId,
        range: &Interval,
        table: &StepTable,
        digits: &Digits,
        fraction: u32,
    ) -> Result<Word, CircuitError> {
        let thresholds = table.thresholds.as_deref();
        let coarse = self.coarse_gates(form, range, digits, thresholds)?;
        let fine = self.fine_gates(form, range, digits, thresholds, coarse)?;
        let bits = self.digit_bits(digits, coarse, fine)?;
        let (shape, band) = (self.shape(form), self.band(form));
        let word = Word { shape, band, fraction, lo: digits.lo, hi: digits.hi, code: Code::Constant };
        self.bit_gates(word, &bits)
    }

    /// Layer 1: how many of the multiples of a coarse step are passed.
    fn coarse_gates(
        &mut self,
        form: ArrayId,
        range: &Interval,
        digits: &Digits,
        known: Option<&[BigInt]>,
    ) -> Result<ArrayId, CircuitError> {
        let thresholds = match known {
            Some(list) => {
                let each = (digits.first + 1..=digits.last).map(|digit| digits.threshold(list, range, digit, 0));
                Thresholds::Known(each.collect::<Vec<_>>().into())
            }
            None => counted(digits.coarse(), range.clone()),
        };
        self.builder.bank(form, thresholds)
    }

    /// Layer 2: how many steps beyond it, each threshold moved by the coarse gates.
    fn fine_gates(
        &mut self,
        form: ArrayId,
        range: &Interval,
        digits: &Digits,
        known: Option<&[BigInt]>,
        coarse: ArrayId,
    ) -> Result<ArrayId, CircuitError> {
        let mut shape = self.shape(form);
        let (axes, band) = (shape.len(), self.band(form));
        shape.push(Size::fixed(digits.fine()));
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
        let mut gate = Index::identity(axes);
        gate.push(Index::axis(axes + 1));
        let own = Term::new(form, Index::identity(axes));
        let moved = Term::new(coarse, gate)
            .over(vec![Size::fixed(digits.coarse())])
            .times(Coef::table(moves, Index::strided([(axes + 1, rest), (axes, 1)])));
        let array = self.affine(shape, band, vec![own, moved], vec![Coef::table(starts, Index::axis(axes))])?;
        self.builder.gate(array, 0)
    }

    /// Bits of both digits as forms: low bits over the fine gates, high bits over the coarse ones.
    fn digit_bits(&mut self, digits: &Digits, coarse: ArrayId, fine: ArrayId) -> Result<Bits, CircuitError> {
        let (count, signed) = width(digits.lo, digits.hi);
        let mut shape = self.shape(fine);
        let (axes, band) = (shape.len() - 1, self.band(fine));
        shape[axes] = Size::fixed(u64::from(count));
        let changes = |levels: &[i64]| -> Vec<i64> {
            let bit = |level: i64, bit: u32| (level >> bit) & 1;
            let row = |pair: &[i64]| (0..count).map(|b| bit(pair[1], b) - bit(pair[0], b)).collect::<Vec<_>>();
            levels.windows(2).flat_map(row).collect()
        };
        let high: Vec<i64> = (digits.first..=digits.last).map(|digit| digit << digits.shift).collect();
        let low: Vec<i64> = (0..=digits.fine() as i64).collect();
        let first = self.bit_table(&high[..1], count, 0);
        let mut index = Index::identity(axes);
        index.push(Index::axis(axes + 1));
        let rows = Index::strided([(axes + 1, i64::from(count)), (axes, 1)]);
        let mut terms = Vec::new();
        for (gates, levels) in [(coarse, high), (fine, low)] {
            let table = self.builder.table(Table::small(Arc::<[i64]>::from(changes(&levels))));
            let steps = vec![Size::fixed(levels.len() as u64 - 1)];
            terms.push(Term::new(gates, index.clone()).over(steps).times(Coef::table(table, rows.clone())));
        }
        let array = self.affine(shape, band, terms, vec![Coef::table(first, Index::axis(axes))])?;
        Ok(Bits { array, weights: bit_weights(count, signed), signed })
    }
}

/// Levels from `lo` to `hi` as digit * 2^shift + step.
struct Digits {
    lo: i64,
    hi: i64,
    shift: u32,
    first: i64,
    last: i64,
}

impl Digits {
    fn new(lo: i64, hi: i64, shift: u32) -> Self {
        let step = 1i64 << shift;
        Self { lo, hi, shift, first: Integer::div_floor(&lo, &step), last: Integer::div_floor(&hi, &step) }
    }

    fn coarse(&self) -> u64 {
        (self.last - self.first) as u64
    }

    fn fine(&self) -> u64 {
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
