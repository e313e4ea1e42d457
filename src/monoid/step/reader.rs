//! Reading the maps of a step off its tensor graphs, state by state and letter by letter; must not know what they are for.

use std::collections::HashMap;
use std::sync::Arc;

use num_traits::Signed;
use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::{Coordinate, Letter, MOST_BITS, MOST_NUMBERS, MOST_READINGS, Scope, StepError};
use crate::loops::{At, Block, Wire};
use crate::number::{Format, Function, Rational};
use crate::tensor::interpret::{Tensor, outputs};
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, Op, Sketch};

/// Something a step carries.
struct Port {
    shape: Vec<usize>,
    /// The output of the step it is the last value of.
    output: usize,
    /// Rounds it as the step does when it reads it; none where nothing of it is read.
    store: Option<Graph>,
}

/// States, ascending, and the maps of letters.
pub(super) struct Found {
    pub states: Vec<Vec<u32>>,
    pub maps: Vec<Vec<u32>>,
}

/// A step's graphs, what they carry and what they take in.
pub struct Reader<'s> {
    bodies: &'s [Graph],
    ports: Vec<Port>,
    coordinates: Vec<Coordinate>,
    inputs: Vec<Coordinate>,
}

impl<'s> Reader<'s> {
    /// The step of a system.
    ///
    /// # Errors
    /// When it has none whose states can be listed.
    pub fn of(system: &'s Looped) -> Result<Self, StepError> {
        let (number, block) = step(system)?;
        let body = &block.bodies[0];
        let mut reader = Self { bodies: &block.bodies, ports: vec![], coordinates: vec![], inputs: vec![] };
        for ((id, carrier), wires) in body.ports().into_iter().zip(&block.ports) {
            let Some(wire) = wires.iter().find(|wire| wire.block == number) else {
                return Err(StepError::Once(body.node(id).label.clone()));
            };
            reader.port(body, id, carrier, wire.output)?;
        }
        for id in body.order() {
            if let Op::Number(format) = body.node(id).op {
                reader.inputs.extend(named(body, id, format, |_| true)?);
            }
        }
        Ok(reader)
    }

    fn port(&mut self, body: &Graph, id: NodeIndex, carrier: Carrier, output: usize) -> Result<(), StepError> {
        let label = || body.node(id).label.clone();
        let store = match carrier {
            Carrier::Stored(format) => Some((Function::Identity, format)),
            Carrier::Choice => return Err(StepError::Shape(format!("`{}` is a choice", label()))),
            Carrier::Exact => self.common_store(id).ok_or_else(|| StepError::Unrounded(label()))?,
        };
        let shape = lengths(body, id);
        if let Some((function, format)) = &store {
            // What a rectifier stores is never below zero.
            let keep = |value: &Rational| *function != Function::Relu || *value >= Rational::default();
            self.coordinates.extend(named(body, id, *format, keep)?);
        }
        let store = store.map(|(function, format)| rounding(function, format, shape.iter().product()));
        self.ports.push(Port { shape, output, store });
        Ok(())
    }

    /// The one rounding through which all bodies read a port, `Some(None)` where none reads it; none where it is read otherwise.
    fn common_store(&self, id: NodeIndex) -> Option<Option<(Function, Format)>> {
        let mut common = None;
        for body in self.bodies {
            for reader in body.petgraph().neighbors_directed(id, Direction::Outgoing) {
                let Op::Store { function, format } = &body.node(reader).op else { return None };
                let own = (function.clone(), *format);
                let settles = matches!(function, Function::Identity | Function::Relu);
                if !settles || *common.get_or_insert_with(|| own.clone()) != own {
                    return None;
                }
            }
            // What is handed on as it came is carried without being rounded.
            if body.outputs().iter().any(|(_, output)| *output == id) {
                return None;
            }
        }
        Some(common)
    }

    /// What is carried.
    pub fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    /// What comes in at each step.
    pub fn inputs(&self) -> &[Coordinate] {
        &self.inputs
    }

    /// Every data value, small numbers first; as many as the product of the inputs' values.
    pub fn every_value(&self) -> Vec<Vec<u32>> {
        let mut all = tuples(&self.inputs);
        all.sort_by_cached_key(|places| at(&self.inputs, places).map(|value| value.abs()).sum::<Rational>());
        all
    }

    /// Hard-wired examples that are taken in turn.
    pub(super) fn examples(&self) -> usize {
        self.bodies.len()
    }

    /// What is carried, and what comes in.
    pub(super) fn named(self) -> (Vec<Coordinate>, Vec<Coordinate>) {
        (self.coordinates, self.inputs)
    }

    /// The letters, if there are few enough.
    pub(super) fn letters(&self, data: Option<Vec<Vec<Rational>>>, scope: Scope) -> Result<Vec<Letter>, StepError> {
        let states = match scope {
            Scope::All => Count::of(self.coordinates.iter().map(|coordinate| coordinate.values.len())),
            Scope::Reachable => Count::of([]),
        };
        let of_one = match &data {
            Some(listed) => Count::of([listed.len(), self.bodies.len()]),
            None => Count::of(self.inputs.iter().map(|input| input.values.len()).chain([self.bodies.len()])),
        };
        if states.number.saturating_mul(of_one.number) > MOST_READINGS {
            let help = self.help(data.is_some());
            return Err(StepError::TooMany { states: states.text, data: of_one.text, help });
        }
        let listed = match data {
            Some(listed) => listed.iter().map(|values| self.places(values)).collect::<Result<_, _>>()?,
            None => self.every_value(),
        };
        if listed.is_empty() {
            return Err(StepError::Data("there is no data value; a step takes at least one".to_owned()));
        }
        let examples = 0..self.bodies.len();
        let of_example =
            |example| listed.iter().map(move |places: &Vec<u32>| Letter { example, places: places.clone() });
        Ok(examples.flat_map(of_example).collect())
    }

    /// What fits instead.
    fn help(&self, listed: bool) -> String {
        let numbers = self.coordinates.len() + if listed { 0 } else { self.inputs.len() };
        let room = MOST_READINGS / self.bodies.len().max(1) as u128;
        let narrower = match room.checked_ilog2().unwrap_or(0) as usize / numbers.max(1) {
            bits @ 2.. => format!("the widest format for all {numbers} numbers of a step that fits is int({bits})"),
            _ => format!("the {numbers} numbers of a step are too many in any format"),
        };
        format!("{narrower}; --data lists single data values, --reachable takes only states reached from the start")
    }

    fn places(&self, data: &[Rational]) -> Result<Vec<u32>, StepError> {
        if data.len() != self.inputs.len() {
            let names: Vec<&str> = self.inputs.iter().map(|input| &*input.name).collect();
            let names = if names.is_empty() { "its data are hard-wired".to_owned() } else { names.join(", ") };
            let (wanted, given) = (self.inputs.len(), data.len());
            return Err(StepError::Data(format!(
                "a data value of this step has {wanted} numbers ({names}), not {given}"
            )));
        }
        let place = |(value, input): (&Rational, &Coordinate)| {
            let place = input.values.binary_search(value).map(|place| place as u32);
            place.map_err(|_| StepError::Data(format!("{} = {value} is no value of its format", input.name)))
        };
        data.iter().zip(&self.inputs).map(place).collect()
    }

    /// The state to begin with; none where it comes from outside.
    ///
    /// # Errors
    /// When a constant is not known.
    pub fn start(&self, system: &Looped) -> Result<Option<Vec<u32>>, StepError> {
        let mut made = Vec::with_capacity(self.ports.len());
        for wires in &step(system)?.1.ports {
            let Some(wire) = wires.last() else { return Err(StepError::Unknown) };
            let body = &system.blocks()[wire.block].bodies[0];
            let open = |id: NodeIndex| matches!(body.node(id).op, Op::Number(_) | Op::Tokens { .. } | Op::Port(_));
            if body.order().any(open) {
                return Ok(None);
            }
            let mut tensors = outputs(body, &[], &mut std::iter::empty()).ok_or(StepError::Unknown)?;
            made.push(tensors.swap_remove(wire.output));
        }
        self.stored(&made.iter().collect::<Vec<_>>()).map(Some)
    }

    /// The state that the step reads where its ports carry these values.
    fn stored(&self, carried: &[&Tensor]) -> Result<Vec<u32>, StepError> {
        let mut state = Vec::with_capacity(self.coordinates.len());
        for (port, tensor) in self.ports.iter().zip(carried) {
            let Some(store) = &port.store else { continue };
            let flat = Tensor { shape: vec![tensor.values.len()], values: tensor.values.clone() };
            let stored = outputs(store, &[flat], &mut std::iter::empty()).ok_or(StepError::Unknown)?;
            for value in &stored[0].values {
                let place = self.coordinates[state.len()].values.binary_search(value);
                state.push(place.map_err(|_| StepError::Unknown)? as u32);
            }
        }
        Ok(state)
    }

    /// Where a letter leads from a state, given as places in the values of coordinates.
    ///
    /// # Errors
    /// When a constant is not known.
    pub fn next(&self, state: &[u32], letter: &Letter) -> Result<Vec<u32>, StepError> {
        let mut values = at(&self.coordinates, state);
        let carried = |port: &Port| {
            let count = port.shape.iter().product();
            let own =
                if port.store.is_some() { values.by_ref().take(count).collect() } else { vec![<_>::default(); count] };
            Tensor { shape: port.shape.clone(), values: own }
        };
        let ports: Vec<Tensor> = self.ports.iter().map(carried).collect();
        let made = outputs(&self.bodies[letter.example], &ports, &mut at(&self.inputs, &letter.places));
        let made = made.ok_or(StepError::Unknown)?;
        self.stored(&self.ports.iter().map(|port| &made[port.output]).collect::<Vec<_>>())
    }

    /// All states, and where each letter leads.
    pub(super) fn all(&self, letters: &[Letter], progress: &mut dyn FnMut(u64, u64)) -> Result<Found, StepError> {
        let states = tuples(&self.coordinates);
        let mut maps = Vec::with_capacity(letters.len());
        for letter in letters {
            progress((maps.len() * states.len()) as u64, (letters.len() * states.len()) as u64);
            let place = |state: &Vec<u32>| {
                let next = self.next(state, letter)?;
                states.binary_search(&next).map(|place| place as u32).map_err(|_| StepError::Unknown)
            };
            maps.push(states.iter().map(place).collect::<Result<_, _>>()?);
        }
        Ok(Found { states, maps })
    }

    /// The states reached from one, and where each letter leads.
    pub(super) fn reached(
        &self,
        letters: &[Letter],
        start: Vec<u32>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Found, StepError> {
        let mut number = HashMap::from([(start.clone(), 0u32)]);
        let (mut states, mut rows, most) = (vec![start], Vec::new(), MOST_READINGS / letters.len().max(1) as u128);
        while rows.len() < states.len() {
            if states.len() as u128 > most {
                let (states, data) = (format!("more than {most}"), letters.len().to_string());
                return Err(StepError::TooMany { states, data, help: self.help(true) });
            }
            progress((rows.len() * letters.len()) as u64, (states.len() * letters.len()) as u64);
            let state = states[rows.len()].clone();
            let mut row = Vec::with_capacity(letters.len());
            for letter in letters {
                let next = self.next(&state, letter)?;
                let to = *number.entry(next).or_insert_with_key(|next| {
                    states.push(next.clone());
                    states.len() as u32 - 1
                });
                row.push(to);
            }
            rows.push(row);
        }
        Ok(ascending(&states, &rows, letters.len()))
    }
}

/// Numbers states in ascending order; `rows` say where letters lead from each.
fn ascending(states: &[Vec<u32>], rows: &[Vec<u32>], letters: usize) -> Found {
    let mut order: Vec<usize> = (0..states.len()).collect();
    order.sort_by(|a, b| states[*a].cmp(&states[*b]));
    let mut place = vec![0; states.len()];
    order.iter().enumerate().for_each(|(new, old)| place[*old] = new as u32);
    let map = |letter: usize| order.iter().map(|old| place[rows[*old][letter] as usize]).collect();
    Found { maps: (0..letters).map(map).collect(), states: order.iter().map(|old| states[*old].clone()).collect() }
}

/// How many tuples there are, and as text: exactly, or as a power of two where that is too long.
struct Count {
    number: u128,
    text: String,
}

impl Count {
    fn of(lengths: impl IntoIterator<Item = usize>) -> Self {
        let number = lengths.into_iter().fold(1u128, |number, length| number.saturating_mul(length as u128));
        let text = match number {
            u128::MAX => "more than 2^127".to_owned(),
            _ if number >= 1 << 40 && number.is_power_of_two() => format!("2^{}", number.ilog2()),
            _ => number.to_string(),
        };
        Self { number, text }
    }
}

/// The block that is repeated along one axis, reading what it was an iteration before.
fn step(system: &Looped) -> Result<(usize, &Block<Graph>), StepError> {
    let shape = |reason: &str| StepError::Shape(reason.to_owned());
    let mut repeated = system.blocks().iter().enumerate().filter(|(_, block)| !block.axes.is_empty());
    let (Some((number, block)), None) = (repeated.next(), repeated.next()) else {
        return Err(shape("none of its blocks is repeated, or several are"));
    };
    let before = |wire: &Wire| wire.block != number || wire.at == [At::Back(1)];
    match block.axes.len() == 1 && block.ports.iter().flatten().all(before) {
        true => Ok((number, block)),
        false => Err(shape("a step reads other than the one before it")),
    }
}

/// `round(f(x))` of so many values, as a graph of its own: the interpreter rounds, not this module.
fn rounding(function: Function, format: Format, count: usize) -> Graph {
    let mut sketch = Sketch::new();
    let port = sketch.port("carried", Carrier::Exact, &[count as u64]);
    let id = sketch.store("stored", function, format, port);
    sketch.output("stored", id);
    sketch.build()
}

/// All values of a format, ascending.
fn values(format: Format) -> Arc<[Rational]> {
    (format.min()..=format.max()).map(|level| format.number(level)).collect()
}

/// One coordinate for each entry of a node, whose values are those of a format that `keep` holds of.
fn named(
    body: &Graph,
    id: NodeIndex,
    format: Format,
    keep: impl Fn(&Rational) -> bool,
) -> Result<Vec<Coordinate>, StepError> {
    let (label, shape) = (&body.node(id).label, lengths(body, id));
    let count = shape.iter().fold(1usize, |count, length| count.saturating_mul(*length));
    if count > MOST_NUMBERS {
        return Err(StepError::Long { name: label.clone(), count });
    }
    if format.bits() > MOST_BITS {
        return Err(StepError::Wide { name: label.clone(), format });
    }
    let values: Arc<[Rational]> = values(format).iter().filter(|value| keep(value)).cloned().collect();
    let name = |place: usize| if count == 1 { label.clone() } else { format!("{label}[{place}]") };
    Ok((0..count).map(|place| Coordinate { name: name(place), values: values.clone() }).collect())
}

/// Every tuple of places, the last running fastest.
fn tuples(coordinates: &[Coordinate]) -> Vec<Vec<u32>> {
    coordinates.iter().fold(vec![vec![]], |known, coordinate| {
        let places = 0..coordinate.values.len() as u32;
        known.iter().flat_map(|before| places.clone().map(move |place| [&before[..], &[place]].concat())).collect()
    })
}

/// The values at these places.
fn at<'c>(coordinates: &'c [Coordinate], places: &'c [u32]) -> impl Iterator<Item = Rational> + 'c {
    places.iter().zip(coordinates).map(|(place, coordinate)| coordinate.values[*place as usize].clone())
}

fn lengths(body: &Graph, id: NodeIndex) -> Vec<usize> {
    body.node(id).shape.iter().map(|size| size.value as usize).collect()
}
