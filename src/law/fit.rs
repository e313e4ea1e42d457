//! Polynomials of nodes on cycles, fitted to depths computed for small lengths; what it finds is a guess for the checker.
//!
//! Depths are computed with one polynomial entering the component at a time. Along each axis the polynomial at a point follows from three depths:
//! there, one period later, and with one period more iterations.

use std::collections::HashMap;
use std::rc::Rc;

use super::frame::{Place, Tensor, covers, under};
use super::table::{Case, Node, Table, product};
use crate::loops::skeleton::Reads;
use crate::loops::{Instance, Skeleton};

/// Not reached.
const NEVER: i128 = i128::MIN / 4;

/// So many polynomials enter one at a time.
const MOST_RUNS: usize = 12;

/// Depths inside a component for one choice of lengths: for each block, iterations times vertices.
struct Run {
    skeleton: Rc<Skeleton>,
    depths: Vec<Vec<i128>>,
}

pub(super) fn component(table: &mut Table<'_>, nodes: &[usize]) {
    let mut inside = vec![false; table.lists.len()];
    nodes.iter().for_each(|id| inside[*id] = true);
    let mut entering = entering(table, nodes, &inside);
    entering.sort_by_key(|polynomial| std::cmp::Reverse(polynomial.iter().sum::<i128>()));
    let bases = bases(table);
    let scope = Scope { nodes, inside: &inside, skeletons: resized(table, &bases), bases };
    // What enters alone may be seen where it leads only later; but nothing is above what all do together.
    let all = runs(table, &scope, &entering);
    respond(table, &scope, &all, &all);
    for _ in 0..MOST_RUNS {
        let Some(next) = entering.iter().position(|p| !covered(table, nodes, &inside, p)) else { break };
        let one = entering.remove(next);
        entering.drain(..next);
        let alone = runs(table, &scope, &[one]);
        respond(table, &scope, &alone, &all);
    }
}

/// A component, and lengths to compute its depths for.
struct Scope<'a> {
    nodes: &'a [usize],
    inside: &'a [bool],
    bases: Vec<Vec<i128>>,
    /// The skeleton at the bases and, along some axes, a period more.
    skeletons: HashMap<Vec<i128>, Rc<Skeleton>>,
}

type Runs = HashMap<Vec<i128>, Run>;

/// All polynomials of what the component reads.
fn entering(table: &Table<'_>, nodes: &[usize], inside: &[bool]) -> Vec<Tensor> {
    let mut found: Vec<Tensor> = Vec::new();
    for node in nodes.iter().map(|id| table.node(*id)) {
        for (source, _) in table.cases_of(node).flat_map(|case| table.reads(node, case)) {
            let new = |p: &&Tensor| !inside[source] && !found.contains(p);
            let new: Vec<Tensor> = table.lists[source].iter().filter(new).cloned().collect();
            found.extend(new);
        }
    }
    found
}

/// Whether what is known already is nowhere below what enters with one polynomial.
fn covered(table: &Table<'_>, nodes: &[usize], inside: &[bool], entering: &Tensor) -> bool {
    nodes.iter().all(|id| {
        let node = table.node(*id);
        table.cases_of(node).all(|case| {
            let sources = table.reads(node, case).into_iter();
            let mut sources = sources.filter(|(source, _)| !inside[*source] && table.lists[*source].contains(entering));
            sources.all(|(_, place)| holds(table, *id, case, entering, place))
        })
    })
}

fn holds(table: &Table<'_>, id: usize, case: &Case, low: &Tensor, place: &[Place]) -> bool {
    let Some(low) = under(low, place) else { return false };
    let latency = table.latency(table.node(id));
    table.lists[id].iter().any(|p| under(p, &case.at).is_some_and(|high| covers(&high, &low, latency)))
}

fn bases(table: &Table<'_>) -> Vec<Vec<i128>> {
    product(&(0..table.frame.axes.len()).map(|axis| lengths(table, axis)).collect::<Vec<_>>())
}

/// The skeleton at all lengths that depths are computed for.
fn resized(table: &Table<'_>, bases: &[Vec<i128>]) -> HashMap<Vec<i128>, Rc<Skeleton>> {
    let axes = table.frame.skeleton.axes();
    let mut skeletons = HashMap::new();
    for base in bases {
        for more in product(&vec![vec![0, 1]; axes.len()]) {
            let lengths: Vec<i128> = (0..axes.len()).map(|a| base[a] + more[a] * table.frame.numbers(a).1).collect();
            let length = |name: &str| axes.iter().position(|a| &*a.name == name).map(|axis| lengths[axis] as u64);
            let other = || table.frame.skeleton.clone().resized(|name| length(name));
            let other = || Rc::new(other().unwrap_or_else(|_| table.frame.skeleton.clone()));
            skeletons.entry(lengths.clone()).or_insert_with(other);
        }
    }
    skeletons
}

/// Depths in the component when only some polynomials enter it.
fn runs(table: &Table<'_>, scope: &Scope<'_>, active: &[Tensor]) -> Runs {
    let enters = |(list, inside): (&Vec<Tensor>, &bool)| match inside {
        true => Vec::new(),
        false => list.iter().filter(|polynomial| active.contains(polynomial)).cloned().collect(),
    };
    let entering: Vec<Vec<Tensor>> = table.lists.iter().zip(scope.inside).map(enters).collect();
    let run = |(lengths, skeleton): (&Vec<i128>, &Rc<Skeleton>)| {
        (lengths.clone(), run(table, scope.inside, &entering, skeleton, lengths))
    };
    scope.skeletons.iter().map(run).collect()
}

/// Adds the polynomials of some depths that are nowhere above all depths.
fn respond(table: &mut Table<'_>, scope: &Scope<'_>, runs: &Runs, all: &Runs) {
    let near: Vec<Vec<&Run>> = scope.bases.iter().map(|base| around(table, runs, base)).collect();
    for id in scope.nodes {
        let node = table.node(*id);
        let mut found: Vec<Tensor> = Vec::new();
        for (base, near) in scope.bases.iter().zip(&near) {
            for index in product(&points(table, node, base)) {
                let fitted = fit(table, near, node, base, &index);
                found.extend(fitted.filter(|p| !found.contains(p)));
            }
        }
        found.retain(|polynomial| scope.bases.iter().all(|base| below(table, &all[base], node, base, polynomial)));
        table.add(*id, found);
    }
}

/// Lengths to fit at: a short and a longer one.
fn lengths(table: &Table<'_>, axis: usize) -> Vec<i128> {
    let (edge, period, _) = table.frame.numbers(axis);
    let short = table.frame.length(axis, edge + 2 * period + 1);
    vec![short, table.frame.length(axis, short + table.span * period)]
}

/// Indices to fit at, along each axis; those not of a class of many are themselves.
fn points(table: &Table<'_>, node: Node, lengths: &[i128]) -> Vec<Vec<i128>> {
    let own = &table.frame.skeleton.blocks()[node.block].axes;
    let mut points = vec![vec![0]; lengths.len()];
    let mut rest = node.region as i128;
    for axis in own.iter().rev() {
        let (edge, period, _) = table.frame.numbers(*axis);
        let class = rest % (edge + period);
        rest /= edge + period;
        let most = (lengths[*axis] - 1 - class) / period - 1;
        let (steps, most) = if class < edge { (vec![0], 0) } else { (vec![0, 1, most / 2, most], most) };
        points[*axis] =
            steps.into_iter().filter(|step| (0..=most).contains(step)).map(|step| class + step * period).collect();
        points[*axis].dedup();
    }
    points
}

fn run(table: &Table<'_>, inside: &[bool], entering: &[Vec<Tensor>], skeleton: &Rc<Skeleton>, lengths: &[i128]) -> Run {
    let size = |block: usize| skeleton.iterations(block) as usize * skeleton.blocks()[block].bodies[0].vertices.len();
    let depths = (0..skeleton.blocks().len()).map(|block| vec![NEVER; size(block)]).collect();
    let (mut run, touched) = (Run { skeleton: Rc::clone(skeleton), depths }, touched(table, inside));
    let done: Result<(), std::convert::Infallible> = skeleton.try_each(|instance| {
        if touched[instance.block] {
            run.visit(table, inside, entering, instance, lengths);
        }
        Ok(())
    });
    let Ok(()) = done;
    run
}

/// Which blocks have nodes inside.
fn touched(table: &Table<'_>, inside: &[bool]) -> Vec<bool> {
    let ends = table.first.iter().skip(1).copied().chain([inside.len()]);
    table.first.iter().zip(ends).map(|(from, to)| inside[*from..to].contains(&true)).collect()
}

/// Where an instance is, as numbers.
fn place(skeleton: &Skeleton, block: usize, at: &[u64], lengths: &[i128]) -> Vec<Place> {
    let mut places: Vec<Place> = lengths.iter().map(|n| Place { index: [0; 3], length: [*n, 0, 0] }).collect();
    for (axis, index) in skeleton.blocks()[block].axes.iter().zip(at) {
        places[*axis].index[0] = i128::from(*index);
    }
    places
}

/// The value of a polynomial at one index vector.
fn value(polynomial: &Tensor, places: &[Place]) -> i128 {
    let factor = |mut at: usize| {
        let factors = places.iter().map(|place| {
            let digit = at % 3;
            at /= 3;
            [1, place.index[0], place.length[0]][digit]
        });
        factors.product::<i128>()
    };
    polynomial.iter().enumerate().filter(|(_, times)| **times != 0).map(|(at, times)| times * factor(at)).sum()
}

impl Run {
    fn flat(&self, block: usize, at: &[u64]) -> usize {
        let inner = &self.skeleton.blocks()[block];
        let lengths = inner.axes.iter().map(|axis| self.skeleton.axes()[*axis].length as usize);
        let number = at.iter().zip(lengths).fold(0, |place, (index, length)| place * length + *index as usize);
        number * inner.bodies[0].vertices.len()
    }

    /// Computes one iteration of a block, as far as it is inside the component.
    fn visit(
        &mut self,
        table: &Table<'_>,
        inside: &[bool],
        entering: &[Vec<Tensor>],
        instance: &Instance,
        lengths: &[i128],
    ) {
        let block = instance.block;
        let here = place(&self.skeleton, block, &instance.at, lengths);
        let first = table.id(Node { block, region: table.frame.region(block, &here), vertex: 0 });
        let flat = self.flat(block, &instance.at);
        let part = self.skeleton.blocks()[block].bodies[0].vertices.len();
        for vertex in (0..part).filter(|vertex| inside[first + vertex]) {
            let enters =
                |id: usize, places: &[Place]| entering[id].iter().map(|p| value(p, places)).max().unwrap_or(NEVER);
            let inner = &self.skeleton.blocks()[block].bodies[0].vertices[vertex];
            let below = match &inner.reads {
                Reads::Inside(list) => {
                    let read = |v: &usize| {
                        if inside[first + v] { self.depths[block][flat + v] } else { enters(first + v, &here) }
                    };
                    list.iter().map(read).max().unwrap_or(NEVER)
                }
                Reads::Port(port) => {
                    let (wire, at) = self.skeleton.source(instance, *port);
                    let there = place(&self.skeleton, wire.block, &at, lengths);
                    let vertex = self.skeleton.vertex(wire);
                    let id =
                        table.id(Node { block: wire.block, region: table.frame.region(wire.block, &there), vertex });
                    match inside[id] {
                        true => self.depths[wire.block][self.flat(wire.block, &at) + vertex],
                        false => enters(id, &there),
                    }
                }
            };
            self.depths[block][flat + vertex] =
                if below <= NEVER { NEVER } else { below + i128::from(inner.latency) * table.scale };
        }
    }

    fn depth(&self, node: Node, index: impl Fn(usize) -> i128) -> Option<i128> {
        let inner = &self.skeleton.blocks()[node.block];
        let next = |number, axis: &usize| number * self.skeleton.axes()[*axis].length as usize + index(*axis) as usize;
        let number = inner.axes.iter().fold(0, next);
        let depth = self.depths[node.block][number * inner.bodies[0].vertices.len() + node.vertex];
        (depth > NEVER).then_some(depth)
    }
}

/// The runs at some lengths and, by the bits of a number, along which axes they are a period longer.
fn around<'r>(table: &Table<'_>, runs: &'r Runs, base: &[i128]) -> Vec<&'r Run> {
    let longer = |bits: usize, axis: usize| if bits >> axis & 1 == 1 { table.frame.numbers(axis).1 } else { 0 };
    let lengths = |bits| base.iter().enumerate().map(|(axis, length)| length + longer(bits, axis)).collect::<Vec<_>>();
    (0..1 << base.len()).map(|bits| &runs[&lengths(bits)]).collect()
}

/// The polynomial that has the depths of a node around a point.
fn fit(table: &Table<'_>, near: &[&Run], node: Node, base: &[i128], index: &[i128]) -> Option<Tensor> {
    let axes = base.len();
    let own = &table.frame.skeleton.blocks()[node.block].axes;
    let moves = |axis: usize| own.contains(&axis) && index[axis] >= table.frame.numbers(axis).0;
    let mut tensor = vec![0; 3usize.pow(axes as u32)];
    for (at, slot) in tensor.iter_mut().enumerate() {
        let digit = |axis: usize| at / 3usize.pow(axis as u32) % 3;
        if (0..axes).any(|axis| digit(axis) == 1 && !moves(axis)) {
            continue;
        }
        let longer: usize = (0..axes).filter(|axis| digit(*axis) == 2).map(|axis| 1 << axis).sum();
        let further = |axis: usize| if digit(axis) == 1 { table.frame.numbers(axis).1 } else { 0 };
        *slot = near[longer].depth(node, |axis| index[axis] + further(axis))?;
    }
    for axis in 0..axes {
        let (stride, period) = (3usize.pow(axis as u32), table.frame.numbers(axis).1);
        for one in (0..tensor.len()).filter(|at| (at / stride).is_multiple_of(3)) {
            let slope = |digit: usize| (tensor[one + digit * stride] - tensor[one], period);
            let (along, longer) = (if moves(axis) { slope(1) } else { (0, 1) }, slope(2));
            if along.0 % along.1 != 0 || longer.0 % longer.1 != 0 {
                return None;
            }
            let (along, longer) = (along.0 / along.1, longer.0 / longer.1);
            tensor[one] -= along * index[axis] + longer * base[axis];
            (tensor[one + stride], tensor[one + 2 * stride]) = (along, longer);
        }
    }
    Some(tensor)
}

/// Whether a polynomial is nowhere above the depths of a node in one run.
fn below(table: &Table<'_>, run: &Run, node: Node, lengths: &[i128], polynomial: &Tensor) -> bool {
    let own = &table.frame.skeleton.blocks()[node.block].axes;
    let mut choices = points(table, node, lengths);
    for axis in own {
        let (edge, period, _) = table.frame.numbers(*axis);
        let class = choices[*axis].first().copied().unwrap_or(0);
        if class >= edge {
            choices[*axis] = (class..lengths[*axis]).step_by(period as usize).collect();
        }
    }
    let mut places: Vec<Place> = lengths.iter().map(|n| Place { index: [0; 3], length: [*n, 0, 0] }).collect();
    product(&choices).iter().all(|index| {
        places.iter_mut().zip(index).for_each(|(place, index)| place.index[0] = *index);
        run.depth(node, |axis| index[axis]).is_some_and(|depth| depth >= value(polynomial, &places))
    })
}
