//! TOML to the located tree; the parsing itself is the `toml` crate's.

use super::document::{Entry, Node, Span, Value, integer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Parses a document, or says what is wrong and where.
pub fn parse(text: &str) -> Result<Node, (Option<Span>, String)> {
    let table = DeTable::parse(text).map_err(|error| (error.span(), format!("not valid TOML: {}", error.message())))?;
    Ok(Node { span: 0..0, value: Value::Table(entries(table.into_inner())) })
}

fn entries(table: DeTable) -> Vec<Entry> {
    let located = |(key, value): (Spanned<_>, Spanned<_>)| {
        let span = key.span();
        let key: std::borrow::Cow<str> = key.into_inner();
        Entry { key: key.into_owned(), span, node: node(value) }
    };
    let mut entries: Vec<Entry> = table.into_iter().map(located).collect();
    entries.sort_by_key(|entry| entry.span.start);
    entries
}

fn node(value: Spanned<DeValue>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Integer(integer(number.as_str(), number.radix())),
        DeValue::Float(number) => Value::Real(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(items.into_iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { span, value }
}
