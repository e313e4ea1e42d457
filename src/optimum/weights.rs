//! Bounded weights of a gate as numbers in a formula: two's complement, sums by ripple carry; must not know circuits or solvers.

use super::cnf::{Cnf, FALSE, Literal, TRUE, known};

/// The weights of a gate and its threshold, negated, as bits in two's complement, least significant first.
#[derive(Clone, Debug)]
pub struct Weighing {
    /// A weight a signal: the inputs, then the gates it reads.
    pub weights: Vec<Vec<Literal>>,
    /// Minus the threshold.
    pub offset: Vec<Literal>,
}

/// Says that some weights of absolute value at most `most`, of the inputs and these other signals, and some threshold make `values`.
///
/// A gate of `k` signals has sums in `[-k most, k most]`, so a threshold in `[-k most, k most + 1]` does. `width` bits hold
/// every sum of weights and offset, so that the sign of the sum is its last bit.
pub fn weigh(cnf: &mut Cnf, inputs: usize, lower: &[&[Literal]], values: &[Literal], most: u32) -> Weighing {
    let signals = inputs + lower.len();
    let reach = u64::from(most) * signals as u64 + 1;
    let width = bits(reach) + 2;
    let weights: Vec<Vec<Literal>> = (0..signals).map(|_| number(cnf, bits(most.into()) + 1)).collect();
    weights.iter().for_each(|weight| at_most(cnf, weight, most.into()));
    let offset = number(cnf, width - 1);
    for (at, value) in values.iter().enumerate() {
        let mut sum = extended(&offset, width);
        for (signal, weight) in weights.iter().enumerate() {
            let on = match signal.checked_sub(inputs) {
                None => known(at >> signal & 1 == 1),
                Some(gate) => lower[gate][at],
            };
            if on != FALSE {
                let gated: Vec<Literal> = weight.iter().map(|bit| cnf.and(*bit, on)).collect();
                sum = add(cnf, &sum, &extended(&gated, width));
            }
        }
        let negative = sum[width - 1];
        cnf.clause([*value, negative]);
        cnf.clause([-value, -negative]);
    }
    Weighing { weights, offset }
}

/// The integer that bits in two's complement stand for.
pub fn integer(bits: &[Literal], value: impl Fn(Literal) -> bool) -> i64 {
    let worth = |place: usize| if place + 1 == bits.len() { -(1 << place) } else { 1 << place };
    bits.iter().enumerate().filter(|(_, bit)| value(**bit)).map(|(place, _)| worth(place)).sum()
}

fn bits(value: u64) -> usize {
    (u64::BITS - value.leading_zeros()) as usize
}

fn number(cnf: &mut Cnf, width: usize) -> Vec<Literal> {
    (0..width).map(|_| cnf.fresh()).collect()
}

/// Excludes every pattern of a number beyond the bound on its absolute value.
fn at_most(cnf: &mut Cnf, number: &[Literal], most: i64) {
    let half = 1_i64 << (number.len() - 1);
    for value in (-half..half).filter(|value| value.abs() > most) {
        cnf.clause(number.iter().enumerate().map(|(place, bit)| if value >> place & 1 == 1 { -bit } else { *bit }));
    }
}

fn extended(number: &[Literal], width: usize) -> Vec<Literal> {
    let sign = number[number.len() - 1];
    number.iter().copied().chain(std::iter::repeat(sign)).take(width).collect()
}

/// The sum of two numbers of one width, modulo its power of two.
fn add(cnf: &mut Cnf, a: &[Literal], b: &[Literal]) -> Vec<Literal> {
    let mut carry = FALSE;
    let mut sum = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        let half = cnf.xor(*a, *b);
        sum.push(cnf.xor(half, carry));
        carry = if sum.len() < sum.capacity() { carried(cnf, *a, *b, carry) } else { FALSE };
    }
    sum
}

fn carried(cnf: &mut Cnf, a: Literal, b: Literal, carry: Literal) -> Literal {
    match carry {
        FALSE => cnf.and(a, b),
        TRUE => -cnf.and(-a, -b),
        _ => cnf.majority(a, b, carry),
    }
}
