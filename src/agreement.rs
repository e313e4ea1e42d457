//! How often a model in a number format chooses the tokens recorded of the original, and how wide the formats tried have to be for all of them.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use serde::Serialize;
use thiserror::Error;

use crate::number::{Format, quantise};
use crate::pipeline::{self, Model};
use crate::spec::{self, Spec};
use crate::tensor::{Parameters, params::Source};
use crate::words::Strategy;

mod read;

pub use read::read;

/// One recorded input and what the original gave out.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Token ids.
    pub input: Vec<u64>,
    /// What was given out at its last positions, all of them or as many as are specified.
    pub output: Output,
}

/// What an original gave out, position by position.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The token, or class, of the greatest logit.
    Choices(Vec<u64>),
    /// A number.
    Numbers(Vec<f64>),
}

/// Why recorded outputs were not compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// The file could not be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A line is not an object with `in` and `argmax`.
    #[error(
        "{path}:{line}: {error}\n  help: each line is a JSON object like {{\"in\": [0, 1, 7], \"argmax\": [0, 1, 1]}}"
    )]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        error: String,
    },
    /// The model could not be run.
    #[error(transparent)]
    Model(#[from] pipeline::Error),
    /// A recorded token that the model does not have.
    #[error("recorded input {number}: token {token} does not exist; the model has tokens 0 to {last}")]
    Token {
        /// The recorded input, from 1.
        number: usize,
        /// The token.
        token: u64,
        /// The model's last token.
        last: u64,
    },
    /// The model gives out no choice of token.
    #[error("recorded tokens are compared with logits or an argmax; this model gives out hidden states")]
    NoTokens,
}

/// How many inputs agree in one pair of formats.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Bits of both formats.
    pub bits: u32,
    /// Format of weights.
    pub weights: String,
    /// Format of activations.
    pub activations: String,
    /// Inputs whose compared positions all agree.
    pub agree: usize,
}

/// The result of trying wider and wider formats.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    /// Inputs compared.
    pub inputs: usize,
    /// Which positions of each: `last` or `all`.
    pub positions: &'static str,
    /// In the formats of the report.
    pub here: Trial,
    /// The best formats tried of each width, up to the first in which all inputs agree: activations with 2 to 8 bits before the
    /// point, weights with as many as the largest needs or fewer.
    pub widths: Vec<Trial>,
    /// Whether all inputs agree in the last of them.
    pub found: bool,
}

/// Compares in the spec's formats, then in wider and wider ones until all agree (at most 16 bits).
///
/// # Errors
/// When a token does not exist, the model cannot be run on an input, or gives out no tokens.
pub fn compare(spec: &Spec, parameters: &Parameters, recorded: &[Recorded]) -> Result<Agreement, AgreementError> {
    let here = here(spec, parameters, recorded)?;
    let mut widths: Vec<Trial> = Vec::new();
    for bits in 4..=16 {
        widths.extend(best(spec, parameters, bits, recorded)?);
        if widths.last().is_some_and(|trial| trial.agree == recorded.len()) {
            break;
        }
    }
    let found = widths.last().is_some_and(|trial| trial.agree == recorded.len());
    let positions = if spec.architecture.last_only { "last" } else { "all" };
    Ok(Agreement { inputs: recorded.len(), positions, here, widths, found })
}

/// Compares in the spec's formats alone.
///
/// # Errors
/// As [`compare`].
pub fn here(spec: &Spec, parameters: &Parameters, recorded: &[Recorded]) -> Result<Trial, AgreementError> {
    check(spec, recorded)?;
    let here = Pair { weights: spec.numerics.weights, activations: spec.numerics.activations };
    Ok(here.told(agreeing(spec, parameters, here, recorded, None)?.unwrap_or(0)))
}

/// Refuses tokens and classes that the model does not have, and models that choose none.
fn check(spec: &Spec, recorded: &[Recorded]) -> Result<(), AgreementError> {
    if spec.architecture.output == spec::Output::Hidden {
        return Err(AgreementError::NoTokens);
    }
    for (number, line) in (1..).zip(recorded) {
        let chosen: &[u64] = if let Output::Choices(chosen) = &line.output { chosen } else { &[] };
        for (ids, all) in [(&*line.input, spec.architecture.vocabulary), (chosen, spec.architecture.outputs())] {
            if let Some(token) = ids.iter().copied().find(|token| *token >= all) {
                return Err(AgreementError::Token { number, token, last: all - 1 });
            }
        }
    }
    Ok(())
}

/// A format of weights and one of activations.
#[derive(Clone, Copy)]
struct Pair {
    weights: Format,
    activations: Format,
}

impl Pair {
    fn told(self, agree: usize) -> Trial {
        let bits = self.weights.bits().max(self.activations.bits());
        Trial { bits, weights: self.weights.to_string(), activations: self.activations.to_string(), agree }
    }
}

/// The first of the formats tried of this width in which most inputs agree.
fn best(
    spec: &Spec,
    parameters: &Parameters,
    bits: u32,
    recorded: &[Recorded],
) -> Result<Option<Trial>, AgreementError> {
    let mut best: Option<Trial> = None;
    for weights in weight_formats(parameters, bits) {
        for activations in (2..=bits.min(8)).filter_map(|integer| Format::new(integer, bits - integer).ok()) {
            let (pair, beaten) = (Pair { weights, activations }, best.as_ref().map(|best| best.agree));
            if beaten.is_none_or(|beaten| beaten < recorded.len())
                && let Some(agree) = agreeing(spec, parameters, pair, recorded, beaten)?
            {
                best = Some(pair.told(agree));
            }
        }
    }
    Ok(best)
}

/// As many bits before the point as the largest weight needs, then fewer, in which larger weights saturate.
fn weight_formats(parameters: &Parameters, bits: u32) -> Vec<Format> {
    let Source::Given(tensors) = &parameters.source else { return vec![parameters.format] };
    let largest = tensors.values().flat_map(|(_, values)| values).fold(0f64, |largest, value| largest.max(value.abs()));
    let fits = |integer: &u32| 2f64.powi(*integer as i32 - 1) > largest;
    let needed = (1..bits).find(fits).unwrap_or(bits);
    (1..=needed).rev().filter_map(|integer| Format::new(integer, bits - integer).ok()).collect()
}

/// How many inputs agree; none as soon as they cannot be more than `beaten`.
fn agreeing(
    spec: &Spec,
    parameters: &Parameters,
    pair: Pair,
    recorded: &[Recorded],
    beaten: Option<usize>,
) -> Result<Option<usize>, AgreementError> {
    if !told_apart(pair.activations, recorded) {
        return Ok(beaten.is_none().then_some(0));
    }
    let mut spec = spec.clone();
    (spec.numerics.weights, spec.numerics.activations) = (pair.weights, pair.activations);
    let parameters = Parameters { format: pair.weights, source: parameters.source.clone() };
    let mut by_length: BTreeMap<usize, Vec<&Recorded>> = BTreeMap::new();
    recorded.iter().for_each(|line| by_length.entry(line.input.len()).or_default().push(line));
    let (mut agree, mut left) = (0, recorded.len());
    for (length, lines) in by_length {
        let model = pipeline::with_parameters(&spec, &parameters, length as u64, Strategy::Size)?;
        let evaluator = model.evaluator()?;
        for line in lines {
            if beaten.is_some_and(|beaten| agree + left <= beaten) {
                return Ok(None);
            }
            left -= 1;
            agree += usize::from(agrees(&model, &evaluator.run(&line.input)?, pair.activations, line));
        }
    }
    Ok(Some(agree))
}

/// Whether the circuit gives out at the last positions what was recorded: the same choices, or the same numbers once these are
/// rounded to the format of activations (which must tell all that were recorded apart: [`told_apart`]).
fn agrees(model: &Model, values: &[BigInt], format: Format, recorded: &Recorded) -> bool {
    let outputs = model.graph.node(model.graph.output()).shape.last().map_or(1, |size| size.value);
    let rows = values.chunks(outputs as usize);
    match &recorded.output {
        Output::Choices(chosen) => last_equal(&rows.map(first_greatest).collect::<Vec<_>>(), chosen),
        Output::Numbers(numbers) => {
            let rounded = numbers.iter().map(|number| quantise(*number, format).map(BigInt::from));
            rounded.collect::<Option<Vec<_>>>().is_some_and(|rounded| last_equal(values, &rounded))
        }
    }
}

/// Whether numbers that were recorded as different are different levels of a format, but for the noise of the recording.
fn told_apart(format: Format, recorded: &[Recorded]) -> bool {
    let numbers = |line: &Recorded| match &line.output {
        Output::Numbers(numbers) => numbers.clone(),
        Output::Choices(_) => Vec::new(),
    };
    let mut numbers: Vec<f64> = recorded.iter().flat_map(numbers).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let apart = |pair: &[f64]| pair[1] - pair[0] < NOISE || quantise(pair[0], format) != quantise(pair[1], format);
    numbers.windows(2).all(apart)
}

/// Recorded numbers nearer than this are one number.
const NOISE: f64 = 1e-6;

/// Whether two lists have the same end, as far as both reach.
fn last_equal<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    let shorter = a.len().min(b.len());
    a[a.len() - shorter..] == b[b.len() - shorter..]
}

fn first_greatest(row: &[BigInt]) -> u64 {
    let greatest = row.iter().max();
    row.iter().position(|value| Some(value) == greatest).unwrap_or(0) as u64
}
