//! Operations of looped graphs: ports, inputs, constants, sums and moves; none but the maximum costs a layer.

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::system::Declared;
use super::{Input, InputKind, Late, Lowering, Result, Value};
use crate::circuit::{Coef, Index, Size, Term};
use crate::number::{Format, Rational};
use crate::tensor::{Carrier, Node, Op, ParamId};
use crate::words::{Form, common_unit, unit_of};

impl Lowering<'_> {
    /// What the graph's next port carries.
    pub(super) fn port(&mut self, node: &Node, carrier: Carrier) -> Result<Value> {
        let shape = node.shape.clone();
        match (carrier, self.ports.next()) {
            (Carrier::Stored(format), _) => Ok(Value::Word(self.maker.word_port(shape, format)?)),
            (Carrier::Exact, Some(Declared { unit, range })) => {
                Ok(Value::Form(Form { array: self.maker.builder.port(shape, range)?, unit }))
            }
            (Carrier::Choice | Carrier::Exact, _) => {
                let zero_or_one = crate::interval::Interval::new(0, 1);
                Ok(Value::Gates(self.maker.builder.port(shape, zero_or_one)?))
            }
        }
    }

    /// Numbers as input bits.
    pub(super) fn number(&mut self, node: &Node, format: Format) -> Result<Value> {
        let shape = node.shape.iter().map(|size| size.value).collect();
        let kind = InputKind::Numbers(format);
        self.inputs.push(Input { name: node.label.clone(), shape, bits: format.width(), kind });
        Ok(Value::Word(self.maker.word_input(node.shape.clone(), format)?))
    }

    pub(super) fn given(&mut self, node: &Node, table: ParamId) -> Result<Value> {
        let constants = self.constants(table);
        let entry = Coef::table(constants.table, row_major(&node.shape, 0));
        let array = self.maker.affine(node.shape.clone(), None, vec![], vec![entry])?;
        Ok(Value::Form(Form { array, unit: unit_of(constants.fraction) }))
    }

    /// By a constant: the same forms in another unit, turned around where it is negative.
    pub(super) fn scale(&mut self, x: NodeIndex, factor: &Rational) -> Result<Value> {
        let form = self.form(x)?;
        let whole = factor.numer().clone();
        let shape = self.maker.shape(form.array);
        let term = Term::new(form.array, Index::identity(shape.len())).by(whole);
        let array = self.maker.affine(shape, self.maker.band(form.array), vec![term], vec![])?;
        let unit = form.unit / Rational::from_integer(factor.denom().clone());
        Ok(Value::Form(Form { array, unit }))
    }

    pub(super) fn weigh(&mut self, x: NodeIndex, table: ParamId) -> Result<Value> {
        let form = self.form(x)?;
        let constants = self.constants(table);
        let shape = self.maker.shape(form.array);
        let coef = Coef::table(constants.table, row_major(&shape, 1));
        let term = Term::new(form.array, Index::identity(shape.len())).times(coef);
        let array = self.maker.affine(shape, None, vec![term], vec![])?;
        Ok(Value::Form(Form { array, unit: form.unit * unit_of(constants.fraction) }))
    }

    pub(super) fn sum(&mut self, x: NodeIndex, axis: usize) -> Result<Value> {
        let form = self.form(x)?;
        if let Some(how) = self.graph.accumulation() {
            return Ok(Value::Form(self.maker.accumulate(&form, axis, how)?));
        }
        let mut shape = self.maker.shape(form.array);
        let length = shape.remove(axis);
        let mut index = Index::identity(shape.len());
        index.insert(axis, Index::axis(shape.len()));
        let term = Term::new(form.array, index).over(vec![length]);
        let array = self.maker.affine(shape, None, vec![term], vec![])?;
        Ok(Value::Form(Form { array, unit: form.unit }))
    }

    /// Elements of `x` at other places, in the node's shape.
    pub(super) fn moved(&mut self, node: &Node, x: NodeIndex) -> Result<Value> {
        let index = self.places(node, x);
        match self.values[x.index()].clone() {
            Value::Late(late) => {
                let array = self.maker.moved(late.form.array, node.shape.clone(), index.clone())?;
                let form = Form { array, unit: late.form.unit };
                Ok(Value::Late(Late { form, stored: late.stored, moved: Some((x, index)) }))
            }
            value => self.read_at(value, node.shape.clone(), index),
        }
    }

    /// Elements of a value that is not late, at other places.
    fn read_at(&mut self, value: Value, shape: Vec<Size>, index: Vec<Index>) -> Result<Value> {
        match value {
            Value::Word(word) => Ok(Value::Word(self.maker.moved_word(&word, shape, &index)?)),
            Value::Gates(array) => Ok(Value::Gates(self.maker.moved(array, shape, index)?)),
            Value::Form(form) => {
                Ok(Value::Form(Form { array: self.maker.moved(form.array, shape, index)?, unit: form.unit }))
            }
            Value::Late(_) => unreachable!("a late value is stored before its axes change"),
        }
    }

    /// Groups of axes merged where that is needed, then split: each is one reading of the array.
    pub(super) fn reshaped(&mut self, node: &Node, x: NodeIndex) -> Result<Value> {
        let value = match self.values[x.index()].clone() {
            Value::Late(_) => Value::Word(self.word(x)?),
            value => value,
        };
        let lengths = |shape: &[Size]| shape.iter().map(|size| size.value).collect::<Vec<_>>();
        let (from, to) = (lengths(&self.graph.node(x).shape), lengths(&node.shape));
        let groups = groups(&from, &to);
        let fixed = |lengths: &[u64]| lengths.iter().map(|length| Size::fixed(*length)).collect::<Vec<_>>();
        let merged: Vec<u64> = groups.iter().map(|(own, _)| own.iter().product()).collect();
        let value = match groups.iter().all(|(own, _)| own.len() == 1) {
            true => value,
            false => self.read_at(value, fixed(&merged), merging(&groups))?,
        };
        match groups.iter().all(|(_, new)| new.len() == 1) {
            true => Ok(value),
            false => self.read_at(value, fixed(&to), splitting(&groups)),
        }
    }

    /// Where each axis of `x` is read.
    fn places(&self, node: &Node, x: NodeIndex) -> Vec<Index> {
        let from = self.graph.node(x).shape.len();
        match &node.op {
            Op::Arrange(axes) => {
                let place = |axis| axes.iter().position(|source| *source == Some(axis));
                (0..from).map(|axis| place(axis).map_or(Index::at(0), Index::axis)).collect()
            }
            Op::Slice { axis, start } => {
                let mut index = Index::identity(from);
                index[*axis].base = *start as i64;
                index
            }
            Op::Pick { axis, places } => {
                let mut index = Index::identity(from);
                index[*axis] = Index::gathered(*axis, places.iter().map(|place| *place as i64).collect::<Vec<_>>());
                index
            }
            _ => Index::identity(from),
        }
    }

    pub(super) fn concat(&mut self, operands: &[NodeIndex], axis: usize) -> Result<Value> {
        if let Some(format) = self.common_format(operands) {
            let words = operands.iter().map(|id| self.word(*id)).collect::<Result<Vec<_>>>()?;
            return Ok(Value::Word(self.maker.joined_words(&words, format, axis)?));
        }
        let forms = operands.iter().map(|id| self.form(*id)).collect::<Result<Vec<_>>>()?;
        let unit = forms.iter().fold(Rational::one(), |unit, form| common_unit(&unit, &form.unit));
        let arrays = forms.iter().map(|form| self.rescaled(form, &unit)).collect::<Result<Vec<_>>>()?;
        let array = self.maker.joined(&arrays, axis)?;
        Ok(Value::Form(Form { array, unit }))
    }

    /// The forms in a finer unit.
    pub(super) fn rescaled(&mut self, form: &Form, unit: &Rational) -> Result<crate::circuit::ArrayId> {
        if &form.unit == unit {
            return Ok(form.array);
        }
        let shape = self.maker.shape(form.array);
        let factor = (&form.unit / unit).to_integer();
        let term = Term::new(form.array, Index::identity(shape.len())).by(factor);
        Ok(self.maker.affine(shape, self.maker.band(form.array), vec![term], vec![])?)
    }

    /// The format of values that are all stored in the same.
    fn common_format(&self, operands: &[NodeIndex]) -> Option<Format> {
        let formats: Option<Vec<Format>> = operands.iter().map(|id| self.format_of(*id)).collect();
        let formats = formats?;
        formats.iter().all(|format| *format == formats[0]).then(|| formats[0])
    }

    /// The format a value is stored in.
    pub(super) fn format_of(&self, id: NodeIndex) -> Option<Format> {
        match &self.graph.node(id).op {
            Op::Store { format, .. } | Op::Number(format) | Op::Port(Carrier::Stored(format)) => Some(*format),
            Op::Normalise { format, .. } | Op::Softmax(_, _, format) => Some(*format),
            Op::Attend(scores, _) => Some(scores.format),
            Op::Quotient(format) => Some(*format),
            Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape | Op::Concat(_) | Op::Max(_) => {
                self.common_format(&self.graph.operands(id))
            }
            _ => None,
        }
    }

    pub(super) fn maximum(&mut self, x: NodeIndex, axis: usize) -> Result<Value> {
        let format = self.format_of(x).unwrap_or_else(|| unreachable!("a maximum is of stored values"));
        let word = self.word(x)?;
        Ok(Value::Word(self.maker.maximum(&word, format, axis)?))
    }
}

/// Axes before and after a change of axes, in the smallest groups that have as many elements before as after.
fn groups(from: &[u64], to: &[u64]) -> Vec<(Vec<u64>, Vec<u64>)> {
    let (mut from, mut to) = (from.iter().copied().peekable(), to.iter().copied().peekable());
    let mut groups: Vec<(Vec<u64>, Vec<u64>)> = Vec::new();
    while from.peek().is_some() || to.peek().is_some() {
        let (mut own, mut new): (Vec<u64>, Vec<u64>) =
            (from.next().into_iter().collect(), to.next().into_iter().collect());
        while own.iter().product::<u64>() != new.iter().product::<u64>() {
            let next = if own.iter().product::<u64>() < new.iter().product() {
                (&mut own, from.next())
            } else {
                (&mut new, to.next())
            };
            next.0.extend(next.1);
        }
        groups.push((own, new));
    }
    groups
}

/// Where each axis before is read, from one axis for each group.
fn merging(groups: &[(Vec<u64>, Vec<u64>)]) -> Vec<Index> {
    let mut index = Vec::new();
    for (axis, (own, _)) in groups.iter().enumerate() {
        let mut stride: u64 = own.iter().product();
        for length in own {
            let total = own.iter().product::<u64>();
            stride /= length;
            let place = |at: u64| (at / stride % length) as i64;
            index.push(if own.len() == 1 {
                Index::axis(axis)
            } else {
                Index::gathered(axis, (0..total).map(place).collect::<Vec<_>>())
            });
        }
    }
    index
}

/// Where the one axis of each group is read, from the axes after.
fn splitting(groups: &[(Vec<u64>, Vec<u64>)]) -> Vec<Index> {
    let (mut index, mut axis) = (Vec::new(), 0);
    for (_, new) in groups {
        let mut stride = new.iter().product::<u64>() as i64;
        let step = |(place, length): (usize, &u64)| {
            stride /= *length as i64;
            (axis + place, stride)
        };
        index.push(Index::strided(new.iter().enumerate().map(step).collect::<Vec<_>>()));
        axis += new.len();
    }
    index
}

/// The place of an element in a table of the shape without its first axes.
fn row_major(shape: &[Size], skip: usize) -> Index {
    let mut stride = 1;
    let mut steps = Vec::new();
    for (axis, size) in shape.iter().enumerate().skip(skip).rev() {
        steps.push((axis, stride));
        stride *= size.value as i64;
    }
    Index::strided(steps)
}
