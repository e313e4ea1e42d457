//! SAT solvers: the one that is built in, and CaDiCaL where it is installed; must not know what a formula says.
//!
//! Neither is believed: a model is tried on every clause, and a proof goes to `proof`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use splr::types::SolverError;
use splr::{Certificate, Config, SatSolverIF, SolveIF, Solver};
use thiserror::Error;

use super::cnf::Cnf;
use crate::atomic;

/// Which solver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// splr, which is part of the program.
    Splr,
    /// The program `cadical` at this path.
    Cadical(PathBuf),
}

/// What a solver found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Values of the variables, the first of variable 1, that satisfy every clause.
    Model(Vec<bool>),
    /// There are none; the proof, in the text form of DRAT, not checked yet.
    Refuted(String),
    /// Time ran out.
    Unknown,
}

/// Why a solver gave no answer.
#[derive(Debug, Error)]
pub enum SolveError {
    /// Files or processes.
    #[error("the solver could not be run: {0}")]
    Io(#[from] std::io::Error),
    /// A solver that went wrong.
    #[error("the solver {0} failed: {1}; try --solver splr or --solver cadical")]
    Failed(&'static str, String),
    /// A model that is none.
    #[error("the solver {0} gave values that do not satisfy the formula; try --solver splr or --solver cadical")]
    Model(&'static str),
}

impl Backend {
    /// CaDiCaL where the system finds programs, if it is there.
    pub fn cadical() -> Option<Self> {
        let paths = std::env::var_os("PATH")?;
        let mut places = std::env::split_paths(&paths).map(|folder| folder.join("cadical"));
        places.find(|path| path.is_file()).map(Self::Cadical)
    }

    /// The name of the solver.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Splr => "splr",
            Self::Cadical(_) => "cadical",
        }
    }

    /// Values that satisfy a formula, or a proof that there are none, within about the time given.
    ///
    /// # Errors
    /// When the solver cannot be run or fails.
    pub fn solve(&self, cnf: &Cnf, limit: Duration) -> Result<Answer, SolveError> {
        if cnf.is_refuted() {
            return Ok(Answer::Refuted(String::new()));
        }
        if cnf.clauses().is_empty() {
            return Ok(Answer::Model(vec![false; cnf.variables()]));
        }
        let folder = atomic::scratch()?;
        let answer = match self {
            Self::Splr => splr(cnf, limit, folder.path()),
            Self::Cadical(path) => cadical(path, cnf, limit, folder.path()),
        }?;
        match answer {
            Answer::Model(values) if !satisfies(cnf, &values) => Err(SolveError::Model(self.name())),
            answer => Ok(answer),
        }
    }
}

fn satisfies(cnf: &Cnf, values: &[bool]) -> bool {
    let holds = |literal: &i32| values.get(literal.unsigned_abs() as usize - 1) == Some(&(*literal > 0));
    values.len() == cnf.variables() && cnf.clauses().iter().all(|clause| clause.iter().any(holds))
}

const PROOF: &str = "proof";

fn splr(cnf: &Cnf, limit: Duration, folder: &Path) -> Result<Answer, SolveError> {
    let config = Config {
        quiet_mode: true,
        use_certification: true,
        io_odir: folder.to_owned(),
        io_pfile: PROOF.into(),
        // Whole seconds are what it knows.
        c_timeout: limit.as_secs_f64().max(1.0),
        ..Config::default()
    };
    let failed = |error: SolverError| SolveError::Failed("splr", format!("{error:?}"));
    let solver = Solver::try_from((config, cnf.clauses()));
    let mut solver = match solver {
        Ok(solver) => solver,
        // Refuted while it was read: by units alone, which takes no lemma.
        Err(Ok(_) | Err(SolverError::EmptyClause | SolverError::RootLevelConflict(_))) => {
            return Ok(Answer::Refuted(String::new()));
        }
        Err(Err(error)) => return Err(failed(error)),
    };
    match solver.solve() {
        Ok(Certificate::SAT(literals)) => Ok(Answer::Model(model(cnf, &literals))),
        Ok(Certificate::UNSAT) => {
            solver.save_certification();
            drop(solver);
            Ok(Answer::Refuted(std::fs::read_to_string(folder.join(PROOF))?))
        }
        Err(SolverError::TimeOut) => Ok(Answer::Unknown),
        Err(error) => Err(failed(error)),
    }
}

fn cadical(path: &Path, cnf: &Cnf, limit: Duration, folder: &Path) -> Result<Answer, SolveError> {
    let (formula, proof) = (folder.join("formula"), folder.join(PROOF));
    cnf.dimacs(&mut std::io::BufWriter::new(std::fs::File::create(&formula)?))?;
    let seconds = limit.as_secs().max(1).to_string();
    let ran = Command::new(path)
        .args(["-q", "--no-binary", "-t", &seconds])
        .arg(&formula)
        .arg(&proof)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&ran.stdout);
    match ran.status.code() {
        Some(10) => {
            let words = text.lines().filter_map(|line| line.strip_prefix("v ")).flat_map(str::split_whitespace);
            Ok(Answer::Model(model(cnf, &words.filter_map(|word| word.parse().ok()).collect::<Vec<_>>())))
        }
        Some(20) => Ok(Answer::Refuted(std::fs::read_to_string(proof)?)),
        Some(0) => Ok(Answer::Unknown),
        _ => Err(SolveError::Failed("cadical", format!("{}{}", ran.status, String::from_utf8_lossy(&ran.stderr)))),
    }
}

/// The values that literals say; false where they say nothing.
fn model(cnf: &Cnf, literals: &[i32]) -> Vec<bool> {
    let mut values = vec![false; cnf.variables()];
    for literal in literals.iter().filter(|literal| **literal > 0) {
        if let Some(value) = values.get_mut(*literal as usize - 1) {
            *value = true;
        }
    }
    values
}
