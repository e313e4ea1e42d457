//! The trusted checker: whether a certificate proves what it claims of a skeleton; it must not search, nor know how certificates are found.
//!
//! Potentials are sound by induction over the order of computation, which a wired skeleton has: along every edge the polynomial of the reader is
//! compared with that of the source, in every case, as polynomials in variables that are not negative.

pub(crate) mod frame;
pub(crate) mod period;

use thiserror::Error;

use super::digest::digest;
use super::{Bound, Certificate, Classes, Polynomial, Potentials, Proof, Proved, SCHEMA};
use crate::loops::Skeleton;
use crate::loops::skeleton::Reads;
use frame::{Frame, Place, Tensor, covers, under};

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Another format.
    #[error("the schema is `{0}`; this checker reads `{SCHEMA}`")]
    Schema(String),
    /// Another circuit.
    #[error("the certificate is for the circuit {theirs}, this one is {ours}")]
    Circuit {
        /// The certificate's digest.
        theirs: String,
        /// The digest of the skeleton.
        ours: String,
    },
    /// A skeleton no certificate can be for.
    #[error(
        "block `{0}` is not one body for all iterations, each vertex reading earlier ones: no law can be certified"
    )]
    Skeleton(String),
    /// Lists, names or numbers that do not fit the circuit.
    #[error("malformed certificate: {0}")]
    Malformed(String),
    /// More work than any useful certificate needs.
    #[error("the certificate is too large to check: {0}")]
    TooLarge(&'static str),
    /// An inequality that does not hold.
    #[error("not proved: {0}")]
    Unproved(String),
}

/// The most cases times vertices, or iterations times vertices.
const MOST_WORK: u128 = 5_000_000;

/// What the certificate proves.
///
/// # Errors
/// When it is for another circuit, malformed, too large, or does not prove what it claims.
pub fn check(skeleton: &Skeleton, certificate: &Certificate) -> Result<Proved, CheckError> {
    if certificate.schema != SCHEMA {
        return Err(CheckError::Schema(certificate.schema.clone()));
    }
    sound(skeleton)?;
    let ours = digest(skeleton);
    if certificate.circuit != ours {
        return Err(CheckError::Circuit { theirs: certificate.circuit.clone(), ours });
    }
    match &certificate.proof {
        Proof::Potentials(proof) => potentials(skeleton, proof)?,
        Proof::Period(proof) => period::check(skeleton, proof)?,
    }
    Ok(Proved::new(&certificate.proof))
}

/// That vertices read earlier ones, wires and outputs lead somewhere, no axis is named twice, and all iterations have the same depths.
pub(crate) fn sound(skeleton: &Skeleton) -> Result<(), CheckError> {
    let outputs = |block: usize| skeleton.blocks().get(block).map_or(0, |b| b.bodies[0].outputs.len());
    for block in skeleton.blocks() {
        let part = &block.bodies[0];
        let fits = |(number, reads): (usize, &Reads)| match reads {
            Reads::Inside(list) => list.iter().all(|vertex| *vertex < number),
            Reads::Port(port) => *port < block.ports.len(),
        };
        let fine = block.bodies.iter().all(|body| body == part)
            && block.axes.iter().enumerate().all(|(at, axis)| !block.axes[..at].contains(axis))
            && part.vertices.iter().all(|vertex| vertex.latency <= 1 << 40)
            && part.vertices.iter().map(|vertex| &vertex.reads).enumerate().all(fits)
            && part.outputs.iter().all(|vertex| *vertex < part.vertices.len())
            && block.ports.iter().flatten().all(|wire| wire.output < outputs(wire.block));
        fine.then_some(()).ok_or_else(|| CheckError::Skeleton(block.name.clone()))?;
    }
    let names: Vec<&str> = skeleton.axes().iter().map(|axis| &*axis.name).collect();
    let fine = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name))
        && !skeleton.outputs().is_empty()
        && skeleton.outputs().iter().all(|outlet| outlet.output < outputs(outlet.block));
    fine.then_some(()).ok_or_else(|| CheckError::Skeleton("of the outputs".to_owned()))
}

/// Potentials with their polynomials read.
struct Read<'a> {
    frame: Frame<'a>,
    proof: &'a Potentials,
    tables: Vec<Vec<Vec<Vec<Tensor>>>>,
    claim: Vec<Tensor>,
}

fn potentials(skeleton: &Skeleton, proof: &Potentials) -> Result<(), CheckError> {
    let named = proof.axes.iter().map(|axis| &*axis.name).eq(skeleton.axes().iter().map(|axis| &*axis.name));
    let small = |axis: &Classes| axis.edge <= 256 && axis.minimum <= 1 << 40 && axis.period <= 256;
    let proper = |axis: &Classes| axis.period >= 1 && axis.minimum >= 1 && named;
    match () {
        () if !named || !proof.axes.iter().all(proper) => return malformed("its axes are not those of the circuit"),
        () if proof.scale < 1 || proof.claim.is_empty() => return malformed("it has no scale or claims nothing"),
        () if !proof.axes.iter().all(small) => return Err(CheckError::TooLarge("classes of indices")),
        () if proof.axes.len() > 8 || proof.claim.len() > 64 => return Err(CheckError::TooLarge("polynomials")),
        () => {}
    }
    let frame = Frame { skeleton, axes: &proof.axes };
    let read = |polynomial: &Polynomial, own: &[usize]| {
        frame.tensor(polynomial, own).ok_or_else(|| CheckError::Malformed("a term is no product it may be".to_owned()))
    };
    let claim = proof.claim.iter().map(|polynomial| read(polynomial, &[])).collect::<Result<_, _>>()?;
    let mut tables = Vec::new();
    if proof.blocks.len() != skeleton.blocks().len() {
        return malformed("it has not the circuit's blocks");
    }
    for (block, regions) in skeleton.blocks().iter().zip(&proof.blocks) {
        let classes = |axis: &usize| u128::from(proof.axes[*axis].edge + proof.axes[*axis].period);
        let count: u128 = block.axes.iter().map(classes).product();
        let vertices = block.bodies[0].vertices.len();
        let whole = regions.len() as u128 == count && regions.iter().all(|region| region.len() == vertices);
        let said = |list: &Vec<Polynomial>| list.len() <= 64 && (!list.is_empty() || proof.bound == Bound::AtLeast);
        if !whole || !regions.iter().flatten().all(said) {
            return malformed("its polynomials are not those of the circuit's vertices");
        }
        let list = |list: &Vec<Polynomial>| list.iter().map(|p| read(p, &block.axes)).collect::<Result<_, _>>();
        let region = |region: &Vec<Vec<Polynomial>>| region.iter().map(list).collect::<Result<_, _>>();
        tables.push(regions.iter().map(region).collect::<Result<_, _>>()?);
    }
    Read { frame, proof, tables, claim }.check()
}

fn malformed<T>(reason: &str) -> Result<T, CheckError> {
    Err(CheckError::Malformed(reason.to_owned()))
}

impl Read<'_> {
    fn check(&self) -> Result<(), CheckError> {
        let blocks = self.frame.skeleton.blocks();
        for (number, block) in blocks.iter().enumerate() {
            let delays = block.ports.iter().flatten().flat_map(|wire| &wire.at);
            let long = delays.into_iter().any(|at| matches!(at, crate::loops::At::Back(100_000..)));
            let cases = if long { Vec::new() } else { self.frame.cases(number) };
            let work = cases.iter().map(|c| c.len() as u128).product::<u128>() * self.tables[number][0].len() as u128;
            if long || work > MOST_WORK {
                return Err(CheckError::TooLarge("cases of indices"));
            }
            let wrong = |at: &[Place]| (0..block.bodies[0].vertices.len()).find(|v| !self.edges(number, *v, at));
            let mut found = None;
            every(&cases, &mut |at| (found = wrong(at), found.is_none()).1);
            if let Some(vertex) = found {
                return Err(CheckError::Unproved(format!("vertex {vertex} of block `{}`", block.name)));
            }
        }
        let classes = |axis: &Classes| u128::from(axis.edge + axis.period);
        if self.proof.axes.iter().map(classes).map(|count| count * count).product::<u128>() > MOST_WORK {
            return Err(CheckError::TooLarge("cases of the claim"));
        }
        let above = self.proof.bound == Bound::AtLeast || self.below_claim();
        let below = self.proof.bound == Bound::AtMost || self.above_claim();
        (above && below).then_some(()).ok_or_else(|| CheckError::Unproved("the claim on the outputs".to_owned()))
    }

    fn of(&self, block: usize, vertex: usize, at: &[Place]) -> Option<Vec<Tensor>> {
        self.tables[block][self.frame.region(block, at)][vertex].iter().map(|p| under(p, at)).collect()
    }

    /// The polynomials of what a vertex reads, in one case; of what reads nothing, 0.
    fn sources(&self, block: usize, reads: &Reads, at: &[Place]) -> Option<Vec<Tensor>> {
        match reads {
            Reads::Inside(list) if list.is_empty() => Some(vec![vec![0; 3usize.pow(at.len() as u32)]]),
            Reads::Inside(list) => {
                Some(list.iter().map(|v| self.of(block, *v, at)).collect::<Option<Vec<_>>>()?.concat())
            }
            Reads::Port(port) => {
                let (wire, place) = self.frame.source(block, *port, at)?;
                self.of(wire.block, self.frame.skeleton.vertex(wire), &place)
            }
        }
    }

    /// Whether the polynomials of a vertex are right if those of what it reads are, in one case.
    fn edges(&self, block: usize, vertex: usize, at: &[Place]) -> bool {
        let inner = &self.frame.skeleton.blocks()[block].bodies[0].vertices[vertex];
        let (Some(own), Some(sources)) = (self.of(block, vertex, at), self.sources(block, &inner.reads, at)) else {
            return false;
        };
        let latency = i128::from(inner.latency).saturating_mul(i128::from(self.proof.scale));
        let above = || sources.iter().all(|low| own.iter().any(|high| covers(high, low, latency)));
        let below = || own.iter().all(|low| sources.iter().any(|high| covers(high, low, -latency)));
        (self.proof.bound == Bound::AtLeast || above()) && (self.proof.bound == Bound::AtMost || below())
    }

    /// Whether no output is above the claim.
    fn below_claim(&self) -> bool {
        self.frame.skeleton.outputs().iter().all(|outlet| {
            let vertex = self.frame.skeleton.blocks()[outlet.block].bodies[0].outputs[outlet.output];
            every(&self.frame.cases(outlet.block), &mut |at| {
                let claim: Option<Vec<Tensor>> = self.claim.iter().map(|p| under(p, at)).collect();
                let (Some(claim), Some(own)) = (claim, self.of(outlet.block, vertex, at)) else { return false };
                own.iter().all(|low| claim.iter().any(|high| covers(high, low, 0)))
            })
        })
    }

    /// Whether, for all lengths, some iteration of an output is not below each part of the claim.
    fn above_claim(&self) -> bool {
        let lengths: Vec<Vec<Place>> = (0..self.frame.axes.len()).map(|axis| self.frame.lengths(axis)).collect();
        self.claim.iter().all(|claim| every(&lengths, &mut |at| self.reached(claim, at)))
    }

    fn reached(&self, claim: &Tensor, lengths: &[Place]) -> bool {
        let Some(claim) = under(claim, lengths) else { return false };
        self.frame.skeleton.outputs().iter().any(|outlet| {
            let vertex = self.frame.skeleton.blocks()[outlet.block].bodies[0].outputs[outlet.output];
            let ends: Vec<Vec<Place>> =
                lengths.iter().enumerate().map(|(axis, place)| self.frame.ends(outlet.block, axis, place)).collect();
            let reaches = |own: Vec<Tensor>| own.iter().any(|high| covers(high, &claim, 0));
            !every(&ends, &mut |at| !self.of(outlet.block, vertex, at).is_some_and(reaches))
        })
    }
}

/// Whether something holds in all combinations of cases along each axis.
fn every(cases: &[Vec<Place>], holds: &mut dyn FnMut(&[Place]) -> bool) -> bool {
    fn rest(cases: &[Vec<Place>], at: &mut Vec<Place>, holds: &mut dyn FnMut(&[Place]) -> bool) -> bool {
        let Some(along) = cases.get(at.len()) else { return holds(at) };
        along.iter().all(|place| {
            at.push(*place);
            let held = rest(cases, at, holds);
            at.pop();
            held
        })
    }
    rest(cases, &mut Vec::new(), holds)
}
