//! A trained transformer, from its published weights to gates in a file, run again by a fresh process and compared with what was recorded.

use std::path::{Path, PathBuf};
use std::process::Command;

use isobath::agreement::{self, Recorded};
use isobath::expr::Size;
use isobath::number::Format;
use isobath::pipeline;
use isobath::spec::{self, Output, Spec};
use isobath::tensor::{self, interpret};
use isobath::words::Strategy;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/modadd7_gpt2_1l")
}

fn recorded() -> Vec<Recorded> {
    agreement::read(&folder().join("table.jsonl"), None).expect("the recorded outputs")
}

/// The token chosen at the last position.
fn last(recorded: &Recorded) -> u64 {
    match &recorded.output {
        agreement::Output::Choices(chosen) => chosen[2],
        agreement::Output::Numbers(_) => unreachable!("tokens are recorded"),
    }
}

/// The model with nine-bit numbers, in which it gives every recorded answer.
fn spec(output: Output) -> Spec {
    let mut spec = spec::read(&folder()).expect("the model's config");
    let format = |text: &str| text.parse::<Format>().expect("a format");
    (spec.numerics.weights, spec.numerics.activations) = (format("fixed(3,6)"), format("fixed(4,5)"));
    (spec.architecture.output, spec.architecture.last_only) = (output, true);
    spec
}

fn isobath(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_isobath")).args(arguments).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// `position 2: token 4` for each input, in order.
fn tokens(text: &str) -> Vec<u64> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("position 2: token "));
    lines.map(|token| token.parse().expect("a token")).collect()
}

#[test]
fn explicit_gates_from_a_file_give_every_recorded_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let (circuit, inputs) = (directory.path().join("modadd.tc"), directory.path().join("inputs.txt"));
    let recorded = recorded();
    let lines: Vec<String> = recorded.iter().map(|r| format!("{:?}", r.input)).collect();
    std::fs::write(&inputs, lines.join("\n")).expect("written");
    let circuit = circuit.to_str().expect("a path in UTF-8");
    let formats = ["--weights-format", "fixed(3,6)", "--activations-format", "fixed(4,5)", "--context", "3"];
    let folder = folder();
    let model = folder.to_str().expect("a path in UTF-8");
    isobath(&[&["compile", model, "--last", "--output", "argmax", "-o", circuit][..], &formats].concat());
    let answers = tokens(&isobath(&["run", circuit, "--input", &format!("@{}", inputs.display())]));
    let wanted: Vec<u64> = recorded.iter().map(last).collect();
    assert_eq!(recorded.len(), 49);
    assert_eq!(answers, wanted);
}

#[test]
fn evaluate_and_the_reference_interpreter_agree_on_every_recorded_input() {
    for strategy in [Strategy::Size, Strategy::Depth] {
        let model = pipeline::bound(&spec(Output::Argmax), 3, strategy).expect("lowered");
        for recorded in recorded() {
            let evaluated = model.evaluate(&recorded.input).expect("evaluated");
            assert_eq!(evaluated[last(&recorded) as usize], BigInt::from(1));
            assert_eq!(Some(evaluated), model.interpret(&recorded.input));
        }
    }
}

/// In numbers of forty bits the reference interpreter computes what the float model computed: the graph is the right one.
#[test]
fn wide_numbers_give_the_recorded_logits() {
    let bytes = std::fs::read(folder().join("io.safetensors")).expect("the recorded tensors");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let floats = file.tensor("output_f64").expect("recorded logits");
    let float = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
    let floats: Vec<f64> = floats.data().chunks(8).map(float).collect();
    let mut wide = spec(Output::Logits);
    let format = |text: &str| text.parse::<Format>().expect("a format");
    (wide.numerics.weights, wide.numerics.activations) = (format("fixed(4,36)"), format("fixed(10,30)"));
    (wide.numerics.score_clamp, wide.numerics.exp_bits) = (20, 30);
    wide.architecture.last_only = false;
    let parameters = pipeline::parameters(&wide).expect("the weights");
    let graph =
        tensor::from_architecture(&wide.architecture, &wide.numerics, &parameters, &Size::fixed(3)).expect("a graph");
    for (number, recorded) in recorded().iter().enumerate().step_by(7) {
        let exact = interpret::interpret(&graph, &recorded.input).expect("interpreted");
        for (value, float) in exact.values.iter().zip(&floats[number * 24..]) {
            let value = value.numer().to_f64().expect("a number") / value.denom().to_f64().expect("a number");
            assert!((value - float).abs() < 1e-5, "input {:?}: {value} is not {float}", recorded.input);
        }
    }
}
