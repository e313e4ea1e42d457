//! How deep the gates are, by one pass in the order of their ids; must not know what they compute.

use std::ops::Range;

use super::{Bank, Form, Gates};

/// The level of every gate: 0 for inputs, else 1 + the largest level it reads (1 when it reads none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    levels: Vec<u32>,
    deepest_output: Option<u32>,
    gate_depth: u32,
}

impl Gates {
    /// The level of every gate.
    pub fn levels(&self) -> Levels {
        let levels = levels(self);
        let read = || self.outputs.iter().flat_map(|word| &word.forms);
        let gates = read().flat_map(|form| &form.terms).map(|&(gate, _)| gate);
        let deepest_output = gates.max_by_key(|&gate| (levels[gate as usize], std::cmp::Reverse(gate)));
        let gate_depth = read().map(|form| gate_depth(form, &levels)).max().unwrap_or(0);
        Levels { levels, deepest_output, gate_depth }
    }
}

/// Layers to have a form as one gate: none more for one gate as it is, or a constant.
fn gate_depth(form: &Form, levels: &[u32]) -> u32 {
    let deepest = form.terms.iter().map(|&(gate, _)| levels[gate as usize]).max();
    deepest.map_or(0, |depth| depth + u32::from(!form.is_gate()))
}

fn levels(gates: &Gates) -> Vec<u32> {
    let mut levels = vec![0_u32; gates.gate_count() as usize];
    let mut next = 0;
    for &bank in &gates.scales.bank {
        plain_levels(gates, next..bank as usize, &mut levels);
        scaled_levels(&gates.bank(bank as usize), &mut levels);
        next = bank as usize + 1;
    }
    plain_levels(gates, next..gates.bank_count(), &mut levels);
    levels
}

/// One level a bank, written for each of its gates.
fn plain_levels(gates: &Gates, banks: Range<usize>, levels: &mut [u32]) {
    let mut start = gates.bank_wires[banks.start] as usize;
    let ends = &gates.bank_wires[banks.start + 1..=banks.end];
    for (&end, ids) in ends.iter().zip(gates.bank_first_gate[banks.start..].windows(2)) {
        let below = deepest(&gates.wire_source[start..end as usize], levels);
        levels[ids[0] as usize..ids[1] as usize].fill(below + 1);
        start = end as usize;
    }
}

/// One level a part, and for each gate the largest among the parts it reads.
fn scaled_levels(bank: &Bank<'_>, levels: &mut [u32]) {
    let below: Vec<u32> = bank.parts().map(|part| deepest(part.sources(), levels)).collect();
    for (place, gate) in bank.gates().enumerate() {
        let read = bank.multipliers(place).zip(&below).filter(|(multiplier, _)| !multiplier.is_zero());
        levels[gate as usize] = 1 + read.map(|(_, &level)| level).max().unwrap_or(0);
    }
}

#[inline]
fn deepest(sources: &[u32], levels: &[u32]) -> u32 {
    sources.iter().fold(0, |deepest, &source| levels[source as usize].max(deepest))
}

impl Levels {
    /// Layers until every output is an exact word: the level of the deepest gate that an output reads.
    pub fn depth(&self) -> u32 {
        self.deepest_output.map_or(0, |gate| self.of(gate))
    }

    /// Depth with every output as single gates: one layer more for each form that is neither one gate nor a constant.
    pub fn gate_depth(&self) -> u32 {
        self.gate_depth
    }

    /// The level of one gate.
    pub fn of(&self, gate: u32) -> u32 {
        self.levels[gate as usize]
    }

    /// The levels of all gates, by id.
    pub fn as_slice(&self) -> &[u32] {
        &self.levels
    }

    /// Number of gates at each level, whether an output reads them or not; the inputs are at level 0.
    pub fn histogram(&self) -> Vec<u64> {
        let mut counts = vec![0; self.levels.iter().max().map_or(0, |&top| top as usize + 1)];
        for &level in &self.levels {
            counts[level as usize] += 1;
        }
        counts
    }

    /// A longest chain of gates, each read by the next, that ends in a deepest gate of an output: one gate a level. Of
    /// equals the first is taken. Empty when no output reads a gate.
    pub fn critical_path(&self, gates: &Gates) -> Vec<u32> {
        let mut path: Vec<u32> = std::iter::successors(self.deepest_output, |&gate| self.before(gates, gate)).collect();
        path.reverse();
        path
    }

    fn before(&self, gates: &Gates, gate: u32) -> Option<u32> {
        let bank = gates.bank(gates.bank_of(gate)?);
        let mut sources = bank.gate_sources((gate - bank.gates().start) as usize);
        sources.find(|&source| self.of(source) + 1 == self.of(gate))
    }
}

#[cfg(test)]
mod tests {
    use crate::gates::{Form, Gates, GatesBuilder, InputWord, OutputWord};

    /// `x` (gate 0), a chain 1, 2, 3 above it, and gate 4 beside it; the output is the given form.
    fn chain(form: Form) -> Gates {
        let mut builder = GatesBuilder::new();
        builder.input(InputWord::unsigned("x", &[], 1)).unwrap();
        for source in [0, 1, 2, 0] {
            builder.wire(0, 1);
            builder.wire(source, 1);
            builder.finish_bank(&[1]).unwrap();
        }
        builder.output(OutputWord { name: "y".into(), shape: vec![], forms: vec![form] }).unwrap();
        builder.build()
    }

    #[test]
    fn depth_is_that_of_the_outputs() {
        let top = chain(Form::gate(3)).levels();
        assert_eq!((top.depth(), top.gate_depth(), top.histogram()), (3, 3, vec![1, 2, 1, 1]));
        let side = chain(Form::gate(4)).levels();
        assert_eq!((side.depth(), side.gate_depth()), (1, 1));
        let form = Form { constant: 1.into(), ..Form::gate(2) };
        assert_eq!((chain(form.clone()).levels().depth(), chain(form).levels().gate_depth()), (2, 3));
        let constant = chain(Form { constant: 1.into(), ..Form::default() }).levels();
        assert_eq!((constant.depth(), constant.gate_depth()), (0, 0));
    }

    #[test]
    fn the_critical_path_has_one_gate_a_level() {
        let gates = chain(Form::gate(3));
        assert_eq!(gates.levels().critical_path(&gates), [0, 1, 2, 3]);
        let gates = chain(Form::default());
        assert!(gates.levels().critical_path(&gates).is_empty());
    }

    #[test]
    fn a_gate_that_reads_nothing_is_still_a_gate() {
        let mut builder = GatesBuilder::new();
        builder.finish_bank(&[0]).unwrap();
        builder.output(OutputWord { name: "one".into(), shape: vec![], forms: vec![Form::gate(0)] }).unwrap();
        let gates = builder.build();
        assert_eq!((gates.levels().depth(), gates.levels().critical_path(&gates)), (1, vec![0]));
    }
}
