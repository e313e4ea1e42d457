//! Skeletons whose vertices have names, their critical paths, and where observed values cut them; must not know what a vertex costs.
//!
//! The opaque depth of a looped system is the depth of its cut skeleton: what reads an observed vertex reads a fresh source of depth 0
//! in its place, and every observed vertex is given out, beside what was given out before. A longest path of that is a longest run
//! between observed values, in every iteration at once, so that what is known of depths (laws, certificates) holds for it too.

use std::collections::BTreeSet;

use super::names::{Place, Unknown, observed};
use crate::loops::skeleton::{Part, Reads, Skeleton, Vertex};
use crate::loops::{Block, Instance, Outlet, System};
use crate::tensor::build::EMITTED;

/// A skeleton with the place of each vertex.
#[derive(Clone, Debug)]
pub struct Named {
    /// What depth rests on.
    pub skeleton: Skeleton,
    /// Per block and vertex its name: that of the block, of modules, of the operation.
    pub places: Vec<Vec<Place>>,
}

/// A vertex on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The block and its indices.
    pub instance: Instance,
    /// The name of the vertex.
    pub place: Place,
    /// What it adds.
    pub cost: u64,
    /// The depth up to and with it, counted from where the path begins.
    pub layer: u64,
}

/// What stands for an observed value where it is read.
const FRESH: &str = "observed value";

impl Named {
    /// The vertices that cost something on a longest path at the skeleton's lengths. Visits and remembers every iteration.
    pub fn path(&self) -> Vec<Visit> {
        let mut layer = 0;
        let visit = |place: crate::loops::path::Place| {
            let block = place.instance.block;
            let cost = self.skeleton.blocks()[block].body(&place.instance.at).vertices[place.vertex].latency;
            layer += cost;
            Visit { instance: place.instance, place: self.places[block][place.vertex].clone(), cost, layer }
        };
        self.skeleton.critical_path().into_iter().map(visit).collect()
    }

    /// Per block, which vertices are observed: those of these names, and tokens that decoding emits. Of all vertices under each module
    /// or operation a name fits, those that anything else reads, or that are outputs of their block.
    ///
    /// # Errors
    /// When a name fits nothing.
    pub fn observed(&self, names: &[String]) -> Result<Vec<Vec<bool>>, Unknown> {
        let (mut sources, mut outputs, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (block, own) in self.skeleton.blocks().iter().zip(&self.places) {
            let first = places.len();
            let reads = |vertex: &Vertex| match &vertex.reads {
                Reads::Inside(list) => list.iter().map(|source| first + source).collect(),
                Reads::Port(_) => Vec::new(),
            };
            sources.extend(block.bodies[0].vertices.iter().map(reads));
            outputs.extend(block.bodies[0].outputs.iter().map(|output| first + output));
            places.extend(own.iter().cloned());
        }
        let emits = self.emits().then(|| EMITTED.to_owned());
        let names: Vec<String> = names.iter().cloned().chain(emits).collect();
        let mut all = observed(&places, &sources, &outputs, &names)?.into_iter();
        Ok(self.places.iter().map(|own| all.by_ref().take(own.len()).collect()).collect())
    }

    /// Whether it emits tokens that it reads again.
    pub fn emits(&self) -> bool {
        self.places.iter().flatten().any(|place| place.path.iter().any(|part| part == EMITTED))
    }

    /// The skeleton whose depth is that of the longest run between values observed under these names. Vertices of a block move up by
    /// one, to make room for the source.
    ///
    /// # Errors
    /// When a name fits nothing.
    pub fn cut(&self, names: &[String]) -> Result<Self, Unknown> {
        let observed = self.observed(names)?;
        let (mut blocks, mut outlets) = (Vec::new(), Vec::new());
        for (number, block) in self.skeleton.blocks().iter().enumerate() {
            let ends = self.ends(number, &observed[number]);
            let bodies = block.bodies.iter().map(|part| severed(part, &observed[number], &ends)).collect();
            let Block { name, axes, varies, ports, .. } = block;
            let outlet = |(place, vertex): (usize, &usize)| Outlet {
                name: self.places[number][*vertex].path.last().cloned().unwrap_or_default(),
                block: number,
                output: block.bodies[0].outputs.len() + place,
            };
            outlets.extend(ends.iter().enumerate().map(outlet));
            let (name, axes, ports) = (name.clone(), axes.clone(), ports.clone());
            blocks.push(Block { name, axes, bodies, varies: *varies, ports });
        }
        let fresh = |own: &Vec<Place>| {
            let source = Place { path: vec![FRESH.to_owned()] };
            std::iter::once(source).chain(own.iter().cloned()).collect()
        };
        let skeleton = System::new(self.skeleton.axes().to_vec(), blocks, outlets)
            .unwrap_or_else(|error| unreachable!("its wires are those of a wired system: {error}"));
        Ok(Self { skeleton, places: self.places.iter().map(fresh).collect() })
    }

    /// The vertices of a block where runs end, in order.
    fn ends(&self, block: usize, observed: &[bool]) -> BTreeSet<usize> {
        let outputs = &self.skeleton.blocks()[block].bodies[0].outputs;
        let own = self.skeleton.outputs().iter().filter(|outlet| outlet.block == block);
        let given = own.map(|outlet| outputs[outlet.output]);
        (0..observed.len()).filter(|vertex| observed[*vertex]).chain(given).collect()
    }
}

/// A body with a source before its vertices, which is read wherever an observed vertex was; the ends are its last outputs.
fn severed(part: &Part, observed: &[bool], ends: &BTreeSet<usize>) -> Part {
    let read = |vertex: &usize| if observed.get(*vertex) == Some(&true) { 0 } else { vertex + 1 };
    let moved = |vertex: &Vertex| match &vertex.reads {
        Reads::Port(_) => vertex.clone(),
        Reads::Inside(list) => {
            let list: BTreeSet<usize> = list.iter().map(read).collect();
            Vertex { latency: vertex.latency, reads: Reads::Inside(list.into_iter().collect()) }
        }
    };
    let source = Vertex { latency: 0, reads: Reads::Inside(Vec::new()) };
    let vertices = std::iter::once(source).chain(part.vertices.iter().map(moved)).collect();
    let outputs = part.outputs.iter().map(read).chain(ends.iter().map(|vertex| vertex + 1)).collect();
    Part { vertices, outputs }
}
