//! Reductions that are wrong are found out: a decoder that says the opposite, one that says nothing, data that are not those of the instance.

use isobath::number::{Format, Rational};
use isobath::problems::{Answer, Family, Instance};
use isobath::reduce::{Asked, Gadget, Machine, Needs, Via, gadget};
use isobath::report::reduction::{Chosen, Reduction};
use isobath::spec::program::Formats;
use isobath::words::Strategy;

use super::all;

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Opposite,
    Silent,
    /// The last letter is left out where it is 1.
    Data,
}

/// Parity with a fault.
struct Faulty(Box<dyn Gadget>, Fault);

impl Gadget for Faulty {
    fn title(&self) -> String {
        self.0.title()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn steps(&self) -> usize {
        self.0.steps()
    }

    fn needs(&self, weights: Format) -> Needs {
        self.0.needs(weights)
    }

    fn spec(&self, formats: &Formats) -> String {
        self.0.spec(formats)
    }

    fn stream(&self, instance: &Instance, formats: &Formats) -> Option<Vec<Rational>> {
        let mut stream = self.0.stream(instance, formats)?;
        if self.1 == Fault::Data {
            let last = stream.len() - 2;
            stream[last] = Rational::default();
        }
        Some(stream)
    }

    fn decode(&self, weights: &[Rational], formats: &Formats) -> Option<Answer> {
        match (self.0.decode(weights, formats), self.1) {
            (Some(Answer::Bits(bits)), Fault::Opposite) => Some(Answer::Bits(bits.iter().map(|bit| !bit).collect())),
            (_, Fault::Silent) => None,
            (answer, _) => answer,
        }
    }
}

fn run(fault: Fault) -> (Machine, isobath::reduce::Outcome) {
    let family = Family::Parity(3);
    let faulty = Box::new(Faulty(gadget(&family, Via::Hinge).unwrap(), fault));
    let machine = Machine::compile(faulty, &Asked::default(), Strategy::Size).unwrap();
    let outcome = machine.run(all(&family), &mut |_| {}).unwrap();
    (machine, outcome)
}

#[test]
fn every_mismatch_is_counted_and_the_first_is_kept() {
    for (fault, mismatches, first) in [(Fault::Opposite, 8, "000"), (Fault::Silent, 8, "000"), (Fault::Data, 4, "001")]
    {
        let (machine, outcome) = run(fault);
        let refutation = outcome.refutation.clone().unwrap();
        assert_eq!((outcome.mismatches, refutation.instance.to_string()), (mismatches, first.to_owned()));
        let report = Reduction::new(&machine, &outcome, Chosen::All, Vec::new());
        let text = report.text();
        assert!(!report.holds && text.contains("REFUTED") && text.contains(first), "{text}");
        assert!(!text.contains("holds"), "{text}");
    }
}
