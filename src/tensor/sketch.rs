//! Making a graph one operation after another, shapes worked out on the way; must not know architectures or files.

use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};

use super::{Carrier, Graph, Node, Op, Param, ParamId};
use crate::expr::Size;
use crate::number::{Accumulation, Format, Function, Rational};

/// A graph under construction.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    nodes: DiGraph<Node, usize>,
    params: Vec<Param>,
    module: Arc<[String]>,
    outputs: Vec<(String, NodeIndex)>,
    accumulation: Option<Accumulation>,
}

impl Sketch {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph whose sums are added up in this way; exactly, if not said.
    pub fn summing(accumulation: Option<Accumulation>) -> Self {
        Self { accumulation, ..Self::default() }
    }

    /// Everything `f` adds lies in this module.
    pub fn within<T>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        let around = Arc::clone(&self.module);
        self.module = around.iter().cloned().chain([name.to_owned()]).collect();
        let result = f(self);
        self.module = around;
        result
    }

    /// What is added from now on lies in this module.
    pub fn set_module(&mut self, module: Vec<String>) {
        self.module = module.into();
    }

    /// A parameter.
    pub fn param(&mut self, param: Param) -> ParamId {
        self.params.push(param);
        ParamId(self.params.len() - 1)
    }

    /// The next port.
    pub fn port(&mut self, label: &str, carrier: Carrier, shape: &[u64]) -> NodeIndex {
        self.source(label, Op::Port(carrier), shape)
    }

    /// Numbers given from outside.
    pub fn number(&mut self, label: &str, format: Format, shape: &[u64]) -> NodeIndex {
        self.source(label, Op::Number(format), shape)
    }

    /// Token ids given from outside.
    pub fn tokens(&mut self, label: &str, vocabulary: u64, count: u64) -> NodeIndex {
        self.source(label, Op::Tokens { vocabulary }, &[count])
    }

    /// A parameter as a value.
    pub fn given(&mut self, label: &str, param: Param) -> NodeIndex {
        let shape = param.shape.clone();
        let id = self.param(param);
        self.source(label, Op::Given(id), &shape)
    }

    /// An operation without operands.
    fn source(&mut self, label: &str, op: Op, shape: &[u64]) -> NodeIndex {
        self.add(label, op, &[], shape.iter().map(|length| Size::fixed(*length)).collect())
    }

    /// The result of an operation whose shape follows from its operands.
    ///
    /// # Panics
    /// When operands do not fit together: a defect of the caller.
    pub fn apply(&mut self, label: &str, op: Op, operands: &[NodeIndex]) -> NodeIndex {
        let shape = self.result(&op, operands);
        self.add(label, op, operands, shape)
    }

    /// The result of an operation, of this shape.
    pub fn add(&mut self, label: &str, op: Op, operands: &[NodeIndex], shape: Vec<Size>) -> NodeIndex {
        let attended = match op {
            Op::Dot(attended) | Op::Softmax(_, attended, _) => Some(attended),
            _ => None,
        };
        let node = Node { op, shape, attended, module: Arc::clone(&self.module), label: label.to_owned() };
        let id = self.nodes.add_node(node);
        for (slot, operand) in operands.iter().enumerate() {
            self.nodes.add_edge(*operand, id, slot);
        }
        id
    }

    /// `round(f(x))`.
    pub fn store(&mut self, label: &str, function: Function, format: Format, x: NodeIndex) -> NodeIndex {
        self.apply(label, Op::Store { function, format }, &[x])
    }

    /// `factor * x`.
    pub fn scale(&mut self, label: &str, factor: Rational, x: NodeIndex) -> NodeIndex {
        self.apply(label, Op::Scale(factor), &[x])
    }

    /// `a - b`.
    pub fn subtract(&mut self, label: &str, a: NodeIndex, b: NodeIndex) -> NodeIndex {
        let minus = self.scale(label, -Rational::from_integer(1.into()), b);
        self.apply(label, Op::Add, &[a, minus])
    }

    /// `weight x + bias`.
    pub fn linear(&mut self, label: &str, weight: Param, bias: Option<Param>, out: &[u64], x: NodeIndex) -> NodeIndex {
        let weight = self.param(weight);
        let bias = bias.map(|bias| self.param(bias));
        self.apply(label, Op::Linear { weight, bias, out: out.to_vec() }, &[x])
    }

    /// The shape of a value.
    pub fn shape(&self, id: NodeIndex) -> &[Size] {
        &self.nodes[id].shape
    }

    /// One node.
    pub fn node(&self, id: NodeIndex) -> &Node {
        &self.nodes[id]
    }

    /// A node's operands in order.
    pub fn operands(&self, id: NodeIndex) -> Vec<NodeIndex> {
        super::operands(&self.nodes, id)
    }

    /// A parameter made before.
    pub fn parameter(&self, id: ParamId) -> &Param {
        &self.params[id.0]
    }

    /// Names a value as the next output; gives its number.
    pub fn output(&mut self, name: &str, id: NodeIndex) -> usize {
        self.outputs.push((name.to_owned(), id));
        self.outputs.len() - 1
    }

    /// Names a value as the first output, before those named so far.
    pub fn output_first(&mut self, name: &str, id: NodeIndex) {
        self.outputs.insert(0, (name.to_owned(), id));
    }

    /// The operation a value is the result of.
    pub fn op(&self, id: NodeIndex) -> &Op {
        &self.nodes[id].op
    }

    /// The finished graph.
    ///
    /// # Panics
    /// Without outputs.
    pub fn build(self) -> Graph {
        assert!(!self.outputs.is_empty(), "a graph gives something out");
        Graph { nodes: self.nodes, params: self.params, outputs: self.outputs, accumulation: self.accumulation }
    }

    fn result(&self, op: &Op, operands: &[NodeIndex]) -> Vec<Size> {
        let first: Vec<Size> = operands.first().map(|id| self.nodes[*id].shape.clone()).unwrap_or_default();
        match op {
            Op::Add | Op::Product => {
                assert!(operands.iter().all(|id| self.nodes[*id].shape == first), "operands of one shape");
                first
            }
            Op::Sum(axis) | Op::Max(axis) => without(first, *axis),
            Op::Linear { out, .. } => {
                first.into_iter().take(1).chain(out.iter().map(|length| Size::fixed(*length))).collect()
            }
            Op::Embed { table, .. } => {
                let width = self.params[table.0].shape[1];
                first.into_iter().chain([Size::fixed(width)]).collect()
            }
            Op::Pick { axis, places } => {
                let mut shape = first;
                shape[*axis] = Size::fixed(places.len() as u64);
                shape
            }
            Op::Concat(axis) => {
                let length = operands.iter().map(|id| self.nodes[*id].shape[*axis].value).sum();
                first
                    .into_iter()
                    .enumerate()
                    .map(|(a, size)| if a == *axis { Size::fixed(length) } else { size })
                    .collect()
            }
            Op::Arrange(_) | Op::Slice { .. } | Op::Reshape => panic!("the shape of {} is given with `add`", op.name()),
            _ => first,
        }
    }
}

fn without(mut shape: Vec<Size>, axis: usize) -> Vec<Size> {
    shape.remove(axis);
    shape
}
