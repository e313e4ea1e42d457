//! The verdict page: every statement tagged, with its model and its evidence; figures held against explicit gates, classes and conjectures
//! against what each program is known to be.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use isobath::pipeline::subject::Options;
use isobath::report::verdict::text;
use isobath::spec;
use isobath::verdict::{How, Page, Tag, page};

fn circuit(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits").join(name)
}

fn of(name: &str, steps: u64) -> Page {
    let document = spec::read_document(&circuit(name)).unwrap();
    let lengths = [("steps".to_owned(), steps)].into();
    page(&document, &Options { lengths, ..Options::default() }).unwrap()
}

fn says(page: &Page, tag: Tag, word: &str) -> bool {
    page.tagged(tag).any(|statement| statement.says.contains(word))
}

#[test]
fn no_statement_is_without_tag_model_and_evidence() {
    for name in ["gd-1d.toml", "gd-hinge.toml", "q-learning.toml", "td0.toml"] {
        let page = of(name, 3);
        assert!(page.stands(), "{name}");
        for statement in &page.statements {
            assert!(!statement.model.is_empty() && !statement.evidence.is_empty(), "{name}: {}", statement.says);
            let conditional = statement.tag == Tag::Conditional;
            assert_eq!(statement.rests_on.is_some(), conditional, "{name}: {}", statement.says);
            let run = statement.evidence.iter().any(|e| matches!(e.how, How::Exhaustive | How::Random));
            assert!(!conditional || run, "{name}: no reduction was run for {}", statement.says);
        }
        assert!(page.tagged(Tag::CounterClaim).count() > 0, "{name}: claims without their counter-claims");
        let json = serde_json::to_value(&page).unwrap();
        assert_eq!(json["schema"], "isobath.needs/1");
        assert_eq!(json["statements"].as_array().unwrap().len(), page.statements.len());
    }
}

/// The depth that is told is that of the explicit gates.
#[test]
fn measured_depth_is_that_of_the_gates() {
    use isobath::pipeline::looped::LoopedModel;
    for steps in 1..=3 {
        let document = spec::read_document(&circuit("gd-1d.toml")).unwrap();
        let options = Options { lengths: [("steps".to_owned(), steps)].into(), ..Options::default() };
        let model = LoopedModel::of(&document, &options).unwrap();
        let gates = model.expand(&model.unrolled().unwrap(), &mut |_, _| {}).unwrap();
        let told = format!("of depth {} ", gates.levels().depth());
        assert!(says(&of("gd-1d.toml", steps), Tag::Measured, &told), "{steps}: {told}");
    }
}

#[test]
fn each_kind_of_learning_has_its_conjecture_or_says_that_it_has_none() {
    let conjectures = |name| {
        let page = of(name, 2);
        page.tagged(Tag::Conditional).map(|s| s.rests_on.unwrap()[..3].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(conjectures("gd-least-squares.toml"), ["TC0", "P !"]);
    assert_eq!(conjectures("gd-hinge.toml"), ["P !"]);
    assert_eq!(conjectures("q-learning.toml"), ["P !"]);
    // Reductions are to plain descent with an example a step as input: of others nothing is claimed.
    for other in ["td0.toml", "gd-adam.toml", "gd-batch.toml", "gd-hard-wired.toml", "gd-1d.toml", "gd-custom.toml"] {
        assert!(conjectures(other).is_empty(), "{other}");
    }
    assert!(of("td0.toml", 2).silent.iter().any(|line| line.contains("no reduction to this learning rule")));
}

/// A step of size 2 turns the sign of its weight: parity, which is in ACC0 and not in AC0. Steps are those asked for.
#[test]
fn classes_are_those_of_the_known_steps() {
    let page = of("gd-parity.toml", 2);
    assert!(
        says(&page, Tag::Proved, "in ACC0, and not in AC0") && says(&page, Tag::Proved, "data of 2 steps"),
        "{}",
        text(&page)
    );
}

/// One weight that overshoots and saturates: its maps have a group of order 120 (theory.md C.5).
#[test]
fn a_step_that_is_complete_for_nc1_has_the_conditional_statement_of_its_own() {
    let program = "name = 'narrow'\n[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 1\nstep_size = '1/2'\n\
                   [data]\nsource = 'inputs'\n[weights]\nsource = 'given'\nw = [1]\n\
                   [numerics]\nweights = 'int(3)'\nactivations = 'int(3)'\ndata = 'int(3)'\ntargets = 'int(3)'\n";
    let page = page(&spec::parse_document("narrow.toml", program).unwrap(), &Options::default()).unwrap();
    assert!(says(&page, Tag::Proved, "complete for NC1"), "{}", text(&page));
    assert!(says(&page, Tag::Conditional, "the state of this rounded step"), "{}", text(&page));
}

/// Shortcuts that need more steps than the fewest are tried at more.
#[test]
fn a_contraction_is_shown_where_the_program_is_long_enough() {
    assert!(says(&of("shortcuts/ridge-1d.toml", 16), Tag::CounterClaim, "Every step contracts"));
    assert!(!says(&of("shortcuts/ridge-1d.toml", 4), Tag::CounterClaim, "Every step contracts"));
}

/// Constant data leave nothing to classify, and a weight that stays zero is in no class above AC0.
#[test]
fn nothing_is_claimed_of_what_is_constant() {
    assert!(!says(&of("gd-hard-wired.toml", 2), Tag::Proved, "AC0"));
    let zero = "name = 'zero'\n[program]\nkind = 'gradient-descent'\nloss = 'graph'\nfeatures = 1\nstep_size = 2\n\
                [[program.node]]\nname = 'p'\nop = 'dot'\nof = ['w', 'x']\n\
                [[program.node]]\nname = 's'\nop = 'square'\nof = ['p']\n\
                [[program.node]]\nname = 'l'\nop = 'square'\nof = ['s']\n\
                [weights]\nsource = 'given'\nw = [0]\n\
                [numerics]\nweights = 'int(2)'\nactivations = 'int(3)'\ndata = 'int(2)'\ntargets = 'int(2)'\n";
    let page = page(&spec::parse_document("zero.toml", zero).unwrap(), &Options::default()).unwrap();
    let claims: Vec<_> = page.tagged(Tag::Proved).filter(|s| s.says.contains("depth at least")).collect();
    assert!(claims.is_empty() && !says(&page, Tag::Proved, "not in AC0"), "{}", text(&page));
}

#[test]
fn forward_passes_and_recurrent_networks_have_pages() {
    let forward = spec::read_document(&circuit("tiny-gpt.toml")).unwrap();
    let forward = page(&forward, &Options::default()).unwrap();
    assert!(
        says(&forward, Tag::Proved, "DLOGTIME-uniform TC0") && says(&forward, Tag::Conditional, "one forward pass")
    );
    let recurrent = spec::read_document(&circuit("rnn.toml")).unwrap();
    let recurrent = page(&recurrent, &Options::default()).unwrap();
    assert!(says(&recurrent, Tag::CounterClaim, "The rounded state is finite"));
    assert!(!says(&recurrent, Tag::CounterClaim, "Recurrence is not depth"));
    assert_eq!(recurrent.tagged(Tag::Conditional).count(), 0);
}
