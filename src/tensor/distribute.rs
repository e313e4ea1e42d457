//! Products of a linear form with data, multiplied out: data meets data first, exactly; must not know losses.
//!
//! For `r = sum_i x_i w_i - y`, the product `r x_j` rounds `r`, because products read stored values. Multiplied out it is
//! `sum_i (x_i x_j) w_i - y x_j`: the products in brackets rest on data alone, so they are ready before `w` is and are stored in a format
//! that holds them exactly. Nothing is rounded but `w`, and one layer a step is enough. It holds for every loss that is quadratic in
//! its weights, whose slope is such a form.

use petgraph::graph::NodeIndex;

use super::differentiate::DifferentiateError;
use super::{Arithmetic, Op};
use crate::number::Rational;

type Result<T> = std::result::Result<T, DifferentiateError>;

impl Arithmetic {
    /// `form * data` of one shape, with no rounding but of weights.
    ///
    /// # Errors
    /// When the form is not a sum of stored values and of stored values times data, or exact products of data have no format.
    pub fn expanded(&mut self, form: NodeIndex, data: NodeIndex) -> Result<NodeIndex> {
        let lengths = self.lengths(data);
        let axes = (0..lengths.len()).map(Some).collect();
        self.spread_out(form, axes, &lengths, data)
    }

    /// `Arrange(axes)(form) * data`.
    fn spread_out(
        &mut self,
        form: NodeIndex,
        axes: Vec<Option<usize>>,
        lengths: &[u64],
        data: NodeIndex,
    ) -> Result<NodeIndex> {
        let operands = self.sketch.operands(form);
        match self.sketch.node(form).op.clone() {
            op if op.stores() => {
                let moved = self.arrange(axes, lengths, form);
                Ok(self.product("gradient", moved, data))
            }
            Op::Add => {
                let a = self.spread_out(operands[0], axes.clone(), lengths, data)?;
                let b = self.spread_out(operands[1], axes, lengths, data)?;
                Ok(self.add("gradient", a, b))
            }
            Op::Scale(factor) => {
                let inner = self.spread_out(operands[0], axes, lengths, data)?;
                Ok(self.scale(&factor, inner))
            }
            Op::Arrange(below) => {
                let both = axes.into_iter().map(|axis| axis.and_then(|axis| below[axis])).collect();
                self.spread_out(operands[0], both, lengths, data)
            }
            Op::Given(table) if self.sketch.parameter(table).bounds() == (0, 0) => {
                Ok(self.uniform(&Rational::default(), lengths))
            }
            Op::Sum(axis) => self.spread_sum(operands[0], axis, &axes, lengths, data),
            Op::Product => self.spread_product(&operands, axes, lengths, data),
            _ => Err(DifferentiateError::NotQuadratic { label: self.sketch.node(form).label.clone() }),
        }
    }

    /// The summed axis comes last, and data is repeated along it.
    fn spread_sum(
        &mut self,
        x: NodeIndex,
        axis: usize,
        axes: &[Option<usize>],
        lengths: &[u64],
        data: NodeIndex,
    ) -> Result<NodeIndex> {
        let last = lengths.len();
        let mut inner: Vec<Option<usize>> = axes.iter().map(|a| a.map(|a| if a < axis { a } else { a + 1 })).collect();
        inner.push(Some(axis));
        let mut longer = lengths.to_vec();
        longer.push(self.lengths(x)[axis]);
        let repeated = (0..last).map(Some).chain([None]).collect();
        let data = self.arrange(repeated, &longer, data);
        let products = self.spread_out(x, inner, &longer, data)?;
        Ok(self.sum("gradient", last, products))
    }

    /// `a * b * data`, where one of `a` and `b` is data too: that product is made first.
    fn spread_product(
        &mut self,
        factors: &[NodeIndex],
        axes: Vec<Option<usize>>,
        lengths: &[u64],
        data: NodeIndex,
    ) -> Result<NodeIndex> {
        let label = self.sketch.node(factors[0]).label.clone();
        let (weight, other) = match (self.is_data(factors[0]), self.is_data(factors[1])) {
            (_, true) => (factors[0], factors[1]),
            (true, false) => (factors[1], factors[0]),
            (false, false) => return Err(DifferentiateError::NotQuadratic { label }),
        };
        let wide = DifferentiateError::Wide { label };
        let moved = self.arrange(axes.clone(), lengths, other);
        let both = self.exact_product("products of data", moved, data).ok_or(wide)?;
        let weight = self.arrange(axes, lengths, weight);
        Ok(self.product("gradient", weight, both))
    }
}
