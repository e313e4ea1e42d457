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

/// A coefficient, and the axes it depends on.
struct Factor<'a> {
    scale: i128,
    values: Entries<'a>,
    base: i64,
    /// A step for each axis of the array.
    own: Vec<i64>,
    /// Length and step of the summed axes it depends on.
    sums: Vec<(u64, i64)>,
}

/// What a coefficient is, but for its scale.
#[derive(Clone, Copy)]
enum Entries<'a> {
    One,
    Known(&'a [i64]),
    /// Not known, between these.
    Within(i128, i128),
}

/// A term: a coefficient, how often it is repeated at least and at most, and the range of what it multiplies.
struct Part<'a> {
    factor: Factor<'a>,
    times: (i128, i128),
    source: Bounds,
}

/// The reach of an affine array; none if something does not fit.
pub(super) fn affine(space: &Space, affine: &Affine, axes: &[usize]) -> Option<Reach> {
    let own = space.shape.len();
    let constants: Vec<Factor> =
        affine.constants.iter().map(|coef| Factor::new(space, coef, own, &[])).collect::<Option<_>>()?;
    let parts: Vec<Part> = affine.terms.iter().map(|term| Part::new(space, term)).collect::<Option<_>>()?;
    let (fixed, parts): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.factor.is_fixed());
    let mut at = vec![0u64; own];
    let fixed = element(&[], &fixed, &at)?;
    let mut all: Option<Bounds> = None;
    loop {
        let here = fixed.plus(element(&constants, &parts, &at)?)?;
        all = Some(all.map_or(here, |all| all.hull(here)));
        if !super::advance(&mut at, axes, |axis| space.shape[axis].value) {
            break;
        }
    }
    let Bounds { lo, hi, magnitude } = all?;
    Some(Reach { range: Interval::new(lo, hi), magnitude: BigInt::from(magnitude) })
}

fn element(constants: &[Factor], parts: &[Part], at: &[u64]) -> Option<Bounds> {
    let sum = constants.iter().try_fold(Bounds::default(), |sum, constant| sum.plus(constant.at(at)?))?;
    parts.iter().try_fold(sum, |sum, part| sum.plus(part.bounds(at)?))
}

/// A sum of coefficients: the least and greatest sums of its positive and of its negative parts, and of absolute values.
struct Mass {
    plus: (i128, i128),
    minus: (i128, i128),
    total: i128,
}

impl Mass {
    fn known(plus: i128, minus: i128) -> Option<Self> {
        Some(Self { plus: (plus, plus), minus: (minus, minus), total: plus.checked_sub(minus)? })
    }
}

impl<'a> Factor<'a> {
    fn new(space: &Space<'a>, coef: &Coef, own: usize, sums: &[(usize, u64)]) -> Option<Self> {
        let scale = coef.scale.to_i128().filter(|scale| scale.unsigned_abs() < 1 << 100)?;
        let mut factor = Self { scale, values: Entries::One, base: 0, own: vec![0; own], sums: Vec::new() };
        let Some((table, index)) = &coef.table else { return Some(factor) };
        let table = &space.tables[table.index()];
        factor.values = match &table.values {
            None => Entries::Within(table.range.lo.to_i128()?, table.range.hi.to_i128()?),
            Some(Values::Small(list)) if index.gather.is_none() => Entries::Known(list),
            Some(_) => return None,
        };
        factor.base = index.base;
        let step = |axis: usize| index.steps.iter().filter(|(other, _)| *other == axis).map(|(_, step)| step).sum();
        factor.own = (0..own).map(step).collect();
        factor.sums = sums.iter().map(|(axis, len)| (*len, step(*axis))).collect();
        Some(factor)
    }

    /// Whether it is the same for all elements of the array.
    fn is_fixed(&self) -> bool {
        !matches!(self.values, Entries::Known(_)) || self.own.iter().all(|step| *step == 0)
    }

    fn start(&self, at: &[u64]) -> i64 {
        self.own.iter().zip(at).fold(self.base, |place, (step, at)| place + step * *at as i64)
    }

    /// The ends of a value between these.
    fn within(&self, lo: i128, hi: i128) -> Option<(i128, i128)> {
        let (a, b) = (self.scale.checked_mul(lo)?, self.scale.checked_mul(hi)?);
        Some((a.min(b), a.max(b)))
    }

    /// The value at these coordinates.
    fn at(&self, at: &[u64]) -> Option<Bounds> {
        let (lo, hi) = match self.values {
            Entries::One => (1, 1),
            Entries::Within(lo, hi) => (lo, hi),
            Entries::Known(list) => {
                let value = i128::from(*list.get(usize::try_from(self.start(at)).ok()?)?);
                (value, value)
            }
        };
        let (lo, hi) = self.within(lo, hi)?;
        Some(Bounds { lo, hi, magnitude: lo.checked_neg()?.max(hi) })
    }

    /// The sum of its values.
    fn masses(&self, at: &[u64]) -> Option<Mass> {
        let (mut plus, mut minus) = (0, 0);
        match self.values {
            Entries::One => plus = 1,
            Entries::Known(list) => sum(list, self.start(at), &self.sums, &mut plus, &mut minus)?,
            Entries::Within(lo, hi) => {
                let (lo, hi) = self.within(lo, hi)?;
                let total = lo.checked_neg()?.max(hi);
                return Some(Mass { plus: (lo.max(0), hi.max(0)), minus: (lo.min(0), hi.min(0)), total });
            }
        }
        let (plus, minus) = (self.scale.checked_mul(plus)?, self.scale.checked_mul(minus)?);
        if self.scale < 0 { Mass::known(minus, plus) } else { Mass::known(plus, minus) }
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
        let (few, many) = multiplicity(&free, term.band.as_ref(), |axis| space.size(term, axis));
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
        let Mass { plus, minus, total } = self.factor.masses(at)?;
        let (few, many) = self.times;
        let positive = product((plus.0.checked_mul(few)?, plus.1.checked_mul(many)?), self.source)?;
        let negative = product((minus.0.checked_mul(many)?, minus.1.checked_mul(few)?), self.source)?;
        let magnitude = total.checked_mul(many)?.checked_mul(self.source.magnitude)?;
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
