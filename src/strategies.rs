//! Proptest strategies for model specs, weights and inputs, so that users can property-test depth bounds of their own.
//!
//! [`cases`] are transformers in one forward pass, [`loops`] transformers in loops, [`recurrents`] recurrent networks, [`programs`]
//! learning rules; `claims::assert::hold` holds a bound against any of them.
//!
//! A [`Case`] holds the native TOML of a model; a failing one is shown as that text, which can be saved and given to the
//! command line as it is. Shrinking goes towards fewer layers, narrower widths, shorter contexts, and every option off.
//!
//! ```
//! use isobath::{pipeline, strategies::{Limits, cases}, words::Strategy};
//! use proptest::{prelude::*, test_runner::{Config, TestRunner}};
//!
//! // No model of any setting is deeper than 25 layers a block, plus 9: that is with eager rounding, a norm after each part and a gate.
//! let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
//! runner.run(&cases(Limits::default()), |case| {
//!     let model = pipeline::architecture(&case.spec(), case.context(), Strategy::Depth).unwrap();
//!     let depth = model.measure().unwrap().depth;
//!     prop_assert!(depth <= 25 * case.layers() + 9, "depth {depth}");
//!     Ok(())
//! }).unwrap();
//! ```

mod departures;
mod looped;
mod program;
mod recurrent;

pub use looped::{LoopCase, LoopLimits, loops};
pub use program::{ProgramCase, ProgramLimits, programs};
pub use recurrent::{RecurrentCase, RecurrentLimits, recurrents};

use std::fmt;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::pipeline;
use crate::spec::{self, Spec};
use crate::words::Strategy as Lowering;

/// How large the models may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Blocks.
    pub layers: u64,
    /// Features of the residual stream.
    pub width: u64,
    /// Tokens.
    pub context: u64,
    /// Bits of activations, 2 to 4.
    pub bits: u32,
    /// Seeds tried, beyond the first, for weights under which the output depends on the input; each is a few evaluations.
    pub seeds: u64,
    /// Sublayers of other kinds as well: experts, latent attention, sinks, relative positions, factors.
    pub departures: bool,
}

impl Default for Limits {
    /// Small enough to be written out gate by gate in milliseconds.
    fn default() -> Self {
        Self { layers: 2, width: 4, context: 4, bits: 4, seeds: 8, departures: false }
    }
}

/// A model, its weights, an input and a lowering strategy.
#[derive(Clone)]
pub struct Case {
    toml: String,
    layers: u64,
    /// Token ids, one a position.
    pub tokens: Vec<u64>,
    /// Other token ids of the same length.
    pub others: Vec<u64>,
    /// Layers or gates.
    pub lowering: Lowering,
}

impl Case {
    /// The model as native TOML.
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// The model as a spec.
    ///
    /// # Panics
    /// Never: every generated text is a valid spec.
    pub fn spec(&self) -> Spec {
        match spec::parse_native("generated.toml", &self.toml) {
            Ok(spec) => spec,
            Err(error) => panic!("a generated spec was refused: {error}\n{}", self.toml),
        }
    }

    /// Whether some change of the input tried here changes the output: other tokens, or one token at one place.
    pub fn depends_on_input(&self) -> bool {
        let Ok(model) = pipeline::bound(&self.spec(), self.context(), Lowering::Size) else { return false };
        let value = |tokens: &[u64]| model.evaluate(tokens).ok();
        let first = value(&self.tokens);
        let moved = |place: usize, by: u64| {
            let mut tokens = self.tokens.clone();
            tokens[place] = (tokens[place] + by) % model.lowered.vocabulary;
            value(&tokens)
        };
        let one = |place: usize| (1..model.lowered.vocabulary).any(|by| moved(place, by) != first);
        value(&self.others) != first || (0..self.tokens.len()).any(one)
    }

    /// Its number of blocks.
    pub fn layers(&self) -> u64 {
        self.layers
    }

    /// Its number of tokens.
    pub fn context(&self) -> u64 {
        self.tokens.len() as u64
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}# tokens {:?} or {:?}, strategy {:?}", self.toml, self.tokens, self.others, self.lowering)
    }
}

#[derive(Clone, Debug)]
struct Sizes {
    layers: u64,
    width: u64,
    kv_heads: u64,
    members: u64,
    head_width: u64,
    hidden: u64,
    vocabulary: u64,
    context: u64,
}

#[derive(Clone, Debug)]
struct Plan {
    kind: &'static str,
    positions: &'static str,
    norm: &'static str,
    arrangement: (&'static str, &'static str),
    activation: &'static str,
    output: (&'static str, &'static str),
    epsilon: &'static str,
    window: Option<u64>,
    softcap: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Flags {
    qk_norm: bool,
    gated: bool,
    bias: bool,
    tied: bool,
    norm_gain: bool,
    norm_bias: bool,
}

#[derive(Clone, Debug)]
struct Numerics {
    weights: &'static str,
    activations: &'static str,
    rounding: &'static str,
    score_clamp: u32,
    exp_bits: u32,
    seed: u64,
}

fn sizes(limits: Limits) -> impl Strategy<Value = Sizes> {
    // A LayerNorm leaves nothing of one feature and one bit of two, so there are at least three.
    let counts = (1..=limits.layers, 3.min(limits.width)..=limits.width, 1..=2u64, 1..=2u64, 1..=2u64);
    // A single token attends to nothing but itself, so most contexts are longer.
    let context = prop_oneof![1 => Just(1u64.min(limits.context)), 40 => 2u64.min(limits.context)..=limits.context];
    (counts, 1..=4u64, 3..=5u64, context).prop_map(
        |((layers, width, kv_heads, members, head_width), hidden, vocabulary, context)| Sizes {
            layers,
            width,
            kv_heads,
            members,
            head_width,
            hidden,
            vocabulary,
            context,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let arrangements = vec![
        ("pre", "serial"),
        ("post", "serial"),
        ("sandwich", "serial"),
        ("pre", "parallel"),
        ("pre", "parallel-two-norms"),
    ];
    let first = (
        select(vec!["decoder", "encoder"]),
        select(vec!["none", "learned", "rotary"]),
        select(vec!["rms", "layer", "rms", "layer", "none"]),
        select(arrangements),
        select(vec!["relu", "gelu", "gelu-tanh", "silu", "tanh", "sigmoid"]),
    );
    let outputs = prop_oneof![
        5 => select(vec![("logits", "all"), ("hidden", "all")]),
        2 => Just(("argmax", "all")),
        1 => select(vec![("logits", "last"), ("argmax", "last")]),
    ];
    let second = (
        outputs,
        select(vec!["0.25", "1e-3", "1e-5"]),
        proptest::option::weighted(0.25, 1..=3u64),
        proptest::option::weighted(0.2, select(vec!["2.0", "0.75"])),
    );
    (first, second).prop_map(
        |((kind, positions, norm, arrangement, activation), (output, epsilon, window, softcap))| Plan {
            kind,
            positions,
            norm,
            arrangement,
            activation,
            output,
            epsilon,
            window,
            softcap,
        },
    )
}

fn flags() -> impl Strategy<Value = Flags> {
    let rare = || proptest::bool::weighted(0.3);
    (rare(), rare(), rare(), any::<bool>(), rare(), rare()).prop_map(
        |(qk_norm, gated, bias, tied, norm_gain, norm_bias)| Flags { qk_norm, gated, bias, tied, norm_gain, norm_bias },
    )
}

fn numerics(limits: Limits) -> impl Strategy<Value = Numerics> {
    // Coarse numbers saturate or vanish so often that few models of them compute anything: they are tried less often.
    let all = [
        ("int(2)", 2, 1),
        ("int(3)", 3, 1),
        ("int(4)", 4, 2),
        ("fixed(1,3)", 4, 2),
        ("fixed(2,1)", 3, 3),
        ("fixed(2,2)", 4, 8),
        ("fixed(3,1)", 4, 8),
        ("float(2,1)", 4, 8),
    ];
    let fits = all.into_iter().filter(|(_, bits, _)| *bits <= limits.bits);
    let activations = fits.map(|(text, _, weight)| (weight, Just(text)));
    let activations = proptest::strategy::Union::new_weighted(activations.collect());
    let weights = prop_oneof![
        4 => select(vec!["fixed(2,1)", "fixed(2,2)", "fixed(3,1)", "float(2,1)", "float(3,2)"]),
        1 => select(vec!["int(2)", "int(3)", "fixed(1,3)"]),
    ];
    let formats = (weights, activations, select(vec!["fused", "eager"]));
    (formats, 1..=3u32, 1..=4u32, any::<u64>()).prop_map(
        |((weights, activations, rounding), score_clamp, exp_bits, seed)| Numerics {
            weights,
            activations,
            rounding,
            score_clamp,
            exp_bits,
            seed: seed >> 1,
        },
    )
}

/// Random small models with random weights, two inputs and a strategy.
pub fn cases(limits: Limits) -> impl Strategy<Value = Case> {
    let tokens = || proptest::collection::vec(any::<Index>(), limits.context as usize);
    let lowering = select(vec![Lowering::Depth, Lowering::Size]);
    let more = departures::departures(limits.departures);
    (sizes(limits), plan(), flags(), numerics(limits), tokens(), tokens(), lowering, more).prop_map(
        move |(mut sizes, mut plan, mut flags, numerics, tokens, others, lowering, mut more)| {
            if plan.positions == "rotary" {
                sizes.head_width = 2;
            }
            if more.latent {
                (sizes.members, flags.qk_norm) = (1, false);
                if plan.norm == "none" {
                    plan.norm = "rms";
                }
                if plan.positions == "rotary" {
                    sizes.head_width = 3;
                    more.lines.push_str("rotary_features = 2\n");
                }
            }
            if more.relative && plan.positions == "none" {
                plan.positions = "relative";
                more.lines.push_str("relative_buckets = 4\nrelative_distance = 3\n");
            }
            let ids = |list: Vec<Index>| {
                let chosen = list.iter().take(sizes.context as usize);
                chosen.map(|index| index.index(sizes.vocabulary as usize) as u64).collect()
            };
            let (tokens, others) = (ids(tokens), ids(others));
            let case = Case { toml: String::new(), layers: sizes.layers, tokens, others, lowering };
            let seeded = |seed| {
                let numerics = Numerics { seed, ..numerics.clone() };
                let toml =
                    text(&sizes, &plan, &flags, &numerics).replace("[numerics]", &format!("{}[numerics]", more.lines));
                Case { toml, ..case.clone() }
            };
            let lively = (0..limits.seeds).map(|more| seeded(numerics.seed + more)).find(Case::depends_on_input);
            lively.unwrap_or_else(|| seeded(numerics.seed + limits.seeds))
        },
    )
}

fn text(sizes: &Sizes, plan: &Plan, flags: &Flags, numerics: &Numerics) -> String {
    let mut lines = vec![
        "name = \"generated\"".to_owned(),
        "[model]".to_owned(),
        format!("kind = \"{}\"", plan.kind),
        format!("vocabulary = {}", sizes.vocabulary),
        format!("layers = {}", sizes.layers),
        format!("width = {}", sizes.width),
        format!("heads = {}", sizes.kv_heads * sizes.members),
        format!("kv_heads = {}", sizes.kv_heads),
        format!("head_width = {}", sizes.head_width),
        format!("hidden = {}", sizes.hidden),
        format!("context = {}", sizes.context),
        format!("positions = \"{}\"", plan.positions),
        format!("norm = \"{}\"", plan.norm),
        format!("norm_epsilon = {}", plan.epsilon),
        format!("norm_gain = {}", flags.norm_gain),
        format!("norm_bias = {}", flags.norm_bias),
        format!("placement = \"{}\"", plan.arrangement.0),
        format!("join = \"{}\"", plan.arrangement.1),
        format!("qk_norm = {}", flags.qk_norm),
        format!("activation = \"{}\"", plan.activation),
        format!("gated = {}", flags.gated),
        format!("bias = {}", flags.bias),
        format!("tied = {}", flags.tied),
        format!("output = \"{}\"", plan.output.0),
        format!("positions_out = \"{}\"", plan.output.1),
    ];
    if plan.norm == "none" {
        let of_norms = ["norm_", "placement", "qk_norm", "join = \"parallel-two-norms\""];
        lines.retain(|line| !of_norms.iter().any(|start| line.starts_with(start)));
    }
    lines.extend(plan.window.map(|window| format!("window = {window}")));
    lines.extend(plan.softcap.map(|cap| format!("softcap = {cap}")));
    lines.extend(plan.softcap.map(|cap| format!("logit_softcap = {cap}")));
    lines.extend(numerics_text(numerics));
    lines.join("\n") + "\n"
}

fn numerics_text(numerics: &Numerics) -> Vec<String> {
    vec![
        "[numerics]".to_owned(),
        format!("weights = \"{}\"", numerics.weights),
        format!("activations = \"{}\"", numerics.activations),
        format!("rounding = \"{}\"", numerics.rounding),
        format!("score_clamp = {}", numerics.score_clamp),
        format!("exp_bits = {}", numerics.exp_bits),
        "[weights]".to_owned(),
        "source = \"random\"".to_owned(),
        format!("seed = {}", numerics.seed),
    ]
}
