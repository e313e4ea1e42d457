//! The table of threshold gates, for sums whose partial sums are rounded; must not know how gates are made.
//!
//! Layers and gates are those of the strategy `depth`, with every level of a format for each store, whatever the ranges: depth
//! is that of the circuit. Products may share the layer of a store (`cost::sharing`). `b` is the width of a value in bits, `L` the
//! levels of a format less one, `A` those of partial sums, `T` the changes of the table of exponentials, `k` the keys, `d` the length of the last axis; `sum(n)` is what adding up n terms costs:
//!
//! | policy | layers | roundings |
//! |---|---|---|
//! | exact | 0 | 0 |
//! | tree(k) | ceil(log_k(n)) | of n terms `ceil(n/k)`, then the same of these |
//! | sequential | n - 1 | n - 1 |
//! | blocked(k), m = ceil(n/k) blocks | min(k, n) - 1 + m - 1 | m (min(k, n) - 1) + m - 1 |
//!
//! | operation | layers | gates |
//! |---|---|---|
//! | input, constant, reshape, scale, sum of two, rotation, scores by distance, last position | 0 | 0 |
//! | row of a table by a token | 1 | rows less one a token |
//! | store | 1 | L an element; 2L where the function turns |
//! | sum, linear map of n features, centring | sum(n) | A a rounding |
//! | join of stored values | 0; 1 where some are inputs | L an element of these |
//! | norm | sum(d) + 1; of inputs sum(d) + 2 | L an element, A a rounding; of inputs 2 b^2 an element more |
//! | product; product where chosen, of one or two factors | 1 | b^2 an element; b or b^2; of a factor that is stored, and may share the layer of the product, (L + 1) b if that is more |
//! | greatest of d | 2 | d^2 + d a row |
//! | entry of the table of exponentials; quotient | 1 | T an element; L an element |
//! | products q.k | 1 + sum(d) | b^2 a feature, A a rounding |
//! | softmax average | 1 + sum(k) + 1 | T (b + 1) a pair and feature, A a rounding, L an element |
//! | softmax; average of values | 1 + sum(k) + 1; 1 + sum(k) | T and L a pair, A a rounding; b^2 a pair and feature, A a rounding |
//! | maximum; argmax of d | 1, of inputs 2; 2 | L an element, and of inputs L an element of these; d^2 + d a row |

use num_bigint::BigInt;

use super::Cost;
use super::site::{Site, Stored};
use crate::expr::Expr;
use crate::number::{Accumulation, Format, Policy, Rational};
use crate::tensor::{Attended, Op, Scores};

/// The cost of an operation, with that of reading the bits of inputs where it needs levels.
pub(in crate::cost) fn cost(site: &Site<'_>) -> Cost {
    match &site.node.op {
        Op::Concat(_) | Op::Max(_) if site.is_stored() => levels_of_inputs(site, levels).then(&own(site)),
        // Squares of bits are products of two, and of these with the sign.
        Op::Normalise { .. } => levels_of_inputs(site, |format| 2 * u64::from(format.width()).pow(2)).then(&own(site)),
        _ => own(site),
    }
}

/// A layer before the operation where operands are inputs, which are bits; so many gates an element of each.
fn levels_of_inputs(site: &Site<'_>, gates: impl Fn(Format) -> u64) -> Cost {
    let mut cost = Cost::default();
    for operand in 0..site.operands.len() {
        if let Some(format) = site.input(operand) {
            let count = &constant(gates(format)) * &site.size(operand);
            cost = Cost { depth: Expr::constant(1), count: &cost.count + &count };
        }
    }
    cost
}

/// The cost of an operation on stored values: one arm for each, so that none is free unless it says so here.
fn own(site: &Site<'_>) -> Cost {
    match &site.node.op {
        Op::Tokens { .. } | Op::Last | Op::Port(_) | Op::Number(_) | Op::Given(_) => Cost::default(),
        Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape | Op::Concat(_) => Cost::default(),
        Op::Scale(_) | Op::Weigh(_) | Op::Add | Op::AddRows { .. } | Op::Rotate { .. } => Cost::default(),
        Op::Distances { .. } => Cost::default(),
        Op::Embed { table, .. } => match site.shape(0).len() {
            // Choices are gates already.
            2.. => Cost::default(),
            _ => Cost::new(1, constant(site.param_shape(*table)[0] - 1)).times(&site.rows()),
        },
        Op::Store { function, format } => {
            let turns = if function.turning_point().is_some() { 2 } else { 1 };
            Cost::new(1, constant(turns * levels(*format))).times(&site.made())
        }
        Op::Sum(axis) => sum(site, &site.shape(0)[*axis].expr()).times(&site.made()),
        Op::Linear { weight, .. } => sum(site, &constant(site.param_shape(*weight)[1])).times(&site.made()),
        Op::Centre => sum(site, &constant(site.last())).times(&site.rows()),
        Op::Normalise { format, .. } => {
            let squares = sum(site, &constant(site.last())).times(&site.rows());
            squares.then(&Cost::new(1, constant(levels(*format))).times(&site.made()))
        }
        Op::Product => Cost::new(1, constant(product(site, [0, 1]))).times(&site.made()),
        Op::Dot(_) => {
            let features = site.last_of(0);
            products(site, features).then(&sum(site, &constant(features))).times(&site.made())
        }
        Op::Attend(scores, attended) => attend(site, scores, *attended),
        Op::Softmax(scores, attended, format) => {
            let pairs = pairs(site, *attended);
            let table = Cost::new(1, constant(changes(scores))).times(&pairs);
            let total = sum(site, &keys(site)).times(&queries(site));
            table.then(&total).then(&Cost::new(1, constant(levels(*format))).times(&pairs))
        }
        Op::Mix(attended) => {
            let features = constant(site.last_of(1));
            let products = products(site, 1).times(&pairs(site, *attended));
            products.then(&sum(site, &keys(site)).times(&queries(site))).times(&features)
        }
        Op::Max(_) => {
            let most = site.format_of(0).map_or(0, levels);
            Cost::new(1, constant(most)).times(&site.made())
        }
        Op::Argmax => greatest(site.last()).times(&site.rows()),
        Op::Top { from, .. } => greatest(site.inner(*from)).times(&site.outer(*from)),
        Op::Positive(scores) => Cost::new(1, constant(changes(scores))).times(&site.made()),
        Op::Chosen => {
            let gates = if site.operands.len() > 2 { product(site, [1, 2]) } else { width(site, 1) };
            Cost::new(1, constant(gates)).times(&site.made())
        }
        Op::Quotient(format) => Cost::new(1, constant(levels(*format))).times(&site.made()),
    }
}

/// Exponentials with their products and, beside them, alone; both sums over keys, side by side; the quotient.
fn attend(site: &Site<'_>, scores: &Scores, attended: Attended) -> Cost {
    let features = constant(site.last_of(1));
    let each = changes(scores) * u64::from(scores.format.width());
    let table = &(&features * &constant(each)) + &constant(changes(scores));
    let gates = Cost::new(1, table).times(&pairs(site, attended));
    let sums = sum(site, &keys(site)).times(&(&features + &constant(1)));
    let quotients = Cost::new(1, &features * &constant(levels(scores.format)));
    gates.then(&sums.then(&quotients).times(&queries(site)))
}

/// Products of stored values, so many for each element.
fn products(site: &Site<'_>, each: u64) -> Cost {
    Cost::new(1, &constant(width(site, 0) * width(site, 1)) * &constant(each))
}

/// Gates of one product of two operands: of pairs of bits, or of levels and bits where the store of one of them shares the layer.
fn product(site: &Site<'_>, factors: [usize; 2]) -> u64 {
    let [x, y] = factors.map(|operand| width(site, operand));
    let shared = |operand: usize, other: u64| site.rounded(operand).map_or(0, |format| (levels(format) + 1) * other);
    (x * y).max(shared(factors[0], y)).max(shared(factors[1], x))
}

/// Bits of an operand's values.
fn width(site: &Site<'_>, operand: usize) -> u64 {
    match site.stored(operand) {
        Some(Stored::Format(format)) => format.width().into(),
        Some(Stored::Entry(scores)) => largest(scores).bits(),
        None => 0,
    }
}

/// Pairs compared, then ranks.
fn greatest(d: u64) -> Cost {
    Cost::new(2, Expr::constant(u128::from(d) * u128::from(d) + u128::from(d)))
}

/// What it costs to add up `n` terms.
fn sum(site: &Site<'_>, n: &Expr) -> Cost {
    let Some(how) = site.accumulation() else { return Cost::default() };
    let (depth, roundings) = match n.as_constant().and_then(|n| u64::try_from(n).ok()) {
        Some(n) => {
            let (depth, roundings) = counted(how, n);
            (constant(depth), constant(roundings))
        }
        None => free(how, n),
    };
    Cost { depth, count: &roundings * &constant(levels(how.format)) }
}

/// Layers and roundings for a number of terms.
fn counted(how: &Accumulation, n: u64) -> (u64, u64) {
    match how.policy {
        _ if n < 2 => (0, 0),
        Policy::Exact => (0, 0),
        Policy::Sequential => (n - 1, n - 1),
        Policy::Tree(k) => {
            let (mut left, mut depth, mut roundings) = (n, 0, 0);
            while left > 1 {
                left = left.div_ceil(k);
                (depth, roundings) = (depth + 1, roundings + left);
            }
            (depth, roundings)
        }
        Policy::Blocked(k) => {
            let (k, blocks) = (k.min(n), n.div_ceil(k.min(n)));
            (k - 1 + blocks - 1, blocks * (k - 1) + blocks - 1)
        }
    }
}

/// The same of a free number of terms, bounds for policies that have no expression: no order has more than one rounding a term, but for
/// a last group of fewer, one a layer.
fn free(how: &Accumulation, n: &Expr) -> (Expr, Expr) {
    let less = n + &Expr::constant(-1);
    match how.policy {
        Policy::Exact => (Expr::default(), Expr::default()),
        Policy::Sequential => (less.clone(), less),
        Policy::Tree(2) => (n.ceil_log2(), n + &n.ceil_log2()),
        Policy::Tree(_) | Policy::Blocked(_) => (less, &(n * &constant(2)) + &constant(64)),
    }
}

/// Changes of the table of exponentials, at most.
fn changes(scores: &Scores) -> u64 {
    let clamp = Rational::from_integer(scores.clamp.into());
    let inside = scores.format.at_most(&clamp).unsigned_abs().saturating_mul(2).min(levels(scores.format));
    BigInt::from(inside).min(largest(scores)).try_into().unwrap_or(inside)
}

/// The greatest entry of the table of exponentials.
fn largest(scores: &Scores) -> BigInt {
    scores.function.round(&Rational::from_integer(scores.clamp.into()), scores.exp_bits).max(1.into())
}

fn keys(site: &Site<'_>) -> Expr {
    site.shape(0)[1].expr()
}

/// Sums over keys: queries of every head.
fn queries(site: &Site<'_>) -> Expr {
    &site.shape(0)[0].expr() * &site.heads()
}

/// Pairs of a query and a key of every head.
fn pairs(site: &Site<'_>, attended: Attended) -> Expr {
    let seen = match site.accumulation() {
        Some(_) => &site.shape(0)[0].expr() * &keys(site),
        None => site.keys(attended).pairs,
    };
    &seen * &site.heads()
}

fn levels(format: Format) -> u64 {
    format.max().abs_diff(format.min())
}

fn constant(value: u64) -> Expr {
    Expr::constant(value)
}
