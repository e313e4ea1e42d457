//! The shape of a transformer as its author wrote it down; knows nothing of tensors, circuits or files.

use super::names::Names;
use super::{Experts, Latent, Relative};
use crate::number::{Accumulation, Format, Policy, Rational};

/// Which keys a query may attend to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Keys at or before the query (decoder).
    Causal,
    /// Every key (encoder).
    Full,
}

/// How the position of a token enters the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Positions {
    /// Not at all.
    None,
    /// A learned row per position, added to the embedding. `rows` usable positions; the first one used is row `offset` of the stored table.
    Learned {
        /// Usable positions: the context limit.
        rows: u64,
        /// Rows of the stored table before the first usable one (2 for OPT, `pad + 1` for RoBERTa).
        offset: u64,
    },
    /// Rotation of queries and keys (see [`Rotary`] on each attention).
    Rotary,
}

/// Rotary rotation of queries and keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// How many features of each head are rotated (even).
    pub features: u64,
    /// The base of the angles: pair `k` turns by `position * base^(-2k/features)`.
    pub base: f64,
    /// True: pair feature `k` with `k + features/2` (Hugging Face); false: `2k` with `2k + 1`.
    pub half_split: bool,
    /// A named rescaling of the angles, if any. It changes table entries, never depth.
    pub scaling: Option<String>,
}

/// The kind of a normalisation layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    /// `x / sqrt(mean(x^2) + eps) * gain (+ bias)`.
    Rms,
    /// The same of `x - mean(x)`.
    Layer,
}

/// A normalisation layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// RMSNorm or LayerNorm.
    pub kind: NormKind,
    /// Epsilon, added to the mean square. As written; used as the exact decimal.
    pub epsilon: f64,
    /// Whether there is a gain per feature.
    pub gain: bool,
    /// Whether there is a bias per feature.
    pub bias: bool,
    /// Whether the stored gain is an offset from one (Gemma: `1 + w`).
    pub gain_plus_one: bool,
}

/// Where the two norms of a block stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// `x + f(norm(x))`.
    Pre,
    /// `norm(x + f(x))`.
    Post,
    /// `x + norm(f(norm(x)))` (Gemma 2 and 3).
    Sandwich,
    /// `x + f(x)`: there are no norms, and what the block's norm says is not read.
    Bare,
}

/// How attention and MLP of one block are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Attention first, then the MLP on its result.
    Serial,
    /// Both read the same normalised input; both are added (Phi).
    ParallelShared,
    /// Both read the block's input through norms of their own (GPT-NeoX).
    ParallelTwoNorms,
}

/// What multiplies query-key products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScoreScale {
    /// `1 / sqrt(x)`, x usually the head width.
    InverseSqrt(f64),
    /// No scale.
    One,
}

/// One attention sublayer.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// Query heads.
    pub heads: u64,
    /// Key-value heads; divides `heads`.
    pub kv_heads: u64,
    /// Features per head.
    pub head_width: u64,
    /// Biases on q, k and v.
    pub qkv_bias: bool,
    /// Bias on the output projection.
    pub out_bias: bool,
    /// Norm of each head's query and key before the rotation (Qwen 3, Gemma 3).
    pub qk_norm: Option<Norm>,
    /// Rotation of queries and keys.
    pub rotary: Option<Rotary>,
    /// Query i attends only to keys with |i - j| < window.
    pub window: Option<u64>,
    /// Scores s become `cap * tanh(s / cap)`.
    pub softcap: Option<f64>,
    /// The factor on query-key products.
    pub scale: ScoreScale,
    /// Keys and values are made from a narrow row that all heads share; then `head_width` counts rotated features as well.
    pub latent: Option<Latent>,
    /// One more learned score a head, without a value, beside those of the keys (attention sinks).
    pub sinks: bool,
}

/// Activation functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x * Phi(x), Phi the normal distribution function.
    Gelu,
    /// The tanh approximation of GELU (`gelu_new`, `gelu_pytorch_tanh`).
    GeluTanh,
    /// x * sigmoid(x).
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// `y * sigmoid(1.702 y)`, `y = min(x, 7)`, on the gate of an up projection clamped to [-7, 7], which counts one more (GPT-OSS).
    ClampedSwiglu,
}

/// One MLP sublayer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mlp {
    /// Hidden features.
    pub hidden: u64,
    /// The activation.
    pub activation: Activation,
    /// `act(gate x) * (up x)` instead of `act(up x)`.
    pub gated: bool,
    /// Biases on its projections.
    pub bias: bool,
}

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Attention.
    pub attention: Attention,
    /// Attention of each position to all of an encoder's output, between attention and MLP, shaped as the attention before it.
    pub cross: bool,
    /// MLP; with experts, the shape of each.
    pub mlp: Mlp,
    /// Several MLPs, of which a router chooses some for each position.
    pub experts: Option<Experts>,
    /// What sublayers give is multiplied by this before it is added.
    pub residual_factor: Option<Rational>,
    /// All norms of the block.
    pub norm: Norm,
    /// Where they stand.
    pub placement: Placement,
    /// How the sublayers are joined.
    pub join: Join,
}

/// What the model gives out, at every position or at the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The last hidden states, stored.
    Hidden,
    /// Stored logits.
    Logits,
    /// The token of the greatest logit, first of ties.
    Argmax,
}

/// A transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// A name for reports.
    pub name: String,
    /// The weight-name family (`native`, or a Hugging Face `model_type`).
    pub family: String,
    /// Attention mask.
    pub mask: Mask,
    /// Vocabulary size.
    pub vocabulary: u64,
    /// Residual width.
    pub width: u64,
    /// Position information.
    pub positions: Positions,
    /// Token-type table added to the embedding, rows (BERT); row 0 is used.
    pub token_types: Option<u64>,
    /// The embedding is multiplied by sqrt(width) (Gemma).
    pub embedding_scale: bool,
    /// The embedding is multiplied by this (MiniCPM).
    pub embedding_factor: Option<Rational>,
    /// The final hidden states are multiplied by this before the output matrix (MiniCPM, T5).
    pub output_factor: Option<Rational>,
    /// Learned numbers on scores by how far key and query are apart, one table for all layers.
    pub relative: Option<Relative>,
    /// What blocks that attend across attend to: a stack of its own over tokens of its own, which shares the token embedding.
    pub encoder: Option<Box<Architecture>>,
    /// Norm right after the embedding (BERT).
    pub embedding_norm: Option<Norm>,
    /// Blocks, in order.
    pub blocks: Vec<Block>,
    /// Norm after the last block.
    pub final_norm: Option<Norm>,
    /// The output matrix is the embedding.
    pub tied: bool,
    /// Rows of an output matrix that gives out something else than a logit for each token.
    pub classes: Option<u64>,
    /// Bias on the logits.
    pub head_bias: bool,
    /// Logits l become `cap * tanh(l / cap)`.
    pub logit_softcap: Option<f64>,
    /// What is given out.
    pub output: Output,
    /// Only the last position is given out.
    pub last_only: bool,
    /// The context a report uses when none is asked for.
    pub default_context: u64,
}

/// Where values are rounded (design: section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// At the points of storage only; everything between is exact.
    Fused,
    /// After every elementary operation, as an eager framework does.
    Eager,
}

/// The numerics a model is given: together with the tensor graph they define the function computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numerics {
    /// Format of weights.
    pub weights: Format,
    /// Format of stored activations.
    pub activations: Format,
    /// Where values are rounded.
    pub rounding: Rounding,
    /// Scores are clamped to [-score_clamp, score_clamp] before the exponential.
    pub score_clamp: u32,
    /// The exp table is `max(1, round(2^exp_bits * e^s))`.
    pub exp_bits: u32,
    /// How sums over a dimension are added up.
    pub accumulate: Policy,
    /// Format of their partial sums; that of activations, if none.
    pub accumulator: Option<Format>,
}

impl Numerics {
    /// How partial sums are rounded; none where they are not.
    pub fn accumulation(&self) -> Option<Accumulation> {
        let format = self.accumulator.unwrap_or(self.activations);
        (self.accumulate != Policy::Exact).then_some(Accumulation { policy: self.accumulate, format })
    }
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq)]
pub enum WeightSource {
    /// Not read: the report holds for every setting of the weights.
    Free,
    /// Drawn uniformly from the weight format's levels in [-limit, limit] (all levels if none), from this seed.
    Random {
        /// The seed.
        seed: u64,
        /// Greatest absolute value.
        limit: Option<f64>,
    },
    /// A safetensors file.
    File(std::path::PathBuf),
}

/// A model as read from a file: architecture, numerics, weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The architecture.
    pub architecture: Architecture,
    /// The numerics.
    pub numerics: Numerics,
    /// The weights.
    pub weights: WeightSource,
    /// What its tokens and outputs are called, where the file says.
    pub names: Option<Names>,
}
