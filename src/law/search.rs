//! Attempts at certificates: plans of classes and lengths tried in turn, each accepted by the checker or dropped; must not know what a law is.

use super::{bounds, period, ratio, table, write};
use crate::certificate::check::check;
use crate::certificate::{Bound, Certificate, Classes, Proved};
use crate::loops::skeleton::Part;
use crate::loops::{At, Axis, Block, Skeleton, System};
use table::Table;

/// A certificate and what the checker says it proves.
pub(super) type Accepted = (Certificate, Proved);

/// A skeleton, its digest, and the skeleton closed by its depth, which the search is for.
pub(super) struct Task<'a> {
    pub(super) skeleton: &'a Skeleton,
    circuit: String,
    pub(super) closed: Skeleton,
}

impl<'a> Task<'a> {
    pub(super) fn new(skeleton: &'a Skeleton) -> Self {
        Self { skeleton, circuit: skeleton.digest(), closed: skeleton.closed() }
    }

    /// With what the checker says, if it accepts it.
    fn checked(&self, certificate: Certificate) -> Option<Accepted> {
        let proved = check(self.skeleton, &certificate).ok()?;
        Some((certificate, proved))
    }
}

/// How indices are divided into classes, and how far the search looks.
pub(super) struct Plan {
    pub(super) edge: u64,
    periodic: bool,
    /// From this length on, or from 1.
    pub(super) from: Option<u64>,
    pub(super) span: i128,
}

const fn plan(edge: u64, periodic: bool, from: Option<u64>, span: i128) -> Plan {
    Plan { edge, periodic, from, span }
}

/// Plans for exact laws, the likeliest first: with delays of more than one, as many of the first iterations are not like the rest.
pub(super) fn first(skeleton: &Skeleton) -> Vec<Plan> {
    let delay = (0..skeleton.axes().len()).map(|axis| skeleton.longest_delay(axis)).max();
    let quick = match delay.unwrap_or(0) {
        0 | 1 => vec![plan(0, false, None, 4), plan(1, false, None, 4)],
        2 => vec![plan(2, false, None, 4)],
        _ => vec![plan(4, false, None, 4), plan(2, false, None, 4)],
    };
    let careful = [plan(0, false, None, 6), plan(1, false, None, 6), plan(2, false, None, 8)];
    quick.into_iter().chain(careful).collect()
}

/// Plans for what needs more.
pub(super) const MORE: [Plan; 10] = [
    plan(0, true, None, 4),
    plan(1, true, None, 4),
    plan(2, true, None, 4),
    plan(4, false, None, 8),
    plan(4, true, None, 4),
    plan(2, false, Some(3), 8),
    plan(4, false, Some(5), 8),
    plan(4, true, Some(5), 6),
    plan(8, false, Some(9), 8),
    plan(8, true, Some(9), 6),
];

/// The most vertices of all iterations a plan may compute at a time.
const MOST_WORK: u128 = 600_000;

pub(super) fn classes(skeleton: &Skeleton, plan: &Plan) -> Vec<Classes> {
    let period = |axis: usize| if plan.periodic { ratio::period(skeleton, axis) } else { 1 };
    let class = |(number, axis): (usize, &Axis)| Classes {
        name: axis.name.to_string(),
        edge: plan.edge,
        period: period(number),
        minimum: plan.from.unwrap_or(1),
    };
    skeleton.axes().iter().enumerate().map(class).collect()
}

/// Whether all lengths the search would compute depths for are small enough.
pub(super) fn small(skeleton: &Skeleton, classes: &[Classes], span: i128) -> bool {
    let longest = |axis: &usize| {
        let class = &classes[*axis];
        u128::from(class.edge + class.minimum + 4 * class.period) + span.unsigned_abs() * u128::from(class.period)
    };
    let size =
        |block: &Block<Part>| block.axes.iter().map(longest).product::<u128>() * block.bodies[0].vertices.len() as u128;
    let residues: u64 = classes.iter().map(|class| class.period).product();
    residues <= 16 && skeleton.blocks().iter().map(size).sum::<u128>() * (1 << skeleton.axes().len()) <= MOST_WORK
}

/// An exact law by potentials, one certificate for each residue of the lengths.
pub(super) fn exact(task: &Task<'_>, plan: &Plan) -> Option<Vec<Accepted>> {
    let classes = classes(&task.closed, plan);
    if !small(&task.closed, &classes, plan.span) || (plan.periodic && classes.iter().all(|class| class.period == 1)) {
        return None;
    }
    let residues = table::product(&classes.iter().map(|class| (0..class.period).collect()).collect::<Vec<Vec<u64>>>());
    let all = |classes: &[Classes]| -> Option<Vec<Accepted>> {
        residues.iter().map(|residue| at_residue(task, classes, residue, plan.span)).collect()
    };
    let mut found = all(&classes)?;
    let before = classes.clone();
    let mut classes = classes;
    for axis in 0..classes.len() {
        // From as short as possible on, one axis after the other.
        for minimum in [1, 2, 4].into_iter().filter(|minimum| residues.len() <= 4 && *minimum < before[axis].minimum) {
            let mut shorter = classes.clone();
            shorter[axis].minimum = minimum;
            if let Some(better) = all(&shorter) {
                (found, classes) = (better, shorter);
                break;
            }
        }
    }
    Some(found)
}

fn at_residue(task: &Task<'_>, classes: &[Classes], residue: &[u64], span: i128) -> Option<Accepted> {
    let shifted = |(class, more): (&Classes, &u64)| Classes { minimum: class.minimum + more, ..class.clone() };
    let classes: Vec<Classes> = classes.iter().zip(residue).map(shifted).collect();
    let mut table = Table::new(&task.closed, &classes, span);
    table.solve();
    task.checked(write::certificate(&task.circuit, &table, Bound::Exactly)?)
}

/// The longest delays of which plans for exact laws make all cases: longer ones take long, and none was found for them.
pub(super) const LONG: u64 = 8;

/// Two bounds that meet, from potentials of the skeleton with its delays cut short: what reads from further back is no deeper, and where the slowest
/// cycle has short delays it is as deep.
pub(super) fn cut(task: &Task<'_>) -> Option<Vec<Accepted>> {
    let near = with_delays_of_two(&task.closed)?;
    [plan(2, false, None, 6), plan(1, false, None, 6)].iter().find_map(|plan| {
        let classes = classes(&task.closed, plan);
        let mut guess = Table::new(&near, &classes, plan.span);
        small(&near, &classes, plan.span).then(|| guess.solve())?;
        let bound = |bound| {
            let mut table = Table::new(&task.closed, &classes, plan.span);
            table.lists.clone_from(&guess.lists);
            match bound {
                Bound::AtMost => bounds::upper(&mut table).then_some(())?,
                _ => bounds::lower(&mut table),
            }
            task.checked(write::certificate(&task.circuit, &table, bound)?)
        };
        let (upper, lower) = (bound(Bound::AtMost)?, bound(Bound::AtLeast)?);
        (upper.1.of == lower.1.of).then(|| vec![upper, lower])
    })
}

/// The same skeleton, nothing read from further back than two iterations.
fn with_delays_of_two(skeleton: &Skeleton) -> Option<Skeleton> {
    let mut blocks = skeleton.blocks().to_vec();
    for at in blocks.iter_mut().flat_map(|block| block.ports.iter_mut().flatten()).flat_map(|wire| &mut wire.at) {
        if let At::Back(delay) = at {
            *delay = (*delay).min(2);
        }
    }
    System::new(skeleton.axes().to_vec(), blocks, skeleton.outputs().to_vec()).ok()
}

/// A period along an axis, the others at their lengths: a certificate for each residue of the length.
pub(super) fn period_along(task: &Task<'_>, axis: usize) -> Option<Vec<Accepted>> {
    period::find(&task.circuit, &task.closed, axis, &|certificate| task.checked(certificate))
}

/// An upper and a lower bound, as far as they are found.
pub(super) fn bounded(task: &Task<'_>) -> Vec<Accepted> {
    let plans = [plan(1, false, None, 6), plan(2, false, None, 6), plan(0, false, None, 6), plan(4, false, None, 4)];
    let bound = |bound| plans.iter().find_map(|plan| one_bound(task, plan, bound));
    [Bound::AtMost, Bound::AtLeast].into_iter().filter_map(bound).collect()
}

fn one_bound(task: &Task<'_>, plan: &Plan, bound: Bound) -> Option<Accepted> {
    let classes = classes(&task.closed, plan);
    if !small(&task.closed, &classes, plan.span) {
        return None;
    }
    let mut table = Table::new(&task.closed, &classes, plan.span);
    table.solve();
    match bound {
        Bound::AtMost => bounds::upper(&mut table).then_some(())?,
        _ => bounds::lower(&mut table),
    }
    task.checked(write::certificate(&task.circuit, &table, bound)?)
}
