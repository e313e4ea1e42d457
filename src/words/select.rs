//! Choosing by index: embedding rows of a token id given in bits (1 layer, V - 1 gates shared by all features), and the argmax of forms (2 layers, k^2 + k gates).

use num_bigint::BigInt;
use num_traits::{One, Zero};

use super::{Constants, Maker, counted};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, Term, Thresholds, Values};
use crate::interval::Interval;

impl Maker {
    /// Rows of a table [entries, width] chosen by ids given as bits [.., bits], entries beyond the last reading the last: forms [.., width].
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn lookup(
        &mut self,
        ids: ArrayId,
        entries: u64,
        width: u64,
        rows: &Constants,
    ) -> Result<ArrayId, CircuitError> {
        let mut shape = self.shape(ids);
        let bits = shape.pop().map_or(0, |size| size.value);
        let axes = shape.len();
        let worth = self.weight_table(bits as usize, false);
        let id_term = Term::new(ids, Index::identity(axes + 1)).over(vec![Size::fixed(bits)]);
        let id =
            self.affine(shape.clone(), None, vec![id_term.times(Coef::table(worth, Index::axis(axes)))], vec![])?;
        shape.push(Size::fixed(width));
        let first = self.row_table(rows, width, Row::First);
        let constant = Coef::table(first, Index::axis(axes));
        if entries == 1 {
            return self.affine(shape, None, vec![], vec![constant]);
        }
        let gates = self.builder.bank(id, self.id_thresholds(entries))?;
        let steps = self.row_table(rows, width, Row::Steps(entries));
        let mut index = Index::identity(axes);
        index.push(Index::axis(axes + 1));
        let coef = Coef::table(steps, Index::strided([(axes + 1, width as i64), (axes, 1)]));
        let term = Term::new(gates, index).over(vec![Size::fixed(entries - 1)]).times(coef);
        self.affine(shape, None, vec![term], vec![constant])
    }

    fn id_thresholds(&self, entries: u64) -> Thresholds {
        if self.known {
            Thresholds::Known((1..entries).map(BigInt::from).collect())
        } else {
            counted(entries - 1, Interval::new(1, entries - 1))
        }
    }

    fn row_table(&mut self, rows: &Constants, width: u64, which: Row) -> crate::circuit::TableId {
        let at = |row: u64, feature: u64| rows.get((row * width + feature) as usize).lo;
        match which {
            Row::First => self.lazy_table(width.into(), rows.range.clone(), width.into(), || {
                (0..width).map(|feature| at(0, feature)).collect()
            }),
            Row::Steps(entries) => {
                let len = u128::from(entries - 1) * u128::from(width);
                let reach = &rows.range.hi - &rows.range.lo;
                if let Some(steps) = small_steps(rows, width) {
                    return self.builder.table(Table::small(steps));
                }
                self.lazy_table(len, Interval { lo: -&reach, hi: reach }, len, || {
                    let step = |row: u64| (0..width).map(move |f| at(row, f) - at(row - 1, f));
                    (1..entries).flat_map(step).collect()
                })
            }
        }
    }

    /// One gate per entry of the last axis, on for the first greatest one.
    ///
    /// # Errors
    /// Never for arrays of this circuit.
    pub fn argmax(&mut self, forms: ArrayId) -> Result<ArrayId, CircuitError> {
        let shape = self.shape(forms);
        let axes = shape.len();
        let entries = shape[axes - 1].clone();
        let mut pairs = shape.clone();
        pairs.push(entries.clone());
        let own = Term::new(forms, Index::identity(axes));
        let mut rival = Index::identity(axes);
        rival[axes - 1] = Index::axis(axes);
        let other = Term::new(forms, rival).by(-1);
        let ties = self.tie_table(entries.value);
        let ties = Coef::table(ties, Index::strided([(axes - 1, entries.value as i64), (axes, 1)]));
        let difference = self.affine(pairs, None, vec![own, other], vec![ties])?;
        let beats = self.builder.gate(difference, 0)?;
        let wins = Term::new(beats, Index::identity(axes + 1)).over(vec![entries.clone()]);
        let all = self.affine(shape, None, vec![wins], vec![Coef::constant(-BigInt::from(entries.value))])?;
        self.builder.gate(all, 0)
    }

    /// Minus one where the rival stands before: it wins ties.
    fn tie_table(&mut self, entries: u64) -> crate::circuit::TableId {
        let len = u128::from(entries) * u128::from(entries);
        let earlier = len / 2 - u128::from(entries) / 2;
        self.lazy_table(len, Interval::new(-1, 0), earlier, || {
            let row =
                |own: u64| (0..entries).map(move |rival| if rival < own { -BigInt::one() } else { BigInt::zero() });
            (0..entries).flat_map(row).collect()
        })
    }
}

/// From each row to the next, where entries and differences fit 64 bits.
fn small_steps(rows: &Constants, width: u64) -> Option<Vec<i64>> {
    let Some(Values::Small(values)) = &rows.values else { return None };
    let next = values.get(width as usize..)?;
    next.iter().zip(values.iter()).map(|(next, row)| next.checked_sub(*row)).collect()
}

enum Row {
    First,
    Steps(u64),
}
