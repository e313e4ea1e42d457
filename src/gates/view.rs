//! petgraph's visit traits on a circuit, so that petgraph's algorithms run on it as it is; the one file that knows petgraph.
//!
//! An edge goes from a gate to one that reads it: successors are readers. A gate read twice by another has two edges to it.

use std::ops::Range;
use std::slice::Iter;

use petgraph::visit::{
    Data, EdgeCount, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoEdgesDirected, IntoNeighbors,
    IntoNeighborsDirected, IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};
use petgraph::{Directed, Direction, Graph};

use super::bank::{Column, GateSources};
use super::{Bank, Gates};

/// A circuit as a directed graph; holds, beside the circuit, the banks that read each gate.
#[derive(Clone, Debug)]
pub struct GateGraph<'a> {
    gates: &'a Gates,
    reader_start: Vec<u64>,
    readers: Vec<u32>,
    /// Which part of its bank each reader is; empty when no bank is scaled.
    parts: Vec<u32>,
}

/// Stands for a bank that is not scaled.
const PLAIN: u32 = u32::MAX;

impl<'a> GateGraph<'a> {
    /// Lists the readers of each gate. Two passes over the stored wires.
    pub fn new(gates: &'a Gates) -> Self {
        let mut reader_start = vec![0_u64; gates.gate_count() as usize + 1];
        for &source in &gates.wire_source {
            reader_start[source as usize + 1] += 1;
        }
        let mut total = 0;
        for start in &mut reader_start {
            total += *start;
            *start = total;
        }
        let mut free = reader_start.clone();
        let mut readers = vec![0; gates.wire_source.len()];
        let mut parts = vec![PLAIN; if gates.scales.bank.is_empty() { 0 } else { readers.len() }];
        for (index, bank) in gates.banks().enumerate() {
            for (part, source) in sources_by_part(&bank) {
                let place = &mut free[source as usize];
                readers[*place as usize] = index as u32;
                if bank.is_scaled() {
                    parts[*place as usize] = part;
                }
                *place += 1;
            }
        }
        Self { gates, reader_start, readers, parts }
    }

    /// The circuit itself.
    pub fn gates(&self) -> &'a Gates {
        self.gates
    }

    fn walk(&self, gate: u32, direction: Direction) -> Neighbors<'_> {
        let (gates, at) = (self.gates, gate as usize);
        let wires = self.reader_start[at] as usize..self.reader_start[at + 1] as usize;
        let (sources, wires) = match direction {
            Direction::Incoming => (self.sources(gate), 0..0),
            Direction::Outgoing => (GateSources::none(), wires),
        };
        let parts = if self.parts.is_empty() { &[] } else { &self.parts[wires.clone()] };
        let (banks, parts) = (self.readers[wires].iter(), parts.iter());
        Neighbors { gates, sources, banks, parts, readers: 0..0, multipliers: None }
    }

    fn sources(&self, gate: u32) -> GateSources<'_> {
        let bank = self.gates.bank_of(gate).map(|bank| self.gates.bank(bank));
        bank.map_or(GateSources::none(), |bank| bank.gate_sources((gate - bank.gates().start) as usize))
    }

    fn walk_edges(&self, gate: u32, direction: Direction) -> Edges<'_> {
        Edges { gate, direction, neighbors: self.walk(gate, direction) }
    }
}

/// The wires of a bank: part and source.
fn sources_by_part<'a>(bank: &Bank<'a>) -> impl Iterator<Item = (u32, u32)> + use<'a> {
    bank.parts().zip(0..).flat_map(|(part, place)| part.sources().iter().map(move |&source| (place, source)))
}

/// The neighbours of one gate in one direction.
#[derive(Clone, Debug)]
pub struct Neighbors<'a> {
    gates: &'a Gates,
    sources: GateSources<'a>,
    banks: Iter<'a, u32>,
    parts: Iter<'a, u32>,
    readers: Range<u32>,
    /// The multipliers of the readers, where they have any.
    multipliers: Option<Column<'a>>,
}

impl Neighbors<'_> {
    /// Takes up the next bank, if there is one.
    fn step(&mut self) -> Option<()> {
        let bank = *self.banks.next()? as usize;
        let part = self.parts.next().filter(|&&part| part != PLAIN);
        self.readers = self.gates.bank_first_gate[bank]..self.gates.bank_first_gate[bank + 1];
        self.multipliers = part.map(|&part| self.gates.bank(bank).column(part as usize));
        Some(())
    }

    /// Whether the next reader reads the gate.
    fn reads(&mut self) -> bool {
        self.multipliers.as_mut().is_none_or(|multipliers| multipliers.next() != Some(&0))
    }
}

impl Iterator for Neighbors<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if let Some(source) = self.sources.next() {
            return Some(source);
        }
        loop {
            match self.readers.next() {
                Some(reader) if self.reads() => return Some(reader),
                Some(_) => {}
                None => self.step()?,
            }
        }
    }
}

/// The edges of one gate in one direction, as `(from, to, &())`.
#[derive(Clone, Debug)]
pub struct Edges<'a> {
    gate: u32,
    direction: Direction,
    neighbors: Neighbors<'a>,
}

impl<'a> Iterator for Edges<'a> {
    type Item = (u32, u32, &'a ());

    fn next(&mut self) -> Option<Self::Item> {
        let other = self.neighbors.next()?;
        match self.direction {
            Direction::Outgoing => Some((self.gate, other, &())),
            Direction::Incoming => Some((other, self.gate, &())),
        }
    }
}

/// All edges, by the gate they come from.
#[derive(Clone, Debug)]
pub struct AllEdges<'a> {
    graph: &'a GateGraph<'a>,
    rest: Range<u32>,
    edges: Option<Edges<'a>>,
}

impl<'a> Iterator for AllEdges<'a> {
    type Item = (u32, u32, &'a ());

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(edge) = self.edges.as_mut().and_then(Iterator::next) {
                return Some(edge);
            }
            self.edges = Some(self.graph.walk_edges(self.rest.next()?, Direction::Outgoing));
        }
    }
}

impl GraphBase for GateGraph<'_> {
    type NodeId = u32;
    type EdgeId = (u32, u32);
}

impl GraphProp for GateGraph<'_> {
    type EdgeType = Directed;
}

impl Data for GateGraph<'_> {
    type NodeWeight = ();
    type EdgeWeight = ();
}

impl NodeCount for GateGraph<'_> {
    fn node_count(&self) -> usize {
        self.gates.gate_count() as usize
    }
}

impl EdgeCount for GateGraph<'_> {
    fn edge_count(&self) -> usize {
        self.gates.banks().map(|bank| bank.logical_wires() as usize).sum()
    }
}

impl NodeIndexable for GateGraph<'_> {
    fn node_bound(&self) -> usize {
        self.node_count()
    }

    fn to_index(&self, gate: u32) -> usize {
        gate as usize
    }

    fn from_index(&self, index: usize) -> u32 {
        index as u32
    }
}

impl NodeCompactIndexable for GateGraph<'_> {}

impl Visitable for GateGraph<'_> {
    type Map = <Graph<(), ()> as Visitable>::Map;

    fn visit_map(&self) -> Self::Map {
        Self::Map::with_capacity(self.node_count())
    }

    fn reset_map(&self, map: &mut Self::Map) {
        map.clear();
        map.grow(self.node_count());
    }
}

impl IntoNodeIdentifiers for &GateGraph<'_> {
    type NodeIdentifiers = Range<u32>;

    fn node_identifiers(self) -> Range<u32> {
        0..self.gates.gate_count()
    }
}

impl<'a> IntoNeighbors for &'a GateGraph<'_> {
    type Neighbors = Neighbors<'a>;

    fn neighbors(self, gate: u32) -> Neighbors<'a> {
        self.walk(gate, Direction::Outgoing)
    }
}

impl<'a> IntoNeighborsDirected for &'a GateGraph<'_> {
    type NeighborsDirected = Neighbors<'a>;

    fn neighbors_directed(self, gate: u32, direction: Direction) -> Neighbors<'a> {
        self.walk(gate, direction)
    }
}

impl<'a> IntoEdgeReferences for &'a GateGraph<'_> {
    type EdgeRef = (u32, u32, &'a ());
    type EdgeReferences = AllEdges<'a>;

    fn edge_references(self) -> AllEdges<'a> {
        AllEdges { graph: self, rest: self.node_identifiers(), edges: None }
    }
}

impl<'a> IntoEdges for &'a GateGraph<'_> {
    type Edges = Edges<'a>;

    fn edges(self, gate: u32) -> Edges<'a> {
        self.walk_edges(gate, Direction::Outgoing)
    }
}

impl<'a> IntoEdgesDirected for &'a GateGraph<'_> {
    type EdgesDirected = Edges<'a>;

    fn edges_directed(self, gate: u32, direction: Direction) -> Edges<'a> {
        self.walk_edges(gate, direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::{GatesBuilder, InputWord};
    use petgraph::algo::{dijkstra, is_cyclic_directed, toposort};

    /// Gates 0 and 1 are inputs, 2 and 3 a bank over them, 4 reads 2 twice.
    fn diamond() -> Gates {
        let mut builder = GatesBuilder::new();
        builder.input(InputWord::unsigned("x", &[], 2)).unwrap();
        builder.wire(0, 1);
        builder.wire(1, 1);
        builder.finish_bank(&[1, 2]).unwrap();
        builder.wire(2, 1);
        builder.wire(2, 1);
        builder.finish_bank(&[1]).unwrap();
        builder.build()
    }

    #[test]
    fn neighbors_are_successors_only() {
        let gates = diamond();
        let graph = &GateGraph::new(&gates);
        let successors = |gate| graph.neighbors(gate).collect::<Vec<_>>();
        assert_eq!([successors(0), successors(1), successors(2)], [vec![2, 3], vec![2, 3], vec![4, 4]]);
        assert!(successors(3).is_empty() && successors(4).is_empty());
        let before = |gate| graph.neighbors_directed(gate, Direction::Incoming).collect::<Vec<_>>();
        assert_eq!([before(0), before(2), before(3), before(4)], [vec![], vec![0, 1], vec![0, 1], vec![2, 2]]);
    }

    #[test]
    fn edges_go_to_the_reader() {
        let gates = diamond();
        let graph = &GateGraph::new(&gates);
        let ends: Vec<(u32, u32)> = graph.edge_references().map(|(from, to, ())| (from, to)).collect();
        assert_eq!(ends, [(0, 2), (0, 3), (1, 2), (1, 3), (2, 4), (2, 4)]);
        assert_eq!(graph.edge_count(), ends.len());
        assert_eq!(graph.edges_directed(3, Direction::Incoming).map(|edge| edge.0).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn petgraph_algorithms_run() {
        let gates = diamond();
        let graph = &GateGraph::new(&gates);
        assert_eq!(toposort(graph, None).map(|order| order.len()), Ok(5));
        assert!(!is_cyclic_directed(graph));
        assert_eq!(dijkstra(graph, 0, None, |_| 1).get(&4), Some(&2));
    }
}
