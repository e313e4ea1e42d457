//! Root-mean-square normalisation of words, rounded once. 1 layer after the words' own: a gate per level compares signed squares.
//!
//! With `s(x) = x|x|`, which is monotone, `g x / sigma >= t` is `s(g) s(x) >= s(t) sigma^2`: linear in the forms `s(x)` and
//! `sum x^2`, both over the gates of x. Size: layers more for the squares' ANDs (1), the exact values of
//! both (1 per 4 bits of their range, and 1), and the result's bits (1).

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive};

use super::levels::Levels;
use super::logic::Pairing;
use super::word::Code;
use super::{Constants, Form, Maker, Word, unit_of};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Term};
use crate::interval::Interval;
use crate::number::{Accumulation, Format, Rational};

/// `round(gain * x / sqrt(mean of x^2 + epsilon) + bias)` over the last axis; epsilon is positive.
#[derive(Clone, Debug)]
pub struct Normalisation {
    /// The sum of squares in place of their mean.
    pub unit: bool,
    /// Epsilon, exact and positive: with zero, rows of zeros would have no value.
    pub epsilon: Rational,
    /// A gain per feature.
    pub gain: Option<Constants>,
    /// A bias per feature.
    pub bias: Option<Constants>,
    /// The format of the result.
    pub format: Format,
}

/// Forms of squares and signed squares of a word's levels.
struct Squares {
    total: Form,
    signed: ArrayId,
}

/// A normalisation in integers: gain `g` in units `2^-gain_bits`; `T = 2^k (2 (t - bias))`, k the wider fraction, t the middle between a
/// level and the one below it.
struct Integers<'a> {
    norm: &'a Normalisation,
    /// Entries of gain and bias.
    features: u64,
    /// What the sum of squares is divided by.
    width: BigInt,
    gain_bits: u32,
    /// Bits after the point of thresholds minus biases.
    fine: u32,
    lo: i64,
    hi: i64,
}

impl Maker {
    /// Normalises words over their last axis.
    ///
    /// # Errors
    /// Never for a word of this circuit.
    pub fn normalise(&mut self, word: &Word, norm: &Normalisation) -> Result<Word, CircuitError> {
        self.normalise_by(word, norm, None)
    }

    /// The same, the sum of squares accumulated.
    ///
    /// # Errors
    /// Never for a word of this circuit.
    pub fn normalise_by(
        &mut self,
        word: &Word,
        norm: &Normalisation,
        how: Option<&Accumulation>,
    ) -> Result<Word, CircuitError> {
        let axes = word.shape.len();
        let width = word.shape[axes - 1].value;
        let integers = Integers::new(norm, width, how.is_some());
        let squares = self.squares(word, how)?;
        // One unit of the sum in squares of the word's units: what is compared is multiplied by the denominator.
        let unit = &squares.total.unit / unit_of(2 * word.scale.fraction());
        let count = integers.hi.abs_diff(integers.lo);
        let mut shape = word.shape.clone();
        shape.push(Size::fixed(count));
        let gains = self.gain_coef(&integers, axes - 1);
        let own = Term::new(squares.signed, Index::identity(axes)).times(gains.times(unit.denom()));
        let (levels, thresholds) = self.threshold_coef(&integers, axes, (word.scale.fraction(), unit.denom()), count);
        let mean = Term::new(squares.total.array, Index::identity(axes - 1)).times(levels.times(unit.numer()));
        let sum = self.affine(shape, word.band.clone(), vec![own, mean], thresholds)?;
        let gates = self.builder.gate(sum, 0)?;
        self.thermometer(gates, Levels::Path(vec![integers.lo, integers.hi]), norm.format.scale())
    }

    /// Squares summed over the last axis, and signed squares; compact under [`Strategy::Size`](super::Strategy::Size).
    fn squares(&mut self, word: &Word, how: Option<&Accumulation>) -> Result<Squares, CircuitError> {
        let (square, signed) = self.square_forms(word)?;
        let axes = word.shape.len() - 1;
        let unit = unit_of(2 * word.scale.fraction());
        let total = match how {
            Some(how) => self.accumulate(&Form { array: square, unit }, axes, how)?,
            None => {
                let term = Term::new(square, Index::identity(axes + 1)).over(vec![word.shape[axes].clone()]);
                let array = self.affine(word.shape[..axes].to_vec(), word.band.clone(), vec![term], vec![])?;
                Form { array, unit }
            }
        };
        let total = Form { array: self.compact(total.array)?, unit: total.unit };
        Ok(Squares { total, signed: self.compact(signed)? })
    }

    fn square_forms(&mut self, word: &Word) -> Result<(ArrayId, ArrayId), CircuitError> {
        // Squares change by the sum of two levels times their distance.
        let step = word.reach().magnitude() * word.greatest_step() * 2u32;
        let step = Interval { lo: -&step, hi: step };
        match &word.code {
            Code::Bits { .. } => self.bit_squares(word),
            _ => Ok((
                self.function(word, &step, |units| units * units)?,
                self.function(word, &step, |units| units * units.abs())?,
            )),
        }
    }

    /// Squares of binary words: ANDs of two bits; of these with the sign.
    fn bit_squares(&mut self, word: &Word) -> Result<(ArrayId, ArrayId), CircuitError> {
        let axes = word.shape.len();
        let here = Index::identity(axes);
        let pairing =
            Pairing { shape: word.shape.clone(), band: word.band.clone(), first: here.clone(), second: here.clone() };
        let bits = self.bits(word)?;
        let pairs = self.ands(&bits, &bits, &pairing, None)?;
        let plain = self.weighted(&pairs, axes, &word.shape);
        let square = self.affine(word.shape.clone(), word.band.clone(), vec![plain.clone()], vec![])?;
        if !bits.signed {
            return Ok((square, square));
        }
        let mut sign = here;
        sign.push(Index::at(bits.count() as i64 - 1));
        let negative = self.ands(&bits, &bits, &pairing, Some(Term::new(bits.array, sign)))?;
        let mut minus = self.weighted(&negative, axes, &word.shape);
        minus.coef = minus.coef.times(&BigInt::from(-2));
        let signed = self.affine(word.shape.clone(), word.band.clone(), vec![plain, minus], vec![])?;
        Ok((square, signed))
    }

    /// `width * q * s(2^(k+1-gain_bits) g)`, per feature.
    fn gain_coef(&mut self, integers: &Integers, feature: usize) -> Coef {
        let factor = integers.gain_factor();
        let Some(gain) = &integers.norm.gain else { return Coef::constant(factor) };
        let range = Interval { lo: signed_square(&gain.range.lo), hi: signed_square(&gain.range.hi) };
        let values = gain.values.clone();
        let len = u128::from(integers.features);
        let table = self.lazy_table(len, range, len, || {
            values.iter().flat_map(|values| values.iter().map(|g| signed_square(&g))).collect()
        });
        Coef::table(table, Index::axis(feature)).times(&factor)
    }

    /// Per level (and feature, with a bias): minus `s(T) * q` on the sum of squares, and minus `s(T) * width * p / u^2`, less one where a tie goes down.
    fn threshold_coef(
        &mut self,
        integers: &Integers,
        axes: usize,
        (fraction, finer): (u32, &BigInt),
        count: u64,
    ) -> (Coef, Vec<Coef>) {
        let epsilon = &integers.norm.epsilon;
        let rows = if integers.norm.bias.is_some() { integers.features } else { 1 };
        let steps: Vec<(usize, i64)> = match rows {
            1 if integers.norm.bias.is_none() => vec![(axes, 1)],
            _ => vec![(axes - 1, count as i64), (axes, 1)],
        };
        let len = u128::from(rows) * u128::from(count);
        let reach = integers.reach();
        let squares = match self.known.then(|| integers.squares(rows)).flatten() {
            Some(squares) => self.small_table(len, &reach, || squares),
            None => self.lazy_table(len, reach, len, || integers.each(rows, |t, _| -signed_square(&t))),
        };
        let levels = integers.lo + 1..=integers.hi;
        let ties = self.small_table(count.into(), &Interval::new(-1, 0), || {
            levels.map(|level| if level.is_odd() { -1 } else { 0 }).collect()
        });
        let on_sum = Coef::table(squares, Index::strided(steps.clone())).times(epsilon.denom());
        let constant = ((epsilon.numer() * &integers.width) << (2 * fraction)) * finer;
        let on_one = Coef::table(squares, Index::strided(steps.clone())).times(&constant);
        (on_sum, vec![on_one, Coef::table(ties, Index::axis(axes))])
    }
}

impl<'a> Integers<'a> {
    /// Where the sum of squares is rounded on the way, it may be far too small, and results take all of the format.
    fn new(norm: &'a Normalisation, width: u64, rounded: bool) -> Self {
        let gain_bits = norm.gain.as_ref().map_or(0, |gain| gain.fraction);
        let bias_bits = norm.bias.as_ref().map_or(0, |bias| bias.fraction);
        let fine = norm.format.fraction().max(bias_bits).max(gain_bits) + 1;
        let over = BigInt::from(if norm.unit { 1 } else { width });
        let (lo, hi) = (norm.format.min(), norm.format.max());
        let mut integers = Self { norm, features: width, width: over, gain_bits, fine, lo, hi };
        if rounded {
            return integers;
        }
        let halves = integers.greatest() * 2u32;
        integers.lo = norm.format.nearest_to(&-&halves, true);
        integers.hi = norm.format.nearest_to(&halves, true).max(1);
        integers
    }

    /// No result is larger: `|gain| sqrt(width) + |bias|`, in units, rounded up.
    fn greatest(&self) -> BigInt {
        let gain = self.norm.gain.as_ref().map_or_else(BigInt::one, |gain| gain.range.magnitude());
        let root = (&self.width << (2 * self.norm.format.fraction())).sqrt() + 1u32;
        let scaled = (gain * root).div_ceil(&(BigInt::one() << self.gain_bits));
        let bias = self.norm.bias.as_ref().map_or_else(
            || BigInt::from(0),
            |bias| {
                let levels = bias.range.magnitude() << self.norm.format.fraction();
                levels.div_ceil(&(BigInt::one() << bias.fraction))
            },
        );
        scaled + bias
    }

    /// What multiplies `s(g) s(x)`.
    fn gain_factor(&self) -> BigInt {
        let (epsilon, width) = (&self.norm.epsilon, &self.width);
        (width * epsilon.denom()) << (2 * (self.fine - self.gain_bits))
    }

    /// `2^fine` times the middle below the level less the bias: an integer.
    fn threshold(&self, level: i64, bias: &BigInt) -> BigInt {
        let halves = self.norm.format.scale().middle(level) << (self.fine - 1 - self.norm.format.fraction());
        let bias_bits = self.norm.bias.as_ref().map_or(0, |bias| bias.fraction);
        halves - (bias << (self.fine - bias_bits))
    }

    /// Minus the signed squares of all thresholds lie here.
    fn reach(&self) -> Interval {
        let bias = self.norm.bias.as_ref().map_or_else(|| Interval::point(0), |bias| bias.range.clone());
        let lo = self.threshold(self.lo + 1, &bias.hi);
        let hi = self.threshold(self.hi, &bias.lo);
        Interval { lo: -signed_square(&hi), hi: -signed_square(&lo) }
    }

    /// Minus the signed square of each threshold, a row per bias, where all fit 64 bits.
    fn squares(&self, rows: u64) -> Option<Vec<i64>> {
        let (first, last) = (self.lo + 1, self.hi);
        let shift = self.fine - 1 - self.norm.format.fraction();
        let even = self.norm.format.scale().is_even();
        let step = if even && shift < 60 { 2i128 << shift } else { return None };
        let mut squares = Vec::with_capacity(rows as usize * last.abs_diff(self.lo) as usize);
        for row in 0..rows {
            let bias = self.norm.bias.as_ref().map_or_else(|| BigInt::from(0), |bias| bias.get(row as usize).lo);
            let start = self.threshold(first, &bias).to_i64()?;
            for level in 0..=last.checked_sub(first)? {
                squares.push(small_square(i128::from(start) + step * i128::from(level))?);
            }
        }
        Some(squares)
    }

    /// An entry per row (bias) and level.
    fn each(&self, rows: u64, f: impl Fn(BigInt, i64) -> BigInt) -> Vec<BigInt> {
        let bias = |row: u64| self.norm.bias.as_ref().map_or_else(|| BigInt::from(0), |bias| bias.get(row as usize).lo);
        let entry = |row: u64| {
            let bias = bias(row);
            (self.lo + 1..=self.hi).map(|level| f(self.threshold(level, &bias), level)).collect::<Vec<_>>()
        };
        (0..rows).flat_map(entry).collect()
    }
}

/// `-x|x|` where that fits 64 bits.
fn small_square(x: i128) -> Option<i64> {
    i64::try_from(x.checked_mul(-x.abs())?).ok()
}

fn signed_square(x: &BigInt) -> BigInt {
    x * x.abs()
}
