//! Buckets of distances between positions, as relative attention counts them; knows nothing of the attention that uses them.

use num_bigint::BigUint;

/// The bucket of a key so many positions after its query (negative: before it), of `buckets` (T5, arXiv 1910.10683).
///
/// With both directions, the first half of the buckets is for keys up to the query, the second for those after it; else keys after it count as
/// at it. Of those for one direction the first half hold a distance each, the rest are spaced by logarithms up to `farthest`, which with all
/// farther ones is in the last. Logarithms are compared exactly, as powers of integers.
pub fn distance_bucket(offset: i64, buckets: u64, farthest: u64, both: bool) -> u64 {
    let half = buckets / 2;
    let (own, first) = match (both, offset > 0) {
        (true, true) => (half, half),
        (true, false) => (half, 0),
        (false, _) => (buckets, 0),
    };
    let far = if both { offset.unsigned_abs() } else { offset.min(0).unsigned_abs() };
    let exact = (own / 2).max(1);
    if far < exact {
        return first + far.min(own.saturating_sub(1));
    }
    let steps = own.saturating_sub(exact);
    let above = (1..steps).take_while(|step| reaches(far, exact, farthest, *step, steps)).count() as u64;
    first + (exact + above).min(own.saturating_sub(1))
}

/// Whether `log(far / exact) / log(farthest / exact) >= step / steps`: `(far / exact)^steps >= (farthest / exact)^step`.
fn reaches(far: u64, exact: u64, farthest: u64, step: u64, steps: u64) -> bool {
    let power = |base: u64, exponent: u64| BigUint::from(base).pow(u32::try_from(exponent).unwrap_or(u32::MAX));
    if farthest <= exact || far >= farthest {
        return true;
    }
    power(far, steps) * power(exact, step) >= power(farthest, step) * power(exact, steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published formula in floating point, for the published sizes; its logarithms are nowhere near a whole number but at powers of two.
    fn floating(offset: i64, buckets: i64, farthest: f64, both: bool) -> i64 {
        let own = if both { buckets / 2 } else { buckets };
        let first = if both && offset > 0 { own } else { 0 };
        let far = if both { offset.abs() } else { (-offset).max(0) };
        let exact = own / 2;
        if far < exact {
            return first + far;
        }
        let ratio = (far as f64 / exact as f64).ln() / (farthest / exact as f64).ln();
        let large = exact + (ratio * (own - exact) as f64 + 1e-9) as i64;
        first + large.min(own - 1)
    }

    #[test]
    fn buckets_are_those_of_the_published_formula() {
        for both in [true, false] {
            for (buckets, farthest) in [(32, 128), (32, 64), (8, 20), (4, 3)] {
                for offset in -300..=300 {
                    let found = distance_bucket(offset, buckets, farthest, both);
                    let wanted = floating(offset, buckets as i64, farthest as f64, both);
                    assert_eq!(found as i64, wanted, "{offset} of {buckets} up to {farthest}, both: {both}");
                    assert!(found < buckets);
                }
            }
        }
    }
}
