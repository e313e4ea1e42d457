//! Combinational circuits in AIGER, ASCII (`aag`) or binary (`aig`), as and-inverter graphs; must not know what is done with them.
//!
//! The format is that of Biere, "The AIGER And-Inverter Graph (AIG) Format Version 20071012"; bytes are taken apart by `flussab-aiger`.
//! Latches and properties are refused, and so are cycles, literals that nothing defines, and files that end early.

use std::collections::HashMap;

use flussab_aiger::aig::{Aig, AndGate};
use flussab_aiger::{ParseError, ascii, binary};
use thiserror::Error;

use super::netlist::{Literal, Netlist};

/// The most inputs, outputs and gates each.
pub const MOST_NODES: usize = 1 << 16;

/// Why a file was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AigerError {
    /// Nothing in it.
    #[error("the file is empty; an AIGER file begins with `aag` or `aig`")]
    Empty,
    /// Another format.
    #[error("this is no AIGER file: it begins with neither `aag ` nor `aig `")]
    Other,
    /// Malformed, or cut short; with line and column.
    #[error("line and column {0}")]
    Syntax(String),
    /// State or properties.
    #[error("the header announces {count} {what}; only combinational circuits are taken: remove them")]
    Sequential {
        /// How many.
        count: usize,
        /// Of what.
        what: &'static str,
    },
    /// Too large.
    #[error("the header announces {count} {what}; at most {MOST_NODES} are taken")]
    TooLarge {
        /// How many.
        count: usize,
        /// Of what.
        what: &'static str,
    },
    /// Nothing to compute.
    #[error("the header announces no outputs; name at least one")]
    NoOutputs,
    /// A literal that cannot be defined: of the constant, or inverted.
    #[error("{place} defines literal {literal}, but only even literals above 0 can be defined")]
    Definition {
        /// Where.
        place: String,
        /// The literal.
        literal: usize,
    },
    /// A variable defined again.
    #[error("{place} defines literal {literal} again")]
    Twice {
        /// Where.
        place: String,
        /// The literal.
        literal: usize,
    },
    /// A variable nothing defines.
    #[error("{place} reads literal {literal}, which is neither an input nor a gate")]
    Undefined {
        /// Where.
        place: String,
        /// The literal.
        literal: usize,
    },
    /// A gate that rests on itself.
    #[error("{place} defines literal {literal}, which depends on itself: the circuit has a cycle")]
    Cycle {
        /// Where.
        place: String,
        /// The literal.
        literal: usize,
    },
}

/// Reads a file's bytes.
///
/// # Errors
/// When they are malformed, or no combinational circuit with outputs.
pub fn parse(bytes: &[u8]) -> Result<Netlist, AigerError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(AigerError::Empty);
    }
    match bytes {
        [b'a', b'a', b'g', b' ', ..] => {
            let parser = ascii::Parser::<usize>::from_read(bytes, ascii::Config::default()).map_err(syntax)?;
            let h = parser.header();
            check(&Counts {
                latches: h.latch_count,
                properties: h.bad_state_property_count
                    + h.invariant_constraint_count
                    + h.justice_property_count
                    + h.fairness_constraint_count,
                sizes: [h.input_count, h.output_count, h.and_gate_count],
            })?;
            let first = 2 + h.input_count + h.output_count;
            let aig = parser.parse().map_err(syntax)?;
            Reader { aig: &aig, first_line: Some(first) }.netlist()
        }
        [b'a', b'i', b'g', b' ', ..] => {
            let parser = binary::Parser::<usize>::from_read(bytes, binary::Config::default()).map_err(syntax)?;
            let h = parser.header();
            check(&Counts {
                latches: h.latch_count,
                properties: h.bad_state_property_count
                    + h.invariant_constraint_count
                    + h.justice_property_count
                    + h.fairness_constraint_count,
                sizes: [h.input_count, h.output_count, h.and_gate_count],
            })?;
            let aig = Aig::from(parser.parse().map_err(syntax)?);
            Reader { aig: &aig, first_line: None }.netlist()
        }
        _ => Err(AigerError::Other),
    }
}

fn syntax(error: ParseError) -> AigerError {
    let text = error.to_string();
    let cut = text.contains("found end of file");
    AigerError::Syntax(if cut { format!("{text}: the file ends before what its header announces") } else { text })
}

/// What a header announces.
struct Counts {
    latches: usize,
    properties: usize,
    /// Inputs, outputs, gates.
    sizes: [usize; 3],
}

/// Refuses by the header alone, before anything is made room for.
fn check(counts: &Counts) -> Result<(), AigerError> {
    for (count, what) in [(counts.latches, "latches"), (counts.properties, "properties")] {
        if count > 0 {
            return Err(AigerError::Sequential { count, what });
        }
    }
    for (count, what) in counts.sizes.into_iter().zip(["inputs", "outputs", "gates"]) {
        if count > MOST_NODES {
            return Err(AigerError::TooLarge { count, what });
        }
    }
    if counts.sizes[1] == 0 { Err(AigerError::NoOutputs) } else { Ok(()) }
}

/// What a variable is.
#[derive(Clone, Copy)]
enum Definition {
    /// A node of the netlist.
    Node(usize),
    /// A gate that has no node yet.
    Gate(usize),
    /// A gate whose operands are being visited.
    Open(usize),
}

struct Reader<'a> {
    aig: &'a Aig<usize>,
    /// The line of the first gate, of ASCII files.
    first_line: Option<usize>,
}

impl Reader<'_> {
    fn netlist(&self) -> Result<Netlist, AigerError> {
        let mut known = self.definitions()?;
        let mut ands = Vec::with_capacity(self.aig.and_gates.len());
        for gate in 0..self.aig.and_gates.len() {
            self.visit(gate, &mut known, &mut ands)?;
        }
        let outputs = self.aig.outputs.iter().enumerate();
        let outputs = outputs.map(|(place, literal)| node(&known, *literal, || format!("output {place}")));
        Ok(Netlist { inputs: self.aig.inputs.len(), outputs: outputs.collect::<Result<_, _>>()?, ands })
    }

    fn definitions(&self) -> Result<HashMap<usize, Definition>, AigerError> {
        let mut known = HashMap::from([(0, Definition::Node(0))]);
        let inputs = self.aig.inputs.iter().enumerate();
        let inputs = inputs.map(|(place, literal)| (*literal, Definition::Node(1 + place), format!("input {place}")));
        let gates = self.aig.and_gates.iter().enumerate();
        let gates = gates.map(|(place, gate)| (gate.output, Definition::Gate(place), self.place(place)));
        for (literal, definition, place) in inputs.chain(gates) {
            if literal < 2 || literal % 2 == 1 {
                return Err(AigerError::Definition { place, literal });
            }
            if known.insert(literal / 2, definition).is_some() {
                return Err(AigerError::Twice { place, literal });
            }
        }
        Ok(known)
    }

    fn place(&self, gate: usize) -> String {
        self.first_line.map_or_else(|| format!("gate {gate}"), |line| format!("gate {gate} (line {})", line + gate))
    }

    /// Gives a gate and all that it rests on their nodes, operands first, without recursion.
    fn visit(
        &self,
        gate: usize,
        known: &mut HashMap<usize, Definition>,
        ands: &mut Vec<[Literal; 2]>,
    ) -> Result<(), AigerError> {
        let mut stack = vec![gate];
        while let Some(&gate) = stack.last() {
            let AndGate { inputs, output } = self.aig.and_gates[gate];
            if let Some(Definition::Node(_)) = known.get(&(output / 2)) {
                stack.pop();
                continue;
            }
            known.insert(output / 2, Definition::Open(gate));
            match self.waiting(inputs, known)? {
                Some(operand) => stack.push(operand),
                None => {
                    let place = || self.place(gate);
                    ands.push([node(known, inputs[0], place)?, node(known, inputs[1], place)?]);
                    known.insert(output / 2, Definition::Node(self.aig.inputs.len() + ands.len()));
                    stack.pop();
                }
            }
        }
        Ok(())
    }

    /// The first operand that has no node yet.
    fn waiting(&self, inputs: [usize; 2], known: &HashMap<usize, Definition>) -> Result<Option<usize>, AigerError> {
        for literal in inputs {
            match known.get(&(literal / 2)) {
                Some(Definition::Gate(operand)) => return Ok(Some(*operand)),
                Some(Definition::Open(open)) => {
                    return Err(AigerError::Cycle { place: self.place(*open), literal: literal & !1 });
                }
                Some(Definition::Node(_)) | None => {}
            }
        }
        Ok(None)
    }
}

/// A literal of the file as one of the netlist.
fn node(known: &HashMap<usize, Definition>, literal: usize, place: impl Fn() -> String) -> Result<Literal, AigerError> {
    match known.get(&(literal / 2)) {
        Some(Definition::Node(node)) => Ok(Literal::of(*node, literal % 2 == 1)),
        _ => Err(AigerError::Undefined { place: place(), literal }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::draws::Draws;

    /// One bit added to one: the sum and the carry.
    const HALF_ADDER: &str = "aag 7 2 0 2 3\n2\n4\n6\n12\n6 13 15\n12 2 4\n14 3 5\ni0 x\no0 s\nc\na comment\n";

    #[test]
    fn gates_may_come_in_any_order() {
        let circuit = parse(HALF_ADDER.as_bytes()).unwrap();
        for (x, y) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(circuit.evaluate(&[x, y]), [x != y, x && y]);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for seed in 0..20 {
            let circuit = Netlist::random(3, 12, &mut Draws::new(seed));
            assert_eq!(parse(circuit.aag().as_bytes()), Ok(circuit));
        }
    }

    #[test]
    fn the_binary_format_says_the_same() {
        // The half adder with x and y swapped in order: gates 6 = 4 & 2, 8 = 5 & 3, 10 = 9 & 7; outputs 10 and 6.
        let binary = b"aig 5 2 0 2 3\n10\n6\n\x02\x02\x03\x02\x01\x02";
        let circuit = parse(binary).unwrap();
        for (x, y) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(circuit.evaluate(&[x, y]), [x != y, x && y]);
        }
        for end in 0..binary.len() {
            assert!(parse(&binary[..end]).is_err(), "{end}");
        }
        assert!(matches!(parse(b"aig 2 1 0 1 1\n4\n\x00\x02"), Err(AigerError::Cycle { .. } | AigerError::Syntax(_))));
    }

    #[test]
    fn what_is_no_combinational_circuit_is_refused_with_its_place() {
        let refused = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
        for (text, wanted) in [
            ("", "empty"),
            ("hello", "neither"),
            ("aag 1 0 1 1 0\n2 3\n2\n", "1 latches"),
            ("aag 1 1 0 0 0\n2\n", "no outputs"),
            ("aag 2 1 0 1 0 1\n2\n2\n2\n", "1 properties"),
            ("aag 4294967296 4294967296 0 1 0\n", "4294967296 inputs"),
            ("aag 99999999999999999999999 1 0 1 0\n", "1:5"),
            ("aag 2 1 0 1 1\n2\n4\n4 2 6\n", "4:5"),
            ("aag 3 1 0 1 1\n2\n4\n4 2 6\n", "line 4) reads literal 6"),
            ("aag 3 1 0 1 2\n2\n4\n4 2 6\n6 2 5\n", "cycle"),
            ("aag 2 1 0 1 1\n2\n4\n4 4 2\n", "line 4) defines literal 4, which depends on itself"),
            ("aag 2 1 0 1 1\n2\n4\n2 2 2\n", "line 4) defines literal 2 again"),
            ("aag 2 1 0 1 0\n2\n4\n", "output 0 reads literal 4"),
            ("aag 2 1 0 1 1\n2\n", "3:1"),
            ("aag 2 1 0 1 1\n2\n4\n4 2\n", "4:"),
        ] {
            assert!(refused(text).contains(wanted), "{text:?}: {}", refused(text));
        }
    }
}
