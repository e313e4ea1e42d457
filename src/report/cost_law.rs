//! How depth in a cost model grows in context and blocks; must not know single operations.
//!
//! The depth is a maximum over paths, each a sum of constants and logarithms. As in a circuit, nothing but the residual stream is
//! passed from block to block, so a path grows with blocks by what it costs in one of them.

use std::collections::BTreeMap;

use num_traits::Zero;

use super::law::{Growth, Law};
use crate::cost::{Analysis, analyse};
use crate::expr::{Atom, Expr};
use crate::number::Rational;
use crate::pipeline;
use crate::spec::Spec;
use crate::tensor::Graph;

/// The depth as a function of context and blocks.
pub(super) fn depth(spec: &Spec, context: u64, graph: &Graph, analysis: &Analysis) -> Result<Law, pipeline::Error> {
    let blocks = spec.architecture.blocks.len();
    if blocks >= BLOCKS || blocks == 0 {
        return Ok(law(graph, analysis, blocks));
    }
    let longer = lengthened(spec);
    let graph = pipeline::graph(&longer, context)?;
    Ok(law(&graph, &analyse(&graph, analysis.model), longer.architecture.blocks.len()))
}

fn law(graph: &Graph, analysis: &Analysis, blocks: usize) -> Law {
    let candidates = analysis.deepest.of(analysis.output);
    let paths: Vec<Path> = (0..candidates.len())
        .map(|place| {
            let nodes = analysis.deepest.path(analysis.output, place);
            Path { depth: candidates[place].depth.clone(), blocks: per_block(graph, analysis, &nodes, blocks) }
        })
        .collect();
    let texts = |text: fn(&Path) -> String| greatest_of(paths.iter().map(text).collect());
    let layers = match paths.iter().all(|path| path.rate().is_some()) {
        _ if blocks == 0 => None,
        true => Some(growth_in_layers(&paths, texts(|path| path.rate().unwrap_or_default().to_string()))),
        false => Some(pattern()),
    };
    let (depth, context) = (texts(Path::text), growth_in_context(&paths));
    Law { depth, bound: "upper", context, layers, certificates: Vec::new() }
}

/// Blocks from which the law is read: the first, which follows the embedding, and at least two that follow a block.
const BLOCKS: usize = 3;

/// The same model with its last block repeated until there are enough.
fn lengthened(spec: &Spec) -> Spec {
    let mut longer = spec.clone();
    let blocks = &mut longer.architecture.blocks;
    if let Some(last) = blocks.last().cloned() {
        blocks.resize(blocks.len().max(BLOCKS), last);
    }
    longer
}

fn pattern() -> Growth {
    Growth { growth: "depends on the pattern".to_owned(), rate: "depends on the pattern".to_owned() }
}

fn greatest_of(mut texts: Vec<String>) -> String {
    texts.dedup();
    if texts.len() == 1 { texts.remove(0) } else { format!("max({})", texts.join(", ")) }
}

/// What a path costs in each block.
fn per_block(graph: &Graph, analysis: &Analysis, nodes: &[usize], blocks: usize) -> Vec<Expr> {
    let mut list = vec![Expr::default(); blocks];
    let ids: Vec<_> = graph.order().collect();
    for node in nodes {
        let module = graph.node(ids[*node]).module.first();
        let number = module.and_then(|name| name.strip_prefix("block ")?.parse::<usize>().ok());
        if let Some(total) = number.and_then(|number| list.get_mut(number)) {
            *total += &analysis.nodes[*node].depth;
        }
    }
    list
}

/// One of the paths that are deepest somewhere.
struct Path {
    depth: Expr,
    blocks: Vec<Expr>,
}

impl Path {
    /// What each further block adds, if it is the same for all that follow a block.
    fn rate(&self) -> Option<Expr> {
        let [_, rest @ ..] = &self.blocks[..] else { return Some(Expr::default()) };
        let last = self.blocks.last()?;
        rest.iter().all(|block| block == last).then(|| last.clone())
    }

    fn text(&self) -> String {
        let (parts, inside) = match self.rate() {
            Some(rate) => (vec![product("layers", &rate)], scaled(&rate, self.blocks.len())),
            None => self.runs(),
        };
        let rest = &self.depth + &scaled_by(&inside, -1);
        let rest = if rest.is_zero() { String::new() } else { rest.to_string() };
        let rest = if rest.starts_with('-') { format!("({rest})") } else { rest };
        let parts: Vec<String> = parts.into_iter().chain([rest]).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") }
    }

    /// Equal blocks together.
    fn runs(&self) -> (Vec<String>, Expr) {
        let (mut counts, mut inside) = (BTreeMap::<&Expr, u64>::new(), Expr::default());
        for block in &self.blocks {
            *counts.entry(block).or_insert(0) += 1;
            inside += block;
        }
        (counts.into_iter().map(|(block, count)| product(&count.to_string(), block)).collect(), inside)
    }
}

fn product(count: &str, expr: &Expr) -> String {
    match (expr.is_zero(), expr.is_constant()) {
        (true, _) => String::new(),
        (_, true) => format!("{expr}*{count}"),
        _ if count == "1" => expr.to_string(),
        _ => format!("{count}*({expr})"),
    }
}

fn scaled(expr: &Expr, times: usize) -> Expr {
    scaled_by(expr, times as i64)
}

fn scaled_by(expr: &Expr, times: i64) -> Expr {
    expr.scaled(&Rational::from_integer(times.into()))
}

fn growth_in_layers(paths: &[Path], rate: String) -> Growth {
    let still = paths.iter().all(|path| path.rate().is_some_and(|rate| rate.is_zero()));
    Growth { growth: if still { "constant" } else { "linear" }.to_owned(), rate }
}

/// Bounded, how much for each token, or how much for each doubling; logarithms of logarithms are not in the rate.
fn growth_in_context(paths: &[Path]) -> Growth {
    let tokens = paths.iter().map(|path| per_token(&path.depth)).max().unwrap_or_else(Rational::zero);
    if !tokens.is_zero() {
        return Growth { growth: "linear".to_owned(), rate: tokens.to_string() };
    }
    let growing = |path: &Path| !path.depth.is_bounded();
    let rate = paths.iter().map(|path| doubling(&path.depth)).max().unwrap_or_else(Rational::zero);
    let growth = if paths.iter().any(growing) { "logarithmic" } else { "constant" }.to_owned();
    Growth { growth, rate: rate.to_string() }
}

/// The coefficient of the context itself.
fn per_token(depth: &Expr) -> Rational {
    let terms = depth.terms().filter(|(factors, _)| matches!(factors, [(Atom::Dim(name), 1)] if &**name == "context"));
    terms.fold(Rational::zero(), |total, (_, coefficient)| total + coefficient)
}

/// The coefficients of logarithms of the context together.
fn doubling(depth: &Expr) -> Rational {
    let of_context = |atom: &Atom| matches!(atom, Atom::CeilLog2(inner) if inner.degree("context") > 0);
    let terms = depth.terms().filter(|(factors, _)| matches!(factors, [(atom, 1)] if of_context(atom)));
    terms.fold(Rational::zero(), |total, (_, coefficient)| total + coefficient)
}
