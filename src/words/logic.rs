//! Products of words as ANDs of their bits. 1 layer, a gate per pair of bits.

use num_bigint::BigInt;

use super::word::{Bits, Code};
use super::{Maker, Word};
use crate::circuit::{ArrayId, Band, CircuitError, Coef, Index, Size, Table, TableId, Term};

/// The axes a product lives on, and where along them each factor is read.
pub struct Pairing {
    /// The axes.
    pub shape: Vec<Size>,
    /// Restricts which elements exist.
    pub band: Option<Band>,
    /// Where the first factor is read: one index per axis of it.
    pub first: Vec<Index>,
    /// Where the second factor is read.
    pub second: Vec<Index>,
}

/// ANDs of all pairs of bits: gates with two more axes, and what each gate is worth.
pub(super) struct Ands {
    pub gates: ArrayId,
    pub axes: usize,
    pub bits: [Size; 2],
    pub weights: TableId,
}

impl Maker {
    /// Elementwise products of two words, summed over the last `summed` axes of the pairing; in units of both.
    ///
    /// # Errors
    /// When an index does not fit.
    pub fn product(&mut self, x: &Word, y: &Word, pairing: &Pairing, summed: usize) -> Result<ArrayId, CircuitError> {
        match (&x.code, &y.code) {
            (Code::Constant, _) => self.scaled(y, x.reach().lo, &pairing.second, pairing, summed),
            (_, Code::Constant) => self.scaled(x, y.reach().lo, &pairing.first, pairing, summed),
            _ => {
                let (x, y) = (self.bits(x)?, self.bits(y)?);
                let ands = self.ands(&x, &y, pairing, None)?;
                let kept = pairing.shape.len() - summed;
                let term = self.weighted(&ands, kept, &pairing.shape);
                self.affine(pairing.shape[..kept].to_vec(), pairing.band.clone(), vec![term], vec![])
            }
        }
    }

    fn scaled(
        &mut self,
        word: &Word,
        factor: BigInt,
        at: &[Index],
        pairing: &Pairing,
        summed: usize,
    ) -> Result<ArrayId, CircuitError> {
        let value = self.value(word)?;
        let kept = pairing.shape.len() - summed;
        let term = Term::new(value, at.to_vec()).over(pairing.shape[kept..].to_vec()).by(factor);
        self.affine(pairing.shape[..kept].to_vec(), pairing.band.clone(), vec![term], vec![])
    }

    /// The gates `[x_i + y_j (+ also) >= 2 (3)]`.
    pub(super) fn ands(
        &mut self,
        x: &Bits,
        y: &Bits,
        pairing: &Pairing,
        also: Option<Term>,
    ) -> Result<Ands, CircuitError> {
        let axes = pairing.shape.len();
        let bits = [x.len(), y.len()];
        let mut shape = pairing.shape.clone();
        shape.extend(bits.clone());
        let read = |bits: &Bits, at: &[Index], axis: usize| {
            let mut index = at.to_vec();
            index.push(Index::axis(axis));
            Term::new(bits.array, index)
        };
        let mut terms = vec![read(x, &pairing.first, axes), read(y, &pairing.second, axes + 1)];
        terms.extend(also);
        let all = terms.len() as i64;
        let sum = self.affine(shape, pairing.band.clone(), terms, vec![])?;
        let gates = self.builder.gate(sum, all)?;
        let weights = self.pair_weights(x, y);
        Ok(Ands { gates, axes, bits, weights })
    }

    /// What pairs of bits are worth, those of the second number next to each other; made once for all words of as many bits.
    fn pair_weights(&mut self, x: &Bits, y: &Bits) -> TableId {
        let key = [(x.count(), x.signed), (y.count(), y.signed)];
        if let Some(table) = self.pairs.get(&key) {
            return *table;
        }
        let table = self.builder.table(Table::products(x.weights.to_vec(), y.weights.to_vec()));
        self.pairs.insert(key, table);
        table
    }

    /// The sum of the gates' worth over both bit axes and the axes from `kept` on.
    pub(super) fn weighted(&self, ands: &Ands, kept: usize, shape: &[Size]) -> Term {
        let second = ands.bits[1].value as i64;
        let mut sum = shape[kept..].to_vec();
        sum.extend(ands.bits.clone());
        Term::new(ands.gates, Index::identity(ands.axes + 2))
            .over(sum)
            .times(Coef::table(ands.weights, Index::strided([(ands.axes, second), (ands.axes + 1, 1)])))
    }
}
