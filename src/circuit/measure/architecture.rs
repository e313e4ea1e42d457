//! Figures of the architecture alone: per array, never per element; upper bounds for every setting of the weights.

use num_bigint::BigInt;
use num_traits::{One, Signed};

use super::terms::Terms;
use super::{ArrayMeasure, Bound, Measure, bits_of, dims, single_gates};
use crate::circuit::{Affine, Array, ArrayId, Bank, Circuit, Coef, Node, Thresholds};
use crate::expr::Expr;

/// What a port carries, as far as counting goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Carried {
    /// Terms per element.
    pub terms: Terms,
    /// Bounds every coefficient on a gate.
    pub weight: BigInt,
}

impl Carried {
    /// Single gates.
    pub fn gates() -> Self {
        Self { terms: Terms::even(Expr::constant(1)), weight: BigInt::one() }
    }

    /// Bounds both.
    pub fn hull(self, other: &Self) -> Self {
        Self { terms: self.terms.hull(&other.terms), weight: self.weight.max(other.weight.clone()) }
    }
}

/// What is known of an array's elements.
struct Summary {
    depth: u64,
    terms: Terms,
    /// Bounds every coefficient on a gate.
    weight: BigInt,
    /// The source that makes it as deep as it is.
    from: Option<ArrayId>,
}

pub(super) fn measure(circuit: &Circuit) -> Measure {
    with_ports(circuit, &[]).0
}

/// The figures where ports carry this, and what the outputs carry on; ports count as depth 0.
pub(super) fn with_ports(circuit: &Circuit, ports: &[Carried]) -> (Measure, Vec<Carried>) {
    let mut ports = ports.iter();
    let mut summaries: Vec<Summary> = Vec::with_capacity(circuit.arrays().len());
    let mut arrays = Vec::with_capacity(circuit.arrays().len());
    let mut largest = BigInt::ZERO;
    for array in circuit.arrays() {
        let mut figures = ArrayMeasure { depth: 0, gates: Expr::default(), wires: Expr::default() };
        let summary = match &array.node {
            Node::Input => gates_of(0, None),
            Node::Port => {
                let carried = ports.next().cloned().unwrap_or_else(Carried::gates);
                Summary { depth: 0, terms: carried.terms, weight: carried.weight, from: None }
            }
            Node::Affine(affine) => affine_summary(circuit, array, affine, &summaries),
            Node::Bank(bank) => {
                let form = &summaries[bank.form.index()];
                largest = largest.max(form.weight.clone()).max(threshold(bank, circuit.array(bank.form)));
                figures.gates = array.count();
                figures.wires = form.terms.total(array);
                gates_of(form.depth + 1, Some(bank.form))
            }
        };
        figures.depth = summary.depth;
        arrays.push(figures);
        summaries.push(summary);
    }
    let carried = |output: &crate::circuit::Output| {
        let summary = &summaries[output.array.index()];
        Carried { terms: summary.terms.clone(), weight: summary.weight.clone() }
    };
    let outputs = circuit.outputs().iter().map(carried).collect();
    (finish(circuit, &summaries, arrays, bits_of(&largest)), outputs)
}

fn finish(circuit: &Circuit, summaries: &[Summary], arrays: Vec<ArrayMeasure>, weight_bits: u64) -> Measure {
    let depth_of = |id: ArrayId| summaries[id.index()].depth;
    let outputs = || circuit.outputs().iter().map(|output| output.array);
    let deepest = outputs().max_by_key(|id| depth_of(*id));
    let depth = deepest.map_or(0, depth_of);
    let gate_depths = outputs().map(|id| depth_of(id) + u64::from(!single_gates(circuit.array(id))));
    let (mut gates, mut wires) = (Expr::default(), Expr::default());
    for array in &arrays {
        gates += &array.gates;
        wires += &array.wires;
    }
    Measure {
        depth,
        gate_depth: gate_depths.max().unwrap_or(0),
        gates,
        wires,
        weight_bits,
        bound: Bound::Upper,
        critical_path: path(circuit, summaries, deepest),
        arrays,
        dims: dims(circuit),
    }
}

fn path(circuit: &Circuit, summaries: &[Summary], end: Option<ArrayId>) -> Vec<ArrayId> {
    let mut path = Vec::new();
    let mut next = end;
    while let Some(id) = next {
        if matches!(circuit.array(id).node, Node::Bank(_)) {
            path.push(id);
        }
        next = summaries[id.index()].from;
    }
    path.reverse();
    path
}

fn gates_of(depth: u64, from: Option<ArrayId>) -> Summary {
    Summary { depth, terms: Terms::even(Expr::constant(1)), weight: BigInt::one(), from }
}

fn affine_summary(circuit: &Circuit, array: &Array, affine: &Affine, summaries: &[Summary]) -> Summary {
    let mut summary = gates_of(0, None);
    let mut parts = Vec::with_capacity(affine.terms.len());
    for term in &affine.terms {
        let source = &summaries[term.source.index()];
        if summary.from.is_none() || source.depth > summary.depth {
            (summary.depth, summary.from) = (source.depth, Some(term.source));
        }
        summary.weight = summary.weight.max(magnitude(circuit, &term.coef) * &source.weight);
        parts.push(source.terms.of_term(circuit, array, term));
    }
    summary.terms = Terms::sum(&array.shape, parts);
    summary
}

fn magnitude(circuit: &Circuit, coef: &Coef) -> BigInt {
    let entry = coef.table.as_ref().map(|(table, _)| circuit.table(*table).range.magnitude());
    entry.map_or_else(|| coef.scale.abs(), |entry| entry * coef.scale.abs())
}

/// Bounds every threshold once the form's constants have moved to its side. Some weights make any part of a form constant, so
/// constants are bounded by all that the form can add up.
fn threshold(bank: &Bank, form: &Array) -> BigInt {
    let largest = match &bank.thresholds {
        Thresholds::Known(list) => list.first().into_iter().chain(list.last()).map(Signed::abs).max(),
        Thresholds::Counted { range, .. } => Some(range.magnitude()),
    };
    largest.unwrap_or_default() + &form.magnitude
}
