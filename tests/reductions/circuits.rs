//! Circuits by the hinge loss, one polynomial, rounding and Q-learning: all small ones, random large ones, and the shipped netlists.

use isobath::problems::draws::Draws;
use isobath::problems::netlist::{Literal, Netlist};
use isobath::problems::{Answer, Family, Instance, aiger, words};
use isobath::reduce::{Kind, ReduceError, Via, evidence, gadget};
use isobath::words::Strategy;

use super::{all, circuit, holds, machine, random};

/// With formats of weights: small ones keep the many circuits here small; eight bits are in `formats`.
const NAND_WAYS: [(Via, &str); 3] =
    [(Via::Hinge, "fixed(4,4)"), (Via::Polynomial, "int(2)"), (Via::Rounding, "fixed(2,2)")];

/// Every circuit of two inputs and two NAND gates, up to the order of operands; both gates are given out.
fn small() -> Vec<Netlist> {
    let pairs = |nodes: usize| (1..=nodes).flat_map(move |a| (a..=nodes).map(move |b| (a, b)));
    let nand = |node: usize| Literal::of(node, node > 2);
    let circuit = |(first, second): ((usize, usize), (usize, usize))| Netlist {
        inputs: 2,
        ands: [first, second].map(|(a, b)| [nand(a), nand(b)]).to_vec(),
        outputs: vec![nand(3), nand(4)],
    };
    pairs(2).flat_map(|first| pairs(3).map(move |second| (first, second))).map(circuit).collect()
}

#[test]
fn every_circuit_of_two_inputs_and_two_gates() {
    let circuits = small();
    assert_eq!(circuits.len(), 18);
    for netlist in circuits {
        let family = circuit(netlist);
        for (via, format) in NAND_WAYS {
            holds(&machine(&family, via, Some(format), Strategy::Size), all(&family));
        }
    }
}

/// Random circuits of one shape: what is compiled once runs all of them.
#[test]
fn one_compiled_descent_runs_many_circuits_of_25_gates() {
    let drawn = |seed| circuit(Netlist::random(4, 25, &mut Draws::new(seed)));
    for via in [Via::Hinge, Via::Rounding] {
        let machine = machine(&drawn(0), via, Some("fixed(4,4)"), Strategy::Size);
        let outcome = holds(&machine, (0..20).flat_map(|seed| all(&drawn(seed)).collect::<Vec<_>>()));
        assert_eq!(outcome.instances, 320);
    }
    // The loss of the polynomial is the circuit, so each is compiled by itself.
    for seed in 0..3 {
        holds(&machine(&drawn(seed), Via::Polynomial, Some("int(4)"), Strategy::Size), all(&drawn(seed)));
    }
}

#[test]
fn a_circuit_of_a_hundred_gates_by_the_hinge_loss() {
    let family = circuit(Netlist::random(4, 100, &mut Draws::new(7)));
    let machine = machine(&family, Via::Hinge, Some("fixed(4,4)"), Strategy::Size);
    assert_eq!((holds(&machine, all(&family)).instances, machine.gadget.steps()), (16, 4 + 2 * 102));
}

#[test]
fn constants_and_repeated_nodes_are_no_obstacle() {
    for seed in 0..12 {
        let mut draws = Draws::new(seed);
        let mut netlist = Netlist::random(2, 4, &mut draws);
        for place in 0..4 {
            netlist.ands[place] = [0, 1].map(|_| Literal(draws.below(2 * (3 + place))));
        }
        netlist.outputs = (0..2).map(|_| Literal(draws.below(14))).collect();
        let family = circuit(netlist);
        for (via, format) in NAND_WAYS {
            holds(&machine(&family, via, Some(format), Strategy::Size), all(&family));
        }
    }
}

fn shipped(name: &str) -> Netlist {
    let path = format!("{}/circuits/netlists/{name}", env!("CARGO_MANIFEST_DIR"));
    aiger::parse(&std::fs::read(path).unwrap()).unwrap()
}

/// Bits as a number, the lowest first.
fn number(bits: &[bool]) -> u32 {
    bits.iter().rev().fold(0, |number, bit| 2 * number + u32::from(*bit))
}

fn ones(bits: &[bool]) -> u32 {
    bits.iter().map(|bit| u32::from(*bit)).sum()
}

/// What each shipped circuit is for, from its inputs.
type Meaning = fn(&[bool]) -> u32;

const SHIPPED: [(&str, Meaning); 3] = [
    ("full-adder.aag", ones),
    ("multiplier-2.aig", |bits| number(&bits[..2]) * number(&bits[2..])),
    ("majority-5.aag", |bits| u32::from(ones(bits) >= 3)),
];

#[test]
fn the_shipped_netlists_add_multiply_and_vote() {
    for (name, meaning) in SHIPPED {
        let netlist = shipped(name);
        for instance in 0..1 << netlist.inputs {
            let inputs = words::numbered(instance, netlist.inputs);
            assert_eq!(number(&netlist.evaluate(&inputs)), meaning(&inputs), "{name} on {inputs:?}");
        }
    }
}

#[test]
fn the_shipped_netlists_are_learned_in_every_way() {
    for (name, meaning) in SHIPPED {
        let family = circuit(shipped(name));
        for (via, format) in NAND_WAYS {
            let outcome = holds(&machine(&family, via, Some(format), Strategy::Size), all(&family));
            for example in outcome.examples {
                let (Instance::Circuit(_, inputs), Some(Answer::Bits(bits))) = (example.instance, example.decoded)
                else {
                    panic!("{name}")
                };
                assert_eq!(number(&bits), meaning(&inputs), "{name}");
            }
        }
    }
}

#[test]
fn monotone_circuits_are_learned_by_rounded_q_learning() {
    let majority = circuit(shipped("majority-5.aag"));
    for format in ["int(8)", "int(2)", "fixed(4,4)"] {
        let machine = machine(&majority, Via::QLearning, Some(format), Strategy::Size);
        assert_eq!(holds(&machine, all(&majority)).instances, 32);
    }
    let adder = circuit(shipped("full-adder.aag"));
    assert!(matches!(gadget(&adder, Via::QLearning), Err(ReduceError::NotMonotone { .. })));
    // All monotone circuits of two gates on two inputs, each gate an AND or an OR.
    for choice in 0..4u8 {
        for (a, b) in [(1, 1), (1, 3), (2, 3), (3, 3)] {
            let is_or = |gate: u8| choice >> gate & 1 == 1;
            let read = |node: usize| Literal::of(node, node == 3 && is_or(0));
            let gate = |a: Literal, b: Literal, or: bool| if or { [a.inverse(), b.inverse()] } else { [a, b] };
            let ands = vec![gate(read(1), read(2), is_or(0)), gate(read(a), read(b), is_or(1))];
            let family = circuit(Netlist { inputs: 2, ands, outputs: vec![Literal::of(4, is_or(1))] });
            holds(&machine(&family, Via::QLearning, None, Strategy::Size), all(&family));
        }
    }
}

#[test]
fn larger_instances_drawn_at_random() {
    let family = circuit(Netlist::random(8, 60, &mut Draws::new(9)));
    holds(&machine(&family, Via::Rounding, Some("fixed(4,4)"), Strategy::Size), random(&family, 64));
    holds(&machine(&family, Via::Polynomial, Some("int(3)"), Strategy::Size), random(&family, 64));
}

#[test]
fn evidence_holds_at_default_sizes() {
    for kind in Kind::ALL {
        let evidence = evidence(kind, None, kind.default_size()).unwrap();
        assert_eq!(evidence.mismatches, 0, "{kind:?}");
        assert!(evidence.instances >= 16 && evidence.simulated == evidence.instances, "{evidence:?}");
        assert!(evidence.figures.depth > 0 && evidence.figures.gates > 0.into());
        let all = !matches!(kind, Kind::S5 | Kind::Composition);
        assert_eq!(evidence.exhaustive, all, "{kind:?}");
    }
}

/// The family of an instance is what it is one of.
#[test]
fn circuits_of_another_shape_are_not_run() {
    let (small, large) = (circuit(Netlist::random(3, 5, &mut Draws::new(1))), Family::Parity(3));
    let machine = machine(&small, Via::Hinge, None, Strategy::Size);
    let other = circuit(Netlist::random(3, 6, &mut Draws::new(1)));
    for family in [large, other] {
        assert!(matches!(machine.run(all(&family), &mut |_| {}), Err(ReduceError::Unfit)));
    }
}
