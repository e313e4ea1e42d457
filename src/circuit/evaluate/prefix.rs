//! Gates along an axis whose forms never grow along it, so that they fire one after another: found by bisection, once it is proved of
//! the coefficients and of the values they multiply.

use super::data::Data;
use super::integer::low_bits;
use super::sums::{Constant, Factors, List, Plain};
use crate::circuit::{Affine, Array, Bank, Circuit, Node, Thresholds, walk};

/// A bank of single gates `[F >= t]` over an affine array, whose forms go down along the last axis.
#[derive(Clone, Debug)]
pub(super) struct Prefix {
    terms: Vec<Plain>,
    constants: Vec<Constant>,
    threshold: i128,
    gates: usize,
    /// Forms go down where what varying coefficients multiply is at least 1, and where it is at least 0.
    from_one: bool,
    from_zero: bool,
}

/// Shorter axes are read gate by gate.
const FEW: u64 = 8;

impl Prefix {
    /// If the coefficients go down along the last axis and everything fits 128 bits.
    pub fn new(circuit: &Circuit, array: &Array) -> Option<Self> {
        let Node::Bank(Bank { form, thresholds: Thresholds::Known(list) }) = &array.node else { return None };
        let forms = circuit.array(*form);
        let Node::Affine(affine) = &forms.node else { return None };
        let last = array.shape.len().checked_sub(1)?;
        let single = list.len() == 1 && forms.shape.len() == array.shape.len();
        if !single || array.shape[last].value < FEW || array.band.is_some() || forms.range.magnitude().bits() > 126 {
            return None;
        }
        let mut prefix = Self::read(circuit, forms, affine, low_bits(&list[0]))?;
        (prefix.from_one, prefix.from_zero) = prefix.falls(forms)?;
        prefix.from_one.then_some(prefix)
    }

    fn read(circuit: &Circuit, forms: &Array, affine: &Affine, threshold: i128) -> Option<Self> {
        let last = forms.shape.len() - 1;
        let terms: Vec<Plain> = affine.terms.iter().map(|term| Plain::new(circuit, forms, term)).collect();
        let constants: Vec<Constant> =
            affine.constants.iter().map(|coef| Constant::new(circuit, forms, coef)).collect();
        let across = |plain: &Plain| {
            let nest = &plain.nest;
            let source = circuit.arrays()[plain.source].range.magnitude().bits() <= 126;
            nest.sums.is_empty() && nest.gathers.is_empty() && nest.own[last][0] == 0 && source
        };
        let gates = forms.shape[last].value as usize;
        let fits = terms.iter().all(across) && constants.iter().all(|constant| constant.nest.gathers.is_empty());
        fits.then_some(Self { terms, constants, threshold, gates, from_one: false, from_zero: false })
    }

    /// Whether forms go down for all values from one on, and for all from zero on; none if coefficients are too large to tell.
    fn falls(&self, forms: &Array) -> Option<(bool, bool)> {
        let small = |factors: &Factors| !matches!(factors.list, List::Big(_)) && factors.scale.bits() <= 62;
        let constants = self.constants.iter().map(|constant| &constant.factors);
        self.terms.iter().map(|term| &term.factors).chain(constants).all(small).then_some(())?;
        let (mut from_one, mut from_zero) = (true, true);
        let (mut before, mut now) = (Vec::new(), Vec::new());
        for at in self.rows(forms) {
            let mut constant_before = self.coefficients(&at, 0, &mut before);
            for gate in 1..self.gates {
                let constant_now = self.coefficients(&at, gate, &mut now);
                let constant = constant_now - constant_before;
                let steps = now.iter().zip(&before).map(|(a, b)| a - b);
                let down = steps.clone().all(|step| step <= 0);
                from_one &= down && steps.sum::<i128>() + constant <= 0;
                from_zero &= down && constant <= 0;
                (before, now, constant_before) = (now, before, constant_now);
            }
            if !from_one {
                break;
            }
        }
        Some((from_one, from_zero))
    }

    /// Coordinates of every row of coefficients: of the axes but the last that some list depends on.
    fn rows(&self, forms: &Array) -> Vec<Vec<u64>> {
        let nests =
            || self.terms.iter().map(|term| &term.nest).chain(self.constants.iter().map(|constant| &constant.nest));
        let mut rows = vec![Vec::new()];
        for (axis, size) in forms.shape[..forms.shape.len() - 1].iter().enumerate() {
            let len = if nests().any(|nest| nest.own[axis][1] != 0) { size.value } else { 1 };
            rows =
                rows.iter().flat_map(|row| (0..len).map(move |k| row.iter().copied().chain([k]).collect())).collect();
        }
        rows
    }

    /// The coefficient of each term, in a row, at a gate; and the constant. Their factors are below 2^62, so they fit.
    fn coefficients(&self, at: &[u64], gate: usize, out: &mut Vec<i128>) -> i128 {
        out.clear();
        out.extend(self.terms.iter().map(|term| term.factors.at(place(&term.nest.own, term.nest.base[1], at, gate))));
        let constant = |c: &Constant| c.factors.at(place(&c.nest.own, c.nest.base[1], at, gate));
        self.constants.iter().map(constant).sum()
    }

    /// The arrays it reads.
    pub fn sources(&self) -> impl Iterator<Item = usize> {
        self.terms.iter().map(|term| term.source)
    }

    /// How many gates fire, for each place of the other axes; none where that is not how they fire.
    pub fn ranks(&self, array: &Array, data: &[Data]) -> Option<Vec<u32>> {
        let outer = &array.shape[..array.shape.len() - 1];
        let mut ranks = Vec::new();
        let mut fits = true;
        walk::elements(outer, None, |_, at| {
            let rank = if fits { self.rank(at, data) } else { None };
            fits &= rank.is_some();
            ranks.extend(rank);
        });
        fits.then_some(ranks)
    }

    fn rank(&self, at: &[u64], data: &[Data]) -> Option<u32> {
        let last = at.len();
        let mut fixed = -self.threshold;
        let (mut varying, mut least) = (Vec::with_capacity(self.terms.len()), i128::MAX);
        for term in &self.terms {
            let (source, coef) = (
                place_of(&term.nest.own, term.nest.base[0], at, 0),
                place_of(&term.nest.own, term.nest.base[1], at, 1),
            );
            let value = data[term.source].at(source as usize)?;
            let step = term.nest.own[last][1];
            if step == 0 || matches!(term.factors.list, List::Ones) {
                fixed = fixed.wrapping_add(value.wrapping_mul(term.factors.at(coef)));
            } else {
                least = least.min(value);
                varying.push((value, &term.factors, coef, step));
            }
        }
        let falls = (self.from_one && least >= 1) || (self.from_zero && least >= 0);
        let constants: Vec<_> = self
            .constants
            .iter()
            .map(|c| (&c.factors, place_of(&c.nest.own, c.nest.base[1], at, 1), c.nest.own[last][1]))
            .collect();
        let fires = |gate: i64| {
            let terms =
                varying.iter().map(|(value, factors, coef, step)| value.wrapping_mul(factors.at(coef + step * gate)));
            let constants = constants.iter().map(|(factors, coef, step)| factors.at(coef + step * gate));
            terms.chain(constants).fold(fixed, i128::wrapping_add) >= 0
        };
        falls.then(|| bisect(self.gates, fires))
    }
}

/// How many of the first gates fire, if none fires after one that does not.
fn bisect(gates: usize, fires: impl Fn(i64) -> bool) -> u32 {
    let (mut low, mut high) = (0, gates);
    while low < high {
        let middle = low.midpoint(high);
        if fires(middle as i64) { low = middle + 1 } else { high = middle }
    }
    low as u32
}

/// The place of a coefficient in a row, at a gate.
fn place(own: &[[i64; 3]], base: i64, at: &[u64], gate: usize) -> i64 {
    place_of(own, base, at, 1) + own[at.len()][1] * gate as i64
}

fn place_of(own: &[[i64; 3]], base: i64, at: &[u64], map: usize) -> i64 {
    own.iter().zip(at).fold(base, |place, (step, coordinate)| place + step[map] * *coordinate as i64)
}
