//! The inner product modulo 2 by weighted least squares in two dimensions; must not know how it is run.
//!
//! `(1, 0)` with weight 2 is the reflection that turns the sign of the first coordinate, `(1, -1)` with weight 1 the one that swaps both:
//! they enclose 45 degrees, so their commutator turns every sign. Where a letter is 0 its example is 0, and the others cancel.

use super::{Gadget, bit};
use crate::number::{Format, Rational};
use crate::problems::{Answer, Instance};
use crate::reduce::formats::{Needs, whole};
use crate::reduce::text::{Draft, Start, descent, node};
use crate::spec::program::Formats;

/// Pairs of words of this length, four steps a letter.
pub(super) struct InnerProduct {
    pub letters: usize,
}

impl Gadget for InnerProduct {
    fn title(&self) -> String {
        "inner product modulo 2 by least squares in dimension 2, examples of weight 2 and 1 in turn".to_owned()
    }

    fn name(&self) -> &'static str {
        "inner-product"
    }

    fn dimension(&self) -> usize {
        2
    }

    fn steps(&self) -> usize {
        4 * self.letters
    }

    fn needs(&self, _: Format) -> Needs {
        Needs {
            weights: vec![whole(-1), whole(1)],
            activations: (-2..=2).map(whole).collect(),
            data: vec![whole(-1), whole(0), whole(1)],
            targets: vec![whole(1), whole(2)],
        }
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "Inner product modulo 2: x = (a, 0) with y = 2, then x = (b, -b) with y = 1, twice a letter.";
        let loss = "The loss of an example is y (w.x)^2 / 2: least squares to 0, y the weight of the example.";
        let mut program = descent("graph", 2, self.steps(), 1, &[]);
        program.push(node("p", "dot", &["w", "x"], ""));
        program.push(node("square", "square", &["p"], ""));
        program.push(node("weighted", "multiply", &["y", "square"], ""));
        program.push(node("loss", "scale", &["weighted"], "factor = \"1/2\""));
        let start = Start::Given("w", vec![whole(1), whole(1)], None);
        Draft { name: self.name(), about: vec![about.to_owned(), loss.to_owned()], program, start }.text(formats)
    }

    fn stream(&self, instance: &Instance, _: &Formats) -> Option<Vec<Rational>> {
        let Instance::InnerProduct(a, b) = instance else { return None };
        let letter = |(a, b): (&bool, &bool)| {
            let (a, b) = (i64::from(*a), i64::from(*b));
            let once = [a, 0, 2, b, -b, 1].map(whole);
            [once.clone(), once].concat()
        };
        let fits = a.len() == self.letters && b.len() == self.letters;
        fits.then(|| a.iter().zip(b).flat_map(letter).collect())
    }

    fn decode(&self, weights: &[Rational], _: &Formats) -> Option<Answer> {
        let [first, second] = weights else { return None };
        let odd = bit(first, &whole(1), &whole(-1)).filter(|_| first == second);
        odd.map(|odd| Answer::Bits(vec![odd]))
    }
}
