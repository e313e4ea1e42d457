//! The depth of a scan along its positions: derived at every power of two, and read off as a law in `ceil(log2(context))`; must not know cells
//! or commands.
//!
//! A scan of n positions composes them in `ceil(log2 n)` rounds (Kogge and Stone 1973), and no depth of an array uses its length, so all contexts
//! with as many rounds have the same depth. Each of these depths is a law in the other axes with a certificate of its own; that they differ by the
//! same from round to round is seen in every round there is, not proved for more.

use num_bigint::BigInt;

use super::Error;
use super::subject::{Options, Subject};
use crate::expr::Expr;
use crate::number::Rational;
use crate::recurrent::Recurrence;
use crate::spec::Document;

/// Rounds looked at; gates are counted with ranges that differ from position to position, which takes long beyond.
const MOST_ROUNDS: u32 = 10;

/// A scan at contexts 1, 2, 4, ..., all other axes at their lengths.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// In increasing order of contexts.
    pub rows: Vec<Row>,
    /// The depth in the context and the other axes, if rounds differ alike.
    pub law: Option<ScanLaw>,
    /// Why there are no longer contexts.
    pub beyond: String,
}

/// A scan at one context.
#[derive(Clone, Debug)]
pub struct Row {
    /// Positions.
    pub context: u64,
    /// Layers.
    pub depth: BigInt,
    /// Gates, at most.
    pub gates: BigInt,
    law: Option<Expr>,
}

/// The depth in the context, for contexts in an inclusive range.
#[derive(Clone, Debug)]
pub struct ScanLaw {
    /// Layers.
    pub depth: Expr,
    /// Layers for each round.
    pub rate: Expr,
    /// The least context.
    pub from: u64,
    /// The greatest context.
    pub to: u64,
}

impl Scanned {
    /// A recurrent network as a scan, at every power of two it can be built for.
    ///
    /// # Errors
    /// When it is no linear recurrence without rounding between positions.
    pub fn new(document: &Document, options: &Options) -> Result<Self, Error> {
        let mut rows: Vec<Row> = Vec::new();
        for round in 0..=MOST_ROUNDS {
            match row(document, options, 1 << round) {
                Ok(row) => rows.push(row),
                Err(error) if rows.is_empty() => return Err(error),
                Err(error) => return Ok(Self { law: law(&rows), rows, beyond: error.to_string() }),
            }
        }
        Ok(Self { law: law(&rows), rows, beyond: "longer contexts were not looked at".to_owned() })
    }
}

fn row(document: &Document, options: &Options, context: u64) -> Result<Row, Error> {
    let mut options = Options { recurrence: Recurrence::Scan, ..options.clone() };
    options.lengths.insert("context".to_owned(), context);
    let subject = Subject::new(document, &options)?;
    let lengths = subject.lengths();
    let depth = subject.depth(&lengths).map(|(depth, _)| depth).unwrap_or_default();
    Ok(Row { context, depth, gates: subject.size(&subject.sizes.gates, &lengths), law: whole(&subject) })
}

/// The law as one polynomial for all lengths.
fn whole(subject: &Subject) -> Option<Expr> {
    let (polynomials, lengths) = subject.law.whole()?;
    let [polynomial] = polynomials else { return None };
    lengths.iter().all(|lengths| lengths.all()).then(|| polynomial.clone())
}

/// The last rounds that differ alike, three contexts at least.
fn law(rows: &[Row]) -> Option<ScanLaw> {
    let laws: Vec<&Expr> = rows.iter().map_while(|row| row.law.as_ref()).collect();
    if laws.len() < rows.len() {
        return None;
    }
    let rates: Vec<Expr> = laws.windows(2).map(|pair| pair[1] + &negative(pair[0])).collect();
    let rate = rates.last()?;
    let first = rates.iter().rposition(|other| other != rate).map_or(0, |unlike| unlike + 1);
    (rates.len() - first >= 2).then_some(())?;
    let rounds = &Expr::dim(&"context".into()).ceil_log2() + &negative(&Expr::constant(first));
    let from = if first == 0 { 1 } else { rows[first - 1].context + 1 };
    let depth = laws[first] + &(rate * &rounds);
    Some(ScanLaw { depth, rate: rate.clone(), from, to: rows.last()?.context })
}

fn negative(expr: &Expr) -> Expr {
    expr.scaled(&Rational::from_integer((-1).into()))
}
