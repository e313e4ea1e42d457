//! Exact sums in binary, and products of matrices of them, on every input.

use num_bigint::BigInt;

use super::check;
use crate::circuit::{ArrayId, Index, Size};
use crate::interval::Interval;
use crate::number::Rational;
use crate::words::{Maker, Part, Total};

/// Sums of the bits `base..base + width` of the input, with a row of weights and a constant each.
struct Sums<'a> {
    base: u32,
    width: u32,
    weights: &'a [i64],
    constants: &'a [i64],
    shape: &'a [u64],
    each: bool,
}

impl Sums<'_> {
    fn values(&self, input: u64) -> Vec<i64> {
        let width = self.width as usize;
        let bit = |place: usize| (input >> (self.base as usize + place) & 1) as i64;
        let row = |number: usize| if self.each { number * width } else { 0 };
        let sum = |(number, constant): (usize, &i64)| {
            constant + (0..width).map(|place| self.weights[row(number) + place] * bit(place)).sum::<i64>()
        };
        self.constants.iter().enumerate().map(sum).collect()
    }

    fn total(&self, maker: &mut Maker, input: ArrayId) -> Total {
        let shape: Vec<Size> = self.shape.iter().map(|length| Size::fixed(*length)).collect();
        let seen = shape.iter().cloned().chain([Size::fixed(self.width.into())]).collect();
        let gates = maker.moved(input, seen, vec![Index::axis(shape.len()).plus(self.base.into())]).unwrap();
        let all = (0..1u64 << self.width).flat_map(|input| self.values(input << self.base));
        let all: Vec<i64> = all.collect();
        let range = Interval::new(*all.iter().min().unwrap(), *all.iter().max().unwrap());
        let weights = self.weights.iter().map(|w| BigInt::from(*w)).collect();
        let parts = vec![Part { gates, repeated: 0, weights, each: self.each }];
        let constants = self.constants.iter().map(|c| BigInt::from(*c)).collect();
        Total { shape, parts, constants, unit: Rational::from_integer(1.into()), range }
    }
}

#[test]
fn bits_add_up_to_the_sum() {
    let cases = [
        Sums { base: 0, width: 3, weights: &[1, 2, -4], constants: &[0], shape: &[1], each: false },
        Sums { base: 1, width: 5, weights: &[7, -3, 12, 5, -9], constants: &[4, -11], shape: &[2], each: false },
        Sums { base: 0, width: 4, weights: &[1, 1, 1, 1, -5, 6, 0, 3], constants: &[0, 2], shape: &[2], each: true },
        Sums { base: 0, width: 2, weights: &[100, -37], constants: &[-63, 0, 1000, 5], shape: &[2, 2], each: false },
        Sums { base: 0, width: 2, weights: &[0, 0], constants: &[3], shape: &[1], each: false },
    ];
    for (number, sums) in cases.iter().enumerate() {
        let build = |maker: &mut Maker, input: ArrayId| {
            let total = sums.total(maker, input);
            let binary = maker.in_binary(&total).unwrap();
            let kept = maker.kept(&binary).unwrap();
            maker.summed(&kept).unwrap().array
        };
        check(&format!("sums {number}"), sums.base + sums.width, build, |input| sums.values(input));
    }
}

#[test]
fn a_matrix_times_a_vector_plus_a_vector() {
    let a = Sums {
        base: 0,
        width: 2,
        weights: &[3, -2, 1, 1, 0, 5, -4, 2],
        constants: &[0, 1, -1, 2],
        shape: &[2, 2],
        each: true,
    };
    let b = Sums { base: 2, width: 3, weights: &[1, 2, -4, 2, 3, 1], constants: &[0, -3], shape: &[2], each: true };
    let build = |maker: &mut Maker, input: ArrayId| {
        let (a, b) = (a.total(maker, input), b.total(maker, input));
        let (a, b) = (maker.in_binary(&a).unwrap(), maker.in_binary(&b).unwrap());
        let kept = maker.kept(&b).unwrap();
        let sum = maker.matrix_product(&a, &b).unwrap().plus(kept);
        maker.summed(&sum).unwrap().array
    };
    check("A b + b", 5, build, |input| {
        let (a, b) = (a.values(input), b.values(input));
        vec![a[0] * b[0] + a[1] * b[1] + b[0], a[2] * b[0] + a[3] * b[1] + b[1]]
    });
}

#[test]
fn a_matrix_times_a_matrix() {
    let a = Sums {
        base: 0,
        width: 2,
        weights: &[3, -2, 1, 1, 0, 5, -4, 2],
        constants: &[0, 1, -1, 2],
        shape: &[2, 2],
        each: true,
    };
    let build = |maker: &mut Maker, input: ArrayId| {
        let total = a.total(maker, input);
        let a = maker.in_binary(&total).unwrap();
        let product = maker.matrix_product(&a, &a).unwrap();
        let again = maker.in_binary(&product).unwrap();
        assert!(again.width() > a.width());
        let kept = maker.kept(&again).unwrap();
        maker.summed(&kept).unwrap().array
    };
    check("A A", 2, build, |input| {
        let a = a.values(input);
        let entry = |row: usize, column: usize| a[2 * row] * a[column] + a[2 * row + 1] * a[2 + column];
        vec![entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)]
    });
}
