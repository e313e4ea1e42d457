//! Certificates written by hand, and what the checker must refuse.

use super::check::{CheckError, check};
use super::digest::digest;
use super::{Bound, Certificate, Classes, Fixed, Period, Polynomial, Potentials, Proof, SCHEMA, Term};
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

fn line(times: i64, constant: i64, index: bool) -> Polynomial {
    let (lengths, indices) = if index { (vec![], vec![0]) } else { (vec![0], vec![]) };
    vec![Term { times, lengths, indices }, Term { times: constant, lengths: vec![], indices: vec![] }]
}

fn certificate(skeleton: &Skeleton, proof: Proof) -> Certificate {
    Certificate { schema: SCHEMA.to_owned(), circuit: digest(skeleton), proof }
}

fn potentials() -> Potentials {
    Potentials {
        bound: Bound::Exactly,
        scale: 1,
        axes: vec![Classes { name: "steps".to_owned(), edge: 0, period: 1, minimum: 1 }],
        claim: vec![line(2, 3, false)],
        blocks: vec![vec![vec![vec![line(0, 3, false)]]], vec![vec![vec![line(2, 3, true)], vec![line(2, 5, true)]]]],
    }
}

fn refused(proof: Proof) -> String {
    let skeleton = counter();
    let start = std::time::Instant::now();
    let error = check(&skeleton, &certificate(&skeleton, proof)).unwrap_err();
    assert!(start.elapsed().as_millis() < 500, "{error}");
    error.to_string()
}

#[test]
fn a_potential_proves_a_law() {
    let skeleton = counter();
    let proved = check(&skeleton, &certificate(&skeleton, Proof::Potentials(potentials()))).unwrap();
    assert_eq!(proved.to_string(), "depth = 2*steps + 3 for every steps >= 1");
    assert_eq!(proved.at(|_| Some(10)), Some(23.into()));
}

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
        let mut steeper = potentials();
        let skeleton = counter();
        (steeper.bound, steeper.claim) = (bound, vec![line(2 + more, 3, false)]);
        steeper.blocks[1] = vec![vec![vec![line(2 + more, 3, true)], vec![line(2 + more, 5 + more.max(0), true)]]];
        if bound == Bound::AtLeast {
            steeper.blocks[1][0][1] = vec![line(2 + more, 5, true)];
        }
        let accepted = check(&skeleton, &certificate(&skeleton, Proof::Potentials(steeper)));
        assert_eq!(accepted.is_ok(), fine, "{bound:?} {more} {accepted:?}");
    }
}

#[test]
fn other_circuits_and_formats_are_refused() {
    let mut other = counter();
    let good = certificate(&other, Proof::Potentials(potentials()));
    other = other
        .map(|_, part| {
            let mut part = part.clone();
            part.vertices[0].latency += 1;
            Ok::<_, ()>(part)
        })
        .unwrap();
    assert!(matches!(check(&other, &good), Err(CheckError::Circuit { .. })));
    let later = Certificate { schema: "isobath.certificate/2".to_owned(), ..good.clone() };
    assert!(matches!(check(&counter(), &later), Err(CheckError::Schema(_))));
    let longer = counter().resized(|_| Some(1000)).unwrap();
    assert!(check(&longer, &good).is_ok(), "lengths are no part of the circuit");
    let mut json = serde_json::to_value(&good).unwrap();
    json["proof"]["potentials"]["more"] = 1.into();
    assert!(serde_json::from_value::<Certificate>(json).is_err());
}

#[test]
fn absurd_numbers_are_refused_at_once() {
    type Change = fn(&mut Potentials);
    let changes: [(Change, &str); 9] = [
        (|p| p.axes[0].edge = 1 << 60, "too large"),
        (|p| p.axes[0].period = 1 << 60, "too large"),
        (|p| p.axes[0].period = 0, "malformed"),
        (|p| p.axes[0].minimum = u64::MAX, "too large"),
        (|p| p.axes[0].minimum = 0, "malformed"),
        (|p| p.blocks[1][0][1][0][0].times = i64::MAX, "not proved"),
        (|p| p.claim = vec![p.claim[0].clone(); 1000], "too large"),
        (|p| p.blocks[1][0].push(vec![line(2, 5, true)]), "malformed"),
        (|p| p.claim[0][0].lengths = vec![7], "malformed"),
    ];
    for (change, reason) in changes {
        let mut proof = potentials();
        change(&mut proof);
        let message = refused(Proof::Potentials(proof));
        assert!(message.contains(reason), "{message}");
    }
    let period =
        |start, period| Period { axis: "steps".to_owned(), fixed: vec![], start, period, rise: 2, depths: vec![5] };
    assert!(refused(Proof::Period(period(1 << 60, 1))).contains("too large"));
    assert!(refused(Proof::Period(period(1, u64::MAX))).contains("too large"));
    assert!(refused(Proof::Period(period(1, 0))).contains("malformed"));
    let beside = Fixed { axis: "layers".to_owned(), length: 3 };
    assert!(refused(Proof::Period(Period { fixed: vec![beside], ..period(1, 1) })).contains("malformed"));
}

#[test]
fn a_period_proves_a_law() {
    let skeleton = counter();
    let period = Period { axis: "steps".to_owned(), fixed: vec![], start: 1, period: 1, rise: 2, depths: vec![5] };
    let proved = check(&skeleton, &certificate(&skeleton, Proof::Period(period.clone()))).unwrap();
    assert_eq!(proved.to_string(), "depth = 2*steps + 3 for every steps >= 1");
    assert_eq!(proved.at(|_| Some(10)), Some(23.into()));
    assert!(refused(Proof::Period(Period { rise: 1, ..period.clone() })).contains("depths are others"));
    assert!(refused(Proof::Period(Period { depths: vec![6], ..period })).contains("depths are others"));
}

/// `v' = v + 1, u' = u, w' = max(v, u + 10)`: the window rises by (1, 0, 1) once, and then never again so (theory.md E.2).
#[test]
fn a_window_that_repeats_is_not_enough() {
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
    let skeleton = system(vec![start, block(vec![0], &vertices, &[0, 1, 2, 3, 6], ports)], 4);
    let depth = |steps| skeleton.clone().resized(|_| Some(steps)).unwrap().depth();
    assert_eq!([1, 2, 3, 4].map(depth), [10, 11, 11, 11]);
    let wrong = Period { axis: "steps".to_owned(), fixed: vec![], start: 1, period: 1, rise: 1, depths: vec![10] };
    let error = check(&skeleton, &certificate(&skeleton, Proof::Period(wrong))).unwrap_err().to_string();
    assert!(error.contains("from none that rises as it does"), "{error}");
}
