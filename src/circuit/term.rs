//! Terms of affine forms: which element of which array, times which coefficient; knows nothing of values.

use std::ops::Deref;
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::One;

use super::{ArrayId, Band, Size, TableId};

/// `base + sum of coefficient * axis`, over the axes of a term: first the axes of the form's own array, then its summed axes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The constant part.
    pub base: i64,
    /// (axis, coefficient).
    pub steps: Steps,
    /// Plus the entry of a constant list at one of the array's own axes, if set.
    pub gather: Option<(usize, Arc<[i64]>)>,
}

impl Index {
    /// The axis itself.
    pub fn axis(axis: usize) -> Self {
        Self { steps: Steps::One((axis, 1)), ..Self::default() }
    }

    /// A constant position.
    pub fn at(base: i64) -> Self {
        Self { base, ..Self::default() }
    }

    /// From strides: `sum of stride * axis`.
    pub fn strided(steps: impl Into<Vec<(usize, i64)>>) -> Self {
        Self { steps: Steps::Listed(steps.into()), ..Self::default() }
    }

    /// The entry of a constant list at one axis of the array.
    pub fn gathered(axis: usize, list: impl Into<Arc<[i64]>>) -> Self {
        Self { gather: Some((axis, list.into())), ..Self::default() }
    }

    /// Moved by a constant.
    #[must_use]
    pub fn plus(mut self, base: i64) -> Self {
        self.base += base;
        self
    }

    /// The axes 0, 1, ... one by one.
    pub fn identity(axes: usize) -> Vec<Self> {
        (0..axes).map(Self::axis).collect()
    }

    /// Least and greatest value over a box.
    pub(in crate::circuit) fn bounds(&self, sizes: &[u64]) -> (i128, i128) {
        let mut bounds = (i128::from(self.base), i128::from(self.base));
        for (axis, step) in &self.steps {
            let reach = i128::from(*step) * i128::from(sizes[*axis].saturating_sub(1));
            bounds = (bounds.0 + reach.min(0), bounds.1 + reach.max(0));
        }
        if let Some((_, list)) = &self.gather {
            bounds.0 += i128::from(list.iter().min().copied().unwrap_or(0));
            bounds.1 += i128::from(list.iter().max().copied().unwrap_or(0));
        }
        bounds
    }
}

/// Axes and their coefficients, read as a slice; most indices have one, which takes no list.
#[derive(Clone, Debug)]
pub enum Steps {
    /// One axis.
    One((usize, i64)),
    /// Any number of them.
    Listed(Vec<(usize, i64)>),
}

impl Default for Steps {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Deref for Steps {
    type Target = [(usize, i64)];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::One(step) => std::slice::from_ref(step),
            Self::Listed(steps) => steps,
        }
    }
}

impl<'a> IntoIterator for &'a Steps {
    type Item = &'a (usize, i64);
    type IntoIter = std::slice::Iter<'a, (usize, i64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Steps {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Steps {}

/// A coefficient: a constant, times an entry of a table.
#[derive(Clone, Debug)]
pub struct Coef {
    /// The constant factor.
    pub scale: BigInt,
    /// The table and which entry, over the term's axes.
    pub table: Option<(TableId, Index)>,
}

impl Coef {
    /// A constant.
    pub fn constant(value: impl Into<BigInt>) -> Self {
        Self { scale: value.into(), table: None }
    }

    /// A table entry.
    pub fn table(table: TableId, index: Index) -> Self {
        Self { scale: BigInt::one(), table: Some((table, index)) }
    }

    /// Times a constant.
    #[must_use]
    pub fn times(mut self, factor: &BigInt) -> Self {
        self.scale *= factor;
        self
    }
}

/// `sum over the summed axes of coefficient * source[index]`.
#[derive(Clone, Debug)]
pub struct Term {
    /// The array read.
    pub source: ArrayId,
    /// The summed axes.
    pub sum: Vec<Size>,
    /// Which element: one index per axis of the source.
    pub index: Vec<Index>,
    /// The coefficient.
    pub coef: Coef,
    /// Restricts the summed axes, if set.
    pub band: Option<Band>,
}

impl Term {
    /// Reads `source` at `index`, with coefficient one and nothing summed.
    pub fn new(source: ArrayId, index: Vec<Index>) -> Self {
        Self { source, sum: Vec::new(), index, coef: Coef::constant(1), band: None }
    }

    /// Sums over these further axes.
    #[must_use]
    pub fn over(mut self, sum: Vec<Size>) -> Self {
        self.sum = sum;
        self
    }

    /// With this coefficient.
    #[must_use]
    pub fn times(mut self, coef: Coef) -> Self {
        self.coef = coef;
        self
    }

    /// With this constant coefficient.
    #[must_use]
    pub fn by(self, factor: impl Into<BigInt>) -> Self {
        self.times(Coef::constant(factor))
    }

    /// Restricted to a band.
    #[must_use]
    pub fn banded(mut self, band: Option<Band>) -> Self {
        self.band = band;
        self
    }
}
