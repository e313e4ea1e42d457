//! The skeleton a certificate is about, as plain data, for checkers other than ours; must not know certificates.

use serde::Serialize;

use crate::loops::skeleton::{Reads, Vertex};
use crate::loops::{At, Block, Skeleton, Wire, skeleton::Part};

/// The version of the fields.
pub const SCHEMA: &str = "isobath.skeleton/1";

/// A skeleton, closed by its depth: the last vertex of the last block.
#[derive(Clone, Debug, Serialize)]
pub struct SkeletonText {
    schema: &'static str,
    /// What certificates name as `circuit`.
    circuit: String,
    /// The names of axes.
    axes: Vec<String>,
    /// Blocks in order.
    blocks: Vec<BlockText>,
}

#[derive(Clone, Debug, Serialize)]
struct BlockText {
    name: String,
    /// The axes it is repeated along, outermost first, by number.
    axes: Vec<usize>,
    vertices: Vec<VertexText>,
    /// For each port the wires it may read: the first whose source has had that iteration is read.
    ports: Vec<Vec<WireText>>,
}

#[derive(Clone, Debug, Serialize)]
struct VertexText {
    /// Layers it adds to the greatest depth among what it reads; what reads nothing is at 0.
    latency: u64,
    /// Earlier vertices of the block.
    #[serde(skip_serializing_if = "Option::is_none")]
    reads: Option<Vec<usize>>,
    /// Or a port of the block.
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<usize>,
}

#[derive(Clone, Debug, Serialize)]
struct WireText {
    block: usize,
    vertex: usize,
    /// For each axis of that block: so many iterations back, or null for its last.
    back: Vec<Option<u64>>,
}

impl SkeletonText {
    /// Of a skeleton.
    pub fn new(skeleton: &Skeleton) -> Self {
        let closed = skeleton.closed();
        Self {
            schema: SCHEMA,
            circuit: skeleton.digest(),
            axes: closed.axes().iter().map(|axis| axis.name.to_string()).collect(),
            blocks: closed.blocks().iter().map(|block| of_block(&closed, block)).collect(),
        }
    }
}

fn of_block(skeleton: &Skeleton, block: &Block<Part>) -> BlockText {
    let vertex = |vertex: &Vertex| match &vertex.reads {
        Reads::Inside(list) => VertexText { latency: vertex.latency, reads: Some(list.clone()), port: None },
        Reads::Port(port) => VertexText { latency: vertex.latency, reads: None, port: Some(*port) },
    };
    let back = |at: &At| match at {
        At::Last => None,
        At::Back(delay) => Some(*delay),
    };
    let wire = |wire: &Wire| WireText {
        block: wire.block,
        vertex: skeleton.vertex(wire),
        back: wire.at.iter().map(back).collect(),
    };
    BlockText {
        name: block.name.clone(),
        axes: block.axes.clone(),
        vertices: block.bodies[0].vertices.iter().map(vertex).collect(),
        ports: block.ports.iter().map(|wires| wires.iter().map(wire).collect()).collect(),
    }
}
