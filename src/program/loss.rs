//! The losses of gradient descent as formulas of one example; must not know optimisers.

use std::collections::HashMap;

use super::Result;
use super::formula::{Formula, Value};
use crate::number::{Function, Rational};
use crate::spec::program::{Descent, Loss, LossGraph, LossOp};
use crate::tensor::differentiate::Residual;

/// Weights and data by name.
pub(super) type Names = HashMap<String, Value>;

/// The loss of each example.
pub(super) fn loss(formula: &mut Formula, descent: &Descent, names: &Names) -> Result<Value> {
    match &descent.loss {
        Loss::LeastSquares { round_residual } => {
            let prediction = formula.dot("prediction", &names["w"], &names["x"]);
            Ok(half_square(formula, &prediction, &names["y"], *round_residual))
        }
        Loss::Logistic => {
            let margin = margin(formula, names)?;
            let turned = formula.scale(&minus_one(), &margin);
            Ok(formula.through("loss", Function::Softplus, &turned))
        }
        Loss::Hinge => {
            let margin = margin(formula, names)?;
            let one = formula.number(&Rational::from_integer(1.into()));
            let short = formula.subtract("one less margin", &one, &margin);
            Ok(formula.through("loss", Function::Relu, &short))
        }
        Loss::Mlp { hidden: _, activation } => {
            let inner = formula.matvec("hidden", &names["hidden"], &names["x"]);
            let hidden = operation(formula, "activation", activation, &[&inner]);
            let prediction = formula.dot("prediction", &names["output"], &hidden);
            Ok(half_square(formula, &prediction, &names["y"], true))
        }
        Loss::Graph(graph) => Ok(written(formula, graph, names)),
    }
}

/// Whether the gradient rounds its residual or expands it.
pub(super) fn residual(loss: &Loss) -> Residual {
    match loss {
        Loss::LeastSquares { round_residual: false } => Residual::Expand,
        Loss::LeastSquares { round_residual: true }
        | Loss::Logistic
        | Loss::Hinge
        | Loss::Mlp { .. }
        | Loss::Graph(_) => Residual::Round,
    }
}

fn minus_one() -> Rational {
    Rational::from_integer((-1).into())
}

/// `w . (y x)`: the label meets the inputs before the weights do, so that it costs no layer.
fn margin(formula: &mut Formula, names: &Names) -> Result<Value> {
    let labelled = formula.exact("y x", &names["y"], &names["x"])?;
    Ok(formula.dot("margin", &names["w"], &labelled))
}

fn half_square(formula: &mut Formula, prediction: &Value, target: &Value, round: bool) -> Value {
    let residual = formula.subtract("residual", prediction, target);
    let residual = match round {
        true => formula.through("residual stored", Function::Identity, &residual),
        false => residual,
    };
    let square = formula.through("square", Function::Square, &residual);
    formula.scale(&Rational::new(1.into(), 2.into()), &square)
}

fn written(formula: &mut Formula, graph: &LossGraph, names: &Names) -> Value {
    let mut names = names.clone();
    let mut last = None;
    for node in &graph.nodes {
        let operands: Vec<Value> = node.of.iter().map(|name| names[name].clone()).collect();
        let value = operation(formula, &node.name, &node.op, &operands.iter().collect::<Vec<_>>());
        names.insert(node.name.clone(), value.clone());
        last = Some(value);
    }
    last.unwrap_or_else(|| formula.number(&Rational::default()))
}

fn operation(formula: &mut Formula, label: &str, op: &LossOp, of: &[&Value]) -> Value {
    let function = match op {
        LossOp::Add => return formula.add(label, of[0], of[1]),
        LossOp::Subtract => return formula.subtract(label, of[0], of[1]),
        LossOp::Multiply => return formula.multiply(label, of[0], of[1]),
        LossOp::Scale(factor) => return formula.scale(factor, of[0]),
        LossOp::Dot => return formula.dot(label, of[0], of[1]),
        LossOp::Sum => return formula.sum(label, of[0]),
        LossOp::Matvec => return formula.matvec(label, of[0], of[1]),
        LossOp::Constant(value) => return formula.number(value),
        LossOp::Square => Function::Square,
        LossOp::Relu => Function::Relu,
        LossOp::Sigmoid => Function::Sigmoid,
        LossOp::Tanh => Function::Tanh,
        LossOp::Exp => Function::Exp,
        LossOp::Softplus => Function::Softplus,
    };
    formula.through(label, function, of[0])
}
