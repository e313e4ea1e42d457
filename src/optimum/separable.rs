//! Whether a gate over given signals can compute a function: exact linear programming with a proof either way; must not know circuits or
//! solvers.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::balance::Balance;
use super::table::input_masks;
use crate::number::Rational;

/// A gate `[sum of weights * signals >= threshold]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separator {
    /// A weight a signal.
    pub weights: Vec<i64>,
    /// The threshold.
    pub threshold: i64,
}

/// Weights for which a gate over the signals is `target` on every assignment, or a balance that shows there are none. The first `inputs`
/// signals must be the inputs themselves; each signal is a mask over assignments.
///
/// By Gordan's theorem either some `v` has `v.p > 0` for all points `p = s(a) (1, z(a))`, with `s` the sign of the target, or some
/// `c >= 0`, not all zero, has `sum c_a p_a = 0`. Phase one of the simplex method on the latter, with `sum c_a = 1`, finds one or, as its
/// dual, the other. None of either only if integers do not fit 64 bits.
pub fn separate(inputs: usize, signals: &[u32], target: u32) -> Option<Result<Separator, Balance>> {
    let sign = |at: usize| if target >> at & 1 == 1 { 1_i64 } else { -1 };
    let point = |at: usize| -> Vec<i64> {
        let signals = signals.iter().map(|mask| sign(at) * i64::from(mask >> at & 1));
        [sign(at)].into_iter().chain(signals).collect()
    };
    match (Tableau::new((0..1 << inputs).map(point).collect())).solve() {
        Ok(direction) => {
            let whole = integers(&direction)?;
            Some(Ok(Separator { threshold: -whole[0], weights: whole[1..].to_vec() }.reduced()))
        }
        Err(combination) => {
            let whole = integers(&combination)?;
            let terms = (0..1 << inputs).map(|at| (at, sign(at) * whole[at])).filter(|(_, count)| *count != 0);
            Some(Err(Balance::new(inputs, terms.collect())?))
        }
    }
}

impl Separator {
    /// The values of the gate over these signals, as a mask.
    pub fn values(&self, inputs: usize, signals: &[u32]) -> u32 {
        let sum = |at: usize| -> i128 {
            let on = self.weights.iter().zip(signals).filter(|(_, mask)| *mask >> at & 1 == 1);
            on.map(|(weight, _)| i128::from(*weight)).sum()
        };
        (0..1 << inputs).fold(0, |mask, at| mask | u32::from(sum(at) >= self.threshold.into()) << at)
    }

    /// The same gate with its weights divided by what divides them all: sums are multiples of it, so the threshold is rounded up.
    pub fn reduced(mut self) -> Self {
        let divisor = self.weights.iter().fold(0, |all: i64, weight| all.gcd(weight));
        if divisor > 1 {
            self.weights.iter_mut().for_each(|weight| *weight /= divisor);
            self.threshold = Integer::div_ceil(&self.threshold, &divisor);
        }
        self
    }

    /// The largest absolute weight.
    pub fn largest(&self) -> u64 {
        self.weights.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0)
    }
}

/// The least multiple that is integer.
fn integers(values: &[Rational]) -> Option<Vec<i64>> {
    let denominator = values.iter().fold(BigInt::one(), |all, value| all.lcm(value.denom()));
    let scaled: Vec<BigInt> = values.iter().map(|value| value.numer() * (&denominator / value.denom())).collect();
    let divisor = scaled.iter().fold(BigInt::zero(), |all, value| all.gcd(value)).max(BigInt::one());
    scaled.iter().map(|value| (value / &divisor).to_i64()).collect()
}

/// `sum c_a p_a = 0, sum c_a = 1, c >= 0` with an artificial variable a row, in the basis the simplex method is at.
struct Tableau {
    /// Row by row: a column a point, a column a row's artificial variable, the right-hand side.
    rows: Vec<Vec<Rational>>,
    /// Reduced costs of the sum of artificial variables.
    costs: Vec<Rational>,
    /// The variable of each row.
    basis: Vec<usize>,
    points: usize,
}

impl Tableau {
    fn new(points: Vec<Vec<i64>>) -> Self {
        let count = points.len();
        let height = points[0].len() + 1;
        let whole = |value: i64| Rational::from_integer(value.into());
        let entry = |row: usize, column: usize| match column {
            _ if column < count => points[column].get(row).copied().unwrap_or(1),
            _ if column < count + height => i64::from(column - count == row),
            _ => i64::from(row + 1 == height),
        };
        let width = count + height + 1;
        let rows: Vec<Vec<Rational>> =
            (0..height).map(|row| (0..width).map(|column| whole(entry(row, column))).collect()).collect();
        let cost = |column: usize| {
            let sum: i64 = (0..height).map(|row| entry(row, column)).sum();
            whole(i64::from((count..count + height).contains(&column)) - sum)
        };
        let costs = (0..width).map(cost).collect();
        Self { rows, costs, basis: (count..count + height).collect(), points: count }
    }

    /// `v` with `v.p > 0` for all points, or the combination that vanishes. Bland's rule, so it ends.
    fn solve(mut self) -> Result<Vec<Rational>, Vec<Rational>> {
        while let Some(column) = (0..self.points).find(|column| self.costs[*column].is_negative()) {
            let Some(row) = self.leaving(column) else { break };
            self.pivot(row, column);
        }
        let last = self.costs.len() - 1;
        if self.costs[last].is_zero() { Err(self.combination()) } else { Ok(self.direction()) }
    }

    /// The row with the least ratio, of those the least variable.
    fn leaving(&self, column: usize) -> Option<usize> {
        let last = self.costs.len() - 1;
        let able = (0..self.rows.len()).filter(|row| self.rows[*row][column].is_positive());
        let ratio = |row: usize| &self.rows[row][last] / &self.rows[row][column];
        able.min_by(|a, b| ratio(*a).cmp(&ratio(*b)).then(self.basis[*a].cmp(&self.basis[*b])))
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let factor = self.rows[row][column].clone();
        self.rows[row].iter_mut().filter(|value| !value.is_zero()).for_each(|value| *value /= &factor);
        let pivot = self.rows[row].clone();
        let clear = |values: &mut Vec<Rational>| {
            let factor = values[column].clone();
            let changed = values.iter_mut().zip(&pivot).filter(|(_, by)| !factor.is_zero() && !by.is_zero());
            changed.for_each(|(value, by)| *value -= &factor * by);
        };
        self.rows.iter_mut().enumerate().filter(|(other, _)| *other != row).for_each(|(_, values)| clear(values));
        clear(&mut self.costs);
        self.basis[row] = column;
    }

    /// The coefficients of the points.
    fn combination(&self) -> Vec<Rational> {
        let mut values = vec![Rational::zero(); self.points];
        for (row, variable) in self.basis.iter().enumerate().filter(|(_, variable)| **variable < self.points) {
            values[*variable] = self.rows[row][self.costs.len() - 1].clone();
        }
        values
    }

    /// Minus the dual: an artificial variable's reduced cost is 1 less the dual of its row.
    fn direction(&self) -> Vec<Rational> {
        (0..self.rows.len() - 1).map(|row| &self.costs[self.points + row] - Rational::one()).collect()
    }
}

/// The weights up to which every threshold function of that many inputs is made (the tests find them): more change nothing for gates of
/// inputs alone.
pub const COMPLETE: [u64; 5] = [1, 1, 2, 3, 5];

/// The gate of inputs alone with the least largest weight, at most `most`, that computes the function, if there is one.
pub fn threshold_function(inputs: usize, target: u32, most: Option<u32>) -> Option<Separator> {
    let complete = COMPLETE[inputs - 1] as i64;
    let most = most.map_or(complete, |most| complete.min(most.into()));
    (0..=most).find_map(|size| with_weights(inputs, target, &mut Vec::new(), size))
}

fn with_weights(inputs: usize, target: u32, weights: &mut Vec<i64>, size: i64) -> Option<Separator> {
    if weights.len() < inputs {
        return (-size..=size).find_map(|weight| {
            weights.push(weight);
            let found = with_weights(inputs, target, weights, size);
            weights.pop();
            found
        });
    }
    let sum = |at: usize| -> i64 { weights.iter().enumerate().map(|(i, w)| w * (at >> i & 1) as i64).sum() };
    let (mut least_on, mut most_off) = (i64::MAX, i64::MIN);
    for at in 0..1 << inputs {
        if target >> at & 1 == 1 {
            least_on = least_on.min(sum(at));
        } else {
            most_off = most_off.max(sum(at));
        }
        if most_off >= least_on {
            return None;
        }
    }
    let threshold = if least_on == i64::MAX { most_off + 1 } else { least_on };
    Some(Separator { weights: weights.clone(), threshold })
}

/// The inputs and these other signals, as [`separate`] takes them.
pub fn gate_signals(inputs: usize, lower: impl IntoIterator<Item = u32>) -> Vec<u32> {
    input_masks(inputs).into_iter().chain(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every function that weights up to `most` make, by trying all weights and thresholds.
    fn functions(inputs: usize, most: i64) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        for code in 0..(2 * most + 1).pow(inputs as u32) {
            let weight = |input: usize| code / (2 * most + 1).pow(input as u32) % (2 * most + 1) - most;
            let sums: Vec<i64> = (0..1_usize << inputs)
                .map(|at| (0..inputs).filter(|input| at >> input & 1 == 1).map(weight).sum())
                .collect();
            for threshold in sums.iter().copied().chain([i64::MAX]) {
                found.insert(sums.iter().enumerate().fold(0, |f, (at, sum)| f | u32::from(*sum >= threshold) << at));
            }
        }
        found
    }

    #[test]
    fn small_weights_make_every_threshold_function_of_four_inputs() {
        for (inputs, count) in [(1, 4), (2, 14), (3, 104), (4, 1882)] {
            let most = COMPLETE[inputs - 1] as i64;
            assert_eq!(functions(inputs, most).len(), count);
            assert!(functions(inputs, most - 1).len() < count, "a smaller bound is not complete");
        }
    }

    #[test]
    #[ignore = "94,572 functions of five inputs: a minute without optimisation"]
    fn small_weights_make_every_threshold_function_of_five_inputs() {
        assert_eq!(functions(5, COMPLETE[4] as i64).len(), 94_572);
        assert!(functions(5, COMPLETE[4] as i64 - 1).len() < 94_572);
    }

    #[test]
    fn linear_programming_and_all_weights_agree_on_three_inputs() {
        let able = functions(3, 2);
        for target in 0..256 {
            match separate(3, &input_masks(3), target).unwrap() {
                Ok(gate) => assert!(able.contains(&target) && gate.values(3, &input_masks(3)) == target),
                Err(balance) => {
                    assert!(!able.contains(&target));
                    let side = |at: usize| if target >> at & 1 == 1 { 1 } else { -1 };
                    let first = side(balance.terms()[0].0);
                    assert!(balance.terms().iter().all(|(at, c)| c.signum() == first * side(*at)));
                }
            }
            assert_eq!(threshold_function(3, target, None).is_some(), able.contains(&target));
        }
    }

    #[test]
    fn gates_that_read_gates_are_found_too() {
        let inputs = input_masks(4);
        let sum = |at: u32| at.count_ones();
        let mask = |f: &dyn Fn(u32) -> bool| (0..16).fold(0, |mask, at| mask | u32::from(f(at)) << at);
        let parity = mask(&|at| sum(at) % 2 == 1);
        let signals = gate_signals(4, [mask(&|at| sum(at) >= 2), mask(&|at| sum(at) >= 4)]);
        let gate = separate(4, &signals, parity).unwrap().unwrap();
        assert_eq!(gate.values(4, &signals), parity);
        assert!(separate(4, &signals[..5], parity).unwrap().is_err() && separate(4, &inputs, parity).unwrap().is_err());
    }
}
