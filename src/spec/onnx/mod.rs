//! ONNX files: the graph they hold, checked for what can be wrong with any graph; must not know what operators mean.
//!
//! Operator sets 7 to 28 of the standard domain are read; where an operator changed between them its importer says which it takes.

mod graph;
mod proto;
mod tensor;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use prost::Message;

use super::error::{Place, Problem};
use super::weights::map;
use super::{Error, Numerics, numerics};

pub use graph::{Attribute, Dim, Graph, Input, Node};
pub use tensor::{Kind, Tensor};

/// The oldest and the newest operator set that is read.
pub const OPSETS: (u64, u64) = (7, 28);

/// A model: its graph, and how its numbers are rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The file's name without its ending.
    pub name: String,
    /// The operator set of the standard domain.
    pub opset: u64,
    /// The graph.
    pub graph: Graph,
    /// The formats, which the file does not tell.
    pub numerics: Numerics,
}

impl Model {
    /// The same model with an input held at a value; itself where it has no such input.
    #[must_use]
    pub fn held(mut self, input: &str, value: Tensor) -> Self {
        let before = self.graph.inputs.len();
        self.graph.inputs.retain(|own| own.name != input);
        if self.graph.inputs.len() < before {
            self.graph.initialisers.insert(input.to_owned(), Arc::new(value));
        }
        self
    }
}

/// Whether a path is named like an ONNX file.
pub(super) fn is_named(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or is malformed; all that is wrong with its graph at once.
pub fn read(path: &Path) -> Result<Model, Error> {
    let shown = path.display().to_string();
    let bytes = map::map(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new(format!("there is no file `{shown}`")),
        _ => Problem::new(format!("cannot read `{shown}`: {error}")),
    })?;
    let name = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    parse(&name, &bytes, Some(path))
}

/// Reads a model from bytes; external data are looked for beside `file`.
///
/// # Errors
/// As [`read`].
pub fn parse(name: &str, bytes: &[u8], file: Option<&Path>) -> Result<Model, Error> {
    let shown = file.map_or_else(|| name.to_owned(), |file| file.display().to_string());
    let problem = |message: String| Problem::new(message).at(Place::file(shown.clone()));
    let malformed = |error: prost::DecodeError| problem(format!("this is no ONNX file, or a damaged one: {error}"));
    let model = proto::Model::decode(bytes).map_err(malformed)?;
    let opset = opset(&model).map_err(&problem)?;
    if let Some(function) = model.functions.first() {
        let message = format!("the model defines functions of its own (`{}.{}`)", function.domain, function.name);
        return Err(problem(message).help("export it with its functions inlined").into());
    }
    let graph = model.graph.ok_or_else(|| problem("the file holds no graph".to_owned()))?;
    let mut checker = graph::Checker { file, problems: Vec::new() };
    let graph = checker.graph(graph, &BTreeSet::new());
    if graph.outputs.is_empty() {
        checker.problems.push("the graph gives nothing out".to_owned());
    }
    Error::all(checker.problems.into_iter().map(&problem).collect())?;
    Ok(Model { name: name.to_owned(), opset, graph, numerics: numerics::defaults()? })
}

/// The operator set of the standard domain.
fn opset(model: &proto::Model) -> Result<u64, String> {
    if model.ir_version < 3 {
        return Err(format!(
            "this is no ONNX file, or one of format version {}; versions from 3 on are read",
            model.ir_version
        ));
    }
    let standard = |set: &&proto::OpsetId| matches!(set.domain.as_str(), "" | "ai.onnx");
    let version = model.opset_import.iter().find(standard).map(|set| set.version);
    let version = version.ok_or("the model names no operator set of the standard domain")?;
    let (first, last) = OPSETS;
    match u64::try_from(version) {
        Ok(opset) if (first..=last).contains(&opset) => Ok(opset),
        _ => Err(format!("operator set {version} is not known; {first} to {last} are read")),
    }
}

/// A tensor of a `.pb` file, such as the data of ONNX's node tests.
///
/// # Errors
/// When it is malformed.
pub fn parse_tensor(bytes: &[u8]) -> Result<Tensor, Error> {
    let malformed = |error: prost::DecodeError| Problem::new(format!("this is no tensor: {error}"));
    let tensor = proto::Tensor::decode(bytes).map_err(malformed)?;
    Ok(Tensor::new(tensor, None).map_err(Problem::new)?)
}
