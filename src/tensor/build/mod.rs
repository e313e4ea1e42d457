//! From an architecture and its numerics to a tensor graph; the points where values are rounded are decided here (design: section 4).

mod block;

mod decoding;

mod descent;

mod encoder_decoder;

mod ends;

mod experts;

mod latent;

pub mod looped;

mod memory;

use std::collections::HashMap;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use thiserror::Error;

use crate::expr::Size;
use crate::loops::LoopError;
use crate::number::{Function, Policy, Rational, rational_from_decimal};
use crate::spec::{Architecture, Numerics, Positions, Rounding};
use crate::tensor::{Carrier, Graph, Node, Op, Param, ParamId, Parameters, ParamsError};

pub use decoding::EMITTED;

/// Why no graph could be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A weight could not be given.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A context beyond the learned position table, or none at all.
    #[error("context {asked} is not possible: {reason}")]
    Context {
        /// Asked for.
        asked: u64,
        /// Why not.
        reason: String,
    },
    /// A number that the semantics does not allow.
    #[error("{what} is {value}: {reason}")]
    Value {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// A rescaling of rotary angles whose tables are not made.
    #[error(
        "rotary scaling `{0}` changes table entries that are not computed yet: the architecture can be reported, not compiled with weights"
    )]
    RotaryScaling(String),
    /// Blocks that are not one block repeated.
    #[error(
        "block {number} of {name} has another structure than block 0, so the blocks are no loop over layers; measure the model as a whole"
    )]
    Unlike {
        /// The model.
        name: String,
        /// The first block that differs.
        number: usize,
    },
    /// An architecture that a loop does not go with.
    #[error("{0}")]
    Loop(&'static str),
    /// Blocks that cannot be wired up.
    #[error(transparent)]
    Wiring(#[from] LoopError),
}

type Result<T> = std::result::Result<T, BuildError>;

/// The tensor graph of an architecture at a context length (bound to a number, and perhaps left free).
///
/// # Errors
/// When the context exceeds the position table, a weight is missing, or a number is out of range.
pub fn from_architecture(
    architecture: &Architecture,
    numerics: &Numerics,
    parameters: &Parameters,
    context: &Size,
) -> Result<Graph> {
    let model = Model::new(architecture, numerics, parameters, context)?;
    let mut make = model.make();
    let mut x = make.embedding()?;
    for (number, block) in architecture.blocks.iter().enumerate() {
        x = make.within(&format!("block {number}"), |make| make.block(block, number, x))?;
    }
    let (output, output_name) = make.head(x)?;
    Ok(make.build(vec![(output_name.to_owned(), output)]))
}

/// The context, left free beside the number it is bound to; bound alone where partial sums are rounded in an order whose layers have no
/// expression in it.
pub fn context(numerics: &Numerics, length: u64) -> Size {
    match numerics.accumulate {
        Policy::Exact | Policy::Sequential | Policy::Tree(2) => Size::free(&"context".into(), length),
        Policy::Tree(_) | Policy::Blocked(_) => Size::fixed(length),
    }
}

/// What all graphs of a model are made from.
#[derive(Clone)]
struct Model<'a> {
    architecture: &'a Architecture,
    numerics: &'a Numerics,
    parameters: &'a Parameters,
    context: Size,
    /// Before the names of weights, of one stack of several.
    prefix: &'static str,
}

impl<'a> Model<'a> {
    fn new(
        architecture: &'a Architecture,
        numerics: &'a Numerics,
        parameters: &'a Parameters,
        context: &Size,
    ) -> Result<Self> {
        check_context(architecture, context)?;
        check_accumulator(numerics)?;
        Ok(Self { architecture, numerics, parameters, context: context.clone(), prefix: "" })
    }

    /// An empty graph.
    fn make(&self) -> Make<'a> {
        Make {
            architecture: self.architecture,
            numerics: self.numerics,
            parameters: self.parameters,
            nodes: DiGraph::new(),
            params: Vec::new(),
            module: Arc::default(),
            context: self.context.clone(),
            prefix: self.prefix,
            memory: None,
            encoded: None,
            stored: HashMap::new(),
            centred: HashMap::new(),
        }
    }
}

/// Whether a sum of exponentials, each at least `2^-exp_bits`, never rounds to zero.
fn check_accumulator(numerics: &Numerics) -> Result<()> {
    let Some(accumulation) = numerics.accumulation() else { return Ok(()) };
    let least = Rational::new(1.into(), num_bigint::BigInt::from(1) << numerics.exp_bits);
    if accumulation.format.nearest(&least) > 0 {
        return Ok(());
    }
    let reason = "it must hold the least exponential, 2^-exp_bits, or a sum of them may be rounded to zero: use a finer accumulator or \
                  fewer exp_bits";
    Err(BuildError::Value { what: "accumulator", value: accumulation.format.to_string(), reason })
}

fn check_context(architecture: &Architecture, context: &Size) -> Result<()> {
    let refuse = |reason: String| Err(BuildError::Context { asked: context.value, reason });
    match architecture.positions {
        _ if context.value == 0 => refuse("a sequence has at least one token".to_owned()),
        _ if context.value > 1 << 60 => refuse("at most 2^60 tokens".to_owned()),
        Positions::Learned { rows, .. } if context.value > rows => refuse(format!(
            "the learned position table of {} has {rows} rows; use --context {rows} or less",
            architecture.name
        )),
        _ => Ok(()),
    }
}

struct Make<'a> {
    architecture: &'a Architecture,
    numerics: &'a Numerics,
    parameters: &'a Parameters,
    nodes: DiGraph<Node, usize>,
    params: Vec<Param>,
    module: Arc<[String]>,
    context: Size,
    /// Before the names of weights.
    prefix: &'static str,
    /// What attention reads beside the positions themselves.
    memory: Option<Memory>,
    /// What blocks attend to across.
    encoded: Option<NodeIndex>,
    /// What was made of a value already: its stored and its centred form.
    stored: HashMap<NodeIndex, NodeIndex>,
    centred: HashMap<NodeIndex, NodeIndex>,
}

/// Rows that attention has keys and values of, none of which asks.
#[derive(Clone, Copy)]
struct Memory {
    rows: NodeIndex,
    /// The keys of the positions themselves come after those of the memory; else there are only those of the memory.
    own: bool,
}

impl Make<'_> {
    /// The finished graph.
    fn build(self, outputs: Vec<(String, NodeIndex)>) -> Graph {
        Graph { nodes: self.nodes, params: self.params, outputs, accumulation: self.numerics.accumulation() }
    }

    /// The next port.
    fn port(&mut self, label: &str, carrier: Carrier, shape: Vec<Size>) -> NodeIndex {
        self.add(label, Op::Port(carrier), &[], shape)
    }

    /// Rows one after the other.
    fn join(&mut self, label: &str, parts: &[NodeIndex]) -> NodeIndex {
        if let [only] = parts {
            return *only;
        }
        let mut shape = self.shape(parts[0]);
        shape[0] = Size::fixed(parts.iter().map(|part| self.nodes[*part].shape[0].value).sum());
        self.add(label, Op::Concat(0), parts, shape)
    }

    /// Some of the rows.
    fn rows(&mut self, label: &str, x: NodeIndex, start: u64, count: u64) -> NodeIndex {
        let mut shape = self.shape(x);
        shape[0] = Size::fixed(count);
        self.add(label, Op::Slice { axis: 0, start }, &[x], shape)
    }

    fn within<T>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let around = Arc::clone(&self.module);
        self.module = around.iter().cloned().chain([name.to_owned()]).collect();
        let result = f(self);
        self.module = around;
        result
    }

    /// A weight of this stack, or one that all share.
    fn param(&mut self, name: &str, shape: &[u64]) -> Result<ParamId> {
        let shared = name == "token_embedding" || name.starts_with("head.");
        let prefix = if shared { "" } else { self.prefix };
        self.params.push(self.parameters.get(&format!("{prefix}{name}"), shape)?);
        Ok(ParamId(self.params.len() - 1))
    }

    /// Adds an operation; under eager rounding its result is stored at once.
    fn add(&mut self, label: &str, op: Op, operands: &[NodeIndex], shape: Vec<Size>) -> NodeIndex {
        let eager = self.numerics.rounding == Rounding::Eager;
        let store = eager && !op.stores() && !moves(&op);
        let id = self.exactly(label, op, operands, shape);
        if store { self.store(label, id) } else { id }
    }

    /// Adds an operation that is part of a single one.
    fn exactly(&mut self, label: &str, op: Op, operands: &[NodeIndex], shape: Vec<Size>) -> NodeIndex {
        let attended = match op {
            Op::Dot(attended) | Op::Softmax(_, attended, _) | Op::Distances { attended, .. } => Some(attended),
            _ => None,
        };
        let module = Arc::clone(&self.module);
        let id = self.nodes.add_node(Node { op, shape, attended, module, label: label.to_owned() });
        for (slot, operand) in operands.iter().enumerate() {
            self.nodes.add_edge(*operand, id, slot);
        }
        id
    }

    fn shape(&self, id: NodeIndex) -> Vec<Size> {
        self.nodes[id].shape.clone()
    }

    fn store(&mut self, label: &str, x: NodeIndex) -> NodeIndex {
        if let Some(stored) = self.stored.get(&x) {
            return *stored;
        }
        let stored = self.store_through(label, Function::Identity, x);
        self.stored.insert(x, stored);
        stored
    }

    fn centre(&mut self, x: NodeIndex) -> NodeIndex {
        if let Some(centred) = self.centred.get(&x) {
            return *centred;
        }
        let shape = self.shape(x);
        let centred = self.add("centre", Op::Centre, &[x], shape);
        self.centred.insert(x, centred);
        centred
    }

    /// Rounds, unless the value is stored already.
    fn store_through(&mut self, label: &str, function: Function, x: NodeIndex) -> NodeIndex {
        let node = &self.nodes[x];
        if function == Function::Identity && node.op.stores() && !matches!(node.op, Op::Embed { .. }) {
            return x;
        }
        let (shape, attended) = (node.shape.clone(), node.attended);
        let op = Op::Store { function, format: self.numerics.activations };
        let id = self.add(label, op, &[x], shape);
        self.nodes[id].attended = attended;
        id
    }

    fn linear(&mut self, label: &str, name: &str, bias: bool, x: NodeIndex, out: &[u64]) -> Result<NodeIndex> {
        let inputs: u64 = self.nodes[x].shape[1..].iter().map(|size| size.value).product();
        let outputs: u64 = out.iter().product();
        let weight = self.param(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = if bias { Some(self.param(&format!("{name}.bias"), &[outputs])?) } else { None };
        let shape = self.shape_of(x, out);
        Ok(self.add(label, Op::Linear { weight, bias, out: out.to_vec() }, &[x], shape))
    }

    fn shape_of(&self, x: NodeIndex, features: &[u64]) -> Vec<Size> {
        let mut shape = vec![self.nodes[x].shape[0].clone()];
        shape.extend(features.iter().map(|size| Size::fixed(*size)));
        shape
    }
}

/// Operations that make no new number, or centre: never rounded.
fn moves(op: &Op) -> bool {
    matches!(
        op,
        Op::Tokens { .. }
            | Op::Argmax
            | Op::Top { .. }
            | Op::Last
            | Op::Centre
            | Op::Port(_)
            | Op::Concat(_)
            | Op::Slice { .. }
            | Op::Pick { .. }
            | Op::Reshape
            | Op::Arrange(_)
    )
}

fn positive(what: &'static str, value: f64) -> Result<Rational> {
    let exact = (value > 0.0).then(|| rational_from_decimal(value)).flatten();
    exact.ok_or_else(|| BuildError::Value { what, value: value.to_string(), reason: "it must be a positive number" })
}
