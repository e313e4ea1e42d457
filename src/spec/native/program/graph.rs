//! A loss written as `[[program.node]]` tables, its shapes checked as it is read.

use std::collections::HashMap;

use super::{SCHEMA, needed};
use crate::number::Rational;
use crate::spec::program::{LossGraph, LossNode, LossOp};
use crate::spec::text::{Fields, MAX_DIMENSION, number, numbers};

/// What each name stands for: its shape, or none where that is not known because of another problem.
type Shapes = HashMap<String, Option<Vec<u64>>>;

pub(super) fn read(fields: &Fields, features: u64) -> LossGraph {
    let mut shapes: Shapes = HashMap::from([("x".to_owned(), Some(vec![features])), ("y".to_owned(), Some(vec![]))]);
    if !fields.sound(&["features"]) {
        shapes.insert("x".to_owned(), None);
    }
    let weights = weights(fields, features, &mut shapes);
    let mut nodes = Vec::new();
    for table in fields.tables("node") {
        nodes.push(node(&table, &mut shapes));
        table.finish(SCHEMA);
    }
    let last = nodes.last().map(|node| (node.name.clone(), shapes.get(&node.name).cloned().flatten()));
    let message = || "the loss has no operations".to_owned();
    fields.check(&["node", "loss"], last.is_some(), message, "add tables [[program.node]]; the last is the loss");
    if let Some((name, Some(shape))) = last {
        let message =
            || format!("the last node, `{name}`, is the loss, which is a single number, not of shape {shape:?}");
        fields.check(&["node"], shape.is_empty(), message, "end with a `sum`");
    }
    LossGraph { weights, nodes }
}

fn weights(fields: &Fields, features: u64, shapes: &mut Shapes) -> Vec<(String, Vec<u64>)> {
    let tables = fields.tables("weight");
    let mut weights = Vec::new();
    for table in &tables {
        let name = name(table, shapes);
        needed(table, "shape");
        let shape = shape(table);
        shapes.insert(name.clone(), table.sound(&["shape"]).then(|| shape.clone()));
        weights.push((name, shape));
        table.finish(SCHEMA);
    }
    if tables.is_empty() {
        weights.push(("w".to_owned(), vec![features]));
        let known = shapes["x"].clone();
        shapes.insert("w".to_owned(), known);
    }
    weights
}

fn shape(table: &Fields) -> Vec<u64> {
    let lengths = table.list_len("shape").and_then(|length| numbers(table, "shape", &[length]));
    let whole = |number: &Rational| {
        let length = u64::try_from(number.to_integer()).ok().filter(|length| (1..=MAX_DIMENSION).contains(length));
        length.filter(|_| number.is_integer())
    };
    let shape: Option<Vec<u64>> = lengths.unwrap_or_default().iter().map(whole).collect();
    let message = || format!("`shape` must be a list of whole numbers from 1 to {MAX_DIMENSION}");
    table.check(&["shape"], shape.is_some(), message, "write shape = [2, 3], say");
    shape.unwrap_or_default()
}

/// A name that is not taken.
fn name(table: &Fields, shapes: &Shapes) -> String {
    needed(table, "name");
    let name = table.text("name").unwrap_or_default().to_owned();
    let message = || format!("the name `{name}` is taken already");
    table.check(&["name"], !shapes.contains_key(&name), message, "choose another");
    name
}

fn node(table: &Fields, shapes: &mut Shapes) -> LossNode {
    let name = name(table, shapes);
    let op = op(table);
    let of = table.texts("of").unwrap_or_default();
    for unknown in of.iter().filter(|name| !shapes.contains_key(**name)) {
        let message = format!("`of` names `{unknown}`, which is neither a weight, nor `x` or `y`, nor an earlier node");
        table.refuse("of", message, None);
    }
    let operands: Option<Vec<Vec<u64>>> = of.iter().map(|name| shapes.get(*name).cloned().flatten()).collect();
    let shape = match (&op, operands) {
        (Some(op), Some(operands)) if table.sound(&["of", "op"]) => {
            let shape = op.shape(&operands);
            if let Err(reason) = &shape {
                table.refuse("of", format!("node `{name}`: {reason}"), None);
            }
            shape.ok()
        }
        _ => None,
    };
    shapes.insert(name.clone(), shape);
    let op = op.unwrap_or(LossOp::Sum);
    LossNode { name, op, of: of.into_iter().map(str::to_owned).collect() }
}

fn op(table: &Fields) -> Option<LossOp> {
    let names = [
        "add", "subtract", "multiply", "scale", "dot", "sum", "matvec", "square", "relu", "sigmoid", "tanh", "exp",
        "softplus", "constant",
    ];
    let numbered: Vec<(&str, usize)> = names.iter().enumerate().map(|(number, name)| (*name, number)).collect();
    let chosen = table.choice("op", &numbered, None);
    let any = |_: &Rational| true;
    let factor = number(table, "factor", any, "a number");
    let value = number(table, "value", any, "a number");
    if !table.sound(&["op"]) {
        return None;
    }
    let owner = |key: &str, holds: bool, op: &str| {
        table.check(&[key], holds || !table.has(key), || format!("`{key}` is only for op = \"{op}\""), "remove it");
        if holds {
            needed(table, key);
        }
    };
    owner("factor", names[chosen] == "scale", "scale");
    owner("value", names[chosen] == "constant", "constant");
    Some(match names[chosen] {
        "add" => LossOp::Add,
        "subtract" => LossOp::Subtract,
        "multiply" => LossOp::Multiply,
        "scale" => LossOp::Scale(factor.unwrap_or_default()),
        "dot" => LossOp::Dot,
        "sum" => LossOp::Sum,
        "matvec" => LossOp::Matvec,
        "square" => LossOp::Square,
        "relu" => LossOp::Relu,
        "sigmoid" => LossOp::Sigmoid,
        "tanh" => LossOp::Tanh,
        "exp" => LossOp::Exp,
        "softplus" => LossOp::Softplus,
        _ => LossOp::Constant(value.unwrap_or_default()),
    })
}
