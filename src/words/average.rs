//! Softmax attention whose sums over keys are rounded on the way. 1 layer for the exponentials with their products (size: 3), those of the
//! two sums side by side, 1 for the quotient (size: 2).

use num_traits::One;

use super::attend::Fraction;
use super::{Form, Maker, ScoreTable, Word, common_unit, unit_of};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, TableId, Term};
use crate::number::{Accumulation, Format, Rational};

/// How sums over keys are made: a mask of zeros and ones, a row a query, if not all keys count, and the order.
#[derive(Clone, Copy, Debug)]
pub struct OverKeys {
    /// The mask.
    pub mask: Option<TableId>,
    /// The order, and the format of partial sums.
    pub how: Accumulation,
}

impl Maker {
    /// `round(sum over keys of e^score * value / sum of e^score)`, both sums accumulated: scores [query, key, group, member] without a
    /// band, values [key, group, feature].
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn attend_over(
        &mut self,
        scores: &Form,
        values: &Word,
        table: &ScoreTable,
        keys: OverKeys,
    ) -> Result<Word, CircuitError> {
        let weights = self.exponentials(scores, table)?;
        let denominator = self.total_over(&weights, table, keys)?;
        let products = self.each_product(scores, &weights, values)?;
        let unit = unit_of(weights.scale.fraction() + values.scale.fraction());
        let numerator = self.sum_over(products, unit, keys)?;
        let format = table.format;
        self.rounded_quotient(&numerator, &denominator, Index::identity(3), format, format.min())
    }

    /// Softmax weights as words of a format, the sum of exponentials accumulated: scores [query, key, group, member] without a band.
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn softmax_over(
        &mut self,
        scores: &Form,
        table: &ScoreTable,
        format: Format,
        keys: OverKeys,
    ) -> Result<Word, CircuitError> {
        let weights = self.exponentials(scores, table)?;
        let denominator = self.total_over(&weights, table, keys)?;
        let value = self.value(&weights)?;
        let numerator = Form { array: self.masked(value, keys.mask)?, unit: unit_of(weights.scale.fraction()) };
        let at = vec![Index::axis(0), Index::axis(2), Index::axis(3)];
        self.rounded_quotient(&numerator, &denominator, at, format, 0)
    }

    /// The accumulated sum over keys of softmax weights times values: weights [query, key, group, member].
    ///
    /// # Errors
    /// Never for words of this circuit.
    pub fn mix_over(&mut self, weights: &Word, values: &Word, keys: OverKeys) -> Result<Form, CircuitError> {
        let mut shape = weights.shape.clone();
        shape.push(values.shape[2].clone());
        let second = vec![Index::axis(1), Index::axis(2), Index::axis(4)];
        let pairing = super::Pairing { shape, band: None, first: Index::identity(4), second };
        let products = self.product(weights, values, &pairing, 0)?;
        self.sum_over(products, unit_of(weights.scale.fraction() + values.scale.fraction()), keys)
    }

    /// The accumulated sum of exponentials, to which a sink is added exactly: [query, group, member].
    fn total_over(&mut self, weights: &Word, table: &ScoreTable, keys: OverKeys) -> Result<Form, CircuitError> {
        let value = self.value(weights)?;
        let sum = self.sum_over(value, unit_of(weights.scale.fraction()), keys)?;
        let shape = self.shape(sum.array);
        let Some(sinks) = self.sinks(table, &shape) else { return Ok(sum) };
        let entry = unit_of(table.exp_bits);
        let unit = common_unit(&sum.unit, &entry);
        let own = Term::new(sum.array, Index::identity(3)).by((&sum.unit / &unit).to_integer());
        let sinks = sinks.times(&(entry / &unit).to_integer());
        Ok(Form { array: self.affine(shape, None, vec![own], vec![sinks])?, unit })
    }

    fn sum_over(&mut self, terms: ArrayId, unit: Rational, keys: OverKeys) -> Result<Form, CircuitError> {
        let array = self.masked(terms, keys.mask)?;
        self.accumulate(&Form { array, unit }, 1, &keys.how)
    }

    /// Zeros in place of what queries, the first axis, do not see of keys, the second.
    fn masked(&mut self, array: ArrayId, mask: Option<TableId>) -> Result<ArrayId, CircuitError> {
        let Some(mask) = mask else { return Ok(array) };
        let shape = self.shape(array);
        let at = Index::strided([(0, shape[1].value as i64), (1, 1)]);
        let term = Term::new(array, Index::identity(shape.len())).times(Coef::table(mask, at));
        self.affine(shape, None, vec![term], vec![])
    }

    /// The quotient rounded to a format, levels from `lo` on.
    pub(super) fn rounded_quotient(
        &mut self,
        numerator: &Form,
        denominator: &Form,
        at: Vec<Index>,
        format: Format,
        lo: i64,
    ) -> Result<Word, CircuitError> {
        let one = Rational::one() / unit_of(format.fraction());
        let units = &numerator.unit / &denominator.unit * one;
        let (numerator, denominator) = (numerator.array, denominator.array);
        self.quotient(&Fraction { numerator, denominator, at, units, lo, hi: format.max(), scale: format.scale() })
    }
}
