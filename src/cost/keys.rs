//! How many keys queries attend to: the most, and over all queries; must not know what they cost.

use num_bigint::BigInt;

use crate::expr::{Expr, Size};
use crate::number::Rational;
use crate::tensor::Attended;

/// Counts of keys, exact for every length of the axis.
#[derive(Clone, Debug)]
pub(in crate::cost) struct Keys {
    /// Those of the query that has most.
    pub most: Expr,
    /// Pairs of a query and a key.
    pub pairs: Expr,
    /// Queries.
    pub queries: Expr,
}

impl Keys {
    pub fn new(axis: &Size, attended: Attended) -> Self {
        let (n, length) = (axis.expr(), axis.expr());
        let half = Rational::new(1.into(), 2.into());
        let (most, pairs) = match (attended.causal, attended.window) {
            (true, None) => (n.clone(), (&(&n * &n) + &n).scaled(&half)),
            (false, None) => (n.clone(), &n * &n),
            (true, Some(window)) => {
                let near = n.at_most(window);
                let corner = (&near + &negative(&(&near * &near))).scaled(&half);
                (near.clone(), &(&n * &near) + &corner)
            }
            (false, Some(window)) => {
                let near = n.at_most(window);
                let both = (&n * &near).scaled(&Rational::from_integer(BigInt::from(2)));
                let rest = &near + &negative(&(&n + &(&near * &near)));
                (n.at_most(window.saturating_mul(2).saturating_sub(1)), &both + &rest)
            }
        };
        Self { most, pairs, queries: length }
    }
}

/// `-expr`.
pub(in crate::cost) fn negative(expr: &Expr) -> Expr {
    expr.scaled(&Rational::from_integer((-1).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_equal_enumeration() {
        for causal in [true, false] {
            for window in [None, Some(1), Some(2), Some(3), Some(7), Some(100)] {
                let attended = Attended { causal, window };
                let keys = Keys::new(&Size::free(&"n".into(), 1), attended);
                for n in 1..=64u64 {
                    let rows: Vec<u64> =
                        (0..n).map(|i| (0..n).filter(|j| attended.allows(i, *j)).count() as u64).collect();
                    assert_eq!(keys.pairs.value(|_| n), rows.iter().sum::<u64>().into(), "{attended:?} at {n}");
                    assert_eq!(
                        keys.most.value(|_| n),
                        rows.iter().max().copied().unwrap().into(),
                        "{attended:?} at {n}"
                    );
                }
            }
        }
    }
}
