//! The weight tensors of an architecture under canonical names; knows nothing of where weights come from.

use super::{Architecture, Attention, Block, Experts, Join, Latent, Mlp, Norm, Output, Placement, Positions};

/// One weight tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its canonical name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
}

impl Parameter {
    /// How many numbers it holds.
    pub fn len(&self) -> u128 {
        self.shape.iter().map(|&size| u128::from(size)).product()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Architecture {
    /// Entries of the logits: the vocabulary, unless the output matrix has classes of its own.
    pub fn outputs(&self) -> u64 {
        self.classes.unwrap_or(self.vocabulary)
    }

    /// The longest context there are positions for, if that is limited: the usable rows of a learned table.
    pub fn context_limit(&self) -> Option<u64> {
        match self.positions {
            Positions::Learned { rows, .. } => Some(rows),
            Positions::Rotary | Positions::None => None,
        }
    }
}

/// Every weight tensor the forward pass reads, embedding first, head last.
///
/// | name | shape | there when |
/// |---|---|---|
/// | `token_embedding` | vocabulary, width | always |
/// | `position_embedding` | usable rows, width | positions are learned |
/// | `token_type` | 1, width (row 0, the one used) | there are token types |
/// | `embedding_norm.*` | width | there is a norm after the embedding |
/// | `layer.{l}.norm1.*`, `layer.{l}.norm2.*` | width | before attention and MLP, or after them if the placement is post; no `norm2` if both share one, neither in a bare block |
/// | `layer.{l}.post_norm1.*`, `layer.{l}.post_norm2.*` | width | after attention and MLP, if the placement is sandwich |
/// | `layer.{l}.q.*` | heads x head width, width | always |
/// | `layer.{l}.k.*`, `layer.{l}.v.*` | key-value heads x head width, width | always |
/// | `layer.{l}.q_norm.gain`, `layer.{l}.k_norm.gain` | head width | queries and keys are normed |
/// | `layer.{l}.q_row.weight`, `.q_row_norm.*` | query rank, width; query rank | attention is latent, with a row for queries; then `q` reads it |
/// | `layer.{l}.kv_row.weight`, `.kv_row_norm.*` | rank, width; rank | attention is latent; then `k` and `v` read it |
/// | `layer.{l}.k_rotated.weight` | rotated features, width | attention is latent and rotated |
/// | `layer.{l}.sinks` | heads | attention has sinks |
/// | `layer.{l}.o.*` | width, heads x head width | always |
/// | `layer.{l}.gate.*` | hidden, width | the MLP is gated; here and below: no experts |
/// | `layer.{l}.up.*` | hidden, width | always |
/// | `layer.{l}.down.*` | width, hidden | always |
/// | `layer.{l}.router.*` | experts, width | there are experts |
/// | `layer.{l}.router.correction` | experts, or groups and members | the choice has a bias of its own |
/// | `layer.{l}.experts.gate.*`, `.up.*` | experts x hidden (expert by expert), width | experts are gated; there are experts |
/// | `layer.{l}.experts.down.weight` | width, experts x hidden | there are experts |
/// | `layer.{l}.experts.down_bias.weight` | width, experts | they have biases |
/// | `layer.{l}.shared.*` | as those of an MLP without biases | every position passes one |
/// | `layer.{l}.norm_cross.*`, `layer.{l}.cross.q.*` and so on | as those of attention | the block attends to an encoder |
/// | `relative.weight` | buckets, heads | positions are relative, before the blocks |
/// | `final_norm.*` | width | there is a final norm |
/// | `head.weight` | outputs, width | the output is not hidden states and not tied |
/// | `head.bias` | outputs | the output is not hidden states and has a bias |
///
/// With an encoder, names of its stack begin with `encoder.`, those of the other with `decoder.`; the embedding and the head have no prefix.
/// Matrices are stored output by input. `.*` of a projection is `.weight` and `.bias`, of a norm `.gain` and `.bias`, each where
/// the architecture has it.
pub fn parameters(architecture: &Architecture) -> Vec<Parameter> {
    let mut list = List::default();
    embedding(&mut list, architecture);
    if let Some(encoder) = &architecture.encoder {
        stack(&mut list, encoder, "encoder.");
        norm_after(&mut list, encoder, "encoder.");
    }
    let own = if architecture.encoder.is_some() { "decoder." } else { "" };
    stack(&mut list, architecture, own);
    norm_after(&mut list, architecture, own);
    head(&mut list, architecture);
    list.parameters
}

/// The blocks of a stack, their names after a prefix.
fn stack(list: &mut List, architecture: &Architecture, prefix: &str) {
    list.prefix = prefix.to_owned();
    if let (Some(relative), Some(block)) = (&architecture.relative, architecture.blocks.first()) {
        list.tensor("relative.weight", &[relative.buckets, block.attention.heads]);
    }
    for (index, block) in architecture.blocks.iter().enumerate() {
        list.prefix = format!("{prefix}layer.{index}.");
        layer(list, block, architecture.width);
    }
    list.prefix.clear();
}

fn norm_after(list: &mut List, architecture: &Architecture, prefix: &str) {
    if let Some(norm) = &architecture.final_norm {
        list.norm(&format!("{prefix}final_norm"), norm, architecture.width);
    }
}

/// How many numbers a checkpoint of the architecture stores.
///
/// That is [`parameters`] with tables in full: rows of a position table before the first usable one and all token types count, though
/// the forward pass reads neither.
pub fn count(architecture: &Architecture) -> u128 {
    let offset = match architecture.positions {
        Positions::Learned { offset, .. } => offset,
        Positions::Rotary | Positions::None => 0,
    };
    let types = architecture.token_types.map_or(0, |rows| rows.saturating_sub(1));
    let unread = (u128::from(offset) + u128::from(types)) * u128::from(architecture.width);
    parameters(architecture).iter().map(Parameter::len).sum::<u128>() + unread
}

#[derive(Default)]
struct List {
    prefix: String,
    parameters: Vec<Parameter>,
}

impl List {
    fn tensor(&mut self, name: &str, shape: &[u64]) {
        self.parameters.push(Parameter { name: format!("{}{name}", self.prefix), shape: shape.to_vec() });
    }

    fn matrix(&mut self, name: &str, rows: u64, columns: u64, bias: bool) {
        self.tensor(&format!("{name}.weight"), &[rows, columns]);
        if bias {
            self.tensor(&format!("{name}.bias"), &[rows]);
        }
    }

    fn norm(&mut self, name: &str, norm: &Norm, width: u64) {
        for (part, there) in [("gain", norm.gain), ("bias", norm.bias)] {
            if there {
                self.tensor(&format!("{name}.{part}"), &[width]);
            }
        }
    }
}

fn embedding(list: &mut List, architecture: &Architecture) {
    let width = architecture.width;
    list.tensor("token_embedding", &[architecture.vocabulary, width]);
    if let Some(rows) = architecture.context_limit() {
        list.tensor("position_embedding", &[rows, width]);
    }
    if architecture.token_types.is_some() {
        list.tensor("token_type", &[1, width]);
    }
    if let Some(norm) = &architecture.embedding_norm {
        list.norm("embedding_norm", norm, width);
    }
}

fn layer(list: &mut List, block: &Block, width: u64) {
    if block.placement != Placement::Bare {
        list.norm("norm1", &block.norm, width);
    }
    if block.placement != Placement::Bare && block.join != Join::ParallelShared {
        list.norm("norm2", &block.norm, width);
    }
    if block.placement == Placement::Sandwich {
        list.norm("post_norm1", &block.norm, width);
        list.norm("post_norm2", &block.norm, width);
    }
    attention(list, "", &block.attention, width);
    if block.cross {
        list.norm("norm_cross", &block.norm, width);
        attention(list, "cross.", &Attention { sinks: false, qk_norm: None, ..block.attention.clone() }, width);
    }
    match &block.experts {
        None => mlp(list, "", &block.mlp, width),
        Some(of) => experts(list, of, &block.mlp, width),
    }
}

fn mlp(list: &mut List, prefix: &str, mlp: &Mlp, width: u64) {
    if mlp.gated {
        list.matrix(&format!("{prefix}gate"), mlp.hidden, width, mlp.bias);
    }
    list.matrix(&format!("{prefix}up"), mlp.hidden, width, mlp.bias);
    list.matrix(&format!("{prefix}down"), width, mlp.hidden, mlp.bias);
}

fn experts(list: &mut List, experts: &Experts, each: &Mlp, width: u64) {
    let hidden = experts.count * each.hidden;
    list.matrix("router", experts.count, width, experts.router_bias);
    if experts.choice_bias {
        let axes = experts.groups.map_or(vec![experts.count], |of| vec![of.count, experts.count / of.count]);
        list.tensor("router.correction", &axes);
    }
    if each.gated {
        list.matrix("experts.gate", hidden, width, each.bias);
    }
    list.matrix("experts.up", hidden, width, each.bias);
    list.matrix("experts.down", width, hidden, false);
    if each.bias {
        list.tensor("experts.down_bias.weight", &[width, experts.count]);
    }
    if let Some(hidden) = experts.shared {
        mlp(list, "shared.", &Mlp { hidden, bias: false, ..*each }, width);
    }
}

fn attention(list: &mut List, prefix: &str, attention: &Attention, width: u64) {
    if attention.sinks {
        list.tensor("sinks", &[attention.heads]);
    }
    if let Some(of) = &attention.latent {
        return latent(list, attention, of, width);
    }
    let (queries, keys) = (attention.heads * attention.head_width, attention.kv_heads * attention.head_width);
    list.matrix(&format!("{prefix}q"), queries, width, attention.qkv_bias);
    list.matrix(&format!("{prefix}k"), keys, width, attention.qkv_bias);
    list.matrix(&format!("{prefix}v"), keys, width, attention.qkv_bias);
    if let Some(norm) = &attention.qk_norm {
        list.norm("q_norm", norm, attention.head_width);
        list.norm("k_norm", norm, attention.head_width);
    }
    list.matrix(&format!("{prefix}o"), width, queries, attention.out_bias);
}

fn latent(list: &mut List, attention: &Attention, latent: &Latent, width: u64) {
    let (heads, plain) = (attention.heads, attention.head_width - latent.rotated);
    if let Some(rank) = latent.query_rank {
        list.matrix("q_row", rank, width, false);
        list.norm("q_row_norm", &latent.norm, rank);
    }
    let bias = attention.qkv_bias;
    list.matrix("q", heads * attention.head_width, latent.query_rank.unwrap_or(width), bias);
    list.matrix("kv_row", latent.rank, width, false);
    list.norm("kv_row_norm", &latent.norm, latent.rank);
    list.matrix("k", heads * plain, latent.rank, bias);
    if latent.rotated > 0 {
        list.matrix("k_rotated", latent.rotated, width, false);
    }
    list.matrix("v", heads * latent.value_width, latent.rank, bias);
    list.matrix("o", width, heads * latent.value_width, attention.out_bias);
}

fn head(list: &mut List, architecture: &Architecture) {
    if architecture.output == Output::Hidden {
        return;
    }
    if !architecture.tied {
        list.tensor("head.weight", &[architecture.outputs(), architecture.width]);
    }
    if architecture.head_bias {
        list.tensor("head.bias", &[architecture.outputs()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandwich_with_everything_is_listed_in_order() {
        let model = crate::spec::tests::model(
            "placement = 'sandwich'\ngated = true\nqk_norm = true\ntied = false\nkv_heads = 1",
        );
        let listed: Vec<String> = parameters(&model).iter().map(|p| format!("{} {:?}", p.name, p.shape)).collect();
        let wanted = "token_embedding [5, 4], position_embedding [3, 4], layer.0.norm1.gain [4], layer.0.norm2.gain [4], \
                      layer.0.post_norm1.gain [4], layer.0.post_norm2.gain [4], layer.0.q.weight [4, 4], layer.0.q.bias [4], \
                      layer.0.k.weight [2, 4], layer.0.k.bias [2], layer.0.v.weight [2, 4], layer.0.v.bias [2], \
                      layer.0.q_norm.gain [2], layer.0.k_norm.gain [2], layer.0.o.weight [4, 4], layer.0.o.bias [4], \
                      layer.0.gate.weight [8, 4], layer.0.gate.bias [8], layer.0.up.weight [8, 4], layer.0.up.bias [8], \
                      layer.0.down.weight [4, 8], layer.0.down.bias [4], final_norm.gain [4], head.weight [5, 4]";
        assert_eq!(listed.join(", "), wanted);
    }

    #[test]
    fn what_is_not_there_is_not_listed() {
        let names = |more| -> Vec<String> {
            parameters(&crate::spec::tests::model(more)).into_iter().map(|parameter| parameter.name).collect()
        };
        assert!(!names("join = 'parallel'").contains(&"layer.0.norm2.gain".to_owned()));
        assert!(names("join = 'parallel-two-norms'").contains(&"layer.0.norm2.gain".to_owned()));
        assert!(!names("placement = 'post'").iter().any(|name| name.starts_with("final_norm")));
        assert!(!names("bias = false").iter().any(|name| name.ends_with("bias")));
        assert!(!names("tied = false\noutput = 'hidden'").iter().any(|name| name.starts_with("head")));
    }

    #[test]
    fn unread_rows_are_counted() {
        let mut model = crate::spec::tests::model("");
        let plain = count(&model);
        model.positions = Positions::Learned { rows: 3, offset: 2 };
        model.token_types = Some(2);
        assert_eq!((count(&model), model.context_limit()), (plain + 8 + 8, Some(3)));
    }
}
