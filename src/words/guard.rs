//! Forms held to a range that was seen, not proved. 1 layer beside what reads them, and up to 2 gates a form, which tell where it is left.

use std::sync::Arc;

use num_bigint::BigInt;

use super::{Form, Maker};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, Term, Thresholds};
use crate::interval::Interval;

impl Maker {
    /// The forms, taken to lie within `range`, and how many do not at each place of the first axis; none where that is proved, and
    /// where nothing is known of the circuit but its architecture.
    ///
    /// # Errors
    /// Never for a form of this circuit.
    pub fn guarded(&mut self, form: &Form, range: &Interval) -> Result<Option<(Form, ArrayId)>, CircuitError> {
        let (proved, shape, band) = (self.range(form.array), self.shape(form.array), self.band(form.array));
        let (below, above) = (proved.lo < range.lo, range.hi < proved.hi);
        let by_position = band.as_ref().is_none_or(|band| band.query == 0);
        if !(below || above) || !self.known || shape.is_empty() || !by_position {
            return Ok(None);
        }
        // One if it is below, less one from the lowest value on, and one again above the highest.
        let ends = [(below, range.lo.clone(), -1), (above, &range.hi + 1, 1)];
        let ends: Vec<(BigInt, i64)> =
            ends.into_iter().filter(|end| end.0).map(|(_, end, worth)| (end, worth)).collect();
        let thresholds: Arc<[BigInt]> = ends.iter().map(|end| end.0.clone()).collect();
        let worth: Vec<BigInt> = ends.iter().map(|end| end.1.into()).collect();
        let worth = self.builder.table(Table::new(worth));
        let gates = self.builder.bank(form.array, Thresholds::Known(thresholds))?;
        let axes = shape.len();
        let term = Term::new(gates, Index::identity(axes + 1)).over(vec![Size::fixed(ends.len() as u64)]);
        let term = term.times(Coef::table(worth, Index::axis(axes)));
        let outside = self.affine(shape.clone(), band.clone(), vec![term], vec![Coef::constant(i64::from(below))])?;
        let all = Term::new(outside, Index::identity(axes)).over(shape[1..].to_vec()).banded(band);
        let outside = self.affine(shape[..1].to_vec(), None, vec![all], vec![])?;
        let array = self.builder.assumed(form.array, range)?;
        Ok(Some((Form { array, unit: form.unit.clone() }, outside)))
    }
}
