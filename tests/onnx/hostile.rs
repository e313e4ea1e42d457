//! Files that are damaged, hostile or contradictory: each is refused with a message that names the place; none stops the program.

use std::collections::BTreeMap;

use isobath::onnx::system;
use isobath::spec::onnx::parse;

use crate::writer::{D, attribute, bytes, int, model, node, relu, tensor, x, y};

/// What a file is refused with, when it is read or when it is imported.
fn refusal(file: &[u8], lengths: &[(&str, u64)]) -> String {
    let lengths: BTreeMap<String, u64> = lengths.iter().map(|(name, length)| ((*name).to_owned(), *length)).collect();
    match parse("test", file, None) {
        Err(error) => error.to_string(),
        Ok(model) => system(&model, &lengths, true).map(|_| ()).unwrap_err().to_string(),
    }
}

#[test]
fn what_is_no_graph_is_refused() {
    let good = model(&[x(&[D::N(2)]), relu(), y()], 17);
    assert!(system(&parse("good", &good, None).unwrap(), &BTreeMap::new(), true).is_ok());
    let cases = [
        (Vec::new(), "no ONNX file"),
        (b"[model]\nkind = 'decoder'\n".to_vec(), "no ONNX file"),
        (good[..good.len() - 3].to_vec(), "no ONNX file"),
        (good[..good.len() / 2].to_vec(), "no ONNX file"),
        (model(&[relu(), y()], 17), "node `r` (Relu) reads `x`, which nothing makes"),
        (model(&[x(&[D::N(2)]), relu()], 17), "gives nothing out"),
        (model(&[x(&[D::N(2)]), y()], 17), "output `y` is made by no node"),
        (model(&[x(&[D::N(2)]), relu(), y()], 99), "operator set 99 is not known"),
        (model(&[x(&[D::N(2)]), relu(), y()], -1), "operator set -1 is not known"),
        ([int(1, 8), bytes(7, relu())].concat(), "no operator set"),
        (model(&[x(&[D::N(2)]), relu(), relu(), y()], 17), "`y`: another value of the graph has the same name"),
        (model(&[x(&[D::N(2)]), x(&[D::N(2)]), relu(), y()], 17), "input `x`: another value"),
    ];
    for (file, wanted) in cases {
        let found = refusal(&file, &[]);
        assert!(found.contains(wanted), "{wanted}: {found}");
    }
}

#[test]
fn every_prefix_and_many_changed_bytes_are_read_or_refused() {
    let weights = tensor("w", &[2, 2], &[0; 16], Vec::new());
    let good = model(&[x(&[D::S("n"), D::N(2)]), node("MatMul", "m", &["x", "w"], &["y"], &[]), weights, y()], 17);
    let lengths = BTreeMap::from([("n".to_owned(), 3)]);
    for length in 0..good.len() {
        let _ = parse("prefix", &good[..length], None).map(|model| system(&model, &lengths, true).is_ok());
    }
    for place in 0..good.len() {
        for byte in [0, 1, 127, 128, 255] {
            let mut changed = good.clone();
            changed[place] = byte;
            let _ = parse("changed", &changed, None).map(|model| system(&model, &lengths, true).is_ok());
        }
    }
}

#[test]
fn nested_graphs_end_in_an_error_not_in_the_stack() {
    let mut graph = relu();
    for _ in 0..5000 {
        graph = node("If", "deep", &["x"], &["y"], &[attribute("then_branch", 5, bytes(6, graph))]);
    }
    let found = refusal(&model(&[graph, y()], 17), &[]);
    assert!(found.contains("recursion limit"), "{found}");
}

#[test]
fn nodes_that_wait_for_each_other_are_named() {
    let nodes = [node("Relu", "a", &["q"], &["p"], &[]), node("Relu", "b", &["p"], &["q"], &[]), relu()];
    let found = refusal(&model(&[nodes.concat(), x(&[D::N(1)]), y()], 17), &[]);
    assert!(found.contains("wait for each other's values: `a`, `b`"), "{found}");
}

#[test]
fn nodes_in_any_order_are_put_in_one() {
    let nodes = [node("Relu", "b", &["p"], &["y"], &[]), node("Relu", "a", &["x"], &["p"], &[])];
    let file = model(&[nodes.concat(), x(&[D::N(1)]), y()], 17);
    assert!(system(&parse("unordered", &file, None).unwrap(), &BTreeMap::new(), true).is_ok());
}

#[test]
fn tensors_must_hold_what_their_shapes_say() {
    let with = |tensor: Vec<u8>| {
        let add = node("Add", "sum", &["x", "w"], &["y"], &[]);
        refusal(&model(&[x(&[D::N(2)]), add, tensor, y()], 17), &[])
    };
    let entry = |key: &str, value: &str| bytes(13, [bytes(1, key), bytes(2, value)].concat());
    let outside = |path: &str| [entry("location", path), int(14, 1)].concat();
    let cases = [
        (tensor("w", &[2], &[0; 7], Vec::new()), "initialiser `w`: its shape [2] takes 8 bytes, it has 7"),
        (tensor("w", &[-2], &[0; 8], Vec::new()), "negative length"),
        (tensor("w", &[1_000_000_000_000_000_000], &[0; 8], Vec::new()), "takes 4000000000000000000 bytes"),
        (tensor("w", &[1 << 40, 1 << 40], &[], Vec::new()), "more elements than there are bytes"),
        (tensor("w", &[2], &[], outside("../weights.bin")), "not inside the folder"),
        (tensor("w", &[2], &[], outside("/etc/passwd")), "not inside the folder"),
        (tensor("w", &[2], &[], outside("no-such-file.bin")), "external data are missing"),
        (tensor("w", &[2], &[], int(14, 1)), "no location"),
        (tensor("w", &[2], &[0; 8], int(2, 17)), "float8e4m3fn"),
        (tensor("w", &[2], &f32::NAN.to_le_bytes().repeat(2), Vec::new()), "holds NaN"),
        (tensor("w", &[3], &[0; 12], Vec::new()), "node `sum` (Add): shapes [2] and [3] do not fit together"),
    ];
    for (tensor, wanted) in cases {
        let found = with(tensor);
        assert!(found.contains(wanted), "{wanted}: {found}");
        assert!(!found.contains("wait for each other"), "{found}");
    }
}

#[test]
fn lengths_of_axes_are_numbers_or_plain_names() {
    let with = |dims: &[D<'_>], lengths: &[(&str, u64)]| refusal(&model(&[x(dims), relu(), y()], 17), lengths);
    assert!(with(&[D::N(0)], &[]).contains("has no elements"));
    assert!(with(&[D::N(-4)], &[]).contains("negative length -4"));
    assert!(with(&[D::N(1_000_000_000_000_000_000)], &[]).contains("too many elements"));
    assert!(with(&[D::S("batch"), D::S("n")], &[("n", 3)]).contains("--at 'batch=N'"));
    assert!(with(&[D::S("n")], &[("n", 3), ("m", 3)]).contains("no symbolic axis `m`; there is n"));
    assert!(with(&[D::S("n + 1")], &[]).contains("`n + 1`; a number or a plain name"));
    assert!(with(&[D::S("n"), D::S("n")], &[("n", 1 << 40)]).contains("too many elements"));
}

#[test]
fn all_operators_that_are_not_read_are_told_with_their_nodes() {
    let nodes = [
        node("NonMaxSuppression", "first", &["x"], &["a"], &[]),
        node("Relu", "fine", &["a"], &["b"], &[]),
        node("Loop", "second", &["b"], &["c"], &[]),
        node("NonMaxSuppression", "third", &["c"], &["y"], &[]),
        node("Dropped", "dead", &["x"], &["z"], &[]),
    ];
    let found = refusal(&model(&[nodes.concat(), x(&[D::N(1)]), y()], 17), &[]);
    assert!(found.contains("`NonMaxSuppression` is not supported: nodes `first`, `third`"), "{found}");
    assert!(found.contains("`Loop`, a loop inside of the graph, is not supported: node `second`"), "{found}");
    assert!(!found.contains("fine") && !found.contains("dead"), "{found}");
}

#[test]
fn what_an_operator_does_not_understand_is_refused() {
    let alpha = attribute("bravo", 2, int(3, 1));
    let cases = [
        (node("Relu", "r", &["x"], &["y"], &[alpha]), "node `r` (Relu): attribute `bravo` is not understood"),
        (node("Relu", "r", &[], &["y"], &[]), "node `r` (Relu): input 0 is missing"),
        (node("Concat", "c", &["x", "x"], &["y"], &[]), "attribute `axis` is missing"),
        (node("Transpose", "t", &["x"], &["y"], &[attribute("perm", 7, int(8, 5))]), "there is no axis 5 among 1"),
        (
            node("Split", "s", &["x"], &["y", "z"], &[attribute("split", 7, [int(8, 1), int(8, 1)].concat())]),
            "it splits",
        ),
        (node("Relu", "r", &["x"], &["w", "y"], &[]), "its output 1 is not supported"),
    ];
    for (node, wanted) in cases {
        let found = refusal(&model(&[x(&[D::N(1)]), node, y()], 17), &[]);
        assert!(found.contains(wanted), "{wanted}: {found}");
    }
}

#[test]
fn constants_are_not_written_out_beyond_all_bounds() {
    let long = (1i64 << 60).to_le_bytes();
    let shape = bytes(5, [int(1, 1), int(2, 7), bytes(8, "s"), bytes(9, long)].concat());
    let filled = node("ConstantOfShape", "huge", &["s"], &["y"], &[]);
    let found = refusal(&model(&[shape.clone(), filled, y()], 17), &[]);
    assert!(found.contains("node `huge` (ConstantOfShape)") && found.contains("too large"), "{found}");
    let spread = node("Expand", "huge", &["x", "s"], &["y"], &[]);
    let found = refusal(&model(&[shape, x(&[D::N(1)]), spread, y()], 17), &[]);
    assert!(found.contains("node `huge` (Expand)") && found.contains("too many elements"), "{found}");
}
