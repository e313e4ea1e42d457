//! How fast a certified depth grows along each axis, read off the claims and held against the slowest cycle; must not search.

use std::fmt;

use num_bigint::BigInt;
use num_traits::Zero;

use super::{LawError, ratio};
use crate::certificate::{Bound, Certificate, Classes, Factor, Polynomial, Term, expr, maximum_text};
use crate::expr::{Dim, Expr};
use crate::loops::Skeleton;
use crate::number::Rational;

/// How something grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growing {
    /// Not at all.
    Constant,
    /// With the logarithm.
    Logarithmic,
    /// By the same for each one more.
    Linear,
    /// Like a higher power.
    Polynomial,
    /// The bounds differ in kind.
    Unknown,
}

impl fmt::Display for Growing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "constant",
            Self::Logarithmic => "logarithmic",
            Self::Linear => "linear",
            Self::Polynomial => "polynomial",
            Self::Unknown => "unknown",
        })
    }
}

/// How the depth grows along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The axis.
    pub axis: Dim,
    /// The kind; every certified law is at most linear along each axis.
    pub growing: Growing,
    /// Layers for each one more, eventually; in the lengths of other axes.
    pub rate: String,
}

/// Along each axis, from the certificates that make the law, and held against the slowest cycle ([`ratio::rate`]): where no other axis is free, the
/// rate is that of the cycle.
pub(super) fn growth(closed: &Skeleton, certificates: &[Certificate]) -> Result<Vec<Growth>, LawError> {
    let names: Vec<Dim> = closed.axes().iter().map(|axis| axis.name.clone()).collect();
    let growth = |(axis, name): (usize, &Dim)| {
        let found = along(certificates, &names, axis, name);
        let Some(cycle) = ratio::rate(closed, axis) else { return Ok(found) };
        if let Some(certified) = certificates.iter().find_map(|one| disagrees(one, closed, axis, &cycle)) {
            return Err(LawError::Rate {
                axis: name.to_string(),
                certified: certified.to_string(),
                cycle: cycle.to_string(),
            });
        }
        let growing = if cycle.is_zero() { Growing::Constant } else { Growing::Linear };
        Ok(if names.len() == 1 { Growth { axis: name.clone(), growing, rate: cycle.to_string() } } else { found })
    };
    names.iter().enumerate().map(growth).collect()
}

/// What a certificate says of the rate along an axis, all others at their lengths, if a cycle says otherwise.
fn disagrees(certificate: &Certificate, closed: &Skeleton, axis: usize, cycle: &Rational) -> Option<Rational> {
    let lengths: Vec<u64> = closed.axes().iter().map(|axis| axis.length).collect();
    let among = |(number, class): (usize, &Classes)| {
        number == axis
            || (lengths[number] >= class.minimum && (lengths[number] - class.minimum).is_multiple_of(class.period))
    };
    certificate.axes.iter().enumerate().all(among).then_some(())?;
    let term = |term: &Term| {
        let factors = term.of.iter().zip(&lengths).filter(|(factor, _)| **factor == Factor::Length);
        factors.fold(BigInt::from(term.times), |product, (_, length)| product * length)
    };
    let rates = certificate.claim().iter().map(|claim| slope(claim, axis).iter().map(term).sum::<BigInt>());
    let rate = Rational::new(rates.max()?, certificate.scale.into());
    let agrees = match certificate.bound {
        Bound::AtMost => rate >= *cycle,
        Bound::AtLeast => rate <= *cycle,
        Bound::Exactly => rate == *cycle,
    };
    (!agrees).then_some(rate)
}

fn along(certificates: &[Certificate], names: &[Dim], axis: usize, name: &Dim) -> Growth {
    let upper = rate(certificates, names, axis, Bound::AtLeast);
    let lower = rate(certificates, names, axis, Bound::AtMost);
    let kind = |rate: &str| if rate == "0" { Growing::Constant } else { Growing::Linear };
    let (growing, rate) = match (lower, upper) {
        (Some(lower), Some(upper)) if lower == upper => (kind(&upper), upper),
        (Some(lower), Some(upper)) if kind(&lower) == kind(&upper) => {
            (kind(&upper), format!("between {lower} and {upper}"))
        }
        (Some(lower), Some(upper)) => (Growing::Unknown, format!("between {lower} and {upper}")),
        (Some(lower), None) => (Growing::Unknown, format!("at least {lower}")),
        (None, upper) => (Growing::Unknown, format!("at most {}", upper.unwrap_or_default())),
    };
    Growth { axis: name.clone(), growing, rate }
}

/// The rate of the claims, those of one bound left out; the residues of a period share it.
fn rate(certificates: &[Certificate], names: &[Dim], axis: usize, not: Bound) -> Option<String> {
    let mut rates: Vec<(Polynomial, Expr)> = Vec::new();
    for certificate in certificates.iter().filter(|certificate| certificate.bound != not) {
        for slope in certificate.claim().iter().map(|claim| slope(claim, axis)) {
            let text = expr(&slope, certificate.scale, names);
            if !rates.iter().any(|(other, _)| above(other, &slope)) {
                rates.retain(|(other, _)| !above(&slope, other));
                rates.push((slope, text));
            }
        }
    }
    match &rates[..] {
        [] => None,
        [(_, one)] => Some(one.to_string()),
        _ => Some(maximum_text(&rates.into_iter().map(|(_, rate)| rate).collect::<Vec<_>>())),
    }
}

/// What a polynomial grows by with the length of an axis.
fn slope(claim: &Polynomial, axis: usize) -> Polynomial {
    let with = claim.iter().filter(|term| term.of[axis] == Factor::Length).cloned();
    with.map(|mut term| {
        term.of[axis] = Factor::One;
        term
    })
    .collect()
}

/// Whether one is nowhere below another, at lengths of at least 1.
fn above(high: &Polynomial, low: &Polynomial) -> bool {
    let times = |of: &Polynomial, like: &Term| {
        of.iter().filter(|term| term.of == like.of).map(|term| i128::from(term.times)).sum::<i128>()
    };
    high.iter().chain(low).all(|term| times(high, term) >= times(low, term))
}
