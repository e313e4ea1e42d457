//! The levels a thermometer of gates runs through, one per number of gates that fire; knows nothing of circuits.

use num_bigint::BigInt;
use num_integer::Integer;

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

    /// At how many gates each two's-complement bit below `bits` changes, summed over the bits; an upper bound where levels are listed or counted.
    pub fn bit_changes(&self, bits: u32) -> u128 {
        let Self::Path(corners) = self else { return u128::from(self.gates()) * u128::from(bits) };
        let run = |bit: u32, a: i64, b: i64| {
            let step = 1i64 << bit;
            u128::from(Integer::div_floor(&a.max(b), &step).abs_diff(Integer::div_floor(&a.min(b), &step)))
        };
        (0..bits).map(|bit| corners.windows(2).map(|pair| run(bit, pair[0], pair[1])).sum::<u128>()).sum()
    }
}

/// Bits that hold every level: of a two's-complement number, without a sign bit where no level is negative; at least one.
pub fn width(lo: i64, hi: i64) -> (u32, bool) {
    let magnitude = |value: i64| if value < 0 { 64 - (!value).leading_zeros() } else { 64 - value.leading_zeros() };
    let bits = magnitude(lo).max(magnitude(hi));
    if lo < 0 { (bits + 1, true) } else { (bits.max(1), false) }
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
                let (bits, signed) = width(lo, hi);
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
        for corners in [vec![-5, 9], vec![0, -3, 12], vec![4, 4], vec![7, -8, -2]] {
            let levels = Levels::Path(corners);
            let all = levels.all();
            assert_eq!(all.len() as u64, levels.gates() + 1);
            let changed = |bit: u32| all.windows(2).filter(|p| (p[0] ^ p[1]) >> bit & 1 == 1).count() as u128;
            assert_eq!(levels.bit_changes(5), (0..5).map(changed).sum());
        }
    }
}
