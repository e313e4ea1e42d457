//! Each rule iterated by hand in exact rationals, with rounding where the documentation of `isobath::program` says; knows no graphs.

use std::collections::{HashMap, VecDeque};

use isobath::number::{Format, Rational};
use isobath::spec::program::{Adam, Data, Descent, Loss, LossOp, Optimiser, Program, Rule, Start};
use num_traits::{One, Signed, Zero};

use super::Drawn;
use super::numbers::{dot, inverse_root, ratio, relu, round, sigmoid, tanh};

type Vector = Vec<Rational>;

/// Quantities of one example by name.
type Example = HashMap<String, Vector>;

struct Run<'p> {
    program: &'p Program,
    weights: Vec<Vector>,
    m: Vec<Vector>,
    v: Vec<Vector>,
}

/// The weights at the end.
pub fn run(program: &Program, inputs: &[Drawn]) -> Vec<Vector> {
    let mut inputs: VecDeque<&Drawn> = inputs.iter().collect();
    let quantities = program.quantities();
    let is_weight = |drawn: &Drawn| !quantities.iter().any(|quantity| quantity.name == drawn.name);
    let start: HashMap<String, Vector> =
        inputs.iter().filter(|d| is_weight(d)).map(|d| (d.name.clone(), d.values())).collect();
    inputs.retain(|drawn| !is_weight(drawn));
    let weights: Vec<Vector> = program
        .weights()
        .iter()
        .map(|weight| match &program.start {
            Start::Zeros => vec![Rational::zero(); weight.shape.iter().product::<u64>() as usize],
            Start::Inputs => start[&weight.name].clone(),
            Start::Given(values) => values[&weight.name].iter().map(|v| round(v, weight.format)).collect(),
            Start::Random { .. } => panic!("the library's own drawing is not repeated here"),
        })
        .collect();
    let zeros: Vec<Vector> = weights.iter().map(|w| vec![Rational::zero(); w.len()]).collect();
    let mut run = Run { program, weights, m: zeros.clone(), v: zeros };
    let once = match (&program.data, program.batch()) {
        (Data::Inputs, 2..) => Some(examples(program, &mut inputs)),
        _ => None,
    };
    for step in 0..program.steps {
        let examples = match (&once, &program.data) {
            (Some(once), _) => once.clone(),
            (None, Data::Inputs) => examples(program, &mut inputs),
            (None, _) => hard_wired(program, step),
        };
        run.step(&examples);
    }
    assert!(inputs.is_empty());
    run.read()
}

/// The examples of a step from its inputs.
fn examples(program: &Program, inputs: &mut VecDeque<&Drawn>) -> Vec<Example> {
    let count = program.batch() as usize;
    let mut all = vec![Example::new(); count];
    for quantity in program.quantities() {
        let drawn = inputs.pop_front().unwrap();
        assert_eq!(drawn.name, quantity.name);
        let values = drawn.values();
        for (example, part) in all.iter_mut().zip(values.chunks(values.len() / count)) {
            example.insert(quantity.name.clone(), part.to_vec());
        }
    }
    all
}

fn hard_wired(program: &Program, step: u64) -> Vec<Example> {
    let Data::Given { values, examples } = &program.data else { panic!("only given data are repeated here") };
    let (count, batch) = (*examples as usize, program.batch() as usize);
    let rows: Vec<usize> = if batch > 1 { (0..batch).collect() } else { vec![step as usize % count] };
    let example = |row: usize| {
        let entry = |quantity: &isobath::spec::program::Quantity| {
            let all = &values[&quantity.name];
            let width = all.len() / count;
            let part = all[row * width..(row + 1) * width].iter().map(|v| round(v, quantity.format)).collect();
            (quantity.name.clone(), part)
        };
        program.quantities().iter().map(entry).collect()
    };
    rows.into_iter().map(example).collect()
}

fn added(a: &mut [Rational], b: &[Rational]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}

fn times(factor: &Rational, x: &[Rational]) -> Vector {
    x.iter().map(|x| factor * x).collect()
}

impl Run<'_> {
    fn activations(&self) -> Format {
        self.program.numerics.activations
    }

    fn r(&self, x: &Rational) -> Rational {
        round(x, self.activations())
    }

    /// What products with data read: with constants they are exact.
    fn met(&self, x: &Rational) -> Rational {
        if self.program.data.is_hard_wired() { x.clone() } else { self.r(x) }
    }

    /// The weights as a step, or the end, reads them.
    fn read(&self) -> Vec<Vector> {
        let format = self.program.numerics.weights;
        let read = |w: &Rational| if self.program.round_weights { round(w, format) } else { w.clone() };
        self.weights.iter().map(|weights| weights.iter().map(read).collect()).collect()
    }

    fn step(&mut self, examples: &[Example]) {
        let read = self.read();
        let mut sums: Vec<Vector> = read.iter().map(|w| vec![Rational::zero(); w.len()]).collect();
        for example in examples {
            for (sum, part) in sums.iter_mut().zip(self.slope(&read, example)) {
                added(sum, &part);
            }
        }
        for (place, (gradient, weights)) in sums.iter().zip(read).enumerate() {
            let direction = self.direction(place, gradient);
            self.weights[place] =
                weights.iter().zip(&direction).map(|(w, d)| w - &self.program.step_size * d).collect();
        }
    }

    fn direction(&mut self, place: usize, gradient: &[Rational]) -> Vector {
        let format = self.activations();
        let Rule::Descent(Descent { optimiser, .. }) = &self.program.rule else { return gradient.to_vec() };
        match optimiser {
            Optimiser::Plain => gradient.to_vec(),
            Optimiser::Momentum { mu } => {
                let m: Vector = self.m[place].iter().zip(gradient).map(|(m, g)| mu * m + g).collect();
                self.m[place] = m.iter().map(|m| round(m, format)).collect();
                m
            }
            Optimiser::Adam(adam) => {
                let Adam { beta1, beta2, epsilon } = &**adam;
                let one = Rational::one();
                let mut direction = Vector::new();
                for (entry, g) in gradient.iter().enumerate() {
                    let m = round(&(beta1 * &self.m[place][entry] + (&one - beta1) * g), format);
                    let before = round(&relu(&self.v[place][entry]), format);
                    let v = beta2 * before + (&one - beta2) * round(&(g * g), format);
                    direction.push(&m * inverse_root(&(&v + epsilon), format));
                    self.m[place][entry] = m;
                    self.v[place][entry] = v;
                }
                direction
            }
        }
    }

    /// What each weight goes down by, per unit of the step size.
    fn slope(&self, read: &[Vector], example: &Example) -> Vec<Vector> {
        match &self.program.rule {
            Rule::Descent(Descent { loss, .. }) => self.gradient(loss, read, example),
            Rule::Td0 { discount, round_residual, .. } => {
                let (w, x) = (&read[0], &example["x"]);
                let error = &example["reward"][0] + discount * dot(w, &example["next"]) - dot(w, x);
                let error = if *round_residual { self.r(&error) } else { error };
                vec![times(&-error, x)]
            }
            Rule::QLearning { actions, discount, .. } => self.q(&read[0], *actions as usize, discount, example),
            Rule::PolicyGradient { .. } => {
                let x = &example["x"];
                let p = self.r(&sigmoid(&dot(&read[0], x)));
                vec![times(&(&example["return"][0] * (p - &example["action"][0])), x)]
            }
        }
    }

    fn q(&self, q: &[Rational], actions: usize, discount: &Rational, example: &Example) -> Vec<Vector> {
        let rows: Vec<&[Rational]> = q.chunks(actions).collect();
        let then: Rational = rows.iter().zip(&example["next"]).map(|(row, s)| row.iter().max().unwrap() * s).sum();
        let visited: Vector =
            example["state"].iter().flat_map(|s| example["action"].iter().map(move |a| s * a)).collect();
        let error = self.r(&(&example["reward"][0] + discount * then - dot(q, &visited)));
        vec![times(&-error, &visited)]
    }

    fn gradient(&self, loss: &Loss, read: &[Vector], example: &Example) -> Vec<Vector> {
        let (w, x, y) = (&read[0], &example["x"], &example["y"][0]);
        match loss {
            Loss::LeastSquares { round_residual } => {
                let residual = dot(w, x) - y;
                vec![times(&if *round_residual { self.r(&residual) } else { residual }, x)]
            }
            Loss::Logistic => {
                let chance = self.r(&sigmoid(&-(y * dot(w, x))));
                vec![times(&-(chance * y), x)]
            }
            Loss::Hinge => {
                let fires = (Rational::one() - y * dot(w, x)).is_positive();
                vec![times(&if fires { -y } else { Rational::zero() }, x)]
            }
            Loss::Mlp { activation, .. } => self.network(activation, read, x, y),
            Loss::Graph(_) => {
                // The shipped quartic: (w.x - y)^4 / 4, each square rounded.
                let residual = dot(w, x) - y;
                let cube = self.r(&(&residual * &residual)) * self.r(&residual);
                vec![times(&self.met(&cube), x)]
            }
        }
    }

    fn network(&self, activation: &LossOp, read: &[Vector], x: &[Rational], y: &Rational) -> Vec<Vector> {
        let output = &read[1];
        let (mut units, mut slopes) = (Vector::new(), Vector::new());
        for row in read[0].chunks(x.len()) {
            let inner = dot(row, x);
            let (value, slope) = match activation {
                LossOp::Relu => (relu(&inner), if inner.is_positive() { ratio(1, 1) } else { ratio(0, 1) }),
                LossOp::Tanh => (tanh(&inner), Rational::one() - tanh(&inner) * tanh(&inner)),
                _ => (sigmoid(&inner), sigmoid(&inner) * sigmoid(&-inner)),
            };
            units.push(self.r(&value));
            slopes.push(if *activation == LossOp::Relu { slope } else { self.r(&slope) });
        }
        let residual = self.r(&(dot(output, &units) - y));
        let mut inner = Vector::new();
        for (weight, slope) in output.iter().zip(&slopes) {
            let back = self.met(&(self.r(&(&residual * weight)) * slope));
            inner.extend(times(&back, x));
        }
        vec![inner, times(&residual, &units)]
    }
}
