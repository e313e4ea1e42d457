//! Specifications as a user meets them: real configurations, shipped circuits, and inputs that must be refused.

#![allow(clippy::unwrap_used)]

use isobath::spec::{self, Architecture, Join, Output, Placement, Positions, WeightSource};
use std::path::{Path, PathBuf};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/configs");
const CIRCUITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/circuits");

/// The shared configuration of a model, or nothing (and a message) where the folder is not there.
fn shared(model: &str) -> Option<PathBuf> {
    let path = Path::new(SHARED).join(model);
    if !path.exists() {
        println!("skipped: no {}", path.display());
    }
    path.exists().then_some(path)
}

fn architecture(path: &Path) -> Architecture {
    spec::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).architecture
}

#[test]
fn real_configurations_have_their_features() {
    let read = |model| shared(model).map(|path| architecture(&path));
    let windows = |model: &Architecture| model.blocks.iter().filter(|block| block.attention.window.is_some()).count();
    if let Some(mistral) = read("mistral-7b-v0.1") {
        assert!(mistral.blocks.iter().all(|block| block.attention.window == Some(4096)));
    }
    if let Some(qwen) = read("qwen2-7b") {
        assert_eq!(windows(&qwen), 0);
        assert!(qwen.blocks[0].attention.qkv_bias && !qwen.blocks[0].attention.out_bias);
    }
    if let Some(gemma) = read("gemma2-2b") {
        assert_eq!((windows(&gemma), gemma.logit_softcap), (13, Some(30.0)));
        assert_eq!(gemma.blocks[0].attention.window, Some(4096));
        assert_eq!((gemma.blocks[0].placement, gemma.embedding_scale), (Placement::Sandwich, true));
    }
    if let Some(gemma) = read("gemma3-1b-it") {
        let base = |layer: usize| gemma.blocks[layer].attention.rotary.as_ref().map(|rotary| rotary.base);
        assert_eq!((windows(&gemma), base(4), base(5)), (22, Some(10_000.0), Some(1_000_000.0)));
        assert!(gemma.blocks[0].attention.qk_norm.is_some_and(|norm| norm.gain_plus_one));
    }
    if let Some(llama) = read("llama-3.1-8b") {
        let rotary = llama.blocks[0].attention.rotary.as_ref();
        assert_eq!(rotary.and_then(|rotary| rotary.scaling.as_deref()), Some("llama3"));
        assert_eq!((llama.context_limit(), llama.default_context), (None, 1024));
    }
    if let Some(phi) = read("phi-1_5") {
        assert_eq!((phi.blocks[0].join, phi.head_bias), (Join::ParallelShared, true));
        assert_eq!(phi.blocks[0].attention.rotary.as_ref().map(|rotary| rotary.features), Some(32));
    }
    if let Some(neox) = read("redpajama-incite-3b") {
        assert_eq!(neox.blocks[0].join, Join::Serial);
    }
    if let Some(roberta) = read("roberta-base") {
        assert_eq!(roberta.positions, Positions::Learned { rows: 512, offset: 2 });
        assert_eq!((roberta.output, roberta.blocks[0].placement), (Output::Hidden, Placement::Post));
    }
    if let Some(opt) = read("opt-1.3b") {
        assert_eq!(opt.positions, Positions::Learned { rows: 2048, offset: 2 });
    }
}

#[test]
fn shipped_circuits_are_read() {
    for (name, layers, random) in [
        ("tiny-gpt", 1, true),
        ("tiny-llama", 1, true),
        ("tiny-bert", 2, true),
        ("tiny-moe", 1, true),
        ("tiny-mla", 1, true),
    ] {
        let read = spec::read(&Path::new(CIRCUITS).join(name).with_extension("toml")).unwrap();
        assert_eq!((read.architecture.name.as_str(), read.architecture.blocks.len()), (name, layers));
        assert_eq!(matches!(read.weights, WeightSource::Random { .. }), random);
        assert_eq!(read.numerics.activations.to_string(), "fixed(3,1)");
    }
    for (name, count) in [("gpt2", 124_439_808), ("llama-3-8b", 8_030_261_248), ("modadd7_gpt2_1l", 2432)] {
        assert_eq!(spec::count(&architecture(&Path::new(CIRCUITS).join(name))), count, "{name}");
    }
}

#[test]
fn the_shipped_figures_are_those_of_the_real_files() {
    for model in ["gpt2", "llama-3-8b"] {
        let Some(path) = shared(model) else { continue };
        assert_eq!(architecture(&path), architecture(&Path::new(CIRCUITS).join(model)));
    }
}

#[test]
fn shipped_weights_are_read() {
    let read = spec::read(&Path::new(CIRCUITS).join("modadd7_gpt2_1l")).unwrap();
    let tensors = spec::load(&read).unwrap();
    assert_eq!(tensors.len(), spec::parameters(&read.architecture).len());
    assert_eq!(tensors.values().map(|tensor| tensor.values.len()).sum::<usize>(), 2432);
    assert_eq!(tensors["token_embedding"].values[17], -0.259_408_742_189_407_35);
    assert_eq!(tensors["layer.0.k.weight"].values[16 + 2], -0.105_112_999_677_658_08);
    assert_eq!(tensors["layer.0.v.bias"].values[3], 0.051_054_086_536_169_05);
    assert_eq!(tensors["layer.0.down.weight"].values[32 + 5], -0.197_853_907_942_771_9);
}

/// A file's ending and bytes, and what its refusal must say.
const REFUSED: &[(&str, &[u8], &str)] = &[
    ("json", b"", "is empty"),
    ("toml", b" \n\t", "is empty"),
    ("json", b"{\"model_type\": \"gpt2\xff\"}", "not UTF-8 text: the byte at offset 20"),
    ("json", b"{\"model_type\": \"gpt2\", \"n_la", "bad.json:1:24"),
    ("json", b"{\n  \"vocab_size\": 5,\n", "bad.json:3:1"),
    ("json", b"{\"a\": 1, \"a\": 2}", "key `a` is written twice"),
    ("json", b"[]", "the text is a list, not a table"),
    ("json", b"{}", "key `model_type` is missing"),
    ("json", b"{\"model_type\": 3}", "`model_type` is an integer, but must be text"),
    ("json", b"{\"model_type\": \"whisper\"}", "model_type `whisper` is not supported"),
    ("json", b"<html>", "not valid JSON: found '<'"),
    ("json", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    ("txt", b"<html>", "cannot tell whether this is TOML or JSON"),
    ("txt", b"{\"model_type\": \"whisper\"}", "model_type `whisper` is not supported"),
    ("txt", b"name = 3", "`name` is an integer, but must be text"),
    ("toml", b"[model", "bad.toml:1:7"),
    ("toml", b"name = 'a'\nname = 'b'", "duplicate key"),
    ("toml", b"name = 'a'", "table `[model]` is missing"),
    ("toml", b"modle = 1", "did you mean `model`?"),
    ("toml", b"[[model]]", "`model` is a list, not a table"),
    ("toml", b"[model]\nlayers = 1", "keys `width`, `norm`, `hidden`"),
    ("safetensors", b"", "named like a weight file"),
];

#[test]
fn bad_files_are_refused_with_their_place() {
    let directory = tempfile::tempdir().unwrap();
    for (ending, bytes, wanted) in REFUSED {
        let path = directory.path().join("bad").with_extension(ending);
        std::fs::write(&path, bytes).unwrap();
        let error = spec::read(&path).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted:?} is not in:\n{error}");
        assert!(error.contains("bad."), "{error}");
    }
}

#[test]
fn a_truncated_file_is_refused_or_whole() {
    let directory = tempfile::tempdir().unwrap();
    for (file, parts_are_whole) in [("tiny-llama.toml", true), ("gpt2/config.json", false)] {
        let text = std::fs::read(Path::new(CIRCUITS).join(file)).unwrap();
        let path = directory.path().join("cut").with_extension(Path::new(file).extension().unwrap());
        for length in 0..text.len() - 2 {
            std::fs::write(&path, &text[..length]).unwrap();
            let read = spec::read(&path);
            assert!(read.is_err() || parts_are_whole, "{file} cut to {length} bytes");
        }
    }
}

#[test]
fn a_damaged_byte_never_panics() {
    let directory = tempfile::tempdir().unwrap();
    let source = Path::new(CIRCUITS).join("modadd7_gpt2_1l");
    for (file, from) in
        [("t.toml", "../tiny-bert.toml"), ("config.json", "config.json"), ("model.safetensors", "model.safetensors")]
    {
        let bytes = std::fs::read(source.join(from)).unwrap();
        let path = directory.path().join(file);
        let named = if file.ends_with("toml") { path.as_path() } else { directory.path() };
        for index in 0..bytes.len().min(1600) {
            let mut damaged = bytes.clone();
            damaged[index] = b"\0\xff\"9]"[index % 5];
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, damaged).unwrap();
            let _ = spec::read(named).and_then(|read| spec::load(&read));
        }
        std::fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn deep_nesting_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let texts = [
        ("json", "[".repeat(200_000)),
        ("json", "{\"a\":".repeat(200_000)),
        ("toml", format!("a = {}", "[".repeat(200_000))),
        ("toml", format!("a = {}", "{a=".repeat(200_000))),
        ("toml", format!("a{} = 1", ".a".repeat(200_000))),
        ("toml", format!("[a{}]", ".a".repeat(200_000))),
    ];
    for (ending, text) in texts {
        let path = directory.path().join("deep").with_extension(ending);
        std::fs::write(&path, &text).unwrap();
        let error = spec::read(&path).unwrap_err().to_string();
        assert!(error.contains("deep."), "{text:.10}: {error}");
    }
}

#[test]
fn bad_paths_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let message = |path: &Path| spec::read(path).unwrap_err().to_string();
    assert!(message(directory.path()).contains("is a directory without a config.json"));
    assert!(message(&directory.path().join("absent.toml")).starts_with("there is no file"));
    let zero = Path::new("/dev/zero");
    if zero.exists() {
        assert!(message(zero).contains("is larger than 64 MiB"));
    }
}
