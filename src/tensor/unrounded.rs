//! The same graph with nothing rounded between its functions: what a rule would compute in exact arithmetic; must not know rules.

use num_traits::One;

use super::{Graph, Op};
use crate::number::{Function, Rational};

impl Graph {
    /// The graph whose stores of plain values pass on what they read; functions still round their results.
    pub fn unrounded(&self) -> Self {
        let exact = |op: &Op| match op {
            Op::Store { function: Function::Identity, .. } => Op::Scale(Rational::one()),
            _ => op.clone(),
        };
        let node = |_, node: &super::Node| super::Node { op: exact(&node.op), ..node.clone() };
        Self {
            nodes: self.nodes.map(node, |_, slot| *slot),
            params: self.params.clone(),
            outputs: self.outputs.clone(),
            accumulation: self.accumulation,
        }
    }
}
