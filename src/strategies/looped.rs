//! Proptest strategies for transformers in loops: random small models with a table `[loop]`, and linear attention that descends.
//!
//! ```
//! use isobath::{claims::assert::hold, strategies::{LoopLimits, loops}};
//! use proptest::test_runner::{Config, TestRunner};
//!
//! // However blocks are repeated, each costs a layer at least.
//! let mut runner = TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
//! runner.run(&loops(LoopLimits::default()), |case| Ok(hold(&case.document(), ">= layers")?)).unwrap();
//! ```

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

use super::{Flags, Limits, Numerics, Plan, Sizes, flags, numerics, plan, sizes};
use crate::spec::{self, Document};

/// How large the models may be, and how often they are repeated.
#[derive(Clone, Copy, Debug)]
pub struct LoopLimits {
    /// Blocks.
    pub layers: u64,
    /// Features of the residual stream.
    pub width: u64,
    /// Tokens read at once.
    pub context: u64,
    /// Rounds, segments or tokens generated.
    pub rounds: u64,
}

impl Default for LoopLimits {
    /// Small enough to be written out gate by gate.
    fn default() -> Self {
        Self { layers: 2, width: 3, context: 2, rounds: 3 }
    }
}

/// A looped model as native TOML, and a seed for its inputs.
#[derive(Clone)]
pub struct LoopCase {
    toml: String,
    /// For inputs.
    pub seed: u64,
}

impl LoopCase {
    /// The model as native TOML.
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// The model as a document.
    ///
    /// # Panics
    /// Never: every generated text is valid.
    pub fn document(&self) -> Document {
        match spec::parse_document("generated.toml", &self.toml) {
            Ok(document) => document,
            Err(error) => panic!("a generated loop was refused: {error}\n{}", self.toml),
        }
    }
}

impl fmt::Debug for LoopCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}# seed {}", self.toml, self.seed)
    }
}

/// Random small models, their blocks repeated in each of the ways there are.
pub fn loops(limits: LoopLimits) -> impl Strategy<Value = LoopCase> {
    let Limits { seeds: _, departures, bits, .. } = Limits { seeds: 0, ..Limits::default() };
    let (layers, width, context) = (limits.layers, limits.width, limits.context);
    let own = Limits { layers, width, context, bits, seeds: 0, departures };
    let model = (sizes(own), plan(), flags(), numerics(own), kind(limits.rounds));
    let model = model.prop_map(|(sizes, plan, flags, numerics, kind)| text(sizes, plan, &flags, &numerics, &kind));
    (prop_oneof![6 => model, 1 => descent(limits)], any::<u64>()).prop_map(|(toml, seed)| LoopCase { toml, seed })
}

/// How blocks are repeated.
#[derive(Clone, Debug)]
enum Kind {
    Rounds(u64),
    SegmentMemory(u64, &'static str),
    MemoryTokens(u64, u64),
    Feedback(u64),
    Decoding(u64),
}

fn kind(rounds: u64) -> impl Strategy<Value = Kind> {
    prop_oneof![
        (1..=rounds).prop_map(Kind::Rounds),
        (1..=rounds, select(vec!["same-layer", "below"])).prop_map(|(n, from)| Kind::SegmentMemory(n, from)),
        (1..=rounds, 1..=2u64).prop_map(|(n, memory)| Kind::MemoryTokens(n, memory)),
        (1..=2u64).prop_map(Kind::Feedback),
        (1..=rounds).prop_map(Kind::Decoding),
    ]
}

impl Kind {
    fn lines(&self) -> Vec<String> {
        let (name, first, second) = match self {
            Self::Rounds(n) => ("rounds", format!("rounds = {n}"), None),
            Self::SegmentMemory(n, from) => {
                ("segment-memory", format!("segments = {n}"), Some(format!("from = \"{from}\"")))
            }
            Self::MemoryTokens(n, memory) => {
                ("memory-tokens", format!("segments = {n}"), Some(format!("memory = {memory}")))
            }
            Self::Feedback(window) => ("feedback", format!("window = {window}"), None),
            Self::Decoding(n) => ("decoding", format!("tokens = {n}"), None),
        };
        ["[loop]".to_owned(), format!("kind = \"{name}\""), first].into_iter().chain(second).collect()
    }

    /// The model, changed to one whose blocks can be repeated like this.
    fn suited(&self, plan: Plan) -> Plan {
        let absolute = if plan.positions == "rotary" { "learned" } else { plan.positions };
        match self {
            Self::Rounds(_) => plan,
            Self::SegmentMemory(..) => Plan { kind: "encoder", positions: absolute, window: None, ..plan },
            Self::MemoryTokens(..) => Plan { window: None, ..plan },
            Self::Feedback(_) => Plan { kind: "decoder", positions: "none", window: None, ..plan },
            Self::Decoding(_) => Plan { kind: "decoder", output: ("argmax", "last"), ..plan },
        }
    }
}

fn text(mut sizes: Sizes, plan: Plan, flags: &Flags, numerics: &Numerics, kind: &Kind) -> String {
    let plan = kind.suited(plan);
    if plan.positions == "rotary" {
        sizes.head_width = 2;
    }
    super::text(&sizes, &plan, flags, numerics) + &kind.lines().join("\n") + "\n"
}

/// Linear attention whose layers are steps of gradient descent.
fn descent(limits: LoopLimits) -> impl Strategy<Value = String> {
    let sizes = (1..=limits.layers * limits.rounds, 1..=limits.width.min(2), 1..=2u64);
    (sizes, select(vec!["0.25", "0.5"]), any::<bool>()).prop_map(|((layers, features, examples), step, wide)| {
        let values = if wide { "fixed(3,1)" } else { "fixed(2,1)" };
        format!(
            "name = \"generated\"\n[linear-attention]\nlayers = {layers}\nfeatures = {features}\nexamples = {examples}\n\
             step = {step}\ndata = \"fixed(2,1)\"\nvalues = \"{values}\"\nsums = \"fixed(4,1)\"\ntargets = \"fixed(5,4)\"\n"
        )
    })
}
