//! The unrolled circuit, the interpreted graph and an iteration by hand give the same weights; explicit gates are as deep as the skeleton says.

use isobath::circuit::looped;
use isobath::lower::{LowerError, system::system};
use isobath::spec::program::Program;
use isobath::words::Strategy;

use super::{SHIPPED, both, by_hand, drawn, explicit_depth, program, shipped};

/// Checks 1 to `most` steps under both strategies on random inputs.
fn agree(name: &str, program: &Program, most: u64, draws: u64) {
    let mut moved = false;
    for steps in 1..=most {
        let program = Program { steps, ..program.clone() };
        let graph = isobath::program::system(&program).unwrap();
        for strategy in [Strategy::Depth, Strategy::Size] {
            let loops = system(&graph, strategy).unwrap();
            for seed in 0..draws {
                let inputs = drawn(&loops, seed + 100 * steps);
                let (interpreted, evaluated) = both(&graph, &loops, &inputs);
                assert_eq!(by_hand::run(&program, &inputs), interpreted, "{name}, {steps} steps, seed {seed}");
                assert_eq!(interpreted, evaluated, "{name}, {steps} steps, {strategy:?}, seed {seed}");
                let start = by_hand::run(&Program { step_size: Default::default(), ..program.clone() }, &inputs);
                moved |= start != interpreted;
            }
        }
    }
    assert!(moved, "{name} never learned anything");
}

#[test]
fn shipped_programs_agree_with_iterations_by_hand() {
    for name in SHIPPED {
        agree(name, &shipped(name), 4, 6);
    }
}

/// A program with tables for data and weights.
fn text(lines: &str, tables: &str) -> String {
    format!(
        "[program]\n{lines}\nfeatures = 2\nstep_size = \"1/2\"\n{tables}\n[numerics]\nweights = 'fixed(2,2)'\n\
         activations = 'fixed(2,1)'\ndata = 'fixed(2,1)'\ntargets = 'int(2)'\n"
    )
}

const LOSSES: [&str; 7] = [
    "loss = 'least-squares'",
    "loss = 'least-squares'\nround_residual = false",
    "loss = 'logistic'",
    "loss = 'hinge'",
    "loss = 'mlp'\nhidden = 2\nactivation = 'relu'",
    "loss = 'mlp'\nhidden = 2\nactivation = 'tanh'",
    "loss = 'mlp'\nhidden = 1\nactivation = 'sigmoid'",
];

const OPTIMISERS: [&str; 3] =
    ["", "optimiser = 'momentum'\nmu = 0.75", "optimiser = 'adam'\nbeta1 = 0.5\nbeta2 = '2/3'\nepsilon = 0.125"];

const HARD_WIRED: &str = "[data]\nsource = 'given'\nx = [[1, 0.5], [-1, 1], [0.5, -1.5]]\ny = [1, -1, 0]";

#[test]
fn every_loss_and_optimiser_agrees_in_every_mode() {
    for loss in LOSSES {
        for optimiser in OPTIMISERS {
            for (mode, tables) in [
                ("", ""),
                ("batch = 'all'\nexamples = 2", ""),
                ("examples = 3", HARD_WIRED),
                ("batch = 'all'\nexamples = 3", HARD_WIRED),
            ] {
                let lines = format!("kind = 'gradient-descent'\n{loss}\n{optimiser}\n{mode}");
                let tables = format!("{tables}\n[weights]\nsource = 'inputs'");
                agree(&lines, &program(&text(&lines, &tables)), 2, 2);
            }
        }
    }
}

#[test]
fn hard_wired_reinforcement_agrees() {
    let weights = "[weights]\nsource = 'inputs'";
    let td = "[data]\nsource = 'given'\nexamples = 2\nx = [[1, 0], [0, 1]]\nnext = [[0, 1], [1, 0]]\nreward = [1, -1]";
    for round in [true, false] {
        let lines = format!("kind = 'td0'\ndiscount = '1/2'\nround_residual = {round}");
        agree("td0", &program(&text(&lines, &format!("{td}\n{weights}"))), 3, 3);
        agree("td0", &program(&text(&lines, weights)), 2, 3);
    }
    let pg = "[data]\nsource = 'given'\nexamples = 2\nx = [[1, 0.5], [0, 1]]\naction = [0, 1]\nreturn = [1, -1]";
    agree("policy", &program(&text("kind = 'policy-gradient'", &format!("{pg}\n{weights}"))), 3, 3);
    let q = "[data]\nsource = 'given'\nexamples = 2\nstate = [[1, 0], [0, 1]]\naction = [[0, 1], [1, 0]]\nnext = [[0, 1], [1, 0]]\nreward = [1, -1]";
    let lines = "kind = 'q-learning'\nstates = 2\nactions = 2\ndiscount = '1/2'";
    let text = text(lines, &format!("{q}\n{weights}")).replace("features = 2\n", "");
    agree("q-learning", &program(&text), 3, 3);
}

#[test]
fn small_steps_towards_the_ends_of_a_format_are_no_growth() {
    for (loss, optimiser) in [("hinge", 0), ("logistic", 1), ("hinge", 2)] {
        let lines = format!("kind = 'gradient-descent'\nloss = '{loss}'\n{}", OPTIMISERS[optimiser]);
        let slow = text(&lines, "").replace("\"1/2\"", "\"1/64\"").replace("fixed(2,2)", "fixed(2,6)");
        agree(&lines, &program(&slow.replace("'2/3'", "'63/64'")), 2, 3);
    }
}

#[test]
fn unrounded_weights_are_exact_where_their_range_does_not_grow() {
    // Each step swaps two weights (theory.md G2): the step e_1 - e_2 with step size 1.
    let lines = "kind = 'gradient-descent'\nloss = 'least-squares'\nround_residual = false\nround_weights = false\nexamples = 1";
    let data = "[data]\nsource = 'given'\nx = [[1, -1]]\ny = [0]\n[weights]\nsource = 'given'\nw = [0.5, -1]";
    let swap = program(&text(lines, data).replace("\"1/2\"", "1"));
    agree("swap", &swap, 3, 1);
    let loops = system(&isobath::program::system(&swap).unwrap(), Strategy::Depth).unwrap();
    assert_eq!(looped::skeleton(&loops.circuits).depth(), 0, "an exact affine step costs nothing");
    let halved = program(&text(lines, data));
    let refused = system(&isobath::program::system(&halved).unwrap(), Strategy::Depth).unwrap_err();
    assert!(matches!(refused, LowerError::Grows { .. }), "{refused}");
    let inputs = program(&text(&lines.replace("\nexamples = 1", ""), ""));
    let refused = system(&isobath::program::system(&inputs).unwrap(), Strategy::Depth).unwrap_err();
    assert!(matches!(refused, LowerError::Grows { .. }), "{refused}");
}

#[test]
fn explicit_gates_are_as_deep_as_the_skeleton() {
    for name in SHIPPED {
        let mut seen = 0;
        for steps in 1..=3 {
            let program = Program { steps, ..shipped(name) };
            for strategy in [Strategy::Depth, Strategy::Size] {
                let loops = system(&isobath::program::system(&program).unwrap(), strategy).unwrap();
                if let Some(depth) = explicit_depth(&loops, &drawn(&loops, 1)) {
                    assert_eq!(depth, looped::skeleton(&loops.circuits).depth(), "{name}, {steps} steps, {strategy:?}");
                    seen += 1;
                }
            }
        }
        assert!(seen >= 2, "{name} is too large to be written out");
    }
}
