//! Linear attention with state `S` of keys by values: plain (Katharopoulos and others 2020), gated (GLA, Yang and others 2023), delta rule (Schlag and others 2021).
//!
//! `x + o(q^T S')`, then `+ mlp(norm)`; no normaliser, but if asked for an RMS norm over each head's readout.
//!
//! Rounded: the residual, its norm, q and k after the feature map, v, gates, `beta`, `beta k`, the state where products read it and (plain) where it is
//! carried on, the readout where it is normed. In the delta rule v is exact, and the residual `v - k^T S` is rounded.
//!
//! | rule | layers a position | why |
//! |---|---|---|
//! | sum | 1 | the store of the state |
//! | gated | 1 | it is part of the product with the gate |
//! | delta | 2 | state with key, residual with `beta k`: both stores are parts of products |

use petgraph::graph::NodeIndex;

use super::Result;
use super::make::{Make, function};
use super::scan::{Bounds, Gate};
use crate::number::Function;
use crate::spec::recurrent::{LinearAttention, Rule};
use crate::tensor::Carrier;

/// The residual after the layer.
pub(super) fn layer(make: &mut Make, x: NodeIndex, cell: &LinearAttention) -> Result<NodeIndex> {
    let (keys, values) = ([cell.heads, cell.key_width], [cell.heads, cell.value_width]);
    let (u, residual) = make.pre_norm("norm", cell.norm_epsilon, x)?;
    let map = cell.feature_map.map_or(Function::Identity, function);
    let q = make.linear("queries", "q", cell.bias, u, &keys)?;
    let q = make.store("queries stored", map.clone(), q);
    let k = make.linear("keys", "k", cell.bias, u, &keys)?;
    let k = make.store("keys stored", map, k);
    let v = make.linear("values", "v", cell.bias, u, &values)?;
    let state = match cell.rule {
        Rule::Sum | Rule::Gated { .. } => additive(make, cell, u, k, v)?,
        Rule::Delta => delta(make, cell, u, k, v)?,
    };
    let q = spread_key(make, "queries", cell, q);
    let state = make.store_state("state read", state);
    let read = make.product("readout", state, q);
    let mut read = make.sum("readout", read, 2);
    if cell.output_norm {
        read = make.store("readout stored", Function::Identity, read);
        read = make.norm("readout norm", "o_norm", cell.norm_epsilon, read)?;
    }
    let out = make.linear("output projection", "o", cell.bias, read, &[make.spec.width])?;
    let x = make.add("residual", residual, out);
    match &cell.mlp {
        Some(mlp) => make.mlp(mlp, cell.norm_epsilon, x),
        None => Ok(x),
    }
}

fn shape(make: &Make, cell: &LinearAttention) -> [u64; 4] {
    [make.positions, cell.heads, cell.key_width, cell.value_width]
}

/// A number a key feature, for every value feature.
fn spread_key(make: &mut Make, label: &str, cell: &LinearAttention, x: NodeIndex) -> NodeIndex {
    let shape = shape(make, cell);
    make.arrange(label, x, vec![Some(0), Some(1), Some(2), None], &shape)
}

/// A number a value feature, for every key feature.
fn spread_value(make: &mut Make, label: &str, cell: &LinearAttention, x: NodeIndex) -> NodeIndex {
    let shape = shape(make, cell);
    make.arrange(label, x, vec![Some(0), Some(1), None, Some(2)], &shape)
}

/// `(g) S + k v^T`.
fn additive(make: &mut Make, cell: &LinearAttention, u: NodeIndex, k: NodeIndex, v: NodeIndex) -> Result<NodeIndex> {
    let v = make.store("values stored", Function::Identity, v);
    let gate = match cell.rule {
        Rule::Gated { gates } => {
            let gate = make.linear("gates", "g", true, u, &[cell.heads, cell.key_width])?;
            let gate = make.sketch.store("gates stored", Function::Sigmoid, gates, gate);
            let axes = vec![Some(0), Some(1), Some(2), None];
            Gate::Data { gate, axes, bounds: Bounds::of(gates).positive(true) }
        }
        Rule::Sum | Rule::Delta => Gate::One,
    };
    let k = spread_key(make, "keys", cell, k);
    let v = spread_value(make, "values", cell, v);
    let added = make.product("added", k, v);
    let activations = Bounds::of(make.activations());
    make.recurrence(gate, added, activations.times(&activations))
}

/// `S + (beta k) (v - k^T S)^T`.
fn delta(make: &mut Make, cell: &LinearAttention, u: NodeIndex, k: NodeIndex, v: NodeIndex) -> Result<NodeIndex> {
    let keys = [make.positions, cell.heads, cell.key_width];
    let beta = make.linear("learning rates", "beta", cell.bias, u, &[cell.heads])?;
    let beta = make.store("learning rates stored", Function::Sigmoid, beta);
    let beta = make.arrange("learning rates", beta, vec![Some(0), Some(1), None], &keys);
    let write = make.product("beta k", beta, k);
    let write = make.store("beta k stored", Function::Identity, write);
    let shape = shape(make, cell);
    let before = make.port("state", 1, Carrier::Exact, &shape);
    let before = make.store_state("state stored", before);
    let k = spread_key(make, "keys", cell, k);
    let read = make.product("state read at the key", before, k);
    let read = make.sum("state read at the key", read, 2);
    let rest = make.sketch.subtract("residual of the value", v, read);
    let rest = make.store("residual stored", Function::Identity, rest);
    let rest = spread_value(make, "residual of the value", cell, rest);
    let write = spread_key(make, "beta k", cell, write);
    let change = make.product("correction", rest, write);
    let new = make.add("state", before, change);
    make.sketch.output("state", new);
    Ok(new)
}
