//! Hugging Face `config.json`: the families that are understood, each key read as transformers reads it; nothing is guessed.
//!
//! Read are the values of `model_type` in [`supported`]. A key is either read, or listed as having no bearing on the forward
//! pass (dropout, initialisation, token ids, bookkeeping), or refused; all refused keys and values are told at once. Absent keys
//! take the defaults of the family's class in transformers, except the sizes of the model, which must be there (only a `gemma3`
//! `text_config` may leave them out, as its published files do). Of a `gemma3` with images only the text model is read; of `bert`
//! and `roberta` only the encoder, without pooler or task head.
//!
//! A config says nothing of exact numerics: they are weights in `fixed(2,6)`, activations in `fixed(4,4)`, rounding fused. The
//! weights are those of `model.safetensors` (or of the shards in its index) if that stands beside the config, else free. `mamba`, `gla` and `delta_net` are recurrent networks,
//! `t5` is an encoder with a decoder; their weights are always free, and [`read_document`](super::read_document) reads them.

mod bert;
mod core;
mod deepseek;
mod fla;
mod gemma;
mod gpt;
mod gpt_oss;
mod irrelevant;
mod llama;
mod mamba;
mod moe;
mod parallel;
mod rope;
mod t5;
mod variants;

use super::text::{self, Fields, Problems, Source};
use super::weights::INDEX;
use super::{Architecture, Document, Error, Looped, Looping, Numerics, Recurrent, Spec, WeightSource, numerics};

/// Reads one family's table.
type Family = fn(&Fields) -> Architecture;

/// The families, by `model_type`.
const FAMILIES: [(&str, Family); 24] = [
    ("bert", bert::bert),
    ("deepseek_v2", deepseek::v2),
    ("deepseek_v3", deepseek::v3),
    ("gemma", gemma::gemma),
    ("gemma2", gemma::gemma2),
    ("gemma3", gemma::gemma3),
    ("gemma3_text", gemma::gemma3_text),
    ("gpt2", gpt::gpt2),
    ("gpt_neox", parallel::gpt_neox),
    ("gpt_oss", gpt_oss::gpt_oss),
    ("llama", llama::llama),
    ("minicpm", variants::minicpm),
    ("mistral", llama::mistral),
    ("mixtral", moe::mixtral),
    ("opt", gpt::opt),
    ("phi", parallel::phi),
    ("phi-msft", parallel::phi_msft),
    ("phi3", llama::phi3),
    ("qwen2", llama::qwen2),
    ("qwen3", llama::qwen3),
    ("qwen3_moe", moe::qwen3_moe),
    ("roberta", bert::roberta),
    ("stablelm", parallel::stablelm),
    ("transformer", variants::transformer),
];

/// Reads one recurrent family's table.
type RecurrentFamily = fn(&Fields, Numerics) -> Recurrent;

/// The recurrent families, by `model_type`.
const RECURRENT: [(&str, RecurrentFamily); 3] =
    [("delta_net", fla::delta_net), ("gla", fla::gla), ("mamba", mamba::mamba)];

/// The families of encoders with decoders, by `model_type`.
const ENCODER_DECODERS: [(&str, Family); 1] = [("t5", t5::t5)];

/// Families that are refused for a reason of their own.
const REFUSED: [(&str, &str); 1] = [(
    "nemotron_h",
    "its stack mixes attention and experts with Mamba-2 layers, for whose heads (one decay each, norms over groups) there is no cell",
)];

/// Said of every unknown key that resembles no known one.
const UNKNOWN: &str = "remove it if it does not change the forward pass; if it does, this model is not supported";

/// The values of `model_type` that are read.
pub fn supported() -> impl Iterator<Item = &'static str> {
    let others = RECURRENT.iter().map(|(name, _)| *name).chain(ENCODER_DECODERS.iter().map(|(name, _)| *name));
    FAMILIES.iter().map(|(name, _)| *name).chain(others)
}

/// Reads a configuration of any kind.
pub(super) fn document(source: &Source) -> Result<Document, Error> {
    if let Some(recurrent) = recurrent(source)? {
        return Ok(Document::Recurrent(Box::new(recurrent)));
    }
    Ok(match encoder_decoder(source)? {
        Some(spec) => Document::Looped(Box::new(Looped::Model(Box::new(spec), Looping::EncoderDecoder))),
        None => Document::Model(Box::new(read(source)?)),
    })
}

/// Reads a configuration of a family of encoders with decoders, if it is one.
fn encoder_decoder(source: &Source) -> Result<Option<Spec>, Error> {
    let node = text::json(source)?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let kind = if root.is_text("model_type") { root.text("model_type") } else { None };
    let Some((_, family)) = ENCODER_DECODERS.iter().find(|(name, _)| Some(*name) == kind) else { return Ok(None) };
    let mut architecture = family(&root);
    finish(&root);
    problems.finish()?;
    architecture.name = name(source, &architecture.family);
    Ok(Some(Spec { architecture, numerics: numerics::defaults()?, weights: WeightSource::Free, names: None }))
}

/// Reads a configuration of a recurrent family, if it is one.
fn recurrent(source: &Source) -> Result<Option<Recurrent>, Error> {
    let node = text::json(source)?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let kind = if root.is_text("model_type") { root.text("model_type") } else { None };
    let Some((_, family)) = RECURRENT.iter().find(|(name, _)| Some(*name) == kind) else { return Ok(None) };
    let mut model = family(&root, numerics::defaults()?);
    finish(&root);
    problems.finish()?;
    model.name = name(source, &model.family);
    Ok(Some(model))
}

/// Reads a configuration of one stack.
pub(super) fn read(source: &Source) -> Result<Spec, Error> {
    let node = text::json(source)?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let Some(family) = family(&root) else {
        problems.finish()?;
        return Err(source.problem(None, "there is no model in this file").into());
    };
    let mut architecture = family(&root);
    finish(&root);
    problems.finish()?;
    architecture.name = name(source, &architecture.family);
    Ok(Spec { architecture, numerics: numerics::defaults()?, weights: weights(source), names: None })
}

/// What all families have in common; every other key is refused.
fn finish(root: &Fields) {
    root.ignore(irrelevant::KEYS);
    common(root);
    root.finish(UNKNOWN);
}

fn family(root: &Fields) -> Option<Family> {
    let kind = root.text("model_type");
    let known = kind.and_then(|kind| FAMILIES.iter().find(|(name, _)| *name == kind));
    let list = || format!("supported: {}", supported().collect::<Vec<_>>().join(", "));
    match kind {
        Some(kind) if known.is_none() => {
            let reason = REFUSED.iter().find(|(name, _)| *name == kind).map(|(_, reason)| format!(": {reason}"));
            let message = format!("model_type `{kind}` is not supported{}", reason.unwrap_or_default());
            root.refuse("model_type", message, Some(list()));
        }
        None => {
            let message = "key `model_type` is missing, so this is not a Hugging Face model configuration";
            root.refuse("model_type", message, Some(list()));
        }
        Some(_) => {}
    }
    known.map(|(_, family)| *family)
}

/// What no family supports.
fn common(root: &Fields) {
    if !ENCODER_DECODERS.iter().any(|(name, _)| root.is_text("model_type") && root.text("model_type") == Some(*name)) {
        root.only("is_encoder_decoder", false, "only encoders or decoders are read of this family");
    }
    root.only("add_cross_attention", false, "there is no second sequence to attend to");
    let kind = if root.is_text("model_type") { root.text("model_type") } else { None };
    // Of these no weights are read, and what they are published in is part of their configs.
    let unread = kind.is_some_and(|kind| ["deepseek_v3", "gpt_oss"].contains(&kind));
    let quantised = root.get("quantization_config").is_some() && !unread;
    let message = || "`quantization_config` is not supported: weights are read unquantised".to_owned();
    root.check(&["quantization_config"], !quantised, message, "use the original checkpoint's config");
}

/// The name of the directory, or of the file if it is not called `config.json`.
fn name(source: &Source, family: &str) -> String {
    let path = source.path();
    let stem = path.and_then(|path| path.file_stem()).filter(|stem| *stem != "config");
    let directory = || path?.parent()?.file_name();
    stem.or_else(directory).map_or_else(|| family.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn weights(source: &Source) -> WeightSource {
    let beside = |name: &str| source.path().map(|_| source.beside(name)).filter(|file| file.is_file());
    let file = beside("model.safetensors").or_else(|| beside(INDEX));
    file.map_or(WeightSource::Free, WeightSource::File)
}

#[cfg(test)]
mod tests;
