//! Enclosures of exp, ln, cos, sin and the normal distribution in fixed point; knows nothing of rounding or of activations.
//!
//! Each series is summed once, from below or with a stated error in units, and widened by that error. A truncated term that
//! has become zero stays zero, which costs no further error, so the bounds below need no separate account of the tail.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

use super::Rational;
use super::constants;
use super::fixed_point::Interval;

/// Spare bits that take up the rounding errors of one function.
const SPARE: u64 = 16;

/// `e^y` as `(m, k)`: `m * 2^k` with `m` in about `[1, 2]`, for `y` no more than 1 wide. `|y| < 2^62`.
pub(super) fn exp(y: &Interval, width: u64) -> (Interval, i64) {
    let inner = width + 64;
    let ln_2 = constants::ln_2(inner);
    let (lo, hi) = (&y.lo << 64u32, &y.hi << 64u32);
    // k * near is the largest that k * ln 2 can be, so the rest is not negative.
    let (near, far) = if lo.is_negative() { (&ln_2.lo, &ln_2.hi) } else { (&ln_2.hi, &ln_2.lo) };
    let (k, rest) = lo.div_mod_floor(near);
    let rest = Interval { lo: rest, hi: hi - &k * far }.lowered(64);
    (exp_of_rest(&rest, width), k.to_i64().unwrap_or(i64::MAX))
}

/// `e^r` for `r` in about `[0, ln 2]`: the series at `r / 2^h`, squared `h` times.
fn exp_of_rest(r: &Interval, width: u64) -> Interval {
    let halvings = width.isqrt() / 2;
    let inner = width + halvings + SPARE;
    // r / 2^halvings in units of 2^-inner, exactly.
    let small = &r.lo << SPARE;
    let mut power = exp_series(&small, inner);
    for _ in 0..halvings {
        power = power.times(&power, inner);
    }
    let Interval { lo, hi } = power.lowered(halvings + SPARE);
    // e^(r + d) <= e^r (1 + 2d) for d <= 1, and e^r < 2.5.
    Interval { lo, hi: hi + 5 * (&r.hi - &r.lo) + 1 }
}

/// `e^s` for `s` in `[0, 1]`.
fn exp_series(s: &BigInt, width: u64) -> Interval {
    let mut term = BigInt::from(1) << width;
    let mut sum = term.clone();
    let mut n = 0u64;
    while !term.is_zero() {
        n += 1;
        term = ((term * s) >> width) / n;
        sum += &term;
    }
    // Each term is cut by less than two units, and what is cut would have grown by e at most.
    let hi = &sum + 6 * n;
    Interval { lo: sum, hi }
}

/// `e^-y` for `y >= 0`, `y` no more than 1 wide. Within `[0, 1]`.
pub(super) fn exp_negative(y: &Interval, width: u64) -> Interval {
    // e^-y < 2^-y.
    if &y.lo >> width > BigInt::from(width) {
        return Interval { lo: BigInt::zero(), hi: 1.into() };
    }
    let (mantissa, exponent) = exp(&y.clone().negated(), width);
    let mut value = mantissa.times_power(exponent);
    value.hi = value.hi.min(BigInt::from(1) << width);
    value
}

/// `ln x` for `x > 0`.
pub(super) fn ln(x: &Rational, width: u64) -> Interval {
    let (p, q) = (x.numer(), x.denom());
    let k = i128::from(p.bits()) - i128::from(q.bits());
    let (p, q) = if k < 0 { (p << -k, q.clone()) } else { (p.clone(), q << k) };
    // x = 2^k m with 1/2 < m < 2, and ln m = 2 atanh((m - 1) / (m + 1)).
    let (difference, sum) = (&p - &q, p + q);
    let inner = width + SPARE;
    let half = atanh(&difference.abs(), &sum, inner);
    let mantissa = Interval { lo: half.lo << 1u32, hi: half.hi << 1u32 };
    let mantissa = if difference.is_negative() { mantissa.negated() } else { mantissa };
    let k_bits = u64::from(128 - k.unsigned_abs().leading_zeros());
    let powers = constants::ln_2(inner + k_bits).scaled(&k.into()).lowered(k_bits);
    powers.plus(&mantissa).lowered(SPARE)
}

/// `atanh(p / q)` for `0 <= p / q < 1/3`.
fn atanh(p: &BigInt, q: &BigInt, width: u64) -> Interval {
    let mut power = (p << width) / q;
    let square = (&power * &power) >> width;
    let (mut sum, mut odd) = (BigInt::zero(), 1u64);
    while !power.is_zero() {
        sum += &power / odd;
        power = (power * &square) >> width;
        odd += 2;
    }
    // Each power is off by at most two units and each quotient by one more; the tail is below three.
    let hi = &sum + 2 * odd + 4;
    Interval { lo: sum, hi }
}

/// `(cos t, sin t)` of an angle `t >= 0`.
pub(super) fn cos_sin(t: &Interval, width: u64) -> (Interval, Interval) {
    let turns = t.hi.bits().saturating_sub(width) + 2;
    let pi = constants::pi(width + turns + 1);
    // A quarter turn, and t, in units of 2^-(width + turns).
    let quarter = pi.lowered(2);
    let (quarters, rest) = (&t.lo << turns).div_mod_floor(&quarter.hi);
    let rest = Interval { lo: rest, hi: (&t.hi << turns) - &quarters * &quarter.lo }.lowered(turns);
    let (cos, sin) = first_quadrant(&rest, width);
    match (quarters % 4u32).to_u8() {
        Some(0) => (cos, sin),
        Some(1) => (sin.negated(), cos),
        Some(2) => (cos.negated(), sin.negated()),
        _ => (sin, cos.negated()),
    }
}

/// `(cos r, sin r)` for `r` in about `[0, pi/2]`, by their series.
fn first_quadrant(r: &Interval, width: u64) -> (Interval, Interval) {
    let mut sums = [BigInt::from(1) << width, BigInt::zero()];
    let mut term = sums[0].clone();
    let mut n = 0u64;
    while !term.is_zero() {
        n += 1;
        term = ((term * &r.lo) >> width) / n;
        let sum = &mut sums[usize::from(n % 2 == 1)];
        if n % 4 < 2 { *sum += &term } else { *sum -= &term }
    }
    // Each term is cut by less than two units, which then grow by e^(pi/2) < 5 at most; slopes are at most 1.
    let error = 10 * n + (&r.hi - &r.lo);
    let [cos, sin] = sums.map(|sum| Interval { lo: &sum - &error, hi: sum + &error });
    (cos, sin)
}

/// `P(0 < X < z)` for a standard normal `X` and `z = p/q >= 0`. Within `[0, 1/2]`.
pub(super) fn normal_above_zero(p: &BigInt, q: &BigInt, width: u64) -> Interval {
    let half = BigInt::from(1) << (width - 1);
    let (square, twice) = (p * p, (q * q) << 1u32);
    // What is missing from 1/2 is below e^(-z^2/2).
    let exponent = match (&square / &twice).to_u64() {
        Some(exponent) if exponent <= width => exponent,
        _ => return Interval { lo: &half - 1, hi: half },
    };
    let density = |inner| {
        let decay = exp_negative(&Interval::quotient(&square, &twice, inner), inner);
        decay.times(&constants::density(inner), inner)
    };
    let inner = width + SPARE;
    if let Some(levels) = fraction_levels(exponent, width) {
        let tail =
            mills_ratio(&Interval::quotient(p, q, inner), levels, inner).times(&density(inner), inner).lowered(SPARE);
        return Interval { lo: &half - tail.hi, hi: half - tail.lo };
    }
    // The series is below 1.26 e^(z^2/2), and log2(e) < 3/2.
    let inner = inner + (exponent + 1) * 3 / 2;
    let (series, error) = odd_factorial_series(&((p << inner) / q), inner);
    let product = Interval { lo: series.clone(), hi: series }.times(&density(inner), inner);
    let value = Interval { lo: product.lo, hi: product.hi + error }.lowered(inner - width);
    Interval { lo: value.lo, hi: value.hi.min(half) }
}

/// How deep the continued fraction must go for `z^2/2` in `[exponent, exponent + 1)`, where it beats the series.
///
/// Only speed depends on this estimate, which was fitted to the levels needed for `width` up to 80.
fn fraction_levels(exponent: u64, width: u64) -> Option<u64> {
    const FEWEST: u64 = 5;
    const MOST: u64 = 16;
    // Bits wanted of the fraction itself, the density providing the others.
    let bits = (width + 2).saturating_sub(exponent * 7 / 5);
    let levels = bits * bits / (10 * exponent.max(1)) + FEWEST;
    (levels <= MOST).then_some(levels)
}

/// `P(X > z) / density(z)` for a standard normal `X` and `z > 0`: the continued fraction `1/(z + 1/(z + 2/(z + 3/...)))`.
fn mills_ratio(z: &Interval, levels: u64, width: u64) -> Interval {
    let integer = |n: u64| Interval::one(width).scaled(&n.into());
    // A tail z + n/(...) is between z and z + n/z.
    let furthest = z.plus(&integer(levels).over(z, width));
    let tail = Interval { lo: z.lo.clone(), hi: furthest.hi };
    let tail = (1..levels).rev().fold(tail, |tail, n| z.plus(&integer(n).over(&tail, width)));
    integer(1).over(&tail, width)
}

/// `S(z) = z + z^3/3 + z^5/15 + z^7/105 + ...` from below, and a bound, in units, on how much `e^(-z^2/2) S(z)` loses by that.
///
/// `P(0 < X < z)` is the density at `z` times this. No term is negative, so nothing cancels.
/// Let `G = S(z)/z`, so `G <= e^(z^2/2)`. A unit cut from a term grows by `G` at most, and each term is cut by less than two
/// units; `z^2` is short by at most `2z + 1` units where `dG/d(z^2) <= G/2`; and `z` by one.
fn odd_factorial_series(z: &BigInt, width: u64) -> (BigInt, BigInt) {
    let square = (z * z) >> width;
    let error = (&square + z) >> width;
    // S(z) < 1.26 e^(z^2/2), and its largest term times z^2, are below 2^(2 + floor(z^2)): they fit in 128 bits.
    let narrow = if width + (&square >> width).to_u64().unwrap_or(width) + 2 < 128 {
        z.to_u128().zip(square.to_u128())
    } else {
        None
    };
    let (sum, odd) = match narrow {
        Some((z, square)) => sum_narrow(z, square, width),
        None => sum_wide(z, &square, width),
    };
    (sum, error + odd + 6)
}

/// The series in big integers, and the odd number it stopped at.
fn sum_wide(z: &BigInt, square: &BigInt, width: u64) -> (BigInt, u64) {
    let (mut term, mut sum, mut odd) = (z.clone(), BigInt::zero(), 1);
    while !term.is_zero() {
        sum += &term;
        odd += 2;
        term = ((term * square) >> width) / odd;
    }
    (sum, odd)
}

/// The same in machine words.
fn sum_narrow(z: u128, square: u128, width: u64) -> (BigInt, u64) {
    let (mut term, mut sum, mut odd) = (z, 0u128, 1u64);
    while term != 0 {
        sum += term;
        odd += 2;
        term = product_shifted(term, square, width) / u128::from(odd);
    }
    (sum.into(), odd)
}

/// `floor(a * b / 2^width)` for `0 < width < 128`, where that is below `2^128`.
fn product_shifted(a: u128, b: u128, width: u64) -> u128 {
    let halves = |x: u128| (x >> 64, x & u128::from(u64::MAX));
    let ((a1, a0), (b1, b0)) = (halves(a), halves(b));
    let (low, middle) = (a0 * b0, a1 * b0);
    let (carry, other) = ((low >> 64) + (middle & u128::from(u64::MAX)), a0 * b1);
    let (sum, overflow) = carry.overflowing_add(other);
    let high = a1 * b1 + (middle >> 64) + (sum >> 64) + (u128::from(overflow) << 64);
    let low = (sum << 64) | (low & u128::from(u64::MAX));
    (high << (128 - width)) | (low >> width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn machine_products_are_exact(a in any::<u128>(), b in any::<u128>(), width in 1u64..128, cut in 0u32..128) {
            for (a, b) in [(a, b >> cut), (a >> cut, b), (u128::MAX, u128::MAX >> cut)] {
                let exact = (BigInt::from(a) * b) >> width;
                if let Some(exact) = exact.to_u128() {
                    prop_assert_eq!(product_shifted(a, b, width), exact);
                }
            }
        }

        #[test]
        fn both_sums_and_the_fraction_agree(p in 1i64..1_000_000, width in 30u64..200) {
            // z in (0, 10].
            let (p, q) = (BigInt::from(p), BigInt::from(100_000));
            let z = (&p << width) / &q;
            let square = (&z * &z) >> width;
            if width + (&square >> width).to_u64().unwrap() + 2 < 128 {
                prop_assert_eq!(sum_narrow(z.to_u128().unwrap(), square.to_u128().unwrap(), width), sum_wide(&z, &square, width));
            }
            let narrow = normal_above_zero(&p, &q, width);
            let wide = normal_above_zero(&p, &q, width + 300).lowered(300);
            prop_assert!(narrow.lo <= wide.lo && wide.hi <= narrow.hi, "{narrow:?} {wide:?}");
            prop_assert!(narrow.hi - narrow.lo < 1000.into());
        }

        #[test]
        fn enclosures_hold_narrower_ones(p in 1u64..u64::MAX, q in 1u64..u64::MAX, width in 8u64..150) {
            let x = Rational::new(p.into(), q.into());
            let holds = |outer: Interval, inner: Interval| {
                let inner = inner.lowered(200);
                outer.lo <= inner.lo && inner.hi <= outer.hi && outer.hi - outer.lo < 1000.into()
            };
            prop_assert!(holds(ln(&x, width), ln(&x, width + 200)));
            let y = |width| Interval::quotient(x.numer(), x.denom(), width);
            prop_assert!(holds(exp_negative(&y(width), width), exp_negative(&y(width + 200), width + 200)));
            if p / 1000 < q {
                let (cos, sin) = cos_sin(&y(width), width);
                let (finer_cos, finer_sin) = cos_sin(&y(width + 200), width + 200);
                prop_assert!(holds(cos, finer_cos) && holds(sin, finer_sin));
            }
        }
    }
}
