//! What was written down about a model, before it has any meaning as operations or circuits.

pub mod architecture;

pub use architecture::*;
