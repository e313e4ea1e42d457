//! The command `needs`; must not know what is said of which system.

use std::path::PathBuf;

use super::failure::Failure;
use super::settings::Settings;
use super::{output, system};
use crate::report::{json, verdict as shown};
use crate::verdict;
use crate::words::Strategy;

/// What `needs` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A program, or another system
    file: PathBuf,
    /// Print one JSON object (isobath.needs/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "\
Examples:
  isobath needs circuits/gd-least-squares.toml
  isobath needs circuits/gd-hinge.toml --steps 64 --json
  isobath needs circuits/gpt2";

/// Prints the page; statements that their evidence contradicts end with exit code 1.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let document = system::read(&args.file, &args.settings)?;
    let options = args.settings.options(Strategy::Depth, false);
    let page = verdict::page(&document, &options).map_err(|error| Failure::at(&args.file, error))?;
    let text = if args.json { json::json(&page)? } else { shown::text(&page) };
    output::print(text.as_bytes())?;
    if page.stands() {
        return Ok(());
    }
    Err(Failure::Disagreement("a statement is contradicted by its evidence".to_owned()))
}
