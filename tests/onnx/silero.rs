//! A speech detector as its makers publish it: silero-vad 6.2.3 from PyPI (MIT), convolutions and an LSTM, against a recorded run of ONNX Runtime.
//!
//! Not run by itself: `pip download --no-deps silero-vad==6.2.3`, unzip it, and name the folder:
//! `SILERO=<folder>/silero_vad/data cargo test --test onnx silero -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use isobath::number::{Rational, quantise};
use isobath::spec::onnx::read;
use isobath::tensor::looped::interpret;
use num_bigint::BigInt;
use safetensors::SafeTensors;

const MODEL: &str = "silero_vad_16k_sequence.onnx";

fn recorded(bytes: &[u8]) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let values = |data: &[u8]| data.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect();
    tensors.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), values(view.data())))).collect()
}

#[test]
#[ignore = "reads a published model that is not part of this repository"]
fn the_published_speech_detector_gives_its_recorded_probabilities() {
    let folder = PathBuf::from(std::env::var("SILERO").expect("SILERO names the folder of the model"));
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models/onnx/silero_16k_sequence_io.safetensors");
    let recorded = recorded(&std::fs::read(pack).unwrap());
    println!("{:?}", recorded.iter().map(|(name, (shape, _))| (name, shape)).collect::<Vec<_>>());
    let mut model = read(&folder.join(MODEL)).unwrap();
    let format = "fixed(16,32)".parse().unwrap();
    (model.numerics.weights, model.numerics.activations) = (format, format);
    let windows: u64 = std::env::var("WINDOWS").map_or(1, |windows| windows.parse().unwrap());
    let lengths = BTreeMap::from([("sequence_length".to_owned(), windows)]);
    let system = isobath::onnx::system(&model, &lengths, true).unwrap();
    let level =
        |value: &f32| Rational::new(quantise((*value).into(), format).unwrap().into(), BigInt::from(1u64 << 32));
    let take = |name: &str, count: usize| recorded[name].1.iter().take(count).map(level).collect::<Vec<_>>();
    let inputs = [take("input", 576 * windows as usize), take("h", 128), take("c", 128)].concat();
    let outputs = interpret(&system, inputs).unwrap();
    let scale = Rational::from_integer(BigInt::from(1u64 << 32));
    for (place, value) in outputs[0].values.iter().enumerate() {
        let found = (value * &scale).to_integer().to_string().parse::<f64>().unwrap() / (1u64 << 32) as f64;
        let wanted = f64::from(recorded["speech_probs"].1[place]);
        println!("window {place}: {found}, recorded {wanted}");
        assert!((found - wanted).abs() < 1e-5, "window {place}: {found}, recorded {wanted}");
    }
}
