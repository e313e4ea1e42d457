//! Circuits held to ranges seen on some inputs: on inputs that stay within them they are the model, and every other input is refused, by
//! the arrays and by explicit gates alike.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use isobath::agreement;
use isobath::lower::guard::OUTSIDE;
use isobath::pipeline::{self, Error, Model, calibrate};
use isobath::spec::{self, Spec};
use isobath::words::Strategy;
use isobath::{circuit::measure::Measure, gates};
use num_bigint::BigInt;
use num_traits::Zero;

fn circuit(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(name)
}

/// The model that adds modulo 7, its nine-bit formats, and all inputs recorded for it.
fn modadd() -> (Spec, Vec<Vec<u64>>) {
    let folder = circuit("modadd7_gpt2_1l");
    let mut spec = spec::read(&folder).expect("the model's config");
    spec.numerics.weights = "fixed(3,6)".parse().expect("a format");
    spec.numerics.activations = "fixed(4,5)".parse().expect("a format");
    (spec.architecture.output, spec.architecture.last_only) = (spec::Output::Argmax, true);
    let recorded = agreement::read(&folder.join("table.jsonl"), None).expect("the recorded outputs");
    (spec, recorded.into_iter().map(|recorded| recorded.input).collect())
}

/// What a circuit gives out, or the tensor whose range is left.
fn outcome(model: &Model, input: &[u64]) -> Result<Vec<BigInt>, String> {
    model.evaluate(input).map_err(|error| match error {
        Error::Outside { tensor, .. } => tensor,
        other => panic!("{other}"),
    })
}

fn figures(model: &Model) -> (u64, BigInt, BigInt) {
    let measure: Measure = model.measure().expect("bound");
    (measure.depth, measure.value(&measure.gates), measure.value(&measure.wires))
}

#[test]
fn inside_values_are_those_of_the_model_and_outside_is_refused() {
    let (spec, inputs) = modadd();
    let parameters = pipeline::parameters(&spec).expect("the weights");
    for strategy in [Strategy::Size, Strategy::Depth] {
        let plain = pipeline::with_parameters(&spec, &parameters, 3, strategy).expect("lowered");
        for known in [&inputs[..3], &inputs[..20], &inputs[..]] {
            let ranges = calibrate::calibrate(&spec, &parameters, known).expect("run");
            let held = calibrate::calibrated(&spec, &parameters, 3, strategy, &ranges).expect("lowered");
            let mut refused = 0;
            for input in &inputs {
                match outcome(&held, input) {
                    Ok(output) => assert_eq!(Some(output), plain.interpret(input), "{input:?}"),
                    Err(_) => refused += 1,
                }
            }
            assert!(known.iter().all(|input| outcome(&held, input).is_ok()), "an input it was calibrated on");
            assert_eq!(refused > 0, known.len() < inputs.len(), "{} inputs, {refused} refused", known.len());
            let ((depth, gates, _), (most_depth, most_gates, _)) = (figures(&held), figures(&plain));
            assert!(depth <= most_depth && gates < most_gates, "{depth} layers, {gates} gates against {most_gates}");
        }
    }
}

/// The gates' own outputs say which inputs are outside: exactly those that the arrays refuse. And the figures are those of the gates.
#[test]
fn explicit_gates_tell_the_same_inputs_apart() {
    let (spec, inputs) = modadd();
    let parameters = pipeline::parameters(&spec).expect("the weights");
    let ranges = calibrate::calibrate(&spec, &parameters, &inputs[..10]).expect("run");
    let held = calibrate::calibrated(&spec, &parameters, 3, Strategy::Size, &ranges).expect("lowered");
    let explicit = held.expand(&mut |_, _| ()).expect("expanded");
    let (depth, count, wires) = figures(&held);
    let (stats, levels) = (explicit.stats(), explicit.levels());
    assert_eq!((depth, count), (levels.depth().into(), stats.gates.into()));
    assert_eq!(wires, stats.logical_wires.into());
    let bits: Vec<Vec<bool>> = inputs.iter().map(|input| held.bits(input)).collect();
    let mut inside = 0;
    for (inputs, bits) in inputs.chunks(64).zip(bits.chunks(64)) {
        let values = gates::simulate64(&explicit, &gates::pack_lanes(bits));
        for (place, input) in inputs.iter().enumerate() {
            let words = gates::read_outputs(&explicit, &gates::lane(&values, place));
            let outside = words.iter().filter(|word| word.name.starts_with(OUTSIDE));
            let leaves = outside.flat_map(|word| &word.values).any(|count| !count.is_zero());
            let evaluated = outcome(&held, input);
            assert_eq!(leaves, evaluated.is_err(), "{input:?}");
            if let Ok(output) = evaluated {
                assert_eq!(words[0].values, output, "{input:?}");
                inside += 1;
            }
        }
    }
    assert!((10..49).contains(&inside), "{inside}");
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
    assert!(error.contains(wanted) && !error.contains("panicked") && output.stdout.is_empty(), "{wanted}: {error}");
}

#[test]
fn the_command_line_refuses_what_lies_outside() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (inputs, file, model) = (path("inputs.txt"), path("add.tc"), circuit("modadd7_gpt2_1l").display().to_string());
    std::fs::write(&inputs, "3,5,7\n5,3,7\n").expect("written");
    let flags =
        ["--weights-format", "fixed(3,6)", "--activations-format", "fixed(4,5)", "--output", "argmax", "--last"];
    let calibrate = [&flags[..], &["--calibrate", &inputs]].concat();
    done(&[&["compile", &model, "--context", "3", "-o", &file], &calibrate[..]].concat());
    for run in [vec!["run", &file], [&["run", &model], &calibrate[..]].concat()] {
        let run = |tokens: &'static str| [&run[..], &["--input", tokens]].concat();
        assert_eq!(done(&run("3,5,7")), "position 2: token 1\n");
        refused(&run("0,0,7"), "input 0,0,7: ");
        refused(&run("0,0,7"), "norm 1/residual stored");
    }
    let report = done(&[&["report", &model], &calibrate[..]].concat());
    for wanted in ["seen on 2 inputs", "refuses others"] {
        assert!(report.contains(wanted), "{wanted}: {report}");
    }
    let proved = done(&["report", &model, "--bound"]);
    assert!(proved.contains("proved for every input") && proved.contains("--calibrate FILE"), "{proved}");
}

#[test]
fn what_cannot_be_calibrated_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (model, inputs, empty) = (circuit("tracr/hist").display().to_string(), path("inputs.txt"), path("empty.txt"));
    std::fs::write(&inputs, "bos a d\n").expect("written");
    std::fs::write(&empty, "\n").expect("written");
    refused(&["report", &model, "--calibrate", &inputs], "there is no token `d`");
    refused(&["report", &model, "--calibrate", &empty], "no line with a list");
    refused(&["report", &model, "--calibrate", &path("missing")], "missing");
    refused(&["report", &model, "--calibrate", &directory.path().display().to_string()], "cannot read");
    refused(&["report", &model, "--model", "boolean", "--calibrate", &inputs], "--calibrate");
    let ids = path("ids.txt");
    std::fs::write(&ids, "0,1,2\n3,99\n").expect("written");
    let modadd = circuit("modadd7_gpt2_1l").display().to_string();
    refused(&["run", &modadd, "--input", "3,5,7", "--calibrate", &ids], "token 1 is 99");
    refused(&["run", &modadd, "--by", "interpret", "--input", "3,5,7", "--calibrate", &ids], "interpreter");
    let gd = circuit("gd-least-squares.toml").display().to_string();
    refused(&["report", &gd, "--calibrate", &ids], "models without loops");
    refused(&["compile", &gd, "-o", &path("gd.tc"), "--calibrate", &ids], "models without loops");
}
