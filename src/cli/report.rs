//! The command `report`; must not know how anything is measured.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use super::calibrate::{self, Calibrate};
use super::failure::Failure;
use super::settings::Settings;
use super::{law, model, output, system};
use crate::number::Policy;
use crate::pipeline::costed::{self, Costed};
use crate::pipeline::looped::LoopedModel;
use crate::pipeline::scanned::Scanned;
use crate::pipeline::subject::{self, Options, Subject};
use crate::recurrent::Recurrence;
use crate::report::cost::CostReport;
use crate::report::system::{Scan, ScanContexts, SystemReport};
use crate::report::system_cost::{OpaqueText, SystemCostReport};
use crate::report::{Opaque, Ranges, Report, cost_text, depth_law, json, system_text, text};
use crate::spec::{Document, Spec};
use crate::tensor::Parameters;
use crate::words::Strategy;
use crate::{agreement, cost, pipeline};

/// What `report` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A model, recurrent network or program: native TOML, Hugging Face config.json or the directory it is in, ONNX, `-` for standard input
    file: PathBuf,
    /// Read the weights: figures are exact, not upper bounds (so they are when --weights is given); of an ONNX file, bounds for
    /// these weights
    #[arg(long)]
    bound: bool,
    /// Compare with recorded outputs, a JSON object {"in": [ids], "argmax": [ids]} a line (or {"in": [names], "out":
    /// [classes or numbers]} where the model names its tokens), and try formats of
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
    /// Print one JSON object (isobath.report/1, of looped systems isobath.system/1)
    #[arg(long)]
    json: bool,
    /// Print one line
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    /// Write the law with its certificates, for `isobath verify`
    #[arg(long, value_name = "FILE.json")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    calibrate: Calibrate,
}

const EXAMPLES: &str = "\
Examples:
  isobath report circuits/gpt2/config.json --context 1024
  isobath report circuits/llama-3-8b/config.json --context 128K --format 'fixed(6,10)'
  isobath report circuits/tiny-gpt.toml --json
  isobath report circuits/gd-least-squares.toml --steps 64 --certificate gd.json
  isobath report circuits/rnn.toml --context 1M --at layers=4
  isobath report circuits/decoding.toml --opaque --model arithmetic
  isobath report circuits/tiny-gpt.toml --bound --strategy size
  isobath report circuits/gpt2 --model arithmetic --opaque --observe 'residual stored'
  isobath report circuits/modadd7_gpt2_1l --last --recorded circuits/modadd7_gpt2_1l/table.jsonl
  isobath report circuits/tracr/hist --calibrate inputs.txt
  isobath report model.onnx --at sequence_length=4 --format 'fixed(6,8)'
  isobath report circuits/tracr/hist --recorded circuits/tracr/hist/table.jsonl";

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum ModelName {
    Threshold,
    Arithmetic,
    Boolean,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let document = system::read(&args.file, &args.settings)?;
    if let Some(file) = &args.certificate {
        if args.model != ModelName::Threshold || args.asks_opaque() {
            let message =
                "--certificate writes the law of the threshold circuit; those of --model and --opaque stand in --json";
            return Err(Failure::refused(message));
        }
        law::write(file, &args.file, &document, &args.settings)?;
    }
    let shown = match &document {
        Document::Model(spec) => on_model(args, spec)?,
        _ => on_system(args, &document)?,
    };
    output::print(shown.as_bytes())
}

fn on_model(args: &Args, spec: &Spec) -> Result<String, Failure> {
    let context = args.settings.context.unwrap_or(spec.architecture.default_context);
    let exact = spec.numerics.accumulate == Policy::Exact;
    let others = args.model != ModelName::Threshold || !exact;
    check_rounding(args, !exact, others && (args.reads_weights() || args.settings.has_strategy()))?;
    match args.model {
        ModelName::Threshold if !exact => costs(args, spec, context, cost::Model::Threshold),
        ModelName::Threshold => threshold(args, spec, context),
        ModelName::Arithmetic => costs(args, spec, context, cost::Model::Arithmetic),
        ModelName::Boolean => costs(args, spec, context, cost::Model::Boolean),
    }
}

/// Refuses what is not told of rounded partial sums, and flags of circuits where a table of costs is read.
fn check_rounding(args: &Args, rounds: bool, circuits: bool) -> Result<(), Failure> {
    if rounds && args.model != ModelName::Threshold {
        let message =
            "rounded partial sums are reported of threshold gates only: write --accumulate exact, or leave out --model";
        return Err(Failure::refused(message));
    }
    if circuits {
        let message = "--bound, --weights, --recorded, --calibrate and --strategy are of threshold circuits with exact sums: leave them \
                       out, or --model and --accumulate";
        return Err(Failure::refused(message));
    }
    Ok(())
}

fn on_system(args: &Args, document: &Document) -> Result<String, Failure> {
    let bound = args.bound && matches!(document, Document::Onnx(_));
    let plain = args.recorded.is_none() && args.settings.weights.is_none() && args.calibrate.calibrate.is_none();
    if args.reads_weights() && !(bound && plain) {
        let message = "--bound, --weights, --recorded and --calibrate are of models without loops";
        return Err(Failure::at(&args.file, message));
    }
    let options = args.settings.options(Strategy::Depth, bound);
    let at = |error| Failure::at(&args.file, error);
    let counted = |model| Costed::new(&LoopedModel::of(document, &options)?, model);
    let rounds = subject::policy(document) != Policy::Exact;
    check_rounding(args, rounds, rounds && (bound || args.settings.has_strategy()))?;
    match args.model {
        ModelName::Threshold if rounds => {
            looped_costs(args, document, &Costed::rounded(document, &options).map_err(at)?)
        }
        ModelName::Threshold => looped(args, document, &options),
        ModelName::Arithmetic => looped_costs(args, document, &counted(cost::Model::Arithmetic).map_err(at)?),
        ModelName::Boolean => looped_costs(args, document, &counted(cost::Model::Boolean).map_err(at)?),
    }
}

fn looped(args: &Args, document: &Document, options: &Options) -> Result<String, Failure> {
    let subject = Subject::new(document, options).map_err(|error| Failure::at(&args.file, error))?;
    let mut report = SystemReport::new(&subject, options.strategy);
    report.scan = scan(document, options);
    if options.recurrence == Recurrence::Scan {
        let scanned = Scanned::new(document, options).map_err(|error| Failure::at(&args.file, error))?;
        report.contexts = Some(ScanContexts::new(&scanned));
    }
    if let Document::Onnx(model) = document {
        report.assumptions.insert(1, crate::report::of_onnx(model.numerics.rounding).to_owned());
    }
    if args.asks_opaque() {
        report.opaque = Some(OpaqueText::new(&costed::opaque(&costed::layers(&subject.model), &args.observe)?));
    }
    Ok(match (args.json, args.quiet) {
        (true, _) => json::json(&report)?,
        (_, true) => system_text::sentence(&report),
        _ => system_text::text(&report),
    })
}

fn looped_costs(args: &Args, document: &Document, costed: &Costed) -> Result<String, Failure> {
    let mut report = SystemCostReport::new(document, costed)?;
    if args.asks_opaque() {
        report.opaque = Some(OpaqueText::new(&costed::opaque(&costed.costs.named, &args.observe)?));
    }
    Ok(match (args.json, args.quiet) {
        (true, _) => json::json(&report)?,
        (_, true) => report.sentence(),
        _ => report.text(),
    })
}

/// The parallel-prefix lowering of a recurrent network, told beside the sequential one.
fn scan(document: &Document, options: &Options) -> Option<Scan> {
    let sequential = options.recurrence == Recurrence::Sequential;
    let (Document::Recurrent(recurrent), true) = (document, sequential) else { return None };
    let mut exact = recurrent.clone();
    exact.state.rounded = false;
    let beside = Options { recurrence: Recurrence::Scan, ..options.clone() };
    let scanned = Subject::new(&Document::Recurrent(exact), &beside);
    Some(match scanned {
        Err(error) => Scan { note: Some(error.to_string()), depth: None, gates: None },
        Ok(subject) => {
            let lengths = subject.lengths();
            let depth = subject.depth(&lengths).map(|(depth, _)| depth.to_string());
            let gates = Some(subject.size(&subject.sizes.gates, &lengths).to_string());
            let rounded = ", of the function that does not round its state (round_state = false): this one does, and a scan cannot";
            Scan { note: recurrent.state.rounded.then(|| rounded.to_owned()), depth, gates }
        }
    })
}

impl Args {
    fn asks_opaque(&self) -> bool {
        self.opaque || !self.observe.is_empty()
    }

    fn reads_weights(&self) -> bool {
        self.bound || self.recorded.is_some() || self.calibrate.calibrate.is_some() || self.settings.weights.is_some()
    }
}

fn threshold(args: &Args, spec: &Spec, context: u64) -> Result<String, Failure> {
    let strategy = args.settings.strategy(Strategy::Depth);
    let parameters = if args.reads_weights() { Some(model::weights(spec)?) } else { None };
    let ranges = parameters.as_ref().map(|parameters| args.calibrate.ranges(spec, parameters)).transpose()?.flatten();
    // The law is that of the architecture, whatever the weights: it is derived while the circuit is made and measured.
    let (lowered, measure, law) = std::thread::scope(|scope| {
        let law = scope.spawn(|| depth_law(spec, context, strategy));
        let lowered = match &parameters {
            Some(parameters) => calibrate::lower(spec, parameters, context, strategy, ranges.as_ref())?,
            None => pipeline::architecture(spec, context, strategy)?,
        };
        // The process ends with the report: taking a large circuit apart again would cost a tenth of its time.
        let lowered = ManuallyDrop::new(lowered);
        let measure = ManuallyDrop::new(lowered.measure()?);
        let law = law.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok::<_, Failure>((lowered, measure, law))
    })?;
    let mut report = Report::new(spec, &lowered, &measure, strategy, law);
    if args.asks_opaque() {
        report.opaque = Some(Opaque::of_circuit(&lowered.lowered.circuit, &args.observe)?);
    }
    report.ranges =
        parameters.as_ref().and_then(|_| Ranges::new(&lowered.lowered, ranges.as_ref().map(|ranges| ranges.inputs)));
    report.quantisation = parameters.as_ref().and_then(Parameters::quantisation);
    if let (Some(file), Some(parameters)) = (&args.recorded, &parameters) {
        report.recorded = Some(agreement::compare(spec, parameters, &agreement::read(file, spec.names.as_ref())?)?);
    }
    Ok(match (args.json, args.quiet) {
        (true, _) => json::json(&report)?,
        (_, true) => text::sentence(&report),
        _ => text::text(&report),
    })
}

/// The report in a model that reads neither weights nor a strategy.
fn costs(args: &Args, spec: &Spec, context: u64, counted: cost::Model) -> Result<String, Failure> {
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
