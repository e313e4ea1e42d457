//! The weight tensors of a recurrent network under canonical names; knows nothing of where weights come from.

use super::{Cell, Diagonal, LinearAttention, Mamba, Recurrent, Rule};
use crate::spec::{Output, Parameter};

/// Every weight tensor the forward pass reads, embedding first, head last.
///
/// | name | shape | there when |
/// |---|---|---|
/// | `token_embedding` | vocabulary, width | always |
/// | `layer.{l}.input.*` | k width, width | rnn (k = 1), lstm (k = 4: input, forget, cell, output), gru (k = 3: reset, update, new) |
/// | `layer.{l}.hidden.*` | k width, width | the same; a bias only in gru |
/// | `layer.{l}.norm.gain` | width | diagonal, mamba, linear attention: before the layer |
/// | `layer.{l}.a`, `.b`, `.c` | width, state | diagonal |
/// | `layer.{l}.d` | width | diagonal; inner: mamba |
/// | `layer.{l}.in.*` | 2 inner, width | mamba: the convolution's input, then the gate |
/// | `layer.{l}.conv.weight`, `.bias` | inner, kernel (the oldest first); inner | mamba |
/// | `layer.{l}.x.weight` | rank + 2 state, inner | mamba: step size, B, C |
/// | `layer.{l}.dt.weight`, `.bias` | inner, rank; inner | mamba |
/// | `layer.{l}.a_log` | inner, state | mamba |
/// | `layer.{l}.q.*`, `.k.*` | heads x key width, width | linear attention |
/// | `layer.{l}.v.*` | heads x value width, width | linear attention |
/// | `layer.{l}.q_conv.weight`, `.k_conv`, `.v_conv` | heads, features of a head, positions (the oldest first) | linear attention with convolutions |
/// | `layer.{l}.g_low.weight` | rank, width | gates are made by two maps; then `g` reads it |
/// | `layer.{l}.g.weight`, `.bias` | heads x key width, width | gated linear attention |
/// | `layer.{l}.out_gate.weight` | heads x value width, width | linear attention with an output gate |
/// | `layer.{l}.beta.*` | heads, width | delta rule |
/// | `layer.{l}.o_norm.gain` | value width | linear attention with an output norm |
/// | `layer.{l}.o.*` | width, heads x value width | linear attention |
/// | `layer.{l}.out.*` | width, width; width, inner | diagonal; mamba |
/// | `layer.{l}.mlp_norm.gain` | width | linear attention with an MLP |
/// | `layer.{l}.gate.*`, `.up.*` | hidden, width | it is gated; always |
/// | `layer.{l}.down.*` | width, hidden | there is an MLP |
/// | `final_norm.gain` | width | diagonal, mamba, linear attention |
/// | `head.weight` | vocabulary, width | the output is not hidden states and not tied |
///
/// Matrices are stored output by input. `.*` is `.weight` and `.bias`, each where the architecture has it.
pub fn parameters(model: &Recurrent) -> Vec<Parameter> {
    let mut list = List::default();
    list.tensor("token_embedding", &[model.vocabulary, model.width]);
    for layer in 0..model.layers {
        list.prefix = format!("layer.{layer}.");
        cell(&mut list, &model.cell, model.width);
    }
    list.prefix.clear();
    if model.cell.norm_epsilon().is_some() {
        list.tensor("final_norm.gain", &[model.width]);
    }
    if model.output != Output::Hidden && !model.tied {
        list.tensor("head.weight", &[model.vocabulary, model.width]);
    }
    list.parameters
}

/// How many numbers a checkpoint stores.
pub fn count(model: &Recurrent) -> u128 {
    parameters(model).iter().map(Parameter::len).sum()
}

#[derive(Default)]
struct List {
    prefix: String,
    parameters: Vec<Parameter>,
}

impl List {
    fn tensor(&mut self, name: &str, shape: &[u64]) {
        self.parameters.push(Parameter { name: format!("{}{name}", self.prefix), shape: shape.to_vec() });
    }

    fn matrix(&mut self, name: &str, rows: u64, columns: u64, bias: bool) {
        self.tensor(&format!("{name}.weight"), &[rows, columns]);
        if bias {
            self.tensor(&format!("{name}.bias"), &[rows]);
        }
    }
}

fn cell(list: &mut List, cell: &Cell, width: u64) {
    let mut gates = |count: u64, bias: bool, hidden_bias: bool| {
        list.matrix("input", count * width, width, bias);
        list.matrix("hidden", count * width, width, hidden_bias);
    };
    match cell {
        Cell::Rnn { bias, .. } => gates(1, *bias, false),
        Cell::Lstm { bias } => gates(4, *bias, false),
        Cell::Gru { bias } => gates(3, *bias, *bias),
        Cell::Diagonal(cell) => diagonal(list, cell, width),
        Cell::Mamba(cell) => mamba(list, cell, width),
        Cell::Attention(cell) => attention(list, cell, width),
    }
}

fn diagonal(list: &mut List, cell: &Diagonal, width: u64) {
    list.tensor("norm.gain", &[width]);
    for name in ["a", "b", "c"] {
        list.tensor(name, &[width, cell.state]);
    }
    list.tensor("d", &[width]);
    list.matrix("out", width, width, cell.bias);
}

fn mamba(list: &mut List, cell: &Mamba, width: u64) {
    list.tensor("norm.gain", &[width]);
    list.matrix("in", 2 * cell.inner, width, cell.bias);
    list.tensor("conv.weight", &[cell.inner, cell.kernel]);
    if cell.conv_bias {
        list.tensor("conv.bias", &[cell.inner]);
    }
    list.matrix("x", cell.rank + 2 * cell.state, cell.inner, false);
    list.matrix("dt", cell.inner, cell.rank, true);
    list.tensor("a_log", &[cell.inner, cell.state]);
    list.tensor("d", &[cell.inner]);
    list.matrix("out", width, cell.inner, cell.bias);
}

fn attention(list: &mut List, cell: &LinearAttention, width: u64) {
    let (keys, values) = (cell.heads * cell.key_width, cell.heads * cell.value_width);
    list.tensor("norm.gain", &[width]);
    list.matrix("q", keys, width, cell.bias);
    list.matrix("k", keys, width, cell.bias);
    list.matrix("v", values, width, cell.bias);
    if let Some(taps) = cell.extras.convolution {
        for (name, features) in [("q", cell.key_width), ("k", cell.key_width), ("v", cell.value_width)] {
            list.tensor(&format!("{name}_conv.weight"), &[cell.heads, features, taps]);
        }
    }
    if let Some(decay) = cell.extras.decay {
        list.matrix("g_low", decay.rank, width, false);
    }
    if cell.extras.output_gate {
        list.matrix("out_gate", values, width, false);
    }
    match cell.rule {
        Rule::Sum => {}
        Rule::Gated { .. } => list.matrix("g", keys, cell.extras.decay.map_or(width, |decay| decay.rank), true),
        Rule::Delta => list.matrix("beta", cell.heads, width, cell.bias),
    }
    if cell.output_norm {
        list.tensor("o_norm.gain", &[cell.value_width]);
    }
    list.matrix("o", width, values, cell.bias);
    let Some(mlp) = &cell.mlp else { return };
    list.tensor("mlp_norm.gain", &[width]);
    if mlp.gated {
        list.matrix("gate", mlp.hidden, width, mlp.bias);
    }
    list.matrix("up", mlp.hidden, width, mlp.bias);
    list.matrix("down", width, mlp.hidden, mlp.bias);
}
