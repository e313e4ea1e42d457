//! Bands of pairs of positions (causal masks, sliding windows) and exact counts of their points.

use num_traits::One;

use super::Size;
use crate::expr::{Dim, Expr};
use crate::number::Rational;

/// The pairs (query, key) with key <= query if `causal`, and |query - key| < `window` if set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// The axis of the query.
    pub query: usize,
    /// The axis of the key, of the same length.
    pub key: usize,
    /// Keys after the query are left out.
    pub causal: bool,
    /// Keys this far or farther are left out.
    pub window: Option<u64>,
}

impl Band {
    /// The keys of one query: from the first up to (not with) the second.
    pub fn keys(&self, query: u64, len: u64) -> (u64, u64) {
        let first = self.window.map_or(0, |window| (query + 1).saturating_sub(window));
        let last = match (self.causal, self.window) {
            (true, _) => query + 1,
            (false, Some(window)) => query.saturating_add(window).min(len),
            (false, None) => len,
        };
        (first, last)
    }

    /// Whether the pair at these coordinates belongs to it.
    pub fn holds(&self, at: &[u64], len: u64) -> bool {
        let (first, last) = self.keys(at[self.query], len);
        (first..last).contains(&at[self.key])
    }

    /// The least and greatest number of keys a query has.
    pub(in crate::circuit) fn keys_per_query(&self, len: u64) -> (u64, u64) {
        match (self.causal, self.window) {
            (true, window) => (1.min(len), window.map_or(len, |window| window.min(len))),
            (false, Some(window)) => (window.min(len), window.saturating_mul(2).saturating_sub(1).min(len)),
            (false, None) => (len, len),
        }
    }

    /// How many pairs there are, as a polynomial in the length.
    pub(in crate::circuit) fn pairs(&self, size: &Size) -> Expr {
        let n = size.expr();
        let half = Rational::new(One::one(), 2.into());
        let square = &n * &n;
        let inside = self.window.is_none_or(|window| window >= size.value);
        let full = if self.causal { (&square + &n).scaled(&half) } else { square };
        let Some(window) = self.window else { return full };
        if inside {
            return restrict(full, size.dim.as_ref(), 0, window);
        }
        let w = num_bigint::BigInt::from(window);
        let (slope, minus) = if self.causal {
            (w.clone(), Rational::new(&w * (&w - 1), 2.into()))
        } else {
            (&w * 2 - 1, Rational::from_integer(&w * (&w - 1)))
        };
        let banded = &n.scaled(&Rational::from_integer(slope)) + &Expr::constant(1).scaled(&-minus);
        restrict(banded, size.dim.as_ref(), window, u64::MAX)
    }
}

fn restrict(expr: Expr, dim: Option<&Dim>, low: u64, high: u64) -> Expr {
    match dim {
        Some(name) => expr.within(name, low, high),
        None => expr,
    }
}

/// How many points a box has, restricted to a band.
pub(in crate::circuit) fn points(sizes: &[Size], band: Option<&Band>) -> Expr {
    let Some(band) = band else { return Size::product(sizes) };
    let others = sizes.iter().enumerate().filter(|(axis, _)| *axis != band.query && *axis != band.key);
    &band.pairs(&sizes[band.query]) * &Size::product(others.map(|(_, size)| size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_equal_enumeration() {
        let name: Dim = "context".into();
        for causal in [true, false] {
            for window in [None, Some(1), Some(2), Some(3), Some(5), Some(9)] {
                let band = Band { query: 0, key: 1, causal, window };
                for n in 1..12u64 {
                    let pairs = band.pairs(&Size::free(&name, n));
                    let allowed = |i: u64, j: u64| (!causal || j <= i) && window.is_none_or(|w| i.abs_diff(j) < w);
                    let rows: Vec<u64> = (0..n).map(|i| (0..n).filter(|j| allowed(i, *j)).count() as u64).collect();
                    assert_eq!(pairs.value(|_| n), rows.iter().sum::<u64>().into(), "{band:?} at {n}");
                    let ends = (*rows.iter().min().unwrap(), *rows.iter().max().unwrap());
                    assert_eq!(band.keys_per_query(n), ends, "{band:?} at {n}");
                    for i in 0..n {
                        for j in 0..n {
                            assert_eq!(band.holds(&[i, j], n), allowed(i, j));
                        }
                    }
                }
            }
        }
    }
}
