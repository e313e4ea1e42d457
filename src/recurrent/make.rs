//! Making one body of a recurrent network: named weights, stores, norms, and values carried between positions; must not know cells.

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::{RecurrentError, Result};
use crate::expr::Size;
use crate::number::{Format, Function, Rational, rational_from_decimal};
use crate::spec::{Activation, Mlp, Recurrent};
use crate::tensor::{Carrier, Graph, Op, Param, Parameters, Sketch};

/// A value a layer carries from earlier positions.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// The output of the layer it reads.
    pub name: &'static str,
    /// How many positions before.
    pub delay: u64,
    /// What it carries.
    pub carrier: Carrier,
    /// Its axes.
    pub shape: Vec<u64>,
}

/// A body under construction.
pub(super) struct Make<'a> {
    pub spec: &'a Recurrent,
    pub parameters: &'a Parameters,
    pub sketch: Sketch,
    /// Before the names of weights: `layer.0.`, or nothing.
    pub prefix: String,
    /// Positions this body computes: 1 in a loop.
    pub positions: u64,
    /// All positions at once.
    pub whole: bool,
    /// What its ports carry, in order, after what is handed up from below.
    pub carried: Vec<Carried>,
}

impl<'a> Make<'a> {
    /// An empty body of one position, or of all.
    pub fn new(spec: &'a Recurrent, parameters: &'a Parameters, positions: Option<u64>) -> Self {
        let (whole, positions) = (positions.is_some(), positions.unwrap_or(1));
        let sketch = Sketch::summing(spec.numerics.accumulation());
        Self { spec, parameters, sketch, prefix: String::new(), positions, whole, carried: Vec::new() }
    }

    /// The format of activations.
    pub fn activations(&self) -> Format {
        self.spec.numerics.activations
    }

    /// The format of state.
    pub fn state_format(&self) -> Format {
        self.spec.state.format
    }

    /// A weight of this layer.
    pub fn param(&self, name: &str, shape: &[u64]) -> Result<Param> {
        Ok(self.parameters.get(&format!("{}{name}", self.prefix), shape)?)
    }

    /// The lengths of a value's axes.
    pub fn lengths(&self, x: NodeIndex) -> Vec<u64> {
        self.sketch.shape(x).iter().map(|size| size.value).collect()
    }

    /// `weight x (+ bias)`, the result's feature axes being `out`.
    pub fn linear(&mut self, label: &str, name: &str, bias: bool, x: NodeIndex, out: &[u64]) -> Result<NodeIndex> {
        let inputs: u64 = self.lengths(x)[1..].iter().product();
        let outputs: u64 = out.iter().product();
        let weight = self.param(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = if bias { Some(self.param(&format!("{name}.bias"), &[outputs])?) } else { None };
        Ok(self.sketch.linear(label, weight, bias, out, x))
    }

    /// `weight * x`, a weight for each feature.
    pub fn weigh(&mut self, label: &str, param: Param, x: NodeIndex) -> NodeIndex {
        let table = self.sketch.param(param);
        self.sketch.apply(label, Op::Weigh(table), &[x])
    }

    /// Constants, a row for every position.
    pub fn rows(&mut self, label: &str, param: Param) -> NodeIndex {
        let axes = std::iter::once(None).chain((0..param.shape.len()).map(Some)).collect();
        let shape: Vec<u64> = std::iter::once(self.positions).chain(param.shape.iter().copied()).collect();
        let row = self.sketch.given(label, param);
        self.arrange(label, row, axes, &shape)
    }

    /// Elements at other places, or repeated: axis by axis of the result, which axis of `x` it is.
    pub fn arrange(&mut self, label: &str, x: NodeIndex, axes: Vec<Option<usize>>, shape: &[u64]) -> NodeIndex {
        self.sketch.add(label, Op::Arrange(axes), &[x], sizes(shape))
    }

    /// `length` elements from `start` on along an axis.
    pub fn slice(&mut self, label: &str, x: NodeIndex, axis: usize, start: u64, length: u64) -> NodeIndex {
        let mut shape = self.lengths(x);
        shape[axis] = length;
        self.sketch.add(label, Op::Slice { axis, start }, &[x], sizes(&shape))
    }

    /// The sum of two values.
    pub fn add(&mut self, label: &str, x: NodeIndex, y: NodeIndex) -> NodeIndex {
        self.sketch.apply(label, Op::Add, &[x, y])
    }

    /// The product of two stored values.
    pub fn product(&mut self, label: &str, x: NodeIndex, y: NodeIndex) -> NodeIndex {
        self.sketch.apply(label, Op::Product, &[x, y])
    }

    /// Summed over an axis.
    pub fn sum(&mut self, label: &str, x: NodeIndex, axis: usize) -> NodeIndex {
        self.sketch.apply(label, Op::Sum(axis), &[x])
    }

    /// Rounded to the format of activations, after a function.
    pub fn store(&mut self, label: &str, function: Function, x: NodeIndex) -> NodeIndex {
        let format = self.activations();
        self.sketch.store(label, function, format, x)
    }

    /// Rounded to the format of state.
    pub fn store_state(&mut self, label: &str, x: NodeIndex) -> NodeIndex {
        let format = self.state_format();
        self.sketch.store(label, Function::Identity, format, x)
    }

    /// RMS norm with gain over the last axis of a stored value.
    pub fn norm(&mut self, label: &str, name: &str, epsilon: f64, x: NodeIndex) -> Result<NodeIndex> {
        let width = self.lengths(x).last().copied().unwrap_or(1);
        let gain = self.param(&format!("{name}.gain"), &[width])?;
        let gain = Some(self.sketch.param(gain));
        let (epsilon, format) = (positive("norm_epsilon", epsilon)?, self.activations());
        Ok(self.sketch.apply(
            label,
            Op::Normalise { unit: false, epsilon, gain, plus_one: false, bias: None, format },
            &[x],
        ))
    }

    /// The norm of the residual stream, and the residual as stored.
    pub fn pre_norm(&mut self, name: &str, epsilon: f64, x: NodeIndex) -> Result<(NodeIndex, NodeIndex)> {
        let residual = self.store("residual stored", Function::Identity, x);
        Ok((self.norm(name, name, epsilon, residual)?, residual))
    }

    /// The residual after an MLP.
    pub fn mlp(&mut self, mlp: &Mlp, epsilon: f64, x: NodeIndex) -> Result<NodeIndex> {
        let (u, residual) = self.pre_norm("mlp_norm", epsilon, x)?;
        let up = self.linear("up projection", "up", mlp.bias, u, &[mlp.hidden])?;
        let act = function(mlp.activation);
        let hidden = if mlp.gated {
            let gate = self.linear("gate projection", "gate", mlp.bias, u, &[mlp.hidden])?;
            let gate = self.store("gate stored", act, gate);
            let up = self.store("up stored", Function::Identity, up);
            self.product("gated", gate, up)
        } else {
            self.store("hidden stored", act, up)
        };
        let down = self.linear("down projection", "down", mlp.bias, hidden, &[self.spec.width])?;
        Ok(self.add("residual", residual, down))
    }

    /// What the layer's output of this name was so many positions before; zero before the first.
    pub fn port(&mut self, name: &'static str, delay: u64, carrier: Carrier, shape: &[u64]) -> NodeIndex {
        self.carried.push(Carried { name, delay, carrier, shape: shape.to_vec() });
        self.sketch.port(name, carrier, shape)
    }

    /// The given value `1, .., count` positions before.
    pub fn delayed(&mut self, name: &'static str, x: NodeIndex, count: u64) -> Vec<NodeIndex> {
        let shape = self.lengths(x);
        if self.whole {
            return (1..=count).map(|delay| self.shifted(x, delay)).collect();
        }
        if count > 0 {
            self.sketch.output(name, x);
        }
        (1..=count).map(|delay| self.port(name, delay, Carrier::Exact, &shape)).collect()
    }

    /// All positions moved on by some, zeros before.
    pub fn shifted(&mut self, x: NodeIndex, by: u64) -> NodeIndex {
        let mut shape = self.lengths(x);
        let positions = shape[0];
        shape[0] = by.min(positions);
        let zero = self.sketch.given("before the first position", zeros(&[1]));
        let zeros = self.arrange("before the first position", zero, vec![None; shape.len()], &shape);
        if by >= positions {
            return zeros;
        }
        let kept = self.slice("earlier positions", x, 0, 0, positions - by);
        self.sketch.apply("moved on", Op::Concat(0), &[zeros, kept])
    }

    /// The finished body.
    pub fn build(self) -> Graph {
        self.sketch.build()
    }
}

/// Zeros of a shape.
pub(super) fn zeros(shape: &[u64]) -> Param {
    let count = shape.iter().product::<u64>() as usize;
    let format = Format::new(2, 0).unwrap_or_else(|_| unreachable!("a format of two bits"));
    Param { name: "zero".to_owned(), shape: shape.to_vec(), values: Some(vec![0; count].into()), format }
}

fn sizes(shape: &[u64]) -> Vec<Size> {
    shape.iter().map(|length| Size::fixed(*length)).collect()
}

/// The function of an activation.
pub(super) fn function(activation: Activation) -> Function {
    match activation {
        Activation::Relu => Function::Relu,
        Activation::Gelu => Function::Gelu,
        Activation::GeluTanh => Function::GeluTanh,
        Activation::Silu => Function::Silu,
        Activation::Tanh => Function::Tanh,
        Activation::Sigmoid => Function::Sigmoid,
        Activation::ClampedSwiglu => Function::clamped_gate(),
    }
}

fn positive(what: &'static str, value: f64) -> Result<Rational> {
    let exact = rational_from_decimal(value).filter(|exact| exact.numer() >= &One::one());
    exact.ok_or_else(|| RecurrentError::Value {
        what,
        value: value.to_string(),
        reason: "it must be a positive number",
    })
}
