//! Anything that can be asked for its depth: a document lowered as a looped system, with its certified law and its sizes; must not know
//! commands or claims.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::looped::LoopedModel;
use super::{Error, parameters};
use crate::certificate::CheckError;
use crate::circuit::measure::{self, LoopedMeasure};
use crate::expr::{Dim, Expr, Size};
use crate::law::{Growing, Law, LawError, derive};
use crate::loops::{Axis, Block, Outlet, System};
use crate::number::Policy;
use crate::onnx;
use crate::program;
use crate::recurrent::{self, Recurrence};
use crate::spec::{Document, Looped as LoopedSpec, Looping, Numerics, Spec};
use crate::tensor::build::BuildError;
use crate::tensor::looped::{Looped, from_architecture};
use crate::tensor::params::Source;
use crate::tensor::{self, Parameters};
use crate::words::Strategy;

/// How a document is lowered.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is saved.
    pub strategy: Strategy,
    /// Lengths of axes, over those the document names; `context` is also that of what is read at once.
    pub lengths: BTreeMap<String, u64>,
    /// How associative recurrences are lowered.
    pub recurrence: Recurrence,
    /// Weights are read or drawn, not left open.
    pub bound: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { strategy: Strategy::Depth, lengths: BTreeMap::new(), recurrence: Recurrence::Sequential, bound: false }
    }
}

/// A system with its law.
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Numbers in its weights; 0 where it has none of its own.
    pub parameters: u128,
    /// Weights and activations, where the document gives one pair of formats.
    pub formats: String,
    /// The system.
    pub model: LoopedModel,
    /// Its depth in the lengths of its axes.
    pub law: Law,
    /// Its gates and wires in the lengths of its axes, and in [`Subject::flat`].
    pub sizes: LoopedMeasure,
    /// Dimensions that lie inside of bodies, with the lengths they are bound to: the depth of no array depends on them.
    pub flat: Vec<(Dim, u64)>,
    /// Lengths the system was built for, of which its law says nothing.
    pub built: Vec<(String, u64)>,
    /// The longest context, where positions are a table.
    pub limit: Option<u64>,
    /// Tokens of a segment, where the context is read a segment after the other.
    pub segment: Option<u64>,
}

/// How a law grows along an axis; along the context, where that is read in segments of so many tokens, as along the segments.
pub fn growth(law: &Law, axis: &str, segment: Option<u64>) -> Option<(Growing, String)> {
    if let (CONTEXT, Some(tokens)) = (axis, segment) {
        let (growing, rate) = growth(law, SEGMENTS, None)?;
        return Some((growing, if growing == Growing::Constant { rate } else { format!("1/{tokens} of {rate}") }));
    }
    let growth = law.growth.iter().find(|growth| &*growth.axis == axis)?;
    Some((growth.growing, growth.rate.clone()))
}

/// Its law; that there is none where the search has none for systems like it.
fn law(model: &LoopedModel) -> Result<Law, Error> {
    let skeleton = model.skeleton();
    match derive(&skeleton) {
        Err(error @ (LawError::Skeleton(CheckError::Skeleton(_)) | LawError::Delay { .. } | LawError::None)) => {
            let axes = skeleton.axes().iter().map(|axis| axis.name.clone()).collect();
            Ok(Law::without(axes, error.to_string()))
        }
        law => Ok(law?),
    }
}

/// The axis of segments.
const SEGMENTS: &str = "segments";
/// Tokens read.
const CONTEXT: &str = "context";

/// Lengths by the names of axes.
pub type Lengths = BTreeMap<String, u64>;

impl Subject {
    /// Lowers a document and derives its law.
    ///
    /// # Errors
    /// When the document cannot be lowered, an axis it lacks is given a length, or no law is found.
    pub fn new(document: &Document, options: &Options) -> Result<Self, Error> {
        match policy(document) {
            Policy::Exact => {}
            policy => return Err(Error::Accumulate { policy }),
        }
        let (graph, flat) = built(document, options)?;
        let model = LoopedModel::new(graph, options.strategy)?;
        // Neither reads the other.
        let (law, sizes) = std::thread::scope(|scope| {
            let sizes = scope.spawn(|| model.size_law());
            (law(&model), sizes.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let law = law?;
        let segment = segment(document).filter(|_| model.graph.axes().iter().any(|axis| &*axis.name == SEGMENTS));
        let limit = match document {
            Document::Model(spec) => spec.architecture.context_limit(),
            _ => None,
        };
        let built = match document {
            Document::Recurrent(recurrent) if options.recurrence == Recurrence::Scan => {
                let asked = options.lengths.get(CONTEXT).copied();
                vec![(CONTEXT.to_owned(), asked.unwrap_or(recurrent.default_context))]
            }
            Document::Onnx(model) => onnx::lengths(model, &options.lengths)?.into_iter().collect(),
            _ => Vec::new(),
        };
        let (name, formats) = (name(document).to_owned(), formats(document));
        let parameters = document.parameters();
        Ok(Self { name, parameters, formats, model, law, sizes, flat, built, limit, segment })
    }

    /// The axes along which blocks are repeated.
    pub fn axes(&self) -> &[Axis] {
        self.model.graph.axes()
    }

    /// Every dimension with the length it has, axes first.
    pub fn lengths(&self) -> Lengths {
        let axes = self.axes().iter().map(|axis| (axis.name.to_string(), axis.length));
        axes.chain(self.flat.iter().map(|(name, length)| (name.to_string(), *length))).collect()
    }

    /// Whether it has this axis or dimension.
    pub fn has(&self, axis: &str) -> bool {
        self.lengths().contains_key(axis) || (axis == CONTEXT && self.segment.is_some())
    }

    /// How the depth grows along an axis, and by how many layers; none if it has no such axis.
    pub fn growth(&self, axis: &str) -> Option<(Growing, String)> {
        if self.flat.iter().any(|(name, _)| &**name == axis) {
            return Some((Growing::Constant, "0".to_owned()));
        }
        growth(&self.law, axis, self.segment)
    }

    /// The lengths it has, with some replaced.
    pub fn at(&self, replaced: &Lengths) -> Lengths {
        let mut lengths = self.lengths();
        lengths.extend(replaced.iter().map(|(name, length)| (name.clone(), *length)));
        if let (Some(tokens), Some(context)) = (self.segment, replaced.get(CONTEXT)) {
            lengths.insert(SEGMENTS.to_owned(), context.div_ceil(tokens));
        }
        lengths
    }

    /// Whether some weights are not known, so that figures are bounds for every setting of them.
    pub fn has_open_weights(&self) -> bool {
        let bodies = self.model.graph.blocks().iter().flat_map(|block| &block.bodies);
        let open = bodies.into_iter().flat_map(|body| body.params()).any(|param| param.values.is_none());
        open || self.model.lowered.refusal.is_some()
    }

    /// Whether the system can have these lengths.
    pub fn can_have(&self, lengths: &Lengths) -> bool {
        self.limit.is_none_or(|limit| lengths.get(CONTEXT).is_none_or(|context| *context <= limit))
    }

    /// The depth at some lengths: the law's, or by visiting every iteration where the law says nothing and they are few; and whether
    /// it is exact.
    pub fn depth(&self, lengths: &Lengths) -> Option<(BigInt, bool)> {
        let of = |name: &str| lengths.get(name).copied();
        if let Some(depth) = self.law.value(&of) {
            return Some((depth, true));
        }
        self.visited(lengths).map(|depth| (depth, true)).or_else(|| Some((self.law.upper(&of)?, false)))
    }

    /// The depth by visiting every iteration, if they are few.
    pub fn visited(&self, lengths: &Lengths) -> Option<BigInt> {
        let skeleton = self.model.skeleton().resized(|name| lengths.get(&**name).copied()).ok()?;
        let iterations: u128 = (0..skeleton.blocks().len()).map(|block| skeleton.iterations(block)).sum();
        (iterations <= MOST_VISITED).then(|| skeleton.depth().into())
    }

    /// Where all values are known and the gates are few, at the lengths cut to two: the layers of the single gates, and those of their
    /// arrays, which the law counts, if they are more: constants then make terms vanish.
    pub fn vanishing(&self) -> Option<Vanishing> {
        let lengths: Lengths = self.lengths().into_iter().map(|(axis, length)| (axis, length.min(2))).collect();
        let wires = self.sizes.wires.as_ref().map(|wires| self.size(wires, &lengths))?;
        if self.has_open_weights() || wires > MOST_WIRES.into() {
            return None;
        }
        let short = self.model.clone().resized(|axis| lengths.get(axis).copied()).ok()?;
        let (gates, arrays) = (measure::exact(&short.unrolled().ok()?).ok()?.depth, short.skeleton().depth());
        (gates < arrays).then_some(Vanishing { lengths, gates, arrays })
    }

    /// A size at some lengths.
    pub fn size(&self, size: &Expr, lengths: &Lengths) -> BigInt {
        size.value(|name| lengths.get(&**name).copied().unwrap_or(1))
    }

    /// The law in words: `2*steps + 3`, with what bounds and lengths it is for.
    pub fn law_text(&self) -> String {
        self.law.to_string()
    }
}

/// Depths at some lengths that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vanishing {
    /// The lengths.
    pub lengths: Lengths,
    /// Layers of single gates.
    pub gates: u64,
    /// Layers of arrays.
    pub arrays: u64,
}

/// Wires visited one by one to see whether constants make gates vanish.
const MOST_WIRES: u64 = 1 << 17;

/// Iterations visited one by one where a law says nothing.
const MOST_VISITED: u128 = 100_000;

/// The depth is that of every length of a free dimension inside of bodies: no depth of an array uses a size.
fn context(name: &str, length: u64) -> Vec<(Dim, u64)> {
    vec![(name.into(), length)]
}

impl LoopedModel {
    /// Lowers a document at the lengths it has or is asked for.
    ///
    /// # Errors
    /// When it cannot be lowered, or an axis it lacks is given a length.
    pub fn of(document: &Document, options: &Options) -> Result<Self, Error> {
        Self::new(built(document, options)?.0, options.strategy)
    }
}

/// How a document's sums are added up.
pub fn policy(document: &Document) -> Policy {
    numerics(&mut document.clone()).map_or(Policy::Exact, |numerics| numerics.accumulate)
}

/// A document as a looped graph at the lengths it has or is asked for, and the dimensions that lie inside of its bodies.
///
/// # Errors
/// When it cannot be built, or an axis it lacks is given a length.
pub fn built(document: &Document, options: &Options) -> Result<(Looped, Vec<(Dim, u64)>), Error> {
    let (graph, flat) = graph(document, options)?;
    Ok((lengthened(graph, document, &in_segments(document, options), &flat)?, flat))
}

/// A document as a looped graph, and the dimensions that lie inside of its bodies.
///
/// # Errors
/// When it cannot be built at the lengths asked for.
pub fn graph(document: &Document, options: &Options) -> Result<(Looped, Vec<(Dim, u64)>), Error> {
    let asked = options.lengths.get("context").copied();
    match document {
        Document::Model(spec) => model(spec, asked.unwrap_or(spec.architecture.default_context), options.bound),
        Document::Program(program) => Ok((program::system(program)?, Vec::new())),
        Document::Onnx(model) => Ok((onnx::system(model, &options.lengths, options.bound)?, Vec::new())),
        Document::Recurrent(recurrent) => {
            let length = asked.unwrap_or(recurrent.default_context);
            let graph = match options.bound {
                true => recurrent::system(recurrent, options.recurrence, length)?,
                false => {
                    let free = Parameters { format: recurrent.numerics.weights, source: Source::Free };
                    recurrent::with_parameters(recurrent, &free, options.recurrence, length)?
                }
            };
            Ok((graph, Vec::new()))
        }
        Document::Looped(looped) => match &**looped {
            LoopedSpec::Model(spec, Looping::EncoderDecoder) => {
                let mut spec = spec.clone();
                let length = asked.unwrap_or(spec.architecture.default_context);
                spec.architecture.default_context = length;
                let graph = super::looped(&LoopedSpec::Model(spec, Looping::EncoderDecoder), options.bound)?;
                Ok((graph, context("context", length)))
            }
            _ => Ok((super::looped(looped, options.bound)?, Vec::new())),
        },
    }
}

/// A context, where it is read a segment after the other, as so many segments.
fn in_segments(document: &Document, options: &Options) -> Options {
    let mut options = options.clone();
    if let (Some(tokens), false) = (segment(document), options.lengths.contains_key(SEGMENTS))
        && let Some(context) = options.lengths.remove(CONTEXT)
    {
        options.lengths.insert(SEGMENTS.to_owned(), context.div_ceil(tokens.max(1)));
    }
    options
}

/// Tokens of a segment, where the context is read a segment after the other.
pub fn segment(document: &Document) -> Option<u64> {
    let Document::Looped(looped) = document else { return None };
    match &**looped {
        LoopedSpec::Model(spec, Looping::SegmentMemory { .. } | Looping::MemoryTokens { .. }) => {
            Some(spec.architecture.default_context)
        }
        _ => None,
    }
}

fn free(spec: &Spec) -> Parameters {
    Parameters { format: spec.numerics.weights, source: Source::Free }
}

/// A transformer as a loop over its layers; if its blocks are not alike, as one block without axes.
fn model(spec: &Spec, length: u64, bound: bool) -> Result<(Looped, Vec<(Dim, u64)>), Error> {
    let weights = if bound { parameters(spec)? } else { free(spec) };
    let size = Size::free(&"context".into(), length);
    let flat = context("context", length);
    match from_architecture(&spec.architecture, &spec.numerics, &weights, &size) {
        Err(BuildError::Unlike { .. }) => {
            let graph = tensor::from_architecture(&spec.architecture, &spec.numerics, &weights, &size)?;
            let outlet = Outlet { name: graph.output_name().to_owned(), block: 0, output: 0 };
            let (axes, bodies) = (Vec::new(), vec![graph]);
            let whole = Block { name: "model".to_owned(), axes, bodies, varies: None, ports: Vec::new() };
            Ok((System::new(Vec::new(), vec![whole], vec![outlet])?, flat))
        }
        graph => Ok((graph?, flat)),
    }
}

/// At the lengths asked for.
fn lengthened(graph: Looped, document: &Document, options: &Options, flat: &[(Dim, u64)]) -> Result<Looped, Error> {
    if matches!(document, Document::Onnx(_)) {
        // Its symbolic axes were bound when it was made.
        return Ok(graph);
    }
    let axes: Vec<String> = graph.axes().iter().map(|axis| axis.name.to_string()).collect();
    // A scan lists its positions: it is built for one context.
    let built = |name: &String| name == CONTEXT && options.recurrence == Recurrence::Scan;
    let known = |name: &String| axes.contains(name) || built(name) || flat.iter().any(|(dim, _)| **dim == **name);
    if let Some(axis) = options.lengths.keys().find(|name| !known(name)) {
        let has = axes.iter().cloned().chain(flat.iter().map(|(name, _)| name.to_string())).collect::<Vec<_>>();
        return Err(Error::Axis { axis: axis.clone(), has: has.join(", ") });
    }
    Ok(graph.resized(|name| options.lengths.get(&**name).copied())?)
}

/// A document's name.
pub fn name(document: &Document) -> &str {
    match document {
        Document::Model(spec) => &spec.architecture.name,
        Document::Recurrent(recurrent) => &recurrent.name,
        Document::Program(program) => &program.name,
        Document::Onnx(model) => &model.name,
        Document::Looped(looped) => match &**looped {
            LoopedSpec::Model(spec, _) => &spec.architecture.name,
            LoopedSpec::LinearAttention(layers) => &layers.name,
        },
    }
}

/// Its numerics, where it has those of models.
pub fn numerics(document: &mut Document) -> Option<&mut Numerics> {
    match document {
        Document::Model(spec) => Some(&mut spec.numerics),
        Document::Recurrent(recurrent) => Some(&mut recurrent.numerics),
        Document::Looped(looped) => match &mut **looped {
            LoopedSpec::Model(spec, _) => Some(&mut spec.numerics),
            LoopedSpec::LinearAttention(_) => None,
        },
        Document::Onnx(model) => Some(&mut model.numerics),
        Document::Program(_) => None,
    }
}

fn formats(document: &Document) -> String {
    match numerics(&mut document.clone()) {
        Some(numerics) => format!("weights {}, activations {}", numerics.weights, numerics.activations),
        None => "as the file says".to_owned(),
    }
}
