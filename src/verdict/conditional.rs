//! What follows from a named conjecture, each with the reduction run: problems become steps of learning, compiled, run and decoded; must not
//! know how reductions are built.

use super::literature::{NC, TC0};
use super::page::Found;
use super::{Evidence, How, Mark, Statement, Tag};
use crate::bounds::degree;
use crate::reduce::{self, Kind};
use crate::spec::program::{Descent, Loss, Optimiser, Program, Rule};

/// Constant depth is less than logarithmic depth.
pub(super) const TC0_NC1: &str = "TC0 != NC1 (a circuit for each length: NC1 is not in non-uniform TC0)";
/// Not everything in polynomial time is parallel.
pub(super) const P_NC: &str = "P != NC (for non-uniform circuits: P is not in non-uniform NC)";

/// What a program's kind of learning can be made to compute.
pub(super) fn reductions(found: &mut Found, program: &Program) {
    match &program.rule {
        Rule::Descent(Descent { loss: Loss::LeastSquares { .. } | Loss::Hinge, .. }) if !is_online(program) => {
            let why =
                "reductions to this loss are of plain descent with one example a step as input, so nothing is claimed";
            found.silent.push(format!("conditional: {why}"));
        }
        Rule::Descent(Descent { loss: Loss::LeastSquares { .. }, .. }) => least_squares(found, program),
        Rule::Descent(Descent { loss: Loss::Hinge, .. }) => {
            found.statements.push(run(hinge(), Kind::Hinge));
        }
        Rule::Descent(Descent { loss: Loss::Graph(_), optimiser: Optimiser::Plain, full_batch: true, .. })
            if matches!(degree::of_written_loss(program), Some(3..)) =>
        {
            found.statements.push(run(polynomial(), Kind::Polynomial));
        }
        Rule::Descent(Descent { loss: Loss::Graph(_), .. }) => {
            let why = "the reduction to written losses is of plain full-batch descent on polynomials of degree 3 and more, so nothing is claimed";
            found.silent.push(format!("conditional: {why}"));
        }
        Rule::QLearning { .. } => found.statements.push(run(q_learning(), Kind::QLearning)),
        Rule::Descent(Descent { loss: Loss::Logistic | Loss::Mlp { .. }, .. })
        | Rule::Td0 { .. }
        | Rule::PolicyGradient { .. } => {
            found
                .silent
                .push("conditional: no reduction to this learning rule is built, so nothing is claimed".to_owned());
        }
    }
}

/// Whether it is plain descent, each step taking in an example of its own.
pub(super) fn is_online(program: &Program) -> bool {
    matches!(&program.rule, Rule::Descent(Descent { optimiser: Optimiser::Plain, full_batch: false, .. }))
        && !program.data.is_hard_wired()
}

/// The reductions are to dimension 5, and to one that grows.
fn least_squares(found: &mut Found, program: &Program) {
    let dimension: u64 = program.weights().iter().map(|weight| weight.shape.iter().product::<u64>()).sum();
    if dimension < 2 {
        let why = "in dimension 1 exact least squares takes constant depth; the reductions need dimension 5";
        return found.silent.push(format!("conditional: {why}"));
    }
    found.statements.push(run(five(), Kind::S5));
    found.statements.push(run(rounding(), Kind::Rounding));
}

/// A rounded step whose transition monoid has a group that is not solvable.
pub(super) fn automaton(what: String) -> Statement {
    let says = "No family of constant depth and polynomial size computes the state of this rounded step, in these formats, after T steps for \
                all T: a group of its transition monoid is not solvable.";
    Statement::new(Tag::Conditional, TC0, says.to_owned())
        .if_true(TC0_NC1)
        .from("word problems of groups that are not solvable are complete for NC1: Barrington 1989", Mark::Secondary)
        .by(How::Exhaustive, what)
}

/// One forward pass, by the same reduction.
pub(super) fn forward(found: &mut Found) {
    let says = "No transformer of fixed depth and polynomial precision computes, in one forward pass, the T-th iterate of online least \
                squares in dimension 5 for all T.";
    let statement = Statement::new(Tag::Conditional, TC0, says.to_owned())
        .if_true(TC0_NC1)
        .from("containment: Chiang 2025, arXiv 2409.13629", Mark::Confirmed)
        .from("S5 is complete for NC1: Barrington 1989", Mark::Secondary);
    found.statements.push(run(statement, Kind::S5));
}

fn five() -> Statement {
    let says = "No family of constant depth and polynomial size computes the T-th iterate of online least squares in dimension 5 (data \
                e_i - e_j, step 1) for all T: each step swaps two weights, so T steps multiply permutations of five things. It is of that dimension and \
                step size; of a program's own its transition monoid tells, where it was classified.";
    Statement::new(Tag::Conditional, TC0, says.to_owned())
        .if_true(TC0_NC1)
        .from("the word problem of S5 is complete for NC1: Barrington 1989", Mark::Secondary)
        .from("one such step is an update of the delta rule: DeltaProduct, arXiv 2502.10297", Mark::Confirmed)
}

fn rounding() -> Statement {
    let says = "No uniform family of polynomial size and polylogarithmic depth computes the T-th iterate of rounded online least squares, \
                the dimension growing with T, in a fixed format: rounding alone makes a NAND gate of a step. In exact arithmetic the \
                same iterate is in NC.";
    Statement::new(Tag::Conditional, NC, says.to_owned()).if_true(P_NC).from("derived", Mark::Derived)
}

fn hinge() -> Statement {
    let says = "No uniform family of polynomial size and polylogarithmic depth computes the T-th iterate of online hinge-loss descent, the \
                dimension growing with T: two steps are a NAND gate.";
    Statement::new(Tag::Conditional, NC, says.to_owned())
        .if_true(P_NC)
        .from("the reduction: derived", Mark::Derived)
        .from("compare Chatziafratis, Roughgarden and Wang 2019, arXiv 1807.01280", Mark::Confirmed)
}

fn polynomial() -> Statement {
    let says = "No uniform family of polynomial size and polylogarithmic depth computes the T-th iterate of full-batch descent on explicit \
                polynomial losses, the dimension growing with T: one loss makes a layer of NAND gates of each step. It is of that family, not of \
                this loss, whose dimension is fixed.";
    Statement::new(Tag::Conditional, NC, says.to_owned()).if_true(P_NC).from("derived", Mark::Derived)
}

fn q_learning() -> Statement {
    let says = "No uniform family of polynomial size and polylogarithmic depth computes the T-th table of rounded Q-learning, its states \
                growing with T: updates are the gates of a monotone circuit.";
    Statement::new(Tag::Conditional, NC, says.to_owned())
        .if_true(P_NC)
        .from("monotone circuit value is complete for P", Mark::Unconfirmed)
        .from("the reduction: derived", Mark::Derived)
}

/// The statement with its reduction run at a size that is quick.
fn run(statement: Statement, kind: Kind) -> Statement {
    let mut statement = statement;
    statement.evidence.push(match reduce::evidence(kind, None, kind.default_size()) {
        Err(error) => Evidence { how: How::Random, what: format!("the reduction was refused: {error}"), agrees: false },
        Ok(shown) => Evidence {
            how: if shown.exhaustive { How::Exhaustive } else { How::Random },
            what: format!(
                "{}, run as a threshold circuit of depth {} and {} gates ({} steps, {} weights in {}): {} of {} instances decoded wrongly, \
                 {} simulated gate by gate",
                shown.title,
                shown.figures.depth,
                shown.figures.gates,
                shown.steps,
                shown.dimension,
                shown.formats.weights,
                shown.mismatches,
                shown.instances,
                shown.simulated
            ),
            agrees: shown.mismatches == 0,
        },
    });
    statement
}
