//! How each array of a bound circuit is best read: decided once, from shapes, ranges and coefficients alone.

use std::sync::Arc;

use num_bigint::BigInt;

use super::ands::Product;
use super::data::Data;
use super::integer::Int;
use super::matrix::Matrix;
use super::prefix::Prefix;
use super::shared::Shared;
use super::sums::{Constant, Plain, Ranked};
use crate::circuit::{Affine, Array, Bank, Circuit, Node, Thresholds};

/// How the elements of an array are computed.
pub(super) enum Reading {
    /// Given.
    Input,
    /// Sums in integers as wide as their range needs.
    Sums(Sums),
    /// Gates `[F >= t]`, found among the thresholds by bisection.
    Gates { form: usize, thresholds: Sorted, alone: bool },
    /// Gates of forms that are not made one by one.
    Prefix(Box<Prefix>, Arc<[usize]>, Box<Reading>),
}

/// Sums of terms.
pub(super) struct Sums {
    width: Width,
    constants: Vec<Constant>,
    terms: Vec<Term>,
}

/// How many bits a value is kept in: 64, 128 or any number.
enum Width {
    Narrow,
    Wide,
    Big,
}

enum Term {
    Plain(Plain),
    /// Of gates that are counted, where they are; else as any other.
    Ranked(Ranked, Plain),
    Matrix(Matrix, Plain),
    /// Of bits, where they are; else as any other.
    Product(Product, Plain),
}

/// Thresholds in ascending order, in three widths.
pub(super) struct Sorted {
    small: Vec<i64>,
    wide: Vec<i128>,
    all: Arc<[BigInt]>,
}

impl Reading {
    /// Of one array of a bound circuit.
    pub fn new(circuit: &Circuit, array: &Array, shared: &mut Shared) -> Self {
        match &array.node {
            Node::Input | Node::Port => Self::Input,
            Node::Affine(affine) => Self::affine(circuit, array, affine, shared),
            Node::Bank(bank) => Self::bank(circuit, array, bank),
        }
    }

    fn affine(circuit: &Circuit, array: &Array, affine: &Affine, shared: &mut Shared) -> Self {
        let width = match array.range.magnitude().bits() {
            0..=62 => Width::Narrow,
            63..=126 => Width::Wide,
            _ => Width::Big,
        };
        let constants = affine.constants.iter().map(|coef| Constant::new(circuit, array, coef)).collect();
        let terms = affine.terms.iter().map(|term| Term::new(circuit, array, term, shared)).collect();
        Self::Sums(Sums { width, constants, terms })
    }

    fn bank(circuit: &Circuit, array: &Array, bank: &Bank) -> Self {
        let list: Arc<[BigInt]> = match &bank.thresholds {
            Thresholds::Known(list) => list.clone(),
            Thresholds::Counted { .. } => Arc::from([]),
        };
        let alone = circuit.array(bank.form).shape.len() == array.shape.len();
        let gates = Self::Gates { form: bank.form.index(), thresholds: Sorted::new(list), alone };
        match Prefix::new(circuit, array) {
            Some(prefix) => {
                let sources = prefix.sources().collect();
                Self::Prefix(Box::new(prefix), sources, Box::new(gates))
            }
            None => gates,
        }
    }

    /// The arrays it reads.
    pub fn sources(&self) -> Vec<usize> {
        match self {
            Self::Input => Vec::new(),
            Self::Sums(sums) => sums.terms.iter().flat_map(Term::sources).collect(),
            Self::Gates { form, .. } => vec![*form],
            Self::Prefix(_, sources, _) => sources.to_vec(),
        }
    }
}

impl Term {
    fn new(circuit: &Circuit, array: &Array, term: &crate::circuit::Term, shared: &mut Shared) -> Self {
        let plain = Plain::new(circuit, array, term);
        if let Some(product) = Product::new(circuit, array, &plain, term, shared) {
            return Self::Product(product, plain);
        }
        if let Some(matrix) = Matrix::new(circuit, array, &plain) {
            return Self::Matrix(matrix, plain);
        }
        let source = circuit.array(term.source);
        let gates = source.shape.last().map_or(0, |size| size.value) as usize;
        let counted = matches!(source.node, Node::Bank(_)) && gates > 1;
        match counted.then(|| Ranked::new(circuit, array, &plain, term, gates, shared)).flatten() {
            Some(ranked) => Self::Ranked(ranked, plain),
            None => Self::Plain(plain),
        }
    }

    fn sources(&self) -> Vec<usize> {
        match self {
            Self::Plain(plain) | Self::Ranked(_, plain) | Self::Matrix(_, plain) => vec![plain.source],
            Self::Product(product, _) => product.sources().collect(),
        }
    }

    fn add<T: Int>(&self, array: &Array, data: &[Data], out: &mut [T]) {
        match self {
            Self::Product(product, plain) => {
                if !product.add(array, data, out) {
                    plain.add(array, &data[plain.source], out);
                }
            }
            Self::Plain(plain) => plain.add(array, &data[plain.source], out),
            Self::Matrix(matrix, plain) => {
                if !matrix.add(&data[matrix.source], out) {
                    plain.add(array, &data[plain.source], out);
                }
            }
            Self::Ranked(ranked, plain) => match &data[ranked.source] {
                Data::Ranks { ranks, .. } => ranked.add(array, ranks, out),
                other => plain.add(array, other, out),
            },
        }
    }
}

impl Sums {
    /// The elements of the array.
    pub fn compute(&self, array: &Array, data: &[Data]) -> Data {
        match self.width {
            Width::Narrow => Data::Small(self.elements(array, data)),
            Width::Wide => Data::Wide(self.elements(array, data)),
            Width::Big => Data::Big(self.elements(array, data)),
        }
    }

    /// Banks that were to be left out, and are needed: what was taken for bits is not.
    pub fn needed(&self, data: &[Data]) -> Vec<usize> {
        let needed = |term: &Term| match term {
            Term::Product(product, plain) if !product.holds(data) => Some(plain.source),
            _ => None,
        };
        self.terms.iter().filter_map(needed).collect()
    }

    fn elements<T: Int>(&self, array: &Array, data: &[Data]) -> Vec<T> {
        let mut out = vec![T::default(); array.box_len().unwrap_or(0)];
        self.constants.iter().for_each(|constant| constant.add(array, &mut out));
        self.terms.iter().for_each(|term| term.add(array, data, &mut out));
        out
    }
}

impl Sorted {
    fn new(all: Arc<[BigInt]>) -> Self {
        Self { small: all.iter().map(i64::nearest).collect(), wide: all.iter().map(i128::nearest).collect(), all }
    }

    /// How many thresholds each form reaches.
    pub fn ranks(&self, forms: &Data) -> Vec<u32> {
        match forms {
            Data::Gone => Vec::new(),
            Data::Small(forms) => forms.iter().map(|form| reached(&self.small, form)).collect(),
            Data::Wide(forms) => forms.iter().map(|form| reached(&self.wide, form)).collect(),
            Data::Big(forms) => forms.iter().map(|form| reached(&self.all, form)).collect(),
            Data::Bits(_) | Data::Ranks { .. } => {
                forms.bits().iter().map(|bit| reached(&self.small, &i64::from(*bit))).collect()
            }
        }
    }
}

fn reached<T: Ord>(thresholds: &[T], form: &T) -> u32 {
    thresholds.partition_point(|threshold| threshold <= form) as u32
}
