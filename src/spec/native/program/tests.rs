//! Programs in the native format, read; refusals are tested with the circuits, in `tests/programs`.

use super::*;
use crate::spec::program::{Adam, Loss, LossOp, Optimiser};

fn parse(text: &str) -> Result<Program, Error> {
    read(&Source::from_text("t.toml", text)?)
}

fn ratio(p: i64, q: i64) -> Rational {
    Rational::new(p.into(), q.into())
}

/// The documented example, with the comment marks of some keys taken away and some lines left out.
fn example(shown: &[&str], left_out: &[&str]) -> String {
    let schema = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim);
    let example = schema.skip_while(|line| *line != "```toml").skip(1).take_while(|line| *line != "```");
    let line = |line: &str| {
        let hidden = shown.iter().find(|key| line.starts_with(&format!("# {key}")));
        if hidden.is_some() { line.trim_start_matches("# ").to_owned() } else { line.to_owned() }
    };
    let kept = example.map(line).filter(|line| !left_out.iter().any(|key| line.starts_with(key)));
    kept.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_example_is_read() {
    let program = parse(&example(&[], &[])).unwrap();
    assert_eq!((program.name.as_str(), program.steps, program.step_size.clone()), ("descent", 16, ratio(1, 4)));
    let Rule::Descent(descent) = &program.rule else { panic!("descent") };
    assert_eq!((descent.features, descent.examples, descent.full_batch), (2, 1, false));
    assert_eq!((&descent.loss, &descent.optimiser), (&Loss::LeastSquares { round_residual: true }, &Optimiser::Plain));
    assert_eq!((&program.data, &program.start, program.batch()), (&Data::Inputs, &Start::Zeros, 1));
}

#[test]
fn the_documented_keys_that_are_commented_out_are_read_too() {
    let adam = example(&["beta1", "beta2", "epsilon", "examples"], &["optimiser", "batch"]);
    let adam = adam.replace("[program]", "[program]\noptimiser = 'adam'\nbatch = 'all'");
    // The last `examples` is that of [data], which gradient descent does not have.
    let at = adam.rfind("examples = 4").unwrap();
    let adam = format!("{}{}", &adam[..at], &adam[at..].replacen("examples = 4", "# examples = 4", 1));
    let program = parse(&adam).unwrap();
    let Rule::Descent(descent) = &program.rule else { panic!("descent") };
    let wanted = Optimiser::Adam(Box::new(Adam { beta1: ratio(1, 2), beta2: ratio(3, 4), epsilon: ratio(1, 4) }));
    assert_eq!((&descent.optimiser, descent.examples, program.batch()), (&wanted, 4, 4));
}

#[test]
fn constants_are_read_in_order() {
    let text = "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 2\nexamples = 2\nstep_size = 1\n[data]\nsource = \
                'given'\nx = [[1, '1/3'], [0.25, -1e-1]]\ny = [2, 3]\n[weights]\nsource = 'given'\nw = [0.1, 0]";
    let program = parse(text).unwrap();
    let Data::Given { values, examples: 2 } = &program.data else { panic!("given") };
    assert_eq!(values["x"], [ratio(1, 1), ratio(1, 3), ratio(1, 4), ratio(-1, 10)]);
    assert_eq!(values["y"], [ratio(2, 1), ratio(3, 1)]);
    let Start::Given(start) = &program.start else { panic!("given") };
    assert_eq!(start["w"], [ratio(1, 10), ratio(0, 1)]);
}

#[test]
fn losses_are_read_operation_by_operation() {
    let text = "[program]\nkind = 'gradient-descent'\nloss = 'graph'\nfeatures = 2\nstep_size = 1\n[[program.weight]]\nname = 'a'\nshape = \
                [3, 2]\n[[program.node]]\nname = 'h'\nop = 'matvec'\nof = ['a', 'x']\n[[program.node]]\nname = 's'\nop = 'scale'\nof = \
                ['h']\nfactor = '1/3'\n[[program.node]]\nname = 'l'\nop = 'sum'\nof = ['s']";
    let program = parse(text).unwrap();
    let weights: Vec<_> = program.weights().into_iter().map(|weight| (weight.name, weight.shape)).collect();
    assert_eq!(weights, [("a".to_owned(), vec![3, 2])]);
    let Rule::Descent(Descent { loss: Loss::Graph(graph), .. }) = &program.rule else { panic!("graph") };
    let ops: Vec<_> = graph.nodes.iter().map(|node| node.op.clone()).collect();
    assert_eq!(ops, [LossOp::Matvec, LossOp::Scale(ratio(1, 3)), LossOp::Sum]);
}

#[test]
fn reinforcement_rules_have_quantities_of_their_own() {
    let rest = "step_size = 1\n[numerics]\ntargets = 'int(3)'\ndata = 'int(2)'";
    let names = |head: &str| {
        let program = parse(&format!("[program]\n{head}\n{rest}")).unwrap();
        program.quantities().into_iter().map(|q| (q.name, q.shape, q.format.to_string())).collect::<Vec<_>>()
    };
    let one = |name: &str, shape: &[u64], format: &str| (name.to_owned(), shape.to_vec(), format.to_owned());
    let q = names("kind = 'q-learning'\nstates = 3\nactions = 2\ndiscount = 0");
    let data = [("state", 3), ("action", 2), ("next", 3)].map(|(name, length)| one(name, &[length], "int(2)"));
    assert_eq!(q[..3], data);
    assert_eq!(q[3], one("reward", &[], "int(3)"));
    assert_eq!(names("kind = 'td0'\nfeatures = 4\ndiscount = 1").len(), 3);
    assert_eq!(names("kind = 'policy-gradient'\nfeatures = 4")[1], one("action", &[], "int(3)"));
}
