//! Reductions that run: an instance of a problem becomes a program and its data, the program a threshold circuit, its weights an answer.
//!
//! ```
//! use isobath::problems::{Instance, words};
//! use isobath::reduce::{Machine, Via, gadget};
//! use isobath::words::Strategy;
//!
//! let word = Instance::Parity(words::parse("10110")?);
//! let reduction = gadget(&word.family(), Via::Hinge)?;
//! let machine = Machine::compile(reduction, &Default::default(), Strategy::Size)?;
//! let outcome = machine.run(std::iter::once(word), &mut |_| {})?;
//! assert_eq!(outcome.mismatches, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every run is of the unrolled circuit: its arrays evaluated as integers, and, where they fit, its explicit gates simulated. The decoder sees
//! the final weights and the size of the instance. What it says is held against [`Instance::solve`](crate::problems::Instance::solve).

mod evidence;
mod formats;
mod gadgets;
mod machine;
mod nand;
mod text;

use thiserror::Error;

use crate::number::{Format, Rational};
use crate::{gates, pipeline, spec};

pub use evidence::{Evidence, Kind, evidence};
pub use formats::{Asked, Needs, narrowest};
pub use gadgets::{Gadget, Via, gadget};
pub use machine::{Example, Figures, Machine, Outcome};

/// The most steps times entries of weights that are run.
pub const MOST_ENTRIES: usize = 1 << 19;

/// Why a reduction was not run, or what went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReduceError {
    /// A format that does not hold a value of the reduction.
    #[error(
        "{role} in {format} do not hold {value}, which this reduction needs exactly\n  help: {suffices} suffices for {role}"
    )]
    Narrow {
        /// Whose format.
        role: &'static str,
        /// The format.
        format: Format,
        /// A value it does not hold.
        value: Rational,
        /// The narrowest that holds all of them.
        suffices: String,
    },
    /// More than is run.
    #[error(
        "{steps} steps of {dimension} weights are {entries} entries of data; at most {most} are run: take a smaller instance"
    )]
    TooLarge {
        /// Steps.
        steps: usize,
        /// Weights.
        dimension: usize,
        /// Both multiplied.
        entries: usize,
        /// The most.
        most: usize,
    },
    /// A loss with more terms than are differentiated in a reasonable time.
    #[error(
        "the loss would have a term for each of {gates} gates; at most {most} are run: use the hinge loss or rounding"
    )]
    ManyTerms {
        /// Gates.
        gates: usize,
        /// The most.
        most: usize,
    },
    /// A circuit that is not monotone as it is written.
    #[error(
        "input {input} (counted from 0) is inverted on its way to an output: Q-learning runs monotone circuits alone; use another way"
    )]
    NotMonotone {
        /// The input.
        input: usize,
    },
    /// A circuit that takes too long to run.
    #[error(
        "the circuit would have {gates} gates; at most {most} are run: take a narrower format or a smaller instance"
    )]
    TooManyGates {
        /// Its gates.
        gates: String,
        /// The most.
        most: u64,
    },
    /// An instance of another size or problem than the reduction is for.
    #[error("internal error: an instance does not fit its reduction")]
    Unfit,
    /// Evaluating the arrays and simulating the gates gave different weights.
    #[error("evaluating the circuit and simulating its gates disagree on {0}")]
    Readings(String),
    /// The program.
    #[error("internal error: the program of a reduction was refused: {0}")]
    Spec(#[from] spec::Error),
    /// The circuit.
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    /// Its gates.
    #[error(transparent)]
    Input(#[from] gates::InputError),
}
