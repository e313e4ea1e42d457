//! One block: norms, attention, MLP; must not know where its input comes from or how often it is repeated.

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::{BuildError, Make, Memory, Result, positive};
use crate::number::{Function, Rational};
use crate::spec::{
    Activation, Attention, Block, Join, Mask, Mlp, Norm, NormKind, Numerics, Placement, Relative, Rotary, Rounding,
    ScoreScale,
};
use crate::tensor::{Attended, Op, Scores};

impl Make<'_> {
    /// The normalised value of `x`; its input is stored first, for LayerNorm after centring.
    pub(super) fn norm(&mut self, name: &str, norm: &Norm, x: NodeIndex) -> Result<NodeIndex> {
        let input = match norm.kind {
            NormKind::Rms => self.store("norm input", x),
            NormKind::Layer => {
                let centred = self.centre(x);
                self.store("norm input", centred)
            }
        };
        let shape = self.shape(input);
        let width = shape[shape.len() - 1].value;
        let epsilon = positive("norm epsilon", norm.epsilon)?;
        let gain = if norm.gain { Some(self.param(&format!("{name}.gain"), &[width])?) } else { None };
        let bias = if norm.bias { Some(self.param(&format!("{name}.bias"), &[width])?) } else { None };
        let format = self.numerics.activations;
        let op = Op::Normalise { unit: false, epsilon, gain, plus_one: norm.gain_plus_one, bias, format };
        Ok(self.add("normalised", op, &[input], shape))
    }

    pub(super) fn block(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        let name = |part: &str| format!("layer.{number}.{part}");
        let (norm1, norm2) = (name("norm1"), name("norm2"));
        match (block.join, block.placement) {
            (Join::Serial, Placement::Post) => {
                let a = self.attention(block, number, x)?;
                let x = self.added(block, x, a);
                let x = self.within("norm 1", |make| make.norm(&norm1, &block.norm, x))?;
                let m = self.feed(block, number, x)?;
                let x = self.added(block, x, m);
                self.within("norm 2", |make| make.norm(&norm2, &block.norm, x))
            }
            (Join::Serial, Placement::Bare) => {
                let residual = self.store("residual stored", x);
                let a = self.attention(block, number, x)?;
                let x = self.added(block, residual, a);
                let m = self.feed(block, number, x)?;
                Ok(self.added(block, x, m))
            }
            (_, Placement::Bare) => {
                let residual = self.store("residual stored", x);
                let a = self.attention(block, number, x)?;
                let m = self.feed(block, number, x)?;
                let x = self.added(block, residual, a);
                Ok(self.added(block, x, m))
            }
            (Join::Serial, placement) => {
                let (y, residual) = self.pre_norm("norm 1", &norm1, block, x)?;
                let a = self.attention(block, number, y)?;
                let a = self.sandwich(placement, "norm after attention", &name("post_norm1"), block, a)?;
                let x = self.added(block, residual, a);
                let x = if block.cross { self.across(block, number, x)? } else { x };
                let (y, residual) = self.pre_norm("norm 2", &norm2, block, x)?;
                let m = self.feed(block, number, y)?;
                let m = self.sandwich(placement, "norm after MLP", &name("post_norm2"), block, m)?;
                Ok(self.added(block, residual, m))
            }
            (join, _) => {
                let (y, residual) = self.pre_norm("norm 1", &norm1, block, x)?;
                let z = match join {
                    Join::ParallelTwoNorms => self.within("norm 2", |make| make.norm(&norm2, &block.norm, x))?,
                    _ => y,
                };
                let a = self.attention(block, number, y)?;
                let m = self.feed(block, number, z)?;
                let x = self.added(block, residual, a);
                Ok(self.added(block, x, m))
            }
        }
    }

    pub(super) fn added(&mut self, block: &Block, x: NodeIndex, y: NodeIndex) -> NodeIndex {
        let y = block.residual_factor.as_ref().map_or(y, |factor| self.times("residual scale", factor, y));
        let shape = self.shape(x);
        self.add("residual", Op::Add, &[x, y], shape)
    }

    /// The normalised value and the stored residual.
    pub(super) fn pre_norm(
        &mut self,
        module: &str,
        name: &str,
        block: &Block,
        x: NodeIndex,
    ) -> Result<(NodeIndex, NodeIndex)> {
        self.within(module, |make| {
            let residual = make.store("residual stored", x);
            let from = if block.norm.kind == NormKind::Rms { residual } else { x };
            Ok((make.norm(name, &block.norm, from)?, residual))
        })
    }

    fn sandwich(
        &mut self,
        placement: Placement,
        module: &str,
        name: &str,
        block: &Block,
        x: NodeIndex,
    ) -> Result<NodeIndex> {
        match placement {
            Placement::Sandwich => self.within(module, |make| make.norm(name, &block.norm, x)),
            _ => Ok(x),
        }
    }

    fn attention(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        if let Some(latent) = &block.attention.latent {
            return self.latent_attention(&block.attention, latent, number, x);
        }
        self.within("attention", |make| {
            let a = &block.attention;
            let name = |part: &str| format!("layer.{number}.{part}");
            let (group, member, width) = (a.kv_heads, a.heads / a.kv_heads, a.head_width);
            let q = make.linear("queries", &name("q"), a.qkv_bias, x, &[group, member, width])?;
            let x = make.attended_rows(block, number, x)?;
            let k = make.linear("keys", &name("k"), a.qkv_bias, x, &[group, width])?;
            let v = make.linear("values", &name("v"), a.qkv_bias, x, &[group, width])?;
            let q = make.head_input("queries stored", &name("q_norm"), a, q)?;
            let k = make.head_input("keys stored", &name("k_norm"), a, k)?;
            let v = make.store("values stored", v);
            let out = make.average(a, &name("sinks"), q, k, v)?;
            make.linear("output projection", &name("o"), a.out_bias, out, &[make.architecture.width])
        })
    }

    /// What keys and values are made of: the memory, normalised as the positions are, and these.
    fn attended_rows(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        let Some(Memory { rows, own }) = self.memory else { return Ok(x) };
        let rows = match block.placement {
            Placement::Post | Placement::Bare => rows,
            _ => self.within("memory norm", |make| make.norm(&format!("layer.{number}.norm1"), &block.norm, rows))?,
        };
        let parts = if own { vec![rows, x] } else { vec![rows] };
        Ok(self.join("memory and positions", &parts))
    }

    fn head_input(&mut self, label: &str, name: &str, attention: &Attention, x: NodeIndex) -> Result<NodeIndex> {
        let x = match &attention.qk_norm {
            Some(norm) => self.norm(name, norm, x)?,
            None => x,
        };
        let x = match &attention.rotary {
            Some(rotary) => self.rotate(rotary, x)?,
            None => x,
        };
        Ok(self.store(label, x))
    }

    pub(super) fn rotate(&mut self, rotary: &Rotary, x: NodeIndex) -> Result<NodeIndex> {
        if let (Some(scaling), true) = (&rotary.scaling, self.parameters.known()) {
            return Err(BuildError::RotaryScaling(scaling.clone()));
        }
        let base = positive("rotary base", rotary.base)?;
        let fraction = self.numerics.weights.fraction_below_one().max(self.numerics.activations.fraction_below_one());
        let op = Op::Rotate { features: rotary.features, base, half_split: rotary.half_split, fraction };
        let shape = self.shape(x);
        Ok(self.add("rotation", op, &[x], shape))
    }

    /// The weighted means of values: queries [position, group, member, feature], keys and values [position, group, feature].
    pub(super) fn average(
        &mut self,
        a: &Attention,
        sinks: &str,
        q: NodeIndex,
        k: NodeIndex,
        v: NodeIndex,
    ) -> Result<NodeIndex> {
        let causal = self.architecture.mask == Mask::Causal && self.memory.is_none();
        let attended = Attended { causal, window: a.window };
        let mut scores = self.dot(attended, q, k);
        if let Some(Relative { buckets, distance }) = self.architecture.relative {
            let table = self.param("relative.weight", &[buckets, a.heads])?;
            let both = self.architecture.mask == Mask::Full;
            let op = Op::Distances { table, farthest: distance, both, attended };
            let shape = self.shape(scores);
            scores = self.add("scores by distance", op, &[scores], shape);
        }
        let mut table = self.scores(a)?;
        table.sinks = if a.sinks { Some(self.param(sinks, &[a.heads])?) } else { None };
        Ok(self.mean_of_values(table, attended, scores, v))
    }

    /// Products of queries and keys.
    pub(super) fn dot(&mut self, attended: Attended, q: NodeIndex, k: NodeIndex) -> NodeIndex {
        let shape = self.shape(q);
        let keys = self.shape(k).swap_remove(0);
        let scores = vec![shape[0].clone(), keys, shape[1].clone(), shape[2].clone()];
        self.add("scores", Op::Dot(attended), &[q, k], scores)
    }

    /// Values weighted by the exponentials of scores.
    pub(super) fn mean_of_values(
        &mut self,
        table: Scores,
        attended: Attended,
        s: NodeIndex,
        v: NodeIndex,
    ) -> NodeIndex {
        let (scores, width) = (self.shape(s), self.shape(v).swap_remove(2));
        let shape = vec![scores[0].clone(), scores[2].clone(), scores[3].clone(), width];
        if self.numerics.rounding == Rounding::Fused {
            return self.add("softmax average", Op::Attend(table, attended), &[s, v], shape);
        }
        let weights = self.add("softmax", Op::Softmax(table, attended, self.numerics.activations), &[s], scores);
        self.add("average", Op::Mix(attended), &[weights, v], shape)
    }

    pub(super) fn scores(&self, a: &Attention) -> Result<Scores> {
        let scale_squared = match a.scale {
            ScoreScale::One => Rational::one(),
            ScoreScale::InverseSqrt(x) => Rational::one() / positive("score scale", x)?,
        };
        let softcap = a.softcap.map(|cap| positive("score softcap", cap)).transpose()?;
        Ok(Scores { scale_squared, softcap, ..self.score_table(Function::Exp)? })
    }

    /// The table of a function of scores as they are.
    pub(super) fn score_table(&self, function: Function) -> Result<Scores> {
        let (scale_squared, softcap, sinks) = (Rational::one(), None, None);
        let Numerics { score_clamp: clamp, exp_bits, .. } = *self.numerics;
        if f64::from(clamp) * std::f64::consts::LOG2_E + f64::from(exp_bits) > 60.0 || clamp == 0 {
            let value = format!("{clamp} with {exp_bits} exp_bits");
            let reason =
                "the table of exponentials has 1 to 60 bits: score_clamp * 1.443 + exp_bits must be at most 60";
            return Err(BuildError::Value { what: "score_clamp", value, reason });
        }
        let format = self.numerics.activations;
        Ok(Scores { function, scale_squared, softcap, sinks, format, clamp, exp_bits })
    }

    /// What the MLP, or the experts, give.
    fn feed(&mut self, block: &Block, number: usize, x: NodeIndex) -> Result<NodeIndex> {
        match &block.experts {
            Some(experts) => self.experts(experts, &block.mlp, number, x),
            None => self.within("MLP", |make| make.mlp(&block.mlp, &format!("layer.{number}."), x)),
        }
    }

    pub(super) fn mlp(&mut self, mlp: &Mlp, prefix: &str, x: NodeIndex) -> Result<NodeIndex> {
        let hidden = self.hidden(mlp, prefix, x, &[mlp.hidden])?;
        let width = self.architecture.width;
        self.linear("down projection", &format!("{prefix}down"), mlp.bias, hidden, &[width])
    }

    /// The hidden features of an MLP, or of several: `out` are the axes they have.
    pub(super) fn hidden(&mut self, mlp: &Mlp, prefix: &str, x: NodeIndex, out: &[u64]) -> Result<NodeIndex> {
        let up = self.linear("up projection", &format!("{prefix}up"), mlp.bias, x, out)?;
        let function = function(mlp.activation);
        if !mlp.gated {
            return Ok(self.store_through("hidden stored", function, up));
        }
        let gate = self.linear("gate projection", &format!("{prefix}gate"), mlp.bias, x, out)?;
        let gate = self.store_through("gate stored", function, gate);
        let limited = mlp.activation == Activation::ClampedSwiglu;
        let up = self.store_through("up stored", if limited { Function::clamped_up() } else { Function::Identity }, up);
        let shape = self.shape(up);
        let product = self.add("gated", Op::Product, &[gate, up], shape.clone());
        // The up projection counts one more.
        Ok(if limited { self.add("gated", Op::Add, &[product, gate], shape) } else { product })
    }
}

fn function(activation: Activation) -> Function {
    match activation {
        Activation::Relu => Function::Relu,
        Activation::Gelu => Function::Gelu,
        Activation::GeluTanh => Function::GeluTanh,
        Activation::Silu => Function::Silu,
        Activation::Tanh => Function::Tanh,
        Activation::Sigmoid => Function::Sigmoid,
        Activation::ClampedSwiglu => Function::clamped_gate(),
    }
}
