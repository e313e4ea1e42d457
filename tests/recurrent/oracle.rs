//! The recurrences written out by hand in exact rationals, rounded at the points their documentation states: a second oracle.

use super::{SHIPPED, interpreted, shipped, tokens};
use isobath::number::{Format, Function, Rational, rational_from_decimal};
use isobath::recurrent::{self, Recurrence};
use isobath::spec::recurrent::{Cell, Diagonal, LinearAttention, Mamba, Rule};
use isobath::spec::{Activation, Output, Recurrent};
use isobath::tensor::Parameters;
use num_bigint::BigInt;

type Q = Rational;
type Row = Vec<Q>;

/// The first level of a value, and its worth.
fn q(level: i64, format: Format) -> Q {
    Q::new(level.into(), BigInt::from(1) << format.fraction())
}

fn stored(function: &Function, x: &Q, format: Format) -> Q {
    q(function.level(x, format), format)
}

fn function(activation: Activation) -> Function {
    match activation {
        Activation::Relu => Function::Relu,
        Activation::Gelu => Function::Gelu,
        Activation::GeluTanh => Function::GeluTanh,
        Activation::Silu => Function::Silu,
        Activation::Tanh => Function::Tanh,
        Activation::Sigmoid => Function::Sigmoid,
        Activation::ClampedSwiglu => unreachable!("no recurrent network has it"),
    }
}

pub struct Oracle<'a> {
    spec: &'a Recurrent,
    parameters: Parameters,
    layer: u64,
    act: Format,
    state: Format,
}

impl<'a> Oracle<'a> {
    pub fn new(spec: &'a Recurrent) -> Self {
        let (act, state) = (spec.numerics.activations, spec.state.format);
        Self { spec, parameters: recurrent::parameters(spec), layer: 0, act, state }
    }

    /// Weights, row by row.
    fn flat(&self, name: &str, shape: &[u64]) -> Row {
        let param = self.parameters.get(name, shape).unwrap();
        param.values.unwrap().iter().map(|level| q(*level, param.format)).collect()
    }

    fn table(&self, name: &str, rows: u64, columns: u64) -> Vec<Row> {
        let flat = self.flat(&format!("layer.{}.{name}", self.layer), &[rows, columns]);
        flat.chunks(columns as usize).map(<[Q]>::to_vec).collect()
    }

    fn list(&self, name: &str, length: u64) -> Row {
        self.flat(&format!("layer.{}.{name}", self.layer), &[length])
    }

    fn map(&self, name: &str, bias: bool, x: &[Q], rows: u64) -> Row {
        let weight = self.table(&format!("{name}.weight"), rows, x.len() as u64);
        let product = weight.iter().map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum::<Q>());
        if !bias {
            return product.collect();
        }
        product.zip(self.list(&format!("{name}.bias"), rows)).map(|(a, b)| a + b).collect()
    }

    fn store(&self, function: Function, row: &[Q]) -> Row {
        row.iter().map(|x| stored(&function, x, self.act)).collect()
    }

    fn round(&self, x: &Q) -> Q {
        stored(&Function::Identity, x, self.act)
    }

    fn round_state(&self, x: &Q) -> Q {
        stored(&Function::Identity, x, self.state)
    }

    /// What the recurrence itself reads of a state.
    fn carried(&self, x: &Q) -> Q {
        if self.spec.state.rounded { self.round_state(x) } else { x.clone() }
    }

    /// The nearest level of `gain x / sqrt(mean x^2 + epsilon)`, searched for by comparing squares.
    fn norm(&self, gain: &[Q], epsilon: f64, x: &[Q]) -> Row {
        let mean = x.iter().map(|x| x * x).sum::<Q>() / Q::from_integer(x.len().into());
        self.over_root(gain, &(mean + rational_from_decimal(epsilon).unwrap()), x)
    }

    /// The nearest level of `gain x / sqrt(square)`.
    fn over_root(&self, gain: &[Q], mean: &Q, x: &[Q]) -> Row {
        let level = |(x, gain): (&Q, &Q)| {
            let product = x * gain;
            let square = &product * &product / mean * q(1 << (2 * self.act.fraction()), "int(62)".parse().unwrap());
            let half = |m: i64| Q::new((2 * m + 1).into(), 2.into());
            let mut size = 0i64;
            // Up while the value is above half-way, or at half-way and the level is odd.
            while half(size) * half(size) < square || (half(size) * half(size) == square && size % 2 == 1) {
                size += 1;
            }
            let signed = if product < Q::from_integer(0.into()) { -size } else { size };
            q(signed.clamp(self.act.min(), self.act.max()), self.act)
        };
        x.iter().zip(gain).map(level).collect()
    }

    /// The network's output at every position.
    pub fn run(mut self, tokens: &[u64]) -> Row {
        let Recurrent { vocabulary, width, layers, tied, output, .. } = *self.spec;
        let table = self.flat("token_embedding", &[vocabulary, width]);
        let rows: Vec<&[Q]> = table.chunks(width as usize).collect();
        let mut xs: Vec<Row> = tokens.iter().map(|t| self.store(Function::Identity, rows[*t as usize])).collect();
        for layer in 0..layers {
            self.layer = layer;
            xs = self.cell(&xs);
        }
        let head = if tied { table.clone() } else { self.flat("head.weight", &[vocabulary, width]) };
        let out = |x: &Row| {
            let x = match self.spec.cell.norm_epsilon() {
                Some(epsilon) => {
                    let gain = self.flat("final_norm.gain", &[width]);
                    self.norm(&gain, epsilon, &self.store(Function::Identity, x))
                }
                None => x.clone(),
            };
            let logits: Row =
                head.chunks(width as usize).map(|row| row.iter().zip(&x).map(|(w, x)| w * x).sum()).collect();
            match output {
                Output::Hidden => self.store(Function::Identity, &x),
                Output::Logits => self.store(Function::Identity, &logits),
                Output::Argmax => {
                    let best = (0..logits.len()).rev().max_by_key(|i| &logits[*i]).unwrap();
                    (0..logits.len()).map(|i| Q::from_integer(i64::from(i == best).into())).collect()
                }
            }
        };
        xs.iter().flat_map(out).collect()
    }

    fn cell(&self, xs: &[Row]) -> Vec<Row> {
        match &self.spec.cell {
            Cell::Rnn { activation, bias } => self.rnn(xs, *activation, *bias),
            Cell::Lstm { bias } => self.lstm(xs, *bias),
            Cell::Gru { bias } => self.gru(xs, *bias),
            Cell::Diagonal(cell) => self.diagonal(xs, cell),
            Cell::Mamba(cell) => self.mamba(xs, cell),
            Cell::Attention(cell) => {
                let (mut s, mut past) = (Vec::new(), Vec::new());
                xs.iter().map(|x| self.attention(&mut s, &mut past, x, cell)).collect()
            }
        }
    }

    fn rnn(&self, xs: &[Row], activation: Activation, bias: bool) -> Vec<Row> {
        let width = self.spec.width;
        let mut h = vec![Q::default(); width as usize];
        let step = |x: &Row| {
            let (a, b) = (self.map("input", bias, x, width), self.map("hidden", false, &h, width));
            h = a.iter().zip(&b).map(|(a, b)| stored(&function(activation), &(a + b), self.state)).collect();
            h.clone()
        };
        xs.iter().map(step).collect()
    }

    fn lstm(&self, xs: &[Row], bias: bool) -> Vec<Row> {
        let (width, w) = (self.spec.width, self.spec.width as usize);
        let (mut h, mut c) = (vec![Q::default(); w], vec![Q::default(); w]);
        let step = |x: &Row| {
            let (a, b) = (self.map("input", bias, x, 4 * width), self.map("hidden", false, &h, 4 * width));
            let s: Row = a.iter().zip(&b).map(|(a, b)| a + b).collect();
            for j in 0..w {
                let sigmoid = |gate: usize| stored(&Function::Sigmoid, &s[gate * w + j], self.act);
                let g = stored(&Function::Tanh, &s[2 * w + j], self.act);
                let new = sigmoid(1) * &c[j] + sigmoid(0) * g;
                h[j] = sigmoid(3) * stored(&Function::Tanh, &new, self.act);
                c[j] = self.round_state(&new);
            }
            h.clone()
        };
        xs.iter().map(step).collect()
    }

    fn gru(&self, xs: &[Row], bias: bool) -> Vec<Row> {
        let (width, w) = (self.spec.width, self.spec.width as usize);
        let mut h = vec![Q::default(); w];
        let step = |x: &Row| {
            let (a, b) = (self.map("input", bias, x, 3 * width), self.map("hidden", bias, &h, 3 * width));
            for j in 0..w {
                let sigmoid =
                    |gate: usize| stored(&Function::Sigmoid, &(&a[gate * w + j] + &b[gate * w + j]), self.act);
                let (r, z) = (sigmoid(0), sigmoid(1));
                let n = stored(&Function::Tanh, &(&a[2 * w + j] + r * self.round(&b[2 * w + j])), self.act);
                h[j] = (Q::from_integer(1.into()) - &z) * n + z * self.round_state(&h[j]);
            }
            h.clone()
        };
        xs.iter().map(step).collect()
    }

    fn diagonal(&self, xs: &[Row], cell: &Diagonal) -> Vec<Row> {
        let (width, n) = (self.spec.width, cell.state);
        let (a, b, c) = (self.table("a", width, n), self.table("b", width, n), self.table("c", width, n));
        let (gain, d) = (self.list("norm.gain", width), self.list("d", width));
        let mut h = vec![vec![Q::default(); n as usize]; width as usize];
        let step = |x: &Row| {
            let x = self.store(Function::Identity, x);
            let u = self.norm(&gain, cell.norm_epsilon, &x);
            let y = |j: usize| {
                for i in 0..n as usize {
                    h[j][i] = &a[j][i] * self.carried(&h[j][i]) + &b[j][i] * &u[j];
                }
                let read: Q = h[j].iter().zip(&c[j]).map(|(h, c)| h * c).sum();
                stored(&function(cell.activation), &(read + &d[j] * &u[j]), self.act)
            };
            let y: Row = (0..width as usize).map(y).collect();
            x.iter().zip(self.map("out", cell.bias, &y, width)).map(|(x, y)| x + y).collect()
        };
        xs.iter().map(step).collect()
    }

    fn mamba(&self, xs: &[Row], cell: &Mamba) -> Vec<Row> {
        let (width, inner, n) = (self.spec.width, cell.inner as usize, cell.state as usize);
        let (gain, d) = (self.list("norm.gain", width), self.list("d", cell.inner));
        let taps = self.table("conv.weight", cell.inner, cell.kernel);
        let zeros = vec![Q::default(); inner];
        let bias = if cell.conv_bias { self.list("conv.bias", cell.inner) } else { zeros };
        let logs = self.table("a_log", cell.inner, cell.state);
        let weights = self.spec.numerics.weights;
        let mut inputs: Vec<Row> = Vec::new();
        let mut h = vec![vec![Q::default(); n]; inner];
        let step = |x: &Row| {
            let x = self.store(Function::Identity, x);
            let u = self.norm(&gain, cell.norm_epsilon, &x);
            let both = self.map("in", cell.bias, &u, 2 * cell.inner);
            inputs.push(both[..inner].to_vec());
            let window = |j: usize| {
                let tap = |back: usize| {
                    let position = inputs.len().checked_sub(1 + back)?;
                    Some(&taps[j][cell.kernel as usize - 1 - back] * &inputs[position][j])
                };
                (0..cell.kernel as usize).filter_map(tap).sum::<Q>() + &bias[j]
            };
            let silu = function(cell.activation);
            let c: Row = (0..inner).map(|j| stored(&silu, &window(j), self.act)).collect();
            let all = self.map("x", false, &c, cell.rank + 2 * cell.state);
            let rank = cell.rank as usize;
            let delta = self.store(Function::Softplus, &self.map("dt", true, &all[..rank], cell.inner));
            let b = self.store(Function::Identity, &all[rank..rank + n]);
            let read = self.store(Function::Identity, &all[rank + n..]);
            let y = |j: usize| {
                let scaled = self.round(&(&delta[j] * &c[j]));
                for i in 0..n {
                    let a = -stored(&Function::Exp, &logs[j][i], weights);
                    let decay = stored(&Function::Exp, &(a * &delta[j]), self.act);
                    h[j][i] = decay * self.carried(&h[j][i]) + &scaled * &b[i];
                }
                let sum: Q = h[j].iter().zip(&read).map(|(h, c)| self.round_state(h) * c).sum();
                self.round(&(sum + &d[j] * &c[j])) * stored(&silu, &both[inner + j], self.act)
            };
            let y: Row = (0..inner).map(y).collect();
            x.iter().zip(self.map("out", cell.bias, &y, width)).map(|(x, y)| x + y).collect()
        };
        xs.iter().map(step).collect()
    }

    /// Features of queries, keys or values as products read them; `past` are those of all positions up to this one, before convolutions.
    fn features(
        &self,
        past: &[[Row; 3]],
        which: usize,
        width: u64,
        map: Option<Function>,
        cell: &LinearAttention,
    ) -> Row {
        let now = &past[past.len() - 1][which];
        let stored = match (cell.extras.convolution, map) {
            (None, None) => return now.clone(),
            (None, Some(map)) => self.store(map, now),
            (Some(kernel), map) => {
                let name = format!("layer.{}.{}_conv.weight", self.layer, ["q", "k", "v"][which]);
                let (taps, weights) = (kernel as usize, self.flat(&name, &[cell.heads, width, kernel]));
                let sum = |j: usize| -> Q {
                    let back = |tap: usize| (past.len() - 1).checked_sub(taps - 1 - tap);
                    (0..taps).filter_map(|tap| Some(&weights[j * taps + tap] * &past[back(tap)?][which][j])).sum()
                };
                let sums: Row = (0..now.len()).map(sum).collect();
                self.store(map.unwrap_or(Function::Silu), &sums)
            }
        };
        if !cell.extras.unit_keys || which == 2 {
            return stored;
        }
        let one = vec![Q::from_integer(1.into()); width as usize];
        let unit = |row: &[Q]| {
            let square = row.iter().map(|x| x * x).sum::<Q>() + Q::new(1.into(), 1_000_000.into());
            self.over_root(&one, &square, row)
        };
        stored.chunks(width as usize).flat_map(unit).collect()
    }

    fn gates(&self, u: &[Q], all_keys: u64, cell: &LinearAttention) -> Row {
        match (cell.rule, cell.extras.decay) {
            (Rule::Gated { gates }, None) => {
                self.map("g", true, u, all_keys).iter().map(|g| stored(&Function::Sigmoid, g, gates)).collect()
            }
            (Rule::Gated { gates }, Some(decay)) => {
                let low = self.map("g_low", false, u, decay.rank);
                let gate = |g: &Q| {
                    let log = -stored(&Function::Softplus, &-g, self.act) / Q::from_integer(decay.root.into());
                    stored(&Function::Exp, &log, gates)
                };
                self.map("g", true, &low, all_keys).iter().map(gate).collect()
            }
            (Rule::Sum | Rule::Delta, _) => vec![Q::from_integer(1.into()); all_keys as usize],
        }
    }

    /// One position; the state is keys by values, head after head.
    fn attention(&self, s: &mut Vec<Row>, past: &mut Vec<[Row; 3]>, x: &Row, cell: &LinearAttention) -> Row {
        let (width, keys, values) = (self.spec.width, cell.key_width as usize, cell.value_width as usize);
        let (all_keys, all_values) = (cell.heads * cell.key_width, cell.heads * cell.value_width);
        if s.is_empty() {
            *s = vec![vec![Q::default(); values]; all_keys as usize];
        }
        let x = self.store(Function::Identity, x);
        let u = self.norm(&self.list("norm.gain", width), cell.norm_epsilon, &x);
        let map = cell.feature_map.map_or(Function::Identity, function);
        let raw = [("q", all_keys), ("k", all_keys), ("v", all_values)];
        past.push(raw.map(|(name, rows)| self.map(name, cell.bias, &u, rows)));
        let queries = self.features(past, 0, cell.key_width, Some(map.clone()), cell);
        let ks = self.features(past, 1, cell.key_width, Some(map), cell);
        let exact = self.features(past, 2, cell.value_width, None, cell);
        let gates = self.gates(&u, all_keys, cell);
        let mut out: Row = Vec::new();
        for head in 0..cell.heads as usize {
            let before: Vec<Row> =
                s[head * keys..][..keys].iter().map(|r| r.iter().map(|x| self.carried(x)).collect()).collect();
            let k = &ks[head * keys..][..keys];
            for e in 0..values {
                let v = &exact[head * values + e];
                let (value, write) = if cell.rule == Rule::Delta {
                    let beta = &self.map("beta", cell.bias, &u, cell.heads)[head];
                    let beta = stored(&Function::Sigmoid, beta, self.act);
                    let read: Q = k.iter().zip(&before).map(|(k, row)| k * &row[e]).sum();
                    (self.round(&(v - read)), k.iter().map(|k| self.round(&(&beta * k))).collect())
                } else {
                    (self.round(v), k.to_vec())
                };
                for f in 0..keys {
                    s[head * keys + f][e] = &gates[head * keys + f] * &before[f][e] + &write[f] * &value;
                }
                out.push((0..keys).map(|f| &queries[head * keys + f] * self.round_state(&s[head * keys + f][e])).sum());
            }
        }
        if cell.extras.scaled {
            let root = (1i64..).take_while(|n| n * n * cell.key_width as i64 <= 1 << 32).last().unwrap_or(0);
            out.iter_mut().for_each(|x| *x = &*x * Q::new(root.into(), 65_536.into()));
        }
        if cell.output_norm {
            let gain = self.list("o_norm.gain", cell.value_width);
            let stored = self.store(Function::Identity, &out);
            out = stored.chunks(values).flat_map(|row| self.norm(&gain, cell.norm_epsilon, row)).collect();
        }
        if cell.extras.output_gate {
            let gate = self.store(Function::Silu, &self.map("out_gate", false, &u, all_values));
            out = self.store(Function::Identity, &out).iter().zip(&gate).map(|(x, g)| x * g).collect();
        }
        let x: Row = x.iter().zip(self.map("o", cell.bias, &out, width)).map(|(x, y)| x + y).collect();
        let Some(mlp) = &cell.mlp else { return x };
        let x = self.store(Function::Identity, &x);
        let u = self.norm(&self.list("mlp_norm.gain", width), cell.norm_epsilon, &x);
        let up = self.map("up", mlp.bias, &u, mlp.hidden);
        let act = function(mlp.activation);
        let hidden: Row = if mlp.gated {
            let gate = self.store(act, &self.map("gate", mlp.bias, &u, mlp.hidden));
            gate.iter().zip(self.store(Function::Identity, &up)).map(|(g, u)| g * u).collect()
        } else {
            self.store(act, &up)
        };
        x.iter().zip(self.map("down", mlp.bias, &hidden, width)).map(|(x, y)| x + y).collect()
    }
}

#[test]
fn every_cell_is_interpreted_as_written_out_by_hand() {
    for (name, ..) in SHIPPED {
        let model = shipped(name);
        let graph = recurrent::system(&model, Recurrence::Sequential, 6).unwrap();
        for seed in 0..6 {
            let tokens = tokens(6, 5, seed);
            assert_eq!(interpreted(&graph, &tokens), Oracle::new(&model).run(&tokens), "{name} {tokens:?}");
        }
    }
}
