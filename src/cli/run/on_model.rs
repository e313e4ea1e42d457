//! Runs a model by any reading of its circuit, or by all of them and compares; must not know how a reading works.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::By;
use super::answer::{Answer, Meaning, Run, list};
use super::circuit::simulate;
use crate::cli::calibrate::{self, Calibrate};
use crate::cli::failure::Failure;
use crate::cli::model;
use crate::cli::output::Progress;
use crate::gates::Gates;
use crate::pipeline::{Evaluator, Model};
use crate::spec::Spec;
use crate::words::Strategy;

/// A model and how to run it.
pub(super) struct Request<'a> {
    /// The model.
    pub spec: &'a Spec,
    /// What to save.
    pub strategy: Strategy,
    /// Tokens of every input, if asked for.
    pub context: Option<u64>,
    /// The reading.
    pub by: By,
    /// Inputs to calibrate with.
    pub calibrate: &'a Calibrate,
    /// No progress line.
    pub quiet: bool,
}

/// An output, and whether all readings gave it, once there is one.
type Found = Option<(Vec<BigInt>, bool)>;

impl Request<'_> {
    /// Runs the model on each input, at the input's own length.
    pub fn run(&self, inputs: Vec<Vec<i64>>) -> Result<Run, Failure> {
        let tokens = inputs.iter().map(|input| self.tokens(input)).collect::<Result<Vec<_>, _>>()?;
        let parameters = model::weights(self.spec)?;
        let ranges = self.calibrate.ranges(self.spec, &parameters)?;
        let mut answers = vec![None; inputs.len()];
        let mut known = None;
        for (length, places) in by_length(&inputs) {
            let model = calibrate::lower(self.spec, &parameters, length as u64, self.strategy, ranges.as_ref())?;
            self.answers(&model, &places, &tokens, &mut answers)?;
            known = Some(self.meaning(&model));
        }
        let meaning = known.ok_or_else(|| Failure::refused("there is no input"))?;
        let answers = inputs.into_iter().zip(answers.into_iter().flatten());
        let answers = answers.map(|(input, (output, agrees))| Answer { input, output, agrees }).collect();
        let quantisation = parameters.quantisation();
        Ok(Run { name: self.spec.architecture.name.clone(), by: self.by, meaning, answers, quantisation })
    }

    fn meaning(&self, model: &Model) -> Meaning {
        let shape = &model.graph.node(model.graph.output()).shape;
        let width: u64 = shape.iter().skip(1).map(|size| size.value).product();
        let output = model.graph.output_name().to_owned();
        Meaning {
            one_hot: output == "tokens",
            output,
            fraction: Some(model.lowered.fraction),
            width: width.max(1) as usize,
            arrays: Vec::new(),
            names: self.spec.names.clone(),
        }
    }

    /// Fills in the answers at these places, whose inputs have the model's length.
    fn answers(
        &self,
        model: &Model,
        places: &[usize],
        tokens: &[Vec<u64>],
        answers: &mut [Found],
    ) -> Result<(), Failure> {
        let gates = self.gates(model)?;
        let evaluator = model.evaluator()?;
        for batch in places.chunks(64) {
            let ids = |place: &usize| tokens[*place].iter().map(|token| *token as i64).collect();
            let lists: Vec<Vec<i64>> = batch.iter().map(ids).collect();
            let simulated = gates.as_ref().map(|gates| simulate(gates, &lists)).transpose()?;
            for (at, place) in batch.iter().enumerate() {
                let simulated = simulated.as_ref().map(|outputs| outputs[at].clone());
                let answer = self.answer(model, &evaluator, &tokens[*place], simulated);
                answers[*place] = Some(answer.map_err(|failure| failure.of(&format!("input {}", list(&lists[at]))))?);
            }
        }
        Ok(())
    }

    /// Token ids the model has.
    fn tokens(&self, input: &[i64]) -> Result<Vec<u64>, Failure> {
        let length = input.len() as u64;
        if let Some(context) = self.context.filter(|context| *context != length) {
            return Err(Failure::refused(format!("--context is {context}, but an input has {length} tokens")));
        }
        model::tokens(self.spec, input)
    }

    /// The gates, where they are needed.
    fn gates(&self, model: &Model) -> Result<Option<Gates>, Failure> {
        let mut progress = Progress::new(self.quiet);
        match self.by {
            By::Evaluate | By::Interpret => Ok(None),
            By::Simulate | By::All => Ok(Some(model.expand(&mut |done, total| progress.gates(done, total))?)),
        }
    }

    /// The output, and whether all readings that were asked for give it.
    fn answer(
        &self,
        model: &Model,
        evaluator: &Evaluator,
        tokens: &[u64],
        simulated: Option<Vec<BigInt>>,
    ) -> Result<(Vec<BigInt>, bool), Failure> {
        let interpret = || {
            model.interpret(tokens).ok_or_else(|| Failure::refused("the reference interpreter has no weights to use"))
        };
        match (self.by, simulated) {
            (By::Interpret, _) => Ok((interpret()?, true)),
            (By::Simulate, Some(simulated)) => Ok((simulated, true)),
            (By::All, simulated) => {
                let (output, reference) = (evaluator.run(tokens)?, interpret()?);
                let agrees = output == reference && simulated.is_some_and(|simulated| simulated == output);
                Ok((output, agrees))
            }
            (By::Evaluate | By::Simulate, _) => Ok((evaluator.run(tokens)?, true)),
        }
    }
}

/// The places of the inputs of each length.
fn by_length(inputs: &[Vec<i64>]) -> BTreeMap<usize, Vec<usize>> {
    let mut lengths: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, input) in inputs.iter().enumerate() {
        lengths.entry(input.len()).or_default().push(place);
    }
    lengths
}
