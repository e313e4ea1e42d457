//! Stores: rounding, saturation and a function before it, at every form of a range.

use super::{Numbers, check, circuit, figures, format, nearest, ratio, saturate};
use crate::circuit::evaluate::evaluate;
use crate::circuit::{ArrayId, Coef, Index, Size, Table, Term};
use crate::expand::expand;
use crate::gates::InputWord;
use crate::interval::Interval;
use crate::number::{Format, Function};
use crate::words::{Form, Maker, Stored, Strategy};

const FORMATS: [&str; 6] = ["int(2)", "int(3)", "int(5)", "fixed(1,2)", "fixed(2,2)", "fixed(2,4)"];

const UNITS: [(i64, i64); 7] = [(1, 1), (1, 2), (1, 3), (3, 4), (1, 8), (5, 6), (4, 1)];

/// Where ranges of 32 forms begin.
const STARTS: [i64; 5] = [-31, -16, -2, -1, 0];

/// The level of `f(numerator / denominator)`, in exact integers where `f` is rational, else in floating point away from ties.
fn level(function: &Function, numerator: i64, denominator: i64, format: Format) -> i64 {
    let (n, d, one) = (i128::from(numerator), i128::from(denominator), 1i128 << format.fraction());
    let rounded = match function {
        Function::Identity => nearest(n * one, d),
        Function::Relu => nearest(n.max(0) * one, d),
        Function::Square => nearest(n * n * one, d * d),
        Function::Reciprocal => nearest(d * one * n.signum(), n.abs()),
        _ => {
            let scaled = real(function, numerator as f64 / denominator as f64) * one as f64;
            let off = (scaled - scaled.floor() - 0.5).abs();
            // Far out, values near a tie are those of an asymptote that is approached from the side of zero.
            let asymptotic = off < 1e-6 && numerator.abs() >= 3 * denominator;
            assert!(off == 0.0 || off > 1e-9 || asymptotic, "{function:?} of {numerator}/{denominator} is near a tie");
            (if asymptotic { scaled.trunc() } else { scaled.round_ties_even() }) as i128
        }
    };
    saturate(rounded, format.bits())
}

fn real(function: &Function, x: f64) -> f64 {
    match function {
        Function::Gelu => x * (1.0 + error_function(x / 2f64.sqrt())) / 2.0,
        Function::GeluTanh => {
            x / 2.0 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Function::Silu => x / (1.0 + (-x).exp()),
        Function::Tanh => x.tanh(),
        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Function::Exp => x.exp(),
        Function::SoftCap(_) => 1.5 * (x / 1.5).tanh(),
        _ => panic!("rational"),
    }
}

/// `2/sqrt(pi) e^(-x^2)` times the sum of `2^n x^(2n+1) / (1 3 5 .. (2n+1))`: no cancellation.
fn error_function(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..400 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    if x.abs() > 6.0 { x.signum() } else { sum * (-x * x).exp() * 2.0 / std::f64::consts::PI.sqrt() }
}

/// Forms from `start` on, as many as `width` bits tell apart.
fn moved(maker: &mut Maker, input: ArrayId, start: i64, width: u32) -> ArrayId {
    let numbers = Numbers { base: 0, shape: &[1], width, signed: false };
    let forms = numbers.forms(maker, input);
    let own = Term::new(forms, Index::identity(1));
    maker.affine(vec![Size::fixed(1)], None, vec![own], vec![Coef::constant(start)]).unwrap()
}

fn stores(function: &Function) {
    for text in FORMATS {
        for (numerator, denominator) in UNITS {
            for start in STARTS {
                store(function, text, (numerator, denominator), start, 5);
            }
        }
    }
}

fn store(function: &Function, text: &str, (numerator, denominator): (i64, i64), start: i64, width: u32) {
    let stored = Stored { function: function.clone(), format: format(text) };
    let build = |maker: &mut Maker, input: ArrayId| {
        let array = moved(maker, input, start, width);
        let word = maker.store(&Form { array, unit: ratio(numerator, denominator) }, &stored).unwrap();
        maker.value(&word).unwrap()
    };
    let expected = |input: u64| vec![level(function, (input as i64 + start) * numerator, denominator, stored.format)];
    let name = format!("{function:?} {text} unit {numerator}/{denominator} from {start}, {width} bits");
    check(&name, width, build, expected);
}

/// Ranges of a few forms about the minimum of a function, in units so coarse that it lies well between two of them.
#[test]
fn minima_between_forms_and_at_ends_of_ranges() {
    for function in [Function::Gelu, Function::GeluTanh, Function::Silu, Function::Square] {
        for unit in [(1, 1), (1, 2), (1, 3), (3, 4), (2, 3), (5, 4), (5, 8), (7, 8)] {
            for (start, width) in (-6..2).flat_map(|start| [(start, 1), (start, 2), (start, 3)]) {
                for text in ["int(3)", "fixed(2,2)", "fixed(2,3)", "fixed(2,4)"] {
                    store(&function, text, unit, start, width);
                }
            }
        }
    }
}

#[test]
fn identity() {
    stores(&Function::Identity);
}

#[test]
fn relu() {
    stores(&Function::Relu);
}

/// Falling all along, on either side of zero.
#[test]
fn reciprocal() {
    for text in FORMATS {
        for unit in UNITS {
            for start in [1, 3, -32, -40] {
                store(&Function::Reciprocal, text, unit, start, 5);
            }
        }
    }
}

#[test]
fn square() {
    stores(&Function::Square);
}

#[test]
fn gelu() {
    stores(&Function::Gelu);
}

#[test]
fn gelu_tanh() {
    stores(&Function::GeluTanh);
}

#[test]
fn silu() {
    stores(&Function::Silu);
}

#[test]
fn sigmoids() {
    stores(&Function::Tanh);
    stores(&Function::Sigmoid);
    stores(&Function::SoftCap(ratio(3, 2)));
}

#[test]
fn exponential() {
    stores(&Function::Exp);
}

/// The bits of a stored word, each as an output.
#[test]
fn bits_are_those_of_the_level() {
    for text in ["int(2)", "int(3)", "int(4)", "fixed(2,1)"] {
        for start in STARTS {
            let stored = Stored { function: Function::Identity, format: format(text) };
            let word = |maker: &mut Maker, input: ArrayId| {
                let array = moved(maker, input, start, 5);
                maker.store(&Form { array, unit: ratio(2, 3) }, &stored).unwrap()
            };
            let width = {
                let mut maker = Maker::new(Strategy::Depth, true);
                let input = maker.builder.input(vec![Size::fixed(5)]).unwrap();
                let word = word(&mut maker, input);
                maker.bits(&word).unwrap().count()
            };
            let build = |maker: &mut Maker, input: ArrayId| {
                let word = word(maker, input);
                maker.bits(&word).unwrap().array
            };
            let expected = |input: u64| {
                let level = level(&Function::Identity, (input as i64 + start) * 2, 3, stored.format);
                (0..width).map(|bit| level >> bit & 1).collect()
            };
            check(&format!("bits {text} from {start}"), 5, build, expected);
        }
    }
}

/// The range of a form may be narrower with weights than without: no figure may rise by that.
#[test]
fn narrower_ranges_never_cost_more() {
    let functions =
        [Function::Identity, Function::Relu, Function::Gelu, Function::GeluTanh, Function::Silu, Function::Square];
    for function in functions {
        for (weight, strategy) in (-3..=3i64).flat_map(|w| [(w, Strategy::Depth), (w, Strategy::Size)]) {
            let stored = Stored { function: function.clone(), format: format("fixed(3,3)") };
            let build = |maker: &mut Maker, input: ArrayId| {
                let table =
                    if maker.known { Table::small(vec![weight]) } else { Table::bounded(1, Interval::new(-4, 3)) };
                let weights = maker.builder.table(table);
                let forms = Numbers { base: 0, shape: &[1], width: 5, signed: false }.forms(maker, input);
                let term = Term::new(forms, Index::identity(1)).times(Coef::table(weights, Index::axis(0)));
                let array = maker.affine(vec![Size::fixed(1)], None, vec![term], vec![]).unwrap();
                let word = maker.store(&Form { array, unit: ratio(1, 8) }, &stored).unwrap();
                maker.value(&word).unwrap()
            };
            let name = format!("{function:?} times {weight}, {strategy:?}");
            let known = circuit(strategy, true, 5, &build);
            let gates = expand(&known, vec![InputWord::unsigned("x", &[], 5)], &mut |_, _| {}).unwrap();
            let value = evaluate(&known, &[true, false, true, false, false]).unwrap().remove("y").unwrap();
            assert_eq!(value, [level(&function, 5 * weight, 8, stored.format).into()], "{name}");
            figures(&name, &known, &gates, &circuit(strategy, false, 5, &build));
        }
    }
}
