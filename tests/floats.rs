//! Floating-point formats against an independent implementation of IEEE 754 (the crate `rustc_apfloat`, a port of LLVM's APFloat): every
//! value, every pair of 8-bit operands, every argument of 16 bits.

#![allow(clippy::unwrap_used)]

use isobath::number::{Format, Function, Rational, quantise, rational_from_f64};
use rustc_apfloat::ieee::{BFloat, Double, Float8E4M3FN, Float8E5M2, Half, Single};
use rustc_apfloat::{Float, FloatConvert};

fn format(text: &str) -> Format {
    text.parse().unwrap()
}

/// The value, exactly; none where it is not finite.
fn exact<F: Float + FloatConvert<Double>>(x: F) -> Option<Rational> {
    let double: Double = x.convert(&mut false).value;
    rational_from_f64(f64::from_bits(double.to_bits() as u64)).filter(|_| x.is_finite())
}

/// The level of a result, which saturates where it is not finite.
fn level<F: Float>(x: F, format: Format, bits: u32) -> i64 {
    let sign = if x.is_negative() { -1 } else { 1 };
    let code = (x.to_bits() & ((1 << (bits - 1)) - 1)) as i64;
    sign * if x.is_finite() { code } else { format.max() }
}

/// All finite values of a type, negative ones included, with their levels.
fn all<F: Float + FloatConvert<Double>>(bits: u32) -> Vec<(F, i64)> {
    let sign = 1u128 << (bits - 1);
    let finite = |code: &u128| F::from_bits(*code).is_finite();
    let positive = (0..sign).filter(finite).map(|code| (F::from_bits(code), code as i64));
    let negative = (0..sign).filter(finite).map(|code| (F::from_bits(code | sign), -(code as i64)));
    positive.chain(negative).collect()
}

fn every_value<F: Float + FloatConvert<Double>>(text: &str, bits: u32) {
    let format = format(text);
    let values = all::<F>(bits);
    assert_eq!(values.len() as i64, 2 * (format.max() + 1), "{text}: zero has two codes");
    for (value, level) in values {
        let number = exact(value).unwrap();
        assert_eq!(format.number(level), number, "{text} {level}");
        assert_eq!(format.nearest(&number), level);
    }
}

#[test]
fn every_level_is_the_value_of_its_bits() {
    every_value::<Float8E4M3FN>("fp8-e4m3", 8);
    every_value::<Float8E5M2>("fp8-e5m2", 8);
    every_value::<Half>("fp16", 16);
    every_value::<BFloat>("bf16", 16);
}

fn every_pair<F: Float + FloatConvert<Double>>(text: &str) {
    let (format, values) = (format(text), all::<F>(8));
    for (a, _) in &values {
        for (b, _) in &values {
            let (x, y) = (exact(*a).unwrap(), exact(*b).unwrap());
            assert_eq!(format.nearest(&(&x * &y)), level((*a * *b).value, format, 8), "{text}: {x} * {y}");
            assert_eq!(format.nearest(&(&x + &y)), level((*a + *b).value, format, 8), "{text}: {x} + {y}");
            if !b.is_zero() {
                assert_eq!(format.nearest(&(&x / &y)), level((*a / *b).value, format, 8), "{text}: {x} / {y}");
            }
        }
    }
}

#[test]
fn products_sums_and_quotients_of_all_pairs_of_eight_bits() {
    every_pair::<Float8E4M3FN>("fp8-e4m3");
    every_pair::<Float8E5M2>("fp8-e5m2");
}

/// Single-precision numbers about every value and every middle between two, and their roundings.
fn narrowed<F: Float>(text: &str, bits: u32)
where
    Single: FloatConvert<F>,
{
    let format = format(text);
    for code in 0..=format.max() {
        let (here, next) = (format.number(code), format.number(code + 1));
        let middle = (here + next) / Rational::from_integer(2.into());
        let (numerator, denominator) = (middle.numer(), middle.denom());
        let double = numerator.to_string().parse::<f64>().unwrap() / denominator.to_string().parse::<f64>().unwrap();
        let middle = (double as f32).to_bits();
        for single in [middle - 1, middle, middle + 1] {
            for sign in [0, 1 << 31] {
                let single = single | sign;
                let converted: F = Single::from_bits(single.into()).convert(&mut false).value;
                let wanted = level(converted, format, bits);
                let value = f64::from(f32::from_bits(single));
                assert_eq!(quantise(value, format), Some(wanted), "{text} {value:e}");
            }
        }
    }
}

#[test]
fn conversions_from_single_precision_round_to_even() {
    narrowed::<Float8E4M3FN>("fp8-e4m3", 8);
    narrowed::<Float8E5M2>("fp8-e5m2", 8);
    narrowed::<Half>("fp16", 16);
    narrowed::<BFloat>("bf16", 16);
}

type Real = fn(f64) -> f64;

/// Every `step`th argument: the level is that of the double-precision value wherever that is farther from a tie than its error.
fn rounded(function: &Function, real: Real, text: &str, step: usize) {
    let format = format(text);
    let error = Rational::new(1.into(), (1i64 << 44).into());
    let (mut decisive, mut arguments) = (0, 0);
    for argument in (format.min()..=format.max()).step_by(step) {
        let x = format.number(argument);
        let (numerator, denominator) = (x.numer().to_string(), x.denom().to_string());
        let value = real(numerator.parse::<f64>().unwrap() / denominator.parse::<f64>().unwrap());
        arguments += 1;
        let got = function.level(&x, format);
        let Some(value) = rational_from_f64(value) else {
            assert_eq!(got, format.max(), "{function:?} {text} {argument}");
            continue;
        };
        let gap = &value * &error;
        let ends = [format.nearest(&(&value - &gap)), format.nearest(&(&value + &gap))];
        if ends[0] == ends[1] {
            decisive += 1;
            assert_eq!(got, ends[0], "{function:?} {text} {argument}");
        }
    }
    assert!(decisive * 100 > arguments * 60, "{function:?} {text}: {decisive} of {arguments}");
}

const SIGMOID: Real = |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };

#[test]
fn functions_of_every_argument_are_correctly_rounded() {
    for text in ["fp8-e4m3", "fp8-e5m2", "fp16", "bf16"] {
        rounded(&Function::Exp, f64::exp, text, 1);
        rounded(&Function::Tanh, f64::tanh, text, 1);
        rounded(&Function::Sigmoid, SIGMOID, text, 1);
    }
}

#[test]
fn roots_reciprocals_and_gates_are_correctly_rounded() {
    for (text, step) in [("fp8-e4m3", 1), ("fp8-e5m2", 1), ("fp16", 7), ("bf16", 7)] {
        rounded(&Function::Silu, |x| x * SIGMOID(x), text, step);
        rounded(&Function::Square, |x| x * x, text, step);
        let format = format(text);
        for argument in (1..=format.max()).step_by(step) {
            let x = format.number(argument);
            assert_eq!(Function::Reciprocal.level(&x, format), format.nearest(&x.recip()));
            let root = Function::InverseSqrt.level(&x, format);
            // The middles on either side of the root, squared.
            let beyond = |level: i64| {
                let middle = (format.number(level) + format.number(level - 1)) / Rational::from_integer(2.into());
                (&middle * &middle * &x).cmp(&Rational::from_integer(1.into()))
            };
            assert!(beyond(root).is_lt() || (beyond(root).is_eq() && root % 2 == 0), "{text} {x}");
            let saturated = root == format.max();
            assert!(saturated || beyond(root + 1).is_gt() || (beyond(root + 1).is_eq() && root % 2 == 0), "{text} {x}");
        }
    }
}
