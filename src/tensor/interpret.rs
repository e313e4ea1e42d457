//! The reference interpreter: exact rationals straight from the definition of each operation; knows nothing of circuits, words or forms.

mod route;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use petgraph::graph::NodeIndex;

use super::{Attended, Graph, Node, Op, ParamId, Scores};
use crate::expr::Size;
use crate::number::{Format, Function, Rational, distance_bucket, rotary_levels};

/// A tensor of exact values, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its axes.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<Rational>,
}

/// The graph's first output for token ids, exactly; none where the graph's weights are not known or the ids do not fit.
pub fn interpret(graph: &Graph, tokens: &[u64]) -> Option<Tensor> {
    let mut inputs = tokens.iter().map(|token| whole(*token));
    let mut outputs = outputs(graph, &[], &mut inputs)?;
    inputs.next().is_none().then(|| outputs.swap_remove(0))
}

/// All outputs of a graph whose ports carry these values, in order; its inputs are taken from `inputs`, a node after another.
pub fn outputs(graph: &Graph, ports: &[Tensor], inputs: &mut dyn Iterator<Item = Rational>) -> Option<Vec<Tensor>> {
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut ports = ports.iter();
    for id in graph.order() {
        let node = graph.node(id);
        let outside = match &node.op {
            Op::Port(_) => Some(ports.next()?.clone()),
            Op::Tokens { .. } | Op::Number(_) => Some(taken(node, inputs)?),
            _ => None,
        };
        let operands: Vec<&Tensor> = graph.operands(id).into_iter().map(|id| &tensors[id.index()]).collect();
        let tensor = match outside {
            Some(tensor) => tensor,
            None => apply(graph, id, &operands)?,
        };
        tensors.push(tensor);
    }
    Some(graph.outputs().iter().map(|(_, id)| tensors[id.index()].clone()).collect())
}

/// The next inputs, where they fit.
fn taken(node: &Node, inputs: &mut dyn Iterator<Item = Rational>) -> Option<Tensor> {
    let shape = lengths(&node.shape);
    let values: Vec<Rational> = inputs.take(shape.iter().product()).collect();
    let fits = |value: &Rational| match &node.op {
        Op::Tokens { vocabulary } => value < &whole(*vocabulary) && !value.is_negative(),
        Op::Number(format) => &round(value, *format) == value,
        _ => false,
    };
    let complete = values.len() == shape.iter().product::<usize>() && values.iter().all(fits);
    complete.then_some(Tensor { shape, values })
}

fn apply(graph: &Graph, id: NodeIndex, operands: &[&Tensor]) -> Option<Tensor> {
    let node = graph.node(id);
    let shape = lengths(&node.shape);
    let values = match &node.op {
        Op::Tokens { .. } | Op::Number(_) | Op::Port(_) => return None,
        Op::Given(table) => {
            (0..graph.param(*table).len()).map(|place| weight(graph, *table, place)).collect::<Option<_>>()?
        }
        Op::Scale(factor) => operands[0].values.iter().map(|x| x * factor).collect(),
        Op::Weigh(table) => {
            let entry =
                |(place, x): (usize, &Rational)| Some(x * weight(graph, *table, place % graph.param(*table).len())?);
            operands[0].values.iter().enumerate().map(entry).collect::<Option<_>>()?
        }
        Op::Sum(axis) => along(operands[0], *axis, |values| sum(graph, values.into_iter().cloned())),
        Op::Max(axis) => along(operands[0], *axis, |values| values.into_iter().max().cloned().unwrap_or_default()),
        Op::Arrange(axes) => {
            places(&shape).map(|at| operands[0].at(&arranged(axes, &at, operands[0])).clone()).collect()
        }
        Op::Slice { axis, start } => {
            let shifted = |mut at: Vec<usize>| {
                at[*axis] += *start as usize;
                operands[0].at(&at).clone()
            };
            places(&shape).map(shifted).collect()
        }
        Op::Pick { axis, places: from } => {
            let picked = |mut at: Vec<usize>| {
                at[*axis] = from[at[*axis]] as usize;
                operands[0].at(&at).clone()
            };
            places(&shape).map(picked).collect()
        }
        Op::Reshape => operands[0].values.clone(),
        Op::Concat(axis) => places(&shape).map(|at| joined(operands, *axis, at)).collect::<Option<_>>()?,
        Op::Embed { table, scale, format } => embed(graph, operands[0], *table, scale.as_ref(), *format)?,
        Op::AddRows { table, first_only, format } => add_rows(graph, operands[0], *table, *first_only, *format)?,
        Op::Linear { weight, bias, .. } => linear(graph, operands[0], *weight, *bias, shape[0])?,
        Op::Rotate { features, base, half_split, fraction } => {
            rotate(operands[0], *features as usize, base, *half_split, *fraction)
        }
        Op::Add => operands[0].values.iter().zip(&operands[1].values).map(|(a, b)| a + b).collect(),
        Op::Product => operands[0].values.iter().zip(&operands[1].values).map(|(a, b)| a * b).collect(),
        Op::Store { function, format } => operands[0].values.iter().map(|x| through(function, x, *format)).collect(),
        Op::Centre => rows(operands[0]).flat_map(|row| centre(graph, row)).collect(),
        Op::Normalise { .. } => normalise(graph, &node.op, operands[0])?,
        Op::Dot(attended) => dot(graph, operands[0], operands[1], *attended),
        Op::Distances { table, farthest, both, attended } => {
            distances(graph, operands[0], *table, (*farthest, *both), *attended)?
        }
        Op::Attend(scores, attended) => {
            let weights = exponentials(operands[0], scores, *attended);
            average(graph, &weights, &route::sinks(graph, scores)?, operands[1], scores.format)
        }
        Op::Softmax(scores, attended, format) => {
            let weights = exponentials(operands[0], scores, *attended);
            softmax(graph, &weights, &route::sinks(graph, scores)?, *format)
        }
        Op::Mix(_) => mix(graph, operands[0], operands[1]),
        Op::Argmax => rows(operands[0]).flat_map(one_hot).collect(),
        Op::Top { count, from } => route::top(operands[0], *count as usize, *from),
        Op::Positive(table) => operands[0].values.iter().map(|x| exponential(x, table)).collect(),
        Op::Chosen => route::chosen(operands),
        Op::Quotient(format) => route::quotient(operands[0], operands[1], *format),
        Op::Last => rows_from(operands[0], operands[0].shape[0] - 1),
    };
    Some(Tensor { shape, values })
}

/// Added up as the graph says.
fn sum(graph: &Graph, terms: impl Iterator<Item = Rational>) -> Rational {
    match graph.accumulation() {
        None => terms.sum(),
        Some(accumulation) => accumulation.sum(terms.collect()),
    }
}

impl Tensor {
    fn at(&self, at: &[usize]) -> &Rational {
        let place = at.iter().zip(&self.shape).fold(0, |place, (index, length)| place * length + index);
        &self.values[place]
    }
}

/// Every index vector of a shape, row-major.
fn places(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let shape = shape.to_vec();
    (0..shape.iter().product::<usize>()).map(move |place| {
        let mut rest = place;
        let mut at: Vec<usize> = shape.iter().rev().map(|length| (rest % length, rest /= length).0).collect();
        at.reverse();
        at
    })
}

fn along(x: &Tensor, axis: usize, f: impl Fn(Vec<&Rational>) -> Rational) -> Vec<Rational> {
    let mut shape = x.shape.clone();
    let length = shape.remove(axis);
    let value = |mut at: Vec<usize>| {
        at.insert(axis, 0);
        let values = (0..length).map(|place| {
            at[axis] = place;
            x.at(&at)
        });
        f(values.collect())
    };
    places(&shape).map(value).collect()
}

/// Where a rearranged element stood.
fn arranged(axes: &[Option<usize>], at: &[usize], x: &Tensor) -> Vec<usize> {
    let mut from = vec![0; x.shape.len()];
    for (axis, index) in axes.iter().zip(at) {
        if let Some(axis) = axis {
            from[*axis] = *index;
        }
    }
    from
}

fn joined(operands: &[&Tensor], axis: usize, mut at: Vec<usize>) -> Option<Rational> {
    for operand in operands {
        if at[axis] < operand.shape[axis] {
            return Some(operand.at(&at).clone());
        }
        at[axis] -= operand.shape[axis];
    }
    None
}

fn lengths(shape: &[Size]) -> Vec<usize> {
    shape.iter().map(|size| size.value as usize).collect()
}

fn whole(value: impl Into<BigInt>) -> Rational {
    Rational::from_integer(value.into())
}

/// The nearest value of the format, ties to even, saturating.
fn round(x: &Rational, format: Format) -> Rational {
    format.number(format.nearest(x))
}

fn through(function: &Function, x: &Rational, format: Format) -> Rational {
    format.number(function.level(x, format))
}

fn rows(x: &Tensor) -> impl Iterator<Item = &[Rational]> {
    x.values.chunks(x.shape[x.shape.len() - 1])
}

fn rows_from(x: &Tensor, first: usize) -> Vec<Rational> {
    let row: usize = x.shape[1..].iter().product();
    x.values[first * row..].to_vec()
}

fn weight(graph: &Graph, id: ParamId, position: usize) -> Option<Rational> {
    let param = graph.param(id);
    let level = *param.values.as_ref()?.get(position)?;
    Some(param.format.number(level))
}

/// Token ids, as such or as the place of the one in each choice.
fn ids(tokens: &Tensor) -> Option<Vec<Rational>> {
    match tokens.shape[..] {
        [_] => Some(tokens.values.clone()),
        _ => rows(tokens).map(|row| Some(whole(row.iter().position(One::is_one)?))).collect(),
    }
}

fn embed(
    graph: &Graph,
    tokens: &Tensor,
    table: ParamId,
    scale: Option<&Rational>,
    format: Format,
) -> Option<Vec<Rational>> {
    let width = graph.param(table).shape[1] as usize;
    let mut values = Vec::new();
    for token in ids(tokens)? {
        let row = usize::try_from(token.to_integer()).ok()?;
        for feature in 0..width {
            let entry = weight(graph, table, row * width + feature)?;
            values.push(round(&scale.map_or(entry.clone(), |scale| entry * scale), format));
        }
    }
    Some(values)
}

fn add_rows(graph: &Graph, x: &Tensor, table: ParamId, first_only: bool, format: Format) -> Option<Vec<Rational>> {
    let width = x.shape[1];
    let entry = |(position, value): (usize, &Rational)| {
        let row = if first_only { 0 } else { position / width };
        Some(value + round(&weight(graph, table, row * width + position % width)?, format))
    };
    x.values.iter().enumerate().map(entry).collect()
}

fn linear(
    graph: &Graph,
    x: &Tensor,
    matrix: ParamId,
    bias: Option<ParamId>,
    positions: usize,
) -> Option<Vec<Rational>> {
    let [outputs, inputs] = graph.param(matrix).shape[..] else { return None };
    let (outputs, inputs) = (outputs as usize, inputs as usize);
    let mut values = Vec::with_capacity(positions * outputs);
    for row in x.values.chunks(inputs) {
        for output in 0..outputs {
            let bias = bias.map_or(Some(Rational::zero()), |bias| weight(graph, bias, output))?;
            let term = |(input, value): (usize, &Rational)| match value.is_zero() {
                true => Some(Rational::zero()),
                false => Some(value * weight(graph, matrix, output * inputs + input)?),
            };
            let terms = row.iter().enumerate().map(term).collect::<Option<Vec<_>>>()?;
            values.push(bias + sum(graph, terms.into_iter()));
        }
    }
    Some(values)
}

fn rotate(x: &Tensor, features: usize, base: &Rational, half_split: bool, fraction: u32) -> Vec<Rational> {
    let per_position: usize = x.shape[1..].iter().product();
    let mut values = x.values.clone();
    let width = x.shape[x.shape.len() - 1];
    for (number, row) in values.chunks_mut(width).enumerate() {
        let position = number * width / per_position;
        for pair in 0..features / 2 {
            let (a, b) = if half_split { (pair, pair + features / 2) } else { (2 * pair, 2 * pair + 1) };
            let (cos, sin) = rotary_levels(position as u64, pair as u64, features as u64, base, fraction);
            let one = BigInt::one() << fraction;
            let (cos, sin) = (Rational::new(cos, one.clone()), Rational::new(sin, one));
            let (first, second) = (row[a].clone(), row[b].clone());
            row[a] = &first * &cos - &second * &sin;
            row[b] = second * cos + first * sin;
        }
    }
    values
}

fn centre(graph: &Graph, row: &[Rational]) -> Vec<Rational> {
    let mean = sum(graph, row.iter().cloned()) / whole(row.len());
    row.iter().map(|value| value - &mean).collect()
}

fn normalise(graph: &Graph, op: &Op, x: &Tensor) -> Option<Vec<Rational>> {
    let Op::Normalise { unit, epsilon, gain, plus_one, bias, format } = op else { return None };
    let mut values = Vec::with_capacity(x.values.len());
    for row in rows(x) {
        let squares = sum(graph, row.iter().map(|value| value * value));
        let mean_square = if *unit { squares } else { squares / whole(row.len()) } + epsilon;
        for (feature, value) in row.iter().enumerate() {
            let mut factor = gain.map_or(Some(Rational::one()), |gain| weight(graph, gain, feature))?;
            if *plus_one && gain.is_some() {
                factor += Rational::one();
            }
            let bias = bias.map_or(Some(Rational::zero()), |bias| weight(graph, bias, feature))?;
            let product = factor * value;
            let square = &product * &product / &mean_square;
            values.push(round_root(&square, product.is_negative(), &bias, *format));
        }
    }
    Some(values)
}

/// `round(+-sqrt(square) + offset)`, by enclosing the root ever closer until both ends round alike, or it is exact.
fn round_root(square: &Rational, negative: bool, offset: &Rational, format: Format) -> Rational {
    let exact = Rational::new(square.numer().sqrt(), square.denom().sqrt());
    let signed = |root: Rational| if negative { offset - root } else { offset + root };
    if &(&exact * &exact) == square {
        return round(&signed(exact), format);
    }
    let mut bits = 64u32;
    loop {
        let one = BigInt::one() << bits;
        let floor = (square * whole(&one * &one)).floor().to_integer().sqrt();
        let low = round(&signed(Rational::new(floor.clone(), one.clone())), format);
        let high = round(&signed(Rational::new(floor + 1, one)), format);
        if low == high {
            return low;
        }
        bits *= 2;
    }
}

fn dot(graph: &Graph, q: &Tensor, k: &Tensor, attended: Attended) -> Vec<Rational> {
    let [positions, groups, members, width] = q.shape[..] else { return Vec::new() };
    let keys = k.shape[0];
    let mut values = vec![Rational::zero(); positions * keys * groups * members];
    for (position, value) in values.iter_mut().enumerate() {
        let (rest, member) = position.div_rem(&members);
        let (rest, group) = rest.div_rem(&groups);
        let (query, key) = rest.div_rem(&keys);
        if attended.allows(query as u64, key as u64) {
            let a = ((query * groups + group) * members + member) * width;
            let b = (key * groups + group) * width;
            *value = sum(graph, (0..width).map(|f| &q.values[a + f] * &k.values[b + f]));
        }
    }
    values
}

fn distances(
    graph: &Graph,
    x: &Tensor,
    table: ParamId,
    (farthest, both): (u64, bool),
    attended: Attended,
) -> Option<Vec<Rational>> {
    let [buckets, heads] = graph.param(table).shape[..] else { return None };
    let (keys, heads) = (x.shape[1], heads as usize);
    let entry = |(place, value): (usize, &Rational)| {
        let (pair, head) = place.div_rem(&heads);
        let (query, key) = pair.div_rem(&keys);
        if !attended.allows(query as u64, key as u64) {
            return Some(value.clone());
        }
        let bucket = distance_bucket(key as i64 - query as i64, buckets, farthest, both) as usize;
        Some(value + weight(graph, table, bucket * heads + head)?)
    };
    x.values.iter().enumerate().map(entry).collect()
}

/// Positive e(s); zero where a key is not attended to.
fn exponentials(scores: &Tensor, table: &Scores, attended: Attended) -> Tensor {
    let per_pair: usize = scores.shape[2..].iter().product();
    let keys = scores.shape[1];
    let entry = |(position, value): (usize, &Rational)| {
        let (query, key) = (position / per_pair).div_rem(&keys);
        if attended.allows(query as u64, key as u64) { exponential(value, table) } else { Rational::zero() }
    };
    let values = scores.values.iter().enumerate().map(entry).collect();
    Tensor { shape: scores.shape.clone(), values }
}

fn exponential(value: &Rational, table: &Scores) -> Rational {
    let square = value * value * &table.scale_squared;
    let rounded = match &table.softcap {
        None => round_root(&square, value.is_negative(), &Rational::zero(), table.format),
        Some(cap) => {
            let one = BigInt::one() << (table.format.fraction() + 64);
            let size = Rational::new((&square * whole(&one * &one)).floor().to_integer().sqrt(), one);
            through(&Function::SoftCap(cap.clone()), &if value.is_negative() { -size } else { size }, table.format)
        }
    };
    let bound = table.format.number(table.format.at_most(&whole(table.clamp)));
    let score = rounded.clamp(-bound.clone(), bound);
    Rational::new(table.function.round(&score, table.exp_bits).max(BigInt::one()), BigInt::one() << table.exp_bits)
}

/// Per query, group and member: the weighted mean of the values of each feature, rounded.
fn average(graph: &Graph, weights: &Tensor, sinks: &[Rational], values: &Tensor, format: Format) -> Vec<Rational> {
    let (sums, width) = (mix(graph, weights, values), values.shape[2]);
    let totals = totals(graph, weights, sinks);
    sums.iter().enumerate().map(|(position, sum)| round(&(sum / &totals[position / width]), format)).collect()
}

/// Sums over the keys, and the sink of each head: [query, group, member].
fn totals(graph: &Graph, weights: &Tensor, sinks: &[Rational]) -> Vec<Rational> {
    let [queries, keys, groups, members] = weights.shape[..] else { return Vec::new() };
    let per_pair = groups * members;
    let total = |position: usize| {
        let (query, head) = position.div_rem(&per_pair);
        let keys = (0..keys).map(|key| weights.values[(query * keys + key) * per_pair + head].clone());
        sum(graph, keys) + sinks.get(head).cloned().unwrap_or_default()
    };
    (0..queries * per_pair).map(total).collect()
}

fn softmax(graph: &Graph, weights: &Tensor, sinks: &[Rational], format: Format) -> Vec<Rational> {
    let per_pair: usize = weights.shape[2..].iter().product();
    let keys = weights.shape[1];
    let totals = totals(graph, weights, sinks);
    let entry = |(position, value): (usize, &Rational)| {
        let (pair, head) = position.div_rem(&per_pair);
        round(&(value / &totals[pair / keys * per_pair + head]), format)
    };
    weights.values.iter().enumerate().map(entry).collect()
}

fn mix(graph: &Graph, weights: &Tensor, values: &Tensor) -> Vec<Rational> {
    let ([queries, keys, groups, members], [_, _, width]) = (&weights.shape[..], &values.shape[..]) else {
        return Vec::new();
    };
    let total = |position: usize| {
        let (rest, feature) = position.div_rem(width);
        let (rest, member) = rest.div_rem(members);
        let (query, group) = rest.div_rem(groups);
        let weight = |key: usize| &weights.values[((query * keys + key) * groups + group) * members + member];
        sum(graph, (0..*keys).map(|key| weight(key) * &values.values[(key * groups + group) * width + feature]))
    };
    (0..queries * groups * members * width).map(total).collect()
}

fn one_hot(row: &[Rational]) -> Vec<Rational> {
    let mut best = 0;
    for (position, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = position;
        }
    }
    (0..row.len()).map(|position| if position == best { Rational::one() } else { Rational::zero() }).collect()
}
