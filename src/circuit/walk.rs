//! Visiting the listed terms of affine elements: the one place where index maps are followed. Evaluate, measure and expand all read circuits through it.

use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::{Affine, Array, ArrayId, Band, Circuit, Coef, Index, Node, Size, Term, Values};

/// A coefficient as listed: never zero.
#[derive(Clone, Copy, Debug)]
pub enum Weight<'a> {
    /// Fits 64 bits.
    Small(i64),
    /// Of any size.
    Big(&'a BigInt),
}

impl Weight<'_> {
    /// As a big integer.
    pub fn to_big(self) -> BigInt {
        match self {
            Self::Small(value) => value.into(),
            Self::Big(value) => value.clone(),
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        match self {
            Self::Small(value) => value < 0,
            Self::Big(value) => value.is_negative(),
        }
    }

    fn is_zero(self) -> bool {
        match self {
            Self::Small(value) => value == 0,
            Self::Big(value) => value.is_zero(),
        }
    }
}

/// How to visit the terms of every element of one affine array; all values must be known.
pub struct Plan {
    axes: usize,
    constants: Vec<Coefficients>,
    terms: Vec<TermPlan>,
}

struct TermPlan {
    source: ArrayId,
    sums: Vec<u64>,
    base: i64,
    steps: Vec<i64>,
    /// Constant lists over the array's own axes, with the stride of the source axis they address.
    gathers: Vec<(usize, Arc<[i64]>, i64)>,
    coef: Coefficients,
    band: Option<(Band, u64)>,
}

struct Coefficients {
    base: i64,
    steps: Vec<i64>,
    values: Scaled,
}

enum Scaled {
    One(BigInt, Option<i64>),
    Small(Arc<[i64]>),
    Big(Arc<[BigInt]>),
}

impl Coefficients {
    fn new(circuit: &Circuit, coef: &Coef, axes: usize) -> Self {
        let Some((table, index)) = &coef.table else {
            let values = Scaled::One(coef.scale.clone(), coef.scale.to_i64());
            return Self { base: 0, steps: vec![0; axes], values };
        };
        let values = match &circuit.table(*table).values {
            Some(values) => scaled(values, &coef.scale),
            None => unreachable!("only bound circuits are visited"),
        };
        Self { base: index.base, steps: dense(index, axes), values }
    }

    #[inline]
    fn start(&self, at: &[u64]) -> i64 {
        match self.values {
            Scaled::One(..) => 0,
            _ => self.base + offset(&self.steps, at),
        }
    }

    #[inline]
    fn get(&self, position: i64) -> Weight<'_> {
        match &self.values {
            Scaled::One(_, Some(small)) => Weight::Small(*small),
            Scaled::One(big, None) => Weight::Big(big),
            Scaled::Small(values) => Weight::Small(values[position as usize]),
            Scaled::Big(values) => Weight::Big(&values[position as usize]),
        }
    }
}

fn scaled(values: &Values, scale: &BigInt) -> Scaled {
    if scale == &BigInt::from(1) {
        return match values {
            Values::Small(values) => Scaled::Small(values.clone()),
            Values::Big(values) => Scaled::Big(values.clone()),
            Values::Products(_) => Scaled::Big(values.iter().collect()),
        };
    }
    let product: Vec<BigInt> = values.iter().map(|value| value * scale).collect();
    match product.iter().map(ToPrimitive::to_i64).collect::<Option<Vec<i64>>>() {
        Some(small) => Scaled::Small(small.into()),
        None => Scaled::Big(product.into()),
    }
}

fn dense(index: &Index, axes: usize) -> Vec<i64> {
    let mut steps = vec![0; axes];
    for (axis, step) in &index.steps {
        steps[*axis] += step;
    }
    steps
}

#[inline]
fn offset(steps: &[i64], at: &[u64]) -> i64 {
    steps.iter().zip(at).map(|(step, coordinate)| step * *coordinate as i64).sum()
}

/// Row-major strides of a shape.
pub fn strides(shape: &[Size]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].value as i64;
    }
    strides
}

impl TermPlan {
    fn new(circuit: &Circuit, array: &Array, term: &Term) -> Self {
        let axes = array.shape.len() + term.sum.len();
        let source = circuit.array(term.source);
        let mut base = 0;
        let mut steps = vec![0; axes];
        let mut gathers = Vec::new();
        for (index, stride) in term.index.iter().zip(strides(&source.shape)) {
            base += index.base * stride;
            for (axis, step) in &index.steps {
                steps[*axis] += step * stride;
            }
            gathers.extend(index.gather.iter().map(|(axis, list)| (*axis, list.clone(), stride)));
        }
        let size =
            |axis: usize| array.shape.get(axis).map_or_else(|| term.sum[axis - array.shape.len()].value, |s| s.value);
        Self {
            source: term.source,
            sums: term.sum.iter().map(|size| size.value).collect(),
            base,
            steps,
            gathers,
            coef: Coefficients::new(circuit, &term.coef, axes),
            band: term.band.as_ref().map(|band| (band.clone(), size(band.key))),
        }
    }

    #[inline]
    fn visit<'a>(&'a self, at: &[u64], f: &mut impl FnMut(ArrayId, usize, Weight<'a>)) {
        self.visit_from(at, self.start(at), self.coef.start(at), f);
    }

    #[inline]
    fn visit_from<'a>(&'a self, at: &[u64], source: i64, coef: i64, f: &mut impl FnMut(ArrayId, usize, Weight<'a>)) {
        if let (true, Scaled::One(_, Some(weight))) = (self.sums.is_empty(), &self.coef.values)
            && *weight != 0
        {
            return f(self.source, source as usize, Weight::Small(*weight));
        }
        self.descend(0, at, source, Some(coef), f);
    }

    /// Where in the source the summed axes begin.
    #[inline]
    fn start(&self, at: &[u64]) -> i64 {
        let gathered = self.gathers.iter().map(|(axis, list, stride)| list[at[*axis] as usize] * stride);
        self.base + offset(&self.steps, at) + gathered.sum::<i64>()
    }

    /// Without a place among the coefficients every element read is listed, with weight one.
    fn descend<'a>(
        &'a self,
        depth: usize,
        at: &[u64],
        source: i64,
        coef: Option<i64>,
        f: &mut impl FnMut(ArrayId, usize, Weight<'a>),
    ) {
        let Some(len) = self.sums.get(depth) else { return self.list(source, coef, f) };
        let axis = at.len() + depth;
        let (first, last) = match &self.band {
            Some((band, len)) if band.key == axis => band.keys(at[band.query], *len),
            _ => (0, *len),
        };
        let (step, coef_step) = (self.steps[axis], self.coef.steps[axis]);
        let innermost = depth + 1 == self.sums.len();
        for k in first as i64..last as i64 {
            let (source, coef) = (source + step * k, coef.map(|coef| coef + coef_step * k));
            if innermost { self.list(source, coef, f) } else { self.descend(depth + 1, at, source, coef, f) }
        }
    }

    #[inline]
    fn list<'a>(&'a self, source: i64, coef: Option<i64>, f: &mut impl FnMut(ArrayId, usize, Weight<'a>)) {
        let weight = coef.map_or(Weight::Small(1), |coef| self.coef.get(coef));
        if !weight.is_zero() {
            f(self.source, source as usize, weight);
        }
    }
}

impl Plan {
    /// For one affine array of a bound circuit.
    pub fn new(circuit: &Circuit, array: &Array, affine: &Affine) -> Self {
        let axes = array.shape.len();
        Self {
            axes,
            constants: affine.constants.iter().map(|coef| Coefficients::new(circuit, coef, axes)).collect(),
            terms: affine.terms.iter().map(|term| TermPlan::new(circuit, array, term)).collect(),
        }
    }

    /// Calls `f` with each listed term (array, element, coefficient) of the element at `at`; zero coefficients are not listed.
    #[inline]
    pub fn terms<'a>(&'a self, at: &[u64], f: &mut impl FnMut(ArrayId, usize, Weight<'a>)) {
        debug_assert_eq!(at.len(), self.axes);
        for term in &self.terms {
            term.visit(at, f);
        }
    }

    /// Where each term begins at the first element of a row along the last axis; none where some term does not go straight along it.
    pub fn row(&self, at: &[u64], starts: &mut Vec<(i64, i64)>) -> bool {
        let last = self.axes.wrapping_sub(1);
        starts.clear();
        starts.extend(self.terms.iter().map(|term| (term.start(at), term.coef.start(at))));
        self.terms.iter().all(|term| term.gathers.iter().all(|(axis, ..)| *axis != last))
    }

    /// Like [`Plan::terms`], for the element at `at` of a row that begins at `starts`.
    #[inline]
    pub fn terms_in_row<'a>(
        &'a self,
        at: &[u64],
        starts: &[(i64, i64)],
        f: &mut impl FnMut(ArrayId, usize, Weight<'a>),
    ) {
        let (last, k) = (at.len() - 1, at[at.len() - 1] as i64);
        for (term, (source, coef)) in self.terms.iter().zip(starts) {
            term.visit_from(at, source + term.steps[last] * k, coef + term.coef.steps[last] * k, f);
        }
    }

    /// Calls `f` with each listed term that comes from the term of this number.
    #[inline]
    pub fn term<'a>(&'a self, number: usize, at: &[u64], f: &mut impl FnMut(ArrayId, usize, Weight<'a>)) {
        self.terms[number].visit(at, f);
    }

    /// Calls `f` with each element the term of this number reads, whatever its coefficient.
    pub fn sources(&self, number: usize, at: &[u64], f: &mut impl FnMut(ArrayId, usize)) {
        let term = &self.terms[number];
        let mut each = |source, offset, _| f(source, offset);
        term.descend(0, at, term.start(at), None, &mut each);
    }

    /// The coefficient of the term of this number, which must not depend on its summed axes.
    pub fn coefficient(&self, number: usize, at: &[u64]) -> Weight<'_> {
        let coef = &self.terms[number].coef;
        coef.get(coef.start(at))
    }

    /// Calls `f` with each constant summand of the element at `at`.
    #[inline]
    pub fn constants<'a>(&'a self, at: &[u64], f: &mut impl FnMut(Weight<'a>)) {
        for constant in &self.constants {
            f(constant.get(constant.start(at)));
        }
    }
}

/// The plan of an affine array of a circuit.
pub fn plan(circuit: &Circuit, array: &Array) -> Option<Plan> {
    match &array.node {
        Node::Affine(affine) => Some(Plan::new(circuit, array, affine)),
        Node::Input | Node::Port | Node::Bank(_) => None,
    }
}

/// Calls `f` with the position and coordinates of each existing element, in order.
pub fn elements(shape: &[Size], band: Option<&Band>, mut f: impl FnMut(usize, &[u64])) {
    if shape.iter().any(|size| size.value == 0) {
        return;
    }
    let mut at = vec![0; shape.len()];
    let mut position = 0;
    loop {
        if band.is_none_or(|band| band.holds(&at, shape[band.key].value)) {
            f(position, &at);
        }
        position += 1;
        if !advance(&mut at, shape) {
            return;
        }
    }
}

/// The next coordinates in row-major order; false after the last.
fn advance(at: &mut [u64], shape: &[Size]) -> bool {
    for axis in (0..shape.len()).rev() {
        at[axis] += 1;
        if at[axis] < shape[axis].value {
            return true;
        }
        at[axis] = 0;
    }
    false
}
