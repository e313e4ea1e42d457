//! Why a certificate is refused; must not decide it.

use thiserror::Error;

use super::SCHEMA;

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Another format.
    #[error("the schema is `{0}`; this checker reads `{SCHEMA}`")]
    Schema(String),
    /// Another circuit.
    #[error("the certificate is for the circuit {theirs}, this one is {ours}")]
    Circuit {
        /// The certificate's digest.
        theirs: String,
        /// The digest of the skeleton.
        ours: String,
    },
    /// A skeleton no certificate can be for.
    #[error(
        "block `{0}` is not one body for all iterations, each vertex reading earlier ones: no law can be certified"
    )]
    Skeleton(String),
    /// Lists, names or numbers that do not fit the circuit.
    #[error("malformed certificate: {0}")]
    Malformed(&'static str),
    /// More work than any useful certificate needs.
    #[error("the certificate is too large to check: {0}")]
    TooLarge(&'static str),
    /// An inequality that does not hold.
    #[error("not proved: {0}")]
    Unproved(String),
}
