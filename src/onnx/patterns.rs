//! Norms and GELUs that a file spells out in small operators, found and made one node; must not know the tensor graph.
//!
//! A norm: `x / sqrt(mean(x^2) + epsilon)`, or times the inverse root, over the last axis; a LayerNorm is one of `x - mean(x)`. A GELU:
//! `x * 0.5 * (1 + erf(x / sqrt 2))`, factors in any order. Exporters write the root of 2 to a few digits: six are asked for.

use std::collections::{BTreeMap, HashMap};

use super::ops::{GELU, NORM};
use crate::spec::onnx::{Attribute, Graph, Node};

/// A graph's nodes by what they make.
struct Reader<'g> {
    graph: &'g Graph,
    makers: HashMap<&'g str, &'g Node>,
    readers: HashMap<&'g str, usize>,
}

/// The nodes, patterns replaced.
pub(super) fn found(graph: &Graph) -> Vec<Node> {
    let reader = Reader::new(graph);
    let one = |node: &Node| reader.norm(node).or_else(|| reader.gelu(node)).unwrap_or_else(|| node.clone());
    graph.nodes.iter().map(one).collect()
}

impl<'g> Reader<'g> {
    fn new(graph: &'g Graph) -> Self {
        let made = |node: &'g Node| node.outputs.iter().map(move |output| (output.as_str(), node));
        let makers = graph.nodes.iter().flat_map(made).collect();
        let mut readers = HashMap::new();
        let read = graph.nodes.iter().flat_map(Node::reads).chain(graph.outputs.iter().map(|(name, _)| name.as_str()));
        read.for_each(|name| *readers.entry(name).or_default() += 1);
        Self { graph, makers, readers }
    }

    /// The node that makes a value, if it is of this operator.
    fn maker(&self, name: &str, op: &str) -> Option<&'g Node> {
        self.makers.get(name).copied().filter(|node| node.op == op)
    }

    /// The one value of a constant.
    fn number(&self, name: &str) -> Option<f64> {
        let tensor = match (self.graph.initialisers.get(name), self.maker(name, "Constant")) {
            (Some(tensor), _) => tensor.clone(),
            (None, Some(node)) => match node.attributes.get("value") {
                Some(Attribute::Tensor(tensor)) => tensor.clone(),
                Some(_) | None => return None,
            },
            (None, None) => return None,
        };
        if tensor.count() == 1 { tensor.reals().ok()?.first().copied() } else { None }
    }

    /// The other input of a node with two, one of them a number.
    fn with_number(&self, node: &'g Node) -> Option<(&'g str, f64)> {
        let [a, b] = &node.inputs[..] else { return None };
        match (self.number(a), self.number(b)) {
            (None, Some(number)) => Some((a, number)),
            (Some(number), None) => Some((b, number)),
            _ => None,
        }
    }

    // ---- Norms ----

    fn norm(&self, node: &Node) -> Option<Node> {
        let [a, b] = &node.inputs[..] else { return None };
        let (x, (squares, axis, epsilon)) = match node.op.as_str() {
            "Div" => (a, self.root(b)?),
            "Mul" => match (self.inverse_root(a), self.inverse_root(b)) {
                (None, Some(root)) => (a, root),
                (Some(root), None) => (b, root),
                _ => return None,
            },
            _ => return None,
        };
        if !self.is_square_of(squares, x) {
            return None;
        }
        let attributes = [("axis", Attribute::Int(axis)), ("epsilon", Attribute::Float(epsilon))];
        Some(one(node, NORM, x, attributes.map(|(key, value)| (key.to_owned(), value)).into()))
    }

    /// What stands under `sqrt(mean(..) + epsilon)`, the axis of the mean, epsilon.
    fn root(&self, name: &str) -> Option<(&'g str, i64, f32)> {
        let sqrt = match (self.maker(name, "Sqrt"), self.maker(name, "Pow")) {
            (Some(node), _) => node,
            (None, Some(node)) if self.number(node.inputs.get(1)?) == Some(0.5) => node,
            _ => return None,
        };
        self.mean_and_epsilon(sqrt.inputs.first()?)
    }

    /// The same of `1 / sqrt(..)`.
    fn inverse_root(&self, name: &str) -> Option<(&'g str, i64, f32)> {
        if let Some(node) = self.maker(name, "Reciprocal") {
            return self.root(node.inputs.first()?);
        }
        if let Some(node) = self.maker(name, "Div") {
            return (self.number(node.inputs.first()?) == Some(1.0)).then(|| self.root(node.inputs.get(1)?))?;
        }
        let power = self.maker(name, "Pow")?;
        (self.number(power.inputs.get(1)?) == Some(-0.5)).then(|| self.mean_and_epsilon(power.inputs.first()?))?
    }

    fn mean_and_epsilon(&self, name: &str) -> Option<(&'g str, i64, f32)> {
        let (mean, epsilon) = self.with_number(self.maker(name, "Add")?)?;
        let mean = self.maker(mean, "ReduceMean")?;
        let keeps = !matches!(mean.attributes.get("keepdims"), Some(Attribute::Int(0)));
        let axis = match (mean.attributes.get("axes"), mean.inputs.get(1)) {
            (Some(Attribute::Ints(axes)), _) if axes.len() == 1 => axes[0],
            (None, Some(axes)) => self.number(axes)? as i64,
            _ => return None,
        };
        (keeps && epsilon > 0.0).then(|| Some((mean.inputs.first()?.as_str(), axis, epsilon as f32)))?
    }

    fn is_square_of(&self, name: &str, x: &str) -> bool {
        let power = self.maker(name, "Pow").filter(|node| node.inputs.get(1).and_then(|n| self.number(n)) == Some(2.0));
        let product = self.maker(name, "Mul").filter(|node| node.inputs.first() == node.inputs.get(1));
        let squared = power.or(product).and_then(|node| node.inputs.first());
        squared.is_some_and(|squared| squared == x || self.same_difference(squared, x))
    }

    /// Some exporters centre twice.
    fn same_difference(&self, a: &str, b: &str) -> bool {
        match (self.maker(a, "Sub"), self.maker(b, "Sub")) {
            (Some(a), Some(b)) => a.inputs == b.inputs,
            _ => false,
        }
    }

    // ---- GELU ----

    fn gelu(&self, node: &Node) -> Option<Node> {
        let mut factor = 1.0;
        let mut leaves = Vec::new();
        for input in (node.op == "Mul").then_some(&node.inputs)? {
            self.factors(input, &mut factor, &mut leaves);
        }
        let [a, b] = leaves[..] else { return None };
        let x = [(a, b), (b, a)].into_iter().find(|(x, gate)| self.is_gate(gate, x))?.0;
        near(factor, 0.5).then(|| one(node, GELU, x, BTreeMap::new()))
    }

    /// Products that only this one reads, multiplied out.
    fn factors(&self, name: &'_ str, factor: &mut f64, leaves: &mut Vec<&'g str>) {
        if let Some(number) = self.number(name) {
            *factor *= number;
            return;
        }
        let node = self.makers.get(name).copied().filter(|node| matches!(node.op.as_str(), "Mul" | "Div"));
        let split =
            node.filter(|_| self.readers.get(name) == Some(&1)).and_then(|node| Some((node, self.with_number(node)?)));
        match split {
            Some((node, (rest, number))) if node.op == "Mul" => {
                *factor *= number;
                self.factors(rest, factor, leaves);
            }
            Some((node, (rest, number))) if node.inputs.first().is_some_and(|first| first == rest) => {
                *factor /= number;
                self.factors(rest, factor, leaves);
            }
            _ => match node.filter(|node| node.op == "Mul" && self.readers.get(name) == Some(&1)) {
                Some(node) => node.inputs.iter().for_each(|input| self.factors(input, factor, leaves)),
                None => leaves.extend(self.own_name(name)),
            },
        }
    }

    /// A name that lives as long as the graph.
    fn own_name(&self, name: &str) -> Option<&'g str> {
        let made = self.makers.get_key_value(name).map(|(name, _)| *name);
        made.or_else(|| self.graph.inputs.iter().map(|input| input.name.as_str()).find(|own| *own == name))
    }

    /// `1 + erf(x / sqrt 2)`.
    fn is_gate(&self, gate: &str, x: &str) -> bool {
        let erf = || {
            let (erf, one) = self.with_number(self.maker(gate, "Add")?)?;
            (one == 1.0).then(|| self.maker(erf, "Erf")?.inputs.first())?
        };
        let mut factor = 1.0;
        let mut leaves = Vec::new();
        let Some(inner) = erf() else { return false };
        self.factors(inner, &mut factor, &mut leaves);
        leaves == [x] && near(factor, std::f64::consts::FRAC_1_SQRT_2)
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6
}

/// A node in place of another.
fn one(node: &Node, op: &str, input: &str, attributes: BTreeMap<String, Attribute>) -> Node {
    let (name, outputs) = (node.name.clone(), node.outputs.clone());
    Node { name, op: op.to_owned(), inputs: vec![input.to_owned()], outputs, attributes }
}
