//! Gradients against dual numbers (forward mode, on the loss as it is written) and finite differences, in formats so wide that nothing exact rounds.

use std::collections::HashMap;

use isobath::number::Rational;
use isobath::spec::program::{Descent, Loss, LossGraph, LossOp, Program, Rule};
use isobath::tensor::Op;
use isobath::tensor::looped::interpret;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::numbers::{exp, ratio, relu, sigmoid, softplus, tanh};
use super::{draws, program};

/// A value and its slope in one direction.
#[derive(Clone, Debug)]
struct Dual {
    value: Rational,
    slope: Rational,
}

/// Dual numbers in some shape.
type Tensor = (Vec<u64>, Vec<Dual>);

impl Dual {
    fn plain(value: Rational) -> Self {
        Self { value, slope: Rational::zero() }
    }

    fn plus(&self, other: &Self) -> Self {
        Self { value: &self.value + &other.value, slope: &self.slope + &other.slope }
    }

    fn times(&self, other: &Self) -> Self {
        let slope = &self.slope * &other.value + &self.value * &other.slope;
        Self { value: &self.value * &other.value, slope }
    }

    fn by(&self, factor: &Rational) -> Self {
        Self { value: &self.value * factor, slope: &self.slope * factor }
    }

    /// The chain rule.
    fn through(&self, op: &LossOp) -> Self {
        let x = &self.value;
        let one = Rational::one();
        let (value, slope) = match op {
            LossOp::Square => (x * x, x * ratio(2, 1)),
            LossOp::Relu => (relu(x), if x.is_positive() { one } else { Rational::zero() }),
            LossOp::Sigmoid => (sigmoid(x), sigmoid(x) * sigmoid(&-x)),
            LossOp::Tanh => (tanh(x), one - tanh(x) * tanh(x)),
            LossOp::Exp => (exp(x), exp(x)),
            LossOp::Softplus => (softplus(x), sigmoid(x)),
            other => panic!("{other:?} is no function of one number"),
        };
        Self { value, slope: slope * &self.slope }
    }
}

fn sum(terms: impl IntoIterator<Item = Dual>) -> Dual {
    terms.into_iter().fold(Dual::plain(Rational::zero()), |sum, term| sum.plus(&term))
}

fn apply(op: &LossOp, of: &[&Tensor]) -> Tensor {
    let shape = op.shape(&of.iter().map(|(shape, _)| shape.clone()).collect::<Vec<_>>()).unwrap();
    let entry = |operand: usize, place: usize| {
        let values = &of[operand].1;
        if values.len() == 1 { &values[0] } else { &values[place] }
    };
    let count = shape.iter().product::<u64>() as usize;
    let each = |f: &dyn Fn(usize) -> Dual| (0..count).map(f).collect::<Vec<_>>();
    let products = |a: &[Dual], b: &[Dual]| sum(a.iter().zip(b).map(|(a, b)| a.times(b)));
    let values = match op {
        LossOp::Add => each(&|p| entry(0, p).plus(entry(1, p))),
        LossOp::Subtract => each(&|p| entry(0, p).plus(&entry(1, p).by(&ratio(-1, 1)))),
        LossOp::Multiply => each(&|p| entry(0, p).times(entry(1, p))),
        LossOp::Scale(factor) => each(&|p| entry(0, p).by(factor)),
        LossOp::Constant(value) => vec![Dual::plain(value.clone())],
        LossOp::Sum => vec![sum(of[0].1.iter().cloned())],
        LossOp::Dot => vec![products(&of[0].1, &of[1].1)],
        LossOp::Matvec => of[0].1.chunks(of[1].1.len()).map(|row| products(row, &of[1].1)).collect(),
        function => each(&|p| entry(0, p).through(function)),
    };
    (shape, values)
}

fn written(graph: &LossGraph, mut names: HashMap<String, Tensor>) -> Dual {
    for node in &graph.nodes {
        let value = apply(&node.op, &node.of.iter().map(|name| &names[name]).collect::<Vec<_>>());
        names.insert(node.name.clone(), value);
    }
    names[&graph.nodes.last().unwrap().name].1[0].clone()
}

/// The loss of one example, from its formula.
fn loss(loss: &Loss, names: &HashMap<String, Tensor>) -> Dual {
    let dot = |a: &Tensor, b: &Tensor| apply(&LossOp::Dot, &[a, b]).1[0].clone();
    let y = || names["y"].1[0].clone();
    let half_square = |residual: Dual| residual.times(&residual).by(&ratio(1, 2));
    let less = |prediction: Dual| prediction.plus(&y().by(&ratio(-1, 1)));
    match loss {
        Loss::LeastSquares { .. } => half_square(less(dot(&names["w"], &names["x"]))),
        Loss::Logistic => y().times(&dot(&names["w"], &names["x"])).by(&ratio(-1, 1)).through(&LossOp::Softplus),
        Loss::Hinge => {
            let margin = y().times(&dot(&names["w"], &names["x"])).by(&ratio(-1, 1));
            margin.plus(&Dual::plain(Rational::one())).through(&LossOp::Relu)
        }
        Loss::Mlp { activation, .. } => {
            let inner = apply(&LossOp::Matvec, &[&names["hidden"], &names["x"]]);
            half_square(less(dot(&names["output"], &apply(activation, &[&inner]))))
        }
        Loss::Graph(graph) => written(graph, names.clone()),
    }
}

/// A name, a shape and its entries.
type Named = (String, Vec<u64>, Vec<Rational>);

/// Numbers of each weight and each quantity of every example.
struct Point {
    weights: Vec<Named>,
    examples: Vec<Vec<Named>>,
}

fn point(program: &Program, seed: u64) -> Point {
    let mut next = draws(seed);
    let mut some = |count: u64, halves: i64, parts: i64| -> Vec<Rational> {
        (0..count).map(|_| ratio((next() % (2 * halves as u64 + 1)) as i64 - halves, parts)).collect()
    };
    let weights = program.weights().into_iter().map(|w| {
        let values = some(w.shape.iter().product(), 12, 8);
        (w.name, w.shape, values)
    });
    let weights = weights.collect();
    let examples = (0..program.batch()).map(|_| {
        let quantity = |q: isobath::spec::program::Quantity| {
            let values = some(q.shape.iter().product(), 6, 4);
            (q.name, q.shape, values)
        };
        program.quantities().into_iter().map(quantity).collect()
    });
    let examples = examples.collect();
    Point { weights, examples }
}

impl Point {
    /// The loss of all examples, with its slope in the direction of one entry moved by `by`.
    fn loss(&self, of: &Loss, weight: usize, place: usize, by: &Rational) -> Dual {
        let mut names = HashMap::new();
        for (number, (name, shape, values)) in self.weights.iter().enumerate() {
            let mut duals: Vec<Dual> = values.iter().cloned().map(Dual::plain).collect();
            if number == weight {
                duals[place].slope = Rational::one();
                duals[place].value += by;
            }
            names.insert(name.clone(), (shape.clone(), duals));
        }
        sum(self.examples.iter().map(|example| {
            let data = example.iter().map(|(name, shape, values)| {
                (name.clone(), (shape.clone(), values.iter().cloned().map(Dual::plain).collect()))
            });
            loss(of, &names.clone().into_iter().chain(data).collect())
        }))
    }

    /// Values by label, examples one after another.
    fn values(&self, label: &str) -> Vec<Rational> {
        let own = self.weights.iter().find(|(name, ..)| name == label).map(|(.., values)| values.clone());
        own.unwrap_or_else(|| {
            let part = |example: &Vec<Named>| example.iter().find(|(name, ..)| name == label).unwrap().2.clone();
            self.examples.iter().flat_map(part).collect()
        })
    }
}

/// The gradient, as one step of size 1 from a point.
fn gradient(program: &Program, point: &Point) -> Vec<Vec<Rational>> {
    let graph = isobath::program::system(&Program { steps: 1, ..program.clone() }).unwrap();
    let mut inputs = Vec::new();
    let done: Result<(), ()> = graph.try_each(|instance| {
        let body = graph.blocks()[instance.block].body(&instance.at);
        for node in body.order().map(|id| body.node(id)).filter(|node| matches!(node.op, Op::Number(_))) {
            inputs.extend(point.values(&node.label));
        }
        Ok(())
    });
    done.unwrap();
    let after = interpret(&graph, inputs).unwrap();
    let step = |((_, _, before), after): (&Named, isobath::tensor::interpret::Tensor)| {
        before.iter().zip(&after.values).map(|(before, after)| before - after).collect()
    };
    point.weights.iter().zip(after).map(step).collect()
}

const WIDE: &str = "[weights]\nsource = 'inputs'\n[numerics]\nweights = 'fixed(18,44)'\nactivations = 'fixed(18,44)'\ndata = \
                    'fixed(4,4)'\ntargets = 'fixed(4,4)'\n";

fn power(bits: u32) -> Rational {
    Rational::new(1.into(), BigInt::one() << bits)
}

/// Compares at random points: exactly where the gradient is rational, else to about the rounding of the formats.
fn check(lines: &str, exact: bool, quadratic: bool) {
    for batch in ["", "batch = 'all'\nexamples = 3\n"] {
        let text = format!("[program]\nkind = 'gradient-descent'\nfeatures = 2\nstep_size = 1\n{batch}{lines}\n{WIDE}");
        let program = program(&text);
        let Rule::Descent(Descent { loss, .. }) = &program.rule else { panic!("descent") };
        for seed in 0..if exact { 12 } else { 3 } {
            let point = point(&program, seed);
            for (weight, slopes) in gradient(&program, &point).iter().enumerate() {
                for (place, slope) in slopes.iter().enumerate() {
                    let at = |by: Rational| point.loss(loss, weight, place, &by);
                    let dual = at(Rational::zero()).slope;
                    let error = (slope - &dual).abs();
                    let allowed = if exact { Rational::zero() } else { power(30) };
                    assert!(error <= allowed, "{lines}: {slope} is not {dual}");
                    differences(lines, &dual, quadratic, at);
                }
            }
        }
    }
}

/// Central differences: exact for quadratics, else off by the square of the width; left out across a kink.
fn differences(lines: &str, dual: &Rational, quadratic: bool, at: impl Fn(Rational) -> Dual) {
    let h = power(16);
    let (before, here, after) = (at(-&h).value, at(Rational::zero()).value, at(h.clone()).value);
    let central = (&after - &before) / (&h * ratio(2, 1));
    if quadratic {
        assert_eq!(&central, dual, "{lines}");
    }
    let kinked = ((&after - &here) - (&here - &before)).abs() > &h * power(6);
    assert!(kinked || (central - dual).abs() < power(18), "{lines}");
}

fn node(name: &str, op: &str, more: &str) -> String {
    format!("[[program.node]]\nname = '{name}'\nop = '{op}'\n{more}\n")
}

#[test]
fn gradients_of_named_losses() {
    check("loss = 'least-squares'", true, true);
    check("loss = 'least-squares'\nround_residual = false", true, true);
    check("loss = 'hinge'", true, false);
    check("loss = 'logistic'", false, false);
    for activation in ["relu", "tanh", "sigmoid"] {
        let lines = format!("loss = 'mlp'\nhidden = 2\nactivation = '{activation}'");
        check(&lines, activation == "relu", false);
    }
}

#[test]
fn gradients_of_written_losses() {
    let residual = node("p", "dot", "of = ['w', 'x']") + &node("r", "subtract", "of = ['p', 'y']");
    let quartic = node("q", "square", "of = ['r']") + &node("l", "square", "of = ['q']");
    check(&format!("loss = 'graph'\n{residual}{quartic}"), true, false);
    let cubic = node("q", "multiply", "of = ['r', 'p']") + &node("l", "multiply", "of = ['q', 'r']");
    check(&format!("loss = 'graph'\n{residual}{cubic}"), true, false);
    for function in ["exp", "tanh", "sigmoid", "softplus", "relu"] {
        let small = node("s", "scale", "of = ['r']\nfactor = '1/8'") + &node("f", function, "of = ['s']");
        let lines = format!("loss = 'graph'\n{residual}{small}{}", node("l", "multiply", "of = ['f', 'p']"));
        check(&lines, function == "relu", false);
        let shifted = node("c", "constant", "value = 0.5") + &node("d", "add", "of = ['f', 'c']");
        let lines = format!("loss = 'graph'\n{residual}{small}{shifted}{}", node("l", "square", "of = ['d']"));
        check(&lines, function == "relu", false);
    }
}

#[test]
fn gradients_of_matrices_and_shared_weights() {
    let weights = "[[program.weight]]\nname = 'a'\nshape = [3, 2]\n[[program.weight]]\nname = 'b'\nshape = [3]\n";
    let nodes = node("h", "matvec", "of = ['a', 'x']")
        + &node("s", "add", "of = ['h', 'b']")
        + &node("f", "relu", "of = ['s']")
        + &node("g", "multiply", "of = ['f', 'y']")
        + &node("q", "multiply", "of = ['b', 'g']")
        + &node("t", "sum", "of = ['q']")
        + &node("u", "dot", "of = ['b', 'b']")
        + &node("l", "add", "of = ['t', 'u']");
    check(&format!("loss = 'graph'\n{weights}{nodes}"), true, false);
}
