//! Reading a bound circuit as a function: exact integers, an array at a time; knows nothing of gates' numbers or of models.
//!
//! A value is kept in 64, 128 or any number of bits, as the range that is proved for its array needs; sums wrap around on the way, and
//! are exact because their result fits. Gates that fire one after another are kept as how many do, so that a bank costs a
//! bisection, and what is summed over it a sum of the first coefficients. Weighted ANDs of bits are read as
//! products of what the bits stand for. All of that is read off the circuit itself: see [`plan`](self) and its neighbours.

mod ands;

mod data;

mod integer;

mod matrix;

mod nest;

mod plan;

mod prefix;

mod shared;

mod sums;

use std::collections::BTreeMap;

use num_bigint::BigInt;
use thiserror::Error;

use super::{Array, ArrayId, Circuit, Node};
use crate::interval::Interval;
use data::Data;
use plan::Reading;
use shared::Shared;

/// Why a circuit was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Weights were not read.
    #[error("the circuit's weights are not bound, so it has no value; give it weights")]
    Unbound,
    /// An array does not fit in memory.
    #[error("an array of {elements} elements does not fit in memory; use a smaller context or `report`")]
    TooLarge {
        /// Its elements.
        elements: String,
    },
    /// The wrong number of input bits.
    #[error("{wanted} input bits are needed, {got} were given")]
    Inputs {
        /// Needed.
        wanted: usize,
        /// Given.
        got: usize,
    },
    /// An array left the interval it was to be held to.
    #[error("watched array {watched} takes the value {value}, outside of its range")]
    Outside {
        /// Its place among those watched.
        watched: usize,
        /// A value outside.
        value: BigInt,
    },
}

/// The values of each output.
pub type Outputs = BTreeMap<String, Vec<BigInt>>;

/// An array, and the interval its elements must lie in, if there is one.
pub type Watched = (ArrayId, Option<Interval>);

/// Evaluates every output for one assignment of the input bits (all input arrays concatenated, row-major).
///
/// # Errors
/// When the circuit is not bound, too large, or the bits are of the wrong number.
pub fn evaluate(circuit: &Circuit, bits: &[bool]) -> Result<Outputs, EvaluateError> {
    evaluator(circuit)?.run(bits)
}

/// Prepares a circuit for many evaluations.
///
/// # Errors
/// When the circuit is not bound or too large.
pub fn evaluator(circuit: &Circuit) -> Result<Evaluator<'_>, EvaluateError> {
    if !circuit.is_bound() {
        return Err(EvaluateError::Unbound);
    }
    let mut inputs = 0;
    for array in circuit.arrays() {
        let Some(len) = array.box_len() else {
            return Err(EvaluateError::TooLarge { elements: array.count().to_string() });
        };
        inputs += if matches!(array.node, Node::Input) { len } else { 0 };
    }
    let mut shared = Shared::default();
    let readings: Vec<Reading> =
        circuit.arrays().iter().map(|array| Reading::new(circuit, array, &mut shared)).collect();
    let last = last_uses(circuit, &readings);
    Ok(Evaluator { circuit, readings, last, inputs })
}

/// A bound circuit, ready to be evaluated.
pub struct Evaluator<'c> {
    circuit: &'c Circuit,
    readings: Vec<Reading>,
    /// The last array that reads each; none if nobody does.
    last: Vec<Option<usize>>,
    inputs: usize,
}

impl<'c> Evaluator<'c> {
    /// The circuit.
    pub fn circuit(&self) -> &'c Circuit {
        self.circuit
    }

    /// The values of every output.
    ///
    /// # Errors
    /// When there are too few or too many bits.
    pub fn run(&self, bits: &[bool]) -> Result<Outputs, EvaluateError> {
        Ok(self.run_watching(bits, &[])?.0)
    }

    /// The values of every output, and between which values the elements of each of these arrays lie: none where nothing reads it.
    ///
    /// # Errors
    /// When there are too few or too many bits, or an array leaves the interval that stands beside it, before anything that reads the
    /// array is computed.
    pub fn run_watching(
        &self,
        bits: &[bool],
        watched: &[Watched],
    ) -> Result<(Outputs, Vec<Option<Interval>>), EvaluateError> {
        if bits.len() != self.inputs {
            return Err(EvaluateError::Inputs { wanted: self.inputs, got: bits.len() });
        }
        let mut data: Vec<Data> = Vec::with_capacity(self.readings.len());
        let mut seen = vec![None; watched.len()];
        let mut bits = bits.iter().map(|bit| u8::from(*bit));
        for (position, (array, reading)) in self.circuit.arrays().iter().zip(&self.readings).enumerate() {
            let given = matches!(reading, Reading::Input).then(|| bits.by_ref().take(array.box_len().unwrap_or(0)));
            let computed = match given {
                Some(given) => Data::Bits(given.collect()),
                None if self.last[position].is_none() => Data::Gone,
                None => compute(array, reading, &mut data, self.circuit),
            };
            watch(position, watched, || computed.ends(array), &mut seen)?;
            data.push(computed);
            self.forget(position, &mut data);
        }
        let outputs = self.circuit.outputs().iter();
        Ok((outputs.map(|output| (output.name.clone(), data[output.array.index()].to_big())).collect(), seen))
    }

    /// Lets go of what no later array reads.
    fn forget(&self, position: usize, data: &mut [Data]) {
        for source in self.readings[position].sources() {
            if self.last[source] == Some(position) {
                data[source] = Data::Gone;
            }
        }
    }
}

/// Notes between which values an array lies, wherever it is watched.
fn watch(
    position: usize,
    watched: &[Watched],
    ends: impl Fn() -> Option<Interval>,
    seen: &mut [Option<Interval>],
) -> Result<(), EvaluateError> {
    for (place, (_, held)) in watched.iter().enumerate().filter(|(_, (id, _))| id.index() == position) {
        seen[place] = ends();
        let left = held.as_ref().zip(seen[place].as_ref()).and_then(|(held, seen)| held.left_by(seen));
        if let Some(value) = left {
            return Err(EvaluateError::Outside { watched: place, value });
        }
    }
    Ok(())
}

fn compute(array: &Array, reading: &Reading, data: &mut [Data], circuit: &Circuit) -> Data {
    match reading {
        Reading::Input => Data::Gone,
        Reading::Sums(sums) => {
            sums.needed(data).into_iter().for_each(|bank| make(bank, data, circuit));
            sums.compute(array, data)
        }
        Reading::Gates { form, thresholds, alone } => {
            let ranks = thresholds.ranks(&data[*form]);
            match alone {
                true => Data::Bits(ranks.iter().map(|rank| u8::from(*rank > 0)).collect()),
                false => Data::Ranks { ranks, gates: array.shape.last().map_or(1, |size| size.value as usize) },
            }
        }
        Reading::Prefix(prefix, _, gates) => match prefix.ranks(array, data) {
            Some(ranks) => Data::Ranks { ranks, gates: array.shape.last().map_or(1, |size| size.value as usize) },
            None => {
                gates.sources().into_iter().for_each(|form| make(form, data, circuit));
                compute(array, gates, data, circuit)
            }
        },
    }
}

/// An array that was left out, and is needed after all, with what it reads.
fn make(position: usize, data: &mut [Data], circuit: &Circuit) {
    if matches!(data[position], Data::Gone) {
        let array = &circuit.arrays()[position];
        let reading = Reading::new(circuit, array, &mut Shared::default());
        reading.sources().into_iter().for_each(|source| make(source, data, circuit));
        data[position] = compute(array, &reading, data, circuit);
    }
}

/// For each array, the last that reads it, among those that something given out rests on.
fn last_uses(circuit: &Circuit, readings: &[Reading]) -> Vec<Option<usize>> {
    let mut last = vec![None; readings.len()];
    for output in circuit.outputs() {
        last[output.array.index()] = Some(usize::MAX);
    }
    for position in (0..readings.len()).rev() {
        if last[position].is_some() {
            readings[position].sources().into_iter().for_each(|source| {
                last[source].get_or_insert(position);
            });
        }
    }
    last
}
