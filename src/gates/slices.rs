//! 64 sums in bit slices; must not know what is summed.
//!
//! Slice `i` of a sum holds bit `i` of 64 sums, one a lane, so that adding a weight costs a few word operations a bit for
//! all lanes together, and a comparison one. A negative weight `-w` on `x` counts as `w` on `not x`, less `w` for the
//! whole sum: slices hold sums from 0 to the sum of absolute weights, of any size, and nothing can overflow.

use num_bigint::{BigInt, BigUint, Sign};

use super::{Bank, Integer};

/// Slices of a small sum.
pub(super) const FEW: usize = 5;

/// Adds the values of a bank's gates, when the sum of its absolute weights is below `2^FEW`.
#[inline]
pub(super) fn few(bank: &Bank<'_>, values: &mut Vec<u64>) {
    let (mut slices, mut low) = ([0; FEW], 0);
    for (source, weight) in bank.wires() {
        // Larger weights have a larger bound, so that there are none here.
        if let Integer::Small(weight) = weight {
            low += weight.min(0);
            let negate = 0_u64.wrapping_sub(u64::from(weight < 0));
            add_few(&mut slices, weight.unsigned_abs(), values[source as usize] ^ negate);
        }
    }
    values.extend(bank.thresholds().map(|threshold| match threshold {
        Integer::Small(threshold) => reach_few(&slices, threshold.saturating_sub(low)),
        Integer::Big(threshold) if threshold.sign() == Sign::Minus => u64::MAX,
        Integer::Big(_) => 0,
    }));
}

#[inline]
fn add_few(slices: &mut [u64; FEW], weight: u64, mask: u64) {
    let mut carry = 0;
    for (bit, slice) in slices.iter_mut().enumerate() {
        carry = add_bit(slice, mask & (weight >> bit & 1).wrapping_neg(), carry);
    }
}

#[inline]
fn reach_few(slices: &[u64; FEW], threshold: i64) -> u64 {
    match threshold {
        ..=0 => u64::MAX,
        threshold if threshold >> FEW != 0 => 0,
        threshold => reach(slices, |bit| threshold >> bit & 1 == 1),
    }
}

/// Adds two bits to each lane of a slice; returns the carries.
#[inline]
fn add_bit(slice: &mut u64, bit: u64, carry: u64) -> u64 {
    let half = *slice ^ bit;
    let carries = (*slice & bit) | (half & carry);
    *slice = half ^ carry;
    carries
}

/// The lanes whose sums reach the threshold with the given bits. The threshold must fit the slices.
#[inline]
fn reach(slices: &[u64], threshold: impl Fn(usize) -> bool) -> u64 {
    slices.iter().enumerate().fold(u64::MAX, |reached, (bit, slice)| {
        // The highest bit that differs decides: a one against a zero. This is `slice & reached` for a one in the
        // threshold, `slice | reached` for a zero.
        let zero = u64::from(threshold(bit)).wrapping_sub(1);
        (slice & reached) | ((slice | reached) & zero)
    })
}

/// Adds the values of a bank's gates, whatever its weights.
pub(super) fn any(bank: Bank<'_>, values: &mut Vec<u64>) {
    let weights: Vec<(u32, BigInt)> = bank.wires().map(|(source, weight)| (source, weight.to_big())).collect();
    let negative = weights.iter().filter(|(_, weight)| weight.sign() == Sign::Minus);
    let low: BigInt = negative.map(|(_, weight)| weight).sum();
    let bound: BigUint = weights.iter().map(|(_, weight)| weight.magnitude()).sum();
    let mut slices = vec![0; bound.bits() as usize];
    for (source, weight) in &weights {
        let mask = values[*source as usize];
        add(&mut slices, weight.magnitude(), if weight.sign() == Sign::Minus { !mask } else { mask });
    }
    values.extend(bank.thresholds().map(|threshold| {
        let (sign, threshold) = (threshold.to_big() - &low).into_parts();
        match sign {
            Sign::Minus | Sign::NoSign => u64::MAX,
            Sign::Plus if threshold > bound => 0,
            Sign::Plus => reach(&slices, |bit| threshold.bit(bit as u64)),
        }
    }));
}

/// Adds a weight in the lanes that are set in `mask`. The sums must fit the slices.
fn add(slices: &mut [u64], weight: &BigUint, mask: u64) {
    let start = weight.trailing_zeros().unwrap_or(0) as usize;
    let digits: Vec<u64> = weight.iter_u64_digits().collect();
    let mut carry = 0;
    for (bit, slice) in slices.iter_mut().enumerate().skip(start) {
        let digit = digits.get(bit / 64).map_or(0, |digit| digit >> (bit % 64) & 1);
        carry = add_bit(slice, mask & digit.wrapping_neg(), carry);
        if carry == 0 && bit / 64 >= digits.len() {
            break;
        }
    }
}
