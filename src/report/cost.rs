//! What is told of a model in a cost model beside threshold gates, as plain data; knows nothing of terminals or files.

use serde::Serialize;

use super::modules::{self, Counted, Figures};
use super::{Axes, Growth, Law, Module, NumericsText, Opaque, SCHEMA, Step, cost_law};
use crate::cost::{Analysis, Model};
use crate::number::Policy;
use crate::pipeline;
use crate::spec::{self, Numerics, Rounding, Spec};
use crate::tensor::Graph;

/// The report in a cost model. Its fields are those of [`Report`](super::Report) that apply, and `operations` or `gates`.
#[derive(Clone, Debug, Serialize)]
pub struct CostReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The model.
    pub name: String,
    /// What the sizes are given at.
    pub axes: Axes,
    /// Formats and rounding.
    pub numerics: NumericsText,
    /// What is counted: `arithmetic`, `boolean` or `threshold`.
    pub model: &'static str,
    /// The longest chain of operations or gates.
    pub depth: u64,
    /// All of them, at the given axes: the field `operations` or `gates`.
    #[serde(flatten)]
    pub size: SizeText,
    /// The same as a polynomial, and where it holds.
    pub size_law: CostSizeLaw,
    /// `upper`: a construction of this depth and size exists, for every setting of the weights.
    pub bound: &'static str,
    /// Parameters a checkpoint stores.
    pub parameters: String,
    /// `not read`.
    pub weights: &'static str,
    /// How the depth grows.
    pub law: Law,
    /// Where depth and size are.
    pub modules: Vec<Module>,
    /// The operations of a longest path that cost something, from the inputs on.
    pub critical_path: Vec<Step>,
    /// What the figures rest on.
    pub assumptions: Vec<String>,
    /// The longest run between observed values, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Opaque>,
}

/// A size under the name of what is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SizeText {
    /// Operations on reals.
    Operations(String),
    /// Gates on bits.
    Gates(String),
}

impl SizeText {
    /// The name of what is counted.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Operations(_) => "operations",
            Self::Gates(_) => "gates",
        }
    }

    /// How many.
    pub fn text(&self) -> &str {
        match self {
            Self::Operations(text) | Self::Gates(text) => text,
        }
    }

    /// Of what a model counts.
    pub(super) fn new(model: Model, text: String) -> Self {
        match model {
            Model::Arithmetic => Self::Operations(text),
            Model::Boolean | Model::Threshold => Self::Gates(text),
        }
    }
}

/// The size as a polynomial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostSizeLaw {
    /// The polynomial, in logarithms and least values too.
    #[serde(flatten)]
    pub size: SizeText,
    /// Where it holds.
    pub valid: String,
}

/// Layers are counted in 64 bits.
const MOST_DEPTH_BITS: u64 = 62;

impl CostReport {
    /// The report of a tensor graph and its costs.
    ///
    /// # Errors
    /// When the law of the depth in the number of blocks cannot be derived.
    pub fn new(spec: &Spec, context: u64, graph: &Graph, analysis: &Analysis) -> Result<Self, pipeline::Error> {
        let deepest = analysis.value(&analysis.deepest.of(analysis.output)[analysis.critical()].depth);
        if deepest.bits() > MOST_DEPTH_BITS {
            return Err(pipeline::Error::Deep);
        }
        let critical_path = steps(graph, analysis);
        let (model, count) = (analysis.model, analysis.count());
        let depth = critical_path.last().map_or(0, |step| step.layer);
        Ok(Self {
            schema: SCHEMA,
            name: spec.architecture.name.clone(),
            axes: Axes { context },
            numerics: super::numerics(&spec.numerics),
            model: name(model),
            depth,
            size: SizeText::new(model, analysis.value(&count).to_string()),
            size_law: CostSizeLaw {
                size: SizeText::new(model, count.to_string()),
                valid: valid(spec, context, analysis),
            },
            bound: "upper",
            parameters: spec::count(&spec.architecture).to_string(),
            weights: "not read",
            law: law(spec, context, graph, analysis)?,
            modules: tree(graph, analysis, depth),
            critical_path,
            assumptions: assumptions(spec, model),
            opaque: None,
        })
    }
}

/// A model's name.
pub(super) fn name(model: Model) -> &'static str {
    match model {
        Model::Arithmetic => "arithmetic",
        Model::Boolean => "boolean",
        Model::Threshold => "threshold",
    }
}

/// The law; of a policy whose layers have no expression in the context, with how they grow in it by definition.
fn law(spec: &Spec, context: u64, graph: &Graph, analysis: &Analysis) -> Result<Law, pipeline::Error> {
    let mut law = cost_law::depth(spec, context, graph, analysis)?;
    if at_one_context(analysis) && spec.numerics.accumulate != Policy::Exact {
        let (growth, rate) = growth(spec.numerics.accumulate);
        law.context = Growth { growth: growth.to_owned(), rate };
    }
    Ok(law)
}

/// How depth grows in the terms of a sum over keys, by the definition of the order in which they are added up.
pub fn growth(policy: Policy) -> (&'static str, String) {
    match policy {
        Policy::Exact => ("constant", "0".to_owned()),
        Policy::Tree(k) => ("logarithmic", format!("ceil(log_{k}) of it for each sum over keys")),
        Policy::Sequential => ("linear", "1 for each sum over keys".to_owned()),
        Policy::Blocked(k) => ("linear", format!("1/{k} for each sum over keys")),
    }
}

/// Whether the context is not free, so that figures are of this one.
fn at_one_context(analysis: &Analysis) -> bool {
    !analysis.dims.contains_key("context")
}

fn valid(spec: &Spec, context: u64, analysis: &Analysis) -> String {
    if at_one_context(analysis) {
        return format!("context = {context}");
    }
    let limit = spec.architecture.context_limit();
    limit.map_or_else(|| "every context".to_owned(), |rows| format!("context <= {rows}"))
}

/// The critical path at the given axes.
fn steps(graph: &Graph, analysis: &Analysis) -> Vec<Step> {
    let ids: Vec<_> = graph.order().collect();
    let mut layer = 0;
    let path = analysis.deepest.path(analysis.output, analysis.critical()).into_iter();
    let costly = path.map(|node| (node, analysis.latency(node))).filter(|(_, cost)| *cost > 0);
    costly
        .map(|(place, cost)| {
            let node = graph.node(ids[place]);
            layer += cost;
            Step { module: node.module.join(" / "), operation: node.label.clone(), layer, cost: Some(cost) }
        })
        .collect()
}

/// The modules, operations that cost nothing left out.
fn tree(graph: &Graph, analysis: &Analysis, depth: u64) -> Vec<Module> {
    let path = analysis.deepest.path(analysis.output, analysis.critical());
    let mut critical = vec![false; analysis.nodes.len()];
    path.into_iter().for_each(|node| critical[node] = true);
    let costly = graph.order().filter(|id| !analysis.nodes[id.index()].count.is_zero());
    let figures = costly.map(|id| {
        let (node, place) = (graph.node(id), id.index());
        let layers = if critical[place] { analysis.latency(place) } else { 0 };
        let size = analysis.value(&analysis.nodes[place].count);
        Figures { module: &node.module, operation: &node.label, layers, size, wires: 0.into() }
    });
    let counted = match analysis.model {
        Model::Arithmetic => Counted::Operations,
        Model::Boolean | Model::Threshold => Counted::Gates,
    };
    modules::summed(figures, counted, depth)
}

fn assumptions(spec: &Spec, model: Model) -> Vec<String> {
    let numerics = &spec.numerics;
    let mut list = match model {
        Model::Arithmetic => arithmetic(),
        Model::Boolean => boolean(&numerics.weights.to_string(), &numerics.activations.to_string()),
        Model::Threshold => threshold(numerics),
    };
    if model == Model::Boolean && numerics.rounding == Rounding::Eager {
        list.push("rounding is eager: the result of every operation is rounded".to_owned());
    }
    list.push(
        "depth is counted by tensors: every element of a result is as deep as the deepest; keys outside a mask or a \
         sliding window cost nothing"
            .to_owned(),
    );
    list.push("weights were not read: the figures hold for every setting of them".to_owned());
    list.push("this is the cost of these constructions, not a lower bound: shallower ones may exist".to_owned());
    list
}

/// The rules of a model for systems; of threshold gates, in these numerics.
pub(super) fn rules(model: Model, numerics: Option<&Numerics>) -> Vec<String> {
    let mut list = match model {
        Model::Arithmetic => arithmetic(),
        Model::Boolean => boolean("their format", "theirs"),
        Model::Threshold => numerics.map(threshold).unwrap_or_default(),
    };
    list.push("depth is counted by tensors, and the law is of that count, by certificates".to_owned());
    list.push("this is the cost of these constructions, not a lower bound: shallower ones may exist".to_owned());
    list
}

fn arithmetic() -> Vec<String> {
    [
        "operations on reals with at most two operands, each at cost 1, by the rules of arXiv 2603.09786",
        "sum, product, quotient, scale, any univariate function: 1; a sum or greatest of n: ceil(log2(n)); a linear map of n \
         features: 1 + ceil(log2(n)), 1 more with a bias",
        "a norm over d features: ceil(log2(d)) + 5, 1 more each for gain and bias; centring: ceil(log2(d)) + 2; a rotation: 2",
        "softmax over k keys: scale, cap, exponential, sum ceil(log2(k)), quotient; the average: 1 + ceil(log2(k)); no \
         greatest score is subtracted, for scores are clamped",
        "table rows, masks, reshapes, rounding and clamps are free: formats play no part",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Threshold gates where partial sums are rounded.
fn threshold(numerics: &Numerics) -> Vec<String> {
    let numerics = super::numerics(numerics);
    let order = numerics.accumulator.map_or_else(
        || "sums are exact".to_owned(),
        |format| {
            format!(
                "accumulation is {}: partial sums over a dimension (linear maps, products of queries and keys, sums over keys, squares of a norm, \
                 means) are rounded to {format}, in the order of their index; keys a mask leaves out count as zeros",
                numerics.accumulate
            )
        },
    );
    let layers = "every rounding of a partial sum is a layer of gates, one for each level of its format; a tree of k has ceil(log_k(n)) of \
                  them for n terms, sequential n - 1, blocks of k have k - 1 and as many as there are blocks less one";
    let formats = format!(
        "weights in {}, activations in {}; rounding is {}; values are rounded to nearest, ties to even, and saturate",
        numerics.weights, numerics.activations, numerics.rounding
    );
    vec![order, layers.to_owned(), formats, "strategy depth: fewest layers, at the price of gates".to_owned()]
}

fn boolean(weights: &str, activations: &str) -> Vec<String> {
    let formats = format!(
        "gates AND, OR and XOR of two bits on weights in {weights} and activations in {activations}; negations, constants and \
         shifts are free"
    );
    let rules = [
        "the function is that of the threshold circuit, bit for bit: sums are exact before they are rounded, and rounding costs \
         its sticky bit, increment and saturation",
        "w bits: adder 2*ceil(log2(w)) + 2 (prefixes); sum of n numbers 5*(ceil(log2(n)) - 1) and an adder (4:2 compressors); \
         comparison with a constant 2*ceil(log2(w))",
        "products are sums of rows of ANDs; weights are constants, so a product with one is a sum of shifted copies, of which \
         each bit of its format counts as one",
        "functions of one value, quotients and norms are compared with all levels of the format at once, and the level is chosen \
         by a table: shallow, at the price of gates",
    ];
    [formats].into_iter().chain(rules.map(str::to_owned)).collect()
}
