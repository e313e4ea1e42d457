//! Gates and wires of looped circuits as polynomials in the lengths of their axes, without unrolling; must not know depths.
//!
//! What a gate lists in an iteration rests on what the carried forms list there. Once that has not changed for as many
//! iterations as the longest delay, along each axis, it does not change again: iterations up to there are counted one by one,
//! the rest as many times as there are.

use std::collections::HashMap;

use num_bigint::BigInt;

use super::Measure;
use super::architecture::{Carried, with_ports};
use crate::circuit::Circuit;
use crate::circuit::looped::Looped;
use crate::expr::{Dim, Expr};
use crate::loops::{At, Instance};

/// Sizes of a looped circuit: upper bounds for every setting of weights, like those of an architecture.
#[derive(Clone, Debug)]
pub struct LoopedMeasure {
    /// Gates, in the axis lengths.
    pub gates: Expr,
    /// Wires; none where what gates list keeps growing from iteration to iteration.
    pub wires: Option<Expr>,
    /// Bits of the largest weight or threshold; none where it keeps growing.
    pub weight_bits: Option<u64>,
    /// Gates and wires of one late iteration of each block.
    pub blocks: Vec<(Expr, Expr)>,
}

/// Iterations looked at beyond the longest delay before forms count as growing for ever.
const SETTLE: u64 = 8;

/// The sizes as polynomials, for all lengths from a few iterations on.
pub fn size_law(system: &Looped) -> LoopedMeasure {
    let seen = 2 * longest_delay(system) + SETTLE;
    sizes(&system.clone().resized(|_| Some(seen)).unwrap_or_else(|_| system.clone()))
}

fn longest_delay(system: &Looped) -> u64 {
    let wires = system.blocks().iter().flat_map(|block| block.ports.iter().flatten()).flat_map(|wire| &wire.at);
    wires.map(|at| if let At::Back(delay) = at { *delay } else { 0 }).max().unwrap_or(0)
}

/// The sizes at the lengths the axes have; wires hold at the length of an axis of few iterations only.
pub fn sizes(system: &Looped) -> LoopedMeasure {
    let delay = longest_delay(system);
    let seen = 2 * delay + SETTLE;
    let length = |name: &Dim| crate::loops::skeleton::axis(system.axes(), name).map(|axis| axis.length.min(seen));
    let small = system.clone().resized(length).unwrap_or_else(|_| system.clone());
    let mut counting =
        Counting { system: &small, known: vec![Vec::new(); small.blocks().len()], carried: HashMap::new() };
    let done: Result<(), std::convert::Infallible> = small.try_each(|instance| {
        counting.visit(instance);
        Ok(())
    });
    let Ok(()) = done;
    counting.total(system, delay, seen)
}

/// The figures of a block's bodies, or bounds of them where there are several, with its ports carrying this.
#[derive(Clone)]
struct Known {
    ports: Vec<Carried>,
    outputs: Vec<Carried>,
    gates: Expr,
    wires: Expr,
    weight_bits: u64,
}

impl Known {
    fn of(body: &Circuit, ports: &[Carried]) -> Self {
        let (measure, outputs) = with_ports(body, ports);
        let Measure { gates, wires, weight_bits, .. } = measure;
        Self { ports: ports.to_vec(), outputs, gates, wires, weight_bits }
    }

    /// Bounds both: which body an iteration has is not followed.
    fn hull(self, other: Self) -> Self {
        Self {
            outputs: self.outputs.into_iter().zip(other.outputs).map(|(own, other)| own.hull(&other)).collect(),
            gates: self.gates.hull(&other.gates),
            wires: self.wires.hull(&other.wires),
            weight_bits: self.weight_bits.max(other.weight_bits),
            ports: self.ports,
        }
    }
}

struct Counting<'s> {
    system: &'s Looped,
    /// Per block, what its bodies were found to be.
    known: Vec<Vec<Known>>,
    /// Which of them each iteration is.
    carried: HashMap<(usize, Vec<u64>), usize>,
}

impl Counting<'_> {
    fn visit(&mut self, instance: &Instance) {
        let block = &self.system.blocks()[instance.block];
        let read = |port: usize| {
            let (wire, at) = self.system.source(instance, port);
            self.known[wire.block][self.carried[&(wire.block, at)]].outputs[wire.output].clone()
        };
        let ports: Vec<Carried> = (0..block.ports.len()).map(read).collect();
        let known = &self.known[instance.block];
        let number = known.iter().position(|known| known.ports == ports).unwrap_or_else(|| {
            let bodies = block.bodies.iter().map(|body| Known::of(body, &ports));
            self.known[instance.block].extend(bodies.reduce(Known::hull));
            self.known[instance.block].len() - 1
        });
        self.carried.insert((instance.block, instance.at.clone()), number);
    }

    fn total(&self, system: &Looped, delay: u64, seen: u64) -> LoopedMeasure {
        let (mut gates, mut wires) = (Expr::default(), Some(Expr::default()));
        let mut blocks = Vec::with_capacity(system.blocks().len());
        for (number, block) in system.blocks().iter().enumerate() {
            let last: Vec<u64> = block.axes.iter().map(|axis| self.system.axes()[*axis].length - 1).collect();
            let late = &self.known[number][self.carried[&(number, last)]];
            blocks.push((late.gates.clone(), late.wires.clone()));
            let lengths = block.axes.iter().map(|axis| Expr::dim(&system.axes()[*axis].name));
            gates += &lengths.fold(late.gates.clone(), |product, length| &product * &length);
            let settled = self.settled(number, delay, seen);
            wires = wires.filter(|_| settled).map(|sum| &sum + &self.wires(number, delay, seen));
        }
        let most = self.known.iter().flatten().map(|known| known.weight_bits).max().unwrap_or(0);
        LoopedMeasure { gates, weight_bits: wires.is_some().then_some(most), wires, blocks }
    }

    /// Whether along every axis that was cut short the last iterations, one more than the longest delay, are alike.
    fn settled(&self, block: usize, delay: u64, seen: u64) -> bool {
        let axes = &self.system.blocks()[block].axes;
        self.carried.iter().filter(|((number, _), _)| *number == block).all(|((_, at), own)| {
            (0..axes.len()).all(|axis| {
                let length = self.system.axes()[axes[axis]].length;
                let mut before = at.clone();
                before[axis] = at[axis].min(length - 1 - delay.min(length - 1));
                length < seen || self.carried[&(block, before)] == *own
            })
        })
    }

    /// The wires of all iterations: those before the settled ones one by one, the others by their number.
    fn wires(&self, block: usize, delay: u64, seen: u64) -> Expr {
        let axes = &self.system.blocks()[block].axes;
        let mut sum = Expr::default();
        for ((_, at), number) in self.carried.iter().filter(|((number, _), _)| *number == block) {
            let mut part = Some(self.known[block][*number].wires.clone());
            for (index, axis) in at.iter().zip(axes) {
                let axis = &self.system.axes()[*axis];
                let (length, first) = (axis.length, (axis.length - 1).saturating_sub(delay));
                part = match length < seen {
                    true => part.map(|part| part.within(&axis.name, length, length)),
                    false => part.filter(|_| *index <= first).map(|part| match *index == first {
                        true => &part * &rest(&axis.name, first),
                        false => part,
                    }),
                };
            }
            sum += &part.unwrap_or_default();
        }
        sum
    }
}

/// Iterations from this one on.
fn rest(name: &Dim, first: u64) -> Expr {
    let length = &Expr::dim(name) + &Expr::constant(-BigInt::from(first));
    length.within(name, first + 1, u64::MAX)
}
