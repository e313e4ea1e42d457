//! A word: a stored number as integer forms over gates of one layer, in thermometer or binary code.

use std::sync::Arc;

use num_bigint::BigInt;

use super::levels::{Levels, bit_weights, width};
use super::{Maker, Strategy};
use crate::circuit::{ArrayId, Band, CircuitError, Coef, Index, Size, Table, TableId, Term};
use crate::interval::Interval;
use crate::number::Scale;

/// An array of stored numbers.
#[derive(Clone, Debug)]
pub struct Word {
    /// Its axes.
    pub shape: Vec<Size>,
    /// Restricts which elements exist.
    pub band: Option<Band>,
    /// What levels are worth.
    pub scale: Scale,
    /// Least level.
    pub lo: i64,
    /// Greatest level.
    pub hi: i64,
    pub(super) code: Code,
}

#[derive(Clone, Debug)]
pub(super) enum Code {
    /// One level, no gates.
    Constant,
    /// Gates on the array's last axis fire one after another through the levels.
    Thermometer { gates: ArrayId, levels: Levels },
    /// Bits of the number of units on the array's last axis, least significant first.
    Bits { bits: ArrayId, signed: bool },
}

impl Word {
    /// The array its gates or bits are in; none for a constant.
    pub fn array(&self) -> Option<ArrayId> {
        match &self.code {
            Code::Constant => None,
            Code::Thermometer { gates, .. } => Some(*gates),
            Code::Bits { bits, .. } => Some(*bits),
        }
    }

    /// The units of its least and greatest level.
    pub(super) fn reach(&self) -> Interval {
        Interval { lo: self.scale.value(self.lo), hi: self.scale.value(self.hi) }
    }

    /// The units from one level to the next, at most.
    pub(super) fn greatest_step(&self) -> BigInt {
        match &self.code {
            Code::Thermometer { levels: Levels::List(_) | Levels::Counted { .. }, .. } => {
                self.scale.value(self.hi) - self.scale.value(self.lo)
            }
            _ => self.scale.greatest_step(self.lo, self.hi),
        }
    }
}

/// Bits of words: an array of 0/1 forms with one more axis, and what each bit is worth.
pub(super) struct Bits {
    pub array: ArrayId,
    pub weights: Arc<[BigInt]>,
    pub signed: bool,
}

impl Bits {
    pub fn len(&self) -> Size {
        Size::fixed(self.weights.len() as u64)
    }

    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// What pairs of bits are worth, those of the second number next to each other.
    pub fn times(&self, other: &Self) -> Vec<BigInt> {
        self.weights.iter().flat_map(|a| other.weights.iter().map(move |b| a * b)).collect()
    }
}

impl Maker {
    /// A word over thermometer gates `[shape, gates]`; under [`Strategy::Size`] its bits become gates: one layer more.
    pub(super) fn thermometer(&mut self, gates: ArrayId, levels: Levels, scale: Scale) -> Result<Word, CircuitError> {
        let mut shape = self.shape(gates);
        shape.pop();
        let (lo, hi) = levels.bounds();
        let word = Word { shape, band: self.band(gates), scale, lo, hi, code: Code::Thermometer { gates, levels } };
        match self.strategy {
            Strategy::Depth => Ok(word),
            Strategy::Size => self.binary(word),
        }
    }

    /// A word that is one level everywhere.
    pub(super) fn constant_word(&self, shape: Vec<Size>, band: Option<Band>, level: i64, scale: Scale) -> Word {
        Word { shape, band, scale, lo: level, hi: level, code: Code::Constant }
    }

    /// The same word with a gate per bit.
    fn binary(&mut self, word: Word) -> Result<Word, CircuitError> {
        let bits = self.bits(&word)?;
        self.bit_gates(word, &bits)
    }

    pub(super) fn bit_gates(&mut self, word: Word, bits: &Bits) -> Result<Word, CircuitError> {
        let gates = self.builder.gate(bits.array, 1)?;
        Ok(Word { code: Code::Bits { bits: gates, signed: bits.signed }, ..word })
    }

    /// The units of a word as forms: no layer.
    ///
    /// # Errors
    /// Never for a word of this circuit.
    pub fn value(&mut self, word: &Word) -> Result<ArrayId, CircuitError> {
        match &word.code {
            Code::Constant => {
                let constant = Coef::constant(word.reach().lo);
                self.affine(word.shape.clone(), word.band.clone(), vec![], vec![constant])
            }
            Code::Thermometer { gates, levels } if levels.counts_up() && word.scale.is_even() => {
                self.count_up(word, *gates, levels)
            }
            Code::Thermometer { levels, .. } => {
                let most = word.greatest_step();
                let least = if levels.counts_up() { BigInt::from(1) } else { -&most };
                self.function(word, &Interval { lo: least, hi: most }, |units| units.clone())
            }
            Code::Bits { bits, signed } => {
                let (count, _) = width(&word.reach());
                let weights = self.weight_table(count as usize, *signed);
                let axes = word.shape.len();
                let term = Term::new(*bits, Index::identity(axes + 1)).over(vec![Size::fixed(u64::from(count))]);
                let coef = Coef::table(weights, Index::axis(axes));
                self.affine(word.shape.clone(), word.band.clone(), vec![term.times(coef)], vec![])
            }
        }
    }

    /// Any function of the units of a thermometer word, as forms over the same gates: no layer (theory A.3).
    /// `step` holds its change at each gate.
    pub(super) fn function(
        &mut self,
        word: &Word,
        step: &Interval,
        f: impl Fn(&BigInt) -> BigInt,
    ) -> Result<ArrayId, CircuitError> {
        assert!(!matches!(word.code, Code::Bits { .. }), "a function of a level is a form over thermometer gates");
        let at = |level: i64| f(&word.scale.value(level));
        let Code::Thermometer { gates, levels } = &word.code else {
            return self.affine(word.shape.clone(), word.band.clone(), vec![], vec![Coef::constant(at(word.lo))]);
        };
        let axes = word.shape.len();
        let count = levels.gates();
        let steps = || {
            let values: Vec<BigInt> = levels.all().into_iter().map(at).collect();
            values.windows(2).map(|pair| &pair[1] - &pair[0]).collect()
        };
        let table = self.lazy_table(count.into(), step.clone(), count.into(), steps);
        let term = Term::new(*gates, Index::identity(axes + 1)).over(vec![Size::fixed(count)]);
        let term = term.times(Coef::table(table, Index::axis(axes)));
        let first = Coef::constant(at(levels.first()));
        self.affine(word.shape.clone(), word.band.clone(), vec![term], vec![first])
    }

    fn count_up(&mut self, word: &Word, gates: ArrayId, levels: &Levels) -> Result<ArrayId, CircuitError> {
        let axes = word.shape.len();
        let term = Term::new(gates, Index::identity(axes + 1)).over(vec![Size::fixed(levels.gates())]);
        self.affine(word.shape.clone(), word.band.clone(), vec![term], vec![Coef::constant(word.lo)])
    }

    /// What each of so many bits is worth, made once.
    pub(super) fn bit_weights(&mut self, count: u32, signed: bool) -> Arc<[BigInt]> {
        Arc::clone(self.bits.entry((count, signed)).or_insert_with(|| bit_weights(count, signed).into()))
    }

    /// A table of the same, made once.
    pub(super) fn weight_table(&mut self, count: usize, signed: bool) -> TableId {
        let builder = &mut self.builder;
        let table = || builder.table(Table::new(bit_weights(count as u32, signed)));
        *self.worths.entry((count, signed)).or_insert_with(table)
    }

    /// The bits of a word, as 0/1 forms (or gates) on one more axis: no layer.
    pub(super) fn bits(&mut self, word: &Word) -> Result<Bits, CircuitError> {
        let (count, signed) = width(&word.reach());
        let weights = self.bit_weights(count, signed);
        let mut shape = word.shape.clone();
        let axes = shape.len();
        shape.push(Size::fixed(u64::from(count)));
        let array = match &word.code {
            Code::Bits { bits, .. } => *bits,
            Code::Constant => {
                let bits = self.bit_table(word.reach().lo, count);
                self.affine(shape, word.band.clone(), vec![], vec![Coef::table(bits, Index::axis(axes))])?
            }
            Code::Thermometer { gates, levels } => {
                let first = self.bit_table(word.scale.value(levels.first()), count);
                let changes = self.bit_changes(levels, word.scale, count);
                let mut index = Index::identity(axes);
                index.push(Index::axis(axes + 1));
                let coef = Coef::table(changes, Index::strided([(axes + 1, i64::from(count)), (axes, 1)]));
                let term = Term::new(*gates, index).over(vec![Size::fixed(levels.gates())]).times(coef);
                self.affine(shape, word.band.clone(), vec![term], vec![Coef::table(first, Index::axis(axes))])?
            }
        };
        Ok(Bits { array, weights, signed })
    }

    /// The bits of a number of units, `count` of them: a table made once.
    pub(super) fn bit_table(&mut self, units: BigInt, count: u32) -> TableId {
        let builder = &mut self.builder;
        *self.numbers.entry((units, count)).or_insert_with_key(|(units, _)| {
            let bits = (0..count).map(|bit| i64::from(units.bit(bit.into()))).collect::<Vec<i64>>();
            builder.table(Table::small(bits))
        })
    }

    /// How each bit changes at each gate, a row per gate. Made once for the same levels.
    fn bit_changes(&mut self, levels: &Levels, scale: Scale, count: u32) -> TableId {
        let rows = || {
            let bit = |units: &BigInt, bit: u32| i64::from(units.bit(bit.into()));
            let all: Vec<BigInt> = levels.all().into_iter().map(|level| scale.value(level)).collect();
            let row = |pair: &[BigInt]| (0..count).map(|b| bit(&pair[1], b) - bit(&pair[0], b)).collect::<Vec<_>>();
            Table::small(all.windows(2).flat_map(row).collect::<Vec<_>>())
        };
        let key = matches!(levels, Levels::Path(_)).then(|| format!("{levels:?} {scale:?} {count}"));
        if let Some(table) = key.as_ref().and_then(|key| self.changes.get(key)) {
            return *table;
        }
        let len = u128::from(levels.gates()) * u128::from(count);
        let table = if self.known {
            rows()
        } else {
            let nonzero = levels.bit_changes(scale, count).min(len);
            Table { nonzero, ..Table::bounded(len, Interval::new(-1, 1)) }
        };
        let table = self.builder.table(table);
        self.changes.extend(key.map(|key| (key, table)));
        table
    }
}
