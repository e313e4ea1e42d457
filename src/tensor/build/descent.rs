//! Linear attention whose weights make each layer one step of gradient descent on the examples in its context (von Oswald et al. 2023,
//! arXiv 2212.07677, proposition 1); must not know how depth is counted.
//!
//! Tokens are `(x, y)`: the examples, and a query whose target starts at 0. No layer writes to `x`, so keys `W_K x` and queries
//! `W_Q x` are made once and the residual stream is the targets. A layer adds `P sum over examples i of v_i (k_i . q)` to every
//! target, without softmax. With `W_K = W_Q = 1`, `W_V = 1` on targets and `P = -step`, targets are residuals `y - w.x` of the
//! weights w after so many steps, from w = 0, and the query's is minus its prediction.
//!
//! Rounded, and nothing else: keys and queries; values; the sums `sum of v_i k_i`, minus the gradient; targets where they are carried,
//! in a format fine enough that this only saturates; the prediction.

use num_bigint::BigInt;
use num_traits::One;

use super::looped::{along, axis, once, wire};
use super::{BuildError, Result};
use crate::expr::Size;
use crate::loops::{At, Outlet, System, Wire};
use crate::number::{Format, Function, Rational};
use crate::spec::LinearAttention;
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, Op, Param, Sketch};

pub(super) fn descent(layers: &LinearAttention) -> Result<Looped> {
    let step = step(layers)?;
    let carried = |output, block, at: &[At]| Wire { output, ..wire(block, at) };
    let keys = || vec![carried(1, 0, &[])];
    let queries = || vec![carried(2, 0, &[])];
    let blocks = vec![
        once("data", data(layers), vec![]),
        along(
            "layer",
            &[0],
            layer(layers, &step),
            vec![vec![wire(1, &[At::Back(1)]), wire(0, &[])], keys(), queries()],
        ),
        once("prediction", prediction(layers), vec![vec![wire(1, &[At::Last])]]),
    ];
    let outlet = Outlet { name: "prediction".to_owned(), block: 2, output: 0 };
    Ok(System::new(vec![axis("layers", layers.layers)], blocks, vec![outlet])?)
}

/// The step as an exact number.
fn step(layers: &LinearAttention) -> Result<Rational> {
    let step = super::positive("step", layers.step)?;
    if layers.is_exact() {
        return Ok(step);
    }
    let reason = "it must be a whole number of a power of two, and `targets` have the bits after the point for step * sums * data";
    Err(BuildError::Value { what: "step", value: layers.step.to_string(), reason })
}

/// A weight matrix with ones on its diagonal.
fn identity(name: &str, size: u64, format: Format) -> Param {
    let one = format.scale().nearest(&(BigInt::from(2) << format.fraction()), true);
    let ones = (0..size * size).map(|place| if place / size == place % size { one } else { 0 });
    Param { name: name.to_owned(), shape: vec![size, size], values: Some(ones.collect()), format }
}

/// The tokens: targets, keys and queries.
fn data(layers: &LinearAttention) -> Graph {
    let mut sketch = Sketch::new();
    let (tokens, features, format) = (layers.examples + 1, layers.features, layers.data);
    let x = sketch.number("x", format, &[tokens, features]);
    let y = sketch.number("y", format, &[layers.examples]);
    let query = sketch.given("query's target", super::looped::zeros(&[1], format));
    let targets = sketch.apply("targets", Op::Concat(0), &[y, query]);
    sketch.output("targets", targets);
    for (name, weight) in [("keys", "W_K"), ("queries", "W_Q")] {
        let form = sketch.linear(name, identity(weight, features, layers.weights), None, &[features], x);
        let stored = sketch.store(&format!("{name} stored"), Function::Identity, format, form);
        sketch.output(name, stored);
    }
    sketch.build()
}

/// One layer of linear attention on the targets.
fn layer(layers: &LinearAttention, step: &Rational) -> Graph {
    let mut sketch = Sketch::new();
    let LinearAttention { features, examples, .. } = *layers;
    let tokens = examples + 1;
    let targets = sketch.port("targets", Carrier::Exact, &[tokens]);
    let keys = sketch.port("keys", Carrier::Stored(layers.data), &[tokens, features]);
    let queries = sketch.port("queries", Carrier::Stored(layers.data), &[tokens, features]);
    let kept = sketch.store("targets stored", Function::Identity, layers.targets, targets);
    let column = sizes(&[tokens, 1]);
    let values = sketch.add("targets", Op::Arrange(vec![Some(0), None]), &[targets], column);
    let values = sketch.add("examples", Op::Slice { axis: 0, start: 0 }, &[values], sizes(&[examples, 1]));
    let values = sketch.linear("values", identity("W_V", 1, layers.weights), None, &[1], values);
    let values = sketch.store("values stored", Function::Identity, layers.values, values);
    let pairs = sizes(&[examples, features]);
    let values = sketch.add("values", Op::Arrange(vec![Some(0), None]), &[values], pairs.clone());
    let keys = sketch.add("examples' keys", Op::Slice { axis: 0, start: 0 }, &[keys], pairs);
    let products = sketch.apply("products v.k", Op::Product, &[values, keys]);
    let sums = sketch.apply("sums", Op::Sum(0), &[products]);
    let sums = sketch.store("sums stored", Function::Identity, layers.sums, sums);
    let sums = sketch.add("sums", Op::Arrange(vec![None, Some(0)]), &[sums], sizes(&[tokens, features]));
    let products = sketch.apply("products with queries", Op::Product, &[sums, queries]);
    let read = sketch.apply("attention", Op::Sum(1), &[products]);
    let update = sketch.scale("P", -step.clone(), read);
    let next = sketch.apply("residual", Op::Add, &[kept, update]);
    sketch.output("targets", next);
    sketch.build()
}

/// Minus the query's target.
fn prediction(layers: &LinearAttention) -> Graph {
    let mut sketch = Sketch::new();
    let targets = sketch.port("targets", Carrier::Exact, &[layers.examples + 1]);
    let query = Op::Slice { axis: 0, start: layers.examples };
    let query = sketch.add("query's target", query, &[targets], sizes(&[1]));
    let minus = sketch.scale("prediction", -Rational::one(), query);
    let stored = sketch.store("prediction stored", Function::Identity, layers.values, minus);
    sketch.output("prediction", stored);
    sketch.build()
}

fn sizes(shape: &[u64]) -> Vec<Size> {
    shape.iter().map(|length| Size::fixed(*length)).collect()
}
