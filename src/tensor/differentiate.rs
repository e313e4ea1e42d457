//! Reverse-mode differentiation of a sketch: gradients as further nodes of the same sketch; must not know losses or optimisers.
//!
//! Rounding is passed straight through: the slope of `round(f(x))` is `round(f'(x))`, and 1 where `f` is the identity. Of `x^2` it is
//! `2 x`, and of the step of the rectifier an exact 0 or 1. Products round what they read ([`Arithmetic`]).

use std::collections::HashMap;

use num_traits::One;
use petgraph::graph::NodeIndex;
use thiserror::Error;

use super::arithmetic::one_format;
use super::{Arithmetic, Op, Param, ParamId};
use crate::number::{Function, Rational};

/// Why a sketch was not differentiated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DifferentiateError {
    /// An operation whose slope is not known.
    #[error(
        "`{operation}` (at `{label}`) is not differentiated; losses may use sums, products, scalings and the functions square, relu, sigmoid, tanh, exp, softplus"
    )]
    Operation {
        /// The operation.
        operation: String,
        /// The node.
        label: String,
    },
    /// A loss whose slope is not a linear form of weights with data for coefficients.
    #[error(
        "`{label}` is not a sum of weights times data, so its product with data cannot be expanded; round it instead"
    )]
    NotQuadratic {
        /// The node.
        label: String,
    },
    /// An exact product without a format.
    #[error("the product `{label}` of data has more bits than any format; use narrower formats for the data")]
    Wide {
        /// The node.
        label: String,
    },
}

/// What a product of a form that is not stored with data does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// Rounds the form.
    Round,
    /// Expands the form: the products of data with data come first, and nothing is rounded.
    Expand,
}

/// A slope of the loss.
#[derive(Clone, Debug)]
enum Slope {
    /// The same everywhere.
    Uniform(Rational),
    /// A node of the value's shape.
    Node(NodeIndex),
}

struct Reverse<'a> {
    arithmetic: &'a mut Arithmetic,
    residual: Residual,
    slopes: HashMap<NodeIndex, Slope>,
}

type Result<T> = std::result::Result<T, DifferentiateError>;

/// The gradient of the sum of `loss` over all its elements, for each of `weights`.
///
/// # Errors
/// When the loss holds an operation without a slope, or cannot be expanded where that is asked for.
pub fn gradients(
    arithmetic: &mut Arithmetic,
    loss: NodeIndex,
    weights: &[NodeIndex],
    residual: Residual,
) -> Result<Vec<NodeIndex>> {
    let slopes = HashMap::from([(loss, Slope::Uniform(Rational::one()))]);
    let mut reverse = Reverse { arithmetic, residual, slopes };
    for index in (0..=loss.index()).rev() {
        let id = NodeIndex::new(index);
        if weights.contains(&id) || reverse.arithmetic.is_data(id) {
            continue;
        }
        if let Some(slope) = reverse.slopes.remove(&id) {
            reverse.pass(id, slope)?;
        }
    }
    let mut gradient = |weight: &NodeIndex| {
        let slope = reverse.slopes.remove(weight).unwrap_or_else(|| Slope::Uniform(Rational::default()));
        reverse.node(slope, *weight)
    };
    Ok(weights.iter().map(&mut gradient).collect())
}

impl Reverse<'_> {
    /// A slope as a node of the shape of `like`.
    fn node(&mut self, slope: Slope, like: NodeIndex) -> NodeIndex {
        match slope {
            Slope::Node(id) => id,
            Slope::Uniform(value) => {
                let lengths = self.arithmetic.lengths(like);
                self.arithmetic.uniform(&value, &lengths)
            }
        }
    }

    /// Adds to the slope of a node.
    fn give(&mut self, to: NodeIndex, slope: Slope) {
        let sum = match (self.slopes.remove(&to), slope) {
            (None, slope) => slope,
            (Some(Slope::Uniform(a)), Slope::Uniform(b)) => Slope::Uniform(a + b),
            (Some(a), b) => {
                let (a, b) = (self.node(a, to), self.node(b, to));
                Slope::Node(self.arithmetic.add("gradient", a, b))
            }
        };
        self.slopes.insert(to, sum);
    }

    /// Passes the slope of a node on to its operands.
    fn pass(&mut self, id: NodeIndex, slope: Slope) -> Result<()> {
        let operands = self.arithmetic.sketch.operands(id);
        let op = self.arithmetic.sketch.node(id).op.clone();
        let given = match &op {
            Op::Add => {
                operands.iter().for_each(|x| self.give(*x, slope.clone()));
                return Ok(());
            }
            Op::Product => {
                for (x, other) in [(operands[0], operands[1]), (operands[1], operands[0])] {
                    if !self.arithmetic.is_data(x) {
                        let given = self.times(&slope, other)?;
                        self.give(x, given);
                    }
                }
                return Ok(());
            }
            Op::Scale(factor) => self.scaled(factor, slope),
            Op::Store { function, format: _ } => self.through(id, function, slope, operands[0])?,
            Op::Sum(axis) => self.spread(*axis, slope, operands[0]),
            Op::Arrange(axes) => self.gathered(axes, id, slope, operands[0]),
            Op::Weigh(table) => {
                let node = self.node(slope, id);
                Slope::Node(self.arithmetic.sketch.apply("gradient", Op::Weigh(*table), &[node]))
            }
            Op::Linear { weight, bias: _, out: _ } => self.transposed(*weight, id, slope, operands[0]),
            Op::Tokens { .. }
            | Op::Embed { .. }
            | Op::AddRows { .. }
            | Op::Rotate { .. }
            | Op::Centre
            | Op::Normalise { .. }
            | Op::Dot(_)
            | Op::Distances { .. }
            | Op::Attend(..)
            | Op::Softmax(..)
            | Op::Mix(_)
            | Op::Port(_)
            | Op::Number(_)
            | Op::Given(_)
            | Op::Slice { .. }
            | Op::Pick { .. }
            | Op::Reshape
            | Op::Concat(_)
            | Op::Max(_)
            | Op::Argmax
            | Op::Top { .. }
            | Op::Positive(_)
            | Op::Chosen
            | Op::Quotient(_)
            | Op::Last => return Err(self.refusal(id, op.name())),
        };
        self.give(operands[0], given);
        Ok(())
    }

    fn refusal(&self, id: NodeIndex, operation: &str) -> DifferentiateError {
        let label = self.arithmetic.sketch.node(id).label.clone();
        DifferentiateError::Operation { operation: operation.to_owned(), label }
    }

    fn scaled(&mut self, factor: &Rational, slope: Slope) -> Slope {
        match slope {
            Slope::Uniform(value) => Slope::Uniform(value * factor),
            Slope::Node(id) => Slope::Node(self.arithmetic.scale(factor, id)),
        }
    }

    /// The slope times a value.
    fn times(&mut self, slope: &Slope, other: NodeIndex) -> Result<Slope> {
        let id = match slope {
            Slope::Uniform(value) => return Ok(Slope::Node(self.arithmetic.scale(value, other))),
            Slope::Node(id) => *id,
        };
        let expands = self.residual == Residual::Expand && !self.arithmetic.is_stored(id);
        Ok(Slope::Node(match expands && self.arithmetic.is_data(other) {
            true => self.arithmetic.expanded(id, other)?,
            false => self.arithmetic.product("gradient", id, other),
        }))
    }

    /// Back through `round(f(x))`.
    fn through(&mut self, id: NodeIndex, function: &Function, slope: Slope, x: NodeIndex) -> Result<Slope> {
        let format = self.arithmetic.format();
        let (of, format) = match function {
            Function::Identity => return Ok(slope),
            Function::Square => {
                let double = self.scaled(&Rational::from_integer(2.into()), slope);
                return self.times(&double, x);
            }
            Function::Relu => (Function::Step, one_format()),
            Function::Sigmoid => (Function::SigmoidSlope, format),
            Function::Tanh => (Function::TanhSlope, format),
            Function::Exp => (Function::Exp, format),
            Function::Softplus => (Function::Sigmoid, format),
            Function::Gelu
            | Function::GeluTanh
            | Function::Silu
            | Function::ClampedSwish { .. }
            | Function::Clamp(_)
            | Function::SoftCap(_)
            | Function::Sqrt
            | Function::Erf
            | Function::Reciprocal
            | Function::InverseSqrt
            | Function::Step
            | Function::SigmoidSlope
            | Function::TanhSlope => return Err(self.refusal(id, &format!("{function:?}"))),
        };
        let own = self.arithmetic.store("slope", of, format, x);
        self.times(&slope, own)
    }

    /// Back through a sum: the same slope along the axis.
    fn spread(&mut self, axis: usize, slope: Slope, x: NodeIndex) -> Slope {
        let Slope::Node(node) = slope else { return slope };
        let lengths = self.arithmetic.lengths(x);
        let place = |a: usize| (a != axis).then_some(if a < axis { a } else { a.wrapping_sub(1) });
        let axes = (0..lengths.len()).map(place).collect();
        Slope::Node(self.arithmetic.arrange(axes, &lengths, node))
    }

    /// Back through a move: summed over the axes along which `x` was repeated.
    fn gathered(&mut self, axes: &[Option<usize>], id: NodeIndex, slope: Slope, x: NodeIndex) -> Slope {
        let node = self.node(slope, id);
        let mut node = node;
        for axis in (0..axes.len()).rev().filter(|axis| axes[*axis].is_none()) {
            node = self.arithmetic.sum("gradient", axis, node);
        }
        let kept: Vec<usize> = axes.iter().flatten().copied().collect();
        let lengths = self.arithmetic.lengths(x);
        let back = (0..lengths.len()).map(|axis| kept.iter().position(|own| *own == axis)).collect();
        Slope::Node(self.arithmetic.arrange(back, &lengths, node))
    }

    /// Back through a linear map: its matrix turned around.
    fn transposed(&mut self, weight: ParamId, id: NodeIndex, slope: Slope, x: NodeIndex) -> Slope {
        let node = self.node(slope, id);
        let matrix = transpose(self.arithmetic.sketch.parameter(weight));
        let out = self.arithmetic.lengths(x)[1..].to_vec();
        Slope::Node(self.arithmetic.sketch.linear("gradient", matrix, None, &out, node))
    }
}

fn transpose(matrix: &Param) -> Param {
    let (rows, columns) = (matrix.shape[0] as usize, matrix.shape[1] as usize);
    let turned =
        |values: &[i64]| (0..rows * columns).map(|place| values[place % rows * columns + place / rows]).collect();
    let values = matrix.values.as_deref().map(turned);
    Param { shape: vec![matrix.shape[1], matrix.shape[0]], values, ..matrix.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Format;
    use crate::tensor::interpret::{Tensor, outputs};
    use crate::tensor::{Carrier, Graph};

    fn wide() -> Format {
        Format::new(20, 40).unwrap()
    }

    fn whole(values: &[i64]) -> Vec<Rational> {
        values.iter().map(|value| Rational::from_integer((*value).into())).collect()
    }

    /// The gradient of what `loss` makes of a carried [2, 3], at these values.
    fn gradient(at: &[i64], loss: impl FnOnce(&mut Arithmetic, NodeIndex) -> NodeIndex) -> Result<Vec<Rational>> {
        let mut arithmetic = Arithmetic::new(wide());
        let w = arithmetic.sketch.port("w", Carrier::Stored(wide()), &[2, 3]);
        let loss = loss(&mut arithmetic, w);
        let gradient = gradients(&mut arithmetic, loss, &[w], Residual::Round)?[0];
        arithmetic.sketch.output("gradient", gradient);
        let graph: Graph = arithmetic.sketch.build().pruned();
        let port = Tensor { shape: vec![2, 3], values: whole(at) };
        Ok(outputs(&graph, &[port], &mut std::iter::empty()).unwrap().swap_remove(0).values)
    }

    #[test]
    fn linear_maps_pass_slopes_through_the_matrix_turned_around() {
        // Two rows of three through a 2 x 3 matrix; the slope of each output is 1.
        let values = Some([1, 2, 3, 4, 5, 6].into());
        let matrix = Param { name: "m".to_owned(), shape: vec![2, 3], values, format: Format::new(5, 0).unwrap() };
        let got = gradient(&[0; 6], |a, w| a.sketch.linear("y", matrix, None, &[2], w)).unwrap();
        assert_eq!(got, whole(&[5, 7, 9, 5, 7, 9]));
    }

    #[test]
    fn moves_and_sums_add_up_what_was_repeated() {
        // sum over i, j, k of w[i, j] w[k, j] = sum over j of (column sum)^2, whose slope is twice the column sum.
        let got = gradient(&[1, 2, 3, 4, 5, -6], |a, w| {
            let first = a.arrange(vec![Some(0), None, Some(1)], &[2, 2, 3], w);
            let second = a.arrange(vec![None, Some(0), Some(1)], &[2, 2, 3], w);
            a.product("products", first, second)
        });
        assert_eq!(got.unwrap(), whole(&[10, 14, -6, 10, 14, -6]));
    }

    #[test]
    fn squares_double_and_weights_weigh() {
        let values = Some([1, -2, 5].into());
        let table = Param { name: "t".to_owned(), shape: vec![3], values, format: Format::new(5, 0).unwrap() };
        let got = gradient(&[1, 2, 3, 4, 5, 6], |a, w| {
            let square = a.store("square", Function::Square, wide(), w);
            let table = a.sketch.param(table);
            a.sketch.apply("weighed", Op::Weigh(table), &[square])
        });
        assert_eq!(got.unwrap(), whole(&[2, -8, 30, 8, -20, 60]));
    }

    #[test]
    fn a_value_that_does_not_reach_the_loss_has_slope_zero() {
        let got = gradient(&[1, 2, 3, 4, 5, 6], |a, _| a.uniform(&Rational::one(), &[2]));
        assert_eq!(got.unwrap(), whole(&[0; 6]));
    }

    #[test]
    fn operations_without_a_slope_are_named() {
        let refused = gradient(&[0; 6], |a, w| a.sketch.apply("greatest", Op::Max(1), &[w])).unwrap_err().to_string();
        assert!(refused.contains("`maximum` (at `greatest`) is not differentiated"), "{refused}");
        let refused = gradient(&[0; 6], |a, w| a.store("g", Function::Gelu, wide(), w)).unwrap_err().to_string();
        assert!(refused.contains("Gelu"), "{refused}");
    }
}
