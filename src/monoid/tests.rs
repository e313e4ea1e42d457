//! Monoids that are known, and random ones against a list of their elements and of the groups in it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn classified(states: usize, maps: &[&[u32]]) -> Classification {
    let maps = maps.iter().map(|map| map.to_vec()).collect();
    classify(&Automaton::new(states, maps).unwrap(), Some(&[states]), Limits::default(), &mut |_, _| ())
}

/// With a letter that changes nothing.
fn padded(maps: &[&[u32]]) -> Classification {
    let states = maps[0].len();
    let idle: Vec<u32> = (0..states as u32).collect();
    classified(states, &[maps, &[&idle[..]]].concat())
}

#[track_caller]
fn holds(found: &Classification, class: Class, elements: usize, order: Option<u32>) {
    assert_eq!((found.class, found.closure.elements, found.closure.complete), (class, elements, true));
    assert_eq!(found.witness.as_ref().map(|witness| witness.order.clone()), order.map(BigUint::from));
    assert_eq!(found.closure.periodic.is_some(), order.is_some());
    assert_eq!(found.aperiodic, Some(order.is_none()));
}

#[test]
fn groups_are_classified_by_their_derived_series() {
    holds(&padded(&[&[0, 1]]), Class::Ac0, 1, None);
    holds(&padded(&[&[1, 0]]), Class::Acc0, 2, Some(2));
    holds(&padded(&[&[1, 2, 0]]), Class::Acc0, 3, Some(3));
    holds(&padded(&[&[1, 2, 3, 4, 0]]), Class::Acc0, 5, Some(5));
    holds(&padded(&[&[1, 2, 0], &[1, 0, 2]]), Class::Acc0, 6, Some(6));
    holds(&padded(&[&[1, 2, 3, 0], &[1, 0, 2, 3]]), Class::Acc0, 24, Some(24));
    holds(&padded(&[&[1, 2, 3, 4, 0], &[1, 2, 0, 3, 4]]), Class::Nc1Complete, 60, Some(60));
    holds(&padded(&[&[1, 2, 3, 4, 0], &[1, 0, 2, 3, 4]]), Class::Nc1Complete, 120, Some(120));
}

#[test]
fn groups_below_the_top_are_found() {
    // All maps of three, four and five things to themselves: a rotation, a swap, and one that merges two.
    holds(&classified(3, &[&[1, 2, 0], &[1, 0, 2], &[0, 0, 2]]), Class::Acc0, 27, Some(6));
    holds(&classified(4, &[&[1, 2, 3, 0], &[1, 0, 2, 3], &[0, 0, 2, 3]]), Class::Acc0, 256, Some(24));
    holds(&classified(5, &[&[1, 2, 3, 4, 0], &[1, 0, 2, 3, 4], &[0, 0, 2, 3, 4]]), Class::Nc1Complete, 3125, Some(120));
    // No letter permutes all six states, but on the image of both they are a rotation and a swap of five.
    let hidden = classified(6, &[&[1, 2, 3, 4, 0, 0], &[1, 0, 2, 3, 4, 3]]);
    assert_eq!((hidden.class, hidden.witness.unwrap().states), (Class::Nc1Complete, vec![0, 1, 2, 3, 4]));
    // Each letter has only fixed points; their product swaps.
    let product = classified(4, &[&[2, 3, 2, 3], &[0, 1, 1, 0]]);
    assert_eq!((product.class, product.aperiodic), (Class::Acc0, Some(false)));
}

#[test]
fn letters_that_all_turn_the_same_way_only_count_steps() {
    holds(&classified(2, &[&[1, 0]]), Class::Ac0Counting, 2, Some(2));
    holds(&classified(6, &[&[1, 2, 3, 4, 5, 0]]), Class::Ac0Counting, 6, Some(6));
    // Two letters of different turns do not; nor do a turn and a merger of states.
    holds(&classified(3, &[&[1, 2, 0], &[2, 0, 1]]), Class::Acc0, 3, Some(3));
    assert_eq!(classified(4, &[&[1, 0, 3, 2], &[1, 0, 1, 0]]).class, Class::Ac0Counting);
    assert_eq!(classified(4, &[&[1, 0, 3, 2], &[1, 0, 0, 1]]).class, Class::Ac0Counting);
    assert_eq!(classified(4, &[&[1, 0, 3, 2], &[0, 1, 1, 0]]).class, Class::Acc0);
}

#[test]
fn aperiodic_monoids_are_proved_so_twice() {
    // A bounded counter, up and down; a reset.
    let counter = classified(5, &[&[1, 2, 3, 4, 4], &[0, 0, 1, 2, 3], &[2, 2, 2, 2, 2]]);
    assert_eq!((counter.class, counter.order.clone()), (Class::Ac0, Some(Order::Chain)));
    assert!(counter.closure.complete && counter.closure.periodic.is_none() && counter.witness.is_none());
    // Bits that are only set keep an order; a bit that copies another and one that is set keep a cascade of it.
    let copies = Automaton::new(4, vec![vec![0, 3, 0, 3], vec![1, 1, 3, 3], vec![0, 0, 2, 2]]).unwrap();
    assert_eq!(order::cascade(&copies, &[2, 2]), Some(Order::Cascade(vec![1, 0])));
    assert_eq!(classify(&copies, None, Limits::default(), &mut |_, _| ()).class, Class::Ac0);
    // Swapping two coordinates keeps the order of pairs, but no cascade.
    let swap = Automaton::new(4, vec![vec![0, 2, 1, 3]]).unwrap();
    assert_eq!(order::cascade(&swap, &[2, 2]), None);
}

#[test]
fn limits_leave_only_what_is_proved() {
    let limits = |elements| Limits { elements, ..Limits::default() };
    let of = |maps: &[&[u32]], elements| {
        let maps: Vec<Vec<u32>> = maps.iter().map(|map| map.to_vec()).collect();
        classify(&Automaton::new(maps[0].len(), maps).unwrap(), None, limits(elements), &mut |_, _| ())
    };
    let full: &[&[u32]] = &[&[1, 2, 3, 4, 0], &[1, 0, 2, 3, 4], &[0, 0, 2, 3, 4]];
    // The group is among the first few images, so it is found long before the monoid is listed.
    let found = of(full, 10);
    assert_eq!((found.class, found.closure.elements, found.closure.complete), (Class::Nc1Complete, 10, false));
    assert!(!found.images_complete);
    let parity: &[&[u32]] = &[&[1, 0, 2, 3, 4], &[0, 1, 2, 3, 4], &[0, 0, 2, 3, 4], &[0, 1, 2, 2, 4], &[0, 1, 3, 2, 4]];
    assert_eq!(of(parity, 2).class, Class::NotAc0);
    assert_eq!(of(parity, 1000).class, Class::Acc0);
    let shrinking: &[&[u32]] = &[&[0, 0, 1, 2, 3, 4], &[1, 2, 3, 4, 5, 5], &[3, 0, 0, 1, 2, 2]];
    let open = of(shrinking, 1);
    assert_eq!((open.class, open.aperiodic, open.solvable), (Class::Open, None, None));
    assert!(!open.closure.complete && !open.images_complete);
}

#[test]
fn malformed_automata_are_refused() {
    assert!(matches!(Automaton::new(0, vec![]), Err(AutomatonError::States(0))));
    assert!(matches!(Automaton::new(2, vec![vec![0]]), Err(AutomatonError::Length { entries: 1, .. })));
    assert!(matches!(Automaton::new(2, vec![vec![0, 2]]), Err(AutomatonError::Outside { state: 2, .. })));
    let none = classify(&Automaton::new(3, vec![]).unwrap(), None, Limits::default(), &mut |_, _| ());
    assert_eq!((none.class, none.closure.elements), (Class::Ac0, 1));
}

type Map = Vec<u32>;

fn product(a: &Map, b: &Map) -> Map {
    a.iter().map(|state| b[*state as usize]).collect()
}

/// How long the words are that the oracle looks at: past where lengths repeat, for monoids as small as those it is shown.
const LONGEST: usize = 1000;

/// Every product of letters, each with the lengths of words for it.
fn listed(states: usize, letters: &[Map]) -> BTreeMap<Map, Vec<bool>> {
    let identity: Map = (0..states as u32).collect();
    let mut elements = vec![identity];
    let mut number: BTreeMap<Map, usize> = BTreeMap::from([(elements[0].clone(), 0)]);
    let mut next: Vec<Vec<usize>> = Vec::new();
    while next.len() < elements.len() {
        let element = elements[next.len()].clone();
        let mut to = |letter: &Map| {
            let made = product(&element, letter);
            *number.entry(made.clone()).or_insert_with(|| {
                elements.push(made);
                elements.len() - 1
            })
        };
        next.push(letters.iter().map(&mut to).collect());
    }
    let mut lengths = vec![vec![false; LONGEST]; elements.len()];
    lengths[0][0] = true;
    for length in 1..LONGEST {
        for (element, to) in next.iter().enumerate().filter(|_| elements.len() <= 400) {
            if lengths[element][length - 1] {
                to.iter().for_each(|to| lengths[*to][length] = true);
            }
        }
    }
    elements.into_iter().zip(lengths).collect()
}

/// The units of `e M e`, for an idempotent e.
fn units(elements: &BTreeSet<Map>, e: &Map) -> BTreeSet<Map> {
    let local: BTreeSet<Map> = elements.iter().map(|m| product(&product(e, m), e)).collect();
    local.iter().filter(|a| local.iter().any(|b| product(a, b) == *e)).cloned().collect()
}

fn generated(mut elements: BTreeSet<Map>) -> BTreeSet<Map> {
    loop {
        let products: BTreeSet<Map> = elements.iter().flat_map(|a| elements.iter().map(|b| product(a, b))).collect();
        if products.is_subset(&elements) {
            return elements;
        }
        elements.extend(products);
    }
}

fn solvable_by_lists(group: &BTreeSet<Map>, e: &Map) -> bool {
    let inverse = |a: &Map| group.iter().find(|b| product(a, b) == *e).unwrap().clone();
    let commutator = |a: &Map, b: &Map| product(&product(&inverse(a), &inverse(b)), &product(a, b));
    let commutators = group.iter().flat_map(|a| group.iter().map(|b| commutator(a, b)).collect::<Vec<_>>()).collect();
    let derived = generated(commutators);
    derived.len() == 1 || derived.len() < group.len() && solvable_by_lists(&derived, e)
}

/// The class from the list of elements alone.
fn class_by_lists(lengths: &BTreeMap<Map, Vec<bool>>) -> Class {
    let elements: BTreeSet<Map> = lengths.keys().cloned().collect();
    let power = |m: &Map, n: usize| (1..n).fold(m.clone(), |p, _| product(&p, m));
    let aperiodic = elements.iter().all(|m| power(m, 60) == power(m, 61));
    let idempotents: Vec<&Map> = elements.iter().filter(|m| product(m, m) == **m).collect();
    let groups: Vec<(&Map, BTreeSet<Map>)> = idempotents.into_iter().map(|e| (e, units(&elements, e))).collect();
    if groups.iter().any(|(e, group)| !solvable_by_lists(group, e)) {
        return Class::Nc1Complete;
    }
    let together = |(e, group): &(&Map, BTreeSet<Map>)| {
        group.iter().any(|g| g != *e && lengths[g].iter().zip(&lengths[*e]).any(|(g, e)| *g && *e))
    };
    match (aperiodic, groups.iter().any(together)) {
        (true, _) => Class::Ac0,
        (false, true) => Class::Acc0,
        (false, false) => Class::Ac0Counting,
    }
}

fn letters() -> impl Strategy<Value = Vec<Map>> {
    let any = |states: u32| proptest::collection::vec(0..states, states as usize).boxed();
    let turn = |states: u32| Just((0..states).collect::<Map>()).prop_shuffle().boxed();
    (2..=5u32).prop_flat_map(move |states| {
        let letter = prop_oneof![3 => any(states), 2 => turn(states), 1 => Just((0..states).collect::<Map>())];
        proptest::collection::vec(letter, 1..=3)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_monoids_are_classified_as_their_lists_are(letters in letters()) {
        let states = letters[0].len();
        let lengths = listed(states, &letters);
        prop_assume!(lengths.len() <= 400);
        let automaton = Automaton::new(states, letters.clone()).unwrap();
        let found = classify(&automaton, Some(&[states]), Limits::default(), &mut |_, _| ());
        prop_assert_eq!(found.closure.elements, lengths.len());
        prop_assert_eq!(found.class, class_by_lists(&lengths));
        let idempotents = lengths.keys().filter(|m| product(m, m) == **m).count();
        prop_assert_eq!(found.closure.idempotents, idempotents);
        prop_assert!(found.order.is_none() || found.class == Class::Ac0);
        if let Some(word) = &found.closure.periodic {
            let map = word.iter().fold((0..states as u32).collect(), |map: Map, l| product(&map, &letters[*l as usize]));
            let power = |n: usize| (1..n).fold(map.clone(), |p, _| product(&p, &map));
            prop_assert_ne!(power(60), power(61));
        }
        if let Some(witness) = &found.witness {
            for (word, permutation) in &witness.generators {
                for (place, to) in permutation.iter().enumerate() {
                    prop_assert_eq!(automaton.run(witness.states[place], word), witness.states[*to as usize]);
                }
            }
            let group: Vec<Permutation> = witness.generators.iter().map(|(_, p)| p.clone()).collect();
            let order = group::Group::generated(witness.states.len(), &group).unwrap().order();
            prop_assert_eq!(&order, &witness.order);
        }
    }
}
