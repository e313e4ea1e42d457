//! Certificates written by hand, and what the checker must refuse.

use super::check::check;
use super::{Bound, Certificate, CheckError, Classes, Factor, Polynomial, SCHEMA, Term};
use crate::loops::skeleton::{Part, Reads, Vertex};
use crate::loops::{At, Axis, Block, Outlet, Skeleton, System, Wire};

fn block(axes: Vec<usize>, vertices: &[(u64, Reads)], outputs: &[usize], ports: Vec<Vec<Wire>>) -> Block<Part> {
    let vertices = vertices.iter().map(|(latency, reads)| Vertex { latency: *latency, reads: reads.clone() }).collect();
    let part = Part { vertices, outputs: outputs.to_vec() };
    Block { name: "block".to_owned(), axes, bodies: vec![part], varies: None, ports }
}

fn wire(block: usize, output: usize, at: &[At]) -> Wire {
    Wire { block, output, at: at.to_vec() }
}

fn system(blocks: Vec<Block<Part>>, output: usize) -> Skeleton {
    let axes = vec![Axis { name: "steps".into(), length: 1 }];
    let outlet = Outlet { name: "y".to_owned(), block: blocks.len() - 1, output };
    System::new(axes, blocks, vec![outlet]).unwrap()
}

/// Depth `2*steps + 3`: a start of depth 3, and two layers a step.
fn counter() -> Skeleton {
    let start = block(vec![], &[(3, Reads::Inside(vec![]))], &[0], vec![]);
    let back = vec![wire(1, 0, &[At::Back(1)]), wire(0, 0, &[])];
    system(vec![start, block(vec![0], &[(0, Reads::Port(0)), (2, Reads::Inside(vec![0]))], &[1], vec![back])], 0)
}

fn constant(times: i64) -> Polynomial {
    vec![Term { times, of: vec![Factor::One] }]
}

fn line(times: i64, factor: Factor, plus: i64) -> Polynomial {
    vec![Term { times, of: vec![factor] }, Term { times: plus, of: vec![Factor::One] }]
}

/// Of [`counter`]: its start; its step; the depth so far, its port before it being 5 at first; the depth.
fn potentials() -> Certificate {
    let i = |plus| line(2, Factor::Index, plus);
    let claim = vec![line(2, Factor::Length, 3)];
    Certificate {
        schema: SCHEMA.to_owned(),
        circuit: counter().digest(),
        bound: Bound::Exactly,
        scale: 1,
        axes: vec![Classes { name: "steps".to_owned(), edge: 0, period: 1, minimum: 1 }],
        blocks: vec![
            vec![vec![vec![constant(3)]]],
            vec![vec![vec![i(3)], vec![i(5)]]],
            vec![vec![vec![i(5)], vec![constant(5), i(3)], vec![i(5)]]],
            vec![vec![claim.clone(), claim]],
        ],
    }
}

fn refused(certificate: &Certificate) -> String {
    let start = std::time::Instant::now();
    let error = check(&counter(), certificate).unwrap_err();
    assert!(start.elapsed().as_millis() < 500, "{error}");
    error.to_string()
}

#[test]
fn a_potential_proves_a_law() {
    let proved = check(&counter(), &potentials()).unwrap();
    assert_eq!(proved.to_string(), "depth = 2*steps + 3 for every steps >= 1");
    assert_eq!(proved.at(|_| Some(10)), Some(23.into()));
}

/// One layer more or less for each step, and for the first.
#[test]
fn each_inequality_counts() {
    for (bound, more, fine) in [
        (Bound::AtMost, 1, true),
        (Bound::AtMost, -1, false),
        (Bound::AtLeast, -1, true),
        (Bound::AtLeast, 1, false),
        (Bound::Exactly, 1, false),
        (Bound::Exactly, -1, false),
    ] {
        let mut steeper = Certificate { bound, ..potentials() };
        let steps = steeper.blocks[1..].iter_mut().flatten().flatten().flatten();
        steps.filter(|polynomial| polynomial.len() == 2).for_each(|polynomial| polynomial[0].times += more);
        let accepted = check(&counter(), &steeper);
        assert_eq!(accepted.is_ok(), fine, "{bound:?} {more} {accepted:?}");
    }
}

#[test]
fn other_circuits_and_formats_are_refused() {
    let mut other = counter();
    let good = potentials();
    other = other
        .map(|_, part| {
            let mut part = part.clone();
            part.vertices[0].latency += 1;
            Ok::<_, ()>(part)
        })
        .unwrap();
    assert!(matches!(check(&other, &good), Err(CheckError::Circuit { .. })));
    let earlier = Certificate { schema: "isobath.certificate/1".to_owned(), ..good.clone() };
    assert!(matches!(check(&counter(), &earlier), Err(CheckError::Schema(_))));
    let longer = counter().resized(|_| Some(1000)).unwrap();
    assert!(check(&longer, &good).is_ok(), "lengths are no part of the circuit");
    let mut json = serde_json::to_value(&good).unwrap();
    json["more"] = 1.into();
    assert!(serde_json::from_value::<Certificate>(json).is_err());
}

#[test]
fn absurd_numbers_are_refused_at_once() {
    type Change = fn(&mut Certificate);
    let changes: [(Change, &str); 14] = [
        (|c| c.axes[0].edge = u64::MAX, "too large"),
        (|c| c.axes[0].edge = 250, "malformed"),
        (|c| c.axes[0].period = 1 << 60, "too large"),
        (|c| c.axes[0].period = 0, "too large"),
        (|c| (c.axes[0].period, c.axes[0].edge) = (0, 2), "malformed"),
        (|c| c.axes[0].minimum = u64::MAX, "too large"),
        (|c| c.axes[0].minimum = 0, "too large"),
        (|c| c.scale = 0, "malformed"),
        (|c| c.scale = i64::MAX, "not proved"),
        (|c| c.blocks[1][0][1][0][0].times = i64::MAX, "not proved"),
        (|c| (c.bound, c.blocks[2][0]) = (Bound::AtLeast, vec![vec![constant(1); 10_000]; 3]), "too large"),
        (|c| c.blocks[1][0].push(vec![line(2, Factor::Index, 5)]), "malformed"),
        (|c| c.blocks[3][0][1][0][0].of = vec![Factor::Length; 2], "not proved"),
        (|c| c.blocks[3][0][1][0][0].of = vec![Factor::Index], "not proved"),
    ];
    for (change, reason) in changes {
        let mut certificate = potentials();
        change(&mut certificate);
        let message = refused(&certificate);
        assert!(message.contains(reason), "{message}, not {reason}");
    }
}

/// What holds only where an index is well below the length: `3i - n + 14` is at most `2i + 5` there, and far above at the last iteration.
#[test]
fn last_iterations_of_the_least_lengths_are_checked_too() {
    let mut false_late = Certificate { bound: Bound::AtLeast, ..potentials() };
    false_late.axes[0].minimum = 10;
    let mut far = line(3, Factor::Index, 14);
    far.push(Term { times: -1, of: vec![Factor::Length] });
    for (block, vertex) in [(1, 1), (2, 0), (2, 2)] {
        false_late.blocks[block][0][vertex].push(far.clone());
    }
    false_late.blocks[3][0].iter_mut().for_each(|list| list.push(line(2, Factor::Length, 11)));
    assert!(refused(&false_late).contains("not proved: vertex 1 of block `block`"));
}

/// With `period` 0, three steps and no other length.
#[test]
fn an_axis_may_be_held_at_one_length() {
    let mut held = potentials();
    held.axes[0] = Classes { name: "steps".to_owned(), edge: 3, period: 0, minimum: 3 };
    let at = |start: i64| (0..3).map(move |index| start + 2 * index);
    let list = |of: &[i64]| of.iter().map(|depth| vec![constant(*depth)]).collect::<Vec<_>>();
    held.blocks[1] = at(3).zip(at(5)).map(|(port, step)| list(&[port, step])).collect();
    held.blocks[2] = at(5).zip([5, 5, 7]).map(|(here, before)| list(&[here, before, here])).collect();
    held.blocks[3] = vec![list(&[9, 9])];
    let proved = check(&counter(), &held).unwrap();
    assert_eq!(proved.to_string(), "depth = 9 for every steps = 3");
    assert_eq!([2, 3, 4].map(|n| proved.at(|_| Some(n))), [None, Some(9.into()), None]);
    held.axes[0].edge = 2;
    assert!(refused(&held).contains("too large"));
    held.axes[0].edge = 4;
    assert!(refused(&held).contains("malformed"));
}

/// `v' = v + 1, u' = u, w' = max(v, u + 10)`: the window rises by (1, 0, 1) once, and then never again so (theory.md E.2). As potentials, rates do
/// not fall along wires; but `w` has its depth from `u`, which does not rise as it does.
#[test]
fn a_window_that_repeats_is_not_enough() {
    let skeleton = counterexample();
    let depth = |steps| skeleton.clone().resized(|_| Some(steps)).unwrap().depth();
    assert_eq!([1, 2, 3, 4].map(depth), [10, 11, 11, 11]);
    let [v, u, w] = [1, 0, 1].map(|rate| move |plus| vec![line(rate, Factor::Index, plus)]);
    let claim = vec![line(1, Factor::Length, 9)];
    let wrong = |bound| Certificate {
        schema: SCHEMA.to_owned(),
        circuit: skeleton.digest(),
        bound,
        scale: 1,
        axes: vec![Classes { name: "steps".to_owned(), edge: 0, period: 1, minimum: 1 }],
        blocks: vec![
            vec![vec![vec![constant(0)], vec![constant(1)], vec![constant(10)]]],
            vec![vec![v(1), v(2), u(1), u(11), v(0), w(10), w(10)]],
            vec![vec![w(10), w(10), w(10)]],
            vec![vec![claim.clone(), claim.clone()]],
        ],
    };
    // Without the second condition, which is what "at least" asks for, the period would pass.
    let proved = check(&skeleton, &wrong(Bound::AtMost)).unwrap();
    assert_eq!(proved.to_string(), "depth <= steps + 9 for every steps >= 1");
    for bound in [Bound::AtLeast, Bound::Exactly] {
        let error = check(&skeleton, &wrong(bound)).unwrap_err().to_string();
        assert!(error.contains("not proved: vertex 5 of block"), "{error}");
    }
}

fn counterexample() -> Skeleton {
    let inside = |list: &[usize]| Reads::Inside(list.to_vec());
    let start = block(vec![], &[(0, inside(&[])), (1, inside(&[])), (10, inside(&[]))], &[0, 1, 2], vec![]);
    let port = |output, first| vec![wire(1, output, &[At::Back(1)]), wire(0, first, &[])];
    let vertices = [
        (0, Reads::Port(0)),
        (1, inside(&[0])),
        (0, Reads::Port(1)),
        (10, inside(&[2])),
        (0, Reads::Port(2)),
        (0, Reads::Port(3)),
        (0, inside(&[4, 5])),
    ];
    let ports = vec![port(1, 1), port(2, 1), port(0, 0), port(3, 2)];
    system(vec![start, block(vec![0], &vertices, &[0, 1, 2, 3, 6], ports)], 4)
}
