//! Sums whose partial sums are rounded: circuits against the interpreter, and the table of layers and gates against circuits.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use isobath::cost::{self, Model};
use isobath::number::Policy;
use isobath::pipeline;
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
    let limits = Limits { layers: 1, width: 3, context: 3, ..Limits::default() };
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

/// The depth of the table is that of the circuit, or one more for each gated product that shares the layer of a store (as where every
/// operation is stored); its gates are no fewer.
#[test]
fn the_table_of_layers_is_that_of_circuits() {
    for file in ["tiny-gpt.toml", "tiny-llama.toml", "tiny-bert.toml"] {
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
                let shared = u64::from(rounding == Rounding::Eager && file == "tiny-llama.toml");
                assert_eq!(depth, (circuit.depth + shared).into(), "{name}");
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
