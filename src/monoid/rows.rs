//! Rows of small numbers, each kept once: flat storage with an index by content; must not know what a row means.

/// A small number: as narrow as the greatest entry allows.
pub(super) trait Cell: Copy + Eq {
    /// The number as a cell; it fits by the choice of the type.
    fn of(number: usize) -> Self;
    /// The number.
    fn number(self) -> usize;
}

macro_rules! cell {
    ($type:ty) => {
        impl Cell for $type {
            fn of(number: usize) -> Self {
                number as Self
            }

            fn number(self) -> usize {
                self as usize
            }
        }
    };
}

cell!(u8);
cell!(u16);
cell!(u32);
cell!(u64);

/// An index that is not taken.
const EMPTY: u32 = u32::MAX;

/// Distinct rows of one length, numbered in the order they came.
pub(super) struct Rows<C> {
    width: usize,
    cells: Vec<C>,
    /// Open addressing, at most half full: row numbers or [`EMPTY`].
    table: Vec<u32>,
}

impl<C: Cell> Rows<C> {
    /// No rows yet, of this length, which is at least 1.
    pub fn new(width: usize) -> Self {
        Self { width, cells: Vec::new(), table: vec![EMPTY; 16] }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cells.len() / self.width
    }

    /// One row.
    pub fn row(&self, number: usize) -> &[C] {
        &self.cells[number * self.width..(number + 1) * self.width]
    }

    /// Whether the row is there.
    pub fn contains(&self, row: &[C]) -> bool {
        self.table[self.slot(row)] != EMPTY
    }

    /// The row's number, and whether it is new.
    pub fn insert(&mut self, row: &[C]) -> (usize, bool) {
        let slot = self.slot(row);
        if self.table[slot] != EMPTY {
            return (self.table[slot] as usize, false);
        }
        let number = self.len();
        self.table[slot] = number as u32;
        self.cells.extend_from_slice(row);
        if 2 * self.len() > self.table.len() {
            self.grow();
        }
        (number, true)
    }

    /// Where the row is, or would be.
    fn slot(&self, row: &[C]) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = hash(row) & mask;
        while self.table[slot] != EMPTY && self.row(self.table[slot] as usize) != row {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.table = vec![EMPTY; 2 * self.table.len()];
        for number in 0..self.len() {
            let slot = self.slot(self.row(number));
            self.table[slot] = number as u32;
        }
    }
}

/// Multiply and rotate, with the high bits folded into the low ones that are used.
fn hash<C: Cell>(row: &[C]) -> usize {
    let mix = |hash: u64, cell: &C| (hash.rotate_left(5) ^ cell.number() as u64).wrapping_mul(0x517c_c1b7_2722_0a95);
    let hash = row.iter().fold(0, mix);
    (hash ^ hash >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_once_in_order() {
        let mut rows = Rows::<u16>::new(2);
        let mut known = std::collections::HashMap::new();
        for number in 0..5000usize {
            let row = [u16::of(number * number % 97), u16::of(number % 13)];
            let next = known.len();
            let expected = *known.entry(row).or_insert(next);
            assert!(rows.contains(&row) == (expected != next || known.len() == next));
            assert_eq!(rows.insert(&row), (expected, expected == next && known.len() > next));
            assert_eq!(rows.row(expected), row);
        }
        assert_eq!(rows.len(), known.len());
        assert!(!rows.contains(&[100, 0]));
    }
}
