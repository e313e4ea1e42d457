//! The manifest of a RASP program compiled to transformer weights (tracr, arXiv 2301.05062); knows nothing of tensors or circuits.
//!
//! Such a model has given positions, blocks without norms, a relu MLP and biases everywhere; its first token is a mark whose
//! position row is zero, and padding is a token like any other. It gives out a class at each position (`categorical`: the first
//! greatest logit) or a number (`numerical`). Weights are `model.safetensors` beside the manifest.
//!
//! The context is one mark and as many tokens as the vocabulary has, where the file's reader does not ask for another. Exact numerics are
//! not in a manifest: they are those of [`numerics`], in which all of the recorded answers of the published examples come out.

use super::text::{self, Fields, Node, Problems, Source, Value};
use super::{
    Activation, Architecture, Attention, Block, Error, Join, MAX_LAYERS, Mask, Mlp, Names, Norm, NormKind, Numerics,
    Output, Placement, Positions, ScoreScale, Spec, WeightSource, numerics,
};
use crate::number::FormatError;
use crate::spec::Problem;
use crate::spec::text::MAX_DIMENSION;

/// Said of every key that is neither read nor known to have no bearing on the forward pass.
const UNKNOWN: &str =
    "the keys of a manifest are those of isobath::spec::tracr; remove it if it does not change the forward pass";

/// Sizes of the architecture.
struct Sizes {
    layers: u64,
    heads: u64,
    key_size: u64,
    width: u64,
    hidden: u64,
    rows: u64,
    causal: bool,
}

/// Whether a JSON text is a manifest: it has an architecture and an input, and is no configuration of a known model type.
pub(super) fn is_manifest(source: &Source) -> bool {
    let Ok(Node { value: Value::Table(entries), .. }) = text::json(source) else { return false };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    has("architecture") && has("input") && !has("model_type")
}

/// Reads a manifest.
pub(super) fn read(source: &Source) -> Result<Spec, Error> {
    let node = text::json(source)?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let name = root.text("name").unwrap_or("tracr").to_owned();
    let sizes = root.table("architecture").map(|fields| sizes(&fields));
    let tokens = root.table("input").map(|fields| tokens(&fields));
    let classes = root.table("output").map(|fields| output(&fields));
    for (key, there) in [("architecture", sizes.is_some()), ("input", tokens.is_some()), ("output", classes.is_some())]
    {
        root.check(&[key], there, || format!("table `{key}` is missing"), "");
    }
    root.ignore(&["description", "source", "task", "dtype", "tensor_layout", "residual_labels", "mlp_exactness", "io"]);
    root.ignore(&["numpy_reference"]);
    root.finish(UNKNOWN);
    problems.finish()?;
    let (Some(sizes), Some(tokens), Some(classes)) = (sizes, tokens, classes) else {
        return Err(source.problem(None, "there is no model in this file").into());
    };
    let names = Names { tokens: tokens.names, classes, mark: Some(tokens.mark) };
    let architecture = architecture(name, &sizes, &names, tokens.plain);
    Ok(Spec { architecture, numerics: exact()?, weights: weights(source), names: Some(names) })
}

/// Weights in `fixed(8,3)`, activations in `fixed(8,7)`, scores clamped to 32, the table of exponentials with 8 bits after the point.
fn exact() -> Result<Numerics, Error> {
    let formats = || -> Result<_, FormatError> { Ok(("fixed(8,3)".parse()?, "fixed(8,7)".parse()?)) };
    let (weights, activations) = formats().map_err(|error| Problem::new(error.to_string()))?;
    Ok(Numerics { weights, activations, score_clamp: 32, exp_bits: 8, ..numerics::defaults()? })
}

fn sizes(fields: &Fields) -> Sizes {
    let sizes = Sizes {
        layers: fields.required("num_layers", MAX_LAYERS),
        heads: fields.dimension("num_heads"),
        key_size: fields.dimension("key_size"),
        width: fields.dimension("d_model"),
        hidden: fields.dimension("mlp_hidden_size"),
        rows: fields.dimension("position_table_rows"),
        causal: fields.flag_or("causal", false),
    };
    let value = fields.dimension_or("value_size", sizes.key_size);
    let message = || format!("`value_size` is {value}, but keys have {} features", sizes.key_size);
    fields.check(&["value_size", "key_size"], value == sizes.key_size, message, "values as wide as keys are supported");
    let fits = sizes.heads.checked_mul(sizes.key_size).is_some_and(|all| all <= MAX_DIMENSION);
    let message = || format!("{} heads of {} features have more than {MAX_DIMENSION}", sizes.heads, sizes.key_size);
    fields.check(&["num_heads", "key_size"], fits, message, "");
    fields.only("layer_norm", false, "blocks without norms are read");
    fields.only("residual", true, "every sublayer is added to its input");
    let only = [
        ("activation", "relu"),
        ("attention", "softmax"),
        ("attention_scale", "1/sqrt(key_size)"),
        ("softmax_base", "e"),
        ("norm_position", "none"),
    ];
    only.iter().for_each(|(key, word)| fields.choice(key, &[(*word, ())], Some(())));
    let order = fields.texts("block_order").unwrap_or_else(|| vec!["attention", "mlp"]);
    let message = || format!("`block_order` = {order:?} is not supported");
    fields.check(&["block_order"], order == ["attention", "mlp"], message, "supported: [\"attention\", \"mlp\"]");
    fields.finish(UNKNOWN);
    sizes
}

/// The vocabulary, and how many of its tokens are neither marks nor padding.
struct Tokens {
    names: Vec<String>,
    mark: u64,
    plain: u64,
}

fn tokens(fields: &Fields) -> Tokens {
    let names = values(fields, "id_to_value").unwrap_or_default();
    let message = || "key `id_to_value` is missing or empty, so tokens have no ids".to_owned();
    fields.check(&["id_to_value"], !names.is_empty(), message, "list the name of each token id, in order");
    for (name, id) in [("bos", "bos_id"), ("pad", "pad_id")] {
        let number = fields.integer_or(id, 0, MAX_DIMENSION, 0);
        let called = usize::try_from(number).ok().and_then(|id| names.get(id));
        let fits = fields.text(name).is_none_or(|text| called.is_some_and(|called| called == text));
        let message = || format!("`{id}` is {number}, but that token is not called as `{name}` says");
        fields.check(&[id, name, "id_to_value"], fits, message, "make them agree with `id_to_value`");
    }
    fields.only("pad_is_masked", false, "padding is attended to as every token");
    fields.ignore(&["rule", "max_seq_len_without_bos"]);
    let marks = ["bos", "pad"].into_iter().filter(|key| fields.has(key)).count();
    let plain = values(fields, "vocab").map_or(names.len().saturating_sub(marks), |vocabulary| vocabulary.len());
    fields.finish(UNKNOWN);
    Tokens { names, mark: fields.integer_or("bos_id", 0, MAX_DIMENSION, 0), plain: plain as u64 }
}

/// The classes of a categorical output; none of a number.
fn output(fields: &Fields) -> Option<Vec<String>> {
    let kinds = [("categorical", true), ("numerical", false)];
    let categorical = fields.choice("kind", &kinds, None);
    let classes = values(fields, "id_to_value");
    let message = || "a categorical output names its classes under `id_to_value`".to_owned();
    let named = classes.as_ref().is_some_and(|classes| !classes.is_empty());
    fields.check(&["id_to_value", "kind"], named || !categorical, message, "");
    fields.ignore(&["rule", "bos_position"]);
    fields.finish(UNKNOWN);
    classes.filter(|_| categorical)
}

/// A list of texts, numbers and flags, each as it is written.
fn values(fields: &Fields, key: &str) -> Option<Vec<String>> {
    let Value::List(items) = &fields.get(key)?.value else {
        fields.refuse(key, format!("`{key}` must be a list of names"), None);
        return None;
    };
    let told = |item: &Node| match &item.value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Flag(flag) => Some(flag.to_string()),
        Value::Null | Value::List(_) | Value::Table(_) | Value::Date => None,
    };
    let list = items.iter().map(told).collect::<Option<Vec<_>>>();
    fields.check(&[key], list.is_some(), || format!("`{key}` must list texts or numbers only"), "");
    list
}

fn architecture(name: String, sizes: &Sizes, names: &Names, plain: u64) -> Architecture {
    let classes = names.classes.as_ref().map_or(1, |classes| classes.len() as u64);
    Architecture {
        name,
        family: "tracr".to_owned(),
        mask: if sizes.causal { Mask::Causal } else { Mask::Full },
        vocabulary: names.tokens.len() as u64,
        width: sizes.width,
        positions: Positions::Learned { rows: sizes.rows, offset: 0 },
        token_types: None,
        embedding_scale: false,
        embedding_factor: None,
        output_factor: None,
        relative: None,
        encoder: None,
        embedding_norm: None,
        blocks: vec![block(sizes); usize::try_from(sizes.layers).unwrap_or(1)],
        final_norm: None,
        tied: false,
        classes: Some(classes),
        head_bias: false,
        logit_softcap: None,
        output: if names.classes.is_some() { Output::Argmax } else { Output::Logits },
        last_only: false,
        default_context: (plain + 1).min(sizes.rows),
    }
}

fn block(sizes: &Sizes) -> Block {
    let attention = Attention {
        heads: sizes.heads,
        kv_heads: sizes.heads,
        head_width: sizes.key_size,
        qkv_bias: true,
        out_bias: true,
        qk_norm: None,
        rotary: None,
        window: None,
        softcap: None,
        scale: ScoreScale::InverseSqrt(sizes.key_size as f64),
        latent: None,
        sinks: false,
    };
    let mlp = Mlp { hidden: sizes.hidden, activation: Activation::Relu, gated: false, bias: true };
    // Bare blocks have no norm to read this.
    let norm = Norm { kind: NormKind::Rms, epsilon: 1.0, gain: false, bias: false, gain_plus_one: false };
    Block {
        attention,
        cross: false,
        mlp,
        experts: None,
        residual_factor: None,
        norm,
        placement: Placement::Bare,
        join: Join::Serial,
    }
}

fn weights(source: &Source) -> WeightSource {
    let file = source.path().map(|_| source.beside("model.safetensors")).filter(|file| file.is_file());
    file.map_or(WeightSource::Free, WeightSource::File)
}
