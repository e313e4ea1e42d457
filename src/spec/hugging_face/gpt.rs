//! GPT-2 and OPT: learned positions, serial blocks with biases.

use super::core::{Absent, Core, GPT, Keys, MODERN, activation, attention, block, decoder, layer, repeat};
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Mlp, Norm, Placement, Positions, ScoreScale};

/// `gpt2`.
pub(super) fn gpt2(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &GPT);
    let mut attention = attention(&core, true);
    if !fields.flag_or("scale_attn_weights", true) {
        attention.scale = ScoreScale::One;
    }
    fields.only("scale_attn_by_inverse_layer_idx", false, "scores of a layer divided by its number");
    let act = activation(fields, "activation_function", Activation::GeluTanh);
    let mlp = Mlp { hidden: core.hidden, activation: act, gated: false, bias: true };
    let norm = layer(fields.positive_or("layer_norm_epsilon", 1e-5));
    let old = fields.dimension_or("n_ctx", core.context);
    let message = || format!("`n_ctx` is {old}, but there are {} positions", core.context);
    fields.check(&["n_ctx"], old == core.context, message, "make it equal to `n_positions`, or remove it");
    fields.integer_or("n_special", 0, 0, 0);
    fields.ignore(&["predict_special_tokens"]);
    let mut model = decoder(fields, &core, "gpt2", repeat(&core, block(attention, mlp, norm)));
    model.positions = Positions::Learned { rows: core.context, offset: 0 };
    model.tied = fields.flag_or("tie_word_embeddings", true);
    model
}

/// `opt`: the first position used is row 2; the final norm goes with norms that stand before their sublayers.
pub(super) fn opt(fields: &Fields) -> Architecture {
    let keys = Keys {
        kv_heads: ("", Absent::Derived),
        head_width: ("", Absent::Derived),
        hidden: ("ffn_dim", Absent::Refused),
        ..MODERN
    };
    let core = Core::read(fields, &keys);
    let bias = fields.flag_or("enable_bias", true);
    let affine = fields.flag_or("layer_norm_elementwise_affine", true);
    let norm = Norm { gain: affine, bias: affine, ..layer(1e-5) };
    let act = activation(fields, "activation_function", Activation::Relu);
    let mlp = Mlp { hidden: core.hidden, activation: act, gated: false, bias };
    let mut block = block(attention(&core, bias), mlp, norm);
    let before = fields.flag_or("do_layer_norm_before", true);
    block.placement = if before { Placement::Pre } else { Placement::Post };
    let bare = fields.flag_or("_remove_final_layer_norm", false);
    embedding_width(fields, &core);
    let mut model = decoder(fields, &core, "opt", repeat(&core, block));
    model.positions = Positions::Learned { rows: core.context, offset: 2 };
    model.final_norm = (before && !bare).then_some(norm);
    model.tied = fields.flag_or("tie_word_embeddings", true);
    model
}

fn embedding_width(fields: &Fields, core: &Core) {
    let width = fields.dimension_or("word_embed_proj_dim", core.width);
    let message = || format!("`word_embed_proj_dim` is {width}, but the width is {}", core.width);
    let help = "an embedding of another width than the blocks is not supported";
    fields.check(&["word_embed_proj_dim", "hidden_size"], width == core.width, message, help);
}
