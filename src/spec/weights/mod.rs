//! Weight values from safetensors files, under the names of [`parameters()`]; knows nothing of number formats or circuits.
//!
//! Files are mapped into memory, so they must not change while they are read. A checkpoint in several files is named by its
//! `model.safetensors.index.json`, or by the `model.safetensors` it has in place of. Every tensor the architecture reads must be in the file with its exact shape, and every tensor of the files must be one that is
//! read or known to hold no weight. Missing, extra and misshapen tensors are told all at once.

pub(super) mod decode;
mod fault;
mod files;
pub(super) mod map;
mod names;

use super::{Architecture, Error, Looping, Parameter, Problem, Spec, WeightSource, parameters};
use files::{Files, Stock};
use names::Stored;
use safetensors::tensor::TensorView;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) use files::INDEX;

/// Values of one weight tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its values, the last index fastest; all finite.
    pub values: Vec<f64>,
}

/// Reads the weights of a specification whose weights are a file, by canonical name.
///
/// # Errors
/// When the specification names no file; when the file cannot be read, is no safetensors file, holds too few, too many or misshapen
/// tensors, values that are not finite, or a number type other than F64, F32, F16, BF16 and I8; when the family's names are not known.
pub fn load(spec: &Spec) -> Result<BTreeMap<String, Tensor>, Error> {
    loaded(spec, parameters(&spec.architecture))
}

/// Reads the weight file of a looped model, with the weights that only the loop has.
///
/// # Errors
/// As [`load`].
pub fn load_looped(spec: &Spec, looping: Looping) -> Result<BTreeMap<String, Tensor>, Error> {
    let mut all = parameters(&spec.architecture);
    all.extend(looping.parameters(&spec.architecture));
    loaded(spec, all)
}

fn loaded(spec: &Spec, parameters: Vec<Parameter>) -> Result<BTreeMap<String, Tensor>, Error> {
    let WeightSource::File(path) = &spec.weights else {
        return Err(Problem::new("this specification names no weight file").into());
    };
    let files = Files::open(path)?;
    let stock = files.stock()?;
    let wanted = wanted(spec, &stock, parameters)?;
    let context = Context { path, stock: &stock, architecture: &spec.architecture };
    context.compare(&wanted)?;
    context.values(&wanted)
}

/// Each canonical tensor and where the file has it.
fn wanted(spec: &Spec, stock: &Stock, parameters: Vec<Parameter>) -> Result<Vec<(Parameter, Stored)>, Error> {
    let scheme = names::scheme(&spec.architecture, &stock.names())?;
    Ok(parameters.into_iter().map(|parameter| (parameter.clone(), scheme(&parameter))).collect())
}

struct Context<'a> {
    path: &'a Path,
    stock: &'a Stock<'a>,
    architecture: &'a Architecture,
}

impl Context<'_> {
    fn problem(&self, message: String) -> Problem {
        Problem::new(message).at(super::Place::file(self.path.display().to_string()))
    }

    /// A problem with a tensor, at the file it is in.
    fn problem_of(&self, tensor: &str, message: String) -> Problem {
        let path = self.stock.file(tensor).unwrap_or(self.path);
        Problem::new(message).at(super::Place::file(path.display().to_string()))
    }

    /// Names and shapes, before any value.
    fn compare(&self, wanted: &[(Parameter, Stored)]) -> Result<(), Error> {
        let read: BTreeSet<&str> = wanted.iter().map(|(_, stored)| stored.name.as_str()).collect();
        let there = self.stock.names();
        let missing: Vec<&str> = read.difference(&there).copied().collect();
        let unread = |name: &&str| {
            names::holds_no_weight(&self.architecture.family, name) || self.is_tied_copy(name, &wanted[0].1.name)
        };
        let extra = there.difference(&read).copied().filter(|name| !unread(name));
        let mut problems = Vec::new();
        for (what, list) in [("missing", missing), ("not part of this architecture", extra.collect())] {
            if !list.is_empty() {
                problems.push(self.problem(format!("tensors {what} ({}): {}", list.len(), list.join(", "))));
            }
        }
        problems.extend(wanted.iter().filter_map(|(_, stored)| self.misshapen(stored)));
        problems.dedup();
        Error::all(problems)
    }

    /// Whether a tensor is the embedding once more, kept as the output matrix of a model that ties the two.
    fn is_tied_copy(&self, name: &str, embedding: &str) -> bool {
        let (copy, embedding) = (self.stock.tensor(name), self.stock.tensor(embedding));
        let same = |(a, b): (TensorView, TensorView)| (a.dtype(), a.data()) == (b.dtype(), b.data());
        self.architecture.tied && name.ends_with("lm_head.weight") && copy.zip(embedding).is_some_and(same)
    }

    fn misshapen(&self, stored: &Stored) -> Option<Problem> {
        let found: Vec<u64> = self.stock.tensor(&stored.name)?.shape().iter().map(|&size| size as u64).collect();
        let name = &stored.name;
        let message = || format!("tensor `{name}` has shape {found:?}, but must have {:?}", stored.shape);
        (found != stored.shape).then(|| self.problem_of(name, message()))
    }

    fn values(&self, wanted: &[(Parameter, Stored)]) -> Result<BTreeMap<String, Tensor>, Error> {
        let mut tensors = BTreeMap::new();
        let mut problems = Vec::new();
        for (parameter, stored) in wanted {
            match self.tensor(parameter, stored) {
                Ok(tensor) => {
                    tensors.insert(parameter.name.clone(), tensor);
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems.dedup();
        Error::all(problems).map(|()| tensors)
    }

    fn tensor(&self, parameter: &Parameter, stored: &Stored) -> Result<Tensor, Problem> {
        let name = &stored.name;
        let view = self.stock.tensor(name).ok_or_else(|| self.problem(format!("tensor `{name}` is missing")))?;
        let values = decode::values(view.dtype(), view.data()).ok_or_else(|| {
            let message = format!("tensor `{name}` is stored as {}; supported: F64, F32, F16, BF16, I8", view.dtype());
            self.problem_of(name, message)
        })?;
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let message = format!("tensor `{name}` is {} at {:?}", values[index], position(index, view.shape()));
            return Err(self.problem_of(name, message));
        }
        Ok(Tensor { shape: parameter.shape.clone(), values: stored.cut(values) })
    }
}

/// The indices of a flat position.
fn position(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut indices: Vec<usize> = shape.iter().rev().map(|&size| (flat % size, flat /= size).0).collect();
    indices.reverse();
    indices
}

#[cfg(test)]
mod tests;
