//! Prefix, hard-wired and powering against exact descent by hand, on every input.

use isobath::number::Rational;
use isobath::shortcut::{hard_wired, powering, prefix};
use isobath::spec::program::{Program, Start};

use super::by_hand::{example, ratio, rounded, step};
use super::{built, on_every_input, program, shipped};

fn start(program: &Program) -> Vec<Rational> {
    let Start::Given(values) = &program.start else { panic!("a given start") };
    values["w"].clone()
}

/// Online descent: examples come in one a step, the start first where it comes in.
fn online(program: &Program, steps: u64) {
    let (built, format) = (built(program, steps, prefix::build).unwrap(), program.numerics.weights);
    let features = program.weights()[0].shape[0] as usize;
    on_every_input(&built, |levels, values, output| {
        let mut values = values.into_iter();
        let mut w = match program.start {
            Start::Inputs => values.by_ref().take(features).collect(),
            _ => start(program),
        };
        for _ in 0..steps {
            w = step(&w, &[example(&mut values, features)], &program.step_size, &ratio(0, 1));
        }
        assert_eq!(output, rounded(&w, format), "{steps} steps: {levels:?}");
    });
}

#[test]
fn prefix_is_exact_descent_with_one_weight() {
    (1..=4).for_each(|steps| online(&shipped("shortcuts/descent-1d"), steps));
}

#[test]
fn prefix_is_exact_descent_with_two_weights() {
    (1..=2).for_each(|steps| online(&shipped("shortcuts/descent-2d"), steps));
}

#[test]
fn prefix_takes_a_start_from_outside_and_steps_that_are_no_power_of_two() {
    let text = "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 1\nstep_size = '1/3'\n\
                round_residual = false\n[data]\nsource = 'inputs'\n[weights]\nsource = 'inputs'\n[numerics]\n\
                weights = 'fixed(2,2)'\nactivations = 'int(4)'\ndata = 'fixed(1,1)'\ntargets = 'int(2)'\n";
    (1..=3).for_each(|steps| online(&program(text), steps));
}

/// One loss for all steps: inputs are the start, where it comes in, then every x, then every y.
fn batch(
    program: &Program,
    steps: u64,
    build: impl Fn(&isobath::shortcut::parts::Parts) -> Result<isobath::shortcut::Built, isobath::shortcut::Refused>,
) {
    let built = built(program, steps, build).unwrap();
    let (format, features) = (program.numerics.weights, program.weights()[0].shape[0] as usize);
    let names: Vec<&str> = built.layout.words.iter().map(|word| &*word.name).collect();
    on_every_input(&built, |levels, values, output| {
        let of = |name: &str| -> Vec<Rational> {
            let place = names.iter().position(|own| *own == name).unwrap();
            let sizes: Vec<usize> = built.layout.words.iter().map(|word| word.elements().unwrap() as usize).collect();
            let first: usize = sizes[..place].iter().sum();
            values[first..first + sizes[place]].to_vec()
        };
        let (x, y) = (of("x"), of("y"));
        let examples: Vec<(Vec<Rational>, Rational)> = x.chunks(features).map(<[Rational]>::to_vec).zip(y).collect();
        let mut w = if program.start == Start::Inputs { of("w") } else { start(program) };
        for _ in 0..steps {
            w = step(&w, &examples, &program.step_size, &ratio(0, 1));
        }
        assert_eq!(output, rounded(&w, format), "{steps} steps: {levels:?}");
    });
}

#[test]
fn powers_are_exact_descent_in_one_dimension() {
    [1, 2, 3, 4, 5, 6, 13]
        .into_iter()
        .for_each(|steps| batch(&shipped("shortcuts/quadratic-1d"), steps, powering::build));
}

#[test]
fn powers_are_exact_descent_in_two_dimensions() {
    (1..=6).for_each(|steps| batch(&shipped("shortcuts/quadratic-2d"), steps, powering::build));
}

#[test]
fn prefix_composes_one_loss_as_well() {
    (1..=3).for_each(|steps| batch(&shipped("shortcuts/quadratic-1d"), steps, prefix::build));
}

#[test]
fn one_layer_is_exact_descent_on_hard_wired_data() {
    let program = shipped("gd-hard-wired");
    let data = [([1, 0], 1), ([1, 1], -1), ([-1, 1], 0)];
    let example = |t: u64| {
        let (x, y) = data[(t % 3) as usize];
        (x.map(|x| ratio(x, 1)).to_vec(), ratio(y, 1))
    };
    for steps in [1, 2, 3, 4, 5, 6, 40] {
        let built = built(&program, steps, hard_wired::build).unwrap();
        on_every_input(&built, |levels, mut w, output| {
            for t in 0..steps {
                w = step(&w, &[example(t)], &program.step_size, &ratio(0, 1));
            }
            assert_eq!(output, rounded(&w, program.numerics.weights), "{steps} steps: {levels:?}");
        });
    }
}
