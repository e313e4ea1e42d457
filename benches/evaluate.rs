//! Evaluating a sentence encoder's circuit against a float forward pass: `ISOBATH_MINILM=FOLDER cargo bench --bench evaluate`.
//!
//! FOLDER is that of `tests/minilm/run.py`. Prints medians of five in processor time of one thread: lowering, preparing, evaluating 16
//! tokens exactly; and, where `python3` (or the program that ISOBATH_PYTHON names) has numpy, the same weights in 32-bit floats.

#[allow(dead_code)]
mod clock;

use std::process::Command;

use clock::{median, seconds};
use isobath::spec::{self, Spec};
use isobath::words::Strategy;
use isobath::{number::Format, pipeline};

/// Evaluating may take so many times what floats take.
const LIMIT: f64 = 20.0;

/// A sentence of sixteen tokens.
const TOKENS: [u64; 16] =
    [101, 1996, 3317, 4832, 2006, 1037, 9561, 2600, 2682, 1996, 4251, 2214, 2237, 2651, 1012, 102];

fn main() {
    let Ok(folder) = std::env::var("ISOBATH_MINILM") else {
        println!("nothing is measured: set ISOBATH_MINILM to the model's folder (see tests/minilm/run.py)");
        return;
    };
    let spec = model(&folder);
    let start = seconds();
    let parameters = pipeline::parameters(&spec).expect("the weights");
    println!("reading and rounding the weights: {:.1} s", seconds() - start);
    let start = seconds();
    let model = pipeline::with_parameters(&spec, &parameters, 16, Strategy::Size).expect("lowered");
    println!("lowering to a circuit: {:.1} s", seconds() - start);
    let start = seconds();
    let evaluator = model.evaluator().expect("bound");
    println!("preparing to evaluate: {:.1} s", seconds() - start);
    let (time, output) = median(|| evaluator.run(&TOKENS).expect("evaluated"));
    println!("evaluating {} tokens, {} outputs: {:.0} ms", TOKENS.len(), output.len(), time * 1e3);
    match floats(&folder) {
        Some(float) => {
            let times = time / float;
            println!(
                "a float forward pass in numpy: {:.1} ms; evaluating takes {times:.1} times as long (limit {LIMIT})",
                float * 1e3
            );
        }
        None => println!("numpy was not found: no comparison"),
    }
}

fn model(folder: &str) -> Spec {
    let mut spec = spec::read(folder.as_ref()).expect("the model's config");
    let format = |text: &str| text.parse::<Format>().expect("a format");
    (spec.numerics.weights, spec.numerics.activations) = (format("fixed(4,10)"), format("fixed(9,7)"));
    (spec.numerics.score_clamp, spec.numerics.exp_bits) = (24, 8);
    spec
}

/// The median of five forward passes in numpy, in seconds.
fn floats(folder: &str) -> Option<f64> {
    let python = std::env::var("ISOBATH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/minilm/time_numpy.py");
    let ids = TOKENS.map(|id| id.to_string()).join(",");
    let output = Command::new(python).args([script, folder, &ids]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
