//! Programs as blocks: what is carried, what comes first, what is left out.

use super::*;
use crate::spec::{Document, parse_document};
use crate::tensor::Op;

fn built(lines: &str) -> Looped {
    let text = format!("[program]\nkind = 'gradient-descent'\nfeatures = 2\nstep_size = 0.5\n{lines}\n");
    match parse_document("t.toml", &text) {
        Ok(Document::Program(program)) => system(&program).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn names(system: &Looped) -> Vec<&str> {
    system.blocks().iter().map(|block| block.name.as_str()).collect()
}

/// How many operations of a block a test holds for.
fn count(system: &Looped, block: usize, test: impl Fn(&Op) -> bool) -> usize {
    let body = &system.blocks()[block].bodies[0];
    body.order().filter(|id| test(&body.node(*id).op)).count()
}

#[test]
fn examples_of_a_full_batch_come_in_once() {
    let one = built("loss = 'logistic'");
    assert_eq!(names(&one), ["start", "step", "end"]);
    let all = built("loss = 'logistic'\nbatch = 'all'\nexamples = 3");
    assert_eq!(names(&all), ["start", "data", "step", "end"]);
    let number = |op: &Op| matches!(op, Op::Number(_));
    assert_eq!((count(&all, 1, number), count(&all, 2, number)), (2, 0));
    // The products y x are made with the data, once.
    let product = |op: &Op| *op == Op::Product;
    assert_eq!((count(&all, 1, product), count(&all, 2, product)), (1, 2));
}

#[test]
fn hard_wired_examples_are_bodies_in_turn() {
    let data = "examples = 2\n[data]\nsource = 'random'\nseed = 3";
    let system = built(&format!("loss = 'hinge'\n{data}"));
    let step = &system.blocks()[1];
    assert_eq!((step.bodies.len(), step.varies), (2, Some(0)));
    let system = built(&format!("loss = 'hinge'\nbatch = 'all'\n{data}"));
    assert_eq!((system.blocks()[1].bodies.len(), system.blocks()[1].varies), (1, None));
}

#[test]
fn an_affine_step_is_one_matrix() {
    let data = "examples = 2\n[data]\nsource = 'random'\nseed = 3";
    let system = built(&format!("loss = 'least-squares'\nround_residual = false\n{data}"));
    assert_eq!(count(&system, 1, |op| matches!(op, Op::Linear { .. })), 1);
    assert_eq!(count(&system, 1, |op| matches!(op, Op::Weigh(_))), 0);
    assert_eq!(count(&system, 1, Op::stores), 1, "only the weights are rounded");
}

#[test]
fn the_loss_itself_is_not_computed() {
    let system = built("loss = 'logistic'");
    let function = |op: &Op| match op {
        Op::Store { function, .. } => Some(function.clone()),
        _ => None,
    };
    let body = &system.blocks()[1].bodies[0];
    let functions: Vec<_> = body.order().filter_map(|id| function(&body.node(id).op)).collect();
    assert!(!functions.contains(&crate::number::Function::Softplus), "{functions:?}");
    assert!(functions.contains(&crate::number::Function::Sigmoid), "{functions:?}");
}

#[test]
fn optimisers_carry_their_state() {
    let carried = |lines: &str| {
        let system = built(&format!("loss = 'least-squares'\n{lines}"));
        let ports = system.blocks()[1].bodies[0].ports().into_iter().map(|(_, carrier)| carrier).collect::<Vec<_>>();
        (ports.len(), ports.iter().filter(|carrier| **carrier == Carrier::Exact).count())
    };
    assert_eq!(carried(""), (1, 1));
    assert_eq!(carried("optimiser = 'momentum'\nmu = 0.5"), (2, 1));
    assert_eq!(carried("optimiser = 'adam'\nbeta1 = 0\nbeta2 = 0.5\nepsilon = 1"), (3, 2));
}

#[test]
fn random_data_fit_their_rule() {
    let narrow = "[numerics]\ntargets = 'fixed(1,3)'";
    let text = format!(
        "[program]\nkind = 'gradient-descent'\nfeatures = 2\nstep_size = 1\nloss = 'hinge'\nexamples = 2\n[data]\nsource = 'random'\nseed = 1\n{narrow}"
    );
    let Ok(Document::Program(program)) = parse_document("t.toml", &text) else { panic!("refused") };
    assert!(matches!(system(&program), Err(ProgramError::Narrow { .. })));
}
