//! Claims on depths, and what comes of them; must not know how circuits are made.

pub mod assert;

pub mod budget;

pub mod check;

pub mod failure;

pub mod file;

mod formula;

pub mod judge;

mod weights;

pub use formula::{Formula, FormulaError};
