//! The two ends of a model: from tokens to the residual stream, and from there to what is given out; must not know blocks.

use num_bigint::BigInt;
use num_traits::One;
use petgraph::graph::NodeIndex;

use super::encoder_decoder::ENCODER;
use super::{Make, Result, positive};
use crate::expr::Size;
use crate::number::{Function, Rational};
use crate::spec::{Output, Positions};
use crate::tensor::Op;

impl Make<'_> {
    pub(super) fn embedding(&mut self) -> Result<NodeIndex> {
        self.within("embedding", |make| {
            let rows = make.token_rows()?;
            make.placed(rows)
        })
    }

    /// The rows of the tokens given.
    pub(super) fn token_rows(&mut self) -> Result<NodeIndex> {
        let (vocabulary, shape) = (self.architecture.vocabulary, vec![self.context.clone()]);
        let label = if self.prefix == ENCODER { "source tokens" } else { "tokens" };
        let tokens = self.add(label, Op::Tokens { vocabulary }, &[], shape);
        self.embedded(tokens)
    }

    /// The rows of tokens, or of choices of tokens.
    pub(super) fn embedded(&mut self, tokens: NodeIndex) -> Result<NodeIndex> {
        let (vocabulary, width) = (self.architecture.vocabulary, self.architecture.width);
        let table = self.param("token_embedding", &[vocabulary, width])?;
        let root = self.architecture.embedding_scale.then(|| self.root_of_width());
        let scale = match (root, &self.architecture.embedding_factor) {
            (Some(root), Some(factor)) => Some(root * factor),
            (root, factor) => root.or_else(|| factor.clone()),
        };
        let shape = self.shape_of(tokens, &[width]);
        let op = Op::Embed { table, scale, format: self.numerics.activations };
        Ok(self.add("token rows", op, &[tokens], shape))
    }

    /// Rows of tokens with those of their positions and types, normalised where the model does so.
    pub(super) fn placed(&mut self, mut x: NodeIndex) -> Result<NodeIndex> {
        let (architecture, format, shape) = (self.architecture, self.numerics.activations, self.shape(x));
        let width = architecture.width;
        if let Positions::Learned { rows, .. } = architecture.positions {
            let table = self.param("position_embedding", &[rows, width])?;
            x = self.add("positions", Op::AddRows { table, first_only: false, format }, &[x], shape.clone());
        }
        if architecture.token_types.is_some() {
            let table = self.param("token_type", &[1, width])?;
            x = self.add("token types", Op::AddRows { table, first_only: true, format }, &[x], shape);
        }
        match &architecture.embedding_norm {
            Some(norm) => self.norm("embedding_norm", norm, x),
            None => Ok(x),
        }
    }

    /// sqrt(width), cut to 16 bits after the point.
    fn root_of_width(&self) -> Rational {
        let scaled = (BigInt::from(self.architecture.width) << 32u32).sqrt();
        Rational::new(scaled, BigInt::one() << 16u32)
    }

    pub(super) fn head(&mut self, x: NodeIndex) -> Result<(NodeIndex, &'static str)> {
        let architecture = self.architecture;
        let x = if architecture.last_only {
            let mut shape = self.shape(x);
            shape[0] = Size::fixed(1);
            self.add("last position", Op::Last, &[x], shape)
        } else {
            x
        };
        let x = match &architecture.final_norm {
            Some(norm) => self.within("final norm", |make| make.norm("final_norm", norm, x))?,
            None => x,
        };
        self.within("output", |make| {
            if architecture.output == Output::Hidden {
                return Ok((make.store("hidden stored", x), "hidden"));
            }
            let x = match &architecture.output_factor {
                Some(factor) => make.times("output scale", factor, x),
                None => x,
            };
            let logits = make.logits(x)?;
            if architecture.output == Output::Argmax {
                let shape = make.shape(logits);
                return Ok((make.add("argmax", Op::Argmax, &[logits], shape), "tokens"));
            }
            let function = match architecture.logit_softcap {
                Some(cap) => Function::SoftCap(positive("logit softcap", cap)?),
                None => Function::Identity,
            };
            Ok((make.store_through("logits stored", function, logits), "logits"))
        })
    }

    fn logits(&mut self, x: NodeIndex) -> Result<NodeIndex> {
        let (outputs, width) = (self.architecture.outputs(), self.architecture.width);
        let name = if self.architecture.tied { "token_embedding" } else { "head.weight" };
        let weight = self.param(name, &[outputs, width])?;
        let bias = if self.architecture.head_bias { Some(self.param("head.bias", &[outputs])?) } else { None };
        let shape = self.shape_of(x, &[outputs]);
        Ok(self.add("logits", Op::Linear { weight, bias, out: vec![outputs] }, &[x], shape))
    }
}
