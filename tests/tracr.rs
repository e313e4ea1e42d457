//! RASP programs compiled to transformers: every recorded answer comes out of the circuit, of its explicit gates where they are few,
//! and of the reference interpreter; and what a user may get wrong about them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use isobath::agreement::{self, Recorded};
use isobath::expr::Size;
use isobath::number::Format;
use isobath::pipeline;
use isobath::spec::{self, Spec};
use isobath::tensor::{self, interpret};
use isobath::words::Strategy;
use num_traits::ToPrimitive;

/// A program and formats that suffice for it, of `hist` the narrowest that a search found: weights, activations, clamp of the scores, bits of the exponentials.
struct Program {
    name: &'static str,
    weights: &'static str,
    activations: &'static str,
    clamp: u32,
    exp_bits: u32,
    /// The longest context whose gates are written out here.
    explicit: usize,
}

/// The table in README.md.
const PROGRAMS: [Program; 3] = [
    Program { name: "hist", weights: "fixed(8,2)", activations: "fixed(5,5)", clamp: 32, exp_bits: 8, explicit: 4 },
    Program { name: "frac_prevs", weights: "int(7)", activations: "fixed(7,4)", clamp: 32, exp_bits: 8, explicit: 4 },
    Program { name: "reverse", weights: "fixed(8,2)", activations: "fixed(5,5)", clamp: 32, exp_bits: 8, explicit: 3 },
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/tracr").join(name)
}

fn format(text: &str) -> Format {
    text.parse().expect("a format")
}

impl Program {
    fn spec(&self) -> Spec {
        let mut spec = spec::read(&folder(self.name)).expect("the manifest");
        (spec.numerics.weights, spec.numerics.activations) = (format(self.weights), format(self.activations));
        (spec.numerics.score_clamp, spec.numerics.exp_bits) = (self.clamp, self.exp_bits);
        spec
    }

    fn recorded(&self) -> Vec<Recorded> {
        let spec = self.spec();
        agreement::read(&folder(self.name).join("table.jsonl"), spec.names.as_ref()).expect("the recorded outputs")
    }

    fn flags(&self) -> Vec<String> {
        let flags = [("weights-format", self.weights.to_owned()), ("activations-format", self.activations.to_owned())];
        let table = [("score-clamp", self.clamp.to_string()), ("exp-bits", self.exp_bits.to_string())];
        flags.into_iter().chain(table).flat_map(|(flag, value)| [format!("--{flag}"), value]).collect()
    }
}

fn isobath(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_isobath")).args(arguments).output().expect("the binary runs")
}

fn done(arguments: &[&str]) -> String {
    let output = isobath(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn refused(arguments: &[&str], wanted: &str) {
    let output = isobath(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(error.contains(wanted) && !error.contains("panicked"), "{wanted}: {error}");
}

#[test]
fn every_recorded_answer_is_evaluated() {
    for program in PROGRAMS {
        let (spec, recorded) = (program.spec(), program.recorded());
        let parameters = pipeline::parameters(&spec).expect("the weights");
        let here = agreement::here(&spec, &parameters, &recorded).expect("compared");
        assert_eq!((here.agree, recorded.len()), (363, 363), "{}", program.name);
    }
}

/// The formats a manifest is read with suffice too.
#[test]
fn every_recorded_answer_is_evaluated_in_the_formats_of_the_reader() {
    let spec = spec::read(&folder("hist")).expect("the manifest");
    let recorded = agreement::read(&folder("hist").join("table.jsonl"), spec.names.as_ref()).expect("recorded");
    let parameters = pipeline::parameters(&spec).expect("the weights");
    assert_eq!(agreement::here(&spec, &parameters, &recorded).expect("compared").agree, 363);
}

#[test]
fn evaluate_and_the_reference_interpreter_agree() {
    for program in PROGRAMS {
        for strategy in [Strategy::Size, Strategy::Depth] {
            let model = pipeline::bound(&program.spec(), 4, strategy).expect("lowered");
            for recorded in program.recorded().iter().filter(|recorded| recorded.input.len() == 4).step_by(5) {
                let evaluated = model.evaluate(&recorded.input).expect("evaluated");
                assert_eq!(Some(evaluated), model.interpret(&recorded.input), "{}", program.name);
            }
        }
    }
}

/// In wide numbers the reference interpreter computes what the float model computed: the graph is the right one.
#[test]
fn wide_numbers_give_the_recorded_floats() {
    for program in PROGRAMS {
        let mut spec = program.spec();
        (spec.numerics.weights, spec.numerics.activations) = (format("fixed(10,30)"), format("fixed(14,36)"));
        (spec.numerics.score_clamp, spec.numerics.exp_bits) = (32, 12);
        spec.architecture.output = spec::Output::Logits;
        let parameters = pipeline::parameters(&spec).expect("the weights");
        let size = Size::fixed(4);
        let graph = tensor::from_architecture(&spec.architecture, &spec.numerics, &parameters, &size).expect("a graph");
        let (tokens, floats) = floats(program.name, 3);
        let outputs = floats.len() / (tokens.len() / 4);
        for (tokens, floats) in tokens.chunks(4).zip(floats.chunks(outputs)).step_by(3) {
            let exact = interpret::interpret(&graph, tokens).expect("interpreted");
            assert_eq!(exact.values.len(), floats.len());
            for (value, float) in exact.values.iter().zip(floats).skip(outputs / 4) {
                let value = value.numer().to_f64().expect("a number") / value.denom().to_f64().expect("a number");
                assert!((value - float).abs() < 2e-4, "{} {tokens:?}: {value} is not {float}", program.name);
            }
        }
    }
}

/// Token ids and outputs recorded for inputs of this length, the mark of the beginning left out of it.
fn floats(name: &str, length: usize) -> (Vec<u64>, Vec<f64>) {
    let bytes = std::fs::read(folder(name).join("io.safetensors")).expect("the recorded tensors");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let tokens = file.tensor(&format!("tokens_len{length}")).expect("recorded tokens");
    let outputs = file.tensor(&format!("out_len{length}")).expect("recorded outputs");
    let id = |b: &[u8]| u64::from(u32::from_le_bytes(b.try_into().expect("four bytes")));
    let float = |b: &[u8]| f64::from(f32::from_le_bytes(b.try_into().expect("four bytes")));
    (tokens.data().chunks(4).map(id).collect(), outputs.data().chunks(4).map(float).collect())
}

#[test]
fn explicit_gates_from_a_file_give_the_recorded_answers() {
    for program in PROGRAMS {
        for context in 2..=program.explicit {
            simulated(&program, context);
        }
    }
}

/// All recorded inputs of one length through gates in a file, by a fresh process.
fn simulated(program: &Program, context: usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let circuit = directory.path().join("program.tc").display().to_string();
    let (model, flags) = (folder(program.name).display().to_string(), program.flags());
    let mut arguments = vec!["compile".to_owned(), model, "-o".to_owned(), circuit.clone(), "--context".to_owned()];
    arguments.push(context.to_string());
    arguments.extend(flags);
    done(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let recorded = program.recorded();
    let recorded: Vec<&Recorded> = recorded.iter().filter(|recorded| recorded.input.len() == context).collect();
    let inputs = directory.path().join("inputs.txt");
    let lines: Vec<String> = recorded.iter().map(|recorded| format!("{:?}", recorded.input)).collect();
    std::fs::write(&inputs, lines.join("\n")).expect("written");
    let output = done(&["run", &circuit, "--json", "--tokens", &format!("@{}", inputs.display())]);
    let output: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!(recorded.len(), 3usize.pow(context as u32 - 1));
    for (recorded, answer) in recorded.iter().zip(output["inputs"].as_array().expect("inputs")) {
        let positions = &answer["positions"].as_array().expect("positions")[1..];
        match &recorded.output {
            agreement::Output::Choices(chosen) => {
                let tokens: Vec<u64> = positions.iter().map(|p| p["token"].as_u64().expect("a class")).collect();
                assert_eq!(&tokens, chosen, "{} {:?}", program.name, recorded.input);
            }
            agreement::Output::Numbers(numbers) => {
                let half = 0.5f64.powi(format(program.activations).fraction() as i32 + 1);
                for (position, number) in positions.iter().zip(numbers) {
                    let value: f64 = position["values"][0].as_str().expect("a value").parse().expect("a number");
                    assert!((value - number).abs() <= half, "{} {:?}", program.name, recorded.input);
                }
            }
        }
    }
}

#[test]
fn tokens_are_named_on_the_command_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let circuit = directory.path().join("model.tc").display().to_string();
    let hist = folder("hist").display().to_string();
    done(&["compile", &hist, "-o", &circuit]);
    for file in [&circuit, &hist] {
        let text = done(&["run", file, "--tokens", "bos a b a"]);
        assert!(text.contains("position 1: 2 (class 2)\nposition 2: 1 (class 1)\nposition 3: 2 (class 2)\n"), "{text}");
        assert_eq!(text, done(&["run", file, "--tokens", "0,2,3,2"]));
        refused(&["run", file, "--tokens", "a b a b"], "the first token must be `BOS`");
        refused(&["run", file, "--tokens", "bos a b d"], "there is no token `d`; the vocabulary is: BOS PAD a b c");
    }
    refused(&["run", &circuit, "--tokens", "bos a b"], "compile --context 3");
    refused(&["run", &hist, "--tokens", "bos a b c a b c"], "6 rows");
    // Padding is a token like any other.
    let padded = done(&["run", &hist, "--tokens", "bos a pad a"]);
    assert!(padded.contains("position 1: 2 (class 2)"), "{padded}");
}

#[test]
fn what_a_manifest_may_not_say_is_refused() {
    let text = std::fs::read_to_string(folder("hist").join("manifest.json")).expect("the manifest");
    let cases = [
        ("\"layer_norm\": false", "\"layer_norm\": true", "`layer_norm` = true is not supported"),
        ("\"relu\"", "\"gelu\"", "`activation` = \"gelu\" is not supported"),
        ("\"num_heads\": 1", "\"num_heads\": 0", "`num_heads` is 0"),
        ("\"key_size\": 5", "\"key_size\": 1000000000000000000", "`key_size` is 1000000000000000000"),
        ("\"bos_id\": 0", "\"bos_id\": 7", "`bos_id` is 7"),
        ("\"kind\": \"categorical\"", "\"kind\": \"both\"", "`kind` = \"both\" is not supported"),
        ("\"residual\"", "\"residua\"", "unknown key `residua`"),
    ];
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("manifest.json");
    let name = path.display().to_string();
    for (written, instead, wanted) in cases {
        assert!(text.contains(written), "{written}");
        std::fs::write(&path, text.replacen(written, instead, 1)).expect("written");
        refused(&["report", &name], wanted);
    }
    std::fs::write(&path, &text).expect("written");
    refused(&["run", &name, "--tokens", "bos a"], "comes without weights");
}
