//! Tables of integer coefficients, known or only bounded; knows nothing of where they are used.

use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::Zero;

use crate::interval::Interval;

/// The number of a table in its circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableId(pub(in crate::circuit) u32);

impl TableId {
    /// Its position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The entries of a table.
#[derive(Clone, Debug)]
pub enum Values {
    /// All fit 64 bits.
    Small(Arc<[i64]>),
    /// Of any size.
    Big(Arc<[BigInt]>),
}

/// A flat table of integers, addressed by an index expression.
#[derive(Clone, Debug)]
pub struct Table {
    /// How many entries.
    pub len: u128,
    /// Holds every entry.
    pub range: Interval,
    /// How many entries are not zero, at most.
    pub nonzero: u128,
    /// The entries, unless only bounded.
    pub values: Option<Values>,
}

impl Table {
    /// Of small entries.
    ///
    /// # Panics
    /// Never: an empty table has the range of zero.
    pub fn small(values: impl Into<Arc<[i64]>>) -> Self {
        let values: Arc<[i64]> = values.into();
        let lo = values.iter().min().copied().unwrap_or(0);
        let hi = values.iter().max().copied().unwrap_or(0);
        let nonzero = values.iter().filter(|v| **v != 0).count() as u128;
        let len = values.len() as u128;
        Self { len, range: Interval::new(lo, hi), nonzero, values: Some(Values::Small(values)) }
    }

    /// Of entries of any size, kept small where they all are.
    pub fn new(values: Vec<BigInt>) -> Self {
        let small: Option<Vec<i64>> = values.iter().map(|v| i64::try_from(v).ok()).collect();
        if let Some(small) = small {
            return Self::small(small);
        }
        let zero = BigInt::zero();
        let lo = values.iter().min().unwrap_or(&zero).clone();
        let hi = values.iter().max().unwrap_or(&zero).clone();
        let nonzero = values.iter().filter(|v| !v.is_zero()).count() as u128;
        Self {
            len: values.len() as u128,
            range: Interval { lo, hi },
            nonzero,
            values: Some(Values::Big(values.into())),
        }
    }

    /// Of `len` entries that are only known to lie in `range`.
    pub fn bounded(len: u128, range: Interval) -> Self {
        Self { len, range, nonzero: len, values: None }
    }

    /// One entry.
    pub fn get(&self, position: usize) -> Option<BigInt> {
        match self.values.as_ref()? {
            Values::Small(values) => values.get(position).map(|v| BigInt::from(*v)),
            Values::Big(values) => values.get(position).cloned(),
        }
    }
}
