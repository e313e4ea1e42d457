//! What must hold of an array before it joins a circuit: every reference goes back, every index stays inside, every band is implied.

use thiserror::Error;

use super::{Affine, Array, ArrayId, Band, Coef, Index, Size, Table, Term};

/// Why an array was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// A reference to an array or table that does not stand before.
    #[error("array {array} refers to {reference}, which does not stand before it")]
    Forward {
        /// The new array.
        array: usize,
        /// What it refers to.
        reference: usize,
    },
    /// An index list of the wrong length, or an axis that does not exist.
    #[error("a term of array {array} addresses {got} axes of a source that has {wanted}")]
    Axes {
        /// The new array.
        array: usize,
        /// The source's axes.
        wanted: usize,
        /// Those addressed.
        got: usize,
    },
    /// An index that can leave its axis.
    #[error("array {array} reads positions {low} to {high} of an axis of length {len}")]
    Outside {
        /// The new array.
        array: usize,
        /// Least position.
        low: i128,
        /// Greatest position.
        high: i128,
        /// The axis' length.
        len: u128,
    },
    /// A band that is malformed, or not implied where its source needs it.
    #[error("array {array}: {reason}")]
    Banding {
        /// The new array.
        array: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Thresholds out of order.
    #[error("the thresholds of bank {array} are not in ascending order")]
    Order {
        /// The new array.
        array: usize,
    },
    /// A port given something of another shape, or with values beyond its range.
    #[error("array {array} does not fit port {port}, which it is carried to")]
    Carried {
        /// The port.
        port: usize,
        /// What it was given.
        array: usize,
    },
    /// A dimension of zero.
    #[error("array {array} has an axis of length 0")]
    Empty {
        /// The new array.
        array: usize,
    },
}

/// Checks a new affine array against the arrays and tables before it.
pub(super) fn affine(
    arrays: &[Array],
    tables: &[Table],
    shape: &[Size],
    band: Option<&Band>,
    affine: &Affine,
) -> Result<(), CircuitError> {
    let array = arrays.len();
    if shape.iter().any(|size| size.value == 0) {
        return Err(CircuitError::Empty { array });
    }
    if let Some(band) = band {
        well_formed(array, band, shape)?;
    }
    let mut sizes: Vec<u64> = shape.iter().map(|size| size.value).collect();
    for coef in &affine.constants {
        coefficient(array, tables, coef, &sizes)?;
    }
    affine.terms.iter().try_for_each(|term| {
        sizes.truncate(shape.len());
        sizes.extend(term.sum.iter().map(|size| size.value));
        check_term(arrays, tables, (shape, &sizes), band, term)
    })
}

fn check_term(
    arrays: &[Array],
    tables: &[Table],
    (shape, sizes): (&[Size], &[u64]),
    band: Option<&Band>,
    term: &Term,
) -> Result<(), CircuitError> {
    let array = arrays.len();
    let Some(source) = arrays.get(term.source.index()) else {
        return Err(CircuitError::Forward { array, reference: term.source.index() });
    };
    if source.shape.len() != term.index.len() {
        return Err(CircuitError::Axes { array, wanted: source.shape.len(), got: term.index.len() });
    }
    if sizes.contains(&0) {
        return Err(CircuitError::Empty { array });
    }
    for (index, size) in term.index.iter().zip(&source.shape) {
        if let Some((axis, list)) = &index.gather {
            let covers = shape.get(*axis).is_some_and(|size| list.len() as u64 == size.value);
            if !covers {
                return Err(CircuitError::Axes { array, wanted: list.len(), got: *axis });
            }
        }
        inside(array, index, sizes, u128::from(size.value))?;
    }
    coefficient(array, tables, &term.coef, sizes)?;
    banding(array, source, shape, band, term)
}

fn inside(array: usize, index: &Index, sizes: &[u64], len: u128) -> Result<(), CircuitError> {
    if let Some((axis, _)) = index.steps.iter().find(|(axis, _)| *axis >= sizes.len()) {
        return Err(CircuitError::Axes { array, wanted: sizes.len(), got: axis + 1 });
    }
    let (low, high) = index.bounds(sizes);
    if low < 0 || high as u128 >= len {
        return Err(CircuitError::Outside { array, low, high, len });
    }
    Ok(())
}

fn coefficient(array: usize, tables: &[Table], coef: &Coef, sizes: &[u64]) -> Result<(), CircuitError> {
    let Some((id, index)) = &coef.table else { return Ok(()) };
    let Some(table) = tables.get(id.index()) else {
        return Err(CircuitError::Forward { array, reference: id.index() });
    };
    inside(array, index, sizes, table.len)
}

fn well_formed(array: usize, band: &Band, space: &[Size]) -> Result<(), CircuitError> {
    let wrong = |reason| Err(CircuitError::Banding { array, reason });
    match (space.get(band.query), space.get(band.key)) {
        (Some(query), Some(key)) if band.query != band.key && query == key => match band.window {
            Some(0) => wrong("a band needs a window of at least one"),
            _ => Ok(()),
        },
        _ => wrong("a band joins two different axes of the same length"),
    }
}

/// The band in force in a term, and that the source's own band is implied by it.
fn banding(array: usize, source: &Array, shape: &[Size], band: Option<&Band>, term: &Term) -> Result<(), CircuitError> {
    let wrong = |reason| Err(CircuitError::Banding { array, reason });
    if let Some(own) = &term.band {
        well_formed(array, own, &[shape, &term.sum].concat())?;
        if band.is_some() || own.query >= shape.len() || own.key < shape.len() {
            return wrong("a summed band goes from an axis of the array to a summed axis, one band at a time");
        }
        if term.coef.table.iter().flat_map(|(_, index)| &index.steps).any(|(axis, _)| *axis == own.key) {
            return wrong("a coefficient may not depend on the key of a summed band");
        }
    }
    let Some(needed) = &source.band else { return Ok(()) };
    let in_force = term.band.as_ref().or(band);
    let mapped = |axis: usize, to: usize| term.index[axis] == Index::axis(to);
    let implied = in_force.is_some_and(|have| {
        have.causal == needed.causal
            && have.window == needed.window
            && mapped(needed.query, have.query)
            && mapped(needed.key, have.key)
    });
    if implied { Ok(()) } else { wrong("a source exists only inside a band that the reader does not keep") }
}

/// Checks a new bank.
pub(super) fn bank(arrays: &[Array], form: ArrayId, thresholds: &super::Thresholds) -> Result<(), CircuitError> {
    let array = arrays.len();
    if form.index() >= array {
        return Err(CircuitError::Forward { array, reference: form.index() });
    }
    if thresholds.count() == 0 {
        return Err(CircuitError::Empty { array });
    }
    match thresholds {
        super::Thresholds::Known(list) if list.windows(2).any(|pair| pair[0] > pair[1]) => {
            Err(CircuitError::Order { array })
        }
        _ => Ok(()),
    }
}
