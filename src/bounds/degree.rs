//! The degree of a loss as a polynomial in its weights, in exact arithmetic; must not know rounding or circuits.
//!
//! A loss is evaluated on a line `u + t v` in the space of its weights, as a polynomial in `t`: its degree there is at most that of the
//! loss, and equals it for almost all lines. Counting degrees operation by operation bounds it from above.

use std::collections::HashMap;

use num_traits::Zero;

use crate::number::Rational;
use crate::spec::program::{Descent, Loss, LossGraph, LossOp, Optimiser, Program, Rule, Start};

/// The degree of what a program descends, in its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degree {
    /// A polynomial of this degree, reached on a line.
    Polynomial {
        /// Reached.
        at_least: u32,
        /// Counted.
        at_most: u32,
    },
    /// A step that is affine in the weights and of degree two in the data of one step.
    Affine,
    /// A polynomial, but of constants: what its steps make of them has no degree.
    Constant(&'static str),
    /// Something other than a polynomial.
    Not(&'static str),
}

/// Lines that are tried.
const TRIES: u64 = 8;

/// The highest degree that is counted with.
const MOST: u32 = 64;

/// The degree of a program's loss. Of a loss graph it is one of the weights to begin with, so these must come in, and so must the data,
/// which the lines that show it take to be any.
pub fn of(program: &Program) -> Degree {
    let descent = match &program.rule {
        Rule::Descent(descent) => descent,
        Rule::Td0 { .. } => return Degree::Affine,
        Rule::QLearning { .. } => return Degree::Not("the greatest value over actions"),
        Rule::PolicyGradient { .. } => return Degree::Not("the sigmoid"),
    };
    match (&descent.optimiser, &descent.loss) {
        (Optimiser::Adam(_), _) => Degree::Not("Adam's root"),
        (_, Loss::LeastSquares { .. }) => Degree::Affine,
        (_, Loss::Logistic) => Degree::Not("the logistic loss"),
        (_, Loss::Hinge) => Degree::Not("the hinge"),
        (_, Loss::Mlp { .. }) => Degree::Not("the activation"),
        (_, Loss::Graph(_)) if program.start != Start::Inputs => Degree::Constant("weights to begin with"),
        (_, Loss::Graph(_)) if program.data.is_hard_wired() => Degree::Constant("data"),
        (_, Loss::Graph(graph)) => written(graph, descent),
    }
}

/// The degree a written loss has at least, whatever its weights begin with; none where it is no polynomial, or another kind of loss.
pub fn of_written_loss(program: &Program) -> Option<u32> {
    match &program.rule {
        Rule::Descent(descent @ Descent { loss: Loss::Graph(graph), .. }) => match written(graph, descent) {
            Degree::Polynomial { at_least, .. } => Some(at_least),
            Degree::Affine | Degree::Constant(_) | Degree::Not(_) => None,
        },
        _ => None,
    }
}

fn written(graph: &LossGraph, descent: &Descent) -> Degree {
    let other = |op: &LossOp| match op {
        LossOp::Relu => Some("relu"),
        LossOp::Sigmoid => Some("the sigmoid"),
        LossOp::Tanh => Some("tanh"),
        LossOp::Exp => Some("exp"),
        LossOp::Softplus => Some("softplus"),
        LossOp::Add
        | LossOp::Subtract
        | LossOp::Multiply
        | LossOp::Scale(_)
        | LossOp::Dot
        | LossOp::Sum
        | LossOp::Matvec
        | LossOp::Square
        | LossOp::Constant(_) => None,
    };
    if let Some(name) = graph.nodes.iter().find_map(|node| other(&node.op)) {
        return Degree::Not(name);
    }
    let at_most = counted(graph);
    let weights: u64 = graph.weights.iter().map(|(_, shape)| shape.iter().product::<u64>()).sum();
    if at_most > MOST || weights.saturating_add(descent.features) > 4096 {
        return Degree::Not("a degree or a size beyond what is expanded here");
    }
    let on_line = |seed| polynomial(graph, descent.features, seed).len().saturating_sub(1) as u32;
    let at_least = (0..TRIES).map(on_line).max().unwrap_or(0);
    Degree::Polynomial { at_least, at_most }
}

/// Degrees in the weights, operation by operation, without regard to what may cancel.
fn counted(graph: &LossGraph) -> u32 {
    let mut degrees: HashMap<&str, u32> = graph.weights.iter().map(|(name, _)| (&**name, 1)).collect();
    degrees.extend([("x", 0), ("y", 0)]);
    let mut last = 0;
    for node in &graph.nodes {
        let of: Vec<u32> = node.of.iter().map(|name| degrees.get(&**name).copied().unwrap_or(0)).collect();
        last = match node.op {
            LossOp::Multiply | LossOp::Dot | LossOp::Matvec => of.iter().fold(0u32, |sum, d| sum.saturating_add(*d)),
            LossOp::Square => of[0].saturating_mul(2),
            _ => of.iter().copied().max().unwrap_or(0),
        };
        degrees.insert(&node.name, last);
    }
    last
}

/// Coefficients, the constant first; the last is not zero.
type Polynomial = Vec<Rational>;

/// The entries of a tensor, row-major.
type Entries = Vec<Polynomial>;

/// The loss on a line that the seed draws, with data that it draws too.
fn polynomial(graph: &LossGraph, features: u64, seed: u64) -> Polynomial {
    let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut known: HashMap<&str, Entries> = HashMap::new();
    known.insert("x", (0..features).map(|_| trimmed(vec![draw.next()])).collect());
    known.insert("y", vec![trimmed(vec![draw.next()])]);
    for (name, shape) in &graph.weights {
        let entries = (0..shape.iter().product::<u64>()).map(|_| trimmed(vec![draw.next(), draw.next()]));
        known.insert(name, entries.collect());
    }
    let mut last = Vec::new();
    for node in &graph.nodes {
        let of: Vec<&Entries> = node.of.iter().map(|name| &known[&**name]).collect();
        last = applied(&node.op, &of);
        known.insert(&node.name, last.clone());
    }
    last.into_iter().next().unwrap_or_default()
}

fn applied(op: &LossOp, of: &[&Entries]) -> Entries {
    let pairs = |f: &dyn Fn(&Polynomial, &Polynomial) -> Polynomial| {
        let (a, b) = (of[0], of[1]);
        let count = a.len().max(b.len());
        // A single number stands for each entry of the other.
        (0..count).map(|place| f(&a[place % a.len()], &b[place % b.len()])).collect::<Entries>()
    };
    let minus = Rational::from_integer((-1).into());
    match op {
        LossOp::Add => pairs(&sum),
        LossOp::Subtract => pairs(&|a, b| sum(a, &scaled(b, &minus))),
        LossOp::Multiply => pairs(&times),
        LossOp::Scale(factor) => of[0].iter().map(|a| scaled(a, factor)).collect(),
        LossOp::Dot => vec![total(&pairs(&times))],
        LossOp::Sum => vec![total(of[0])],
        LossOp::Matvec => {
            let row = |row: &[Polynomial]| total(&row.iter().zip(of[1]).map(|(a, b)| times(a, b)).collect::<Entries>());
            of[0].chunks(of[1].len()).map(row).collect()
        }
        LossOp::Square => of[0].iter().map(|a| times(a, a)).collect(),
        LossOp::Constant(value) => vec![trimmed(vec![value.clone()])],
        // Refused before: not polynomials.
        LossOp::Relu | LossOp::Sigmoid | LossOp::Tanh | LossOp::Exp | LossOp::Softplus => Vec::new(),
    }
}

fn trimmed(mut polynomial: Polynomial) -> Polynomial {
    while polynomial.last().is_some_and(Zero::is_zero) {
        polynomial.pop();
    }
    polynomial
}

fn sum(a: &Polynomial, b: &Polynomial) -> Polynomial {
    let at = |p: &Polynomial, power: usize| p.get(power).cloned().unwrap_or_default();
    trimmed((0..a.len().max(b.len())).map(|power| at(a, power) + at(b, power)).collect())
}

fn total(entries: &[Polynomial]) -> Polynomial {
    entries.iter().fold(Vec::new(), |all, entry| sum(&all, entry))
}

fn scaled(a: &Polynomial, factor: &Rational) -> Polynomial {
    trimmed(a.iter().map(|coefficient| coefficient * factor).collect())
}

fn times(a: &Polynomial, b: &Polynomial) -> Polynomial {
    let mut product = vec![Rational::default(); (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    trimmed(product)
}

/// Small whole numbers that are not zero (Marsaglia's xorshift).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> Rational {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let size = (self.0 >> 20) as i64 % 50 + 1;
        Rational::from_integer(if self.0 >> 8 & 1 == 1 { -size } else { size }.into())
    }
}
