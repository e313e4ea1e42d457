//! Products of stored values: fused with the store of the later factor where that saves a layer; must not know how gates are made.

use petgraph::graph::NodeIndex;

use super::{Late, Lowering, Result, Value};
use crate::circuit::{ArrayId, Index, Node};
use crate::number::{Format, Function};
use crate::tensor::Op;
use crate::words::{Form, Pairing, Stored, Strategy, unit_of};

/// Ports stand for values of earlier iterations, which are taken to come later than any input; and those carried along an inner axis
/// later than those of outer axes, so that a product costs the innermost recurrence least.
const LATE: u64 = 1 << 32;

impl Lowering<'_> {
    /// Stores, at once or, where a product reads it, when a word is needed.
    pub(super) fn store(&mut self, id: NodeIndex, x: NodeIndex, function: &Function, format: Format) -> Result<Value> {
        let form = self.form(x)?;
        let form = self.exact(id, form)?;
        let stored = Stored { function: function.clone(), format };
        if self.maker.strategy == Strategy::Depth && self.feeds_product(id) {
            return Ok(Value::Late(Late { form, stored, moved: None }));
        }
        Ok(Value::Word(self.maker.store(&form, &stored)?))
    }

    fn feeds_product(&self, id: NodeIndex) -> bool {
        self.graph.petgraph().neighbors(id).any(|reader| match self.graph.node(reader).op {
            Op::Product | Op::Chosen => true,
            Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } => self.feeds_product(reader),
            _ => false,
        })
    }

    pub(super) fn product(&mut self, x: NodeIndex, y: NodeIndex) -> Result<Value> {
        for (late, other) in [(x, y), (y, x)] {
            if let Value::Late(Late { form, stored, .. }) = self.values[late.index()].clone()
                && self.ready(other) <= self.layer(form.array)
            {
                let word = self.word(other)?;
                let pairing = elementwise(self.maker.shape(form.array));
                let array = self.maker.fused_product(&form, &stored, &word, &pairing, 0)?;
                let unit = unit_of(stored.format.fraction() + word.scale.fraction());
                return Ok(Value::Form(Form { array, unit }));
            }
        }
        let (x, y) = (self.word(x)?, self.word(y)?);
        let array = self.maker.product(&x, &y, &elementwise(x.shape.clone()), 0)?;
        Ok(Value::Form(Form { array, unit: unit_of(x.scale.fraction() + y.scale.fraction()) }))
    }

    /// The layer after which a value is a word.
    pub(super) fn ready(&mut self, id: NodeIndex) -> u64 {
        match self.values[id.index()].clone() {
            Value::Late(late) => self.layer(late.form.array) + 1,
            Value::Word(word) => word.array().map_or(0, |array| self.layer(array)),
            Value::Form(form) => self.layer(form.array),
            Value::Gates(array) => self.layer(array),
        }
    }

    /// The layers up to an array.
    pub(super) fn layer(&mut self, id: ArrayId) -> u64 {
        for known in self.layers.len()..=id.index() {
            let layer = match &self.maker.builder.arrays()[known].node {
                Node::Input => 0,
                Node::Port => LATE * self.port_lateness(known),
                Node::Bank(bank) => self.layers[bank.form.index()] + 1,
                Node::Affine(affine) => {
                    affine.terms.iter().map(|term| self.layers[term.source.index()]).max().unwrap_or(0)
                }
            };
            self.layers.push(layer);
        }
        self.layers[id.index()]
    }

    /// How late the port at this place among the arrays counts.
    fn port_lateness(&self, place: usize) -> u64 {
        let before = &self.maker.builder.arrays()[..place];
        let number = before.iter().filter(|array| matches!(array.node, Node::Port)).count();
        self.lateness.get(number).copied().unwrap_or(1)
    }
}

fn elementwise(shape: Vec<crate::circuit::Size>) -> Pairing {
    let here = Index::identity(shape.len());
    Pairing { shape, band: None, first: here.clone(), second: here }
}
