//! Certified rates against maximum cycle ratios, here and in the law itself, which the search does not use for them.

use num_bigint::BigInt;
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, Reversed};

use super::{LawError, derive, growth, ratio, samples};
use crate::loops::Skeleton;
use crate::loops::skeleton::Reads;

/// A multiple of every period up to ten.
const MANY: u64 = 2520;

/// Dependences with wires to last iterations too, without their delays: what the outputs rest on.
fn needed(skeleton: &Skeleton) -> Vec<bool> {
    let mut graph = ratio::along(skeleton, 0);
    let sizes = skeleton.blocks().iter().map(|block| block.bodies[0].vertices.len());
    let first: Vec<usize> = sizes.scan(0, |sum, size| Some(std::mem::replace(sum, *sum + size))).collect();
    for (number, block) in skeleton.blocks().iter().enumerate() {
        for (vertex, inner) in block.bodies[0].vertices.iter().enumerate() {
            let Reads::Port(port) = inner.reads else { continue };
            for wire in &block.ports[port] {
                let from = NodeIndex::new(first[wire.block] + skeleton.vertex(wire));
                graph.add_edge(from, NodeIndex::new(first[number] + vertex), (0, 0));
            }
        }
    }
    let mut seen = vec![false; graph.node_count()];
    for outlet in skeleton.outputs() {
        let vertex = skeleton.blocks()[outlet.block].bodies[0].outputs[outlet.output];
        let mut search = Dfs::new(Reversed(&graph), NodeIndex::new(first[outlet.block] + vertex));
        while let Some(node) = search.next(Reversed(&graph)) {
            seen[node.index()] = true;
        }
    }
    seen
}

#[test]
fn certified_rates_are_maximum_cycle_ratios() {
    let mut nonzero = 0;
    for seed in 0..150 {
        let skeleton = samples::system(seed, &["n"], &[&[0]]);
        let law = derive(&skeleton).unwrap();
        let at = |length: u64| law.value(&|_| Some(length));
        let (Some(low), Some(high)) = (at(100_000), at(100_000 + MANY)) else {
            panic!("no law for seed {seed}: {law}")
        };
        let seen = needed(&skeleton);
        let graph =
            ratio::along(&skeleton, 0).filter_map(|node, ()| seen[node.index()].then_some(()), |_, edge| Some(*edge));
        let largest = ratio::critical(&graph).into_iter().map(|cycle| cycle.latency * (MANY / cycle.delay)).max();
        assert_eq!(high - low, BigInt::from(largest.unwrap_or(0)), "seed {seed}: {law}");
        nonzero += usize::from(largest.unwrap_or(0) > 0);
    }
    assert!(nonzero > 75, "only {nonzero} of 150 grow");
}

/// The certificates of one system beside the cycles of another, whose latencies are twice as large.
#[test]
fn a_certified_rate_that_no_cycle_has_is_an_error() {
    let mut refused = 0;
    for (seed, axes, loops) in (0..40u64).flat_map(|seed| [(seed, 1, [0].as_slice()), (seed, 2, &[0, 1])]) {
        let skeleton = samples::system(seed, &["n", "m"][..axes], &[loops]);
        let law = derive(&skeleton).unwrap();
        let slower = skeleton.map(|_, part| {
            let mut part = part.clone();
            part.vertices.iter_mut().for_each(|vertex| vertex.latency *= 2);
            Ok::<_, ()>(part)
        });
        let slower = slower.unwrap().closed();
        let grows = (0..axes).any(|axis| ratio::rate(&slower, axis).is_some_and(|rate| rate > Default::default()));
        let found = growth::growth(&slower, &law.certificates[..law.whole]);
        if grows && law.exact() && law.from.iter().all(|from| *from <= 3) {
            assert!(matches!(found, Err(LawError::Rate { .. })), "{law} and {found:?}");
            refused += 1;
        }
    }
    assert!(refused > 30, "only {refused} of 80");
}
