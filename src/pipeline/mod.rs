//! The stages chained: spec, tensor graph, circuit, gates; the only module that knows the order.

pub mod calibrate;

pub mod costed;

pub mod looped;

pub mod path;

pub mod scanned;

pub mod subject;

use std::collections::BTreeMap;

use num_bigint::BigInt;
use thiserror::Error;

use crate::circuit::CircuitError;
use crate::circuit::evaluate::{self, EvaluateError, Watched};
use crate::circuit::measure::{self, Measure, MeasureError};
use crate::cost::looped::Unlike;
use crate::cost::names::Unknown;
use crate::expand::{self, ExpandError};
use crate::expr::Size;
use crate::gates::{Gates, InputWord};
use crate::law::LawError;
use crate::loops::LoopError;
use crate::lower::guard::decimal;
use crate::lower::{self, LowerError, Lowered};
use crate::number::{Policy, Rational};
use crate::program::ProgramError;
use crate::recurrent::RecurrentError;
use crate::spec::{self, Spec, WeightSource};
use crate::tensor::params::Source;
use crate::tensor::{self, Graph, Parameters, build::BuildError, interpret};
use crate::words::Strategy;

/// Why a stage refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file.
    #[error(transparent)]
    Spec(#[from] spec::Error),
    /// The tensor graph.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The circuit.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// A program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A recurrent network.
    #[error(transparent)]
    Recurrent(#[from] RecurrentError),
    /// The law of a depth.
    #[error(transparent)]
    Law(#[from] LawError),
    /// A name nothing has.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// Bodies of a block that are not alike.
    #[error(transparent)]
    Unlike(#[from] Unlike),
    /// Exact values in units whose bits are not counted.
    #[error(transparent)]
    Unit(#[from] costed::Unit),
    /// A length for an axis that is not there.
    #[error("there is no axis `{axis}`; there is {}", if .has.is_empty() { "none" } else { .has })]
    Axis {
        /// The axis.
        axis: String,
        /// Those there are.
        has: String,
    },
    /// Rounded partial sums in a system of which only exact ones are lowered.
    #[error(
        "sums are added up `{policy}`: of such systems there are `report`, `compare`, `compile` and `run`; write --accumulate exact for \
         budgets, claims and law files"
    )]
    Accumulate {
        /// The policy.
        policy: Policy,
    },
    /// Rounded partial sums so long that no law is derived.
    #[error(
        "at these lengths one iteration needs more than 2^40 layers, too many to derive a law of; ask for a shorter context or another order \
         of sums"
    )]
    Long,
    /// Too deep for its path and modules to be told.
    #[error(
        "at this length there are more than 2^62 layers, too many layers to list a path and modules of; ask for a shorter one"
    )]
    Deep,
    /// Loops that do not fit together.
    #[error(transparent)]
    Loop(#[from] LoopError),
    /// An unrolled circuit.
    #[error("internal error while unrolling: {0}")]
    Unroll(#[from] CircuitError),
    /// Too many iterations to write out.
    #[error(
        "written out, the loops have {arrays} arrays (at most {most} are made); use `report`, which does not unroll, or shorter axes"
    )]
    TooLong {
        /// Arrays.
        arrays: u128,
        /// The most.
        most: u128,
    },
    /// Its figures.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// Its gates.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// Its values.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// An input outside of a calibrated range.
    #[error(
        "`{tensor}` takes the value {value}, outside of its calibrated range {lo} to {hi}: for this input the calibrated circuit is not the model; calibrate with more inputs, or not at all"
    )]
    Outside {
        /// The tensor about to be stored.
        tensor: String,
        /// Its value.
        value: String,
        /// The least allowed.
        lo: String,
        /// The greatest.
        hi: String,
    },
}

/// A model at one context length: its tensor graph and its circuit.
pub struct Model {
    /// The tensor graph.
    pub graph: Graph,
    /// The circuit.
    pub lowered: Lowered,
}

/// Lowers the architecture alone: weights are not read, the context is left free beside the number it is bound to.
///
/// # Errors
/// When the architecture or numerics do not allow it.
pub fn architecture(spec: &Spec, context: u64, strategy: Strategy) -> Result<Model, Error> {
    let free = Parameters { format: spec.numerics.weights, source: Source::Free };
    model(spec, &free, Size::free(&"context".into(), context), strategy)
}

/// The tensor graph of the architecture alone, the context left free beside the number it is bound to.
///
/// # Errors
/// When the architecture or numerics do not allow it.
pub fn graph(spec: &Spec, context: u64) -> Result<Graph, Error> {
    let free = Parameters { format: spec.numerics.weights, source: Source::Free };
    let context = tensor::build::context(&spec.numerics, context);
    Ok(tensor::from_architecture(&spec.architecture, &spec.numerics, &free, &context)?)
}

/// Lowers a model with its weights.
///
/// # Errors
/// When weights are missing or malformed, or too large to bind.
pub fn bound(spec: &Spec, context: u64, strategy: Strategy) -> Result<Model, Error> {
    with_parameters(spec, &parameters(spec)?, context, strategy)
}

/// Lowers a model with the given weights.
///
/// # Errors
/// When weights are missing or malformed, or too large to bind.
pub fn with_parameters(spec: &Spec, parameters: &Parameters, context: u64, strategy: Strategy) -> Result<Model, Error> {
    model(spec, parameters, Size::free(&"context".into(), context), strategy)
}

fn model(spec: &Spec, parameters: &Parameters, context: Size, strategy: Strategy) -> Result<Model, Error> {
    let graph = tensor::from_architecture(&spec.architecture, &spec.numerics, parameters, &context)?;
    let lowered = lower::lower(&graph, strategy)?;
    Ok(Model { graph, lowered })
}

/// The graphs of a looped specification at the lengths it names, with its weights or with none read.
///
/// # Errors
/// When weights are missing or malformed, or loop and model do not go together.
pub fn looped(spec: &spec::Looped, bound: bool) -> Result<tensor::looped::Looped, Error> {
    let parameters = match spec {
        spec::Looped::Model(model, looping) if bound => weights(model, || spec::load_looped(model, *looping))?,
        spec::Looped::Model(model, _) => Parameters { format: model.numerics.weights, source: Source::Free },
        spec::Looped::LinearAttention(layers) => Parameters { format: layers.weights, source: Source::Free },
    };
    Ok(tensor::looped::from_spec(spec, &parameters)?)
}

/// The weights a spec names.
///
/// # Errors
/// When a file is missing or malformed.
pub fn parameters(spec: &Spec) -> Result<Parameters, Error> {
    weights(spec, || spec::load(spec))
}

fn weights(
    spec: &Spec,
    load: impl FnOnce() -> Result<BTreeMap<String, spec::Tensor>, spec::Error>,
) -> Result<Parameters, Error> {
    let format = spec.numerics.weights;
    let source = match &spec.weights {
        WeightSource::Free => Source::Free,
        WeightSource::Random { seed, limit } => Source::random(*seed, *limit, format),
        WeightSource::File(_) => {
            let tensors = load()?;
            Source::Given(tensors.into_iter().map(|(name, tensor)| (name, (tensor.shape, tensor.values))).collect())
        }
    };
    Ok(Parameters { format, source })
}

/// A model's circuit, ready to be evaluated.
pub struct Evaluator<'m> {
    model: &'m Model,
    prepared: evaluate::Evaluator<'m>,
    /// The forms that are held to a range.
    held: Vec<Watched>,
}

impl Evaluator<'_> {
    /// Output levels, as [`Model::evaluate`].
    ///
    /// # Errors
    /// When the number of tokens is not the model's context, or a value leaves its calibrated range.
    pub fn run(&self, tokens: &[u64]) -> Result<Vec<BigInt>, Error> {
        let (mut outputs, _) =
            self.prepared.run_watching(&self.model.bits(tokens), &self.held).map_err(|error| self.told(error))?;
        Ok(outputs.remove(self.model.graph.output_name()).unwrap_or_default())
    }

    /// An error that names the tensor and what it is worth.
    fn told(&self, error: EvaluateError) -> Error {
        let EvaluateError::Outside { watched, value } = &error else { return error.into() };
        let mut held = self.model.lowered.exact.iter().filter_map(|exact| Some((exact, exact.held.as_ref()?)));
        let Some((exact, held)) = held.nth(*watched) else { return error.into() };
        let [value, lo, hi] = [value, &held.lo, &held.hi].map(|value| decimal(&exact.worth(value)));
        Error::Outside { tensor: exact.name.clone(), value, lo, hi }
    }
}

impl Model {
    /// Figures: exact where weights are bound, upper bounds for every setting of them else.
    ///
    /// # Errors
    /// When bound arrays are too large to visit.
    pub fn measure(&self) -> Result<Measure, Error> {
        if self.lowered.circuit.is_bound() {
            Ok(measure::exact(&self.lowered.circuit)?)
        } else {
            Ok(measure::architecture(&self.lowered.circuit))
        }
    }

    /// Every gate.
    ///
    /// # Errors
    /// When there are too many, or weights are not bound.
    pub fn expand(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Gates, Error> {
        let Lowered { tokens, vocabulary, token_bits, .. } = self.lowered;
        let word = InputWord { limit: vocabulary, ..InputWord::unsigned("tokens", &[tokens], token_bits) };
        Ok(expand::expand(&self.lowered.circuit, vec![word], progress)?)
    }

    /// Output levels by evaluating the circuit's arrays. Ids beyond the vocabulary read its last row.
    ///
    /// # Errors
    /// When the circuit is not bound or too large, or the number of tokens is not its context.
    pub fn evaluate(&self, tokens: &[u64]) -> Result<Vec<BigInt>, Error> {
        self.evaluator()?.run(tokens)
    }

    /// Prepares the circuit for many evaluations.
    ///
    /// # Errors
    /// When it is not bound or too large.
    pub fn evaluator(&self) -> Result<Evaluator<'_>, Error> {
        let held = self.lowered.exact.iter().filter(|exact| exact.held.is_some());
        let held = held.map(|exact| (exact.form, exact.held.clone())).collect();
        Ok(Evaluator { model: self, prepared: evaluate::evaluator(&self.lowered.circuit)?, held })
    }

    /// Output levels by the reference interpreter; none where the tokens do not fit the model.
    pub fn interpret(&self, tokens: &[u64]) -> Option<Vec<BigInt>> {
        let tensor = interpret::interpret(&self.graph, tokens)?;
        let scale = Rational::from_integer(BigInt::from(1) << self.lowered.fraction);
        Some(tensor.values.into_iter().map(|value| (value * &scale).to_integer()).collect())
    }

    /// Token ids as input bits.
    pub fn bits(&self, tokens: &[u64]) -> Vec<bool> {
        let bits = self.lowered.token_bits;
        tokens.iter().flat_map(|token| (0..bits).map(move |bit| token >> bit & 1 == 1)).collect()
    }
}
