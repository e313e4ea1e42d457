//! Looped systems in cost models, and their longest runs between observed values: laws against every path written out, and against formulas by hand.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use isobath::cost::named::Named;
use isobath::cost::{Model, analyse, analyse_body, opaque};
use isobath::loops::skeleton::Reads;
use isobath::pipeline::costed::{Costed, costs_of, layers, opaque};
use isobath::pipeline::looped::LoopedModel;
use isobath::pipeline::subject::{Options, Subject};
use isobath::pipeline::{self, Error};
use isobath::report::Opaque;
use isobath::spec::{self, Document};
use isobath::words::Strategy;

const SHIPPED: [&str; 6] = ["rnn", "gd-least-squares", "gd-momentum", "decoding", "feedback", "looped-transformer"];

fn text(name: &str) -> String {
    std::fs::read_to_string(format!("circuits/{name}.toml")).unwrap()
}

fn read(text: &str) -> Document {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spec.toml");
    std::fs::write(&file, text).unwrap();
    spec::read_document(&file).unwrap()
}

fn model(text: &str) -> LoopedModel {
    Subject::new(&read(text), &Options::default()).unwrap().model
}

/// The vertices of a system in all models: threshold layers, operations, gates.
fn systems(model: &LoopedModel) -> Vec<(&'static str, Named)> {
    let costs = |counted| costs_of(model, counted).unwrap().named;
    vec![("threshold", layers(model)), ("arithmetic", costs(Model::Arithmetic)), ("boolean", costs(Model::Boolean))]
}

/// The longest run with every iteration written out, found by the search for graphs without loops.
fn written_out(named: &Named, observed: &[Vec<bool>]) -> u64 {
    let skeleton = &named.skeleton;
    let (mut costs, mut sources, mut seen, mut outputs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut first: HashMap<(usize, Vec<u64>), usize> = HashMap::new();
    let done: Result<(), ()> = skeleton.try_each(|instance| {
        let (part, start) = (&skeleton.blocks()[instance.block].bodies[0], costs.len());
        for vertex in &part.vertices {
            costs.push(vertex.latency);
            sources.push(match &vertex.reads {
                Reads::Inside(list) => list.iter().map(|source| start + source).collect::<Vec<usize>>(),
                Reads::Port(port) => {
                    let (wire, at) = skeleton.source(instance, *port);
                    vec![first[&(wire.block, at)] + skeleton.vertex(wire)]
                }
            });
        }
        seen.extend(&observed[instance.block]);
        let own = skeleton.outputs().iter().filter(|outlet| outlet.block == instance.block);
        outputs.extend(own.map(|outlet| start + part.outputs[outlet.output]));
        first.insert((instance.block, instance.at.clone()), start);
        Ok(())
    });
    done.unwrap();
    opaque::longest(&costs, &sources, &seen, &outputs).depth
}

/// The law of the longest run at all small lengths.
fn agrees(what: &str, named: &Named, names: &[String]) {
    let observed = named.observed(names).unwrap();
    let found = opaque(named, names).unwrap();
    let axes: Vec<String> = named.skeleton.axes().iter().map(|axis| axis.name.to_string()).collect();
    for number in 0..4u64.pow(axes.len() as u32) {
        let length = |name: &str| {
            let axis = axes.iter().position(|axis| axis == name)?;
            Some(1 + number / 4u64.pow(axis as u32) % 4)
        };
        let skeleton = named.skeleton.clone().resized(|name| length(name)).unwrap();
        let by_force = written_out(&Named { skeleton, places: named.places.clone() }, &observed);
        let cut = found.depth.named.skeleton.clone().resized(|name| length(name)).unwrap();
        assert_eq!(cut.depth(), by_force, "{what} {names:?} {number}");
        let law = &found.depth.law;
        assert!(law.upper(&length).is_none_or(|upper| upper >= by_force.into()), "{what} {names:?} {number}: {law}");
        assert!(law.lower(&length).is_none_or(|lower| lower <= by_force.into()), "{what} {names:?} {number}: {law}");
        assert!(law.value(&length).is_some() || number < 4, "{what} {names:?} {number}: {law}");
    }
    let path = found.depth.path().unwrap();
    let last = path.last().map_or(0, |visit| visit.layer);
    assert_eq!(found.depth.value().unwrap(), (last.into(), true), "{what} {names:?}");
}

#[test]
fn laws_of_runs_are_those_of_every_iteration_written_out() {
    let observed = |name: &str| match name {
        "rnn" => [&[][..], &["state stored"], &["layer"], &["embedding", "state"]],
        "gd-least-squares" | "gd-momentum" => [&[][..], &["step"], &["w stored"], &["update"]],
        _ => [&[][..], &["block"], &["MLP"], &["block", "attention"]],
    };
    for name in SHIPPED {
        let model = model(&text(name));
        for (what, named) in systems(&model) {
            for names in observed(name) {
                let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
                agrees(&format!("{name} {what}"), &named, &names);
            }
        }
    }
}

#[test]
fn runs_of_layers_are_those_of_the_unrolled_circuit() {
    for (name, observed) in [
        ("decoding", &["emitted token"][..]),
        ("decoding", &["emitted token", "MLP"]),
        ("rnn", &["state stored"]),
        ("gd-least-squares", &["w stored"]),
        ("feedback", &[]),
    ] {
        let model = model(&text(name));
        let names: Vec<String> = observed.iter().map(|name| (*name).to_owned()).collect();
        let found = opaque(&layers(&model), &names).unwrap().depth.value();
        let unrolled = Opaque::of_circuit(&model.unrolled().unwrap(), &names).unwrap();
        assert_eq!(found, Some((unrolled.depth.into(), true)), "{name} {names:?}");
    }
}

#[test]
fn observed_state_leaves_runs_of_one_step() {
    let law = |name: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let model = model(&text(name));
        systems(&model)
            .into_iter()
            .map(|(_, named)| opaque(&named, &names).unwrap().depth.law.to_string())
            .collect::<Vec<_>>()
    };
    for line in law("rnn", &["state stored"]) {
        assert!(!line.contains('*') && !line.contains("+ context") && line.starts_with("depth = "), "{line}");
    }
    let [threshold, arithmetic, _] = &law("decoding", &[])[..] else { panic!("three models") };
    assert!(threshold.starts_with("depth = 9*layers + 5 for every tokens >= 1"), "{threshold}");
    assert!(arithmetic.starts_with("depth = 55*layers + 19 for every tokens >= 1"), "{arithmetic}");
}

fn log(n: u64) -> u64 {
    u64::from(64 - (n - 1).leading_zeros())
}

#[test]
fn arithmetic_laws_are_the_formulas_worked_out_by_hand() {
    for (width, vocabulary) in [(3, 5), (4, 7), (1, 2), (9, 3)] {
        let text = text("rnn")
            .replace("width = 3", &format!("width = {width}"))
            .replace("vocabulary = 5", &format!("vocabulary = {vocabulary}"));
        let found = Costed::new(&model(&text), Model::Arithmetic).unwrap();
        for (layers, context) in [(1, 1), (2, 4), (7, 1), (5, 1 << 40)] {
            let of = |name: &str| Some(if name == "layers" { layers } else { context });
            // A map of `width` features, its bias where it reads what is below, the sum of the two maps, tanh.
            let (map, maps) = (1 + log(width), width * (2 * width - 1));
            let depth = layers * (map + 3) + (context - 1) * (map + 2) + map;
            assert_eq!(found.depth.law.value(&of), Some(depth.into()), "{width} {layers} {context}");
            let count = layers * context * (2 * maps + 3 * width) + context * vocabulary * (2 * width - 1);
            assert_eq!(found.costs.count.value(|name| of(name).unwrap()), count.into());
        }
    }
    for features in [1, 2, 3, 8] {
        let w = vec!["0.5"; features as usize].join(", ");
        let text = text("gd-least-squares")
            .replace("features = 2", &format!("features = {features}"))
            .replace("w = [0.5, -1]", &format!("w = [{w}]"));
        let found = Costed::new(&model(&text), Model::Arithmetic).unwrap();
        for steps in [1, 2, 16, 1 << 40] {
            // Products and their sum, less the target; times x, times the step size, added to the weights.
            let (depth, count) = (steps * (log(features) + 5), steps * 5 * features);
            assert_eq!(found.depth.law.value(&|_| Some(steps)), Some(depth.into()), "{features} {steps}");
            assert_eq!(found.costs.count.value(|_| steps), count.into(), "{features} {steps}");
        }
    }
}

#[test]
fn a_stack_of_blocks_costs_what_the_model_without_loops_does() {
    for name in ["tiny-gpt", "tiny-bert", "tiny-llama"] {
        let spec = spec::read(Path::new(&format!("circuits/{name}.toml"))).unwrap();
        let context = spec.architecture.default_context;
        let flat = analyse(&pipeline::graph(&spec, context).unwrap(), Model::Arithmetic);
        let looped = Costed::new(&model(&text(name)), Model::Arithmetic).unwrap();
        let depth = flat.value(&flat.deepest.of(flat.output)[flat.critical()].depth);
        assert_eq!(looped.depth.value(), Some((depth, true)), "{name}");
        assert_eq!(looped.value(&looped.costs.count), flat.value(&flat.count()), "{name}");
    }
}

#[test]
fn unknown_names_and_units_that_are_no_powers_of_two_are_refused() {
    let rnn = model(&text("rnn"));
    for (_, named) in systems(&rnn) {
        let error = named.cut(&["stat stored".to_owned()]).unwrap_err();
        assert_eq!(error.near[0], "`state stored`");
    }
    let thirds = model(&text("gd-least-squares").replace("step_size = \"1/4\"", "step_size = \"1/3\""));
    assert!(Costed::new(&thirds, Model::Arithmetic).is_ok());
    let error = Costed::new(&thirds, Model::Boolean).unwrap_err();
    assert!(matches!(&error, Error::Unit(unit) if unit.block == "step"), "{error}");
    assert!(error.to_string().contains("no power of two"), "{error}");
}

#[test]
fn bodies_with_other_constants_cost_like_the_dearest() {
    let system = |targets: &str| {
        let text = text("gd-hard-wired").replace("y = [1, -1, 0]", targets);
        let Document::Program(program) = read(&text) else { panic!("a program") };
        LoopedModel::new(isobath::program::system(&program).unwrap(), Strategy::Depth).unwrap()
    };
    let shipped = Costed::new(&system("y = [1, -1, 0]"), Model::Arithmetic).unwrap();
    assert_eq!(shipped.depth.law.to_string(), "depth = 4*steps for every steps >= 1");
    let model = system("y = [1, -1, 1]");
    let bodies = &model.graph.blocks()[1].bodies;
    for counted in [Model::Arithmetic, Model::Boolean] {
        let found = Costed::new(&model, counted).unwrap();
        let alone = |body| {
            let widths = [(8, 4)];
            let analysis = analyse_body(body, counted, &widths, &[]);
            (analysis.value(&analysis.count()), analysis.nodes.len())
        };
        let most = bodies.iter().map(alone).max().unwrap();
        let nodes = found.depth.named.skeleton.blocks()[1].bodies[0].vertices.len();
        assert_eq!((nodes, bodies.len()), (most.1, 3));
        assert!(found.depth.law.exact() && found.depth.path().unwrap().len() >= 16, "{}", found.depth.law);
        assert!(counted == Model::Boolean || found.value(&found.costs.blocks[1]) == most.0);
    }
}
