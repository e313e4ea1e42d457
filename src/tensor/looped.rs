//! The reference reading of looped graphs: every iteration interpreted in turn; knows nothing of circuits.

use std::collections::HashMap;

use super::Graph;
pub use super::build::looped::{from_architecture, from_looping, from_spec};
use super::interpret::{Tensor, outputs};
use crate::loops::System;
use crate::number::Rational;

/// Graphs repeated along axes.
pub type Looped = System<Graph>;

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
