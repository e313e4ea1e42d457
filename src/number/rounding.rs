//! Rounding of exact values to integers and levels, and exact readings of `f64`; knows nothing of circuits or models.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};

use super::{Format, Rational};

/// The integer nearest to `x`; of two equally near, the even one.
pub fn round_half_even(x: &Rational) -> BigInt {
    round_quotient(x.numer(), x.denom())
}

/// The integer nearest to `numerator / denominator`, ties to even; `denominator > 0`.
pub(super) fn round_quotient(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let (floor, rest) = numerator.div_mod_floor(denominator);
    let twice: BigInt = rest << 1u32;
    match twice.cmp(denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Equal if floor.is_even() => floor,
        _ => floor + 1,
    }
}

/// The value of `x` itself, `m * 2^e`; `None` for NaN and the infinities. Minus zero is zero.
pub fn rational_from_f64(x: f64) -> Option<Rational> {
    const MANTISSA: u32 = 52;
    if !x.is_finite() {
        return None;
    }
    let bits = x.to_bits();
    let field = (bits >> MANTISSA) & 0x7ff;
    let implied = if field == 0 { 0 } else { 1 << MANTISSA };
    let mantissa = BigInt::from((bits & ((1 << MANTISSA) - 1)) | implied);
    let signed = if x.is_sign_negative() { -mantissa } else { mantissa };
    // IEEE 754 binary64: exponent bias 1023, and the mantissa above is an integer.
    let exponent = i64::try_from(field.max(1)).ok()? - 1023 - i64::from(MANTISSA);
    Some(scale_by_power(signed, 2, exponent))
}

/// The shortest decimal text that reads back as `x`, taken exactly: `1e-5` is 1/100000. `None` for NaN and the infinities.
pub fn rational_from_decimal(x: f64) -> Option<Rational> {
    if !x.is_finite() {
        return None;
    }
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e')?;
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa: BigInt = format!("{whole}{decimals}").parse().ok()?;
    let exponent = exponent.parse::<i64>().ok()? - i64::try_from(decimals.len()).ok()?;
    Some(scale_by_power(mantissa, 10, exponent))
}

/// `mantissa * base^exponent`, in lowest terms.
fn scale_by_power(mantissa: BigInt, base: u32, exponent: i64) -> Rational {
    let power = num_traits::pow(BigInt::from(base), usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX));
    if exponent < 0 { Rational::new(mantissa, power) } else { Rational::from_integer(mantissa * power) }
}

/// The level of `format` nearest to `x`, ties to even, saturating; `None` for NaN and the infinities.
///
/// Exact: scaling by a power of two of at most 61 never rounds, and one that overflows saturates anyway.
pub fn quantise(x: f64, format: Format) -> Option<i64> {
    if format.is_float() {
        return Some(format.nearest(&rational_from_f64(x)?));
    }
    if !x.is_finite() {
        return None;
    }
    let scaled = x * (1u64 << format.fraction()) as f64;
    Some((scaled.round_ties_even() as i64).clamp(format.min(), format.max()))
}

/// The greatest integer below `2^(fraction + 1) * sqrt(numerator / denominator)`, and whether that is it; both are positive.
pub(super) fn halves_of_square_root(numerator: &BigInt, denominator: &BigInt, fraction: u32) -> (BigInt, bool) {
    let square: BigInt = numerator << (2 * (u64::from(fraction) + 1));
    let (quotient, rest) = square.div_rem(denominator);
    let twice = quotient.sqrt();
    let exact = rest.is_zero() && &twice * &twice == quotient;
    (twice, exact)
}

/// The integer nearest to `2^fraction * sqrt(numerator / denominator)`, ties to even; both are positive.
pub(super) fn round_square_root(numerator: &BigInt, denominator: &BigInt, fraction: u32) -> BigInt {
    let (twice, exact) = halves_of_square_root(numerator, denominator, fraction);
    let nearest: BigInt = (&twice + 1u32) >> 1u32;
    let tie = twice.is_odd() && exact;
    if tie && nearest.is_odd() { nearest - BigInt::one() } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ratio(p: i64, q: i64) -> Rational {
        Rational::new(p.into(), q.into())
    }

    #[test]
    fn ties_go_to_even() {
        let cases =
            [(1, 2, 0), (3, 2, 2), (-1, 2, 0), (-3, 2, -2), (5, 2, 2), (7, 3, 2), (8, 3, 3), (-7, 3, -2), (4, 1, 4)];
        for (p, q, expected) in cases {
            assert_eq!(round_half_even(&ratio(p, q)), expected.into(), "{p}/{q}");
        }
    }

    #[test]
    fn decimal_text_is_taken_exactly() {
        let cases = [(1e-5, 1, 100_000), (0.1, 1, 10), (-1.25, -5, 4), (1500.0, 1500, 1), (0.0, 0, 1), (-0.0, 0, 1)];
        for (x, p, q) in cases {
            assert_eq!(rational_from_decimal(x), Some(ratio(p, q)), "{x}");
        }
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!((rational_from_decimal(x), rational_from_f64(x)), (None, None));
            assert_eq!(quantise(x, Format::new(4, 4).unwrap()), None);
        }
    }

    #[test]
    fn binary_value_is_exact_at_the_extremes() {
        assert_eq!(rational_from_f64(0.75), Some(ratio(3, 4)));
        assert_eq!(rational_from_f64(-0.0), Some(ratio(0, 1)));
        let tiny = rational_from_f64(f64::from_bits(1)).unwrap();
        assert_eq!(tiny, Rational::new(1.into(), BigInt::one() << 1074u32));
        let huge = rational_from_f64(f64::MAX).unwrap();
        assert_eq!(huge, Rational::from_integer(((BigInt::one() << 53u32) - 1u32) << 971u32));
    }

    #[test]
    fn square_root_rounds_like_its_square() {
        for (p, q, fraction) in [(1, 4, 0), (9, 4, 0), (25, 4, 0), (2, 1, 20), (1, 3, 7), (1, 1, 0), (49, 64, 2)] {
            let root = round_square_root(&p.into(), &q.into(), fraction);
            let exact = (f64::from(p) / f64::from(q)).sqrt() * f64::from(1u32 << fraction);
            assert_eq!(root, BigInt::from(exact.round_ties_even() as i64), "sqrt({p}/{q})");
        }
    }

    proptest! {
        #[test]
        fn quantise_is_the_nearest_level(x in -40.0..40.0f64, coarse in -200i32..200, integer in 1u32..6, fraction in 1u32..5) {
            let format = Format::new(integer, fraction).unwrap();
            for x in [x, f64::from(coarse) / 32.0] {
                let exact = rational_from_f64(x).unwrap();
                let unit = Rational::new(BigInt::one(), BigInt::one() << fraction);
                let distance = |level: i64| {
                    let gap = &exact - Rational::from_integer(level.into()) * &unit;
                    if gap < Rational::zero() { -gap } else { gap }
                };
                let nearest = (format.min()..=format.max()).min_by_key(|&level| (distance(level), level & 1)).unwrap();
                prop_assert_eq!(quantise(x, format), Some(nearest));
            }
        }

        #[test]
        fn quantise_agrees_with_rational_rounding(bits in any::<u64>(), integer in 1u32..30, fraction in 0u32..32) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite() && integer + fraction >= 2);
            let format = Format::new(integer, fraction).unwrap();
            let exact = rational_from_f64(x).unwrap() * Rational::from_integer(BigInt::one() << fraction);
            let level = round_half_even(&exact).clamp(format.min().into(), format.max().into());
            prop_assert_eq!(quantise(x, format).map(BigInt::from), Some(level));
        }

        #[test]
        fn both_readings_come_back_as_the_same_float(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_normal());
            let decimal = rational_from_decimal(x).unwrap();
            let binary = rational_from_f64(x).unwrap();
            let gap = (&decimal - &binary) / &binary;
            prop_assert!(&gap * &gap < Rational::new(1.into(), BigInt::one() << 104u32));
        }
    }
}
