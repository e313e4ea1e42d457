//! The fine print, one sentence each; must not know how figures come about.

use crate::circuit::measure::{Bound, Measure};
use crate::spec::{Architecture, Rounding, Spec};
use crate::words::Strategy;

/// What the figures rest on.
pub(super) fn list(spec: &Spec, measure: &Measure, strategy: Strategy) -> Vec<String> {
    let numerics = &spec.numerics;
    let mut list = vec![
        format!(
            "weights in {}, activations in {}; values are rounded to nearest, ties to even, and saturate",
            numerics.weights, numerics.activations
        ),
        rounding(numerics.rounding).to_owned(),
        format!(
            "attention scores are clamped to [-{0}, {0}], their exponentials are integers in units of 2^-{1}",
            numerics.score_clamp, numerics.exp_bits
        ),
        "accumulation is exact: every sum is exact before it is rounded once, so its length costs no depth; \
         kernels that round partial sums compute another function"
            .to_owned(),
        chosen(strategy).to_owned(),
        bound(measure.bound).to_owned(),
    ];
    list.extend(rotation(&spec.architecture));
    list.extend(routing(&spec.architecture));
    list.push(
        "all gates and wires of the construction count, none are pruned or merged; weights are constants".to_owned(),
    );
    list.push("this is the depth of this construction, not a lower bound: shallower circuits may exist".to_owned());
    list
}

/// Where the values of an imported graph of operators are rounded.
pub fn of_onnx(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Fused => {
            "operators are imported with fused rounding: a value is rounded where a product of data, a function, a quotient, a norm or a \
             maximum reads it; sums, means, matrix products with constants and moves are exact; scores of a softmax are clamped"
        }
        Rounding::Eager => {
            "operators are imported with eager rounding: what each makes is rounded, but for moves; scores of a softmax are clamped"
        }
    }
}

fn rounding(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Fused => {
            "rounding is fused: values are rounded where they are stored (embedding, norm input and output, queries, \
             keys, values, scores, attention output, MLP hidden, logits); everything between is exact"
        }
        Rounding::Eager => {
            "rounding is eager: the result of every operation is rounded, a norm, a rotation and a softmax being one \
             operation each; centring, choosing positions and argmax are exact"
        }
    }
}

fn chosen(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Depth => "strategy depth: fewest layers, at the price of gates",
        Strategy::Size => "strategy size: fewer gates, at the price of layers",
    }
}

fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Exact => "weights were read: depth, gates, wires and weight bits are exact",
        Bound::Upper => {
            "weights were not read: depth, gates, wires and weight bits are upper bounds for every setting of the \
             weights, however they were trained"
        }
    }
}

/// The tables of a rotation, where there is one: rounded, and perhaps of rescaled angles.
fn rotation(architecture: &Architecture) -> Vec<String> {
    let rotary = || architecture.blocks.iter().filter_map(|block| block.attention.rotary.as_ref());
    let rounded = "rotation uses cosines and sines rounded to the finer of the two formats, of floating-point ones to as many bits \
                   after the point as values below one have"
        .to_owned();
    let scaling = rotary().find_map(|rotary| rotary.scaling.as_ref());
    let rescaled =
        scaling.map(|name| format!("rotary angles are rescaled (`{name}`): table entries change, the depth does not"));
    rotary().next().map(|_| rounded).into_iter().chain(rescaled).collect()
}

/// What choosing among experts costs and means, where it is done.
fn routing(architecture: &Architecture) -> Option<String> {
    let experts = architecture.blocks.iter().find_map(|block| block.experts.as_ref())?;
    Some(format!(
        "each position is given the {} greatest of {} experts, the first of equal ones, by comparing exact scores; every expert is \
         computed and counted, for which are chosen is known only when the circuit runs",
        experts.chosen, experts.count
    ))
}
