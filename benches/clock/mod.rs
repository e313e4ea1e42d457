//! Medians of processor time, and of time passed for whole commands, shared by the benchmarks.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

/// Counted runs.
const RUNS: usize = 5;

/// The median time of some runs in seconds, and the result of the last.
pub fn median<T>(mut run: impl FnMut() -> T) -> (f64, T) {
    let mut timed = || {
        let start = seconds();
        let result = black_box(run());
        (seconds() - start, result)
    };
    let mut times: Vec<f64> = (1..RUNS).map(|_| timed().0).collect();
    let (time, result) = timed();
    times.push(time);
    times.sort_by(f64::total_cmp);
    (times[RUNS / 2], result)
}

/// Time this thread has run, where the system tells it (so that others on the machine don't count), else time passed.
pub fn seconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    // Linux brings the figure up to date when the thread gives way.
    std::thread::yield_now();
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = figures.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// The least and the median time in milliseconds that the command takes from start to end, its exit code being this one.
pub fn whole_process(args: &[&str], code: i32, runs: usize) -> (f64, f64) {
    let run = |_| {
        let start = Instant::now();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_isobath")).args(args).output().expect("it runs");
        let time = start.elapsed().as_secs_f64() * 1e3;
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        time
    };
    let mut times: Vec<f64> = (0..runs).map(run).collect();
    times.sort_by(f64::total_cmp);
    (times[0], times[runs / 2])
}

/// Processor time of all commands that have ended, where the system tells it, in seconds.
pub fn of_commands() -> Option<f64> {
    let figures = std::fs::read_to_string("/proc/self/stat").ok()?;
    let after_name = figures.rsplit_once(')')?.1;
    let ticks: Vec<f64> =
        after_name.split_whitespace().skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    Some(ticks.iter().sum::<f64>() / 100.0)
}
