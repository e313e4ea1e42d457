//! Forms unfolded down to gates, kept while they are read again; knows nothing of banks.

use std::rc::Rc;

use num_bigint::BigInt;

use crate::circuit::walk::{Plan, Weight, plan};
use crate::circuit::{ArrayId, Circuit};

/// Wires held in memory before all are forgotten.
const MOST_HELD: usize = 1 << 25;

/// Where the gates of an array are.
pub(super) enum Ids {
    /// Consecutive from here.
    Dense(u32),
    /// The first gate of each form, and gates per form; forms outside the band have none.
    Listed(Vec<u32>, usize),
    /// No gates: affine.
    Forms,
}

/// An integer that stays small where it can.
#[derive(Clone)]
pub(super) enum Product {
    Small(i64),
    Big(BigInt),
}

impl Product {
    pub fn times(&self, weight: Weight<'_>) -> Self {
        if let (Self::Small(a), Weight::Small(b)) = (self, weight)
            && let Some(product) = a.checked_mul(b)
        {
            return Self::Small(product);
        }
        Self::Big(self.to_big() * weight.to_big())
    }

    pub fn add(&mut self, value: Self) {
        if let (Self::Small(a), Self::Small(b)) = (&*self, &value)
            && let Some(sum) = a.checked_add(*b)
        {
            *self = Self::Small(sum);
            return;
        }
        *self = Self::Big(self.to_big() + value.to_big());
    }

    /// The value, where it fits 64 bits.
    pub fn small(&self) -> Option<i64> {
        match self {
            Self::Small(value) => Some(*value),
            Self::Big(value) => i64::try_from(value).ok(),
        }
    }

    pub fn to_big(&self) -> BigInt {
        match self {
            Self::Small(value) => (*value).into(),
            Self::Big(value) => value.clone(),
        }
    }
}

/// A form as an integer combination of gates.
pub(super) struct Flat {
    pub constant: Product,
    pub gates: Vec<u32>,
    pub weights: Weights,
}

/// Weights of a flat form, one a gate.
pub(super) enum Weights {
    Small(Vec<i64>),
    Big(Vec<BigInt>),
}

impl Flat {
    pub fn new() -> Self {
        Self { constant: Product::Small(0), gates: Vec::new(), weights: Weights::Small(Vec::new()) }
    }

    /// Adds a multiple of a gate.
    #[inline]
    fn add(&mut self, gate: u32, weight: Weight<'_>) {
        match (&mut self.weights, weight) {
            (Weights::Small(list), Weight::Small(weight)) => {
                self.gates.push(gate);
                list.push(weight);
            }
            (_, weight) => self.push(gate, Product::Small(1).times(weight)),
        }
    }

    fn push(&mut self, gate: u32, weight: Product) {
        self.gates.push(gate);
        match (&mut self.weights, weight) {
            (Weights::Small(list), Product::Small(weight)) => list.push(weight),
            (Weights::Small(list), Product::Big(weight)) => {
                let wide = list.iter().map(|w| BigInt::from(*w)).chain([weight]).collect();
                self.weights = Weights::Big(wide);
            }
            (Weights::Big(list), weight) => list.push(weight.to_big()),
        }
    }

    /// Adds a multiple of another form.
    fn extend(&mut self, inner: &Self, factor: Weight<'_>) {
        self.constant.add(inner.constant.times(factor));
        if let (Weights::Small(list), Weights::Small(weights), Weight::Small(factor)) =
            (&mut self.weights, &inner.weights, factor)
        {
            let before = list.len();
            list.extend(weights.iter().map_while(|weight| weight.checked_mul(factor)));
            if list.len() == before + weights.len() {
                self.gates.extend_from_slice(&inner.gates);
                return;
            }
            list.truncate(before);
        }
        inner.each(|gate, weight| self.push(gate, Product::Small(1).times(weight).times(factor)));
    }

    /// Each gate with its weight.
    pub fn each<'a>(&'a self, mut f: impl FnMut(u32, Weight<'a>)) {
        match &self.weights {
            Weights::Small(weights) => self.gates.iter().zip(weights).for_each(|(gate, w)| f(*gate, Weight::Small(*w))),
            Weights::Big(weights) => self.gates.iter().zip(weights).for_each(|(gate, w)| f(*gate, Weight::Big(w))),
        }
    }
}

/// Unfolds forms, and remembers those inside others.
pub(super) struct Forms<'c> {
    circuit: &'c Circuit,
    plans: Vec<Option<Rc<Plan>>>,
    ids: Vec<Ids>,
    memory: Vec<Vec<Option<Rc<Flat>>>>,
    held: usize,
}

impl<'c> Forms<'c> {
    pub fn new(circuit: &'c Circuit) -> Self {
        let plans = circuit.arrays().iter().map(|array| plan(circuit, array).map(Rc::new)).collect();
        let memory = circuit.arrays().iter().map(|_| Vec::new()).collect();
        Self { circuit, plans, ids: Vec::with_capacity(circuit.arrays().len()), memory, held: 0 }
    }

    /// Says where the gates of the next array are.
    pub fn place(&mut self, ids: Ids) {
        self.ids.push(ids);
    }

    pub fn plan(&self, id: ArrayId) -> Option<Rc<Plan>> {
        self.plans[id.index()].clone()
    }

    #[inline]
    pub fn gate(&self, id: ArrayId, element: usize) -> Option<u32> {
        match &self.ids[id.index()] {
            Ids::Dense(first) => Some(first + element as u32),
            Ids::Listed(firsts, per_form) => Some(firsts[element / per_form] + (element % per_form) as u32),
            Ids::Forms => None,
        }
    }

    /// An element of an affine array, from memory where it was read before.
    pub fn remembered(&mut self, id: ArrayId, element: usize) -> Rc<Flat> {
        if let Some(Some(flat)) = self.memory[id.index()].get(element) {
            return flat.clone();
        }
        let flat = Rc::new(self.unfold(id, element));
        if self.held > MOST_HELD {
            self.memory.iter_mut().for_each(Vec::clear);
            self.held = 0;
        }
        self.held += flat.gates.len() + 8;
        let memory = &mut self.memory[id.index()];
        if memory.len() <= element {
            memory.resize(element + 1, None);
        }
        memory[element] = Some(flat.clone());
        flat
    }

    /// An element of any array as a flat form.
    pub fn unfold(&mut self, id: ArrayId, element: usize) -> Flat {
        let mut flat = Flat::new();
        let Some(plan) = self.plan(id) else {
            if let Some(gate) = self.gate(id, element) {
                flat.push(gate, Product::Small(1));
            }
            return flat;
        };
        let (at, axes) = self.coordinates(id, element);
        let at = &at[..axes];
        plan.constants(at, &mut |weight| flat.constant.add(Product::Small(1).times(weight)));
        plan.terms(at, &mut |source, offset, weight| self.join(&mut flat, source, offset, weight));
        flat
    }

    /// Adds a multiple of an element to a form.
    pub fn join(&mut self, flat: &mut Flat, source: ArrayId, offset: usize, weight: Weight<'_>) {
        match self.gate(source, offset) {
            Some(gate) => flat.add(gate, weight),
            None => flat.extend(&self.remembered(source, offset), weight),
        }
    }

    fn coordinates(&self, id: ArrayId, element: usize) -> ([u64; 12], usize) {
        let shape = &self.circuit.array(id).shape;
        let mut at = [0u64; 12];
        let mut rest = element as u64;
        for (axis, size) in shape.iter().enumerate().rev() {
            at[axis] = rest % size.value;
            rest /= size.value;
        }
        (at, shape.len())
    }
}
