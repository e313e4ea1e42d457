//! The steps of a program as affine maps `w -> A w + b`: entries of A and b are polynomials of the data, found in the program's own
//! graphs; must not know how maps are composed.

use num_traits::Zero;

use super::parts::Parts;
use super::polynomial::{Polynomial, Variable};
use super::symbolic::{self, Obstacle, Reading};
use crate::number::{Format, Function, Rational};
use crate::tensor::Op;

/// A matrix of polynomials, row by row.
pub type Matrix = Vec<Vec<Polynomial>>;

/// One step: `w -> A w + b`, exactly, and what roundings add.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// A.
    pub matrix: Matrix,
    /// b.
    pub offset: Vec<Polynomial>,
    /// What each rounding adds is multiplied by this: a row per entry of w, a column per rounding.
    pub noise: Matrix,
}

/// A place inside a step where a value is rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounding {
    /// The store.
    pub label: String,
    /// Its format.
    pub format: Format,
    /// What it rounds.
    pub value: Polynomial,
}

/// What is given out: entries of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The name.
    pub name: String,
    /// Its axes.
    pub shape: Vec<u64>,
    /// Its first entry in the state.
    pub first: usize,
    /// The format it is rounded to at the end; none if it is given out exactly.
    pub format: Option<Format>,
}

/// A program whose steps are affine maps of its state, which is its weights and what an optimiser keeps.
#[derive(Clone, Debug)]
pub struct Affine {
    /// The state to begin with, in inputs of the start.
    pub start: Vec<Polynomial>,
    /// The maps of the steps, taken in turn.
    pub steps: Vec<Step>,
    /// What is given out.
    pub given: Vec<Given>,
    /// Per map, where a step rounds besides where it reads its state.
    pub roundings: Vec<Vec<Rounding>>,
    /// The format each entry of the state is rounded to when it is read, if it is.
    pub formats: Vec<Option<Format>>,
    /// Formats of the inputs of the start, of those that come in once, and of those of one step.
    pub inputs: [Vec<Format>; 3],
}

impl Affine {
    /// Reads the maps off the graphs of a program.
    ///
    /// # Errors
    /// When a step is not affine in the state, naming the operation that is not.
    pub fn of(parts: &Parts) -> Result<Self, Obstacle> {
        let mut once = Once::default();
        let start = symbolic::outputs(parts.start(), &[], &mut once.reading(Variable::Start))?.concat();
        let early = parts.early().map(|early| symbolic::outputs(early, &[], &mut once.reading(Variable::Early)));
        let early = early.transpose()?.unwrap_or_default();
        let mut ports = states(&parts.entries());
        ports.extend(parts.early_outputs().into_iter().map(|output| early[output].clone()));
        let per_entry = parts.rounded_when_read().into_iter().zip(parts.entries());
        let formats: Vec<_> = per_entry.flat_map(|(format, entries)| std::iter::repeat_n(format, entries)).collect();
        let (mut steps, mut roundings) = (Vec::new(), Vec::new());
        for body in parts.bodies() {
            let mut reading = once.reading(Variable::Data);
            reading.state = formats.clone();
            let values = symbolic::outputs(body, &ports, &mut reading)?;
            let names = body.outputs().iter().zip(&values);
            let labels = names.flat_map(|((name, _), entries)| std::iter::repeat_n(&name[..], entries.len()));
            let step = split(&values.concat(), labels, formats.len(), reading.roundings.len())?;
            steps.push(step);
            roundings.push(std::mem::take(&mut reading.roundings));
        }
        let inputs =
            [once.formats(Variable::Start(0)), once.formats(Variable::Early(0)), once.formats(Variable::Data(0))];
        Ok(Self { start, steps, given: given(parts), roundings, formats, inputs })
    }

    /// Entries of the state.
    pub fn dimension(&self) -> usize {
        self.start.len()
    }

    /// The map of a step.
    pub fn step(&self, number: u64) -> &Step {
        &self.steps[(number % self.steps.len() as u64) as usize]
    }

    /// Whether data come in at each step.
    pub fn has_data(&self) -> bool {
        !self.inputs[2].is_empty()
    }

    /// Whether data come in once for all steps.
    pub fn has_early(&self) -> bool {
        !self.inputs[1].is_empty()
    }

    /// The format of a variable that comes in.
    pub fn format(&self, variable: Variable) -> Option<Format> {
        match variable {
            Variable::Start(number) => self.inputs[0].get(number).copied(),
            Variable::Early(number) => self.inputs[1].get(number).copied(),
            Variable::Data(number) => self.inputs[2].get(number).copied(),
            Variable::State(_) | Variable::Noise(_) => None,
        }
    }

    /// The values a variable that comes in can have.
    pub fn range(&self, variable: Variable) -> (Rational, Rational) {
        self.format(variable).map_or_else(Default::default, ends)
    }
}

/// Least and greatest value of a format.
pub fn ends(format: Format) -> (Rational, Rational) {
    (format.number(format.min()), format.number(format.max()))
}

/// The distance of neighbours in a format.
pub fn unit(format: Format) -> Rational {
    format.number(1)
}

fn states(entries: &[usize]) -> Vec<Vec<Polynomial>> {
    let mut first = 0;
    let mut ports = Vec::new();
    for count in entries {
        ports.push((first..first + count).map(|entry| Polynomial::variable(Variable::State(entry))).collect());
        first += count;
    }
    ports
}

/// Sorts the products of each entry of the new state by what they multiply: the state, a rounding, or neither.
fn split<'n>(
    values: &[Polynomial],
    labels: impl Iterator<Item = &'n str>,
    dimension: usize,
    roundings: usize,
) -> Result<Step, Obstacle> {
    let zeros = |columns: usize| vec![vec![Polynomial::default(); columns]; values.len()];
    let (mut matrix, mut noise) = (zeros(dimension), zeros(roundings));
    let mut offset = vec![Polynomial::default(); values.len()];
    for ((row, value), label) in values.iter().enumerate().zip(labels) {
        for (product, coefficient) in value.terms() {
            let late = |v: &&Variable| matches!(v, Variable::State(_) | Variable::Noise(_));
            let data = product.iter().filter(|v| !late(v)).copied().collect();
            let place = match product.iter().filter(late).collect::<Vec<_>>()[..] {
                [] => &mut offset[row],
                [Variable::State(column)] => &mut matrix[row][*column],
                [Variable::Noise(column)] => &mut noise[row][*column],
                ref many if many.iter().any(|v| matches!(v, Variable::Noise(_))) => {
                    return Err(Obstacle::RoundedFactor { label: label.to_owned() });
                }
                _ => return Err(Obstacle::Nonlinear { label: label.to_owned() }),
            };
            place.add(data, coefficient.clone());
        }
    }
    Ok(Step { matrix, offset, noise })
}

/// What a program gives out.
pub(super) fn given(parts: &Parts) -> Vec<Given> {
    let (end, entries) = (parts.end(), parts.entries());
    let one = |((name, id), carried): (&(String, petgraph::graph::NodeIndex), usize)| Given {
        name: name.clone(),
        shape: end.node(*id).shape.iter().map(|size| size.value).collect(),
        first: entries[..carried].iter().sum(),
        format: match end.node(*id).op {
            Op::Store { function: Function::Identity, format } => Some(format),
            _ => None,
        },
    };
    end.outputs().iter().zip(parts.given_out()).map(one).collect()
}

/// The formats of inputs met so far, each kind numbered on its own.
#[derive(Default)]
struct Once {
    start: Vec<Format>,
    early: Vec<Format>,
    data: Vec<Format>,
}

impl Once {
    /// Reads one graph, whose inputs become variables of this kind.
    fn reading(&mut self, kind: fn(usize) -> Variable) -> Exact<'_> {
        if let Variable::Data(_) = kind(0) {
            self.data.clear();
        }
        Exact { once: self, kind, state: Vec::new(), roundings: Vec::new() }
    }

    fn list(&mut self, kind: Variable) -> &mut Vec<Format> {
        match kind {
            Variable::Start(_) => &mut self.start,
            Variable::Early(_) => &mut self.early,
            Variable::Data(_) | Variable::State(_) | Variable::Noise(_) => &mut self.data,
        }
    }

    fn formats(&mut self, kind: Variable) -> Vec<Format> {
        self.list(kind).clone()
    }

    fn format(&self, variable: Variable) -> Option<Format> {
        match variable {
            Variable::Start(number) => self.start.get(number).copied(),
            Variable::Early(number) => self.early.get(number).copied(),
            Variable::Data(number) => self.data.get(number).copied(),
            Variable::State(_) | Variable::Noise(_) => None,
        }
    }

    /// Whether a value of data alone is one of the format's whatever the data are.
    fn holds(&self, value: &Polynomial, format: Format) -> bool {
        let known = value.variables().all(|variable| self.format(variable).is_some());
        let step = |v: &Variable| self.format(*v).map_or_else(Rational::zero, unit);
        let whole = |(product, coefficient): (&[Variable], &Rational)| {
            (product.iter().map(step).fold(coefficient.clone(), |a, b| a * b) / unit(format)).is_integer()
        };
        let (low, high) = value.bounds(&|v| self.format(v).map_or_else(Default::default, ends));
        let (least, most) = ends(format);
        known && value.terms().all(whole) && least <= low && high <= most
    }
}

/// Reads a graph exactly; roundings become variables.
struct Exact<'o> {
    once: &'o mut Once,
    kind: fn(usize) -> Variable,
    /// The format each entry of the state is rounded to when it is read: the state stands for its rounded value.
    state: Vec<Option<Format>>,
    roundings: Vec<Rounding>,
}

impl Reading for Exact<'_> {
    fn number(&mut self, format: Format) -> Polynomial {
        let kind = self.kind;
        let list = self.once.list(kind(0));
        list.push(format);
        Polynomial::variable(kind(list.len() - 1))
    }

    fn stored(&mut self, label: &str, value: &Polynomial, format: Format) -> Polynomial {
        let read = |variable| matches!(variable, Variable::State(entry) if self.state[entry] == Some(format));
        if value.alone().is_some_and(read) || self.once.holds(value, format) {
            return value.clone();
        }
        self.roundings.push(Rounding { label: label.to_owned(), format, value: value.clone() });
        value.clone().plus(&Polynomial::variable(Variable::Noise(self.roundings.len() - 1)))
    }
}
