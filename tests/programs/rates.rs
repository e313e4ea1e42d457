//! Layers a step of the shipped programs, from the depth of their skeletons at 1 to 12 steps.

use isobath::circuit::looped;
use isobath::lower::system::system;
use isobath::words::Strategy;

use super::{SHIPPED, shipped};

/// Name, layers a step, layers beside them: `depth = rate * steps + rest` from `from` steps on.
const LAWS: [(&str, u64, u64); 13] = [
    ("gd-least-squares", 2, 1),
    ("gd-least-squares-unrounded", 1, 3),
    ("gd-hard-wired", 1, 1),
    ("gd-logistic", 2, 3),
    ("gd-hinge", 2, 3),
    ("gd-mlp", 5, 1),
    ("gd-momentum", 2, 1),
    ("gd-adam", 4, 1),
    ("gd-batch", 2, 2),
    ("gd-custom", 4, 1),
    ("td0", 2, 1),
    ("q-learning", 4, 1),
    ("policy-gradient", 2, 2),
];

#[test]
fn a_step_costs_so_many_layers() {
    assert_eq!(LAWS.map(|(name, ..)| name), SHIPPED);
    for (name, rate, rest) in LAWS {
        let program = shipped(name);
        let loops = system(&isobath::program::system(&program).unwrap(), Strategy::Depth).unwrap();
        for steps in 1..=12 {
            let resized = loops.circuits.clone().resized(|_| Some(steps)).unwrap();
            assert_eq!(looped::skeleton(&resized).depth(), rate * steps + rest, "{name} at {steps} steps");
        }
    }
}

#[test]
fn wider_and_larger_programs_have_the_same_rates() {
    for (name, rate, _) in LAWS {
        let mut text = std::fs::read_to_string(format!("circuits/{name}.toml")).unwrap();
        for (from, to) in
            [("features = 1", "features = 3"), ("features = 2", "features = 5"), ("hidden = 2 ", "hidden = 3 ")]
        {
            if !text.contains("source = \"given\"") {
                text = text.replace(from, to);
            }
        }
        let text = text
            .replace("fixed(2,2)", "fixed(4,4)")
            .replace("fixed(2,1)", "fixed(4,3)")
            .replace("fixed(3,1)", "fixed(4,4)");
        let program = super::program(&text.replace("int(2)", "fixed(2,2)"));
        let loops = system(&isobath::program::system(&program).unwrap(), Strategy::Depth).unwrap();
        let depth = |steps| looped::skeleton(&loops.circuits.clone().resized(|_| Some(steps)).unwrap()).depth();
        assert_eq!(depth(12) - depth(7), 5 * rate, "{name}");
    }
}
