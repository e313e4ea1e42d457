//! What a certificate proves, as a sentence and as numbers; must not check anything itself.

use std::fmt;

use num_bigint::BigInt;
use num_integer::Integer;

use super::{Bound, Certificate, Factor, Polynomial};
use crate::expr::{Dim, Expr};
use crate::number::Rational;

/// A bound on the depth that a checked certificate proves: the maximum of polynomials, for certain lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which bound.
    pub bound: Bound,
    /// The polynomials.
    pub of: Vec<Expr>,
    /// For each axis, the lengths.
    pub lengths: Vec<Lengths>,
    claim: Vec<Polynomial>,
    scale: i64,
}

/// Lengths along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// The axis.
    pub axis: Dim,
    /// The least.
    pub least: u64,
    /// From each to the next; 0 if there is but one.
    pub step: u64,
}

impl Lengths {
    /// Whether a length is among them.
    pub fn has(&self, length: u64) -> bool {
        length >= self.least && (length - self.least).is_multiple_of(self.step)
    }

    /// Whether every length is among them.
    pub fn all(&self) -> bool {
        (self.least, self.step) == (1, 1)
    }
}

impl Proved {
    /// Of a certificate that has been checked.
    pub(super) fn new(certificate: &Certificate) -> Self {
        let axes: Vec<Dim> = certificate.axes.iter().map(|axis| Dim::from(&*axis.name)).collect();
        let lengths = certificate.axes.iter().zip(&axes);
        Self {
            bound: certificate.bound,
            of: certificate.claim().iter().map(|p| expr(p, certificate.scale, &axes)).collect(),
            lengths: lengths
                .map(|(axis, name)| Lengths { axis: name.clone(), least: axis.minimum, step: axis.period })
                .collect(),
            claim: certificate.claim().to_vec(),
            scale: certificate.scale,
        }
    }

    /// The polynomials in numbers, over a common denominator.
    pub(crate) fn claim(&self) -> (&[Polynomial], i64) {
        (&self.claim, self.scale)
    }

    /// The bound at some lengths; none where it says nothing.
    pub fn at(&self, length: impl Fn(&str) -> Option<u64>) -> Option<BigInt> {
        let among = |lengths: &Lengths| length(&lengths.axis).filter(|n| lengths.has(*n)).map(BigInt::from);
        let numbers = self.lengths.iter().map(among).collect::<Option<Vec<BigInt>>>()?;
        let most = self.claim.iter().map(|polynomial| value(polynomial, &numbers)).max()?;
        let scale = BigInt::from(self.scale);
        Some(if self.bound == Bound::AtMost { most.div_floor(&scale) } else { most.div_ceil(&scale) })
    }
}

/// The numerator of a polynomial at some lengths.
fn value(polynomial: &Polynomial, lengths: &[BigInt]) -> BigInt {
    let term = |term: &super::Term| {
        let factors = term.of.iter().zip(lengths).filter(|(factor, _)| **factor == Factor::Length);
        factors.fold(BigInt::from(term.times), |product, (_, length)| product * length)
    };
    polynomial.iter().map(term).sum()
}

/// A polynomial in lengths, as an expression in the names of axes.
pub(crate) fn expr(polynomial: &Polynomial, scale: i64, axes: &[Dim]) -> Expr {
    polynomial.iter().fold(Expr::default(), |sum, term| {
        let factors = term.of.iter().zip(axes).filter(|(factor, _)| **factor == Factor::Length);
        let product = factors.fold(Expr::constant(1), |product, (_, axis)| &product * &Expr::dim(axis));
        &sum + &product.scaled(&Rational::new(term.times.into(), scale.into()))
    })
}

/// `2*steps + 3`, or `max(2*steps + 3, 5*layers)`.
pub(crate) fn maximum_text(of: &[Expr]) -> String {
    match of {
        [one] => one.to_string(),
        _ => format!("max({})", of.iter().map(Expr::to_string).collect::<Vec<_>>().join(", ")),
    }
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.bound {
            Bound::AtMost => "<=",
            Bound::AtLeast => ">=",
            Bound::Exactly => "=",
        };
        write!(f, "depth {sign} {}", maximum_text(&self.of))?;
        let texts: Vec<String> = self.lengths.iter().map(Lengths::to_string).collect();
        if texts.is_empty() { Ok(()) } else { write!(f, " for every {}", texts.join(" and every ")) }
    }
}

impl fmt::Display for Lengths {
    /// `steps >= 1`, `steps = 1, 3, 5, ...` or `steps = 4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { axis, least, step } = self;
        match step {
            0 => write!(f, "{axis} = {least}"),
            1 => write!(f, "{axis} >= {least}"),
            _ => write!(f, "{axis} = {least}, {}, {}, ...", least + step, least + 2 * step),
        }
    }
}
