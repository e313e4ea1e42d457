//! Reductions: every instance of small sizes, random ones of large sizes, formats, refusals; solutions are computed directly.

#![allow(clippy::unwrap_used)]

mod circuits;
mod command;
mod floats;
mod formats;
mod refutation;
mod words;

use std::sync::Arc;

use isobath::problems::draws::Draws;
use isobath::problems::netlist::Netlist;
use isobath::problems::{Family, Instance};
use isobath::reduce::{Asked, Machine, Outcome, Via, gadget};
use isobath::words::Strategy;

fn machine(family: &Family, via: Via, weights: Option<&str>, strategy: Strategy) -> Machine {
    let asked = Asked { weights: weights.map(|format| format.parse().unwrap()), ..Asked::default() };
    Machine::compile(gadget(family, via).unwrap(), &asked, strategy).unwrap()
}

/// Runs instances; each must be simulated on explicit gates, some evaluated too, and all decode to their solutions.
fn holds(machine: &Machine, instances: impl Iterator<Item = Instance>) -> Outcome {
    let outcome = machine.run(instances, &mut |_| {}).unwrap();
    assert!(outcome.refutation.is_none(), "{:?}\n{}", outcome.refutation, machine.text);
    assert_eq!((outcome.mismatches, outcome.simulated), (0, outcome.instances));
    assert!(outcome.evaluated > 0);
    outcome
}

fn all(family: &Family) -> impl Iterator<Item = Instance> {
    let family = family.clone();
    (0..family.count().unwrap()).map(move |number| family.instance(number))
}

fn random(family: &Family, count: usize) -> impl Iterator<Item = Instance> {
    let (family, mut draws) = (family.clone(), Draws::new(11));
    (0..count).map(move |_| family.random(&mut draws))
}

fn circuit(netlist: Netlist) -> Family {
    Family::Circuit(Arc::new(netlist))
}
