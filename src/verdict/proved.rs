//! What is proved of a program for all circuits of some model: bounds with numbers, and the class of its rounded step; must not know circuits.

use super::conditional;
use super::page::Found;
use super::{How, Mark, Source, Statement, Tag};
use crate::bounds::{self, Standing};
use crate::monoid::step::{Scope, Step};
use crate::monoid::{Class, Classification, Limits, classify};
use crate::program;
use crate::spec::program::{Program, Quantity, Start};

/// Lower bounds that rest on no conjecture, each with its model; those that say nothing are told as silence.
pub(super) fn bounds(found: &mut Found, program: &Program) {
    let bounds = match bounds::of(program, &bounds::Options::default()) {
        Ok(bounds) => bounds,
        Err(error) => return found.silent.push(format!("lower bounds: {error}")),
    };
    for bound in bounds.bounds {
        if bound.standing != Standing::Says {
            let nothing = if bound.standing == Standing::SaysNothing { "nothing new at these sizes; " } else { "" };
            found.silent.push(format!("{} ({}): {nothing}{}", bound.name, bound.model, bound.says));
            continue;
        }
        let mut statement = Statement::new(Tag::Proved, bound.model, bound.says).by(How::Argument, bound.evidence);
        statement.sources.push(Source { cite: bound.source, mark: None });
        found.statements.push(statement);
    }
    found.silent.push(bounds.note.to_owned());
}

/// Elements of a monoid that a page waits for.
const LIMITS: Limits = Limits { elements: 40_000, bytes: 64 << 20 };
/// Bits of a state and a step's data, all of whose values a page waits for.
const MOST_BITS: u128 = 14;

/// The class of "the state after T steps as a function of the data", in the program's formats.
pub(super) fn class(found: &mut Found, program: &Program) {
    match classified(program) {
        Ok((step, class)) => tell(found, &step, &class),
        Err(why) => found.silent.push(format!("the transition monoid of the rounded step: {why}")),
    }
}

fn classified(program: &Program) -> Result<(Step, Classification), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string().lines().next().unwrap_or_default().to_owned();
    if program.data.is_hard_wired() {
        return Err("its data are constants, so for each T there is nothing to classify but the start".to_owned());
    }
    let bits = read_bits(program);
    if bits > MOST_BITS {
        return Err(format!(
            "a state and the data of a step have {bits} bits together, more than the {MOST_BITS} a page waits for; try `isobath classify`"
        ));
    }
    let system = program::system(program).map_err(|error| told(&error))?;
    // From weights that are given, other states are never reached.
    let scope = if program.start == Start::Inputs { Scope::All } else { Scope::Reachable };
    let step = Step::of(&system, None, scope, &mut |_, _| {}).map_err(|error| told(&error))?;
    let class = classify(&step.automaton, step.grid().as_deref(), LIMITS, &mut |_, _| {});
    Ok((step, class))
}

/// Bits of the weights and of the data of one step.
fn read_bits(program: &Program) -> u128 {
    let bits = |quantity: &Quantity| {
        let entries = quantity.shape.iter().fold(1u128, |all, length| all.saturating_mul(u128::from(*length)));
        entries.saturating_mul(u128::from(quantity.format.bits()))
    };
    let data: u128 = program.quantities().iter().map(bits).sum();
    let data = if program.data.is_hard_wired() { 0 } else { data.saturating_mul(u128::from(program.batch())) };
    program.weights().iter().map(bits).sum::<u128>().saturating_add(data)
}

const FIXED: &str = "circuits of polynomial size in the number of steps, at this fixed format and dimension";

fn tell(found: &mut Found, step: &Step, class: &Classification) {
    let says = match class.class {
        Class::Ac0 => "its transition monoid has no groups: T steps are in AC0, AND and OR gates of constant depth",
        Class::Ac0Counting => "its only groups count steps: T steps are in AC0 for each T",
        Class::Acc0 => "all groups of its transition monoid are solvable: T steps are in ACC0, and not in AC0",
        Class::Nc1Complete => "its transition monoid has a group that is not solvable: T steps are complete for NC1",
        Class::NotAc0 | Class::Open => {
            let why = "the transition monoid of the rounded step: not closed within what a page waits for; `isobath classify` goes on";
            return found.silent.push(why.to_owned());
        }
    };
    let what = format!(
        "{} states, {} maps, {} elements listed, {} images",
        step.automaton.states(),
        step.automaton.maps().len(),
        class.closure.elements,
        class.images
    );
    if class.class == Class::Nc1Complete {
        found.statements.push(conditional::automaton(what.clone()));
    }
    let statement = Statement::new(Tag::Proved, FIXED, format!("In these formats, as a function of the data: {says}."))
        .from("Barrington, Compton, Straubing and Therien 1992; Barrington 1989", Mark::Secondary)
        .from("Barrington and Therien 1988 (for ACC0)", Mark::Unconfirmed)
        .by(How::Exhaustive, what);
    found.statements.push(statement);
}
