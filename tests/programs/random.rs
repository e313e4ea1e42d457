//! Random programs: interpreted and evaluated alike, and as deep as their skeleton says.

use isobath::circuit::{looped, measure};
use isobath::expr::Expr;
use isobath::lower::system::{LoweredLoops, system};
use isobath::spec::program::{Data, Start};
use isobath::strategies::{ProgramLimits, programs};
use isobath::words::Strategy;
use proptest::prelude::*;

use super::{both, by_hand, drawn, program};

/// Sizes bound the single gates of all iterations, whatever the form of each; a longest path has a bank for each layer.
fn bounded(loops: &LoweredLoops) -> Result<(), TestCaseError> {
    let sizes = measure::sizes(&loops.circuits);
    let exact = measure::exact(&looped::unroll(&loops.circuits).unwrap()).unwrap();
    let axes = loops.circuits.axes();
    let value = |size: &Expr| size.value(|name| axes.iter().find(|axis| *axis.name == **name).unwrap().length);
    prop_assert!(value(&sizes.gates) >= exact.gates.value(|_| 1));
    prop_assert!(sizes.wires.is_none_or(|wires| value(&wires) >= exact.wires.value(|_| 1)));
    prop_assert!(sizes.weight_bits.is_none_or(|bits| bits >= exact.weight_bits));
    let skeleton = looped::skeleton(&loops.circuits);
    prop_assert_eq!(skeleton.critical_path().len() as u64, skeleton.depth());
    Ok(())
}

/// Examples with zeros at different places make iterations of different forms.
#[test]
fn hard_wired_examples_of_several_forms_are_bounded() {
    for (x, y) in [("[[1], [0]]", "[1, 0]"), ("[[0], [1]]", "[0, 1]"), ("[[3], [0], [-2]]", "[1, 0, 0]")] {
        let examples = y.split(',').count();
        let text = format!(
            "[program]\nkind = \"gradient-descent\"\nsteps = 6\nstep_size = \"1/2\"\nfeatures = 1\nexamples = {examples}\n\
             loss = \"least-squares\"\n[data]\nsource = \"given\"\nx = {x}\ny = {y}\n[weights]\nsource = \"inputs\"\n[numerics]\n\
             weights = \"fixed(2,2)\"\nactivations = \"fixed(3,1)\"\ndata = \"int(3)\"\ntargets = \"int(3)\"\n"
        );
        let graph = isobath::program::system(&program(&text)).unwrap();
        for strategy in [Strategy::Depth, Strategy::Size] {
            bounded(&system(&graph, strategy).unwrap()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readings_of_random_programs_agree(case in programs(ProgramLimits::default())) {
        let program = case.program();
        let graph = isobath::program::system(&program).unwrap();
        for strategy in [Strategy::Depth, Strategy::Size] {
            let loops = system(&graph, strategy).unwrap();
            let circuit = looped::unroll(&loops.circuits).unwrap();
            let (bound, depth) = (looped::skeleton(&loops.circuits).depth(), measure::exact(&circuit).unwrap().depth);
            // Constants and slopes that happen to be zero list no wire, so that a circuit may be less deep than its skeleton.
            let zeros = ["source = \"random\"", "loss = \"graph\"", "loss = \"mlp\""];
            let zeros = zeros.iter().any(|line| case.toml().contains(line));
            prop_assert!(bound == depth || (zeros && bound > depth), "{} {}", bound, depth);
            bounded(&loops)?;
            for seed in 0..3 {
                let inputs = drawn(&loops, case.seed ^ seed);
                let (interpreted, evaluated) = both(&graph, &loops, &inputs);
                prop_assert_eq!(&interpreted, &evaluated);
                let drawn_inside = matches!(program.data, Data::Random { .. }) || matches!(program.start, Start::Random { .. });
                if !drawn_inside && !case.toml().contains("loss = \"graph\"") {
                    prop_assert_eq!(&interpreted, &by_hand::run(&program, &inputs));
                }
            }
        }
    }
}
