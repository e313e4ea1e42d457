//! Number formats, exact rationals and correctly rounded functions; knows nothing of circuits or models.

pub mod format;

pub use format::{Format, FormatError};

/// An exact rational number.
pub type Rational = num_rational::Ratio<num_bigint::BigInt>;
