//! RNN, LSTM and GRU cells, which hand their hidden state up; one position a body, since none of them is linear.
//!
//! | cell | rounded | layers a position |
//! |---|---|---|
//! | RNN | `h' = act(..)`, in the format of state | 1 |
//! | LSTM | the gates and tanh c', in that of activations; c' where the next position reads it, in that of state. `h' = o tanh(c')` is exact, and tanh reads c' exactly | 3 |
//! | GRU | the gates, `U h + b'` and n in that of activations; h, where the product z h reads it, in that of state. Maps read h exactly | 3 |

use petgraph::graph::NodeIndex;

use super::Result;
use super::make::{Make, function};
use crate::number::Function;
use crate::spec::Activation;
use crate::tensor::Carrier;

/// `h' = act(W x + U h + b)`.
pub(super) fn rnn(make: &mut Make, x: NodeIndex, activation: Activation, bias: bool) -> Result<NodeIndex> {
    let (width, format) = (make.spec.width, make.state_format());
    let h = make.port("state", 1, Carrier::Stored(format), &[1, width]);
    let below = make.linear("input map", "input", bias, x, &[width])?;
    let before = make.linear("recurrent map", "hidden", false, h, &[width])?;
    let sum = make.add("sum", below, before);
    let new = make.sketch.store("state stored", function(activation), format, sum);
    make.sketch.output("state", new);
    Ok(new)
}

/// Gates in the order input, forget, cell, output.
pub(super) fn lstm(make: &mut Make, x: NodeIndex, bias: bool) -> Result<NodeIndex> {
    let (width, format) = (make.spec.width, make.state_format());
    let h = make.port("hidden", 1, Carrier::Exact, &[1, width]);
    let c = make.port("state", 1, Carrier::Stored(format), &[1, width]);
    let below = make.linear("input map", "input", bias, x, &[4 * width])?;
    let before = make.linear("recurrent map", "hidden", false, h, &[4 * width])?;
    let sums = make.add("sums", below, before);
    let mut gate = |number: u64, label: &str, function: Function| {
        let sum = make.slice(label, sums, 1, number * width, width);
        make.store(label, function, sum)
    };
    let input = gate(0, "input gate", Function::Sigmoid);
    let forget = gate(1, "forget gate", Function::Sigmoid);
    let cell = gate(2, "cell gate", Function::Tanh);
    let output = gate(3, "output gate", Function::Sigmoid);
    let kept = make.product("kept", forget, c);
    let added = make.product("added", input, cell);
    let new = make.add("cell state", kept, added);
    let squashed = make.store("tanh of the cell state", Function::Tanh, new);
    let hidden = make.product("hidden state", squashed, output);
    let stored = make.store_state("cell state stored", new);
    make.sketch.output("hidden", hidden);
    make.sketch.output("state", stored);
    Ok(hidden)
}

/// Gates in the order reset, update, new.
pub(super) fn gru(make: &mut Make, x: NodeIndex, bias: bool) -> Result<NodeIndex> {
    let (width, format) = (make.spec.width, make.state_format());
    let h = make.port("hidden", 1, Carrier::Exact, &[1, width]);
    let state = make.port("state", 1, Carrier::Stored(format), &[1, width]);
    let below = make.linear("input map", "input", bias, x, &[3 * width])?;
    let before = make.linear("recurrent map", "hidden", bias, h, &[3 * width])?;
    let sums = make.add("sums", below, before);
    let gates = make.slice("gates", sums, 1, 0, 2 * width);
    let gates = make.store("gates stored", Function::Sigmoid, gates);
    let reset = make.slice("reset gate", gates, 1, 0, width);
    let update = make.slice("update gate", gates, 1, width, width);
    let kept = make.product("kept", update, state);
    let recurrent = make.slice("recurrent part", before, 1, 2 * width, width);
    let recurrent = make.store("recurrent part stored", Function::Identity, recurrent);
    let recurrent = make.product("reset", reset, recurrent);
    let own = make.slice("input part", below, 1, 2 * width, width);
    let sum = make.add("sum", own, recurrent);
    let new = make.store("new state", Function::Tanh, sum);
    let replaced = make.product("replaced", update, new);
    let fresh = make.sketch.subtract("fresh", new, replaced);
    let hidden = make.add("hidden state", fresh, kept);
    let stored = make.store_state("state stored", hidden);
    make.sketch.output("hidden", hidden);
    make.sketch.output("state", stored);
    Ok(hidden)
}
