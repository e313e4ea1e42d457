//! What a name of an ONNX graph stands for while it is imported: constants, or values of the tensor graph; must not know operators.

use std::sync::Arc;

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::array::{Array, entries};
use crate::number::{Rational, rational_from_f64};
use crate::spec::onnx::Tensor;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Integers and booleans known beforehand: shapes, indices, masks.
    Ints(Array<i64>),
    /// Real constants: weights, and numbers that stand in the file.
    Reals(Reals),
    /// Computed from inputs.
    Data(Data),
    /// Token ids that come in.
    Ids(Ids),
}

/// Real constants, read from the file when their values are needed.
#[derive(Clone, Debug)]
pub(super) struct Reals {
    /// The name of the tensor, or of the node that made it.
    pub name: String,
    /// The axes.
    pub shape: Vec<u64>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Known(Arc<[f64]>),
    Stored(Arc<Tensor>),
}

impl Reals {
    /// Of values at hand.
    pub fn known(name: &str, array: Array<f64>) -> Self {
        Self { name: name.to_owned(), shape: array.shape, source: Source::Known(array.values.into()) }
    }

    /// Of a tensor of the file.
    pub fn stored(name: &str, tensor: &Arc<Tensor>) -> Self {
        Self { name: name.to_owned(), shape: tensor.shape.clone(), source: Source::Stored(tensor.clone()) }
    }

    /// The values.
    ///
    /// # Errors
    /// When there are too many, or their file cannot be read.
    pub fn array(&self) -> Result<Array<f64>, String> {
        let values = match &self.source {
            Source::Known(values) => values.to_vec(),
            Source::Stored(tensor) => {
                entries(&self.shape)?;
                tensor.reals()?
            }
        };
        Ok(Array { shape: self.shape.clone(), values })
    }

    /// The one value, where it is one.
    pub fn single(&self) -> Option<f64> {
        (self.shape.iter().all(|length| *length == 1)).then(|| self.array().ok()?.values.first().copied())?
    }

    /// The one value exactly.
    ///
    /// # Errors
    /// When it is infinite or not a number.
    pub fn exactly(&self, value: f64) -> Result<Rational, String> {
        rational_from_f64(value).ok_or_else(|| format!("constant `{}` is {value}, which is no number", self.name))
    }

    /// The same values under other axes.
    pub fn reshaped(&self, shape: &[u64]) -> Self {
        Self { shape: shape.to_vec(), ..self.clone() }
    }
}

/// A value of the tensor graph, times a constant factor that no rounding has met yet.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// The value.
    pub node: NodeIndex,
    /// The factor, not zero.
    pub factor: Rational,
    /// Where a mask of large negative numbers was added: ones at what a softmax leaves out.
    pub left_out: Option<Arc<Array<i64>>>,
}

impl Data {
    /// A value as it is.
    pub fn new(node: NodeIndex) -> Self {
        Self { node, factor: Rational::one(), left_out: None }
    }

    /// Another value with the same factor.
    pub fn with(&self, node: NodeIndex) -> Self {
        Self { node, factor: self.factor.clone(), left_out: None }
    }
}

/// Token ids in row-major order under some axes.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    /// The input's name.
    pub name: String,
    /// The ids, if anything says what they are below.
    pub node: Option<NodeIndex>,
    /// The axes.
    pub shape: Vec<u64>,
}
