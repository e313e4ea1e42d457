//! Proptest strategies for recurrent networks: random small cells of every kind as native TOML; must not know how they are built.
//!
//! State is rounded once a position; scans, which round nothing in between, are not drawn.
//!
//! ```
//! use isobath::{claims::assert::hold, strategies::{RecurrentLimits, recurrents}};
//! use proptest::test_runner::{Config, TestRunner};
//!
//! // No cell reads its own state in less than a layer, whatever its settings.
//! let mut runner = TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
//! runner.run(&recurrents(RecurrentLimits::default()), |case| Ok(hold(&case.document(), ">= context")?)).unwrap();
//! ```

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

use crate::spec::{self, Document, Recurrent};

/// How large the networks may be.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentLimits {
    /// Cells one above the other.
    pub layers: u64,
    /// Features.
    pub width: u64,
    /// Tokens.
    pub context: u64,
}

impl Default for RecurrentLimits {
    /// Small enough to be written out gate by gate.
    fn default() -> Self {
        Self { layers: 2, width: 3, context: 3 }
    }
}

/// A recurrent network as native TOML, and a seed for its tokens.
#[derive(Clone)]
pub struct RecurrentCase {
    toml: String,
    /// For tokens.
    pub seed: u64,
}

impl RecurrentCase {
    /// The network as native TOML.
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// The network as a document.
    ///
    /// # Panics
    /// Never: every generated text is valid.
    pub fn document(&self) -> Document {
        match spec::parse_document("generated.toml", &self.toml) {
            Ok(document) => document,
            Err(error) => panic!("a generated network was refused: {error}\n{}", self.toml),
        }
    }

    /// The network as a spec.
    ///
    /// # Panics
    /// Never: every generated text is a recurrent network.
    pub fn recurrent(&self) -> Recurrent {
        match self.document() {
            Document::Recurrent(recurrent) => *recurrent,
            _ => panic!("a generated network is something else\n{}", self.toml),
        }
    }
}

impl fmt::Debug for RecurrentCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}# seed {}", self.toml, self.seed)
    }
}

const ACTIVATIONS: [&str; 6] = ["relu", "gelu", "gelu-tanh", "silu", "tanh", "sigmoid"];

/// Lines of a table.
type Lines = Vec<String>;

/// Random small networks of every cell.
pub fn recurrents(limits: RecurrentLimits) -> impl Strategy<Value = RecurrentCase> {
    let sizes = (1..=limits.layers, 1..=limits.width, 1..=limits.context, 2..=4u64);
    let output = (select(vec!["logits", "argmax", "hidden"]), any::<bool>());
    (sizes, cell(), output, numerics(), any::<u64>()).prop_map(
        |((layers, width, context, vocabulary), cell, (output, tied), numerics, seed)| {
            let mut lines = vec![
                "name = \"generated\"".to_owned(),
                "[recurrent]".to_owned(),
                format!("vocabulary = {vocabulary}"),
                format!("layers = {layers}"),
                format!("width = {width}"),
                format!("context = {context}"),
                format!("output = \"{output}\""),
                format!("tied = {tied}"),
            ];
            lines.extend(cell.into_iter().chain(numerics));
            RecurrentCase { toml: lines.join("\n") + "\n", seed }
        },
    )
}

fn cell() -> impl Strategy<Value = Lines> {
    prop_oneof![
        2 => (select(vec!["tanh", "relu", "sigmoid"]), any::<bool>()).prop_map(|(activation, bias)| {
            lines(&["cell = \"rnn\"", &text("activation", activation), &set("bias", bias)])
        }),
        2 => (select(vec!["lstm", "gru"]), any::<bool>()).prop_map(|(cell, bias)| {
            lines(&[&text("cell", cell), &set("bias", bias)])
        }),
        2 => diagonal(),
        1 => mamba(),
        4 => attention(),
    ]
}

fn diagonal() -> impl Strategy<Value = Lines> {
    (1..=2u64, select(ACTIVATIONS.to_vec()), any::<bool>(), epsilon()).prop_map(|(state, activation, bias, epsilon)| {
        let activation = text("activation", activation);
        lines(&["cell = \"diagonal\"", &set("state", state), &activation, &set("bias", bias), &epsilon])
    })
}

fn mamba() -> impl Strategy<Value = Lines> {
    let sizes = (1..=3u64, 1..=2u64, 1..=3u64);
    (sizes, select(ACTIVATIONS.to_vec()), any::<bool>(), any::<bool>(), epsilon()).prop_map(
        |((inner, state, kernel), activation, bias, conv_bias, epsilon)| {
            let sizes = [set("inner", inner), set("state", state), set("kernel", kernel)];
            let flags = [set("bias", bias), set("conv_bias", conv_bias)];
            let [inner, state, kernel] = &sizes;
            let [bias, conv_bias] = &flags;
            let activation = text("activation", activation);
            lines(&["cell = \"mamba\"", inner, state, kernel, &activation, bias, conv_bias, &epsilon])
        },
    )
}

fn attention() -> impl Strategy<Value = Lines> {
    let rule = prop_oneof![
        Just(lines(&["cell = \"linear-attention\""])),
        Just(lines(&["cell = \"delta-rule\""])),
        select(vec!["fixed(1,2)", "fixed(2,2)"])
            .prop_map(|gates| lines(&["cell = \"gated-linear-attention\"", &text("gate_format", gates)])),
    ];
    let sizes = (1..=2u64, 1..=2u64, 1..=2u64);
    let maps = [&["none"][..], &ACTIVATIONS].concat();
    (rule, sizes, select(maps), any::<bool>(), any::<bool>(), mlp(), epsilon()).prop_map(
        |(rule, (heads, keys, values), map, output_norm, bias, mlp, epsilon)| {
            let sizes = [set("heads", heads), set("key_width", keys), set("value_width", values)];
            let more = [text("feature_map", map), set("output_norm", output_norm), set("bias", bias), epsilon];
            rule.into_iter().chain(sizes).chain(more).chain(mlp).collect()
        },
    )
}

/// An MLP, or none.
fn mlp() -> impl Strategy<Value = Lines> {
    let some = (1..=3u64, select(ACTIVATIONS.to_vec()), any::<bool>()).prop_map(|(hidden, activation, gated)| {
        lines(&[&set("hidden", hidden), &text("mlp_activation", activation), &set("gated", gated)])
    });
    prop_oneof![Just(Lines::new()), some]
}

fn epsilon() -> impl Strategy<Value = String> {
    select(vec!["0.25", "1e-3", "1e-5"]).prop_map(|epsilon| set("norm_epsilon", epsilon))
}

/// The format of state, and the tables of numerics and weights.
fn numerics() -> impl Strategy<Value = Lines> {
    let formats = (
        select(vec!["int(2)", "fixed(2,1)", "fixed(1,3)", "fixed(2,2)"]),
        select(vec!["int(3)", "fixed(2,1)", "fixed(2,2)", "fixed(3,1)"]),
        proptest::option::of(select(vec!["fixed(2,1)", "fixed(3,1)", "fixed(3,2)"])),
    );
    (formats, any::<u32>()).prop_map(|((weights, activations, state), seed)| {
        let state = state.map(|format| text("state_format", format));
        let tables = ["[numerics]".to_owned(), text("weights", weights), text("activations", activations)];
        let weights = ["[weights]".to_owned(), text("source", "random"), set("seed", seed)];
        state.into_iter().chain(tables).chain(weights).collect()
    })
}

fn lines(list: &[&str]) -> Lines {
    list.iter().map(|line| (*line).to_owned()).collect()
}

fn set(key: &str, value: impl fmt::Display) -> String {
    format!("{key} = {value}")
}

fn text(key: &str, value: &str) -> String {
    format!("{key} = \"{value}\"")
}
