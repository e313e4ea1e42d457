//! Depth and size of a tensor graph in models of computation beside threshold gates; must not know circuits or files.
//!
//! Each model is a table with one entry for every operation, giving the depth and the count of a construction that computes
//! it: [`arithmetic`] counts operations on reals with two operands, [`boolean`] gates with two inputs, [`threshold`] threshold gates where
//! partial sums are rounded. All are exact in the free dimensions: polynomials in them, in logarithms and in least values. Depth is per tensor: every element of a result
//! is taken to be as deep as the deepest.

pub mod arithmetic;

pub mod boolean;

mod keys;

pub mod looped;

pub mod named;

pub mod names;

pub mod opaque;

pub mod path;

mod sharing;

mod site;

pub mod threshold;

use std::collections::BTreeMap;

use num_bigint::BigInt;

use crate::expr::{Dim, Expr};
use crate::tensor::Graph;
use path::Deepest;
use site::Site;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Operations on reals with at most two operands.
    Arithmetic,
    /// Gates with two inputs on the bits of the formats.
    Boolean,
    /// Threshold gates, sums added up as the graph says.
    Threshold,
}

/// The cost of one construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The longest chain of operations or gates in it.
    pub depth: Expr,
    /// All of them.
    pub count: Expr,
}

impl Cost {
    pub(in crate::cost) fn new(depth: impl Into<BigInt>, count: Expr) -> Self {
        Self { depth: Expr::constant(depth), count }
    }

    /// This one, and then the other on its result.
    pub(in crate::cost) fn then(mut self, other: &Self) -> Self {
        self.depth += &other.depth;
        self.count += &other.count;
        self
    }

    /// This many side by side.
    pub(in crate::cost) fn times(mut self, many: &Expr) -> Self {
        self.count = &self.count * many;
        self
    }
}

/// The costs of a graph's nodes, by number, and its deepest paths.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// What is counted.
    pub model: Model,
    /// The cost of each node.
    pub nodes: Vec<Cost>,
    /// What each node reads; a product of threshold gates that shares the layer of a store, what that reads.
    pub sources: Vec<Vec<usize>>,
    /// Depths of all nodes.
    pub deepest: Deepest,
    /// The node given out.
    pub output: usize,
    /// The values the free dimensions are bound to.
    pub dims: BTreeMap<Dim, u64>,
}

/// The costs of a tensor graph.
pub fn analyse(graph: &Graph, model: Model) -> Analysis {
    analyse_body(graph, model, &[], &[])
}

/// The costs of a graph whose ports carry exact values of these widths (bits, and bits after the point) and count as so late.
pub fn analyse_body(graph: &Graph, model: Model, ports: &[(u64, u64)], lateness: &[u64]) -> Analysis {
    let nodes = match model {
        Model::Arithmetic => graph.order().map(|id| arithmetic::cost(&Site::new(graph, id))).collect(),
        Model::Boolean => boolean::costs(graph, ports),
        Model::Threshold => graph.order().map(|id| threshold::cost(&Site::new(graph, id))).collect(),
    };
    let sizes = graph.order().flat_map(|id| graph.node(id).shape.clone());
    let dims = sizes.filter_map(|size| Some((size.dim?, size.value))).collect();
    let sources = match model {
        Model::Threshold => {
            let layers: Vec<u64> = nodes.iter().map(|cost: &Cost| number(&cost.depth, &dims)).collect();
            sharing::sources(graph, &layers, lateness)
        }
        Model::Arithmetic | Model::Boolean => {
            graph.order().map(|id| graph.operands(id).iter().map(|operand| operand.index()).collect()).collect()
        }
    };
    let depths: Vec<&Expr> = nodes.iter().map(|cost: &Cost| &cost.depth).collect();
    let deepest = Deepest::new(&depths, &sources);
    Analysis { model, nodes, sources, deepest, output: graph.output().index(), dims }
}

/// An expression at some values of the dimensions, or the greatest number of 64 bits.
fn number(expr: &Expr, dims: &BTreeMap<Dim, u64>) -> u64 {
    u64::try_from(expr.value(|dim| dims.get(dim).copied().unwrap_or(0))).unwrap_or(u64::MAX)
}

impl Analysis {
    /// An expression at the values the free dimensions are bound to.
    pub fn value(&self, expr: &Expr) -> BigInt {
        expr.value(|dim| self.dims.get(dim).copied().unwrap_or(0))
    }

    /// The depth of a node's own construction at those values, or the greatest number of 64 bits.
    pub fn latency(&self, node: usize) -> u64 {
        number(&self.nodes[node].depth, &self.dims)
    }

    /// Operations or gates of all nodes.
    pub fn count(&self) -> Expr {
        let mut count = Expr::default();
        self.nodes.iter().for_each(|cost| count += &cost.count);
        count
    }

    /// The place among the output's candidates that is deepest at those values, the first of several.
    pub fn critical(&self) -> usize {
        let list = self.deepest.of(self.output);
        (0..list.len()).rev().max_by_key(|place| self.value(&list[*place].depth)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
