//! The command `reduce`: what it prints and writes, and what it refuses.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn isobath(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_isobath"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its flags reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn reduce(args: &[&str], input: &str) -> Output {
    isobath(&[&["reduce"], args].concat(), input)
}

fn object(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn text_and_json_tell_the_instance_the_circuit_and_the_answer() {
    let text = reduce(&["parity", "--word", "10110"], "");
    let text = String::from_utf8(text.stdout).unwrap();
    for part in
        ["5 steps in dimension 1", "int(8)", "depth", "gates", "wires", "10110", "decoded  1", "expected 1", "holds"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json = object(&reduce(&["s5", "--word", "-", "--json"], "(0 1 2)\n10234; ()"));
    assert_eq!(json["schema"], "isobath.reduction/1");
    assert_eq!((&json["steps"], &json["instances"], &json["simulated"]), (&12.into(), &1.into(), &1.into()));
    assert_eq!(json["examples"][0]["decoded"], "21034");
    assert_eq!((&json["examples"][0]["expected"], &json["holds"]), (&"21034".into(), &true.into()));
    assert!(json["gates"].is_string() && json["formats"]["data"] == "int(2)");
}

#[test]
fn instances_are_given_drawn_or_all() {
    let count = |args: &[&str]| object(&reduce(&[args, &["--json"]].concat(), ""))["instances"].as_u64().unwrap();
    assert_eq!(count(&["inner-product", "--a", "1011", "--b", "0110"]), 1);
    assert_eq!(count(&["inner-product", "--exhaustive", "--length", "2"]), 16);
    assert_eq!(count(&["parity", "--random", "--steps", "16", "--seed", "7"]), 1);
    assert_eq!(count(&["compose", "--random", "70", "--points", "2", "--length", "3"]), 70);
    let adder = "circuits/netlists/full-adder.aag";
    assert_eq!(count(&["circuit", adder, "--via", "hinge", "--exhaustive"]), 8);
    assert_eq!(count(&["circuit", adder, "--via", "rounding", "--inputs", "101"]), 1);
    assert_eq!(count(&["circuit", "--gates", "6", "--bits", "3", "--via", "polynomial", "--random", "5"]), 5);
    let draw = |seed| object(&reduce(&["parity", "--seed", seed, "--length", "64", "--json"], ""))["examples"].clone();
    assert_eq!(draw("7"), draw("7"));
    assert_ne!(draw("7"), draw("8"));
}

/// The final weights that `run` gives for each line of a data file, by all readings.
fn rerun(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let (program, data) = (folder.join(format!("{name}.toml")), folder.join(format!("{name}.data")));
    let data = format!("@{}", data.display());
    let program = program.display().to_string();
    let json = object(&isobath(&["run", &program, "--input", &data, "--by", "all", "--json"], ""));
    let weights = |input: &Value| {
        let values =
            input["positions"].as_array().unwrap().iter().flat_map(|p| p["values"].as_array().unwrap().clone());
        values.map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    json["inputs"].as_array().unwrap().iter().map(weights).collect()
}

#[test]
fn what_is_written_is_an_ordinary_program_with_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new");
    let path = out.display().to_string();
    for args in [
        vec!["s5", "--random", "3", "--length", "2"],
        vec!["parity", "--random", "3", "--length", "5"],
        vec!["compose", "--random", "3", "--points", "2", "--length", "2"],
    ] {
        let json = object(&reduce(&[&args[..], &["--write", &path, "--json"]].concat(), ""));
        let name = json["name"].as_str().unwrap();
        let told: Vec<Vec<String>> = json["examples"]
            .as_array()
            .unwrap()
            .iter()
            .map(|example| {
                example["weights"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|weight| weight.as_str().unwrap().to_owned())
                    .collect()
            })
            .collect();
        assert_eq!(rerun(&out, name), told, "{name}");
        let report = isobath(&["report", &out.join(format!("{name}.toml")).display().to_string()], "");
        assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    }
    let drawn = ["circuit", "--gates", "5", "--via", "hinge", "--exhaustive", "--write", &path, "--json"];
    let written = object(&reduce(&drawn, ""))["files"].as_array().unwrap().len();
    assert_eq!(written, 3);
    let aag = out.join("hinge.aag").display().to_string();
    let again = object(&reduce(&["circuit", &aag, "--via", "hinge", "--exhaustive", "--json"], ""));
    assert_eq!(again["instances"], 16);
}

/// What a refusal says, after its exit code has been looked at.
fn refused(args: &[&str], input: &str) -> String {
    let output = reduce(args, input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?}");
    said
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (empty, latch) = (file("empty", ""), file("latch.aag", "aag 1 0 1 1 0\n2 3\n2\n"));
    let cycle = file("cycle.aag", "aag 3 1 0 1 2\n2\n4\n4 2 6\n6 2 5\n");
    let short = file("short.aag", "aag 2 1 0 1 1\n2\n");
    let at_empty = format!("@{empty}");
    let here = folder.path().display().to_string();
    for (args, wanted) in [
        (vec!["parity", "--word", "10210"], "position 3"),
        (vec!["parity", "--word", ""], "empty"),
        (vec!["parity", "--word", &at_empty], "empty"),
        (vec!["parity", "--word", "@"], "name of a file"),
        (vec!["parity", "--word", "@/nowhere/at/all"], "/nowhere/at/all"),
        (vec!["parity", "--length", "0"], "at least 1"),
        (vec!["parity", "--length", "10^18"], "at most"),
        (vec!["parity", "--exhaustive", "--length", "40"], "at most"),
        (vec!["parity", "--random", "10^18"], "at most"),
        (vec!["parity", "--random", "--exhaustive"], "cannot be used"),
        (vec!["parity", "--format", "int(1)"], "int(1)"),
        (vec!["s5", "--word", "10234; 10235"], "position 2"),
        (vec!["s5", "--exhaustive", "--length", "3"], "1,728,000"),
        (vec!["s5", "--format", "int(3)"], "int(4) suffices"),
        (vec!["s5", "--data-format", "fixed(1,3)"], "int(2) suffices"),
        (vec!["inner-product", "--a", "101", "--b", "10"], "as long"),
        (vec!["inner-product", "--a", "101"], "--b"),
        (vec!["circuit", "--via", "hinge"], "NETLIST"),
        (vec!["circuit", &empty, "--via", "hinge"], "empty"),
        (vec!["circuit", &here, "--via", "hinge"], "cannot be read"),
        (vec!["circuit", "missing.aag", "--via", "hinge"], "missing.aag"),
        (vec!["circuit", &latch, "--via", "hinge"], "1 latches"),
        (vec!["circuit", &cycle, "--via", "hinge"], "cycle"),
        (vec!["circuit", &short, "--via", "hinge"], "3:1"),
        (vec!["circuit", "README.md", "--via", "hinge"], "no AIGER"),
        (vec!["circuit", "circuits/netlists/full-adder.aag", "--via", "q-learning"], "inverted"),
        (vec!["circuit", "circuits/netlists/full-adder.aag", "--via", "hinge", "--inputs", "10"], "3 inputs"),
        (vec!["circuit", "circuits/netlists/full-adder.aag", "--via", "hinge", "--format", "int(8)"], "fixed(3,1)"),
        (vec!["circuit", "--gates", "5000", "--via", "hinge"], "at most"),
        (vec!["circuit", "--gates", "300", "--via", "polynomial"], "at most 200"),
        (vec!["circuit", "--gates", "10^18", "--via", "hinge"], "invalid"),
        (vec!["compose", "--functions", &empty], "empty"),
        (vec!["compose", "--points", "64", "--length", "10^17"], "at most"),
        (vec!["compose", "--points", "0"], "points"),
    ] {
        let said = refused(&args, "");
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
    assert!(refused(&["compose", "--functions", "-"], "0 1\n1 0 2").contains("function 2"));
    assert!(refused(&["compose", "--functions", "-", "--start", "2"], "0 1\n1 0").contains("0 to 1"));
    assert!(refused(&["circuit", "-", "--via", "hinge"], "aag 1 1 0 0 0\n2\n").contains("no outputs"));
    assert!(refused(&["parity", "--write", &empty], "").contains("cannot be made"));
}
