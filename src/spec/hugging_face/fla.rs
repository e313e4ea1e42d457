//! GLA and DeltaNet of flash-linear-attention: linear attention with gates or the delta rule, as their layers are there.
//!
//! Rounded state is in the format of activations, and so are gates. The sizes their classes fill in are taken as there.

use super::core;
use super::variants::{FUSED, hidden, swish};
use crate::spec::recurrent::{Cell, Decay, Extras, LinearAttention, Recurrent, Rule, State};
use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{Activation, Mlp, Numerics, WeightSource};

/// `gla`: gates by two maps and a sixteenth root, the readout gated.
pub(super) fn gla(fields: &Fields, numerics: Numerics) -> Recurrent {
    fields.only("use_gk", true, "gates on keys are the only ones read");
    fields.only("use_gv", false, "gates on values");
    let none = fields.get("clamp_min").is_none() && fields.get("feature_map").is_none();
    let message = || "`clamp_min` and `feature_map` are read as null alone".to_owned();
    fields.check(&["clamp_min", "feature_map"], none, message, "");
    fields.only("use_short_conv", false, "convolutions in GLA");
    fields.ignore(&["conv_size", "conv_bias"]);
    grouped(fields);
    let decay = Decay {
        rank: fields.dimension_or("gate_low_rank_dim", 16),
        root: fields.integer_or("gate_logit_normalizer", 1, 1 << 20, 16),
    };
    let gated = fields.flag_or("use_output_gate", true);
    let extras = Extras { scaled: true, output_gate: gated, decay: Some(decay), ..Extras::default() };
    model(fields, numerics, ("gla", 0.5, 4), Rule::Gated { gates: numerics.activations }, None, extras)
}

/// `delta_net`: convolutions, then queries and keys of unit length.
pub(super) fn delta_net(fields: &Fields, numerics: Numerics) -> Recurrent {
    fields.only("use_beta", true, "a learning rate of one");
    fields.only("allow_neg_eigval", false, "learning rates up to two");
    fields.only("conv_bias", false, "biases on convolutions");
    fields.only("use_output_norm", true, "a readout without a norm");
    fields.only("use_short_conv", true, "values through SiLU without a convolution");
    fields.choice("qk_norm", &[("l2", ())], Some(()));
    let maps = [("silu", Some(Activation::Silu)), ("relu", Some(Activation::Relu)), ("identity", None)];
    let map = fields.choice("qk_activation", &maps, Some(maps[0].1));
    let taps = fields.integer_or("conv_size", 1, 64, 4);
    let gated = fields.flag_or("use_gate", false);
    let extras =
        Extras { convolution: Some(taps), unit_keys: true, scaled: true, output_gate: gated, ..Extras::default() };
    model(fields, numerics, ("delta_net", 1.0, 4), Rule::Delta, map, extras)
}

/// Key-value heads shared by queries are not read.
fn grouped(fields: &Fields) {
    let heads = fields.dimension_or("num_heads", 4);
    let shared = fields.dimension_or("num_kv_heads", heads);
    let message = || format!("`num_kv_heads` is {shared}: heads that share keys and gates");
    fields.check(&["num_kv_heads"], shared == heads, message, "");
}

fn model(
    fields: &Fields,
    numerics: Numerics,
    (family, keys, heads): (&str, f64, u64),
    rule: Rule,
    feature_map: Option<Activation>,
    extras: Extras,
) -> Recurrent {
    fields.choice("attn_mode", &[("chunk", ()), ("fused_chunk", ()), ("fused_recurrent", ())], Some(()));
    let hybrid = fields.get("attn").is_some();
    fields.check(&["attn"], !hybrid, || "`attn`: layers of softmax attention among the others".to_owned(), "");
    fields.only("elementwise_affine", true, "norms without gains");
    fields.ignore(&FUSED);
    fields.ignore(&["max_position_embeddings"]);
    let width = fields.dimension("hidden_size");
    let heads = fields.dimension_or("num_heads", heads);
    let (keys, values) = (fields.positive_or("expand_k", keys), fields.positive_or("expand_v", 1.0));
    let epsilon = fields.positive_or("norm_eps", 1e-6);
    let mlp = Mlp { hidden: hidden(fields, width), activation: swish(fields), gated: true, bias: false };
    let cell = Cell::Attention(LinearAttention {
        heads,
        key_width: split(fields, "expand_k", width, keys, heads),
        value_width: split(fields, "expand_v", width, values, heads),
        feature_map,
        rule,
        output_norm: true,
        bias: false,
        norm_epsilon: epsilon,
        mlp: Some(mlp),
        extras,
    });
    let message = || format!("the state of a layer has more than {MAX_DIMENSION} numbers");
    let fits = cell.state_entries(width) <= u128::from(MAX_DIMENSION);
    fields.check(&["hidden_size", "num_heads"], fits, message, "");
    Recurrent {
        name: String::new(),
        family: family.to_owned(),
        vocabulary: fields.dimension_or("vocab_size", 32_000),
        layers: fields.required("num_hidden_layers", crate::spec::MAX_LAYERS),
        width,
        cell,
        tied: fields.flag_or("tie_word_embeddings", false),
        output: core::output(fields),
        default_context: 1024,
        numerics,
        state: State { format: numerics.activations, rounded: true },
        weights: WeightSource::Free,
    }
}

/// Features of a head: so many times the width, over the heads.
fn split(fields: &Fields, key: &str, width: u64, factor: f64, heads: u64) -> u64 {
    let all = (width as f64 * factor) as u64;
    let message = || format!("`{key}` makes {all} features, which {heads} heads do not divide");
    let fits = all >= heads && all.is_multiple_of(heads) && all <= MAX_DIMENSION;
    fields.check(&[key, "num_heads", "hidden_size"], fits, message, "");
    (all / heads).clamp(1, MAX_DIMENSION)
}
