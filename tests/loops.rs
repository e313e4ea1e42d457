//! Looped graphs: interpreted, and lowered, unrolled and evaluated; the depth of the skeleton is that of the gates.

#![allow(clippy::unwrap_used)]

use isobath::circuit::{evaluate, looped, measure};
use isobath::expand;
use isobath::gates::InputWord;
use isobath::loops::{At, Axis, Block, Outlet, System, Wire};
use isobath::lower::{Input, InputKind, system::LoweredLoops, system::system};
use isobath::number::{Format, Function, Rational};
use isobath::tensor::{Carrier, Graph, Op, Param, Sketch, looped as reference};
use isobath::words::Strategy;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

fn constants(values: &[i64], format: Format) -> Param {
    Param { name: "start".to_owned(), shape: vec![values.len() as u64], values: Some(values.into()), format }
}

/// Least squares in two dimensions, one example a step: the weights are stored when they are read.
fn descent(steps: u64, format: Format, round_residual: bool) -> System<Graph> {
    let mut start = Sketch::new();
    let w = start.given("start", constants(&[1, -2], format));
    start.output("state", w);
    let mut step = Sketch::new();
    let state = step.port("state", Carrier::Exact, &[2]);
    let w = step.store("weights", Function::Identity, format, state);
    let x = step.number("x", format, &[2]);
    let y = step.number("y", format, &[]);
    let xw = step.apply("products x.w", Op::Product, &[x, w]);
    let sum = step.apply("prediction", Op::Sum(0), &[xw]);
    let r = step.subtract("residual", sum, y);
    assert!(round_residual);
    let r = step.store("residual stored", Function::Identity, format, r);
    let shape = step.shape(x).to_vec();
    let r = step.add("residual", Op::Arrange(vec![None]), &[r], shape);
    let g = step.apply("gradient", Op::Product, &[r, x]);
    let g = step.scale("step size", Rational::new((-1).into(), 4.into()), g);
    let next = step.apply("update", Op::Add, &[w, g]);
    step.output("state", next);
    let mut end = Sketch::new();
    let state = end.port("state", Carrier::Exact, &[2]);
    let w = end.store("weights", Function::Identity, format, state);
    end.output("weights", w);
    let block = |name: &str, axes: &[usize], body: Graph, ports| Block {
        name: name.to_owned(),
        axes: axes.to_vec(),
        bodies: vec![body],
        varies: None,
        ports,
    };
    let wire = |block, at: &[At]| Wire { block, output: 0, at: at.to_vec() };
    let blocks = vec![
        block("start", &[], start.build(), vec![]),
        block("step", &[0], step.build(), vec![vec![wire(1, &[At::Back(1)]), wire(0, &[])]]),
        block("end", &[], end.build(), vec![vec![wire(1, &[At::Last])]]),
    ];
    let axes = vec![Axis { name: "steps".into(), length: steps }];
    System::new(axes, blocks, vec![Outlet { name: "weights".to_owned(), block: 2, output: 0 }]).unwrap()
}

/// Levels of all inputs, in the order they are taken.
fn levels(loops: &LoweredLoops, seed: u64) -> Vec<(Input, Vec<i64>)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut all = Vec::new();
    let done: Result<(), ()> = loops.circuits.try_each(|instance| {
        for input in &loops.inputs[instance.block] {
            let InputKind::Numbers(format) = input.kind else { return Err(()) };
            let count: u64 = input.shape.iter().product();
            let mut draw = || {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                format.min() + ((state >> 33) % (format.max().abs_diff(format.min()) + 1)) as i64
            };
            all.push((input.clone(), (0..count).map(|_| draw()).collect()));
        }
        Ok(())
    });
    done.unwrap();
    all
}

#[test]
fn unrolled_descent_is_the_interpreted_one_at_two_layers_a_step() {
    for format in ["fixed(2,2)", "fixed(3,1)"] {
        let format: Format = format.parse().unwrap();
        for steps in [1, 2, 3, 4, 9] {
            let graph = descent(steps, format, true);
            for strategy in [Strategy::Depth, Strategy::Size] {
                let loops = system(&graph, strategy).unwrap();
                let circuit = looped::unroll(&loops.circuits).unwrap();
                let skeleton = looped::skeleton(&loops.circuits);
                let exact = measure::exact(&circuit).unwrap();
                assert_eq!(skeleton.depth(), exact.depth);
                let sizes = measure::sizes(&loops.circuits);
                let upper = measure::architecture(&circuit);
                assert_eq!(sizes.gates.value(|_| steps), exact.gates.value(|_| 0));
                assert_eq!(sizes.wires.unwrap().value(|_| steps), upper.wires.value(|_| 0));
                assert!(upper.weight_bits <= sizes.weight_bits.unwrap());
                if strategy == Strategy::Depth {
                    assert_eq!(exact.depth, 2 * steps + 1);
                }
                for seed in 0..20 {
                    let inputs = levels(&loops, seed);
                    let numbers = inputs.iter().flat_map(|(input, levels)| {
                        let InputKind::Numbers(format) = input.kind else { unreachable!() };
                        levels.iter().map(move |l| Rational::new((*l).into(), BigInt::from(1) << format.fraction()))
                    });
                    let expected = reference::interpret(&graph, numbers).unwrap();
                    let bits: Vec<bool> = inputs
                        .iter()
                        .flat_map(|(input, levels)| {
                            levels.iter().flat_map(|l| (0..input.bits).map(move |b| l >> b & 1 == 1))
                        })
                        .collect();
                    let got = evaluate::evaluate(&circuit, &bits).unwrap();
                    let got: Vec<Rational> = got["weights"]
                        .iter()
                        .map(|level| &loops.units[2][0] * Rational::from_integer(level.clone()))
                        .collect();
                    assert_eq!(got, expected[0].values);
                }
                if steps <= 2 {
                    let given = levels(&loops, 1);
                    let words = given.iter().enumerate().map(|(n, (input, _))| {
                        InputWord::signed(&format!("{}{n}", input.name), &input.shape, input.bits)
                    });
                    let gates = expand::expand(&circuit, words.collect(), &mut |_, _| {}).unwrap();
                    assert_eq!(u64::from(gates.levels().depth()), exact.depth);
                    assert_eq!(
                        exact.gates.value(|_| 0).to_u64().unwrap(),
                        u64::from(gates.gate_count() - gates.input_count())
                    );
                }
            }
        }
    }
}
