//! The command `compare`; must not know how a law is found.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::settings::Settings;
use super::{number, output, system};
use crate::law::Growing;
use crate::number::Policy;
use crate::pipeline::costed::Costed;
use crate::pipeline::scanned::{self, Scanned};
use crate::pipeline::subject::{self, Lengths, Options, Subject};
use crate::recurrent::Recurrence;
use crate::report::comparison::{self, Comparison, Row, SCHEMA};
use crate::report::cost::{self as cost_report, CostReport};
use crate::report::json;
use crate::spec::{Document, Numerics, Spec};
use crate::words::Strategy;
use crate::{cost, pipeline};

/// What `compare` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Models, recurrent networks, programs: at least one file
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The axis and its lengths
    #[arg(long, value_name = "AXIS=FIRST..LAST", value_parser = number::range)]
    over: (String, u64, u64),
    /// How many lengths
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(2..=64))]
    points: u32,
    /// Ways to add up, each of them for every model: exact, tree(k), sequential, blocked(k), with commas between
    #[arg(long, value_name = "ORDERS", value_delimiter = ',', conflicts_with = "accumulate")]
    policies: Vec<Policy>,
    /// Print one JSON object (isobath.compare/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "\
Examples:
  isobath compare circuits/tiny-gpt.toml circuits/rnn.toml circuits/segment-memory.toml --over context=1..1M
  isobath compare circuits/*.toml --over context=1..1M
  isobath compare circuits/gd-*.toml --over steps=1..1000 --json
  isobath compare circuits/scans/*.toml --over context=1..32 --recurrence scan
  isobath compare circuits/gpt2 --over context=1..1024 --format bf16 --policies 'exact, tree(2), sequential' --accumulator fp32

A system without the axis, or beyond its position table, shows a dash. Files that cannot be lowered as circuits of threshold gates are refused.";

/// Derives each law and sets them side by side.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let (axis, first, last) = &args.over;
    let lengths = comparison::lengths(*first, *last, args.points);
    let systems: Vec<(&Path, Option<Policy>)> = match &args.policies[..] {
        [] => args.files.iter().map(|file| (&**file, None)).collect(),
        all => args.files.iter().flat_map(|file| all.iter().map(move |policy| (&**file, Some(*policy)))).collect(),
    };
    let rows = side_by_side(&systems, |system| row(args, *system, axis, &lengths))?;
    if rows.iter().all(|row| row.growth.is_none()) {
        return Err(Failure::refused(format!("none of these has an axis `{axis}`")));
    }
    let comparison = Comparison { schema: SCHEMA, axis: axis.clone(), lengths, systems: rows };
    let shown = if args.json { json::json(&comparison)? } else { comparison::text(&comparison) };
    output::print(shown.as_bytes())
}

/// One result per system, in order, on as many threads as there are processors.
fn side_by_side<S: Sync, T: Send>(
    systems: &[S],
    work: impl Fn(&S) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(system) = systems.get(place) else { return done };
            done.push((place, work(system)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(systems.len()));
    let mut done: Vec<(usize, Result<T, Failure>)> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        all.into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, row)| row).collect()
}

fn row(args: &Args, system: (&Path, Option<Policy>), axis: &str, lengths: &[u64]) -> Result<Row, Failure> {
    let (file, policy) = system;
    let settings = policy.map_or_else(|| args.settings.clone(), |policy| args.settings.accumulated(policy));
    let document = system::read(file, &settings)?;
    match &document {
        Document::Model(spec) if spec.numerics.accumulate != Policy::Exact => accumulated(spec, axis, lengths),
        _ => {
            let options = settings.options(Strategy::Depth, false);
            if subject::policy(&document) != Policy::Exact || matches!(document, Document::Onnx(_)) {
                return rebuilt(&document, &options, axis, lengths).map_err(|error| Failure::at(file, error));
            }
            if options.recurrence == Recurrence::Scan && axis == "context" {
                return scanned(&document, &options, lengths).map_err(|error| Failure::at(file, error));
            }
            let subject = Subject::new(&document, &options);
            let row = exact(&subject.map_err(|error| Failure::at(file, error))?, axis, lengths);
            Ok(if policy.is_some() { Row { name: format!("{}, exact", row.name), ..row } } else { row })
        }
    }
}

/// A model whose partial sums are rounded, by the table of layers and gates, at every length by itself.
fn accumulated(spec: &Spec, axis: &str, lengths: &[u64]) -> Result<Row, Failure> {
    let (has, limit) = (axis == "context", spec.architecture.context_limit());
    let at = |length: u64| -> Result<CostReport, Failure> {
        let graph = pipeline::graph(spec, length)?;
        Ok(CostReport::new(spec, length, &graph, &cost::analyse(&graph, cost::Model::Threshold))?)
    };
    let fits = |length: u64| has && limit.is_none_or(|limit| length <= limit);
    let reports = lengths.iter().map(|length| fits(*length).then(|| at(*length)).transpose());
    let reports = reports.collect::<Result<Vec<_>, _>>()?;
    let last = match reports.iter().flatten().next_back() {
        Some(report) => report.clone(),
        None => at(spec.architecture.default_context)?,
    };
    let told = |figure: fn(&CostReport) -> String| -> Option<Vec<Option<String>>> {
        has.then(|| reports.iter().map(|report| report.as_ref().map(figure)).collect())
    };
    Ok(Row {
        name: format!("{}, {}", spec.architecture.name, order(Some(&spec.numerics))),
        law: format!("depth = {} for {}", last.law.depth, last.size_law.valid),
        bound: last.bound,
        fixed: Vec::new(),
        growth: has.then(|| match (&*last.law.context.growth, &*last.law.context.rate) {
            (growing, rate) if rate.contains(' ') => format!("{growing}, {rate}"),
            (growing, rate) => growth(growing, rate),
        }),
        depth: told(|report| report.depth.to_string()),
        gates: told(|report| report.size.text().to_owned()),
    })
}

/// A system made anew at every length: its partial sums are rounded, by the table of layers and gates; or it has no axes to be resized.
fn rebuilt(document: &Document, options: &Options, axis: &str, lengths: &[u64]) -> Result<Row, pipeline::Error> {
    let at = |length: &u64| {
        let mut options = options.clone();
        options.lengths.insert(axis.to_owned(), *length);
        Rebuilt::new(document, &options, axis)
    };
    let rows = match lengths.iter().map(at).collect::<Result<Vec<_>, _>>() {
        Err(pipeline::Error::Axis { .. }) => Vec::new(),
        rows => rows?,
    };
    let has = !rows.is_empty();
    let last = match rows.last() {
        Some(last) => last.clone(),
        None => Rebuilt::new(document, options, axis)?,
    };
    let constant = rows.windows(2).all(|pair| pair[0].depth == pair[1].depth);
    let growing = |(growing, rate): &(Growing, String)| growth(&growing.to_string(), rate);
    let seen = || if constant { "constant at these lengths".to_owned() } else { by_order(subject::policy(document)) };
    Ok(Row {
        name: format!("{}, {}", subject::name(document), order(subject::numerics(&mut document.clone()).as_deref())),
        law: last.law.replace('\n', "; "),
        bound: "upper",
        fixed: last.lengths.iter().filter(|(name, _)| name != axis).cloned().collect(),
        growth: has.then(|| last.growth.as_ref().map_or_else(seen, growing)),
        depth: has.then(|| rows.iter().map(|row| Some(row.depth.clone())).collect()),
        gates: has.then(|| rows.iter().map(|row| Some(row.gates.clone())).collect()),
    })
}

/// How depth grows in the terms of each sum over keys.
fn by_order(policy: Policy) -> String {
    let (growing, rate) = cost_report::growth(policy);
    format!("{growing}, {rate}")
}

/// The order of sums, and the format of partial sums.
fn order(numerics: Option<&Numerics>) -> String {
    let how = numerics.and_then(Numerics::accumulation);
    how.map_or_else(|| "exact".to_owned(), |how| format!("{} in {}", how.policy, how.format))
}

/// A system at its lengths.
#[derive(Clone)]
struct Rebuilt {
    law: String,
    depth: String,
    gates: String,
    lengths: Vec<(String, u64)>,
    /// Along the axis, if its law has that.
    growth: Option<(Growing, String)>,
}

impl Rebuilt {
    fn new(document: &Document, options: &Options, axis: &str) -> Result<Self, pipeline::Error> {
        if subject::policy(document) == Policy::Exact {
            let subject = Subject::new(document, options)?;
            let lengths = subject.lengths();
            let depth = subject.depth(&lengths).map_or_else(|| "unknown".to_owned(), |(depth, _)| depth.to_string());
            let gates = subject.size(&subject.sizes.gates, &lengths).to_string();
            let built = subject.built.iter().cloned();
            let lengths = lengths.into_iter().chain(built).collect();
            return Ok(Self { law: subject.law_text(), depth, gates, lengths, growth: subject.growth(axis) });
        }
        let costed = Costed::rounded(document, options)?;
        let skeleton = &costed.depth.named.skeleton;
        let own = skeleton.axes().iter().map(|axis| (axis.name.to_string(), axis.length));
        let inside = costed.costs.dims.iter().map(|(name, length)| (name.to_string(), *length));
        Ok(Self {
            law: format!(
                "{}{}",
                costed.depth.law,
                inside.clone().map(|(name, at)| format!(", at {name} {at}")).collect::<String>()
            ),
            depth: costed.depth.value().map_or_else(|| "unknown".to_owned(), |(depth, _)| depth.to_string()),
            gates: costed.value(&costed.costs.count).to_string(),
            lengths: own.chain(inside).collect(),
            growth: subject::growth(&costed.depth.law, axis, subject::segment(document)),
        })
    }
}

/// A scan, built at every length up to the longest its law is for.
fn scanned(document: &Document, options: &Options, lengths: &[u64]) -> Result<Row, pipeline::Error> {
    let scanned = Scanned::new(document, options)?;
    let longest = scanned.rows.last().map_or(0, |row| row.context);
    let at = |length: &u64| (*length <= longest).then(|| scanned::Row::at(document, options, *length)).transpose();
    let rows = lengths.iter().map(at).collect::<Result<Vec<_>, _>>()?;
    let told = |figure: fn(&scanned::Row) -> String| Some(rows.iter().map(|row| row.as_ref().map(figure)).collect());
    let (law, growth) = match &scanned.law {
        None => ("no law: rounds differ".to_owned(), "unknown".to_owned()),
        Some(law) if law.growing() == Growing::Constant => (law.to_string(), "constant".to_owned()),
        Some(law) => (law.to_string(), format!("logarithmic, {} layers each doubling", law.rate)),
    };
    Ok(Row {
        name: format!("{}, scan", subject::name(document)),
        law,
        bound: "upper",
        fixed: Vec::new(),
        growth: Some(growth),
        depth: told(|row| row.depth.to_string()),
        gates: told(|row| row.gates.to_string()),
    })
}

/// A system by its law.
fn exact(subject: &Subject, axis: &str, lengths: &[u64]) -> Row {
    let has = subject.has(axis);
    let at: Vec<Lengths> = lengths.iter().map(|length| subject.at(&[(axis.to_owned(), *length)].into())).collect();
    let told = |values: Vec<Option<String>>| has.then_some(values);
    let depths = at.iter().map(|at| Some(subject.depth(at)?.0.to_string()).filter(|_| subject.can_have(at))).collect();
    let gates = |at: &Lengths| subject.can_have(at).then(|| subject.size(&subject.sizes.gates, at).to_string());
    Row {
        name: subject.name.clone(),
        law: subject.law_text().replace('\n', "; "),
        bound: if subject.law.exact() { "exact" } else { "upper" },
        fixed: fixed(subject, axis),
        growth: has.then(|| subject.growth(axis)).flatten().map(|(growing, rate)| growth(&growing.to_string(), &rate)),
        depth: told(depths),
        gates: told(at.iter().map(gates).collect()),
    }
}

fn growth(growing: &str, rate: &str) -> String {
    match (growing, rate) {
        ("constant", _) => growing.to_owned(),
        (_, "1") => format!("{growing}, 1 layer each"),
        _ => format!("{growing}, {rate} layers each"),
    }
}

fn fixed(subject: &Subject, axis: &str) -> Vec<(String, u64)> {
    subject.lengths().into_iter().filter(|(name, _)| name != axis).collect()
}
