//! Words, pairs of words, permutations and functions: all of small sizes, random ones of large sizes.

use isobath::problems::{Answer, Family, Instance};
use isobath::reduce::Via;
use isobath::words::Strategy;

use super::{all, holds, machine, random};

#[test]
fn parity_of_every_word_up_to_eight_letters() {
    for letters in 1..=8 {
        let family = Family::Parity(letters);
        for strategy in [Strategy::Size, Strategy::Depth] {
            let machine = machine(&family, Via::Hinge, None, strategy);
            assert_eq!(holds(&machine, all(&family)).instances, 1 << letters);
        }
    }
}

#[test]
fn the_depth_strategy_takes_two_layers_a_letter() {
    let depth = |letters| machine(&Family::Parity(letters), Via::Hinge, Some("int(2)"), Strategy::Depth).figures.depth;
    assert_eq!([1, 2, 7].map(depth), [3, 5, 15]);
}

#[test]
fn inner_products_of_all_pairs_of_words() {
    for letters in 1..=3 {
        let family = Family::InnerProduct(letters);
        let machine = machine(&family, Via::Hinge, None, Strategy::Size);
        assert_eq!(holds(&machine, all(&family)).instances, 1 << (2 * letters));
    }
}

#[test]
fn all_pairs_of_permutations_of_five_things() {
    let family = Family::Permutations(2);
    let machine = machine(&family, Via::Hinge, Some("int(4)"), Strategy::Size);
    let outcome = holds(&machine, all(&family));
    assert_eq!(outcome.instances, 14_400);
    assert!(outcome.evaluated >= 1000, "{} evaluated", outcome.evaluated);
}

#[test]
fn every_permutation_in_few_layers() {
    let family = Family::Permutations(1);
    let machine = machine(&family, Via::Hinge, Some("int(4)"), Strategy::Depth);
    assert_eq!(holds(&machine, all(&family)).instances, 120);
    assert_eq!(machine.figures.depth, 9, "two layers a step, and the store of the final weights");
}

#[test]
fn sixty_permutations_in_eight_bits() {
    let family = Family::Permutations(60);
    let machine = machine(&family, Via::Hinge, Some("int(8)"), Strategy::Size);
    let outcome = holds(&machine, random(&family, 64));
    assert_eq!((machine.gadget.steps(), outcome.instances), (240, 64));
    // Answers differ, so that a decoder that ignored its weights would be found out.
    let answers: Vec<&Answer> = outcome.examples.iter().map(|example| &example.expected).collect();
    assert!(answers.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn all_functions_on_two_and_three_points() {
    for (points, functions, count) in [(2, 1, 8), (2, 3, 128), (3, 1, 81), (3, 2, 2187)] {
        let family = Family::Composition { points, functions };
        let machine = machine(&family, Via::Hinge, None, Strategy::Size);
        assert_eq!(holds(&machine, all(&family)).instances, count);
    }
}

#[test]
fn long_words_and_chains_of_functions() {
    for family in [
        Family::Parity(200),
        Family::InnerProduct(50),
        Family::Composition { points: 5, functions: 40 },
        Family::Composition { points: 1, functions: 3 },
    ] {
        holds(&machine(&family, Via::Hinge, None, Strategy::Size), random(&family, 64));
    }
}

#[test]
fn solutions_are_those_of_the_definitions() {
    // The order of a product, and of a composition, by hand.
    let word = Instance::Permutations(vec![[1, 2, 0, 3, 4], [0, 1, 2, 4, 3], [1, 0, 2, 3, 4]]);
    assert_eq!(word.solve(), Answer::Permutation([2, 1, 0, 4, 3]));
    let functions = Instance::Composition(vec![vec![1, 1, 0], vec![2, 0, 2]], 2);
    assert_eq!(functions.solve(), Answer::Point(2));
    for instance in [word, functions] {
        let family = instance.family();
        holds(&machine(&family, Via::Hinge, None, Strategy::Size), std::iter::once(instance));
    }
}
