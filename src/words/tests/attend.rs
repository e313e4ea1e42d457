//! Softmax attention: the score table, the fused products and the rounded quotient, with every mask, and its eager parts.

use std::cell::Cell;

use super::{Numbers, check, circuit, format, nearest, ratio};
use crate::circuit::measure;
use crate::circuit::{ArrayId, Band, Coef, Index, Size, Table, Term};
use crate::words::{Form, Maker, ScoreTable, Strategy, Word, unit_of};

/// The square of the scale, softcap, format, clamp, bits of the table.
type ScoreSetting = ((i64, i64), Option<(i64, i64)>, &'static str, u32, u32);

/// Scores `a[key] + shift[query, member]` in a unit; values `v[key]` and their negatives less one, both read from the input.
struct Attention {
    keys: u64,
    members: u64,
    score_bits: u32,
    value_bits: u32,
    unit: (i64, i64),
    causal: bool,
    window: Option<u64>,
    table: ScoreSetting,
}

impl Attention {
    fn bits(&self) -> u32 {
        self.keys as u32 * (self.score_bits + self.value_bits)
    }

    fn shift(&self, query: u64, member: u64) -> i64 {
        (query * self.members + member) as i64 % 3 - 1
    }

    fn sees(&self, query: u64, key: u64) -> bool {
        (!self.causal || key <= query) && self.window.is_none_or(|window| query.abs_diff(key) < window)
    }

    fn read(&self, input: u64) -> (Vec<i64>, Vec<i64>) {
        let shape = [self.keys];
        let a = Numbers { base: 0, shape: &shape, width: self.score_bits, signed: self.score_bits > 1 };
        let base = self.keys as u32 * self.score_bits;
        let v = Numbers { base, shape: &shape, width: self.value_bits, signed: true };
        (a.read(input), v.read(input))
    }

    fn scores(&self, maker: &mut Maker, input: ArrayId) -> Form {
        let shape = [self.keys];
        let a = Numbers { base: 0, shape: &shape, width: self.score_bits, signed: self.score_bits > 1 };
        let a = a.forms(maker, input);
        let pairs = (0..self.keys).flat_map(|query| (0..self.members).map(move |member| (query, member)));
        let shifts: Vec<i64> = pairs.map(|(query, member)| self.shift(query, member)).collect();
        let shifts = maker.builder.table(Table::small(shifts));
        let shift = Coef::table(shifts, Index::strided([(0, self.members as i64), (3, 1)]));
        let shape = [self.keys, self.keys, 1, self.members].map(Size::fixed).to_vec();
        let (causal, window) = (self.causal, self.window);
        let band = (causal || window.is_some()).then_some(Band { query: 0, key: 1, causal, window });
        let array = maker.affine(shape, band, vec![Term::new(a, vec![Index::axis(1)])], vec![shift]).unwrap();
        Form { array, unit: ratio(self.unit.0, self.unit.1) }
    }

    /// [key, group, feature]: v and -v - 1, which fits the same bits.
    fn values(&self, maker: &mut Maker, input: ArrayId) -> Word {
        let shape = [self.keys];
        let base = self.keys as u32 * self.score_bits;
        let v = Numbers { base, shape: &shape, width: self.value_bits, signed: true }.forms(maker, input);
        let signs = maker.builder.table(Table::small(vec![1i64, -1]));
        let ones = maker.builder.table(Table::small(vec![0i64, -1]));
        let term = Term::new(v, vec![Index::axis(0)]).times(Coef::table(signs, Index::axis(2)));
        let shape = [self.keys, 1, 2].map(Size::fixed).to_vec();
        let array = maker.affine(shape, None, vec![term], vec![Coef::table(ones, Index::axis(2))]).unwrap();
        let stored = crate::words::Stored {
            function: crate::number::Function::Identity,
            format: format(&format!("int({})", self.value_bits)),
        };
        maker.store(&Form { array, unit: ratio(1, 1) }, &stored).unwrap()
    }

    fn table(&self) -> ScoreTable {
        let (scale, softcap, text, clamp, exp_bits) = self.table;
        ScoreTable {
            function: crate::number::Function::Exp,
            sinks: None,
            scale_squared: ratio(scale.0, scale.1),
            softcap: softcap.map(|(a, b)| ratio(a, b)),
            format: format(text),
            clamp,
            exp_bits,
        }
    }

    /// The table entry of a score of so many units, from the definition.
    fn exponential(&self, score: i64) -> i128 {
        let (scale, softcap, text, clamp, exp_bits) = self.table;
        let format = format(text);
        let one = f64::from(1u32 << format.fraction());
        let value = i128::from(score * self.unit.0);
        let level = match softcap {
            // (2 level - 1)^2 against 4 (value scale one)^2: the least level whose next tie is not passed.
            None => {
                let square = (4 * value * value * i128::from(scale.0)) << (2 * format.fraction());
                let over = i128::from(self.unit.1 * self.unit.1 * scale.1);
                let passed = |level: &i128| {
                    let tie = (2 * level + 1) * (2 * level + 1) * over;
                    square > tie || (square == tie && level % 2 == 1)
                };
                value.signum() * (0..).find(|level| !passed(level)).unwrap()
            }
            Some((a, b)) => {
                let cap = a as f64 / b as f64;
                let x = value as f64 / self.unit.1 as f64 * (scale.0 as f64 / scale.1 as f64).sqrt();
                (cap * (x / cap).tanh() * one).round_ties_even() as i128
            }
        };
        let bound = i128::from(clamp) << format.fraction();
        let level = level.clamp(format.min().into(), format.max().into()).clamp(-bound, bound);
        let entry = (level as f64 / one).exp() * f64::from(1u32 << exp_bits);
        (entry.round_ties_even() as i128).max(1)
    }

    /// Exponentials of the keys a query sees, and zeros.
    fn weights(&self, a: &[i64], query: u64, member: u64) -> Vec<i128> {
        let entry = |key: u64| self.exponential(a[key as usize] + self.shift(query, member));
        (0..self.keys).map(|key| if self.sees(query, key) { entry(key) } else { 0 }).collect()
    }

    fn name(&self) -> String {
        let Self { keys, members, score_bits, value_bits, unit, causal, window, table } = self;
        format!(
            "{keys} keys, {members} members, {score_bits} and {value_bits} bits, {unit:?}, {causal} {window:?}, {table:?}"
        )
    }

    /// For each query, member and feature.
    fn each<T>(&self, input: u64, f: impl Fn(&[i128], &[i64]) -> T) -> Vec<T> {
        let (a, v) = self.read(input);
        let features = [v.clone(), v.iter().map(|v| -v - 1).collect::<Vec<i64>>()];
        let mut all = Vec::new();
        for query in 0..self.keys {
            for member in 0..self.members {
                let weights = self.weights(&a, query, member);
                all.extend(features.iter().map(|values| f(&weights, values)));
            }
        }
        all
    }

    /// The fused average; how many quotients were ties.
    fn fused(&self) -> u32 {
        let ties = Cell::new(0);
        let average = |weights: &[i128], values: &[i64]| {
            let total: i128 = weights.iter().sum();
            let sum: i128 = weights.iter().zip(values).map(|(w, v)| w * i128::from(*v)).sum();
            ties.set(ties.get() + u32::from((2 * sum).rem_euclid(2 * total) == total));
            nearest(sum, total) as i64
        };
        let build = |maker: &mut Maker, input: ArrayId| {
            let (scores, values) = (self.scores(maker, input), self.values(maker, input));
            let word = maker.attend(&scores, &values, &self.table()).unwrap();
            maker.value(&word).unwrap()
        };
        check(&self.name(), self.bits(), build, |input| self.each(input, average));
        ties.get()
    }

    /// Softmax weights, zero where a key is not seen.
    fn softmax(&self, text: &str) {
        let output = format(text);
        let build = |maker: &mut Maker, input: ArrayId| {
            let scores = self.scores(maker, input);
            let word = maker.softmax(&scores, &self.table(), output).unwrap();
            // Each weight counts for itself at its own key: masked keys add nothing.
            let value = maker.value(&word).unwrap();
            let shape = maker.shape(value);
            let term = Term::new(value, [0, 3, 1, 2].map(Index::axis).to_vec()).over(vec![shape[1].clone()]);
            let term = term.banded(maker.band(value).map(|band| Band { query: 0, key: 3, ..band }));
            let sum = vec![shape[0].clone(), shape[2].clone(), shape[3].clone()];
            maker.affine(sum, None, vec![term], vec![]).unwrap()
        };
        let expected = |input: u64| {
            let (a, _) = self.read(input);
            let pairs = (0..self.keys).flat_map(|query| (0..self.members).map(move |member| (query, member)));
            pairs.map(|(query, member)| self.rounded(&self.weights(&a, query, member), text).iter().sum()).collect()
        };
        check(&format!("softmax {text}, {}", self.name()), self.bits(), build, expected);
    }

    fn rounded(&self, weights: &[i128], text: &str) -> Vec<i64> {
        let (output, total) = (format(text), weights.iter().sum());
        weights.iter().map(|w| nearest(w << output.fraction(), total).min(output.max().into()) as i64).collect()
    }

    /// Softmax weights, then their products with values summed.
    fn mix(&self, text: &str) {
        let build = |maker: &mut Maker, input: ArrayId| {
            let (scores, values) = (self.scores(maker, input), self.values(maker, input));
            let weights = maker.softmax(&scores, &self.table(), format(text)).unwrap();
            let form = maker.mix(&weights, &values).unwrap();
            assert_eq!(form.unit, unit_of(format(text).fraction()));
            form.array
        };
        let mixed =
            |weights: &[i128], values: &[i64]| self.rounded(weights, text).iter().zip(values).map(|(w, v)| w * v).sum();
        check(&format!("mix {text}, {}", self.name()), self.bits(), build, |input| self.each(input, mixed));
    }
}

/// Masks for so many keys.
fn masks(keys: u64) -> Vec<(bool, Option<u64>)> {
    let windows = [None, Some(1), Some(2)];
    let all = windows.into_iter().flat_map(|window| [(false, window), (true, window)]);
    all.take(if keys == 1 { 2 } else { 6 }).collect()
}

const SETTINGS: [ScoreSetting; 5] = [
    ((1, 1), None, "int(3)", 2, 0),
    ((1, 2), None, "fixed(3,1)", 1, 2),
    ((1, 3), None, "fixed(2,2)", 2, 3),
    ((1, 1), Some((3, 2)), "fixed(2,2)", 1, 3),
    ((4, 1), None, "fixed(4,1)", 3, 1),
];

fn settings() -> impl Iterator<Item = Attention> {
    SETTINGS.into_iter().enumerate().flat_map(|(number, table)| {
        (1..=3).flat_map(move |keys| {
            masks(keys).into_iter().map(move |(causal, window)| {
                let (score_bits, value_bits) = [(3, 3), (2, 3), (1, 2)][keys as usize - 1];
                let unit = [(1, 1), (1, 3), (1, 2), (3, 4)][number % 4];
                Attention { keys, members: 1 + keys % 2, score_bits, value_bits, unit, causal, window, table }
            })
        })
    })
}

#[test]
fn fused_averages() {
    let ties: u32 = settings().map(|attention| attention.fused()).sum();
    assert!(ties > 100, "{ties} ties");
}

#[test]
fn three_keys_of_wider_scores() {
    for (causal, window) in [(true, None), (false, Some(2))] {
        let table = SETTINGS[1];
        let attention =
            Attention { keys: 3, members: 1, score_bits: 2, value_bits: 2, unit: (1, 1), causal, window, table };
        assert!(attention.fused() > 0);
    }
}

/// Every score is clamped to one level: the table is constant.
#[test]
fn one_level_of_scores() {
    let mut ties = 0;
    for (causal, window) in masks(3) {
        let table = ((1, 100), None, "int(2)", 1, 2);
        let attention =
            Attention { keys: 3, members: 1, score_bits: 1, value_bits: 2, unit: (1, 1), causal, window, table };
        ties += attention.fused();
        attention.softmax("fixed(2,2)");
        attention.mix("fixed(2,2)");
    }
    assert!(ties > 0);
}

#[test]
fn softmax_weights() {
    for text in ["int(2)", "fixed(1,3)", "fixed(2,2)"] {
        settings().filter(|attention| attention.keys < 3 || text == "fixed(1,3)").for_each(|a| a.softmax(text));
    }
}

#[test]
fn mixtures() {
    for text in ["fixed(1,2)", "fixed(2,2)"] {
        settings().filter(|attention| attention.keys < 3 || text == "fixed(1,2)").for_each(|a| a.mix(text));
    }
}

/// The table by itself, at every score of a range.
#[test]
fn tables_of_exponentials() {
    for table in SETTINGS {
        for unit in [(1, 1), (1, 3), (3, 4), (1, 8)] {
            let (keys, members, score_bits, value_bits) = (1, 1, 1, 1);
            let attention =
                Attention { keys, members, score_bits, value_bits, unit, causal: false, window: None, table };
            for score in -40..=40i64 {
                let made = attention.table();
                let got = made.exponential(made.score(&score.into(), &ratio(unit.0, unit.1)));
                assert_eq!(got, attention.exponential(score).into(), "{table:?} {unit:?} {score}");
            }
        }
    }
}

/// Depth: the store of the values, the table fused with them, the quotient. Size: that store in 3 layers, products, quotient, bits.
#[test]
fn layers_of_an_average() {
    for (strategy, expected) in [(Strategy::Depth, 3), (Strategy::Size, 6)] {
        let (score_bits, value_bits, unit, table) = (2, 3, (1, 1), SETTINGS[1]);
        let a = Attention { keys: 2, members: 1, score_bits, value_bits, unit, causal: true, window: None, table };
        let build = |maker: &mut Maker, input: ArrayId| {
            let (scores, values) = (a.scores(maker, input), a.values(maker, input));
            let word = maker.attend(&scores, &values, &a.table()).unwrap();
            maker.value(&word).unwrap()
        };
        let depth = measure::exact(&circuit(strategy, true, a.bits(), &build)).unwrap().depth;
        assert_eq!(depth, expected, "{strategy:?}");
    }
}
