//! Transformers in loops: interpreted, and lowered, unrolled and evaluated; second oracles by hand; depth at many lengths.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use isobath::circuit::{evaluate, looped, measure};
use isobath::expand;
use isobath::expr::Size;
use isobath::gates::InputWord;
use isobath::lower::{InputKind, lower, system::LoweredLoops, system::system};
use isobath::number::{Format, Rational};
use isobath::spec::{self, Document, LinearAttention, Looped, Looping, MemoryOf, Spec};
use isobath::tensor::{self, Parameters, interpret::interpret, looped as reference, params::Source};
use isobath::words::Strategy;
use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

fn shipped(name: &str) -> Looped {
    match spec::read_document(&Path::new(CIRCUITS).join(format!("{name}.toml"))).unwrap() {
        Document::Looped(looped) => *looped,
        other => panic!("{other:?}"),
    }
}

fn model(looped: &Looped) -> (&Spec, Looping) {
    match looped {
        Looped::Model(model, looping) => (model, *looping),
        Looped::LinearAttention(_) => panic!("not a model"),
    }
}

fn random(format: Format, seed: u64) -> Parameters {
    let limit = 1 << format.fraction();
    Parameters { format, source: Source::Random { seed, limit } }
}

fn free(spec: &Spec) -> Parameters {
    Parameters { format: spec.numerics.weights, source: Source::Free }
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % end
    }
}

/// The numbers of all inputs in the order they are taken, and as bits.
fn inputs(loops: &LoweredLoops, draw: &mut Draw) -> (Vec<Rational>, Vec<bool>) {
    let (mut numbers, mut bits) = (Vec::new(), Vec::new());
    let done: Result<(), ()> = loops.circuits.try_each(|instance| {
        for input in &loops.inputs[instance.block] {
            for _ in 0..input.shape.iter().product() {
                let (level, fraction) = match input.kind {
                    InputKind::Tokens(vocabulary) => (draw.below(vocabulary) as i64, 0),
                    InputKind::Numbers(format) => {
                        let levels = format.max().abs_diff(format.min()) + 1;
                        (format.min() + draw.below(levels) as i64, format.fraction())
                    }
                };
                numbers.push(Rational::new(level.into(), BigInt::one() << fraction));
                bits.extend((0..input.bits).map(|bit| level >> bit & 1 == 1));
            }
        }
        Ok(())
    });
    done.unwrap();
    (numbers, bits)
}

/// The values of all iterations of the first outlet, in order of iterations.
fn evaluated(loops: &LoweredLoops, circuit: &isobath::circuit::Circuit, bits: &[bool]) -> Vec<Rational> {
    let values = evaluate::evaluate(circuit, bits).unwrap();
    let outlet = &loops.circuits.outputs()[0];
    let unit = &loops.units[outlet.block][outlet.output];
    let in_order = circuit.outputs().iter().map(|output| &values[&output.name]);
    in_order.flatten().map(|level| unit * Rational::from_integer(level.clone())).collect()
}

/// Interpreting and evaluating give the same; skeleton, unrolled circuit and (if small enough) gates have the same depth.
fn agrees(graph: &reference::Looped, strategy: Strategy, rounds: u64, gates: bool) -> u64 {
    let loops = system(graph, strategy).unwrap();
    let circuit = looped::unroll(&loops.circuits).unwrap();
    let exact = measure::exact(&circuit).unwrap();
    assert_eq!(looped::skeleton(&loops.circuits).depth(), exact.depth);
    for seed in 0..rounds {
        let (numbers, bits) = inputs(&loops, &mut Draw(seed));
        let expected: Vec<Rational> =
            reference::interpret(graph, numbers).unwrap().into_iter().flat_map(|tensor| tensor.values).collect();
        assert_eq!(evaluated(&loops, &circuit, &bits), expected, "inputs of seed {seed}");
    }
    if gates {
        let mut words = Vec::new();
        let done: Result<(), ()> = loops.circuits.try_each(|instance| {
            for input in &loops.inputs[instance.block] {
                let name = format!("{}{}", input.name, words.len());
                words.push(InputWord::unsigned(&name, &input.shape, input.bits));
            }
            Ok(())
        });
        done.unwrap();
        let gates = expand::expand(&circuit, words, &mut |_, _| {}).unwrap();
        assert_eq!(u64::from(gates.levels().depth()), exact.depth);
        let count = u64::from(gates.gate_count() - gates.input_count());
        assert_eq!(exact.gates.value(|_| 0).to_u64().unwrap(), count);
    }
    exact.depth
}

const SPECS: [&str; 5] = ["looped-transformer", "segment-memory", "memory-tokens", "feedback", "decoding"];

#[test]
fn every_shipped_loop_computes_what_it_means() {
    for name in SPECS {
        let document = shipped(name);
        let (spec, _) = model(&document);
        for seed in [1, 2] {
            let graph = reference::from_spec(&document, &random(spec.numerics.weights, seed)).unwrap();
            let start = std::time::Instant::now();
            agrees(&graph, Strategy::Size, 3, false);
            println!("{name} {seed} {:?}", start.elapsed());
        }
    }
}
