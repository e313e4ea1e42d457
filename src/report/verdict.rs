//! A page of statements as plain text; must not know how any of them came about.

use super::figures::wrapped;
use crate::verdict::{Evidence, How, Page, Statement, Tag};

/// The page: a heading a tag, under it the statements with their model, sources and evidence.
pub fn text(page: &Page) -> String {
    let lengths: Vec<String> = page.lengths.iter().map(|(axis, length)| format!("{axis} {length}")).collect();
    let mut text = format!("{}: {}; {}\n", page.name, page.kind, lengths.join(", "));
    for tag in Tag::ALL {
        let statements: Vec<String> = page.tagged(tag).map(statement).collect();
        if !statements.is_empty() {
            text += &format!("\n{}\n{}", tag.title().to_uppercase(), statements.join("\n"));
        }
    }
    if !page.silent.is_empty() {
        text += "\nNOT SAID\n";
        page.silent.iter().for_each(|line| text += &wrapped("- ", line));
    }
    text + "\n" + &wrapped("", &page.summary)
}

fn statement(statement: &Statement) -> String {
    let mut text = wrapped("- ", &statement.says);
    if let Some(conjecture) = statement.rests_on {
        text += &wrapped("  if        ", conjecture);
    }
    text += &wrapped("  model     ", &statement.model);
    for source in &statement.sources {
        let mark = source.mark.map_or_else(String::new, |mark| format!(" ({})", mark.text()));
        text += &wrapped("  source    ", &format!("{}{mark}", source.cite));
    }
    statement.evidence.iter().for_each(|found| text += &wrapped("  evidence  ", &evidence(found)));
    text
}

fn evidence(evidence: &Evidence) -> String {
    let how = match evidence.how {
        How::Counted => "counted",
        How::Certificate => "certificate",
        How::Exhaustive => "all inputs run",
        How::Random => "random inputs run",
        How::Argument => "argument",
    };
    let disagrees = if evidence.agrees { "" } else { " -- THIS DISAGREES WITH THE STATEMENT" };
    format!("{how}: {}{disagrees}", evidence.what)
}
