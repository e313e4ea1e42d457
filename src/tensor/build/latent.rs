//! Latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values of all heads made from one narrow row; must not know what is around it.
//!
//! Rounded beside what attention rounds: the narrow rows, before and after their norms. Two layers more than attention. Features of queries
//! and keys stand with the rotated ones first.

use petgraph::graph::NodeIndex;

use super::{Make, Result};
use crate::expr::Size;
use crate::spec::{Attention, Latent};
use crate::tensor::Op;

impl Make<'_> {
    /// What attention over latent rows gives.
    pub(super) fn latent_attention(
        &mut self,
        a: &Attention,
        latent: &Latent,
        number: usize,
        x: NodeIndex,
    ) -> Result<NodeIndex> {
        self.within("attention", |make| {
            let name = |part: &str| format!("layer.{number}.{part}");
            let row = match latent.query_rank {
                Some(rank) => make.row("query row", &name("q_row"), &latent.norm, rank, x)?,
                None => x,
            };
            let q = make.linear("queries", &name("q"), a.qkv_bias, row, &[a.heads, 1, a.head_width])?;
            let q = make.rotated(a, q)?;
            let q = make.store("queries stored", q);
            let row = make.row("key-value row", &name("kv_row"), &latent.norm, latent.rank, x)?;
            let k = make.latent_keys(a, latent, &name("k"), row, x)?;
            let k = make.store("keys stored", k);
            let v = make.linear("values", &name("v"), a.qkv_bias, row, &[a.heads, latent.value_width])?;
            let v = make.store("values stored", v);
            let out = make.average(a, &name("sinks"), q, k, v)?;
            make.linear("output projection", &name("o"), a.out_bias, out, &[make.architecture.width])
        })
    }

    /// A narrow row, normalised.
    fn row(&mut self, label: &str, name: &str, norm: &crate::spec::Norm, rank: u64, x: NodeIndex) -> Result<NodeIndex> {
        let row = self.linear(label, name, false, x, &[rank])?;
        self.norm(&format!("{name}_norm"), norm, row)
    }

    /// The rotated features, the same for all heads, then those of each head.
    fn latent_keys(
        &mut self,
        a: &Attention,
        latent: &Latent,
        name: &str,
        row: NodeIndex,
        x: NodeIndex,
    ) -> Result<NodeIndex> {
        let plain = a.head_width - latent.rotated;
        let own = self.linear("keys", name, a.qkv_bias, row, &[a.heads, plain])?;
        if latent.rotated == 0 {
            return Ok(own);
        }
        let shared = self.linear("rotated keys", &format!("{name}_rotated"), false, x, &[latent.rotated])?;
        let shared = self.rotated(a, shared)?;
        let mut shape = self.shape(own);
        shape[2] = Size::fixed(latent.rotated);
        let shared = self.add("for every head", Op::Arrange(vec![Some(0), None, Some(1)]), &[shared], shape.clone());
        shape[2] = Size::fixed(a.head_width);
        Ok(self.add("keys", Op::Concat(2), &[shared, own], shape))
    }

    fn rotated(&mut self, a: &Attention, x: NodeIndex) -> Result<NodeIndex> {
        match &a.rotary {
            Some(rotary) => self.rotate(rotary, x),
            None => Ok(x),
        }
    }
}
