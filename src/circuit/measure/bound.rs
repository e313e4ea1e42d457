//! Exact figures of a bound circuit: depth, terms, weights and constants of every form that differs, without making gates.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::reduced::Reduced;
use super::{ArrayMeasure, Bound, Measure, MeasureError, bits_of, dims};
use crate::circuit::walk::{Plan, Weight, elements, plan};
use crate::circuit::{Array, ArrayId, Bank, Circuit, Node, Thresholds};
use crate::expr::Expr;

/// A form unfolded down to gates: what one of its gates would list.
#[derive(Clone)]
struct Form {
    depth: u32,
    terms: u128,
    weight: BigInt,
    constant: BigInt,
    /// Some listed weight is negative.
    negative: bool,
}

impl Form {
    /// Adds a term that is listed so many times.
    fn add(&mut self, source: &Elements, offset: usize, weight: Weight<'_>, times: u128) {
        let Elements::Forms(forms) = source else {
            self.depth = self.depth.max(source.depth(offset));
            self.terms += times;
            self.negative |= weight.is_negative();
            return self.raise(weight);
        };
        let inner = &forms[offset];
        self.depth = self.depth.max(inner.depth);
        self.terms += inner.terms * times;
        if !inner.constant.is_zero() {
            self.constant += &inner.constant * weight.to_big() * times;
        }
        self.negative |= inner.terms > 0 && (inner.negative || weight.is_negative());
        match inner.weight.is_one() {
            true => self.raise(weight),
            false => self.raise(Weight::Big(&(&inner.weight * weight.to_big()))),
        }
    }

    /// The largest weight is at least this large.
    fn raise(&mut self, weight: Weight<'_>) {
        match weight {
            Weight::Small(weight) => {
                if self.weight.to_u64().is_some_and(|own| own < weight.unsigned_abs()) {
                    self.weight = weight.unsigned_abs().into();
                }
            }
            Weight::Big(weight) => {
                if self.weight.magnitude() < weight.magnitude() {
                    self.weight = weight.abs();
                }
            }
        }
    }

    /// Layers to have the form's value as gates: none more for a constant or where it is one gate.
    fn gate_depth(&self) -> u32 {
        let gate = self.terms == 1 && self.weight.is_one() && self.constant.is_zero() && !self.negative;
        self.depth + u32::from(self.terms > 0 && !gate)
    }
}

/// What is known of the elements of one array that differ. Gates of one form are alike, so a bank keeps one depth a form; and so do
/// forms that nothing reads any more.
enum Elements {
    Inputs,
    Forms(Vec<Form>),
    Depths(Vec<u32>),
}

impl Elements {
    fn depth(&self, element: usize) -> u32 {
        match self {
            Self::Inputs => 0,
            Self::Forms(forms) => forms[element].depth,
            Self::Depths(depths) => depths[element],
        }
    }

    /// The depth of gates that are all as deep; those outside of a band have none.
    fn alike(&self) -> Option<u32> {
        let Self::Depths(depths) = self else { return None };
        let deepest = self.deepest();
        depths.iter().all(|depth| *depth == deepest || *depth == 0).then_some(deepest)
    }

    /// The greatest depth with every element as single gates.
    fn gate_depth(&self) -> u32 {
        match self {
            Self::Forms(forms) => forms.iter().map(Form::gate_depth).max().unwrap_or(0),
            Self::Inputs | Self::Depths(_) => self.deepest(),
        }
    }

    fn deepest(&self) -> u32 {
        match self {
            Self::Inputs => 0,
            Self::Forms(forms) => forms.iter().map(|form| form.depth).max().unwrap_or(0),
            Self::Depths(depths) => depths.iter().copied().max().unwrap_or(0),
        }
    }
}

pub(super) fn measure(circuit: &Circuit) -> Result<Measure, MeasureError> {
    if let Some(array) = circuit.arrays().iter().find(|array| array.box_len().is_none()) {
        return Err(MeasureError::TooLarge { elements: array.count().to_string() });
    }
    let last = last_readers(circuit);
    let mut reduced = Reduced::new(circuit);
    let (mut known, mut arrays) = (Vec::with_capacity(last.len()), Vec::with_capacity(last.len()));
    let mut largest = BigInt::zero();
    for (array, last) in circuit.arrays().iter().zip(&last) {
        let left_out = reduced.add(array);
        let circuit = &reduced.circuit;
        let array = &circuit.arrays()[known.len()];
        let mut figures = ArrayMeasure { depth: 0, gates: Expr::default(), wires: Expr::default() };
        let mut found = match (&array.node, plan(circuit, array)) {
            (Node::Bank(bank), _) => {
                bank_elements(circuit, bank, &known, &left_out.elements, &mut figures, &mut largest)
            }
            (_, Some(plan)) => Elements::Forms(unfold(array, &plan, &known, &left_out.times)),
            _ => Elements::Inputs,
        };
        figures.depth = u64::from(found.deepest());
        if let Some(depth) = found.alike() {
            reduced.flatten();
            found = Elements::Depths(vec![depth]);
        }
        arrays.push(figures);
        known.push(found);
        forget(&mut known, last);
    }
    Ok(finish(&reduced.circuit, &known, arrays, bits_of(&largest)))
}

/// For each array, those that it is the last to read; what is given out is read to the end.
fn last_readers(circuit: &Circuit) -> Vec<Vec<usize>> {
    let mut last: Vec<usize> = (0..circuit.arrays().len()).collect();
    for (position, array) in circuit.arrays().iter().enumerate() {
        match &array.node {
            Node::Affine(affine) => affine.terms.iter().for_each(|term| last[term.source.index()] = position),
            Node::Bank(bank) => last[bank.form.index()] = position,
            Node::Input | Node::Port => {}
        }
    }
    circuit.outputs().iter().for_each(|output| last[output.array.index()] = usize::MAX);
    let mut reads = vec![Vec::new(); last.len()];
    for (source, reader) in last.into_iter().enumerate().filter(|(_, reader)| *reader < usize::MAX) {
        reads[reader].push(source);
    }
    reads
}

/// Keeps only depths of what no later array reads.
fn forget(known: &mut [Elements], sources: &[usize]) {
    for source in sources {
        if let Elements::Forms(forms) = &known[*source] {
            known[*source] = Elements::Depths(forms.iter().map(|form| form.depth).collect());
        }
    }
}

fn unfold(array: &Array, plan: &Plan, known: &[Elements], times: &[u128]) -> Vec<Form> {
    let empty = Form { depth: 0, terms: 0, weight: BigInt::zero(), constant: BigInt::zero(), negative: false };
    let mut forms = vec![empty; array.box_len().unwrap_or(0)];
    elements(&array.shape, array.band.as_ref(), |element, at| {
        let form = &mut forms[element];
        plan.constants(at, &mut |constant| form.constant += constant.to_big());
        for (number, times) in times.iter().enumerate() {
            plan.term(number, at, &mut |source, offset, weight| {
                form.add(&known[source.index()], offset, weight, *times);
            });
        }
    });
    forms
}

fn bank_elements(
    circuit: &Circuit,
    bank: &Bank,
    known: &[Elements],
    each: &BigInt,
    figures: &mut ArrayMeasure,
    largest: &mut BigInt,
) -> Elements {
    let source = circuit.array(bank.form);
    let mut depths = vec![0; source.box_len().unwrap_or(0)];
    let (mut forms, mut terms) = (0u64, BigInt::zero());
    elements(&source.shape, source.band.as_ref(), |element, _| {
        forms += 1;
        let constant = match &known[bank.form.index()] {
            Elements::Forms(forms) => {
                let form = &forms[element];
                terms += form.terms;
                raise(largest, &form.weight);
                form.constant.clone()
            }
            _ => {
                terms += 1;
                raise(largest, &BigInt::one());
                BigInt::zero()
            }
        };
        depths[element] = known[bank.form.index()].depth(element) + 1;
        if let Thresholds::Known(list) = &bank.thresholds {
            list.first().into_iter().chain(list.last()).for_each(|t| raise(largest, &(t - &constant).abs()));
        }
    });
    // Each stands for as many, its gates included.
    figures.gates = Expr::constant(each * forms);
    figures.wires = Expr::constant(terms * each);
    Elements::Depths(depths)
}

fn raise(largest: &mut BigInt, value: &BigInt) {
    if value > largest {
        largest.clone_from(value);
    }
}

fn finish(circuit: &Circuit, known: &[Elements], arrays: Vec<ArrayMeasure>, weight_bits: u64) -> Measure {
    let outputs = || circuit.outputs().iter().map(|output| output.array);
    let depth_of = |id: ArrayId| known[id.index()].deepest();
    let gate_depths = outputs().map(|id| known[id.index()].gate_depth());
    let (mut gates, mut wires) = (Expr::default(), Expr::default());
    for array in &arrays {
        gates += &array.gates;
        wires += &array.wires;
    }
    let deepest = outputs().max_by_key(|id| depth_of(*id));
    Measure {
        depth: u64::from(deepest.map_or(0, depth_of)),
        gate_depth: u64::from(gate_depths.max().unwrap_or(0)),
        gates,
        wires,
        weight_bits,
        bound: Bound::Exact,
        critical_path: deepest.map(|end| path(circuit, known, end)).unwrap_or_default(),
        arrays,
        dims: dims(circuit),
    }
}

/// The banks on a longest path to the deepest element of `end`.
fn path(circuit: &Circuit, known: &[Elements], end: ArrayId) -> Vec<ArrayId> {
    let deepest = known[end.index()].deepest();
    let len = circuit.array(end).box_len().unwrap_or(0);
    let Some(element) = (0..len).find(|element| known[end.index()].depth(*element) == deepest) else {
        return Vec::new();
    };
    let mut path = Vec::new();
    let mut next = Some((end, element));
    while let Some((id, element)) = next {
        next = match &circuit.array(id).node {
            Node::Input | Node::Port => None,
            Node::Bank(bank) => {
                path.push(id);
                Some((bank.form, element))
            }
            Node::Affine(_) => {
                plan(circuit, circuit.array(id)).and_then(|plan| step(circuit, &plan, known, id, element))
            }
        };
    }
    path.reverse();
    path
}

/// The first listed source as deep as this element.
fn step(circuit: &Circuit, plan: &Plan, known: &[Elements], id: ArrayId, element: usize) -> Option<(ArrayId, usize)> {
    let mut rest = element as u64;
    let mut at: Vec<u64> = Vec::new();
    for size in circuit.array(id).shape.iter().rev() {
        at.push(rest % size.value);
        rest /= size.value;
    }
    at.reverse();
    let wanted = known[id.index()].depth(element);
    let mut found = None;
    plan.terms(&at, &mut |source, offset, _| {
        if found.is_none() && known[source.index()].depth(offset) == wanted {
            found = Some((source, offset));
        }
    });
    found
}
