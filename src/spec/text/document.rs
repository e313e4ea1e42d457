//! The located tree that JSON and TOML have in common; knows nothing of either syntax.

use std::ops::Range;

/// Bytes of the text, from start to end.
pub type Span = Range<usize>;

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// One key of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, unescaped.
    pub key: String,
    /// Where the key is written.
    pub span: Span,
    /// Its value.
    pub node: Node,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON null.
    Null,
    /// True or false.
    Flag(bool),
    /// A number without point or exponent, saturated to 128 bits.
    Integer(i128),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in order; no key twice.
    Table(Vec<Entry>),
    /// A value no specification has (a TOML date).
    Date,
}

impl Value {
    /// The kind of value, for a sentence.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a number with a fraction or exponent",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Date => "a date",
        }
    }
}

/// An integer's digits in a radix, saturated to 128 bits.
pub fn integer(digits: &str, radix: u32) -> i128 {
    let negative = digits.starts_with('-');
    i128::from_str_radix(digits, radix).unwrap_or(if negative { i128::MIN } else { i128::MAX })
}
