//! The command `report`; must not know how anything is measured.

use std::path::PathBuf;

use super::failure::Failure;
use super::settings::Settings;
use super::{model, output};
use crate::report::{Report, json, text};
use crate::words::Strategy;
use crate::{agreement, pipeline};

/// What `report` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A model: native TOML, Hugging Face config.json or the directory it is in, `-` for standard input
    file: PathBuf,
    /// Read the weights: figures are exact, not upper bounds (so they are when --weights is given)
    #[arg(long)]
    bound: bool,
    /// Compare with recorded outputs, a JSON object {"in": [ids], "argmax": [ids]} a line, and try formats of
    /// growing width until all agree; reads the weights
    #[arg(long, value_name = "FILE")]
    recorded: Option<PathBuf>,
    /// Print one JSON object (isobath.report/1)
    #[arg(long)]
    json: bool,
    /// Print one line
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "\
Examples:
  isobath report circuits/gpt2/config.json --context 1024
  isobath report circuits/llama-3-8b/config.json --context 128K --format 'fixed(6,10)'
  isobath report circuits/tiny-gpt.toml --json
  isobath report circuits/tiny-gpt.toml --bound --strategy size
  isobath report circuits/modadd7_gpt2_1l --last --recorded circuits/modadd7_gpt2_1l/table.jsonl";

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let spec = model::read(&args.file, &args.settings)?;
    let context = args.settings.context.unwrap_or(spec.architecture.default_context);
    let strategy = args.settings.strategy(Strategy::Depth);
    let reads_weights = args.bound || args.recorded.is_some() || args.settings.weights.is_some();
    let parameters = if reads_weights { Some(model::weights(&spec)?) } else { None };
    let lowered = match &parameters {
        Some(parameters) => pipeline::with_parameters(&spec, parameters, context, strategy)?,
        None => pipeline::architecture(&spec, context, strategy)?,
    };
    let mut report = Report::new(&spec, &lowered, &lowered.measure()?, strategy)?;
    if let (Some(file), Some(parameters)) = (&args.recorded, &parameters) {
        report.recorded = Some(agreement::compare(&spec, parameters, &agreement::read(file)?)?);
    }
    let shown = match (args.json, args.quiet) {
        (true, _) => json::json(&report)?,
        (_, true) => text::sentence(&report),
        _ => text::text(&report),
    };
    output::print(shown.as_bytes())
}
