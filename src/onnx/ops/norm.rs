//! Norms over the last axes, given as operators or found as patterns; must not know how a norm is rounded.

use num_traits::{One, Signed};

use super::call::{Call, axis};
use super::elementwise::product;
use crate::number::{Function, Rational};
use crate::onnx::emit::{Emit, Result};
use crate::onnx::value::{Data, Value};
use crate::tensor::Op;

/// Rows over all axes from one on: `[rows, width]`.
fn rows(emit: &mut Emit, call: &Call<'_>, x: &Data) -> Result<(Data, Vec<u64>, usize)> {
    let own = emit.shape(x);
    let at = axis(call.int("axis")?.unwrap_or(-1), own.len())?;
    let flat = [own[..at].iter().product(), own[at..].iter().product()];
    let node = emit.reshape(x.node, &flat)?;
    Ok((x.with(node), own, at))
}

fn epsilon(call: &Call<'_>) -> Result<Rational> {
    let epsilon = call.decimal("epsilon", 1e-5)?;
    match epsilon.is_positive() {
        true => Ok(epsilon),
        false => Err("its epsilon must be positive: a row of zeros has no norm without".to_owned()),
    }
}

/// `x - mean(x)`, stored.
fn centred(emit: &mut Emit, x: &Data) -> Result<Data> {
    let (plain, shape) = (emit.plain(x)?, emit.shape(x));
    let centred = emit.node(Op::Centre, &[plain], &shape)?;
    Ok(Data::new(emit.rounded(&Data::new(centred))?))
}

/// Rows over their root mean square, times gain, plus bias: rounded once where both are constant.
fn normalised(emit: &mut Emit, call: &Call<'_>, x: &Data, epsilon: Rational) -> Result<Data> {
    let stored = emit.rounded(x)?;
    let shape = emit.lengths(stored);
    let (gain, bias) = (call.optional(1), call.optional(2));
    let constant = |value: Option<&Value>| match value {
        Some(Value::Reals(reals)) => reals.shape.iter().product::<u64>() == shape[1],
        Some(_) => false,
        None => true,
    };
    let (fits, format) = (constant(gain) && constant(bias), emit.numerics.activations);
    let mut parameters = [None, None];
    for (parameter, value) in parameters.iter_mut().zip([gain, bias]) {
        if let (true, Some(Value::Reals(reals))) = (fits, value) {
            let param = emit.weights(reals, &[shape[1]], || Ok(reals.array()?.values))?;
            *parameter = Some(emit.sketch.param(param));
        }
    }
    let [gain, bias] = parameters;
    let op = Op::Normalise { unit: false, epsilon, gain, plus_one: false, bias, format };
    let node = emit.node(op, &[stored], &shape)?;
    Ok(Data::new(node))
}

/// Gain and bias that are no rows of constants.
fn finished(emit: &mut Emit, call: &Call<'_>, norm: Data, own: &[u64]) -> Result<Data> {
    let node = emit.reshape(norm.node, own)?;
    let mut result = norm.with(node);
    let inside = matches!(emit.sketch.op(norm.node), Op::Normalise { gain: Some(_), .. });
    if inside {
        return Ok(result);
    }
    if let Some(gain) = call.optional(1) {
        result = product(emit, &Value::Data(result), gain)?;
    }
    if let Some(bias) = call.optional_data(emit, 2)? {
        result = emit.add(&result, &bias)?;
    }
    Ok(result)
}

pub(super) fn layer(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    call.ignore("stash_type");
    let x = call.data(emit, 0)?;
    let (flat, own, at) = rows(emit, call, &x)?;
    let epsilon = epsilon(call)?;
    let centred = centred(emit, &flat)?;
    let norm = normalised(emit, call, &centred, epsilon.clone())?;
    let mut results = vec![Value::Data(finished(emit, call, norm, &own)?)];
    let kept: Vec<u64> = (0..own.len()).map(|axis| if axis < at { own[axis] } else { 1 }).collect();
    if call.wants(1) || call.wants(2) {
        results.push(Value::Data(mean(emit, &flat, &kept)?));
    }
    if call.wants(2) {
        let squares = emit.product(&centred, &centred)?;
        let variance = mean(emit, &squares, &kept)?;
        let epsilon = emit.uniform(&epsilon, &kept)?;
        let sum = emit.add(&variance, &epsilon)?;
        let root = emit.function(Function::Sqrt, &sum)?;
        let one = emit.uniform(&Rational::one(), &kept)?;
        results.push(Value::Data(emit.quotient(&one, &root)?));
    }
    Ok(results)
}

/// The mean of each row.
fn mean(emit: &mut Emit, rows: &Data, shape: &[u64]) -> Result<Data> {
    let width = emit.shape(rows)[1];
    let sum = emit.sum(rows.node, 1)?;
    let node = emit.reshape(sum, shape)?;
    emit.scaled(&rows.with(node), &Rational::new(1.into(), width.into()))
}

pub(super) fn root(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    call.ignore("stash_type");
    if call.wants(1) {
        return Err("its second output, the inverse of the root, is read".to_owned());
    }
    let x = call.data(emit, 0)?;
    let (flat, own, _) = rows(emit, call, &x)?;
    let epsilon = epsilon(call)?;
    let norm = normalised(emit, call, &flat, epsilon)?;
    Ok(vec![Value::Data(finished(emit, call, norm, &own)?)])
}

/// `x / sqrt(mean(x^2) + epsilon)` over the last axis, spelled out in the file.
pub(super) fn pattern(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.data(emit, 0)?;
    let (flat, own, _) = rows(emit, call, &x)?;
    let epsilon = epsilon(call)?;
    let norm = normalised(emit, call, &flat, epsilon)?;
    let node = emit.reshape(norm.node, &own)?;
    Ok(vec![Value::Data(norm.with(node))])
}
