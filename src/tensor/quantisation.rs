//! What rounding given weights to a format does to them; knows nothing of files or graphs.

use std::collections::HashMap;

use num_traits::ToPrimitive;
use serde::Serialize;

use super::params::{Parameters, Source};
use crate::number::{Format, quantise};

/// The error of rounding, over all weights given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantisation {
    /// The format.
    pub format: String,
    /// How many weights.
    pub weights: u64,
    /// The greatest absolute difference of a weight and what it is rounded to.
    pub error: f64,
    /// The tensor it is in.
    pub worst: String,
    /// How many weights lie beyond the format and saturate.
    pub saturated: u64,
    /// The tensor most of them are in, and how many.
    pub most_saturated: Option<(String, u64)>,
}

impl Parameters {
    /// The error of rounding; none where no numbers are given.
    pub fn quantisation(&self) -> Option<Quantisation> {
        let Source::Given(tensors) = &self.source else { return None };
        let format = self.format;
        let mut all = Quantisation {
            format: format.to_string(),
            weights: 0,
            error: 0.0,
            worst: String::new(),
            saturated: 0,
            most_saturated: None,
        };
        for (name, (_, values)) in tensors {
            all.add(name, values, format);
        }
        Some(all)
    }
}

impl Quantisation {
    fn add(&mut self, name: &str, values: &[f64], format: Format) {
        let mut worth: HashMap<i64, f64> = HashMap::new();
        let mut rounded = |value: &f64| {
            let level = quantise(*value, format).unwrap_or(0);
            *worth.entry(level).or_insert_with(|| number(format, level))
        };
        let largest = values.iter().map(|value| (value - rounded(value)).abs()).fold(0.0, f64::max);
        // Beyond the ends by more than rounding explains.
        let beyond = |end: i64, next: i64| number(format, end) * 1.5 - number(format, next) * 0.5;
        let (least, greatest) = (beyond(format.min(), format.min() + 1), beyond(format.max(), format.max() - 1));
        let saturates = |value: &&f64| !(least..=greatest).contains(*value);
        let saturated = values.iter().filter(saturates).count() as u64;
        self.weights += values.len() as u64;
        self.saturated += saturated;
        if self.worst.is_empty() || largest > self.error {
            (self.error, self.worst) = (largest, name.to_owned());
        }
        if saturated > self.most_saturated.as_ref().map_or(0, |(_, most)| *most) {
            self.most_saturated = Some((name.to_owned(), saturated));
        }
    }
}

/// What a level of a format is worth: exact for levels of up to 53 bits.
fn number(format: Format, level: i64) -> f64 {
    let exact = format.number(level);
    let float = |integer: &num_bigint::BigInt| integer.to_f64().unwrap_or(f64::NAN);
    float(exact.numer()) / float(exact.denom())
}

impl std::fmt::Display for Quantisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { format, weights, error, worst, saturated, most_saturated } = self;
        write!(
            f,
            "{weights} weights rounded to {format}: the largest error is {error:.3e}, in `{worst}`; {saturated} saturate"
        )?;
        match most_saturated {
            Some((name, most)) => write!(f, ", most of them ({most}) in `{name}`"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn errors_and_saturated_weights_are_counted() {
        let tensor = |values: &[f64]| (vec![values.len() as u64], values.to_vec());
        let tensors = BTreeMap::from([
            ("a".to_owned(), tensor(&[0.5, 0.3, -2.0, 1.75])),
            ("b".to_owned(), tensor(&[1.874, 1.9, -2.2, 5.0])),
        ]);
        // Quarters from -2 to 1.75.
        let parameters = Parameters { format: "fixed(2,2)".parse().unwrap(), source: Source::Given(tensors) };
        let told = parameters.quantisation().unwrap();
        assert_eq!((told.weights, told.error, &*told.worst), (8, 3.25, "b"));
        assert_eq!((told.saturated, told.most_saturated), (3, Some(("b".to_owned(), 3))));
        let free = Parameters { format: parameters.format, source: Source::Free };
        assert_eq!(free.quantisation(), None);
    }
}
