//! Sums whose partial sums are rounded: circuits against the interpreter, and the table of layers and gates against circuits.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use isobath::cost::{self, Model};
use isobath::number::Policy;
use isobath::pipeline;
use isobath::pipeline::costed::Costed;
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::{self, Options};
use isobath::spec::{self, Rounding, Spec};
use isobath::strategies::{Limits, cases};
use isobath::words::Strategy;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

const POLICIES: [&str; 6] = ["exact", "tree(2)", "tree(3)", "sequential", "blocked(2)", "blocked(3)"];

fn with(mut spec: Spec, policy: &str, accumulator: &str) -> Spec {
    spec.numerics.accumulate = policy.parse().unwrap();
    spec.numerics.accumulator = Some(accumulator.parse().unwrap());
    spec
}

/// Models with more wires than this are evaluated but not written out.
const MOST_WIRES: u64 = 3_000_000;

#[test]
fn circuits_add_up_as_the_interpreter_does() {
    agree(Limits { layers: 1, width: 3, context: 3, ..Limits::default() });
}

/// Experts, latent attention, sinks, scores by distance.
#[test]
fn departures_add_up_as_the_interpreter_does() {
    agree(Limits { layers: 1, width: 3, context: 2, bits: 4, seeds: 2, departures: true });
}

fn agree(limits: Limits) {
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let policies = (select(POLICIES[1..].to_vec()), select(vec!["fixed(5,4)", "float(3,2)", "float(4,1)"]));
    let result = TestRunner::new(config).run(&(cases(limits), policies), |(case, (policy, accumulator))| {
        let spec = with(case.spec(), policy, accumulator);
        let model = pipeline::bound(&spec, case.context(), case.lowering).unwrap();
        for tokens in [&case.tokens, &case.others] {
            prop_assert_eq!(
                model.evaluate(tokens).unwrap(),
                model.interpret(tokens).unwrap(),
                "{} {}",
                policy,
                accumulator
            );
        }
        let figures = model.measure().unwrap();
        if figures.value(&figures.wires) <= BigInt::from(MOST_WIRES) {
            let gates = model.expand(&mut |_, _| {}).unwrap();
            let values = isobath::gates::simulate(&gates, &model.bits(&case.tokens));
            let outputs = isobath::gates::read_outputs(&gates, &values);
            prop_assert_eq!(&outputs[0].values, &model.evaluate(&case.tokens).unwrap());
            prop_assert_eq!(figures.depth, u64::from(gates.levels().depth()));
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// The depth of the table is that of the circuit; its gates are no fewer.
#[test]
fn the_table_of_layers_is_that_of_circuits() {
    for file in ["tiny-gpt.toml", "tiny-llama.toml", "tiny-bert.toml", "tiny-moe.toml", "tiny-mla.toml"] {
        let read = spec::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(file)).unwrap();
        for policy in POLICIES {
            for (rounding, context) in [(Rounding::Fused, 1), (Rounding::Fused, 4), (Rounding::Eager, 3)] {
                let mut spec = with(read.clone(), policy, "fixed(6,8)");
                spec.numerics.rounding = rounding;
                let circuit = pipeline::architecture(&spec, context, Strategy::Depth).unwrap().measure().unwrap();
                let graph = pipeline::graph(&spec, context).unwrap();
                let table = cost::analyse(&graph, Model::Threshold);
                let name = format!("{file} {policy} {rounding:?} {context}");
                let depth = table.value(&table.deepest.of(table.output)[table.critical()].depth);
                assert_eq!(depth, circuit.depth.into(), "{name}");
                let (told, made) = (table.value(&table.count()), circuit.value(&circuit.gates));
                assert!(told >= made, "{name}: {told} gates told, {made} made");
            }
        }
    }
}

/// The same model needs the layers of every length of its sums.
#[test]
fn depth_grows_with_the_context_as_the_policy_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/gpt2");
    let depth = |policy: &str, context: u64| {
        let spec = with(spec::read(&folder).unwrap(), policy, "fp32");
        let table = cost::analyse(&pipeline::graph(&spec, context).unwrap(), Model::Threshold);
        table.value(&table.deepest.of(table.output)[table.critical()].depth)
    };
    assert_eq!(depth("exact", 8), depth("exact", 1024));
    // Twelve blocks.
    assert_eq!(depth("tree(2)", 1024) - depth("tree(2)", 8), (12 * 7).into());
    assert_eq!(depth("sequential", 1024) - depth("sequential", 8), (12 * 1016).into());
    assert_eq!(depth("blocked(128)", 1024) - depth("blocked(128)", 128), (12 * 7).into());
    assert_eq!(depth("tree(4)", 1024) - depth("tree(4)", 16), (12 * 3).into());
}

/// An accumulator in which the least exponential is nothing has sums of zero to divide by.
#[test]
fn accumulators_too_coarse_for_exponentials_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/gpt2");
    let spec = with(spec::read(&folder).unwrap(), "sequential", "fixed(6,2)");
    let error = pipeline::graph(&spec, 4).unwrap_err().to_string();
    assert!(error.contains("accumulator is fixed(6,2)") && error.contains("2^-exp_bits"), "{error}");
    assert_eq!("exact".parse::<Policy>(), Ok(Policy::Exact));
}

fn isobath(args: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_isobath"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args).output().unwrap()
}

/// A row a policy, of one model at several contexts: the laws of the table above.
#[test]
fn policies_stand_side_by_side() {
    let policies = ["--policies", "exact, tree(2), sequential, blocked(8)", "--accumulator", "fp32"];
    let compare = ["compare", "circuits/gpt2", "--over", "context=8..128", "--points", "2", "--format", "bf16"];
    let output = isobath(&[&compare[..], &policies, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["systems"].as_array().unwrap();
    let told = |row: &serde_json::Value| {
        let depth = |place: usize| row["depth"][place].as_str().unwrap().parse::<u64>().unwrap();
        let growth = row["growth"].as_str().unwrap().split(',').next().unwrap().to_owned();
        (row["name"].as_str().unwrap().to_owned(), depth(1) - depth(0), growth)
    };
    let wanted = [
        ("gpt2, exact", 0, "constant"),
        ("gpt2, tree(2) in fp32", 12 * 4, "logarithmic"),
        ("gpt2, sequential in fp32", 12 * 120, "linear"),
        // One block of 8 keys becomes 16.
        ("gpt2, blocked(8) in fp32", 12 * 15, "linear"),
    ];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), wanted.map(|(n, d, g)| (n.to_owned(), d, g.to_owned())));
    let twice = isobath(&[&compare[..], &policies, &["--accumulate", "exact"]].concat());
    assert_eq!(twice.status.code(), Some(2));
    // What has no sums of this kind is refused by name.
    let program = isobath(&["compare", "circuits/td0.toml", "--over", "steps=1..4", "--policies", "tree(2)"]);
    assert_eq!(program.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&program.stderr).contains("circuits/td0.toml"));
}

/// 32 layers of 10^18 sums: more than 64 bits hold.
#[test]
fn depths_beyond_64_bits_are_refused_and_not_wrapped() {
    let report = ["report", "circuits/llama-3-8b", "--format", "bf16", "--accumulate", "sequential", "--context"];
    for context in ["1e18", "1152921504606846976"] {
        let error = isobath(&[&report[..], &[context]].concat());
        assert_eq!(error.status.code(), Some(2), "{context}");
        assert!(String::from_utf8_lossy(&error.stderr).contains("too many layers"), "{context}");
    }
    assert!(isobath(&[&report[..], &["1e15"]].concat()).status.success());
}

/// Loops and recurrences.
const LOOPED: [&str; 14] = [
    "rnn",
    "lstm",
    "gru",
    "ssm",
    "mamba",
    "linear-attention",
    "gated-linear-attention",
    "delta-rule",
    "tiny-t5",
    "segment-memory",
    "memory-tokens",
    "feedback",
    "decoding",
    "looped-transformer",
];

/// The table has the layers of the circuits, at several lengths of every axis, and no fewer gates.
#[test]
fn the_table_of_loops_is_that_of_their_circuits() {
    for name in LOOPED {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(name).with_extension("toml");
        let mut document = spec::read_document(&file).unwrap();
        for policy in &POLICIES[1..] {
            let numerics = subject::numerics(&mut document).unwrap();
            (numerics.accumulate, numerics.accumulator) =
                (policy.parse().unwrap(), Some("fixed(6,8)".parse().unwrap()));
            let table = Costed::rounded(&document, &Options::default()).unwrap();
            let model = LoopedModel::of(&document, &Options::default()).unwrap();
            // Tables of exact sums would leave the partial ones out.
            for other in [Model::Arithmetic, Model::Boolean] {
                assert!(matches!(Costed::new(&model, other), Err(pipeline::Error::Accumulate { .. })), "{name}");
            }
            for length in [1, 2, 5] {
                let (table, model) = (table.depth.named.skeleton.clone(), model.skeleton());
                let [table, made] = [table, model].map(|skeleton| skeleton.resized(|_| Some(length)).unwrap().depth());
                assert_eq!(table, made, "{name} {policy} at {length}");
            }
            let (told, made) = (table.value(&table.costs.count), model.sizes().gates.value(|_| 1));
            assert!(told >= made, "{name} {policy}: {told} gates told, {made} made");
        }
    }
}

#[test]
fn programs_say_that_their_sums_are_exact() {
    for file in ["circuits/gd-1d.toml", "circuits/linear-attention-descent.toml"] {
        let error = isobath(&["report", file, "--accumulate", "sequential"]);
        assert_eq!(error.status.code(), Some(2), "{file}");
        assert!(String::from_utf8_lossy(&error.stderr).contains("sums of programs"), "{file}");
    }
}

#[test]
fn the_report_names_the_policy_beside_the_depth() {
    let report = ["report", "circuits/gpt2", "--context", "16", "--format", "bf16", "--quiet", "--accumulate"];
    for policy in ["tree(2)", "sequential", "blocked(4)"] {
        let line = isobath(&[&report[..], &[policy]].concat()).stdout;
        assert!(String::from_utf8(line).unwrap().contains(policy), "{policy}");
    }
}
