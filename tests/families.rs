//! A tiny model of each Hugging Face family, with random weights: what only configs can ask for (embedding norms and scales, token
//! types, gains as offsets from one, partial rotation, alternating windows) is lowered exactly too.

use isobath::gates::{read_outputs, simulate};
use isobath::pipeline;
use isobath::spec::{self, Spec, WeightSource};
use isobath::words::Strategy;
use num_bigint::BigInt;

/// Sizes that most families name alike.
const SIZES: &str = r#""vocab_size": 5, "hidden_size": 4, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 4, "max_position_embeddings": 8"#;

fn read(config: &str) -> Spec {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, config).expect("written");
    spec::read(&path).unwrap_or_else(|error| panic!("{config}\n{error}"))
}

/// Small numbers, and weights drawn from a seed.
fn small(config: &str, seed: u64) -> Spec {
    let mut spec = read(config);
    let format = |text: &str| text.parse().expect("a format");
    (spec.numerics.weights, spec.numerics.activations) = (format("fixed(2,1)"), format("fixed(2,2)"));
    (spec.numerics.score_clamp, spec.numerics.exp_bits) = (2, 3);
    spec.weights = WeightSource::Random { seed, limit: None };
    spec
}

/// Evaluate, the reference interpreter and the explicit gates agree, and the figures are those of the gates.
fn agree(name: &str, config: &str) {
    for strategy in [Strategy::Depth, Strategy::Size] {
        let mut values: Vec<Vec<BigInt>> = Vec::new();
        for seed in 1..=3 {
            let model = pipeline::bound(&small(config, seed), 3, strategy).expect("lowered");
            for tokens in [[0, 1, 2], [4, 3, 4]] {
                let evaluated = model.evaluate(&tokens).expect("evaluated");
                assert_eq!(Some(&evaluated), model.interpret(&tokens).as_ref(), "{name} {strategy:?} seed {seed}");
                values.push(evaluated);
            }
            let figures = model.measure().expect("measured");
            let gates = model.expand(&mut |_, _| {}).expect("it fits");
            let simulated = read_outputs(&gates, &simulate(&gates, &model.bits(&[4, 3, 4])));
            assert_eq!(Some(&simulated[0].values), values.last(), "{name} {strategy:?} seed {seed}");
            assert_eq!(figures.depth, u64::from(gates.levels().depth()), "{name} {strategy:?}");
            assert_eq!(figures.value(&figures.wires), BigInt::from(gates.stats().logical_wires), "{name} {strategy:?}");
        }
        assert!(values.iter().any(|value| *value != values[0]), "{name}: the same output for all weights and inputs");
    }
}

#[test]
fn bert_with_token_types_and_an_embedding_norm() {
    agree("bert", &format!(r#"{{"model_type": "bert", "type_vocab_size": 2, "hidden_act": "gelu", {SIZES}}}"#));
}

#[test]
fn opt_with_positions_from_the_third_row() {
    let opt = SIZES.replace("intermediate_size", "ffn_dim");
    agree(
        "opt",
        &format!(r#"{{"model_type": "opt", "activation_function": "relu", "do_layer_norm_before": true, {opt}}}"#),
    );
}

#[test]
fn gemma_with_scaled_embeddings_and_gains_about_one() {
    agree("gemma", &format!(r#"{{"model_type": "gemma", "head_dim": 2, "num_key_value_heads": 1, {SIZES}}}"#));
}

#[test]
fn gemma_2_with_sandwich_norms_caps_and_alternating_windows() {
    let more = r#""head_dim": 2, "num_key_value_heads": 1, "sliding_window": 2, "query_pre_attn_scalar": 4,
        "attn_logit_softcapping": 2.0, "final_logit_softcapping": 1.5"#;
    agree("gemma2", &format!(r#"{{"model_type": "gemma2", {more}, {SIZES}}}"#));
}

#[test]
fn gemma_3_with_norms_on_queries_and_keys() {
    let more = r#""head_dim": 2, "num_key_value_heads": 1, "sliding_window": 2, "sliding_window_pattern": 2,
        "query_pre_attn_scalar": 2"#;
    agree("gemma3_text", &format!(r#"{{"model_type": "gemma3_text", {more}, {SIZES}}}"#));
}

#[test]
fn gpt_neox_with_two_norms_and_partial_rotation() {
    let more = r#""rotary_pct": 0.5, "use_parallel_residual": true, "hidden_act": "gelu""#;
    let wide = SIZES.replace("\"hidden_size\": 4", "\"hidden_size\": 8");
    agree("gpt_neox", &format!(r#"{{"model_type": "gpt_neox", {more}, {wide}}}"#));
}

#[test]
fn phi_with_one_norm_for_both_and_a_bias_on_the_logits() {
    let wide = SIZES.replace("\"hidden_size\": 4", "\"hidden_size\": 8");
    agree(
        "phi",
        &format!(r#"{{"model_type": "phi", "partial_rotary_factor": 0.5, "hidden_act": "gelu_new", {wide}}}"#),
    );
}

#[test]
fn mistral_with_a_sliding_window() {
    agree(
        "mistral",
        &format!(r#"{{"model_type": "mistral", "num_key_value_heads": 1, "sliding_window": 2, {SIZES}}}"#),
    );
}

#[test]
fn qwen_3_with_norms_on_queries_and_keys() {
    agree("qwen3", &format!(r#"{{"model_type": "qwen3", "head_dim": 2, "num_key_value_heads": 1, {SIZES}}}"#));
}

#[test]
fn mixtral_with_two_of_three_experts() {
    let more = r#""num_key_value_heads": 1, "num_local_experts": 3, "num_experts_per_tok": 2"#;
    agree("mixtral", &format!(r#"{{"model_type": "mixtral", {more}, {SIZES}}}"#));
}

#[test]
fn qwen_3_with_experts_on_every_other_layer() {
    let more = r#""head_dim": 2, "num_key_value_heads": 1, "num_experts": 3, "num_experts_per_tok": 1,
        "moe_intermediate_size": 2, "decoder_sparse_step": 2, "norm_topk_prob": false"#;
    agree("qwen3_moe", &format!(r#"{{"model_type": "qwen3_moe", {more}, {SIZES}}}"#));
}

#[test]
fn deepseek_2_with_latent_keys_and_a_dense_layer_first() {
    let more = r#""kv_lora_rank": 3, "qk_nope_head_dim": 1, "qk_rope_head_dim": 2, "v_head_dim": 2, "n_routed_experts": 3,
        "num_experts_per_tok": 2, "moe_intermediate_size": 2, "n_shared_experts": 1, "first_k_dense_replace": 1"#;
    agree("deepseek_v2", &format!(r#"{{"model_type": "deepseek_v2", {more}, {SIZES}}}"#));
}

#[test]
fn deepseek_3_with_groups_of_logistic_experts() {
    let more = r#""q_lora_rank": 3, "kv_lora_rank": 3, "qk_nope_head_dim": 1, "qk_rope_head_dim": 2, "v_head_dim": 1,
        "n_routed_experts": 4, "num_experts_per_tok": 1, "moe_intermediate_size": 1, "n_group": 2, "topk_group": 1"#;
    let one = SIZES.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
    agree("deepseek_v3", &format!(r#"{{"model_type": "deepseek_v3", {more}, {one}}}"#));
}

#[test]
fn gpt_oss_with_sinks_and_a_clamped_gate() {
    let more = r#""head_dim": 2, "num_key_value_heads": 1, "num_local_experts": 2, "num_experts_per_tok": 1,
        "sliding_window": 2, "rope_parameters": {"rope_type": "default"}"#;
    agree("gpt_oss", &format!(r#"{{"model_type": "gpt_oss", {more}, {SIZES}}}"#));
}

#[test]
fn minicpm_with_factors_on_its_sublayers() {
    let more = r#""scale_emb": 1.5, "scale_depth": 1.4, "dim_model_base": 3, "tie_word_embeddings": false"#;
    agree("minicpm", &format!(r#"{{"model_type": "minicpm", {more}, {SIZES}}}"#));
}

#[test]
fn the_transformer_of_flash_linear_attention() {
    let sizes = SIZES.replace("num_attention_heads", "num_heads");
    agree("transformer", &format!(r#"{{"model_type": "transformer", "hidden_act": "swish", {sizes}}}"#));
}
