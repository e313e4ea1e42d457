//! And-inverter graphs as circuits of NAND gates whose outputs are the last gates; must not know how gates are learned.

use std::collections::HashMap;

use crate::problems::netlist::{Literal, Netlist};

/// The cell that holds false.
pub const ZERO: usize = 0;
/// The cell that holds true.
pub const ONE: usize = 1;
/// The cell of the first input.
pub const FIRST_INPUT: usize = 2;

/// NAND gates on two different cells each. Cells: false, true, the inputs, the gates in order; the last gates are the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nand {
    /// How many inputs.
    pub inputs: usize,
    /// The cells each gate reads, earlier ones.
    pub gates: Vec<[usize; 2]>,
    /// How many outputs: as many of the last gates.
    pub outputs: usize,
}

impl Nand {
    /// All cells.
    pub fn cells(&self) -> usize {
        FIRST_INPUT + self.inputs + self.gates.len()
    }

    /// The cell of a gate.
    pub fn cell(&self, gate: usize) -> usize {
        FIRST_INPUT + self.inputs + gate
    }

    /// The cells of the outputs.
    pub fn output_cells(&self) -> std::ops::Range<usize> {
        self.cells() - self.outputs..self.cells()
    }

    /// The longest chain of gates.
    pub fn depth(&self) -> usize {
        let mut depths = vec![0; self.cells()];
        for (gate, [a, b]) in self.gates.iter().enumerate() {
            depths[self.cell(gate)] = 1 + depths[*a].max(depths[*b]);
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The same function as a netlist; a gate of it is a NAND, and another inverts where something is read upright.
    pub fn of(netlist: &Netlist) -> Self {
        let mut making = Making {
            netlist,
            made: Self { inputs: netlist.inputs, gates: Vec::new(), outputs: netlist.outputs.len() },
            simple: Vec::new(),
            cells: HashMap::new(),
        };
        making.simplify();
        for place in 0..netlist.ands.len() {
            let literal = Literal::of(1 + netlist.inputs + place, true);
            making.cell(literal);
        }
        // All cells that outputs read first, so that outputs are the last gates.
        let read: Vec<usize> = netlist.outputs.iter().map(|output| making.inverse(*output)).collect();
        for cell in read {
            making.made.gates.push([cell, ONE]);
        }
        making.made
    }
}

struct Making<'n> {
    netlist: &'n Netlist,
    made: Nand,
    /// What each node of the netlist is: itself, or where it is that, a literal of an earlier node or of false.
    simple: Vec<Literal>,
    cells: HashMap<Literal, usize>,
}

impl Making<'_> {
    /// Gates that read a constant, or one node twice, are literals of other nodes.
    fn simplify(&mut self) {
        self.simple = (0..=self.netlist.inputs).map(|node| Literal::of(node, false)).collect();
        for (place, operands) in self.netlist.ands.iter().enumerate() {
            let [a, b] = operands.map(|operand| self.simplified(operand));
            let own = Literal::of(1 + self.netlist.inputs + place, false);
            let simple = match (a.node(), b.node()) {
                (0, _) => {
                    if a.is_inverted() {
                        b
                    } else {
                        a
                    }
                }
                (_, 0) => {
                    if b.is_inverted() {
                        a
                    } else {
                        b
                    }
                }
                _ if a == b => a,
                _ if a == b.inverse() => Literal(0),
                _ => own,
            };
            self.simple.push(simple);
        }
    }

    fn simplified(&self, literal: Literal) -> Literal {
        let simple = self.simple[literal.node()];
        if literal.is_inverted() { simple.inverse() } else { simple }
    }

    /// The cell that holds a literal.
    fn cell(&mut self, literal: Literal) -> usize {
        let literal = self.simplified(literal);
        if let Some(cell) = self.cells.get(&literal) {
            return *cell;
        }
        let node = literal.node();
        let gate = match (node, literal.is_inverted()) {
            (0, false) => return ZERO,
            (0, true) => return ONE,
            (input, false) if input <= self.netlist.inputs => return FIRST_INPUT + input - 1,
            (gate, true) if gate > self.netlist.inputs => {
                let [a, b] = self.netlist.ands[gate - self.netlist.inputs - 1];
                [self.cell(a), self.cell(b)]
            }
            _ => [self.cell(literal.inverse()), ONE],
        };
        self.made.gates.push(gate);
        let cell = self.made.cell(self.made.gates.len() - 1);
        self.cells.insert(literal, cell);
        cell
    }

    /// A cell, other than that of true, that holds the opposite of a literal.
    fn inverse(&mut self, literal: Literal) -> usize {
        match self.cell(literal.inverse()) {
            ONE => {
                self.made.gates.push([ZERO, ONE]);
                self.made.cell(self.made.gates.len() - 1)
            }
            cell => cell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::draws::Draws;
    use crate::problems::words::numbered;

    fn run(nand: &Nand, inputs: &[bool]) -> Vec<bool> {
        let mut cells = vec![false, true];
        cells.extend_from_slice(inputs);
        for [a, b] in &nand.gates {
            assert!(a != b && a.max(b) < &cells.len());
            cells.push(!(cells[*a] && cells[*b]));
        }
        cells[nand.output_cells()].to_vec()
    }

    #[test]
    fn nand_circuits_compute_what_the_netlist_does() {
        for seed in 0..200 {
            let mut draws = Draws::new(seed);
            let mut netlist = Netlist::random(3, 6, &mut draws);
            // Constants, one node twice, opposites, any literals as outputs.
            let mut literal = |below: usize| Literal(draws.below(2 * below));
            for place in 0..6 {
                netlist.ands[place] = [literal(4 + place), literal(4 + place)];
            }
            netlist.outputs = (0..3).map(|_| literal(10)).collect();
            let nand = Nand::of(&netlist);
            for number in 0..8 {
                let inputs = numbered(number, 3);
                assert_eq!(run(&nand, &inputs), netlist.evaluate(&inputs), "seed {seed}, {netlist:?}");
            }
        }
    }

    #[test]
    fn a_random_circuit_keeps_its_gates() {
        let nand = Nand::of(&Netlist::random(4, 25, &mut Draws::new(2)));
        assert_eq!(nand.gates.len(), 27, "25 gates, and two for the output");
        assert!(nand.depth() <= 27);
    }
}
