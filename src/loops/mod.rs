//! Blocks repeated along axes with carried state: axes, wiring and order; knows nothing of what a block holds.
//!
//! A block exists once for every index vector over its axes. Its ports read outputs of blocks at other indices. Along one axis of
//! both, a wire goes back so many iterations; along an axis of the source, it may read the last iteration. A port lists several
//! wires and reads the first whose source exists: the carried value, before it the value it starts from.

mod closed;
pub mod digest;
mod order;

pub mod path;

pub mod skeleton;

use thiserror::Error;

use crate::expr::Dim;

pub use order::Instance;
pub use skeleton::Skeleton;

/// An axis blocks are repeated along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its name, for example `steps`.
    pub name: Dim,
    /// Iterations, at least one.
    pub length: u64,
}

/// Which iteration of the source a wire reads, along one axis of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// So many iterations before the reader's own along the same axis; 0 is the same.
    Back(u64),
    /// The last iteration.
    Last,
}

/// An output of a block at some of its iterations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The block.
    pub block: usize,
    /// Which of its outputs.
    pub output: usize,
    /// One entry per axis of the block.
    pub at: Vec<At>,
}

/// Something repeated along axes.
#[derive(Clone, Debug)]
pub struct Block<B> {
    /// Its name in reports.
    pub name: String,
    /// The axes, the outermost first.
    pub axes: Vec<usize>,
    /// What it holds: one for all iterations, or several of one structure, taken in turn along the axis [`Block::varies`].
    pub bodies: Vec<B>,
    /// The position in [`Block::axes`] of the axis along which bodies differ, if they do.
    pub varies: Option<usize>,
    /// For each port, wires in order of preference; the last has no delay, so that it always exists.
    pub ports: Vec<Vec<Wire>>,
}

impl<B> Block<B> {
    /// The body of one iteration.
    pub fn body(&self, at: &[u64]) -> &B {
        let number = self.varies.map_or(0, |axis| at[axis] as usize);
        &self.bodies[number % self.bodies.len()]
    }
}

/// An output of every iteration of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// Its name.
    pub name: String,
    /// The block.
    pub block: usize,
    /// Which of its outputs.
    pub output: usize,
}

/// Blocks, their axes and wires; verified when made.
#[derive(Clone, Debug)]
pub struct System<B> {
    axes: Vec<Axis>,
    blocks: Vec<Block<B>>,
    outputs: Vec<Outlet>,
    plan: Vec<order::Step>,
}

/// Why blocks were not wired.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoopError {
    /// Values that wait for each other.
    #[error("no delay on the cycle {}: each of these values would need the next one first; add a delay of at least 1", .blocks.join(" -> "))]
    Cycle {
        /// The blocks on it.
        blocks: Vec<String>,
    },
    /// A wire, axis or body that does not fit.
    #[error("block `{block}`: {reason}")]
    Wiring {
        /// The block.
        block: String,
        /// What is wrong.
        reason: String,
    },
    /// An axis without iterations.
    #[error("axis `{0}` has no iterations; it needs at least 1")]
    Empty(String),
}

impl<B> System<B> {
    /// Wires blocks up.
    ///
    /// # Errors
    /// When a wire leads nowhere, a port could read nothing, or a cycle has no delay.
    pub fn new(axes: Vec<Axis>, blocks: Vec<Block<B>>, outputs: Vec<Outlet>) -> Result<Self, LoopError> {
        if let Some(axis) = axes.iter().find(|axis| axis.length == 0) {
            return Err(LoopError::Empty(axis.name.to_string()));
        }
        let mut system = Self { axes, blocks, outputs, plan: Vec::new() };
        for block in &system.blocks {
            system.check(block).map_err(|reason| LoopError::Wiring { block: block.name.clone(), reason })?;
        }
        system.plan = order::plan(&system)?;
        Ok(system)
    }

    /// The axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block<B>] {
        &self.blocks
    }

    /// What is given out: every iteration of these.
    pub fn outputs(&self) -> &[Outlet] {
        &self.outputs
    }

    /// The same blocks and wires with other axis lengths.
    ///
    /// # Errors
    /// When a length is zero.
    pub fn resized(mut self, length: impl Fn(&Dim) -> Option<u64>) -> Result<Self, LoopError> {
        for axis in &mut self.axes {
            axis.length = length(&axis.name).unwrap_or(axis.length);
            if axis.length == 0 {
                return Err(LoopError::Empty(axis.name.to_string()));
            }
        }
        Ok(self)
    }

    /// The same wiring around other bodies.
    ///
    /// # Errors
    /// As the function does.
    pub fn map<C, E>(&self, mut f: impl FnMut(usize, &B) -> Result<C, E>) -> Result<System<C>, E> {
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for (number, block) in self.blocks.iter().enumerate() {
            let bodies = block.bodies.iter().map(|body| f(number, body)).collect::<Result<_, E>>()?;
            let Block { name, axes, varies, ports, .. } = block;
            blocks.push(Block {
                name: name.clone(),
                axes: axes.clone(),
                bodies,
                varies: *varies,
                ports: ports.clone(),
            });
        }
        Ok(System { axes: self.axes.clone(), blocks, outputs: self.outputs.clone(), plan: self.plan.clone() })
    }

    /// Iterations of a block.
    pub fn iterations(&self, block: usize) -> u128 {
        self.blocks[block].axes.iter().map(|axis| u128::from(self.axes[*axis].length)).product()
    }

    /// Calls `visit` for every iteration of every block, sources before readers.
    ///
    /// # Errors
    /// As `visit` does.
    pub fn try_each<E>(&self, mut visit: impl FnMut(&Instance) -> Result<(), E>) -> Result<(), E> {
        order::walk(self, &mut visit)
    }

    /// Where a port reads at one iteration: block, output and index vector.
    pub fn source(&self, instance: &Instance, port: usize) -> (&Wire, Vec<u64>) {
        let block = &self.blocks[instance.block];
        let found = block.ports[port].iter().find_map(|wire| {
            let at = self.reach(block, &instance.at, wire)?;
            Some((wire, at))
        });
        found.unwrap_or_else(|| unreachable!("the last wire of a port always exists"))
    }

    /// The source's index vector; none before its first iteration.
    fn reach(&self, reader: &Block<B>, at: &[u64], wire: &Wire) -> Option<Vec<u64>> {
        let axes = self.blocks[wire.block].axes.iter().zip(&wire.at);
        axes.map(|(axis, place)| match place {
            At::Last => Some(self.axes[*axis].length - 1),
            At::Back(delay) => {
                let position = reader.axes.iter().position(|own| own == axis)?;
                at[position].checked_sub(*delay)
            }
        })
        .collect()
    }

    fn check(&self, block: &Block<B>) -> Result<(), String> {
        let lengths: Vec<&u64> =
            block.axes.iter().filter_map(|axis| self.axes.get(*axis)).map(|axis| &axis.length).collect();
        if lengths.len() != block.axes.len() {
            return Err("it names an axis that does not exist".to_owned());
        }
        if block.bodies.is_empty() || block.varies.is_some_and(|axis| axis >= block.axes.len()) {
            return Err("it has no body for some iteration".to_owned());
        }
        block.ports.iter().enumerate().try_for_each(|(number, wires)| {
            self.check_port(block, wires).map_err(|reason| format!("port {number} {reason}"))
        })
    }

    fn check_port(&self, block: &Block<B>, wires: &[Wire]) -> Result<(), String> {
        for wire in wires {
            let Some(source) = self.blocks.get(wire.block) else {
                return Err("reads a block that does not exist".to_owned());
            };
            if source.axes.len() != wire.at.len() {
                return Err(format!(
                    "reads `{}`, which has {} axes, at {}",
                    source.name,
                    source.axes.len(),
                    wire.at.len()
                ));
            }
            let stray =
                source.axes.iter().zip(&wire.at).find(|(axis, at)| **at != At::Last && !block.axes.contains(axis));
            if let Some((axis, _)) = stray {
                let axis = &self.axes[*axis].name;
                return Err(format!("reads `{}` along `{axis}`, which it is not repeated along", source.name));
            }
        }
        match wires.last() {
            None => Err("reads nothing".to_owned()),
            Some(wire) if wire.at.iter().any(|at| matches!(at, At::Back(1..))) => {
                Err("has no value to start from: its last wire must have no delay".to_owned())
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
