//! Reductions in floating point: where a format holds a reduction's numbers, circuits decode to the solution, of large random instances too;
//! where it does not, the refusal names formats that suffice, and they do.

use isobath::number::Format;
use isobath::problems::draws::Draws;
use isobath::problems::netlist::Netlist;
use isobath::problems::{Family, Instance};
use isobath::reduce::{Asked, Machine, ReduceError, Via, gadget};
use isobath::words::Strategy;

use super::{all, circuit, random};

/// Every number of a reduction in one format; or weights and what else is rounded alone, data in the narrowest that holds them.
fn asked(format: &str, data: bool) -> Asked {
    let format = Some(format.parse::<Format>().unwrap());
    let others = format.filter(|_| data);
    Asked { weights: format, activations: format, data: others, targets: others }
}

#[allow(clippy::result_large_err)]
fn compiled(family: &Family, via: Via, asked: &Asked) -> Result<Machine, ReduceError> {
    Machine::compile(gadget(family, via).unwrap(), asked, Strategy::Size)
}

/// Products of data with data are exact, and of floats too wide: composition and the hinge loss take their data in fixed point.
fn families(size: usize) -> Vec<(Family, Via, bool)> {
    let drawn = circuit(Netlist::random(3, size, &mut Draws::new(5)));
    vec![
        (Family::Parity(size), Via::Hinge, true),
        (Family::InnerProduct(size), Via::Hinge, true),
        (Family::Permutations(size), Via::Hinge, true),
        (drawn.clone(), Via::Polynomial, true),
        (Family::Composition { points: 3, functions: size }, Via::Hinge, false),
        (drawn, Via::Hinge, false),
    ]
}

fn machine(family: &Family, via: Via, data: bool, format: &str) -> Machine {
    let machine = compiled(family, via, &asked(format, data)).unwrap();
    let formats = machine.formats;
    assert_eq!([formats.weights, formats.activations].map(|own| own.to_string()), [format, format]);
    assert_eq!([formats.data, formats.targets].map(Format::is_float), [data, data]);
    machine
}

#[test]
fn gates_of_eight_bit_floats_solve_every_small_instance() {
    for format in ["fp8-e4m3", "fp8-e5m2", "float(3,2)"] {
        for (family, via, data) in families(2) {
            decodes(&machine(&family, via, data, format), all(&family).take(128));
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
    for (family, via, data) in families(12) {
        decodes(&machine(&family, via, data, "fp8-e4m3"), random(&family, 64));
    }
    let long = Family::Permutations(60);
    decodes(&machine(&long, Via::Hinge, true, "fp8-e4m3"), random(&long, 16));
}

#[test]
fn bf16_decodes_every_reduction() {
    for (family, via, data) in families(4) {
        decodes(&machine(&family, via, data, "bf16"), random(&family, 8));
    }
}

#[test]
fn long_random_instances_in_bf16() {
    for (family, instances) in [(Family::Parity(24), 16), (Family::InnerProduct(8), 16), (Family::Permutations(12), 8)]
    {
        decodes(&machine(&family, Via::Hinge, true, "bf16"), random(&family, instances));
    }
}

#[test]
fn bf16_multiplies_by_every_permutation() {
    let family = Family::Permutations(1);
    decodes(&machine(&family, Via::Hinge, true, "bf16"), all(&family));
}

/// Where data are narrow, gates of bf16 are few enough to be written out: both readings of the circuit are held against each other.
#[test]
fn gates_of_bf16_are_simulated() {
    let family = Family::Parity(3);
    let narrow = Asked { weights: Some("bf16".parse().unwrap()), ..Asked::default() };
    let machine = compiled(&family, Via::Hinge, &narrow).unwrap();
    let outcome = machine.run(all(&family), &mut |_| {}).unwrap();
    assert_eq!((outcome.mismatches, outcome.evaluated, outcome.simulated), (0, 8, 8));
}

/// Rounding makes the gates in the last place: of floats, that of the numbers from 1 to 2.
#[test]
fn rounding_alone_makes_gates() {
    let family = circuit(Netlist::random(3, 4, &mut Draws::new(5)));
    for format in ["fp8-e4m3", "fp8-e5m2", "float(3,2)", "float(2,1)"] {
        let weights = Asked { weights: Some(format.parse().unwrap()), ..Asked::default() };
        let machine = compiled(&family, Via::Rounding, &weights).unwrap();
        assert_eq!(machine.formats.weights.to_string(), format);
        decodes(&machine, all(&family));
    }
    for format in ["fp8-e4m3", "fp8-e5m2", "bf16"] {
        decodes(&machine(&family, Via::Rounding, true, format), all(&family));
    }
}

#[test]
fn rounding_makes_gates_of_values_of_states() {
    for (format, inputs, gates) in [("fp8-e4m3", 3, 3), ("fp8-e5m2", 3, 3), ("bf16", 2, 1)] {
        let monotone = circuit(Netlist::random_monotone(inputs, gates, &mut Draws::new(5)));
        decodes(&machine(&monotone, Via::QLearning, false, format), all(&monotone));
    }
}

/// 7/2 has three significant bits; permutations hold whole numbers up to 4.
#[test]
fn too_narrow_floats_are_refused_and_those_named_suffice() {
    let hinge = circuit(Netlist::random(3, 3, &mut Draws::new(5)));
    for (family, data, narrow, named) in [
        (Family::Permutations(2), true, "float(2,1)", None),
        (hinge, false, "float(2,1)", Some("fp8-e4m3")),
        (Family::Permutations(2), true, "int(3)", Some("int(4)")),
    ] {
        match (compiled(&family, Via::Hinge, &asked(narrow, data)), named) {
            (Ok(machine), None) => decodes(&machine, all(&family).take(64)),
            (Err(ReduceError::Narrow { suffices, .. }), Some(named)) => {
                assert!(suffices.ends_with(named), "{suffices}");
                decodes(&compiled(&family, Via::Hinge, &asked(named, data)).unwrap(), all(&family).take(64));
            }
            (other, _) => panic!("{narrow}: {:?}", other.err()),
        }
    }
}
