//! Storing a form as a word. Depth: 1 layer, a gate per level step. Size: 2 layers and about twice the square root of that, then 1 layer of bits.

use super::digits::{Digits, Scaled};
use super::steps::StepTable;
use super::{Form, Maker, Stored, Strategy, Word, counted};
use crate::circuit::{ArrayId, CircuitError, Thresholds};
use crate::interval::Interval;

impl Maker {
    /// Stores a form through a function: value, sign, square and bits are then forms over the same gates.
    ///
    /// # Errors
    /// Never for a form of this circuit.
    pub fn store(&mut self, form: &Form, stored: &Stored) -> Result<Word, CircuitError> {
        let (range, table) = self.steps_of(form, stored);
        let scale = stored.format.scale();
        if table.levels.gates() == 0 {
            return Ok(self.constant_word(self.shape(form.array), self.band(form.array), table.levels.first(), scale));
        }
        // Digits depend on the format and the function alone, so that a narrower range never costs more gates or layers.
        let (lo, hi) = table.levels.bounds();
        let digits = Digits::new(lo, hi, stored.format);
        let splits = stored.is_monotone() && table.levels.counts_up() && table.levels.gates() > digits.fine();
        if self.strategy == Strategy::Size && splits {
            let scaled = Scaled { form, stored, range: &range, thresholds: table.thresholds.as_deref() };
            return self.two_digits(&scaled, &digits);
        }
        let gates = self.thermometer_gates(form.array, &range, &table)?;
        self.thermometer(gates, table.levels, scale)
    }

    /// The range of forms that are stored, and the table for it.
    pub(super) fn steps_of(&mut self, form: &Form, stored: &Stored) -> (Interval, StepTable) {
        let mut range = self.range(form.array);
        if self.builder.array(form.array).open {
            // What is built must not turn on the length of a free dimension: every level is taken to occur.
            range = range.hull(&stored.forms(&form.unit));
        }
        let table = self.step_table(&range, form, stored);
        (range, table)
    }

    fn step_table(&mut self, range: &Interval, form: &Form, stored: &Stored) -> StepTable {
        // Long numbers are written in hexadecimal several times as fast as in decimal.
        let key = format!("{stored:?} {:x}/{:x} {:x} {:x}", form.unit.numer(), form.unit.denom(), range.lo, range.hi);
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
}
