//! Random programs, recurrent networks and looped transformers: their readings agree, and their laws are those of every length.

use std::cell::RefCell;

use isobath::certificate::check::check;
use isobath::circuit::measure;
use isobath::lower::InputKind;
use isobath::pipeline;
use isobath::pipeline::costed::Costed;
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::{Lengths, Options, Subject, numerics};
use isobath::recurrent::{self, Recurrence};
use isobath::spec::Document;
use isobath::spec::program::Data;
use isobath::strategies::{LoopLimits, ProgramLimits, RecurrentLimits, loops, programs, recurrents};
use isobath::words::Strategy as Lowering;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

/// The greatest length of an axis at which a law is held against a visit of every iteration.
const MOST_LENGTHS: u64 = 6;

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let config = Config { cases: asked.unwrap_or(cases), failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&strategy, test) {
        panic!("{error}");
    }
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// With the weights it names.
fn bound(document: &Document, strategy: Lowering) -> Result<LoopedModel, TestCaseError> {
    let graph = match document {
        Document::Program(program) => isobath::program::system(program).map_err(failed)?,
        Document::Recurrent(net) => {
            recurrent::system(net, Recurrence::Sequential, net.default_context).map_err(failed)?
        }
        Document::Looped(looped) => pipeline::looped(looped, true).map_err(failed)?,
        Document::Model(_) | Document::Onnx(_) => return Err(failed("no loop")),
    };
    LoopedModel::new(graph, strategy).map_err(failed)
}

/// With its weights left open, and its law; none where hard-wired examples make steps that differ, which no law is for.
fn subject(document: &Document, strategy: Lowering) -> Result<Option<Subject>, TestCaseError> {
    match Subject::new(document, &Options { strategy, ..Options::default() }) {
        Ok(subject) => match (&subject.law.none, document) {
            (None, _) => Ok(Some(subject)),
            (Some(_), Document::Program(program)) if matches!(program.data, Data::Random { .. }) => Ok(None),
            (Some(why), _) => Err(failed(why)),
        },
        Err(error) => Err(failed(error)),
    }
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

/// How many laws are exact at every length that was visited, of how many; how many systems have none.
#[derive(Default)]
struct Counts {
    exact: usize,
    all: usize,
    refused: usize,
}

/// The law holds what visiting every iteration finds; whether it is exact at every length.
fn law_is_visited(subject: &Subject) -> Result<bool, TestCaseError> {
    let (mut exact, skeleton) = (true, subject.model.skeleton());
    for at in lengths(subject) {
        let of = |name: &str| at.get(name).copied();
        let skeleton = skeleton.clone().resized(|name| of(name)).expect("no length is zero");
        let visited = BigInt::from(skeleton.depth());
        prop_assert!(subject.law.upper(&of).is_none_or(|upper| visited <= upper), "above {} at {at:?}", subject.law);
        prop_assert!(subject.law.lower(&of).is_none_or(|lower| visited >= lower), "below {} at {at:?}", subject.law);
        exact &= subject.law.value(&of).is_some_and(|value| value == visited);
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

/// Interpreting and evaluating agree, and the written-out circuit is no deeper than its skeleton.
fn readings_agree(model: &LoopedModel, seed: u64) -> Result<u64, TestCaseError> {
    let circuit = model.unrolled().map_err(failed)?;
    let (depth, skeleton) = (measure::exact(&circuit).map_err(failed)?.depth, model.skeleton().depth());
    prop_assert!(depth <= skeleton, "{depth} layers of gates, {skeleton} of the skeleton");
    for more in 0..2 {
        let levels = drawn(model, seed.wrapping_add(more));
        let evaluated = model.evaluate(&circuit, &levels).map_err(failed)?;
        prop_assert_eq!(Some(evaluated), model.interpret(&levels), "levels {:?}", levels);
    }
    Ok(skeleton)
}

/// All that is held of one document.
fn holds(document: &Document, seed: u64, counts: &RefCell<Counts>) -> Result<(), TestCaseError> {
    let strategy = if seed.is_multiple_of(4) { Lowering::Size } else { Lowering::Depth };
    let depth = readings_agree(&bound(document, strategy)?, seed)?;
    let Some(free) = subject(document, strategy)? else {
        counts.borrow_mut().refused += 1;
        return Ok(());
    };
    let lengths = free.lengths();
    let law = free.law.upper(&|name| lengths.get(name).copied()).expect("a law for these lengths");
    prop_assert!(BigInt::from(depth) <= law, "{depth} layers with weights, {} with any", free.law);
    let path = free.critical_path(&lengths).expect("few iterations");
    prop_assert_eq!(BigInt::from(path.len()), free.depth(&lengths).expect("a depth").0);
    certificates_verify(&free)?;
    let exact = law_is_visited(&free)?;
    let mut counts = counts.borrow_mut();
    counts.all += 1;
    counts.exact += usize::from(exact);
    Ok(())
}

/// A document whose partial sums are rounded; none where its sums are always exact.
fn rounded(document: &Document, policy: &str, accumulator: &str) -> Option<Document> {
    let mut document = document.clone();
    let numerics = numerics(&mut document)?;
    numerics.accumulate = policy.parse().expect("a policy");
    numerics.accumulator = Some(accumulator.parse().expect("a format"));
    Some(document)
}

/// Readings of the circuit agree, and the table of layers and gates holds at least what the circuit of any weights has, and hardly more.
fn rounded_sums_hold(document: &Document, seed: u64) -> Result<(), TestCaseError> {
    let strategy = if seed.is_multiple_of(4) { Lowering::Size } else { Lowering::Depth };
    readings_agree(&bound(document, strategy)?, seed)?;
    let options = Options::default();
    let table = Costed::rounded(document, &options).map_err(failed)?;
    let model = LoopedModel::of(document, &options).map_err(failed)?;
    let circuit = BigInt::from(model.skeleton().depth());
    let told = table.depth.named.skeleton.depth().into();
    prop_assert!(circuit <= told, "{told} layers told, {circuit} made");
    prop_assert!(table.depth.value().is_none_or(|(law, _)| told <= law), "the law is below its own skeleton");
    let (told, made) = (table.value(&table.costs.count), model.sizes().gates.value(|_| 1));
    prop_assert!(told >= made, "{told} gates told, {made} made");
    Ok(())
}

const POLICIES: [&str; 5] = ["tree(2)", "tree(3)", "sequential", "blocked(2)", "blocked(3)"];

#[test]
fn rounded_sums_of_random_networks_are_those_of_the_interpreter() {
    let how = (select(&POLICIES[..]), select(&["fixed(5,4)", "float(3,2)", "float(4,1)"][..]));
    run(32, (recurrents(RecurrentLimits::default()), how.clone()), |(case, (policy, accumulator))| {
        let document = rounded(&case.document(), policy, accumulator).expect("networks have numerics");
        rounded_sums_hold(&document, case.seed)
    });
    run(24, (loops(LoopLimits::default()), how), |(case, (policy, accumulator))| {
        let Some(document) = rounded(&case.document(), policy, accumulator) else { return Ok(()) };
        // An accumulator too coarse for the exponentials is refused, in so many words.
        match pipeline::subject::built(&document, &Options::default()) {
            Err(error) if error.to_string().contains("least exponential") => Ok(()),
            _ => rounded_sums_hold(&document, case.seed),
        }
    });
}

fn mostly_exact(what: &str, counts: &RefCell<Counts>) {
    let Counts { exact, all, refused } = *counts.borrow();
    println!("{exact} of {all} laws of {what} are exact at every length up to {MOST_LENGTHS}; {refused} have none");
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
