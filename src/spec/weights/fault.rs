//! What is wrong with a safetensors file, tensor by tensor, once reading it has failed; knows nothing of architectures.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensorError};
use serde::Deserialize;

use crate::spec::{Error, Place, Problem};

/// The largest header the format allows, in bytes.
const MAX_HEADER: u64 = 100_000_000;

/// An entry of the header.
#[derive(Deserialize)]
struct Entry {
    dtype: Dtype,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The error for a file that is no whole safetensors file, naming the tensor where one is to blame.
pub(super) fn malformed(path: &Path, bytes: &[u8], error: &SafeTensorError) -> Error {
    let what = header(bytes).map_or_else(|reason| reason, |(entries, size)| blame(&entries, size));
    let reason = what.unwrap_or_else(|| error.to_string());
    let message = format!("`{}` is not a whole safetensors file: {reason}", path.display());
    let help = format!("it has {} bytes; is it truncated, or a Git LFS pointer?", bytes.len());
    Problem::new(message).help(help).at(Place::file(path.display().to_string())).into()
}

/// The tensors a header lists and the bytes there are for them; or why there is no header to speak of.
fn header(bytes: &[u8]) -> Result<(BTreeMap<String, Entry>, u64), Option<String>> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(Some("it ends before the length of its header".to_owned()));
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER {
        return Err(Some(format!("its header would have {length} bytes; at most {MAX_HEADER} are allowed")));
    }
    let Some((header, data)) = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)) else {
        return Err(Some(format!("it ends within its header of {length} bytes")));
    };
    let values: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header).map_err(|_| None)?;
    let mut entries = BTreeMap::new();
    for (name, value) in values.into_iter().filter(|(name, _)| name != "__metadata__") {
        let entry = serde_json::from_value(value).map_err(|error| Some(format!("tensor `{name}`: {error}")))?;
        entries.insert(name, entry);
    }
    Ok((entries, data.len() as u64))
}

/// The first tensor, in the order of offsets, that is not where and what it should be.
fn blame(entries: &BTreeMap<String, Entry>, size: u64) -> Option<String> {
    let mut ordered: Vec<(&String, &Entry)> = entries.iter().collect();
    ordered.sort_by_key(|(_, entry)| entry.data_offsets);
    let (mut end, mut before) = (0, None);
    for (name, entry) in ordered {
        if let Some(reason) = wrong(entry, end, before, size) {
            return Some(format!("tensor `{name}` {reason}"));
        }
        (end, before) = (entry.data_offsets.1, Some(name));
    }
    (end < size).then(|| format!("{} bytes after the last tensor belong to none", size - end))
}

fn wrong(entry: &Entry, end: u64, before: Option<&String>, size: u64) -> Option<String> {
    let (from, to) = entry.data_offsets;
    let numbers = entry.shape.iter().try_fold(1u64, |all, size| all.checked_mul(*size));
    let needed = numbers.and_then(|numbers| numbers.checked_mul(entry.dtype.bitsize() as u64)).map(|bits| bits / 8);
    let Some(needed) = needed else {
        return Some(format!("of shape {:?} has more numbers than can be counted", entry.shape));
    };
    match before {
        Some(other) if from < end => {
            Some(format!("begins at byte {from}, within tensor `{other}`, which ends at {end}"))
        }
        _ if from > end => Some(format!("begins at byte {from}, but the one before it ends at {end}")),
        _ if to < from => Some(format!("ends at byte {to}, before it begins at {from}")),
        _ if to - from != needed => {
            let (kind, shape) = (entry.dtype, &entry.shape);
            Some(format!("has {} bytes, but {kind} of shape {shape:?} needs {needed}", to - from))
        }
        _ if to > size => Some(format!("ends at byte {to} of the data, of which the file has only {size}")),
        _ => None,
    }
}
