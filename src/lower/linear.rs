//! Operations that cost no layer: rows, linear maps, rotations, slices; and the embedding lookup.

use std::collections::HashMap;
use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::{One, Zero};
use petgraph::graph::NodeIndex;

use super::{Lowering, Result, Value, one_shifted};
use crate::circuit::{ArrayId, Coef, Index, Size, Term};
use crate::interval::Interval;
use crate::number::{Accumulation, Format, Rational, rotary_levels};
use crate::tensor::ParamId;
use crate::words::{Constants, Form, common_unit, unit_of};

impl Lowering<'_> {
    /// A table rounded to a format: levels of the format.
    fn rounded(&mut self, id: ParamId, scale: Option<&Rational>, format: Format) -> Constants {
        let param = self.graph.param(id);
        let factor = scale.cloned().unwrap_or_else(Rational::one);
        let level = |level: i64| format.nearest(&(&factor * param.format.number(level)));
        let mut known: HashMap<i64, i64> = HashMap::new();
        let mut once = |value: &i64| *known.entry(*value).or_insert_with(|| level(*value));
        let values = param.values.as_ref().map(|values| values.iter().map(&mut once).collect::<Arc<[i64]>>());
        let (lo, hi) = param.bounds();
        self.tabled(values.as_ref(), (level(lo), level(hi)), &param.shape, format.scale())
    }

    pub(super) fn embed(
        &mut self,
        tokens: Option<NodeIndex>,
        table: ParamId,
        scale: Option<&Rational>,
        format: Format,
    ) -> Result<Value> {
        let ids = self.array(tokens)?;
        let (vocabulary, width) = (self.graph.param(table).shape[0], self.graph.param(table).shape[1]);
        let rows = self.rounded(table, scale, format);
        let chosen = tokens.is_some_and(|id| self.graph.node(id).shape.len() == 2);
        let array = match chosen {
            true => self.chosen_rows(ids, width, &rows)?,
            false => self.maker.lookup(ids, vocabulary, width, &rows)?,
        };
        Ok(Value::Form(Form { array, unit: unit_of(rows.fraction) }))
    }

    /// Rows of one-hot choices [position, vocabulary]: no layer.
    fn chosen_rows(&mut self, choices: ArrayId, width: u64, rows: &Constants) -> Result<ArrayId> {
        let mut shape = self.maker.shape(choices);
        let vocabulary = std::mem::replace(&mut shape[1], Size::fixed(width));
        let coef = Coef::table(rows.table, Index::strided([(1, 1), (2, width as i64)]));
        let choice = Term::new(choices, vec![Index::axis(0), Index::axis(2)]).over(vec![vocabulary]).times(coef);
        Ok(self.maker.affine(shape, None, vec![choice], vec![])?)
    }

    fn array(&mut self, id: Option<NodeIndex>) -> Result<ArrayId> {
        match id {
            Some(id) => Ok(self.form(id)?.array),
            None => unreachable!("the operation has an operand"),
        }
    }

    fn operand(&mut self, id: Option<NodeIndex>) -> Result<Form> {
        match id {
            Some(id) => self.form(id),
            None => unreachable!("the operation has an operand"),
        }
    }

    pub(super) fn add_rows(
        &mut self,
        x: Option<NodeIndex>,
        table: ParamId,
        first_only: bool,
        format: Format,
    ) -> Result<Value> {
        let form = self.operand(x)?;
        let rows = self.rounded(table, None, format);
        let shape = self.maker.shape(form.array);
        let width = shape[1].value as i64;
        let unit = common_unit(&form.unit, &unit_of(rows.fraction));
        let own = Term::new(form.array, Index::identity(2)).by((&form.unit / &unit).to_integer());
        let steps = if first_only { vec![(1, 1)] } else { vec![(0, width), (1, 1)] };
        let factor = (unit_of(rows.fraction) / &unit).to_integer();
        let row = Coef::table(rows.table, Index::strided(steps)).times(&factor);
        let array = self.maker.affine(shape, None, vec![own], vec![row])?;
        Ok(Value::Form(Form { array, unit }))
    }

    pub(super) fn linear(
        &mut self,
        x: Option<NodeIndex>,
        weight: ParamId,
        bias: Option<ParamId>,
        out: &[u64],
    ) -> Result<Value> {
        let form = self.operand(x)?;
        let weights = self.constants(weight);
        if let Some(how) = self.graph.accumulation() {
            return self.accumulated(&form, &weights, bias, out, how);
        }
        let features = self.maker.shape(form.array)[1..].to_vec();
        let mut shape = vec![self.maker.shape(form.array)[0].clone()];
        shape.extend(out.iter().map(|size| Size::fixed(*size)));
        let inputs: u64 = features.iter().map(|size| size.value).product();
        let (axes, summed) = (shape.len(), features.len());
        let mut index = vec![Index::axis(0)];
        index.extend((0..summed).map(|axis| Index::axis(axes + axis)));
        let out_strides = flat(&shape[1..]).into_iter().enumerate().map(|(axis, s)| (axis + 1, s * inputs as i64));
        let in_strides = flat(&features).into_iter().enumerate().map(|(axis, s)| (axes + axis, s));
        let steps: Vec<(usize, i64)> = out_strides.chain(in_strides).collect();
        let worth = &form.unit * unit_of(weights.fraction);
        let unit = match bias {
            Some(bias) => common_unit(&worth, &unit_of(self.constants(bias).fraction)),
            None => worth.clone(),
        };
        let coef = Coef::table(weights.table, Index::strided(steps)).times(&(worth / &unit).to_integer());
        let term = Term::new(form.array, index).over(features).times(coef);
        let constants = bias.map(|bias| self.bias(bias, &shape[1..], &unit));
        let array = self.maker.affine(shape, None, vec![term], constants.into_iter().collect())?;
        Ok(Value::Form(Form { array, unit }))
    }

    /// The same, the sums over all features together accumulated, and the bias added after.
    fn accumulated(
        &mut self,
        form: &Form,
        weights: &Constants,
        bias: Option<ParamId>,
        out: &[u64],
        how: &Accumulation,
    ) -> Result<Value> {
        let own = self.maker.shape(form.array);
        let inputs: u64 = own[1..].iter().map(|size| size.value).product();
        let mut shape = vec![own[0].clone()];
        shape.extend(out.iter().chain([&inputs]).map(|size| Size::fixed(*size)));
        self.limit("the products of a linear map", shape[1..].iter().map(|size| u128::from(size.value)).product())?;
        let last = shape.len() - 1;
        let place = |(stride, size): (i64, &Size)| {
            let list = (0..inputs as i64).map(|input| input / stride % size.value as i64).collect::<Vec<_>>();
            Index::gathered(last, list)
        };
        let mut index = vec![Index::axis(0)];
        index.extend(flat(&own[1..]).into_iter().zip(&own[1..]).map(place));
        let steps: Vec<(usize, i64)> = flat(&shape[1..]).into_iter().enumerate().map(|(a, s)| (a + 1, s)).collect();
        let term = Term::new(form.array, index).times(Coef::table(weights.table, Index::strided(steps)));
        let array = self.maker.affine(shape.clone(), None, vec![term], vec![])?;
        let products = Form { array, unit: &form.unit * unit_of(weights.fraction) };
        let sum = self.maker.accumulate(&products, last, how)?;
        let Some(bias) = bias else { return Ok(Value::Form(sum)) };
        let fraction = self.constants(bias).fraction;
        let unit = common_unit(&sum.unit, &unit_of(fraction));
        let bias = self.bias(bias, &shape[1..last], &unit);
        let own = Term::new(sum.array, Index::identity(last)).by((&sum.unit / &unit).to_integer());
        let array = self.maker.affine(shape[..last].to_vec(), None, vec![own], vec![bias])?;
        Ok(Value::Form(Form { array, unit }))
    }

    fn bias(&mut self, bias: ParamId, features: &[Size], unit: &Rational) -> Coef {
        let bias = self.constants(bias);
        let steps: Vec<(usize, i64)> = flat(features).into_iter().enumerate().map(|(axis, s)| (axis + 1, s)).collect();
        let factor = (unit_of(bias.fraction) / unit).to_integer();
        Coef::table(bias.table, Index::strided(steps)).times(&factor)
    }

    /// `cos * x + sin * partner`, both tables by position and feature.
    pub(super) fn rotate(
        &mut self,
        x: Option<NodeIndex>,
        features: u64,
        base: &Rational,
        half_split: bool,
        fraction: u32,
    ) -> Result<Value> {
        let form = self.operand(x)?;
        let shape = self.maker.shape(form.array);
        let (last, positions) = (shape.len() - 1, shape[0].value);
        let width = shape[last].value;
        let pairs = Pairs { features, width, half_split };
        let entries = u128::from(positions) * u128::from(width);
        self.limit("the rotary table", entries)?;
        let turn = |position: u64, feature: u64| rotary_levels(position, pairs.pair(feature), features, base, fraction);
        let one = BigInt::one() << fraction;
        let reach = Interval { lo: -&one, hi: one.clone() };
        let places = || (0..positions).flat_map(|position| (0..width).map(move |feature| (position, feature)));
        let cos = |(position, feature)| if feature < features { turn(position, feature).0 } else { one.clone() };
        let sin = |(position, feature): (u64, u64)| match pairs.sign(feature) {
            0 => BigInt::zero(),
            sign => turn(position, feature).1 * sign,
        };
        let rotated = u128::from(positions) * u128::from(features);
        let cosines = self.maker.angles(entries, entries, &reach, || places().map(cos).collect());
        let sines = self.maker.angles(entries, rotated, &reach, || places().map(sin).collect());
        let at = Index::strided([(0, width as i64), (last, 1)]);
        let own = Term::new(form.array, Index::identity(last + 1)).times(Coef::table(cosines, at.clone()));
        let mut index = Index::identity(last + 1);
        index[last] = Index::gathered(last, (0..width).map(|f| pairs.partner(f) as i64).collect::<Vec<_>>());
        let other = Term::new(form.array, index).times(Coef::table(sines, at));
        let array = self.maker.affine(shape, None, vec![own, other], vec![])?;
        Ok(Value::Form(Form { array, unit: form.unit / one_shifted(fraction) }))
    }

    pub(super) fn last(&mut self, x: NodeIndex) -> Result<Value> {
        let form = self.form(x)?;
        let mut shape = self.maker.shape(form.array);
        let mut index = Index::identity(shape.len());
        index[0] = Index::at(shape[0].value as i64 - 1);
        shape[0] = Size::fixed(1);
        let term = Term::new(form.array, index);
        let array = self.maker.affine(shape, None, vec![term], vec![])?;
        Ok(Value::Form(Form { array, ..form }))
    }
}

/// Row-major strides.
fn flat(shape: &[Size]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].value as i64;
    }
    strides
}

/// Which features rotate together.
struct Pairs {
    features: u64,
    width: u64,
    half_split: bool,
}

impl Pairs {
    fn pair(&self, feature: u64) -> u64 {
        if self.half_split { feature % (self.features / 2) } else { feature / 2 }
    }

    /// -1 on the sine for the first of a pair, 1 for the second, 0 for features that stay.
    fn sign(&self, feature: u64) -> i32 {
        debug_assert!(feature < self.width);
        let second = if self.half_split { feature >= self.features / 2 } else { feature % 2 == 1 };
        match (feature < self.features, second) {
            (false, _) => 0,
            (true, false) => -1,
            (true, true) => 1,
        }
    }

    fn partner(&self, feature: u64) -> u64 {
        let half = self.features / 2;
        match (self.sign(feature), self.half_split) {
            (-1, true) => feature + half,
            (1, true) => feature - half,
            (-1, false) => feature + 1,
            (1, false) => feature - 1,
            _ => feature,
        }
    }
}
