//! Hugging Face configurations of Mamba: their sizes, their laws, and what is refused in them.

use super::network;
use isobath::circuit::looped;
use isobath::lower::system::system;
use isobath::recurrent::{self, Recurrence};
use isobath::spec::recurrent::{Cell, count, parameters};
use isobath::spec::{self, Recurrent};
use isobath::words::Strategy;
use std::path::Path;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/configs");

fn shared(model: &str) -> Option<Recurrent> {
    let path = Path::new(SHARED).join(model);
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return None;
    }
    Some(network(spec::read_document(&path).unwrap()))
}

/// Numbers of a checkpoint by the tensors of the reference model: width d, inner i, state n, rank r, kernel k, L layers, vocabulary v.
fn counted([d, i, n, r, k, layers, v]: [u128; 7], tied: bool) -> u128 {
    let projections = d * 2 * i + i * d;
    let convolution = i * k + i;
    let selection = i * (r + 2 * n) + r * i + i;
    let scan = i * n + i;
    let layer = d + projections + convolution + selection + scan;
    layers * layer + if tied { v * d } else { 2 * v * d } + d
}

#[test]
fn mamba_configs_have_the_size_of_their_reference_models() {
    // mamba-130m has 24 layers and a published 129,135,360 parameters; the class's default is the same with 32 layers.
    let small = [768, 1536, 16, 48, 4, 24, 50_280];
    assert_eq!(counted(small, true), 129_135_360);
    if let Some(model) = shared("mamba-default") {
        assert_eq!(count(&model), counted([768, 1536, 16, 48, 4, 32, 50_280], true));
        assert_eq!((count(&model), model.name.as_str(), model.layers), (159_308_544, "mamba-default", 32));
        let Cell::Mamba(cell) = model.cell else { panic!("mamba") };
        assert_eq!(
            (cell.inner, cell.rank, cell.norm_epsilon, cell.conv_bias, cell.bias),
            (1536, 48, 1e-5, true, false)
        );
    }
    if let Some(model) = shared("fla-mamba_340M") {
        assert_eq!(count(&model), counted([1024, 2048, 16, 128, 4, 48, 32_000], false));
        assert_eq!((count(&model), model.tied, model.default_context), (398_148_608, false, 1024));
    }
}

#[test]
fn mamba_configs_follow_the_law_of_mamba() {
    for name in ["mamba-default", "fla-mamba_340M"] {
        let Some(model) = shared(name) else { continue };
        let graph = recurrent::system(&model, Recurrence::Sequential, 5).unwrap();
        let skeleton = looped::skeleton(&system(&graph, Strategy::Depth).unwrap().circuits);
        assert_eq!(skeleton.depth(), 5 + 8 * model.layers + 3, "{name}");
    }
}

/// A network of another size has the tensors its parameters list, no more and no fewer.
#[test]
fn graphs_read_the_parameters_that_are_listed() {
    for (name, ..) in super::SHIPPED {
        let model = super::shipped(name);
        let graph = recurrent::system(&model, Recurrence::Sequential, 2).unwrap();
        let bodies = graph.blocks().iter().flat_map(|block| &block.bodies);
        let read = bodies.flat_map(|body| body.params()).filter(|param| param.name != "zero");
        let mut read: Vec<_> = read.map(|param| (param.name.clone(), param.shape.clone())).collect();
        let mut listed: Vec<_> = parameters(&model).into_iter().map(|p| (p.name, p.shape)).collect();
        read.sort();
        read.dedup();
        listed.sort();
        assert_eq!(read, listed, "{name}");
    }
}

#[test]
fn mamba_configs_are_read_strictly() {
    let base = "\"model_type\": \"mamba\", \"vocab_size\": 5, \"hidden_size\": 32, \"num_hidden_layers\": 1";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.json");
    let read = |more: &str| {
        std::fs::write(&path, format!("{{{base}{more}}}")).unwrap();
        spec::read_document(&path).map(network)
    };
    let Cell::Mamba(cell) = read("").unwrap().cell else { panic!("mamba") };
    assert_eq!((cell.inner, cell.state, cell.kernel, cell.rank), (64, 16, 4, 2));
    let Cell::Mamba(cell) = read(", \"time_step_rank\": \"auto\", \"norm_eps\": 1e-3").unwrap().cell else { panic!() };
    assert_eq!((cell.rank, cell.norm_epsilon), (2, 1e-3));
    for (more, wanted) in [
        (", \"intermediate_size\": 65", "`intermediate_size` is 65, but `expand` times the width is 64"),
        (", \"expand\": 1.5", "`expand` is a number with a fraction or exponent, but must be an integer"),
        (", \"layer_norm_epsilon\": 1, \"norm_eps\": 2", "`norm_eps` is 2, but `layer_norm_epsilon` is 1"),
        (", \"time_step_rank\": \"x\"", "`time_step_rank` = \"x\" is not supported"),
        (", \"hidden_act\": \"mish\"", "`hidden_act` = \"mish\" is not supported"),
        (", \"num_heads\": 4", "unknown key `num_heads`"),
        (", \"architectures\": [\"MambaForSequenceClassification\"]", "this output head is not supported"),
    ] {
        let error = read(more).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted:?} is not in:\n{error}");
    }
    read("").unwrap();
    let error = spec::read(&path).unwrap_err().to_string();
    assert!(error.contains("describes a recurrent network (cell `mamba`), not a transformer"), "{error}");
}
