//! Exact ranges of affine arrays by interval arithmetic over their coefficients: bounds that hold for every input, never samples.

mod small;

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use super::{Affine, Array, Band, Coef, Size, Table, Term, Values};
use crate::interval::Interval;

/// Holds every value of every element, and bounds every partial sum.
pub(super) struct Reach {
    pub range: Interval,
    pub magnitude: BigInt,
}

struct Space<'a> {
    arrays: &'a [Array],
    tables: &'a [Table],
    shape: &'a [Size],
}

/// The range of an affine array: the hull, over its rows of coefficients, of sums of intervals.
pub(super) fn affine(arrays: &[Array], tables: &[Table], shape: &[Size], affine: &Affine) -> Reach {
    let space = Space { arrays, tables, shape };
    let axes = space.relevant_axes(affine);
    small::affine(&space, affine, &axes).unwrap_or_else(|| space.reach(affine, &axes))
}

fn advance(at: &mut [u64], axes: &[usize], size: impl Fn(usize) -> u64) -> bool {
    for axis in axes.iter().rev() {
        at[*axis] += 1;
        if at[*axis] < size(*axis) {
            return true;
        }
        at[*axis] = 0;
    }
    false
}

impl Space<'_> {
    /// In integers of any size.
    fn reach(&self, affine: &Affine, axes: &[usize]) -> Reach {
        let mut at = vec![0u64; self.shape.len()];
        let mut reach = self.element(affine, &at);
        if axes.is_empty() {
            return reach;
        }
        // Where no known coefficient varies along a summed axis, elements with the same coefficients have the same reach.
        let plain = affine.terms.iter().all(|term| self.split(term).0.is_empty());
        let mut before: Vec<Interval> = self.coefficients(affine, &at).collect();
        while advance(&mut at, axes, |axis| self.shape[axis].value) {
            if plain && self.coefficients(affine, &at).zip(&before).all(|(here, before)| here == *before) {
                continue;
            }
            before = self.coefficients(affine, &at).collect();
            let next = self.element(affine, &at);
            reach.range = reach.range.hull(&next.range);
            reach.magnitude = reach.magnitude.max(next.magnitude);
        }
        reach
    }

    /// What each known coefficient is at these coordinates and the first of the summed axes.
    fn coefficients(&self, affine: &Affine, at: &[u64]) -> impl Iterator<Item = Interval> {
        let all = affine.constants.iter().chain(affine.terms.iter().map(|term| &term.coef));
        all.filter(|coef| self.known(coef).is_some()).map(|coef| self.value(coef, at))
    }

    /// The table of a coefficient where its entries are known and vary.
    fn known<'a>(&self, coef: &'a Coef) -> Option<&'a super::Index> {
        let (table, index) = coef.table.as_ref()?;
        self.tables[table.index()].values.as_ref().map(|_| index)
    }

    /// The array's axes on which some known coefficient depends.
    fn relevant_axes(&self, affine: &Affine) -> Vec<usize> {
        let coefs = affine.constants.iter().chain(affine.terms.iter().map(|term| &term.coef));
        let steps = coefs.filter_map(|coef| self.known(coef)).flat_map(|index| &index.steps);
        let mut axes: Vec<usize> = steps.map(|(axis, _)| *axis).filter(|axis| *axis < self.shape.len()).collect();
        axes.sort_unstable();
        axes.dedup();
        axes
    }

    fn element(&self, affine: &Affine, at: &[u64]) -> Reach {
        let mut reach = Reach { range: Interval::point(0), magnitude: BigInt::zero() };
        for constant in &affine.constants {
            let value = self.value(constant, at);
            reach.magnitude += value.magnitude();
            reach.range += &value;
        }
        for term in &affine.terms {
            let source = &self.arrays[term.source.index()];
            let (mass, total) = self.summed(term, at);
            reach.range += &mass.of(&source.range);
            reach.magnitude += total * source.range.magnitude();
        }
        reach
    }

    /// What a coefficient can be at these coordinates, and the first of axes without one.
    fn value(&self, coef: &Coef, at: &[u64]) -> Interval {
        let Some((table, index)) = &coef.table else { return Interval::point(coef.scale.clone()) };
        let table = &self.tables[table.index()];
        let moved = |(axis, step): &(usize, i64)| at.get(*axis).map_or(0, |at| step * *at as i64);
        let position = index.base + index.steps.iter().map(moved).sum::<i64>();
        let exact = usize::try_from(position).ok().and_then(|position| table.get(position));
        exact.map_or_else(|| table.range.scaled(&coef.scale), |value| Interval::point(value * &coef.scale))
    }

    /// The summed coefficients of a term at these coordinates, and the sum of their absolute values.
    fn summed(&self, term: &Term, at: &[u64]) -> (Mass, BigInt) {
        let (axes, free) = self.split(term);
        let (few, many) = multiplicity(&free, term.band.as_ref(), |axis| self.size(term, axis));
        let mut at = at.to_vec();
        at.resize(self.shape.len() + term.sum.len(), 0);
        let mut mass = Mass::default();
        let total = match self.whole(term, &axes).or_else(|| self.listed(term, &axes, at.clone())) {
            Some([plus, minus]) => {
                let scale = &term.coef.scale;
                mass.add(&Interval::point(&plus * scale));
                mass.add(&Interval::point(&minus * scale));
                (plus - minus) * scale.abs()
            }
            None => {
                let value = self.value(&term.coef, &at);
                mass.add(&value);
                value.magnitude()
            }
        };
        (mass.repeated(&few, &many), total * many)
    }

    /// The sums of entries above and below zero that a term reads from these coordinates on along its axes, where they are known.
    fn listed(&self, term: &Term, axes: &[usize], mut at: Vec<u64>) -> Option<[BigInt; 2]> {
        let (table, index) = term.coef.table.as_ref()?;
        let values = self.tables[table.index()].values.as_ref()?;
        let (mut plus, mut minus) = (BigInt::zero(), BigInt::zero());
        loop {
            let place = index.base + index.steps.iter().map(|(axis, step)| step * at[*axis] as i64).sum::<i64>();
            match values {
                Values::Small(list) => {
                    let value = *list.get(usize::try_from(place).ok()?)?;
                    *(if value < 0 { &mut minus } else { &mut plus }) += value;
                }
                Values::Big(_) | Values::Products(_) => {
                    let value = values.get(usize::try_from(place).ok()?)?;
                    *(if value.is_negative() { &mut minus } else { &mut plus }) += value;
                }
            }
            if !advance(&mut at, axes, |axis| self.size(term, axis)) {
                return Some([plus, minus]);
            }
        }
    }

    /// The same from the sums of a table every entry of which is summed once.
    fn whole(&self, term: &Term, axes: &[usize]) -> Option<[BigInt; 2]> {
        let index = self.known(&term.coef).filter(|index| index.base == 0 && index.steps.len() == axes.len())?;
        let (id, _) = term.coef.table.as_ref()?;
        let table = &self.tables[id.index()];
        let mut steps = index.steps.to_vec();
        steps.sort_unstable_by_key(|(_, step)| *step);
        let mut covered = 1u128;
        for (axis, step) in steps {
            let length = term.sum.get(axis.checked_sub(self.shape.len())?)?.value;
            if !axes.contains(&axis) || u128::try_from(step).ok()? != covered {
                return None;
            }
            covered *= u128::from(length);
        }
        table.sums.clone().filter(|_| covered == table.len)
    }

    /// The length of an axis of the array, or of a summed one of a term.
    fn size(&self, term: &Term, axis: usize) -> u64 {
        self.shape.get(axis).unwrap_or_else(|| &term.sum[axis - self.shape.len()]).value
    }

    /// The summed axes of a term its known coefficients depend on, and the others. Banded axes count as others.
    fn split(&self, term: &Term) -> (Vec<usize>, Vec<usize>) {
        let axes = self.shape.len()..self.shape.len() + term.sum.len();
        let depends = |axis: &usize| {
            let banded = term.band.as_ref().is_some_and(|band| band.key == *axis);
            !banded && self.known(&term.coef).is_some_and(|index| index.steps.iter().any(|(a, _)| a == axis))
        };
        axes.partition(depends)
    }
}

/// How often the coefficients are repeated along axes they do not depend on: least and most.
fn multiplicity(free: &[usize], band: Option<&Band>, size: impl Fn(usize) -> u64) -> (BigInt, BigInt) {
    let mut ends = (BigInt::from(1), BigInt::from(1));
    for axis in free {
        let keys = match band {
            Some(band) if band.key == *axis => band.keys_per_query(size(*axis)),
            _ => (size(*axis), size(*axis)),
        };
        ends = (ends.0 * keys.0, ends.1 * keys.1);
    }
    ends
}

/// A sum of coefficients `a`, each times a value of one interval `[lo, hi]`: kept as the sums that the two ends of the result need.
#[derive(Default)]
struct Mass {
    /// Sums of (least, greatest) nonnegative and nonpositive parts of the coefficients.
    plus: (BigInt, BigInt),
    minus: (BigInt, BigInt),
}

impl Mass {
    fn add(&mut self, value: &Interval) {
        let Self { plus, minus } = self;
        *(if value.lo.is_negative() { &mut minus.0 } else { &mut plus.0 }) += &value.lo;
        *(if value.hi.is_negative() { &mut minus.1 } else { &mut plus.1 }) += &value.hi;
    }

    fn repeated(self, few: &BigInt, many: &BigInt) -> Self {
        Self { plus: (self.plus.0 * few, self.plus.1 * many), minus: (self.minus.0 * many, self.minus.1 * few) }
    }

    /// All values of the sum when each source value lies in `range`.
    fn of(&self, range: &Interval) -> Interval {
        debug_assert!(!self.plus.0.is_negative() && !self.minus.1.is_positive());
        let Self { plus, minus } = self;
        let times = |end: &BigInt, below: &BigInt, above: &BigInt| end * if end.is_negative() { below } else { above };
        Interval {
            lo: times(&range.lo, &plus.1, &plus.0) + times(&range.hi, &minus.1, &minus.0),
            hi: times(&range.hi, &plus.0, &plus.1) + times(&range.lo, &minus.0, &minus.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::{Builder, Index};
    use proptest::prelude::*;

    proptest! {
        /// Bounds in 128 bits are those in big integers, and none where these do not fit.
        #[test]
        fn both_widths_agree(
            list in prop::collection::vec(-9i64..9, 24),
            scales in [-5i64..5, -5i64..5, -5i64..5],
            wide in prop::option::of(60u32..200),
            causal in any::<bool>(),
        ) {
            let size = Size::fixed;
            let mut builder = Builder::new();
            let bits = builder.input(vec![size(4), size(3)]).unwrap();
            let table = builder.table(Table::small(list));
            let first = Term::new(bits, Index::identity(2)).times(Coef::table(table, Index::strided([(1, 8), (0, 2)])));
            let constant = Coef::constant(BigInt::from(scales[0]) << wide.unwrap_or(0));
            let forms = builder.affine(vec![size(4), size(3)], None, Affine { constants: vec![constant], terms: vec![first] }).unwrap();
            let band = causal.then_some(Band { query: 0, key: 2, causal: true, window: None });
            let all = Term::new(forms, vec![Index::axis(2), Index::axis(3)]).over(vec![size(4), size(3)]).banded(band);
            let all = all.times(Coef::table(table, Index::strided([(1, 5), (3, 7)]).plus(1)).times(&scales[1].into()));
            let some = Term::new(forms, vec![Index::axis(0), Index::axis(2)]).over(vec![size(3)]).by(scales[2]);
            let open = builder.table(Table::bounded(24, Interval::new(scales[2].min(3), 7)));
            let open = |index| Coef::table(open, index).times(&scales[0].into());
            let unknown = Term::new(forms, vec![Index::axis(0), Index::axis(2)]).over(vec![size(3)]).times(open(Index::axis(2)));
            let constants = vec![Coef::table(table, Index::axis(0)), open(Index::axis(1))];
            let affine = Affine { constants, terms: vec![all, some, unknown] };
            let shape = [size(4), size(2)];
            let space = Space { arrays: builder.arrays(), tables: builder.tables(), shape: &shape };
            let axes = space.relevant_axes(&affine);
            let reach = space.reach(&affine, &axes);
            match small::affine(&space, &affine, &axes) {
                Some(small) => prop_assert_eq!((small.range, small.magnitude), (reach.range, reach.magnitude)),
                None => prop_assert!(wide.is_some_and(|wide| wide > 96) && scales[0] != 0),
            }
        }
    }
}
