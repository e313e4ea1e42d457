//! Reductions in floating point: where a format holds a reduction's numbers, circuits decode to the solution, of large random instances too;
//! where it does not, the refusal names formats that suffice, and they do.

use isobath::number::Format;
use isobath::problems::draws::Draws;
use isobath::problems::netlist::Netlist;
use isobath::problems::{Family, Instance};
use isobath::reduce::{Asked, Machine, ReduceError, Via, gadget};
use isobath::words::Strategy;

use super::{all, circuit, holds, random};

/// Every number of a reduction in one format.
fn asked(format: &str) -> Asked {
    let format = Some(format.parse::<Format>().unwrap());
    Asked { weights: format, activations: format, data: format, targets: format }
}

fn machine(family: &Family, via: Via, format: &str) -> Machine {
    let machine = Machine::compile(gadget(family, via).unwrap(), &asked(format), Strategy::Size).unwrap();
    let formats = machine.formats;
    let all = [formats.weights, formats.activations, formats.data, formats.targets];
    assert!(all.iter().all(|own| own.to_string() == format), "{formats:?}");
    machine
}

/// Families by what they are of, at a size.
fn families(size: usize) -> Vec<(Family, Via)> {
    let drawn = circuit(Netlist::random(3, size, &mut Draws::new(5)));
    vec![
        (Family::Parity(size), Via::Hinge),
        (Family::InnerProduct(size), Via::Hinge),
        (Family::Permutations(size), Via::Hinge),
        (Family::Composition { points: 3, functions: size }, Via::Hinge),
        (drawn.clone(), Via::Hinge),
        (drawn, Via::Polynomial),
    ]
}

#[test]
fn gates_of_eight_bit_floats_solve_every_small_instance() {
    for format in ["fp8-e4m3", "fp8-e5m2", "float(3,2)"] {
        for (family, via) in families(2) {
            holds(&machine(&family, via, format), all(&family).take(128));
        }
    }
}

/// Circuits of more gates than are written out are evaluated.
fn decodes(machine: &Machine, instances: impl Iterator<Item = Instance>) {
    let outcome = machine.run(instances, &mut |_| {}).unwrap();
    assert!(outcome.refutation.is_none(), "{:?}\n{}", outcome.refutation, machine.text);
    assert!(outcome.instances > 0 && outcome.evaluated + outcome.simulated >= outcome.instances);
}

#[test]
fn long_random_instances_in_eight_bits() {
    for (family, via) in families(12) {
        decodes(&machine(&family, via, "fp8-e4m3"), random(&family, 64));
    }
}

#[test]
fn bf16_and_fp16_decode_to_the_solution() {
    for format in ["bf16", "fp16"] {
        for (family, via) in families(2) {
            decodes(&machine(&family, via, format), random(&family, 8));
        }
        let word = Family::Parity(24);
        decodes(&machine(&word, Via::Hinge, format), random(&word, 8));
    }
}

/// Rounding makes the gates in the last place: next to zero floats are evenly spaced, so it is the same reduction; residuals of fractions of
/// that place need a finer format.
#[test]
fn rounding_alone_makes_gates_next_to_zero() {
    let family = circuit(Netlist::random(3, 4, &mut Draws::new(5)));
    for format in ["fp8-e4m3", "fp8-e5m2", "float(2,1)"] {
        let weights = Asked { weights: Some(format.parse().unwrap()), ..Asked::default() };
        let machine = Machine::compile(gadget(&family, Via::Rounding).unwrap(), &weights, Strategy::Size).unwrap();
        assert_eq!(machine.formats.weights.to_string(), format);
        holds(&machine, all(&family));
    }
    let refused = Machine::compile(gadget(&family, Via::Rounding).unwrap(), &asked("fp8-e4m3"), Strategy::Size);
    assert!(matches!(refused, Err(ReduceError::Narrow { role: "activations", .. })));
}

/// 7/2 has three bits of mantissa; permutations hold whole numbers up to 4.
#[test]
fn too_narrow_floats_are_refused_and_those_named_suffice() {
    let hinge = circuit(Netlist::random(3, 3, &mut Draws::new(5)));
    for (family, via, narrow, named) in [
        (Family::Permutations(2), Via::Hinge, "float(2,1)", None),
        (hinge, Via::Hinge, "float(2,1)", Some("fp8-e4m3")),
        (Family::Permutations(2), Via::Hinge, "float(2,2)", Some("fp8-e4m3")),
    ] {
        let compiled = Machine::compile(gadget(&family, via).unwrap(), &asked(narrow), Strategy::Size);
        match (compiled.map(|machine| machine.formats), named) {
            (Ok(_), None) => decodes(&machine(&family, via, narrow), all(&family).take(64)),
            (Err(ReduceError::Narrow { suffices, .. }), Some(named)) => {
                assert!(suffices.ends_with(&format!(" or {named}")), "{suffices}");
                holds(&machine(&family, via, named), all(&family).take(64));
            }
            (other, _) => panic!("{narrow}: {other:?}"),
        }
    }
}
