//! Lower bounds on circuits for the steps of a program that rest on no conjecture, with their numbers; must not know commands.
//!
//! Each bound names its model of computation, says what it comes to at the sizes asked for, and from where on it says anything. Bounds are
//! rounded down, in whole numbers. What rests on the step itself (dependence on its data, a parity, an inner product in it) is shown
//! by witnesses on the rounded step, or not claimed.

pub mod degree;

pub mod exact;

mod lines;

pub mod probe;

use serde::Serialize;

use crate::monoid::step::{Reader, StepError};
use crate::program::{self, ProgramError};
use crate::spec::program::Program;
use degree::Degree;
use probe::{Dependence, InnerProduct, Parity, Probe};

/// What bounds are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Steps; the program's own where none.
    pub steps: Option<u64>,
    /// The most inputs of a gate, at least 2.
    pub fan_in: u64,
    /// The most gates of a threshold circuit.
    pub gates: u64,
    /// The most wires of a threshold circuit.
    pub wires: u64,
    /// The most total weight, in absolute value, of a gate of the lower of two layers.
    pub weights: u64,
    /// By how much a layer of an arithmetic circuit may raise degree, at least 2.
    pub degree: u64,
}

impl Default for Options {
    /// Fan-in 2, a million gates and wires, weights of a thousand, products of two.
    fn default() -> Self {
        Self { steps: None, fan_in: 2, gates: 1_000_000, wires: 1_000_000, weights: 1000, degree: 2 }
    }
}

/// On what a bound rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// Nothing but the model, which is that of general circuits.
    Unconditional,
    /// Nothing but the model, which is narrower than circuits of threshold gates.
    UnconditionalInRestrictedModel,
}

/// What a bound comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// More than is plain without it.
    Says,
    /// Nothing at these sizes.
    SaysNothing,
    /// Nothing about this program: what it rests on was not found in it.
    DoesNotApply,
}

/// A lower bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// Its name.
    pub name: &'static str,
    /// On what it rests.
    pub tag: Tag,
    /// The model of computation.
    pub model: String,
    /// What it comes to.
    pub standing: Standing,
    /// What is bounded: `depth`, `gates`, `weight`; none where it does not apply.
    pub of: Option<&'static str>,
    /// At least so much, as a decimal string or, where that is too long, a formula.
    pub at_least: Option<String>,
    /// The bound in words.
    pub says: String,
    /// The sizes from which on it says something.
    pub from: String,
    /// What was found in this program.
    pub evidence: String,
    /// Who proved it.
    pub source: String,
}

/// The bounds of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// The version of these fields.
    pub schema: &'static str,
    /// The program.
    pub name: String,
    /// Steps.
    pub steps: u64,
    /// The bounds.
    pub bounds: Vec<Bound>,
    /// What holds of all of them.
    pub note: &'static str,
}

/// The version of the fields of [`Bounds`].
pub const SCHEMA: &str = "isobath.bounds/1";

const NOTE: &str = "No depth bound above 2 holds for threshold circuits without a bound on size: every Boolean function of the inputs has depth 2 with enough gates. No bound \
                    known for circuits of threshold gates of polynomial size grows with the steps.";

/// Why a program has no bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundError {
    /// The program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A number out of its range.
    #[error("{what} is {value}; it must be at least {least}")]
    Small {
        /// The number.
        what: &'static str,
        /// What was given.
        value: u64,
        /// The least.
        least: u64,
    },
}

/// What was found in the rounded step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Found {
    dependence: Option<Dependence>,
    parity: Option<Parity>,
    inner_product: Option<InnerProduct>,
    /// Why the step was not read.
    unread: Option<String>,
    /// Whether data come in.
    data: bool,
}

/// The bounds of a program.
///
/// # Errors
/// When the program cannot be built, or a number is out of its range.
pub fn of(program: &Program, options: &Options) -> Result<Bounds, BoundError> {
    let least = [
        ("fan-in", options.fan_in, 2),
        ("the degree of a layer", options.degree, 2),
        ("steps", options.steps.unwrap_or(1), 1),
    ];
    let least = least.into_iter().chain([("gates", options.gates, 1), ("wires", options.wires, 1)]);
    for (what, value, least) in least {
        if value < least {
            return Err(BoundError::Small { what, value, least });
        }
    }
    let steps = options.steps.unwrap_or(program.steps);
    let found = found(program)?;
    let degree = degree::of(program);
    Ok(Bounds {
        schema: SCHEMA,
        name: program.name.clone(),
        steps,
        bounds: lines::all(steps, options, &found, degree),
        note: NOTE,
    })
}

/// What the probe shows; where the step has no finite states, or a step cannot be read, that.
fn found(program: &Program) -> Result<Found, BoundError> {
    let system = program::system(program)?;
    let outputs = program.weights().iter().map(|weight| weight.shape.iter().product::<u64>() as usize).sum();
    let probed = || -> Result<Found, StepError> {
        let reader = Reader::of(&system)?;
        if reader.inputs().is_empty() {
            return Err(StepError::Data("its data are hard-wired, so the steps take in no bit".to_owned()));
        }
        let mut probe = Probe::new(&reader, reader.start(&system)?, outputs)?;
        let (dependence, parity) = (probe.dependence()?, probe.parity()?);
        Ok(Found { dependence, parity, inner_product: probe.inner_product()?, unread: None, data: true })
    };
    Ok(probed().unwrap_or_else(|error| Found {
        unread: Some(error.to_string()),
        data: !program.data.is_hard_wired(),
        ..Found::default()
    }))
}

#[cfg(test)]
mod tests;
