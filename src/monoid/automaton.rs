//! A finite automaton without names: states, and one map of the states to themselves for each letter; must not know where they come from.

use thiserror::Error;

/// States `0..states`, and the maps of its letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automaton {
    states: usize,
    maps: Vec<Vec<u32>>,
}

/// Why maps make no automaton.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AutomatonError {
    /// No state, or more than can be numbered.
    #[error("an automaton has 1 to 2^31 states, not {0}")]
    States(usize),
    /// A map of another set.
    #[error("map {map} sends {entries} states somewhere; there are {states}")]
    Length {
        /// The map.
        map: usize,
        /// Its entries.
        entries: usize,
        /// The states.
        states: usize,
    },
    /// A map out of the set.
    #[error("map {map} sends a state to {state}; states are numbered below {states}")]
    Outside {
        /// The map.
        map: usize,
        /// Where it leads.
        state: u32,
        /// The states.
        states: usize,
    },
}

impl Automaton {
    /// An automaton with these maps, one a letter.
    ///
    /// # Errors
    /// When there are no states, or a map is not one of the states to themselves.
    pub fn new(states: usize, maps: Vec<Vec<u32>>) -> Result<Self, AutomatonError> {
        if states == 0 || states > 1 << 31 {
            return Err(AutomatonError::States(states));
        }
        for (number, map) in maps.iter().enumerate() {
            if map.len() != states {
                return Err(AutomatonError::Length { map: number, entries: map.len(), states });
            }
            if let Some(state) = map.iter().find(|state| **state as usize >= states) {
                return Err(AutomatonError::Outside { map: number, state: *state, states });
            }
        }
        Ok(Self { states, maps })
    }

    /// How many states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The maps of the letters.
    pub fn maps(&self) -> &[Vec<u32>] {
        &self.maps
    }

    /// Where a word leads from a state.
    pub fn run(&self, state: u32, word: &[u32]) -> u32 {
        word.iter().fold(state, |state, letter| self.maps[*letter as usize][state as usize])
    }
}
