//! From looped graphs to looped circuits: a body at a time, once it is known what each port carries; must not know single operations.
//!
//! Carried values are stored words in the one code of their format, or exact forms. Of those the range must not grow from iteration
//! to iteration: it is widened over all iterations until it holds what it is carried from.

use std::collections::HashMap;

use num_traits::One;
use petgraph::graph::NodeIndex;

use super::{Input, LowerError, Lowering, Result, Value, is_known, refusal};
use crate::circuit::Circuit;
use crate::interval::Interval;
use crate::loops::System;
use crate::number::Rational;
use crate::tensor::looped::lateness;
use crate::tensor::{Carrier, Graph, looped};
use crate::words::{Form, Strategy, common_unit};

/// Looped circuits, and how their inputs and outputs stand for numbers.
#[derive(Clone, Debug)]
pub struct LoweredLoops {
    /// The circuits.
    pub circuits: System<Circuit>,
    /// Per block, the input arrays of one iteration.
    pub inputs: Vec<Vec<Input>>,
    /// Per block and output, the worth of one.
    pub units: Vec<Vec<Rational>>,
    /// Why nothing is bound to known weights: figures are then upper bounds, and the circuits are not run.
    pub refusal: Option<LowerError>,
}

/// The unit and range of the forms an exact port carries.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declared {
    /// The worth of one.
    pub unit: Rational,
    /// Holds every value.
    pub range: Interval,
}

impl Declared {
    /// In another unit, of which this one is a multiple.
    fn in_unit(&self, unit: &Rational) -> Interval {
        self.range.scaled(&(&self.unit / unit).to_integer())
    }

    fn hull(&self, other: &Self) -> Self {
        let unit = common_unit(&self.unit, &other.unit);
        let range = self.in_unit(&unit).hull(&other.in_unit(&unit));
        Self { unit, range }
    }

    /// The same with each end that lies beyond `before` moved out by its size times a power of two.
    fn beyond(self, before: &Self, bits: u32) -> Self {
        let (old, Self { unit, mut range }) = (before.in_unit(&self.unit), self);
        let reach = range.magnitude() << bits;
        if range.lo < old.lo {
            range.lo -= &reach;
        }
        if range.hi > old.hi {
            range.hi += reach;
        }
        Self { unit, range }
    }
}

/// Passes over all blocks before a range counts as growing for ever.
const PASSES: u32 = 12;

/// Passes after which a range that still grows is widened beyond what was seen, by ever more bits: so a bound far out, that stores
/// set in the end, is found all the same.
const PATIENCE: u32 = 3;

/// Lowers every body.
///
/// # Errors
/// When a body cannot be lowered, or the range of a carried form grows.
pub fn system(system: &looped::Looped, strategy: Strategy) -> std::result::Result<LoweredLoops, LowerError> {
    let bodies = || system.blocks().iter().flat_map(|block| &block.bodies);
    let nodes = bodies().flat_map(|body| body.order().map(|id| body.node(id)));
    let refusal = nodes.into_iter().find_map(|node| refusal(node, strategy));
    let mut wiring = Wiring::new(system, strategy, bodies().all(is_known) && refusal.is_none())?;
    wiring.refusal = refusal;
    for pass in 0..PASSES {
        wiring.stride = pass.checked_sub(PATIENCE).map(|beyond| 1 << beyond);
        if !wiring.widen()? {
            if wiring.stride.is_some() {
                wiring.narrow()?;
            }
            return wiring.finish();
        }
    }
    Err(wiring.growing())
}

/// An output of a block.
type Key = (usize, usize);

struct Wiring<'s> {
    system: &'s looped::Looped,
    strategy: Strategy,
    known: bool,
    refusal: Option<LowerError>,
    /// What the readers of an output take it as.
    targets: HashMap<Key, Carrier>,
    /// Outputs that reach one port share what is declared of it, under the name of one of them.
    group: HashMap<Key, Key>,
    declared: HashMap<Key, Declared>,
    grown: Option<Key>,
    /// Bits that growing ranges are widened by.
    stride: Option<u32>,
    /// Per block, its bodies as they were lowered last, and what its ports carried then.
    made: Vec<(Vec<Declared>, Vec<Body>)>,
}

/// A lowered body.
struct Body {
    circuit: Circuit,
    inputs: Vec<Input>,
    units: Vec<Rational>,
    /// The exact forms it gives out, as they come.
    forms: Vec<Option<Declared>>,
}

impl<'s> Wiring<'s> {
    fn new(system: &'s looped::Looped, strategy: Strategy, known: bool) -> Result<Self> {
        let (targets, group, declared) = (HashMap::new(), HashMap::new(), HashMap::new());
        let made = system.blocks().iter().map(|_| Default::default()).collect();
        let mut wiring =
            Self { system, strategy, known, refusal: None, targets, group, declared, grown: None, stride: None, made };
        for block in system.blocks() {
            let ports = block.bodies[0].ports();
            for (port, (wires, (node, carrier))) in block.ports.iter().zip(&ports).enumerate() {
                for wire in wires {
                    let key = (wire.block, wire.output);
                    let source = &system.blocks()[wire.block];
                    let given = source.bodies[0].outputs()[wire.output].1;
                    let same = source.bodies[0].node(given).shape == block.bodies[0].node(*node).shape;
                    if !same || *wiring.targets.entry(key).or_insert(*carrier) != *carrier {
                        let (block, source_block) = (block.name.clone(), source.name.clone());
                        return Err(LowerError::Mismatch { block, port, source_block });
                    }
                    wiring.unite((wires[0].block, wires[0].output), key);
                }
            }
        }
        Ok(wiring)
    }

    fn unite(&mut self, a: Key, b: Key) {
        let (a, b) = (self.name(a), self.name(b));
        self.group.entry(a).or_insert(a);
        self.group.insert(b, a);
    }

    fn name(&self, key: Key) -> Key {
        match self.group.get(&key) {
            Some(next) if *next != key => self.name(*next),
            _ => key,
        }
    }

    /// What the ports of a block carry; none while nothing is known of one.
    fn ports(&self, block: usize) -> Option<Vec<Declared>> {
        let block = &self.system.blocks()[block];
        let carriers = block.bodies[0].ports();
        let declared = block.ports.iter().zip(&carriers).map(|(wires, (_, carrier))| {
            let fixed = Declared { unit: Rational::one(), range: Interval::new(0, 1) };
            let group = self.name((wires[0].block, wires[0].output));
            if *carrier == Carrier::Exact { self.declared.get(&group).cloned() } else { Some(fixed) }
        });
        declared.collect()
    }

    /// One pass; whether something is still open or was widened.
    fn widen(&mut self) -> Result<bool> {
        let mut changed = false;
        for number in 0..self.system.blocks().len() {
            let Some(ports) = self.ports(number) else {
                changed = true;
                continue;
            };
            self.make(number, ports)?;
            let forms: Vec<_> = self.forms(number).collect();
            for (output, form) in forms {
                changed |= self.declare((number, output), form);
            }
        }
        Ok(changed)
    }

    /// The exact forms the bodies of a block give out.
    fn forms(&self, number: usize) -> impl Iterator<Item = (usize, Declared)> {
        let forms = self.made[number].1.iter().flat_map(|body| body.forms.iter().enumerate());
        forms.filter_map(|(output, form)| Some((output, form.clone()?)))
    }

    /// Lowers the bodies of a block, unless they are what they were.
    fn make(&mut self, number: usize, ports: Vec<Declared>) -> Result<()> {
        let (before, bodies) = &self.made[number];
        if bodies.is_empty() || *before != ports || !bodies.iter().all(|body| self.is_current(number, body)) {
            let graphs = &self.system.blocks()[number].bodies;
            let bodies = graphs.iter().map(|graph| self.body(number, graph, ports.clone())).collect::<Result<_>>()?;
            self.made[number] = (ports, bodies);
        }
        Ok(())
    }

    /// Whether a body gives everything out in the unit that is declared of it now.
    fn is_current(&self, block: usize, body: &Body) -> bool {
        let declared = |output| self.declared.get(&self.name((block, output)));
        let mut given = body.forms.iter().zip(&body.units).enumerate();
        given.all(|(output, (form, unit))| form.is_none() || declared(output).is_none_or(|d| d.unit == *unit))
    }

    fn declare(&mut self, key: Key, form: Declared) -> bool {
        let group = self.name(key);
        let next = match self.declared.get(&group) {
            Some(before) => match (before.hull(&form), self.stride) {
                (next, Some(bits)) if next != *before => next.beyond(before, bits),
                (next, _) => next,
            },
            None => form,
        };
        let changed = self.declared.get(&group) != Some(&next);
        if changed {
            self.grown = Some(key);
            self.declared.insert(group, next);
        }
        changed
    }

    /// What ranges found by widening lead to in one pass: inside them, so it holds as well.
    fn narrow(&mut self) -> Result<()> {
        let mut next: HashMap<Key, Declared> = HashMap::new();
        for number in 0..self.system.blocks().len() {
            self.make(number, self.ports(number).unwrap_or_default())?;
            for (output, form) in self.forms(number) {
                let group = self.name((number, output));
                let hull = next.get(&group).map_or_else(|| form.clone(), |known| known.hull(&form));
                next.insert(group, hull);
            }
        }
        for (group, declared) in &mut self.declared {
            if let Some(form) = next.get(group) {
                declared.range = form.in_unit(&declared.unit);
            }
        }
        Ok(())
    }

    fn growing(&self) -> LowerError {
        let (block, output) = self.grown.unwrap_or_default();
        let block = &self.system.blocks()[block];
        LowerError::Grows { block: block.name.clone(), output: block.bodies[0].outputs()[output].0.clone() }
    }

    fn body(&self, block: usize, graph: &Graph, ports: Vec<Declared>) -> Result<Body> {
        let mut lowering = Lowering::new(graph, self.strategy, self.known, ports);
        lowering.lateness = lateness(self.system, block);
        lowering.run()?;
        let (mut units, mut forms) = (Vec::new(), Vec::new());
        for (number, (name, id)) in graph.outputs().iter().enumerate() {
            let key = (block, number);
            let target = self.targets.get(&key).copied();
            let declared = self.declared.get(&self.name(key)).filter(|_| target == Some(Carrier::Exact));
            let given = lowering.handed_on(name, *id, target, declared)?;
            units.push(declared.map_or_else(|| given.unit.clone(), |declared| declared.unit.clone()));
            forms.push((target == Some(Carrier::Exact)).then_some(given));
        }
        Ok(Body { circuit: lowering.maker.builder.build(), inputs: lowering.inputs, units, forms })
    }

    fn finish(mut self) -> Result<LoweredLoops> {
        let (mut inputs, mut units, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..self.system.blocks().len() {
            self.make(number, self.ports(number).unwrap_or_default())?;
            let made = std::mem::take(&mut self.made[number].1);
            inputs.extend(made.first().map(|body| body.inputs.clone()));
            units.extend(made.first().map(|body| body.units.clone()));
            bodies.extend(made.into_iter().map(|body| body.circuit));
        }
        let mut bodies = bodies.into_iter();
        let next =
            |_, _: &Graph| Ok::<Circuit, LowerError>(bodies.next().unwrap_or_else(|| unreachable!("each is made")));
        Ok(LoweredLoops { circuits: self.system.map(next)?, inputs, units, refusal: self.refusal })
    }
}

impl Lowering<'_> {
    /// Gives a value out in the form its readers take it, in the declared unit once that is known; tells its unit and range as it came.
    fn handed_on(
        &mut self,
        name: &str,
        id: NodeIndex,
        target: Option<Carrier>,
        declared: Option<&Declared>,
    ) -> Result<Declared> {
        let (array, unit) = match target {
            Some(Carrier::Stored(format)) => {
                let word = self.word(id)?;
                (self.maker.carried(&word, format)?, Rational::one())
            }
            Some(Carrier::Exact) | None => {
                let form = self.form(id)?;
                (form.array, form.unit)
            }
            Some(Carrier::Choice) => match self.values[id.index()] {
                Value::Gates(array) => (array, Rational::one()),
                _ => (self.form(id)?.array, Rational::one()),
            },
        };
        let own = Declared { unit: unit.clone(), range: self.maker.range(array) };
        let given = match declared {
            Some(Declared { unit: finer, .. }) if (&unit / finer).is_integer() => {
                self.rescaled(&Form { array, unit }, finer)?
            }
            _ => array,
        };
        self.maker.builder.output(name, given);
        Ok(own)
    }
}
