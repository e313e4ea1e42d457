//! The keys of `[program]` that belong to gradient descent.

use super::{MOST_CYCLE, graph, hard_wired, needed};
use crate::number::Rational;
use crate::spec::program::{Adam, Descent, Loss, LossOp, Optimiser};
use crate::spec::text::{Fields, number};

/// The most examples of one batch.
const MOST_EXAMPLES: u64 = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    LeastSquares,
    Logistic,
    Hinge,
    Mlp,
    Graph,
}

pub(super) fn read(root: &Fields, fields: &Fields) -> Descent {
    let features = fields.dimension("features");
    let loss = loss(fields, features);
    let full_batch = fields.choice("batch", &[("one", false), ("all", true)], Some(false));
    let several = full_batch || hard_wired(root);
    let message =
        || "`examples` is for batch = \"all\" and for hard-wired data: each step takes in one of its own".to_owned();
    fields.check(
        &["examples", "batch"],
        several || !fields.has("examples"),
        message,
        "remove it, or write batch = \"all\"",
    );
    let examples =
        if several { fields.required("examples", if full_batch { MOST_EXAMPLES } else { MOST_CYCLE }) } else { 1 };
    for key in ["discount", "states", "actions"] {
        only(fields, key, false, "kind = \"td0\" or \"q-learning\"");
    }
    Descent { features, loss, optimiser: optimiser(fields), full_batch, examples }
}

/// Refuses a key outside the setting it belongs to.
fn only(fields: &Fields, key: &str, holds: bool, setting: &str) {
    let message = || format!("`{key}` is only for {setting}");
    fields.check(&[key], holds || !fields.has(key), message, "remove it");
}

fn loss(fields: &Fields, features: u64) -> Loss {
    let names = [
        ("least-squares", Name::LeastSquares),
        ("logistic", Name::Logistic),
        ("hinge", Name::Hinge),
        ("mlp", Name::Mlp),
        ("graph", Name::Graph),
    ];
    let name = fields.choice("loss", &names, None);
    if fields.get("loss").is_some() && fields.sound(&["loss"]) {
        for key in ["hidden", "activation"] {
            only(fields, key, name == Name::Mlp, "loss = \"mlp\"");
        }
        for key in ["node", "weight"] {
            only(fields, key, name == Name::Graph, "loss = \"graph\"");
        }
        only(fields, "round_residual", name == Name::LeastSquares, "loss = \"least-squares\"");
    }
    match name {
        Name::LeastSquares => Loss::LeastSquares { round_residual: fields.flag_or("round_residual", true) },
        Name::Logistic => Loss::Logistic,
        Name::Hinge => Loss::Hinge,
        Name::Mlp => {
            let functions = [("relu", 0), ("tanh", 1), ("sigmoid", 2)];
            let activation = match fields.choice("activation", &functions, None) {
                0 => LossOp::Relu,
                1 => LossOp::Tanh,
                _ => LossOp::Sigmoid,
            };
            Loss::Mlp { hidden: fields.dimension("hidden"), activation }
        }
        Name::Graph => Loss::Graph(graph::read(fields, features)),
    }
}

fn optimiser(fields: &Fields) -> Optimiser {
    let names = [("plain", 0), ("momentum", 1), ("adam", 2)];
    let name = fields.choice("optimiser", &names, Some(0));
    for (key, owner, setting) in
        [("mu", 1, "momentum"), ("beta1", 2, "adam"), ("beta2", 2, "adam"), ("epsilon", 2, "adam")]
    {
        only(fields, key, name == owner, &format!("optimiser = \"{setting}\""));
    }
    match name {
        0 => Optimiser::Plain,
        1 => Optimiser::Momentum { mu: decay(fields, "mu") },
        _ => {
            needed(fields, "epsilon");
            let positive = |number: &Rational| *number > Rational::default();
            let epsilon = number(fields, "epsilon", positive, "a number above zero").unwrap_or_default();
            let (beta1, beta2) = (decay(fields, "beta1"), decay(fields, "beta2"));
            Optimiser::Adam(Box::new(Adam { beta1, beta2, epsilon }))
        }
    }
}

/// A number from 0 to below 1 that must be there.
fn decay(fields: &Fields, key: &str) -> Rational {
    needed(fields, key);
    let unit = |number: &Rational| *number >= Rational::default() && *number < Rational::from_integer(1.into());
    number(fields, key, unit, "a number from 0 to below 1").unwrap_or_default()
}
