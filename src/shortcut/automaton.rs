//! Any step on few states: a table of transitions per step, made from its data in 1 layer, and tables composed in a tree, 1 layer a level.
//! Layers for T steps: `ceil(log2 T) + 1`; gates about `(T - 1) n^3` for n states.
//!
//! A table is a matrix of zeros and ones with a single one in each row, and sums over gates: entry `(s, s')` is a function of the number
//! the data's bits make (theory A.3). In the product of two tables, the sum over the states between has one AND that fires at most, so it is
//! the next table's entry as it is. Where data come in once or are constants, the whole run is one table: 1 layer.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::{One, Zero};

use super::affine::{Given, given};
use super::inputs::Inputs;
use super::machine::{Machine, State};
use super::parts::{Layout, Parts, signed};
use super::{Built, Refused, combinations};
use crate::circuit::{ArrayId, Coef, Index, Size, Table, Term, Thresholds};
use crate::number::{Format, Rational};
use crate::tensor::Carrier;
use crate::words::{Maker, common_unit, unit_of};

/// The most states.
pub const MOST_STATES: usize = 64;

/// The most steps a circuit is made for.
const MOST_STEPS: u64 = 1 << 10;

/// The most gates in products of tables.
const MOST_GATES: u64 = 1 << 24;

/// The most bits a table is a function of.
const MOST_BITS: u64 = 12;

/// The circuit of the program as it rounds.
///
/// # Errors
/// When there are too many states or data.
pub fn build(parts: &Parts) -> Result<Built, Refused> {
    super::evenly_spaced(parts)?;
    let mut machine = Machine::new(*parts);
    let steps = parts.steps();
    let layout = machine.layout().clone();
    let (first, each) = (layout.head(), layout.letter());
    let online = each > 0;
    if online && steps > MOST_STEPS {
        return Err(Refused::Steps { steps, most: MOST_STEPS });
    }
    let states = match online {
        true => states(parts, &mut machine, &layout, first, each)?,
        false => Vec::new(),
    };
    let mut tables = Tables { machine, inputs: Inputs::new(layout)?, states, first, each };
    let (vector, ends) = match online {
        true => {
            let gates = BigInt::from(tables.states.len()).pow(3) * (steps - 1);
            if gates > BigInt::from(MOST_GATES) {
                return Err(too_many(parts, tables.states.len(), gates));
            }
            let run = tables.tree(0, steps)?;
            (run, tables.states.clone())
        }
        false => tables.whole(steps)?,
    };
    tables.given_out(vector, &ends, &given(parts))
}

/// Every state that can be reached, those to begin with first.
fn states(
    parts: &Parts,
    machine: &mut Machine,
    layout: &Layout,
    first: usize,
    each: usize,
) -> Result<Vec<State>, Refused> {
    let letters = combined("the data of one step", &layout.formats[first..first + each])?;
    let (mut found, mut context): (Vec<State>, u32) = (Vec::new(), 0);
    for levels in combined("the start", &layout.formats[..first])? {
        let state;
        (context, state) = machine.begin(&levels)?;
        if !found.contains(&state) {
            found.push(state);
        }
    }
    let mut next = 0;
    while next < found.len() {
        if found.len() > MOST_STATES {
            let gates = combinations(3 * state_bits(parts).unwrap_or(6)) * (parts.steps() - 1).max(1);
            return Err(too_many(parts, found.len(), gates));
        }
        for letter in &letters {
            let state = machine.follow(context, 0, found[next], letter)?;
            if !found.contains(&state) {
                found.push(state);
            }
        }
        next += 1;
    }
    Ok(found)
}

fn too_many(parts: &Parts, states: usize, gates: BigInt) -> Refused {
    let loose = parts.bodies()[0].ports().into_iter().zip(parts.rounded_when_read());
    let exact = |((id, carrier), format): ((_, Carrier), Option<Format>)| {
        (carrier == Carrier::Exact && format.is_none()).then(|| parts.bodies()[0].node(id).label.clone())
    };
    if let Some(name) = loose.into_iter().find_map(exact) {
        return Refused::Unbounded(name);
    }
    let bits = state_bits(parts).map_or_else(|| "several".to_owned(), |bits| bits.to_string());
    Refused::States { most: MOST_STATES.min(states), bits, steps: parts.steps(), gates }
}

/// Bits of the state as it is rounded.
fn state_bits(parts: &Parts) -> Option<u64> {
    let formats = parts.rounded_when_read().into_iter().zip(parts.entries());
    formats.map(|(format, entries)| Some(u64::from(format?.bits()) * entries as u64)).sum()
}

/// The levels of every combination of values of these formats; the number of a combination is made of its bits, the first lowest.
fn combined(what: &'static str, formats: &[Format]) -> Result<Vec<Vec<i64>>, Refused> {
    let bits: u64 = formats.iter().map(|format| u64::from(format.bits())).sum();
    if bits > MOST_BITS {
        return Err(Refused::Many { what, bits, most: MOST_BITS });
    }
    let levels = |number: u64| {
        let mut rest = number;
        let level = |format: &Format| {
            let level = signed(rest & ((1 << format.bits()) - 1), *format);
            rest >>= format.bits();
            level
        };
        formats.iter().map(level).collect()
    };
    Ok((0..1u64 << bits).map(levels).collect())
}

/// A vector or a matrix of zeros and ones, as forms.
struct OneHot {
    array: ArrayId,
    /// A row per state to begin with; else the state to begin with is in it.
    matrix: bool,
}

struct Tables<'s> {
    machine: Machine<'s>,
    inputs: Inputs,
    states: Vec<State>,
    /// The first entry of the first step, and how many entries each step has.
    first: usize,
    each: usize,
}

impl Tables<'_> {
    /// So many steps from one on.
    fn tree(&mut self, from: u64, count: u64) -> Result<OneHot, Refused> {
        if count == 1 {
            return if from == 0 { self.begun() } else { self.step(from) };
        }
        let late = count / 2;
        let first = self.tree(from, count - late)?;
        let second = self.tree(from + count - late, late)?;
        self.product(&first, &second)
    }

    /// The table of one step.
    fn step(&mut self, number: u64) -> Result<OneHot, Refused> {
        let entries = self.inputs.layout.steps[number as usize];
        let letters = combined("the data of one step", &self.inputs.layout.formats[entries..entries + self.each])?;
        let count = self.states.len();
        let mut values = Vec::with_capacity(letters.len());
        for letter in &letters {
            let mut table = vec![0; count * count];
            for (row, state) in self.states.iter().enumerate() {
                let next = self.machine.follow(0, number as usize, *state, letter)?;
                table[row * count + self.place(next)] = 1;
            }
            values.push(table);
        }
        let places = self.bits(entries..entries + self.each);
        let shape = vec![count as u64, count as u64];
        Ok(OneHot { array: function(&mut self.inputs, &places, &shape, &values)?, matrix: true })
    }

    /// The state after the first step, the start being given or an input.
    fn begun(&mut self) -> Result<OneHot, Refused> {
        let all = 0..self.first + self.each;
        let letters = combined("the start and the data of the first step", &self.inputs.layout.formats[all.clone()])?;
        let mut values = Vec::with_capacity(letters.len());
        for letter in &letters {
            let (context, start) = self.machine.begin(&letter[..self.first])?;
            let next = self.machine.follow(context, 0, start, &letter[self.first..])?;
            let mut vector = vec![0; self.states.len()];
            vector[self.place(next)] = 1;
            values.push(vector);
        }
        let places = self.bits(all);
        let shape = vec![self.states.len() as u64];
        Ok(OneHot { array: function(&mut self.inputs, &places, &shape, &values)?, matrix: false })
    }

    /// The whole run as one table of start and data that come in once; and the states it ends in.
    fn whole(&mut self, steps: u64) -> Result<(OneHot, Vec<State>), Refused> {
        let formats = self.inputs.layout.formats.clone();
        let mut ends = Vec::new();
        for levels in combined("start and data together", &formats)? {
            let (context, start) = self.machine.begin(&levels)?;
            ends.push(self.repeated(context, start, steps)?);
        }
        let mut states = ends.clone();
        states.sort_unstable();
        states.dedup();
        let one = |end: &State| states.iter().map(|state| i64::from(state == end)).collect::<Vec<_>>();
        let values: Vec<Vec<i64>> = ends.iter().map(one).collect();
        let places = self.bits(0..formats.len());
        let array = function(&mut self.inputs, &places, &[states.len() as u64], &values)?;
        Ok((OneHot { array, matrix: false }, states))
    }

    /// The state after so many steps; a cycle of states is gone through once.
    fn repeated(&mut self, context: u32, start: State, steps: u64) -> Result<State, Refused> {
        let cycle = self.machine.bodies() as u64;
        let (mut state, mut seen, mut number) = (start, BTreeMap::new(), 0u64);
        while number < steps {
            if number % cycle == 0
                && let Some(before) = seen.insert(state, number)
            {
                let period = number - before;
                number += (steps - number) / period * period;
                seen.clear();
                if number == steps {
                    break;
                }
            }
            state = self.machine.follow(context, number as usize, state, &[])?;
            number += 1;
        }
        Ok(state)
    }

    fn place(&self, state: State) -> usize {
        self.states.iter().position(|own| *own == state).unwrap_or_else(|| unreachable!("every state was found before"))
    }

    /// The numbers of these entries' bits.
    fn bits(&self, entries: std::ops::Range<usize>) -> Vec<u32> {
        let bits = |entry: usize| {
            let first = self.inputs.first_bit(entry);
            (0..self.inputs.layout.formats[entry].bits()).map(move |bit| first + bit)
        };
        entries.flat_map(bits).collect()
    }

    /// One table after another: an AND for each state between.
    fn product(&mut self, first: &OneHot, second: &OneHot) -> Result<OneHot, Refused> {
        let n = Size::fixed(self.states.len() as u64);
        let axes = if first.matrix { 3 } else { 2 };
        let shape = vec![n.clone(); axes];
        let rows: Vec<Index> = (0..axes - 2).map(Index::axis).collect();
        let own = Term::new(first.array, [&rows[..], &[Index::axis(axes - 1)]].concat());
        let then = Term::new(second.array, vec![Index::axis(axes - 1), Index::axis(axes - 2)]);
        let maker = &mut self.inputs.maker;
        let sum = maker.affine(shape, None, vec![own, then], vec![])?;
        let gates = maker.builder.gate(sum, 2)?;
        let any = Term::new(gates, Index::identity(axes)).over(vec![n.clone()]);
        let array = maker.affine(vec![n; axes - 1], None, vec![any], vec![])?;
        Ok(OneHot { array, matrix: first.matrix })
    }

    /// What is given out in each state, weighed by whether it is the last.
    fn given_out(self, vector: OneHot, ends: &[State], given: &[Given]) -> Result<Built, Refused> {
        let Inputs { mut maker, layout, .. } = self.inputs;
        let rows = ends.iter().map(|state| self.machine.given(*state)).collect::<Result<Vec<_>, _>>()?;
        let (mut units, mut first) = (Vec::new(), 0);
        for one in given {
            let count = one.shape.iter().product::<u64>() as usize;
            let values: Vec<Vec<Rational>> = rows.iter().map(|row| row[first..first + count].to_vec()).collect();
            first += count;
            let unit = one.format.map_or_else(|| common(&values), |format| unit_of(format.fraction()));
            let array = weighed(&mut maker, vector.array, &one.shape, &values, &unit)?;
            maker.builder.output(&*one.name, array);
            units.push(unit);
        }
        let reads = 0..layout.formats.len();
        Ok(Built { circuit: maker.builder.build(), layout, reads, units })
    }
}

fn common(values: &[Vec<Rational>]) -> Rational {
    let some = values.iter().flatten().filter(|value| !value.is_zero());
    let positive = |value: &Rational| if *value < Rational::zero() { -value } else { value.clone() };
    some.map(positive).reduce(|a, b| common_unit(&a, &b)).unwrap_or_else(Rational::one)
}

/// `sum over states of value * one-hot`, in this shape.
fn weighed(
    maker: &mut Maker,
    vector: ArrayId,
    shape: &[u64],
    values: &[Vec<Rational>],
    unit: &Rational,
) -> Result<ArrayId, Refused> {
    let count = values.first().map_or(0, Vec::len) as i64;
    let levels = values.iter().flatten().map(|value| (value / unit).to_integer()).collect::<Vec<BigInt>>();
    let table = maker.builder.table(Table::new(levels));
    let (axes, mut stride) = (shape.len(), 1);
    let mut steps = vec![(axes, count)];
    for (axis, length) in shape.iter().enumerate().rev() {
        steps.push((axis, stride));
        stride *= *length as i64;
    }
    let term = Term::new(vector, vec![Index::axis(axes)]).over(vec![Size::fixed(values.len() as u64)]);
    let own = shape.iter().map(|length| Size::fixed(*length)).collect();
    Ok(maker.affine(own, None, vec![term.times(Coef::table(table, Index::strided(steps)))], vec![])?)
}

/// A function of the number that some input bits make, given by its values one after the other: a gate per change, 1 layer.
fn function(inputs: &mut Inputs, bits: &[u32], shape: &[u64], values: &[Vec<i64>]) -> Result<ArrayId, Refused> {
    let own: Vec<Size> = shape.iter().map(|length| Size::fixed(*length)).collect();
    let (mut stride, mut place) = (1, Vec::new());
    for (axis, length) in shape.iter().enumerate().rev() {
        place.push((axis, stride));
        stride *= *length as i64;
    }
    let first = inputs.maker.builder.table(Table::small(values[0].clone()));
    let first = Coef::table(first, Index::strided(place.clone()));
    let changes: Vec<usize> = (1..values.len()).filter(|number| values[*number] != values[number - 1]).collect();
    if changes.is_empty() {
        return Ok(inputs.maker.affine(own, None, vec![], vec![first])?);
    }
    let width = Size::fixed(bits.len() as u64);
    let seen = inputs.seen(bits)?;
    let maker = &mut inputs.maker;
    let worth: Vec<BigInt> = (0..bits.len()).map(|bit| BigInt::one() << bit).collect();
    let worth = maker.builder.table(Table::new(worth));
    let number = Term::new(seen, vec![Index::axis(0)]).over(vec![width]).times(Coef::table(worth, Index::axis(0)));
    let number = maker.affine(vec![], None, vec![number], vec![])?;
    let gates = maker.builder.bank(number, Thresholds::Known(changes.iter().map(|c| BigInt::from(*c)).collect()))?;
    let steps = changes.iter().flat_map(|c| values[*c].iter().zip(&values[c - 1]).map(|(new, old)| new - old));
    let steps = maker.builder.table(Table::small(steps.collect::<Vec<_>>()));
    let axes = shape.len();
    let index = Index::strided([&place[..], &[(axes, stride)]].concat());
    let term = Term::new(gates, vec![Index::axis(axes)]).over(vec![Size::fixed(changes.len() as u64)]);
    Ok(maker.affine(own, None, vec![term.times(Coef::table(steps, index))], vec![first])?)
}
