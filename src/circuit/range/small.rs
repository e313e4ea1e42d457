//! Ranges of affine arrays in integers of 128 bits: the same bounds, where nothing on the way overflows; knows nothing of what they are for.

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::{Reach, Space, multiplicity};
use crate::circuit::{Affine, Coef, Term, Values};
use crate::interval::Interval;

/// Bounds of a sum: least, greatest, and of the sum of absolute values.
#[derive(Clone, Copy, Default)]
struct Bounds {
    lo: i128,
    hi: i128,
    magnitude: i128,
}

impl Bounds {
    fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            lo: self.lo.checked_add(other.lo)?,
            hi: self.hi.checked_add(other.hi)?,
            magnitude: self.magnitude.checked_add(other.magnitude)?,
        })
    }

    fn hull(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), magnitude: self.magnitude.max(other.magnitude) }
    }
}

/// A known coefficient, and the axes it depends on.
struct Factor<'a> {
    scale: i128,
    /// All ones if none.
    list: Option<&'a [i64]>,
    base: i64,
    /// A step for each axis of the array.
    own: Vec<i64>,
    /// Length and step of the summed axes it depends on.
    sums: Vec<(u64, i64)>,
}

/// A term: a coefficient, how often it is repeated at least and at most, and the range of what it multiplies.
struct Part<'a> {
    factor: Factor<'a>,
    times: (i128, i128),
    source: Bounds,
}

/// The reach of an affine array; none if something is not known or does not fit.
pub(super) fn affine(space: &Space, affine: &Affine, axes: &[usize]) -> Option<Reach> {
    let own = space.shape.len();
    let constants: Vec<Factor> =
        affine.constants.iter().map(|coef| Factor::new(space, coef, own, &[])).collect::<Option<_>>()?;
    let parts: Vec<Part> = affine.terms.iter().map(|term| Part::new(space, term)).collect::<Option<_>>()?;
    let mut at = vec![0u64; own];
    let mut all: Option<Bounds> = None;
    loop {
        let here = element(&constants, &parts, &at)?;
        all = Some(all.map_or(here, |all| all.hull(here)));
        if !super::advance(&mut at, axes, space.shape) {
            break;
        }
    }
    let Bounds { lo, hi, magnitude } = all?;
    Some(Reach { range: Interval::new(lo, hi), magnitude: BigInt::from(magnitude) })
}

fn element(constants: &[Factor], parts: &[Part], at: &[u64]) -> Option<Bounds> {
    let mut sum = Bounds::default();
    for constant in constants {
        let value = constant.at(at)?;
        sum = sum.plus(Bounds { lo: value, hi: value, magnitude: value.abs() })?;
    }
    parts.iter().try_fold(sum, |sum, part| sum.plus(part.bounds(at)?))
}

impl<'a> Factor<'a> {
    fn new(space: &Space<'a>, coef: &Coef, own: usize, sums: &[(usize, u64)]) -> Option<Self> {
        let scale = coef.scale.to_i128().filter(|scale| scale.unsigned_abs() < 1 << 100)?;
        let mut factor = Self { scale, list: None, base: 0, own: vec![0; own], sums: Vec::new() };
        let Some((table, index)) = &coef.table else { return Some(factor) };
        let Some(Values::Small(list)) = &space.tables[table.index()].values else { return None };
        if index.gather.is_some() {
            return None;
        }
        (factor.list, factor.base) = (Some(&**list), index.base);
        let step = |axis: usize| index.steps.iter().filter(|(other, _)| *other == axis).map(|(_, step)| step).sum();
        factor.own = (0..own).map(step).collect();
        factor.sums = sums.iter().map(|(axis, len)| (*len, step(*axis))).collect();
        Some(factor)
    }

    fn start(&self, at: &[u64]) -> i64 {
        self.own.iter().zip(at).fold(self.base, |place, (step, at)| place + step * *at as i64)
    }

    /// The value at these coordinates.
    fn at(&self, at: &[u64]) -> Option<i128> {
        let Some(list) = self.list else { return Some(self.scale) };
        self.scale.checked_mul((*list.get(usize::try_from(self.start(at)).ok()?)?).into())
    }

    /// The sums of its positive and of its negative values.
    fn masses(&self, at: &[u64]) -> Option<(i128, i128)> {
        let (mut plus, mut minus) = (0, 0);
        match self.list {
            None => plus = 1,
            Some(list) => sum(list, self.start(at), &self.sums, &mut plus, &mut minus)?,
        }
        let (plus, minus) = (self.scale.checked_mul(plus)?, self.scale.checked_mul(minus)?);
        Some(if self.scale < 0 { (minus, plus) } else { (plus, minus) })
    }
}

/// Adds the positive and the negative entries.
fn sum(list: &[i64], start: i64, sums: &[(u64, i64)], plus: &mut i128, minus: &mut i128) -> Option<()> {
    let Some(((len, step), inner)) = sums.split_first() else {
        let value = i128::from(*list.get(usize::try_from(start).ok()?)?);
        *plus += value.max(0);
        *minus += value.min(0);
        return Some(());
    };
    (0..*len as i64).try_for_each(|place| sum(list, start + step * place, inner, plus, minus))
}

impl<'a> Part<'a> {
    fn new(space: &Space<'a>, term: &Term) -> Option<Self> {
        let own = space.shape.len();
        let (axes, free) = space.split(term);
        let sums: Vec<(usize, u64)> = axes.iter().map(|axis| (*axis, term.sum[axis - own].value)).collect();
        let sizes: Vec<_> = space.shape.iter().chain(&term.sum).cloned().collect();
        let (few, many) = multiplicity(&free, term.band.as_ref(), &sizes);
        let source = &space.arrays[term.source.index()].range;
        let (lo, hi) = (source.lo.to_i128()?, source.hi.to_i128()?);
        let magnitude = source.magnitude().to_i128()?;
        Some(Self {
            factor: Factor::new(space, &term.coef, own, &sums)?,
            times: (few.to_i128()?, many.to_i128()?),
            source: Bounds { lo, hi, magnitude },
        })
    }

    /// What its sum can be.
    fn bounds(&self, at: &[u64]) -> Option<Bounds> {
        let (plus, minus) = self.factor.masses(at)?;
        let (few, many) = self.times;
        let most = (plus.checked_mul(many)?, minus.checked_mul(many)?);
        let least = (plus.checked_mul(few)?, minus.checked_mul(few)?);
        let positive = product((least.0, most.0), self.source)?;
        let negative = product((most.1, least.1), self.source)?;
        let magnitude = most.0.checked_sub(most.1)?.checked_mul(self.source.magnitude)?;
        Bounds { magnitude, ..positive }.plus(negative)
    }
}

/// The ends of all products of a value between two and one of a range.
fn product((a, b): (i128, i128), range: Bounds) -> Option<Bounds> {
    let ends = [a.checked_mul(range.lo)?, a.checked_mul(range.hi)?, b.checked_mul(range.lo)?, b.checked_mul(range.hi)?];
    let least = ends.iter().copied().fold(ends[0], i128::min);
    let greatest = ends.iter().copied().fold(ends[0], i128::max);
    Some(Bounds { lo: least, hi: greatest, magnitude: 0 })
}
