//! The formula that says "some threshold circuit of this profile computes this table"; must not know solvers or proofs.
//!
//! A gate has one literal an assignment: its value there. Nothing else is searched for: weights do not occur. For each balance `c`
//! (see `balance`), each gate `F` that is not an output of level 1, and both signs,
//!
//! ```text
//! some F(a) is 0 where c_a > 0, or some F(a) is 1 where c_a < 0, or some gate g of a lower level has sum c_a g(a) != 0.
//! ```
//!
//! Each of these clauses holds for every threshold circuit, whatever its weights, so that an unsatisfiable formula means that there is no
//! circuit. A satisfiable one means nothing yet: `separable` then finds weights, or a balance that is still missing. With a bound on
//! weights the formula also holds weights as two's-complement numbers and their sums (`weights`), and is exact.
//!
//! Symmetries. A gate that is no output may be replaced by its complement `[-w.z >= 1 - t]`, its readers taking it with the opposite weight
//! and a threshold that is shifted: so it is 0 on assignment 0. Gates of a level that are no outputs may change places: so
//! their values are in ascending order, compared from assignment 1 on. Both can be had at once, complements first, and neither makes a
//! weight larger. A gate that is constant 0, as profiles are filled up with, satisfies both.

use super::balance::Balance;
use super::cnf::{Cnf, FALSE, Literal, TRUE, known};
use super::profile::Profile;
use super::table::Table;
use super::weights::{self, Weighing};

/// A gate of the circuit that is searched for.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// Its level, from 1 on.
    pub level: usize,
    /// The target it is, if it is an output.
    pub target: Option<usize>,
    /// Its value on each assignment.
    pub values: Vec<Literal>,
    /// Its weights, where they are bounded, of the inputs and then of the gates of lower levels.
    pub weighing: Option<Weighing>,
}

/// The formula, and what its variables are.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// The formula.
    pub cnf: Cnf,
    /// The gates, by level.
    pub gates: Vec<Unknown>,
}

/// The formula for a table, a profile of its targets, balances, and a bound on weights if there is one.
pub fn encode(table: &Table, profile: &Profile, balances: &[Balance], weights: Option<u32>) -> Encoding {
    let mut cnf = Cnf::default();
    let mut gates = unknowns(&mut cnf, table, profile);
    order(&mut cnf, &gates);
    for balance in balances {
        balanced(&mut cnf, &gates, balance);
    }
    if let Some(most) = weights {
        for place in 0..gates.len() {
            let lower: Vec<&[Literal]> = below(&gates, gates[place].level).map(|gate| &gate.values[..]).collect();
            let weighing = weights::weigh(&mut cnf, table.inputs, &lower, &gates[place].values, most);
            gates[place].weighing = Some(weighing);
        }
    }
    Encoding { cnf, gates }
}

/// The gates of levels lower than one.
pub fn below(gates: &[Unknown], level: usize) -> impl Iterator<Item = &Unknown> {
    gates.iter().take_while(move |gate| gate.level < level)
}

/// Outputs with the values of their targets, others with variables, 0 on assignment 0.
fn unknowns(cnf: &mut Cnf, table: &Table, profile: &Profile) -> Vec<Unknown> {
    let targets = table.targets();
    let mut gates = Vec::new();
    for (place, level) in profile.levels.iter().enumerate() {
        for target in &level.outputs {
            let values = (0..table.assignments()).map(|at| known(targets[*target] >> at & 1 == 1)).collect();
            gates.push(Unknown { level: place + 1, target: Some(*target), values, weighing: None });
        }
        for _ in 0..level.free {
            let values = (0..table.assignments()).map(|at| if at == 0 { FALSE } else { cnf.fresh() }).collect();
            gates.push(Unknown { level: place + 1, target: None, values, weighing: None });
        }
    }
    gates
}

/// Gates of a level that are no outputs, each at most the next.
fn order(cnf: &mut Cnf, gates: &[Unknown]) {
    for pair in gates.windows(2) {
        if pair[0].target.is_none() && pair[1].target.is_none() && pair[0].level == pair[1].level {
            // Where both are equal so far, the first is not the larger.
            let mut equal = TRUE;
            for (a, b) in pair[0].values.iter().zip(&pair[1].values) {
                cnf.clause([-equal, -a, *b]);
                let differ = cnf.xor(*a, *b);
                equal = cnf.and(equal, -differ);
            }
        }
    }
}

/// The clauses of one balance.
fn balanced(cnf: &mut Cnf, gates: &[Unknown], balance: &Balance) {
    let top = gates.last().map_or(0, |gate| gate.level);
    let apart: Vec<Literal> = below(gates, top).map(|gate| differs(cnf, &gate.values, balance)).collect();
    for gate in gates.iter().filter(|gate| gate.level > 1 || gate.target.is_none()) {
        let lower = below(gates, gate.level).count();
        for side in [1, -1] {
            let own = balance.terms().iter().map(
                |(at, count)| {
                    if count * side > 0 { -gate.values[*at] } else { gate.values[*at] }
                },
            );
            cnf.clause(own.chain(apart[..lower].iter().copied()));
        }
    }
}

/// A literal that, if true, says `sum c_a g(a) != 0`: it excludes all values of `g` whose sum is zero.
fn differs(cnf: &mut Cnf, values: &[Literal], balance: &Balance) -> Literal {
    let terms = balance.terms();
    let fixed = |at: usize| (values[at].abs() == TRUE).then_some(values[at] == TRUE);
    let open = terms.iter().filter(|(at, _)| fixed(*at).is_none());
    let open: Vec<(usize, i64)> = open.copied().collect();
    let sure: i64 = terms.iter().filter(|(at, _)| fixed(*at) == Some(true)).map(|(_, count)| count).sum();
    if open.is_empty() {
        return known(sure != 0);
    }
    let differs = cnf.fresh();
    for choice in 0..1_u64 << open.len() {
        let chosen = |place: usize| choice >> place & 1 == 1;
        let sum: i64 = open.iter().enumerate().filter(|(place, _)| chosen(*place)).map(|(_, (_, count))| count).sum();
        if sum + sure == 0 {
            let other = open.iter().enumerate();
            let other = other.map(|(place, (at, _))| if chosen(place) { -values[*at] } else { values[*at] });
            cnf.clause(other.chain([-differs]));
        }
    }
    differs
}
