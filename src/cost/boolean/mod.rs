//! The table of the Boolean model: gates with two inputs on the bits of the formats; must not know reals or threshold gates.
//!
//! The function computed is that of the tensor graph, exactly: values are two's-complement words, exact between roundings.
//! Weights are constants. `gadgets` lists the circuits. A product is the sum of its rows of ANDs, one row a bit and one of
//! constants for the signs; a product with a constant is the sum of shifted copies, as many as the constant has bits.
//! Quotients and norms are compared with all levels of the format at once, as in a threshold circuit: level t of a norm is
//! reached when `s(g x) >= s(t - bias) (mean x^2 + epsilon)`, s the square with its sign.

mod gadgets;

mod route;

mod word;

#[cfg(test)]
mod circuits;

#[cfg(test)]
mod tests;

use num_bigint::BigInt;

use super::Cost;
use super::keys::Keys;
use super::site::Site;
use crate::expr::Expr;
use crate::number::{Format, Function, Rational};
use crate::tensor::{Attended, Carrier, Graph, Op, Scores};
use gadgets::{compare_levels, constant, greater, lookup, round, steps, sum};
use word::Word;

/// The costs of all nodes. Those of an operation depend on the widths of its operands; `ports` are those of exact carried values:
/// bits and bits after the point.
pub(in crate::cost) fn costs(graph: &Graph, ports: &[(u64, u64)]) -> Vec<Cost> {
    let mut words: Vec<Word> = Vec::new();
    let mut costs = Vec::new();
    let mut ports = ports.iter();
    for id in graph.order() {
        let site = Site::new(graph, id);
        let operands: Vec<&Word> = site.operands.iter().map(|operand| &words[operand.index()]).collect();
        let (cost, word) = match site.node.op {
            Op::Port(carrier) => (Cost::default(), port(carrier, ports.next().copied())),
            _ => cost(&site, &operands),
        };
        costs.push(cost);
        words.push(word);
    }
    costs
}

/// The cost of an operation and the word it makes: one arm for each, so that none is free unless it says so here.
fn cost(site: &Site<'_>, x: &[&Word]) -> (Cost, Word) {
    match &site.node.op {
        Op::Tokens { vocabulary } => (Cost::default(), Word::plain(constant(*vocabulary).ceil_log2(), 0)),
        Op::Port(_) => unreachable!("what a port carries is told from outside"),
        Op::Number(format) => (Cost::default(), Word::stored(*format)),
        Op::Given(table) => {
            (Cost::default(), Word::plain(constant(site.param_bits(*table)), site.param_fraction(*table)))
        }
        Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape => (Cost::default(), x[0].clone()),
        Op::Concat(_) => (Cost::default(), x.iter().skip(1).fold(x[0].clone(), |word, next| word.joined(next))),
        Op::Scale(factor) => scale(site, x[0], factor),
        Op::Weigh(table) => {
            let (rows, word) =
                x[0].weighted(1, site.param_copies(*table), site.param_bits(*table), site.param_fraction(*table));
            (sum(&rows, &word.bits).times(&site.elements()), word)
        }
        Op::Sum(axis) => {
            let length = site.shape(0)[*axis].value;
            let word = x[0].summed(length);
            (sum(&constant(length), &word.bits).times(&site.elements()), word)
        }
        Op::Max(axis) => (maximum(x[0], site.shape(0)[*axis].value).times(&site.elements()), x[0].clone()),
        Op::Embed { table, format, .. } => {
            let shape = site.param_shape(*table);
            let bits = constant(shape[1] * u64::from(format.width()));
            (lookup(shape[0], &bits).times(&site.rows()), Word::stored(*format))
        }
        Op::AddRows { format, .. } => add(site, x[0], &Word::stored(*format)),
        Op::Linear { weight, .. } => {
            let (inputs, bits) = (site.param_shape(*weight)[1], site.param_bits(*weight));
            let (rows, word) = x[0].weighted(inputs, site.param_copies(*weight), bits, site.param_fraction(*weight));
            (sum(&rows, &word.bits).times(&site.elements()), word)
        }
        Op::Rotate { features, fraction, .. } => {
            let (rows, word) = x[0].rotated((*fraction).into());
            (sum(&rows, &word.bits).times(&(&site.rows() * &constant(*features))), word)
        }
        Op::Add => add(site, x[0], x[1]),
        Op::Store { function, format } => {
            (store(x[0], function, *format).times(&site.elements()), Word::stored(*format))
        }
        Op::Centre => centre(site, x[0]),
        Op::Normalise { .. } => normalise(site, x[0]),
        Op::Dot(_) => products(site, x[0], x[1], site.last_of(0)),
        Op::Distances { table, .. } => {
            let entry = Word::plain(constant(site.param_bits(*table)), site.param_fraction(*table));
            add(site, x[0], &entry)
        }
        Op::Attend(scores, attended) => attend(site, scores, *attended, x),
        Op::Softmax(scores, attended, format) => softmax(site, scores, *attended, *format, x[0]),
        Op::Mix(attended) => {
            let keys = site.keys(*attended);
            let word = x[0].mixed(x[1], &keys.most);
            let heads = &site.heads() * &constant(site.last_of(1));
            (mix(&keys, &x[0].bits, &x[1].bits, &word.bits).times(&heads), word)
        }
        Op::Product => products(site, x[0], x[1], 1),
        Op::Argmax => (argmax(x[0], site.last()).times(&site.rows()), Word::plain(constant(1), 0)),
        Op::Top { from, .. } => {
            (route::greatest(x[0], site.inner(*from)).times(&site.outer(*from)), Word::plain(constant(2), 0))
        }
        Op::Positive(scores) => {
            let (bits, changes) = exponentials(scores);
            let word = Word::plain(constant(bits + 1), scores.exp_bits.into());
            (steps(&x[0].bits, &changes, bits).times(&site.elements()), word)
        }
        Op::Chosen => route::chosen(site, x),
        Op::Quotient(format) => (route::quotient(x[0], x[1], *format).times(&site.elements()), Word::stored(*format)),
        Op::Last => (Cost::default(), x[0].clone()),
    }
}

/// What a port carries.
fn port(carrier: Carrier, width: Option<(u64, u64)>) -> Word {
    match (carrier, width) {
        (Carrier::Stored(format), _) => Word::stored(format),
        (Carrier::Choice, _) => Word::plain(constant(1), 0),
        (Carrier::Exact, Some((bits, fraction))) => Word::plain(constant(bits), fraction),
        (Carrier::Exact, None) => unreachable!("the widths of exact values are told"),
    }
}

/// By a constant: shifted copies added, in other units.
fn scale(site: &Site<'_>, x: &Word, factor: &Rational) -> (Cost, Word) {
    let copies = bits_of(factor.numer());
    let word = x.scaled(copies, factor.denom());
    (sum(&constant(copies + 1), &word.bits).times(&site.elements()), word)
}

/// A tree of comparisons, each with a choice between two words.
fn maximum(x: &Word, length: u64) -> Cost {
    let round = greater(&x.bits).then(&Cost::new(2, &x.bits * &constant(3)));
    let rounds = constant(length).ceil_log2();
    Cost { depth: &round.depth * &rounds, count: &round.count * &constant(length.saturating_sub(1)) }
}

fn add(site: &Site<'_>, a: &Word, b: &Word) -> (Cost, Word) {
    let (rows, word) = a.plus(b);
    (sum(&rows, &word.bits).times(&site.elements()), word)
}

/// One level of the format fewer than it has: where a monotone function is rounded to it, at most this many changes.
fn changes(format: Format) -> Expr {
    constant(format.max().abs_diff(format.min()))
}

/// Roundings to fixed point shift and increment; those to floating point, other functions, and values in other units, are step functions. A function that is not
/// monotone falls and rises, or has a pole, once.
fn store(x: &Word, function: &Function, format: Format) -> Cost {
    let b = u64::from(format.width());
    let rounds = |x: &Word| round(&x.bits, x.fraction as i64 - i64::from(format.fraction()), b);
    match function {
        Function::Identity if x.is_dyadic() && !format.is_float() => rounds(x),
        Function::Relu if x.is_dyadic() && !format.is_float() => rounds(x).then(&Cost::new(1, constant(b))),
        Function::Identity
        | Function::Relu
        | Function::Tanh
        | Function::Sigmoid
        | Function::Exp
        | Function::SoftCap(_)
        | Function::Sqrt
        | Function::Erf
        | Function::Softplus
        | Function::Clamp(_)
        | Function::Step
        | Function::InverseSqrt => steps(&x.bits, &changes(format), b),
        Function::SigmoidSlope | Function::TanhSlope => steps(&x.bits, &(&changes(format) * &constant(2)), b),
        Function::Gelu
        | Function::GeluTanh
        | Function::Silu
        | Function::ClampedSwish { .. }
        | Function::Square
        | Function::Reciprocal => steps(&x.bits, &(&changes(format) * &constant(2)), b),
    }
}

/// `d x` less the sum of the row, in units a `d`th as large.
fn centre(site: &Site<'_>, x: &Word) -> (Cost, Word) {
    let length = site.last();
    let total = &x.bits + &constant(length).ceil_log2();
    let word = x.centred(length);
    let row = sum(&constant(length), &total).times(&site.rows());
    let each = sum(&constant(u64::from(length.count_ones()) + 2), &word.bits).times(&site.elements());
    (row.then(&each), word)
}

/// Sums over `terms` features of products of two words, for each element of the result.
fn products(site: &Site<'_>, a: &Word, b: &Word, terms: u64) -> (Cost, Word) {
    let word = a.dotted(b, terms);
    let rows = &(&constant(terms) * &b.bits) + &constant(1);
    let ands = &(&a.bits * &b.bits) * &constant(terms);
    (Cost::new(1, ands).then(&sum(&rows, &word.bits)).times(&site.elements()), word)
}

fn bits_of(value: &BigInt) -> u64 {
    value.magnitude().bits()
}

/// Squares and their sum, then a comparison a level. The sign of x joins its square a layer later, beside the sum.
fn normalise(site: &Site<'_>, x: &Word) -> (Cost, Word) {
    let Op::Normalise { unit, epsilon, gain, plus_one, bias, format } = &site.node.op else {
        return (Cost::default(), x.clone());
    };
    let (length, b) = (site.last(), u64::from(format.width()));
    let square = &x.bits * &constant(2);
    let total = &square + &constant(length).ceil_log2();
    let squares = Cost::new(1, &(&x.bits * &x.bits) * &constant(length));
    let rows = &(&x.bits * &constant(length)) + &constant(1);
    let row = squares.then(&sum(&rows, &total)).then(&Cost::new(1, Expr::default())).times(&site.rows());
    let signed = Cost { depth: Expr::default(), count: &sum(&(&x.bits + &constant(1)), &square).count + &square };
    let gain = gain.map(|gain| (site.param_bits(gain) + u64::from(*plus_one), site.param_fraction(gain)));
    let bias = bias.map(|bias| (site.param_bits(bias), site.param_fraction(bias)));
    let (rows, width) = level_of_norm(
        x,
        &Norm { length: if *unit { 1 } else { length }, epsilon, gain, bias, format: *format },
        &total,
    );
    let each = signed.then(&compare_levels(rows, &width, &changes(*format), b)).times(&site.elements());
    (row.then(&each), Word::stored(*format))
}

/// The constants of a norm: bits and fractions of gain and bias.
struct Norm<'a> {
    length: u64,
    epsilon: &'a Rational,
    gain: Option<(u64, u64)>,
    bias: Option<(u64, u64)>,
    format: Format,
}

/// Rows and width of `g^2 d q s(x) - s(t - bias) (q sum x^2 + d p)`, epsilon being `p/q`: whether the level t is reached.
fn level_of_norm(x: &Word, norm: &Norm<'_>, total: &Expr) -> (u64, Expr) {
    let (p, q) = (bits_of(norm.epsilon.numer()), bits_of(norm.epsilon.denom()));
    let (b, f) = (u64::from(norm.format.width()), u64::from(norm.format.fraction()));
    let (gain, gain_fraction) = norm.gain.unwrap_or((1, 0));
    let (bias, bias_fraction) = norm.bias.unwrap_or((0, 0));
    let length = bits_of(&norm.length.into());
    let fraction = (f + 1).max(gain_fraction).max(bias_fraction);
    let offset = fraction + (b - f).max(bias - bias_fraction);
    let (scale, threshold) = (2 * gain + length + q, 2 * offset + q);
    let left = &(&x.bits * &constant(2)) + &constant(scale + 2 * (fraction - gain_fraction));
    let epsilon = constant(2 * offset + length + p + 2 * x.fraction + 2 * bits_of(&x.divisor));
    let right = word::wider(&(total + &constant(threshold)), &epsilon);
    (scale + threshold + 2, &word::wider(&left, &right) + &constant(2))
}

/// Bits of the largest exponential, and how often the table of exponentials changes at most.
fn exponentials(scores: &Scores) -> (u64, Expr) {
    let clamp = Rational::from_integer(scores.clamp.into());
    let bits = bits_of(&scores.function.round(&clamp, scores.exp_bits)).max(1);
    let inside = scores.format.at_most(&clamp);
    let levels = BigInt::from(2 * inside).min(scores.format.max().abs_diff(scores.format.min()).into());
    (bits, Expr::constant(levels.min((BigInt::from(1) << bits) - 1)))
}

/// Products of softmax weights or exponentials with values, summed over keys: rows of ANDs, a row a bit of the weight.
fn mix(keys: &Keys, weight: &Expr, value: &Expr, w: &Expr) -> Cost {
    let ands = Cost::new(1, &(weight * value) * &keys.pairs);
    let rows = &(weight * &keys.most) + &constant(1);
    ands.then(&over_keys(&rows, &(weight * &keys.pairs), keys, w))
}

/// Sums of at most `rows` numbers a query, over all queries of at most `all` and one each.
fn over_keys(rows: &Expr, all: &Expr, keys: &Keys, w: &Expr) -> Cost {
    let count = &(&(all * w) * &constant(5)) + &(&gadgets::adder(w).count * &keys.queries);
    Cost { depth: sum(rows, w).depth, count }
}

/// Exponentials added for one query, and for all: of its keys, and of a sink if there is one.
fn summed(scores: &Scores, keys: &Keys) -> (Expr, Expr) {
    let sinks = constant(u64::from(scores.sinks.is_some()));
    (&keys.most + &sinks, &keys.pairs + &(&keys.queries * &sinks))
}

/// Exponentials, their products with values summed, beside it their sum, and the quotient.
fn attend(site: &Site<'_>, scores: &Scores, attended: Attended, x: &[&Word]) -> (Cost, Word) {
    let (keys, heads, b) = (site.keys(attended), site.heads(), u64::from(scores.format.width()));
    let (bits, steps_of) = exponentials(scores);
    let table = steps(&x[0].bits, &steps_of, bits).times(&keys.pairs);
    let (most, pairs) = summed(scores, &keys);
    let wide = &most.ceil_log2() + &constant(bits + 1);
    let total = Cost { depth: Expr::default(), count: over_keys(&most, &pairs, &keys, &wide).count };
    let width = &wide + &x[1].bits;
    let sums = mix(&keys, &constant(bits), &x[1].bits, &width);
    let shift = (x[1].fraction as i64 - i64::from(scores.format.fraction())).unsigned_abs();
    let quotient =
        compare_levels(b + 3, &(&width + &constant(shift + 1)), &changes(scores.format), b).times(&keys.queries);
    let features = constant(site.last_of(1));
    let cost = table.then(&total).then(&sums.then(&quotient).times(&features)).times(&heads);
    (cost, Word::stored(scores.format))
}

/// Exponentials, their sum, and the quotient of each.
fn softmax(site: &Site<'_>, scores: &Scores, attended: Attended, format: Format, x: &Word) -> (Cost, Word) {
    let (keys, heads) = (site.keys(attended), site.heads());
    let (bits, steps_of) = exponentials(scores);
    let table = steps(&x.bits, &steps_of, bits).times(&keys.pairs);
    let (most, pairs) = summed(scores, &keys);
    let wide = &most.ceil_log2() + &constant(bits + 1);
    let total = over_keys(&most, &pairs, &keys, &wide);
    let f = u64::from(format.fraction());
    let levels = constant(format.nearest(&Rational::from_integer(1.into())).unsigned_abs());
    let quotient =
        compare_levels(f + 4, &(&wide + &constant(f + 2)), &levels, format.width().into()).times(&keys.pairs);
    (table.then(&total).then(&quotient).times(&heads), Word::stored(format))
}

/// All pairs compared; the first greatest is at least all after it, and greater than all before.
fn argmax(x: &Word, length: u64) -> Cost {
    let pairs = Expr::constant(BigInt::from(length) * length.saturating_sub(1) / 2);
    let others = constant(length.saturating_sub(1));
    match length {
        0 | 1 => Cost::default(),
        _ => {
            let ands = Expr::constant(BigInt::from(length) * (length - 2));
            greater(&x.bits).times(&pairs).then(&Cost { depth: others.ceil_log2(), count: ands })
        }
    }
}
