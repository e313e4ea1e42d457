//! The gates of a longest path, named by what made them; must not know how they are shown.

use serde::Serialize;

use crate::circuit::Circuit;
use crate::circuit::measure::Measure;

/// One layer of a longest path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Module names from the outermost inward, joined by ` / `.
    pub module: String,
    /// The operation.
    pub operation: String,
    /// Its layer, the first gates being in layer 1.
    pub layer: u64,
}

/// The longest path that was measured.
pub(super) fn steps(circuit: &Circuit, measure: &Measure) -> Vec<Step> {
    let path = (1..).zip(&measure.critical_path);
    path.map(|(layer, id)| {
        let origin = &circuit.origins()[circuit.array(*id).origin.index()];
        Step { module: origin.module.join(" / "), operation: origin.operation.clone(), layer }
    })
    .collect()
}
