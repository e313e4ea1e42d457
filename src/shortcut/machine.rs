//! A program as a machine: states, what comes in, and which state follows, each step interpreted once from its graph by the reference
//! interpreter; must not know circuits.

use std::collections::HashMap;

use thiserror::Error;

use super::parts::{Layout, Parts};
use crate::number::{Format, Rational};
use crate::tensor::interpret::{Tensor, outputs};

/// A number of a state.
pub type State = u32;

/// The interpreter refused, which it does only where constants are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the reference interpreter has no constants to use")]
pub struct Unknown;

/// States after which all are forgotten, between runs.
const MOST_REMEMBERED: usize = 1 << 21;

type Result<T> = std::result::Result<T, Unknown>;

/// A program run on levels, every transition remembered.
pub struct Machine<'s> {
    parts: Parts<'s>,
    layout: Layout,
    /// What each carried value is rounded to wherever it is read: states that are read alike are one.
    rounded: Vec<Option<Format>>,
    states: Vec<Vec<Tensor>>,
    numbers: HashMap<Vec<Rational>, State>,
    /// What rests on data that come in once, by their levels.
    early: HashMap<Vec<i64>, u32>,
    contexts: Vec<Vec<Tensor>>,
    followers: HashMap<(u32, usize, State, Vec<i64>), State>,
}

impl<'s> Machine<'s> {
    /// The machine of a program's parts.
    pub fn new(parts: Parts<'s>) -> Self {
        Self {
            parts,
            layout: parts.layout(),
            rounded: parts.rounded_when_read(),
            states: Vec::new(),
            numbers: HashMap::new(),
            early: HashMap::new(),
            contexts: Vec::new(),
            followers: HashMap::new(),
        }
    }

    /// How its inputs lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The values given out after all steps, for the levels of all inputs.
    ///
    /// # Errors
    /// When constants are not known.
    pub fn run(&mut self, levels: &[i64]) -> Result<Vec<Rational>> {
        if self.states.len() > MOST_REMEMBERED {
            self.forget();
        }
        let (context, mut state) = self.begin(&levels[..self.layout.head()])?;
        for number in 0..self.layout.steps.len() {
            let (first, end) = self.letter(number);
            state = self.follow(context, number, state, &levels[first..end])?;
        }
        self.given(state)
    }

    /// Where the entries of a step begin and end.
    fn letter(&self, number: usize) -> (usize, usize) {
        let first = self.layout.steps[number];
        (first, first + self.layout.letter())
    }

    fn forget(&mut self) {
        self.states.clear();
        self.numbers.clear();
        self.early.clear();
        self.contexts.clear();
        self.followers.clear();
    }

    /// What rests on data that come in once, and the state to begin with, for the levels before those of the first step.
    ///
    /// # Errors
    /// When constants are not known.
    pub fn begin(&mut self, levels: &[i64]) -> Result<(u32, State)> {
        let (start, early) = (self.layout.start.clone(), self.layout.early.clone());
        let context = self.context(early.start, &levels[early])?;
        let values = self.values(start.start, &levels[start]);
        let made = outputs(self.parts.start(), &[], &mut values.into_iter()).ok_or(Unknown)?;
        Ok((context, self.state(made)))
    }

    fn context(&mut self, first: usize, levels: &[i64]) -> Result<u32> {
        if let Some(known) = self.early.get(levels) {
            return Ok(*known);
        }
        let values = self.values(first, levels);
        let made = match self.parts.early() {
            Some(graph) => outputs(graph, &[], &mut values.into_iter()).ok_or(Unknown)?,
            None => Vec::new(),
        };
        let ports = self.parts.early_outputs().into_iter().map(|output| made[output].clone()).collect();
        self.contexts.push(ports);
        let number = self.contexts.len() as u32 - 1;
        self.early.insert(levels.to_vec(), number);
        Ok(number)
    }

    /// The state after a step.
    ///
    /// # Errors
    /// When constants are not known.
    pub fn follow(&mut self, context: u32, number: usize, state: State, letter: &[i64]) -> Result<State> {
        let body = number % self.parts.bodies().len();
        let key = (context, body, state, letter.to_vec());
        if let Some(known) = self.followers.get(&key) {
            return Ok(*known);
        }
        let ports = [&self.states[state as usize][..], &self.contexts[context as usize][..]].concat();
        let values = self.values(self.layout.head(), letter);
        let made = outputs(&self.parts.bodies()[body], &ports, &mut values.into_iter()).ok_or(Unknown)?;
        let next = self.state(made);
        self.followers.insert(key, next);
        Ok(next)
    }

    /// The values given out in a state.
    ///
    /// # Errors
    /// When constants are not known.
    pub fn given(&self, state: State) -> Result<Vec<Rational>> {
        let carried = &self.states[state as usize];
        let ports: Vec<Tensor> = self.parts.given_out().into_iter().map(|number| carried[number].clone()).collect();
        let made = outputs(self.parts.end(), &ports, &mut std::iter::empty()).ok_or(Unknown)?;
        Ok(made.into_iter().flat_map(|tensor| tensor.values).collect())
    }

    /// How many different steps there are, taken in turn.
    pub fn bodies(&self) -> usize {
        self.parts.bodies().len()
    }

    fn values(&self, first: usize, levels: &[i64]) -> Vec<Rational> {
        let formats = &self.layout.formats[first..];
        levels.iter().zip(formats).map(|(level, format)| format.number(*level)).collect()
    }

    fn state(&mut self, mut tensors: Vec<Tensor>) -> State {
        for (tensor, format) in tensors.iter_mut().zip(&self.rounded) {
            if let Some(format) = format {
                tensor.values.iter_mut().for_each(|value| *value = rounded(value, *format));
            }
        }
        let key: Vec<Rational> = tensors.iter().flat_map(|tensor| tensor.values.iter().cloned()).collect();
        let next = self.states.len() as State;
        *self.numbers.entry(key).or_insert_with(|| {
            self.states.push(tensors);
            next
        })
    }
}

/// The nearest value of a format, ties to even, saturating.
fn rounded(value: &Rational, format: Format) -> Rational {
    format.number(format.nearest(value))
}
