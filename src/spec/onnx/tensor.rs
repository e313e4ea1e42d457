//! Tensors of an ONNX file: element types, sizes held against the bytes there are, values as exact numbers; knows nothing of graphs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::proto;
use crate::spec::weights::{decode, map};

/// Element types that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IEEE binary32.
    Float,
    /// IEEE binary64.
    Double,
    /// IEEE binary16.
    Half,
    /// The upper half of a binary32.
    Brain,
    /// Integers and booleans, of so many bytes, signed or not.
    Integer(u8, bool),
    /// One byte, zero or one.
    Bool,
}

impl Kind {
    /// The element type of a number in the file.
    ///
    /// # Errors
    /// With the name of one that is not read.
    pub fn of(number: i32) -> Result<Self, String> {
        Ok(match number {
            1 => Self::Float,
            2 => Self::Integer(1, false),
            3 => Self::Integer(1, true),
            4 => Self::Integer(2, false),
            5 => Self::Integer(2, true),
            6 => Self::Integer(4, true),
            7 => Self::Integer(8, true),
            9 => Self::Bool,
            10 => Self::Half,
            11 => Self::Double,
            12 => Self::Integer(4, false),
            13 => Self::Integer(8, false),
            16 => Self::Brain,
            0 => return Err("no element type".to_owned()),
            _ => return Err(format!("element type {}", name(number))),
        })
    }

    /// Whether its values are real numbers.
    pub fn is_real(self) -> bool {
        matches!(self, Self::Float | Self::Double | Self::Half | Self::Brain)
    }

    /// Bytes of one element.
    fn bytes(self) -> u64 {
        match self {
            Self::Float => 4,
            Self::Double => 8,
            Self::Half | Self::Brain => 2,
            Self::Integer(bytes, _) => bytes.into(),
            Self::Bool => 1,
        }
    }
}

/// Names by number, from `TensorProto.DataType`.
fn name(number: i32) -> String {
    let names = [
        (8, "string"),
        (14, "complex64"),
        (15, "complex128"),
        (17, "float8e4m3fn"),
        (18, "float8e4m3fnuz"),
        (19, "float8e5m2"),
        (20, "float8e5m2fnuz"),
        (21, "uint4"),
        (22, "int4"),
        (23, "float4e2m1"),
        (24, "float8e8m0"),
        (25, "uint2"),
        (26, "int2"),
    ];
    let known = names.iter().find(|(own, _)| *own == number);
    known.map_or_else(|| format!("number {number}"), |(_, name)| (*name).to_owned())
}

/// A constant tensor: its bytes, little-endian, or where they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name; may be empty.
    pub name: String,
    /// The element type.
    pub kind: Kind,
    /// The axes.
    pub shape: Vec<u64>,
    data: Data,
}

#[derive(Clone, Debug, PartialEq)]
enum Data {
    Here(Arc<[u8]>),
    /// A file, and where in it the bytes begin.
    Beside(PathBuf, u64),
}

impl Tensor {
    /// Checks a tensor: its type, and that its data are as long as its shape says. External data are looked for beside `file`.
    ///
    /// # Errors
    /// With what is wrong.
    pub(super) fn new(from: proto::Tensor, file: Option<&Path>) -> Result<Self, String> {
        let kind = Kind::of(from.data_type)?;
        let shape = shape(&from.dims)?;
        if from.segment.is_some() {
            return Err("it comes in segments, which are not read".to_owned());
        }
        let elements = shape.iter().try_fold(1u64, |total, length| total.checked_mul(*length));
        let wanted = elements.and_then(|elements| elements.checked_mul(kind.bytes()));
        let wanted = wanted.ok_or_else(|| format!("its shape {shape:?} has more elements than there are bytes"))?;
        let data = match from.data_location {
            0 => Data::Here(inline(kind, &from, wanted)?),
            1 => external(&from.external_data, file, wanted)?,
            other => return Err(format!("its data are at location {other}, which is not known")),
        };
        Ok(Self { name: from.name, kind, shape, data })
    }

    /// How many elements.
    pub fn count(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Its elements as exact real numbers.
    ///
    /// # Errors
    /// When a file beside the model cannot be read.
    pub fn reals(&self) -> Result<Vec<f64>, String> {
        let read = |bytes: &[u8]| match self.kind {
            Kind::Float => decode::each(bytes, |word| f64::from(f32::from_le_bytes(word))),
            Kind::Double => decode::each(bytes, f64::from_le_bytes),
            Kind::Half => decode::each(bytes, |word| decode::half(u16::from_le_bytes(word))),
            Kind::Brain => decode::each(bytes, |word| decode::brain(u16::from_le_bytes(word))),
            Kind::Integer(..) | Kind::Bool => {
                integers(self.kind, bytes).into_iter().map(|value| value as f64).collect()
            }
        };
        self.read(read)
    }

    /// Its elements as integers, those of 64 unsigned bits modulo 2^64.
    ///
    /// # Errors
    /// When they are real numbers, or a file beside the model cannot be read.
    pub fn integers(&self) -> Result<Vec<i64>, String> {
        if self.kind.is_real() {
            return Err("it holds real numbers where integers are needed".to_owned());
        }
        self.read(|bytes| integers(self.kind, bytes))
    }

    fn read<T>(&self, f: impl FnOnce(&[u8]) -> T) -> Result<T, String> {
        let length = (self.count() * self.kind.bytes()) as usize;
        match &self.data {
            Data::Here(bytes) => Ok(f(bytes)),
            Data::Beside(path, offset) => {
                let bytes = map::map(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
                let start = usize::try_from(*offset).ok();
                let part = start.and_then(|start| bytes.get(start..start.checked_add(length)?));
                Ok(f(part.ok_or_else(|| format!("`{}` has become shorter", path.display()))?))
            }
        }
    }
}

/// The lengths of axes, none of them negative.
fn shape(dims: &[i64]) -> Result<Vec<u64>, String> {
    let length = |length: &i64| u64::try_from(*length).map_err(|_| format!("its shape {dims:?} has a negative length"));
    dims.iter().map(length).collect()
}

fn integers(kind: Kind, bytes: &[u8]) -> Vec<i64> {
    match kind {
        Kind::Integer(1, true) => decode::each(bytes, |word: [u8; 1]| i8::from_le_bytes(word).into()),
        Kind::Integer(2, true) => decode::each(bytes, |word| i16::from_le_bytes(word).into()),
        Kind::Integer(2, false) => decode::each(bytes, |word| u16::from_le_bytes(word).into()),
        Kind::Integer(4, true) => decode::each(bytes, |word| i32::from_le_bytes(word).into()),
        Kind::Integer(4, false) => decode::each(bytes, |word| u32::from_le_bytes(word).into()),
        Kind::Integer(8, _) => decode::each(bytes, i64::from_le_bytes),
        Kind::Bool => bytes.iter().map(|byte| i64::from(*byte != 0)).collect(),
        _ => bytes.iter().map(|byte| i64::from(*byte)).collect(),
    }
}

/// The bytes in the file: raw, or from the field of the element type.
fn inline(kind: Kind, from: &proto::Tensor, wanted: u64) -> Result<Arc<[u8]>, String> {
    let fields = [
        from.float_data.len(),
        from.int32_data.len(),
        from.int64_data.len(),
        from.double_data.len(),
        from.uint64_data.len(),
    ];
    let typed = fields.iter().filter(|len| **len > 0).count();
    if typed > 1 || (typed == 1 && !from.raw_data.is_empty()) {
        return Err("its data stand in several fields".to_owned());
    }
    let bytes: Vec<u8> = if typed == 0 { from.raw_data.clone() } else { typed_bytes(kind, from)? };
    match bytes.len() as u64 == wanted {
        true => Ok(bytes.into()),
        false => Err(format!("its shape {:?} takes {wanted} bytes, it has {}", from.dims, bytes.len())),
    }
}

/// Which field holds which type is told by the comments of `TensorProto`.
fn typed_bytes(kind: Kind, from: &proto::Tensor) -> Result<Vec<u8>, String> {
    let low = |width: u8| {
        from.int32_data.iter().flat_map(|value| value.to_le_bytes().into_iter().take(width.into())).collect()
    };
    let bytes: Vec<u8> = match kind {
        Kind::Float => from.float_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Kind::Double => from.double_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Kind::Half | Kind::Brain => low(2),
        Kind::Bool => low(1),
        Kind::Integer(8, true) => from.int64_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Kind::Integer(8, false) => from.uint64_data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Kind::Integer(4, false) => from.uint64_data.iter().flat_map(|value| (*value as u32).to_le_bytes()).collect(),
        Kind::Integer(width, _) => low(width),
    };
    match bytes.is_empty() {
        true => Err("its data stand in the field of another element type".to_owned()),
        false => Ok(bytes),
    }
}

/// A file beside the model, which must be there and long enough.
fn external(entries: &[proto::Entry], file: Option<&Path>, wanted: u64) -> Result<Data, String> {
    let entry = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let location = entry("location").ok_or("its external data have no location")?;
    let plain = Path::new(location).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !plain || location.is_empty() {
        return Err(format!("its external data are in `{location}`, which is not inside the folder of the model"));
    }
    let number = |key: &str| match entry(key).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => Err(format!("the {key} of its external data is no number")),
    };
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    if let Some(length) = length.filter(|length| *length != wanted) {
        return Err(format!("its shape takes {wanted} bytes, its external data have {length}"));
    }
    let path = file.and_then(Path::parent).unwrap_or(Path::new("")).join(location);
    let size = std::fs::metadata(&path)
        .map_err(|error| format!("its external data are missing: `{}`: {error}", path.display()))?;
    if !size.is_file() || offset.checked_add(wanted).is_none_or(|end| end > size.len()) {
        let (path, has) = (path.display(), size.len());
        return Err(format!(
            "its external data are bytes {offset} to {offset} + {wanted} of `{path}`, a file of {has} bytes"
        ));
    }
    Ok(Data::Beside(path, offset))
}
