//! Linear index maps over an array's axes and summed axes, followed element by element; must not know what is read at them.

use std::sync::Arc;

use crate::circuit::{Array, Band, Coef, Index, Term, walk};

/// Positions in up to three lists at once.
pub(super) type Places = [i64; 3];

/// Maps from the axes of an array, and summed axes after them, to places: `base + sum of step * axis`.
#[derive(Clone, Debug)]
pub(super) struct Nest {
    pub base: Places,
    /// A step for each axis of the array.
    pub own: Vec<Places>,
    /// Length and step of each summed axis.
    pub sums: Vec<(u64, Places)>,
    /// An own axis, a list it addresses, and the step of an entry.
    pub gathers: Vec<(usize, Arc<[i64]>, Places)>,
    /// Restricts a summed axis (its number among all axes) to the keys of a query.
    pub band: Option<(Band, u64)>,
}

/// Summed places one after the other: the first, the step to the next, how many.
pub(super) struct Run {
    pub at: Places,
    pub step: Places,
    pub count: usize,
}

impl Nest {
    /// The axes of an array and a term's summed axes, all steps zero.
    pub fn new(array: &Array, term: &Term) -> Self {
        let size = |axis: usize| {
            let inner = axis.checked_sub(array.shape.len()).map(|inner| term.sum[inner].value);
            inner.unwrap_or_else(|| array.shape[axis].value)
        };
        Self {
            base: [0; 3],
            own: vec![[0; 3]; array.shape.len()],
            sums: term.sum.iter().map(|size| (size.value, [0; 3])).collect(),
            gathers: Vec::new(),
            band: term.band.as_ref().map(|band| (band.clone(), size(band.key))),
        }
    }

    /// Adds `stride * index` to one of the three maps.
    pub fn add(&mut self, map: usize, index: &Index, stride: i64) {
        self.base[map] += index.base * stride;
        for (axis, step) in &index.steps {
            let inner = axis.checked_sub(self.own.len());
            let place = match inner {
                Some(inner) => &mut self.sums[inner].1,
                None => &mut self.own[*axis],
            };
            place[map] += step * stride;
        }
        if let Some((axis, list)) = &index.gather {
            let mut step = [0; 3];
            step[map] = stride;
            self.gathers.push((*axis, list.clone(), step));
        }
    }

    /// Adds the place of a coefficient's table entry to a map.
    pub fn add_coefficient(&mut self, map: usize, coef: &Coef) {
        if let Some((_, index)) = &coef.table {
            self.add(map, index, 1);
        }
    }

    /// Axes of the array, with their strides, along which every element sums the same: none where nothing is summed.
    pub fn still(&self, array: &Array) -> Vec<(usize, usize)> {
        let gathered = |axis: usize| self.gathers.iter().any(|(other, ..)| *other == axis);
        let still = |axis: &usize| array.shape[*axis].value > 1 && self.own[*axis] == [0; 3] && !gathered(*axis);
        if self.sums.is_empty() || self.band.is_some() || array.band.is_some() {
            return Vec::new();
        }
        let strides = walk::strides(&array.shape);
        (0..self.own.len()).filter(still).map(|axis| (axis, strides[axis] as usize)).collect()
    }

    /// Calls `f` with the number of every existing element and where it begins in each list.
    #[inline]
    pub fn each(&self, array: &Array, mut f: impl FnMut(usize, &[u64], Places)) {
        let last = array.shape.len().saturating_sub(1);
        let straight = self.gathers.iter().all(|(axis, ..)| *axis != last) && !array.shape.is_empty();
        let mut row = [0; 3];
        walk::elements(&array.shape, array.band.as_ref(), |element, at| {
            let start = match straight {
                true if at[last] > 0 && array.band.is_none() => plus(row, self.own[last], at[last] as i64),
                _ => self.start(at),
            };
            if straight && at[last] == 0 {
                row = start;
            }
            f(element, at, start);
        });
    }

    fn start(&self, at: &[u64]) -> Places {
        let mut start = self.base;
        for (step, coordinate) in self.own.iter().zip(at) {
            start = plus(start, *step, *coordinate as i64);
        }
        for (axis, list, step) in &self.gathers {
            start = plus(start, *step, list[at[*axis] as usize]);
        }
        start
    }

    /// Calls `f` with the runs of places summed for the element at `at`, which begins at `start`.
    #[inline]
    pub fn runs(&self, at: &[u64], start: Places, f: &mut impl FnMut(Run)) {
        match self.sums.is_empty() {
            true => f(Run { at: start, step: [0; 3], count: 1 }),
            false => self.descend(0, at, start, f),
        }
    }

    fn descend(&self, depth: usize, at: &[u64], start: Places, f: &mut impl FnMut(Run)) {
        let (len, step) = self.sums[depth];
        let (first, last) = match &self.band {
            Some((band, all)) if band.key == at.len() + depth => band.keys(at[band.query], *all),
            _ => (0, len),
        };
        if depth + 1 == self.sums.len() {
            return f(Run { at: plus(start, step, first as i64), step, count: (last - first) as usize });
        }
        for k in first..last {
            self.descend(depth + 1, at, plus(start, step, k as i64), f);
        }
    }
}

#[inline]
fn plus(places: Places, step: Places, times: i64) -> Places {
    [places[0] + step[0] * times, places[1] + step[1] * times, places[2] + step[2] * times]
}
