//! The `[model]` table: one block, repeated.

use super::SCHEMA;
use super::experts::experts;
use crate::number::{Rational, rational_from_decimal};
use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{
    Activation, Architecture, Attention, Block, Join, Latent, MAX_LAYERS, Mask, Mlp, Norm, NormKind, Output, Placement,
    Positions, Relative, Rotary, ScoreScale,
};

/// Activation functions by name.
pub(super) const ACTIVATIONS: [(&str, Activation); 6] = [
    ("relu", Activation::Relu),
    ("gelu", Activation::Gelu),
    ("gelu-tanh", Activation::GeluTanh),
    ("silu", Activation::Silu),
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
];

/// Those of MLPs.
const MLP_ACTIVATIONS: [(&str, Activation); 7] = {
    let [a, b, c, d, e, f] = ACTIVATIONS;
    [a, b, c, d, e, f, ("clamped-swiglu", Activation::ClampedSwiglu)]
};

/// What a model reads; an encoder with its decoder is the decoder, and [`with_encoder`] adds the rest.
const KINDS: [(&str, Mask); 3] = [("decoder", Mask::Causal), ("encoder", Mask::Full), (PAIR, Mask::Causal)];

/// The kind of an encoder with its decoder.
pub(super) const PAIR: &str = "encoder-decoder";

/// Which kind of positions was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Learned,
    Rotary,
    Relative,
    None,
}

/// Reads the table. What cannot be read is recorded in the fields' problems.
pub(super) fn read(fields: &Fields, name: String) -> Architecture {
    let layers = fields.required("layers", MAX_LAYERS);
    let width = fields.dimension("width");
    let block = block(fields, width);
    let (positions, default_context) = positions(fields);
    let final_norm = final_norm(fields, &block);
    let tied = fields.flag_or("tied", true);
    let classes = fields.maybe_dimension("classes");
    let message = || "`classes` are rows of an output matrix, but it is the embedding".to_owned();
    fields.check(&["classes", "tied"], !tied || classes.is_none(), message, "write `tied = false`");
    let architecture = Architecture {
        name,
        family: "native".to_owned(),
        mask: fields.choice("kind", &KINDS, None),
        vocabulary: fields.dimension("vocabulary"),
        width,
        positions,
        token_types: None,
        embedding_scale: false,
        embedding_factor: factor(fields, "embedding_factor"),
        output_factor: factor(fields, "output_factor"),
        relative: relative(fields),
        encoder: None,
        embedding_norm: None,
        final_norm,
        blocks: vec![block; usize::try_from(layers).unwrap_or(1)],
        tied,
        classes,
        head_bias: false,
        logit_softcap: fields.maybe_positive("logit_softcap"),
        output: output(fields),
        last_only: fields.choice("positions_out", &[("all", false), ("last", true)], Some(false)),
        default_context,
    };
    let pair = fields.is_text("kind") && fields.text("kind") == Some(PAIR);
    let message = || format!("`encoder_layers` is only for kind = {PAIR:?}");
    let misplaced = fields.has("encoder_layers") && !pair;
    fields.check(&["encoder_layers"], !misplaced, message, "");
    fields.finish(SCHEMA);
    architecture
}

/// The same blocks over an encoder of so many of them: without attention across, and seeing all of its tokens.
pub(super) fn with_encoder(fields: &Fields, decoder: &mut Architecture) {
    let layers = fields.integer_or("encoder_layers", 1, MAX_LAYERS, decoder.blocks.len() as u64);
    let block = decoder.blocks[0].clone();
    let fits = block.placement == Placement::Pre && block.join == Join::Serial;
    let plain = block.attention.latent.is_none() && block.attention.qk_norm.is_none() && !block.attention.sinks;
    let absolute = !matches!(decoder.positions, Positions::Rotary) && block.attention.window.is_none();
    let message = || {
        "an encoder with its decoder has serial pre-norm blocks of plain attention, without rotation or window"
            .to_owned()
    };
    fields.check(&["kind"], fits && plain && absolute, message, "see circuits/tiny-t5.toml");
    let message = || "an encoder with its decoder has relative positions or none".to_owned();
    let learned = matches!(decoder.positions, Positions::Learned { .. });
    fields.check(&["positions", "kind"], !learned, message, "");
    let encoder = Architecture {
        mask: Mask::Full,
        blocks: vec![block; usize::try_from(layers).unwrap_or(1)],
        output: Output::Hidden,
        last_only: false,
        output_factor: None,
        ..decoder.clone()
    };
    decoder.blocks.iter_mut().for_each(|block| block.cross = true);
    decoder.encoder = Some(Box::new(encoder));
}

fn relative(fields: &Fields) -> Option<Relative> {
    let asked = kind(fields) == Kind::Relative;
    for key in ["relative_buckets", "relative_distance"] {
        only_for(fields, key, "relative", asked);
    }
    let buckets = fields.integer_or("relative_buckets", 4, 1 << 20, 32);
    let message = || format!("{buckets} buckets are not four times a whole number");
    let help = "each direction has half of them, of which half are exact";
    fields.check(&["relative_buckets"], buckets.is_multiple_of(4), message, help);
    let distance = fields.dimension_or("relative_distance", 128);
    asked.then_some(Relative { buckets, distance })
}

fn final_norm(fields: &Fields, block: &Block) -> Option<Norm> {
    let default = !matches!(block.placement, Placement::Post | Placement::Bare);
    let there = fields.flag_or("final_norm", default);
    let message = || "a model without norms has no final norm either".to_owned();
    fields.check(&["final_norm", "norm"], !there || block.placement != Placement::Bare, message, "");
    there.then_some(block.norm)
}

fn output(fields: &Fields) -> Output {
    let words = [("logits", Output::Logits), ("argmax", Output::Argmax), ("hidden", Output::Hidden)];
    fields.choice("output", &words, Some(Output::Logits))
}

fn kind(fields: &Fields) -> Kind {
    let kinds =
        [("learned", Kind::Learned), ("rotary", Kind::Rotary), ("relative", Kind::Relative), ("none", Kind::None)];
    fields.choice("positions", &kinds, None)
}

fn positions(fields: &Fields) -> (Positions, u64) {
    let kind = kind(fields);
    let (context, rows) = (fields.maybe_dimension("context"), fields.maybe_dimension("position_rows"));
    only_for(fields, "position_rows", "learned", kind == Kind::Learned);
    if kind != Kind::Learned {
        let positions = if kind == Kind::Rotary { Positions::Rotary } else { Positions::None };
        return (positions, context.unwrap_or(8));
    }
    if rows.is_none() && context.is_none() {
        let message = "learned positions need the length of their table";
        fields.check(
            &["positions", "position_rows", "context"],
            false,
            || message.to_owned(),
            "add `position_rows = 8`, say",
        );
    }
    let rows = rows.or(context).unwrap_or(1);
    let context = context.unwrap_or(rows);
    let message = || format!("`context` is {context}, but there are only {rows} learned positions");
    fields.check(&["context", "position_rows"], context <= rows, message, "raise `position_rows`");
    (Positions::Learned { rows, offset: 0 }, context)
}

fn only_for(fields: &Fields, key: &str, positions: &str, holds: bool) {
    let message = || format!("`{key}` is only for positions = \"{positions}\"");
    fields.check(&[key, "positions"], holds || !fields.has(key), message, "remove it, or change `positions`");
}

fn block(fields: &Fields, width: u64) -> Block {
    let bias = fields.flag_or("bias", true);
    let norm = norm(fields);
    let mlp = Mlp {
        hidden: fields.dimension("hidden"),
        activation: fields.choice("activation", &MLP_ACTIVATIONS, None),
        gated: fields.flag_or("gated", false),
        bias,
    };
    let (placement, join) = arrangement(fields, norm.is_some());
    let attention = attention(fields, width, bias, norm);
    let experts = experts(fields);
    let residual_factor = factor(fields, "residual_factor");
    let message = || "`activation` = \"clamped-swiglu\" is a gate: it needs `gated = true`".to_owned();
    fields.check(&["activation", "gated"], mlp.gated || mlp.activation != Activation::ClampedSwiglu, message, "");
    // Bare blocks have no norm to read this.
    let norm =
        norm.unwrap_or(Norm { kind: NormKind::Rms, epsilon: 1e-5, gain: false, bias: false, gain_plus_one: false });
    Block { attention, cross: false, mlp, experts, residual_factor, norm, placement, join }
}

fn arrangement(fields: &Fields, normed: bool) -> (Placement, Join) {
    let placements = [("pre", Placement::Pre), ("post", Placement::Post), ("sandwich", Placement::Sandwich)];
    let joins =
        [("serial", Join::Serial), ("parallel", Join::ParallelShared), ("parallel-two-norms", Join::ParallelTwoNorms)];
    let placement = fields.choice("placement", &placements, Some(Placement::Pre));
    for key in ["placement", "norm_epsilon", "norm_gain", "norm_bias", "qk_norm"] {
        let message = || format!("`{key}` goes only with norms, but norm = \"none\"");
        fields.check(&[key, "norm"], normed || !fields.has(key), message, "remove it, or name a norm");
    }
    let placement = if normed { placement } else { Placement::Bare };
    let join = fields.choice("join", &joins, Some(Join::Serial));
    let parallel = matches!((join, placement), (Join::ParallelShared, Placement::Bare) | (_, Placement::Pre));
    let fits = join == Join::Serial || parallel;
    let message = || "attention and MLP in parallel go only with placement = \"pre\"".to_owned();
    fields.check(&["join", "placement"], fits, message, "write `join = \"serial\"`");
    (placement, join)
}

/// The norm of the blocks, if they have one.
fn norm(fields: &Fields) -> Option<Norm> {
    let kinds = [("layer", Some(NormKind::Layer)), ("rms", Some(NormKind::Rms)), ("none", None)];
    let kind = fields.choice("norm", &kinds, None);
    let (epsilon, gain) = (fields.positive_or("norm_epsilon", 1e-5), fields.flag_or("norm_gain", true));
    let bias = fields.flag_or("norm_bias", kind == Some(NormKind::Layer));
    kind.map(|kind| Norm { kind, epsilon, gain, bias, gain_plus_one: false })
}

fn attention(fields: &Fields, width: u64, bias: bool, norm: Option<Norm>) -> Attention {
    let heads = fields.dimension("heads");
    let kv_heads = fields.dimension_or("kv_heads", heads);
    let message = || format!("`kv_heads` is {kv_heads}, which does not divide the {heads} heads");
    fields.check(&["kv_heads", "heads"], heads.is_multiple_of(kv_heads), message, "");
    let head_width = head_width(fields, width, heads);
    let qk_norm = norm.map(|norm| Norm { kind: NormKind::Rms, gain: true, bias: false, ..norm });
    let message = || "norms on queries and keys do not go with latent attention".to_owned();
    let both = fields.flag_or("qk_norm", false) && fields.has("latent_rank");
    fields.check(&["qk_norm", "latent_rank"], !both, message, "");
    let scaled = fields.flag_or("scaled_scores", true);
    let scale = if scaled { ScoreScale::InverseSqrt(head_width as f64) } else { ScoreScale::One };
    let rotary = rotary(fields, head_width);
    let latent = latent(fields, (heads, kv_heads, head_width), rotary.as_ref(), qk_norm);
    Attention {
        heads,
        kv_heads,
        head_width,
        qkv_bias: bias,
        out_bias: bias,
        qk_norm: qk_norm.filter(|_| fields.flag_or("qk_norm", false)),
        rotary,
        window: fields.maybe_dimension("window"),
        softcap: fields.maybe_positive("softcap"),
        scale,
        latent,
        sinks: fields.flag_or("sinks", false),
    }
}

/// A factor, as the exact decimal.
fn factor(fields: &Fields, key: &str) -> Option<Rational> {
    fields.maybe_positive(key).and_then(rational_from_decimal)
}

/// The keys of latent attention, where there are any.
fn latent(fields: &Fields, sizes: (u64, u64, u64), rotary: Option<&Rotary>, norm: Option<Norm>) -> Option<Latent> {
    let (heads, kv_heads, head_width) = sizes;
    let rank = fields.maybe_dimension("latent_rank");
    for key in ["latent_query_rank", "latent_value_width"] {
        let message = || format!("`{key}` is only for latent attention");
        fields.check(&[key], rank.is_some() || !fields.has(key), message, "remove it, or add `latent_rank`");
    }
    let query_rank = fields.maybe_dimension("latent_query_rank");
    let value_width = fields.dimension_or("latent_value_width", head_width);
    let rotated = rotary.map_or(0, |rotary| rotary.features);
    let plain = rank.is_none() || rotated < head_width;
    let message = || "latent attention needs features that are not rotated".to_owned();
    fields.check(&["rotary_features", "head_width", "latent_rank"], plain, message, "lower `rotary_features`");
    let message = || "latent attention norms the rows it makes keys and values from".to_owned();
    fields.check(&["norm", "latent_rank"], rank.is_none() || norm.is_some(), message, "choose `layer` or `rms`");
    let own = rank.is_none() || heads == kv_heads;
    let message = || "in latent attention every head has keys of its own".to_owned();
    fields.check(&["kv_heads", "latent_rank"], own, message, "remove `kv_heads`");
    let fits = heads.checked_mul(value_width).is_some_and(|all| all <= MAX_DIMENSION);
    let message = || format!("{heads} heads of {value_width} values are more than {MAX_DIMENSION} features");
    fields.check(&["latent_value_width", "heads"], fits, message, "");
    Some(Latent { query_rank, rank: rank?, rotated, value_width, norm: norm? })
}

fn head_width(fields: &Fields, width: u64, heads: u64) -> u64 {
    let given = fields.maybe_dimension("head_width");
    let whole = given.is_some() || fields.has("head_width") || width.is_multiple_of(heads);
    let message = || format!("{heads} heads do not divide the width {width}");
    fields.check(&["heads", "width"], whole, message, "choose a divisor of the width, or write `head_width`");
    let head_width = given.unwrap_or((width / heads).max(1));
    let fits = heads.checked_mul(head_width).is_some_and(|all| all <= MAX_DIMENSION);
    let message = || format!("{heads} heads of width {head_width} have more than {MAX_DIMENSION} features");
    fields.check(&["head_width", "heads"], fits, message, "");
    head_width
}

fn rotary(fields: &Fields, head_width: u64) -> Option<Rotary> {
    let rotates = kind(fields) == Kind::Rotary;
    for key in ["rotary_base", "rotary_features"] {
        only_for(fields, key, "rotary", rotates);
    }
    let features = fields.dimension_or("rotary_features", head_width);
    let fits = features.is_multiple_of(2) && features <= head_width;
    let message = || format!("{features} features of a head of {head_width} cannot be rotated in pairs");
    let help = "`rotary_features` must be even and at most the head width";
    let keys = ["rotary_features", "head_width", "heads", "width"];
    fields.check(&keys, fits || !rotates, message, help);
    let base = fields.positive_or("rotary_base", 10_000.0);
    rotates.then_some(Rotary { features, base, half_split: true, scaling: None })
}
