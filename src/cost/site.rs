//! An operation where it stands: its operands and the numbers of elements, rows and keys; must not know what anything costs.

use petgraph::graph::NodeIndex;

use super::keys::Keys;
use crate::expr::{Expr, Size};
use crate::number::{Accumulation, Format};
use crate::tensor::{Attended, Carrier, Graph, Node, Op, ParamId, Scores};

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

    /// What an operand is stored in.
    pub fn stored(&self, operand: usize) -> Option<Stored<'a>> {
        stored(self.graph, self.operands[operand])
    }

    /// The format an operand is stored in.
    pub fn format_of(&self, operand: usize) -> Option<Format> {
        match self.stored(operand)? {
            Stored::Format(format) => Some(format),
            Stored::Entry(_) => None,
        }
    }

    /// The format of an operand that is a store, moved or not.
    pub fn rounded(&self, operand: usize) -> Option<Format> {
        let mut id = self.operands[operand];
        loop {
            match &self.graph.node(id).op {
                Op::Store { format, .. } => return Some(*format),
                Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } => id = *self.graph.operands(id).first()?,
                _ => return None,
            }
        }
    }

    /// The format of an operand that is an input, moved or not.
    pub fn input(&self, operand: usize) -> Option<Format> {
        let mut id = self.operands[operand];
        loop {
            match &self.graph.node(id).op {
                Op::Number(format) => return Some(*format),
                Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape => {
                    id = *self.graph.operands(id).first()?
                }
                _ => return None,
            }
        }
    }

    /// Whether all operands are stored in one format.
    pub fn is_stored(&self) -> bool {
        let formats: Option<Vec<Format>> = (0..self.operands.len()).map(|operand| self.format_of(operand)).collect();
        formats.is_some_and(|formats| formats.windows(2).all(|pair| pair[0] == pair[1]))
    }

    /// Elements of an operand.
    pub fn size(&self, operand: usize) -> Expr {
        product(self.shape(operand))
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

/// What stored values are.
pub(in crate::cost) enum Stored<'a> {
    /// Values of a format.
    Format(Format),
    /// Entries of the table of exponentials.
    Entry(&'a Scores),
}

/// What a value is stored in, moved or not.
fn stored(graph: &Graph, id: NodeIndex) -> Option<Stored<'_>> {
    let format = |format: &Format| Some(Stored::Format(*format));
    match &graph.node(id).op {
        Op::Store { format: of, .. } | Op::Number(of) | Op::Port(Carrier::Stored(of)) => format(of),
        Op::Normalise { format: of, .. } | Op::Softmax(_, _, of) | Op::Quotient(of) => format(of),
        Op::Attend(scores, _) => format(&scores.format),
        Op::Positive(scores) => Some(Stored::Entry(scores)),
        Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape => {
            stored(graph, *graph.operands(id).first()?)
        }
        Op::Concat(_) | Op::Max(_) | Op::Last => stored(graph, *graph.operands(id).first()?),
        _ => None,
    }
}

fn product(sizes: &[Size]) -> Expr {
    sizes.iter().fold(Expr::constant(1), |total, size| &total * &size.expr())
}
