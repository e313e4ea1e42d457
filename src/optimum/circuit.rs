//! A small threshold circuit: gates with weights, its check on all assignments as explicit gates, its text; must not know how it was found.

use std::fmt;

use super::separable::Separator;
use super::table::{Table, input_masks};
use crate::gates::{Form, Gates, GatesBuilder, GatesError, InputWord, OutputWord, simulate};

/// Gates by level. Each reads all inputs and the gates of lower levels, many with weight 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// Number of inputs.
    pub inputs: usize,
    /// The gates in topological order.
    pub gates: Vec<Gate>,
    /// What each output reads.
    pub outputs: Vec<Source>,
}

/// One gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its level, from 1 on.
    pub level: usize,
    /// Its weights, of the inputs and then of the gates of lower levels, and its threshold.
    pub separator: Separator,
}

/// What an output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A constant.
    Constant(bool),
    /// An input.
    Input(usize),
    /// A gate.
    Gate(usize),
}

impl Circuit {
    /// The circuit of these gates whose outputs are those of the table: constants, inputs or gates. None where one is missing.
    pub fn new(table: &Table, gates: Vec<Gate>) -> Option<Self> {
        let mut circuit = Self { inputs: table.inputs, gates, outputs: Vec::new() };
        let (inputs, values) = (table.input_masks(), circuit.values());
        let source = |wanted: u32| {
            let constant = (wanted == 0 || wanted == table.all()).then_some(Source::Constant(wanted != 0));
            let input = || inputs.iter().position(|mask| *mask == wanted).map(Source::Input);
            let gate = || values.iter().position(|mask| *mask == wanted).map(Source::Gate);
            constant.or_else(input).or_else(gate)
        };
        circuit.outputs = table.outputs.iter().map(|output| source(output.values)).collect::<Option<_>>()?;
        Some(circuit)
    }

    /// The values of every gate on all assignments.
    pub fn values(&self) -> Vec<u32> {
        let mut values: Vec<u32> = Vec::new();
        for gate in &self.gates {
            let mut signals = input_masks(self.inputs);
            signals.extend(values.iter().take(gate.separator.weights.len() - self.inputs));
            values.push(gate.separator.values(self.inputs, &signals));
        }
        values
    }

    /// The largest absolute weight of a gate.
    pub fn largest_weight(&self) -> u64 {
        self.gates.iter().map(|gate| gate.separator.largest()).max().unwrap_or(0)
    }

    /// Explicit gates, an input word of one bit an input.
    ///
    /// # Errors
    /// Never for a circuit whose gates read gates before them.
    pub fn explicit(&self, table: &Table) -> Result<Gates, GatesError> {
        let mut builder = GatesBuilder::new();
        for input in 0..self.inputs {
            builder.input(InputWord::unsigned(&format!("x{input}"), &[], 1))?;
        }
        for gate in &self.gates {
            let wires = gate.separator.weights.iter().enumerate().filter(|(_, weight)| **weight != 0);
            wires.for_each(|(source, weight)| builder.wire(source as u32, *weight));
            builder.finish_bank(&[gate.separator.threshold])?;
        }
        for (output, source) in table.outputs.iter().zip(&self.outputs) {
            let form = match source {
                Source::Constant(value) => Form { constant: u32::from(*value).into(), terms: vec![] },
                Source::Input(input) => Form::gate(*input as u32),
                Source::Gate(gate) => Form::gate((self.inputs + gate) as u32),
            };
            builder.output(OutputWord { name: output.name.clone(), shape: vec![], forms: vec![form] })?;
        }
        Ok(builder.build())
    }

    /// Whether the explicit gates, simulated on every assignment, give the table within the depth.
    pub fn computes(&self, table: &Table, depth: usize) -> bool {
        let Ok(gates) = self.explicit(table) else { return false };
        let right = |at: usize| {
            let bits: Vec<bool> = (0..self.inputs).map(|input| at >> input & 1 == 1).collect();
            let values = simulate(&gates, &bits);
            let mut outputs = gates.outputs().iter().zip(&table.outputs);
            outputs.all(|(word, output)| word.forms[0].value(&values) == (output.values >> at & 1).into())
        };
        gates.levels().gate_depth() as usize <= depth && (0..table.assignments()).all(right)
    }
}

impl fmt::Display for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, gate) in self.gates.iter().enumerate() {
            let name = |place: usize| match place.checked_sub(self.inputs) {
                None => format!("x{place}"),
                Some(gate) => format!("g{}", gate + 1),
            };
            let weights = gate.separator.weights.iter().enumerate().filter(|(_, weight)| **weight != 0);
            let term = |(place, weight): (usize, &i64)| {
                let sign = if *weight < 0 { "- " } else { "+ " };
                let factor = if weight.abs() == 1 { String::new() } else { format!("{} ", weight.abs()) };
                format!("{sign}{factor}{}", name(place))
            };
            let sum = weights.map(term).collect::<Vec<_>>().join(" ");
            let sum = sum.strip_prefix("+ ").map_or_else(
                || if sum.is_empty() { "0".to_owned() } else { sum.replacen("- ", "-", 1) },
                str::to_owned,
            );
            writeln!(f, "g{} = [{sum} >= {}]", number + 1, gate.separator.threshold)?;
        }
        Ok(())
    }
}
