//! An operation where it stands: its operands and the numbers of elements, rows and keys; must not know what anything costs.

use petgraph::graph::NodeIndex;

use super::keys::Keys;
use crate::expr::{Expr, Size};
use crate::number::{Accumulation, Format};
use crate::tensor::{Attended, Carrier, Graph, Node, Op, ParamId};

/// One node with its graph.
pub(in crate::cost) struct Site<'a> {
    graph: &'a Graph,
    /// The node.
    pub node: &'a Node,
    /// Its operands, in order.
    pub operands: Vec<NodeIndex>,
}

impl<'a> Site<'a> {
    pub fn new(graph: &'a Graph, id: NodeIndex) -> Self {
        Self { graph, node: graph.node(id), operands: graph.operands(id) }
    }

    /// Elements of the result that exist.
    pub fn elements(&self) -> Expr {
        match self.node.attended {
            Some(attended) => &self.keys(attended).pairs * &product(&self.node.shape[2..]),
            None => product(&self.node.shape),
        }
    }

    /// How sums are added up.
    pub fn accumulation(&self) -> Option<&'a Accumulation> {
        self.graph.accumulation()
    }

    /// Elements of the result a circuit has: all of the box where sums are accumulated, for terms left out count as zeros.
    pub fn made(&self) -> Expr {
        if self.accumulation().is_some() { product(&self.node.shape) } else { self.elements() }
    }

    /// Elements of the result but for its last axis.
    pub fn rows(&self) -> Expr {
        product(&self.node.shape[..self.node.shape.len().saturating_sub(1)])
    }

    /// The length of the result's last axis.
    pub fn last(&self) -> u64 {
        self.node.shape.last().map_or(1, |size| size.value)
    }

    /// The axes of an operand.
    pub fn shape(&self, operand: usize) -> &'a [Size] {
        &self.graph.node(self.operands[operand]).shape
    }

    /// The format an operand is stored in.
    pub fn format_of(&self, operand: usize) -> Option<Format> {
        stored(self.graph, self.operands[operand])
    }

    /// The length of an operand's last axis.
    pub fn last_of(&self, operand: usize) -> u64 {
        self.shape(operand).last().map_or(1, |size| size.value)
    }

    /// Keys of queries, both on the result's first axis.
    pub fn keys(&self, attended: Attended) -> Keys {
        Keys::new(&self.node.shape[0], attended)
    }

    /// Heads of an operation whose operand is scores or softmax weights: [query, key, group, member].
    pub fn heads(&self) -> Expr {
        product(&self.shape(0)[2..])
    }

    /// The axes of a parameter.
    pub fn param_shape(&self, id: ParamId) -> &'a [u64] {
        &self.graph.param(id).shape
    }

    /// Bits of a parameter's entries.
    pub fn param_bits(&self, id: ParamId) -> u64 {
        self.graph.param(id).format.width().into()
    }

    /// Shifted copies a product with one of them is the sum of, at most.
    pub fn param_copies(&self, id: ParamId) -> u64 {
        self.graph.param(id).format.significant().into()
    }

    /// Bits after the point of a parameter's entries.
    pub fn param_fraction(&self, id: ParamId) -> u64 {
        self.graph.param(id).format.fraction().into()
    }
}

/// The format a value is stored in, moved or not.
fn stored(graph: &Graph, id: NodeIndex) -> Option<Format> {
    match &graph.node(id).op {
        Op::Store { format, .. } | Op::Number(format) | Op::Port(Carrier::Stored(format)) => Some(*format),
        Op::Normalise { format, .. } | Op::Softmax(_, _, format) => Some(*format),
        Op::Attend(scores, _) => Some(scores.format),
        Op::Arrange(_) | Op::Slice { .. } | Op::Concat(_) | Op::Max(_) | Op::Last => {
            stored(graph, *graph.operands(id).first()?)
        }
        _ => None,
    }
}

fn product(sizes: &[Size]) -> Expr {
    sizes.iter().fold(Expr::constant(1), |total, size| &total * &size.expr())
}
