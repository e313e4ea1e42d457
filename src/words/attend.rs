//! Softmax attention on exact scores: a table of positive exponentials, its products with values, and the rounded quotient.
//!
//! Depth: 1 layer for the table fused with the values (a gate per change of the table and bit of the value), 1 for the quotient.
//! Size: 1 for the table, 1 for its bits, 1 for the products, 1 for the quotient, 1 for its bits.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::levels::Levels;
use super::logic::Pairing;
use super::word::{Bits, Code};
use super::{Constants, Form, Maker, Strategy, Word, counted};
use crate::circuit::{ArrayId, Band, CircuitError, Coef, Index, Size, Term, Thresholds};
use crate::interval::Interval;
use crate::number::{Format, Function, Rational, Scale, monotone_steps};

/// How exact scores become positive integers: scaled, capped, rounded to a format, clamped, then `max(1, round(2^exp_bits * f(s)))`.
#[derive(Clone, Debug)]
pub struct ScoreTable {
    /// f, rising: the exponential, or the logistic function.
    pub function: Function,
    /// The square of the factor on scores, so that `1 / sqrt(d)` is exact.
    pub scale_squared: Rational,
    /// Scores s become `cap * tanh(s / cap)`.
    pub softcap: Option<Rational>,
    /// The format scores are rounded to.
    pub format: Format,
    /// Scores are clamped to `[-clamp, clamp]`, or the greatest value of the format inside.
    pub clamp: u32,
    /// The table's units are `2^-exp_bits`.
    pub exp_bits: u32,
    /// One more score a head.
    pub sinks: Option<Constants>,
}

impl ScoreTable {
    /// The rounded and clamped score, in levels of the format.
    pub fn score(&self, form: &BigInt, unit: &Rational) -> i64 {
        let level = match &self.softcap {
            None => self.round_scaled(form, unit),
            Some(cap) => {
                let value = unit * Rational::from_integer(form.clone());
                Function::SoftCap(cap.clone()).level(&self.fine_scaled(&value), self.format)
            }
        };
        let bound = self.format.at_most(&Rational::from_integer(self.clamp.into()));
        level.clamp(-bound, bound)
    }

    /// `scale * unit * form`, rounded to the format: exact, from the greatest number of half units below it. In integers, for tables ask often.
    fn round_scaled(&self, form: &BigInt, unit: &Rational) -> i64 {
        let (p, q) = (self.scale_squared.numer(), self.scale_squared.denom());
        let size = form * unit.numer();
        let square = (&size * &size * p) << (2 * (self.format.fraction() + 1));
        let over = unit.denom() * unit.denom() * q;
        let floor = (&square / &over).sqrt();
        let exact = &floor * &floor * &over == square;
        if size.is_negative() {
            self.format.nearest_to(&-(floor + u32::from(!exact)), exact)
        } else {
            self.format.nearest_to(&floor, exact)
        }
    }

    /// `scale * value` to 64 bits beyond the format, for functions that are rounded again.
    fn fine_scaled(&self, value: &Rational) -> Rational {
        let one = BigInt::one() << (self.format.fraction() + 64);
        let square = value * value * &self.scale_squared * Rational::from_integer(&one * &one);
        let size = Rational::new(square.floor().to_integer().sqrt(), one);
        if value.is_negative() { -size } else { size }
    }

    /// The table entry of a score level.
    pub fn exponential(&self, level: i64) -> BigInt {
        self.function.round(&self.format.number(level), self.exp_bits).max(BigInt::one())
    }

    /// The table's entry of a sink, so many units: rounded as scores are.
    fn sink(&self, units: &BigInt, fraction: u32) -> BigInt {
        let level = self.format.nearest(&Rational::new(units.clone(), BigInt::one() << fraction));
        let bound = self.format.at_most(&Rational::from_integer(self.clamp.into()));
        self.exponential(level.clamp(-bound, bound))
    }

    /// Least and greatest entry over a range of forms.
    fn ends(&self, range: &Interval, unit: &Rational) -> (i64, i64) {
        let entry = |form| self.exponential(self.score(form, unit)).to_i64().unwrap_or(i64::MAX);
        (entry(&range.lo), entry(&range.hi))
    }

    fn table(&self, range: &Interval, unit: &Rational) -> (Vec<BigInt>, Vec<i64>) {
        let mut entries = std::collections::HashMap::new();
        let mut f = |form: &BigInt| {
            let score = self.score(form, unit);
            entries.entry(score).or_insert_with(|| self.exponential(score)).clone()
        };
        let steps = monotone_steps(&range.lo, &range.hi, &mut f);
        let level = |value: &BigInt| value.to_i64().unwrap_or(i64::MAX);
        let levels = std::iter::once(level(&steps.first)).chain(steps.changes.iter().map(|(_, value)| level(value)));
        (steps.changes.iter().map(|(threshold, _)| threshold.clone()).collect(), levels.collect())
    }

    /// Changes of the table at most: one per score level between the ends.
    fn changes(&self, range: &Interval, unit: &Rational, ends: (i64, i64)) -> u64 {
        let levels = self.score(&range.hi, unit).abs_diff(self.score(&range.lo, unit));
        levels.min(ends.1.abs_diff(ends.0))
    }
}

/// `round(num / den)` after attention, or softmax weights themselves.
pub(super) struct Fraction {
    pub numerator: ArrayId,
    pub denominator: ArrayId,
    /// Where the denominator is read for an element of the numerator.
    pub at: Vec<Index>,
    /// Units of the quotient in one of numerator over denominator.
    pub units: Rational,
    pub lo: i64,
    pub hi: i64,
    pub scale: Scale,
}

impl Maker {
    /// The exponentials of scores as words.
    ///
    /// # Errors
    /// Never for forms of this circuit.
    pub fn exponentials(&mut self, scores: &Form, table: &ScoreTable) -> Result<Word, CircuitError> {
        let range = self.range(scores.array);
        let (lo, hi) = table.ends(&range, &scores.unit);
        let (shape, band) = (self.shape(scores.array), self.band(scores.array));
        let scale = Scale::even(table.exp_bits);
        if lo == hi {
            return Ok(self.constant_word(shape, band, lo, scale));
        }
        let (thresholds, levels) = if self.known {
            let (thresholds, levels) = table.table(&range, &scores.unit);
            (Thresholds::Known(thresholds.into()), Levels::List(levels))
        } else {
            let steps = table.changes(&range, &scores.unit, (lo, hi));
            (counted(steps, range), Levels::Counted { first: lo, last: hi, steps })
        };
        let gates = self.builder.bank(scores.array, thresholds)?;
        let code = Code::Thermometer { gates, levels };
        let word = Word { shape, band, scale, lo, hi, code };
        if self.strategy == Strategy::Depth {
            return Ok(word);
        }
        let bits = self.bits(&word)?;
        self.bit_gates(word, &bits)
    }

    /// `round(sum over keys of e^score * value / sum of e^score)`: scores [query, key, group, member], values [key, group, feature].
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn attend(&mut self, scores: &Form, values: &Word, table: &ScoreTable) -> Result<Word, CircuitError> {
        let shape = self.shape(scores.array);
        let output = vec![shape[0].clone(), shape[2].clone(), shape[3].clone(), values.shape[2].clone()];
        if values.lo == values.hi && (values.lo == 0 || table.sinks.is_none()) {
            return Ok(self.constant_word(output, None, values.lo, values.scale));
        }
        let weights = self.exponentials(scores, table)?;
        let denominator = self.total(&weights, table)?;
        let numerator = self.mixture(scores, &weights, values, &output)?;
        let quotient = Fraction {
            numerator,
            denominator,
            at: Index::identity(3),
            units: Rational::one(),
            // A sink takes weight away from all values.
            lo: if table.sinks.is_some() { values.lo.min(0) } else { values.lo },
            hi: if table.sinks.is_some() { values.hi.max(0) } else { values.hi },
            scale: values.scale,
        };
        self.quotient(&quotient)
    }

    /// Softmax weights as words of a format: scores [query, key, group, member].
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn softmax(&mut self, scores: &Form, table: &ScoreTable, format: Format) -> Result<Word, CircuitError> {
        let weights = self.exponentials(scores, table)?;
        let denominator = self.total(&weights, table)?;
        let numerator = self.value(&weights)?;
        let hi = format.nearest(&Rational::one());
        let at = vec![Index::axis(0), Index::axis(2), Index::axis(3)];
        let units = Rational::from_integer(BigInt::one() << format.fraction());
        self.quotient(&Fraction { numerator, denominator, at, units, lo: 0, hi, scale: format.scale() })
    }

    /// The sum of exponentials over the keys of each query: [query, group, member].
    fn total(&mut self, weights: &Word, table: &ScoreTable) -> Result<ArrayId, CircuitError> {
        let value = self.value(weights)?;
        let key = weights.shape[1].clone();
        let shape = vec![weights.shape[0].clone(), weights.shape[2].clone(), weights.shape[3].clone()];
        let index = vec![Index::axis(0), Index::axis(3), Index::axis(1), Index::axis(2)];
        let band = summed_band(weights.band.as_ref(), 3);
        let term = Term::new(value, index).over(vec![key]).banded(band);
        let sinks = self.sinks(table, &shape);
        self.affine(shape, None, vec![term], sinks.into_iter().collect())
    }

    /// The table's entries of the sinks, one a head of [query, group, member].
    pub(super) fn sinks(&mut self, table: &ScoreTable, shape: &[Size]) -> Option<Coef> {
        let sinks = table.sinks.as_ref()?;
        let entry = |units: &BigInt| table.sink(units, sinks.fraction);
        let range = Interval { lo: entry(&sinks.range.lo), hi: entry(&sinks.range.hi) };
        let len = u128::from(shape[1].value) * u128::from(shape[2].value);
        let entries = || sinks.values.iter().flat_map(|values| values.iter().map(|units| entry(&units))).collect();
        let members = shape[2].value as i64;
        Some(Coef::table(self.lazy_table(len, range, len, entries), Index::strided([(1, members), (2, 1)])))
    }

    /// The sum of exponential times value over the keys of each query.
    fn mixture(
        &mut self,
        scores: &Form,
        weights: &Word,
        values: &Word,
        output: &[Size],
    ) -> Result<ArrayId, CircuitError> {
        let value_bits = self.bits(values)?;
        match (&weights.code, self.strategy) {
            (Code::Constant, _) => self.plain_sum(weights, values, output),
            (Code::Thermometer { levels, .. }, Strategy::Depth) => {
                self.fused_sum(scores, weights, &levels.clone(), &value_bits, values, output)
            }
            _ => self.product_sum(weights, values, output),
        }
    }

    fn plain_sum(&mut self, weights: &Word, values: &Word, output: &[Size]) -> Result<ArrayId, CircuitError> {
        let value = self.value(values)?;
        let index = vec![Index::axis(4), Index::axis(1), Index::axis(3)];
        let band = summed_band(weights.band.as_ref(), 4);
        let term = Term::new(value, index).over(vec![weights.shape[1].clone()]).banded(band).by(weights.reach().lo);
        self.affine(output.to_vec(), None, vec![term], vec![])
    }

    /// `sum of [S >= c] and bit` as the one gate `[S + M bit >= c + M]`.
    fn fused_sum(
        &mut self,
        scores: &Form,
        weights: &Word,
        levels: &Levels,
        bits: &Bits,
        values: &Word,
        output: &[Size],
    ) -> Result<ArrayId, CircuitError> {
        let gates = self.fused_gates(scores, weights, bits, values)?;
        let terms = self.fused_terms(gates, levels, bits, weights, Keys::Summed)?;
        self.affine(output.to_vec(), None, terms, vec![])
    }

    /// The gates `[S >= c] and bit`: axes of the scores, feature, bit, step.
    fn fused_gates(
        &mut self,
        scores: &Form,
        weights: &Word,
        bits: &Bits,
        values: &Word,
    ) -> Result<ArrayId, CircuitError> {
        let range = self.range(scores.array);
        let push = &range.hi - &range.lo + BigInt::one();
        let mut shape = weights.shape.clone();
        shape.push(values.shape[2].clone());
        shape.push(bits.len());
        let own = Term::new(scores.array, Index::identity(4));
        let read_bits = vec![Index::axis(1), Index::axis(2), Index::axis(4), Index::axis(5)];
        let bit = Term::new(bits.array, read_bits).by(push.clone());
        let sum = self.affine(shape, weights.band.clone(), vec![own, bit], vec![])?;
        let thresholds = self.pushed_thresholds(weights, &push);
        self.builder.bank(sum, thresholds)
    }

    /// Exponential times value for each pair, of scores without a band: axes of the scores, feature.
    pub(super) fn each_product(
        &mut self,
        scores: &Form,
        weights: &Word,
        values: &Word,
    ) -> Result<ArrayId, CircuitError> {
        let mut shape = weights.shape.clone();
        shape.push(values.shape[2].clone());
        match (&weights.code, self.strategy) {
            (Code::Thermometer { levels, .. }, Strategy::Depth) if values.lo < values.hi => {
                let bits = self.bits(values)?;
                let gates = self.fused_gates(scores, weights, &bits, values)?;
                let terms = self.fused_terms(gates, &levels.clone(), &bits, weights, Keys::Kept)?;
                self.affine(shape, None, terms, vec![])
            }
            _ => {
                let second = vec![Index::axis(1), Index::axis(2), Index::axis(4)];
                self.product(weights, values, &Pairing { shape, band: None, first: Index::identity(4), second }, 0)
            }
        }
    }

    /// The thresholds of the table's bank, each moved up.
    fn pushed_thresholds(&self, weights: &Word, push: &BigInt) -> Thresholds {
        let Code::Thermometer { gates, .. } = &weights.code else { return counted(0, Interval::point(0)) };
        match &self.builder.array(*gates).node {
            crate::circuit::Node::Bank(bank) => match &bank.thresholds {
                Thresholds::Known(list) => Thresholds::Known(list.iter().map(|t| t + push).collect()),
                Thresholds::Counted { count, range } => counted(*count, range.plus(&Interval::point(push.clone()))),
            },
            _ => counted(0, Interval::point(0)),
        }
    }

    /// `sum over bits, and keys, of bit worth * (first level * bit + sum of level steps * gate)`; output axes query, perhaps key, group,
    /// member, feature.
    fn fused_terms(
        &mut self,
        gates: ArrayId,
        levels: &Levels,
        bits: &Bits,
        weights: &Word,
        keys: Keys,
    ) -> Result<Vec<Term>, CircuitError> {
        let band = summed_band(weights.band.as_ref(), 4);
        // Where query, key, group, member and feature stand among the axes of the result and the summed ones.
        let ([query, key, group, member, feature], summed) = match keys {
            Keys::Summed => ([0, 4, 1, 2, 3], vec![weights.shape[1].clone()]),
            Keys::Kept => ([0, 1, 2, 3, 4], vec![]),
        };
        let over = |more: &[Size]| summed.iter().chain(more).cloned().collect::<Vec<_>>();
        let (count, width) = (levels.gates(), bits.count());
        let worth = self.weight_table(bits.count(), bits.signed);
        let read_bits = [key, group, feature, 5].map(Index::axis).to_vec();
        let first = Term::new(bits.array, read_bits)
            .over(over(&[bits.len()]))
            .times(Coef::table(worth, Index::axis(5)).times(&levels.first().into()))
            .banded(band.clone());
        let worthiest = bits.weights.iter().max_by_key(|worth| worth.magnitude());
        let largest = BigInt::from(levels.bounds().1) * worthiest.map(Signed::abs).unwrap_or_default();
        let len = count as u128 * width as u128;
        let steps = self.lazy_table(len, Interval { lo: -&largest, hi: largest.clone() }, len, || {
            let all = levels.all();
            let step = |worth: &BigInt| all.windows(2).map(|p| worth * (p[1] - p[0])).collect::<Vec<_>>();
            bits.weights.iter().flat_map(step).collect()
        });
        let read = [query, key, group, member, feature, 5, 6].map(Index::axis).to_vec();
        let rest = Term::new(gates, read)
            .over(over(&[bits.len(), Size::fixed(count)]))
            .times(Coef::table(steps, Index::strided([(5, count as i64), (6, 1)])))
            .banded(band);
        Ok(vec![first, rest])
    }

    /// Products of two stored words, summed over the keys.
    fn product_sum(&mut self, weights: &Word, values: &Word, output: &[Size]) -> Result<ArrayId, CircuitError> {
        let mut shape = weights.shape.clone();
        shape.push(values.shape[2].clone());
        let second = vec![Index::axis(1), Index::axis(2), Index::axis(4)];
        let pairing = Pairing { shape, band: weights.band.clone(), first: Index::identity(4), second };
        let band = summed_band(weights.band.as_ref(), 4);
        let key = weights.shape[1].clone();
        let read = |axes: &[usize]| axes.iter().map(|axis| Index::axis(*axis)).collect();
        let term = if weights.lo == weights.hi || values.lo == values.hi {
            let product = self.product(weights, values, &pairing, 0)?;
            Term::new(product, read(&[0, 4, 1, 2, 3])).over(vec![key])
        } else {
            let (x, y) = (self.bits(weights)?, self.bits(values)?);
            let ands = self.ands(&x, &y, &pairing, None)?;
            let [first, second] = ands.bits;
            let at = Index::strided([(5, second.value as i64), (6, 1)]);
            let sum = vec![key, first, second];
            Term::new(ands.gates, read(&[0, 4, 1, 2, 3, 5, 6])).over(sum).times(Coef::table(ands.weights, at))
        };
        self.affine(output.to_vec(), None, vec![term.banded(band)], vec![])
    }

    /// `round(sum over keys of p * value)` before rounding: words p [query, key, group, member].
    ///
    /// # Errors
    /// Never for words of this circuit.
    pub fn mix(&mut self, weights: &Word, values: &Word) -> Result<Form, CircuitError> {
        let output: Vec<Size> =
            [0, 2, 3].map(|axis| weights.shape[axis].clone()).into_iter().chain([values.shape[2].clone()]).collect();
        let array = match (&weights.code, &values.code) {
            (Code::Constant, _) => self.plain_sum(weights, values, &output)?,
            _ => self.product_sum(weights, values, &output)?,
        };
        Ok(Form { array, unit: super::unit_of(weights.scale.fraction() + values.scale.fraction()) })
    }

    /// A quotient rounded to nearest, ties to even: gates `[2N - (c + c')Z >= 0, or 1 where c is odd]`, c' the level below c.
    pub(super) fn quotient(&mut self, quotient: &Fraction) -> Result<Word, CircuitError> {
        let (shape, band) = (self.shape(quotient.numerator), self.band(quotient.numerator));
        if quotient.lo == quotient.hi {
            return Ok(self.constant_word(shape, band, quotient.lo, quotient.scale));
        }
        let axes = shape.len();
        let count = quotient.hi.abs_diff(quotient.lo);
        let levels = quotient.lo + 1..=quotient.hi;
        let middle = |level: i64| -quotient.scale.middle(level);
        let reach = Interval { lo: middle(quotient.hi), hi: middle(quotient.lo + 1) };
        let middles = self.lazy_table(count.into(), reach, count.into(), || levels.clone().map(middle).collect());
        let ties = self.lazy_table(count.into(), Interval::new(-1, 0), count.into(), || {
            levels.clone().map(|level| if level.is_odd() { -BigInt::one() } else { BigInt::zero() }).collect()
        });
        let double = quotient.units.numer() * 2u32;
        let over = Term::new(quotient.numerator, Index::identity(axes)).by(double);
        let middles = Coef::table(middles, Index::axis(axes)).times(quotient.units.denom());
        let under = Term::new(quotient.denominator, quotient.at.clone()).times(middles);
        let mut wide = shape;
        wide.push(Size::fixed(count));
        let sum = self.affine(wide, band, vec![over, under], vec![Coef::table(ties, Index::axis(axes))])?;
        let gates = self.builder.gate(sum, 0)?;
        self.thermometer(gates, Levels::Path(vec![quotient.lo, quotient.hi]), quotient.scale)
    }
}

/// Whether keys are summed over.
#[derive(Clone, Copy)]
enum Keys {
    Summed,
    Kept,
}

/// The band between axis 0 and the key, once the key is summed as this axis.
fn summed_band(band: Option<&Band>, key: usize) -> Option<Band> {
    band.map(|band| Band { query: 0, key, ..band.clone() })
}
