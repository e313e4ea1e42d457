//! The checker of proofs against formulas whose truth is found by trying all values.

use super::cnf::Cnf;
use super::proof::{ProofError, check};
use super::solve::{Answer, Backend};
use std::time::Duration;

/// Numbers that look random, from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn clause(&mut self, variables: u64, length: u64) -> Vec<i32> {
        let mut clause: Vec<i32> = Vec::new();
        while (clause.len() as u64) < length {
            let variable = self.below(variables) as i32 + 1;
            if !clause.iter().any(|literal| literal.abs() == variable) {
                clause.push(if self.below(2) == 0 { variable } else { -variable });
            }
        }
        clause
    }
}

fn satisfiable(variables: u64, clauses: &[Vec<i32>]) -> bool {
    let holds = |at: u64, literal: &i32| (at >> (literal.abs() - 1) & 1 == 1) == (*literal > 0);
    (0..1 << variables).any(|at| clauses.iter().all(|clause| clause.iter().any(|literal| holds(at, literal))))
}

fn formula(variables: u64, clauses: &[Vec<i32>]) -> Cnf {
    let mut cnf = Cnf::default();
    for _ in 0..variables {
        cnf.fresh();
    }
    clauses.iter().for_each(|clause| cnf.clause(clause.iter().copied()));
    cnf
}

fn solved(cnf: &Cnf) -> Answer {
    Backend::Splr.solve(cnf, Duration::from_secs(20)).unwrap()
}

#[test]
fn solver_checker_and_all_values_agree_on_random_formulas() {
    let mut random = Random(7);
    let mut refuted = 0;
    for round in 0..120 {
        let variables = 5 + random.below(6);
        let clauses: Vec<Vec<i32>> = (0..variables * 5).map(|_| random.clause(variables, 2 + round % 2)).collect();
        let cnf = formula(variables, &clauses);
        match solved(&cnf) {
            Answer::Model(_) => assert!(satisfiable(variables, &clauses)),
            Answer::Refuted(proof) => {
                refuted += 1;
                assert!(!satisfiable(variables, &clauses));
                assert_eq!(check(cnf.variables(), cnf.clauses(), &proof), Ok(()));
            }
            Answer::Unknown => panic!("no answer"),
        }
    }
    assert!(refuted > 30, "{refuted}");
}

/// Whatever lines are offered, no formula that values satisfy is refuted.
#[test]
fn no_proof_refutes_a_satisfiable_formula() {
    let mut random = Random(11);
    let mut tried = 0;
    for _ in 0..400 {
        let clauses: Vec<Vec<i32>> = (0..14).map(|_| random.clause(5, 3)).collect();
        if !satisfiable(5, &clauses) {
            continue;
        }
        let line = |random: &mut Random| {
            let length = 1 + random.below(3);
            let clause: String = random.clause(5, length).iter().map(|literal| format!("{literal} ")).collect();
            format!("{}{clause}0\n", if random.below(4) == 0 { "d " } else { "" })
        };
        let mut accepted = String::new();
        for _ in 0..12 {
            let longer = accepted.clone() + &line(&mut random);
            let verdict = check(5, &clauses, &longer);
            assert_ne!(verdict, Ok(()), "{clauses:?}\n{longer}");
            if verdict == Err(ProofError::Open) {
                accepted = longer;
            }
        }
        tried += usize::from(!accepted.is_empty());
        assert_eq!(
            check(5, &clauses, &(accepted.clone() + "0\n")),
            Err(ProofError::Lemma(accepted.lines().count() + 1))
        );
    }
    assert!(tried > 200, "{tried}");
}

/// Four pigeons, three holes.
fn pigeons() -> Vec<Vec<i32>> {
    let at = |pigeon: i32, hole: i32| 3 * pigeon + hole + 1;
    let mut clauses: Vec<Vec<i32>> = (0..4).map(|pigeon| (0..3).map(|hole| at(pigeon, hole)).collect()).collect();
    for hole in 0..3 {
        (0..4).for_each(|a| (0..a).for_each(|b| clauses.push(vec![-at(a, hole), -at(b, hole)])));
    }
    clauses
}

#[test]
fn a_proof_for_less_or_with_less_is_refused() {
    let clauses = pigeons();
    let Answer::Refuted(proof) = solved(&formula(12, &clauses)) else { panic!("four pigeons fit three holes") };
    assert_eq!(check(12, &clauses, &proof), Ok(()));
    assert_eq!(check(12, &clauses, ""), Err(ProofError::Open));
    // Each clause is needed: without any one of them there are values.
    for left_out in 0..clauses.len() {
        let fewer: Vec<Vec<i32>> =
            clauses.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, c)| c.clone()).collect();
        assert!(check(12, &fewer, &proof).is_err());
    }
}

#[test]
fn resolvents_are_looked_at_on_the_first_literal_only() {
    // 3 is defined as 1 and 2: its clauses follow by resolvents, on 3 and not on 1.
    let clauses = vec![vec![1, 2], vec![-1, 2], vec![1, -2], vec![-1, -2, 4], vec![-1, -2, -4]];
    assert_eq!(check(4, &clauses, "-3 1 0\n-3 2 0\n3 -1 -2 0\n3 0\n0\n"), Ok(()));
    let open = vec![vec![1, 2], vec![-1, 4]];
    assert_eq!(check(4, &open, "3 -1 0\n-3 1 0\n"), Err(ProofError::Open));
    assert_eq!(check(4, &open, "1 -3 0\n"), Err(ProofError::Lemma(1)));
}

#[test]
fn malformed_proofs_are_refused() {
    let clauses = pigeons();
    for text in ["1 2\n", "13 0\n", "x 0\n", "1 0 2 0\n", "99999999999999 0\n", "d\n", "\u{0}\n"] {
        assert_eq!(check(12, &clauses, text), Err(ProofError::Syntax(1)), "{text:?}");
    }
    assert_eq!(check(1, &[vec![]], ""), Ok(()));
    assert_eq!(check(1, &[vec![1], vec![-1]], ""), Ok(()));
}
