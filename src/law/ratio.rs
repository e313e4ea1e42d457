//! The maximum cycle ratio: latency per delay of the slowest cycle; must not know certificates.
//!
//! The rate of a recurrence is the largest ratio of latency to delay over its cycles (theory.md E.2; Karp 1978 for delays of one). It is found as
//! Lawler does: at a guess `p/q`, a cycle of positive weight under `q*latency - p*delay` has a larger ratio, which is the next guess; when there is
//! none, the guess is the maximum. Only cycles that the output rests on count (theory.md E.3). A critical cycle's delay is a period of its component (Cohen, Dubois, Quadrat and Viot 1983).

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, EdgeRef, Reversed};

use super::timeline::Timeline;
use crate::loops::skeleton::Reads;
use crate::loops::{At, Skeleton, Wire};
use crate::number::Rational;

/// A cycle's latency and delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) latency: u64,
    pub(super) delay: u64,
}

/// Vertices, and what each is read by, with the reader's latency and the delay.
pub(super) type Dependences = DiGraph<(), (u64, u64)>;

/// The dependences of all vertices along one axis: wires that go back along another, or to a last iteration, left out.
pub(super) fn along(skeleton: &Skeleton, axis: usize) -> Dependences {
    let mut graph = Dependences::new();
    let first: Vec<usize> = skeleton
        .blocks()
        .iter()
        .map(|block| {
            let first = graph.node_count();
            block.bodies[0].vertices.iter().for_each(|_| {
                graph.add_node(());
            });
            first
        })
        .collect();
    for (number, block) in skeleton.blocks().iter().enumerate() {
        for (vertex, inner) in block.bodies[0].vertices.iter().enumerate() {
            let mut add = |from: usize, delay: u64| {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(first[number] + vertex), (inner.latency, delay));
            };
            match &inner.reads {
                Reads::Inside(list) => list.iter().for_each(|v| add(first[number] + v, 0)),
                Reads::Port(port) => {
                    let wires = block.ports[*port].iter().filter_map(|w| Some((w, delay(skeleton, w, axis)?)));
                    wires.for_each(|(wire, delay)| add(first[wire.block] + skeleton.vertex(wire), delay));
                }
            }
        }
    }
    graph
}

/// How far a wire goes back along one axis, if it does along no other.
fn delay(skeleton: &Skeleton, wire: &Wire, axis: usize) -> Option<u64> {
    let mut along = 0;
    for (own, at) in skeleton.blocks()[wire.block].axes.iter().zip(&wire.at) {
        match at {
            At::Back(delay) if *own == axis => along = *delay,
            At::Back(0) => {}
            _ => return None,
        }
    }
    Some(along)
}

/// A critical cycle of each component that has cycles.
pub(super) fn critical(graph: &Dependences) -> Vec<Cycle> {
    let components = tarjan_scc(graph).into_iter();
    components.filter_map(|component| slowest(graph, &component)).collect()
}

/// The cycle of largest ratio in one component.
fn slowest(graph: &Dependences, component: &[NodeIndex]) -> Option<Cycle> {
    let mut number = vec![usize::MAX; graph.node_count()];
    component.iter().enumerate().for_each(|(position, node)| number[node.index()] = position);
    let mut edges = Vec::new();
    for edge in component.iter().flat_map(|node| graph.edges(*node)) {
        let (from, to) = (number[edge.source().index()], number[edge.target().index()]);
        if to != usize::MAX {
            edges.push((from, to, *edge.weight()));
        }
    }
    // Below every ratio, so that any cycle is positive.
    let mut best: Option<Cycle> = None;
    while let Some(better) = positive(&edges, component.len(), best) {
        best = Some(better);
    }
    best
}

/// A cycle of a larger ratio than the best one; every cycle has a delay.
fn positive(edges: &[(usize, usize, (u64, u64))], vertices: usize, best: Option<Cycle>) -> Option<Cycle> {
    let (p, q) = best.map_or((-1, 1), |best| (i128::from(best.latency), i128::from(best.delay)));
    let mut longest = vec![0i128; vertices];
    let mut through: Vec<Option<usize>> = vec![None; vertices];
    let mut changed = None;
    for _ in 0..=vertices {
        changed = None;
        for (number, (from, to, (latency, delay))) in edges.iter().enumerate() {
            let length = longest[*from] + q * i128::from(*latency) - p * i128::from(*delay);
            if length > longest[*to] {
                (longest[*to], through[*to], changed) = (length, Some(number), Some(*to));
            }
        }
        changed?;
    }
    // Backwards from what still grows after as many rounds as vertices, one comes to a cycle.
    let mut at = changed?;
    for _ in 0..vertices {
        at = edges[through[at]?].0;
    }
    let (mut cycle, mut next) = (Cycle { latency: 0, delay: 0 }, at);
    loop {
        let (from, _, (latency, delay)) = edges[through[next]?];
        cycle = Cycle { latency: cycle.latency + latency, delay: cycle.delay + delay };
        next = from;
        if next == at {
            return (cycle.delay > 0).then_some(cycle);
        }
    }
}

/// The most vertices of one time whose cycles are looked at.
const MOST_VERTICES: usize = 1000;

/// The rate of the depth along an axis, the others at their lengths: the largest ratio of the cycles it rests on, 0 without any. None where
/// iterations rest on last ones along the axis, or are too many.
pub(super) fn rate(closed: &Skeleton, axis: usize) -> Option<Rational> {
    let line = Timeline::new(closed, axis).filter(|line| line.vertices <= MOST_VERTICES)?;
    // From this time on, no wire is before its source's first iteration.
    let time = closed.longest_delay(axis);
    let mut graph = Dependences::new();
    (0..line.vertices).for_each(|_| {
        graph.add_node(());
    });
    line.each(time, &mut |vertex, latency, tails| {
        for (when, tail) in tails {
            graph.add_edge(NodeIndex::new(tail), NodeIndex::new(vertex), (latency, time - when));
        }
    });
    let mut needed = vec![false; line.vertices];
    let mut search = Dfs::new(Reversed(&graph), NodeIndex::new(line.depth()));
    while let Some(node) = search.next(Reversed(&graph)) {
        needed[node.index()] = true;
    }
    let graph = graph.filter_map(|node, ()| needed[node.index()].then_some(()), |_, edge| Some(*edge));
    let ratio = |cycle: &Cycle| Rational::new(cycle.latency.into(), cycle.delay.into());
    Some(critical(&graph).iter().map(ratio).max().unwrap_or_default())
}

/// A common period of all cycles along an axis.
pub(super) fn period(skeleton: &Skeleton, axis: usize) -> u64 {
    let cycles = critical(&along(skeleton, axis));
    cycles.iter().fold(1, |all, cycle| num_integer::lcm(all, cycle.delay.max(1)))
}
