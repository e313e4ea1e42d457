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
        if bank.is_scaled() {
            scaled(bank, &mut values);
        } else {
            let known = values.as_slice();
            let sum = Sum::of(bank.wires(), |source| known[source as usize]);
            values.extend(bank.thresholds().map(|threshold| sum.reaches(threshold)));
        }
    }
    values
}

/// Adds the values of a scaled bank's gates. Apart and by value, so that other banks stay in registers.
#[inline(never)]
fn scaled(bank: Bank<'_>, values: &mut Vec<bool>) {
    let sums = PartSums::of(&bank, |source| values[source as usize]);
    values.extend(bank.thresholds().enumerate().map(|(place, threshold)| sums.reach(&bank, place, threshold)));
}

/// A sum of weights: the small ones, which cannot overflow 128 bits, and the large ones if there are any.
struct Sum {
    small: i128,
    big: Option<BigInt>,
}

impl Sum {
    #[inline]
    fn of<'a>(wires: impl Iterator<Item = (u32, Integer<'a>)>, value: impl Fn(u32) -> bool) -> Self {
        let mut sum = Self { small: 0, big: None };
        for (source, weight) in wires {
            match weight {
                // No branch on the value, which no processor can foresee.
                Integer::Small(weight) => sum.small += i128::from(weight & -i64::from(value(source))),
                Integer::Big(weight) if value(source) => *sum.big.get_or_insert_default() += weight,
                Integer::Big(_) => {}
            }
        }
        sum
    }

    #[inline]
    fn reaches(&self, threshold: Integer<'_>) -> bool {
        match (&self.big, threshold) {
            (None, Integer::Small(threshold)) => self.small >= i128::from(threshold),
            (None, Integer::Big(threshold)) => BigInt::from(self.small) >= *threshold,
            (Some(big), threshold) => big + self.small >= threshold.to_big(),
        }
    }

    fn to_big(&self) -> BigInt {
        self.big.clone().unwrap_or_default() + self.small
    }
}

/// The sums of a bank's parts, each once for all its gates.
pub(super) struct PartSums {
    sums: Vec<Sum>,
    /// The same, where all of them fit: their products with small multipliers then fit 128 bits.
    narrow: Option<Vec<i64>>,
}

impl PartSums {
    /// The sums on the given values of the gates.
    pub(super) fn of(bank: &Bank<'_>, value: impl Fn(u32) -> bool) -> Self {
        let sums: Vec<Sum> = bank.parts().map(|part| Sum::of(part.wires(), &value)).collect();
        let narrow = |sum: &Sum| sum.big.is_none().then(|| i64::try_from(sum.small).ok()).flatten();
        Self { narrow: sums.iter().map(narrow).collect(), sums }
    }

    /// Whether the gate at a place in the bank reaches its threshold.
    pub(super) fn reach(&self, bank: &Bank<'_>, place: usize, threshold: Integer<'_>) -> bool {
        match self.small(bank, place) {
            Some(small) => Sum { small, big: None }.reaches(threshold),
            None => self.big(bank, place) >= threshold.to_big(),
        }
    }

    /// The sum of a gate, if 128 bits do on the way.
    fn small(&self, bank: &Bank<'_>, place: usize) -> Option<i128> {
        let mut terms = bank.multipliers(place).zip(self.narrow.as_ref()?);
        terms.try_fold(0_i128, |total, (multiplier, &sum)| match multiplier {
            Integer::Small(multiplier) => total.checked_add(i128::from(multiplier) * i128::from(sum)),
            Integer::Big(_) => None,
        })
    }

    fn big(&self, bank: &Bank<'_>, place: usize) -> BigInt {
        bank.multipliers(place).zip(&self.sums).map(|(multiplier, sum)| multiplier.to_big() * sum.to_big()).sum()
    }
}
