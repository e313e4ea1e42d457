//! The transition monoid of an automaton, element by element; must not know groups.
//!
//! Elements are products of letters, the identity among them, each stored as the row of its values. Letters that are products of others
//! already are left out, so the work is elements times the letters that are left.

use super::automaton::Automaton;
use super::rows::{Cell, Rows};

/// How far elements are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most elements of the monoid, and the most images.
    pub elements: usize,
    /// The most bytes either may take.
    pub bytes: usize,
}

impl Default for Limits {
    /// A million elements in a quarter of a GiB.
    fn default() -> Self {
        Self { elements: 1_000_000, bytes: 256 << 20 }
    }
}

/// What was found of a monoid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// Elements found.
    pub elements: usize,
    /// Whether these are all.
    pub complete: bool,
    /// Letters that are no products of those before them.
    pub generators: usize,
    /// Elements that equal their square.
    pub idempotents: usize,
    /// A word whose powers never end in a fixed point, if one was found.
    pub periodic: Option<Vec<u32>>,
}

/// Lists the monoid.
pub fn close(automaton: &Automaton, limits: Limits, progress: &mut dyn FnMut(usize)) -> Closure {
    match automaton.states() {
        0..=0x100 => Listing::<u8>::new(automaton, limits).run(progress),
        0x101..=0x1_0000 => Listing::<u16>::new(automaton, limits).run(progress),
        _ => Listing::<u32>::new(automaton, limits).run(progress),
    }
}

struct Listing<C> {
    states: usize,
    maps: Vec<Vec<C>>,
    rows: Rows<C>,
    /// Of each element but the first, the element and the letter it is the product of.
    made: Vec<(u32, u32)>,
    most: usize,
}

impl<C: Cell> Listing<C> {
    fn new(automaton: &Automaton, limits: Limits) -> Self {
        let narrow = |map: &Vec<u32>| map.iter().map(|state| C::of(*state as usize)).collect();
        let bytes = automaton.states() * size_of::<C>() + 16;
        Self {
            states: automaton.states(),
            maps: automaton.maps().iter().map(narrow).collect(),
            rows: Rows::new(automaton.states()),
            made: Vec::new(),
            most: limits.elements.min(limits.bytes / bytes).clamp(1, u32::MAX as usize - 1),
        }
    }

    fn run(mut self, progress: &mut dyn FnMut(usize)) -> Closure {
        let identity: Vec<C> = (0..self.states).map(C::of).collect();
        self.rows.insert(&identity);
        self.made.push((0, 0));
        let mut used: Vec<u32> = Vec::new();
        let mut complete = true;
        for letter in self.by_rank() {
            if self.rows.contains(&self.maps[letter as usize]) {
                continue;
            }
            used.push(letter);
            complete = self.extend(&used, progress);
            if !complete {
                break;
            }
        }
        self.told(used.len(), complete)
    }

    /// Letters with large images first: those with small ones are often products of them.
    fn by_rank(&self) -> Vec<u32> {
        let rank = |letter: &u32| {
            let mut image: Vec<usize> = self.maps[*letter as usize].iter().map(|cell| cell.number()).collect();
            image.sort_unstable();
            image.dedup();
            std::cmp::Reverse(image.len())
        };
        let mut letters: Vec<u32> = (0..self.maps.len() as u32).collect();
        letters.sort_by_key(rank);
        letters
    }

    /// Closes the elements under the letters, the last of which is new; whether there was room.
    fn extend(&mut self, used: &[u32], progress: &mut dyn FnMut(usize)) -> bool {
        let old = self.rows.len();
        let mut row = self.rows.row(0).to_vec();
        let mut element = 0;
        while element < self.rows.len() {
            let letters = if element < old { &used[used.len() - 1..] } else { used };
            for letter in letters {
                let map = &self.maps[*letter as usize];
                row.clear();
                row.extend(self.rows.row(element).iter().map(|state| map[state.number()]));
                if self.rows.len() < self.most {
                    if self.rows.insert(&row).1 {
                        self.made.push((element as u32, *letter));
                    }
                } else if !self.rows.contains(&row) {
                    return false;
                }
            }
            if element % 1024 == 0 {
                progress(self.rows.len());
            }
            element += 1;
        }
        true
    }

    fn told(&self, generators: usize, complete: bool) -> Closure {
        let mut seen = vec![0; self.states];
        let periodic = (0..self.rows.len()).find(|element| has_cycle(self.rows.row(*element), &mut seen, *element));
        let idempotent = |row: &[C]| row.iter().all(|state| row[state.number()] == *state);
        let idempotents = (0..self.rows.len()).filter(|element| idempotent(self.rows.row(*element))).count();
        let periodic = periodic.map(|element| self.word(element));
        Closure { elements: self.rows.len(), complete, generators, idempotents, periodic }
    }

    fn word(&self, mut element: usize) -> Vec<u32> {
        let mut word = Vec::new();
        while element != 0 {
            let (before, letter) = self.made[element];
            word.push(letter);
            element = before as usize;
        }
        word.reverse();
        word
    }
}

/// Whether a map has a cycle of two or more states. `seen` holds marks of earlier calls, which had other numbers.
fn has_cycle<C: Cell>(row: &[C], seen: &mut [u64], call: usize) -> bool {
    let base = call as u64 * row.len() as u64;
    (0..row.len()).any(|start| {
        let mark = base + start as u64 + 1;
        let mut at = start;
        while seen[at] <= base {
            seen[at] = mark;
            at = row[at].number();
        }
        seen[at] == mark && row[at].number() != at
    })
}
