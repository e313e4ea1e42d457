//! The command `bounds`; must not know how a bound comes about.

use std::path::PathBuf;

use super::failure::Failure;
use super::formats::Formats;
use super::{number, output};
use crate::bounds::{self, Options};
use crate::report::{json, lower_bounds};

/// What `bounds` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A program (TOML); `-` for standard input
    file: PathBuf,
    /// Steps; default: as the program's file says
    #[arg(long, value_name = "N", value_parser = number::count)]
    steps: Option<u64>,
    /// The most inputs of a gate, in circuits of bounded fan-in
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::count)]
    fan_in: u64,
    /// The most gates of a threshold circuit
    #[arg(long, value_name = "N", default_value = "10^6", value_parser = number::count)]
    gates: u64,
    /// The most wires of a threshold circuit
    #[arg(long, value_name = "N", default_value = "10^6", value_parser = number::count)]
    wires: u64,
    /// The most total weight of a lower gate on one side's bits, in threshold circuits of depth 2
    #[arg(long, value_name = "N", default_value = "1000", value_parser = number::count)]
    weights: u64,
    /// By how much a layer of an arithmetic circuit raises degree: 2 for products of two, 3 for linear attention
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::count)]
    layer_degree: u64,
    /// Print one JSON object (isobath.bounds/1)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    formats: Formats,
}

const EXAMPLES: &str = "\
Examples:
  isobath bounds circuits/gd-parity.toml --steps 64
  isobath bounds circuits/gd-swaps.toml --steps 1000 --gates 10000 --weights 100
  isobath bounds circuits/gd-custom.toml --steps 1M --layer-degree 3

Lower bounds that rest on no conjecture, each with its model of computation and the size from which on it says anything. What a bound needs
of the step (that its result rests on its data, a parity or an inner product in it) is shown by witnesses, or the bound is not claimed.

Exit codes: 0 done, 2 the file or a request was refused.";

/// Derives the bounds and prints them.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let program = args.formats.read(&args.file)?;
    let options = Options {
        steps: args.steps,
        fan_in: args.fan_in,
        gates: args.gates,
        wires: args.wires,
        weights: args.weights,
        degree: args.layer_degree,
    };
    let found = bounds::of(&program, &options).map_err(|error| Failure::at(&args.file, error))?;
    let shown = if args.json { json::json(&found)? } else { lower_bounds::text(&found) };
    output::print(shown.as_bytes())
}
