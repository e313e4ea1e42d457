//! Parity by least squares in one dimension: a step of size 2 on `x = 1` turns the weight's sign; must not know how it is run.

use super::{Gadget, bit};
use crate::number::{Format, Rational};
use crate::problems::{Answer, Instance};
use crate::reduce::formats::{Needs, whole};
use crate::reduce::text::{Draft, Start, descent};
use crate::spec::program::Formats;

/// Words of this length. `w - 2 (w x - 0) x = (1 - 2x) w` for x of 0 or 1, from `w = 1`.
pub(super) struct Parity {
    pub letters: usize,
}

impl Gadget for Parity {
    fn title(&self) -> String {
        "parity by least squares in dimension 1, step size 2".to_owned()
    }

    fn name(&self) -> &'static str {
        "parity"
    }

    fn dimension(&self) -> usize {
        1
    }

    fn steps(&self) -> usize {
        self.letters
    }

    fn needs(&self, _: Format) -> Needs {
        let signs = vec![whole(-1), whole(0), whole(1)];
        Needs {
            weights: vec![whole(-1), whole(1)],
            activations: signs,
            data: vec![whole(0), whole(1)],
            targets: vec![whole(0)],
        }
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "Parity: x is a letter of the word, y = 0; each 1 turns the sign of w.".to_owned();
        let program = descent("least-squares", 1, self.letters, 2, &[]);
        Draft { name: self.name(), about: vec![about], program, start: Start::Given("w", vec![whole(1)], None) }
            .text(formats)
    }

    fn stream(&self, instance: &Instance, _: &Formats) -> Option<Vec<Rational>> {
        let Instance::Parity(word) = instance else { return None };
        let examples = word.iter().flat_map(|bit| [whole(i64::from(*bit)), whole(0)]);
        (word.len() == self.letters).then(|| examples.collect())
    }

    fn decode(&self, weights: &[Rational], _: &Formats) -> Option<Answer> {
        let [w] = weights else { return None };
        bit(w, &whole(1), &whole(-1)).map(|odd| Answer::Bits(vec![odd]))
    }
}
