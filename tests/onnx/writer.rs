//! ONNX files written by hand, field by field: an encoder that shares nothing with the reader.

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub fn int(tag: u64, value: i64) -> Vec<u8> {
    [varint(tag << 3), varint(value as u64)].concat()
}

pub fn bytes(tag: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [varint(tag << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

pub fn node(op: &str, name: &str, inputs: &[&str], outputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|input| bytes(1, input));
    let outputs = outputs.iter().flat_map(|output| bytes(2, output));
    let attributes = attributes.iter().flat_map(|attribute| bytes(5, attribute));
    let node: Vec<u8> = inputs.chain(outputs).chain(bytes(3, name)).chain(bytes(4, op)).chain(attributes).collect();
    bytes(1, node)
}

pub fn attribute(name: &str, kind: i64, field: Vec<u8>) -> Vec<u8> {
    [bytes(1, name), field, int(20, kind)].concat()
}

pub enum D<'a> {
    N(i64),
    S(&'a str),
}

pub fn value(tag: u64, name: &str, element: i64, dims: &[D<'_>]) -> Vec<u8> {
    let dim = |dim: &D<'_>| match dim {
        D::N(value) => bytes(1, int(1, *value)),
        D::S(name) => bytes(1, bytes(2, name)),
    };
    let shape: Vec<u8> = dims.iter().flat_map(dim).collect();
    let tensor = [int(1, element), bytes(2, shape)].concat();
    bytes(tag, [bytes(1, name), bytes(2, bytes(1, tensor))].concat())
}

/// Floats of the file, little-endian.
pub fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A constant of real numbers.
pub fn reals(name: &str, dims: &[i64], values: &[f32]) -> Vec<u8> {
    tensor(name, dims, &floats(values), Vec::new())
}

/// A constant of integers.
pub fn integers(name: &str, dims: &[i64], values: &[i64]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let dims: Vec<u8> = dims.iter().flat_map(|length| int(1, *length)).collect();
    bytes(5, [dims, int(2, 7), bytes(8, name), bytes(9, raw)].concat())
}

pub fn tensor(name: &str, dims: &[i64], raw: &[u8], more: Vec<u8>) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|length| int(1, *length)).collect();
    bytes(5, [dims, int(2, 1), bytes(8, name), bytes(9, raw), more].concat())
}

pub fn model(parts: &[Vec<u8>], opset: i64) -> Vec<u8> {
    let set = [bytes(1, ""), int(2, opset)].concat();
    [int(1, 8), bytes(7, parts.concat()), bytes(8, set)].concat()
}

pub fn x(dims: &[D<'_>]) -> Vec<u8> {
    value(11, "x", 1, dims)
}

pub fn y() -> Vec<u8> {
    bytes(12, bytes(1, "y"))
}

pub fn relu() -> Vec<u8> {
    node("Relu", "r", &["x"], &["y"], &[])
}
