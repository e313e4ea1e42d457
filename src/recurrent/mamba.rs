//! Mamba layers (S6, Gu and Dao 2023): `x + out(y silu(z))`, y the readout of a selective state space.
//!
//! With `(v, z) = in(norm(x))`: `c = silu(conv(v))`, `(d, B, C) = x c`, `delta = softplus(dt d + b)`, `h' = exp(delta A) h + (delta c) B`,
//! `y = C h' + D c`, `A = -exp(a_log)` a constant, rounded to the format of weights.
//!
//! Rounded: the residual, its norm, c, delta, B, C, `exp(delta A)`, `delta c`, y, `silu(z)`; the state where products read it. v, d and the
//! convolution's sum are exact. A layer takes 8 layers, a position 1: the product of state and gate shares the state's store.

use petgraph::graph::NodeIndex;

use super::Result;
use super::convolution::Taps;
use super::make::{Make, function};
use super::scan::{Bounds, Gate};
use crate::number::Function;
use crate::spec::recurrent::Mamba;
use crate::tensor::Param;

/// The residual after the layer.
pub(super) fn layer(make: &mut Make, x: NodeIndex, cell: &Mamba) -> Result<NodeIndex> {
    let inner = cell.inner;
    let (u, residual) = make.pre_norm("norm", cell.norm_epsilon, x)?;
    let both = make.linear("input projection", "in", cell.bias, u, &[2 * inner])?;
    let v = make.slice("convolution input", both, 1, 0, inner);
    let z = make.slice("gate", both, 1, inner, inner);
    let taps = Taps { input: "convolution input", name: "conv", kernel: cell.kernel, bias: cell.conv_bias };
    let c = make.convolution(&taps, function(cell.activation), v)?;
    let y = selective(make, c, cell)?;
    let z = make.store("gate stored", function(cell.activation), z);
    let y = make.store("readout stored", Function::Identity, y);
    let gated = make.product("gated", y, z);
    let out = make.linear("output projection", "out", cell.bias, gated, &[make.spec.width])?;
    Ok(make.add("residual", residual, out))
}

/// The readout of the state space over stored inputs.
fn selective(make: &mut Make, c: NodeIndex, cell: &Mamba) -> Result<NodeIndex> {
    let (inner, state, positions) = (cell.inner, cell.state, make.positions);
    let shape = [positions, inner, state];
    let all = make.linear("selection", "x", false, c, &[cell.rank + 2 * state])?;
    let rank = make.slice("step size", all, 1, 0, cell.rank);
    let row = |make: &mut Make, label: &str, number: u64| {
        let row = make.slice(label, all, 1, cell.rank + number * state, state);
        let row = make.store(label, Function::Identity, row);
        make.arrange(label, row, vec![Some(0), None, Some(1)], &shape)
    };
    let column =
        |make: &mut Make, label: &str, x: NodeIndex| make.arrange(label, x, vec![Some(0), Some(1), None], &shape);
    let delta = make.linear("step size", "dt", true, rank, &[inner])?;
    let delta = make.store("step size stored", Function::Softplus, delta);
    // Before the step size is read alone, so that its store is part of the product.
    let scaled = make.product("step size * input", delta, c);
    let scaled = make.store("step size * input stored", Function::Identity, scaled);
    let scaled = column(make, "step size * input", scaled);
    let b = row(make, "B", 0);
    let added = make.product("added", scaled, b);
    let gate = column(make, "step size", delta);
    let rate = negative_exponential(make.param("a_log", &[inner, state])?);
    let gate = make.weigh("step size * A", rate, gate);
    let gate = make.store("decay", Function::Exp, gate);
    let activations = Bounds::of(make.activations());
    let product = activations.times(&activations);
    let identity = vec![Some(0), Some(1), Some(2)];
    let gate = Gate::Data { gate, axes: identity, bounds: activations.positive(false) };
    let h = make.recurrence(gate, added, product)?;
    let h = make.store_state("state read", h);
    let c_row = row(make, "C", 1);
    let read = make.product("readout", h, c_row);
    let read = make.sum("readout", read, 2);
    let d = make.param("d", &[inner])?;
    let skip = make.weigh("skip", d, c);
    Ok(make.add("readout", read, skip))
}

/// `-exp(w)` for every weight w, rounded to the weights' format.
fn negative_exponential(param: Param) -> Param {
    let format = param.format;
    let levels = |values: std::sync::Arc<[i64]>| {
        values.iter().map(|level| -Function::Exp.level(&format.number(*level), format)).collect()
    };
    Param { values: param.values.map(levels), ..param }
}
