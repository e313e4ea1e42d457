//! The meaning of choosing among experts: the greatest scores, their weights, products where chosen, quotients; knows nothing of circuits.

use num_traits::{One, Zero};

use super::{Tensor, exponential, round, weight, whole};
use crate::number::{Format, Rational};
use crate::tensor::{Graph, Scores};

/// Ones at the `count` greatest of all values from an axis on, the first of equal ones.
pub(super) fn top(x: &Tensor, count: usize, from: usize) -> Vec<Rational> {
    let length = x.shape[from..].iter().product();
    x.values.chunks(length).flat_map(|values| greatest(values, count)).collect()
}

fn greatest(values: &[Rational], count: usize) -> Vec<Rational> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Stable: equal values stay in order.
    order.sort_by(|a, b| values[*b].cmp(&values[*a]));
    let mut chosen = vec![Rational::zero(); values.len()];
    order.into_iter().take(count).for_each(|place| chosen[place] = Rational::one());
    chosen
}

/// Products of all operands, the first of which is zeros and ones.
pub(super) fn chosen(operands: &[&Tensor]) -> Vec<Rational> {
    let product = |place: usize| operands.iter().map(|operand| &operand.values[place]).product();
    (0..operands[0].values.len()).map(product).collect()
}

/// Each element over the one that its first axes name.
pub(super) fn quotient(a: &Tensor, b: &Tensor, format: Format) -> Vec<Rational> {
    let width = a.values.len() / b.values.len().max(1);
    let over = |(place, value): (usize, &Rational)| round(&(value / &b.values[place / width]), format);
    debug_assert!(b.values.iter().all(|value| value > &whole(0)), "quotients are by positive values");
    a.values.iter().enumerate().map(over).collect()
}

/// Entries of the sinks, which are not scaled: none where there are none.
pub(super) fn sinks(graph: &Graph, scores: &Scores) -> Option<Vec<Rational>> {
    let Some(sinks) = scores.sinks else { return Some(Vec::new()) };
    let plain = Scores { scale_squared: Rational::one(), softcap: None, ..scores.clone() };
    let entry = |head: usize| Some(exponential(&weight(graph, sinks, head)?, &plain));
    (0..graph.param(sinks).len()).map(entry).collect()
}
