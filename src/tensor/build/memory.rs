//! Transformers that remember: the same layer's state passed to the next segment, memory tokens, feedback of the top to the bottom;
//! must not know what a block does.
//!
//! Attention over a memory is full: all of it, and with segment memory all of the segment. Memories start as zeros, but those
//! of memory tokens, which are learned.

use petgraph::graph::NodeIndex;

use super::looped::{along, axis, once, wire, zeros};
use super::{Make, Memory, Model, Result};
use crate::expr::Size;
use crate::loops::At;
use crate::spec::{Mask, MemoryOf};
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, Op};

/// Each layer attends to the rows of the same layer in the segment before: what it gave out there (the same-layer recurrence of
/// ERNIE-Doc, Ding et al. 2021), or what it read there (Transformer-XL, Dai et al. 2019).
pub(super) fn same_layer(mut model: Model, segments: u64, from: MemoryOf) -> Result<Looped> {
    model.context = Size::fixed(model.context.value);
    let start = wire(3, &[]);
    let residual = vec![wire(1, &[At::Back(0), At::Back(1)]), wire(0, &[At::Back(0)])];
    let before = match from {
        MemoryOf::SameLayer => vec![wire(1, &[At::Back(1), At::Back(0)]), start],
        MemoryOf::Below => vec![wire(1, &[At::Back(1), At::Back(1)]), wire(0, &[At::Back(1)]), start],
    };
    let rows = model.context.clone();
    let stack = model.stack(&[0, 1], rows.clone(), vec![residual, before], |make| {
        let rows = make.port("memory", model.carrier(), model.residual(rows.clone()));
        Ok(Some(Memory { rows, own: true }))
    })?;
    let blocks = vec![
        along("embedding", &[0], model.embedding()?, vec![]),
        stack,
        along("head", &[0], model.head(&rows, None)?, vec![vec![model.top(1, &[At::Back(0), At::Last])]]),
        once("no memory", model.nothing(rows.value), vec![]),
    ];
    model.system(vec![axis("segments", segments), model.layers()], blocks, 2)
}

/// Memory tokens (Recurrent Memory Transformer, Bulatov et al. 2022): their rows at the top are those at the bottom of the next
/// segment. A decoder has them twice: read before the segment, written after it.
pub(super) fn tokens(mut model: Model, segments: u64, memory: u64) -> Result<Looped> {
    let own = model.context.value;
    let behind = if model.architecture.mask == Mask::Causal { memory } else { 0 };
    let rows = Size::fixed(memory + own + behind);
    model.context = Size::fixed(own);
    let residual = vec![wire(2, &[At::Back(0), At::Back(1)]), wire(1, &[At::Back(0)])];
    let top = vec![vec![wire(2, &[At::Back(0), At::Last])]];
    let written = if behind > 0 { memory + own } else { 0 };
    let blocks = vec![
        once("memory", model.learned_memory(memory)?, vec![]),
        along("embedding", &[0], model.around(memory, behind > 0)?, vec![vec![wire(3, &[At::Back(1)]), wire(0, &[])]]),
        model.stack(&[0, 1], rows.clone(), vec![residual], |_| Ok(None))?,
        along("memory written", &[0], model.kept(&rows, written, memory), top),
        along(
            "head",
            &[0],
            model.head(&rows, Some((memory, own)))?,
            vec![vec![model.top(2, &[At::Back(0), At::Last])]],
        ),
    ];
    model.system(vec![axis("segments", segments), model.layers()], blocks, 4)
}

/// Feedback (Fan et al. 2020, with the top layer alone as memory): one token at a time, every layer attends to the top of the last
/// `window` tokens.
pub(super) fn feedback(mut model: Model, window: u64) -> Result<Looped> {
    let context = model.context.value;
    model.context = Size::fixed(1);
    let one = model.context.clone();
    let mut ports = vec![vec![wire(1, &[At::Back(0), At::Back(1)]), wire(0, &[At::Back(0)])]];
    ports.extend((1..=window).rev().map(|delay| vec![wire(1, &[At::Back(delay), At::Last]), wire(3, &[])]));
    let stack = model.stack(&[0, 1], one.clone(), ports, |make| {
        let slot = |make: &mut Make, delay| {
            make.port(&format!("memory {delay} back"), model.carrier(), model.residual(one.clone()))
        };
        let slots: Vec<NodeIndex> = (1..=window).rev().map(|delay| slot(make, delay)).collect();
        Ok(Some(Memory { rows: make.join("memory", &slots), own: false }))
    })?;
    let blocks = vec![
        along("embedding", &[0], model.embedding()?, vec![]),
        stack,
        along("head", &[0], model.head(&one, None)?, vec![vec![model.top(1, &[At::Back(0), At::Last])]]),
        once("no memory", model.nothing(1), vec![]),
    ];
    model.system(vec![axis("context", context), model.layers()], blocks, 2)
}

impl Model<'_> {
    /// Rows of zeros.
    fn nothing(&self, rows: u64) -> Graph {
        let mut make = self.make();
        let shape = [rows, self.architecture.width];
        make.params.push(zeros(&shape, self.numerics.activations));
        let table = super::ParamId(make.params.len() - 1);
        let x = make.add("zeros", Op::Given(table), &[], shape.map(Size::fixed).to_vec());
        make.carried(self.carrier(), x)
    }

    /// The memory before the first segment: the weight `memory`.
    fn learned_memory(&self, rows: u64) -> Result<Graph> {
        let mut make = self.make();
        let shape = [rows, self.architecture.width];
        let table = make.param("memory", &shape)?;
        let x = make.add("memory", Op::Given(table), &[], shape.map(Size::fixed).to_vec());
        Ok(make.carried(self.carrier(), x))
    }

    /// Memory, embedded tokens, and memory again where it is written behind.
    fn around(&self, memory: u64, behind: bool) -> Result<Graph> {
        let mut make = self.make();
        let rows = make.port("memory", self.carrier(), self.residual(Size::fixed(memory)));
        let x = make.embedding()?;
        let x = match self.carrier() {
            Carrier::Stored(_) => make.store("residual stored", x),
            Carrier::Exact | Carrier::Choice => x,
        };
        let parts = if behind { vec![rows, x, rows] } else { vec![rows, x] };
        let x = make.join("memory and tokens", &parts);
        Ok(make.build(vec![("residual".to_owned(), x)]))
    }

    /// Some rows of the residual.
    fn kept(&self, rows: &Size, start: u64, count: u64) -> Graph {
        let mut make = self.make();
        let x = make.port("residual", self.carrier(), self.residual(rows.clone()));
        let x = make.rows("memory", x, start, count);
        make.build(vec![("memory".to_owned(), x)])
    }
}
