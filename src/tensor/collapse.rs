//! Steps that are affine in what they read, made one matrix: the same values, one form an entry, in the narrowest range; must not know programs.
//!
//! Written as a chain, `w - a x (x.w - y)` bounds each link by itself, so that even a step that only permutes its weights would seem to
//! widen them. As `A w + b` each entry is one form, and its range is that of the row.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use petgraph::graph::NodeIndex;

use super::{Arithmetic, Op, Param};
use crate::number::{Format, Rational};

/// The most entries of a matrix.
const MOST_ENTRIES: u64 = 1 << 16;

/// `constant + sum of coefficients times entries of the base`.
#[derive(Clone, Debug, Default)]
struct Row {
    constant: Rational,
    terms: BTreeMap<usize, Rational>,
}

impl Row {
    fn plus(mut self, other: &Self) -> Self {
        self.constant += &other.constant;
        for (entry, coefficient) in &other.terms {
            *self.terms.entry(*entry).or_default() += coefficient;
        }
        self
    }

    fn by(&self, factor: &Rational) -> Self {
        let terms = self.terms.iter().map(|(entry, coefficient)| (*entry, coefficient * factor)).collect();
        Self { constant: &self.constant * factor, terms }
    }
}

impl Arithmetic {
    /// The same value as `A base + b`, if it is affine in `base`, rests on nothing else and the matrix is not too large.
    pub fn collapsed(&mut self, id: NodeIndex, base: NodeIndex) -> Option<NodeIndex> {
        let (outputs, inputs) = (self.entries(id)?, self.entries(base)?);
        if outputs.checked_mul(inputs)? > MOST_ENTRIES {
            return None;
        }
        let rows = self.rows(id, base)?;
        let inputs = inputs as usize;
        let dense =
            |row: &Row| (0..inputs).map(|entry| row.terms.get(&entry).cloned().unwrap_or_default()).collect::<Vec<_>>();
        let lengths = self.lengths(id);
        let (matrix, scale) = whole("A", &[outputs, inputs as u64], rows.iter().flat_map(dense).collect())?;
        let (offset, step) = whole("b", &lengths, rows.into_iter().map(|row| row.constant).collect())?;
        let product = self.mapped(base, matrix, &lengths);
        // Scaled even by one, so that the steps of all examples have the same operations.
        let product = self.sketch.scale("scale", scale, product);
        let offset = self.sketch.given("b", offset);
        let offset = self.sketch.scale("scale", step, offset);
        Some(self.add("A w + b", product, offset))
    }

    fn entries(&self, id: NodeIndex) -> Option<u64> {
        self.lengths(id).iter().try_fold(1u64, |entries, length| entries.checked_mul(*length))
    }

    /// The matrix times all entries of a node.
    fn mapped(&mut self, base: NodeIndex, matrix: Param, out: &[u64]) -> NodeIndex {
        let own = self.lengths(base);
        let axes = std::iter::once(None).chain((0..own.len()).map(Some)).collect();
        let row = self.arrange(axes, &[&[1], &own[..]].concat(), base);
        let product = self.sketch.linear("A w", matrix, None, out, row);
        self.arrange((1..=out.len()).map(Some).collect(), out, product)
    }

    /// Every entry of a node as a row over the base; none where it is not affine.
    fn rows(&self, id: NodeIndex, base: NodeIndex) -> Option<Vec<Row>> {
        let mut known: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        let one = |entry| Row { constant: Rational::zero(), terms: BTreeMap::from([(entry, Rational::one())]) };
        known.insert(base.index(), (0..self.entries(base)? as usize).map(one).collect());
        let mut needed = vec![false; id.index() + 1];
        needed[id.index()] = true;
        for index in (base.index() + 1..=id.index()).rev().filter(|index| needed[*index]).collect::<Vec<_>>() {
            self.mark(NodeIndex::new(index), base, &mut needed);
        }
        for index in (0..=id.index()).filter(|index| needed[*index] && *index != base.index()) {
            let rows = self.row(NodeIndex::new(index), &known)?;
            known.insert(index, rows);
        }
        known.remove(&id.index())
    }

    fn mark(&self, id: NodeIndex, base: NodeIndex, needed: &mut [bool]) {
        for operand in self.sketch.operands(id) {
            if operand != base && !std::mem::replace(&mut needed[operand.index()], true) {
                self.mark(operand, base, needed);
            }
        }
    }

    fn row(&self, id: NodeIndex, known: &BTreeMap<usize, Vec<Row>>) -> Option<Vec<Row>> {
        let operands = self.sketch.operands(id);
        let of = |number: usize| known.get(&operands.get(number)?.index());
        let constant = |param: &Param, place: usize| {
            let level = *param.values.as_deref()?.get(place % param.len())?;
            Some(param.format.number(level))
        };
        match &self.sketch.node(id).op {
            Op::Given(table) => {
                let param = self.sketch.parameter(*table);
                let row = |place| Some(Row { constant: constant(param, place)?, terms: BTreeMap::new() });
                (0..param.len()).map(row).collect()
            }
            Op::Add => Some(of(0)?.iter().zip(of(1)?).map(|(a, b)| a.clone().plus(b)).collect()),
            Op::Scale(factor) => Some(of(0)?.iter().map(|row| row.by(factor)).collect()),
            Op::Weigh(table) => {
                let param = self.sketch.parameter(*table);
                of(0)?.iter().enumerate().map(|(place, row)| Some(row.by(&constant(param, place)?))).collect()
            }
            Op::Sum(axis) => {
                let lengths = self.lengths(operands[0]);
                let (inner, length): (u64, u64) = (lengths[axis + 1..].iter().product(), lengths[*axis]);
                let (inner, length, rows) = (inner as usize, length as usize, of(0)?);
                let first = |place: usize| place / inner * inner * length + place % inner;
                let total = |place: usize| {
                    (0..length).fold(Row::default(), |sum, along| sum.plus(&rows[first(place) + along * inner]))
                };
                Some((0..rows.len() / length).map(total).collect())
            }
            Op::Arrange(axes) => {
                let (own, from) = (self.lengths(id), self.lengths(operands[0]));
                let rows = of(0)?;
                let count = own.iter().product::<u64>() as usize;
                Some((0..count).map(|place| rows[moved(place, axes, &own, &from)].clone()).collect())
            }
            _ => None,
        }
    }
}

/// Where an entry of a rearranged value stood.
fn moved(place: usize, axes: &[Option<usize>], own: &[u64], from: &[u64]) -> usize {
    let (mut rest, mut at) = (place, vec![0; from.len()]);
    for (axis, length) in axes.iter().zip(own).rev() {
        if let Some(axis) = axis {
            at[*axis] = rest % *length as usize;
        }
        rest /= *length as usize;
    }
    at.iter().zip(from).fold(0, |sum, (index, length)| sum * *length as usize + index)
}

/// Rationals as integers and the factor they are to be multiplied by.
fn whole(name: &str, shape: &[u64], values: Vec<Rational>) -> Option<(Param, Rational)> {
    let common = values.iter().fold(BigInt::one(), |common, value| common.lcm(value.denom()));
    let scale = Rational::from_integer(common.clone());
    let levels: Option<Vec<i64>> = values.iter().map(|value| (value * &scale).to_integer().to_i64()).collect();
    let format = Format::new(crate::number::format::MAX_BITS, 0).ok()?;
    let levels = levels.filter(|levels| levels.iter().all(|level| (format.min()..=format.max()).contains(level)))?;
    let param = Param { name: name.to_owned(), shape: shape.to_vec(), values: Some(levels.into()), format };
    Some((param, Rational::new(BigInt::one(), common)))
}
