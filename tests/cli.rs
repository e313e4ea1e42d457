//! The binary as a user meets it: what it prints, what it refuses, and that one fresh process reads what another wrote.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

fn circuit(name: &str) -> String {
    format!("{CIRCUITS}/{name}")
}

fn isobath<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    isobath_with(args, b"")
}

fn isobath_with<S: AsRef<std::ffi::OsStr>>(args: &[S], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isobath"));
    let pipes = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // A process that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Standard output of a command that must succeed.
fn done<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> String {
    let output = isobath(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Value {
    serde_json::from_str(&done(args)).unwrap()
}

/// One error that says `wanted`, exit code 2, nothing printed, no panic.
#[track_caller]
fn refused(output: &Output, wanted: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{wanted}: {error}");
    assert!(error.starts_with("error: ") && error.contains(wanted), "{wanted}: {error}");
    assert!(!error.contains("panicked") && error.matches("error: ").count() == 1, "{error}");
    assert!(output.stdout.is_empty(), "{wanted}");
}

#[test]
fn reports_have_the_depth_of_the_cost_table() {
    let cases = [
        ("gpt2/config.json", "depth", 112, "9*layers + 4"),
        ("llama-3-8b", "depth", 324, "10*layers + 4"),
        ("tiny-gpt.toml", "depth", 13, "9*layers + 4"),
        ("tiny-llama.toml", "depth", 14, "10*layers + 4"),
        ("tiny-moe.toml", "depth", 16, "12*layers + 4"),
        ("tiny-mla.toml", "depth", 16, "12*layers + 4"),
    ];
    for (file, strategy, depth, law) in cases {
        let report = json(&["report", &circuit(file), "--json", "--strategy", strategy, "--output", "logits"]);
        let blocks = |field: &str| report["law"]["layers"][field].clone();
        assert_eq!((&report["schema"], &report["depth"]), (&"isobath.report/1".into(), &depth.into()), "{file}");
        assert_eq!((&report["law"]["depth"], &report["bound"]), (&law.into(), &"upper".into()), "{file}");
        assert_eq!((blocks("growth"), blocks("rate")), ("linear".into(), law.split('*').next().into()));
        assert_eq!(report["law"]["context"]["growth"], "constant");
        sums(&report, depth);
    }
}

/// Modules and the critical path add up to the whole.
fn sums(report: &Value, depth: u64) {
    let (mut layers, mut gates) = (0, 0u128);
    for module in report["modules"].as_array().unwrap() {
        let repeat = module["repeat"].as_u64().unwrap();
        layers += repeat * module["layers"].as_u64().unwrap();
        gates += u128::from(repeat) * module["gates"].as_str().unwrap().parse::<u128>().unwrap();
    }
    assert_eq!((layers, gates.to_string()), (depth, report["gates"].as_str().unwrap().to_owned()));
    assert_eq!(report["critical_path"].as_array().unwrap().len() as u64, depth);
}

#[test]
fn laws_are_the_same_whatever_the_context() {
    for strategy in ["depth", "size"] {
        let at = |context| {
            let file = circuit("llama-3-8b");
            json(&["report", &file, "--json", "--strategy", strategy, "--context", context])
        };
        let short = at("1");
        for context in ["7", "128K", "1e18"] {
            let long = at(context);
            for field in ["law", "size_law", "depth", "gate_depth"] {
                assert_eq!(short[field], long[field], "{context}");
            }
        }
    }
}

#[test]
fn assumptions_say_what_is_rounded() {
    let said = |args: &[&str]| json(&[&["report", "--json"], args].concat())["assumptions"].to_string();
    let (gpt, llama) = (circuit("tiny-gpt.toml"), circuit("tiny-llama.toml"));
    assert!(said(&[&llama]).contains("cosines and sines rounded") && !said(&[&gpt]).contains("cosines"));
    let eager = said(&[&gpt, "--rounding", "eager"]);
    assert!(eager.contains("centring, choosing positions and argmax are exact"), "{eager}");
}

#[test]
fn a_report_can_be_read_by_a_person() {
    let text = done(&["report", &circuit("gpt2"), "--context", "1K"]);
    for part in
        ["124,439,808 parameters", "112 layers", "9*layers + 4", "block 1..11 (11 times)", "12 times", "at most"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\x1b'));
    let line = done(&["report", &circuit("gpt2"), "--quiet"]);
    assert!(line.lines().count() == 1 && line.contains("depth at most 112, gates at most"), "{line}");
}

#[test]
fn bound_reports_are_exact_and_no_larger() {
    for file in ["tiny-gpt.toml", "tiny-llama.toml"] {
        let report = |more: &[&str]| json(&[&["report", &circuit(file), "--json", "--context", "3"], more].concat());
        let (free, bound) = (report(&[]), report(&["--bound"]));
        let gates = |report: &Value| report["gates"].as_str().unwrap().parse::<u64>().unwrap();
        assert_eq!(bound["bound"], "exact");
        assert!(bound["weights"].as_str().unwrap().starts_with("random, seed "));
        assert!(gates(&bound) <= gates(&free) && bound["depth"].as_u64() <= free["depth"].as_u64());
    }
}

#[test]
fn compiled_circuits_run_like_their_models() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("c.tc").display().to_string();
    let inputs = ["--input", "0,1,2", "--input", "4,4,0"];
    for (file, more) in [
        ("tiny-gpt.toml", &[][..]),
        ("tiny-llama.toml", &["--rounding", "eager"]),
        ("tiny-bert.toml", &["--output", "argmax", "--last", "--format", "int(4)"]),
        ("tiny-moe.toml", &[]),
        ("tiny-mla.toml", &[]),
    ] {
        let file = circuit(file);
        let summary = json(&[&["compile", &file, "-o", &out, "--context", "3", "--json"], more].concat());
        let report =
            json(&[&["report", &file, "--bound", "--strategy", "size", "--context", "3", "--json"], more].concat());
        for field in ["depth", "gate_depth", "gates", "wires", "weight_bits"] {
            assert_eq!(summary[field], report[field], "{file} {field}");
        }
        let model = done(&[&["run", &file][..], &inputs, more].concat());
        assert_eq!(done(&[&["run", &out][..], &inputs].concat()), model, "{file}");
        let all = done(&[&["run", &file, "--by", "all"][..], &inputs, more].concat());
        assert_eq!(all, model + "evaluate, interpret and simulate agree on all inputs (2)\n");
    }
}

#[test]
fn an_encoder_and_its_decoder_run_by_all_readings() {
    let all = done(&["run", &circuit("tiny-t5.toml"), "--by", "all", "--input", "0,1,2,3", "--input", "3,3,0,1"]);
    assert!(all.contains("evaluate, interpret and simulate agree on all inputs (2)"), "{all}");
    let law = done(&["report", &circuit("tiny-t5.toml")]);
    assert!(law.contains("15*decoder_layers + 9*encoder_layers"), "{law}");
    refused(&isobath(&["run", &circuit("tiny-t5.toml"), "--input", "0,1"]), "takes 4 integers, 2 were given");
}

/// Every output of a loop, not the first alone; of weights of different shapes each under its own name; with rounded sums too.
#[test]
fn loops_give_out_all_their_outputs_by_all_readings() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("loop.tc").display().to_string();
    let sums = ["--accumulate", "tree(2)", "--accumulator", "fixed(6,4)"];
    let cases: [(&str, &[&str], &str, usize); 4] = [
        ("rnn.toml", &["--context", "3"], "1,2,0", 3),
        ("rnn.toml", &[&["--context", "3"], &sums[..]].concat(), "1,2,0", 3),
        ("segment-memory.toml", &sums[..], "1,2,3,0,1,2", 3),
        ("gd-mlp.toml", &["--steps", "1"], "1,1", 2),
    ];
    for (file, flags, input, rows) in cases {
        let (file, flags) = (circuit(file), [flags, &["--strategy", "depth"]].concat());
        let all = done(&[&["run", &file, "--by", "all", "--input", input], &flags[..]].concat());
        let (answers, agree) = all.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(
            (answers.lines().count(), agree),
            (rows, "evaluate, interpret and simulate agree on all inputs (1)")
        );
        done(&[&["compile", &file, "-o", &out, "--quiet"], &flags[..]].concat());
        assert_eq!(done(&["run", &out, "--input", input]).trim_end(), answers, "{file}");
    }
    let weights = done(&["run", &circuit("gd-mlp.toml"), "--steps", "1", "--input", "1,1"]);
    assert!(weights.starts_with("hidden ") && weights.contains("\noutput "), "{weights}");
}

#[test]
fn circuits_come_on_standard_input_too() {
    let compiled = isobath(&["compile", &circuit("tiny-gpt.toml"), "--context", "2", "-o", "-", "--quiet"]);
    assert!(compiled.status.success());
    let output = isobath_with(&["run", "-", "--input", "3,1"], &compiled.stdout);
    let model = done(&["run", &circuit("tiny-gpt.toml"), "--input", "3,1"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), model);
    let half = &compiled.stdout[..compiled.stdout.len() / 2];
    refused(&isobath_with(&["run", "-", "--input", "3,1"], half), "ends");
    refused(&isobath_with(&["report", "-"], &compiled.stdout), "compiled circuit");
    refused(&isobath_with(&["run", "-", "--input", "-"], b"0,1"), "cannot both be on standard input");
}

#[test]
fn trained_weights_add_modulo_seven() {
    let model = circuit("modadd7_gpt2_1l");
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("inputs");
    std::fs::write(&lines, "[1, 2, 7]\n\n6,6,7\n").unwrap();
    let at = format!("@{}", lines.display());
    let args = ["run", &model, "--output", "argmax", "--last", "--format", "fixed(5,6)", "--json", "--input", &at];
    let run = json(&args);
    let token = |place: usize| run["inputs"][place]["positions"][0]["token"].as_u64();
    assert_eq!((token(0), token(1)), (Some(3), Some(5)));
}

#[test]
fn circuits_are_emitted_as_drawing_and_json() {
    let file = circuit("tiny-gpt.toml");
    let emit = |kind| done(&["compile", &file, "-o", "-", "--emit", kind, "--context", "1", "-q"]);
    assert!(emit("dot").starts_with("digraph gates {"));
    let gates: Value = serde_json::from_str(&emit("json")).unwrap();
    assert_eq!((&gates["schema"], &gates["metadata"]["fraction"]), (&"isobath.gates/1".into(), &"1".into()));
}

#[test]
fn models_and_inputs_come_from_standard_input_too() {
    let spec = std::fs::read(circuit("tiny-gpt.toml")).unwrap();
    let report = isobath_with(&["report", "-", "--json"], &spec);
    assert_eq!(serde_json::from_slice::<Value>(&report.stdout).unwrap()["depth"], 13);
    let run = isobath_with(&["run", &circuit("tiny-gpt.toml"), "--input", "-"], b"0,1\n[2]\n");
    assert_eq!(String::from_utf8(run.stdout).unwrap().matches("position").count(), 3);
    assert!(done(&["completions", "bash"]).contains("_isobath"));
}

/// A file with this text or these bytes.
fn written(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// The small model with one thing replaced.
fn changed(folder: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(circuit("tiny-gpt.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    written(folder, "changed.toml", text.replace(from, to))
}

#[test]
fn malformed_models_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let config = std::fs::read_to_string(circuit("gpt2/config.json")).unwrap();
    let cases = [
        (written(here, "utf8.toml", b"name = '\xff'"), "not UTF-8"),
        (written(here, "empty.toml", ""), "is empty"),
        (written(here, "cut.json", &config[..config.len() / 2]), "cut.json"),
        (here.display().to_string(), "directory without a config.json"),
        (here.join("none.toml").display().to_string(), "there is no file"),
        (written(here, "c.tc", "no circuit"), "compiled circuit"),
    ];
    for (file, wanted) in &cases {
        refused(&isobath(&["report", file]), wanted);
    }
    let changes = [
        ("width = 4", "width = 'four'", "width"),
        ("width = 4", "width = 0", "width"),
        ("width = 4", "width = 99999999999999999999", "width"),
        ("heads = 2", "heads = 3", "heads"),
        ("layers = 1", "layers = 1000000000", "layers"),
        ("norm = \"layer\"", "nrom = \"layer\"", "nrom"),
    ];
    for (from, to, wanted) in changes {
        refused(&isobath(&["report", &changed(here, from, to)]), wanted);
    }
}

#[test]
fn impossible_requests_are_refused() {
    let (tiny, gpt2) = (circuit("tiny-gpt.toml"), circuit("gpt2"));
    let cases: [(&[&str], &str); 20] = [
        (&["report", &gpt2, "--context", "0"], "at least one token"),
        (&["report", &gpt2, "--context", "10^18"], "has 1024 rows"),
        (&["report", &gpt2, "--context", "1025"], "use --context 1024 or less"),
        (&["report", &gpt2, "--context", "10^30"], "at most 2^60 tokens"),
        (&["report", &gpt2, "--format", "bf17"], "is not a number format"),
        (&["report", &gpt2, "--accumulate", "sequental"], "is not a way to add up"),
        (&["report", &gpt2, "--score-clamp", "64", "--exp-bits", "64"], "score_clamp"),
        (&["report", &gpt2, "--bound"], "without weights"),
        (&["compile", &gpt2, "-o", "/tmp/never.tc"], "Use `report`"),
        (&["compile", &tiny, "-o", "/nowhere/x.tc"], "/nowhere/x.tc"),
        (&["compile", &tiny, "-o", CIRCUITS], "directory"),
        (&["compile", &tiny, "-o", "-", "--json"], "standard output"),
        (&["compile", &tiny, "-o", "/nowhere/x.dot", "--emit", "dot"], "/nowhere/x.dot"),
        (&["run", &gpt2, "--input", "1"], "without weights"),
        (&["run", &tiny, "--input", "0,5"], "token 1 is 5; allowed are 0 to 4"),
        (&["run", &tiny, "--input", "-1"], "token 0 is -1"),
        (&["run", &tiny, "--input", "x"], "`x` is not a token id"),
        (&["run", &tiny, "--input", "0,1,2,3,4"], "has 4 rows"),
        (&["run", &tiny, "--input", "0", "--context", "2"], "--context is 2"),
        (&["run", &tiny, "--input", "@/nowhere"], "cannot read the input"),
    ];
    for (args, wanted) in cases {
        refused(&isobath(args), wanted);
    }
}

#[test]
fn what_is_too_large_to_expand_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let huge = changed(folder.path(), "hidden = 8", "hidden = 100000000000");
    let out = folder.path().join("huge.tc").display().to_string();
    let start = std::time::Instant::now();
    refused(&isobath(&["compile", &huge, "-o", &out, "--context", "4"]), "Use `report`");
    refused(&isobath(&["run", &huge, "--input", "0"]), "too many to hold");
    assert!(start.elapsed().as_secs() < 10);
    assert!(!Path::new(&out).exists());
}

#[test]
fn damaged_circuits_and_wrong_flags_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("c.tc").display().to_string();
    done(&["compile", &circuit("tiny-gpt.toml"), "-o", &out, "--context", "2", "-q"]);
    refused(&isobath(&["run", &out, "--input", "0,1,2"]), "reads 2 tokens, but an input has 3");
    refused(&isobath(&["run", &out, "--input", "0,1", "--format", "int(4)"]), "flags that change the model");
    refused(&isobath(&["run", &out, "--input", "0,1", "--by", "interpret"]), "only be simulated");
    let bytes = std::fs::read(&out).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for (name, bytes) in [("cut.tc", &bytes[..bytes.len() / 2]), ("flip.tc", &flipped), ("empty.tc", &[])] {
        let file = written(folder.path(), name, bytes);
        refused(&isobath(&["run", &file, "--input", "0,1"]), name);
    }
}

/// A safetensors file with the given tensors of 32-bit floats.
fn safetensors(folder: &Path, change: impl Fn(&mut Value, &mut Vec<u8>)) -> String {
    let bytes = std::fs::read(circuit("modadd7_gpt2_1l/model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut data = bytes[8 + length..].to_vec();
    change(&mut header, &mut data);
    let header = header.to_string().into_bytes();
    let all = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
    written(folder, "changed.safetensors", all)
}

#[test]
fn wrong_weights_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |file: &str, wanted: &str| {
        let model = circuit("modadd7_gpt2_1l");
        refused(&isobath(&["run", &model, "--weights", file, "--input", "1,2,7"]), wanted);
        refused(&isobath(&["report", &model, "--weights", file, "--context", "3"]), wanted);
    };
    let first = |header: &Value| header.as_object().unwrap().keys().find(|name| name.contains("wte")).unwrap().clone();
    check(
        &safetensors(folder.path(), |header, _| {
            let name = first(header);
            let shape = header[&name]["shape"].as_array_mut().unwrap();
            shape.swap(0, 1);
        }),
        "but must have",
    );
    check(
        &safetensors(folder.path(), |header, data| {
            let at = header[&first(header)]["data_offsets"][0].as_u64().unwrap() as usize;
            data[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        "NaN",
    );
    check(&safetensors(folder.path(), |_, data| data.truncate(10)), "safetensors");
    check("/nowhere/w.safetensors", "cannot read the weight file");
}

/// Figures of the architecture come without tables, so no format is too wide for them.
#[test]
fn the_widest_formats_are_measured() {
    let formats = ["int(62)", "fixed(31,31)", "fixed(8,54)", "fixed(1,61)"];
    let tables = [["16", "30"], ["1", "58"]];
    for (strategy, rounding) in [("depth", "fused"), ("depth", "eager"), ("size", "fused"), ("size", "eager")] {
        for (format, [clamp, bits]) in formats.iter().flat_map(|format| tables.map(|table| (format, table))) {
            let settings = ["--format", format, "--score-clamp", clamp, "--exp-bits", bits, "--rounding", rounding];
            let file = circuit("tiny-llama.toml");
            let report = json(&[&["report", &file, "--json", "--strategy", strategy][..], &settings].concat());
            assert_eq!(report["bound"], "upper", "{strategy} {settings:?}");
        }
    }
}

/// The report of the trained model says which width is enough, and no pair of formats tried of a narrower one does better.
#[test]
fn recorded_outputs_are_compared() {
    let (model, table) = (circuit("modadd7_gpt2_1l"), circuit("modadd7_gpt2_1l/table.jsonl"));
    let args = ["report", &model, "--last", "--recorded", &table, "--json"];
    let report = json(&args);
    let widths = report["recorded"]["widths"].as_array().unwrap();
    let told = |width: &Value| (width["bits"].as_u64().unwrap(), width["agree"].as_u64().unwrap());
    assert_eq!(widths[widths.len() - 2..].iter().map(told).collect::<Vec<_>>(), [(8, 48), (9, 49)]);
    assert_eq!((&report["recorded"]["found"], &report["recorded"]["inputs"]), (&true.into(), &49.into()));
    let narrower = ["--weights-format", "fixed(2,6)", "--activations-format", "fixed(3,5)"];
    assert_eq!(json(&[&args[..], &narrower].concat())["recorded"]["here"]["agree"], 48);
}

#[test]
fn recorded_tokens_that_do_not_exist_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, line) in
        [("in", r#"{"in":[99,1,7],"argmax":[0,0,0]}"#), ("argmax", r#"{"in":[1,1,7],"argmax":[0,0,99]}"#)]
    {
        let file = written(folder.path(), name, line);
        refused(
            &isobath(&["report", &circuit("modadd7_gpt2_1l"), "--recorded", &file]),
            "recorded input 1: token 99 does not exist; the model has tokens 0 to 7",
        );
    }
}

#[test]
fn nothing_is_left_of_a_refused_write() {
    let folder = tempfile::tempdir().unwrap();
    let out: PathBuf = folder.path().join("big.dot");
    let args =
        ["compile", &circuit("modadd7_gpt2_1l"), "--context", "3", "-o", &out.display().to_string(), "--emit", "dot"];
    refused(&isobath(&args), "too many to draw");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_quietly() {
    let commands: [&[&str]; 3] = [
        &["report", &circuit("gpt2"), "--json"],
        &["compile", &circuit("tiny-gpt.toml"), "-o", "-", "-q", "--emit", "json"],
        &["completions", "zsh"],
    ];
    for args in commands {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isobath"));
        let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    }
}
