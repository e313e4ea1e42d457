//! Small systems whose longest paths are known by hand.

use super::skeleton::{Part, Reads, Vertex};
use super::*;

fn axis(name: &str, length: u64) -> Axis {
    Axis { name: name.into(), length }
}

fn constant() -> Block<Part> {
    let part = Part { vertices: vec![Vertex { latency: 0, reads: Reads::Inside(vec![]) }], outputs: vec![0] };
    Block { name: "start".to_owned(), axes: vec![], bodies: vec![part], varies: None, ports: vec![] }
}

/// One gate that reads all its ports.
fn cell(axes: Vec<usize>, ports: Vec<Vec<Wire>>) -> Block<Part> {
    let port = |number| Vertex { latency: 0, reads: Reads::Port(number) };
    let mut vertices: Vec<Vertex> = (0..ports.len()).map(port).collect();
    vertices.push(Vertex { latency: 1, reads: Reads::Inside((0..ports.len()).collect()) });
    let part = Part { outputs: vec![vertices.len() - 1], vertices };
    Block { name: "cell".to_owned(), axes, bodies: vec![part], varies: None, ports }
}

fn wire(block: usize, at: &[At]) -> Wire {
    Wire { block, output: 0, at: at.to_vec() }
}

fn outlet(block: usize) -> Vec<Outlet> {
    vec![Outlet { name: "y".to_owned(), block, output: 0 }]
}

/// The depth, which is also that of the critical path: every cell on it adds a layer.
fn depth(axes: Vec<Axis>, blocks: Vec<Block<Part>>, output: usize) -> u64 {
    let system = System::new(axes, blocks, outlet(output)).unwrap();
    assert_eq!(system.critical_path().len() as u64, system.depth());
    system.depth()
}

#[test]
fn a_stacked_recurrence_adds_and_feedback_multiplies() {
    use At::{Back, Last};
    for (n, layers) in [(1, 1), (4, 3), (7, 5)] {
        let axes = || vec![axis("layers", layers), axis("context", n)];
        let from_below = vec![wire(1, &[Back(1), Back(0)]), wire(0, &[])];
        let from_before = vec![wire(1, &[Back(0), Back(1)]), wire(0, &[])];
        let stacked = cell(vec![0, 1], vec![from_below, from_before]);
        assert_eq!(depth(axes(), vec![constant(), stacked], 1), n + layers - 1);
        let below = vec![wire(1, &[Back(0), Back(1)]), wire(1, &[Back(1), Last]), wire(0, &[])];
        let feedback = cell(vec![1, 0], vec![below]);
        assert_eq!(depth(axes(), vec![constant(), feedback], 1), n * layers);
        let readout = cell(vec![], vec![vec![wire(1, &[Last, Last])]]);
        let stacked = cell(vec![0, 1], vec![vec![wire(1, &[Back(0), Back(3)]), wire(0, &[])]]);
        assert_eq!(depth(axes(), vec![constant(), stacked, readout], 2), n.div_ceil(3) + 1);
    }
}

#[test]
fn cycles_without_delay_and_loose_wires_are_refused() {
    let axes = || vec![axis("steps", 3)];
    let refused = |blocks| System::new(axes(), blocks, outlet(0)).unwrap_err().to_string();
    let knot = cell(vec![0], vec![vec![wire(1, &[At::Back(0)])]]);
    let message = refused(vec![constant(), knot]);
    assert!(message.contains("no delay on the cycle cell -> cell"), "{message}");
    let last = cell(vec![0], vec![vec![wire(1, &[At::Last])]]);
    assert!(refused(vec![constant(), last]).contains("cycle"));
    let unstarted = cell(vec![0], vec![vec![wire(1, &[At::Back(1)])]]);
    assert!(refused(vec![constant(), unstarted]).contains("no value to start from"));
    let along = cell(vec![0], vec![vec![wire(0, &[])]]);
    let stray = cell(vec![], vec![vec![wire(1, &[At::Back(0)])]]);
    assert!(refused(vec![constant(), along, stray]).contains("along `steps`"));
    let empty = System::new(vec![axis("steps", 0)], vec![constant()], outlet(0)).unwrap_err();
    assert!(empty.to_string().contains("at least 1"));
}

/// Outputs that are deepest at first, in between or at last, along one axis or two: the closed skeleton has the one depth as its output.
#[test]
fn a_closed_skeleton_has_the_depth_as_its_last_vertex() {
    let (back, same) = (At::Back(1), At::Back(0));
    let mut early = constant();
    early.bodies[0].vertices[0].latency = 7;
    let forgets = cell(vec![0, 1], vec![vec![wire(1, &[back, back]), wire(0, &[])]]);
    let grows = cell(vec![1], vec![vec![wire(2, &[back]), wire(3, &[])]]);
    let resets = cell(vec![0], vec![vec![wire(4, &[At::Back(3)]), wire(1, &[same, At::Last])]]);
    let blocks = vec![early, forgets, grows, constant(), resets];
    for (rows, columns) in [(1, 1), (4, 3), (2, 9), (7, 12)] {
        for outputs in [vec![1], vec![2], vec![4], vec![1, 2, 4], vec![0, 1]] {
            let outlets = outputs.iter().flat_map(|block| outlet(*block)).collect();
            let axes = vec![axis("rows", rows), axis("columns", columns)];
            let system = System::new(axes, blocks.clone(), outlets).unwrap();
            let closed = system.closed();
            assert_eq!(closed.depth(), system.depth(), "{outputs:?} of {rows} by {columns}");
            let last = closed.blocks().last().unwrap();
            assert!(last.axes.is_empty() && last.bodies[0].outputs == [last.bodies[0].vertices.len() - 1]);
            assert!(closed.uniform().is_ok() && closed.digest() != system.digest());
        }
    }
}
