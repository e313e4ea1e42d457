//! Steps read off programs: against the same program unrolled, interpreted and as a circuit; and the classes of some that are known.

use proptest::prelude::*;

use super::*;
use crate::monoid::{Class, Classification, Limits, Order, classify};
use crate::pipeline::looped::LoopedModel;
use crate::program;
use crate::spec::{Document, parse_document, program::Program};
use crate::words::Strategy;

fn read(text: &str) -> Program {
    match parse_document("t.toml", text) {
        Ok(Document::Program(program)) => *program,
        other => panic!("{other:?}"),
    }
}

/// One-dimensional least squares with this step size, in this format.
fn least_squares(step_size: &str, format: &str, more: &str) -> Program {
    read(&format!(
        "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 1\nstep_size = '{step_size}'\n{more}\n\
         [numerics]\nweights = '{format}'\nactivations = '{format}'"
    ))
}

fn step(program: &Program, scope: Scope) -> Result<Step, StepError> {
    Step::of(&program::system(program).unwrap(), None, scope, &mut |_, _| ())
}

fn class(step: &Step) -> Classification {
    classify(&step.automaton, step.grid().as_deref(), Limits::default(), &mut |_, _| ())
}

#[test]
fn descent_without_overshoot_is_aperiodic_by_order_and_by_closure() {
    for (step_size, format) in [("1/16", "int(3)"), ("1", "fixed(1,2)"), ("1/2", "fixed(1,2)")] {
        let step = step(&least_squares(step_size, format, ""), Scope::All).unwrap();
        assert_eq!((step.automaton.states(), step.data), (8, 64));
        let found = class(&step);
        assert_eq!((found.order.clone(), found.class), (Some(Order::Chain), Class::Ac0), "{step_size} {format}");
        let by_closure = (found.closure.complete, found.closure.periodic.clone(), found.images_complete);
        assert_eq!(by_closure, (true, None, true));
    }
}

#[test]
fn overshoot_turns_back_and_forth() {
    // eta x^2 = 2 at x = 1: the weight changes its sign at each step, and at x = 0 it does not.
    let program = least_squares("2", "int(3)", "");
    let system = program::system(&program).unwrap();
    let whole = |values: [i64; 2]| values.map(|value| Rational::from_integer(value.into())).to_vec();
    let data = vec![whole([0, 0]), whole([1, 0])];
    let listed = Step::of(&system, Some(data), Scope::All, &mut |_, _| ()).unwrap();
    let found = class(&listed);
    assert_eq!((found.class, found.order.clone(), found.closure.elements), (Class::Acc0, None, 3));
    let witness = found.witness.unwrap();
    assert_eq!((witness.order, witness.states.len()), (2u32.into(), 2));
    // With all data, weights that saturate are permuted in more ways.
    let all = class(&step(&program, Scope::All).unwrap());
    assert_eq!((all.class, all.witness.unwrap().order), (Class::Acc0, 6u32.into()));
    // With x = 1 alone it happens at every step, whatever the data: that is no more than counting steps.
    let data = "examples = 1\n[data]\nsource = 'given'\nx = [[1]]\ny = [0]";
    let step = super::tests::step(&least_squares("2", "int(3)", data), Scope::All).unwrap();
    assert_eq!((class(&step).class, step.data, step.inputs.len()), (Class::Ac0Counting, 1, 0));
}

/// Online least squares in five dimensions on e_i - e_j: each step swaps two weights (theory: online least squares and S5).
fn swaps(start: &str, format: &str) -> Program {
    let pairs: Vec<(usize, usize)> = (0..5).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
    let row = |(i, j): &(usize, usize)| {
        let entry = |k| {
            if k == *i {
                "1"
            } else if k == *j {
                "-1"
            } else {
                "0"
            }
        };
        format!("[{}]", (0..5).map(entry).collect::<Vec<_>>().join(", "))
    };
    let x = pairs.iter().map(row).chain(["[0, 0, 0, 0, 0]".to_owned()]).collect::<Vec<_>>().join(", ");
    read(&format!(
        "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 5\nstep_size = 1\nexamples = 11\n\
         [data]\nsource = 'given'\nx = [{x}]\ny = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n[weights]\nsource = 'given'\nw = {start}\n\
         [numerics]\nweights = '{format}'\nactivations = 'int(4)'"
    ))
}

#[test]
fn swapping_weights_is_complete_for_nc1() {
    let reached = step(&swaps("[0, 1, 2, 3, 4]", "int(4)"), Scope::Reachable).unwrap();
    let found = class(&reached);
    assert_eq!((reached.automaton.states(), reached.data, found.closure.elements), (120, 11, 120));
    assert_eq!((found.class, found.witness.unwrap().order), (Class::Nc1Complete, 120u32.into()));
    // On one weight that is not zero the same group moves five states.
    let reached = step(&swaps("[1, 0, 0, 0, 0]", "int(4)"), Scope::Reachable).unwrap();
    let found = class(&reached);
    let witness = found.witness.unwrap();
    assert_eq!((reached.automaton.states(), found.closure.elements, found.class), (5, 120, Class::Nc1Complete));
    assert_eq!(witness.derived, Some(vec![120u32.into(), 60u32.into()]));
    // All states at once: the same group again, and nothing else.
    let all = step(&swaps("[1, 0, 0, 0, 0]", "int(2)"), Scope::All).unwrap();
    let found = class(&all);
    assert_eq!((all.automaton.states(), found.closure.elements, found.class), (1024, 120, Class::Nc1Complete));
    assert_eq!(found.witness.unwrap().states.len(), 5);
}

#[test]
fn overshoot_and_saturation_in_one_dimension_are_complete_for_nc1() {
    let program = least_squares("1/4", "int(3)", "[weights]\nsource = 'inputs'");
    let step = step(&program, Scope::All).unwrap();
    let found = class(&step);
    let witness = found.witness.unwrap();
    assert_eq!((found.class, witness.solvable()), (Class::Nc1Complete, Some(false)));
    // The group's words, run step by step on the whole program, permute the weights as told.
    for (word, permutation) in &witness.generators {
        let system = program::system(&program).unwrap().resized(|_| Some(word.len() as u64)).unwrap();
        for (place, to) in permutation.iter().enumerate() {
            let data = word.iter().flat_map(|letter| step.letter(*letter)).cloned();
            let inputs = step.state(witness.states[place]).into_iter().cloned().chain(data);
            let ends = crate::tensor::looped::interpret(&system, inputs).unwrap();
            assert_eq!(&ends[0].values[0], step.state(witness.states[*to as usize])[0]);
        }
    }
}

#[test]
fn what_has_no_finitely_many_states_is_refused() {
    let refused = |program: &Program, scope| step(program, scope).unwrap_err();
    let unrounded = least_squares("1/2", "int(3)", "round_weights = false\nround_residual = false");
    assert_eq!(refused(&unrounded, Scope::All), StepError::Unrounded("w".to_owned()));
    let batch = least_squares("1/2", "int(3)", "batch = 'all'\nexamples = 2");
    assert!(matches!(refused(&batch, Scope::All), StepError::Once(_)));
    let wide = refused(&least_squares("1/2", "int(8)", ""), Scope::All).to_string();
    assert!(wide.contains("256 states times 65536 data values") && wide.contains("int(6)"), "{wide}");
    assert!(matches!(refused(&least_squares("1/2", "int(40)", ""), Scope::All), StepError::Wide { .. }));
    let open = least_squares("1/2", "int(3)", "[weights]\nsource = 'inputs'");
    assert_eq!(refused(&open, Scope::Reachable), StepError::NoStart);
    let system = program::system(&least_squares("1/2", "int(3)", "")).unwrap();
    for listed in [vec![], vec![vec![]], vec![vec![Rational::new(1.into(), 2.into()), Rational::default()]]] {
        let found = Step::of(&system, Some(listed), Scope::All, &mut |_, _| ());
        assert!(matches!(found, Err(StepError::Data(_))));
    }
}

#[test]
fn optimisers_have_states_of_their_own() {
    let momentum = step(&least_squares("1/2", "int(2)", "optimiser = 'momentum'\nmu = 0.5"), Scope::All).unwrap();
    let names: Vec<&str> = momentum.coordinates.iter().map(|coordinate| &*coordinate.name).collect();
    assert_eq!((names, momentum.automaton.states()), (vec!["w", "m of w"], 16));
    let adam = "optimiser = 'adam'\nbeta1 = 0.5\nbeta2 = 0.5\nepsilon = 1";
    let adam = step(&least_squares("1/2", "int(2)", adam), Scope::All).unwrap();
    // v is rectified when it is read, so it has no negative values.
    assert_eq!((adam.coordinates.len(), adam.automaton.states()), (3, 4 * 4 * 2));
}

/// The weights after the step's letters, by the automaton, in levels of their format.
fn by_maps(step: &Step, start: u32, word: &[u32], weights: usize, fraction: u32) -> Vec<num_bigint::BigInt> {
    let one = Rational::from_integer(num_bigint::BigInt::from(1) << fraction);
    let state = step.state(step.automaton.run(start, word));
    state[..weights].iter().map(|value| (*value * &one).to_integer()).collect()
}

fn programs() -> impl proptest::strategy::Strategy<Value = String> {
    let rules = vec![
        "kind = 'gradient-descent'\nloss = 'least-squares'",
        "kind = 'gradient-descent'\nloss = 'least-squares'\nround_residual = false",
        "kind = 'gradient-descent'\nloss = 'hinge'",
        "kind = 'gradient-descent'\nloss = 'logistic'",
        "kind = 'gradient-descent'\nloss = 'least-squares'\noptimiser = 'momentum'\nmu = 0.5",
        "kind = 'td0'\ndiscount = 0.5",
        "kind = 'policy-gradient'",
    ];
    let formats = vec![("fixed(2,1)", "fixed(2,1)"), ("int(3)", "fixed(2,2)"), ("fixed(1,2)", "int(2)")];
    let parts = (
        proptest::sample::select(rules),
        proptest::sample::select(formats),
        proptest::sample::select(vec!["1/4", "1", "2"]),
    );
    proptest::strategy::Strategy::prop_map(parts, |(rule, (weights, activations), size)| {
        format!(
            "[program]\n{rule}\nfeatures = 1\nstep_size = '{size}'\n[weights]\nsource = 'inputs'\n\
             [numerics]\nweights = '{weights}'\nactivations = '{activations}'\ndata = 'int(2)'\ntargets = 'int(2)'"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn maps_compose_to_the_unrolled_program(text in programs(), picks in proptest::collection::vec(any::<u32>(), 1..=4)) {
        let program = read(&text);
        let step = step(&program, Scope::All).unwrap();
        let word: Vec<u32> = picks.iter().map(|pick| pick % step.letters.len() as u32).collect();
        let fraction = program.numerics.weights.fraction();
        let system = program::system(&program).unwrap().resized(|_| Some(word.len() as u64)).unwrap();
        let model = LoopedModel::new(system, Strategy::Depth).unwrap();
        let circuit = model.unrolled().unwrap();
        for start in 0..step.automaton.states() as u32 {
            let state = step.state(start);
            // Momentum is at rest at first.
            if state[1..].iter().any(|value| **value != Rational::default()) {
                continue;
            }
            let level = |value: &Rational, bits: u32| (value * Rational::from_integer((1i64 << bits).into())).to_integer();
            let data = word.iter().flat_map(|letter| step.letter(*letter)).map(|value| level(value, 0));
            let levels: Vec<i64> = std::iter::once(level(state[0], fraction)).chain(data).map(|n| n.try_into().unwrap()).collect();
            let expected = model.interpret(&levels).unwrap();
            prop_assert_eq!(&by_maps(&step, start, &word, 1, fraction), &expected);
            prop_assert_eq!(model.evaluate(&circuit, &levels).unwrap(), expected);
        }
    }
}
