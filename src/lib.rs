//! Isobath: how deep is a neural network, as a threshold circuit?

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod atomic;

pub mod expr;

pub mod interval;

pub mod number;

pub mod spec;

pub mod tensor;

pub mod circuit;

pub mod cli;

pub mod words;

pub mod lower;

pub mod gates;

pub mod expand;

pub mod pipeline;

pub mod report;
