//! Programs: gradients against forward-mode derivatives, circuits against iterations by hand, layers a step, refusals.

#![allow(clippy::unwrap_used)]

mod agreement;
mod by_hand;
mod gradients;
mod numbers;
mod random;
mod rates;
mod refusals;

use isobath::circuit::{evaluate, looped, measure};
use isobath::expand;
use isobath::gates::InputWord;
use isobath::lower::{Input, InputKind, system::LoweredLoops};
use isobath::number::{Format, Rational};
use isobath::spec::{Document, parse_document, program::Program};
use isobath::tensor::looped::{Looped, interpret};
use num_bigint::BigInt;
use num_traits::ToPrimitive;

fn program(text: &str) -> Program {
    match parse_document("test.toml", text) {
        Ok(Document::Program(program)) => *program,
        Ok(_) => panic!("no program"),
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn shipped(name: &str) -> Program {
    let path = format!("{}/circuits/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    program(&std::fs::read_to_string(path).unwrap())
}

const SHIPPED: [&str; 13] = [
    "gd-least-squares",
    "gd-least-squares-unrounded",
    "gd-hard-wired",
    "gd-logistic",
    "gd-hinge",
    "gd-mlp",
    "gd-momentum",
    "gd-adam",
    "gd-batch",
    "gd-custom",
    "td0",
    "q-learning",
    "policy-gradient",
];

/// Numbers that one block takes in at one iteration.
#[derive(Clone, Debug)]
struct Drawn {
    name: String,
    levels: Vec<i64>,
    format: Format,
    bits: u32,
    shape: Vec<u64>,
}

impl Drawn {
    fn values(&self) -> Vec<Rational> {
        let one = BigInt::from(1) << self.format.fraction();
        self.levels.iter().map(|level| Rational::new((*level).into(), one.clone())).collect()
    }
}

/// A reproducible sequence.
fn draws(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state >> 33
    }
}

/// Levels of all inputs, in the order they are taken.
fn drawn(loops: &LoweredLoops, seed: u64) -> Vec<Drawn> {
    let mut next = draws(seed);
    let mut all = Vec::new();
    let done: Result<(), ()> = loops.circuits.try_each(|instance| {
        for Input { name, shape, bits, kind } in &loops.inputs[instance.block] {
            let InputKind::Numbers(format) = *kind else { return Err(()) };
            let span = format.max().abs_diff(format.min()) + 1;
            let count: u64 = shape.iter().product();
            let levels = (0..count).map(|_| format.min() + (next() % span) as i64).collect();
            all.push(Drawn { name: name.clone(), levels, format, bits: *bits, shape: shape.clone() });
        }
        Ok(())
    });
    done.unwrap();
    all
}

/// Every outlet by the reference interpreter, and by the unrolled circuit.
fn both(graph: &Looped, loops: &LoweredLoops, inputs: &[Drawn]) -> (Vec<Vec<Rational>>, Vec<Vec<Rational>>) {
    let numbers = inputs.iter().flat_map(Drawn::values);
    let expected = interpret(graph, numbers).unwrap().into_iter().map(|tensor| tensor.values).collect();
    let bits: Vec<bool> = inputs
        .iter()
        .flat_map(|input| input.levels.iter().flat_map(|l| (0..input.bits).map(move |b| l >> b & 1 == 1)))
        .collect();
    let circuit = looped::unroll(&loops.circuits).unwrap();
    let values = evaluate::evaluate(&circuit, &bits).unwrap();
    let outlet = |outlet: &isobath::loops::Outlet| {
        let unit = &loops.units[outlet.block][outlet.output];
        values[&outlet.name].iter().map(|level| unit * Rational::from_integer(level.clone())).collect()
    };
    (expected, graph.outputs().iter().map(outlet).collect())
}

/// The depth of the explicit gates, where there are few enough; checks every other reading of the circuit's size against them.
fn explicit_depth(loops: &LoweredLoops, inputs: &[Drawn]) -> Option<u64> {
    const MOST_WIRES: u64 = 30_000_000;
    let circuit = looped::unroll(&loops.circuits).unwrap();
    let exact = measure::exact(&circuit).unwrap();
    assert_eq!(looped::skeleton(&loops.circuits).depth(), exact.depth);
    if exact.wires.value(|_| 0).to_u64().is_none_or(|wires| wires > MOST_WIRES) {
        return None;
    }
    let words = inputs
        .iter()
        .enumerate()
        .map(|(n, input)| InputWord::signed(&format!("{}{n}", input.name), &input.shape, input.bits));
    let gates = expand::expand(&circuit, words.collect(), &mut |_, _| {}).unwrap();
    assert_eq!(exact.gates.value(|_| 0).to_u64().unwrap(), u64::from(gates.gate_count() - gates.input_count()));
    Some(u64::from(gates.levels().depth()))
}
