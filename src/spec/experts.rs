//! Sublayers that depart from plain attention and MLP as their author wrote them down: experts, latent attention, relative positions; knows
//! nothing of tensors, circuits or files.

use super::Norm;

/// What a router's scores become before they are compared and weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// Their exponentials.
    Softmax,
    /// Their logistic functions.
    Sigmoid,
}

/// MLPs of one shape, some of which are chosen for each position by the greatest scores of a linear router, the first of equal ones.
///
/// The result is `factor * sum of w_e mlp_e(x)` over the chosen, w_e the expert's weight, over the sum of weights of the
/// chosen (`normalised`) or, for a softmax that is not, of all; to that the shared MLP is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experts {
    /// Experts.
    pub count: u64,
    /// Chosen for each position; at most as many as there are.
    pub chosen: u64,
    /// What scores become.
    pub weighting: Weighting,
    /// Weights of the chosen sum to one.
    pub normalised: bool,
    /// Multiplies the experts' result.
    pub factor: f64,
    /// Experts are first chosen by groups.
    pub groups: Option<Groups>,
    /// A bias on scores.
    pub router_bias: bool,
    /// A bias on weighted scores that counts for the choice alone.
    pub choice_bias: bool,
    /// Hidden features of one MLP of the same kind that every position passes, without bias.
    pub shared: Option<u64>,
}

/// Groups of experts that stand together, of which those with the greatest sums of their two greatest members are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Groups; divides the experts.
    pub count: u64,
    /// Kept for each position.
    pub kept: u64,
}

/// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434).
///
/// Of a row `c = norm(A x)` all heads make their keys and values; each key has some more features, rotated, that all heads share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latent {
    /// Features of a row that queries are made from, if they are not made of the positions themselves.
    pub query_rank: Option<u64>,
    /// Features of the row that keys and values are made from.
    pub rank: u64,
    /// Rotated features of a query and of the shared key.
    pub rotated: u64,
    /// Features of a value.
    pub value_width: u64,
    /// The norm of these rows.
    pub norm: Norm,
}

/// Relative positions in buckets, as [`crate::number::distance_bucket`] counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relative {
    /// Buckets; even.
    pub buckets: u64,
    /// Keys this far or farther share the last bucket.
    pub distance: u64,
}
