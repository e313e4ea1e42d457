//! Whatever a file describes: a model, or something in loops; must not know how either is read.

use std::path::Path;

use super::text::Source;
use super::{Error, Looped, Spec, interpret, native};

/// What a file describes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Document {
    /// A model.
    Model(Box<Spec>),
    /// Blocks repeated along axes.
    Looped(Box<Looped>),
}

/// Reads a model or a looped model; paths as in [`super::read`].
///
/// # Errors
/// When the file cannot be read or anything in it is malformed, contradictory or not supported.
pub fn read_document(path: &Path) -> Result<Document, Error> {
    let source = Source::open(path)?;
    match native::looped(&source)? {
        Some(looped) => Ok(Document::Looped(Box::new(looped))),
        None => Ok(Document::Model(Box::new(interpret(&source)?))),
    }
}
