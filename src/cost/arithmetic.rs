//! The table of the arithmetic model: operations on reals with at most two operands, each at cost one; must not know bits.
//!
//! The rules are those by which arXiv 2603.09786 bounds opaque serial depth, applied to the operations of a tensor graph in
//! the order frameworks run them; keys beyond a sliding window cost nothing. `d` is the length of the last axis, `k` the most
//! keys of a query, `log` is `ceil(log2)`.
//!
//! | operation | depth | operations |
//! |---|---|---|
//! | input, constant, row of a table, mask, last position, reshape, sign, rounding, clamp | 0 | 0 |
//! | sum, product, rows added, a scale, any univariate function | 1 | 1 an element |
//! | sum or maximum over n | log n | n - 1 |
//! | linear map of n features | 1 + log n, and 1 for a bias | n products, n - 1 sums, a bias |
//! | rotation | 2 | 3 a rotated feature |
//! | centring | log d + 2 | 2d a row |
//! | norm | log d + 5, and 1 each for gain and bias; 1 less without a mean | 3d + 2 a row, and d each; 1 less |
//! | products q.k | 1 + log d | 2d - 1 a pair |
//! | softmax | log k + 2, and 1 each for scale and cap; a sink is one key more in the sum | 2 a pair, and 1 each; a sum a pair but the first |
//! | average of values | 1 + log k | a product a pair; a sum a pair but the first |
//! | argmax | log d | d - 1 comparisons a row |
//! | greatest of m | 2 + log (m - 1) | m (m - 1)/2 comparisons, m - 2 sums of wins and a comparison for each |
//! | table of weights, quotient | 1 | 1 an element |
//! | products where chosen, of n stored values | n | n an element |
//!
//! A softmax average is the softmax and then the average: no greatest score is subtracted, for scores are clamped.

use num_traits::One;

use super::Cost;
use super::keys::{Keys, negative};
use super::site::Site;
use crate::expr::Expr;
use crate::number::Function;
use crate::tensor::{Attended, Op, Scores};

/// The cost of an operation: one arm for each, so that none is free unless it says so here.
pub(in crate::cost) fn cost(site: &Site<'_>) -> Cost {
    match &site.node.op {
        Op::Tokens { .. } | Op::Last | Op::Port(_) | Op::Number(_) | Op::Given(_) => Cost::default(),
        Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape | Op::Concat(_) => Cost::default(),
        Op::Scale(factor) => elementwise(site, u64::from(!factor.numer().magnitude().is_one() || !factor.is_integer())),
        Op::Weigh(_) => elementwise(site, 1),
        Op::Sum(axis) | Op::Max(axis) => {
            let length = Expr::constant(site.shape(0)[*axis].value);
            Cost { depth: length.ceil_log2(), count: less_one(&length) }.times(&site.elements())
        }
        Op::Embed { scale, .. } => elementwise(site, u64::from(scale.is_some())),
        Op::AddRows { .. } | Op::Distances { .. } | Op::Add | Op::Product => elementwise(site, 1),
        Op::Store { function, .. } => elementwise(site, u64::from(*function != Function::Identity)),
        Op::Linear { weight, bias, .. } => {
            products(site.param_shape(*weight)[1], bias.is_some()).times(&site.elements())
        }
        Op::Rotate { features, .. } => Cost::new(2, Expr::constant(3 * *features)).times(&site.rows()),
        Op::Centre => centre(site.last()).times(&site.rows()),
        Op::Normalise { unit, gain, bias, .. } => {
            norm(site.last(), *unit, gain.is_some(), bias.is_some()).times(&site.rows())
        }
        Op::Dot(_) => products(site.last_of(0), false).times(&site.elements()),
        Op::Attend(scores, attended) => softmax(site, scores, *attended).then(&mix(site, *attended)),
        Op::Softmax(scores, attended, _) => softmax(site, scores, *attended),
        Op::Mix(attended) => mix(site, *attended),
        Op::Argmax => {
            let length = Expr::constant(site.last());
            Cost { depth: length.ceil_log2(), count: less_one(&length) }.times(&site.rows())
        }
        Op::Top { from, .. } => greatest(site.inner(*from)).times(&site.outer(*from)),
        Op::Positive(_) | Op::Quotient(_) => elementwise(site, 1),
        Op::Chosen => elementwise(site, site.operands.len() as u64 - 1),
    }
}

/// Each against each, the wins of each added up, and compared with a constant.
fn greatest(entries: u64) -> Cost {
    if entries < 2 {
        return Cost::default();
    }
    let rivals = Expr::constant(entries - 1);
    let depth = &rivals.ceil_log2() + &Expr::constant(2);
    let pairs = u128::from(entries) * u128::from(entries - 1) / 2;
    let sums = u128::from(entries) * u128::from(entries - 1);
    Cost { depth, count: Expr::constant(pairs + sums) }
}

/// This many operations an element, one after the other.
fn elementwise(site: &Site<'_>, operations: u64) -> Cost {
    Cost::new(operations, Expr::constant(operations)).times(&site.elements())
}

/// The sum of `terms` products, and perhaps of one more term.
fn products(terms: u64, bias: bool) -> Cost {
    let (terms, bias) = (Expr::constant(terms), u64::from(bias));
    let depth = &terms.ceil_log2() + &Expr::constant(1 + bias);
    Cost { depth, count: &(&terms + &less_one(&terms)) + &Expr::constant(bias) }
}

/// The sum, its quotient by the length, and the differences.
fn centre(length: u64) -> Cost {
    let length = Expr::constant(length);
    Cost { depth: &length.ceil_log2() + &Expr::constant(2), count: &length + &length }
}

/// Squares, their sum, its quotient by the length unless rows become unit ones, epsilon, one over the root, the product with it; then
/// gain and bias.
fn norm(length: u64, unit: bool, gain: bool, bias: bool) -> Cost {
    let (length, more) = (Expr::constant(length), u64::from(gain) + u64::from(bias));
    let mean = u64::from(!unit);
    let depth = &length.ceil_log2() + &Expr::constant(4 + mean + more);
    Cost { depth, count: &(&length * &Expr::constant(3 + more)) + &Expr::constant(1 + mean) }
}

/// The exponentials of scores, scaled and capped, over their sum.
fn softmax(site: &Site<'_>, scores: &Scores, attended: Attended) -> Cost {
    let Keys { most, pairs, queries } = site.keys(attended);
    let each = 2 + u64::from(!scores.scale_squared.is_one()) + u64::from(scores.softcap.is_some());
    let sinks = Expr::constant(u64::from(scores.sinks.is_some()));
    let sums = &pairs + &(&negative(&queries) + &(&queries * &sinks));
    let count = &(&pairs * &Expr::constant(each)) + &sums;
    Cost { depth: &(&most + &sinks).ceil_log2() + &Expr::constant(each), count }.times(&site.heads())
}

/// The sum over keys of products with the features of values.
fn mix(site: &Site<'_>, attended: Attended) -> Cost {
    let Keys { most, pairs, queries } = site.keys(attended);
    let sums = &pairs + &negative(&queries);
    let features = Expr::constant(site.last_of(1));
    Cost { depth: &most.ceil_log2() + &Expr::constant(1), count: &pairs + &sums }.times(&(&site.heads() * &features))
}

fn less_one(expr: &Expr) -> Expr {
    expr + &Expr::constant(-1)
}
