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
        for k in 0..3 {
            let n = s.axes().len();
            match attempt(&s, k, &vec![1; n], &vec![1; n], 6) {
                Ok(c) => eprintln!("{k}: {}", check(&s, &c).unwrap()),
                Err(e) => eprintln!("{k}: {e:?}"),
            }
        }
    }
}
