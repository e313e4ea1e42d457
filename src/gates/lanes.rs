//! Values of the gates on 64 inputs at once, in bit slices; must not know what the gates compute.
//!
//! Slice `i` of a sum holds bit `i` of 64 sums, one a lane, so that adding a weight costs a few word operations a bit for
//! all lanes together, and a comparison one. A negative weight `-w` on `x` counts as `w` on `not x`, less `w` for the
//! whole sum: slices hold sums from 0 to the sum of absolute weights, of any size, and nothing can overflow.

use num_bigint::{BigInt, BigUint, Sign};

use super::{Bank, Gates, Integer};

/// Slices of a bank whose weights are all held in place: fewer than 2^64 weights below 2^63.
const SMALL: usize = 128;

/// The value of every gate, the inputs among them, for 64 inputs: bit `k` of each word belongs to input `k`. Exact.
///
/// # Panics
/// When `lanes` is not as long as the circuit has input gates; see [`pack_lanes`].
pub fn simulate64(gates: &Gates, lanes: &[u64]) -> Vec<u64> {
    assert_eq!(lanes.len(), gates.input_count() as usize, "one word an input gate");
    let mut values = Vec::with_capacity(gates.gate_count() as usize);
    values.extend_from_slice(lanes);
    for bank in gates.banks() {
        if !small_bank(&bank, &mut values) {
            big_bank(&bank, &mut values);
        }
    }
    values
}

/// Puts up to 64 inputs of equal length side by side, the first in bit 0; missing ones are all 0.
///
/// # Panics
/// When there are more than 64.
pub fn pack_lanes(inputs: &[Vec<bool>]) -> Vec<u64> {
    assert!(inputs.len() <= 64, "64 lanes");
    let mut lanes = vec![0; inputs.first().map_or(0, Vec::len)];
    for (place, input) in inputs.iter().enumerate() {
        for (lane, &bit) in lanes.iter_mut().zip(input) {
            *lane |= u64::from(bit) << place;
        }
    }
    lanes
}

/// The values of one lane.
pub fn lane(values: &[u64], place: usize) -> Vec<bool> {
    values.iter().map(|value| value >> place & 1 == 1).collect()
}

/// Adds the values of a bank's gates, if all its weights are held in place.
fn small_bank(bank: &Bank<'_>, values: &mut Vec<u64>) -> bool {
    let Some((low, bound)) = small_range(bank) else { return false };
    let mut slices = [0; SMALL];
    let slices = &mut slices[..(u128::BITS - bound.leading_zeros()) as usize];
    for (source, weight) in bank.wires() {
        let Integer::Small(weight) = weight else { return false };
        let negate = 0_u64.wrapping_sub(u64::from(weight < 0));
        add(slices, weight.unsigned_abs(), values[source as usize] ^ negate);
    }
    values.extend(bank.thresholds().map(|threshold| {
        let threshold = shifted(threshold, low);
        if threshold <= 0 {
            u64::MAX
        } else if threshold.unsigned_abs() > bound {
            0
        } else {
            reaches(slices, |bit| threshold >> bit & 1 == 1)
        }
    }));
    true
}

/// The least sum and the sum of absolute weights.
fn small_range(bank: &Bank<'_>) -> Option<(i128, u128)> {
    bank.wires().try_fold((0, 0), |(low, bound), (_, weight)| match weight {
        Integer::Small(weight) => Some((low + i128::from(weight.min(0)), bound + u128::from(weight.unsigned_abs()))),
        Integer::Big(_) => None,
    })
}

/// The threshold less the least sum, or the end of 128 bits on the same side of every sum.
fn shifted(threshold: Integer<'_>, low: i128) -> i128 {
    match threshold {
        Integer::Small(threshold) => i128::from(threshold) - low,
        Integer::Big(threshold) => match i128::try_from(threshold) {
            Ok(threshold) => threshold.saturating_sub(low),
            Err(_) if threshold.sign() == Sign::Minus => i128::MIN,
            Err(_) => i128::MAX,
        },
    }
}

/// Adds `weight` in the lanes that are set in `mask`. The sums must fit the slices.
#[inline]
fn add(slices: &mut [u64], weight: u64, mask: u64) {
    let zeros = weight.trailing_zeros();
    let mut rest = weight.checked_shr(zeros).unwrap_or(0);
    let mut carry = 0;
    for slice in slices.iter_mut().skip(zeros as usize) {
        carry = add_bit(slice, mask & (rest & 1).wrapping_neg(), carry);
        rest >>= 1;
        if rest | carry == 0 {
            break;
        }
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
fn reaches(slices: &[u64], threshold: impl Fn(usize) -> bool) -> u64 {
    slices.iter().enumerate().fold(u64::MAX, |reached, (bit, slice)| {
        // The highest bit that differs decides: a one against a zero.
        if threshold(bit) { slice & reached } else { slice | reached }
    })
}

/// Adds the values of a bank's gates, whatever its weights.
fn big_bank(bank: &Bank<'_>, values: &mut Vec<u64>) {
    let weights: Vec<(u32, BigInt)> = bank.wires().map(|(source, weight)| (source, weight.to_big())).collect();
    let negative = weights.iter().filter(|(_, weight)| weight.sign() == Sign::Minus);
    let low: BigInt = negative.map(|(_, weight)| weight).sum();
    let bound: BigUint = weights.iter().map(|(_, weight)| weight.magnitude()).sum();
    let mut slices = vec![0; bound.bits() as usize];
    for (source, weight) in &weights {
        let mask = values[*source as usize];
        add_big(&mut slices, weight.magnitude(), if weight.sign() == Sign::Minus { !mask } else { mask });
    }
    values.extend(bank.thresholds().map(|threshold| {
        let (sign, threshold) = (threshold.to_big() - &low).into_parts();
        match sign {
            Sign::Minus | Sign::NoSign => u64::MAX,
            Sign::Plus if threshold > bound => 0,
            Sign::Plus => reaches(&slices, |bit| threshold.bit(bit as u64)),
        }
    }));
}

/// Like [`add`], with a weight of any size.
fn add_big(slices: &mut [u64], weight: &BigUint, mask: u64) {
    let digits: Vec<u64> = weight.iter_u64_digits().collect();
    let mut carry = 0;
    for (bit, slice) in slices.iter_mut().enumerate() {
        let digit = digits.get(bit / 64).map_or(0, |digit| digit >> (bit % 64) & 1);
        carry = add_bit(slice, mask & digit.wrapping_neg(), carry);
        if carry == 0 && bit / 64 >= digits.len() {
            break;
        }
    }
}
