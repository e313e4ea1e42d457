//! Bounds on depth that a user of the library derives by hand, as formulas for `isobath::claims`; the tests hold random systems against them.

use isobath::spec::{Block, Join, Output, Placement, Rounding, Spec};

/// Layers of a norm: its input with the squares, and the normalised value.
const NORM: u64 = 2;
/// Queries, keys and values; their products; the softmax average; its quotient.
const ATTENTION: u64 = 4;
/// The hidden layer.
const HIDDEN: u64 = 1;

/// At most this deep is a transformer in one forward pass, lowered for depth, where rounding is fused.
///
/// Nothing is said where every operation is rounded.
pub fn transformer(spec: &Spec) -> Option<String> {
    let a_block = spec.architecture.blocks.iter().map(block).max()?;
    // The embedding; the norm of it, if any, and the last one; the logits; to compare them and to choose.
    let ends = 1 + 2 * NORM + 1 + if spec.architecture.output == Output::Argmax { 2 } else { 0 };
    (spec.numerics.rounding == Rounding::Fused).then(|| format!("{a_block}*layers + {ends}"))
}

/// Sublayers one after the other, or side by side.
fn block(block: &Block) -> u64 {
    let attention = ATTENTION + if block.attention.qk_norm.is_some() { NORM } else { 0 };
    let mlp = HIDDEN + u64::from(block.mlp.gated);
    match (block.join, block.placement) {
        (Join::Serial, Placement::Sandwich) => attention + mlp + 4 * NORM,
        (Join::Serial, Placement::Pre | Placement::Post) => attention + mlp + 2 * NORM,
        (Join::ParallelShared | Join::ParallelTwoNorms, _) => NORM + attention.max(mlp),
    }
}

/// At most so deep are learning rules: in one step at most so many products and functions follow each other.
pub const DESCENT: &str = "6*steps + 6";
