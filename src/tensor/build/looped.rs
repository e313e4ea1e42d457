//! Models as blocks repeated along axes: the layers of every model whose blocks are alike, and models that run them again; must not
//! know what a block does.

use std::ops::Range;

use super::encoder_decoder::encoder_decoder;
use super::{BuildError, Make, Memory, Model, Result, decoding, descent, memory};
use crate::expr::Size;
use crate::loops::{At, Axis, Block, Outlet, System, Wire};
use crate::spec::{self, Architecture, Looped as LoopedSpec, Looping, Numerics, Placement, Rounding};
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, Parameters};

/// The model as a loop over `layers`: an embedding, one body for all blocks (one each with weights), a head. Where the first blocks differ
/// from all others, they are a loop of their own, over `first_layers`.
///
/// # Errors
/// When blocks differ in more than window and base of the rotation, otherwise than that, and as [`super::from_architecture`].
pub fn from_architecture(
    architecture: &Architecture,
    numerics: &Numerics,
    parameters: &Parameters,
    context: &Size,
) -> Result<Looped> {
    let model = Model::new(architecture, numerics, parameters, context)?;
    if let Some(first) = model.first_layers() {
        return in_two(&model, first);
    }
    let carried = vec![wire(1, &[At::Back(1)]), wire(0, &[])];
    let blocks = vec![
        once("embedding", model.embedding()?, vec![]),
        model.stack(&[0], model.context.clone(), vec![carried], |_| Ok(None))?,
        once("head", model.head(&model.context, None)?, vec![vec![model.top(1, &[At::Last])]]),
    ];
    model.system(vec![model.layers()], blocks, 2)
}

/// The blocks of an architecture repeated as the looping says. `context` is the length of what is read at once: the whole context, a
/// segment, or the window of decoding; for feedback the length of the axis `context`.
///
/// # Errors
/// When looping and architecture do not go together, and as [`from_architecture`].
pub fn from_looping(
    architecture: &Architecture,
    numerics: &Numerics,
    parameters: &Parameters,
    looping: &Looping,
    context: &Size,
) -> Result<Looped> {
    looping.complaint(architecture).map_or(Ok(()), |reason| Err(BuildError::Loop(reason)))?;
    let model = Model::new(architecture, numerics, parameters, context)?;
    match *looping {
        Looping::EncoderDecoder => encoder_decoder(architecture, numerics, parameters, context),
        Looping::Rounds { rounds } => in_rounds(&model, rounds),
        Looping::SegmentMemory { segments, from } => memory::same_layer(model, segments, from),
        Looping::MemoryTokens { segments, memory } => memory::tokens(model, segments, memory),
        Looping::Feedback { window } => memory::feedback(model, window),
        Looping::Decoding { tokens } => decoding::decoding(model, tokens),
    }
}

/// A looped specification at the lengths it names.
///
/// # Errors
/// As [`from_looping`].
pub fn from_spec(spec: &LoopedSpec, parameters: &Parameters) -> Result<Looped> {
    match spec {
        LoopedSpec::Model(model, looping) => {
            let spec::Spec { architecture, numerics, .. } = &**model;
            let length = architecture.default_context;
            let context = match looping {
                Looping::EncoderDecoder => super::context(numerics, length),
                _ => Size::fixed(length),
            };
            from_looping(architecture, numerics, parameters, looping, &context)
        }
        LoopedSpec::LinearAttention(layers) => descent::descent(layers),
    }
}

/// The first blocks, then the others.
fn in_two(model: &Model, first: usize) -> Result<Looped> {
    let (rows, all) = (&model.context, model.architecture.blocks.len());
    let below = vec![wire(1, &[At::Back(1)]), wire(0, &[])];
    let above = vec![wire(2, &[At::Back(1)]), wire(1, &[At::Last])];
    let blocks = vec![
        once("embedding", model.embedding()?, vec![]),
        model.part(0..first, &[0], rows.clone(), vec![below], |_| Ok(None))?,
        model.part(first..all, &[1], rows.clone(), vec![above], |_| Ok(None))?,
        once("head", model.head(rows, None)?, vec![vec![model.top(2, &[At::Last])]]),
    ];
    model.system(vec![axis("first_layers", first as u64), axis("layers", (all - first) as u64)], blocks, 3)
}

/// The whole stack again and again, with the same weights.
fn in_rounds(model: &Model, rounds: u64) -> Result<Looped> {
    let carried = vec![wire(1, &[At::Back(0), At::Back(1)]), wire(1, &[At::Back(1), At::Last]), wire(0, &[])];
    let blocks = vec![
        once("embedding", model.embedding()?, vec![]),
        model.stack(&[0, 1], model.context.clone(), vec![carried], |_| Ok(None))?,
        once("head", model.head(&model.context, None)?, vec![vec![model.top(1, &[At::Last, At::Last])]]),
    ];
    model.system(vec![axis("rounds", rounds), model.layers()], blocks, 2)
}

impl Model<'_> {
    /// The axis `layers`.
    pub(super) fn layers(&self) -> Axis {
        axis("layers", self.architecture.blocks.len() as u64)
    }

    /// What the residual is carried as: exactly, but under eager rounding stored where a norm reads it. (So the rows of tokens are
    /// stored before the first block, a layer that a LayerNorm right behind them would not wait for.)
    pub(super) fn carrier(&self) -> Carrier {
        match self.numerics.rounding {
            Rounding::Eager if !self.post() => Carrier::Stored(self.numerics.activations),
            Rounding::Eager | Rounding::Fused => Carrier::Exact,
        }
    }

    /// Whether what a block gives out is normalised, and so stored.
    fn post(&self) -> bool {
        self.architecture.blocks.iter().all(|block| block.placement == Placement::Post)
    }

    /// What a head reads of a block: as it is carried, or stored where it is.
    pub(super) fn top(&self, block: usize, at: &[At]) -> Wire {
        Wire { output: usize::from(self.post()), ..wire(block, at) }
    }

    pub(super) fn residual(&self, rows: Size) -> Vec<Size> {
        vec![rows, Size::fixed(self.architecture.width)]
    }

    /// From tokens to the residual.
    pub(super) fn embedding(&self) -> Result<Graph> {
        let mut make = self.make();
        let x = make.embedding()?;
        Ok(make.carried(self.carrier(), x))
    }

    /// The blocks, along axes of which the last is that of the layers.
    pub(super) fn stack(
        &self,
        axes: &[usize],
        rows: Size,
        ports: Vec<Vec<Wire>>,
        memory: impl Fn(&mut Make) -> Result<Option<Memory>>,
    ) -> Result<Block<Graph>> {
        self.part(0..self.architecture.blocks.len(), axes, rows, ports, memory)
    }

    /// Some of the blocks, likewise.
    fn part(
        &self,
        blocks: Range<usize>,
        axes: &[usize],
        rows: Size,
        ports: Vec<Vec<Wire>>,
        memory: impl Fn(&mut Make) -> Result<Option<Memory>>,
    ) -> Result<Block<Graph>> {
        let numbers = blocks.start..blocks.start + self.distinct(blocks)?;
        let body = |number: usize| {
            let mut make = self.make();
            let x = make.port("residual", self.carrier(), self.residual(rows.clone()));
            make.memory = memory(&mut make)?;
            let x = make.block(&self.architecture.blocks[number], number, x)?;
            let mut graph = make.carried(self.carrier(), x);
            if self.post() {
                graph.outputs.push(("stored".to_owned(), x));
            }
            Ok(graph)
        };
        let bodies = numbers.map(body).collect::<Result<Vec<_>>>()?;
        let varies = (bodies.len() > 1).then_some(axes.len() - 1);
        Ok(Block { name: "block".to_owned(), axes: axes.to_vec(), bodies, varies, ports })
    }

    /// How many blocks come before the last kind of them, where there are two kinds, one after the other.
    fn first_layers(&self) -> Option<usize> {
        let blocks = &self.architecture.blocks;
        let first = blocks.iter().position(|block| plain(block) != plain(&blocks[0]))?;
        let rest = plain(&blocks[first]);
        blocks[first..].iter().all(|block| plain(block) == rest).then_some(first)
    }

    /// How many bodies some blocks have: with weights one each, else as many as it takes until they repeat.
    fn distinct(&self, of: Range<usize>) -> Result<usize> {
        let blocks = &self.architecture.blocks[of.clone()];
        if let Some(number) = blocks.iter().position(|block| plain(block) != plain(&blocks[0])) {
            return Err(BuildError::Unlike { name: self.architecture.name.clone(), number: of.start + number });
        }
        if self.parameters.known() {
            return Ok(blocks.len());
        }
        let repeats = |period: &usize| blocks.iter().zip(&blocks[*period..]).all(|(a, b)| a == b);
        Ok((1..blocks.len()).find(repeats).unwrap_or(blocks.len()))
    }

    /// From the residual to what is given out, of these rows of it (start and count).
    pub(super) fn head(&self, rows: &Size, kept: Option<(u64, u64)>) -> Result<Graph> {
        let mut make = self.make();
        let carrier = if self.post() { Carrier::Stored(self.numerics.activations) } else { self.carrier() };
        let x = make.port("residual", carrier, self.residual(rows.clone()));
        let x = kept.map_or(x, |(start, count)| make.rows("own positions", x, start, count));
        let (output, name) = make.head(x)?;
        Ok(make.build(vec![(name.to_owned(), output)]))
    }

    /// Wired up, giving out what block `head` does.
    pub(super) fn system(&self, axes: Vec<Axis>, blocks: Vec<Block<Graph>>, head: usize) -> Result<Looped> {
        let name = blocks[head].bodies[0].output_name().to_owned();
        Ok(System::new(axes, blocks, vec![Outlet { name, block: head, output: 0 }])?)
    }
}

impl Make<'_> {
    /// The graph that hands this value on.
    pub(super) fn carried(mut self, carrier: Carrier, x: petgraph::graph::NodeIndex) -> Graph {
        let x = match carrier {
            Carrier::Stored(_) => self.store("residual stored", x),
            Carrier::Exact | Carrier::Choice => x,
        };
        self.build(vec![("residual".to_owned(), x)])
    }
}

/// A block without what does not change its structure.
fn plain(block: &spec::Block) -> spec::Block {
    let mut block = block.clone();
    block.attention.window = None;
    if let Some(rotary) = &mut block.attention.rotary {
        rotary.base = 1.0;
        rotary.scaling = None;
    }
    block
}

pub(super) fn axis(name: &str, length: u64) -> Axis {
    Axis { name: name.into(), length }
}

pub(super) fn wire(block: usize, at: &[At]) -> Wire {
    Wire { block, output: 0, at: at.to_vec() }
}

/// A block without axes.
pub(super) fn once(name: &str, body: Graph, ports: Vec<Vec<Wire>>) -> Block<Graph> {
    along(name, &[], body, ports)
}

/// A block of one body for all iterations.
pub(super) fn along(name: &str, axes: &[usize], body: Graph, ports: Vec<Vec<Wire>>) -> Block<Graph> {
    Block { name: name.to_owned(), axes: axes.to_vec(), bodies: vec![body], varies: None, ports }
}

/// A parameter of zeros.
pub(super) fn zeros(shape: &[u64], format: crate::number::Format) -> crate::tensor::Param {
    let entries = shape.iter().product::<u64>() as usize;
    let values = Some(vec![0; entries].into());
    crate::tensor::Param { name: "zeros".to_owned(), shape: shape.to_vec(), values, format }
}
