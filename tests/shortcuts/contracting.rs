//! Contraction: K against its definition, and the bounds against exact descent by hand and measured runs.

use isobath::shortcut::compare::Inputs;
use isobath::shortcut::parts::Parts;
use isobath::shortcut::{Options, Rule, apply, contraction, plain};
use isobath::spec::program::Program;
use num_traits::Signed;

use super::by_hand::{example, ratio, step};
use super::shipped;

#[test]
fn the_last_steps_decide_ridge_regression() {
    let program = shipped("shortcuts/ridge-1d");
    for within in [1, 4, 7] {
        let options = Options { within, steps: Some(12), inputs: Inputs::Random(300), seed: 5 };
        let applied = apply(Rule::Contraction, &program, &options).unwrap();
        let saturation = applied.saturation.clone().unwrap();
        // rho = 1 - 1/2 at x = 0; |b| = |x y| / 2 is at most 1/2, so that states stay within 1 and R = 2.
        assert_eq!((saturation.rate.rate.clone(), saturation.rate.radius.clone()), (ratio(1, 2), ratio(2, 1)));
        assert_eq!(saturation.kept, u64::from(within) + 1, "least K with 2^-K 2 <= 2^-{within}");
        assert!(applied.holds(), "{saturation:?}");
        assert!(saturation.bound < saturation.rate.rounded_radius);
        let shorter = Program { steps: saturation.kept, ..program.clone() };
        assert_eq!(applied.figures.depth, plain(&shorter).unwrap().depth);
        assert!(applied.figures.depth < plain(&Program { steps: 12, ..program.clone() }).unwrap().depth);
    }
}

#[test]
fn exact_runs_that_end_alike_end_near_each_other() {
    let program = shipped("shortcuts/ridge-1d");
    let system = isobath::program::system(&program).unwrap();
    let rate = contraction::rate(&Parts::of(&system).unwrap()).unwrap();
    for kept in 1..=3u64 {
        let mut farthest = ratio(0, 1);
        for number in 0..16u64.pow(kept as u32) {
            let level = |place: u64| (number >> (2 * place) & 3) as i64 - 2;
            let values: Vec<_> = (0..2 * kept).map(|place| ratio(level(place), 2)).collect();
            let run = |start| {
                let mut values = values.iter().cloned();
                (0..kept)
                    .fold(vec![start], |w, _| step(&w, &[example(&mut values, 1)], &program.step_size, &ratio(1, 1)))
            };
            let (low, high) = (run(ratio(-1, 1)), run(ratio(1, 1)));
            farthest = farthest.max((&high[0] - &low[0]).abs());
        }
        assert_eq!(farthest, rate.exact_bound(kept), "the bound is attained: x = 0 at every step");
    }
}

#[test]
fn a_tight_goal_keeps_every_step() {
    let options = Options { within: 40, ..Options::default() };
    let refused = apply(Rule::Contraction, &shipped("shortcuts/ridge-1d"), &options).unwrap_err().to_string();
    assert!(refused.contains("the last 41 steps decide the result, and there are only 16"), "{refused}");
}
