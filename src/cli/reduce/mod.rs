//! The command `reduce`: a problem's instances as data of a learning rule, run as a threshold circuit; must not know how a reduction works.

mod instances;

mod write;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::failure::Failure;
use super::number;
use super::output::{self, Progress};
use super::settings::StrategyName;
use crate::number::Format;
use crate::problems::netlist::Netlist;
use crate::reduce::{Asked, Machine, Via, gadget};
use crate::report::json;
use crate::report::reduction::Reduction;
use crate::words::Strategy;
use instances::Instances;

/// What `reduce` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    problem: Problem,
}

const EXAMPLES: &str = "\
Examples:
  isobath reduce parity --word 10110
  isobath reduce parity --exhaustive --length 8
  isobath reduce s5 --steps 60 --format \"int(8)\"
  isobath reduce s5 --word \"(0 1 2); 10234; (0 1)(2 3 4)\"
  isobath reduce inner-product --a 1011 --b 0110
  isobath reduce circuit circuits/netlists/full-adder.aag --via hinge --exhaustive
  isobath reduce circuit --gates 100 --bits 4 --via hinge --random 64
  isobath reduce circuit circuits/netlists/majority-5.aag --via q-learning --exhaustive
  isobath reduce compose --random --points 3 --length 10
  isobath reduce s5 --length 2 --write out     # then: isobath run out/s5.toml --input @out/s5.data

The program and its data are ordinary files (--write). The decoder sees the final weights only. Exit codes: 0 what is decoded is the
solution of the problem, computed directly; 1 it is not; 2 the input was refused.";

#[derive(Debug, Subcommand)]
enum Problem {
    /// Is the number of ones of a word odd? Least squares in dimension 1, step size 2
    Parity {
        /// The word: 10110, @FILE, or - for standard input
        #[arg(long, conflicts_with_all = ["exhaustive", "random", "length"])]
        word: Option<String>,
        /// Letters of random words, or of all words
        #[arg(long, visible_alias = "steps", value_name = "N", value_parser = number::count)]
        length: Option<u64>,
        #[command(flatten)]
        common: Common,
    },
    /// The product of permutations of five things. Online least squares in dimension 5, each permutation padded to four examples
    S5 {
        /// Permutations of 0 to 4 separated by ; or lines: 10234 (the images) or (0 1)(2 3 4) (cycles); @FILE, or -
        #[arg(long, conflicts_with_all = ["exhaustive", "random", "length"])]
        word: Option<String>,
        /// Permutations of random words, or of all words
        #[arg(long, visible_alias = "steps", value_name = "N", value_parser = number::count)]
        length: Option<u64>,
        #[command(flatten)]
        common: Common,
    },
    /// Is the number of common ones of two words odd? Weighted least squares in dimension 2, four examples a letter
    InnerProduct {
        /// The first word: 1011, @FILE, or -
        #[arg(long, requires = "b", conflicts_with_all = ["exhaustive", "random", "length"])]
        a: Option<String>,
        /// The second word, as long
        #[arg(long, requires = "a")]
        b: Option<String>,
        /// Letters of random words, or of all words
        #[arg(long, visible_alias = "steps", value_name = "N", value_parser = number::count)]
        length: Option<u64>,
        #[command(flatten)]
        common: Common,
    },
    /// What does a Boolean circuit give out? Its gates as examples of a learning rule
    Circuit {
        /// A combinational circuit in AIGER, ASCII or binary; - for standard input
        #[arg(conflicts_with_all = ["gates", "bits"], required_unless_present = "gates")]
        netlist: Option<PathBuf>,
        /// How gates are learned
        #[arg(long, value_enum)]
        via: ViaName,
        /// The inputs: 0110, in the order of the file
        #[arg(long, conflicts_with_all = ["exhaustive", "random"])]
        inputs: Option<String>,
        /// In place of a file: a random circuit of so many NAND gates, drawn from the seed (of AND and OR gates via q-learning)
        #[arg(long, value_name = "N", value_parser = number::within::<u32>(1, 65_536))]
        gates: Option<u32>,
        /// Its inputs
        #[arg(long, value_name = "N", default_value_t = 4, value_parser = number::within::<u32>(2, 4096))]
        bits: u32,
        #[command(flatten)]
        common: Common,
    },
    /// Where do functions on a few points lead? Online least squares with two buffers, an example a point and function
    Compose {
        /// A function on each line, as its images: 1 2 0; - for standard input
        #[arg(long, value_name = "FILE", conflicts_with_all = ["exhaustive", "random", "length", "points"])]
        functions: Option<PathBuf>,
        /// Where to start; default: everywhere
        #[arg(long, value_name = "POINT", requires = "functions")]
        start: Option<u32>,
        /// Points of random functions, or of all functions
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = number::within::<u32>(1, 64))]
        points: u32,
        /// How many functions
        #[arg(long, visible_alias = "steps", value_name = "N", value_parser = number::count)]
        length: Option<u64>,
        #[command(flatten)]
        common: Common,
    },
}

/// Flags of every reduction.
#[derive(Debug, clap::Args)]
struct Common {
    /// All instances of this size
    #[arg(long, conflicts_with = "random")]
    exhaustive: bool,
    /// So many random instances; the default where none is given is 1
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", value_parser = number::count)]
    random: Option<u64>,
    /// What random instances and circuits are drawn from
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Number format of weights, and of activations where it holds them: int(b), fixed(i,f), or a float such as fp8-e4m3
    #[arg(long, value_name = "F")]
    format: Option<Format>,
    /// Number format of activations
    #[arg(long, value_name = "F")]
    activations_format: Option<Format>,
    /// Number format of data: x, states; default: the narrowest that suffices
    #[arg(long, value_name = "F")]
    data_format: Option<Format>,
    /// Number format of targets: y, rewards; default: the narrowest that suffices
    #[arg(long, value_name = "F")]
    targets_format: Option<Format>,
    /// What the circuit saves: gates (default) or layers
    #[arg(long, value_enum)]
    strategy: Option<StrategyName>,
    /// Write the program (.toml) and its data (.data, a line an instance) to this folder
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Print one JSON object (isobath.reduction/1)
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum ViaName {
    /// Online descent on the hinge loss, two steps a gate
    Hinge,
    /// Full-batch descent on one polynomial loss, which is the circuit
    Polynomial,
    /// Online least squares, the gates made by rounding alone
    Rounding,
    /// Tabular Q-learning, the gates made by rounding alone; monotone circuits
    QLearning,
}

impl ViaName {
    fn via(self) -> Via {
        match self {
            Self::Hinge => Via::Hinge,
            Self::Polynomial => Via::Polynomial,
            Self::Rounding => Via::Rounding,
            Self::QLearning => Via::QLearning,
        }
    }
}

/// Runs and prints.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let (instances, common, via) = args.problem.asked()?;
    let machine = Machine::compile(gadget(&instances.family, via)?, &common.formats(), common.strategy())?;
    let mut files = write::Files { machine: &machine, instances: &instances, written: Vec::new() };
    if let Some(folder) = &common.write {
        files.write(folder)?;
    }
    let files = files.written;
    let mut progress = Progress::new(common.json);
    let outcome = machine.run(instances.all(), &mut |done| progress.instances(done));
    drop(progress);
    let outcome = outcome.map_err(|error| match error {
        crate::reduce::ReduceError::Readings(_) => Failure::Disagreement(error.to_string()),
        other => other.into(),
    })?;
    let report = Reduction::new(&machine, &outcome, instances.chosen, files);
    let shown = if common.json { json::json(&report)? } else { report.text() };
    output::print(shown.as_bytes())?;
    match &report.refutation {
        None => Ok(()),
        Some(run) => Err(Failure::Disagreement(format!("the reduction is refuted by {}", run.instance))),
    }
}

impl Problem {
    /// The instances, the flags, and the way circuits go.
    fn asked(&self) -> Result<(Instances, &Common, Via), Failure> {
        match self {
            Self::Parity { word, length, common } => {
                Ok((instances::parity(word.as_deref(), *length, common)?, common, Via::Hinge))
            }
            Self::S5 { word, length, common } => {
                Ok((instances::s5(word.as_deref(), *length, common)?, common, Via::Hinge))
            }
            Self::InnerProduct { a, b, length, common } => {
                let words = a.as_deref().zip(b.as_deref());
                Ok((instances::inner_product(words, *length, common)?, common, Via::Hinge))
            }
            Self::Circuit { netlist, via, inputs, gates, bits, common } => {
                let netlist = match (netlist, gates) {
                    (Some(file), _) => instances::netlist(file)?,
                    (None, gates) => {
                        let mut draws = crate::problems::draws::Draws::new(common.seed);
                        let size = (*bits as usize, gates.unwrap_or(1) as usize);
                        match via {
                            ViaName::QLearning => Netlist::random_monotone(size.0, size.1, &mut draws),
                            ViaName::Hinge | ViaName::Polynomial | ViaName::Rounding => {
                                Netlist::random(size.0, size.1, &mut draws)
                            }
                        }
                    }
                };
                Ok((instances::circuit(netlist, inputs.as_deref(), common)?, common, via.via()))
            }
            Self::Compose { functions, start, points, length, common } => {
                let size = (*points as usize, *length);
                Ok((instances::compose(functions.as_deref(), *start, size, common)?, common, Via::Hinge))
            }
        }
    }
}

impl Common {
    fn formats(&self) -> Asked {
        Asked {
            weights: self.format,
            activations: self.activations_format,
            data: self.data_format,
            targets: self.targets_format,
        }
    }

    fn strategy(&self) -> Strategy {
        self.strategy.map_or(Strategy::Size, StrategyName::strategy)
    }
}
