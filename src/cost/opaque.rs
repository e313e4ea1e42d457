//! The longest run of cost between observed nodes of a graph; must not know what a node is or what its cost counts.
//!
//! A path is cut at every observed node: the node's own cost ends a run, what reads it starts the next one at zero. Inputs (nodes
//! without sources) start runs; observed nodes and outputs end them.

/// A longest run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Its cost.
    pub depth: u64,
    /// Its nodes, in order.
    pub path: Vec<usize>,
}

/// The longest run of a graph in topological order: the cost and the sources of each node, whether it is observed, and the outputs.
/// Of several, one that ends first. With no node observed it is a longest path.
///
/// # Panics
/// When a source does not come before its reader, or the lists differ in length.
pub fn longest(costs: &[u64], sources: &[Vec<usize>], observed: &[bool], outputs: &[usize]) -> Run {
    assert!(costs.len() == sources.len() && costs.len() == observed.len(), "one entry per node");
    let mut runs: Vec<u64> = Vec::with_capacity(costs.len());
    let mut from: Vec<Option<usize>> = Vec::with_capacity(costs.len());
    for (node, cost) in costs.iter().enumerate() {
        assert!(sources[node].iter().all(|source| *source < node), "sources come first");
        let open = sources[node].iter().filter(|source| !observed[**source]);
        let before = open.rev().max_by_key(|source| runs[**source]).copied();
        runs.push(cost + before.map_or(0, |source| runs[source]));
        from.push(before);
    }
    let ends = (0..costs.len()).filter(|node| observed[*node] || outputs.contains(node));
    let end = ends.rev().max_by_key(|node| runs[*node]);
    let mut path: Vec<usize> = std::iter::successors(end, |node| from[*node]).collect();
    path.reverse();
    Run { depth: end.map_or(0, |node| runs[node]), path }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every path from anywhere to an end, walked backwards one by one.
    fn by_force(costs: &[u64], sources: &[Vec<usize>], observed: &[bool], outputs: &[usize]) -> u64 {
        fn back(node: usize, costs: &[u64], sources: &[Vec<usize>], observed: &[bool]) -> u64 {
            let open = sources[node].iter().filter(|source| !observed[**source]);
            costs[node] + open.map(|source| back(*source, costs, sources, observed)).max().unwrap_or(0)
        }
        let ends = (0..costs.len()).filter(|node| observed[*node] || outputs.contains(node));
        ends.map(|node| back(node, costs, sources, observed)).max().unwrap_or(0)
    }

    #[test]
    fn random_graphs_agree_with_every_path() {
        let mut state = 7u64;
        let mut draw = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let nodes = 1 + draw(10) as usize;
            let costs: Vec<u64> = (0..nodes).map(|_| draw(4)).collect();
            let sources: Vec<Vec<usize>> =
                (0..nodes).map(|node| (0..node).filter(|_| draw(3) == 0).collect()).collect();
            let observed: Vec<bool> = (0..nodes).map(|_| draw(4) == 0).collect();
            let outputs = [nodes - 1];
            let run = longest(&costs, &sources, &observed, &outputs);
            assert_eq!(run.depth, by_force(&costs, &sources, &observed, &outputs));
            assert_eq!(run.depth, run.path.iter().map(|node| costs[*node]).sum::<u64>());
            assert!(run.path.windows(2).all(|pair| sources[pair[1]].contains(&pair[0]) && !observed[pair[0]]));
        }
    }

    #[test]
    fn an_observed_node_cuts_the_path() {
        let sources = [vec![], vec![0], vec![1], vec![2]];
        let of = |observed: [bool; 4]| longest(&[0, 3, 2, 4], &sources, &observed, &[3]);
        assert_eq!(of([false; 4]), Run { depth: 9, path: vec![0, 1, 2, 3] });
        assert_eq!(of([false, false, true, false]), Run { depth: 5, path: vec![0, 1, 2] });
        assert_eq!(of([true, true, true, true]), Run { depth: 4, path: vec![3] });
    }
}
