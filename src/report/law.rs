//! How depth and sizes grow in the dimensions left free; must not know single operations.
//!
//! No array's depth uses a size, so depth is constant in the context. From block to block nothing but the residual
//! stream is passed on: the depth after a block is the depth before it plus a number of layers of the block's own.

use serde::Serialize;

use crate::circuit::Circuit;
use crate::circuit::measure::{Bound, Measure};
use crate::expr::Expr;
use crate::pipeline::{self, Model};
use crate::spec::Spec;
use crate::words::Strategy;

/// How fast something grows in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// `constant`, `logarithmic`, `linear`, or why none can be said.
    pub growth: &'static str,
    /// Layers for each one more; where logarithmic, for each doubling.
    pub rate: String,
}

/// The depth as a function of the free dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Law {
    /// The function, of the architecture: an upper bound for every setting of the weights.
    pub depth: String,
    /// `upper`.
    pub bound: &'static str,
    /// In the number of tokens.
    pub context: Growth,
    /// In the number of blocks; none in a model without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<Growth>,
}

/// The sizes as polynomials in the free dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SizeLaw {
    /// Gates.
    pub gates: String,
    /// Wires.
    pub wires: String,
    /// Where both hold.
    pub valid: String,
}

/// Blocks from which the law is read: the first, which follows the embedding, and at least two that follow a block.
pub(super) const BLOCKS: usize = 3;

/// The sizes of a measured circuit; with weights bound, those at its context only.
pub(super) fn sizes(spec: &Spec, model: &Model, measure: &Measure) -> SizeLaw {
    let valid = match measure.bound {
        Bound::Exact => format!("context = {}", model.lowered.tokens),
        Bound::Upper => range(spec, &measure.gates, &measure.wires),
    };
    SizeLaw { gates: measure.gates.to_string(), wires: measure.wires.to_string(), valid }
}

fn range(spec: &Spec, gates: &Expr, wires: &Expr) -> String {
    let ranges = [gates, wires].into_iter().filter_map(|expr| expr.validity().get("context").copied());
    let limit = spec.architecture.context_limit().map(|rows| (1, rows));
    let (low, high) = ranges.chain(limit).fold((1, u64::MAX), |range, next| (range.0.max(next.0), range.1.min(next.1)));
    match (low, high) {
        (..=1, u64::MAX) => "every context".to_owned(),
        (_, u64::MAX) => format!("context >= {low}"),
        (..=1, _) => format!("context <= {high}"),
        _ => format!("{low} <= context <= {high}"),
    }
}

/// The depth of the architecture in the number of blocks.
pub(super) fn depth(spec: &Spec, model: &Model, measure: &Measure, strategy: Strategy) -> Result<Law, pipeline::Error> {
    let blocks = spec.architecture.blocks.len();
    if measure.bound == Bound::Upper && (blocks >= BLOCKS || blocks == 0) {
        return Ok(law(measure.depth, &per_block(&model.lowered.circuit, measure, blocks)));
    }
    let longer = lengthened(spec);
    let model = pipeline::architecture(&longer, model.lowered.tokens, strategy)?;
    let measure = model.measure()?;
    let layers = per_block(&model.lowered.circuit, &measure, longer.architecture.blocks.len());
    Ok(law(measure.depth, &layers))
}

/// The same model with its last block repeated until there are enough.
pub(super) fn lengthened(spec: &Spec) -> Spec {
    let mut longer = spec.clone();
    let blocks = &mut longer.architecture.blocks;
    if let Some(last) = blocks.last().cloned() {
        blocks.resize(blocks.len().max(BLOCKS), last);
    }
    longer
}

/// Layers of the critical path in each block.
fn per_block(circuit: &Circuit, measure: &Measure, blocks: usize) -> Vec<u64> {
    let mut layers = vec![0; blocks];
    for id in &measure.critical_path {
        let origin = &circuit.origins()[circuit.array(*id).origin.index()];
        let number = origin.module.first().and_then(|name| name.strip_prefix("block ")?.parse::<usize>().ok());
        if let Some(count) = number.and_then(|number| layers.get_mut(number)) {
            *count += 1;
        }
    }
    layers
}

fn law(depth: u64, blocks: &[u64]) -> Law {
    let (text, layers) = match blocks {
        [] => (depth.to_string(), None),
        [_, rest @ ..] => {
            let rate = blocks[blocks.len() - 1];
            match rest.iter().all(|layers| *layers == rate) {
                true => (line(rate, depth, blocks.len() as u64), Some(growth(rate))),
                false => (sum(depth, blocks), Some(pattern())),
            }
        }
    };
    Law { depth: text, bound: "upper", context: growth(0), layers }
}

/// `rate*layers + rest`, which is `depth` for this many.
fn line(rate: u64, depth: u64, blocks: u64) -> String {
    let inside = rate * blocks;
    match (rate, depth.cmp(&inside)) {
        (0, _) => depth.to_string(),
        (_, std::cmp::Ordering::Equal) => format!("{rate}*layers"),
        (_, std::cmp::Ordering::Greater) => format!("{rate}*layers + {}", depth - inside),
        (_, std::cmp::Ordering::Less) => format!("{rate}*layers - {}", inside - depth),
    }
}

/// The blocks' layers, neighbours that have the same in one, and the rest.
fn sum(depth: u64, blocks: &[u64]) -> String {
    let runs = blocks.chunk_by(|a, b| a == b).map(|run| format!("{}*{}", run.len(), run[0]));
    let rest = depth - blocks.iter().sum::<u64>();
    runs.chain([rest.to_string()]).collect::<Vec<_>>().join(" + ")
}

fn growth(rate: u64) -> Growth {
    Growth { growth: if rate == 0 { "constant" } else { "linear" }, rate: rate.to_string() }
}

pub(super) fn pattern() -> Growth {
    Growth { growth: "depends on the pattern", rate: "depends on the pattern".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_read_from_the_blocks() {
        assert_eq!(law(31, &[9, 9, 9]).depth, "9*layers + 4");
        assert_eq!(law(30, &[8, 9, 9]).depth, "9*layers + 3");
        assert_eq!(law(26, &[8, 9, 9]).depth, "9*layers - 1");
        assert_eq!(law(27, &[9, 9, 9]).depth, "9*layers");
        assert_eq!((law(4, &[]).depth.as_str(), law(4, &[]).layers), ("4", None));
        let mixed = law(32, &[9, 9, 10]);
        assert_eq!((mixed.depth.as_str(), mixed.layers), ("2*9 + 1*10 + 4", Some(pattern())));
    }
}
