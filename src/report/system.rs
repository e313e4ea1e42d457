//! What is told about a looped system, as plain data: figures, its certified law, its blocks; must not know how it is shown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::system_cost::OpaqueText;
use super::{Step, strategy_name};
use crate::certificate::Certificate;
use crate::circuit::Node;
use crate::loops::path::Place;
use crate::pipeline::scanned::{Row, Scanned};
use crate::pipeline::subject::{Lengths, Subject, Vanishing};
use crate::words::Strategy;

/// The version of the report's fields.
pub const SCHEMA: &str = "isobath.system/1";

/// Everything reported of one looped system. Sizes are decimal strings, for JSON readers lose digits.
#[derive(Clone, Debug, Serialize)]
pub struct SystemReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The system.
    pub name: String,
    /// Numbers in its weights, where it has any of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
    /// The axes with their lengths.
    pub axes: BTreeMap<String, u64>,
    /// Formats, where the file gives one pair.
    pub formats: String,
    /// `depth` or `size`.
    pub strategy: &'static str,
    /// The gates: `threshold`.
    pub model: &'static str,
    /// Layers until every output is an exact word.
    pub depth: String,
    /// Layers with outputs as single gates.
    pub gate_depth: String,
    /// `exact`, or `upper` where the law only bounds the depth.
    pub depth_bound: &'static str,
    /// Gates, at most.
    pub gates: String,
    /// Wires, at most; none where forms grow from iteration to iteration.
    pub wires: Option<String>,
    /// Bits of the largest weight or threshold, at most.
    pub weight_bits: Option<u64>,
    /// `upper`: sizes are at least the true figures for every setting of weights.
    pub bound: &'static str,
    /// How the depth and the sizes grow.
    pub law: SystemLaw,
    /// The same function by parallel prefix, where that was asked for beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
    /// Of a scan: what it is at other contexts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contexts: Option<ScanContexts>,
    /// The blocks.
    pub blocks: Vec<BlockReport>,
    /// The longest run between observed values, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque: Option<OpaqueText>,
    /// The lengths at which the critical path is told: at most two of each.
    pub path_at: Lengths,
    /// The gates of a longest path at those lengths.
    pub critical_path: Vec<Step>,
    /// What the figures rest on.
    pub assumptions: Vec<String>,
}

/// The law of a system.
#[derive(Clone, Debug, Serialize)]
pub struct SystemLaw {
    /// In words, what lengths it is for among them.
    pub depth: String,
    /// Whether it is exact of the construction; with weights left open that is an upper bound for every setting of them.
    pub exact: bool,
    /// Whether weights are left open.
    pub open_weights: bool,
    /// Where single gates were seen to be less deep than the arrays the law counts: it then is an upper bound.
    pub vanishing: Option<String>,
    /// Along each axis.
    pub growth: Vec<AxisGrowth>,
    /// Gates, at most.
    pub gates: String,
    /// Wires, at most.
    pub wires: Option<String>,
    /// From which lengths on the polynomial of wires holds.
    pub wires_valid: String,
    /// Proofs that `isobath verify` checks.
    pub certificates: Vec<Certificate>,
}

/// Growth along one axis.
#[derive(Clone, Debug, Serialize)]
pub struct AxisGrowth {
    /// The axis.
    pub axis: String,
    /// `constant`, `logarithmic`, `linear`, `polynomial` or `unknown`.
    pub growth: String,
    /// Layers for each one more.
    pub rate: String,
}

/// The parallel-prefix lowering beside the sequential one.
#[derive(Clone, Debug, Serialize)]
pub struct Scan {
    /// Why there is none, or that it is of another function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Layers at the same lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<String>,
    /// Gates, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<String>,
}

/// A scan at contexts of powers of two, and how its depth grows.
#[derive(Clone, Debug, Serialize)]
pub struct ScanContexts {
    /// Contexts with their depths and gates, other axes at their lengths.
    pub rows: Vec<ScanRow>,
    /// The depth in the context and the other axes, such as `4*ceil(log2(context)) + 17`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<String>,
    /// `constant` or `logarithmic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<String>,
    /// The contexts the law is for, the least and the greatest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[u64; 2]>,
    /// Why there are no longer ones.
    pub beyond: String,
}

/// One context.
#[derive(Clone, Debug, Serialize)]
pub struct ScanRow {
    /// Positions.
    pub context: u64,
    /// Layers.
    pub depth: String,
    /// Gates, at most.
    pub gates: String,
}

impl ScanContexts {
    /// As plain data.
    pub fn new(scanned: &Scanned) -> Self {
        let row =
            |row: &Row| ScanRow { context: row.context, depth: row.depth.to_string(), gates: row.gates.to_string() };
        let law = scanned.law.as_ref();
        Self {
            rows: scanned.rows.iter().map(row).collect(),
            depth: law.map(|law| law.depth.to_string()),
            growth: law.map(|law| law.growing().to_string()),
            range: law.map(|law| [law.from, law.to]),
            beyond: scanned.beyond.clone(),
        }
    }
}

/// One block.
#[derive(Clone, Debug, Serialize)]
pub struct BlockReport {
    /// Its name.
    pub name: String,
    /// The axes it is repeated along.
    pub axes: Vec<String>,
    /// Iterations at the given lengths.
    pub iterations: String,
    /// Gates of one late iteration, at most.
    pub gates: String,
    /// Wires of one late iteration, at most.
    pub wires: String,
}

impl SystemReport {
    /// The report of a lowered system at its lengths.
    pub fn new(subject: &Subject, strategy: Strategy) -> Self {
        let lengths = subject.lengths();
        let (depth, exact) = subject.depth(&lengths).map_or((None, false), |(depth, exact)| (Some(depth), exact));
        let told = |depth: Option<num_bigint::BigInt>| depth.map_or_else(|| "unknown".to_owned(), |d| d.to_string());
        let own = subject.model.sizes();
        let law = law(subject);
        let exact = exact && !law.open_weights && law.vanishing.is_none();
        let size = |expr| subject.size(expr, &lengths).to_string();
        Self {
            schema: SCHEMA,
            name: subject.name.clone(),
            parameters: (subject.parameters > 0).then(|| subject.parameters.to_string()),
            formats: subject.formats.clone(),
            strategy: strategy_name(strategy),
            model: "threshold",
            gate_depth: told(depth.as_ref().map(|depth| depth + i32::from(!single_gates(subject)))),
            depth: told(depth),
            depth_bound: if exact { "exact" } else { "upper" },
            gates: size(&own.gates),
            wires: own.wires.as_ref().map(size),
            weight_bits: own.weight_bits,
            bound: "upper",
            law,
            scan: None,
            contexts: None,
            opaque: None,
            blocks: blocks(subject),
            path_at: short(&lengths),
            critical_path: path(subject, &short(&lengths)),
            assumptions: assumptions(strategy, reads_weights(subject)),
            axes: lengths.into_iter().chain(subject.built.iter().cloned()).collect(),
        }
    }
}

/// Whether every output is a gate as it is.
fn single_gates(subject: &Subject) -> bool {
    let system = &subject.model.lowered.circuits;
    system.outputs().iter().all(|outlet| {
        let mut bodies = system.blocks()[outlet.block].bodies.iter();
        bodies.all(|body| !matches!(body.array(body.outputs()[outlet.output].array).node, Node::Affine(_)))
    })
}

/// A subject's law as plain data.
pub fn law(subject: &Subject) -> SystemLaw {
    let growth = |axis: &String| {
        let (growing, rate) = subject.growth(axis)?;
        Some(AxisGrowth { axis: axis.clone(), growth: growing.to_string(), rate })
    };
    let wires = subject.sizes.wires.as_ref();
    let valid = wires.map(|wires| {
        let least = wires.validity().iter().filter(|(_, (low, _))| *low > 1);
        let least: Vec<String> = least.map(|(axis, (low, _))| format!("{axis} >= {low}")).collect();
        if least.is_empty() { "all lengths".to_owned() } else { least.join(", ") }
    });
    SystemLaw {
        depth: subject.law_text(),
        exact: subject.law.exact(),
        open_weights: subject.has_open_weights(),
        vanishing: subject.vanishing().map(|found| vanishing(&found)),
        growth: subject.lengths().keys().filter_map(growth).collect(),
        gates: subject.sizes.gates.to_string(),
        wires: wires.map(ToString::to_string),
        wires_valid: valid.unwrap_or_else(|| "no lengths: what gates list grows with every iteration".to_owned()),
        certificates: subject.law.certificates.clone(),
    }
}

fn vanishing(found: &Vanishing) -> String {
    let lengths: Vec<String> = found.lengths.iter().map(|(axis, length)| format!("{axis} {length}")).collect();
    let at = if lengths.is_empty() { String::new() } else { format!("at {} ", lengths.join(", ")) };
    let Vanishing { gates, arrays, .. } = found;
    format!("constants make terms vanish: {at}the depth of single gates is {gates}, that of the construction {arrays}")
}

fn blocks(subject: &Subject) -> Vec<BlockReport> {
    let system = &subject.model.lowered.circuits;
    let lengths = subject.lengths();
    let block = |(number, (gates, wires)): (usize, &(crate::expr::Expr, crate::expr::Expr))| {
        let block = &system.blocks()[number];
        BlockReport {
            name: block.name.clone(),
            axes: block.axes.iter().map(|axis| system.axes()[*axis].name.to_string()).collect(),
            iterations: system.iterations(number).to_string(),
            gates: subject.size(gates, &lengths).to_string(),
            wires: subject.size(wires, &lengths).to_string(),
        }
    };
    subject.sizes.blocks.iter().enumerate().map(block).collect()
}

/// At most two of each axis: enough to see what repeats.
fn short(lengths: &Lengths) -> Lengths {
    lengths.iter().map(|(axis, length)| (axis.clone(), (*length).min(2))).collect()
}

/// The longest path at some lengths, named.
pub fn path(subject: &Subject, at: &Lengths) -> Vec<Step> {
    let Ok(skeleton) = subject.model.skeleton().resized(|name| at.get(&**name).copied()) else { return Vec::new() };
    let system = &subject.model.lowered.circuits;
    let step = |(layer, place): (u64, &Place)| {
        let block = &system.blocks()[place.instance.block];
        let circuit = block.body(&place.instance.at);
        let origin = &circuit.origins()[circuit.arrays()[place.vertex].origin.index()];
        let at: Vec<String> = place.instance.at.iter().map(u64::to_string).collect();
        let name = if at.is_empty() { block.name.clone() } else { format!("{}[{}]", block.name, at.join(",")) };
        let module: Vec<String> = std::iter::once(name).chain(origin.module.iter().cloned()).collect();
        Step { module: module.join(" / "), operation: origin.operation.clone(), layer, cost: None }
    };
    (1..).zip(&skeleton.critical_path()).map(step).collect()
}

/// Whether there are weights, and all are known.
fn reads_weights(subject: &Subject) -> bool {
    let mut bodies = subject.model.graph.blocks().iter().flat_map(|block| &block.bodies);
    !subject.has_open_weights() && bodies.any(|body| !body.params().is_empty())
}

fn assumptions(strategy: Strategy, reads_weights: bool) -> Vec<String> {
    let weights = match reads_weights {
        true => {
            "the values of constants are known: depth and sizes are of these; where they make terms vanish single gates may be less deep than \
             the arrays counted, which is looked for at lengths up to 2 and 131,072 wires there"
        }
        false => {
            "weights, where there are any, were not read: depth and sizes are upper bounds for every setting of them (all zero, say, is shallower)"
        }
    };
    let saved = match strategy {
        Strategy::Depth => "strategy depth: fewest layers, at the price of gates",
        Strategy::Size => "strategy size: fewer gates, at the price of layers",
    };
    [
        "values are rounded where they are stored, to nearest, ties to even, saturating; everything between is exact, and so is every sum",
        saved,
        weights,
        "the law is of the depth of this construction, for all lengths it names, by certificates that `isobath verify` checks",
        "it is not a lower bound on the function: shallower circuits may exist (exact affine steps, for one, collapse to a depth \
         logarithmic in their number)",
    ]
    .map(str::to_owned)
    .to_vec()
}
