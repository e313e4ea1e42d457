//! What is read off long tables of coefficients, once for all terms that read the same table the same way: sums of first coefficients,
//! and the two factors that all entries are products of. Must not know circuits.

use std::collections::HashMap;
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::{One, Signed};

use super::sums::{List, product_at};

/// Sums of the first entries of rows: after each number of entries, one for each row.
#[derive(Clone, Debug)]
pub(super) enum FirstSums {
    /// All fit 64 bits.
    Small(Arc<[i64]>),
    /// Of any size.
    Big(Arc<[BigInt]>),
}

/// What the bits along two axes are worth, if the entries are their products.
pub(super) type Worths = Option<Arc<[Vec<BigInt>; 2]>>;

/// A list by where it lies, and places in it.
type Key = (usize, Vec<i64>);

/// Everything read so far.
#[derive(Debug, Default)]
pub(super) struct Shared {
    sums: HashMap<Key, Option<FirstSums>>,
    worths: HashMap<Key, Worths>,
}

/// Most sums kept for one term; of big ones fewer.
const MOST_SUMS: usize = 1 << 25;
const MOST_BIG_SUMS: usize = 1 << 19;

impl List {
    fn key(&self, places: Vec<i64>) -> Option<Key> {
        match self {
            Self::Ones => None,
            Self::Small(list) => Some((list.as_ptr().addr(), places)),
            Self::Big(list) => Some((list.as_ptr().addr(), places)),
            Self::Products([a, b]) => Some((a.as_ptr().addr(), [&places[..], &[b.as_ptr().addr() as i64]].concat())),
        }
    }
}

impl Shared {
    /// The sums of the first 0 to `count` entries that stand `step` apart from each of these places on.
    pub fn first_sums(&mut self, list: &List, starts: Vec<i64>, step: i64, count: usize) -> Option<FirstSums> {
        let places = starts.iter().copied().chain([step, count as i64]).collect();
        let made = self.sums.entry(list.key(places)?);
        made.or_insert_with(|| first_sums(list, &starts, step, count)).clone()
    }

    /// The factors of the entries at `base + row * a + column * b`.
    pub fn worths(&mut self, list: &List, base: i64, (rows, row): (u64, i64), (columns, column): (u64, i64)) -> Worths {
        let places = vec![base, rows as i64, row, columns as i64, column];
        let at = |a: u64, b: u64| (base + row * a as i64 + column * b as i64) as usize;
        let made = self.worths.entry(list.key(places)?);
        made.or_insert_with(|| match list {
            List::Ones => None,
            List::Small(list) => worths(rows, columns, |a, b| list[at(a, b)].into()),
            List::Big(list) => worths(rows, columns, |a, b| list[at(a, b)].clone()),
            List::Products(factors) => worths(rows, columns, |a, b| product_at(factors, at(a, b))),
        })
        .clone()
    }
}

fn first_sums(list: &List, starts: &[i64], step: i64, count: usize) -> Option<FirstSums> {
    let all = starts.len().checked_mul(count + 1)?;
    let place = |gate: usize, start: &i64| (start + step * gate as i64) as usize;
    match list {
        List::Small(list) if all <= MOST_SUMS => {
            let mut sums = vec![0i64; starts.len()];
            sums.reserve(all);
            for gate in 0..count {
                for start in starts {
                    sums.push(sums[sums.len() - starts.len()].checked_add(list[place(gate, start)])?);
                }
            }
            Some(FirstSums::Small(sums.into()))
        }
        List::Big(list) if all <= MOST_BIG_SUMS => {
            Some(big_sums(starts, count, |gate, start| list[place(gate, start)].clone()))
        }
        List::Products(factors) if all <= MOST_BIG_SUMS => {
            Some(big_sums(starts, count, |gate, start| product_at(factors, place(gate, start))))
        }
        _ => None,
    }
}

fn big_sums(starts: &[i64], count: usize, entry: impl Fn(usize, &i64) -> BigInt) -> FirstSums {
    let mut sums = vec![BigInt::ZERO; starts.len()];
    for gate in 0..count {
        for start in starts {
            sums.push(&sums[sums.len() - starts.len()] + entry(gate, start));
        }
    }
    FirstSums::Big(sums.into())
}

fn worths(rows: u64, columns: u64, at: impl Fn(u64, u64) -> BigInt) -> Worths {
    let corner = at(0, 0);
    let first: Vec<BigInt> = (0..rows).map(|a| at(a, 0) * &corner).collect();
    let second: Vec<BigInt> = (0..columns).map(|b| at(0, b)).collect();
    let product = |a: u64, b: u64| &first[a as usize] * &second[b as usize];
    let all = corner.abs().is_one() && (0..rows).all(|a| (0..columns).all(|b| at(a, b) == product(a, b)));
    all.then(|| Arc::new([first, second]))
}
