//! Integers of any size in eight bytes each, the rare large ones in a shared pool; must not know what they stand for.

use std::collections::HashMap;
use std::fmt;

use num_bigint::{BigInt, Sign};

/// Stored values below this one are indices into the pool, counted from `i64::MIN`.
const SMALLEST: i64 = i64::MIN + (1 << 40);

/// One stored integer: a weight, a threshold or a multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer<'a> {
    /// Held in place.
    Small(i64),
    /// Held in the pool, because it does not fit in place.
    Big(&'a BigInt),
}

impl Integer<'_> {
    /// The integer itself.
    pub fn to_big(self) -> BigInt {
        match self {
            Self::Small(value) => BigInt::from(value),
            Self::Big(value) => value.clone(),
        }
    }

    /// Whether it is 0.
    pub(super) fn is_zero(self) -> bool {
        self == Self::Small(0)
    }

    /// Whether it is above 0.
    pub(super) fn is_positive(self) -> bool {
        match self {
            Self::Small(value) => value > 0,
            Self::Big(value) => value.sign() == Sign::Plus,
        }
    }

    /// The integer, if 128 bits hold it.
    #[inline]
    pub(super) fn to_i128(self) -> Option<i128> {
        match self {
            Self::Small(value) => Some(i128::from(value)),
            Self::Big(value) => i128::try_from(value).ok(),
        }
    }

    /// The absolute value, if 128 bits hold it.
    #[inline]
    pub(super) fn magnitude(self) -> Option<u128> {
        match self {
            Self::Small(value) => Some(u128::from(value.unsigned_abs())),
            Self::Big(value) => u128::try_from(value.magnitude()).ok(),
        }
    }

    /// The product.
    pub(super) fn times(self, other: Integer<'_>) -> BigInt {
        match (self, other) {
            (Self::Small(a), Integer::Small(b)) => BigInt::from(i128::from(a) * i128::from(b)),
            _ => self.to_big() * other.to_big(),
        }
    }

    /// The one of the larger absolute value.
    pub(super) fn larger(self, other: Self) -> Self {
        let less = match (self, other) {
            (Self::Small(a), Self::Small(b)) => a.unsigned_abs() < b.unsigned_abs(),
            _ => self.to_big().magnitude() < other.to_big().magnitude(),
        };
        if less { other } else { self }
    }

    /// Bit length of the absolute value.
    pub fn bits(self) -> u64 {
        match self {
            Self::Small(value) => u64::from(u64::BITS - value.unsigned_abs().leading_zeros()),
            Self::Big(value) => value.bits(),
        }
    }
}

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(value) => value.fmt(f),
            Self::Big(value) => value.fmt(f),
        }
    }
}

/// Whether `value` is held in place, as itself.
#[inline]
pub(super) fn in_place(value: i64) -> bool {
    value >= SMALLEST
}

/// The place in the pool that a stored value points to, if it points to one.
#[inline]
pub(super) fn pool_index(stored: i64) -> Option<usize> {
    if in_place(stored) { None } else { usize::try_from(i128::from(stored) - i128::from(i64::MIN)).ok() }
}

/// Reads a stored value.
#[inline]
pub(super) fn load(pool: &[BigInt], stored: i64) -> Integer<'_> {
    pool_index(stored).map_or(Integer::Small(stored), |index| Integer::Big(&pool[index]))
}

/// Puts large integers into a pool, each value once.
#[derive(Clone, Debug, Default)]
pub(super) struct Interner {
    places: HashMap<BigInt, i64>,
}

impl Interner {
    /// The stored value that stands for `value`, which enters `pool` when it is large and new.
    pub(super) fn store(&mut self, pool: &mut Vec<BigInt>, value: &BigInt) -> i64 {
        if let Some(small) = i64::try_from(value).ok().filter(|&small| in_place(small)) {
            return small;
        }
        if let Some(&place) = self.places.get(value) {
            return place;
        }
        let place = i64::MIN.saturating_add_unsigned(pool.len() as u64);
        pool.push(value.clone());
        self.places.insert(value.clone(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_comes_back() {
        let (mut interner, mut pool) = (Interner::default(), Vec::new());
        let huge = BigInt::from(-7) << 300;
        let values = [0.into(), BigInt::from(i64::MAX), BigInt::from(i64::MIN), BigInt::from(SMALLEST), huge];
        for value in values.iter().chain(&values) {
            let stored = interner.store(&mut pool, value);
            assert_eq!(load(&pool, stored).to_big(), *value);
            assert_eq!(load(&pool, stored).bits(), value.bits());
            assert_eq!(load(&pool, stored).to_string(), value.to_string());
        }
        assert_eq!(pool.len(), 2);
    }
}
