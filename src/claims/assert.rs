//! Assertions on depths for tests: `assert_depth!`, and [`hold`], which returns what the macro panics with; must not know how laws are found.
//!
//! ```
//! use isobath::{assert_depth, spec};
//!
//! // A path is read; a document, or any part of one that describes a system, is taken as it is.
//! assert_depth!("circuits/gd-least-squares.toml", == 2*steps + 1);
//! let llama = spec::read("circuits/tiny-llama.toml".as_ref())?;
//! assert_depth!(llama, <= 10*layers + 5);
//! assert_depth!(llama, == 15, at layers = 1);
//! # Ok::<(), spec::Error>(())
//! ```
//!
//! A false one shows where it fails and why the circuit is so deep there:
//!
//! ```should_panic
//! isobath::assert_depth!("circuits/gd-least-squares.toml", <= 2*steps);
//! ```
//!
//! In a property test, `?` turns a [`Failure`] into that of a case, so that proptest looks for a smaller one:
//!
//! ```
//! use isobath::{claims::assert::hold, strategies::{RecurrentLimits, recurrents}};
//! use proptest::test_runner::{Config, TestRunner};
//!
//! let mut runner = TestRunner::new(Config { cases: 4, failure_persistence: None, ..Config::default() });
//! runner.run(&recurrents(RecurrentLimits::default()), |case| Ok(hold(&case.recurrent(), ">= context")?)).unwrap();
//! ```

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Formula;
use super::check::{compare, held};
use super::failure::{Counterexample, Failure, Undecided};
use super::judge::{Decision, Lengths, Relation};
use crate::pipeline::subject::{Options, Subject};
use crate::spec::program::Program;
use crate::spec::{self, Document, Looped, Recurrent, Spec};

/// Asserts that a bound on the depth of a system holds for all lengths of its axes.
///
/// The first argument is anything [`Measurable`](crate::claims::assert::Measurable); then come `<=`, `>=` or `==` and a formula as in
/// files of claims, `9*layers + 4` or `max(2*steps, 5)`; then perhaps `at` and lengths at which axes are held. Weights are left open:
/// what is proved holds for any. To lower for size, or at other settings, make a [`Subject`](crate::pipeline::subject::Subject).
///
/// # Panics
/// When the bound fails somewhere, with a counterexample and the critical path there; when it is neither proved nor refuted; and when
/// there is nothing to compare: a file that is not read, an axis that is not there.
///
/// ```
/// isobath::assert_depth!("circuits/rnn.toml", >= context + layers);
/// isobath::assert_depth!("circuits/rnn.toml", <= 4, at layers = 1, context = 1);
/// ```
#[macro_export]
macro_rules! assert_depth {
    ($subject:expr, $relation:tt $($bound:tt)+) => {{
        let claim = concat!(stringify!($relation), " ", stringify!($($bound)+));
        if let Err(failure) = $crate::claims::assert::hold(&$subject, claim) {
            panic!("{failure}");
        }
    }};
}

/// What a bound can be asserted of.
pub trait Measurable {
    /// The system with its law.
    ///
    /// # Errors
    /// When a file cannot be read, or the system cannot be lowered.
    fn measured(&self) -> Result<Measured<'_>, String>;
}

/// A subject, lent or made on the way.
pub enum Measured<'s> {
    /// Made.
    Made(Box<Subject>),
    /// Lent.
    Lent(&'s Subject),
}

impl Deref for Measured<'_> {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        match self {
            Self::Made(subject) => subject,
            Self::Lent(subject) => subject,
        }
    }
}

impl<T: Measurable + ?Sized> Measurable for &T {
    fn measured(&self) -> Result<Measured<'_>, String> {
        (**self).measured()
    }
}

impl<T: Measurable + ?Sized> Measurable for Box<T> {
    fn measured(&self) -> Result<Measured<'_>, String> {
        (**self).measured()
    }
}

impl Measurable for Subject {
    fn measured(&self) -> Result<Measured<'_>, String> {
        Ok(Measured::Lent(self))
    }
}

impl Measurable for Document {
    fn measured(&self) -> Result<Measured<'_>, String> {
        let subject = Subject::new(self, &Options::default()).map_err(|error| error.to_string())?;
        Ok(Measured::Made(Box::new(subject)))
    }
}

impl Measurable for Path {
    fn measured(&self) -> Result<Measured<'_>, String> {
        made(spec::read_document(self).map_err(|error| error.to_string())?)
            .map_err(|error| format!("{}: {error}", self.display()))
    }
}

impl Measurable for PathBuf {
    fn measured(&self) -> Result<Measured<'_>, String> {
        self.as_path().measured()
    }
}

impl Measurable for str {
    fn measured(&self) -> Result<Measured<'_>, String> {
        Path::new(self).measured()
    }
}

impl Measurable for String {
    fn measured(&self) -> Result<Measured<'_>, String> {
        self.as_str().measured()
    }
}

impl Measurable for Spec {
    fn measured(&self) -> Result<Measured<'_>, String> {
        made(Document::Model(Box::new(self.clone())))
    }
}

impl Measurable for Looped {
    fn measured(&self) -> Result<Measured<'_>, String> {
        made(Document::Looped(Box::new(self.clone())))
    }
}

impl Measurable for Recurrent {
    fn measured(&self) -> Result<Measured<'_>, String> {
        made(Document::Recurrent(Box::new(self.clone())))
    }
}

impl Measurable for Program {
    fn measured(&self) -> Result<Measured<'_>, String> {
        made(Document::Program(Box::new(self.clone())))
    }
}

/// A subject that borrows nothing.
fn made(document: Document) -> Result<Measured<'static>, String> {
    let subject = Subject::new(&document, &Options::default()).map_err(|error| error.to_string())?;
    Ok(Measured::Made(Box::new(subject)))
}

/// What is asserted: `<= 9*layers + 4, at layers = 1`.
struct Asserted {
    relation: Relation,
    formula: Formula,
    at: Lengths,
}

impl FromStr for Asserted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let relations = [Relation::AtMost, Relation::AtLeast, Relation::Equal];
        let found = relations.into_iter().find_map(|sign| Some((sign, text.trim().strip_prefix(sign.sign())?)));
        let (relation, rest) = found.ok_or_else(|| format!("`{text}` does not begin with <=, >= or =="))?;
        let (formula, at) = rest.split_at(outer_comma(rest).unwrap_or(rest.len()));
        let formula = formula.parse().map_err(|error: super::FormulaError| error.to_string())?;
        Ok(Self { relation, formula, at: lengths(at)? })
    }
}

/// The first comma that is in no parentheses.
fn outer_comma(text: &str) -> Option<usize> {
    let mut depth = 0i64;
    text.char_indices().find_map(|(place, c)| {
        depth += i64::from(c == '(') - i64::from(c == ')');
        (c == ',' && depth == 0).then_some(place)
    })
}

/// `, at layers = 1, steps = 3`.
fn lengths(text: &str) -> Result<Lengths, String> {
    let text = text.trim_start_matches(',').trim();
    if text.is_empty() {
        return Ok(Lengths::new());
    }
    let wrong = || format!("`{text}`: write the lengths of axes as in `at layers = 1, steps = 3`");
    let list = text.strip_prefix("at ").ok_or_else(wrong)?.split(',').map(str::trim).filter(|one| !one.is_empty());
    let pair = |one: &str| {
        let (name, length) = one.split_once('=').ok_or_else(wrong)?;
        let length = length.trim().replace('_', "").parse().ok().filter(|length| *length > 0).ok_or_else(wrong)?;
        Ok((name.trim().to_owned(), length))
    };
    list.map(pair).collect()
}

/// Whether a bound holds for all lengths; `claim` as behind the comma of `assert_depth!`: `<= 9*layers + 4, at layers = 1`.
///
/// # Errors
/// When the bound fails, when it is neither proved nor refuted, and when there is nothing to compare.
pub fn hold<T: Measurable + ?Sized>(subject: &T, claim: &str) -> Result<(), Failure> {
    let asserted: Asserted = claim.parse().map_err(Failure::Refused)?;
    let subject = subject.measured().map_err(Failure::Refused)?;
    let Asserted { relation, formula, at } = &asserted;
    let at = &held(&subject, formula, at).map_err(Failure::Refused)?;
    let (decision, law) = compare(&subject, *relation, formula, at).map_err(Failure::Refused)?;
    let undecided = || Undecided { name: subject.name.clone(), relation: *relation, bound: formula.text.clone(), law };
    match decision {
        Decision::Proved => Ok(()),
        Decision::Open => Err(Failure::Open(undecided())),
        Decision::Refuted { at: failing, .. } => {
            let failing = smallest(&subject, *relation, formula, at, failing);
            Err(Failure::Refuted(Box::new(Counterexample::new(&subject, undecided(), formula, failing))))
        }
    }
}

/// Lengths at which the bound fails, each the smallest before which it does not, the others kept.
fn smallest(subject: &Subject, relation: Relation, formula: &Formula, held: &Lengths, mut at: Lengths) -> Lengths {
    let fails = |at: &Lengths| {
        let bound = formula.value(|name| at.get(name).copied().unwrap_or(1));
        subject.depth(&subject.at(at)).is_some_and(|(depth, exact)| exact && !relation.holds(&depth, &bound))
    };
    let names: Vec<String> = at.keys().filter(|name| !held.contains_key(*name)).cloned().collect();
    for name in names {
        let with = |length: u64| at.iter().map(|(k, v)| (k.clone(), if *k == name { length } else { *v })).collect();
        let (mut holds, mut failing) = (0, at[&name]);
        while failing - holds > 1 {
            let middle = if holds == 0 { 1 } else { holds + (failing - holds) / 2 };
            if fails(&with(middle)) { failing = middle } else { holds = middle }
        }
        at = with(failing);
    }
    at
}

#[cfg(test)]
mod tests;
