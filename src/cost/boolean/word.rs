//! Widths of two's-complement words through exact arithmetic; must not know what it costs.
//!
//! A word is an integer of so many bits, times `2^-fraction / divisor`. It has more bits than its fraction.

use num_bigint::BigInt;
use num_traits::One;

use super::gadgets::constant;
use crate::expr::{Expr, greatest};
use crate::number::Format;

/// What is known of a word.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    /// Bits, the sign among them.
    pub bits: Expr,
    /// Bits after the point.
    pub fraction: u64,
    /// Units are this part of a power of two; odd.
    pub divisor: BigInt,
}

impl Word {
    pub fn plain(bits: Expr, fraction: u64) -> Self {
        Self { bits, fraction, divisor: BigInt::one() }
    }

    /// A value of a format.
    pub fn stored(format: Format) -> Self {
        Self::plain(constant(format.width().into()), format.fraction().into())
    }

    /// Whether units are powers of two.
    pub fn is_dyadic(&self) -> bool {
        self.divisor.is_one()
    }

    /// The numbers to add, and the sum: of words in other units, each is first multiplied by the divisor of the other.
    pub fn plus(&self, other: &Self) -> (Expr, Self) {
        let fraction = self.fraction.max(other.fraction);
        let (divisor, copies) = match self.divisor == other.divisor {
            true => (self.divisor.clone(), [1, 1]),
            false => (&self.divisor * &other.divisor, [other.divisor.bits(), self.divisor.bits()]),
        };
        let scaled = |word: &Self, copies: u64| &word.bits + &constant(fraction - word.fraction + copies - 1);
        let bits = &wider(&scaled(self, copies[0]), &scaled(other, copies[1])) + &constant(1);
        let more = copies.iter().map(|copies| copies - 1).sum::<u64>();
        (constant(2 + more), Self { bits, fraction, divisor })
    }

    /// Times a constant of `bits` bits, over `denominator`.
    pub fn scaled(&self, bits: u64, denominator: &BigInt) -> Self {
        let twos = denominator.trailing_zeros().unwrap_or(0);
        let divisor = &self.divisor * (denominator >> twos);
        Self { bits: &self.bits + &constant(bits + twos), fraction: self.fraction + twos, divisor }
    }

    /// The sum of `terms` such words.
    pub fn summed(&self, terms: u64) -> Self {
        Self { bits: &self.bits + &constant(terms).ceil_log2(), ..self.clone() }
    }

    /// A word that holds either, in the finer unit.
    pub fn joined(&self, other: &Self) -> Self {
        self.plus(other).1
    }

    /// Shifted copies to add, and their sum: `inputs` such words, each times a constant of `bits` bits that is a sum of `copies` powers of
    /// two, and a constant.
    pub fn weighted(&self, inputs: u64, copies: u64, bits: u64, fraction: u64) -> (Expr, Self) {
        let rows = Expr::constant(BigInt::from(inputs) * copies + 1u32);
        let terms = Expr::constant(BigInt::from(inputs) + 2u32).ceil_log2();
        let bits = &(&self.bits + &constant(bits - 1)) + &terms;
        (rows, Self { bits, fraction: self.fraction + fraction, divisor: self.divisor.clone() })
    }

    /// The same of two words times a cosine and a sine of `fraction` bits after the point.
    pub fn rotated(&self, fraction: u64) -> (Expr, Self) {
        let bits = &self.bits + &constant(fraction + 2);
        let word = Self { bits, fraction: self.fraction + fraction, divisor: self.divisor.clone() };
        (constant(2 * (fraction + 2) + 1), word)
    }

    /// `length` times the word less the sum of as many.
    pub fn centred(&self, length: u64) -> Self {
        let twos = length.trailing_zeros();
        let bits = &self.bits + &constant(u64::from(u64::BITS - length.leading_zeros()) + 1);
        let divisor = &self.divisor * (length >> twos);
        Self { bits, fraction: self.fraction + u64::from(twos), divisor }
    }

    /// The sum of `terms` products.
    pub fn dotted(&self, other: &Self, terms: u64) -> Self {
        let bits = &(&self.bits + &other.bits) + &constant(terms).ceil_log2();
        Self { bits, fraction: self.fraction + other.fraction, divisor: &self.divisor * &other.divisor }
    }

    /// The sum over keys of products.
    pub fn mixed(&self, values: &Self, keys: &Expr) -> Self {
        let bits = &(&(&self.bits + &values.bits) + &keys.ceil_log2()) + &constant(1);
        Self { bits, ..self.dotted(values, 1) }
    }
}

/// The larger width; of two that neither is always larger, their sum.
pub(super) fn wider(a: &Expr, b: &Expr) -> Expr {
    match greatest(&[a.clone(), b.clone()])[..] {
        [0] => a.clone(),
        [_] => b.clone(),
        _ => a + b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(bits: u64, fraction: u64) -> Word {
        Word::plain(constant(bits), fraction)
    }

    /// Largest magnitudes of words of these bits stay inside the width claimed for the result.
    #[test]
    fn results_fit_their_widths() {
        let bits = |word: &Word| u32::try_from(word.bits.as_constant().unwrap()).unwrap();
        let most = |bits: u32| 1i128 << (bits - 1);
        for b in 2..8u64 {
            let x = word(b, 1);
            for n in 1..9u64 {
                let sum = x.weighted(n, 5, 5, 2).1;
                assert!((i128::from(n) + 1) * most(b as u32) * most(5) < most(bits(&sum)), "{b} {n}");
                assert!(i128::from(n) * 2 * most(b as u32) < most(bits(&x.centred(n))));
                assert!(i128::from(n) * most(b as u32) * most(3) < most(bits(&x.dotted(&word(3, 1), n))));
            }
            assert!(2 * most(b as u32) * (1 << 4) < most(bits(&x.rotated(4).1)));
            assert!(most(b as u32) + most(3) * 4 <= most(bits(&word(3, 0).plus(&word(b, 2)).1)));
        }
    }

    #[test]
    fn units_that_are_no_powers_of_two_are_made_equal() {
        let (a, b) = (word(6, 2).centred(6), word(6, 2));
        assert_eq!((a.divisor.clone(), a.fraction), (3.into(), 3));
        let (rows, sum) = a.plus(&b);
        assert_eq!((rows, sum.divisor), (constant(3), 3.into()));
        assert!(word(6, 2).centred(8).is_dyadic());
    }
}
