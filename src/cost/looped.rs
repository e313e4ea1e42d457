//! Costs of graphs repeated along axes: a skeleton with latencies in the unit of a model, and counts; must not know circuits or laws.
//!
//! Where the bodies of a block cost differently (windows of different lengths, constants of different widths), each operation of all is
//! counted like the dearest, so that depth and count are upper bounds for every body.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use thiserror::Error;

use super::named::Named;
use super::names::Place;
use super::{Analysis, Cost, Model, analyse_body};
use crate::expr::{Dim, Expr, greatest};
use crate::loops::Block;
use crate::loops::skeleton::{Part, Reads, Skeleton, Vertex};
use crate::tensor::looped::{Looped, lateness};
use crate::tensor::{Graph, Op};

/// The costs of a looped graph.
#[derive(Clone, Debug)]
pub struct Costs {
    /// What is counted.
    pub model: Model,
    /// All that depth rests on: a vertex per operation, its latency that of its construction at the sizes of the graphs.
    pub named: Named,
    /// Operations or gates of one iteration of each block.
    pub blocks: Vec<Expr>,
    /// Operations or gates of all iterations, in the lengths of axes and in dimensions inside of bodies.
    pub count: Expr,
    /// Dimensions inside of bodies with the lengths they are bound to.
    pub dims: BTreeMap<Dim, u64>,
    /// Whether all bodies of each block cost the same; else depth and counts are upper bounds, as above.
    pub alike: bool,
}

/// Bodies of one block that are not wired alike.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the bodies of block `{0}` do not have the same operations: no cost can be given for all of its iterations")]
pub struct Unlike(pub String);

/// The widths of exact values that a body's ports carry, in order: bits, and bits after the point.
pub type Widths = Vec<(u64, u64)>;

/// The costs of looped graphs; `ports` has an entry per block, which is not read in the arithmetic model.
///
/// # Errors
/// When bodies of a block differ in more than what they cost.
pub fn costs(graph: &Looped, model: Model, ports: &[Widths]) -> Result<Costs, Unlike> {
    let mut found = Vec::with_capacity(graph.blocks().len());
    for (number, block) in graph.blocks().iter().enumerate() {
        let widths = ports.get(number).map_or(&[][..], Vec::as_slice);
        found.push(Body::of(block, model, widths, &lateness(graph, number)).ok_or_else(|| Unlike(block.name.clone()))?);
    }
    let made: Result<Skeleton, std::convert::Infallible> = graph.map(|number, _| Ok(found[number].part.clone()));
    let Ok(skeleton) = made;
    let places = graph.blocks().iter().map(|block| places(&block.name, &block.bodies[0])).collect();
    let mut count = Expr::default();
    for (block, body) in graph.blocks().iter().zip(&found) {
        let lengths = block.axes.iter().map(|axis| Expr::dim(&graph.axes()[*axis].name));
        count += &lengths.fold(body.count.clone(), |product, length| &product * &length);
    }
    Ok(Costs {
        model,
        named: Named { skeleton, places },
        count,
        dims: found.iter().flat_map(|body| body.dims.clone()).collect(),
        alike: found.iter().all(|body| body.alike),
        blocks: found.into_iter().map(|body| body.count).collect(),
    })
}

/// Where the operations of a body stand.
fn places(block: &str, graph: &Graph) -> Vec<Place> {
    let path = |id| {
        let node = graph.node(id);
        let own = node.module.iter().chain(std::iter::once(&node.label));
        Place { path: std::iter::once(block.to_owned()).chain(own.cloned()).collect() }
    };
    graph.order().map(path).collect()
}

/// What stands for all bodies of a block.
struct Body {
    part: Part,
    count: Expr,
    dims: BTreeMap<Dim, u64>,
    alike: bool,
}

impl Body {
    /// None where bodies are not wired alike, or it cannot be said which costs more.
    fn of(block: &Block<Graph>, model: Model, widths: &[(u64, u64)], lateness: &[u64]) -> Option<Self> {
        let analyse = |body| analyse_body(body, model, widths, lateness);
        let analyses: Vec<Analysis> = block.bodies.iter().map(analyse).collect();
        let mut part = part(&block.bodies[0], &analyses[0]);
        for (graph, analysis) in block.bodies.iter().zip(&analyses).skip(1) {
            part = dearer(part, self::part(graph, analysis))?;
        }
        let (first, others) = analyses.split_first()?;
        let alike = others.iter().all(|other| other.nodes == first.nodes);
        let mut count = Expr::default();
        for node in 0..first.nodes.len() {
            let costs: Vec<&Cost> = analyses.iter().map(|analysis| &analysis.nodes[node]).collect();
            count += &most(&costs)?;
        }
        Some(Self { part, count, dims: analyses.iter().flat_map(|analysis| analysis.dims.clone()).collect(), alike })
    }
}

/// A vertex per operation.
fn part(graph: &Graph, analysis: &Analysis) -> Part {
    let mut ports = 0..;
    let vertex = |(number, id): (usize, NodeIndex)| match graph.node(id).op {
        Op::Port(_) => Vertex { latency: 0, reads: Reads::Port(ports.next().unwrap_or_default()) },
        _ => {
            let mut sources: Vec<usize> = analysis.sources[number].clone();
            sources.sort_unstable();
            sources.dedup();
            Vertex { latency: analysis.latency(number), reads: Reads::Inside(sources) }
        }
    };
    let vertices = graph.order().enumerate().map(vertex).collect();
    Part { vertices, outputs: graph.outputs().iter().map(|(_, id)| id.index()).collect() }
}

/// Each vertex with the larger latency; none where they are not wired alike.
fn dearer(mut part: Part, other: Part) -> Option<Part> {
    let same = |(a, b): (&Vertex, &Vertex)| a.reads == b.reads;
    let alike = part.vertices.len() == other.vertices.len()
        && part.outputs == other.outputs
        && part.vertices.iter().zip(&other.vertices).all(same);
    for (vertex, other) in part.vertices.iter_mut().zip(&other.vertices) {
        vertex.latency = vertex.latency.max(other.latency);
    }
    alike.then_some(part)
}

/// The largest count; none where it is not one of them at all lengths.
fn most(costs: &[&Cost]) -> Option<Expr> {
    let counts: Vec<Expr> = costs.iter().map(|cost| cost.count.clone()).collect();
    match greatest(&counts)[..] {
        [place] => Some(counts[place].clone()),
        _ => None,
    }
}
