//! Encoders with decoders: all readings agree, depth is a law in both stacks, relative positions are those of the published rule.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use isobath::gates::{read_outputs, simulate};
use isobath::pipeline;
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::{Options, Subject};
use isobath::spec::{self, Document, Looped, Rounding, Spec, WeightSource};
use isobath::words::Strategy;
use num_bigint::BigInt;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

fn shipped() -> (Spec, Looped) {
    match spec::read_document(&Path::new(CIRCUITS).join("tiny-t5.toml")).unwrap() {
        Document::Looped(looped) => match *looped {
            Looped::Model(spec, looping) => (*spec.clone(), Looped::Model(spec, looping)),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn with(change: impl Fn(&mut Spec)) -> Looped {
    let (_, looped) = shipped();
    let Looped::Model(mut spec, looping) = looped else { panic!("a model") };
    change(&mut spec);
    Looped::Model(spec, looping)
}

/// Evaluate, interpret and the explicit gates; gives the outputs.
fn readings(looped: &Looped, strategy: Strategy, inputs: &[[i64; 4]]) -> Vec<Vec<BigInt>> {
    let model = LoopedModel::new(pipeline::looped(looped, true).unwrap(), strategy).unwrap();
    let circuit = model.unrolled().unwrap();
    let gates = model.expand(&circuit, &mut |_, _| {}).unwrap();
    let read = |levels: &[i64; 4]| {
        let evaluated = model.evaluate(&circuit, levels).unwrap();
        assert_eq!(Some(&evaluated), model.interpret(levels).as_ref(), "{strategy:?} {levels:?}");
        let bits: Vec<bool> = levels.iter().flat_map(|level| (0..2).map(move |bit| level >> bit & 1 == 1)).collect();
        let simulated: Vec<BigInt> =
            read_outputs(&gates, &simulate(&gates, &bits)).into_iter().flat_map(|output| output.values).collect();
        assert_eq!(evaluated, simulated, "{strategy:?} {levels:?}");
        evaluated
    };
    inputs.iter().map(read).collect()
}

#[test]
fn readings_agree_on_every_input() {
    let inputs: Vec<[i64; 4]> = (0..256).map(|n| [n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3]).collect();
    for strategy in [Strategy::Depth, Strategy::Size] {
        let outputs = readings(&shipped().1, strategy, &inputs);
        assert!(outputs.iter().any(|output| *output != outputs[0]), "the same token whatever is read");
        // The source is read: some output changes with it alone.
        let depends = |n: usize| (0..16).any(|source| outputs[n & !15 | source] != outputs[n]);
        assert!((0..256).any(depends), "the encoder is not read");
    }
}

#[test]
fn readings_agree_on_random_models() {
    let inputs = [[0, 1, 2, 3], [3, 3, 0, 1], [2, 0, 1, 1]];
    for seed in 1..=6 {
        for strategy in [Strategy::Depth, Strategy::Size] {
            let looped = with(|spec| {
                spec.weights = WeightSource::Random { seed, limit: None };
                spec.architecture.output = isobath::spec::Output::Logits;
                if seed % 2 == 0 {
                    spec.numerics.rounding = Rounding::Eager;
                }
                if seed % 3 == 0 {
                    let block = spec.architecture.blocks[0].clone();
                    spec.architecture.blocks.push(block);
                }
            });
            readings(&looped, strategy, &inputs);
        }
    }
}

#[test]
fn depth_adds_up_along_both_stacks() {
    let looped = with(|_| ());
    let subject = Subject::new(&Document::Looped(Box::new(looped)), &Options::default()).unwrap();
    let depth = |encoder: u64, decoder: u64| {
        let lengths = [("encoder_layers".to_owned(), encoder), ("decoder_layers".to_owned(), decoder)].into();
        subject.depth(&subject.at(&lengths)).unwrap()
    };
    let (first, exact) = depth(1, 1);
    assert!(exact);
    // Nine layers a block, and six more where it attends across: norm and attention.
    assert_eq!(depth(7, 1).0, &first + 6 * 9u32);
    assert_eq!(depth(1, 7).0, &first + 6 * 15u32);
    assert_eq!(subject.growth("context").unwrap().1, "0");
}
