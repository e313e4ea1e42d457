//! What is done with a gradient: plain steps, momentum, Adam; must not know losses.
//!
//! Momentum's m and Adam's m are carried rounded; the step of momentum reads its m before it is rounded, Adam's after. Adam's v is carried
//! as it comes and rounded, as is all it reads, when the next step reads it; it never falls below zero.

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::{Result, State, constants};
use crate::number::{Format, Function, Rational};
use crate::spec::program::{Adam, Descent, Optimiser, Program, Quantity, Rule};
use crate::tensor::{Arithmetic, Carrier, Sketch};

/// What the optimiser carries beside the weights, in order: for each weight m, then v.
pub(super) fn states(program: &Program) -> Vec<State> {
    let stored = Carrier::Stored(program.numerics.activations);
    let carried: &[(&str, Carrier)] = match optimiser(program) {
        Optimiser::Plain => &[],
        Optimiser::Momentum { .. } => &[("m", stored)],
        Optimiser::Adam(_) => &[("m", stored), ("v", Carrier::Exact)],
    };
    let of = |weight: Quantity| {
        let state = move |(kind, carrier): &(&str, Carrier)| State {
            name: format!("{kind} of {}", weight.name),
            shape: weight.shape.clone(),
            carrier: *carrier,
        };
        carried.iter().map(state)
    };
    program.weights().into_iter().flat_map(of).collect()
}

/// The optimiser of a program; rules without one take plain steps.
pub(super) fn optimiser(program: &Program) -> &Optimiser {
    match &program.rule {
        Rule::Descent(Descent { optimiser, .. }) => optimiser,
        Rule::Td0 { .. } | Rule::QLearning { .. } | Rule::PolicyGradient { .. } => &Optimiser::Plain,
    }
}

/// A state before the first step: zero.
pub(super) fn rest(sketch: &mut Sketch, state: &State) -> Result<NodeIndex> {
    let format = match state.carrier {
        Carrier::Stored(format) => format,
        Carrier::Exact | Carrier::Choice => crate::tensor::arithmetic::one_format(),
    };
    let zeros = sketch.given(&state.name, constants::zeros(&state.name, &state.shape, format)?);
    Ok(match state.carrier {
        Carrier::Stored(format) => sketch.store(&state.name, Function::Identity, format, zeros),
        Carrier::Exact | Carrier::Choice => zeros,
    })
}

/// What the step size multiplies, and the states handed on, for a gradient and the states handed in.
pub(super) fn direction(
    arithmetic: &mut Arithmetic,
    optimiser: &Optimiser,
    format: Format,
    gradient: NodeIndex,
    states: &[NodeIndex],
) -> (NodeIndex, Vec<NodeIndex>) {
    match optimiser {
        Optimiser::Plain => (gradient, vec![]),
        Optimiser::Momentum { mu } => {
            let kept = arithmetic.scale(mu, states[0]);
            let m = arithmetic.add("m", kept, gradient);
            (m, vec![arithmetic.store("m stored", Function::Identity, format, m)])
        }
        Optimiser::Adam(adam) => {
            let Adam { beta1, beta2, epsilon } = &**adam;
            let m = mixed(arithmetic, "m", beta1, states[0], gradient);
            let m = arithmetic.store("m stored", Function::Identity, format, m);
            let before = arithmetic.store("v stored", Function::Relu, format, states[1]);
            let square = arithmetic.store("gradient squared", Function::Square, format, gradient);
            let v = mixed(arithmetic, "v", beta2, before, square);
            let lengths = arithmetic.lengths(v);
            let epsilon = arithmetic.uniform(epsilon, &lengths);
            let sum = arithmetic.add("v + epsilon", v, epsilon);
            let root = arithmetic.store("1 / sqrt(v + epsilon)", Function::InverseSqrt, format, sum);
            (arithmetic.product("m / sqrt(v + epsilon)", m, root), vec![m, v])
        }
    }
}

/// `share * old + (1 - share) * new`.
fn mixed(arithmetic: &mut Arithmetic, label: &str, share: &Rational, old: NodeIndex, new: NodeIndex) -> NodeIndex {
    let old = arithmetic.scale(share, old);
    let new = arithmetic.scale(&(Rational::one() - share), new);
    arithmetic.add(label, old, new)
}
