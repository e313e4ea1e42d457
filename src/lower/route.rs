//! Choosing among experts: the greatest scores, and products where they were chosen; and scores by distance. Must not know how gates are made.

use petgraph::graph::NodeIndex;

use super::{Late, Lowering, Result, Value};
use crate::circuit::{ArrayId, Coef, Index, Table, Term};
use crate::number::distance_bucket;
use crate::tensor::ParamId;
use crate::words::{Form, common_unit, unit_of};

impl Lowering<'_> {
    pub(super) fn top(&mut self, x: NodeIndex, count: u64, from: usize) -> Result<Value> {
        let form = self.form(x)?;
        let entries = self.maker.shape(form.array)[from..].iter().map(|size| u128::from(size.value)).product::<u128>();
        self.limit("choosing the greatest", entries.saturating_mul(entries))?;
        Ok(Value::Gates(self.maker.top(form.array, count, from)?))
    }

    /// The store of one factor shares the layer of the product, where the other and the choice are ready by then.
    pub(super) fn chosen(&mut self, id: NodeIndex, operands: &[NodeIndex]) -> Result<Value> {
        let choice = self.choice(operands[0]);
        let [_, x, rest @ ..] = operands else { unreachable!("something is chosen") };
        let Some(y) = rest.first() else {
            let word = self.word(*x)?;
            let array = self.maker.chosen(choice, &word, None)?;
            return Ok(Value::Form(Form { array, unit: unit_of(word.scale.fraction()) }));
        };
        let ready = self.layer(choice);
        if let Some((Late { form, stored, .. }, other)) = self.shared(id, [*x, *y], ready) {
            let word = self.word(other)?;
            let array = self.maker.chosen_fused(choice, &form, &stored, &word)?;
            let unit = unit_of(stored.format.fraction() + word.scale.fraction());
            return Ok(Value::Form(Form { array, unit }));
        }
        let (x, y) = (self.word(*x)?, self.word(*y)?);
        let array = self.maker.chosen(choice, &x, Some(&y))?;
        Ok(Value::Form(Form { array, unit: unit_of(x.scale.fraction() + y.scale.fraction()) }))
    }

    fn choice(&self, id: NodeIndex) -> ArrayId {
        match &self.values[id.index()] {
            Value::Gates(array) => *array,
            Value::Form(_) | Value::Word(_) | Value::Late(_) => unreachable!("a choice is made of gates"),
        }
    }

    /// A constant on each score: no layer. Where weights are not known, one of the whole range for each head.
    pub(super) fn distances(&mut self, x: NodeIndex, table: ParamId, farthest: u64, both: bool) -> Result<Value> {
        let form = self.form(x)?;
        let shape = self.maker.shape(form.array);
        let constants = self.constants(table);
        let unit = common_unit(&form.unit, &unit_of(constants.fraction));
        let worth = (unit_of(constants.fraction) / &unit).to_integer();
        let own = Term::new(form.array, Index::identity(4)).by((&form.unit / &unit).to_integer());
        let (positions, members) = (shape[0].value, shape[3].value);
        let heads = shape[2].value * members;
        let within = [(2, members as i64), (3, 1)];
        let (rows, index) = match &constants.values {
            None => (constants.table, Index::strided(within)),
            Some(levels) => {
                let entries = (2 * u128::from(positions) - 1) * u128::from(heads);
                self.limit("the table of distances", entries)?;
                let buckets = self.graph.param(table).len() as u64 / heads;
                let ahead = positions as i64 - 1;
                let row = |offset: i64| {
                    let bucket = distance_bucket(offset, buckets, farthest, both);
                    (bucket * heads..(bucket + 1) * heads).filter_map(|place| levels.get(place as usize))
                };
                let entries = Table::new((-ahead..=ahead).flat_map(row).collect::<Vec<_>>());
                let steps = [(0, -(heads as i64)), (1, heads as i64)].into_iter().chain(within).collect::<Vec<_>>();
                (self.maker.builder.table(entries), Index::strided(steps).plus(ahead * heads as i64))
            }
        };
        let entry = Coef::table(rows, index).times(&worth);
        let array = self.maker.affine(shape, self.maker.band(form.array), vec![own], vec![entry])?;
        Ok(Value::Form(Form { array, unit }))
    }
}
