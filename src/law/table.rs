//! The search for potentials: nodes for vertices in classes of indices, what reads what, and components in order; must not check for good.
//!
//! Nodes that wait for each other form strongly connected components (Karp, Miller and Winograd 1967: theory.md E.1). Outside of cycles a node's
//! polynomials follow from those of what it reads. Those of a component are fitted (`law::fit`) for one polynomial that enters it at a time:
//! longest paths are linear in the max-plus sense, so how far apart two that enter are does not matter.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::fit;
use super::frame::{Frame, Place, Tensor, covers, under};
use crate::certificate::Classes;
use crate::loops::skeleton::Reads;
use crate::loops::{At, Skeleton};

/// The most polynomials of one node worth keeping.
const MOST: usize = 24;

/// A case of a block's indices and lengths, with where each port then reads.
pub(super) struct Case {
    pub(super) at: Vec<Place>,
    pub(super) region: usize,
    /// For each port: the first node of the source's region, and where it is.
    pub(super) ports: Vec<(usize, Vec<Place>)>,
    /// The same in terms of the index and the length, where this case stands for most of its region.
    symbols: Option<Vec<Vec<Place>>>,
}

/// All nodes and, as far as known, their polynomials.
pub(super) struct Table<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) scale: i128,
    pub(super) span: i128,
    /// The first node of each block.
    pub(super) first: Vec<usize>,
    pub(super) cases: Vec<Vec<Case>>,
    pub(super) lists: Vec<Vec<Tensor>>,
}

/// A node's block, region and vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) block: usize,
    pub(super) region: usize,
    pub(super) vertex: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(skeleton: &'a Skeleton, axes: &'a [Classes], span: i128) -> Self {
        let frame = Frame { skeleton, axes };
        let scale = axes.iter().map(|axis| i128::from(axis.period)).product();
        let (mut first, mut nodes) = (Vec::new(), 0);
        for (number, block) in skeleton.blocks().iter().enumerate() {
            first.push(nodes);
            nodes += frame.regions(number) * block.bodies[0].vertices.len();
        }
        let mut table = Self { frame, scale, span, first, cases: Vec::new(), lists: vec![Vec::new(); nodes] };
        table.cases = (0..skeleton.blocks().len()).map(|block| table.block_cases(block)).collect();
        table
    }

    pub(super) fn node(&self, id: usize) -> Node {
        let block = self.first.partition_point(|first| *first <= id) - 1;
        let vertices = self.vertices(block);
        // Blocks without vertices have no nodes, and their first is that of the next.
        let within = id - self.first[block];
        Node { block, region: within / vertices, vertex: within % vertices }
    }

    pub(super) fn id(&self, node: Node) -> usize {
        self.first[node.block] + node.region * self.vertices(node.block) + node.vertex
    }

    fn vertices(&self, block: usize) -> usize {
        self.frame.skeleton.blocks()[block].bodies[0].vertices.len()
    }

    pub(super) fn latency(&self, node: Node) -> i128 {
        i128::from(self.frame.skeleton.blocks()[node.block].bodies[0].vertices[node.vertex].latency) * self.scale
    }

    fn block_cases(&self, block: usize) -> Vec<Case> {
        product(&self.frame.cases(block)).into_iter().map(|at| self.case(block, at)).collect()
    }

    fn case(&self, block: usize, at: Vec<Place>) -> Case {
        let inner = &self.frame.skeleton.blocks()[block];
        let open = (0..at.len()).all(|axis| {
            let generic = at[axis].index[0] < i128::from(self.frame.axes[axis].edge) || at[axis].index[1] != 0;
            at[axis].length[2] != 0 && (generic || !inner.axes.contains(&axis))
        });
        let (mut ports, mut symbols) = (Vec::new(), Vec::new());
        for port in 0..inner.ports.len() {
            let Some((wire, place)) = self.frame.source(block, port, &at) else { continue };
            let region = self.frame.region(wire.block, &place);
            let vertex = self.frame.skeleton.vertex(wire);
            ports.push((self.id(Node { block: wire.block, region, vertex }), place));
            let mut symbol = vec![Place { index: [0; 3], length: [0, 0, 1] }; at.len()];
            for (axis, end) in self.frame.skeleton.blocks()[wire.block].axes.iter().zip(&wire.at) {
                symbol[*axis].index = match end {
                    At::Last => [-1, 0, 1],
                    At::Back(delay) if at[*axis].index[1] == 0 => [at[*axis].index[0] - i128::from(*delay), 0, 0],
                    At::Back(delay) => [-i128::from(*delay), 1, 0],
                };
            }
            symbols.push(symbol);
        }
        Case { region: self.frame.region(block, &at), at, ports, symbols: open.then_some(symbols) }
    }

    /// What a node reads in a case: nodes, and where they are; with `None`, where the reader is.
    pub(super) fn reads<'c>(&self, node: Node, case: &'c Case) -> Vec<(usize, &'c [Place])> {
        match &self.frame.skeleton.blocks()[node.block].bodies[0].vertices[node.vertex].reads {
            Reads::Inside(list) => {
                list.iter().map(|vertex| (self.id(Node { vertex: *vertex, ..node }), &case.at[..])).collect()
            }
            Reads::Port(port) => vec![(case.ports[*port].0, &case.ports[*port].1[..])],
        }
    }

    /// The cases of a node.
    pub(super) fn cases_of(&self, node: Node) -> impl Iterator<Item = &Case> {
        self.cases[node.block].iter().filter(move |case| case.region == node.region)
    }

    /// Places that stand for all indices of a region.
    fn domain(&self, node: Node) -> Vec<Place> {
        let own = &self.frame.skeleton.blocks()[node.block].axes;
        let mut rest = node.region;
        let mut places: Vec<Place> = (0..self.frame.axes.len())
            .map(|axis| Place { index: [0; 3], length: [self.frame.length(axis, 1), 0, self.frame.numbers(axis).1] })
            .collect();
        for axis in own.iter().rev() {
            let (edge, period, least) = self.frame.numbers(*axis);
            let class = (rest as i128) % (edge + period);
            rest /= (edge + period) as usize;
            places[*axis] = match class < edge {
                true => Place { index: [class, 0, 0], length: [self.frame.length(*axis, class + 1), 0, period] },
                false => Place {
                    index: [class, period, 0],
                    length: [class + 1 + (least - class - 1).rem_euclid(period), period, period],
                },
            };
        }
        places
    }

    /// Adds polynomials to a node, without those that another is nowhere below.
    pub(super) fn add(&mut self, id: usize, more: Vec<Tensor>) {
        let domain = self.domain(self.node(id));
        let mut kept: Vec<(Tensor, Tensor)> = Vec::new();
        for polynomial in std::mem::take(&mut self.lists[id]).into_iter().chain(more) {
            let Some(on) = under(&polynomial, &domain) else { continue };
            if !kept.iter().any(|(_, other)| covers(other, &on, 0)) {
                kept.retain(|(_, other)| !covers(&on, other, 0));
                kept.push((polynomial, on));
            }
        }
        kept.truncate(MOST);
        self.lists[id] = kept.into_iter().map(|(polynomial, _)| polynomial).collect();
    }

    /// Fills in the polynomials of all nodes.
    pub(super) fn solve(&mut self) {
        for component in self.components() {
            match component[..] {
                [only] if !self.reads_itself(only) => self.follow(only),
                _ => fit::component(self, &component),
            }
        }
    }

    fn reads_itself(&self, id: usize) -> bool {
        let node = self.node(id);
        self.cases_of(node).any(|case| self.reads(node, case).iter().any(|(source, _)| *source == id))
    }

    /// The polynomials of a node on no cycle.
    fn follow(&mut self, id: usize) {
        let node = self.node(id);
        let found = self.through(node, |_| true);
        self.add(id, found);
    }

    /// The polynomials of what a node reads in most of its region, a latency later.
    pub(super) fn through(&self, node: Node, read: impl Fn(usize) -> bool) -> Vec<Tensor> {
        let latency = self.latency(node);
        let later = |mut tensor: Tensor| {
            tensor[0] += latency;
            tensor
        };
        let own = &self.frame.skeleton.blocks()[node.block].bodies[0].vertices[node.vertex];
        match &own.reads {
            Reads::Inside(list) if list.is_empty() => vec![later(vec![0; 3usize.pow(self.frame.axes.len() as u32)])],
            Reads::Inside(list) => {
                let ids = list.iter().map(|vertex| self.id(Node { vertex: *vertex, ..node })).filter(|id| read(*id));
                ids.flat_map(|id| self.lists[id].iter().cloned().map(later)).collect()
            }
            Reads::Port(port) => {
                let open = self.cases_of(node).filter_map(|case| Some((case.ports[*port].0, case.symbols.as_ref()?)));
                let open = open.filter(|(id, _)| read(*id));
                open.flat_map(|(id, symbols)| {
                    self.lists[id].iter().filter_map(|p| under(p, &symbols[*port])).map(later)
                })
                .collect()
            }
        }
    }

    /// Strongly connected components, what is read first.
    pub(super) fn components(&self) -> Vec<Vec<usize>> {
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(self.lists.len(), self.lists.len() * 4);
        self.lists.iter().for_each(|_| {
            graph.add_node(());
        });
        for (block, cases) in self.cases.iter().enumerate() {
            for (case, vertex) in
                cases.iter().flat_map(|case| (0..self.vertices(block)).map(move |vertex| (case, vertex)))
            {
                let node = Node { block, region: case.region, vertex };
                let to = NodeIndex::new(self.id(node));
                for (from, _) in self.reads(node, case) {
                    // Against the flow, so that components come sources first.
                    graph.add_edge(to, NodeIndex::new(from), ());
                }
            }
        }
        let sorted = |component: Vec<NodeIndex>| {
            let mut ids: Vec<usize> = component.into_iter().map(NodeIndex::index).collect();
            ids.sort_unstable();
            ids
        };
        tarjan_scc(&graph).into_iter().map(sorted).collect()
    }
}

/// All combinations of one of each.
pub(super) fn product<T: Clone>(choices: &[Vec<T>]) -> Vec<Vec<T>> {
    choices.iter().fold(vec![Vec::new()], |all, next| {
        let with = |one: &Vec<T>, more: &T| one.iter().chain([more]).cloned().collect::<Vec<T>>();
        all.iter().flat_map(|one| next.iter().map(move |more| with(one, more))).collect()
    })
}
