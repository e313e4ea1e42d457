//! Reports of published configs, timed: `cargo bench --bench reports`; knows only the command.
//!
//! Prints medians of seven, in time passed from start to end of the command (and means in processor time), for each config beside this
//! repository (the folder may be named as an argument) in the default formats, in bf16, and there with rounded partial sums.

#[allow(dead_code)]
mod clock;

use std::path::{Path, PathBuf};

/// What a report may take as a whole process.
const LIMIT_MS: f64 = 100.0;

/// Runs of each.
const RUNS: usize = 7;

/// Flags reports are asked for with.
const FLAGS: [&[&str]; 5] = [
    &[],
    &["--format", "bf16"],
    &["--format", "bf16", "--accumulate", "tree(2)", "--accumulator", "fp32"],
    &["--format", "bf16", "--accumulate", "sequential", "--accumulator", "fp32"],
    &["--format", "bf16", "--accumulate", "blocked(128)", "--accumulator", "fp32"],
];

fn main() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/configs");
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or(beside.to_owned());
    let configs = configs(folder.as_ref());
    if configs.is_empty() {
        return println!("no configs in {folder}: nothing to measure");
    }
    for flags in FLAGS {
        reports(&configs, flags);
    }
}

/// The configs in a folder.
fn configs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut configs: Vec<PathBuf> = entries.filter(|path| path.join("config.json").is_file()).collect();
    configs.sort();
    configs
}

/// Whether there is a report, or a refusal of what the file or the flags ask for.
fn is_read(args: &[&str]) -> bool {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_isobath")).args(args).output().expect("it runs");
    output.status.success()
}

fn reports(configs: &[PathBuf], flags: &[&str]) {
    println!("report {}", flags.join(" "));
    let (mut times, mut refused) = (Vec::new(), Vec::new());
    for config in configs {
        let (path, name) = (config.to_string_lossy(), config.file_name().unwrap_or_default().to_string_lossy());
        let args = [&["report", &path], flags].concat();
        if !is_read(&args) {
            refused.push(name);
            continue;
        }
        let before = clock::of_commands();
        let (least, middle) = clock::whole_process(&args, 0, RUNS);
        let processor = clock::of_commands().zip(before).map_or(f64::NAN, |(after, before)| after - before);
        let processor = processor * 1e3 / RUNS as f64;
        println!(
            "  {name:24} {middle:4.0} ms (least {least:.0}, processor {processor:.0}), {:.2} of {LIMIT_MS} ms",
            middle / LIMIT_MS
        );
        times.push([middle, processor]);
    }
    if !times.is_empty() {
        summary("time", times.iter().map(|time| time[0]).collect());
        summary("processor time", times.iter().map(|time| time[1]).collect());
    }
    println!("  refused: {}", refused.join(", "));
}

fn summary(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let (all, within) = (times.len(), times.iter().filter(|time| **time < LIMIT_MS).count());
    println!(
        "  {what}: {within} of {all} under {LIMIT_MS} ms; median {:.0}, slowest {:.0}",
        times[all / 2],
        times[all - 1]
    );
}
