//! Depth, gates, wires and weight bits of a circuit without making its gates; two readings, one of bound weights and one of the architecture alone.
//!
//! Counting is structural: a gate's wires are the terms its form lists after affine arrays are unfolded down to gates
//! and inputs; a gate read twice by one form is two wires, and a coefficient of zero is none.

mod architecture;

mod bound;

mod looped;

mod reduced;

mod terms;

use std::collections::BTreeMap;

use num_bigint::BigInt;
use thiserror::Error;

use super::{Array, ArrayId, Circuit, Node};
use crate::expr::{Dim, Expr};
pub use looped::{LoopedMeasure, size_law, sizes};

/// What a figure says about the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Equal to that of the explicit gates.
    Exact,
    /// At least that of the explicit gates for every setting of the weights.
    Upper,
}

/// The figures of one array; those of affine arrays and inputs have no gates.
#[derive(Clone, Debug)]
pub struct ArrayMeasure {
    /// Depth of its deepest element.
    pub depth: u64,
    /// Gates.
    pub gates: Expr,
    /// Wires.
    pub wires: Expr,
}

/// The figures of a circuit.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Layers until every output is an exact word.
    pub depth: u64,
    /// With outputs as single gates: one more where an output is not one.
    pub gate_depth: u64,
    /// Gates, a polynomial in the free dimensions.
    pub gates: Expr,
    /// Inputs of all gates.
    pub wires: Expr,
    /// Bits of the largest weight or threshold.
    pub weight_bits: u64,
    /// What the figures say.
    pub bound: Bound,
    /// One entry per array.
    pub arrays: Vec<ArrayMeasure>,
    /// The banks of a longest path, from the inputs on.
    pub critical_path: Vec<ArrayId>,
    /// The values the free dimensions are bound to.
    pub dims: BTreeMap<Dim, u64>,
}

impl Measure {
    /// A size at the values the free dimensions are bound to.
    pub fn value(&self, expr: &Expr) -> BigInt {
        expr.value(|dim| self.dims.get(dim).copied().unwrap_or(0))
    }
}

/// Why a circuit was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// Bound weights, but too many elements to visit.
    #[error(
        "an array of {elements} elements is too large to measure with its weights; measure the architecture instead"
    )]
    TooLarge {
        /// Its elements.
        elements: String,
    },
}

/// Upper bounds for every setting of what the circuit leaves unbound; depth is structural. Never visits elements.
pub fn architecture(circuit: &Circuit) -> Measure {
    architecture::measure(circuit)
}

/// Exact figures of a bound circuit, element by element.
///
/// # Errors
/// When an array has too many elements to visit.
pub fn exact(circuit: &Circuit) -> Result<Measure, MeasureError> {
    bound::measure(circuit)
}

fn dims(circuit: &Circuit) -> BTreeMap<Dim, u64> {
    let sizes = circuit.arrays().iter().flat_map(|array| &array.shape);
    sizes.filter_map(|size| Some((size.dim.clone()?, size.value))).collect()
}

/// Whether an output array consists of single gates: a bank, or inputs.
fn single_gates(array: &Array) -> bool {
    !matches!(array.node, Node::Affine(_))
}

fn bits_of(value: &BigInt) -> u64 {
    value.bits()
}
