//! A layer of linear attention against the exact answers of gradient descent recorded for it: by the reference interpreter, by the arrays
//! of its circuit, and by explicit gates.

use std::path::{Path, PathBuf};

use isobath::circuit::evaluate;
use isobath::gates;
use isobath::number::Rational;
use isobath::pipeline;
use isobath::pipeline::looped::LoopedModel;
use isobath::spec::{self, Document};
use isobath::tensor::looped::{Looped, interpret};
use isobath::words::Strategy;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/gd1_linear_attention")
}

/// `-3/4` or `2`.
fn rational(text: &str) -> Rational {
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    let integer = |digits: &str| digits.parse::<BigInt>().expect("an integer");
    Rational::new(integer(numerator), integer(denominator))
}

/// Every number of a list of lists, in order.
fn numbers(value: &Value) -> Vec<Rational> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![rational(other.as_str().expect("a fraction"))],
    }
}

/// Data are in 64ths, predictions in 32768ths.
const DATA: i64 = 64;
const PREDICTIONS: i64 = 32768;

fn system() -> Looped {
    let document = spec::read_document(&folder().join("model.toml")).expect("the model");
    let Document::Looped(looped) = &document else { unreachable!("it repeats layers") };
    pipeline::looped(looped, true).expect("built")
}

/// Inputs and exact answers.
fn recorded() -> Vec<(Vec<Rational>, Vec<Rational>)> {
    let table = std::fs::read_to_string(folder().join("table.jsonl")).expect("the recorded answers");
    let lines: Vec<Value> = table.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 200);
    let inputs =
        |line: &Value| ["context_x", "query_x", "context_y"].into_iter().flat_map(|key| numbers(&line[key])).collect();
    lines.iter().map(|line| (inputs(line), numbers(&line["gd_prediction_exact"]))).collect()
}

/// A rational as an exact number of units.
fn units(value: &Rational, unit: i64) -> i64 {
    let scaled = value * Rational::from_integer(unit.into());
    assert!(scaled.is_integer(), "{value}");
    scaled.to_integer().to_i64().expect("small")
}

/// Input bits: eight a number, in two's complement, least significant first.
fn bits(inputs: &[Rational]) -> Vec<bool> {
    let levels = inputs.iter().map(|input| units(input, DATA));
    levels.flat_map(|level| (0..8).map(move |bit| level >> bit & 1 == 1)).collect()
}

#[test]
fn the_interpreter_gives_every_recorded_step_of_descent_exactly() {
    let system = system();
    for (inputs, answer) in recorded() {
        let outputs = interpret(&system, inputs).expect("interpreted");
        assert_eq!(outputs[0].values, answer);
    }
}

#[test]
fn arrays_and_explicit_gates_give_every_recorded_step_of_descent_exactly() {
    let model = LoopedModel::new(system(), Strategy::Size).expect("lowered");
    let circuit = model.unrolled().expect("one circuit");
    let explicit = model.expand(&circuit, &mut |_, _| ()).expect("gates");
    let evaluator = evaluate::evaluator(&circuit).expect("bound");
    let recorded = recorded();
    for lines in recorded.chunks(64) {
        let inputs: Vec<Vec<bool>> = lines.iter().map(|(inputs, _)| bits(inputs)).collect();
        let values = gates::simulate64(&explicit, &gates::pack_lanes(&inputs));
        for (place, (inputs, (_, answer))) in inputs.iter().zip(lines).enumerate() {
            let wanted: Vec<BigInt> = answer.iter().map(|value| units(value, PREDICTIONS).into()).collect();
            let evaluated = evaluator.run(inputs).expect("evaluated");
            assert_eq!(evaluated.into_values().next(), Some(wanted.clone()));
            assert_eq!(gates::read_outputs(&explicit, &gates::lane(&values, place))[0].values, wanted);
        }
    }
    let (depth, gates) = (explicit.levels().depth(), explicit.stats().gates);
    println!("depth {depth}, {gates} gates, {} wires", explicit.stats().logical_wires);
}
