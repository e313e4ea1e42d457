//! The command `compile`; must not know what gates mean.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use serde::Serialize;

use super::calibrate::{self, Calibrate};
use super::failure::Failure;
use super::output::{self, Progress};
use super::settings::Settings;
use super::{model, system};
use crate::gates::{self, Gates};
use crate::pipeline::looped::LoopedModel;
use crate::pipeline::subject;
use crate::report::figures::grouped;
use crate::report::strategy_name;
use crate::spec::{self, Document, Spec, WeightSource};
use crate::words::Strategy;
use crate::{atomic, expand, pipeline};

/// What `compile` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A model, recurrent network or program: native TOML, Hugging Face config.json or the directory it is in, `-` for standard input
    file: PathBuf,
    /// Where to write the circuit; `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    output_file: PathBuf,
    /// As what: a circuit file, a Graphviz drawing (small circuits), JSON
    #[arg(long, value_enum, default_value = "tc")]
    emit: Emit,
    /// Print a summary as one JSON object (isobath.compile/1) on standard output
    #[arg(long)]
    json: bool,
    /// No summary and no progress on standard error
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    calibrate: Calibrate,
}

const EXAMPLES: &str = "\
Examples:
  isobath compile circuits/tiny-gpt.toml -o tiny.tc
  isobath compile circuits/tiny-gpt.toml --context 2 --emit json -o - | head
  isobath compile circuits/modadd7_gpt2_1l --context 3 --last --output argmax -o mod.tc";

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Emit {
    Tc,
    Dot,
    Json,
}

/// Figures of a compiled circuit, counted on its gates.
#[derive(Debug, Serialize)]
struct Summary {
    schema: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<u64>,
    strategy: &'static str,
    depth: u32,
    gate_depth: u32,
    gates: String,
    wires: String,
    weight_bits: u64,
    bound: &'static str,
    stored_wires: String,
    stored_bytes: String,
    seconds: f64,
    output: String,
}

/// Models with more weights than this are refused from their architecture, before weights are read.
const FEW_WEIGHTS: u128 = 10_000_000;

/// Makes the gates and writes them.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let document = system::read(&args.file, &args.settings)?;
    let Document::Model(spec) = &document else { return looped(args, &document, start) };
    let context = args.settings.context.unwrap_or(spec.architecture.default_context);
    let strategy = args.settings.strategy(Strategy::Size);
    check(args, spec, context, strategy)?;
    let parameters = model::weights(spec)?;
    let ranges = args.calibrate.ranges(spec, &parameters)?;
    let lowered = calibrate::lower(spec, &parameters, context, strategy, ranges.as_ref())?;
    let mut progress = Progress::new(args.quiet);
    let gates = lowered.expand(&mut |done, total| progress.gates(done, total))?;
    drop(progress);
    let calibrated = ranges.map(|ranges| ("calibrated".to_owned(), format!("on {} inputs", ranges.inputs)));
    let gates = gates.annotated(model::metadata(spec, &lowered, strategy_name(strategy)).into_iter().chain(calibrated));
    write(args, &gates)?;
    tell(args, &summary(args, &spec.architecture.name, &gates, strategy, start))
}

/// Unrolls a looped system and writes its gates.
fn looped(args: &Args, document: &Document, start: Instant) -> Result<(), Failure> {
    writable(args)?;
    args.calibrate.refuse("is of models without loops")?;
    let options = args.settings.options(Strategy::Size, true);
    let model = LoopedModel::of(document, &options).map_err(|error| Failure::at(&args.file, error))?;
    let circuit = model.unrolled()?;
    let mut progress = Progress::new(args.quiet);
    let gates = model.expand(&circuit, &mut |done, total| progress.gates(done, total))?;
    drop(progress);
    let lengths = model.graph.axes().iter().map(|axis| (format!("axis.{}", axis.name), axis.length.to_string()));
    let name = subject::name(document);
    let told =
        [("name".to_owned(), name.to_owned()), ("strategy".to_owned(), strategy_name(options.strategy).to_owned())];
    let fraction = model.fraction().map(|fraction| ("fraction".to_owned(), fraction.to_string()));
    let gates = gates.annotated(lengths.chain(told).chain(fraction));
    write(args, &gates)?;
    tell(args, &summary(args, name, &gates, options.strategy, start))
}

/// Refuses what cannot end well before it takes time.
fn check(args: &Args, spec: &Spec, context: u64, strategy: Strategy) -> Result<(), Failure> {
    writable(args)?;
    let many = spec.weights == WeightSource::Free || spec::count(&spec.architecture) > FEW_WEIGHTS;
    if many {
        let free = pipeline::architecture(spec, context, strategy)?;
        expand::check(&free.lowered.circuit)?;
    }
    Ok(())
}

fn writable(args: &Args) -> Result<(), Failure> {
    let standard = is_standard(&args.output_file);
    if standard && args.json {
        return Err(Failure::refused("--json and -o - would both write to standard output; give -o a file"));
    }
    if !standard {
        atomic::check(&args.output_file)
            .map_err(|error| Failure::at(&args.output_file, format!("cannot be written: {error}")))?;
    }
    Ok(())
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

fn write(args: &Args, gates: &Gates) -> Result<(), Failure> {
    let path = &args.output_file;
    if is_standard(path) {
        return output::stream(|out| emit(args.emit, gates, out));
    }
    if args.emit == Emit::Tc {
        return Ok(gates::write(gates, path)?);
    }
    let named = |failure| match failure {
        Failure::Refused(message) => Failure::at(path, message),
        other => other,
    };
    atomic::write(path, |file| emit(args.emit, gates, file)).map_err(named)
}

fn emit(emit: Emit, gates: &Gates, out: &mut dyn Write) -> Result<(), Failure> {
    match emit {
        Emit::Tc => Ok(gates::write_to(gates, out)?),
        Emit::Dot => Ok(gates::dot(gates, out)?),
        Emit::Json => Ok(gates::json(gates, out)?),
    }
}

fn summary(args: &Args, name: &str, gates: &Gates, strategy: Strategy, start: Instant) -> Summary {
    let (stats, levels) = (gates.stats(), gates.levels());
    let context = gates.metadata().get("context").and_then(|context| context.parse().ok());
    Summary {
        schema: "isobath.compile/1",
        name: name.to_owned(),
        context,
        strategy: strategy_name(strategy),
        depth: levels.depth(),
        gate_depth: levels.gate_depth(),
        gates: stats.gates.to_string(),
        wires: stats.logical_wires.to_string(),
        weight_bits: stats.weight_bits,
        bound: "exact",
        stored_wires: stats.stored_wires.to_string(),
        stored_bytes: stats.stored_bytes.to_string(),
        seconds: (start.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        output: args.output_file.display().to_string(),
    }
}

fn tell(args: &Args, summary: &Summary) -> Result<(), Failure> {
    if args.json {
        return output::print((serde_json::to_string_pretty(summary)? + "\n").as_bytes());
    }
    if !args.quiet {
        output::note(&sentence(summary));
    }
    Ok(())
}

fn sentence(summary: &Summary) -> String {
    let bytes_per_wire =
        summary.stored_bytes.parse().unwrap_or(0.0) / summary.wires.parse::<f64>().unwrap_or(1.0).max(1.0);
    format!(
        "{}: depth {} (gate depth {}), {} gates, {} wires, weights of up to {} bits (all exact)\n\
         stored: {} wires, {} bytes, {bytes_per_wire:.2} bytes per wire of the circuit; {:.3} seconds",
        summary.output,
        summary.depth,
        summary.gate_depth,
        grouped(&summary.gates),
        grouped(&summary.wires),
        summary.weight_bits,
        grouped(&summary.stored_wires),
        grouped(&summary.stored_bytes),
        summary.seconds
    )
}
