//! The word problem of S5 by online least squares in five dimensions: an example `e_i - e_j` swaps two weights; must not know how it is run.

use super::{Gadget, example};
use crate::number::{Format, Rational};
use crate::problems::permutations::{IDENTITY, Permutation, THINGS};
use crate::problems::{Answer, Instance};
use crate::reduce::formats::{Needs, whole};
use crate::reduce::text::{Draft, Start, descent};
use crate::spec::program::Formats;

/// Words of so many permutations, four steps each: no permutation of five things takes more than four swaps.
pub(super) struct S5 {
    pub letters: usize,
}

/// The most swaps of a permutation.
const SWAPS: usize = THINGS - 1;

impl Gadget for S5 {
    fn title(&self) -> String {
        "word problem of S5 by online least squares in dimension 5, examples e_i - e_j, step size 1".to_owned()
    }

    fn name(&self) -> &'static str {
        "s5"
    }

    fn dimension(&self) -> usize {
        THINGS
    }

    fn steps(&self) -> usize {
        SWAPS * self.letters
    }

    fn needs(&self, _: Format) -> Needs {
        let most = THINGS as i64 - 1;
        Needs {
            weights: (0..=most).map(whole).collect(),
            activations: (-most..=most).map(whole).collect(),
            data: vec![whole(-1), whole(1)],
            targets: vec![whole(0)],
        }
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "The word problem of S5: x = e_i - e_j, y = 0 swaps w_i and w_j; x = 0 does nothing. Four examples a permutation.";
        let program = descent("least-squares", THINGS, self.steps(), 1, &[]);
        let start = Start::Given("w", IDENTITY.map(|thing| whole(thing.into())).to_vec(), None);
        Draft { name: self.name(), about: vec![about.to_owned()], program, start }.text(formats)
    }

    fn stream(&self, instance: &Instance, _: &Formats) -> Option<Vec<Rational>> {
        let Instance::Permutations(word) = instance else { return None };
        let padded = |permutation: &Permutation| {
            let swaps = swaps(permutation);
            (0..SWAPS).flat_map(move |place| match swaps.get(place) {
                Some((i, j)) => example(THINGS, &[(*i, whole(1)), (*j, whole(-1))], whole(0)),
                None => example(THINGS, &[], whole(0)),
            })
        };
        (word.len() == self.letters).then(|| word.iter().flat_map(padded).collect())
    }

    fn decode(&self, weights: &[Rational], _: &Formats) -> Option<Answer> {
        let thing = |weight: &Rational| IDENTITY.into_iter().find(|thing| whole((*thing).into()) == *weight);
        let things: Permutation = weights.iter().map(thing).collect::<Option<Vec<_>>>()?.try_into().ok()?;
        IDENTITY.iter().all(|thing| things.contains(thing)).then_some(Answer::Permutation(things))
    }
}

/// Swaps of places that turn `w` into `k -> w[p[k]]`.
fn swaps(permutation: &Permutation) -> Vec<(usize, usize)> {
    let (mut now, mut swaps) = (IDENTITY, Vec::new());
    for (place, wanted) in permutation.iter().enumerate() {
        let found = now.iter().position(|thing| thing == wanted).unwrap_or(place);
        if found != place {
            now.swap(place, found);
            swaps.push((place, found));
        }
    }
    swaps
}
