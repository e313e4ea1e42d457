//! A loss as a graph of operations on the weights and data of one example, with the shapes that follow; must not know tensors or files.

use crate::number::Rational;

/// A loss written down operation by operation; the last node is the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct LossGraph {
    /// Weights by name, with their shapes.
    pub weights: Vec<(String, Vec<u64>)>,
    /// The operations in order; operands are weights, `x`, `y` or earlier nodes.
    pub nodes: Vec<LossNode>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct LossNode {
    /// Its name.
    pub name: String,
    /// What it does.
    pub op: LossOp,
    /// The names of its operands.
    pub of: Vec<String>,
}

/// What an operation of a loss does. Where one operand is a single number, it stands for each entry of the other.
#[derive(Clone, Debug, PartialEq)]
pub enum LossOp {
    /// `a + b`.
    Add,
    /// `a - b`.
    Subtract,
    /// `a * b`, entry by entry.
    Multiply,
    /// `factor * a`.
    Scale(Rational),
    /// The sum of `a * b`.
    Dot,
    /// The sum of all entries.
    Sum,
    /// A matrix times a vector.
    Matvec,
    /// `a^2`.
    Square,
    /// `max(a, 0)`.
    Relu,
    /// `1 / (1 + e^-a)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `e^a`.
    Exp,
    /// `log(1 + e^a)`.
    Softplus,
    /// A number.
    Constant(Rational),
}

impl LossOp {
    /// How many operands it has.
    pub fn operands(&self) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Add | Self::Subtract | Self::Multiply | Self::Dot | Self::Matvec => 2,
            Self::Scale(_)
            | Self::Sum
            | Self::Square
            | Self::Relu
            | Self::Sigmoid
            | Self::Tanh
            | Self::Exp
            | Self::Softplus => 1,
        }
    }

    /// The shape of the result, or what does not fit.
    ///
    /// # Errors
    /// When the operands' shapes do not go together.
    pub fn shape(&self, of: &[Vec<u64>]) -> Result<Vec<u64>, String> {
        match (self, of) {
            (Self::Constant(_), []) | (Self::Sum, [_]) => Ok(vec![]),
            (Self::Add | Self::Subtract | Self::Multiply, [a, b]) if a == b || b.is_empty() => Ok(a.clone()),
            (Self::Add | Self::Subtract | Self::Multiply, [a, b]) if a.is_empty() => Ok(b.clone()),
            (Self::Dot, [a, b]) if a == b => Ok(vec![]),
            (Self::Matvec, [a, b]) if a.len() == 2 && b.len() == 1 && a[1] == b[0] => Ok(vec![a[0]]),
            (
                Self::Scale(_) | Self::Square | Self::Relu | Self::Sigmoid | Self::Tanh | Self::Exp | Self::Softplus,
                [a],
            ) => Ok(a.clone()),
            (_, of) if of.len() != self.operands() => {
                Err(format!("it takes {} operands, not {}", self.operands(), of.len()))
            }
            (_, of) => Err(format!("operands of shapes {} do not go together", shapes(of))),
        }
    }
}

fn shapes(of: &[Vec<u64>]) -> String {
    of.iter().map(|shape| format!("{shape:?}")).collect::<Vec<_>>().join(" and ")
}
