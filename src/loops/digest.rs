//! The digest of a skeleton: SHA-256 of a canonical text of all that depth rests on; must not know certificates.
//!
//! Every list is preceded by its number of entries and every text by its number of bytes, so no two skeletons have one text. Lengths of axes
//! are left out: a law holds for all of them. Names of blocks are left out: depth does not rest on them.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::skeleton::{Part, Reads};
use super::{At, Block, Skeleton, Wire};

impl Skeleton {
    /// The digest in hexadecimal.
    pub fn digest(&self) -> String {
        let hash = Sha256::digest(text(self).as_bytes());
        hash.iter().fold("sha256:".to_owned(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

fn text(skeleton: &Skeleton) -> String {
    let mut text = format!("skeleton 1 axes {}", skeleton.axes().len());
    for axis in skeleton.axes() {
        add(&mut text, format_args!(" {}:{}", axis.name.len(), axis.name));
    }
    add(&mut text, format_args!(" blocks {}", skeleton.blocks().len()));
    skeleton.blocks().iter().for_each(|block| add_block(&mut text, block));
    add(&mut text, format_args!(" outputs {}", skeleton.outputs().len()));
    for outlet in skeleton.outputs() {
        add(&mut text, format_args!(" {} {}", outlet.block, outlet.output));
    }
    text
}

/// Writing to a text never fails.
fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

fn numbers(text: &mut String, list: &[usize]) {
    add(text, format_args!(" {}", list.len()));
    list.iter().for_each(|number| add(text, format_args!(" {number}")));
}

fn add_block(text: &mut String, block: &Block<Part>) {
    numbers(text, &block.axes);
    // Bodies differ in nothing depth rests on, which [`Skeleton::uniform`] makes sure of.
    let part = &block.bodies[0];
    add(text, format_args!(" vertices {}", part.vertices.len()));
    for vertex in &part.vertices {
        add(text, format_args!(" {}", vertex.latency));
        match &vertex.reads {
            Reads::Port(port) => add(text, format_args!(" port {port}")),
            Reads::Inside(list) => numbers(text, list),
        }
    }
    numbers(text, &part.outputs);
    add(text, format_args!(" ports {}", block.ports.len()));
    for wires in &block.ports {
        add(text, format_args!(" {}", wires.len()));
        wires.iter().for_each(|wire| add_wire(text, wire));
    }
}

fn add_wire(text: &mut String, wire: &Wire) {
    add(text, format_args!(" {} {} {}", wire.block, wire.output, wire.at.len()));
    for at in &wire.at {
        match at {
            At::Last => add(text, format_args!(" last")),
            At::Back(delay) => add(text, format_args!(" {delay}")),
        }
    }
}
