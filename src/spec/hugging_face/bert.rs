//! BERT and RoBERTa: encoders whose norms stand after their sublayers. Only the encoder is read, no head.

use super::core::{Absent, Core, Keys, MODERN, activation, attention, block, headless, layer, repeat};
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Mask, Mlp, Placement, Positions};

/// Keys of the pooler, which is left out.
const POOLER: [&str; 6] = [
    "directionality",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
];

/// `bert`.
pub(super) fn bert(fields: &Fields) -> Architecture {
    encoder(fields, "bert", 0)
}

/// `roberta`: positions begin after the row of the padding token.
pub(super) fn roberta(fields: &Fields) -> Architecture {
    let pad = fields.integer_or("pad_token_id", 0, u64::from(u32::MAX), 1);
    encoder(fields, "roberta", pad + 1)
}

fn encoder(fields: &Fields, family: &str, offset: u64) -> Architecture {
    let context = ("max_position_embeddings", Absent::Value(512));
    let keys = Keys { kv_heads: ("", Absent::Derived), head_width: ("", Absent::Derived), context, ..MODERN };
    let core = Core::read(fields, &keys);
    let fits = offset < core.context;
    let message = || format!("a table of {} positions ends before the first one used, row {offset}", core.context);
    fields.check(&["max_position_embeddings", "pad_token_id"], fits, message, "");
    fields.choice("position_embedding_type", &[("absolute", ())], Some(()));
    fields.ignore(&POOLER);
    fields.only("is_decoder", false, "only the encoder is read");
    let norm = layer(fields.positive_or("layer_norm_eps", 1e-12));
    let act = activation(fields, "hidden_act", Activation::Gelu);
    let mlp = Mlp { hidden: core.hidden, activation: act, gated: false, bias: true };
    let mut block = block(attention(&core, true), mlp, norm);
    block.placement = Placement::Post;
    finish(fields, headless(&core, family, repeat(&core, block)), &core, offset)
}

fn finish(fields: &Fields, model: Architecture, core: &Core, offset: u64) -> Architecture {
    let rows = core.context.saturating_sub(offset).max(1);
    Architecture {
        mask: Mask::Full,
        positions: Positions::Learned { rows, offset },
        token_types: Some(fields.dimension_or("type_vocab_size", 2)),
        embedding_norm: model.final_norm,
        final_norm: None,
        tied: fields.flag_or("tie_word_embeddings", true),
        default_context: rows.min(1024),
        ..model
    }
}
