//! The arithmetic table against explicit graphs of operations with two operands, and laws against plain passes; test code only.

use crate::cost::{Analysis, Model, analyse};
use crate::pipeline;
use crate::spec::{self, Spec};
use crate::tensor::{Attended, Graph, Node, Op, Scores};

/// A scalar: how deep it is.
type Scalar = u64;

/// Operations made one by one, counted.
#[derive(Default)]
struct Expansion {
    operations: u64,
}

impl Expansion {
    fn one(&mut self, operands: &[Scalar]) -> Scalar {
        assert!((1..=2).contains(&operands.len()));
        self.operations += 1;
        1 + operands.iter().max().unwrap()
    }

    /// Neighbours in pairs, round by round.
    fn reduce(&mut self, mut list: Vec<Scalar>) -> Scalar {
        while list.len() > 1 {
            list = list.chunks(2).map(|pair| if let [x] = pair { *x } else { self.one(pair) }).collect();
        }
        list[0]
    }

    fn dot(&mut self, terms: usize, bias: bool) -> Scalar {
        let terms = (0..terms).map(|_| self.one(&[0, 0])).collect();
        let sum = self.reduce(terms);
        if bias { self.one(&[sum]) } else { sum }
    }

    fn norm(&mut self, length: usize, unit: bool, gain: bool, bias: bool) -> Scalar {
        let squares = (0..length).map(|_| self.one(&[0])).collect();
        let sum = self.reduce(squares);
        let mean = if unit { sum } else { self.one(&[sum]) };
        let shifted = self.one(&[mean]);
        let inverse = self.one(&[shifted]);
        let more = usize::from(gain) + usize::from(bias);
        (0..length).map(|_| (0..=more).fold(inverse, |x, _| self.one(&[x]))).max().unwrap()
    }

    fn centre(&mut self, length: usize) -> Scalar {
        let sum = self.reduce(vec![0; length]);
        let mean = self.one(&[sum]);
        (0..length).map(|_| self.one(&[0, mean])).max().unwrap()
    }

    /// Softmax weights of one query: none else is deeper.
    fn softmax(&mut self, keys: usize, unary: usize, sinks: usize) -> Scalar {
        let entries: Vec<Scalar> = (0..keys).map(|_| (0..unary).fold(0, |x, _| self.one(&[x]))).collect();
        let sum = self.reduce([entries.clone(), vec![0; sinks]].concat());
        entries.iter().map(|x| self.one(&[*x, sum])).max().unwrap()
    }

    /// Each pair once; of each entry the wins added up, and that compared.
    fn ranked(&mut self, entries: usize) -> Scalar {
        let mut wins = vec![Vec::new(); entries];
        for own in 0..entries {
            for rival in 0..own {
                let won = self.one(&[0, 0]);
                wins[own].push(won);
                wins[rival].push(won);
            }
        }
        let rank = |this: &mut Self, wins: Vec<Scalar>| {
            let sum = this.reduce(wins);
            this.one(&[sum])
        };
        if entries < 2 { 0 } else { wins.into_iter().map(|wins| rank(self, wins)).max().unwrap() }
    }

    fn average(&mut self, keys: usize, features: usize, weight: Scalar) -> Scalar {
        let feature = |this: &mut Self| {
            let terms = (0..keys).map(|_| this.one(&[weight, 0])).collect();
            this.reduce(terms)
        };
        (0..features).map(|_| feature(self)).max().unwrap()
    }
}

/// Operations on each score before they are added up: scale, cap, exponential.
fn unary(scores: &Scores) -> usize {
    let scaled = scores.scale_squared != crate::number::Rational::from_integer(1.into());
    1 + usize::from(scaled) + usize::from(scores.softcap.is_some())
}

fn lengths(node: &Node) -> Vec<usize> {
    node.shape.iter().map(|size| size.value as usize).collect()
}

/// Depth and operations of one node, element by element.
fn expanded(graph: &Graph, place: usize) -> (u64, u64) {
    let id = graph.order().nth(place).unwrap();
    let node = graph.node(id);
    let operand = |number: usize| lengths(graph.node(graph.operands(id)[number]));
    let shape = lengths(node);
    let last = *shape.last().unwrap();
    let elements: usize = shape.iter().product();
    let keys = |attended: Attended, query: usize| {
        (0..operand(0)[1]).filter(|key| attended.allows(query as u64, *key as u64)).count()
    };
    let mut make = Expansion::default();
    let mut depth = 0;
    let mut all = |times: usize, make: &mut Expansion, f: &mut dyn FnMut(&mut Expansion, usize) -> Scalar| {
        (0..times).for_each(|n| depth = depth.max(f(make, n)));
    };
    let m = &mut make;
    match &node.op {
        Op::Tokens { .. } | Op::Last | Op::Embed { scale: None, .. } => {}
        Op::Port(_) | Op::Number(_) | Op::Given(_) | Op::Arrange(_) | Op::Slice { .. } | Op::Concat(_) => {}
        Op::Pick { .. } | Op::Reshape => {}
        Op::Scale(factor) if factor.numer().magnitude() == factor.denom().magnitude() => {}
        Op::Scale(_) | Op::Weigh(_) => all(elements, m, &mut |m, _| m.one(&[0])),
        Op::Sum(axis) | Op::Max(axis) => {
            let length = operand(0)[*axis];
            all(elements, m, &mut |m, _| m.reduce(vec![0; length]));
        }
        Op::Embed { .. } | Op::AddRows { .. } | Op::Add | Op::Product => all(elements, m, &mut |m, _| m.one(&[0, 0])),
        Op::Store { function: crate::number::Function::Identity, .. } => {}
        Op::Store { .. } => all(elements, m, &mut |m, _| m.one(&[0])),
        Op::Linear { weight, bias, .. } => {
            let inputs = graph.param(*weight).shape[1] as usize;
            all(elements, m, &mut |m, _| m.dot(inputs, bias.is_some()));
        }
        Op::Rotate { features, .. } => all(elements / last * *features as usize, m, &mut |m, _| m.dot(2, false)),
        Op::Centre => all(elements / last, m, &mut |m, _| m.centre(last)),
        Op::Normalise { unit, gain, bias, .. } => {
            all(elements / last, m, &mut |m, _| m.norm(last, *unit, gain.is_some(), bias.is_some()));
        }
        Op::Dot(attended) => {
            for query in 0..shape[0] {
                let pairs = (0..shape[1]).filter(|key| attended.allows(query as u64, *key as u64)).count();
                all(pairs * shape[2] * shape[3], m, &mut |m, _| m.dot(*operand(0).last().unwrap(), false));
            }
        }
        Op::Distances { attended, .. } => {
            for query in 0..shape[0] {
                let pairs = (0..shape[1]).filter(|key| attended.allows(query as u64, *key as u64)).count();
                all(pairs * shape[2] * shape[3], m, &mut |m, _| m.one(&[0, 0]));
            }
        }
        Op::Attend(scores, attended) => {
            let unary = unary(scores);
            let heads = shape[1] * shape[2];
            all(shape[0] * heads, m, &mut |m, n| {
                let weight = m.softmax(keys(*attended, n / heads), unary, usize::from(scores.sinks.is_some()));
                m.average(keys(*attended, n / heads), shape[3], weight)
            });
        }
        Op::Softmax(scores, attended, _) => {
            let (unary, heads) = (unary(scores), shape[2] * shape[3]);
            let sinks = usize::from(scores.sinks.is_some());
            all(shape[0] * heads, m, &mut |m, n| m.softmax(keys(*attended, n / heads), unary, sinks));
        }
        Op::Mix(attended) => {
            let heads = shape[1] * shape[2];
            all(shape[0] * heads, m, &mut |m, n| m.average(keys(*attended, n / heads), shape[3], 0));
        }
        Op::Argmax => all(elements / last, m, &mut |m, _| m.reduce(vec![0; last])),
        Op::Top { from, .. } => {
            let entries: usize = shape[*from..].iter().product();
            all(elements / entries, m, &mut |m, _| m.ranked(entries));
        }
        Op::Positive(_) => all(elements, m, &mut |m, _| m.one(&[0])),
        Op::Quotient(_) => all(elements, m, &mut |m, _| m.one(&[0, 0])),
        Op::Chosen => {
            let values = graph.operands(id).len() - 1;
            all(elements, m, &mut |m, _| (0..values).fold(0, |x, _| m.one(&[x, 0])));
        }
    }
    (depth, make.operations)
}

fn model(more: &str, numerics: &str) -> Spec {
    let text = format!(
        "[model]\nkind = 'decoder'\nvocabulary = 5\nlayers = 2\nwidth = 6\nheads = 2\nhead_width = 4\nhidden = 5\n{more}\n\
         [numerics]\n{numerics}\n"
    );
    spec::parse_native("test", &text).unwrap()
}

fn models() -> Vec<Spec> {
    let learned = "positions = 'learned'\nposition_rows = 64";
    let rotary = "positions = 'rotary'\nrotary_features = 2";
    [
        (format!("{learned}\nnorm = 'layer'\nactivation = 'gelu'"), ""),
        (format!("{rotary}\nnorm = 'rms'\nactivation = 'silu'\ngated = true\nbias = false\nkv_heads = 1\nwindow = 5\noutput = 'argmax'"), ""),
        (format!("{rotary}\nnorm = 'rms'\nactivation = 'relu'\nqk_norm = true\nsoftcap = 4.0\npositions_out = 'last'"), "rounding = 'eager'"),
        (format!("{learned}\nnorm = 'layer'\nactivation = 'tanh'\njoin = 'parallel-two-norms'\nlogit_softcap = 3.0"), "rounding = 'eager'"),
        (format!("{learned}\nnorm = 'rms'\nactivation = 'silu'\ngated = true\nsinks = true\nexperts = 6\nexperts_chosen = 2\nshared_hidden = 3"), ""),
        (format!("{rotary}\nnorm = 'rms'\nactivation = 'relu'\nlatent_rank = 3\nlatent_query_rank = 4\nlatent_value_width = 3\nexperts = 4\nexperts_chosen = 2\nexpert_groups = 2\nexpert_groups_kept = 1\nexperts_weighting = 'sigmoid'\nchoice_bias = true\nexperts_factor = 2.5"), ""),
        (format!("{rotary}\nnorm = 'rms'\nactivation = 'relu'\nsinks = true\nexperts = 3\nexperts_chosen = 1"), "rounding = 'eager'"),
        ("positions = 'relative'\nrelative_buckets = 8\nrelative_distance = 6\nnorm = 'rms'\nactivation = 'relu'\nscaled_scores = false".to_owned(), ""),
        (format!("{learned}\nnorm = 'layer'\nactivation = 'relu'\nplacement = 'post'\noutput = 'hidden'\nwindow = 3"), ""),
    ]
    .iter()
    .map(|(more, numerics)| model(more, numerics))
    .collect()
}

#[test]
fn the_arithmetic_table_counts_explicit_operations() {
    for spec in models() {
        for context in [1, 2, 3, 5, 7, 16, 33, 64] {
            let graph = pipeline::graph(&spec, context).unwrap();
            let analysis = analyse(&graph, Model::Arithmetic);
            for (place, id) in graph.order().enumerate() {
                let count = analysis.value(&analysis.nodes[place].count);
                let found = (analysis.latency(place), u64::try_from(count).unwrap());
                assert_eq!(found, expanded(&graph, place), "{:?} at {context}", graph.node(id).op);
            }
        }
    }
}

/// The longest path by a plain pass over numbers.
fn plain(analysis: &Analysis) -> u64 {
    let mut depths: Vec<u64> = Vec::new();
    for (node, sources) in analysis.sources.iter().enumerate() {
        let before = sources.iter().map(|source| depths[*source]).max().unwrap_or(0);
        depths.push(before + analysis.latency(node));
    }
    depths[analysis.output]
}

#[test]
fn laws_hold_at_every_context() {
    for spec in models() {
        for counted in [Model::Arithmetic, Model::Boolean] {
            let law = analyse(&pipeline::graph(&spec, 1).unwrap(), counted);
            for context in 1..=64 {
                let here = analyse(&pipeline::graph(&spec, context).unwrap(), counted);
                let candidates = law.deepest.of(law.output).iter();
                let depth = candidates.map(|candidate| candidate.depth.value(|_| context)).max().unwrap();
                assert_eq!(depth, plain(&here).into(), "{counted:?} at {context}");
                assert_eq!(law.count().value(|_| context), here.value(&here.count()), "{counted:?} at {context}");
            }
        }
    }
}

#[test]
fn a_window_bounds_the_depth() {
    let windowed = &models()[1];
    for counted in [Model::Arithmetic, Model::Boolean] {
        let at = |context| plain(&analyse(&pipeline::graph(windowed, context).unwrap(), counted));
        assert!(at(1) < at(5) && at(5) == at(6) && at(5) == at(1 << 40), "{counted:?}");
        let full = |context| plain(&analyse(&pipeline::graph(&models()[2], context).unwrap(), counted));
        assert!(full(1 << 20) < full(1 << 21), "{counted:?}");
    }
}
