//! Whole systems in floating point: laws are those of fixed point, and descent in 8 bits is that of an iteration written down here.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A shipped document with every number in one format.
fn shipped(name: &str, text: &str) -> Document {
    in_format(&root().join("circuits").join(name), text)
}

fn in_format(path: &Path, text: &str) -> Document {
    let mut document = spec::read_document(path).unwrap();
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

/// The depth as a law, without what it holds for.
fn law(path: &Path, text: &str) -> Result<String, String> {
    let subject = Subject::new(&in_format(path, text), &Options::default()).map_err(|error| error.to_string())?;
    Ok(subject.law_text().split(" for every").next().unwrap().to_owned())
}

/// Every description of a folder.
fn descriptions(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|end| end == "toml") || path.join("config.json").exists());
    all.sort();
    all
}

#[test]
fn laws_of_shipped_circuits_do_not_turn_on_the_format() {
    let all = descriptions(&root().join("circuits"));
    assert!(all.len() > 30, "{all:?}");
    let mut refused = std::collections::BTreeSet::new();
    for path in all {
        let fixed = law(&path, "fixed(6,8)").unwrap();
        for text in ["int(8)", "fp8-e4m3", "fp8-e5m2", "bf16"] {
            match law(&path, text) {
                Err(error) if error.contains("more bits than any format") => {
                    refused.insert(path.file_name().unwrap().to_string_lossy().into_owned());
                }
                // From weights of zero a sigmoid of 1/2 rounds to 0 in whole numbers, so that no step moves anything.
                told if path.ends_with("gd-logistic.toml") && text == "int(8)" => {
                    assert_eq!(told.as_deref(), Ok("depth = 0"));
                }
                told => assert_eq!(told, Ok(fixed.clone()), "{path:?} {text}"),
            }
        }
    }
    // Exact products of data with data, which have no format where data are floats of many exponents.
    let products = ["gd-hinge", "gd-least-squares-unrounded", "gd-logistic", "policy-gradient", "q-learning"];
    let told: Vec<&str> = refused.iter().filter_map(|name| name.strip_suffix(".toml")).collect();
    assert_eq!(told, products);
}

/// Other people's configs, where they are there.
#[test]
fn laws_of_published_configs_do_not_turn_on_the_format() {
    let folder = root().join("../shared/models/configs");
    if !folder.exists() {
        return eprintln!("no configs beside this repository: nothing to compare");
    }
    // What is refused by name is refused in every format.
    let all: Vec<PathBuf> =
        descriptions(&folder).into_iter().filter(|path| spec::read_document(path).is_ok()).collect();
    assert!(all.len() >= 30, "{all:?}");
    for path in all {
        let fixed = law(&path, "fixed(6,8)").unwrap();
        for text in ["fp8-e4m3", "bf16"] {
            assert_eq!(law(&path, text), Ok(fixed.clone()), "{path:?} {text}");
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
