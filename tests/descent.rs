//! A layer of linear attention against the exact answers of gradient descent recorded for it.

use std::path::{Path, PathBuf};

use isobath::number::Rational;
use isobath::pipeline;
use isobath::spec::{self, Document};
use isobath::tensor::looped::interpret;
use num_bigint::BigInt;
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

#[test]
fn a_layer_gives_every_recorded_step_of_descent_exactly() {
    let document = spec::read_document(&folder().join("model.toml")).expect("the model");
    let Document::Looped(looped) = &document else { unreachable!("it repeats layers") };
    let system = pipeline::looped(looped, true).expect("built");
    let table = std::fs::read_to_string(folder().join("table.jsonl")).expect("the recorded answers");
    let lines: Vec<Value> = table.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for line in &lines {
        let inputs = ["context_x", "query_x", "context_y"].into_iter().flat_map(|key| numbers(&line[key]));
        let outputs = interpret(&system, inputs).expect("interpreted");
        assert_eq!(outputs[0].values, numbers(&line["gd_prediction_exact"]), "{line}");
    }
    assert_eq!(lines.len(), 200);
}
