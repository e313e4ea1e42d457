//! Linear recurrences `h' = A h + b`, A elementwise: a position after the other, or all at once by parallel prefix; must not know cells.
//!
//! Between positions the state is rounded to its format: where it is carried on, if A is constant; where the product with A reads it,
//! if A is data. So a position costs 1 layer, whichever A is.
//!
//! In a scan nothing is rounded between positions. Pairs (A, b) are composed in ceil(log2 n) rounds (Kogge and Stone 1973); each
//! round takes those so many positions before: `(A, b) after (A', b') = (A A', A b' + b)`. With A constant a round is an affine map,
//! and costs no layer. With A data it costs the layers of the two products, whose operands are stored in formats wide enough
//! to hold every value exactly: at most 2, and 1 in the first two. If A is 0 or 1 everywhere, the state is the sum of each b whose gates since
//! then are all 1, and whether they are is one gate: 2 layers at any length.

use num_bigint::{BigInt, BigUint};
use num_traits::{One, ToPrimitive};
use petgraph::graph::NodeIndex;

use super::make::Make;
use super::{RecurrentError, Result};
use crate::number::{Format, Function, MAX_BITS};
use crate::tensor::{Carrier, Op, Param};

/// The widest format a store of known weights may have.
const MOST_BITS: u64 = 16;

/// The most positions of which every pair is listed.
const MOST_PAIRED: u64 = 1 << 11;

/// What state is multiplied by from one position to the next.
pub(super) enum Gate {
    /// One.
    One,
    /// A weight a feature.
    Constant(Param),
    /// Stored values, and how their axes lie in the state's.
    Data {
        /// The values.
        gate: NodeIndex,
        /// Of each axis of the state, which of the gate's it is.
        axes: Vec<Option<usize>>,
        /// Their levels.
        bounds: Bounds,
    },
}

/// The reach of exact values in units of `2^-fraction`.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub lo: BigInt,
    pub hi: BigInt,
    pub fraction: u32,
}

impl Bounds {
    /// Every value of a format.
    pub fn of(format: Format) -> Self {
        let scale = format.scale();
        Self { lo: scale.value(format.min()), hi: scale.value(format.max()), fraction: format.fraction() }
    }

    /// No less than zero and, if `unit`, at most one.
    pub fn positive(self, unit: bool) -> Self {
        let one = BigInt::one() << self.fraction;
        let hi = if unit { self.hi.min(one) } else { self.hi };
        Self { lo: BigInt::ZERO, hi, fraction: self.fraction }
    }

    /// Whether all are 0 or 1.
    fn is_bit(&self) -> bool {
        self.fraction == 0 && self.lo >= BigInt::ZERO && self.hi <= BigInt::one()
    }

    /// Products with others.
    pub fn times(&self, other: &Self) -> Self {
        let ends = [&self.lo * &other.lo, &self.lo * &other.hi, &self.hi * &other.lo, &self.hi * &other.hi];
        let (lo, hi) = (ends.iter().min().cloned(), ends.iter().max().cloned());
        Self { lo: lo.unwrap_or_default(), hi: hi.unwrap_or_default(), fraction: self.fraction + other.fraction }
    }

    /// Sums with others, or either alone.
    fn plus(&self, other: &Self) -> Self {
        let fraction = self.fraction.max(other.fraction);
        let (a, b) = (self.finer(fraction), other.finer(fraction));
        let (lo, hi) = (&a.0 + &b.0, &a.1 + &b.1);
        Self { lo: lo.min(a.0).min(b.0), hi: hi.max(a.1).max(b.1), fraction }
    }

    /// Both.
    fn hull(&self, other: &Self) -> Self {
        let fraction = self.fraction.max(other.fraction);
        let (a, b) = (self.finer(fraction), other.finer(fraction));
        Self { lo: a.0.min(b.0), hi: a.1.max(b.1), fraction }
    }

    fn finer(&self, fraction: u32) -> (BigInt, BigInt) {
        let bits = fraction - self.fraction;
        (&self.lo << bits, &self.hi << bits)
    }

    /// Bits of a format that holds them.
    fn bits(&self) -> u64 {
        let below = -(&self.lo) - 1u32;
        (self.hi.bits().max(if below.sign() == num_bigint::Sign::Minus { 0 } else { below.bits() }) + 1).max(2)
    }
}

impl Make<'_> {
    /// The state after each position, exactly: `A h + b`, h the state before it.
    pub(super) fn recurrence(&mut self, gate: Gate, b: NodeIndex, bounds: Bounds) -> Result<NodeIndex> {
        match (gate, self.whole) {
            (Gate::One, true) => Ok(self.sums(b)),
            (Gate::Constant(param), true) => self.powers(&param, b),
            (Gate::Data { gate, axes, bounds: gates }, true) => {
                if gates.is_bit() && self.positions <= MOST_PAIRED {
                    return self.since_reset(gate, &axes, b, &bounds);
                }
                self.composed(Scan { values: [gate, b], bounds: [gates, bounds], axes })
            }
            (Gate::One, false) => Ok(self.step(b, |_, h| h)),
            (Gate::Constant(param), false) => Ok(self.step(b, |make, h| make.weigh("decay", param, h))),
            (Gate::Data { gate, axes, .. }, false) => Ok(self.gated_step(gate, axes, b)),
        }
    }

    /// One position; the state is carried as it is stored.
    fn step(&mut self, b: NodeIndex, decay: impl FnOnce(&mut Self, NodeIndex) -> NodeIndex) -> NodeIndex {
        let shape = self.lengths(b);
        let rounded = self.spec.state.rounded;
        let carrier = if rounded { Carrier::Stored(self.state_format()) } else { Carrier::Exact };
        let h = self.port("state", 1, carrier, &shape);
        let kept = decay(self, h);
        let new = self.add("state", kept, b);
        let given = if rounded { self.store_state("state stored", new) } else { new };
        self.sketch.output("state", given);
        new
    }

    /// One position; the state is carried exactly and stored where the product reads it.
    fn gated_step(&mut self, gate: NodeIndex, axes: Vec<Option<usize>>, b: NodeIndex) -> NodeIndex {
        let shape = self.lengths(b);
        let h = self.port("state", 1, Carrier::Exact, &shape);
        let h = if self.spec.state.rounded { self.store_state("state stored", h) } else { h };
        let gate = self.arrange("gate", gate, axes, &shape);
        let kept = self.product("kept", h, gate);
        let new = self.add("state", kept, b);
        self.sketch.output("state", new);
        new
    }

    /// Sums over all positions up to each.
    fn sums(&mut self, b: NodeIndex) -> NodeIndex {
        let mut sum = b;
        for distance in rounds(self.positions) {
            let earlier = self.shifted(sum, distance);
            sum = self.add("sum of positions", sum, earlier);
        }
        sum
    }

    /// `sum of a^(t - s) b_s`: the weights of a round are powers of a.
    fn powers(&mut self, param: &Param, b: NodeIndex) -> Result<NodeIndex> {
        let mut sum = b;
        for distance in rounds(self.positions) {
            let earlier = self.shifted(sum, distance);
            let power = power(param, distance, self.positions)?;
            let earlier = self.weigh("decay", power, earlier);
            sum = self.add("sum of positions", sum, earlier);
        }
        Ok(sum)
    }

    /// Gates of 0 and 1: the sum of each b whose gates since then were all 1.
    fn since_reset(
        &mut self,
        gate: NodeIndex,
        axes: &[Option<usize>],
        b: NodeIndex,
        bounds: &Bounds,
    ) -> Result<NodeIndex> {
        let n = self.positions;
        let kept = self.kept(gate);
        let mut shape = self.lengths(b);
        shape.insert(0, n);
        let pairs = axes.iter().map(|axis| axis.map(|axis| if axis == 0 { 1 } else { axis + 1 }));
        let kept = self.arrange("kept since", kept, std::iter::once(Some(0)).chain(pairs).collect(), &shape);
        let b = self.exact("b stored", b, bounds)?;
        let each = std::iter::once(None).chain((0..shape.len() - 1).map(Some)).collect();
        let each = self.arrange("b", b, each, &shape);
        let product = self.product("kept b", kept, each);
        Ok(self.sum("sum of positions", product, 1))
    }

    /// For every position and every one before it, whether all gates after the earlier one are 1: `[sum of gates >= how many]`.
    fn kept(&mut self, gate: NodeIndex) -> NodeIndex {
        let (n, total) = (self.positions, self.sums(gate));
        let mut shape = self.lengths(gate);
        shape.insert(0, n);
        let others = |position| [position].into_iter().chain((1..shape.len() - 1).map(Some));
        let at = std::iter::once(Some(0)).chain(others(None)).collect();
        let before = std::iter::once(None).chain(others(Some(0))).collect();
        let at = self.arrange("gates up to here", total, at, &shape);
        let before = self.arrange("gates up to there", total, before, &shape);
        let between = self.sketch.subtract("gates between", at, before);
        let mut axes = vec![None; shape.len()];
        (axes[0], axes[1]) = (Some(0), Some(1));
        let missing = self.sketch.given("positions between", missing(n));
        let missing = self.arrange("positions between", missing, axes, &shape);
        let sum = self.add("gates that are one", between, missing);
        self.sketch.store("kept", Function::Relu, whole(2), sum)
    }

    fn composed(&mut self, mut scan: Scan) -> Result<NodeIndex> {
        let all: Vec<u64> = rounds(self.positions).collect();
        for (round, distance) in all.iter().enumerate() {
            scan = self.round(scan, *distance, round + 1 == all.len())?;
        }
        Ok(scan.values[1])
    }

    /// Composes with what lies `distance` positions before; the last round needs no A.
    fn round(&mut self, scan: Scan, distance: u64, last: bool) -> Result<Scan> {
        let [a, b] = &scan.bounds;
        let bounds = [a.times(a).hull(a), a.times(b).plus(b)];
        let stored = [self.exact("A stored", scan.values[0], a)?, self.exact("b stored", scan.values[1], b)?];
        let rest = self.positions - distance;
        let now = self.slice("A", stored[0], 0, distance, rest);
        let before = self.slice("b before", stored[1], 0, 0, rest);
        let spread = self.arrange("A", now, scan.axes.clone(), &self.lengths(before));
        let product = self.product("A b", before, spread);
        let own = self.slice("b", scan.values[1], 0, distance, rest);
        let sum = self.add("b", product, own);
        let b = self.extended(scan.values[1], distance, sum);
        let a = if last {
            scan.values[0]
        } else {
            let before = self.slice("A before", stored[0], 0, 0, rest);
            let product = self.product("A A", now, before);
            self.extended(scan.values[0], distance, product)
        };
        Ok(Scan { values: [a, b], bounds, axes: scan.axes })
    }

    /// The first positions as they were, then the rest.
    fn extended(&mut self, x: NodeIndex, first: u64, rest: NodeIndex) -> NodeIndex {
        let kept = self.slice("first positions", x, 0, 0, first);
        self.sketch.apply("all positions", Op::Concat(0), &[kept, rest])
    }

    /// Stored in a format that holds every value, so that nothing is rounded; as it is, if it is stored already.
    fn exact(&mut self, label: &'static str, x: NodeIndex, bounds: &Bounds) -> Result<NodeIndex> {
        if self.sketch.op(x).stores() {
            return Ok(x);
        }
        let bits = bounds.bits().max(u64::from(bounds.fraction) + 1);
        let most = if self.parameters.known() { MOST_BITS } else { u64::from(MAX_BITS) };
        let what = if label.starts_with('A') { "the product of gates" } else { "the exact state" };
        let wide = || RecurrentError::Wide { what, context: self.positions, bits, most };
        let format = Format::new((bits - u64::from(bounds.fraction)) as u32, bounds.fraction);
        let format = format.ok().filter(|_| bits <= most).ok_or_else(wide)?;
        Ok(self.sketch.store(label, Function::Identity, format, x))
    }
}

/// A and b of every position, composed over some before it.
struct Scan {
    values: [NodeIndex; 2],
    bounds: [Bounds; 2],
    /// How axes of A lie in those of b.
    axes: Vec<Option<usize>>,
}

/// 1, 2, 4, .. below the number of positions.
fn rounds(positions: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1u64), |distance| distance.checked_mul(2))
        .take_while(move |distance| *distance < positions)
}

/// One less the positions from each to each after it; far below zero where it is not after it.
fn missing(positions: u64) -> Param {
    let n = positions as i64;
    let entry = |t: i64, s: i64| if s <= t { 1 - (t - s) } else { -n };
    let values = (0..n).flat_map(|t| (0..n).map(move |s| entry(t, s))).collect();
    let format = whole(MOST_BITS as u32);
    Param { name: "positions between".to_owned(), shape: vec![positions, positions], values: Some(values), format }
}

/// Integers of so many bits.
fn whole(bits: u32) -> Format {
    Format::new(bits, 0).unwrap_or_else(|_| unreachable!("2 to 62 bits"))
}

/// Every entry to a power, in a format that holds all of them.
fn power(param: &Param, exponent: u64, context: u64) -> Result<Param> {
    if exponent == 1 {
        return Ok(param.clone());
    }
    let (lo, hi) = param.bounds();
    let scale = param.format.scale();
    let magnitude = scale.value(lo).magnitude().max(scale.value(hi).magnitude()).clone();
    // Before a power of millions of bits is made.
    let least = (magnitude.bits().saturating_sub(1)).saturating_mul(exponent);
    let largest = match least > MAX_BITS.into() {
        true => BigUint::one() << least.min(1 << 20),
        false => num_traits::pow(magnitude, exponent as usize),
    };
    let bits = (largest.bits() + 1).max(u64::from(param.format.fraction()) * exponent + 1);
    let most = u64::from(MAX_BITS);
    let wide = RecurrentError::Wide { what: "a power of the decay", context, bits: bits.max(2), most };
    let fraction = (u64::from(param.format.fraction()) * exponent) as u32;
    if bits.max(2) > most {
        return Err(wide);
    }
    let format = Format::new((bits.max(2) as u32) - fraction, fraction).map_err(|_| wide)?;
    let raised = |level: &i64| num_traits::pow(scale.value(*level), exponent as usize).to_i64().unwrap_or(0);
    let values = param.values.as_ref().map(|values| values.iter().map(raised).collect());
    Ok(Param { name: format!("{}^{exponent}", param.name), values, shape: param.shape.clone(), format })
}
