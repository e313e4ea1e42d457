//! Bodies of a recurrent network wired up as a looped graph; knows axes and ports, and of cells only that each gives the next residual.

use petgraph::graph::NodeIndex;

use super::make::{Carried, Make, zeros};
use super::{Result, attention, diagonal, gated, mamba};
use crate::expr::Size;
use crate::loops::{At, Axis, Block, Outlet, System, Wire};
use crate::number::Function;
use crate::spec::recurrent::Cell;
use crate::spec::{Output, Recurrent};
use crate::tensor::looped::Looped;
use crate::tensor::{Carrier, Graph, Op, Parameters, Sketch};

/// The axes of a sequential system.
const LAYERS: usize = 0;
const CONTEXT: usize = 1;

/// The blocks, in order; `start` is only there if something is carried.
const EMBEDDING: usize = 0;
const LAYER: usize = 1;
const HEAD: usize = 2;
const START: usize = 3;

/// A position after the other.
pub(super) fn sequential(spec: &Recurrent, parameters: &Parameters, context: u64) -> Result<Looped> {
    let parts = Parts::new(spec, parameters, None)?;
    let here = |block, at: &[At]| Wire { block, output: 0, at: at.to_vec() };
    let below = vec![here(LAYER, &[At::Back(1), At::Back(0)]), here(EMBEDDING, &[At::Back(0)])];
    let outputs = parts.layers[0].outputs().to_vec();
    let carried = parts.carried.iter().enumerate().map(|(number, carried)| {
        let output = outputs.iter().position(|(name, _)| name == carried.name).unwrap_or(0);
        let before = Wire { block: LAYER, output, at: vec![At::Back(0), At::Back(carried.delay)] };
        vec![before, Wire { block: START, output: number, at: Vec::new() }]
    });
    let ports = std::iter::once(below).chain(carried).collect();
    let top = vec![here(LAYER, &[At::Last, At::Back(0)])];
    let mut blocks = vec![
        block("embedding", &[CONTEXT], vec![parts.embedding], vec![]),
        layers(&[LAYERS, CONTEXT], parts.layers, ports),
        block("head", &[CONTEXT], vec![parts.head], vec![top]),
    ];
    if !parts.carried.is_empty() {
        blocks.push(block("start", &[], vec![start(&parts.carried)], vec![]));
    }
    let axes = [("layers", spec.layers), ("context", context)];
    let axes = axes.map(|(name, length)| Axis { name: name.into(), length }).to_vec();
    Ok(System::new(axes, blocks, vec![outlet(spec)])?)
}

/// All positions at once.
pub(super) fn scan(spec: &Recurrent, parameters: &Parameters, context: u64) -> Result<Looped> {
    let parts = Parts::new(spec, parameters, Some(context))?;
    let here = |block, at: &[At]| Wire { block, output: 0, at: at.to_vec() };
    let below = vec![here(LAYER, &[At::Back(1)]), here(EMBEDDING, &[])];
    let blocks = vec![
        block("embedding", &[], vec![parts.embedding], vec![]),
        layers(&[LAYERS], parts.layers, vec![below]),
        block("head", &[], vec![parts.head], vec![vec![here(LAYER, &[At::Last])]]),
    ];
    let axes = vec![Axis { name: "layers".into(), length: spec.layers }];
    Ok(System::new(axes, blocks, vec![outlet(spec)])?)
}

fn block(name: &str, axes: &[usize], bodies: Vec<Graph>, ports: Vec<Vec<Wire>>) -> Block<Graph> {
    Block { name: name.to_owned(), axes: axes.to_vec(), bodies, varies: None, ports }
}

fn layers(axes: &[usize], bodies: Vec<Graph>, ports: Vec<Vec<Wire>>) -> Block<Graph> {
    Block { varies: Some(0), ..block("layer", axes, bodies, ports) }
}

fn outlet(spec: &Recurrent) -> Outlet {
    Outlet { name: name(spec.output).to_owned(), block: HEAD, output: 0 }
}

fn name(output: Output) -> &'static str {
    match output {
        Output::Hidden => "hidden",
        Output::Logits => "logits",
        Output::Argmax => "tokens",
    }
}

/// The bodies.
struct Parts {
    embedding: Graph,
    layers: Vec<Graph>,
    carried: Vec<Carried>,
    head: Graph,
}

impl Parts {
    /// Of one position, or of all.
    fn new(spec: &Recurrent, parameters: &Parameters, positions: Option<u64>) -> Result<Self> {
        let make = || Make::new(spec, parameters, positions);
        let mut carried = Vec::new();
        let mut layers = Vec::new();
        // Without weights all layers are alike.
        let bodies = if parameters.known() { spec.layers } else { 1 };
        for number in 0..bodies {
            let mut make = make();
            make.prefix = format!("layer.{number}.");
            let x = make.sketch.port("from below", Carrier::Exact, &[make.positions, spec.width]);
            // What is handed up is output 0, whatever else is given out.
            let up = cell(&mut make, x)?;
            carried.clone_from(&make.carried);
            layers.push(handed_up(make, up));
        }
        Ok(Self { embedding: embedding(make())?, layers, carried, head: head(make())? })
    }
}

/// The body with one more output, which comes first.
fn handed_up(mut make: Make, up: NodeIndex) -> Graph {
    make.sketch.output_first("handed up", up);
    make.build()
}

fn embedding(mut make: Make) -> Result<Graph> {
    let Recurrent { vocabulary, width, .. } = *make.spec;
    let tokens = make.sketch.tokens("tokens", vocabulary, make.positions);
    let table = make.param("token_embedding", &[vocabulary, width])?;
    let table = make.sketch.param(table);
    let op = Op::Embed { table, scale: None, format: make.activations() };
    let x = make.sketch.apply("embedding", op, &[tokens]);
    make.sketch.output("embedding", x);
    Ok(make.build())
}

fn cell(make: &mut Make, x: NodeIndex) -> Result<NodeIndex> {
    let spec = make.spec;
    match &spec.cell {
        Cell::Rnn { activation, bias } => gated::rnn(make, x, *activation, *bias),
        Cell::Lstm { bias } => gated::lstm(make, x, *bias),
        Cell::Gru { bias } => gated::gru(make, x, *bias),
        Cell::Diagonal(cell) => diagonal::layer(make, x, cell),
        Cell::Mamba(cell) => mamba::layer(make, x, cell),
        Cell::Attention(cell) => attention::layer(make, x, cell),
    }
}

fn head(mut make: Make) -> Result<Graph> {
    let spec = make.spec;
    let mut x = make.sketch.port("from the last layer", Carrier::Exact, &[make.positions, spec.width]);
    if let Some(epsilon) = spec.cell.norm_epsilon() {
        x = make.pre_norm("final_norm", epsilon, x)?.0;
    }
    let out = match spec.output {
        // A norm stores what it gives.
        Output::Hidden if spec.cell.norm_epsilon().is_some() => x,
        Output::Hidden => make.store("hidden stored", Function::Identity, x),
        Output::Logits => {
            let logits = logits(&mut make, x)?;
            make.store("logits stored", Function::Identity, logits)
        }
        Output::Argmax => {
            let logits = logits(&mut make, x)?;
            make.sketch.apply("argmax", Op::Argmax, &[logits])
        }
    };
    make.sketch.output(name(spec.output), out);
    Ok(make.build())
}

fn logits(make: &mut Make, x: NodeIndex) -> Result<NodeIndex> {
    let Recurrent { vocabulary, width, tied, .. } = *make.spec;
    let weight = make.param(if tied { "token_embedding" } else { "head.weight" }, &[vocabulary, width])?;
    Ok(make.sketch.linear("logits", weight, None, &[vocabulary], x))
}

/// State before the first position: zero.
fn start(carried: &[Carried]) -> Graph {
    let mut start = Sketch::new();
    for carried in carried {
        let zero = start.given("zero", zeros(&[1]));
        let shape: Vec<Size> = carried.shape.iter().map(|length| Size::fixed(*length)).collect();
        let zero = start.add(carried.name, Op::Arrange(vec![None; shape.len()]), &[zero], shape);
        let zero = match carried.carrier {
            Carrier::Stored(format) => start.store(carried.name, Function::Identity, format, zero),
            Carrier::Exact | Carrier::Choice => zero,
        };
        start.output(carried.name, zero);
    }
    start.build()
}
