//! Choosing among experts on bits: ranks, products where chosen, quotients of exact words; must not know tensors.

use super::gadgets::{at_least, compare_levels, constant, greater, sum};
use super::word::{Word, wider};
use super::{bits_of, changes, products};
use crate::cost::Cost;
use crate::cost::site::Site;
use crate::expr::Expr;
use crate::number::{Format, Rational};

/// Every pair compared, then for each the number of rivals it beats, compared with a constant.
pub(super) fn greatest(x: &Word, entries: u64) -> Cost {
    if entries < 2 {
        return Cost::default();
    }
    let pairs = u128::from(entries) * u128::from(entries - 1) / 2;
    let rivals = constant(entries - 1);
    let width = constant(u64::from(u64::BITS - entries.leading_zeros()));
    let rank = sum(&rivals, &width).then(&at_least(&width)).times(&constant(entries));
    greater(&x.bits).times(&Expr::constant(pairs)).then(&rank)
}

/// The bits of one factor ANDed with the choice, then the product.
pub(super) fn chosen(site: &Site<'_>, x: &[&Word]) -> (Cost, Word) {
    let masked = Cost::new(1, x[1].bits.clone()).times(&site.elements());
    match x.get(2) {
        None => (masked, x[1].clone()),
        Some(other) => {
            let (cost, word) = products(site, x[1], other, 1);
            (masked.then(&cost), word)
        }
    }
}

/// `2 p a >= (2 c - 1) q b` for every level c, p/q being the worth of a's unit in levels of b's.
pub(super) fn quotient(a: &Word, b: &Word, format: Format) -> Cost {
    let bits = u64::from(format.width());
    let power = i64::from(format.fraction()) + b.fraction as i64 - a.fraction as i64;
    let shift = Rational::from_integer(num_bigint::BigInt::from(1) << power.unsigned_abs());
    let odd = Rational::new(b.divisor.clone(), a.divisor.clone());
    let ratio = if power < 0 { odd / shift } else { odd * shift };
    let (p, q) = (bits_of(ratio.numer()), bits_of(ratio.denom()));
    let width = wider(&(&a.bits + &constant(p + 1)), &(&b.bits + &constant(q + bits + 1)));
    compare_levels(p + q + bits + 1, &(&width + &constant(1)), &changes(format), bits)
}
