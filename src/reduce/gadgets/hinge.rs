//! Boolean circuits by online descent on the hinge loss, two steps a NAND gate; must not know how it is run.
//!
//! Loss `max(0, 1 - y w.x)`, step size 1, y = 1: `w` becomes `w + x` where `w.x < 1`. Coordinate 0 is a bias held at 1; a cell that holds
//! bit b is `1 + 2b`; the cell k of a gate starts at 1, that of an input at 0. An input is one step, `x = (1 + 2b) e_i`. A gate
//! on cells i and j is two: `x = e_i/2 + e_j/2 - e_k - e_0` has margin `a + b - 1`, below 1 unless both are 1; `x = -e_i/2 - e_j/2 + 3 e_k + e_0`
//! has margin 1 where the first did not fire, and where it did fires too, undoes its mark on i, j and 0, and leaves k at 3.

use super::{Gadget, bits, example, shaped};
use crate::number::{Format, Rational};
use crate::problems::netlist::Netlist;
use crate::problems::{Answer, Instance};
use crate::reduce::formats::{Needs, ratio, whole};
use crate::reduce::nand::{FIRST_INPUT, Nand};
use crate::reduce::text::{Draft, Start, descent};
use crate::spec::program::Formats;

/// A circuit of some shape; the program, and with it the compiled circuit, is one for all of as many inputs, gates and outputs.
pub(super) struct Hinge {
    nand: Nand,
}

/// The coordinate of a cell: the bias comes first.
fn at(cell: usize) -> usize {
    1 + cell
}

impl Hinge {
    pub fn new(netlist: &Netlist) -> Self {
        Self { nand: Nand::of(netlist) }
    }

    /// False, true, inputs not known yet, and gates to come.
    fn start(&self) -> Vec<Rational> {
        let constants = [whole(1), whole(1), whole(3)];
        let inputs = std::iter::repeat_n(whole(0), self.nand.inputs);
        constants.into_iter().chain(inputs).chain(self.nand.gates.iter().map(|_| whole(1))).collect()
    }
}

impl Gadget for Hinge {
    fn title(&self) -> String {
        let gates = self.nand.gates.len();
        format!("a circuit of {gates} NAND gates by online descent on the hinge loss, two steps a gate")
    }

    fn name(&self) -> &'static str {
        "hinge"
    }

    fn dimension(&self) -> usize {
        at(self.nand.cells())
    }

    fn steps(&self) -> usize {
        self.nand.inputs + 2 * self.nand.gates.len()
    }

    fn default_format(&self) -> &'static str {
        "fixed(4,4)"
    }

    fn needs(&self, _: Format) -> Needs {
        let weights = [whole(0), whole(1), ratio(3, 2), whole(3), ratio(7, 2)];
        let data = [whole(-1), ratio(-1, 2), whole(0), ratio(1, 2), whole(1), whole(3)];
        Needs { weights: weights.to_vec(), activations: vec![], data: data.to_vec(), targets: vec![whole(1)] }
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "A circuit of NAND gates: coordinate 0 is a bias of 1, cells hold 1 + 2 bit; an example an input, two a gate.";
        let program = descent("hinge", self.dimension(), self.steps(), 1, &[]);
        let start = Start::Given("w", self.start(), None);
        Draft { name: self.name(), about: vec![about.to_owned()], program, start }.text(formats)
    }

    fn stream(&self, instance: &Instance, _: &Formats) -> Option<Vec<Rational>> {
        let (nand, inputs) = shaped(instance, &self.nand)?;
        let step = |entries: &[(usize, Rational)]| example(self.dimension(), entries, whole(1));
        let input = |(place, bit): (usize, &bool)| step(&[(at(FIRST_INPUT + place), whole(1 + 2 * i64::from(*bit)))]);
        let gate = |(gate, [i, j]): (usize, &[usize; 2])| {
            let (i, j, k, half) = (at(*i), at(*j), at(nand.cell(gate)), || ratio(1, 2));
            let fire = step(&[(i, half()), (j, half()), (k, whole(-1)), (0, whole(-1))]);
            let undo = step(&[(i, -half()), (j, -half()), (k, whole(3)), (0, whole(1))]);
            [fire, undo].concat()
        };
        let inputs = inputs.iter().enumerate().flat_map(input);
        Some(inputs.chain(nand.gates.iter().enumerate().flat_map(gate)).collect())
    }

    fn decode(&self, weights: &[Rational], _: &Formats) -> Option<Answer> {
        let cells = self.nand.output_cells();
        bits(weights.get(at(cells.start)..at(cells.end))?, &whole(1), &whole(3))
    }
}
