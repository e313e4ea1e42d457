//! The command `classify`; must not know how monoids are closed or steps are read.

use std::io::Read;
use std::path::PathBuf;

use num_bigint::BigInt;

use super::failure::Failure;
use super::formats::Formats;
use super::number;
use super::output::{self, Progress};
use crate::monoid::step::{Scope, Step};
use crate::monoid::{Class, Limits, classify};
use crate::number::Rational;
use crate::pipeline::subject::{self, Options};
use crate::report::classification::{self, Described};
use crate::report::json;
use crate::spec::Document;

/// The largest file of data values, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// What `classify` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A program (TOML); `-` for standard input
    file: PathBuf,
    /// A data value of a step: its numbers in order, such as 1,-1,0; or @FILE with one a line; may be repeated. Default: all of its formats
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    data: Vec<String>,
    /// Only the states that are reached from the weights to begin with
    #[arg(long)]
    reachable: bool,
    /// The most elements of the monoid, and the most images, that are listed
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = number::within::<u32>(1, 100_000_000))]
    limit: u32,
    /// Print one JSON object (isobath.classification/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    formats: Formats,
}

const EXAMPLES: &str = "\
Examples:
  isobath classify circuits/gd-1d.toml --format 'int(4)'         # no overshoot: AC0
  isobath classify circuits/gd-parity.toml                       # overshoot: a weight that turns its sign
  isobath classify circuits/gd-swaps.toml --reachable --data @circuits/gd-swaps.data      # permutations of five weights: NC1

One step, in its formats, sends finitely many states to themselves, by one map for each value of its data. The monoid that these maps
generate decides the circuit class of what T steps do with their data.

Exit codes: 0 the class is proved, 1 the limit was hit before that, 2 the file or a request was refused.";

/// Reads the step, classifies it and prints what was found.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let program = args.formats.read(&args.file)?;
    let data = data(&args.data)?;
    let listed = data.is_some();
    let refused = |error: &dyn std::fmt::Display| Failure::at(&args.file, error);
    let document = Document::Program(Box::new(program.clone()));
    let (system, _) = subject::graph(&document, &Options::default()).map_err(|error| refused(&error))?;
    let scope = if args.reachable { Scope::Reachable } else { Scope::All };
    let mut progress = Progress::new(args.json);
    let step = Step::of(&system, data, scope, &mut |done, total| progress.counted("readings of the step", done, total));
    let step = step.map_err(|error| refused(&error))?;
    let limits = Limits { elements: args.limit as usize, ..Limits::default() };
    let total = u64::from(args.limit);
    let found = classify(&step.automaton, step.grid().as_deref(), limits, &mut |what, done| {
        progress.counted(what, done as u64, total);
    });
    drop(progress);
    let described = Described::new(&program, &step, &found, listed);
    let shown = if args.json { json::json(&described)? } else { classification::text(&described) };
    output::print(shown.as_bytes())?;
    match found.class {
        Class::Ac0 | Class::Ac0Counting | Class::Acc0 | Class::Nc1Complete => Ok(()),
        Class::NotAc0 | Class::Open => {
            Err(Failure::Disagreement(format!("the class is not decided within --limit {}", args.limit)))
        }
    }
}

/// The data values that were listed; none where none were.
fn data(arguments: &[String]) -> Result<Option<Vec<Vec<Rational>>>, Failure> {
    let mut listed = Vec::new();
    for argument in arguments {
        match argument.strip_prefix('@') {
            None => listed.push(numbers(argument).map_err(|error| Failure::refused(format!("--data: {error}")))?),
            Some(path) => {
                let at = |line: usize, error: String| Failure::refused(format!("{path}:{line}: {error}"));
                let text = text(path).map_err(|error| Failure::refused(format!("--data: {path}: {error}")))?;
                let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
                for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
                    listed.push(numbers(line).map_err(|error| at(number, error))?);
                }
            }
        }
    }
    match (arguments.is_empty(), listed.is_empty()) {
        (true, _) => Ok(None),
        (false, true) => Err(Failure::refused("--data: there is no data value in the file")),
        (false, false) => Ok(Some(listed)),
    }
}

fn text(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    if std::fs::File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)? as u64 > MOST_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(text)
}

fn numbers(text: &str) -> Result<Vec<Rational>, String> {
    let wrong = |part: &str| {
        let short: String = part.chars().take(40).collect();
        format!("`{short}` is not a number; write 1, -0.5 or 1/4, with commas between")
    };
    text.split(',').map(|part| number(part.trim()).ok_or_else(|| wrong(part))).collect()
}

/// `1`, `-0.5` or `1/4`, exactly.
fn number(text: &str) -> Option<Rational> {
    if text.len() > 64 {
        return None;
    }
    if let Some((numerator, denominator)) = text.split_once('/') {
        let denominator: BigInt = denominator.parse().ok()?;
        let positive = denominator.sign() == num_bigint::Sign::Plus;
        return positive.then(|| Some(Rational::new(numerator.parse().ok()?, denominator.clone())))?;
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = !whole.is_empty() && decimals.chars().all(|c| c.is_ascii_digit());
    let numerator: BigInt = digits.then(|| format!("{whole}{decimals}").parse().ok())??;
    Some(Rational::new(numerator, BigInt::from(10).pow(decimals.len() as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let ratio = |p: i32, q: i32| Rational::new(p.into(), q.into());
        let read = numbers(" 1, -0.5 ,1/4,-3/6").unwrap();
        assert_eq!(read, [ratio(1, 1), ratio(-1, 2), ratio(1, 4), ratio(-1, 2)]);
        for text in ["", "1,,2", "x", "1/0", "1/-2", ".5", "1.-5", "1e3", "nan", &"9".repeat(99)] {
            assert!(numbers(text).is_err(), "{text}");
        }
    }
}
