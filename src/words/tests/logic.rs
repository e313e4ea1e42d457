//! Products of words, elementwise and summed.

use super::{Numbers, check};
use crate::circuit::{ArrayId, Index, Size};
use crate::number::Scale;
use crate::words::{Maker, Pairing};

fn elementwise(x: Numbers<'_>, y: Numbers<'_>, saturated: u32) {
    let bits = x.width + y.width;
    let name = format!("{} bits {} times {} bits {}, {saturated}", x.width, x.signed, y.width, y.signed);
    let build = |maker: &mut Maker, input: ArrayId| {
        let (x, y) = (x.words(maker, input, saturated), y.words(maker, input, 0));
        let here = Index::identity(1);
        let pairing = Pairing { shape: vec![Size::fixed(1)], band: None, first: here.clone(), second: here };
        maker.product(&x, &y, &pairing, 0).unwrap()
    };
    check(&name, bits, build, |input| vec![x.read(input)[0] * y.read(input)[0]]);
}

#[test]
fn words_of_either_sign() {
    for (a, b) in [(1, 1), (1, 4), (2, 3), (3, 3), (4, 4), (5, 2)] {
        for (first, second) in [(false, false), (true, false), (false, true), (true, true)] {
            let x = Numbers { base: 0, shape: &[1], width: a, signed: first && a > 1 };
            let y = Numbers { base: a, shape: &[1], width: b, signed: second && b > 1 };
            elementwise(x, y, 0);
            elementwise(x, y, 2);
        }
    }
}

#[test]
fn a_factor_of_one_level() {
    for level in [-2, 0, 3] {
        let x = Numbers { base: 0, shape: &[2], width: 3, signed: true };
        for flipped in [false, true] {
            let build = |maker: &mut Maker, input: ArrayId| {
                let x = x.words(maker, input, 0);
                let one = maker.constant_word(x.shape.clone(), None, level, Scale::even(0));
                let here = Index::identity(1);
                let pairing = Pairing { shape: vec![Size::fixed(2)], band: None, first: here.clone(), second: here };
                let (a, b) = if flipped { (&one, &x) } else { (&x, &one) };
                maker.product(a, b, &pairing, 0).unwrap()
            };
            check(&format!("times {level}"), 6, build, |input| x.read(input).iter().map(|v| v * level).collect());
        }
    }
}

#[test]
fn summed_over_features() {
    for (signed, width) in [(true, 2), (false, 3), (true, 3)] {
        let x = Numbers { base: 0, shape: &[2], width, signed };
        let y = Numbers { base: 2 * width, shape: &[2], width: 2, signed: true };
        let build = |maker: &mut Maker, input: ArrayId| {
            let (x, y) = (x.words(maker, input, 1), y.words(maker, input, 0));
            let here = vec![Index::axis(1)];
            let shape = vec![Size::fixed(1), Size::fixed(2)];
            let pairing = Pairing { shape, band: None, first: here.clone(), second: here };
            maker.product(&x, &y, &pairing, 1).unwrap()
        };
        let dot = |input: u64| vec![x.read(input).iter().zip(y.read(input)).map(|(a, b)| a * b).sum()];
        check(&format!("dot of {width} bits, {signed}"), 2 * width + 4, build, dot);
    }
}
