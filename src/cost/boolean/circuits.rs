//! The circuits whose costs the Boolean table claims, gate by gate; test code only.

/// A constant, or a gate or input, perhaps negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bit {
    Constant(bool),
    Wire(usize, bool),
}

impl std::ops::Not for Bit {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(!value),
            Self::Wire(wire, negated) => Self::Wire(wire, !negated),
        }
    }
}

const ZERO: Bit = Bit::Constant(false);
const ONE: Bit = Bit::Constant(true);

#[derive(Clone, Copy)]
enum Kind {
    And,
    Xor,
}

/// Inputs, then gates, in order. An OR is a negated AND of negations.
#[derive(Default)]
pub(super) struct Net {
    inputs: usize,
    gates: Vec<(Kind, Bit, Bit)>,
    depth: Vec<u64>,
}

/// A number, lowest bit first; signed ones in two's complement.
pub(super) type Number = Vec<Bit>;

/// The integer modulo `2^width`.
pub(super) fn number(value: i128, width: usize) -> Number {
    (0..width).map(|bit| Bit::Constant(value >> bit & 1 == 1)).collect()
}

/// Sign-extended, or cut, to a width.
pub(super) fn extended(x: &[Bit], width: usize) -> Number {
    (0..width).map(|bit| x[bit.min(x.len() - 1)]).collect()
}

fn shifted(x: &[Bit], by: usize, width: usize) -> Number {
    (0..width).map(|bit| if bit < by { ZERO } else { x[(bit - by).min(x.len() - 1)] }).collect()
}

fn inverted(x: &[Bit]) -> Number {
    x.iter().map(|bit| !*bit).collect()
}

impl Net {
    pub fn input(&mut self, width: usize) -> Number {
        assert!(self.gates.is_empty(), "inputs come first");
        self.depth.extend(vec![0; width]);
        self.inputs += width;
        (self.inputs - width..self.inputs).map(|wire| Bit::Wire(wire, false)).collect()
    }

    pub fn gates(&self) -> u64 {
        self.gates.len() as u64
    }

    pub fn depth(&self, bits: &[Bit]) -> u64 {
        bits.iter().map(|bit| if let Bit::Wire(wire, _) = bit { self.depth[*wire] } else { 0 }).max().unwrap_or(0)
    }

    fn gate(&mut self, kind: Kind, a: Bit, b: Bit) -> Bit {
        self.depth.push(1 + self.depth(&[a, b]));
        self.gates.push((kind, a, b));
        Bit::Wire(self.depth.len() - 1, false)
    }

    fn and(&mut self, a: Bit, b: Bit) -> Bit {
        match (a, b) {
            (ZERO, _) | (_, ZERO) => ZERO,
            (ONE, x) | (x, ONE) => x,
            _ => self.gate(Kind::And, a, b),
        }
    }

    fn or(&mut self, a: Bit, b: Bit) -> Bit {
        !self.and(!a, !b)
    }

    pub fn xor(&mut self, a: Bit, b: Bit) -> Bit {
        match (a, b) {
            (Bit::Constant(value), x) | (x, Bit::Constant(value)) => {
                if value {
                    !x
                } else {
                    x
                }
            }
            _ => self.gate(Kind::Xor, a, b),
        }
    }

    fn tree(&mut self, mut list: Vec<Bit>, f: fn(&mut Self, Bit, Bit) -> Bit) -> Bit {
        while list.len() > 1 {
            list = list.chunks(2).map(|pair| if let [a, b] = pair { f(self, *a, *b) } else { pair[0] }).collect();
        }
        list[0]
    }

    /// Kogge and Stone's prefixes.
    pub fn adder(&mut self, a: &[Bit], b: &[Bit]) -> Number {
        let width = a.len();
        let mut pairs: Vec<(Bit, Bit)> = (0..width).map(|i| (self.and(a[i], b[i]), self.xor(a[i], b[i]))).collect();
        let halves: Vec<Bit> = pairs.iter().map(|pair| pair.1).collect();
        let mut reach = 1;
        while reach < width {
            let before = pairs.clone();
            for i in reach..width {
                let ((g, p), (lower, through)) = (before[i], before[i - reach]);
                let carried = self.and(p, lower);
                pairs[i] = (self.or(g, carried), self.and(p, through));
            }
            reach *= 2;
        }
        (0..width).map(|i| if i == 0 { halves[0] } else { self.xor(halves[i], pairs[i - 1].0) }).collect()
    }

    /// Three numbers to two; the third may come late.
    fn save(&mut self, [a, b, c]: [&[Bit]; 3]) -> [Number; 2] {
        let (mut sums, mut carries) = (Vec::new(), vec![ZERO]);
        for i in 0..a.len() {
            let half = self.xor(a[i], b[i]);
            sums.push(self.xor(half, c[i]));
            let (both, late) = (self.and(a[i], b[i]), self.and(half, c[i]));
            carries.push(self.or(both, late));
        }
        carries.truncate(a.len());
        [sums, carries]
    }

    /// Four to two, level by level, then the adder.
    pub fn sum(&mut self, mut rows: Vec<Number>) -> Number {
        while rows.len() > 2 {
            let groups: Vec<Vec<Number>> = rows.chunks(4).map(<[Number]>::to_vec).collect();
            rows = groups.into_iter().flat_map(|group| self.compressed(group)).collect();
        }
        match &rows[..] {
            [a, b] => self.adder(a, b),
            _ => rows.remove(0),
        }
    }

    fn compressed(&mut self, group: Vec<Number>) -> Vec<Number> {
        match &group[..] {
            [a, b, c] => self.save([a, b, c]).to_vec(),
            [a, b, c, d] => {
                let [sum, carry] = self.save([a, b, c]);
                self.save([&sum, d, &carry]).to_vec()
            }
            _ => group,
        }
    }

    /// Greater, and equal, of two bits, combined from the highest down.
    fn compare(&mut self, mut parts: Vec<(Bit, Bit)>) -> (Bit, Bit) {
        while parts.len() > 1 {
            let pairs: Vec<Vec<(Bit, Bit)>> = parts.chunks(2).map(<[(Bit, Bit)]>::to_vec).collect();
            let joined = pairs.into_iter().map(|pair| match &pair[..] {
                [low, high] => {
                    let later = self.and(high.1, low.0);
                    (self.or(high.0, later), self.and(high.1, low.1))
                }
                _ => pair[0],
            });
            parts = joined.collect();
        }
        parts[0]
    }

    /// Whether a signed number is at least a constant of its width.
    pub fn at_least(&mut self, x: &[Bit], constant: i128) -> Bit {
        let below = constant + (1 << (x.len() - 1)) - 1;
        if below < 0 {
            return ONE;
        }
        let (unsigned, below) = (flipped(x), number(below, x.len()));
        let parts = unsigned.iter().zip(&below).map(|(x, c)| if *c == ZERO { (*x, !*x) } else { (ZERO, *x) });
        self.compare(parts.collect()).0
    }

    pub fn greater(&mut self, x: &[Bit], y: &[Bit]) -> Bit {
        let (x, y) = (flipped(x), flipped(y));
        let parts = (0..x.len()).map(|i| (self.and(x[i], !y[i]), !self.xor(x[i], y[i]))).collect();
        self.compare(parts).0
    }

    /// One of `marks + 1` words, by how many marks are set.
    pub fn choose(&mut self, marks: &[Bit], words: &[i128], bits: usize) -> Number {
        let edges: Vec<Bit> = (0..words.len())
            .map(|i| match (i.checked_sub(1).map(|i| marks[i]), marks.get(i)) {
                (None, None) => ONE,
                (None, Some(next)) => !*next,
                (Some(mark), None) => mark,
                (Some(mark), Some(next)) => self.and(mark, !*next),
            })
            .collect();
        (0..bits).map(|bit| self.any(&edges, |word| words[word] >> bit & 1 == 1)).collect()
    }

    fn any(&mut self, edges: &[Bit], chosen: impl Fn(usize) -> bool) -> Bit {
        let list: Vec<Bit> = (0..edges.len()).filter(|i| chosen(*i)).map(|i| edges[i]).collect();
        if list.is_empty() { ZERO } else { self.tree(list, Self::or) }
    }

    /// The row of a table with this number.
    pub fn lookup(&mut self, id: &[Bit], rows: &[i128], bits: usize) -> Number {
        let decoded = self.decoder(id, rows.len());
        (0..bits).map(|bit| self.any(&decoded, |row| rows[row] >> bit & 1 == 1)).collect()
    }

    fn decoder(&mut self, id: &[Bit], rows: usize) -> Vec<Bit> {
        match id {
            [] => vec![ONE],
            [bit] => vec![!*bit, *bit][..rows].to_vec(),
            _ => {
                let (low, high) = id.split_at(id.len() / 2);
                let (low, high) = (self.decoder(low, 1 << low.len()), self.decoder(high, 1 << high.len()));
                (0..rows).map(|row| self.and(low[row % low.len()], high[row / low.len()])).collect()
            }
        }
    }

    /// Rounded to nearest, ties to even, without the last `drop` bits, and saturated to `b` bits.
    pub fn round(&mut self, x: &[Bit], drop: usize, b: usize) -> Number {
        let rounded = if drop == 0 { x.to_vec() } else { self.rounded(x, drop) };
        let (kept, above) = (extended(&rounded, rounded.len().max(b)), rounded.len().max(b) - b + 1);
        if above == 1 {
            return kept;
        }
        let top = kept[b - 1..].to_vec();
        let (all, any) = (self.tree(top.clone(), Self::and), self.tree(top, Self::or));
        let beyond = self.and(any, !all);
        let sign = kept[kept.len() - 1];
        let bound = |bit: usize| if bit == b - 1 { sign } else { !sign };
        (0..b)
            .map(|bit| {
                let (out, inside) = (self.and(beyond, bound(bit)), self.and(!beyond, kept[bit]));
                self.or(out, inside)
            })
            .collect()
    }

    fn rounded(&mut self, x: &[Bit], drop: usize) -> Number {
        let kept = extended(&x[drop..], x.len() - drop + 1);
        let others = x[..drop - 1].iter().chain([&kept[0]]).copied().collect();
        let others = self.tree(others, Self::or);
        let up = self.and(x[drop - 1], others);
        let mut prefixes = kept.clone();
        let mut reach = 1;
        while reach < kept.len() {
            let before = prefixes.clone();
            (reach..kept.len()).for_each(|i| prefixes[i] = self.and(before[i], before[i - reach]));
            reach *= 2;
        }
        let carry = |this: &mut Self, i: usize| if i == 0 { up } else { this.and(up, prefixes[i - 1]) };
        let carries: Vec<Bit> = (0..kept.len()).map(|i| carry(self, i)).collect();
        (0..kept.len()).map(|i| self.xor(kept[i], carries[i])).collect()
    }

    /// The rows of a signed product, and what they lack of it.
    pub fn rows(&mut self, x: &[Bit], y: &[Bit], width: usize) -> (Vec<Number>, i128) {
        let mut rows: Vec<Number> = Vec::new();
        for (place, bit) in y.iter().enumerate() {
            let ands: Number = x.iter().map(|x| self.and(*x, *bit)).collect();
            let row = shifted(&ands, place, width);
            rows.push(if place + 1 == y.len() { negative(&row) } else { row });
        }
        (rows, 1)
    }

    /// The sum of constants times numbers and a constant: the shifted copies.
    pub fn copies(terms: &[(i128, &[Bit])], width: usize) -> (Vec<Number>, i128) {
        let (mut rows, mut more) = (Vec::new(), 0);
        for (constant, x) in terms {
            for place in (0..127).filter(|place| constant.abs() >> place & 1 == 1) {
                let row = shifted(x, place, width);
                more += i128::from(*constant < 0);
                rows.push(if *constant < 0 { inverted(&row) } else { row });
            }
        }
        (rows, more)
    }

    /// All wires for these inputs.
    pub fn run(&self, inputs: u64) -> Vec<bool> {
        let mut values: Vec<bool> = (0..self.inputs).map(|bit| inputs >> bit & 1 == 1).collect();
        for (kind, a, b) in &self.gates {
            let (a, b) = (read(&values, *a), read(&values, *b));
            values.push(match kind {
                Kind::And => a && b,
                Kind::Xor => a != b,
            });
        }
        values
    }
}

/// `-1 - x`: the negative but for one.
fn negative(x: &[Bit]) -> Number {
    inverted(x)
}

/// A signed number moved to begin at zero.
fn flipped(x: &[Bit]) -> Number {
    let last = x.len() - 1;
    (0..x.len()).map(|i| if i == last { !x[i] } else { x[i] }).collect()
}

fn read(values: &[bool], bit: Bit) -> bool {
    match bit {
        Bit::Constant(value) => value,
        Bit::Wire(wire, negated) => values[wire] != negated,
    }
}

/// The signed integer on these bits.
pub(super) fn signed(values: &[bool], x: &[Bit]) -> i128 {
    let weight = |(place, bit): (usize, &Bit)| {
        let value = i128::from(read(values, *bit)) << place;
        if place + 1 == x.len() { -value } else { value }
    };
    x.iter().enumerate().map(weight).sum()
}
