//! Circuits repeated along axes: their skeleton, and their unrolling into one circuit; knows nothing of what blocks compute.

use std::collections::{HashMap, VecDeque};

use super::{Array, ArrayId, Builder, Circuit, CircuitError, Node, Origin, TableId};
use crate::loops::skeleton::{Part, Reads, Skeleton, Vertex};
use crate::loops::{Instance, System};

/// Circuits repeated along axes; their ports are [`Node::Port`] arrays, in order.
pub type Looped = System<Circuit>;

/// All that depth rests on: a vertex per array, one layer per bank.
pub fn skeleton(system: &Looped) -> Skeleton {
    let made: Result<Skeleton, std::convert::Infallible> = system.map(|_, circuit| Ok(part(circuit)));
    let Ok(skeleton) = made;
    skeleton
}

fn part(circuit: &Circuit) -> Part {
    let mut ports = 0..;
    let vertex = |array: &Array| match &array.node {
        Node::Input => Vertex { latency: 0, reads: Reads::Inside(Vec::new()) },
        Node::Port => Vertex { latency: 0, reads: Reads::Port(ports.next().unwrap_or_default()) },
        Node::Bank(bank) => Vertex { latency: 1, reads: Reads::Inside(vec![bank.form.index()]) },
        Node::Affine(affine) => {
            let mut sources: Vec<usize> = affine.terms.iter().map(|term| term.source.index()).collect();
            sources.sort_unstable();
            sources.dedup();
            Vertex { latency: 0, reads: Reads::Inside(sources) }
        }
    };
    let vertices = circuit.arrays().iter().map(vertex).collect();
    Part { vertices, outputs: circuit.outputs().iter().map(|output| output.array.index()).collect() }
}

/// The same circuit without loops: every iteration written out, its ports replaced by what they read.
///
/// # Errors
/// When what a port reads does not have its shape, or goes beyond its range.
pub fn unroll(system: &Looped) -> Result<Circuit, CircuitError> {
    let (builder, inputs) = (Builder::new(), VecDeque::new());
    let given = vec![Vec::new(); system.outputs().len()];
    let mut unrolling = Unrolling { system, builder, inputs, given, tables: HashMap::new(), made: HashMap::new() };
    system.try_each(|instance| unrolling.inputs(instance))?;
    system.try_each(|instance| unrolling.instance(instance))?;
    for (name, array) in unrolling.given.into_iter().flatten() {
        unrolling.builder.output(name, array);
    }
    Ok(unrolling.builder.build())
}

struct Unrolling<'s> {
    system: &'s Looped,
    builder: Builder,
    /// The input arrays, which stand before all others, in the order of iterations.
    inputs: VecDeque<ArrayId>,
    /// Per outlet, what each iteration gives out.
    given: Vec<Vec<(String, ArrayId)>>,
    /// By block and body.
    tables: HashMap<*const Circuit, Vec<TableId>>,
    made: HashMap<(usize, Vec<u64>), Vec<ArrayId>>,
}

impl Unrolling<'_> {
    fn inputs(&mut self, instance: &Instance) -> Result<(), CircuitError> {
        let block = &self.system.blocks()[instance.block];
        let circuit = block.body(&instance.at);
        for id in circuit.inputs() {
            let array = circuit.array(id);
            self.origin(circuit, array, &block.name, &instance.at);
            self.inputs.push_back(self.builder.input(array.shape.clone())?);
        }
        Ok(())
    }

    fn instance(&mut self, instance: &Instance) -> Result<(), CircuitError> {
        let block = &self.system.blocks()[instance.block];
        let circuit = block.body(&instance.at);
        let tables = self
            .tables
            .entry(circuit)
            .or_insert_with(|| circuit.tables.iter().map(|table| self.builder.table(table.clone())).collect());
        let tables = tables.clone();
        let mut ids: Vec<ArrayId> = Vec::with_capacity(circuit.arrays().len());
        let mut ports = 0..;
        for array in circuit.arrays() {
            self.origin(circuit, array, &block.name, &instance.at);
            let id = match &array.node {
                Node::Port => self.carried(instance, ports.next().unwrap_or_default(), array)?,
                Node::Input => self.inputs.pop_front().unwrap_or_else(|| unreachable!("made before")),
                _ => self.builder.again(array, |id| ids[id.index()], |id| tables[id.index()])?,
            };
            ids.push(id);
        }
        let outputs: Vec<ArrayId> = circuit.outputs().iter().map(|output| ids[output.array.index()]).collect();
        for (outlet, given) in self.system.outputs().iter().zip(&mut self.given) {
            if outlet.block == instance.block {
                given.push((numbered(&outlet.name, &instance.at), outputs[outlet.output]));
            }
        }
        self.made.insert((instance.block, instance.at.clone()), outputs);
        Ok(())
    }

    fn origin(&mut self, circuit: &Circuit, array: &Array, block: &str, at: &[u64]) {
        let Origin { module, operation } = &circuit.origins()[array.origin.index()];
        let module = std::iter::once(numbered(block, at)).chain(module.iter().cloned()).collect();
        self.builder.set_origin(Origin { module, operation: operation.clone() });
    }

    /// The array a port stands for, which must keep to the port's shape and range.
    fn carried(&self, instance: &Instance, port: usize, declared: &Array) -> Result<ArrayId, CircuitError> {
        let (wire, at) = self.system.source(instance, port);
        let id = self.made[&(wire.block, at)][wire.output];
        let array = self.builder.array(id);
        let inside = declared.range.lo <= array.range.lo && array.range.hi <= declared.range.hi;
        let same = array.shape.iter().map(|size| size.value).eq(declared.shape.iter().map(|size| size.value));
        if inside && same { Ok(id) } else { Err(CircuitError::Carried { port, array: id.index() }) }
    }
}

/// A name with its index vector: `state[3,1]`.
fn numbered(name: &str, at: &[u64]) -> String {
    if at.is_empty() {
        return name.to_owned();
    }
    let at: Vec<String> = at.iter().map(u64::to_string).collect();
    format!("{name}[{}]", at.join(","))
}
