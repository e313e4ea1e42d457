//! The claim that an architecture's depth bounds that of every setting of its weights, measured on some; must not know laws.

use super::check::Verdict;
use crate::circuit::measure;
use crate::pipeline::looped::LoopedModel;
use crate::pipeline::subject::{Options, Subject};
use crate::spec::{Document, Looped, WeightSource};
use crate::words::Strategy;

/// The most weights that are drawn.
const MOST_WEIGHTS: u128 = 100_000;

/// Seeds tried.
const SEEDS: u64 = 4;

/// Draws weights, and takes them all zero: no circuit, unrolled, is deeper than the law of the architecture, and a random one is as deep.
///
/// # Errors
/// When there are too many weights to draw, or none.
pub(super) fn any(document: &Document, strategy: Strategy) -> Result<(Verdict, String), String> {
    let count = document.parameters();
    if count == 0 {
        return Err("it has no weights that could be any: they are its state, or stand in its file".to_owned());
    }
    if count > MOST_WEIGHTS {
        return Err(format!("it has {count} weights; at most {MOST_WEIGHTS} are drawn: claim it of a smaller model"));
    }
    let free = Options { strategy, ..Options::default() };
    let subject = Subject::new(document, &free).map_err(|error| error.to_string())?;
    let lengths = subject.lengths();
    let (most, _) = subject.depth(&lengths).ok_or("its depth is not known at its lengths")?;
    let random = (1..=SEEDS).map(|seed| (format!("seed {seed}"), WeightSource::Random { seed, limit: None }));
    let zero = ("all zero".to_owned(), WeightSource::Random { seed: 1, limit: Some(0.0) });
    let mut told = Vec::new();
    for (name, weights) in random.chain([zero]) {
        told.push((name, exact(document, weights, strategy)?));
    }
    let list: Vec<String> = told.iter().map(|(name, depth)| format!("{name}: {depth}")).collect();
    let gates = subject.size(&subject.sizes.gates, &lengths);
    let evidence =
        format!("architecture {most} with at most {gates} gates; with weights, exactly: {}", list.join(", "));
    let bounds = told.iter().all(|(_, depth)| most >= (*depth).into());
    let reached = told.iter().any(|(_, depth)| most == (*depth).into());
    Ok((if bounds && reached { Verdict::Measured } else { Verdict::Refuted }, evidence))
}

/// The depth of the unrolled circuit with these weights.
fn exact(document: &Document, weights: WeightSource, strategy: Strategy) -> Result<u64, String> {
    let mut document = document.clone();
    match &mut document {
        Document::Model(spec) => spec.weights = weights,
        Document::Recurrent(recurrent) => recurrent.weights = weights,
        Document::Looped(looped) => {
            if let Looped::Model(spec, _) = &mut **looped {
                spec.weights = weights;
            }
        }
        Document::Program(_) | Document::Onnx(_) => {}
    }
    let bound = Options { strategy, bound: true, ..Options::default() };
    let model = LoopedModel::of(&document, &bound).map_err(|error| error.to_string())?;
    let circuit = model.unrolled().map_err(|error| error.to_string())?;
    Ok(measure::exact(&circuit).map_err(|error| error.to_string())?.depth)
}
