//! Intervals of fixed-point numbers with outward rounding; knows nothing of the functions computed with them.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::One;

/// A closed interval that holds the true value. Both ends count units of `2^-width`, for a width the caller keeps in mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub lo: BigInt,
    pub hi: BigInt,
}

/// `floor(x / 2^bits)`.
pub(super) fn shift_down(x: BigInt, bits: u64) -> BigInt {
    x >> bits
}

/// `ceil(x / 2^bits)`.
pub(super) fn shift_up(x: BigInt, bits: u64) -> BigInt {
    -((-x) >> bits)
}

impl Interval {
    /// Bounds on `numerator / denominator`, one unit apart or exact; `denominator > 0`.
    pub fn quotient(numerator: &BigInt, denominator: &BigInt, width: u64) -> Self {
        let (lo, rest) = (numerator << width).div_mod_floor(denominator);
        let hi = if rest.sign() == num_bigint::Sign::NoSign { lo.clone() } else { &lo + 1 };
        Self { lo, hi }
    }

    /// Exactly one.
    pub fn one(width: u64) -> Self {
        Self { lo: BigInt::one() << width, hi: BigInt::one() << width }
    }

    /// The product of two intervals of non-negative numbers.
    pub fn times(&self, other: &Self, width: u64) -> Self {
        Self { lo: shift_down(&self.lo * &other.lo, width), hi: shift_up(&self.hi * &other.hi, width) }
    }

    /// The quotient of two intervals of non-negative numbers, the divisor's low end positive.
    pub fn over(&self, divisor: &Self, width: u64) -> Self {
        let lo = (&self.lo << width).div_floor(&divisor.hi);
        Self { lo, hi: (&self.hi << width).div_ceil(&divisor.lo) }
    }

    /// The sum.
    pub fn plus(&self, other: &Self) -> Self {
        Self { lo: &self.lo + &other.lo, hi: &self.hi + &other.hi }
    }

    /// The difference.
    pub fn minus(&self, other: &Self) -> Self {
        Self { lo: &self.lo - &other.hi, hi: &self.hi - &other.lo }
    }

    /// The value with its sign changed.
    pub fn negated(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    /// The product with an integer of either sign.
    pub fn scaled(&self, factor: &BigInt) -> Self {
        let (lo, hi) = (&self.lo * factor, &self.hi * factor);
        if factor.sign() == num_bigint::Sign::Minus { Self { lo: hi, hi: lo } } else { Self { lo, hi } }
    }

    /// The value divided by `2^bits`.
    pub fn lowered(self, bits: u64) -> Self {
        Self { lo: shift_down(self.lo, bits), hi: shift_up(self.hi, bits) }
    }

    /// The value times `2^exponent`.
    pub fn times_power(self, exponent: i64) -> Self {
        let bits = exponent.unsigned_abs();
        if exponent < 0 { self.lowered(bits) } else { Self { lo: self.lo << bits, hi: self.hi << bits } }
    }

    /// The greatest integers of half units below the least and the greatest number strictly inside, a unit being `2^drop` of these.
    pub fn halves(&self, drop: u64) -> (BigInt, BigInt) {
        (shift_down(self.lo.clone(), drop - 1), shift_up(self.hi.clone(), drop - 1) - 1)
    }

    /// The integer that every number strictly inside rounds to, in units of `2^drop` of these (`drop >= 1`), if there is one.
    ///
    /// The ends do not count: an irrational value never lies on one. So a value known to be below a tie rounds down
    /// even when the tie is the best upper bound at hand.
    pub fn rounded(&self, drop: u64) -> Option<BigInt> {
        let half = BigInt::one() << (drop - 1);
        let lowest = shift_down(&self.lo + &half, drop);
        let highest = shift_up(&self.hi - &half, drop);
        (lowest == highest).then_some(lowest)
    }
}

/// Evaluates at doubling widths until `attempt(width)` succeeds (Ziv's strategy), starting a little above `fraction` bits.
pub(super) fn refine<T>(fraction: u32, mut attempt: impl FnMut(u64) -> Option<T>) -> T {
    let mut guard = FIRST_GUARD;
    loop {
        if let Some(found) = attempt(u64::from(fraction) + guard) {
            return found;
        }
        guard *= 2;
    }
}

/// Bits beyond the result's own at the first attempt: about one value in thousands of millions needs a second.
const FIRST_GUARD: u64 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(lo: i64, hi: i64) -> Interval {
        Interval { lo: lo.into(), hi: hi.into() }
    }

    #[test]
    fn rounding_ignores_ties_at_the_ends() {
        for (lo, hi, expected) in
            [(23, 24, Some(1)), (24, 25, Some(2)), (23, 25, None), (-8, 8, Some(0)), (-9, 8, None)]
        {
            assert_eq!(interval(lo, hi).rounded(4), expected.map(BigInt::from), "({lo}, {hi})");
        }
    }

    #[test]
    fn ends_round_outwards() {
        assert_eq!(Interval::quotient(&(-1).into(), &3.into(), 2), interval(-2, -1));
        assert_eq!(interval(5, 7).times(&interval(3, 3), 2), interval(3, 6));
        assert_eq!(interval(5, 7).over(&interval(3, 4), 2), interval(5, 10));
        assert_eq!(interval(-5, 7).lowered(1), interval(-3, 4));
        assert_eq!(interval(1, 2).scaled(&(-3).into()), interval(-6, -3));
    }
}
