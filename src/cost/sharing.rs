//! Products that share a layer with the store of a factor: what they read then; must not know gates.
//!
//! A gate of the product is one level of the factor's store and one bit of the other factor at once, so it reads what the store reads.
//! The construction is one of its own, whichever factor is chosen: it is that with the later form, if the others are there by then.

use petgraph::graph::NodeIndex;

use crate::tensor::{Graph, Op};

/// What ports carry comes later than anything else of a body.
const LATE: u64 = 1 << 48;

/// What each node reads, in threshold gates; `lateness` is how late what each port carries counts.
pub(in crate::cost) fn sources(graph: &Graph, layers: &[u64], lateness: &[u64]) -> Vec<Vec<usize>> {
    let (mut done, mut reached, mut ports) = (Vec::new(), Vec::<u64>::new(), lateness.iter());
    for (id, own) in graph.order().zip(layers) {
        let operands = graph.operands(id);
        let read = shared(graph, id, &operands, &reached).unwrap_or(operands);
        let before = read.iter().map(|id| reached[id.index()]).max().unwrap_or(0);
        let start = match graph.node(id).op {
            Op::Port(_) => LATE.saturating_mul(*ports.next().unwrap_or(&1)),
            _ => before,
        };
        reached.push(start.saturating_add(*own));
        done.push(read.iter().map(|id| id.index()).collect());
    }
    done
}

/// The operands of a product with the form of a factor in place of its stored value.
fn shared(graph: &Graph, id: NodeIndex, operands: &[NodeIndex], reached: &[u64]) -> Option<Vec<NodeIndex>> {
    let factors = match graph.node(id).op {
        Op::Product => 0..2,
        Op::Chosen if operands.len() > 2 => 1..3,
        _ => return None,
    };
    factors.clone().find_map(|late| {
        let form = form(graph, operands[late])?;
        let others = operands.iter().enumerate().filter(|(place, _)| *place != late);
        let there = others.clone().all(|(_, other)| reached[other.index()] <= reached[form.index()]);
        there.then(|| others.map(|(_, other)| *other).chain([form]).collect())
    })
}

/// What a store reads that a value is the result of, moved or not.
fn form(graph: &Graph, mut id: NodeIndex) -> Option<NodeIndex> {
    loop {
        let operands = graph.operands(id);
        match &graph.node(id).op {
            Op::Store { .. } => return operands.first().copied(),
            Op::Arrange(_) | Op::Slice { .. } | Op::Pick { .. } => id = *operands.first()?,
            _ => return None,
        }
    }
}
