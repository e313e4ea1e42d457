//! Values of the gates on 64 inputs at once; must not know what the gates compute.
//!
//! Every bank takes the cheapest exact way its bound, the sum of its absolute weights, allows: bit slices for few
//! bits, 64 sums of 16, 32 or 64 bits side by side where they cannot overflow, bit slices again above. Scaled banks have a
//! way of their own; see `scaled.rs`.

use num_bigint::BigInt;

use super::scaled::scaled;
use super::sums::{Sums, Width};
use super::{Bank, Gates, Integer, slices};

/// Bounds of fewer bits than this are quicker in slices than in side-by-side sums.
const SLICED: u32 = slices::FEW as u32 + 1;

/// The value of every gate, the inputs among them, for 64 inputs: bit `k` of each word belongs to input `k`. Exact.
///
/// # Panics
/// When `lanes` is not as long as the circuit has input gates; see [`pack_lanes`].
pub fn simulate64(gates: &Gates, lanes: &[u64]) -> Vec<u64> {
    assert_eq!(lanes.len(), gates.input_count() as usize, "one word an input gate");
    let mut values = Vec::with_capacity(gates.gate_count() as usize);
    values.extend_from_slice(lanes);
    // Larger banks are handed on by value, so that the smallest stay in registers.
    for bank in gates.banks() {
        if bank.is_scaled() {
            scaled(bank, &mut values);
            continue;
        }
        let bound = bound(&bank);
        match u128::BITS - bound.unwrap_or(u128::MAX).leading_zeros() {
            ..SLICED => slices::few(&bank, &mut values),
            SLICED..=15 => side_by_side::<i16>(bank, &mut values),
            16..=31 => side_by_side::<i32>(bank, &mut values),
            32..=63 => side_by_side::<i64>(bank, &mut values),
            _ => slices::any(bank, &mut values),
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

/// The sum of absolute weights, if they are all held in place: fewer than 2^64 of them, each at most 2^63.
#[inline]
fn bound(bank: &Bank<'_>) -> Option<u128> {
    bank.wires().try_fold(0, |bound, (_, weight)| match weight {
        Integer::Small(weight) => Some(bound + u128::from(weight.unsigned_abs())),
        Integer::Big(_) => None,
    })
}

/// Adds the values of a bank's gates, when no sum of its weights leaves `T`.
fn side_by_side<T: Width>(bank: Bank<'_>, values: &mut Vec<u64>) {
    let mut sums = Sums::<T>::new();
    for (source, weight) in bank.wires() {
        // Weights that are not in place have no bound, so that there are none here.
        if let Integer::Small(weight) = weight {
            sums.add(T::cut(weight), values[source as usize]);
        }
    }
    values.extend(bank.thresholds().map(|threshold| match threshold {
        Integer::Small(threshold) => sums.reach(threshold),
        Integer::Big(threshold) if *threshold > BigInt::ZERO => 0,
        Integer::Big(_) => u64::MAX,
    }));
}
