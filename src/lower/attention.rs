//! Products of queries and keys, softmax averages and their eager parts; must not know where sums are rounded, only whether.

use petgraph::graph::NodeIndex;

use super::{Lowering, Result, Value};
use crate::circuit::{Band, Index, Table};
use crate::number::Format;
use crate::tensor::Attended;
use crate::words::{Form, OverKeys, Pairing, ScoreTable, unit_of};

impl Lowering<'_> {
    pub(super) fn dot(&mut self, q: NodeIndex, k: NodeIndex, attended: Attended) -> Result<Value> {
        let (q, k) = (self.word(q)?, self.word(k)?);
        let [position, group, member, width] = &q.shape[..] else { unreachable!("queries have four axes") };
        let shape = [position, &k.shape[0], group, member, width].map(Clone::clone).to_vec();
        let first = [0, 2, 3, 4].map(Index::axis).to_vec();
        let second = [1, 2, 4].map(Index::axis).to_vec();
        let unit = unit_of(q.scale.fraction() + k.scale.fraction());
        let Some(how) = self.graph.accumulation() else {
            let pairing = Pairing { shape, band: band(attended), first, second };
            return Ok(Value::Form(Form { array: self.maker.product(&q, &k, &pairing, 1)?, unit }));
        };
        // Accumulated sums over keys are of all pairs, those left out as zeros.
        let array = self.maker.product(&q, &k, &Pairing { shape, band: None, first, second }, 0)?;
        Ok(Value::Form(self.maker.accumulate(&Form { array, unit }, 4, how)?))
    }

    pub(super) fn attend(
        &mut self,
        scores: &Form,
        values: NodeIndex,
        table: &ScoreTable,
        attended: Attended,
    ) -> Result<Value> {
        let values = self.word(values)?;
        Ok(Value::Word(match self.over_keys(scores, attended)? {
            None => self.maker.attend(scores, &values, table)?,
            Some(keys) => self.maker.attend_over(scores, &values, table, keys)?,
        }))
    }

    pub(super) fn softmax(
        &mut self,
        scores: &Form,
        table: &ScoreTable,
        attended: Attended,
        format: Format,
    ) -> Result<Value> {
        Ok(Value::Word(match self.over_keys(scores, attended)? {
            None => self.maker.softmax(scores, table, format)?,
            Some(keys) => self.maker.softmax_over(scores, table, format, keys)?,
        }))
    }

    pub(super) fn mix(&mut self, weights: NodeIndex, values: NodeIndex, attended: Attended) -> Result<Value> {
        let (weights, values) = (self.word(weights)?, self.word(values)?);
        let Some(how) = self.graph.accumulation() else {
            return Ok(Value::Form(self.maker.mix(&weights, &values)?));
        };
        let mask = self.mask(weights.shape[0].value, weights.shape[1].value, attended)?;
        Ok(Value::Form(self.maker.mix_over(&weights, &values, OverKeys { mask, how: *how })?))
    }

    /// How sums over the keys of these scores are made, where they are accumulated.
    fn over_keys(&mut self, scores: &Form, attended: Attended) -> Result<Option<OverKeys>> {
        let Some(how) = self.graph.accumulation() else { return Ok(None) };
        let shape = self.maker.shape(scores.array);
        let mask = self.mask(shape[0].value, shape[1].value, attended)?;
        Ok(Some(OverKeys { mask, how: *how }))
    }

    /// One where a query attends to a key, else zero.
    fn mask(&mut self, queries: u64, keys: u64, attended: Attended) -> Result<Option<crate::circuit::TableId>> {
        if band(attended).is_none() {
            return Ok(None);
        }
        self.limit("the mask of attention", u128::from(queries) * u128::from(keys))?;
        let row = |query: u64| (0..keys).map(move |key| i64::from(attended.allows(query, key)));
        let entries = (0..queries).flat_map(row).collect::<Vec<_>>();
        Ok(Some(self.maker.builder.table(Table::small(entries))))
    }
}

fn band(attended: Attended) -> Option<Band> {
    let Attended { causal, window } = attended;
    (causal || window.is_some()).then_some(Band { query: 0, key: 1, causal, window })
}
