//! What the levels of stored numbers are worth: evenly spaced, or with a mantissa and an exponent; knows no bounds and no names.
//!
//! Level `l` of a floating-point scale with `m` bits of mantissa is the number whose IEEE 754 bits without the sign, exponent before
//! mantissa, are the integer `|l|`, with the sign of `l`: so levels count the values upwards from the least to the greatest, and a
//! level is even where its mantissa is. Subnormals are included; there is one zero.

use num_bigint::BigInt;
use num_traits::{One, Signed};

use super::Rational;

/// The worth of levels, in units of `2^-fraction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scale {
    fraction: u32,
    /// Bits of the mantissa after the leading one; none where levels are evenly spaced.
    mantissa: Option<u32>,
}

/// Levels from `first` to `last` that are evenly spaced: level `first + k` is worth `(count + k) * 2^shift` units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first level.
    pub first: i64,
    /// The last level.
    pub last: i64,
    /// What the first level is worth, in units of `2^shift`.
    pub count: i64,
    /// How much the spacing is, as a power of two.
    pub shift: u32,
}

impl Scale {
    /// Level `l` is worth `l * 2^-fraction`.
    pub fn even(fraction: u32) -> Self {
        Self { fraction, mantissa: None }
    }

    /// With `mantissa` bits after the leading one (at least 1), and units of the least value above zero.
    pub fn float(fraction: u32, mantissa: u32) -> Self {
        Self { fraction, mantissa: Some(mantissa) }
    }

    /// One unit is `2^-fraction`.
    pub fn fraction(self) -> u32 {
        self.fraction
    }

    /// Whether levels are evenly spaced: a level is its own number of units.
    pub fn is_even(self) -> bool {
        self.mantissa.is_none()
    }

    /// Units of a level.
    pub fn value(self, level: i64) -> BigInt {
        let (count, shift) = self.parts(level);
        BigInt::from(count) << shift
    }

    /// The number a level stands for.
    pub fn number(self, level: i64) -> Rational {
        Rational::new(self.value(level), BigInt::one() << self.fraction)
    }

    /// `count * 2^shift` units.
    fn parts(self, level: i64) -> (i64, u32) {
        let Some(mantissa) = self.mantissa else { return (level, 0) };
        let code = level.unsigned_abs();
        let exponent = code >> mantissa;
        let shift = exponent.saturating_sub(1);
        let count = code - (shift << mantissa);
        (if level < 0 { -(count as i64) } else { count as i64 }, shift as u32)
    }

    /// Twice the middle between a level and the one below it, in units: half-way goes to the even one of the two.
    pub fn middle(self, level: i64) -> BigInt {
        self.value(level - 1) + self.value(level)
    }

    /// The greatest step between levels next to each other from `lo` to `hi`, in units.
    pub fn greatest_step(self, lo: i64, hi: i64) -> BigInt {
        if lo >= hi {
            return BigInt::ZERO;
        }
        let step = |level: i64| self.value(level) - self.value(level - 1);
        step(hi).max(step(lo + 1))
    }

    /// The level nearest to a number of half units of which `floor` is the greatest integer below it, or the number itself where
    /// `exact`; of two equally near, the even one. Not bounded, but for levels of 62 bits.
    pub fn nearest(self, floor: &BigInt, exact: bool) -> i64 {
        if floor.is_negative() {
            let floor = -floor - u32::from(!exact);
            return -self.nearest_magnitude(&floor, exact);
        }
        self.nearest_magnitude(floor, exact)
    }

    fn nearest_magnitude(self, floor: &BigInt, exact: bool) -> i64 {
        let shift = self.mantissa.map_or(0, |mantissa| floor.bits().saturating_sub(u64::from(mantissa) + 2));
        let halves = floor >> shift;
        let exact = exact && floor.trailing_zeros().is_none_or(|zeros| zeros >= shift);
        let Ok(halves) = u64::try_from(&halves) else { return MOST };
        let count = halves >> 1;
        let up = halves & 1 == 1 && (!exact || count & 1 == 1);
        let passed = self.mantissa.and_then(|mantissa| i64::try_from(shift).ok()?.checked_shl(mantissa));
        let count = i64::try_from(count + u64::from(up)).unwrap_or(MOST);
        count.saturating_add(passed.unwrap_or(0)).min(MOST)
    }

    /// Runs of evenly spaced levels that cover the levels from `lo` to `hi`, each beginning where the one before it ended.
    pub fn runs(self, lo: i64, hi: i64) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut first = lo;
        while first < hi {
            let last = self.next_corner(first).min(hi);
            let shift = self.parts(if first < 0 { first + 1 } else { first }).1;
            let (count, own) = self.parts(first);
            runs.push(Run { first, last, count: count << (own - shift), shift });
            first = last;
        }
        runs
    }

    /// The next level above at which the spacing changes, or zero.
    fn next_corner(self, level: i64) -> i64 {
        let Some(mantissa) = self.mantissa else { return if level < 0 { 0 } else { MOST } };
        let corner = (level >> mantissa) + 1;
        match corner {
            // No change between the subnormals and the numbers above them.
            -1 | 1 => (corner + 1) << mantissa,
            _ => corner << mantissa,
        }
    }
}

/// No level is greater.
const MOST: i64 = (1 << 62) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_floats_count_their_values() {
        // One bit of mantissa: 0, 1, 2, 3, 4, 6, 8, 12, 16.
        let scale = Scale::float(1, 1);
        let values: Vec<BigInt> = (-8..=8).map(|level| scale.value(level)).collect();
        let wanted = [-16, -12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12, 16];
        assert_eq!(values, wanted.map(BigInt::from));
        assert_eq!(scale.number(5), Rational::from_integer(3.into()));
    }

    /// The nearest level by looking at all of them.
    #[test]
    fn the_nearest_level_is_nearest() {
        for scale in [Scale::even(3), Scale::float(0, 1), Scale::float(2, 2), Scale::float(5, 3)] {
            for quarters in -600..=600i64 {
                let distance = |level: &i64| (scale.value(*level) * 4 - quarters, level & 1);
                let far = |(gap, odd): (BigInt, i64)| (gap.abs(), odd);
                let wanted = (-170..=170).min_by_key(|level| far(distance(level))).unwrap();
                let floor = BigInt::from(quarters.div_euclid(2));
                assert_eq!(scale.nearest(&floor, quarters % 2 == 0), wanted, "{scale:?} {quarters}/4");
            }
        }
    }

    #[test]
    fn runs_cover_all_levels_evenly() {
        for scale in [Scale::even(3), Scale::float(0, 1), Scale::float(2, 2), Scale::float(5, 3)] {
            for (lo, hi) in [(-40, 40), (-3, 29), (5, 17), (-31, -9), (0, 1), (4, 4), (-1, 0)] {
                let runs = scale.runs(lo, hi);
                let ends = runs.iter().fold(lo, |end, run| {
                    assert_eq!(run.first, end);
                    for level in run.first..=run.last {
                        let value = BigInt::from(run.count + (level - run.first)) << run.shift;
                        assert_eq!(value, scale.value(level), "{scale:?} {run:?} {level}");
                    }
                    assert!(run.first < run.last && (run.first >= 0 || run.last <= 0));
                    run.last
                });
                assert_eq!(ends, hi);
            }
        }
    }
}
