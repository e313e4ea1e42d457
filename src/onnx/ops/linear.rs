//! Matrix products, embeddings and running sums; must not know where values are rounded.

use super::call::{Call, axis, whole};
use super::moves::{arranged, shape};
use crate::onnx::array::{Array, entries};
use crate::onnx::emit::{Emit, Result};
use crate::onnx::value::{Data, Ids, Reals, Value};
use crate::tensor::{Op, ParamId};

/// Rows of a constant table by token ids.
pub(super) fn embed(emit: &mut Emit, table: &Value, ids: &Ids, axis: usize) -> Result<Data> {
    let (Value::Reals(table), 0, Some(tokens)) = (table, axis, ids.node) else {
        return Err(format!("it reads the integers of input `{}`, but not as rows of a constant table", ids.name));
    };
    let (rows, width) = (table.shape[0], table.shape[1..].iter().product::<u64>());
    let param = emit.weights(table, &[rows, width], || Ok(table.array()?.values))?;
    let (count, format) = (ids.shape.iter().product(), emit.numerics.activations);
    let id = emit.sketch.param(param);
    let node = emit.node(Op::Embed { table: id, scale: None, format }, &[tokens], &[count, width])?;
    let lengths = [&ids.shape[..], &table.shape[1..]].concat();
    Ok(Data::new(emit.reshape(node, &lengths)?))
}

pub(super) fn multiply(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    Ok(vec![Value::Data(product(emit, call.input(0)?, call.input(1)?)?)])
}

/// As `numpy.matmul`: the last two axes are matrices, those before are broadcast, a missing axis counts as 1.
pub(super) fn product(emit: &mut Emit, a: &Value, b: &Value) -> Result<Data> {
    let (own, other) = (shape(emit, a), shape(emit, b));
    let inner = [own.last(), other.get(other.len().saturating_sub(2))];
    let (Some(k), true) = (inner[0], inner[0] == inner[1]) else {
        return Err(format!("matrices of shapes {own:?} and {other:?} cannot be multiplied"));
    };
    match (a, b) {
        (Value::Data(x), Value::Reals(weight)) if other.len() <= 2 => {
            let n = if other.len() == 2 { other[1] } else { 1 };
            let columns = if other.len() == 2 { vec![n] } else { Vec::new() };
            let transposed = weight.reshaped(&[*k, n]);
            let out = [&own[..own.len() - 1], &columns].concat();
            mapped(emit, &whole(x)?, &transposed, true, &out)
        }
        (Value::Reals(weight), Value::Data(x)) if own.len() == 2 && other.len() >= 2 => {
            let x = whole(x)?;
            let last = other.len() - 1;
            let order: Vec<usize> = (0..last - 1).chain([last, last - 1]).collect();
            let turned = emit.transpose(x.node, &order)?;
            let out = [&other[..last - 1], &[other[last], own[0]]].concat();
            let mapped = mapped(emit, &x.with(turned), weight, false, &out)?;
            let node = emit.transpose(mapped.node, &order)?;
            Ok(mapped.with(node))
        }
        _ => summed(emit, a, b),
    }
}

/// A constant matrix times the last axis: `[k, n]` or, not `turned`, `[n, k]`; the result has the shape `out`.
pub(super) fn mapped(emit: &mut Emit, x: &Data, weight: &Reals, turned: bool, out: &[u64]) -> Result<Data> {
    let id = matrix(emit, weight, turned)?;
    by(emit, x, id, out)
}

/// A constant matrix as a parameter `[n, k]`.
pub(super) fn matrix(emit: &mut Emit, weight: &Reals, turned: bool) -> Result<ParamId> {
    let (first, second) = (weight.shape[0], weight.shape[1]);
    let (k, n) = if turned { (first, second) } else { (second, first) };
    let values = || {
        let array = weight.array()?;
        Ok(if turned { array.arranged(&[Some(1), Some(0)], &[n, k])?.values } else { array.values })
    };
    let param = emit.weights(weight, &[n, k], values)?;
    Ok(emit.sketch.param(param))
}

/// A parameter `[n, k]` times the last axis; the result has the shape `out`.
pub(super) fn by(emit: &mut Emit, x: &Data, weight: ParamId, out: &[u64]) -> Result<Data> {
    let [n, k] = emit.sketch.parameter(weight).shape[..] else { return Err("internal error: no matrix".to_owned()) };
    let lengths = emit.shape(x);
    let rows = lengths[..lengths.len() - 1].iter().product();
    let folded = emit.reshape(x.node, &[rows, k])?;
    let node = emit.node(Op::Linear { weight, bias: None, out: vec![n] }, &[folded], &[rows, n])?;
    Ok(x.with(emit.reshape(node, out)?))
}

/// Products of all pairs `[.., m, k, n]`, summed over k; a vector is a matrix of one row, or of one column.
fn summed(emit: &mut Emit, a: &Value, b: &Value) -> Result<Data> {
    let (own, other) = (shape(emit, a), shape(emit, b));
    let (rows, columns) = (own.len() > 1, other.len() > 1);
    let left = |rank: usize| vec![rank.checked_sub(2), Some(rank - 1), None];
    let right = |rank: usize| match rank {
        1 => vec![None, Some(0), None],
        _ => vec![None, Some(rank - 2), Some(rank - 1)],
    };
    let (a, b) = (wide(emit, a, left)?, wide(emit, b, right)?);
    let product = super::elementwise::product(emit, &a, &b)?;
    let rank = emit.shape(&product).len();
    let node = emit.sum(product.node, rank - 2)?;
    let mut lengths = emit.lengths(node);
    if !columns {
        lengths.remove(rank - 2);
    }
    if !rows {
        lengths.remove(rank - 3);
    }
    Ok(product.with(emit.reshape(node, &lengths)?))
}

/// A matrix, or a vector, with further axes so that the last three are rows, what is summed, and columns.
fn wide(emit: &mut Emit, x: &Value, last: impl Fn(usize) -> Vec<Option<usize>>) -> Result<Value> {
    let own = shape(emit, x);
    let axes: Vec<Option<usize>> = (0..own.len().saturating_sub(2)).map(Some).chain(last(own.len())).collect();
    let lengths: Vec<u64> = axes.iter().map(|axis| axis.map_or(1, |axis| own[axis])).collect();
    arranged(emit, x, axes, &lengths)
}

/// `alpha A B + beta C`, A and B perhaps transposed.
pub(super) fn general(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut factors = [call.input(0)?.clone(), call.input(1)?.clone()];
    for (factor, name) in factors.iter_mut().zip(["transA", "transB"]) {
        let own = shape(emit, factor);
        if own.len() != 2 {
            return Err(format!("it multiplies a value of shape {own:?}, no matrix"));
        }
        if call.flag(name, false)? {
            *factor = arranged(emit, factor, vec![Some(1), Some(0)], &[own[1], own[0]])?;
        }
    }
    let (alpha, beta) = (call.decimal("alpha", 1.0)?, call.decimal("beta", 1.0)?);
    let product = product(emit, &factors[0], &factors[1])?;
    let mut sum = emit.scaled(&product, &alpha)?;
    if let Some(bias) = call.optional_data(emit, 2)? {
        let bias = emit.scaled(&bias, &beta)?;
        sum = emit.add(&sum, &bias)?;
    }
    Ok(vec![Value::Data(sum)])
}

/// Sums of all elements up to each along an axis, or before it, from either end: a matrix of zeros and ones.
pub(super) fn running(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.data(emit, 0)?;
    let own = emit.shape(&x);
    let along = call.integers(1)?.and_then(|axis| axis.values.first().copied()).ok_or("its axis is missing")?;
    let at = axis(along, own.len())?;
    let (before, backwards) = (call.flag("exclusive", false)?, call.flag("reverse", false)?);
    let length = own[at];
    entries(&[length, length])?;
    let reads = |to: u64, from: u64| {
        let (to, from) = if backwards { (from, to) } else { (to, from) };
        from < to || (from == to && !before)
    };
    let values = (0..length).flat_map(|to| (0..length).map(move |from| i64::from(reads(to, from)))).collect();
    let param = emit.integers("summed", &Array { shape: vec![length, length], values });
    let order: Vec<usize> = (0..own.len()).filter(|axis| *axis != at).chain([at]).collect();
    let turned = emit.transpose(x.node, &order)?;
    let rows = own.iter().product::<u64>() / length;
    let folded = emit.reshape(turned, &[rows, length])?;
    let id = emit.sketch.param(param);
    let sums = emit.node(Op::Linear { weight: id, bias: None, out: vec![length] }, &[folded], &[rows, length])?;
    let lengths: Vec<u64> = order.iter().map(|axis| own[*axis]).collect();
    let unfolded = emit.reshape(sums, &lengths)?;
    let back: Vec<usize> = (0..own.len()).map(|axis| order.iter().position(|own| *own == axis).unwrap_or(0)).collect();
    let node = emit.transpose(unfolded, &back)?;
    Ok(vec![Value::Data(x.with(node))])
}
