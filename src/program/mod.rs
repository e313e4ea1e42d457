//! From a program to looped tensor graphs: a start, one step repeated along `steps`, an end; must not know files or circuits.
//!
//! A step rounds at these points and at no other. Weights, to their format, when they are read; the result of a function (sigmoid,
//! step, square, ...) and whatever a product reads that is not stored yet, to the format of activations; with `round_residual`, the
//! residual. Products of data with data (`y x` of a margin, `x_i x_j`) are exact, and so are sums, differences, constant
//! factors, products with hard-wired data and the update itself. At the end weights are rounded once more.

mod constants;
mod formula;
mod loss;
mod optimiser;
mod reinforcement;
mod step;

use thiserror::Error;

use crate::loops::{At, Axis, Block, LoopError, Outlet, System, Wire};
use crate::number::Format;
use crate::spec::program::{Program, Start};
use crate::tensor::differentiate::DifferentiateError;
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, ParamsError, Sketch};

/// The axis a step is repeated along.
pub const STEPS: &str = "steps";

/// Why a program was not built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The loss has no gradient.
    #[error(transparent)]
    Differentiate(#[from] DifferentiateError),
    /// Blocks that do not fit together.
    #[error(transparent)]
    Loop(#[from] LoopError),
    /// Constants that are missing or too large.
    #[error(transparent)]
    Constants(#[from] ParamsError),
    /// A label the format does not hold.
    #[error("random {what} are of size 1, which {format} does not hold; use a format with more bits before the point")]
    Narrow {
        /// Which data.
        what: String,
        /// Their format.
        format: Format,
    },
    /// An exact product without a format.
    #[error("the product of `{0}` and `{1}` has more bits than any format; use narrower formats for data and targets")]
    Wide(String, String),
}

type Result<T> = std::result::Result<T, ProgramError>;

/// What a step hands on besides weights.
#[derive(Clone, Debug)]
struct State {
    name: String,
    shape: Vec<u64>,
    carrier: Carrier,
}

/// The program as looped graphs. Its axis is `steps`; its outlets are the weights at the end.
///
/// # Errors
/// When the loss cannot be differentiated or data do not fit their formats.
pub fn system(program: &Program) -> Result<Looped> {
    let weights = program.weights();
    constants::check(&weights)?;
    constants::check(&program.quantities())?;
    let bodies = step::bodies(program)?;
    let states = optimiser::states(program);
    let hoisted = (program.batch() > 1 && !program.data.is_hard_wired()).then(|| bodies[0].hoisted()).flatten();
    let mut blocks = vec![block("start", &[], vec![start(program, &states)?], vec![])];
    let (bodies, early) = match hoisted {
        Some((data, step)) => {
            let count = data.outputs().len();
            blocks.push(block("data", &[], vec![data], vec![]));
            (vec![step], count)
        }
        None => (bodies, 0),
    };
    let step = blocks.len();
    let carried = |output| vec![wire(step, output, &[At::Back(1)]), wire(0, output, &[])];
    let mut ports: Vec<Vec<Wire>> = (0..weights.len() + states.len()).map(carried).collect();
    ports.extend((0..early).map(|output| vec![wire(1, output, &[])]));
    let varies = (bodies.len() > 1).then_some(0);
    blocks.push(Block { varies, ..block("step", &[0], bodies, ports) });
    let last = (0..weights.len()).map(|output| vec![wire(step, output, &[At::Last])]).collect();
    blocks.push(block("end", &[], vec![end(program)], last));
    let outlet = |(output, weight): (usize, &crate::spec::program::Quantity)| Outlet {
        name: weight.name.clone(),
        block: step + 1,
        output,
    };
    let outlets = weights.iter().enumerate().map(outlet).collect();
    Ok(System::new(vec![Axis { name: STEPS.into(), length: program.steps }], blocks, outlets)?)
}

fn block(name: &str, axes: &[usize], bodies: Vec<Graph>, ports: Vec<Vec<Wire>>) -> Block<Graph> {
    Block { name: name.to_owned(), axes: axes.to_vec(), bodies, varies: None, ports }
}

fn wire(block: usize, output: usize, at: &[At]) -> Wire {
    Wire { block, output, at: at.to_vec() }
}

/// The weights to begin with, and optimisers at rest.
fn start(program: &Program, states: &[State]) -> Result<Graph> {
    let mut sketch = Sketch::new();
    for weight in program.weights() {
        let id = match program.start {
            Start::Inputs => sketch.number(&weight.name, weight.format, &weight.shape),
            _ => {
                let param = constants::start(program, &weight)?;
                sketch.given(&weight.name, param)
            }
        };
        sketch.output(&weight.name, id);
    }
    for state in states {
        let id = optimiser::rest(&mut sketch, state)?;
        sketch.output(&state.name, id);
    }
    Ok(sketch.build())
}

/// The weights as they are given out.
fn end(program: &Program) -> Graph {
    let mut sketch = Sketch::new();
    for weight in program.weights() {
        let port = sketch.port(&weight.name, Carrier::Exact, &weight.shape);
        let id = step::read(&mut sketch, program, &weight, port);
        sketch.output(&weight.name, id);
    }
    sketch.build()
}

#[cfg(test)]
mod tests;
