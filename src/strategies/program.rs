//! Proptest strategies for programs: random small learning rules as native TOML; must not know how they are built.
//!
//! ```
//! use isobath::{circuit::looped, lower::system, program, strategies::{ProgramLimits, programs}, words::Strategy};
//! use proptest::{prelude::*, test_runner::{Config, TestRunner}};
//!
//! // Ten steps of a rule never cost more than ten times seven layers (a network trained by Adam), plus what comes before and after.
//! let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
//! runner.run(&programs(ProgramLimits::default()), |case| {
//!     let loops = system::system(&program::system(&case.program()).unwrap(), Strategy::Depth).unwrap();
//!     let ten = loops.circuits.resized(|_| Some(10)).unwrap();
//!     prop_assert!(looped::skeleton(&ten).depth() <= 10 * 7 + 7);
//!     Ok(())
//! }).unwrap();
//! ```

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

use crate::spec::{self, Document, program::Program};

/// How large the programs may be.
#[derive(Clone, Copy, Debug)]
pub struct ProgramLimits {
    /// Steps.
    pub steps: u64,
    /// Entries of x.
    pub features: u64,
    /// Examples of a batch or a cycle.
    pub examples: u64,
}

impl Default for ProgramLimits {
    /// Small enough to be written out gate by gate.
    fn default() -> Self {
        Self { steps: 2, features: 2, examples: 2 }
    }
}

/// A program as native TOML, and a seed for its inputs.
#[derive(Clone)]
pub struct ProgramCase {
    toml: String,
    /// For inputs.
    pub seed: u64,
}

impl ProgramCase {
    /// The program as native TOML.
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// Whether examples are hard-wired one a step. Where a coefficient happens to be zero, steps then differ, and no law is for such steps.
    pub fn is_hard_wired(&self) -> bool {
        self.toml.contains("[data]\nsource = \"random\"") && !self.toml.contains("batch = \"all\"")
    }

    /// The program as a spec.
    ///
    /// # Panics
    /// Never: every generated text is a valid program.
    pub fn program(&self) -> Program {
        match spec::parse_document("generated.toml", &self.toml) {
            Ok(Document::Program(program)) => *program,
            Ok(_) => panic!("a generated program is something else\n{}", self.toml),
            Err(error) => panic!("a generated program was refused: {error}\n{}", self.toml),
        }
    }
}

impl fmt::Debug for ProgramCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}# seed {}", self.toml, self.seed)
    }
}

/// Random small programs of every rule, loss and optimiser.
pub fn programs(limits: ProgramLimits) -> impl Strategy<Value = ProgramCase> {
    let sizes = (1..=limits.steps, 1..=limits.features, 1..=limits.examples);
    (rule(), sizes, settings(), any::<u64>()).prop_map(|(rule, (steps, features, examples), settings, seed)| {
        let mut lines = vec![
            "name = \"generated\"".to_owned(),
            "[program]".to_owned(),
            format!("steps = {steps}"),
            format!("step_size = \"{}\"", settings.step_size),
        ];
        lines.extend(rule.lines(features, &settings, examples));
        lines.extend(settings.tables(&rule, examples));
        ProgramCase { toml: lines.join("\n") + "\n", seed }
    })
}

#[derive(Clone, Debug)]
enum Rule {
    Descent { loss: Loss, optimiser: Vec<&'static str> },
    Td0 { round: bool },
    QLearning,
    PolicyGradient,
}

#[derive(Clone, Debug)]
enum Loss {
    LeastSquares { round: bool },
    Margin(&'static str),
    Mlp(&'static str),
    Graph(Vec<&'static str>),
}

#[derive(Clone, Debug)]
struct Settings {
    step_size: &'static str,
    full_batch: bool,
    data: &'static str,
    weights: &'static str,
    formats: (&'static str, &'static str, &'static str),
    discount: &'static str,
    seed: u32,
}

fn rule() -> impl Strategy<Value = Rule> {
    let optimisers = vec![
        vec!["optimiser = \"plain\""],
        vec!["optimiser = \"momentum\"", "mu = 0.5"],
        vec!["optimiser = \"adam\"", "beta1 = 0.5", "beta2 = \"3/4\"", "epsilon = 0.25"],
    ];
    prop_oneof![
        4 => (loss(), select(optimisers)).prop_map(|(loss, optimiser)| Rule::Descent { loss, optimiser }),
        1 => any::<bool>().prop_map(|round| Rule::Td0 { round }),
        1 => Just(Rule::QLearning),
        1 => Just(Rule::PolicyGradient),
    ]
}

fn loss() -> impl Strategy<Value = Loss> {
    let functions = vec!["square", "relu", "sigmoid", "tanh", "exp", "softplus", "twice", "shift"];
    prop_oneof![
        2 => any::<bool>().prop_map(|round| Loss::LeastSquares { round }),
        2 => select(vec!["logistic", "hinge"]).prop_map(Loss::Margin),
        1 => select(vec!["relu", "tanh", "sigmoid"]).prop_map(Loss::Mlp),
        2 => proptest::collection::vec(select(functions), 1..=2).prop_map(Loss::Graph),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let formats = vec![
        ("fixed(2,1)", "fixed(2,1)", "int(2)"),
        ("fixed(1,2)", "fixed(2,1)", "int(2)"),
        ("int(3)", "fixed(2,2)", "fixed(2,1)"),
    ];
    let places = (any::<bool>(), select(vec!["inputs", "random"]), select(vec!["zeros", "inputs", "random"]));
    let numbers = (select(vec!["1/4", "1/2", "1", "1/3"]), select(vec!["0", "1/2", "1"]), 0..100u32);
    (places, select(formats), numbers).prop_map(
        |((full_batch, data, weights), formats, (step_size, discount, seed))| Settings {
            step_size,
            full_batch,
            data,
            weights,
            formats,
            discount,
            seed,
        },
    )
}

impl Rule {
    fn lines(&self, features: u64, settings: &Settings, examples: u64) -> Vec<String> {
        let features = format!("features = {features}");
        let discount = format!("discount = \"{}\"", settings.discount);
        match self {
            Self::Td0 { round } => {
                vec!["kind = \"td0\"".to_owned(), features, discount, format!("round_residual = {round}")]
            }
            Self::QLearning => {
                let sizes = ["kind = \"q-learning\"", "states = 2", "actions = 2"];
                sizes.iter().map(|line| (*line).to_owned()).chain([discount]).collect()
            }
            Self::PolicyGradient => vec!["kind = \"policy-gradient\"".to_owned(), features],
            Self::Descent { loss, optimiser } => {
                let mut lines = vec!["kind = \"gradient-descent\"".to_owned(), features];
                lines.extend(optimiser.iter().map(|line| (*line).to_owned()));
                if settings.full_batch {
                    lines.push("batch = \"all\"".to_owned());
                }
                if settings.full_batch || settings.data == "random" {
                    lines.push(format!("examples = {examples}"));
                }
                lines.extend(loss.lines());
                lines
            }
        }
    }
}

impl Loss {
    fn lines(&self) -> Vec<String> {
        match self {
            Self::LeastSquares { round } => {
                vec!["loss = \"least-squares\"".to_owned(), format!("round_residual = {round}")]
            }
            Self::Margin(name) => vec![format!("loss = \"{name}\"")],
            Self::Mlp(activation) => {
                vec!["loss = \"mlp\"".to_owned(), "hidden = 2".to_owned(), format!("activation = \"{activation}\"")]
            }
            Self::Graph(functions) => graph(functions),
        }
    }
}

/// A chain of functions on the residual.
fn graph(functions: &[&str]) -> Vec<String> {
    let mut lines = vec!["loss = \"graph\"".to_owned()];
    let mut node = |name: &str, op: &str, of: &str| {
        lines.push("[[program.node]]".to_owned());
        lines.extend([format!("name = \"{name}\""), format!("op = \"{op}\""), of.to_owned()]);
    };
    node("p", "dot", "of = [\"w\", \"x\"]");
    node("n0", "subtract", "of = [\"p\", \"y\"]");
    for (number, function) in functions.iter().enumerate() {
        let (name, last) = (format!("n{}", number + 1), format!("\"n{number}\""));
        match *function {
            "twice" => node(&name, "multiply", &format!("of = [{last}, \"p\"]")),
            "shift" => {
                node(&format!("c{number}"), "constant", "value = 0.5");
                node(&name, "add", &format!("of = [{last}, \"c{number}\"]"));
            }
            function => node(&name, function, &format!("of = [{last}]")),
        }
    }
    lines
}

impl Settings {
    fn tables(&self, rule: &Rule, examples: u64) -> Vec<String> {
        let seed = |source: &str| if source == "random" { vec![format!("seed = {}", self.seed)] } else { vec![] };
        let mut lines = vec!["[data]".to_owned(), format!("source = \"{}\"", self.data)];
        lines.extend(seed(self.data));
        if self.data == "random" && !matches!(rule, Rule::Descent { .. }) {
            lines.push(format!("examples = {examples}"));
        }
        lines.extend(["[weights]".to_owned(), format!("source = \"{}\"", self.weights)]);
        lines.extend(seed(self.weights));
        let (weights, activations, data) = self.formats;
        lines.push("[numerics]".to_owned());
        for (key, format) in [("weights", weights), ("activations", activations), ("data", data), ("targets", "int(2)")]
        {
            lines.push(format!("{key} = \"{format}\""));
        }
        lines
    }
}
