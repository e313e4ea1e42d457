//! Balances: two multisets of assignments with equal sums, which no threshold gate tells apart; must not know circuits or solvers.
//!
//! A balance gives each assignment `a` an integer `c_a`, with `sum c_a = 0` and `sum c_a a = 0` in every input. Take a gate
//! `F = [w.z >= t]` over signals `z`, and suppose `sum c_a z(a) = 0` for each signal it reads. Then `F` is not 1 wherever `c_a > 0`
//! and 0 wherever `c_a < 0`: of `sum c_a (w.z(a) - t) = 0`, the former terms would be `>= 0` and the latter `> 0`, and there is
//! one of the latter. This holds for all real weights. It is the summability of Elgot 1961 and Chow 1961.

/// Integers on assignments with every sum zero, the first of them positive.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Balance {
    terms: Vec<(usize, i64)>,
}

impl Balance {
    /// The balance of these terms over so many inputs; none if it is not one.
    pub fn new(inputs: usize, mut terms: Vec<(usize, i64)>) -> Option<Self> {
        terms.sort_unstable();
        let distinct = terms.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let inside = terms.iter().all(|(at, count)| *at < 1 << inputs && *count != 0 && count.abs() < MOST);
        let sum = |counted: &dyn Fn(usize) -> bool| -> i64 {
            terms.iter().filter(|(at, _)| counted(*at)).map(|(_, count)| count).sum()
        };
        let even = inside && sum(&|_| true) == 0 && (0..inputs).all(|input| sum(&|at| at >> input & 1 == 1) == 0);
        if terms.is_empty() || !distinct || !even {
            return None;
        }
        if terms[0].1 < 0 {
            terms.iter_mut().for_each(|(_, count)| *count = -*count);
        }
        Some(Self { terms })
    }

    /// Assignments in ascending order, each with its integer.
    pub fn terms(&self) -> &[(usize, i64)] {
        &self.terms
    }
}

/// Integers of a balance are smaller than this, so that no sum of 32 overflows.
const MOST: i64 = 1 << 50;

/// All balances of two assignments against two others: a function is 2-asummable if no gate of its inputs alone meets one.
pub fn pairs(inputs: usize) -> Vec<Balance> {
    let mut found = Vec::new();
    for low in 0..1_usize << inputs {
        for high in low + 1..1 << inputs {
            // The same sum is the same bitwise AND and OR.
            let rivals = (low + 1..1 << inputs).flat_map(|a| (a + 1..1 << inputs).map(move |b| (a, b)));
            let equal = rivals.filter(|(a, b)| (a & b, a | b) == (low & high, low | high));
            found.extend(equal.filter_map(|(a, b)| Balance::new(inputs, vec![(low, 1), (high, 1), (a, -1), (b, -1)])));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_sums_are_balances() {
        let exclusive_or = Balance::new(2, vec![(1, -1), (2, -1), (0, 1), (3, 1)]).unwrap();
        assert_eq!(exclusive_or.terms(), [(0, 1), (1, -1), (2, -1), (3, 1)]);
        assert_eq!(Balance::new(2, vec![(1, 1), (2, 1), (0, -1), (3, -1)]), Some(exclusive_or));
        for terms in [vec![], vec![(0, 1), (1, -1)], vec![(0, 1), (0, -1)], vec![(0, 1), (5, -1)], vec![(0, 0)]] {
            assert_eq!(Balance::new(2, terms), None);
        }
        let huge = vec![(0, i64::MAX), (3, i64::MAX), (1, -i64::MAX), (2, -i64::MAX)];
        assert_eq!(Balance::new(2, huge), None);
    }

    /// Threshold functions of up to 4 variables: 4, 14, 104, 1882 (Muroga, Toda and Takasu 1961). Each is 2-asummable, so equal
    /// counts say that weights up to 1, 1, 2, 3 make all of them, and that nothing else is 2-asummable.
    #[test]
    fn two_asummable_functions_of_four_inputs_are_those_of_small_weights() {
        for (inputs, count) in [(1, 4), (2, 14), (3, 104), (4, 1882)] {
            let balances = pairs(inputs);
            let on = |function: u32, terms: &[(usize, i64)], side: i64| {
                terms.iter().all(|(at, c)| (function >> at & 1 == 1) == (c * side > 0))
            };
            let asummable = (0..1_u64 << (1 << inputs)).filter(|function| {
                let function = *function as u32;
                balances.iter().all(|b| !on(function, b.terms(), 1) && !on(function, b.terms(), -1))
            });
            assert_eq!(asummable.count(), count, "{inputs} inputs");
        }
    }
}
