//! The command: text, JSON, a circuit file that runs, exit codes.

use std::process::{Command, Output};

use serde_json::Value;

fn isobath(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_isobath")).args(args).output().unwrap()
}

fn circuit(name: &str) -> String {
    format!("{}/circuits/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn one_rule_in_json_with_its_circuit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tc").display().to_string();
    let file = circuit("shortcuts/descent-1d");
    let output = isobath(&["shortcut", &file, "--by", "prefix", "--steps", "3", "--json", "-o", &path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "isobath.shortcut/1");
    let rule = &report["rules"][0];
    assert_eq!((&rule["rule"], &rule["size"]["depth"]), (&"prefix".into(), &6.into()));
    assert_eq!((&rule["evidence"]["inputs"], &rule["evidence"]["exhaustive"]), (&"4096".into(), &true.into()));
    assert_eq!((&rule["rounding"]["verdict"], &rule["rounding"]["steps"]), (&"differs".into(), &2.into()));
    // (1 - 1/4)^2 / 2 = 9/32 after two steps on (1, 0), and 27/128 after three: 1/4 in quarters, where rounded descent stays at 1/2.
    let levels = "1,0,1,0,1,0";
    let exact = isobath(&["run", &path, "--input", levels]);
    let plain = isobath(&["run", &file, "--steps", "3", "--input", levels]);
    let [exact, plain] = [exact, plain].map(|output| String::from_utf8(output.stdout).unwrap());
    assert!(exact.contains("levels 1") && plain.contains("levels 2"), "{exact}\n{plain}");
}

#[test]
fn all_rules_as_text() {
    let output = isobath(&["shortcut", &circuit("gd-hard-wired"), "--steps", "6"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for wanted in ["step after step", "hard-wired", "does not apply", "Weight bits by steps: 1: ", "all 256 inputs"] {
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn refusals_exit_with_two() {
    let cases: [(&[&str], &str); 6] = [
        (&["shortcut", "no-such-file.toml"], "no-such-file.toml"),
        (&["shortcut", &circuit("rnn")], "shortcuts are of programs"),
        (&["shortcut", &circuit("gd-hinge"), "--by", "prefix"], "is not affine"),
        (&["shortcut", &circuit("gd-hinge"), "--steps", "0"], "at least 1"),
        (&["shortcut", &circuit("shortcuts/descent-1d"), "--by", "prefix", "--steps", "10^18"], "too many"),
        (
            &["shortcut", &circuit("shortcuts/descent-1d"), "--by", "prefix", "--steps", "6", "--exhaustive"],
            "2^24 inputs",
        ),
    ];
    for (args, wanted) in cases {
        let output = isobath(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(wanted), "{args:?}: {text}");
    }
}
