//! Named dimensions, sizes and exact polynomials in them, with the range where they hold; knows nothing of circuits.
//!
//! Beside dimensions a polynomial may hold least values and logarithms: see [`Atom`].

mod atom;

mod greatest;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, AddAssign, Mul};
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use crate::number::Rational;

pub use atom::Atom;
pub use greatest::greatest;

/// The name of a free dimension, for example `context`.
pub type Dim = Arc<str>;

/// A product of powers of atoms, sorted; the empty product is one.
type Monomial = Vec<(Atom, u32)>;

/// A polynomial with rational coefficients in atoms of named dimensions, exact for the values inside [`Expr::validity`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expr {
    /// In ascending order, none of them zero.
    terms: Vec<(Monomial, Rational)>,
    validity: BTreeMap<Dim, (u64, u64)>,
}

impl Expr {
    /// A constant.
    pub fn constant(value: impl Into<BigInt>) -> Self {
        Self::monomial(Vec::new(), Rational::from_integer(value.into()))
    }

    /// One dimension.
    pub fn dim(name: &Dim) -> Self {
        Self::atom(Atom::Dim(name.clone()))
    }

    fn atom(atom: Atom) -> Self {
        Self::monomial(vec![(atom, 1)], Rational::one())
    }

    fn monomial(monomial: Monomial, coefficient: Rational) -> Self {
        let terms = if coefficient.is_zero() { Vec::new() } else { vec![(monomial, coefficient)] };
        Self { terms, validity: BTreeMap::new() }
    }

    /// Adds one term.
    fn grow(&mut self, monomial: Monomial, coefficient: Rational) {
        match self.terms.binary_search_by(|(own, _)| own.cmp(&monomial)) {
            Err(_) if coefficient.is_zero() => {}
            Err(place) => {
                // Most polynomials have one term: no room is made for more.
                self.terms.reserve_exact(usize::from(self.terms.is_empty()));
                self.terms.insert(place, (monomial, coefficient));
            }
            Ok(place) => {
                let own = &mut self.terms[place].1;
                *own = sum(own, &coefficient);
                if own.is_zero() {
                    self.terms.remove(place);
                }
            }
        }
    }

    /// The coefficient of a term.
    fn coefficient(&self, monomial: &Monomial) -> Rational {
        let place = self.terms.binary_search_by(|(own, _)| own.cmp(monomial));
        place.map_or_else(|_| Rational::zero(), |place| self.terms[place].1.clone())
    }

    fn monomials(&self) -> impl Iterator<Item = &Monomial> {
        self.terms.iter().map(|(monomial, _)| monomial)
    }

    /// The same polynomial, claimed only for `low <= name <= high`.
    #[must_use]
    pub fn within(mut self, name: &Dim, low: u64, high: u64) -> Self {
        narrow(&mut self.validity, name, (low, high));
        self
    }

    /// For each restricted dimension, the inclusive range where the polynomial is exact.
    pub fn validity(&self) -> &BTreeMap<Dim, (u64, u64)> {
        &self.validity
    }

    /// Term by term the greater coefficient: at least as much as either, no atom being negative.
    pub fn hull(&self, other: &Self) -> Self {
        let mut hull = Self { terms: Vec::new(), validity: self.validity.clone() };
        other.validity.iter().for_each(|(name, range)| narrow(&mut hull.validity, name, *range));
        for monomial in self.monomials().chain(other.monomials()) {
            let greatest = self.coefficient(monomial).max(other.coefficient(monomial));
            let more = greatest - hull.coefficient(monomial);
            hull.grow(monomial.clone(), more);
        }
        hull
    }

    /// Whether no dimension occurs.
    pub fn is_constant(&self) -> bool {
        self.monomials().all(Vec::is_empty)
    }

    /// Whether it is the zero polynomial.
    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// Multiplied by a rational number.
    #[must_use]
    pub fn scaled(&self, factor: &Rational) -> Self {
        if factor.is_zero() {
            return Self::default();
        }
        let terms = self.terms.iter().map(|(monomial, c)| (monomial.clone(), product(c, factor))).collect();
        Self { terms, validity: self.validity.clone() }
    }

    /// The exact value where each dimension has the value `of` gives it.
    ///
    /// # Panics
    /// When the value is not an integer: counts always are.
    pub fn value(&self, of: impl Fn(&Dim) -> u64) -> BigInt {
        self.at(&of)
    }

    fn at(&self, of: &dyn Fn(&Dim) -> u64) -> BigInt {
        let mut total = Rational::zero();
        for (monomial, coefficient) in &self.terms {
            let powers = monomial.iter().map(|(atom, power)| atom.value(of).pow(*power));
            total = sum(&total, &product(coefficient, &Rational::from_integer(powers.product())));
        }
        assert!(total.is_integer(), "a count is an integer");
        total.to_integer()
    }

    /// The highest power of `name` itself, not of atoms it occurs in.
    pub fn degree(&self, name: &str) -> u32 {
        let powers = self.monomials().flatten().filter(|(atom, _)| matches!(atom, Atom::Dim(dim) if &**dim == name));
        powers.map(|(_, power)| *power).max().unwrap_or(0)
    }
}

/// The length of an axis: always bound to a number, and also a named dimension where it is left free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The bound value.
    pub value: u64,
    /// The free dimension it stands for, if any.
    pub dim: Option<Dim>,
}

impl Size {
    /// A fixed length.
    pub fn fixed(value: u64) -> Self {
        Self { value, dim: None }
    }

    /// A free dimension with the value it is bound to.
    pub fn free(name: &Dim, value: u64) -> Self {
        Self { value, dim: Some(name.clone()) }
    }

    /// As a polynomial in the free dimensions.
    pub fn expr(&self) -> Expr {
        self.dim.as_ref().map_or_else(|| Expr::constant(self.value), Expr::dim)
    }

    /// The product of some, as a polynomial in the free dimensions.
    pub fn product<'a>(sizes: impl IntoIterator<Item = &'a Self>) -> Expr {
        let (mut fixed, mut free) = (BigInt::one(), Monomial::new());
        for size in sizes {
            match &size.dim {
                Some(name) => {
                    let own = vec![(Atom::Dim(name.clone()), 1)];
                    free = if free.is_empty() { own } else { times(&free, &own) };
                }
                None => fixed *= size.value,
            }
        }
        Expr::monomial(free, Rational::from_integer(fixed))
    }
}

fn narrow(validity: &mut BTreeMap<Dim, (u64, u64)>, name: &Dim, range: (u64, u64)) {
    let entry = validity.entry(name.clone()).or_insert(range);
    *entry = (entry.0.max(range.0), entry.1.min(range.1));
}

/// Almost all coefficients are integers, which need no common divisors.
fn sum(a: &Rational, b: &Rational) -> Rational {
    if a.is_integer() && b.is_integer() { Rational::from_integer(a.numer() + b.numer()) } else { a + b }
}

fn product(a: &Rational, b: &Rational) -> Rational {
    if a.is_integer() && b.is_integer() { Rational::from_integer(a.numer() * b.numer()) } else { a * b }
}

fn times(a: &Monomial, b: &Monomial) -> Monomial {
    if a.is_empty() || b.is_empty() {
        return [&a[..], &b[..]].concat();
    }
    let mut powers: BTreeMap<Atom, u32> = a.iter().cloned().collect();
    for (atom, power) in b {
        *powers.entry(atom.clone()).or_insert(0) += power;
    }
    powers.into_iter().collect()
}

impl AddAssign<&Expr> for Expr {
    fn add_assign(&mut self, other: &Expr) {
        for (monomial, coefficient) in &other.terms {
            self.grow(monomial.clone(), coefficient.clone());
        }
        for (name, range) in &other.validity {
            narrow(&mut self.validity, name, *range);
        }
    }
}

impl Add for &Expr {
    type Output = Expr;

    fn add(self, other: &Expr) -> Expr {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl Mul for &Expr {
    type Output = Expr;

    fn mul(self, other: &Expr) -> Expr {
        let mut result = Expr { terms: Vec::new(), validity: self.validity.clone() };
        for (name, range) in &other.validity {
            narrow(&mut result.validity, name, *range);
        }
        for (a, x) in &self.terms {
            for (b, y) in &other.terms {
                result.grow(times(a, b), product(x, y));
            }
        }
        result
    }
}

impl fmt::Display for Expr {
    /// Highest degree first: `3/2*context^2 + 5*context + 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return write!(f, "0");
        }
        let degree = |monomial: &Monomial| monomial.iter().map(|(_, power)| *power).sum::<u32>();
        let mut terms: Vec<&(Monomial, Rational)> = self.terms.iter().collect();
        terms.sort_by(|(a, _), (b, _)| degree(b).cmp(&degree(a)).then_with(|| a.cmp(b)));
        for (position, (monomial, coefficient)) in terms.into_iter().enumerate() {
            write_term(f, position == 0, monomial, coefficient)?;
        }
        Ok(())
    }
}

fn write_term(f: &mut fmt::Formatter<'_>, first: bool, monomial: &Monomial, coefficient: &Rational) -> fmt::Result {
    let sign = match (first, coefficient.is_negative()) {
        (true, true) => "-",
        (true, false) => "",
        (false, true) => " - ",
        (false, false) => " + ",
    };
    write!(f, "{sign}")?;
    let size = coefficient.abs();
    let names: Vec<String> = monomial
        .iter()
        .map(|(name, power)| if *power == 1 { name.to_string() } else { format!("{name}^{power}") })
        .collect();
    match (size.is_one(), names.is_empty()) {
        (_, true) => write!(f, "{size}"),
        (true, false) => write!(f, "{}", names.join("*")),
        (false, false) => write!(f, "{size}*{}", names.join("*")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_evaluate_like_numbers() {
        let name: Dim = "n".into();
        let n = Expr::dim(&name);
        let half = Rational::new(1.into(), 2.into());
        let triangle = (&(&n * &n) + &n).scaled(&half);
        for value in 0..20u64 {
            assert_eq!(triangle.value(|_| value), BigInt::from(value * (value + 1) / 2));
        }
        assert_eq!(triangle.to_string(), "1/2*n^2 + 1/2*n");
        assert_eq!(triangle.degree("n"), 2);
        let gone = &triangle + &triangle.scaled(&Rational::from_integer((-1).into()));
        assert!(gone.is_zero() && gone.to_string() == "0");
    }

    #[test]
    fn validity_is_the_intersection() {
        let name: Dim = "n".into();
        let low = Expr::dim(&name).within(&name, 4, u64::MAX);
        let high = Expr::constant(3).within(&name, 0, 9);
        assert_eq!((&low * &high).validity()[&name], (4, 9));
        assert_eq!((&low + &high).validity()[&name], (4, 9));
    }
}
