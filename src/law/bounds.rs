//! Bounds where no exact potentials were found: what of a table holds as it is, and one slope for a whole component; must not decide what is proved.

use super::frame::{Place, Tensor, covers, under};
use super::table::{Case, Table};
use crate::loops::skeleton::Reads;

/// How often slopes are raised before a component is given up.
const MOST_RAISES: i128 = 24;

/// Drops all polynomials that no path reaches.
pub(super) fn lower(table: &mut Table<'_>) {
    loop {
        let of = |id: usize| table.lists[id].iter().filter(|p| !reached(table, id, p)).cloned().collect::<Vec<_>>();
        let wrong: Vec<(usize, Vec<Tensor>)> =
            (0..table.lists.len()).map(|id| (id, of(id))).filter(|(_, list)| !list.is_empty()).collect();
        if wrong.is_empty() {
            return;
        }
        wrong.iter().for_each(|(id, list)| table.lists[*id].retain(|p| !list.contains(p)));
    }
}

fn leaf(table: &Table<'_>, id: usize) -> bool {
    let node = table.node(id);
    let vertex = &table.frame.skeleton.blocks()[node.block].bodies[0].vertices[node.vertex];
    matches!(&vertex.reads, Reads::Inside(list) if list.is_empty())
}

fn reached(table: &Table<'_>, id: usize, polynomial: &Tensor) -> bool {
    let node = table.node(id);
    let latency = table.latency(node);
    let by = |low: &Tensor, (source, place): &(usize, &[Place])| {
        table.lists[*source].iter().any(|p| under(p, place).is_some_and(|high| covers(&high, low, -latency)))
    };
    leaf(table, id)
        || table.cases_of(node).all(|case| {
            under(polynomial, &case.at).is_some_and(|low| table.reads(node, case).iter().any(|read| by(&low, read)))
        })
}

/// Raises polynomials until every edge holds; false if that did not come to an end.
pub(super) fn upper(table: &mut Table<'_>) -> bool {
    table.components().into_iter().all(|component| {
        let fine = |id: &usize| leaf(table, *id) || (!table.lists[*id].is_empty() && held(table, *id));
        component.iter().all(fine) || template(table, &component)
    })
}

fn held(table: &Table<'_>, id: usize) -> bool {
    edges(table, id)
        .all(|(case, source, place)| table.lists[source].iter().all(|low| over(table, id, case, low, place)))
}

fn over(table: &Table<'_>, id: usize, case: &Case, low: &Tensor, place: &[Place]) -> bool {
    let Some(low) = under(low, place) else { return false };
    let latency = table.latency(table.node(id));
    table.lists[id].iter().any(|p| under(p, &case.at).is_some_and(|high| covers(&high, &low, latency)))
}

/// All that a node reads, case by case.
fn edges<'t>(table: &'t Table<'_>, id: usize) -> impl Iterator<Item = (&'t Case, usize, &'t [Place])> {
    let node = table.node(id);
    table
        .cases_of(node)
        .flat_map(move |case| table.reads(node, case).into_iter().map(move |(s, place)| (case, s, place)))
}

/// One slope for all nodes of a component, raised until longest paths under the weights it leaves are finite.
fn template(table: &mut Table<'_>, component: &[usize]) -> bool {
    let data = steepest(table, component);
    let mut slope = data.clone();
    for raise in 0..MOST_RAISES {
        if let Some(constants) = longest(table, component, &slope) {
            for (id, constant) in component.iter().zip(constants) {
                let mut polynomial = slope.clone();
                polynomial[0] = constant;
                table.lists[*id] = vec![polynomial];
            }
            return true;
        }
        match raise < MOST_RAISES / 2 {
            true => steepen(table, component, &mut slope, raise),
            false => slope = rank(table, component, &data, table.scale << (raise - MOST_RAISES / 2)),
        }
    }
    false
}

/// The largest coefficient of each product but 1 in the component and in what it reads; an index that is not the component's as a length.
fn steepest(table: &Table<'_>, component: &[usize]) -> Tensor {
    let size = 3usize.pow(table.frame.axes.len() as u32);
    let lacks = |axis: usize| !allowed(table, component, 3usize.pow(axis as u32));
    let lacking: Vec<usize> = (0..table.frame.axes.len()).filter(|axis| lacks(*axis)).collect();
    let read = component.iter().flat_map(|id| edges(table, *id)).map(|(_, source, _)| source);
    let mut slope = vec![0; size];
    for polynomial in read.chain(component.iter().copied()).flat_map(|id| &table.lists[id]) {
        for (at, times) in polynomial.iter().enumerate() {
            let longer = |axis: &&usize| at / 3usize.pow(**axis as u32) % 3 == 1;
            let to = at + lacking.iter().filter(longer).map(|axis| 3usize.pow(*axis as u32)).sum::<usize>();
            slope[to] = (*times).max(slope[to]);
        }
    }
    slope[0] = 0;
    slope
}

/// Whether a product has no index that a node of the component lacks.
fn allowed(table: &Table<'_>, component: &[usize], product: usize) -> bool {
    let blocks = || component.iter().map(|id| &table.frame.skeleton.blocks()[table.node(*id).block]);
    (0..table.frame.axes.len())
        .all(|axis| product / 3usize.pow(axis as u32) % 3 != 1 || blocks().all(|block| block.axes.contains(&axis)))
}

/// Steeper in every index and, twice over, in every index times lengths.
fn steepen(table: &Table<'_>, component: &[usize], slope: &mut Tensor, raise: i128) {
    let axes = table.frame.axes.len();
    for at in (1..slope.len()).filter(|at| allowed(table, component, *at)) {
        let digit = |which: usize| (0..axes).filter(|axis| at / 3usize.pow(*axis as u32) % 3 == which).count();
        if digit(1) == 1 && (digit(2) == 0 || raise >= 2) {
            slope[at] += table.scale << (raise / 2);
        }
    }
    // What is read at other lengths needs room that grows with them.
    for at in (1..slope.len()).filter(|_| raise >= 4) {
        if (0..axes).all(|axis| at / 3usize.pow(axis as u32) % 3 != 1) {
            slope[at] += table.scale << (raise / 4);
        }
    }
}

/// So much for each iteration, counted in the order of computation: an index weighs the lengths of all axes inside of it.
fn rank(table: &Table<'_>, component: &[usize], data: &Tensor, weight: i128) -> Tensor {
    let indexless = |at: &usize| (0..table.frame.axes.len()).all(|axis| at / 3usize.pow(axis as u32) % 3 != 1);
    let mut slope: Tensor = (0..data.len()).map(|at| if indexless(&at) { data[at] } else { 0 }).collect();
    let block = table.node(component[0]).block;
    let axes = &table.frame.skeleton.blocks()[block].axes;
    for (position, axis) in axes.iter().enumerate() {
        let inner = axes[position + 1..].iter().map(|axis| 2 * 3usize.pow(*axis as u32)).sum::<usize>();
        let at = 3usize.pow(*axis as u32) + inner;
        if allowed(table, component, at) {
            slope[at] = weight;
        }
    }
    slope
}

/// The constants of nodes, as longest paths; none when a slope is too low.
fn longest(table: &Table<'_>, component: &[usize], slope: &Tensor) -> Option<Vec<i128>> {
    let place_of = |id: usize| component.binary_search(&id).ok();
    let mut constants = vec![i128::MIN / 4; component.len()];
    let mut inner = Vec::new();
    for (number, id) in component.iter().enumerate() {
        let latency = table.latency(table.node(*id));
        constants[number] = latency;
        for (case, source, place) in edges(table, *id) {
            let high = under(slope, &case.at)?;
            match place_of(source) {
                Some(from) => inner.push((from, number, latency - room(&high, &under(slope, place)?)?)),
                None => {
                    for low in &table.lists[source] {
                        constants[number] = constants[number].max(latency - room(&high, &under(low, place)?)?);
                    }
                }
            }
        }
    }
    for _ in 0..=component.len() {
        let before = constants.clone();
        inner.iter().for_each(|(from, to, weight)| constants[*to] = constants[*to].max(constants[*from] + weight));
        if before == constants {
            return Some(constants);
        }
    }
    None
}

/// How far one is above another at least; none when no number is enough.
fn room(high: &Tensor, low: &Tensor) -> Option<i128> {
    high.iter().zip(low).skip(1).all(|(high, low)| high >= low).then(|| high[0] - low[0])
}
