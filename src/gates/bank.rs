//! One bank as stored, and as the gates it stands for; must not know how banks are laid out in the tables.

use std::iter::Zip;
use std::ops::Range;
use std::slice::Iter;

use num_bigint::BigInt;

use super::Integer;
use super::integer::load;
use super::scales::Scale;

/// Stored sums, its *parts*, and the gates that compare them with thresholds.
///
/// An ordinary bank has one part, and its gates are `[F >= t]`. A *scaled* bank has one part or more, and each of its gates
/// has a multiplier `m` for each of them: `[m0*F0 + m1*F1 + ... >= t]`. A gate reads each wire of a part with the weight
/// times the multiplier, and no wire of a part with multiplier 0.
#[derive(Clone, Copy, Debug)]
pub struct Bank<'a> {
    pub(super) first: u32,
    pub(super) sources: &'a [u32],
    pub(super) weights: &'a [i64],
    pub(super) thresholds: &'a [i64],
    pub(super) scale: Scale<'a>,
    pub(super) pool: &'a [BigInt],
}

impl<'a> Bank<'a> {
    /// Its gates.
    pub fn gates(&self) -> Range<u32> {
        self.first..self.first + self.thresholds.len() as u32
    }

    /// The gates its parts read, part after part; one that occurs twice is read twice.
    pub fn sources(&self) -> &'a [u32] {
        self.sources
    }

    /// The terms of its parts as stored, part after part, before any multiplier.
    pub fn wires(&self) -> impl ExactSizeIterator<Item = (u32, Integer<'a>)> + use<'a> {
        wires(self.sources, self.weights, self.pool)
    }

    /// The thresholds of its gates, in the order of the gates.
    pub fn thresholds(&self) -> impl ExactSizeIterator<Item = Integer<'a>> + use<'a> {
        let pool = self.pool;
        self.thresholds.iter().map(move |&threshold| load(pool, threshold))
    }

    /// Whether its gates have multipliers.
    #[inline]
    pub fn is_scaled(&self) -> bool {
        !self.scale.ends.is_empty()
    }

    /// Number of parts, at least 1.
    pub fn part_count(&self) -> usize {
        self.scale.ends.len().max(1)
    }

    /// Its parts, in order.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part<'a>> + use<'a> {
        let bank = *self;
        (0..self.part_count()).map(move |place| bank.part(place))
    }

    /// For the gate at a place below `gates().len()`: one multiplier a part, 1 when the bank is not scaled.
    pub fn multipliers(&self, place: usize) -> impl ExactSizeIterator<Item = Integer<'a>> + use<'a> {
        let pool = self.pool;
        self.row(place).iter().map(move |&multiplier| load(pool, multiplier))
    }

    /// The gates that the gate at a place below `gates().len()` reads, wire by wire.
    pub fn gate_sources(&self, place: usize) -> GateSources<'a> {
        let now = if self.is_scaled() { &[] } else { self.sources };
        let rest = self.scale.ends.iter().zip(self.row(place));
        GateSources { now: now.iter(), sources: self.sources, at: 0, rest }
    }

    /// The gate at a place below `gates().len()` written out: the gates it reads and its own weights.
    pub fn gate_wires(&self, place: usize) -> impl Iterator<Item = (u32, BigInt)> + use<'a> {
        let listed = self.parts().zip(self.multipliers(place)).filter(|(_, multiplier)| !multiplier.is_zero());
        listed
            .flat_map(|(part, multiplier)| part.wires().map(move |(source, weight)| (source, weight.times(multiplier))))
    }

    /// Number of wires of all gates, counted gate by gate.
    pub(super) fn logical_wires(&self) -> u128 {
        if !self.is_scaled() {
            return self.sources.len() as u128 * self.thresholds.len() as u128;
        }
        let read = |place| self.column(place).filter(|&&multiplier| multiplier != 0).count() as u128;
        self.parts().enumerate().map(|(place, part)| part.sources.len() as u128 * read(place)).sum()
    }

    /// Bit length of the largest absolute weight of a gate.
    pub(super) fn weight_bits(&self) -> u64 {
        if !self.is_scaled() {
            return self.wires().map(|(_, weight)| weight.bits()).max().unwrap_or(0);
        }
        // Every wire of a part meets every multiplier of it, and so does the largest.
        let scaled = |(place, part): (usize, Part<'a>)| {
            let weight = part.wires().map(|(_, weight)| weight).reduce(Integer::larger)?;
            let multiplier = self.column(place).map(|&stored| self.integer(stored)).reduce(Integer::larger)?;
            Some(weight.times(multiplier).bits())
        };
        self.parts().enumerate().filter_map(scaled).max().unwrap_or(0)
    }

    /// The multipliers of one part as stored, gate by gate; none when the bank is not scaled.
    pub(super) fn column(&self, part: usize) -> Column<'a> {
        self.scale.multipliers.iter().skip(part).step_by(self.part_count())
    }

    /// Reads a stored value.
    pub(super) fn integer(&self, stored: i64) -> Integer<'a> {
        load(self.pool, stored)
    }

    /// The multipliers of one gate, as stored.
    fn row(&self, place: usize) -> &'a [i64] {
        let parts = self.part_count();
        if self.is_scaled() { &self.scale.multipliers[place * parts..][..parts] } else { &[1] }
    }

    fn part(&self, place: usize) -> Part<'a> {
        let end = |place: usize| self.scale.ends.get(place).map_or(self.sources.len(), |&end| end as usize);
        let range = place.checked_sub(1).map_or(0, end)..end(place);
        Part { sources: &self.sources[range.clone()], weights: &self.weights[range], pool: self.pool }
    }
}

/// Multipliers of one part.
pub(super) type Column<'a> = std::iter::StepBy<std::iter::Skip<Iter<'a, i64>>>;

/// One stored sum of a bank.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    sources: &'a [u32],
    weights: &'a [i64],
    pool: &'a [BigInt],
}

impl<'a> Part<'a> {
    /// The gates it reads.
    pub fn sources(&self) -> &'a [u32] {
        self.sources
    }

    /// Its terms.
    pub fn wires(&self) -> impl ExactSizeIterator<Item = (u32, Integer<'a>)> + use<'a> {
        wires(self.sources, self.weights, self.pool)
    }
}

/// The gates that one gate reads.
#[derive(Clone, Debug)]
pub struct GateSources<'a> {
    now: Iter<'a, u32>,
    /// All sources of the bank, and where those of the next part begin.
    sources: &'a [u32],
    at: usize,
    /// The ends and multipliers of the parts to come.
    rest: Zip<Iter<'a, u64>, Iter<'a, i64>>,
}

impl GateSources<'_> {
    /// Those of no gate.
    pub(super) fn none() -> Self {
        GateSources { now: [].iter(), sources: &[], at: 0, rest: [].iter().zip(&[]) }
    }
}

impl Iterator for GateSources<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(&source) = self.now.next() {
                return Some(source);
            }
            let (&end, &multiplier) = self.rest.next()?;
            if multiplier != 0 {
                self.now = self.sources[self.at..end as usize].iter();
            }
            self.at = end as usize;
        }
    }
}

#[inline]
fn wires<'a>(
    sources: &'a [u32],
    weights: &'a [i64],
    pool: &'a [BigInt],
) -> impl ExactSizeIterator<Item = (u32, Integer<'a>)> + use<'a> {
    sources.iter().zip(weights).map(move |(&source, &weight)| (source, load(pool, weight)))
}
