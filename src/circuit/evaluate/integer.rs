//! Integers of a fixed width that wrap around, so that a sum whose value fits is exact, whatever its partial sums are, and those of any
//! width; knows no circuits.

use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;

/// An integer, or one modulo a power of two. Sums and products are exact modulo that power, so a result that is known to fit is exact.
pub(super) trait Int: Clone + Default + Ord {
    /// `self + other`, wrapping.
    fn plus(self, other: Self) -> Self;
    /// `self * other`, wrapping.
    fn times(self, other: Self) -> Self;
    /// The low bits of a number of 128 bits.
    fn low(value: i128) -> Self;
    /// The low bits of a number.
    fn big(value: &BigInt) -> Self;
    /// The low bits of a small number.
    fn of(value: i64) -> Self;
    /// The nearest number that fits: comparisons with numbers that fit, but for the ends, stay what they are.
    fn nearest(value: &BigInt) -> Self;
}

impl Int for i64 {
    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }

    #[inline]
    fn low(value: i128) -> Self {
        value as Self
    }

    #[inline]
    fn big(value: &BigInt) -> Self {
        low_bits(value) as Self
    }

    #[inline]
    fn of(value: i64) -> Self {
        value
    }

    fn nearest(value: &BigInt) -> Self {
        value.to_i64().unwrap_or(if value.sign() == Sign::Minus { Self::MIN } else { Self::MAX })
    }
}

impl Int for i128 {
    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }

    #[inline]
    fn low(value: i128) -> Self {
        value
    }

    #[inline]
    fn big(value: &BigInt) -> Self {
        low_bits(value)
    }

    #[inline]
    fn of(value: i64) -> Self {
        value.into()
    }

    fn nearest(value: &BigInt) -> Self {
        value.to_i128().unwrap_or(if value.sign() == Sign::Minus { Self::MIN } else { Self::MAX })
    }
}

impl Int for BigInt {
    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn low(value: i128) -> Self {
        value.into()
    }

    fn big(value: &BigInt) -> Self {
        value.clone()
    }

    fn of(value: i64) -> Self {
        value.into()
    }

    fn nearest(value: &BigInt) -> Self {
        value.clone()
    }
}

/// Adds to what stands at a place.
#[inline]
pub(super) fn add<T: Int>(place: &mut T, value: T) {
    *place = std::mem::take(place).plus(value);
}

/// The low 128 bits of a number, in two's complement.
pub(super) fn low_bits(value: &BigInt) -> i128 {
    let mut digits = value.iter_u64_digits();
    let low = u128::from(digits.next().unwrap_or(0)) | u128::from(digits.next().unwrap_or(0)) << 64;
    let low = low as i128;
    if value.sign() == Sign::Minus { low.wrapping_neg() } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_bits_are_those_of_twos_complement() {
        for value in [0i128, 1, -1, i128::MAX, i128::MIN, 1 << 70, -(1 << 70) - 5] {
            assert_eq!(low_bits(&value.into()), value);
            assert_eq!(low_bits(&(BigInt::from(value) + (BigInt::from(7) << 128u32))), value);
        }
        assert_eq!(i64::low((1i128 << 64) + 3), 3);
    }

    /// Partial sums overflow; the sum does not.
    #[test]
    fn sums_that_fit_are_exact() {
        let terms = [i64::MAX, i64::MAX, -i64::MAX, 5, -i64::MAX];
        assert_eq!(terms.into_iter().fold(0i64, Int::plus), 5);
    }

    #[test]
    fn thresholds_saturate() {
        let far = BigInt::from(1) << 200u32;
        assert_eq!((i64::nearest(&far), i64::nearest(&-&far), i128::nearest(&far)), (i64::MAX, i64::MIN, i128::MAX));
    }
}
