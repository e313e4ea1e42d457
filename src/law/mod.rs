//! The depth of a looped system as a law in the lengths of its axes, found by search and proved by certificates; it must never return what no
//! certificate proves.
//!
//! Exact potentials are tried first, for every length at once; then, for systems of one axis, a period; then bounds, with a period along each axis
//! where the others are held at their lengths.

mod bounds;
mod fit;
mod growth;
mod period;
mod ratio;
mod table;
mod write;

use std::fmt;

use num_bigint::BigInt;
use thiserror::Error;

use crate::certificate::check::{CheckError, check};
use crate::certificate::{Bound, Certificate, Classes, Fixed, Proof, Proved};
use crate::loops::Skeleton;
use table::Table;

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
    /// How many of these, from the first, make the law; the others are of single axes.
    pub whole: usize,
}

/// Why there is no law.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LawError {
    /// The skeleton is none that a certificate can be for.
    #[error(transparent)]
    Skeleton(#[from] CheckError),
    /// Not even bounds were found.
    #[error("no law was found for the depth of this system: neither exact nor as bounds")]
    None,
}

impl Law {
    /// Whether it is exact, wherever it says anything.
    pub fn exact(&self) -> bool {
        self.proved[..self.whole].iter().all(|proved| proved.bound == Bound::Exactly)
    }

    /// The least upper bound at some lengths, if there is one.
    pub fn upper(&self, length: impl Fn(&str) -> Option<u64>) -> Option<BigInt> {
        let bounds = self.proved.iter().filter(|proved| proved.bound != Bound::AtLeast);
        bounds.filter_map(|proved| proved.at(&length)).min()
    }

    /// The greatest lower bound at some lengths, if there is one.
    pub fn lower(&self, length: impl Fn(&str) -> Option<u64>) -> Option<BigInt> {
        let bounds = self.proved.iter().filter(|proved| proved.bound != Bound::AtMost);
        bounds.filter_map(|proved| proved.at(&length)).max()
    }

    /// The depth at some lengths, where the law is exact.
    pub fn value(&self, length: impl Fn(&str) -> Option<u64>) -> Option<BigInt> {
        let upper = self.upper(&length)?;
        (self.lower(&length)? == upper).then_some(upper)
    }
}

impl fmt::Display for Law {
    /// One line for each claim that makes the law.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.proved[..self.whole].iter().map(Proved::to_string).collect();
        write!(f, "{}", lines.join("\n"))
    }
}

/// How indices are divided into classes, and how far the search looks.
struct Plan {
    edge: u64,
    periodic: bool,
    /// From this length on, or from 1.
    from: Option<u64>,
    span: i128,
}

const fn plan(edge: u64, periodic: bool, from: Option<u64>, span: i128) -> Plan {
    Plan { edge, periodic, from, span }
}

/// Plans for exact laws, the likeliest first.
const FIRST: [Plan; 3] = [plan(0, false, None, 6), plan(1, false, None, 6), plan(2, false, None, 8)];

/// Plans for what needs more.
const MORE: [Plan; 10] = [
    plan(0, true, None, 4),
    plan(1, true, None, 4),
    plan(2, true, None, 4),
    plan(4, false, None, 8),
    plan(4, true, None, 4),
    plan(2, false, Some(3), 8),
    plan(4, false, Some(5), 8),
    plan(4, true, Some(5), 6),
    plan(8, false, Some(9), 8),
    plan(8, true, Some(9), 6),
];

/// The most vertices of all iterations a plan may compute at a time.
const MOST_WORK: u128 = 3_000_000;

/// The depth of a system as a law.
///
/// # Errors
/// When no certificate can be for it, or none was found.
pub fn derive(skeleton: &Skeleton) -> Result<Law, LawError> {
    crate::certificate::check::sound(skeleton)?;
    if let Some(found) = FIRST.iter().find_map(|plan| exact(skeleton, plan)) {
        return Ok(law(skeleton, found, Vec::new()));
    }
    if let [axis] = skeleton.axes()
        && let Some(found) = period_along(skeleton, &axis.name)
    {
        return Ok(law(skeleton, vec![found], Vec::new()));
    }
    if let Some(found) = MORE.iter().find_map(|plan| exact(skeleton, plan)) {
        return Ok(law(skeleton, found, Vec::new()));
    }
    let single = skeleton.axes().iter().filter_map(|axis| period_along(skeleton, &axis.name)).collect();
    Ok(law(skeleton, bounded(skeleton).ok_or(LawError::None)?, single))
}

fn law(skeleton: &Skeleton, whole: Vec<(Certificate, Proved)>, single: Vec<(Certificate, Proved)>) -> Law {
    let length = whole.len();
    let (certificates, proved): (Vec<Certificate>, Vec<Proved>) = whole.into_iter().chain(single).unzip();
    let growth = growth::growth(skeleton, &certificates[..length]);
    Law { proved, growth, certificates, whole: length }
}

fn classes(skeleton: &Skeleton, plan: &Plan) -> Vec<Classes> {
    let period = |axis: usize| if plan.periodic { ratio::period(skeleton, axis) } else { 1 };
    let class = |(number, axis): (usize, &crate::loops::Axis)| Classes {
        name: axis.name.to_string(),
        edge: plan.edge,
        period: period(number),
        minimum: plan.from.unwrap_or(1),
    };
    skeleton.axes().iter().enumerate().map(class).collect()
}

/// Whether all lengths the search would compute depths for are small enough.
fn small(skeleton: &Skeleton, classes: &[Classes], span: i128) -> bool {
    let longest = |axis: &usize| {
        let class = &classes[*axis];
        u128::from(class.edge + class.minimum + 4 * class.period) + span.unsigned_abs() * u128::from(class.period)
    };
    let size = |block: &crate::loops::Block<crate::loops::skeleton::Part>| {
        block.axes.iter().map(longest).product::<u128>() * block.bodies[0].vertices.len() as u128
    };
    let residues: u64 = classes.iter().map(|class| class.period).product();
    residues <= 36 && skeleton.blocks().iter().map(size).sum::<u128>() * (1 << skeleton.axes().len()) <= MOST_WORK
}

/// An exact law by potentials, one certificate for each residue of the lengths.
fn exact(skeleton: &Skeleton, plan: &Plan) -> Option<Vec<(Certificate, Proved)>> {
    let classes = classes(skeleton, plan);
    if !small(skeleton, &classes, plan.span) || (plan.periodic && classes.iter().all(|class| class.period == 1)) {
        return None;
    }
    let residues: Vec<Vec<u64>> = classes.iter().map(|class| (0..class.period).collect()).collect();
    table::product(&residues).iter().map(|residue| at_residue(skeleton, &classes, residue, plan.span)).collect()
}

fn at_residue(skeleton: &Skeleton, classes: &[Classes], residue: &[u64], span: i128) -> Option<(Certificate, Proved)> {
    let shifted = |(class, more): (&Classes, &u64)| Classes { minimum: class.minimum + more, ..class.clone() };
    let classes: Vec<Classes> = classes.iter().zip(residue).map(shifted).collect();
    let mut table = Table::new(skeleton, &classes, span);
    table.solve();
    checked(skeleton, Proof::Potentials(write::potentials(&table, Bound::Exactly)?))
}

fn checked(skeleton: &Skeleton, proof: Proof) -> Option<(Certificate, Proved)> {
    let certificate = write::certificate(skeleton, proof);
    let proved = check(skeleton, &certificate).ok()?;
    Some((certificate, proved))
}

/// A period along an axis, the others at their lengths.
fn period_along(skeleton: &Skeleton, name: &str) -> Option<(Certificate, Proved)> {
    let axis = skeleton.axes().iter().position(|axis| &*axis.name == name)?;
    let others = skeleton.axes().iter().filter(|axis| &*axis.name != name);
    let fixed: Vec<Fixed> = others.map(|axis| Fixed { axis: axis.name.to_string(), length: axis.length }).collect();
    let accepted = |period: &crate::certificate::Period| checked(skeleton, Proof::Period(period.clone())).is_some();
    checked(skeleton, Proof::Period(period::find(skeleton, axis, &fixed, accepted)?))
}

/// An upper and a lower bound.
fn bounded(skeleton: &Skeleton) -> Option<Vec<(Certificate, Proved)>> {
    let plans = [plan(1, false, None, 6), plan(2, false, None, 6), plan(0, false, None, 6), plan(4, false, None, 4)];
    let upper = plans.iter().find_map(|plan| one_bound(skeleton, plan, Bound::AtMost))?;
    let lower = plans.iter().find_map(|plan| one_bound(skeleton, plan, Bound::AtLeast))?;
    Some(vec![upper, lower])
}

fn one_bound(skeleton: &Skeleton, plan: &Plan, bound: Bound) -> Option<(Certificate, Proved)> {
    let classes = classes(skeleton, plan);
    if !small(skeleton, &classes, plan.span) {
        return None;
    }
    let mut table = Table::new(skeleton, &classes, plan.span);
    table.solve();
    if bound == Bound::AtMost {
        bounds::upper(&mut table).then_some(())?;
        return checked(skeleton, Proof::Potentials(write::potentials(&table, bound)?));
    }
    bounds::lower(&mut table);
    let proof = write::potentials(&table, bound)?;
    let alone = |claim: &crate::certificate::Polynomial| crate::certificate::Potentials {
        claim: vec![claim.clone()],
        ..proof.clone()
    };
    let holds = |claim: &&crate::certificate::Polynomial| checked(skeleton, Proof::Potentials(alone(claim))).is_some();
    let claim: Vec<_> = proof.claim.iter().filter(holds).cloned().collect();
    checked(skeleton, Proof::Potentials(crate::certificate::Potentials { claim, ..proof.clone() }))
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests;
