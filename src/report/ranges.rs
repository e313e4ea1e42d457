//! Which ranges the sums of a circuit have before they are rounded, and where they come from; must not know how either is found.

use serde::Serialize;

use crate::lower::Lowered;
use crate::lower::guard::decimal;

/// The ranges of exact sums about to be rounded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranges {
    /// How many tensors are rounded.
    pub sums: usize,
    /// Bits of the sum of the greatest range, in its units.
    pub widest_bits: u64,
    /// Its tensor.
    pub widest: String,
    /// Its range, in decimals.
    pub from: String,
    /// The end of it.
    pub to: String,
    /// On how many inputs the ranges were seen; else they are proved for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<usize>,
    /// How many of the tensors are held to a range that is not proved.
    pub held: usize,
}

impl Ranges {
    /// Of a lowered model, calibrated on so many inputs or on none.
    pub fn new(lowered: &Lowered, calibrated: Option<usize>) -> Option<Self> {
        let range = |exact: &crate::lower::guard::Exact| {
            exact.held.clone().unwrap_or_else(|| lowered.circuit.array(exact.form).range.clone())
        };
        let bits = |exact: &crate::lower::guard::Exact| range(exact).magnitude().bits() + 1;
        let widest = lowered.exact.iter().rev().max_by_key(|exact| bits(exact))?;
        let ends = range(widest);
        Some(Self {
            sums: lowered.exact.len(),
            widest_bits: bits(widest),
            widest: widest.name.clone(),
            from: decimal(&widest.worth(&ends.lo)),
            to: decimal(&widest.worth(&ends.hi)),
            calibrated,
            held: lowered.exact.iter().filter(|exact| exact.held.is_some()).count(),
        })
    }
}

impl std::fmt::Display for Ranges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sums, widest_bits, widest, from, to, calibrated, held } = self;
        let widest = format!("the widest, `{widest}`, has {widest_bits} bits, {from} to {to}");
        match calibrated {
            None => write!(
                f,
                "ranges of all {sums} sums that are rounded are proved for every input: {widest}; --calibrate FILE narrows \
                 them to those of given inputs"
            ),
            Some(inputs) => write!(
                f,
                "ranges of {held} of {sums} sums that are rounded are those seen on {inputs} inputs: {widest}. Depth and size \
                 are of the calibrated circuit: it is the model on inputs that stay within these ranges, and refuses others"
            ),
        }
    }
}
