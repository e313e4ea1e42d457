//! The commands `classify` and `bounds` as a user meets them: what they print, and what they refuse.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

fn circuit(name: &str) -> String {
    format!("{CIRCUITS}/{name}")
}

fn isobath(args: &[&str]) -> Output {
    isobath_with(args, b"")
}

fn isobath_with(args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isobath"));
    let pipes = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // A process that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Standard output of a command that must succeed.
fn done(args: &[&str]) -> String {
    let output = isobath(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&done(args)).unwrap()
}

/// One error that says `wanted`, exit code 2, nothing printed, no panic.
#[track_caller]
fn refused(output: &Output, wanted: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{wanted}: {error}");
    assert!(error.starts_with("error: ") && error.contains(wanted), "{wanted}: {error}");
    assert!(output.stdout.is_empty() && !error.contains("panicked"), "{wanted}: {error}");
}

#[test]
fn steps_are_classified_with_a_witness() {
    let class = |args: &[&str]| json(&[&["classify", "--json"], args].concat());
    let quiet = class(&[&circuit("gd-1d.toml"), "--format", "int(3)"]);
    assert_eq!((&quiet["class"], &quiet["order"], &quiet["states"]), (&"AC0".into(), &"chain".into(), &8.into()));
    assert_eq!((&quiet["schema"], &quiet["witness"]), (&"isobath.classification/1".into(), &Value::Null));
    let (swaps, data) = (circuit("gd-swaps.toml"), format!("@{}", circuit("gd-swaps.data")));
    let swaps = class(&[&swaps, "--reachable", "--data", &data]);
    assert_eq!((&swaps["class"], &swaps["witness"]["order"]), (&"NC1-complete".into(), &"120".into()));
    assert_eq!((&swaps["monoid"]["elements"]["found"], &swaps["solvable"]), (&120.into(), &false.into()));
    let parity = class(&[&circuit("gd-parity.toml"), "--data", "0,0", "--data", "1,0"]);
    assert_eq!((&parity["class"], &parity["witness"]["order"]), (&"ACC0".into(), &"2".into()));
    assert_eq!(parity["witness"]["generators"][0]["word"], serde_json::json!(["x = 1, y = 0"]));
    let text = done(&["classify", &circuit("gd-parity.toml"), "--data", "0,0", "--data", "1,0"]);
    assert!(text.contains("(-1 1)") && text.contains("unconfirmed"), "{text}");
}

#[test]
fn a_limit_that_is_hit_claims_no_class() {
    let output = isobath(&["classify", &circuit("gd-1d.toml"), "--data", "7,7", "--data", "-8,7", "--limit", "1"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The maps keep an order, which is proof without a list.
    assert!(output.status.success() && text.contains("limit hit") && text.contains("AC0: aperiodic"), "{text}");
    let output = isobath(&["classify", &circuit("gd-momentum.toml"), "--format", "int(2)", "--limit", "2"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("open: ") || text.contains("not AC0: "), "{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not decided"));
}

#[test]
fn bounds_say_on_what_they_rest() {
    let bounds = json(&["bounds", &circuit("gd-swaps.toml"), "--steps", "600", "--weights", "3", "--json"]);
    assert_eq!(bounds["schema"], "isobath.bounds/1");
    let of =
        |name: &str| bounds["bounds"].as_array().unwrap().iter().find(|bound| bound["name"] == name).unwrap().clone();
    assert_eq!(of("inner-product-gates")["standing"], "says");
    assert_eq!(of("parity-gates")["standing"], "says-nothing");
    assert!(
        bounds["bounds"].as_array().unwrap().iter().all(|bound| bound["model"].as_str().unwrap().contains("circuits"))
    );
    let custom = done(&["bounds", &circuit("gd-custom.toml"), "--steps", "100"]);
    assert!(custom.contains("depth >= 159   arithmetic-degree [unconditional, restricted model]"), "{custom}");
}

#[test]
fn classes_and_bounds_refuse_what_they_are_not_for() {
    for command in ["classify", "bounds"] {
        refused(&isobath(&[command, &circuit("tiny-gpt.toml")]), "this is no program");
        refused(&isobath(&[command, &circuit("nothing.toml")]), "nothing.toml");
        refused(&isobath(&[command, CIRCUITS]), "circuits");
        refused(&isobath_with(&[command, "-"], b""), "<stdin>");
        refused(&isobath_with(&[command, "-"], b"[program]\nkind = 'gradient-descent'\n"), "step_size");
    }
    let one = circuit("gd-1d.toml");
    refused(
        &isobath(&["classify", &one, "--format", "int(8)"]),
        "the widest format for all 3 numbers of a step that fits is int(6)",
    );
    refused(&isobath(&["classify", &one, "--format", "int(62)"]), "steps are classified up to 16");
    refused(&isobath(&["classify", &one, "--data", "1"]), "has 2 numbers (x, y), not 1");
    refused(&isobath(&["classify", &one, "--data", "1/2,0"]), "x = 1/2 is no value");
    refused(&isobath(&["classify", &one, "--data", "@/nowhere"]), "/nowhere");
    refused(&isobath(&["classify", &circuit("gd-batch.toml")]), "comes in once");
    refused(&isobath(&["classify", &circuit("gd-hard-wired.toml"), "--reachable"]), "come from outside");
    assert_eq!(isobath(&["bounds", &one, "--steps", "0"]).status.code(), Some(2));
    assert_eq!(isobath(&["classify", &one, "--limit", "0"]).status.code(), Some(2));
}

/// The finite values of 8-bit floats, zero counted once, are the states; a step of descent turns the sign of each or does nothing.
#[test]
fn steps_in_eight_bit_floats_are_classified() {
    for (format, states) in [("fp8-e4m3", 253), ("fp8-e5m2", 247), ("float(2,1)", 15)] {
        let args =
            ["classify", "--json", &circuit("gd-parity.toml"), "--format", format, "--data", "0,0", "--data", "1,0"];
        let class = json(&args);
        assert_eq!((&class["states"], &class["class"]), (&states.into(), &"ACC0".into()), "{format}");
        assert_eq!((&class["witness"]["order"], &class["monoid"]["elements"]["found"]), (&"2".into(), &2.into()));
    }
    // One tenth is no value of a binary format.
    let output = isobath(&["classify", &circuit("gd-parity.toml"), "--format", "fp8-e4m3", "--data", "3.25,0.1"]);
    refused(&output, "is no value of its format");
}

#[test]
fn pages_and_shortcuts_of_floats_say_what_is_refused() {
    let page = done(&["needs", &circuit("gd-parity.toml"), "--format", "bf16"]);
    assert!(page.contains("depth = 2*steps + 1 for every steps >= 1") && page.contains("floating-point"), "{page}");
    let output = isobath(&["shortcut", &circuit("shortcuts/descent-1d.toml"), "--format", "bf16"]);
    refused(&output, "floating-point format bf16");
}
