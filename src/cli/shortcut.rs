//! The command `shortcut`; must not know how shallower circuits are built.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::failure::Failure;
use super::output::{self, Progress};
use super::{number, system};
use crate::number::Format;
use crate::report::json;
use crate::report::shortcut::{shortcuts, text};
use crate::shortcut::compare::Inputs;
use crate::shortcut::parts::{Layout, Parts};
use crate::shortcut::{Options, Rule, Verdict, applicable, apply, plain, program_of};
use crate::spec::Document;
use crate::spec::program::Program;
use crate::{atomic, gates, program};

/// What `shortcut` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A program: TOML with a table [program], or `-` for standard input
    file: PathBuf,
    /// One rule only; without it each is tried, and told why where it does not apply
    #[arg(long, value_enum, value_name = "RULE")]
    by: Option<RuleName>,
    /// Steps; default: as the program's file says
    #[arg(long, value_name = "T", value_parser = number::length)]
    steps: Option<u64>,
    /// Number format of weights and of what a step rounds: int(b) or fixed(i,f)
    #[arg(long, value_name = "F")]
    format: Option<Format>,
    /// A contraction keeps the steps that decide the result within 2^-BITS
    #[arg(long, value_name = "BITS", default_value_t = 4, value_parser = number::within::<u32>(0, 256))]
    within: u32,
    /// Compare on every input, of which there may be 2^20
    #[arg(long, conflicts_with = "random")]
    exhaustive: bool,
    /// Compare on so many random inputs
    #[arg(long, value_name = "N", value_parser = number::within::<u64>(1, 1 << 24))]
    random: Option<u64>,
    /// The seed of random inputs
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Write the circuit, gate by gate
    #[arg(long, short, value_name = "FILE.tc", requires = "by")]
    output_file: Option<PathBuf>,
    /// Print one JSON object (isobath.shortcut/1)
    #[arg(long)]
    json: bool,
    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Rules:
  prefix       exact affine steps, composed in a tree            2 ceil(log2 T) + 2 layers
  hard-wired   the same on constant data: one affine map         1
  powering     one quadratic loss, one or two weights            3
  contraction  steps that bring states nearer: the last K        those of K steps
  automaton    few states, whatever a step computes              ceil(log2 T) + 1

Examples:
  isobath shortcut circuits/shortcuts/descent-1d.toml
  isobath shortcut circuits/shortcuts/descent-2d.toml --by prefix --steps 3 --exhaustive
  isobath shortcut circuits/shortcuts/quadratic-2d.toml --by powering --steps 64 -o power.tc
  isobath shortcut circuits/gd-hinge.toml --by automaton --format 'int(2)'

Exit codes: 0 circuits are what they are said to be, or no rule applies; 1 one differs; 2 the input was refused, or the rule asked for does
not apply. That descent rounded at every step differs from exact descent is told, and is no failure.";

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum RuleName {
    Prefix,
    HardWired,
    Powering,
    Contraction,
    Automaton,
}

impl RuleName {
    fn rule(self) -> Rule {
        match self {
            Self::Prefix => Rule::Prefix,
            Self::HardWired => Rule::HardWired,
            Self::Powering => Rule::Powering,
            Self::Contraction => Rule::Contraction,
            Self::Automaton => Rule::Automaton,
        }
    }
}

/// Builds, compares and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(path) = &args.output_file {
        atomic::check(path).map_err(|error| Failure::at(path, format!("cannot be written: {error}")))?;
    }
    let document = read(args)?;
    let program = program_of(&document).map_err(|error| Failure::at(&args.file, error))?;
    let options = options(args);
    let verdicts = match args.by.map(RuleName::rule) {
        None => applicable(&document, &options).map_err(|error| Failure::at(&args.file, error))?,
        Some(rule) => {
            let applied = apply(rule, program, &options);
            let applied = applied.map_err(|error| Failure::at(&args.file, format!("{}: {error}", rule.name())))?;
            vec![Verdict { rule, applied: Ok(applied) }]
        }
    };
    if let (Some(path), [Verdict { rule, applied: Ok(applied) }]) = (&args.output_file, &verdicts[..]) {
        write(args, path, program, *rule, &applied.built)?;
    }
    let steps = options.steps.unwrap_or(program.steps);
    let unrolled = plain(&Program { steps, ..program.clone() }).ok();
    let report = shortcuts(&program.name, steps, unrolled.as_ref(), &verdicts, |steps| layout(program, steps));
    let shown = if args.json { json::json(&report)? } else { text(&report) };
    output::print(shown.as_bytes())?;
    let wrong = verdicts.iter().filter(|verdict| verdict.applied.as_ref().is_ok_and(|applied| !applied.holds()));
    let wrong: Vec<&str> = wrong.map(|verdict| verdict.rule.name()).collect();
    match &wrong[..] {
        [] => Ok(()),
        names => Err(Failure::Disagreement(format!("{} differs from what it stands for", names.join(", ")))),
    }
}

fn read(args: &Args) -> Result<Document, Failure> {
    let mut document = system::read(&args.file, &super::settings::Settings::default())?;
    if let (Document::Program(program), Some(format)) = (&mut document, args.format) {
        program.numerics.weights = format;
        program.numerics.activations = format;
    }
    Ok(document)
}

fn options(args: &Args) -> Options {
    let inputs = match args.random {
        Some(count) => Inputs::Random(count),
        None if args.exhaustive => Inputs::All,
        None => Inputs::Automatic,
    };
    Options { steps: args.steps, within: args.within, inputs, seed: args.seed }
}

/// How the inputs of so many steps lie.
fn layout(program: &Program, steps: u64) -> Option<Layout> {
    let system = program::system(&Program { steps, ..program.clone() }).ok()?;
    Some(Parts::of(&system)?.layout())
}

fn write(
    args: &Args,
    path: &Path,
    program: &Program,
    rule: Rule,
    built: &crate::shortcut::Built,
) -> Result<(), Failure> {
    let mut progress = Progress::new(args.quiet);
    let gates = built.expand(&mut |done, total| progress.gates(done, total))?;
    drop(progress);
    let steps = args.steps.unwrap_or(program.steps).to_string();
    let told = [("name", program.name.clone()), ("shortcut", rule.name().to_owned()), ("axis.steps", steps)];
    let gates = gates.annotated(told.map(|(key, value)| (key.to_owned(), value)));
    Ok(gates::write(&gates, path)?)
}
