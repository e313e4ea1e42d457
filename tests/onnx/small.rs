//! Graphs written by hand: what they compute, that circuits and the interpreter agree under every strategy and rounding, and what is made one node.

use std::collections::BTreeMap;
use std::process::Command;

use isobath::number::{Function, Rational, quantise};
use isobath::onnx::system;
use isobath::pipeline::looped::LoopedModel;
use isobath::spec::Rounding;
use isobath::spec::onnx::{Model, parse};
use isobath::tensor::Op;
use isobath::tensor::looped::{Looped, interpret};
use isobath::words::Strategy;
use num_bigint::BigInt;

use crate::writer::{D, attribute, bytes, floats, int, integers, model, node, reals, value, x, y};

fn read(parts: &[Vec<u8>]) -> Model {
    parse("small", &model(parts, 17), None).unwrap()
}

fn imported(mut model: Model, format: &str, rounding: Rounding, lengths: &[(&str, u64)]) -> Looped {
    let format = format.parse().unwrap();
    (model.numerics.weights, model.numerics.activations, model.numerics.rounding) = (format, format, rounding);
    (model.numerics.score_clamp, model.numerics.exp_bits) = if format.bits() > 16 { (32, 40) } else { (4, 5) };
    let lengths: BTreeMap<String, u64> = lengths.iter().map(|(name, length)| ((*name).to_owned(), *length)).collect();
    system(&model, &lengths, true).unwrap()
}

/// The outputs of the interpreter in a wide format.
fn values(parts: &[Vec<u8>], inputs: &[f64]) -> Vec<f64> {
    let system = imported(read(parts), "fixed(20,36)", Rounding::Fused, &[]);
    let format = "fixed(20,36)".parse().unwrap();
    let level = |value: &f64| Rational::new(quantise(*value, format).unwrap().into(), BigInt::from(1u64 << 36));
    let scale = Rational::from_integer(BigInt::from(1u64 << 40));
    let shown =
        |value: &Rational| (value * &scale).to_integer().to_string().parse::<f64>().unwrap() / (1u64 << 40) as f64;
    interpret(&system, inputs.iter().map(level))
        .unwrap()
        .iter()
        .flat_map(|tensor| tensor.values.iter().map(shown))
        .collect()
}

#[track_caller]
fn near(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
}

/// Evaluated and interpreted bit for bit, under both strategies and both roundings.
#[track_caller]
fn agree(parts: &[Vec<u8>], levels: &[i64]) {
    for rounding in [Rounding::Fused, Rounding::Eager] {
        for strategy in [Strategy::Depth, Strategy::Size] {
            let system = imported(read(parts), "fixed(3,3)", rounding, &[]);
            let lowered = LoopedModel::new(system, strategy).unwrap();
            let circuit = lowered.unrolled().unwrap();
            let evaluated = lowered.evaluate(&circuit, levels).unwrap();
            assert_eq!(Some(evaluated), lowered.interpret(levels), "{strategy:?} {rounding:?}");
        }
    }
}

const LEVELS: [i64; 6] = [3, -9, 17, 0, 31, -32];

fn numbers() -> Vec<f64> {
    LEVELS.iter().map(|level| *level as f64 / 8.0).collect()
}

fn ints(name: &str, values: &[i64]) -> Vec<u8> {
    attribute(name, 7, values.iter().flat_map(|value| int(8, *value)).collect())
}

fn matrix() -> Vec<u8> {
    x(&[D::N(2), D::N(3)])
}

#[test]
fn moves_put_elements_where_numpy_does() {
    let parts = [
        matrix(),
        node("Transpose", "t", &["x"], &["t"], &[]),
        integers("two-three", &[2], &[2, 3]),
        node("Reshape", "r", &["t", "two-three"], &["r"], &[]),
        integers("start", &[1], &[-1]),
        integers("end", &[1], &[-100]),
        integers("axis", &[1], &[1]),
        integers("step", &[1], &[-2]),
        node("Slice", "s", &["r", "start", "end", "axis", "step"], &["s"], &[]),
        integers("places", &[2, 1], &[1, -2]),
        node("Gather", "g", &["s", "places"], &["y"], &[attribute("axis", 2, int(3, 1))]),
        y(),
    ];
    // x^T as [2, 3] is [[a, d, b], [e, c, f]]; its last and first column; those picked again, the other way round.
    let [a, _, b, e, _, f] = [0, 3, 1, 4, 2, 5].map(|place| numbers()[place]);
    near(&values(&parts, &numbers()), &[a, b, e, f]);
    agree(&parts, &LEVELS);
}

#[test]
fn functions_and_quotients_are_what_floats_say() {
    let parts = [
        matrix(),
        node("Mul", "m", &["x", "x"], &["square"], &[]),
        node("Sqrt", "q", &["square"], &["root"], &[]),
        node("Erf", "e", &["x"], &["erf"], &[]),
        reals("half", &[], &[0.5]),
        node("Add", "a", &["x", "half"], &["moved"], &[]),
        node("Div", "d", &["erf", "moved"], &["ratio"], &[]),
        node("Sub", "s", &["root", "ratio"], &["y"], &[]),
        y(),
    ];
    // erf by its series at 0.375, -1.125, 2.125, 0, 3.875 and -4, from a table of 12 digits.
    let erf = [0.404_116_909_435, -0.888_388_231_702, 0.997_345_970_641, 0.0, 0.999_999_957_486, -0.999_999_984_583];
    let wanted: Vec<f64> = numbers().iter().zip(erf).map(|(x, erf)| x.abs() - erf / (x + 0.5)).collect();
    near(&values(&parts, &numbers()), &wanted);
    agree(&parts, &LEVELS);
    // Divisors of 0 and at both ends of the format.
    agree(&parts, &[-4, 4, 0, -32, 31, -5]);
}

#[test]
fn masks_leave_scores_out() {
    let parts = [
        matrix(),
        reals("mask", &[2, 3], &[0.0, f32::NEG_INFINITY, 0.0, 0.0, 0.0, -1e30]),
        node("Add", "a", &["x", "mask"], &["scores"], &[]),
        node("Softmax", "s", &["scores"], &["y"], &[]),
        y(),
    ];
    let x = numbers();
    let pair = |a: f64, b: f64| 1.0 / (1.0 + (b - a).exp());
    near(&values(&parts, &x), &[pair(x[0], x[2]), 0.0, pair(x[2], x[0]), pair(x[3], x[4]), pair(x[4], x[3]), 0.0]);
    agree(&parts, &LEVELS);
    let hidden = [
        matrix(),
        reals("mask", &[1, 3], &[-1e9, -1e9, -1e9]),
        node("Add", "a", &["x", "mask"], &["scores"], &[]),
        node("Softmax", "s", &["scores"], &["y"], &[]),
        y(),
    ];
    let error = system(&read(&hidden), &BTreeMap::new(), true).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("node `s` (Softmax): a mask leaves out every score of a row"), "{error}");
}

fn ops(system: &Looped) -> Vec<Op> {
    let graph = &system.blocks()[0].bodies[0];
    graph.order().map(|id| graph.node(id).op.clone()).collect()
}

/// LayerNorm in nine operators, as older exporters write it.
fn spelled_norm(epsilon: f32) -> Vec<Vec<u8>> {
    vec![
        matrix(),
        node("ReduceMean", "mean", &["x"], &["mean"], &[ints("axes", &[-1])]),
        node("Sub", "centre", &["x", "mean"], &["centred"], &[]),
        reals("two", &[], &[2.0]),
        node("Pow", "square", &["centred", "two"], &["square"], &[]),
        node("ReduceMean", "variance", &["square"], &["variance"], &[ints("axes", &[-1])]),
        reals("epsilon", &[], &[epsilon]),
        node("Add", "sum", &["variance", "epsilon"], &["sum"], &[]),
        node("Sqrt", "root", &["sum"], &["root"], &[]),
        node("Div", "norm", &["centred", "root"], &["norm"], &[]),
        reals("gain", &[3], &[1.0, 0.5, -2.0]),
        node("Mul", "gained", &["norm", "gain"], &["y"], &[]),
        y(),
    ]
}

#[test]
fn norms_that_are_spelled_out_are_one_node() {
    let parts = spelled_norm(1e-5);
    let system = imported(read(&parts), "fixed(3,3)", Rounding::Fused, &[]);
    let ops = ops(&system);
    assert!(ops.iter().any(|op| matches!(op, Op::Normalise { .. })));
    assert!(!ops.iter().any(|op| matches!(op, Op::Quotient(_) | Op::Product)));
    let x = numbers();
    let row = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / 3.0;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 3.0;
        let gains = [1.0, 0.5, -2.0];
        row.iter().zip(gains).map(|(x, gain)| (x - mean) / (variance + 1e-5).sqrt() * gain).collect::<Vec<_>>()
    };
    near(&values(&parts, &x), &[row(&x[..3]), row(&x[3..])].concat());
    agree(&parts, &LEVELS);
    // Without an epsilon it is no norm: the quotient stays.
    let without = imported(read(&spelled_norm(0.0)), "fixed(3,3)", Rounding::Fused, &[]);
    assert!(self::ops(&without).iter().any(|op| matches!(op, Op::Quotient(_))));
}

/// `x * 0.5 * (1 + erf(x / c))`.
fn spelled_gelu(c: f32) -> Vec<Vec<u8>> {
    vec![
        matrix(),
        reals("c", &[], &[c]),
        node("Div", "d", &["x", "c"], &["inner"], &[]),
        node("Erf", "e", &["inner"], &["erf"], &[]),
        reals("one", &[], &[1.0]),
        node("Add", "a", &["erf", "one"], &["gate"], &[]),
        node("Mul", "m", &["x", "gate"], &["product"], &[]),
        reals("half", &[], &[0.5]),
        node("Mul", "h", &["product", "half"], &["y"], &[]),
        y(),
    ]
}

#[test]
fn gelus_that_are_spelled_out_are_one_function() {
    let gelu = |op: &Op| matches!(op, Op::Store { function: Function::Gelu, .. });
    let found = imported(read(&spelled_gelu(std::f32::consts::SQRT_2)), "fixed(3,3)", Rounding::Fused, &[]);
    assert_eq!(ops(&found).len(), 2, "an input and a function of it");
    assert!(ops(&found).iter().any(gelu));
    let other = imported(read(&spelled_gelu(1.5)), "fixed(3,3)", Rounding::Fused, &[]);
    assert!(!ops(&other).iter().any(gelu));
    agree(&spelled_gelu(1.5), &LEVELS);
}

#[test]
fn token_ids_are_read_by_embeddings_and_by_nothing_else() {
    let table = reals("table", &[4, 2], &[0.0, 1.0, 0.5, -1.0, 2.0, 0.25, -2.0, 3.0]);
    let ids = value(11, "ids", 7, &[D::S("n")]);
    let parts = [
        ids,
        table,
        node("Gather", "rows", &["table", "ids"], &["rows"], &[]),
        node("Relu", "r", &["rows"], &["y"], &[]),
        y(),
    ];
    let system = imported(read(&parts), "fixed(3,3)", Rounding::Fused, &[("n", 3)]);
    let lowered = LoopedModel::new(system, Strategy::Size).unwrap();
    let circuit = lowered.unrolled().unwrap();
    let found = lowered.evaluate(&circuit, &[3, 0, 2]).unwrap();
    assert_eq!(found, [0, 24, 0, 8, 16, 2].map(BigInt::from));
    assert_eq!(lowered.interpret(&[3, 0, 2]), Some(found));
    let sum = [value(11, "ids", 7, &[D::N(2)]), node("Add", "sum", &["ids", "ids"], &["y"], &[]), y()];
    let error = isobath::onnx::system(&read(&sum), &BTreeMap::new(), true).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("node `sum` (Add)") && error.contains("integers of input `ids`"), "{error}");
}

#[test]
fn figures_of_open_weights_bound_those_of_known_ones() {
    let parts = [
        matrix(),
        reals("w", &[3, 2], &[0.5, -0.25, 1.0, 2.0, -1.0, 0.125]),
        node("MatMul", "m", &["x", "w"], &["p"], &[]),
        node("Relu", "r", &["p"], &["y"], &[]),
        y(),
    ];
    let read = read(&parts);
    let lowered = |bound| LoopedModel::new(system(&read, &BTreeMap::new(), bound).unwrap(), Strategy::Depth).unwrap();
    let (open, known) = (lowered(false).sizes().gates.value(|_| 1), lowered(true).sizes().gates.value(|_| 1));
    assert!(known <= open && known > 0.into(), "{known} {open}");
}

#[test]
fn the_command_line_reads_them_as_it_reads_other_models() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.onnx");
    let weights = folder.path().join("small.weights");
    std::fs::write(&weights, floats(&[9.0, 0.5, -0.25, 1.0, 2.0, -1.0, 0.125])).unwrap();
    let entry = |key: &str, value: &str| bytes(13, [bytes(1, key), bytes(2, value)].concat());
    let outside =
        [entry("location", "small.weights"), entry("offset", "4"), entry("length", "24"), int(14, 1)].concat();
    let w = crate::writer::tensor("w", &[3, 2], &[], outside);
    let parts = [
        x(&[D::S("rows"), D::N(3)]),
        w,
        node("MatMul", "block/MatMul", &["x", "w"], &["p"], &[]),
        node("Relu", "r", &["p"], &["y"], &[]),
        y(),
    ];
    std::fs::write(&file, model(&parts, 17)).unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_isobath")).args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let file = file.to_str().unwrap();
    let (code, out, err) = run(&["report", file, "--at", "rows=2", "--format", "fixed(3,3)"]);
    assert!(code == Some(0) && out.contains("rows 2") && out.contains("fused rounding"), "{out}{err}");
    let (code, out, err) = run(&["report", file, "--context", "2", "--bound", "--json"]);
    assert!(code == Some(0) && out.contains("\"depth\": \"1\"") && out.contains("\"rows\": 2"), "{out}{err}");
    let (code, out, err) =
        run(&["run", file, "--at", "rows=1", "--format", "fixed(3,3)", "--input", "8,-16,4", "--by", "all"]);
    // 1 * 0.5 - 2 * 1 - 0.5 * 1 and -0.25 - 4 + 0.0625, both below zero.
    assert!(code == Some(0) && out.contains("0 0"), "{out}{err}");
    let (code, _, err) = run(&["report", file]);
    assert!(code == Some(2) && err.contains("--at 'rows=N'"), "{err}");
    std::fs::remove_file(&weights).unwrap();
    let (code, _, err) = run(&["report", file, "--at", "rows=2"]);
    assert!(code == Some(2) && err.contains("initialiser `w`: its external data are missing"), "{err}");
    let (code, _, err) = run(&["report", folder.path().join("no.onnx").to_str().unwrap()]);
    assert!(code == Some(2) && err.contains("there is no file"), "{err}");
}
