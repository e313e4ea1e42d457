//! What of a system its depth rests on: vertices with latencies in layers, what each reads, and the wires of ports; must not know arrays.

use super::{At, Axis, System, Wire};

/// What a vertex reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Earlier vertices of the same block at the same iteration; none for an input or a constant, which have depth 0.
    Inside(Vec<usize>),
    /// The port of this number.
    Port(usize),
}

/// One array or operation of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// Layers it adds: 1 for a bank of gates, 0 for a form.
    pub latency: u64,
    /// What it reads; its depth is the latency plus the largest depth among these.
    pub reads: Reads,
}

/// The vertices of a block's body, in topological order, and which of them are its outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The vertices.
    pub vertices: Vec<Vertex>,
    /// The vertex of each output.
    pub outputs: Vec<usize>,
}

/// The system with parts for bodies: all that depth rests on.
pub type Skeleton = System<Part>;

impl Skeleton {
    /// The vertex a wire of a port reads.
    pub fn vertex(&self, wire: &Wire) -> usize {
        self.blocks()[wire.block].bodies[0].outputs[wire.output]
    }

    /// Whether all is as the types cannot say: all iterations of a block have the same vertices, each of which reads earlier ones; wires and
    /// outputs lead somewhere; no axis is named twice.
    ///
    /// # Errors
    /// The name of a block where it is not.
    pub fn uniform(&self) -> Result<(), String> {
        let outputs = |block: usize| self.blocks().get(block).map_or(0, |b| b.bodies[0].outputs.len());
        for block in self.blocks() {
            let part = &block.bodies[0];
            let fits = |(number, vertex): (usize, &Vertex)| match &vertex.reads {
                Reads::Inside(list) => vertex.latency <= 1 << 40 && list.iter().all(|read| *read < number),
                Reads::Port(port) => vertex.latency <= 1 << 40 && *port < block.ports.len(),
            };
            let fine = block.bodies.iter().all(|body| body == part)
                && block.axes.iter().enumerate().all(|(at, axis)| !block.axes[..at].contains(axis))
                && part.vertices.iter().enumerate().all(fits)
                && part.outputs.iter().all(|vertex| *vertex < part.vertices.len())
                && block.ports.iter().flatten().all(|wire| wire.output < outputs(wire.block));
            fine.then_some(()).ok_or_else(|| block.name.clone())?;
        }
        let names: Vec<&str> = self.axes().iter().map(|axis| &*axis.name).collect();
        let fine = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name))
            && !self.outputs().is_empty()
            && self.outputs().iter().all(|outlet| outlet.output < outputs(outlet.block));
        fine.then_some(()).ok_or_else(|| "of the outputs".to_owned())
    }

    /// The longest delay of a wire along an axis.
    pub fn longest_delay(&self, axis: usize) -> u64 {
        let wires = self.blocks().iter().flat_map(|block| block.ports.iter().flatten());
        let along = wires.flat_map(|wire| self.blocks()[wire.block].axes.iter().zip(&wire.at));
        let delay =
            |(own, at): (&usize, &At)| if let (true, At::Back(d)) = (*own == axis, at) { Some(*d) } else { None };
        along.filter_map(delay).max().unwrap_or(0)
    }

    /// The depth of the deepest output, by visiting every iteration: memory and time in the number of iterations.
    pub fn depth(&self) -> u64 {
        let mut depths: Vec<Vec<u64>> = (0..self.blocks().len()).map(|block| vec![0; self.room(block)]).collect();
        let done: Result<(), std::convert::Infallible> = self.try_each(|instance| {
            let part = self.blocks()[instance.block].body(&instance.at);
            let mut values = Vec::with_capacity(part.vertices.len());
            for vertex in &part.vertices {
                let below = match &vertex.reads {
                    Reads::Inside(list) => list.iter().map(|v| values[*v]).max().unwrap_or(0),
                    Reads::Port(port) => {
                        let (wire, at) = self.source(instance, *port);
                        let outputs = self.blocks()[wire.block].bodies[0].outputs.len();
                        depths[wire.block][self.place(wire.block, &at) * outputs + wire.output]
                    }
                };
                values.push(below + vertex.latency);
            }
            let place = self.place(instance.block, &instance.at) * part.outputs.len();
            for (number, vertex) in part.outputs.iter().enumerate() {
                depths[instance.block][place + number] = values[*vertex];
            }
            Ok(())
        });
        let Ok(()) = done;
        let outlet = |o: &super::Outlet| {
            let outputs = self.blocks()[o.block].bodies[0].outputs.len();
            depths[o.block].iter().skip(o.output).step_by(outputs).copied().max().unwrap_or(0)
        };
        self.outputs().iter().map(outlet).max().unwrap_or(0)
    }

    fn room(&self, block: usize) -> usize {
        self.iterations(block) as usize * self.blocks()[block].bodies[0].outputs.len()
    }

    fn place(&self, block: usize, at: &[u64]) -> usize {
        let lengths = self.blocks()[block].axes.iter().map(|axis| self.axes()[*axis].length as usize);
        at.iter().zip(lengths).fold(0, |place, (index, length)| place * length + *index as usize)
    }
}

/// An axis by name.
pub fn axis<'a>(axes: &'a [Axis], name: &str) -> Option<&'a Axis> {
    axes.iter().find(|axis| &*axis.name == name)
}
