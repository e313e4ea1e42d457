//! In what order sums are added up, and where they are rounded on the way; knows formats, nothing of tensors.

use std::fmt;
use std::str::FromStr;

use num_traits::Zero;

use super::{Format, Rational};

/// How a sum over a dimension is added up. Terms are in the order of their index; those that a mask leaves out are zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Exactly: no partial sum is rounded.
    #[default]
    Exact,
    /// Each k terms next to each other are added and their sum rounded, then the same of these sums, until one is left.
    Tree(u64),
    /// One term after the other, each partial sum of two terms or more rounded.
    Sequential,
    /// Each k terms next to each other (the last of them filled up with zeros) one after the other, and then these sums one after the
    /// other, each partial sum rounded.
    Blocked(u64),
}

/// Why the text of a policy was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a way to add up; write exact, tree(k) with k from 2 on, sequential, or blocked(k), for example tree(2) or blocked(128)"
)]
pub struct PolicyError(String);

/// The most terms a node of a tree or a block has.
const MOST_TERMS: u64 = 1 << 32;

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        let inside = |name: &str| compact.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?.parse::<u64>().ok();
        let terms = |name: &str, least: u64| inside(name).filter(|k| (least..=MOST_TERMS).contains(k));
        match (compact.as_str(), terms("tree", 2), terms("blocked", 1)) {
            ("exact", ..) => Ok(Self::Exact),
            ("sequential", ..) => Ok(Self::Sequential),
            (_, Some(k), _) => Ok(Self::Tree(k)),
            (_, _, Some(k)) => Ok(Self::Blocked(k)),
            _ => Err(PolicyError(text.to_owned())),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => write!(f, "exact"),
            Self::Tree(k) => write!(f, "tree({k})"),
            Self::Sequential => write!(f, "sequential"),
            Self::Blocked(k) => write!(f, "blocked({k})"),
        }
    }
}

/// A policy and the format of partial sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Accumulation {
    /// The order.
    pub policy: Policy,
    /// What partial sums are rounded to.
    pub format: Format,
}

impl Accumulation {
    /// The sum, rounded on the way: the definition of each policy. A single term is not rounded.
    pub fn sum(&self, terms: Vec<Rational>) -> Rational {
        match self.policy {
            Policy::Exact => terms.into_iter().sum(),
            _ if terms.len() < 2 => terms.into_iter().sum(),
            Policy::Sequential => self.one_by_one(terms),
            Policy::Tree(k) => {
                let sums = terms.chunks(length(k)).map(|group| self.rounded(group.iter().sum()));
                let sums: Vec<Rational> = sums.collect();
                if sums.len() == 1 { sums.into_iter().sum() } else { self.sum(sums) }
            }
            Policy::Blocked(k) => {
                let k = length(k).min(terms.len());
                let filled = |block: &[Rational]| {
                    let mut block = block.to_vec();
                    block.resize(k, Rational::zero());
                    self.one_by_one(block)
                };
                let sums = terms.chunks(k).map(filled).collect();
                self.one_by_one(sums)
            }
        }
    }

    fn one_by_one(&self, terms: Vec<Rational>) -> Rational {
        let sum = terms.into_iter().reduce(|sum, term| self.rounded(sum + term));
        sum.unwrap_or_default()
    }

    fn rounded(&self, x: Rational) -> Rational {
        self.format.number(self.format.nearest(&x))
    }
}

fn length(k: u64) -> usize {
    usize::try_from(k).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_read_their_own_text() {
        for text in ["exact", "tree(2)", "tree(16)", "sequential", "blocked(1)", "blocked(128)"] {
            assert_eq!(text.parse::<Policy>().unwrap().to_string(), text);
        }
        for text in
            ["", "tree", "tree(1)", "tree(0)", "tree(-2)", "tree(99999999999999999999)", "blocked(0)", "seq", "tree(2"]
        {
            assert!(text.parse::<Policy>().is_err(), "{text}");
        }
    }

    /// Single precision, added by the machine.
    #[test]
    fn sums_are_those_of_single_precision() {
        let terms: Vec<f32> = (1..40u32).map(|n| (f32::from(n as u16 * 7 % 23) - 9.5) / n as f32).collect();
        let exact = |x: &f32| super::super::rational_from_f64(f64::from(*x)).unwrap();
        let sum = |policy, count: usize| {
            let all = terms[..count].iter().map(exact).collect();
            Accumulation { policy, format: "fp32".parse().unwrap() }.sum(all)
        };
        for count in 1..terms.len() {
            let terms = &terms[..count];
            assert_eq!(sum(Policy::Sequential, count), exact(&terms.iter().copied().reduce(|a, b| a + b).unwrap()));
            let mut tree = terms.to_vec();
            while tree.len() > 1 {
                tree = tree.chunks(2).map(|pair| pair.iter().sum()).collect();
            }
            assert_eq!(sum(Policy::Tree(2), count), exact(&tree[0]));
            let blocks: Vec<f32> =
                terms.chunks(5).map(|block| block.iter().copied().reduce(|a, b| a + b).unwrap()).collect();
            assert_eq!(sum(Policy::Blocked(5), count), exact(&blocks.into_iter().reduce(|a, b| a + b).unwrap()));
        }
    }
}
