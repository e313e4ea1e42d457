//! Clauses over numbered variables, with constants folded away; must not know what they say.

use std::io::{self, Write};

/// A literal: a variable from 1 on, negative if negated, or one of the constants.
pub type Literal = i32;

/// The literal that is true. Never stored in a clause.
pub const TRUE: Literal = i32::MAX;

/// The literal that is false. Never stored in a clause.
pub const FALSE: Literal = -TRUE;

/// The literal of a known value.
pub fn known(value: bool) -> Literal {
    if value { TRUE } else { FALSE }
}

/// A formula in conjunctive normal form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cnf {
    variables: i32,
    clauses: Vec<Vec<Literal>>,
}

impl Cnf {
    /// A variable nothing is known of.
    pub fn fresh(&mut self) -> Literal {
        self.variables += 1;
        self.variables
    }

    /// Adds a clause: what is false in it is left out, and a clause that always holds is not added.
    pub fn clause(&mut self, literals: impl IntoIterator<Item = Literal>) {
        let mut kept: Vec<Literal> = literals.into_iter().filter(|literal| *literal != FALSE).collect();
        kept.sort_unstable_by_key(|literal| (literal.abs(), *literal));
        kept.dedup();
        let always = kept.contains(&TRUE) || kept.windows(2).any(|pair| pair[0] == -pair[1]);
        if !always {
            self.clauses.push(kept);
        }
    }

    /// The number of variables.
    pub fn variables(&self) -> usize {
        self.variables as usize
    }

    /// The clauses, none with a variable twice.
    pub fn clauses(&self) -> &[Vec<Literal>] {
        &self.clauses
    }

    /// Whether a clause is empty, so that nothing satisfies the formula.
    pub fn is_refuted(&self) -> bool {
        self.clauses.iter().any(Vec::is_empty)
    }

    /// The formula in DIMACS form, as other solvers and checkers read it.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn dimacs(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "p cnf {} {}", self.variables, self.clauses.len())?;
        for clause in &self.clauses {
            clause.iter().try_for_each(|literal| write!(out, "{literal} "))?;
            writeln!(out, "0")?;
        }
        Ok(())
    }

    /// A literal equal to the exclusive or of two, which may be constants.
    pub fn xor(&mut self, a: Literal, b: Literal) -> Literal {
        match (constant(a), constant(b)) {
            (Some(a), _) => {
                if a {
                    -b
                } else {
                    b
                }
            }
            (_, Some(b)) => {
                if b {
                    -a
                } else {
                    a
                }
            }
            _ => {
                let out = self.fresh();
                for [x, y, z] in [[-1, 1, 1], [1, -1, 1], [1, 1, -1], [-1, -1, -1]] {
                    self.clause([x * a, y * b, z * out]);
                }
                out
            }
        }
    }

    /// A literal equal to the conjunction of two, which may be constants.
    pub fn and(&mut self, a: Literal, b: Literal) -> Literal {
        match (constant(a), constant(b)) {
            (Some(false), _) | (_, Some(false)) => FALSE,
            (Some(true), _) => b,
            (_, Some(true)) => a,
            _ => {
                let out = self.fresh();
                self.clause([a, -out]);
                self.clause([b, -out]);
                self.clause([-a, -b, out]);
                out
            }
        }
    }

    /// A literal equal to the majority of three, which may be constants.
    pub fn majority(&mut self, a: Literal, b: Literal, c: Literal) -> Literal {
        let out = self.fresh();
        for (x, y) in [(a, b), (a, c), (b, c)] {
            self.clause([-x, -y, out]);
            self.clause([x, y, -out]);
        }
        out
    }
}

fn constant(literal: Literal) -> Option<bool> {
    (literal.abs() == TRUE).then_some(literal == TRUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Connective = fn(&mut Cnf, [i32; 3]) -> i32;

    /// Whether some values satisfy the formula, by trying all.
    fn satisfiable(cnf: &Cnf, fixed: &[(Literal, bool)]) -> bool {
        let holds = |at: u32, literal: Literal| (at >> (literal.abs() - 1) & 1 == 1) == (literal > 0);
        let fits = |at: u32| fixed.iter().all(|(literal, value)| holds(at, *literal) == *value);
        (0..1_u32 << cnf.variables())
            .any(|at| fits(at) && cnf.clauses().iter().all(|clause| clause.iter().any(|literal| holds(at, *literal))))
    }

    #[test]
    fn connectives_are_their_functions() {
        for at in 0..8 {
            let bits = [0, 1, 2].map(|bit| at >> bit & 1 == 1);
            let functions: [(Connective, bool); 3] = [
                (|cnf, [a, b, _]| cnf.xor(a, -b), bits[0] == bits[1]),
                (|cnf, [a, b, _]| cnf.and(-a, b), !bits[0] && bits[1]),
                (
                    |cnf, [a, b, c]| cnf.majority(a, -b, c),
                    [bits[0], !bits[1], bits[2]].iter().filter(|x| **x).count() > 1,
                ),
            ];
            for (function, value) in functions {
                let mut cnf = Cnf::default();
                let inputs = [cnf.fresh(), cnf.fresh(), cnf.fresh()];
                let out = function(&mut cnf, inputs);
                let mut fixed: Vec<(i32, bool)> = inputs.into_iter().zip(bits).collect();
                fixed.push((out, value));
                assert!(satisfiable(&cnf, &fixed));
                fixed[3].1 = !value;
                assert!(!satisfiable(&cnf, &fixed));
            }
        }
    }

    #[test]
    fn constants_are_folded() {
        let mut cnf = Cnf::default();
        let a = cnf.fresh();
        assert_eq!((cnf.xor(a, TRUE), cnf.xor(FALSE, a), cnf.and(a, FALSE), cnf.and(TRUE, a)), (-a, a, FALSE, a));
        cnf.clause([a, -a]);
        cnf.clause([TRUE, a]);
        assert_eq!(cnf.clauses().len(), 0);
        cnf.clause([FALSE, a, a]);
        assert_eq!((cnf.clauses(), cnf.is_refuted()), (&[vec![a]][..], false));
        cnf.clause([FALSE]);
        assert!(cnf.is_refuted());
    }
}
