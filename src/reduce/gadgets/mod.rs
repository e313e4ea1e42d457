//! The reductions, one a file: what is learned from which data, and what the final weights mean; must not know circuits.

mod composition;
mod hinge;
mod inner_product;
mod monotone;
mod parity;
mod polynomial;
mod rounding;
mod s5;

use super::ReduceError;
use super::formats::{Needs, whole};
use super::nand::Nand;
use crate::number::{Format, Rational};
use crate::problems::{Answer, Family, Instance};
use crate::spec::program::Formats;

/// One reduction at one size: a program all instances of that size run on.
pub trait Gadget {
    /// In words: which problem becomes which learning rule.
    fn title(&self) -> String;

    /// A short name, for files.
    fn name(&self) -> &'static str;

    /// Entries of the weights.
    fn dimension(&self) -> usize;

    /// Steps of the learning rule.
    fn steps(&self) -> usize;

    /// The format of weights where none is asked for.
    fn default_format(&self) -> &'static str {
        "int(8)"
    }

    /// What must be held exactly, with weights in this format.
    fn needs(&self, weights: Format) -> Needs;

    /// What a reader should know of the formats.
    fn remark(&self) -> Option<&'static str> {
        None
    }

    /// The program as native TOML. It depends on the size alone, but for polynomial losses, which are the circuit.
    fn spec(&self, formats: &Formats) -> String;

    /// Everything the program takes in, in order; none for an instance of another size or problem.
    fn stream(&self, instance: &Instance, formats: &Formats) -> Option<Vec<Rational>>;

    /// What the final weights say; none where they say nothing.
    fn decode(&self, weights: &[Rational], formats: &Formats) -> Option<Answer>;
}

/// A way to run Boolean circuits by learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Online descent on the hinge loss, two steps a gate.
    Hinge,
    /// Full-batch descent on one polynomial loss, which is the circuit.
    Polynomial,
    /// Online least squares, where rounding alone makes the gates.
    Rounding,
    /// Tabular Q-learning, where rounding alone makes the gates; monotone circuits.
    QLearning,
}

/// The reduction for a family of instances; circuits go by `via`.
///
/// # Errors
/// When the circuit does not fit the way, or the reduction would be too large to run.
pub fn gadget(family: &Family, via: Via) -> Result<Box<dyn Gadget>, ReduceError> {
    let gadget: Box<dyn Gadget> = match family {
        Family::Parity(letters) => Box::new(parity::Parity { letters: *letters }),
        Family::InnerProduct(letters) => Box::new(inner_product::InnerProduct { letters: *letters }),
        Family::Permutations(letters) => Box::new(s5::S5 { letters: *letters }),
        Family::Composition { points, functions } => {
            Box::new(composition::Composition { points: *points, functions: *functions })
        }
        Family::Circuit(netlist) => match via {
            Via::Hinge => Box::new(hinge::Hinge::new(netlist)),
            Via::Polynomial => Box::new(polynomial::Polynomial::new(netlist)?),
            Via::Rounding => Box::new(rounding::Rounding::new(netlist)),
            Via::QLearning => Box::new(monotone::QLearning::new(netlist)?),
        },
    };
    let entries = gadget.steps().saturating_mul(gadget.dimension());
    if entries > super::MOST_ENTRIES {
        let (steps, dimension) = (gadget.steps(), gadget.dimension());
        return Err(ReduceError::TooLarge { steps, dimension, entries, most: super::MOST_ENTRIES });
    }
    Ok(gadget)
}

/// Zeros, and these entries.
fn sparse(length: usize, entries: &[(usize, Rational)]) -> Vec<Rational> {
    let mut values = vec![whole(0); length];
    for (place, value) in entries {
        values[*place] += value;
    }
    values
}

/// An example: its inputs and its label.
fn example(length: usize, entries: &[(usize, Rational)], label: Rational) -> Vec<Rational> {
    let mut values = sparse(length, entries);
    values.push(label);
    values
}

/// The NAND circuit and the inputs of an instance whose circuit has the shape of this one.
fn shaped<'i>(instance: &'i Instance, shape: &Nand) -> Option<(Nand, &'i [bool])> {
    let Instance::Circuit(netlist, inputs) = instance else { return None };
    let nand = Nand::of(netlist);
    let fits = (nand.inputs, nand.gates.len(), nand.outputs) == (shape.inputs, shape.gates.len(), shape.outputs);
    (fits && inputs.len() == nand.inputs).then_some((nand, inputs))
}

/// The bit a value stands for.
fn bit(value: &Rational, zero: &Rational, one: &Rational) -> Option<bool> {
    if value == one { Some(true) } else { (value == zero).then_some(false) }
}

/// The bits of values.
fn bits(values: &[Rational], zero: &Rational, one: &Rational) -> Option<Answer> {
    values.iter().map(|value| bit(value, zero, one)).collect::<Option<Vec<bool>>>().map(Answer::Bits)
}
