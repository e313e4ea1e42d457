//! A model as the command line names it: file, flags, weights; must not know what is done with it.

use super::failure::Failure;
use crate::report::figures::grouped;
use crate::spec::{self, Spec, WeightSource};
use crate::tensor::Parameters;
use crate::{pipeline, report};

/// Most weights that are held in memory.
const MOST_WEIGHTS: u128 = 1 << 28;

/// Reads or draws the weights of a model.
pub(super) fn weights(spec: &Spec) -> Result<Parameters, Failure> {
    let count = spec::count(&spec.architecture);
    if spec.weights == WeightSource::Free {
        let message = format!("{} comes without weights", spec.architecture.name);
        let help = "name some with --weights FILE.safetensors, or use `report`, which needs none";
        return Err(Failure::refused(format!("{message}\n  help: {help}")));
    }
    if count > MOST_WEIGHTS {
        let (count, most) = (grouped(&count.to_string()), grouped(&MOST_WEIGHTS.to_string()));
        let message = format!("{count} weights are too many to hold (at most {most})");
        return Err(Failure::refused(format!("{message}\n  help: use `report`, which measures without reading them")));
    }
    Ok(pipeline::parameters(spec)?)
}

/// Token ids that the model has.
pub(super) fn tokens(spec: &Spec, input: &[i64]) -> Result<Vec<u64>, Failure> {
    let vocabulary = spec.architecture.vocabulary;
    let token = |(place, value): (usize, &i64)| {
        let token = u64::try_from(*value).ok().filter(|token| *token < vocabulary);
        let message = || format!("token {place} is {value}; allowed are 0 to {}", vocabulary - 1);
        token.ok_or_else(|| Failure::refused(message()))
    };
    input.iter().enumerate().map(token).collect()
}

/// The key under which a circuit file says what tokens and classes are called, as JSON.
pub(super) const NAMES: &str = "names";

/// What a circuit file says about the model it was made from.
pub(super) fn metadata(spec: &Spec, model: &pipeline::Model, strategy: &str) -> Vec<(String, String)> {
    let numerics = &spec.numerics;
    let entries = [
        ("name", spec.architecture.name.clone()),
        ("output", model.graph.output_name().to_owned()),
        ("fraction", model.lowered.fraction.to_string()),
        ("context", model.lowered.tokens.to_string()),
        ("strategy", strategy.to_owned()),
        ("weights_format", numerics.weights.to_string()),
        ("activations_format", numerics.activations.to_string()),
        ("rounding", report::rounding_name(numerics.rounding).to_owned()),
        ("accumulate", numerics.accumulate.to_string()),
        ("accumulator", numerics.accumulator.unwrap_or(numerics.activations).to_string()),
        ("score_clamp", numerics.score_clamp.to_string()),
        ("exp_bits", numerics.exp_bits.to_string()),
        ("weights", report::weights_name(&spec.weights)),
    ];
    let names = spec.names.as_ref().and_then(|names| serde_json::to_string(names).ok()).map(|names| (NAMES, names));
    entries.into_iter().chain(names).map(|(key, value)| (key.to_owned(), value)).collect()
}
