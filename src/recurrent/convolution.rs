//! Causal convolutions along the context, feature by feature, and the function after them; must not know cells.
//!
//! What earlier positions hand on is exact; the result is rounded once, after its function.

use petgraph::graph::NodeIndex;

use super::Result;
use super::make::Make;
use crate::number::Function;
use crate::tensor::Op;

/// One convolution.
pub(super) struct Taps {
    /// The output of the layer that carries its input.
    pub input: &'static str,
    /// Before the names of its weights.
    pub name: &'static str,
    /// Positions it reads.
    pub kernel: u64,
    /// Whether there is a bias.
    pub bias: bool,
}

impl Make<'_> {
    /// A weighted sum of the last positions, and then a function, rounded.
    pub(super) fn convolution(&mut self, taps: &Taps, function: Function, x: NodeIndex) -> Result<NodeIndex> {
        let mut shape = self.lengths(x);
        let last = shape.len();
        let features = shape[1..].to_vec();
        let mut positions = self.delayed(taps.input, x, taps.kernel - 1);
        positions.reverse();
        positions.push(x);
        shape.push(1);
        let axes: Vec<Option<usize>> = (0..last).map(Some).chain([None]).collect();
        let column = |make: &mut Self, tap: NodeIndex| make.arrange("tap", tap, axes.clone(), &shape);
        let columns: Vec<NodeIndex> = positions.into_iter().map(|tap| column(self, tap)).collect();
        let window = self.sketch.apply("window", Op::Concat(last), &columns);
        let weight = self.param(&format!("{}.weight", taps.name), &[&features[..], &[taps.kernel]].concat())?;
        let sum = self.weigh("convolution", weight, window);
        let mut sum = self.sum("convolution", sum, last);
        if taps.bias {
            let bias = self.param(&format!("{}.bias", taps.name), &features)?;
            let bias = self.rows("convolution bias", bias);
            sum = self.add("convolution", sum, bias);
        }
        Ok(self.store("convolution stored", function, sum))
    }
}
