//! The frozen tables of a circuit; must not know how they were filled or what they compute.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::scales::{Scale, Scales};
use super::{Bank, InputWord, OutputWord};

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
    /// The parts and multipliers of scaled banks.
    pub(super) scales: Scales,
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
        let (ids, wires) = (&self.bank_first_gate[index..index + 2], &self.bank_wires[index..index + 2]);
        self.cut(ids, wires, self.bank_weights[index], self.scales.of(index, (ids[1] - ids[0]) as usize))
    }

    /// All banks, in order.
    #[inline]
    pub fn banks(&self) -> impl Iterator<Item = Bank<'_>> {
        let gates = self.bank_first_gate.windows(2).zip(self.bank_wires.windows(2));
        let mut scales = self.scales.cursor();
        gates.zip(&self.bank_weights).zip(0..).map(move |(((ids, wires), &weights), index)| {
            self.cut(ids, wires, weights, scales.of(index, (ids[1] - ids[0]) as usize))
        })
    }

    /// A bank, given the ends of its gates and wires, its first weight, its parts and its multipliers.
    #[inline]
    fn cut<'a>(&'a self, ids: &[u32], wires: &[u64], weights: u64, scale: Scale<'a>) -> Bank<'a> {
        let sources = &self.wire_source[wires[0] as usize..wires[1] as usize];
        let inputs = self.input_count();
        Bank {
            first: ids[0],
            sources,
            weights: &self.weights[weights as usize..][..sources.len()],
            thresholds: &self.thresholds[(ids[0] - inputs) as usize..(ids[1] - inputs) as usize],
            scale,
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

    /// The arrays as stored, for reading in one stream.
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            bank_first_gate: &self.bank_first_gate,
            bank_wires: &self.bank_wires,
            wire_source: &self.wire_source,
            bank_weights: &self.bank_weights,
            weights: &self.weights,
            thresholds: &self.thresholds,
            scaled_banks: &self.scales.bank,
            scaled_parts: &self.scales.first_part,
            part_ends: &self.scales.part_end,
            scaled_multipliers: &self.scales.first_multiplier,
            multipliers: &self.scales.multipliers,
        }
    }
}

/// The stored arrays. Weights, thresholds and multipliers are in stored form: those below `2^40 - 2^63` are places in a pool,
/// not values; [`Bank::wires`], [`Bank::thresholds`] and [`Bank::multipliers`] give values.
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
    /// The place of each scaled bank.
    pub scaled_banks: &'a [u32],
    /// First part of each scaled bank, and the number of parts.
    pub scaled_parts: &'a [u64],
    /// The end of each part, counted from the first wire of its bank.
    pub part_ends: &'a [u64],
    /// First multiplier of each scaled bank, which has one a gate and part.
    pub scaled_multipliers: &'a [u64],
    /// Multipliers; banks may share them.
    pub multipliers: &'a [i64],
}
