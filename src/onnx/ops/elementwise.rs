//! Operators that compute element by element; must not know where values are rounded.

use num_traits::{One, Zero};
use std::sync::Arc;

use super::call::{Call, data, whole};
use super::fold::{both, zipped};
use crate::number::{Function, Rational};
use crate::onnx::array::Array;
use crate::onnx::emit::{Emit, Read, Result};
use crate::onnx::value::{Data, Reals, Value};

/// Numbers added to scores below this leave them out of a softmax: a mask.
const MASK: f64 = -10_000.0;

fn one(data: Data) -> Result<Vec<Value>> {
    Ok(vec![Value::Data(data)])
}

// ---- Sums ----

pub(super) fn add(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    if let Some((a, b)) = both(call) {
        return zipped(a, b, i64::checked_add);
    }
    match (call.input(0)?, call.input(1)?) {
        (Value::Data(x), Value::Reals(mask)) | (Value::Reals(mask), Value::Data(x)) if is_mask(mask)? => {
            one(left_out(emit, x, mask)?)
        }
        (a, b) => {
            let (a, b) = (data(emit, a)?, data(emit, b)?);
            one(emit.add(&a, &b)?)
        }
    }
}

/// Scores plus constants, of which large negative ones leave out.
pub(super) fn masked_sum(emit: &mut Emit, x: &Data, mask: &Value) -> Result<Data> {
    match mask {
        Value::Reals(mask) if is_mask(mask)? => left_out(emit, x, mask),
        other => {
            let other = data(emit, other)?;
            emit.add(x, &other)
        }
    }
}

/// Whether constants hold numbers that are a mask's, not weights. One number is read in any case; weights are read, too, which
/// costs time and decides nothing.
fn is_mask(reals: &Reals) -> Result<bool> {
    Ok(reals.array()?.values.iter().any(|value| *value <= MASK))
}

/// Scores plus a mask: its other numbers are added.
fn left_out(emit: &mut Emit, x: &Data, mask: &Reals) -> Result<Data> {
    let x = whole(x)?;
    let array = mask.array()?;
    let kept = Array {
        shape: array.shape.clone(),
        values: array.values.iter().map(|v| if *v <= MASK { 0.0 } else { *v }).collect(),
    };
    let gone =
        Array { shape: array.shape.clone(), values: array.values.iter().map(|v| i64::from(*v <= MASK)).collect() };
    let mut sum = match kept.values.iter().all(|value| *value == 0.0) {
        true => x,
        false => {
            let more = emit.given(&Reals::known(&mask.name, kept))?;
            emit.add(&x, &more)?
        }
    };
    let shape = crate::onnx::array::common(&emit.shape(&sum), &gone.shape)?;
    sum.node = emit.broadcast(sum.node, &shape)?;
    sum.left_out = Some(Arc::new(gone.broadcast(&shape)?));
    Ok(sum)
}

pub(super) fn sum(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut total = call.data(emit, 0)?;
    for place in 1..call.inputs.len() {
        let next = call.data(emit, place)?;
        total = emit.add(&total, &next)?;
    }
    one(total)
}

pub(super) fn subtract(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    if let Some((a, b)) = both(call) {
        return zipped(a, b, i64::checked_sub);
    }
    let (a, b) = (call.data(emit, 0)?, call.data(emit, 1)?);
    one(emit.subtract(&a, &b)?)
}

pub(super) fn negate(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    if let Value::Ints(array) = call.input(0)? {
        return zipped(array, &Array::scalar(0), |a, _| a.checked_neg());
    }
    let x = call.data(emit, 0)?;
    one(emit.scaled(&x, &-Rational::one())?)
}

// ---- Products ----

pub(super) fn multiply(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    if let Some((a, b)) = both(call) {
        return zipped(a, b, i64::checked_mul);
    }
    one(product(emit, call.input(0)?, call.input(1)?)?)
}

/// By constants exactly; of two values, each rounded.
pub(super) fn product(emit: &mut Emit, a: &Value, b: &Value) -> Result<Data> {
    match (a, b) {
        (Value::Reals(constant), other) | (other, Value::Reals(constant)) => {
            let x = data(emit, other)?;
            times(emit, &x, constant)
        }
        _ => {
            let (a, b) = (data(emit, a)?, data(emit, b)?);
            emit.product(&a, &b)
        }
    }
}

/// Times constants: one number exactly, others in the format of weights.
pub(super) fn times(emit: &mut Emit, x: &Data, constant: &Reals) -> Result<Data> {
    let Some(value) = constant.single() else {
        return emit.weigh(x, &constant.array()?, constant, Read::Weights);
    };
    let factor = constant.exactly(value)?;
    let shape = crate::onnx::array::common(&emit.shape(x), &constant.shape)?;
    let node = emit.broadcast(x.node, &shape)?;
    emit.scaled(&x.with(node), &factor)
}

pub(super) fn divide(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    if let Some((a, b)) = both(call) {
        return zipped(a, b, i64::checked_div);
    }
    if let Value::Reals(divisor) = call.input(1)?
        && let Some(value) = divisor.single()
    {
        if value == 0.0 {
            return Err(format!("it divides by the constant `{}`, which is 0", divisor.name));
        }
        let (x, factor) = (call.data(emit, 0)?, Rational::one() / divisor.exactly(value)?);
        let shape = crate::onnx::array::common(&emit.shape(&x), &divisor.shape)?;
        let node = emit.broadcast(x.node, &shape)?;
        return one(emit.scaled(&x.with(node), &factor)?);
    }
    let (a, b) = (call.data(emit, 0)?, call.data(emit, 1)?);
    one(emit.quotient(&a, &b)?)
}

pub(super) fn reciprocal(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.data(emit, 0)?;
    one(inverse(emit, &x)?)
}

fn inverse(emit: &mut Emit, x: &Data) -> Result<Data> {
    let shape = emit.shape(x);
    let unit = emit.uniform(&Rational::one(), &shape)?;
    emit.quotient(&unit, x)
}

/// Powers that are products, roots or quotients.
pub(super) fn power(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let exponent = call.number(1)?.ok_or("its exponent is missing")?;
    let x = call.data(emit, 0)?;
    let result = match exponent {
        1.0 => x,
        2.0 => emit.product(&x, &x)?,
        3.0 => {
            let square = emit.product(&x, &x)?;
            emit.product(&square, &x)?
        }
        0.5 => emit.function(Function::Sqrt, &x)?,
        -0.5 => {
            let root = emit.function(Function::Sqrt, &x)?;
            inverse(emit, &root)?
        }
        -1.0 => inverse(emit, &x)?,
        _ => return Err(format!("it raises to the power {exponent}; -1, -0.5, 0.5, 1, 2 and 3 are read")),
    };
    one(result)
}

// ---- Functions ----

/// A function of one variable, rounded once.
pub(super) fn function(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let function = match call.node.op.as_str() {
        "Relu" => Function::Relu,
        "Sigmoid" => Function::Sigmoid,
        "Tanh" => Function::Tanh,
        "Exp" => Function::Exp,
        "Sqrt" => Function::Sqrt,
        "Erf" => Function::Erf,
        "Softplus" => Function::Softplus,
        _ => match call.text("approximate", "none")? {
            "none" => Function::Gelu,
            "tanh" => Function::GeluTanh,
            other => return Err(format!("its approximation `{other}` is not known")),
        },
    };
    let x = call.data(emit, 0)?;
    one(emit.function(function, &x)?)
}

/// What the pattern of a GELU computes, from its input.
pub(super) fn gelu(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.data(emit, 0)?;
    one(emit.function(Function::Gelu, &x)?)
}

/// `x / (1 + e^(-alpha x))`.
pub(super) fn swish(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let alpha = call.decimal("alpha", 1.0)?;
    let x = call.data(emit, 0)?;
    if alpha.is_one() {
        return one(emit.function(Function::Silu, &x)?);
    }
    let inner = emit.scaled(&x, &alpha)?;
    let gate = emit.function(Function::Sigmoid, &inner)?;
    one(emit.product(&x, &gate)?)
}

// ---- Choices ----

pub(super) fn maximum(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    extreme(emit, call, false)
}

pub(super) fn minimum(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    extreme(emit, call, true)
}

fn extreme(emit: &mut Emit, call: &Call<'_>, least: bool) -> Result<Vec<Value>> {
    if let (Some((a, b)), 2) = (both(call), call.inputs.len()) {
        return zipped(a, b, |a, b| Some(if least { a.min(b) } else { a.max(b) }));
    }
    let values = (0..call.inputs.len()).map(|place| call.data(emit, place)).collect::<Result<Vec<_>>>()?;
    one(if least { lowest(emit, &values)? } else { greatest(emit, &values)? })
}

fn greatest(emit: &mut Emit, values: &[Data]) -> Result<Data> {
    match values {
        [] => Err("it chooses among nothing".to_owned()),
        [only] => Ok(only.clone()),
        _ => emit.greatest(values),
    }
}

/// The greatest of the negated values, negated.
fn lowest(emit: &mut Emit, values: &[Data]) -> Result<Data> {
    let minus = -Rational::one();
    let negated = values.iter().map(|value| emit.scaled(value, &minus)).collect::<Result<Vec<_>>>()?;
    let found = greatest(emit, &negated)?;
    emit.scaled(&found, &minus)
}

/// Not below the second input and not above the third, which wins; before operator set 11 attributes.
pub(super) fn clip(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.data(emit, 0)?;
    for (place, name, least) in [(1, "min", false), (2, "max", true)] {
        let end = match (call.optional_data(emit, place)?, call.float(name)?) {
            (Some(end), _) => Some(end),
            (None, Some(value)) => Some(emit.given(&Reals::known(name, Array::scalar(value.into())))?),
            (None, None) => None,
        };
        if let Some(end) = end {
            x = if least { lowest(emit, &[x, end])? } else { greatest(emit, &[x, end])? };
        }
    }
    one(x)
}

/// By a constant condition: both sides times zeros and ones, or scores with a mask.
pub(super) fn choose(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let condition = call.integers(0).map_err(|_| "its condition is computed; constant ones are read".to_owned())?;
    let condition = condition.ok_or("its condition is missing")?;
    let flipped: Array<i64> =
        Array { shape: condition.shape.clone(), values: condition.values.iter().map(|c| i64::from(*c == 0)).collect() };
    let chosen = Array { shape: condition.shape.clone(), values: flipped.values.iter().map(|c| 1 - c).collect() };
    match (call.input(1)?, call.input(2)?) {
        (Value::Ints(a), Value::Ints(b)) => {
            let shape = crate::onnx::array::common(&condition.shape, &crate::onnx::array::common(&a.shape, &b.shape)?)?;
            let (c, a, b) = (chosen.broadcast(&shape)?, a.broadcast(&shape)?, b.broadcast(&shape)?);
            let values = (0..c.values.len())
                .map(|place| if c.values[place] == 1 { a.values[place] } else { b.values[place] })
                .collect();
            Ok(vec![Value::Ints(Array { shape, values })])
        }
        (Value::Data(x), Value::Reals(mask)) if is_mask(mask)? => one(hidden(emit, x, mask, &flipped)?),
        (Value::Reals(mask), Value::Data(x)) if is_mask(mask)? => one(hidden(emit, x, mask, &chosen)?),
        (Value::Reals(a), Value::Reals(b)) => {
            let shape = crate::onnx::array::common(&condition.shape, &crate::onnx::array::common(&a.shape, &b.shape)?)?;
            let (c, a, b) = (chosen.broadcast(&shape)?, a.array()?.broadcast(&shape)?, b.array()?.broadcast(&shape)?);
            let values = (0..c.values.len())
                .map(|place| if c.values[place] == 1 { a.values[place] } else { b.values[place] })
                .collect();
            Ok(vec![Value::Reals(Reals::known(&call.node.name, Array { shape, values }))])
        }
        (a, b) => {
            let (a, b) = (data(emit, a)?, data(emit, b)?);
            let (a, b) = (emit.masked(&a, &chosen)?, emit.masked(&b, &flipped)?);
            one(emit.add(&a, &b)?)
        }
    }
}

/// Scores left out where the mask is one; the number put there must be a mask's.
fn hidden(emit: &mut Emit, x: &Data, number: &Reals, mask: &Array<i64>) -> Result<Data> {
    if number.single().is_none_or(|number| number > MASK) {
        return Err("it chooses between scores and several constants, some of them large negative numbers".to_owned());
    }
    let x = whole(x)?;
    let shape = crate::onnx::array::common(&emit.shape(&x), &mask.shape)?;
    let node = emit.broadcast(x.node, &shape)?;
    let mask = mask.broadcast(&shape)?;
    let gone = mask.values.iter().any(|value| !value.is_zero());
    Ok(Data { left_out: gone.then(|| Arc::new(mask)), ..x.with(node) })
}
