//! Reports in the cost models beside threshold gates, and opaque depth, as a user of the binary meets them.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

fn report(file: &str, args: &[&str]) -> Output {
    let file = if file.starts_with('/') { file.to_owned() } else { format!("{CIRCUITS}/{file}") };
    Command::new(env!("CARGO_BIN_EXE_isobath")).args(["report", &file]).args(args).output().unwrap()
}

fn text(file: &str, args: &[&str]) -> String {
    let output = report(file, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(file: &str, args: &[&str]) -> Value {
    serde_json::from_str(&text(file, &[args, &["--json"]].concat())).unwrap()
}

#[track_caller]
fn refused(output: &Output, wanted: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(wanted.iter().all(|part| error.contains(part)) && output.stdout.is_empty(), "{error}");
}

/// Steps of the critical path, and modules, add up to the depth and the size.
fn sums(report: &Value, size: &str) {
    let number = |value: &Value| value.as_str().unwrap().parse::<u128>().unwrap();
    let depth = report["depth"].as_u64().unwrap();
    let steps = report["critical_path"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["cost"].as_u64().unwrap()).sum::<u64>(), depth);
    assert_eq!(steps.last().unwrap()["layer"], depth);
    let (mut layers, mut total) = (0, 0);
    for module in report["modules"].as_array().unwrap() {
        let repeat = module["repeat"].as_u64().unwrap();
        layers += repeat * module["layers"].as_u64().unwrap();
        total += u128::from(repeat) * number(&module[size]);
    }
    assert_eq!((layers, total), (depth, number(&report[size])));
}

#[test]
fn shipped_models_have_finite_laws_at_once() {
    for (file, model, depth, law) in [
        ("gpt2", "arithmetic", 1745, "layers*(2*ceil(log2(context)) + 122) + 41"),
        ("llama-3-8b", "arithmetic", 4127, "layers*(2*ceil(log2(context)) + 108) + 31"),
        ("gpt2", "boolean", 0, "layers*(5*ceil(log2(20*context + 1))"),
        ("llama-3-8b", "boolean", 0, "layers*(5*ceil(log2(20*context + 1))"),
    ] {
        let size = if model == "arithmetic" { "operations" } else { "gates" };
        let time = || {
            let start = Instant::now();
            json(file, &["--model", model, "--context", "1024", "--opaque"]);
            start.elapsed()
        };
        // The fastest of several, for other tests run beside this one.
        assert!((0..10).any(|_| time().as_millis() < 100), "{file} {model}");
        let report = json(file, &["--model", model, "--context", "1024"]);
        assert_eq!((&report["schema"], &report["model"]), (&"isobath.report/1".into(), &model.into()));
        assert!(report["law"]["depth"].as_str().unwrap().starts_with(law), "{}", report["law"]["depth"]);
        assert!(depth == 0 || report["depth"] == depth, "{}", report["depth"]);
        assert_eq!(
            (&report["law"]["context"]["growth"], &report["law"]["layers"]["growth"]),
            (&"logarithmic".into(), &"linear".into())
        );
        assert!(report["size_law"][size].as_str().unwrap().contains("context^2"));
        for field in ["wires", "weight_bits", "gate_depth", "strategy", "opaque"] {
            assert!(report.get(field).is_none(), "{field}");
        }
        sums(&report, size);
    }
}

#[test]
fn laws_are_the_same_whatever_the_context() {
    for model in ["arithmetic", "boolean"] {
        let at = |context| json("llama-3-8b", &["--model", model, "--context", context]);
        let short = at("1");
        for context in ["7", "128K", "1e18"] {
            let long = at(context);
            assert_eq!((&short["law"], &short["size_law"]), (&long["law"], &long["size_law"]), "{model} {context}");
        }
    }
}

#[test]
fn a_sliding_window_is_charged_its_window() {
    let folder = tempfile::tempdir().unwrap();
    let model = std::fs::read_to_string(format!("{CIRCUITS}/tiny-llama.toml")).unwrap();
    let path = folder.path().join("window.toml");
    std::fs::write(&path, model.replace("rotary_base = 100", "window = 6\nrotary_base = 100")).unwrap();
    let file = path.display().to_string();
    for model in ["arithmetic", "boolean"] {
        let at = |context| json(&file, &["--model", model, "--context", context]);
        let (near, far, full) =
            (at("6"), at("1e15"), json("tiny-llama.toml", &["--model", model, "--context", "1e15"]));
        assert_eq!((&near["depth"], &near["law"]), (&far["depth"], &far["law"]), "{model}");
        assert_eq!(
            (&far["law"]["context"]["growth"], &far["law"]["context"]["rate"]),
            (&"constant".into(), &"0".into())
        );
        assert!(far["law"]["depth"].as_str().unwrap().contains("min(context, 6)"));
        assert!(far["depth"].as_u64() < full["depth"].as_u64());
        assert_eq!(full["law"]["context"]["growth"], "logarithmic");
    }
}

/// Beside a very wide MLP, attention is the longer way only at long contexts: the law is the greater of two.
#[test]
fn a_law_can_be_a_maximum() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.toml");
    let model = "[model]\nkind = 'decoder'\nvocabulary = 5\nlayers = 40\nwidth = 2\nheads = 1\nhidden = 1073741824\npositions = \
                 'none'\nnorm = 'rms'\nactivation = 'relu'\njoin = 'parallel'\n";
    std::fs::write(&path, model).unwrap();
    let at = |context: &str| json(&path.display().to_string(), &["--model", "arithmetic", "--context", context]);
    let law = &at("1")["law"];
    let wanted = "max(layers*(2*ceil(log2(context)) + 21) + 9, 44*layers + 9)";
    assert_eq!((&law["depth"], &law["context"]["growth"]), (&wanted.into(), &"logarithmic".into()), "{law}");
    for (context, depth) in [("1", 44 * 40 + 9), ("1K", 44 * 40 + 9), ("1M", 61 * 40 + 9)] {
        assert_eq!(at(context)["depth"], depth, "{context}");
    }
}

#[test]
fn observed_values_cut_the_longest_run() {
    for (model, whole) in
        [("threshold", "threshold gates"), ("arithmetic", "rounding and clamps are free"), ("boolean", "sticky bit")]
    {
        let of = |more: &[&str]| json("gpt2", &[&["--model", model], more].concat());
        let plain = of(&["--opaque"]);
        assert_eq!(plain["opaque"]["depth"], plain["depth"], "{model}");
        assert_eq!(plain["opaque"]["observed"], serde_json::json!(["tokens in", "logits out"]));
        let cut = of(&["--observe", "residual"]);
        assert!(cut["opaque"]["depth"].as_u64() < plain["opaque"]["depth"].as_u64(), "{model}");
        let cost = |step: &Value| step["cost"].as_u64().unwrap();
        let path = cut["opaque"]["path"].as_array().unwrap();
        assert_eq!(path.iter().map(cost).sum::<u64>(), cut["opaque"]["depth"].as_u64().unwrap());
        let one = of(&["--observe", "block 5/MLP", "--observe", "block 5/attention"]);
        let between = (cut["opaque"]["depth"].as_u64(), one["opaque"]["depth"].as_u64());
        assert!(between.0 < between.1 && between.1 <= plain["depth"].as_u64(), "{model} {between:?}");
        let told = text("gpt2", &["--model", model, "--opaque"]);
        assert!(told.contains("opaque depth") && told.contains(whole), "{told}");
        refused(&report("gpt2", &["--model", model, "--observe", "residul"]), &["`residul`", "`residual`"]);
    }
}

/// From one stored residual to the next a block of GPT-2 runs through a norm (1 layer after its input) and attention (4), or a norm and the MLP (1).
#[test]
fn opaque_depth_of_stored_residuals() {
    let report = json("gpt2", &["--observe", "residual stored"]);
    assert!(report["opaque"]["depth"].as_u64() <= Some(112), "{}", report["opaque"]);
    let rms = json("llama-3-8b", &["--observe", "residual stored"]);
    // The norm's gates (1), attention (4), and the store that ends the run (1); or the final part: norm 2, logits 1, MLP 2.
    assert_eq!(rms["opaque"]["depth"], 6, "{}", rms["opaque"]);
}

#[test]
fn what_other_models_do_not_read_is_refused() {
    for flags in [&["--bound"][..], &["--strategy", "size"]] {
        refused(&report("tiny-gpt.toml", &[flags, &["--model", "boolean"]].concat()), &["threshold circuits"]);
    }
    refused(&report("gpt2", &["--model", "boolean", "--context", "1025"]), &["use --context 1024 or less"]);
    let line = text("gpt2", &["--model", "arithmetic", "--quiet"]);
    assert!(line.lines().count() == 1 && line.contains("depth at most 1745, operations at most"), "{line}");
}
