//! Where rounding makes descent another function: the witness is real, and no shorter one exists.

use isobath::pipeline::looped::LoopedModel;
use isobath::shortcut::Rule;
use isobath::shortcut::rounding::Outcome;
use isobath::spec::program::Program;
use isobath::words::Strategy;
use num_bigint::BigInt;

use super::by_hand::{example, ratio, rounded, step};
use super::{applied, program, shipped};

/// Levels given out by the program's own circuit.
fn plainly(program: &Program, steps: u64, levels: &[i64]) -> Vec<BigInt> {
    let system = isobath::program::system(&Program { steps, ..program.clone() }).unwrap();
    let model = LoopedModel::new(system, Strategy::Depth).unwrap();
    model.evaluate(&model.unrolled().unwrap(), levels).unwrap()
}

#[test]
fn rounded_descent_differs_from_exact_descent_after_two_steps() {
    let program = shipped("shortcuts/descent-1d");
    let applied = applied(Rule::Prefix, &program, 4).unwrap();
    assert!(applied.holds(), "it is exact descent all the same");
    let Some(Outcome::Differs { steps: 2, levels, exact, rounded: given, least: true }) = applied.rounding else {
        panic!("{:?}", applied.rounding)
    };
    let run = |levels: &[i64]| {
        let mut values = levels.iter().map(|level| ratio(*level, 1));
        let steps = levels.len() / 2;
        (0..steps)
            .fold(vec![ratio(1, 2)], |w, _| step(&w, &[example(&mut values, 1)], &program.step_size, &ratio(0, 1)))
    };
    let format = program.numerics.weights;
    let level = |values: Vec<isobath::number::Rational>| (values[0].clone() * ratio(4, 1)).to_integer();
    assert_eq!(exact, rounded(&run(&levels), format));
    assert_eq!(level(given), plainly(&program, 2, &levels)[0]);
    assert_ne!(level(exact), plainly(&program, 2, &levels)[0]);
    for (x, y) in (-2..2).flat_map(|x| (-2..2).map(move |y| (x, y))) {
        assert_eq!(level(rounded(&run(&[x, y]), format)), plainly(&program, 1, &[x, y])[0], "one step never differs");
    }
}

#[test]
fn steps_that_swap_weights_never_differ() {
    let swap = program(
        "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 2\nexamples = 1\nstep_size = 1\n\
         round_residual = false\n[data]\nsource = 'given'\nx = [[1, -1]]\ny = [0]\n[weights]\nsource = 'inputs'\n\
         [numerics]\nweights = 'fixed(2,1)'\nactivations = 'int(4)'\ndata = 'int(2)'\n",
    );
    let applied = applied(Rule::HardWired, &swap, 9).unwrap();
    assert!(applied.holds() && applied.compared.coverage.all);
    assert_eq!(applied.rounding, Some(Outcome::Never { pairs: 64 }));
    assert_eq!(applied.growth.last().map(|(steps, _)| *steps), Some(64));
}
