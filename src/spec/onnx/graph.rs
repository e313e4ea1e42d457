//! Graphs of an ONNX file, checked: names, order, attributes; all that is wrong with them at once. Must not know what any operator means.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::proto;
use super::tensor::{Kind, Tensor};

/// A graph: what comes in, what goes out, its nodes in an order in which every value is made before it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Inputs without initial values, in order.
    pub inputs: Vec<Input>,
    /// The names of outputs, in order, with the lengths of axes the file gives them, if any.
    pub outputs: Vec<(String, Option<Vec<Dim>>)>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Constant tensors by name.
    pub initialisers: BTreeMap<String, Arc<Tensor>>,
}

/// An input.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The element type.
    pub kind: Kind,
    /// The axes.
    pub dims: Vec<Dim>,
}

/// The length of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    /// A number.
    Fixed(u64),
    /// A name, for a number that is given later.
    Named(String),
}

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name, or one made of its first output.
    pub name: String,
    /// The operator, with its domain in front where that is not the standard one.
    pub op: String,
    /// What it reads; an empty name is an input left out.
    pub inputs: Vec<String>,
    /// What it makes; an empty name is an output left out.
    pub outputs: Vec<String>,
    /// Its attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A real number.
    Float(f32),
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
    /// A tensor.
    Tensor(Arc<Tensor>),
    /// A graph that reads names of the graph it is in.
    Graph(Arc<Graph>),
    /// Real numbers.
    Floats(Vec<f32>),
    /// Integers.
    Ints(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
    /// Of a kind that no supported operator has.
    Other(i32),
}

/// A graph under inspection.
pub(super) struct Checker<'a> {
    /// The file, which external data stand beside.
    pub file: Option<&'a Path>,
    /// What is wrong so far.
    pub problems: Vec<String>,
}

impl Checker<'_> {
    /// A graph inside of others, whose names `outer` it may read.
    pub fn graph(&mut self, from: proto::Graph, outer: &BTreeSet<String>) -> Graph {
        for sparse in &from.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", |values| &values.name);
            self.problems.push(format!("initialiser `{name}` is sparse, which is not read"));
        }
        let mut names = BTreeSet::new();
        let mut initialisers = BTreeMap::new();
        for tensor in from.initializer {
            let name = tensor.name.clone();
            self.declare(&mut names, &name, "initialiser");
            if let Some(tensor) = self.tensor(tensor, &format!("initialiser `{name}`")) {
                initialisers.insert(name, tensor);
            }
        }
        let inputs = self.inputs(from.input, &mut names, &initialisers);
        for output in from.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty()) {
            self.declare(&mut names, output, "value");
        }
        let seen: BTreeSet<String> = outer.union(&names).cloned().collect();
        let nodes: Vec<Node> = from.node.into_iter().map(|node| self.node(node, &seen)).collect();
        let given = inputs.iter().map(|input| &input.name).chain(initialisers.keys()).chain(outer);
        let nodes = self.ordered(nodes, given.cloned().collect());
        let outputs: Vec<_> = from.output.into_iter().map(|output| self.output(output, &seen)).collect();
        Graph { inputs, outputs, nodes, initialisers }
    }

    fn declare(&mut self, names: &mut BTreeSet<String>, name: &str, what: &str) {
        match name {
            "" => self.problems.push(format!("an {what} has no name")),
            _ if !names.insert(name.to_owned()) => {
                self.problems.push(format!("{what} `{name}`: another value of the graph has the same name"));
            }
            _ => {}
        }
    }

    fn tensor(&mut self, from: proto::Tensor, what: &str) -> Option<Arc<Tensor>> {
        let read = Tensor::new(from, self.file).map_err(|reason| self.problems.push(format!("{what}: {reason}")));
        read.ok().map(Arc::new)
    }

    /// Older files list initialisers among the inputs: those have a value.
    fn inputs(
        &mut self,
        from: Vec<proto::ValueInfo>,
        names: &mut BTreeSet<String>,
        initialisers: &BTreeMap<String, Arc<Tensor>>,
    ) -> Vec<Input> {
        let mut inputs = Vec::new();
        for info in from {
            if initialisers.contains_key(&info.name) {
                continue;
            }
            self.declare(names, &info.name, "input");
            match input(&info) {
                Ok(input) => inputs.push(input),
                Err(reason) => self.problems.push(format!("input `{}`: {reason}", info.name)),
            }
        }
        inputs
    }

    fn output(&mut self, info: proto::ValueInfo, seen: &BTreeSet<String>) -> (String, Option<Vec<Dim>>) {
        if !seen.contains(&info.name) {
            self.problems.push(format!("output `{}` is made by no node", info.name));
        }
        let shape = info.kind.and_then(|kind| kind.tensor).and_then(|tensor| tensor.shape);
        let dims = shape.and_then(|shape| dims(&info.name, &shape).ok());
        (info.name, dims)
    }

    fn node(&mut self, from: proto::Node, seen: &BTreeSet<String>) -> Node {
        let standard = matches!(from.domain.as_str(), "" | "ai.onnx");
        let op = if standard { from.op_type } else { format!("{}.{}", from.domain, from.op_type) };
        let first = from.output.iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
        let name = if from.name.is_empty() { first } else { from.name };
        for input in from.input.iter().filter(|input| !input.is_empty() && !seen.contains(*input)) {
            self.problems.push(format!("node `{name}` ({op}) reads `{input}`, which nothing makes"));
        }
        let mut attributes = BTreeMap::new();
        for attribute in from.attribute {
            let key = attribute.name.clone();
            let value = self.attribute(attribute, seen, &format!("node `{name}` ({op}), attribute `{key}`"));
            if attributes.insert(key.clone(), value).is_some() {
                self.problems.push(format!("node `{name}` ({op}) has two attributes `{key}`"));
            }
        }
        Node { name, op, inputs: from.input, outputs: from.output, attributes }
    }

    /// The numbers are those of `AttributeProto.AttributeType`.
    fn attribute(&mut self, from: proto::Attribute, seen: &BTreeSet<String>, what: &str) -> Attribute {
        if !from.reference.is_empty() {
            self.problems.push(format!("{what} refers to an attribute of a function, and stands in none"));
        }
        match (from.kind, from.t, from.g) {
            (1, ..) => Attribute::Float(from.f),
            (2, ..) => Attribute::Int(from.i),
            (3, ..) => Attribute::Text(text(&from.s)),
            (4, Some(tensor), _) => self.tensor(tensor, what).map_or(Attribute::Other(4), Attribute::Tensor),
            (5, _, Some(graph)) => Attribute::Graph(Arc::new(self.graph(graph, seen))),
            (6, ..) => Attribute::Floats(from.floats),
            (7, ..) => Attribute::Ints(from.ints),
            (8, ..) => Attribute::Texts(from.strings.iter().map(|bytes| text(bytes)).collect()),
            (kind, ..) => Attribute::Other(kind),
        }
    }

    /// The nodes, each after those that make what it reads, else in the order of the file; those that wait for each other are told.
    fn ordered(&mut self, nodes: Vec<Node>, given: BTreeSet<String>) -> Vec<Node> {
        let made: BTreeSet<String> = nodes.iter().flat_map(|node| &node.outputs).cloned().collect();
        let mut waiting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut missing = vec![0; nodes.len()];
        for (number, node) in nodes.iter().enumerate() {
            let reads: BTreeSet<&str> = node.reads().into_iter().collect();
            for name in reads.into_iter().filter(|name| !given.contains(*name) && made.contains(*name)) {
                missing[number] += 1;
                waiting.entry(name.to_owned()).or_default().push(number);
            }
        }
        let mut ready: BTreeSet<usize> = (0..nodes.len()).filter(|number| missing[*number] == 0).collect();
        let (mut nodes, mut done) = (nodes.into_iter().map(Some).collect::<Vec<_>>(), Vec::new());
        while let Some(node) = ready.pop_first().and_then(|number| nodes[number].take()) {
            for reader in node.outputs.iter().filter_map(|name| waiting.remove(name)).flatten() {
                missing[reader] -= 1;
                if missing[reader] == 0 {
                    ready.insert(reader);
                }
            }
            done.push(node);
        }
        let names: Vec<String> = nodes.iter().flatten().take(8).map(|node| format!("`{}`", node.name)).collect();
        if !names.is_empty() {
            self.problems.push(format!("these nodes wait for each other's values: {}", names.join(", ")));
        }
        done
    }
}

impl Node {
    /// All names it reads, those its graphs read from outside of themselves among them.
    pub fn reads(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.inputs.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        for attribute in self.attributes.values() {
            if let Attribute::Graph(graph) = attribute {
                names.extend(graph.reads_from_outside());
            }
        }
        names
    }
}

impl Graph {
    fn reads_from_outside(&self) -> Vec<&str> {
        let mut own: BTreeSet<&str> = self.initialisers.keys().map(String::as_str).collect();
        own.extend(self.inputs.iter().map(|input| input.name.as_str()));
        own.extend(self.nodes.iter().flat_map(|node| &node.outputs).map(String::as_str));
        let read = self.nodes.iter().flat_map(Node::reads).chain(self.outputs.iter().map(|(name, _)| name.as_str()));
        read.filter(|name| !own.contains(name)).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn input(info: &proto::ValueInfo) -> Result<Input, String> {
    let tensor = info.kind.as_ref().and_then(|kind| kind.tensor.as_ref()).ok_or("it is no tensor")?;
    let shape = tensor.shape.as_ref().ok_or("it has no shape; its number of axes must be known")?;
    Ok(Input { name: info.name.clone(), kind: Kind::of(tensor.elem_type)?, dims: dims(&info.name, shape)? })
}

/// An axis without a name is called by its input and place: `x.0`.
fn dims(name: &str, shape: &proto::Shape) -> Result<Vec<Dim>, String> {
    let unnamed = |place: usize| Dim::Named(format!("{name}.{place}"));
    let dim = |(place, dim): (usize, &proto::Dimension)| match (dim.value, dim.param.as_deref()) {
        (Some(value), _) => match u64::try_from(value) {
            Ok(value) => Ok(Dim::Fixed(value)),
            Err(_) => Err(format!("axis {place} has the negative length {value}")),
        },
        (None, None | Some("" | "?")) => Ok(unnamed(place)),
        (None, Some(param)) if param.chars().all(|c| c.is_alphanumeric() || "_.:/-".contains(c)) => {
            Ok(Dim::Named(param.to_owned()))
        }
        (None, Some(param)) => {
            let short: String = param.chars().take(60).collect();
            Err(format!("axis {place} is `{short}`; a number or a plain name is read, no expression"))
        }
    };
    shape.dim.iter().enumerate().map(dim).collect()
}
