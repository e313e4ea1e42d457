//! Exact descent against descent that rounds at every step: the fewest steps and an input after which they give out different weights; must
//! not know circuits.

use std::collections::HashMap;

use super::Refused;
use super::machine::{Machine, State};
use super::parts::{Parts, signed};
use crate::number::{Format, Rational};
use crate::tensor::looped::Looped;

/// What the search found.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// They differ.
    Differs {
        /// After the fewest steps, if every input was tried.
        steps: u64,
        /// The levels of all inputs.
        levels: Vec<i64>,
        /// What exact descent gives out, rounded once.
        exact: Vec<Rational>,
        /// What the program gives out.
        rounded: Vec<Rational>,
        /// Every input of as many and fewer steps was tried.
        least: bool,
    },
    /// They never differ: every pair of states that occurs was looked at.
    Never {
        /// How many.
        pairs: usize,
    },
    /// They were not seen to differ.
    NotFound {
        /// So many steps were looked at.
        steps: u64,
        /// So many pairs of states.
        pairs: usize,
        /// Every input of so many steps was tried.
        all: bool,
    },
}

/// The most pairs of states that are kept, and the most steps that are taken from them.
const MOST_PAIRS: usize = 1 << 15;
const MOST_TAKEN: usize = 1 << 18;

/// The most bits of data, or of a start, whose every value is tried; of others so many at random.
const MOST_BITS: u64 = 12;
const SAMPLE: u64 = 256;

/// The same program with nothing rounded but what is given out at the end, or not even that.
pub fn unrounded(system: &Looped, end_too: bool) -> Looped {
    let end = system.outputs().first().map_or(0, |outlet| outlet.block);
    let exact = system.map(|number, graph| {
        let graph = if number == end && !end_too { graph.clone() } else { graph.unrounded().pruned() };
        Ok::<_, std::convert::Infallible>(graph)
    });
    let Ok(exact) = exact;
    exact
}

/// Looks for the fewest steps, up to `most`, after which the two differ.
///
/// # Errors
/// When constants are not known.
pub fn search(parts: &Parts, exact: &Parts, most: u64) -> Result<Outcome, Refused> {
    let mut search = Search {
        machines: [Machine::new(*exact), Machine::new(*parts)],
        all: true,
        pairs: Vec::new(),
        numbers: HashMap::new(),
    };
    search.run(most)
}

/// A pair of states, what was read last, and the pair before.
struct Pair {
    states: [State; 2],
    contexts: [u32; 2],
    levels: Vec<i64>,
    before: Option<usize>,
    body: usize,
}

struct Search<'s> {
    machines: [Machine<'s>; 2],
    /// Whether every value of everything was tried.
    all: bool,
    pairs: Vec<Pair>,
    numbers: HashMap<([State; 2], [u32; 2], usize), usize>,
}

impl Search<'_> {
    fn run(&mut self, most: u64) -> Result<Outcome, Refused> {
        let layout = self.machines[0].layout().clone();
        let (first, each) = (layout.head(), layout.letter());
        let starts = self.values(&layout.formats[..first], 1);
        let letters = self.values(&layout.formats[first..first + each], 2);
        for levels in starts {
            let mut pair = Pair { states: [0; 2], contexts: [0; 2], levels: levels.clone(), before: None, body: 0 };
            for (place, machine) in self.machines.iter_mut().enumerate() {
                (pair.contexts[place], pair.states[place]) = machine.begin(&levels)?;
            }
            self.note(pair);
        }
        let (mut from, mut steps, mut taken) = (0, 0, 0);
        while steps < most {
            let to = self.pairs.len();
            if from == to {
                return Ok(if self.all { Outcome::Never { pairs: to } } else { self.not_found(steps) });
            }
            for place in from..to {
                if let Some(found) = self.steps_from(place, &letters, steps + 1)? {
                    return Ok(found);
                }
                taken += letters.len();
                if self.pairs.len() > MOST_PAIRS || taken > MOST_TAKEN {
                    self.all = false;
                    return Ok(self.not_found(steps));
                }
            }
            (from, steps) = (to, steps + 1);
        }
        Ok(self.not_found(steps))
    }

    fn not_found(&self, steps: u64) -> Outcome {
        Outcome::NotFound { steps, pairs: self.pairs.len(), all: self.all }
    }

    fn steps_from(&mut self, place: usize, letters: &[Vec<i64>], steps: u64) -> Result<Option<Outcome>, Refused> {
        let Pair { states, contexts, body, .. } = self.pairs[place];
        for letter in letters {
            let mut next = [0; 2];
            for (number, machine) in self.machines.iter_mut().enumerate() {
                next[number] = machine.follow(contexts[number], body, states[number], letter)?;
            }
            let body = (body + 1) % self.machines[0].bodies();
            let pair = Pair { states: next, contexts, levels: letter.clone(), before: Some(place), body };
            if !self.note(pair) {
                continue;
            }
            let (exact, rounded) = (self.machines[0].given(next[0])?, self.machines[1].given(next[1])?);
            if exact != rounded {
                let levels = self.levels(self.pairs.len() - 1);
                return Ok(Some(Outcome::Differs { steps, levels, exact, rounded, least: self.all }));
            }
        }
        Ok(None)
    }

    /// Remembers a pair; whether it is new.
    fn note(&mut self, pair: Pair) -> bool {
        let key = (pair.states, pair.contexts, pair.body);
        let next = self.pairs.len();
        let new = *self.numbers.entry(key).or_insert(next) == next;
        if new {
            self.pairs.push(pair);
        }
        new
    }

    /// All that was read on the way to a pair.
    fn levels(&self, place: usize) -> Vec<i64> {
        let pair = &self.pairs[place];
        let before = pair.before.map_or_else(Vec::new, |before| self.levels(before));
        [before, pair.levels.clone()].concat()
    }

    /// Every combination of values of these formats, or some at random.
    fn values(&mut self, formats: &[Format], seed: u64) -> Vec<Vec<i64>> {
        let bits: u64 = formats.iter().map(|format| u64::from(format.bits())).sum();
        let few = bits <= MOST_BITS;
        self.all &= few;
        let mut draw = super::compare::Draws::new(seed);
        let mut one = |number: u64| {
            let mut rest = number;
            let level = |format: &Format| {
                let bits = if few { rest & ((1 << format.bits()) - 1) } else { draw.bits(format.bits()) };
                rest = rest.checked_shr(format.bits()).unwrap_or(0);
                signed(bits, *format)
            };
            formats.iter().map(level).collect()
        };
        (0..if few { 1 << bits } else { SAMPLE }).map(&mut one).collect()
    }
}
