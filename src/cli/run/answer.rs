//! What came out of a run, as text or JSON; must not know how it came about.

use num_bigint::{BigInt, Sign};
use num_traits::One;
use serde::Serialize;

use super::By;
use crate::spec::Names;
use crate::tensor::Quantisation;

/// The outputs for all inputs.
pub(super) struct Run {
    /// The model.
    pub name: String,
    /// How it was run.
    pub by: By,
    /// What outputs stand for.
    pub meaning: Meaning,
    /// One for each input, in order.
    pub answers: Vec<Answer>,
    /// What rounding did to the weights, where some were read.
    pub quantisation: Option<Quantisation>,
}

/// The output for one input.
pub(super) struct Answer {
    /// The input.
    pub input: Vec<i64>,
    /// Levels, position by position.
    pub output: Vec<BigInt>,
    /// Whether all readings gave it.
    pub agrees: bool,
}

/// What levels stand for.
pub(super) struct Meaning {
    /// What is given out: `logits`, `hidden`, `tokens`.
    pub output: String,
    /// Each position is one-hot.
    pub one_hot: bool,
    /// A level is worth `2^-fraction`, if that is known.
    pub fraction: Option<u32>,
    /// Levels at each position.
    pub width: usize,
    /// Where several arrays of different names are given out, one after the other: their names and how many levels each has.
    pub arrays: Vec<(String, usize)>,
    /// What tokens and classes are called.
    pub names: Option<Names>,
}

/// The JSON object.
#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    name: &'a str,
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agree: Option<bool>,
    output: &'a str,
    fraction: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantisation: Option<&'a Quantisation>,
    inputs: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    input: &'a [i64],
    #[serde(skip_serializing_if = "Option::is_none")]
    agree: Option<bool>,
    positions: Vec<Position>,
}

#[derive(Serialize)]
struct Position {
    position: u64,
    /// The array, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    /// False where what is given out means nothing: at the mark of the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    specified: Option<bool>,
    levels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
}

impl Meaning {
    /// Arrays that are given out one after the other, with their names: if one is as good as another, positions of one output.
    pub fn of(given: &[(String, Vec<u64>)], fraction: Option<u32>) -> Self {
        if let [(name, shape)] = given {
            // The first of several axes is that of positions.
            let positions = if shape.len() > 1 { shape[0] } else { 1 };
            let width = (shape.iter().product::<u64>() / positions.max(1)).max(1) as usize;
            return Self {
                output: name.clone(),
                one_hot: name == TOKENS,
                fraction,
                width,
                arrays: vec![],
                names: None,
            };
        }
        let given: Vec<(String, usize)> =
            given.iter().map(|(name, shape)| (name.clone(), shape.iter().product::<u64>() as usize)).collect();
        let output = given.first().map_or("", |(name, _)| base(name)).to_owned();
        let alike = |(name, width): &(String, usize)| base(name) == output && *width == given[0].1;
        let arrays = if given.iter().all(alike) { Vec::new() } else { given.clone() };
        let width = given.first().map_or(1, |(_, width)| *width).max(1);
        Self { one_hot: output == TOKENS && arrays.is_empty(), output, fraction, width, arrays, names: None }
    }
}

/// What is given out where each position is a choice.
const TOKENS: &str = "tokens";

/// A name without its indices.
fn base(name: &str) -> &str {
    name.split_once('[').map_or(name, |(base, _)| base)
}

impl Run {
    /// What to say if readings disagree.
    pub fn disagreement(&self) -> Option<String> {
        let differ: Vec<&Answer> = self.answers.iter().filter(|answer| !answer.agrees).collect();
        let first = differ.first()?;
        Some(format!(
            "evaluate, interpret and simulate disagree on {} of {} inputs, first on {}",
            differ.len(),
            self.answers.len(),
            list(&first.input)
        ))
    }

    fn item<'a>(&self, answer: &'a Answer) -> Item<'a> {
        let agree = (self.by == By::All).then_some(answer.agrees);
        Item { input: &answer.input, agree, positions: self.positions(answer) }
    }

    fn positions(&self, answer: &Answer) -> Vec<Position> {
        let mut levels = &answer.output[..];
        let named = |(place, (name, width)): (usize, &(String, usize))| {
            let (row, rest) = levels.split_at((*width).min(levels.len()));
            levels = rest;
            Position { output: Some(name.clone()), ..self.position(place as u64, row) }
        };
        if !self.meaning.arrays.is_empty() {
            return self.meaning.arrays.iter().enumerate().map(named).collect();
        }
        let rows = answer.output.len() / self.meaning.width;
        // A single row is that of the last position.
        let first = if rows == 1 { answer.input.len().saturating_sub(1) as u64 } else { 0 };
        let rows = answer.output.chunks(self.meaning.width);
        (first..).zip(rows).map(|(position, row)| self.position(position, row)).collect()
    }

    fn position(&self, position: u64, row: &[BigInt]) -> Position {
        let token = self.meaning.one_hot.then(|| row.iter().position(One::is_one)).flatten();
        let values = self.meaning.fraction.filter(|_| token.is_none());
        let names = self.meaning.names.as_ref();
        Position {
            position,
            output: None,
            token,
            class: token.and_then(|token| names?.class(token)).map(str::to_owned),
            specified: names.and_then(|names| names.mark).map(|_| position > 0),
            levels: row.iter().map(ToString::to_string).collect(),
            values: values.map(|fraction| row.iter().map(|level| worth(level, fraction)).collect()),
        }
    }
}

/// One object, schema `isobath.run/1`.
pub(super) fn json(run: &Run) -> Result<String, serde_json::Error> {
    let compared = run.by == By::All;
    let object = Object {
        schema: "isobath.run/1",
        name: &run.name,
        by: run.by.name(),
        agree: compared.then(|| run.answers.iter().all(|answer| answer.agrees)),
        output: &run.meaning.output,
        fraction: run.meaning.fraction,
        quantisation: run.quantisation.as_ref(),
        inputs: run.answers.iter().map(|answer| run.item(answer)).collect(),
    };
    Ok(serde_json::to_string_pretty(&object)? + "\n")
}

/// A line for each position, and a heading for each of several inputs.
pub(super) fn text(run: &Run, quiet: bool) -> String {
    let mut text = String::new();
    for answer in &run.answers {
        if run.answers.len() > 1 && !quiet {
            text += &format!("input {}\n", list(&answer.input));
        }
        run.positions(answer).iter().for_each(|position| text += &line(&run.meaning.output, position));
    }
    if run.by == By::All && !quiet && run.disagreement().is_none() {
        text += &format!("evaluate, interpret and simulate agree on all inputs ({})\n", run.answers.len());
    }
    text
}

fn line(output: &str, position: &Position) -> String {
    let Position { position, output: own, token, class, specified, levels, values } = position;
    let output = own.as_deref().unwrap_or(output);
    let levels = levels.join(" ");
    let said = match (token, class, values) {
        (Some(token), Some(class), _) => format!("{class} (class {token})"),
        (Some(token), None, _) => format!("token {token}"),
        (None, _, Some(values)) => format!("{output} {} (levels {levels})", values.join(" ")),
        (None, _, None) => format!("{output} levels {levels}"),
    };
    let note = if *specified == Some(false) { "; at the mark of the beginning nothing is specified" } else { "" };
    let place = if own.is_some() { String::new() } else { format!("position {position}: ") };
    format!("{place}{said}{note}\n")
}

/// Integers with commas.
pub(super) fn list(input: &[i64]) -> String {
    input.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// `level * 2^-fraction` in decimals, exactly.
fn worth(level: &BigInt, fraction: u32) -> String {
    let digits = (level.magnitude() * num_bigint::BigUint::from(5u32).pow(fraction)).to_string();
    let digits = format!("{digits:0>width$}", width = fraction as usize + 1);
    let (whole, part) = digits.split_at(digits.len() - fraction as usize);
    let sign = if level.sign() == Sign::Minus { "-" } else { "" };
    match part.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disagreement_is_told_and_nothing_is_said_to_agree() {
        let meaning = Meaning {
            output: "logits".to_owned(),
            one_hot: false,
            fraction: Some(1),
            width: 2,
            arrays: vec![],
            names: None,
        };
        let answer = |agrees| Answer { input: vec![3, 1], output: vec![1.into(), 2.into()], agrees };
        let run = Run {
            name: "m".to_owned(),
            by: By::All,
            meaning,
            answers: vec![answer(true), answer(false)],
            quantisation: None,
        };
        let message = run.disagreement().unwrap();
        assert!(message.ends_with("disagree on 1 of 2 inputs, first on 3,1"), "{message}");
        assert_eq!(text(&run, true), "position 1: logits 0.5 1 (levels 1 2)\n".repeat(2));
        let object: serde_json::Value = serde_json::from_str(&json(&run).unwrap()).unwrap();
        assert_eq!((&object["agree"], &object["inputs"][0]["agree"]), (&false.into(), &true.into()));
    }

    #[test]
    fn levels_are_worth_exact_decimals() {
        let cases = [(0, 4, "0"), (-1, 4, "-0.0625"), (24, 4, "1.5"), (-32, 4, "-2"), (7, 0, "7"), (1, 1, "0.5")];
        cases.iter().for_each(|(level, fraction, text)| assert_eq!(worth(&(*level).into(), *fraction), *text));
    }
}
