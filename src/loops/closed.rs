//! A skeleton with its depth as one of its vertices; must not know how depths are bounded.

use super::skeleton::{Part, Reads, Vertex};
use super::{At, Block, Outlet, Skeleton, System, Wire};

impl Skeleton {
    /// The same blocks, and after them: for each block with outputs, the largest depth of these at this iteration or any that is earlier along
    /// every axis, and at the very end the largest of all. That is the one vertex without readers, the last of the last block, and the one output.
    pub fn closed(&self) -> Self {
        let mut ends: Vec<usize> = self.outputs().iter().map(|outlet| outlet.block).collect();
        ends.sort_unstable();
        ends.dedup();
        let first = self.blocks().len();
        let so_far = ends.iter().enumerate().map(|(number, end)| self.so_far(*end, first + number));
        let mut blocks: Vec<Block<Part>> = self.blocks().iter().cloned().chain(so_far).collect();
        let last =
            |(number, block): (usize, &Block<Part>)| vec![wire(first + number, 0, vec![At::Last; block.axes.len()])];
        let ports = blocks[first..].iter().enumerate().map(last).collect();
        let outputs = vec![Outlet { name: "depth".to_owned(), block: blocks.len(), output: 0 }];
        blocks.push(largest("depth".to_owned(), vec![], ports));
        let closed = System::new(self.axes().to_vec(), blocks, outputs);
        closed.unwrap_or_else(|_| unreachable!("what is added reads earlier blocks, or itself at earlier iterations"))
    }

    /// The largest depth of a block's outputs so far; it will have the number `own`.
    fn so_far(&self, end: usize, own: usize) -> Block<Part> {
        let block = &self.blocks()[end];
        let here = vec![At::Back(0); block.axes.len()];
        let outlets = self.outputs().iter().filter(|outlet| outlet.block == end);
        let mut ports: Vec<Vec<Wire>> = outlets.map(|outlet| vec![wire(end, outlet.output, here.clone())]).collect();
        for position in 0..here.len() {
            let mut before = here.clone();
            before[position] = At::Back(1);
            let start = ports[0].clone();
            ports.push([vec![wire(own, 0, before)], start].concat());
        }
        largest(format!("depth of {}", block.name), block.axes.clone(), ports)
    }
}

fn wire(block: usize, output: usize, at: Vec<At>) -> Wire {
    Wire { block, output, at }
}

/// A block whose output is the largest of what its ports read.
fn largest(name: String, axes: Vec<usize>, ports: Vec<Vec<Wire>>) -> Block<Part> {
    let reads = (0..ports.len()).map(Reads::Port).chain([Reads::Inside((0..ports.len()).collect())]);
    let vertices = reads.map(|reads| Vertex { latency: 0, reads }).collect();
    Block { name, axes, bodies: vec![Part { vertices, outputs: vec![ports.len()] }], varies: None, ports }
}
