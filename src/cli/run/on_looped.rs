//! Runs a looped system, unrolled, by any reading or by all of them compared; must not know how a reading works.

use num_bigint::BigInt;

use super::By;
use super::answer::{Answer, Meaning, Run};
use super::circuit::simulate;
use crate::circuit::Circuit;
use crate::cli::failure::Failure;
use crate::cli::output::Progress;
use crate::gates::Gates;
use crate::lower::InputKind;
use crate::pipeline::looped::LoopedModel;

/// A system and how to run it.
pub(super) struct Request {
    /// Its name.
    pub name: String,
    /// The system at the lengths it is run at.
    pub model: LoopedModel,
    /// The reading.
    pub by: By,
    /// No progress line.
    pub quiet: bool,
}

impl Request {
    /// Runs the system on each list of levels.
    pub fn run(&self, inputs: Vec<Vec<i64>>) -> Result<Run, Failure> {
        // First what refuses too many iterations: inputs are listed one by one.
        let circuit = self.model.unrolled()?;
        inputs.iter().try_for_each(|input| self.check(input))?;
        let gates = match self.by {
            By::Evaluate | By::Interpret => None,
            By::Simulate | By::All => Some(self.gates(&circuit)?),
        };
        let mut answers = Vec::with_capacity(inputs.len());
        for batch in inputs.chunks(64) {
            let simulated = gates.as_ref().map(|gates| simulate(gates, batch)).transpose()?;
            for (place, input) in batch.iter().enumerate() {
                let simulated = simulated.as_ref().map(|outputs| outputs[place].clone());
                let (output, agrees) = self.answer(&circuit, input, simulated)?;
                answers.push(Answer { input: input.clone(), output, agrees });
            }
        }
        Ok(Run { name: self.name.clone(), by: self.by, meaning: self.meaning(&circuit), answers, quantisation: None })
    }

    fn gates(&self, circuit: &Circuit) -> Result<Gates, Failure> {
        let mut progress = Progress::new(self.quiet);
        Ok(self.model.expand(circuit, &mut |done, total| progress.gates(done, total))?)
    }

    /// Whether the levels are as many as there are inputs, and each fits.
    fn check(&self, levels: &[i64]) -> Result<(), Failure> {
        let inputs = self.model.inputs();
        let mut given = levels.iter();
        for (name, input) in &inputs {
            let (low, high, what) = match input.kind {
                InputKind::Tokens(limit) => (0, limit as i64 - 1, "token ids"),
                InputKind::Numbers(format) => (format.min(), format.max(), "levels"),
            };
            for _ in 0..input.shape.iter().product::<u64>() {
                match given.next() {
                    Some(level) if (low..=high).contains(level) => {}
                    Some(level) => {
                        return Err(Failure::refused(format!(
                            "{name} is given {level}; its {what} are {low} to {high}"
                        )));
                    }
                    None => {
                        return Err(Failure::refused(format!(
                            "{}\n  help: {}",
                            self.wanted(levels.len()),
                            listed(&inputs)
                        )));
                    }
                }
            }
        }
        match given.next() {
            None => Ok(()),
            Some(_) => Err(Failure::refused(format!("{}\n  help: {}", self.wanted(levels.len()), listed(&inputs)))),
        }
    }

    fn wanted(&self, got: usize) -> String {
        let inputs = self.model.inputs();
        let count: u64 = inputs.iter().map(|(_, input)| input.shape.iter().product::<u64>()).sum();
        format!("{} takes {count} integers, {got} were given", self.name)
    }

    /// The output, and whether all readings that were asked for give it.
    fn answer(
        &self,
        circuit: &Circuit,
        levels: &[i64],
        simulated: Option<Vec<BigInt>>,
    ) -> Result<(Vec<BigInt>, bool), Failure> {
        let interpret = || {
            let values = self.model.interpret(levels);
            values.ok_or_else(|| Failure::refused("the reference interpreter has no weights to use"))
        };
        match (self.by, simulated) {
            (By::Interpret, _) => Ok((interpret()?, true)),
            (By::Simulate, Some(simulated)) => Ok((simulated, true)),
            (By::All, simulated) => {
                let (output, reference) = (self.model.evaluate(circuit, levels)?, interpret()?);
                let agrees = output == reference && simulated.is_some_and(|simulated| simulated == output);
                Ok((output, agrees))
            }
            (By::Evaluate | By::Simulate, _) => Ok((self.model.evaluate(circuit, levels)?, true)),
        }
    }

    fn meaning(&self, circuit: &Circuit) -> Meaning {
        let shape = |array| circuit.array(array).shape.iter().map(|size| size.value).collect();
        let given = circuit.outputs().iter().map(|output| (output.name.clone(), shape(output.array)));
        let given: Vec<(String, Vec<u64>)> = given.collect();
        Meaning::of(&given, self.model.fraction())
    }
}

/// The inputs in order, the first few by name.
fn listed(inputs: &[(String, crate::lower::Input)]) -> String {
    let told = |(name, input): &(String, crate::lower::Input)| {
        let what = match input.kind {
            InputKind::Tokens(limit) => format!("token ids below {limit}"),
            InputKind::Numbers(format) => format!("levels of {format}"),
        };
        format!("{name}: {} {what}", input.shape.iter().product::<u64>())
    };
    let first: Vec<String> = inputs.iter().take(6).map(told).collect();
    let more = if inputs.len() > 6 { format!("; and {} more", inputs.len() - 6) } else { String::new() };
    format!("in this order: {}{more}", first.join("; "))
}
