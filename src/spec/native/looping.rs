//! The `[loop]` and `[linear-attention]` tables: what is repeated, and how often.

use super::SCHEMA;
use crate::number::Format;
use crate::spec::text::Fields;
use crate::spec::{LinearAttention, Looping, MemoryOf};

/// The most iterations written down as a default.
const MAX_LENGTH: u64 = 1 << 20;

/// The most tokens fed back: each is a wire of its own, and laws take long where these are many.
const MAX_WINDOW: u64 = 64;

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
    let length = |key| if fields.has("kind") { fields.required(key, MAX_LENGTH) } else { 1 };
    let looping = match kind {
        Kind::Rounds => Looping::Rounds { rounds: length("rounds") },
        Kind::SegmentMemory => Looping::SegmentMemory { segments: length("segments"), from: memory_of(fields) },
        Kind::MemoryTokens => Looping::MemoryTokens { segments: length("segments"), memory: length("memory") },
        Kind::Feedback => Looping::Feedback { window: fields.required("window", MAX_WINDOW) },
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

#[cfg(test)]
mod tests {
    use crate::spec::text::Source;
    use crate::spec::{Error, LinearAttention, Looped, Looping, MemoryOf, native};

    fn parse(text: &str) -> Result<Option<Looped>, Error> {
        native::looped(&Source::from_text("t.toml", text)?)
    }

    fn looped(kind: &str, lines: &str) -> Result<Option<Looped>, Error> {
        let model = format!(
            "[model]\nkind = '{kind}'\nvocabulary = 5\nlayers = 2\nwidth = 4\nheads = 2\nhidden = 8\npositions = 'none'\n\
             norm = 'rms'\nactivation = 'relu'\noutput = 'argmax'\npositions_out = 'last'\n[loop]\n{lines}\n"
        );
        parse(&model)
    }

    fn refusal(result: Result<Option<Looped>, Error>) -> String {
        result.expect_err("a refusal").to_string()
    }

    #[test]
    fn every_kind_is_read() {
        let read = |kind, lines| match looped(kind, lines).unwrap().unwrap() {
            Looped::Model(model, looping) => (model.architecture.blocks.len(), looping),
            Looped::LinearAttention(_) => panic!("not a model"),
        };
        let same = Looping::SegmentMemory { segments: 3, from: MemoryOf::SameLayer };
        let below = Looping::SegmentMemory { segments: 3, from: MemoryOf::Below };
        let table = [
            ("decoder", "kind = 'rounds'\nrounds = 4", Looping::Rounds { rounds: 4 }),
            ("encoder", "kind = 'segment-memory'\nsegments = 3", same),
            ("encoder", "kind = 'segment-memory'\nsegments = 3\nfrom = 'below'", below),
            (
                "decoder",
                "kind = 'memory-tokens'\nsegments = 2\nmemory = 1",
                Looping::MemoryTokens { segments: 2, memory: 1 },
            ),
            ("decoder", "kind = 'feedback'\nwindow = 2", Looping::Feedback { window: 2 }),
            ("decoder", "kind = 'decoding'\ntokens = 7", Looping::Decoding { tokens: 7 }),
        ];
        for (kind, lines, wanted) in table {
            assert_eq!(read(kind, lines), (2, wanted));
        }
    }

    #[test]
    fn bad_loops_are_refused_where_they_stand() {
        let table = [
            ("decoder", "", "key `kind` is missing in `loop`"),
            ("decoder", "kind = 'rounds'", "key `rounds` is missing in `loop`"),
            ("decoder", "kind = 'round'\nrounds = 2", "did you mean \"rounds\"?"),
            ("decoder", "kind = 'rounds'\nrounds = 0", "`rounds` is 0, but must be from 1"),
            ("decoder", "kind = 'rounds'\nrounds = 2\ntokens = 2", "`tokens` is only for kind = \"decoding\""),
            (
                "decoder",
                "kind = 'rounds'\nrounds = 2\nsegments = 2",
                "only for kind = \"segment-memory\" or \"memory-tokens\"",
            ),
            ("decoder", "kind = 'feedback'\nwindow = 2\nwidth = 3", "unknown key `width` in `loop`"),
            ("decoder", "kind = 'segment-memory'\nsegments = 2", "segment memory needs kind = \"encoder\""),
            ("encoder", "kind = 'feedback'\nwindow = 2", "feedback needs kind = \"decoder\""),
            ("encoder", "kind = 'decoding'\ntokens = 2", "decoding needs kind = \"decoder\""),
        ];
        for (kind, lines, wanted) in table {
            let error = refusal(looped(kind, lines));
            assert!(error.contains(wanted) && error.contains("--> t.toml:1"), "{lines}:\n{error}");
        }
    }

    #[test]
    fn a_loop_is_no_model_and_a_model_no_loop() {
        let text = "[linear-attention]\nlayers = 2\nfeatures = 2\nexamples = 2\n";
        let error = crate::spec::parse_native("t.toml", text).unwrap_err();
        assert_eq!(error.problems().len(), 1);
        assert!(error.to_string().contains("looped model (`[linear-attention]`)"), "{error}");
        assert_eq!(parse("[model]\nkind = 'decoder'\n").unwrap(), None);
        let both = refusal(parse(&format!("{text}[model]\nkind = 'decoder'\n")));
        assert!(both.contains("unknown key `model`"), "{both}");
    }

    #[test]
    fn linear_attention_is_read_as_documented_and_must_not_round_what_it_carries() {
        let docs = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//! "));
        let example = docs.skip_while(|line| *line != "[linear-attention]").take_while(|line| *line != "```");
        let read = |text: &str| match parse(text) {
            Ok(Some(Looped::LinearAttention(layers))) => Ok(layers),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        };
        let layers = read(&example.collect::<Vec<_>>().join("\n")).unwrap();
        let short = "[linear-attention]\nlayers = 4\nfeatures = 2\nexamples = 3\n";
        assert_eq!(
            LinearAttention { name: "model".to_owned(), ..layers },
            LinearAttention { name: "model".to_owned(), ..read(short).unwrap() }
        );
        for line in
            ["step = 0.125", "step = 0.3", "targets = 'fixed(5,5)'", "sums = 'fixed(5,3)'", "data = 'fixed(2,3)'"]
        {
            let error = read(&format!("{short}{line}\n")).unwrap_err();
            assert!(
                error.contains("would be rounded where they are carried on") && error.contains("t.toml:5"),
                "{error}"
            );
        }
        assert!(read(&format!("{short}values = 'fixed(0,3)'")).unwrap_err().contains("`values`"));
    }
}
