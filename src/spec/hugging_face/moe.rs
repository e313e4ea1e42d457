//! Mixtral and Qwen 3 with experts: Llama's block with a router and experts in place of the MLP.

use super::core::{Absent, Core, Keys, MODERN, activation, attention, block, decoder, rms};
use super::llama::sliding_layers;
use super::rope::{self, FULL, Names};
use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{Activation, Architecture, Attention, Block, Experts, Mlp, Norm, Weighting};

/// Keys of the loss that keeps experts balanced.
const BALANCE: [&str; 5] =
    ["aux_loss_alpha", "output_router_logits", "router_aux_loss_coef", "router_jitter_noise", "seq_aux"];

/// `mixtral`.
pub(super) fn mixtral(fields: &Fields) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(131_072));
    let kv_heads = ("num_key_value_heads", Absent::Value(8));
    let core = Core::read(fields, &Keys { kv_heads, context, ..MODERN });
    let mut attention = attention(&core, false);
    attention.rotary = Some(rope::read(fields, &core, &Names { default_theta: 1e6, ..FULL }));
    attention.window = fields.maybe_dimension("sliding_window");
    let experts = softmax(fields, ("num_local_experts", 8), ("num_experts_per_tok", 2), true);
    ignored(fields);
    let block = Block { experts: Some(experts), ..plain(fields, attention, core.hidden, 1e-5) };
    fits(fields, "num_local_experts", &block);
    assemble(fields, &core, "mixtral", vec![block; core.layers as usize])
}

/// `qwen3_moe`: experts on every `decoder_sparse_step`th layer but those of `mlp_only_layers`.
pub(super) fn qwen3_moe(fields: &Fields) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(32_768));
    let kv_heads = ("num_key_value_heads", Absent::Value(4));
    let hidden = ("intermediate_size", Absent::Value(6144));
    let core = Core::read(fields, &Keys { kv_heads, context, hidden, ..MODERN });
    let mut attention = attention(&core, fields.flag_or("attention_bias", false));
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    attention.qk_norm = Some(norm(fields, 1e-6));
    fields.only("use_sliding_window", false, "versions of the class differ in the layers it means");
    fields.ignore(&["max_window_layers", "sliding_window"]);
    let sliding = sliding_layers(fields, &core, |_| false);
    let message = || "`layer_types` asks for windows, but `use_sliding_window` is not set".to_owned();
    fields.check(&["layer_types"], !sliding.contains(&true), message, "");
    let normalised = fields.flag_or("norm_topk_prob", false);
    let experts = softmax(fields, ("num_experts", 128), ("num_experts_per_tok", 8), normalised);
    let each = fields.dimension_or("moe_intermediate_size", 768);
    let dense = plain(fields, attention.clone(), core.hidden, 1e-6);
    let sparse = Block { experts: Some(experts), ..plain(fields, attention, each, 1e-6) };
    ignored(fields);
    fits(fields, "num_experts", &sparse);
    let step = fields.dimension_or("decoder_sparse_step", 1);
    let only = fields.integers("mlp_only_layers").unwrap_or_default();
    let sparse_at = |layer: u64| !only.contains(&layer) && (layer + 1).is_multiple_of(step);
    let kind = |layer: u64| if sparse_at(layer) { &sparse } else { &dense };
    let blocks = (0..core.layers).map(|layer| kind(layer).clone()).collect();
    assemble(fields, &core, "qwen3_moe", blocks)
}

/// Softmax over the scores; how many there are and are chosen, under these keys, or as many.
fn softmax(fields: &Fields, count: (&str, u64), chosen: (&str, u64), normalised: bool) -> Experts {
    let (number, each) = (numbered(fields, count), numbered(fields, chosen));
    let message = || format!("`{}` is {each}, but there are {number} experts", chosen.0);
    fields.check(&[chosen.0, count.0], each <= number, message, "");
    Experts {
        count: number,
        chosen: each,
        weighting: Weighting::Softmax,
        normalised,
        factor: 1.0,
        groups: None,
        router_bias: false,
        choice_bias: false,
        shared: None,
    }
}

/// A number of experts: pairs of them are compared.
pub(super) fn numbered(fields: &Fields, (key, default): (&str, u64)) -> u64 {
    fields.integer_or(key, 1, 1 << 16, default)
}

/// Keys without bearing on the forward pass.
pub(super) fn ignored(fields: &Fields) {
    fields.ignore(&BALANCE);
}

/// Refuses more hidden features of all experts together than dimensions may have.
pub(super) fn fits(fields: &Fields, key: &str, block: &Block) {
    let hidden = block.experts.map_or(1, |experts| experts.count).checked_mul(block.mlp.hidden);
    let fits = hidden.is_some_and(|hidden| hidden <= MAX_DIMENSION);
    let message = || format!("the experts of a layer have more than {MAX_DIMENSION} hidden features");
    fields.check(&[key, "intermediate_size", "moe_intermediate_size"], fits, message, "");
}

fn norm(fields: &Fields, epsilon: f64) -> Norm {
    rms(fields.positive_or("rms_norm_eps", epsilon))
}

fn plain(fields: &Fields, attention: Attention, hidden: u64, epsilon: f64) -> Block {
    let activation = activation(fields, "hidden_act", Activation::Silu);
    block(attention, Mlp { hidden, activation, gated: true, bias: false }, norm(fields, epsilon))
}

fn assemble(fields: &Fields, core: &Core, family: &str, blocks: Vec<Block>) -> Architecture {
    let mut model = decoder(fields, core, family, blocks);
    model.tied = fields.flag_or("tie_word_embeddings", false);
    model
}
