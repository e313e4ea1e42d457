//! Token-recurrent networks as their author wrote them down: a cell per layer, run along the context; knows no tensors or circuits.

mod parameters;

pub use parameters::{count, parameters};

use super::{Activation, Mlp, Numerics, Output, WeightSource};
use crate::number::Format;

/// A network of cells of one kind, repeated along layers and context, between an embedding and a head.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    /// A name for reports.
    pub name: String,
    /// `native`, or a Hugging Face `model_type`.
    pub family: String,
    /// Vocabulary size.
    pub vocabulary: u64,
    /// Cells one above the other.
    pub layers: u64,
    /// Features handed from layer to layer.
    pub width: u64,
    /// What one layer computes at one position.
    pub cell: Cell,
    /// The output matrix is the embedding.
    pub tied: bool,
    /// What is given out at every position.
    pub output: Output,
    /// Tokens compiled by default.
    pub default_context: u64,
    /// Formats of weights and activations.
    pub numerics: Numerics,
    /// How state is carried from position to position.
    pub state: State,
    /// The weights.
    pub weights: WeightSource,
}

/// How state is carried from position to position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The format it is rounded to.
    pub format: Format,
    /// Rounded once a position; otherwise it is carried exactly, and rounded only where a product outside the recurrence reads it.
    pub rounded: bool,
}

/// What one layer computes at one position. `sigmoid`, `silu` and so on are rounded where they are stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// `h' = act(W x + U h + b)`, handed up (Elman).
    Rnn {
        /// Tanh, ReLU or sigmoid.
        activation: Activation,
        /// Whether there is a b.
        bias: bool,
    },
    /// Input, forget and output gates and a cell state: `c' = f c + i g`, `h' = o tanh(c')`, handed up.
    Lstm {
        /// Whether there are biases.
        bias: bool,
    },
    /// The variant that resets after the recurrent map (cuDNN, PyTorch): `n = tanh(W x + b + r (U h + b'))`, `h' = n - z n + z h`.
    Gru {
        /// Whether there are biases.
        bias: bool,
    },
    /// `x + out(act(C h' + D u))` with `h' = a h + B u`, `u = norm(x)`: real and diagonal, `state` numbers a feature.
    Diagonal(Diagonal),
    /// Mamba (S6): selective state space.
    Mamba(Mamba),
    /// Linear attention, plain, gated or with the delta rule; then an MLP, if there is one.
    Attention(LinearAttention),
}

/// A diagonal state-space layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diagonal {
    /// Numbers a feature.
    pub state: u64,
    /// After the readout.
    pub activation: Activation,
    /// A bias on the output projection.
    pub bias: bool,
    /// Of the RMS norm before.
    pub norm_epsilon: f64,
}

/// A Mamba layer: `x + out(y silu(z))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mamba {
    /// Features inside.
    pub inner: u64,
    /// Numbers a feature.
    pub state: u64,
    /// Positions the causal convolution reads.
    pub kernel: u64,
    /// Features the step size is made from.
    pub rank: u64,
    /// After the convolution, and on the gate.
    pub activation: Activation,
    /// Biases on the projections in and out.
    pub bias: bool,
    /// A bias on the convolution.
    pub conv_bias: bool,
    /// Of the RMS norms.
    pub norm_epsilon: f64,
}

/// A layer of linear attention: `x + o(readout)`, and `+ mlp(norm)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearAttention {
    /// Heads.
    pub heads: u64,
    /// Features of a query and a key.
    pub key_width: u64,
    /// Features of a value.
    pub value_width: u64,
    /// On queries and keys.
    pub feature_map: Option<Activation>,
    /// How the state goes on.
    pub rule: Rule,
    /// An RMS norm over each head's readout.
    pub output_norm: bool,
    /// Biases on projections.
    pub bias: bool,
    /// Of the RMS norms.
    pub norm_epsilon: f64,
    /// The MLP.
    pub mlp: Option<Mlp>,
    /// What its layers do beside.
    pub extras: Extras,
}

/// What layers of linear attention may do beside: as those of flash-linear-attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Queries, keys and values pass a causal convolution over so many positions, feature by feature, and then SiLU.
    pub convolution: Option<u64>,
    /// Queries and keys are divided by the root of the sum of their squares plus 1e-6, head by head.
    pub unit_keys: bool,
    /// The readout is multiplied by one over the root of the key width, cut to 16 bits.
    pub scaled: bool,
    /// The normed readout is multiplied by `silu(G u)`.
    pub output_gate: bool,
    /// How gates are made, if not by one map.
    pub decay: Option<Decay>,
}

/// Gates made by two maps and a root: `sigmoid(G (A u) + b)^(1/root)`, as the exponential of the rounded logarithm over `root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decay {
    /// Features between the maps.
    pub rank: u64,
    /// The root.
    pub root: u64,
}

/// How the state of linear attention goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `S' = S + k v^T`.
    Sum,
    /// `S' = g S + k v^T`, `g = sigmoid(G u + b)` for each feature of a key.
    Gated {
        /// The format gates are stored in.
        gates: Format,
    },
    /// `S' = S - (beta k) (k^T S - v)^T`, `beta = sigmoid(b u)` a head.
    Delta,
}

impl Cell {
    /// Its name in the native format.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rnn { .. } => "rnn",
            Self::Lstm { .. } => "lstm",
            Self::Gru { .. } => "gru",
            Self::Diagonal(_) => "diagonal",
            Self::Mamba(_) => "mamba",
            Self::Attention(attention) => match attention.rule {
                Rule::Sum => "linear-attention",
                Rule::Gated { .. } => "gated-linear-attention",
                Rule::Delta => "delta-rule",
            },
        }
    }

    /// Numbers of state a layer carries.
    pub fn state_entries(&self, width: u64) -> u128 {
        let wide = |numbers: &[u64]| numbers.iter().map(|number| u128::from(*number)).product();
        match self {
            Self::Rnn { .. } | Self::Gru { .. } => wide(&[width]),
            Self::Lstm { .. } => wide(&[2, width]),
            Self::Diagonal(diagonal) => wide(&[width, diagonal.state]),
            Self::Mamba(mamba) => wide(&[mamba.inner, mamba.state]),
            Self::Attention(attention) => wide(&[attention.heads, attention.key_width, attention.value_width]),
        }
    }

    /// The epsilon of its norms, where layers add to a residual stream that is normed again before the head.
    pub fn norm_epsilon(&self) -> Option<f64> {
        match self {
            Self::Rnn { .. } | Self::Lstm { .. } | Self::Gru { .. } => None,
            Self::Diagonal(diagonal) => Some(diagonal.norm_epsilon),
            Self::Mamba(mamba) => Some(mamba.norm_epsilon),
            Self::Attention(attention) => Some(attention.norm_epsilon),
        }
    }
}
