//! Recurrent networks as looped graphs: cells repeated along layers and context; the points where their values are rounded are decided here.
//!
//! A sequential system has the axes `layers` and `context`. Its blocks: `start` (state before the first position, all zero), `embedding`
//! and `head` (along the context), `layer` (along both; one body a layer, taken in turn). Port 0 of a layer reads what the layer below
//! hands up at the same position, its other ports what the layer itself carried from earlier positions. A scan system has the axis
//! `layers` only: each block computes all positions at once, the recurrence by parallel prefix.
//!
//! Rounded, to nearest, ties to even, saturating, are at fused rounding these values and no others:
//!
//! | point | format | where |
//! |---|---|---|
//! | embedding rows | activations | all |
//! | state | state | once a position, unless `round_state = false`; see each cell |
//! | gates and activations, after their function | activations (gates of gated attention: their own) | all |
//! | residual stream, where a norm reads it, and norm outputs | activations | diagonal, mamba, attentions |
//! | operands of products | activations; state, where it is read by one | all |
//! | logits, or hidden states at the end | activations | all; an argmax reads logits exactly |
//!
//! All else is exact: linear maps, sums, and products until they are stored. Each cell's file lists its own points.

mod attention;

mod convolution;

mod diagonal;

mod gated;

mod make;

mod mamba;

mod scan;

mod wiring;

use thiserror::Error;

use crate::loops::LoopError;
use crate::number::Policy;
use crate::spec::Recurrent;
use crate::spec::recurrent::{Cell, Rule};
use crate::tensor::looped::Looped;
use crate::tensor::params::Source;
use crate::tensor::{Parameters, ParamsError};

pub use crate::spec::recurrent::State;

/// How a recurrence is laid out as a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// A position after the other.
    Sequential,
    /// All positions at once, by parallel prefix: only for linear recurrences that round nothing between positions.
    Scan,
}

/// Why no graphs could be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecurrentError {
    /// A weight could not be given.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// Blocks that do not fit together: a defect of this program.
    #[error("internal error: {0}")]
    Loops(#[from] LoopError),
    /// A number that the semantics does not allow.
    #[error("{what} is {value}: {reason}")]
    Value {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// The cell is not a linear recurrence.
    #[error("the recurrence of cell `{cell}` cannot be scanned: {reason}; use the sequential recurrence")]
    NotAssociative {
        /// The cell.
        cell: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// Rounded state.
    #[error(
        "`round_state` is true: rounding between positions makes the recurrence another function than its scan; write `round_state = false` for exact state, or use the sequential recurrence"
    )]
    Rounds,
    /// State that is not rounded.
    #[error(
        "`round_state` is false: exact state of cell `{cell}` needs more bits with every position, so no loop can carry it; use the recurrence `scan`, or write `round_state = true`"
    )]
    Unrounded {
        /// The cell.
        cell: &'static str,
    },
    /// Partial sums that are rounded.
    #[error(
        "sums are added up `{policy}`: a scan adds up in another order, which changes no exact sum but every rounded one; write --accumulate \
         exact, or use the sequential recurrence"
    )]
    Accumulate {
        /// The policy.
        policy: Policy,
    },
    /// Exact values too wide.
    #[error(
        "{what} at context {context} needs {bits} bits, more than the {most} there are; use a smaller context or narrower formats"
    )]
    Wide {
        /// Which value.
        what: &'static str,
        /// The context.
        context: u64,
        /// Its bits.
        bits: u64,
        /// The most there may be.
        most: u64,
    },
    /// No tokens, or too many.
    #[error("context {asked} is not possible: a sequence has from 1 to {most} tokens")]
    Context {
        /// Asked for.
        asked: u64,
        /// The most.
        most: u64,
    },
}

type Result<T> = std::result::Result<T, RecurrentError>;

/// The most positions of one system.
const MOST_POSITIONS: u64 = 1 << 60;

/// The most positions of a scan, which lists them all.
const MOST_SCANNED: u64 = 1 << 16;

/// The network as a looped graph, at a context length, with the weights it names.
///
/// # Errors
/// When the recurrence does not fit the cell or its rounding, a weight cannot be given, or a number is out of range.
pub fn system(spec: &Recurrent, recurrence: Recurrence, context: u64) -> Result<Looped> {
    with_parameters(spec, &parameters(spec), recurrence, context)
}

/// The same with the given weights.
///
/// # Errors
/// As [`system`].
pub fn with_parameters(
    spec: &Recurrent,
    parameters: &Parameters,
    recurrence: Recurrence,
    context: u64,
) -> Result<Looped> {
    let most = if recurrence == Recurrence::Scan { MOST_SCANNED } else { MOST_POSITIONS };
    if context == 0 || context > most {
        return Err(RecurrentError::Context { asked: context, most });
    }
    match recurrence {
        Recurrence::Sequential if !spec.state.rounded && is_linear(&spec.cell).is_ok() => {
            Err(RecurrentError::Unrounded { cell: spec.cell.name() })
        }
        Recurrence::Sequential => wiring::sequential(spec, parameters, context),
        Recurrence::Scan if spec.numerics.accumulate != Policy::Exact => {
            Err(RecurrentError::Accumulate { policy: spec.numerics.accumulate })
        }
        Recurrence::Scan => {
            let not = |reason| RecurrentError::NotAssociative { cell: spec.cell.name(), reason };
            is_linear(&spec.cell).map_err(not)?;
            if spec.state.rounded { Err(RecurrentError::Rounds) } else { wiring::scan(spec, parameters, context) }
        }
    }
}

/// The sequential system even where its state is exact and no loop of a circuit could carry it: what a scan must equal. To interpret.
///
/// # Errors
/// As [`system`].
pub fn definition(spec: &Recurrent, parameters: &Parameters, context: u64) -> Result<Looped> {
    wiring::sequential(spec, parameters, context)
}

/// The weights a spec names.
pub fn parameters(spec: &Recurrent) -> Parameters {
    use crate::spec::WeightSource;
    let format = spec.numerics.weights;
    let source = match &spec.weights {
        // A recurrent spec names no file: its reader refuses one.
        WeightSource::Free | WeightSource::File(_) => Source::Free,
        WeightSource::Random { seed, limit } => Source::random(*seed, *limit, format),
    };
    Parameters { format, source }
}

/// Whether state goes on by `h' = A h + b`, A and b not reading h nor anything rounded that rests on it; else why not.
fn is_linear(cell: &Cell) -> std::result::Result<(), &'static str> {
    match cell {
        Cell::Rnn { .. } | Cell::Lstm { .. } | Cell::Gru { .. } => {
            Err("its state goes through a function that is not linear")
        }
        Cell::Attention(attention) if attention.rule == Rule::Delta => {
            Err("it rounds what it reads of its state before it corrects it")
        }
        Cell::Diagonal(_) | Cell::Mamba(_) | Cell::Attention(_) => Ok(()),
    }
}
