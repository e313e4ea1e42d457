//! What the tables of a circuit hold in total; must not know how they were filled or what they compute.

use num_bigint::BigInt;

use super::integer::load;
use super::{Bank, Gates};

impl Gates {
    /// Size of the circuit, and of what is stored of it. One pass.
    pub fn stats(&self) -> Stats {
        Stats {
            inputs: u64::from(self.input_count()),
            gates: u64::from(self.gate_count() - self.input_count()),
            banks: self.bank_count() as u64,
            logical_wires: self.banks().map(|bank| bank.logical_wires()).sum(),
            stored_wires: self.wire_source.len() as u64,
            stored_bytes: self.stored_bytes(),
            weight_bits: self.weight_bits(),
        }
    }

    fn weight_bits(&self) -> u64 {
        let largest = |integers: &[i64]| integers.iter().map(|&stored| load(&self.pool, stored).bits()).max();
        let weights = if self.scales.bank.is_empty() {
            largest(&self.weights)
        } else {
            self.banks().map(|bank: Bank<'_>| bank.weight_bits()).max()
        };
        weights.max(largest(&self.thresholds)).unwrap_or(0)
    }

    fn stored_bytes(&self) -> u64 {
        let pool: u64 = self.pool.iter().map(|value| size_of::<BigInt>() as u64 + value.bits().div_ceil(8)).sum();
        let tables = size_of_val(&*self.bank_first_gate)
            + size_of_val(&*self.bank_wires)
            + size_of_val(&*self.wire_source)
            + size_of_val(&*self.bank_weights)
            + size_of_val(&*self.weights)
            + size_of_val(&*self.thresholds)
            + self.scales.stored_bytes();
        tables as u64 + pool
    }
}

/// Size of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Input gates.
    pub inputs: u64,
    /// Gates that are not inputs.
    pub gates: u64,
    /// Banks: gates stored together.
    pub banks: u64,
    /// Inputs of all gates, counted gate by gate; a gate has none from a part with multiplier 0.
    pub logical_wires: u128,
    /// Wires stored: those of a bank once for all its gates.
    pub stored_wires: u64,
    /// Bytes of the stored gates, wires and integers (inputs, outputs and metadata left out).
    pub stored_bytes: u64,
    /// Bit length of the largest absolute weight, its multiplier included, or threshold of a gate.
    pub weight_bits: u64,
}

impl Stats {
    /// Stored bytes divided by logical wires; infinite without wires.
    pub fn bytes_per_wire(&self) -> f64 {
        self.stored_bytes as f64 / self.logical_wires as f64
    }
}
