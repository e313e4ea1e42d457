//! What the rounded step of a program really does on a few states: which bits of the data its result rests on, parities, inner products; all
//! by witnesses. Must not know circuits.
//!
//! What is found holds for every number of steps: a data value that changes nothing stands for all other steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::monoid::step::{Letter, Reader, StepError};
use crate::number::Rational;

/// Data values that are tried.
const MOST_LETTERS: usize = 512;

/// Idle data values that are looked at from one state.
const MOST_IDLE: usize = 32;

/// Data values that are tried as turns of inner products.
const MOST_TURNS: usize = 24;

/// Steps after which a change has come to rest, or is not counted.
const MOST_SETTLING: usize = 64;

/// Readings of the step in one search, times the numbers of a step.
const MOST_WORK: usize = 400_000;

/// A bit of a number, the number by its place.
type Bit = (usize, u32);

/// A state of a step: places of the values it carries.
type State = Vec<u32>;

/// Bits of one step's data that a bit of the final weights rests on, whichever step it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// Steps before the state from which the witnesses are.
    pub after: u64,
    /// Bits of each step after these.
    pub bits: u64,
    /// Bits of each step there are.
    pub of: u64,
    /// The witness, in words.
    pub evidence: String,
}

/// A choice of two data values for each step, under which the final weights tell a parity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parity {
    /// Steps before the first of them.
    pub after: u64,
    /// The witness, in words.
    pub evidence: String,
}

/// Blocks of steps, each of a pair of bits, under which the final weights tell their inner product modulo 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerProduct {
    /// Steps before the first block.
    pub after: u64,
    /// Steps of a block.
    pub block: u64,
    /// The witness, in words.
    pub evidence: String,
}

/// A step, the states it is looked at from, and the data values that are tried.
pub struct Probe<'s> {
    reader: &'s Reader<'s>,
    /// How many of the numbers of a state are given out at the end.
    outputs: usize,
    letters: Vec<Letter>,
    /// States, each with the steps that lead to it.
    from: Vec<(State, u64)>,
    known: HashMap<(State, usize), State>,
    /// Readings that are left in this search.
    left: usize,
}

/// Why a search ended early.
enum Stop {
    /// It has had its readings.
    Spent,
    /// The step cannot be read.
    Step(StepError),
}

impl From<StepError> for Stop {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

/// What a search found until it ended.
fn ended<T>(searched: Result<T, Stop>, so_far: T) -> Result<T, StepError> {
    match searched {
        Ok(found) => Ok(found),
        Err(Stop::Spent) => Ok(so_far),
        Err(Stop::Step(error)) => Err(error),
    }
}

impl<'s> Probe<'s> {
    /// A step from this start, or from some states of all where it comes from outside.
    ///
    /// # Errors
    /// When the step cannot be read.
    pub fn new(reader: &'s Reader<'s>, start: Option<State>, outputs: usize) -> Result<Self, StepError> {
        let letters = candidates(reader);
        let mut probe = Self { reader, outputs, letters, from: Vec::new(), known: HashMap::new(), left: 0 };
        match start {
            Some(start) => {
                probe.from.push((start.clone(), 0));
                probe.begin();
                ended(probe.prefixed(&start), ())?;
            }
            None => probe.from.extend(probe.any_states().into_iter().map(|state| (state, 0))),
        }
        Ok(probe)
    }

    /// States one step further.
    fn prefixed(&mut self, start: &State) -> Result<(), Stop> {
        for letter in 0..self.letters.len().min(MOST_IDLE) {
            let state = self.next(start, letter)?;
            if self.from.iter().all(|(known, _)| *known != state) {
                self.from.push((state, 1));
            }
        }
        Ok(())
    }

    /// Zeros, and values all different where there are enough.
    fn any_states(&self) -> Vec<State> {
        let zero = |values: &[Rational]| values.binary_search(&Rational::default()).unwrap_or(0) as u32;
        let each = self.reader.coordinates().iter().enumerate();
        let state = |shift: usize| {
            let place = |(number, coordinate): (usize, &crate::monoid::step::Coordinate)| {
                (zero(&coordinate.values) + ((number + 1) * shift) as u32) % coordinate.values.len() as u32
            };
            each.clone().map(place).collect()
        };
        vec![state(1), state(0)]
    }

    /// A search begins.
    fn begin(&mut self) {
        self.left = MOST_WORK / (self.reader.coordinates().len() + self.reader.inputs().len()).max(1);
    }

    fn next(&mut self, state: &State, letter: usize) -> Result<State, Stop> {
        if let Some(next) = self.known.get(&(state.clone(), letter)) {
            return Ok(next.clone());
        }
        let next = self.read(state, &self.letters[letter].clone())?;
        self.known.insert((state.clone(), letter), next.clone());
        Ok(next)
    }

    fn read(&mut self, state: &State, letter: &Letter) -> Result<State, Stop> {
        self.left = self.left.checked_sub(1).ok_or(Stop::Spent)?;
        Ok(self.reader.next(state, letter)?)
    }

    /// Tried values that leave a state as it is.
    fn idle(&mut self, state: &State, most: usize) -> Result<Vec<usize>, Stop> {
        let mut idle = Vec::new();
        for letter in 0..self.letters.len() {
            if idle.len() < most && self.next(state, letter)? == *state {
                idle.push(letter);
            }
        }
        Ok(idle)
    }

    /// The most bits of one step that one bit of the final weights is seen to rest on.
    ///
    /// # Errors
    /// When the step cannot be read.
    pub fn dependence(&mut self) -> Result<Option<Dependence>, StepError> {
        self.begin();
        let mut best = None;
        let searched = self.most_bits(&mut best);
        ended(searched, ())?;
        Ok(best)
    }

    fn most_bits(&mut self, best: &mut Option<Dependence>) -> Result<(), Stop> {
        for (state, after) in self.from.clone() {
            let witnessed = self.witnessed(&state)?;
            let Some((output, bits)) = witnessed.into_iter().max_by_key(|(_, bits)| bits.len()) else { continue };
            if best.as_ref().is_none_or(|best| bits.len() as u64 > best.bits) {
                let evidence = format!(
                    "at {}, for each of {} bits of a step's data there is a value that changes nothing, but changes bit {} of `{}` for good \
                     when that bit of it is flipped",
                    self.told(&state),
                    bits.len(),
                    output.1,
                    self.reader.coordinates()[output.0].name
                );
                *best = Some(Dependence { after, bits: bits.len() as u64, of: self.bits(), evidence });
            }
        }
        Ok(())
    }

    fn bits(&self) -> u64 {
        self.reader.inputs().iter().map(|input| u64::from(input.values.len().ilog2())).sum()
    }

    /// For each bit of the weights, the data bits that were seen to change it for good.
    fn witnessed(&mut self, state: &State) -> Result<BTreeMap<Bit, BTreeSet<Bit>>, Stop> {
        let mut witnessed: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for idle in self.idle(state, MOST_IDLE)? {
            let rest = self.letters[idle].clone();
            for input in 0..rest.places.len() {
                for bit in 0..bits_of(self.reader.inputs()[input].values.len()) {
                    let mut flipped = rest.clone();
                    // Levels in two's complement differ from places by their highest bit only.
                    flipped.places[input] ^= 1 << bit;
                    let after = self.read(state, &flipped)?;
                    for output in self.changed_for_good(state, after, idle)? {
                        witnessed.entry(output).or_default().insert((input, bit));
                    }
                }
            }
        }
        Ok(witnessed)
    }

    /// The bits of the weights in which a state differs from `rest`, now and however often the idle data value is taken in.
    fn changed_for_good(&mut self, rest: &State, mut state: State, idle: usize) -> Result<Vec<Bit>, Stop> {
        let mut changed = self.changed(rest, &state);
        let mut seen = BTreeSet::new();
        while !changed.is_empty() && seen.insert(state.clone()) {
            if seen.len() > MOST_SETTLING {
                return Ok(Vec::new());
            }
            state = self.next(&state, idle)?;
            let still = self.changed(rest, &state);
            changed.retain(|bit| still.contains(bit));
        }
        Ok(changed)
    }

    /// The bits of the weights in which two states differ, of those whose values are all patterns of some bits.
    fn changed(&self, a: &State, b: &State) -> Vec<Bit> {
        let coordinates = self.reader.coordinates();
        let coded = (0..self.outputs).filter(|place| bits_of(coordinates[*place].values.len()) > 0);
        let differ = coded.map(|place| (place, a[place] ^ b[place]));
        let bits =
            |(place, bits): (usize, u32)| (0..32).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| (place, bit));
        differ.flat_map(bits).collect()
    }

    /// Two data values, one of which changes nothing and the other swaps two states whose weights differ.
    ///
    /// # Errors
    /// When the step cannot be read.
    pub fn parity(&mut self) -> Result<Option<Parity>, StepError> {
        self.begin();
        ended(self.find_parity(), None)
    }

    fn find_parity(&mut self) -> Result<Option<Parity>, Stop> {
        for (state, after) in self.from.clone() {
            let idle = self.idle(&state, MOST_LETTERS)?;
            for turn in 0..self.letters.len() {
                let other = self.next(&state, turn)?;
                if other[..self.outputs] == state[..self.outputs] || self.next(&other, turn)? != state {
                    continue;
                }
                for rest in &idle {
                    if self.next(&other, *rest)? == other {
                        let (rest, turn) = (self.letter(*rest), self.letter(turn));
                        let (a, b) = (self.told(&state), self.told(&other));
                        let evidence = format!("{rest} leaves {a} and {b} as they are; {turn} swaps them");
                        return Ok(Some(Parity { after, evidence }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Two turns r and s of which `r^a s^b r^a s^b` changes nothing unless a = b = 1, and then swaps two states whose weights differ;
    /// s may take two steps.
    ///
    /// # Errors
    /// When the step cannot be read.
    pub fn inner_product(&mut self) -> Result<Option<InnerProduct>, StepError> {
        self.begin();
        ended(self.find_inner_product(), None)
    }

    fn find_inner_product(&mut self) -> Result<Option<InnerProduct>, Stop> {
        for (state, after) in self.from.clone() {
            let Some(rest) = self.idle(&state, 1)?.first().copied() else { continue };
            let turns = self.turns(&state)?;
            for r in &turns {
                for s in pairs(&turns) {
                    if let Some(other) = self.commutes(&state, rest, *r, &s)? {
                        let names: Vec<String> = s.iter().map(|letter| self.letter(*letter)).collect();
                        let evidence = format!(
                            "with r = {} and s = {}, blocks r^a s^b r^a s^b swap {} and {} where a = b = 1 and change nothing else",
                            self.letter(*r),
                            names.join(", "),
                            self.told(&state),
                            self.told(&other)
                        );
                        let block = 2 + 2 * s.len() as u64;
                        return Ok(Some(InnerProduct { after, block, evidence }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Data values that are their own inverses on a state and where others lead from it, one of each kind.
    fn turns(&mut self, state: &State) -> Result<Vec<usize>, Stop> {
        let mut near: Vec<State> = vec![state.clone()];
        for letter in 0..self.letters.len() {
            let next = self.next(state, letter)?;
            if near.len() < 8 && !near.contains(&next) && self.next(&next, letter)? == *state {
                near.push(next);
            }
        }
        let (mut turns, mut kinds) = (Vec::new(), BTreeSet::new());
        for letter in 0..self.letters.len() {
            let mut kind = Vec::with_capacity(near.len());
            for state in &near {
                let next = self.next(state, letter)?;
                if self.next(&next, letter)? == *state {
                    kind.push(next);
                }
            }
            if kind.len() == near.len() && kind != near && turns.len() < MOST_TURNS && kinds.insert(kind) {
                turns.push(letter);
            }
        }
        Ok(turns)
    }

    /// The state that the block with both bits swaps with this one, if it does and the other blocks change neither.
    fn commutes(&mut self, state: &State, rest: usize, r: usize, s: &[usize]) -> Result<Option<State>, Stop> {
        let other = self.block(state, rest, r, s, (true, true))?;
        if other[..self.outputs] == state[..self.outputs] || self.block(&other, rest, r, s, (true, true))? != *state {
            return Ok(None);
        }
        for bits in [(false, false), (false, true), (true, false)] {
            for from in [state, &other] {
                if self.block(from, rest, r, s, bits)? != *from {
                    return Ok(None);
                }
            }
        }
        Ok(Some(other))
    }

    fn block(&mut self, state: &State, rest: usize, r: usize, s: &[usize], bits: (bool, bool)) -> Result<State, Stop> {
        let mut state = state.clone();
        for _ in 0..2 {
            state = self.next(&state, if bits.0 { r } else { rest })?;
            for letter in s {
                state = self.next(&state, if bits.1 { *letter } else { rest })?;
            }
        }
        Ok(state)
    }

    /// A state in words.
    fn told(&self, state: &State) -> String {
        let values =
            state.iter().zip(self.reader.coordinates()).map(|(place, c)| c.values[*place as usize].to_string());
        format!("({})", values.collect::<Vec<_>>().join(", "))
    }

    /// A data value in words.
    fn letter(&self, letter: usize) -> String {
        let places = self.letters[letter].places.iter().zip(self.reader.inputs());
        let values = places.map(|(place, input)| input.values[*place as usize].to_string());
        format!("data ({})", values.collect::<Vec<_>>().join(", "))
    }
}

/// Single turns, then pairs of different ones.
fn pairs(turns: &[usize]) -> Vec<Vec<usize>> {
    let single = turns.iter().map(|turn| vec![*turn]);
    let double = turns.iter().flat_map(|a| turns.iter().filter(move |b| *b != a).map(move |b| vec![*a, *b]));
    single.chain(double).collect()
}

/// The bits of a format with so many values; none where these are not all patterns of so many bits, as those of floating point are not.
fn bits_of(values: usize) -> u32 {
    if values.is_power_of_two() { values.ilog2() } else { 0 }
}

/// Data values worth trying: all where they are few; else zeros, one number that is not zero, or two, one the other's negative.
fn candidates(reader: &Reader) -> Vec<Letter> {
    let inputs = reader.inputs();
    let all = inputs.iter().try_fold(1usize, |all, input| all.checked_mul(input.values.len()));
    if all.is_some_and(|all| all <= MOST_LETTERS) {
        return reader.every_value().into_iter().map(|places| Letter { example: 0, places }).collect();
    }
    let find =
        |input: usize, value: &Rational| inputs[input].values.binary_search(value).ok().map(|place| place as u32);
    let zeros: Vec<u32> = (0..inputs.len()).map(|input| find(input, &Rational::default()).unwrap_or(0)).collect();
    let mut found = vec![zeros.clone()];
    let entries = inputs.iter().enumerate().flat_map(|(input, coordinate)| {
        coordinate.values.iter().enumerate().map(move |(place, value)| (input, place as u32, value))
    });
    for (input, place, value) in entries.filter(|(_, _, value)| **value != Rational::default()) {
        let mut one = zeros.clone();
        one[input] = place;
        found.push(one.clone());
        let opposite = (input + 1..inputs.len()).filter_map(|other| Some((other, find(other, &-value)?)));
        for (other, opposite) in opposite.take(MOST_LETTERS) {
            let mut two = one.clone();
            two[other] = opposite;
            found.push(two);
        }
        if found.len() >= MOST_LETTERS {
            break;
        }
    }
    found.truncate(MOST_LETTERS);
    found.into_iter().map(|places| Letter { example: 0, places }).collect()
}
