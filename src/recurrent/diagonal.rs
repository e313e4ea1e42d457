//! Diagonal state-space layers (S4D, real): `x + out(act(C h' + D u))`, `h' = a h + B u`, `u = norm(x)`.
//!
//! Rounded: the residual, u, the state where it is carried on, the activation. C reads the exact sum, before it is rounded. A layer takes 3
//! layers, a position 1.

use petgraph::graph::NodeIndex;

use super::Result;
use super::make::{Make, function};
use super::scan::{Bounds, Gate};
use crate::spec::recurrent::Diagonal;

/// The residual after the layer.
pub(super) fn layer(make: &mut Make, x: NodeIndex, cell: &Diagonal) -> Result<NodeIndex> {
    let (width, positions) = (make.spec.width, make.positions);
    let table = [width, cell.state];
    let (u, residual) = make.pre_norm("norm", cell.norm_epsilon, x)?;
    let spread = make.arrange("input", u, vec![Some(0), Some(1), None], &[positions, width, cell.state]);
    let b = make.param("b", &table)?;
    let b = make.weigh("input map", b, spread);
    let decay = Gate::Constant(make.param("a", &table)?);
    // Only scans of gates that are data ask for bounds.
    let h = make.recurrence(decay, b, Bounds::of(make.activations()))?;
    let c = make.param("c", &table)?;
    let read = make.weigh("readout", c, h);
    let read = make.sum("readout", read, 2);
    let d = make.param("d", &[width])?;
    let skip = make.weigh("skip", d, u);
    let y = make.add("readout", read, skip);
    let y = make.store("activation", function(cell.activation), y);
    let out = make.linear("output projection", "out", cell.bias, y, &[width])?;
    Ok(make.add("residual", residual, out))
}
