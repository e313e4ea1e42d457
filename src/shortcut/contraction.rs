//! Steps that bring all states nearer: the last K of them decide the result, whatever went before. Layers: those of K steps.
//!
//! Every map `w -> A w + b` has `|A w - A w'| <= rho |w - w'|` in the largest entry, rho the greatest sum of absolute values of a row of A over all
//! data. In real arithmetic states that lie within R of each other are within `rho^K R` after K steps, and K is the least for which that is at most `2^-b`. With
//! rounding, each step adds to the distance at most what two roundings can differ by, in all `N (1 - rho^K) / (1 - rho)`:
//! rounding to a format and saturating never moves two values apart by more than one unit.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::affine::{Affine, Rounding, Step, ends, unit};
use super::parts::{Layout, Parts, signed};
use super::polynomial::{Polynomial, Variable};
use super::prefix::bounds;
use super::{Built, Refused, affine};
use crate::number::{Format, Rational};
use crate::pipeline::looped::LoopedModel;
use crate::program;
use crate::spec::program::{Program, Start};
use crate::words::Strategy;

/// The most bits of data of one step.
const MOST_BITS: u64 = 16;

/// The most steps that are kept.
const MOST_KEPT: u64 = 1 << 14;

/// How fast states come together.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// rho: the greatest norm of a step's matrix.
    pub rate: Rational,
    /// R in real arithmetic: no two states lie farther apart.
    pub radius: Rational,
    /// R with rounding.
    pub rounded_radius: Rational,
    /// N: what roundings of one step add to a distance at most.
    pub noise: Rational,
}

impl Rate {
    /// The steps that decide the result within `2^-bits`, in real arithmetic.
    ///
    /// # Errors
    /// When there are too many.
    pub fn kept(&self, bits: u32) -> Result<u64, Refused> {
        // rho^K R <= 2^-b, as integers.
        let small = |kept: u64| {
            let shrunk = power(&self.rate, kept);
            (shrunk.numer() * self.radius.numer()) << bits <= shrunk.denom() * self.radius.denom()
        };
        let mut most = 1;
        while !small(most) {
            most *= 2;
            if most > MOST_KEPT {
                let rate = &self.rate;
                return Err(Refused::Apart(format!(
                    "at rho = {rate}, more than {MOST_KEPT} steps decide the result within 2^-{bits}"
                )));
            }
        }
        let mut least = most / 2 + u64::from(most > 1);
        while least < most {
            let middle = (least + most) / 2;
            if small(middle) { most = middle } else { least = middle + 1 }
        }
        Ok(if small(0) { 0 } else { most })
    }

    /// How far apart two runs with the same last steps can end in real arithmetic.
    pub fn exact_bound(&self, kept: u64) -> Rational {
        power(&self.rate, kept) * &self.radius
    }

    /// How far apart they can end with rounding.
    pub fn rounded_bound(&self, kept: u64) -> Rational {
        let shrunk = power(&self.rate, kept);
        let added = &self.noise * (Rational::one() - &shrunk) / (Rational::one() - &self.rate);
        (shrunk * &self.rounded_radius + added).min(self.rounded_radius.clone())
    }
}

/// A fraction in lowest terms to a power, which is in lowest terms too.
fn power(fraction: &Rational, exponent: u64) -> Rational {
    let raised = |x: &BigInt| num_traits::pow(x.clone(), exponent as usize);
    Rational::new_raw(raised(fraction.numer()), raised(fraction.denom()))
}

/// How fast the states of a program come together.
///
/// # Errors
/// When steps are not affine, or some data leave states as far apart as they were.
pub fn rate(parts: &Parts) -> Result<Rate, Refused> {
    let affine = affine(parts)?;
    let mut worst = Worst::default();
    for step in &affine.steps {
        worst.widen(&affine, step)?;
    }
    if worst.rate >= Rational::one() {
        return Err(Refused::Apart(worst.told(&affine)));
    }
    let spread = Rational::one() - &worst.rate;
    let (low, high) = bounds(&affine, &affine.start);
    let start = low.abs().max(high.abs());
    let two = Rational::from_integer(2.into());
    let radius = &two * start.clone().max(&worst.offset / &spread);
    let noise =
        affine.steps.iter().zip(&affine.roundings).map(|(step, all)| added(&affine, step, all)).collect::<Vec<_>>();
    let noise = noise.into_iter().max().unwrap_or_default();
    let reach = start.max((&worst.offset + &noise / &two) / &spread);
    let rounded_radius = (&two * &reach).min(box_width(&affine).unwrap_or(&two * &reach));
    for roundings in &affine.roundings {
        unsaturated(&affine, roundings, &reach)?;
    }
    Ok(Rate { rate: worst.rate, radius, rounded_radius, noise })
}

/// The greatest norms, and the data of the greatest.
#[derive(Default)]
struct Worst {
    rate: Rational,
    offset: Rational,
    levels: Vec<i64>,
    seen: bool,
}

impl Worst {
    fn widen(&mut self, affine: &Affine, step: &Step) -> Result<(), Refused> {
        let formats: Vec<Format> = affine.inputs[1].iter().chain(&affine.inputs[2]).copied().collect();
        let bits: u64 = formats.iter().map(|format| u64::from(format.bits())).sum();
        if bits > MOST_BITS {
            return Err(Refused::Many { what: "the data of one step", bits, most: MOST_BITS });
        }
        let early = affine.inputs[1].len();
        for number in 0..1u64 << bits {
            let levels = levels(number, &formats);
            let value = |variable: Variable| match variable {
                Variable::Early(entry) => number_of(levels[entry], formats[entry]),
                Variable::Data(entry) => number_of(levels[early + entry], formats[early + entry]),
                Variable::State(_) | Variable::Start(_) | Variable::Noise(_) => Rational::zero(),
            };
            let size = |all: &[Polynomial]| all.iter().map(|entry| entry.at(&value).abs()).sum::<Rational>();
            let norm = step.matrix.iter().map(|row| size(row)).max().unwrap_or_default();
            let offset = step.offset.iter().map(|entry| entry.at(&value).abs()).max().unwrap_or_default();
            self.offset = self.offset.clone().max(offset);
            if norm > self.rate || !self.seen {
                (self.rate, self.levels, self.seen) = (norm, levels, true);
            }
        }
        Ok(())
    }

    fn told(&self, affine: &Affine) -> String {
        let formats = affine.inputs[1].iter().chain(&affine.inputs[2]);
        let values: Vec<String> =
            self.levels.iter().zip(formats).map(|(level, format)| number_of(*level, *format).to_string()).collect();
        let data = if values.is_empty() { String::new() } else { format!(" on the data ({})", values.join(", ")) };
        format!(
            "the matrix of a step has norm {}{data}, so two states may stay as far apart as they were; a regulariser, or data that are never zero, would bring them together",
            self.rate
        )
    }
}

fn levels(number: u64, formats: &[Format]) -> Vec<i64> {
    let mut rest = number;
    let level = |format: &Format| {
        let level = signed(rest & ((1 << format.bits()) - 1), *format);
        rest >>= format.bits();
        level
    };
    formats.iter().map(level).collect()
}

fn number_of(level: i64, format: Format) -> Rational {
    unit(format) * Rational::from_integer(level.into())
}

/// What the roundings of one step add to the distance of two runs at most: a unit each, times what multiplies it, and a unit of the weights.
fn added(affine: &Affine, step: &Step, roundings: &[Rounding]) -> Rational {
    let row = |(row, format): (&Vec<Polynomial>, &Option<Format>)| {
        let each = row.iter().zip(roundings).map(|(factor, rounding)| {
            let (low, high) = factor.bounds(&|variable| affine.range(variable));
            low.abs().max(high.abs()) * unit(rounding.format)
        });
        each.sum::<Rational>() + format.map_or_else(Rational::zero, unit)
    };
    step.noise.iter().zip(&affine.formats).map(row).max().unwrap_or_default()
}

/// The greatest distance of two states all of whose entries are rounded.
fn box_width(affine: &Affine) -> Option<Rational> {
    let widths = affine.formats.iter().map(|format| format.map(|format| ends(format).1 - ends(format).0));
    widths.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Refuses values that a store inside a step may cut off: there a step would not be affine.
fn unsaturated(affine: &Affine, roundings: &[Rounding], reach: &Rational) -> Result<(), Refused> {
    let range = |variable: Variable| match variable {
        Variable::State(entry) => {
            let (low, high) = affine.formats[entry].map_or_else(|| (-reach, reach.clone()), ends);
            (low.max(-reach), high.min(reach.clone()))
        }
        Variable::Noise(number) => {
            let half = unit(roundings[number].format) / Rational::from_integer(2.into());
            (-half.clone(), half)
        }
        Variable::Start(_) | Variable::Early(_) | Variable::Data(_) => affine.range(variable),
    };
    for Rounding { label, format, value } in roundings {
        let ((low, high), (least, most)) = (value.bounds(&range), ends(*format));
        if low < least || most < high {
            return Err(Refused::Apart(format!(
                "`{label}` can be as far out as {low} to {high}, which {format} cuts off, and there a step is not affine; use a wider format"
            )));
        }
    }
    Ok(())
}

/// The circuit of the last steps, from a fixed start.
#[derive(Clone, Debug)]
pub struct Truncated {
    /// The circuit.
    pub built: Built,
    /// The steps kept.
    pub kept: u64,
    /// The program it is the plain unrolling of.
    pub program: Program,
}

/// The plain unrolling of the last steps of a program; `kept` is raised so that hard-wired data begin where they would.
///
/// # Errors
/// When there are no more steps than are kept, or they cannot be lowered.
pub fn truncated(program: &Program, layout: &Layout, kept: u64) -> Result<Truncated, Refused> {
    let cycle = match program.data.is_hard_wired() {
        true => program::system(program)?.blocks().iter().map(|block| block.bodies.len() as u64).max().unwrap_or(1),
        false => 1,
    };
    let kept = kept.max(1);
    let kept = kept + program.steps.saturating_sub(kept) % cycle;
    if kept >= program.steps {
        let steps = program.steps;
        return Err(Refused::Apart(format!(
            "the last {kept} steps decide the result, and there are only {steps}: at {} steps and more this is shallower",
            kept + 1
        )));
    }
    let start = if program.start == Start::Inputs { Start::Zeros } else { program.start.clone() };
    let short = Program { steps: kept, start, ..program.clone() };
    let built = unrolled(&short)?;
    let skipped = (program.steps - kept) as usize;
    let first = layout.steps[skipped];
    let later = |name: &str| match name.split_once('[') {
        Some((word, step)) => match step.trim_end_matches(']').parse::<usize>() {
            Ok(step) => format!("{word}[{}]", step + skipped),
            Err(_) => name.to_owned(),
        },
        None => name.to_owned(),
    };
    let mut own = built.layout;
    own.words.iter_mut().for_each(|word| word.name = later(&word.name));
    let reads = if layout.early.is_empty() { first..layout.formats.len() } else { layout.early.clone() };
    Ok(Truncated { built: Built { layout: own, reads, ..built }, kept, program: short })
}

/// A program's plain unrolling, by its own pipeline.
///
/// # Errors
/// When it cannot be lowered, or is too long to write out.
pub fn unrolled(program: &Program) -> Result<Built, Refused> {
    let system = program::system(program)?;
    let model = LoopedModel::new(system, Strategy::Depth)?;
    let circuit = model.unrolled()?;
    let units = model.output_units();
    let layout = Parts::of(&model.graph).map(|parts| parts.layout()).unwrap_or_default();
    let reads = 0..layout.formats.len();
    Ok(Built { circuit, layout, reads, units })
}
