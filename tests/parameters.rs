//! Every shared configuration: read, its numbers counted in its graph and held against a count from elsewhere, or refused by name.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use isobath::pipeline;
use isobath::pipeline::subject::{self, Options};
use isobath::spec::{self, Document, Looped};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/configs");

/// A published figure: of the model's card or paper, or the sum over the shapes a checkpoint's index lists.
const PUBLISHED: &str = "published";

/// The shapes of the reference class, added up by hand in [`reference`].
const SHAPES: &str = "shapes";

/// How many numbers each model has, and who says so. BERT's and RoBERTa's are those of the encoder without pooler.
const COUNTS: [(&str, u128, &str); 32] = [
    ("gpt2", 124_439_808, PUBLISHED),
    ("gpt2-xl", 1_557_611_200, PUBLISHED),
    ("opt-1.3b", 1_315_758_080, PUBLISHED),
    ("llama-2-7b", 6_738_415_616, PUBLISHED),
    ("llama-3-8b", 8_030_261_248, PUBLISHED),
    ("llama-3.1-8b", 8_030_261_248, PUBLISHED),
    ("llama-3.2-1b", 1_235_814_400, PUBLISHED),
    ("mistral-7b-v0.1", 7_241_732_096, PUBLISHED),
    ("qwen2-7b", 7_615_616_512, PUBLISHED),
    ("qwen2.5-3b", 3_085_938_688, PUBLISHED),
    ("qwen3-0.6b", 596_049_920, PUBLISHED),
    ("gemma-2b", 2_506_172_416, PUBLISHED),
    ("gemma2-2b", 2_614_341_888, PUBLISHED),
    ("gemma3-1b-it", 999_885_952, PUBLISHED),
    ("phi-1_5", 1_418_270_720, PUBLISHED),
    ("phi-3.5-mini", 3_821_079_552, PUBLISHED),
    ("redpajama-incite-3b", 2_775_864_320, PUBLISHED),
    ("bert-base-cased", 107_719_680, PUBLISHED),
    ("roberta-base", 124_055_040, PUBLISHED),
    ("stablelm-3b", 2_795_443_200, PUBLISHED),
    ("mamba-default", 159_308_544, SHAPES),
    ("fla-mamba_340M", 398_148_608, SHAPES),
    // MixtralForCausalLM; the shapes give the published 46.7B.
    ("mixtral-8x7b", 46_702_792_704, SHAPES),
    // Qwen3MoeForCausalLM; published 30.5B.
    ("qwen3-30b-a3b", 30_532_122_624, SHAPES),
    // DeepseekV2ForCausalLM without query rows; published 15.7B.
    ("deepseek-v2-lite", 15_706_484_224, SHAPES),
    // DeepseekV3ForCausalLM without the module for further tokens; published 671B.
    ("deepseek-v3", 671_026_419_200, SHAPES),
    // GptOssForCausalLM; published 20.9B.
    ("gpt-oss-20b", 20_914_757_184, SHAPES),
    // MiniCPMForCausalLM with the output matrix this file does not tie; tied, with 122,753 rows, it is the published 2,724,880,896.
    ("minicpm-2b", 3_007_736_064, SHAPES),
    // T5ForConditionalGeneration; the published 60.5M.
    ("t5-small", 60_506_624, SHAPES),
    // TransformerForCausalLM, GLAForCausalLM and DeltaNetForCausalLM of flash-linear-attention.
    ("fla-transformer_340M", 373_867_520, SHAPES),
    ("fla-gla_340M", 374_475_776, SHAPES),
    ("fla-delta_net_340M", 374_362_112, SHAPES),
];

/// What is refused, and a part of the reason.
const REFUSED: [(&str, &str); 1] =
    [("nemotron-3-nano-30b", "model_type `nemotron_h` is not supported: its stack mixes attention and experts")];

fn folders() -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(SHARED) else {
        println!("skipped: no {SHARED}");
        return Vec::new();
    };
    let folders = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path)).collect()
}

/// The numbers a configuration's parameter list has.
fn listed(document: &Document) -> u128 {
    match document {
        Document::Model(spec) => spec::count(&spec.architecture),
        Document::Recurrent(recurrent) => spec::recurrent::count(recurrent),
        Document::Looped(looped) => match &**looped {
            Looped::Model(spec, _) => spec::count(&spec.architecture),
            Looped::LinearAttention(_) => panic!("no configuration"),
        },
        Document::Program(_) | Document::Onnx(_) => panic!("no configuration"),
    }
}

/// The numbers its graph reads: every tensor once by name, one body standing for all layers where they are alike.
fn read_by_graph(document: &Document) -> u128 {
    let numbers = |shape: &[u64]| shape.iter().map(|size| u128::from(*size)).product::<u128>();
    let mut tensors: BTreeMap<String, u128> = BTreeMap::new();
    if let Document::Model(spec) = document {
        let graph = pipeline::graph(spec, 8).unwrap();
        tensors.extend(graph.params().iter().map(|param| (param.name.clone(), numbers(&param.shape))));
        return tensors.values().sum();
    }
    let options = Options { lengths: [("context".to_owned(), 8)].into(), ..Options::default() };
    let (system, _) = subject::graph(document, &options).unwrap();
    for block in system.blocks() {
        let axes = block.axes.iter().map(|axis| &system.axes()[*axis]).filter(|axis| axis.name.ends_with("layers"));
        let alike = if block.bodies.len() == 1 { axes.map(|axis| u128::from(axis.length)).product() } else { 1 };
        for param in block.bodies.iter().flat_map(|body| body.params()).filter(|param| param.name != "zero") {
            let times = if param.name.contains("layer.") { alike } else { 1 };
            tensors.insert(param.name.clone(), times * numbers(&param.shape));
        }
    }
    tensors.values().sum()
}

#[test]
fn every_shared_configuration_has_its_size_or_is_refused() {
    for (name, path) in folders() {
        match (spec::read_document(&path), REFUSED.iter().find(|(model, _)| *model == name)) {
            (Err(error), Some((_, reason))) => assert!(error.to_string().contains(reason), "{name}: {error}"),
            (Err(error), None) => panic!("{name}: {error}"),
            (Ok(_), Some(_)) => panic!("{name} is read: add its size"),
            (Ok(document), None) => {
                let (_, count, _) = COUNTS.iter().find(|(model, ..)| *model == name).expect("a count");
                assert_eq!(listed(&document), *count, "{name}");
                let read = read_by_graph(&document);
                // Position rows before the first usable one and other token types are stored, and never read.
                let unread = match name.as_str() {
                    "opt-1.3b" => 2 * 2048,
                    "bert-base-cased" => 768,
                    "roberta-base" => 2 * 768,
                    _ => 0,
                };
                assert_eq!(read + unread, *count, "{name}: the graph");
            }
        }
    }
}

/// Sizes by the shapes of the reference classes' tensors, written down apart from the readers.
fn reference(name: &str) -> u128 {
    match name {
        // q, k, v, o; router; gate, up and down of each expert; two norms; embedding, head, last norm.
        "mixtral-8x7b" => {
            let (d, f, layers, kv, v, experts) = (4096, 14_336, 32, 1024, 32_000, 8);
            layers * (2 * d * d + 2 * d * kv + experts * d + experts * 3 * d * f + 2 * d) + 2 * v * d + d
        }
        "qwen3-30b-a3b" => {
            let (d, f, layers, q, kv, v, experts) = (2048, 768, 48, 4096, 512, 151_936, 128);
            layers * (2 * d * q + 2 * d * kv + 2 * 128 + experts * d + experts * 3 * d * f + 2 * d) + 2 * v * d + d
        }
        // q_proj, kv_a_proj_with_mqa, kv_a_layernorm, kv_b_proj, o_proj; one dense layer; two shared experts in one.
        "deepseek-v2-lite" => {
            let (d, layers, heads, v) = (2048, 27, 16, 102_400);
            let attention = d * heads * 192 + d * (512 + 64) + 512 + 512 * heads * 256 + heads * 128 * d;
            let sparse = 64 * d + 64 * 3 * d * 1408 + 3 * d * 2816;
            layers * (attention + 2 * d) + 3 * d * 10_944 + 26 * sparse + 2 * v * d + d
        }
        // The same with q_a_proj, q_a_layernorm, q_b_proj, and e_score_correction_bias; three dense layers.
        "deepseek-v3" => {
            let (d, layers, heads, v) = (7168, 61, 128, 129_280);
            let queries = d * 1536 + 1536 + 1536 * heads * 192;
            let attention = queries + d * (512 + 64) + 512 + 512 * heads * 256 + heads * 128 * d;
            let sparse = 256 * d + 256 + 256 * 3 * d * 2048 + 3 * d * 2048;
            layers * (attention + 2 * d) + 3 * 3 * d * 18_432 + 58 * sparse + 2 * v * d + d
        }
        // Biases everywhere, a sink a head, gate and up of an expert in one tensor.
        "gpt-oss-20b" => {
            let (d, layers, q, kv, v, experts) = (2880, 24, 4096, 512, 201_088, 32);
            let attention = d * q + q + 2 * (d * kv + kv) + q * d + d + 64;
            let expert = d * 2 * d + 2 * d + d * d + d;
            layers * (attention + 2 * d + experts * d + experts + experts * expert) + 2 * v * d + d
        }
        "minicpm-2b" => {
            let (d, f, layers, v) = (2304, 5760, 40, 122_760);
            layers * (4 * d * d + 3 * d * f + 2 * d) + 2 * v * d + d
        }
        // Shared embedding; encoder and decoder blocks of six; a table of 32 buckets by 8 heads and a last norm for each stack.
        "t5-small" => {
            let (d, f, v) = (512, 2048, 32_128);
            let (attention, feed) = (4 * d * d, 2 * d * f);
            v * d + 6 * (attention + feed + 2 * d) + 6 * (2 * attention + feed + 3 * d) + 2 * (32 * 8 + d)
        }
        "fla-transformer_340M" => {
            let (d, f, layers, v) = (1024, 2816, 24, 32_000);
            layers * (4 * d * d + 3 * d * f + 2 * d) + 2 * v * d + d
        }
        // q, k of half the width; v, g, o; the gate's two maps and bias; a norm of 256 a head.
        "fla-gla_340M" => {
            let (d, f, layers, v) = (1024, 2816, 24, 32_000);
            let attention = 2 * d * 512 + 3 * d * d + d * 16 + 16 * 512 + 512 + 256;
            layers * (attention + 3 * d * f + 2 * d) + 2 * v * d + d
        }
        // q, k, v, o; a rate a head; convolutions of four taps; a norm of 128 a head.
        "fla-delta_net_340M" => {
            let (d, f, layers, v) = (1024, 2816, 24, 32_000);
            layers * (4 * d * d + 8 * d + 3 * 4 * d + 128 + 3 * d * f + 2 * d) + 2 * v * d + d
        }
        // Those of Mamba are derived in tests/recurrent.
        _ => 0,
    }
}

#[test]
fn sizes_of_reference_classes_are_what_their_shapes_add_up_to() {
    let shapes = COUNTS.iter().filter(|(name, _, source)| *source == SHAPES && !name.contains("mamba"));
    for (name, count, _) in shapes {
        assert_eq!(reference(name), *count, "{name}");
    }
    // The figure published for MiniCPM-2B: tied, and seven rows fewer.
    assert_eq!(reference("minicpm-2b") - 122_760 * 2304 - 7 * 2304, 2_724_880_896);
}

/// Depth reports of all of them, whole processes, by the binary users run.
#[test]
fn every_shared_configuration_is_reported() {
    for (name, path) in folders().into_iter().filter(|(name, _)| REFUSED.iter().all(|(model, _)| model != name)) {
        let output =
            Command::new(env!("CARGO_BIN_EXE_isobath")).arg("report").arg(&path).arg("--json").output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(report["depth"].as_u64().is_some() || report["depth"].is_string(), "{name}: {report}");
        assert_eq!(Path::new(&path).file_name().unwrap().to_string_lossy(), report["name"].as_str().unwrap());
    }
}
