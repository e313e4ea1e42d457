//! Where the popular claim is false: shallower circuits for the same steps, built and compared; must not know how they are built.

use super::page::Found;
use super::{Evidence, How, Mark, Statement, Tag, literature, measured};
use crate::shortcut::rounding::Outcome;
use crate::shortcut::{self, Applied, Figures, Refused, Rule};
use crate::spec::program::{Descent, Loss, Optimiser, Program, Rule as Learning};

/// Steps for which shortcuts are built for a page: the first number at which one is shallower, none beyond those of the program.
const STEPS: [u64; 2] = [4, 16];

/// Every shortcut that applies, at a few steps; the others with the reason why not.
pub(super) fn shortcuts(found: &mut Found, program: &Program) {
    let verdicts = Rule::ALL.map(|rule| tried(rule, program));
    let affine =
        verdicts.iter().any(|tried| matches!(tried.rule, Rule::Prefix | Rule::HardWired) && tried.applied.is_ok());
    for Tried { rule, applied, plain } in verdicts {
        match applied {
            Ok(applied) if plain.as_ref().is_some_and(|plain| plain.depth <= applied.figures.depth) => {
                let (name, depth, steps) = (rule.name(), applied.figures.depth, applied.steps);
                found
                    .silent
                    .push(format!("shortcut {name}: at depth {depth} no shallower than {steps} steps one by one"));
            }
            Ok(applied) => found.statements.push(built(rule, &applied, plain.as_ref())),
            Err(
                why @ (Refused::States { .. }
                | Refused::Many { .. }
                | Refused::Steps { .. }
                | Refused::Wide { .. }
                | Refused::Float { .. }),
            ) if rule == Rule::Automaton => {
                found.statements.push(unbuilt(rule, "tables of transitions composed in a tree", &why));
            }
            Err(why @ Refused::Float { .. }) if rule == Rule::Prefix && is_affine(program) => {
                let statement = unbuilt(rule, "maps of the weights composed in a tree", &why);
                found.statements.push(statement.from("Blelloch 1990", Mark::Secondary));
            }
            Err(why) => found.silent.push(format!("shortcut {}: {why}", rule.name())),
        }
    }
    let plain = matches!(&program.rule, Learning::Descent(Descent { optimiser: Optimiser::Plain, .. }));
    if affine && plain {
        found.statements.push(literature::quadratics());
    }
    if is_affine(program) {
        found.statements.push(literature::quality());
    }
}

/// A rule, and what came of it at some number of steps.
struct Tried {
    rule: Rule,
    applied: Result<Applied, Refused>,
    /// The same steps one after the other.
    plain: Option<Figures>,
}

/// At the fewest steps at which it is shallower; else at the most.
fn tried(rule: Rule, program: &Program) -> Tried {
    let mut last = at(rule, program, STEPS[0].min(program.steps));
    for steps in STEPS.into_iter().skip(1).filter(|steps| *steps <= program.steps) {
        if last.may_be_shallower_later() {
            last = at(rule, program, steps);
        }
    }
    last
}

fn at(rule: Rule, program: &Program, steps: u64) -> Tried {
    let applied = shortcut::apply(rule, program, &shortcut::Options { steps: Some(steps), ..Default::default() });
    let plain = applied.is_ok().then(|| shortcut::plain(&Program { steps, ..program.clone() }).ok()).flatten();
    Tried { rule, applied, plain }
}

impl Tried {
    fn may_be_shallower_later(&self) -> bool {
        match &self.applied {
            Ok(applied) => self.plain.as_ref().is_some_and(|plain| plain.depth <= applied.figures.depth),
            Err(why) => matches!(why, Refused::Apart(_)),
        }
    }
}

/// Whether exact steps are affine in the weights whatever the data: descent on squares of linear residuals.
fn is_affine(program: &Program) -> bool {
    matches!(
        &program.rule,
        Learning::Descent(Descent { loss: Loss::LeastSquares { .. }, optimiser: Optimiser::Plain, .. })
    )
}

/// A finite state is an automaton, and affine maps compose, also where no circuit is built here.
fn unbuilt(rule: Rule, how: &str, why: &Refused) -> Statement {
    let what = format!("{how}; not built here: {why}");
    Statement::new(Tag::CounterClaim, measured::GATES, says(rule).to_owned()).by(How::Argument, what)
}

fn says(rule: Rule) -> &'static str {
    match rule {
        Rule::Prefix => {
            "Exact steps of this loss are affine and compose associatively: T of them take O(log T) layers."
        }
        Rule::HardWired => {
            "Without rounding, steps on constant data are one affine map: one layer for every T, its weights growing with T."
        }
        Rule::Powering => "Without rounding, T steps on one fixed quadratic of constant dimension take constant depth.",
        Rule::Contraction => {
            "Every step contracts, so the last steps alone decide the result within 2^-b (not bit for bit), whatever T is."
        }
        Rule::Automaton => {
            "The rounded state is finite: T steps take ceil(log2 T) + O(1) layers, at size 2^O(S) T for S bits of state."
        }
    }
}

fn built(rule: Rule, applied: &Applied, plain: Option<&Figures>) -> Statement {
    let plain = plain.map(|plain| format!("; step after step: depth {}, {} gates", plain.depth, plain.gates));
    let plain = plain.unwrap_or_default();
    let figures = &applied.figures;
    let counted = format!("{} steps: depth {}, {} gates{plain}", applied.steps, figures.depth, figures.gates);
    let mut statement =
        Statement::new(Tag::CounterClaim, measured::GATES, says(rule).to_owned()).by(How::Counted, counted);
    statement.evidence.push(compared(rule, applied));
    if let Some(Outcome::Differs { steps, .. }) = &applied.rounding {
        let what = format!(
            "the steps as this program rounds them are another function: they differ from exact ones after {steps} steps (`isobath \
             shortcut` prints the input), so this shortcut is not one of the rounded program"
        );
        statement = statement.by(How::Counted, what);
    }
    match rule {
        Rule::Prefix => statement.from("Blelloch 1990", Mark::Secondary),
        Rule::Powering => statement.from("Mereghetti and Palano 2000", Mark::Confirmed),
        Rule::HardWired | Rule::Contraction | Rule::Automaton => statement,
    }
}

/// The circuit against the steps it stands for.
fn compared(rule: Rule, applied: &Applied) -> Evidence {
    let coverage = &applied.compared.coverage;
    let how = if coverage.all { How::Exhaustive } else { How::Random };
    let of =
        if rule.is_exact() { "exact steps, rounded once at the end" } else { "the steps as this program rounds them" };
    let result = match &applied.saturation {
        Some(saturation) => format!(
            "the last {} steps are within 2^-{} of {of} in exact arithmetic, and within {} with rounding (bound {})",
            saturation.kept, saturation.within, applied.compared.largest, saturation.bound
        ),
        None => format!("{} of {} inputs differ from {of}", applied.compared.different, coverage.inputs),
    };
    Evidence { how, what: result, agrees: applied.holds() }
}
