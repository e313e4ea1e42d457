//! Words in one code for all their makers, so that blocks can hand them on: no layer where the code is already this one. Also moving
//! elements, and the maximum of words (1 layer, a gate per level).
//!
//! Under `depth` the code is the thermometer of every level of the format, under `size` its bits.

use super::levels::Levels;
use super::word::Code;
use super::{Maker, Strategy, Word, counted};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, TableId, Term, Thresholds};
use crate::interval::Interval;
use crate::number::Format;

impl Maker {
    /// The axis of gates or bits that carry one number of a format.
    fn code_len(&self, format: Format) -> u64 {
        match self.strategy {
            Strategy::Depth => format.max().abs_diff(format.min()),
            Strategy::Size => u64::from(format.width()),
        }
    }

    /// A word of a format carried in from another block.
    ///
    /// # Errors
    /// When an axis is empty.
    pub fn word_port(&mut self, mut shape: Vec<Size>, format: Format) -> Result<Word, CircuitError> {
        let own = shape.clone();
        shape.push(Size::fixed(self.code_len(format)));
        // Bits that are forms have ranges wider than they are: see `shifted_bits`.
        let beyond = match self.strategy {
            Strategy::Size if format.is_float() => i64::from(format.significant()) + 3,
            _ => 0,
        };
        let array = self.builder.port(shape, Interval::new(-beyond.min(4), 1 + beyond))?;
        Ok(self.coded(own, array, format))
    }

    /// A word from the array that carries it.
    fn coded(&self, shape: Vec<Size>, array: ArrayId, format: Format) -> Word {
        let (lo, hi) = (format.min(), format.max());
        let code = match self.strategy {
            Strategy::Depth => Code::Thermometer { gates: array, levels: Levels::Path(vec![lo, hi]) },
            Strategy::Size => Code::Bits { bits: array, signed: true },
        };
        Word { shape, band: self.band(array), scale: format.scale(), lo, hi, code }
    }

    /// A word of input bits, least significant first: `[shape, bits]`, its units in two's complement. Only numbers of the format may be
    /// given.
    ///
    /// # Errors
    /// When an axis is empty.
    pub fn word_input(&mut self, shape: Vec<Size>, format: Format) -> Result<Word, CircuitError> {
        let mut with_bits = shape.clone();
        with_bits.push(Size::fixed(u64::from(format.width())));
        let code = Code::Bits { bits: self.builder.input(with_bits)?, signed: true };
        Ok(Word { shape, band: None, scale: format.scale(), lo: format.min(), hi: format.max(), code })
    }

    /// The array that carries a word whose levels are all of the format.
    ///
    /// # Errors
    /// Never for a word of this circuit.
    pub fn carried(&mut self, word: &Word, format: Format) -> Result<ArrayId, CircuitError> {
        match self.strategy {
            Strategy::Depth => self.full_thermometer(word, format),
            Strategy::Size => self.full_bits(word, format),
        }
    }

    /// `[value >= level]` for every level of the format but the least.
    fn full_thermometer(&mut self, word: &Word, format: Format) -> Result<ArrayId, CircuitError> {
        let mut shape = word.shape.clone();
        let axes = shape.len();
        let count = format.max().abs_diff(format.min());
        shape.push(Size::fixed(count));
        let lowered = word.lo.abs_diff(format.min());
        match &word.code {
            Code::Thermometer { gates, levels: own } if own.counts_up() => {
                if (word.lo, word.hi) == (format.min(), format.max()) {
                    return Ok(*gates);
                }
                let own = own.gates();
                let at = if self.known {
                    let place = |level: i64| (level - word.lo - 1).clamp(0, word.hi - word.lo - 1);
                    Index::gathered(axes, above_least(format).map(place).collect::<Vec<_>>())
                } else {
                    Index::at(0)
                };
                let mut index = Index::identity(axes);
                index.push(at);
                let has = |level: i64| i64::from(word.lo < level && level <= word.hi);
                let mask = self.flags(count, own, || above_least(format).map(has).collect());
                let term = Term::new(*gates, index).times(Coef::table(mask, Index::axis(axes)));
                if !self.known {
                    // Bounds alone do not say that no level is both: the sum would seem to reach 2.
                    return self.affine(shape, word.band.clone(), vec![term], vec![]);
                }
                let sure = self.flags(count, lowered, || at_least_by(word.lo, format));
                self.affine(shape, word.band.clone(), vec![term], vec![Coef::table(sure, Index::axis(axes))])
            }
            Code::Constant => {
                let sure = self.flags(count, lowered, || at_least_by(word.lo, format));
                self.affine(shape, word.band.clone(), vec![], vec![Coef::table(sure, Index::axis(axes))])
            }
            Code::Thermometer { .. } | Code::Bits { .. } => {
                let value = self.value(word)?;
                let thresholds = if self.known {
                    Thresholds::Known(above_least(format).map(|level| word.scale.value(level)).collect())
                } else {
                    let [lo, hi] = [format.min() + 1, format.max()].map(|level| word.scale.value(level));
                    counted(count, Interval { lo, hi })
                };
                self.builder.bank(value, thresholds)
            }
        }
    }

    /// A table of zeros and this many ones.
    fn flags(&mut self, len: u64, ones: u64, entries: impl FnOnce() -> Vec<i64>) -> TableId {
        let table = if self.known {
            Table::small(entries())
        } else {
            Table { nonzero: ones.into(), ..Table::bounded(len.into(), Interval::new(0, 1)) }
        };
        self.builder.table(table)
    }

    /// Every bit of the format.
    fn full_bits(&mut self, word: &Word, format: Format) -> Result<ArrayId, CircuitError> {
        let count = format.width();
        let bits = self.bits(word)?;
        let own = bits.count() as i64;
        if own == i64::from(count) && bits.signed {
            return Ok(bits.array);
        }
        let mut shape = word.shape.clone();
        let axes = shape.len();
        shape.push(Size::fixed(u64::from(count)));
        let mut index = Index::identity(axes);
        index.push(Index::gathered(axes, (0..i64::from(count)).map(|bit| bit.min(own - 1)).collect::<Vec<_>>()));
        let mask = (0..i64::from(count)).map(|bit| i64::from(bit < own || bits.signed)).collect::<Vec<_>>();
        let mask = self.builder.table(Table::small(mask));
        let term = Term::new(bits.array, index).times(Coef::table(mask, Index::axis(axes)));
        self.affine(shape, word.band.clone(), vec![term], vec![])
    }

    /// Elements of an array at other places; `index` has one entry per axis of the array.
    ///
    /// # Errors
    /// When an index leaves the array.
    pub fn moved(&mut self, array: ArrayId, shape: Vec<Size>, index: Vec<Index>) -> Result<ArrayId, CircuitError> {
        self.affine(shape, None, vec![Term::new(array, index)], vec![])
    }

    /// Elements of a word at other places; `index` has one entry per axis of the word.
    ///
    /// # Errors
    /// When an index leaves the word.
    pub fn moved_word(&mut self, word: &Word, shape: Vec<Size>, index: &[Index]) -> Result<Word, CircuitError> {
        let moved = |array: ArrayId, maker: &mut Self| {
            let mut wide = shape.clone();
            let code = maker.shape(array).last().cloned();
            wide.extend(code);
            let mut index = index.to_vec();
            index.push(Index::axis(shape.len()));
            maker.moved(array, wide, index)
        };
        let code = match &word.code {
            Code::Constant => Code::Constant,
            Code::Thermometer { gates, levels } => {
                Code::Thermometer { gates: moved(*gates, self)?, levels: levels.clone() }
            }
            Code::Bits { bits, signed } => Code::Bits { bits: moved(*bits, self)?, signed: *signed },
        };
        Ok(Word { shape, band: None, code, ..word.clone() })
    }

    /// Arrays one after the other along an axis.
    ///
    /// # Errors
    /// When other axes differ.
    pub fn joined(&mut self, arrays: &[ArrayId], axis: usize) -> Result<ArrayId, CircuitError> {
        let lengths: Vec<u64> = arrays.iter().map(|array| self.shape(*array)[axis].value).collect();
        let mut shape = self.shape(arrays[0]);
        let total: u64 = lengths.iter().sum();
        shape[axis] = Size::fixed(total);
        let mut start = 0;
        let mut terms = Vec::with_capacity(arrays.len());
        for (array, length) in arrays.iter().zip(&lengths) {
            let inside = |place: u64| (start..start + length).contains(&place);
            let places = (0..total).map(|place| if inside(place) { (place - start) as i64 } else { 0 });
            let mut index = Index::identity(shape.len());
            index[axis] = Index::gathered(axis, places.collect::<Vec<_>>());
            let mask = (0..total).map(|place| i64::from(inside(place))).collect::<Vec<_>>();
            let mask = self.builder.table(Table::small(mask));
            terms.push(Term::new(*array, index).times(Coef::table(mask, Index::axis(axis))));
            start += length;
        }
        self.affine(shape, None, terms, vec![])
    }

    /// Words of one format one after the other along an axis.
    ///
    /// # Errors
    /// When other axes differ.
    pub fn joined_words(&mut self, words: &[Word], format: Format, axis: usize) -> Result<Word, CircuitError> {
        let arrays = words.iter().map(|word| self.carried(word, format)).collect::<Result<Vec<_>, _>>()?;
        let array = self.joined(&arrays, axis)?;
        let mut shape = self.shape(array);
        shape.pop();
        Ok(self.coded(shape, array, format))
    }

    /// The greatest of the words along an axis: an OR per level.
    ///
    /// # Errors
    /// Never for a word of this circuit.
    pub fn maximum(&mut self, word: &Word, format: Format, axis: usize) -> Result<Word, CircuitError> {
        let levels = self.full_thermometer(word, format)?;
        let mut shape = self.shape(levels);
        let length = shape.remove(axis);
        let mut index: Vec<Index> = (0..shape.len()).map(Index::axis).collect();
        index.insert(axis, Index::axis(shape.len()));
        let any = Term::new(levels, index).over(vec![length]);
        let any = self.affine(shape, None, vec![any], vec![])?;
        let gates = self.builder.gate(any, 1)?;
        self.thermometer(gates, Levels::Path(vec![format.min(), format.max()]), format.scale())
    }
}

/// The levels of a format but the least.
fn above_least(format: Format) -> std::ops::RangeInclusive<i64> {
    format.min() + 1..=format.max()
}

/// Whether each of them is reached by every word from `lo` on.
fn at_least_by(lo: i64, format: Format) -> Vec<i64> {
    above_least(format).map(|level| i64::from(level <= lo)).collect()
}
