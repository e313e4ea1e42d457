//! bf16 against a computation of its own that rounds at the same points: numbers are decoded and neighbours found by the crate
//! `rustc_apfloat` (a port of LLVM's APFloat), all between is exact rationals and comparisons written down here.

#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;
use std::path::Path;

use isobath::number::{Format, Function, Rational, rational_from_f64};
use isobath::pipeline;
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::Options;
use isobath::spec::{self, Document};
use isobath::tensor::Graph;
use isobath::words::Strategy;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use rustc_apfloat::ieee::{BFloat, Double};
use rustc_apfloat::{Float, FloatConvert};

/// The greatest finite code: 0 11111110 1111111.
const MOST: i64 = 0x7f7f;

/// The number of a code with a sign: its bits are those of a bfloat.
fn decoded(code: i64) -> Rational {
    let bits = code.unsigned_abs() as u128 | if code < 0 { 0x8000 } else { 0 };
    let double: Double = BFloat::from_bits(bits).convert(&mut false).value;
    rational_from_f64(f64::from_bits(double.to_bits() as u64)).unwrap()
}

/// The code nearest to a number of which only comparisons are known, ties to the even mantissa, saturating.
fn nearest(compared: impl Fn(&Rational) -> Ordering) -> i64 {
    let (mut lo, mut hi) = (-MOST, MOST);
    if compared(&decoded(lo)).is_le() {
        return lo;
    }
    // The last code that is no more than the number.
    while lo < hi {
        let middle = lo + (hi - lo + 1) / 2;
        if compared(&decoded(middle)).is_ge() { lo = middle } else { hi = middle - 1 }
    }
    if lo == MOST {
        return lo;
    }
    let half = (decoded(lo) + decoded(lo + 1)) / Rational::from_integer(2.into());
    match compared(&half) {
        Ordering::Less => lo,
        Ordering::Greater => lo + 1,
        Ordering::Equal if lo % 2 == 0 => lo,
        Ordering::Equal => lo + 1,
    }
}

fn rounded(x: &Rational) -> Rational {
    decoded(nearest(|other| x.cmp(other)))
}

/// `sign * sqrt(square)`, rounded.
fn rounded_root(square: &Rational, negative: bool) -> Rational {
    let compared = |other: &Rational| match (other.is_negative(), negative) {
        (true, false) => Ordering::Greater,
        (false, true) if !square.is_zero() => Ordering::Less,
        (false, _) => square.cmp(&(other * other)),
        (true, true) => (other * other).cmp(square),
    };
    decoded(nearest(compared))
}

/// A function that double precision decides: both ends of its error round alike.
fn rounded_real(value: f64) -> Rational {
    let exact = rational_from_f64(value).unwrap();
    let gap = exact.abs() * Rational::new(1.into(), (1i64 << 44).into());
    let ends = [rounded(&(&exact - &gap)), rounded(&(&exact + &gap))];
    assert_eq!(ends[0], ends[1], "double precision does not decide {value:e}");
    ends[0].clone()
}

fn real(x: &Rational) -> f64 {
    x.numer().to_string().parse::<f64>().unwrap() / x.denom().to_string().parse::<f64>().unwrap()
}

fn bf16() -> Format {
    "bf16".parse().unwrap()
}

fn shipped(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(name)
}

/// `w - (w.x - y) x / 4`: weights rounded when a step reads them, and at the end; the residual rounded; all else exact.
fn descended(levels: &[i64]) -> Vec<Rational> {
    let quarter = Rational::new(1.into(), 4.into());
    let mut w = [Rational::new(1.into(), 2.into()), Rational::from_integer((-1).into())];
    for example in levels.chunks(3) {
        let [x0, x1, y] = [0, 1, 2].map(|place| decoded(example[place]));
        w = [rounded(&w[0]), rounded(&w[1])];
        let residual = rounded(&(&w[0] * &x0 + &w[1] * &x1 - y));
        w = [&w[0] - &residual * x0 * &quarter, &w[1] - &residual * x1 * &quarter];
    }
    w.iter().map(rounded).collect()
}

#[test]
fn descent_in_bf16_is_the_iteration() {
    let Document::Program(mut program) = spec::read_document(&shipped("gd-least-squares.toml")).unwrap() else {
        panic!("a program")
    };
    let formats = &mut program.numerics;
    (formats.weights, formats.activations, formats.data, formats.targets) = (bf16(), bf16(), bf16(), bf16());
    let steps = 4;
    let options =
        Options { strategy: Strategy::Size, lengths: [("steps".to_owned(), steps)].into(), ..Options::default() };
    let model = LoopedModel::of(&Document::Program(program), &options).unwrap();
    let circuit = model.unrolled().unwrap();
    let unit = Rational::from_integer(BigInt::one() << 133u32);
    let mut state = 17u64;
    for round in 0..24 {
        let mut level = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let code = (state >> 33) as i64;
            let sign = if code & 1 == 0 { 1 } else { -1 };
            // Numbers from 2^-7 to 2^7 at first, then any, subnormals and the greatest among them.
            sign * if round < 16 { 0x3c00 + code % 0x800 } else { code % (MOST + 1) }
        };
        let levels: Vec<i64> = (0..3 * steps).map(|_| level()).collect();
        let wanted: Vec<BigInt> = descended(&levels).into_iter().map(|w| (w * &unit).to_integer()).collect();
        assert_eq!(model.interpret(&levels).unwrap(), wanted, "{levels:?}");
        if round % 8 == 0 {
            assert_eq!(model.evaluate(&circuit, &levels).unwrap(), wanted, "{levels:?}, the circuit");
        }
    }
}

/// The weights of a model, by name: rows of decoded codes.
struct Weights<'g>(&'g Graph);

impl Weights<'_> {
    fn entries(&self, name: &str) -> Vec<Rational> {
        let param = self.0.params().iter().find(|param| param.name == name).unwrap_or_else(|| {
            panic!("no {name} among {:?}", self.0.params().iter().map(|param| &param.name).collect::<Vec<_>>())
        });
        param.values.as_ref().unwrap().iter().map(|level| decoded(*level)).collect()
    }

    /// `W x` for a vector, exactly.
    fn times(&self, name: &str, x: &[Rational]) -> Vec<Rational> {
        let matrix = self.entries(name);
        matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
    }
}

fn stored(x: &[Rational]) -> Vec<Rational> {
    x.iter().map(rounded).collect()
}

/// `gain x / sqrt(mean of x^2 + epsilon)` of rounded x, rounded once.
fn normalised(x: &[Rational], gain: &[Rational], epsilon: &Rational) -> Vec<Rational> {
    let x = stored(x);
    let mean = x.iter().map(|x| x * x).sum::<Rational>() / Rational::from_integer(x.len().into()) + epsilon;
    let one = |(x, gain): (&Rational, &Rational)| {
        let product = x * gain;
        rounded_root(&(&product * &product / &mean), product.is_negative())
    };
    x.iter().zip(gain).map(one).collect()
}

/// Pairs `(a, b)` half a head apart are turned by angle `position * base^(-2 i / width)`, cosines and sines rounded to eight bits after the point.
fn turned(x: &[Rational], position: usize, base: f64) -> Vec<Rational> {
    let half = x.len() / 2;
    let grid = |value: f64| Rational::new(((value * 256.0).round() as i64).into(), 256.into());
    let angle = |pair: usize| position as f64 * base.powf(-(pair as f64) / half as f64);
    let turn = |place: usize| {
        let (cos, sin) = (grid(angle(place % half).cos()), grid(angle(place % half).sin()));
        if place < half { &x[place] * cos - &x[place + half] * sin } else { &x[place] * cos + &x[place - half] * sin }
    };
    (0..x.len()).map(turn).collect()
}

/// The plan of `tiny-llama.toml`: RMS norms, rotary positions, two query heads that share a key head, a gated MLP; the logits of the last token.
fn forward(weights: &Weights, tokens: &[usize]) -> Vec<Rational> {
    let (width, head, epsilon) = (4, 2, Rational::new(1.into(), 1000.into()));
    let table = weights.entries("token_embedding");
    let mut residual: Vec<Vec<Rational>> =
        tokens.iter().map(|token| table[token * width..(token + 1) * width].to_vec()).collect();
    let gain = weights.entries("layer.0.norm1.gain");
    let inputs: Vec<_> = residual.iter().map(|x| normalised(x, &gain, &epsilon)).collect();
    let project = |name: &str| inputs.iter().map(|x| weights.times(name, x)).collect::<Vec<_>>();
    let rotated = |rows: Vec<Vec<Rational>>| -> Vec<Vec<Rational>> {
        let turn = |(position, row): (usize, Vec<Rational>)| {
            stored(&row.chunks(head).flat_map(|part| turned(part, position, 100.0)).collect::<Vec<_>>())
        };
        rows.into_iter().enumerate().map(turn).collect()
    };
    let (q, k) = (rotated(project("layer.0.q.weight")), rotated(project("layer.0.k.weight")));
    let v: Vec<_> = project("layer.0.v.weight").iter().map(|row| stored(row)).collect();
    for position in 0..tokens.len() {
        let mixed: Vec<Rational> =
            q[position].chunks(head).flat_map(|query| averaged(query, &k[..=position], &v[..=position])).collect();
        let added = weights.times("layer.0.o.weight", &mixed);
        // What is carried on is the rounded residual.
        residual[position] = stored(&residual[position]).iter().zip(added).map(|(x, y)| x + y).collect();
    }
    let last = residual.last().unwrap();
    let normed = normalised(last, &weights.entries("layer.0.norm2.gain"), &epsilon);
    let silu = |x: &Rational| if x.is_zero() { x.clone() } else { rounded_real(real(x) / (1.0 + (-real(x)).exp())) };
    let gate: Vec<_> = weights.times("layer.0.gate.weight", &normed).iter().map(silu).collect();
    let up = stored(&weights.times("layer.0.up.weight", &normed));
    let hidden: Vec<_> = gate.iter().zip(&up).map(|(gate, up)| gate * up).collect();
    let down = weights.times("layer.0.down.weight", &hidden);
    let last: Vec<_> = stored(last).iter().zip(down).map(|(x, y)| x + y).collect();
    stored(&weights.times("head.weight", &normalised(&last, &weights.entries("final_norm.gain"), &epsilon)))
}

/// One head: scores rounded and clamped to 3, exponentials in sixteenths, the quotient rounded once.
fn averaged(query: &[Rational], keys: &[Vec<Rational>], values: &[Vec<Rational>]) -> Vec<Rational> {
    let three = Rational::from_integer(3.into());
    let weight = |key: &Vec<Rational>| {
        let dot: Rational = query.iter().zip(key).map(|(a, b)| a * b).sum();
        // Divided by the root of the width of a head, 2.
        let score = rounded_root(&(&dot * &dot / Rational::from_integer(2.into())), dot.is_negative());
        let score = score.clamp(-three.clone(), three.clone());
        Rational::from_integer(((real(&score).exp() * 16.0).round().max(1.0) as i64).into())
    };
    let weights: Vec<Rational> = keys.iter().map(weight).collect();
    let total: Rational = weights.iter().sum();
    let feature = |f: usize| rounded(&(weights.iter().zip(values).map(|(w, v)| w * &v[f]).sum::<Rational>() / &total));
    (0..query.len()).map(feature).collect()
}

#[test]
fn a_transformer_in_bf16_is_the_computation() {
    let mut spec = spec::read(&shipped("tiny-llama.toml")).unwrap();
    (spec.numerics.weights, spec.numerics.activations) = (bf16(), bf16());
    spec.architecture.output = isobath::spec::Output::Logits;
    let model = pipeline::bound(&spec, 3, Strategy::Size).unwrap();
    let weights = Weights(&model.graph);
    let unit = Rational::from_integer(BigInt::one() << 133u32);
    for tokens in [[0u64, 1, 2], [4, 3, 0]] {
        let ids: Vec<usize> = tokens.iter().map(|token| *token as usize).collect();
        let wanted: Vec<BigInt> = forward(&weights, &ids).into_iter().map(|x| (x * &unit).to_integer()).collect();
        assert_eq!(model.interpret(&tokens).unwrap(), wanted, "{tokens:?}");
        assert_eq!(model.evaluate(&tokens).unwrap(), wanted, "{tokens:?}, the circuit");
    }
}

/// The oracle itself: it rounds as the crate's conversion from double precision does.
#[test]
fn the_oracle_rounds_as_conversions_do() {
    let mut state = 5u64;
    for _ in 0..2000 {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let value = f64::from_bits(state & !(0x7ff << 52) | ((1023 - 140 + (state >> 7) % 260) << 52));
        let converted: BFloat = Double::from_bits(value.to_bits().into()).convert(&mut false).value;
        let code = nearest(|other| rational_from_f64(value).unwrap().cmp(other));
        let wanted = (converted.to_bits() & 0x7fff) as i64;
        assert_eq!(code.abs(), if converted.is_finite() { wanted } else { MOST }, "{value:e}");
    }
    assert_eq!(Function::Identity.level(&decoded(-7), bf16()), -7);
}
