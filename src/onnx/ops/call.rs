//! What an operator is called with: its inputs and attributes, each of which must be understood; must not know what operators do.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::number::{Rational, rational_from_decimal};
use crate::onnx::array::Array;
use crate::onnx::emit::{Emit, Result};
use crate::onnx::value::{Data, Reals, Value};
use crate::spec::onnx::{Attribute, Node};

/// A call of an operator.
pub(in crate::onnx) struct Call<'a> {
    /// The node.
    pub node: &'a Node,
    /// Its inputs; none where one is left out.
    pub inputs: Vec<Option<Value>>,
    /// The operator set.
    pub opset: u64,
    /// Which outputs are read.
    pub wanted: Vec<bool>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Call<'a> {
    pub fn new(node: &'a Node, inputs: Vec<Option<Value>>, opset: u64, wanted: Vec<bool>) -> Self {
        Self { node, inputs, opset, wanted, asked: RefCell::default() }
    }

    /// Whether anything reads this output.
    pub fn wants(&self, output: usize) -> bool {
        self.wanted.get(output).copied().unwrap_or(false)
    }

    // ---- Inputs ----

    /// An input, if it is there.
    pub fn optional(&self, place: usize) -> Option<&Value> {
        self.inputs.get(place).and_then(Option::as_ref)
    }

    /// An input that must be there.
    pub fn input(&self, place: usize) -> Result<&Value> {
        self.optional(place).ok_or_else(|| format!("input {place} is missing"))
    }

    /// An input as a value of the graph.
    pub fn data(&self, emit: &mut Emit, place: usize) -> Result<Data> {
        data(emit, self.input(place)?)
    }

    /// An optional input as a value of the graph.
    pub fn optional_data(&self, emit: &mut Emit, place: usize) -> Result<Option<Data>> {
        self.optional(place).map(|value| data(emit, value)).transpose()
    }

    /// An input that must be integers known beforehand.
    pub fn integers(&self, place: usize) -> Result<Option<&Array<i64>>> {
        match self.optional(place) {
            None => Ok(None),
            Some(Value::Ints(array)) => Ok(Some(array)),
            Some(_) => Err(format!("input {place} must be constant integers")),
        }
    }

    /// An input that must be real constants.
    pub fn reals(&self, place: usize) -> Result<Option<&Reals>> {
        match self.optional(place) {
            None => Ok(None),
            Some(Value::Reals(reals)) => Ok(Some(reals)),
            Some(_) => Err(format!("input {place} must be constant: weights that are computed are not read here")),
        }
    }

    /// The one value of an input that must be a constant number.
    pub fn number(&self, place: usize) -> Result<Option<f64>> {
        match self.optional(place) {
            None => Ok(None),
            Some(Value::Ints(array)) if array.values.len() == 1 => Ok(Some(array.values[0] as f64)),
            Some(Value::Reals(reals)) if reals.single().is_some() => Ok(reals.single()),
            Some(_) => Err(format!("input {place} must be one constant number")),
        }
    }

    // ---- Attributes ----

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.node.attributes.get(name)
    }

    /// An integer.
    pub fn int(&self, name: &str) -> Result<Option<i64>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Int(value)) => Ok(Some(*value)),
            Some(_) => Err(format!("attribute `{name}` is no integer")),
        }
    }

    /// A flag.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        Ok(self.int(name)?.map_or(default, |value| value != 0))
    }

    /// A real number.
    pub fn float(&self, name: &str) -> Result<Option<f32>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Float(value)) => Ok(Some(*value)),
            Some(_) => Err(format!("attribute `{name}` is no real number")),
        }
    }

    /// A real number as the shortest decimal that stands for it.
    pub fn decimal(&self, name: &str, default: f32) -> Result<Rational> {
        decimal(self.float(name)?.unwrap_or(default)).ok_or_else(|| format!("attribute `{name}` is no number"))
    }

    /// Integers.
    pub fn ints(&self, name: &str) -> Result<Option<&[i64]>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values)),
            Some(_) => Err(format!("attribute `{name}` is no list of integers")),
        }
    }

    /// Real numbers.
    pub fn floats(&self, name: &str) -> Result<Option<&[f32]>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Floats(values)) => Ok(Some(values)),
            Some(_) => Err(format!("attribute `{name}` is no list of real numbers")),
        }
    }

    /// Text.
    pub fn text<'s>(&'s self, name: &str, default: &'s str) -> Result<&'s str> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Attribute::Text(text)) => Ok(text),
            Some(_) => Err(format!("attribute `{name}` is no text")),
        }
    }

    /// Texts.
    pub fn texts(&self, name: &str) -> Result<Option<&[String]>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Texts(texts)) => Ok(Some(texts)),
            Some(_) => Err(format!("attribute `{name}` is no list of texts")),
        }
    }

    /// Any value.
    pub fn any(&self, name: &str) -> Option<&Attribute> {
        self.attribute(name)
    }

    /// An attribute whose value does not matter here.
    pub fn ignore(&self, name: &str) {
        self.attribute(name);
    }

    /// Whether every attribute was asked for.
    pub fn understood(&self) -> Result<()> {
        let asked = self.asked.borrow();
        let mut other = self.node.attributes.keys().filter(|name| !asked.contains(*name));
        other.next().map_or(Ok(()), |name| Err(format!("attribute `{name}` is not understood")))
    }
}

/// The shortest decimal that reads back as a number of 32 bits, taken exactly.
fn decimal(value: f32) -> Option<Rational> {
    rational_from_decimal(format!("{value:e}").parse().ok()?)
}

/// A value as one of the graph.
pub(in crate::onnx) fn data(emit: &mut Emit, value: &Value) -> Result<Data> {
    match value {
        Value::Data(data) => whole(data),
        Value::Reals(reals) => emit.given(reals),
        Value::Ints(_) => Err("it computes with constant integers and real numbers together".to_owned()),
        Value::Ids(ids) => {
            Err(format!("it computes with the integers of input `{}`; only embeddings may read them", ids.name))
        }
    }
}

/// A value no mask has left anything out of.
pub(in crate::onnx) fn whole(data: &Data) -> Result<Data> {
    match data.left_out {
        None => Ok(data.clone()),
        Some(_) => {
            Err("it reads scores to which a mask of large negative numbers was added; only Softmax may".to_owned())
        }
    }
}

/// An axis counted from the end where it is negative.
pub(in crate::onnx) fn axis(axis: i64, rank: usize) -> Result<usize> {
    let rank_signed = rank as i64;
    let found = if axis < 0 { axis + rank_signed } else { axis };
    match (0..rank_signed).contains(&found) {
        true => Ok(found as usize),
        false => Err(format!("there is no axis {axis} among {rank}")),
    }
}

/// Axes counted from the end where they are negative, each once, in order.
pub(in crate::onnx) fn axes(list: &[i64], rank: usize) -> Result<Vec<usize>> {
    let mut found = list.iter().map(|one| axis(*one, rank)).collect::<Result<Vec<_>>>()?;
    found.sort_unstable();
    match found.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(format!("axes {list:?} name one twice")),
        false => Ok(found),
    }
}
