//! Normalisation: gains of every sign, biases, epsilons, widths, and results that lie on ties.

use std::cell::Cell;
use std::cmp::Ordering;

use super::{Numbers, check, format, ratio};
use crate::circuit::{ArrayId, Table, Values};
use crate::interval::Interval;
use crate::number::Scale;
use crate::words::{Constants, Maker, Normalisation};

/// Levels and bits after the point of a gain or bias.
type Levels<'a> = Option<(&'a [i64], u32)>;

struct Norm<'a> {
    x: Numbers<'a>,
    fraction: u32,
    epsilon: (i128, i128),
    gain: Levels<'a>,
    bias: Levels<'a>,
    format: &'a str,
}

fn constants(maker: &mut Maker, (levels, fraction): (&[i64], u32)) -> Constants {
    let range = Interval::new(-8, 7);
    let table = if maker.known { Table::small(levels) } else { Table::bounded(levels.len() as u128, range.clone()) };
    let table = maker.builder.table(table);
    let known = Interval::new(*levels.iter().min().unwrap(), *levels.iter().max().unwrap());
    let values = maker.known.then(|| Values::Small(levels.into()));
    Constants { table, range: if maker.known { known } else { range }, values, fraction }
}

/// `sign * sqrt(n / d)` against `a / b`; `d, b > 0`.
fn compare_root(sign: i128, (n, d): (i128, i128), (a, b): (i128, i128)) -> Ordering {
    let side = if n == 0 { 0 } else { sign };
    match side.cmp(&a.signum()) {
        Ordering::Equal => (side * n * b * b).cmp(&(side * a * a * d)),
        unequal => unequal,
    }
}

impl Norm<'_> {
    fn build(&self, maker: &mut Maker, input: ArrayId) -> ArrayId {
        let word = self.x.words(maker, input, self.fraction);
        let gain = self.gain.map(|gain| constants(maker, gain));
        let bias = self.bias.map(|bias| constants(maker, bias));
        let epsilon = ratio(self.epsilon.0 as i64, self.epsilon.1 as i64);
        let norm = Normalisation { unit: false, epsilon, gain, bias, format: format(self.format) };
        let word = maker.normalise(&word, &norm).unwrap();
        maker.value(&word).unwrap()
    }

    /// The level nearest to `gain x / sqrt(mean square + epsilon) + bias`, of two the even one: by trying each.
    fn level(&self, row: &[i64], feature: usize, ties: &Cell<u32>) -> i64 {
        let at = |levels: Levels<'_>, none: i64| levels.map_or((none, 0), |(levels, bits)| (levels[feature], bits));
        let ((gain, gain_bits), (bias, bias_bits)) = (at(self.gain, 1), at(self.bias, 0));
        let (p, q) = self.epsilon;
        let one = 1i128 << (2 * self.fraction);
        let width = row.len() as i128;
        let squares: i128 = row.iter().map(|v| i128::from(v * v)).sum();
        // mean square + epsilon = (squares q + p width one) / (width q one)
        let product = i128::from(gain) * i128::from(row[feature]);
        let root = (product * product * width * q, (squares * q + p * width * one) << (2 * gain_bits));
        let output = format(self.format);
        let mut level = output.min();
        for next in output.min() + 1..=output.max() {
            // (next - 1/2) / 2^fraction - bias / 2^bias_bits, over a common denominator
            let (f, b) = (output.fraction(), bias_bits);
            let middle = (i128::from(2 * next - 1) << b) - (i128::from(bias) << (f + 1));
            let order = compare_root(product.signum(), root, (middle, 1 << (f + 1 + b)));
            ties.set(ties.get() + u32::from(order == Ordering::Equal));
            if order == Ordering::Greater || (order == Ordering::Equal && next % 2 == 0) {
                level = next;
            }
        }
        level
    }

    fn check(&self) -> u32 {
        let ties = Cell::new(0);
        let width = *self.x.shape.last().unwrap() as usize;
        let expected = |input: u64| {
            let x = self.x.read(input);
            let row = |row: &[i64]| (0..row.len()).map(|f| self.level(row, f, &ties)).collect::<Vec<_>>();
            x.chunks(width).flat_map(row).collect()
        };
        let bits = self.x.shape.iter().product::<u64>() as u32 * self.x.width;
        let Self { fraction, epsilon, gain, bias, format, .. } = self;
        let name =
            format!("{width} wide, fraction {fraction}, epsilon {epsilon:?}, gain {gain:?}, bias {bias:?}, {format}");
        check(&name, bits, |maker, input| self.build(maker, input), expected);
        ties.get()
    }
}

const EPSILONS: [(i128, i128); 4] = [(1, 100_000), (1, 2), (3, 1), (1, 3)];

const GAINS: [Levels<'static>; 6] =
    [None, Some((&[1, 3], 0)), Some((&[-2, 1], 0)), Some((&[0, 5], 1)), Some((&[0, 0], 2)), Some((&[-7, -1], 2))];

const BIASES: [Levels<'static>; 4] = [None, Some((&[0, 0], 0)), Some((&[-3, 2], 1)), Some((&[7, -8], 2))];

#[test]
fn gains_biases_and_epsilons() {
    let mut ties = 0;
    for (number, epsilon) in EPSILONS.into_iter().enumerate() {
        for gain in GAINS {
            for (place, bias) in BIASES.into_iter().enumerate() {
                let format = ["int(3)", "fixed(2,2)", "fixed(1,2)"][(number + place) % 3];
                let x = Numbers { base: 0, shape: &[1, 2], width: 3, signed: true };
                ties += Norm { x, fraction: (number % 2) as u32, epsilon, gain, bias, format }.check();
            }
        }
    }
    assert!(ties > 0, "no tie was met");
}

/// One feature: `x / sqrt(x^2 + epsilon)` is rational where x^2 + 3 is a square.
#[test]
fn ties_go_to_even() {
    let mut ties = 0;
    for gain in [1, 3, 5, -1, -3, -5] {
        for format in ["int(3)", "int(4)", "fixed(3,1)"] {
            for signed in [true, false] {
                let x = Numbers { base: 0, shape: &[2, 1], width: 3, signed };
                let (epsilon, gain) = ((3, 1), [gain]);
                ties += Norm { x, fraction: 0, epsilon, gain: Some((&gain, 0)), bias: None, format }.check();
                let bias: Levels<'_> = Some((&[1], 1));
                ties += Norm { x, fraction: 0, epsilon, gain: Some((&gain, 0)), bias, format }.check();
            }
        }
    }
    assert!(ties > 100, "{ties} ties");
}

#[test]
fn three_features_and_two_rows() {
    let unsigned = Numbers { base: 0, shape: &[1, 3], width: 3, signed: false };
    let signed = Numbers { base: 0, shape: &[2, 3], width: 2, signed: true };
    for x in [unsigned, signed] {
        for epsilon in [(1, 100_000), (2, 3)] {
            for (gain, bias) in [(None, None), (Some((&[2, -3, 0][..], 1)), Some((&[1, 0, -1][..], 0)))] {
                Norm { x, fraction: 1, epsilon, gain, bias, format: "fixed(2,1)" }.check();
            }
        }
    }
}

/// A word that is one level everywhere.
#[test]
fn constants_are_normalised() {
    for level in [-2, 0, 3] {
        let norm =
            Normalisation { unit: false, epsilon: ratio(1, 4), gain: None, bias: None, format: format("fixed(2,2)") };
        let build = |maker: &mut Maker, _: ArrayId| {
            let shape = vec![crate::circuit::Size::fixed(2)];
            let word = maker.constant_word(shape, None, level, Scale::even(0));
            let word = maker.normalise(&word, &norm).unwrap();
            maker.value(&word).unwrap()
        };
        let value = (4.0 * level as f64 / (level as f64 * level as f64 + 0.25).sqrt()).round() as i64;
        check(&format!("constant {level}"), 1, build, |_| vec![value; 2]);
    }
}
