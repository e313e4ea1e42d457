//! The order in which iterations of blocks can be computed: loops around what depends on itself, one axis at a time; must not know bodies.
//!
//! Blocks that depend on each other share their next axis, and run through it together; a wire that goes back along it is then done
//! with. What still depends on itself when no axis is left waits for itself: a cycle without delay (Karp, Miller and Winograd 1967:
//! theory.md E.1).

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{At, LoopError, System};

/// One iteration of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The block.
    pub block: usize,
    /// Its index along each of the block's axes.
    pub at: Vec<u64>,
}

/// A step of the plan.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One block, through all axes from this position on.
    Block { block: usize, from: usize },
    /// Runs through an axis.
    Loop { axis: usize, body: Vec<Step> },
}

/// A wire between blocks, as far as order goes.
#[derive(Clone, Debug)]
struct Edge {
    from: usize,
    to: usize,
    at: Vec<At>,
}

pub(super) fn plan<B>(system: &System<B>) -> Result<Vec<Step>, LoopError> {
    let mut edges = Vec::new();
    for (to, block) in system.blocks.iter().enumerate() {
        for wire in block.ports.iter().flatten() {
            edges.push(Edge { from: wire.block, to, at: wire.at.clone() });
        }
    }
    level(system, &(0..system.blocks.len()).collect::<Vec<_>>(), &edges, 0)
}

/// The steps of some blocks, the first `depth` axes of all being shared and running already.
fn level<B>(system: &System<B>, blocks: &[usize], edges: &[Edge], depth: usize) -> Result<Vec<Step>, LoopError> {
    let inside: Vec<&Edge> = edges.iter().filter(|e| blocks.contains(&e.from) && blocks.contains(&e.to)).collect();
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = blocks.iter().map(|block| graph.add_node(*block)).collect();
    let node = |block: usize| nodes[blocks.iter().position(|b| *b == block).unwrap_or(0)];
    for edge in &inside {
        graph.add_edge(node(edge.from), node(edge.to), ());
    }
    let mut components = tarjan_scc(&graph);
    components.reverse();
    let mut steps = Vec::new();
    for component in components {
        let mut members: Vec<usize> = component.into_iter().map(|node| graph[node]).collect();
        members.sort_unstable();
        let own: Vec<&Edge> =
            inside.iter().copied().filter(|e| members.contains(&e.from) && members.contains(&e.to)).collect();
        if own.is_empty() {
            steps.push(Step::Block { block: members[0], from: depth });
        } else {
            steps.push(looped(system, &members, &own, depth)?);
        }
    }
    Ok(steps)
}

/// A loop around blocks that depend on each other.
fn looped<B>(system: &System<B>, members: &[usize], edges: &[&Edge], depth: usize) -> Result<Step, LoopError> {
    let axis_of = |block: usize| system.blocks[block].axes.get(depth).copied();
    let cycle = || {
        let mut blocks: Vec<String> = members.iter().map(|block| system.blocks[*block].name.clone()).collect();
        blocks.push(blocks[0].clone());
        LoopError::Cycle { blocks }
    };
    let axis = axis_of(members[0]).ok_or_else(cycle)?;
    let along = |edge: &Edge| edge.at.get(depth).copied();
    let shared = members.iter().all(|block| axis_of(*block) == Some(axis));
    if !shared || edges.iter().any(|edge| along(edge) == Some(At::Last)) {
        return Err(cycle());
    }
    let rest: Vec<Edge> = edges.iter().filter(|e| along(e) == Some(At::Back(0))).map(|e| (*e).clone()).collect();
    Ok(Step::Loop { axis, body: level(system, members, &rest, depth + 1)? })
}

pub(super) fn walk<B, E>(system: &System<B>, visit: &mut impl FnMut(&Instance) -> Result<(), E>) -> Result<(), E> {
    let mut prefix = Vec::new();
    system.plan.iter().try_for_each(|step| run(system, step, &mut prefix, visit))
}

fn run<B, E>(
    system: &System<B>,
    step: &Step,
    prefix: &mut Vec<u64>,
    visit: &mut impl FnMut(&Instance) -> Result<(), E>,
) -> Result<(), E> {
    match step {
        Step::Loop { axis, body } => (0..system.axes[*axis].length).try_for_each(|index| {
            prefix.push(index);
            let done = body.iter().try_for_each(|step| run(system, step, prefix, visit));
            prefix.pop();
            done
        }),
        Step::Block { block, from } => {
            let lengths: Vec<u64> =
                system.blocks[*block].axes[*from..].iter().map(|axis| system.axes[*axis].length).collect();
            let mut instance = Instance { block: *block, at: prefix.clone() };
            instance.at.resize(prefix.len() + lengths.len(), 0);
            loop {
                visit(&instance)?;
                if !advance(&mut instance.at[prefix.len()..], &lengths) {
                    return Ok(());
                }
            }
        }
    }
}

/// The next index vector, the last axis fastest; false after the last one.
fn advance(at: &mut [u64], lengths: &[u64]) -> bool {
    for (index, length) in at.iter_mut().zip(lengths).rev() {
        *index += 1;
        if *index < *length {
            return true;
        }
        *index = 0;
    }
    false
}
