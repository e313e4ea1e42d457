//! Weights as levels of a format: not read, drawn from a seed, or quantised from given numbers; knows nothing of files.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::number::{Format, Rational, quantise, rational_from_f64};

/// One weight tensor.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its canonical name.
    pub name: String,
    /// Its axes.
    pub shape: Vec<u64>,
    /// Its levels, unless not read.
    pub values: Option<Arc<[i64]>>,
    /// The format.
    pub format: Format,
}

impl Param {
    /// How many entries.
    pub fn len(&self) -> usize {
        self.shape.iter().product::<u64>() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Least and greatest level: of the values, or of the format where they are not read.
    pub fn bounds(&self) -> (i64, i64) {
        match &self.values {
            None => (self.format.min(), self.format.max()),
            Some(values) => {
                let lo = values.iter().min().copied().unwrap_or(0);
                (lo, values.iter().max().copied().unwrap_or(0))
            }
        }
    }
}

/// Why a parameter could not be given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// Not among the given tensors.
    #[error("weight `{0}` is missing")]
    Missing(String),
    /// Of another shape.
    #[error("weight `{name}` has shape {got:?}, the model needs {wanted:?}")]
    Shape {
        /// The weight.
        name: String,
        /// Needed.
        wanted: Vec<u64>,
        /// Given.
        got: Vec<u64>,
    },
    /// NaN or infinite.
    #[error("weight `{name}` is not a finite number at position {position}")]
    NotFinite {
        /// The weight.
        name: String,
        /// The first such position.
        position: usize,
    },
    /// Too many entries to hold.
    #[error("weight `{name}` has {entries} entries, too many to hold; use `report`, which reads no weights")]
    TooLarge {
        /// The weight.
        name: String,
        /// Its entries.
        entries: u128,
    },
    /// Drawn or given weights in a format too wide to make tables of.
    #[error(
        "`{0}` is too wide to compile or run: formats of up to 16 bits are bound to weights, wider ones are only measured"
    )]
    Wide(Format),
}

/// Where levels come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Not read.
    Free,
    /// Uniform over the format's levels of absolute value at most `limit` levels; of floating-point formats, numbers uniform between the
    /// values of these levels, rounded, and without a limit (`i64::MAX`) between -2 and 2.
    Random {
        /// The seed.
        seed: u64,
        /// The greatest absolute level.
        limit: i64,
    },
    /// Given numbers: shape and values by canonical name.
    Given(BTreeMap<String, (Vec<u64>, Vec<f64>)>),
    /// Every weight at one level.
    Constant(i64),
}

impl Source {
    /// Drawn from a seed, values of absolute value at most `limit`.
    pub fn random(seed: u64, limit: Option<f64>, format: Format) -> Self {
        let level = |limit: f64| match rational_from_f64(limit) {
            Some(exact) if format.is_float() => format.at_most(&exact).min(format.max()),
            _ => (limit * 2f64.powi(format.fraction() as i32)) as i64,
        };
        Self::Random { seed, limit: limit.map_or(i64::MAX, level) }
    }
}

/// Gives out parameters by name.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// The format of weights.
    pub format: Format,
    /// Where levels come from.
    pub source: Source,
}

/// The most entries one drawn or given parameter may have.
const MOST_ENTRIES: u128 = 1 << 32;

impl Parameters {
    /// Whether values are known.
    pub fn known(&self) -> bool {
        !matches!(self.source, Source::Free)
    }

    /// The parameter of this name and shape.
    ///
    /// # Errors
    /// When it is missing, of another shape, not finite or too large.
    pub fn get(&self, name: &str, shape: &[u64]) -> Result<Param, ParamsError> {
        let entries: u128 = shape.iter().map(|size| u128::from(*size)).product();
        if self.known() && entries > MOST_ENTRIES {
            return Err(ParamsError::TooLarge { name: name.to_owned(), entries });
        }
        let values = match &self.source {
            Source::Free => None,
            Source::Constant(level) => Some(vec![self.format.clamp(&(*level).into()); entries as usize].into()),
            Source::Random { seed, limit } => Some(self.draw(name, *seed, *limit, entries as usize)),
            Source::Given(tensors) => Some(self.given(name, shape, tensors)?),
        };
        Ok(Param { name: name.to_owned(), shape: shape.to_vec(), values, format: self.format })
    }

    /// The same name and seed always give the same levels.
    fn draw(&self, name: &str, seed: u64, limit: i64, entries: usize) -> Arc<[i64]> {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, fold);
        if self.format.is_float() {
            return (0..entries).map(|_| self.draw_float(limit, split_mix(&mut state))).collect();
        }
        let (lo, hi) = (self.format.min().max(-limit), self.format.max().min(limit));
        let span = hi.abs_diff(lo) + 1;
        (0..entries).map(|_| lo + (split_mix(&mut state) % span) as i64).collect()
    }

    /// A number uniform between two values, in steps finer than those of the format near them, rounded.
    fn draw_float(&self, limit: i64, random: u64) -> i64 {
        let format = self.format;
        let reach = if limit == i64::MAX { format.at_most(&Rational::from_integer(2.into())) } else { limit };
        let half = 1i64 << (format.significant() + 1);
        let step = (random % (2 * half as u64 + 1)) as i64 - half;
        format.nearest(&(format.number(reach) * Rational::new(step.into(), half.into())))
    }

    fn given(
        &self,
        name: &str,
        shape: &[u64],
        tensors: &BTreeMap<String, (Vec<u64>, Vec<f64>)>,
    ) -> Result<Arc<[i64]>, ParamsError> {
        let (got, values) = tensors.get(name).ok_or_else(|| ParamsError::Missing(name.to_owned()))?;
        if got != shape {
            return Err(ParamsError::Shape { name: name.to_owned(), wanted: shape.to_vec(), got: got.clone() });
        }
        let level = |(position, value): (usize, &f64)| {
            quantise(*value, self.format).ok_or_else(|| ParamsError::NotFinite { name: name.to_owned(), position })
        };
        values.iter().enumerate().map(level).collect()
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
