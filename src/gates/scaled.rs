//! Values of a scaled bank's gates on 64 inputs at once; must not know what the gates compute.
//!
//! Each part is summed once for all gates, in the narrowest type its bound allows, and each gate then takes a multiplication
//! and an addition a part and lane, in 64 or 128 bits where the bound of the whole bank allows; else lane by lane.

use super::bank::Part;
use super::simulate::PartSums;
use super::sums::{Sums, Width};
use super::{Bank, Integer};

/// Adds the values of a bank's gates.
#[inline(never)]
pub(super) fn scaled(bank: Bank<'_>, values: &mut Vec<u64>) {
    let limits = limits(&bank);
    let bound = limits.iter().try_fold(0_u128, |bound, &(sum, scale)| bound.checked_add(sum?.checked_mul(scale?)?));
    match bound.map_or(u128::BITS, |bound| u128::BITS - bound.leading_zeros()) {
        ..=63 => side_by_side::<i64>(&bank, &limits, values),
        64..=127 => side_by_side::<i128>(&bank, &limits, values),
        _ => lane_by_lane(&bank, values),
    }
}

/// What bounds a part: the sum of its absolute weights and its largest absolute multiplier. Both are 0 for a part that no
/// gate reads; nothing stands for more than 128 bits.
type Limits = (Option<u128>, Option<u128>);

fn limits(bank: &Bank<'_>) -> Vec<Limits> {
    let limit = |(place, part): (usize, Part<'_>)| {
        let stored = bank.column(place).map(|&stored| bank.integer(stored));
        let scale = stored.reduce(Integer::larger).map_or(Some(0), Integer::magnitude);
        if scale == Some(0) {
            return (Some(0), scale);
        }
        let sum = part.wires().try_fold(0_u128, |sum, (_, weight)| sum.checked_add(weight.magnitude()?));
        (sum, scale)
    };
    bank.parts().enumerate().map(limit).collect()
}

/// When no sum leaves `T`, neither of a part that is read nor of a gate.
fn side_by_side<T: Width + From<i16> + From<i32> + From<i64>>(
    bank: &Bank<'_>,
    limits: &[Limits],
    values: &mut Vec<u64>,
) {
    let sums: Vec<Sums<T>> = bank.parts().zip(limits).map(|(part, limits)| narrowest(&part, limits, values)).collect();
    values.extend(bank.thresholds().enumerate().map(|(place, threshold)| {
        let mut total = Sums::<T>::new();
        for (sum, multiplier) in sums.iter().zip(bank.multipliers(place)) {
            // A multiplier out of range belongs to a part that sums to 0.
            total.add_scaled(sum, multiplier.to_i128().and_then(T::take).unwrap_or_default());
        }
        match threshold.to_i128() {
            Some(threshold) => total.reach_wide(threshold),
            None if threshold.is_positive() => 0,
            None => u64::MAX,
        }
    }));
}

/// The sums of a part, 0 when no gate reads it.
fn narrowest<T: Width + From<i16> + From<i32> + From<i64>>(
    part: &Part<'_>,
    &(sum, scale): &Limits,
    values: &[u64],
) -> Sums<T> {
    match u128::BITS - sum.unwrap_or(u128::MAX).leading_zeros() {
        _ if scale == Some(0) => Sums::new(),
        ..=15 => add::<i16>(part, values).widen(),
        16..=31 => add::<i32>(part, values).widen(),
        32..=63 => add::<i64>(part, values).widen(),
        _ => add(part, values),
    }
}

fn add<T: Width>(part: &Part<'_>, values: &[u64]) -> Sums<T> {
    let mut sums = Sums::new();
    for (source, weight) in part.wires() {
        // The bound keeps every weight in range.
        sums.add(weight.to_i128().and_then(T::take).unwrap_or_default(), values[source as usize]);
    }
    sums
}

/// Whatever the weights and multipliers.
fn lane_by_lane(bank: &Bank<'_>, values: &mut Vec<u64>) {
    let first = values.len();
    values.resize(first + bank.gates().len(), 0);
    for lane in 0..u64::BITS {
        let sums = PartSums::of(bank, |source| values[source as usize] >> lane & 1 == 1);
        for (place, threshold) in bank.thresholds().enumerate() {
            values[first + place] |= u64::from(sums.reach(bank, place, threshold)) << lane;
        }
    }
}
