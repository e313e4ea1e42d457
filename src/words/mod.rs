//! Numbers as integer forms over gates, and the gadgets that make them, one a file; knows circuits and number formats, nothing of models.
//!
//! Each gadget's head states its layers and gates. All are exact.

mod levels;

mod binary;

mod word;

mod steps;

mod store;

mod digits;

mod exact;

mod logic;

mod attend;

mod norm;

mod select;

mod guard;

mod carry;

mod fused;

mod accumulate;

mod average;

mod floats;

mod route;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::One;

use crate::circuit::{
    Affine, ArrayId, Band, Builder, CircuitError, Coef, Index, Size, Table, TableId, Term, Thresholds, Values,
};
use crate::interval::Interval;
use crate::number::Rational;

pub use attend::ScoreTable;
pub use average::OverKeys;
pub use binary::{Binary, Part, Total};
pub use levels::Levels;
pub use logic::Pairing;
pub use norm::Normalisation;
pub use steps::Stored;
pub use word::Word;

/// What a lowering saves: layers or gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Least depth: thermometers and bits as forms over them.
    Depth,
    /// Fewer gates: two-digit stores and bits as gates, some layers more.
    Size,
}

/// An array of exact integer forms and what one unit of them is worth.
#[derive(Clone, Debug)]
pub struct Form {
    /// The array.
    pub array: ArrayId,
    /// The worth of one.
    pub unit: Rational,
}

/// Weights as a circuit sees them: integers, or only their range.
#[derive(Clone, Debug)]
pub struct Constants {
    /// The table.
    pub table: TableId,
    /// Holds every entry.
    pub range: Interval,
    /// The entries, where known.
    pub values: Option<Values>,
    /// Bits after the point.
    pub fraction: u32,
}

impl Constants {
    /// One entry, or the range of all.
    pub fn get(&self, position: usize) -> Interval {
        match &self.values {
            Some(values) => Interval::point(values.get(position).unwrap_or_default()),
            None => self.range.clone(),
        }
    }
}

/// Where gadgets build: a circuit under construction, a strategy, and whether constants are known.
#[derive(Debug)]
pub struct Maker {
    /// The circuit under construction.
    pub builder: Builder,
    /// Layers or gates.
    pub strategy: Strategy,
    /// Whether tables and thresholds are made, or only bounded.
    pub known: bool,
    stores: steps::Cache,
    /// Tables of thresholds moved by a digit, and of where they begin, by what is stored.
    moves: HashMap<String, [TableId; 2]>,
    /// Tables of how bits change from level to level.
    changes: HashMap<String, TableId>,
    /// Tables of what pairs of bits are worth, by the counts of bits and whether they have a sign.
    pairs: HashMap<[(usize, bool); 2], TableId>,
    /// What bits are worth, by their count and whether they have a sign; and tables of it.
    bits: HashMap<(u32, bool), Arc<[BigInt]>>,
    worths: HashMap<(usize, bool), TableId>,
    /// Tables of the bits of a number, by the number and their count.
    numbers: HashMap<(BigInt, u32), TableId>,
}

impl Maker {
    /// An empty circuit.
    pub fn new(strategy: Strategy, known: bool) -> Self {
        Self {
            builder: Builder::new(),
            strategy,
            known,
            stores: steps::Cache::default(),
            moves: HashMap::new(),
            changes: HashMap::new(),
            pairs: HashMap::new(),
            bits: HashMap::new(),
            worths: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    /// The shape of an array.
    pub fn shape(&self, array: ArrayId) -> Vec<Size> {
        self.builder.array(array).shape.clone()
    }

    /// The band of an array.
    pub fn band(&self, array: ArrayId) -> Option<Band> {
        self.builder.array(array).band.clone()
    }

    /// The range of an array.
    pub fn range(&self, array: ArrayId) -> Interval {
        self.builder.array(array).range.clone()
    }

    /// An affine array of the given terms and constants.
    ///
    /// # Errors
    /// When a reference does not hold.
    pub fn affine(
        &mut self,
        shape: Vec<Size>,
        band: Option<Band>,
        terms: Vec<Term>,
        constants: Vec<Coef>,
    ) -> Result<ArrayId, CircuitError> {
        self.builder.affine(shape, band, Affine { constants, terms })
    }

    /// A coefficient table whose entries are made only if constants are known: `len` entries in `range`, `nonzero` of them not zero.
    fn lazy_table(
        &mut self,
        len: u128,
        range: Interval,
        nonzero: u128,
        entries: impl FnOnce() -> Vec<BigInt>,
    ) -> TableId {
        let table = if self.known { Table::new(entries()) } else { Table { nonzero, ..Table::bounded(len, range) } };
        self.builder.table(table)
    }

    /// A table of entries of 64 bits in `range`.
    fn small_table(
        &mut self,
        len: u128,
        range: &Interval,
        entries: impl FnOnce() -> Vec<i64>,
    ) -> crate::circuit::TableId {
        let table = if self.known { Table::small(entries()) } else { Table::bounded(len, range.clone()) };
        self.builder.table(table)
    }

    /// A table of cosines or sines: `len` entries in `range`, `nonzero` of them not zero.
    pub fn angles(
        &mut self,
        len: u128,
        nonzero: u128,
        range: &Interval,
        entries: impl FnOnce() -> Vec<BigInt>,
    ) -> TableId {
        self.lazy_table(len, range.clone(), nonzero, entries)
    }

    /// The sum of two arrays of forms of one shape, in a common unit.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn add(&mut self, a: &Form, b: &Form) -> Result<Form, CircuitError> {
        let unit = common_unit(&a.unit, &b.unit);
        let (shape, band) = (self.shape(a.array), self.band(a.array));
        let axes = Index::identity(shape.len());
        let term = |form: &Form| Term::new(form.array, axes.clone()).by((&form.unit / &unit).to_integer());
        let terms = vec![term(a), term(b)];
        Ok(Form { array: self.affine(shape, band, terms, Vec::new())?, unit })
    }

    /// The forms minus their mean over the last axis: exact, in a unit that many times finer.
    ///
    /// # Errors
    /// Never for an array of the circuit.
    pub fn centre(&mut self, form: &Form) -> Result<Form, CircuitError> {
        let (shape, band) = (self.shape(form.array), self.band(form.array));
        let last = shape.len() - 1;
        let width = shape[last].clone();
        let mut summed = Index::identity(shape.len());
        summed[last] = Index::axis(shape.len());
        let own = Term::new(form.array, Index::identity(shape.len())).by(width.value);
        let mean = Term::new(form.array, summed).over(vec![width.clone()]).by(-1);
        let array = self.affine(shape, band, vec![own, mean], Vec::new())?;
        Ok(Form { array, unit: &form.unit / Rational::from_integer(width.value.into()) })
    }
}

/// The greatest unit of which both are multiples.
pub fn common_unit(a: &Rational, b: &Rational) -> Rational {
    if a == b {
        return a.clone();
    }
    let numerator = num_integer::Integer::gcd(&(a.numer() * b.denom()), &(b.numer() * a.denom()));
    Rational::new(numerator, a.denom() * b.denom())
}

/// `2^-fraction`.
pub fn unit_of(fraction: u32) -> Rational {
    Rational::new_raw(BigInt::one(), BigInt::one() << fraction)
}

fn counted(count: u64, range: Interval) -> Thresholds {
    Thresholds::Counted { count, range }
}
