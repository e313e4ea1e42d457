//! What running a reduction shows, in one call: for pages that state what follows from it; must not know what follows.

use std::sync::Arc;

use super::formats::Asked;
use super::machine::{Example, Figures, Machine};
use super::{ReduceError, Via, gadget};
use crate::number::Format;
use crate::problems::draws::Draws;
use crate::problems::netlist::{Literal, Netlist};
use crate::problems::{Family, Instance};
use crate::spec::program::Formats;
use crate::words::Strategy;

/// A reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Parity, by least squares in dimension 1; sizes are letters.
    Parity,
    /// The word problem of S5, by online least squares in dimension 5; sizes are permutations.
    S5,
    /// The inner product modulo 2, by weighted least squares in dimension 2; sizes are letters.
    InnerProduct,
    /// Composition of functions on three points, by online least squares; sizes are functions.
    Composition,
    /// NAND circuits, by the hinge loss; sizes are gates, here and below.
    Hinge,
    /// NAND circuits, by one polynomial loss.
    Polynomial,
    /// NAND circuits, by rounded least squares.
    Rounding,
    /// Monotone circuits, by rounded Q-learning: chains of majorities of three, four gates each.
    QLearning,
}

/// What running it showed.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Which problem becomes which learning rule.
    pub title: String,
    /// The formats it ran in.
    pub formats: Formats,
    /// Steps of the learning rule.
    pub steps: usize,
    /// Entries of its weights.
    pub dimension: usize,
    /// The circuit that ran.
    pub figures: Figures,
    /// How many instances ran.
    pub instances: u64,
    /// Whether they were all of their size.
    pub exhaustive: bool,
    /// How many by evaluating the circuit's arrays.
    pub evaluated: u64,
    /// How many by simulating its gates.
    pub simulated: u64,
    /// How many gave something else than the solution.
    pub mismatches: u64,
    /// The first of these.
    pub refutation: Option<Example>,
}

/// Inputs of the circuits that are run.
const INPUTS: usize = 4;
/// Points of the functions that are composed.
const POINTS: usize = 3;
/// More instances than this are not all run, but as many random ones as the second number says.
const MOST_EXHAUSTIVE: u64 = 128;
const DRAWN: u64 = 64;
/// What circuits and instances are drawn from.
const SEED: u64 = 4;

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Parity,
        Self::S5,
        Self::InnerProduct,
        Self::Composition,
        Self::Hinge,
        Self::Polynomial,
        Self::Rounding,
        Self::QLearning,
    ];

    /// A size that runs in well under a second.
    pub fn default_size(self) -> usize {
        match self {
            Self::Parity => 7,
            Self::S5 | Self::Composition => 4,
            Self::InnerProduct => 3,
            Self::Hinge | Self::Rounding | Self::Polynomial => 10,
            Self::QLearning => 4,
        }
    }

    /// The instances of a size, and the way circuits go; circuits are random, from a fixed seed.
    fn family(self, size: usize) -> (Family, Via) {
        let circuit = |via| (Family::Circuit(Arc::new(Netlist::random(INPUTS, size, &mut Draws::new(SEED)))), via);
        match self {
            Self::Parity => (Family::Parity(size), Via::Hinge),
            Self::S5 => (Family::Permutations(size), Via::Hinge),
            Self::InnerProduct => (Family::InnerProduct(size), Via::Hinge),
            Self::Composition => (Family::Composition { points: POINTS, functions: size }, Via::Hinge),
            Self::Hinge => circuit(Via::Hinge),
            Self::Polynomial => circuit(Via::Polynomial),
            Self::Rounding => circuit(Via::Rounding),
            Self::QLearning => (Family::Circuit(Arc::new(majorities(size))), Via::QLearning),
        }
    }
}

/// Majorities of three, each of the last one and the next two inputs in a circle: of at least so many gates.
fn majorities(gates: usize) -> Netlist {
    let mut netlist = Netlist { inputs: INPUTS, ands: Vec::new(), outputs: vec![Literal::of(1, false)] };
    for round in 0..gates.div_ceil(4) {
        let last = netlist.outputs[0];
        let input = |place: usize| Literal::of(1 + (2 * round + place) % INPUTS, false);
        let (a, b, first) = (input(1), input(2), 1 + INPUTS + netlist.ands.len());
        let node = |place: usize, inverted| Literal::of(first + place, inverted);
        // last and (a or b), or a and b.
        netlist.ands.extend([
            [a.inverse(), b.inverse()],
            [a, b],
            [last, node(0, true)],
            [node(1, true), node(2, true)],
        ]);
        netlist.outputs[0] = node(3, true);
    }
    netlist
}

/// Compiles a reduction of this size with weights in this format, and runs it on all instances, or on random ones where they are many.
///
/// # Errors
/// When the format is too narrow (the error names one that suffices), or the size too large.
pub fn evidence(kind: Kind, format: Option<Format>, size: usize) -> Result<Evidence, ReduceError> {
    let (family, via) = kind.family(size.max(1));
    let machine =
        Machine::compile(gadget(&family, via)?, &Asked { weights: format, ..Asked::default() }, Strategy::Size)?;
    let count = family.count().filter(|count| *count <= MOST_EXHAUSTIVE);
    let mut draws = Draws::new(SEED);
    let instances: Vec<Instance> = match count {
        Some(count) => (0..count).map(|number| family.instance(number)).collect(),
        None => (0..DRAWN).map(|_| family.random(&mut draws)).collect(),
    };
    let outcome = machine.run(instances.into_iter(), &mut |_| {})?;
    Ok(Evidence {
        title: machine.gadget.title(),
        formats: machine.formats,
        steps: machine.gadget.steps(),
        dimension: machine.gadget.dimension(),
        figures: machine.figures,
        instances: outcome.instances,
        exhaustive: count.is_some(),
        evaluated: outcome.evaluated,
        simulated: outcome.simulated,
        mismatches: outcome.mismatches,
        refutation: outcome.refutation,
    })
}
