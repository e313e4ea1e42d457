//! Constants of a program as levels of their formats: given numbers rounded, or drawn from a seed; must not know graphs.

use std::collections::BTreeMap;

use num_traits::One;

use super::{ProgramError, Result};
use crate::number::{Format, Rational};
use crate::spec::program::{Data, Descent, Loss, Program, Quantity, Rule, Start};
use crate::tensor::params::Source;
use crate::tensor::{Param, Parameters, ParamsError};

/// The most entries one constant may have.
const MOST_ENTRIES: u128 = 1 << 24;

/// The most entries a tensor may have at all.
const MOST_ELEMENTS: u128 = 1 << 40;

/// Refuses tensors of more entries than can be counted on the way.
pub(super) fn check(tensors: &[Quantity]) -> Result<()> {
    tensors.iter().try_for_each(|tensor| limited(&tensor.name, &tensor.shape, MOST_ELEMENTS))
}

fn limited(name: &str, shape: &[u64], most: u128) -> Result<()> {
    let entries = shape.iter().fold(1u128, |entries, length| entries.saturating_mul(u128::from(*length)));
    if entries > most {
        return Err(ParamsError::TooLarge { name: name.to_owned(), entries }.into());
    }
    Ok(())
}

/// Zeros that are constants of the circuit.
pub(super) fn zeros(name: &str, shape: &[u64], format: Format) -> Result<Param> {
    limited(name, shape, MOST_ENTRIES)?;
    let entries = shape.iter().product::<u64>() as usize;
    Ok(Param { name: name.to_owned(), shape: shape.to_vec(), values: Some(vec![0; entries].into()), format })
}

/// A weight to begin with.
pub(super) fn start(program: &Program, weight: &Quantity) -> Result<Param> {
    let name = &weight.name;
    match &program.start {
        Start::Zeros | Start::Inputs => zeros(name, &weight.shape, weight.format),
        Start::Random { seed } => drawn(Source::Random { seed: *seed, limit: i64::MAX }, weight, &weight.shape),
        Start::Given(values) => Ok(given(name, weight.format, &weight.shape, listed(values, name)?)),
    }
}

/// A quantity of hard-wired data: every example.
pub(super) fn data(program: &Program, quantity: &Quantity) -> Result<Option<Param>> {
    let shape = |examples: u64| [&[examples], &quantity.shape[..]].concat();
    match &program.data {
        Data::Inputs => Ok(None),
        Data::Given { values, examples } => {
            let values = listed(values, &quantity.name)?;
            Ok(Some(given(&quantity.name, quantity.format, &shape(*examples), values)))
        }
        Data::Random { seed, examples } => {
            let source = Source::Random { seed: *seed, limit: i64::MAX };
            let param = drawn(source, quantity, &shape(*examples))?;
            shaped(program, quantity, param).map(Some)
        }
    }
}

fn listed<'v>(values: &'v BTreeMap<String, Vec<Rational>>, name: &str) -> Result<&'v [Rational]> {
    Ok(values.get(name).map(Vec::as_slice).ok_or_else(|| ParamsError::Missing(name.to_owned()))?)
}

fn drawn(source: Source, quantity: &Quantity, shape: &[u64]) -> Result<Param> {
    limited(&quantity.name, shape, MOST_ENTRIES)?;
    Ok(Parameters { format: quantity.format, source }.get(&quantity.name, shape)?)
}

fn given(name: &str, format: Format, shape: &[u64], values: &[Rational]) -> Param {
    let values = Some(values.iter().map(|value| format.nearest(value)).collect());
    Param { name: name.to_owned(), shape: shape.to_vec(), values, format }
}

/// Random data as a rule needs them: labels of margins are 1 or -1, states and actions one-hot, actions of two choices 0 or 1.
fn shaped(program: &Program, quantity: &Quantity, param: Param) -> Result<Param> {
    let format = quantity.format;
    let one = format.nearest(&Rational::one());
    let sign = |low: i64| move |level: &i64| if *level >= 0 { one } else { low };
    let values = param.values.as_deref().unwrap_or_default();
    let values = match (&program.rule, quantity.name.as_str()) {
        (Rule::Descent(Descent { loss: Loss::Logistic | Loss::Hinge, .. }), "y") => {
            values.iter().map(sign(-one)).collect()
        }
        (Rule::PolicyGradient { .. }, "action") => values.iter().map(sign(0)).collect(),
        (Rule::QLearning { .. }, "state" | "action" | "next") => one_hot(values, quantity.shape[0] as usize, one),
        _ => return Ok(param),
    };
    if !format.number(one).is_one() {
        return Err(ProgramError::Narrow { what: quantity.name.clone(), format });
    }
    Ok(Param { values: Some(values), ..param })
}

/// One at the first greatest entry of each row.
fn one_hot(values: &[i64], width: usize, one: i64) -> std::sync::Arc<[i64]> {
    let row = |row: &[i64]| {
        let greatest = row.iter().max().copied();
        let best = row.iter().position(|level| Some(*level) == greatest);
        (0..width).map(|place| if Some(place) == best { one } else { 0 }).collect::<Vec<_>>()
    };
    values.chunks(width).flat_map(row).collect()
}
