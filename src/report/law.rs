//! How depth and sizes of a model grow in the dimensions left free; must not know single operations.
//!
//! The law in the layers is that of the model as a loop over its blocks, with certificates. No array's depth uses a size, so depth
//! is constant in the context.

use serde::Serialize;

use crate::certificate::{Certificate, Lengths};
use crate::circuit::measure::{Bound, Measure};
use crate::expr::Expr;
use crate::law;
use crate::pipeline::subject::{Options, Subject};
use crate::pipeline::{self, Model};
use crate::spec::{Document, Spec};
use crate::words::Strategy;

/// How fast something grows in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// `constant`, `linear`, or why neither can be said.
    pub growth: String,
    /// Layers for each one more.
    pub rate: String,
}

/// The depth as a function of the free dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Law {
    /// The function, of the architecture: an upper bound for every setting of the weights.
    pub depth: String,
    /// `upper`.
    pub bound: &'static str,
    /// In the number of tokens.
    pub context: Growth,
    /// In the number of blocks; none in a model whose blocks are not alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<Growth>,
    /// Proofs that `isobath verify` checks; none in other models than threshold circuits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
}

/// The sizes as polynomials in the free dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SizeLaw {
    /// Gates.
    pub gates: String,
    /// Wires.
    pub wires: String,
    /// Where both hold.
    pub valid: String,
}

/// The sizes of a measured circuit; with weights bound, those at its context only.
pub(super) fn sizes(spec: &Spec, model: &Model, measure: &Measure) -> SizeLaw {
    let valid = match measure.bound {
        Bound::Exact => format!("context = {}", model.lowered.tokens),
        Bound::Upper => range(spec, &measure.gates, &measure.wires),
    };
    SizeLaw { gates: measure.gates.to_string(), wires: measure.wires.to_string(), valid }
}

fn range(spec: &Spec, gates: &Expr, wires: &Expr) -> String {
    let ranges = [gates, wires].into_iter().filter_map(|expr| expr.validity().get("context").copied());
    let limit = spec.architecture.context_limit().map(|rows| (1, rows));
    let (low, high) = ranges.chain(limit).fold((1, u64::MAX), |range, next| (range.0.max(next.0), range.1.min(next.1)));
    match (low, high) {
        (..=1, u64::MAX) => "every context".to_owned(),
        (_, u64::MAX) => format!("context >= {low}"),
        (..=1, _) => format!("context <= {high}"),
        _ => format!("{low} <= context <= {high}"),
    }
}

/// The certified depth of the architecture.
///
/// # Errors
/// When it cannot be lowered, or the law in the number of blocks cannot be derived.
pub fn depth(spec: &Spec, context: u64, strategy: Strategy) -> Result<Law, pipeline::Error> {
    let lengths = [("context".to_owned(), context)].into();
    let options = Options { strategy, lengths, ..Options::default() };
    let subject = Subject::new(&Document::Model(Box::new(spec.clone())), &options)?;
    let growth = |axis: &str| {
        let (growing, rate) = subject.growth(axis)?;
        Some(Growth { growth: growing.to_string(), rate })
    };
    Ok(Law {
        depth: text(&subject.law),
        bound: "upper",
        context: growth("context").unwrap_or(Growth { growth: "constant".to_owned(), rate: "0".to_owned() }),
        layers: growth("layers"),
        certificates: subject.law.certificates.clone(),
    })
}

/// `9*layers + 4` where one certificate holds for all lengths, else everything that is proved.
fn text(law: &law::Law) -> String {
    match law.whole() {
        Some((_, lengths)) if lengths.iter().all(Lengths::all) => law.upper_text(),
        _ => law.to_string().replace('\n', "; "),
    }
}
