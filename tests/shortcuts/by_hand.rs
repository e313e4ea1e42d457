//! Exact descent on least squares, iterated in rationals from its definition; knows no graphs and no circuits.

use isobath::number::{Format, Rational, round_half_even};
use num_bigint::BigInt;

/// A number as a fraction.
pub fn ratio(p: i64, q: i64) -> Rational {
    Rational::new(p.into(), q.into())
}

/// One step down the gradient of `sum of 1/2 (w.x - y)^2 + ridge/2 |w|^2`.
pub fn step(
    w: &[Rational],
    examples: &[(Vec<Rational>, Rational)],
    size: &Rational,
    ridge: &Rational,
) -> Vec<Rational> {
    let mut next: Vec<Rational> = w.iter().map(|w| w - size * ridge * w).collect();
    for (x, y) in examples {
        let residual = w.iter().zip(x).map(|(w, x)| w * x).sum::<Rational>() - y;
        next.iter_mut().zip(x).for_each(|(next, x)| *next -= size * &residual * x);
    }
    next
}

/// The nearest value of a format, ties to even, saturating.
pub fn rounded(w: &[Rational], format: Format) -> Vec<Rational> {
    let one = BigInt::from(1) << format.fraction();
    let level = |x: &Rational| format.clamp(&round_half_even(&(x * Rational::from_integer(one.clone()))));
    w.iter().map(|x| Rational::new(level(x).into(), one.clone())).collect()
}

/// Takes examples of so many features off a list of values: x and then y, as inputs lie of one step.
pub fn example(values: &mut impl Iterator<Item = Rational>, features: usize) -> (Vec<Rational>, Rational) {
    let x: Vec<Rational> = values.by_ref().take(features).collect();
    (x, values.next().unwrap())
}
