//! Laws of small systems against brute force.

use super::*;
use crate::loops::skeleton::{Part, Reads, Vertex};
use crate::loops::{At, Axis, Block, Outlet, System, Wire};

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

#[test]
fn first() {
    use At::{Back, Last};
    let n = axis;
    let _ = n;
    let one = system(&["steps"], vec![constant(3), cell(2, vec![0], vec![vec![wire(1, &[Back(1)]), wire(0, &[])]])]);
    let stacked = system(
        &["layers", "context"],
        vec![
            constant(3),
            cell(
                2,
                vec![0, 1],
                vec![
                    vec![wire(1, &[Back(1), Back(0)]), wire(0, &[])],
                    vec![wire(1, &[Back(0), Back(1)]), wire(0, &[])],
                ],
            ),
        ],
    );
    let feedback = system(
        &["layers", "context"],
        vec![
            constant(3),
            cell(2, vec![1, 0], vec![vec![wire(1, &[Back(0), Back(1)]), wire(1, &[Back(1), Last]), wire(0, &[])]]),
        ],
    );
    for s in [one, stacked, feedback] {
        let law = derive(&s).unwrap();
        eprintln!("{law} {:?}", law.growth);
    }
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
        let (lower, upper) = (law.lower(of), law.upper(of));
        assert!(lower.as_ref().is_none_or(|lower| *lower <= depth), "{law} is above {depth} at {lengths:?}");
        assert!(upper.as_ref().is_none_or(|upper| *upper >= depth), "{law} is below {depth} at {lengths:?}");
        exact &= law.value(of) == Some(depth);
    }
    exact
}

fn grid(axes: usize, most: u64) -> Vec<Vec<u64>> {
    table::product(&vec![(1..=most).collect::<Vec<u64>>(); axes])
}

fn share(count: u64, names: &[&str], loops: &[&[usize]], most: u64) -> (u64, u64, u64) {
    let (mut exact, mut everywhere, mut none) = (0, 0, 0);
    for seed in 0..count {
        let skeleton = samples::system(seed, names, loops);
        let t = std::time::Instant::now();
        match derive(&skeleton) {
            Ok(law) => {
                if std::env::var("SHOW").is_ok() {
                    eprintln!(
                        "{seed}: {:?} {law} | {}",
                        t.elapsed(),
                        law.growth.iter().map(|g| g.rate.clone()).collect::<Vec<_>>().join(" | ")
                    );
                }
                exact += u64::from(law.exact());
                let all = agrees(&skeleton, &law, &grid(names.len(), most));
                everywhere += u64::from(all && law.exact());
            }
            Err(error) => {
                none += 1;
                eprintln!("{seed}: {error}")
            }
        }
    }
    (exact, everywhere, none)
}

#[test]
fn shares() {
    eprintln!("one loop {:?}", share(200, &["n"], &[&[0]], 40));
    eprintln!("two loops {:?}", share(200, &["n"], &[&[0], &[0]], 40));
    eprintln!("two axes {:?}", share(100, &["n", "m"], &[&[0, 1]], 8));
    eprintln!("two axes, apart {:?}", share(100, &["n", "m"], &[&[0], &[1]], 8));
    eprintln!("two axes, mixed {:?}", share(100, &["n", "m"], &[&[0, 1], &[1]], 8));
}

#[test]
fn why() {
    let kinds: [(&str, Vec<&str>, Vec<&[usize]>); 4] = [
        ("phases", vec!["n"], vec![&[0], &[0]]),
        ("nest", vec!["n", "m"], vec![&[0, 1]]),
        ("apart", vec!["n", "m"], vec![&[0], &[1]]),
        ("mixed", vec!["n", "m"], vec![&[0, 1], &[1]]),
    ];
    for (kind, names, loops) in kinds {
        for seed in 0..40 {
            let s = samples::system(seed, &names, &loops);
            if derive(&s).is_ok_and(|law| law.exact()) {
                continue;
            }
            let mut reasons = Vec::new();
            for plan in FIRST.iter().chain(&MORE) {
                let classes = classes(&s, plan);
                if !small(&s, &classes, plan.span) {
                    reasons.push("big".to_owned());
                    continue;
                }
                let mut table = Table::new(&s, &classes, plan.span);
                table.solve();
                let empty = table.lists.iter().filter(|l| l.is_empty()).count();
                let r = write::potentials(&table, Bound::Exactly)
                    .map(|p| check(&s, &write::certificate(&s, Proof::Potentials(p))));
                reasons.push(format!(
                    "{}{:?}{}:{}",
                    plan.edge,
                    classes.iter().map(|c| c.period).collect::<Vec<_>>(),
                    plan.from.is_some(),
                    match r {
                        _ if empty > 0 => format!("empty {empty}"),
                        None => "none".to_owned(),
                        Some(Ok(_)) => "ok".to_owned(),
                        Some(Err(e)) => e
                            .to_string()
                            .replace("not proved: vertex ", "v")
                            .replace(" of block `block`", "")
                            .replace("not proved: the claim on the outputs", "claim"),
                    }
                ));
            }
            eprintln!("why {kind} {seed} {}", reasons.join(" "));
        }
    }
}
