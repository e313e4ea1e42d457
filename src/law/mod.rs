//! The depth of a looped system as a law in the lengths of its axes, found by search and proved by certificates; it must never return what no
//! certificate proves.
//!
//! Exact potentials are tried first, for every length at once; then, for systems of one axis, a period; then bounds, with a period along each axis
//! where the others are held at their lengths.

mod bounds;
mod fit;
mod frame;
mod growth;
mod period;
mod ratio;
mod search;
mod table;
mod timeline;
mod write;

use std::fmt;

use num_bigint::BigInt;
use thiserror::Error;

use crate::certificate::{Bound, Certificate, CheckError, Factor, Lengths, Polynomial, Proved, expr, maximum_text};
use crate::expr::{Dim, Expr};
use crate::loops::Skeleton;
use search::{Accepted, Task};

pub use growth::{Growing, Growth};

/// The depth in the lengths of all axes.
#[derive(Clone, Debug)]
pub struct Law {
    /// What the certificates prove, in their order.
    pub proved: Vec<Proved>,
    /// How the depth grows along each axis, in the skeleton's order.
    pub growth: Vec<Growth>,
    /// Accepted by the checker.
    pub certificates: Vec<Certificate>,
    /// How many of these, from the first, make the law; the others are of single axes, or say less of shorter lengths.
    pub whole: usize,
    /// Of a system of one axis: the depths, computed, at lengths 1, 2, ... before those of the law.
    pub before: Vec<u64>,
    /// Along each axis, the least length the law is for.
    pub from: Vec<u64>,
    /// Why nothing is proved, where nothing is.
    pub none: Option<String>,
    axes: Vec<Dim>,
}

/// Why there is no law.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LawError {
    /// The skeleton is none that a certificate can be for.
    #[error(transparent)]
    Skeleton(#[from] CheckError),
    /// A certified rate is not that of the slowest cycle: a defect of this program.
    #[error(
        "the certified rate along `{axis}` is {certified}, that of its slowest cycle {cycle}; one of them is wrong"
    )]
    Rate {
        /// The axis.
        axis: String,
        /// What the certificates say.
        certified: String,
        /// What the cycle says.
        cycle: String,
    },
    /// A delay that no certificate can have.
    #[error("a delay of {delay} is longer than the {MOST_DELAY} that certificates are for")]
    Delay {
        /// The longest.
        delay: u64,
    },
    /// Not even bounds were found.
    #[error("no law was found for the depth of this system: neither exact nor as bounds")]
    None,
}

/// The longest delay along an axis that the checker has cases for.
const MOST_DELAY: u64 = 256;

/// A length for each axis name.
type At<'a> = &'a dyn Fn(&str) -> Option<u64>;

impl Law {
    /// No law, for a reason: depths are then known only where every iteration is visited.
    pub fn without(axes: Vec<Dim>, why: String) -> Self {
        let growing = |axis: &Dim| Growth { axis: axis.clone(), growing: Growing::Unknown, rate: "unknown".to_owned() };
        let growth = axes.iter().map(growing).collect();
        let (proved, certificates, before, from) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { proved, growth, certificates, whole: 0, before, from, none: Some(why), axes }
    }

    /// Whether it is exact, from [`Law::from`] on.
    pub fn exact(&self) -> bool {
        let exactly = |proved: &Proved| proved.bound == Bound::Exactly;
        self.none.is_none() && (self.proved[..self.whole].iter().all(exactly) || self.meet().is_some())
    }

    /// An upper and a lower bound that are the same.
    fn meet(&self) -> Option<&Proved> {
        match &self.proved[..self.whole] {
            [a, b] if a.bound != b.bound && (&a.of, &a.lengths) == (&b.of, &b.lengths) => Some(a),
            _ => None,
        }
    }

    /// The exact depth and the lengths it is for, where one certificate, or two bounds that meet, say it of all of them.
    pub fn whole(&self) -> Option<(&[Expr], &[Lengths])> {
        let one = match &self.proved[..self.whole] {
            [one] if one.bound == Bound::Exactly => Some(one),
            _ => self.meet(),
        };
        one.map(|proved| (&proved.of[..], &proved.lengths[..]))
    }

    /// The least upper bound at some lengths, if there is one.
    pub fn upper(&self, length: At<'_>) -> Option<BigInt> {
        let bounds = self.proved.iter().filter(|proved| proved.bound != Bound::AtLeast);
        self.short(length).or_else(|| bounds.filter_map(|proved| proved.at(length)).min())
    }

    /// The greatest lower bound at some lengths, if there is one.
    pub fn lower(&self, length: At<'_>) -> Option<BigInt> {
        let bounds = self.proved.iter().filter(|proved| proved.bound != Bound::AtMost);
        self.short(length).or_else(|| bounds.filter_map(|proved| proved.at(length)).max())
    }

    /// The depth at some lengths, where it is known exactly.
    pub fn value(&self, length: At<'_>) -> Option<BigInt> {
        let upper = self.upper(length)?;
        (self.lower(length)? == upper).then_some(upper)
    }

    fn short(&self, length: At<'_>) -> Option<BigInt> {
        let at = length(self.axes.first()?)?.checked_sub(1)?;
        self.before.get(usize::try_from(at).ok()?).map(|depth| BigInt::from(*depth))
    }

    /// The upper bound from [`Law::from`] on, for example `max(2*steps + 3, 5*layers)` or `7/2*steps + {1, 1/2}`, the offsets by residues
    /// of the length, the first for lengths 1, 1 + period and so on.
    pub fn upper_text(&self) -> String {
        self.text(Bound::AtLeast)
    }

    /// The lower bound, in the same way; the same text where the law is exact, none where there is no bound.
    pub fn lower_text(&self) -> String {
        self.text(Bound::AtMost)
    }

    fn text(&self, not: Bound) -> String {
        let parts: Vec<&Proved> = self.proved[..self.whole].iter().filter(|proved| proved.bound != not).collect();
        match &parts[..] {
            [one] => maximum_text(&one.of),
            _ => self
                .residues(&parts)
                .unwrap_or_else(|| parts.iter().map(|p| p.to_string()).collect::<Vec<_>>().join("; ")),
        }
    }

    /// Claims of all residues along one axis that differ in their constants alone.
    fn residues(&self, parts: &[&Proved]) -> Option<String> {
        let (mut line, mut offsets): (Option<Polynomial>, Vec<(u64, String)>) = (None, Vec::new());
        let mut common = 1;
        for part in parts {
            let mut periodic = part.lengths.iter().filter(|lengths| lengths.step > 1);
            let (claim, scale) = part.claim();
            let ([polynomial], Some(lengths), None) = (claim, periodic.next(), periodic.next()) else {
                return None;
            };
            let (constant, rest): (Polynomial, Polynomial) =
                polynomial.iter().cloned().partition(|term| term.of.iter().all(|factor| *factor == Factor::One));
            (line.get_or_insert_with(|| rest.clone()) == &rest).then_some(())?;
            offsets.push(((lengths.least - 1) % lengths.step, expr(&constant, scale, &self.axes).to_string()));
            common = scale;
        }
        offsets.sort();
        let offsets: Vec<String> = offsets.into_iter().map(|(_, offset)| offset).collect();
        Some(match expr(&line?, common, &self.axes) {
            line if offsets.iter().all(|offset| *offset == offsets[0]) => sum(&line.to_string(), &offsets[0]),
            line => sum(&line.to_string(), &format!("{{{}}}", offsets.join(", "))),
        })
    }
}

fn sum(line: &str, offset: &str) -> String {
    match (line, offset) {
        ("0", _) => offset.to_owned(),
        (_, "0") => line.to_owned(),
        _ => format!("{line} + {offset}").replace("+ -", "- "),
    }
}

impl fmt::Display for Law {
    /// `depth = 2*steps + 3 for every steps >= 1`, or both bounds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.none {
            return write!(f, "no law: {why}");
        }
        match (self.exact(), self.lower_text(), self.upper_text()) {
            (true, _, depth) => write!(f, "depth = {depth}")?,
            (false, lower, upper) if lower.is_empty() => write!(f, "depth <= {upper}")?,
            (false, lower, upper) if upper.is_empty() => write!(f, "depth >= {lower}")?,
            (false, lower, upper) => write!(f, "{lower} <= depth <= {upper}")?,
        }
        let range: Vec<String> =
            self.axes.iter().zip(&self.from).map(|(axis, from)| format!("{axis} >= {from}")).collect();
        if range.is_empty() { Ok(()) } else { write!(f, " for every {}", range.join(" and every ")) }
    }
}

/// The depth of a system as a law.
///
/// # Errors
/// When no certificate can be for it, or none was found.
pub fn derive(skeleton: &Skeleton) -> Result<Law, LawError> {
    skeleton.uniform().map_err(CheckError::Skeleton)?;
    let delay = (0..skeleton.axes().len()).map(|axis| skeleton.longest_delay(axis)).max().unwrap_or(0);
    if delay > MOST_DELAY {
        return Err(LawError::Delay { delay });
    }
    let task = Task::new(skeleton);
    if delay > search::LONG
        && let Some(found) = search::cut(&task)
    {
        return law(&task, found, Vec::new());
    }
    if let Some(found) = search::first(skeleton).iter().find_map(|plan| search::exact(&task, plan)) {
        return law(&task, found, Vec::new());
    }
    if let [_] = skeleton.axes()
        && let Some(found) = search::period_along(&task, 0)
    {
        return law(&task, found, Vec::new());
    }
    if let Some(found) = search::MORE.iter().find_map(|plan| search::exact(&task, plan)) {
        let short = skeleton.axes().len() > 1 && from(&found, skeleton.axes().len()).iter().any(|from| *from > 1);
        let less = if short { search::bounded(&task) } else { Vec::new() };
        return law(&task, found, less);
    }
    let single = (0..skeleton.axes().len()).filter_map(|axis| search::period_along(&task, axis)).flatten().collect();
    let bounds = search::bounded(&task);
    if bounds.is_empty() {
        return Err(LawError::None);
    }
    law(&task, bounds, single)
}

/// Along each axis, from where on all hold; the residues of a period begin one after the other.
fn from(whole: &[Accepted], axes: usize) -> Vec<u64> {
    let least = |axis: usize| whole.iter().map(|(certificate, _)| certificate.axes[axis].minimum).min().unwrap_or(1);
    (0..axes).map(least).collect()
}

fn law(task: &Task<'_>, whole: Vec<Accepted>, more: Vec<Accepted>) -> Result<Law, LawError> {
    let skeleton = task.skeleton;
    let (length, from) = (whole.len(), from(&whole, skeleton.axes().len()));
    let (certificates, proved): (Vec<Certificate>, Vec<Proved>) = whole.into_iter().chain(more).unzip();
    let growth = growth::growth(&task.closed, &certificates[..length])?;
    let lengths = 1..from.first().copied().filter(|_| from.len() == 1).unwrap_or(1);
    let depth = |length| skeleton.clone().resized(|_| Some(length)).map_or(0, |short| short.depth());
    let axes = skeleton.axes().iter().map(|axis| axis.name.clone()).collect();
    Ok(Law {
        proved,
        growth,
        certificates,
        whole: length,
        before: lengths.map(depth).collect(),
        from,
        none: None,
        axes,
    })
}

#[cfg(test)]
mod mutations;

#[cfg(test)]
mod rates;

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests;
