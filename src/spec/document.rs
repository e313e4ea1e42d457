//! Any file that describes a computation, told apart by what it holds; must not know how each kind is written.

use std::path::Path;

use super::text::Source;
use super::{Error, Language, Recurrent, Spec, hugging_face, language, native};

/// What a file describes.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A transformer.
    Model(Box<Spec>),
    /// A token-recurrent network.
    Recurrent(Box<Recurrent>),
}

/// Reads a file of any kind; paths as in [`read`](super::read).
///
/// # Errors
/// When the file cannot be read or anything in it is malformed, contradictory or not supported.
pub fn read_document(path: &Path) -> Result<Document, Error> {
    interpret(&Source::open(path)?)
}

/// Reads the text of a native TOML file of any kind; `name` stands for the file in errors.
///
/// # Errors
/// When anything in the text is malformed, contradictory or not supported.
pub fn parse_document(name: &str, text: &str) -> Result<Document, Error> {
    let source = Source::from_text(name, text)?;
    match native::recurrent::find(&source)? {
        Some(recurrent) => Ok(Document::Recurrent(Box::new(recurrent))),
        None => Ok(Document::Model(Box::new(native::read(&source)?))),
    }
}

pub(super) fn interpret(source: &Source) -> Result<Document, Error> {
    let language = language(source)?;
    let recurrent = match language {
        Language::Json => hugging_face::recurrent(source)?,
        Language::Toml => native::recurrent::find(source)?,
    };
    match (recurrent, language) {
        (Some(recurrent), _) => Ok(Document::Recurrent(Box::new(recurrent))),
        (None, Language::Json) => Ok(Document::Model(Box::new(hugging_face::read(source)?))),
        (None, Language::Toml) => Ok(Document::Model(Box::new(native::read(source)?))),
    }
}

/// The transformer of a document that must be one.
pub(super) fn model(source: &Source) -> Result<Spec, Error> {
    match interpret(source)? {
        Document::Model(spec) => Ok(*spec),
        Document::Recurrent(recurrent) => {
            let message = format!(
                "`{}` is a recurrent network (cell `{}`), not a transformer",
                recurrent.name,
                recurrent.cell.name()
            );
            Err(source.problem(None, message).help("what was asked for is only there for transformers").into())
        }
    }
}
