//! How many terms the elements of an affine array list, in closed form: even along most axes, with exact sums along the uneven ones.

use num_bigint::BigInt;
use num_traits::Zero;

use crate::circuit::{Array, Band, Circuit, Index, Size, TableId, Term, band};
use crate::expr::Expr;
use crate::number::Rational;

/// Terms per element of an array.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    /// The terms of one element, at most.
    most: Expr,
    /// Axes along which elements differ, and the terms summed over these, at any coordinates of the others; none where each has `most`.
    profile: Option<(Vec<usize>, Expr)>,
}

impl Terms {
    /// `each` per element.
    pub fn even(each: Expr) -> Self {
        Self { most: each, profile: None }
    }

    fn new(axes: Vec<usize>, profile: Expr, most: Expr) -> Self {
        let even = axes.is_empty() && profile == most;
        Self { most, profile: (!even).then_some((axes, profile)) }
    }

    /// Axes along which elements differ.
    fn uneven(&self) -> &[usize] {
        self.profile.as_ref().map_or(&[], |(axes, _)| axes)
    }

    fn profile(&self) -> &Expr {
        self.profile.as_ref().map_or(&self.most, |(_, profile)| profile)
    }

    /// Summed over all elements of an array, which has further axes at the end, or none.
    pub fn total(&self, array: &Array) -> Expr {
        match rest(&array.shape, array.band.as_ref(), self.uneven()) {
            Some(others) => self.profile() * &others,
            None => &self.most * &array.count(),
        }
    }

    /// As many terms as either has.
    pub fn hull(&self, other: &Self) -> Self {
        let most = self.most.hull(&other.most);
        match self.uneven() == other.uneven() {
            true => Self::new(self.uneven().to_vec(), self.profile().hull(other.profile()), most),
            false => Self::even(most),
        }
    }

    /// Those of an affine array whose terms contribute `parts`.
    pub fn sum(shape: &[Size], parts: Vec<Self>) -> Self {
        if parts.iter().all(|part| part.profile.is_none()) {
            return Self::even(total(parts.into_iter().map(|part| part.most)));
        }
        let mut uneven: Vec<usize> = parts.iter().flat_map(Self::uneven).copied().collect();
        uneven.sort_unstable();
        uneven.dedup();
        let profile = total(parts.iter().map(|part| {
            let missing = uneven.iter().filter(|axis| !part.uneven().contains(axis));
            missing.fold(part.profile().clone(), |product, axis| &product * &shape[*axis].expr())
        }));
        Self::new(uneven, profile, total(parts.into_iter().map(|part| part.most)))
    }

    /// What one term adds to the elements of `array`, its source having these terms.
    pub fn of_term(&self, circuit: &Circuit, array: &Array, term: &Term) -> Self {
        if term.coef.scale.is_zero() {
            return Self::even(Expr::default());
        }
        let parts = Parts { circuit, array, term };
        let most = &self.most * &parts.sums(&[]);
        let exact = match self.uneven() {
            [] if self.profile.is_none() && parts.are_even() => None,
            [] => parts.even(self.profile()),
            axes => parts.uneven(axes, self.profile()),
        };
        match exact {
            Some((uneven, profile)) => Self::new(uneven, profile, most),
            None => Self::even(most),
        }
    }
}

fn total(parts: impl Iterator<Item = Expr>) -> Expr {
    let sum = |mut sum: Expr, part: Expr| {
        sum += &part;
        sum
    };
    parts.reduce(sum).unwrap_or_default()
}

/// Points of a box without some axes; none if a band involves one of them.
fn rest(shape: &[Size], band: Option<&Band>, without: &[usize]) -> Option<Expr> {
    if without.is_empty() {
        return Some(band::points(shape, band));
    }
    if band.is_some_and(|band| without.contains(&band.query) || without.contains(&band.key)) {
        return None;
    }
    let kept = shape.iter().enumerate().filter(|(axis, _)| !without.contains(axis)).map(|(_, size)| size.clone());
    // A band among the kept axes is never narrower than the box, so this stays an upper bound.
    Some(band::points(&kept.collect::<Vec<_>>(), None))
}

struct Parts<'a> {
    circuit: &'a Circuit,
    array: &'a Array,
    term: &'a Term,
}

impl Parts<'_> {
    fn axes(&self) -> usize {
        self.array.shape.len()
    }

    fn size(&self, axis: usize) -> &Size {
        self.array.shape.get(axis).unwrap_or_else(|| &self.term.sum[axis - self.axes()])
    }

    /// The product of the summed axes but these.
    fn sums(&self, without: &[usize]) -> Expr {
        let axes = self.axes()..self.axes() + self.term.sum.len();
        Size::product(axes.filter(|axis| !without.contains(axis)).map(|axis| self.size(axis)))
    }

    /// Whether as many terms are read at every place, as far as that is seen at once.
    fn are_even(&self) -> bool {
        let sparse = |(id, _): &(TableId, Index)| self.circuit.table(*id).nonzero < self.circuit.table(*id).len;
        self.term.band.is_none() && !self.term.coef.table.as_ref().is_some_and(sparse)
    }

    /// A source with the same number of terms everywhere: uneven only by the term's own band or zeros in its table.
    fn even(&self, each: &Expr) -> Option<(Vec<usize>, Expr)> {
        match (&self.term.band, self.sparsity()) {
            (None, None) => Some((Vec::new(), each * &self.sums(&[]))),
            (Some(band), None) => {
                let pairs = band.pairs(self.size(band.query));
                Some((vec![band.query], &(each * &pairs) * &self.sums(&[band.key])))
            }
            (None, Some((uneven, density))) => {
                let points = uneven.iter().fold(self.sums(&[]), |product, axis| &product * &self.size(*axis).expr());
                Some((uneven, (each * &points).scaled(&density)))
            }
            (Some(_), Some(_)) => None,
        }
    }

    /// An uneven source: exact where each uneven axis is read along one whole, unrestricted axis of the term.
    fn uneven(&self, axes: &[usize], profile: &Expr) -> Option<(Vec<usize>, Expr)> {
        let from = self.circuit.array(self.term.source);
        let mut mapped = Vec::new();
        for axis in axes {
            let [(to, 1)] = self.term.index[*axis].steps[..] else { return None };
            let whole = self.term.index[*axis] == Index::axis(to) && self.size(to) == &from.shape[*axis];
            let reads = |index: &&Index| index.gather.is_some() || index.steps.iter().any(|(a, _)| *a == to);
            let once = self.term.index.iter().filter(reads).count() == 1;
            if !whole || !once || self.restricted(to) {
                return None;
            }
            mapped.push(to);
        }
        if self.sparsity().is_some() {
            return None;
        }
        let mut uneven: Vec<usize> = mapped.iter().copied().filter(|axis| *axis < self.axes()).collect();
        let Some(band) = &self.term.band else {
            return Some((uneven, profile * &self.sums(&mapped)));
        };
        uneven.push(band.query);
        let others: Vec<usize> = mapped.iter().copied().chain([band.key]).collect();
        let pairs = band.pairs(self.size(band.query));
        Some((uneven, &(profile * &pairs) * &self.sums(&others)))
    }

    fn restricted(&self, axis: usize) -> bool {
        let bands = [self.term.band.as_ref(), self.array.band.as_ref()];
        bands.into_iter().flatten().any(|band| band.query == axis || band.key == axis)
    }

    /// The array's axes along which zeros of the table are spread, and the share of entries that are not zero.
    fn sparsity(&self) -> Option<(Vec<usize>, Rational)> {
        let (id, index) = self.term.coef.table.as_ref()?;
        let table = self.circuit.table(*id);
        let covered: u128 = index.steps.iter().map(|(axis, _)| u128::from(self.size(*axis).value)).product();
        if table.nonzero == table.len || covered != table.len {
            return None;
        }
        let axes = index.steps.iter().map(|(axis, _)| *axis).filter(|axis| *axis < self.axes()).collect();
        Some((axes, Rational::new(BigInt::from(table.nonzero), BigInt::from(table.len))))
    }
}
