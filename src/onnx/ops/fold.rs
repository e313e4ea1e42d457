//! Computations on constant integers: shapes, indices and masks, done while a graph is imported; real numbers are never computed here.

use super::call::Call;
use super::moves::{lengths, shape as shape_of};
use crate::onnx::array::{Array, common, entries};
use crate::onnx::emit::{Emit, Result};
use crate::onnx::value::{Reals, Value};
use crate::spec::onnx::Attribute;

/// The first two inputs, where both are integers known beforehand.
pub(super) fn both<'c>(call: &'c Call<'_>) -> Option<(&'c Array<i64>, &'c Array<i64>)> {
    match (call.optional(0), call.optional(1)) {
        (Some(Value::Ints(a)), Some(Value::Ints(b))) => Some((a, b)),
        _ => None,
    }
}

/// Element by element, broadcast.
pub(super) fn zipped(a: &Array<i64>, b: &Array<i64>, f: impl Fn(i64, i64) -> Option<i64>) -> Result<Vec<Value>> {
    let shape = common(&a.shape, &b.shape)?;
    let (a, b) = (a.broadcast(&shape)?, b.broadcast(&shape)?);
    let pair = |(a, b): (&i64, &i64)| f(*a, *b).ok_or_else(|| format!("{a} and {b} have no result of 64 bits here"));
    let values = a.values.iter().zip(&b.values).map(pair).collect::<Result<_>>()?;
    Ok(vec![Value::Ints(Array { shape, values })])
}

/// Comparisons, logic and remainders.
pub(super) fn compare(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let op = call.node.op.as_str();
    if op == "Mod" && call.flag("fmod", false)? {
        return Err("it takes remainders as C does (`fmod`)".to_owned());
    }
    let (a, b) = both(call).ok_or("it compares values that are computed; constant integers are read")?;
    zipped(a, b, |a, b| {
        Some(match op {
            "Equal" => i64::from(a == b),
            "Greater" => i64::from(a > b),
            "Less" => i64::from(a < b),
            "GreaterOrEqual" => i64::from(a >= b),
            "LessOrEqual" => i64::from(a <= b),
            "And" => i64::from(a != 0 && b != 0),
            "Or" => i64::from(a != 0 || b != 0),
            "Xor" => i64::from((a != 0) != (b != 0)),
            // The result has the sign of the divisor.
            _ => a.checked_rem(b)?.checked_add(b)?.checked_rem(b)?,
        })
    })
}

pub(super) fn not(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.integers(0)?.ok_or("its input is missing")?;
    let values = x.values.iter().map(|value| i64::from(*value == 0)).collect();
    Ok(vec![Value::Ints(Array { shape: x.shape.clone(), values })])
}

pub(super) fn shape(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let own = shape_of(emit, call.input(0)?);
    let rank = own.len() as i64;
    let end = |place: i64| (if place < 0 { place + rank } else { place }).clamp(0, rank) as usize;
    let (start, stop) = (end(call.int("start")?.unwrap_or(0)), end(call.int("end")?.unwrap_or(rank)));
    let kept = own.get(start..stop).unwrap_or_default();
    Ok(vec![Value::Ints(Array::list(kept.iter().map(|length| *length as i64).collect()))])
}

pub(super) fn size(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let own = shape_of(emit, call.input(0)?);
    Ok(vec![Value::Ints(Array::scalar(own.iter().product::<u64>() as i64))])
}

pub(super) fn constant_of_shape(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let shape = lengths(call.integers(0)?.ok_or("its shape is missing")?)?;
    let count = entries(&shape)?;
    let real =
        |value| Value::Reals(Reals::known(&call.node.name, Array { shape: shape.clone(), values: vec![value; count] }));
    let value = match call.any("value") {
        None => real(0.0),
        Some(Attribute::Tensor(tensor)) if tensor.count() != 1 => return Err("its value is not one number".to_owned()),
        Some(Attribute::Tensor(tensor)) if tensor.kind.is_real() => real(tensor.reals()?[0]),
        Some(Attribute::Tensor(tensor)) => {
            let value = tensor.integers()?[0];
            Value::Ints(Array { shape, values: vec![value; count] })
        }
        Some(_) => return Err("attribute `value` is no tensor".to_owned()),
    };
    Ok(vec![value])
}

pub(super) fn range(_: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let end = |place: usize| -> Result<i64> {
        let array = call.integers(place)?.ok_or_else(|| format!("input {place} is missing"))?;
        array.values.first().copied().ok_or_else(|| format!("input {place} is empty"))
    };
    let (start, limit, step) = (end(0)?, end(1)?, end(2)?);
    if step == 0 {
        return Err("it counts in steps of 0".to_owned());
    }
    let span = i128::from(limit) - i128::from(start);
    let ahead = span.signum() == i128::from(step.signum());
    let count = if ahead { span.unsigned_abs().div_ceil(u128::from(step.unsigned_abs())) } else { 0 };
    let count = entries(&[u64::try_from(count).unwrap_or(u64::MAX)])? as i64;
    Ok(vec![Value::Ints(Array::list((0..count).map(|place| start + place * step).collect()))])
}
