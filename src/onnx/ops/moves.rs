//! Operators that move numbers and make none: of constants, values and, where the order stays, token ids; must not know rounding.

use super::call::{Call, axes, axis, data, whole};
use crate::onnx::array::{Array, entries};
use crate::onnx::emit::{Emit, Result};
use crate::onnx::value::{Data, Ids, Reals, Value};
use crate::spec::onnx::Kind;

/// The lengths of a value's axes.
pub(super) fn shape(emit: &Emit, value: &Value) -> Vec<u64> {
    match value {
        Value::Ints(array) => array.shape.clone(),
        Value::Reals(reals) => reals.shape.clone(),
        Value::Data(data) => emit.shape(data),
        Value::Ids(ids) => ids.shape.clone(),
    }
}

/// Axis by axis of the result: which axis it is, or a new one.
pub(super) fn arranged(emit: &mut Emit, value: &Value, axes: Vec<Option<usize>>, shape: &[u64]) -> Result<Value> {
    Ok(match value {
        Value::Ints(array) => Value::Ints(array.arranged(&axes, shape)?),
        Value::Reals(reals) => Value::Reals(Reals::known(&reals.name, reals.array()?.arranged(&axes, shape)?)),
        Value::Data(data) => {
            let data = whole(data)?;
            let node = emit.arrange(data.node, axes, shape)?;
            Value::Data(data.with(node))
        }
        Value::Ids(ids) => return Err(stays(ids)),
    })
}

/// The same elements under other axes.
pub(super) fn reshaped(emit: &mut Emit, value: &Value, shape: &[u64]) -> Result<Value> {
    let own = self::shape(emit, value);
    let count = |shape: &[u64]| shape.iter().try_fold(1u64, |total, length| total.checked_mul(*length));
    if count(&own) != count(shape) {
        return Err(format!("{own:?} has not as many elements as {shape:?}"));
    }
    Ok(match value {
        Value::Ints(array) => Value::Ints(array.reshaped(shape)),
        Value::Reals(reals) => Value::Reals(reals.reshaped(shape)),
        Value::Data(data) => {
            let data = whole(data)?;
            let node = emit.reshape(data.node, shape)?;
            Value::Data(data.with(node))
        }
        Value::Ids(ids) => Value::Ids(Ids { shape: shape.to_vec(), ..ids.clone() }),
    })
}

/// Elements at these places along an axis.
pub(super) fn picked(emit: &mut Emit, value: &Value, axis: usize, places: &[u64]) -> Result<Value> {
    Ok(match value {
        Value::Ints(array) => Value::Ints(array.picked(axis, places)?),
        Value::Reals(reals) => Value::Reals(Reals::known(&reals.name, reals.array()?.picked(axis, places)?)),
        Value::Data(data) => {
            let data = whole(data)?;
            let node = emit.pick(data.node, axis, places)?;
            Value::Data(data.with(node))
        }
        Value::Ids(ids) => return Err(stays(ids)),
    })
}

pub(super) fn stays(ids: &Ids) -> String {
    format!("it moves the integers of input `{}`; only embeddings read them, in their order", ids.name)
}

/// One after the other along an axis.
pub(super) fn joined(emit: &mut Emit, values: &[&Value], axis: usize, name: &str) -> Result<Value> {
    let shapes: Vec<Vec<u64>> = values.iter().map(|value| shape(emit, value)).collect();
    let like = |other: &Vec<u64>| {
        other.len() == shapes[0].len() && (0..other.len()).all(|a| a == axis || other[a] == shapes[0][a])
    };
    if let Some(other) = shapes.iter().find(|other| !like(other)) {
        return Err(format!("shapes {:?} and {other:?} cannot be joined along axis {axis}", shapes[0]));
    }
    if let Some(ints) = values
        .iter()
        .map(|value| if let Value::Ints(array) = value { Some(array) } else { None })
        .collect::<Option<Vec<_>>>()
    {
        return Ok(Value::Ints(Array::joined(&ints, axis)));
    }
    let reals = values
        .iter()
        .map(|value| if let Value::Reals(reals) = value { Some(reals) } else { None })
        .collect::<Option<Vec<_>>>();
    if let Some(reals) = reals {
        let arrays = reals.iter().map(|reals| reals.array()).collect::<Result<Vec<_>>>()?;
        return Ok(Value::Reals(Reals::known(name, Array::joined(&arrays.iter().collect::<Vec<_>>(), axis))));
    }
    let parts = values.iter().map(|value| data(emit, value)).collect::<Result<Vec<_>>>()?;
    Ok(Value::Data(joined_data(emit, &parts, axis)?))
}

/// A factor they all have stays outside.
pub(super) fn joined_data(emit: &mut Emit, parts: &[Data], axis: usize) -> Result<Data> {
    let alike = parts.iter().all(|part| part.factor == parts[0].factor);
    let nodes = match alike {
        true => parts.iter().map(|part| part.node).collect(),
        false => parts.iter().map(|part| emit.plain(part)).collect::<Result<Vec<_>>>()?,
    };
    let node = emit.concat(&nodes, axis)?;
    Ok(if alike { parts[0].with(node) } else { Data::new(node) })
}

// ---- Operators ----

/// The value itself; of Dropout outside of training, whose mask is not given out.
pub(super) fn identity(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    ["ratio", "seed", "is_test"].into_iter().for_each(|name| call.ignore(name));
    if call.wants(1) {
        return Err("its mask is read, which only training has".to_owned());
    }
    if call.integers(2)?.is_some_and(|mode| mode.values.first().is_some_and(|mode| *mode != 0)) {
        return Err("it is in training mode".to_owned());
    }
    Ok(vec![call.input(0)?.clone()])
}

/// Between real types a value is what it is: the format of activations takes the place of all of them.
pub(super) fn cast(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    ["saturate", "round_mode"].into_iter().for_each(|name| call.ignore(name));
    let real = match (call.int("to")?, call.optional(1)) {
        (Some(to), _) => {
            Kind::of(i32::try_from(to).unwrap_or(-1)).map_err(|reason| format!("it casts to {reason}"))?.is_real()
        }
        (None, Some(Value::Ints(_) | Value::Ids(_))) => false,
        (None, Some(_)) => true,
        (None, None) => return Err("attribute `to` is missing".to_owned()),
    };
    let value = match (call.input(0)?, real) {
        (Value::Ints(array), true) => {
            let values = array.values.iter().map(|value| *value as f64).collect();
            Value::Reals(Reals::known(&call.node.name, Array { shape: array.shape.clone(), values }))
        }
        (Value::Reals(_) | Value::Data(_), false) => return Err("it casts real numbers to integers".to_owned()),
        (Value::Ids(ids), true) => {
            return Err(format!("it casts the integers of input `{}` to real numbers", ids.name));
        }
        (value, _) => value.clone(),
    };
    Ok(vec![value])
}

pub(super) fn transpose(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let own = shape(emit, x);
    let order = match call.ints("perm")? {
        None => (0..own.len()).rev().collect(),
        Some(order) if order.len() == own.len() => {
            axes(order, own.len())?;
            order.iter().map(|one| axis(*one, own.len())).collect::<Result<Vec<_>>>()?
        }
        Some(order) => return Err(format!("it orders {order:?} of {} axes", own.len())),
    };
    let lengths: Vec<u64> = order.iter().map(|axis| own[*axis]).collect();
    Ok(vec![arranged(emit, x, order.into_iter().map(Some).collect(), &lengths)?])
}

pub(super) fn reshape(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let wanted = match (call.integers(1)?, call.ints("shape")?) {
        (Some(array), _) => array.values.clone(),
        (None, Some(list)) => list.to_vec(),
        (None, None) => return Err("its shape is missing".to_owned()),
    };
    let own = shape(emit, x);
    let zero = call.flag("allowzero", false)?;
    let length = |(place, length): (usize, &i64)| match (*length, own.get(place)) {
        (0, Some(own)) if !zero => Ok(*own),
        (-1, _) => Ok(1),
        (length, _) => u64::try_from(length).map_err(|_| format!("{wanted:?} is no shape")),
    };
    let mut lengths = wanted.iter().enumerate().map(length).collect::<Result<Vec<u64>>>()?;
    let open: Vec<usize> = (0..wanted.len()).filter(|place| wanted[*place] == -1).collect();
    if let [place] = open[..] {
        let known: u64 = lengths.iter().try_fold(1u64, |total, length| total.checked_mul(*length)).unwrap_or(0);
        let all: u64 = own.iter().product();
        lengths[place] = all.checked_div(known).ok_or_else(|| format!("{own:?} cannot become {wanted:?}"))?;
    } else if open.len() > 1 {
        return Err(format!("{wanted:?} leaves more than one length open"));
    }
    Ok(vec![reshaped(emit, x, &lengths)?])
}

pub(super) fn flatten(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let own = shape(emit, x);
    let at = call.int("axis")?.unwrap_or(1);
    let at = if at == own.len() as i64 { own.len() } else { axis(at, own.len())? };
    let lengths = [own[..at].iter().product(), own[at..].iter().product()];
    Ok(vec![reshaped(emit, x, &lengths)?])
}

/// Axes from the second input, or before operator set 13 from an attribute.
fn given_axes(call: &Call<'_>, rank: usize) -> Result<Option<Vec<usize>>> {
    let list = match (call.integers(1)?, call.ints("axes")?) {
        (Some(array), _) => Some(array.values.clone()),
        (None, list) => list.map(<[i64]>::to_vec),
    };
    list.map(|list| axes(&list, rank)).transpose()
}

pub(super) fn squeeze(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let own = shape(emit, x);
    let given = given_axes(call, own.len())?;
    let gone = given.unwrap_or_else(|| (0..own.len()).filter(|axis| own[*axis] == 1).collect());
    if let Some(axis) = gone.iter().find(|axis| own[**axis] != 1) {
        return Err(format!("axis {axis} of {own:?} is longer than 1"));
    }
    let kept: Vec<u64> = (0..own.len()).filter(|axis| !gone.contains(axis)).map(|axis| own[axis]).collect();
    Ok(vec![reshaped(emit, x, &kept)?])
}

pub(super) fn unsqueeze(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let own = shape(emit, x);
    let list = match (call.integers(1)?, call.ints("axes")?) {
        (Some(array), _) => array.values.clone(),
        (None, Some(list)) => list.to_vec(),
        (None, None) => return Err("its axes are missing".to_owned()),
    };
    let mut lengths = own.clone();
    axes(&list, own.len() + list.len())?.into_iter().for_each(|axis| lengths.insert(axis, 1));
    Ok(vec![reshaped(emit, x, &lengths)?])
}

/// A shape given as integers.
pub(super) fn lengths(array: &Array<i64>) -> Result<Vec<u64>> {
    let length = |length: &i64| u64::try_from(*length).map_err(|_| format!("{:?} is no shape", array.values));
    array.values.iter().map(length).collect()
}

pub(super) fn expand(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let wanted = lengths(call.integers(1)?.ok_or("its shape is missing")?)?;
    let own = shape(emit, x);
    let both = crate::onnx::array::common(&own, &wanted)?;
    let spread = crate::onnx::array::spread(&own, &both)?;
    Ok(vec![arranged(emit, x, spread, &both)?])
}

pub(super) fn tile(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.input(0)?.clone();
    let times = lengths(call.integers(1)?.ok_or("its repeats are missing")?)?;
    let own = shape(emit, &x);
    if times.len() != own.len() {
        return Err(format!("it repeats {} axes of {}", times.len(), own.len()));
    }
    for (axis, times) in times.iter().enumerate().filter(|(_, times)| **times != 1) {
        let total = entries(&[own[axis], *times])? as u64;
        let places: Vec<u64> = (0..total).map(|place| place % own[axis]).collect();
        x = picked(emit, &x, axis, &places)?;
    }
    Ok(vec![x])
}

pub(super) fn concat(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let values = (0..call.inputs.len()).map(|place| call.input(place)).collect::<Result<Vec<_>>>()?;
    let first = values.first().ok_or("it joins nothing")?;
    let at = axis(call.int("axis")?.ok_or("attribute `axis` is missing")?, shape(emit, first).len())?;
    // Parts without elements join nothing.
    let some: Vec<&Value> = values.iter().copied().filter(|value| !shape(emit, value).contains(&0)).collect();
    let parts = if some.is_empty() { values } else { some };
    Ok(vec![joined(emit, &parts, at, &call.node.name)?])
}

pub(super) fn split(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let own = shape(emit, x);
    let at = axis(call.int("axis")?.unwrap_or(0), own.len())?;
    let count = call.node.outputs.len() as u64;
    let parts = match (call.integers(1)?, call.ints("split")?) {
        (Some(array), _) => lengths(array)?,
        (None, Some(list)) => lengths(&Array::list(list.to_vec()))?,
        (None, None) => {
            let count = call.int("num_outputs")?.map_or(count, |n| n.unsigned_abs()).max(1);
            let part = own[at].div_ceil(count);
            (0..count).map(|number| part.min(own[at].saturating_sub(number * part))).collect()
        }
    };
    call.ignore("num_outputs");
    if parts.len() as u64 != count || parts.iter().sum::<u64>() != own[at] {
        return Err(format!("it splits {} into {parts:?} for {count} outputs", own[at]));
    }
    let mut start = 0;
    let mut results = Vec::new();
    for length in parts {
        let places: Vec<u64> = (start..start + length).collect();
        results.push(picked(emit, x, at, &places)?);
        start += length;
    }
    Ok(results)
}

pub(super) fn slice(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.input(0)?.clone();
    let own = shape(emit, &x);
    let list = |place: usize, name: &str| -> Result<Option<Vec<i64>>> {
        Ok(call.integers(place)?.map(|array| array.values.clone()).or(call.ints(name)?.map(<[i64]>::to_vec)))
    };
    let (starts, ends) =
        (list(1, "starts")?.ok_or("its starts are missing")?, list(2, "ends")?.ok_or("its ends are missing")?);
    let along = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] {
        return Err("its starts, ends, axes and steps differ in number".to_owned());
    }
    axes(&along, own.len())?;
    for (number, along) in along.iter().enumerate() {
        let at = axis(*along, own.len())?;
        let places = sliced(starts[number], ends[number], steps[number], own[at])?;
        x = picked(emit, &x, at, &places)?;
    }
    Ok(vec![x])
}

/// The places from `start` up to `end`, or down to it where the step is negative; both are clamped to the axis.
fn sliced(start: i64, end: i64, step: i64, length: u64) -> Result<Vec<u64>> {
    let length = i64::try_from(entries(&[length])?).unwrap_or(0);
    let from_end = |place: i64| if place < 0 { place.saturating_add(length) } else { place };
    let (start, end) = (from_end(start), from_end(end));
    match step {
        0 => Err("it slices in steps of 0".to_owned()),
        1.. => {
            let (start, end) = (start.clamp(0, length), end.clamp(0, length));
            Ok((start..end).step_by(usize::try_from(step).unwrap_or(usize::MAX)).map(|place| place as u64).collect())
        }
        _ => {
            let (start, end) = (start.clamp(-1, length - 1), end.clamp(-1, length - 1));
            let down = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
            Ok((end + 1..=start).rev().step_by(down).map(|place| place as u64).collect())
        }
    }
}

/// Rows of a table by token ids, or elements at constant places.
pub(super) fn gather(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let own = shape(emit, x);
    let at = axis(call.int("axis")?.unwrap_or(0), own.len())?;
    match indices {
        Value::Ids(ids) => Ok(vec![Value::Data(super::linear::embed(emit, x, ids, at)?)]),
        Value::Ints(array) => {
            let place = |place: &i64| {
                let found = if *place < 0 { place + own[at] as i64 } else { *place };
                let inside = u64::try_from(found).ok().filter(|found| *found < own[at]);
                inside.ok_or_else(|| format!("there is no place {place} on an axis of length {}", own[at]))
            };
            let places = array.values.iter().map(place).collect::<Result<Vec<u64>>>()?;
            let row = picked(emit, x, at, &places)?;
            let lengths = [&own[..at], &array.shape, &own[at + 1..]].concat();
            Ok(vec![reshaped(emit, &row, &lengths)?])
        }
        _ => Err("its indices are computed; constant ones, and token ids, are read".to_owned()),
    }
}
