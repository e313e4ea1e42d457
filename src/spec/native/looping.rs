//! The `[loop]` and `[linear-attention]` tables: what is repeated, and how often.

use super::SCHEMA;
use crate::number::Format;
use crate::spec::text::Fields;
use crate::spec::{LinearAttention, Looping, MAX_LAYERS, MemoryOf};

/// The most iterations written down as a default.
const MAX_LENGTH: u64 = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rounds,
    SegmentMemory,
    MemoryTokens,
    Feedback,
    Decoding,
}

/// The kinds, their names and the keys each needs.
const KINDS: [(&str, Kind, &[&str]); 5] = [
    ("rounds", Kind::Rounds, &["rounds"]),
    ("segment-memory", Kind::SegmentMemory, &["segments", "from"]),
    ("memory-tokens", Kind::MemoryTokens, &["segments", "memory"]),
    ("feedback", Kind::Feedback, &["window"]),
    ("decoding", Kind::Decoding, &["tokens"]),
];

/// Reads `[loop]`. What cannot be read is recorded in the fields' problems.
pub(super) fn looping(fields: &Fields) -> Looping {
    let kind = fields.choice("kind", &KINDS.map(|(name, kind, _)| (name, kind)), None);
    for key in ["rounds", "segments", "from", "memory", "window", "tokens"] {
        let users: Vec<&str> =
            KINDS.iter().filter(|(_, _, keys)| keys.contains(&key)).map(|(name, ..)| *name).collect();
        let fits = KINDS.iter().any(|(_, of, keys)| *of == kind && keys.contains(&key)) || !fields.has(key);
        let message = || format!("`{key}` is only for kind = {:?}", users.join("\" or \""));
        fields.check(&[key, "kind"], fits, || message().replace('\\', ""), "remove it, or change `kind`");
    }
    let length = |key| fields.required(key, MAX_LENGTH);
    let looping = match kind {
        Kind::Rounds => Looping::Rounds { rounds: length("rounds") },
        Kind::SegmentMemory => Looping::SegmentMemory { segments: length("segments"), from: memory_of(fields) },
        Kind::MemoryTokens => Looping::MemoryTokens { segments: length("segments"), memory: length("memory") },
        Kind::Feedback => Looping::Feedback { window: fields.required("window", MAX_LAYERS) },
        Kind::Decoding => Looping::Decoding { tokens: length("tokens") },
    };
    fields.finish(SCHEMA);
    looping
}

fn memory_of(fields: &Fields) -> MemoryOf {
    let words = [("same-layer", MemoryOf::SameLayer), ("below", MemoryOf::Below)];
    fields.choice("from", &words, Some(MemoryOf::SameLayer))
}

/// Reads `[linear-attention]`.
pub(super) fn linear_attention(fields: &Fields, name: String, formats: [Format; 5]) -> LinearAttention {
    let [weights, data, values, sums, targets] = formats;
    let layers = LinearAttention {
        name,
        layers: fields.required("layers", MAX_LENGTH),
        features: fields.dimension("features"),
        examples: fields.dimension("examples"),
        step: fields.positive_or("step", 0.25),
        weights,
        data: format(fields, "data", data),
        values: format(fields, "values", values),
        sums: format(fields, "sums", sums),
        targets: format(fields, "targets", targets),
    };
    let message =
        || "targets would be rounded where they are carried on, and layers no longer be steps of descent".to_owned();
    let help = "write a `step` like 0.25, a whole number of a power of two, and give `targets` as many bits after the point as `step`, `sums` and `data` have together";
    fields.check(&["targets", "step", "sums", "data"], layers.is_exact(), message, help);
    fields.finish(SCHEMA);
    layers
}

fn format(fields: &Fields, key: &str, default: Format) -> Format {
    match fields.text(key).map(str::parse::<Format>) {
        None => default,
        Some(Ok(format)) => format,
        Some(Err(error)) => {
            fields.refuse(key, format!("`{key}`: {error}"), None);
            default
        }
    }
}
