//! Orders and derived series of groups that are known, and of random ones against lists of their elements.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Cycles of points, as a permutation.
fn cycles(degree: usize, cycles: &[&[u32]]) -> Permutation {
    let mut permutation = identity(degree);
    for cycle in cycles {
        for (place, point) in cycle.iter().enumerate() {
            permutation[*point as usize] = cycle[(place + 1) % cycle.len()];
        }
    }
    permutation
}

fn orders(degree: usize, generators: &[Permutation]) -> Vec<u64> {
    let series = Group::generated(degree, generators).unwrap().derived_series().unwrap();
    series.iter().map(|order| u64::try_from(order).unwrap()).collect()
}

#[test]
fn derived_series_of_known_groups() {
    let rotation = |degree: u32| cycles(degree as usize, &[&(0..degree).collect::<Vec<_>>()]);
    let swap = |degree: u32| cycles(degree as usize, &[&[0, 1]]);
    assert_eq!(orders(4, &[]), [1]);
    assert_eq!(orders(2, &[swap(2)]), [2, 1]);
    assert_eq!(orders(5, &[rotation(5)]), [5, 1]);
    assert_eq!(orders(3, &[rotation(3), swap(3)]), [6, 3, 1]);
    assert_eq!(orders(4, &[rotation(4), swap(4)]), [24, 12, 4, 1]);
    assert_eq!(orders(5, &[rotation(5), cycles(5, &[&[0, 1, 2]])]), [60]);
    assert_eq!(orders(5, &[rotation(5), swap(5)]), [120, 60]);
    assert_eq!(orders(8, &[rotation(8), swap(8)]), [40320, 20160]);
    // The simple group of order 168, and the quaternions.
    assert_eq!(orders(7, &[rotation(7), cycles(7, &[&[1, 2], &[3, 6]])]), [168]);
    let quaternions = [cycles(8, &[&[0, 1, 2, 3], &[4, 5, 6, 7]]), cycles(8, &[&[0, 4, 2, 6], &[1, 7, 3, 5]])];
    assert_eq!(orders(8, &quaternions), [8, 2, 1]);
}

#[test]
fn a_group_too_large_is_refused() {
    let degree = 3000u32;
    let rotation = cycles(degree as usize, &[&(0..degree).collect::<Vec<_>>()]);
    let group = Group::generated(degree as usize, &[rotation, cycles(degree as usize, &[&[0, 1]])]);
    assert_eq!(group.map(|group| group.order()), Err(TooLarge { degree: 3000 }));
}

/// Every product of the generators.
fn listed(degree: usize, generators: &[Permutation]) -> BTreeSet<Permutation> {
    let (mut elements, mut waiting) = (BTreeSet::new(), vec![identity(degree)]);
    while let Some(element) = waiting.pop() {
        if elements.insert(element.clone()) {
            waiting.extend(generators.iter().map(|generator| then(&element, generator)));
        }
    }
    elements
}

/// Solvable exactly when taking all commutators, again and again, ends at the identity.
fn solvable_by_lists(degree: usize, elements: &BTreeSet<Permutation>) -> bool {
    let mut group = elements.clone();
    loop {
        let commutator = |a: &Permutation, b: &Permutation| then(&then(&inverse(a), &inverse(b)), &then(a, b));
        let commutators: BTreeSet<Permutation> =
            group.iter().flat_map(|a| group.iter().map(move |b| commutator(a, b))).collect();
        let derived = listed(degree, &commutators.into_iter().collect::<Vec<_>>());
        match derived.len() {
            1 => return true,
            count if count == group.len() => return false,
            _ => group = derived,
        }
    }
}

proptest! {
    #[test]
    fn random_groups_equal_the_list_of_their_elements(
        generators in (1..=5usize).prop_flat_map(|degree| {
            proptest::collection::vec(Just(identity(degree)).prop_shuffle(), 1..=3)
        }),
        exponent in -7..7i64,
    ) {
        let degree = generators[0].len();
        let (group, elements) = (Group::generated(degree, &generators).unwrap(), listed(degree, &generators));
        prop_assert_eq!(group.order(), BigUint::from(elements.len()));
        for candidate in listed(degree, &[cycles(degree, &[&(0..degree as u32).collect::<Vec<_>>()]), cycles(degree, &[&[0, degree as u32 - 1]])]) {
            prop_assert_eq!(group.contains(&candidate), elements.contains(&candidate));
        }
        prop_assert_eq!(group.is_solvable().unwrap(), solvable_by_lists(degree, &elements));
        let by_hand = (0..exponent.abs()).fold(identity(degree), |product, _| then(&product, &generators[0]));
        let expected = if exponent < 0 { inverse(&by_hand) } else { by_hand };
        prop_assert_eq!(power(&generators[0], exponent), expected);
    }
}
