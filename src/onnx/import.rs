//! One node after another: what its inputs are by now, what its operator makes of them; collects all that is wrong. Must not know operators.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::array::{Array, entries};
use super::emit::{Emit, Result};
use super::ops::{Call, operator};
use super::patterns;
use super::value::{Data, Ids, Reals, Value};
use crate::spec::onnx::{Attribute, Dim, Graph as File, Input, Kind, Model, Node, Tensor};
use crate::spec::{Error, Rounding, problems};
use crate::tensor::{Graph, Op};

/// Operators whose graph repeats, which no constant resolves.
const LOOPS: [&str; 2] = ["Loop", "Scan"];

/// What is wrong with a model, all of it.
pub(super) fn refusal(model: &Model, messages: Vec<String>) -> Error {
    problems(&model.name, messages)
}

/// The tensor graph of a model.
pub(super) fn graph(model: &Model, lengths: &BTreeMap<String, u64>, bound: bool) -> std::result::Result<Graph, Error> {
    let nodes = live(&model.graph, patterns::found(&model.graph));
    let unread = unread(&nodes);
    if !unread.is_empty() {
        return Err(refusal(model, unread));
    }
    let mut import = Import {
        opset: model.opset,
        emit: Emit::new(model.numerics, bound),
        values: HashMap::new(),
        broken: HashSet::new(),
        problems: Vec::new(),
    };
    import.inputs(&model.graph, &nodes, lengths);
    import.constants(&model.graph, &nodes);
    import.nodes(&nodes, &outputs(&model.graph));
    import.outputs(&model.graph, lengths);
    let Import { emit, mut problems, .. } = import;
    problems.dedup();
    if problems.is_empty() { Ok(emit.sketch.build()) } else { Err(refusal(model, problems)) }
}

fn outputs(graph: &File) -> BTreeSet<&str> {
    graph.outputs.iter().map(|(name, _)| name.as_str()).collect()
}

/// The nodes whose values are read in the end.
fn live(graph: &File, nodes: Vec<Node>) -> Vec<Node> {
    let mut read: BTreeSet<String> = graph.outputs.iter().map(|(name, _)| name.clone()).collect();
    let mut kept = Vec::new();
    for node in nodes.into_iter().rev() {
        if node.outputs.iter().any(|name| read.contains(name)) {
            read.extend(node.reads().into_iter().map(str::to_owned));
            kept.push(node);
        }
    }
    kept.reverse();
    kept
}

/// A message for each operator that is not read, with all nodes that have it.
fn unread(nodes: &[Node]) -> Vec<String> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes.iter().filter(|node| node.op != "If" && operator(&node.op).is_none()) {
        names.entry(&node.op).or_default().push(&node.name);
    }
    let message = |(op, nodes): (&str, Vec<&str>)| {
        let list: Vec<String> = nodes.iter().map(|name| format!("`{name}`")).collect();
        let why = if LOOPS.contains(&op) { ", a loop inside of the graph," } else { "" };
        format!(
            "operator `{op}`{why} is not supported: node{} {}",
            if nodes.len() > 1 { "s" } else { "" },
            list.join(", ")
        )
    };
    names.into_iter().map(message).collect()
}

/// An import under way.
struct Import {
    opset: u64,
    emit: Emit,
    values: HashMap<String, Value>,
    /// Names without a value, for a reason that is told already.
    broken: HashSet<String>,
    problems: Vec<String>,
}

impl Import {
    fn keep(&mut self, name: &str, what: &str, value: Result<Value>) {
        match value {
            Ok(value) => {
                self.values.insert(name.to_owned(), value);
            }
            Err(reason) => {
                self.broken.insert(name.to_owned());
                self.problems.push(format!("{what} `{name}`: {reason}"));
            }
        }
    }

    fn inputs(&mut self, graph: &File, nodes: &[Node], lengths: &BTreeMap<String, u64>) {
        let read: BTreeSet<&str> = nodes.iter().flat_map(Node::reads).chain(outputs(graph)).collect();
        for input in graph.inputs.iter().filter(|input| read.contains(input.name.as_str())) {
            let value = self.input(input, graph, nodes, lengths);
            self.keep(&input.name, "input", value);
        }
    }

    fn input(&mut self, input: &Input, graph: &File, nodes: &[Node], lengths: &BTreeMap<String, u64>) -> Result<Value> {
        let length = |dim: &Dim| match dim {
            Dim::Fixed(length) => *length,
            Dim::Named(name) => lengths.get(name).copied().unwrap_or(0),
        };
        let shape: Vec<u64> = input.dims.iter().map(length).collect();
        self.emit.label = input.name.clone();
        if input.kind.is_real() {
            let format = self.emit.numerics.activations;
            return Ok(Value::Data(Data::new(self.emit.node(Op::Number(format), &[], &shape)?)));
        }
        let count = super::emit::sized(&shape)?;
        let node = match vocabulary(&input.name, graph, nodes)? {
            Some(vocabulary) if input.kind != Kind::Bool => {
                Some(self.emit.node(Op::Tokens { vocabulary }, &[], &[count])?)
            }
            _ => None,
        };
        Ok(Value::Ids(Ids { name: input.name.clone(), node, shape }))
    }

    fn constants(&mut self, graph: &File, nodes: &[Node]) {
        let read: BTreeSet<&str> = nodes.iter().flat_map(Node::reads).chain(outputs(graph)).collect();
        for (name, tensor) in graph.initialisers.iter().filter(|(name, _)| read.contains(name.as_str())) {
            let value = constant(name, tensor);
            self.keep(name, "initialiser", value);
        }
    }

    fn nodes(&mut self, nodes: &[Node], outputs: &BTreeSet<&str>) {
        let mut read: BTreeSet<&str> = outputs.clone();
        read.extend(nodes.iter().flat_map(Node::reads));
        for node in nodes {
            if node.reads().iter().any(|name| self.broken.contains(*name)) {
                self.broken.extend(node.outputs.iter().cloned());
                continue;
            }
            let made = if node.op == "If" { self.branch(node) } else { self.call(node, &read) };
            if let Err(reason) = made {
                self.broken.extend(node.outputs.iter().cloned());
                let op = if node.op.starts_with('(') { String::new() } else { format!(" ({})", node.op) };
                self.problems.push(format!("node `{}`{op}: {reason}", node.name));
            }
        }
    }

    fn call(&mut self, node: &Node, read: &BTreeSet<&str>) -> Result<()> {
        let operator = operator(&node.op).ok_or_else(|| format!("operator `{}` is not supported", node.op))?;
        let value = |name: &String| match self.values.get(name) {
            _ if name.is_empty() => Ok(None),
            Some(value) => Ok(Some(value.clone())),
            None => Err(format!("it reads `{name}`, which has no value here")),
        };
        let inputs = node.inputs.iter().map(value).collect::<Result<Vec<_>>>()?;
        let wanted = node.outputs.iter().map(|name| read.contains(name.as_str())).collect();
        let call = Call::new(node, inputs, self.opset, wanted);
        self.place(node);
        let made = (operator.make)(&mut self.emit, &call)?;
        call.understood()?;
        for (place, name) in node.outputs.iter().enumerate().filter(|(place, _)| call.wants(*place)) {
            let value = made.get(place).cloned().ok_or_else(|| format!("its output {place} is not supported"))?;
            let value = if operator.moves { value } else { self.eager(value)? };
            self.values.insert(name.clone(), value);
        }
        Ok(())
    }

    /// Under eager rounding, what an operator makes is rounded.
    fn eager(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Data(data) if self.emit.numerics.rounding == Rounding::Eager => {
                let node = self.emit.rounded(&data)?;
                Ok(Value::Data(Data { left_out: data.left_out, ..Data::new(node) }))
            }
            value => Ok(value),
        }
    }

    /// Nodes lie in modules by the parts of their names.
    fn place(&mut self, node: &Node) {
        let parts: Vec<String> = node.name.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        self.emit.sketch.set_module(parts);
        self.emit.label = node.op.trim_matches(['(', ')']).to_owned();
    }

    /// The branch a constant condition chooses.
    fn branch(&mut self, node: &Node) -> Result<()> {
        let condition = match node.inputs.first().and_then(|name| self.values.get(name)) {
            Some(Value::Ints(array)) if array.values.len() == 1 => array.values[0] != 0,
            _ => return Err("its condition is computed; only a constant one is resolved".to_owned()),
        };
        let name = if condition { "then_branch" } else { "else_branch" };
        let Some(Attribute::Graph(graph)) = node.attributes.get(name) else {
            return Err(format!("attribute `{name}` is no graph"));
        };
        let nodes = live(graph, patterns::found(graph));
        let unread = unread(&nodes);
        if !unread.is_empty() {
            return Err(unread.join("; "));
        }
        self.constants(graph, &nodes);
        self.nodes(&nodes, &outputs(graph));
        for ((inner, _), outer) in graph.outputs.iter().zip(&node.outputs) {
            match self.values.get(inner).cloned() {
                Some(value) => {
                    self.values.insert(outer.clone(), value);
                }
                None => {
                    self.broken.insert(outer.clone());
                }
            }
        }
        Ok(())
    }

    fn outputs(&mut self, graph: &File, lengths: &BTreeMap<String, u64>) {
        for (name, dims) in &graph.outputs {
            if self.broken.contains(name) {
                continue;
            }
            if let Err(reason) = self.output(name, dims.as_deref(), lengths) {
                self.problems.push(format!("output `{name}`: {reason}"));
            }
        }
    }

    fn output(&mut self, name: &str, dims: Option<&[Dim]>, lengths: &BTreeMap<String, u64>) -> Result<()> {
        self.emit.sketch.set_module(Vec::new());
        self.emit.label = name.to_owned();
        let node = match self.values.get(name).cloned() {
            Some(Value::Data(data)) => {
                let data = super::ops::whole(&data)?;
                self.emit.plain(&data)?
            }
            Some(Value::Reals(reals)) => {
                let data = self.emit.given(&reals)?;
                self.emit.plain(&data)?
            }
            Some(Value::Ints(array)) => {
                entries(&array.shape)?;
                self.emit.given_integers(&array)?.node
            }
            Some(Value::Ids(_)) => return Err("it is an input of token ids as it came".to_owned()),
            None => return Err("it has no value".to_owned()),
        };
        let own = self.emit.lengths(node);
        if dims.is_some_and(|dims| !fits(dims, &own, lengths)) {
            return Err(format!("the file says its shape is {:?}, it is {own:?}", dims.unwrap_or_default()));
        }
        self.emit.sketch.output(name, node);
        Ok(())
    }
}

/// Whether a shape is what the file says, where it does.
fn fits(dims: &[Dim], own: &[u64], lengths: &BTreeMap<String, u64>) -> bool {
    let same = |(dim, own): (&Dim, &u64)| match dim {
        Dim::Fixed(length) => length == own,
        Dim::Named(name) => lengths.get(name).is_none_or(|length| length == own),
    };
    dims.len() == own.len() && dims.iter().zip(own).all(same)
}

/// A tensor of the file as a value.
fn constant(name: &str, tensor: &std::sync::Arc<Tensor>) -> Result<Value> {
    if tensor.kind.is_real() {
        return Ok(Value::Reals(Reals::stored(name, tensor)));
    }
    entries(&tensor.shape)?;
    Ok(Value::Ints(Array { shape: tensor.shape.clone(), values: tensor.integers()? }))
}

/// Operators that hand token ids on in their order.
const HANDED_ON: [&str; 7] = ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout"];

/// What the integers of an input are below: the rows of the tables that are read by them.
fn vocabulary(name: &str, graph: &File, nodes: &[Node]) -> Result<Option<u64>> {
    let (mut same, mut rows) = (BTreeSet::from([name]), BTreeSet::new());
    for node in nodes {
        if HANDED_ON.contains(&node.op.as_str())
            && node.inputs.first().is_some_and(|input| same.contains(input.as_str()))
        {
            same.extend(node.outputs.iter().map(String::as_str));
        }
        if node.op == "Gather" && node.inputs.get(1).is_some_and(|input| same.contains(input.as_str())) {
            let table = node.inputs.first().and_then(|table| graph.initialisers.get(table));
            rows.extend(table.and_then(|table| table.shape.first().copied()));
        }
    }
    match rows.len() {
        0 => Ok(None),
        1 => Ok(rows.first().copied().filter(|rows| *rows > 0)),
        _ => Err(format!("its integers are rows of tables of different lengths: {rows:?}")),
    }
}
