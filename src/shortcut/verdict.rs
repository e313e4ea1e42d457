//! Each rule applied to a program: the circuit, its figures beside those of the plain unrolling, and whether they compute the same; must not
//! know how any of it is worded.

use num_bigint::BigInt;

use super::compare::{self, Compared, Inputs};
use super::contraction::{self, Rate, Truncated};
use super::machine::Machine;
use super::parts::Parts;
use super::rounding::{self, Outcome};
use super::{Built, Refused, Rule, automaton, evenly_spaced, hard_wired, powering, prefix};
use crate::circuit::measure::{Bound, Measure};
use crate::number::Rational;
use crate::pipeline::{self, looped::LoopedModel};
use crate::program;
use crate::spec::Document;
use crate::spec::program::{Program, Quantity};
use crate::tensor::looped::Looped;
use crate::words::Strategy;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Steps, over those the program names.
    pub steps: Option<u64>,
    /// A contraction keeps as many steps as decide the result within `2^-within`.
    pub within: u32,
    /// Which inputs are tried.
    pub inputs: Inputs,
    /// The seed of those that are drawn.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: None, within: 4, inputs: Inputs::Automatic, seed: 1 }
    }
}

/// Depth and size of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Layers until every output is an exact word.
    pub depth: u64,
    /// Layers with every output as single gates, where that was counted.
    pub gate_depth: Option<u64>,
    /// Gates.
    pub gates: BigInt,
    /// Wires; none where they keep growing from step to step.
    pub wires: Option<BigInt>,
    /// Bits of the largest weight or threshold.
    pub weight_bits: Option<u64>,
    /// Equal to those of the explicit gates; else upper bounds.
    pub exact: bool,
}

impl Figures {
    /// Of a measured circuit.
    pub fn of(measure: &Measure) -> Self {
        Self {
            depth: measure.depth,
            gate_depth: Some(measure.gate_depth),
            gates: measure.value(&measure.gates),
            wires: Some(measure.value(&measure.wires)),
            weight_bits: Some(measure.weight_bits),
            exact: measure.bound == Bound::Exact,
        }
    }
}

/// A contraction's bounds, and what was measured.
#[derive(Clone, Debug)]
pub struct Saturation {
    /// rho, R and N.
    pub rate: Rate,
    /// The steps kept.
    pub kept: u64,
    /// b: in real arithmetic the result is within `2^-b`.
    pub within: u32,
    /// The greatest distance in exact arithmetic, over the inputs compared.
    pub exact: Rational,
    /// The greatest distance with rounding that is proved.
    pub bound: Rational,
}

/// A rule that applies: what it makes, and the evidence.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The steps.
    pub steps: u64,
    /// The circuit.
    pub built: Built,
    /// Its figures.
    pub figures: Figures,
    /// The circuit against what it stands for: exact descent, or descent as the program rounds it.
    pub compared: Compared,
    /// Exact descent against rounded descent, where the circuit is of exact descent.
    pub rounding: Option<Outcome>,
    /// Weight bits at several numbers of steps, where they are what grows.
    pub growth: Vec<(u64, u64)>,
    /// Of a contraction.
    pub saturation: Option<Saturation>,
}

impl Applied {
    /// Whether the circuit computes what it is said to, on every input that was tried: equal to it, or of a contraction within its bounds.
    pub fn holds(&self) -> bool {
        match &self.saturation {
            None => self.compared.different == 0,
            Some(saturation) => {
                let goal = Rational::new(1.into(), BigInt::from(1) << saturation.within);
                saturation.exact <= goal && self.compared.largest <= saturation.bound
            }
        }
    }
}

/// A rule and what came of it.
#[derive(Debug)]
pub struct Verdict {
    /// The rule.
    pub rule: Rule,
    /// The circuit and its evidence, or why there is none.
    pub applied: Result<Applied, Refused>,
}

/// Steps up to which exact and rounded descent are compared.
const MOST_SEARCHED: u64 = 64;

/// Every rule applied to a program.
///
/// # Errors
/// When the document is no program, or the program cannot be built.
pub fn applicable(document: &Document, options: &Options) -> Result<Vec<Verdict>, Refused> {
    let program = program_of(document)?;
    limited(&Program { steps: options.steps.unwrap_or(program.steps), ..program.clone() })?;
    evenly_spaced(&parts(&program::system(program)?)?)?;
    Ok(Rule::ALL.into_iter().map(|rule| Verdict { rule, applied: apply(rule, program, options) }).collect())
}

/// The program of a document.
///
/// # Errors
/// When it describes something else.
pub fn program_of(document: &Document) -> Result<&Program, Refused> {
    match document {
        Document::Program(program) => Ok(program),
        Document::Model(_) => Err(Refused::NoProgram("a transformer")),
        Document::Looped(_) => Err(Refused::NoProgram("a transformer in loops")),
        Document::Recurrent(_) => Err(Refused::NoProgram("a recurrent network")),
        Document::Onnx(_) => Err(Refused::NoProgram("a graph of operators")),
    }
}

/// One rule applied to a program.
///
/// # Errors
/// When it does not apply, or its circuit would be too large.
pub fn apply(rule: Rule, program: &Program, options: &Options) -> Result<Applied, Refused> {
    let steps = options.steps.unwrap_or(program.steps);
    let program = Program { steps, ..program.clone() };
    limited(&program)?;
    let system = program::system(&program)?;
    let parts = parts(&system)?;
    let built = match rule {
        Rule::Prefix => prefix::build(&parts)?,
        Rule::HardWired => hard_wired::build(&parts)?,
        Rule::Powering => powering::build(&parts)?,
        Rule::Automaton => automaton::build(&parts)?,
        Rule::Contraction => return contracted(&program, &parts, options),
    };
    let measure = built.measure()?;
    let exact = rounding::unrounded(&system, false);
    let exact = self::parts(&exact)?;
    let mut machine = Machine::new(if rule.is_exact() { exact } else { parts });
    let compared = compare::compare(&built, &measure, &mut machine, options.inputs, options.seed)?;
    let rounding = rule.is_exact().then(|| rounding::search(&parts, &exact, MOST_SEARCHED)).transpose()?;
    let growth = if rule == Rule::HardWired { growth(&system)? } else { Vec::new() };
    Ok(Applied { steps, built, figures: Figures::of(&measure), compared, rounding, growth, saturation: None })
}

fn parts(system: &Looped) -> Result<Parts<'_>, Refused> {
    Parts::of(system).ok_or(Refused::Data("the program is not a start, one step repeated and an end"))
}

/// The most entries of all inputs of all steps.
const MOST_ENTRIES: u128 = 1 << 16;

/// Refuses so many inputs that even listing them would take long.
fn limited(program: &Program) -> Result<(), Refused> {
    let entries = |all: Vec<Quantity>| -> u128 {
        all.iter().map(|one| one.shape.iter().fold(1u128, |n, length| n.saturating_mul(u128::from(*length)))).sum()
    };
    let examples = entries(program.quantities()).saturating_mul(u128::from(program.batch()));
    let one = examples.max(entries(program.weights())).max(1);
    if one > MOST_ENTRIES {
        return Err(Refused::Entries { entries: one, most: MOST_ENTRIES });
    }
    let most = (MOST_ENTRIES / one) as u64;
    if program.steps > most { Err(Refused::Steps { steps: program.steps, most }) } else { Ok(()) }
}

fn contracted(program: &Program, parts: &Parts, options: &Options) -> Result<Applied, Refused> {
    let rate = contraction::rate(parts)?;
    let layout = parts.layout();
    let Truncated { built, kept, program: short } =
        contraction::truncated(program, &layout, rate.kept(options.within)?)?;
    let measure = built.measure()?;
    let compared = compare::compare(&built, &measure, &mut Machine::new(*parts), options.inputs, options.seed)?;
    let last = program::system(&short)?;
    let (whole, last) = (rounding::unrounded(parts.system, true), rounding::unrounded(&last, true));
    let mut machines = [Machine::new(self::parts(&whole)?), Machine::new(self::parts(&last)?)];
    let [whole, last] = &mut machines;
    let exact = compare::farthest(whole, last, &built.reads, &compared.coverage)?;
    let bound = rate.rounded_bound(kept);
    let saturation = Some(Saturation { rate, kept, within: options.within, exact, bound });
    let (steps, figures, growth) = (program.steps, Figures::of(&measure), Vec::new());
    Ok(Applied { steps, built, figures, compared, rounding: None, growth, saturation })
}

/// Steps up to which the plain unrolling is written out and measured exactly.
const MOST_WRITTEN: u128 = 1 << 10;

/// Weight bits of the one layer after 1, 2, 4, .. steps.
fn growth(system: &Looped) -> Result<Vec<(u64, u64)>, Refused> {
    let one = |power: u32| {
        let steps = 1u64 << power;
        let system = system.clone().resized(|_| Some(steps)).map_err(pipeline::Error::from)?;
        let measure = hard_wired::build(&parts(&system)?)?.measure()?;
        Ok((steps, measure.weight_bits))
    };
    (0..=6).map(one).collect()
}

/// The figures of a program unrolled step after step by its own pipeline.
///
/// # Errors
/// When it cannot be lowered.
pub fn plain(program: &Program) -> Result<Figures, Refused> {
    let system = program::system(program)?;
    let model = LoopedModel::new(system.clone(), Strategy::Depth)?;
    let iterations: u128 = (0..system.blocks().len()).map(|block| system.iterations(block)).sum();
    if iterations <= MOST_WRITTEN {
        return Ok(Figures::of(&crate::circuit::measure::exact(&model.unrolled()?)?));
    }
    let sizes = model.sizes();
    let at = |expr: &crate::expr::Expr| {
        let axis =
            |name: &crate::expr::Dim| crate::loops::skeleton::axis(system.axes(), name).map_or(1, |axis| axis.length);
        expr.value(axis)
    };
    Ok(Figures {
        depth: model.skeleton().depth(),
        gate_depth: None,
        gates: at(&sizes.gates),
        wires: sizes.wires.as_ref().map(at),
        weight_bits: sizes.weight_bits,
        exact: false,
    })
}
