//! How integers outside become input gates, and gates become integers outside; must not know what the integers mean.

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

use super::Gates;

/// The widest input element, in bits.
pub(super) const MAX_INPUT_BITS: u32 = 63;

/// The same of elements with a mantissa.
const MAX_FLOAT_BITS: u32 = 1024;

/// An array of integers given to the circuit as bits, one gate each: element by element, least significant bit first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputWord {
    /// What the array is called.
    pub name: String,
    /// Its shape, row-major; empty for a single integer.
    pub shape: Vec<u64>,
    /// Bits of each element, 1 to 63.
    pub bits: u32,
    /// Two's complement if set.
    pub signed: bool,
    /// Elements must be below this when unsigned, and with a mantissa their magnitudes; else not looked at.
    #[serde(with = "decimal")]
    pub limit: u64,
    /// Elements are levels of a floating-point scale with so many bits of mantissa: `+-(exponent, mantissa)` as one integer, of which the
    /// bits given are those of `(2^mantissa + m) * 2^(exponent - 1)`, or m where the exponent is 0, in two's complement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mantissa: Option<u32>,
}

impl InputWord {
    /// Integers `0..2^bits`.
    pub fn unsigned(name: &str, shape: &[u64], bits: u32) -> Self {
        let limit = 1_u64.checked_shl(bits).unwrap_or(u64::MAX);
        Self { name: name.to_owned(), shape: shape.to_vec(), bits, signed: false, limit, mantissa: None }
    }

    /// Integers `-2^(bits-1)..2^(bits-1)`, in two's complement.
    pub fn signed(name: &str, shape: &[u64], bits: u32) -> Self {
        Self { signed: true, ..Self::unsigned(name, shape, bits) }
    }

    /// Levels of a floating-point scale of magnitude below `limit`, whose values have these bits.
    pub fn float(name: &str, shape: &[u64], bits: u32, mantissa: u32, limit: u64) -> Self {
        Self { limit, mantissa: Some(mantissa), ..Self::signed(name, shape, bits) }
    }

    /// The bits of an element, least significant first.
    pub fn bits_of(&self, element: i64) -> impl Iterator<Item = bool> + use<> {
        let value = match self.mantissa {
            None => BigInt::from(element),
            Some(mantissa) => {
                let code = element.unsigned_abs();
                let shift = (code >> mantissa).saturating_sub(1);
                let magnitude = BigInt::from(code - (shift << mantissa)) << shift;
                if element < 0 { -magnitude } else { magnitude }
            }
        };
        (0..self.bits).map(move |bit| value.bit(bit.into()))
    }

    /// Number of elements, or nothing where that overflows.
    pub fn elements(&self) -> Option<u64> {
        elements(&self.shape)
    }

    /// The smallest and the largest value an element may have.
    pub fn range(&self) -> (i64, i64) {
        let half = 1_i64 << self.bits.saturating_sub(1).min(62);
        if self.mantissa.is_some() {
            let most = i64::try_from(self.limit).map_or(i64::MAX, |limit| limit - 1);
            return (-most, most);
        }
        if self.signed { (-half, half - 1) } else { (0, i64::try_from(self.limit).map_or(i64::MAX, |limit| limit - 1)) }
    }

    /// Why no circuit can have this input, if so.
    pub(super) fn fault(&self) -> Option<String> {
        let most = if self.mantissa.is_some() { MAX_FLOAT_BITS } else { MAX_INPUT_BITS };
        if self.bits == 0 || self.bits > most {
            return Some(format!("{} bits an element; 1 to {most} are allowed", self.bits));
        }
        if let Some(mantissa) = self.mantissa {
            let exponent = u64::from(self.bits).saturating_sub(u64::from(mantissa));
            let fits =
                self.signed && (1..=52).contains(&mantissa) && self.limit > 0 && self.limit <= exponent << mantissa;
            return (!fits)
                .then(|| format!("limit {} does not fit {} bits with {mantissa} of mantissa", self.limit, self.bits));
        }
        if !self.signed && (self.limit == 0 || self.limit > 1 << self.bits) {
            return Some(format!("limit {} does not fit {} bits", self.limit, self.bits));
        }
        self.elements().is_none().then(|| format!("shape {:?} has too many elements", self.shape))
    }
}

/// An exact integer combination of gates: `constant + sum of coefficient * gate`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The part that depends on no gate.
    pub constant: BigInt,
    /// Gates and their coefficients.
    pub terms: Vec<(u32, BigInt)>,
}

impl Form {
    /// The value of one gate, 0 or 1.
    pub fn gate(gate: u32) -> Self {
        Self { constant: BigInt::ZERO, terms: vec![(gate, BigInt::from(1))] }
    }

    /// Whether the form is one gate as it is, so that reading it takes no further gate.
    pub fn is_gate(&self) -> bool {
        self.constant == BigInt::ZERO && matches!(self.terms.as_slice(), [(_, one)] if *one == BigInt::from(1))
    }

    /// Its value on the given gate values.
    pub fn value(&self, values: &[bool]) -> BigInt {
        let on = self.terms.iter().filter(|(gate, _)| values[*gate as usize]);
        on.fold(self.constant.clone(), |sum, (_, coefficient)| sum + coefficient)
    }
}

/// An array of integers read from the circuit, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputWord {
    /// What the array is called.
    pub name: String,
    /// Its shape; empty for a single integer.
    pub shape: Vec<u64>,
    /// One form an element.
    pub forms: Vec<Form>,
}

impl OutputWord {
    /// Why no circuit of that many gates can have this output, if so.
    pub(super) fn fault(&self, gates: u32) -> Option<String> {
        if elements(&self.shape) != Some(self.forms.len() as u64) {
            return Some(format!("shape {:?} does not match {} forms", self.shape, self.forms.len()));
        }
        let beyond = self.forms.iter().flat_map(|form| &form.terms).find(|(gate, _)| *gate >= gates);
        beyond.map(|(gate, _)| format!("reads gate {gate} of {gates}"))
    }
}

/// The integers of one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputValues {
    /// What the array is called.
    pub name: String,
    /// Its shape; empty for a single integer.
    pub shape: Vec<u64>,
    /// Its elements, row-major.
    pub values: Vec<BigInt>,
}

/// Why integers were refused as inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Not one list of integers for each input.
    #[error("the circuit has {expected} inputs ({names}), {found} were given")]
    Count {
        /// Inputs of the circuit.
        expected: usize,
        /// Their names.
        names: String,
        /// Lists given.
        found: usize,
    },
    /// A list of the wrong length.
    #[error("input `{name}` takes {expected} integers, {found} were given")]
    Length {
        /// The input.
        name: String,
        /// Elements it has.
        expected: u64,
        /// Integers given.
        found: usize,
    },
    /// An integer outside the input's range.
    #[error("input `{name}`: element {index} is {value}; allowed are {low} to {high}")]
    Range {
        /// The input.
        name: String,
        /// The element's place in the list, from 0.
        index: usize,
        /// Its value.
        value: i64,
        /// The smallest value allowed.
        low: i64,
        /// The largest value allowed.
        high: i64,
    },
}

/// Turns one list of integers per input into the values of the input gates.
///
/// # Errors
/// When a list is missing or too many, has the wrong length, or an integer is out of its input's range.
pub fn encode_input(gates: &Gates, integers: &[Vec<i64>]) -> Result<Vec<bool>, InputError> {
    let words = gates.inputs();
    if words.len() != integers.len() {
        let names = words.iter().map(|word| word.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(InputError::Count { expected: words.len(), names, found: integers.len() });
    }
    let mut bits = Vec::with_capacity(gates.input_count() as usize);
    for (word, list) in words.iter().zip(integers) {
        encode_word(word, list, &mut bits)?;
    }
    Ok(bits)
}

fn encode_word(word: &InputWord, list: &[i64], bits: &mut Vec<bool>) -> Result<(), InputError> {
    let (name, expected) = (&word.name, word.elements().unwrap_or(u64::MAX));
    if expected != list.len() as u64 {
        return Err(InputError::Length { name: name.clone(), expected, found: list.len() });
    }
    let (low, high) = word.range();
    for (index, &value) in list.iter().enumerate() {
        if !(low..=high).contains(&value) {
            return Err(InputError::Range { name: name.clone(), index, value, low, high });
        }
        bits.extend(word.bits_of(value));
    }
    Ok(())
}

/// The outputs, given the value of every gate.
pub fn read_outputs(gates: &Gates, values: &[bool]) -> Vec<OutputValues> {
    let read = |word: &OutputWord| OutputValues {
        name: word.name.clone(),
        shape: word.shape.clone(),
        values: word.forms.iter().map(|form| form.value(values)).collect(),
    };
    gates.outputs().iter().map(read).collect()
}

/// Product of a shape, or nothing where it overflows.
pub(super) fn elements(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_u64, |product, &length| product.checked_mul(length))
}

/// A 64-bit number as a decimal string, because many JSON readers lose digits above 2^53.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::GatesBuilder;

    fn identity() -> Gates {
        let mut builder = GatesBuilder::new();
        let first = builder.input(InputWord::signed("s", &[2], 3)).unwrap();
        builder.input(InputWord { limit: 5, ..InputWord::unsigned("u", &[], 3) }).unwrap();
        let bit = |gate, weight: i64| (gate, BigInt::from(weight));
        let word = |at: u32| Form { constant: 0.into(), terms: vec![bit(at, 1), bit(at + 1, 2), bit(at + 2, -4)] };
        let forms = vec![word(first), word(first + 3)];
        builder.output(OutputWord { name: "same".into(), shape: vec![2], forms }).unwrap();
        builder.build()
    }

    #[test]
    fn integers_go_in_and_come_back() {
        let gates = identity();
        for x in -4..4 {
            let bits = encode_input(&gates, &[vec![x, -1], vec![4]]).unwrap();
            assert_eq!(bits[6..], [false, false, true]);
            assert_eq!(read_outputs(&gates, &bits)[0].values, [x.into(), BigInt::from(-1)]);
        }
    }

    #[test]
    fn out_of_range_names_input_and_range() {
        let refuse = |lists: &[Vec<i64>]| encode_input(&identity(), lists).unwrap_err().to_string();
        assert_eq!(refuse(&[vec![0, 4], vec![0]]), "input `s`: element 1 is 4; allowed are -4 to 3");
        assert_eq!(refuse(&[vec![0, 0], vec![5]]), "input `u`: element 0 is 5; allowed are 0 to 4");
        assert_eq!(refuse(&[vec![0], vec![0]]), "input `s` takes 2 integers, 1 were given");
        assert_eq!(refuse(&[vec![0, 0]]), "the circuit has 2 inputs (s, u), 1 were given");
    }

    #[test]
    fn levels_of_a_mantissa_become_the_bits_of_their_values() {
        // One bit of mantissa: 0, 1, 2, 3, 4, 6, 8, 12.
        let word = InputWord::float("f", &[], 5, 1, 8);
        assert_eq!((word.range(), word.fault()), ((-7, 7), None));
        for (level, value) in [0i64, 1, 2, 3, 4, 6, 8, 12].into_iter().enumerate() {
            for (level, value) in [(level as i64, value), (-(level as i64), -value)] {
                let bits: Vec<bool> = word.bits_of(level).collect();
                assert_eq!(bits, (0..5).map(|bit| value >> bit & 1 == 1).collect::<Vec<_>>(), "{level}");
            }
        }
        assert!(InputWord::float("f", &[], 5, 1, 9).fault().is_some());
        assert!(InputWord::float("f", &[], 5, 0, 1).fault().is_some());
        assert!(InputWord::float("f", &[], 2000, 1, 1).fault().is_some());
        assert_eq!(InputWord::float("bf16", &[], 262, 7, 0x7f80).fault(), None);
    }

    #[test]
    fn widest_words() {
        assert_eq!(InputWord::signed("s", &[], 63).range(), (-(1 << 62), (1 << 62) - 1));
        assert_eq!(InputWord::unsigned("u", &[], 63).range(), (0, i64::MAX));
        assert_eq!(InputWord::unsigned("u", &[], 63).fault(), None);
        assert!(InputWord::unsigned("u", &[], 64).fault().is_some());
        assert_eq!(elements(&[0, u64::MAX, u64::MAX]), Some(0));
        assert_eq!(elements(&[u64::MAX, 2]), None);
    }
}
