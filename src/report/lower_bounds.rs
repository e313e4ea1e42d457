//! Lower bounds as a person reads them; must not know how a bound comes about.

use super::figures::{grouped, wrapped};
use crate::bounds::{Bound, Bounds, Standing, Tag};

/// The bounds as plain text.
pub fn text(bounds: &Bounds) -> String {
    let steps = grouped(&bounds.steps.to_string());
    let mut text = format!("{}: lower bounds for {steps} steps that rest on no conjecture\n", bounds.name);
    for bound in &bounds.bounds {
        text += &format!("\n{}", one(bound));
    }
    text + "\n" + &wrapped("note: ", bounds.note)
}

fn one(bound: &Bound) -> String {
    let tag = match bound.tag {
        Tag::Unconditional => "unconditional",
        Tag::UnconditionalInRestrictedModel => "unconditional, restricted model",
    };
    let standing = match bound.standing {
        Standing::Says => "",
        Standing::SaysNothing => ": says nothing at these sizes",
        Standing::DoesNotApply => ": does not apply",
    };
    let head = match (bound.of, &bound.at_least) {
        (Some(of), Some(least)) => format!("{of} >= {least}"),
        _ => "-".to_owned(),
    };
    let mut text = format!("{head}   {} [{tag}]{standing}\n", bound.name);
    let lines = [
        ("model", &bound.model),
        ("says", &bound.says),
        ("from", &bound.from),
        ("shown by", &bound.evidence),
        ("source", &bound.source),
    ];
    for (name, line) in lines.into_iter().filter(|(_, line)| !line.is_empty()) {
        text += &wrapped(&format!("  {name:<10}"), line);
    }
    text
}
