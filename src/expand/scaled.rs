//! Banks of gates that share several forms and differ by multipliers and thresholds.

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::flat::{Flat, Product};
use super::parts::Parts;
use super::{Expansion, write};
use crate::circuit::ArrayId;
use crate::circuit::walk::{Plan, Weight, elements};
use crate::gates::{GatesBuilder, GatesError};

impl Expansion<'_> {
    /// A bank of scaled parts for all forms along the last axis.
    pub(super) fn scaled_banks(
        &mut self,
        id: ArrayId,
        parts: &Parts,
        threshold: &BigInt,
        place: &mut impl FnMut(usize, u32),
    ) -> Result<(), GatesError> {
        let Some(plan) = self.forms.plan(id) else { return Ok(()) };
        let shape = self.circuit.array(id).shape.clone();
        let band = self.circuit.array(id).band.clone();
        let outer = shape.len() - 1;
        let gates = shape[outer].value;
        let mut result = Ok(());
        elements(&shape[..outer], band.as_ref(), |element, at| {
            if result.is_err() {
                return;
            }
            match self.scaled_bank(&plan, parts, threshold, at, gates) {
                Ok(first) => (0..gates).for_each(|k| place(element * gates as usize + k as usize, first + k as u32)),
                Err(error) => result = Err(error),
            }
        });
        result
    }

    fn scaled_bank(
        &mut self,
        plan: &Plan,
        parts: &Parts,
        threshold: &BigInt,
        at: &[u64],
        gates: u64,
    ) -> Result<u32, GatesError> {
        let mut at = at.to_vec();
        at.push(0);
        let mut forms = vec![Flat::new()];
        for number in &parts.shared {
            plan.term(*number, &at, &mut |source, offset, weight| {
                self.forms.join(&mut forms[0], source, offset, weight)
            });
        }
        for number in &parts.scaled {
            let mut part = Flat::new();
            plan.sources(*number, &at, &mut |source, offset| {
                self.forms.join(&mut part, source, offset, Weight::Small(1))
            });
            forms.push(part);
        }
        for (number, part) in forms.iter().enumerate() {
            if number > 0 {
                self.builder.end_part();
            }
            write(&mut self.builder, part, Weight::Small(1));
        }
        let mut rows = Rows::new(threshold);
        let last = at.len() - 1;
        for gate in 0..gates {
            at[last] = gate;
            rows.add(plan, parts, &forms, &at);
        }
        rows.finish(&mut self.builder)
    }
}

/// Multipliers and thresholds of the gates of one scaled bank.
struct Rows {
    threshold: Product,
    multipliers: Vec<Product>,
    thresholds: Vec<Product>,
}

impl Rows {
    fn new(threshold: &BigInt) -> Self {
        let threshold = threshold.to_i64().map_or_else(|| Product::Big(threshold.clone()), Product::Small);
        Self { threshold, multipliers: Vec::new(), thresholds: Vec::new() }
    }

    /// One gate: a multiplier a part, and the threshold less all constants.
    fn add(&mut self, plan: &Plan, parts: &Parts, forms: &[Flat], at: &[u64]) {
        let mut constant = forms[0].constant.clone();
        plan.constants(at, &mut |weight| constant.add(Product::Small(1).times(weight)));
        self.multipliers.push(Product::Small(1));
        for (number, form) in parts.scaled.iter().zip(&forms[1..]) {
            let multiplier = plan.coefficient(*number, at);
            constant.add(form.constant.times(multiplier));
            self.multipliers.push(Product::Small(1).times(multiplier));
        }
        let mut threshold = self.threshold.clone();
        threshold.add(constant.times(Weight::Small(-1)));
        self.thresholds.push(threshold);
    }

    fn finish(self, builder: &mut GatesBuilder) -> Result<u32, GatesError> {
        let small = |list: &[Product]| list.iter().map(Product::small).collect::<Option<Vec<i64>>>();
        let big = |list: &[Product]| list.iter().map(Product::to_big).collect::<Vec<BigInt>>();
        match (small(&self.multipliers), small(&self.thresholds)) {
            (Some(multipliers), Some(thresholds)) => builder.finish_scaled(&multipliers, &thresholds),
            _ => builder.finish_scaled_big(&big(&self.multipliers), &big(&self.thresholds)),
        }
    }
}
