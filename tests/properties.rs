//! Random small models: four readings of one circuit agree, figures are those of the gates, the architecture bounds them all.

use isobath::circuit::measure::{self, Bound, Measure};
use isobath::gates::{Gates, lane, pack_lanes, read_outputs, simulate, simulate64};
use isobath::pipeline::{self, Model};
use isobath::spec;
use isobath::strategies::{Case, Limits, cases};
use isobath::tensor::{Parameters, params::Source};
use isobath::words::Strategy as Lowering;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Cases a property is tried on.
const CASES: u32 = 96;

/// Models with more wires than this are evaluated but not written out.
const MOST_WIRES: u64 = 20_000_000;

fn run(cases_wanted: u32, limits: Limits, test: impl Fn(Case) -> Result<(), TestCaseError>) {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let config = Config { cases: asked.unwrap_or(cases_wanted), failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&cases(limits), test) {
        panic!("{error}");
    }
}

fn bound(case: &Case) -> Model {
    pipeline::bound(&case.spec(), case.context(), case.lowering).expect("a small model is lowered")
}

fn with(case: &Case, source: Source) -> Model {
    let spec = case.spec();
    let parameters = Parameters { format: spec.numerics.weights, source };
    pipeline::with_parameters(&spec, &parameters, case.context(), case.lowering).expect("a small model is lowered")
}

fn expanded(model: &Model, figures: &Measure) -> Option<Gates> {
    let fits = figures.value(&figures.wires) <= BigInt::from(MOST_WIRES);
    fits.then(|| model.expand(&mut |_, _| {}).expect("it fits"))
}

/// `simulate(expand)` of two inputs, one by one and as lanes of one pass.
fn simulated(gates: &Gates, model: &Model, inputs: [&[u64]; 2]) -> Vec<Vec<BigInt>> {
    let bits: Vec<Vec<bool>> = inputs.iter().map(|tokens| model.bits(tokens)).collect();
    let lanes = simulate64(gates, &pack_lanes(&bits));
    let values = |place: usize| {
        let alone = simulate(gates, &bits[place]);
        assert_eq!(alone, lane(&lanes, place), "64 at once differ from one by one");
        read_outputs(gates, &alone)[0].values.clone()
    };
    vec![values(0), values(1)]
}

fn same_figures(gates: &Gates, figures: &Measure) -> Result<(), TestCaseError> {
    let (stats, levels) = (gates.stats(), gates.levels());
    prop_assert_eq!(figures.bound, Bound::Exact);
    prop_assert_eq!(figures.depth, u64::from(levels.depth()));
    prop_assert_eq!(figures.gate_depth, u64::from(levels.gate_depth()));
    prop_assert_eq!(figures.value(&figures.gates), BigInt::from(stats.gates));
    prop_assert_eq!(figures.value(&figures.wires), BigInt::from(stats.logical_wires));
    prop_assert_eq!(figures.weight_bits, stats.weight_bits);
    prop_assert_eq!(figures.critical_path.len() as u64, figures.depth);
    Ok(())
}

fn at_most(exact: &Measure, upper: &Measure) -> Result<(), TestCaseError> {
    prop_assert_eq!(upper.bound, Bound::Upper);
    prop_assert!(exact.depth <= upper.depth, "depth {} above {}", exact.depth, upper.depth);
    prop_assert!(exact.gate_depth <= upper.gate_depth, "gate depth {} above {}", exact.gate_depth, upper.gate_depth);
    for (name, a, b) in [("gates", &exact.gates, &upper.gates), ("wires", &exact.wires, &upper.wires)] {
        let (a, b) = (exact.value(a), upper.value(b));
        prop_assert!(a <= b, "{name}: {a} above {b}");
    }
    prop_assert!(
        exact.weight_bits <= upper.weight_bits,
        "weight bits {} above {}",
        exact.weight_bits,
        upper.weight_bits
    );
    Ok(())
}

/// Small models with experts or latent attention; eager rounding of long chains saturates, so seeds are not searched.
const DEPARTURES: Limits = Limits { layers: 1, width: 3, context: 2, bits: 4, seeds: 2, departures: true };

fn readings_agree(case: &Case) -> Result<(), TestCaseError> {
    let model = bound(case);
    let figures = model.measure().expect("a bound model is measured");
    let inputs = [&case.tokens[..], &case.others[..]];
    let evaluated: Vec<_> = inputs.iter().map(|tokens| model.evaluate(tokens).expect("evaluated")).collect();
    let interpreted: Vec<_> = inputs.iter().map(|tokens| model.interpret(tokens).expect("interpreted")).collect();
    prop_assert_eq!(&evaluated, &interpreted);
    let Some(gates) = expanded(&model, &figures) else { return Ok(()) };
    prop_assert_eq!(&evaluated, &simulated(&gates, &model, inputs));
    same_figures(&gates, &figures)
}

#[test]
fn evaluate_interpret_and_simulate_agree_bit_for_bit() {
    run(CASES, Limits::default(), |case| readings_agree(&case));
}

#[test]
fn readings_of_departures_agree_bit_for_bit() {
    run(CASES, DEPARTURES, |case| readings_agree(&case));
}

#[test]
fn the_architecture_bounds_departures() {
    run(CASES, DEPARTURES, |case| bounded(&case));
}

#[test]
fn the_architecture_bounds_every_setting_of_the_weights() {
    run(CASES, Limits::default(), |case| bounded(&case));
}

fn bounded(case: &Case) -> Result<(), TestCaseError> {
    let upper = pipeline::architecture(&case.spec(), case.context(), case.lowering).expect("lowered");
    let upper = upper.measure().expect("measured");
    let format = case.spec().numerics.weights;
    let sources = [
        Source::Random { seed: 1, limit: i64::MAX },
        Source::Random { seed: 2, limit: 1 },
        Source::Constant(0),
        Source::Constant(format.max()),
        Source::Constant(format.min()),
    ];
    for source in sources {
        let model = with(case, source);
        at_most(&model.measure().expect("measured"), &upper)?;
        // Of the bound circuit, the reading that visits no element bounds the exact one too.
        at_most(&model.measure().expect("measured"), &measure::architecture(&model.lowered.circuit))?;
    }
    Ok(())
}

/// Weights chosen to be awkward: mixes of the format's ends, its unit and zero, by the kind of tensor and place in it.
fn awkward(case: &Case, mix: usize, chosen: usize) -> Source {
    let spec = case.spec();
    let format = spec.numerics.weights;
    let unit = 2f64.powi(-(format.fraction() as i32));
    let (least, most) = (format.min() as f64 * unit, format.max() as f64 * unit);
    let weight = |tensor: usize, name: &str, place: usize| match mix {
        0 => [most, least][place % 2],
        1 if tensor == chosen && place == 0 => most,
        1 => 0.0,
        2 if tensor == chosen && place == 0 => least,
        2 => unit,
        3 if name.ends_with("gain") => 0.0,
        3 => [least, most, most][place % 3],
        4 if name.ends_with("bias") => [most, least][place % 2],
        4 => 0.0,
        5 if name.contains("norm") => -unit,
        5 => least,
        6 if tensor == chosen => 0.0,
        6 => least,
        _ => [most, least, 0.0, unit, -unit][(7 * place + tensor) % 5],
    };
    let tensors = spec::parameters(&spec.architecture).into_iter().enumerate().map(|(number, tensor)| {
        let values = (0..tensor.len() as usize).map(|place| weight(number, &tensor.name, place)).collect();
        (tensor.name, (tensor.shape, values))
    });
    Source::Given(tensors.collect())
}

#[test]
fn the_architecture_bounds_awkward_weights() {
    run(CASES, Limits { seeds: 0, ..Limits::default() }, |case| {
        let upper = pipeline::architecture(&case.spec(), case.context(), case.lowering).expect("lowered");
        let upper = upper.measure().expect("measured");
        let tensors = spec::parameters(&case.spec().architecture).len();
        for mix in 0..8 {
            let model = with(&case, awkward(&case, mix, (5 * mix + case.toml().len()) % tensors));
            at_most(&model.measure().expect("measured"), &upper)?;
            prop_assert_eq!(model.evaluate(&case.tokens).ok(), model.interpret(&case.tokens), "mix {}", mix);
        }
        Ok(())
    });
}

/// The architecture's depth is not only a bound: weights drawn at random need it.
#[test]
fn random_weights_reach_the_depth_of_the_architecture() {
    let counts = std::cell::Cell::new((0u32, 0u32));
    run(CASES, Limits::default(), |case| {
        let upper = pipeline::architecture(&case.spec(), case.context(), case.lowering).expect("lowered");
        let upper = upper.measure().expect("measured").depth;
        let depth = |seed| with(&case, Source::Random { seed, limit: i64::MAX }).measure().expect("measured").depth;
        let reached = (0..8).any(|seed| depth(seed) == upper);
        let (hits, all) = counts.get();
        counts.set((hits + u32::from(reached), all + 1));
        Ok(())
    });
    let (hits, all) = counts.get();
    println!("random weights reach the architecture's depth in {hits} of {all} models");
    assert!(hits * 10 >= all * 9, "in {hits} of {all} models only");
}

/// Expanded, from two tokens to sixty-four.
#[test]
fn depth_of_explicit_gates_does_not_grow_with_the_context() {
    let text = |context| {
        format!(
            "[model]\nkind = 'decoder'\nvocabulary = 4\nlayers = 1\nwidth = 4\nheads = 2\nhidden = 4\ncontext = {context}\n\
             positions = 'rotary'\nnorm = 'rms'\nactivation = 'relu'\n[numerics]\nweights = 'fixed(2,1)'\n\
             activations = 'fixed(2,1)'\nscore_clamp = 2\nexp_bits = 2\n[weights]\nsource = 'random'\nseed = 3\n"
        )
    };
    let spec = isobath::spec::parse_native("growing.toml", &text(2)).expect("a valid spec");
    for lowering in [Lowering::Depth, Lowering::Size] {
        let free = pipeline::architecture(&spec, 2, lowering).expect("lowered");
        let wanted = free.measure().expect("measured").depth;
        assert!(lowering == Lowering::Size || wanted == 9 + 4);
        for context in [2, 3, 4, 7, 16, 33, 64] {
            let spec = isobath::spec::parse_native("growing.toml", &text(context)).expect("a valid spec");
            let model = pipeline::bound(&spec, context, lowering).expect("lowered");
            let gates = model.expand(&mut |_, _| {}).expect("it fits");
            assert_eq!(u64::from(gates.levels().depth()), wanted, "{lowering:?} at context {context}");
        }
    }
}

#[test]
fn depth_is_the_same_for_every_context() {
    run(CASES, Limits::default(), |case| {
        let spec = case.spec();
        let lower = |context| pipeline::architecture(&spec, context, case.lowering);
        let depth = |context| lower(context).map(|model| model.measure().expect("measured").depth);
        let first = depth(2.min(case.context())).expect("lowered");
        for context in [2, 3, 5, 64, 1_000, 131_072, 1_000_000_000_000_000_000] {
            match depth(context) {
                Ok(depth) => prop_assert_eq!(depth, first, "at context {}", context),
                Err(error) => prop_assert!(case.toml().contains("learned"), "{}", error),
            }
        }
        Ok(())
    });
}

/// The polynomials say at every context where they are said to hold what a measurement at that context says.
#[test]
fn size_laws_equal_measurements() {
    run(CASES, Limits::default(), |case| {
        let spec = case.spec();
        let measured = |context| {
            let model = pipeline::architecture(&spec, context, case.lowering).ok();
            model.map(|model| model.measure().expect("measured"))
        };
        for from in [1, 2, 7] {
            let Some(law) = measured(from) else { continue };
            for context in [1, 2, 3, 4, 7, 8, 30, 1_000_000] {
                let Some(here) = measured(context) else { continue };
                for (name, law, here) in
                    [("gates", &law.gates, here.value(&here.gates)), ("wires", &law.wires, here.value(&here.wires))]
                {
                    if law.validity().values().all(|(low, high)| (low..=high).contains(&&context)) {
                        prop_assert_eq!(law.value(|_| context), here, "{} from {} at {}", name, from, context);
                    }
                }
            }
        }
        Ok(())
    });
}

/// Guards the other tests against models that compute nothing.
#[test]
fn nine_in_ten_models_have_two_tokens_and_depend_on_the_input() {
    let counts = std::cell::Cell::new((0u32, 0u32));
    run(2 * CASES, Limits::default(), |case| {
        let (meaningful, all) = counts.get();
        counts.set((meaningful + u32::from(case.context() >= 2 && case.depends_on_input()), all + 1));
        Ok(())
    });
    let (meaningful, all) = counts.get();
    println!("{meaningful} of {all} models have two tokens and depend on the input");
    assert!(meaningful * 10 >= all * 9, "only {meaningful} of {all} models have two tokens and depend on the input");
}

/// The layer counts of the cost table: 9 a block, 10 with a gated MLP, 4 for embedding, final norm and logits.
#[test]
fn blocks_cost_nine_layers_or_ten_at_every_size() {
    let text = |layers: u64, heads: u64, width: u64, more: &str| {
        format!(
            "[model]\nvocabulary = 300\nlayers = {layers}\nheads = {heads}\nhead_width = 4\nwidth = {width}\nhidden = 20\n{more}"
        )
    };
    let mut checked = 0;
    for (layers, heads, width, context) in [(1, 1, 4, 2), (2, 4, 16, 1000), (5, 8, 64, 131_072)] {
        for kind in ["decoder", "encoder"] {
            for norm in ["rms", "layer"] {
                for (activation, gated, block) in [("relu", false, 9), ("gelu", false, 9), ("silu", true, 10)] {
                    let more = format!(
                        "kind = '{kind}'\npositions = 'rotary'\nnorm = '{norm}'\nactivation = '{activation}'\ngated = {gated}\n"
                    );
                    let toml = text(layers, heads, width, &more);
                    let spec = isobath::spec::parse_native("table.toml", &toml).expect("a valid spec");
                    let model = pipeline::architecture(&spec, context, Lowering::Depth).expect("lowered");
                    assert_eq!(model.measure().expect("measured").depth, block * layers + 4, "{toml}");
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 36);
}
