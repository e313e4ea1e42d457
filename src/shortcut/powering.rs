//! One exact affine step, taken T times: `w_T = A^T w_0 + (sum over i < T of A^i) b`. 3 layers for every T, in dimension 1 and 2.
//!
//! A and b rest on data that come in once. By Cayley and Hamilton, a power of A is `p A + q I` with p and q functions of its trace and
//! determinant alone (of A itself in dimension 1), and so is the sum of powers. Layer 1 makes ANDs of input bits, over which `A w_0`,
//! `A b`, trace and determinant are sums. Trace and determinant make one number `k`, and layer 2 has, for each change of p and q and each AND g, the
//! gate `[k >= c] and g` (theory A.3): over them the products with p and q are sums. Layer 3 rounds.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::affine::{Affine, Matrix};
use super::inputs::{Ands, BitForms, Inputs, total, unit};
use super::parts::Parts;
use super::polynomial::{Polynomial, Variable};
use super::prefix::bounds;
use super::{Built, Refused, affine, given_out};
use crate::circuit::{ArrayId, Index, Size, Table, Term, Thresholds};
use crate::interval::Interval;
use crate::number::Rational;
use crate::words::{Maker, Part, Total};

/// The most steps a circuit is made for: weights have bits in proportion.
const MOST_STEPS: u64 = 1 << 10;

/// The most bits of the data of all values of A.
const MOST_DATA: u64 = 16;

/// The most gates of the second layer that are made.
const MOST_GATES: usize = 1 << 22;

/// The circuit of exact descent on one loss.
///
/// # Errors
/// When steps are not one affine map of dimension 1 or 2, or formats are too wide.
pub fn build(parts: &Parts) -> Result<Built, Refused> {
    let (affine, steps) = (affine(parts)?, parts.steps());
    if affine.has_data() || !affine.has_early() {
        return Err(Refused::Data(
            "powers are of one map for all steps: data must come in once, as with batch = \"all\"",
        ));
    }
    if affine.dimension() > 2 {
        return Err(Refused::Dimension { dimension: affine.dimension() });
    }
    if steps > MOST_STEPS {
        return Err(Refused::Steps { steps, most: MOST_STEPS });
    }
    let mut inputs = Inputs::new(parts.layout())?;
    let power = Power::of(&affine, &inputs, steps)?;
    let state = power.state(&mut inputs, &affine)?;
    let form = inputs.maker.summed(&state)?;
    let Inputs { maker, layout, .. } = inputs;
    given_out(maker, &form, &affine.given, layout)
}

/// A sum of products `f(k) v`, each f a function of the key and v a vector of polynomials.
struct Power {
    /// The polynomials the key is made of: A, or its trace and determinant.
    keys: Vec<Polynomial>,
    /// The values of these that occur.
    values: BTreeSet<Vec<Rational>>,
    /// The vectors.
    vectors: Vec<Vec<Polynomial>>,
    /// For each value of the key, what each vector is multiplied by.
    factors: BTreeMap<Vec<Rational>, Vec<Rational>>,
}

impl Power {
    fn of(affine: &Affine, inputs: &Inputs, steps: u64) -> Result<Self, Refused> {
        let step = affine.step(0);
        let keys = keys(&step.matrix);
        let values = occurring(affine, inputs, &keys)?;
        let times = |v: &[Polynomial]| -> Vec<Polynomial> {
            let row =
                |row: &Vec<Polynomial>| row.iter().zip(v).fold(Polynomial::default(), |s, (a, x)| s.plus(&a.times(x)));
            step.matrix.iter().map(row).collect()
        };
        let (start, offset) = (affine.start.clone(), step.offset.clone());
        let vectors = match affine.dimension() {
            1 => vec![start, offset],
            _ => vec![times(&start), start, times(&offset), offset],
        };
        let factors = values.iter().map(|key| (key.clone(), factors(key, steps))).collect();
        Ok(Self { keys, values, vectors, factors })
    }

    /// `w_T` as sums over the second layer.
    fn state(&self, inputs: &mut Inputs, affine: &Affine) -> Result<Total, Refused> {
        let key_forms = inputs.bit_forms(0, &self.keys)?;
        let vectors = self.vectors.iter().map(|v| inputs.bit_forms(0, v)).collect::<Result<Vec<_>, _>>()?;
        let ands = inputs.ands(vectors.iter().chain([&key_forms]))?;
        let key = self.key(&mut inputs.maker, affine, &ands, &key_forms)?;
        let sum = self.weighed(&mut inputs.maker, affine.dimension(), &ands, &vectors, &key)?;
        let (low, high) = self.reach(affine);
        let range = Interval { lo: (low / &sum.unit).floor().to_integer(), hi: (high / &sum.unit).ceil().to_integer() };
        Ok(Total { range, ..sum })
    }

    /// An interval that holds every entry of `w_T`.
    fn reach(&self, affine: &Affine) -> (Rational, Rational) {
        let reach = |vector: &Vec<Polynomial>| {
            let (low, high) = bounds(affine, vector);
            low.abs().max(high.abs())
        };
        let reach: Vec<Rational> = self.vectors.iter().map(reach).collect();
        let sum = |factors: &Vec<Rational>| factors.iter().zip(&reach).map(|(f, v)| f.abs() * v).sum::<Rational>();
        let most = self.factors.values().map(sum).max().unwrap_or_default();
        (-&most, most)
    }

    /// The one number that tells all keys apart: the first plus the second times more than the first can differ by.
    fn key(&self, maker: &mut Maker, affine: &Affine, ands: &Ands, forms: &BitForms) -> Result<Key, Refused> {
        let unit = unit(forms);
        let reach = bounds(affine, &self.keys[..1]);
        let push = ((reach.1 - reach.0) / &unit).ceil() + Rational::one();
        let scales = [Rational::one(), push];
        let mut joined: BTreeMap<Vec<u32>, Rational> = BTreeMap::new();
        for (form, scale) in forms.iter().zip(&scales) {
            form.iter().for_each(|(bits, c)| *joined.entry(bits.clone()).or_insert_with(Rational::zero) += c * scale);
        }
        let number = |key: &Vec<Rational>| key.iter().zip(&scales).map(|(x, scale)| x * scale).sum::<Rational>();
        let ordered: BTreeMap<Rational, &Vec<Rational>> = self.values.iter().map(|key| (number(key), key)).collect();
        let ends = |value: Option<&Rational>| value.cloned().unwrap_or_default();
        let range = (ends(ordered.keys().next()), ends(ordered.keys().next_back()));
        let sum = total(maker, ands, &vec![joined], &[1], &range)?;
        let levels = ordered.keys().map(|value| (value / &sum.unit).to_integer()).collect();
        let factors = ordered.values().map(|key| self.factors[*key].clone()).collect();
        let form = maker.summed(&sum)?;
        Ok(Key { form: form.array, levels, factors })
    }

    /// The sum over all vectors of factor times vector.
    fn weighed(
        &self,
        maker: &mut Maker,
        dimension: usize,
        ands: &Ands,
        vectors: &[BitForms],
        key: &Key,
    ) -> Result<Total, Refused> {
        let used: BTreeSet<&Vec<u32>> =
            vectors.iter().flatten().flat_map(BTreeMap::keys).filter(|p| !p.is_empty()).collect();
        let used: Vec<&Vec<u32>> = used.into_iter().collect();
        let changes = key.levels.len() - 1;
        if used.len().saturating_mul(changes) > MOST_GATES {
            return Err(Refused::Wide { ands: used.len() * changes, most: MOST_GATES });
        }
        // What an AND is worth in an entry while the key has its so-and-so-manieth value.
        let worth = |entry: usize, product: &[u32], place: usize| -> Rational {
            let each = vectors.iter().zip(&key.factors[place]);
            each.map(|(v, factor)| v[entry].get(product).map_or_else(Rational::zero, |c| c * factor)).sum()
        };
        let empty: Vec<u32> = Vec::new();
        let columns: Vec<&Vec<u32>> = std::iter::once(&empty).chain(used.iter().copied()).collect();
        let mut rows: Vec<Vec<Vec<Rational>>> = Vec::with_capacity(dimension);
        for entry in 0..dimension {
            let column = |product: &&Vec<u32>| (0..=changes).map(|place| worth(entry, product, place)).collect();
            rows.push(columns.iter().map(column).collect());
        }
        assemble(maker, ands, &used, key, &rows)
    }
}

/// The key as a form, the levels it has in ascending order, and the factors at each.
struct Key {
    form: ArrayId,
    levels: Vec<BigInt>,
    factors: Vec<Vec<Rational>>,
}

/// Sums over the first layer's gates, the key's changes alone, and the key's changes with each gate. `rows`: by entry, by product (the empty
/// one first), by level of the key.
fn assemble(
    maker: &mut Maker,
    ands: &Ands,
    used: &[&Vec<u32>],
    key: &Key,
    rows: &[Vec<Vec<Rational>>],
) -> Result<Total, Refused> {
    let all: BitForms = vec![
        rows.iter()
            .flatten()
            .flatten()
            .enumerate()
            .map(|(n, x)| (vec![n as u32], x.clone()))
            .filter(|(_, x)| !x.is_zero())
            .collect(),
    ];
    let unit = unit(&all);
    let whole = |x: &Rational| (x / &unit).to_integer();
    let (count, changes) = (used.len(), key.levels.len() - 1);
    let shape = vec![Size::fixed(rows.len() as u64)];
    let mut parts = Vec::new();
    if let Some(row) = ands.gates.filter(|_| count > 0) {
        let places: Vec<i64> =
            used.iter().map(|p| ands.products.binary_search(p).map_or(0, |place| place as i64)).collect();
        let gates = maker.moved(row, vec![Size::fixed(count as u64)], vec![Index::gathered(0, places)])?;
        let first = rows.iter().flat_map(|row| row[1..].iter().map(|values| whole(&values[0]))).collect();
        parts.push(seen(maker, gates, rows.len(), first)?);
        if changes > 0 {
            let both = both(maker, key, gates, count)?;
            let steps = rows.iter().flat_map(|row| row[1..].iter().flat_map(|values| differences(values, &whole)));
            parts.push(seen(maker, both, rows.len(), steps.collect())?);
        }
    }
    if changes > 0 && rows.iter().any(|row| row[0].iter().any(|x| !x.is_zero())) {
        let alone = maker.builder.bank(key.form, Thresholds::Known(key.levels[1..].to_vec().into()))?;
        let steps = rows.iter().flat_map(|row| differences(&row[0], &whole)).collect();
        parts.push(seen(maker, alone, rows.len(), steps)?);
    }
    let constants: Vec<BigInt> = rows.iter().map(|row| whole(&row[0][0])).collect();
    Ok(Total { shape, parts, constants, unit, range: Interval::point(0) })
}

fn differences(values: &[Rational], whole: &impl Fn(&Rational) -> BigInt) -> Vec<BigInt> {
    values.windows(2).map(|pair| whole(&(&pair[1] - &pair[0]))).collect()
}

/// `[key >= c] and g` for every gate g and every change of the key: the gate `[key + M g >= c + M]`.
fn both(maker: &mut Maker, key: &Key, gates: ArrayId, count: usize) -> Result<ArrayId, Refused> {
    let range = maker.range(key.form);
    let push = &range.hi - &range.lo + BigInt::one();
    let own = Term::new(key.form, vec![Index::at(0)]);
    let gate = Term::new(gates, vec![Index::axis(0)]).by(push.clone());
    let sum = maker.affine(vec![Size::fixed(count as u64)], None, vec![own, gate], vec![])?;
    let thresholds = key.levels[1..].iter().map(|level| level + &push).collect();
    Ok(maker.builder.bank(sum, Thresholds::Known(thresholds))?)
}

/// Gates seen by every entry, each with weights of its own.
fn seen(maker: &mut Maker, gates: ArrayId, entries: usize, weights: Vec<BigInt>) -> Result<Part, Refused> {
    let inner = maker.shape(gates);
    let shape = [&[Size::fixed(entries as u64)], &inner[..]].concat();
    let index = (1..shape.len()).map(Index::axis).collect();
    let gates = maker.moved(gates, shape, index)?;
    debug_assert!(
        Table::new(weights.clone()).len == u128::from(inner.iter().map(|s| s.value).product::<u64>()) * entries as u128
    );
    Ok(Part { gates, repeated: 0, weights, each: true })
}

/// What tells a matrix's powers: itself, or trace and determinant.
fn keys(matrix: &Matrix) -> Vec<Polynomial> {
    match &matrix[..] {
        [a, b] => {
            let minus = a[1].times(&b[0]).scaled(&-Rational::one());
            vec![a[0].clone().plus(&b[1]), a[0].times(&b[1]).plus(&minus)]
        }
        _ => vec![matrix[0][0].clone()],
    }
}

/// Every value the keys have together.
fn occurring(affine: &Affine, inputs: &Inputs, keys: &[Polynomial]) -> Result<BTreeSet<Vec<Rational>>, Refused> {
    let variables: BTreeSet<Variable> = keys.iter().flat_map(Polynomial::variables).collect();
    let formats: Vec<_> = variables.iter().filter_map(|v| Some((*v, affine.format(*v)?))).collect();
    let bits: u64 = formats.iter().map(|(_, format)| u64::from(format.bits())).sum();
    if bits > MOST_DATA {
        return Err(Refused::Many { what: "the data that one step's matrix rests on", bits, most: MOST_DATA });
    }
    debug_assert!(inputs.layout.bits() >= bits);
    let mut values = BTreeSet::new();
    for number in 0..1u64 << bits {
        let mut rest = number;
        let levels: BTreeMap<Variable, Rational> = formats
            .iter()
            .map(|(variable, format)| {
                let level = super::parts::signed(rest & ((1 << format.bits()) - 1), *format);
                rest >>= format.bits();
                (*variable, super::affine::unit(*format) * Rational::from_integer(level.into()))
            })
            .collect();
        values.insert(keys.iter().map(|key| key.at(&|v| levels.get(&v).cloned().unwrap_or_default())).collect());
    }
    Ok(values)
}

/// `a^T` and the sum of `a^i`; or p and q of `A^T = p A + q I`, then those of the sum of powers.
fn factors(key: &[Rational], steps: u64) -> Vec<Rational> {
    if let [a] = key {
        let sum = |(power, sum): (Rational, Rational), _| (&power * a, sum + &power);
        let (power, sum) = (0..steps).fold((Rational::one(), Rational::zero()), sum);
        return vec![power, sum];
    }
    let (trace, determinant) = (&key[0], &key[1]);
    let (mut p, mut q) = (Rational::zero(), Rational::one());
    let (mut r, mut s) = (Rational::zero(), Rational::zero());
    for _ in 0..steps {
        r += &p;
        s += &q;
        (p, q) = (trace * &p + &q, -(determinant * &p));
    }
    vec![p, q, r, s]
}
