//! The command `report`; must not know how anything is measured.

use std::path::PathBuf;

use super::failure::Failure;
use super::settings::Settings;
use super::{model, output};
use crate::report::cost::CostReport;
use crate::report::{Opaque, Report, cost_text, json, text};
use crate::spec::Spec;
use crate::words::Strategy;
use crate::{agreement, cost, pipeline};

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
    /// What is counted: threshold gates, operations on reals with two operands, or gates on bits with two inputs
    #[arg(long, value_enum, default_value_t = ModelName::Threshold)]
    model: ModelName,
    /// Tell the longest run of layers between observed values: tokens, and what is given out
    #[arg(long)]
    opaque: bool,
    /// Take the results of a module or an operation as observed too, such as `block 3/MLP` or `residual stored`; may be
    /// repeated; implies --opaque
    #[arg(long, value_name = "NAME")]
    observe: Vec<String>,
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
  isobath report circuits/gpt2 --model arithmetic --opaque --observe 'residual stored'
  isobath report circuits/modadd7_gpt2_1l --last --recorded circuits/modadd7_gpt2_1l/table.jsonl";

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum ModelName {
    Threshold,
    Arithmetic,
    Boolean,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let spec = model::read(&args.file, &args.settings)?;
    let context = args.settings.context.unwrap_or(spec.architecture.default_context);
    let shown = match args.model {
        ModelName::Threshold => threshold(args, &spec, context)?,
        ModelName::Arithmetic => costs(args, &spec, context, cost::Model::Arithmetic)?,
        ModelName::Boolean => costs(args, &spec, context, cost::Model::Boolean)?,
    };
    output::print(shown.as_bytes())
}

impl Args {
    fn asks_opaque(&self) -> bool {
        self.opaque || !self.observe.is_empty()
    }

    fn reads_weights(&self) -> bool {
        self.bound || self.recorded.is_some() || self.settings.weights.is_some()
    }
}

fn threshold(args: &Args, spec: &Spec, context: u64) -> Result<String, Failure> {
    let strategy = args.settings.strategy(Strategy::Depth);
    let parameters = if args.reads_weights() { Some(model::weights(spec)?) } else { None };
    let lowered = match &parameters {
        Some(parameters) => pipeline::with_parameters(spec, parameters, context, strategy)?,
        None => pipeline::architecture(spec, context, strategy)?,
    };
    let mut report = Report::new(spec, &lowered, &lowered.measure()?, strategy)?;
    if args.asks_opaque() {
        report.opaque = Some(Opaque::of_circuit(&lowered.lowered.circuit, &args.observe)?);
    }
    if let (Some(file), Some(parameters)) = (&args.recorded, &parameters) {
        report.recorded = Some(agreement::compare(spec, parameters, &agreement::read(file)?)?);
    }
    Ok(match (args.json, args.quiet) {
        (true, _) => json::json(&report)?,
        (_, true) => text::sentence(&report),
        _ => text::text(&report),
    })
}

/// The report in a model that reads neither weights nor a strategy.
fn costs(args: &Args, spec: &Spec, context: u64, counted: cost::Model) -> Result<String, Failure> {
    if args.reads_weights() || args.settings.has_strategy() {
        let message =
            "--bound, --weights, --recorded and --strategy are of threshold circuits: leave them out, or --model";
        return Err(Failure::refused(message));
    }
    let graph = pipeline::graph(spec, context)?;
    let analysis = cost::analyse(&graph, counted);
    let mut report = CostReport::new(spec, context, &graph, &analysis)?;
    if args.asks_opaque() {
        report.opaque = Some(Opaque::of_graph(&graph, &analysis, &args.observe)?);
    }
    Ok(match (args.json, args.quiet) {
        (true, _) => json::json(&report)?,
        (_, true) => cost_text::sentence(&report),
        _ => cost_text::text(&report),
    })
}
