//! The claim that an architecture's depth bounds that of every setting of its weights, measured on some; must not know laws.

use super::check::Verdict;
use crate::pipeline;
use crate::spec::{self, Document, Spec};
use crate::tensor::Parameters;
use crate::tensor::params::Source;
use crate::words::Strategy;

/// The most weights that are drawn.
const MOST_WEIGHTS: u128 = 100_000;

/// Seeds tried.
const SEEDS: u64 = 4;

/// Draws weights, and takes them all zero: no circuit is deeper than the architecture's, and a random one is as deep.
///
/// # Errors
/// When there are too many weights to draw, or the document is no plain model.
pub(super) fn any(document: &Document, strategy: Strategy) -> Result<(Verdict, String), String> {
    let Document::Model(spec) = document else {
        return Err("`weights` is asked of transformers without loops only".to_owned());
    };
    let count = spec::count(&spec.architecture);
    if count > MOST_WEIGHTS {
        return Err(format!("it has {count} weights; at most {MOST_WEIGHTS} are drawn: claim it of a smaller model"));
    }
    let context = spec.architecture.default_context;
    let depth = pipeline::architecture(spec, context, strategy).and_then(|model| model.measure());
    let measure = depth.map_err(|error| error.to_string())?;
    let (most, gates) = (measure.depth, measure.value(&measure.gates));
    let random = (1..=SEEDS).map(|seed| (format!("seed {seed}"), Source::Random { seed, limit: i64::MAX }));
    let mut told = Vec::new();
    for (name, source) in random.chain([("all zero".to_owned(), Source::Constant(0))]) {
        told.push((name, exact(spec, source, context, strategy)?));
    }
    let list: Vec<String> = told.iter().map(|(name, depth)| format!("{name}: {depth}")).collect();
    let evidence =
        format!("architecture {most} with at most {gates} gates; with weights, exactly: {}", list.join(", "));
    let bounds = told.iter().all(|(_, depth)| *depth <= most);
    let reached = told.iter().any(|(_, depth)| *depth == most);
    Ok((if bounds && reached { Verdict::Measured } else { Verdict::Refuted }, evidence))
}

fn exact(spec: &Spec, source: Source, context: u64, strategy: Strategy) -> Result<u64, String> {
    let weights = Parameters { format: spec.numerics.weights, source };
    let measure = pipeline::with_parameters(spec, &weights, context, strategy).and_then(|model| model.measure());
    Ok(measure.map_err(|error| error.to_string())?.depth)
}
