//! Depths and gates of the Boolean table against circuits built gate by gate and run on all inputs; test code only.

use super::circuits::{Bit, Net, Number, extended, number, signed};
use super::gadgets::{adder, at_least, choose, compare_levels, constant, greater, lookup, round, steps, sum};
use super::{Norm, Word, level_of_norm, mix, over_keys};
use crate::cost::Cost;
use crate::cost::keys::Keys;
use crate::expr::Expr;
use crate::number::{Format, Rational};

fn fixed(value: u64) -> Expr {
    constant(value)
}

/// The circuit is within the cost, and the cost not far from the circuit.
#[track_caller]
fn within(net: &Net, bits: &[Bit], cost: &Cost) {
    let value = |expr: &Expr| u64::try_from(expr.as_constant().unwrap()).unwrap();
    let (depth, count) = (value(&cost.depth), value(&cost.count));
    assert!(net.depth(bits) <= depth, "depth {} above {depth}", net.depth(bits));
    assert!(net.gates() <= count, "gates {} above {count}", net.gates());
}

/// The circuit's signed results for every input of this many bits.
fn all(net: &Net, bits: u32, result: &[Bit]) -> Vec<i128> {
    (0..1u64 << bits).map(|input| signed(&net.run(input), result)).collect()
}

/// A field of an input as a signed number.
fn field(input: usize, from: usize, width: usize) -> i128 {
    let value = (input >> from & ((1 << width) - 1)) as i128;
    if value >> (width - 1) == 1 { value - (1 << width) } else { value }
}

#[test]
fn adders_and_sums() {
    for width in 1..7usize {
        let mut net = Net::default();
        let (a, b) = (net.input(width), net.input(width));
        let result = net.adder(&a, &b);
        within(&net, &result, &adder(&fixed(width as u64)));
        let claimed = adder(&fixed(width as u64)).depth.as_constant().unwrap();
        assert!(claimed <= (net.depth(&result) + 3).into(), "{claimed} is far above the circuit");
        for (input, value) in all(&net, 2 * width as u32, &result).into_iter().enumerate() {
            let exact = field(input, 0, width) + field(input, width, width);
            assert_eq!((value - exact).rem_euclid(1 << width), 0);
        }
    }
    for (count, width) in [(1, 2), (2, 3), (3, 2), (4, 2), (5, 2), (6, 2), (7, 2), (8, 2), (3, 4)] {
        let wide = width + usize::BITS as usize - (count - 1usize).leading_zeros() as usize;
        let mut net = Net::default();
        let inputs: Vec<Number> = (0..count).map(|_| net.input(width)).collect();
        let result = net.sum(inputs.iter().map(|x| extended(x, wide)).collect());
        within(&net, &result, &sum(&fixed(count as u64), &fixed(wide as u64)));
        for (input, value) in all(&net, (count * width) as u32, &result).into_iter().enumerate() {
            assert_eq!(value, (0..count).map(|n| field(input, n * width, width)).sum::<i128>());
        }
    }
}

/// Long sums are within their cost too; a length that may be one, as a symbolic one may, costs no less than nothing.
#[test]
fn long_sums() {
    for count in 9..80usize {
        let mut net = Net::default();
        let rows = (0..count).map(|_| net.input(9)).collect();
        let result = net.sum(rows);
        within(&net, &result, &sum(&fixed(count as u64), &fixed(9)));
    }
    let n = Expr::dim(&"n".into());
    assert!(sum(&n, &fixed(3)).depth.value(|_| 1) >= 0.into());
}

#[test]
fn comparisons_and_tables() {
    for width in 2..6usize {
        for c in -(1 << (width - 1))..(1 << (width - 1)) {
            let mut net = Net::default();
            let x = net.input(width);
            let result = net.at_least(&x, c);
            within(&net, &[result], &at_least(&fixed(width as u64)));
            for input in 0..1u64 << width {
                let found = signed(&net.run(input), &[result]) != 0;
                assert_eq!(found, field(input as usize, 0, width) >= c);
            }
        }
        let mut net = Net::default();
        let (x, y) = (net.input(width), net.input(width));
        let result = net.greater(&x, &y);
        within(&net, &[result], &greater(&fixed(width as u64)));
        for (input, found) in all(&net, 2 * width as u32, &[result]).into_iter().enumerate() {
            assert_eq!(found != 0, field(input, 0, width) > field(input, width, width));
        }
    }
}

#[test]
fn step_functions() {
    for width in 2..7usize {
        let f = |x: i128| (x * x / 3 - 2 * x).clamp(-8, 7);
        let low = -(1i128 << (width - 1));
        let changes: Vec<i128> = (low + 1..-low).filter(|x| f(*x) != f(x - 1)).collect();
        let words: Vec<i128> = [low].iter().chain(&changes).map(|x| f(*x)).collect();
        let mut net = Net::default();
        let x = net.input(width);
        let marks: Vec<Bit> = changes.iter().map(|c| net.at_least(&x, *c)).collect();
        let result = net.choose(&marks, &words, 4);
        within(&net, &result, &steps(&fixed(width as u64), &fixed(changes.len() as u64), 4));
        for (input, value) in all(&net, width as u32, &result).into_iter().enumerate() {
            assert_eq!(value, f(field(input, 0, width)));
        }
    }
}

#[test]
fn lookups() {
    for rows in 1..40usize {
        let table: Vec<i128> = (0..rows as i128).map(|row| row * 37 % 16 - 8).collect();
        let width = (usize::BITS - (rows - 1).leading_zeros()) as usize;
        let mut net = Net::default();
        let id = net.input(width);
        let result = net.lookup(&id, &table, 4);
        within(&net, &result, &lookup(rows as u64, &fixed(4)));
        for (row, wanted) in table.iter().enumerate() {
            assert_eq!(signed(&net.run(row as u64), &result), *wanted);
        }
    }
}

fn half_even(numerator: i128, denominator: i128) -> i128 {
    let floor = numerator.div_euclid(denominator);
    let twice = 2 * numerator.rem_euclid(denominator);
    floor + i128::from(twice > denominator || twice == denominator && floor % 2 != 0)
}

#[test]
fn roundings() {
    for width in 2..9usize {
        for drop in 0..width {
            for b in 2..6usize {
                let mut net = Net::default();
                let x = net.input(width);
                let result = net.round(&x, drop, b);
                within(&net, &result, &round(&fixed(width as u64), drop as i64, b as u64));
                for (input, value) in all(&net, width as u32, &result).into_iter().enumerate() {
                    let exact = half_even(field(input, 0, width), 1 << drop);
                    assert_eq!(value, exact.clamp(-(1 << (b - 1)), (1 << (b - 1)) - 1), "{width} {drop} {b}");
                }
            }
        }
    }
}

/// Dot products of signed words, as products q.k and gates are charged.
#[test]
fn products() {
    for (terms, bits) in [(1usize, 2usize), (1, 4), (2, 2), (2, 3), (3, 2)] {
        let word = Word::plain(fixed(bits as u64), 0).dotted(&Word::plain(fixed(bits as u64), 0), terms as u64);
        let width = usize::try_from(word.bits.as_constant().unwrap()).unwrap();
        let mut net = Net::default();
        let x: Vec<Number> = (0..2 * terms).map(|_| net.input(bits)).collect();
        let (mut rows, mut more) = (Vec::new(), 0);
        for term in 0..terms {
            let (list, lacking) = net.rows(&x[2 * term], &x[2 * term + 1], width);
            rows.extend(list);
            // A last row is `-1 - row`, below its place all ones: one is lacking.
            more += lacking;
        }
        rows.push(number(more, width));
        let result = net.sum(rows);
        let ands = Cost::new(1, fixed((terms * bits * bits) as u64));
        within(&net, &result, &ands.then(&sum(&fixed((terms * bits + 1) as u64), &fixed(width as u64))));
        for (input, value) in all(&net, (2 * terms * bits) as u32, &result).into_iter().enumerate() {
            let factor = |n: usize| field(input, n * bits, bits);
            assert_eq!(value, (0..terms).map(|t| factor(2 * t) * factor(2 * t + 1)).sum::<i128>());
        }
    }
}

/// Linear maps of unknown constants: any weights are within the cost.
#[test]
fn weighted_sums() {
    for weights in [[-4i128, 3, -1], [-4, -4, -4], [3, 3, 3], [0, 1, 2]] {
        let (rows, word) = Word::plain(fixed(3), 0).weighted(3, 3, 3, 0);
        let width = usize::try_from(word.bits.as_constant().unwrap()).unwrap();
        let mut net = Net::default();
        let x: Vec<Number> = (0..3).map(|_| net.input(3)).collect();
        let terms: Vec<(i128, &[Bit])> = weights.iter().zip(&x).map(|(w, x)| (*w, &x[..])).collect();
        let (mut list, more) = Net::copies(&terms, width);
        list.push(number(more - 4, width));
        let result = net.sum(list);
        within(&net, &result, &sum(&rows, &word.bits));
        for (input, value) in all(&net, 9, &result).into_iter().enumerate() {
            let exact: i128 = (0..3).map(|n| weights[n] * field(input, 3 * n, 3)).sum();
            assert_eq!(value, exact - 4);
        }
    }
}

/// Quotients rounded to all levels at once.
#[test]
fn quotients() {
    let (b, bits) = (3usize, 3usize);
    // A denominator from 1 to 7, and a numerator no larger than 4 times it.
    let width = bits + b + 2;
    let mut net = Net::default();
    let (z, n) = (net.input(bits), net.input(bits + b));
    let z: Number = [&z[..], &[Bit::Constant(false)]].concat();
    let mut marks = Vec::new();
    for level in -3..=3i128 {
        let (mut rows, more) = Net::copies(&[(2, &n), (1 - 2 * level, &z)], width);
        // A tie goes to the even level.
        rows.push(number(more - i128::from(level % 2 != 0), width));
        let sign = *net.sum(rows).last().unwrap();
        marks.push(!sign);
    }
    let words: Vec<i128> = (-4..=3).collect();
    let result = net.choose(&marks, &words, b);
    within(&net, &result, &compare_levels(b as u64 + 3, &fixed(width as u64), &fixed(7), b as u64));
    for (input, value) in all(&net, (2 * bits + b) as u32, &result).into_iter().enumerate() {
        let (z, n) = ((input & 7) as i128, field(input, bits, bits + b));
        if z > 0 && n.abs() <= 4 * z {
            assert_eq!(value, half_even(n, z).clamp(-4, 3), "{n} / {z}");
        }
    }
}

/// The average of values of one query with two keys: products with positive weights, both sums, and the quotient.
#[test]
fn averages() {
    let (weight, value) = (2usize, 3usize);
    // As in `attend`: the denominator has a sign and a bit for the second key, the numerator the value's bits more.
    let (wide, width) = (weight + 2, weight + 2 + value);
    let mut net = Net::default();
    let e: Vec<Number> = (0..2).map(|_| net.input(weight)).collect();
    let v: Vec<Number> = (0..2).map(|_| net.input(value)).collect();
    let mut rows = Vec::new();
    for (e, v) in e.iter().zip(&v) {
        rows.extend(net.rows(v, &[&e[..], &[Bit::Constant(false)]].concat(), width).0.drain(..weight));
    }
    let numerator = net.sum(rows);
    let unsigned = |e: &Number| extended(&[&e[..], &[Bit::Constant(false)]].concat(), wide);
    let denominator = net.sum(e.iter().map(unsigned).collect());
    let mut marks = Vec::new();
    for level in -3..=3i128 {
        let (mut rows, more) = Net::copies(&[(2, &numerator), (1 - 2 * level, &denominator)], width + 1);
        rows.push(number(more - i128::from(level % 2 != 0), width + 1));
        marks.push(!*net.sum(rows).last().unwrap());
    }
    let result = net.choose(&marks, &(-4..=3).collect::<Vec<_>>(), value);
    let keys = Keys { most: fixed(2), pairs: fixed(2), queries: fixed(1) };
    let sums = mix(&keys, &fixed(weight as u64), &fixed(value as u64), &fixed(width as u64));
    let total = Cost { depth: Expr::default(), ..over_keys(&keys.most, &keys.pairs, &keys, &fixed(wide as u64)) };
    let quotient = compare_levels(value as u64 + 3, &fixed(width as u64 + 1), &fixed(7), value as u64);
    within(&net, &result, &sums.then(&total).then(&quotient));
    for (input, found) in all(&net, 2 * (weight + value) as u32, &result).into_iter().enumerate() {
        let e = |key: usize| (input >> (weight * key) & 3) as i128;
        let v = |key: usize| field(input, 2 * weight + value * key, value);
        if e(0) + e(1) > 0 {
            assert_eq!(found, half_even(e(0) * v(0) + e(1) * v(1), e(0) + e(1)), "{input}");
        }
    }
}

/// A whole norm: gain 3/2, bias 1/4, epsilon 1/8, two features of three bits with one after the point.
#[test]
fn norms() {
    let format = Format::new(2, 1).unwrap();
    let epsilon = Rational::new(1.into(), 8.into());
    let norm = Norm { length: 2, epsilon: &epsilon, gain: Some((3, 1)), bias: Some((3, 2)), format };
    let (rows, width) = level_of_norm(&Word::stored(format), &norm, &fixed(7));
    let wide = usize::try_from(width.as_constant().unwrap()).unwrap();
    let mut net = Net::default();
    let x: Vec<Number> = (0..2).map(|_| net.input(3)).collect();
    let mut squares = Vec::new();
    let mut more = 0;
    for x in &x {
        let (list, lacking) = net.rows(x, x, 7);
        squares.extend(list);
        more += lacking;
    }
    squares.push(number(more, 7));
    let total = net.sum(squares);
    let (mut own, lacking) = net.rows(&x[0], &x[0], 6);
    own.push(number(lacking, 6));
    let own = net.sum(own);
    let sign = x[0][2];
    let magnitude: Number = own.iter().map(|bit| net.xor(*bit, sign)).collect();
    // In halves and quarters: G = 3, fraction 2; g^2 d q 2^(2 (2 - 1)) s(x) against s(T) (q S + d p 4), q = 8, p = 1, d = 2.
    let scale = 9 * 2 * 8 * 4;
    let mut marks = Vec::new();
    for level in -3..=3i128 {
        let t = 2 * level - 2;
        let threshold = t * t.abs();
        let (mut list, more) = Net::copies(&[(scale, &magnitude), (-threshold * 8, &total)], wide);
        list.push(
            number(0, wide)
                .iter()
                .enumerate()
                .map(|(i, _)| if scale >> i & 1 == 1 { sign } else { Bit::Constant(false) })
                .collect(),
        );
        list.push(number(more - threshold * 8 - i128::from(level % 2 != 0), wide));
        assert!(list.len() as u64 <= rows, "{} rows above {rows}", list.len());
        marks.push(!*net.sum(list).last().unwrap());
    }
    let words: Vec<i128> = (-4..=3).collect();
    let result = net.choose(&marks, &words, 3);
    for (input, value) in all(&net, 6, &result).into_iter().enumerate() {
        let (a, b) = (field(input, 0, 3) as f64 / 2.0, field(input, 3, 3) as f64 / 2.0);
        let exact = 2.0 * (1.5 * a / ((a * a + b * b) / 2.0 + 0.125).sqrt() + 0.25);
        let tie = ((exact - exact.floor()) - 0.5).abs() < 1e-9;
        let wanted = if tie { 2.0 * (exact / 2.0).round() } else { exact.round() };
        assert_eq!(value, wanted.clamp(-4.0, 3.0) as i128, "{a} {b}");
    }
    let expected = compare_levels(rows, &width, &fixed(7), 3);
    let sums = Cost::new(1, fixed(2 * 9)).then(&sum(&fixed(7), &fixed(7))).then(&Cost::new(1, fixed(0)));
    let own = Cost { depth: Expr::default(), count: &sum(&fixed(4), &fixed(6)).count + &fixed(6 + 9) };
    within(&net, &result, &sums.then(&own).then(&expected));
}

#[test]
fn choices_are_within_their_cost() {
    for marks in 1..20usize {
        let mut net = Net::default();
        let list = net.input(marks);
        let result = net.choose(&list, &(0..=marks as i128).collect::<Vec<_>>(), 5);
        within(&net, &result, &choose(&fixed(marks as u64), 5));
    }
    assert_eq!(at_least(&fixed(8)), Cost { depth: fixed(6), count: fixed(24) });
}
