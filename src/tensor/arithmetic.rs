//! Arithmetic on nodes of a sketch that stores what products read: the one rule for where a formula rounds; must not know formulas.
//!
//! Sums, scalings and moves are exact. A product reads stored values, so a factor that is not stored is rounded first, once for all
//! its readers: below the constant factors and moves that stand between it and the product, which round nothing.

use std::collections::HashMap;

use num_traits::{One, Zero};
use petgraph::graph::NodeIndex;

use super::{Carrier, Op, Param, Sketch};
use crate::expr::Size;
use crate::number::{Format, Function, Rational};

/// A sketch, and the formats its products round to.
#[derive(Clone, Debug)]
pub struct Arithmetic {
    /// The sketch.
    pub sketch: Sketch,
    /// Products round to this.
    format: Format,
    /// But these nodes are rounded to formats of their own.
    formats: HashMap<NodeIndex, Format>,
    /// What each node was stored as.
    stored: HashMap<(NodeIndex, Function, Format), NodeIndex>,
    /// Whether each node rests on data alone, as far as known.
    data: Vec<bool>,
}

impl Arithmetic {
    /// Products round what they read to `format`.
    pub fn new(format: Format) -> Self {
        Self { sketch: Sketch::new(), format, formats: HashMap::new(), stored: HashMap::new(), data: Vec::new() }
    }

    /// Where a product reads this node, it is rounded to a format of its own.
    pub fn rounds_to(&mut self, id: NodeIndex, format: Format) {
        self.formats.insert(id, format);
    }

    /// The format products round to.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The lengths of a node's axes.
    pub fn lengths(&self, id: NodeIndex) -> Vec<u64> {
        self.sketch.shape(id).iter().map(|size| size.value).collect()
    }

    /// `round(f(x))`, made once.
    pub fn store(&mut self, label: &str, function: Function, format: Format, x: NodeIndex) -> NodeIndex {
        let key = (x, function.clone(), format);
        if let Some(known) = self.stored.get(&key) {
            return *known;
        }
        let id = self.sketch.store(label, function, format, x);
        self.stored.insert(key, id);
        id
    }

    /// `factor * x`; zero, which rests on nothing, where the factor is zero.
    pub fn scale(&mut self, factor: &Rational, x: NodeIndex) -> NodeIndex {
        match &self.sketch.node(x).op {
            _ if factor.is_one() => x,
            _ if factor.is_zero() => {
                let lengths = self.lengths(x);
                self.uniform(factor, &lengths)
            }
            Op::Scale(before) => {
                let (both, below) = (before * factor, self.sketch.operands(x)[0]);
                self.scale(&both, below)
            }
            _ => self.sketch.scale("scale", factor.clone(), x),
        }
    }

    /// `a + b`.
    pub fn add(&mut self, label: &str, a: NodeIndex, b: NodeIndex) -> NodeIndex {
        self.sketch.apply(label, Op::Add, &[a, b])
    }

    /// Summed over an axis.
    pub fn sum(&mut self, label: &str, axis: usize, x: NodeIndex) -> NodeIndex {
        self.sketch.apply(label, Op::Sum(axis), &[x])
    }

    /// Rearranged, new axes repeated this many times; `x` itself where nothing moves.
    pub fn arrange(&mut self, axes: Vec<Option<usize>>, lengths: &[u64], x: NodeIndex) -> NodeIndex {
        if axes.iter().copied().eq((0..self.sketch.shape(x).len()).map(Some)) {
            return x;
        }
        let shape = lengths.iter().map(|length| Size::fixed(*length)).collect();
        self.sketch.add("rearrange", Op::Arrange(axes), &[x], shape)
    }

    /// A constant factor and a stored value whose product the node is, rounding it where it must.
    pub fn operand(&mut self, id: NodeIndex) -> (Rational, NodeIndex) {
        let node = self.sketch.node(id).clone();
        let below = self.sketch.operands(id).first().copied();
        match (&node.op, below) {
            (Op::Scale(factor), Some(x)) => {
                let (inner, stored) = self.operand(x);
                (inner * factor, stored)
            }
            (Op::Arrange(axes), Some(x)) => {
                let (factor, stored) = self.operand(x);
                if stored == x {
                    return (factor, id);
                }
                let lengths: Vec<u64> = node.shape.iter().map(|size| size.value).collect();
                (factor, self.arrange(axes.clone(), &lengths, stored))
            }
            (op, _) if op.stores() => (Rational::one(), id),
            _ => {
                let format = self.formats.get(&id).copied().unwrap_or(self.format);
                let label = format!("{} stored", node.label);
                (Rational::one(), self.store(&label, Function::Identity, format, id))
            }
        }
    }

    /// Whether a product may read a node as it is, up to constant factors.
    pub fn is_stored(&self, id: NodeIndex) -> bool {
        let below = || self.sketch.operands(id).first().is_some_and(|x| self.is_stored(*x));
        match &self.sketch.node(id).op {
            Op::Scale(_) | Op::Arrange(_) => below(),
            op => op.stores(),
        }
    }

    /// `a * b`, each rounded unless it is stored.
    pub fn product(&mut self, label: &str, a: NodeIndex, b: NodeIndex) -> NodeIndex {
        let ((first, a), (second, b)) = (self.operand(a), self.operand(b));
        let product = self.sketch.apply(label, Op::Product, &[a, b]);
        self.scale(&(first * second), product)
    }

    /// `a * b` of stored values, stored in a format that holds every product; none where none is wide enough.
    pub fn exact_product(&mut self, label: &str, a: NodeIndex, b: NodeIndex) -> Option<NodeIndex> {
        let format = product_format(self.stored_format(a)?, self.stored_format(b)?)?;
        let product = self.sketch.apply(label, Op::Product, &[a, b]);
        Some(self.store(label, Function::Identity, format, product))
    }

    /// The format a value is stored in.
    pub fn stored_format(&self, id: NodeIndex) -> Option<Format> {
        match &self.sketch.node(id).op {
            Op::Store { format, .. } | Op::Number(format) | Op::Port(Carrier::Stored(format)) => Some(*format),
            Op::Arrange(_) | Op::Max(_) => self.stored_format(*self.sketch.operands(id).first()?),
            _ => None,
        }
    }

    /// One value everywhere.
    pub fn uniform(&mut self, value: &Rational, lengths: &[u64]) -> NodeIndex {
        let level = i64::from(!value.is_zero());
        let param =
            Param { name: "one".to_owned(), shape: vec![1], values: Some([level].into()), format: one_format() };
        let one = self.sketch.given("one", param);
        let scaled = if value.is_zero() { one } else { self.scale(value, one) };
        let axes = vec![None; lengths.len()];
        self.arrange(axes, lengths, scaled)
    }

    /// Whether a node rests on inputs and constants alone, on nothing carried.
    pub fn is_data(&mut self, id: NodeIndex) -> bool {
        for known in self.data.len()..=id.index() {
            let node = NodeIndex::new(known);
            let below = self.sketch.operands(node).iter().all(|x| self.data[x.index()]);
            self.data.push(below && !matches!(self.sketch.node(node).op, Op::Port(_)));
        }
        self.data[id.index()]
    }
}

/// The format of every product of values of two formats.
pub fn product_format(a: Format, b: Format) -> Option<Format> {
    let integer = |format: Format| format.width() - format.fraction();
    Format::new(integer(a) + integer(b), a.fraction() + b.fraction()).ok()
}

/// The narrowest format that holds one.
pub fn one_format() -> Format {
    match Format::new(2, 0) {
        Ok(format) => format,
        Err(_) => unreachable!("two bits are a format"),
    }
}
