//! Depth and gates of the circuits on bits that operations are made of; must not know tensors.
//!
//! Gates are AND, OR and XOR of two bits; negations, constants and shifts are free. `w` is a width in bits, `log` is
//! `ceil(log2)`. Each is the cost of an explicit textbook circuit, or just above it; the tests build the circuits.
//!
//! | circuit | depth | gates at most |
//! |---|---|---|
//! | adder (Kogge and Stone: prefixes of generate and propagate) | 2 log w + 2 | 3w + 3w log w |
//! | sum of n numbers: 4:2 compressors of two full adders each down to two numbers, then the adder | 5 (log n - 1) more | 5w (n - 1) more |
//! | comparison with a constant (tree of greater, equal) | 2 log w | 3w |
//! | comparison of two numbers | 2 log w + 1 | 5w |
//! | choice by m ordered bits of a word of b bits: the edges between them, an OR a bit | log (m + 1) + 1 | m + 1 + bm |
//! | step function of m changes: comparisons with constants, then the choice | 2 log w + log (m + 1) + 1 | 3wm + m + 1 + bm |
//! | table of v rows: decoder, then an OR a bit | log v + log log v | decoder + (v - 1) a bit |
//! | rounding to b bits: sticky bit, incrementer of prefix ANDs, saturation | see [`round`] | |

use crate::cost::Cost;
use crate::expr::Expr;

pub(in crate::cost) fn constant(value: u64) -> Expr {
    Expr::constant(value)
}

/// A multiple of a cost's own depth in layers of logarithms: `factor * log + rest`.
fn depth(factor: u64, log: &Expr, rest: u64) -> Expr {
    &(log * &constant(factor)) + &constant(rest)
}

/// The sum of two numbers, modulo `2^w`: generate and propagate bits, prefixes of them by Kogge and Stone, the sum's bits.
pub(in crate::cost) fn adder(w: &Expr) -> Cost {
    let log = w.ceil_log2();
    let cells = &(w * &log) * &constant(3);
    Cost { depth: depth(2, &log, 2), count: &(w * &constant(3)) + &cells }
}

/// The sum of `n` numbers, modulo `2^w`: a tree of 4:2 compressors, each two full adders (a layer of bits is 5 gates deep), then
/// one adder. One number is its own sum; at a symbolic length that may be one, the cost is at least that, for an adder of
/// three bits or more is deeper than a compressor.
pub(in crate::cost) fn sum(n: &Expr, w: &Expr) -> Cost {
    match n.as_constant() {
        Some(one) if one <= 1.into() => Cost::default(),
        _ => {
            let rows = n + &Expr::constant(-1);
            let tree = Cost {
                depth: &(&n.ceil_log2() * &constant(5)) + &Expr::constant(-5),
                count: &(&rows * w) * &constant(5),
            };
            tree.then(&adder(w))
        }
    }
}

/// Whether a number is at least a constant.
pub(in crate::cost) fn at_least(w: &Expr) -> Cost {
    Cost { depth: depth(2, &w.ceil_log2(), 0), count: w * &constant(3) }
}

/// Whether one number is greater than another.
pub(in crate::cost) fn greater(w: &Expr) -> Cost {
    Cost { depth: depth(2, &w.ceil_log2(), 1), count: w * &constant(5) }
}

/// One of `m + 1` constant words of `b` bits, by how many of `m` bits are set, these being set one after the other.
pub(in crate::cost) fn choose(m: &Expr, b: u64) -> Cost {
    let edges = m + &constant(1);
    Cost { depth: depth(1, &edges.ceil_log2(), 1), count: &edges + &(m * &constant(b)) }
}

/// A function of a number with at most `m` changes, to words of `b` bits.
pub(in crate::cost) fn steps(w: &Expr, m: &Expr, b: u64) -> Cost {
    at_least(w).times(m).then(&choose(m, b))
}

/// The row of a constant table with `rows` rows of `bits` bits, by its number.
pub(in crate::cost) fn lookup(rows: u64, bits: &Expr) -> Cost {
    let id = constant(rows).ceil_log2();
    let width = u64::BITS - rows.saturating_sub(1).leading_zeros();
    let decoder = match width {
        0 | 1 => Cost::default(),
        _ => Cost { depth: id.ceil_log2(), count: &constant(rows) + &halves(width) },
    };
    decoder.then(&Cost { depth: id, count: bits * &constant(rows.saturating_sub(1)) })
}

/// Gates of the two decoders a decoder of this width is made of.
fn halves(width: u32) -> Expr {
    let whole = |width: u32| match width {
        0 | 1 => Expr::default(),
        _ => &constant(1 << width) + &halves(width),
    };
    &whole(width / 2) + &whole(width.div_ceil(2))
}

/// Rounding of a number of `w` bits, `drop` of them beyond the result's last, to `b` bits: to nearest, ties to even, saturating.
///
/// Round up if the first bit dropped is set and any other, or the last bit kept, is: `log drop + 2` layers. Add it: prefix ANDs and
/// two layers. If the bits above the result differ, choose the bound: `log` of their number and 3 layers.
pub(in crate::cost) fn round(w: &Expr, drop: i64, b: u64) -> Cost {
    let kept = &(w + &Expr::constant(-drop)) + &constant(u64::from(drop > 0));
    let rounded = if drop > 0 {
        let sticky = constant(drop as u64);
        Cost { depth: depth(1, &sticky.ceil_log2(), 2), count: &sticky + &constant(2) }.then(&increment(&kept))
    } else {
        Cost::default()
    };
    let above = &kept + &(&constant(1) + &Expr::constant(-i128::from(b)));
    match above.as_constant() {
        Some(bits) if bits <= 1.into() => rounded,
        _ => rounded.then(&saturate(&above, b)),
    }
}

/// A bit added to a number: prefix ANDs of its bits, of each the AND with the bit, and the XOR with the next.
fn increment(w: &Expr) -> Cost {
    let log = w.ceil_log2();
    Cost { depth: depth(1, &log, 2), count: &(w * &log) + &(w * &constant(2)) }
}

/// Whether bits `above` the result's highest, and that one, differ, and for each bit the choice of it or the bound's.
fn saturate(above: &Expr, b: u64) -> Cost {
    let count = &(above * &constant(2)) + &constant(1 + 3 * b);
    Cost { depth: depth(1, &above.ceil_log2(), 3), count }
}

/// The nearest of `m + 1` levels of `b` bits to a quotient, where `rows` shifted numbers of `w` bits add up to each comparison: twice
/// the numerator less an odd multiple of the denominator, whose sign says whether the level is reached. All at once.
pub(in crate::cost) fn compare_levels(rows: u64, w: &Expr, m: &Expr, b: u64) -> Cost {
    sum(&constant(rows), w).times(m).then(&choose(m, b))
}
