//! Automata against the reference interpreter of the program's own graphs, on every input.

use isobath::shortcut::{Rule, automaton};
use isobath::spec::program::Program;
use isobath::tensor::looped::interpret;

use super::{applied, built, on_every_input, program, shipped};

fn agrees(program: &Program, steps: u64) {
    let system = isobath::program::system(&Program { steps, ..program.clone() }).unwrap();
    let built = built(program, steps, automaton::build).unwrap();
    on_every_input(&built, |levels, values, output| {
        let wanted = interpret(&system, values).unwrap();
        let wanted: Vec<_> = wanted.into_iter().flat_map(|tensor| tensor.values).collect();
        assert_eq!(output, wanted, "{}, {steps} steps: {levels:?}", program.name);
    });
}

fn numerics(weights: &str) -> String {
    format!("[numerics]\nweights = '{weights}'\nactivations = '{weights}'\ndata = 'int(2)'\ntargets = 'int(2)'\n")
}

#[test]
fn least_squares_with_sixteen_states() {
    (1..=3).for_each(|steps| agrees(&shipped("shortcuts/descent-1d"), steps));
}

#[test]
fn a_start_from_outside() {
    let text = format!(
        "[program]\nkind = 'gradient-descent'\nloss = 'logistic'\nfeatures = 1\nstep_size = '1/2'\n[weights]\nsource = 'inputs'\n{}",
        numerics("fixed(1,2)")
    );
    (1..=2).for_each(|steps| agrees(&program(&text), steps));
}

#[test]
fn steps_that_are_not_affine() {
    for lines in [
        "kind = 'gradient-descent'\nloss = 'hinge'\nfeatures = 2",
        "kind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 1\noptimiser = 'momentum'\nmu = '1/2'",
        "kind = 'q-learning'\nstates = 1\nactions = 1\ndiscount = '1/2'",
        "kind = 'td0'\nfeatures = 1\ndiscount = '1/2'",
        "kind = 'policy-gradient'\nfeatures = 1",
    ] {
        let text = format!("[program]\n{lines}\nstep_size = '1/2'\n{}", numerics("fixed(1,1)"));
        (1..=2).for_each(|steps| agrees(&program(&text), steps));
    }
}

#[test]
fn data_that_come_in_once_or_never_are_one_table() {
    agrees(&shipped("shortcuts/quadratic-1d"), 5);
    agrees(&shipped("gd-hard-wired"), 7);
    for name in ["shortcuts/quadratic-1d", "gd-hard-wired"] {
        assert_eq!(built(&shipped(name), 7, automaton::build).unwrap().measure().unwrap().depth, 1);
    }
}

#[test]
fn a_long_run_is_compared_at_random() {
    let applied = applied(Rule::Automaton, &shipped("shortcuts/descent-1d"), 20).unwrap();
    assert!(applied.holds() && !applied.compared.coverage.all && applied.compared.coverage.inputs > 100);
}
