//! Rounding and functions in plain rationals, written apart from those of the library: the exponential by its series, the logarithm by Newton.

use isobath::number::{Format, Rational};
use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Bits that function values are good for, nearly.
const BITS: u32 = 160;

pub fn ratio(p: i64, q: i64) -> Rational {
    Rational::new(p.into(), q.into())
}

/// The nearest value of a format, ties to even, saturating.
pub fn round(x: &Rational, format: Format) -> Rational {
    let one = Rational::from_integer(BigInt::one() << format.fraction());
    let scaled = x * &one;
    let floor = scaled.floor();
    let rest = &scaled - &floor;
    let odd = floor.to_integer() % 2 != BigInt::zero();
    let up = rest > ratio(1, 2) || (rest == ratio(1, 2) && odd);
    let level = floor.to_integer() + i32::from(up);
    Rational::from_integer(level.clamp(format.min().into(), format.max().into())) / one
}

/// Cut to so many bits.
fn cut(x: &Rational) -> Rational {
    let one = BigInt::one() << (BITS + 20);
    Rational::new((x * Rational::from_integer(one.clone())).floor().to_integer(), one)
}

/// `e^x` to a relative error of about 2^-150.
pub fn exp(x: &Rational) -> Rational {
    if x.is_negative() {
        return Rational::one() / exp(&-x);
    }
    let halvings = x.to_integer().bits() as u32 + 4;
    let small = x / Rational::from_integer(BigInt::one() << halvings);
    let (mut term, mut sum) = (Rational::one(), Rational::one());
    for n in 1..60 {
        term = cut(&(term * &small / Rational::from_integer(n.into())));
        sum += &term;
    }
    (0..halvings).fold(sum, |power, _| cut(&(&power * &power)))
}

pub fn sigmoid(x: &Rational) -> Rational {
    Rational::one() / (Rational::one() + exp(&-x))
}

pub fn tanh(x: &Rational) -> Rational {
    let square = exp(&(x * ratio(2, 1)));
    (&square - Rational::one()) / (square + Rational::one())
}

/// `ln(1 + e^x)`.
pub fn softplus(x: &Rational) -> Rational {
    let target = cut(&(Rational::one() + exp(x)));
    let start = (target.numer().to_f64().unwrap() / target.denom().to_f64().unwrap()).ln();
    let mut y = ratio((start * 2f64.powi(40)) as i64, 1 << 40);
    for _ in 0..4 {
        let power = exp(&y);
        y = cut(&(&y + ratio(2, 1) * (&target - &power) / (&target + &power)));
    }
    y
}

pub fn relu(x: &Rational) -> Rational {
    if x.is_positive() { x.clone() } else { Rational::zero() }
}

/// `round(1 / sqrt(x))` by comparing squares.
pub fn inverse_root(x: &Rational, format: Format) -> Rational {
    let one = BigInt::one() << BITS;
    let root = (Rational::from_integer(&one * &one) / x).floor().to_integer().sqrt();
    round(&Rational::new(root * 2 + 1, one * 2), format)
}

pub fn dot(a: &[Rational], b: &[Rational]) -> Rational {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn functions_meet_their_own_identities() {
    let near =
        |a: &Rational, b: &Rational| assert!((a - b).abs() < Rational::new(1.into(), BigInt::one() << 120), "{a} {b}");
    for (p, q) in [(1, 3), (-7, 5), (9, 4), (0, 1), (-11, 1)] {
        let x = ratio(p, q);
        near(&(exp(&x) * exp(&-&x)), &Rational::one());
        near(&(softplus(&x) - softplus(&-&x)), &x);
        near(&tanh(&x), &(ratio(2, 1) * sigmoid(&(&x * ratio(2, 1))) - Rational::one()));
    }
    // e to 30 places.
    let e = Rational::new("2718281828459045235360287471353".parse().unwrap(), BigInt::from(10).pow(30));
    assert!((exp(&Rational::one()) - e).abs() < Rational::new(1.into(), BigInt::from(10).pow(29)));
}
