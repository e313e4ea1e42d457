//! Written text with every value's place in it: JSON and TOML become one located tree; knows nothing of models.

mod document;
mod fields;
mod json;
mod nearest;
mod numbers;
mod source;
mod toml;

pub(super) use document::{Node, Value};
pub(super) use fields::{Fields, MAX_DIMENSION, Problems};
pub(super) use numbers::{number, numbers};
pub(super) use source::Source;

use super::Error;

/// Reads the text as JSON.
pub(super) fn json(source: &Source) -> Result<Node, Error> {
    json::parse(source.text()).map_err(|(span, message)| source.problem(Some(&span), message).into())
}

/// Reads the text as TOML.
pub(super) fn toml(source: &Source) -> Result<Node, Error> {
    toml::parse(source.text()).map_err(|(span, message)| source.problem(span.as_ref(), message).into())
}
