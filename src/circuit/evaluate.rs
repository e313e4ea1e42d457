//! Reading a bound circuit as a function: exact integers, an array at a time; knows nothing of gates' numbers or of models.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use thiserror::Error;

use super::walk::{Plan, Weight, elements};
use super::{Array, ArrayId, Bank, Circuit, Node, Thresholds};

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
}

/// Evaluates every output for one assignment of the input bits (all input arrays concatenated, row-major).
///
/// # Errors
/// When the circuit is not bound, too large, or the bits are of the wrong number.
pub fn evaluate(circuit: &Circuit, bits: &[bool]) -> Result<BTreeMap<String, Vec<BigInt>>, EvaluateError> {
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
    let narrow = circuit.arrays().iter().all(|array| array.magnitude.bits() < 126);
    Ok(Evaluator { circuit, plans: super::walk::plans(circuit), last: last_uses(circuit), inputs, narrow })
}

/// A bound circuit, ready to be evaluated.
pub struct Evaluator<'c> {
    circuit: &'c Circuit,
    plans: Vec<Option<Plan>>,
    last: Vec<usize>,
    inputs: usize,
    narrow: bool,
}

impl Evaluator<'_> {
    /// The values of every output.
    ///
    /// # Errors
    /// When there are too few or too many bits.
    pub fn run(&self, bits: &[bool]) -> Result<BTreeMap<String, Vec<BigInt>>, EvaluateError> {
        if bits.len() != self.inputs {
            return Err(EvaluateError::Inputs { wanted: self.inputs, got: bits.len() });
        }
        Ok(if self.narrow { self.compute::<i128>(bits) } else { self.compute::<BigInt>(bits) })
    }

    fn compute<T: Number>(&self, bits: &[bool]) -> BTreeMap<String, Vec<BigInt>> {
        let mut data: Vec<Data<T>> = Vec::with_capacity(self.circuit.arrays().len());
        let mut bits = bits.iter().map(|bit| u8::from(*bit));
        for (position, array) in self.circuit.arrays().iter().enumerate() {
            let computed = match &array.node {
                Node::Input => Data::Bits(bits.by_ref().take(array.box_len().unwrap_or(0)).collect()),
                Node::Affine(_) | Node::Port => Data::Forms(self.affine(position, array, &data)),
                Node::Bank(bank) => Data::Bits(fire(array, bank, &data)),
            };
            data.push(computed);
            for (earlier, last) in self.last.iter().enumerate().take(position) {
                if *last == position {
                    data[earlier] = Data::Bits(Vec::new());
                }
            }
        }
        let outputs = self.circuit.outputs().iter();
        outputs.map(|output| (output.name.clone(), data[output.array.index()].to_big())).collect()
    }

    fn affine<T: Number>(&self, position: usize, array: &Array, data: &[Data<T>]) -> Vec<T> {
        let mut values = vec![T::zero(); array.box_len().unwrap_or(0)];
        let Some(plan) = &self.plans[position] else { return values };
        elements(&array.shape, array.band.as_ref(), |element, at| {
            let sum = &mut values[element];
            plan.constants(at, &mut |weight| sum.add_weight(weight));
            plan.terms(at, &mut |source: ArrayId, offset, weight| match &data[source.index()] {
                Data::Bits(bits) => {
                    if bits[offset] != 0 {
                        sum.add_weight(weight);
                    }
                }
                Data::Forms(forms) => sum.add_product(weight, &forms[offset]),
            });
        });
        values
    }
}

fn fire<T: Number>(array: &Array, bank: &Bank, data: &[Data<T>]) -> Vec<u8> {
    let Thresholds::Known(thresholds) = &bank.thresholds else { return Vec::new() };
    let thresholds: Vec<T> = thresholds.iter().map(T::from_big).collect();
    let mut gates = Vec::with_capacity(array.box_len().unwrap_or(0));
    match &data[bank.form.index()] {
        Data::Forms(forms) => {
            forms.iter().for_each(|form| gates.extend(thresholds.iter().map(|t| u8::from(form >= t))));
        }
        Data::Bits(bits) => bits.iter().for_each(|bit| {
            let value = T::from_big(&BigInt::from(*bit));
            gates.extend(thresholds.iter().map(|t| u8::from(&value >= t)));
        }),
    }
    gates
}

/// For each array, the last array that reads it (or the end, for outputs).
fn last_uses(circuit: &Circuit) -> Vec<usize> {
    let mut last = vec![0; circuit.arrays().len()];
    for (position, array) in circuit.arrays().iter().enumerate() {
        match &array.node {
            Node::Input | Node::Port => {}
            Node::Affine(affine) => affine.terms.iter().for_each(|term| last[term.source.index()] = position),
            Node::Bank(bank) => last[bank.form.index()] = position,
        }
    }
    for output in circuit.outputs() {
        last[output.array.index()] = usize::MAX;
    }
    last
}

enum Data<T> {
    Bits(Vec<u8>),
    Forms(Vec<T>),
}

impl<T: Number> Data<T> {
    fn to_big(&self) -> Vec<BigInt> {
        match self {
            Self::Bits(bits) => bits.iter().map(|bit| BigInt::from(*bit)).collect(),
            Self::Forms(forms) => forms.iter().map(T::to_big).collect(),
        }
    }
}

/// An exact integer wide enough for every partial sum.
trait Number: Clone + Ord + Zero {
    fn add_weight(&mut self, weight: Weight<'_>);
    fn add_product(&mut self, weight: Weight<'_>, value: &Self);
    fn from_big(value: &BigInt) -> Self;
    fn to_big(&self) -> BigInt;
}

impl Number for i128 {
    fn add_weight(&mut self, weight: Weight<'_>) {
        *self += match weight {
            Weight::Small(value) => Self::from(value),
            Weight::Big(value) => Self::from_big(value),
        };
    }

    fn add_product(&mut self, weight: Weight<'_>, value: &Self) {
        *self += match weight {
            Weight::Small(weight) => Self::from(weight) * value,
            Weight::Big(weight) if value.is_zero() || weight.is_zero() => 0,
            Weight::Big(weight) => Self::from_big(weight) * value,
        };
    }

    /// Thresholds beyond every value saturate, which keeps each comparison true.
    fn from_big(value: &BigInt) -> Self {
        value.to_i128().unwrap_or(if value.is_negative() { Self::MIN } else { Self::MAX })
    }

    fn to_big(&self) -> BigInt {
        (*self).into()
    }
}

impl Number for BigInt {
    fn add_weight(&mut self, weight: Weight<'_>) {
        match weight {
            Weight::Small(value) => *self += value,
            Weight::Big(value) => *self += value,
        }
    }

    fn add_product(&mut self, weight: Weight<'_>, value: &Self) {
        match weight {
            Weight::Small(weight) => *self += value * weight,
            Weight::Big(weight) => *self += value * weight,
        }
    }

    fn from_big(value: &BigInt) -> Self {
        value.clone()
    }

    fn to_big(&self) -> BigInt {
        self.clone()
    }
}
