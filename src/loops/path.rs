//! A longest path through a skeleton at its lengths, vertex by vertex; must not know what vertices are.

use std::collections::HashMap;

use super::skeleton::{Reads, Skeleton};
use super::{Instance, Outlet};

/// A vertex of one iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block and index vector.
    pub instance: Instance,
    /// The vertex.
    pub vertex: usize,
}

impl Skeleton {
    /// The vertices with latency on a longest path to the deepest output, from the inputs on. Visits and remembers every iteration.
    pub fn critical_path(&self) -> Vec<Place> {
        let mut depths: HashMap<(usize, Vec<u64>), Vec<u64>> = HashMap::new();
        let done: Result<(), std::convert::Infallible> = self.try_each(|instance| {
            let mut values = Vec::new();
            for vertex in &self.blocks()[instance.block].body(&instance.at).vertices {
                let below = match &vertex.reads {
                    Reads::Inside(list) => list.iter().map(|v| values[*v]).max().unwrap_or(0),
                    Reads::Port(port) => {
                        let (wire, at) = self.source(instance, *port);
                        let vertex = self.blocks()[wire.block].body(&at).outputs[wire.output];
                        depths[&(wire.block, at)][vertex]
                    }
                };
                values.push(below + vertex.latency);
            }
            depths.insert((instance.block, instance.at.clone()), values);
            Ok(())
        });
        let Ok(()) = done;
        let mut path = Vec::new();
        let mut next = self.deepest(&depths);
        while let Some(place) = next {
            let vertex = &self.blocks()[place.instance.block].body(&place.instance.at).vertices[place.vertex];
            next = self.deepest_source(&place, &depths);
            if vertex.latency > 0 {
                path.push(place);
            }
        }
        path.reverse();
        path
    }

    fn deepest(&self, depths: &HashMap<(usize, Vec<u64>), Vec<u64>>) -> Option<Place> {
        let all = self.outputs().iter().flat_map(|Outlet { block, output, .. }| {
            depths.iter().filter(move |((own, _), _)| own == block).map(move |((_, at), values)| {
                let vertex = self.blocks()[*block].body(at).outputs[*output];
                (values[vertex], at, *block, vertex)
            })
        });
        let (_, at, block, vertex) = all.max()?;
        Some(Place { instance: Instance { block, at: at.clone() }, vertex })
    }

    fn deepest_source(&self, place: &Place, depths: &HashMap<(usize, Vec<u64>), Vec<u64>>) -> Option<Place> {
        let Instance { block, at } = &place.instance;
        let vertices = &self.blocks()[*block].body(at).vertices;
        match &vertices[place.vertex].reads {
            Reads::Inside(list) => {
                let own = &depths[&(*block, at.clone())];
                let vertex = *list.iter().max_by_key(|v| own[**v])?;
                Some(Place { instance: place.instance.clone(), vertex })
            }
            Reads::Port(port) => {
                let (wire, at) = self.source(&place.instance, *port);
                let vertex = self.blocks()[wire.block].body(&at).outputs[wire.output];
                Some(Place { instance: Instance { block: wire.block, at }, vertex })
            }
        }
    }
}
