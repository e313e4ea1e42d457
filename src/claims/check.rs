//! Claims held against systems: each proved, measured or refuted, with its evidence; must not know how laws are found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use num_bigint::BigInt;
use serde::Serialize;
use thiserror::Error;

use super::budget::{STEPS, most_steps};
use super::file::{Claim, Claims, Growth, Strategy, Tag};
use super::judge::{Decision, Lengths, Relation, decide, rates};
use super::{Formula, weights};
use crate::expr::Dim;
use crate::law::Growing;
use crate::pipeline::subject::{Options, Subject};
use crate::spec::{self, Document};
use crate::words;

/// The version of the fields.
pub const SCHEMA: &str = "isobath.check/1";

/// What came of a file of claims.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What the claims are about.
    pub name: Option<String>,
    /// Whether all hold.
    pub holds: bool,
    /// One for each claim, in order.
    pub claims: Vec<Outcome>,
    /// What is not checked here.
    pub notes: Vec<Noted>,
}

/// What came of one claim.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The claim.
    pub says: String,
    /// The system's file.
    pub system: String,
    /// `proved`, `measured`, `refuted` or `open`.
    pub verdict: Verdict,
    /// The law, figures or counterexample.
    pub evidence: String,
}

/// How a claim fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It follows from checked certificates, for all lengths it speaks of.
    Proved,
    /// It held wherever it was measured.
    Measured,
    /// A counterexample was found.
    Refuted,
    /// Neither a proof nor a counterexample was found.
    Open,
}

/// Something that is not checked.
#[derive(Clone, Debug, Serialize)]
pub struct Noted {
    /// In words.
    pub says: String,
    /// What kind of statement it is.
    pub tag: String,
    /// Where it comes from.
    pub source: String,
}

/// Why claims could not be checked.
#[derive(Debug, Error)]
#[error("claim `{says}`: {reason}")]
pub struct Refused {
    says: String,
    reason: String,
}

/// Checks every claim, calling `progress` before each.
///
/// # Errors
/// When a system cannot be read, or a claim speaks of an axis it lacks.
pub fn check(claims: &Claims, mut progress: impl FnMut(usize, usize)) -> Result<Checked, Refused> {
    let mut systems = Systems::default();
    let mut outcomes = Vec::with_capacity(claims.claims.len());
    for (number, claim) in claims.claims.iter().enumerate() {
        progress(number, claims.claims.len());
        let refused = |reason: String| Refused { says: claim.says.clone(), reason };
        let (verdict, evidence) = systems.judge(claim).map_err(refused)?;
        let system = claim.system.display().to_string();
        outcomes.push(Outcome { says: claim.says.clone(), system, verdict, evidence });
    }
    let holds = outcomes.iter().all(|outcome| matches!(outcome.verdict, Verdict::Proved | Verdict::Measured));
    let notes = claims.notes.iter().map(|note| {
        let on = note.on.as_ref().map_or_else(String::new, |on| format!(" on {on}"));
        let tag = match note.tag {
            Tag::Conditional => format!("conditional{on}"),
            Tag::Theorem => "proved elsewhere".to_owned(),
            Tag::CounterClaim => "proved elsewhere, counter-claim".to_owned(),
            Tag::Oracle => "proved elsewhere, oracle model".to_owned(),
        };
        Noted { says: note.says.clone(), tag, source: note.source.clone() }
    });
    Ok(Checked { schema: SCHEMA, name: claims.name.clone(), holds, claims: outcomes, notes: notes.collect() })
}

/// A verdict with its evidence, or why there is none.
type Judged = Result<(Verdict, String), String>;

/// Systems already read.
#[derive(Default)]
struct Systems {
    known: BTreeMap<(PathBuf, bool, Lengths), Subject>,
}

impl Systems {
    fn judge(&mut self, claim: &Claim) -> Judged {
        if claim.weights.is_some() && !claim.at.is_empty() {
            return Err("`weights` is asked of a model as it is: leave `at` out".to_owned());
        }
        if claim.weights.is_some() {
            return weights::any(&document(&claim.system)?, strategy(claim.strategy));
        }
        if let (Some(most), Some(program)) = (claim.steps_at_most, &claim.program) {
            return self.fits(claim, most, program);
        }
        let subject = self.subject(&claim.system, claim.strategy, &claim.at)?;
        match (claim.growth, &claim.axis) {
            (Some(growth), Some(axis)) => grows(subject, claim, growth, axis),
            _ => bounded(subject, claim),
        }
    }

    fn subject(&mut self, file: &Path, how: Strategy, at: &Lengths) -> Result<&Subject, String> {
        let key = (file.to_owned(), how == Strategy::Size, at.clone());
        if !self.known.contains_key(&key) {
            let options = Options { strategy: strategy(how), lengths: at.clone(), ..Options::default() };
            let subject =
                Subject::new(&document(file)?, &options).map_err(|error| format!("{}: {error}", file.display()))?;
            self.known.insert(key.clone(), subject);
        }
        self.known.get(&key).ok_or_else(|| "the system was not kept".to_owned())
    }

    fn fits(&mut self, claim: &Claim, most: u64, program: &Path) -> Judged {
        let system = self.subject(&claim.system, claim.strategy, &claim.at)?;
        let lengths = system.lengths();
        let grows = |axis: &&String| {
            let growing = system.growth(axis).is_some_and(|(growing, _)| growing != Growing::Constant);
            growing && !axis.ends_with("layers") && !claim.at.contains_key(&***axis)
        };
        if let Some(axis) = lengths.keys().find(grows) {
            return Err(format!(
                "the depth of {} grows with `{axis}`, and with it the steps that fit: write at = {{ {axis} = {} }}, say",
                system.name, lengths[axis]
            ));
        }
        let (depth, _) = system.depth(&lengths).ok_or("the depth of the system is not known")?;
        let at: Vec<String> = lengths.iter().map(|(axis, length)| format!("{axis} {length}")).collect();
        let program = self.subject(program, claim.strategy, &Lengths::new())?;
        if program.growth(STEPS).is_none() {
            return Err(lacks(program, STEPS));
        }
        let steps = most_steps(program, &depth)?;
        let evidence = format!(
            "{steps} steps fit into {depth} layers, at {} ({}), by composition",
            at.join(", "),
            law_and_size(program)
        );
        Ok((if steps <= most { Verdict::Proved } else { Verdict::Refuted }, evidence))
    }
}

fn document(file: &Path) -> Result<Document, String> {
    spec::read_document(file).map_err(|error| error.to_string())
}

fn strategy(how: Strategy) -> words::Strategy {
    match how {
        Strategy::Depth => words::Strategy::Depth,
        Strategy::Size => words::Strategy::Size,
    }
}

fn grows(subject: &Subject, claim: &Claim, growth: Growth, axis: &str) -> Judged {
    if claim.at.contains_key(axis) {
        return Err(format!("it is of growth in `{axis}`, which `at` holds at one length"));
    }
    if let (Some(tokens), "context", true) =
        (subject.segment, axis, claim.rate.is_some() || claim.rate_at_least.is_some())
    {
        let name = &subject.name;
        return Err(format!(
            "{name} is read in segments of {tokens} tokens: write the rate in `segments`, not `context`"
        ));
    }
    let (growing, rate) = subject.growth(axis).ok_or_else(|| lacks(subject, axis))?;
    let same = matches!(
        (growth, growing),
        (Growth::Constant, Growing::Constant)
            | (Growth::Logarithmic, Growing::Logarithmic)
            | (Growth::Linear, Growing::Linear)
            | (Growth::Polynomial, Growing::Polynomial)
    );
    let law = law_and_size(subject);
    if growing == Growing::Unknown {
        return Ok((Verdict::Open, law));
    }
    if !same {
        let (low, high) = (two(subject, axis, 1), two(subject, axis, 64));
        let evidence = format!("it is {growing}: {law}; {low} at {axis} = 1, {high} at {axis} = 64");
        return Ok((Verdict::Refuted, evidence));
    }
    let wanted = [(&claim.rate, Relation::Equal), (&claim.rate_at_least, Relation::AtLeast)];
    for (text, relation) in wanted.into_iter().filter_map(|(text, relation)| Some((text.as_ref()?, relation))) {
        let formula: Formula = text.parse().map_err(|error: super::FormulaError| error.to_string())?;
        if let Some(name) = formula.names.iter().find(|name| !subject.has(name)) {
            return Err(lacks(subject, name));
        }
        match rates(&subject.law, axis, relation, &formula, &claim.at, |at| subject.can_have(at)) {
            Decision::Proved => {}
            Decision::Open => return Ok((Verdict::Open, format!("the rate is {rate}: {law}"))),
            Decision::Refuted { at, depth, bound } => {
                let at: Vec<String> = at.iter().map(|(axis, length)| format!("{axis} = {length}")).collect();
                let place = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
                let sign = relation.sign();
                return Ok((
                    Verdict::Refuted,
                    format!("the rate is {rate}: {depth}{place}, not {sign} {bound}; {law}"),
                ));
            }
        }
    }
    Ok((Verdict::Proved, law))
}

fn two(subject: &Subject, axis: &str, length: u64) -> String {
    let lengths = subject.at(&[(axis.to_owned(), length)].into());
    subject.depth(&lengths).map_or_else(|| "unknown".to_owned(), |(depth, _)| format!("{depth} layers"))
}

fn bounded(subject: &Subject, claim: &Claim) -> Judged {
    let (relation, text) = match (&claim.depth, &claim.depth_at_most, &claim.depth_at_least) {
        (Some(text), _, _) => (Relation::Equal, text),
        (_, Some(text), _) => (Relation::AtMost, text),
        (_, _, Some(text)) => (Relation::AtLeast, text),
        _ => return Err("it says nothing".to_owned()),
    };
    let formula: Formula = text.parse().map_err(|error: super::FormulaError| error.to_string())?;
    let (decision, law) = compare(subject, relation, &formula, &claim.at)?;
    Ok(match decision {
        Decision::Proved => (Verdict::Proved, law),
        Decision::Open => (Verdict::Open, law),
        Decision::Refuted { at, depth, bound } => {
            (Verdict::Refuted, format!("{}; {}", counterexample(relation, &at, &depth, &bound), law))
        }
    })
}

/// Compares the depth of a system with a formula; also the law in words.
///
/// # Errors
/// When the formula names an axis the system lacks.
pub fn compare(
    subject: &Subject,
    relation: Relation,
    formula: &Formula,
    at: &Lengths,
) -> Result<(Decision, String), String> {
    if let Some(name) = formula.names.iter().chain(at.keys()).find(|name| !subject.has(name)) {
        return Err(lacks(subject, name));
    }
    let at = &held(subject, formula, at)?;
    let mut axes: Vec<Dim> = subject.axes().iter().map(|axis| axis.name.clone()).collect();
    axes.extend(
        subject.flat.iter().map(|(name, _)| name.clone()).filter(|name| formula.names.contains(&name.to_string())),
    );
    let below = |lengths: &Lengths| subject.visited(lengths);
    let possible = |lengths: &Lengths| subject.can_have(lengths);
    let decision = decide(&subject.law, &axes, relation, formula, at, possible, below);
    Ok((decision, law_and_size(subject)))
}

/// A law is never told without the size its depth is bought with.
fn law_and_size(subject: &Subject) -> String {
    format!("{}; gates at most {}", subject.law_text().replace('\n', "; "), subject.sizes.gates)
}

/// The lengths axes are held at; where the context is read in segments, it is counted in these.
pub(super) fn held(subject: &Subject, formula: &Formula, at: &Lengths) -> Result<Lengths, String> {
    let (Some(tokens), false) = (subject.segment, subject.lengths().contains_key("context")) else {
        return Ok(at.clone());
    };
    if formula.names.iter().any(|name| name == "context") {
        let name = &subject.name;
        return Err(format!(
            "{name} is read in segments of {tokens} tokens: write the bound in `segments`, not `context`"
        ));
    }
    let mut held = at.clone();
    if held.remove("context").is_some() {
        held.extend(subject.at(at).into_iter().filter(|(name, _)| name == "segments"));
    }
    Ok(held)
}

/// `at layers = 1 it is 13, not <= 12`.
pub fn counterexample(relation: Relation, at: &Lengths, depth: &BigInt, bound: &BigInt) -> String {
    let at: Vec<String> = at.iter().map(|(axis, length)| format!("{axis} = {length}")).collect();
    let place = if at.is_empty() { String::new() } else { format!("at {} ", at.join(", ")) };
    format!("{place}the depth is {depth}, not {} {bound}", relation.sign())
}

fn lacks(subject: &Subject, axis: &str) -> String {
    let axes: Vec<String> = subject.lengths().into_keys().collect();
    format!(
        "{} has no axis `{axis}`; it has {}",
        subject.name,
        if axes.is_empty() { "none".to_owned() } else { axes.join(", ") }
    )
}
