//! Values of an array while a circuit is evaluated, in as few bits as hold them; must not know how they were computed.

use num_bigint::BigInt;

use crate::circuit::{Array, walk};
use crate::interval::Interval;

/// What is known of an array's elements.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// Nobody reads them any more, or ever did.
    Gone,
    /// Zeros and ones.
    Bits(Vec<u8>),
    /// Gates along the last axis that fire one after another: how many do.
    Ranks {
        /// For each place of the other axes.
        ranks: Vec<u32>,
        /// The length of the last axis.
        gates: usize,
    },
    /// Integers of 64 bits.
    Small(Vec<i64>),
    /// Integers of 128 bits.
    Wide(Vec<i128>),
    /// Integers of any size.
    Big(Vec<BigInt>),
}

impl Data {
    /// Every element.
    pub fn to_big(&self) -> Vec<BigInt> {
        match self {
            Self::Gone => Vec::new(),
            Self::Bits(bits) => bits.iter().map(|bit| BigInt::from(*bit)).collect(),
            Self::Ranks { .. } => self.bits().iter().map(|bit| BigInt::from(*bit)).collect(),
            Self::Small(forms) => forms.iter().map(|form| BigInt::from(*form)).collect(),
            Self::Wide(forms) => forms.iter().map(|form| BigInt::from(*form)).collect(),
            Self::Big(forms) => forms.clone(),
        }
    }

    /// Elements that are zero or one, gate by gate; none of forms.
    pub fn bits(&self) -> Vec<u8> {
        match self {
            Self::Bits(bits) => bits.clone(),
            Self::Ranks { ranks, gates } => {
                let fired = |rank: u32| (0..*gates).map(move |gate| u8::from(gate < rank as usize));
                ranks.iter().flat_map(|rank| fired(*rank)).collect()
            }
            Self::Gone | Self::Small(_) | Self::Wide(_) | Self::Big(_) => Vec::new(),
        }
    }

    /// Elements that are all zero or one, whatever they are kept as.
    pub fn all_bits(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bits(_) | Self::Ranks { .. } => Some(self.bits()),
            Self::Small(forms) => forms.iter().map(|form| u8::try_from(*form).ok().filter(|bit| *bit <= 1)).collect(),
            Self::Gone | Self::Wide(_) | Self::Big(_) => None,
        }
    }

    /// The least and the greatest element that exists, if they are kept.
    pub fn ends(&self, array: &Array) -> Option<Interval> {
        if matches!(self, Self::Gone) {
            return None;
        }
        let mut ends: Option<(usize, usize)> = None;
        let less = |a: usize, b: usize| match self {
            Self::Big(forms) => forms[a] < forms[b],
            other => other.at(a) < other.at(b),
        };
        walk::elements(&array.shape, array.band.as_ref(), |place, _| {
            let (lo, hi) = ends.unwrap_or((place, place));
            ends = Some((if less(place, lo) { place } else { lo }, if less(hi, place) { place } else { hi }));
        });
        let value = |place: usize| match self {
            Self::Big(forms) => forms[place].clone(),
            other => other.at(place).map_or_else(BigInt::default, BigInt::from),
        };
        ends.map(|(lo, hi)| Interval { lo: value(lo), hi: value(hi) })
    }

    /// The element at a place, where it is an integer of 128 bits.
    pub fn at(&self, place: usize) -> Option<i128> {
        match self {
            Self::Gone | Self::Big(_) => None,
            Self::Bits(bits) => Some(bits[place].into()),
            Self::Ranks { ranks, gates } => Some((place % gates < ranks[place / gates] as usize).into()),
            Self::Small(forms) => Some(forms[place].into()),
            Self::Wide(forms) => Some(forms[place]),
        }
    }
}
