//! Attention as one operator, and rotations of positions; must not know where values are rounded.

use std::sync::Arc;

use num_traits::Signed;

use super::call::{Call, data, whole};
use super::linear::product;
use super::reduce::shares;
use crate::number::{Function, rational_from_f64};
use crate::onnx::array::Array;
use crate::onnx::emit::{Emit, Read, Result};
use crate::onnx::value::{Data, Reals, Value};

/// The heads of an input: `[batch, heads, positions, features]`.
fn heads(emit: &mut Emit, x: &Data, count: Option<i64>, what: &str) -> Result<Data> {
    let own = emit.shape(x);
    match (own.len(), count.map(|count| count as u64)) {
        (4, _) => Ok(x.clone()),
        (3, Some(heads)) if heads > 0 && own[2].is_multiple_of(heads) => {
            let split = emit.reshape(x.node, &[own[0], own[1], heads, own[2] / heads])?;
            let node = emit.transpose(split, &[0, 2, 1, 3])?;
            Ok(x.with(node))
        }
        _ => Err(format!("attribute `{what}` does not fit an input of shape {own:?}")),
    }
}

/// Back to `[batch, positions, heads * features]`.
fn merged(emit: &mut Emit, x: &Data) -> Result<Data> {
    let turned = emit.transpose(x.node, &[0, 2, 1, 3])?;
    let own = emit.lengths(turned);
    let node = emit.reshape(turned, &[own[0], own[1], own[2] * own[3]])?;
    Ok(x.with(node))
}

/// `softmax(scale * q k + mask) v`; the scale is the float of 32 bits nearest to the root where none is given.
pub(super) fn attend(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    call.ignore("softmax_precision");
    call.ignore("qk_matmul_output_mode");
    if call.wants(3) {
        return Err("its fourth output, the scores, is read".to_owned());
    }
    if call.optional(6).is_some() {
        return Err("it has lengths of keys for each sequence".to_owned());
    }
    let (q, k, v) = (call.data(emit, 0)?, call.data(emit, 1)?, call.data(emit, 2)?);
    let flat = emit.shape(&q).len() == 3;
    let (count, own) = (call.int("q_num_heads")?, call.int("kv_num_heads")?);
    let q = heads(emit, &q, count, "q_num_heads")?;
    let (mut k, mut v) = (heads(emit, &k, own, "kv_num_heads")?, heads(emit, &v, own, "kv_num_heads")?);
    let past = (call.optional_data(emit, 4)?, call.optional_data(emit, 5)?);
    let has_past = past.0.is_some();
    if let (Some(keys), Some(values)) = past {
        k = super::moves::joined_data(emit, &[keys, k], 2)?;
        v = super::moves::joined_data(emit, &[values, v], 2)?;
    }
    let present = [Value::Data(k.clone()), Value::Data(v.clone())];
    let (k, v) = (grouped(emit, &q, &k)?, grouped(emit, &q, &v)?);
    let scores = scores(emit, call, &q, &k)?;
    let scores = masked(emit, call, &scores, has_past)?;
    let weights = shares(emit, &scores, 3)?;
    let mut y = product(emit, &Value::Data(weights), &Value::Data(v))?;
    if flat {
        y = merged(emit, &y)?;
    }
    let [keys, values] = present;
    Ok(vec![Value::Data(y), keys, values])
}

/// As many heads as queries have, each of keys and values repeated.
fn grouped(emit: &mut Emit, q: &Data, x: &Data) -> Result<Data> {
    let (wanted, own) = (emit.shape(q)[1], emit.shape(x)[1]);
    if own == 0 || !wanted.is_multiple_of(own) {
        return Err(format!("{wanted} heads of queries share {own} of keys"));
    }
    let places: Vec<u64> = (0..wanted).map(|head| head / (wanted / own)).collect();
    let node = emit.pick(x.node, 1, &places)?;
    Ok(x.with(node))
}

fn scores(emit: &mut Emit, call: &Call<'_>, q: &Data, k: &Data) -> Result<Data> {
    let width = emit.shape(q)[3];
    let scale = call.float("scale")?.unwrap_or_else(|| (1.0 / (width as f64).sqrt()) as f32);
    let scale =
        rational_from_f64(scale.into()).filter(|scale| scale.is_positive()).ok_or("its scale is not positive")?;
    let turned = emit.transpose(k.node, &[0, 1, 3, 2])?;
    let scores = product(emit, &Value::Data(q.clone()), &Value::Data(k.with(turned)))?;
    let scores = emit.scaled(&scores, &scale)?;
    let cap = call.decimal("softcap", 0.0)?;
    if !cap.is_positive() {
        return Ok(scores);
    }
    if matches!(call.optional(3), Some(Value::Reals(_))) {
        return Err("it has a softcap and a mask of real numbers, whose order differs between versions".to_owned());
    }
    emit.function(Function::SoftCap(cap), &scores)
}

/// Scores left out by a constant mask, and those of keys after the query.
fn masked(emit: &mut Emit, call: &Call<'_>, scores: &Data, has_past: bool) -> Result<Data> {
    let shape = emit.shape(scores);
    let (queries, keys) = (shape[2], shape[3]);
    let mut gone = Array { shape: vec![1, 1, 1, 1], values: vec![0] }.broadcast(&shape)?;
    let mut scores = scores.clone();
    match call.optional(3) {
        None => {}
        Some(Value::Ints(mask)) => {
            let mask = mask.broadcast(&shape)?;
            gone.values.iter_mut().zip(&mask.values).for_each(|(gone, kept)| *gone = i64::from(*kept == 0));
        }
        Some(mask @ Value::Reals(_)) => {
            let sum = super::elementwise::masked_sum(emit, &scores, mask)?;
            if let Some(mask) = &sum.left_out {
                gone = mask.as_ref().clone();
            }
            scores = Data { left_out: None, ..sum };
        }
        Some(other) => {
            let mask = data(emit, other)?;
            scores = emit.add(&scores, &mask)?;
        }
    }
    if call.flag("is_causal", false)? {
        if has_past {
            return Err("it is causal and has past keys, whose alignment differs between versions".to_owned());
        }
        for (place, gone) in gone.values.iter_mut().enumerate() {
            let (query, key) = (place as u64 / keys % queries, place as u64 % keys);
            *gone |= i64::from(key > query);
        }
    }
    let some = gone.values.contains(&1);
    Ok(Data { left_out: some.then(|| Arc::new(gone)), ..scores })
}

/// Pairs of features turned by angles whose cosines and sines are constant.
pub(super) fn rotate(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.data(emit, 0)?;
    let flat = emit.shape(&x).len() == 3;
    let count = call.int("num_heads")?;
    let x = heads(emit, &whole(&x)?, count, "num_heads")?;
    let own = emit.shape(&x);
    let turned = match call.int("rotary_embedding_dim")?.unwrap_or(0) as u64 {
        0 => own[3],
        some if some <= own[3] && some.is_multiple_of(2) => some,
        other => return Err(format!("it turns {other} of {} features", own[3])),
    };
    let (cos, sin) = (angles(call, 1, &own, turned)?, angles(call, 2, &own, turned)?);
    let interleaved = call.flag("interleaved", false)?;
    let half = turned / 2;
    let places = |odd: u64| {
        (0..half).map(|pair| if interleaved { 2 * pair + odd } else { pair + odd * half }).collect::<Vec<_>>()
    };
    let (a, b) = (picked(emit, &x, &places(0))?, picked(emit, &x, &places(1))?);
    let mut weighed = |x: &Data, (array, reals): &(Array<f64>, Reals)| emit.weigh(x, array, reals, Read::Weights);
    let (ac, bs, as_, bc) = (weighed(&a, &cos)?, weighed(&b, &sin)?, weighed(&a, &sin)?, weighed(&b, &cos)?);
    let (first, second) = (emit.subtract(&ac, &bs)?, emit.add(&as_, &bc)?);
    let rest: Vec<u64> = (turned..own[3]).collect();
    let mut parts = vec![first, second];
    if !rest.is_empty() {
        parts.push(picked(emit, &x, &rest)?);
    }
    let mut result = super::moves::joined_data(emit, &parts, 3)?;
    if interleaved {
        let places: Vec<u64> = (0..turned).map(|place| place / 2 + place % 2 * half).chain(rest).collect();
        result = picked(emit, &result, &places)?;
    }
    Ok(vec![Value::Data(if flat { merged(emit, &result)? } else { result })])
}

fn picked(emit: &mut Emit, x: &Data, places: &[u64]) -> Result<Data> {
    let node = emit.pick(x.node, 3, places)?;
    Ok(x.with(node))
}

/// Cosines or sines `[batch, 1, positions, pairs]`: of the positions given, or of all in order.
fn angles(call: &Call<'_>, place: usize, own: &[u64], turned: u64) -> Result<(Array<f64>, Reals)> {
    let reals = call.reals(place)?.ok_or("its table is missing")?;
    let table = reals.array()?;
    let wanted = [own[0], 1, own[2], turned / 2];
    let array = match call.integers(3)? {
        None => table,
        Some(positions) => {
            let rows = table.shape[0];
            let row = |position: &i64| u64::try_from(*position).ok().filter(|row| *row < rows);
            let rows: Option<Vec<u64>> = positions.values.iter().map(row).collect();
            table.picked(0, &rows.ok_or("its positions lie outside of its table")?)?
        }
    };
    if array.values.len() as u64 != wanted.iter().product::<u64>() {
        return Err(format!("its table of shape {:?} does not fit an input of shape {own:?}", array.shape));
    }
    Ok((array.reshaped(&wanted), reals.clone()))
}
