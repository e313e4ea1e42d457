//! A circuit's input bits, and polynomials of its inputs as sums of ANDs of them: 1 layer, a gate a product of bits; must not know
//! what the polynomials are for.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::Refused;
use super::parts::Layout;
use super::polynomial::{Polynomial, Variable};
use crate::circuit::{ArrayId, CircuitError, Coef, Index, Size, Table, Term};
use crate::interval::Interval;
use crate::number::Rational;
use crate::words::{Maker, Part, Strategy, Total, common_unit};

/// The most products of bits of one layer.
const MOST_ANDS: usize = 1 << 15;

/// A product of bits, by their numbers.
type Product = Vec<u32>;

/// A circuit under construction with its inputs in place.
pub struct Inputs {
    /// The circuit.
    pub maker: Maker,
    /// How its inputs lie.
    pub layout: Layout,
    /// Its input arrays, each with the number of its first bit.
    arrays: Vec<(ArrayId, u32)>,
    /// The first bit of every entry.
    firsts: Vec<u32>,
}

/// ANDs of input bits in one row, and which each is.
pub struct Ands {
    /// The gates; none where every polynomial is constant.
    pub gates: Option<ArrayId>,
    /// The products, in the order of the gates.
    pub products: Vec<Product>,
}

/// Polynomials as sums over products of bits: coefficients of each product, the empty one among them.
pub type BitForms = Vec<BTreeMap<Product, Rational>>;

impl Inputs {
    /// A circuit with these inputs and nothing else.
    ///
    /// # Errors
    /// Never for a layout of a program.
    pub fn new(layout: Layout) -> Result<Self, CircuitError> {
        let mut maker = Maker::new(Strategy::Depth, true);
        let (mut arrays, mut firsts, mut bits) = (Vec::new(), Vec::new(), 0u32);
        for word in &layout.words {
            let shape = word.shape.iter().copied().chain([u64::from(word.bits)]).map(Size::fixed).collect();
            arrays.push((maker.builder.input(shape)?, bits));
            for _ in 0..word.elements().unwrap_or(0) {
                firsts.push(bits);
                bits += word.bits;
            }
        }
        Ok(Self { maker, layout, arrays, firsts })
    }

    /// Polynomials in the variables of one step, multiplied out to bits.
    ///
    /// # Errors
    /// When there are too many products.
    pub fn bit_forms(&self, step: usize, polynomials: &[Polynomial]) -> Result<BitForms, Refused> {
        let forms: BitForms =
            polynomials.iter().map(|polynomial| self.bit_form(step, polynomial)).collect::<Result<_, _>>()?;
        let all: BTreeSet<&Product> = forms.iter().flat_map(BTreeMap::keys).collect();
        limited(all.len()).map(|()| forms)
    }

    fn bit_form(&self, step: usize, polynomial: &Polynomial) -> Result<BTreeMap<Product, Rational>, Refused> {
        let mut form: BTreeMap<Product, Rational> = BTreeMap::new();
        for (product, coefficient) in polynomial.terms() {
            let mut all = BTreeMap::from([(Product::new(), coefficient.clone())]);
            for variable in product {
                all = self.by_bits(step, *variable, &all);
                limited(all.len())?;
            }
            all.into_iter().for_each(|(bits, coefficient)| *form.entry(bits).or_default() += coefficient);
            limited(form.len())?;
        }
        form.retain(|_, coefficient| !coefficient.is_zero());
        Ok(form)
    }

    /// Times a variable: its bits are idempotent.
    fn by_bits(
        &self,
        step: usize,
        variable: Variable,
        form: &BTreeMap<Product, Rational>,
    ) -> BTreeMap<Product, Rational> {
        let mut result = BTreeMap::new();
        let Some(entry) = self.layout.entry(step, variable) else { return result };
        let (format, first) = (self.layout.formats[entry], self.firsts[entry]);
        for (product, coefficient) in form {
            for bit in 0..format.bits() {
                let mut product = product.clone();
                if let Err(place) = product.binary_search(&(first + bit)) {
                    product.insert(place, first + bit);
                }
                let worth = Rational::new(BigInt::one() << bit, BigInt::one() << format.fraction());
                let worth = if bit + 1 == format.bits() { -worth } else { worth };
                *result.entry(product).or_insert_with(Rational::zero) += coefficient * worth;
            }
        }
        result
    }

    /// A gate for every product of bits of some forms: 1 layer.
    ///
    /// # Errors
    /// Never for products of this circuit's bits.
    pub fn ands<'f>(&mut self, forms: impl IntoIterator<Item = &'f BitForms>) -> Result<Ands, CircuitError> {
        let all: BTreeSet<&Product> = forms.into_iter().flatten().flat_map(BTreeMap::keys).collect();
        let products: Vec<Product> = all.into_iter().filter(|product| !product.is_empty()).cloned().collect();
        let Some(most) = products.iter().map(Vec::len).max() else {
            return Ok(Ands { gates: None, products });
        };
        let mut terms = Vec::with_capacity(most);
        for factor in 0..most {
            let bits: Vec<u32> = products.iter().map(|product| product[factor.min(product.len() - 1)]).collect();
            let seen = self.seen(&bits)?;
            let has = products.iter().map(|product| i64::from(factor < product.len())).collect::<Vec<_>>();
            let has = self.maker.builder.table(Table::small(has));
            terms.push(Term::new(seen, vec![Index::axis(0)]).times(Coef::table(has, Index::axis(0))));
        }
        let missing = products.iter().map(|product| (most - product.len()) as i64).collect::<Vec<_>>();
        let missing = Coef::table(self.maker.builder.table(Table::small(missing)), Index::axis(0));
        let shape = vec![Size::fixed(products.len() as u64)];
        let sum = self.maker.affine(shape, None, terms, vec![missing])?;
        Ok(Ands { gates: Some(self.maker.builder.gate(sum, most as i64)?), products })
    }

    /// These input bits, by their numbers, in one row: no layer.
    ///
    /// # Errors
    /// Never for bits of this circuit, of which there is one at least.
    pub fn seen(&mut self, bits: &[u32]) -> Result<ArrayId, CircuitError> {
        let holder = |bit: u32| self.arrays.partition_point(|(_, first)| *first <= bit) - 1;
        let held: BTreeSet<usize> = bits.iter().map(|bit| holder(*bit)).collect();
        let mut terms = Vec::with_capacity(held.len());
        for number in held {
            let ((array, first), shape) = (self.arrays[number], self.maker.shape(self.arrays[number].0));
            let inside: Vec<bool> = bits.iter().map(|bit| holder(*bit) == number).collect();
            let (mut index, mut stride) = (Vec::new(), shape.iter().map(|size| size.value).product::<u64>());
            for size in &shape {
                stride /= size.value;
                let place = |bit: u32| (u64::from(bit - first) / stride % size.value) as i64;
                let places = bits.iter().zip(&inside).map(|(bit, inside)| if *inside { place(*bit) } else { 0 });
                index.push(Index::gathered(0, places.collect::<Vec<_>>()));
            }
            let mask = inside.into_iter().map(i64::from).collect::<Vec<_>>();
            let mask = self.maker.builder.table(Table::small(mask));
            terms.push(Term::new(array, index).times(Coef::table(mask, Index::axis(0))));
        }
        self.maker.affine(vec![Size::fixed(bits.len() as u64)], None, terms, vec![])
    }

    /// The number of the first bit of an entry.
    pub fn first_bit(&self, entry: usize) -> u32 {
        self.firsts[entry]
    }
}

/// The polynomials as sums of gates; `bounds` holds the value of every one.
///
/// # Errors
/// Never for forms whose products are among the gates.
pub fn total(
    maker: &mut Maker,
    ands: &Ands,
    forms: &BitForms,
    shape: &[u64],
    bounds: &(Rational, Rational),
) -> Result<Total, CircuitError> {
    let unit = unit(forms);
    let whole = |value: &Rational| (value / &unit).to_integer();
    let of = |form: &BTreeMap<Product, Rational>, product: &Product| form.get(product).map_or_else(BigInt::zero, whole);
    let sizes: Vec<Size> = shape.iter().map(|length| Size::fixed(*length)).collect();
    let mut parts = Vec::new();
    if let Some(row) = ands.gates {
        let weights = forms.iter().flat_map(|form| ands.products.iter().map(move |product| of(form, product)));
        let weights: Vec<BigInt> = weights.collect();
        let used: Vec<usize> = (0..ands.products.len())
            .filter(|place| weights.iter().skip(*place).step_by(ands.products.len()).any(|w| !w.is_zero()))
            .collect();
        if !used.is_empty() {
            parts.push(spread(maker, row, &sizes, &used, &weights, ands.products.len())?);
        }
    }
    let constants: Vec<BigInt> = forms.iter().map(|form| of(form, &Product::new())).collect();
    let ends = |end: &Rational, up: bool| if up { (end / &unit).ceil() } else { (end / &unit).floor() }.to_integer();
    let range = Interval { lo: ends(&bounds.0, false), hi: ends(&bounds.1, true) };
    Ok(Total { shape: sizes, parts, constants, unit, range })
}

/// The gates some element reads, seen by every element.
fn spread(
    maker: &mut Maker,
    row: ArrayId,
    shape: &[Size],
    used: &[usize],
    weights: &[BigInt],
    width: usize,
) -> Result<Part, CircuitError> {
    let places = used.iter().map(|place| *place as i64).collect::<Vec<_>>();
    let own = shape.iter().cloned().chain([Size::fixed(used.len() as u64)]).collect();
    let gates = maker.moved(row, own, vec![Index::gathered(shape.len(), places)])?;
    let weights = weights.chunks(width).flat_map(|row| used.iter().map(|place| row[*place].clone())).collect();
    Ok(Part { gates, repeated: 0, weights, each: true })
}

/// The greatest number of which every coefficient is a multiple.
pub fn unit(forms: &BitForms) -> Rational {
    let mut all = forms.iter().flat_map(BTreeMap::values).map(|coefficient| coefficient.abs());
    let first = all.next().unwrap_or_else(Rational::one);
    all.fold(first, |unit, coefficient| common_unit(&unit, &coefficient))
}

fn limited(ands: usize) -> Result<(), Refused> {
    if ands > MOST_ANDS { Err(Refused::Wide { ands, most: MOST_ANDS }) } else { Ok(()) }
}
