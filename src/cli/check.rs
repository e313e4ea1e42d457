//! The command `check`; must not know how claims are judged.

use std::path::PathBuf;

use super::failure::Failure;
use super::output::{self, Progress};
use crate::claims::check::{Checked, Verdict, check};
use crate::claims::file;
use crate::report::figures::wrapped;
use crate::report::json;

/// What `check` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A file of claims (TOML); `-` for standard input
    file: PathBuf,
    /// Print one JSON object (isobath.check/1)
    #[arg(long)]
    json: bool,
    /// Only what does not hold
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  isobath check circuits/claims/argument.toml
  isobath check circuits/claims/false.toml        # every claim in it is false: exit code 1

Exit codes: 0 all claims hold, 1 one is refuted or open, 2 the file or a system was refused.
The format of claims is documented with isobath::claims::file.";

/// Checks and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let claims = file::read(&args.file)?;
    let mut progress = Progress::new(args.json || args.quiet);
    let checked = check(&claims, |done, total| progress.claims(done, total))?;
    drop(progress);
    let shown = if args.json { json::json(&checked)? } else { text(&checked, args.quiet) };
    output::print(shown.as_bytes())?;
    if checked.holds {
        return Ok(());
    }
    let count = |verdict| checked.claims.iter().filter(|claim| claim.verdict == verdict).count();
    let (refuted, open, all) = (count(Verdict::Refuted), count(Verdict::Open), checked.claims.len());
    let told = [(refuted, "refuted"), (open, "open: neither proved nor refuted")];
    let told: Vec<String> =
        told.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} of {all} claims {what}")).collect();
    Err(Failure::Disagreement(told.join("; ")))
}

fn holds(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Proved | Verdict::Measured)
}

fn text(checked: &Checked, quiet: bool) -> String {
    let mut text = checked.name.as_ref().filter(|_| !quiet).map_or_else(String::new, |name| format!("{name}\n\n"));
    for claim in checked.claims.iter().filter(|claim| !quiet || !holds(claim.verdict)) {
        let verdict = match claim.verdict {
            Verdict::Proved => "proved",
            Verdict::Measured => "measured",
            Verdict::Refuted => "REFUTED",
            Verdict::Open => "OPEN",
        };
        text += &wrapped(&format!("{verdict:<10} "), &claim.says);
        text += &wrapped("             ", &format!("{}: {}", claim.system, claim.evidence));
    }
    if !quiet && !checked.notes.is_empty() {
        text += "\nnot checked here\n";
        for note in &checked.notes {
            text += &wrapped("  ", &format!("{} [{}; {}]", note.says, note.tag, note.source));
        }
    }
    text
}
