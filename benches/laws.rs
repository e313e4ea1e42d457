//! Laws, timed: `cargo bench --bench laws`.
//!
//! Prints medians of eleven, in time passed from start to end of the command: the law of a large decoder, eight architectures compared over
//! a million positions, claims checked; and a million steps of descent measured one by one, against the law that says the same at once.

#[allow(dead_code)]
mod clock;

use clock::median;
use isobath::pipeline::subject::{Options, Subject};
use isobath::spec;

/// What a law, and a comparison of eight architectures, may take as a whole process.
const LIMIT_MS: f64 = 100.0;

/// What measuring a million steps one by one may take.
const LIMIT_S: f64 = 1.0;

/// Eight systems with a context.
const EIGHT: [&str; 8] = [
    "gpt2",
    "llama-3-8b",
    "rnn.toml",
    "lstm.toml",
    "mamba.toml",
    "delta-rule.toml",
    "segment-memory.toml",
    "feedback.toml",
];

fn circuit(name: &str) -> String {
    format!("{}/circuits/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn main() {
    whole_process(
        "report of llama-3-8b at 131072 with its certificate",
        &["report", &circuit("llama-3-8b"), "--context", "131072", "--json"],
        0,
    );
    let files = EIGHT.map(circuit);
    let mut compare = vec!["compare"];
    compare.extend(files.iter().map(String::as_str));
    compare.extend(["--over", "context=1..10^6"]);
    whole_process("compare of eight architectures over 1..10^6", &compare, 0);
    whole_process("check of the argument", &["check", &circuit("claims/argument.toml")], 0);
    million_steps();
}

fn whole_process(what: &str, args: &[&str], code: i32) {
    let (least, middle) = clock::whole_process(args, code, 11);
    println!("{what}, whole process: {middle:.0} ms (least {least:.0}), {:.2} of {LIMIT_MS} ms", middle / LIMIT_MS);
}

fn million_steps() {
    let document = spec::read_document(circuit("gd-least-squares.toml").as_ref()).expect("a shipped program");
    let options = Options { lengths: [("steps".to_owned(), 1_000_000)].into(), ..Options::default() };
    let (law, subject) = median(|| Subject::new(&document, &options).expect("it has a law"));
    let skeleton = subject.model.skeleton();
    let (visited, depth) = median(|| skeleton.depth());
    let (said, exact) = subject.depth(&subject.lengths()).expect("the law says it");
    assert!(exact && said == depth.into());
    println!(
        "10^6 steps of descent, every step visited: {visited:.2} s, {:.2} of {LIMIT_S} s; depth {depth}",
        visited / LIMIT_S
    );
    println!("  lowered, with its law for all steps: {:.1} ms, {:.0} times as fast", law * 1e3, visited / law);
}
