//! One reduction compiled once, and run on many instances; must not know which problem it is.

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::formats::{Asked, choose, level};
use super::{Gadget, ReduceError};
use crate::circuit::evaluate::{self, Evaluator};
use crate::circuit::{Circuit, measure};
use crate::gates::{self, Gates};
use crate::lower::{Input, InputKind};
use crate::number::{Format, Rational};
use crate::pipeline;
use crate::pipeline::looped::LoopedModel;
use crate::pipeline::subject::Options;
use crate::problems::{Answer, Instance};
use crate::spec::program::Formats;
use crate::spec::{Document, parse_document};
use crate::words::Strategy;

/// The most gates of a circuit that is run at all, and of one whose gates are written out.
const MOST_GATES: u64 = 1 << 26;
const MOST_EXPLICIT: u64 = 1 << 23;
/// The most wires, each bank's counted once for every gate, times words of 64 bits of a weight, of a circuit whose gates are written out.
const MOST_WIRES: u64 = 1 << 29;

/// Gates times instances that are evaluated where simulation runs them all.
const EVALUATED_BESIDES: u64 = 1 << 22;

/// Instances told one by one.
const EXAMPLES: usize = 8;

/// The size of a compiled circuit; exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Layers.
    pub depth: u64,
    /// Gates.
    pub gates: BigInt,
    /// Wires.
    pub wires: BigInt,
    /// Bits of the largest weight or threshold.
    pub weight_bits: u64,
}

/// A reduction at one size, as a circuit.
pub struct Machine {
    /// The reduction.
    pub gadget: Box<dyn Gadget>,
    /// Its formats.
    pub formats: Formats,
    /// The strategy it was lowered with.
    pub strategy: Strategy,
    /// Its program, a native TOML file.
    pub text: String,
    /// Its size.
    pub figures: Figures,
    model: LoopedModel,
    circuit: Circuit,
    inputs: Vec<Format>,
    units: Vec<Rational>,
    gates: Option<Gates>,
}

/// One instance that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The instance.
    pub instance: Instance,
    /// The final weights.
    pub weights: Vec<Rational>,
    /// What they say; none where they say nothing.
    pub decoded: Option<Answer>,
    /// The solution.
    pub expected: Answer,
}

impl Example {
    /// Whether the weights say what the solution is.
    pub fn holds(&self) -> bool {
        self.decoded.as_ref() == Some(&self.expected)
    }
}

/// What came out of many instances.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many were run.
    pub instances: u64,
    /// Of these, how many by evaluating the circuit's arrays.
    pub evaluated: u64,
    /// And how many by simulating its gates.
    pub simulated: u64,
    /// How many decoded to something else than the solution.
    pub mismatches: u64,
    /// The first instances.
    pub examples: Vec<Example>,
    /// The first mismatch.
    pub refutation: Option<Example>,
}

impl Machine {
    /// Lowers and unrolls a reduction in the formats asked for.
    ///
    /// # Errors
    /// When a format is too narrow, or the circuit too large.
    pub fn compile(gadget: Box<dyn Gadget>, asked: &Asked, strategy: Strategy) -> Result<Self, ReduceError> {
        let weights = match asked.weights {
            Some(format) => format,
            None => gadget.default_format().parse().map_err(|_| ReduceError::Unfit)?,
        };
        let formats = choose(&gadget.needs(weights), weights, asked)?;
        let text = gadget.spec(&formats);
        let document = parse_document(gadget.name(), &text)?;
        let model = LoopedModel::of(&document, &Options { strategy, bound: true, ..Options::default() })?;
        small_enough(&model)?;
        let circuit = model.unrolled()?;
        let measured = measure::exact(&circuit).map_err(pipeline::Error::from)?;
        let figures = Figures {
            depth: measured.depth,
            gates: measured.value(&measured.gates),
            wires: measured.value(&measured.wires),
            weight_bits: measured.weight_bits,
        };
        let words = &figures.wires * figures.weight_bits.div_ceil(64);
        let fits = figures.gates <= MOST_EXPLICIT.into() && words <= MOST_WIRES.into();
        let gates = if fits { Some(model.expand(&circuit, &mut |_, _| {})?) } else { None };
        let inputs = model.inputs().iter().flat_map(|(_, input)| formats_of(input)).collect();
        let units = units(&model, &document);
        Ok(Self { gadget, formats, strategy, text, figures, model, circuit, inputs, units, gates })
    }

    /// Whether the gates are written out, so that they are simulated.
    pub fn is_explicit(&self) -> bool {
        self.gates.is_some()
    }

    /// The levels of everything the program takes in, in order, as the command `run` takes them.
    ///
    /// # Errors
    /// When the instance is of another size or problem.
    pub fn levels(&self, instance: &Instance) -> Result<Vec<i64>, ReduceError> {
        let stream = self.gadget.stream(instance, &self.formats).ok_or(ReduceError::Unfit)?;
        if stream.len() != self.inputs.len() {
            return Err(ReduceError::Unfit);
        }
        let levels = stream.iter().zip(&self.inputs).map(|(value, format)| level(*format, value));
        levels.collect::<Option<_>>().ok_or(ReduceError::Unfit)
    }

    /// Runs instances, 64 at a time; `progress` is told how many are done.
    ///
    /// # Errors
    /// When an instance does not fit, or two readings of the circuit disagree.
    pub fn run(
        &self,
        instances: impl Iterator<Item = Instance>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Outcome, ReduceError> {
        let besides = EVALUATED_BESIDES / self.figures.gates.to_u64().unwrap_or(u64::MAX).max(1);
        let evaluator = evaluate::evaluator(&self.circuit).map_err(pipeline::Error::from)?;
        let (mut outcome, mut instances) = (Outcome::default(), instances.peekable());
        while instances.peek().is_some() {
            let batch: Vec<Instance> = instances.by_ref().take(64).collect();
            let levels = batch.iter().map(|instance| self.levels(instance)).collect::<Result<Vec<_>, _>>()?;
            let simulated = self.gates.as_ref().map(|gates| simulate(gates, &levels)).transpose()?;
            for (place, instance) in batch.into_iter().enumerate() {
                let known = simulated.as_ref().map(|outputs| outputs[place].clone());
                let evaluated = known.is_none() || outcome.evaluated <= besides;
                let output = self.output(&instance, &levels[place], known, evaluated.then_some(&evaluator))?;
                outcome.simulated += u64::from(simulated.is_some());
                outcome.evaluated += u64::from(evaluated);
                self.record(&mut outcome, instance, &output);
            }
            progress(outcome.instances);
        }
        Ok(outcome)
    }

    /// The final levels of one instance.
    fn output(
        &self,
        instance: &Instance,
        levels: &[i64],
        simulated: Option<Vec<BigInt>>,
        evaluator: Option<&Evaluator<'_>>,
    ) -> Result<Vec<BigInt>, ReduceError> {
        let evaluated = evaluator.map(|evaluator| self.model.run(evaluator, levels)).transpose()?;
        match (evaluated, simulated) {
            (Some(evaluated), Some(simulated)) if evaluated != simulated => {
                Err(ReduceError::Readings(instance.to_string()))
            }
            (Some(output), _) | (None, Some(output)) => Ok(output),
            (None, None) => Err(ReduceError::Unfit),
        }
    }

    fn record(&self, outcome: &mut Outcome, instance: Instance, output: &[BigInt]) {
        let levels = output.iter().map(|level| Rational::from_integer(level.clone()));
        let weights: Vec<Rational> = levels.zip(&self.units).map(|(level, unit)| level * unit).collect();
        let (decoded, expected) = (self.gadget.decode(&weights, &self.formats), instance.solve());
        let example = Example { instance, weights, decoded, expected };
        outcome.instances += 1;
        outcome.mismatches += u64::from(!example.holds());
        if !example.holds() && outcome.refutation.is_none() {
            outcome.refutation = Some(example.clone());
        }
        if outcome.examples.len() < EXAMPLES {
            outcome.examples.push(example);
        }
    }
}

/// Refuses by the sizes of the loops, before they are unrolled.
fn small_enough(model: &LoopedModel) -> Result<(), ReduceError> {
    let gates = model.sizes().gates.value(|name| {
        let axis = model.graph.axes().iter().find(|axis| *axis.name == **name);
        axis.map_or(1, |axis| axis.length)
    });
    if gates > MOST_GATES.into() {
        return Err(ReduceError::TooManyGates { gates: gates.to_string(), most: MOST_GATES });
    }
    Ok(())
}

fn formats_of(input: &Input) -> Vec<Format> {
    match input.kind {
        InputKind::Numbers(format) => vec![format; input.shape.iter().product::<u64>() as usize],
        InputKind::Tokens(_) => Vec::new(),
    }
}

/// What a level of each entry of the final weights is worth.
fn units(model: &LoopedModel, document: &Document) -> Vec<Rational> {
    let Document::Program(program) = document else { return Vec::new() };
    let entries = program.weights().into_iter().map(|weight| weight.shape.iter().product::<u64>() as usize);
    let units = entries.zip(model.output_units()).flat_map(|(entries, unit)| std::iter::repeat_n(unit, entries));
    units.collect()
}

/// The final levels of up to 64 instances, on the gates.
fn simulate(gates: &Gates, batch: &[Vec<i64>]) -> Result<Vec<Vec<BigInt>>, ReduceError> {
    let bits =
        batch.iter().map(|levels| gates::encode_input(gates, &cut(gates, levels))).collect::<Result<Vec<_>, _>>()?;
    let values = gates::simulate64(gates, &gates::pack_lanes(&bits));
    let output = |place| {
        let words = gates::read_outputs(gates, &gates::lane(&values, place));
        words.into_iter().flat_map(|word| word.values).collect()
    };
    Ok((0..batch.len()).map(output).collect())
}

/// Levels in a row as a list for each input of the circuit.
fn cut(gates: &Gates, levels: &[i64]) -> Vec<Vec<i64>> {
    let mut rest = levels.iter().copied();
    let words = gates.inputs().iter();
    words.map(|word| rest.by_ref().take(word.elements().unwrap_or(0) as usize).collect()).collect()
}
