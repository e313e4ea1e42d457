//! Transformers in loops against second readings by hand: the model run again and again, graphs wired without loops, descent itself.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use isobath::expr::Size;
use isobath::number::{Format, Function, Rational, round_half_even};
use isobath::spec::{self, Architecture, Document, LinearAttention, Looped, Looping, MemoryOf, Spec};
use isobath::tensor::{
    self, Attended, Op, Param, Parameters, Scores, Sketch, interpret::interpret, looped as reference, params::Source,
};
use num_bigint::BigInt;
use num_traits::{One, Zero};
use petgraph::graph::NodeIndex;

const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

fn shipped(name: &str) -> Looped {
    match spec::read_document(&Path::new(CIRCUITS).join(format!("{name}.toml"))).unwrap() {
        Document::Looped(looped) => *looped,
        other => panic!("{other:?}"),
    }
}

fn model(name: &str) -> (Spec, Looping) {
    match shipped(name) {
        Looped::Model(spec, looping) => (*spec, looping),
        Looped::LinearAttention(_) => panic!("not a model"),
    }
}

fn random(format: Format, seed: u64) -> Parameters {
    Parameters { format, source: Source::Random { seed, limit: 1 << format.fraction() } }
}

fn read(spec: &Spec, looping: Looping, parameters: &Parameters, tokens: &[u64]) -> Vec<Vec<Rational>> {
    let graph = reference::from_spec(&Looped::Model(Box::new(spec.clone()), looping), parameters).unwrap();
    let numbers = tokens.iter().map(|token| Rational::from_integer((*token).into()));
    reference::interpret(&graph, numbers).unwrap().into_iter().map(|tensor| tensor.values).collect()
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % end
    }

    fn tokens(&mut self, count: u64, vocabulary: u64) -> Vec<u64> {
        (0..count).map(|_| self.below(vocabulary)).collect()
    }
}

fn chosen(one_hot: &[Rational]) -> u64 {
    one_hot.iter().position(One::is_one).unwrap() as u64
}

#[test]
fn decoding_is_the_model_run_again_on_its_own_tokens() {
    let (mut spec, _) = model("decoding");
    let looping = Looping::Decoding { tokens: 6 };
    let mut seen = BTreeSet::new();
    for (seed, context, scaled) in (1..=12).flat_map(|seed| [(seed, 3, false), (seed, 2, true), (seed, 1, false)]) {
        spec.architecture.default_context = context;
        spec.architecture.embedding_scale = scaled;
        let weights = random(spec.numerics.weights, seed);
        let size = Size::fixed(context);
        let flat = tensor::from_architecture(&spec.architecture, &spec.numerics, &weights, &size).unwrap();
        let prompt = Draw(seed).tokens(context, 4);
        let mut window = prompt.clone();
        for (step, emitted) in read(&spec, looping, &weights, &prompt).into_iter().enumerate() {
            let next = chosen(&interpret(&flat, &window).unwrap().values);
            assert_eq!(chosen(&emitted), next, "token {step} after {prompt:?}, weights {seed}");
            window.remove(0);
            window.push(next);
        }
        seen.insert(window);
    }
    assert!(seen.len() > 8, "{seen:?}");
}

/// The weights of a model by name, drawn.
fn drawn(architecture: &Architecture, format: Format, seed: u64) -> BTreeMap<String, (Vec<u64>, Vec<f64>)> {
    let source = random(format, seed);
    let value = |level: &i64| *level as f64 / 2f64.powi(format.fraction() as i32);
    let tensor = |parameter: spec::Parameter| {
        let drawn = source.get(&parameter.name, &parameter.shape).unwrap().values.unwrap();
        (parameter.name, (parameter.shape, drawn.iter().map(value).collect()))
    };
    spec::parameters(architecture).into_iter().map(tensor).collect()
}

#[test]
fn rounds_are_a_deeper_model_with_the_same_blocks() {
    let (spec, _) = model("looped-transformer");
    let format = spec.numerics.weights;
    for rounds in 1..=3 {
        let tensors = drawn(&spec.architecture, format, rounds);
        let weights = Parameters { format, source: Source::Given(tensors.clone()) };
        let mut deep = spec.clone();
        let layers = spec.architecture.blocks.len() as u64;
        deep.architecture.blocks.resize((layers * rounds) as usize, spec.architecture.blocks[0].clone());
        let name = |name: String| {
            let (layer, rest) = name.strip_prefix("layer.")?.split_once('.')?;
            let layer = layer.parse::<u64>().unwrap() % layers;
            Some(format!("layer.{layer}.{rest}"))
        };
        let copied = spec::parameters(&deep.architecture).into_iter().map(|parameter| {
            let source = name(parameter.name.clone()).unwrap_or(parameter.name.clone());
            (parameter.name, tensors[&source].clone())
        });
        let copies = Parameters { format, source: Source::Given(copied.collect()) };
        let (architecture, numerics) = (&deep.architecture, &deep.numerics);
        let flat = tensor::from_architecture(architecture, numerics, &copies, &Size::fixed(3)).unwrap();
        for seed in 0..5 {
            let tokens = Draw(seed).tokens(3, 4);
            let expected = interpret(&flat, &tokens).unwrap().values;
            assert_eq!(read(&spec, Looping::Rounds { rounds }, &weights, &tokens), [expected]);
        }
    }
}

#[test]
fn memory_tokens_are_tokens_whose_rows_are_the_last_ones_given_out() {
    let (mut spec, _) = model("memory-tokens");
    spec.architecture.final_norm = None;
    spec.architecture.output = spec::Output::Hidden;
    let width = spec.architecture.width as usize;
    for (seed, encoder) in (1..=6).flat_map(|seed| [(seed, false), (seed, true)]) {
        spec.architecture.mask = if encoder { spec::Mask::Full } else { spec::Mask::Causal };
        let mut tensors = drawn(&spec.architecture, spec.numerics.weights, seed);
        let start: Vec<f64> = (0..2 * width).map(|place| ((place + seed as usize) % 5) as f64 / 2.0 - 1.0).collect();
        tensors.insert("memory".to_owned(), (vec![2, width as u64], start.clone()));
        let given = |tensors| Parameters { format: "fixed(4,2)".parse().unwrap(), source: Source::Given(tensors) };
        let looping = Looping::MemoryTokens { segments: 3, memory: 2 };
        let text = Draw(seed).tokens(6, 4);
        let got = read(&spec, looping, &given(tensors.clone()), &text);

        // Two more tokens, whose rows are the memory; their hidden states are their next rows.
        let mut wide = spec.clone();
        wide.architecture.vocabulary += 2;
        let mut memory = start;
        for (segment, got) in text.chunks(2).zip(got) {
            let (shape, rows) = tensors.get_mut("token_embedding").unwrap();
            rows.truncate(4 * width);
            rows.extend(&memory);
            shape[0] = 6;
            let (architecture, numerics) = (&wide.architecture, &wide.numerics);
            let mut tokens = vec![4, 5];
            tokens.extend(segment);
            if !encoder {
                tokens.extend([4, 5]);
            }
            let size = Size::fixed(tokens.len() as u64);
            let flat = tensor::from_architecture(architecture, numerics, &given(tensors.clone()), &size).unwrap();
            let hidden = interpret(&flat, &tokens).unwrap().values;
            assert_eq!(got, hidden[2 * width..4 * width], "encoder {encoder}, weights {seed}");
            let written = if encoder { &hidden[..2 * width] } else { &hidden[4 * width..] };
            let number = |value: &Rational| (value * Rational::from_integer(2.into())).to_integer();
            memory = written.iter().map(|value| i64::try_from(number(value)).unwrap() as f64 / 2.0).collect();
        }
    }
}

/// A pre-norm block with RMSNorm and MLP of ReLU, wired by hand.
struct Hand<'a> {
    sketch: Sketch,
    spec: &'a Spec,
    weights: &'a Parameters,
}

impl Hand<'_> {
    fn param(&self, name: &str, shape: &[u64]) -> Param {
        self.weights.get(name, shape).unwrap()
    }

    fn store(&mut self, function: Function, x: NodeIndex) -> NodeIndex {
        self.sketch.store("s", function, self.spec.numerics.activations, x)
    }

    fn linear(&mut self, name: &str, out: &[u64], x: NodeIndex) -> NodeIndex {
        let inputs = self.sketch.shape(x)[1..].iter().map(|size| size.value).product();
        let outputs = out.iter().product();
        let weight = self.param(&format!("{name}.weight"), &[outputs, inputs]);
        let bias = self.param(&format!("{name}.bias"), &[outputs]);
        self.sketch.linear("l", weight, Some(bias), out, x)
    }

    fn norm(&mut self, name: &str, x: NodeIndex) -> NodeIndex {
        let x = self.store(Function::Identity, x);
        let gain = self.param(&format!("{name}.gain"), &[4]);
        let gain = Some(self.sketch.param(gain));
        let (epsilon, format) = (Rational::new(1.into(), 1000.into()), self.spec.numerics.activations);
        self.sketch.apply("n", Op::Normalise { unit: false, epsilon, gain, plus_one: false, bias: None, format }, &[x])
    }

    fn rows(&mut self, parts: &[NodeIndex]) -> NodeIndex {
        if parts.len() == 1 { parts[0] } else { self.sketch.apply("j", Op::Concat(0), parts) }
    }

    fn zeros(&mut self, rows: u64) -> NodeIndex {
        let format = self.spec.numerics.activations;
        let values = Some(vec![0; 4 * rows as usize].into());
        self.sketch.given("z", Param { name: "z".to_owned(), shape: vec![rows, 4], values, format })
    }

    /// What a layer makes of `x`, attending to these rows (before their norm).
    fn layer(&mut self, number: usize, x: NodeIndex, attended: &[NodeIndex]) -> NodeIndex {
        let name = |part: &str| format!("layer.{number}.{part}");
        let queries = self.norm(&name("norm1"), x);
        let all = self.rows(attended);
        let keys = self.norm(&name("norm1"), all);
        let (q, k, v) = (
            self.linear(&name("q"), &[2, 1, 2], queries),
            self.linear(&name("k"), &[2, 2], keys),
            self.linear(&name("v"), &[2, 2], keys),
        );
        let [q, k, v] = [q, k, v].map(|x| self.store(Function::Identity, x));
        let every = Attended { causal: false, window: None };
        let [asked, known] = [q, k].map(|x| self.sketch.shape(x)[0].clone());
        let shape = [asked, known, Size::fixed(2), Size::fixed(1)];
        let dot = self.sketch.add("d", Op::Dot(every), &[q, k], shape.to_vec());
        let numerics = &self.spec.numerics;
        let scores = Scores {
            function: Function::Exp,
            sinks: None,
            scale_squared: Rational::new(1.into(), 2.into()),
            softcap: None,
            format: numerics.activations,
            clamp: numerics.score_clamp,
            exp_bits: numerics.exp_bits,
        };
        let shape = self.sketch.shape(q).to_vec();
        let average = self.sketch.add("a", Op::Attend(scores, every), &[dot, v], shape);
        let attention = self.linear(&name("o"), &[4], average);
        let kept = self.store(Function::Identity, x);
        let x = self.sketch.apply("x", Op::Add, &[kept, attention]);
        let y = self.norm(&name("norm2"), x);
        let up = self.linear(&name("up"), &[4], y);
        let hidden = self.store(Function::Relu, up);
        let down = self.linear(&name("down"), &[4], hidden);
        let kept = self.store(Function::Identity, x);
        self.sketch.apply("x", Op::Add, &[kept, down])
    }

    fn embedding(&mut self, tokens: u64) -> NodeIndex {
        let ids = self.sketch.tokens("t", 4, tokens);
        let table = self.param("token_embedding", &[4, 4]);
        let table = self.sketch.param(table);
        let op = Op::Embed { table, scale: None, format: self.spec.numerics.activations };
        self.sketch.apply("e", op, &[ids])
    }

    /// The logits of each of these, interpreted.
    fn logits(mut self, tops: &[NodeIndex], tokens: &[u64]) -> Vec<Vec<Rational>> {
        for top in tops {
            let x = self.norm("final_norm", *top);
            let head = self.param("token_embedding", &[4, 4]);
            let logits = self.sketch.linear("l", head, None, &[4], x);
            let stored = self.store(Function::Identity, logits);
            self.sketch.output("logits", stored);
        }
        let mut inputs = tokens.iter().map(|token| Rational::from_integer((*token).into()));
        let outputs = tensor::interpret::outputs(&self.sketch.build(), &[], &mut inputs).unwrap();
        outputs.into_iter().map(|tensor| tensor.values).collect()
    }
}

/// The shipped model with RMS norms and no positions.
fn plain(name: &str) -> Spec {
    let (mut spec, _) = model(name);
    let norm = spec::Norm { kind: spec::NormKind::Rms, bias: false, ..spec.architecture.blocks[0].norm };
    for block in &mut spec.architecture.blocks {
        block.norm = norm;
    }
    (spec.architecture.final_norm, spec.architecture.positions) = (Some(norm), spec::Positions::None);
    spec
}

#[test]
fn segments_attend_to_the_same_layer_or_the_one_below_of_the_segment_before() {
    let spec = plain("segment-memory");
    for (seed, from) in (1..=4).flat_map(|seed| [(seed, MemoryOf::SameLayer), (seed, MemoryOf::Below)]) {
        let weights = random(spec.numerics.weights, seed);
        let tokens = Draw(seed).tokens(8, 4);
        let mut hand = Hand { sketch: Sketch::new(), spec: &spec, weights: &weights };
        let none = hand.zeros(2);
        let mut before = [none; 3];
        let mut tops = Vec::new();
        for _ in 0..4 {
            let mut rows = [hand.embedding(2); 3];
            for layer in 0..2 {
                let memory = if from == MemoryOf::SameLayer { before[layer + 1] } else { before[layer] };
                rows[layer + 1] = hand.layer(layer, rows[layer], &[memory, rows[layer]]);
            }
            tops.push(rows[2]);
            before = rows;
        }
        let got = read(&spec, Looping::SegmentMemory { segments: 4, from }, &weights, &tokens);
        assert_eq!(got, hand.logits(&tops, &tokens), "{from:?}, weights {seed}");
    }
}

#[test]
fn feedback_attends_to_the_top_of_the_tokens_before() {
    let mut spec = plain("feedback");
    spec.architecture.default_context = 5;
    for (seed, window) in (1..=4).flat_map(|seed| [(seed, 1), (seed, 2), (seed, 3)]) {
        let weights = random(spec.numerics.weights, seed);
        let tokens = Draw(seed).tokens(5, 4);
        let mut hand = Hand { sketch: Sketch::new(), spec: &spec, weights: &weights };
        let none = hand.zeros(1);
        let mut tops = vec![none; window];
        for _ in 0..5 {
            let memory = tops[tops.len() - window..].to_vec();
            let mut x = hand.embedding(1);
            for layer in 0..2 {
                x = hand.layer(layer, x, &memory);
            }
            tops.push(x);
        }
        let got = read(&spec, Looping::Feedback { window: window as u64 }, &weights, &tokens);
        assert_eq!(got, hand.logits(&tops[window..], &tokens), "window {window}, weights {seed}");
    }
}

fn rounded(x: &Rational, format: Format) -> Rational {
    let one = BigInt::one() << format.fraction();
    let level = round_half_even(&(x * Rational::from_integer(one.clone())));
    Rational::new(format.clamp(&level).into(), one)
}

fn times(x: &[Rational], y: &[Rational]) -> Rational {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// Full-batch descent on least squares from w = 0, the residuals and the gradient rounded, and where the query is predicted; none where a
/// residual leaves the format of targets.
fn descent(layers: &LinearAttention, x: &[Vec<Rational>], y: &[Rational]) -> Option<(Vec<Rational>, Rational)> {
    let step = isobath::number::rational_from_decimal(layers.step).unwrap();
    let mut w = vec![Rational::zero(); layers.features as usize];
    for _ in 0..layers.layers {
        let residuals: Vec<Rational> = x.iter().zip(y).map(|(x, y)| y - times(x, &w)).collect();
        let query = times(x.last()?, &w);
        if residuals.iter().chain([&query, &-&query]).any(|r| &rounded(r, layers.targets) != r) {
            return None;
        }
        let residuals: Vec<Rational> = residuals.iter().map(|r| rounded(r, layers.values)).collect();
        for (feature, w) in w.iter_mut().enumerate() {
            let sum: Rational = residuals.iter().zip(x).map(|(r, x)| r * &x[feature]).sum();
            *w += &step * rounded(&sum, layers.sums);
        }
    }
    let prediction = times(x.last()?, &w);
    Some((w, prediction))
}

fn draw_data(layers: &LinearAttention, draw: &mut Draw) -> (Vec<Vec<Rational>>, Vec<Rational>) {
    let levels = layers.data.max().abs_diff(layers.data.min()) + 1;
    let mut number = || {
        let level = layers.data.min() + draw.below(levels) as i64;
        Rational::new(level.into(), BigInt::one() << layers.data.fraction())
    };
    let x = (0..=layers.examples).map(|_| (0..layers.features).map(|_| number()).collect()).collect();
    (x, (0..layers.examples).map(|_| number()).collect())
}

fn predicted(layers: &LinearAttention, x: &[Vec<Rational>], y: &[Rational]) -> Rational {
    let unread = Parameters { format: layers.weights, source: Source::Free };
    let graph = reference::from_spec(&Looped::LinearAttention(layers.clone()), &unread).unwrap();
    let numbers = x.iter().flatten().chain(y).cloned();
    reference::interpret(&graph, numbers).unwrap()[0].values[0].clone()
}

#[test]
fn layers_of_linear_attention_are_steps_of_descent_rounded_at_the_same_points() {
    let Looped::LinearAttention(mut layers) = shipped("linear-attention-descent") else { panic!("not layers") };
    let mut compared = 0;
    for (features, examples, step) in [(2, 2, 0.25), (1, 3, 0.25), (3, 4, 0.125), (2, 5, 0.0625)] {
        (layers.features, layers.examples, layers.step) = (features, examples, step);
        layers.targets = "fixed(8,6)".parse().unwrap();
        for count in 1..=6 {
            layers.layers = count;
            for seed in 0..10 {
                let (x, y) = draw_data(&layers, &mut Draw(seed));
                let Some((_, prediction)) = descent(&layers, &x, &y) else { continue };
                assert_eq!(predicted(&layers, &x, &y), rounded(&prediction, layers.values), "{layers:?} {x:?} {y:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn where_nothing_rounds_the_layers_are_descent_in_exact_arithmetic() {
    let Looped::LinearAttention(mut layers) = shipped("linear-attention-descent") else { panic!("not layers") };
    (layers.features, layers.examples, layers.step, layers.data) = (2, 3, 0.5, "int(2)".parse().unwrap());
    (layers.values, layers.sums) = ("fixed(20,8)".parse().unwrap(), "fixed(24,8)".parse().unwrap());
    layers.targets = "fixed(30,9)".parse().unwrap();
    for count in 1..=6 {
        layers.layers = count;
        for seed in 0..20 {
            let (x, y) = draw_data(&layers, &mut Draw(seed));
            let mut w = vec![Rational::zero(); 2];
            for _ in 0..count {
                let residuals: Vec<Rational> = x.iter().zip(&y).map(|(x, y)| y - times(x, &w)).collect();
                let gradient = |f: usize| -residuals.iter().zip(&x).map(|(r, x)| r * &x[f]).sum::<Rational>();
                let gradient = [gradient(0), gradient(1)];
                for (w, g) in w.iter_mut().zip(gradient) {
                    *w -= g / Rational::from_integer(2.into());
                }
            }
            assert_eq!(predicted(&layers, &x, &y), times(&x[3], &w), "{count} steps, data {seed}");
        }
    }
}
