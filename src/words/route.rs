//! Choosing several of many: the greatest forms (2 layers, k^2 + k gates), products where chosen (1 layer, a gate a tuple of bits; fused with the
//! store of one factor, a gate a level and bit), and quotients of forms (1 layer, a gate a level).

use num_bigint::BigInt;
use num_traits::{One, Zero};

use super::logic::Pairing;
use super::word::{Bits, Code};
use super::{Form, Maker, Stored, Word};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Term, Thresholds};
use crate::interval::Interval;
use crate::number::Format;

impl Maker {
    /// One gate an element, on for the `count` greatest of all axes from `from` on, the first of equal ones.
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn top(&mut self, forms: ArrayId, count: u64, from: usize) -> Result<ArrayId, CircuitError> {
        let shape = self.shape(forms);
        let axes = shape.len();
        let ranked = shape[from..].to_vec();
        let all: u64 = ranked.iter().map(|size| size.value).product();
        let mut pairs = shape.clone();
        pairs.extend(ranked.clone());
        let mut rival = Index::identity(from);
        rival.extend((axes..pairs.len()).map(Index::axis));
        let terms = vec![Term::new(forms, Index::identity(axes)), Term::new(forms, rival).by(-1)];
        let strides = row_major(&ranked);
        let own = strides.iter().enumerate().map(|(axis, stride)| (from + axis, stride * all as i64));
        let other = strides.iter().enumerate().map(|(axis, stride)| (axes + axis, *stride));
        let ties = Coef::table(self.earlier_wins(all), Index::strided(own.chain(other).collect::<Vec<_>>()));
        let difference = self.affine(pairs.clone(), None, terms, vec![ties])?;
        let beats = self.builder.gate(difference, 0)?;
        let wins = Term::new(beats, Index::identity(pairs.len())).over(ranked);
        let lost = BigInt::from(all.saturating_sub(count) + 1);
        let rank = self.affine(shape, None, vec![wins], vec![Coef::constant(-lost)])?;
        self.builder.gate(rank, 0)
    }

    /// Minus one where the rival stands before: it wins ties.
    fn earlier_wins(&mut self, entries: u64) -> crate::circuit::TableId {
        let len = u128::from(entries) * u128::from(entries);
        let earlier = len / 2 - u128::from(entries) / 2;
        self.lazy_table(len, Interval::new(-1, 0), earlier, || {
            let entry = |own: u64, rival: u64| if rival < own { -BigInt::one() } else { BigInt::zero() };
            (0..entries).flat_map(|own| (0..entries).map(move |rival| entry(own, rival))).collect()
        })
    }

    /// The product of words of the choice's shape where it is one, in units of all: ANDs of their bits with the choice.
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn chosen(&mut self, choice: ArrayId, first: &Word, second: Option<&Word>) -> Result<ArrayId, CircuitError> {
        let shape = first.shape.clone();
        let here = Index::identity(shape.len());
        let chosen = Term::new(choice, here.clone());
        let Some(second) = second else {
            if matches!(first.code, Code::Constant) {
                return self.affine(shape, None, vec![chosen.by(first.reach().lo)], vec![]);
            }
            let bits = self.bits(first)?;
            let mut wide = shape.clone();
            wide.push(bits.len());
            let bit = Term::new(bits.array, Index::identity(wide.len()));
            let sum = self.affine(wide, None, vec![bit, chosen], vec![])?;
            let gates = self.builder.gate(sum, 2)?;
            let worth = self.weight_table(bits.count(), bits.signed);
            let coef = Coef::table(worth, Index::axis(shape.len()));
            let value = Term::new(gates, Index::identity(shape.len() + 1)).over(vec![bits.len()]).times(coef);
            return self.affine(shape, None, vec![value], vec![]);
        };
        let (x, y) = (self.bits(first)?, self.bits(second)?);
        let pairing = Pairing { shape: shape.clone(), band: None, first: here.clone(), second: here };
        let ands = self.ands(&x, &y, &pairing, Some(chosen))?;
        let term = self.weighted(&ands, shape.len(), &shape);
        self.affine(shape, None, vec![term], vec![])
    }

    /// `stored(form) * word` where the choice is one: the gates `[S + M (bit + choice) >= c + 2M]`, and `[bit + choice >= 2]` for the first level.
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn chosen_fused(
        &mut self,
        choice: ArrayId,
        form: &Form,
        stored: &Stored,
        word: &Word,
    ) -> Result<ArrayId, CircuitError> {
        let first = self.chosen(choice, word, None)?;
        let (range, table) = self.steps_of(form, stored);
        let shape = self.shape(form.array);
        let axes = shape.len();
        let base = Term::new(first, Index::identity(axes)).by(stored.format.scale().value(table.levels.first()));
        if table.levels.gates() == 0 {
            return self.affine(shape, None, vec![base], vec![]);
        }
        let bits = self.factor_bits(word)?;
        let push = &range.hi - &range.lo + BigInt::one();
        let mut wide = shape.clone();
        wide.push(bits.len());
        let own = Term::new(form.array, Index::identity(axes));
        let bit = Term::new(bits.array, Index::identity(axes + 1)).by(push.clone());
        let chosen = Term::new(choice, Index::identity(axes)).by(push.clone());
        let sum = self.affine(wide, None, vec![own, bit, chosen], vec![])?;
        let twice = push * 2;
        let thresholds = match &table.thresholds {
            Some(list) => Thresholds::Known(list.iter().map(|t| t + &twice).collect()),
            None => super::counted(table.levels.gates(), range.plus(&Interval::point(twice))),
        };
        let gates = self.builder.bank(sum, thresholds)?;
        let count = table.levels.gates();
        let worths = self.step_worths(&bits, &table.levels, stored.format.scale());
        let coef = Coef::table(worths, Index::strided([(axes, count as i64), (axes + 1, 1)]));
        let over = vec![bits.len(), Size::fixed(count)];
        let rest = Term::new(gates, Index::identity(axes + 2)).over(over).times(coef);
        self.affine(shape, None, vec![base, rest], vec![])
    }

    /// The bits of a factor; of a constant a single one, always on and worth the constant.
    fn factor_bits(&mut self, word: &Word) -> Result<Bits, CircuitError> {
        if !matches!(word.code, Code::Constant) {
            return self.bits(word);
        }
        let shape = word.shape.iter().cloned().chain([Size::fixed(1)]).collect();
        let array = self.affine(shape, word.band.clone(), vec![], vec![Coef::constant(1)])?;
        Ok(Bits { array, weights: vec![word.reach().lo].into(), signed: false })
    }

    /// `round(a / b)`, b positive, with the first axes of a.
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn divide(&mut self, a: &Form, b: &Form, format: Format) -> Result<Word, CircuitError> {
        let at = Index::identity(self.shape(b.array).len());
        self.rounded_quotient(a, b, at, format, format.min())
    }
}

fn row_major(shape: &[Size]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].value as i64;
    }
    strides
}
