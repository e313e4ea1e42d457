//! Exact closed integer intervals; knows nothing of circuits.

use std::ops::AddAssign;

use num_bigint::BigInt;
use num_traits::Zero;

/// All integers from `lo` to `hi`, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Least value.
    pub lo: BigInt,
    /// Greatest value.
    pub hi: BigInt,
}

impl Interval {
    /// From two ends, in order.
    pub fn new(lo: impl Into<BigInt>, hi: impl Into<BigInt>) -> Self {
        let (lo, hi) = (lo.into(), hi.into());
        debug_assert!(lo <= hi);
        Self { lo, hi }
    }

    /// One value.
    pub fn point(value: impl Into<BigInt>) -> Self {
        let value = value.into();
        Self { lo: value.clone(), hi: value }
    }

    /// The greatest absolute value.
    pub fn magnitude(&self) -> BigInt {
        self.lo.magnitude().max(self.hi.magnitude()).clone().into()
    }

    /// The smallest interval holding both.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        Self { lo: self.lo.clone().min(other.lo.clone()), hi: self.hi.clone().max(other.hi.clone()) }
    }

    /// Sums of one value of each.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self { lo: &self.lo + &other.lo, hi: &self.hi + &other.hi }
    }

    /// Products of one value of each.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        if self.lo == self.hi {
            return other.scaled(&self.lo);
        }
        other.scaled(&self.lo).hull(&other.scaled(&self.hi))
    }

    /// Each value times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: &BigInt) -> Self {
        let (a, b) = (&self.lo * factor, &self.hi * factor);
        if factor < &BigInt::zero() { Self { lo: b, hi: a } } else { Self { lo: a, hi: b } }
    }

    /// An end of `other` that lies outside, if one does.
    pub fn left_by(&self, other: &Self) -> Option<BigInt> {
        [&other.lo, &other.hi].into_iter().find(|end| !self.contains(end)).cloned()
    }

    /// Whether `value` lies inside.
    pub fn contains(&self, value: &BigInt) -> bool {
        &self.lo <= value && value <= &self.hi
    }
}

impl AddAssign<&Interval> for Interval {
    fn add_assign(&mut self, other: &Interval) {
        self.lo += &other.lo;
        self.hi += &other.hi;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_hold_every_product() {
        for (a, b, c, d) in [(-3, 4, -2, 5), (1, 2, -7, -1), (0, 0, -5, 9), (-4, -2, -3, -1)] {
            let product = Interval::new(a, b).times(&Interval::new(c, d));
            let all: Vec<i32> = (a..=b).flat_map(|x| (c..=d).map(move |y| x * y)).collect();
            assert_eq!(product.lo, (*all.iter().min().unwrap()).into());
            assert_eq!(product.hi, (*all.iter().max().unwrap()).into());
        }
    }
}
