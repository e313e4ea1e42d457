//! Graphs cut down to what is needed, and cut in two: what rests on inputs alone, made once, and the rest; must not know loops.

use std::collections::HashMap;

use petgraph::graph::{DiGraph, NodeIndex};

use super::{Carrier, Graph, Node, Op};

impl Graph {
    /// The same graph without nodes that no output rests on; inputs and ports stay.
    pub fn pruned(&self) -> Self {
        let mut needed: Vec<bool> = self.order().map(|id| is_source(&self.node(id).op)).collect();
        self.outputs.iter().for_each(|(_, id)| needed[id.index()] = true);
        for index in (0..needed.len()).rev().filter(|index| needed[*index]).collect::<Vec<_>>() {
            self.mark(NodeIndex::new(index), &mut needed);
        }
        let mut copy = Copy::of(self);
        self.order().filter(|id| needed[id.index()]).for_each(|id| copy.take(id));
        copy.finish(self.outputs.iter().map(|(name, id)| (name.clone(), *id)))
    }

    fn mark(&self, id: NodeIndex, needed: &mut [bool]) {
        for operand in self.operands(id) {
            if !std::mem::replace(&mut needed[operand.index()], true) {
                self.mark(operand, needed);
            }
        }
    }

    /// What rests on numbers from outside and constants alone, and the rest, which reads it through further ports, after those it has.
    /// Nothing where the graph reads no numbers.
    pub fn hoisted(&self) -> Option<(Self, Self)> {
        let mut early: Vec<Rests> = Vec::new();
        for id in self.order() {
            let below = self.operands(id).iter().map(|x| early[x.index()]).max();
            early.push(below.unwrap_or(own(&self.node(id).op)));
        }
        let mut hoist = Hoist { graph: self, early, rest: Copy::of(self), crossing: Vec::new() };
        for id in self.order() {
            if hoist.early[id.index()] != Rests::Numbers {
                hoist.take(id);
            }
        }
        let Hoist { early, rest, crossing, .. } = hoist;
        let mut first = Copy::of(self);
        self.order().filter(|id| early[id.index()] != Rests::Ports).for_each(|id| first.take(id));
        let outputs = crossing.iter().map(|id| (self.node(*id).label.clone(), *id));
        let some = !crossing.is_empty();
        some.then(|| (first.finish(outputs).pruned(), rest.finish(self.outputs.iter().cloned())))
    }
}

/// What a node rests on, the latest counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rests {
    Constants,
    Numbers,
    Ports,
}

fn own(op: &Op) -> Rests {
    match op {
        Op::Port(_) => Rests::Ports,
        Op::Number(_) | Op::Tokens { .. } => Rests::Numbers,
        _ => Rests::Constants,
    }
}

fn is_source(op: &Op) -> bool {
    own(op) != Rests::Constants
}

struct Hoist<'g> {
    graph: &'g Graph,
    early: Vec<Rests>,
    rest: Copy<'g>,
    /// What is read across the cut.
    crossing: Vec<NodeIndex>,
}

impl Hoist<'_> {
    fn take(&mut self, id: NodeIndex) {
        for operand in self.graph.operands(id) {
            if self.early[operand.index()] == Rests::Numbers && !self.rest.places.contains_key(&operand) {
                self.cross(operand);
            }
        }
        self.rest.take(id);
    }

    /// Moves of early values are made again, so that what crosses is no larger than it must be.
    fn cross(&mut self, id: NodeIndex) {
        let node = self.graph.node(id);
        if matches!(node.op, Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } | Op::Reshape) {
            return self.take(id);
        }
        let carrier = match node.op {
            Op::Store { format, .. } | Op::Number(format) => Carrier::Stored(format),
            _ => Carrier::Exact,
        };
        let port = Node { op: Op::Port(carrier), ..node.clone() };
        let place = self.rest.nodes.add_node(port);
        self.rest.places.insert(id, place);
        self.crossing.push(id);
    }
}

/// Some of a graph's nodes.
struct Copy<'g> {
    graph: &'g Graph,
    nodes: DiGraph<Node, usize>,
    places: HashMap<NodeIndex, NodeIndex>,
}

impl<'g> Copy<'g> {
    fn of(graph: &'g Graph) -> Self {
        Self { graph, nodes: DiGraph::new(), places: HashMap::new() }
    }

    fn take(&mut self, id: NodeIndex) {
        let place = self.nodes.add_node(self.graph.node(id).clone());
        for (slot, operand) in self.graph.operands(id).iter().enumerate() {
            self.nodes.add_edge(self.places[operand], place, slot);
        }
        self.places.insert(id, place);
    }

    fn finish(self, outputs: impl Iterator<Item = (String, NodeIndex)>) -> Graph {
        let outputs = outputs.map(|(name, id)| (name, self.places[&id])).collect();
        Graph { nodes: self.nodes, params: self.graph.params.clone(), outputs, accumulation: self.graph.accumulation }
    }
}
