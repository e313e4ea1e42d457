//! Sums of terms, element by element, in wrapping integers: of numbers, of gates known by how many fire, of products; exact where the
//! result fits.

use std::sync::Arc;

use super::data::Data;
use super::integer::{Int, low_bits};
use super::nest::{Nest, Run};
use crate::circuit::{Array, Circuit, Coef, Term, Values, walk};

/// Coefficients: a factor, times entries of a list.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    /// The low bits of the factor.
    pub scale: i128,
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
    /// The low bits of big ones.
    Wide(Arc<[i128]>),
}

impl Factors {
    /// Of a coefficient of a bound circuit.
    pub fn new(circuit: &Circuit, coef: &Coef) -> Self {
        let list = match coef.table.as_ref().and_then(|(table, _)| circuit.table(*table).values.as_ref()) {
            None => List::Ones,
            Some(Values::Small(values)) => List::Small(values.clone()),
            Some(values) => List::Wide(values.iter().map(|value| low_bits(&value)).collect()),
        };
        Self { scale: low_bits(&coef.scale), list }
    }

    /// The low bits of one coefficient.
    #[inline]
    pub fn at(&self, place: i64) -> i128 {
        match &self.list {
            List::Ones => self.scale,
            List::Small(list) => self.scale.wrapping_mul(list[place as usize].into()),
            List::Wide(list) => self.scale.wrapping_mul(list[place as usize]),
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
            Data::Big(forms) => self.add_from(array, |place| T::low(low_bits(&forms[place])), out),
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
            List::Wide(list) => self.add_runs(array, out, |run| {
                places(&run).fold(T::default(), |sum, (at, coef)| sum.plus(source(at).times(T::low(list[coef]))))
            }),
        }
    }

    #[inline]
    fn add_runs<T: Int>(&self, array: &Array, out: &mut [T], sum: impl Fn(Run) -> T) {
        add_runs(&self.nest, array, T::low(self.factors.scale), out, sum);
    }
}

/// The places of a run in the first two lists.
#[inline]
fn places(run: &Run) -> impl Iterator<Item = (usize, usize)> {
    let ([a, b, _], [x, y, _]) = (run.at, run.step);
    (0..run.count as i64).map(move |k| ((a + x * k) as usize, (b + y * k) as usize))
}

#[inline]
pub(super) fn add_runs<T: Int>(nest: &Nest, array: &Array, scale: T, out: &mut [T], sum: impl Fn(Run) -> T) {
    nest.each(array, |element, at, start| {
        let mut total = T::default();
        nest.runs(at, start, &mut |run| total = total.plus(sum(run)));
        out[element] = out[element].plus(total.times(scale));
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
        self.nest.each(array, |element, _, start| {
            out[element] = out[element].plus(T::low(self.factors.at(start[1])));
        });
    }
}

/// A term that sums all gates of a source that fire one after another: what has fired is worth a sum of the first coefficients. Its
/// first map is of ranks, its second of the row of sums.
#[derive(Clone, Debug)]
pub(super) struct Ranked {
    pub source: usize,
    nest: Nest,
    scale: i128,
    worth: Worth,
}

#[derive(Clone, Debug)]
enum Worth {
    /// Each gate is worth one.
    Ones,
    /// After each number of gates a row of sums.
    Rows { sums: Vec<i64>, rows: usize },
}

/// Most sums kept for one term.
const MOST_SUMS: usize = 1 << 25;

impl Ranked {
    /// If the term sums a whole axis of gates, and the sums fit 64 bits.
    pub fn new(circuit: &Circuit, array: &Array, plain: &Plain, term: &Term, gates: usize) -> Option<Self> {
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
        let scale = plain.factors.scale;
        let worth = match &plain.factors.list {
            List::Ones => Worth::Ones,
            List::Small(list) => rows(&mut nest, array, list, step[1], gates)?,
            List::Wide(_) => return None,
        };
        Some(Self { source: plain.source, nest, scale, worth })
    }

    pub fn add<T: Int>(&self, array: &Array, ranks: &[u32], out: &mut [T]) {
        let scale = T::low(self.scale);
        match &self.worth {
            Worth::Ones => add_runs(&self.nest, array, scale, out, |run| {
                places(&run).fold(T::default(), |sum, (at, _)| sum.plus(T::of(ranks[at].into())))
            }),
            Worth::Rows { sums, rows } => add_runs(&self.nest, array, scale, out, |run| {
                let worth = |at: usize, row: usize| T::of(sums[ranks[at] as usize * rows + row]);
                places(&run).fold(T::default(), |sum, (at, row)| sum.plus(worth(at, row)))
            }),
        }
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

/// Sums of the first coefficients of each row that the term reads; its second map becomes that of rows.
fn rows(nest: &mut Nest, array: &Array, list: &[i64], step: i64, gates: usize) -> Option<Worth> {
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
    let rows = starts.len();
    if rows.checked_mul(gates + 1).is_none_or(|all| all > MOST_SUMS) {
        return None;
    }
    let mut sums = vec![0i64; rows * (gates + 1)];
    for gate in 0..gates {
        for (row, start) in starts.iter().enumerate() {
            let coef = list[(start + step * gate as i64) as usize];
            sums[(gate + 1) * rows + row] = sums[gate * rows + row].checked_add(coef)?;
        }
    }
    Some(Worth::Rows { sums, rows })
}
