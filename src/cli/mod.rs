//! The command line: what was typed, one file per command; knows the stages only as a whole.

mod bounds;

mod budget;

mod calibrate;

mod check;

mod classify;

mod compare;

mod compile;

mod failure;

mod formats;

mod law;

mod model;

mod needs;

mod number;

mod optimum;

mod output;

mod reduce;

mod report;

mod run;

mod settings;

mod shortcut;

mod system;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use failure::Failure;

/// How deep is a neural network, as a threshold circuit?
#[derive(Debug, Parser)]
#[command(name = "isobath", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  isobath report circuits/gpt2/config.json --context 1024
  isobath compile circuits/tiny-gpt.toml -o tiny.tc
  isobath run tiny.tc --input 0,1,2,3
  isobath report circuits/gd-least-squares.toml --steps 64
  isobath compare circuits/tiny-gpt.toml circuits/rnn.toml --over context=1..1M
  isobath budget circuits/llama-3-8b --program circuits/gd-least-squares.toml
  isobath check circuits/claims/argument.toml
  isobath reduce s5 --steps 60 --format 'int(8)'

Exit codes: 0 done, 1 readings disagree or a claim fails, 2 input refused.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure a model's circuit without making its gates: depth, size, law, where the layers go
    Report(report::Args),
    /// Write a model's circuit gate by gate
    Compile(compile::Args),
    /// Set the depths of several systems side by side, along an axis
    Compare(compare::Args),
    /// Count the steps of a program that fit into a system's depth, by composition
    Budget(budget::Args),
    /// Run a reduction: an instance of a problem as data of a learning rule, compiled, run, decoded, compared
    Reduce(reduce::Args),
    /// Prove or refute the claims in a file
    Check(check::Args),
    /// Classify the rounded step of a program by its transition monoid: AC0, ACC0 or complete for NC1
    Classify(classify::Args),
    /// Print lower bounds on circuits for a program's steps that rest on no conjecture, with their numbers
    Bounds(bounds::Args),
    /// Say what is measured, proved, disproved and conditional about the depth a program needs, with evidence for each
    Needs(needs::Args),
    /// Check the certificates of a law against its circuit, with the small checker alone
    Verify(law::Args),
    /// Find the least depth and number of gates for a small function, with proofs
    Optimum(optimum::Args),
    /// Build circuits for many steps of a program that are shallower than the steps one after the other
    Shortcut(shortcut::Args),
    /// Run a compiled circuit, or a model, on token ids
    Run(run::Args),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  isobath completions bash > ~/.local/share/bash-completion/completions/isobath")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Reads the command line, does what it says, and tells how it went.
pub fn main() -> ExitCode {
    // Without a handler an interrupt still ends the process; only an unfinished file would be left in the folder.
    let _ = ctrlc::set_handler(|| {
        crate::atomic::abandon();
        std::process::exit(130);
    });
    let done = match Cli::parse().command {
        Command::Report(args) => report::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Budget(args) => budget::run(&args),
        Command::Reduce(args) => reduce::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Classify(args) => classify::run(&args),
        Command::Bounds(args) => bounds::run(&args),
        Command::Needs(args) => needs::run(&args),
        Command::Verify(args) => law::run(&args),
        Command::Optimum(args) => optimum::run(&args),
        Command::Shortcut(args) => shortcut::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Completions { shell } => completions(shell),
    };
    done.map_or_else(Failure::tell, |()| ExitCode::SUCCESS)
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "isobath", &mut script);
    output::print(&script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
