//! Assertions that hold, that fail, and that say nothing.

use super::*;

fn failure(file: &str, claim: &str) -> String {
    hold(&format!("circuits/{file}.toml"), claim).expect_err(claim).to_string()
}

#[test]
fn bounds_hold_for_all_lengths_or_at_one() {
    let descent = spec::read_document(Path::new("circuits/gd-least-squares.toml")).unwrap();
    crate::assert_depth!(descent, == 2*steps + 1);
    crate::assert_depth!(&descent, <= max(2 * steps + 1, 3));
    crate::assert_depth!(descent, >= 2*steps);
    crate::assert_depth!(descent, == 9, at steps = 4);
    let subject = Subject::new(&descent, &Options::default()).unwrap();
    crate::assert_depth!(subject, <= 2_001, at steps = 1_000);
    crate::assert_depth!(&subject, <= steps^2 + 2);
}

#[test]
fn a_counterexample_is_the_smallest_with_its_path() {
    let text = failure("gd-least-squares", "<= 2*steps");
    assert!(text.starts_with("the depth of gd-least-squares is not <= 2*steps\n  law: depth = 2*steps + 1"), "{text}");
    assert!(text.contains("at steps = 1 the depth is 3, not <= 2\n  critical path at steps = 1"), "{text}");
    assert_eq!(text.lines().count(), 4 + 3, "{text}");
    assert!(text.lines().nth(4).unwrap().trim_start().starts_with("1  step[steps 0]  "), "{text}");
    let text = failure("gd-least-squares", "<= steps + 700");
    assert!(text.contains("at steps = 700 the depth is 1401, not <= 1400"), "{text}");
    assert!(text.contains("... 1377 layers more ..."), "{text}");
}

#[test]
fn paths_too_long_to_visit_are_shown_shorter() {
    let text = failure("gd-least-squares", "<= 2*steps, at steps = 100000000");
    assert!(text.contains("at steps = 100000000 the depth is 200000001, not <= 200000000"), "{text}");
    assert!(text.contains("critical path at steps = 3 (shorter lengths than there)"), "{text}");
}

#[test]
fn lengths_are_made_small_one_after_the_other() {
    let text = failure("rnn", "<= context + 20");
    assert!(text.contains("at context = 1, layers = "), "{text}");
    let text = failure("tiny-llama", ">= context - 20");
    assert!(text.contains("at context = 36, layers = 1 the depth is 15, not >= 16"), "{text}");
}

#[test]
fn a_context_read_in_segments_is_counted_in_them() {
    let text = failure("segment-memory", "<= 10, at context = 6, layers = 2");
    assert!(text.contains("at layers = 2, segments = 3 the depth is 40, not <= 10"), "{text}");
    let text = failure("segment-memory", "<= 100*layers*context");
    assert!(text.contains("in segments of 2 tokens: write the bound in `segments`"), "{text}");
}

#[test]
fn a_circuit_without_gates_has_no_path() {
    let text = "[program]\nkind = 'gradient-descent'\nfeatures = 1\nstep_size = 0.5\nloss = 'mlp'\nhidden = 1\n\
                activation = 'relu'\n[weights]\nsource = 'zeros'\n";
    let still = spec::parse_document("still.toml", text).unwrap();
    let text = hold(&still, ">= steps").unwrap_err().to_string();
    assert!(text.contains("the depth is 0, not >= 1") && text.ends_with("at steps = 1: no gates"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    for (claim, wanted) in [
        ("<= 2*step", "has no axis `step`; it has steps"),
        ("< 2*steps", "does not begin with <=, >= or =="),
        ("<= 2*", "is no formula"),
        ("<= 2*steps, steps = 1", "as in `at layers = 1, steps = 3`"),
        ("<= 2*steps, at steps = 0", "as in `at layers = 1, steps = 3`"),
        ("<= 2*steps, at layers = 1", "has no axis `layers`"),
    ] {
        let text = failure("gd-least-squares", claim);
        assert!(text.contains(wanted), "{claim}: {text}");
    }
    assert!(failure("nowhere", "<= 1").contains("nowhere.toml"));
}
