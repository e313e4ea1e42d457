//! The operators that are read, by name, and what each is called with; must not know files.

mod attention;
mod call;
mod convolution;
mod elementwise;
mod fill;
mod fold;
mod linear;
mod moves;
mod norm;
mod recurrent;
mod reduce;

use super::emit::{Emit, Result};
use super::value::Value;

pub(super) use call::{Call, whole};

/// What an operator becomes: its outputs in order.
pub(super) type Make = fn(&mut Emit, &Call<'_>) -> Result<Vec<Value>>;

/// An operator.
#[derive(Clone, Copy)]
pub(super) struct Operator {
    /// Makes it.
    pub make: Make,
    /// It moves numbers and makes none, so that eager rounding leaves it alone.
    pub moves: bool,
}

/// The name under which the pattern of a norm is made; no operator of a file has it.
pub(super) const NORM: &str = "(norm)";

/// The name under which the pattern of a GELU is made.
pub(super) const GELU: &str = "(gelu)";

/// The operator of this name, if it is read.
pub(super) fn operator(name: &str) -> Option<Operator> {
    if let Some(make) = movement(name) {
        return Some(Operator { make, moves: true });
    }
    arithmetic(name).map(|make| Operator { make, moves: false })
}

fn movement(name: &str) -> Option<Make> {
    Some(match name {
        "Identity" | "Dropout" => moves::identity,
        "Cast" | "CastLike" => moves::cast,
        "Transpose" => moves::transpose,
        "Reshape" => moves::reshape,
        "Flatten" => moves::flatten,
        "Squeeze" => moves::squeeze,
        "Unsqueeze" => moves::unsqueeze,
        "Expand" => moves::expand,
        "Tile" => moves::tile,
        "Concat" => moves::concat,
        "Split" => moves::split,
        "Slice" => moves::slice,
        "Gather" => moves::gather,
        "Pad" => fill::pad,
        "Trilu" => fill::trilu,
        "Constant" => fill::constant,
        "ConstantOfShape" => fold::constant_of_shape,
        "Shape" => fold::shape,
        "Size" => fold::size,
        "Range" => fold::range,
        "Equal" | "Greater" | "Less" | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or" | "Xor" | "Mod" => fold::compare,
        "Not" => fold::not,
        _ => return None,
    })
}

fn arithmetic(name: &str) -> Option<Make> {
    Some(match name {
        "Add" => elementwise::add,
        "Sub" => elementwise::subtract,
        "Mul" => elementwise::multiply,
        "Div" => elementwise::divide,
        "Neg" => elementwise::negate,
        "Pow" => elementwise::power,
        "Max" => elementwise::maximum,
        "Min" => elementwise::minimum,
        "Sum" => elementwise::sum,
        "Clip" => elementwise::clip,
        "Where" => elementwise::choose,
        "Relu" | "Sigmoid" | "Tanh" | "Exp" | "Sqrt" | "Erf" | "Softplus" | "Gelu" => elementwise::function,
        "Swish" => elementwise::swish,
        "Reciprocal" => elementwise::reciprocal,
        GELU => elementwise::gelu,
        "MatMul" => linear::multiply,
        "Gemm" => linear::general,
        "CumSum" => linear::running,
        "Conv" => convolution::convolve,
        "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" => reduce::reduce,
        "ArgMax" | "ArgMin" => reduce::greatest,
        "Softmax" => reduce::softmax,
        "LayerNormalization" => norm::layer,
        "RMSNormalization" | "SimplifiedLayerNormalization" | "com.microsoft.SimplifiedLayerNormalization" => {
            norm::root
        }
        NORM => norm::pattern,
        "RNN" => recurrent::plain,
        "LSTM" => recurrent::lstm,
        "GRU" => recurrent::gru,
        "Attention" => attention::attend,
        "RotaryEmbedding" => attention::rotate,
        _ => return None,
    })
}
