//! Combinational and-inverter graphs and what they compute; must not know files, or what circuits are used for.

use super::draws::Draws;

/// A node and whether it is inverted, as AIGER codes it: twice the node, plus one if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal(pub usize);

impl Literal {
    /// The node as it is, or inverted.
    pub fn of(node: usize, inverted: bool) -> Self {
        Self(2 * node + usize::from(inverted))
    }

    /// The node.
    pub fn node(self) -> usize {
        self.0 / 2
    }

    /// Whether it is inverted.
    pub fn is_inverted(self) -> bool {
        self.0 % 2 == 1
    }

    /// The opposite.
    pub fn inverse(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// An and-inverter graph. Node 0 is false, the next are the inputs, the rest the gates, each after all that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netlist {
    /// How many inputs.
    pub inputs: usize,
    /// What each gate is the conjunction of.
    pub ands: Vec<[Literal; 2]>,
    /// What is given out.
    pub outputs: Vec<Literal>,
}

impl Netlist {
    /// The outputs on these inputs.
    pub fn evaluate(&self, inputs: &[bool]) -> Vec<bool> {
        let mut values = vec![false];
        values.extend_from_slice(inputs);
        for [a, b] in &self.ands {
            values.push(value(&values, *a) && value(&values, *b));
        }
        self.outputs.iter().map(|output| value(&values, *output)).collect()
    }

    /// A random circuit of NAND gates, one output: the last gate. Each gate reads two different earlier nodes.
    pub fn random(inputs: usize, gates: usize, draws: &mut Draws) -> Self {
        // A NAND is an inverted AND, so whatever reads a gate reads it inverted.
        let nand = |node: usize| Literal::of(node, node > inputs);
        let mut ands = Vec::with_capacity(gates);
        for place in 0..gates {
            let known = inputs + place;
            let first = draws.below(known);
            let second = (first + 1 + draws.below(known.saturating_sub(1))) % known;
            ands.push([nand(1 + first), nand(1 + second)]);
        }
        Self { inputs, ands, outputs: vec![nand(inputs + gates)] }
    }

    /// A random monotone circuit of AND and OR gates, one output: the last gate. Each gate reads two different earlier nodes.
    pub fn random_monotone(inputs: usize, gates: usize, draws: &mut Draws) -> Self {
        let mut known: Vec<Literal> = (1..=inputs).map(|node| Literal::of(node, false)).collect();
        let mut ands = Vec::with_capacity(gates);
        for place in 0..gates {
            let first = draws.below(known.len());
            let second = (first + 1 + draws.below(known.len().saturating_sub(1))) % known.len();
            // An OR is an AND with everything inverted.
            let or = draws.below(2) == 1;
            ands.push([first, second].map(|node| Literal::of(known[node].node(), known[node].is_inverted() != or)));
            known.push(Literal::of(1 + inputs + place, or));
        }
        Self { inputs, ands, outputs: known.last().copied().into_iter().collect() }
    }

    /// In ASCII AIGER.
    pub fn aag(&self) -> String {
        let (inputs, ands, outputs) = (self.inputs, self.ands.len(), self.outputs.len());
        let mut text = format!("aag {} {inputs} 0 {outputs} {ands}\n", inputs + ands);
        (1..=inputs).for_each(|node| text += &format!("{}\n", 2 * node));
        self.outputs.iter().for_each(|output| text += &format!("{}\n", output.0));
        for (place, [a, b]) in self.ands.iter().enumerate() {
            text += &format!("{} {} {}\n", 2 * (1 + inputs + place), a.0, b.0);
        }
        text
    }
}

fn value(values: &[bool], literal: Literal) -> bool {
    values[literal.node()] != literal.is_inverted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotone_circuits_never_fall_when_an_input_rises() {
        for seed in 0..20 {
            let circuit = Netlist::random_monotone(4, 12, &mut Draws::new(seed));
            let value = |bits: usize| circuit.evaluate(&[0, 1, 2, 3].map(|bit| bits >> bit & 1 == 1))[0];
            for bits in 0..16 {
                for bit in 0..4 {
                    assert!(value(bits) <= value(bits | 1 << bit), "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn random_circuits_read_two_different_earlier_nodes() {
        let circuit = Netlist::random(2, 50, &mut Draws::new(3));
        for (place, [a, b]) in circuit.ands.iter().enumerate() {
            assert!(a.node() != b.node() && a.node().max(b.node()) < 3 + place && a.node().min(b.node()) > 0);
        }
    }

    #[test]
    fn an_exclusive_or_is_evaluated() {
        let l = Literal;
        // x1 and not x2, not x1 and x2, neither of these.
        let xor = Netlist { inputs: 2, ands: vec![[l(2), l(5)], [l(3), l(4)], [l(7), l(9)]], outputs: vec![l(11)] };
        let inputs = [[false, false], [false, true], [true, false], [true, true]];
        assert_eq!(inputs.map(|inputs| xor.evaluate(&inputs)[0]), [false, true, true, false]);
    }
}
