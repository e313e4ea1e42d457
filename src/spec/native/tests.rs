//! Texts in the native format, read and refused.

use super::*;
use crate::spec::{Activation, Mask, Norm, NormKind, Output, Placement, Positions};

const MINIMAL: &str = "[model]
kind = 'decoder'
vocabulary = 5
layers = 2
width = 4
heads = 2
hidden = 8
positions = 'none'
norm = 'rms'
activation = 'relu'
";

fn parse(text: &str) -> Result<Spec, Error> {
    read(&Source::from_text("t.toml", text)?)
}

/// The minimal model with one line replaced, or added where it has no such key.
fn with(line: &str) -> String {
    let key = line.split('=').next().unwrap().trim();
    let kept: Vec<&str> = MINIMAL.lines().filter(|old| old.split('=').next().unwrap().trim() != key).collect();
    format!("{}\n{line}\n", kept.join("\n"))
}

fn refusal(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn a_minimal_model_takes_the_documented_defaults() {
    let spec = parse(MINIMAL).unwrap();
    let model = spec.architecture;
    assert_eq!((model.name.as_str(), model.family.as_str(), model.mask), ("model", "native", Mask::Causal));
    assert_eq!((model.blocks.len(), model.default_context, model.tied), (2, 8, true));
    let block = &model.blocks[0];
    let norm = Norm { kind: NormKind::Rms, epsilon: 1e-5, gain: true, bias: false, gain_plus_one: false };
    assert_eq!((block.norm, block.placement, model.final_norm), (norm, Placement::Pre, Some(norm)));
    assert_eq!((block.attention.kv_heads, block.attention.head_width), (2, 2));
    assert!(block.mlp.bias && block.attention.qkv_bias && !block.mlp.gated);
    assert_eq!((model.output, model.last_only), (Output::Logits, false));
    assert_eq!(spec.numerics.weights.to_string(), "fixed(2,6)");
    assert_eq!(spec.weights, WeightSource::Free);
}

#[test]
fn the_documented_example_is_read() {
    let schema = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//! "));
    let example: Vec<&str> =
        schema.skip_while(|line| *line != "```toml").skip(1).take_while(|line| *line != "```").collect();
    let spec = parse(&example.join("\n")).unwrap();
    assert_eq!(spec.architecture.positions, Positions::Learned { rows: 4, offset: 0 });
    assert_eq!(spec.weights, WeightSource::Random { seed: 1, limit: Some(1.0) });
}

#[test]
fn written_values_are_kept() {
    let model = |line: &str| parse(&with(line)).unwrap().architecture;
    assert_eq!(model("placement='post'").final_norm, None);
    assert_eq!(model("activation='gelu-tanh'").blocks[1].mlp.activation, Activation::GeluTanh);
    assert_eq!(model("window=3").blocks[0].attention.window, Some(3));
    assert_eq!(model("positions='learned'\nposition_rows=6").default_context, 6);
    let rotary = model("positions='rotary'\nrotary_base=100").blocks[0].attention.rotary.clone().unwrap();
    assert_eq!((rotary.features, rotary.base), (2, 100.0));
    let rotary = model("positions='rotary'\nrotary_base=+1_000.5e0").blocks[0].attention.rotary.clone().unwrap();
    assert_eq!(rotary.base, 1000.5);
    assert_eq!(model("hidden=0x1_0").blocks[0].mlp.hidden, 16);
    assert_eq!(model("heads=3\nhead_width=5").blocks[0].attention.head_width, 5);
}

#[test]
fn bad_values_are_refused_where_they_stand() {
    let table = [
        ("width=0", "`width` is 0, but must be from 1 to"),
        ("width=-4", "`width` is -4"),
        ("width=99999999999999999999", "`width` is 99999999999999999999"),
        ("hidden=1099511627777", "`hidden` is 1099511627777"),
        ("layers=2001", "from 1 to 2000"),
        ("width=4.0", "`width` is a number with a fraction or exponent, but must be an integer"),
        ("width='4'", "`width` is text, but must be an integer"),
        ("width=1979-05-27", "`width` is a date"),
        ("heads=3", "3 heads do not divide the width 4"),
        ("kv_heads=3", "`kv_heads` is 3, which does not divide the 2 heads"),
        ("heads=1099511627776\nhead_width=2", "features"),
        ("kind='decodr'", "did you mean \"decoder\"?"),
        ("activation='swiglu'", "supported: \"relu\", \"gelu\""),
        ("haeds=2", "did you mean `heads`?"),
        ("colour=2", "unknown key `colour` in `model`"),
        ("norm_epsilon=0", "must be a finite number above zero"),
        ("norm_epsilon=nan", "must be a finite number above zero"),
        ("softcap=-1.5", "must be a finite number above zero"),
        ("tied='yes'", "`tied` is text, but must be true or false"),
        ("positions='learned'", "learned positions need the length of their table"),
        ("positions='learned'\nposition_rows=3\ncontext=4", "`context` is 4, but there are only 3"),
        ("position_rows=3", "`position_rows` is only for positions = \"learned\""),
        ("rotary_base=3", "`rotary_base` is only for positions = \"rotary\""),
        ("positions='rotary'\nrotary_features=1", "cannot be rotated in pairs"),
        ("positions='rotary'\nrotary_features=4", "cannot be rotated in pairs"),
        ("placement='post'\njoin='parallel'", "go only with placement = \"pre\""),
        ("classes=6", "`classes` are rows of an output matrix, but it is the embedding"),
    ];
    for (line, wanted) in table {
        let error = refusal(&with(line));
        assert!(error.contains(wanted) && error.contains("--> t.toml:") && error.contains('^'), "{line}:\n{error}");
    }
}

#[test]
fn a_model_without_norms_has_none_anywhere() {
    let bare = |more: &str| MINIMAL.replace("norm = 'rms'", &format!("norm = 'none'\n{more}"));
    let model = parse(&bare("tied = false\nclasses = 6")).unwrap().architecture;
    assert_eq!((model.blocks[0].placement, model.final_norm, model.outputs()), (Placement::Bare, None, 6));
    assert!(!crate::spec::parameters(&model).iter().any(|parameter| parameter.name.contains("norm")));
    for line in ["placement = 'pre'", "norm_epsilon = 1.0", "qk_norm = true", "final_norm = true"] {
        let error = refusal(&bare(line));
        assert!(error.contains("norm"), "{line}: {error}");
    }
    assert!(refusal(&bare("join = 'parallel-two-norms'")).contains("go only with"));
    assert!(parse(&bare("join = 'parallel'")).is_ok());
}

#[test]
fn a_missing_key_is_named_with_its_table() {
    for key in ["kind", "vocabulary", "layers", "width", "heads", "hidden", "positions", "norm", "activation"] {
        let text: Vec<&str> = MINIMAL.lines().filter(|line| !line.starts_with(&format!("{key} "))).collect();
        let error = refusal(&text.join("\n"));
        assert!(error.contains(&format!("key `{key}` is missing in `model`")), "{error}");
        assert_eq!(parse(&text.join("\n")).unwrap_err().problems().len(), 1, "{error}");
    }
}

#[test]
fn missing_keys_are_told_together() {
    let error = refusal("[model]\nkind = 'decoder'\nlayers = 1\nwidth = 4\n");
    let wanted = "keys `norm`, `hidden`, `activation`, `heads`, `positions`, `vocabulary` are missing in `model`\n  --> t.toml:1:2";
    assert!(error.starts_with(wanted), "{error}");
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let error = parse(&format!("{}[numerics]\nwieghts = 1\nrounding = 'up'\n", with("width='x'"))).unwrap_err();
    let lines: Vec<_> = error.problems().iter().map(|problem| problem.position().unwrap().0).collect();
    assert_eq!(lines, [10, 12, 13]);
    assert!(error.to_string().starts_with("3 problems"));
}

#[test]
fn numerics_are_strict() {
    let table = [
        ("weights = 'bf17'", "is not a number format"),
        ("weights = 'int(99)'", "2 to 62 bits"),
        ("accumulate = 'tree(1)'", "is not a way to add up"),
        ("accumulate = 'extact'", "is not a way to add up"),
        ("score_clamp = 0", "from 1 to 64"),
        ("exp_bits = 65", "from 1 to 64"),
        ("rounding = 'eagre'", "did you mean \"eager\"?"),
    ];
    for (line, wanted) in table {
        let error = refusal(&format!("{MINIMAL}[numerics]\n{line}"));
        assert!(error.contains(wanted) && error.contains("t.toml:12:"), "{line}:\n{error}");
    }
}

#[test]
fn weights_are_strict() {
    let read = |lines: &str| parse(&format!("{MINIMAL}[weights]\n{lines}"));
    assert_eq!(read("file = 'x.safetensors'").unwrap().weights, WeightSource::File("x.safetensors".into()));
    let table = [
        ("source = 'random'", "`seed` is missing"),
        ("source = 'free'\nseed = 1", "`seed` is only for source = \"random\""),
        ("source = 'random'\nseed = -1", "`seed` is -1"),
        ("source = 'random'\nseed = 1\nlimit = 0", "above zero"),
        ("source = 'random'\nseed = 1\nfile = 'x'", "exclude each other"),
        ("fiel = 'x'", "did you mean `file`?"),
    ];
    for (lines, wanted) in table {
        let error = read(lines).unwrap_err().to_string();
        assert!(error.contains(wanted), "{lines}:\n{error}");
    }
}
