//! Every gadget on every input of small formats, against plain integer arithmetic from its definition; and the figures of each circuit built.

mod attend;

mod binary;

mod floats;

mod layers;

mod logic;

mod norm;

mod select;

mod store;

mod sums;

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::{Maker, Strategy, Word};
use crate::circuit::evaluate::evaluator;
use crate::circuit::measure::{self, Measure};
use crate::circuit::{ArrayId, Circuit, Coef, Index, Size, Table, Term};
use crate::expand::expand;
use crate::gates::{Gates, InputWord, read_outputs, simulate};
use crate::number::{Format, Function, Rational};
use crate::words::{Form, Stored};

/// A gadget over one input array of bits: what it builds, and what must come out for each number the bits can be.
pub(super) fn check(
    name: &str,
    bits: u32,
    build: impl Fn(&mut Maker, ArrayId) -> ArrayId,
    expected: impl Fn(u64) -> Vec<i64>,
) {
    for strategy in [Strategy::Depth, Strategy::Size] {
        let name = format!("{name}, {strategy:?}");
        let circuit = circuit(strategy, true, bits, &build);
        let gates = expand(&circuit, vec![InputWord::unsigned("x", &[], bits)], &mut |_, _| {}).unwrap();
        let evaluator = evaluator(&circuit).unwrap();
        for input in 0..1u64 << bits {
            let assignment: Vec<bool> = (0..bits).map(|bit| input >> bit & 1 == 1).collect();
            let got = evaluator.run(&assignment).unwrap().remove("y").unwrap();
            let wanted: Vec<BigInt> = expected(input).into_iter().map(BigInt::from).collect();
            assert_eq!(got, wanted, "{name}: input {input}");
            if bits <= 8 || input % 61 == 0 {
                let values = simulate(&gates, &assignment);
                assert_eq!(read_outputs(&gates, &values)[0].values, wanted, "{name}: gates, input {input}");
            }
        }
        figures(&name, &circuit, &gates, &self::circuit(strategy, false, bits, &build));
    }
}

fn circuit(strategy: Strategy, known: bool, bits: u32, build: &impl Fn(&mut Maker, ArrayId) -> ArrayId) -> Circuit {
    let mut maker = Maker::new(strategy, known);
    let input = maker.builder.input(vec![Size::fixed(bits.into())]).unwrap();
    let output = build(&mut maker, input);
    maker.builder.output("y", output);
    maker.builder.build()
}

/// Exact figures are those of the gates; those of the architecture, with or without its constants, are nowhere below.
pub(super) fn figures(name: &str, circuit: &Circuit, gates: &Gates, free: &Circuit) {
    let exact = measure::exact(circuit).unwrap();
    let (stats, levels) = (gates.stats(), gates.levels());
    assert_eq!(exact.depth, u64::from(levels.depth()), "{name}: depth");
    assert_eq!(exact.gate_depth, u64::from(levels.gate_depth()), "{name}: gate depth");
    assert_eq!(exact.value(&exact.gates), stats.gates.into(), "{name}: gates");
    assert_eq!(exact.value(&exact.wires), stats.logical_wires.into(), "{name}: wires");
    assert_eq!(exact.weight_bits, stats.weight_bits, "{name}: weight bits");
    assert_eq!(exact.critical_path.len() as u64, exact.depth, "{name}: critical path");
    at_least(&format!("{name}, its architecture"), &measure::architecture(circuit), &exact);
    at_least(&format!("{name}, nothing known"), &measure::architecture(free), &exact);
}

fn at_least(name: &str, upper: &Measure, exact: &Measure) {
    assert!(upper.depth >= exact.depth, "{name}: depth {} < {}", upper.depth, exact.depth);
    assert!(upper.gate_depth >= exact.gate_depth, "{name}: gate depth {} < {}", upper.gate_depth, exact.gate_depth);
    assert!(upper.weight_bits >= exact.weight_bits, "{name}: bits {} < {}", upper.weight_bits, exact.weight_bits);
    for (what, (a, b)) in [("gates", (&upper.gates, &exact.gates)), ("wires", (&upper.wires, &exact.wires))] {
        let (a, b) = (upper.value(a), exact.value(b));
        assert!(a >= b, "{name}: {what} {a} < {b}");
    }
}

/// Integers of `width` bits each, read from the input from bit `base` on, row-major.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a> {
    pub base: u32,
    pub shape: &'a [u64],
    pub width: u32,
    pub signed: bool,
}

impl Numbers<'_> {
    /// As forms.
    pub fn forms(self, maker: &mut Maker, input: ArrayId) -> ArrayId {
        let shape: Vec<Size> = self.shape.iter().map(|size| Size::fixed(*size)).collect();
        let mut stride = i64::from(self.width);
        let mut steps = vec![(shape.len(), 1)];
        for (axis, size) in self.shape.iter().enumerate().rev() {
            steps.push((axis, stride));
            stride *= *size as i64;
        }
        let worth: Vec<i64> = (0..self.width).map(|bit| self.worth(bit)).collect();
        let table = maker.builder.table(Table::small(worth));
        let index = Index::strided(steps).plus(self.base.into());
        let term = Term::new(input, vec![index]).over(vec![Size::fixed(self.width.into())]);
        let term = term.times(Coef::table(table, Index::axis(shape.len())));
        maker.affine(shape, None, vec![term], vec![]).unwrap()
    }

    fn worth(self, bit: u32) -> i64 {
        if self.signed && bit + 1 == self.width { -(1 << bit) } else { 1 << bit }
    }

    /// As integers.
    pub fn read(self, input: u64) -> Vec<i64> {
        let count: u64 = self.shape.iter().product();
        let bit = |number: u64, bit: u32| {
            self.worth(bit)
                * (input >> (u64::from(self.base) + number * u64::from(self.width) + u64::from(bit)) & 1) as i64
        };
        (0..count).map(|number| (0..self.width).map(|b| bit(number, b)).sum()).collect()
    }

    /// Stored as they are, in a format that holds them.
    pub fn words(self, maker: &mut Maker, input: ArrayId, fraction: u32) -> Word {
        let array = self.forms(maker, input);
        let bits = self.width + u32::from(!self.signed);
        let format = Format::new(bits.max(fraction + 1) - fraction, fraction).unwrap();
        let form = Form { array, unit: ratio(1, 1 << fraction) };
        maker.store(&form, &Stored { function: Function::Identity, format }).unwrap()
    }
}

pub(super) fn ratio(numerator: i64, denominator: i64) -> Rational {
    Rational::new(numerator.into(), denominator.into())
}

pub(super) fn format(text: &str) -> Format {
    text.parse().unwrap()
}

/// `numerator / denominator` rounded to nearest, ties to even; `denominator > 0`.
pub(super) fn nearest(numerator: i128, denominator: i128) -> i128 {
    let floor = numerator.div_euclid(denominator);
    match (2 * numerator.rem_euclid(denominator)).cmp(&denominator) {
        Ordering::Less => floor,
        Ordering::Greater => floor + 1,
        Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

/// Least and greatest level of a format of this many bits.
pub(super) fn saturate(level: i128, bits: u32) -> i64 {
    let half = 1i128 << (bits - 1);
    level.clamp(-half, half - 1) as i64
}
