//! Depths computed time by time along one axis, all others at their lengths; must not know certificates.

use std::collections::HashMap;

use crate::loops::skeleton::Reads;
use crate::loops::{At, Instance, Skeleton};

/// The most vertices of one time worth computing.
const MOST_VERTICES: u128 = 100_000;

/// All that is computed at one index along the axis: iterations of all blocks; what is not repeated along it reads last iterations, and is computed
/// anew at each, as if it were the last.
pub(super) struct Timeline {
    skeleton: Skeleton,
    axis: usize,
    /// In the order of computation, each with the number of its first vertex.
    order: Vec<(Instance, usize)>,
    place: HashMap<(usize, Vec<u64>), usize>,
    /// How many vertices.
    pub(super) vertices: usize,
    /// Of all vertices, at each time.
    pub(super) depths: Vec<Vec<u64>>,
}

/// Whether what is repeated along an axis never rests on last iterations along it.
fn forward(skeleton: &Skeleton, axis: usize) -> bool {
    let blocks = skeleton.blocks();
    let mut after = vec![false; blocks.len()];
    for _ in blocks {
        for (number, block) in blocks.iter().enumerate() {
            let ends = |wire: &crate::loops::Wire| {
                after[wire.block]
                    || blocks[wire.block].axes.iter().zip(&wire.at).any(|(a, at)| *a == axis && *at == At::Last)
            };
            after[number] |= block.ports.iter().flatten().any(ends);
        }
    }
    blocks.iter().zip(after).all(|(block, after)| !after || !block.axes.contains(&axis))
}

impl Timeline {
    /// At no time yet; none if times cannot be computed one after the other, or are too large.
    pub(super) fn new(skeleton: &Skeleton, axis: usize) -> Option<Self> {
        let own = &skeleton.axes()[axis].name;
        let once = skeleton.clone().resized(|name| (name == own).then_some(1)).ok()?;
        let each = |block: usize| once.iterations(block) * (1 + once.blocks()[block].bodies[0].vertices.len() as u128);
        if !forward(skeleton, axis) || (0..once.blocks().len()).map(each).sum::<u128>() > MOST_VERTICES {
            return None;
        }
        let (mut order, mut place, mut vertices) = (Vec::new(), HashMap::new(), 0);
        let done: Result<(), std::convert::Infallible> = once.try_each(|instance| {
            place.insert((instance.block, instance.at.clone()), vertices);
            order.push((instance.clone(), vertices));
            vertices += once.blocks()[instance.block].bodies[0].vertices.len();
            Ok(())
        });
        let Ok(()) = done;
        Some(Self { skeleton: once, axis, order, place, vertices, depths: Vec::new() })
    }

    /// The position of the axis among those of a block.
    pub(super) fn along(&self, block: usize) -> Option<usize> {
        self.skeleton.blocks()[block].axes.iter().position(|axis| *axis == self.axis)
    }

    /// The number of the first vertex of an iteration; its index along the axis does not matter.
    pub(super) fn first(&self, block: usize, mut at: Vec<u64>) -> usize {
        self.along(block).into_iter().for_each(|position| at[position] = 0);
        self.place[&(block, at)]
    }

    /// What a vertex reads: times and vertices.
    fn tails(&self, (instance, first): &(Instance, usize), vertex: usize, time: u64) -> Vec<(u64, usize)> {
        let port = match &self.skeleton.blocks()[instance.block].bodies[0].vertices[vertex].reads {
            Reads::Inside(list) => return list.iter().map(|v| (time, first + v)).collect(),
            Reads::Port(port) => *port,
        };
        let mut now = instance.clone();
        self.along(instance.block).into_iter().for_each(|position| now.at[position] = time);
        let (wire, at) = self.skeleton.source(&now, port);
        let when = match self.along(wire.block) {
            Some(position) if wire.at[position] != At::Last => at[position],
            _ => time,
        };
        vec![(when, self.first(wire.block, at) + self.skeleton.vertex(wire))]
    }

    /// The number of the last vertex of the last block.
    pub(super) fn depth(&self) -> usize {
        let last = self.skeleton.blocks().len() - 1;
        self.first(last, vec![0; self.skeleton.blocks()[last].axes.len()])
            + self.skeleton.blocks()[last].bodies[0].vertices.len()
            - 1
    }

    /// Each vertex in the order of computation, with its latency and what it reads: times and vertices.
    pub(super) fn each(&self, time: u64, visit: &mut dyn FnMut(usize, u64, Vec<(u64, usize)>)) {
        for entry in &self.order {
            for (number, vertex) in self.skeleton.blocks()[entry.0.block].bodies[0].vertices.iter().enumerate() {
                visit(entry.1 + number, vertex.latency, self.tails(entry, number, time));
            }
        }
    }

    /// Computes times up to this number of them.
    pub(super) fn run(&mut self, times: usize) {
        for time in self.depths.len()..times {
            let mut depths = vec![0u64; self.vertices];
            self.each(time as u64, &mut |vertex, latency, tails| {
                let read = |(when, tail): &(u64, usize)| {
                    if *when == time as u64 { depths[*tail] } else { self.depths[*when as usize][*tail] }
                };
                depths[vertex] = tails.iter().map(read).max().unwrap_or(0).saturating_add(latency);
            });
            self.depths.push(depths);
        }
    }
}
