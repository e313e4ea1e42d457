//! GLA and DeltaNet as flash-linear-attention writes them: small ones in all readings and by hand, and what is refused.

use super::{evaluated, interpreted, network, oracle, tokens};
use isobath::lower::system::system;
use isobath::recurrent::{self, Recurrence};
use isobath::spec::{self, Document, Recurrent, WeightSource};
use isobath::words::Strategy;

const GLA: &str = r#"{"model_type": "gla", "vocab_size": 3, "hidden_size": 4, "num_hidden_layers": 1, "num_heads": 2, "expand_k": 0.5,
    "gate_low_rank_dim": 2, "intermediate_size": 2"#;

const DELTA: &str = r#"{"model_type": "delta_net", "vocab_size": 3, "hidden_size": 4, "num_hidden_layers": 1, "num_heads": 2,
    "intermediate_size": 2"#;

fn read(base: &str, more: &str) -> Result<Recurrent, spec::Error> {
    spec::parse_document("config.json", &format!("{base}{more}}}")).map(network)
}

fn small(base: &str, more: &str, seed: u64) -> Recurrent {
    let mut model = read(base, more).unwrap();
    let format = |text: &str| text.parse().unwrap();
    (model.numerics.weights, model.numerics.activations) = (format("fixed(2,1)"), format("fixed(3,2)"));
    model.state.format = format("fixed(3,2)");
    if let isobath::spec::recurrent::Cell::Attention(cell) = &mut model.cell
        && let isobath::spec::recurrent::Rule::Gated { gates } = &mut cell.rule
    {
        *gates = format("fixed(2,3)");
    }
    model.weights = WeightSource::Random { seed, limit: None };
    model
}

#[test]
fn layers_are_evaluated_as_interpreted_and_as_written_out_by_hand() {
    let cases = [
        (GLA, ""),
        (GLA, ", \"use_output_gate\": false, \"gate_logit_normalizer\": 1"),
        (DELTA, ", \"conv_size\": 3"),
        (DELTA, ", \"conv_size\": 2, \"use_gate\": true, \"qk_activation\": \"identity\""),
    ];
    for (base, more) in cases {
        let mut outputs = Vec::new();
        for seed in 1..=3 {
            let model = small(base, more, seed);
            let graph = recurrent::system(&model, Recurrence::Sequential, 4).unwrap();
            let loops = [Strategy::Depth, Strategy::Size].map(|strategy| system(&graph, strategy).unwrap());
            for input in 0..3 {
                let tokens = tokens(4, 3, input);
                let expected = oracle::Oracle::new(&model).run(&tokens);
                assert_eq!(interpreted(&graph, &tokens), expected, "{base}{more} {tokens:?}");
                for loops in &loops {
                    assert_eq!(evaluated(loops, &tokens), expected, "{base}{more} {tokens:?}");
                }
                outputs.push(expected);
            }
        }
        assert!(outputs.iter().any(|output| *output != outputs[0]), "{base}: always the same");
    }
}

#[test]
fn what_is_not_expressed_exactly_is_refused() {
    for (base, more, wanted) in [
        (GLA, ", \"clamp_min\": -1.0", "`clamp_min`"),
        (GLA, ", \"use_gv\": true", "`use_gv` = true is not supported"),
        (GLA, ", \"num_kv_heads\": 1", "heads that share keys and gates"),
        (GLA, ", \"use_short_conv\": true", "`use_short_conv` = true is not supported"),
        (GLA, ", \"attn\": {\"layers\": [0]}", "layers of softmax attention among the others"),
        (GLA, ", \"expand_v\": 0.3", "which 2 heads do not divide"),
        (GLA, ", \"hidden_act\": \"relu\"", "must be \"swish\""),
        (DELTA, ", \"qk_norm\": \"sum\"", "`qk_norm` = \"sum\" is not supported"),
        (DELTA, ", \"allow_neg_eigval\": true", "learning rates up to two"),
        (DELTA, ", \"use_beta\": false", "a learning rate of one"),
        (DELTA, ", \"qk_activation\": \"elu\"", "`qk_activation` = \"elu\" is not supported"),
        (DELTA, ", \"use_short_conv\": false", "`use_short_conv` = false is not supported"),
        (DELTA, ", \"conv_size\": 65", "from 1 to 64"),
        (DELTA, ", \"expand_k\": 1e300", "which 2 heads do not divide"),
        (DELTA, ", \"hidden_ratio\": 1000000000000000000", "`hidden_ratio` is 1000000000000000000"),
    ] {
        let error = read(base, more).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted:?} is not in:\n{error}");
    }
    let Document::Recurrent(model) = spec::parse_document("c.json", &format!("{GLA}}}")).unwrap() else {
        panic!("gla")
    };
    assert_eq!(model.family, "gla");
}
