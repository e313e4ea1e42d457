//! Llama and those built like it: RMSNorm, rotary positions, gated MLP, serial pre-norm blocks.

use super::core::{Absent, Core, Keys, MODERN, activation, attention, block, decoder, repeat, rms};
use super::rope::{self, FULL, Names};
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Attention, Block, Mlp, Norm};

/// `llama`.
pub(super) fn llama(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &MODERN);
    let attention = Attention {
        rotary: Some(rope::read(fields, &core, &FULL)),
        ..attention(&core, fields.flag_or("attention_bias", false))
    };
    let bias = fields.flag_or("mlp_bias", false);
    assemble(fields, &core, "llama", repeat(&core, gated(fields, &core, attention, bias)))
}

/// `mistral`: a window on every layer, 4096 unless written (null is none).
pub(super) fn mistral(fields: &Fields) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(131_072));
    let keys = Keys { kv_heads: ("num_key_value_heads", Absent::Value(8)), context, ..MODERN };
    let core = Core::read(fields, &keys);
    let mut attention = attention(&core, false);
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    attention.window = mistral_window(fields);
    fields.only("attention_bias", false, "Mistral has none");
    fields.ignore(&["prefill_chunk_size", "attention_sink_size"]);
    assemble(fields, &core, "mistral", repeat(&core, gated(fields, &core, attention, false)))
}

fn mistral_window(fields: &Fields) -> Option<u64> {
    let (new, old) = (fields.maybe_dimension("sliding_window"), fields.maybe_dimension("sliding_window_size"));
    let agree = new.is_none() || old.is_none() || new == old;
    let message = || "`sliding_window_size` contradicts `sliding_window`".to_owned();
    fields.check(&["sliding_window_size"], agree, message, "keep `sliding_window`");
    if fields.has("sliding_window") { new } else { Some(old.unwrap_or(4096)) }
}

/// `qwen2`: biases on q, k and v.
pub(super) fn qwen2(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &qwen_keys(Absent::Derived));
    let mut attention = attention(&core, false);
    attention.qkv_bias = true;
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    assemble(fields, &core, "qwen2", qwen_blocks(fields, &core, &attention))
}

/// `qwen3`: norms on queries and keys, heads of 128 features unless written.
pub(super) fn qwen3(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &qwen_keys(Absent::Value(128)));
    let mut attention = attention(&core, fields.flag_or("attention_bias", false));
    attention.qk_norm = Some(norm(fields));
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    assemble(fields, &core, "qwen3", qwen_blocks(fields, &core, &attention))
}

fn qwen_keys(head_width: Absent) -> Keys {
    let context = ("max_position_embeddings", Absent::Value(32_768));
    let kv_heads = ("num_key_value_heads", Absent::Value(32));
    Keys { kv_heads, head_width: ("head_dim", head_width), context, ..MODERN }
}

/// Windows from layer `max_window_layers` on, if they are used at all, or where `layer_types` says.
fn qwen_blocks(fields: &Fields, core: &Core, attention: &Attention) -> Vec<Block> {
    let used = fields.flag_or("use_sliding_window", false);
    fields.only("use_mrope", false, "positions in several dimensions");
    let window = window_or(fields, 4096).filter(|_| used);
    let first = fields.integer_or("max_window_layers", 0, u64::MAX, 28);
    let sliding = sliding_layers(fields, core, |layer| used && layer >= first);
    let block = gated(fields, core, attention.clone(), false);
    sliding.into_iter().map(|sliding| windowed(&block, window.filter(|_| sliding))).collect()
}

/// The window: absent is the default, null is none.
pub(super) fn window_or(fields: &Fields, default: u64) -> Option<u64> {
    let written = fields.maybe_dimension("sliding_window");
    if fields.has("sliding_window") { written } else { Some(default) }
}

/// A block with another window.
pub(super) fn windowed(block: &Block, window: Option<u64>) -> Block {
    let mut block = block.clone();
    block.attention.window = window;
    block
}

/// Which layers have a window: `layer_types` where it is written, else a rule.
pub(super) fn sliding_layers(fields: &Fields, core: &Core, rule: impl Fn(u64) -> bool) -> Vec<bool> {
    let ruled = || (0..core.layers).map(rule).collect();
    let Some(written) = fields.texts("layer_types") else { return ruled() };
    let known = |kind: &&str| ["sliding_attention", "full_attention"].contains(kind);
    let odd = written.iter().find(|kind| !known(kind));
    let message = || format!("`layer_types` names {:?}, which is not supported", odd.unwrap_or(&""));
    fields.check(&["layer_types"], odd.is_none(), message, "supported: sliding_attention, full_attention");
    let message = || format!("`layer_types` has {} entries for {} layers", written.len(), core.layers);
    let fits = written.len() as u64 == core.layers;
    fields.check(&["layer_types", "num_hidden_layers"], fits, message, "");
    let layers = usize::try_from(core.layers).unwrap_or(usize::MAX);
    written.iter().take(layers).map(|kind| *kind == "sliding_attention").collect()
}

/// `phi3`: Llama with a window.
pub(super) fn phi3(fields: &Fields) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(4096));
    let core = Core::read(fields, &Keys { context, ..MODERN });
    let names = Names { fraction: "partial_rotary_factor", ..FULL };
    let mut attention = attention(&core, false);
    attention.rotary = Some(rope::read(fields, &core, &names));
    attention.window = fields.maybe_dimension("sliding_window");
    fields.only("attention_bias", false, "Phi-3 has none");
    fields.ignore(&["original_max_position_embeddings"]);
    assemble(fields, &core, "phi3", repeat(&core, gated(fields, &core, attention, false)))
}

fn norm(fields: &Fields) -> Norm {
    rms(fields.positive_or("rms_norm_eps", 1e-6))
}

pub(super) fn gated(fields: &Fields, core: &Core, attention: Attention, bias: bool) -> Block {
    let act = activation(fields, "hidden_act", Activation::Silu);
    block(attention, Mlp { hidden: core.hidden, activation: act, gated: true, bias }, norm(fields))
}

pub(super) fn assemble(fields: &Fields, core: &Core, family: &str, blocks: Vec<Block>) -> Architecture {
    let mut model = decoder(fields, core, family, blocks);
    model.tied = fields.flag_or("tie_word_embeddings", false);
    model
}
