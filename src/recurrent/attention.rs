//! Linear attention with state `S` of keys by values: plain (Katharopoulos and others 2020), gated (GLA, Yang and others 2023), delta rule (Schlag and others 2021).
//!
//! `x + o(q^T S')`, then `+ mlp(norm)`; no normaliser, but if asked for an RMS norm over each head's readout.
//!
//! Rounded: the residual, its norm, q and k after the feature map, v, gates, `beta`, `beta k`, the state where products read it and (plain) where it is
//! carried on, the readout where it is normed. In the delta rule v is exact, and the residual `v - k^T S` is rounded. Where there are
//! convolutions their results are rounded, v's among them; with a root of gates, the logarithm of a gate and the gate; with an output gate, the gate and what
//! it multiplies.
//!
//! | rule | layers a position | why |
//! |---|---|---|
//! | sum | 1 | the store of the state |
//! | gated | 1 | it is part of the product with the gate |
//! | delta | 2 | state with key, residual with `beta k`: both stores are parts of products |

use num_bigint::BigInt;
use petgraph::graph::NodeIndex;

use super::Result;
use super::convolution::Taps;
use super::make::{Make, function};
use super::scan::{Bounds, Gate};
use crate::number::{Format, Function, Rational};
use crate::spec::recurrent::{LinearAttention, Rule};
use crate::tensor::{Carrier, Op};

/// The residual after the layer.
pub(super) fn layer(make: &mut Make, x: NodeIndex, cell: &LinearAttention) -> Result<NodeIndex> {
    let (keys, values) = ([cell.heads, cell.key_width], [cell.heads, cell.value_width]);
    let (u, residual) = make.pre_norm("norm", cell.norm_epsilon, x)?;
    let q = make.linear("queries", "q", cell.bias, u, &keys)?;
    let q = addressed(make, cell, &QUERY, q)?;
    let k = make.linear("keys", "k", cell.bias, u, &keys)?;
    let k = addressed(make, cell, &KEY, k)?;
    let v = make.linear("values", "v", cell.bias, u, &values)?;
    let v = match cell.extras.convolution {
        Some(kernel) => {
            let taps = Taps { input: "values before", name: "v_conv", kernel, bias: false };
            make.convolution(&taps, Function::Silu, v)?
        }
        None => v,
    };
    let state = match cell.rule {
        Rule::Sum | Rule::Gated { .. } => additive(make, cell, u, k, v)?,
        Rule::Delta => delta(make, cell, u, k, v)?,
    };
    let q = spread_key(make, "queries", cell, q);
    let state = make.store_state("state read", state);
    let read = make.product("readout", state, q);
    let mut read = make.sum("readout", read, 2);
    if cell.extras.scaled {
        read = make.sketch.scale("readout scaled", one_over_root(cell.key_width), read);
    }
    if cell.output_norm {
        read = make.store("readout stored", Function::Identity, read);
        read = make.norm("readout norm", "o_norm", cell.norm_epsilon, read)?;
    }
    if cell.extras.output_gate {
        let gate = make.linear("output gate", "out_gate", false, u, &values)?;
        let gate = make.store("output gate stored", Function::Silu, gate);
        read = make.store("readout stored", Function::Identity, read);
        read = make.product("gated readout", read, gate);
    }
    let out = make.linear("output projection", "o", cell.bias, read, &[make.spec.width])?;
    let x = make.add("residual", residual, out);
    match &cell.mlp {
        Some(mlp) => make.mlp(mlp, cell.norm_epsilon, x),
        None => Ok(x),
    }
}

/// How queries or keys are called where they are convolved and stored.
struct Names {
    input: &'static str,
    convolution: &'static str,
    stored: &'static str,
}

const QUERY: Names = Names { input: "queries before", convolution: "q_conv", stored: "queries stored" };
const KEY: Names = Names { input: "keys before", convolution: "k_conv", stored: "keys stored" };

/// Queries or keys as stored: convolved, through the feature map, of unit length, each where the cell says so.
fn addressed(make: &mut Make, cell: &LinearAttention, names: &Names, x: NodeIndex) -> Result<NodeIndex> {
    let map = cell.feature_map.map_or(Function::Identity, function);
    let x = match cell.extras.convolution {
        Some(kernel) => {
            let taps = Taps { input: names.input, name: names.convolution, kernel, bias: false };
            make.convolution(&taps, map, x)?
        }
        None => make.store(names.stored, map, x),
    };
    if !cell.extras.unit_keys {
        return Ok(x);
    }
    let epsilon = Rational::new(1.into(), 1_000_000.into());
    let format = make.activations();
    let op = Op::Normalise { unit: true, epsilon, gain: None, plus_one: false, bias: None, format };
    Ok(make.sketch.apply("of unit length", op, &[x]))
}

/// One over the root of a width, cut to 16 bits after the point.
fn one_over_root(width: u64) -> Rational {
    let square = (BigInt::from(1) << 32u32) / width;
    Rational::new(square.sqrt(), BigInt::from(1) << 16u32)
}

/// The gates of the state, stored in a format of their own.
fn gates(make: &mut Make, cell: &LinearAttention, format: Format, u: NodeIndex) -> Result<NodeIndex> {
    let shape = [cell.heads, cell.key_width];
    let Some(decay) = cell.extras.decay else {
        let gate = make.linear("gates", "g", true, u, &shape)?;
        return Ok(make.sketch.store("gates stored", Function::Sigmoid, format, gate));
    };
    let low = make.linear("gates", "g_low", false, u, &[decay.rank])?;
    let gate = make.linear("gates", "g", true, low, &shape)?;
    // log sigmoid(x) = -softplus(-x), and the root divides it.
    let gate = make.sketch.scale("gates", Rational::from_integer((-1).into()), gate);
    let log = make.store("logarithm of gates stored", Function::Softplus, gate);
    let log = make.sketch.scale("root of gates", Rational::new((-1).into(), decay.root.into()), log);
    Ok(make.sketch.store("gates stored", Function::Exp, format, log))
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
        Rule::Gated { gates: format } => {
            let gate = gates(make, cell, format, u)?;
            let axes = vec![Some(0), Some(1), Some(2), None];
            Gate::Data { gate, axes, bounds: Bounds::of(format).positive(true) }
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
