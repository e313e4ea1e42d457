//! The numerics a specification asks for, with the defaults of one that does not say.

use super::text::Fields;
use super::{Error, Numerics, Problem, Rounding};
use crate::number::{Format, FormatError, Policy, PolicyError};

/// Weights of 8 bits in `[-2, 2)`.
const WEIGHTS: &str = "fixed(2,6)";

/// Activations of 8 bits in `[-8, 8)`.
const ACTIVATIONS: &str = "fixed(4,4)";

/// Scores are clamped to this either side of zero.
const SCORE_CLAMP: u32 = 8;

/// Bits after the point of the exponential table.
const EXP_BITS: u32 = 8;

/// The greatest clamp and the most bits of the exponential table.
const MAX_TABLE: u64 = 64;

/// The numerics of a model that comes with none.
pub(super) fn defaults() -> Result<Numerics, Error> {
    let formats = || -> Result<_, FormatError> { Ok((WEIGHTS.parse()?, ACTIVATIONS.parse()?)) };
    let (weights, activations) = formats().map_err(|error| Problem::new(error.to_string()))?;
    let (accumulate, accumulator) = (Policy::Exact, None);
    let (rounding, score_clamp, exp_bits) = (Rounding::Fused, SCORE_CLAMP, EXP_BITS);
    Ok(Numerics { weights, activations, rounding, score_clamp, exp_bits, accumulate, accumulator })
}

/// Reads a `[numerics]` table over the defaults.
pub(super) fn read(fields: &Fields, defaults: Numerics) -> Numerics {
    let roundings = [("fused", Rounding::Fused), ("eager", Rounding::Eager)];
    let numerics = Numerics {
        weights: format(fields, "weights", defaults.weights),
        activations: format(fields, "activations", defaults.activations),
        rounding: fields.choice("rounding", &roundings, Some(defaults.rounding)),
        score_clamp: small(fields, "score_clamp", defaults.score_clamp),
        exp_bits: small(fields, "exp_bits", defaults.exp_bits),
        accumulate: policy(fields, defaults.accumulate),
        accumulator: fields.has("accumulator").then(|| format(fields, "accumulator", defaults.activations)),
    };
    fields.finish("see the schema of [numerics] in the documentation of isobath::spec::native");
    numerics
}

/// The format under a key.
pub(super) fn format(fields: &Fields, key: &str, default: Format) -> Format {
    match fields.text(key).map(str::parse) {
        None => default,
        Some(Ok(format)) => format,
        Some(Err(error)) => {
            fields.refuse(key, format!("`{key}`: {}", FormatError::to_string(&error)), None);
            default
        }
    }
}

fn small(fields: &Fields, key: &str, default: u32) -> u32 {
    let value = fields.integer_or(key, 1, MAX_TABLE, u64::from(default));
    u32::try_from(value).unwrap_or(default)
}

fn policy(fields: &Fields, default: Policy) -> Policy {
    match fields.text("accumulate").map(str::parse) {
        None => default,
        Some(Ok(policy)) => policy,
        Some(Err(error)) => {
            fields.refuse("accumulate", format!("`accumulate`: {}", PolicyError::to_string(&error)), None);
            default
        }
    }
}
