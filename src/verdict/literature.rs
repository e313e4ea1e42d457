//! Statements that hold of whole classes of systems and are cited, not run; must not know the system a page is of.
//!
//! Marks are those of theory.md; what is from memory says so.

use super::{How, Mark, Statement, Tag};

/// The model of computation of statements on access to gradients.
const ROUNDS: &str = "rounds of queries to a black box that answers with values and gradients";

/// Polynomial size, constant depth.
pub(super) const TC0: &str = "threshold circuits of constant depth and polynomial size, a circuit for each length";

/// Polynomial size, polylogarithmic depth.
pub(super) const NC: &str = "circuits of polynomial size and polylogarithmic depth, a circuit for each length";

/// Gradients asked of a black box.
pub(super) fn rounds() -> Statement {
    let says = "With gradients asked of a black box, polynomially many in each round, descent's number of rounds cannot be reduced \
                until up to about the root of the dimension (non-smooth convex losses). It bounds access to a loss, not \
                circuits: a circuit that reads the loss as its input has more than that, and quadratics need one round.";
    let argued = "cited, not run".to_owned();
    Statement::new(Tag::Oracle, ROUNDS, says.to_owned())
        .from("Bubeck, Jiang, Lee, Li and Sidford, NeurIPS 2019", Mark::Confirmed)
        .from("Balkanski and Singer 2018, arXiv 1808.03880", Mark::Confirmed)
        .by(How::Argument, argued)
}

/// One forward pass is constant-depth.
pub(super) fn forward() -> Statement {
    let says = "Transformers of fixed depth with softmax attention and floats of polynomially many bits are in DLOGTIME-uniform \
                TC0, for every setting of the weights, however they came about. That is of a family with growing context; of \
                one model at one context the figures above say more. Decoding token by token is no single forward pass.";
    Statement::new(Tag::Proved, TC0, says.to_owned())
        .from("Chiang 2025, arXiv 2409.13629", Mark::Confirmed)
        .by(How::Argument, "cited, not run".to_owned())
}

/// Narrow decoders cannot compose functions.
pub(super) fn narrow() -> Statement {
    let says = "A decoder of L layers with heads * width * precision at most n^(2^(-4L)) cannot compose L functions given in \
                its context; L + 1 layers can. It is of decoders, of that order of the functions, and of that narrow width: an \
                encoder does it in exponentially fewer layers.";
    Statement::new(Tag::Proved, "decoder-only transformers of sub-polynomial width", says.to_owned())
        .from("Chen, Peng and Wu 2024, arXiv 2412.02975 (constants from a secondary source)", Mark::Confirmed)
        .by(How::Argument, "cited, not run".to_owned())
}

/// What is known of recurrent networks, beside their laws.
pub(super) fn recurrent() -> Statement {
    let says = "Recurrence is not depth: diagonal state-space networks with log precision are in L-uniform TC0, as a transformer's \
                forward pass is. Linear recurrences whose transitions are products of generalised Householder matrices, with \
                eigenvalues from -1 to 1, recognise all regular languages.";
    Statement::new(Tag::CounterClaim, TC0, says.to_owned())
        .from("Merrill, Petty and Sabharwal 2024, arXiv 2404.08819", Mark::Confirmed)
        .from("Grazzi et al. 2025, arXiv 2411.12537", Mark::Confirmed)
        .by(How::Argument, "cited, not run".to_owned())
}

/// Shallower ways to as low a loss.
pub(super) fn quality() -> Statement {
    let says = "To reach a loss as low as T steps reach is less than to compute the T-th iterate: for in-context linear regression \
                with condition number k, layers of linear attention grow like log k (Newton) or the root of k (restricted), not \
                like k, and no fewer will do.";
    Statement::new(Tag::CounterClaim, "layers of linear attention on real numbers", says.to_owned())
        .from("Fu et al. 2024, arXiv 2310.17086", Mark::Confirmed)
        .from("Gatmiry et al. 2024, arXiv 2410.21698", Mark::Confirmed)
        .by(How::Argument, "cited, not run".to_owned())
}

/// Quadratics that take constant depth.
pub(super) fn quadratics() -> Statement {
    let says = "In exact arithmetic, T steps on quadratics in one dimension, or on ones that commute, take constant depth at polynomial size, \
                whatever T is (products and sums of many numbers are in TC0); so do T steps on one fixed quadratic in constant dimension.";
    Statement::new(Tag::CounterClaim, TC0, says.to_owned())
        .from("Hesse, Allender and Barrington 2002", Mark::Confirmed)
        .from("Mereghetti and Palano 2000", Mark::Confirmed)
        .by(How::Argument, "cited; `isobath shortcut --by powering` builds one and two dimensions".to_owned())
}
