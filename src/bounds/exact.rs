//! Logarithms and roots of whole numbers, rounded so that a bound stays one; must not know what is bounded.

use num_bigint::BigUint;
use num_traits::One;

/// The most digits, in bits, of a power that is written out.
const MOST_BITS: u64 = 1 << 16;

/// The least d with `base^d >= value`, for a base of at least 2.
pub fn ceil_log(base: &BigUint, value: &BigUint) -> u64 {
    let (mut power, mut exponent) = (BigUint::one(), 0);
    while power < *value {
        power *= base;
        exponent += 1;
    }
    exponent
}

/// A d, the least or one below it, with `base^d >= value^times`: exact where the power is short enough to be written out, else by a logarithm
/// rounded down.
pub fn log_of_power(base: u64, value: u64, times: u64) -> u128 {
    let (base, value) = (BigUint::from(base), BigUint::from(value));
    let bits = value.bits();
    if times.saturating_mul(bits) <= MOST_BITS {
        return u128::from(ceil_log(&base, &value.pow(times as u32)));
    }
    // base^p <= value^part gives log(value) >= p/part.
    let part = (MOST_BITS / bits).max(1) as u32;
    let power = value.pow(part);
    let above = ceil_log(&base, &power);
    let below = if base.pow(above as u32) == power { above } else { above.saturating_sub(1) };
    (u128::from(times) * u128::from(below)).div_ceil(u128::from(part))
}

/// The least whole number whose square is at least `value`.
pub fn ceil_root(value: &BigUint) -> BigUint {
    let root = value.sqrt();
    if &root * &root == *value { root } else { root + 1u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_powers_are_bounded_from_below_and_closely() {
        // 3^(10^9) against powers of 2: log2(3) = 1.58496250072115618145...
        let depth = log_of_power(2, 3, 1_000_000_000);
        assert!((1_584_900_000..=1_584_962_501).contains(&depth), "{depth}");
        assert_eq!(log_of_power(3, 3, 1 << 40), 1 << 40);
        assert_eq!(log_of_power(9, 3, (1 << 40) + 1), (1 << 39) + 1);
        assert_eq!(log_of_power(2, 1, 1 << 40), 0);
    }

    proptest! {
        #[test]
        fn logarithms_and_roots_are_the_least(base in 2u64..20, value in 1u64..1000, times in 0u64..40) {
            let power = BigUint::from(value).pow(times as u32);
            let exponent = log_of_power(base, value, times) as u32;
            prop_assert!(BigUint::from(base).pow(exponent) >= power);
            prop_assert!(exponent == 0 || BigUint::from(base).pow(exponent - 1) < power);
            let root = ceil_root(&power);
            prop_assert!(&root * &root >= power && (&root - 1u32).pow(2) < power);
        }
    }
}
