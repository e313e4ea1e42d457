//! A table of potentials written as a certificate; must not search.

use super::frame::Tensor;
use super::table::{Node, Table};
use crate::certificate::{Bound, Certificate, Classes, Factor, Polynomial, SCHEMA, Term};

/// The table as a proof of a bound on the depth of the circuit with this digest; none where a number is too large for the format.
pub(super) fn certificate(circuit: &str, table: &Table<'_>, bound: Bound) -> Option<Certificate> {
    let axes = table.frame.axes.len();
    let node = |id: usize| table.lists[id].iter().map(|p| polynomial(p, axes)).collect::<Option<Vec<_>>>();
    let mut blocks = Vec::new();
    for (block, inner) in table.frame.skeleton.blocks().iter().enumerate() {
        let vertices = 0..inner.bodies[0].vertices.len();
        let region = |region: usize| {
            let nodes = vertices.clone().map(|vertex| node(table.id(Node { block, region, vertex })));
            nodes.collect::<Option<Vec<_>>>()
        };
        blocks.push((0..table.frame.regions(block)).map(region).collect::<Option<Vec<_>>>()?);
    }
    Some(whole(circuit, bound, i64::try_from(table.scale).ok()?, table.frame.axes, blocks))
}

/// A certificate for a circuit.
pub(super) fn whole(
    circuit: &str,
    bound: Bound,
    scale: i64,
    axes: &[Classes],
    blocks: Vec<Vec<Vec<Vec<Polynomial>>>>,
) -> Certificate {
    Certificate { schema: SCHEMA.to_owned(), circuit: circuit.to_owned(), bound, scale, axes: axes.to_vec(), blocks }
}

fn polynomial(tensor: &Tensor, axes: usize) -> Option<Polynomial> {
    let terms = tensor.iter().enumerate().filter(|(_, times)| **times != 0);
    let factor =
        |at: usize, axis: usize| [Factor::One, Factor::Index, Factor::Length][at / 3usize.pow(axis as u32) % 3];
    let term = |(at, times): (usize, &i128)| {
        Some(Term { times: i64::try_from(*times).ok()?, of: (0..axes).map(|axis| factor(at, axis)).collect() })
    };
    terms.map(term).collect()
}
