//! Ranges that a model's exact forms take on given inputs, and circuits held to them; knows how circuits are run, nothing of files.

use std::collections::BTreeMap;

use super::{Error, Evaluator, Model};
use crate::expr::Size;
use crate::lower::{self, guard::Calibration};
use crate::number::Rational;
use crate::spec::Spec;
use crate::tensor::{self, Parameters};
use crate::words::Strategy;

/// Runs the model's circuits on every input, each at its own length, and keeps the least and greatest value of each exact form that is
/// rounded.
///
/// # Errors
/// When the model cannot be run on an input.
pub fn calibrate(spec: &Spec, parameters: &Parameters, inputs: &[Vec<u64>]) -> Result<Calibration, Error> {
    let mut lengths: BTreeMap<usize, Vec<&[u64]>> = BTreeMap::new();
    inputs.iter().for_each(|input| lengths.entry(input.len()).or_default().push(input));
    let mut all = Calibration { inputs: inputs.len(), ranges: Vec::new() };
    for (length, inputs) in lengths {
        let model = super::with_parameters(spec, parameters, length as u64, Strategy::Size)?;
        let evaluator = model.evaluator()?;
        for input in inputs {
            widen(&mut all.ranges, evaluator.ranges(input)?);
        }
    }
    Ok(all)
}

/// Lowers a model with the given weights, its exact forms held to the ranges seen.
///
/// # Errors
/// When weights are missing or malformed, or too large to bind.
pub fn calibrated(
    spec: &Spec,
    parameters: &Parameters,
    context: u64,
    strategy: Strategy,
    calibration: &Calibration,
) -> Result<Model, Error> {
    let context = Size::free(&"context".into(), context);
    let graph = tensor::from_architecture(&spec.architecture, &spec.numerics, parameters, &context)?;
    let lowered = lower::lower_within(&graph, strategy, Some(calibration))?;
    Ok(Model { graph, lowered })
}

/// A tensor's name, and the values seen of it.
type Range = (String, Option<(Rational, Rational)>);

fn widen(all: &mut Vec<Range>, more: Vec<Range>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    for ((_, range), (_, new)) in all.iter_mut().zip(more) {
        *range = match (range.take(), new) {
            (Some((lo, hi)), Some((low, high))) => Some((lo.min(low), hi.max(high))),
            (one, other) => one.or(other),
        };
    }
}

impl Evaluator<'_> {
    /// The values that each exact form takes on one input.
    fn ranges(&self, tokens: &[u64]) -> Result<Vec<Range>, Error> {
        let exact = &self.model.lowered.exact;
        let watched: Vec<_> = exact.iter().map(|exact| (exact.form, None)).collect();
        let (_, seen) = self.prepared.run_watching(&self.model.bits(tokens), &watched)?;
        let ranges = exact
            .iter()
            .zip(seen)
            .map(|(exact, seen)| (exact.name.clone(), seen.map(|seen| (exact.worth(&seen.lo), exact.worth(&seen.hi)))));
        Ok(ranges.collect())
    }
}
