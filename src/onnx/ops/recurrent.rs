//! RNN, LSTM and GRU, a position after the other; must not know where values are rounded.
//!
//! Weights are `[directions, gates * hidden, inputs]`, gates in the order of the operator: input, output, forget, cell of LSTM;
//! update, reset, hidden of GRU. What a product reads is stored by then; sums and what a constant matrix reads are exact.

use std::cell::RefCell;
use std::collections::HashMap;

use super::call::Call;
use super::linear::{by, mapped, matrix};
use super::moves::joined_data;
use crate::number::{Function, Rational};
use crate::onnx::array::Array;
use crate::onnx::emit::{Emit, Read, Result};
use crate::onnx::value::{Data, Reals, Value};
use crate::tensor::ParamId;

/// Most positions that are written out.
const MOST_POSITIONS: u64 = 1 << 10;

/// A layer in one direction.
struct Layer {
    hidden: u64,
    batch: u64,
    input: Reals,
    recurrent: Reals,
    /// Of input and recurrent map, each `[gates * hidden]`.
    biases: Option<[Array<f64>; 2]>,
    peepholes: Option<Array<f64>>,
    functions: Vec<Function>,
    /// GRU: the reset gate meets the recurrent map after its matrix.
    late_reset: bool,
    /// Recurrent maps made so far, by their first gate.
    maps: RefCell<HashMap<u64, (ParamId, Option<Data>)>>,
}

/// One position: what comes in, by the input map, and the state before; gives the state after.
type Cell = fn(&mut Emit, &Layer, &Data, &[Data]) -> Result<Vec<Data>>;

pub(super) fn plain(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    layers(emit, call, 1, &["Tanh"], 1, |emit, layer, below, state| {
        let before = layer.recurrent_map(emit, &state[0], 0..1)?;
        let sum = emit.add(below, &before)?;
        Ok(vec![emit.function(layer.functions[0].clone(), &sum)?])
    })
}

pub(super) fn lstm(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    if call.flag("input_forget", false)? {
        return Err("it couples its input and forget gates".to_owned());
    }
    layers(emit, call, 4, &["Sigmoid", "Tanh", "Tanh"], 2, |emit, layer, below, state| {
        let before = layer.recurrent_map(emit, &state[0], 0..4)?;
        let sums = emit.add(below, &before)?;
        let (gate, cell, squash) = (&layer.functions[0], &layer.functions[1], &layer.functions[2]);
        let peep = |emit: &mut Emit, number: u64, place: u64, c: &Data| -> Result<Data> {
            let own = layer.part(emit, &sums, number..number + 1)?;
            layer.peeped(emit, &own, place, c)
        };
        let input = peep(emit, 0, 0, &state[1])?;
        let input = emit.function(gate.clone(), &input)?;
        let forget = peep(emit, 2, 2, &state[1])?;
        let forget = emit.function(gate.clone(), &forget)?;
        let new = layer.part(emit, &sums, 3..4)?;
        let new = emit.function(cell.clone(), &new)?;
        let (kept, added) = (emit.product(&forget, &state[1])?, emit.product(&input, &new)?);
        let c = emit.add(&kept, &added)?;
        let output = peep(emit, 1, 1, &c)?;
        let output = emit.function(gate.clone(), &output)?;
        let squashed = emit.function(squash.clone(), &c)?;
        Ok(vec![emit.product(&output, &squashed)?, c])
    })
}

pub(super) fn gru(emit: &mut Emit, call: &Call<'_>) -> Result<Vec<Value>> {
    layers(emit, call, 3, &["Sigmoid", "Tanh"], 1, |emit, layer, below, state| {
        let gates = layer.recurrent_map(emit, &state[0], 0..2)?;
        let own = layer.part(emit, below, 0..2)?;
        let sum = emit.add(&own, &gates)?;
        let gates = emit.function(layer.functions[0].clone(), &sum)?;
        let (update, reset) = (layer.part(emit, &gates, 0..1)?, layer.part(emit, &gates, 1..2)?);
        let recurrent = match layer.late_reset {
            true => {
                let before = layer.recurrent_map(emit, &state[0], 2..3)?;
                emit.product(&reset, &before)?
            }
            false => {
                let kept = emit.product(&reset, &state[0])?;
                layer.recurrent_map(emit, &kept, 2..3)?
            }
        };
        let own = layer.part(emit, below, 2..3)?;
        let sum = emit.add(&own, &recurrent)?;
        let new = emit.function(layer.functions[1].clone(), &sum)?;
        let (replaced, kept) = (emit.product(&update, &new)?, emit.product(&update, &state[0])?);
        let fresh = emit.subtract(&new, &replaced)?;
        Ok(vec![emit.add(&fresh, &kept)?])
    })
}

impl Layer {
    /// Rows of some gates of the recurrent matrix times a state, plus their bias: `[batch, gates * hidden]`. The matrix is kept once
    /// for all positions.
    fn recurrent_map(&self, emit: &mut Emit, h: &Data, gates: std::ops::Range<u64>) -> Result<Data> {
        let rows: Vec<u64> = (gates.start * self.hidden..gates.end * self.hidden).collect();
        let known = self.maps.borrow().get(&gates.start).cloned();
        let (weight, bias) = match known {
            Some(map) => map,
            None => {
                let all = rows.len() as u64 == self.recurrent.shape[0];
                let part = match all {
                    true => self.recurrent.clone(),
                    false => Reals::known(&self.recurrent.name, self.recurrent.array()?.picked(0, &rows)?),
                };
                let map = (matrix(emit, &part, false)?, self.bias(emit, 1, &rows)?);
                self.maps.borrow_mut().insert(gates.start, map.clone());
                map
            }
        };
        let mapped = by(emit, h, weight, &[self.batch, rows.len() as u64])?;
        bias.map_or(Ok(mapped.clone()), |bias| emit.add(&mapped, &bias))
    }

    /// Some rows of a bias: of the input map, or of the recurrent one.
    fn bias(&self, emit: &mut Emit, which: usize, rows: &[u64]) -> Result<Option<Data>> {
        let Some(biases) = &self.biases else { return Ok(None) };
        emit.given(&Reals::known("bias", biases[which].picked(0, rows)?)).map(Some)
    }

    /// Some gates of `[batch, gates * hidden]`.
    fn part(&self, emit: &mut Emit, x: &Data, gates: std::ops::Range<u64>) -> Result<Data> {
        let places: Vec<u64> = (gates.start * self.hidden..gates.end * self.hidden).collect();
        let node = emit.pick(x.node, 1, &places)?;
        Ok(x.with(node))
    }

    /// Plus the cell state, weighed.
    fn peeped(&self, emit: &mut Emit, sum: &Data, place: u64, c: &Data) -> Result<Data> {
        let Some(peepholes) = &self.peepholes else { return Ok(sum.clone()) };
        let own = peepholes.picked(0, &(place * self.hidden..(place + 1) * self.hidden).collect::<Vec<_>>())?;
        let weighed = emit.weigh(c, &own, &Reals::known("peephole", own.clone()), Read::Weights)?;
        emit.add(sum, &weighed)
    }
}

/// All directions: outputs `Y` [positions, directions, batch, hidden] and the last states [directions, batch, hidden].
fn layers(
    emit: &mut Emit,
    call: &Call<'_>,
    gates: u64,
    names: &[&str],
    states: usize,
    cell: Cell,
) -> Result<Vec<Value>> {
    let last = call.flag("layout", false)?;
    let mut x = call.data(emit, 0)?;
    if emit.shape(&x).len() != 3 {
        return Err("its input has not three axes".to_owned());
    }
    if last {
        let node = emit.transpose(x.node, &[1, 0, 2])?;
        x = x.with(node);
    }
    let directions: &[bool] = match call.text("direction", "forward")? {
        "forward" => &[false],
        "reverse" => &[true],
        "bidirectional" => &[false, true],
        other => return Err(format!("its direction `{other}` is not known")),
    };
    check(call, &emit.shape(&x))?;
    let (mut outputs, mut ends) = (Vec::new(), vec![Vec::new(); states]);
    for (number, backwards) in directions.iter().enumerate() {
        let layer = layer(emit, call, (number as u64, directions.len() as u64), gates, names, &x)?;
        let start = start(emit, call, number as u64, states, &layer, last)?;
        let (output, end) = run(emit, &layer, &x, start, *backwards, cell)?;
        outputs.push(output);
        ends.iter_mut().zip(end).for_each(|(ends, end)| ends.push(end));
    }
    let mut results = vec![Value::Data(joined(emit, &outputs, 1, if last { &[2, 0, 1, 3] } else { &[0, 1, 2, 3] })?)];
    for ends in &ends {
        results.push(Value::Data(joined(emit, ends, 0, if last { &[1, 0, 2] } else { &[0, 1, 2] })?));
    }
    Ok(results)
}

/// Directions along a new axis, in another order of axes.
fn joined(emit: &mut Emit, parts: &[Data], axis: usize, order: &[usize]) -> Result<Data> {
    let mut wide = Vec::new();
    for part in parts {
        let mut lengths = emit.shape(part);
        lengths.insert(axis, 1);
        let axes = (0..lengths.len()).map(|a| (a != axis).then(|| a - usize::from(a > axis))).collect();
        let node = emit.arrange(part.node, axes, &lengths)?;
        wide.push(part.with(node));
    }
    let all = joined_data(emit, &wide, axis)?;
    let node = emit.transpose(all.node, order)?;
    Ok(all.with(node))
}

/// What would change the function and is not read.
fn check(call: &Call<'_>, shape: &[u64]) -> Result<()> {
    call.ignore("output_sequence");
    if call.float("clip")?.is_some() {
        return Err("it clips what its functions read".to_owned());
    }
    if call.floats("activation_alpha")?.is_some() || call.floats("activation_beta")?.is_some() {
        return Err("its functions have parameters".to_owned());
    }
    if shape[0] > MOST_POSITIONS {
        return Err(format!("it has {} positions; at most {MOST_POSITIONS} are written out", shape[0]));
    }
    let lengths = call.integers(4)?;
    match lengths.is_none_or(|lengths| lengths.values.iter().all(|length| *length == shape[0] as i64)) {
        true => Ok(()),
        false => Err("its sequences differ in length".to_owned()),
    }
}

fn functions(call: &Call<'_>, names: &[&str], direction: usize) -> Result<Vec<Function>> {
    let own = |name: &str| match name {
        "Sigmoid" => Ok(Function::Sigmoid),
        "Tanh" => Ok(Function::Tanh),
        "Relu" => Ok(Function::Relu),
        "Softplus" => Ok(Function::Softplus),
        other => Err(format!("its function `{other}` is not read")),
    };
    match call.texts("activations")? {
        None => names.iter().map(|name| own(name)).collect(),
        Some(list) => {
            let part = list.get(direction * names.len()..(direction + 1) * names.len());
            part.ok_or("its list of functions is too short")?.iter().map(|name| own(name)).collect()
        }
    }
}

fn layer(
    emit: &Emit,
    call: &Call<'_>,
    (number, all): (u64, u64),
    gates: u64,
    names: &[&str],
    x: &Data,
) -> Result<Layer> {
    let shape = emit.shape(x);
    let part = |place: usize| -> Result<Option<Reals>> {
        let Some(reals) = call.reals(place)? else { return Ok(None) };
        if reals.shape.first() != Some(&all) {
            return Err(format!("input {place} has shape {:?}, not {all} directions", reals.shape));
        }
        let rest = &reals.shape[1..];
        Ok(Some(match all {
            1 => reals.reshaped(rest),
            _ => Reals::known(&reals.name, reals.array()?.picked(0, &[number])?.reshaped(rest)),
        }))
    };
    let (input, recurrent) =
        (part(1)?.ok_or("its weights are missing")?, part(2)?.ok_or("its recurrent weights are missing")?);
    let hidden = call.int("hidden_size")?.map_or(recurrent.shape.last().copied().unwrap_or(0), |size| size as u64);
    let fits = hidden > 0 && input.shape == [gates * hidden, shape[2]] && recurrent.shape == [gates * hidden, hidden];
    if !fits {
        return Err(format!(
            "weights of shapes {:?} and {:?} do not fit {hidden} hidden features",
            input.shape, recurrent.shape
        ));
    }
    let biases = match part(3)? {
        None => None,
        Some(both) if both.shape == [2 * gates * hidden] => {
            let (array, width) = (both.array()?, gates * hidden);
            Some([
                array.picked(0, &(0..width).collect::<Vec<_>>())?,
                array.picked(0, &(width..2 * width).collect::<Vec<_>>())?,
            ])
        }
        Some(other) => return Err(format!("biases of shape {:?} do not fit", other.shape)),
    };
    let peepholes = if gates == 4 { part(7)?.map(|peep| peep.array()).transpose()? } else { None };
    if peepholes.as_ref().is_some_and(|peep| peep.shape != [3 * hidden]) {
        return Err("its peepholes do not fit".to_owned());
    }
    let late_reset = gates == 3 && call.flag("linear_before_reset", false)?;
    let functions = functions(call, names, number as usize)?;
    Ok(Layer {
        hidden,
        batch: shape[1],
        input,
        recurrent,
        biases,
        peepholes,
        functions,
        late_reset,
        maps: RefCell::default(),
    })
}

/// The states to start from: given, or zero.
fn start(emit: &mut Emit, call: &Call<'_>, number: u64, states: usize, layer: &Layer, last: bool) -> Result<Vec<Data>> {
    let shape = [layer.batch, layer.hidden];
    let one = |emit: &mut Emit, place: usize| match call.optional_data(emit, place)? {
        None => emit.uniform(&Rational::from_integer(0.into()), &shape),
        Some(given) => {
            let node = emit.at(given.node, usize::from(last), number)?;
            let fits = emit.lengths(node) == shape;
            if fits {
                Ok(given.with(node))
            } else {
                Err(format!("input {place} does not fit its {} hidden features", layer.hidden))
            }
        }
    };
    (0..states).map(|state| one(emit, 5 + state)).collect()
}

/// All positions: the first state at each, [positions, batch, hidden], and all states at the end.
fn run(
    emit: &mut Emit,
    layer: &Layer,
    x: &Data,
    start: Vec<Data>,
    backwards: bool,
    cell: Cell,
) -> Result<(Data, Vec<Data>)> {
    let positions = emit.shape(x)[0];
    let width = layer.input.shape[0];
    let below = mapped(emit, x, &layer.input, false, &[positions, layer.batch, width])?;
    let rows: Vec<u64> = (0..width).collect();
    let below = match layer.bias(emit, 0, &rows)? {
        Some(bias) => emit.add(&below, &bias)?,
        None => below,
    };
    let (mut states, mut made) = (start, Vec::new());
    for step in 0..positions {
        let position = if backwards { positions - 1 - step } else { step };
        let node = emit.at(below.node, 0, position)?;
        states = cell(emit, layer, &below.with(node), &states)?;
        made.push(states[0].clone());
    }
    if backwards {
        made.reverse();
    }
    let mut rows = Vec::new();
    for state in &made {
        let lengths = [1, layer.batch, layer.hidden];
        let node = emit.arrange(state.node, vec![None, Some(0), Some(1)], &lengths)?;
        rows.push(state.with(node));
    }
    Ok((joined_data(emit, &rows, 0)?, states))
}
