//! Certificates of depth laws: the format, and the small checker that trusts nobody; must not know how laws are found.
//!
//! A certificate is one JSON object:
//!
//! ```json
//! {
//!   "schema": "isobath.certificate/2", "circuit": "sha256:...", "bound": "exactly", "scale": 1,
//!   "axes": [{"name": "steps", "edge": 0, "period": 1, "minimum": 1}],
//!   "blocks": [ [[ [[{"times": 3, "of": ["1"]}]] ]], [[ [[{"times": 2, "of": ["i"]}, {"times": 3, "of": ["1"]}]], ... ]], ... ]
//! }
//! ```
//!
//! `circuit` is the digest of the skeleton, lengths of axes left out ([`crate::loops::digest`]). Blocks and vertices are those of the skeleton
//! closed by its depth ([`crate::loops::Skeleton::closed`]): its last vertex is the depth, and the polynomials of that are the claim.
//!
//! `axes` divide the indices along each axis into classes: those below `edge` are a class each, the others one for each residue modulo `period`.
//! The claim is for the lengths `minimum`, `minimum + period` and so on. With `period` 0 it is for the one length `minimum`, and `edge` is as large:
//! so axes are held at a length.
//!
//! `blocks` list, for each block, for each combination of classes of its indices (its last axis fastest), for each vertex, polynomials in indices
//! and lengths: terms `times` the product `of` one factor for each axis (`1`, `i` the index, `n` the length), all over the denominator `scale`.
//! Their maximum is nowhere below (`at_most`), nowhere above (`at_least`) or exactly (`exactly`) the depth of the vertex: potentials, in the sense
//! of longest paths. Each wire is then an inequality between polynomials, and the checker does no more than compare along all of them. Read
//! backwards, the polynomials of `at_least` are a path: each is at most a latency more than one of what the vertex reads.
//!
//! A period is a potential with classes: `x(edge + r + k c) = x(edge + r) + k c rate` is one polynomial for each residue. That rates never fall
//! along a wire is its `at_most`, and that each entry of the period has its depth from one of the same rate its `at_least` (theory.md E.2).

pub mod check;
mod error;
mod proved;

use serde::{Deserialize, Serialize};

pub use error::CheckError;
pub use proved::{Lengths, Proved};
pub(crate) use proved::{expr, maximum_text};

/// The value of [`Certificate::schema`].
pub const SCHEMA: &str = "isobath.certificate/2";

/// A claim on the depth of one circuit, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`SCHEMA`].
    pub schema: String,
    /// The digest of the skeleton.
    pub circuit: String,
    /// What is claimed.
    pub bound: Bound,
    /// The common denominator of all coefficients.
    pub scale: i64,
    /// The axes of the skeleton, in its order.
    pub axes: Vec<Classes>,
    /// For each block of the closed skeleton, for each combination of classes (the block's last axis fastest), for each vertex: polynomials whose
    /// maximum bounds the depth of the vertex. Of `at_least`, none says nothing.
    pub blocks: Vec<Vec<Vec<Vec<Polynomial>>>>,
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

/// How lengths and indices along one axis are divided into classes; class numbers are `0..edge` and then those of the residues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// The axis.
    pub name: String,
    /// The first index that has no class of its own.
    pub edge: u64,
    /// The number of classes from there on, for the residues of `index - edge`; 0 where the axis is held at one length.
    pub period: u64,
    /// The claim is for the lengths `minimum`, `minimum + period`, and so on.
    pub minimum: u64,
}

/// A sum of terms.
pub type Polynomial = Vec<Term>;

/// One product in a polynomial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The coefficient, in units of one over the scale.
    pub times: i64,
    /// What is multiplied, along each axis.
    pub of: Vec<Factor>,
}

/// A factor of a product, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Factor {
    /// 1.
    #[serde(rename = "1")]
    One,
    /// The vertex' index; only where its block is repeated along the axis.
    #[serde(rename = "i")]
    Index,
    /// The length.
    #[serde(rename = "n")]
    Length,
}

impl Certificate {
    /// The bound on the depth, the maximum of polynomials in lengths: those of the last vertex.
    pub fn claim(&self) -> &[Polynomial] {
        let vertex = self.blocks.last().and_then(|regions| regions.last()?.last());
        vertex.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
