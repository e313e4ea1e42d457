//! The images of an automaton's words: which sets of states the set of all states is sent to, and which of these lead back to each other; must
//! not know groups.
//!
//! Whatever group a transition monoid has permutes the image of its idempotent, so the components of this graph hold all groups, and there
//! are never more images than elements (Linton, Pfeiffer, Robertson and Ruskuc, "Groups and actions in transformation semigroups",
//! Math. Z. 228, 1998).

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::automaton::Automaton;
use super::closure::Limits;
use super::rows::Rows;

/// The most edges kept.
const MOST_EDGES: usize = 1 << 23;

/// The images of two or more states, and the letters that send one to another without merging states.
pub(super) struct Images {
    sets: Rows<u64>,
    /// Edge weights are letters.
    graph: DiGraph<(), u32>,
    /// Whether these are all images of two or more states.
    pub complete: bool,
}

impl Images {
    /// Follows the set of all states along all words.
    pub fn of(automaton: &Automaton, limits: Limits, progress: &mut dyn FnMut(usize)) -> Self {
        let words = automaton.states().div_ceil(64);
        let most = limits.elements.min(limits.bytes / (8 * words + 64)).max(1);
        let mut images = Self { sets: Rows::new(words), graph: DiGraph::new(), complete: true };
        let all: Vec<u32> = (0..automaton.states() as u32).collect();
        images.add(&bits(words, &all), all.len(), most);
        let mut next = 0;
        while next < images.sets.len() && images.complete {
            let states = images.states(next);
            for (letter, map) in automaton.maps().iter().enumerate() {
                let sent: Vec<u32> = states.iter().map(|state| map[*state as usize]).collect();
                images.follow(next, letter as u32, &bits(words, &sent), states.len(), most);
            }
            if next % 256 == 0 {
                progress(images.sets.len());
            }
            next += 1;
        }
        images
    }

    /// How many images of two or more states there are.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// The states of one image, ascending.
    pub fn states(&self, image: usize) -> Vec<u32> {
        let words = self.sets.row(image).iter().enumerate();
        let of = |(place, word): (usize, &u64)| {
            let word = *word;
            (0..64u32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| place as u32 * 64 + bit)
        };
        words.flat_map(of).collect()
    }

    /// The graph: nodes are images, edges letters that are one-to-one on them.
    pub fn graph(&self) -> &DiGraph<(), u32> {
        &self.graph
    }

    /// Images that lead back to themselves or each other, the first found of each component first.
    pub fn components(&self) -> Vec<Vec<NodeIndex>> {
        let mut components = kosaraju_scc(&self.graph);
        components.retain(|nodes| nodes.len() > 1 || self.graph.contains_edge(nodes[0], nodes[0]));
        components.iter_mut().for_each(|nodes| nodes.sort_unstable());
        components.sort_unstable();
        components
    }

    /// Enters where a letter sends an image.
    fn follow(&mut self, from: usize, letter: u32, sent: &[u64], before: usize, most: usize) {
        let count = sent.iter().map(|word| word.count_ones() as usize).sum();
        let Some(to) = self.add(sent, count, most) else { return };
        if count == before {
            self.complete &= self.graph.edge_count() < MOST_EDGES;
            if self.complete {
                self.graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), letter);
            }
        }
    }

    /// Enters an image; none where it is a single state, or there is no room.
    fn add(&mut self, set: &[u64], count: usize, most: usize) -> Option<usize> {
        if count < 2 {
            return None;
        }
        if self.sets.len() == most && !self.sets.contains(set) {
            self.complete = false;
            return None;
        }
        let (number, new) = self.sets.insert(set);
        if new {
            self.graph.add_node(());
        }
        Some(number)
    }
}

fn bits(words: usize, states: &[u32]) -> Vec<u64> {
    let mut set = vec![0; words];
    for state in states {
        set[*state as usize / 64] |= 1 << (state % 64);
    }
    set
}
