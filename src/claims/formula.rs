//! Bounds as people write them, `9*layers + 4` or `max(2*steps, 5)`: read into maxima of polynomials; must not know what they bound.

use num_bigint::BigInt;
use num_traits::Signed;
use thiserror::Error;

use crate::expr::Expr;
use crate::number::Rational;

/// A maximum of polynomials in axis lengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// As it was written.
    pub text: String,
    /// The polynomials.
    pub pieces: Vec<Expr>,
    /// The names it mentions.
    pub names: Vec<String>,
}

/// Why a formula was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no formula: {reason} (write for example 9*layers + 4, context^2 or max(2*steps, 5))")]
pub struct FormulaError {
    text: String,
    reason: String,
}

/// Digits of the largest number in a formula.
const MOST_DIGITS: usize = 40;
/// Characters of a formula.
const MOST_TEXT: usize = 1000;
/// The largest power, and the deepest nesting.
const MOST: u32 = 16;

impl std::str::FromStr for Formula {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, FormulaError> {
        let mut reader = Reader { rest: text, names: Vec::new(), nested: 0 };
        if text.len() > MOST_TEXT {
            let (text, reason) =
                (format!("{}...", &text[..40.min(text.len())]), format!("it has more than {MOST_TEXT} characters"));
            return Err(FormulaError { text, reason });
        }
        let done = reader.sum().and_then(|pieces| match reader.rest.trim_start().chars().next() {
            None => Ok(pieces),
            Some(c) => Err(format!("`{c}` was not expected")),
        });
        let pieces = done.map_err(|reason| FormulaError { text: text.to_owned(), reason })?;
        reader.names.sort();
        reader.names.dedup();
        Ok(Self { text: text.trim().to_owned(), pieces, names: reader.names })
    }
}

impl Formula {
    /// Its value where each name has the value `of` gives it.
    pub fn value(&self, of: impl Fn(&str) -> u64) -> BigInt {
        self.pieces.iter().map(|piece| piece.value(|name| of(name))).max().unwrap_or_default()
    }
}

struct Reader<'t> {
    rest: &'t str,
    names: Vec<String>,
    nested: u32,
}

type Read = Result<Vec<Expr>, String>;

impl Reader<'_> {
    fn sum(&mut self) -> Read {
        let mut total = self.product()?;
        loop {
            small(&total)?;
            if self.takes('+') {
                total = pairs(&total, &self.product()?, |a, b| a + b);
            } else if self.takes('-') {
                let part = single(self.product()?, "a maximum may not be subtracted")?;
                total = pairs(&total, &[negated(&part)], |a, b| a + b);
            } else {
                return Ok(total);
            }
        }
    }

    fn product(&mut self) -> Read {
        let mut total = self.power()?;
        while self.takes('*') {
            small(&total)?;
            let next = self.power()?;
            let number = |list: &[Expr]| matches!(list, [one] if one.is_constant() && !one.value(|_| 0).is_negative());
            if (total.len() > 1 || next.len() > 1) && !number(&total) && !number(&next) {
                return Err("a maximum may be multiplied by a positive number only".to_owned());
            }
            total = pairs(&total, &next, |a, b| a * b);
        }
        Ok(total)
    }

    fn power(&mut self) -> Read {
        let base = self.atom()?;
        if !self.takes('^') {
            return Ok(base);
        }
        let base = single(base, "a maximum may not be raised to a power")?;
        let power: u32 = self.digits()?.parse().map_err(|_| "a power is a small number".to_owned())?;
        if power > MOST {
            return Err(format!("powers go up to {MOST}"));
        }
        Ok(vec![(0..power).fold(Expr::constant(1), |product, _| &product * &base)])
    }

    fn atom(&mut self) -> Read {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            Some(c) if c.is_ascii_digit() => {
                let number: BigInt = self.digits()?.parse().map_err(|_| "a number was expected".to_owned())?;
                Ok(vec![Expr::constant(number)])
            }
            Some(c) if c.is_ascii_alphabetic() => self.name(),
            Some('(') => self.nested(),
            Some(c) => Err(format!("a number or an axis was expected, not `{c}`")),
            None => Err("a number or an axis was expected, not the end".to_owned()),
        }
    }

    fn name(&mut self) -> Read {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if name != "max" {
            self.names.push(name.to_owned());
            return Ok(vec![Expr::dim(&name.into())]);
        }
        self.nested()
    }

    /// What stands in parentheses: of several, the maximum.
    fn nested(&mut self) -> Read {
        self.nested += 1;
        if self.nested > MOST || !self.takes('(') {
            return Err("parentheses were expected, at most 16 deep".to_owned());
        }
        let mut all = self.sum()?;
        while self.takes(',') {
            all.extend(self.sum()?);
            small(&all)?;
        }
        self.nested -= 1;
        if self.takes(')') { Ok(all) } else { Err("a parenthesis is not closed".to_owned()) }
    }

    /// Digits, which may be parted as in `1_000`.
    fn digits(&mut self) -> Result<String, String> {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let digits = digits.replace('_', "");
        self.rest = rest;
        if (1..=MOST_DIGITS).contains(&digits.len()) {
            Ok(digits)
        } else {
            Err("a number has 1 to 40 digits".to_owned())
        }
    }

    fn takes(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let taken = rest.strip_prefix(sign);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }
}

/// Refuses what takes long to multiply out.
fn small(pieces: &[Expr]) -> Result<(), String> {
    let terms: usize = pieces.iter().map(|piece| piece.terms().count()).sum();
    let powers = pieces.iter().flat_map(Expr::terms).flat_map(|(factors, _)| factors).map(|(_, power)| *power);
    let fits = pieces.len() <= 64 && terms <= 256 && powers.max().unwrap_or(0) <= 2 * MOST;
    fits.then_some(()).ok_or_else(|| "it is too large: at most 64 parts, 256 terms and powers of 32".to_owned())
}

fn pairs(a: &[Expr], b: &[Expr], f: impl Fn(&Expr, &Expr) -> Expr) -> Vec<Expr> {
    a.iter().flat_map(|x| b.iter().map(|y| f(x, y)).collect::<Vec<_>>()).collect()
}

fn single(mut pieces: Vec<Expr>, reason: &str) -> Result<Expr, String> {
    if pieces.len() == 1 { Ok(pieces.swap_remove(0)) } else { Err(reason.to_owned()) }
}

fn negated(expr: &Expr) -> Expr {
    expr.scaled(&-Rational::from_integer(1.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_read_as_people_write_them() {
        let at =
            |text: &str, n: u64, l: u64| text.parse::<Formula>().unwrap().value(|name| if name == "n" { n } else { l });
        for (n, l) in [(1, 1), (7, 3), (100, 2)] {
            assert_eq!(at("9*layers + 4", n, l), BigInt::from(9 * l + 4));
            assert_eq!(at(" max(2*n, 5*layers + 1)*3 - 2 ", n, l), BigInt::from((2 * n).max(5 * l + 1) * 3 - 2));
            assert_eq!(at("(n+1)*(layers+2)", n, l), BigInt::from((n + 1) * (l + 2)));
            assert_eq!(at("n^2-n+max(1)", n, l), BigInt::from(n * n - n + 1));
            assert_eq!(at("1_000*n", n, l), BigInt::from(1000 * n));
        }
        for text in
            ["", "9*", "n n", "max(1", "-1", "max(n, 1)*n", "1 - max(n, 2)", "n^99", "2^n", "$", &"(".repeat(99)]
        {
            assert!(text.parse::<Formula>().is_err(), "{text}");
        }
    }
}
