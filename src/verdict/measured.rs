//! What is counted on one circuit; must not know what follows from it.

use super::{How, Statement, Tag};
use crate::law::Growing;
use crate::pipeline::subject::{Lengths, Subject};

/// The model of computation of everything that is measured.
pub(super) const GATES: &str = "threshold gates of unbounded fan-in with integer weights of any size";

/// Depth, gates, wires and weight bits of the construction at its lengths.
pub(super) fn figures(subject: &Subject) -> Statement {
    let lengths = lengths(subject);
    let depth = subject.depth(&lengths).map_or_else(
        || "unknown".to_owned(),
        |(depth, exact)| if exact { depth.to_string() } else { format!("at most {depth}") },
    );
    let gates = subject.size(&subject.sizes.gates, &lengths);
    let wires = subject.sizes.wires.as_ref().map(|wires| format!(", {} wires", subject.size(wires, &lengths)));
    let bits = subject.sizes.weight_bits.map(|bits| format!(", weights of {bits} bits"));
    let open = if subject.has_open_weights() { ", whatever the weights are" } else { "" };
    let says = format!(
        "At {} this compiles to a circuit of depth {depth} with at most {gates} gates{}{}{open}.",
        at(&lengths),
        wires.unwrap_or_else(|| " (wires not stated: forms grow from iteration to iteration)".to_owned()),
        bits.unwrap_or_default(),
    );
    Statement::new(Tag::Measured, GATES, says).by(How::Counted, "the arrays of the construction".to_owned())
}

/// Of every axis, and of what the system was built for.
pub(super) fn lengths(subject: &Subject) -> Lengths {
    subject.lengths().into_iter().chain(subject.built.iter().cloned()).collect()
}

/// How the depth grows, and with it the sizes.
pub(super) fn law(subject: &Subject) -> Option<Statement> {
    let law = &subject.law;
    if law.none.is_some() {
        return None;
    }
    let bound = if law.exact() { "exactly" } else { "bounds only" };
    let says = format!(
        "The depth of this construction follows a law ({bound}): {}. It is the depth of this construction, not a lower bound.",
        subject.law_text().replace('\n', "; ")
    );
    let count = law.certificates.len();
    let accepted = format!("{count} certificate{} the checker accepted", if count == 1 { "" } else { "s" });
    Some(Statement::new(Tag::Proved, GATES, says).by(How::Certificate, accepted))
}

/// Axes on which the depth does not depend.
pub(super) fn independent(subject: &Subject) -> Option<Statement> {
    let lengths = subject.lengths();
    let constant = lengths.keys().filter(|axis| matches!(subject.growth(axis), Some((Growing::Constant, _))));
    let names: Vec<&str> = constant.map(String::as_str).collect();
    let says = format!("The depth is the same for every length of {}.", names.join(" and of "));
    let what = "the law does not name it: what lies along it changes sizes alone".to_owned();
    (!names.is_empty()).then(|| Statement::new(Tag::Proved, GATES, says).by(How::Certificate, what))
}

/// How many steps run in so many layers when they run one after the other.
pub(super) fn composition(subject: &Subject) -> Option<Statement> {
    let (growing, rate) = subject.growth(STEPS)?;
    if growing == Growing::Unknown && subject.law.none.is_some() {
        return None;
    }
    let says = match growing {
        Growing::Constant => {
            "Its steps cost no layers: any number of them fits into the depth of one (weights and gates grow instead)."
                .to_owned()
        }
        _ => format!(
            "Run one after the other, each step adds {rate} to the depth: D layers run at most floor((D - b)/{rate}) steps of \
             this unrolling, b being what its law adds. Another circuit for the same steps may be shallower."
        ),
    };
    let what = "the law above, read backwards; by composition only".to_owned();
    Some(Statement::new(Tag::Proved, GATES, says).by(How::Certificate, what))
}

/// The axis along which programs are unrolled.
pub(super) const STEPS: &str = "steps";

fn at(lengths: &Lengths) -> String {
    let list: Vec<String> = lengths.iter().map(|(axis, length)| format!("{axis} {length}")).collect();
    if list.is_empty() { "its size".to_owned() } else { list.join(", ") }
}
