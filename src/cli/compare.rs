//! The command `compare`; must not know how a law is found.

use std::path::PathBuf;

use super::failure::Failure;
use super::settings::Settings;
use super::{number, output, system};
use crate::pipeline::subject::{Lengths, Subject};
use crate::report::comparison::{self, Comparison, Row, SCHEMA};
use crate::report::json;

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

A system without the axis, or beyond its position table, shows a dash. Files that cannot be lowered as circuits of threshold gates are refused.";

/// Derives each law and sets them side by side.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let (axis, first, last) = &args.over;
    let lengths = comparison::lengths(*first, *last, args.points);
    let rows = side_by_side(&args.files, |file| row(args, file, axis, &lengths))?;
    if rows.iter().all(|row| row.growth.is_none()) {
        return Err(Failure::refused(format!("none of these has an axis `{axis}`")));
    }
    let comparison = Comparison { schema: SCHEMA, axis: axis.clone(), lengths, systems: rows };
    let shown = if args.json { json::json(&comparison)? } else { comparison::text(&comparison) };
    output::print(shown.as_bytes())
}

/// One result per file, in order, on as many threads as there are processors.
fn side_by_side<T: Send>(
    files: &[PathBuf],
    work: impl Fn(&std::path::Path) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(file) = files.get(place) else { return done };
            done.push((place, work(file)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(files.len()));
    let mut done: Vec<(usize, Result<T, Failure>)> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        all.into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, row)| row).collect()
}

fn row(args: &Args, file: &std::path::Path, axis: &str, lengths: &[u64]) -> Result<Row, Failure> {
    let subject = system::subject(file, &args.settings)?;
    let has = subject.has(axis);
    let at: Vec<Lengths> = lengths.iter().map(|length| subject.at(&[(axis.to_owned(), *length)].into())).collect();
    let told = |values: Vec<Option<String>>| has.then_some(values);
    let depths = at.iter().map(|at| Some(subject.depth(at)?.0.to_string()).filter(|_| subject.can_have(at))).collect();
    let gates = |at: &Lengths| subject.can_have(at).then(|| subject.size(&subject.sizes.gates, at).to_string());
    Ok(Row {
        name: subject.name.clone(),
        law: subject.law_text().replace('\n', "; "),
        bound: if subject.law.exact() { "exact" } else { "upper" },
        fixed: fixed(&subject, axis),
        growth: has.then(|| subject.growth(axis)).flatten().map(|(growing, rate)| growth(&growing.to_string(), &rate)),
        depth: told(depths),
        gates: told(at.iter().map(gates).collect()),
    })
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
