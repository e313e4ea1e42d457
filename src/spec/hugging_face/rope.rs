//! Rotary positions: the keys of transformers 4 (`rope_theta`, `rope_scaling`) and 5 (`rope_parameters`).

use super::UNKNOWN;
use super::core::Core;
use crate::spec::Rotary;
use crate::spec::text::Fields;

/// Rescalings of the angles that are known by name; the first is none at all.
const SCALINGS: [(&str, &str); 7] = [
    ("default", ""),
    ("linear", "linear"),
    ("dynamic", "dynamic"),
    ("yarn", "yarn"),
    ("longrope", "longrope"),
    ("su", "longrope"),
    ("llama3", "llama3"),
];

/// Numbers that belong to a rescaling: they change table entries, never depth.
const FACTORS: &[&str] = &[
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "factor",
    "high_freq_factor",
    "long_factor",
    "long_mscale",
    "low_freq_factor",
    "mscale",
    "mscale_all_dim",
    "original_max_position_embeddings",
    "short_factor",
    "short_mscale",
    "truncate",
];

/// The names and defaults of a family's rotation.
pub(super) struct Names {
    /// The key of the base.
    pub theta: &'static str,
    /// The base if nothing says.
    pub default_theta: f64,
    /// The key of the fraction of a head that is rotated; empty if all of it is.
    pub fraction: &'static str,
    /// That fraction if nothing says.
    pub default_fraction: f64,
}

/// The names most families use.
pub(super) const FULL: Names =
    Names { theta: "rope_theta", default_theta: 10_000.0, fraction: "", default_fraction: 1.0 };

/// Reads the rotation of every layer.
pub(super) fn read(fields: &Fields, core: &Core, names: &Names) -> Rotary {
    let old = fields.table("rope_scaling");
    let new = fields.table("rope_parameters");
    let both = old.is_some() && new.is_some();
    let message = || "`rope_scaling` and `rope_parameters` exclude each other".to_owned();
    fields.check(&["rope_scaling"], !both, message, "keep the one of your transformers version");
    let inner = new.as_ref().or(old.as_ref());
    let rotary = one(fields, inner, core, names);
    for table in [&old, &new].into_iter().flatten() {
        table.finish(UNKNOWN);
    }
    rotary
}

/// Reads one rotation: an inner table, where there is one, wins over the outer keys but must not contradict them.
pub(super) fn one(fields: &Fields, inner: Option<&Fields>, core: &Core, names: &Names) -> Rotary {
    let base = number(fields, inner, names.theta, "rope_theta").unwrap_or(names.default_theta);
    let fraction = match names.fraction {
        "" => 1.0,
        key => number(fields, inner, key, "partial_rotary_factor").unwrap_or(names.default_fraction),
    };
    let features = (core.head_width as f64 * fraction) as u64;
    check(fields, core, names.fraction, features);
    Rotary { features, base, half_split: true, scaling: inner.and_then(scaling) }
}

/// Refuses a rotation that does not go in pairs.
pub(super) fn check(fields: &Fields, core: &Core, key: &str, features: u64) {
    let fits = (2..=core.head_width).contains(&features) && features.is_multiple_of(2);
    let message = || format!("{features} features of a head of {} cannot be rotated in pairs", core.head_width);
    let keys = [key, "head_dim", "num_attention_heads", "hidden_size", "n_head", "n_embd"];
    fields.check(&keys, fits, message, "the rotated part of a head must be even");
}

fn number(fields: &Fields, inner: Option<&Fields>, outer_key: &str, inner_key: &str) -> Option<f64> {
    let outer = fields.maybe_positive(outer_key);
    let within = inner.and_then(|inner| inner.maybe_positive(inner_key));
    let agree = outer.is_none() || within.is_none() || outer == within;
    let message = || format!("`{outer_key}` contradicts the `{inner_key}` of the rope table");
    fields.check(&[outer_key], agree, message, "");
    within.or(outer)
}

/// The name of the rescaling, under either of the keys it has had.
fn scaling(table: &Fields) -> Option<String> {
    table.ignore(FACTORS);
    let key = if table.has("rope_type") { "rope_type" } else { "type" };
    table.ignore(&["type"]);
    let name = table.choice(key, &SCALINGS, Some(SCALINGS[0].1));
    (!name.is_empty()).then(|| name.to_owned())
}
