//! An operation where it stands: its operands and the numbers of elements, rows and keys; must not know what anything costs.

use petgraph::graph::NodeIndex;

use super::keys::Keys;
use crate::expr::{Expr, Size};
use crate::tensor::{Attended, Graph, Node, ParamId};

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

    /// Elements of the result but for its last axis.
    pub fn rows(&self) -> Expr {
        product(&self.node.shape[..self.node.shape.len().saturating_sub(1)])
    }

    /// Elements of the result along its axes from one on.
    pub fn inner(&self, from: usize) -> u64 {
        self.node.shape[from..].iter().map(|size| size.value).product()
    }

    /// Elements of the result along its axes before one.
    pub fn outer(&self, from: usize) -> Expr {
        product(&self.node.shape[..from])
    }

    /// The length of the result's last axis.
    pub fn last(&self) -> u64 {
        self.node.shape.last().map_or(1, |size| size.value)
    }

    /// The axes of an operand.
    pub fn shape(&self, operand: usize) -> &'a [Size] {
        &self.graph.node(self.operands[operand]).shape
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
        self.graph.param(id).format.bits().into()
    }

    /// Bits after the point of a parameter's entries.
    pub fn param_fraction(&self, id: ParamId) -> u64 {
        self.graph.param(id).format.fraction().into()
    }
}

fn product(sizes: &[Size]) -> Expr {
    sizes.iter().fold(Expr::constant(1), |total, size| &total * &size.expr())
}
