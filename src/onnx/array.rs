//! Constant arrays and how their elements move; must not know operators, graphs or what the elements are.

/// Most elements of a constant array that is written out.
pub(super) const MOST_ENTRIES: u64 = 1 << 26;

/// Elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array<T> {
    /// The axes.
    pub shape: Vec<u64>,
    /// As many as the shape says.
    pub values: Vec<T>,
}

/// How many elements a shape has.
///
/// # Errors
/// When there are more than are written out.
pub(super) fn entries(shape: &[u64]) -> Result<usize, String> {
    let total = shape.iter().try_fold(1u64, |total, length| total.checked_mul(*length));
    match total {
        Some(total) if total <= MOST_ENTRIES => Ok(total as usize),
        _ => Err(format!("a constant of shape {shape:?} is too large; at most {MOST_ENTRIES} entries are written out")),
    }
}

/// Row-major strides.
fn strides(shape: &[u64]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as usize;
    }
    strides
}

impl<T: Clone> Array<T> {
    /// An array without axes.
    pub fn scalar(value: T) -> Self {
        Self { shape: Vec::new(), values: vec![value] }
    }

    /// An array of one axis.
    pub fn list(values: Vec<T>) -> Self {
        Self { shape: vec![values.len() as u64], values }
    }

    /// The same elements under other axes, which must have as many.
    pub fn reshaped(&self, shape: &[u64]) -> Self {
        Self { shape: shape.to_vec(), values: self.values.clone() }
    }

    /// Axis by axis of the result: which axis it is, or a new one along which all is repeated. Axes left out have length 1.
    pub fn arranged(&self, axes: &[Option<usize>], shape: &[u64]) -> Result<Self, String> {
        let own = strides(&self.shape);
        let steps: Vec<usize> = axes.iter().map(|axis| axis.map_or(0, |axis| own[axis])).collect();
        let mut values = Vec::with_capacity(entries(shape)?);
        let mut at = vec![0; shape.len()];
        let mut place = 0;
        for _ in 0..entries(shape)? {
            values.push(self.values[place].clone());
            for axis in (0..shape.len()).rev() {
                at[axis] += 1;
                place += steps[axis];
                if at[axis] < shape[axis] {
                    break;
                }
                place -= steps[axis] * shape[axis] as usize;
                at[axis] = 0;
            }
        }
        Ok(Self { shape: shape.to_vec(), values })
    }

    /// Elements at these places along an axis.
    pub fn picked(&self, axis: usize, places: &[u64]) -> Result<Self, String> {
        let mut shape = self.shape.clone();
        shape[axis] = places.len() as u64;
        let inner: usize = self.shape[axis + 1..].iter().product::<u64>() as usize;
        let row = inner * self.shape[axis] as usize;
        let mut values = Vec::with_capacity(entries(&shape)?);
        for rows in self.values.chunks(row.max(1)) {
            for place in places {
                let start = *place as usize * inner;
                values.extend_from_slice(&rows[start..start + inner]);
            }
        }
        Ok(Self { shape, values })
    }

    /// One after the other along an axis.
    pub fn joined(parts: &[&Self], axis: usize) -> Self {
        let mut shape = parts[0].shape.clone();
        shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
        let outer: usize = shape[..axis].iter().product::<u64>() as usize;
        let mut values = Vec::with_capacity(parts.iter().map(|part| part.values.len()).sum());
        for row in 0..outer {
            for part in parts {
                let length = part.values.len() / outer;
                values.extend_from_slice(&part.values[row * length..(row + 1) * length]);
            }
        }
        Self { shape, values }
    }

    /// Repeated along axes of length 1, and new ones in front, until it has this shape.
    pub fn broadcast(&self, shape: &[u64]) -> Result<Self, String> {
        self.arranged(&spread(&self.shape, shape)?, shape)
    }
}

/// Which axis of `from` each axis of `to` is, by the rule of broadcasting.
///
/// # Errors
/// When it does not fit.
pub(super) fn spread(from: &[u64], to: &[u64]) -> Result<Vec<Option<usize>>, String> {
    let lead = to.len().checked_sub(from.len()).ok_or_else(|| format!("{from:?} has more axes than {to:?}"))?;
    let axis = |place: usize| match place.checked_sub(lead) {
        None => Ok(None),
        Some(own) if from[own] == to[place] => Ok(Some(own)),
        Some(own) if from[own] == 1 => Ok(None),
        Some(_) => Err(format!("{from:?} cannot be broadcast to {to:?}")),
    };
    (0..to.len()).map(axis).collect()
}

/// The shape both are broadcast to.
///
/// # Errors
/// When they do not fit together.
pub(super) fn common(a: &[u64], b: &[u64]) -> Result<Vec<u64>, String> {
    let rank = a.len().max(b.len());
    let length = |shape: &[u64], place: usize| (place + shape.len()).checked_sub(rank).map_or(1, |own| shape[own]);
    let both = |place: usize| match (length(a, place), length(b, place)) {
        (x, y) if x == y || y == 1 => Ok(x),
        (1, y) => Ok(y),
        _ => Err(format!("shapes {a:?} and {b:?} do not fit together")),
    };
    (0..rank).map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(shape: &[u64]) -> Array<u64> {
        Array { shape: shape.to_vec(), values: (0..shape.iter().product()).collect() }
    }

    #[test]
    fn elements_stand_where_their_indices_say() {
        let x = count(&[2, 3]);
        assert_eq!(x.arranged(&[Some(1), Some(0)], &[3, 2]).unwrap().values, [0, 3, 1, 4, 2, 5]);
        assert_eq!(
            x.arranged(&[Some(0), None, Some(1)], &[2, 2, 3]).unwrap().values,
            [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]
        );
        assert_eq!(x.picked(1, &[2, 0, 2]).unwrap().values, [2, 0, 2, 5, 3, 5]);
        assert_eq!(x.picked(0, &[1]).unwrap().values, [3, 4, 5]);
        assert_eq!(Array::joined(&[&x, &x], 1).values, [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
        assert_eq!(count(&[3]).broadcast(&[2, 3]).unwrap().values, [0, 1, 2, 0, 1, 2]);
        assert_eq!(count(&[]).broadcast(&[2]).unwrap().values, [0, 0]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused_before_anything_is_made() {
        assert_eq!(common(&[2, 1, 4], &[3, 1]), Ok(vec![2, 3, 4]));
        assert!(common(&[2], &[3]).is_err() && spread(&[2, 2], &[2]).is_err());
        assert!(count(&[1]).broadcast(&[1 << 60]).is_err() && entries(&[u64::MAX, u64::MAX]).is_err());
    }
}
