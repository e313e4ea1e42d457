//! What is told of a looped system in other models of computation, and of its runs between observed values; must not know how either is found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cost::{self, SizeText};
use super::figures::{full, grouped, wrapped};
use super::system::{AxisGrowth, SCHEMA};
use super::system_text::growing;
use super::text::{assumptions, path};
use super::{NumericsText, Step};
use crate::certificate::Certificate;
use crate::cost::Model;
use crate::cost::named::Visit;
use crate::expr::Dim;
use crate::law::Growing;
use crate::pipeline::Error;
use crate::pipeline::costed::{Costed, Depth, OpaqueDepth};
use crate::pipeline::subject;
use crate::spec::{Document, Numerics};

/// A looped system in a cost model.
#[derive(Clone, Debug, Serialize)]
pub struct SystemCostReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The system.
    pub name: String,
    /// Numbers in its weights, where it has any of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
    /// The axes with their lengths.
    pub axes: BTreeMap<String, u64>,
    /// Lengths inside of bodies: the law of the depth is of these.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<String, u64>,
    /// Formats, rounding, and how sums are added up; of threshold gates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numerics: Option<NumericsText>,
    /// What is counted: `arithmetic`, `boolean` or `threshold`.
    pub model: &'static str,
    /// The depth, with its law.
    #[serde(flatten)]
    pub depth: DepthText,
    /// How the depth grows along each axis; where partial sums are rounded, with the context too.
    pub growth: Vec<AxisGrowth>,
    /// Operations or gates at the lengths.
    #[serde(flatten)]
    pub size: SizeText,
    /// The same in the lengths of axes.
    pub size_law: String,
    /// `upper`: a construction of this depth and size exists, for every setting of the weights.
    pub bound: &'static str,
    /// What the figures rest on.
    pub assumptions: Vec<String>,
    /// The longest run between observed values, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque: Option<OpaqueText>,
}

/// A depth at some lengths, as a law, and along a longest path.
#[derive(Clone, Debug, Serialize)]
pub struct DepthText {
    /// At the lengths.
    pub depth: String,
    /// `exact` for this skeleton of costs, or `upper`.
    pub depth_bound: &'static str,
    /// In the lengths.
    pub law: String,
    /// Proofs.
    pub certificates: Vec<Certificate>,
    /// A longest path at the lengths, where it is short enough to follow.
    pub critical_path: Vec<Step>,
}

/// The longest run between observed values.
#[derive(Clone, Debug, Serialize)]
pub struct OpaqueText {
    /// Its depth.
    #[serde(flatten)]
    pub depth: DepthText,
    /// What is observed.
    pub observed: Vec<String>,
}

/// The longest path that is told step by step.
const MOST_STEPS: usize = 400;

impl DepthText {
    fn new(depth: &Depth) -> Self {
        let (value, exact) = depth.value().map_or(("unknown".to_owned(), false), |(d, exact)| (d.to_string(), exact));
        let path = || depth.path().filter(|path| path.len() <= MOST_STEPS);
        let steps = (!goes_on(depth)).then(path).flatten().unwrap_or_default();
        Self {
            depth: value,
            depth_bound: if exact { "exact" } else { "upper" },
            law: depth.law.to_string(),
            certificates: depth.law.certificates.clone(),
            critical_path: steps.iter().map(step).collect(),
        }
    }

    /// With a law that names the lengths it is for.
    fn at(mut self, lengths: &BTreeMap<Dim, u64>) -> Self {
        let named = beside(lengths.iter());
        self.law = self.law.lines().map(|line| format!("{line}{named}\n")).collect();
        self.law.truncate(self.law.trim_end().len());
        self
    }

    /// As text: what stands beside the depth, and below its law.
    fn text(&self, what: &str, beside: &str, below: &str) -> String {
        let most = if self.depth_bound == "exact" { "" } else { "at most " };
        let mut text = wrapped(&format!("{what:<12} "), &format!("{most}{}{beside}", grouped(&self.depth)));
        for line in self.law.lines() {
            text += &wrapped("  law  ", line);
        }
        text += below;
        if !self.critical_path.is_empty() {
            text += "  longest path, with the depth of each operation\n";
            text += &path(&self.critical_path);
        }
        text
    }
}

/// Lengths that something is for.
fn beside<'a>(lengths: impl Iterator<Item = (&'a Dim, &'a u64)>) -> String {
    lengths.map(|(dim, length)| format!(", at {dim} {length}")).collect()
}

/// Whether an axis along which the depth grows is so long that its longest path has more steps than are told.
fn goes_on(depth: &Depth) -> bool {
    let grows = |axis: &Dim| depth.law.growth.iter().any(|own| own.axis == *axis && own.growing != Growing::Constant);
    depth.named.skeleton.axes().iter().any(|axis| axis.length > MOST_STEPS as u64 && grows(&axis.name))
}

fn step(visit: &Visit) -> Step {
    let (operation, module) = visit.place.path.split_last().map_or((String::new(), &[][..]), |(o, m)| (o.clone(), m));
    let at: Vec<String> = visit.instance.at.iter().map(u64::to_string).collect();
    let mut module = module.to_vec();
    if let (Some(block), false) = (module.first_mut(), at.is_empty()) {
        *block = format!("{block}[{}]", at.join(","));
    }
    let operation = if visit.cost == 1 { operation } else { format!("{operation} ({})", visit.cost) };
    Step { module: module.join(" / "), operation, layer: visit.layer, cost: Some(visit.cost) }
}

/// Along the axes as the law says; with a context inside of bodies by the order of sums.
fn growth(costed: &Costed, numerics: Option<&Numerics>) -> Vec<AxisGrowth> {
    let told = |axis: &str, growth: String, rate: String| AxisGrowth { axis: axis.to_owned(), growth, rate };
    let along = costed.depth.law.growth.iter();
    let along = along.map(|growth| told(&growth.axis, growth.growing.to_string(), growth.rate.clone()));
    let inside =
        costed.costs.dims.keys().filter(|_| costed.costs.model == Model::Threshold).filter(|dim| &***dim == CONTEXT);
    let by_order = inside.zip(numerics).map(|(dim, numerics)| {
        let (growth, rate) = cost::growth(numerics.accumulate);
        told(dim, growth.to_owned(), rate)
    });
    along.chain(by_order).collect()
}

/// The size in the lengths of axes, and at the lengths it does not name.
fn size_law(costed: &Costed) -> String {
    let law = costed.costs.count.to_string();
    let unnamed = costed.costs.dims.iter().filter(|(dim, _)| !law.contains(&***dim));
    let at = beside(unnamed);
    law + &at
}

/// Tokens read.
const CONTEXT: &str = "context";

impl OpaqueText {
    /// From a run.
    pub fn new(run: &OpaqueDepth) -> Self {
        Self { depth: DepthText::new(&run.depth), observed: run.observed.clone() }
    }

    /// As text.
    pub fn text(&self) -> String {
        let observed = wrapped("  observed: ", &self.observed.join(", "));
        format!("the longest run between observed values\n{}{observed}", self.depth.text("opaque depth", "", ""))
    }
}

impl SystemCostReport {
    /// Of a system with its costs.
    ///
    /// # Errors
    /// Never for costs of this system.
    pub fn new(document: &Document, costed: &Costed) -> Result<Self, Error> {
        let model = costed.costs.model;
        let size = costed.value(&costed.costs.count).to_string();
        let axes = costed.costs.named.skeleton.axes();
        let mut depth = DepthText::new(&costed.depth).at(&costed.costs.dims);
        if model == Model::Threshold {
            // Of circuits, which constants may make less deep.
            depth.depth_bound = "upper";
        }
        let own = subject::numerics(&mut document.clone()).map(|numerics| *numerics);
        let parameters = document.parameters();
        Ok(Self {
            schema: SCHEMA,
            name: subject::name(document).to_owned(),
            parameters: (parameters > 0).then(|| parameters.to_string()),
            axes: axes.iter().map(|axis| (axis.name.to_string(), axis.length)).collect(),
            fixed: costed.costs.dims.iter().map(|(dim, length)| (dim.to_string(), *length)).collect(),
            numerics: own.filter(|_| model == Model::Threshold).as_ref().map(super::numerics),
            model: cost::name(model),
            depth,
            growth: growth(costed, own.as_ref()),
            size: SizeText::new(model, size),
            size_law: size_law(costed),
            bound: "upper",
            assumptions: cost::rules(model, own.as_ref()),
            opaque: None,
        })
    }

    /// One sentence: the depth with its size.
    pub fn sentence(&self) -> String {
        let (depth, name, size) = (grouped(&self.depth.depth), self.size.name(), full(self.size.text()));
        let order = self.numerics.as_ref().map(|numerics| format!("accumulation {}", numerics.accumulate));
        let order = order.unwrap_or_else(|| self.model.to_owned());
        format!("{} at {}, {order}: depth at most {depth}, {name} at most {size}\n", self.name, self.lengths())
    }

    fn lengths(&self) -> String {
        let all = self.axes.iter().chain(&self.fixed);
        let axes = all.map(|(axis, length)| format!("{axis} {}", grouped(&length.to_string())));
        let axes = axes.collect::<Vec<_>>().join(", ");
        if axes.is_empty() { "no axis".to_owned() } else { axes }
    }

    fn head(&self) -> String {
        let parameters = self.parameters.as_ref().map(|count| format!("{} parameters, ", grouped(count)));
        let lengths = [parameters.unwrap_or_default(), self.lengths()].concat();
        let formats = |numerics: &NumericsText| {
            format!("formats: weights {}, activations {}; ", numerics.weights, numerics.activations)
        };
        let formats = self.numerics.as_ref().map(formats).unwrap_or_default();
        format!("{}: {lengths}\n{formats}model: {}\n\n", self.name, self.model)
    }

    /// The order of sums, beside the depth of threshold gates.
    fn beside(&self) -> String {
        let Some(numerics) = &self.numerics else { return String::new() };
        let format = numerics.accumulator.as_ref().map(|format| format!(", partial sums in {format}"));
        format!(" layers; accumulation {}{}", numerics.accumulate, format.unwrap_or_default())
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut text = self.head();
        let unit = match self.model {
            "arithmetic" => "operation",
            "boolean" => "gate",
            _ => "layer",
        };
        text += &self.depth.text("depth", &self.beside(), &growing(&self.growth, unit));
        text += &wrapped(&format!("{:<12} ", self.size.name()), &format!("at most {}", full(self.size.text())));
        text += &wrapped("  law  ", &format!("{} = {}, at most", self.size.name(), self.size_law));
        if let Some(opaque) = &self.opaque {
            text += &format!("\n{}", opaque.text());
        }
        text + "\n" + &assumptions(&self.assumptions)
    }
}
