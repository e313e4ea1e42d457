//! A built circuit against the program it stands for, on all inputs or on some: which differ, and by how much at most; must not know how the
//! circuit was built.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use super::machine::Machine;
use super::parts::{Layout, signed};
use super::{Built, Refused};
use crate::circuit::evaluate;
use crate::circuit::measure::Measure;
use crate::gates::{Gates, lane, pack_lanes, read_outputs, simulate64};
use crate::number::Rational;

/// Which inputs are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// All where there are at most 2^20 and that is quick, else some.
    Automatic,
    /// All, or none.
    All,
    /// So many at random.
    Random(u64),
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// How many inputs.
    pub inputs: u64,
    /// Every input there is; else they were drawn from the seed.
    pub all: bool,
    /// The seed.
    pub seed: u64,
    /// The explicit gates were simulated; else the arrays evaluated.
    pub gates: bool,
}

/// An input on which they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Levels of all inputs of the program.
    pub levels: Vec<i64>,
    /// What the circuit gives out.
    pub built: Vec<Rational>,
    /// What the program gives out.
    pub wanted: Vec<Rational>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What was tried.
    pub coverage: Coverage,
    /// On how many inputs they differ.
    pub different: u64,
    /// The greatest difference of an entry.
    pub largest: Rational,
    /// The first input on which they differ.
    pub first: Option<Difference>,
}

/// The most input bits of which all values are tried.
const MOST_BITS: u64 = 20;

/// Inputs drawn by default.
const SOME: u64 = 1000;

/// Circuits of more wires are evaluated an array at a time.
const MOST_WIRES: u64 = 1 << 25;

/// Wires times inputs that are gone through by default.
const PATIENCE: u64 = 1 << 34;

/// Inputs times squares of steps that are gone through by default.
const PATIENCE_STEPS: u64 = 1 << 23;

/// Inputs for which a circuit too large to be written out is evaluated.
const FEW: u64 = 32;

/// Compares a circuit with a machine.
///
/// # Errors
/// When all inputs were asked for and are too many.
pub fn compare(
    built: &Built,
    measure: &Measure,
    machine: &mut Machine,
    inputs: Inputs,
    seed: u64,
) -> Result<Compared, Refused> {
    let wires = u64::try_from(measure.value(&measure.wires)).unwrap_or(u64::MAX);
    let layout = machine.layout().clone();
    let coverage = coverage(&layout, wires, inputs, seed)?;
    let gates = if coverage.gates { Some(built.expand(&mut |_, _| {})?) } else { None };
    let mut result = Compared { coverage, different: 0, largest: Rational::zero(), first: None };
    let mut draws = Draws::new(seed);
    let mut next = 0;
    while next < coverage.inputs {
        let count = (coverage.inputs - next).min(64);
        let drawn = |number| if coverage.all { layout.levels(number) } else { draws.levels(&layout) };
        let batch: Vec<Vec<i64>> = (next..next + count).map(drawn).collect();
        let outputs = answers(built, gates.as_ref(), &batch)?;
        for (levels, built) in batch.into_iter().zip(outputs) {
            let wanted = machine.run(&levels)?;
            result.judge(levels, built, wanted);
        }
        next += count;
    }
    Ok(result)
}

impl Compared {
    fn judge(&mut self, levels: Vec<i64>, built: Vec<Rational>, wanted: Vec<Rational>) {
        if built == wanted {
            return;
        }
        self.different += 1;
        for (a, b) in built.iter().zip(&wanted) {
            self.largest = self.largest.clone().max((a - b).abs());
        }
        self.first.get_or_insert(Difference { levels, built, wanted });
    }
}

/// How far the last steps alone end from all of them at most, over the inputs that were compared.
///
/// # Errors
/// When constants are not known.
pub fn farthest(
    whole: &mut Machine,
    last: &mut Machine,
    reads: &std::ops::Range<usize>,
    coverage: &Coverage,
) -> Result<Rational, Refused> {
    let layout = whole.layout().clone();
    let (mut largest, mut draws) = (Rational::zero(), Draws::new(coverage.seed));
    for number in 0..coverage.inputs {
        let levels = if coverage.all { layout.levels(number) } else { draws.levels(&layout) };
        let (a, b) = (whole.run(&levels)?, last.run(&levels[reads.clone()])?);
        for (a, b) in a.iter().zip(&b) {
            largest = largest.max((a - b).abs());
        }
    }
    Ok(largest)
}

fn coverage(layout: &Layout, wires: u64, inputs: Inputs, seed: u64) -> Result<Coverage, Refused> {
    let bits = layout.bits();
    let gates = wires <= MOST_WIRES;
    // The machine's numbers are exact: they grow with the steps, and so does the work of each.
    let steps = layout.steps.len() as u64;
    let most = if gates { (PATIENCE / wires.max(1)).max(FEW) } else { FEW };
    let most = most.min((PATIENCE_STEPS / (steps * steps).max(1)).max(FEW));
    let all = |inputs| Ok(Coverage { inputs, all: true, seed, gates });
    match inputs {
        Inputs::All if bits > MOST_BITS => Err(Refused::Inputs { bits, most: MOST_BITS }),
        Inputs::All => all(1 << bits),
        Inputs::Random(count) => Ok(Coverage { inputs: count, all: false, seed, gates }),
        Inputs::Automatic if bits <= MOST_BITS && 1 << bits <= most => all(1 << bits),
        Inputs::Automatic => Ok(Coverage { inputs: SOME.min(most), all: false, seed, gates }),
    }
}

/// What the circuit gives out for up to 64 inputs of the program.
pub fn answers(built: &Built, gates: Option<&Gates>, batch: &[Vec<i64>]) -> Result<Vec<Vec<Rational>>, Refused> {
    let bits: Vec<Vec<bool>> = batch.iter().map(|levels| bits(built, &levels[built.reads.clone()])).collect();
    let worth = |outputs: Vec<Vec<BigInt>>| -> Vec<Rational> {
        let each = outputs.into_iter().zip(&built.units);
        each.flat_map(|(levels, unit)| levels.into_iter().map(move |level| unit * Rational::from_integer(level)))
            .collect()
    };
    match gates {
        Some(gates) => {
            let values = simulate64(gates, &pack_lanes(&bits));
            let outputs =
                |place| read_outputs(gates, &lane(&values, place)).into_iter().map(|word| word.values).collect();
            Ok((0..batch.len()).map(|place| worth(outputs(place))).collect())
        }
        None => {
            let evaluator = evaluate::evaluator(&built.circuit)?;
            let one = |bits: &Vec<bool>| {
                let mut values = evaluator.run(bits)?;
                let outputs = built.circuit.outputs().iter();
                Ok(worth(outputs.map(|output| values.remove(&output.name).unwrap_or_default()).collect()))
            };
            bits.iter().map(one).collect()
        }
    }
}

fn bits(built: &Built, levels: &[i64]) -> Vec<bool> {
    let each = levels.iter().zip(&built.layout.formats);
    each.flat_map(|(level, format)| (0..format.bits()).map(move |bit| level >> bit & 1 == 1)).collect()
}

/// A reproducible sequence of bits: SplitMix64 (Steele, Lea, Flood 2014).
pub struct Draws(u64);

impl Draws {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// So many bits, up to 64.
    pub fn bits(&mut self, count: u32) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) >> (64 - count)
    }

    fn levels(&mut self, layout: &Layout) -> Vec<i64> {
        layout.formats.iter().map(|format| signed(self.bits(format.bits()), *format)).collect()
    }
}
