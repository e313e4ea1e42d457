//! Permutation groups, exactly: order, membership, derived series; must not know monoids.
//!
//! A group is a chain of stabilisers with transversals (Schreier and Sims, in the form of Knuth, "Efficient representation of perm
//! groups", Combinatorica 11, 1991).

use std::collections::HashMap;

use num_bigint::BigUint;
use num_traits::One;

/// A permutation of `0..degree`: where each point goes.
pub type Permutation = Vec<u32>;

/// The most cells of permutations written while one group is made.
const MOST_WORK: u64 = 1 << 29;

/// The most cells of permutations one group keeps.
const MOST_KEPT: u64 = 1 << 26;

/// A group too large to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a group on {degree} points is too large to be computed")]
pub struct TooLarge {
    /// Its points.
    pub degree: usize,
}

/// First `a`, then `b`.
pub fn then(a: &[u32], b: &[u32]) -> Permutation {
    a.iter().map(|point| b[*point as usize]).collect()
}

/// The inverse.
pub fn inverse(a: &[u32]) -> Permutation {
    let mut inverse = vec![0; a.len()];
    for (point, to) in a.iter().enumerate() {
        inverse[*to as usize] = point as u32;
    }
    inverse
}

/// The identity.
pub fn identity(degree: usize) -> Permutation {
    (0..degree as u32).collect()
}

/// Whether nothing moves.
pub fn is_identity(a: &[u32]) -> bool {
    a.iter().enumerate().all(|(point, to)| point as u32 == *to)
}

/// A power, of any sign.
pub fn power(a: &[u32], exponent: i64) -> Permutation {
    let mut square = if exponent < 0 { inverse(a) } else { a.to_vec() };
    let (mut result, mut rest) = (identity(a.len()), exponent.unsigned_abs());
    while rest > 0 {
        if rest & 1 == 1 {
            result = then(&result, &square);
        }
        square = then(&square, &square);
        rest >>= 1;
    }
    result
}

/// The stabiliser of the base points before this one.
#[derive(Clone, Debug)]
struct Level {
    point: u32,
    generators: Vec<Permutation>,
    /// For each point of the orbit, an element that takes the base point there.
    transversal: HashMap<u32, Permutation>,
}

/// A permutation group.
#[derive(Clone, Debug)]
pub struct Group {
    degree: usize,
    generators: Vec<Permutation>,
    chain: Vec<Level>,
    work: u64,
}

/// What is still to be done to a chain.
enum Task {
    /// A permutation that fixes the base points before this level belongs to the group.
    Element(usize, Permutation),
    /// So does this one, known to be a product of elements of the level.
    Product(usize, Permutation),
}

impl Group {
    /// The trivial group.
    pub fn trivial(degree: usize) -> Self {
        Self { degree, generators: Vec::new(), chain: Vec::new(), work: 0 }
    }

    /// The group these generate.
    ///
    /// # Errors
    /// When it is too large.
    pub fn generated(degree: usize, generators: &[Permutation]) -> Result<Self, TooLarge> {
        let mut group = Self::trivial(degree);
        generators.iter().try_for_each(|generator| group.add(generator).map(drop))?;
        Ok(group)
    }

    /// Adds a generator; whether the group grew.
    ///
    /// # Errors
    /// When it is too large.
    pub fn add(&mut self, generator: &[u32]) -> Result<bool, TooLarge> {
        if self.contains(generator) {
            return Ok(false);
        }
        self.generators.push(generator.to_vec());
        let mut tasks = vec![Task::Element(0, generator.to_vec())];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Element(level, element) => self.element(level, element, &mut tasks)?,
                Task::Product(level, element) => self.product(level, element, &mut tasks)?,
            }
        }
        Ok(true)
    }

    /// Generators, none of which the ones before it generate.
    pub fn generators(&self) -> &[Permutation] {
        &self.generators
    }

    /// How many elements.
    pub fn order(&self) -> BigUint {
        self.chain.iter().fold(BigUint::one(), |order, level| order * level.transversal.len())
    }

    /// Whether it is an element.
    pub fn contains(&self, element: &[u32]) -> bool {
        is_identity(&self.sifted(0, element))
    }

    /// The orders of the group, of its derived group, of that one's, until they fall no further: 1 at the end where it is solvable.
    ///
    /// # Errors
    /// When a group on the way is too large.
    pub fn derived_series(&self) -> Result<Vec<BigUint>, TooLarge> {
        let (mut orders, mut group) = (vec![self.order()], self.clone());
        while !group.chain.is_empty() {
            group = group.derived()?;
            if orders.last() == Some(&group.order()) {
                break;
            }
            orders.push(group.order());
        }
        Ok(orders)
    }

    /// Whether the derived series ends in the trivial group.
    ///
    /// # Errors
    /// As [`Group::derived_series`].
    pub fn is_solvable(&self) -> Result<bool, TooLarge> {
        Ok(self.derived_series()?.last().is_some_and(One::is_one))
    }

    /// The normal closure of the commutators of generators.
    fn derived(&self) -> Result<Self, TooLarge> {
        let mut waiting = Vec::new();
        for (number, a) in self.generators.iter().enumerate() {
            for b in &self.generators[..number] {
                waiting.push(then(&then(&inverse(a), &inverse(b)), &then(a, b)));
            }
        }
        Self::normal_closure(self.degree, waiting, &self.generators)
    }

    /// The least group that holds `elements` and is taken to itself by conjugation with `by`.
    ///
    /// # Errors
    /// When it is too large.
    pub fn normal_closure(degree: usize, elements: Vec<Permutation>, by: &[Permutation]) -> Result<Self, TooLarge> {
        let (mut closure, mut waiting) = (Self::trivial(degree), elements);
        while let Some(element) = waiting.pop() {
            if closure.add(&element)? {
                waiting.extend(by.iter().map(|g| then(&then(&inverse(g), &element), g)));
            }
        }
        Ok(closure)
    }

    /// What is left of an element of a level once transversals have been divided out.
    fn sifted(&self, level: usize, element: &[u32]) -> Permutation {
        let mut rest = element.to_vec();
        for level in &self.chain[level.min(self.chain.len())..] {
            let Some(step) = level.transversal.get(&rest[level.point as usize]) else { break };
            rest = then(&rest, &inverse(step));
        }
        rest
    }

    fn element(&mut self, level: usize, element: Permutation, tasks: &mut Vec<Task>) -> Result<(), TooLarge> {
        self.charge((self.chain.len() - level.min(self.chain.len()) + 1) as u64)?;
        if is_identity(&self.sifted(level, &element)) {
            return Ok(());
        }
        if level == self.chain.len() {
            let moved = element.iter().enumerate().find(|(point, to)| *point as u32 != **to);
            let point = moved.map_or(0, |(point, _)| point as u32);
            let transversal = HashMap::from([(point, identity(self.degree))]);
            self.chain.push(Level { point, generators: Vec::new(), transversal });
        }
        let products: Vec<Permutation> =
            self.chain[level].transversal.values().map(|step| then(step, &element)).collect();
        self.charge(products.len() as u64)?;
        tasks.extend(products.into_iter().map(|product| Task::Product(level, product)));
        self.chain[level].generators.push(element);
        Ok(())
    }

    fn product(&mut self, level: usize, element: Permutation, tasks: &mut Vec<Task>) -> Result<(), TooLarge> {
        self.charge(2)?;
        let own = &self.chain[level];
        let to = element[own.point as usize];
        if let Some(step) = own.transversal.get(&to) {
            let rest = then(&element, &inverse(step));
            if !is_identity(&rest) {
                tasks.push(Task::Element(level + 1, rest));
            }
            return Ok(());
        }
        let products: Vec<Permutation> = own.generators.iter().map(|generator| then(&element, generator)).collect();
        self.charge(products.len() as u64)?;
        tasks.extend(products.into_iter().map(|product| Task::Product(level, product)));
        self.chain[level].transversal.insert(to, element);
        Ok(())
    }

    /// Counts permutations written, and refuses too many.
    fn charge(&mut self, permutations: u64) -> Result<(), TooLarge> {
        self.work = self.work.saturating_add(permutations.saturating_mul(self.degree as u64));
        let kept: u64 = self.chain.iter().map(|level| (level.transversal.len() + level.generators.len()) as u64).sum();
        let full = self.work > MOST_WORK || kept.saturating_mul(self.degree as u64) > MOST_KEPT;
        if full { Err(TooLarge { degree: self.degree }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
