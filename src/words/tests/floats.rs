//! The gadgets on words of floating-point formats, at every input of small ones, against values listed from the definition of IEEE 754.

use super::{Numbers, check, circuit, figures, ratio};
use crate::circuit::evaluate::evaluator;
use crate::circuit::measure::exact;
use crate::circuit::{ArrayId, Index, Size};
use crate::expand::expand;
use crate::gates::{InputWord, read_outputs, simulate};
use crate::number::{Format, Function};
use crate::words::{Form, Maker, Normalisation, Pairing, ScoreTable, Stored, Strategy, Word};

/// Exponent and mantissa bits.
const SHAPES: [(u32, u32); 4] = [(2, 1), (3, 1), (2, 2), (3, 2)];

fn format((exponent, mantissa): (u32, u32)) -> Format {
    Format::float(exponent, mantissa).unwrap()
}

/// Every value in units of the least one above zero, upwards, and whether its mantissa is even.
fn values((exponent, mantissa): (u32, u32)) -> Vec<(i128, bool)> {
    let mut all = Vec::new();
    for field in 0..1u32 << exponent {
        for fraction in 0..1i128 << mantissa {
            let value = if field == 0 { fraction } else { ((1 << mantissa) + fraction) << (field - 1) };
            all.push((value, fraction % 2 == 0));
        }
    }
    let negative = all.iter().skip(1).rev().map(|(value, even)| (-value, *even)).collect::<Vec<_>>();
    [negative, all].concat()
}

/// Bits after the point of the units.
fn fraction((exponent, mantissa): (u32, u32)) -> u32 {
    (1 << (exponent - 1)) - 2 + mantissa
}

/// The value nearest to a quotient of units, ties to the even mantissa; the denominator is positive.
fn nearest(shape: (u32, u32), numerator: i128, denominator: i128) -> i64 {
    let distance = |(value, even): &(i128, bool)| ((value * denominator - numerator).abs(), !even);
    values(shape).into_iter().min_by_key(distance).unwrap().0 as i64
}

/// Numbers stored in the format, from forms of `2 / 3` or `1 / 2` units.
fn word(maker: &mut Maker, input: ArrayId, x: Numbers<'_>, shape: (u32, u32), thirds: i64) -> Word {
    let unit = ratio(2, thirds << fraction(shape));
    let form = Form { array: x.forms(maker, input), unit };
    maker.store(&form, &Stored { function: Function::Identity, format: format(shape) }).unwrap()
}

fn rounded(x: Numbers<'_>, input: u64, shape: (u32, u32), thirds: i64) -> Vec<i64> {
    x.read(input).iter().map(|x| nearest(shape, 2 * i128::from(*x), thirds.into())).collect()
}

#[test]
fn stores_round_to_even_and_saturate() {
    for shape in SHAPES {
        for (numerator, denominator) in [(1, 2), (1, 3), (1, 1), (3, 4), (5, 1), (1, 16)] {
            for width in [2, 4, 8] {
                let x = Numbers { base: 0, shape: &[1], width, signed: true };
                let unit = ratio(numerator, denominator << fraction(shape));
                for function in [Function::Identity, Function::Relu] {
                    let stored = Stored { function: function.clone(), format: format(shape) };
                    let build = |maker: &mut Maker, input: ArrayId| {
                        let form = Form { array: x.forms(maker, input), unit: unit.clone() };
                        let word = maker.store(&form, &stored).unwrap();
                        maker.value(&word).unwrap()
                    };
                    let expected = |input: u64| {
                        let x = x.read(input)[0] * numerator;
                        let x = if function == Function::Relu { x.max(0) } else { x };
                        vec![nearest(shape, x.into(), denominator.into())]
                    };
                    check(&format!("{function:?} {shape:?} {unit} {width}"), width, build, expected);
                }
            }
        }
    }
}

#[test]
fn functions_are_rounded_correctly() {
    type Real = fn(f64) -> f64;
    let functions: [(Function, Real); 4] = [
        (Function::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (Function::Tanh, f64::tanh),
        (Function::Silu, |x| x / (1.0 + (-x).exp())),
        (Function::Exp, f64::exp),
    ];
    for shape in SHAPES {
        for (function, real) in &functions {
            let x = Numbers { base: 0, shape: &[1], width: 6, signed: true };
            let stored = Stored { function: function.clone(), format: format(shape) };
            let build = |maker: &mut Maker, input: ArrayId| {
                let form = Form { array: x.forms(maker, input), unit: ratio(1, 7) };
                let word = maker.store(&form, &stored).unwrap();
                maker.value(&word).unwrap()
            };
            let expected = |input: u64| {
                let value = real(x.read(input)[0] as f64 / 7.0) * f64::from(1u32 << fraction(shape));
                // No value here is within 2^-30 of a tie but those at zero, which are exact.
                vec![nearest(shape, (value * (1i64 << 30) as f64).round() as i128, 1 << 30)]
            };
            check(&format!("{function:?} {shape:?}"), 6, build, expected);
        }
    }
}

#[test]
fn bits_are_those_of_the_value() {
    for shape in SHAPES {
        let x = Numbers { base: 0, shape: &[1], width: 7, signed: true };
        let width = format(shape).width();
        let build = |maker: &mut Maker, input: ArrayId| {
            let word = word(maker, input, x, shape, 3);
            maker.bits(&word).unwrap().array
        };
        let narrow = |input: u64| {
            let value = rounded(x, input, shape, 3)[0];
            let all = rounded(x, 63, shape, 3)[0].max(-rounded(x, 64, shape, 3)[0] - 1);
            let width = width.min(65 - all.leading_zeros());
            (0..width).map(|bit| value >> bit & 1).collect()
        };
        check(&format!("bits {shape:?}"), 7, build, narrow);
    }
}

#[test]
fn products_are_exact() {
    for shape in SHAPES {
        for (width, thirds) in [(3, 3), (5, 2)] {
            let x = Numbers { base: 0, shape: &[1], width, signed: true };
            let y = Numbers { base: width, shape: &[1], width: 5, signed: true };
            let build = |maker: &mut Maker, input: ArrayId| {
                let (x, y) = (word(maker, input, x, shape, thirds), word(maker, input, y, shape, 3));
                let here = Index::identity(1);
                let pairing = Pairing { shape: vec![Size::fixed(1)], band: None, first: here.clone(), second: here };
                maker.product(&x, &y, &pairing, 0).unwrap()
            };
            let expected = |input: u64| vec![rounded(x, input, shape, thirds)[0] * rounded(y, input, shape, 3)[0]];
            check(&format!("product {shape:?} {width}"), width + 5, build, expected);
        }
    }
}

/// Squares of a format whose levels have too many bits to be listed, and products of them: sums of hundreds of bits, in both readings.
#[test]
fn long_squares_are_rounded_once() {
    let format = Format::float(8, 4).unwrap();
    let x = Numbers { base: 0, shape: &[2], width: 5, signed: true };
    for unit in [ratio(1, 1), ratio(3, 7), ratio(1, 1 << 40), ratio(5 << 50, 3)] {
        let build = |maker: &mut Maker, input: ArrayId| {
            let form = Form { array: x.forms(maker, input), unit: unit.clone() };
            let word = maker.store(&form, &Stored { function: Function::Square, format }).unwrap();
            let pairing = Pairing {
                shape: vec![Size::fixed(1)],
                band: None,
                first: vec![Index::at(0)],
                second: vec![Index::at(1)],
            };
            let product = maker.product(&word, &word, &pairing, 0).unwrap();
            let both = [maker.value(&word).unwrap(), product];
            maker.joined(&both, 0).unwrap()
        };
        let circuit = circuit(Strategy::Size, true, 10, &build);
        let gates = expand(&circuit, vec![InputWord::unsigned("x", &[], 10)], &mut |_, _| {}).unwrap();
        let evaluator = evaluator(&circuit).unwrap();
        for input in (0..1u64 << 10).step_by(7) {
            let square = |x: i64| (&unit * ratio(x, 1)).pow(2);
            let rounded = |x: &i64| format.scale().value(format.nearest(&square(*x)));
            let [a, b] = [0, 1].map(|place| rounded(&x.read(input)[place]));
            let bits: Vec<bool> = (0..10).map(|bit| input >> bit & 1 == 1).collect();
            let wanted = [a.clone(), b.clone(), a * b];
            assert_eq!(evaluator.run(&bits).unwrap()["y"], wanted, "{unit} {input}");
            if input % 5 == 0 {
                assert_eq!(read_outputs(&gates, &simulate(&gates, &bits))[0].values, wanted, "{unit} {input}: gates");
            }
        }
        figures("long squares", &circuit, &gates, &self::circuit(Strategy::Size, false, 10, &build));
    }
}

#[test]
fn a_store_shares_the_layer_of_a_product() {
    for shape in SHAPES {
        let x = Numbers { base: 0, shape: &[1], width: 5, signed: true };
        let y = Numbers { base: 5, shape: &[1], width: 4, signed: true };
        let build = |maker: &mut Maker, input: ArrayId| {
            let y = word(maker, input, y, shape, 2);
            let unit = ratio(2, 3 << fraction(shape));
            let form = Form { array: x.forms(maker, input), unit };
            let stored = Stored { function: Function::Identity, format: format(shape) };
            let here = Index::identity(1);
            let pairing = Pairing { shape: vec![Size::fixed(1)], band: None, first: here.clone(), second: here };
            maker.fused_product(&form, &stored, &y, &pairing, 0).unwrap()
        };
        let expected = |input: u64| vec![rounded(x, input, shape, 3)[0] * rounded(y, input, shape, 2)[0]];
        check(&format!("fused product {shape:?}"), 9, build, expected);
    }
}

#[test]
fn words_are_carried_and_their_greatest_found() {
    for shape in SHAPES {
        let x = Numbers { base: 0, shape: &[3], width: 3, signed: true };
        let carried = |maker: &mut Maker, input: ArrayId| {
            let word = word(maker, input, x, shape, 3);
            let all = maker.joined_words(&[word.clone(), word], format(shape), 0).unwrap();
            maker.value(&all).unwrap()
        };
        let values = |input: u64| rounded(x, input, shape, 3);
        check(&format!("carried {shape:?}"), 9, carried, |input| [values(input), values(input)].concat());
        let greatest = |maker: &mut Maker, input: ArrayId| {
            let word = word(maker, input, x, shape, 3);
            let word = maker.maximum(&word, format(shape), 0).unwrap();
            maker.value(&word).unwrap()
        };
        let expected = |input: u64| vec![values(input).into_iter().max().unwrap()];
        check(&format!("greatest {shape:?}"), 9, |maker, input| greatest(maker, input), expected);
    }
}

/// By comparing squares with those of all middles.
#[test]
fn norms_are_rounded_once() {
    for shape in [(2, 1), (2, 2), (3, 1)] {
        for epsilon in [(1, 100), (1, 1)] {
            let x = Numbers { base: 0, shape: &[1, 2], width: 4, signed: true };
            let norm = Normalisation {
                unit: false,
                epsilon: ratio(epsilon.0, epsilon.1),
                gain: None,
                bias: None,
                format: format(shape),
            };
            let build = |maker: &mut Maker, input: ArrayId| {
                let word = word(maker, input, x, shape, 2);
                let word = maker.normalise(&word, &norm).unwrap();
                maker.value(&word).unwrap()
            };
            let one = 1i128 << fraction(shape);
            let expected = |input: u64| {
                let row = rounded(x, input, shape, 2);
                let squares: i128 = row.iter().map(|v| i128::from(v * v)).sum();
                let (p, q) = (i128::from(epsilon.0), i128::from(epsilon.1));
                // (x / sqrt(squares / 2 + epsilon one^2))^2 one^2 = 2 q x^2 one^2 / (squares q + 2 p one^2)
                let result = |x: &i64| {
                    let x = i128::from(*x);
                    let (top, under) = (2 * q * x * x * one * one, squares * q + 2 * p * one * one);
                    let all: Vec<(i128, bool)> = values(shape).into_iter().filter(|(value, _)| *value >= 0).collect();
                    let passed = |pair: &&[(i128, bool)]| {
                        // The middle of the two, doubled.
                        let middle = pair[0].0 + pair[1].0;
                        let (left, right) = (4 * top, middle * middle * under);
                        left > right || (left == right && pair[1].1)
                    };
                    let level = all.windows(2).take_while(passed).count();
                    (x.signum() * all[level].0) as i64
                };
                row.iter().map(result).collect()
            };
            check(&format!("norm {shape:?} {epsilon:?}"), 8, build, expected);
        }
    }
}

/// Two keys, one query each; the exponentials from floating point, which is far from ties here.
#[test]
fn averages_are_rounded_once() {
    for shape in [(2, 1), (2, 2), (3, 2)] {
        let scores = Numbers { base: 0, shape: &[1, 2, 1, 1], width: 3, signed: true };
        let v = Numbers { base: 6, shape: &[2, 1, 1], width: 3, signed: true };
        let table = ScoreTable {
            function: crate::number::Function::Exp,
            sinks: None,
            scale_squared: ratio(1, 3),
            softcap: None,
            format: format(shape),
            clamp: 1,
            exp_bits: 3,
        };
        let build = |maker: &mut Maker, input: ArrayId| {
            let form = Form { array: scores.forms(maker, input), unit: ratio(1, 2) };
            let values = word(maker, input, v, shape, 3);
            let word = maker.attend(&form, &values, &table).unwrap();
            maker.value(&word).unwrap()
        };
        let one = f64::from(1u32 << fraction(shape));
        let entry = |score: &i64| {
            let scaled = *score as f64 / 2.0 / 3f64.sqrt() * one * f64::from(1u32 << 30);
            let score = nearest(shape, scaled.round() as i128, 1 << 30) as f64 / one;
            ((score.clamp(-1.0, 1.0)).exp() * 8.0).round_ties_even() as i128
        };
        let expected = |input: u64| {
            let weights: Vec<i128> = scores.read(input).iter().map(entry).collect();
            let sum = weights.iter().zip(rounded(v, input, shape, 3)).map(|(w, v)| w * i128::from(v)).sum();
            vec![nearest(shape, sum, weights.iter().sum())]
        };
        check(&format!("average {shape:?}"), 12, build, expected);
    }
}

/// The layers of fixed point, under either strategy.
#[test]
fn layers_are_those_of_integers() {
    let x = Numbers { base: 0, shape: &[2], width: 8, signed: true };
    let gadgets: [fn(&mut Maker, &Word) -> ArrayId; 2] = [
        |maker, word| maker.value(word).unwrap(),
        |maker, word| {
            let here = Index::identity(1);
            let pairing = Pairing { shape: vec![Size::fixed(2)], band: None, first: here.clone(), second: here };
            maker.product(word, word, &pairing, 0).unwrap()
        },
    ];
    for gadget in gadgets {
        let depth = |text: &str, strategy| {
            let stored = Stored { function: Function::Identity, format: text.parse().unwrap() };
            let build = |maker: &mut Maker, input: ArrayId| {
                let form = Form { array: x.forms(maker, input), unit: ratio(1, 8) };
                let word = maker.store(&form, &stored).unwrap();
                gadget(maker, &word)
            };
            exact(&circuit(strategy, true, 16, &build)).unwrap().depth
        };
        for strategy in [Strategy::Depth, Strategy::Size] {
            let layers = depth("fixed(5,3)", strategy);
            for text in ["float(3,2)", "float(4,3)", "fp8-e4m3", "fp8-e5m2"] {
                assert_eq!(depth(text, strategy), layers, "{text} {strategy:?}");
            }
        }
    }
}
