//! Proofs, without closure, that a transition monoid has no group: letters that keep an order; must not know circuits or classes.
//!
//! Maps of a chain that keep its order have only fixed points for cycles, and so have their products. The same holds for states that
//! are tuples, where coordinates can be ordered such that each next value rests on the coordinates up to its own and, the ones before
//! held, rises with its own (or stays). For let a product of letters have a cycle. Along it the first coordinate is on a cycle of an
//! order-keeping map, so it does not change from one application to the next; hence the letters inside of the product see the same
//! first coordinates each time, the second coordinate moves by one order-keeping map, does not change either, and so on.

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;

use super::automaton::Automaton;

/// What keeps an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// All maps keep the natural order of the only coordinate.
    Chain,
    /// Coordinates one after the other, in this order, each keeps its own.
    Cascade(Vec<usize>),
}

/// The proof, where states are all tuples with these many values in each coordinate, numbered with the last coordinate running fastest, values
/// ascending.
pub fn cascade(automaton: &Automaton, lengths: &[usize]) -> Option<Order> {
    let grid = Grid::new(lengths);
    if grid.states() != Some(automaton.states()) {
        return None;
    }
    let mut rests = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = lengths.iter().map(|_| rests.add_node(())).collect();
    for map in automaton.maps() {
        for state in 0..automaton.states() {
            for (axis, node) in nodes.iter().enumerate() {
                let Some(above) = grid.above(state, axis) else { continue };
                let (low, high) = (map[state] as usize, map[above] as usize);
                if grid.value(low, axis) > grid.value(high, axis) {
                    return None;
                }
                for (other, reader) in nodes.iter().enumerate() {
                    if other != axis && grid.value(low, other) != grid.value(high, other) {
                        rests.update_edge(*node, *reader, ());
                    }
                }
            }
        }
    }
    let order = toposort(&rests, None).ok()?;
    Some(if lengths.len() == 1 {
        Order::Chain
    } else {
        Order::Cascade(order.iter().map(|node| node.index()).collect())
    })
}

/// The proof for states that are numbered along a chain.
pub fn chain(automaton: &Automaton) -> Option<Order> {
    cascade(automaton, &[automaton.states()])
}

/// Tuples of numbers.
struct Grid<'l> {
    lengths: &'l [usize],
    strides: Vec<usize>,
}

impl<'l> Grid<'l> {
    fn new(lengths: &'l [usize]) -> Self {
        let mut strides = vec![1usize; lengths.len()];
        for axis in (1..lengths.len()).rev() {
            strides[axis - 1] = strides[axis].saturating_mul(lengths[axis]);
        }
        Self { lengths, strides }
    }

    fn states(&self) -> Option<usize> {
        self.lengths.iter().try_fold(1usize, |states, length| states.checked_mul(*length))
    }

    fn value(&self, state: usize, axis: usize) -> usize {
        state / self.strides[axis] % self.lengths[axis]
    }

    /// The state whose coordinate is one more.
    fn above(&self, state: usize, axis: usize) -> Option<usize> {
        (self.value(state, axis) + 1 < self.lengths[axis]).then(|| state + self.strides[axis])
    }
}
