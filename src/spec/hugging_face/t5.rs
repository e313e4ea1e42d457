//! T5: an encoder and a decoder with relative positions, RMSNorm, scores without a scale, no biases (arXiv 1910.10683).
//!
//! `n_positions` limits nothing: distances are counted in buckets. With a tied output matrix the final hidden states are multiplied by
//! one over the root of the width, cut to 16 bits.

use super::core::{Absent, Core, Keys, attention, block, headless, output, rms};
use super::variants::cut;
use crate::spec::text::Fields;
use crate::spec::{Activation, Architecture, Block, MAX_LAYERS, Mask, Mlp, Positions, Relative, ScoreScale};

/// The sizes under their names.
const KEYS: Keys = Keys {
    vocabulary: ("vocab_size", Absent::Value(32_128)),
    width: ("d_model", Absent::Refused),
    layers: ("num_layers", Absent::Refused),
    heads: ("num_heads", Absent::Refused),
    kv_heads: ("", Absent::Derived),
    head_width: ("d_kv", Absent::Value(64)),
    hidden: ("d_ff", Absent::Refused),
    context: ("n_positions", Absent::Value(512)),
};

/// `t5`.
pub(super) fn t5(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &KEYS);
    let mut attention = attention(&core, false);
    attention.scale = ScoreScale::One;
    let norm = rms(fields.positive_or("layer_norm_epsilon", 1e-6));
    let block = block(attention, mlp(fields, core.hidden), norm);
    let relative = Relative {
        buckets: fields.integer_or("relative_attention_num_buckets", 4, 1 << 20, 32),
        distance: fields.dimension_or("relative_attention_max_distance", 128),
    };
    let even = relative.buckets.is_multiple_of(4);
    let message = || format!("{} buckets are not four times a whole number", relative.buckets);
    fields.check(
        &["relative_attention_num_buckets"],
        even,
        message,
        "each direction has half, of which half are exact",
    );
    let layers = fields.integer_or("num_decoder_layers", 1, MAX_LAYERS, core.layers);
    fields.only("is_encoder_decoder", true, "a T5 encoder alone");
    heads_known(fields);
    let stack = |block: &Block, layers: u64| Architecture {
        positions: Positions::None,
        relative: Some(relative),
        default_context: core.context.min(512),
        ..headless(&core, "t5", vec![block.clone(); layers as usize])
    };
    let encoder = Architecture { mask: Mask::Full, ..stack(&block, core.layers) };
    let mut decoder = stack(&Block { cross: true, ..block }, layers);
    decoder.encoder = Some(Box::new(encoder));
    decoder.output = output(fields);
    decoder.tied = fields.flag_or("tie_word_embeddings", true);
    decoder.output_factor = decoder.tied.then(|| cut(1.0 / (core.width as f64).sqrt()));
    decoder
}

/// The encoder alone has a class of its own.
fn heads_known(fields: &Fields) {
    let classes = fields.texts("architectures").unwrap_or_default();
    let whole = !classes.iter().any(|class| class.contains("Encoder"));
    let message = || "`architectures` names the encoder alone, which is not supported".to_owned();
    fields.check(&["architectures"], whole, message, "supported: T5ForConditionalGeneration, T5Model");
}

/// The activation, and whether it gates; two derived keys must agree.
fn mlp(fields: &Fields, hidden: u64) -> Mlp {
    let kinds = [
        ("relu", (Activation::Relu, false)),
        ("gelu", (Activation::Gelu, false)),
        ("silu", (Activation::Silu, false)),
        ("gated-gelu", (Activation::GeluTanh, true)),
        ("gated-silu", (Activation::Silu, true)),
        ("gated-relu", (Activation::Relu, true)),
    ];
    let (activation, gated) = fields.choice("feed_forward_proj", &kinds, Some(kinds[0].1));
    let again = fields.flag_or("is_gated_act", gated);
    let message = || "`is_gated_act` contradicts `feed_forward_proj`".to_owned();
    fields.check(&["is_gated_act", "feed_forward_proj"], again == gated, message, "");
    let named = super::core::activation(fields, "dense_act_fn", activation);
    let message = || "`dense_act_fn` contradicts `feed_forward_proj`".to_owned();
    fields.check(&["dense_act_fn", "feed_forward_proj"], named == activation, message, "");
    Mlp { hidden, activation, gated, bias: false }
}
