//! What a file describes, told by its tables; must not know what any of it means.

use std::path::Path;

use super::program::Program;
use super::text::{self, Source, Value};
use super::{Error, Looped, Spec, interpret, native};

/// A file's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A model: one forward pass.
    Model(Box<Spec>),
    /// A model's blocks repeated along axes.
    Looped(Box<Looped>),
    /// A program: an unrolled learning rule.
    Program(Box<Program>),
}

/// Reads a file of any kind; paths as in [`super::read`].
///
/// # Errors
/// When the file cannot be read or anything in it is malformed, contradictory or not supported. The error's text names each place.
pub fn read_document(path: &Path) -> Result<Document, Error> {
    of(&Source::open(path)?)
}

/// Reads text of any kind; `name` stands for the file in errors.
///
/// # Errors
/// As [`read_document`].
pub fn parse_document(name: &str, text: &str) -> Result<Document, Error> {
    of(&Source::from_text(name, text)?)
}

fn of(source: &Source) -> Result<Document, Error> {
    if has_table(source, "program") {
        return Ok(Document::Program(Box::new(native::program::read(source)?)));
    }
    match native::looped(source)? {
        Some(looped) => Ok(Document::Looped(Box::new(looped))),
        None => Ok(Document::Model(Box::new(interpret(source)?))),
    }
}

/// Whether the text is TOML with this key at its root.
pub(super) fn has_table(source: &Source, key: &str) -> bool {
    let Ok(node) = text::toml(source) else { return false };
    matches!(&node.value, Value::Table(entries) if entries.iter().any(|entry| entry.key == key))
}
