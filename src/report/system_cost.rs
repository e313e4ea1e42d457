//! What is told of a looped system in other models of computation, and of its runs between observed values; must not know how either is found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Step;
use super::cost::{SizeText, rules};
use super::figures::{full, grouped, wrapped};
use super::system::SCHEMA;
use super::text::{assumptions, path};
use crate::certificate::Certificate;
use crate::cost::Model;
use crate::cost::named::Visit;
use crate::pipeline::Error;
use crate::pipeline::costed::{Costed, Depth, OpaqueDepth};

/// A looped system in a cost model.
#[derive(Clone, Debug, Serialize)]
pub struct SystemCostReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The system.
    pub name: String,
    /// The axes with their lengths.
    pub axes: BTreeMap<String, u64>,
    /// What is counted: `arithmetic` or `boolean`.
    pub model: &'static str,
    /// The depth, with its law.
    #[serde(flatten)]
    pub depth: DepthText,
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
        let steps = depth.path().filter(|path| path.len() <= MOST_STEPS).unwrap_or_default();
        Self {
            depth: value,
            depth_bound: if exact { "exact" } else { "upper" },
            law: depth.law.to_string(),
            certificates: depth.law.certificates.clone(),
            critical_path: steps.iter().map(step).collect(),
        }
    }

    fn text(&self, what: &str) -> String {
        let most = if self.depth_bound == "exact" { "" } else { "at most " };
        let mut text = wrapped(&format!("{what:<12} "), &format!("{most}{}", grouped(&self.depth)));
        for line in self.law.lines() {
            text += &wrapped("  law  ", line);
        }
        if !self.critical_path.is_empty() {
            text += "  longest path, with the depth of each operation\n";
            text += &path(&self.critical_path);
        }
        text
    }
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

impl OpaqueText {
    /// From a run.
    pub fn new(run: &OpaqueDepth) -> Self {
        Self { depth: DepthText::new(&run.depth), observed: run.observed.clone() }
    }

    /// As text.
    pub fn text(&self) -> String {
        let observed = wrapped("  observed: ", &self.observed.join(", "));
        format!("the longest run between observed values\n{}{observed}", self.depth.text("opaque depth"))
    }
}

impl SystemCostReport {
    /// Of a system with its costs.
    ///
    /// # Errors
    /// Never for costs of this system.
    pub fn new(name: &str, costed: &Costed) -> Result<Self, Error> {
        let size = costed.value(&costed.costs.count).to_string();
        let axes = costed.costs.named.skeleton.axes();
        Ok(Self {
            schema: SCHEMA,
            name: name.to_owned(),
            axes: axes.iter().map(|axis| (axis.name.to_string(), axis.length)).collect(),
            model: match costed.costs.model {
                Model::Arithmetic => "arithmetic",
                Model::Boolean => "boolean",
                Model::Threshold => "threshold",
            },
            depth: DepthText::new(&costed.depth),
            size: match costed.costs.model {
                Model::Arithmetic => SizeText::Operations(size),
                Model::Boolean | Model::Threshold => SizeText::Gates(size),
            },
            size_law: costed.costs.count.to_string(),
            bound: "upper",
            assumptions: rules(costed.costs.model),
            opaque: None,
        })
    }

    /// One sentence: the depth with its size.
    pub fn sentence(&self) -> String {
        let (depth, name, size) = (grouped(&self.depth.depth), self.size.name(), full(self.size.text()));
        format!("{} at {}, {}: depth at most {depth}, {name} at most {size}\n", self.name, self.lengths(), self.model)
    }

    fn lengths(&self) -> String {
        let axes = self.axes.iter().map(|(axis, length)| format!("{axis} {}", grouped(&length.to_string())));
        axes.collect::<Vec<_>>().join(", ")
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}; model: {}\n\n", self.name, self.lengths(), self.model);
        text += &self.depth.text("depth");
        text += &wrapped(&format!("{:<12} ", self.size.name()), &format!("at most {}", full(self.size.text())));
        text += &wrapped("  law  ", &format!("{} = {}, at most", self.size.name(), self.size_law));
        if let Some(opaque) = &self.opaque {
            text += &format!("\n{}", opaque.text());
        }
        text + "\n" + &assumptions(&self.assumptions)
    }
}
