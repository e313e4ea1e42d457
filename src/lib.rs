//! Isobath: how deep is a neural network, as a threshold circuit?

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod number;

pub mod spec;

pub mod gates;
