//! Looped systems in models of computation beside threshold gates, and runs between observed values in all of them: depths as certified
//! laws, counts as polynomials; must not know what an operation costs or how laws are found.

use num_bigint::BigInt;
use num_traits::{One, Signed};

use super::Error;
use super::looped::LoopedModel;
use super::subject::{Options, built};
use crate::circuit::{Circuit, looped::skeleton};
use crate::cost::Model;
use crate::cost::looped::{Costs, Widths, costs};
use crate::cost::named::{Named, Visit};
use crate::cost::names::Place;
use crate::expr::Expr;
use crate::law::{Law, derive};
use crate::number::Rational;
use crate::spec::Document;
use crate::tensor::{Carrier, Graph};

/// A depth: at the lengths of the axes, and as a law in them.
#[derive(Clone, Debug)]
pub struct Depth {
    /// What it rests on, vertex by vertex with names.
    pub named: Named,
    /// The law, certified for [`Named::skeleton`].
    pub law: Law,
}

/// A looped system in a cost model.
#[derive(Clone, Debug)]
pub struct Costed {
    /// Its depth, in operations or gates.
    pub depth: Depth,
    /// Latencies and counts.
    pub costs: Costs,
}

/// The longest run between observed values.
#[derive(Clone, Debug)]
pub struct OpaqueDepth {
    /// Its depth: that of the skeleton cut at observed vertices.
    pub depth: Depth,
    /// What is observed: inputs, outputs, emitted tokens, and the names asked for.
    pub observed: Vec<String>,
}

/// An exact value carried in units that are no powers of two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "port {port} of block `{block}` carries multiples of {unit}, which is no power of two: its bits are not counted; use the arithmetic \
     model, or a factor that is a binary fraction"
)]
pub struct Unit {
    /// The block.
    pub block: String,
    /// Its port.
    pub port: usize,
    /// The unit.
    pub unit: Rational,
}

/// Most layers of one iteration of all blocks: so many, [`MOST_VISITED`] times over, are counted in 64 bits.
const MOST_LAYERS: u128 = 1 << 40;

/// Most vertices of all iterations that are visited one by one.
const MOST_VISITED: u128 = 4_000_000;

impl Depth {
    /// Derives the law.
    ///
    /// # Errors
    /// When there is none, not even bounds.
    pub fn new(named: Named) -> Result<Self, Error> {
        let law = derive(&named.skeleton)?;
        Ok(Self { named, law })
    }

    /// The depth at the lengths of the axes, and whether it is exact: the law's; by visiting every iteration where the law does not say
    /// and they are few; or an upper bound.
    pub fn value(&self) -> Option<(BigInt, bool)> {
        let axes = self.named.skeleton.axes();
        let of = |name: &str| axes.iter().find(|axis| &*axis.name == name).map(|axis| axis.length);
        let visited = || self.is_small().then(|| BigInt::from(self.named.skeleton.depth()));
        let exact = self.law.value(&of).or_else(visited).map(|depth| (depth, true));
        exact.or_else(|| Some((self.law.upper(&of)?, false)))
    }

    /// The vertices that cost something on a longest path; none where there are too many iterations to visit.
    pub fn path(&self) -> Option<Vec<Visit>> {
        self.is_small().then(|| self.named.path())
    }

    fn is_small(&self) -> bool {
        let skeleton = &self.named.skeleton;
        let blocks = skeleton.blocks().iter().enumerate();
        let work = |(number, block): (usize, &crate::loops::Block<crate::loops::skeleton::Part>)| {
            skeleton.iterations(number).saturating_mul(block.bodies[0].vertices.len() as u128)
        };
        blocks.map(work).fold(0, u128::saturating_add) <= MOST_VISITED
    }
}

impl Costed {
    /// The costs and the law of a looped system.
    ///
    /// # Errors
    /// When bodies of a block are unlike, an exact value is carried in units that are no powers of two (Boolean), or no law is found.
    pub fn new(model: &LoopedModel, counted: Model) -> Result<Self, Error> {
        let costs = self::costs_of(model, counted)?;
        Ok(Self { depth: Depth::new(costs.named.clone())?, costs })
    }

    /// The same of a document whose partial sums may be rounded, in threshold gates by the table of layers: nothing is lowered.
    ///
    /// # Errors
    /// When it cannot be built, an axis it lacks is given a length, an iteration has too many layers, or no law is found.
    pub fn rounded(document: &Document, options: &Options) -> Result<Self, Error> {
        let (graph, inside) = built(document, options)?;
        let mut costs = costs(&graph, Model::Threshold, &[])?;
        costs.dims.extend(inside);
        let bodies = costs.named.skeleton.blocks().iter().flat_map(|block| &block.bodies);
        let layers = bodies.flat_map(|body| &body.vertices).map(|vertex| u128::from(vertex.latency)).sum::<u128>();
        if layers > MOST_LAYERS {
            return Err(Error::Long);
        }
        Ok(Self { depth: Depth::new(costs.named.clone())?, costs })
    }

    /// A count at the lengths of the axes.
    pub fn value(&self, count: &Expr) -> BigInt {
        let axes = self.costs.named.skeleton.axes();
        let axis = |name: &str| axes.iter().find(|axis| &*axis.name == name).map(|axis| axis.length);
        count.value(|name| axis(name).or_else(|| self.costs.dims.get(name).copied()).unwrap_or(1))
    }
}

/// The costs of a looped system, without a law.
///
/// # Errors
/// As [`Costed::new`], but for the law.
pub fn costs_of(model: &LoopedModel, counted: Model) -> Result<Costs, Error> {
    let mut bodies = model.graph.blocks().iter().flat_map(|block| &block.bodies);
    if let (Some(how), true) = (bodies.find_map(Graph::accumulation), counted != Model::Threshold) {
        // The tables of these models are of exact sums.
        return Err(Error::Accumulate { policy: how.policy });
    }
    let widths = match counted {
        Model::Arithmetic | Model::Threshold => Vec::new(),
        Model::Boolean => {
            (0..model.graph.blocks().len()).map(|block| widths(model, block)).collect::<Result<_, _>>()?
        }
    };
    Ok(costs(&model.graph, counted, &widths)?)
}

/// The skeleton of the threshold circuits, each array named by what made it.
pub fn layers(model: &LoopedModel) -> Named {
    let circuits = &model.lowered.circuits;
    let places = circuits.blocks().iter().map(|block| places(&block.name, &block.bodies[0])).collect();
    Named { skeleton: skeleton(circuits), places }
}

fn places(block: &str, circuit: &Circuit) -> Vec<Place> {
    let path = |array: &crate::circuit::Array| {
        let origin = &circuit.origins()[array.origin.index()];
        let own = origin.module.iter().chain(std::iter::once(&origin.operation));
        Place { path: std::iter::once(block.to_owned()).chain(own.cloned()).collect() }
    };
    circuit.arrays().iter().map(path).collect()
}

/// The longest run between observed values: of threshold layers by [`layers`], or of a cost model by [`Costs::named`]. Inputs and
/// outputs are always observed, and so are tokens that decoding emits.
///
/// # Errors
/// When a name fits nothing, or no law is found.
pub fn opaque(named: &Named, names: &[String]) -> Result<OpaqueDepth, Error> {
    let depth = Depth::new(named.cut(names)?)?;
    let outputs = named.skeleton.outputs().iter().map(|outlet| format!("{} out", outlet.name));
    let emitted = named.emits().then(|| "emitted tokens".to_owned());
    let observed = std::iter::once("inputs".to_owned()).chain(outputs).chain(emitted).chain(names.iter().cloned());
    Ok(OpaqueDepth { depth, observed: observed.collect() })
}

/// Bits, and bits after the point, of what the ports of a block carry; those of stored values are not read.
fn widths(model: &LoopedModel, block: usize) -> Result<Widths, Unit> {
    let (graph, circuits) = (&model.graph.blocks()[block], &model.lowered.circuits);
    let circuit = &circuits.blocks()[block].bodies[0];
    let ports = graph.bodies[0].ports().into_iter().zip(circuit.ports()).enumerate();
    let width = |(port, ((_, carrier), array)): (usize, ((_, Carrier), _))| {
        let wire = &graph.ports[port][0];
        let unit = &model.lowered.units[wire.block][wire.output];
        let range = &circuit.array(array).range;
        match carrier {
            Carrier::Stored(_) | Carrier::Choice => Ok((1, 0)),
            Carrier::Exact => width(&range.lo, &range.hi, unit).ok_or_else(|| Unit {
                block: graph.name.clone(),
                port,
                unit: unit.clone(),
            }),
        }
    };
    ports.map(width).collect()
}

/// The two's complement width of integers between two, in a unit; none where that is no power of two.
fn width(lo: &BigInt, hi: &BigInt, unit: &Rational) -> Option<(u64, u64)> {
    let power = |value: &BigInt| value.is_positive() && value.magnitude().count_ones() == 1;
    if !power(unit.numer()) || !power(unit.denom()) {
        return None;
    }
    let least = |value: BigInt| if value.is_negative() { -value - BigInt::one() } else { value };
    let bits = [lo, hi].map(|end| least(end * unit.numer()).bits()).into_iter().max()? + 1;
    let fraction = unit.denom().bits() - 1;
    Some((bits.max(fraction + 1), fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_hold_their_ranges_and_no_less_would() {
        let bits =
            |lo: i64, hi: i64, (p, q): (i64, i64)| width(&lo.into(), &hi.into(), &Rational::new(p.into(), q.into()));
        assert_eq!(bits(-8, 7, (1, 4)), Some((4, 2)));
        assert_eq!(bits(-9, 7, (1, 4)), Some((5, 2)));
        assert_eq!(bits(0, 8, (1, 1)), Some((5, 0)));
        assert_eq!(bits(0, 3, (4, 1)), Some((5, 0)));
        assert_eq!(bits(0, 0, (1, 8)), Some((4, 3)));
        assert_eq!((bits(0, 1, (1, 3)), bits(0, 1, (3, 4))), (None, None));
    }
}
