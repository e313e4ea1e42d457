//! A bound circuit with every axis left out along which the forms of an array list alike: as many coefficients, as large, over gates as
//! deep. What is told of one element then holds for as many as were left out; knows nothing of figures.
//!
//! Elements differ along an axis only where a known coefficient, a source that differs, or a band depends on it.

use std::collections::BTreeSet;

use num_bigint::BigInt;

use crate::circuit::{Affine, Array, Band, Circuit, Index, Node, Size, Term, band};

/// A circuit of the elements that differ, made array by array.
pub(super) struct Reduced {
    /// The same arrays, even axes of length 1; so is the axis of thresholds of a bank.
    pub circuit: Circuit,
    uneven: Vec<Uneven>,
}

/// The axes of an array along which its elements differ.
type Uneven = BTreeSet<usize>;

/// What one array leaves out.
pub(super) struct LeftOut {
    /// For how many elements of the array one stands.
    pub elements: BigInt,
    /// How often each term of an affine array is repeated along summed axes.
    pub times: Vec<u128>,
}

impl Reduced {
    /// Of a circuit none of whose arrays are added yet.
    pub fn new(circuit: &Circuit) -> Self {
        let (tables, origins, outputs) = (circuit.tables.clone(), circuit.origins.clone(), circuit.outputs.clone());
        Self { circuit: Circuit { arrays: Vec::new(), tables, origins, outputs }, uneven: Vec::new() }
    }

    /// Adds the circuit's next array.
    pub fn add(&mut self, array: &Array) -> LeftOut {
        let axes = axes(array, &self.uneven);
        let (node, times) = node(array, &axes, &self.uneven);
        let left_out = LeftOut { elements: stands_for(array, &axes), times };
        let shape = shape(&array.shape, |axis| axes.contains(&axis));
        let band = array.band.clone().filter(|band| axes.contains(&band.query));
        self.circuit.arrays.push(Array { shape, band, node, ..array.clone() });
        self.uneven.push(axes);
        left_out
    }

    /// Takes all elements of the array added last for alike.
    pub fn flatten(&mut self) {
        if let (Some(array), Some(uneven)) = (self.circuit.arrays.last_mut(), self.uneven.last_mut()) {
            array.shape.iter_mut().for_each(|size| *size = Size::fixed(1));
            array.band = None;
            uneven.clear();
        }
    }
}

/// Axes that are not kept have length 1.
fn shape(shape: &[Size], kept: impl Fn(usize) -> bool) -> Vec<Size> {
    let size = |(axis, size): (usize, &Size)| if kept(axis) { Size::fixed(size.value) } else { Size::fixed(1) };
    shape.iter().enumerate().map(size).collect()
}

/// The axes along which elements of an array differ.
fn axes(array: &Array, known: &[Uneven]) -> Uneven {
    let own = array.shape.len();
    let mut axes: Uneven = match &array.node {
        Node::Input | Node::Port => Uneven::new(),
        Node::Bank(bank) => known[bank.form.index()].clone(),
        Node::Affine(affine) => read(affine, known).filter(|axis| *axis < own).collect(),
    };
    if let Some(Band { query, key, .. }) = &array.band
        && (axes.contains(query) || axes.contains(key))
    {
        axes.extend([*query, *key]);
    }
    axes
}

/// The axes, summed ones too, that something uneven is read along.
fn read<'a>(affine: &'a Affine, known: &'a [Uneven]) -> impl Iterator<Item = usize> + 'a {
    let constants = affine.constants.iter().filter_map(|coef| coef.table.as_ref()).flat_map(|(_, index)| along(index));
    constants.chain(affine.terms.iter().flat_map(|term| of_term(term, known)))
}

fn of_term(term: &Term, known: &[Uneven]) -> Vec<usize> {
    let coefficients = term.coef.table.iter().flat_map(|(_, index)| along(index));
    let source = known[term.source.index()].iter().flat_map(|axis| along(&term.index[*axis]));
    let band = term.band.iter().flat_map(|band| [band.query, band.key]);
    coefficients.chain(source).chain(band).collect()
}

fn along(index: &Index) -> impl Iterator<Item = usize> {
    let gathered = index.gather.iter().map(|(axis, _)| *axis);
    index.steps.iter().filter(|(_, step)| *step != 0).map(|(axis, _)| *axis).chain(gathered)
}

/// The node over reduced sources, and how often each term is repeated.
fn node(array: &Array, axes: &Uneven, known: &[Uneven]) -> (Node, Vec<u128>) {
    match &array.node {
        Node::Input | Node::Port | Node::Bank(_) => (array.node.clone(), Vec::new()),
        Node::Affine(affine) => {
            let (terms, times) = affine.terms.iter().map(|term| reduced(array, axes, term, known)).unzip();
            (Node::Affine(Affine { constants: affine.constants.clone(), terms }), times)
        }
    }
}

/// A term whose even summed axes are read once, and how often they would be.
fn reduced(array: &Array, axes: &Uneven, term: &Term, known: &[Uneven]) -> (Term, u128) {
    let own = array.shape.len();
    let read: Uneven = of_term(term, known).into_iter().collect();
    let sum = shape(&term.sum, |axis| read.contains(&(own + axis)));
    let repeated = term.sum.iter().zip(&sum).map(|(all, kept)| u128::from(all.value / kept.value));
    let times = repeated.fold(1, u128::saturating_mul);
    debug_assert!(read.iter().filter(|axis| **axis < own).all(|axis| axes.contains(axis)));
    let index = term
        .index
        .iter()
        .enumerate()
        .map(|(axis, index)| if known[term.source.index()].contains(&axis) { index.clone() } else { Index::at(0) });
    (Term { sum, index: index.collect(), ..term.clone() }, times)
}

/// How many elements exist for each that is kept.
fn stands_for(array: &Array, axes: &Uneven) -> BigInt {
    let even: Vec<Size> = array
        .shape
        .iter()
        .enumerate()
        .filter(|(axis, _)| !axes.contains(axis))
        .map(|(_, size)| Size::fixed(size.value))
        .collect();
    let place = |axis: usize| axis - axes.iter().filter(|kept| **kept < axis).count();
    let banded = array.band.as_ref().filter(|band| !axes.contains(&band.query));
    let banded = banded.map(|band| Band { query: place(band.query), key: place(band.key), ..band.clone() });
    band::points(&even, banded.as_ref()).value(|_| 0)
}
