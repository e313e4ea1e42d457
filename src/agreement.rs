//! How often a model in a number format chooses the tokens recorded of the original, and how wide the formats tried have to be for all of them.

use std::path::Path;

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::number::Format;
use crate::pipeline::{self, Model};
use crate::spec::{Output, Spec};
use crate::tensor::{Parameters, params::Source};
use crate::words::Strategy;

/// One recorded input and the token of the greatest logit at each of its positions; other fields of a line are not read.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// Token ids.
    #[serde(rename = "in")]
    pub input: Vec<u64>,
    /// The chosen tokens.
    pub argmax: Vec<u64>,
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
    /// The best formats tried of each width, up to the first in which all inputs agree: activations with 2 to 7 bits before the
    /// point, weights with as many as the largest needs or fewer.
    pub widths: Vec<Trial>,
    /// Whether all inputs agree in the last of them.
    pub found: bool,
}

/// Reads a file of one JSON object a line.
///
/// # Errors
/// When it cannot be read, or a line is malformed.
pub fn read(path: &Path) -> Result<Vec<Recorded>, AgreementError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| AgreementError::File { path: name.clone(), error })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        let wrong = |error: String| AgreementError::Line { path: name.clone(), line: number + 1, error };
        let recorded: Recorded = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let same = recorded.input.len() == recorded.argmax.len() && !recorded.input.is_empty();
        if same { Ok(recorded) } else { Err(wrong("`in` and `argmax` are lists of the same length".to_owned())) }
    };
    let recorded: Vec<Recorded> = lines.map(parse).collect::<Result<_, _>>()?;
    if recorded.is_empty() {
        return Err(AgreementError::Line { path: name, line: 1, error: "there is no recorded input".to_owned() });
    }
    Ok(recorded)
}

/// Compares in the spec's formats, then in wider and wider ones until all agree (at most 16 bits).
///
/// # Errors
/// When a token does not exist, the model cannot be run on an input, or gives out no tokens.
pub fn compare(spec: &Spec, parameters: &Parameters, recorded: &[Recorded]) -> Result<Agreement, AgreementError> {
    check(spec, recorded)?;
    let here = Pair { weights: spec.numerics.weights, activations: spec.numerics.activations };
    let here = here.told(agreeing(spec, parameters, here, recorded, None)?.unwrap_or(0));
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

/// Refuses tokens that the model does not have, and models that choose none.
fn check(spec: &Spec, recorded: &[Recorded]) -> Result<(), AgreementError> {
    if spec.architecture.output == Output::Hidden {
        return Err(AgreementError::NoTokens);
    }
    let last = spec.architecture.vocabulary - 1;
    for (number, line) in (1..).zip(recorded) {
        if let Some(token) = line.input.iter().chain(&line.argmax).copied().find(|token| *token > last) {
            return Err(AgreementError::Token { number, token, last });
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
        for activations in (2..=bits.min(7)).filter_map(|integer| Format::new(integer, bits - integer).ok()) {
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
    let mut spec = spec.clone();
    (spec.numerics.weights, spec.numerics.activations) = (pair.weights, pair.activations);
    let parameters = Parameters { format: pair.weights, source: parameters.source.clone() };
    let mut models: Vec<Model> = Vec::new();
    let mut agree = 0;
    for (place, recorded_here) in recorded.iter().enumerate() {
        if beaten.is_some_and(|beaten| agree + recorded.len() - place <= beaten) {
            return Ok(None);
        }
        let length = recorded_here.input.len() as u64;
        if !models.iter().any(|model| model.lowered.tokens == length) {
            models.push(pipeline::with_parameters(&spec, &parameters, length, Strategy::Size)?);
        }
        let model = models.iter().find(|model| model.lowered.tokens == length);
        agree += usize::from(model.map_or(Ok(false), |model| agrees(model, recorded_here))?);
    }
    Ok(Some(agree))
}

fn agrees(model: &Model, recorded: &Recorded) -> Result<bool, AgreementError> {
    let values = model.evaluate(&recorded.input)?;
    let chosen: Vec<u64> = values.chunks(model.lowered.vocabulary as usize).map(first_greatest).collect();
    let compared = &recorded.argmax[recorded.argmax.len() - chosen.len().min(recorded.argmax.len())..];
    Ok(chosen == compared)
}

fn first_greatest(row: &[BigInt]) -> u64 {
    let greatest = row.iter().max();
    row.iter().position(|value| Some(value) == greatest).unwrap_or(0) as u64
}
