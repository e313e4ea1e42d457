//! The native format: a model as strict TOML. Knows nothing of tensors or circuits.
//!
//! Every key below is the whole language; any other key, table or value is refused. `needed` has no default.
//!
//! ```toml
//! name = "tiny"                 # for reports; default: the file's name
//!
//! [model]
//! kind = "decoder"              # needed: "decoder" (a token sees those before it), "encoder" (sees all) or "encoder-decoder" (both)
//! vocabulary = 5                # needed: number of token ids
//! layers = 1                    # needed: number of blocks, at most 2000
//! width = 4                     # needed: features of the residual stream
//! heads = 2                     # needed: query heads
//! kv_heads = 2                  # key and value heads, a divisor of heads; default: heads
//! head_width = 2                # features of a head; default: width / heads, which must then be whole
//! hidden = 8                    # needed: hidden features of the MLP
//! context = 4                   # tokens compiled by default; default: position_rows if learned, else 8
//! positions = "learned"         # needed: "learned", "rotary", "relative" (buckets of distances) or "none"
//! position_rows = 4             # learned only: the longest context; default: context
//! # rotary_base = 10000         # rotary only: base of the angles
//! # rotary_features = 2         # rotary only: features of a head that are rotated, even; default: head_width
//! # relative_buckets = 32       # relative only: learned numbers a head; four times a whole number
//! # relative_distance = 128     # relative only: keys this far or farther share a bucket
//! # scaled_scores = true        # scores are divided by the root of head_width
//! # encoder_layers = 1          # encoder-decoder only: blocks of the encoder; default: layers
//! norm = "layer"                # needed: "layer", "rms" or "none" (x + f(x): no norms at all, so no norm_* key and no placement)
//! norm_epsilon = 1e-5           # added to the mean square
//! norm_gain = true              # a learned factor per feature
//! norm_bias = true              # a learned summand per feature; default: true for layer, false for rms
//! placement = "pre"             # "pre" x + f(norm(x)), "post" norm(x + f(x)), "sandwich" x + norm(f(norm(x)))
//! join = "serial"               # "serial", "parallel" (one norm for both), "parallel-two-norms"; the latter two with "pre"
//! final_norm = true             # a norm after the last block; default: true, but false for "post" and without norms
//! qk_norm = false               # RMS norm with gain on each head's query and key
//! activation = "relu"           # needed: "relu", "gelu", "gelu-tanh", "silu", "tanh" or "sigmoid"; gated, "clamped-swiglu"
//! gated = false                 # MLP is act(gate x) * (up x)
//! bias = true                   # biases on all projections of attention and MLP
//! # experts = 4                 # MLPs of a layer, each with `hidden` features, of which a router chooses some for each position
//! # experts_chosen = 2          # experts only, needed there: how many; here and below
//! # experts_weighting = "softmax"  # what scores become: "softmax" or "sigmoid"
//! # experts_normalised = true   # weights of the chosen sum to one
//! # experts_factor = 1.0        # multiplies the weighted mean
//! # expert_groups = 1           # experts are chosen from the best groups alone, by their two greatest scores; must divide them
//! # expert_groups_kept = 1      # the groups kept; default: all
//! # router_bias = false         # a bias on the router's scores
//! # choice_bias = false         # a bias that counts for the choice alone
//! # shared_hidden = 8           # hidden features of one more MLP that every position passes
//! # latent_rank = 2             # latent attention: features of the row that keys and values of all heads are made from
//! # latent_query_rank = 2       # latent attention only: the same for queries; default: made from positions
//! # latent_value_width = 2      # latent attention only: features of a value; default: head_width, of which rotary_features are rotated
//! # sinks = false               # one more learned score a head, without a value
//! # embedding_factor = 12.0     # the embedding is multiplied by this
//! # residual_factor = 0.25      # what a sublayer gives is multiplied by this before it is added
//! # output_factor = 0.125       # final hidden states are multiplied by this before the output matrix
//! # window = 2                  # a query sees only keys less than this far away
//! tied = true                   # the output matrix is the embedding
//! # classes = 6                 # untied only: rows of the output matrix; default: vocabulary
//! output = "logits"             # "logits", "argmax" (the token itself) or "hidden"
//! positions_out = "all"         # "all" or "last"
//! # softcap = 50.0              # attention scores s become cap * tanh(s / cap)
//! # logit_softcap = 30.0        # the same for logits
//!
//! [numerics]                    # the whole table may be left out
//! weights = "fixed(2,6)"        # int(b), fixed(i,f) with i bits before the point (sign among them) and f after it, or a floating-point
//!                               # format: fp8-e4m3, fp8-e5m2, fp16, bf16, fp32, float(e,m)
//! activations = "fixed(4,4)"
//! rounding = "fused"            # "fused" (at points of storage) or "eager" (after every operation)
//! accumulate = "exact"          # or partial sums are rounded: "tree(k)", "sequential", "blocked(k)"
//! # accumulator = "fp32"        # the format of partial sums; default: that of activations
//! score_clamp = 8               # scores are clamped to this either side of zero
//! exp_bits = 8                  # bits after the point of the exponential's table
//!
//! [weights]                     # the whole table may be left out: "free"
//! source = "random"             # "free" (any weights) or "random"
//! seed = 1                      # random only, needed there
//! limit = 1.0                   # random only: greatest absolute value; default: that of the format
//! # file = "x.safetensors"      # instead of source: tensors under the names that isobath::spec::parameters lists
//! ```
//!
//! With one more table the blocks are repeated ([`super::read_document`]; [`super::read`] refuses it):
//!
//! ```text
//! [loop]
//! kind = "rounds"               # needed: "rounds", "segment-memory", "memory-tokens", "feedback" or "decoding"
//! rounds = 2                    # rounds only, needed: times the stack is run with the same weights
//! segments = 3                  # segment-memory and memory-tokens only, needed: segments of `context` tokens each
//! from = "same-layer"           # segment-memory only: "same-layer" (what the layer gave out) or "below" (what it read)
//! memory = 1                    # memory-tokens only, needed: memory tokens; their first rows are the weight `memory`
//! window = 2                    # feedback only, needed: tokens back; `context` tokens are read
//! tokens = 2                    # decoding only, needed: tokens generated, from a window of `context` tokens
//! ```
//!
//! Instead of `[model]`, layers of linear attention that do gradient descent on the examples in their context:
//!
//! ```text
//! [linear-attention]
//! layers = 4                    # needed: layers, each one step
//! features = 2                  # needed: features of an example
//! examples = 3                  # needed: examples in the context; one token more asks
//! step = 0.25                   # the learning rate over the number of examples: a whole number of a power of two
//! data = "fixed(2,2)"           # format of data, keys and queries
//! values = "fixed(4,2)"         # format of values (residuals) and of the prediction
//! sums = "fixed(5,2)"           # format of sums of values times keys (minus the gradient)
//! targets = "fixed(5,6)"        # format of targets carried on: bits after the point for step * sums * data
//! ```

mod experts;

mod looping;

mod model;

pub mod program;

pub mod recurrent;

use self::model::ACTIVATIONS;
use super::text::{self, Fields, Problems, Source};
use super::{Error, Looped, Looping, Problem, Spec, WeightSource, numerics};
use crate::number::{Format, FormatError};

/// Said of every unknown key that resembles no known one.
const SCHEMA: &str = "the keys of the native format are listed in the documentation of isobath::spec::native";

/// Reads a native specification without loops.
pub(super) fn read(source: &Source) -> Result<Spec, Error> {
    let node = text::toml(source)?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    if let Some(table) = LOOPS.into_iter().find(|table| root.has(table)) {
        let message =
            format!("this file describes a looped model (`[{table}]`), but a model without loops is needed here");
        root.refuse(table, message, Some("name a file without this table".to_owned()));
        problems.finish()?;
        return Err(nothing(source));
    }
    let spec = model(source, &root)?;
    if is_pair(&root) {
        let message = "this file describes an encoder and a decoder, but a model of one stack is needed here";
        return Err(source.problem(None, message).into());
    }
    root.finish(SCHEMA);
    problems.finish()?;
    spec.ok_or_else(|| nothing(source))
}

/// The tables that make a looped model.
const LOOPS: [&str; 2] = ["loop", "linear-attention"];

/// Reads a native specification of something in loops; none if it has no such table or is not TOML.
pub(super) fn looped(source: &Source) -> Result<Option<Looped>, Error> {
    let Ok(node) = text::toml(source) else { return Ok(None) };
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let looped = match LOOPS.map(|key| root.table(key)) {
        [None, None] if is_pair(&root) => pair(source, &root)?,
        [None, None] => return Ok(None),
        [_, Some(layers)] => {
            let name = root.text("name").map_or_else(|| file_name(source), str::to_owned);
            Some(Looped::LinearAttention(looping::linear_attention(&layers, name, formats()?)))
        }
        [Some(fields), None] => {
            let looping = looping::looping(&fields);
            let paired = is_pair(&root);
            let message = || "an encoder with its decoder goes into no other loop".to_owned();
            fields.check(&["kind"], !paired, message, "remove the table `[loop]`");
            model(source, &root)?.map(|model| Looped::Model(Box::new(model), looping))
        }
    };
    root.finish(SCHEMA);
    problems.finish()?;
    match looped {
        Some(Looped::Model(model, looping)) => {
            together(source, &node, looping.complaint(&model.architecture))?;
            Ok(Some(Looped::Model(model, looping)))
        }
        other => other.map(Some).ok_or_else(|| nothing(source)),
    }
}

/// Refuses a loop that the model, each read well, does not go with.
fn together(source: &Source, node: &text::Node, complaint: Option<&str>) -> Result<(), Error> {
    let problems = Problems::default();
    if let (Some(complaint), Some(fields)) = (complaint, Fields::root(source, &problems, node).table("loop")) {
        fields.refuse("kind", complaint, None);
    }
    problems.finish()
}

/// Whether the model is an encoder with its decoder.
fn is_pair(root: &Fields) -> bool {
    root.table("model").is_some_and(|model| model.is_text("kind") && model.text("kind") == Some(model::PAIR))
}

fn pair(source: &Source, root: &Fields) -> Result<Option<Looped>, Error> {
    let Some(mut spec) = model(source, root)? else { return Ok(None) };
    if let Some(fields) = root.table("model") {
        model::with_encoder(&fields, &mut spec.architecture);
    }
    Ok(Some(Looped::Model(Box::new(spec), Looping::EncoderDecoder)))
}

fn nothing(source: &Source) -> Error {
    source.problem(None, "there is no model in this file").into()
}

/// The formats of linear attention that does not say.
fn formats() -> Result<[Format; 5], Error> {
    let formats = || -> Result<_, FormatError> {
        let parse = |text: &str| text.parse::<Format>();
        Ok([parse("int(2)")?, parse("fixed(2,2)")?, parse("fixed(4,2)")?, parse("fixed(5,2)")?, parse("fixed(5,6)")?])
    };
    formats().map_err(|error| Problem::new(error.to_string()).into())
}

/// Reads the tables of a model.
fn model(source: &Source, root: &Fields) -> Result<Option<Spec>, Error> {
    let defaults = numerics::defaults()?;
    let name = root.text("name").map_or_else(|| file_name(source), str::to_owned);
    let model = root.table("model");
    if root.has("program") {
        let message = "this file holds a program, where a model is needed";
        let help = "read it with isobath::spec::read_document, or name a file with a table `[model]`";
        return Err(source.problem(None, message).help(help).into());
    }
    root.check(&["model"], model.is_some(), || "table `[model]` is missing".to_owned(), SCHEMA);
    let architecture = model.map(|fields| model::read(&fields, name));
    let numerics = root.table("numerics").map_or(defaults, |fields| numerics::read(&fields, defaults));
    let weights = root.table("weights").map_or(WeightSource::Free, |fields| weights(&fields));
    Ok(architecture.map(|architecture| Spec { architecture, numerics, weights, names: None }))
}

fn file_name(source: &Source) -> String {
    let stem = source.path().and_then(|path| path.file_stem());
    stem.map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn weights(fields: &Fields) -> WeightSource {
    let kinds = [("free", false), ("random", true)];
    let file = fields.text("file").map(|file| WeightSource::File(fields.source().beside(file)));
    let random = fields.choice("source", &kinds, Some(false));
    let both = file.is_some() && fields.has("source");
    fields.check(&["source"], !both, || "`source` and `file` exclude each other".to_owned(), "keep one of them");
    if random && !fields.has("seed") {
        fields.refuse("seed", "key `seed` is missing: random weights need one", Some("add `seed = 1`".to_owned()));
    }
    for key in ["seed", "limit"] {
        fields.check(&[key], random || !fields.has(key), || format!("`{key}` is only for source = \"random\""), "");
    }
    let seed = fields.integer_or("seed", 0, u64::MAX, 0);
    let limit = fields.maybe_positive("limit");
    fields.finish(SCHEMA);
    file.unwrap_or(if random { WeightSource::Random { seed, limit } } else { WeightSource::Free })
}

#[cfg(test)]
mod tests;
