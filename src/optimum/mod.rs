//! Exact optima: the least depth and number of gates of a threshold circuit for a small function, with proofs; must not know commands.
//!
//! ```
//! use isobath::optimum::functions::named;
//! use isobath::optimum::search::{Options, optimum};
//!
//! let parity = optimum(&named("gd-parity(3)")?, &Options::default(), &mut |_, _, _| {})?;
//! assert_eq!((parity.depth, parity.rows[0].least, parity.rows[0].is_exact()), (2, 2, true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod balance;
pub mod certificate;
pub mod circuit;
pub mod cnf;
pub mod encode;
pub mod functions;
pub mod gadgets;
pub mod profile;
pub mod proof;
pub mod search;
pub mod separable;
pub mod solve;
pub mod table;
pub mod weights;

#[cfg(test)]
mod proof_tests;
