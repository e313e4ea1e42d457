//! Gemma 1, 2 and 3: scaled embedding, gains stored less one, tied output; windows on some layers from Gemma 2 on.

use super::core::{ACTIVATIONS, Absent, Core, Keys, MODERN, activation, attention, block, decoder, repeat, rms};
use super::llama::{sliding_layers, window_or, windowed};
use super::rope::{self, FULL, Names};
use super::{UNKNOWN, irrelevant};
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Attention, Block, Mlp, Norm, Placement, Rotary, ScoreScale};

/// `gemma`. The `gelu` of its first files has always meant the tanh approximation.
pub(super) fn gemma(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &keys(16, 8192));
    let written = fields.choice("hidden_act", &ACTIVATIONS, Some(Activation::GeluTanh));
    let old = if written == Activation::Gelu { Activation::GeluTanh } else { written };
    let act = activation(fields, "hidden_activation", old);
    let mut attention = attention(&core, fields.flag_or("attention_bias", false));
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    let block = block(attention, mlp(&core, act), norm(fields));
    assemble(fields, &core, "gemma", repeat(&core, block))
}

/// `gemma2`: every other layer has a window, beginning with the first.
pub(super) fn gemma2(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &keys(4, 8192));
    let rotary = rope::read(fields, &core, &FULL);
    let mut block = sandwich(fields, &core);
    block.attention.rotary = Some(rotary);
    block.attention.softcap = capped(fields, "attn_logit_softcapping", Some(50.0));
    let window = window_or(fields, 4096);
    let sliding = sliding_layers(fields, &core, |layer| layer.is_multiple_of(2));
    let blocks = sliding.into_iter().map(|sliding| windowed(&block, window.filter(|_| sliding))).collect();
    let mut model = assemble(fields, &core, "gemma2", blocks);
    model.logit_softcap = capped(fields, "final_logit_softcapping", Some(30.0));
    model
}

/// `gemma3`: the text model of a model with images; without a `text_config`, the same keys at the root.
pub(super) fn gemma3(fields: &Fields) -> Architecture {
    let Some(inner) = fields.table("text_config") else { return gemma3_text(fields) };
    fields.ignore(&["vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index", "image_token_index"]);
    let mut model = gemma3_text(&inner);
    model.tied = fields.flag_or("tie_word_embeddings", model.tied);
    inner.ignore(irrelevant::KEYS);
    inner.choice("model_type", &[("gemma3_text", ())], Some(()));
    inner.finish(UNKNOWN);
    model
}

/// `gemma3_text`: all but every sixth layer have a window and angles of their own; norms on queries and keys.
pub(super) fn gemma3_text(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &gemma3_keys());
    let (far, near) = gemma3_rotations(fields, &core);
    let mut block = sandwich(fields, &core);
    block.attention.qk_norm = Some(block.norm);
    block.attention.softcap = capped(fields, "attn_logit_softcapping", None);
    fields.only("use_bidirectional_attention", false, "attention in both directions");
    let window = window_or(fields, 4096);
    let key = if fields.has("_sliding_window_pattern") { "_sliding_window_pattern" } else { "sliding_window_pattern" };
    let pattern = fields.dimension_or(key, 6);
    let sliding = sliding_layers(fields, &core, |layer| !(layer + 1).is_multiple_of(pattern));
    let one = |sliding: bool| {
        let mut block = windowed(&block, window.filter(|_| sliding));
        block.attention.rotary = Some(if sliding { near.clone() } else { far.clone() });
        block
    };
    let mut model = assemble(fields, &core, "gemma3_text", sliding.into_iter().map(one).collect());
    model.logit_softcap = capped(fields, "final_logit_softcapping", None);
    model
}

fn keys(kv_heads: u64, context: u64) -> Keys {
    Keys {
        kv_heads: ("num_key_value_heads", Absent::Value(kv_heads)),
        head_width: ("head_dim", Absent::Value(256)),
        context: ("max_position_embeddings", Absent::Value(context)),
        ..MODERN
    }
}

/// The published files of models with images leave out whatever their class says.
fn gemma3_keys() -> Keys {
    Keys {
        vocabulary: ("vocab_size", Absent::Value(262_208)),
        width: ("hidden_size", Absent::Value(2304)),
        layers: ("num_hidden_layers", Absent::Value(26)),
        heads: ("num_attention_heads", Absent::Value(8)),
        hidden: ("intermediate_size", Absent::Value(9216)),
        ..keys(4, 131_072)
    }
}

/// The rotations of layers without and with a window. Only the first is rescaled.
fn gemma3_rotations(fields: &Fields, core: &Core) -> (Rotary, Rotary) {
    let far = Names { default_theta: 1_000_000.0, ..FULL };
    let near = Names { theta: "rope_local_base_freq", ..FULL };
    let split = fields.table("rope_parameters").filter(|table| table.has("full_attention"));
    let Some(split) = split else {
        return (rope::read(fields, core, &far), rope::one(fields, None, core, &near));
    };
    let tables = [("full_attention", far), ("sliding_attention", near)].map(|(key, names)| {
        let table = split.table(key);
        let rotary = rope::one(fields, table.as_ref(), core, &names);
        table.inspect(|table| table.finish(UNKNOWN));
        rotary
    });
    split.finish(UNKNOWN);
    tables.into()
}

fn norm(fields: &Fields) -> Norm {
    Norm { gain_plus_one: true, ..rms(fields.positive_or("rms_norm_eps", 1e-6)) }
}

fn mlp(core: &Core, activation: Activation) -> Mlp {
    Mlp { hidden: core.hidden, activation, gated: true, bias: false }
}

/// The block of Gemma 2 and 3: norms before and after each sublayer, scores scaled by a number of their own.
fn sandwich(fields: &Fields, core: &Core) -> Block {
    let act = activation(fields, "hidden_activation", Activation::GeluTanh);
    fields.ignore(&["hidden_act"]);
    let scale = ScoreScale::InverseSqrt(fields.positive_or("query_pre_attn_scalar", 256.0));
    let attention = Attention { scale, ..attention(core, fields.flag_or("attention_bias", false)) };
    Block { placement: Placement::Sandwich, ..block(attention, mlp(core, act), norm(fields)) }
}

/// A cap: absent is the default, null is none.
fn capped(fields: &Fields, key: &str, default: Option<f64>) -> Option<f64> {
    let written = fields.maybe_positive(key);
    if fields.has(key) { written } else { default }
}

fn assemble(fields: &Fields, core: &Core, family: &str, blocks: Vec<Block>) -> Architecture {
    let mut model = decoder(fields, core, family, blocks);
    model.embedding_scale = true;
    model.tied = fields.flag_or("tie_word_embeddings", true);
    model
}
