//! The exact value of a form over few gates, for the size strategy: digits of 16 from the top, a layer and at most 15 gates each,
//! then a layer of bits. What reads the value many times then reads a gate per bit, not everything the form adds up. The layers
//! grow with the bits of the range, so this is only for forms whose range no free dimension enters.

use num_bigint::BigInt;
use num_traits::{One, Zero};

use super::levels::Levels;
use super::{Maker, Strategy};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Term, Thresholds};
use crate::number::Scale;

/// Bits of a digit.
const DIGIT: u64 = 4;

impl Maker {
    /// The same values over a gate per bit under [`Strategy::Size`]; the form itself under [`Strategy::Depth`].
    pub(super) fn compact(&mut self, form: ArrayId) -> Result<ArrayId, CircuitError> {
        let range = self.range(form);
        let span = &range.hi - &range.lo;
        if self.strategy == Strategy::Depth || span.is_zero() {
            return Ok(form);
        }
        let (shape, band) = (self.shape(form), self.band(form));
        let axes = Index::identity(shape.len());
        let low = Coef::constant(-&range.lo);
        let mut rest = self.affine(shape.clone(), band.clone(), vec![Term::new(form, axes.clone())], vec![low])?;
        let mut terms = Vec::new();
        for digit in (0..span.bits().div_ceil(DIGIT)).rev() {
            let worth = BigInt::one() << (digit * DIGIT);
            let steps = (&span / &worth).min(BigInt::from((1 << DIGIT) - 1));
            let steps = u64::try_from(&steps).unwrap_or(1);
            let thresholds = (1..=steps).map(|step| &worth * step).collect::<Vec<_>>();
            let gates = self.builder.bank(rest, Thresholds::Known(thresholds.into()))?;
            let fired = Term::new(gates, Index::identity(shape.len() + 1)).over(vec![Size::fixed(steps)]);
            let own = Term::new(rest, axes.clone());
            rest = self.affine(shape.clone(), band.clone(), vec![own, fired.by(-&worth)], vec![])?;
            let word = self.thermometer(gates, Levels::Path(vec![0, steps as i64]), Scale::even(0))?;
            terms.push(Term::new(self.value(&word)?, axes.clone()).by(worth));
        }
        self.affine(shape, band, terms, vec![Coef::constant(range.lo)])
    }
}
