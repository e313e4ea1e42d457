//! What a certificate proves, as a sentence and as numbers; must not check anything itself.

use std::fmt;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;

use super::{Bound, Period, Polynomial, Potentials, Proof};
use crate::expr::{Dim, Expr};
use crate::number::Rational;

/// A bound on the depth that a checked certificate proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which bound.
    pub bound: Bound,
    /// Its values.
    pub values: Values,
}

/// The values of a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// The maximum of polynomials, for certain lengths.
    Maximum {
        /// The polynomials.
        of: Vec<Expr>,
        /// The same in numbers: products of lengths, over a common denominator.
        claim: (Vec<Polynomial>, i64),
        /// For each axis, that lengths are the second number plus a multiple of the third.
        lengths: Vec<(Dim, u64, u64)>,
    },
    /// Along one axis, numbers and then a period.
    Periodic(Period),
}

impl Proved {
    /// Of a certificate that has been checked.
    pub(super) fn new(proof: &Proof) -> Self {
        match proof {
            Proof::Period(period) => Self { bound: Bound::Exactly, values: Values::Periodic(period.clone()) },
            Proof::Potentials(proof) => Self { bound: proof.bound, values: maximum(proof) },
        }
    }

    /// The bound at some lengths; none where it says nothing.
    pub fn at(&self, length: impl Fn(&str) -> Option<u64>) -> Option<BigInt> {
        match &self.values {
            Values::Maximum { claim: (claim, scale), lengths, .. } => {
                let fits = |(name, least, step): &(Dim, u64, u64)| {
                    length(name).is_some_and(|n| n >= *least && (n - least).is_multiple_of(*step))
                };
                let numbers: Vec<BigInt> = lengths
                    .iter()
                    .all(fits)
                    .then(|| lengths.iter().filter_map(|l| length(&l.0)).map(BigInt::from).collect())?;
                let most = claim.iter().map(|polynomial| value(polynomial, &numbers)).max()?;
                let scale = BigInt::from(*scale);
                Some(if self.bound == Bound::AtMost { most.div_floor(&scale) } else { most.div_ceil(&scale) })
            }
            Values::Periodic(period) => {
                let fits = period.fixed.iter().all(|fixed| length(&fixed.axis) == Some(fixed.length));
                fits.then(|| period.at(length(&period.axis)?))?
            }
        }
    }
}

impl Period {
    /// The depth at a length of its axis; none at 0.
    pub fn at(&self, length: u64) -> Option<BigInt> {
        let periods = length.saturating_sub(self.start) / self.period;
        let within = length.checked_sub(1)? - periods * self.period;
        Some(BigInt::from(*self.depths.get(usize::try_from(within).ok()?)?) + BigInt::from(periods) * self.rise)
    }
}

/// The numerator of a polynomial at some lengths.
fn value(polynomial: &Polynomial, lengths: &[BigInt]) -> BigInt {
    let term = |term: &super::Term| {
        term.lengths.iter().fold(BigInt::from(term.times), |product, axis| product * &lengths[*axis])
    };
    polynomial.iter().map(term).sum()
}

/// A polynomial in lengths, as an expression in the names of axes.
pub(crate) fn expr(polynomial: &Polynomial, scale: i64, axes: &[Dim]) -> Expr {
    polynomial.iter().fold(Expr::default(), |sum, term| {
        let product = term.lengths.iter().fold(Expr::constant(1), |product, axis| &product * &Expr::dim(&axes[*axis]));
        &sum + &product.scaled(&Rational::new(term.times.into(), scale.into()))
    })
}

fn maximum(proof: &Potentials) -> Values {
    let axes: Vec<Dim> = proof.axes.iter().map(|axis| Dim::from(&*axis.name)).collect();
    let lengths = axes.iter().zip(&proof.axes).map(|(name, axis)| (name.clone(), axis.minimum, axis.period)).collect();
    Values::Maximum {
        of: proof.claim.iter().map(|p| expr(p, proof.scale, &axes)).collect(),
        claim: (proof.claim.clone(), proof.scale),
        lengths,
    }
}

/// `2*steps + 3`, or `max(2*steps + 3, 5*layers)`.
pub(crate) fn maximum_text(of: &[Expr]) -> String {
    match of {
        [one] => one.to_string(),
        _ => format!("max({})", of.iter().map(Expr::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// `7/2*steps + {1, 1/2}`: rate, and offsets, the first for the lengths 1, 1 + period and so on.
pub(crate) fn periodic_text(period: &Period) -> String {
    let rate = Rational::new(period.rise.into(), period.period.into());
    let offset = |length: u64| {
        let depth = Rational::from_integer(period.at(length).unwrap_or_default());
        depth - &rate * Rational::from_integer(length.into())
    };
    let offsets: Vec<Rational> = (1..=period.period)
        .map(|first| offset(first + (period.start.saturating_sub(first)).next_multiple_of(period.period)))
        .collect();
    let line = Expr::dim(&Dim::from(&*period.axis)).scaled(&rate);
    match &offsets[..] {
        [one] => (&line + &Expr::constant(1).scaled(one)).to_string(),
        _ if rate.is_zero() => format!("{{{}}}", listed(&offsets)),
        _ => format!("{line} + {{{}}}", listed(&offsets)),
    }
}

fn listed(numbers: &[Rational]) -> String {
    numbers.iter().map(Rational::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.bound {
            Bound::AtMost => "<=",
            Bound::AtLeast => ">=",
            Bound::Exactly => "=",
        };
        match &self.values {
            Values::Maximum { of, lengths, .. } => {
                write!(f, "depth {sign} {}", maximum_text(of))?;
                let texts: Vec<String> = lengths.iter().map(|(name, least, step)| range(name, *least, *step)).collect();
                if texts.is_empty() { Ok(()) } else { write!(f, " for every {}", texts.join(" and every ")) }
            }
            Values::Periodic(period) => {
                write!(f, "depth {sign} {} for every {} >= {}", periodic_text(period), period.axis, period.start)?;
                let fixed: Vec<String> = period.fixed.iter().map(|x| format!("{} = {}", x.axis, x.length)).collect();
                if fixed.is_empty() { Ok(()) } else { write!(f, ", with {}", fixed.join(", ")) }
            }
        }
    }
}

/// `steps >= 1`, or `steps = 1, 3, 5, ...`.
fn range(name: &Dim, least: u64, step: u64) -> String {
    match step {
        1 => format!("{name} >= {least}"),
        _ => format!("{name} = {least}, {}, {}, ...", least + step, least + 2 * step),
    }
}
