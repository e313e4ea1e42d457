//! Sums of terms, element by element: of numbers, and of gates known by how many fire; in wrapping integers exact where the result fits.
//! Must not know how products are found.

use std::sync::Arc;

use num_bigint::BigInt;

use super::data::Data;
use super::integer::{Int, add, low_bits};
use super::nest::{Nest, Run};
use super::shared::{FirstSums, Shared};
use crate::circuit::{Array, Circuit, Coef, Term, Values, walk};

/// Coefficients: a factor, times entries of a list.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    /// The factor.
    pub scale: BigInt,
    /// Its low bits.
    pub low: i128,
    /// The list; all ones if none.
    pub list: List,
}

/// A list of coefficients.
#[derive(Clone, Debug)]
pub(super) enum List {
    /// All ones.
    Ones,
    /// Small ones.
    Small(Arc<[i64]>),
    /// Of any size.
    Big(Arc<[BigInt]>),
    /// Products of each of the first with each of the second.
    Products([Arc<[BigInt]>; 2]),
}

/// One of the products of each of the first with each of the second.
pub(super) fn product_at([a, b]: &[Arc<[BigInt]>; 2], place: usize) -> BigInt {
    &a[place / b.len()] * &b[place % b.len()]
}

impl Factors {
    /// Of a coefficient of a bound circuit.
    pub fn new(circuit: &Circuit, coef: &Coef) -> Self {
        let list = match coef.table.as_ref().and_then(|(table, _)| circuit.table(*table).values.as_ref()) {
            None => List::Ones,
            Some(Values::Small(values)) => List::Small(values.clone()),
            Some(Values::Big(values)) => List::Big(values.clone()),
            Some(Values::Products(factors)) => List::Products(factors.clone()),
        };
        Self { scale: coef.scale.clone(), low: low_bits(&coef.scale), list }
    }

    /// The low bits of one coefficient.
    #[inline]
    pub fn at(&self, place: i64) -> i128 {
        match &self.list {
            List::Ones => self.low,
            List::Small(list) => self.low.wrapping_mul(list[place as usize].into()),
            List::Big(list) => self.low.wrapping_mul(low_bits(&list[place as usize])),
            List::Products(factors) => self.low.wrapping_mul(low_bits(&product_at(factors, place as usize))),
        }
    }

    /// One entry of the list.
    #[inline]
    fn entry<T: Int>(&self, place: i64) -> T {
        match &self.list {
            List::Ones => T::of(1),
            List::Small(list) => T::of(list[place as usize]),
            List::Big(list) => T::big(&list[place as usize]),
            List::Products(factors) => T::big(&product_at(factors, place as usize)),
        }
    }
}

/// One term: its first map is of the source, its second of the coefficients.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// The number of the array read.
    pub source: usize,
    pub nest: Nest,
    pub factors: Factors,
}

impl Plain {
    pub fn new(circuit: &Circuit, array: &Array, term: &Term) -> Self {
        let mut nest = Nest::new(array, term);
        let strides = walk::strides(&circuit.array(term.source).shape);
        term.index.iter().zip(strides).for_each(|(index, stride)| nest.add(0, index, stride));
        nest.add_coefficient(1, &term.coef);
        Self { source: term.source.index(), nest, factors: Factors::new(circuit, &term.coef) }
    }

    /// Adds the term to every element.
    pub fn add<T: Int>(&self, array: &Array, source: &Data, out: &mut [T]) {
        match source {
            Data::Bits(bits) => self.add_from(array, |place| T::of(bits[place].into()), out),
            Data::Ranks { .. } => {
                let bits = source.bits();
                self.add_from(array, |place| T::of(bits[place].into()), out);
            }
            Data::Small(forms) => self.add_from(array, |place| T::of(forms[place]), out),
            Data::Wide(forms) => self.add_from(array, |place| T::low(forms[place]), out),
            Data::Big(forms) => self.add_from(array, |place| T::big(&forms[place]), out),
            Data::Gone => unreachable!("an array is kept until its last reader"),
        }
    }

    fn add_from<T: Int>(&self, array: &Array, source: impl Fn(usize) -> T, out: &mut [T]) {
        match &self.factors.list {
            List::Ones => {
                self.add_runs(array, out, |run| places(&run).fold(T::default(), |sum, (at, _)| sum.plus(source(at))))
            }
            List::Small(list) => self.add_runs(array, out, |run| {
                places(&run).fold(T::default(), |sum, (at, coef)| sum.plus(source(at).times(T::of(list[coef]))))
            }),
            List::Big(list) => self.add_runs(array, out, |run| {
                places(&run).fold(T::default(), |sum, (at, coef)| sum.plus(source(at).times(T::big(&list[coef]))))
            }),
            List::Products(factors) => self.add_runs(array, out, |run| {
                let entry = |coef| T::big(&product_at(factors, coef));
                places(&run).fold(T::default(), |sum, (at, coef)| sum.plus(source(at).times(entry(coef))))
            }),
        }
    }

    #[inline]
    fn add_runs<T: Int>(&self, array: &Array, out: &mut [T], sum: impl Fn(Run) -> T) {
        add_runs(&self.nest, array, &T::big(&self.factors.scale), out, sum);
    }
}

/// The places of a run in the first two lists.
#[inline]
fn places(run: &Run) -> impl Iterator<Item = (usize, usize)> {
    let ([a, b, _], [x, y, _]) = (run.at, run.step);
    (0..run.count as i64).map(move |k| ((a + x * k) as usize, (b + y * k) as usize))
}

/// Adds to every element the sum of its runs times a factor.
#[inline]
pub(super) fn add_runs<T: Int>(nest: &Nest, array: &Array, scale: &T, out: &mut [T], sum: impl Fn(Run) -> T) {
    let total = |at: &[u64], start| {
        let mut total = T::default();
        nest.runs(at, start, &mut |run| add(&mut total, sum(run)));
        total.times(scale.clone())
    };
    let still = nest.still(array);
    if still.is_empty() {
        return nest.each(array, |element, at, start| add(&mut out[element], total(at, start)));
    }
    let mut totals = vec![T::default(); out.len()];
    nest.each(array, |element, at, start| {
        let first = element - still.iter().map(|(axis, stride)| at[*axis] as usize * stride).sum::<usize>();
        if first == element {
            totals[element] = total(at, start);
        }
        add(&mut out[element], totals[first].clone());
    });
}

/// A constant summand: its second map is of the coefficients.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub nest: Nest,
    pub factors: Factors,
}

impl Constant {
    pub fn new(circuit: &Circuit, array: &Array, coef: &Coef) -> Self {
        let mut nest =
            Nest { base: [0; 3], own: vec![[0; 3]; array.shape.len()], sums: vec![], gathers: vec![], band: None };
        nest.add_coefficient(1, coef);
        Self { nest, factors: Factors::new(circuit, coef) }
    }

    pub fn add<T: Int>(&self, array: &Array, out: &mut [T]) {
        let scale = T::big(&self.factors.scale);
        self.nest.each(array, |element, _, start| {
            add(&mut out[element], self.factors.entry::<T>(start[1]).times(scale.clone()));
        });
    }
}

/// A term that sums all gates of a source that fire one after another: what has fired is worth a sum of the first coefficients. Its
/// first map is of ranks, its second of the row of sums.
#[derive(Clone, Debug)]
pub(super) struct Ranked {
    pub source: usize,
    nest: Nest,
    scale: BigInt,
    worth: Worth,
}

#[derive(Clone, Debug)]
enum Worth {
    /// Each gate is worth one.
    Ones,
    /// After each number of gates a row of sums, of so many.
    Rows(FirstSums, usize),
}

impl Ranked {
    /// If the term sums a whole axis of gates, and the sums are few.
    pub fn new(
        circuit: &Circuit,
        array: &Array,
        plain: &Plain,
        term: &Term,
        gates: usize,
        shared: &mut Shared,
    ) -> Option<Self> {
        let axis = gate_axis(circuit, array, term)?;
        let inner = axis - array.shape.len();
        let mut nest = plain.nest.clone();
        let step = nest.sums.remove(inner).1;
        if nest.band.as_ref().is_some_and(|(band, _)| band.key > axis) {
            return None;
        }
        let all = nest.own.iter_mut().chain(nest.sums.iter_mut().map(|(_, step)| step));
        let all = all.chain(nest.gathers.iter_mut().map(|(_, _, step)| step)).chain([&mut nest.base]);
        all.for_each(|places| places[0] /= gates as i64);
        let scale = plain.factors.scale.clone();
        let worth = match &plain.factors.list {
            List::Ones => Worth::Ones,
            list => {
                let starts = rows(&mut nest, array)?;
                let rows = starts.len();
                Worth::Rows(shared.first_sums(list, starts, step[1], gates)?, rows)
            }
        };
        Some(Self { source: plain.source, nest, scale, worth })
    }

    pub fn add<T: Int>(&self, array: &Array, ranks: &[u32], out: &mut [T]) {
        match &self.worth {
            Worth::Ones => self.add_worth(array, ranks, |rank, _| T::of(rank as i64), out),
            Worth::Rows(FirstSums::Small(sums), rows) => {
                self.add_worth(array, ranks, |rank, row| T::of(sums[rank * rows + row]), out);
            }
            Worth::Rows(FirstSums::Big(sums), rows) => {
                self.add_worth(array, ranks, |rank, row| T::big(&sums[rank * rows + row]), out);
            }
        }
    }

    #[inline]
    fn add_worth<T: Int>(&self, array: &Array, ranks: &[u32], worth: impl Fn(usize, usize) -> T, out: &mut [T]) {
        add_runs(&self.nest, array, &T::big(&self.scale), out, |run| {
            places(&run).fold(T::default(), |sum, (at, row)| sum.plus(worth(ranks[at] as usize, row)))
        });
    }
}

/// The summed axis that runs along all of the source's last axis, and along nothing else of it.
fn gate_axis(circuit: &Circuit, array: &Array, term: &Term) -> Option<usize> {
    let source = circuit.array(term.source);
    let (last, others) = term.index.split_last()?;
    let [(axis, 1)] = last.steps[..] else { return None };
    let inner = axis.checked_sub(array.shape.len())?;
    let whole = last.base == 0 && last.gather.is_none() && term.sum[inner].value == source.shape.last()?.value;
    let alone = others.iter().all(|index| index.steps.iter().all(|(other, _)| *other != axis));
    let banded = term.band.as_ref().is_some_and(|band| band.key == axis);
    (whole && alone && !banded).then_some(axis)
}

/// Where each row of coefficients that the term reads begins; the second map of the nest becomes that of rows.
fn rows(nest: &mut Nest, array: &Array) -> Option<Vec<i64>> {
    let mut starts = vec![nest.base[1]];
    let own = array.shape.iter().map(|size| size.value).zip(nest.own.iter_mut());
    let axes = own.chain(nest.sums.iter_mut().map(|(len, step)| (*len, step)));
    if nest.gathers.iter().any(|(_, _, step)| step[1] != 0) {
        return None;
    }
    for (len, places) in axes {
        if places[1] == 0 || len == 1 {
            places[1] = 0;
            continue;
        }
        let by = std::mem::replace(&mut places[1], starts.len() as i64);
        let longer = (0..len as i64).flat_map(|k| starts.iter().map(move |start| start + by * k));
        starts = longer.collect();
    }
    nest.base[1] = 0;
    Some(starts)
}
