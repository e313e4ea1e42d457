//! Operators that put constants beside or in place of a value's elements, and constants themselves; must not know rounding.

use super::call::{Call, axis, whole};
use super::moves::{joined, picked, shape, stays};
use crate::onnx::array::{Array, entries};
use crate::onnx::emit::{Emit, Result};
use crate::onnx::value::{Reals, Value};
use crate::spec::onnx::Attribute;

/// A constant around a value, or the value mirrored (`reflect`) or continued (`edge`) at its ends.
pub(super) fn pad(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.input(0)?.clone();
    let own = shape(emit, &x);
    let pads = match (call.integers(1)?, call.ints("pads")?) {
        (Some(array), _) => array.values.clone(),
        (None, Some(list)) => list.to_vec(),
        (None, None) => return Err("its pads are missing".to_owned()),
    };
    let along = match call.integers(3)? {
        Some(list) => list.values.iter().map(|one| axis(*one, own.len())).collect::<Result<Vec<_>>>()?,
        None => (0..own.len()).collect(),
    };
    if pads.len() != 2 * along.len() {
        return Err(format!("it has {} pads for {} axes", pads.len(), along.len()));
    }
    let mode = call.text("mode", "constant")?.to_owned();
    let value = match (call.number(2)?, call.float("value")?) {
        (Some(value), _) => value,
        (None, value) => value.map_or(0.0, f64::from),
    };
    for (number, at) in along.iter().enumerate() {
        let (before, after) = (pads[number], pads[number + along.len()]);
        if before < 0 || after < 0 {
            return Err("it pads by a negative number".to_owned());
        }
        x = padded(emit, &x, *at, (before as u64, after as u64), &mode, value)?;
    }
    Ok(vec![x])
}

/// One axis.
pub(super) fn padded(
    emit: &mut Emit,
    x: &Value,
    at: usize,
    (before, after): (u64, u64),
    mode: &str,
    value: f64,
) -> Result<Value> {
    let own = shape(emit, x);
    let length = own[at] as i64;
    let total = entries(&[before.saturating_add(after).saturating_add(own[at])])? as i64;
    let place = |place: i64| -> Result<u64> {
        let place = place - before as i64;
        Ok(match mode {
            "edge" => place.clamp(0, length - 1) as u64,
            "reflect" if length > 1 => {
                let turn = place.rem_euclid(2 * (length - 1));
                turn.min(2 * (length - 1) - turn) as u64
            }
            _ => return Err(format!("it pads by mode `{mode}`, which is not read")),
        })
    };
    if (before, after) == (0, 0) {
        return Ok(x.clone());
    }
    if mode != "constant" {
        let places = (0..total).map(place).collect::<Result<Vec<_>>>()?;
        return picked(emit, x, at, &places);
    }
    let mut parts = Vec::new();
    for (length, middle) in [(before, false), (own[at], true), (after, false)] {
        let mut lengths = own.clone();
        lengths[at] = length;
        match (middle, length) {
            (true, _) => parts.push(x.clone()),
            (false, 0) => {}
            (false, _) if matches!(x, Value::Ints(_)) => {
                parts.push(Value::Ints(Array { values: vec![value as i64; entries(&lengths)?], shape: lengths }));
            }
            (false, _) if matches!(x, Value::Reals(_)) => {
                let array = Array { values: vec![value; entries(&lengths)?], shape: lengths };
                parts.push(Value::Reals(Reals::known("padding", array)));
            }
            (false, _) => {
                let reals = Reals::known("padding", Array::scalar(value));
                let exact = reals.exactly(value)?;
                parts.push(Value::Data(emit.uniform(&exact, &lengths)?));
            }
        }
    }
    joined(emit, &parts.iter().collect::<Vec<_>>(), at, "padding")
}

/// The upper or lower triangle of the last two axes; zeros elsewhere.
pub(super) fn trilu(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let own = shape(emit, x);
    let [.., rows, columns] = own[..] else { return Err("it has fewer than two axes".to_owned()) };
    let k = call.integers(1)?.and_then(|k| k.values.first().copied()).unwrap_or(0);
    let upper = call.flag("upper", true)?;
    let kept = |row: u64, column: u64| {
        let above = i128::from(column) - i128::from(row) - i128::from(k);
        i64::from(if upper { above >= 0 } else { above <= 0 })
    };
    entries(&[rows, columns])?;
    let values = (0..rows).flat_map(|row| (0..columns).map(move |column| kept(row, column))).collect();
    let mask = Array { shape: vec![rows, columns], values };
    let each = |place: usize| mask.values[place % mask.values.len().max(1)];
    Ok(vec![match x {
        Value::Ints(array) => {
            let values = array.values.iter().enumerate().map(|(place, value)| value * each(place)).collect();
            Value::Ints(Array { shape: own, values })
        }
        Value::Reals(reals) => {
            let values = reals.array()?.values;
            let kept = |(place, value): (usize, &f64)| if each(place) == 1 { *value } else { 0.0 };
            let values = values.iter().enumerate().map(kept).collect();
            Value::Reals(Reals::known(&reals.name, Array { shape: own, values }))
        }
        Value::Data(data) => Value::Data(emit.masked(&whole(data)?, &mask)?),
        Value::Ids(ids) => return Err(stays(ids)),
    }])
}

pub(super) fn constant(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let name = &call.node.name;
    let values = ["value", "value_float", "value_int", "value_floats", "value_ints"].map(|key| call.any(key));
    let value = match values.into_iter().flatten().next() {
        Some(Attribute::Tensor(tensor)) if tensor.kind.is_real() => Value::Reals(Reals::stored(name, tensor)),
        Some(Attribute::Tensor(tensor)) => {
            Value::Ints(Array { shape: tensor.shape.clone(), values: tensor.integers()? })
        }
        Some(Attribute::Float(value)) => Value::Reals(Reals::known(name, Array::scalar((*value).into()))),
        Some(Attribute::Int(value)) => Value::Ints(Array::scalar(*value)),
        Some(Attribute::Floats(values)) => {
            Value::Reals(Reals::known(name, Array::list(values.iter().map(|value| (*value).into()).collect())))
        }
        Some(Attribute::Ints(values)) => Value::Ints(Array::list(values.clone())),
        _ => return Err("it holds no number that is read".to_owned()),
    };
    Ok(vec![value])
}
