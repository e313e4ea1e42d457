//! One step of a program as a tensor graph: weights and data in, weights out; must not know how steps are wired.

use petgraph::graph::NodeIndex;

use super::formula::{Formula, Value};
use super::loss::{self, Names};
use super::{Result, constants, optimiser, reinforcement};
use crate::number::Function;
use crate::spec::program::{Data, Descent, Program, Quantity, Rule};
use crate::tensor::{Carrier, Graph, Param, Sketch, differentiate};

/// The graph of each iteration in turn: one, or one per example of hard-wired data.
pub(super) fn bodies(program: &Program) -> Result<Vec<Graph>> {
    let count = match &program.data {
        Data::Given { examples, .. } | Data::Random { examples, .. } => examples / program.batch(),
        Data::Inputs => 1,
    };
    let wired = program.quantities().iter().map(|q| constants::data(program, q)).collect::<Result<Vec<_>>>()?;
    (0..count).map(|number| body(program, &wired, number)).collect()
}

/// A weight as a step reads it.
pub(super) fn read(sketch: &mut Sketch, program: &Program, weight: &Quantity, port: NodeIndex) -> NodeIndex {
    match program.round_weights {
        true => sketch.store(&format!("{} stored", weight.name), Function::Identity, weight.format, port),
        false => port,
    }
}

fn body(program: &Program, wired: &[Option<Param>], number: u64) -> Result<Graph> {
    let mut formula = Formula::new(program.numerics, program.batch());
    let (weights, kept) = (program.weights(), optimiser::states(program));
    let sketch = &mut formula.arithmetic.sketch;
    let ports: Vec<NodeIndex> = weights.iter().map(|w| sketch.port(&w.name, Carrier::Exact, &w.shape)).collect();
    let states: Vec<NodeIndex> =
        kept.iter().map(|state| sketch.port(&state.name, state.carrier, &state.shape)).collect();
    let mut own = Vec::with_capacity(weights.len());
    for (weight, port) in weights.iter().zip(&ports) {
        own.push(read(&mut formula.arithmetic.sketch, program, weight, *port));
        formula.arithmetic.rounds_to(*port, weight.format);
    }
    let mut names = Names::new();
    for (weight, id) in weights.iter().zip(&own) {
        let value = formula.shared(*id);
        names.insert(weight.name.clone(), value);
    }
    for (quantity, param) in program.quantities().iter().zip(wired) {
        let value = quantity_value(&mut formula, quantity, param.as_ref(), number);
        names.insert(quantity.name.clone(), value);
    }
    let directions = directions(program, &mut formula, &own, &names)?;
    Ok(updated(program, formula, &own, &directions, &states))
}

/// A quantity of the examples that this iteration sees.
fn quantity_value(formula: &mut Formula, quantity: &Quantity, param: Option<&Param>, number: u64) -> Value {
    let shape = [&[formula.examples], &quantity.shape[..]].concat();
    let Some(param) = param else {
        let id = formula.arithmetic.sketch.number(&quantity.name, quantity.format, &shape);
        return formula.value(id);
    };
    let entries = shape.iter().product::<u64>() as usize;
    let values = param.values.as_deref().unwrap_or_default().iter().copied();
    let values = Some(values.skip(number as usize * entries).take(entries).collect());
    formula.constant(crate::number::Rational::from_integer(1.into()), Param { shape, values, ..param.clone() })
}

/// What is subtracted from each weight, up to the step size and what the optimiser makes of it.
fn directions(program: &Program, formula: &mut Formula, own: &[NodeIndex], names: &Names) -> Result<Vec<NodeIndex>> {
    let update = match &program.rule {
        Rule::Descent(descent) => return gradients(formula, descent, own, names),
        Rule::Td0 { discount, round_residual, .. } => reinforcement::td0(formula, names, discount, *round_residual)?,
        Rule::QLearning { discount, .. } => {
            let (_, stored) = formula.arithmetic.operand(own[0]);
            reinforcement::q_learning(formula, stored, names, discount)?
        }
        Rule::PolicyGradient { .. } => reinforcement::policy_gradient(formula, names)?,
    };
    let axes = (1..=update.shape.len()).map(Some).collect();
    let shared = formula.arithmetic.arrange(axes, &update.shape, update.id);
    Ok(vec![formula.arithmetic.scale(&crate::number::Rational::from_integer((-1).into()), shared)])
}

fn gradients(formula: &mut Formula, descent: &Descent, own: &[NodeIndex], names: &Names) -> Result<Vec<NodeIndex>> {
    let loss = loss::loss(formula, descent, names)?;
    Ok(differentiate::gradients(&mut formula.arithmetic, loss.id, own, loss::residual(&descent.loss))?)
}

/// The weights after the step, and what the optimiser carries.
fn updated(
    program: &Program,
    mut formula: Formula,
    own: &[NodeIndex],
    gradients: &[NodeIndex],
    states: &[NodeIndex],
) -> Graph {
    let each = states.len() / own.len();
    let (rule, format) = (optimiser::optimiser(program), program.numerics.activations);
    let (mut next, mut kept) = (Vec::new(), Vec::new());
    for (place, (weight, gradient)) in own.iter().zip(gradients).enumerate() {
        let states = &states[place * each..(place + 1) * each];
        let (step, after) = optimiser::direction(&mut formula.arithmetic, rule, format, *gradient, states);
        let step = formula.arithmetic.scale(&-&program.step_size, step);
        let sum = formula.arithmetic.add("update", *weight, step);
        let affine = if each == 0 && own.len() == 1 { formula.arithmetic.collapsed(sum, *weight) } else { None };
        next.push(affine.unwrap_or(sum));
        kept.extend(after);
    }
    let names = program.weights().into_iter().map(|weight| weight.name);
    let names = names.chain(optimiser::states(program).into_iter().map(|state| state.name));
    for (name, id) in names.zip(next.into_iter().chain(kept)) {
        formula.arithmetic.sketch.output(&name, id);
    }
    formula.arithmetic.sketch.build().pruned()
}
