//! The search for a period along one axis: depths are computed until windows repeat; must not decide whether that proves anything.

use crate::certificate::check::period::{Timeline, forward, longest};
use crate::certificate::{Fixed, Period};
use crate::loops::Skeleton;

/// The most time steps computed.
const MOST: u64 = 4096;

/// The most vertices computed over all time steps.
const MOST_WORK: u128 = 4_000_000;

/// A period along an axis, all others at the lengths given, that is accepted.
pub(super) fn find(
    skeleton: &Skeleton,
    axis: usize,
    fixed: &[Fixed],
    accepted: impl Fn(&Period) -> bool,
) -> Option<Period> {
    if !forward(skeleton, axis) {
        return None;
    }
    let window = longest(skeleton, axis).max(1);
    let mut line = Timeline::new(skeleton, axis, fixed, 1).ok()?;
    let mut times = 2 * window + 14;
    while times <= MOST.max(2 * window + 14) && u128::from(times) * (line.vertices as u128 + 2) <= MOST_WORK {
        (line.depths.len() as u64..times).for_each(|time| line.run(time));
        if let Some((start, period)) = repeats(&line, window as usize) {
            // A tie may hide at first who leads for good.
            let starts =
                [start, start + 1, start + period].into_iter().filter(|start| start + period <= times as usize);
            let periods = starts.filter_map(|start| write(&line, &skeleton.axes()[axis].name, fixed, start, period));
            if let Some(found) = periods.into_iter().find(&accepted) {
                return Some(found);
            }
        }
        times *= 2;
    }
    None
}

fn write(line: &Timeline, axis: &str, fixed: &[Fixed], start: usize, period: usize) -> Option<Period> {
    let depth = |time: usize| line.depths[time][line.vertices + 1];
    let depths: Vec<u64> = (0..start + period - 1).map(depth).collect();
    let rise = depth(start + period - 1).checked_sub(depth(start - 1))?;
    Some(Period {
        axis: axis.to_owned(),
        fixed: fixed.to_vec(),
        start: start as u64,
        period: period as u64,
        rise,
        depths,
    })
}

/// The least period, and the least length from which on all vertices rise by the same in each; if the times computed show any.
fn repeats(line: &Timeline, window: usize) -> Option<(usize, usize)> {
    let times = line.depths.len();
    (1..=times / 3).find_map(|period| {
        let rises = |time: usize, v: usize| line.depths[time][v] as i128 - line.depths[time - period][v] as i128;
        let same = |time: &usize| (0..line.vertices + 2).all(|v| rises(*time, v) == rises(times - 1, v));
        let held = (period..times).rev().take_while(same).count();
        // The window ends at the last time of length `start`; the first of it is so much earlier.
        let start = times - held - period + window;
        (held >= 2 * period.max(window) && start >= window).then_some((start, period))
    })
}
