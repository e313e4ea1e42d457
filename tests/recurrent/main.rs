//! Recurrent networks: interpreted, evaluated, expanded; their depth laws; and refusals.

#![allow(clippy::unwrap_used)]

use isobath::circuit::{evaluate, looped, measure};
use isobath::expand;
use isobath::gates::InputWord;
use isobath::lower::{InputKind, system::LoweredLoops, system::system};
use isobath::number::Rational;
use isobath::recurrent::{self, Recurrence};
use isobath::spec::{self, Document, Recurrent, WeightSource};
use isobath::tensor::looped::{self as reference, Looped};
use isobath::words::Strategy;
use std::path::Path;

mod configs;

mod fla;

mod oracle;

mod refusals;

mod scan;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

/// The shipped networks with their laws: layers a position, a layer of the network, and besides, under both strategies.
const SHIPPED: [(&str, [i64; 3], [i64; 3]); 8] = [
    ("rnn", [1, 1, 1], [3, 3, 1]),
    ("lstm", [3, 3, -1], [8, 8, -4]),
    ("gru", [3, 3, -1], [8, 7, -4]),
    ("ssm", [1, 3, 3], [3, 12, 11]),
    ("mamba", [1, 8, 4], [4, 28, 9]),
    ("linear-attention", [1, 8, 3], [3, 31, 11]),
    ("gated-linear-attention", [1, 11, 3], [4, 42, 10]),
    ("delta-rule", [2, 9, 2], [8, 31, 6]),
];

fn shipped(name: &str) -> Recurrent {
    network(spec::read_document(&Path::new(CIRCUITS).join(name).with_extension("toml")).unwrap())
}

fn network(document: Document) -> Recurrent {
    match document {
        Document::Recurrent(recurrent) => *recurrent,
        _ => panic!("not recurrent"),
    }
}

/// A small network: one layer of a cell, its weights in `fixed(2,1)` or what `more` says.
fn small(cell: &str, more: &str, numerics: &str) -> Recurrent {
    let text = format!(
        "[recurrent]\ncell = '{cell}'\nvocabulary = 3\nlayers = 1\nwidth = 2\n{more}\n[numerics]\n{numerics}\n[weights]\nsource = 'random'\nseed = 3\n"
    );
    network(spec::parse_document("small.toml", &text).unwrap())
}

/// Token ids from a seed.
fn tokens(count: u64, vocabulary: u64, seed: u64) -> Vec<u64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) % vocabulary
    };
    (0..count).map(|_| draw()).collect()
}

fn interpreted(graph: &Looped, tokens: &[u64]) -> Vec<Rational> {
    let ids = tokens.iter().map(|id| Rational::from_integer((*id).into()));
    reference::interpret(graph, ids).unwrap().into_iter().flat_map(|tensor| tensor.values).collect()
}

/// Bits of the ids, as the circuits take them.
fn bits(loops: &LoweredLoops, tokens: &[u64]) -> Vec<bool> {
    let bits = loops.inputs[0][0].bits;
    tokens.iter().flat_map(|id| (0..bits).map(move |bit| id >> bit & 1 == 1)).collect()
}

/// What the unrolled circuit gives, position by position.
fn evaluated(loops: &LoweredLoops, tokens: &[u64]) -> Vec<Rational> {
    let circuit = looped::unroll(&loops.circuits).unwrap();
    let given = evaluate::evaluate(&circuit, &bits(loops, tokens)).unwrap();
    let unit = &loops.units[2][0];
    let name = &loops.circuits.outputs()[0].name;
    let levels = match given.get(name) {
        Some(levels) => levels.clone(),
        None => (0..tokens.len()).flat_map(|t| given[&format!("{name}[{t}]")].clone()).collect(),
    };
    levels.into_iter().map(|level| unit * Rational::from_integer(level)).collect()
}

#[test]
fn every_cell_is_evaluated_as_interpreted() {
    for (name, ..) in SHIPPED {
        let model = shipped(name);
        for context in [1, 4] {
            let graph = recurrent::system(&model, Recurrence::Sequential, context).unwrap();
            for strategy in [Strategy::Depth, Strategy::Size] {
                let loops = system(&graph, strategy).unwrap();
                for seed in 0..4 {
                    let tokens = tokens(context, 5, seed);
                    assert_eq!(
                        evaluated(&loops, &tokens),
                        interpreted(&graph, &tokens),
                        "{name} {strategy:?} {tokens:?}"
                    );
                }
                let circuit = looped::unroll(&loops.circuits).unwrap();
                let exact = measure::exact(&circuit).unwrap();
                assert_eq!(looped::skeleton(&loops.circuits).depth(), exact.depth, "{name} {strategy:?}");
            }
        }
    }
}

/// What the shipped networks leave at its default or out.
const OPTIONS: [(&str, &str); 13] = [
    ("rnn", "activation = 'relu'\nbias = false\noutput = 'hidden'"),
    ("rnn", "activation = 'sigmoid'\ntied = false\nstate_format = 'fixed(2,3)'"),
    ("lstm", "bias = false\noutput = 'argmax'\nstate_format = 'int(4)'"),
    ("gru", "bias = false\ntied = false\nstate_format = 'fixed(6,0)'"),
    ("diagonal", "state = 3\nactivation = 'relu'\nbias = true\noutput = 'hidden'"),
    ("diagonal", "activation = 'tanh'\nstate_format = 'fixed(7,3)'"),
    ("mamba", "inner = 3\nstate = 1\nkernel = 1\nrank = 2\nbias = true\ntied = false"),
    ("mamba", "inner = 1\nstate = 2\nkernel = 4\nstate_format = 'fixed(7,1)'\noutput = 'hidden'"),
    ("linear-attention", "heads = 2\noutput_norm = true\nbias = true"),
    ("gated-linear-attention", "heads = 2\nvalue_width = 2\noutput_norm = false"),
    // Gates of zero and one: the range of the state creeps up to that of its format, far above what is added at a position.
    ("gated-linear-attention", "gate_format = 'int(2)'\nstate_format = 'fixed(9,1)'"),
    ("gated-linear-attention", "gate_format = 'int(2)'\nhidden = 2\ngated = true\nmlp_activation = 'gelu'"),
    ("delta-rule", "heads = 2\nvalue_width = 2\nfeature_map = 'tanh'\nbias = true\noutput_norm = false\nhidden = 2"),
];

#[test]
fn every_option_is_evaluated_as_interpreted_and_as_written_out_by_hand() {
    for (cell, more) in OPTIONS {
        let model = small(cell, more, "weights = 'fixed(2,1)'\nactivations = 'fixed(3,1)'");
        let graph = recurrent::system(&model, Recurrence::Sequential, 5).unwrap();
        let loops = [Strategy::Depth, Strategy::Size].map(|strategy| system(&graph, strategy).unwrap());
        for seed in 0..5 {
            let tokens = tokens(5, 3, seed);
            let expected = oracle::Oracle::new(&model).run(&tokens);
            assert_eq!(interpreted(&graph, &tokens), expected, "{cell} {more} {tokens:?}");
            for loops in &loops {
                assert_eq!(evaluated(loops, &tokens), expected, "{cell} {more} {tokens:?}");
            }
        }
    }
}

#[test]
fn explicit_gates_have_the_depth_of_the_skeleton() {
    for (name, ..) in SHIPPED {
        let graph = recurrent::system(&shipped(name), Recurrence::Sequential, 2).unwrap();
        let loops = system(&graph, Strategy::Depth).unwrap();
        let circuit = looped::unroll(&loops.circuits).unwrap();
        let InputKind::Tokens(limit) = loops.inputs[0][0].kind else { panic!("tokens") };
        let word = |number| InputWord { limit, ..InputWord::unsigned(&format!("tokens{number}"), &[1], 3) };
        let gates = expand::expand(&circuit, (0..2).map(word).collect(), &mut |_, _| {}).unwrap();
        let skeleton = looped::skeleton(&loops.circuits);
        assert_eq!(u64::from(gates.levels().depth()), skeleton.depth(), "{name}");
        println!("{name}: {} gates at two positions", gates.gate_count());
    }
}

#[test]
fn depth_is_affine_in_positions_and_layers() {
    for (name, depth, size) in SHIPPED {
        let free = Recurrent { weights: WeightSource::Free, ..shipped(name) };
        let (depth, size) = ((Strategy::Depth, depth), (Strategy::Size, size));
        for (model, (strategy, [positions, layers, rest])) in
            [(&shipped(name), depth), (&shipped(name), size), (&free, depth), (&free, size)]
        {
            let graph = recurrent::system(model, Recurrence::Sequential, 4).unwrap();
            let skeleton = looped::skeleton(&system(&graph, strategy).unwrap().circuits);
            let depth = |n: i64, l: i64| {
                let length = |axis: &isobath::expr::Dim| Some(if &**axis == "layers" { l } else { n } as u64);
                skeleton.clone().resized(length).unwrap().depth() as i64
            };
            for (n, l) in (1..12).flat_map(|n| (1..8).map(move |l| (n, l))).chain([(300, 2), (40, 40)]) {
                let law = positions * n + layers * l + rest;
                assert_eq!(depth(n, l), law, "{name} {strategy:?} n = {n}, L = {l}");
            }
        }
    }
}
