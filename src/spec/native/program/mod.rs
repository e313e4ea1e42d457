//! The native format of programs: unrolled learning as strict TOML. Knows nothing of tensors or circuits.
//!
//! Every key below is the whole language; any other key, table or value is refused. `needed` has no default. Numbers are exact: written
//! `3`, `0.25`, `1e-3` or, as text, `"1/3"`.
//!
//! ```toml
//! name = "descent"              # for reports; default: the file's name
//!
//! [program]
//! kind = "gradient-descent"     # needed: "gradient-descent", "td0", "q-learning" or "policy-gradient"
//! steps = 16                    # steps unrolled by default
//! step_size = "1/4"             # needed: the factor on each update, above zero
//! features = 2                  # needed but for q-learning: entries of x
//! round_weights = true          # weights are rounded when a step reads them; false: carried exactly, if their range does not grow
//!
//! # gradient-descent only:
//! loss = "least-squares"        # needed: "least-squares", "logistic", "hinge", "mlp" or "graph"
//! round_residual = true         # least-squares and td0: whether the residual is rounded
//! optimiser = "plain"           # "plain", "momentum" or "adam"
//! # mu = 0.5                    # momentum only, needed there
//! # beta1 = 0.5                 # adam only, needed there, as are the next two
//! # beta2 = 0.75
//! # epsilon = 0.25              # above zero, under the root; there is no bias correction
//! batch = "one"                 # "one" example a step, or "all": the sum of the losses of all examples
//! # examples = 4                # needed with batch = "all", and with hard-wired data, which are taken in turn
//! # hidden = 2                  # mlp only, needed there: hidden units
//! # activation = "relu"         # mlp only, needed there: "relu", "tanh" or "sigmoid"
//!
//! # discount = 0.5              # td0 and q-learning only, needed there: from 0 to 1
//! # states = 2                  # q-learning only, needed there, as is the next
//! # actions = 2
//!
//! # [[program.weight]]          # loss = "graph" only; default: one weight `w` of shape [features]
//! # name = "w"                  # needed
//! # shape = [2]                 # needed: the lengths of its axes
//!
//! # [[program.node]]            # loss = "graph" only, needed there: operations in order, the last of which is the loss, a single number
//! # name = "p"                  # needed
//! # op = "dot"                  # needed: "add", "subtract", "multiply", "scale", "dot", "sum", "matvec", "square", "relu", "sigmoid",
//! #                             # "tanh", "exp", "softplus" or "constant"
//! # of = ["w", "x"]             # needed but for constants: weights, `x`, `y` and earlier nodes
//! # factor = "1/2"              # scale only, needed there
//! # value = 1                   # constant only, needed there
//!
//! [data]                        # the whole table may be left out
//! source = "inputs"             # "inputs" from outside (with batch = "all" once, else at each step), or hard-wired: "given" or "random"
//! # seed = 1                    # random only, needed there
//! # x = [[1, 0], [0, 1]]        # given only: a list per example. gradient-descent: x, y; td0: x, next, reward;
//! # y = [1, -1]                 # q-learning: state, action, next, reward; policy-gradient: x, action, return
//! # examples = 4                # hard-wired only, and not for gradient-descent: how many there are
//!
//! [weights]                     # the whole table may be left out
//! source = "zeros"              # what weights start from: "zeros", "inputs", "given" or "random"
//! # seed = 1                    # random only, needed there
//! # w = [0.5, -1]               # given only: `w`; `hidden` and `output` of an mlp; `q` of q-learning; the weights of a graph
//!
//! [numerics]                    # the whole table may be left out
//! weights = "fixed(2,6)"        # int(b), or fixed(i,f) with i bits before the point (sign among them) and f after it
//! activations = "fixed(4,4)"    # what products read, functions and the state of optimisers
//! data = "fixed(4,4)"           # x, states and q-learning's actions; default: activations
//! targets = "fixed(4,4)"        # y, rewards, returns, actions of policy-gradient; default: data
//! ```
//!
//! Constants are rounded to their format when they are read.

mod descent;
mod graph;

use std::collections::BTreeMap;

use super::file_name;
use crate::number::Rational;
use crate::spec::program::{Data, Descent, Formats, Program, Quantity, Rule, Start};
use crate::spec::text::{self, Fields, Problems, Source, number, numbers};
use crate::spec::{Error, numerics};

/// Said of every unknown key that resembles no known one.
const SCHEMA: &str = "the keys of programs are listed in the documentation of isobath::spec::native::program";

/// Steps unrolled by default, and at most.
const STEPS: u64 = 16;
const MOST_STEPS: u64 = 1 << 40;

/// The most hard-wired examples that are taken in turn: each is a graph of its own.
const MOST_CYCLE: u64 = 1 << 12;

/// The most constants one tensor may have.
const MOST_CONSTANTS: u128 = 1 << 24;

/// Which rule was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Descent,
    Td0,
    QLearning,
    PolicyGradient,
}

/// Reads a program.
pub(in crate::spec) fn read(source: &Source) -> Result<Program, Error> {
    let node = text::toml(source)?;
    let problems = Problems::default();
    let root = Fields::root(source, &problems, &node);
    let name = root.text("name").map_or_else(|| file_name(source), str::to_owned);
    root.check(&["model"], !root.has("model"), || "a file holds a model or a program, not both".to_owned(), "");
    let formats = root.table("numerics").map_or_else(default_formats, |fields| formats(&fields))?;
    let program = root.table("program").map(|fields| program(&root, &fields, name, formats));
    root.finish(SCHEMA);
    problems.finish()?;
    program.ok_or_else(|| source.problem(None, "table `[program]` is missing").into())
}

fn default_formats() -> Result<Formats, Error> {
    let defaults = numerics::defaults()?;
    let (weights, activations) = (defaults.weights, defaults.activations);
    Ok(Formats { weights, activations, data: activations, targets: activations })
}

fn formats(fields: &Fields) -> Result<Formats, Error> {
    let defaults = default_formats()?;
    let activations = numerics::format(fields, "activations", defaults.activations);
    let data = numerics::format(fields, "data", activations);
    let targets = numerics::format(fields, "targets", data);
    let formats =
        Formats { weights: numerics::format(fields, "weights", defaults.weights), activations, data, targets };
    fields.finish(SCHEMA);
    Ok(formats)
}

fn program(root: &Fields, fields: &Fields, name: String, numerics: Formats) -> Program {
    let rule = rule(root, fields);
    let positive = |number: &Rational| *number > Rational::default();
    needed(fields, "step_size");
    let step_size = number(fields, "step_size", positive, "a number above zero").unwrap_or_default();
    let steps = fields.integer_or("steps", 1, MOST_STEPS, STEPS);
    let round_weights = fields.flag_or("round_weights", true);
    let readable =
        fields.sound(&["kind", "loss", "features", "states", "actions", "hidden", "examples", "node", "weight"]);
    let quantities = rule.quantities(&numerics);
    let start = start(root.table("weights"), &rule.weights(numerics.weights), readable);
    let data = data(root.table("data"), &rule, &quantities, readable);
    fields.finish(SCHEMA);
    Program { name, steps, rule, step_size, data, start, round_weights, numerics }
}

/// Records a key as missing that must be there.
fn needed(fields: &Fields, key: &str) {
    if fields.get(key).is_none() {
        fields.missing(key);
    }
}

fn rule(root: &Fields, fields: &Fields) -> Rule {
    let kinds = [
        ("gradient-descent", Kind::Descent),
        ("td0", Kind::Td0),
        ("q-learning", Kind::QLearning),
        ("policy-gradient", Kind::PolicyGradient),
    ];
    let kind = fields.choice("kind", &kinds, None);
    let features = |fields: &Fields| fields.dimension("features");
    match kind {
        Kind::Descent => Rule::Descent(descent::read(root, fields)),
        Kind::Td0 => {
            let round_residual = fields.flag_or("round_residual", true);
            Rule::Td0 { features: features(fields), discount: discount(fields), round_residual }
        }
        Kind::QLearning => {
            let (states, actions) = (fields.dimension("states"), fields.dimension("actions"));
            Rule::QLearning { states, actions, discount: discount(fields) }
        }
        Kind::PolicyGradient => Rule::PolicyGradient { features: features(fields) },
    }
}

/// A number from 0 to 1 that must be there.
fn discount(fields: &Fields) -> Rational {
    needed(fields, "discount");
    let unit = |number: &Rational| *number >= Rational::default() && *number <= Rational::from_integer(1.into());
    number(fields, "discount", unit, "a number from 0 to 1").unwrap_or_default()
}

/// Whether the table `[data]` asks for constants.
fn hard_wired(root: &Fields) -> bool {
    root.table("data").is_some_and(|fields| matches!(fields.text("source"), Some("given" | "random")))
}

fn start(fields: Option<Fields>, weights: &[Quantity], readable: bool) -> Start {
    let Some(fields) = fields else { return Start::Zeros };
    let words = [("zeros", 0), ("inputs", 1), ("given", 2), ("random", 3)];
    let start = match fields.choice("source", &words, None) {
        0 => Start::Zeros,
        1 => Start::Inputs,
        2 => Start::Given(given(&fields, weights, &[], readable)),
        _ => Start::Random { seed: seed(&fields) },
    };
    fields.finish(SCHEMA);
    start
}

fn data(fields: Option<Fields>, rule: &Rule, quantities: &[Quantity], readable: bool) -> Data {
    let Some(fields) = fields else { return Data::Inputs };
    let source = fields.choice("source", &[("inputs", 0), ("given", 1), ("random", 2)], None);
    let examples = match rule {
        Rule::Descent(Descent { examples, .. }) => *examples,
        _ if source != 0 => fields.required("examples", MOST_CYCLE),
        _ => 1,
    };
    let data = match source {
        0 => Data::Inputs,
        1 => Data::Given { values: given(&fields, quantities, &[examples], readable), examples },
        _ => Data::Random { seed: seed(&fields), examples },
    };
    fields.finish(SCHEMA);
    data
}

fn seed(fields: &Fields) -> u64 {
    needed(fields, "seed");
    fields.integer_or("seed", 0, u64::MAX, 0)
}

/// The entries of each quantity, `outer` axes before its own.
fn given(fields: &Fields, quantities: &[Quantity], outer: &[u64], readable: bool) -> BTreeMap<String, Vec<Rational>> {
    let mut all = BTreeMap::new();
    for quantity in quantities {
        let key = &quantity.name;
        let shape: Vec<u64> = outer.iter().chain(&quantity.shape).copied().collect();
        let entries: u128 = shape.iter().map(|length| u128::from(*length)).product();
        if fields.get(key).is_none() {
            fields.missing(key);
        } else if readable && entries > MOST_CONSTANTS {
            fields.refuse(key, format!("`{key}` would have {entries} entries; the most is {MOST_CONSTANTS}"), None);
        } else if readable {
            all.extend(numbers(fields, key, &shape).map(|values| (key.clone(), values)));
        }
    }
    all
}

#[cfg(test)]
mod tests;
