//! Statements that hold of whole classes of systems and are cited, not run; must not know more of a system than its kind.
//!
//! Marks are those of theory.md; what is from memory says so.

use super::measured::GATES;
use super::{How, Mark, Statement, Tag};
use crate::spec::Recurrent;
use crate::spec::recurrent::{Cell, Rule};

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
    let says = "A decoder of L layers, L up to about log log n, with heads * width * precision at most n^(2^(-4L)), n the tokens of its \
                context, cannot compose L functions given in that context; L + 1 layers can. It is of decoders, of that order of the functions, and of that narrow width: an \
                encoder does it in exponentially fewer layers.";
    Statement::new(Tag::Proved, "decoder-only transformers of sub-polynomial width", says.to_owned())
        .from("Chen, Peng and Wu 2024, arXiv 2412.02975 (constants from a secondary source)", Mark::Confirmed)
        .by(How::Argument, "cited, not run".to_owned())
}

/// What is known of a kind of recurrent network, beside its law.
pub(super) fn recurrent(network: &Recurrent) -> Vec<Statement> {
    let attention = |rule: &Rule| if *rule == Rule::Delta { householder() } else { diagonal() };
    let known = match &network.cell {
        Cell::Rnn { .. } | Cell::Lstm { .. } | Cell::Gru { .. } => None,
        Cell::Diagonal(_) | Cell::Mamba(_) => Some(diagonal()),
        Cell::Attention(layer) => Some(attention(&layer.rule)),
    };
    known.into_iter().chain(network.state.rounded.then(finite)).collect()
}

fn diagonal() -> Statement {
    let says = "Recurrence is not depth: recurrent networks whose transitions are diagonal or fixed, with numbers of logarithmically many \
                bits, are in L-uniform TC0, as a transformer's forward pass is.";
    Statement::new(Tag::CounterClaim, TC0, says.to_owned())
        .from("Merrill, Petty and Sabharwal 2024, arXiv 2404.08819 (of S4 and Mamba)", Mark::Confirmed)
        .by(How::Argument, "cited, not run".to_owned())
}

fn householder() -> Statement {
    let says = "Linear recurrences whose transitions are products of generalised Householder matrices with eigenvalues from -1 to 1 recognise \
                all regular languages; with positive eigenvalues only, not even parity.";
    Statement::new(
        Tag::Proved,
        "linear recurrent networks of finite precision, a position after the other",
        says.to_owned(),
    )
    .from("Grazzi et al. 2025, arXiv 2411.12537", Mark::Confirmed)
    .by(How::Argument, "cited, not run; which eigenvalues this network's gates allow was not looked at".to_owned())
}

fn finite() -> Statement {
    let says = "The rounded state is finite: at this size and these formats, T positions take ceil(log2 T) + O(1) layers, at size 2^O(S) T for S bits \
                of state.";
    Statement::new(Tag::CounterClaim, GATES, says.to_owned())
        .from("tables of transitions composed in a tree", Mark::Derived)
        .by(
            How::Argument,
            "not built for recurrent networks; `isobath shortcut --by automaton` builds it for programs".to_owned(),
        )
}

/// Automata take few layers.
pub(super) fn automata() -> Statement {
    let says = "Transformers of O(log T) layers simulate T steps of any finite automaton, and of constantly many layers where all its groups are \
                solvable: O(log T) layers compute the swaps that the conditional statement below is about.";
    Statement::new(Tag::CounterClaim, "transformers made for one automaton and one T", says.to_owned())
        .from("Liu, Ash, Goel, Krishnamurthy and Zhang 2023, arXiv 2210.10749", Mark::Confirmed)
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
