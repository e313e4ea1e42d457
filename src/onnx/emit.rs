//! Values as nodes of the tensor graph, and the one place that decides where they are rounded; must not know operators.
//!
//! Sums, moves and constant factors are exact. A product of data, a function, a quotient or a norm reads stored values: what is not
//! stored is rounded to the format of activations first, once for all its readers.

use std::collections::HashMap;
use std::sync::Arc;

use num_traits::{One, Zero};
use petgraph::graph::NodeIndex;

use super::array::{Array, common, entries, spread};
use super::value::{Data, Reals};
use crate::expr::Size;
use crate::number::{Format, Function, Rational, quantise};
use crate::spec::Numerics;
use crate::tensor::{Op, Param, Sketch, arithmetic};

/// Most elements of a value of the graph.
const MOST_ELEMENTS: u64 = 1 << 48;

/// Most places of an axis whose elements are picked or merged one by one.
const MOST_PLACES: u64 = 1 << 26;

pub(super) type Result<T> = std::result::Result<T, String>;

/// A tensor graph under construction.
pub(super) struct Emit {
    /// The graph.
    pub sketch: Sketch,
    /// The formats.
    pub numerics: Numerics,
    /// Whether the values of weights are read.
    pub bound: bool,
    /// What nodes are called.
    pub label: String,
    stored: HashMap<(NodeIndex, Function), NodeIndex>,
}

/// A mask, or another constant whose values decide the structure: always read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Read {
    /// With the weights.
    Weights,
    /// Always.
    Always,
}

impl Emit {
    pub fn new(numerics: Numerics, bound: bool) -> Self {
        let sketch = Sketch::summing(numerics.accumulation());
        Self { sketch, numerics, bound, label: String::new(), stored: HashMap::new() }
    }

    /// The lengths of a node's axes.
    pub fn lengths(&self, node: NodeIndex) -> Vec<u64> {
        self.sketch.shape(node).iter().map(|size| size.value).collect()
    }

    /// The lengths of a value's axes.
    pub fn shape(&self, data: &Data) -> Vec<u64> {
        self.lengths(data.node)
    }

    /// A node of this shape.
    pub fn node(&mut self, op: Op, operands: &[NodeIndex], shape: &[u64]) -> Result<NodeIndex> {
        sized(shape)?;
        let label = self.label.clone();
        Ok(self.sketch.add(&label, op, operands, shape.iter().map(|length| Size::fixed(*length)).collect()))
    }

    // ---- Moves ----

    /// Axis by axis of the result: which axis of `x` it is, or a new one.
    pub fn arrange(&mut self, x: NodeIndex, axes: Vec<Option<usize>>, shape: &[u64]) -> Result<NodeIndex> {
        let same = axes.iter().copied().eq((0..self.lengths(x).len()).map(Some));
        if same { Ok(x) } else { self.node(Op::Arrange(axes), &[x], shape) }
    }

    /// Axes in another order.
    pub fn transpose(&mut self, x: NodeIndex, order: &[usize]) -> Result<NodeIndex> {
        let lengths = self.lengths(x);
        let shape: Vec<u64> = order.iter().map(|axis| lengths[*axis]).collect();
        self.arrange(x, order.iter().copied().map(Some).collect(), &shape)
    }

    /// The same elements under other axes.
    pub fn reshape(&mut self, x: NodeIndex, shape: &[u64]) -> Result<NodeIndex> {
        if self.lengths(x) == shape {
            return Ok(x);
        }
        if sized(shape)? > MOST_PLACES {
            return Err(format!("{shape:?} has more elements than are moved one by one (at most {MOST_PLACES})"));
        }
        self.node(Op::Reshape, &[x], shape)
    }

    /// Repeated until it has this shape.
    pub fn broadcast(&mut self, x: NodeIndex, shape: &[u64]) -> Result<NodeIndex> {
        let axes = spread(&self.lengths(x), shape)?;
        self.arrange(x, axes, shape)
    }

    /// Elements at these places along an axis.
    pub fn pick(&mut self, x: NodeIndex, axis: usize, places: &[u64]) -> Result<NodeIndex> {
        let mut shape = self.lengths(x);
        let start = places.first().copied().unwrap_or(0);
        let straight = places.iter().copied().eq(start..start + places.len() as u64);
        let all = places.len() as u64 == shape[axis];
        shape[axis] = places.len() as u64;
        match straight {
            true if all => Ok(x),
            true => self.node(Op::Slice { axis, start }, &[x], &shape),
            false => self.node(Op::Pick { axis, places: places.into() }, &[x], &shape),
        }
    }

    /// One place along an axis, which is left out.
    pub fn at(&mut self, x: NodeIndex, axis: usize, place: u64) -> Result<NodeIndex> {
        let one = self.pick(x, axis, &[place])?;
        let mut shape = self.lengths(one);
        shape.remove(axis);
        let axes = (0..shape.len()).map(|own| Some(own + usize::from(own >= axis))).collect();
        self.arrange(one, axes, &shape)
    }

    /// One after the other along an axis.
    pub fn concat(&mut self, parts: &[NodeIndex], axis: usize) -> Result<NodeIndex> {
        let [first, rest @ ..] = parts else { return Err("nothing is joined".to_owned()) };
        let mut shape = self.lengths(*first);
        for part in rest {
            let other = self.lengths(*part);
            let fits = other.len() == shape.len() && (0..shape.len()).all(|a| a == axis || other[a] == shape[a]);
            if !fits {
                return Err(format!("shapes {shape:?} and {other:?} cannot be joined along axis {axis}"));
            }
            shape[axis] += other[axis];
        }
        if (parts.len() as u64).saturating_mul(shape[axis]) > MOST_PLACES {
            return Err(format!(
                "{} values are joined to a length of {}, more than are listed",
                parts.len(),
                shape[axis]
            ));
        }
        if rest.is_empty() { Ok(*first) } else { self.node(Op::Concat(axis), parts, &shape) }
    }

    // ---- Constants ----

    /// A parameter of the format of weights.
    pub fn weights(
        &mut self,
        reals: &Reals,
        shape: &[u64],
        values: impl FnOnce() -> Result<Vec<f64>>,
    ) -> Result<Param> {
        let format = self.numerics.weights;
        let levels = match self.bound {
            false => None,
            true => {
                let level = |value: f64| {
                    let level = quantise(value, format);
                    level.ok_or_else(|| format!("constant `{}` holds {value}, which is no number", reals.name))
                };
                Some(values()?.into_iter().map(level).collect::<Result<Arc<[i64]>>>()?)
            }
        };
        sized(shape)?;
        Ok(Param { name: reals.name.clone(), shape: shape.to_vec(), values: levels, format })
    }

    /// A parameter of small integers, which are always known.
    pub fn integers(&mut self, name: &str, array: &Array<i64>) -> Param {
        let most = array.values.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0);
        let bits = (64 - most.leading_zeros() + 1).clamp(2, crate::number::MAX_BITS);
        let format = Format::new(bits, 0).unwrap_or_else(|_| arithmetic::one_format());
        let values = Some(array.values.iter().map(|value| (*value).clamp(format.min(), format.max())).collect());
        Param { name: name.to_owned(), shape: array.shape.clone(), values, format }
    }

    /// A constant as a value: a single number exactly, others in the format of weights.
    pub fn given(&mut self, reals: &Reals) -> Result<Data> {
        if let Some(value) = reals.single() {
            let value = reals.exactly(value)?;
            return self.uniform(&value, &reals.shape);
        }
        let param = self.weights(reals, &reals.shape, || Ok(reals.array()?.values))?;
        let (shape, id) = (param.shape.clone(), self.sketch.param(param));
        Ok(Data::new(self.node(Op::Given(id), &[], &shape)?))
    }

    /// One number everywhere.
    pub fn uniform(&mut self, value: &Rational, shape: &[u64]) -> Result<Data> {
        let level = i64::from(!value.is_zero());
        let values = Some([level].into());
        let param = Param { name: "one".to_owned(), shape: Vec::new(), values, format: arithmetic::one_format() };
        let id = self.sketch.param(param);
        let one = self.node(Op::Given(id), &[], &[])?;
        let node = self.broadcast(one, shape)?;
        let factor = if value.is_zero() { Rational::one() } else { value.clone() };
        Ok(Data { factor, ..Data::new(node) })
    }

    /// Integers as a value.
    pub fn given_integers(&mut self, array: &Array<i64>) -> Result<Data> {
        let param = self.integers("integers", array);
        let id = self.sketch.param(param);
        Ok(Data::new(self.node(Op::Given(id), &[], &array.shape)?))
    }

    // ---- Exact arithmetic ----

    /// The value with its factor.
    pub fn plain(&mut self, data: &Data) -> Result<NodeIndex> {
        if data.factor.is_one() {
            return Ok(data.node);
        }
        let shape = self.shape(data);
        self.node(Op::Scale(data.factor.clone()), &[data.node], &shape)
    }

    /// Times a constant.
    pub fn scaled(&mut self, data: &Data, factor: &Rational) -> Result<Data> {
        if factor.is_zero() {
            let shape = self.shape(data);
            return self.uniform(factor, &shape);
        }
        Ok(Data { factor: &data.factor * factor, node: data.node, left_out: None })
    }

    /// `a + b`, broadcast.
    pub fn add(&mut self, a: &Data, b: &Data) -> Result<Data> {
        let shape = common(&self.shape(a), &self.shape(b))?;
        let (a, b) = (self.plain(a)?, self.plain(b)?);
        let (a, b) = (self.broadcast(a, &shape)?, self.broadcast(b, &shape)?);
        Ok(Data::new(self.node(Op::Add, &[a, b], &shape)?))
    }

    /// `a - b`, broadcast.
    pub fn subtract(&mut self, a: &Data, b: &Data) -> Result<Data> {
        let minus = self.scaled(b, &-Rational::one())?;
        self.add(a, &minus)
    }

    /// Times constants, element by element, broadcast; the table covers only the axes along which the constants differ.
    pub fn weigh(&mut self, x: &Data, constants: &Array<f64>, reals: &Reals, read: Read) -> Result<Data> {
        let shape = common(&self.shape(x), &constants.shape)?;
        let node = self.broadcast(x.node, &shape)?;
        let aligned =
            |axis: usize| (axis + constants.shape.len()).checked_sub(shape.len()).map_or(1, |own| constants.shape[own]);
        let first = (0..shape.len()).find(|axis| aligned(*axis) != 1).unwrap_or(shape.len());
        let inner = &shape[first..];
        entries(inner)?;
        let own: Vec<u64> = (first..shape.len()).map(aligned).collect();
        let table = || Ok(constants.reshaped(&own).broadcast(inner)?.values);
        let param = match read {
            Read::Weights => self.weights(reals, inner, table)?,
            Read::Always => {
                let values = table()?.iter().map(|value| *value as i64).collect();
                self.integers(&reals.name, &Array { shape: inner.to_vec(), values })
            }
        };
        let mut rows = vec![shape[..first].iter().product()];
        rows.extend_from_slice(inner);
        let id = self.sketch.param(param);
        let folded = self.reshape(node, &rows)?;
        let weighed = self.node(Op::Weigh(id), &[folded], &rows)?;
        let unfolded = self.reshape(weighed, &shape)?;
        Ok(x.with(unfolded))
    }

    /// Kept where the mask is one, zero elsewhere.
    pub fn masked(&mut self, x: &Data, mask: &Array<i64>) -> Result<Data> {
        let mask = Array { shape: mask.shape.clone(), values: mask.values.iter().map(|value| *value as f64).collect() };
        self.weigh(x, &mask, &Reals::known("mask", mask.clone()), Read::Always)
    }

    /// Summed over an axis, which is left out.
    pub fn sum(&mut self, x: NodeIndex, axis: usize) -> Result<NodeIndex> {
        let mut shape = self.lengths(x);
        shape.remove(axis);
        self.node(Op::Sum(axis), &[x], &shape)
    }

    // ---- Where values are rounded ----

    /// The format a value is stored in, if it is.
    fn format_of(&self, node: NodeIndex) -> Option<Format> {
        match self.sketch.op(node) {
            Op::Store { format, .. } | Op::Number(format) | Op::Normalise { format, .. } | Op::Quotient(format) => {
                Some(*format)
            }
            Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape | Op::Concat(_) | Op::Max(_) => {
                let mut formats = self.sketch.operands(node).into_iter().map(|operand| self.format_of(operand));
                let first = formats.next().flatten()?;
                formats.all(|format| format == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// Whether a product may read a value as it is.
    pub fn is_stored(&self, node: NodeIndex) -> bool {
        match self.sketch.op(node) {
            Op::Embed { .. } | Op::Positive(_) => true,
            Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape => {
                self.is_stored(self.sketch.operands(node)[0])
            }
            _ => self.format_of(node).is_some(),
        }
    }

    /// `round(f(x))`, made once.
    fn round(&mut self, function: Function, x: NodeIndex) -> Result<NodeIndex> {
        let key = (x, function.clone());
        if let Some(known) = self.stored.get(&key) {
            return Ok(*known);
        }
        let (format, shape) = (self.numerics.activations, self.lengths(x));
        let node = self.node(Op::Store { function, format }, &[x], &shape)?;
        self.stored.insert(key, node);
        Ok(node)
    }

    /// A stored value and a constant factor whose product the value is, rounded where it must.
    pub fn factored(&mut self, data: &Data) -> Result<(NodeIndex, Rational)> {
        if self.is_stored(data.node) {
            return Ok((data.node, data.factor.clone()));
        }
        let plain = self.plain(data)?;
        Ok((self.round(Function::Identity, plain)?, Rational::one()))
    }

    /// The value in the format of activations.
    pub fn rounded(&mut self, data: &Data) -> Result<NodeIndex> {
        let plain = self.plain(data)?;
        match self.format_of(plain) == Some(self.numerics.activations) {
            true => Ok(plain),
            false => self.round(Function::Identity, plain),
        }
    }

    /// `round(f(x))`.
    pub fn function(&mut self, function: Function, data: &Data) -> Result<Data> {
        let plain = self.plain(data)?;
        Ok(Data::new(self.round(function, plain)?))
    }

    /// `a * b`, broadcast, each rounded unless it is stored.
    pub fn product(&mut self, a: &Data, b: &Data) -> Result<Data> {
        let ((a, first), (b, second)) = (self.factored(a)?, self.factored(b)?);
        let shape = common(&self.lengths(a), &self.lengths(b))?;
        let (a, b) = (self.broadcast(a, &shape)?, self.broadcast(b, &shape)?);
        let node = self.node(Op::Product, &[a, b], &shape)?;
        Ok(Data { factor: first * second, ..Data::new(node) })
    }

    /// The greatest of values, broadcast, each rounded.
    pub fn greatest(&mut self, values: &[Data]) -> Result<Data> {
        let mut shape = Vec::new();
        for value in values {
            shape = common(&shape, &self.shape(value))?;
        }
        let mut stacked: Vec<u64> = vec![1];
        stacked.extend_from_slice(&shape);
        let mut parts = Vec::with_capacity(values.len());
        for value in values {
            let rounded = self.rounded(value)?;
            let spread = self.broadcast(rounded, &shape)?;
            let axes = std::iter::once(None).chain((0..shape.len()).map(Some)).collect();
            parts.push(self.arrange(spread, axes, &stacked)?);
        }
        let all = self.concat(&parts, 0)?;
        Ok(Data::new(self.node(Op::Max(0), &[all], &shape)?))
    }

    /// `round(a / b)`, broadcast; a divisor that is rounded to zero is taken as one level above it.
    pub fn quotient(&mut self, a: &Data, b: &Data) -> Result<Data> {
        let (b_node, factor) = self.factored(b)?;
        let lengths = self.lengths(b_node);
        let minus = self.node(Op::Scale(-Rational::one()), &[b_node], &lengths)?;
        let below = self.round_to(Function::Step, arithmetic::one_format(), minus)?;
        let shape = common(&self.shape(a), &lengths)?;
        let (a_node, own) = self.factored(a)?;
        let (a_node, below) = (self.broadcast(a_node, &shape)?, self.broadcast(below, &shape)?);
        let turned = self.node(Op::Product, &[a_node, below], &shape)?;
        let twice = Data { factor: &own * Rational::from_integer(2.into()), ..Data::new(turned) };
        let signed = self.subtract(&Data { factor: own, ..Data::new(a_node) }, &twice)?;
        let magnitude = self.magnitude(b_node)?;
        let magnitude = self.broadcast(magnitude, &shape)?;
        let signed = self.scaled(&signed, &(Rational::one() / factor))?;
        self.over(&signed, magnitude)
    }

    /// `round(a / b)` of a positive value of the same shape, or of a's first axes.
    pub fn over(&mut self, a: &Data, b: NodeIndex) -> Result<Data> {
        let (format, plain) = (self.numerics.activations, self.plain(a)?);
        let shape = self.lengths(plain);
        Ok(Data::new(self.node(Op::Quotient(format), &[plain, b], &shape)?))
    }

    /// The magnitude of a stored value, at least one level.
    fn magnitude(&mut self, x: NodeIndex) -> Result<NodeIndex> {
        let format = self.numerics.activations;
        let wide =
            Format::new(format.bits() - format.fraction() + 1, format.fraction()).map_err(|error| error.to_string())?;
        let shape = self.lengths(x);
        let minus = self.node(Op::Scale(-Rational::one()), &[x], &shape)?;
        let least = self.uniform(&Rational::new(1.into(), num_bigint::BigInt::one() << format.fraction()), &shape)?;
        let least = self.plain(&least)?;
        let mut parts = Vec::new();
        for part in [x, minus, least] {
            let stored = self.round_to(Function::Identity, wide, part)?;
            let stacked: Vec<u64> = std::iter::once(1).chain(shape.iter().copied()).collect();
            let axes = std::iter::once(None).chain((0..shape.len()).map(Some)).collect();
            parts.push(self.arrange(stored, axes, &stacked)?);
        }
        let all = self.concat(&parts, 0)?;
        self.node(Op::Max(0), &[all], &shape)
    }

    /// `round(f(x))` to a format of its own.
    fn round_to(&mut self, function: Function, format: Format, x: NodeIndex) -> Result<NodeIndex> {
        let shape = self.lengths(x);
        self.node(Op::Store { function, format }, &[x], &shape)
    }
}

/// How many elements a shape has: at least one, and not absurdly many.
pub(super) fn sized(shape: &[u64]) -> Result<u64> {
    if shape.contains(&0) {
        return Err(format!("a value of shape {shape:?} has no elements"));
    }
    let total = shape.iter().try_fold(1u64, |total, length| total.checked_mul(*length));
    total.filter(|total| *total <= MOST_ELEMENTS).ok_or_else(|| {
        format!("a value of shape {shape:?} has too many elements (at most 2^{})", MOST_ELEMENTS.trailing_zeros())
    })
}
