//! Problems that learning is made to solve: instances, their notation, their direct solutions; must not know learning, circuits or numbers.
//!
//! What a reduction decodes is held against [`Instance::solve`], which shares no code with any reduction.

pub mod aiger;
pub mod draws;
pub mod functions;
pub mod netlist;
pub mod permutations;
pub mod words;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use draws::Draws;
use functions::Function;
use netlist::Netlist;
use permutations::Permutation;

/// Why an instance was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProblemError {
    /// Nothing was given.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Something outside the alphabet.
    #[error("position {place} of the word: `{found}` is not {wanted}")]
    Letter {
        /// Counted from 1.
        place: usize,
        /// What is there.
        found: String,
        /// The alphabet.
        wanted: &'static str,
    },
    /// More than is taken.
    #[error("the word has {letters} letters; at most {most} are taken")]
    TooLong {
        /// How many.
        letters: usize,
        /// The most.
        most: usize,
    },
    /// An image outside the points.
    #[error("function {place}: `{found}` is not a point; it lists {points} images, so its points are 0 to {}", points - 1)]
    Image {
        /// Counted from 1.
        place: usize,
        /// What is there.
        found: String,
        /// Its points.
        points: usize,
    },
    /// Functions that cannot be composed.
    #[error("function {place} is on {points} points, the first on {first}")]
    Points {
        /// Counted from 1.
        place: usize,
        /// Its points.
        points: usize,
        /// Those of the first.
        first: usize,
    },
    /// Too many points.
    #[error("a function on {points} points; at most {most} are taken")]
    ManyPoints {
        /// How many.
        points: usize,
        /// The most.
        most: usize,
    },
}

/// One instance of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instance {
    /// Is the number of ones odd?
    Parity(Vec<bool>),
    /// Is the number of common ones odd?
    InnerProduct(Vec<bool>, Vec<bool>),
    /// Which permutation is the product?
    Permutations(Vec<Permutation>),
    /// Where does the point end up?
    Composition(Vec<Function>, usize),
    /// What does the circuit give out?
    Circuit(Arc<Netlist>, Vec<bool>),
}

/// A solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Bits, in order.
    Bits(Vec<bool>),
    /// A permutation.
    Permutation(Permutation),
    /// A point.
    Point(usize),
}

/// All instances of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// Words of this length.
    Parity(usize),
    /// Pairs of words of this length.
    InnerProduct(usize),
    /// Words of so many permutations.
    Permutations(usize),
    /// So many functions on so many points, and a start.
    Composition {
        /// Points.
        points: usize,
        /// Functions.
        functions: usize,
    },
    /// Inputs of one circuit.
    Circuit(Arc<Netlist>),
}

impl Instance {
    /// The solution, straight from the definition of the problem.
    pub fn solve(&self) -> Answer {
        match self {
            Self::Parity(word) => Answer::Bits(vec![words::parity(word)]),
            Self::InnerProduct(a, b) => Answer::Bits(vec![words::inner_product(a, b)]),
            Self::Permutations(word) => Answer::Permutation(permutations::product(word)),
            Self::Composition(list, start) => Answer::Point(functions::follow(list, *start)),
            Self::Circuit(netlist, inputs) => Answer::Bits(netlist.evaluate(inputs)),
        }
    }

    /// All instances of its size.
    pub fn family(&self) -> Family {
        match self {
            Self::Parity(word) => Family::Parity(word.len()),
            Self::InnerProduct(a, _) => Family::InnerProduct(a.len()),
            Self::Permutations(word) => Family::Permutations(word.len()),
            Self::Composition(list, _) => {
                Family::Composition { points: list.first().map_or(1, Vec::len), functions: list.len() }
            }
            Self::Circuit(netlist, _) => Family::Circuit(netlist.clone()),
        }
    }
}

impl Family {
    /// How many instances there are; none where they are more than 2^63.
    pub fn count(&self) -> Option<u64> {
        let power = |base: u64, exponent: usize| {
            let exponent = u32::try_from(exponent).ok()?;
            base.checked_pow(exponent).filter(|count| *count < 1 << 63)
        };
        match self {
            Self::Parity(length) => power(2, *length),
            Self::InnerProduct(length) => power(4, *length),
            Self::Permutations(length) => power(permutations::ORDER, *length),
            Self::Composition { points, functions } => {
                let each = power(*points as u64, *points)?;
                power(each, *functions)?.checked_mul(*points as u64)
            }
            Self::Circuit(netlist) => power(2, netlist.inputs),
        }
    }

    /// The instance with this number below [`Family::count`].
    pub fn instance(&self, number: u64) -> Instance {
        match self {
            Self::Parity(length) => Instance::Parity(words::numbered(number, *length)),
            Self::InnerProduct(length) => {
                let both = words::numbered(number, 2 * length);
                Instance::InnerProduct(both[..*length].to_vec(), both[*length..].to_vec())
            }
            Self::Permutations(length) => {
                Instance::Permutations(digits(number, permutations::ORDER, *length, permutations::numbered))
            }
            Self::Composition { points, functions } => {
                let (start, rest) = (number % *points as u64, number / *points as u64);
                let each = (*points as u64).checked_pow(*points as u32).unwrap_or(u64::MAX);
                let list = digits(rest, each, *functions, |number| functions::numbered(number, *points));
                Instance::Composition(list, start as usize)
            }
            Self::Circuit(netlist) => Instance::Circuit(netlist.clone(), words::numbered(number, netlist.inputs)),
        }
    }

    /// A random instance.
    pub fn random(&self, draws: &mut Draws) -> Instance {
        match self {
            Self::Parity(length) => Instance::Parity(draws.bits(*length)),
            Self::InnerProduct(length) => Instance::InnerProduct(draws.bits(*length), draws.bits(*length)),
            Self::Permutations(length) => {
                let one = |_| permutations::numbered(draws.below(permutations::ORDER as usize) as u64);
                Instance::Permutations((0..*length).map(one).collect())
            }
            Self::Composition { points, functions } => {
                let mut function = || (0..*points).map(|_| draws.below(*points)).collect();
                let list = (0..*functions).map(|_| function()).collect();
                Instance::Composition(list, draws.below(*points))
            }
            Self::Circuit(netlist) => Instance::Circuit(netlist.clone(), draws.bits(netlist.inputs)),
        }
    }
}

/// The digits of a number to a base, each as what it stands for; the lowest first.
fn digits<T>(number: u64, base: u64, length: usize, of: impl Fn(u64) -> T) -> Vec<T> {
    let mut rest = number;
    let mut next = |_| {
        let digit = rest % base;
        rest /= base;
        of(digit)
    };
    (0..length).map(&mut next).collect()
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parity(word) => f.write_str(&words::told(word)),
            Self::InnerProduct(a, b) => write!(f, "{} and {}", words::told(a), words::told(b)),
            Self::Permutations(word) => {
                f.write_str(&word.iter().map(permutations::told).collect::<Vec<_>>().join("; "))
            }
            Self::Composition(list, start) => {
                let list: Vec<String> = list.iter().map(|function| functions::told(function)).collect();
                write!(f, "{}; from {start}", list.join("; "))
            }
            Self::Circuit(_, inputs) => write!(f, "inputs {}", words::told(inputs)),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits(bits) => f.write_str(&words::told(bits)),
            Self::Permutation(permutation) => f.write_str(&permutations::told(permutation)),
            Self::Point(point) => write!(f, "{point}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_list_every_instance_once() {
        let families = [
            Family::Parity(3),
            Family::InnerProduct(2),
            Family::Permutations(1),
            Family::Composition { points: 2, functions: 2 },
            Family::Circuit(Arc::new(Netlist::random(3, 2, &mut Draws::new(1)))),
        ];
        for (family, count) in families.iter().zip([8, 16, 120, 32, 8]) {
            assert_eq!(family.count(), Some(count), "{family:?}");
            let all: std::collections::BTreeSet<String> = (0..count).map(|n| family.instance(n).to_string()).collect();
            assert_eq!(all.len() as u64, count, "{family:?}");
            assert_eq!(family.random(&mut Draws::new(5)).family(), *family);
        }
        assert_eq!((Family::Parity(64).count(), Family::Permutations(99).count()), (None, None));
    }
}
