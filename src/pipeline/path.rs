//! A longest path of a subject: each layer with its block, iteration, module and operation; must not know how it is shown.

use super::subject::{Lengths, Subject};
use crate::loops::path::Place;

/// One layer of a longest path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer, the first gates being in layer 1.
    pub layer: u64,
    /// The block.
    pub block: String,
    /// The index along each of its axes, from 0 on.
    pub at: Vec<(String, u64)>,
    /// Module names inside of the block, from the outermost inward.
    pub module: Vec<String>,
    /// The operation.
    pub operation: String,
}

/// Vertices of all iterations, whose depths are remembered while a path is sought.
const MOST_REMEMBERED: u128 = 1 << 22;

impl Subject {
    /// The longest path at some lengths, from the inputs on; none if there are too many iterations to visit.
    pub fn critical_path(&self, lengths: &Lengths) -> Option<Vec<Step>> {
        let skeleton = self.model.skeleton().resized(|name| lengths.get(&**name).copied()).ok()?;
        let vertices = |(number, block): (usize, &crate::loops::Block<crate::loops::skeleton::Part>)| {
            skeleton.iterations(number).saturating_mul(block.bodies[0].vertices.len() as u128)
        };
        let all = skeleton.blocks().iter().enumerate().map(vertices).fold(0, u128::saturating_add);
        if all > MOST_REMEMBERED {
            return None;
        }
        Some((1..).zip(skeleton.critical_path()).map(|(layer, place)| self.step(layer, &place)).collect())
    }

    /// Every vertex on the path is a bank: one layer.
    fn step(&self, layer: u64, place: &Place) -> Step {
        let block = &self.model.lowered.circuits.blocks()[place.instance.block];
        let circuit = block.body(&place.instance.at);
        let origin = &circuit.origins()[circuit.arrays()[place.vertex].origin.index()];
        let axes = block.axes.iter().map(|axis| self.axes()[*axis].name.to_string());
        Step {
            layer,
            block: block.name.clone(),
            at: axes.zip(place.instance.at.iter().copied()).collect(),
            module: origin.module.to_vec(),
            operation: origin.operation.clone(),
        }
    }
}
