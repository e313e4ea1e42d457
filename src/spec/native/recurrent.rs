//! The native format of token-recurrent networks: strict TOML with a table `[recurrent]`. Knows nothing of tensors or circuits.
//!
//! Every key below is the whole language; any other key, table or value is refused. `needed` has no default. Behind a key stand the
//! cells it is for, where it is not for all.
//!
//! ```toml
//! name = "tiny"                 # for reports; default: the file's name
//!
//! [recurrent]
//! cell = "gated-linear-attention" # needed: "rnn", "lstm", "gru", "diagonal", "mamba", "linear-attention", "gated-linear-attention" or "delta-rule"
//! vocabulary = 5                # needed: number of token ids
//! layers = 1                    # needed: cells one above the other, at most 2000
//! width = 4                     # needed: features of the embedding and of what layers hand on; of the state too in rnn, lstm and gru
//! context = 4                   # tokens compiled by default; default: 8
//! # activation = "tanh"         # rnn: "tanh", "relu" or "sigmoid"; default: "tanh"
//! # activation = "gelu"         # diagonal, mamba: "relu", "gelu", "gelu-tanh", "silu", "tanh" or "sigmoid"; default: gelu, silu
//! # state = 2                   # diagonal, mamba: numbers of state a feature; default: 1, 16
//! # inner = 8                   # mamba: features inside; default: 2 width
//! # kernel = 4                  # mamba: positions the causal convolution reads; default: 4
//! # rank = 1                    # mamba: features the step size is made from; default: width / 16, rounded up
//! # conv_bias = true            # mamba: a bias on the convolution
//! heads = 1                     # the attentions: heads; default: 1
//! key_width = 2                 # the attentions: features of a query and a key; default: width / heads, which must then be whole
//! value_width = 2               # the attentions: features of a value; default: the same
//! feature_map = "relu"          # the attentions: on queries and keys, "none" or an activation; default: "none"
//! output_norm = true            # the attentions: an RMS norm over each head's readout; default: false for linear-attention
//! gate_format = "fixed(2,3)"    # gated-linear-attention: the format gates are stored in; default: that of activations
//! hidden = 8                    # the attentions: hidden features of the MLP; default: no MLP
//! mlp_activation = "silu"       # the attentions: needs hidden; default: "relu"
//! gated = true                  # the attentions: needs hidden: act(gate x) * (up x); default: false
//! norm_epsilon = 1e-5           # all but rnn, lstm and gru: added to the mean square
//! bias = true                   # biases on projections; default: true for rnn, lstm and gru
//! tied = true                   # the output matrix is the embedding
//! output = "logits"             # "logits", "argmax" (the token itself) or "hidden"; at every position
//! state_format = "fixed(4,4)"   # what carried state is rounded to; default: the format of activations
//! round_state = true            # rounded once a position; false needs the recurrence "scan"
//!
//! [numerics]                    # as for models; score_clamp and exp_bits have no place here, and rounding is "fused"
//! weights = "fixed(2,6)"
//! activations = "fixed(4,4)"
//! rounding = "fused"
//! accumulate = "exact"          # or partial sums are rounded; the state goes on from position to position as round_state says
//!
//! [weights]                     # as for models: "free" or "random"
//! source = "random"
//! seed = 1
//! limit = 1.0
//! ```

use super::{ACTIVATIONS, file_name, weights};
use crate::number::Format;
use crate::spec::recurrent::{Cell, Diagonal, Extras, LinearAttention, Mamba, Recurrent, Rule, State};
use crate::spec::text::{self, Fields, MAX_DIMENSION, Problems, Source};
use crate::spec::{Activation, Error, MAX_LAYERS, Mlp, Numerics, Output, Rounding, WeightSource, numerics};

/// Said of every unknown key that resembles no known one.
const SCHEMA: &str = "the keys of [recurrent] are listed in the documentation of isobath::spec::native::recurrent";

/// The cells by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rnn,
    Lstm,
    Gru,
    Diagonal,
    Mamba,
    Sum,
    Gated,
    Delta,
}

const KINDS: [(&str, Kind); 8] = [
    ("rnn", Kind::Rnn),
    ("lstm", Kind::Lstm),
    ("gru", Kind::Gru),
    ("diagonal", Kind::Diagonal),
    ("mamba", Kind::Mamba),
    ("linear-attention", Kind::Sum),
    ("gated-linear-attention", Kind::Gated),
    ("delta-rule", Kind::Delta),
];

const ATTENTIONS: &[Kind] = &[Kind::Sum, Kind::Gated, Kind::Delta];

/// Keys that are not for every cell.
const ONLY: [(&str, &[Kind]); 16] = [
    ("activation", &[Kind::Rnn, Kind::Diagonal, Kind::Mamba]),
    ("state", &[Kind::Diagonal, Kind::Mamba]),
    ("inner", &[Kind::Mamba]),
    ("kernel", &[Kind::Mamba]),
    ("rank", &[Kind::Mamba]),
    ("conv_bias", &[Kind::Mamba]),
    ("heads", ATTENTIONS),
    ("key_width", ATTENTIONS),
    ("value_width", ATTENTIONS),
    ("feature_map", ATTENTIONS),
    ("output_norm", ATTENTIONS),
    ("gate_format", &[Kind::Gated]),
    ("hidden", ATTENTIONS),
    ("mlp_activation", ATTENTIONS),
    ("gated", ATTENTIONS),
    ("norm_epsilon", &[Kind::Diagonal, Kind::Mamba, Kind::Sum, Kind::Gated, Kind::Delta]),
];

/// Positions a convolution may read.
const MOST_TAPS: u64 = 64;

/// Reads the network, if the text holds a table `[recurrent]`.
pub(in crate::spec) fn find(source: &Source) -> Result<Option<Recurrent>, Error> {
    let node = text::toml(source)?;
    let defaults = numerics::defaults()?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let Some(fields) = root.table("recurrent") else { return Ok(None) };
    let name = root.text("name").map_or_else(|| file_name(source), str::to_owned);
    let message = || "a file describes either a `[model]` or a `[recurrent]` network".to_owned();
    root.check(&["model"], !root.has("model"), message, "remove one of the tables");
    let numerics = root.table("numerics").map_or(defaults, |fields| fused(&fields, defaults));
    let weights = root.table("weights").map_or(WeightSource::Free, |fields| drawn(&fields));
    let recurrent = read(&fields, name, numerics, weights);
    root.finish(SCHEMA);
    problems.finish()?;
    Ok(Some(recurrent))
}

fn fused(fields: &Fields, defaults: Numerics) -> Numerics {
    for key in ["score_clamp", "exp_bits"] {
        fields.check(
            &[key],
            !fields.has(key),
            || format!("`{key}` is for softmax, which no recurrent cell has"),
            "remove it",
        );
    }
    let numerics = numerics::read(fields, defaults);
    let message = || "`rounding` = \"eager\" is not supported for recurrent networks".to_owned();
    fields.check(&["rounding"], numerics.rounding == Rounding::Fused, message, "write \"fused\"");
    numerics
}

fn drawn(fields: &Fields) -> WeightSource {
    let message = || "`file` is not supported for recurrent networks yet".to_owned();
    fields.check(&["file"], !fields.has("file"), message, "write `source = \"free\"`, or \"random\" with a seed");
    weights(fields)
}

fn read(fields: &Fields, name: String, numerics: Numerics, weights: WeightSource) -> Recurrent {
    let kind = fields.choice("cell", &KINDS, None);
    let outputs = [("logits", Output::Logits), ("argmax", Output::Argmax), ("hidden", Output::Hidden)];
    let width = fields.dimension("width");
    let recurrent = Recurrent {
        name,
        family: "native".to_owned(),
        vocabulary: fields.dimension("vocabulary"),
        layers: fields.required("layers", MAX_LAYERS),
        width,
        cell: cell(fields, kind, width, numerics.activations),
        tied: fields.flag_or("tied", true),
        output: fields.choice("output", &outputs, Some(Output::Logits)),
        default_context: fields.dimension_or("context", 8),
        numerics,
        state: state(fields, numerics.activations),
        weights,
    };
    only(fields, kind);
    let entries = recurrent.cell.state_entries(width);
    let message = || format!("the state of a layer has more than {MAX_DIMENSION} numbers");
    fields.check(&["state", "heads", "width"], entries <= u128::from(MAX_DIMENSION), message, "make it smaller");
    fields.finish(SCHEMA);
    recurrent
}

/// Refuses keys that are for other cells.
fn only(fields: &Fields, kind: Kind) {
    for (key, kinds) in ONLY {
        let names: Vec<String> =
            KINDS.iter().filter(|(_, own)| kinds.contains(own)).map(|(name, _)| format!("{name:?}")).collect();
        let message = || format!("`{key}` is only for the cells {}", names.join(", "));
        fields.check(&[key, "cell"], kinds.contains(&kind) || !fields.has(key), message, "remove it, or change `cell`");
    }
}

fn state(fields: &Fields, default: Format) -> State {
    State { format: numerics::format(fields, "state_format", default), rounded: fields.flag_or("round_state", true) }
}

fn cell(fields: &Fields, kind: Kind, width: u64, activations: Format) -> Cell {
    let monotone = [("tanh", Activation::Tanh), ("relu", Activation::Relu), ("sigmoid", Activation::Sigmoid)];
    let activation = |default| fields.choice("activation", &ACTIVATIONS, Some(default));
    let bias = |default| fields.flag_or("bias", default);
    match kind {
        Kind::Rnn => {
            let activation = fields.choice("activation", &monotone, Some(Activation::Tanh));
            Cell::Rnn { activation, bias: bias(true) }
        }
        Kind::Lstm => Cell::Lstm { bias: bias(true) },
        Kind::Gru => Cell::Gru { bias: bias(true) },
        Kind::Diagonal => Cell::Diagonal(Diagonal {
            state: fields.dimension_or("state", 1),
            activation: activation(Activation::Gelu),
            bias: bias(false),
            norm_epsilon: fields.positive_or("norm_epsilon", 1e-5),
        }),
        Kind::Mamba => Cell::Mamba(Mamba {
            inner: fields.dimension_or("inner", width.saturating_mul(2).min(MAX_DIMENSION)),
            state: fields.dimension_or("state", 16),
            kernel: fields.integer_or("kernel", 1, MOST_TAPS, 4),
            rank: fields.dimension_or("rank", width.div_ceil(16)),
            activation: activation(Activation::Silu),
            bias: bias(false),
            conv_bias: fields.flag_or("conv_bias", true),
            norm_epsilon: fields.positive_or("norm_epsilon", 1e-5),
        }),
        Kind::Sum => attention(fields, width, Rule::Sum),
        Kind::Gated => {
            let gates = numerics::format(fields, "gate_format", activations);
            attention(fields, width, Rule::Gated { gates })
        }
        Kind::Delta => attention(fields, width, Rule::Delta),
    }
}

fn attention(fields: &Fields, width: u64, rule: Rule) -> Cell {
    let heads = fields.dimension_or("heads", 1);
    let derived = (width / heads).max(1);
    let key_width = fields.dimension_or("key_width", derived);
    let value_width = fields.dimension_or("value_width", key_width);
    let whole = width.is_multiple_of(heads) || fields.has("key_width");
    let message = || format!("`heads` is {heads}, which does not divide the width {width}");
    fields.check(&["heads", "width"], whole, message, "change one of them, or add `key_width`");
    let maps: Vec<(&str, Option<Activation>)> =
        std::iter::once(("none", None)).chain(ACTIVATIONS.map(|(name, map)| (name, Some(map)))).collect();
    let bias = fields.flag_or("bias", false);
    Cell::Attention(LinearAttention {
        heads,
        key_width,
        value_width,
        feature_map: fields.choice("feature_map", &maps, Some(None)),
        rule,
        output_norm: fields.flag_or("output_norm", rule != Rule::Sum),
        bias,
        norm_epsilon: fields.positive_or("norm_epsilon", 1e-5),
        mlp: mlp(fields, bias),
        extras: Extras::default(),
    })
}

fn mlp(fields: &Fields, bias: bool) -> Option<Mlp> {
    let hidden = fields.maybe_dimension("hidden");
    for key in ["mlp_activation", "gated"] {
        let message = || format!("`{key}` is for an MLP, which needs `hidden`");
        fields.check(&[key], hidden.is_some() || !fields.has(key), message, "add `hidden = 8`, say");
    }
    let activation = fields.choice("mlp_activation", &ACTIVATIONS, Some(Activation::Relu));
    let gated = fields.flag_or("gated", false);
    hidden.map(|hidden| Mlp { hidden, activation, gated, bias })
}

#[cfg(test)]
mod tests;
