//! GPT-OSS: experts with biases and a clamped gate, attention sinks, windows on every other layer.
//!
//! How a checkpoint's weights are quantised is not read.

use super::core::{Absent, Core, Keys, MODERN, attention, block, decoder, rms};
use super::llama::{sliding_layers, window_or, windowed};
use super::moe;
use super::rope::{self, FULL, Names};
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Block, Experts, Mlp, Weighting};

/// `gpt_oss`.
pub(super) fn gpt_oss(fields: &Fields) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(131_072));
    let (kv_heads, head_width) = (("num_key_value_heads", Absent::Value(8)), ("head_dim", Absent::Value(64)));
    let core = Core::read(fields, &Keys { kv_heads, head_width, context, ..MODERN });
    let mut attention = attention(&core, fields.flag_or("attention_bias", true));
    attention.rotary = Some(rope::read(fields, &core, &Names { default_theta: 150_000.0, ..FULL }));
    attention.sinks = true;
    let experts = experts(fields);
    clamped(fields);
    let mlp = Mlp { hidden: core.hidden, activation: Activation::ClampedSwiglu, gated: true, bias: true };
    let norm = rms(fields.positive_or("rms_norm_eps", 1e-5));
    let block = Block { experts: Some(experts), ..block(attention, mlp, norm) };
    moe::fits(fields, "num_local_experts", &block);
    moe::ignored(fields);
    fields.ignore(&["initial_context_length"]);
    let window = window_or(fields, 128);
    let sliding = sliding_layers(fields, &core, |layer| layer.is_multiple_of(2));
    let blocks = sliding.into_iter().map(|sliding| windowed(&block, window.filter(|_| sliding))).collect();
    let mut model = decoder(fields, &core, "gpt_oss", blocks);
    model.tied = fields.flag_or("tie_word_embeddings", false);
    model
}

/// The gate is that of the class, with its two numbers; `hidden_act` names only its logistic part.
fn clamped(fields: &Fields) {
    fields.choice("hidden_act", &[("silu", ())], Some(()));
    for (key, wanted) in [("swiglu_limit", 7.0), ("swiglu_alpha", 1.702)] {
        let found = fields.positive_or(key, wanted);
        let message = || format!("`{key}` is {found}, but only {wanted} is supported");
        fields.check(&[key], found == wanted, message, "");
    }
}

fn experts(fields: &Fields) -> Experts {
    let count = moe::numbered(fields, ("num_local_experts", 128));
    let chosen = moe::numbered(fields, ("num_experts_per_tok", 4));
    let again = moe::numbered(fields, ("experts_per_token", chosen));
    let message = || format!("`experts_per_token` is {again}, but `num_experts_per_tok` is {chosen}");
    fields.check(&["experts_per_token", "num_experts_per_tok"], again == chosen, message, "keep one of them");
    let message = || format!("`num_experts_per_tok` is {chosen}, but there are {count} experts");
    fields.check(&["num_experts_per_tok", "num_local_experts"], chosen <= count, message, "");
    Experts {
        count,
        chosen,
        weighting: Weighting::Softmax,
        normalised: true,
        factor: 1.0,
        groups: None,
        router_bias: true,
        choice_bias: false,
        shared: None,
    }
}
