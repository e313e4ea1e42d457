//! ONNX files: the project's own node tests, value by value, through the reference interpreter and, where small, the circuit; and hostile files.

#![allow(clippy::unwrap_used)]

#[path = "onnx/cases.rs"]
mod cases;

#[path = "onnx/hostile.rs"]
mod hostile;

#[path = "onnx/nodes.rs"]
mod nodes;

#[path = "onnx/silero.rs"]
mod silero;

#[path = "onnx/small.rs"]
mod small;

#[path = "onnx/writer.rs"]
mod writer;
