//! What all families share: sizes under their several names, activations, norms, the plain decoder they depart from.

use crate::spec::text::{Fields, MAX_DIMENSION};
use crate::spec::{
    Activation, Architecture, Attention, Block, Join, MAX_LAYERS, Mask, Mlp, Norm, NormKind, Output, Placement,
    Positions, ScoreScale,
};

/// What a size is if its key is absent.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    /// The key must be there.
    Refused,
    /// This value.
    Value(u64),
    /// What the other sizes give: as many key-value heads as heads, `width / heads`, `4 * width`.
    Derived,
}

use Absent::{Derived, Refused, Value};

/// A key and what its absence means. An empty key is never written.
pub(super) type Key = (&'static str, Absent);

/// The keys of the sizes.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub vocabulary: Key,
    pub width: Key,
    pub layers: Key,
    pub heads: Key,
    pub kv_heads: Key,
    pub head_width: Key,
    pub hidden: Key,
    pub context: Key,
}

/// The names most families use.
pub(super) const MODERN: Keys = Keys {
    vocabulary: ("vocab_size", Refused),
    width: ("hidden_size", Refused),
    layers: ("num_hidden_layers", Refused),
    heads: ("num_attention_heads", Refused),
    kv_heads: ("num_key_value_heads", Derived),
    head_width: ("head_dim", Derived),
    hidden: ("intermediate_size", Refused),
    context: ("max_position_embeddings", Value(2048)),
};

/// The names of GPT-2 and its kin.
pub(super) const GPT: Keys = Keys {
    width: ("n_embd", Refused),
    layers: ("n_layer", Refused),
    heads: ("n_head", Refused),
    kv_heads: ("", Derived),
    head_width: ("", Derived),
    hidden: ("n_inner", Derived),
    context: ("n_positions", Value(1024)),
    ..MODERN
};

/// The sizes of a model.
#[derive(Clone, Copy)]
pub(super) struct Core {
    pub vocabulary: u64,
    pub width: u64,
    pub layers: u64,
    pub heads: u64,
    pub kv_heads: u64,
    pub head_width: u64,
    pub hidden: u64,
    pub context: u64,
}

impl Core {
    /// Reads the sizes and checks that they fit each other.
    pub fn read(fields: &Fields, keys: &Keys) -> Self {
        let width = size(fields, keys.width, 1);
        let heads = size(fields, keys.heads, 1);
        let core = Self {
            vocabulary: size(fields, keys.vocabulary, 1),
            width,
            layers: layers(fields, keys.layers),
            heads,
            kv_heads: size(fields, keys.kv_heads, heads),
            head_width: size(fields, keys.head_width, (width / heads).max(1)),
            hidden: size(fields, keys.hidden, width.saturating_mul(4)),
            context: size(fields, keys.context, 1),
        };
        core.check(fields, keys);
        core
    }

    fn check(&self, fields: &Fields, keys: &Keys) {
        let (width, heads, kv_heads) = (self.width, self.heads, self.kv_heads);
        let whole = self.head_width.checked_mul(heads) == Some(width) || fields.get(keys.head_width.0).is_some();
        let whole = whole || matches!(keys.head_width.1, Value(_));
        let message = || format!("`{}` is {heads}, which does not divide the width {width}", keys.heads.0);
        fields.check(&[keys.heads.0, keys.width.0], whole, message, "");
        let message = || format!("there are {kv_heads} key-value heads, which do not divide the {heads} heads");
        fields.check(&[keys.kv_heads.0, keys.heads.0], heads.is_multiple_of(kv_heads), message, "");
        let fits = self.hidden <= MAX_DIMENSION;
        let fits = fits && heads.checked_mul(self.head_width).is_some_and(|all| all <= MAX_DIMENSION);
        let message = || format!("a derived dimension is larger than {MAX_DIMENSION}");
        fields.check(&[keys.width.0, keys.heads.0, keys.head_width.0], fits, message, "");
    }
}

fn size(fields: &Fields, (key, absent): Key, derived: u64) -> u64 {
    match absent {
        _ if key.is_empty() => derived,
        Refused => fields.dimension(key),
        Value(default) => fields.dimension_or(key, default),
        Derived => fields.dimension_or(key, derived),
    }
}

fn layers(fields: &Fields, (key, absent): Key) -> u64 {
    match absent {
        Value(default) => fields.integer_or(key, 1, MAX_LAYERS, default),
        _ => fields.required(key, MAX_LAYERS),
    }
}

/// Activation functions by the names of transformers.
pub(super) const ACTIVATIONS: [(&str, Activation); 10] = [
    ("relu", Activation::Relu),
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
];

/// The activation under a key.
pub(super) fn activation(fields: &Fields, key: &str, default: Activation) -> Activation {
    fields.choice(key, &ACTIVATIONS, Some(default))
}

/// RMSNorm with gain.
pub(super) fn rms(epsilon: f64) -> Norm {
    Norm { kind: NormKind::Rms, epsilon, gain: true, bias: false, gain_plus_one: false }
}

/// LayerNorm with gain and bias.
pub(super) fn layer(epsilon: f64) -> Norm {
    Norm { kind: NormKind::Layer, epsilon, gain: true, bias: true, gain_plus_one: false }
}

/// Plain attention: all biases or none, scaled by the head width, no rotation, no window.
pub(super) fn attention(core: &Core, bias: bool) -> Attention {
    Attention {
        heads: core.heads,
        kv_heads: core.kv_heads,
        head_width: core.head_width,
        qkv_bias: bias,
        out_bias: bias,
        qk_norm: None,
        rotary: None,
        window: None,
        softcap: None,
        scale: ScoreScale::InverseSqrt(core.head_width as f64),
        latent: None,
        sinks: false,
    }
}

/// A pre-norm block, attention first.
pub(super) fn block(attention: Attention, mlp: Mlp, norm: Norm) -> Block {
    let (placement, join) = (Placement::Pre, Join::Serial);
    Block { attention, cross: false, mlp, experts: None, residual_factor: None, norm, placement, join }
}

/// A decoder of these blocks with rotary positions and a final norm like theirs, given out as `architectures` says.
pub(super) fn decoder(fields: &Fields, core: &Core, family: &str, blocks: Vec<Block>) -> Architecture {
    Architecture { output: output(fields), ..headless(core, family, blocks) }
}

/// The same without a head, whatever `architectures` says.
pub(super) fn headless(core: &Core, family: &str, blocks: Vec<Block>) -> Architecture {
    Architecture {
        name: String::new(),
        family: family.to_owned(),
        mask: Mask::Causal,
        vocabulary: core.vocabulary,
        width: core.width,
        positions: Positions::Rotary,
        token_types: None,
        embedding_scale: false,
        embedding_factor: None,
        output_factor: None,
        relative: None,
        encoder: None,
        embedding_norm: None,
        final_norm: blocks.first().map(|block| block.norm),
        blocks,
        tied: false,
        classes: None,
        head_bias: false,
        logit_softcap: None,
        output: Output::Hidden,
        last_only: false,
        default_context: core.context.min(1024),
    }
}

/// `layers` times the same block.
pub(super) fn repeat(core: &Core, block: Block) -> Vec<Block> {
    (0..core.layers).map(|_| block.clone()).collect()
}

/// Logits for a language model, hidden states for a bare one; another head is not guessed at.
pub(super) fn output(fields: &Fields) -> Output {
    let classes = fields.texts("architectures").unwrap_or_default();
    let language =
        |class: &str| ["ForCausalLM", "LMHeadModel", "ForConditionalGeneration"].iter().any(|end| class.ends_with(end));
    let bare = classes.iter().all(|class| class.ends_with("Model") && !class.contains("Head")) && !classes.is_empty();
    let known = bare || classes.iter().all(|class| language(class));
    let message = || format!("`architectures` = {classes:?}: this output head is not supported");
    fields.check(&["architectures"], known, message, "supported: ...ForCausalLM, ...LMHeadModel, ...Model");
    if bare { Output::Hidden } else { Output::Logits }
}
