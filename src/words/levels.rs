//! The levels a thermometer of gates runs through, one per number of gates that fire; knows nothing of circuits.

use num_bigint::{BigInt, Sign};
use num_integer::Integer;

use crate::interval::Interval;
use crate::number::{Run, Scale};

/// Level 0, 1, ... of a word as its gates fire one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Levels {
    /// From corner to corner by steps of one.
    Path(Vec<i64>),
    /// Listed.
    List(Vec<i64>),
    /// From one to another in so many steps; between them not known.
    Counted {
        /// The first level.
        first: i64,
        /// The last level.
        last: i64,
        /// How many steps.
        steps: u64,
    },
}

impl Levels {
    /// How many gates.
    pub fn gates(&self) -> u64 {
        match self {
            Self::Path(corners) => corners.windows(2).map(|pair| pair[0].abs_diff(pair[1])).sum(),
            Self::List(levels) => levels.len() as u64 - 1,
            Self::Counted { steps, .. } => *steps,
        }
    }

    /// Every level in order, one more than there are gates; of counted ones, which no table is made of, the ends.
    pub fn all(&self) -> Vec<i64> {
        match self {
            Self::List(levels) => levels.clone(),
            Self::Counted { first, last, .. } => vec![*first, *last],
            Self::Path(corners) => {
                let mut levels = vec![corners[0]];
                for pair in corners.windows(2) {
                    let step = (pair[1] - pair[0]).signum();
                    levels.extend((1..=pair[0].abs_diff(pair[1]) as i64).map(|k| pair[0] + step * k));
                }
                levels
            }
        }
    }

    /// The first level: no gate fires.
    pub fn first(&self) -> i64 {
        match self {
            Self::Path(levels) | Self::List(levels) => levels[0],
            Self::Counted { first, .. } => *first,
        }
    }

    /// Least and greatest level.
    pub fn bounds(&self) -> (i64, i64) {
        match self {
            Self::Path(levels) | Self::List(levels) => {
                let lo = levels.iter().min().copied().unwrap_or(0);
                (lo, levels.iter().max().copied().unwrap_or(0))
            }
            Self::Counted { first, last, .. } => (*first.min(last), *first.max(last)),
        }
    }

    /// Whether each gate raises the level by one.
    pub fn counts_up(&self) -> bool {
        matches!(self, Self::Path(corners) if corners.windows(2).all(|pair| pair[0] <= pair[1]))
    }

    /// At how many gates each two's-complement bit below `bits` of the units changes, summed over the bits; an upper bound where levels
    /// are listed or counted.
    pub fn bit_changes(&self, scale: Scale, bits: u32) -> u128 {
        let Self::Path(corners) = self else { return u128::from(self.gates()) * u128::from(bits) };
        let turns = corners.windows(2).map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1])));
        turns.flat_map(|(lo, hi)| scale.runs(lo, hi)).map(|run| changes_of(&run, bits)).sum()
    }
}

/// The same of evenly spaced levels: those of a counter whose bits stand `shift` higher.
fn changes_of(run: &Run, bits: u32) -> u128 {
    let end = run.count + (run.last - run.first);
    let passed = |bit: u32| Integer::div_floor(&end, &(1i64 << bit)) - Integer::div_floor(&run.count, &(1i64 << bit));
    let bits = bits.saturating_sub(run.shift);
    let counted = (0..bits.min(COUNTER)).map(|bit| u128::from(passed(bit).unsigned_abs())).sum::<u128>();
    // Higher bits change once, from minus one to zero, or never.
    let crosses = u128::from((run.count < 0) != (end < 0));
    counted + crosses * u128::from(bits.saturating_sub(COUNTER))
}

/// Counters of levels have fewer bits.
const COUNTER: u32 = 62;

/// Bits that hold all of these: of a two's-complement number, without a sign bit where none is negative; at least one.
pub fn width(reach: &Interval) -> (u32, bool) {
    let magnitude = |value: &BigInt| if value.sign() == Sign::Minus { (-value - 1u32).bits() } else { value.bits() };
    let bits = magnitude(&reach.lo).max(magnitude(&reach.hi)) as u32;
    if reach.lo.sign() == Sign::Minus { (bits + 1, true) } else { (bits.max(1), false) }
}

/// What each bit is worth: powers of two, the sign bit negative.
pub fn bit_weights(bits: u32, signed: bool) -> Vec<BigInt> {
    let weight = |bit: u32| {
        let power = BigInt::from(1) << bit;
        if signed && bit + 1 == bits { -power } else { power }
    };
    (0..bits).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_every_level_add_up() {
        for lo in -9..9 {
            for hi in lo..12 {
                let (bits, signed) = width(&Interval::new(lo, hi));
                let weights = bit_weights(bits, signed);
                for level in lo..=hi {
                    let sum: BigInt = (0..bits).map(|bit| &weights[bit as usize] * ((level >> bit) & 1)).sum();
                    assert_eq!(sum, level.into(), "{lo}..{hi}");
                }
            }
        }
    }

    #[test]
    fn bit_changes_equal_a_count() {
        for scale in [Scale::even(0), Scale::float(3, 1), Scale::float(3, 3)] {
            for corners in [vec![-5, 9], vec![0, -3, 12], vec![4, 4], vec![7, -8, -2], vec![-60, 60], vec![-90, -3]] {
                let levels = Levels::Path(corners);
                let all: Vec<BigInt> = levels.all().into_iter().map(|level| scale.value(level)).collect();
                assert_eq!(all.len() as u64, levels.gates() + 1);
                let changed = |bit: u64| all.windows(2).filter(|p| p[0].bit(bit) != p[1].bit(bit)).count() as u128;
                for bits in [1, 5, 40, 90] {
                    assert_eq!(levels.bit_changes(scale, bits), (0..bits.into()).map(changed).sum(), "{levels:?}");
                }
            }
        }
    }
}
