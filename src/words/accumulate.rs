//! Sums along an axis whose partial sums are rounded. A tree of k: `ceil(log_k n)` layers. One after the other: `n - 1`. In blocks of k:
//! `k - 1`, and as many as there are blocks less one. Each rounding is a store; size: the layers of a store, each time.

use super::{Form, Maker, Stored, common_unit, unit_of};
use crate::circuit::{CircuitError, Coef, Index, Size, Table, Term};
use crate::number::{Accumulation, Function, Policy, Rational};

impl Maker {
    /// The sums along an axis of an array without a band; the axis is left out.
    ///
    /// # Errors
    /// Never for a form of this circuit.
    pub fn accumulate(&mut self, form: &Form, axis: usize, how: &Accumulation) -> Result<Form, CircuitError> {
        let length = self.shape(form.array)[axis].value as usize;
        let sum = match how.policy {
            Policy::Tree(k) => self.tree(form, axis, (length, usize::try_from(k).unwrap_or(usize::MAX)), how)?,
            Policy::Sequential => self.one_by_one(form, axis, length, how)?,
            Policy::Blocked(k) => self.blocks(form, axis, (length, usize::try_from(k).unwrap_or(usize::MAX)), how)?,
            Policy::Exact => self.grouped(form, axis, &[(0..length).collect()])?,
        };
        self.single(&sum, axis)
    }

    fn tree(
        &mut self,
        form: &Form,
        axis: usize,
        (mut length, k): (usize, usize),
        how: &Accumulation,
    ) -> Result<Form, CircuitError> {
        let mut sum = form.clone();
        while length > 1 {
            let places: Vec<usize> = (0..length).collect();
            let groups: Vec<Vec<usize>> = places.chunks(k).map(<[usize]>::to_vec).collect();
            length = groups.len();
            sum = self.grouped(&sum, axis, &groups)?;
            sum = self.rounded_sum(&sum, how)?;
        }
        Ok(sum)
    }

    fn one_by_one(
        &mut self,
        form: &Form,
        axis: usize,
        length: usize,
        how: &Accumulation,
    ) -> Result<Form, CircuitError> {
        let mut sum = self.grouped(form, axis, &[vec![0]])?;
        for place in 1..length {
            let next = self.grouped(form, axis, &[vec![place]])?;
            sum = self.add(&sum, &next)?;
            sum = self.rounded_sum(&sum, how)?;
        }
        Ok(sum)
    }

    fn blocks(
        &mut self,
        form: &Form,
        axis: usize,
        (length, k): (usize, usize),
        how: &Accumulation,
    ) -> Result<Form, CircuitError> {
        let k = k.min(length);
        let starts: Vec<usize> = (0..length).step_by(k).collect();
        let nth = |place: usize| -> Vec<Vec<usize>> {
            starts.iter().map(|start| Some(start + place).filter(|at| *at < length).into_iter().collect()).collect()
        };
        let mut sums = self.grouped(form, axis, &nth(0))?;
        for place in 1..k {
            let next = self.grouped(form, axis, &nth(place))?;
            sums = self.add(&sums, &next)?;
            sums = self.rounded_sum(&sums, how)?;
        }
        self.one_by_one(&sums, axis, starts.len(), how)
    }

    fn rounded_sum(&mut self, sum: &Form, how: &Accumulation) -> Result<Form, CircuitError> {
        let word = self.store(sum, &Stored { function: Function::Identity, format: how.format })?;
        Ok(Form { array: self.value(&word)?, unit: unit_of(how.format.fraction()) })
    }

    /// Exact sums of the elements at some places of an axis, one for each list of places.
    fn grouped(&mut self, form: &Form, axis: usize, groups: &[Vec<usize>]) -> Result<Form, CircuitError> {
        let mut shape = self.shape(form.array);
        let rank = shape.len();
        let length = std::mem::replace(&mut shape[axis], Size::fixed(groups.len() as u64));
        let row = |group: &Vec<usize>| {
            let mut row = vec![0i64; length.value as usize];
            group.iter().for_each(|place| row[*place] = 1);
            row
        };
        let table = self.builder.table(Table::small(groups.iter().flat_map(row).collect::<Vec<_>>()));
        let coef = Coef::table(table, Index::strided([(axis, length.value as i64), (rank, 1)]));
        let mut index = Index::identity(rank);
        index[axis] = Index::axis(rank);
        let term = Term::new(form.array, index).over(vec![length]).times(coef);
        Ok(Form { array: self.affine(shape, None, vec![term], vec![])?, unit: form.unit.clone() })
    }

    /// Without an axis of length one.
    fn single(&mut self, form: &Form, axis: usize) -> Result<Form, CircuitError> {
        let mut shape = self.shape(form.array);
        shape.remove(axis);
        let mut index = Index::identity(shape.len());
        index.insert(axis, Index::at(0));
        let array = self.affine(shape, None, vec![Term::new(form.array, index)], vec![])?;
        Ok(Form { array, unit: form.unit.clone() })
    }

    /// `x - mean`, the mean that of the accumulated sum over the last axis.
    ///
    /// # Errors
    /// Never for a form of this circuit.
    pub fn centre_by(&mut self, form: &Form, how: &Accumulation) -> Result<Form, CircuitError> {
        let shape = self.shape(form.array);
        let last = shape.len() - 1;
        let sum = self.accumulate(form, last, how)?;
        let mean = sum.unit / Rational::from_integer(shape[last].value.into());
        let unit = common_unit(&form.unit, &mean);
        let own = Term::new(form.array, Index::identity(last + 1)).by((&form.unit / &unit).to_integer());
        let less = Term::new(sum.array, Index::identity(last)).by(-(mean / &unit).to_integer());
        let array = self.affine(shape, None, vec![own, less], vec![])?;
        Ok(Form { array, unit })
    }
}
