//! A checker of DRAT proofs: unit propagation with two watched literals, forward; must not know solvers, circuits or what a formula says.
//!
//! A proof is a list of lemmas and deletions, in the text form of DRAT. A lemma holds if assuming its negation leads to a conflict by unit
//! propagation (RUP), or if that is so of each of its resolvents on its first literal (RAT; Heule, Hunt and Wetzler 2013), which keeps a
//! formula satisfiable that was. Deletions of clauses that a value rests on are passed over, as are those of clauses that are not there:
//! what stays only makes the test of a lemma by resolvents stricter, and gives the others more to build on.

use std::collections::HashMap;

use thiserror::Error;

/// Why a proof was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// Text that is no proof.
    #[error("line {0} of the proof is no clause: integers that end in 0, with variables of the formula only")]
    Syntax(usize),
    /// A lemma that does not follow.
    #[error("line {0} of the proof does not follow")]
    Lemma(usize),
    /// No contradiction was reached.
    #[error("the proof ends without a contradiction")]
    Open,
}

/// Checks that the clauses over so many variables cannot all hold. Clauses are lists of distinct nonzero integers, none with its negation.
///
/// # Errors
/// When a line is malformed or does not follow, or there is no contradiction at the end.
pub fn check(variables: usize, clauses: &[Vec<i32>], proof: &str) -> Result<(), ProofError> {
    let mut checker = Checker::new(variables);
    clauses.iter().for_each(|clause| checker.add(clause.clone()));
    for (number, line) in proof.lines().enumerate() {
        if checker.refuted {
            break;
        }
        let (deletes, text) = line.trim().strip_prefix("d ").map_or((false, line), |rest| (true, rest));
        if text.trim().is_empty() || text.starts_with('c') {
            continue;
        }
        let clause = literals(text, variables).ok_or(ProofError::Syntax(number + 1))?;
        if deletes {
            checker.delete(&clause);
        } else if checker.follows(&clause) {
            checker.add(clause);
        } else {
            return Err(ProofError::Lemma(number + 1));
        }
    }
    if checker.refuted { Ok(()) } else { Err(ProofError::Open) }
}

/// The literals of a line, the first of them first, without repetition.
fn literals(text: &str, variables: usize) -> Option<Vec<i32>> {
    let numbers = text.split_whitespace().map(|word| word.parse::<i32>().ok()).collect::<Option<Vec<i32>>>()?;
    let (end, numbers) = numbers.split_last()?;
    let fits = |literal: &i32| *literal != 0 && literal.unsigned_abs() as usize <= variables;
    if *end != 0 || !numbers.iter().all(fits) {
        return None;
    }
    let mut distinct: Vec<i32> = Vec::with_capacity(numbers.len());
    for literal in numbers {
        if !distinct.contains(literal) {
            distinct.push(*literal);
        }
    }
    Some(distinct)
}

#[derive(Default)]
struct Checker {
    /// The first two literals of a clause of two or more are watched. An empty one is deleted.
    clauses: Vec<Vec<i32>>,
    /// Clauses by their sorted literals.
    places: HashMap<Vec<i32>, Vec<usize>>,
    /// By literal: clauses that watch it.
    watches: Vec<Vec<usize>>,
    /// By variable: 1, -1, or 0 where nothing is known.
    values: Vec<i8>,
    /// By variable: the clause its value rests on.
    reasons: Vec<Option<usize>>,
    /// What is true, in the order it was found; the part up to `done` has been propagated.
    trail: Vec<i32>,
    done: usize,
    refuted: bool,
}

fn index(literal: i32) -> usize {
    2 * literal.unsigned_abs() as usize + usize::from(literal < 0)
}

fn sorted(clause: &[i32]) -> Vec<i32> {
    let mut key = clause.to_vec();
    key.sort_unstable();
    key
}

impl Checker {
    fn new(variables: usize) -> Self {
        Self {
            watches: vec![Vec::new(); 2 * variables + 2],
            values: vec![0; variables + 1],
            reasons: vec![None; variables + 1],
            ..Self::default()
        }
    }

    fn value(&self, literal: i32) -> i8 {
        let value = self.values[literal.unsigned_abs() as usize];
        if literal < 0 { -value } else { value }
    }

    fn assign(&mut self, literal: i32, reason: Option<usize>) {
        let variable = literal.unsigned_abs() as usize;
        self.values[variable] = if literal < 0 { -1 } else { 1 };
        self.reasons[variable] = reason;
        self.trail.push(literal);
    }

    /// Adds a clause for good and propagates what it makes known.
    fn add(&mut self, mut clause: Vec<i32>) {
        self.places.entry(sorted(&clause)).or_default().push(self.clauses.len());
        // True literals first, false ones last.
        clause.sort_by_key(|literal| -self.value(*literal));
        let place = self.clauses.len();
        clause
            .iter()
            .take(2)
            .filter(|_| clause.len() > 1)
            .for_each(|literal| self.watches[index(*literal)].push(place));
        let known = |at: usize| clause.get(at).map_or(-1, |literal| self.value(*literal));
        let (first, second) = (known(0), known(1));
        let unit = (first == 0 && second < 0).then(|| clause[0]);
        self.clauses.push(clause);
        if let Some(literal) = unit {
            self.assign(literal, Some(place));
        }
        self.refuted |= first < 0 || !self.propagate();
    }

    /// Deletes a clause, unless a value rests on it or it is not there.
    fn delete(&mut self, clause: &[i32]) {
        let Some(places) = self.places.get_mut(&sorted(clause)) else { return };
        let Some(place) = places.pop() else { return };
        let reason = |literal: &i32| self.reasons[literal.unsigned_abs() as usize] == Some(place);
        if clause.iter().any(reason) {
            places.push(place);
        } else {
            self.clauses[place].clear();
        }
    }

    /// Propagates; whether there was no conflict.
    fn propagate(&mut self) -> bool {
        while let Some(&literal) = self.trail.get(self.done) {
            self.done += 1;
            let false_one = index(-literal);
            let mut watching = std::mem::take(&mut self.watches[false_one]);
            let mut conflict = false;
            watching.retain(|&place| conflict || self.visit(place, -literal, &mut conflict));
            self.watches[false_one].append(&mut watching);
            if conflict {
                return false;
            }
        }
        true
    }

    /// A clause one of whose watched literals became false; whether it goes on watching it.
    fn visit(&mut self, place: usize, literal: i32, conflict: &mut bool) -> bool {
        let mut clause = std::mem::take(&mut self.clauses[place]);
        let stays = match clause.get(1) {
            None => false,
            Some(_) => {
                if clause[0] == literal {
                    clause.swap(0, 1);
                }
                let other = (2..clause.len()).find(|at| self.value(clause[*at]) >= 0);
                match (self.value(clause[0]), other) {
                    (1, _) => true,
                    (_, Some(at)) => {
                        clause.swap(1, at);
                        self.watches[index(clause[1])].push(place);
                        false
                    }
                    (0, None) => {
                        self.assign(clause[0], Some(place));
                        true
                    }
                    (_, None) => {
                        *conflict = true;
                        true
                    }
                }
            }
        };
        self.clauses[place] = clause;
        stays
    }

    /// Assumes the negations of literals; whether that is a conflict.
    fn contradicts<'a>(&mut self, literals: impl IntoIterator<Item = &'a i32>) -> bool {
        for literal in literals {
            match self.value(*literal) {
                1 => return true,
                0 => self.assign(-literal, None),
                _ => {}
            }
        }
        !self.propagate()
    }

    fn undo(&mut self, kept: usize) {
        for literal in self.trail.drain(kept..) {
            let variable = literal.unsigned_abs() as usize;
            self.values[variable] = 0;
            self.reasons[variable] = None;
        }
        self.done = kept;
    }

    /// Whether a lemma follows by propagation, or its resolvents on its first literal do.
    fn follows(&mut self, lemma: &[i32]) -> bool {
        let kept = self.trail.len();
        let holds = self.contradicts(lemma) || lemma.first().is_some_and(|pivot| self.resolvents_follow(*pivot));
        self.undo(kept);
        holds
    }

    /// Whether, with the negation of a lemma assumed, its resolvents on the pivot with every clause follow.
    fn resolvents_follow(&mut self, pivot: i32) -> bool {
        (0..self.clauses.len()).all(|place| {
            if !self.clauses[place].contains(&-pivot) {
                return true;
            }
            let rest: Vec<i32> = self.clauses[place].iter().copied().filter(|literal| *literal != -pivot).collect();
            let kept = self.trail.len();
            let holds = self.contradicts(&rest);
            self.undo(kept);
            holds
        })
    }
}
