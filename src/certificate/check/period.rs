//! The check of a period: computes every depth up to its end and compares two windows; part of the checker, so it must not search.
//!
//! The theorem (theory.md E.2): let the window of all depths at one time equal the window a period earlier plus each vertex' own rise. If no
//! rise falls along an edge, and in the period every vertex attains its maximum on an edge from a vertex of the same rise, then this goes on for
//! ever. Without the last condition it need not: a slow vertex that leads at first is overtaken later.

use std::collections::HashMap;

use super::{CheckError, MOST_WORK, malformed};
use crate::certificate::{Fixed, Period};
use crate::loops::skeleton::Reads;
use crate::loops::{At, Instance, Skeleton};

/// All that is computed at one index along the axis: iterations of all blocks; what reads last iterations is computed anew at each.
pub(crate) struct Timeline {
    skeleton: Skeleton,
    axis: usize,
    /// In the order of computation, each with the number of its first vertex.
    order: Vec<(Instance, usize)>,
    place: HashMap<(usize, Vec<u64>), usize>,
    /// How many vertices; the two after them are the deepest output that is repeated along the axis, so far, and the depth.
    pub(crate) vertices: usize,
    /// Of all vertices, at each time.
    pub(crate) depths: Vec<Vec<u64>>,
}

pub(super) fn check(skeleton: &Skeleton, proof: &Period) -> Result<(), CheckError> {
    let Some(axis) = skeleton.axes().iter().position(|axis| *axis.name == *proof.axis) else {
        return malformed("it names an axis the circuit has not");
    };
    let others = skeleton.axes().iter().filter(|other| *other.name != *proof.axis).map(|other| &*other.name);
    if !others.eq(proof.fixed.iter().map(|fixed| &*fixed.axis)) || proof.fixed.iter().any(|fixed| fixed.length == 0) {
        return malformed("it has not fixed all other axes at a length");
    }
    let (start, period) = (proof.start, proof.period);
    let long = |fixed: &Fixed| fixed.length > 1_000_000;
    if start > 1_000_000 || period > 1_000_000 || proof.fixed.len() > 5 || proof.fixed.iter().any(long) {
        return Err(CheckError::TooLarge("the period or what is before it"));
    }
    let delay = longest(skeleton, axis).max(1);
    if period == 0 || start < delay || proof.depths.len() as u64 != start + period - 1 {
        return malformed("its period is empty, starts before all wires exist, or has not a depth for each length");
    }
    let mut line = Timeline::new(skeleton, axis, &proof.fixed, start + period)?;
    (0..start + period).for_each(|time| line.run(time));
    line.compare(proof, delay as usize)
}

/// The longest delay along an axis.
pub(crate) fn longest(skeleton: &Skeleton, axis: usize) -> u64 {
    let wires = skeleton.blocks().iter().flat_map(|block| block.ports.iter().flatten());
    let along = wires.flat_map(|wire| skeleton.blocks()[wire.block].axes.iter().zip(&wire.at));
    along
        .filter_map(|(own, at)| if let (true, At::Back(d)) = (*own == axis, at) { Some(*d) } else { None })
        .max()
        .unwrap_or(0)
}

/// Whether what is repeated along an axis never rests on last iterations along it.
pub(crate) fn forward(skeleton: &Skeleton, axis: usize) -> bool {
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
    /// At no time yet, for so many.
    pub(crate) fn new(skeleton: &Skeleton, axis: usize, fixed: &[Fixed], times: u64) -> Result<Self, CheckError> {
        if !forward(skeleton, axis) {
            return malformed("iterations along its axis rest on last ones: there is no period of one window");
        }
        let length = |name: &str| fixed.iter().find(|fixed| *fixed.axis == *name).map_or(1, |fixed| fixed.length);
        let empty = |_| CheckError::TooLarge("the period");
        let once = skeleton.clone().resized(|name| Some(length(name))).map_err(empty)?;
        let size = |block: usize| {
            once.iterations(block).saturating_mul(skeleton.blocks()[block].bodies[0].vertices.len() as u128)
        };
        let all = (0..skeleton.blocks().len())
            .fold(1u128, |sum, block| sum.saturating_add(size(block)).saturating_add(once.iterations(block)));
        if all.saturating_mul(u128::from(times)) > MOST_WORK {
            return Err(CheckError::TooLarge("vertices in the period and before it"));
        }
        let (mut order, mut place, mut vertices) = (Vec::new(), HashMap::new(), 0);
        let done: Result<(), std::convert::Infallible> = once.try_each(|instance| {
            place.insert((instance.block, instance.at.clone()), vertices);
            order.push((instance.clone(), vertices));
            vertices += once.blocks()[instance.block].bodies[0].vertices.len();
            Ok(())
        });
        let Ok(()) = done;
        Ok(Self { skeleton: once, axis, order, place, vertices, depths: Vec::new() })
    }

    /// What a vertex reads: times and vertices.
    fn tails(&self, (instance, first): &(Instance, usize), vertex: usize, time: u64) -> Vec<(u64, usize)> {
        let block = &self.skeleton.blocks()[instance.block];
        let port = match &block.bodies[0].vertices[vertex].reads {
            Reads::Inside(list) => return list.iter().map(|v| (time, first + v)).collect(),
            Reads::Port(port) => *port,
        };
        let along = |block: usize| self.skeleton.blocks()[block].axes.iter().position(|axis| *axis == self.axis);
        let mut now = instance.clone();
        along(instance.block).into_iter().for_each(|position| now.at[position] = time);
        let (wire, mut at) = self.skeleton.source(&now, port);
        let when = match along(wire.block).map(|position| (wire.at[position], std::mem::take(&mut at[position]))) {
            Some((At::Back(_), index)) => index,
            _ => time,
        };
        vec![(when, self.place[&(wire.block, at)] + self.skeleton.vertex(wire))]
    }

    /// Outputs of blocks that are repeated along the axis, or of those that are not.
    fn outlets(&self, repeated: bool, time: u64) -> Vec<(u64, usize)> {
        let read = |outlet: &crate::loops::Outlet| {
            let block = &self.skeleton.blocks()[outlet.block];
            let own =
                self.order.iter().filter(|o| o.0.block == outlet.block && block.axes.contains(&self.axis) == repeated);
            own.map(|o| (time, o.1 + block.bodies[0].outputs[outlet.output])).collect::<Vec<_>>()
        };
        self.skeleton.outputs().iter().flat_map(read).collect()
    }

    /// Each vertex at one time, with its latency and what it reads.
    fn each(&self, time: u64, visit: &mut dyn FnMut(usize, u64, Vec<(u64, usize)>)) {
        for entry in &self.order {
            for (number, vertex) in self.skeleton.blocks()[entry.0.block].bodies[0].vertices.iter().enumerate() {
                visit(entry.1 + number, vertex.latency, self.tails(entry, number, time));
            }
        }
        let mut deepest = self.outlets(true, time);
        deepest.extend(time.checked_sub(1).map(|before| (before, self.vertices)));
        visit(self.vertices, 0, deepest);
        let mut depth = self.outlets(false, time);
        depth.push((time, self.vertices));
        visit(self.vertices + 1, 0, depth);
    }

    /// Computes the next time.
    pub(crate) fn run(&mut self, time: u64) {
        let mut depths = vec![0u64; self.vertices + 2];
        self.each(time, &mut |vertex, latency, tails| {
            let read = |(when, tail): &(u64, usize)| {
                if *when == time { depths[*tail] } else { self.depths[*when as usize][*tail] }
            };
            depths[vertex] = tails.iter().map(read).max().unwrap_or(0).saturating_add(latency);
        });
        self.depths.push(depths);
    }

    fn compare(&self, proof: &Period, window: usize) -> Result<(), CheckError> {
        let (last, period) = (proof.start as usize - 1, proof.period as usize);
        let rise = |time: usize, v: usize| i128::from(self.depths[time + period][v]) - i128::from(self.depths[time][v]);
        let rises: Vec<i128> = (0..self.vertices + 2).map(|v| rise(last, v)).collect();
        let unproved = |reason: &str| Err(CheckError::Unproved(reason.to_owned()));
        let depth = |time: usize| self.depths[time][self.vertices + 1];
        if !proof.depths.iter().enumerate().all(|(time, claimed)| depth(time) == *claimed)
            || rises[self.vertices + 1] != i128::from(proof.rise)
        {
            return unproved("the depths are others");
        }
        if (last + 1 - window..last).any(|time| (0..rises.len()).any(|v| rise(time, v) != rises[v])) {
            return unproved("the window a period later is not the window with each vertex' rise");
        }
        let (mut falls, mut strays) = (false, false);
        for time in last + 1..=last + period {
            self.each(time as u64, &mut |vertex, latency, tails| {
                let rising = |tail: &(u64, usize)| rises[tail.1] == rises[vertex];
                let tight =
                    |tail: &(u64, usize)| self.depths[tail.0 as usize][tail.1] + latency == self.depths[time][vertex];
                falls |= tails.iter().any(|tail| rises[tail.1] > rises[vertex]);
                strays |= !tails.is_empty() && !tails.iter().any(|tail| rising(tail) && tight(tail));
            });
        }
        match (falls, strays) {
            (true, _) => unproved("a rise falls along an edge"),
            (_, true) => unproved("a vertex has its depth from none that rises as it does: it may be overtaken later"),
            _ => Ok(()),
        }
    }
}
