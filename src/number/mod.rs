//! Number formats, exact rationals and correctly rounded functions; knows nothing of circuits or models.

pub mod accumulation;
mod constants;
pub mod distance;
mod elementary;
mod fixed_point;
pub mod format;
pub mod function;
#[cfg(test)]
mod function_tests;
pub mod rotary;
pub mod rounding;
pub mod scale;
pub mod steps;

pub use accumulation::{Accumulation, Policy, PolicyError};
pub use distance::distance_bucket;
pub use format::{Format, FormatError, MAX_BITS};
pub use function::{EXP_LIMIT, Function};
pub use rotary::rotary_levels;
pub use rounding::{quantise, rational_from_decimal, rational_from_f64, round_half_even};
pub use scale::{Run, Scale};
pub use steps::{Steps, monotone_steps, unimodal_steps};

/// An exact rational number.
pub type Rational = num_rational::Ratio<num_bigint::BigInt>;
