//! The gates of a longest path, named by what made them; must not know how they are shown.

use serde::Serialize;

use crate::circuit::Circuit;
use crate::circuit::measure::Measure;

/// One layer of a longest path, or one operation of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Module names from the outermost inward, joined by ` / `.
    pub module: String,
    /// The operation.
    pub operation: String,
    /// Its layer, the first gates being in layer 1; the layers of an operation of several end here.
    pub layer: u64,
    /// Layers of the operation, where one step stands for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
}

/// The longest path that was measured.
pub(super) fn steps(circuit: &Circuit, measure: &Measure) -> Vec<Step> {
    let path = (1..).zip(&measure.critical_path);
    path.map(|(layer, id)| {
        let origin = &circuit.origins()[circuit.array(*id).origin.index()];
        Step { module: origin.module.join(" / "), operation: origin.operation.clone(), layer, cost: None }
    })
    .collect()
}
