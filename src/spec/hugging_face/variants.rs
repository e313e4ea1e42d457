//! Llama under other keys or with factors of its own: the transformer of flash-linear-attention, MiniCPM.

use super::core::{Absent, Core, Keys, MODERN, activation, attention, block, repeat, rms};
use super::llama::{assemble, gated};
use super::rope::{self, FULL};
use crate::number::{Rational, rational_from_decimal};
use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{Activation, Architecture, Mlp, Norm};

/// Kernels and losses of flash-linear-attention that compute the same function.
pub(super) const FUSED: [&str; 5] =
    ["fuse_cross_entropy", "fuse_linear_cross_entropy", "fuse_norm", "fuse_swiglu", "use_l2warp"];

/// `transformer`, of flash-linear-attention.
pub(super) fn transformer(fields: &Fields) -> Architecture {
    let keys = Keys {
        heads: ("num_heads", Absent::Value(32)),
        kv_heads: ("num_kv_heads", Absent::Derived),
        head_width: ("", Absent::Derived),
        hidden: ("intermediate_size", Absent::Derived),
        ..MODERN
    };
    let read = Core::read(fields, &keys);
    let core = Core { hidden: hidden(fields, read.width), ..read };
    let mut attention = attention(&core, false);
    attention.qkv_bias = fields.flag_or("qkv_bias", false);
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    attention.window = fields.maybe_dimension("window_size");
    attention.qk_norm = fields.flag_or("qk_norm", false).then(|| rms(1e-5));
    fields.only("attention_bias", false, "an older key of the class, whose projections take no other biases");
    fields.ignore(&FUSED);
    let mlp = Mlp { hidden: core.hidden, activation: swish(fields), gated: true, bias: false };
    assemble(fields, &core, "transformer", repeat(&core, block(attention, mlp, norm(fields))))
}

/// The one activation its MLP has.
pub(super) fn swish(fields: &Fields) -> Activation {
    let act = activation(fields, "hidden_act", Activation::Silu);
    let message = || "`hidden_act` must be \"swish\" in flash-linear-attention".to_owned();
    fields.check(&["hidden_act"], act == Activation::Silu, message, "");
    act
}

/// RMSNorm under the keys of flash-linear-attention.
pub(super) fn norm(fields: &Fields) -> Norm {
    Norm { gain: fields.flag_or("elementwise_affine", true), ..rms(fields.positive_or("norm_eps", 1e-6)) }
}

/// Hidden features: written, or two thirds of `hidden_ratio` (4) times the width, cut to an integer, then up to a multiple of 256.
pub(super) fn hidden(fields: &Fields, width: u64) -> u64 {
    let ratio = fields.integer_or("hidden_ratio", 1, 1 << 10, 4);
    let derived = (width.saturating_mul(ratio).saturating_mul(2) / 3).div_ceil(256).saturating_mul(256);
    let message = || format!("a derived dimension is larger than {MAX_DIMENSION}");
    fields.check(&["hidden_ratio", "hidden_size"], derived <= MAX_DIMENSION, message, "");
    fields.dimension_or("intermediate_size", derived)
}

/// `minicpm`: Llama with factors on the embedding, on what each sublayer gives, and on the final hidden states (arXiv 2404.06395).
pub(super) fn minicpm(fields: &Fields) -> Architecture {
    let core = Core::read(fields, &MODERN);
    let mut attention = attention(&core, fields.flag_or("attention_bias", false));
    attention.rotary = Some(rope::read(fields, &core, &FULL));
    let mut block = gated(fields, &core, attention, false);
    let depth = fields.positive_or("scale_depth", 1.0) / (core.layers as f64).sqrt();
    block.residual_factor = Some(cut(depth)).filter(|_| fields.has("scale_depth"));
    let mut model = assemble(fields, &core, "minicpm", repeat(&core, block));
    model.tied = fields.flag_or("tie_word_embeddings", true);
    model.embedding_factor = fields.maybe_positive("scale_emb").and_then(rational_from_decimal);
    let base = fields.dimension_or("dim_model_base", core.width);
    model.output_factor = Some(Rational::new(base.into(), core.width.into())).filter(|_| base != core.width);
    model
}

/// A factor that need not be rational: cut to 16 bits after the point, and no less than one of those.
pub(super) fn cut(factor: f64) -> Rational {
    let units = (factor * 65_536.0).floor().clamp(1.0, 1e15);
    Rational::new((units as u64).into(), 65_536.into())
}
