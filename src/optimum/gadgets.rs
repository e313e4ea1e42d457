//! Our own gadgets as circuits of a few input bits, measured, and the functions they compute, to be set against optima; must not know how
//! optima are found.

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use thiserror::Error;

use super::functions::{self, FunctionError};
use super::table::{Table, TableError};
use crate::circuit::evaluate::{EvaluateError, evaluate};
use crate::circuit::measure::{self, MeasureError};
use crate::circuit::{
    Affine, ArrayId, Builder, Circuit, CircuitError, Coef, Index, Size, Table as Coefficients, Term, Thresholds,
};
use crate::number::{Format, FormatError, Function};
use crate::pipeline;
use crate::words::{Form, Maker, Pairing, Stored, Strategy, Word, unit_of};

/// A gadget's figures, and what it computes.
#[derive(Clone, Debug)]
pub struct Gadget {
    /// What it is.
    pub name: String,
    /// How it was lowered.
    pub strategy: Strategy,
    /// The bits of its result, in two's complement where it may be negative, as functions of its input bits.
    pub table: Table,
    /// Layers until its result is an exact form over gates.
    pub depth: u64,
    /// Layers until every number it gives out is one gate.
    pub gate_depth: u64,
    /// Its gates; those of a last layer that `gate_depth` may count are not among them.
    pub gates: BigInt,
}

/// Why a gadget was not measured. None of these happens to those listed here.
#[derive(Debug, Error)]
#[error("internal error: {0}")]
pub struct GadgetError(String);

macro_rules! from {
    ($($error:ty),*) => { $(impl From<$error> for GadgetError {
        fn from(error: $error) -> Self {
            Self(error.to_string())
        }
    })* };
}

from!(CircuitError, MeasureError, EvaluateError, FormatError, TableError, FunctionError, pipeline::Error);

type Result<T> = std::result::Result<T, GadgetError>;

/// Every gadget that is compared, under both strategies where they differ.
///
/// # Errors
/// Never: what is built here is well formed.
pub fn gadgets() -> Result<Vec<Gadget>> {
    let mut found = Vec::new();
    for bits in [2, 3, 4] {
        let name = format!("parity of {bits} bits, alternating sum");
        found.push(gadget(&name, Strategy::Depth, alternating(bits)?, bits as usize)?);
    }
    for strategy in [Strategy::Depth, Strategy::Size] {
        found.push(gadget("x >= y, int(2)", strategy, comparison(strategy)?, 4)?);
        found.push(gadget("max(x, y), int(2)", strategy, maximum(strategy)?, 4)?);
        found.push(gadget("x + y, int(2), stored in int(3)", strategy, sum(strategy)?, 4)?);
        found.push(gadget("x y, int(2), an exact form", strategy, product(strategy, None)?, 4)?);
        found.push(gadget("x y, int(2), stored in int(4)", strategy, product(strategy, Some(Format::new(4, 0)?))?, 4)?);
    }
    for steps in 1..=4 {
        for strategy in [Strategy::Depth, Strategy::Size] {
            found.push(descent(steps, strategy)?);
        }
    }
    Ok(found)
}

/// `sum of (-1)^(c+1) [x1 + ... + xn >= c]`.
fn alternating(bits: u64) -> Result<Circuit> {
    let mut builder = Builder::new();
    let input = builder.input(vec![Size::fixed(bits)])?;
    let all = Term::new(input, vec![Index::axis(0)]).over(vec![Size::fixed(bits)]);
    let sum = builder.affine(vec![], None, Affine { constants: vec![], terms: vec![all] })?;
    let gates = builder.bank(sum, Thresholds::Known((1..=bits).map(BigInt::from).collect()))?;
    let signs =
        builder.table(Coefficients::small((0..bits).map(|c| if c % 2 == 0 { 1 } else { -1 }).collect::<Vec<_>>()));
    let term = Term::new(gates, vec![Index::axis(0)]).over(vec![Size::fixed(bits)]);
    let term = term.times(Coef::table(signs, Index::axis(0)));
    let parity = builder.affine(vec![], None, Affine { constants: vec![], terms: vec![term] })?;
    builder.output("y", parity);
    Ok(builder.build())
}

/// A maker, and two words of int(2).
fn two_words(strategy: Strategy) -> Result<(Maker, Word, Word)> {
    let mut maker = Maker::new(strategy, true);
    let format = Format::new(2, 0)?;
    let x = maker.word_input(vec![Size::fixed(1)], format)?;
    let y = maker.word_input(vec![Size::fixed(1)], format)?;
    Ok((maker, x, y))
}

/// A word as the strategy hands it on: its value over a thermometer, or its bits.
fn given_out(mut maker: Maker, word: &Word, format: Format) -> Result<Circuit> {
    let array = match maker.strategy {
        Strategy::Depth => maker.value(word)?,
        Strategy::Size => maker.carried(word, format)?,
    };
    maker.builder.output("y", array);
    Ok(maker.builder.build())
}

/// `a x + b y`, an exact form.
fn combined(maker: &mut Maker, x: &Word, y: &Word, factors: [i64; 2]) -> Result<ArrayId> {
    let mut term = |word: &Word, factor: i64| -> Result<Term> {
        Ok(Term::new(maker.value(word)?, vec![Index::axis(0)]).by(factor))
    };
    let terms = vec![term(x, factors[0])?, term(y, factors[1])?];
    Ok(maker.affine(vec![Size::fixed(1)], None, terms, vec![])?)
}

fn stored(maker: &mut Maker, array: ArrayId, format: Format) -> Result<Word> {
    let form = Form { array, unit: unit_of(0) };
    Ok(maker.store(&form, &Stored { function: Function::Identity, format })?)
}

fn comparison(strategy: Strategy) -> Result<Circuit> {
    let (mut maker, x, y) = two_words(strategy)?;
    let difference = combined(&mut maker, &x, &y, [1, -1])?;
    let gate = maker.builder.gate(difference, 0)?;
    maker.builder.output("y", gate);
    Ok(maker.builder.build())
}

fn maximum(strategy: Strategy) -> Result<Circuit> {
    let mut maker = Maker::new(strategy, true);
    let format = Format::new(2, 0)?;
    let both = maker.word_input(vec![Size::fixed(2)], format)?;
    let larger = maker.maximum(&both, format, 0)?;
    given_out(maker, &larger, format)
}

fn sum(strategy: Strategy) -> Result<Circuit> {
    let (mut maker, x, y) = two_words(strategy)?;
    let form = combined(&mut maker, &x, &y, [1, 1])?;
    let format = Format::new(3, 0)?;
    let word = stored(&mut maker, form, format)?;
    given_out(maker, &word, format)
}

fn product(strategy: Strategy, format: Option<Format>) -> Result<Circuit> {
    let (mut maker, x, y) = two_words(strategy)?;
    let here = vec![Index::axis(0)];
    let pairing = Pairing { shape: vec![Size::fixed(1)], band: None, first: here.clone(), second: here };
    let form = maker.product(&x, &y, &pairing, 0)?;
    match format {
        Some(format) => {
            let word = stored(&mut maker, form, format)?;
            given_out(maker, &word, format)
        }
        None => {
            maker.builder.output("y", form);
            Ok(maker.builder.build())
        }
    }
}

fn gadget(name: &str, strategy: Strategy, circuit: Circuit, inputs: usize) -> Result<Gadget> {
    let table = computed(name, &circuit, inputs)?;
    let measured = measure::exact(&circuit)?;
    let gates = measured.value(&measured.gates);
    Ok(Gadget { name: name.to_owned(), strategy, table, depth: measured.depth, gate_depth: measured.gate_depth, gates })
}

/// The bits of what a circuit gives out, by evaluating it on every assignment: of one number those of two's complement, of several,
/// which are then bits themselves, each as it is.
fn computed(name: &str, circuit: &Circuit, inputs: usize) -> Result<Table> {
    let mut rows: Vec<Vec<i64>> = Vec::new();
    for at in 0..1_u32 << inputs {
        let bits: Vec<bool> = (0..inputs).map(|input| at >> input & 1 == 1).collect();
        let values = evaluate(circuit, &bits)?.remove("y").unwrap_or_default();
        rows.push(values.iter().map(|value| value.to_i64().unwrap_or(i64::MAX)).collect());
    }
    let (least, most) = rows.iter().flatten().fold((0, 0), |(a, b), value| (a.min(*value), b.max(*value)));
    let width = (1..=32).find(|width| {
        if least < 0 { -(1 << (width - 1)) <= least && most < 1 << (width - 1) } else { most < 1 << width }
    });
    let width = width.ok_or_else(|| GadgetError("a result beyond 32 bits".to_owned()))?;
    let word = |row: &[i64]| match row {
        [value] => *value as u32,
        bits => bits.iter().enumerate().fold(0, |word, (place, bit)| word | (*bit as u32) << place),
    };
    let count = if rows[0].len() == 1 { width as usize } else { rows[0].len() };
    let names: Vec<String> = (0..count).map(|bit| format!("y{bit}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(Table::of_numbers(name, inputs, &names, |at| word(&rows[at as usize]))?)
}

/// The unrolled program of the parity, as it is compiled: data of two bits each, of which the optimum sees one.
fn descent(steps: usize, strategy: Strategy) -> Result<Gadget> {
    let table = functions::named(&format!("gd-parity({steps})"))?;
    let model = functions::parity_program(steps, strategy)?;
    let measured = measure::exact(&model.unrolled()?)?;
    let gates = measured.value(&measured.gates);
    let name = format!("descent, {steps} step{}", if steps == 1 { "" } else { "s" });
    Ok(Gadget { name, strategy, table, depth: measured.depth, gate_depth: measured.gate_depth, gates })
}
