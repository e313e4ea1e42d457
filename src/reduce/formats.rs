//! Which values a reduction needs to be held exactly, and the narrowest formats that do; must not know what the values are for.

use num_bigint::BigInt;
use num_traits::Zero;

use super::ReduceError;
use crate::number::{Format, MAX_BITS, Rational};
use crate::spec::program::Formats;

/// The values that must be held exactly, by what rounds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// Weights that matter when they are read.
    pub weights: Vec<Rational>,
    /// What else a step rounds.
    pub activations: Vec<Rational>,
    /// Inputs x, states.
    pub data: Vec<Rational>,
    /// Labels y, rewards.
    pub targets: Vec<Rational>,
}

/// Formats asked for; none where the reduction may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Of weights.
    pub weights: Option<Format>,
    /// Of what else is rounded; default: that of weights, or the narrowest that suffices where that does not.
    pub activations: Option<Format>,
    /// Of x and states; default: the narrowest that suffices.
    pub data: Option<Format>,
    /// Of y and rewards; default: the narrowest that suffices.
    pub targets: Option<Format>,
}

/// A whole number.
pub fn whole(value: i64) -> Rational {
    Rational::from_integer(value.into())
}

/// A fraction.
pub fn ratio(p: i64, q: i64) -> Rational {
    Rational::new(p.into(), q.into())
}

/// The least value of a format above zero; next to zero all neighbours are that far apart.
pub fn unit(format: Format) -> Rational {
    Rational::new(1.into(), BigInt::from(1) << format.fraction())
}

/// What a cell holds for 0, and how much more for 1: a unit in the last place. Of floats, 1 and the distance to the next number: next to
/// zero other formats would have to hold fractions of the least of all numbers.
pub fn cell(format: Format) -> [Rational; 2] {
    if !format.is_float() {
        return [whole(0), unit(format)];
    }
    let next = format.number(format.nearest(&whole(1)) + 1);
    [whole(1), next - whole(1)]
}

/// The level of a value, if the format holds it.
pub fn level(format: Format, value: &Rational) -> Option<i64> {
    Some(format.nearest(value)).filter(|level| format.number(*level) == *value)
}

/// The narrowest fixed-point format that holds all of the values; none where no format does.
pub fn narrowest(values: &[Rational]) -> Option<Format> {
    let fraction = (0..MAX_BITS).find(|fraction| {
        let one = BigInt::from(1) << fraction;
        values.iter().all(|value| (&one % value.denom()).is_zero())
    })?;
    let integers = 1..=MAX_BITS - fraction;
    let mut formats = integers.filter_map(|integer| Format::new(integer, fraction).ok());
    formats.find(|format| values.iter().all(|value| level(*format, value).is_some()))
}

/// Floating-point formats, the narrowest first.
const FLOATS: [&str; 5] = ["fp8-e4m3", "fp8-e5m2", "fp16", "bf16", "fp32"];

/// The formats that hold all of the values, in words: the narrowest of fixed point, and of floating point where `format` is of that kind.
fn sufficient(values: &[Rational], format: Format) -> String {
    let floats = FLOATS.iter().filter_map(|name| name.parse::<Format>().ok()).filter(|_| format.is_float());
    let float = floats.into_iter().find(|format| values.iter().all(|value| level(*format, value).is_some()));
    let names: Vec<String> = narrowest(values).into_iter().chain(float).map(|format| format.to_string()).collect();
    if names.is_empty() { "no format".to_owned() } else { names.join(" or ") }
}

/// The formats of a run.
///
/// # Errors
/// When a format that was asked for does not hold what it must; the error names the narrowest that does.
pub fn choose(needs: &Needs, weights: Format, asked: &Asked) -> Result<Formats, ReduceError> {
    let checked = |role: &'static str, format: Format, values: &[Rational]| {
        let missing = values.iter().find(|value| level(format, value).is_none());
        missing.map_or(Ok(format), |value| {
            let suffices = sufficient(values, format);
            Err(ReduceError::Narrow { role, format, value: value.clone(), suffices })
        })
    };
    let chosen = |role, format: Option<Format>, default: Format, values: &[Rational]| match format {
        Some(format) => checked(role, format, values),
        None => narrowest(values).map_or_else(|| checked(role, default, values), Ok),
    };
    let holds = |format: Format, values: &[Rational]| values.iter().all(|value| level(format, value).is_some());
    let activations = asked.activations.or_else(|| holds(weights, &needs.activations).then_some(weights));
    Ok(Formats {
        weights: checked("weights", weights, &needs.weights)?,
        activations: chosen("activations", activations, weights, &needs.activations)?,
        data: chosen("data", asked.data, weights, &needs.data)?,
        targets: chosen("targets", asked.targets, weights, &needs.targets)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_format_holds_the_values_and_no_narrower_one_does() {
        for (values, wanted) in [
            (vec![whole(4)], "int(4)"),
            (vec![whole(-4)], "int(3)"),
            (vec![whole(0)], "int(2)"),
            (vec![ratio(7, 2), whole(0)], "fixed(3,1)"),
            (vec![ratio(-1, 16)], "fixed(1,4)"),
            (vec![], "int(2)"),
        ] {
            assert_eq!(narrowest(&values).unwrap().to_string(), wanted, "{values:?}");
        }
        assert_eq!(narrowest(&[ratio(1, 3)]), None);
    }

    #[test]
    fn a_format_too_narrow_is_refused_with_the_one_that_suffices() {
        let needs = Needs { weights: vec![whole(4)], data: vec![ratio(3, 8)], ..Needs::default() };
        let asked = |weights: &str| choose(&needs, weights.parse().unwrap(), &Asked::default());
        let refused = asked("int(3)").unwrap_err().to_string();
        assert!(refused.contains("int(4)") && refused.contains("weights"), "{refused}");
        let formats = asked("int(4)").unwrap();
        assert_eq!((formats.activations.to_string(), formats.data.to_string()), ("int(4)".into(), "fixed(1,3)".into()));
    }
}
