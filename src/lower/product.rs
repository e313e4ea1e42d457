//! Products of stored values: fused with the store of the later factor where that saves a layer; must not know how gates are made.

use std::collections::HashMap;

use petgraph::graph::NodeIndex;

use super::{Lowering, Result, Value};
use crate::circuit::{ArrayId, Index, Node};
use crate::number::{Format, Function};
use crate::tensor::Op;
use crate::words::{Form, Pairing, Stored, Strategy, unit_of};

/// Ports stand for values of earlier iterations, which are taken to come later than any input; and those carried along an inner axis
/// later than those of outer axes, so that a product costs the innermost recurrence least.
const LATE: u64 = 1 << 32;

/// A value that is stored when something needs it as a word.
#[derive(Clone)]
pub(super) struct Late {
    pub form: Form,
    pub stored: Stored,
    /// The node that stores it, and where its elements are read, where this is not that node.
    pub moved: Option<(NodeIndex, Vec<Index>)>,
}

/// Which factor of a product shares its layer: its place among the two.
#[derive(Default)]
pub(super) struct Sharing {
    /// Of products with any weights, where those at hand are known.
    planned: Option<HashMap<NodeIndex, usize>>,
    done: HashMap<NodeIndex, usize>,
}

impl Lowering<'_> {
    /// Where weights are known, products share layers as they would with any: so no setting of them takes more gates or layers than the
    /// architecture does.
    pub(super) fn plan(&mut self) -> Result<()> {
        let multiplies = |id| matches!(self.graph.node(id).op, Op::Product | Op::Chosen);
        let read = self.maker.known && self.graph.params().iter().any(|param| param.values.is_some());
        if !read || self.maker.strategy != Strategy::Depth || !self.graph.order().any(multiplies) {
            return Ok(());
        }
        let graph = self.graph.unread();
        let mut open = Lowering::new(&graph, Strategy::Depth, false, self.ports.as_slice().to_vec());
        open.lateness.clone_from(&self.lateness);
        open.run()?;
        self.sharing.planned = Some(open.sharing.done);
        Ok(())
    }

    /// The factor about to be stored that shares the product's layer, and the other one: where that and a choice, ready after so many
    /// layers, are there by then.
    pub(super) fn shared(&mut self, id: NodeIndex, [x, y]: [NodeIndex; 2], choice: u64) -> Option<(Late, NodeIndex)> {
        for (place, (late, other)) in [(x, y), (y, x)].into_iter().enumerate() {
            let Value::Late(late) = self.values[late.index()].clone() else { continue };
            let shares = match &self.sharing.planned {
                Some(planned) => planned.get(&id) == Some(&place),
                None => self.ready(other).max(choice) <= self.layer(late.form.array),
            };
            if shares {
                self.sharing.done.insert(id, place);
                return Some((late, other));
            }
        }
        None
    }

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

    pub(super) fn product(&mut self, id: NodeIndex, x: NodeIndex, y: NodeIndex) -> Result<Value> {
        if let Some((Late { form, stored, .. }, other)) = self.shared(id, [x, y], 0) {
            let word = self.word(other)?;
            let pairing = elementwise(self.maker.shape(form.array));
            let array = self.maker.fused_product(&form, &stored, &word, &pairing, 0)?;
            let unit = unit_of(stored.format.fraction() + word.scale.fraction());
            return Ok(Value::Form(Form { array, unit }));
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
