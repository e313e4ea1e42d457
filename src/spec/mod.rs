//! What was written down about a model, before it has any meaning as operations or circuits.
//!
//! [`read`] takes a path: a native TOML file (schema: [`native`]), a Hugging Face `config.json` or the directory it stands in
//! (families: [`hugging_face`]), the `manifest.json` of a compiled RASP program, or `-` for either on standard input; [`read_document`] takes recurrent networks, looped models and
//! programs as well, which [`read`] refuses. Whatever is not understood is refused, all of it at once.

pub mod architecture;
pub mod document;
mod error;
mod experts;
pub mod hugging_face;
mod looping;
mod loss_graph;
mod names;
pub mod native;
mod numerics;
pub mod onnx;
mod parameters;
pub mod program;
pub mod recurrent;
mod text;
mod tracr;
mod weights;

pub use architecture::{
    Activation, Architecture, Attention, Block, Join, Mask, Mlp, Norm, NormKind, Numerics, Output, Placement,
    Positions, Rotary, Rounding, ScoreScale, Spec, WeightSource,
};
pub use document::{Document, parse_document, read_document};
pub use error::{Error, Place, Problem};
pub use experts::{Experts, Groups, Latent, Relative, Weighting};
pub use looping::{LinearAttention, Looped, Looping, MemoryOf};
pub use names::Names;
pub use parameters::{Parameter, count, parameters};
pub use recurrent::Recurrent;
pub use weights::{Tensor, load, load_looped};

use std::path::Path;
use text::Source;

/// Most layers a model may have.
const MAX_LAYERS: u64 = 2_000;

/// Reads a transformer.
///
/// `-` is standard input; a directory means its `config.json`. A file ending in `.json` is a Hugging Face configuration, one ending
/// in `.toml` the native format; any other is told by its first character.
///
/// # Errors
/// When the file cannot be read or anything in it is malformed, contradictory or not supported. The error's text names each place.
pub fn read(path: &Path) -> Result<Spec, Error> {
    document::model(&Source::open(path)?)
}

/// Reads a model from the text of a native TOML file; `name` stands for the file in errors.
///
/// # Errors
/// When anything in the text is malformed, contradictory or not supported.
pub fn parse_native(name: &str, text: &str) -> Result<Spec, Error> {
    native::read(&Source::from_text(name, text)?)
}

/// All that is wrong with a model that is no text, as one error.
pub(crate) fn problems(name: &str, messages: Vec<String>) -> Error {
    let problem = |message| Problem::new(message).at(Place::file(name));
    let problems: Vec<Problem> = messages.into_iter().map(problem).collect();
    Error::all(problems).err().unwrap_or_else(|| Problem::new("internal error: nothing is wrong").into())
}

/// How a text is written.
#[derive(Clone, Copy)]
enum Language {
    Json,
    Toml,
}

fn language(source: &Source) -> Result<Language, Error> {
    let first = source.text().trim_start().chars().next();
    match (source.extension().as_deref(), first) {
        (Some("json"), _) => Ok(Language::Json),
        (Some("toml"), _) => Ok(Language::Toml),
        (_, Some('{')) => Ok(Language::Json),
        (_, Some(c)) if c.is_alphanumeric() || "#[\"'_".contains(c) => Ok(Language::Toml),
        _ => {
            let problem = source.problem(None, "cannot tell whether this is TOML or JSON");
            Err(problem.help("name it .toml (native format) or .json (Hugging Face config)").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small decoder with some more lines in its table.
    pub fn model(more: &str) -> Architecture {
        let text = format!(
            "[model]\nkind = 'decoder'\nvocabulary = 5\nlayers = 1\nwidth = 4\nheads = 2\nhidden = 8\npositions = \
             'learned'\nposition_rows = 3\nnorm = 'rms'\nactivation = 'relu'\n{more}\n"
        );
        document::model(&Source::from_text("t", &text).unwrap()).unwrap().architecture
    }

    #[test]
    fn text_without_an_ending_is_told_by_its_first_character() {
        assert_eq!(model("").family, "native");
        let refusal = |text| document::model(&Source::from_text("<stdin>", text).unwrap()).unwrap_err().to_string();
        assert!(refusal(" {\"model_type\": \"x\"}").contains("model_type `x`"));
        assert!(refusal("# no model\n").contains("table `[model]` is missing"));
        assert!(refusal("(").contains("cannot tell"));
    }
}
