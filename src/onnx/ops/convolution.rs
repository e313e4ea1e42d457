//! Convolutions with constant weights: windows of the input, and one constant matrix for all of them; must not know rounding.

use super::call::Call;
use super::fill::padded;
use super::moves::shape;
use crate::onnx::array::entries;
use crate::onnx::emit::{Emit, Result};
use crate::onnx::ops::linear::mapped;
use crate::onnx::ops::moves::joined_data;
use crate::onnx::value::{Data, Reals, Value};

/// How a window moves along one axis.
struct Window {
    length: u64,
    stride: u64,
    dilation: u64,
    before: u64,
    after: u64,
}

impl Window {
    /// How many windows fit into an axis.
    fn count(&self, axis: u64) -> Result<u64> {
        let reach = (self.length - 1).checked_mul(self.dilation).and_then(|reach| reach.checked_add(1));
        let padded = axis.saturating_add(self.before).saturating_add(self.after);
        let room = reach.and_then(|reach| padded.checked_sub(reach));
        room.map(|room| room / self.stride + 1)
            .ok_or_else(|| format!("its window does not fit into an axis of length {padded}"))
    }
}

pub(super) fn convolve(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.data(emit, 0)?;
    let weight = call.reals(1)?.ok_or("its weights are missing")?.clone();
    let (own, kernel) = (emit.shape(&x), weight.shape.clone());
    let groups = call.int("group")?.unwrap_or(1).max(1) as u64;
    let fits = own.len() == kernel.len()
        && own.len() > 2
        && own[1] == kernel[1].saturating_mul(groups)
        && kernel[0].is_multiple_of(groups);
    if !fits {
        return Err(format!("weights of shape {kernel:?} in {groups} groups do not fit an input of shape {own:?}"));
    }
    let windows = windows(call, &own, &kernel)?;
    let counts = windows.iter().zip(&own[2..]).map(|(window, axis)| window.count(*axis)).collect::<Result<Vec<_>>>()?;
    let patches = patches(emit, &x, &windows, &counts)?;
    let parts = (0..groups)
        .map(|group| grouped(emit, &patches, &weight, (group, groups), &counts))
        .collect::<Result<Vec<_>>>()?;
    let mut result = joined_data(emit, &parts, 1)?;
    if let Some(bias) = call.optional(2) {
        let mut lengths = vec![1; own.len()];
        lengths[1] = kernel[0];
        let bias = super::moves::reshaped(emit, bias, &lengths)?;
        let bias = super::call::data(emit, &bias)?;
        result = emit.add(&result, &bias)?;
    }
    Ok(vec![Value::Data(result)])
}

fn windows(call: &Call<'_>, own: &[u64], kernel: &[u64]) -> Result<Vec<Window>> {
    let axes = own.len() - 2;
    let list = |name: &str, default: i64, count: usize| -> Result<Vec<u64>> {
        let list = call.ints(name)?.map_or_else(|| vec![default; count], <[i64]>::to_vec);
        let list: Option<Vec<u64>> = list.iter().map(|value| u64::try_from(*value).ok()).collect();
        list.filter(|list| list.len() == count)
            .ok_or_else(|| format!("attribute `{name}` does not fit its {axes} axes"))
    };
    let (strides, dilations) = (list("strides", 1, axes)?, list("dilations", 1, axes)?);
    let (pads, lengths) = (list("pads", 0, 2 * axes)?, call.ints("kernel_shape")?);
    if lengths.is_some_and(|lengths| lengths.iter().map(|length| *length as u64).ne(kernel[2..].iter().copied())) {
        return Err("attribute `kernel_shape` differs from its weights".to_owned());
    }
    if strides.contains(&0) || dilations.contains(&0) {
        return Err("its window moves in steps of 0".to_owned());
    }
    let auto = call.text("auto_pad", "NOTSET")?.to_owned();
    let window = |place: usize| {
        let (length, stride, dilation) = (kernel[place + 2], strides[place], dilations[place]);
        let needed = || {
            let count = own[place + 2].div_ceil(stride);
            ((count - 1) * stride + (length - 1) * dilation + 1).saturating_sub(own[place + 2])
        };
        let (before, after) = match auto.as_str() {
            "NOTSET" | "" => (pads[place], pads[place + axes]),
            "VALID" => (0, 0),
            "SAME_UPPER" => (needed() / 2, needed().div_ceil(2)),
            "SAME_LOWER" => (needed().div_ceil(2), needed() / 2),
            other => return Err(format!("its padding `{other}` is not known")),
        };
        Ok(Window { length, stride, dilation, before, after })
    };
    (0..axes).map(window).collect()
}

/// `[batch, windows.., channels, window..]`.
fn patches(emit: &mut Emit, x: &Data, windows: &[Window], counts: &[u64]) -> Result<Data> {
    let mut value = Value::Data(x.clone());
    for (place, (window, count)) in windows.iter().zip(counts).enumerate() {
        // The axes before hold two for each window by now.
        let at = 2 + 2 * place;
        value = padded(emit, &value, at, (window.before, window.after), "constant", 0.0)?;
        entries(&[*count, window.length])?;
        let start =
            |number: u64| (0..window.length).map(move |offset| number * window.stride + offset * window.dilation);
        let places: Vec<u64> = (0..*count).flat_map(start).collect();
        value = super::moves::picked(emit, &value, at, &places)?;
        let mut lengths = shape(emit, &value);
        lengths.splice(at..=at, [*count, window.length]);
        value = super::moves::reshaped(emit, &value, &lengths)?;
    }
    let Value::Data(data) = value else { return Err("internal error: a window of no value".to_owned()) };
    let axes = windows.len();
    let order: Vec<usize> =
        std::iter::once(0).chain((0..axes).map(|k| 2 + 2 * k)).chain([1]).chain((0..axes).map(|k| 3 + 2 * k)).collect();
    let node = emit.transpose(data.node, &order)?;
    Ok(data.with(node))
}

/// The channels one group makes: `[batch, channels, windows..]`.
fn grouped(
    emit: &mut Emit,
    patches: &Data,
    weight: &Reals,
    (group, groups): (u64, u64),
    counts: &[u64],
) -> Result<Data> {
    let lengths = emit.shape(patches);
    let (batch, axes) = (lengths[0], counts.len());
    let (channels, made) = (weight.shape[1], weight.shape[0] / groups);
    let own: Vec<u64> = (group * channels..(group + 1) * channels).collect();
    let node = emit.pick(patches.node, 1 + axes, &own)?;
    let width: u64 = weight.shape[1..].iter().product();
    let rows: Vec<u64> = [&[batch], counts, &[width]].concat();
    let folded = emit.reshape(node, &rows)?;
    let weight = match groups {
        1 => weight.reshaped(&[made, width]),
        _ => {
            let all = weight.reshaped(&[weight.shape[0], width]).array()?;
            Reals::known(&weight.name, all.picked(0, &(group * made..(group + 1) * made).collect::<Vec<_>>())?)
        }
    };
    let out: Vec<u64> = [&[batch], counts, &[made]].concat();
    let result = mapped(emit, &patches.with(folded), &weight, false, &out)?;
    let order: Vec<usize> = std::iter::once(0).chain([1 + axes]).chain(1..=axes).collect();
    let node = emit.transpose(result.node, &order)?;
    Ok(result.with(node))
}
