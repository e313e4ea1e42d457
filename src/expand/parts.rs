//! Which banks are many gates over few forms: where only coefficients and constants vary along the last axis, gates share the
//! forms and differ by multipliers (quotients, normalisations).

use crate::circuit::{Affine, Array, Bank, Circuit, Index, Node, Term};

/// Along the last axis of a form array: which terms are the same for all its elements, and which only change their coefficient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub shared: Vec<usize>,
    pub scaled: Vec<usize>,
}

/// The parts of a bank's forms, where its gates can share them.
pub(super) fn parts(circuit: &Circuit, bank: &Bank) -> Option<Parts> {
    let array = circuit.array(bank.form);
    let Node::Affine(affine) = &array.node else { return None };
    let last = array.shape.len().checked_sub(1)?;
    let long = array.shape[last].value > 1 && bank.thresholds.count() == 1;
    let banded = array.band.as_ref().is_some_and(|band| band.query == last || band.key == last);
    if !long || banded { None } else { sort(array, affine, last) }
}

fn sort(array: &Array, affine: &Affine, last: usize) -> Option<Parts> {
    let mut parts = Parts::default();
    for (number, term) in affine.terms.iter().enumerate() {
        if term.index.iter().any(|index| reads(index, last)) {
            return None;
        }
        match &term.coef.table {
            Some((_, index)) if reads(index, last) => {
                if summed(array, term, index) {
                    return None;
                }
                parts.scaled.push(number);
            }
            _ => parts.shared.push(number),
        }
    }
    (!parts.scaled.is_empty()).then_some(parts)
}

fn reads(index: &Index, axis: usize) -> bool {
    index.steps.iter().any(|(a, _)| *a == axis) || index.gather.as_ref().is_some_and(|(a, _)| *a == axis)
}

fn summed(array: &Array, term: &Term, index: &Index) -> bool {
    let first = array.shape.len();
    (first..first + term.sum.len()).any(|axis| reads(index, axis))
}
