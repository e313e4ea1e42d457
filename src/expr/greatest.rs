//! Which of several expressions their maximum needs; must not know what they measure.

use std::collections::BTreeSet;

use num_traits::{One, Signed, Zero};

use super::{Expr, Monomial};
use crate::number::Rational;

/// The places of expressions that suffice: their maximum is that of all, whatever the dimensions are.
///
/// One is left out when another, or a mean of two others, has no smaller coefficient; atoms are never negative. What is kept may
/// still be more than is needed, never less.
pub fn greatest(list: &[Expr]) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..list.len()).collect();
    for place in (0..list.len()).rev() {
        let others: Vec<&Expr> = kept.iter().filter(|other| **other != place).map(|other| &list[*other]).collect();
        if covered(&list[place], &others) {
            kept.retain(|other| *other != place);
        }
    }
    kept
}

fn covered(expr: &Expr, others: &[&Expr]) -> bool {
    let pair = |first: usize| others[first..].iter().any(|second| mean_covers(expr, others[first], second));
    (0..others.len()).any(pair)
}

/// Whether for some t between 0 and 1 no coefficient of `t a + (1 - t) b` is smaller than that of `expr`.
fn mean_covers(expr: &Expr, a: &Expr, b: &Expr) -> bool {
    let (mut low, mut high) = (Rational::zero(), Rational::one());
    let terms: BTreeSet<&Monomial> = [expr, a, b].into_iter().flat_map(Expr::monomials).collect();
    for term in terms {
        let coefficient = |expr: &Expr| expr.coefficient(term);
        let (rest, slope) = (coefficient(b) - coefficient(expr), coefficient(a) - coefficient(b));
        match (slope.is_zero(), slope.is_positive()) {
            (true, _) if rest.is_negative() => return false,
            (true, _) => {}
            (_, true) => low = low.max(-rest / slope),
            (_, false) => high = high.min(-rest / slope),
        }
    }
    low <= high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a + b log2(n)` for every pair; the maximum over the kept ones is the maximum over all.
    #[test]
    fn the_maximum_is_kept() {
        let log = Expr::dim(&"n".into()).ceil_log2();
        let line = |(a, b): (i64, i64)| &Expr::constant(a) + &(&log * &Expr::constant(b));
        for seed in 0..200u64 {
            let draw = |place: u64| (seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(place * 977) >> 7) % 12;
            let list: Vec<Expr> = (0..6).map(|i| line((draw(2 * i) as i64, draw(2 * i + 1) as i64))).collect();
            let kept = greatest(&list);
            for n in [1u64, 2, 3, 5, 9, 100, 1 << 40] {
                let of = |places: &mut dyn Iterator<Item = usize>| places.map(|p| list[p].value(|_| n)).max();
                assert_eq!(of(&mut kept.iter().copied()), of(&mut (0..6)), "{list:?}");
            }
        }
    }

    #[test]
    fn what_lies_between_two_is_left_out() {
        let log = Expr::dim(&"n".into()).ceil_log2();
        let line = |a: i64, b: i64| &Expr::constant(a) + &(&log * &Expr::constant(b));
        assert_eq!(greatest(&[line(10, 0), line(5, 1), line(0, 2)]), [0, 2]);
        assert_eq!(greatest(&[line(10, 0), line(7, 1), line(0, 2)]), [0, 1, 2]);
        assert_eq!(greatest(&[line(1, 1), line(1, 1)]), [0]);
    }
}
