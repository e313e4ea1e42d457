//! Every node test of every supported operator: passed, or not read for a reason that is printed; none fails, none is left out in silence.

use std::collections::BTreeMap;

use isobath::number::{Policy, Rational, quantise, rational_from_f64};
use isobath::onnx;
use isobath::pipeline::costed::Costed;
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::Options;
use isobath::spec::onnx::{Model, Tensor};
use isobath::spec::{Document, Numerics};
use isobath::tensor::looped::interpret;
use isobath::words::Strategy;
use num_traits::Signed;

use crate::cases::{self, Case};

/// Bits after the point of the wide format.
const FRACTION: u32 = 36;

/// Scores of a softmax are clamped to this.
const CLAMP: u32 = 64;

/// Which inputs are constants, by operator, beside integers: several ways where several are read.
fn held(op: &str) -> &'static [&'static [usize]] {
    match op {
        "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" => &[&[], &[1]],
        "MatMul" => &[&[], &[1], &[0]],
        "Gemm" => &[&[], &[1, 2], &[0]],
        "Clip" => &[&[], &[1, 2]],
        "Pow" => &[&[1]],
        "RNN" | "GRU" | "LSTM" => &[&[1, 2, 3, 7], &[1, 2, 3, 5, 6, 7]],
        "Conv" => &[&[1, 2]],
        "LayerNormalization" | "RMSNormalization" => &[&[], &[1, 2]],
        "RotaryEmbedding" => &[&[1, 2]],
        "Attention" => &[&[3], &[]],
        "Gather" => &[&[], &[0]],
        "Where" => &[&[], &[2]],
        _ => &[&[]],
    }
}

/// What became of one test held in one way.
enum Outcome {
    Passed { circuit: bool },
    Refused(String),
}

#[test]
fn node_tests_give_the_recorded_values() {
    let Some(cases) = cases::all() else {
        println!("skipped: the archive of node tests is not there");
        return;
    };
    let mut table: BTreeMap<String, Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in &cases {
        let op = operator(case);
        let tally = table.entry(op.clone()).or_default();
        tally.tests += 1;
        let outcomes: Vec<Result<Outcome, String>> = held(&op).iter().map(|held| run(case, held)).collect();
        let mut passed = false;
        let mut reasons = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(Outcome::Passed { circuit }) => {
                    passed = true;
                    tally.ways += 1;
                    tally.circuits += usize::from(circuit);
                }
                Ok(Outcome::Refused(reason)) => reasons.push(reason),
                Err(message) => failures.push(format!("{}: {message}", case.name)),
            }
        }
        if passed {
            tally.passed += 1;
        } else if let Some(reason) = reasons.pop() {
            tally.refused.entry(reason).or_default().push(case.name.clone());
        }
    }
    print(&table);
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
    let passed: usize = table.values().map(|tally| tally.passed).sum();
    assert!(passed >= LEAST, "{passed} tests pass");
}

/// Tests that pass; fewer is a loss.
const LEAST: usize = 327;

#[derive(Default)]
struct Tally {
    tests: usize,
    passed: usize,
    ways: usize,
    circuits: usize,
    refused: BTreeMap<String, Vec<String>>,
}

fn print(table: &BTreeMap<String, Tally>) {
    println!("operator: tests, passed, ways passed, of them by circuits too; refused with reasons");
    let mut sums = [0; 5];
    for (op, tally) in table {
        let refused: usize = tally.refused.values().map(Vec::len).sum();
        println!("{op}: {} {} {} {}; refused {refused}", tally.tests, tally.passed, tally.ways, tally.circuits);
        for (reason, names) in &tally.refused {
            println!("    {} x {reason} ({}{})", names.len(), names[0], if names.len() > 1 { ", .." } else { "" });
        }
        let row = [tally.tests, tally.passed, tally.ways, tally.circuits, refused];
        sums.iter_mut().zip(row).for_each(|(sum, one)| *sum += one);
    }
    println!(
        "all: tests {}, passed {}, ways {}, by circuits {}, refused {}",
        sums[0], sums[1], sums[2], sums[3], sums[4]
    );
}

fn operator(case: &Case) -> String {
    match &case.model {
        Ok(model) => model.graph.nodes.first().map_or_else(String::new, |node| node.op.clone()),
        Err(_) => case.name.split('_').next().unwrap_or_default().to_owned() + " (file not read)",
    }
}

/// The message without names and places, so that equal reasons are counted together.
fn reason(error: &str) -> String {
    let first = error.lines().next().unwrap_or_default();
    let after = first.split("): ").nth(1).or_else(|| first.split("`: ").nth(1)).unwrap_or(first);
    after.split(": node ").next().unwrap_or(after).to_owned()
}

fn run(case: &Case, held: &[usize]) -> Result<Outcome, String> {
    let refused = |error: &String| Ok(Outcome::Refused(reason(error)));
    let model = match &case.model {
        Ok(model) => model,
        Err(error) => return refused(error),
    };
    if let Some(Err(error)) = case.inputs.iter().chain(&case.outputs).find(|tensor| tensor.is_err()) {
        return refused(error);
    }
    let inputs: Vec<&Tensor> = case.inputs.iter().flatten().collect();
    let outputs: Vec<&Tensor> = case.outputs.iter().flatten().collect();
    let (model, given) = constants(model, &inputs, held);
    if given.iter().chain(&outputs).any(|tensor| tensor.reals().unwrap().iter().any(|value| !value.is_finite())) {
        return refused(&"its data hold NaN or infinity, which no format has".to_owned());
    }
    let clamped = given.iter().any(|tensor| tensor.reals().unwrap().iter().any(|value| value.abs() > f64::from(CLAMP)));
    if clamped && model.graph.nodes[0].op == "Softmax" {
        return refused(&format!("its scores are beyond the clamp of {CLAMP}"));
    }
    match wide(&model, &given, &outputs) {
        Ok(None) => {}
        Ok(Some(refusal)) => return refused(&refusal),
        Err(failure) => return Err(failure),
    }
    let circuit = circuits(&model, &given)?;
    if circuit {
        table(&model)?;
    }
    Ok(Outcome::Passed { circuit })
}

/// The model with integers, and the inputs that are held, as constants; and the inputs left.
fn constants<'t>(model: &Model, inputs: &[&'t Tensor], held: &[usize]) -> (Model, Vec<&'t Tensor>) {
    let names: Vec<String> = model.graph.inputs.iter().map(|input| input.name.clone()).collect();
    let slots = &model.graph.nodes[0].inputs;
    let (mut model, mut given) = (model.clone(), Vec::new());
    for (name, tensor) in names.iter().zip(inputs) {
        let slot = slots.iter().position(|slot| slot == name);
        if !tensor.kind.is_real() || slot.is_some_and(|slot| held.contains(&slot)) {
            model = model.held(name, (*tensor).clone());
        } else {
            given.push(*tensor);
        }
    }
    (model, given)
}

fn numerics(model: &mut Model, format: &str, exp_bits: u32, score_clamp: u32) -> Numerics {
    let format = format.parse().unwrap();
    model.numerics = Numerics { weights: format, activations: format, exp_bits, score_clamp, ..model.numerics };
    model.numerics
}

/// Levels of inputs, and the values they are worth.
fn levels(numerics: &Numerics, inputs: &[&Tensor]) -> Vec<i64> {
    let values = inputs.iter().flat_map(|tensor| tensor.reals().unwrap());
    values.map(|value| quantise(value, numerics.activations).unwrap_or(0)).collect()
}

/// Interpreted in a wide format, against the recorded values; the reason, where the model is refused.
fn wide(model: &Model, inputs: &[&Tensor], outputs: &[&Tensor]) -> Result<Option<String>, String> {
    let mut model = model.clone();
    let numerics = numerics(&mut model, &format!("fixed(20,{FRACTION})"), 40, CLAMP);
    let system = match onnx::system(&model, &BTreeMap::new(), true) {
        Ok(system) => system,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let unit = Rational::new(1.into(), (1i64 << FRACTION).into());
    let numbers = levels(&numerics, inputs).into_iter().map(|level| Rational::from_integer(level.into()) * &unit);
    let results = interpret(&system, numbers).ok_or("the interpreter refuses the inputs")?;
    for (number, (result, wanted)) in results.iter().zip(outputs).enumerate() {
        let shape: Vec<u64> = result.shape.iter().map(|length| *length as u64).collect();
        if shape != wanted.shape {
            return Err(format!("output {number} has shape {shape:?}, not {:?}", wanted.shape));
        }
        let expected = wanted.reals().unwrap();
        for (place, (got, want)) in result.values.iter().zip(&expected).enumerate() {
            if !near(got, *want, wanted) {
                let got = shown(got);
                return Err(format!("output {number} at {place} is {got}, recorded as {want}"));
            }
        }
    }
    Ok(None)
}

/// To ten digits after the point, for a message.
fn shown(value: &Rational) -> f64 {
    let scaled = (value * Rational::from_integer(10_000_000_000i64.into())).to_integer();
    scaled.to_string().parse::<f64>().unwrap() / 1e10
}

/// Within 2^10 levels of the format, and what the recorded float of 24 (or 11) bits may have lost in a chain of 2^6 operations.
fn near(got: &Rational, want: f64, kind: &Tensor) -> bool {
    let Some(exact) = rational_from_f64(want) else { return false };
    let bits =
        if matches!(kind.kind, isobath::spec::onnx::Kind::Half | isobath::spec::onnx::Kind::Brain) { 8 } else { 24 };
    let part = |bits: u32| Rational::new(1.into(), (1i64 << bits).into());
    let tolerance = part(FRACTION - 10) + (Rational::from_integer(1.into()) + exact.abs()) * part(bits - 6);
    (got - exact).abs() <= tolerance
}

/// The table of rounded sums has no fewer layers and gates than the circuit, which has less where states begin with zeros.
fn table(model: &Model) -> Result<(), String> {
    let mut model = model.clone();
    numerics(&mut model, "fixed(4,3)", 5, 4);
    model.numerics.accumulate = Policy::Tree(2);
    model.numerics.accumulator = Some("fixed(6,4)".parse().unwrap());
    let system = onnx::system(&model, &BTreeMap::new(), false).map_err(|error| error.to_string())?;
    let lowered = LoopedModel::new(system, Strategy::Depth).map_err(|error| error.to_string())?;
    let told =
        Costed::rounded(&Document::Onnx(Box::new(model)), &Options::default()).map_err(|error| error.to_string())?;
    let [layers, made] = [told.depth.named.skeleton.depth(), lowered.skeleton().depth()];
    let [gates, least] = [told.value(&told.costs.count), lowered.sizes().gates.value(|_| 1)];
    let holds = layers >= made && gates >= least;
    holds.then_some(()).ok_or_else(|| format!("{layers} layers and {gates} gates told, {made} and {least} made"))
}

/// Most numbers that come in, and gates, of a circuit that is evaluated.
const MOST_INPUTS: usize = 40;
const MOST_GATES: u64 = 60_000;

/// Where it is small: evaluated in a narrow format under both strategies, against the interpreter, bit for bit.
fn circuits(model: &Model, inputs: &[&Tensor]) -> Result<bool, String> {
    let mut model = model.clone();
    let numerics = numerics(&mut model, "fixed(4,3)", 5, 4);
    let given = levels(&numerics, inputs);
    if given.len() > MOST_INPUTS {
        return Ok(false);
    }
    for strategy in [Strategy::Depth, Strategy::Size] {
        let system = onnx::system(&model, &BTreeMap::new(), true).map_err(|error| error.to_string())?;
        let lowered = LoopedModel::new(system, strategy).map_err(|error| format!("{strategy:?}: {error}"))?;
        if lowered.sizes().gates.value(|_| 1) > MOST_GATES.into() {
            return Ok(false);
        }
        let circuit = lowered.unrolled().map_err(|error| error.to_string())?;
        let evaluated = lowered.evaluate(&circuit, &given).map_err(|error| error.to_string())?;
        let interpreted = lowered.interpret(&given).ok_or("the interpreter refuses narrow inputs")?;
        if evaluated != interpreted {
            return Err(format!("{strategy:?}: the circuit gives {evaluated:?}, the interpreter {interpreted:?}"));
        }
    }
    Ok(true)
}
