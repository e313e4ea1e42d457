//! How many layers each gadget takes on words of 4 bits: the figures at the heads of their files.

use super::{Numbers, circuit, format, ratio};
use crate::circuit::measure::{architecture, exact};
use crate::circuit::{ArrayId, Index, Size};
use crate::number::Function;
use crate::words::{Form, Maker, Normalisation, Pairing, Stored, Strategy, Word};

const X: Numbers<'_> = Numbers { base: 0, shape: &[1, 2], width: 4, signed: true };

fn layers(build: impl Fn(&mut Maker, ArrayId) -> ArrayId) -> (u64, u64) {
    let depth = |strategy| {
        let bound = exact(&circuit(strategy, true, 8, &build)).unwrap().depth;
        assert_eq!(bound, architecture(&circuit(strategy, false, 8, &build)).depth);
        bound
    };
    (depth(Strategy::Depth), depth(Strategy::Size))
}

fn stored(maker: &mut Maker, input: ArrayId, function: Function) -> Word {
    let form = Form { array: X.forms(maker, input), unit: ratio(1, 4) };
    maker.store(&form, &Stored { function, format: format("fixed(2,2)") }).unwrap()
}

fn value(maker: &mut Maker, word: &Word) -> ArrayId {
    maker.value(word).unwrap()
}

#[test]
fn stores() {
    for (function, expected) in [(Function::Identity, (1, 3)), (Function::Relu, (1, 3)), (Function::Gelu, (1, 2))] {
        let build = |maker: &mut Maker, input: ArrayId| {
            let word = stored(maker, input, function.clone());
            value(maker, &word)
        };
        assert_eq!(layers(build), expected, "{function:?}");
    }
}

/// After the store of the factors.
#[test]
fn products() {
    let build = |maker: &mut Maker, input: ArrayId| {
        let word = stored(maker, input, Function::Identity);
        let here = Index::identity(2);
        let shape = vec![Size::fixed(1), Size::fixed(2)];
        let pairing = Pairing { shape, band: None, first: here.clone(), second: here };
        maker.product(&word, &word, &pairing, 1).unwrap()
    };
    assert_eq!(layers(build), (1 + 1, 3 + 1));
}

/// After the store of the input, with which it is 2 layers. Size: ANDs, 3 digits of sums of squares and their bits, levels, bits.
#[test]
fn norms() {
    let build = |maker: &mut Maker, input: ArrayId| {
        let word = stored(maker, input, Function::Identity);
        let norm =
            Normalisation { unit: false, epsilon: ratio(1, 8), gain: None, bias: None, format: format("fixed(2,2)") };
        let word = maker.normalise(&word, &norm).unwrap();
        value(maker, &word)
    };
    assert_eq!(layers(build), (1 + 1, 3 + 1 + 3 + 1 + 1 + 1));
}

#[test]
fn argmaxes() {
    let build = |maker: &mut Maker, input: ArrayId| {
        let forms = X.forms(maker, input);
        maker.argmax(forms).unwrap()
    };
    assert_eq!(layers(build), (2, 2));
}
