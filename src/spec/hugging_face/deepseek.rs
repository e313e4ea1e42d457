//! DeepSeek-V2 and V3: latent attention, dense layers first, then experts with shared ones beside them.
//!
//! An absent `q_lora_rank` is none, as in V2-Lite (the class in transformers then takes that of the large V2). The heads that predict further
//! tokens (`num_nextn_predict_layers`) are not part of the forward pass. How a checkpoint's weights are quantised is not read.

use super::core::{Absent, Core, Keys, MODERN, activation, attention, block, decoder, rms};
use super::moe;
use super::rope::{self, FULL};
use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{Activation, Architecture, Attention, Block, Experts, Groups, Latent, Mlp, ScoreScale, Weighting};

/// What V2 and V3 do otherwise.
struct Kind {
    family: &'static str,
    weighting: Weighting,
    method: &'static str,
}

/// `deepseek_v2`.
pub(super) fn v2(fields: &Fields) -> Architecture {
    read(fields, &Kind { family: "deepseek_v2", weighting: Weighting::Softmax, method: "greedy" })
}

/// `deepseek_v3`.
pub(super) fn v3(fields: &Fields) -> Architecture {
    read(fields, &Kind { family: "deepseek_v3", weighting: Weighting::Sigmoid, method: "noaux_tc" })
}

fn read(fields: &Fields, kind: &Kind) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(4096));
    let core = Core::read(fields, &Keys { head_width: ("", Absent::Value(1)), context, ..MODERN });
    let own = core.kv_heads == core.heads;
    let message = || "in latent attention every head has keys of its own".to_owned();
    fields.check(&["num_key_value_heads", "num_attention_heads"], own, message, "");
    let attention = latent(fields, &core);
    let activation = activation(fields, "hidden_act", Activation::Silu);
    let mlp = |hidden| Mlp { hidden, activation, gated: true, bias: false };
    let norm = rms(fields.positive_or("rms_norm_eps", 1e-6));
    let each = fields.dimension("moe_intermediate_size");
    let dense = block(attention.clone(), mlp(core.hidden), norm);
    let sparse = Block { experts: Some(experts(fields, kind, each)), ..block(attention, mlp(each), norm) };
    moe::fits(fields, "n_routed_experts", &sparse);
    let first = fields.integer_or("first_k_dense_replace", 0, u64::MAX, 0);
    let step = fields.dimension_or("moe_layer_freq", 1);
    let one = |layer: u64| if layer >= first && layer.is_multiple_of(step) { &sparse } else { &dense };
    let blocks = (0..core.layers).map(|layer| one(layer).clone()).collect();
    fields.only("attention_bias", false, "biases of latent attention");
    fields.ignore(&["ep_size", "num_nextn_predict_layers"]);
    moe::ignored(fields);
    let mut model = decoder(fields, &core, kind.family, blocks);
    model.tied = fields.flag_or("tie_word_embeddings", false);
    model
}

fn latent(fields: &Fields, core: &Core) -> Attention {
    let (plain, rotated) = (fields.dimension("qk_nope_head_dim"), fields.dimension("qk_rope_head_dim"));
    let head_width = plain.saturating_add(rotated);
    let value_width = fields.dimension("v_head_dim");
    let fits = core.heads.checked_mul(head_width.max(value_width)).is_some_and(|all| all <= MAX_DIMENSION);
    let message = || format!("all heads together have more than {MAX_DIMENSION} features");
    fields.check(&["qk_nope_head_dim", "v_head_dim", "num_attention_heads"], fits, message, "");
    let rotary = rope::read(fields, &Core { head_width: rotated, ..*core }, &FULL);
    // The norms of narrow rows take their class's epsilon.
    let (query_rank, norm) = (fields.maybe_dimension("q_lora_rank"), rms(1e-6));
    let rank = fields.dimension("kv_lora_rank");
    Attention {
        kv_heads: core.heads,
        head_width,
        rotary: Some(crate::spec::Rotary { half_split: false, ..rotary }),
        scale: scale(fields, head_width),
        latent: Some(Latent { query_rank, rank, rotated, value_width, norm }),
        ..attention(core, false)
    }
}

/// `1 / sqrt(head width)`, times the square of what a rescaled rotation asks for: `1 + mscale_all_dim ln(factor) / 10`.
fn scale(fields: &Fields, head_width: u64) -> ScoreScale {
    let scaling = fields.table("rope_scaling");
    let number = |key: &str| scaling.as_ref().and_then(|table| table.maybe_positive(key));
    let more = match (number("mscale_all_dim"), number("factor")) {
        (Some(all), Some(factor)) if factor > 1.0 => 1.0 + 0.1 * all * factor.ln(),
        _ => 1.0,
    };
    ScoreScale::InverseSqrt(head_width as f64 / more.powi(4))
}

fn experts(fields: &Fields, kind: &Kind, each: u64) -> Experts {
    let sigmoid = kind.weighting == Weighting::Sigmoid;
    let count = moe::numbered(fields, ("n_routed_experts", 256));
    let chosen = moe::numbered(fields, ("num_experts_per_tok", 8));
    for key in ["n_routed_experts", "num_experts_per_tok"] {
        fields.required(key, 1 << 16);
    }
    let message = || format!("`num_experts_per_tok` is {chosen}, but there are {count} experts");
    fields.check(&["num_experts_per_tok", "n_routed_experts"], chosen <= count, message, "");
    fields.choice("scoring_func", &[(if sigmoid { "sigmoid" } else { "softmax" }, ())], Some(()));
    fields.choice("topk_method", &[(kind.method, ())], Some(()));
    let normalised = fields.flag_or("norm_topk_prob", sigmoid);
    let factor = fields.positive_or("routed_scaling_factor", if sigmoid { 2.5 } else { 1.0 });
    let plain = sigmoid || !normalised || factor == 1.0;
    let message = || "versions of DeepSeek-V2 differ in whether normalised weights are scaled".to_owned();
    fields.check(&["routed_scaling_factor", "norm_topk_prob"], plain, message, "");
    let shared = fields.integer_or("n_shared_experts", 0, 1 << 10, 0).saturating_mul(each);
    let message = || format!("shared experts have more than {MAX_DIMENSION} features");
    fields.check(&["n_shared_experts"], shared <= MAX_DIMENSION, message, "");
    Experts {
        count,
        chosen,
        weighting: kind.weighting,
        normalised,
        factor,
        groups: if sigmoid { groups(fields, count, chosen) } else { ungrouped(fields) },
        router_bias: false,
        choice_bias: sigmoid,
        shared: (shared > 0).then_some(shared),
    }
}

/// The greedy method of V2 reads no groups.
fn ungrouped(fields: &Fields) -> Option<Groups> {
    fields.ignore(&["n_group", "topk_group"]);
    None
}

fn groups(fields: &Fields, experts: u64, chosen: u64) -> Option<Groups> {
    let (count, kept) = (fields.integer_or("n_group", 1, 1 << 16, 8), fields.integer_or("topk_group", 1, 1 << 16, 4));
    let whole = count == 1 || (experts.is_multiple_of(count) && experts / count >= 2);
    let message =
        || format!("`n_group` is {count}, which does not divide {experts} experts into groups of two or more");
    fields.check(&["n_group", "n_routed_experts"], whole, message, "");
    let enough = kept <= count && (!whole || kept * (experts / count) >= chosen);
    let message = || format!("{kept} of {count} groups hold fewer than {chosen} experts, or are more than there are");
    fields.check(&["topk_group", "n_group", "num_experts_per_tok"], enough, message, "");
    (count > 1 && kept < count && whole).then_some(Groups { count, kept })
}
