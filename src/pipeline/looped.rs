//! The stages for looped systems: graph, circuits, law, and the unrolled circuit with its gates; must not know commands.

use num_bigint::BigInt;
use num_traits::{One, Signed};

use super::Error;
use crate::circuit::Circuit;
use crate::circuit::evaluate::{self, Evaluator};
use crate::circuit::looped::{skeleton, unroll};
use crate::circuit::measure::{LoopedMeasure, size_law, sizes};
use crate::expand;
use crate::gates::{Gates, InputWord};
use crate::loops::Skeleton;
use crate::lower::system::{LoweredLoops, system};
use crate::lower::{Input, InputKind};
use crate::number::{Rational, Scale};
use crate::tensor::looped::{Looped, interpret};
use crate::words::Strategy;

/// Most arrays an unrolled circuit may have.
const MOST_ARRAYS: u128 = 1 << 20;

/// A looped system: its tensor graphs and its circuits.
#[derive(Clone, Debug)]
pub struct LoopedModel {
    /// The graphs.
    pub graph: Looped,
    /// The circuits.
    pub lowered: LoweredLoops,
}

impl LoopedModel {
    /// Lowers every body.
    ///
    /// # Errors
    /// When a body cannot be lowered or a carried form grows.
    pub fn new(graph: Looped, strategy: Strategy) -> Result<Self, Error> {
        let lowered = system(&graph, strategy)?;
        Ok(Self { graph, lowered })
    }

    /// The same system at other axis lengths.
    ///
    /// # Errors
    /// When a length is zero.
    pub fn resized(mut self, length: impl Fn(&str) -> Option<u64>) -> Result<Self, Error> {
        self.graph = self.graph.resized(|name| length(name))?;
        self.lowered.circuits = self.lowered.circuits.resized(|name| length(name))?;
        Ok(self)
    }

    /// What its depth rests on.
    pub fn skeleton(&self) -> Skeleton {
        skeleton(&self.lowered.circuits)
    }

    /// Gates and wires at its axis lengths.
    pub fn sizes(&self) -> LoopedMeasure {
        sizes(&self.lowered.circuits)
    }

    /// Gates and wires as polynomials in its axis lengths.
    pub fn size_law(&self) -> LoopedMeasure {
        size_law(&self.lowered.circuits)
    }

    /// One circuit, every iteration written out.
    ///
    /// # Errors
    /// When there would be too many arrays, or formats are too wide to bind.
    pub fn unrolled(&self) -> Result<Circuit, Error> {
        if let Some(refusal) = &self.lowered.refusal {
            return Err(refusal.clone().into());
        }
        let blocks = self.lowered.circuits.blocks().iter().enumerate();
        let arrays = blocks.map(|(number, block)| {
            self.lowered.circuits.iterations(number).saturating_mul(block.bodies[0].arrays().len() as u128)
        });
        let arrays = arrays.fold(0, u128::saturating_add);
        if arrays > MOST_ARRAYS {
            return Err(Error::TooLong { arrays, most: MOST_ARRAYS });
        }
        Ok(unroll(&self.lowered.circuits)?)
    }

    /// The input arrays of all iterations, in order, with names such as `x[3]`.
    pub fn inputs(&self) -> Vec<(String, Input)> {
        let mut inputs = Vec::new();
        let done: Result<(), std::convert::Infallible> = self.graph.try_each(|instance| {
            let at: Vec<String> = instance.at.iter().map(u64::to_string).collect();
            let place = if at.is_empty() { String::new() } else { format!("[{}]", at.join(",")) };
            for input in &self.lowered.inputs[instance.block] {
                inputs.push((format!("{}{place}", input.name), input.clone()));
            }
            Ok(())
        });
        let Ok(()) = done;
        inputs
    }

    /// Every gate of the unrolled circuit.
    ///
    /// # Errors
    /// When there are too many, or weights are not bound.
    pub fn expand(&self, circuit: &Circuit, progress: &mut dyn FnMut(u64, u64)) -> Result<Gates, Error> {
        let words = self.inputs().into_iter().map(|(name, input)| word(&name, &input)).collect();
        Ok(expand::expand(circuit, words, progress)?)
    }

    /// Output levels by evaluating the unrolled circuit; `levels` are those of all inputs, in order.
    ///
    /// # Errors
    /// When the circuit is not bound, or the number of levels is wrong.
    pub fn evaluate(&self, circuit: &Circuit, levels: &[i64]) -> Result<Vec<BigInt>, Error> {
        self.run(&evaluate::evaluator(circuit)?, levels)
    }

    /// The same of a circuit prepared once for many levels.
    ///
    /// # Errors
    /// When the number of levels is wrong.
    pub fn run(&self, prepared: &Evaluator<'_>, levels: &[i64]) -> Result<Vec<BigInt>, Error> {
        let words = self.inputs().into_iter().flat_map(|(name, input)| {
            std::iter::repeat_n(word(&name, &input), input.shape.iter().product::<u64>() as usize)
        });
        let bits: Vec<bool> = levels.iter().zip(words).flat_map(|(level, word)| word.bits_of(*level)).collect();
        let mut values = prepared.run(&bits)?;
        let outputs = prepared.circuit().outputs().iter().filter_map(|output| values.remove(&output.name));
        Ok(outputs.flatten().collect())
    }

    /// Output levels by the reference reading; none where the levels do not fit the inputs.
    pub fn interpret(&self, levels: &[i64]) -> Option<Vec<BigInt>> {
        let scales = self.inputs().into_iter().flat_map(|(_, input)| {
            let scale = if let InputKind::Numbers(format) = input.kind { format.scale() } else { Scale::even(0) };
            std::iter::repeat_n(scale, input.shape.iter().product::<u64>() as usize)
        });
        let value = |(level, scale): (&i64, Scale)| scale.number(*level);
        let tensors = interpret(&self.graph, levels.iter().zip(scales).map(value))?;
        let units = self.output_units();
        let scaled = |(tensor, unit): (crate::tensor::interpret::Tensor, Rational)| {
            tensor.values.into_iter().map(|value| (value / &unit).to_integer()).collect::<Vec<_>>()
        };
        Some(tensors.into_iter().zip(units).flat_map(scaled).collect())
    }

    /// Bits after the point of every output, where one level of each is worth `2^-fraction`.
    pub fn fraction(&self) -> Option<u32> {
        let units = self.output_units();
        let unit = units.first().filter(|unit| unit.numer().is_one() && unit.denom().magnitude().count_ones() == 1)?;
        units.iter().all(|other| other == unit).then(|| unit.denom().bits() as u32 - 1)
    }

    /// The worth of one level, for each output array in order.
    pub fn output_units(&self) -> Vec<Rational> {
        let outlets = self.graph.outputs().iter();
        let unit = |outlet: &crate::loops::Outlet| {
            let unit = self.lowered.units[outlet.block][outlet.output].clone();
            debug_assert!(unit.is_positive());
            std::iter::repeat_n(unit, self.graph.iterations(outlet.block) as usize)
        };
        outlets.flat_map(unit).collect()
    }
}

/// How elements of an input become bits.
fn word(name: &str, input: &Input) -> InputWord {
    match input.kind {
        InputKind::Tokens(limit) => InputWord { limit, ..InputWord::unsigned(name, &input.shape, input.bits) },
        InputKind::Numbers(format) if format.is_float() => {
            let (mantissa, limit) = (format.significant() - 1, format.max().unsigned_abs() + 1);
            InputWord::float(name, &input.shape, input.bits, mantissa, limit)
        }
        InputKind::Numbers(_) => InputWord::signed(name, &input.shape, input.bits),
    }
}
