//! Enclosures of ln 2, pi and 1/sqrt(2 pi) at any width, remembered per thread; knows nothing of their use.

use std::cell::RefCell;

use num_bigint::BigInt;

use super::fixed_point::Interval;

/// The widest value computed so far: its width, and an integer within `(-1, +2)` units below the truth.
type Memo = RefCell<Option<(u64, BigInt)>>;

thread_local! {
    static LN_2: Memo = const { RefCell::new(None) };
    static PI: Memo = const { RefCell::new(None) };
    static DENSITY: Memo = const { RefCell::new(None) };
}

/// Spare bits of a series, more than its rounding errors can reach at any width in use.
const SPARE: u64 = 40;

/// Natural logarithm of 2.
pub(super) fn ln_2(width: u64) -> Interval {
    // ln 2 = 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749).
    remembered(&LN_2, width, |width| series(&[(18, 26), (-2, 4801), (8, 8749)], false, width))
}

/// The circle constant.
pub(super) fn pi(width: u64) -> Interval {
    // Machin: pi = 16 atan(1/5) - 4 atan(1/239).
    remembered(&PI, width, |width| series(&[(16, 5), (-4, 239)], true, width))
}

/// `1 / sqrt(2 pi)`, the normal density at 0.
pub(super) fn density(width: u64) -> Interval {
    remembered(&DENSITY, width, |width| {
        let pi = pi(width + 2).lo;
        // floor(2^width / sqrt(2 pi)), pi being in units of 2^-(width + 2); pi's error moves it by less than one unit.
        let square: BigInt = (BigInt::from(1) << (3 * width + 1)) / pi;
        square.sqrt()
    })
}

/// Cuts a remembered value down to `width`, computing a wider one first where there is none.
fn remembered(memo: &'static std::thread::LocalKey<Memo>, width: u64, compute: impl Fn(u64) -> BigInt) -> Interval {
    let kept =
        memo.with_borrow(|memo| memo.as_ref().filter(|(known, _)| *known >= width).map(|(w, v)| v >> (w - width)));
    let value = kept.unwrap_or_else(|| {
        let wider = width + width / 8 + 128;
        let value = compute(wider);
        let cut = &value >> (wider - width);
        memo.set(Some((wider, value)));
        cut
    });
    Interval { lo: &value - 1, hi: value + 2 }
}

/// The floor, give or take one unit, of the sum of `coefficient * atanh(1/n)` (or `atan(1/n)`) over `(coefficient, n)`.
fn series(terms: &[(i32, u32)], alternating: bool, width: u64) -> BigInt {
    let sum: BigInt =
        terms.iter().map(|&(coefficient, n)| inverse_tangent(n, alternating, width + SPARE) * coefficient).sum();
    sum >> SPARE
}

/// The floor of a partial sum of `atan(1/n)` (alternating) or `atanh(1/n)`, `n >= 2`, less than two units from the truth.
fn inverse_tangent(n: u32, alternating: bool, width: u64) -> BigInt {
    // Each term is smaller than the one before by n^2, more than 2 to this power.
    let gain = u64::from(2 * n.ilog2());
    let (squares, odds, sum) = partial_sum(n, alternating, 0..width / gain + 1);
    (sum << width) * n / (squares * odds)
}

/// `(S, D, T)` with `T / (S D)` the sum of `(+-1)^i / ((2i + 1) n^(2(i - start + 1)))` over the terms, by halving their range.
fn partial_sum(n: u32, alternating: bool, terms: std::ops::Range<u64>) -> (BigInt, BigInt, BigInt) {
    if terms.end - terms.start == 1 {
        let sign = if alternating && terms.start % 2 == 1 { -1 } else { 1 };
        return (BigInt::from(n) * n, (2 * terms.start + 1).into(), sign.into());
    }
    let middle = terms.start.midpoint(terms.end);
    let (squares, odds, sum) = partial_sum(n, alternating, terms.start..middle);
    let (more_squares, more_odds, more) = partial_sum(n, alternating, middle..terms.end);
    let sum = sum * &more_odds * &more_squares + more * &odds;
    (squares * more_squares, odds * more_odds, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty decimals from tables, as bounds in units of `2^-width`.
    fn tabled(text: &str, width: u64) -> BigInt {
        let digits: BigInt = text.parse().unwrap();
        (digits << width) / num_traits::pow(BigInt::from(10), 60)
    }

    #[test]
    fn constants_enclose_their_tabled_digits() {
        type Constant = (fn(u64) -> Interval, &'static str);
        let cases: [Constant; 3] = [
            (ln_2, "693147180559945309417232121458176568075500134360255254120680"),
            (pi, "3141592653589793238462643383279502884197169399375105820974944"),
            (density, "398942280401432677939946059934381868475858631164934657665925"),
        ];
        for (constant, text) in cases {
            for width in [180, 1, 7, 64, 100, 190] {
                let Interval { lo, hi } = constant(width);
                assert!(lo <= tabled(text, width) && tabled(text, width) < hi, "{text} at {width}");
                assert_eq!(hi - lo, 3.into());
            }
        }
    }

    #[test]
    fn a_cut_value_agrees_with_a_fresh_one() {
        let narrow = pi(50).lo;
        let wide = pi(3000).lo;
        let again = pi(50).lo;
        assert!((&narrow - &again).magnitude() <= &1u32.into());
        assert!((wide >> 2950u32) - again <= 1.into());
    }
}
