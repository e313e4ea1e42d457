//! Shortcuts: shallower circuits for many steps compute what the steps compute, at the depths they are said to have.

#![allow(clippy::unwrap_used)]

mod automata;
mod by_hand;
mod command;
mod contracting;
mod exact;
mod laws;
mod refusals;
mod rounding;

use isobath::number::Rational;
use isobath::shortcut::compare::answers;
use isobath::shortcut::parts::{Layout, Parts};
use isobath::shortcut::{Applied, Built, Options, Refused, Rule, apply};
use isobath::spec::program::Program;
use isobath::spec::{Document, parse_document};

fn document(text: &str) -> Document {
    parse_document("test.toml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn program(text: &str) -> Program {
    match document(text) {
        Document::Program(program) => *program,
        _ => panic!("no program"),
    }
}

fn shipped(name: &str) -> Program {
    let path = format!("{}/circuits/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    program(&std::fs::read_to_string(path).unwrap())
}

fn applied(rule: Rule, program: &Program, steps: u64) -> Result<Applied, Refused> {
    apply(rule, program, &Options { steps: Some(steps), ..Options::default() })
}

/// A circuit made by one of the rules that take a program's parts.
fn built(program: &Program, steps: u64, build: impl Fn(&Parts) -> Result<Built, Refused>) -> Result<Built, Refused> {
    let system = isobath::program::system(&Program { steps, ..program.clone() }).unwrap();
    build(&Parts::of(&system).unwrap())
}

/// Calls `check` for every input with its levels, their values, and what the explicit gates give out.
fn on_every_input(built: &Built, check: impl Fn(&[i64], Vec<Rational>, &[Rational])) {
    let gates = built.expand(&mut |_, _| {}).unwrap();
    let layout: &Layout = &built.layout;
    let all: Vec<u64> = (0..1u64 << layout.bits()).collect();
    for batch in all.chunks(64) {
        let levels: Vec<Vec<i64>> = batch.iter().map(|number| layout.levels(*number)).collect();
        let outputs = answers(built, Some(&gates), &levels).unwrap();
        for (levels, output) in levels.iter().zip(&outputs) {
            let value =
                |(level, format): (&i64, &isobath::number::Format)| by_hand::ratio(*level, 1 << format.fraction());
            check(levels, levels.iter().zip(&layout.formats).map(value).collect(), output);
        }
    }
}
