//! Why an asserted bound did not hold, in words: law, counterexample and critical path; must not know how any was found.

use std::fmt;

use num_bigint::BigInt;
use thiserror::Error;

use super::Formula;
use super::check::counterexample;
use super::judge::{Lengths, Relation};
use crate::pipeline::path::Step;
use crate::pipeline::subject::Subject;

/// Why an asserted bound did not hold.
#[derive(Clone, Debug, Error)]
pub enum Failure {
    /// It fails somewhere.
    #[error("{0}")]
    Refuted(Box<Counterexample>),
    /// Neither a proof nor a counterexample was found.
    #[error(
        "it is not known whether the depth of {} is {} {}: the law only bounds it, and no counterexample was found\n  law: {}",
        .0.name, .0.relation.sign(), .0.bound, .0.law
    )]
    Open(Undecided),
    /// There is nothing to compare.
    #[error("{0}")]
    Refused(String),
}

/// What was asserted of which system.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// The system.
    pub name: String,
    /// How depth and bound were to compare.
    pub relation: Relation,
    /// The bound as it was written.
    pub bound: String,
    /// The law.
    pub law: String,
}

/// Lengths at which a bound fails, and a longest path there.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What was asserted.
    pub asserted: Undecided,
    /// The lengths.
    pub at: Lengths,
    /// The depth there.
    pub depth: BigInt,
    /// What was asserted there.
    pub bound: BigInt,
    /// The lengths of the path, shorter where there are too many iterations.
    pub path_at: Lengths,
    /// The path.
    pub path: Vec<Step>,
}

/// The length that axes are cut to where a path is too long to find.
const SHORT: u64 = 3;

impl Counterexample {
    pub(super) fn new(subject: &Subject, asserted: Undecided, formula: &Formula, at: Lengths) -> Self {
        let lengths = subject.at(&at);
        let bound = formula.value(|name| at.get(name).copied().unwrap_or(1));
        let depth = subject.depth(&lengths).map(|(depth, _)| depth).unwrap_or_default();
        let axes = |lengths: &Lengths| {
            let own = subject.axes().iter().filter_map(|axis| lengths.get_key_value(&*axis.name));
            own.map(|(name, length)| (name.clone(), *length)).collect::<Lengths>()
        };
        let whole = axes(&lengths);
        let short = || whole.iter().map(|(name, length)| (name.clone(), (*length).min(SHORT))).collect::<Lengths>();
        let found = |at: Lengths| subject.critical_path(&at).map(|path| (at, path));
        let (path_at, path) = found(whole.clone()).or_else(|| found(short())).unwrap_or_default();
        Self { asserted, at, depth, bound, path_at, path }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undecided { name, relation, bound, law } = &self.asserted;
        writeln!(f, "the depth of {name} is not {} {bound}", relation.sign())?;
        writeln!(f, "  law: {law}")?;
        writeln!(f, "  counterexample: {}", counterexample(*relation, &self.at, &self.depth, &self.bound))?;
        let fewer = if BigInt::from(self.path.len()) < self.depth { " (shorter lengths than there)" } else { "" };
        let at: Vec<String> = self.path_at.iter().map(|(axis, length)| format!("{axis} = {length}")).collect();
        let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
        if self.path.is_empty() {
            return write!(f, "  critical path{at}: no gates");
        }
        write!(f, "  critical path{at}{fewer}, from the inputs on:")?;
        rows(&self.path).iter().try_for_each(|row| write!(f, "\n    {row}"))
    }
}

/// Steps shown at either end of a path.
const ENDS: usize = 12;

/// One row a step: layer, block with its indices, module and operation; long paths are cut in the middle.
fn rows(path: &[Step]) -> Vec<String> {
    let last = path.last().map_or(0, |step| step.layer.to_string().len());
    let places: Vec<String> = path.iter().map(place).collect();
    let wide = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    let row = |(step, place): (&Step, &String)| {
        let module = if step.module.is_empty() { String::new() } else { step.module.join(" / ") + ": " };
        format!("{:>last$}  {place:<wide$}  {module}{}", step.layer, step.operation)
    };
    let mut rows: Vec<String> = path.iter().zip(&places).map(row).collect();
    if rows.len() > 2 * ENDS + 1 {
        let left_out = rows.len() - 2 * ENDS;
        rows.splice(ENDS..ENDS + left_out, [format!("... {left_out} layers more ...")]);
    }
    rows
}

/// `layer[layers 1, context 3]`.
fn place(step: &Step) -> String {
    let at: Vec<String> = step.at.iter().map(|(axis, index)| format!("{axis} {index}")).collect();
    if at.is_empty() { step.block.clone() } else { format!("{}[{}]", step.block, at.join(", ")) }
}
