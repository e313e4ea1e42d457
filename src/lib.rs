//! Isobath: how deep is a neural network, as a threshold circuit?

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod atomic;

pub mod expr;

pub mod interval;

pub mod number;

pub mod spec;

pub mod loops;

pub mod certificate;

pub mod law;

pub mod tensor;

pub mod cost;

pub mod program;

pub mod onnx;

pub mod monoid;

pub mod bounds;

pub mod recurrent;

pub mod circuit;

pub mod words;

pub mod lower;

pub mod gates;

pub mod expand;

pub mod pipeline;

pub mod shortcut;

pub mod agreement;

pub mod optimum;

pub mod verdict;

pub mod claims;

pub mod problems;

pub mod reduce;

pub mod report;

pub mod cli;

#[cfg(any(test, feature = "proptest"))]
pub mod strategies;
