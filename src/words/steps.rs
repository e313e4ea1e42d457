//! The step functions words are stored through: rounding, clamping and a univariate function before it, as thresholds on an integer form.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

use super::levels::Levels;
use crate::interval::Interval;
use crate::number::{Format, Function, Rational, Steps, monotone_steps, unimodal_steps};

/// A function applied before rounding to a format.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The function.
    pub function: Function,
    /// The format rounded to, saturating.
    pub format: Format,
}

/// Thresholds on a form and the levels between them.
#[derive(Clone, Debug)]
pub(super) struct StepTable {
    /// One per gate, ascending; none where only counted.
    pub thresholds: Option<Arc<[BigInt]>>,
    pub levels: Levels,
}

/// Step tables already made.
pub(super) type Cache = HashMap<String, StepTable>;

impl Stored {
    /// The level stored for `form` units.
    pub fn level(&self, form: &BigInt, unit: &Rational) -> i64 {
        match &self.function {
            // Not reduced: only the quotient is asked for.
            Function::Identity => self.format.nearest(&Rational::new_raw(form * unit.numer(), unit.denom().clone())),
            function => function.level(&(unit * Rational::from_integer(form.clone())), self.format),
        }
    }

    /// What tells it from other stores of other forms.
    pub(super) fn key(&self, range: &Interval, unit: &Rational) -> String {
        // Long numbers are written in hexadecimal several times as fast as in decimal.
        format!("{self:?} {:x}/{:x} {:x} {:x}", unit.numer(), unit.denom(), range.lo, range.hi)
    }

    /// Thresholds and levels over a range of forms; thresholds only if `known`.
    pub(super) fn table(&self, range: &Interval, unit: &Rational, known: bool) -> StepTable {
        let range = &self.defined(range);
        let ends = (self.level(&range.lo, unit), self.level(&range.hi, unit));
        let turn = self.turn(range, unit);
        if !known {
            let extreme = turn.map(|turn| {
                let (a, b) = (self.level(&turn, unit), self.level(&(turn + 1), unit));
                if self.function.peaks() { a.max(b) } else { a.min(b) }
            });
            let corners = [Some(ends.0), extreme, Some(ends.1)].into_iter().flatten().collect();
            return StepTable { thresholds: None, levels: Levels::Path(corners) };
        }
        if let Some(thresholds) = self.inverse(range, ends.0 + 1..=ends.1, unit) {
            return StepTable { thresholds: Some(thresholds.into()), levels: Levels::Path(vec![ends.0, ends.1]) };
        }
        let mut level = |form: &BigInt| BigInt::from(self.level(form, unit));
        let steps = match turn {
            Some(turn) => unimodal_steps(&range.lo, &range.hi, &turn, &mut level),
            None => monotone_steps(&range.lo, &range.hi, &mut level),
        };
        listed(&steps)
    }

    /// The least forms of a range that are stored as at least each of these levels, of functions that have a simple inverse there.
    fn inverse(&self, range: &Interval, levels: RangeInclusive<i64>, unit: &Rational) -> Option<Vec<BigInt>> {
        match self.function {
            Function::Identity | Function::Relu => Some(self.rounding_thresholds(levels, unit)),
            Function::Square if !range.lo.is_negative() => {
                let squares = self.rounding_thresholds(levels, &(unit * unit));
                Some(squares.iter().map(|square| (square - 1u32).sqrt() + 1u32).collect())
            }
            _ => None,
        }
    }

    /// Bounds of forms, which may be wide, without those of which a root that divides has no value: they do not occur.
    fn defined(&self, range: &Interval) -> Interval {
        let least = BigInt::from(1);
        match self.function {
            Function::InverseSqrt if range.lo < least && range.hi >= least => {
                Interval { lo: least, hi: range.hi.clone() }
            }
            _ => range.clone(),
        }
    }

    /// Whether the function rises or falls all along, so that every range of forms is stored the same way.
    pub(super) fn is_monotone(&self) -> bool {
        self.function.turning_point().is_none()
    }

    /// The form at or below the function's minimum or maximum, where the range holds it and the next one: the extreme level is one of theirs.
    fn turn(&self, range: &Interval, unit: &Rational) -> Option<BigInt> {
        let turn = crate::number::rational_from_f64(self.function.turning_point()?)?;
        let form = (turn / unit).floor().to_integer();
        (range.lo <= form && form < range.hi).then_some(form)
    }

    /// The forms worth the values of the format, rounded outward.
    pub(super) fn forms(&self, unit: &Rational) -> Interval {
        let end = |level: i64| self.format.number(level) / unit;
        let (lo, hi) = (end(self.format.min()), end(self.format.max()));
        Interval { lo: lo.floor().to_integer(), hi: hi.ceil().to_integer() }
    }

    /// By how many forms the threshold of a level lies below that of the level this many (an even number) higher, where that is
    /// the same whole number for every level: functions that only round to evenly spaced values, and units that divide a step.
    pub(super) fn shift_of(&self, levels: i64, unit: &Rational) -> Option<BigInt> {
        let rounds = matches!(self.function, Function::Identity | Function::Relu) && self.format.scale().is_even();
        let forms = self.format.number(levels) / unit;
        (rounds && forms.is_integer()).then(|| forms.to_integer())
    }

    /// The least forms that round to at least each of these levels: half-way goes to the even level.
    pub(super) fn rounding_thresholds(&self, levels: impl Iterator<Item = i64>, unit: &Rational) -> Vec<BigInt> {
        let half = Rational::new(BigInt::from(1), BigInt::from(2) << self.format.fraction()) / unit;
        let threshold = |level: i64| {
            let (down, rest) = (self.format.scale().middle(level) * half.numer()).div_mod_floor(half.denom());
            if rest.is_zero() && level.is_even() { down } else { down + 1 }
        };
        levels.map(threshold).collect()
    }
}

/// Steps of more than one level become as many equal thresholds.
fn listed(steps: &Steps) -> StepTable {
    let level = |value: &BigInt| value.to_i64().unwrap_or(0);
    let mut corners = vec![level(&steps.first)];
    let mut thresholds = Vec::new();
    for (threshold, value) in &steps.changes {
        let last = corners[corners.len() - 1];
        let next = level(value);
        thresholds.extend(std::iter::repeat_n(threshold.clone(), last.abs_diff(next) as usize));
        extend(&mut corners, next);
    }
    StepTable { thresholds: Some(thresholds.into()), levels: Levels::Path(corners) }
}

/// Moves the last corner while the direction stays the same.
fn extend(corners: &mut Vec<i64>, next: i64) {
    if let [.., before, last] = corners[..]
        && (last - before).signum() == (next - last).signum()
    {
        corners.pop();
    }
    corners.push(next);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_agree_with_the_function_at_every_form() {
        let unit = Rational::new(1.into(), 12.into());
        let range = Interval::new(-90, 95);
        for function in
            [Function::Identity, Function::Relu, Function::Gelu, Function::GeluTanh, Function::Silu, Function::Tanh]
        {
            for format in ["int(3)", "fixed(3,2)", "fixed(2,4)", "float(2,1)", "float(3,2)"] {
                let stored = Stored { function: function.clone(), format: format.parse().unwrap() };
                let table = stored.table(&range, &unit, true);
                let levels = table.levels.all();
                let thresholds = table.thresholds.unwrap();
                assert_eq!(levels.len(), thresholds.len() + 1);
                for form in -90..=95i64 {
                    let fired = thresholds.iter().filter(|t| BigInt::from(form) >= **t).count();
                    assert_eq!(levels[fired], stored.level(&form.into(), &unit), "{function:?} {format} {form}");
                }
                let counted = stored.table(&range, &unit, false).levels.gates();
                assert!(counted >= thresholds.len() as u64, "{function:?} {format}");
            }
        }
    }

    #[test]
    fn a_minimum_at_the_low_end_of_a_range_is_found() {
        for function in [Function::Gelu, Function::GeluTanh, Function::Silu] {
            for (unit, lo, width) in (1..8).flat_map(|n| (-6..0).flat_map(move |lo| (0..7).map(move |w| (n, lo, w)))) {
                let unit = Rational::new(unit.into(), 4.into());
                let stored = Stored { function: function.clone(), format: "fixed(2,2)".parse().unwrap() };
                let table = stored.table(&Interval::new(lo, lo + width), &unit, true);
                let (levels, thresholds) = (table.levels.all(), table.thresholds.unwrap());
                for form in lo..=lo + width {
                    let fired = thresholds.iter().filter(|t| BigInt::from(form) >= **t).count();
                    assert_eq!(levels[fired], stored.level(&form.into(), &unit), "{function:?} {unit} {lo} {form}");
                }
            }
        }
    }
}
