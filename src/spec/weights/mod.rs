//! Weight values from a safetensors file, under the names of [`parameters()`]; knows nothing of number formats or circuits.
//!
//! Every tensor the architecture reads must be in the file with its exact shape, and every tensor of the file must be one that is
//! read or known to hold no weight. Missing, extra and misshapen tensors are told all at once.

mod decode;
mod names;

use super::{Architecture, Error, Looping, Parameter, Problem, Spec, WeightSource, parameters};
use names::Stored;
use safetensors::SafeTensors;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// Largest weight file read, in bytes: it is held in memory.
const MAX_BYTES: u64 = 4 << 30;

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
/// tensors, values that are not finite, or a number type other than F64, F32, F16 and BF16; when the family's names are not known.
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
    let bytes = bytes(path)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| malformed(path, bytes.len(), &error))?;
    let wanted = wanted(spec, &file, parameters)?;
    let context = Context { path, file: &file, architecture: &spec.architecture };
    context.compare(&wanted)?;
    context.values(&wanted)
}

/// Each canonical tensor and where the file has it.
fn wanted(spec: &Spec, file: &SafeTensors, parameters: Vec<Parameter>) -> Result<Vec<(Parameter, Stored)>, Error> {
    let names: BTreeSet<&str> = file.iter().map(|(name, _)| name).collect();
    let scheme = names::scheme(&spec.architecture, &names)?;
    Ok(parameters.into_iter().map(|parameter| (parameter.clone(), scheme(&parameter))).collect())
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let name = path.display();
    refuse_shards(path)?;
    let failed = |error: std::io::Error| Problem::new(format!("cannot read the weight file `{name}`: {error}"));
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > MAX_BYTES {
        let message = format!("the weight file `{name}` has {size} bytes; at most {MAX_BYTES} are read");
        return Err(Problem::new(message).help("a report needs no weights: use weights = \"free\"").into());
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn refuse_shards(path: &Path) -> Result<(), Error> {
    let index = path.with_file_name("model.safetensors.index.json");
    let is_index = path.extension().is_some_and(|ending| ending == "json");
    if is_index || (!path.exists() && index.is_file()) {
        let message = format!("`{}` is one of several shards, which are not supported", path.display());
        return Err(Problem::new(message).help("save the weights as one model.safetensors").into());
    }
    Ok(())
}

fn malformed(path: &Path, size: usize, error: &safetensors::SafeTensorError) -> Error {
    let message = format!("`{}` is not a whole safetensors file: {error}", path.display());
    Problem::new(message).help(format!("it has {size} bytes; is it truncated, or a Git LFS pointer?")).into()
}

struct Context<'a> {
    path: &'a Path,
    file: &'a SafeTensors<'a>,
    architecture: &'a Architecture,
}

impl Context<'_> {
    fn problem(&self, message: String) -> Problem {
        Problem::new(message).at(super::Place::file(self.path.display().to_string()))
    }

    /// Names and shapes, before any value.
    fn compare(&self, wanted: &[(Parameter, Stored)]) -> Result<(), Error> {
        let read: BTreeSet<&str> = wanted.iter().map(|(_, stored)| stored.name.as_str()).collect();
        let there: BTreeSet<&str> = self.file.iter().map(|(name, _)| name).collect();
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
        let data = |name| self.file.tensor(name).ok().map(|view| (view.dtype(), view.data()));
        self.architecture.tied && name.ends_with("lm_head.weight") && data(name) == data(embedding)
    }

    fn misshapen(&self, stored: &Stored) -> Option<Problem> {
        let found: Vec<u64> = self.file.tensor(&stored.name).ok()?.shape().iter().map(|&size| size as u64).collect();
        let name = &stored.name;
        let message = || format!("tensor `{name}` has shape {found:?}, but must have {:?}", stored.shape);
        (found != stored.shape).then(|| self.problem(message()))
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
        let view = self.file.tensor(name).map_err(|error| self.problem(error.to_string()))?;
        let values = decode::values(view.dtype(), view.data()).ok_or_else(|| {
            let message = format!("tensor `{name}` is stored as {}; supported: F64, F32, F16, BF16", view.dtype());
            self.problem(message)
        })?;
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let message = format!("tensor `{name}` is {} at {:?}", values[index], position(index, view.shape()));
            return Err(self.problem(message));
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
