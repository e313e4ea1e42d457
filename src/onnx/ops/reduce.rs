//! Operators along axes: sums, means, greatest values, their places, softmax; must not know where values are rounded.

use std::sync::Arc;

use num_traits::One;

use super::call::{Call, axes, axis};
use crate::number::{Function, Rational};
use crate::onnx::array::Array;
use crate::onnx::emit::{Emit, Read, Result};
use crate::onnx::value::{Data, Reals, Value};
use crate::tensor::{Op, Scores};

/// Axes from the second input, or from an attribute; none given means all, or none at all with `noop_with_empty_axes`.
fn along(call: &Call<'_>, rank: usize) -> Result<Vec<usize>> {
    let list = match (call.integers(1)?, call.ints("axes")?) {
        (Some(array), _) => array.values.clone(),
        (None, list) => list.map(<[i64]>::to_vec).unwrap_or_default(),
    };
    let none = call.flag("noop_with_empty_axes", false)?;
    if list.is_empty() && !none { Ok((0..rank).collect()) } else { axes(&list, rank) }
}

pub(super) fn reduce(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.data(emit, 0)?;
    let own = emit.shape(&x);
    let gone = along(call, own.len())?;
    let keeps = call.flag("keepdims", true)?;
    let greatest = matches!(call.node.op.as_str(), "ReduceMax" | "ReduceMin");
    let minus = -Rational::one();
    if call.node.op == "ReduceMin" {
        x = emit.scaled(&x, &minus)?;
    }
    if greatest {
        x = Data::new(emit.rounded(&x)?);
    }
    for axis in gone.iter().rev() {
        x = match greatest {
            true => {
                let mut shape = emit.shape(&x);
                shape.remove(*axis);
                Data::new(emit.node(Op::Max(*axis), &[x.node], &shape)?)
            }
            false => {
                let node = emit.sum(x.node, *axis)?;
                x.with(node)
            }
        };
    }
    x = match call.node.op.as_str() {
        "ReduceMin" => emit.scaled(&x, &minus)?,
        "ReduceMean" => {
            let count: u64 = gone.iter().map(|axis| own[*axis]).product();
            emit.scaled(&x, &Rational::new(1.into(), count.into()))?
        }
        _ => x,
    };
    if keeps {
        let lengths: Vec<u64> = (0..own.len()).map(|axis| if gone.contains(&axis) { 1 } else { own[axis] }).collect();
        let node = emit.reshape(x.node, &lengths)?;
        x = x.with(node);
    }
    Ok(vec![Value::Data(x)])
}

/// The order of axes that puts one last, and the order that puts it back.
pub(super) fn last(rank: usize, axis: usize) -> (Vec<usize>, Vec<usize>) {
    let order: Vec<usize> = (0..rank).filter(|own| *own != axis).chain([axis]).collect();
    let back = (0..rank).map(|own| order.iter().position(|place| *place == own).unwrap_or(0)).collect();
    (order, back)
}

/// The place of the first greatest or least value, or of the last: one-hot, times the places.
pub(super) fn greatest(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.data(emit, 0)?;
    let own = emit.shape(&x);
    let at = axis(call.int("axis")?.unwrap_or(0), own.len())?;
    let (keeps, latest) = (call.flag("keepdims", true)?, call.flag("select_last_index", false)?);
    if call.node.op == "ArgMin" {
        x = emit.scaled(&x, &-Rational::one())?;
    }
    let (order, _) = last(own.len(), at);
    let plain = emit.plain(&x)?;
    let mut node = emit.transpose(plain, &order)?;
    let length = own[at];
    let places: Vec<u64> = if latest { (0..length).rev().collect() } else { (0..length).collect() };
    node = emit.pick(node, order.len() - 1, &places)?;
    let lengths = emit.lengths(node);
    let chosen = emit.node(Op::Argmax, &[node], &lengths)?;
    let worth = Array::list(places.iter().map(|place| *place as f64).collect());
    let weighed = emit.weigh(&Data::new(chosen), &worth, &Reals::known("places", worth.clone()), Read::Always)?;
    let mut found = emit.sum(weighed.node, order.len() - 1)?;
    if keeps {
        let mut lengths = own;
        lengths[at] = 1;
        found = emit.reshape(found, &lengths)?;
    }
    Ok(vec![Value::Data(Data::new(found))])
}

/// Along an axis; before operator set 13 over all axes from one on.
pub(super) fn softmax(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let Value::Data(x) = call.input(0)? else { return Err("its input is constant".to_owned()) };
    let own = emit.shape(x);
    if call.opset >= 13 {
        let at = axis(call.int("axis")?.unwrap_or(-1), own.len())?;
        return Ok(vec![Value::Data(shares(emit, x, at)?)]);
    }
    let at = axis(call.int("axis")?.unwrap_or(1), own.len())?;
    let flat = [own[..at].iter().product(), own[at..].iter().product()];
    let node = emit.reshape(x.node, &flat)?;
    let left_out = x.left_out.as_ref().map(|mask| Arc::new(mask.reshaped(&flat)));
    let shares = shares(emit, &Data { left_out, ..x.with(node) }, 1)?;
    let node = emit.reshape(shares.node, &own)?;
    Ok(vec![Value::Data(shares.with(node))])
}

/// `round(e(s) / sum of e(s))` along an axis, over the scores no mask leaves out.
pub(super) fn shares(emit: &mut Emit, x: &Data, axis: usize) -> Result<Data> {
    let (order, back) = last(emit.shape(x).len(), axis);
    let weights = exponentials(emit, x, &order)?;
    let total = emit.sum(weights.node, order.len() - 1)?;
    let shares = emit.over(&weights, total)?;
    let node = emit.transpose(shares.node, &back)?;
    Ok(shares.with(node))
}

/// The table's entries of scores, axes in this order, zero where a mask leaves them out.
pub(super) fn exponentials(emit: &mut Emit, x: &Data, order: &[usize]) -> Result<Data> {
    let plain = emit.plain(x)?;
    let node = emit.transpose(plain, order)?;
    let lengths = emit.lengths(node);
    let scores = Scores {
        function: Function::Exp,
        scale_squared: Rational::one(),
        softcap: None,
        sinks: None,
        format: emit.numerics.activations,
        clamp: emit.numerics.score_clamp,
        exp_bits: emit.numerics.exp_bits,
    };
    let table = Data::new(emit.node(Op::Positive(scores), &[node], &lengths)?);
    let Some(mask) = &x.left_out else { return Ok(table) };
    let mask = mask.arranged(&order.iter().copied().map(Some).collect::<Vec<_>>(), &lengths)?;
    let row = lengths.last().copied().unwrap_or(1) as usize;
    if mask.values.chunks(row).any(|row| row.iter().all(|gone| *gone == 1)) {
        return Err("a mask leaves out every score of a row, which then has no softmax".to_owned());
    }
    let kept = Array { shape: mask.shape.clone(), values: mask.values.iter().map(|gone| 1 - gone).collect() };
    emit.masked(&table, &kept)
}
