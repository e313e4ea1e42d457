//! A learning rule, unrolled: what it learns, from which data, in which numbers; knows nothing of tensors, circuits or files.

use std::collections::BTreeMap;

use crate::number::{Format, Rational};

pub use super::loss_graph::{LossGraph, LossNode, LossOp};

/// A program: so many steps of a learning rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its name in reports.
    pub name: String,
    /// Steps unrolled by default.
    pub steps: u64,
    /// The rule.
    pub rule: Rule,
    /// The factor on each update.
    pub step_size: Rational,
    /// Where the data come from.
    pub data: Data,
    /// What the weights start from.
    pub start: Start,
    /// Whether weights are rounded when a step reads them.
    pub round_weights: bool,
    /// The formats.
    pub numerics: Formats,
}

/// How weights change in one step.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Down the gradient of a loss.
    Descent(Descent),
    /// `w += a (r + g w.x' - w.x) x`.
    Td0 {
        /// Entries of x.
        features: u64,
        /// g.
        discount: Rational,
        /// Whether the error in brackets is rounded.
        round_residual: bool,
    },
    /// `Q(s,a) += a (r + g max_b Q(s',b) - Q(s,a))`, states and actions one-hot.
    QLearning {
        /// How many states.
        states: u64,
        /// How many actions.
        actions: u64,
        /// g.
        discount: Rational,
    },
    /// `w += a G (1[action] - p) x` with `p = sigmoid(w.x)`: REINFORCE for a choice of two actions.
    PolicyGradient {
        /// Entries of x.
        features: u64,
    },
}

/// Gradient descent.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    /// Entries of x.
    pub features: u64,
    /// What is made small.
    pub loss: Loss,
    /// What is done with the gradient.
    pub optimiser: Optimiser,
    /// Whether a step sees all examples, else one.
    pub full_batch: bool,
    /// Examples: of each step with a full batch; of the cycle with hard-wired data; 1 else.
    pub examples: u64,
}

/// A loss of one example, in weights w, inputs x and a target y.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// `1/2 (w.x - y)^2`.
    LeastSquares {
        /// Whether `w.x - y` is rounded.
        round_residual: bool,
    },
    /// `log(1 + e^(-y w.x))`.
    Logistic,
    /// `max(0, 1 - y w.x)`.
    Hinge,
    /// `1/2 (output . f(hidden x) - y)^2`.
    Mlp {
        /// Hidden units.
        hidden: u64,
        /// f.
        activation: LossOp,
    },
    /// Written down operation by operation.
    Graph(LossGraph),
}

/// What is done with a gradient g.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimiser {
    /// `w - a g`.
    Plain,
    /// `m = mu m + g`, `w - a m`.
    Momentum {
        /// mu.
        mu: Rational,
    },
    /// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`, `w - a m / sqrt(v + epsilon)`: without bias correction.
    Adam(Box<Adam>),
}

/// The decays of Adam.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// How much of m is kept.
    pub beta1: Rational,
    /// How much of v is kept.
    pub beta2: Rational,
    /// Under the root.
    pub epsilon: Rational,
}

/// Where the data come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// From outside.
    Inputs,
    /// Constants.
    Given {
        /// The entries of each quantity, example by example.
        values: BTreeMap<String, Vec<Rational>>,
        /// How many examples.
        examples: u64,
    },
    /// Constants drawn from a seed.
    Random {
        /// The seed.
        seed: u64,
        /// How many examples.
        examples: u64,
    },
}

impl Data {
    /// Whether the data are constants of the circuit.
    pub fn is_hard_wired(&self) -> bool {
        *self != Self::Inputs
    }
}

/// What the weights start from.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// Zeros.
    Zeros,
    /// From outside.
    Inputs,
    /// The entries of each weight.
    Given(BTreeMap<String, Vec<Rational>>),
    /// Drawn from a seed.
    Random {
        /// The seed.
        seed: u64,
    },
}

/// The formats of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    /// Weights, when they are read.
    pub weights: Format,
    /// Everything else that is rounded.
    pub activations: Format,
    /// Inputs x.
    pub data: Format,
    /// Targets y, rewards, returns and actions.
    pub targets: Format,
}

/// A named tensor of a program: a weight or a quantity of the data, of one example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// Its axes.
    pub shape: Vec<u64>,
    /// Its format.
    pub format: Format,
}

impl Program {
    /// What is learned.
    pub fn weights(&self) -> Vec<Quantity> {
        self.rule.weights(self.numerics.weights)
    }

    /// What one example consists of.
    pub fn quantities(&self) -> Vec<Quantity> {
        self.rule.quantities(&self.numerics)
    }

    /// Examples that a step sees.
    pub fn batch(&self) -> u64 {
        match &self.rule {
            Rule::Descent(Descent { full_batch: true, examples, .. }) => *examples,
            Rule::Descent(_) | Rule::Td0 { .. } | Rule::QLearning { .. } | Rule::PolicyGradient { .. } => 1,
        }
    }
}

impl Rule {
    /// What is learned.
    pub fn weights(&self, format: Format) -> Vec<Quantity> {
        let one = |name: &str, shape: &[u64]| Quantity { name: name.to_owned(), shape: shape.to_vec(), format };
        match self {
            Self::Descent(Descent { loss: Loss::Mlp { hidden, .. }, features, .. }) => {
                vec![one("hidden", &[*hidden, *features]), one("output", &[*hidden])]
            }
            Self::Descent(Descent { loss: Loss::Graph(graph), .. }) => {
                graph.weights.iter().map(|(name, shape)| one(name, shape)).collect()
            }
            Self::Descent(Descent { features, .. })
            | Self::Td0 { features, .. }
            | Self::PolicyGradient { features } => {
                vec![one("w", &[*features])]
            }
            Self::QLearning { states, actions, .. } => vec![one("q", &[*states, *actions])],
        }
    }

    /// What one example consists of.
    pub fn quantities(&self, formats: &Formats) -> Vec<Quantity> {
        let one = |name: &str, shape: &[u64], format| Quantity { name: name.to_owned(), shape: shape.to_vec(), format };
        let (data, targets) = (formats.data, formats.targets);
        match self {
            Self::Descent(Descent { features, .. }) => vec![one("x", &[*features], data), one("y", &[], targets)],
            Self::Td0 { features, .. } => {
                vec![one("x", &[*features], data), one("next", &[*features], data), one("reward", &[], targets)]
            }
            Self::QLearning { states, actions, .. } => vec![
                one("state", &[*states], data),
                one("action", &[*actions], data),
                one("next", &[*states], data),
                one("reward", &[], targets),
            ],
            Self::PolicyGradient { features } => {
                vec![one("x", &[*features], data), one("action", &[], targets), one("return", &[], targets)]
            }
        }
    }
}
