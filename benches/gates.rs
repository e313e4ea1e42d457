//! How fast explicit gates are built, measured and simulated; knows only the public gate tables. Medians of five runs, in
//! processor time.

#[allow(dead_code)]
mod clock;

use clock::{median, seconds};
use isobath::gates::{
    Form, Gates, GatesBuilder, GatesError, InputWord, OutputWord, lane, pack_lanes, read_from, simulate, simulate64,
    write_to,
};

/// Gates of the mixed circuit, about.
const GATES: u32 = 5_000_000;
const INPUTS: u32 = 1024;
/// Banks of 255 gates in the circuits of quotients.
const QUOTIENTS: usize = 40;

/// A circuit to build: banks of some wires and thresholds each, taken in turn, with sources from a window.
struct Plan {
    name: &'static str,
    gates: u32,
    /// Per turn: banks, wires of each, thresholds of each, bits of the weights.
    turn: Vec<(usize, usize, usize, u32)>,
    /// Whether every bank has weights of its own.
    random: bool,
    /// How far back sources lie, at most.
    window: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mixed = vec![(15, 2, 1, 1), (1, 40, 15, 8)];
    let plan = |name, gates, turn: &[_], window| Plan { name, gates, turn: turn.to_vec(), random: true, window };
    // `cargo bench --bench gates -- 2-wire` runs the circuits so named.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let plans = [
        plan("mixed, sources within 65,536 gates", GATES, &mixed, 1 << 16),
        plan("mixed, sources anywhere before", GATES, &mixed, u32::MAX),
        plan("2-wire gates", GATES, &[(1, 2, 1, 1)], 1 << 16),
        Plan { random: false, ..plan("13-wire gates, powers of two", GATES / 2, &[(1, 13, 1, 13)], 1 << 16) },
        plan("13-wire gates, random weights", GATES / 2, &[(1, 13, 1, 4)], 1 << 16),
        plan("40 wires of 24 bits, 15 thresholds", GATES / 2, &[(1, 40, 15, 24)], 1 << 16),
    ];
    let wanted = |name: &str| wanted.iter().all(|word| name.contains(word.as_str()));
    let numbers = Numbers::drawn(1 << 14);
    for plan in plans.iter().filter(|plan| wanted(plan.name)) {
        measure(plan.name, || build(plan, &numbers))?;
    }
    for (name, scaled) in [("quotients, scaled banks", true), ("quotients, written out", false)] {
        if wanted(name) {
            measure(name, || quotients(&numbers, scaled))?;
        }
    }
    Ok(())
}

fn measure(name: &str, build: impl Fn() -> Result<Gates, GatesError>) -> Result<(), Box<dyn std::error::Error>> {
    let (build_time, gates) = median(build);
    let gates = gates?;
    let stats = gates.stats();
    println!("{name}: {} gates, {} logical wires", stats.gates, stats.logical_wires);
    println!("  build       {:8.1} million gates/s", stats.gates as f64 / build_time / 1e6);
    let per_stored = stats.stored_bytes as f64 / stats.stored_wires as f64;
    println!("  bytes       {per_stored:8.2} a stored wire, {:.2} a logical wire", stats.bytes_per_wire());
    depth(&gates);
    simulation(&gates);
    file(&gates)
}

fn depth(gates: &Gates) {
    let (levels_time, levels) = median(|| gates.levels());
    let (read_time, _) = median(|| stream(gates));
    let ratio = levels_time / read_time;
    let (ms, read_ms, depth) = (levels_time * 1e3, read_time * 1e3, levels.depth());
    println!("  depth       {ms:8.1} ms, one streaming read {read_ms:.1} ms: ratio {ratio:.2} (depth {depth})");
}

fn simulation(gates: &Gates) {
    let mut numbers = Numbers(7);
    let input = |_| (0..gates.input_count()).map(|_| numbers.next() & 1 == 1).collect();
    let inputs: Vec<Vec<bool>> = (0..64).map(input).collect();
    let lanes = pack_lanes(&inputs);
    let (together, values) = median(|| simulate64(gates, &lanes));
    // One input a run, times 64: the runs differ only in the values.
    let (one, single) = median(|| simulate(gates, &inputs[5]));
    assert_eq!(lane(&values, 5), single);
    let (ms, all_ms, ratio) = (together * 1e3, one * 64e3, one * 64.0 / together);
    println!("  64 inputs   {ms:8.1} ms together, {all_ms:.0} ms one by one: ratio {ratio:.1}");
}

fn file(gates: &Gates) -> Result<(), Box<dyn std::error::Error>> {
    let mut bytes = Vec::new();
    let start = seconds();
    write_to(gates, &mut bytes)?;
    let write = seconds() - start;
    let (read, back) = median(|| read_from(&*bytes));
    assert!(back? == *gates);
    let megabytes = bytes.len() as f64 / 1e6;
    println!(
        "  file        {megabytes:8.1} MB, written at {:.0} MB/s, read and checked at {:.0} MB/s",
        megabytes / write,
        megabytes / read
    );
    Ok(())
}

/// Builds a plan; `numbers` are drawn before, so that no time goes into drawing.
fn build(plan: &Plan, numbers: &[u32]) -> Result<Gates, GatesError> {
    let mut builder = GatesBuilder::new();
    builder.input(InputWord::unsigned("x", &[u64::from(INPUTS)], 1))?;
    let mut at = 0;
    let mut last = 0;
    while builder.gate_count() < plan.gates {
        for &(banks, wires, thresholds, bits) in &plan.turn {
            for _ in 0..banks {
                at = (at + wires) % (numbers.len() - 64);
                last = bank(&mut builder, &numbers[at..at + wires], plan, (thresholds, bits))?;
            }
        }
    }
    builder.output(OutputWord { name: "y".into(), shape: vec![], forms: vec![Form::gate(last)] })?;
    Ok(builder.build())
}

fn bank(
    builder: &mut GatesBuilder,
    drawn: &[u32],
    plan: &Plan,
    (thresholds, bits): (usize, u32),
) -> Result<u32, GatesError> {
    let next = builder.gate_count();
    let span = u64::from(next.min(plan.window));
    for (&number, place) in drawn.iter().zip(0..) {
        // A number below the span, by one multiplication.
        let back = (u64::from(number) * span) >> 32;
        builder.wire(next - 1 - back as u32, if plan.random { weight(number, bits) } else { 1 << place });
    }
    let mut steps = [0; 64];
    for (step, threshold) in steps[..thresholds].iter_mut().enumerate() {
        *threshold = if bits == 1 { 2 } else { ((step as i64) - (thresholds as i64) / 2) << (bits - 1) };
    }
    builder.finish_bank(&steps[..thresholds])
}

/// Rounded quotients `N / Z`: for each bank the gates `[2N - (2c-1)Z >= 0]`, `c` to 255, over an `N` of 1000 wires and a
/// `Z` of 300; in scaled banks, or each gate with wires of its own.
fn quotients(numbers: &[u32], scaled: bool) -> Result<Gates, GatesError> {
    let mut builder = GatesBuilder::new();
    builder.input(InputWord::unsigned("x", &[u64::from(INPUTS)], 1))?;
    let rows: Vec<[i64; 2]> = (1..=255).map(|value| [2, 1 - 2 * value]).collect();
    let mut last = 0;
    for bank in 0..QUOTIENTS {
        let drawn = &numbers[bank * 150..][..1300];
        let next = u64::from(builder.gate_count());
        if scaled {
            parts(&mut builder, drawn, next, [1, 1]);
            last = builder.finish_scaled(rows.as_flattened(), &[0; 255])?;
        } else {
            for row in &rows {
                parts(&mut builder, drawn, next, *row);
                last = builder.finish_bank(&[0])?;
            }
        }
    }
    builder.output(OutputWord { name: "y".into(), shape: vec![], forms: vec![Form::gate(last)] })?;
    Ok(builder.build())
}

/// The wires of `N` and `Z`, with multipliers.
fn parts(builder: &mut GatesBuilder, drawn: &[u32], next: u64, multipliers: [i64; 2]) {
    for (place, &number) in drawn.iter().enumerate() {
        if place == 1000 {
            builder.end_part();
        }
        let source = (u64::from(number) * next) >> 32;
        builder.wire(source as u32, weight(number, 16) * multipliers[usize::from(place >= 1000)]);
    }
}

/// An odd weight of some bits, either way.
fn weight(number: u32, bits: u32) -> i64 {
    let weight = i64::from(number >> (32 - bits)) | 1;
    if number & 1 == 1 && bits > 1 { -weight } else { weight }
}

/// One read of all that is stored, as sums.
fn stream(gates: &Gates) -> u64 {
    let tables = gates.tables();
    let narrow = [tables.bank_first_gate, tables.wire_source, tables.scaled_banks];
    let narrow = narrow.iter().flat_map(|table| table.iter()).map(|&value| u64::from(value));
    let wide =
        [tables.bank_wires, tables.bank_weights, tables.scaled_parts, tables.part_ends, tables.scaled_multipliers];
    let wide = wide.iter().flat_map(|table| table.iter()).copied();
    let signed = [tables.weights, tables.thresholds, tables.multipliers];
    let signed = signed.iter().flat_map(|table| table.iter()).map(|&value| value as u64);
    narrow.chain(wide).chain(signed).fold(0, u64::wrapping_add)
}

/// A linear congruential generator, the upper half of each state: good enough to spread sources.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn drawn(count: usize) -> Vec<u32> {
        let mut numbers = Self(1);
        (0..count).map(|_| numbers.next()).collect()
    }
}
