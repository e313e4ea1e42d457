//! Formats: the narrowest that is named suffices, one bit less does not; circuits say what the reference interpreter says.

use isobath::number::{Format, Rational};
use isobath::pipeline::{looped::LoopedModel, subject::Options};
use isobath::problems::draws::Draws;
use isobath::problems::netlist::Netlist;
use isobath::problems::{Family, Instance, aiger};
use isobath::reduce::{Asked, Machine, ReduceError, Via, gadget, narrowest};
use isobath::spec::parse_document;
use isobath::words::Strategy;

use super::{all, circuit, holds, random};

/// Small families, with all roles a reduction has among them.
fn families() -> Vec<(Family, Via)> {
    let majority = format!("{}/circuits/netlists/majority-5.aag", env!("CARGO_MANIFEST_DIR"));
    let majority = circuit(aiger::parse(&std::fs::read(majority).unwrap()).unwrap());
    let random = circuit(Netlist::random(3, 6, &mut Draws::new(5)));
    vec![
        (Family::Parity(5), Via::Hinge),
        (Family::InnerProduct(2), Via::Hinge),
        (Family::Permutations(2), Via::Hinge),
        (Family::Composition { points: 3, functions: 2 }, Via::Hinge),
        (random.clone(), Via::Hinge),
        (random.clone(), Via::Polynomial),
        (random, Via::Rounding),
        (majority, Via::QLearning),
    ]
}

/// The reduction with weights and activations in the narrowest formats that are named.
fn narrow(family: &Family, via: Via) -> Machine {
    let reduction = gadget(family, via).unwrap();
    let default: Format = reduction.default_format().parse().unwrap();
    let weights = narrowest(&reduction.needs(default).weights).unwrap();
    let activations = narrowest(&reduction.needs(weights).activations);
    let asked = Asked { weights: Some(weights), activations, ..Asked::default() };
    Machine::compile(reduction, &asked, Strategy::Size).unwrap()
}

/// What the program of this text decodes to, by the reference interpreter.
fn interpreted(text: &str, machine: &Machine, instance: &Instance) -> Option<isobath::problems::Answer> {
    let document = parse_document("t.toml", text).unwrap();
    let model = LoopedModel::of(&document, &Options { bound: true, ..Options::default() }).unwrap();
    let levels = model.interpret(&machine.levels(instance).unwrap()).unwrap();
    let isobath::spec::Document::Program(program) = &document else { panic!("a program") };
    let entries = program.weights().into_iter().map(|weight| weight.shape.iter().product::<u64>() as usize);
    let units = entries.zip(model.output_units()).flat_map(|(entries, unit)| std::iter::repeat_n(unit, entries));
    let weights: Vec<Rational> =
        levels.into_iter().map(Rational::from_integer).zip(units).map(|(l, u)| l * u).collect();
    machine.gadget.decode(&weights, &machine.formats)
}

#[test]
fn the_named_formats_suffice_and_the_interpreter_agrees() {
    for (family, via) in families() {
        let machine = narrow(&family, via);
        holds(&machine, all(&family));
        for instance in all(&family).take(8) {
            assert_eq!(interpreted(&machine.text, &machine, &instance), Some(instance.solve()), "{instance}");
        }
    }
}

/// One bit less before and after the point, where that is a format.
fn narrower(format: Format) -> Vec<Format> {
    let integer = format.bits() - format.fraction();
    let pairs = [(integer - 1, Some(format.fraction())), (integer, format.fraction().checked_sub(1))];
    pairs.into_iter().filter_map(|(i, f)| Format::new(i, f?).ok()).collect()
}

#[test]
fn one_bit_less_does_not_suffice() {
    let mut seen = Vec::new();
    for (family, via) in families() {
        let machine = narrow(&family, via);
        for (role, format) in [("weights", machine.formats.weights), ("activations", machine.formats.activations)] {
            let needs = machine.gadget.needs(machine.formats.weights);
            let values = if role == "weights" { &needs.weights } else { &needs.activations };
            for less in narrower(format).into_iter().filter(|_| !values.is_empty()) {
                let asked = match role {
                    "weights" => Asked { weights: Some(less), ..Asked::default() },
                    _ => Asked { weights: Some(machine.formats.weights), activations: Some(less), ..Asked::default() },
                };
                let reduction = gadget(&family, via).unwrap();
                // In units of their own last place, reductions by rounding fit into any format of weights.
                let own = matches!(via, Via::Rounding | Via::QLearning) && role == "weights";
                match Machine::compile(reduction, &asked, Strategy::Size) {
                    Err(ReduceError::Narrow { suffices, role: named, .. }) => {
                        assert_eq!((suffices, named), (format.to_string(), role));
                    }
                    Err(other) => panic!("{other}"),
                    Ok(_) => {
                        assert!(own, "{role} of {less} was taken");
                        continue;
                    }
                }
                let text = machine.text.replace(&format!("{role} = \"{format}\""), &format!("{role} = \"{less}\""));
                assert_ne!(text, machine.text);
                let wrong = random(&family, 500)
                    .chain(all(&family))
                    .find(|i| interpreted(&text, &machine, i) != Some(i.solve()));
                assert!(wrong.is_some(), "{} in {less} for {role} would have done", machine.gadget.name());
                seen.push((machine.gadget.name(), role));
            }
        }
    }
    for wanted in [
        ("s5", "weights"),
        ("s5", "activations"),
        ("inner-product", "activations"),
        ("hinge", "weights"),
        ("rounding", "activations"),
        ("q-learning", "activations"),
    ] {
        assert!(seen.contains(&wanted), "{wanted:?} is not among {seen:?}");
    }
}

#[test]
fn reductions_run_in_formats_of_eight_bits() {
    for (family, via) in families() {
        let reduction = gadget(&family, via).unwrap();
        let format: Format = reduction.default_format().parse().unwrap();
        assert_eq!(format.bits(), 8);
        holds(&Machine::compile(reduction, &Asked::default(), Strategy::Size).unwrap(), all(&family).take(64));
    }
}
