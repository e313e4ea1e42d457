//! Boolean circuits by online least squares where rounding alone makes the gates; must not know how it is run.
//!
//! A cell holds bit b as b units of the last place of the format of weights; of floats, whose places are alike from 1 to 2 alone, as b units
//! more than 1, which all labels are moved by. An input is one step, `x = e_i`, y = b units, which sets it. A
//! gate on cells i and j with target k, which holds 0, is one step: `x = 3/8 e_i + 3/8 e_j + e_k`, y = 1 unit, whose residual is
//! `r = 3/8 (a + b) - 1` units. Without rounding the step is affine in the weights. Rounded to the nearest unit, `-r` is the NAND of a and b (1,
//! 5/8 and 1/4 become 1, 1 and 0), and `a - 3/8 r` is a again, for it moves by less than a half towards either side.

use super::{Gadget, bits, example, shaped};
use crate::number::{Format, Rational};
use crate::problems::netlist::Netlist;
use crate::problems::{Answer, Instance};
use crate::reduce::formats::{Needs, cell, ratio, whole};
use crate::reduce::nand::{FIRST_INPUT, Nand, ONE};
use crate::reduce::text::{Draft, Start, descent};
use crate::spec::program::Formats;

/// A circuit of some shape; the program, and with it the compiled circuit, is one for all of as many inputs, gates and outputs.
pub(super) struct Rounding {
    nand: Nand,
}

impl Rounding {
    pub fn new(netlist: &Netlist) -> Self {
        Self { nand: Nand::of(netlist) }
    }
}

/// Residuals in units: of gates, and of inputs, which find 0.
fn residuals() -> Vec<Rational> {
    vec![whole(-1), ratio(-5, 8), ratio(-1, 4), whole(0)]
}

/// The target of a gate: one unit more than cells of all zeros give.
fn label(zero: &Rational, one: &Rational) -> Rational {
    zero * ratio(7, 4) + one
}

impl Gadget for Rounding {
    fn title(&self) -> String {
        let gates = self.nand.gates.len();
        format!("a circuit of {gates} NAND gates by online least squares, the gates made by rounding alone")
    }

    fn name(&self) -> &'static str {
        "rounding"
    }

    fn dimension(&self) -> usize {
        self.nand.cells()
    }

    fn steps(&self) -> usize {
        self.nand.inputs + self.nand.gates.len()
    }

    fn default_format(&self) -> &'static str {
        "fixed(4,4)"
    }

    fn needs(&self, weights: Format) -> Needs {
        let [zero, one] = cell(weights);
        let bits = vec![zero.clone(), &zero + &one];
        let residuals = residuals().into_iter().map(|residual| residual * &one).collect();
        let targets = bits.iter().cloned().chain([label(&zero, &one)]).collect();
        Needs { weights: bits, activations: residuals, data: vec![whole(0), ratio(3, 8), whole(1)], targets }
    }

    fn remark(&self) -> Option<&'static str> {
        Some(
            "only the weights lose bits when they are rounded; residuals and data are in formats that hold them exactly, finer than that of weights where it must be",
        )
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "A circuit of NAND gates: cells hold bits in the last place of the weights; an example an input, one a gate.";
        let program = descent("least-squares", self.dimension(), self.steps(), 1, &[]);
        let [zero, one] = cell(formats.weights);
        let mut cells = vec![zero.clone(); self.dimension()];
        cells[ONE] = zero + one;
        let start = Start::Given("w", cells, None);
        Draft { name: self.name(), about: vec![about.to_owned()], program, start }.text(formats)
    }

    fn stream(&self, instance: &Instance, formats: &Formats) -> Option<Vec<Rational>> {
        let (nand, inputs) = shaped(instance, &self.nand)?;
        let [zero, one] = cell(formats.weights);
        let step = |entries: &[(usize, Rational)], label| example(self.dimension(), entries, label);
        let input = |(place, bit): (usize, &bool)| {
            step(&[(FIRST_INPUT + place, whole(1))], &zero + &one * whole(i64::from(*bit)))
        };
        let gate = |(gate, [i, j]): (usize, &[usize; 2])| {
            step(&[(*i, ratio(3, 8)), (*j, ratio(3, 8)), (nand.cell(gate), whole(1))], label(&zero, &one))
        };
        let inputs = inputs.iter().enumerate().flat_map(input);
        Some(inputs.chain(nand.gates.iter().enumerate().flat_map(gate)).collect())
    }

    fn decode(&self, weights: &[Rational], formats: &Formats) -> Option<Answer> {
        let [zero, one] = cell(formats.weights);
        bits(weights.get(self.nand.output_cells())?, &zero, &(&zero + one))
    }
}
