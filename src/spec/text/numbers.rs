//! Exact numbers: decimals and fractions as they are written, alone or in nested lists; knows nothing of what they are for.

use num_bigint::BigInt;

use super::document::{Node, Value};
use super::fields::Fields;
use crate::number::Rational;

/// The longest text of a number, and the greatest exponent in it.
const LONGEST: usize = 64;
const MOST_EXPONENT: i32 = 400;

/// The number under a key, exactly, if it is there and within the bounds that `holds` checks.
pub fn number(fields: &Fields, key: &str, holds: impl Fn(&Rational) -> bool, wanted: &str) -> Option<Rational> {
    let node = fields.get(key)?;
    let found = exact(fields, node);
    let fits = found.as_ref().is_some_and(&holds);
    if !fits {
        fields.refuse(key, format!("`{key}` is {}, but must be {wanted}", written(fields, node)), hint());
    }
    found.filter(|_| fits)
}

/// The numbers under a key in nested lists of these lengths, the outermost first, in one row.
pub fn numbers(fields: &Fields, key: &str, lengths: &[u64]) -> Option<Vec<Rational>> {
    let mut all = Vec::new();
    flatten(fields, key, fields.get(key)?, lengths, &mut all).then_some(all)
}

fn flatten(fields: &Fields, key: &str, node: &Node, lengths: &[u64], all: &mut Vec<Rational>) -> bool {
    let refuse = |message: String, help| {
        fields.refuse_at(key, Some(node.span.clone()), message, help);
        false
    };
    match (lengths, &node.value) {
        ([], _) => match exact(fields, node) {
            Some(number) => {
                all.push(number);
                true
            }
            None => refuse(format!("`{key}` holds {}, which is no finite number", written(fields, node)), hint()),
        },
        ([length, rest @ ..], Value::List(items)) if items.len() as u64 == *length => {
            items.iter().all(|item| flatten(fields, key, item, rest, all))
        }
        ([length, ..], Value::List(items)) => {
            refuse(format!("`{key}` has a list of {} here, where {length} are needed", items.len()), None)
        }
        ([length, ..], other) => {
            refuse(format!("`{key}` has {} here, where a list of {length} is needed", other.kind()), None)
        }
    }
}

fn hint() -> Option<String> {
    Some("numbers are written 3, 0.25, 1e-3 or, as text, \"1/3\"".to_owned())
}

fn written(fields: &Fields, node: &Node) -> String {
    fields.source().text().get(node.span.clone()).unwrap_or_default().chars().take(LONGEST).collect()
}

/// The number a node stands for.
fn exact(fields: &Fields, node: &Node) -> Option<Rational> {
    match &node.value {
        Value::Integer(value) => Some(Rational::from_integer(BigInt::from(*value))),
        Value::Real(_) => decimal(&fields.source().text()[node.span.clone()]),
        Value::Text(text) => fraction(text),
        _ => None,
    }
}

/// `p/q` of decimals, or one decimal.
fn fraction(text: &str) -> Option<Rational> {
    let Some((p, q)) = text.split_once('/') else { return decimal(text.trim()) };
    let (p, q) = (decimal(p.trim())?, decimal(q.trim())?);
    (q != Rational::default()).then(|| p / q)
}

/// A decimal with point and exponent, exactly.
fn decimal(text: &str) -> Option<Rational> {
    let text: String = text.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    if text.len() > LONGEST {
        return None;
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= MOST_EXPONENT)?;
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{decimals}");
    let plain = digits.trim_start_matches(['+', '-']);
    if plain.is_empty() || digits.len() - plain.len() > 1 || !plain.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let value: BigInt = digits.trim_start_matches('+').parse().ok()?;
    let shift = exponent - i32::try_from(decimals.len()).ok()?;
    let power = BigInt::from(10).pow(shift.unsigned_abs());
    Some(if shift < 0 { Rational::new(value, power) } else { Rational::from_integer(value * power) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let ratio = |p: i64, q: i64| Some(Rational::new(p.into(), q.into()));
        let table = [
            ("1/3", ratio(1, 3)),
            ("-0.25", ratio(-1, 4)),
            ("1e-3", ratio(1, 1000)),
            ("+1_000.50e1", ratio(10005, 1)),
            ("0.1 / 0.3", ratio(1, 3)),
            (".5", ratio(1, 2)),
        ];
        for (text, wanted) in table {
            assert_eq!(fraction(text), wanted, "{text}");
        }
        for text in ["nan", "inf", "", "-", "1/0", "--1", "1e9999", "0x10", "1.-5", "e5", "1/2/3"] {
            assert_eq!(fraction(text), None, "{text}");
        }
    }
}
