//! Values of the gates on one input, gate by gate in plain integers; must not know what the gates compute.

use num_bigint::BigInt;

use super::{Bank, Gates, Integer};

/// The value of every gate, the inputs among them, on the given values of the input gates. Exact.
///
/// # Panics
/// When `inputs` is not as long as the circuit has input gates; see [`encode_input`](super::encode_input).
pub fn simulate(gates: &Gates, inputs: &[bool]) -> Vec<bool> {
    assert_eq!(inputs.len(), gates.input_count() as usize, "one value an input gate");
    let mut values = Vec::with_capacity(gates.gate_count() as usize);
    values.extend_from_slice(inputs);
    for bank in gates.banks() {
        let sum = Sum::of(&bank, &values);
        values.extend(bank.thresholds().map(|threshold| sum.reaches(threshold)));
    }
    values
}

/// A sum of weights: the small ones, which cannot overflow 128 bits, and the large ones if there are any.
struct Sum {
    small: i128,
    big: Option<BigInt>,
}

impl Sum {
    fn of(bank: &Bank<'_>, values: &[bool]) -> Self {
        let mut sum = Self { small: 0, big: None };
        for (source, weight) in bank.wires() {
            match weight {
                Integer::Small(weight) => sum.small += i128::from(weight) * i128::from(values[source as usize]),
                Integer::Big(weight) if values[source as usize] => *sum.big.get_or_insert_default() += weight,
                Integer::Big(_) => {}
            }
        }
        sum
    }

    fn reaches(&self, threshold: Integer<'_>) -> bool {
        match (&self.big, threshold) {
            (None, Integer::Small(threshold)) => self.small >= i128::from(threshold),
            (None, Integer::Big(threshold)) => BigInt::from(self.small) >= *threshold,
            (Some(big), threshold) => big + self.small >= threshold.to_big(),
        }
    }
}
