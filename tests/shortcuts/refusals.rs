//! Rules that do not apply say which operation, which data or which size is in the way.

use isobath::shortcut::{Options, Rule, applicable};

use super::{applied, document, program, shipped};

fn refused(rule: Rule, name: &str, steps: u64) -> String {
    applied(rule, &shipped(name), steps).unwrap_err().to_string()
}

#[test]
fn reasons_name_what_is_in_the_way() {
    let table = [
        (Rule::Prefix, "gd-hinge", 4, "`slope` (step) is not affine"),
        (Rule::Prefix, "q-learning", 4, "`best action` (maximum) is not affine"),
        (Rule::Powering, "gd-logistic", 4, "is not affine"),
        (Rule::Contraction, "gd-mlp", 4, "is not affine"),
        (Rule::Prefix, "gd-hard-wired", 4, "that is the rule hard-wired"),
        (Rule::HardWired, "gd-least-squares", 4, "data come in from outside"),
        (Rule::Powering, "gd-least-squares", 4, "data must come in once"),
        (Rule::Contraction, "gd-least-squares", 4, "has norm 5/4 on the data (-2, 1, 0)"),
        (
            Rule::Automaton,
            "gd-hinge",
            16,
            "more than 64 values (8 bits as it is rounded): products of tables for 16 steps would have up to",
        ),
        (Rule::Automaton, "q-learning", 16, "the data of one step can have 2^14 values"),
        (Rule::Prefix, "shortcuts/descent-1d", 1000, "exact values would have"),
        (Rule::Prefix, "shortcuts/descent-1d", 1 << 60, "are too many for this rule"),
        (Rule::HardWired, "gd-hard-wired", 1 << 30, "are too many for this rule"),
    ];
    for (rule, name, steps, wanted) in table {
        let text = refused(rule, name, steps);
        assert!(text.contains(wanted), "{rule:?} {name}: {text}");
    }
}

#[test]
fn large_programs_are_refused_before_anything_is_made() {
    let text = |features: u64, numerics: &str| {
        format!(
            "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = {features}\nstep_size = '1/4'\n\
             [numerics]\n{numerics}"
        )
    };
    let reason =
        |features, numerics, rule| applied(rule, &program(&text(features, numerics)), 8).unwrap_err().to_string();
    assert!(reason(1 << 30, "", Rule::Prefix).contains("a step would take in"));
    assert!(reason(300, "", Rule::Prefix).contains("products of weights and data written out"));
    let wide = "weights = 'fixed(10,30)'\nactivations = 'fixed(10,30)'\ndata = 'int(40)'";
    let reasons = [reason(1, wide, Rule::Prefix), reason(1, wide, Rule::Automaton)];
    assert!(reasons[0].contains("exact values would have"), "{reasons:?}");
    assert!(reasons[1].contains("2^80 values"), "{reasons:?}");
}

#[test]
fn every_rule_is_told_and_other_documents_are_refused() {
    let text =
        std::fs::read_to_string(format!("{}/circuits/shortcuts/ridge-1d.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let options = Options { steps: Some(3), within: 1, ..Options::default() };
    let verdicts = applicable(&document(&text), &options).unwrap();
    let applies: Vec<bool> = verdicts.iter().map(|verdict| verdict.applied.as_ref().is_ok_and(|a| a.holds())).collect();
    assert_eq!(applies, [true, false, false, true, true]);
    let text = std::fs::read_to_string(format!("{}/circuits/rnn.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let refused = applicable(&document(&text), &options).unwrap_err().to_string();
    assert!(refused.contains("a recurrent network"), "{refused}");
}
