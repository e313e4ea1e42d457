//! The threshold circuit as arrays of two node kinds, affine forms and banks of gates; knows nothing of numbers, words or models.
//!
//! An [`Array`] is a box of elements. An [`Affine`] element is an exact integer combination of elements of earlier
//! arrays: it has no gates and costs no depth. A [`Bank`] turns each form `F` of an array into the gates `[F >= t]` for
//! a list of thresholds, on one more axis, its last: one layer. Elements of inputs and banks are 0 or 1.

mod band;

mod table;

mod term;

mod range;

mod verify;

mod builder;

pub mod walk;

pub mod evaluate;

pub mod looped;

pub mod measure;

use std::sync::Arc;

use num_bigint::BigInt;

use crate::expr::Expr;
use crate::interval::Interval;

pub use crate::expr::Size;
pub use band::Band;
pub use builder::Builder;
pub use table::{Table, TableId, Values};
pub use term::{Coef, Index, Steps, Term};
pub use verify::CircuitError;

/// The number of an array; arrays refer only to smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrayId(u32);

impl ArrayId {
    /// Its position in [`Circuit::arrays`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of an origin: what in the source made an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginId(u32);

impl OriginId {
    /// Its position in [`Circuit::origins`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an array's elements are.
#[derive(Clone, Debug)]
pub enum Node {
    /// Boolean inputs, of depth 0.
    Input,
    /// Forms of another circuit, of which only the range is known: where the body of a loop reads what is carried.
    Port,
    /// Integer forms.
    Affine(Affine),
    /// Gates.
    Bank(Bank),
}

/// `constants + sum of terms`, elementwise over the array's axes.
#[derive(Clone, Debug, Default)]
pub struct Affine {
    /// Summed constants, indexed by the array's axes.
    pub constants: Vec<Coef>,
    /// Summed terms.
    pub terms: Vec<Term>,
}

/// Gates `[F >= t]`, F each element of `form`, t each threshold (the last axis; no axis for a single threshold given alone).
#[derive(Clone, Debug)]
pub struct Bank {
    /// The array of forms.
    pub form: ArrayId,
    /// The thresholds.
    pub thresholds: Thresholds,
}

/// The thresholds of a bank.
#[derive(Clone, Debug)]
pub enum Thresholds {
    /// Listed, in ascending order; equal ones allowed.
    Known(Arc<[BigInt]>),
    /// Counted only: an upper bound on how many, and where they lie.
    Counted {
        /// How many at most.
        count: u64,
        /// Where they lie.
        range: Interval,
    },
}

impl Thresholds {
    /// How many, at most.
    pub fn count(&self) -> u64 {
        match self {
            Self::Known(list) => list.len() as u64,
            Self::Counted { count, .. } => *count,
        }
    }
}

/// A box of elements.
#[derive(Clone, Debug)]
pub struct Array {
    /// The axes.
    pub shape: Vec<Size>,
    /// Restricts which elements exist, if set.
    pub band: Option<Band>,
    /// What they are.
    pub node: Node,
    /// Holds the value of every element for every input.
    pub range: Interval,
    /// The range holds only at the values free dimensions are bound to: something is summed along one of them.
    pub open: bool,
    /// At least `|constant| + sum |coefficient| * |source|` of every element: no partial sum is larger.
    pub magnitude: BigInt,
    /// What made it.
    pub origin: OriginId,
}

impl Array {
    /// How many elements exist, as a polynomial in the free dimensions.
    pub fn count(&self) -> Expr {
        band::points(&self.shape, self.band.as_ref())
    }

    /// Elements of the box, those outside the band among them, where that fits in memory.
    pub fn box_len(&self) -> Option<usize> {
        let total = self.shape.iter().try_fold(1u64, |total, size| total.checked_mul(size.value))?;
        usize::try_from(total).ok().filter(|total| *total <= isize::MAX as usize / 64)
    }
}

/// What made an array: a path of module names and the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Module names from the outermost inward.
    pub module: Arc<[String]>,
    /// The operation, in the words of the cost table.
    pub operation: String,
}

/// A named output: an array of words.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The array of its elements.
    pub array: ArrayId,
}

/// A frozen circuit; made only by [`Builder`], which verifies each array as it is added.
#[derive(Clone, Debug)]
pub struct Circuit {
    pub(in crate::circuit) arrays: Vec<Array>,
    pub(in crate::circuit) tables: Vec<Table>,
    pub(in crate::circuit) origins: Vec<Origin>,
    pub(in crate::circuit) outputs: Vec<Output>,
}

impl Circuit {
    /// The arrays, in topological order.
    pub fn arrays(&self) -> &[Array] {
        &self.arrays
    }

    /// One array.
    pub fn array(&self, id: ArrayId) -> &Array {
        &self.arrays[id.index()]
    }

    /// One table of coefficients.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.index()]
    }

    /// The origins.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The outputs.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The arrays of ports, in order.
    pub fn ports(&self) -> impl Iterator<Item = ArrayId> {
        self.ids().filter(|id| matches!(self.array(*id).node, Node::Port))
    }

    /// The arrays of inputs.
    pub fn inputs(&self) -> impl Iterator<Item = ArrayId> {
        (0u32..).zip(&self.arrays).filter(|(_, array)| matches!(array.node, Node::Input)).map(|(id, _)| ArrayId(id))
    }

    /// All array ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = ArrayId> + use<> {
        (0..u32::try_from(self.arrays.len()).unwrap_or(u32::MAX)).map(ArrayId)
    }

    /// Whether every coefficient and threshold is known, so that the circuit can be evaluated and expanded.
    pub fn is_bound(&self) -> bool {
        let known = |array: &Array| match &array.node {
            Node::Bank(bank) => matches!(bank.thresholds, Thresholds::Known(_)),
            Node::Port => false,
            Node::Input | Node::Affine(_) => true,
        };
        self.tables.iter().all(|table| table.values.is_some()) && self.arrays.iter().all(known)
    }
}
