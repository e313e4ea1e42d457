//! The command `budget`; must not know how a law is found.

use std::path::PathBuf;

use super::failure::Failure;
use super::settings::Settings;
use super::{output, system};
use crate::claims::budget::{Budget, budget};
use crate::report::json;

/// What `budget` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The system whose depth is to be filled: a model, a recurrent network, a program
    file: PathBuf,
    /// The program whose steps are counted
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Print one JSON object (isobath.budget/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "\
Examples:
  isobath budget circuits/llama-3-8b --program circuits/gd-least-squares.toml
  isobath budget circuits/rnn.toml --context 1000 --program circuits/gd-hard-wired.toml";

/// Counts the steps that fit.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let system = system::subject(&args.file, &args.settings)?;
    let program = system::subject(&args.program, &Settings::default())?;
    let budget: Budget = budget(&system, &program).map_err(|message| Failure::at(&args.program, message))?;
    let shown = if args.json { json::json(&budget)? } else { budget.text() };
    output::print(shown.as_bytes())
}
