//! Storing a form as a word. Depth: 1 layer, a gate per level step. Size: 2 layers and about twice the square root of that, then 1 layer of bits;
//! a square, of the magnitude, the same with twice the gates.

use super::digits::{Digits, Scaled};
use super::steps::StepTable;
use super::{Form, Maker, Stored, Strategy, Word, counted};
use crate::circuit::{ArrayId, CircuitError, Index, Term, Thresholds};
use crate::interval::Interval;
use crate::number::Function;

impl Maker {
    /// Stores a form through a function: value, sign, square and bits are then forms over the same gates.
    ///
    /// # Errors
    /// Never for a form of this circuit.
    pub fn store(&mut self, form: &Form, stored: &Stored) -> Result<Word, CircuitError> {
        if self.strategy == Strategy::Size && stored.function == Function::Square {
            return self.store_square(form, stored);
        }
        let (range, table) = self.steps_of(form, stored);
        // Digits depend on the format and the function alone, so that a narrower range never costs more gates or layers.
        let (lo, hi) = table.levels.bounds();
        let digits = Digits::new(lo, hi, stored.format);
        let splits = stored.is_monotone() && table.levels.counts_up() && table.levels.gates() > digits.fine();
        if self.strategy == Strategy::Size && splits {
            let scaled = Scaled { form, stored, range: &range, thresholds: table.thresholds.as_deref() };
            return self.two_digits(&[scaled], &digits);
        }
        self.store_levels(form, stored, &range, table)
    }

    /// A gate per level step; none where there is one level.
    fn store_levels(
        &mut self,
        form: &Form,
        stored: &Stored,
        range: &Interval,
        table: StepTable,
    ) -> Result<Word, CircuitError> {
        let scale = stored.format.scale();
        if table.levels.gates() == 0 {
            return Ok(self.constant_word(self.shape(form.array), self.band(form.array), table.levels.first(), scale));
        }
        let gates = self.thermometer_gates(form.array, range, &table)?;
        self.thermometer(gates, table.levels, scale)
    }

    /// The digits of the square of a magnitude: gates of the form and of its opposite, of which those of one never fire.
    fn store_square(&mut self, form: &Form, stored: &Stored) -> Result<Word, CircuitError> {
        let range = Interval::new(0, self.stored_range(form, stored).magnitude());
        let table = self.step_table(&range, form, stored);
        let (lo, hi) = table.levels.bounds();
        let digits = Digits::new(lo, hi, stored.format);
        if table.levels.gates() <= digits.fine() {
            let (range, table) = self.steps_of(form, stored);
            return self.store_levels(form, stored, &range, table);
        }
        let (shape, band) = (self.shape(form.array), self.band(form.array));
        let term = Term::new(form.array, Index::identity(shape.len())).by(-1);
        let opposite = Form { array: self.affine(shape, band, vec![term], vec![])?, unit: form.unit.clone() };
        let thresholds = table.thresholds.as_deref();
        let scaled = [form, &opposite].map(|form| Scaled { form, stored, range: &range, thresholds });
        self.two_digits(&scaled, &digits)
    }

    /// The range of forms that are stored, and the table for it.
    pub(super) fn steps_of(&mut self, form: &Form, stored: &Stored) -> (Interval, StepTable) {
        let range = self.stored_range(form, stored);
        let table = self.step_table(&range, form, stored);
        (range, table)
    }

    fn stored_range(&self, form: &Form, stored: &Stored) -> Interval {
        let range = self.range(form.array);
        match self.builder.array(form.array).open {
            // What is built must not turn on the length of a free dimension: every level is taken to occur.
            true => range.hull(&stored.forms(&form.unit)),
            false => range,
        }
    }

    fn step_table(&mut self, range: &Interval, form: &Form, stored: &Stored) -> StepTable {
        let key = stored.key(range, &form.unit);
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
