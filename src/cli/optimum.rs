//! The command `optimum`; must not know how circuits are searched for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::failure::Failure;
use super::output::{self, Progress};
use crate::optimum::search::{MOST_DEPTH, Optimum, Options, optimum};
use crate::optimum::solve::Backend;
use crate::optimum::table::Table;
use crate::optimum::{certificate, functions, gadgets};
use crate::report::json;
use crate::report::optimum::{Comparison, Report, checked};
use crate::{atomic, gates};

/// What `optimum` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["function", "table", "check", "gadgets"]))]
pub(super) struct Args {
    /// A function such as parity(3), or parity:3; or a file with a truth table (.tt or .json)
    function: Option<String>,
    /// A truth table: position a is the value where input i is bit i of a; again for a further output
    #[arg(long, value_name = "0110...")]
    table: Vec<String>,
    /// Set our own gadgets beside the optima of what they compute
    #[arg(long)]
    gadgets: bool,
    /// Check the claim in a folder that --proof wrote
    #[arg(long, value_name = "DIR")]
    check: Option<PathBuf>,
    /// The largest absolute weight of a gate; default: any weights
    #[arg(long, value_name = "W", value_parser = clap::value_parser!(u32).range(1..=1023))]
    weights: Option<u32>,
    /// Also the least gates at depths beyond the least, up to this one
    #[arg(long, value_name = "D", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=MOST_DEPTH as i64))]
    max_depth: u32,
    /// Write the claim, its proofs (DRAT) and their formulas (DIMACS) into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["gadgets", "check"])]
    proof: Option<PathBuf>,
    /// Write the circuit, that of the least depth, to this file
    #[arg(long, short, value_name = "OUT.tc", conflicts_with_all = ["gadgets", "check"])]
    output_file: Option<PathBuf>,
    /// The solver: the one built in, or the program `cadical`
    #[arg(long, value_enum, default_value = "splr")]
    solver: Solver,
    /// Search about so long, then tell what is known
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    timeout: u64,
    /// Print one JSON object (isobath.optimum/1, with --gadgets isobath.optimum-gadgets/1)
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Solver {
    Splr,
    Cadical,
}

const EXAMPLES: &str = "\
Examples:
  isobath optimum 'parity(4)'                         # or parity:4
  isobath optimum gd-parity:3 --max-depth 3 -o parity.tc
  isobath optimum product:2 --weights 1
  isobath optimum --table 0110 --table 0001 --proof half-adder
  isobath optimum --check half-adder                  # needs no solver
  isobath optimum --gadgets

A circuit's depth here is its gate depth: every output is a gate, an input or a constant.
Exit codes: 0 exact, 1 time ran out and the answer is an interval (or a claim does not hold), 2 the input was refused.
A file is JSON {\"outputs\": [{\"name\": \"y\", \"values\": \"0110\"}]} or lines `y: 0110`.";

/// Searches, or checks, and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(folder) = &args.check {
        return check(folder, args.json);
    }
    let backend = backend(args.solver)?;
    if args.gadgets {
        return compare(args, backend);
    }
    let table = table(args)?;
    if let Some(file) = &args.output_file {
        atomic::check(file).map_err(|error| Failure::at(file, format!("cannot be written: {error}")))?;
    }
    if let Some(folder) = &args.proof {
        std::fs::create_dir_all(folder).map_err(|error| Failure::at(folder, error))?;
    }
    let solver = backend.name();
    let found = search(args, &table, backend)?;
    let report = Report::new(&found, solver);
    if let Some(folder) = &args.proof {
        certificate::write(folder, &found)?;
    }
    if let Some(file) = &args.output_file {
        let circuit = found.rows[0].circuit.explicit(&table)?.annotated([("name".to_owned(), table.name.clone())]);
        gates::write(&circuit, file).map_err(|error| Failure::at(file, error))?;
    }
    output::print(if args.json { json::json(&report)? } else { report.text() }.as_bytes())?;
    if report.is_exact() { Ok(()) } else { Err(Failure::Disagreement(report.interval())) }
}

fn search(args: &Args, table: &Table, backend: Backend) -> Result<Optimum, Failure> {
    let max_depth = args.max_depth as usize;
    let options = Options { weights: args.weights, max_depth, backend, timeout: Duration::from_secs(args.timeout) };
    let mut progress = Progress::new(args.json);
    Ok(optimum(table, &options, &mut |depth, gates, _| progress.deciding(depth, gates))?)
}

fn backend(solver: Solver) -> Result<Backend, Failure> {
    match solver {
        Solver::Splr => Ok(Backend::Splr),
        Solver::Cadical => Backend::cadical().ok_or_else(|| {
            Failure::refused("there is no program `cadical`; install the package of that name, or leave --solver out")
        }),
    }
}

/// The function asked for: named, in a file, or written out.
fn table(args: &Args) -> Result<Table, Failure> {
    let Some(text) = &args.function else {
        let name = |place: usize| if args.table.len() == 1 { "y".to_owned() } else { format!("y{place}") };
        let outputs: Vec<(String, String)> =
            args.table.iter().enumerate().map(|(place, values)| (name(place), values.clone())).collect();
        return Ok(Table::parse("table", &outputs)?);
    };
    let path = Path::new(text);
    let is_file = path.extension().is_some_and(|end| end == "tt" || end == "json") || path.exists();
    Ok(if is_file { functions::read(path)? } else { functions::named(text)? })
}

fn check(folder: &Path, as_json: bool) -> Result<(), Failure> {
    let claim = certificate::check(folder, &|name| functions::named(name).ok()).map_err(|error| match error {
        certificate::CertificateError::Claim(_) | certificate::CertificateError::Proof(..) => {
            Failure::Disagreement(format!("{}: {error}", folder.display()))
        }
        other => Failure::refused(other.to_string()),
    })?;
    output::print(if as_json { json::json(&claim)? } else { checked(&claim) }.as_bytes())
}

fn compare(args: &Args, backend: Backend) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for gadget in gadgets::gadgets()? {
        let found = search(args, &gadget.table, backend.clone())?;
        rows.push((gadget, found));
    }
    let comparison = Comparison::new(&rows);
    output::print(if args.json { json::json(&comparison)? } else { comparison.text() }.as_bytes())?;
    let open =
        || Failure::Disagreement("time ran out before every optimum was decided; give --timeout more".to_owned());
    comparison.is_exact().then_some(()).ok_or_else(open)
}
