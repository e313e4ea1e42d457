//! One step of a program in its formats as a finite automaton: all stored values for states, one map for each value of the step's data; must
//! not know groups.
//!
//! The maps are read with the reference interpreter of tensor graphs, so rounding is that of the graph's own stores. A state is what
//! the step reads of what it is handed: weights after they are rounded, momentum as it is stored. Where something is handed on
//! that the step does not round before all else, there are no finitely many states, and the program is refused.

mod reader;

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use super::automaton::{Automaton, AutomatonError};
use crate::number::{Format, Rational};
use crate::tensor::looped::Looped;
use reader::Found;
pub use reader::Reader;

/// The most readings of a step: states times data values.
pub const MOST_READINGS: u128 = 1 << 18;

/// The widest format of a number that is carried or comes in, in bits.
pub const MOST_BITS: u32 = 16;

/// The most numbers of one tensor that is carried or comes in.
pub const MOST_NUMBERS: usize = 1 << 12;

/// Why a system's step is no finite automaton, or too large a one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StepError {
    /// Not one step, repeated.
    #[error("this is not one step repeated along one axis: {0}")]
    Shape(String),
    /// Something carried that is not rounded.
    #[error(
        "`{0}` is carried without being rounded, so its states cannot be listed; classes are of rounded steps (round_weights = true)"
    )]
    Unrounded(String),
    /// Data that come in once.
    #[error(
        "`{0}` comes in once and is the same at every step, so it is no letter; hard-wire the data (source = \"given\") to classify it"
    )]
    Once(String),
    /// A format whose values are not listed.
    #[error("`{name}` has the format {format}, of {} bits; steps are classified up to {MOST_BITS}, and mostly up to 6", format.bits())]
    Wide {
        /// What is in it.
        name: String,
        /// The format.
        format: Format,
    },
    /// A tensor of too many numbers.
    #[error("`{name}` has {count} numbers; steps with at most {MOST_NUMBERS} are classified, and mostly with a few")]
    Long {
        /// The tensor.
        name: String,
        /// Its numbers.
        count: usize,
    },
    /// Too many states times data values.
    #[error(
        "{states} states times {data} data values are too many readings of the step: at most {MOST_READINGS} are made\n  help: {help}"
    )]
    TooMany {
        /// States, as a number or a product of powers of two.
        states: String,
        /// Data values, likewise.
        data: String,
        /// What to do.
        help: String,
    },
    /// No start to reach states from.
    #[error(
        "the weights to begin with come from outside, so no state is reached from them; give them, or leave out --reachable"
    )]
    NoStart,
    /// Data that the step cannot take.
    #[error("{0}")]
    Data(String),
    /// The interpreter had no constants, or was handed what it does not know.
    #[error("a constant of the step is not known")]
    Unknown,
    /// Maps that do not fit.
    #[error(transparent)]
    Automaton(#[from] AutomatonError),
}

/// Which states are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All stored values.
    All,
    /// Those that are reached from the weights to begin with.
    Reachable,
}

/// One number that is carried, or comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coordinate {
    /// Its name, with its place where there are several.
    pub name: String,
    /// The values it may have, ascending.
    pub values: Arc<[Rational]>,
}

/// One value of the data of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which example, where data are hard-wired; else 0.
    pub example: usize,
    /// The numbers that come in: places in the values of [`Step::inputs`].
    pub places: Vec<u32>,
}

/// A step as an automaton, with the names of its states and letters.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is carried.
    pub coordinates: Vec<Coordinate>,
    /// What comes in at each step.
    pub inputs: Vec<Coordinate>,
    /// Hard-wired examples; 1 where data come in.
    pub examples: usize,
    /// How many data values there are.
    pub data: usize,
    /// For each map of the automaton, the first data value whose map it is.
    pub letters: Vec<Letter>,
    /// States and distinct maps.
    pub automaton: Automaton,
    /// Which states these are.
    pub scope: Scope,
    /// The state to begin with, where it is known.
    pub start: Option<u32>,
    /// Each state's places in the values of [`Step::coordinates`].
    states: Vec<Vec<u32>>,
}

impl Step {
    /// The step of a system, for all values of its data or those listed; `progress` hears of readings done and to do.
    ///
    /// # Errors
    /// When the system has no such step, or too many states or data values.
    pub fn of(
        system: &Looped,
        data: Option<Vec<Vec<Rational>>>,
        scope: Scope,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, StepError> {
        let reader = Reader::of(system)?;
        let letters = reader.letters(data, scope)?;
        let start = reader.start(system)?;
        let found = match scope {
            Scope::All => reader.all(&letters, progress)?,
            Scope::Reachable => reader.reached(&letters, start.clone().ok_or(StepError::NoStart)?, progress)?,
        };
        let Found { states, maps } = found;
        let start = start.and_then(|start| states.binary_search(&start).ok()).map(|start| start as u32);
        let (automaton, first) = distinct(states.len(), maps)?;
        let (data, examples) = (letters.len(), reader.examples());
        let letters = first.into_iter().map(|letter| letters[letter].clone()).collect();
        let (coordinates, inputs) = reader.named();
        Ok(Self { coordinates, inputs, examples, data, letters, automaton, scope, start, states })
    }

    /// The values of a state, in the order of coordinates.
    pub fn state(&self, number: u32) -> Vec<&Rational> {
        let places = self.states[number as usize].iter().zip(&self.coordinates);
        places.map(|(place, coordinate)| &coordinate.values[*place as usize]).collect()
    }

    /// The numbers of a letter, in the order of inputs.
    pub fn letter(&self, number: u32) -> Vec<&Rational> {
        let places = self.letters[number as usize].places.iter().zip(&self.inputs);
        places.map(|(place, input)| &input.values[*place as usize]).collect()
    }

    /// The lengths of the grid that the states are, where they are all tuples of one.
    pub fn grid(&self) -> Option<Vec<usize>> {
        match (self.scope, self.coordinates.len()) {
            (Scope::All, _) => Some(self.coordinates.iter().map(|coordinate| coordinate.values.len()).collect()),
            (Scope::Reachable, 1) => Some(vec![self.states.len()]),
            (Scope::Reachable, _) => None,
        }
    }
}

/// Maps without repetition, and the first letter of each.
fn distinct(states: usize, maps: Vec<Vec<u32>>) -> Result<(Automaton, Vec<usize>), StepError> {
    let (mut known, mut kept, mut first) = (HashMap::new(), Vec::new(), Vec::new());
    for (letter, map) in maps.into_iter().enumerate() {
        known.entry(map).or_insert_with_key(|map| {
            kept.push(map.clone());
            first.push(letter);
        });
    }
    Ok((Automaton::new(states, kept)?, first))
}

#[cfg(test)]
mod tests;
