//! Runs a circuit file by simulating its gates, 64 inputs at a time; must not know what model it was.

use std::path::Path;

use num_bigint::BigInt;
use num_traits::Zero;

use super::By;
use super::answer::{Answer, Meaning, Run, list};
use super::input;
use crate::cli::failure::Failure;
use crate::cli::model::NAMES;
use crate::gates::{self, Gates, OutputValues};
use crate::lower::guard::OUTSIDE;
use crate::spec::Names;

/// The widest fraction a number format has.
const MOST_FRACTION: u32 = 62;

/// Reads the file and simulates it on each input that the arguments name.
pub(super) fn run(file: &Path, arguments: &[String]) -> Result<Run, Failure> {
    let standard = file == Path::new("-");
    let gates = if standard { gates::read_from(std::io::stdin().lock())? } else { gates::read(file)? };
    let meaning = meaning(&gates).ok_or_else(|| Failure::at(file, "the circuit gives nothing out"))?;
    let inputs = input::read(arguments, meaning.names.as_ref())?;
    let outputs = simulate(&gates, &inputs)?;
    let answers = inputs.into_iter().zip(outputs).map(|(input, output)| Answer { input, output, agrees: true });
    Ok(Run { name: name(&gates, file), by: By::Simulate, meaning, answers: answers.collect(), quantisation: None })
}

fn name(gates: &Gates, file: &Path) -> String {
    gates.metadata().get("name").cloned().unwrap_or_else(|| file.display().to_string())
}

/// What the outputs stand for; the fraction is not known of circuits that others made.
fn meaning(gates: &Gates) -> Option<Meaning> {
    let own: Vec<_> = gates.outputs().iter().filter(|word| !word.name.starts_with(OUTSIDE)).collect();
    let number = |key: &str| gates.metadata().get(key)?.parse::<u64>().ok();
    let fraction = number("fraction").and_then(|bits| u32::try_from(bits).ok()).filter(|bits| *bits <= MOST_FRACTION);
    let given: Vec<(String, Vec<u64>)> = own.iter().map(|word| (word.name.clone(), word.shape.clone())).collect();
    let names = gates.metadata().get(NAMES).and_then(|text| serde_json::from_str::<Names>(text).ok());
    (!given.is_empty()).then(|| Meaning { names, ..Meaning::of(&given, fraction) })
}

/// The outputs on each input, one after the other.
pub(super) fn simulate(gates: &Gates, inputs: &[Vec<i64>]) -> Result<Vec<Vec<BigInt>>, Failure> {
    let mut outputs = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(64) {
        let bits = batch.iter().map(|input| encode(gates, input)).collect::<Result<Vec<_>, _>>()?;
        let values = gates::simulate64(gates, &gates::pack_lanes(&bits));
        for (place, input) in batch.iter().enumerate() {
            let words = gates::read_outputs(gates, &gates::lane(&values, place));
            held(input, &words)?;
            let own = words.into_iter().filter(|word| !word.name.starts_with(OUTSIDE));
            outputs.push(own.flat_map(|word| word.values).collect());
        }
    }
    Ok(outputs)
}

/// Refuses an input that leaves a calibrated range, as the circuit's own gates tell.
fn held(input: &[i64], words: &[OutputValues]) -> Result<(), Failure> {
    for word in words.iter().filter(|word| word.name.starts_with(OUTSIDE)) {
        if let Some((place, count)) = word.values.iter().enumerate().find(|(_, count)| !count.is_zero()) {
            let (input, name) = (list(input), &word.name);
            return Err(Failure::refused(format!(
                "input {input}: {count} values at place {place} are {name}: they leave the range calibrated, and for this input the circuit is not the model; calibrate with more inputs, or not at all"
            )));
        }
    }
    Ok(())
}

/// One list of integers, cut into the circuit's inputs.
fn encode(gates: &Gates, input: &[i64]) -> Result<Vec<bool>, Failure> {
    let mut rest = input;
    let mut lists = Vec::new();
    let words = gates.inputs();
    let context = gates.metadata().get("context").and_then(|tokens| tokens.parse::<usize>().ok());
    if let Some(context) = context.filter(|context| *context != input.len()) {
        let given = input.len();
        let message = format!("the circuit reads {context} tokens, but an input has {given}");
        return Err(Failure::refused(format!(
            "{message}\n  help: `compile --context {given}` makes one that reads {given}"
        )));
    }
    for (place, word) in words.iter().enumerate() {
        let wanted = usize::try_from(word.elements().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let taken = if place + 1 == words.len() { rest.len() } else { wanted.min(rest.len()) };
        lists.push(rest[..taken].to_vec());
        rest = &rest[taken..];
    }
    Ok(gates::encode_input(gates, &lists)?)
}
