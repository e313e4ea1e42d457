//! Fills the tables of a circuit, gate by gate and fast; must not know where the gates come from.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::integer::{Interner, in_place};
use super::scales::Scales;
use super::{Gates, GatesError, InputWord, OutputWord};

/// The largest number of gates, inputs included.
pub const MAX_GATES: u64 = u32::MAX as u64 - 1;

/// Builds [`Gates`]: inputs first, then for each bank its wires and its thresholds, or its parts, multipliers and thresholds.
#[derive(Clone, Debug)]
pub struct GatesBuilder {
    gates: Gates,
    interner: Interner,
    /// Sources of the bank being built.
    sources: Vec<u32>,
    /// Its stored weights.
    weights: Vec<i64>,
    /// The ends of its parts but the last.
    ends: Vec<u64>,
    limit: u64,
}

impl Default for GatesBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl GatesBuilder {
    /// An empty circuit.
    pub fn new() -> Self {
        let gates = Gates {
            bank_first_gate: vec![0],
            bank_wires: vec![0],
            wire_source: Vec::new(),
            bank_weights: Vec::new(),
            weights: Vec::new(),
            thresholds: Vec::new(),
            scales: Scales::default(),
            pool: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            metadata: BTreeMap::new(),
        };
        Self {
            gates,
            interner: Interner::default(),
            sources: Vec::new(),
            weights: Vec::new(),
            ends: Vec::new(),
            limit: MAX_GATES,
        }
    }

    /// Number of gates so far, inputs included: the id of the next gate.
    pub fn gate_count(&self) -> u32 {
        self.gates.gate_count()
    }

    /// Adds an input; its gates are consecutive, element by element, least significant bit first. Returns the first.
    ///
    /// # Errors
    /// When a bank came before, the input's bits, limit or shape make no sense, or there are too many gates.
    pub fn input(&mut self, word: InputWord) -> Result<u32, GatesError> {
        if self.gates.bank_count() > 0 {
            return Err(GatesError::LateInput(word.name));
        }
        if let Some(reason) = word.fault() {
            return Err(GatesError::Input { name: word.name, reason });
        }
        let count = u128::from(word.elements().unwrap_or(u64::MAX)) * u128::from(word.bits);
        let (first, next) = self.room(count)?;
        self.gates.bank_first_gate[0] = next;
        self.gates.inputs.push(word);
        Ok(first)
    }

    /// Adds a term to the sum of the bank being built. A source that does not come before the bank is refused when the
    /// bank is finished.
    #[inline]
    pub fn wire(&mut self, source: u32, weight: i64) {
        if in_place(weight) {
            self.push(source, weight);
        } else {
            self.wire_big(source, &BigInt::from(weight));
        }
    }

    #[inline]
    fn push(&mut self, source: u32, stored: i64) {
        self.sources.push(source);
        self.weights.push(stored);
    }

    /// Like [`GatesBuilder::wire`], with a weight of any size.
    pub fn wire_big(&mut self, source: u32, weight: &BigInt) {
        let stored = self.interner.store(&mut self.gates.pool, weight);
        self.push(source, stored);
    }

    /// Ends a part of the bank being built, which may be empty; further terms belong to the next part.
    pub fn end_part(&mut self) {
        self.ends.push(self.sources.len() as u64);
    }

    /// Ends the bank being built: one gate `[sum of all terms >= threshold]` a threshold, whether or not the terms are in
    /// several parts. Returns the first.
    ///
    /// # Errors
    /// When there is no threshold, a wire's source does not come before the bank, or there are too many gates. The bank is
    /// then dropped.
    #[inline]
    pub fn finish_bank(&mut self, thresholds: &[i64]) -> Result<u32, GatesError> {
        let (first, next) = self.close(thresholds.len())?;
        for &threshold in thresholds {
            let stored = self.stored(threshold);
            self.gates.thresholds.push(stored);
        }
        self.gates.bank_first_gate.push(next);
        Ok(first)
    }

    /// Like [`GatesBuilder::finish_bank`], with thresholds of any size.
    ///
    /// # Errors
    /// As there.
    pub fn finish_bank_big(&mut self, thresholds: &[BigInt]) -> Result<u32, GatesError> {
        let (first, next) = self.close(thresholds.len())?;
        for threshold in thresholds {
            let stored = self.interner.store(&mut self.gates.pool, threshold);
            self.gates.thresholds.push(stored);
        }
        self.gates.bank_first_gate.push(next);
        Ok(first)
    }

    /// Ends the last part and the bank being built: one gate `[m0*F0 + m1*F1 + ... >= threshold]` a threshold over the parts
    /// `F`, each with multipliers of its own, which are given gate after gate. Returns the first. A gate reads no wire of a
    /// part with multiplier 0.
    ///
    /// # Errors
    /// As [`GatesBuilder::finish_bank`], and when there is not one multiplier a gate and part.
    pub fn finish_scaled(&mut self, multipliers: &[i64], thresholds: &[i64]) -> Result<u32, GatesError> {
        self.scaled(multipliers, thresholds, |builder, &value| builder.stored(value))
    }

    /// Like [`GatesBuilder::finish_scaled`], with multipliers and thresholds of any size.
    ///
    /// # Errors
    /// As there.
    pub fn finish_scaled_big(&mut self, multipliers: &[BigInt], thresholds: &[BigInt]) -> Result<u32, GatesError> {
        self.scaled(multipliers, thresholds, |builder, value| builder.interner.store(&mut builder.gates.pool, value))
    }

    /// Adds an output.
    ///
    /// # Errors
    /// When its forms are not one an element of its shape, or name a gate that does not exist yet.
    pub fn output(&mut self, word: OutputWord) -> Result<(), GatesError> {
        match word.fault(self.gate_count()) {
            Some(reason) => Err(GatesError::Output { name: word.name, reason }),
            None => {
                self.gates.outputs.push(word);
                Ok(())
            }
        }
    }

    /// Sets a line of free text that travels with the circuit.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.gates.metadata.insert(key.to_owned(), value.to_owned());
    }

    /// The circuit. Wires of a bank that was not finished are dropped.
    pub fn build(self) -> Gates {
        self.gates
    }

    /// An integer as stored.
    #[inline]
    fn stored(&mut self, value: i64) -> i64 {
        if in_place(value) { value } else { self.interner.store(&mut self.gates.pool, &BigInt::from(value)) }
    }

    fn scaled<T>(
        &mut self,
        multipliers: &[T],
        thresholds: &[T],
        store: impl Fn(&mut Self, &T) -> i64,
    ) -> Result<u32, GatesError> {
        self.end_part();
        let (found, parts, gates) = (multipliers.len(), self.ends.len(), thresholds.len());
        if parts.checked_mul(gates) != Some(found) || u32::try_from(parts).is_err() {
            self.drop_bank();
            return Err(GatesError::Multipliers { found, parts, gates });
        }
        let (bank, ends) = (self.gates.bank_count() as u32, std::mem::take(&mut self.ends));
        let (first, next) = self.close(gates)?;
        let from = self.gates.scales.multipliers.len();
        for value in multipliers {
            let stored = store(self, value);
            self.gates.scales.multipliers.push(stored);
        }
        self.gates.scales.push(bank, &ends, from);
        for value in thresholds {
            let stored = store(self, value);
            self.gates.thresholds.push(stored);
        }
        self.gates.bank_first_gate.push(next);
        Ok(first)
    }

    /// Checks the bank being built and ends its wires; returns its first gate and the one after its last.
    #[inline]
    fn close(&mut self, count: usize) -> Result<(u32, u32), GatesError> {
        let ids = self.check(count);
        if ids.is_ok() {
            self.keep_weights();
            self.gates.wire_source.extend_from_slice(&self.sources);
            self.gates.bank_wires.push(self.gates.wire_source.len() as u64);
        }
        self.drop_bank();
        ids
    }

    #[inline]
    fn drop_bank(&mut self) {
        self.sources.clear();
        self.weights.clear();
        self.ends.clear();
    }

    /// Stores the weights of the bank being built, unless they are those of the bank before it.
    #[inline]
    fn keep_weights(&mut self) {
        let (gates, new) = (&mut self.gates, &self.weights[..]);
        let before = gates.bank_weights.last().map_or(0, |&start| start as usize);
        let same = gates.weights.get(before..before + new.len()) == Some(new);
        gates.bank_weights.push(if same { before } else { gates.weights.len() } as u64);
        if !same {
            gates.weights.extend_from_slice(new);
        }
    }

    #[inline]
    fn check(&self, count: usize) -> Result<(u32, u32), GatesError> {
        let gate = self.gate_count();
        let highest = self.sources.iter().copied().fold(0, u32::max);
        if highest >= gate && !self.sources.is_empty() {
            return Err(GatesError::Forward { source_gate: highest, gate });
        }
        if count == 0 {
            return Err(GatesError::NoThresholds);
        }
        self.room(count as u128)
    }

    /// The next gate, and the one after `count` more.
    #[inline]
    fn room(&self, count: u128) -> Result<(u32, u32), GatesError> {
        let first = self.gate_count();
        let wanted = u128::from(first) + count;
        if wanted > u128::from(self.limit) {
            return Err(GatesError::TooMany { wanted, limit: self.limit });
        }
        Ok((first, wanted as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::Form;

    fn one_input() -> GatesBuilder {
        let mut builder = GatesBuilder::new();
        builder.input(InputWord::unsigned("x", &[], 2)).unwrap();
        builder
    }

    #[test]
    fn a_bank_shares_its_wires() {
        let mut builder = one_input();
        builder.wire(0, 1);
        builder.wire(1, 2);
        builder.wire_big(1, &(BigInt::from(1) << 100));
        assert_eq!(builder.finish_bank(&[1, 2, i64::MIN]), Ok(2));
        assert_eq!(builder.finish_bank_big(&[BigInt::from(1) << 101]), Ok(5));
        let gates = builder.build();
        assert_eq!(gates.tables().weights.len(), 3);
        let stats = gates.stats();
        assert_eq!((stats.inputs, stats.gates, stats.banks), (2, 4, 2));
        assert_eq!((stats.logical_wires, stats.stored_wires, stats.weight_bits), (9, 3, 102));
        assert_eq!(gates.bank(0).gates(), 2..5);
        assert_eq!(gates.bank(0).thresholds().map(|t| t.to_big()).max(), Some(2.into()));
        assert_eq!(
            (0..7).map(|gate| gates.bank_of(gate)).collect::<Vec<_>>()[1..],
            [None, Some(0), Some(0), Some(0), Some(1), None]
        );
    }

    #[test]
    fn banks_share_equal_weights() {
        let mut builder = one_input();
        for weights in [[1, 2], [1, 2], [1, 3], [1, 3], [1, 2]] {
            weights.iter().zip(0..).for_each(|(&weight, source)| builder.wire(source, weight));
            builder.finish_bank(&[1]).unwrap();
        }
        let gates = builder.build();
        assert_eq!(gates.tables().bank_weights, [0, 0, 2, 2, 4]);
        let second = gates.banks().map(|bank| bank.wires().nth(1).map(|(_, weight)| weight.to_string()));
        assert_eq!(second.flatten().collect::<String>(), "22332");
    }

    #[test]
    fn scaled_banks_share_parts_and_multipliers() {
        let mut builder = one_input();
        for rows in [[2, -1, 2, -3], [2, -1, 2, -3], [2, 0, 2, -3]] {
            builder.wire(0, 5);
            builder.end_part();
            builder.wire(0, 3);
            builder.wire(1, 3);
            builder.finish_scaled(&rows, &[0, 1]).unwrap();
        }
        let gates = builder.build();
        assert_eq!(gates.tables().scaled_multipliers, [0, 0, 4]);
        assert_eq!((gates.tables().weights.len(), gates.tables().part_ends), (3, [1, 3].repeat(3).as_slice()));
        let stats = gates.stats();
        assert_eq!((stats.logical_wires, stats.stored_wires, stats.weight_bits), (16, 9, 4));
        let flat = |bank: usize, place| gates.bank(bank).gate_wires(place).collect::<Vec<_>>();
        assert_eq!(flat(2, 0), [(0, 10.into())]);
        assert_eq!(flat(2, 1), [(0, 10.into()), (0, BigInt::from(-9)), (1, BigInt::from(-9))]);
    }

    #[test]
    fn multipliers_are_one_a_part_and_gate() {
        let mut builder = one_input();
        builder.wire(0, 1);
        builder.end_part();
        let refused = builder.finish_scaled(&[1, 2, 3], &[0, 1]).unwrap_err();
        assert_eq!(refused.to_string(), "3 multipliers do not make a row of 2 for each of 2 gates");
        assert_eq!(builder.finish_scaled(&[], &[]), Err(GatesError::NoThresholds));
        builder.wire(2, 1);
        assert!(matches!(builder.finish_scaled(&[1], &[0]), Err(GatesError::Forward { .. })));
        builder.end_part();
        builder.wire(0, 1);
        assert_eq!(builder.finish_bank(&[1]), Ok(2));
        assert_eq!(builder.finish_scaled(&[3], &[1]), Ok(3));
        let gates = builder.build();
        assert!(!gates.bank(0).is_scaled() && gates.bank(1).is_scaled());
        assert_eq!((gates.bank(0).part_count(), gates.bank(1).part_count(), gates.stats().logical_wires), (1, 1, 1));
    }

    #[test]
    fn forward_references_are_refused_and_dropped() {
        let mut builder = one_input();
        builder.wire(2, 1);
        assert_eq!(builder.finish_bank(&[1]), Err(GatesError::Forward { source_gate: 2, gate: 2 }));
        builder.wire(1, 1);
        assert_eq!(builder.finish_bank(&[]), Err(GatesError::NoThresholds));
        builder.wire(1, 1);
        assert_eq!(builder.finish_bank(&[1]), Ok(2));
        builder.wire(0, 1);
        assert_eq!(builder.build().stats().stored_wires, 1);
    }

    #[test]
    fn too_many_gates_carry_both_numbers() {
        let mut builder = one_input();
        let word = InputWord::unsigned("wide", &[1 << 40, 1 << 20], 8);
        assert_eq!(builder.input(word), Err(GatesError::TooMany { wanted: (1 << 63) + 2, limit: MAX_GATES }));
        builder.limit = 4;
        assert_eq!(builder.finish_bank(&[0; 3]), Err(GatesError::TooMany { wanted: 5, limit: 4 }));
        assert_eq!(builder.finish_bank(&[0; 2]), Ok(2));
    }

    #[test]
    fn inputs_and_outputs_are_checked() {
        let mut builder = one_input();
        assert!(matches!(builder.input(InputWord::unsigned("w", &[], 64)), Err(GatesError::Input { .. })));
        builder.finish_bank(&[0]).unwrap();
        assert!(matches!(builder.input(InputWord::unsigned("y", &[], 1)), Err(GatesError::LateInput(_))));
        let mut out = OutputWord { name: "z".into(), shape: vec![2], forms: vec![Form::gate(2)] };
        assert!(matches!(builder.output(out.clone()), Err(GatesError::Output { .. })));
        out.forms.push(Form::gate(3));
        assert_eq!(builder.output(out.clone()).unwrap_err().to_string(), "output `z`: reads gate 3 of 3");
        out.forms[1] = Form::default();
        assert_eq!(builder.output(out), Ok(()));
    }
}
