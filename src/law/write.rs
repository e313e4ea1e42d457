//! A table of potentials written as a certificate, its claim read off the outputs; must not search.

use super::table::{Node, Table};
use crate::certificate::check::frame::{Place, Tensor, covers, under};
use crate::certificate::digest::digest;
use crate::certificate::{Bound, Certificate, Polynomial, Potentials, Proof, SCHEMA, Term};
use crate::loops::Skeleton;

/// A certificate of some kind for a skeleton.
pub(super) fn certificate(skeleton: &Skeleton, proof: Proof) -> Certificate {
    Certificate { schema: SCHEMA.to_owned(), circuit: digest(skeleton), proof }
}

/// The table as a proof of a bound.
pub(super) fn potentials(table: &Table<'_>, bound: Bound) -> Option<Potentials> {
    let axes = table.frame.axes.len();
    let write = |polynomial: &Tensor| polynomial_of(polynomial, axes);
    let claim = claim(table).iter().map(write).collect::<Option<_>>()?;
    let node = |id: usize| table.lists[id].iter().map(write).collect::<Option<Vec<_>>>();
    let mut blocks = Vec::new();
    for (number, block) in table.frame.skeleton.blocks().iter().enumerate() {
        let classes = |axis: &usize| (table.frame.axes[*axis].edge + table.frame.axes[*axis].period) as usize;
        let vertices = block.bodies[0].vertices.len();
        let region = |region: usize| {
            (0..vertices)
                .map(|vertex| node(table.id(Node { block: number, region, vertex })))
                .collect::<Option<Vec<_>>>()
        };
        blocks.push((0..block.axes.iter().map(classes).product::<usize>()).map(region).collect::<Option<Vec<_>>>()?);
    }
    Some(Potentials { bound, scale: i64::try_from(table.scale).ok()?, axes: table.frame.axes.to_vec(), claim, blocks })
}

fn polynomial_of(tensor: &Tensor, axes: usize) -> Option<Polynomial> {
    let terms = tensor.iter().enumerate().filter(|(_, times)| **times != 0);
    let term = |(at, times): (usize, &i128)| {
        let with = |digit| (0..axes).filter(|axis| at / 3usize.pow(*axis as u32) % 3 == digit).collect();
        Some(Term { times: i64::try_from(*times).ok()?, lengths: with(2), indices: with(1) })
    };
    terms.map(term).collect()
}

/// The outputs' polynomials at the iterations where they are largest, in lengths alone.
fn claim(table: &Table<'_>) -> Vec<Tensor> {
    let mut claim = Claim { table, kept: Vec::new() };
    for last in [true, false] {
        for outlet in table.frame.skeleton.outputs() {
            claim.outlet(outlet.block, outlet.output, last);
        }
    }
    claim.kept.into_iter().map(|(polynomial, _)| polynomial).collect()
}

/// The claim so far: polynomials, and the same with the least lengths put in.
struct Claim<'a> {
    table: &'a Table<'a>,
    kept: Vec<(Tensor, Tensor)>,
}

impl Claim<'_> {
    /// Makes room for an output: at last iterations, or wherever it is not covered yet.
    fn outlet(&mut self, block: usize, output: usize, last: bool) {
        let vertex = self.table.frame.skeleton.blocks()[block].bodies[0].outputs[output];
        for case in &self.table.cases[block] {
            let id = self.table.id(Node { block, region: case.region, vertex });
            for polynomial in &self.table.lists[id] {
                let places = self.ends(block, &case.at, last);
                if let Some(places) = places.filter(|_| last || !self.covered(polynomial, &case.at)) {
                    self.add(under(polynomial, &places));
                }
            }
        }
    }

    fn covered(&self, polynomial: &Tensor, at: &[Place]) -> bool {
        let Some(low) = under(polynomial, at) else { return true };
        self.kept.iter().any(|(claim, _)| under(claim, at).is_some_and(|high| covers(&high, &low, 0)))
    }

    /// The last iteration of a class of many, in terms of the length; otherwise the case's own index, if that is wanted.
    fn ends(&self, block: usize, at: &[Place], last: bool) -> Option<Vec<Place>> {
        let own = &self.table.frame.skeleton.blocks()[block].axes;
        let along = |axis: usize| {
            let [start, step, _] = at[axis].index;
            let generic = own.contains(&axis) && step != 0;
            let index = if generic { [-1 - last_of_class(self.table, axis, start), 0, 1] } else { [start, 0, 0] };
            (generic || !last || !own.contains(&axis)).then_some(Place { index, length: [0, 0, 1] })
        };
        (0..at.len()).map(along).collect()
    }

    fn add(&mut self, polynomial: Option<Tensor>) {
        let frame = &self.table.frame;
        let least = |axis| Place { index: [0; 3], length: [frame.length(axis, 1), 0, frame.numbers(axis).1] };
        let domain: Vec<Place> = (0..frame.axes.len()).map(least).collect();
        let Some((polynomial, on)) = polynomial.and_then(|p| under(&p, &domain).map(|on| (p, on))) else { return };
        if !self.kept.iter().any(|(_, other)| covers(other, &on, 0)) {
            self.kept.retain(|(_, other)| !covers(&on, other, 0));
            self.kept.push((polynomial, on));
        }
    }
}

/// How far before the last iteration is the last one of a class.
fn last_of_class(table: &Table<'_>, axis: usize, index: i128) -> i128 {
    let (_, period, least) = table.frame.numbers(axis);
    (least - 1 - index).rem_euclid(period)
}
