//! An encoder and a decoder whose blocks attend to it: two stacks, each a loop over its layers; must not know what else a block does.
//!
//! Both read as many tokens as the context has. Keys and values across are made of the encoder's last rows, normalised once, and attention across
//! is full.

use petgraph::graph::NodeIndex;

use super::looped::{axis, once, wire};
use super::{BuildError, Make, Model, Result};
use crate::expr::Size;
use crate::loops::{At, Block as LoopBlock, Outlet, System};
use crate::spec::{Architecture, Block, Numerics};
use crate::tensor::looped::Looped;
use crate::tensor::{Attended, Carrier, Parameters};

/// Before the names of the encoder's weights.
pub(super) const ENCODER: &str = "encoder.";

/// Before those of the decoder's.
const DECODER: &str = "decoder.";

/// Blocks: where the source is embedded, the encoder's, its last norm, where the target is embedded, the decoder's, the head.
const SOURCE: usize = 0;
const ENCODE: usize = 1;
const TOP: usize = 2;
const TARGET: usize = 3;
const DECODE: usize = 4;
const HEAD: usize = 5;

/// The system of an architecture with an encoder.
///
/// # Errors
/// When there is none, and as [`super::from_architecture`].
pub(super) fn encoder_decoder(
    architecture: &Architecture,
    numerics: &Numerics,
    parameters: &Parameters,
    context: &Size,
) -> Result<Looped> {
    let Some(encoder) = &architecture.encoder else { return Err(BuildError::Loop("this model has no encoder")) };
    let model = |architecture, prefix| -> Result<Model> {
        Ok(Model { prefix, ..Model::new(architecture, numerics, parameters, context)? })
    };
    let (encoder, decoder) = (model(encoder, ENCODER)?, model(architecture, DECODER)?);
    let rows = context.clone();
    let below = |block, first| vec![wire(block, &[At::Back(1)]), wire(first, &[])];
    let encode = encoder.stack(&[0], rows.clone(), vec![below(ENCODE, SOURCE)], |_| Ok(None))?;
    let decode = decoder.stack(&[1], rows, vec![below(DECODE, TARGET), vec![wire(TOP, &[])]], |make| {
        let shape = vec![make.context.clone(), Size::fixed(make.architecture.width)];
        make.encoded = Some(make.port("encoder rows", Carrier::Stored(make.numerics.activations), shape));
        Ok(None)
    })?;
    let named = |block: LoopBlock<_>, name: &str| LoopBlock { name: name.to_owned(), ..block };
    let blocks = vec![
        once("source embedding", encoder.embedding()?, vec![]),
        named(encode, "encoder block"),
        once("encoder norm", encoder.head(&encoder.context, None)?, vec![vec![encoder.top(ENCODE, &[At::Last])]]),
        once("target embedding", decoder.embedding()?, vec![]),
        named(decode, "decoder block"),
        once("head", decoder.head(&decoder.context, None)?, vec![vec![decoder.top(DECODE, &[At::Last])]]),
    ];
    let layers = |name: &str, model: &Model| axis(name, model.architecture.blocks.len() as u64);
    let axes = vec![layers("encoder_layers", &encoder), layers("decoder_layers", &decoder)];
    let name = blocks[HEAD].bodies[0].output_name().to_owned();
    Ok(System::new(axes, blocks, vec![Outlet { name, block: HEAD, output: 0 }])?)
}

impl Make<'_> {
    /// The residual after attention to the encoder's rows.
    pub(super) fn across(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        let Some(rows) = self.encoded else {
            return Err(BuildError::Loop("blocks attend to an encoder, but this model has none"));
        };
        let name = |part: &str| format!("layer.{number}.{part}");
        let (y, residual) = self.pre_norm("norm before encoder", &name("norm_cross"), block, x)?;
        let out = self.within("attention to encoder", |make| {
            let a = &block.attention;
            let (group, member, width) = (a.kv_heads, a.heads / a.kv_heads, a.head_width);
            let q = make.linear("queries", &name("cross.q"), a.qkv_bias, y, &[group, member, width])?;
            let q = make.store("queries stored", q);
            let k = make.linear("keys", &name("cross.k"), a.qkv_bias, rows, &[group, width])?;
            let k = make.store("keys stored", k);
            let v = make.linear("values", &name("cross.v"), a.qkv_bias, rows, &[group, width])?;
            let v = make.store("values stored", v);
            let attended = Attended { causal: false, window: None };
            let scores = make.dot(attended, q, k);
            let table = make.scores(a)?;
            let out = make.mean_of_values(table, attended, scores, v);
            make.linear("output projection", &name("cross.o"), a.out_bias, out, &[make.architecture.width])
        })?;
        Ok(self.added(block, residual, out))
    }
}
