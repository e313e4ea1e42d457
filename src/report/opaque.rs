//! Opaque depth: the longest run of layers between observed values, of a circuit or of a tensor graph; must not know how runs are found.

use serde::Serialize;

use super::Step;
use crate::circuit::{Array, Circuit, Node};
use crate::cost::names::{self, Place, Unknown};
use crate::cost::{Analysis, opaque};
use crate::tensor::Graph;

/// The longest run between observed values. Tokens and what is given out are always observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opaque {
    /// Layers of the longest run.
    pub depth: u64,
    /// What is observed: the inputs, the output, and names asked for.
    pub observed: Vec<String>,
    /// The operations of the run that cost something, `layer` counted from where it begins.
    pub path: Vec<Step>,
}

/// A graph in topological order, as runs are found on it.
struct Dag {
    places: Vec<Place>,
    costs: Vec<u64>,
    sources: Vec<Vec<usize>>,
    outputs: Vec<usize>,
}

impl Opaque {
    /// In layers of threshold gates: on arrays, by what made them.
    ///
    /// # Errors
    /// When a name fits nothing.
    pub fn of_circuit(circuit: &Circuit, names: &[String]) -> Result<Self, Unknown> {
        let place = |array: &Array| {
            let origin = &circuit.origins()[array.origin.index()];
            Place { path: [&origin.module[..], std::slice::from_ref(&origin.operation)].concat() }
        };
        let dag = Dag {
            places: circuit.arrays().iter().map(place).collect(),
            costs: circuit.arrays().iter().map(|array| u64::from(matches!(array.node, Node::Bank(_)))).collect(),
            sources: circuit.arrays().iter().map(sources).collect(),
            outputs: circuit.outputs().iter().map(|output| output.array.index()).collect(),
        };
        let output = circuit.outputs().iter().map(|output| output.name.clone());
        dag.longest(output.collect(), names)
    }

    /// In the unit of a cost model: on operations.
    ///
    /// # Errors
    /// When a name fits nothing.
    pub fn of_graph(graph: &Graph, analysis: &Analysis, names: &[String]) -> Result<Self, Unknown> {
        let place = |id| {
            let node = graph.node(id);
            Place { path: [&node.module[..], std::slice::from_ref(&node.label)].concat() }
        };
        let dag = Dag {
            places: graph.order().map(place).collect(),
            costs: (0..analysis.nodes.len()).map(|node| analysis.latency(node)).collect(),
            sources: analysis.sources.clone(),
            outputs: vec![analysis.output],
        };
        dag.longest(vec![graph.output_name().to_owned()], names)
    }
}

fn sources(array: &Array) -> Vec<usize> {
    match &array.node {
        Node::Input | Node::Port => Vec::new(),
        Node::Affine(affine) => affine.terms.iter().map(|term| term.source.index()).collect(),
        Node::Bank(bank) => vec![bank.form.index()],
    }
}

impl Dag {
    fn longest(&self, output: Vec<String>, names: &[String]) -> Result<Opaque, Unknown> {
        let observed = names::observed(&self.places, &self.sources, &self.outputs, names)?;
        let run = opaque::longest(&self.costs, &self.sources, &observed, &self.outputs);
        let mut layer = 0;
        let costly = run.path.iter().filter(|node| self.costs[**node] > 0);
        let path = costly.map(|node| {
            layer += self.costs[*node];
            step(&self.places[*node], layer, self.costs[*node])
        });
        let output = output.into_iter().map(|name| format!("{name} out"));
        let observed = ["tokens in".to_owned()].into_iter().chain(output).chain(names.iter().cloned());
        Ok(Opaque { depth: run.depth, path: path.collect(), observed: observed.collect() })
    }
}

fn step(place: &Place, layer: u64, cost: u64) -> Step {
    let (operation, module) =
        place.path.split_last().map_or((String::new(), &[][..]), |(last, rest)| (last.clone(), rest));
    Step { module: module.join(" / "), operation, layer, cost: Some(cost) }
}
