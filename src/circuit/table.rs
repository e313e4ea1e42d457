//! Tables of integer coefficients, known or only bounded; knows nothing of where they are used.

use std::sync::Arc;

use num_bigint::{BigInt, Sign};
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
    /// Products of each of the first with each of the second, those of one of the first next to each other.
    Products([Arc<[BigInt]>; 2]),
}

impl Values {
    /// One entry.
    pub fn get(&self, position: usize) -> Option<BigInt> {
        match self {
            Self::Small(values) => values.get(position).map(|v| BigInt::from(*v)),
            Self::Big(values) => values.get(position).cloned(),
            Self::Products([a, b]) => Some(a.get(position / b.len())? * &b[position % b.len()]),
        }
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = BigInt> {
        let count = match self {
            Self::Small(values) => values.len(),
            Self::Big(values) => values.len(),
            Self::Products([a, b]) => a.len() * b.len(),
        };
        (0..count).filter_map(|position| self.get(position))
    }
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
    /// The sums of entries above and below zero, where they are known.
    pub sums: Option<[BigInt; 2]>,
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
        let sum = |sign: i64| values.iter().filter(|v| v.signum() == sign).map(|v| i128::from(*v)).sum::<i128>();
        let sums = Some([sum(1).into(), sum(-1).into()]);
        Self { len, range: Interval::new(lo, hi), nonzero, sums, values: Some(Values::Small(values)) }
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
        let sum = |sign: Sign| values.iter().filter(|v| v.sign() == sign).sum();
        Self {
            len: values.len() as u128,
            range: Interval { lo, hi },
            nonzero,
            sums: Some([sum(Sign::Plus), sum(Sign::Minus)]),
            values: Some(Values::Big(values.into())),
        }
    }

    /// Of the products of each of `a` with each of `b`: written out where they are small, else kept as the two lists.
    pub fn products(a: Vec<BigInt>, b: Vec<BigInt>) -> Self {
        let (first, second) = (Self::new(a), Self::new(b));
        let values =
            [&first, &second].map(|table| table.values.iter().flat_map(Values::iter).collect::<Arc<[BigInt]>>());
        let products = Self {
            len: first.len * second.len,
            range: first.range.times(&second.range),
            nonzero: first.nonzero * second.nonzero,
            sums: first.sums.zip(second.sums).map(|([p, m], [q, n])| [&p * &q + &m * &n, p * n + m * q]),
            values: Some(Values::Products(values)),
        };
        let small = [&products.range.lo, &products.range.hi].iter().all(|end| i64::try_from(*end).is_ok());
        if small { Self::new(products.values.iter().flat_map(Values::iter).collect()) } else { products }
    }

    /// Of `len` entries that are only known to lie in `range`.
    pub fn bounded(len: u128, range: Interval) -> Self {
        Self { len, range, nonzero: len, sums: None, values: None }
    }

    /// One entry.
    pub fn get(&self, position: usize) -> Option<BigInt> {
        self.values.as_ref()?.get(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_written_out() {
        for shift in [0, 40, 200] {
            let a: Vec<BigInt> = [-3, 0, 5, 7].map(|value| BigInt::from(value) << shift).to_vec();
            let b: Vec<BigInt> = [2, -9, 0].map(|value| BigInt::from(value) << shift).to_vec();
            let each = Table::new(a.iter().flat_map(|a| b.iter().map(move |b| a * b)).collect());
            let table = Table::products(a, b);
            assert_eq!(
                (table.len, table.nonzero, &table.range, &table.sums),
                (each.len, each.nonzero, &each.range, &each.sums)
            );
            assert!((0..13).all(|position| table.get(position) == each.get(position)));
            assert!(table.values.iter().flat_map(Values::iter).eq(each.values.iter().flat_map(Values::iter)));
            assert_eq!(matches!(table.values, Some(Values::Small(_))), shift == 0);
        }
    }
}
