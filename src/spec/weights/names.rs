//! Where the checkpoints of each family keep the tensors of [`crate::spec::parameters()`].

use crate::spec::{Architecture, Error, Parameter, Positions, Problem};
use std::collections::BTreeSet;
use std::ops::Range;

/// A tensor of the file, and the part of it that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    /// Its name in the file.
    pub name: String,
    /// Its shape in the file.
    pub shape: Vec<u64>,
    /// Stored input by output.
    transposed: bool,
    /// The rows wanted, of the matrix output by input.
    rows: Range<u64>,
}

impl Stored {
    fn whole(name: String, parameter: &Parameter) -> Self {
        let rows = 0..parameter.shape.first().copied().unwrap_or(0);
        Self { name, shape: parameter.shape.clone(), transposed: false, rows }
    }

    /// The parameter is some rows, from one on, of a tensor of `total` rows.
    fn part(mut self, from: u64, total: u64) -> Self {
        self.rows = from..from + self.shape[0];
        self.shape[0] = total;
        self
    }

    fn transpose(mut self) -> Self {
        self.shape.reverse();
        self.transposed = self.shape.len() == 2;
        self
    }

    /// The wanted part of the file's values.
    pub fn cut(&self, values: Vec<f64>) -> Vec<f64> {
        let values = if self.transposed { turned(&values, self.shape[1] as usize) } else { values };
        let rows = if self.transposed { self.shape[1] } else { self.shape[0] } as usize;
        let length = values.len().checked_div(rows).unwrap_or(0);
        values[self.rows.start as usize * length..self.rows.end as usize * length].to_vec()
    }
}

fn turned(values: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

/// Where a parameter is stored.
pub(super) type Scheme<'a> = Box<dyn Fn(&Parameter) -> Stored + 'a>;

/// The scheme of an architecture's family; the names in the file tell which prefix it uses.
pub(super) fn scheme<'a>(architecture: &'a Architecture, names: &BTreeSet<&str>) -> Result<Scheme<'a>, Error> {
    let prefixed = |prefix: &'static str| if names.iter().any(|name| name.starts_with(prefix)) { prefix } else { "" };
    let family = architecture.family.as_str();
    let scheme: Scheme = match family {
        "native" => Box::new(|parameter| Stored::whole(parameter.name.clone(), parameter)),
        "gpt2" => {
            let prefix = prefixed("transformer.");
            Box::new(move |parameter| gpt2(parameter, prefix, architecture.width))
        }
        "tracr" => Box::new(tracr),
        "llama" | "mistral" | "qwen2" | "qwen3" | "gemma" => Box::new(llama),
        "bert" | "roberta" => {
            let prefix = prefixed(if family == "bert" { "bert." } else { "roberta." });
            Box::new(move |parameter| bert(parameter, prefix, architecture))
        }
        _ => {
            let message = format!("weights for model type `{family}` are not supported yet");
            return Err(Problem::new(message).help("a report needs no weights").into());
        }
    };
    Ok(scheme)
}

/// Whether a tensor of the file is a buffer, or a part the architecture leaves out by design.
pub(super) fn holds_no_weight(family: &str, name: &str) -> bool {
    match family {
        "gpt2" => name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"),
        "bert" | "roberta" => {
            let parts = ["pooler.", "cls.", "classifier.", "lm_head.", "position_ids"];
            parts.iter().any(|part| name.contains(part))
        }
        _ => name.ends_with(".rotary_emb.inv_freq"),
    }
}

/// `layer.3.q.weight` is layer 3, module `q`, leaf `weight`; a name outside the layers has no layer.
fn split(name: &str) -> (Option<&str>, &str, &str) {
    let inner = name.strip_prefix("layer.").and_then(|rest| rest.split_once('.'));
    let (layer, rest) = inner.map_or((None, name), |(layer, rest)| (Some(layer), rest));
    let (module, leaf) = rest.split_once('.').unwrap_or((rest, "weight"));
    (layer, module, if leaf == "gain" { "weight" } else { leaf })
}

fn gpt2(parameter: &Parameter, prefix: &str, width: u64) -> Stored {
    let (layer, module, leaf) = split(&parameter.name);
    let (place, part) = match module {
        "token_embedding" => ("wte", None),
        "position_embedding" => ("wpe", None),
        "final_norm" => ("ln_f", None),
        "norm1" => ("ln_1", None),
        "norm2" => ("ln_2", None),
        "q" => ("attn.c_attn", Some(0)),
        "k" => ("attn.c_attn", Some(1)),
        "v" => ("attn.c_attn", Some(2)),
        "o" => ("attn.c_proj", None),
        "up" => ("mlp.c_fc", None),
        "down" => ("mlp.c_proj", None),
        _ => return Stored::whole("lm_head.weight".to_owned(), parameter),
    };
    let layer = layer.map_or_else(String::new, |layer| format!("h.{layer}."));
    let stored = Stored::whole(format!("{prefix}{layer}{place}.{leaf}"), parameter);
    let stored = part.map_or(stored.clone(), |part| stored.part(part * width, 3 * width));
    let matrix = ["attn.", "mlp."].iter().any(|start| place.starts_with(start)) && leaf == "weight";
    if matrix { stored.transpose() } else { stored }
}

/// Matrices are stored input by output, under `w` and `b`.
fn tracr(parameter: &Parameter) -> Stored {
    let (layer, module, leaf) = split(&parameter.name);
    let place = match module {
        "token_embedding" => return Stored::whole("token_embed".to_owned(), parameter),
        "position_embedding" => return Stored::whole("pos_embed".to_owned(), parameter),
        "q" => "attn.query",
        "k" => "attn.key",
        "v" => "attn.value",
        "o" => "attn.linear",
        "up" => "mlp.linear_1",
        "down" => "mlp.linear_2",
        _ => return Stored::whole("unembed".to_owned(), parameter).transpose(),
    };
    let name = format!("layer_{}.{place}.{}", layer.unwrap_or_default(), if leaf == "weight" { "w" } else { "b" });
    let stored = Stored::whole(name, parameter);
    if leaf == "weight" { stored.transpose() } else { stored }
}

fn llama(parameter: &Parameter) -> Stored {
    let (layer, module, leaf) = split(&parameter.name);
    let place = match module {
        "token_embedding" => "embed_tokens",
        "final_norm" => "norm",
        "norm1" => "input_layernorm",
        "norm2" => "post_attention_layernorm",
        "q" | "k" | "v" | "o" => &format!("self_attn.{module}_proj"),
        "q_norm" | "k_norm" => &format!("self_attn.{module}"),
        "gate" | "up" | "down" => &format!("mlp.{module}_proj"),
        _ => return Stored::whole(format!("lm_head.{leaf}"), parameter),
    };
    let layer = layer.map_or_else(String::new, |layer| format!("layers.{layer}."));
    Stored::whole(format!("model.{layer}{place}.{leaf}"), parameter)
}

fn bert(parameter: &Parameter, prefix: &str, architecture: &Architecture) -> Stored {
    let (layer, module, leaf) = split(&parameter.name);
    let place = match module {
        "token_embedding" => "embeddings.word_embeddings",
        "position_embedding" => "embeddings.position_embeddings",
        "token_type" => "embeddings.token_type_embeddings",
        "embedding_norm" => "embeddings.LayerNorm",
        "q" => "attention.self.query",
        "k" => "attention.self.key",
        "v" => "attention.self.value",
        "o" => "attention.output.dense",
        "norm1" => "attention.output.LayerNorm",
        "up" => "intermediate.dense",
        "down" => "output.dense",
        _ => "output.LayerNorm",
    };
    let layer = layer.map_or_else(String::new, |layer| format!("encoder.layer.{layer}."));
    let stored = Stored::whole(format!("{prefix}{layer}{place}.{leaf}"), parameter);
    match (&architecture.positions, architecture.token_types, module) {
        (Positions::Learned { rows, offset }, _, "position_embedding") => stored.part(*offset, rows + offset),
        (_, Some(types), "token_type") => stored.part(0, types),
        _ => stored,
    }
}
