//! How blocks are repeated, beyond one pass over the layers; must not know tensors or circuits.

use super::{Architecture, Mask, Output, Parameter, Positions, Spec};
use crate::number::{Format, rational_from_decimal};

/// What is repeated, and how often.
#[derive(Clone, Debug, PartialEq)]
pub enum Looped {
    /// A model's blocks.
    Model(Box<Spec>, Looping),
    /// Layers of linear attention.
    LinearAttention(LinearAttention),
}

/// How a model's blocks are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looping {
    /// The whole stack is run so many times with the same weights (looped transformer).
    Rounds {
        /// Times.
        rounds: u64,
    },
    /// Each layer attends to its own rows of the segment before.
    SegmentMemory {
        /// Segments read.
        segments: u64,
        /// Which rows these are.
        from: MemoryOf,
    },
    /// Rows of memory tokens at the top are those at the bottom of the next segment (Recurrent Memory Transformer).
    MemoryTokens {
        /// Segments read.
        segments: u64,
        /// Memory tokens.
        memory: u64,
    },
    /// Each layer attends to what the top layer gave out for the tokens before (Feedback Transformer).
    Feedback {
        /// How many tokens back.
        window: u64,
    },
    /// A decoder over the rows of an encoder: the architecture's, each stack a loop over its own layers.
    EncoderDecoder,
    /// The chosen token is read as the next one (autoregressive decoding).
    Decoding {
        /// Tokens generated.
        tokens: u64,
    },
}

impl Looping {
    /// The weights it has beside those of the architecture.
    pub fn parameters(self, architecture: &Architecture) -> Vec<Parameter> {
        match self {
            Self::MemoryTokens { memory, .. } => {
                vec![Parameter { name: "memory".to_owned(), shape: vec![memory, architecture.width] }]
            }
            Self::Rounds { .. }
            | Self::SegmentMemory { .. }
            | Self::Feedback { .. }
            | Self::EncoderDecoder
            | Self::Decoding { .. } => Vec::new(),
        }
    }

    /// Why the blocks of an architecture cannot be repeated like this, and what to write.
    pub fn complaint(self, architecture: &Architecture) -> Option<&'static str> {
        let decoder = architecture.mask == Mask::Causal;
        let window = architecture.blocks.iter().any(|block| block.attention.window.is_some());
        let latent = architecture.blocks.iter().any(|block| block.attention.latent.is_some());
        let apart = latent || architecture.relative.is_some();
        match self {
            Self::EncoderDecoder if architecture.encoder.is_none() => Some("this model has no encoder"),
            Self::EncoderDecoder => None,
            _ if architecture.encoder.is_some() => Some("an encoder with its decoder goes into no other loop"),
            Self::Rounds { .. } => None,
            Self::SegmentMemory { .. } | Self::MemoryTokens { .. } | Self::Feedback { .. } if apart => {
                Some("latent attention and relative positions have no memory: remove them from `[model]`")
            }
            Self::SegmentMemory { .. } if decoder => {
                Some("segment memory needs kind = \"encoder\": a segment attends to all of its memory and of itself")
            }
            Self::SegmentMemory { .. } if architecture.positions == Positions::Rotary => Some(
                "segment memory needs positions = \"learned\" or \"none\": rotations would not tell memory from segment",
            ),
            Self::Feedback { .. } if !decoder => {
                Some("feedback needs kind = \"decoder\": tokens come one after another")
            }
            Self::Feedback { .. } if architecture.positions != Positions::None => {
                Some("feedback needs positions = \"none\": one token is read at a time")
            }
            Self::SegmentMemory { .. } | Self::MemoryTokens { .. } | Self::Feedback { .. } if window => {
                Some("attention to a memory has no window: remove `window` from `[model]`")
            }
            Self::Decoding { .. } if !decoder || !architecture.last_only || architecture.output != Output::Argmax => {
                Some(
                    "decoding needs kind = \"decoder\", output = \"argmax\" and positions_out = \"last\": the last position names the next token",
                )
            }
            Self::SegmentMemory { .. } | Self::MemoryTokens { .. } | Self::Feedback { .. } | Self::Decoding { .. } => {
                None
            }
        }
    }
}

/// What a layer remembers of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryOf {
    /// What it gave out (same-layer recurrence).
    SameLayer,
    /// What it read: the layer below (Transformer-XL).
    Below,
}

/// Layers of linear attention that do gradient descent on a least squares problem in their context.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearAttention {
    /// A name for reports.
    pub name: String,
    /// Layers, each a step.
    pub layers: u64,
    /// Features of each example.
    pub features: u64,
    /// Examples.
    pub examples: u64,
    /// The learning rate over the number of examples.
    pub step: f64,
    /// The format of the weights, which are zeros and ones.
    pub weights: Format,
    /// The format of the data, keys and queries.
    pub data: Format,
    /// The format of values, which are residuals, and of the prediction.
    pub values: Format,
    /// The format of sums of values times keys, which are minus the gradient.
    pub sums: Format,
    /// The format of targets where they are carried on.
    pub targets: Format,
}

impl LinearAttention {
    /// Whether targets are carried on without rounding.
    pub fn is_exact(&self) -> bool {
        let Some(step) = rational_from_decimal(self.step) else { return false };
        let shift = step.denom().bits() - 1;
        let dyadic = step.denom().trailing_zeros() == Some(shift);
        let needed = shift + u64::from(self.sums.fraction()) + u64::from(self.data.fraction());
        // A floating-point format would round what is carried.
        dyadic && !self.targets.is_float() && u64::from(self.targets.fraction()) >= needed
    }
}

impl Looped {
    /// A name for reports.
    pub fn name(&self) -> &str {
        match self {
            Self::Model(model, _) => &model.architecture.name,
            Self::LinearAttention(layers) => &layers.name,
        }
    }
}
