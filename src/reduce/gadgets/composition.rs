//! Composition of functions by online least squares with two buffers; must not know how it is run.
//!
//! A point is one-hot in one buffer. For each image i of a function, the example `e_i - sum of e_j over f(j) = i` (i in the other buffer, j
//! in this one) with y = 0 sets entry i of the other buffer to the sum of those of this one, exactly, whatever it held before.
//! It also spoils those of this one, but each is read once only, and the next function overwrites them, spoiled or saturated.

use super::{Gadget, example};
use crate::number::{Format, Rational};
use crate::problems::{Answer, Instance};
use crate::reduce::formats::{Needs, whole};
use crate::reduce::text::{Draft, Start, descent};
use crate::spec::program::Formats;

/// So many functions on so many points: an example for the start, and one a point for each function.
pub(super) struct Composition {
    pub points: usize,
    pub functions: usize,
}

impl Composition {
    /// Where the buffers begin before this function: what is read, what is written.
    fn buffers(&self, function: usize) -> (usize, usize) {
        if function.is_multiple_of(2) { (0, self.points) } else { (self.points, 0) }
    }
}

impl Gadget for Composition {
    fn title(&self) -> String {
        let points = self.points;
        format!("composition of functions on {points} points by online least squares in dimension {}", 2 * points)
    }

    fn name(&self) -> &'static str {
        "composition"
    }

    fn dimension(&self) -> usize {
        2 * self.points
    }

    fn steps(&self) -> usize {
        1 + self.functions.saturating_mul(self.points)
    }

    fn needs(&self, _: Format) -> Needs {
        let bits = vec![whole(0), whole(1)];
        Needs { weights: bits.clone(), activations: vec![], data: vec![whole(-1), whole(0), whole(1)], targets: bits }
    }

    fn remark(&self) -> Option<&'static str> {
        Some("entries already read may saturate: they are overwritten before they are read again")
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "Composition of functions: the first example sets the start in buffer a; then, for each function f and each point i,";
        let more = "x = e_i in one buffer minus e_j in the other for each f(j) = i, y = 0, which sets the one to the sum of the other.";
        let exact = ["round_residual = false         # the residual is exact; only weights are rounded"];
        let program = descent("least-squares", self.dimension(), self.steps(), 1, &exact);
        let start = Start::Given("w", vec![whole(0); self.dimension()], None);
        Draft { name: self.name(), about: vec![about.to_owned(), more.to_owned()], program, start }.text(formats)
    }

    fn stream(&self, instance: &Instance, _: &Formats) -> Option<Vec<Rational>> {
        let Instance::Composition(functions, start) = instance else { return None };
        if functions.len() != self.functions || functions.iter().any(|function| function.len() != self.points) {
            return None;
        }
        let mut stream = example(self.dimension(), &[(*start, whole(1))], whole(1));
        for (place, function) in functions.iter().enumerate() {
            let (read, written) = self.buffers(place);
            for image in 0..self.points {
                let sources = function.iter().enumerate().filter(|(_, to)| **to == image);
                let sources = sources.map(|(from, _)| (read + from, whole(-1)));
                let entries: Vec<_> = sources.chain([(written + image, whole(1))]).collect();
                stream.extend(example(self.dimension(), &entries, whole(0)));
            }
        }
        Some(stream)
    }

    fn decode(&self, weights: &[Rational], _: &Formats) -> Option<Answer> {
        let (last, _) = self.buffers(self.functions);
        let buffer = weights.get(last..last + self.points)?;
        let point = buffer.iter().position(|entry| *entry == whole(1))?;
        let rest = buffer.iter().enumerate().filter(|(place, _)| *place != point);
        rest.into_iter().all(|(_, entry)| *entry == whole(0)).then_some(Answer::Point(point))
    }
}
