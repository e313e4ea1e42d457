//! Random programs: interpreted and evaluated alike, and as deep as their skeleton says.

use isobath::circuit::{looped, measure};
use isobath::lower::system::system;
use isobath::spec::program::{Data, Start};
use isobath::strategies::{ProgramLimits, programs};
use isobath::words::Strategy;
use proptest::prelude::*;

use super::{both, by_hand, drawn};

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
