//! Random looped systems for tests; must not know laws.

use crate::loops::skeleton::{Part, Reads, Vertex};
use crate::loops::{At, Axis, Block, Outlet, Skeleton, System, Wire};

/// Numbers from a seed (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn number(&mut self, sides: usize) -> usize {
        self.below(sides as u64) as usize
    }
}

/// A body: one vertex a port, random ones after them, and outputs among the last.
fn part(dice: &mut Dice, ports: usize, outputs: usize) -> Part {
    let mut vertices: Vec<Vertex> = (0..ports).map(|port| Vertex { latency: 0, reads: Reads::Port(port) }).collect();
    for _ in 0..outputs + dice.number(4) {
        let reads = (0..dice.number(3) + usize::from(ports > 0)).map(|_| dice.number(vertices.len().max(1)));
        let mut list: Vec<usize> = if vertices.is_empty() { Vec::new() } else { reads.collect() };
        list.sort_unstable();
        list.dedup();
        vertices.push(Vertex { latency: dice.below(4), reads: Reads::Inside(list) });
    }
    let last = vertices.len();
    Part { outputs: (0..outputs).map(|number| last - 1 - number).collect(), vertices }
}

fn block(dice: &mut Dice, axes: &[usize], ports: Vec<Vec<Wire>>, outputs: usize) -> Block<Part> {
    let bodies = vec![part(dice, ports.len(), outputs)];
    Block { name: "block".to_owned(), axes: axes.to_vec(), bodies, varies: None, ports }
}

/// An output of an earlier block as one with these axes may read it.
fn earlier(dice: &mut Dice, blocks: &[Block<Part>], axes: &[usize]) -> Wire {
    let number = dice.number(blocks.len());
    let output = dice.number(blocks[number].bodies[0].outputs.len());
    let place = |axis: &usize, last: bool| if axes.contains(axis) && !last { At::Back(0) } else { At::Last };
    let last = dice.below(3) == 0;
    Wire { block: number, output, at: blocks[number].axes.iter().map(|axis| place(axis, last)).collect() }
}

/// A loop over axes: some states, each with a delay and something to start from, and some inputs.
fn looped(dice: &mut Dice, blocks: &[Block<Part>], axes: &[usize]) -> Block<Part> {
    let states = 1 + dice.number(3);
    let mut ports = Vec::new();
    for state in 0..states {
        let mut wires = vec![Wire { block: blocks.len(), output: state, at: back(dice, axes.len()) }];
        if axes.len() == 2 && dice.below(3) == 0 {
            wires.push(Wire { block: blocks.len(), output: dice.number(states), at: vec![At::Back(1), At::Last] });
        }
        wires.push(earlier(dice, blocks, axes));
        ports.push(wires);
    }
    for _ in 0..dice.number(2) {
        ports.push(vec![earlier(dice, blocks, axes)]);
    }
    block(dice, axes, ports, states)
}

/// A delay along one axis, or along both.
fn back(dice: &mut Dice, axes: usize) -> Vec<At> {
    if axes == 1 {
        return vec![At::Back(1 + dice.below(4) * dice.below(2))];
    }
    match dice.below(8) {
        0..3 => vec![At::Back(1), At::Back(0)],
        3..7 => vec![At::Back(0), At::Back(1 + dice.below(8) / 7)],
        _ => vec![At::Back(1), At::Back(1)],
    }
}

/// Constants, loops over some axes in turn, and a block that reads what is left at the end.
pub(super) fn system(seed: u64, names: &[&str], loops: &[&[usize]]) -> Skeleton {
    let dice = &mut Dice(seed);
    let mut blocks = vec![block(dice, &[], vec![], 2)];
    blocks[0].bodies[0].vertices[0].latency = dice.below(9);
    for axes in loops {
        let next = looped(dice, &blocks, axes);
        blocks.push(next);
    }
    let ports = (0..2).map(|_| vec![earlier(dice, &blocks, &[])]).collect();
    let end = block(dice, &[], ports, 1);
    blocks.push(end);
    let outlet = |block: usize| Outlet { name: "y".to_owned(), block, output: 0 };
    let outlets = vec![outlet(blocks.len() - 1), outlet(1 + dice.number(loops.len()))];
    let axes = names.iter().map(|name| Axis { name: (*name).into(), length: 3 }).collect();
    System::new(axes, blocks, outlets).unwrap_or_else(|error| panic!("{error}"))
}
