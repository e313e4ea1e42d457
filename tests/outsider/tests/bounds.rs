//! Bounds on random systems and on the shipped ones, and what a false one looks like.

use isobath::claims::assert::hold;
use isobath::pipeline::subject::{Options, Subject};
use isobath::spec::{self, Document};
use isobath::strategies::{
    Limits, LoopLimits, ProgramCase, ProgramLimits, RecurrentLimits, cases, loops, programs, recurrents,
};
use isobath::words::Strategy as Lowering;
use isobath::{assert_depth, claims::failure::Failure};
use outsider::{learning, transformer};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../circuits");

fn shipped(name: &str) -> Document {
    spec::read_document(format!("{CIRCUITS}/{name}").as_ref()).expect("a shipped file is read")
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Programs whose steps are all alike: of others, the examples of which are hard-wired, there may be no law.
fn uniform() -> impl Strategy<Value = ProgramCase> {
    programs(ProgramLimits::default()).prop_filter("examples are hard-wired", |case| !case.is_hard_wired())
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn transformers_are_no_deeper_than_derived_by_hand(case in cases(Limits { seeds: 0, ..Limits::default() })) {
        let spec = case.spec();
        if let Some(bound) = transformer(&spec) {
            hold(&spec, &format!("<= {bound}"))?;
        }
    }

    #[test]
    fn each_step_of_descent_costs_a_layer_and_no_more_than_derived(case in uniform()) {
        let program = case.program();
        let bound = learning(&program);
        let subject = Subject::new(&Document::Program(Box::new(program)), &Options::default())?;
        hold(&subject, &format!("<= {bound}"))?;
        // Of a start that is known it may be known too that no step moves it: an MLP of zeros has no gradient.
        if case.toml().contains("[weights]\nsource = \"inputs\"") {
            hold(&subject, ">= steps")?;
        }
    }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn recurrent_networks_are_as_deep_as_they_are_long(case in recurrents(RecurrentLimits::default())) {
        hold(&case.recurrent(), ">= context")?;
    }

    #[test]
    fn loops_cost_a_layer_for_each_of_the_model(case in loops(LoopLimits::default())) {
        hold(&case.document(), ">= layers")?;
    }
}

#[test]
fn shipped_circuits_keep_their_laws() {
    assert_depth!(shipped("tiny-gpt.toml"), == 9*layers + 4);
    assert_depth!(shipped("gpt2"), == 9*layers + 4);
    assert_depth!(shipped("llama-3-8b"), == 10*layers + 4);
    assert_depth!(shipped("llama-3-8b"), <= 324, at layers = 32);
    assert_depth!(shipped("gd-least-squares.toml"), == 2*steps + 1);
    assert_depth!(shipped("gd-least-squares.toml"), == max(2*steps + 1, 3));
    assert_depth!(shipped("rnn.toml"), >= context + layers);
    assert_depth!(shipped("looped-transformer.toml"), == 9*layers*rounds + 4);
    assert_depth!(format!("{CIRCUITS}/gd-adam.toml"), >= steps);
}

#[test]
fn a_bound_on_another_strategy_is_asserted_of_a_subject() {
    let options = Options { strategy: Lowering::Size, ..Options::default() };
    let subject = Subject::new(&shipped("gd-least-squares.toml"), &options).expect("it is lowered");
    assert_depth!(subject, >= 2*steps + 2);
}

#[test]
#[should_panic(expected = "the depth of gd-least-squares is not <= 2*steps\n  law: depth = 2*steps + 1")]
fn a_false_bound_panics() {
    assert_depth!(shipped("gd-least-squares.toml"), <= 2*steps);
}

#[test]
fn a_false_bound_shows_where_and_why() {
    let panic = std::panic::catch_unwind(|| assert_depth!(shipped("gpt2"), <= 9*layers + 3)).expect_err("it is false");
    let text = panic.downcast_ref::<String>().expect("a message");
    println!("{text}");
    assert!(text.contains("at layers = 1 the depth is 13, not <= 12"), "{text}");
    // Each layer of gates on the path, by block, iteration, module and operation.
    let steps: Vec<&str> = text.lines().filter(|line| line.starts_with("    ")).collect();
    assert_eq!(steps.len(), 13, "{text}");
    assert!(steps.iter().any(|line| line.contains("block[layers 0]") && line.contains("attention: ")), "{text}");
}

#[test]
fn a_false_bound_is_shrunk_to_a_small_program() {
    let failed = TestRunner::new(config(256)).run(&uniform(), |case| Ok(hold(&case.program(), "<= 3*steps + 3")?));
    let Err(TestError::Fail(reason, smallest)) = failed else { panic!("it holds of some, not of all: {failed:?}") };
    assert!(reason.message().contains("is not <= 3*steps + 3"), "{reason}");
    let text = format!("{smallest:?}");
    // One step of one feature, or of the smallest table of Q-learning, which has none.
    let small = text.contains("features = 1\n") || text.contains("states = 2\nactions = 2\n");
    assert!(text.contains("steps = 1\n") && small, "{text}");
    // What is printed is a file that says the same.
    let document = spec::parse_document("smallest.toml", &text).expect("the counterexample is a file");
    assert!(matches!(hold(&document, "<= 3*steps + 3"), Err(Failure::Refuted(_))));
}
