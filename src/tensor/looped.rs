//! The reference reading of looped graphs, every iteration interpreted in turn, and how late their ports are; knows nothing of circuits.

use std::collections::HashMap;

use petgraph::algo::has_path_connecting;

use super::Graph;
pub use super::build::looped::{from_architecture, from_looping, from_spec};
use super::interpret::{Tensor, outputs};
use crate::loops::{At, System};
use crate::number::Rational;

/// Graphs repeated along axes.
pub type Looped = System<Graph>;

/// How late what each port of a block carries counts: one carried along an axis from values that rest on what is carried along it counts
/// more the further inward that axis is.
pub fn lateness(system: &Looped, block: usize) -> Vec<u64> {
    let block = &system.blocks()[block];
    let along = |port: usize| {
        let wire = &block.ports[port][0];
        let own = std::ptr::eq(block, &system.blocks()[wire.block]);
        wire.at.iter().rposition(|at| matches!(at, At::Back(1..))).filter(|_| own)
    };
    let (graph, ports) = (&block.bodies[0], block.bodies[0].ports());
    let recurs = |port: usize, axis: usize| {
        let given = graph.outputs()[block.ports[port][0].output].1;
        let feeds = |other: usize| has_path_connecting(graph.petgraph(), ports[other].0, given, None);
        (0..ports.len()).any(|other| along(other) == Some(axis) && feeds(other))
    };
    let late = |port: usize| along(port).filter(|axis| recurs(port, *axis)).map_or(1, |axis| axis as u64 + 2);
    (0..ports.len()).map(late).collect()
}

/// The outputs of every iteration of the system's outlets, in order; none where weights are not known or the inputs do not fit.
/// Inputs are taken in the order of iterations, a node of each graph after another.
pub fn interpret(system: &Looped, inputs: impl IntoIterator<Item = Rational>) -> Option<Vec<Tensor>> {
    let mut inputs = inputs.into_iter();
    let mut values: HashMap<(usize, Vec<u64>), Vec<Tensor>> = HashMap::new();
    let mut results: Vec<Vec<Tensor>> = vec![Vec::new(); system.outputs().len()];
    let done = system.try_each(|instance| {
        let block = &system.blocks()[instance.block];
        let read = |port: usize| {
            let (wire, at) = system.source(instance, port);
            values[&(wire.block, at)][wire.output].clone()
        };
        let ports: Vec<Tensor> = (0..block.ports.len()).map(read).collect();
        let made = outputs(block.body(&instance.at), &ports, &mut inputs).ok_or(())?;
        for (outlet, results) in system.outputs().iter().zip(&mut results) {
            if outlet.block == instance.block {
                results.push(made[outlet.output].clone());
            }
        }
        values.insert((instance.block, instance.at.clone()), made);
        Ok(())
    });
    let complete = done == Ok::<(), ()>(()) && inputs.next().is_none();
    complete.then(|| results.into_iter().flatten().collect())
}
