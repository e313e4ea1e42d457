//! Random programs, recurrent networks and looped transformers: their readings agree, and their laws are those of every length.

use std::cell::RefCell;

use isobath::certificate::check::check;
use isobath::circuit::measure;
use isobath::lower::InputKind;
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::{Lengths, Options, Subject};
use isobath::spec::Document;
use isobath::strategies::{LoopLimits, ProgramLimits, RecurrentLimits, loops, programs, recurrents};
use isobath::words::Strategy as Lowering;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Iterations visited at most, to hold a law against them.
const MOST_LENGTHS: u64 = 6;

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let config = Config { cases: asked.unwrap_or(cases), failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&strategy, test) {
        panic!("{error}");
    }
}

fn subject(document: &Document, strategy: Lowering, bound: bool) -> Result<Subject, TestCaseError> {
    let options = Options { strategy, bound, ..Options::default() };
    Subject::new(document, &options).map_err(|error| TestCaseError::fail(error.to_string()))
}

/// Levels of all inputs, in order.
fn drawn(model: &LoopedModel, seed: u64) -> Vec<i64> {
    let mut state = seed | 1;
    let mut below = |end: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ((state >> 33) % end) as i64
    };
    let mut levels = Vec::new();
    for (_, input) in model.inputs() {
        for _ in 0..input.shape.iter().product() {
            levels.push(match input.kind {
                InputKind::Tokens(vocabulary) => below(vocabulary),
                InputKind::Numbers(format) => format.min() + below(format.max().abs_diff(format.min()) + 1),
            });
        }
    }
    levels
}

/// Every choice of lengths up to [`MOST_LENGTHS`] for the axes.
fn lengths(subject: &Subject) -> Vec<Lengths> {
    subject.axes().iter().fold(vec![Lengths::new()], |all, axis| {
        let with = |lengths: &Lengths| {
            let more = (1..=MOST_LENGTHS)
                .map(|length| lengths.clone().into_iter().chain([(axis.name.to_string(), length)]).collect());
            more.collect::<Vec<Lengths>>()
        };
        all.iter().flat_map(with).collect()
    })
}

/// How many laws are exact at every length that was visited, of how many.
#[derive(Default)]
struct Counts {
    exact: usize,
    all: usize,
}

/// The law holds what visiting every iteration finds; whether it is exact at every length.
fn law_is_visited(subject: &Subject) -> Result<bool, TestCaseError> {
    let mut exact = true;
    for at in lengths(subject) {
        let of = |name: &str| at.get(name).copied();
        let skeleton = subject.model.skeleton().resized(|name| of(name)).expect("no length is zero");
        let visited = BigInt::from(skeleton.depth());
        prop_assert_eq!(skeleton.critical_path().len() as u64, skeleton.depth());
        prop_assert!(subject.law.upper(of).is_none_or(|upper| visited <= upper), "above {} at {at:?}", subject.law);
        prop_assert!(subject.law.lower(of).is_none_or(|lower| visited >= lower), "below {} at {at:?}", subject.law);
        exact &= subject.law.value(of).is_some_and(|value| value == visited);
    }
    Ok(exact)
}

fn certificates_verify(subject: &Subject) -> Result<(), TestCaseError> {
    let skeleton = subject.model.skeleton();
    prop_assert_eq!(subject.law.certificates.len(), subject.law.proved.len());
    for (certificate, proved) in subject.law.certificates.iter().zip(&subject.law.proved) {
        let checked = check(&skeleton, certificate).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(checked.to_string(), proved.to_string());
    }
    Ok(())
}

/// Interpreting and evaluating agree, and the written-out circuit is no deeper than its skeleton, nor that than both laws.
fn readings_agree(bound: &Subject, free: &Subject, seed: u64) -> Result<(), TestCaseError> {
    let circuit = bound.model.unrolled().expect("a small system is written out");
    let depth = measure::exact(&circuit).expect("its weights are bound").depth;
    let skeleton = bound.model.skeleton().depth();
    prop_assert!(depth <= skeleton, "{depth} layers of gates, {skeleton} of the skeleton");
    for subject in [bound, free] {
        let lengths = subject.lengths();
        let law = subject.law.upper(|name| lengths.get(name).copied()).expect("a law for these lengths");
        prop_assert!(BigInt::from(depth) <= law, "{depth} layers, {}", subject.law);
    }
    for more in 0..2 {
        let levels = drawn(&bound.model, seed.wrapping_add(more));
        let evaluated = bound.model.evaluate(&circuit, &levels).expect("evaluated");
        prop_assert_eq!(Some(evaluated), bound.model.interpret(&levels), "levels {:?}", levels);
    }
    Ok(())
}

/// All that is held of one document.
fn holds(document: &Document, seed: u64, counts: &RefCell<Counts>) -> Result<(), TestCaseError> {
    let strategy = if seed.is_multiple_of(4) { Lowering::Size } else { Lowering::Depth };
    let (bound, free) = (subject(document, strategy, true)?, subject(document, strategy, false)?);
    readings_agree(&bound, &free, seed)?;
    certificates_verify(&free)?;
    let exact = law_is_visited(&free)?;
    let mut counts = counts.borrow_mut();
    counts.all += 1;
    counts.exact += usize::from(exact);
    Ok(())
}

fn mostly_exact(what: &str, counts: &RefCell<Counts>) {
    let Counts { exact, all } = *counts.borrow();
    println!("{exact} of {all} laws of {what} are exact at every length up to {MOST_LENGTHS}");
    assert!(exact * 10 >= all * 9, "only {exact} of {all} laws of {what} are exact");
}

#[test]
fn random_programs_have_the_depth_of_their_law() {
    let counts = RefCell::default();
    run(48, programs(ProgramLimits::default()), |case| {
        holds(&Document::Program(Box::new(case.program())), case.seed, &counts)
    });
    mostly_exact("programs", &counts);
}

#[test]
fn random_recurrent_networks_have_the_depth_of_their_law() {
    let counts = RefCell::default();
    run(48, recurrents(RecurrentLimits::default()), |case| holds(&case.document(), case.seed, &counts));
    mostly_exact("recurrent networks", &counts);
}

#[test]
fn random_loops_have_the_depth_of_their_law() {
    let counts = RefCell::default();
    run(32, loops(LoopLimits::default()), |case| holds(&case.document(), case.seed, &counts));
    mostly_exact("looped transformers", &counts);
}
