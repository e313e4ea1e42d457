//! The frozen tables of a circuit and what they hold in total; must not know how they were filled or what they compute.

use std::collections::BTreeMap;
use std::ops::Range;

use num_bigint::BigInt;

use super::integer::{Integer, load};
use super::{InputWord, OutputWord};

/// A circuit of threshold gates, in topological order, unchangeable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gates {
    /// The first gate of each bank, and the number of gates; before the first bank come the inputs.
    pub(super) bank_first_gate: Vec<u32>,
    /// The first wire of each bank, and the number of wires.
    pub(super) bank_wires: Vec<u64>,
    /// The gate each wire comes from.
    pub(super) wire_source: Vec<u32>,
    /// The first weight of each bank; a bank with the weights of the one before it shares them.
    pub(super) bank_weights: Vec<u64>,
    /// The weights of the banks' wires, as stored.
    pub(super) weights: Vec<i64>,
    /// The threshold of each gate that is not an input, as stored.
    pub(super) thresholds: Vec<i64>,
    /// Integers that are too large to be held in place.
    pub(super) pool: Vec<BigInt>,
    pub(super) inputs: Vec<InputWord>,
    pub(super) outputs: Vec<OutputWord>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Gates {
    /// Number of gates, the inputs included.
    pub fn gate_count(&self) -> u32 {
        self.bank_first_gate.last().copied().unwrap_or(0)
    }

    /// Number of input gates: these are the gates `0..input_count()`.
    #[inline]
    pub fn input_count(&self) -> u32 {
        self.bank_first_gate.first().copied().unwrap_or(0)
    }

    /// Number of banks.
    pub fn bank_count(&self) -> usize {
        self.bank_wires.len() - 1
    }

    /// The bank at a place below [`Gates::bank_count`].
    pub fn bank(&self, index: usize) -> Bank<'_> {
        self.cut(&self.bank_first_gate[index..index + 2], &self.bank_wires[index..index + 2], self.bank_weights[index])
    }

    /// All banks, in order.
    #[inline]
    pub fn banks(&self) -> impl Iterator<Item = Bank<'_>> {
        let gates = self.bank_first_gate.windows(2).zip(self.bank_wires.windows(2));
        gates.zip(&self.bank_weights).map(|((ids, wires), &weights)| self.cut(ids, wires, weights))
    }

    /// A bank, given the ends of its gates and wires, and its first weight.
    #[inline]
    fn cut(&self, ids: &[u32], wires: &[u64], weights: u64) -> Bank<'_> {
        let sources = &self.wire_source[wires[0] as usize..wires[1] as usize];
        let inputs = self.input_count();
        Bank {
            first: ids[0],
            sources,
            weights: &self.weights[weights as usize..][..sources.len()],
            thresholds: &self.thresholds[(ids[0] - inputs) as usize..(ids[1] - inputs) as usize],
            pool: &self.pool,
        }
    }

    /// The place of the bank that a gate belongs to; none for an input.
    pub fn bank_of(&self, gate: u32) -> Option<usize> {
        self.bank_first_gate.partition_point(|&first| first <= gate).checked_sub(1).filter(|&at| at < self.bank_count())
    }

    /// The inputs, in the order of their gates.
    pub fn inputs(&self) -> &[InputWord] {
        &self.inputs
    }

    /// The outputs.
    pub fn outputs(&self) -> &[OutputWord] {
        &self.outputs
    }

    /// Free text that travels with the circuit.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The same circuit with more said about itself; a key that is there already is said anew.
    #[must_use]
    pub fn annotated(mut self, metadata: impl IntoIterator<Item = (String, String)>) -> Self {
        self.metadata.extend(metadata);
        self
    }

    /// Size of the circuit, and of what is stored of it. One pass.
    pub fn stats(&self) -> Stats {
        let logical = self.banks().map(|bank| bank.sources.len() as u128 * bank.thresholds.len() as u128).sum();
        let integers = self.weights.iter().chain(&self.thresholds);
        Stats {
            inputs: u64::from(self.input_count()),
            gates: u64::from(self.gate_count() - self.input_count()),
            banks: self.bank_count() as u64,
            logical_wires: logical,
            stored_wires: self.wire_source.len() as u64,
            stored_bytes: self.stored_bytes(),
            weight_bits: integers.map(|&stored| load(&self.pool, stored).bits()).max().unwrap_or(0),
        }
    }

    /// The arrays as stored, for reading in one stream.
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            bank_first_gate: &self.bank_first_gate,
            bank_wires: &self.bank_wires,
            wire_source: &self.wire_source,
            bank_weights: &self.bank_weights,
            weights: &self.weights,
            thresholds: &self.thresholds,
        }
    }

    fn stored_bytes(&self) -> u64 {
        let pool: u64 = self.pool.iter().map(|value| size_of::<BigInt>() as u64 + value.bits().div_ceil(8)).sum();
        let tables = size_of_val(&*self.bank_first_gate)
            + size_of_val(&*self.bank_wires)
            + size_of_val(&*self.wire_source)
            + size_of_val(&*self.bank_weights)
            + size_of_val(&*self.weights)
            + size_of_val(&*self.thresholds);
        tables as u64 + pool
    }
}

/// The stored arrays. Weights and thresholds are in stored form: those below `2^40 - 2^63` are places in a pool, not values;
/// [`Bank::wires`] and [`Bank::thresholds`] give values.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// First gate of each bank, and the number of gates.
    pub bank_first_gate: &'a [u32],
    /// First wire of each bank, and the number of wires.
    pub bank_wires: &'a [u64],
    /// The gate each wire comes from.
    pub wire_source: &'a [u32],
    /// First weight of each bank.
    pub bank_weights: &'a [u64],
    /// Weights; banks may share them.
    pub weights: &'a [i64],
    /// The threshold of each gate that is not an input.
    pub thresholds: &'a [i64],
}

/// One stored sum and the gates that compare it with their thresholds.
#[derive(Clone, Copy, Debug)]
pub struct Bank<'a> {
    first: u32,
    sources: &'a [u32],
    weights: &'a [i64],
    thresholds: &'a [i64],
    pool: &'a [BigInt],
}

impl<'a> Bank<'a> {
    /// Its gates.
    pub fn gates(&self) -> Range<u32> {
        self.first..self.first + self.thresholds.len() as u32
    }

    /// The gates its sum reads; one that occurs twice is read twice.
    pub fn sources(&self) -> &'a [u32] {
        self.sources
    }

    /// The terms of its sum.
    pub fn wires(&self) -> impl ExactSizeIterator<Item = (u32, Integer<'a>)> + use<'a> {
        let pool = self.pool;
        self.sources.iter().zip(self.weights).map(move |(&source, &weight)| (source, load(pool, weight)))
    }

    /// The thresholds of its gates, in the order of the gates.
    pub fn thresholds(&self) -> impl ExactSizeIterator<Item = Integer<'a>> + use<'a> {
        let pool = self.pool;
        self.thresholds.iter().map(move |&threshold| load(pool, threshold))
    }
}

/// Size of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Input gates.
    pub inputs: u64,
    /// Gates that are not inputs.
    pub gates: u64,
    /// Banks: stored sums.
    pub banks: u64,
    /// Inputs of all gates, counted gate by gate.
    pub logical_wires: u128,
    /// Wires stored: those of a bank once for all its gates.
    pub stored_wires: u64,
    /// Bytes of the stored gates, wires and integers (inputs, outputs and metadata left out).
    pub stored_bytes: u64,
    /// Bit length of the largest absolute weight or threshold of a gate.
    pub weight_bits: u64,
}

impl Stats {
    /// Stored bytes divided by logical wires; infinite without wires.
    pub fn bytes_per_wire(&self) -> f64 {
        self.stored_bytes as f64 / self.logical_wires as f64
    }
}
