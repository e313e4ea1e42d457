//! From an architecture and its numerics to a tensor graph; the points where values are rounded are decided here (design: section 4).

use std::collections::HashMap;

use num_bigint::BigInt;
use num_traits::One;
use petgraph::graph::{DiGraph, NodeIndex};
use thiserror::Error;

use super::{Attended, Graph, Node, Op, ParamId, Parameters, ParamsError, Scores};
use crate::expr::Size;
use crate::number::{Function, Rational, rational_from_decimal};
use crate::spec::{
    Activation, Architecture, Attention, Block, Join, Mask, Mlp, Norm, NormKind, Numerics, Output, Placement,
    Positions, Rotary, Rounding, ScoreScale,
};

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
    check_context(architecture, context)?;
    let mut make = Make {
        architecture,
        numerics,
        parameters,
        nodes: DiGraph::new(),
        params: Vec::new(),
        module: Vec::new(),
        context: context.clone(),
        stored: HashMap::new(),
        centred: HashMap::new(),
    };
    let mut x = make.embedding()?;
    for (number, block) in architecture.blocks.iter().enumerate() {
        x = make.within(&format!("block {number}"), |make| make.block(block, number, x))?;
    }
    let (output, output_name) = make.head(x)?;
    Ok(Graph { nodes: make.nodes, params: make.params, outputs: vec![(output_name.to_owned(), output)] })
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
    params: Vec<super::Param>,
    module: Vec<String>,
    context: Size,
    /// What was made of a value already: its stored and its centred form.
    stored: HashMap<NodeIndex, NodeIndex>,
    centred: HashMap<NodeIndex, NodeIndex>,
}

impl Make<'_> {
    fn within<T>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.module.push(name.to_owned());
        let result = f(self);
        self.module.pop();
        result
    }

    fn param(&mut self, name: &str, shape: &[u64]) -> Result<ParamId> {
        self.params.push(self.parameters.get(name, shape)?);
        Ok(ParamId(self.params.len() - 1))
    }

    /// Adds an operation; under eager rounding its result is stored at once.
    fn add(&mut self, label: &str, op: Op, operands: &[NodeIndex], shape: Vec<Size>) -> NodeIndex {
        let eager = self.numerics.rounding == Rounding::Eager;
        let store = eager && !op.stores() && !matches!(op, Op::Tokens { .. } | Op::Argmax | Op::Last | Op::Centre);
        let attended = match op {
            Op::Dot(attended) | Op::Softmax(_, attended, _) => Some(attended),
            _ => None,
        };
        let module = self.module.clone();
        let id = self.nodes.add_node(Node { op, shape, attended, module, label: label.to_owned() });
        for (slot, operand) in operands.iter().enumerate() {
            self.nodes.add_edge(*operand, id, slot);
        }
        if store { self.store(label, id) } else { id }
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

    fn embedding(&mut self) -> Result<NodeIndex> {
        self.within("embedding", |make| {
            let architecture = make.architecture;
            let (vocabulary, width, format) = (architecture.vocabulary, architecture.width, make.numerics.activations);
            let shape = vec![make.context.clone()];
            let tokens = make.add("tokens", Op::Tokens { vocabulary }, &[], shape);
            let table = make.param("token_embedding", &[vocabulary, width])?;
            let scale = architecture.embedding_scale.then(|| make.root_of_width());
            let shape = make.shape_of(tokens, &[width]);
            let mut x = make.add("token rows", Op::Embed { table, scale, format }, &[tokens], shape.clone());
            if let Positions::Learned { rows, .. } = architecture.positions {
                let table = make.param("position_embedding", &[rows, width])?;
                x = make.add("positions", Op::AddRows { table, first_only: false, format }, &[x], shape.clone());
            }
            if architecture.token_types.is_some() {
                let table = make.param("token_type", &[1, width])?;
                x = make.add("token types", Op::AddRows { table, first_only: true, format }, &[x], shape);
            }
            match &architecture.embedding_norm {
                Some(norm) => make.norm("embedding_norm", norm, x),
                None => Ok(x),
            }
        })
    }

    /// sqrt(width), cut to 16 bits after the point.
    fn root_of_width(&self) -> Rational {
        let scaled = (BigInt::from(self.architecture.width) << 32u32).sqrt();
        Rational::new(scaled, BigInt::one() << 16u32)
    }

    /// The normalised value of `x`; its input is stored first, for LayerNorm after centring.
    fn norm(&mut self, name: &str, norm: &Norm, x: NodeIndex) -> Result<NodeIndex> {
        let input = match norm.kind {
            NormKind::Rms => self.store("norm input", x),
            NormKind::Layer => {
                let centred = self.centre(x);
                self.store("norm input", centred)
            }
        };
        let shape = self.shape(input);
        let width = shape[shape.len() - 1].value;
        let epsilon = positive("norm epsilon", norm.epsilon)?;
        let gain = if norm.gain { Some(self.param(&format!("{name}.gain"), &[width])?) } else { None };
        let bias = if norm.bias { Some(self.param(&format!("{name}.bias"), &[width])?) } else { None };
        let format = self.numerics.activations;
        let op = Op::Normalise { epsilon, gain, plus_one: norm.gain_plus_one, bias, format };
        Ok(self.add("normalised", op, &[input], shape))
    }

    fn block(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        let name = |part: &str| format!("layer.{number}.{part}");
        let (norm1, norm2) = (name("norm1"), name("norm2"));
        match (block.join, block.placement) {
            (Join::Serial, Placement::Post) => {
                let a = self.attention(block, number, x)?;
                let x = self.added(x, a);
                let x = self.within("norm 1", |make| make.norm(&norm1, &block.norm, x))?;
                let m = self.mlp(&block.mlp, number, x)?;
                let x = self.added(x, m);
                self.within("norm 2", |make| make.norm(&norm2, &block.norm, x))
            }
            (Join::Serial, placement) => {
                let (y, residual) = self.pre_norm("norm 1", &norm1, block, x)?;
                let a = self.attention(block, number, y)?;
                let a = self.sandwich(placement, "norm after attention", &name("post_norm1"), block, a)?;
                let x = self.added(residual, a);
                let (y, residual) = self.pre_norm("norm 2", &norm2, block, x)?;
                let m = self.mlp(&block.mlp, number, y)?;
                let m = self.sandwich(placement, "norm after MLP", &name("post_norm2"), block, m)?;
                Ok(self.added(residual, m))
            }
            (join, _) => {
                let (y, residual) = self.pre_norm("norm 1", &norm1, block, x)?;
                let z = match join {
                    Join::ParallelTwoNorms => self.within("norm 2", |make| make.norm(&norm2, &block.norm, x))?,
                    _ => y,
                };
                let a = self.attention(block, number, y)?;
                let m = self.mlp(&block.mlp, number, z)?;
                let x = self.added(residual, a);
                Ok(self.added(x, m))
            }
        }
    }

    fn added(&mut self, x: NodeIndex, y: NodeIndex) -> NodeIndex {
        let shape = self.shape(x);
        self.add("residual", Op::Add, &[x, y], shape)
    }

    /// The normalised value and the stored residual.
    fn pre_norm(&mut self, module: &str, name: &str, block: &Block, x: NodeIndex) -> Result<(NodeIndex, NodeIndex)> {
        self.within(module, |make| {
            let residual = make.store("residual stored", x);
            let from = if block.norm.kind == NormKind::Rms { residual } else { x };
            Ok((make.norm(name, &block.norm, from)?, residual))
        })
    }

    fn sandwich(
        &mut self,
        placement: Placement,
        module: &str,
        name: &str,
        block: &Block,
        x: NodeIndex,
    ) -> Result<NodeIndex> {
        match placement {
            Placement::Sandwich => self.within(module, |make| make.norm(name, &block.norm, x)),
            _ => Ok(x),
        }
    }

    fn attention(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        self.within("attention", |make| {
            let a = &block.attention;
            let name = |part: &str| format!("layer.{number}.{part}");
            let (group, member, width) = (a.kv_heads, a.heads / a.kv_heads, a.head_width);
            let q = make.linear("queries", &name("q"), a.qkv_bias, x, &[group, member, width])?;
            let k = make.linear("keys", &name("k"), a.qkv_bias, x, &[group, width])?;
            let v = make.linear("values", &name("v"), a.qkv_bias, x, &[group, width])?;
            let q = make.head_input("queries stored", &name("q_norm"), a, q)?;
            let k = make.head_input("keys stored", &name("k_norm"), a, k)?;
            let v = make.store("values stored", v);
            let out = make.average(a, q, k, v)?;
            make.linear("output projection", &name("o"), a.out_bias, out, &[make.architecture.width])
        })
    }

    fn head_input(&mut self, label: &str, name: &str, attention: &Attention, x: NodeIndex) -> Result<NodeIndex> {
        let x = match &attention.qk_norm {
            Some(norm) => self.norm(name, norm, x)?,
            None => x,
        };
        let x = match &attention.rotary {
            Some(rotary) => self.rotate(rotary, x)?,
            None => x,
        };
        Ok(self.store(label, x))
    }

    fn rotate(&mut self, rotary: &Rotary, x: NodeIndex) -> Result<NodeIndex> {
        if let (Some(scaling), true) = (&rotary.scaling, self.parameters.known()) {
            return Err(BuildError::RotaryScaling(scaling.clone()));
        }
        let base = positive("rotary base", rotary.base)?;
        let fraction = self.numerics.weights.fraction().max(self.numerics.activations.fraction());
        let op = Op::Rotate { features: rotary.features, base, half_split: rotary.half_split, fraction };
        let shape = self.shape(x);
        Ok(self.add("rotation", op, &[x], shape))
    }

    fn average(&mut self, a: &Attention, q: NodeIndex, k: NodeIndex, v: NodeIndex) -> Result<NodeIndex> {
        let attended = Attended { causal: self.architecture.mask == Mask::Causal, window: a.window };
        let shape = self.shape(q);
        let scores = vec![shape[0].clone(), shape[0].clone(), shape[1].clone(), shape[2].clone()];
        let dot = self.add("scores", Op::Dot(attended), &[q, k], scores.clone());
        let table = self.scores(a)?;
        if self.numerics.rounding == Rounding::Fused {
            return Ok(self.add("softmax average", Op::Attend(table, attended), &[dot, v], shape));
        }
        let weights = self.add("softmax", Op::Softmax(table, attended, self.numerics.activations), &[dot], scores);
        Ok(self.add("average", Op::Mix(attended), &[weights, v], shape))
    }

    fn scores(&self, a: &Attention) -> Result<Scores> {
        let scale_squared = match a.scale {
            ScoreScale::One => Rational::one(),
            ScoreScale::InverseSqrt(x) => Rational::one() / positive("score scale", x)?,
        };
        let softcap = a.softcap.map(|cap| positive("score softcap", cap)).transpose()?;
        let Numerics { score_clamp: clamp, exp_bits, .. } = *self.numerics;
        if f64::from(clamp) * std::f64::consts::LOG2_E + f64::from(exp_bits) > 60.0 || clamp == 0 {
            let value = format!("{clamp} with {exp_bits} exp_bits");
            let reason =
                "the table of exponentials has 1 to 60 bits: score_clamp * 1.443 + exp_bits must be at most 60";
            return Err(BuildError::Value { what: "score_clamp", value, reason });
        }
        Ok(Scores { scale_squared, softcap, format: self.numerics.activations, clamp, exp_bits })
    }

    fn mlp(&mut self, mlp: &Mlp, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        self.within("MLP", |make| {
            let name = |part: &str| format!("layer.{number}.{part}");
            let up = make.linear("up projection", &name("up"), mlp.bias, x, &[mlp.hidden])?;
            let function = function(mlp.activation);
            let hidden = if mlp.gated {
                let gate = make.linear("gate projection", &name("gate"), mlp.bias, x, &[mlp.hidden])?;
                let gate = make.store_through("gate stored", function, gate);
                let up = make.store("up stored", up);
                let shape = make.shape(up);
                make.add("gated", Op::Product, &[gate, up], shape)
            } else {
                make.store_through("hidden stored", function, up)
            };
            make.linear("down projection", &name("down"), mlp.bias, hidden, &[make.architecture.width])
        })
    }

    fn head(&mut self, x: NodeIndex) -> Result<(NodeIndex, &'static str)> {
        let architecture = self.architecture;
        let x = if architecture.last_only {
            let mut shape = self.shape(x);
            shape[0] = Size::fixed(1);
            self.add("last position", Op::Last, &[x], shape)
        } else {
            x
        };
        let x = match &architecture.final_norm {
            Some(norm) => self.within("final norm", |make| make.norm("final_norm", norm, x))?,
            None => x,
        };
        self.within("output", |make| {
            if architecture.output == Output::Hidden {
                return Ok((make.store("hidden stored", x), "hidden"));
            }
            let logits = make.logits(x)?;
            if architecture.output == Output::Argmax {
                let shape = make.shape(logits);
                return Ok((make.add("argmax", Op::Argmax, &[logits], shape), "tokens"));
            }
            let function = match architecture.logit_softcap {
                Some(cap) => Function::SoftCap(positive("logit softcap", cap)?),
                None => Function::Identity,
            };
            Ok((make.store_through("logits stored", function, logits), "logits"))
        })
    }

    fn logits(&mut self, x: NodeIndex) -> Result<NodeIndex> {
        let (vocabulary, width) = (self.architecture.vocabulary, self.architecture.width);
        let name = if self.architecture.tied { "token_embedding" } else { "head.weight" };
        let weight = self.param(name, &[vocabulary, width])?;
        let bias = if self.architecture.head_bias { Some(self.param("head.bias", &[vocabulary])?) } else { None };
        let shape = self.shape_of(x, &[vocabulary]);
        Ok(self.add("logits", Op::Linear { weight, bias, out: vec![vocabulary] }, &[x], shape))
    }
}

fn function(activation: Activation) -> Function {
    match activation {
        Activation::Relu => Function::Relu,
        Activation::Gelu => Function::Gelu,
        Activation::GeluTanh => Function::GeluTanh,
        Activation::Silu => Function::Silu,
        Activation::Tanh => Function::Tanh,
        Activation::Sigmoid => Function::Sigmoid,
    }
}

fn positive(what: &'static str, value: f64) -> Result<Rational> {
    let exact = (value > 0.0).then(|| rational_from_decimal(value)).flatten();
    exact.ok_or_else(|| BuildError::Value { what, value: value.to_string(), reason: "it must be a positive number" })
}
