//! Formulas of the examples a step sees: values with a leading axis of examples, constants multiplied without rounding; must not know rules.

use petgraph::graph::NodeIndex;

use super::{ProgramError, Result};
use crate::expr::Size;
use crate::number::{Function, Rational};
use crate::spec::program::Formats;
use crate::tensor::arithmetic::product_format;
use crate::tensor::{Arithmetic, Op, Param};

/// A formula under construction.
pub(super) struct Formula {
    pub arithmetic: Arithmetic,
    pub formats: Formats,
    pub examples: u64,
}

/// A value of every example.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// [example, own axes].
    pub id: NodeIndex,
    /// Its own axes.
    pub shape: Vec<u64>,
    /// A factor and the constants it multiplies, where that is all the value is.
    constant: Option<(Rational, Param)>,
}

impl Formula {
    pub fn new(formats: Formats, examples: u64) -> Self {
        Self { arithmetic: Arithmetic::new(formats.activations), formats, examples }
    }

    /// The axes with that of examples.
    fn whole(&self, shape: &[u64]) -> Vec<u64> {
        [&[self.examples], shape].concat()
    }

    /// A node that is the same for every example.
    pub fn shared(&mut self, id: NodeIndex) -> Value {
        let shape = self.arithmetic.lengths(id);
        let axes = std::iter::once(None).chain((0..shape.len()).map(Some)).collect();
        let lengths = self.whole(&shape);
        Value { id: self.arithmetic.arrange(axes, &lengths, id), shape, constant: None }
    }

    /// A node of this formula that has the axis of examples already.
    pub fn value(&self, id: NodeIndex) -> Value {
        Value { id, shape: self.arithmetic.lengths(id)[1..].to_vec(), constant: None }
    }

    /// Constants, one row an example.
    pub fn constant(&mut self, factor: Rational, param: Param) -> Value {
        let given = self.arithmetic.sketch.given(&param.name, param.clone());
        let shape = param.shape[1..].to_vec();
        Value { id: self.arithmetic.scale(&factor, given), shape, constant: Some((factor, param)) }
    }

    /// Whether a value is constants of the circuit.
    pub fn is_constant(&self, x: &Value) -> bool {
        x.constant.is_some()
    }

    /// One number.
    pub fn number(&mut self, value: &Rational) -> Value {
        let format = crate::tensor::arithmetic::one_format();
        let values = vec![1; self.examples as usize].into();
        let ones = Param { name: "one".to_owned(), shape: vec![self.examples], values: Some(values), format };
        self.constant(value.clone(), ones)
    }

    /// Own axes rearranged, new ones repeated.
    pub fn arranged(&mut self, x: &Value, axes: &[Option<usize>], shape: &[u64]) -> Value {
        let whole = std::iter::once(Some(0)).chain(axes.iter().map(|axis| axis.map(|axis| axis + 1))).collect();
        let lengths = self.whole(shape);
        let id = self.arithmetic.arrange(whole, &lengths, x.id);
        let constant = x.constant.as_ref().map(|(factor, param)| (factor.clone(), repeated(param, axes, shape)));
        Value { id, shape: shape.to_vec(), constant }
    }

    /// Two values of one shape: a single number stands for each entry of the other.
    fn paired(&mut self, a: &Value, b: &Value) -> (Value, Value) {
        let fill = |formula: &mut Self, x: &Value, shape: &[u64]| match x.shape.len() == shape.len() {
            true => x.clone(),
            false => formula.arranged(x, &vec![None; shape.len()], shape),
        };
        let shape = if a.shape.len() >= b.shape.len() { a.shape.clone() } else { b.shape.clone() };
        (fill(self, a, &shape), fill(self, b, &shape))
    }

    pub fn add(&mut self, label: &str, a: &Value, b: &Value) -> Value {
        let (a, b) = self.paired(a, b);
        Value { id: self.arithmetic.add(label, a.id, b.id), shape: a.shape, constant: None }
    }

    pub fn subtract(&mut self, label: &str, a: &Value, b: &Value) -> Value {
        let minus = self.scale(&Rational::from_integer((-1).into()), b);
        self.add(label, a, &minus)
    }

    pub fn scale(&mut self, factor: &Rational, x: &Value) -> Value {
        let constant = x.constant.as_ref().map(|(own, param)| (own * factor, param.clone()));
        Value { id: self.arithmetic.scale(factor, x.id), shape: x.shape.clone(), constant }
    }

    /// `a * b`: exact where one is constant, else each rounded unless it is stored.
    pub fn multiply(&mut self, label: &str, a: &Value, b: &Value) -> Value {
        let (a, b) = self.paired(a, b);
        let id = match (&a.constant, &b.constant) {
            (_, Some(constant)) => self.weighed(label, &a, constant),
            (Some(constant), None) => self.weighed(label, &b, constant),
            (None, None) => self.arithmetic.product(label, a.id, b.id),
        };
        Value { id, shape: a.shape, constant: None }
    }

    /// Multiplied by constants; those have no axis of their own to repeat along, so a new first axis is put before and taken away.
    fn weighed(&mut self, label: &str, x: &Value, (factor, param): &(Rational, Param)) -> NodeIndex {
        let whole = self.whole(&x.shape);
        let longer = [&[1], &whole[..]].concat();
        let axes = std::iter::once(None).chain((0..whole.len()).map(Some)).collect();
        let under = self.arithmetic.arrange(axes, &longer, x.id);
        let table = self.arithmetic.sketch.param(param.clone());
        let shape = longer.iter().map(|length| Size::fixed(*length)).collect();
        let product = self.arithmetic.sketch.add(label, Op::Weigh(table), &[under], shape);
        let back = self.arithmetic.arrange((1..longer.len()).map(Some).collect(), &whole, product);
        self.arithmetic.scale(factor, back)
    }

    /// `a * b` of data, with no rounding.
    pub fn exact(&mut self, label: &str, a: &Value, b: &Value) -> Result<Value> {
        let (a, b) = self.paired(a, b);
        let name = |formula: &Self, x: &Value| formula.arithmetic.sketch.node(x.id).label.clone();
        let wide = ProgramError::Wide(name(self, &a), name(self, &b));
        if let (Some((c, p)), Some((d, q))) = (&a.constant, &b.constant) {
            let param = multiplied(label, p, q).ok_or(wide)?;
            return Ok(self.constant(c * d, param));
        }
        let id = self.arithmetic.exact_product(label, a.id, b.id).ok_or(wide)?;
        Ok(Value { id, shape: a.shape, constant: None })
    }

    /// The sum over all own axes.
    pub fn sum(&mut self, label: &str, x: &Value) -> Value {
        let sum = (1..=x.shape.len()).rev().fold(x.id, |id, axis| self.arithmetic.sum(label, axis, id));
        Value { id: sum, shape: vec![], constant: None }
    }

    pub fn dot(&mut self, label: &str, a: &Value, b: &Value) -> Value {
        let products = self.multiply(&format!("products {label}"), a, b);
        self.sum(label, &products)
    }

    /// A matrix times a vector.
    pub fn matvec(&mut self, label: &str, matrix: &Value, vector: &Value) -> Value {
        let rows = self.arranged(vector, &[None, Some(0)], &matrix.shape);
        let products = self.multiply(&format!("products {label}"), matrix, &rows);
        Value { id: self.arithmetic.sum(label, 2, products.id), shape: vec![matrix.shape[0]], constant: None }
    }

    /// `round(f(x))`.
    pub fn through(&mut self, label: &str, function: Function, x: &Value) -> Value {
        let format = self.formats.activations;
        Value { id: self.arithmetic.store(label, function, format, x.id), shape: x.shape.clone(), constant: None }
    }
}

/// Constants along other axes; the first, of examples, stays.
fn repeated(param: &Param, axes: &[Option<usize>], shape: &[u64]) -> Param {
    let own = &param.shape[1..];
    let (count, old): (u64, u64) = (shape.iter().product(), own.iter().product());
    let place = |place: u64| {
        let (mut rest, mut at) = (place, vec![0; own.len()]);
        for (axis, length) in axes.iter().zip(shape).rev() {
            if let Some(axis) = axis {
                at[*axis] = rest % length;
            }
            rest /= length;
        }
        at.iter().zip(own).fold(0, |sum, (index, length)| sum * length + index)
    };
    let values = param.values.as_deref().unwrap_or_default();
    let entry = |row: u64| (0..count).map(move |new| values[(row * old + place(new)) as usize]);
    let values = (0..param.shape[0]).flat_map(entry).collect();
    Param { shape: [&param.shape[..1], shape].concat(), values: Some(values), ..param.clone() }
}

/// The products of constants of one shape, exactly.
fn multiplied(name: &str, a: &Param, b: &Param) -> Option<Param> {
    let format = product_format(a.format, b.format)?;
    let (x, y) = (a.values.as_deref()?, b.values.as_deref()?);
    let values = x.iter().zip(y).map(|(x, y)| x * y).collect();
    Some(Param { name: name.to_owned(), shape: a.shape.clone(), values: Some(values), format })
}
