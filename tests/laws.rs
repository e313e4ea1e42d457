//! The commands on laws as a user meets them: report on systems, compare, budget, check, verify; and what they refuse.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

const CERTIFICATE: &str = "isobath.certificate/2";

fn circuit(name: &str) -> String {
    format!("{CIRCUITS}/{name}")
}

fn isobath(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_isobath")).args(args).output().unwrap()
}

#[track_caller]
fn json(args: &[&str], code: i32) -> Value {
    let output = isobath(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One error that says `wanted`, exit code 2, nothing printed, no panic.
#[track_caller]
fn refused(args: &[&str], wanted: &str) {
    let output = isobath(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert!(error.starts_with("error: ") && error.contains(wanted), "{args:?}: {error}");
    assert!(!error.contains("panicked") && output.stdout.is_empty(), "{args:?}: {error}");
}

/// Depth at the file's lengths, and the law, of every system that is shipped.
const LAWS: [(&str, &str); 26] = [
    ("rnn", "context + layers + 1"),
    ("lstm", "3*context + 3*layers - 1"),
    ("gru", "3*context + 3*layers - 1"),
    ("ssm", "context + 3*layers + 3"),
    ("mamba", "context + 8*layers + 4"),
    ("linear-attention", "context + 8*layers + 3"),
    ("gated-linear-attention", "context + 11*layers + 3"),
    ("delta-rule", "2*context + 9*layers + 2"),
    ("segment-memory", "9*layers + 9*segments - 5"),
    ("memory-tokens", "9*layers*segments + 4"),
    ("feedback", "9*context*layers + 4"),
    ("decoding", "9*layers*tokens + 4*tokens + 1"),
    ("looped-transformer", "9*layers*rounds + 4"),
    ("linear-attention-descent", "2*layers + 2"),
    ("gd-least-squares", "2*steps + 1"),
    ("gd-least-squares-unrounded", "steps + 3"),
    ("gd-hard-wired", "steps + 1"),
    ("gd-logistic", "2*steps + 3"),
    ("gd-hinge", "2*steps + 3"),
    ("gd-mlp", "5*steps + 1"),
    ("gd-momentum", "2*steps + 1"),
    ("gd-adam", "4*steps + 1"),
    ("gd-batch", "2*steps + 2"),
    ("td0", "2*steps + 1"),
    ("q-learning", "4*steps + 1"),
    ("policy-gradient", "2*steps + 2"),
];

#[test]
fn every_shipped_system_has_its_law_with_certificates() {
    for (name, law) in LAWS {
        let file = circuit(&format!("{name}.toml"));
        let report = json(&["report", &file, "--json"], 0);
        let (told, exact) = (report["law"]["depth"].as_str().unwrap(), report["law"]["exact"].as_bool().unwrap());
        assert!(exact && told.starts_with(&format!("depth = {law} for every ")), "{name}: {told}");
        assert!(!report["law"]["certificates"].as_array().unwrap().is_empty(), "{name}");
        assert_eq!(report["depth"].as_str().unwrap(), value(law, &report["axes"]), "{name}");
        assert!(report["gates"].as_str().unwrap().parse::<u64>().unwrap() > 0, "{name}");
    }
}

/// The law at the report's lengths, worked out term by term here.
fn value(law: &str, axes: &Value) -> String {
    let factor = |factor: &str| factor.parse::<i64>().unwrap_or_else(|_| axes[factor].as_i64().unwrap());
    let term = |term: &str| term.split('*').map(factor).product::<i64>();
    let law = law.replace(" - ", " + -1*");
    law.split(" + ").map(term).sum::<i64>().to_string()
}

#[test]
fn a_law_goes_through_a_file_and_is_verified_in_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let law = folder.path().join("law.json");
    let law = law.to_str().unwrap();
    for (name, length) in [("gd-least-squares.toml", "steps=7"), ("rnn.toml", "layers=3"), ("gpt2", "layers=2")] {
        let made = isobath(&["report", &circuit(name), "--at", length, "--certificate", law, "-q"]);
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
        let verified = json(&["verify", law, "--json"], 0);
        assert!(verified["proved"].as_array().is_some_and(|list| !list.is_empty()), "{name}");
        assert_eq!(verified["refused"], Value::Array(vec![]), "{name}");
    }
    let other = isobath(&["verify", law, "--of", &circuit("rnn.toml")]);
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stdout).contains("the certificate is for the circuit"));
    let text = std::fs::read_to_string(law).unwrap();
    for (from, to) in [("isobath.law/1", "isobath.law/9"), ("\"certificates\"", "\"certificate\""), ("{", "[")] {
        std::fs::write(law, text.replacen(from, to, 1)).unwrap();
        assert_eq!(isobath(&["verify", law]).status.code(), Some(2), "{from}");
    }
    let claimed: Value = serde_json::from_str(&text).unwrap();
    let line = serde_json::to_string(&claimed["law"][0]).unwrap();
    std::fs::write(law, text.replacen(&line, "\"depth = 1 for every context >= 1\"", 1)).unwrap();
    let lie = isobath(&["verify", law]);
    assert_eq!(lie.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&lie.stdout).contains("no certificate proves the line `depth = 1"));
    std::fs::write(law, text.replace(CERTIFICATE, "isobath.certificate/1")).unwrap();
    refused(&["verify", law], "`schema` is `isobath.certificate/1`, not isobath.certificate/2");
    let single: Value = serde_json::from_str(&text).unwrap();
    for (schema, wanted) in [(CERTIFICATE, ""), ("isobath.certificate/1", "`schema` is `isobath.certificate/1`")] {
        let mut single = single["certificates"][0].clone();
        single["schema"] = schema.into();
        std::fs::write(law, single.to_string()).unwrap();
        match wanted {
            "" => assert_eq!(
                json(&["verify", law, "--of", &circuit("gpt2"), "--json"], 0)["refused"],
                Value::Array(vec![])
            ),
            _ => refused(&["verify", law], wanted),
        }
    }
    std::fs::write(law, &text[..text.len() / 2]).unwrap();
    refused(&["verify", law], "EOF while parsing");
    std::fs::write(law, text.replace("\"scale\": 1", "\"scale\": 7")).unwrap();
    assert_eq!(isobath(&["verify", law]).status.code(), Some(1));
    refused(&["verify", CIRCUITS], "directory");
    refused(&["verify", "no-such-file.json"], "No such file");
}

#[test]
fn systems_are_compared_and_one_without_the_axis_shows_a_dash() {
    let files =
        ["tiny-llama", "rnn", "segment-memory", "gd-least-squares"].map(|name| circuit(&format!("{name}.toml")));
    let mut args = vec!["compare"];
    args.extend(files.iter().map(String::as_str));
    args.extend(["--over", "context=1..1M", "--points", "3"]);
    let text = String::from_utf8(isobath(&args).stdout).unwrap();
    assert!(text.contains("d gd-least-squares: no axis context"), "{text}");
    args.push("--json");
    let compared = json(&args, 0);
    let depth =
        |system: usize, length: usize| compared["systems"][system]["depth"][length].as_str().unwrap().to_owned();
    assert_eq!(compared["lengths"], serde_json::json!([1, 1024, 1_048_576]));
    assert_eq!((depth(0, 0), depth(0, 2)), ("15".to_owned(), "15".to_owned()));
    assert_eq!((depth(1, 0), depth(1, 2)), ("4".to_owned(), "1048579".to_owned()));
    assert_eq!((depth(2, 0), depth(2, 1)), ("22".to_owned(), "4621".to_owned()));
    assert_eq!(compared["systems"][3]["depth"], Value::Null);
    let short = json(&["compare", &circuit("tiny-gpt.toml"), "--over", "context=1..8", "--points", "2", "--json"], 0);
    assert_eq!(short["systems"][0]["depth"], serde_json::json!(["13", null]), "it has four positions");
    let scans = ["scans/mamba.toml", "scans/linear-attention.toml"].map(circuit);
    let over = ["--over", "context=1..64", "--points", "4", "--recurrence", "scan", "--json"];
    let scan = json(&[&["compare", &scans[0], &scans[1]], &over[..]].concat(), 0);
    assert_eq!(scan["lengths"], serde_json::json!([1, 4, 16, 64]));
    assert_eq!(scan["systems"][0]["depth"], serde_json::json!(["19", "25", "33", null]));
    assert_eq!(scan["systems"][1]["depth"], serde_json::json!(["20", "20", "20", "20"]));
    refused(&["compare", &circuit("rnn.toml"), "--over", "steps=1..4"], "none of these has an axis `steps`");
    refused(&["compare", &circuit("rnn.toml"), "--over", "context=4..1"], "4 is more than 1");
    refused(&["compare", &circuit("rnn.toml"), "--over", "context"], "context=1..1M");
}

#[test]
fn a_budget_is_the_floor_of_its_formula_at_every_context() {
    let (model, program) = (circuit("llama-3-8b"), circuit("gd-least-squares.toml"));
    for context in ["1", "8K", "10^18"] {
        let budget = json(&["budget", &model, "--program", &program, "--context", context, "--json"], 0);
        assert_eq!((&budget["steps"], &budget["depth"]), (&"161".into(), &"324".into()), "{context}");
        assert_eq!(budget["independent_of"], serde_json::json!(["context"]));
    }
    refused(&["budget", &model, "--program", &model], "no axis `steps`");
    let scan =
        ["budget", &circuit("scans/mamba.toml"), "--recurrence", "scan", "--context", "16", "--program", &program];
    let text = String::from_utf8(isobath(&scan).stdout).unwrap();
    assert!(text.contains("context 16") && text.replace('\n', " ").contains("for context = 16 alone"), "{text}");
}

#[test]
fn the_argument_holds_and_every_falsehood_is_refuted_with_a_witness() {
    let checked = json(&["check", &circuit("claims/argument.toml"), "--json"], 0);
    let verdicts = |value: &Value| -> Vec<String> {
        let claims = value["claims"].as_array().unwrap().iter();
        claims.map(|claim| claim["verdict"].as_str().unwrap().to_owned()).collect()
    };
    assert!(verdicts(&checked).iter().all(|verdict| verdict == "proved" || verdict == "measured"));
    assert!(checked["claims"].as_array().unwrap().len() >= 25 && checked["notes"].as_array().unwrap().len() >= 5);
    let checked = json(&["check", &circuit("claims/false.toml"), "--json"], 1);
    assert!(verdicts(&checked).iter().all(|verdict| verdict == "refuted"), "{checked}");
    let witnessed = |claim: &Value| claim["evidence"].as_str().unwrap().contains(|c: char| c.is_ascii_digit());
    assert!(checked["claims"].as_array().unwrap().iter().all(witnessed));
}

#[test]
fn rates_are_compared_for_all_lengths_of_the_other_axes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.toml");
    let feedback = circuit("feedback.toml");
    let cases = [
        ("rate = '9*layers'", 0),
        ("rate = '18'", 1),
        ("rate_at_least = 'layers'", 0),
        ("rate_at_least = 'layers^3'", 1),
        ("rate_at_least = '1000000*layers - 10000000'", 1),
    ];
    for (rate, code) in cases {
        let text = format!("[[claim]]\nsays = 'x'\nsystem = '{feedback}'\nin = 'context'\ngrowth = 'linear'\n{rate}\n");
        std::fs::write(&file, text).unwrap();
        let output = isobath(&["check", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(code), "{rate}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let (rnn, program) = (circuit("rnn.toml"), circuit("gd-hard-wired.toml"));
    let budget = json(&["budget", &rnn, "--program", &program, "--context", "10^16", "--json"], 0);
    assert_eq!(budget["steps"], "10000000000000002");
}

#[test]
fn claims_that_cannot_be_checked_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.toml");
    let system = circuit("rnn.toml");
    let gd = circuit("gd-least-squares.toml");
    let with = |lines: &str| format!("[[claim]]\nsays = 'x'\nsystem = '{system}'\n{lines}\n");
    let cases = [
        (with("depth = '2*steps'"), "has no axis `steps`; it has context, layers"),
        (with("in = 'steps'\ngrowth = 'constant'"), "has no axis `steps`"),
        (with(""), "write exactly one of"),
        (with("depth = '1'\ndepth_at_most = '2'"), "write exactly one of"),
        (with("growth = 'constant'"), "`growth` and `in` belong together"),
        (with("depth = '2**'"), "is no formula"),
        (with("depth = '3'\nat = { layers = 0 }"), "at least 1"),
        (with("deepth = '3'"), "unknown field `deepth`"),
        (with("in = 'context'\ngrowth = 'enormous'"), "unknown variant `enormous`"),
        (with(&format!("steps_at_most = -1\nprogram = '{gd}'")), "invalid value"),
        (format!("[[claim]]\nsays = 'x'\nsystem = '{gd}'\nweights = 'any'"), "no weights that could be any"),
        ("[[claim]]\nsays = 'x'\nsystem = 'nowhere.toml'\ndepth = '1'".to_owned(), "nowhere.toml"),
        ("[[claim".to_owned(), "claims.toml"),
        (String::new(), "there is no claim in it"),
        ("name = 'x'".to_owned(), "there is no claim in it"),
        (with(&format!("depth = '{}1'", "(context+layers+7)*".repeat(40))), "too large"),
        (with(&format!("depth = '{}'", "9".repeat(2000))), "characters"),
        (with("in = 'context'\ngrowth = 'linear'\nrate = '1'\nrate_at_least = '1'"), "not both"),
        (with("recurrence = 'scan'\ndepth = '1'"), "belongs to in = \"context\""),
        (with("recurrence = 'scan'\nin = 'context'\ngrowth = 'constant'"), "cannot be scanned"),
    ];
    for (text, wanted) in cases {
        std::fs::write(&file, text).unwrap();
        refused(&["check", file.to_str().unwrap()], wanted);
    }
    refused(&["check", CIRCUITS], "directory");
    assert!(Path::new(&gd).exists());
}

/// Claims on contexts read in segments, on axes held at a length, on lengths there are none of, and budgets that grow.
#[test]
fn claims_are_held_at_the_lengths_they_speak_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.toml");
    let gd = circuit("gd-least-squares.toml");
    let of = |system: &str, lines: &str| {
        std::fs::write(&file, format!("[[claim]]\nsays = 'x'\nsystem = '{}'\n{lines}\n", circuit(system))).unwrap();
        isobath(&["check", file.to_str().unwrap()])
    };
    let code = |system: &str, lines: &str, wanted: i32, what: &str| {
        let output = of(system, lines);
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text);
        assert_eq!(output.status.code(), Some(wanted), "{system} {lines}: {text}");
        assert!(text.contains(what), "{system} {lines}: {text}");
    };
    let growth = "in = 'context'\ngrowth = 'linear'";
    for rate in ["rate = '0'", "rate_at_least = '4'"] {
        code("segment-memory.toml", &format!("{growth}\n{rate}"), 2, "write the rate in `segments`");
    }
    code("feedback.toml", &format!("{growth}\nrate = '18'\nat = {{ layers = 2 }}"), 0, "proved");
    code("feedback.toml", &format!("{growth}\nrate = '18'\nat = {{ layers = 3 }}"), 1, "REFUTED");
    code("feedback.toml", &format!("{growth}\nrate = '18'\nat = {{ context = 3 }}"), 2, "holds at one length");
    code("gpt2", "depth_at_most = '9*layers + 4 + context - 1'", 0, "proved");
    code("gpt2", "depth_at_most = '2000 - context'\nat = { layers = 1 }", 1, "open");
    let budget = |more: &str| format!("steps_at_most = 5\nprogram = '{gd}'{more}");
    code("rnn.toml", &budget(""), 2, "grows with `context`");
    code("rnn.toml", &budget("\nat = { context = 4 }"), 0, "at context 4, layers 2");
    code("rnn.toml", &budget("\nat = { context = 100 }"), 1, "REFUTED");
    let rnn = circuit("rnn.toml");
    code("gpt2", &format!("steps_at_most = 5\nprogram = '{rnn}'"), 2, "no axis `steps`");
    assert_eq!(
        json(&["report", &circuit("segment-memory.toml"), "--context", "6", "--json"], 0)["axes"]["segments"],
        3
    );
}

/// Steps on constant data may differ in form; what is known at a length is still told.
#[test]
fn where_there_is_no_law_there_are_figures() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zero.toml");
    let text = std::fs::read_to_string(circuit("gd-hard-wired.toml")).unwrap();
    assert!(text.contains("[-1, 1]]"));
    std::fs::write(&file, text.replace("[-1, 1]]", "[0, 0]]")).unwrap();
    let file = file.to_str().unwrap();
    let compiled = folder.path().join("zero.tc");
    let compiled = compiled.to_str().unwrap();
    for steps in ["1", "3", "4", "7"] {
        let report = json(&["report", file, "--steps", steps, "--json"], 0);
        assert!(report["law"]["depth"].as_str().unwrap().starts_with("no law: "), "{report}");
        let made = isobath(&["compile", file, "--steps", steps, "--strategy", "depth", "-o", compiled, "--json"]);
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        assert_eq!(report["depth"].as_str().unwrap(), made["depth"].to_string(), "{steps}: {made}");
    }
    assert!(isobath(&["needs", file]).status.success());
}

/// Delays longer than those exact potentials are sought for: two bounds that meet.
#[test]
fn long_delays_have_exact_laws() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.toml");
    for (system, key, length, law) in [
        ("mamba.toml", "kernel = 3", "kernel = 20", "context + 8*layers + 4"),
        ("feedback.toml", "window = ", "window = 24", "9*context*layers + 4"),
    ] {
        let text = std::fs::read_to_string(circuit(system)).unwrap();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
        std::fs::write(&file, text.replace(&line, length)).unwrap();
        let report = json(&["report", file.to_str().unwrap(), "--json"], 0);
        assert!(report["law"]["depth"].as_str().unwrap().starts_with(&format!("depth = {law} for")), "{report}");
        assert_eq!(report["law"]["exact"], true);
        let written = folder.path().join("law.json");
        let written = written.to_str().unwrap();
        assert!(isobath(&["report", file.to_str().unwrap(), "--certificate", written]).status.success());
        assert!(isobath(&["verify", written]).status.success());
    }
}

/// Longest paths in a printed skeleton, vertex by vertex, by nothing but its JSON.
struct Longest {
    skeleton: Value,
    lengths: Vec<i64>,
    known: HashMap<(usize, Vec<i64>, usize), u64>,
}

impl Longest {
    /// The depth of a vertex at indices along the block's axes; none before the first.
    fn depth(&mut self, block: usize, at: &[i64], vertex: usize) -> Option<u64> {
        if at.iter().any(|index| *index < 0) {
            return None;
        }
        let key = (block, at.to_vec(), vertex);
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        let own = self.skeleton["blocks"][block].clone();
        let inner = &own["vertices"][vertex];
        let number = |value: &Value| value.as_u64().unwrap() as usize;
        let below = match inner["port"].as_u64() {
            None => {
                inner["reads"].as_array().unwrap().iter().filter_map(|read| self.depth(block, at, number(read))).max()
            }
            Some(port) => own["ports"][port as usize].as_array().unwrap().iter().find_map(|wire| {
                let source = number(&wire["block"]);
                let axes = self.skeleton["blocks"][source]["axes"].clone();
                let place = |(axis, back): (&Value, &Value)| match back.as_i64() {
                    None => self.lengths[number(axis)] - 1,
                    Some(back) => at[own["axes"].as_array().unwrap().iter().position(|a| a == axis).unwrap()] - back,
                };
                let places: Vec<i64> =
                    axes.as_array().unwrap().iter().zip(wire["back"].as_array().unwrap()).map(place).collect();
                self.depth(source, &places, number(&wire["vertex"]))
            }),
        };
        let depth = inner["latency"].as_u64().unwrap() + below.unwrap_or(0);
        self.known.insert(key, depth);
        Some(depth)
    }
}

/// What `verify --skeleton` prints is enough to find the depth that laws tell.
#[test]
fn printed_skeletons_have_the_depth_of_the_law() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("law.json");
    let path = file.to_str().unwrap();
    for system in ["rnn", "mamba", "feedback", "memory-tokens", "gd-adam", "decoding"] {
        let from = circuit(&format!("{system}.toml"));
        assert!(isobath(&["report", &from, "--certificate", path]).status.success());
        let skeleton = json(&["verify", path, "--skeleton"], 0);
        let axes: Vec<String> =
            skeleton["axes"].as_array().unwrap().iter().map(|axis| axis.as_str().unwrap().to_owned()).collect();
        for longer in 0..4 {
            let lengths: Vec<i64> = (0..axes.len() as i64).map(|axis| 1 + (longer + axis) % 4).collect();
            let at: Vec<String> = axes.iter().zip(&lengths).map(|(axis, length)| format!("{axis}={length}")).collect();
            let mut args = vec!["report", &from, "--json"];
            at.iter().for_each(|at| args.extend(["--at", at]));
            let told = json(&args, 0)["depth"].as_str().unwrap().parse::<u64>().unwrap();
            let last = skeleton["blocks"].as_array().unwrap().len() - 1;
            let vertex = skeleton["blocks"][last]["vertices"].as_array().unwrap().len() - 1;
            let mut longest = Longest { skeleton: skeleton.clone(), lengths, known: HashMap::new() };
            assert_eq!(longest.depth(last, &[], vertex), Some(told), "{system} {at:?}");
        }
    }
}

/// Lists of blocks, regions and vertices cut short, of which the checker must say that they prove nothing.
#[test]
fn certificates_with_lists_cut_short_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("law.json");
    let path = file.to_str().unwrap();
    for system in ["rnn.toml", "feedback.toml", "segment-memory.toml"] {
        assert!(isobath(&["report", &circuit(system), "--certificate", path]).status.success());
        let law: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let blocks = law["certificates"][0]["blocks"].as_array().unwrap().len();
        for block in 0..blocks {
            for inner in [false, true] {
                let mut cut = law.clone();
                let list = &mut cut["certificates"][0]["blocks"][block];
                let list = if inner { &mut list[0] } else { list };
                if list.as_array_mut().unwrap().pop().is_none() {
                    continue;
                }
                std::fs::write(&file, cut.to_string()).unwrap();
                let output = isobath(&["verify", path]);
                assert_eq!(
                    output.status.code(),
                    Some(1),
                    "{system} {block}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        }
    }
}

#[test]
fn systems_run_and_compile_like_models() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gd.tc");
    let file = file.to_str().unwrap();
    let gd = circuit("gd-least-squares.toml");
    let input = ["--input", "1,-1,1,0,-2,1"];
    let run = json(&[&["run", &gd, "--steps", "2", "--by", "all", "--json"], &input[..]].concat(), 0);
    assert_eq!(run["agree"], true);
    let made = isobath(&["compile", &gd, "--steps", "2", "-o", file, "-q"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let simulated = json(&[&["run", file, "--json"], &input[..]].concat(), 0);
    assert_eq!(levels(&simulated), levels(&run));
    refused(&["run", &gd, "--steps", "2", "--input", "1,2"], "levels are");
    refused(&["run", &gd, "--steps", "2", "--input", "1"], "takes 6 integers, 1 were given");
    refused(&["report", &gd, "--steps", "0"], "at least 1");
    refused(&["report", &gd, "--steps=-3"], "write a whole number");
    refused(&["report", &gd, "--at", "steps"], "steps=64");
    refused(&["report", &gd, "--steps", "2", "--at", "steps=3"], "`steps` is given two lengths");
    refused(&["report", &gd, "--recurrence", "scan"], "of recurrent networks");
    let gpt2 = circuit("gpt2");
    refused(&["report", &gpt2, "--at", "foo=5"], "there is no axis `foo`; there is context, layers");
    refused(&["report", &gpt2, "--steps", "5"], "there is no axis `steps`");
    refused(
        &["report", &gpt2, "--model", "boolean", "--certificate", file],
        "--certificate writes the law of the threshold",
    );
    assert_eq!(json(&["report", &gpt2, "--at", "layers=24", "--json"], 0)["depth"], 220);
    assert_eq!(json(&["report", &gpt2, "--at", "context=7", "--json"], 0)["axes"]["context"], 7);
    refused(&["report", &gd, "--at", "layers=3"], "there is no axis `layers`; there is steps");
    refused(&["report", &gd, "--context", "3"], "there is no axis `context`");
    refused(&["run", &gd, "--steps", "10^12", "--input", "1"], "at most 1048576 are made");
}

fn levels(run: &Value) -> Vec<String> {
    let positions = run["inputs"][0]["positions"].as_array().unwrap().iter();
    positions.flat_map(|position| position["levels"].as_array().unwrap()).map(Value::to_string).collect()
}

#[test]
fn laws_are_told_at_lengths_no_circuit_could_have() {
    let report = json(&["report", &circuit("rnn.toml"), "--context", "10^15", "--at", "layers=1000", "--json"], 0);
    assert_eq!(report["depth"].as_str(), None.or(Some("1000000000001001")));
    assert!(report["gates"].as_str().unwrap().len() > 18);
    let scan = json(&["report", &circuit("linear-attention.toml"), "--json"], 0);
    assert!(scan["scan"]["depth"].as_str().unwrap().parse::<u64>().unwrap() < 23);
}
