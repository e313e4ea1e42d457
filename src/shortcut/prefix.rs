//! Exact affine steps by parallel prefix. Layers for T steps: `2 ceil(log2 T) + 2`; gates polynomial in T and the bits of the data.
//!
//! Layer 1 makes the entries of every A and b from the data, as sums of ANDs of their bits; what the first step makes of the start is
//! such a sum too. Then pairs are composed in a tree, `(A, b) after (A', b') = (A A', A b' + b)`: a layer that brings exact sums into bits and one
//! of products. The last layer rounds what is given out.

use std::collections::HashMap;

use num_bigint::BigInt;
use num_traits::Signed;

use super::affine::{Affine, Step};
use super::inputs::{BitForms, Inputs, total, unit};
use super::parts::Parts;
use super::polynomial::{Polynomial, Variable};
use super::{Built, Refused, affine, given_out};
use crate::interval::Interval;
use crate::number::Rational;
use crate::words::{Maker, Total, common_unit};

/// The most steps a circuit is made for.
const MOST_STEPS: u64 = 1 << 10;

/// The most bits of an exact number.
const MOST_BITS: u64 = 256;

/// The circuit of exact descent.
///
/// # Errors
/// When steps are not affine, data are constants, or numbers become too long.
pub fn build(parts: &Parts) -> Result<Built, Refused> {
    let (affine, steps) = (affine(parts)?, parts.steps());
    if !affine.has_data() && !affine.has_early() {
        return Err(Refused::Data(
            "the data are constants, so the whole run is one affine map: that is the rule hard-wired",
        ));
    }
    if steps > MOST_STEPS {
        return Err(Refused::Steps { steps, most: MOST_STEPS });
    }
    let mut inputs = Inputs::new(parts.layout())?;
    check(&affine, &inputs, steps)?;
    let mut leaves =
        (0..steps).map(|step| leaf(&affine, &mut inputs, step)).collect::<Result<Vec<_>, _>>()?.into_iter();
    let whole = tree(&mut inputs.maker, &mut leaves, steps)?;
    let state = inputs.maker.summed(&whole.offset)?;
    let Inputs { maker, layout, .. } = inputs;
    given_out(maker, &state, &affine.given, layout)
}

/// Some steps composed: `w -> A w + b`; no A where b has the start in it.
struct Map {
    matrix: Option<Total>,
    offset: Total,
}

fn leaf(affine: &Affine, inputs: &mut Inputs, number: u64) -> Result<Map, Refused> {
    let step = affine.step(number);
    let offset = if number == 0 { applied(step, &affine.start) } else { step.offset.clone() };
    let offset_forms = inputs.bit_forms(number as usize, &offset)?;
    let entries = step.matrix.concat();
    let matrix_forms = if number == 0 { BitForms::new() } else { inputs.bit_forms(number as usize, &entries)? };
    let ands = inputs.ands([&offset_forms, &matrix_forms])?;
    let dimension = affine.dimension() as u64;
    let maker = &mut inputs.maker;
    let offset = total(maker, &ands, &offset_forms, &[dimension], &bounds(affine, &offset))?;
    let matrix = match number {
        0 => None,
        _ => Some(total(maker, &ands, &matrix_forms, &[dimension, dimension], &bounds(affine, &entries))?),
    };
    Ok(Map { matrix, offset })
}

/// `A w + b` of polynomials.
pub(super) fn applied(step: &Step, state: &[Polynomial]) -> Vec<Polynomial> {
    let row = |(row, offset): (&Vec<Polynomial>, &Polynomial)| {
        row.iter().zip(state).fold(offset.clone(), |sum, (a, w)| sum.plus(&a.times(w)))
    };
    step.matrix.iter().zip(&step.offset).map(row).collect()
}

/// An interval that holds the values of all these polynomials.
pub(super) fn bounds(affine: &Affine, all: &[Polynomial]) -> (Rational, Rational) {
    let each = all.iter().map(|polynomial| polynomial.bounds(&|variable: Variable| affine.range(variable)));
    each.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default()
}

/// Composes so many maps, the first first.
fn tree(maker: &mut Maker, maps: &mut impl Iterator<Item = Map>, count: u64) -> Result<Map, Refused> {
    if count == 1 {
        return maps.next().ok_or(Refused::Steps { steps: 0, most: MOST_STEPS });
    }
    let first = tree(maker, maps, count - count / 2)?;
    let second = tree(maker, maps, count / 2)?;
    composed(maker, &first, &second)
}

/// The second after the first.
fn composed(maker: &mut Maker, first: &Map, second: &Map) -> Result<Map, Refused> {
    let Some(matrix) = &second.matrix else { unreachable!("only the first map has no matrix") };
    let (a, b) = (maker.in_binary(matrix)?, maker.in_binary(&second.offset)?);
    let before = maker.in_binary(&first.offset)?;
    let offset = maker.matrix_product(&a, &before)?.plus(maker.kept(&b)?);
    let matrix = match &first.matrix {
        None => None,
        Some(before) => {
            let before = maker.in_binary(before)?;
            Some(maker.matrix_product(&a, &before)?)
        }
    };
    Ok(Map { matrix, offset })
}

/// The unit and range of exact numbers.
#[derive(Clone)]
struct Extent {
    unit: Rational,
    range: Interval,
}

impl Extent {
    fn times(&self, other: &Self, terms: u64) -> Self {
        let range = self.range.times(&other.range).scaled(&terms.into());
        Self { unit: &self.unit * &other.unit, range }
    }

    fn plus(&self, other: &Self) -> Self {
        let unit = common_unit(&self.unit, &other.unit);
        let finer = |x: &Self| x.range.scaled(&(&x.unit / &unit).to_integer());
        Self { range: finer(self).plus(&finer(other)), unit }
    }

    fn bits(&self) -> u64 {
        let below = if self.range.lo.is_negative() { 1 + (-&self.range.lo - BigInt::from(1)).bits() } else { 0 };
        below.max(self.range.hi.bits() + u64::from(self.range.lo.is_negative()))
    }
}

/// Refuses numbers that become too long, before anything is made.
fn check(affine: &Affine, inputs: &Inputs, steps: u64) -> Result<(), Refused> {
    let mut leaf: Option<[Extent; 2]> = None;
    for step in &affine.steps {
        let entries = step.matrix.concat();
        let matrix = extent(inputs, affine, &entries)?;
        let offset = extent(inputs, affine, &step.offset)?;
        let first = extent(inputs, affine, &applied(step, &affine.start))?;
        let both = [matrix, offset.plus(&first)];
        leaf = Some(match leaf {
            None => both,
            Some([a, b]) => [a.plus(&both[0]), b.plus(&both[1])],
        });
    }
    let Some(leaf) = leaf else { return Ok(()) };
    let [a, b] = grown(&leaf, affine.dimension() as u64, steps, &mut HashMap::new());
    let bits = a.bits().max(b.bits());
    if bits > MOST_BITS { Err(Refused::Long { steps, bits, most: MOST_BITS }) } else { Ok(()) }
}

fn extent(inputs: &Inputs, affine: &Affine, all: &[Polynomial]) -> Result<Extent, Refused> {
    let unit = unit(&inputs.bit_forms(0, all)?);
    let (low, high) = bounds(affine, all);
    let range = Interval { lo: (low / &unit).floor().to_integer(), hi: (high / &unit).ceil().to_integer() };
    Ok(Extent { unit, range })
}

/// So many of the same map composed.
fn grown(leaf: &[Extent; 2], dimension: u64, count: u64, known: &mut HashMap<u64, [Extent; 2]>) -> [Extent; 2] {
    if count == 1 {
        return leaf.clone();
    }
    if let Some(known) = known.get(&count) {
        return known.clone();
    }
    let [a, b] = grown(leaf, dimension, count - count / 2, known);
    let [late, add] = grown(leaf, dimension, count / 2, known);
    let both = [late.times(&a, dimension), late.times(&b, dimension).plus(&add)];
    known.insert(count, both.clone());
    both
}
