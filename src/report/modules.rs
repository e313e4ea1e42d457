//! Layers and gates summed over the tree of modules, equal neighbours told once; must not know what modules mean.

use std::collections::HashSet;

use num_bigint::BigInt;
use num_traits::Zero;
use serde::Serialize;

use crate::circuit::measure::Measure;
use crate::circuit::{Circuit, Node, Origin};

/// Whether a part of the tree is a module or an operation in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A module of the model.
    Module,
    /// An operation with a size.
    Operation,
}

/// A part of the model that has gates or operations. Figures are those of one of its repetitions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Module {
    /// Its name; of several alike, with the range of their numbers.
    pub name: String,
    /// Module or operation.
    pub kind: Kind,
    /// How many consecutive ones are alike.
    pub repeat: u64,
    /// Layers of the critical path inside it.
    pub layers: u64,
    /// Percent of the whole depth, all repetitions (and those around it) together.
    pub share: f64,
    /// Gates, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<String>,
    /// Wires, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wires: Option<String>,
    /// Operations, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<String>,
    /// What it consists of.
    pub children: Vec<Module>,
}

/// Which sizes a model of computation counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    GatesAndWires,
    Gates,
    Operations,
}

/// The figures of one array or operation.
pub(super) struct Figures<'a> {
    pub module: &'a [String],
    pub operation: &'a str,
    pub layers: u64,
    /// Gates or operations.
    pub size: BigInt,
    pub wires: BigInt,
}

/// Figures of a part while they are summed.
#[derive(PartialEq)]
struct Part {
    name: String,
    kind: Kind,
    layers: u64,
    gates: BigInt,
    wires: BigInt,
    children: Vec<Part>,
}

impl Part {
    fn new(name: &str, kind: Kind) -> Self {
        let (gates, wires) = (BigInt::zero(), BigInt::zero());
        Self { name: name.to_owned(), kind, layers: 0, gates, wires, children: Vec::new() }
    }

    /// The child of this name, made if it is not there; the latest comes first, for arrays of a module are neighbours.
    fn child(&mut self, name: &str, kind: Kind) -> &mut Self {
        let found = self.children.iter().rposition(|child| child.name == name && child.kind == kind);
        let place = found.unwrap_or_else(|| {
            self.children.push(Self::new(name, kind));
            self.children.len() - 1
        });
        &mut self.children[place]
    }

    fn add(&mut self, layers: u64, gates: &BigInt, wires: &BigInt) {
        self.layers += layers;
        self.gates += gates;
        self.wires += wires;
    }

    /// Adds the figures of an array to this part and to those inside it that lead to the array.
    fn grow(&mut self, Figures { module, operation, layers, size, wires }: &Figures<'_>) {
        self.add(*layers, size, wires);
        let mut part = self;
        for name in *module {
            part = part.child(name, Kind::Module);
            part.add(*layers, size, wires);
        }
        part.child(operation, Kind::Operation).add(*layers, size, wires);
    }

    /// Whether two parts differ in nothing but their own names.
    fn alike(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.layers == other.layers
            && self.gates == other.gates
            && self.wires == other.wires
            && self.children == other.children
    }
}

/// The modules of a circuit, those without gates left out.
pub(super) fn tree(circuit: &Circuit, measure: &Measure) -> Vec<Module> {
    let critical: HashSet<usize> = measure.critical_path.iter().map(|id| id.index()).collect();
    let banks = circuit.arrays().iter().enumerate().filter(|(_, array)| matches!(array.node, Node::Bank(_)));
    let figures = banks.map(|(place, array)| {
        let sizes = &measure.arrays[place];
        let Origin { module, operation } = &circuit.origins()[array.origin.index()];
        let (size, wires) = (measure.value(&sizes.gates), measure.value(&sizes.wires));
        Figures { module, operation, layers: u64::from(critical.contains(&place)), size, wires }
    });
    summed(figures, Counted::GatesAndWires, measure.depth)
}

/// The modules with these parts, of a model of this depth.
pub(super) fn summed<'a>(parts: impl Iterator<Item = Figures<'a>>, counted: Counted, depth: u64) -> Vec<Module> {
    let mut root = Part::new("model", Kind::Module);
    parts.for_each(|part| root.grow(&part));
    modules(&root.children, 1, &Whole { counted, depth })
}

/// What is the same for all modules.
struct Whole {
    counted: Counted,
    depth: u64,
}

/// Parts as modules, `around` of each; equal numbered neighbours become one.
fn modules(parts: &[Part], around: u64, whole: &Whole) -> Vec<Module> {
    let mut list = Vec::new();
    let mut rest = parts;
    while let Some(first) = rest.first() {
        let alike = rest.iter().take_while(|part| follows(first, part)).count();
        let (group, after) = rest.split_at(alike.max(1));
        list.push(module(group, around, whole));
        rest = after;
    }
    list
}

/// Whether a part can be told together with the first of its group: alike, and named by a number.
fn follows(first: &Part, part: &Part) -> bool {
    match (numbered(&first.name), numbered(&part.name)) {
        (Some((a, _)), Some((b, _))) => a == b && first.alike(part),
        _ => std::ptr::eq(first, part),
    }
}

/// A name that ends in a number, cut before it.
fn numbered(name: &str) -> Option<(&str, u64)> {
    let (stem, number) = name.rsplit_once(' ')?;
    Some((stem, number.parse().ok()?))
}

fn module(group: &[Part], around: u64, whole: &Whole) -> Module {
    let first = &group[0];
    let last = group.last().and_then(|part| numbered(&part.name)).filter(|_| group.len() > 1);
    let repeat = group.len() as u64;
    let layers = first.layers * repeat * around;
    Module {
        name: last.map_or_else(|| first.name.clone(), |(_, number)| format!("{}..{number}", first.name)),
        kind: first.kind,
        repeat,
        layers: first.layers,
        share: if whole.depth == 0 { 0.0 } else { (1000.0 * layers as f64 / whole.depth as f64).round() / 10.0 },
        gates: (whole.counted != Counted::Operations).then(|| first.gates.to_string()),
        wires: (whole.counted == Counted::GatesAndWires).then(|| first.wires.to_string()),
        operations: (whole.counted == Counted::Operations).then(|| first.gates.to_string()),
        children: modules(&first.children, around * repeat, whole),
    }
}
