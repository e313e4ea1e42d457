//! Transition monoids of finite automata and the circuit class that follows: closure, groups, proofs by order; must not know circuits or files.
//!
//! A step of a program in a fixed format maps finitely many states to themselves, one map for each value of its data. What `T` steps do
//! as a function of the data is a product of these maps, so its circuit depth is decided by the monoid they generate: see [`Class`].
//! [`step`] reads the maps off a program.
//!
//! ```
//! use isobath::monoid::{Automaton, Class, Limits, classify};
//!
//! // Two switches that only turn on, and one that toggles: bit 0 and bit 1 of the state.
//! let (on, toggle) = (vec![1, 1, 3, 3], vec![2, 3, 0, 1]);
//! let quiet = &mut |_: &str, _: usize| ();
//! let latch = Automaton::new(4, vec![on.clone(), (0..4).collect()]).unwrap();
//! assert_eq!(classify(&latch, None, Limits::default(), quiet).class, Class::Ac0);
//! let parity = Automaton::new(4, vec![on, toggle, (0..4).collect()]).unwrap();
//! assert_eq!(classify(&parity, None, Limits::default(), quiet).class, Class::Acc0);
//! ```

mod automaton;

mod rows;

mod closure;

mod images;

pub mod group;

mod local;

pub mod order;

pub mod step;

use num_bigint::BigUint;
use num_traits::One;

pub use automaton::{Automaton, AutomatonError};
pub use closure::{Closure, Limits, close};
use group::Permutation;
use images::Images;
use local::{Component, Orbit};
pub use order::Order;

/// The class of circuits for "the state after `T` letters, as a function of the letters", for growing `T`: polynomial size, constant depth
/// but for NC1.
///
/// Sources: Barrington, Compton, Straubing and Therien, "Regular languages in NC1", JCSS 44, 1992, for AC0; Barrington, "Bounded-width
/// polynomial-size branching programs recognize exactly those languages in NC1", JCSS 38, 1989, for NC1 (both confirmed in secondary
/// sources); Barrington and Therien, "Finite monoids and the fine structure of NC1", J. ACM 35, 1988, for ACC0 (from memory, unconfirmed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Aperiodic: no group. AND and OR gates in constant depth.
    Ac0,
    /// The only groups count steps, which every letter does alike: in AC0, for each `T` of its own.
    Ac0Counting,
    /// All groups are solvable, and words of equal length permute states differently: AND, OR and MOD gates in constant depth, and not AC0.
    Acc0,
    /// A group that is not solvable: complete for NC1.
    Nc1Complete,
    /// Not AC0; the limits were hit before it was known whether all groups are solvable.
    NotAc0,
    /// The limits were hit before anything was known.
    Open,
}

/// A group, as words that permute some states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The states.
    pub states: Vec<u32>,
    /// How many permutations the words generate.
    pub order: BigUint,
    /// Orders of the derived series; none where a group on the way was too large.
    pub derived: Option<Vec<BigUint>>,
    /// Words, as letters, and the permutation of places in `states` that each is.
    pub generators: Vec<(Vec<u32>, Permutation)>,
}

impl Witness {
    /// Whether the group is solvable, where that is known.
    pub fn solvable(&self) -> Option<bool> {
        Some(self.derived.as_ref()?.last()?.is_one())
    }
}

/// What is known of an automaton's transition monoid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The class.
    pub class: Class,
    /// The monoid, element by element.
    pub closure: Closure,
    /// Images of words that have two or more states.
    pub images: usize,
    /// Whether these are all of them.
    pub images_complete: bool,
    /// A proof without closure that there is no group.
    pub order: Option<Order>,
    /// Whether there is no group, where that is proved either way.
    pub aperiodic: Option<bool>,
    /// Whether all groups are solvable, where that is proved either way.
    pub solvable: Option<bool>,
    /// A letter that changes nothing: words can be padded to any length.
    pub padding: Option<u32>,
    /// A group, one that is not solvable if there is any, with as long a derived series as any, on few states.
    pub witness: Option<Witness>,
}

/// Classifies an automaton. `lengths` are those of the coordinates, where its states are all tuples of a grid; `progress` hears of elements
/// and images found.
pub fn classify(
    automaton: &Automaton,
    lengths: Option<&[usize]>,
    limits: Limits,
    progress: &mut dyn FnMut(&str, usize),
) -> Classification {
    let order = lengths.and_then(|lengths| order::cascade(automaton, lengths));
    let closure = close(automaton, limits, &mut |found| progress("elements", found));
    let images = Images::of(automaton, limits, &mut |found| progress("images", found));
    let groups = Groups::of(automaton, &images);
    let (aperiodic, solvable) = groups.verdicts(order.is_some() || closure.complete && closure.periodic.is_none());
    let periodic = closure.periodic.is_some();
    let aperiodic = aperiodic.or(periodic.then_some(false));
    let class = match (solvable, aperiodic) {
        (Some(false), _) => Class::Nc1Complete,
        (_, Some(true)) => Class::Ac0,
        (Some(true), _) if groups.same_length => Class::Acc0,
        (Some(true), Some(false)) => Class::Ac0Counting,
        _ if groups.same_length => Class::NotAc0,
        _ => Class::Open,
    };
    Classification {
        class,
        images: images.len(),
        images_complete: images.complete,
        order,
        aperiodic,
        solvable,
        padding: padding(automaton),
        witness: groups.witness(automaton, &images),
        closure,
    }
}

fn padding(automaton: &Automaton) -> Option<u32> {
    let idle = |map: &Vec<u32>| group::is_identity(map);
    automaton.maps().iter().position(idle).map(|letter| letter as u32)
}

/// What the components of images showed.
struct Groups {
    /// Whether every component was gone through.
    complete: bool,
    /// Whether every group met is known to be solvable.
    all_solvable: bool,
    /// Whether some words of equal length permute states differently.
    same_length: bool,
    /// The best orbit, with its component.
    best: Option<(usize, Orbit)>,
}

impl Groups {
    fn of(automaton: &Automaton, images: &Images) -> Self {
        let mut groups = Self { complete: images.complete, all_solvable: true, same_length: false, best: None };
        for (number, nodes) in images.components().iter().enumerate() {
            match Component::of(automaton, images, nodes) {
                Some(component) => groups.take(number, component.orbits(automaton)),
                None => groups.complete = false,
            }
        }
        groups
    }

    fn take(&mut self, component: usize, orbits: Vec<Orbit>) {
        for orbit in orbits {
            self.all_solvable &= solvable(&orbit) == Some(true);
            self.same_length |= orbit.same_length;
            if self.best.as_ref().is_none_or(|(_, best)| worth(&orbit) > worth(best)) {
                self.best = Some((component, orbit));
            }
        }
    }

    /// Whether there is no group, and whether all are solvable, where each is proved; `ordered` where the first is proved already.
    fn verdicts(&self, ordered: bool) -> (Option<bool>, Option<bool>) {
        let aperiodic = match &self.best {
            Some(_) => Some(false),
            None => (self.complete || ordered).then_some(true),
        };
        let unsolvable = self.best.as_ref().is_some_and(|(_, orbit)| solvable(orbit) == Some(false));
        let all = self.complete && self.all_solvable || aperiodic == Some(true);
        (aperiodic, if unsolvable { Some(false) } else { all.then_some(true) })
    }

    fn witness(&self, automaton: &Automaton, images: &Images) -> Option<Witness> {
        let (number, orbit) = self.best.as_ref()?;
        let component = Component::of(automaton, images, images.components().get(*number)?)?;
        let generators = component.words(automaton, &orbit.places).ok()?;
        let states = orbit.places.iter().map(|place| component.states()[*place]).collect();
        Some(Witness { states, order: orbit.order.clone()?, derived: orbit.series.clone(), generators })
    }
}

fn solvable(orbit: &Orbit) -> Option<bool> {
    Some(orbit.series.as_ref()?.last()?.is_one())
}

/// Unsolvable groups before others, those that words of equal length show before others; then long derived series, then few states.
fn worth(orbit: &Orbit) -> (u8, bool, usize, std::cmp::Reverse<usize>) {
    let strength = match solvable(orbit) {
        Some(false) => 2,
        Some(true) => 1,
        None => 0,
    };
    let length = orbit.series.as_ref().map_or(0, Vec::len);
    (strength, orbit.same_length, length, std::cmp::Reverse(orbit.places.len()))
}

#[cfg(test)]
mod tests;
