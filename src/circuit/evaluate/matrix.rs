//! Matrices times vectors of small integers: 16 bits times 16 bits, added in 32 where the ranges prove that nothing overflows.

use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

use super::data::Data;
use super::integer::{Int, add};
use super::sums::{List, Plain};
use crate::circuit::{Array, Circuit};

/// A term `sum over i of weight[o, i] * x[p, i]` for every position p and output o.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    pub source: usize,
    weights: Arc<[i16]>,
    inputs: usize,
    outputs: usize,
    /// Where x begins, and the step from a position to the next.
    base: usize,
    stride: usize,
    /// So many products add up within 32 bits.
    chunk: usize,
    scale: BigInt,
}

/// Matrices with fewer entries are not worth a copy.
const FEW: usize = 64;

impl Matrix {
    /// If the term is a matrix, and weights and what it multiplies fit 16 bits.
    pub fn new(circuit: &Circuit, array: &Array, plain: &Plain) -> Option<Self> {
        let List::Small(list) = &plain.factors.list else { return None };
        let (first, rest) = plain.nest.own.split_first()?;
        let straight = array.band.is_none() && plain.nest.band.is_none() && plain.nest.gathers.is_empty();
        let sums: Vec<(u64, i64, i64)> = plain.nest.sums.iter().map(|(len, step)| (*len, step[0], step[1])).collect();
        let inputs = row_major(&sums.iter().map(|(len, source, _)| (*len, *source)).collect::<Vec<_>>(), 1)?;
        let also = row_major(&sums.iter().map(|(len, _, coef)| (*len, *coef)).collect::<Vec<_>>(), 1)?;
        let lens = array.shape.iter().skip(1).map(|size| size.value);
        let outputs = row_major(&lens.zip(rest.iter().map(|step| step[1])).collect::<Vec<_>>(), inputs)?;
        let apart = first[1] == 0 && rest.iter().all(|step| step[0] == 0) && inputs == also;
        let (base, from) = (usize::try_from(plain.nest.base[0]).ok()?, usize::try_from(plain.nest.base[1]).ok()?);
        if !straight || !apart || sums.is_empty() || (inputs * outputs) < FEW as i64 {
            return None;
        }
        let (inputs, outputs) = (inputs as usize, outputs as usize);
        let weights = list.get(from..from + inputs * outputs)?.iter().map(|weight| i16::try_from(*weight).ok());
        let weights: Arc<[i16]> = weights.collect::<Option<_>>()?;
        let reach =
            circuit.arrays()[plain.source].range.magnitude().abs().to_i64().filter(|x| *x <= i16::MAX.into())?;
        let most = weights.iter().map(|weight| i64::from(weight.unsigned_abs())).max().unwrap_or(0);
        let chunk = (i64::from(i32::MAX) / (reach * most).max(1)) as usize;
        let stride = usize::try_from(first[0]).ok()?;
        Some(Self {
            source: plain.source,
            weights,
            inputs,
            outputs,
            base,
            stride,
            chunk,
            scale: plain.factors.scale.clone(),
        })
    }

    /// Adds the term; false if the source has no small numbers after all.
    pub fn add<T: Int>(&self, source: &Data, out: &mut [T]) -> bool {
        let vector: Vec<i16> = match source {
            Data::Small(forms) => forms.iter().map(|form| *form as i16).collect(),
            Data::Wide(forms) => forms.iter().map(|form| *form as i16).collect(),
            Data::Bits(_) | Data::Ranks { .. } => source.bits().iter().map(|bit| (*bit).into()).collect(),
            Data::Big(_) | Data::Gone => return false,
        };
        let scale = T::big(&self.scale);
        let positions = out.len() / self.outputs;
        for (output, row) in self.weights.chunks_exact(self.inputs).enumerate() {
            for position in 0..positions {
                let from = self.base + self.stride * position;
                let sum = dot(row, &vector[from..from + self.inputs], self.chunk);
                add(&mut out[position * self.outputs + output], T::of(sum).times(scale.clone()));
            }
        }
        true
    }
}

/// How many places axes with these lengths and steps run through, one after the other in steps of `unit`.
fn row_major(axes: &[(u64, i64)], unit: i64) -> Option<i64> {
    let mut step = unit;
    for (len, axis) in axes.iter().rev() {
        if *len > 1 && *axis != step {
            return None;
        }
        step = step.checked_mul(i64::try_from(*len).ok()?)?;
    }
    Some(step / unit)
}

fn dot(a: &[i16], b: &[i16], chunk: usize) -> i64 {
    let part = |(a, b): (&[i16], &[i16])| -> i64 {
        a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>().into()
    };
    a.chunks(chunk).zip(b.chunks(chunk)).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_sums_within_32_bits() {
        let (a, b) = (vec![i16::MIN; 1000], vec![i16::MIN; 1000]);
        assert_eq!(dot(&a, &b, 1), 1000 << 30);
        let (a, b) = (vec![300; 77], vec![-200; 77]);
        assert_eq!(dot(&a, &b, 10), -300 * 200 * 77);
    }

    #[test]
    fn axes_one_after_the_other_are_one_axis() {
        assert_eq!(row_major(&[(2, 12), (3, 4), (4, 1)], 1), Some(24));
        assert_eq!(row_major(&[(2, 12), (1, 9), (12, 1)], 1), Some(24));
        assert_eq!(row_major(&[(2, 20), (2, 10)], 10), Some(4));
        assert_eq!(row_major(&[(4, 1), (3, 4)], 1), None);
    }
}
