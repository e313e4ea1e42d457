//! An exact optimum, and our gadgets beside optima, as text and JSON; must not know how they are found.

use serde::Serialize;

use super::figures::{aligned, wrapped};
use crate::optimum::balance::Balance;
use crate::optimum::certificate::Checked;
use crate::optimum::circuit::Source;
use crate::optimum::gadgets::Gadget;
use crate::optimum::search::{Optimum, Row, Witness};
use crate::optimum::separable::COMPLETE;
use crate::optimum::table::digits;
use crate::words::Strategy;

/// The version of the JSON object of one function.
pub const SCHEMA: &str = "isobath.optimum/1";

/// The version of the JSON object of gadgets.
pub const GADGETS_SCHEMA: &str = "isobath.optimum-gadgets/1";

/// One function, told.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    schema: &'static str,
    function: String,
    inputs: usize,
    outputs: Vec<Output>,
    model: &'static str,
    weights: String,
    solver: &'static str,
    depth: usize,
    because: String,
    exact: bool,
    depths: Vec<AtDepth>,
}

#[derive(Clone, Debug, Serialize)]
struct Output {
    name: String,
    values: String,
    is: String,
}

#[derive(Clone, Debug, Serialize)]
struct AtDepth {
    depth: usize,
    least_gates: usize,
    gates: usize,
    exact: bool,
    refuted: Vec<String>,
    proof_bytes: usize,
    largest_weight: u64,
    circuit: Vec<String>,
    #[serde(skip)]
    outputs: Vec<String>,
}

const MODEL: &str = "threshold gates [w.z >= t] with integer weights and any number of inputs; an output is a gate, an input or a constant";

impl Report {
    /// The report of an optimum found with a solver.
    pub fn new(optimum: &Optimum, solver: &'static str) -> Self {
        let table = &optimum.table;
        let shallowest = optimum.rows.first().map(named_outputs).unwrap_or_default();
        let output = |(output, is): (&crate::optimum::table::Output, String)| Output {
            name: output.name.clone(),
            values: digits(output.values, table.assignments()),
            is,
        };
        Self {
            schema: SCHEMA,
            function: table.name.clone(),
            inputs: table.inputs,
            outputs: table.outputs.iter().zip(shallowest).map(output).collect(),
            model: MODEL,
            weights: weights(optimum),
            solver,
            depth: optimum.depth,
            because: because(optimum),
            exact: optimum.rows.iter().all(Row::is_exact),
            depths: optimum.rows.iter().map(|row| at_depth(optimum, row)).collect(),
        }
    }

    /// Whether every number is exact, none an interval.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// What is known where it is not exact: a sentence.
    pub fn interval(&self) -> String {
        let open = self.depths.iter().filter(|at| !at.exact);
        let told = open.map(|at| format!("from {} to {} gates at depth {}", at.least_gates, at.gates, at.depth));
        format!("time ran out; {} needs {}", self.function, told.collect::<Vec<_>>().join(", "))
    }

    /// The report as plain text.
    pub fn text(&self) -> String {
        let outputs = if self.outputs.len() == 1 { "1 output" } else { &format!("{} outputs", self.outputs.len()) };
        let inputs = if self.inputs == 1 { "1 input" } else { &format!("{} inputs", self.inputs) };
        let mut text = wrapped("", &format!("{}: {inputs}, {outputs}; {MODEL}", self.function));
        text += &wrapped("weights  ", &self.weights);
        text += &wrapped("depth    ", &format!("{} is least: {}", self.depth, self.because));
        for at in &self.depths {
            text += &wrapped("gates    ", &at.sentence(self.solver));
            at.circuit.iter().chain(&at.outputs).for_each(|line| text += &format!("  {line}\n"));
        }
        text
    }
}

impl AtDepth {
    fn sentence(&self, solver: &str) -> String {
        let known = if self.exact {
            format!("{} at depth {}, exactly: ", self.gates, self.depth)
        } else {
            format!("{} to {} at depth {}: time ran out; ", self.least_gates, self.gates, self.depth)
        };
        let fewer = match &self.refuted[..] {
            [] => "fewer cannot hold all outputs, and a gate below them where one is needed; ".to_owned(),
            profiles => format!(
                "{} refuted by {} for gates by level {}; ",
                gates(self.least_gates - 1),
                match self.proof_bytes {
                    0 => "unit propagation".to_owned(),
                    bytes => format!("{solver}, whose proof of {bytes} bytes was checked,"),
                },
                profiles.join(" and ")
            ),
        };
        format!(
            "{known}{fewer}this circuit of {}, run on every input, has |w| <= {}",
            gates(self.gates),
            self.largest_weight
        )
    }
}

fn gates(count: usize) -> String {
    if count == 1 { "1 gate".to_owned() } else { format!("{count} gates") }
}

fn at_depth(optimum: &Optimum, row: &Row) -> AtDepth {
    let outputs = optimum.table.outputs.iter().zip(named_outputs(row));
    AtDepth {
        depth: row.depth,
        least_gates: row.least,
        gates: row.circuit.gates.len(),
        exact: row.is_exact(),
        refuted: row.refuted.iter().map(|refuted| refuted.profile.to_string()).collect(),
        proof_bytes: row.refuted.iter().map(|refuted| refuted.proof.len()).sum(),
        largest_weight: row.circuit.largest_weight(),
        circuit: row.circuit.to_string().lines().map(str::to_owned).collect(),
        outputs: outputs.map(|(output, is)| format!("{} = {is}", output.name)).collect(),
    }
}

fn named_outputs(row: &Row) -> Vec<String> {
    let name = |source: &Source| match source {
        Source::Constant(value) => u8::from(*value).to_string(),
        Source::Input(input) => format!("x{input}"),
        Source::Gate(gate) => format!("g{}", gate + 1),
    };
    row.circuit.outputs.iter().map(name).collect()
}

fn weights(optimum: &Optimum) -> String {
    let complete = |most: u64| COMPLETE.iter().rposition(|needed| *needed <= most).map_or(0, |place| place + 1);
    match optimum.weights {
        None => "any: lower bounds hold for all weights".to_owned(),
        Some(most) => format!(
            "|w| <= {most}: lower bounds are for these (no loss for a gate of up to {} signals)",
            complete(most.into())
        ),
    }
}

fn because(optimum: &Optimum) -> String {
    let name = |output: usize| &optimum.table.outputs[output].name;
    let within = optimum.weights.map_or_else(String::new, |most| format!(" with |w| <= {most}"));
    match &optimum.witness {
        Witness::Nothing => "every output is an input or constant".to_owned(),
        Witness::Gate(output) => {
            format!("{} is neither an input nor constant, and every output is one gate", name(*output))
        }
        Witness::Weights(output) => format!("no gate of the inputs{within} is {}, by trying all", name(*output)),
        Witness::Balance(output, balance) => {
            let values = optimum.table.outputs[*output].values;
            let on = balance.terms().first().is_some_and(|(at, _)| values >> at & 1 == 1);
            let sides = |positive: bool| side(balance, positive, optimum.table.inputs);
            let (ones, zeros) = (sides(on), sides(!on));
            format!(
                "{} is 1 on {ones} and 0 on {zeros}, whose sums are equal, so it is no threshold function",
                name(*output)
            )
        }
    }
}

/// The assignments of one sign, x0 first, as often as they count.
fn side(balance: &Balance, positive: bool, inputs: usize) -> String {
    let bits = |at: usize| (0..inputs).map(|input| if at >> input & 1 == 1 { '1' } else { '0' }).collect::<String>();
    let terms = balance.terms().iter().filter(|(_, count)| (*count > 0) == positive);
    let term = |(at, count): &(usize, i64)| match count.abs() {
        1 => bits(*at),
        times => format!("{times} x {}", bits(*at)),
    };
    terms.map(term).collect::<Vec<_>>().join(" + ")
}

/// A checked claim as plain text.
pub fn checked(checked: &Checked) -> String {
    let within = checked.weights.map_or_else(|| "any weights".to_owned(), |most| format!("|w| <= {most}"));
    let mut text = format!("{}, {within}: no circuit has a depth below {}\n", checked.function, checked.depth);
    for (depth, gates) in &checked.gates {
        text += &format!("  at depth {depth}, none has fewer than {gates} gates\n");
    }
    text + &format!("{} proofs checked\n", checked.proofs)
}

/// Gadgets beside the optima of what they compute.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    schema: &'static str,
    gadgets: Vec<Line>,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    gadget: String,
    strategy: &'static str,
    depth: u64,
    gate_depth: u64,
    gates: String,
    optimum_depth: usize,
    optimum_least_gates: usize,
    optimum_gates: usize,
}

impl Comparison {
    /// A line a gadget.
    pub fn new(rows: &[(Gadget, Optimum)]) -> Self {
        let line = |(gadget, optimum): &(Gadget, Optimum)| {
            let row = &optimum.rows[0];
            Line {
                gadget: gadget.name.clone(),
                strategy: if gadget.strategy == Strategy::Depth { "depth" } else { "size" },
                depth: gadget.depth,
                gate_depth: gadget.gate_depth,
                gates: gadget.gates.to_string(),
                optimum_depth: optimum.depth,
                optimum_least_gates: row.least,
                optimum_gates: row.circuit.gates.len(),
            }
        };
        Self { schema: GADGETS_SCHEMA, gadgets: rows.iter().map(line).collect() }
    }

    /// Whether every optimum is exact.
    pub fn is_exact(&self) -> bool {
        self.gadgets.iter().all(|line| line.optimum_least_gates == line.optimum_gates)
    }

    /// The comparison as plain text.
    pub fn text(&self) -> String {
        let head = ["gadget", "strategy", "depth", "gate depth", "gates", "optimum: gate depth", "gates"];
        let mut lines = vec![head.map(str::to_owned).to_vec()];
        for line in &self.gadgets {
            let exact = line.optimum_least_gates == line.optimum_gates;
            let least = line.optimum_gates.to_string();
            let gates = if exact { least } else { format!("{} to {least}", line.optimum_least_gates) };
            let name = line.gadget.clone();
            let figures = [line.depth.to_string(), line.gate_depth.to_string(), line.gates.clone()];
            let own = [name, line.strategy.to_owned()].into_iter().chain(figures);
            lines.push(own.chain([line.optimum_depth.to_string(), gates]).collect());
        }
        aligned(&lines)
            + "Depth: layers until the result is an exact form; gate depth: until each number given out is one gate, whose last layer is not\n\
               among the gates counted. Optima: every bit of the result is one gate, any weights, lower bounds proved.\n\
               A step of descent takes in data of two bits, its optimum one bit.\n"
    }
}
