//! From a model to its figures and its gates, timed: `cargo bench --bench compile`.
//!
//! Prints medians of five, in processor time: measuring an architecture, expanding gate by gate, a depth pass against one streaming read of the
//! same tables, and 64 simulations at once against 64 evaluations of the circuit's arrays one by one.

#[allow(dead_code)]
mod clock;

use clock::median;
use isobath::gates::{Gates, pack_lanes, simulate64};
use isobath::pipeline;
use isobath::spec::{self, Spec};
use isobath::words::Strategy;

/// What `report` on the largest shipped config may take, as a whole process.
const LIMIT_MS: f64 = 50.0;

fn main() {
    floats();
    whole_process("circuits/llama-3-8b/config.json", "131072");
    report("circuits/gpt2/config.json", 1024);
    report("circuits/llama-3-8b/config.json", 131_072);
    for (name, width, context) in [("short", 16, 4), ("long", 8, 64)] {
        explicit(name, width, context);
    }
}

fn report(file: &str, context: u64) {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let (seconds, _) = median(|| {
        let spec = spec::read(path.as_ref()).expect("a shipped config");
        pipeline::architecture(&spec, context, Strategy::Depth).expect("lowered").measure().expect("measured").depth
    });
    println!("measure {file} at context {context}: {:.1} ms", seconds * 1e3);
}

/// What writing out a block in 8-bit floats may take.
const FLOATS_LIMIT: (f64, f64) = (30.0, 4.0);

/// A block of width 16 at 8 tokens in fp8-e4m3, lowered and expanded; first of all, so that the peak of memory is its own.
fn floats() {
    let (seconds, gates) = median(|| {
        let model = pipeline::bound(&model(16, 8, ["fp8-e4m3"; 2]), 8, Strategy::Size).expect("lowered");
        model.expand(&mut |_, _| {}).expect("it fits").stats()
    });
    let gibibytes = peak_kib() / f64::from(1 << 20);
    println!(
        "fp8-e4m3 block (width 16, context 8, size strategy): {} gates, {} wires in {seconds:.2} s, {:.2} of the limit; peak {gibibytes:.2} GiB, \
         {:.2} of the limit",
        gates.gates,
        gates.logical_wires,
        seconds / FLOATS_LIMIT.0,
        gibibytes / FLOATS_LIMIT.1
    );
}

/// The most memory this process has held, where the system tells.
fn peak_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(f64::NAN)
}

fn whole_process(file: &str, context: &str) {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let (least, middle) = clock::whole_process(&["report", &path, "--context", context], 0, 11);
    let ratio = middle / LIMIT_MS;
    println!(
        "report {file} at context {context}, whole process: {middle:.0} ms (least {least:.0}), {ratio:.2} of the limit"
    );
}

fn model(width: u64, context: u64, [weights, activations]: [&str; 2]) -> Spec {
    let text = format!(
        "[model]\nkind = 'decoder'\nvocabulary = 16\nlayers = 1\nwidth = {width}\nheads = 2\nhidden = {}\ncontext = {context}\n\
         positions = 'none'\nnorm = 'rms'\nactivation = 'relu'\n[numerics]\nweights = '{weights}'\nactivations = '{activations}'\n\
         [weights]\nsource = 'random'\nseed = 1\n",
        4 * width
    );
    spec::parse_native("bench.toml", &text).expect("a valid spec")
}

fn explicit(name: &str, width: u64, context: u64) {
    let model = pipeline::bound(&model(width, context, ["fixed(2,6)", "fixed(4,4)"]), context, Strategy::Size)
        .expect("lowered");
    let gates = model.expand(&mut |_, _| {}).expect("it fits");
    let stats = gates.stats();
    let (seconds, _) = median(|| model.expand(&mut |_, _| {}).expect("it fits"));
    println!(
        "{name} (width {width}, context {context}, size strategy): {} gates, {} wires, {} stored, {:.2} bytes a logical wire",
        stats.gates,
        stats.logical_wires,
        stats.stored_wires,
        stats.bytes_per_wire()
    );
    println!("  expand: {:.2} s, {:.1} million gates a second", seconds, stats.gates as f64 / seconds / 1e6);
    let ((depth, _), (read, _)) = (median(|| gates.levels().depth()), median(|| streaming_read(&gates)));
    println!(
        "  depth pass: {:.1} ms, {:.1} times one streaming read ({:.1} ms)",
        depth * 1e3,
        depth / read,
        read * 1e3
    );
    let inputs: Vec<Vec<u64>> = (0..64).map(|k| (0..context).map(|i| (i * 7 + k * 3) % 16).collect()).collect();
    let lanes = pack_lanes(&inputs.iter().map(|tokens| model.bits(tokens)).collect::<Vec<_>>());
    let (together, _) = median(|| simulate64(&gates, &lanes));
    let alone = median(|| model.evaluate(&inputs[0]).expect("evaluated")).0 * 64.0;
    let (times, together) = (alone / together, together * 1e3);
    println!(
        "  64 inputs simulated at once: {together:.0} ms, {times:.0} times as fast as evaluating them one by one ({alone:.2} s)"
    );
}

/// Adds up every stored word once.
fn streaming_read(gates: &Gates) -> u64 {
    let tables = gates.tables();
    let short = [tables.bank_first_gate, tables.wire_source, tables.scaled_banks];
    let long =
        [tables.bank_wires, tables.bank_weights, tables.scaled_parts, tables.part_ends, tables.scaled_multipliers];
    let signed = [tables.weights, tables.thresholds, tables.multipliers];
    let short = short.into_iter().flatten().fold(0u64, |sum, word| sum.wrapping_add(u64::from(*word)));
    let long = long.into_iter().flatten().fold(0u64, |sum, word| sum.wrapping_add(*word));
    let signed = signed.into_iter().flatten().fold(0u64, |sum, word| sum.wrapping_add(*word as u64));
    short ^ long ^ signed
}
