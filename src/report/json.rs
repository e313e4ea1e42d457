//! A report as one JSON object with its fields in a stable order; must not know how figures come about.

use serde::Serialize;

/// A report as indented JSON, one final line feed.
///
/// # Errors
/// When the writer refuses a value; plain data never is.
pub fn json(report: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
