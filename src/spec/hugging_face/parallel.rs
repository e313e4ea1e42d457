//! Families that may run attention and MLP side by side: GPT-NeoX, Phi, StableLM. Part of each head is rotated.

use super::core::{Absent, Core, GPT, Keys, MODERN, activation, attention, block, decoder, layer, repeat};
use super::rope::{self, FULL, Names};
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Block, Join, Mlp, Rotary};

/// `gpt_neox`.
pub(super) fn gpt_neox(fields: &Fields) -> Architecture {
    let keys = Keys { kv_heads: ("", Absent::Derived), head_width: ("", Absent::Derived), ..MODERN };
    let core = Core::read(fields, &keys);
    let (old, pct) = (fields.has("rotary_emb_base"), fields.has("rotary_pct"));
    let names = Names {
        theta: if old { "rotary_emb_base" } else { "rope_theta" },
        fraction: if pct { "rotary_pct" } else { "partial_rotary_factor" },
        default_fraction: 0.25,
        ..FULL
    };
    let mut attention = attention(&core, fields.flag_or("attention_bias", true));
    attention.rotary = Some(rope::read(fields, &core, &names));
    let act = activation(fields, "hidden_act", Activation::Gelu);
    let norm = layer(fields.positive_or("layer_norm_eps", 1e-5));
    let mut block = block(attention, Mlp { hidden: core.hidden, activation: act, gated: false, bias: true }, norm);
    let parallel = fields.flag_or("use_parallel_residual", true);
    block.join = if parallel { Join::ParallelTwoNorms } else { Join::Serial };
    untied(fields, &core, "gpt_neox", block)
}

/// `phi`: one norm for both sublayers, biases everywhere.
pub(super) fn phi(fields: &Fields) -> Architecture {
    let keys = Keys { head_width: ("", Absent::Derived), hidden: ("intermediate_size", Absent::Value(8192)), ..MODERN };
    let core = Core::read(fields, &keys);
    let names = Names { fraction: "partial_rotary_factor", default_fraction: 0.5, ..FULL };
    let rotary = rope::read(fields, &core, &names);
    fields.only("qk_layernorm", false, "norms with biases on queries and keys");
    let act = activation(fields, "hidden_act", Activation::GeluTanh);
    phi_model(fields, &core, "phi", rotary, act, "layer_norm_eps")
}

/// `phi-msft`: the same model under the keys of its first files.
pub(super) fn phi_msft(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &Keys { kv_heads: ("n_head_kv", Absent::Derived), ..GPT });
    let features = fields.dimension_or("rotary_dim", 32);
    rope::check(fields, &core, "rotary_dim", features);
    let rotary = Rotary { features, base: 10_000.0, half_split: true, scaling: None };
    fields.ignore(&["flash_attn", "flash_rotary", "fused_dense"]);
    let act = activation(fields, "activation_function", Activation::GeluTanh);
    phi_model(fields, &core, "phi-msft", rotary, act, "layer_norm_epsilon")
}

fn phi_model(fields: &Fields, core: &Core, family: &str, rotary: Rotary, act: Activation, eps: &str) -> Architecture {
    let mut attention = attention(core, true);
    attention.rotary = Some(rotary);
    let norm = layer(fields.positive_or(eps, 1e-5));
    let mut block = block(attention, Mlp { hidden: core.hidden, activation: act, gated: false, bias: true }, norm);
    block.join = Join::ParallelShared;
    let mut model = untied(fields, core, family, block);
    model.head_bias = true;
    model
}

/// `stablelm`: LayerNorm around a gated MLP, serial unless written.
pub(super) fn stablelm(fields: &Fields) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(4096));
    let kv_heads = ("num_key_value_heads", Absent::Value(32));
    let core = Core::read(fields, &Keys { head_width: ("", Absent::Derived), kv_heads, context, ..MODERN });
    let names = Names { fraction: "partial_rotary_factor", default_fraction: 0.25, ..FULL };
    let mut attention = attention(&core, false);
    attention.qkv_bias = fields.flag_or("use_qkv_bias", false);
    attention.rotary = Some(rope::read(fields, &core, &names));
    fields.only("qk_layernorm", false, "norms with biases on queries and keys");
    let act = activation(fields, "hidden_act", Activation::Silu);
    let norm = layer(fields.positive_or("layer_norm_eps", 1e-5));
    let mut block = block(attention, Mlp { hidden: core.hidden, activation: act, gated: true, bias: false }, norm);
    let parallel = fields.flag_or("use_parallel_residual", false);
    block.join = if parallel { Join::ParallelShared } else { Join::Serial };
    untied(fields, &core, "stablelm", block)
}

fn untied(fields: &Fields, core: &Core, family: &str, block: Block) -> Architecture {
    let mut model = decoder(fields, core, family, repeat(core, block));
    model.tied = fields.flag_or("tie_word_embeddings", false);
    model
}
