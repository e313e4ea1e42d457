//! Exact integers of any length in binary: sums of weighted gates to bits, and products of matrices of such numbers. Bits cost 1 layer,
//! products 1; gates and weights are polynomial in the length.
//!
//! Bit j of `S = sum of w g` is that of `S_j = sum of r g`, each `r` the residue of its `w` modulo `2^(j+1)` nearest to 0: only few
//! multiples of `2^j` lie in the range of `S_j`, and the bit is the alternating sum of the gates `[S_j >= k 2^j]` (theory A.3; Siu and
//! Roychowdhury 1993). All `S_j` are scaled to the same thresholds, so that the bits of all numbers of an array are one bank.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::logic::Pairing;
use super::word::Bits;
use super::{Form, Maker, common_unit};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, Term, Thresholds};
use crate::interval::Interval;
use crate::number::Rational;

type Result<T> = std::result::Result<T, CircuitError>;

/// Weighted gates to be summed: the gates have the axes of the sums, then axes along which the weights repeat, then those of the weights.
#[derive(Clone, Debug)]
pub struct Part {
    /// Gates: elements that are 0 or 1.
    pub gates: ArrayId,
    /// Axes along which the weights are the same.
    pub repeated: usize,
    /// The weights, row-major along the last axes of the gates; in units of the sum.
    pub weights: Vec<BigInt>,
    /// Each sum has weights of its own: a row per sum.
    pub each: bool,
}

/// An array of exact sums of gates.
#[derive(Clone, Debug)]
pub struct Total {
    /// The axes.
    pub shape: Vec<Size>,
    /// What is summed.
    pub parts: Vec<Part>,
    /// The part of each sum that rests on no gate; in units.
    pub constants: Vec<BigInt>,
    /// The worth of one.
    pub unit: Rational,
    /// Holds every value, in units.
    pub range: Interval,
}

/// An array of exact numbers in two's complement, or unsigned where none is negative: bits as forms.
pub struct Binary {
    /// The axes.
    pub shape: Vec<Size>,
    /// The worth of one.
    pub unit: Rational,
    /// Holds every value, in units.
    pub range: Interval,
    bits: Bits,
}

impl Binary {
    /// How many bits each number has.
    pub fn width(&self) -> usize {
        self.bits.count()
    }
}

impl Total {
    /// The sum of two arrays of one shape.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let unit = common_unit(&self.unit, &other.unit);
        let (mut sum, other) = (self.in_unit(&unit), other.in_unit(&unit));
        sum.parts.extend(other.parts);
        sum.constants.iter_mut().zip(other.constants).for_each(|(own, more)| *own += more);
        sum.range = sum.range.plus(&other.range);
        sum
    }

    fn in_unit(mut self, unit: &Rational) -> Self {
        let factor = (&self.unit / unit).to_integer();
        let weights = self.parts.iter_mut().flat_map(|part| &mut part.weights);
        weights.chain(&mut self.constants).for_each(|weight| *weight *= &factor);
        Self { range: self.range.scaled(&factor), unit: unit.clone(), ..self }
    }

    /// Bits of a number that holds every value, and whether one of them is a sign.
    fn width(&self) -> (u32, bool) {
        let below = if self.range.lo.is_negative() { (-&self.range.lo - 1u32).bits() } else { 0 };
        let bits = self.range.hi.bits().max(below) as u32;
        if self.range.lo.is_negative() { (bits + 1, true) } else { (bits.max(1), false) }
    }
}

impl Maker {
    /// The sums as forms: no layer.
    ///
    /// # Errors
    /// When a part does not fit the shape.
    pub fn summed(&mut self, total: &Total) -> Result<Form> {
        let axes = total.shape.len();
        let parts = total.parts.iter().map(|part| self.term(part, &total.shape, axes, part.weights.clone(), None));
        let terms = parts.collect::<Vec<_>>();
        let constants = self.builder.table(Table::new(total.constants.clone()));
        let constants = Coef::table(constants, Index::strided(strides(&total.shape, 0)));
        Ok(Form { array: self.affine(total.shape.clone(), None, terms, vec![constants])?, unit: total.unit.clone() })
    }

    /// The sums as bits: 1 layer.
    ///
    /// # Errors
    /// When a part does not fit the shape.
    pub fn in_binary(&mut self, total: &Total) -> Result<Binary> {
        let (width, signed) = total.width();
        let residues: Vec<Residues> = (0..width).map(|bit| self.residues(total, bit)).collect();
        let most = residues.iter().map(|bit| bit.multiples).max().unwrap_or(1).max(1);
        let sums = self.scaled_sums(total, &residues)?;
        let one = BigInt::one() << (width - 1);
        let gates = self.builder.bank(sums, Thresholds::Known((1..=most).map(|k| &one * k).collect()))?;
        let axes = total.shape.len() + 1;
        let shape: Vec<Size> = total.shape.iter().cloned().chain([Size::fixed(u64::from(width))]).collect();
        let turns = self.builder.table(Table::small((0..most).map(|k| 1 - 2 * (k % 2) as i64).collect::<Vec<_>>()));
        let term = Term::new(gates, Index::identity(axes + 1)).over(vec![Size::fixed(most)]);
        let array = self.affine(shape, None, vec![term.times(Coef::table(turns, Index::axis(axes)))], vec![])?;
        let bits = Bits { array, weights: self.bit_weights(width, signed), signed };
        Ok(Binary { shape: total.shape.clone(), unit: total.unit.clone(), range: total.range.clone(), bits })
    }

    /// `S_j` of every sum and bit, each scaled by `2^(width - 1 - j)`.
    fn scaled_sums(&mut self, total: &Total, residues: &[Residues]) -> Result<ArrayId> {
        let (axes, width) = (total.shape.len(), residues.len());
        let shift = |bit: usize| width - 1 - bit;
        let mut terms = Vec::with_capacity(total.parts.len());
        for (number, part) in total.parts.iter().enumerate() {
            let rows = residues.iter().enumerate();
            let weights = rows.flat_map(|(bit, all)| all.parts[number].iter().map(move |r| r << shift(bit))).collect();
            terms.push(self.term(part, &total.shape, axes + 1, weights, Some(axes)));
        }
        let elements = total.constants.len();
        let entry =
            |element: usize| residues.iter().enumerate().map(move |(bit, all)| &all.constants[element] << shift(bit));
        let constants = self.builder.table(Table::new((0..elements).flat_map(entry).collect::<Vec<_>>()));
        let shape: Vec<Size> = total.shape.iter().cloned().chain([Size::fixed(width as u64)]).collect();
        let constants = Coef::table(constants, Index::strided(strides(&shape, 0)));
        self.affine(shape, None, terms, vec![constants])
    }

    /// One part as a term of an array of `own` axes; with a row of weights per bit where there is an axis of bits.
    fn term(&mut self, part: &Part, shape: &[Size], own: usize, weights: Vec<BigInt>, bits: Option<usize>) -> Term {
        let (axes, gates) = (shape.len(), self.shape(part.gates));
        let place = |axis: usize| if axis < axes { axis } else { axis - axes + own };
        let index = (0..gates.len()).map(|axis| Index::axis(place(axis))).collect();
        let first = axes + part.repeated;
        let mut steps: Vec<(usize, i64)> =
            strides(&gates, first).into_iter().map(|(axis, step)| (place(axis), step)).collect();
        let row: u64 = gates[first..].iter().map(|size| size.value).product();
        if part.each {
            steps.extend(strides(shape, 0).into_iter().map(|(axis, step)| (axis, step * row as i64)));
        }
        steps.extend(bits.map(|axis| (axis, part.weights.len() as i64)));
        let table = self.builder.table(Table::new(weights));
        let sum = gates[axes..].to_vec();
        Term::new(part.gates, index).over(sum).times(Coef::table(table, Index::strided(steps)))
    }

    fn residues(&self, total: &Total, bit: u32) -> Residues {
        let residue = |weight: &BigInt| nearest_residue(weight, bit);
        let parts: Vec<Vec<BigInt>> =
            total.parts.iter().map(|part| part.weights.iter().map(residue).collect()).collect();
        let mut constants: Vec<BigInt> = total.constants.iter().map(residue).collect();
        let (mut low, mut high) = (BigInt::zero(), BigInt::zero());
        for (part, residues) in total.parts.iter().zip(&parts) {
            let gates = self.shape(part.gates);
            let first = total.shape.len();
            let times: u64 = gates[first..first + part.repeated].iter().map(|size| size.value).product();
            let width = if part.each { residues.len() / total.constants.len().max(1) } else { residues.len() };
            let reach = |sign: bool| {
                let row = |row: &[BigInt]| row.iter().filter(|r| r.is_negative() == sign).sum::<BigInt>();
                residues.chunks(width.max(1)).map(row).max_by_key(BigInt::abs)
            };
            low += reach(true).unwrap_or_default() * times;
            high += reach(false).unwrap_or_default() * times;
        }
        low += constants.iter().min().cloned().unwrap_or_default();
        high += constants.iter().max().cloned().unwrap_or_default();
        let period = BigInt::one() << (bit + 1);
        let offset = -low.div_floor(&period) * &period;
        constants.iter_mut().for_each(|constant| *constant += &offset);
        let multiples = ((high + offset) >> bit).to_u64().unwrap_or(u64::MAX);
        Residues { parts, constants, multiples }
    }

    /// The product of matrices `[rows, inner]` and `[inner, columns]`, or of a matrix and a vector `[inner]`: 1 layer.
    ///
    /// # Errors
    /// When the inner axes differ.
    pub fn matrix_product(&mut self, a: &Binary, b: &Binary) -> Result<Total> {
        let kept: Vec<Size> = [&a.shape[..1], &b.shape[1..]].concat();
        let inner = kept.len();
        let shape: Vec<Size> = kept.iter().cloned().chain([b.shape[0].clone()]).collect();
        let first = vec![Index::axis(0), Index::axis(inner)];
        let second = std::iter::once(Index::axis(inner)).chain((1..b.shape.len()).map(Index::axis)).collect();
        let pairing = Pairing { shape, band: None, first, second };
        let ands = self.ands(&a.bits, &b.bits, &pairing, None)?;
        let range = a.range.times(&b.range).scaled(&b.shape[0].value.into());
        let part = Part { gates: ands.gates, repeated: 1, weights: a.bits.times(&b.bits), each: false };
        let unit = &a.unit * &b.unit;
        Ok(Total { constants: zeros(&kept), shape: kept, parts: vec![part], unit, range })
    }

    /// The same numbers over a gate per bit, of the layer of products: 1 layer.
    ///
    /// # Errors
    /// Never for numbers of this circuit.
    pub fn kept(&mut self, x: &Binary) -> Result<Total> {
        let gates = self.builder.gate(x.bits.array, 1)?;
        let part = Part { gates, repeated: 0, weights: x.bits.weights.to_vec(), each: false };
        let (shape, unit, range) = (x.shape.clone(), x.unit.clone(), x.range.clone());
        Ok(Total { constants: zeros(&shape), shape, parts: vec![part], unit, range })
    }
}

/// The sums of one bit.
struct Residues {
    /// Residues of the weights of each part.
    parts: Vec<Vec<BigInt>>,
    /// Of the constants, moved so that no sum is negative.
    constants: Vec<BigInt>,
    /// Multiples of `2^bit` above zero that a sum reaches, at most.
    multiples: u64,
}

/// The residue modulo `2^(bit + 1)` of least absolute value.
fn nearest_residue(weight: &BigInt, bit: u32) -> BigInt {
    let period = BigInt::one() << (bit + 1);
    let rest = weight.mod_floor(&period);
    if rest > BigInt::one() << bit { rest - period } else { rest }
}

fn zeros(shape: &[Size]) -> Vec<BigInt> {
    vec![BigInt::zero(); shape.iter().map(|size| size.value as usize).product()]
}

/// Row-major strides of the axes from `first` on.
fn strides(shape: &[Size], first: usize) -> Vec<(usize, i64)> {
    let mut step = 1;
    let mut steps = Vec::new();
    for (axis, size) in shape.iter().enumerate().skip(first).rev() {
        steps.push((axis, step));
        step *= size.value as i64;
    }
    steps
}
