//! The parts and multipliers of the banks that have them; must not know what the parts sum.

/// The banks that are scaled, in order; few banks are, so that the others store nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scales {
    /// The place of each scaled bank among all banks.
    pub(super) bank: Vec<u32>,
    /// The first part of each scaled bank, and the number of parts.
    pub(super) first_part: Vec<u64>,
    /// The end of each part, counted from the first wire of its bank.
    pub(super) part_end: Vec<u64>,
    /// The first multiplier of each scaled bank; a bank with the multipliers of the one before it shares them.
    pub(super) first_multiplier: Vec<u64>,
    /// The multipliers, as stored: for each gate of a bank one a part.
    pub(super) multipliers: Vec<i64>,
}

impl Default for Scales {
    fn default() -> Self {
        Self {
            bank: Vec::new(),
            first_part: vec![0],
            part_end: Vec::new(),
            first_multiplier: Vec::new(),
            multipliers: Vec::new(),
        }
    }
}

/// What a scaled bank has beside its wires and thresholds; empty for other banks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale<'a> {
    /// The end of each part, counted from the first wire of the bank.
    pub(super) ends: &'a [u64],
    /// For each gate one multiplier a part.
    pub(super) multipliers: &'a [i64],
}

impl Scales {
    /// Adds a scaled bank; its multipliers are those from `from` on, unless the scaled bank before it has the same.
    pub(super) fn push(&mut self, bank: u32, ends: &[u64], from: usize) {
        let before = self.first_multiplier.last().map_or(from, |&start| start as usize);
        let (old, new) = self.multipliers.split_at(from);
        let same = old.get(before..before + new.len()).is_some_and(|old| old == new);
        if same {
            self.multipliers.truncate(from);
        }
        self.first_multiplier.push(if same { before } else { from } as u64);
        self.bank.push(bank);
        self.part_end.extend_from_slice(ends);
        self.first_part.push(self.part_end.len() as u64);
    }

    /// Of the scaled bank at a place among the scaled ones, which has that many gates.
    pub(super) fn at(&self, place: usize, gates: usize) -> Scale<'_> {
        let ends = &self.part_end[self.first_part[place] as usize..self.first_part[place + 1] as usize];
        let multipliers = &self.multipliers[self.first_multiplier[place] as usize..][..ends.len() * gates];
        Scale { ends, multipliers }
    }

    /// Of any bank.
    pub(super) fn of(&self, bank: usize, gates: usize) -> Scale<'_> {
        let found = self.bank.binary_search_by(|&scaled| (scaled as usize).cmp(&bank));
        found.map_or(Scale::default(), |place| self.at(place, gates))
    }

    /// Reads what [`Scales::of`] tells of one bank after another, without a search.
    #[inline]
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { scales: self, place: 0, next: self.bank.first().copied() }
    }

    pub(super) fn stored_bytes(&self) -> usize {
        size_of_val(&*self.bank)
            + size_of_val(&self.first_part[1..])
            + size_of_val(&*self.part_end)
            + size_of_val(&*self.first_multiplier)
            + size_of_val(&*self.multipliers)
    }

    /// What is wrong with these tables, beside banks of the given first gates and first wires, if something is.
    pub(super) fn fault(&self, first_gate: &[u32], wires: &[u64]) -> Option<&'static str> {
        let ordered = self.bank.is_sorted_by(|a, b| a < b);
        if !ordered || self.bank.last().is_some_and(|&last| last as usize + 1 >= wires.len()) {
            return Some("its scaled banks are out of order");
        }
        let counted = self.first_part[0] == 0 && self.first_part.last() == Some(&(self.part_end.len() as u64));
        if !counted || !self.first_part.is_sorted_by(|a, b| a < b) {
            return Some("its parts are out of order");
        }
        (0..self.bank.len()).find_map(|place| self.fault_at(place, first_gate, wires))
    }

    fn fault_at(&self, place: usize, first_gate: &[u32], wires: &[u64]) -> Option<&'static str> {
        let bank = self.bank[place] as usize;
        let ends = &self.part_end[self.first_part[place] as usize..self.first_part[place + 1] as usize];
        let whole = ends.last() == Some(&(wires[bank + 1] - wires[bank])) && ends.is_sorted();
        if !whole || u32::try_from(ends.len()).is_err() {
            return Some("the parts of a bank are not its wires");
        }
        let gates = u64::from(first_gate[bank + 1] - first_gate[bank]);
        // Both are below 2^32.
        let end = self.first_multiplier[place].checked_add(gates * ends.len() as u64);
        end.is_none_or(|end| end > self.multipliers.len() as u64).then_some("multipliers are missing")
    }
}

/// A place among the banks.
pub(super) struct Cursor<'a> {
    scales: &'a Scales,
    place: usize,
    next: Option<u32>,
}

impl<'a> Cursor<'a> {
    /// Of a bank, none of those asked for before coming after it.
    #[inline]
    pub(super) fn of(&mut self, bank: u32, gates: usize) -> Scale<'a> {
        if self.next == Some(bank) { self.step(gates) } else { Scale::default() }
    }

    #[cold]
    fn step(&mut self, gates: usize) -> Scale<'a> {
        let scale = self.scales.at(self.place, gates);
        self.place += 1;
        self.next = self.scales.bank.get(self.place).copied();
        scale
    }
}
