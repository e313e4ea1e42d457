//! Claims on depths, and what comes of them; must not know how circuits are made.

pub mod file;

mod formula;

pub mod judge;

pub use formula::{Formula, FormulaError};
