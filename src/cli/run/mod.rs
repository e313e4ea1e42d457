//! The command `run`: a compiled circuit or a model, on token ids; must not know how either computes.

mod answer;

mod circuit;

pub(super) mod input;

mod on_looped;

mod on_model;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::calibrate::Calibrate;
use super::failure::Failure;
use super::settings::Settings;
use super::{output, system};
use crate::gates;
use crate::pipeline::looped::LoopedModel;
use crate::pipeline::subject;
use crate::spec::{Document, Spec};
use crate::words::Strategy;
use answer::{Run, json, text};

/// What `run` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A circuit file (.tc) that `compile` wrote, or a model; `-` for either on standard input
    file: PathBuf,
    /// Integers such as 0,1,2: token ids (or names of tokens such as "bos a b", where the model names them), of a program the levels of all
    /// its inputs in order (a level is worth 2^-f in fixed(i,f); of a float it is the integer that exponent and mantissa are, with the sign:
    /// 16256 is 1 in bf16); @FILE with a comma or JSON list on each line; `-` for such lines on standard input
    #[arg(long, visible_alias = "tokens", value_name = "LIST", required = true, allow_hyphen_values = true)]
    input: Vec<String>,
    /// How to run a model: its circuit's arrays, the reference interpreter, its gates, or all three compared
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Print one JSON object (isobath.run/1)
    #[arg(long)]
    json: bool,
    /// No headings and no progress
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    calibrate: Calibrate,
}

const EXAMPLES: &str = "\
Examples:
  isobath run tiny.tc --input 0,1,2,3
  isobath run circuits/tiny-gpt.toml --input 0,1,2 --by all
  isobath run circuits/gd-least-squares.toml --steps 2 --input 1,2,3,1,0,-1 --by all
  isobath run circuits/modadd7_gpt2_1l --output argmax --last --input 3,5,7
  isobath run circuits/tracr/hist --tokens 'bos a b a'
  isobath run circuits/modadd7_gpt2_1l --last --input 3,5,7 --calibrate inputs.txt
  isobath compile circuits/tiny-gpt.toml -o - | isobath run - --input 0,1,2,3
  printf '0,1,2,3\\n4,3,2,1\\n' | isobath run tiny.tc --input - --json

Output: for each position the values as integers in units of the last place (of floats, of the least number above zero, which is not
how inputs are written: those are numbers of the format in order) and what they are worth, or the token of an argmax.";

/// A reading of the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// The circuit's arrays, in exact integers
    Evaluate,
    /// The tensor graph, by the definition of each operation
    Interpret,
    /// The explicit gates
    Simulate,
    /// All three, compared
    All,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Interpret => "interpret",
            Self::Simulate => "simulate",
            Self::All => "all",
        }
    }
}

/// Runs and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.file == Path::new("-") && args.input.iter().any(|input| input == "-") {
        return Err(Failure::refused(
            "the model and --input cannot both be on standard input; name a file for one of them",
        ));
    }
    let run = if gates::is_circuit(&args.file) { on_circuit(args)? } else { on_document(args)? };
    let shown = if args.json { json(&run)? } else { text(&run, args.quiet) };
    output::print(shown.as_bytes())?;
    if let (Some(quantisation), false, false) = (&run.quantisation, args.json, args.quiet) {
        output::note(&quantisation.to_string());
    }
    match run.disagreement() {
        Some(message) => Err(Failure::Disagreement(message)),
        None => Ok(()),
    }
}

fn on_circuit(args: &Args) -> Result<Run, Failure> {
    if args.settings != Settings::default() || args.calibrate.calibrate.is_some() {
        let message = "a compiled circuit is what it is: flags that change the model belong to `compile`";
        return Err(Failure::at(&args.file, message));
    }
    if args.by.is_some_and(|by| by != By::Simulate) {
        let message = "a compiled circuit can only be simulated; name the model for --by evaluate, interpret or all";
        return Err(Failure::at(&args.file, message));
    }
    circuit::run(&args.file, &args.input)
}

fn on_document(args: &Args) -> Result<Run, Failure> {
    let document = system::read(&args.file, &args.settings)?;
    if let Document::Model(spec) = &document {
        return on_model(args, spec, input::read(&args.input, spec.names.as_ref())?);
    }
    args.calibrate.refuse("is of models without loops")?;
    let inputs = input::read(&args.input, None)?;
    let options = args.settings.options(Strategy::Size, true);
    let model = LoopedModel::of(&document, &options).map_err(|error| Failure::at(&args.file, error))?;
    let name = subject::name(&document).to_owned();
    on_looped::Request { name, model, by: args.by.unwrap_or(By::Evaluate), quiet: args.quiet }.run(inputs)
}

fn on_model(args: &Args, spec: &Spec, inputs: Vec<Vec<i64>>) -> Result<Run, Failure> {
    if args.by == Some(By::Interpret) {
        args.calibrate.refuse("is of circuits; the interpreter has no ranges")?;
    }
    let request = on_model::Request {
        spec,
        strategy: args.settings.strategy(Strategy::Size),
        context: args.settings.context,
        by: args.by.unwrap_or(By::Evaluate),
        calibrate: &args.calibrate,
        quiet: args.quiet,
    };
    request.run(inputs)
}
