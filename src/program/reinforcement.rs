//! Updates of reinforcement learning: temporal differences, Q-learning, a policy gradient; must not know how steps are wired.

use petgraph::graph::NodeIndex;

use super::Result;
use super::formula::{Formula, Value};
use super::loss::Names;
use crate::number::{Function, Rational};
use crate::tensor::Op;

/// `(r + g w.x' - w.x) x`.
pub(super) fn td0(formula: &mut Formula, names: &Names, discount: &Rational, round: bool) -> Result<Value> {
    let now = formula.dot("value", &names["w"], &names["x"]);
    let then = formula.dot("next value", &names["w"], &names["next"]);
    let later = formula.scale(discount, &then);
    let target = formula.add("target", &names["reward"], &later);
    let error = formula.subtract("error", &target, &now);
    if round {
        let error = formula.through("error stored", Function::Identity, &error);
        return Ok(formula.multiply("update", &error, &names["x"]));
    }
    let x = &names["x"];
    let repeated = formula.arranged(&error, &[None], &x.shape);
    match formula.arithmetic.is_data(x.id) && !formula.is_constant(x) {
        true => {
            let id = formula.arithmetic.expanded(repeated.id, x.id)?;
            Ok(formula.value(id))
        }
        false => Ok(formula.multiply("update", &repeated, x)),
    }
}

/// `(r + g max_b Q(s',b) - Q(s,a)) s a`, for `q` [states, actions], stored. The greatest value of every state comes first, then the choice
/// of the state, so that nothing is rounded between.
pub(super) fn q_learning(formula: &mut Formula, q: NodeIndex, names: &Names, discount: &Rational) -> Result<Value> {
    let shape = names["q"].shape.clone();
    let best = formula.arithmetic.sketch.apply("best action", Op::Max(1), &[q]);
    let best = formula.shared(best);
    let then = formula.dot("next value", &best, &names["next"]);
    let state = formula.arranged(&names["state"], &[Some(0), None], &shape);
    let action = formula.arranged(&names["action"], &[None, Some(0)], &shape);
    let visited = formula.exact("state and action", &state, &action)?;
    let now = formula.dot("value", &names["q"], &visited);
    let later = formula.scale(discount, &then);
    let target = formula.add("target", &names["reward"], &later);
    let error = formula.subtract("error", &target, &now);
    let error = formula.through("error stored", Function::Identity, &error);
    Ok(formula.multiply("update", &error, &visited))
}

/// `G (1[action] - p) x` with `p = round(sigmoid(w.x))`.
pub(super) fn policy_gradient(formula: &mut Formula, names: &Names) -> Result<Value> {
    let preference = formula.dot("preference", &names["w"], &names["x"]);
    let p = formula.through("probability", Function::Sigmoid, &preference);
    let earned = formula.exact("return times x", &names["return"], &names["x"])?;
    let taken = formula.multiply("update", &names["action"], &earned);
    let expected = formula.multiply("update", &p, &earned);
    Ok(formula.subtract("update", &taken, &expected))
}
