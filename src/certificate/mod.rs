//! Certificates of depth laws: the format, and the small checker that trusts nobody; must not know how laws are found.
//!
//! A certificate is one JSON object, `{"schema": "isobath.certificate/1", "circuit": digest, "proof": ...}`. The digest is that of the
//! skeleton of the circuit, lengths of axes left out ([`digest`]). The proof is one of two kinds:
//!
//! * `{"potentials": ...}`: for each vertex and each class of its indices, polynomials in indices and lengths whose maximum is nowhere below
//!   (`at_most`), nowhere above (`at_least`) or exactly (`exactly`) its depth. Each edge is an inequality between two of them: a potential, in
//!   the sense of longest paths. Read backwards, the polynomials of `at_least` are a path: each names what it comes through by being at most
//!   a latency more than one polynomial of one source.
//! * `{"period": ...}`: along one axis, the others fixed, the depths up to a whole period after the start of the periodic part. That they
//!   go on so is a theorem on max-plus recurrences (Cohen, Dubois, Quadrat and Viot 1983; the finite test is theory.md E.2).
//!
//! Polynomials are sums of [`Term`]s over one common denominator, [`Potentials::scale`]; axes are numbered as in [`Potentials::axes`].

pub mod check;
pub mod digest;
mod proved;

use serde::{Deserialize, Serialize};

pub use proved::{Proved, Values};
pub(crate) use proved::{expr, maximum_text, periodic_text};

/// The value of [`Certificate::schema`].
pub const SCHEMA: &str = "isobath.certificate/1";

/// A claim on the depth of one circuit, and its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`SCHEMA`].
    pub schema: String,
    /// The digest of the skeleton.
    pub circuit: String,
    /// The claim with its proof.
    pub proof: Proof,
}

/// A claim with what makes it checkable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// By a polynomial or several for each vertex.
    Potentials(Potentials),
    /// By a period along one axis.
    Period(Period),
}

/// What is claimed of the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The depth is nowhere above.
    AtMost,
    /// The depth is nowhere below.
    AtLeast,
    /// Both.
    Exactly,
}

/// One product in a polynomial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The coefficient, in units of one over the scale.
    pub times: i64,
    /// Axes whose lengths are multiplied; in ascending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<usize>,
    /// Axes along which the vertex' indices are multiplied; in ascending order, and none that `lengths` has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indices: Vec<usize>,
}

/// A sum of terms.
pub type Polynomial = Vec<Term>;

/// How lengths and indices along one axis are divided into classes.
///
/// Indices below `edge` are a class each; the others are a class for each residue of `period`. Class numbers are `0..edge` and then, for
/// the residues of `index - edge`, `edge..edge + period`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// The axis.
    pub name: String,
    /// The first index that has no class of its own.
    pub edge: u64,
    /// The number of classes from there on.
    pub period: u64,
    /// The claim is for the lengths `minimum`, `minimum + period`, and so on.
    pub minimum: u64,
}

/// A polynomial or several for each vertex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Potentials {
    /// What is claimed.
    pub bound: Bound,
    /// The common denominator of all coefficients.
    pub scale: i64,
    /// The axes of the skeleton, in its order.
    pub axes: Vec<Classes>,
    /// The bound on the depth: the maximum of these, in lengths only.
    pub claim: Vec<Polynomial>,
    /// For each block, for each combination of classes (the block's last axis fastest), for each vertex: polynomials whose maximum bounds the
    /// depth of the vertex. Of `at_least`, none says nothing.
    pub blocks: Vec<Vec<Vec<Vec<Polynomial>>>>,
}

/// A period along one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The axis.
    pub axis: String,
    /// The lengths of all other axes, in the skeleton's order.
    pub fixed: Vec<Fixed>,
    /// The length of the axis from which on the depth is periodic.
    pub start: u64,
    /// So much longer is the period.
    pub period: u64,
    /// So much deeper.
    pub rise: u64,
    /// The depths at lengths 1, 2, ..., `start + period - 1`.
    pub depths: Vec<u64>,
}

/// An axis held at one length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// The axis.
    pub axis: String,
    /// Its length.
    pub length: u64,
}

#[cfg(test)]
mod tests;
