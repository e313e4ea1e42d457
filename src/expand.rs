//! Writing a bound circuit out gate by gate: joins circuit arrays and explicit gates, and knows nothing of what either means.

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use thiserror::Error;

use crate::circuit::walk::{Plan, Weight, elements, plans};
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
    let mut expansion = Expansion {
        circuit,
        plans: plans(circuit),
        builder: GatesBuilder::new(),
        ids: Vec::with_capacity(circuit.arrays().len()),
    };
    let mut inputs = inputs.into_iter();
    for (position, array) in circuit.arrays().iter().enumerate() {
        let ids = match &array.node {
            Node::Input => match inputs.next() {
                Some(word) => Ids::Dense(expansion.builder.input(word)?),
                None => return Err(ExpandError::Unbound),
            },
            Node::Affine(_) => Ids::Forms,
            Node::Bank(bank) => expansion.bank(array, bank)?,
        };
        expansion.ids.push(ids);
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
            stored += measure.value(&figures.wires) / bank.thresholds.count();
        }
    }
    let bytes: BigInt = stored * 12 + &gates * 20;
    if bytes > BigInt::from(MOST_BYTES) || gates > BigInt::from(MAX_GATES) {
        return Err(ExpandError::TooLarge { gates, wires, bytes, most_gates: MAX_GATES, most_bytes: MOST_BYTES });
    }
    Ok(gates.to_u64().unwrap_or(u64::MAX))
}

/// Where the gates of an array are.
enum Ids {
    /// Consecutive from here.
    Dense(u32),
    /// The first gate of each form, and gates per form; forms outside the band have none.
    Listed(Vec<u32>, usize),
    /// No gates: affine.
    Forms,
}

struct Expansion<'c> {
    circuit: &'c Circuit,
    plans: Vec<Option<Plan>>,
    builder: GatesBuilder,
    ids: Vec<Ids>,
}

/// A weight while forms are unfolded: products stay small where they can.
enum Product {
    Small(i64),
    Big(BigInt),
}

impl Product {
    fn times(&self, weight: Weight<'_>) -> Self {
        if let (Self::Small(a), Weight::Small(b)) = (self, weight)
            && let Some(product) = a.checked_mul(b)
        {
            return Self::Small(product);
        }
        Self::Big(self.to_big() * weight.to_big())
    }

    fn to_big(&self) -> BigInt {
        match self {
            Self::Small(value) => (*value).into(),
            Self::Big(value) => value.clone(),
        }
    }
}

impl Expansion<'_> {
    fn bank(&mut self, array: &Array, bank: &Bank) -> Result<Ids, ExpandError> {
        let Thresholds::Known(thresholds) = &bank.thresholds else { return Err(ExpandError::Unbound) };
        let source = self.circuit.array(bank.form);
        let small: Option<Vec<i64>> = thresholds.iter().map(ToPrimitive::to_i64).collect();
        let mut moved = Vec::with_capacity(thresholds.len());
        let mut firsts = Vec::new();
        let dense = array.band.is_none();
        let first = self.builder.gate_count();
        let mut failed = None;
        elements(&source.shape, source.band.as_ref(), |element, at| {
            if failed.is_some() {
                return;
            }
            let constant = self.form(bank.form, element, at);
            match self.close(thresholds, small.as_deref(), &constant, &mut moved) {
                Ok(id) if !dense => {
                    firsts.resize(element, u32::MAX);
                    firsts.push(id);
                }
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        });
        match failed {
            Some(error) => Err(error.into()),
            None if dense => Ok(Ids::Dense(first)),
            None => Ok(Ids::Listed(firsts, thresholds.len())),
        }
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

    /// Writes the wires of one form and returns its constant.
    #[inline]
    fn form(&mut self, id: ArrayId, element: usize, at: &[u64]) -> Product {
        let mut constant = Constant::default();
        let unfold = Unfold { circuit: self.circuit, plans: &self.plans, ids: &self.ids };
        let builder = &mut self.builder;
        let mut wire = |gate, weight: Product| match weight {
            Product::Small(weight) => builder.wire(gate, weight),
            Product::Big(weight) => builder.wire_big(gate, &weight),
        };
        unfold.element(id, element, at, &Product::Small(1), &mut wire, &mut constant);
        constant.total()
    }

    fn outputs(&mut self) -> Result<(), ExpandError> {
        for output in self.circuit.outputs() {
            let array = self.circuit.array(output.array);
            let unfold = Unfold { circuit: self.circuit, plans: &self.plans, ids: &self.ids };
            let mut forms = Vec::new();
            elements(&array.shape, array.band.as_ref(), |element, at| {
                let mut terms = Vec::new();
                let mut constant = Constant::default();
                let mut wire = |gate, weight: Product| terms.push((gate, weight.to_big()));
                unfold.element(output.array, element, at, &Product::Small(1), &mut wire, &mut constant);
                forms.push(Form { constant: constant.total().to_big(), terms });
            });
            let shape = array.shape.iter().map(|size| size.value).collect();
            self.builder.output(OutputWord { name: output.name.clone(), shape, forms })?;
        }
        Ok(())
    }
}

/// A sum of constants.
#[derive(Default)]
struct Constant {
    small: i64,
    big: BigInt,
}

impl Constant {
    fn add(&mut self, value: Product) {
        match value {
            Product::Small(value) => match self.small.checked_add(value) {
                Some(sum) => self.small = sum,
                None => self.big += value,
            },
            Product::Big(value) => self.big += value,
        }
    }

    fn total(self) -> Product {
        if self.big.is_zero() {
            return Product::Small(self.small);
        }
        Product::Big(self.big + self.small)
    }
}

/// Unfolds forms down to gates.
struct Unfold<'a> {
    circuit: &'a Circuit,
    plans: &'a [Option<Plan>],
    ids: &'a [Ids],
}

impl Unfold<'_> {
    #[inline]
    fn element(
        &self,
        id: ArrayId,
        element: usize,
        at: &[u64],
        factor: &Product,
        wire: &mut impl FnMut(u32, Product),
        constant: &mut Constant,
    ) {
        let Some(plan) = &self.plans[id.index()] else {
            if let Some(gate) = self.gate(id, element) {
                wire(gate, factor.times(Weight::Small(1)));
            }
            return;
        };
        plan.constants(at, &mut |weight| constant.add(factor.times(weight)));
        plan.terms(at, &mut |source, offset, weight| match self.gate(source, offset) {
            Some(gate) => wire(gate, factor.times(weight)),
            None => self.nested(source, offset, &factor.times(weight), wire, constant),
        });
    }

    /// A form inside a form; its coordinates are recovered from its position.
    fn nested(
        &self,
        id: ArrayId,
        element: usize,
        factor: &Product,
        wire: &mut dyn FnMut(u32, Product),
        constant: &mut Constant,
    ) {
        let shape = &self.circuit.array(id).shape;
        let mut at = [0u64; 12];
        let mut rest = element as u64;
        for (axis, size) in shape.iter().enumerate().rev() {
            at[axis] = rest % size.value;
            rest /= size.value;
        }
        self.element(id, element, &at[..shape.len()], factor, &mut |gate, weight| wire(gate, weight), constant);
    }

    #[inline]
    fn gate(&self, id: ArrayId, element: usize) -> Option<u32> {
        match &self.ids[id.index()] {
            Ids::Dense(first) => Some(first + element as u32),
            Ids::Listed(firsts, per_form) => Some(firsts[element / per_form] + (element % per_form) as u32),
            Ids::Forms => None,
        }
    }
}
