//! One safetensors file, or several with an index: which tensor is in which; knows nothing of architectures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::Deserialize;

use super::{fault, map};
use crate::spec::{Error, Place, Problem};

/// The index of a checkpoint in several files.
pub(in crate::spec) const INDEX: &str = "model.safetensors.index.json";

/// Largest index read, in bytes.
const MAX_INDEX: u64 = 64 << 20;

/// Files mapped into memory.
pub(super) struct Files {
    /// Each file's path and bytes.
    mapped: Vec<(PathBuf, Mmap)>,
    /// The index, and the file each tensor is said to be in.
    index: Option<(PathBuf, BTreeMap<String, String>)>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Files {
    /// Opens a file; or all files an index names, where the path is an index or names a file beside one that is not there.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let beside = path.with_file_name(INDEX);
        if path.extension().is_some_and(|ending| ending == "json") {
            Self::shards(path)
        } else if !path.exists() && beside.is_file() {
            Self::shards(&beside)
        } else {
            Ok(Self { mapped: vec![(path.to_owned(), mapped(path)?)], index: None })
        }
    }

    fn shards(index: &Path) -> Result<Self, Error> {
        let weight_map = read_index(index)?;
        let names: BTreeSet<&String> = weight_map.values().collect();
        let (mut mapped_files, mut problems) = (Vec::new(), Vec::new());
        for name in names {
            let path = index.with_file_name(name);
            let plain = Path::new(name).file_name().is_some_and(|last| last == name.as_str());
            let opened = if plain { mapped(&path) } else { Err(outside(index, name)) };
            match opened {
                Ok(bytes) => mapped_files.push((path, bytes)),
                Err(error) => problems.push(shard_problem(index, name, &weight_map, &error)),
            }
        }
        Error::all(problems)?;
        Ok(Self { mapped: mapped_files, index: Some((index.to_owned(), weight_map)) })
    }

    /// The tensors of all files.
    pub fn stock(&self) -> Result<Stock<'_>, Error> {
        let mut stock = Stock { files: Vec::new(), places: BTreeMap::new() };
        let mut problems = Vec::new();
        for (number, (path, bytes)) in self.mapped.iter().enumerate() {
            let tensors = SafeTensors::deserialize(bytes).map_err(|error| fault::malformed(path, bytes, &error))?;
            for (name, _) in tensors.iter() {
                if let Some(other) = stock.places.insert(name.to_owned(), number) {
                    let message = format!("tensor `{name}` is in `{}` too", self.mapped[other].0.display());
                    problems.push(Problem::new(message).at(place(path)));
                }
            }
            stock.files.push((path.as_path(), tensors));
        }
        problems.extend(self.index.iter().flat_map(|(index, map)| stock.against(index, map)));
        Error::all(problems).map(|()| stock)
    }
}

/// The tensors of one or several files.
pub(super) struct Stock<'a> {
    files: Vec<(&'a Path, SafeTensors<'a>)>,
    /// The number of the file each tensor is in.
    places: BTreeMap<String, usize>,
}

impl Stock<'_> {
    /// The names of all tensors.
    pub fn names(&self) -> BTreeSet<&str> {
        self.places.keys().map(String::as_str).collect()
    }

    /// One tensor.
    pub fn tensor(&self, name: &str) -> Option<TensorView<'_>> {
        self.files[*self.places.get(name)?].1.tensor(name).ok()
    }

    /// The file a tensor is in.
    pub fn file(&self, name: &str) -> Option<&Path> {
        self.places.get(name).map(|number| self.files[*number].0)
    }

    /// Where files and their index do not agree.
    fn against(&self, index: &Path, map: &BTreeMap<String, String>) -> Vec<Problem> {
        let has = |name: &str, shard: &str| self.file(name).is_some_and(|file| file.ends_with(shard));
        let absent = map.iter().filter(|(name, shard)| !has(name, shard));
        let absent = absent
            .map(|(name, shard)| format!("the index places tensor `{name}` in `{shard}`, which does not hold it"));
        let unlisted = self.places.keys().filter(|name| !map.contains_key(*name));
        let unlisted = unlisted.map(|name| {
            let file = self.file(name).unwrap_or(index).display();
            format!("tensor `{name}` is in `{file}`, but not in the index")
        });
        absent.chain(unlisted).map(|message| Problem::new(message).at(place(index))).collect()
    }
}

fn read_index(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let failed = |error: String| Problem::new(format!("cannot read the index of shards: {error}")).at(place(path));
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_INDEX {
        return Err(failed(format!("it has {size} bytes; at most {MAX_INDEX} are read")).into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let index: Index = serde_json::from_str(&text).map_err(|error| {
        failed(error.to_string()).help("it should hold {\"weight_map\": {\"tensor\": \"file\", ...}}")
    })?;
    if index.weight_map.is_empty() {
        return Err(failed("its weight_map is empty".to_owned()).into());
    }
    Ok(index.weight_map)
}

fn mapped(path: &Path) -> Result<Mmap, Error> {
    let failed = |error| Problem::new(format!("cannot read the weight file `{}`: {error}", path.display()));
    Ok(map::map(path).map_err(failed)?)
}

fn outside(index: &Path, name: &str) -> Error {
    Problem::new(format!("`{name}` is not the name of a file beside the index")).at(place(index)).into()
}

fn shard_problem(index: &Path, name: &str, map: &BTreeMap<String, String>, error: &Error) -> Problem {
    let mut held = map.iter().filter(|(_, shard)| *shard == name).map(|(tensor, _)| tensor.as_str());
    let (first, others) = (held.next().unwrap_or_default(), held.count());
    let reason = error.problems().first().map_or("", Problem::message);
    let message = format!("shard `{name}` with tensor `{first}` and {others} more: {reason}");
    Problem::new(message).at(place(index))
}

fn place(path: &Path) -> Place {
    Place::file(path.display().to_string())
}
