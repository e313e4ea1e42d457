//! What cannot be laid out is refused, and why.

use super::small;
use isobath::lower::{LowerError, system::system};
use isobath::recurrent::{self, Recurrence, RecurrentError};
use isobath::words::Strategy;

const NARROW: &str = "weights = 'fixed(2,1)'\nactivations = 'fixed(2,1)'";

fn refusal(cell: &str, more: &str, recurrence: Recurrence, context: u64) -> String {
    recurrent::system(&small(cell, more, NARROW), recurrence, context).unwrap_err().to_string()
}

#[test]
fn what_is_not_associative_is_not_scanned() {
    for cell in ["rnn", "lstm", "gru"] {
        let message = refusal(cell, "", Recurrence::Scan, 4);
        assert!(
            message.contains(&format!("`{cell}` cannot be scanned: its state goes through a function")),
            "{message}"
        );
    }
    let message = refusal("delta-rule", "round_state = false", Recurrence::Scan, 4);
    assert!(message.contains("it rounds what it reads of its state"), "{message}");
    for cell in ["diagonal", "mamba", "linear-attention", "gated-linear-attention"] {
        let message = refusal(cell, "", Recurrence::Scan, 4);
        assert!(message.contains("another function than its scan; write `round_state = false`"), "{message}");
    }
}

#[test]
fn exact_state_is_not_carried_by_a_loop() {
    for cell in ["diagonal", "mamba", "linear-attention", "gated-linear-attention"] {
        let message = refusal(cell, "round_state = false", Recurrence::Sequential, 4);
        assert!(
            message.contains(&format!("exact state of cell `{cell}` needs more bits with every position")),
            "{message}"
        );
    }
    // So it is: the lowering of the definition finds a range that grows.
    let model = small("linear-attention", "round_state = false", NARROW);
    let graph = recurrent::definition(&model, &recurrent::parameters(&model), 4).unwrap();
    let error = system(&graph, Strategy::Depth).unwrap_err();
    assert!(matches!(&error, LowerError::Grows { block, output } if block == "layer" && output == "state"), "{error}");
}

#[test]
fn widths_and_contexts_beyond_the_limits_are_told() {
    let wide =
        refusal("gated-linear-attention", "round_state = false\ngate_format = 'fixed(2,4)'", Recurrence::Scan, 8);
    assert!(wide.contains("at context 8 needs ") && wide.contains("bits, more than the 16 there are"), "{wide}");
    let wide = refusal("diagonal", "round_state = false", Recurrence::Scan, 1000);
    assert!(wide.contains("a power of the decay at context 1000 needs ") && wide.contains("than the 62"), "{wide}");
    for recurrence in [Recurrence::Sequential, Recurrence::Scan] {
        let message = recurrent::system(&small("linear-attention", "", NARROW), recurrence, 0).unwrap_err().to_string();
        assert!(message.contains("context 0 is not possible: a sequence has from 1"), "{message}");
    }
    let many = recurrent::system(&small("linear-attention", "round_state = false", NARROW), Recurrence::Scan, 1 << 40);
    assert_eq!(many.unwrap_err(), RecurrentError::Context { asked: 1 << 40, most: 1 << 16 });
}

#[test]
fn a_damaged_byte_never_panics() {
    for name in ["mamba", "gated-linear-attention"] {
        let path = std::path::Path::new(super::CIRCUITS).join(name).with_extension("toml");
        let bytes = std::fs::read(path).unwrap();
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] = b"\n\t\"9]"[index % 5];
            let read = isobath::spec::parse_document(name, &String::from_utf8(damaged).unwrap());
            assert!(read.is_ok() || !read.unwrap_err().to_string().is_empty());
        }
    }
}
