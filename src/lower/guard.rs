//! Exact forms about to be rounded: named, so that their values can be watched, and held to a range where one was seen; must not know what was run.

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::{Lowering, Result};
use crate::circuit::ArrayId;
use crate::interval::Interval;
use crate::number::Rational;
use crate::words::Form;

/// A form that is rounded.
#[derive(Clone, Debug)]
pub struct Exact {
    /// The tensor that stores it, after its module.
    pub name: String,
    /// The array of forms.
    pub form: ArrayId,
    /// What one is worth.
    pub unit: Rational,
    /// The range it is held to, in units, where one narrower than the proved range was given.
    pub held: Option<Interval>,
}

impl Exact {
    /// What an integer of the form is worth.
    pub fn worth(&self, value: &num_bigint::BigInt) -> Rational {
        &self.unit * Rational::from_integer(value.clone())
    }
}

/// Ranges seen of all exact forms that are rounded, in the order of the graph; none where one was not seen.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    /// On how many inputs.
    pub inputs: usize,
    /// Least and greatest value, beside the name of the tensor.
    pub ranges: Vec<(String, Option<(Rational, Rational)>)>,
}

impl Lowering<'_> {
    /// Notes a form about to be rounded by this node, and holds it to the range seen of it, if any.
    pub(super) fn exact(&mut self, id: NodeIndex, form: Form) -> Result<Form> {
        let node = self.graph.node(id);
        let name = node.module.iter().chain([&node.label]).map(String::as_str).collect::<Vec<_>>().join("/");
        let held = self.seen(&name, &form.unit);
        let watched = Exact { name, form: form.array, unit: form.unit.clone(), held: held.clone() };
        self.exact.push(watched);
        let Some(range) = held else { return Ok(form) };
        match self.maker.guarded(&form, &range)? {
            Some((form, outside)) => {
                self.outside.push((self.exact.len() - 1, outside));
                Ok(form)
            }
            None => {
                self.exact.iter_mut().next_back().into_iter().for_each(|exact| exact.held = None);
                Ok(form)
            }
        }
    }

    /// The range seen of the next exact form, in units.
    fn seen(&self, name: &str, unit: &Rational) -> Option<Interval> {
        let (seen, range) = self.calibration?.ranges.get(self.exact.len())?;
        let (lo, hi) = range.as_ref().filter(|_| seen == name)?;
        Some(Interval { lo: (lo / unit).floor().to_integer(), hi: (hi / unit).ceil().to_integer() })
    }

    /// Names how often each range is left as an output.
    pub(super) fn guards(&mut self) {
        for (place, array) in std::mem::take(&mut self.outside) {
            let exact = &self.exact[place];
            if let Some(held) = &exact.held {
                let (lo, hi) = (exact.worth(&held.lo), exact.worth(&held.hi));
                let name = format!("{OUTSIDE}{} to {}: {} ({place})", decimal(&lo), decimal(&hi), exact.name);
                self.maker.builder.output(name, array);
            }
        }
    }
}

/// How the name of an output begins that counts, at each position, the values outside of a range; the range, the tensor and its place
/// among those rounded follow.
pub const OUTSIDE: &str = "outside ";

/// A rational to six digits after the point, rounded down in size: for people.
pub fn decimal(value: &Rational) -> String {
    if value.denom().is_one() {
        return value.numer().to_string();
    }
    let million = Rational::from_integer(1_000_000.into());
    let scaled = (value * million).trunc().to_integer();
    let digits = format!("{:0>7}", scaled.magnitude().to_string());
    let (whole, part) = digits.split_at(digits.len() - 6);
    let sign = if scaled.sign() == num_bigint::Sign::Minus { "-" } else { "" };
    format!("{sign}{whole}.{}", part.trim_end_matches('0')).trim_end_matches('.').to_owned()
}
