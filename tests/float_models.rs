//! Random small models in floating point: interpreter, arrays and explicit gates agree, and measured figures are those of the gates.

#![allow(clippy::unwrap_used)]

use isobath::gates::{read_outputs, simulate};
use isobath::number::Format;
use isobath::pipeline;
use isobath::strategies::{Case, Limits, cases};
use isobath::words::Strategy;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Models with more wires than this are evaluated but not written out.
const MOST_WIRES: u64 = 20_000_000;

/// Of wider formats wires are not even counted.
const MOST_BITS: u32 = 8;

/// How many random models agree, and of how many the gates were written out.
fn agreeing(text: &str, strategy: Option<Strategy>, wanted: u32, limits: Limits) -> u32 {
    let format: Format = text.parse().unwrap();
    let written = std::cell::Cell::new(0);
    let config = Config { cases: wanted, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&cases(limits), |case| {
        written.set(written.get() + u32::from(readings_agree(&case, format, strategy)?));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{text}: {error}");
    }
    written.get()
}

fn readings_agree(case: &Case, format: Format, strategy: Option<Strategy>) -> Result<bool, TestCaseError> {
    let mut spec = case.spec();
    (spec.numerics.weights, spec.numerics.activations) = (format, format);
    let model = pipeline::bound(&spec, case.context(), strategy.unwrap_or(case.lowering)).unwrap();
    let inputs = [&case.tokens, &case.others];
    let evaluated: Vec<_> = inputs.iter().map(|tokens| model.evaluate(tokens).unwrap()).collect();
    let interpreted: Vec<_> = inputs.iter().map(|tokens| model.interpret(tokens).unwrap()).collect();
    prop_assert_eq!(&evaluated, &interpreted);
    if format.bits() > MOST_BITS {
        return Ok(false);
    }
    let figures = model.measure().unwrap();
    if figures.value(&figures.wires) > BigInt::from(MOST_WIRES) {
        return Ok(false);
    }
    let gates = model.expand(&mut |_, _| {}).unwrap();
    let simulated: Vec<_> = inputs
        .iter()
        .map(|tokens| read_outputs(&gates, &simulate(&gates, &model.bits(tokens))).swap_remove(0).values)
        .collect();
    prop_assert_eq!(&evaluated, &simulated);
    let (stats, levels) = (gates.stats(), gates.levels());
    prop_assert_eq!(figures.depth, u64::from(levels.depth()));
    prop_assert_eq!(figures.gate_depth, u64::from(levels.gate_depth()));
    prop_assert_eq!(figures.value(&figures.gates), BigInt::from(stats.gates));
    prop_assert_eq!(figures.value(&figures.wires), BigInt::from(stats.logical_wires));
    prop_assert_eq!(figures.weight_bits, stats.weight_bits);
    Ok(true)
}

const SMALL: Limits = Limits { layers: 1, width: 2, context: 2, bits: 4, seeds: 1, departures: false };

#[test]
fn in_the_smallest_floats_under_both_strategies() {
    assert!(agreeing("float(2,1)", None, 24, SMALL) > 12);
    assert!(agreeing("float(3,1)", None, 12, SMALL) > 3);
    assert!(agreeing("float(2,1)", None, 12, Limits { departures: true, ..SMALL }) > 3);
}

#[test]
fn in_eight_bits() {
    for text in ["fp8-e4m3", "fp8-e5m2"] {
        assert!(agreeing(text, Some(Strategy::Size), 8, SMALL) > 0, "{text}");
    }
    agreeing("fp8-e4m3", Some(Strategy::Depth), 2, Limits { width: 1, ..SMALL });
}

/// Too large to write out; the arrays and the interpreter agree.
#[test]
fn in_sixteen_bits() {
    agreeing("bf16", Some(Strategy::Size), 2, SMALL);
    agreeing("fp16", Some(Strategy::Size), 2, SMALL);
}

/// A bias whose numbers have more bits after the point than those of the weights, once zeros that all have in common are left out; and a sum of
/// squares that its accumulator cannot hold, so that results are greater than any exact norm's.
#[test]
fn finer_biases_are_added_and_norms_of_saturated_sums_agree() {
    let text = |width: u64, norm: &str, bias: bool, numerics: &str| {
        format!(
            "[model]\nkind = 'decoder'\nvocabulary = 3\nlayers = 1\nwidth = {width}\nheads = 1\nhead_width = 2\nhidden = 1\ncontext = 1\n\
             positions = 'none'\nnorm = '{norm}'\nnorm_epsilon = 0.25\nnorm_gain = false\nnorm_bias = false\nplacement = 'post'\n\
             activation = 'relu'\nbias = {bias}\noutput = 'logits'\n[numerics]\n{numerics}\nscore_clamp = 1\nexp_bits = 1\n"
        )
    };
    let small = "weights = 'float(2,1)'\nactivations = 'float(2,1)'";
    let saturating =
        "weights = 'fixed(3,1)'\nactivations = 'float(2,1)'\naccumulate = 'sequential'\naccumulator = 'fixed(4,4)'";
    let biased = [65, 139, 206, 317, 4_527_345_258_139_933_581u64].to_vec();
    let norms = (0..12).chain([211_704_308_776_371_021]).collect::<Vec<u64>>();
    for (text, seeds) in [(text(2, "rms", true, small), biased), (text(3, "layer", false, saturating), norms)] {
        for seed in seeds {
            let text = format!("{text}[weights]\nsource = 'random'\nseed = {seed}\n");
            let spec = isobath::spec::parse_native("t.toml", &text).unwrap();
            for strategy in [Strategy::Depth, Strategy::Size] {
                let model = pipeline::bound(&spec, 1, strategy).unwrap();
                for token in 0..3 {
                    let (circuit, meaning) = (model.evaluate(&[token]).unwrap(), model.interpret(&[token]).unwrap());
                    assert_eq!(circuit, meaning, "seed {seed}, token {token}, {strategy:?}");
                }
            }
        }
    }
}
