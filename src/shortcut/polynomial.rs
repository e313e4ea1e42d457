//! Polynomials with rational coefficients in the weights, data and roundings of a program; must not know where they come from.

use std::collections::BTreeMap;

use num_traits::{One, Signed, Zero};

use crate::number::Rational;

/// What a polynomial is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// An entry of what a step hands on: weights, then what an optimiser keeps.
    State(usize),
    /// An input of the start.
    Start(usize),
    /// An input that comes in once for all steps.
    Early(usize),
    /// An input of the step itself.
    Data(usize),
    /// What a rounding adds.
    Noise(usize),
}

/// A sum of products of variables, each with a coefficient that is not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polynomial {
    terms: BTreeMap<Vec<Variable>, Rational>,
}

impl Polynomial {
    /// A constant.
    pub fn constant(value: Rational) -> Self {
        let mut polynomial = Self::default();
        polynomial.add(Vec::new(), value);
        polynomial
    }

    /// A variable.
    pub fn variable(variable: Variable) -> Self {
        Self { terms: BTreeMap::from([(vec![variable], Rational::one())]) }
    }

    /// Its products, sorted, with their coefficients.
    pub fn terms(&self) -> impl Iterator<Item = (&[Variable], &Rational)> {
        self.terms.iter().map(|(product, coefficient)| (&product[..], coefficient))
    }

    /// How many products.
    pub fn count(&self) -> usize {
        self.terms.len()
    }

    /// The value, where it is in no variable.
    pub fn value(&self) -> Option<Rational> {
        match self.terms.len() {
            0 => Some(Rational::zero()),
            1 => self.terms.get(&Vec::new()).cloned(),
            _ => None,
        }
    }

    /// The variable, where it is nothing else.
    pub fn alone(&self) -> Option<Variable> {
        match self.terms.first_key_value() {
            Some((product, one)) if self.terms.len() == 1 && product.len() == 1 && one.is_one() => Some(product[0]),
            _ => None,
        }
    }

    /// Every variable it is in, once.
    pub fn variables(&self) -> impl Iterator<Item = Variable> + use<> {
        let all: std::collections::BTreeSet<Variable> = self.terms.keys().flatten().copied().collect();
        all.into_iter()
    }

    /// Adds a product, its variables sorted.
    pub fn add(&mut self, product: Vec<Variable>, coefficient: Rational) {
        if coefficient.is_zero() {
            return;
        }
        let sum = self.terms.entry(product.clone()).or_default();
        *sum += coefficient;
        if sum.is_zero() {
            self.terms.remove(&product);
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        other.terms.iter().for_each(|(product, coefficient)| self.add(product.clone(), coefficient.clone()));
        self
    }

    /// Times a constant.
    #[must_use]
    pub fn scaled(&self, factor: &Rational) -> Self {
        let mut result = Self::default();
        self.terms.iter().for_each(|(product, coefficient)| result.add(product.clone(), coefficient * factor));
        result
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut result = Self::default();
        for (a, first) in &self.terms {
            for (b, second) in &other.terms {
                let mut product = [&a[..], &b[..]].concat();
                product.sort_unstable();
                result.add(product, first * second);
            }
        }
        result
    }

    /// The value at a place.
    pub fn at(&self, place: &impl Fn(Variable) -> Rational) -> Rational {
        let term = |(product, coefficient): (&Vec<Variable>, &Rational)| {
            product.iter().fold(coefficient.clone(), |value, variable| value * place(*variable))
        };
        self.terms.iter().map(term).sum()
    }

    /// An interval that holds every value, the variables lying in theirs: even powers are no less than zero.
    pub fn bounds(&self, range: &impl Fn(Variable) -> (Rational, Rational)) -> (Rational, Rational) {
        let mut bounds = (Rational::zero(), Rational::zero());
        for (product, coefficient) in &self.terms {
            let mut term = (coefficient.clone(), coefficient.clone());
            for powers in product.chunk_by(|a, b| a == b) {
                term = product_of(&term, &power(&range(powers[0]), powers.len()));
            }
            bounds = (bounds.0 + term.0, bounds.1 + term.1);
        }
        bounds
    }
}

fn product_of(a: &(Rational, Rational), b: &(Rational, Rational)) -> (Rational, Rational) {
    let ends = [&a.0 * &b.0, &a.0 * &b.1, &a.1 * &b.0, &a.1 * &b.1];
    let [mut low, mut high] = [ends[0].clone(), ends[0].clone()];
    for end in ends {
        low = low.min(end.clone());
        high = high.max(end);
    }
    (low, high)
}

fn power(range: &(Rational, Rational), exponent: usize) -> (Rational, Rational) {
    let (low, high) = (num_traits::pow(range.0.clone(), exponent), num_traits::pow(range.1.clone(), exponent));
    match exponent % 2 {
        1 => (low, high),
        _ if range.0.is_negative() && range.1.is_positive() => (Rational::zero(), low.max(high)),
        _ => (low.clone().min(high.clone()), low.max(high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(p: i64, q: i64) -> Rational {
        Rational::new(p.into(), q.into())
    }

    #[test]
    fn bounds_hold_every_value_and_squares_are_tight() {
        let x = Polynomial::variable(Variable::Data(0));
        let y = Polynomial::variable(Variable::Data(1));
        let one = Polynomial::constant(ratio(1, 1));
        let shrink = one.plus(&x.times(&x).scaled(&ratio(-1, 4)));
        let range = |_| (ratio(-2, 1), ratio(1, 1));
        assert_eq!(shrink.bounds(&range), (ratio(0, 1), ratio(1, 1)));
        let mixed = x.times(&y).plus(&x.scaled(&ratio(3, 2)));
        let (low, high) = mixed.bounds(&range);
        for (a, b) in (-2..=1).flat_map(|a| (-2..=1).map(move |b| (a, b))) {
            let value = mixed.at(&|v| if v == Variable::Data(0) { ratio(a, 1) } else { ratio(b, 1) });
            assert_eq!(value, ratio(a * b, 1) + ratio(3 * a, 2));
            assert!(low <= value && value <= high);
        }
    }
}
