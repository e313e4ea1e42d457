//! What polynomials are made of: dimensions, least values and binary logarithms; must not know what is counted.

use std::fmt;

use num_bigint::BigInt;
use num_traits::Signed;

use super::{Dim, Expr};
use crate::number::Rational;

/// A factor of a term. Atoms are never negative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// A dimension.
    Dim(Dim),
    /// `min(expr, bound)`.
    Least(Box<Expr>, u64),
    /// `ceil(log2(expr))` of an expression that is at least one.
    CeilLog2(Box<Expr>),
}

impl Atom {
    pub(super) fn value(&self, of: &dyn Fn(&Dim) -> u64) -> BigInt {
        match self {
            Self::Dim(name) => of(name).into(),
            Self::Least(expr, bound) => expr.at(of).min((*bound).into()),
            Self::CeilLog2(expr) => ceil_log2(&expr.at(of)).into(),
        }
    }

    /// Whether it stays below some number whatever the dimensions are.
    pub fn is_bounded(&self) -> bool {
        match self {
            Self::Dim(_) => false,
            Self::Least(..) => true,
            Self::CeilLog2(expr) => expr.is_bounded(),
        }
    }
}

/// The number of bits of `x - 1`, for `x >= 1`.
fn ceil_log2(x: &BigInt) -> u64 {
    assert!(x.is_positive(), "a logarithm is of at least one");
    (x - 1i32).bits()
}

impl Expr {
    /// The smaller of the expression and a number.
    #[must_use]
    pub fn at_most(&self, bound: u64) -> Self {
        match self.as_constant() {
            Some(value) => Self::constant(value.min(bound.into())),
            None => Self::atom(Atom::Least(Box::new(self.clone()), bound)),
        }
    }

    /// `ceil(log2(self))`, of an expression that is at least one.
    #[must_use]
    pub fn ceil_log2(&self) -> Self {
        match self.as_constant() {
            Some(value) => Self::constant(ceil_log2(&value)),
            None => Self::atom(Atom::CeilLog2(Box::new(self.clone()))),
        }
    }

    /// The integer it is, where no dimension occurs.
    pub fn as_constant(&self) -> Option<BigInt> {
        self.is_constant().then(|| self.at(&|_| 0))
    }

    /// Whether it stays below some number whatever the dimensions are.
    pub fn is_bounded(&self) -> bool {
        self.terms().all(|(factors, _)| factors.iter().all(|(atom, _)| atom.is_bounded()))
    }

    /// With an expression in place of each dimension; none where least values or logarithms occur.
    pub fn substituted(&self, of: &dyn Fn(&Dim) -> Self) -> Option<Self> {
        let mut sum = Self::default();
        for (factors, coefficient) in self.terms() {
            let mut product = Self::constant(1).scaled(coefficient);
            for (atom, power) in factors {
                let Atom::Dim(name) = atom else { return None };
                let value = of(name);
                product = (0..*power).fold(product, |product, _| &product * &value);
            }
            sum += &product;
        }
        Some(sum)
    }

    /// Whether no coefficient is negative, so that no value is.
    pub fn has_no_negative(&self) -> bool {
        self.terms().all(|(_, coefficient)| !coefficient.is_negative())
    }

    /// Factors with their powers, and the coefficient, of each term.
    pub fn terms(&self) -> impl Iterator<Item = (&[(Atom, u32)], &Rational)> {
        self.terms.iter().map(|(factors, coefficient)| (factors.as_slice(), coefficient))
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dim(name) => write!(f, "{name}"),
            Self::Least(expr, bound) => write!(f, "min({expr}, {bound})"),
            Self::CeilLog2(expr) => write!(f, "ceil(log2({expr}))"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_evaluate_like_numbers() {
        let n = Expr::dim(&"n".into());
        let expr =
            &(&n.at_most(5) * &n.ceil_log2()) + &n.ceil_log2().ceil_log2().scaled(&Rational::from_integer(0.into()));
        for value in 1..70u64 {
            let log = (0..).find(|bits| 1u64 << bits >= value).unwrap();
            assert_eq!(expr.value(|_| value), BigInt::from(value.min(5) * log), "{value}");
        }
        assert_eq!(expr.to_string(), "min(n, 5)*ceil(log2(n))");
        assert_eq!((&n.ceil_log2() * &Expr::constant(2)).to_string(), "2*ceil(log2(n))");
    }

    #[test]
    fn constants_are_folded_and_bounds_are_seen() {
        assert_eq!(Expr::constant(9).ceil_log2(), Expr::constant(4));
        assert_eq!(Expr::constant(9).at_most(4), Expr::constant(4));
        let n = Expr::dim(&"n".into());
        assert!(!n.is_bounded() && !n.ceil_log2().is_bounded());
        assert!(n.at_most(4).ceil_log2().is_bounded() && Expr::constant(3).is_bounded());
    }
}
