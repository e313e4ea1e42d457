//! From the graph of an ONNX file to a tensor graph: lengths of axes bound, shapes worked out, integer constants folded, one node after
//! another; must not know circuits.
//!
//! The tensor graph alone says what is computed. Under `fused` rounding a value is rounded to the format of activations where a product
//! of data, a function, a quotient, a norm or a maximum reads it, unless it is stored already, or a constant multiple of what is stored
//! where a product reads it; inputs and rows of embeddings are stored. A function, a quotient, a norm and each share of a softmax are
//! rounded once. Sums, means, matrix products and moves are exact. Under `eager` rounding, what an operator makes is rounded too, but for
//! moves. Constants of several numbers are weights, rounded to their format; single numbers are exact.
//!
//! Scores of a softmax are clamped, as those of models are, and `e^s` is the table `max(1, round(2^P e^s))`. Constants up to -10000 added
//! to scores, or put in their place, are a mask: it leaves scores out. A divisor that is rounded to zero is taken as one level.
//! Integer inputs are token ids, which only embeddings read.

mod array;
mod emit;
mod import;
mod ops;
mod patterns;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use crate::loops::{Block, Outlet, System};
use crate::spec::Error;
use crate::spec::onnx::{Dim, Graph, Model};
use crate::tensor::looped::Looped;

/// The graph at these lengths of its symbolic axes, as one block without loops; values of weights only if `bound`.
///
/// # Errors
/// When a length is missing or names no axis; all operators that are not read, and all that is wrong with nodes, at once.
pub fn system(model: &Model, lengths: &BTreeMap<String, u64>, bound: bool) -> Result<Looped, Error> {
    let lengths = self::lengths(model, lengths)?;
    let graph = import::graph(model, &lengths, bound)?;
    let outlet = |(output, (name, _)): (usize, &(String, _))| Outlet { name: name.clone(), block: 0, output };
    let outlets = graph.outputs().iter().enumerate().map(outlet).collect();
    let whole =
        Block { name: "model".to_owned(), axes: Vec::new(), bodies: vec![graph], varies: None, ports: Vec::new() };
    let wired = System::new(Vec::new(), vec![whole], outlets);
    wired.map_err(|error| import::refusal(model, vec![error.to_string()]))
}

/// The names of symbolic lengths of the inputs, in order.
pub fn names(graph: &Graph) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let dims = graph.inputs.iter().flat_map(|input| &input.dims);
    let named = dims.filter_map(|dim| if let Dim::Named(name) = dim { Some(name.as_str()) } else { None });
    named.filter(|name| seen.insert(*name)).collect()
}

/// A length for every symbolic axis. `context` stands for the only one there is, if none is called so.
///
/// # Errors
/// When one is missing, or a length names no axis.
pub fn lengths(model: &Model, given: &BTreeMap<String, u64>) -> Result<BTreeMap<String, u64>, Error> {
    let names = names(&model.graph);
    let mut lengths = given.clone();
    if let ([only], Some(length)) = (&names[..], given.get(CONTEXT))
        && *only != CONTEXT
        && !given.contains_key(*only)
    {
        lengths.remove(CONTEXT);
        lengths.insert((*only).to_owned(), *length);
    }
    let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let stray = lengths.keys().filter(|name| !names.contains(&name.as_str()));
    let mut problems: Vec<String> =
        stray.map(|name| format!("there is no symbolic axis `{name}`; there is {has}")).collect();
    let open: Vec<String> =
        names.iter().filter(|name| !lengths.contains_key(**name)).map(|name| format!("--at '{name}=N'")).collect();
    if !open.is_empty() {
        problems.push(format!("symbolic axes have no lengths; give them: {}", open.join(" ")));
    }
    if problems.is_empty() { Ok(lengths) } else { Err(import::refusal(model, problems)) }
}

/// Tokens read.
const CONTEXT: &str = "context";
