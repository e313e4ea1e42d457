//! Small configurations of every family, read and refused.

use super::*;
use crate::spec::{Activation, Join, Output, Placement, Positions, ScoreScale};

const MODERN: &str = "\"vocab_size\": 50, \"hidden_size\": 8, \"num_hidden_layers\": 4, \"num_attention_heads\": 2, \"intermediate_size\": 16";
const GPT: &str = "\"vocab_size\": 50, \"n_embd\": 8, \"n_layer\": 2, \"n_head\": 2, \"n_positions\": 12";

fn parse(kind: &str, sizes: &str, more: &str) -> Result<Architecture, Error> {
    let comma = if more.is_empty() { "" } else { ", " };
    let text = format!("{{\"model_type\": \"{kind}\", {sizes}{comma}{more}}}");
    read(&Source::from_text("c.json", &text)?).map(|spec| spec.architecture)
}

fn modern(kind: &str, more: &str) -> Architecture {
    parse(kind, MODERN, more).unwrap()
}

fn windows(model: &Architecture) -> Vec<Option<u64>> {
    model.blocks.iter().map(|block| block.attention.window).collect()
}

#[test]
fn gpt2_takes_its_class_defaults() {
    let model = parse("gpt2", GPT, "").unwrap();
    assert_eq!((model.blocks[0].mlp.hidden, model.tied, model.default_context), (32, true, 12));
    assert_eq!(model.blocks[0].mlp.activation, Activation::GeluTanh);
    assert_eq!((model.context_limit(), model.output), (Some(12), Output::Logits));
    let unscaled = parse("gpt2", GPT, "\"scale_attn_weights\": false").unwrap();
    assert_eq!(unscaled.blocks[0].attention.scale, ScoreScale::One);
    assert_eq!(parse("gpt2", GPT, "\"architectures\": [\"GPT2Model\"]").unwrap().output, Output::Hidden);
}

#[test]
fn windows_stand_where_transformers_puts_them() {
    assert_eq!(windows(&modern("mistral", "\"num_key_value_heads\": 2")), [Some(4096); 4]);
    let none = "\"num_key_value_heads\": 2, \"sliding_window\": null";
    assert_eq!(windows(&modern("mistral", none)), [None; 4]);
    let qwen = "\"num_key_value_heads\": 2, \"sliding_window\": 5, \"max_window_layers\": 3, \"use_sliding_window\": ";
    assert_eq!(windows(&modern("qwen2", &format!("{qwen} false"))), [None; 4]);
    assert_eq!(windows(&modern("qwen2", &format!("{qwen} true"))), [None, None, None, Some(5)]);
    let gemma = "\"num_key_value_heads\": 1, \"sliding_window\": 5, \"sliding_window_pattern\": 2";
    assert_eq!(windows(&modern("gemma3_text", gemma)), [Some(5), None, Some(5), None]);
    let layers = "\"num_key_value_heads\": 1, \"sliding_window\": 5, \"layer_types\": [\"full_attention\", \
                  \"full_attention\", \"sliding_attention\", \"full_attention\"]";
    assert_eq!(windows(&modern("gemma2", layers)), [None, None, Some(5), None]);
}

#[test]
fn rotary_keys_of_both_generations_agree() {
    let rotary = |more: &str| modern("llama", more).blocks[0].attention.rotary.clone().unwrap();
    let old = rotary("\"rope_theta\": 500, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}");
    let new = rotary("\"rope_parameters\": {\"rope_theta\": 500, \"rope_type\": \"linear\", \"factor\": 2.0}");
    assert_eq!(old, new);
    assert_eq!((old.base, old.scaling.as_deref(), old.features), (500.0, Some("linear"), 4));
    assert_eq!(rotary("\"rope_scaling\": {\"rope_type\": \"default\"}").scaling, None);
}

#[test]
fn gemma3_reads_a_text_config_and_split_rotations() {
    let text = "\"text_config\": {\"model_type\": \"gemma3_text\", \"hidden_size\": 2560, \"num_hidden_layers\": 34, \
                \"intermediate_size\": 10240, \"rope_parameters\": {\"full_attention\": {\"rope_theta\": 7.0, \"rope_type\": \
                \"linear\", \"factor\": 8}, \"sliding_attention\": {\"rope_theta\": 3, \"rope_type\": \"default\"}}}";
    let model = parse("gemma3", text, "\"vision_config\": {\"hidden_size\": 1}").unwrap();
    assert_eq!((model.vocabulary, model.width, model.blocks[0].attention.heads), (262_208, 2560, 8));
    let base = |layer: usize| model.blocks[layer].attention.rotary.as_ref().unwrap().base;
    assert_eq!((base(0), base(5)), (3.0, 7.0));
}

#[test]
fn blocks_are_joined_as_in_their_family() {
    assert_eq!(modern("gpt_neox", "\"rotary_pct\": 0.5").blocks[0].join, Join::ParallelTwoNorms);
    let phi = modern("phi", "");
    assert_eq!((phi.blocks[0].join, phi.head_bias), (Join::ParallelShared, true));
    let stable = "\"num_key_value_heads\": 2, \"partial_rotary_factor\": 0.5, \"use_parallel_residual\": true";
    assert_eq!(modern("stablelm", stable).blocks[0].join, Join::ParallelShared);
    let bert = modern("bert", "\"max_position_embeddings\": 20");
    assert_eq!((bert.blocks[0].placement, bert.output), (Placement::Post, Output::Hidden));
    assert!(bert.embedding_norm.is_some() && bert.final_norm.is_none());
    let roberta = modern("roberta", "\"max_position_embeddings\": 20, \"pad_token_id\": 1");
    assert_eq!(roberta.positions, Positions::Learned { rows: 18, offset: 2 });
}

#[test]
fn opt_norms_may_stand_after() {
    let sizes = MODERN.replace("intermediate_size", "ffn_dim");
    let opt = parse("opt", &sizes, "\"do_layer_norm_before\": false").unwrap();
    assert_eq!((opt.blocks[0].placement, opt.final_norm), (Placement::Post, None));
    let error = parse("opt", &sizes, "\"word_embed_proj_dim\": 4").unwrap_err().to_string();
    assert!(error.contains("`word_embed_proj_dim` is 4, but the width is 8"), "{error}");
}

#[test]
fn what_is_not_supported_is_refused() {
    let gpt = [
        ("\"scale_attn_by_inverse_layer_idx\": true", "is not supported: scores of a layer"),
        ("\"add_cross_attention\": true", "`add_cross_attention` = true is not supported"),
        ("\"activation_function\": \"quick_gelu\"", "`activation_function` = \"quick_gelu\" is not supported"),
        ("\"n_ctx\": 7", "`n_ctx` is 7, but there are 12 positions"),
        ("\"n_head_x\": 7", "did you mean `n_head`?"),
        ("\"architectures\": [\"GPT2ForSequenceClassification\"]", "this output head is not supported"),
        ("\"architectures\": [\"GPT2DoubleHeadsModel\"]", "this output head is not supported"),
        ("\"quantization_config\": {\"bits\": 4}", "weights are read unquantised"),
        ("\"layer_norm_epsilon\": \"1e-5\"", "`layer_norm_epsilon` is text, but must be a number"),
    ];
    for (more, wanted) in gpt {
        let error = parse("gpt2", GPT, more).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("c.json:1:"), "{more}:\n{error}");
    }
    let modern = [
        ("bert", "\"position_embedding_type\": \"relative_key\"", "supported: \"absolute\""),
        ("bert", "\"is_decoder\": true", "`is_decoder` = true is not supported"),
        ("llama", "\"num_key_value_heads\": 3", "do not divide the 2 heads"),
        ("llama", "\"head_dim\": 3", "3 features of a head of 3 cannot be rotated in pairs"),
        ("llama", "\"rope_scaling\": {\"type\": \"ntk\"}", "`type` = \"ntk\" is not supported"),
        ("llama", "\"rope_scaling\": {\"factr\": 2}", "unknown key `factr` in `rope_scaling`"),
        ("llama", "\"rope_scaling\": 2", "`rope_scaling` is an integer, not a table"),
        ("llama", "\"hidden_act\": [\"silu\"]", "`hidden_act` is a list, but must be text"),
        ("phi", "\"qk_layernorm\": true", "`qk_layernorm` = true is not supported"),
        ("qwen3", "\"num_key_value_heads\": 2, \"layer_types\": [\"full_attention\"]", "has 1 entries for 4 layers"),
    ];
    for (kind, more, wanted) in modern {
        let error = parse(kind, MODERN, more).unwrap_err().to_string();
        assert!(error.contains(wanted), "{more}:\n{error}");
    }
}

#[test]
fn sizes_are_checked_and_must_be_there() {
    let replaced = |from: &str, to: &str| parse("llama", &MODERN.replace(from, to), "").unwrap_err().to_string();
    assert!(replaced("\"hidden_size\": 8", "\"hidden_size\": 9").contains("does not divide the width 9"));
    assert!(replaced("\"hidden_size\": 8", "\"hidden_size\": 0").contains("`hidden_size` is 0"));
    assert!(replaced("\"vocab_size\": 50, ", "").contains("key `vocab_size` is missing"));
    let enormous = "\"num_hidden_layers\": 1000000000000000000000000000000000000000000";
    assert!(replaced("\"num_hidden_layers\": 4", enormous).contains("from 1 to 2000"));
}

#[test]
fn all_unread_keys_are_told_at_once() {
    let error =
        parse("llama", MODERN, "\"num_experts\": 8, \"kv_lora_rank\": 4, \"hidden_act\": \"relu2\"").unwrap_err();
    assert_eq!(error.problems().len(), 3, "{error}");
}

const MIXTRAL: &str = "\"num_key_value_heads\": 2";
const DEEPSEEK: &str = "\"kv_lora_rank\": 3, \"qk_nope_head_dim\": 2, \"qk_rope_head_dim\": 2, \"v_head_dim\": 3, \
                        \"n_routed_experts\": 16, \"num_experts_per_tok\": 4, \"moe_intermediate_size\": 5";

#[test]
fn experts_stand_where_their_family_puts_them() {
    let sparse =
        |model: &Architecture| -> Vec<bool> { model.blocks.iter().map(|block| block.experts.is_some()).collect() };
    let mixtral = modern("mixtral", MIXTRAL);
    assert_eq!(sparse(&mixtral), [true; 4]);
    let experts = mixtral.blocks[0].experts.unwrap();
    assert_eq!((experts.count, experts.chosen, experts.normalised, experts.shared), (8, 2, true, None));
    let qwen = "\"num_key_value_heads\": 2, \"decoder_sparse_step\": 2, \"mlp_only_layers\": [3]";
    assert_eq!(sparse(&modern("qwen3_moe", qwen)), [false, true, false, false]);
    let deepseek = modern("deepseek_v3", &format!("{DEEPSEEK}, \"first_k_dense_replace\": 3, \"n_shared_experts\": 2"));
    assert_eq!(sparse(&deepseek), [false, false, false, true]);
    let experts = deepseek.blocks[3].experts.unwrap();
    assert_eq!((experts.shared, experts.factor, experts.choice_bias), (Some(10), 2.5, true));
    assert_eq!(experts.groups.map(|groups| (groups.count, groups.kept)), Some((8, 4)));
    let lite = modern("deepseek_v2", &format!("{DEEPSEEK}, \"first_k_dense_replace\": 1"));
    let latent = lite.blocks[0].attention.latent.unwrap();
    assert_eq!((latent.query_rank, latent.rank, latent.rotated, lite.blocks[0].attention.head_width), (None, 3, 2, 4));
    assert_eq!((lite.blocks[1].experts.unwrap().groups, lite.blocks[1].experts.unwrap().normalised), (None, false));
    let oss = modern("gpt_oss", "\"num_key_value_heads\": 2, \"sliding_window\": 5, \"head_dim\": 4");
    assert_eq!(windows(&oss), [Some(5), None, Some(5), None]);
    assert!(oss.blocks[0].attention.sinks && oss.blocks[0].mlp.bias);
}

#[test]
fn a_rescaled_rotation_changes_the_scale_of_latent_scores() {
    let yarn = "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 40, \"mscale\": 1.0, \"mscale_all_dim\": 1.0}";
    let scale = |more: &str| modern("deepseek_v3", &format!("{DEEPSEEK}{more}")).blocks[0].attention.scale;
    assert_eq!(scale(""), ScoreScale::InverseSqrt(4.0));
    let ScoreScale::InverseSqrt(found) = scale(&format!(", {yarn}")) else { panic!("a root") };
    // 0.1 ln 40 + 1 = 1.36888794541...
    assert!((found - 4.0 / 1.368_887_945_411_4_f64.powi(4)).abs() < 1e-9, "{found}");
}

#[test]
fn factors_of_minicpm_are_read() {
    let more = "\"scale_emb\": 12, \"scale_depth\": 1.4, \"dim_model_base\": 2, \"tie_word_embeddings\": false";
    let model = modern("minicpm", more);
    let ratio =
        |numerator: i64, denominator: i64| Some(crate::number::Rational::new(numerator.into(), denominator.into()));
    assert_eq!((model.embedding_factor, model.output_factor), (ratio(12, 1), ratio(1, 4)));
    // 1.4 / sqrt(4) in units of 2^-16, cut.
    assert_eq!(model.blocks[0].residual_factor, ratio(45_875, 65_536));
}

#[test]
fn routers_that_are_not_understood_are_refused() {
    let cases = [
        ("mixtral", MIXTRAL, "\"num_experts_per_tok\": 9", "`num_experts_per_tok` is 9, but there are 8 experts"),
        ("mixtral", MIXTRAL, "\"num_local_experts\": 1000000000000", "`num_local_experts` is 1000000000000"),
        ("qwen3_moe", MIXTRAL, "\"use_sliding_window\": true", "`use_sliding_window` = true is not supported"),
        ("qwen3_moe", MIXTRAL, "\"mlp_only_layers\": [-1]", "a list of integers that are not negative"),
        ("deepseek_v2", DEEPSEEK, "\"topk_method\": \"group_limited_greedy\"", "is not supported"),
        ("deepseek_v2", DEEPSEEK, "\"norm_topk_prob\": true, \"routed_scaling_factor\": 2", "differ in whether"),
        ("deepseek_v2", DEEPSEEK, "\"attention_bias\": true", "biases of latent attention"),
        ("deepseek_v2", DEEPSEEK, "\"num_key_value_heads\": 1", "every head has keys of its own"),
        ("deepseek_v3", DEEPSEEK, "\"scoring_func\": \"softmax\"", "`scoring_func` = \"softmax\" is not supported"),
        ("deepseek_v3", DEEPSEEK, "\"n_group\": 3", "does not divide 16 experts"),
        ("deepseek_v3", DEEPSEEK, "\"topk_group\": 1", "1 of 8 groups hold fewer than 4 experts"),
        ("gpt_oss", MIXTRAL, "\"head_dim\": 4, \"swiglu_limit\": 6.0", "`swiglu_limit` is 6, but only 7 is supported"),
        ("gpt_oss", MIXTRAL, "\"head_dim\": 4, \"experts_per_token\": 3", "`experts_per_token` is 3"),
        ("llama", "\"head_dim\": 4", "\"quantization_config\": {}", "weights are read unquantised"),
    ];
    for (kind, base, more, wanted) in cases {
        let error = parse(kind, MODERN, &format!("{base}, {more}")).unwrap_err().to_string();
        assert!(error.contains(wanted), "{kind} {more}:\n{error}");
    }
    let error = parse("deepseek_v3", MODERN, "").unwrap_err().to_string();
    assert!(error.contains("`kv_lora_rank`") && error.contains("`n_routed_experts`"), "{error}");
}

#[test]
fn t5_is_an_encoder_and_a_decoder() {
    let sizes = "\"vocab_size\": 50, \"d_model\": 8, \"d_ff\": 16, \"d_kv\": 3, \"num_layers\": 2, \"num_heads\": 2";
    let read = |more: &str| -> Result<Architecture, Error> {
        let text = format!("{{\"model_type\": \"t5\", {sizes}, \"is_encoder_decoder\": true{more}}}");
        match document(&Source::from_text("c.json", &text)?)? {
            Document::Looped(looped) => match *looped {
                Looped::Model(spec, Looping::EncoderDecoder) => Ok(spec.architecture),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let model = read(", \"num_decoder_layers\": 3, \"feed_forward_proj\": \"gated-gelu\"").unwrap();
    let encoder = model.encoder.as_ref().unwrap();
    assert_eq!((encoder.blocks.len(), model.blocks.len(), model.tied), (2, 3, true));
    assert!(model.blocks[0].cross && !encoder.blocks[0].cross && model.blocks[0].mlp.gated);
    assert_eq!((model.blocks[0].attention.scale, encoder.mask), (ScoreScale::One, crate::spec::Mask::Full));
    // One over the root of 8, cut to 16 bits.
    assert_eq!(model.output_factor, Some(crate::number::Rational::new(23_170.into(), 65_536.into())));
    for (more, wanted) in [
        (", \"is_gated_act\": true", "`is_gated_act` contradicts `feed_forward_proj`"),
        (", \"dense_act_fn\": \"gelu\"", "`dense_act_fn` contradicts `feed_forward_proj`"),
        (", \"relative_attention_num_buckets\": 6", "are not four times a whole number"),
        (", \"architectures\": [\"T5EncoderModel\"]", "names the encoder alone"),
        (", \"feed_forward_proj\": \"swiglu\"", "is not supported"),
        (", \"num_decoder_layers\": 0", "`num_decoder_layers` is 0"),
    ] {
        let error = read(more).unwrap_err().to_string();
        assert!(error.contains(wanted), "{more}:\n{error}");
    }
}
