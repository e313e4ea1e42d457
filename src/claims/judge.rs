//! Whether a bound holds of a certified law, for all lengths at once; must not know systems or files.
//!
//! A length n of a law that holds from n0 on in steps of c is n0 + c k. A difference of polynomials none of whose coefficients in
//! the k is negative is nowhere negative: this is how bounds are proved. They are refuted by lengths at which they fail.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::Formula;
use crate::certificate::{Bound, Lengths as Range, Proved};
use crate::expr::{Dim, Expr};
use crate::law::Law;
use crate::number::Rational;

/// Lengths of axes.
pub type Lengths = BTreeMap<String, u64>;

/// How a depth and a bound are to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The depth is nowhere above.
    AtMost,
    /// The depth is nowhere below.
    AtLeast,
    /// Both.
    Equal,
}

impl Relation {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Equal => "==",
        }
    }

    /// Whether a depth and a bound compare so.
    pub fn holds(self, depth: &BigInt, bound: &BigInt) -> bool {
        match self {
            Self::AtMost => depth <= bound,
            Self::AtLeast => depth >= bound,
            Self::Equal => depth == bound,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It holds for all lengths.
    Proved,
    /// It fails at these.
    Refuted {
        /// The lengths.
        at: Lengths,
        /// The depth there.
        depth: BigInt,
        /// What was claimed there.
        bound: BigInt,
    },
    /// Neither was found.
    Open,
}

/// Lengths tried for a counterexample, along each free axis.
const TRIED: [u64; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 64, 1000, 4096, 1_000_000, 1 << 40];

/// Compares a law with a formula. `axes` are the law's, `fixed` those held at one length, `possible` the lengths the system can have, `below`
/// the depth at lengths that the law says nothing of.
pub fn decide(
    law: &Law,
    axes: &[Dim],
    relation: Relation,
    formula: &Formula,
    fixed: &Lengths,
    possible: impl Fn(&Lengths) -> bool,
    below: impl Fn(&Lengths) -> Option<BigInt>,
) -> Decision {
    let free: Vec<&Dim> = axes.iter().filter(|axis| !fixed.contains_key(&***axis)).collect();
    let tried = grid(&free, fixed);
    let mut covered = true;
    for at in tried.into_iter().filter(possible) {
        let of = |name: &str| at.get(name).copied();
        let bound = formula.value(|name| of(name).unwrap_or(1));
        match law.value(&of).or_else(|| below(&at)) {
            Some(depth) if relation.holds(&depth, &bound) => {}
            Some(depth) => return Decision::Refuted { at, depth, bound },
            None => covered &= one_sided(law, relation, of, &bound),
        }
    }
    // Where no axis is free, one place was all there was to try.
    let proved = covered && (free.is_empty() || proves(law, axes, relation, formula, fixed, &below));
    if proved { Decision::Proved } else { Decision::Open }
}

/// Compares the layers for each one more along an axis with a formula, for all lengths of the axes that are not `fixed`, the axis among them.
/// Decided for laws that are one polynomial.
pub fn rates(
    law: &Law,
    axis: &str,
    relation: Relation,
    formula: &Formula,
    fixed: &Lengths,
    possible: impl Fn(&Lengths) -> bool,
) -> Decision {
    let Some((of, lengths)) = law.whole() else { return Decision::Open };
    let plain = lengths.iter().all(Range::all);
    let ([depth], [wanted], true) = (of, &formula.pieces[..], plain) else { return Decision::Open };
    let held = |expr: &Expr| {
        expr.substituted(&|name| fixed.get(&**name).map_or_else(|| Expr::dim(name), |length| Expr::constant(*length)))
    };
    let (Some(depth), Some(wanted)) = (&held(depth), &held(wanted)) else { return Decision::Open };
    let more = |by: u64| {
        move |name: &Dim| if &**name == axis { &Expr::dim(name) + &Expr::constant(by) } else { Expr::dim(name) }
    };
    let minus = |expr: &Expr| expr.scaled(&-Rational::from_integer(1.into()));
    let Some(next) = depth.substituted(&more(1)) else { return Decision::Open };
    let rate = &next + &minus(depth);
    let difference = &rate + &minus(wanted);
    let from_one = |name: &Dim| &Expr::constant(1) + &Expr::dim(name);
    let nowhere_below = difference.substituted(&from_one).is_some_and(|expr| expr.has_no_negative());
    match relation {
        Relation::Equal if difference.is_zero() => return Decision::Proved,
        Relation::AtLeast if nowhere_below => return Decision::Proved,
        _ => {}
    }
    let free: Vec<&Dim> =
        lengths.iter().map(|range| &range.axis).filter(|axis| !fixed.contains_key(&***axis)).collect();
    for at in grid(&free, fixed).into_iter().filter(possible) {
        let of = |name: &Dim| at.get(&**name).copied().unwrap_or(1);
        let (found, bound) = (rate.value(of), wanted.value(of));
        if !relation.holds(&found, &bound) {
            return Decision::Refuted { at, depth: found, bound };
        }
    }
    Decision::Open
}

/// Combinations of the lengths that are tried.
fn grid(free: &[&Dim], fixed: &Lengths) -> Vec<Lengths> {
    free.iter().fold(vec![fixed.clone()], |tried, axis| {
        let with = |lengths: &Lengths| {
            let at =
                |length| lengths.iter().map(|(k, v)| (k.clone(), *v)).chain([(axis.to_string(), length)]).collect();
            TRIED.map(at).to_vec()
        };
        tried.iter().flat_map(with).collect()
    })
}

/// Whether a bound of a law that is not exact suffices.
fn one_sided(law: &Law, relation: Relation, of: impl Fn(&str) -> Option<u64>, bound: &BigInt) -> bool {
    match relation {
        Relation::AtMost => law.upper(&of).is_some_and(|upper| upper <= *bound),
        Relation::AtLeast => law.lower(&of).is_some_and(|lower| lower >= *bound),
        Relation::Equal => false,
    }
}

fn proves(
    law: &Law,
    axes: &[Dim],
    relation: Relation,
    formula: &Formula,
    fixed: &Lengths,
    below: &impl Fn(&Lengths) -> Option<BigInt>,
) -> bool {
    let cases: Vec<Case> = law.proved[..law.whole].iter().map(case_of).collect();
    let mut least: BTreeMap<Dim, u64> = BTreeMap::new();
    for (axis, (start, _)) in cases.iter().flat_map(|case| &case.lengths) {
        let least = least.entry(axis.clone()).or_insert(*start);
        *least = (*least).min(*start);
    }
    let early = before(axes, &least, fixed).is_some_and(|list| {
        list.iter().all(|at| {
            let of = |name: &str| at.get(name).copied();
            let bound = formula.value(|name| of(name).unwrap_or(1));
            law.value(&of).or_else(|| below(at)).is_some_and(|depth| relation.holds(&depth, &bound))
        })
    });
    let relevant: Vec<&Case> = cases.iter().filter(|case| case.meets(fixed)).collect();
    early
        && !relevant.is_empty()
        && relevant.iter().all(|case| case.proves(relation, formula, fixed))
        && sides(relation, &relevant)
}

/// Whether the cases bound the side that is asked for.
fn sides(relation: Relation, cases: &[&Case]) -> bool {
    let has = |side: Bound| cases.iter().any(|case| case.bound == Bound::Exactly || case.bound == side);
    match relation {
        Relation::AtMost => has(Bound::AtMost),
        Relation::AtLeast => has(Bound::AtLeast),
        Relation::Equal => has(Bound::AtMost) && has(Bound::AtLeast),
    }
}

/// The lengths no certificate covers, where they are finitely many.
fn before(axes: &[Dim], least: &BTreeMap<Dim, u64>, fixed: &Lengths) -> Option<Vec<Lengths>> {
    let short: Vec<&Dim> = axes.iter().filter(|axis| least.get(*axis).is_some_and(|start| *start > 1)).collect();
    let open: Vec<&&Dim> = short.iter().filter(|axis| !fixed.contains_key(&****axis)).collect();
    let others = axes.iter().filter(|axis| !fixed.contains_key(&***axis)).count();
    match open[..] {
        [] => Some(Vec::new()),
        [axis] if others == 1 => {
            let lengths = 1..least.get(*axis).copied().unwrap_or(1);
            Some(
                lengths
                    .map(|n| fixed.iter().map(|(k, v)| (k.clone(), *v)).chain([(axis.to_string(), n)]).collect())
                    .collect(),
            )
        }
        _ => None,
    }
}

/// Polynomials that hold for the lengths `start + step k`.
struct Case {
    bound: Bound,
    pieces: Vec<Expr>,
    lengths: BTreeMap<Dim, (u64, u64)>,
}

fn case_of(proved: &Proved) -> Case {
    let lengths = proved.lengths.iter().map(|range| (range.axis.clone(), (range.least, range.step))).collect();
    Case { bound: proved.bound, pieces: proved.of.clone(), lengths }
}

impl Case {
    /// Whether axes held at one length can be at this one here.
    fn meets(&self, fixed: &Lengths) -> bool {
        self.lengths.iter().all(|(axis, (start, step))| match fixed.get(&**axis) {
            None => true,
            Some(length) if *step == 0 => length == start,
            Some(length) => length >= start && (length - start).is_multiple_of(*step),
        })
    }

    fn proves(&self, relation: Relation, formula: &Formula, fixed: &Lengths) -> bool {
        let length = |name: &Dim| match (fixed.get(&**name), self.lengths.get(name)) {
            (Some(length), _) => Expr::constant(*length),
            (None, Some((start, step))) => {
                &Expr::constant(*start) + &Expr::dim(name).scaled(&Rational::from_integer((*step).into()))
            }
            (None, None) => &Expr::constant(1) + &Expr::dim(name),
        };
        let at = |list: &[Expr]| list.iter().map(|piece| piece.substituted(&length)).collect::<Option<Vec<_>>>();
        let (Some(law), Some(bound)) = (at(&self.pieces), at(&formula.pieces)) else { return false };
        let upper = self.bound == Bound::AtLeast || below(&law, &bound);
        let lower = self.bound == Bound::AtMost || below(&bound, &law);
        match relation {
            Relation::AtMost => upper,
            Relation::AtLeast => lower,
            Relation::Equal => upper && lower,
        }
    }
}

/// Whether the maximum of some polynomials is nowhere above that of others, as their coefficients show.
fn below(low: &[Expr], high: &[Expr]) -> bool {
    let minus = |expr: &Expr| expr.scaled(&-Rational::from_integer(1.into()));
    low.iter().all(|low| high.iter().any(|high| (high + &minus(low)).has_no_negative()))
}
