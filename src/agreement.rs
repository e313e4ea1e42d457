//! How often a model in a number format chooses the tokens recorded of the original, and how wide a format has to be for all of them.

use std::path::Path;

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::number::Format;
use crate::pipeline::{self, Model};
use crate::spec::Spec;
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

/// The result of a search for the narrowest format.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    /// Inputs compared.
    pub inputs: usize,
    /// Which positions of each: `last` or `all`.
    pub positions: &'static str,
    /// In the formats of the report.
    pub here: Trial,
    /// The best activation format of each width tried, weights as wide, up to the first in which all inputs agree.
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
/// When the model cannot be run on an input, or gives out no tokens.
pub fn compare(spec: &Spec, parameters: &Parameters, recorded: &[Recorded]) -> Result<Agreement, AgreementError> {
    let numerics = spec.numerics;
    let here = trial(spec, parameters, numerics.weights, numerics.activations, recorded)?;
    let mut widths: Vec<Trial> = Vec::new();
    for bits in 4..=16 {
        let mut best: Option<Trial> = None;
        for activations in (2..=bits.min(7)).filter_map(|integer| Format::new(integer, bits - integer).ok()) {
            let next = trial(spec, parameters, weight_format(parameters, bits), activations, recorded)?;
            if best.as_ref().is_none_or(|best| next.agree > best.agree) {
                best = Some(next);
            }
        }
        let found = best.as_ref().is_some_and(|best| best.agree == recorded.len());
        widths.extend(best);
        if found {
            break;
        }
    }
    let found = widths.last().is_some_and(|trial| trial.agree == recorded.len());
    let positions = if spec.architecture.last_only { "last" } else { "all" };
    Ok(Agreement { inputs: recorded.len(), positions, here, widths, found })
}

/// As many bits before the point as the largest weight needs.
fn weight_format(parameters: &Parameters, bits: u32) -> Format {
    let Source::Given(tensors) = &parameters.source else { return parameters.format };
    let largest = tensors.values().flat_map(|(_, values)| values).fold(0f64, |largest, value| largest.max(value.abs()));
    let fits = |integer: &u32| 2f64.powi(*integer as i32 - 1) > largest;
    let integer = (1..bits).find(fits).unwrap_or(bits);
    Format::new(integer, bits - integer).unwrap_or(parameters.format)
}

fn trial(
    spec: &Spec,
    parameters: &Parameters,
    weights: Format,
    activations: Format,
    recorded: &[Recorded],
) -> Result<Trial, AgreementError> {
    let mut spec = spec.clone();
    (spec.numerics.weights, spec.numerics.activations) = (weights, activations);
    let parameters = Parameters { format: weights, source: parameters.source.clone() };
    let mut models: Vec<Model> = Vec::new();
    let mut agree = 0;
    for recorded in recorded {
        let length = recorded.input.len() as u64;
        if !models.iter().any(|model| model.lowered.tokens == length) {
            models.push(pipeline::with_parameters(&spec, &parameters, length, Strategy::Size)?);
        }
        let model = models.iter().find(|model| model.lowered.tokens == length);
        agree += usize::from(model.map_or(Ok(false), |model| agrees(model, recorded))?);
    }
    let bits = weights.bits().max(activations.bits());
    Ok(Trial { bits, weights: weights.to_string(), activations: activations.to_string(), agree })
}

fn agrees(model: &Model, recorded: &Recorded) -> Result<bool, AgreementError> {
    if model.graph.output_name() == "hidden" {
        return Err(AgreementError::NoTokens);
    }
    let values = model.evaluate(&recorded.input)?;
    let chosen: Vec<u64> = values.chunks(model.lowered.vocabulary as usize).map(first_greatest).collect();
    let compared = &recorded.argmax[recorded.argmax.len() - chosen.len().min(recorded.argmax.len())..];
    Ok(chosen == compared)
}

fn first_greatest(row: &[BigInt]) -> u64 {
    let greatest = row.iter().max();
    row.iter().position(|value| Some(value) == greatest).unwrap_or(0) as u64
}
