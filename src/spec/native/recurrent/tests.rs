//! Texts of recurrent networks, read and refused.

use super::*;

fn parse(text: &str) -> Result<Recurrent, Error> {
    find(&Source::from_text("t.toml", text)?).map(|found| found.expect("a network"))
}

fn with(cell: &str, more: &str) -> String {
    format!("[recurrent]\ncell = '{cell}'\nvocabulary = 5\nlayers = 2\nwidth = 4\n{more}\n")
}

fn refusal(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn the_documented_example_is_read() {
    let schema = include_str!("../recurrent.rs").lines().filter_map(|line| line.strip_prefix("//! "));
    let example: Vec<&str> =
        schema.skip_while(|line| *line != "```toml").skip(1).take_while(|line| *line != "```").collect();
    let model = parse(&example.join("\n")).unwrap();
    let Cell::Attention(cell) = model.cell else { panic!("attention") };
    assert_eq!((cell.key_width, cell.feature_map), (2, Some(Activation::Relu)));
    assert_eq!(cell.rule, Rule::Gated { gates: "fixed(2,3)".parse().unwrap() });
    assert!(cell.mlp.is_some_and(|mlp| mlp.gated) && model.state.rounded);
}

#[test]
fn every_cell_takes_its_defaults() {
    for (name, _) in KINDS {
        let model = parse(&with(name, "")).unwrap();
        assert_eq!((model.cell.name(), model.layers, model.default_context, model.tied), (name, 2, 8, true));
        assert_eq!(model.state.format, model.numerics.activations);
        let gated = matches!(name, "rnn" | "lstm" | "gru");
        assert_eq!(model.cell.norm_epsilon().is_none(), gated);
    }
    let Cell::Mamba(mamba) = parse(&with("mamba", "")).unwrap().cell else { panic!("mamba") };
    assert_eq!((mamba.inner, mamba.state, mamba.kernel, mamba.rank), (8, 16, 4, 1));
}

#[test]
fn no_table_is_no_network() {
    assert_eq!(find(&Source::from_text("t.toml", "[model]\n").unwrap()).unwrap(), None);
}

#[test]
fn what_does_not_fit_is_refused() {
    for (text, wanted) in [
        (with("rnm", ""), "did you mean \"rnn\"?"),
        (with("rnn", "activation = 'gelu'"), "`activation` = \"gelu\" is not supported"),
        (with("rnn", "kernel = 4"), "`kernel` is only for the cells \"mamba\""),
        (with("lstm", "norm_epsilon = 1"), "only for the cells \"diagonal\", \"mamba\""),
        (with("mamba", "kernel = 0"), "must be from 1 to 64"),
        (with("mamba", "heads = 2"), "`heads` is only for the cells \"linear-attention\""),
        (with("linear-attention", "heads = 3"), "does not divide the width 4"),
        (with("linear-attention", "gated = true"), "needs `hidden`"),
        (with("linear-attention", "gate_format = 'int(2)'"), "only for the cells \"gated-linear-attention\""),
        (with("delta-rule", "feature_map = 'x'"), "supported: \"none\", \"relu\""),
        (with("diagonal", "state = 1099511627776"), "has more than 1099511627776 numbers"),
        (with("delta-rule", "key_width = 1099511627776"), "has more than 1099511627776 numbers"),
        (with("gru", "state_format = 'bf17'"), "is not a number format"),
        (with("gru", "stat_format = 'int(4)'"), "did you mean `state_format`?"),
        (with("gru", "round_state = 1"), "must be true or false"),
        (with("gru", "[numerics]\nscore_clamp = 4"), "`score_clamp` is for softmax"),
        (with("gru", "[numerics]\nrounding = 'eager'"), "is not supported for recurrent networks"),
        (with("gru", "[weights]\nfile = 'x.safetensors'"), "`file` is not supported for recurrent networks"),
        (with("gru", "[weights]\nsource = 'random'"), "key `seed` is missing"),
        (with("gru", "[model]\nlayers = 1"), "either a `[model]` or a `[recurrent]`"),
        ("[recurrent]\ncell = 'rnn'".to_owned(), "keys `width`, `vocabulary`, `layers` are missing"),
        ("recurrent = 3".to_owned(), "`recurrent` is an integer, not a table"),
    ] {
        let error = refusal(&text);
        assert!(error.contains(wanted), "{wanted:?} is not in:\n{error}");
    }
}
