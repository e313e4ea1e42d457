//! Boolean circuits by full-batch descent on one polynomial loss, which is the circuit; must not know how it is run.
//!
//! With `s(v) = 3 v^2 - 2 v^3` and a weight for each cell, the loss is half the sum over gates of `(c_k - (1 - s(c_i) s(c_j)))^2`, a polynomial
//! of degree 12. Since s is 0 at 0, 1 at 1 and flat at both, a step of size 1 from weights of 0 and 1 sets each gate to the NAND of
//! what its cells held and leaves the others: after as many steps as the circuit is deep, the weights are its values, whatever gates held.
//!
//! Each gate squares operands of its own, a cell plus 0: the slopes of a square read by many gates would be rounded in one sum, as large
//! as there are gates, and where that saturates they no longer cancel. So slopes at the value 1 are -1, 0 or 1, and formats do not
//! grow with the circuit; slopes three times as large meet the factor 0, and may saturate.

use super::{Gadget, bits, shaped};
use crate::number::{Format, Rational};
use crate::problems::netlist::Netlist;
use crate::problems::{Answer, Instance};
use crate::reduce::ReduceError;
use crate::reduce::formats::{Needs, whole};
use crate::reduce::nand::Nand;
use crate::reduce::text::{Draft, Start, descent, node};
use crate::spec::program::Formats;

/// The most gates: building and lowering the loss takes about the square of their number, less than a minute for these.
const MOST_TERMS: usize = 200;

/// A circuit.
pub(super) struct Polynomial {
    nand: Nand,
}

impl Polynomial {
    /// # Errors
    /// When the circuit has too many gates.
    pub fn new(netlist: &Netlist) -> Result<Self, ReduceError> {
        let nand = Nand::of(netlist);
        let (gates, most) = (nand.gates.len(), MOST_TERMS);
        if gates > most { Err(ReduceError::ManyTerms { gates, most }) } else { Ok(Self { nand }) }
    }

    /// The cells that gates read or are, in order: others would be weights the loss does not rest on.
    fn used(&self) -> Vec<usize> {
        let gates = self.nand.cell(0)..self.nand.cells();
        let mut cells: Vec<usize> = self.nand.gates.iter().flatten().copied().chain(gates).collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    }

    /// The nodes of one gate, the last of which is the square of its residual.
    fn gate(&self, gate: usize) -> Vec<String> {
        let mut nodes = Vec::new();
        let [i, j] = self.nand.gates[gate];
        let name = |what: &str| format!("g{gate}.{what}");
        for (side, cell) in [("a", i), ("b", j)] {
            let (v, own) = (name(&format!("{side}v")), |what: &str| name(&format!("{side}{what}")));
            nodes.push(node(&v, "add", &[&format!("c{cell}"), "zero"], ""));
            nodes.push(node(&own("2"), "square", &[&v], ""));
            nodes.push(node(&own("3"), "multiply", &[&own("2"), &v], ""));
            nodes.push(node(&own("3twice"), "scale", &[&own("3")], "factor = 2"));
            nodes.push(node(&own("2thrice"), "scale", &[&own("2")], "factor = 3"));
            nodes.push(node(&own("s"), "subtract", &[&own("2thrice"), &own("3twice")], ""));
        }
        nodes.push(node(&name("and"), "multiply", &[&name("as"), &name("bs")], ""));
        nodes.push(node(&name("sum"), "add", &[&format!("c{}", self.nand.cell(gate)), &name("and")], ""));
        nodes.push(node(&name("residual"), "subtract", &[&name("sum"), "one"], ""));
        nodes.push(node(&name("square"), "square", &[&name("residual")], ""));
        nodes
    }

    fn program(&self) -> Vec<String> {
        let mut lines = descent("graph", 1, self.steps(), 1, &[]);
        for cell in self.used() {
            lines.push(format!("\n[[program.weight]]\nname = \"c{cell}\"\nshape = []"));
        }
        for (name, value) in [("zero", 0), ("one", 1)] {
            lines.push(format!("\n[[program.node]]\nname = \"{name}\"\nop = \"constant\"\nvalue = {value}"));
        }
        let mut total = "g0.square".to_owned();
        for gate in 0..self.nand.gates.len() {
            lines.extend(self.gate(gate));
            if gate > 0 {
                let next = format!("total{gate}");
                lines.push(node(&next, "add", &[&total, &format!("g{gate}.square")], ""));
                total = next;
            }
        }
        lines.push(node("loss", "scale", &[&total], "factor = \"1/2\""));
        lines
    }
}

impl Gadget for Polynomial {
    fn title(&self) -> String {
        let gates = self.nand.gates.len();
        format!("a circuit of {gates} NAND gates by full-batch descent on one polynomial loss of degree 12")
    }

    fn name(&self) -> &'static str {
        "polynomial"
    }

    fn dimension(&self) -> usize {
        self.used().len()
    }

    fn steps(&self) -> usize {
        self.nand.depth()
    }

    fn needs(&self, _: Format) -> Needs {
        let bits = vec![whole(0), whole(1)];
        let slopes = vec![whole(-1), whole(0), whole(1)];
        Needs { weights: bits, activations: slopes, data: vec![], targets: vec![] }
    }

    fn remark(&self) -> Option<&'static str> {
        Some("every weight is 0 or 1 after every step; the loss encodes the circuit, the start its inputs")
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "A circuit of NAND gates as a polynomial loss: half the sum of (c_k - (1 - s(c_i) s(c_j)))^2, s(v) = 3 v^2 - 2 v^3.";
        let cells = "c0 is false, c1 is true, then come the inputs and the gates; x and y are not read.".to_owned();
        let about = vec![about.to_owned(), cells];
        Draft { name: self.name(), about, program: self.program(), start: Start::Inputs }.text(formats)
    }

    fn stream(&self, instance: &Instance, _: &Formats) -> Option<Vec<Rational>> {
        let (_, inputs) = shaped(instance, &self.nand).filter(|(nand, _)| *nand == self.nand)?;
        let cells = [false, true].into_iter().chain(inputs.iter().copied());
        let cells: Vec<bool> = cells.chain(self.nand.gates.iter().map(|_| false)).collect();
        let held = |cell: usize| whole(i64::from(cells[cell]));
        // x and y of each step, which the loss does not read.
        let unread = std::iter::repeat_n(whole(0), 2 * self.steps());
        Some(self.used().into_iter().map(held).chain(unread).collect())
    }

    fn decode(&self, weights: &[Rational], _: &Formats) -> Option<Answer> {
        let first = weights.len().checked_sub(self.nand.outputs)?;
        bits(&weights[first..], &whole(0), &whole(1))
    }
}
