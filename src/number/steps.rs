//! Change points of a step function on the integers, found by bisection; knows only a closure, not what it computes.

use num_bigint::BigInt;

/// A step function on an interval of the integers, as its first value and every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The value at the low end.
    pub first: BigInt,
    /// Each `c` above the low end with `f(c) != f(c - 1)`, increasing, with `f(c)`.
    pub changes: Vec<(BigInt, BigInt)>,
}

impl Steps {
    /// The value at `x`, for `x` in the interval the steps were found on.
    pub fn value(&self, x: &BigInt) -> &BigInt {
        let after = self.changes.partition_point(|(change, _)| change <= x);
        after.checked_sub(1).map_or(&self.first, |last| &self.changes[last].1)
    }
}

/// A point and the value there.
type Sample = (BigInt, BigInt);

/// The steps of `f`, monotone in either direction on `lo..=hi` (`lo <= hi`).
///
/// By bisection: about `changes * log2(range)` evaluations, none at the same point twice.
pub fn monotone_steps(lo: &BigInt, hi: &BigInt, f: &mut impl FnMut(&BigInt) -> BigInt) -> Steps {
    let mut scan = Scan::start(lo, f);
    scan.reach(hi);
    scan.steps
}

/// The steps of `f` on `lo..=hi` (`lo <= hi`) where `f` does not increase up to `turn` and does not decrease from `turn + 1` on, or
/// the other way round.
///
/// So `turn` is the floor of the place of the minimum or maximum. It may lie outside the interval: then `f` is monotone there.
/// About `changes * log2(range)` evaluations, none at the same point twice.
pub fn unimodal_steps(lo: &BigInt, hi: &BigInt, turn: &BigInt, f: &mut impl FnMut(&BigInt) -> BigInt) -> Steps {
    let mut scan = Scan::start(lo, f);
    for corner in [turn.clone(), turn + 1] {
        if &corner > lo && &corner < hi {
            scan.reach(&corner);
        }
    }
    scan.reach(hi);
    scan.steps
}

/// A scan from the low end upwards: the steps so far, and the last point reached.
struct Scan<'f, F> {
    steps: Steps,
    last: Sample,
    f: &'f mut F,
}

impl<'f, F: FnMut(&BigInt) -> BigInt> Scan<'f, F> {
    fn start(lo: &BigInt, f: &'f mut F) -> Self {
        let first = f(lo);
        Self { last: (lo.clone(), first.clone()), steps: Steps { first, changes: Vec::new() }, f }
    }

    /// Records the changes from the last point to `end`, between which `f` is monotone.
    fn reach(&mut self, end: &BigInt) {
        if *end <= self.last.0 {
            return;
        }
        // Ends of intervals still to do, the nearest on top. Each interval begins where the last one ended.
        let mut ends = vec![self.sample(end.clone())];
        while let Some(end) = ends.pop() {
            if end.1 == self.last.1 {
                self.last = end;
            } else if end.0 == &self.last.0 + 1 {
                self.steps.changes.push(end.clone());
                self.last = end;
            } else {
                let middle: BigInt = (&self.last.0 + &end.0) >> 1u32;
                ends.push(end);
                let middle = self.sample(middle);
                ends.push(middle);
            }
        }
    }

    fn sample(&mut self, point: BigInt) -> Sample {
        let value = (self.f)(&point);
        (point, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// The steps by looking at every point.
    fn scanned(table: &[i64], lo: i64) -> Steps {
        let changes = (1..table.len()).filter(|&i| table[i] != table[i - 1]);
        let changes = changes.map(|i| ((lo + i as i64).into(), table[i].into())).collect();
        Steps { first: table[0].into(), changes }
    }

    /// A closure over a table that refuses to be asked the same point twice.
    fn once(table: &[i64], lo: i64) -> impl FnMut(&BigInt) -> BigInt {
        let mut seen = HashSet::new();
        move |x| {
            assert!(seen.insert(x.clone()), "{x} evaluated twice");
            table[usize::try_from(x - lo).unwrap()].into()
        }
    }

    fn ends(table: &[i64], lo: i64) -> (BigInt, BigInt) {
        (lo.into(), (lo + table.len() as i64 - 1).into())
    }

    fn running(start: i64, jumps: &[i64]) -> Vec<i64> {
        let mut table = vec![start];
        table.extend(jumps.iter().scan(start, |value, jump| {
            *value += jump;
            Some(*value)
        }));
        table
    }

    fn jumps() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(prop_oneof![3 => Just(0i64), 2 => Just(1), 1 => 2..9i64], 0..60)
    }

    proptest! {
        #[test]
        fn monotone_finds_every_change(start in -9i64..9, jumps in jumps(), lo in -50i64..50, down in any::<bool>()) {
            let jumps: Vec<i64> = jumps.iter().map(|jump| if down { -jump } else { *jump }).collect();
            let table = running(start, &jumps);
            let (low, high) = ends(&table, lo);
            let steps = monotone_steps(&low, &high, &mut once(&table, lo));
            prop_assert_eq!(&steps, &scanned(&table, lo));
            for (i, value) in table.iter().enumerate() {
                prop_assert_eq!(steps.value(&(lo + i as i64).into()), &BigInt::from(*value));
            }
        }

        #[test]
        fn unimodal_finds_every_change(fall in jumps(), rise in jumps(), middle in -5i64..5, lo in -50i64..50) {
            let turn = lo + fall.len() as i64;
            let jumps: Vec<i64> = fall.iter().map(|jump| -jump).chain([middle]).chain(rise).collect();
            let table = running(0, &jumps);
            let (low, high) = ends(&table, lo);
            let steps = unimodal_steps(&low, &high, &turn.into(), &mut once(&table, lo));
            prop_assert_eq!(steps, scanned(&table, lo));
        }
    }

    #[test]
    fn a_turn_outside_or_at_the_ends_is_harmless() {
        let table = running(0, &[1, 0, 3]);
        let (low, high) = ends(&table, 10);
        for turn in [-100, 9, 10] {
            assert_eq!(unimodal_steps(&low, &high, &turn.into(), &mut once(&table, 10)), scanned(&table, 10));
        }
        let single = monotone_steps(&low, &low, &mut once(&table, 10));
        assert_eq!(single, Steps { first: 0.into(), changes: vec![] });
    }

    #[test]
    fn huge_ranges_cost_only_their_logarithm() {
        let end: BigInt = BigInt::from(1) << 200u32;
        let unit: BigInt = BigInt::from(1) << 198u32;
        let mut count = 0;
        let steps = monotone_steps(&-&end, &end, &mut |x: &BigInt| {
            count += 1;
            (x + 7u32) >> 198u32
        });
        assert_eq!(steps.changes.len(), 8);
        assert!(steps.changes.iter().all(|(change, value)| *change == value * &unit - 7u32));
        assert!(count < 8 * 202, "{count} evaluations");
    }
}
