//! The search for a period along one axis, the others held at their lengths: depths are computed until they repeat, and written as potentials;
//! must not decide whether these prove anything.
//!
//! Where wires go back along one axis, depths are periodic in the end (Cohen, Dubois, Quadrat and Viot 1983): `x(t + c) = x(t) + c rate`, with a
//! rate for each vertex. That is one polynomial for each residue of the index (theory.md E.2).

use super::search::Accepted;
use super::timeline::Timeline;
use super::{table, write};
use crate::certificate::{Bound, Certificate, Classes, Factor, Polynomial, Term};
use crate::loops::Skeleton;

/// The most times computed.
const MOST: usize = 1024;

/// The most vertices computed over all times.
const MOST_WORK: usize = 4_000_000;

/// The most classes of indices along an axis.
const MOST_CLASSES: u64 = 256;

/// The most polynomials of all certificates of one period.
const MOST_LISTED: usize = 200_000;

/// Certificates of a period along an axis, one for each residue of its length, all of which are accepted.
pub(super) fn find(
    circuit: &str,
    closed: &Skeleton,
    axis: usize,
    accepted: &dyn Fn(Certificate) -> Option<Accepted>,
) -> Option<Vec<Accepted>> {
    let window = usize::try_from(closed.longest_delay(axis).max(1)).ok()?;
    let mut line = Timeline::new(closed, axis)?;
    let mut times = window.saturating_mul(2).saturating_add(14);
    while times <= MOST && times * line.vertices <= MOST_WORK {
        line.run(times);
        if let Some((first, period)) = repeats(&line, window) {
            // A tie may hide at first who leads for good.
            let edges = [first, first + 1, first + period].into_iter().filter(|edge| edge + 2 * period <= times);
            let periods = edges.map(|edge| Period { closed, axis, line: &line, edge, period });
            if let Some(found) = periods.filter(Period::small).find_map(|found| found.all(circuit, accepted)) {
                return Some(found);
            }
        }
        times *= 2;
    }
    None
}

/// The least period, and the first time from which on all vertices rise by the same in each; if the times computed show any.
fn repeats(line: &Timeline, window: usize) -> Option<(usize, usize)> {
    let times = line.depths.len();
    (1..=times / 3).find_map(|period| {
        let rise = |time: usize, v: usize| line.depths[time][v] as i128 - line.depths[time - period][v] as i128;
        let same = |time: &usize| (0..line.vertices).all(|v| rise(*time, v) == rise(times - 1, v));
        let held = (period..times).rev().take_while(same).count();
        (held >= 2 * period.max(window)).then_some((times - held - period, period))
    })
}

/// A period, and what shows it.
struct Period<'a> {
    closed: &'a Skeleton,
    axis: usize,
    line: &'a Timeline,
    /// The first time of the periodic part.
    edge: usize,
    period: usize,
}

impl Period<'_> {
    fn small(&self) -> bool {
        let classes = self.edge + self.period;
        classes.max(self.period * 2) as u64 <= MOST_CLASSES
            && (0..self.closed.axes().len())
                .all(|axis| axis == self.axis || self.closed.axes()[axis].length <= MOST_CLASSES)
            && self.line.vertices * classes * self.period <= MOST_LISTED
    }

    /// For the lengths `edge + 1` and on, a certificate for each residue.
    fn all(&self, circuit: &str, accepted: &dyn Fn(Certificate) -> Option<Accepted>) -> Option<Vec<Accepted>> {
        let least = self.edge + 1..self.edge + 1 + self.period;
        least.map(|length| accepted(self.certificate(circuit, length)?)).collect()
    }

    fn certificate(&self, circuit: &str, minimum: usize) -> Option<Certificate> {
        let class = |(number, axis): (usize, &crate::loops::Axis)| {
            let (name, length) = (axis.name.to_string(), axis.length);
            match number == self.axis {
                true => Classes { name, edge: self.edge as u64, period: self.period as u64, minimum: minimum as u64 },
                false => Classes { name, edge: length, period: 0, minimum: length },
            }
        };
        let axes: Vec<Classes> = self.closed.axes().iter().enumerate().map(class).collect();
        let blocks = (0..self.closed.blocks().len()).map(|block| self.block(block, &axes, minimum));
        let scale = i64::try_from(self.period).ok()?;
        Some(write::whole(circuit, Bound::Exactly, scale, &axes, blocks.collect::<Option<_>>()?))
    }

    fn block(&self, block: usize, axes: &[Classes], minimum: usize) -> Option<Vec<Vec<Vec<Polynomial>>>> {
        let inner = &self.closed.blocks()[block];
        let classes: Vec<Vec<u64>> =
            inner.axes.iter().map(|axis| (0..axes[*axis].edge + axes[*axis].period).collect()).collect();
        let region = |at: &Vec<u64>| {
            let first = self.line.first(block, at.clone());
            let class = self.line.along(block).map(|position| at[position] as usize);
            (first..first + inner.bodies[0].vertices.len())
                .map(|vertex| Some(vec![self.polynomial(vertex, class, minimum)?]))
                .collect::<Option<Vec<_>>>()
        };
        table::product(&classes).iter().map(region).collect()
    }

    /// Of a vertex in a class of indices or, if it is not repeated along the axis, at lengths from the least on.
    fn polynomial(&self, vertex: usize, class: Option<usize>, minimum: usize) -> Option<Polynomial> {
        let (time, factor, from) = match class {
            Some(time) => (time, Factor::Index, time),
            None => (minimum - 1, Factor::Length, minimum),
        };
        let last = self.line.depths.len() - 1;
        let depth = |time: usize| i64::try_from(self.line.depths[time][vertex]).ok();
        let rise = if time < self.edge { 0 } else { depth(last)?.checked_sub(depth(last - self.period)?)? };
        let start = depth(time)?.checked_mul(i64::try_from(self.period).ok()?)?;
        let constant = start.checked_sub(rise.checked_mul(i64::try_from(from).ok()?)?)?;
        let of = |factor| {
            let axes = 0..self.closed.axes().len();
            axes.map(|axis| if axis == self.axis { factor } else { Factor::One }).collect()
        };
        let terms = [Term { times: rise, of: of(factor) }, Term { times: constant, of: of(Factor::One) }];
        Some(terms.into_iter().filter(|term| term.times != 0).collect())
    }
}
