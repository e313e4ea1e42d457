//! What a file describes, told by its tables; must not know what any of it means.

use std::path::Path;

use super::program::Program;
use super::text::{self, Source, Value};
use super::{
    Error, Language, Looped, Looping, Recurrent, Spec, count, hugging_face, language, native, onnx, recurrent, tracr,
};

/// A file's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A transformer: one forward pass.
    Model(Box<Spec>),
    /// A transformer's blocks repeated along axes.
    Looped(Box<Looped>),
    /// A token-recurrent network.
    Recurrent(Box<Recurrent>),
    /// A program: an unrolled learning rule.
    Program(Box<Program>),
    /// A graph of operators, from an ONNX file.
    Onnx(Box<onnx::Model>),
}

impl Document {
    /// How many numbers its weights have; 0 where it has none of its own, being a program, or they stand in its file.
    pub fn parameters(&self) -> u128 {
        match self {
            Self::Model(spec) => count(&spec.architecture),
            Self::Recurrent(model) => recurrent::count(model),
            Self::Looped(looped) => match &**looped {
                Looped::Model(spec, _) => count(&spec.architecture),
                Looped::LinearAttention(_) => 0,
            },
            Self::Program(_) | Self::Onnx(_) => 0,
        }
    }
}

/// Reads a file of any kind; paths as in [`super::read`].
///
/// # Errors
/// When the file cannot be read or anything in it is malformed, contradictory or not supported. The error's text names each place.
pub fn read_document(path: &Path) -> Result<Document, Error> {
    if onnx::is_named(path) {
        return Ok(Document::Onnx(Box::new(onnx::read(path)?)));
    }
    interpret(&Source::open(path)?)
}

/// Reads text of any kind; `name` stands for the file in errors.
///
/// # Errors
/// As [`read_document`].
pub fn parse_document(name: &str, text: &str) -> Result<Document, Error> {
    interpret(&Source::from_text(name, text)?)
}

fn interpret(source: &Source) -> Result<Document, Error> {
    match language(source)? {
        Language::Json if tracr::is_manifest(source) => Ok(Document::Model(Box::new(tracr::read(source)?))),
        Language::Json => hugging_face::document(source),
        Language::Toml => toml(source),
    }
}

fn toml(source: &Source) -> Result<Document, Error> {
    if has_table(source, "program") {
        return Ok(Document::Program(Box::new(native::program::read(source)?)));
    }
    if let Some(looped) = native::looped(source)? {
        return Ok(Document::Looped(Box::new(looped)));
    }
    match native::recurrent::find(source)? {
        Some(recurrent) => Ok(Document::Recurrent(Box::new(recurrent))),
        None => Ok(Document::Model(Box::new(native::read(source)?))),
    }
}

/// The transformer of a document that must be one.
pub(super) fn model(source: &Source) -> Result<Spec, Error> {
    let other = match interpret(source)? {
        Document::Model(spec) => return Ok(*spec),
        Document::Looped(looped) => match *looped {
            Looped::Model(_, Looping::EncoderDecoder) => "an encoder and a decoder".to_owned(),
            Looped::Model(..) | Looped::LinearAttention(_) => "a transformer in loops".to_owned(),
        },
        Document::Recurrent(recurrent) => format!("a recurrent network (cell `{}`)", recurrent.cell.name()),
        Document::Program(_) => "a program".to_owned(),
        Document::Onnx(_) => "a graph of operators".to_owned(),
    };
    let message = format!("this file describes {other}, not a transformer");
    Err(source.problem(None, message).help("what was asked for is only there for transformers").into())
}

/// Whether the text is TOML with this key at its root.
pub(super) fn has_table(source: &Source, key: &str) -> bool {
    let Ok(node) = text::toml(source) else { return false };
    matches!(&node.value, Value::Table(entries) if entries.iter().any(|entry| entry.key == key))
}
