//! Typed tensor operations: a petgraph graph, the meaning of each operation in its doc; knows nothing of circuits or files.
//!
//! Tensors of models are [position, feature axes..]; scores are [query, key, group, member]. Values are exact rationals, and
//! `round` is to the nearest value of a format, ties to even, saturating.

pub mod params;

pub mod build;

pub mod interpret;

pub mod looped;

pub mod arithmetic;

mod collapse;

pub mod differentiate;

mod distribute;

mod hoist;

mod quantisation;

mod sketch;

mod unrounded;

use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::expr::Size;
use crate::number::{Accumulation, Format, Function, Rational};

pub use arithmetic::Arithmetic;
pub use build::from_architecture;
pub use params::{Param, Parameters, ParamsError};
pub use quantisation::Quantisation;
pub use sketch::Sketch;

/// The number of a parameter in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamId(pub(in crate::tensor) usize);

/// How scores become softmax weights: `e(s) = max(1, round(2^exp_bits * f(s))) / 2^exp_bits`, s the scaled (and capped)
/// score rounded to `format` and clamped to `[-clamp, clamp]`, or to the greatest values of the format inside.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// f: the exponential, or the logistic function.
    pub function: Function,
    /// The square of the factor on products of queries and keys.
    pub scale_squared: Rational,
    /// Scores s become `cap * tanh(s / cap)`, s first cut to 64 bits beyond the format.
    pub softcap: Option<Rational>,
    /// One more score a head, unscaled, whose entry of the table is added to the sum of all keys'.
    pub sinks: Option<ParamId>,
    /// The format scores are rounded to.
    pub format: Format,
    /// The clamp.
    pub clamp: u32,
    /// Bits of the table after the point.
    pub exp_bits: u32,
}

/// Which keys a query attends to: all, those up to it, those nearer than a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Keys after the query are left out.
    pub causal: bool,
    /// Keys this far or farther are left out.
    pub window: Option<u64>,
}

impl Attended {
    /// Whether query i attends to key j.
    pub fn allows(self, query: u64, key: u64) -> bool {
        (!self.causal || key <= query) && self.window.is_none_or(|window| query.abs_diff(key) < window)
    }
}

/// What a port carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Stored values of a format.
    Stored(Format),
    /// Exact values, not rounded yet.
    Exact,
    /// Zeros and ones, such as the choices of an argmax.
    Choice,
}

/// The closed set of operations; operands are the node's incoming edges, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The input: a token id below the vocabulary size at each position.
    Tokens {
        /// The vocabulary size.
        vocabulary: u64,
    },
    /// `round(scale * table[token])`, of token ids `[position]` or of one-hot choices `[position, vocabulary]`.
    Embed {
        /// [vocabulary, width].
        table: ParamId,
        /// A factor on every row.
        scale: Option<Rational>,
        /// Rounded to.
        format: Format,
    },
    /// `x + round(table[position])`, or row 0 at every position.
    AddRows {
        /// [rows, width].
        table: ParamId,
        /// Row 0 everywhere.
        first_only: bool,
        /// Rounded to.
        format: Format,
    },
    /// `weight x + bias` over all feature axes together; the result's feature axes are `out`.
    Linear {
        /// `[out, in]`.
        weight: ParamId,
        /// `[out]`.
        bias: Option<ParamId>,
        /// The result's feature axes.
        out: Vec<u64>,
    },
    /// Rotates pairs of the first `features` features of the last axis by `position * base^(-2 pair / features)`; cosines and sines rounded to `fraction` bits.
    Rotate {
        /// Rotated features.
        features: u64,
        /// The base.
        base: Rational,
        /// Pairs (k, k + features/2), not (2k, 2k + 1).
        half_split: bool,
        /// Bits after the point of the tables.
        fraction: u32,
    },
    /// `a + b`.
    Add,
    /// `round(f(x))`.
    Store {
        /// The function.
        function: Function,
        /// Rounded to.
        format: Format,
    },
    /// `x - mean(x)` over the last axis.
    Centre,
    /// `round(gain * x / sqrt(mean(x^2) + epsilon) + bias)` over the last axis; the sum of squares in place of their mean where `unit`.
    Normalise {
        /// Rows become as long as one, not as the root of their width.
        unit: bool,
        /// Epsilon, positive.
        epsilon: Rational,
        /// A gain per feature, plus one where `plus_one`.
        gain: Option<ParamId>,
        /// The stored gain is an offset from one.
        plus_one: bool,
        /// A bias per feature.
        bias: Option<ParamId>,
        /// Rounded to.
        format: Format,
    },
    /// Products of queries [query, group, member, feature] and keys [key, group, feature], summed over features, where attended.
    /// Where there is a mask, there are as many keys as queries.
    Dot(Attended),
    /// `x + table[bucket][head]` of scores [query, key, group, member]: the bucket of the key's distance, by [`crate::number::distance_bucket`].
    Distances {
        /// [buckets, heads].
        table: ParamId,
        /// Keys this far or farther share a bucket.
        farthest: u64,
        /// Keys after the query have buckets of their own.
        both: bool,
        /// The keys that count.
        attended: Attended,
    },
    /// `round(sum of e(s) v / sum of e(s))` over attended keys: scores, values [key, group, feature].
    Attend(Scores, Attended),
    /// `round(e(s) / sum of e(s))` over attended keys.
    Softmax(Scores, Attended, Format),
    /// `sum of p v` over attended keys: softmax weights, values [key, group, feature].
    Mix(Attended),
    /// `a * b` of stored values.
    Product,
    /// A value made elsewhere: by another block, or at an earlier iteration.
    Port(Carrier),
    /// The input: numbers of a format at every place.
    Number(Format),
    /// Constants: a parameter of this shape.
    Given(ParamId),
    /// `factor * x`.
    Scale(Rational),
    /// `weight * x`, the weight of shape x without its first axis.
    Weigh(ParamId),
    /// Summed over this axis, which is left out.
    Sum(usize),
    /// Axis by axis of the result: which axis of x it is, or a new one along which x is repeated. Axes of x that are left out have length 1.
    Arrange(Vec<Option<usize>>),
    /// Elements from `start` on along an axis, as many as the result has.
    Slice {
        /// The axis.
        axis: usize,
        /// The first element.
        start: u64,
    },
    /// Elements at these places along an axis.
    Pick {
        /// The axis.
        axis: usize,
        /// Places of x.
        places: Arc<[u64]>,
    },
    /// The same elements in the same order, the last axis running fastest, under other axes.
    Reshape,
    /// One after the other along an axis.
    Concat(usize),
    /// The greatest value of stored values along this axis, which is left out.
    Max(usize),
    /// One-hot of the first greatest value of the last axis.
    Argmax,
    /// Ones at so many greatest values of all axes from one on, the first of equal ones; zeros elsewhere.
    Top {
        /// Ones.
        count: u64,
        /// The first axis of those whose values are compared.
        from: usize,
    },
    /// `e(s)` of every score, stored.
    Positive(Scores),
    /// The product of the other operands, one or two stored values, where the first operand, a choice, is one; else zero.
    Chosen,
    /// `round(a / b)`: b is positive, and has the first axes of a.
    Quotient(Format),
    /// The last position only.
    Last,
}

impl Op {
    /// Whether the result is a stored value already.
    pub fn stores(&self) -> bool {
        matches!(
            self,
            Self::Store { .. }
                | Self::Normalise { .. }
                | Self::Attend(..)
                | Self::Softmax(..)
                | Self::Embed { .. }
                | Self::Number(_)
                | Self::Max(_)
                | Self::Positive(_)
                | Self::Quotient(_)
                | Self::Port(Carrier::Stored(_))
        )
    }

    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tokens { .. } => "tokens",
            Self::Embed { .. } => "embedding lookup",
            Self::AddRows { .. } => "add rows",
            Self::Linear { .. } => "linear",
            Self::Rotate { .. } => "rotation",
            Self::Add => "add",
            Self::Store { .. } => "store",
            Self::Centre => "centre",
            Self::Normalise { .. } => "normalise",
            Self::Dot(_) => "products q.k",
            Self::Distances { .. } => "relative positions",
            Self::Attend(..) => "softmax average",
            Self::Softmax(..) => "softmax",
            Self::Mix(_) => "products p.v",
            Self::Product => "products",
            Self::Port(_) => "port",
            Self::Number(_) => "numbers",
            Self::Given(_) => "constants",
            Self::Scale(_) | Self::Weigh(_) => "scale",
            Self::Sum(_) => "sum",
            Self::Arrange(_) | Self::Slice { .. } | Self::Pick { .. } | Self::Reshape => "rearrange",
            Self::Concat(_) => "join",
            Self::Max(_) => "maximum",
            Self::Argmax => "argmax",
            Self::Top { .. } => "greatest",
            Self::Positive(_) => "table of weights",
            Self::Chosen => "products where chosen",
            Self::Quotient(_) => "quotient",
            Self::Last => "last position",
        }
    }
}

/// One operation with its result's shape and place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// The result's axes.
    pub shape: Vec<Size>,
    /// Restricts scores and softmax weights.
    pub attended: Option<Attended>,
    /// Module names from the outermost inward.
    pub module: Arc<[String]>,
    /// What it makes, in reports.
    pub label: String,
}

/// A frozen tensor graph; edge weights number a node's operands. Made by [`build`].
#[derive(Clone, Debug)]
pub struct Graph {
    pub(in crate::tensor) nodes: DiGraph<Node, usize>,
    pub(in crate::tensor) params: Vec<Param>,
    pub(in crate::tensor) outputs: Vec<(String, NodeIndex)>,
    pub(in crate::tensor) accumulation: Option<Accumulation>,
}

impl Graph {
    /// Node numbers in topological order: operands come first, by construction.
    pub fn order(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        self.nodes.node_indices()
    }

    /// One node.
    pub fn node(&self, id: NodeIndex) -> &Node {
        &self.nodes[id]
    }

    /// A node's operands in order.
    pub fn operands(&self, id: NodeIndex) -> Vec<NodeIndex> {
        operands(&self.nodes, id)
    }

    /// One parameter.
    pub fn param(&self, id: ParamId) -> &Param {
        &self.params[id.0]
    }

    /// All parameters.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The same graph, its weights not read.
    pub fn unread(&self) -> Self {
        let mut graph = self.clone();
        graph.params.iter_mut().for_each(|param| param.values = None);
        graph
    }

    /// What is given out, by name.
    pub fn outputs(&self) -> &[(String, NodeIndex)] {
        &self.outputs
    }

    /// The first node given out.
    pub fn output(&self) -> NodeIndex {
        self.outputs[0].1
    }

    /// What is given out first: `logits`, `hidden` or `tokens` of a model.
    pub fn output_name(&self) -> &str {
        &self.outputs[0].0
    }

    /// How every sum over a dimension is added up: those of `Linear` (its bias is added after), `Centre`, `Normalise` (of squares), `Dot`,
    /// `Attend` and `Softmax` (of exponentials, and of their products with values), `Mix` and `Sum`; exactly, if not said.
    pub fn accumulation(&self) -> Option<&Accumulation> {
        self.accumulation.as_ref()
    }

    /// Its ports in order, with what they carry.
    pub fn ports(&self) -> Vec<(NodeIndex, Carrier)> {
        let port = |id: NodeIndex| match self.nodes[id].op {
            Op::Port(carrier) => Some((id, carrier)),
            _ => None,
        };
        self.order().filter_map(port).collect()
    }

    /// As a petgraph graph.
    pub fn petgraph(&self) -> &DiGraph<Node, usize> {
        &self.nodes
    }
}

fn operands(nodes: &DiGraph<Node, usize>, id: NodeIndex) -> Vec<NodeIndex> {
    use petgraph::visit::EdgeRef;
    let mut edges: Vec<_> = nodes.edges_directed(id, Direction::Incoming).map(|e| (*e.weight(), e.source())).collect();
    edges.sort_unstable();
    edges.into_iter().map(|(_, source)| source).collect()
}
