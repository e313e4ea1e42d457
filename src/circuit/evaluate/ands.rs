//! Weighted sums of ANDs of bits, read as products of numbers: `sum over i, j of a_i b_j [x_i + y_j >= 2] = (sum a_i x_i) (sum b_j y_j)`
//! where all x and y are 0 or 1; with a third bit z in each AND, that times z. Of bits that are forms the values at hand have to say that
//! they are; must not know how other terms are read.

use num_bigint::BigInt;

use super::data::Data;
use super::integer::{Int, add};
use super::nest::{Nest, Run};
use super::shared::Shared;
use super::sums::{Plain, add_runs};
use crate::circuit::{Affine, Array, Bank, Circuit, Index, Node, Term, Thresholds, walk};

/// A term whose source is a bank of such ANDs. The maps of its nest are of the factors.
#[derive(Clone, Debug)]
pub(super) struct Product {
    factors: Vec<Factor>,
    nest: Nest,
    scale: BigInt,
}

/// The numbers that bits stand for.
#[derive(Clone, Debug)]
struct Factor {
    source: usize,
    /// What each bit is worth; none of a single bit.
    worth: Vec<BigInt>,
}

impl Product {
    /// If the term reads ANDs and its coefficients are products of what their bits are worth.
    pub fn new(circuit: &Circuit, array: &Array, plain: &Plain, term: &Term, shared: &mut Shared) -> Option<Self> {
        let ands = circuit.array(term.source);
        let parts = parts(circuit, ands)?;
        let axes = ands.shape.len();
        let (i, j) = (bit_axis(array, term, ands, axes - 2)?, bit_axis(array, term, ands, axes - 1)?);
        let worths = worths(plain, array, (i, j), shared)?;
        let mut nest = Nest::new(array, term);
        let mut factors = Vec::new();
        for (map, part) in parts.iter().enumerate() {
            let worth = worths.get(map).cloned().unwrap_or_default();
            compose(circuit, &mut nest, map, part, term, !worth.is_empty())?;
            factors.push(Factor { source: part.source.index(), worth });
        }
        let own = array.shape.len();
        for axis in [i.max(j), i.min(j)] {
            nest.sums.remove(axis - own);
        }
        let behind = nest.band.as_ref().is_some_and(|(band, _)| band.key > i.min(j));
        (!behind).then(|| Self { factors, nest, scale: plain.factors.scale.clone() })
    }

    /// The arrays it reads.
    pub fn sources(&self) -> impl Iterator<Item = usize> {
        self.factors.iter().map(|factor| factor.source)
    }

    /// Whether everything it takes for bits is 0 or 1.
    pub fn holds(&self, data: &[Data]) -> bool {
        self.factors.iter().all(|factor| data[factor.source].all_bits().is_some())
    }

    /// Adds the term to every element; false if something is neither 0 nor 1.
    pub fn add<T: Int>(&self, array: &Array, data: &[Data], out: &mut [T]) -> bool {
        let values = self.factors.iter().map(|factor| factor.values(&data[factor.source]));
        let Some(values) = values.collect::<Option<Vec<Vec<T>>>>() else { return false };
        let scale = T::big(&self.scale);
        let (x, y) = (&values[0], &values[1]);
        let both = |at: [usize; 3]| x[at[0]].clone().times(y[at[1]].clone());
        match values.get(2) {
            None => add_runs(&self.nest, array, &scale, out, |run: Run| {
                places(&run).fold(T::default(), |sum, at| sum.plus(both(at)))
            }),
            Some(z) => add_runs(&self.nest, array, &scale, out, |run: Run| {
                places(&run).fold(T::default(), |sum, at| sum.plus(both(at).times(z[at[2]].clone())))
            }),
        }
        true
    }
}

impl Factor {
    /// The number at each place but the axis of bits.
    fn values<T: Int>(&self, data: &Data) -> Option<Vec<T>> {
        let bits = data.all_bits()?;
        if self.worth.is_empty() {
            return Some(bits.iter().map(|bit| T::of((*bit).into())).collect());
        }
        let worth: Vec<T> = self.worth.iter().map(T::big).collect();
        let value = |bits: &[u8]| {
            let mut value = T::default();
            let set = bits.iter().zip(&worth).filter(|(bit, _)| **bit == 1);
            set.for_each(|(_, worth)| add(&mut value, worth.clone()));
            value
        };
        Some(bits.chunks_exact(worth.len()).map(value).collect())
    }
}

#[inline]
fn places(run: &Run) -> impl Iterator<Item = [usize; 3]> {
    let (at, step) = (run.at, run.step);
    (0..run.count as i64).map(move |k| [0, 1, 2].map(|map| (at[map] + step[map] * k) as usize))
}

/// The terms of a bank of ANDs: two or three bits, all of which must be 1.
fn parts<'c>(circuit: &'c Circuit, ands: &Array) -> Option<&'c [Term]> {
    let Node::Bank(Bank { form, thresholds: Thresholds::Known(list) }) = &ands.node else { return None };
    let forms = circuit.array(*form);
    let Node::Affine(Affine { constants, terms }) = &forms.node else { return None };
    let single = forms.shape.len() == ands.shape.len() && list.len() == 1 && list[0] == terms.len().into();
    let plain = |term: &Term| {
        let one = term.coef.table.is_none() && term.coef.scale == 1.into();
        let small = circuit.array(term.source).range.magnitude().bits() <= 62;
        one && small && term.sum.is_empty() && term.band.is_none()
    };
    let fits = single && constants.is_empty() && (2..=3).contains(&terms.len()) && terms.iter().all(plain);
    fits.then_some(terms)
}

/// The summed axis that runs along all of this axis of the ANDs, and along nothing else of them.
fn bit_axis(array: &Array, term: &Term, ands: &Array, axis: usize) -> Option<usize> {
    let [(summed, 1)] = term.index[axis].steps[..] else { return None };
    let inner = summed.checked_sub(array.shape.len())?;
    let whole = term.index[axis] == Index::axis(summed) && term.sum[inner].value == ands.shape[axis].value;
    let uses = term.index.iter().filter(|index| index.steps.iter().any(|(other, _)| *other == summed)).count();
    let banded = term.band.as_ref().is_some_and(|band| band.key == summed);
    (whole && uses == 1 && !banded).then_some(summed)
}

/// What the bits along two summed axes are worth, if each coefficient is a product of two.
fn worths(plain: &Plain, array: &Array, (i, j): (usize, usize), shared: &mut Shared) -> Option<[Vec<BigInt>; 2]> {
    let own = array.shape.len();
    let ((rows, row), (columns, column)) = (plain.nest.sums[i - own], plain.nest.sums[j - own]);
    let others = plain.nest.sums.iter().enumerate().filter(|(inner, _)| inner + own != i && inner + own != j);
    let fixed =
        others.map(|(_, (_, step))| step[1]).chain(plain.nest.own.iter().map(|step| step[1])).all(|step| step == 0);
    if !fixed || plain.nest.gathers.iter().any(|(_, _, step)| step[1] != 0) {
        return None;
    }
    let worths = shared.worths(&plain.factors.list, plain.nest.base[1], (rows, row[1]), (columns, column[1]));
    worths.map(|worths| (*worths).clone())
}

/// Adds to a map of the nest where a part of the ANDs is read, its last axis left out where that is the axis of bits.
fn compose(circuit: &Circuit, nest: &mut Nest, map: usize, part: &Term, term: &Term, bits: bool) -> Option<()> {
    let source = circuit.array(part.source);
    let axes = term.index.len();
    let own_bit = if bits { Some(axes - 2 + map) } else { None };
    let mut strides = walk::strides(&source.shape);
    let mut indices: Vec<&Index> = part.index.iter().collect();
    if let Some(axis) = own_bit {
        let whole = indices.pop() == Some(&Index::axis(axis));
        let len = source.shape.last()?.value as i64;
        strides.pop();
        strides.iter_mut().for_each(|stride| *stride /= len);
        whole.then_some(())?;
    }
    for (index, stride) in indices.into_iter().zip(strides) {
        let among_bits = index.steps.iter().any(|(axis, _)| *axis + 2 >= axes);
        (index.gather.is_none() && !among_bits).then_some(())?;
        nest.base[map] += index.base * stride;
        for (axis, step) in &index.steps {
            nest.add(map, &term.index[*axis], step * stride);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use crate::circuit::evaluate::evaluator;
    use crate::circuit::{Affine, Builder, Coef, Index, Size, Table, Term};

    /// Forms of 0 and `most` beside bits: a product where `most` is 1, else gate by gate.
    #[test]
    fn forms_that_are_no_bits_are_read_gate_by_gate() {
        for most in [1i64, 2] {
            let two = || vec![Size::fixed(2)];
            let mut builder = Builder::new();
            let input = builder.input(vec![Size::fixed(4)]).unwrap();
            let read = |index, factor: i64| Affine {
                constants: vec![],
                terms: vec![Term::new(input, vec![index]).by(factor)],
            };
            let x = builder.affine(two(), None, read(Index::axis(0), most)).unwrap();
            let y = builder.affine(two(), None, read(Index::axis(0).plus(2), 1)).unwrap();
            let terms = vec![Term::new(x, vec![Index::axis(0)]), Term::new(y, vec![Index::axis(1)])];
            let sums = builder.affine([two(), two()].concat(), None, Affine { constants: vec![], terms }).unwrap();
            let ands = builder.gate(sums, 2).unwrap();
            let table = builder.table(Table::small(vec![1, 2, 4, 8]));
            let coef = Coef::table(table, Index::strided([(0, 2), (1, 1)]));
            let all = Term::new(ands, Index::identity(2)).over([two(), two()].concat()).times(coef);
            let all = builder.affine(vec![], None, Affine { constants: vec![], terms: vec![all] }).unwrap();
            builder.output("sum", all);
            let circuit = builder.build();
            let evaluator = evaluator(&circuit).unwrap();
            for number in 0..16i64 {
                let bit = |place: i64| number >> place & 1;
                let gate = |i: i64, j: i64| i64::from(most * bit(i) + bit(2 + j) >= 2) << (2 * i + j);
                let wanted: i64 = (0..4).map(|pair| gate(pair / 2, pair % 2)).sum();
                let bits: Vec<bool> = (0..4).map(|place| bit(place) == 1).collect();
                assert_eq!(evaluator.run(&bits).unwrap()["sum"], [wanted.into()], "{most} {number}");
            }
        }
    }
}
