//! Circuits for many steps of learning that are shallower than the steps one after the other, and whether they compute the same; must not
//! know commands.
//!
//! "Unrolled descent needs depth that grows with the steps" is true of the unrolling, step after step, and of no function as such. Five
//! rules make shallower circuits, each where it applies:
//!
//! | rule | where | layers for T steps |
//! |---|---|---|
//! | [`prefix`] | steps are affine maps of the weights, exactly | `2 ceil(log2 T) + 2` |
//! | [`hard_wired`] | the same, data being constants | 1 |
//! | [`powering`] | the same, one map for all steps, of dimension 1 or 2 | at most 3 |
//! | [`contraction`] | the same, every map brings states nearer | those of the last K steps |
//! | [`automaton`] | few states, whatever a step does | `ceil(log2 T) + 1` |
//!
//! The first three compute exact descent, rounded once at the end. Descent that rounds at every step is another function, and
//! [`rounding`] looks for the input that shows it; its own shortcut is the automaton. Sources: theory.md C.2 (parallel prefix: Blelloch
//! 1990; powering in constant dimension: Mereghetti and Palano 2000), C.4, C.5, A.3.

pub mod affine;

pub mod automaton;

pub mod compare;

pub mod contraction;

pub mod hard_wired;

pub mod inputs;

pub mod machine;

pub mod parts;

pub mod polynomial;

pub mod powering;

pub mod prefix;

pub mod rounding;

pub mod symbolic;

mod verdict;

use std::ops::Range;

use num_bigint::BigInt;
use num_traits::One;
use thiserror::Error;

use affine::{Affine, Given};
use parts::{Layout, Parts};
use symbolic::Obstacle;

use crate::circuit::measure::{self, Measure, MeasureError};
use crate::circuit::{Circuit, CircuitError, Index};
use crate::expand::{self, ExpandError};
use crate::gates::Gates;
use crate::number::{Format, Function, Rational};
use crate::pipeline;
use crate::program::ProgramError;
use crate::words::{Form, Maker, Stored, unit_of};

pub use verdict::{Applied, Figures, Options, Saturation, Verdict, applicable, apply, plain, program_of};

/// A rule that makes a shallower circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Parallel prefix of affine maps.
    Prefix,
    /// One affine map, its entries constants.
    HardWired,
    /// Powers of one map.
    Powering,
    /// The last steps only.
    Contraction,
    /// Tables of transitions, composed in a tree.
    Automaton,
}

impl Rule {
    /// Every rule, in the order they are told.
    pub const ALL: [Self; 5] = [Self::Prefix, Self::HardWired, Self::Powering, Self::Contraction, Self::Automaton];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::HardWired => "hard-wired",
            Self::Powering => "powering",
            Self::Contraction => "contraction",
            Self::Automaton => "automaton",
        }
    }

    /// Whether it computes exact descent, rounded once at the end; else descent as the program rounds it.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Prefix | Self::HardWired | Self::Powering)
    }

    /// Its layers for T steps.
    pub fn law(self) -> &'static str {
        match self {
            Self::Prefix => "2 ceil(log2 T) + 2",
            Self::HardWired => "1, or 0 from a constant start",
            Self::Powering => "at most 3",
            Self::Contraction => "those of the last K steps",
            Self::Automaton => "ceil(log2 T) + 1, or 1 where no data come in step by step",
        }
    }

    /// Where its construction comes from.
    pub fn source(self) -> &'static str {
        match self {
            Self::Prefix => "affine maps compose associatively: parallel prefix (Blelloch 1990)",
            Self::HardWired => "affine maps with constant entries compose before the circuit is made",
            Self::Powering => {
                "powers of one matrix of constant dimension are in TC0 (Mereghetti and Palano 2000); here by Cayley and Hamilton, built for dimension 1 and 2"
            }
            Self::Contraction => "states that start apart are rho^K times as far apart after K steps",
            Self::Automaton => "transition tables of a finite automaton, composed in a tree",
        }
    }
}

/// Why a rule does not apply, or its circuit is not built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refused {
    /// A step is not affine.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// Data where there must be none, or none where there must be some.
    #[error("{0}")]
    Data(&'static str),
    /// Products of too many bits.
    #[error(
        "formats are too wide: its first layer would have {ands} products of input bits or more (at most {most} are built); use fewer bits, features or examples"
    )]
    Wide {
        /// Products, as far as they were counted.
        ands: usize,
        /// The most.
        most: usize,
    },
    /// Exact numbers of too many bits.
    #[error(
        "exact values would have {bits} bits after {steps} steps (at most {most} are built); use fewer steps or bits"
    )]
    Long {
        /// The steps.
        steps: u64,
        /// Their bits.
        bits: u64,
        /// The most.
        most: u64,
    },
    /// Levels that are not evenly spaced.
    #[error(
        "`{name}` is in the floating-point format {format}: shortcuts are built of numbers whose neighbours are all equally far apart, so that an input is a sum of its \
         bits and every rounding adds at most half a unit; use int(b) or fixed(i,f)"
    )]
    Float {
        /// What is in it.
        name: String,
        /// The format.
        format: Format,
    },
    /// Too many inputs.
    #[error(
        "a step would take in {entries} numbers; shortcuts are built for up to {most}. Use fewer features or examples"
    )]
    Entries {
        /// Numbers.
        entries: u128,
        /// The most.
        most: u128,
    },
    /// Too many steps.
    #[error("{steps} steps are too many for this rule: circuits of up to {most} steps are built")]
    Steps {
        /// Asked for.
        steps: u64,
        /// The most.
        most: u64,
    },
    /// A matrix too large.
    #[error(
        "the state has {dimension} entries; powers are built for 1 and 2 (in any constant dimension they are in TC0: Mereghetti and Palano 2000)"
    )]
    Dimension {
        /// Its entries.
        dimension: usize,
    },
    /// Too many combinations to go through.
    #[error("{what} can have 2^{bits} values; up to 2^{most} are gone through. Use narrower formats")]
    Many {
        /// What.
        what: &'static str,
        /// Bits.
        bits: u64,
        /// The most bits.
        most: u64,
    },
    /// States that do not come nearer.
    #[error("no contraction: {0}")]
    Apart(String),
    /// Too many states.
    #[error(
        "the state takes more than {most} values ({bits} bits as it is rounded): products of tables for {steps} steps would have up to {gates} gates; use a narrower format of weights or fewer steps"
    )]
    States {
        /// The most.
        most: usize,
        /// Bits of a rounded state, if it is rounded.
        bits: String,
        /// The steps.
        steps: u64,
        /// Gates that the products of tables alone would have, at most.
        gates: BigInt,
    },
    /// A state that nothing bounds.
    #[error("`{0}` is carried exactly, without rounding: the states of the program are not finitely many")]
    Unbounded(String),
    /// A file that is no program.
    #[error("this file describes {0}; shortcuts are of programs, files with a table [program]")]
    NoProgram(&'static str),
    /// More inputs than are tried.
    #[error(
        "there are 2^{bits} inputs; up to 2^{most} are tried exhaustively. Use --random, fewer steps or narrower formats"
    )]
    Inputs {
        /// Input bits.
        bits: u64,
        /// The most.
        most: u64,
    },
    /// Constants that are not known.
    #[error(transparent)]
    Unknown(#[from] machine::Unknown),
    /// The program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its pipeline.
    #[error(transparent)]
    Pipeline(Box<pipeline::Error>),
    /// A circuit that was refused: a defect of this program.
    #[error("internal error while building: {0}")]
    Circuit(#[from] CircuitError),
    /// Its gates.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// Its figures.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// Its values.
    #[error(transparent)]
    Evaluate(#[from] crate::circuit::evaluate::EvaluateError),
}

impl From<pipeline::Error> for Refused {
    fn from(error: pipeline::Error) -> Self {
        Self::Pipeline(Box::new(error))
    }
}

/// A circuit for all steps at once.
#[derive(Clone, Debug)]
pub struct Built {
    /// The circuit.
    pub circuit: Circuit,
    /// Its inputs.
    pub layout: Layout,
    /// Which entries of the program's own inputs these are.
    pub reads: Range<usize>,
    /// The worth of one level, for each output.
    pub units: Vec<Rational>,
}

impl Built {
    /// Exact figures.
    ///
    /// # Errors
    /// When it is too large to visit.
    pub fn measure(&self) -> Result<Measure, Refused> {
        Ok(measure::exact(&self.circuit)?)
    }

    /// Every gate.
    ///
    /// # Errors
    /// When there are too many.
    pub fn expand(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Gates, Refused> {
        Ok(expand::expand(&self.circuit, self.layout.words.clone(), progress)?)
    }
}

/// Refuses floating-point formats, for which no rule is made.
fn evenly_spaced(parts: &Parts) -> Result<(), Refused> {
    parts.float().map_or(Ok(()), |(name, format)| Err(Refused::Float { name, format }))
}

/// The program's affine maps, where data come in or not.
fn affine(parts: &Parts) -> Result<Affine, Refused> {
    evenly_spaced(parts)?;
    Ok(Affine::of(parts)?)
}

/// Names the entries of the state as the program gives them out, stored at the end where the program stores them: 1 layer.
fn given_out(mut maker: Maker, state: &Form, given: &[Given], layout: Layout) -> Result<Built, Refused> {
    let mut units = Vec::with_capacity(given.len());
    for one in given {
        let shape: Vec<crate::circuit::Size> =
            one.shape.iter().map(|length| crate::circuit::Size::fixed(*length)).collect();
        let (mut stride, mut steps) = (1, Vec::new());
        for (axis, length) in one.shape.iter().enumerate().rev() {
            steps.push((axis, stride));
            stride *= *length as i64;
        }
        let array = maker.moved(state.array, shape, vec![Index::strided(steps).plus(one.first as i64)])?;
        let form = Form { array, unit: state.unit.clone() };
        let (array, unit) = match one.format {
            Some(format) => {
                let word = maker.store(&form, &Stored { function: Function::Identity, format })?;
                (maker.value(&word)?, unit_of(format.fraction()))
            }
            None => (form.array, form.unit),
        };
        maker.builder.output(&*one.name, array);
        units.push(unit);
    }
    let reads = 0..layout.formats.len();
    Ok(Built { circuit: maker.builder.build(), layout, reads, units })
}

/// `2^bits`, for numbers of combinations.
fn combinations(bits: u64) -> BigInt {
    BigInt::one() << bits
}
