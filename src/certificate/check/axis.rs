//! Cases along one axis that stand for all its lengths and indices; part of the checker, so it must not search.

use crate::certificate::Classes;

/// The most classes of a kind, and the longest delay.
const MOST: u64 = 256;

/// A constant plus multiples of two variables of an axis' own, of which all that is known is that neither is negative.
pub(super) type Affine = [i128; 3];

/// Where something is along one axis: its index, if it is repeated along it, and the length.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) index: Option<Affine>,
    pub(super) length: Affine,
}

/// An axis of a certificate, with the number from which on neither a wire nor a class is special.
pub(super) struct Along {
    edge: i128,
    period: i128,
    minimum: i128,
    settled: i128,
}

impl Along {
    /// With the longest delay along the axis; none if an index has no class, or there are too many.
    pub(super) fn new(axis: &Classes, delay: u64) -> Option<Self> {
        let small = axis.edge.max(axis.period).max(delay) <= MOST && (1..=1 << 40).contains(&axis.minimum);
        let [edge, period, minimum, delay] = [axis.edge, axis.period, axis.minimum, delay].map(i128::from);
        let along = Self { edge, period, minimum, settled: edge + delay.max(period).max(1) };
        (small && (period >= 1 || edge >= minimum)).then_some(along)
    }

    /// How many classes indices have.
    pub(super) fn classes(&self) -> i128 {
        self.edge + self.period
    }

    /// The class of an index; where the axis is held at one length, none is beyond the edge.
    pub(super) fn class(&self, index: i128) -> i128 {
        index.min(self.edge) + (index - self.edge).max(0) % self.period.max(1)
    }

    /// The least number from some one on that is a whole number of periods away from lengths of the claim; the period must not be 0.
    fn least(&self, from: i128) -> i128 {
        from + (self.minimum - from).rem_euclid(self.period)
    }

    /// All lengths of the claim: short ones one by one, and the rest, whose last iterations are in classes of many.
    fn lengths(&self) -> Vec<Affine> {
        if self.period == 0 {
            return vec![[self.minimum, 0, 0]];
        }
        let short = (self.minimum..self.settled).step_by(self.period as usize).map(|length| [length, 0, 0]);
        short.chain([[self.least(self.settled.max(self.minimum)), 0, self.period]]).collect()
    }

    /// All lengths and, if something is repeated along the axis, all indices: early ones one by one, and the rest by their classes.
    pub(super) fn places(&self, own: bool) -> Vec<Place> {
        if !own {
            return self.lengths().into_iter().map(|length| Place { index: None, length }).collect();
        }
        let place = |index, length| Place { index: Some(index), length };
        let early = |length: Affine| (0..self.settled.min(length[0])).map(move |i| place([i, 0, 0], length));
        let late = (self.settled..self.settled + self.period)
            .map(|index| place([index, self.period, 0], [self.least(index + 1), self.period, self.period]));
        self.lengths().into_iter().flat_map(early).chain(late).collect()
    }
}
