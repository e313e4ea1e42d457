//! Monotone circuits by tabular Q-learning where rounding makes the gates; must not know how it is run.
//!
//! One state a cell, one action, step size 1/2, discount 1: `Q(s)` becomes `(Q(s) + r + Q(s'))/2`, rounded to units of the last place. A
//! cell holds bit b as b units (of floats as b units more than 1: updates are of differences). An input is one step, with reward 5/4 b units, half of which rounds to b. A gate is two: from Q(s) = 0, s' = i and r = 1/4 unit give `(1/4 +
//! a)/2`, which rounds to a; then s' = j gives `(a + b + r)/2`, which with r = -1/4 unit rounds to AND (7/8, 3/8 and less) and with
//! r = 1/4 unit to OR (9/8, 5/8, 1/8). In exact numbers this could not go on for ever: every update is a convex combination and a maximum, so
//! that true and false come no farther apart, and an AND halves what is between them.

use std::collections::HashMap;

use super::{Gadget, bits, sparse};
use crate::number::{Format, Rational};
use crate::problems::netlist::{Literal, Netlist};
use crate::problems::{Answer, Instance};
use crate::reduce::ReduceError;
use crate::reduce::formats::{Needs, cell, ratio, whole};
use crate::reduce::nand::{FIRST_INPUT, ONE, ZERO};
use crate::reduce::text::{Draft, Start};
use crate::spec::program::Formats;

/// The reward, in units, that sets a cell: half of it rounds to one.
fn set() -> Rational {
    ratio(5, 4)
}

/// A circuit of ANDs and ORs; the program depends on how many inputs and gates it has alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QLearning {
    inputs: usize,
    gates: Vec<Gate>,
    outputs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gate {
    cells: [usize; 2],
    is_or: bool,
}

impl QLearning {
    /// # Errors
    /// When an input is inverted on its way to an output.
    pub fn new(netlist: &Netlist) -> Result<Self, ReduceError> {
        let mut making = Making { netlist, gates: Vec::new(), cells: HashMap::new() };
        let outputs: Vec<usize> =
            netlist.outputs.iter().map(|output| making.cell(*output)).collect::<Result<_, _>>()?;
        let mut gates = making.gates;
        // The last gates are the outputs: each is the conjunction of its cell with true.
        gates.extend(outputs.iter().map(|cell| Gate { cells: [*cell, ONE], is_or: false }));
        Ok(Self { inputs: netlist.inputs, gates, outputs: outputs.len() })
    }

    fn states(&self) -> usize {
        FIRST_INPUT + self.inputs + self.gates.len()
    }

    /// State, action, next state, reward.
    fn step(&self, state: usize, next: usize, reward: Rational) -> Vec<Rational> {
        let mut step = sparse(self.states(), &[(state, whole(1))]);
        step.push(whole(1));
        step.extend(sparse(self.states(), &[(next, whole(1))]));
        step.push(reward);
        step
    }
}

struct Making<'n> {
    netlist: &'n Netlist,
    gates: Vec<Gate>,
    cells: HashMap<Literal, usize>,
}

impl Making<'_> {
    /// The cell that holds a literal, its operands' made first and without recursion. An inverted AND is an OR of inverses.
    fn cell(&mut self, wanted: Literal) -> Result<usize, ReduceError> {
        let mut stack = vec![wanted];
        while let Some(&literal) = stack.last() {
            if self.known(literal)?.is_some() {
                stack.pop();
                continue;
            }
            let operands = self.netlist.ands[literal.node() - self.netlist.inputs - 1];
            let operands = operands.map(|operand| if literal.is_inverted() { operand.inverse() } else { operand });
            match (self.known(operands[0])?, self.known(operands[1])?) {
                (Some(a), Some(b)) => {
                    self.gates.push(Gate { cells: [a, b], is_or: literal.is_inverted() });
                    self.cells.insert(literal, FIRST_INPUT + self.netlist.inputs + self.gates.len() - 1);
                }
                (None, _) => stack.push(operands[0]),
                (_, None) => stack.push(operands[1]),
            }
        }
        Ok(self.known(wanted)?.unwrap_or(ZERO))
    }

    fn known(&self, literal: Literal) -> Result<Option<usize>, ReduceError> {
        match (literal.node(), literal.is_inverted()) {
            (0, false) => Ok(Some(ZERO)),
            (0, true) => Ok(Some(ONE)),
            (input, true) if input <= self.netlist.inputs => Err(ReduceError::NotMonotone { input: input - 1 }),
            (input, false) if input <= self.netlist.inputs => Ok(Some(FIRST_INPUT + input - 1)),
            _ => Ok(self.cells.get(&literal).copied()),
        }
    }
}

impl Gadget for QLearning {
    fn title(&self) -> String {
        let gates = self.gates.len();
        format!("a monotone circuit of {gates} AND and OR gates by tabular Q-learning, the gates made by rounding")
    }

    fn name(&self) -> &'static str {
        "q-learning"
    }

    fn dimension(&self) -> usize {
        self.states()
    }

    fn steps(&self) -> usize {
        self.inputs + 2 * self.gates.len()
    }

    fn needs(&self, weights: Format) -> Needs {
        let [zero, one] = cell(weights);
        // Errors in units: of inputs, of the first step of a gate, of the second.
        let errors = [ratio(-5, 4), ratio(-1, 4), ratio(1, 4), set()].map(|error| error * &one);
        let rewards = [whole(0), set(), ratio(-1, 4), ratio(1, 4)].map(|reward| reward * &one);
        Needs {
            weights: vec![zero.clone(), zero + one],
            activations: errors.to_vec(),
            data: vec![whole(0), whole(1)],
            targets: rewards.to_vec(),
        }
    }

    fn remark(&self) -> Option<&'static str> {
        Some(
            "errors and rewards are in formats that hold quarters of the last place of the weights: only the weights lose bits when they are rounded",
        )
    }

    fn spec(&self, formats: &Formats) -> String {
        let about = "A monotone circuit: a state a cell, its value a bit in the last place of the weights; an update an input, two a gate.";
        let lines = [
            "kind = \"q-learning\"".to_owned(),
            format!("steps = {}", self.steps()),
            format!("states = {}", self.states()),
            "actions = 1".to_owned(),
            "discount = 1".to_owned(),
            "step_size = \"1/2\"".to_owned(),
        ];
        let [zero, one] = cell(formats.weights);
        let mut cells = vec![zero.clone(); self.states()];
        cells[ONE] = zero + one;
        let start = Start::Given("q", cells, Some(1));
        Draft { name: self.name(), about: vec![about.to_owned()], program: lines.to_vec(), start }.text(formats)
    }

    fn stream(&self, instance: &Instance, formats: &Formats) -> Option<Vec<Rational>> {
        let Instance::Circuit(netlist, inputs) = instance else { return None };
        let own = Self::new(netlist).ok()?;
        if (own.inputs, own.gates.len(), own.outputs) != (self.inputs, self.gates.len(), self.outputs) {
            return None;
        }
        let [_, one] = cell(formats.weights);
        let input = |(place, bit): (usize, &bool)| {
            let reward = if *bit { &one * set() } else { whole(0) };
            self.step(FIRST_INPUT + place, ZERO, reward)
        };
        let gate = |(place, gate): (usize, &Gate)| {
            let (state, quarter) = (FIRST_INPUT + self.inputs + place, &one * ratio(1, 4));
            let second = if gate.is_or { quarter.clone() } else { -&quarter };
            [self.step(state, gate.cells[0], quarter), self.step(state, gate.cells[1], second)].concat()
        };
        let inputs = (inputs.len() == self.inputs).then(|| inputs.iter().enumerate().flat_map(input))?;
        Some(inputs.chain(own.gates.iter().enumerate().flat_map(gate)).collect())
    }

    fn decode(&self, weights: &[Rational], formats: &Formats) -> Option<Answer> {
        let first = weights.len().checked_sub(self.outputs)?;
        let [zero, one] = cell(formats.weights);
        bits(&weights[first..], &zero, &(&zero + one))
    }
}
