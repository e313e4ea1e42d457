//! A tensor graph read as polynomials of what it takes in: exact where it is linear or multiplies; must not know programs or circuits.

use petgraph::graph::NodeIndex;
use thiserror::Error;

use super::polynomial::Polynomial;
use crate::number::{Format, Function};
use crate::tensor::{Graph, Node, Op, ParamId};

/// Why a graph is no polynomial that can be written out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// An operation that is neither linear nor a product.
    #[error("`{label}` ({operation}) is not affine in the weights, so steps do not compose as affine maps")]
    Operation {
        /// The node.
        label: String,
        /// The operation.
        operation: String,
    },
    /// A product of weights with weights.
    #[error("`{label}` multiplies weights with weights, so a step is no affine map of them")]
    Nonlinear {
        /// What is handed on.
        label: String,
    },
    /// Rounding that weights multiply.
    #[error("`{label}` multiplies weights with something that is rounded")]
    RoundedFactor {
        /// What is handed on.
        label: String,
    },
    /// Too many products to write out.
    #[error(
        "`{label}` would be {terms} products of weights and data written out; at most {most} are. Use fewer features or examples"
    )]
    Large {
        /// The node.
        label: String,
        /// Entries or products, as far as they were counted.
        terms: u128,
        /// The most.
        most: usize,
    },
    /// Constants that were not read.
    #[error("the constants of `{0}` are not known")]
    Unknown(String),
}

/// The most entries a node and products all nodes together may have.
const MOST: usize = 1 << 16;

/// What a graph's inputs and roundings become.
pub trait Reading {
    /// The next number that comes in, of this format.
    fn number(&mut self, format: Format) -> Polynomial;
    /// A value rounded to a format, by the store of this name.
    fn stored(&mut self, label: &str, value: &Polynomial, format: Format) -> Polynomial;
}

/// The entries of every output, its ports carrying these.
///
/// # Errors
/// When an operation an output rests on is neither linear nor a product, or there are too many products.
pub fn outputs(
    graph: &Graph,
    ports: &[Vec<Polynomial>],
    reading: &mut impl Reading,
) -> Result<Vec<Vec<Polynomial>>, Obstacle> {
    let graph = graph.pruned();
    let mut walk = Walk { graph: &graph, ports: ports.iter(), values: Vec::new(), terms: 0 };
    for id in graph.order() {
        let value = walk.node(id, reading)?;
        walk.terms += value.iter().map(Polynomial::count).sum::<usize>();
        if walk.terms > MOST {
            return Err(walk.large(id, walk.terms as u128));
        }
        walk.values.push(value);
    }
    Ok(graph.outputs().iter().map(|(_, id)| walk.values[id.index()].clone()).collect())
}

struct Walk<'g, P> {
    graph: &'g Graph,
    ports: P,
    values: Vec<Vec<Polynomial>>,
    terms: usize,
}

impl<'p, P: Iterator<Item = &'p Vec<Polynomial>>> Walk<'_, P> {
    fn node(&mut self, id: NodeIndex, reading: &mut impl Reading) -> Result<Vec<Polynomial>, Obstacle> {
        let node = self.graph.node(id);
        let entries = node.shape.iter().fold(1u128, |all, size| all.saturating_mul(u128::from(size.value)));
        if entries > MOST as u128 {
            return Err(self.large(id, entries));
        }
        let operands = self.graph.operands(id);
        let of = |number: usize| &self.values[operands[number].index()];
        let shape = lengths(node);
        let places = || (0..entries as usize).map(|place| unravelled(place, &shape));
        let from = |number: usize| lengths(self.graph.node(operands[number]));
        let at = |number: usize, at: &[usize]| of(number)[ravelled(at, &from(number))].clone();
        Ok(match &node.op {
            Op::Port(_) => self.ports.next().cloned().unwrap_or_default(),
            Op::Number(format) => (0..entries).map(|_| reading.number(*format)).collect(),
            Op::Given(table) => {
                (0..entries as usize).map(|place| self.entry(*table, place)).collect::<Result<_, _>>()?
            }
            Op::Scale(factor) => of(0).iter().map(|x| x.scaled(factor)).collect(),
            Op::Add => of(0).iter().zip(of(1)).map(|(a, b)| a.clone().plus(b)).collect(),
            Op::Product => self.products(id, of(0), of(1))?,
            Op::Weigh(table) => {
                let len = self.graph.param(*table).len();
                let weighed = |(place, x): (usize, &Polynomial)| Ok(x.times(&self.entry(*table, place % len)?));
                of(0).iter().enumerate().map(weighed).collect::<Result<_, _>>()?
            }
            Op::Sum(axis) => {
                let length = from(0)[*axis];
                let sum = |mut place: Vec<usize>| {
                    place.insert(*axis, 0);
                    (0..length).fold(Polynomial::default(), |sum, along| {
                        place[*axis] = along;
                        sum.plus(&at(0, &place))
                    })
                };
                places().map(sum).collect()
            }
            Op::Arrange(axes) => places().map(|place| at(0, &arranged(axes, &place, from(0).len()))).collect(),
            Op::Slice { axis, start } => {
                let moved = |mut place: Vec<usize>| {
                    place[*axis] += *start as usize;
                    at(0, &place)
                };
                places().map(moved).collect()
            }
            Op::Pick { axis, places: from } => {
                let picked = |mut place: Vec<usize>| {
                    place[*axis] = from[place[*axis]] as usize;
                    at(0, &place)
                };
                places().map(picked).collect()
            }
            Op::Reshape => of(0).to_vec(),
            Op::Concat(axis) => {
                let joined = |mut place: Vec<usize>| {
                    let mut number = 0;
                    while place[*axis] >= from(number)[*axis] {
                        place[*axis] -= from(number)[*axis];
                        number += 1;
                    }
                    at(number, &place)
                };
                places().map(joined).collect()
            }
            Op::Linear { weight, bias, .. } => self.linear(of(0), *weight, *bias, shape[0])?,
            Op::Store { function: Function::Identity, format } => {
                of(0).iter().map(|x| reading.stored(&node.label, x, *format)).collect()
            }
            Op::Store { .. }
            | Op::Tokens { .. }
            | Op::Embed { .. }
            | Op::AddRows { .. }
            | Op::Rotate { .. }
            | Op::Centre
            | Op::Normalise { .. }
            | Op::Dot(_)
            | Op::Attend(..)
            | Op::Softmax(..)
            | Op::Mix(_)
            | Op::Distances { .. }
            | Op::Top { .. }
            | Op::Positive(_)
            | Op::Chosen
            | Op::Quotient(_)
            | Op::Max(_)
            | Op::Argmax
            | Op::Last => return Err(obstacle(node)),
        })
    }

    fn products(&self, id: NodeIndex, a: &[Polynomial], b: &[Polynomial]) -> Result<Vec<Polynomial>, Obstacle> {
        let terms: usize = a.iter().zip(b).map(|(a, b)| a.count() * b.count()).sum();
        if terms > MOST {
            return Err(self.large(id, terms as u128));
        }
        Ok(a.iter().zip(b).map(|(a, b)| a.times(b)).collect())
    }

    fn linear(
        &self,
        x: &[Polynomial],
        weight: ParamId,
        bias: Option<ParamId>,
        rows: usize,
    ) -> Result<Vec<Polynomial>, Obstacle> {
        let inputs = x.len() / rows.max(1);
        let outputs = self.graph.param(weight).len() / inputs.max(1);
        let mut values = Vec::with_capacity(rows * outputs);
        for row in x.chunks(inputs) {
            for output in 0..outputs {
                let mut sum = bias.map_or(Ok(Polynomial::default()), |bias| self.entry(bias, output))?;
                for (input, value) in row.iter().enumerate() {
                    sum = sum.plus(&value.times(&self.entry(weight, output * inputs + input)?));
                }
                values.push(sum);
            }
        }
        Ok(values)
    }

    fn entry(&self, table: ParamId, place: usize) -> Result<Polynomial, Obstacle> {
        let param = self.graph.param(table);
        let unknown = || Obstacle::Unknown(param.name.clone());
        let level = *param.values.as_deref().and_then(|values| values.get(place)).ok_or_else(unknown)?;
        Ok(Polynomial::constant(param.format.number(level)))
    }

    fn large(&self, id: NodeIndex, terms: u128) -> Obstacle {
        Obstacle::Large { label: self.graph.node(id).label.clone(), terms, most: MOST }
    }
}

fn obstacle(node: &Node) -> Obstacle {
    let operation = match &node.op {
        Op::Store { function, .. } => format!("{function:?}").to_lowercase(),
        op => op.name().to_owned(),
    };
    Obstacle::Operation { label: node.label.clone(), operation }
}

fn lengths(node: &Node) -> Vec<usize> {
    node.shape.iter().map(|size| size.value as usize).collect()
}

fn unravelled(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = place;
    let mut at: Vec<usize> = shape.iter().rev().map(|length| (rest % length, rest /= length).0).collect();
    at.reverse();
    at
}

fn ravelled(at: &[usize], shape: &[usize]) -> usize {
    at.iter().zip(shape).fold(0, |place, (index, length)| place * length + index)
}

fn arranged(axes: &[Option<usize>], at: &[usize], count: usize) -> Vec<usize> {
    let mut from = vec![0; count];
    for (axis, index) in axes.iter().zip(at) {
        if let Some(axis) = axis {
            from[*axis] = *index;
        }
    }
    from
}
