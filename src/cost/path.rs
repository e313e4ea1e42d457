//! Deepest paths of a graph whose costs are expressions; must not know what a node is or what its cost counts.

use crate::expr::{Expr, greatest};

/// A path to a node that may be a deepest one, and how it goes on backwards.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The cost of the path, that of the node included.
    pub depth: Expr,
    /// The node before and the place among its candidates.
    from: Option<(usize, usize)>,
}

/// For each node of a graph in topological order the paths whose maximum is its depth at all values of the dimensions.
#[derive(Clone, Debug)]
pub struct Deepest {
    nodes: Vec<Vec<Candidate>>,
}

impl Deepest {
    /// From the cost and the sources of each node.
    pub fn new(costs: &[&Expr], sources: &[Vec<usize>]) -> Self {
        let mut nodes: Vec<Vec<Candidate>> = Vec::with_capacity(costs.len());
        for (cost, sources) in costs.iter().zip(sources) {
            let count = |source: usize| nodes[source].len();
            let from: Vec<(usize, usize)> =
                sources.iter().flat_map(|source| (0..count(*source)).map(move |place| (*source, place))).collect();
            let depths: Vec<Expr> = from.iter().map(|(source, place)| &nodes[*source][*place].depth + cost).collect();
            let kept = greatest(&depths).into_iter();
            let mut list: Vec<Candidate> =
                kept.map(|place| Candidate { depth: depths[place].clone(), from: Some(from[place]) }).collect();
            if list.is_empty() {
                list.push(Candidate { depth: (*cost).clone(), from: None });
            }
            nodes.push(list);
        }
        Self { nodes }
    }

    /// The candidates of a node; never none.
    pub fn of(&self, node: usize) -> &[Candidate] {
        &self.nodes[node]
    }

    /// The nodes of one candidate, in order.
    pub fn path(&self, node: usize, place: usize) -> Vec<usize> {
        let back = |(node, place): &(usize, usize)| self.nodes[*node][*place].from;
        let mut path: Vec<usize> = std::iter::successors(Some((node, place)), back).map(|(node, _)| node).collect();
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_fork_stay_when_neither_is_always_deeper() {
        let log = Expr::dim(&"n".into()).ceil_log2();
        let costs = [Expr::constant(1), Expr::constant(5), log.clone(), Expr::constant(1)];
        let sources = [vec![], vec![0], vec![0], vec![1, 2]];
        let deepest = Deepest::new(&costs.iter().collect::<Vec<_>>(), &sources);
        let depths: Vec<String> = deepest.of(3).iter().map(|candidate| candidate.depth.to_string()).collect();
        assert_eq!(depths, ["7", "ceil(log2(n)) + 2"]);
        assert_eq!((deepest.path(3, 0), deepest.path(3, 1)), (vec![0, 1, 3], vec![0, 2, 3]));
    }
}
