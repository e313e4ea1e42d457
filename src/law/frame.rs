//! Polynomials and cases as the search has them: what a vertex reads when its indices are of given classes, and when one polynomial is nowhere
//! below another; must not search. The checker has its own.

use crate::certificate::Classes;
use crate::loops::{At, Skeleton, Wire};

/// A polynomial: a coefficient for each product that takes 1, the index or the length (digit 0, 1 or 2, times 3^a) of each axis a.
pub(super) type Tensor = Vec<i128>;

/// An index or a length as a number plus multiples of two variables, the axis' own, of which all that is known is that neither is negative.
pub(super) type Affine = [i128; 3];

/// Where one vertex is along one axis.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) index: Affine,
    pub(super) length: Affine,
}

/// A skeleton and the classes of indices along its axes.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) skeleton: &'a Skeleton,
    pub(super) axes: &'a [Classes],
}

impl Frame<'_> {
    /// Edge, period and least length along an axis.
    pub(super) fn numbers(&self, axis: usize) -> (i128, i128, i128) {
        let Classes { edge, period, minimum, .. } = &self.axes[axis];
        (i128::from(*edge), i128::from(*period), i128::from(*minimum))
    }

    /// The least length of the claim that is at least this one.
    pub(super) fn length(&self, axis: usize, least: i128) -> i128 {
        let (_, period, minimum) = self.numbers(axis);
        let least = least.max(minimum);
        least + (minimum - least).rem_euclid(period)
    }

    /// Cases along an axis that cover every index and length: in each, every wire exists or not, and leads to one class.
    fn places(&self, block: usize, axis: usize) -> Vec<Place> {
        let (edge, period, minimum) = self.numbers(axis);
        let own = self.skeleton.blocks()[block].axes.contains(&axis);
        let wires = || self.skeleton.blocks()[block].ports.iter().flatten();
        let along = |wire: &Wire| self.skeleton.blocks()[wire.block].axes.iter().position(|a| *a == axis);
        let ats: Vec<At> = wires().filter_map(|wire| along(wire).map(|position| wire.at[position])).collect();
        let delay = |at: &At| if let At::Back(delay) = at { i128::from(*delay) } else { 0 };
        let settled = edge + ats.iter().map(delay).max().unwrap_or(0);
        let mut places = Vec::new();
        let mut from = minimum;
        // The last iteration has a class of its own in short lengths.
        while ats.contains(&At::Last) && from <= edge {
            let indices = if own { 0..from } else { 0..1 };
            places.extend(indices.map(|i| Place { index: [i, 0, 0], length: [from, 0, 0] }));
            from += period;
        }
        let fixed = if own { 0..settled } else { 0..1 };
        places.extend(fixed.map(|i| Place {
            index: [i, 0, 0],
            length: [self.length(axis, from.max(if own { i + 1 } else { 0 })), 0, period],
        }));
        let rest = if own { settled..settled + period } else { 0..0 };
        places.extend(rest.map(|i| {
            let length = i + 1 + (minimum - i - 1).rem_euclid(period);
            Place { index: [i, period, 0], length: [length, period, period] }
        }));
        places
    }

    /// The cases of a block along each axis.
    pub(super) fn cases(&self, block: usize) -> Vec<Vec<Place>> {
        (0..self.axes.len()).map(|axis| self.places(block, axis)).collect()
    }

    /// The combinations of classes of a block's indices.
    pub(super) fn regions(&self, block: usize) -> usize {
        let classes = |axis: &usize| (self.axes[*axis].edge + self.axes[*axis].period) as usize;
        self.skeleton.blocks()[block].axes.iter().map(classes).product()
    }

    /// The combination of classes a vertex' indices are of.
    pub(super) fn region(&self, block: usize, at: &[Place]) -> usize {
        self.skeleton.blocks()[block].axes.iter().fold(0, |number, axis| {
            let (edge, period, _) = self.numbers(*axis);
            let index = at[*axis].index[0];
            let class = if index < edge { index } else { edge + (index - edge) % period };
            number * (edge + period) as usize + class as usize
        })
    }

    /// What a port reads: the first wire that exists, and where its source is.
    pub(super) fn source(&self, block: usize, port: usize, at: &[Place]) -> Option<(&Wire, Vec<Place>)> {
        self.skeleton.blocks()[block].ports.get(port)?.iter().find_map(|wire| {
            let mut places: Vec<Place> = at.iter().map(|p| Place { index: [0; 3], length: p.length }).collect();
            for (axis, end) in self.skeleton.blocks()[wire.block].axes.iter().zip(&wire.at) {
                let (from, back) = match end {
                    At::Last => (at[*axis].length, 1),
                    At::Back(delay) => (at[*axis].index, i128::from(*delay)),
                };
                places[*axis].index = [from[0] - back, from[1], from[2]];
                (from[0] >= back).then_some(())?;
            }
            Some((wire, places))
        })
    }
}

/// A polynomial of indices and lengths as one of their variables; none when a number is out of range.
pub(super) fn under(polynomial: &Tensor, at: &[Place]) -> Option<Tensor> {
    let mut result = polynomial.clone();
    let mut stride = 1;
    for place in at {
        for base in (0..result.len()).filter(|position| (position / stride).is_multiple_of(3)) {
            let [one, index, length] = [result[base], result[base + stride], result[base + 2 * stride]];
            for digit in 0..3 {
                let sum =
                    index.checked_mul(place.index[digit])?.checked_add(length.checked_mul(place.length[digit])?)?;
                result[base + digit * stride] = sum.checked_add(if digit == 0 { one } else { 0 })?;
            }
        }
        stride *= 3;
    }
    Some(result)
}

/// Whether `high` is nowhere below `low + more`: no coefficient of the difference is negative, and no variable is.
pub(super) fn covers(high: &Tensor, low: &Tensor, more: i128) -> bool {
    let mut more = Some(more);
    high.iter().zip(low).all(|(high, low)| {
        let difference = high.checked_sub(*low).and_then(|d| d.checked_sub(more.take().unwrap_or(0)));
        difference.is_some_and(|difference| difference >= 0)
    })
}
