//! Whole systems in floating point: laws are those of fixed point, and descent in 8 bits is that of an iteration written down here.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use isobath::gates::{encode_input, read_outputs, simulate};
use isobath::number::{Format, Rational};
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::{self, Options, Subject};
use isobath::spec::{self, Document};
use isobath::words::Strategy;
use num_bigint::BigInt;

fn format(text: &str) -> Format {
    text.parse().unwrap()
}

/// A shipped document with every number in one format.
fn shipped(name: &str, text: &str) -> Document {
    let mut document = spec::read_document(&Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(name)).unwrap();
    if let Some(numerics) = subject::numerics(&mut document) {
        (numerics.weights, numerics.activations) = (format(text), format(text));
    }
    if let Document::Program(program) = &mut document {
        let formats = &mut program.numerics;
        (formats.weights, formats.activations) = (format(text), format(text));
        (formats.data, formats.targets) = (format(text), format(text));
    }
    document
}

#[test]
fn laws_do_not_turn_on_the_format() {
    let files =
        ["gpt2", "tiny-llama.toml", "rnn.toml", "lstm.toml", "mamba.toml", "segment-memory.toml", "decoding.toml"];
    let programs = ["gd-least-squares.toml", "gd-logistic.toml", "gd-adam.toml", "td0.toml"];
    for name in files.into_iter().chain(programs) {
        let law = |text: &str| {
            let subject = Subject::new(&shipped(name, text), &Options::default()).unwrap();
            subject.law_text().split(" for every").next().unwrap().to_owned()
        };
        let fixed = law("fixed(6,8)");
        for text in ["fp8-e4m3", "fp8-e5m2", "fp16", "bf16", "fp32"] {
            assert_eq!(law(text), fixed, "{name} {text}");
        }
    }
}

/// `w - (w.x - y) x / 4`, weights and residual rounded where a step reads them, weights once more at the end.
fn descended(format: Format, start: [f64; 2], examples: &[[Rational; 3]]) -> Vec<Rational> {
    let round = |x: &Rational| format.number(format.nearest(x));
    let mut w = start.map(|w| isobath::number::rational_from_f64(w).unwrap());
    for [x0, x1, y] in examples {
        w = [round(&w[0]), round(&w[1])];
        let residual = round(&(&w[0] * x0 + &w[1] * x1 - y));
        let quarter = Rational::new(1.into(), 4.into());
        w = [&w[0] - &residual * x0 * &quarter, &w[1] - &residual * x1 * &quarter];
    }
    w.iter().map(round).collect()
}

#[test]
fn descent_in_eight_bits_is_the_iteration() {
    for (text, strategy) in
        [("fp8-e4m3", Strategy::Size), ("float(2,1)", Strategy::Depth), ("float(3,2)", Strategy::Size)]
    {
        let format = format(text);
        let lengths = [("steps".to_owned(), 2)].into();
        let options = Options { strategy, lengths, ..Options::default() };
        let model = LoopedModel::of(&shipped("gd-least-squares.toml", text), &options).unwrap();
        let circuit = model.unrolled().unwrap();
        let gates = model.expand(&circuit, &mut |_, _| {}).unwrap();
        let most = format.max();
        for seed in 0..12i64 {
            // x, y of each step, as levels.
            let levels: Vec<i64> = (0..6).map(|place| (seed * 37 + place * 101) % (2 * most + 1) - most).collect();
            let number = |place: usize| format.number(levels[place]);
            let examples = [[number(0), number(1), number(2)], [number(3), number(4), number(5)]];
            let wanted: Vec<BigInt> = descended(format, [0.5, -1.0], &examples)
                .into_iter()
                .map(|w| (w * Rational::from_integer(BigInt::from(1) << format.fraction())).to_integer())
                .collect();
            assert_eq!(model.interpret(&levels).unwrap(), wanted, "{text} {levels:?}");
            assert_eq!(model.evaluate(&circuit, &levels).unwrap(), wanted, "{text} {levels:?}");
            let lists: Vec<Vec<i64>> = gates
                .inputs()
                .iter()
                .scan(0, |at, word| {
                    let count = word.elements().unwrap() as usize;
                    *at += count;
                    Some(levels[*at - count..*at].to_vec())
                })
                .collect();
            let values = simulate(&gates, &encode_input(&gates, &lists).unwrap());
            let read: Vec<BigInt> =
                read_outputs(&gates, &values).into_iter().flat_map(|output| output.values).collect();
            assert_eq!(read, wanted, "{text} {levels:?}, gates");
        }
    }
}
