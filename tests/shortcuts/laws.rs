//! Depth of each rule's circuits for 1 to 64 steps, beside that of the plain unrolling.

use isobath::shortcut::{Rule, automaton, hard_wired, plain, powering, prefix};
use isobath::spec::program::Program;

use super::{built, program, shipped};

fn rounds(steps: u64) -> u64 {
    u64::from(64 - (steps - 1).leading_zeros())
}

/// Integer matrices of few bits, so that 64 steps are quick.
fn small() -> Program {
    program(
        "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 1\nstep_size = '1/2'\n\
         round_residual = false\n[numerics]\nweights = 'int(2)'\nactivations = 'int(4)'\ndata = 'fixed(1,1)'\ntargets = 'int(2)'\n",
    )
}

#[test]
fn prefix_takes_two_layers_a_doubling() {
    for steps in (1..=18).chain([31, 32, 33]) {
        let measure = built(&small(), steps, prefix::build).unwrap().measure().unwrap();
        assert_eq!(measure.depth, 2 * rounds(steps) + 2, "{steps} steps");
    }
    let measure = built(&shipped("shortcuts/descent-1d"), 64, prefix::build).unwrap().measure().unwrap();
    assert_eq!(measure.depth, 14);
}

#[test]
fn hard_wired_is_one_layer_whose_weights_grow() {
    let program = shipped("gd-hard-wired");
    let bits = |steps: u64| {
        let measure = built(&program, steps, hard_wired::build).unwrap().measure().unwrap();
        assert_eq!(measure.depth, 1, "{steps} steps");
        measure.weight_bits
    };
    let bits: Vec<u64> = (1..=64).map(bits).collect();
    // About a bit a step: three examples take turns, and the matrix of each round is of quarters.
    assert!(bits[63] >= bits[31] + 28 && bits[31] >= bits[15] + 12, "{bits:?}");
}

#[test]
fn powers_are_three_layers() {
    for steps in 1..=64 {
        let measure = built(&shipped("shortcuts/quadratic-1d"), steps, powering::build).unwrap().measure().unwrap();
        assert_eq!(measure.depth, 3, "{steps} steps");
    }
    for steps in [2, 9, 64] {
        let measure = built(&shipped("shortcuts/quadratic-2d"), steps, powering::build).unwrap().measure().unwrap();
        assert_eq!(measure.depth, 3, "{steps} steps");
    }
}

#[test]
fn automata_take_a_layer_a_doubling() {
    for steps in 1..=64 {
        let measure = built(&small(), steps, automaton::build).unwrap().measure().unwrap();
        assert_eq!(measure.depth, rounds(steps) + 1, "{steps} steps");
    }
    let sixteen = built(&shipped("shortcuts/descent-1d"), 64, automaton::build).unwrap();
    assert_eq!(sixteen.measure().unwrap().depth, 7);
    let gates = sixteen.expand(&mut |_, _| {}).unwrap();
    assert_eq!(gates.levels().depth(), 7, "explicit gates are as deep");
}

#[test]
fn explicit_gates_are_what_is_measured() {
    for (name, rule) in [("shortcuts/descent-2d", Rule::Prefix), ("shortcuts/quadratic-2d", Rule::Powering)] {
        let program = shipped(name);
        let built = match rule {
            Rule::Prefix => built(&program, 3, prefix::build),
            _ => built(&program, 3, powering::build),
        };
        let (built, gates) = built.map(|built| (built.clone(), built.expand(&mut |_, _| {}).unwrap())).unwrap();
        let (measure, stats) = (built.measure().unwrap(), gates.stats());
        assert_eq!(u64::from(gates.levels().depth()), measure.depth, "{name}");
        assert_eq!(measure.value(&measure.gates), stats.gates.into(), "{name}");
        assert_eq!(measure.value(&measure.wires), stats.logical_wires.into(), "{name}");
        assert_eq!(measure.weight_bits, stats.weight_bits, "{name}");
    }
}

#[test]
fn they_are_shallower_than_the_plain_unrolling() {
    let program = Program { steps: 64, ..shipped("shortcuts/descent-1d") };
    assert_eq!(plain(&program).unwrap().depth, 64 + 3);
}
