//! Bounds on depth that a user of the library derives by hand, as formulas for `isobath::claims`; the tests hold random systems against them.

use isobath::spec::program::{Optimiser, Program, Rule};
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
        (Join::Serial, Placement::Bare) => attention + mlp,
        (_, Placement::Bare) => attention.max(mlp),
        (Join::ParallelShared | Join::ParallelTwoNorms, _) => NORM + attention.max(mlp),
    }
}

/// At most so deep is a learning rule, with a loss of at most two functions.
///
/// Forth, hidden units and their products with the weights above; back, three products, each by a slope or a weight; Adam stores m and
/// multiplies it by the root of v. Before the first step and after the last there is no more than a store and a product each.
pub fn learning(program: &Program) -> String {
    let adam = matches!(&program.rule, Rule::Descent(descent) if matches!(descent.optimiser, Optimiser::Adam(_)));
    format!("{}*steps + 4", if adam { 7 } else { 5 })
}
