//! What is told about a circuit, as plain data: figures, laws, where the layers go, assumptions; knows nothing of terminals or files.

mod assumptions;

pub mod classification;

pub mod comparison;

pub mod cost;

mod cost_law;

pub mod cost_text;

pub mod figures;

pub mod json;

mod law;

pub mod lower_bounds;

mod modules;

mod opaque;

pub mod optimum;

mod path;

mod ranges;

pub mod reduction;

pub mod shortcut;

pub mod system;

pub mod system_cost;

pub mod skeleton;

pub mod system_text;

pub mod text;

pub mod verdict;

use serde::Serialize;

use crate::agreement::Agreement;
use crate::circuit::measure::{Bound, Measure};
use crate::pipeline::Model;
use crate::spec::{self, Numerics, Rounding, Spec, WeightSource};
use crate::tensor::Quantisation;
use crate::words::Strategy;

pub use assumptions::of_onnx;
pub use law::{Growth, Law, SizeLaw, depth as depth_law};
pub use modules::{Kind, Module};
pub use opaque::Opaque;
pub use path::Step;
pub use ranges::Ranges;

/// The version of the report's fields.
pub const SCHEMA: &str = "isobath.report/1";

/// Everything reported of one model at one context length. Sizes are decimal strings, for JSON readers lose digits.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The model.
    pub name: String,
    /// What the sizes are given at.
    pub axes: Axes,
    /// Formats and rounding.
    pub numerics: NumericsText,
    /// `depth` or `size`.
    pub strategy: &'static str,
    /// The gates: `threshold`.
    pub model: &'static str,
    /// Layers until every output is an exact word.
    pub depth: u64,
    /// Layers with outputs as single gates.
    pub gate_depth: u64,
    /// Gates at the given axes.
    pub gates: String,
    /// Wires at the given axes.
    pub wires: String,
    /// Gates and wires as polynomials.
    pub size_law: SizeLaw,
    /// Bits of the largest weight or threshold.
    pub weight_bits: u64,
    /// `exact`, or `upper`: at least the true figure for every setting of the weights.
    pub bound: &'static str,
    /// Parameters a checkpoint stores.
    pub parameters: String,
    /// Which weights were read.
    pub weights: String,
    /// How the depth grows.
    pub law: Law,
    /// Where layers and gates are; `repeat * layers` over this list is the depth.
    pub modules: Vec<Module>,
    /// The gates of a longest path, from the inputs on.
    pub critical_path: Vec<Step>,
    /// What the figures rest on.
    pub assumptions: Vec<String>,
    /// The longest run between observed values, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Opaque>,
    /// What rounding did to the weights, where some were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<Quantisation>,
    /// Which ranges sums have, where weights were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranges: Option<Ranges>,
    /// How recorded outputs of the original compare, where some were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Agreement>,
}

/// The free dimensions and the values they are bound to.
#[derive(Clone, Debug, Serialize)]
pub struct Axes {
    /// Tokens.
    pub context: u64,
}

/// The numerics, as text.
#[derive(Clone, Debug, Serialize)]
pub struct NumericsText {
    /// Format of weights.
    pub weights: String,
    /// Format of stored activations.
    pub activations: String,
    /// `fused` or `eager`.
    pub rounding: &'static str,
    /// How sums are added up: `exact`, `tree(k)`, `sequential`, `blocked(k)`.
    pub accumulate: String,
    /// The format of partial sums, where they are rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accumulator: Option<String>,
    /// Scores are clamped to this either side of zero.
    pub score_clamp: u32,
    /// Bits after the point of the exponential table.
    pub exp_bits: u32,
}

impl Report {
    /// The report of a model lowered from this spec with this strategy, and its law.
    pub fn new(spec: &Spec, model: &Model, measure: &Measure, strategy: Strategy, law: Law) -> Self {
        let circuit = &model.lowered.circuit;
        let exact = measure.bound == Bound::Exact;
        Self {
            schema: SCHEMA,
            name: spec.architecture.name.clone(),
            axes: Axes { context: model.lowered.tokens },
            numerics: numerics(&spec.numerics),
            strategy: strategy_name(strategy),
            model: "threshold",
            depth: measure.depth,
            gate_depth: measure.gate_depth,
            gates: measure.value(&measure.gates).to_string(),
            wires: measure.value(&measure.wires).to_string(),
            size_law: law::sizes(spec, model, measure),
            weight_bits: measure.weight_bits,
            bound: if exact { "exact" } else { "upper" },
            parameters: spec::count(&spec.architecture).to_string(),
            weights: if exact { weights_name(&spec.weights) } else { "not read".to_owned() },
            law,
            modules: modules::tree(circuit, measure),
            critical_path: path::steps(circuit, measure),
            assumptions: assumptions::list(spec, measure, strategy),
            opaque: None,
            quantisation: None,
            ranges: None,
            recorded: None,
        }
    }
}

/// A strategy's name.
pub fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Depth => "depth",
        Strategy::Size => "size",
    }
}

/// Which weights a spec names.
pub fn weights_name(source: &WeightSource) -> String {
    match source {
        WeightSource::Free => "not read".to_owned(),
        WeightSource::Random { seed, .. } => format!("random, seed {seed}"),
        WeightSource::File(path) => path.display().to_string(),
    }
}

/// A rounding's name.
pub fn rounding_name(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Fused => "fused",
        Rounding::Eager => "eager",
    }
}

fn numerics(numerics: &Numerics) -> NumericsText {
    NumericsText {
        weights: numerics.weights.to_string(),
        activations: numerics.activations.to_string(),
        rounding: rounding_name(numerics.rounding),
        accumulate: numerics.accumulate.to_string(),
        accumulator: numerics.accumulation().map(|accumulation| accumulation.format.to_string()),
        score_clamp: numerics.score_clamp,
        exp_bits: numerics.exp_bits,
    }
}
