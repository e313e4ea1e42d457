//! Correctly rounded tables of rotary position angles; knows nothing of the attention that uses them.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::Rational;
use super::elementary::{cos_sin, exp, exp_negative, ln};
use super::fixed_point::{Interval, refine};

/// Cosine and sine of `position * base^(-2 * pair / features)`, in units of `2^-fraction`, each to nearest even.
///
/// The angle is exact, not a rounded `f32` as in most frameworks. Position 0 gives `(2^fraction, 0)`.
/// Time grows with the bits of the angle, which are few unless the base is below 1.
///
/// # Panics
/// When `base` is not positive or `features` is 0.
pub fn rotary_levels(position: u64, pair: u64, features: u64, base: &Rational, fraction: u32) -> (BigInt, BigInt) {
    assert!(base.is_positive() && features > 0, "a rotary base is positive and there is at least one feature");
    if position == 0 {
        return (BigInt::one() << fraction, BigInt::zero());
    }
    // The angle is algebraic and not 0, so neither value is rational and this ends.
    refine(fraction, |width| {
        let (cos, sin) = cos_sin(&angle(position, pair, features, base, width), width);
        let drop = width - u64::from(fraction);
        Some((cos.rounded(drop)?, sin.rounded(drop)?))
    })
}

/// The angle, a few units of `2^-width` wide.
fn angle(position: u64, pair: u64, features: u64, base: &Rational, width: u64) -> Interval {
    const POSITION_BITS: u64 = 64;
    let inner = width + POSITION_BITS;
    frequency(pair, features, base, inner).scaled(&position.into()).lowered(POSITION_BITS)
}

/// `base^(-2 * pair / features)`.
fn frequency(pair: u64, features: u64, base: &Rational, width: u64) -> Interval {
    // Bits before the point of the result, where the base is below 1.
    let growth_rate = (base.denom().bits() + 1).saturating_sub(base.numer().bits());
    let exponent_bits = u64::from(u64::BITS - pair.leading_zeros()) + 1;
    let growth = growth_rate * pair.saturating_mul(2).div_ceil(features);
    let inner = width + growth + 2;
    let log = ln(base, inner + exponent_bits + 2).scaled(&(2 * BigInt::from(pair)));
    let power = divided(&log, features).lowered(exponent_bits + 2);
    let value = if power.lo.is_negative() {
        let (mantissa, exponent) = exp(&power.negated(), inner);
        mantissa.times_power(exponent)
    } else {
        exp_negative(&power, inner)
    };
    value.lowered(inner - width)
}

/// The quotient by a positive integer.
fn divided(value: &Interval, divisor: u64) -> Interval {
    let divisor = BigInt::from(divisor);
    let lo = Interval::quotient(&value.lo, &divisor, 0).lo;
    Interval { lo, hi: Interval::quotient(&value.hi, &divisor, 0).hi }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(n: u64) -> Rational {
        Rational::from_integer(n.into())
    }

    #[test]
    fn tabled_digits_are_met_exactly() {
        for (position, pair, features, base, fraction, cos, sin) in TABLE {
            let levels = rotary_levels(*position, *pair, *features, &whole(*base), *fraction);
            assert_eq!(levels, (cos.parse().unwrap(), sin.parse().unwrap()), "position {position}, pair {pair}");
        }
    }

    /// Position, pair, features, base, fraction bits, both levels: computed at 120 digits by another library (mpmath).
    const TABLE: &[(u64, u64, u64, u64, u32, &str, &str)] = &[
        (1, 0, 128, 10000, 16, "35409", "55147"),
        (1, 63, 128, 10000, 30, "1073741817", "123994"),
        (131071, 1, 128, 500000, 14, "-13391", "9440"),
        (7, 3, 8, 10000, 60, "1152893258145324109", "8070384623730058"),
        (1099511627777, 5, 64, 1000000, 20, "6260", "1048557"),
        (100, 0, 2, 10000, 100, "1093119036043612431796212970252", "-641894708887737927842986110596"),
        (3, 40, 128, 10000, 8, "256", "2"),
    ];

    #[test]
    fn position_zero_turns_nothing() {
        assert_eq!(rotary_levels(0, 5, 64, &whole(10_000), 12), (4096.into(), 0.into()));
    }

    #[test]
    fn odd_bases_work() {
        // Base 1: every pair turns by the position. A base below 1: 4^(2 * 3 / 2) = 64.
        assert_eq!(rotary_levels(9, 3, 8, &whole(1), 40), rotary_levels(9, 0, 8, &whole(7), 40));
        let quarter = Rational::new(1.into(), 4.into());
        assert_eq!(rotary_levels(1, 3, 2, &quarter, 40), rotary_levels(64, 0, 2, &quarter, 40));
        let tiny = rotary_levels(1, 1_000_000, 2, &whole(10_000), 20);
        assert_eq!(tiny, (BigInt::one() << 20u32, BigInt::zero()));
    }

    proptest! {
        #[test]
        fn levels_agree_with_floating_point(position in 0u64..5000, pair in 0u64..32, fraction in 0u32..20) {
            let (cos, sin) = rotary_levels(position, pair, 64, &whole(10_000), fraction);
            let angle = position as f64 * 10_000f64.powf(-(pair as f64) / 32.0);
            for (level, value) in [(cos, angle.cos()), (sin, angle.sin())] {
                let value = value * f64::from(fraction).exp2();
                let unsure = (value - value.floor() - 0.5).abs() < 1e-4;
                prop_assert!(unsure || level == BigInt::from(value.round() as i64));
            }
        }
    }
}
