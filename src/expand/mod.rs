//! Writing a bound circuit out gate by gate: joins circuit arrays and explicit gates, and knows nothing of what either means.

mod flat;

mod parts;

mod scaled;

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use thiserror::Error;

use flat::{Flat, Forms, Ids, Product};

use crate::circuit::walk::{Plan, Weight, elements};
use crate::circuit::{Array, ArrayId, Bank, Circuit, Node, Thresholds, measure};
use crate::gates::{Form, Gates, GatesBuilder, GatesError, InputWord, MAX_GATES, OutputWord};

/// Why a circuit was not expanded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// Weights were not read.
    #[error("the circuit's weights are not bound; explicit gates need weights")]
    Unbound,
    /// More than can be held.
    #[error(
        "the explicit circuit would have {gates} gates and {wires} wires, stored in about {bytes} bytes; at most {most_gates} gates and {most_bytes} bytes are written out. Use `report`, which measures without making gates, or a smaller context or format, or --strategy size"
    )]
    TooLarge {
        /// Its gates.
        gates: BigInt,
        /// Its wires.
        wires: BigInt,
        /// Bytes needed, about.
        bytes: BigInt,
        /// The limit on gates.
        most_gates: u64,
        /// The limit on bytes.
        most_bytes: u64,
    },
    /// The tables refused a gate.
    #[error(transparent)]
    Gates(#[from] GatesError),
}

/// Bytes of tables that fit beside the rest of the program.
pub const MOST_BYTES: u64 = 16 << 30;

/// Writes out every gate. `inputs` describes the input arrays, in order; `progress` is told gates made so far and in all.
///
/// # Errors
/// When weights are not bound, or the gates would not fit: found before any is made.
pub fn expand(
    circuit: &Circuit,
    inputs: Vec<InputWord>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Gates, ExpandError> {
    if !circuit.is_bound() {
        return Err(ExpandError::Unbound);
    }
    let total = check(circuit)?;
    let mut expansion = Expansion { circuit, forms: Forms::new(circuit), builder: GatesBuilder::new() };
    let mut inputs = inputs.into_iter();
    for (position, array) in circuit.arrays().iter().enumerate() {
        let ids = match &array.node {
            Node::Input => match inputs.next() {
                Some(word) => Ids::Dense(expansion.builder.input(word)?),
                None => return Err(ExpandError::Unbound),
            },
            Node::Affine(_) | Node::Port => Ids::Forms,
            Node::Bank(bank) => expansion.bank(array, bank)?,
        };
        expansion.forms.place(ids);
        if position % 16 == 0 {
            progress(u64::from(expansion.builder.gate_count()), total);
        }
    }
    expansion.outputs()?;
    Ok(expansion.builder.build())
}

/// Gates in all, at most.
///
/// # Errors
/// When they would not fit; the error tells the sizes.
pub fn check(circuit: &Circuit) -> Result<u64, ExpandError> {
    let measure = measure::architecture(circuit);
    let (gates, wires) = (measure.value(&measure.gates), measure.value(&measure.wires));
    let mut stored = BigInt::zero();
    for (array, figures) in circuit.arrays().iter().zip(&measure.arrays) {
        if let Node::Bank(bank) = &array.node {
            let form = circuit.array(bank.form);
            let shares = parts::parts(circuit, bank).and_then(|_| form.shape.last()).map_or(1, |size| size.value);
            stored += measure.value(&figures.wires) / (bank.thresholds.count() * shares);
        }
    }
    let bytes: BigInt = stored * 12 + &gates * 20;
    if bytes > BigInt::from(MOST_BYTES) || gates > BigInt::from(MAX_GATES) {
        return Err(ExpandError::TooLarge { gates, wires, bytes, most_gates: MAX_GATES, most_bytes: MOST_BYTES });
    }
    Ok(gates.to_u64().unwrap_or(u64::MAX))
}

struct Expansion<'c> {
    circuit: &'c Circuit,
    forms: Forms<'c>,
    builder: GatesBuilder,
}

impl Expansion<'_> {
    fn bank(&mut self, array: &Array, bank: &Bank) -> Result<Ids, ExpandError> {
        let Thresholds::Known(thresholds) = &bank.thresholds else { return Err(ExpandError::Unbound) };
        let first = self.builder.gate_count();
        let mut firsts = Vec::new();
        let mut place = |element: usize, id: u32| {
            firsts.resize(element, u32::MAX);
            firsts.push(id);
        };
        match parts::parts(self.circuit, bank) {
            Some(parts) => self.scaled_banks(bank.form, &parts, &thresholds[0], &mut place)?,
            None => self.plain_banks(bank.form, thresholds, &mut place)?,
        }
        match array.band {
            None => Ok(Ids::Dense(first)),
            Some(_) => Ok(Ids::Listed(firsts, thresholds.len())),
        }
    }

    /// A bank a form.
    fn plain_banks(
        &mut self,
        id: ArrayId,
        thresholds: &[BigInt],
        place: &mut impl FnMut(usize, u32),
    ) -> Result<(), GatesError> {
        let (circuit, plan) = (self.circuit, self.forms.plan(id));
        let source = circuit.array(id);
        let small: Option<Vec<i64>> = thresholds.iter().map(ToPrimitive::to_i64).collect();
        let mut moved = Vec::with_capacity(thresholds.len());
        let mut row = Row::default();
        let mut result = Ok(());
        elements(&source.shape, source.band.as_ref(), |element, at| {
            if result.is_err() {
                return;
            }
            let constant = match &plan {
                Some(plan) => self.form(plan, element, at, &mut row),
                None => self.wire_gate(id, element),
            };
            match self.close(thresholds, small.as_deref(), &constant, &mut moved) {
                Ok(gate) => place(element, gate),
                Err(error) => result = Err(error),
            }
        });
        result
    }

    /// Ends a bank: its thresholds, less the constant of its form.
    fn close(
        &mut self,
        thresholds: &[BigInt],
        small: Option<&[i64]>,
        constant: &Product,
        moved: &mut Vec<i64>,
    ) -> Result<u32, GatesError> {
        if let (Some(small), Product::Small(constant)) = (small, constant) {
            moved.clear();
            moved.extend(small.iter().map_while(|t| t.checked_sub(*constant)));
            if moved.len() == small.len() {
                return self.builder.finish_bank(moved);
            }
        }
        let constant = constant.to_big();
        let moved: Vec<BigInt> = thresholds.iter().map(|t| t - &constant).collect();
        self.builder.finish_bank_big(&moved)
    }

    fn wire_gate(&mut self, id: ArrayId, element: usize) -> Product {
        if let Some(gate) = self.forms.gate(id, element) {
            self.builder.wire(gate, 1);
        }
        Product::Small(0)
    }

    /// Writes the wires of one form and returns its constant.
    #[inline]
    fn form(&mut self, plan: &Plan, element: usize, at: &[u64], row: &mut Row) -> Product {
        let mut constant = Product::Small(0);
        plan.constants(at, &mut |weight| constant.add(Product::Small(1).times(weight)));
        let (forms, builder) = (&mut self.forms, &mut self.builder);
        row.terms(plan, element, at, &mut |source, offset, weight| match forms.gate(source, offset) {
            Some(gate) => wire(builder, gate, weight),
            None => {
                let inner = forms.remembered(source, offset);
                constant.add(inner.constant.times(weight));
                write(builder, &inner, weight);
            }
        });
        constant
    }

    fn outputs(&mut self) -> Result<(), ExpandError> {
        for output in self.circuit.outputs() {
            let array = self.circuit.array(output.array);
            let mut forms = Vec::new();
            elements(&array.shape, array.band.as_ref(), |element, _| {
                let flat = self.forms.unfold(output.array, element);
                let mut terms = Vec::with_capacity(flat.gates.len());
                flat.each(|gate, weight| terms.push((gate, weight.to_big())));
                forms.push(Form { constant: flat.constant.to_big(), terms });
            });
            let shape = array.shape.iter().map(|size| size.value).collect();
            self.builder.output(OutputWord { name: output.name.clone(), shape, forms })?;
        }
        Ok(())
    }
}

/// Where the terms of a row of forms begin, while every form of it so far has come one after another from the first.
#[derive(Default)]
struct Row {
    starts: Vec<(i64, i64)>,
    unbroken: bool,
    last: usize,
}

impl Row {
    #[inline]
    fn terms<'a>(
        &mut self,
        plan: &'a Plan,
        element: usize,
        at: &[u64],
        f: &mut impl FnMut(ArrayId, usize, Weight<'a>),
    ) {
        match at.last() {
            Some(0) => self.unbroken = plan.row(at, &mut self.starts),
            Some(_) => self.unbroken &= element == self.last + 1,
            None => self.unbroken = false,
        }
        self.last = element;
        if self.unbroken { plan.terms_in_row(at, &self.starts, f) } else { plan.terms(at, f) }
    }
}

#[inline]
fn wire(builder: &mut GatesBuilder, gate: u32, weight: Weight<'_>) {
    match weight {
        Weight::Small(weight) => builder.wire(gate, weight),
        Weight::Big(weight) => builder.wire_big(gate, weight),
    }
}

fn write(builder: &mut GatesBuilder, form: &Flat, factor: Weight<'_>) {
    if let Weight::Small(1) = factor {
        return form.each(|gate, weight| wire(builder, gate, weight));
    }
    form.each(|gate, weight| match Product::Small(1).times(weight).times(factor) {
        Product::Small(weight) => builder.wire(gate, weight),
        Product::Big(weight) => builder.wire_big(gate, &weight),
    });
}
