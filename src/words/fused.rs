//! Products of a value that is about to be stored with a word of an earlier layer. 1 layer for both: a gate per level step and bit.
//!
//! `[S >= c] and g` is the one gate `[S + M g >= c + M]`, M above the range of S (theory A.3): the store shares the layer of the product.

use num_bigint::BigInt;
use num_traits::One;

use super::levels::Levels;
use super::logic::Pairing;
use super::word::{Bits, Code};
use super::{Form, Maker, Stored, Word};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, TableId, Term, Thresholds};
use crate::interval::Interval;
use crate::number::Scale;

impl Maker {
    /// `stored(form) * word`, in units of both, summed over the last `summed` axes of the pairing.
    ///
    /// # Errors
    /// When an index does not fit.
    pub fn fused_product(
        &mut self,
        form: &Form,
        stored: &Stored,
        word: &Word,
        pairing: &Pairing,
        summed: usize,
    ) -> Result<ArrayId, CircuitError> {
        let (range, table) = self.steps_of(form, stored);
        if matches!(word.code, Code::Constant) || table.levels.gates() == 0 {
            let x = self.store(form, stored)?;
            return self.product(&x, word, pairing, summed);
        }
        let bits = self.bits(word)?;
        let push = &range.hi - &range.lo + BigInt::one();
        let axes = pairing.shape.len();
        let mut shape = pairing.shape.clone();
        shape.push(bits.len());
        let mut at = pairing.second.clone();
        at.push(Index::axis(axes));
        let own = Term::new(form.array, pairing.first.clone());
        let bit = Term::new(bits.array, at).by(push.clone());
        let sum = self.affine(shape, pairing.band.clone(), vec![own, bit], vec![])?;
        let thresholds = match &table.thresholds {
            Some(list) => Thresholds::Known(list.iter().map(|t| t + &push).collect()),
            None => super::counted(table.levels.gates(), range.plus(&Interval::point(push))),
        };
        let gates = self.builder.bank(sum, thresholds)?;
        self.gathered(gates, &bits, (&table.levels, stored.format.scale()), pairing, summed)
    }

    /// `sum over bits of worth * (first level * bit + sum of level steps * gate)`.
    fn gathered(
        &mut self,
        gates: ArrayId,
        bits: &Bits,
        (levels, scale): (&Levels, Scale),
        pairing: &Pairing,
        summed: usize,
    ) -> Result<ArrayId, CircuitError> {
        let axes = pairing.shape.len();
        let kept = axes - summed;
        let mut sum = pairing.shape[kept..].to_vec();
        sum.push(bits.len());
        let worth = self.weight_table(bits.count(), bits.signed);
        let mut at = pairing.second.clone();
        at.push(Index::axis(axes));
        let first = Term::new(bits.array, at)
            .over(sum.clone())
            .times(Coef::table(worth, Index::axis(axes)).times(&scale.value(levels.first())));
        let count = levels.gates();
        sum.push(Size::fixed(count));
        let rest = Term::new(gates, Index::identity(axes + 2)).over(sum);
        let coef = if levels.counts_up() && scale.is_even() {
            Coef::table(worth, Index::axis(axes))
        } else {
            let table = self.step_worths(bits, levels, scale);
            Coef::table(table, Index::strided([(axes, count as i64), (axes + 1, 1)]))
        };
        let terms = vec![first, rest.times(coef)];
        self.affine(pairing.shape[..kept].to_vec(), pairing.band.clone(), terms, vec![])
    }

    /// What each gate is worth, a row per bit.
    pub(super) fn step_worths(&mut self, bits: &Bits, levels: &Levels, scale: Scale) -> TableId {
        let (lo, hi) = levels.bounds();
        let largest = bits.weights.iter().map(|w| w.magnitude().clone()).max().unwrap_or_default();
        let step = match levels {
            Levels::Path(_) => scale.greatest_step(lo, hi),
            Levels::List(_) | Levels::Counted { .. } => scale.value(hi) - scale.value(lo),
        };
        let reach = BigInt::from(largest) * step;
        let len = u128::from(levels.gates()) * bits.count() as u128;
        self.lazy_table(len, Interval { lo: -&reach, hi: reach }, len, || {
            let all: Vec<BigInt> = levels.all().into_iter().map(|level| scale.value(level)).collect();
            let row = |worth: &BigInt| all.windows(2).map(|p| worth * (&p[1] - &p[0])).collect::<Vec<_>>();
            bits.weights.iter().flat_map(row).collect()
        })
    }
}
