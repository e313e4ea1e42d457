//! The trusted checker: whether a certificate proves what it claims of a skeleton; it must not search, nor know how certificates are found.
//!
//! Why it is sound. The iterations of a wired skeleton have an order of computation. By induction along it, the depth of each vertex is nowhere
//! above the maximum of its polynomials if they cover those of all it reads, a latency later; and nowhere below if those of what it reads cover
//! them. The last vertex has the depth of the circuit. Cases stand for all lengths and indices (`axis`): in each, every wire exists or does not,
//! every index has one class, and all are affine in variables that are not negative; so one polynomial covers another if no coefficient of their
//! difference is negative. What is missing or out of range covers nothing.

mod axis;

use super::{Bound, Certificate, CheckError, Classes, Factor, Polynomial, Proved, SCHEMA};
use crate::loops::skeleton::Reads;
use crate::loops::{At, Skeleton, Wire};
use axis::{Along, Place};

/// The most terms read and polynomials compared.
const MOST_WORK: usize = 20_000_000;

/// A polynomial at some places: a coefficient for each choice of 1 or a variable along every axis.
type Tensor = Vec<i128>;

/// What the certificate proves.
///
/// # Errors
/// When it is for another circuit, malformed, too large, or does not prove what it claims.
pub fn check(skeleton: &Skeleton, certificate: &Certificate) -> Result<Proved, CheckError> {
    if certificate.schema != SCHEMA {
        return Err(CheckError::Schema(certificate.schema.clone()));
    }
    skeleton.uniform().map_err(CheckError::Skeleton)?;
    let ours = skeleton.digest();
    if certificate.circuit != ours {
        return Err(CheckError::Circuit { theirs: certificate.circuit.clone(), ours });
    }
    let closed = skeleton.closed();
    let axes = axes(&closed, certificate)?;
    let check = Check { skeleton: &closed, certificate, axes, left: MOST_WORK.into() };
    (0..closed.blocks().len()).try_for_each(|block| check.block(block))?;
    Ok(Proved::new(certificate))
}

/// The axes, if they and the blocks are the skeleton's.
fn axes(skeleton: &Skeleton, certificate: &Certificate) -> Result<Vec<Along>, CheckError> {
    let Certificate { axes, scale, blocks, .. } = certificate;
    let named = axes.iter().map(|axis| &*axis.name).eq(skeleton.axes().iter().map(|axis| &*axis.name));
    if !named || blocks.len() != skeleton.blocks().len() || *scale < 1 || certificate.claim().is_empty() {
        return Err(CheckError::Malformed("its axes or blocks are not the circuit's, or it has no scale or claim"));
    }
    let along = |(number, axis): (usize, &Classes)| Along::new(axis, skeleton.longest_delay(number));
    let along = axes.iter().enumerate().map(along).collect::<Option<_>>();
    along.ok_or(CheckError::TooLarge("too many classes, too long a least length, or an index without class"))
}

/// A skeleton, the certificate for it, its axes, and the work left.
struct Check<'a> {
    skeleton: &'a Skeleton,
    certificate: &'a Certificate,
    axes: Vec<Along>,
    left: std::cell::Cell<usize>,
}

impl Check<'_> {
    /// Whether the polynomials of a block's vertices are right if those of all they read are.
    fn block(&self, number: usize) -> Result<(), CheckError> {
        let (block, regions) = (&self.skeleton.blocks()[number], &self.certificate.blocks[number]);
        let classes = block.axes.iter().map(|axis| self.axes[*axis].classes()).fold(1, i128::saturating_mul);
        let vertices = block.bodies[0].vertices.len();
        if regions.len() as i128 != classes || regions.iter().any(|region| region.len() != vertices) {
            return Err(CheckError::Malformed("it has not a list for each class of indices and each vertex"));
        }
        let along = |(number, axis): (usize, &Along)| axis.places(block.axes.contains(&number));
        let cases: Vec<Vec<Place>> = self.axes.iter().enumerate().map(along).collect();
        let many = cases.iter().map(Vec::len).fold(1, usize::saturating_mul);
        let wrong = |case: usize| {
            let at = combination(&cases, case);
            (0..vertices).find(|vertex| self.edges(number, *vertex, &at) != Some(true))
        };
        match (0..many).find_map(wrong) {
            Some(_) if self.left.get() == 0 => Err(CheckError::TooLarge("cases of indices")),
            Some(vertex) => Err(CheckError::Unproved(format!("vertex {vertex} of block `{}`", block.name))),
            None => Ok(()),
        }
    }

    /// Whether those of a vertex are, in one case.
    fn edges(&self, block: usize, vertex: usize, at: &[Place]) -> Option<bool> {
        let inner = &self.skeleton.blocks()[block].bodies[0].vertices[vertex];
        let latency = i128::from(inner.latency) * i128::from(self.certificate.scale);
        let (own, read) = (self.values(block, vertex, at, 0)?, self.read(block, &inner.reads, at, latency)?);
        let above = self.certificate.bound == Bound::AtLeast || self.cover(&own, &read)?;
        Some(above && (self.certificate.bound == Bound::AtMost || self.cover(&read, &own)?))
    }

    /// The polynomials of what a vertex reads, so much later; of what reads nothing, 0.
    fn read(&self, block: usize, reads: &Reads, at: &[Place], later: i128) -> Option<Vec<Tensor>> {
        match reads {
            Reads::Inside(list) if list.is_empty() => Some(vec![value(&vec![], at, later)?]),
            Reads::Inside(list) => {
                let each = list.iter().map(|vertex| self.values(block, *vertex, at, later));
                Some(each.collect::<Option<Vec<_>>>()?.concat())
            }
            Reads::Port(port) => {
                let mut wires = self.skeleton.blocks()[block].ports[*port].iter();
                let (wire, places) = wires.find_map(|wire| Some((wire, self.reach(wire, at)?)))?;
                self.values(wire.block, self.skeleton.vertex(wire), &places, later)
            }
        }
    }

    /// Where a wire leads; none before its source's first iteration.
    fn reach(&self, wire: &Wire, at: &[Place]) -> Option<Vec<Place>> {
        let mut places: Vec<Place> = at.iter().map(|place| Place { index: None, ..*place }).collect();
        for (axis, end) in self.skeleton.blocks()[wire.block].axes.iter().zip(&wire.at) {
            let ([from, x, y], back) = match end {
                At::Last => (at[*axis].length, 1),
                At::Back(delay) => (at[*axis].index?, i128::from(*delay)),
            };
            places[*axis].index = Some((from >= back).then_some([from - back, x, y])?);
        }
        Some(places)
    }

    /// The polynomials of a vertex, so much later.
    fn values(&self, block: usize, vertex: usize, at: &[Place], later: i128) -> Option<Vec<Tensor>> {
        let region = self.skeleton.blocks()[block].axes.iter().try_fold(0, |number, axis| {
            Some(number * self.axes[*axis].classes() + self.axes[*axis].class(at[*axis].index?[0]))
        })?;
        let list = self.certificate.blocks[block].get(usize::try_from(region).ok()?)?.get(vertex)?;
        self.spend(list.iter().map(Vec::len).sum::<usize>())?;
        list.iter().map(|polynomial| value(polynomial, at, later)).collect()
    }

    /// Whether each of `low` is covered by one of `high`.
    fn cover(&self, high: &[Tensor], low: &[Tensor]) -> Option<bool> {
        self.spend(high.len().saturating_mul(low.len()))?;
        let covers = |high: &Tensor, low: &Tensor| high.iter().zip(low).all(|(high, low)| high >= low);
        Some(low.iter().all(|low| high.iter().any(|high| covers(high, low))))
    }

    /// Takes from the work that is left; none when nothing is.
    fn spend(&self, work: usize) -> Option<()> {
        self.left.set(self.left.get().saturating_sub(work).saturating_sub(1));
        (self.left.get() > 0).then_some(())
    }
}

/// A polynomial in the variables of its places; none where it reads an index there is none of, or a number is out of range.
fn value(polynomial: &Polynomial, at: &[Place], later: i128) -> Option<Tensor> {
    let mut sum = vec![0i128; 3usize.pow(at.len() as u32)];
    sum[0] = later;
    for term in polynomial {
        (term.of.len() == at.len()).then_some(())?;
        add(&mut sum, (0, 1), &term.of, at, term.times.into())?;
    }
    Some(sum)
}

/// Adds a product, its first factors multiplied out, from one coefficient on; those of the next variable are so far apart.
fn add(sum: &mut [i128], (first, apart): (usize, usize), of: &[Factor], at: &[Place], times: i128) -> Option<()> {
    let ([factor, of @ ..], [place, at @ ..]) = (of, at) else {
        return sum[first].checked_add(times).map(|total| sum[first] = total);
    };
    let parts = match factor {
        Factor::One => [1, 0, 0],
        Factor::Index => place.index?,
        Factor::Length => place.length,
    };
    let mut parts = parts.into_iter().enumerate().filter(|(_, part)| *part != 0);
    parts.try_for_each(|(n, part)| add(sum, (first + n * apart, 3 * apart), of, at, times.checked_mul(part)?))
}

/// The combination of this number of a case along each axis.
fn combination(cases: &[Vec<Place>], mut number: usize) -> Vec<Place> {
    let next = |list: &Vec<Place>| {
        let place = list[number % list.len()];
        number /= list.len();
        place
    };
    cases.iter().map(next).collect()
}
