//! Laws of small systems against brute force.

use super::{Growing, Law, derive, samples, table};
use crate::loops::skeleton::{Part, Reads, Vertex};
use crate::loops::{At, Axis, Block, Outlet, Skeleton, System, Wire};
use num_bigint::BigInt;

fn axis(name: &str) -> Axis {
    Axis { name: name.into(), length: 1 }
}

fn constant(latency: u64) -> Block<Part> {
    let part = Part { vertices: vec![Vertex { latency, reads: Reads::Inside(vec![]) }], outputs: vec![0] };
    Block { name: "start".to_owned(), axes: vec![], bodies: vec![part], varies: None, ports: vec![] }
}

/// One vertex that reads all its ports.
fn cell(latency: u64, axes: Vec<usize>, ports: Vec<Vec<Wire>>) -> Block<Part> {
    let port = |number| Vertex { latency: 0, reads: Reads::Port(number) };
    let mut vertices: Vec<Vertex> = (0..ports.len()).map(port).collect();
    vertices.push(Vertex { latency, reads: Reads::Inside((0..ports.len()).collect()) });
    let part = Part { outputs: vec![vertices.len() - 1], vertices };
    Block { name: "cell".to_owned(), axes, bodies: vec![part], varies: None, ports }
}

fn wire(block: usize, at: &[At]) -> Wire {
    Wire { block, output: 0, at: at.to_vec() }
}

fn system(axes: &[&str], blocks: Vec<Block<Part>>) -> Skeleton {
    let block = blocks.len() - 1;
    System::new(
        axes.iter().map(|name| axis(name)).collect(),
        blocks,
        vec![Outlet { name: "y".to_owned(), block, output: 0 }],
    )
    .unwrap()
}

fn resized(skeleton: &Skeleton, lengths: &[u64]) -> Skeleton {
    let names: Vec<String> = skeleton.axes().iter().map(|a| a.name.to_string()).collect();
    skeleton.clone().resized(|name| names.iter().position(|n| **n == **name).map(|at| lengths[at])).unwrap()
}

/// Holds a law against brute force; whether it is exact at all these lengths.
fn agrees(skeleton: &Skeleton, law: &Law, grid: &[Vec<u64>]) -> bool {
    let mut exact = true;
    for lengths in grid {
        let depth = BigInt::from(resized(skeleton, lengths).depth());
        let of = |name: &str| skeleton.axes().iter().position(|a| &*a.name == name).map(|at| lengths[at]);
        let (lower, upper) = (law.lower(&of), law.upper(&of));
        assert!(lower.as_ref().is_none_or(|lower| *lower <= depth), "{law} is above {depth} at {lengths:?}");
        assert!(upper.as_ref().is_none_or(|upper| *upper >= depth), "{law} is below {depth} at {lengths:?}");
        exact &= law.value(&of) == Some(depth);
    }
    exact
}

fn grid(axes: usize, most: u64) -> Vec<Vec<u64>> {
    table::product(&vec![(1..=most).collect::<Vec<u64>>(); axes])
}

/// The law's text; the law having been held against brute force.
fn text(skeleton: &Skeleton) -> String {
    let law = derive(skeleton).unwrap();
    let most = [50, 9, 5][skeleton.axes().len().saturating_sub(1)];
    assert!(law.exact() && agrees(skeleton, &law, &grid(skeleton.axes().len(), most)), "{law}");
    law.upper_text()
}

fn rates(skeleton: &Skeleton) -> Vec<String> {
    derive(skeleton).unwrap().growth.into_iter().map(|growth| growth.rate).collect()
}

#[test]
fn without_loops_depth_is_a_constant() {
    let chain = system(&[], vec![constant(3), cell(2, vec![], vec![vec![wire(0, &[])]])]);
    assert_eq!(text(&chain), "5");
    let aside = system(&["steps"], vec![constant(3), cell(2, vec![0], vec![vec![wire(0, &[])]])]);
    assert_eq!(text(&aside), "5");
    assert_eq!(derive(&aside).unwrap().growth[0].growing, Growing::Constant);
}

#[test]
fn one_loop_grows_at_its_cycle_ratio() {
    let looped = |delay: u64, latency: u64, start: u64| {
        let back = vec![wire(1, &[At::Back(delay)]), wire(0, &[])];
        system(&["steps"], vec![constant(start), cell(latency, vec![0], vec![back])])
    };
    assert_eq!(text(&looped(1, 2, 3)), "2*steps + 3");
    assert_eq!(text(&looped(2, 7, 0)), "7/2*steps + {7/2, 0}");
    assert_eq!(rates(&looped(4, 3, 1)), ["3/4"]);
    assert_eq!(derive(&looped(1, 2, 3)).unwrap().to_string(), "depth = 2*steps + 3 for every steps >= 1");
}

#[test]
fn a_slow_state_may_lead_for_a_while() {
    let slow = cell(1, vec![0], vec![vec![wire(2, &[At::Back(1)]), wire(0, &[])]]);
    let fast = cell(3, vec![0], vec![vec![wire(3, &[At::Back(1)]), wire(1, &[])]]);
    let end = cell(0, vec![], vec![vec![wire(2, &[At::Last])], vec![wire(3, &[At::Last])]]);
    let both = system(&["steps"], vec![constant(1000), constant(2), slow, fast, end]);
    assert_eq!(text(&both), "max(steps + 1000, 3*steps + 2)");
    assert_eq!(rates(&both), ["3"]);
}

#[test]
fn stacked_recurrences_add_and_feedback_multiplies() {
    let (back, same) = (At::Back(1), At::Back(0));
    let from_below = vec![wire(1, &[back, same]), wire(0, &[])];
    let from_before = vec![wire(1, &[same, back]), wire(0, &[])];
    let stacked = system(&["layers", "context"], vec![constant(3), cell(2, vec![0, 1], vec![from_below, from_before])]);
    assert_eq!(text(&stacked), "2*context + 2*layers + 1");
    let below = vec![wire(1, &[same, back]), wire(1, &[back, At::Last]), wire(0, &[])];
    let feedback = system(&["layers", "context"], vec![constant(3), cell(2, vec![1, 0], vec![below])]);
    assert_eq!(text(&feedback), "2*context*layers + 3");
    assert_eq!(rates(&feedback), ["2*context", "2*layers"]);
}

/// Decoding: each token runs through all layers, then a head of one layer, which the next token starts from.
#[test]
fn decoding_has_a_rate_in_the_layers() {
    let (back, same) = (At::Back(1), At::Back(0));
    let enter = cell(0, vec![0], vec![vec![wire(3, &[back]), wire(0, &[])]]);
    let layer = cell(9, vec![0, 1], vec![vec![wire(2, &[same, back]), wire(1, &[same])]]);
    let head = cell(1, vec![0], vec![vec![wire(2, &[same, At::Last])]]);
    let decoder = system(&["tokens", "layers"], vec![constant(4), enter, layer, head]);
    assert_eq!(text(&decoder), "9*layers*tokens + tokens + 4");
    assert_eq!(rates(&decoder), ["9*layers + 1", "9*tokens"]);
}

#[test]
fn an_inner_loop_over_examples_multiplies() {
    let inner = vec![wire(1, &[At::Back(0), At::Back(1)]), wire(1, &[At::Back(1), At::Last]), wire(0, &[])];
    let epochs = system(&["epochs", "examples"], vec![constant(1), cell(2, vec![0, 1], vec![inner])]);
    assert_eq!(text(&epochs), "2*epochs*examples + 1");
    let restart = vec![wire(1, &[At::Back(0), At::Back(1)]), wire(0, &[])];
    let apart = system(&["epochs", "examples"], vec![constant(1), cell(2, vec![0, 1], vec![restart])]);
    assert_eq!(text(&apart), "2*examples + 1");
}

/// Training on looped layers: the weights of each example pass through all layers, from epoch to epoch.
#[test]
fn three_axes_multiply() {
    let (back, same, last) = (At::Back(1), At::Back(0), At::Last);
    let carried =
        vec![wire(1, &[same, same, back]), wire(1, &[same, back, last]), wire(1, &[back, last, last]), wire(0, &[])];
    let training = system(&["epochs", "examples", "layers"], vec![constant(4), cell(3, vec![0, 1, 2], vec![carried])]);
    assert_eq!(text(&training), "3*epochs*examples*layers + 4");
    assert_eq!(rates(&training), ["3*examples*layers", "3*epochs*layers", "3*epochs*examples"]);
}

#[test]
fn phases_add_and_pipelines_take_the_slowest() {
    let back = |block| wire(block, &[At::Back(1)]);
    let first = cell(2, vec![0], vec![vec![back(1), wire(0, &[])]]);
    let phase = cell(3, vec![0], vec![vec![back(2), wire(1, &[At::Last])]]);
    let phases = system(&["n"], vec![constant(1), first.clone(), phase]);
    assert_eq!(text(&phases), "5*n + 1");
    let reader = cell(3, vec![0], vec![vec![back(2), wire(0, &[])], vec![wire(1, &[At::Back(0)])]]);
    let pipeline = system(&["n"], vec![constant(1), first, reader]);
    assert_eq!(text(&pipeline), "3*n + 3");
}

#[test]
fn independent_loops_join_as_a_maximum() {
    let looped =
        |latency, axis, block| cell(latency, vec![axis], vec![vec![wire(block, &[At::Back(1)]), wire(0, &[])]]);
    let join = cell(1, vec![], vec![vec![wire(1, &[At::Last])], vec![wire(2, &[At::Last])]]);
    let joined = system(&["steps", "layers"], vec![constant(2), looped(2, 0, 1), looped(5, 1, 2), join]);
    assert_eq!(text(&joined), "max(2*steps + 3, 5*layers + 3)");
    assert_eq!(rates(&joined), ["2", "5"]);
}

/// Systems, how many of them have exact laws, and how many exact at all lengths tried.
fn share(count: u64, names: &[&str], loops: &[&[usize]], most: u64) -> (u64, u64) {
    let (mut exact, mut everywhere) = (0, 0);
    for seed in 0..count {
        let skeleton = samples::system(seed, names, loops);
        let law = derive(&skeleton).unwrap_or_else(|error| panic!("{seed}: {error}"));
        let all = agrees(&skeleton, &law, &grid(names.len(), most));
        assert!(all || !law.exact() || law.from.iter().any(|from| *from > 1), "{law}");
        exact += u64::from(law.exact());
        everywhere += u64::from(law.exact() && all);
    }
    eprintln!("{loops:?} over {names:?}: {exact} of {count} exact, {everywhere} of these at every length");
    (exact, everywhere)
}

#[test]
fn random_systems_of_one_axis_are_nearly_all_exact() {
    let (one, two) = (share(100, &["n"], &[&[0]], 50), share(100, &["n"], &[&[0], &[0]], 50));
    assert!(one.1 >= 98 && two.1 >= 90, "{one:?} {two:?}");
}

#[test]
fn random_systems_of_two_axes_are_mostly_exact() {
    let nest = share(30, &["n", "m"], &[&[0, 1]], 8);
    let apart = share(30, &["n", "m"], &[&[0], &[1]], 8);
    let mixed = share(20, &["n", "m"], &[&[0, 1], &[1]], 8);
    assert!(nest.0 >= 21 && apart.0 >= 25 && mixed.0 >= 12, "{nest:?} {apart:?} {mixed:?}");
}

#[test]
fn a_thousand_vertices_are_quick() {
    let ports = (0..20)
        .map(|state| vec![Wire { block: 1, output: state, at: vec![At::Back(1 + state as u64 % 2)] }, wire(0, &[])]);
    let mut block = cell(0, vec![0], ports.collect());
    let part = &mut block.bodies[0];
    for number in 21..1000 {
        let list = vec![number - 1, number - 1 - number % 20, number / 2];
        part.vertices.push(Vertex { latency: u64::from(number % 10 == 0), reads: Reads::Inside(list) });
    }
    part.outputs = (980..1000).collect();
    let large = system(&["steps"], vec![constant(1), block]);
    let start = std::time::Instant::now();
    let law = derive(&large).unwrap();
    eprintln!("{law}: {:?}", start.elapsed());
    assert!(agrees(&large, &law, &grid(1, 20)) && law.exact(), "{law}");
    assert!(start.elapsed().as_secs() < 20);
    let (back, same) = (At::Back(1), At::Back(0));
    let mut layer = large.blocks()[1].clone();
    layer.axes = vec![0, 1];
    for (state, port) in layer.ports.iter_mut().enumerate() {
        *port = vec![wire(1, &[same, back]), wire(1, &[back, At::Last]), wire(0, &[])];
        port[..2].iter_mut().for_each(|wire| wire.output = state);
    }
    let nested = system(&["tokens", "layers"], vec![constant(1), layer]);
    let start = std::time::Instant::now();
    let law = derive(&nested).unwrap();
    eprintln!("{law}: {:?}", start.elapsed());
    assert!(law.exact() && agrees(&nested, &law, &grid(2, 4)), "{law}");
}
