//! The depth of a looped system as a law in the lengths of its axes, found by search and proved by certificates; must not be trusted without them.

mod fit;
mod period;
mod table;
mod write;

use crate::certificate::check::{CheckError, check};
use crate::certificate::{Bound, Certificate, Classes, Proof};
use crate::loops::Skeleton;
use table::Table;

/// Tries potentials.
pub fn attempt(
    skeleton: &Skeleton,
    edge: u64,
    period: &[u64],
    minimum: &[u64],
    span: i128,
) -> Result<Certificate, Option<CheckError>> {
    let class = |(number, axis): (usize, &crate::loops::Axis)| Classes {
        name: axis.name.to_string(),
        edge,
        period: period[number],
        minimum: minimum[number],
    };
    let classes: Vec<Classes> = skeleton.axes().iter().enumerate().map(class).collect();
    let mut table = Table::new(skeleton, &classes, span);
    table.solve();
    let proof = write::potentials(&table, Bound::Exactly).ok_or(None)?;
    let certificate = write::certificate(skeleton, Proof::Potentials(proof));
    check(skeleton, &certificate)?;
    Ok(certificate)
}

#[cfg(test)]
mod tests;
