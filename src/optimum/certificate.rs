//! Lower bounds as files: a claim, and a proof for each profile it needs; the check makes every formula again from the claim alone.
//!
//! `claim.json` names the function, the bound on weights, the least depth with its witness, and for each depth the least number of gates.
//! Beside it lie, for each profile with a gate less, a DRAT proof and its formula in DIMACS form for checkers other than ours.
//! [`check`] lists the profiles itself, makes their formulas from the function, and refuses if one lacks its proof or is not the formula
//! beside it. Balances are hints; each is verified to be one.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::balance::{Balance, pairs};
use super::encode::{Encoding, encode};
use super::profile::profiles;
use super::proof::{self, ProofError};
use super::search::{MOST_DEPTH, Optimum, Row, Witness, first_level};
use super::table::{Table, TableError, digits};
use crate::atomic;

/// The version of claims.
pub const SCHEMA: &str = "isobath.optimum-proof/1";

/// The name of the claim in its folder.
const CLAIM: &str = "claim.json";

/// Claims and proofs are not larger than this.
const MOST_BYTES: u64 = 1 << 30;

/// Why a claim was not written or not accepted.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file.
    #[error("{path}: {1}", path = .0.display())]
    File(PathBuf, std::io::Error),
    /// A claim that cannot be read.
    #[error("{path}: {1}", path = .0.display())]
    Json(PathBuf, serde_json::Error),
    /// A table that is none.
    #[error("the claim's function: {0}")]
    Table(#[from] TableError),
    /// A claim that is malformed or does not hold, in words.
    #[error("{0}")]
    Claim(String),
    /// A proof that is not accepted.
    #[error("{path}: {1}", path = .0.display())]
    Proof(PathBuf, ProofError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    schema: String,
    function: String,
    outputs: Vec<Values>,
    /// None: any weights.
    weights: Option<u32>,
    /// No circuit has a smaller depth.
    depth: usize,
    witness: Option<Summable>,
    claims: Vec<AtDepth>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    name: String,
    values: String,
}

/// An output that is 1 on one side of a balance and 0 on the other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Summable {
    output: usize,
    balance: Vec<(usize, i64)>,
}

/// No circuit of this depth has fewer gates.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtDepth {
    depth: usize,
    gates: usize,
    /// The bound on weights in the formulas: that of the claim, or none, which says more.
    bound: Option<u32>,
    refuted: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    profile: String,
    proof: String,
    /// Beyond those of two assignments against two, which always belong to it.
    balances: Vec<Vec<(usize, i64)>>,
}

/// What a checked claim says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The function.
    pub function: String,
    /// The bound on weights; none: any.
    pub weights: Option<u32>,
    /// No circuit has a smaller depth.
    pub depth: usize,
    /// Depths, and the number of gates no circuit of that depth goes below.
    pub gates: Vec<(usize, usize)>,
    /// Proofs checked.
    pub proofs: usize,
}

/// Writes the claim, its proofs and their formulas into a folder, which is made if it is not there.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, optimum: &Optimum) -> Result<(), CertificateError> {
    std::fs::create_dir_all(folder).map_err(|error| CertificateError::File(folder.to_owned(), error))?;
    let claims = optimum.rows.iter().map(|row| at_depth(folder, optimum, row)).collect::<Result<_, _>>()?;
    let table = &optimum.table;
    let values = |mask: u32| digits(mask, table.assignments());
    let witness = match &optimum.witness {
        Witness::Balance(output, balance) => Some(Summable { output: *output, balance: balance.terms().to_vec() }),
        Witness::Nothing | Witness::Gate(_) | Witness::Weights(_) => None,
    };
    let claim = Claim {
        schema: SCHEMA.to_owned(),
        function: table.name.clone(),
        outputs: table.outputs.iter().map(|o| Values { name: o.name.clone(), values: values(o.values) }).collect(),
        weights: optimum.weights,
        depth: optimum.depth,
        witness,
        claims,
    };
    let path = folder.join(CLAIM);
    let text = serde_json::to_string_pretty(&claim).map_err(|error| CertificateError::Json(path.clone(), error))?;
    save(&path, |out| writeln!(out, "{text}"))
}

fn at_depth(folder: &Path, optimum: &Optimum, row: &Row) -> Result<AtDepth, CertificateError> {
    let known = pairs(optimum.table.inputs);
    let part = |(place, refuted): (usize, &super::search::Refuted)| {
        let stem = format!("depth-{}-gates-{}-{place}", row.depth, row.least.saturating_sub(1));
        let proof = format!("{stem}.drat");
        save(&folder.join(&proof), |out| out.write_all(refuted.proof.as_bytes()))?;
        let encoding = encode(&optimum.table, &refuted.profile, &refuted.balances, refuted.weights);
        save(&folder.join(format!("{stem}.cnf")), |out| encoding.cnf.dimacs(out))?;
        let more = refuted.balances.iter().filter(|balance| !known.contains(balance));
        let balances = more.map(|balance| balance.terms().to_vec()).collect();
        Ok(Part { profile: refuted.profile.to_string(), proof, balances })
    };
    let refuted = row.refuted.iter().enumerate().map(part).collect::<Result<_, CertificateError>>()?;
    let bound = row.refuted.first().map_or(optimum.weights, |refuted| refuted.weights);
    Ok(AtDepth { depth: row.depth, gates: row.least, bound, refuted })
}

fn save(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> std::io::Result<()>,
) -> Result<(), CertificateError> {
    let filled = atomic::write(path, |file| {
        let mut out = BufWriter::new(file);
        fill(&mut out)?;
        out.flush()
    });
    filled.map_err(|error| CertificateError::File(path.to_owned(), error))
}

/// Checks the claim in a folder with its proofs. A function that `named` knows must be the one of that name.
///
/// # Errors
/// When a file is missing or malformed, or anything claimed is not proved.
pub fn check(folder: &Path, named: &dyn Fn(&str) -> Option<Table>) -> Result<Checked, CertificateError> {
    let path = folder.join(CLAIM);
    let claim: Claim = serde_json::from_str(&load(&path)?).map_err(|error| CertificateError::Json(path, error))?;
    if claim.schema != SCHEMA {
        return Err(CertificateError::Claim(format!("schema `{}`; this reads `{SCHEMA}`", claim.schema)));
    }
    let outputs: Vec<(String, String)> = claim.outputs.iter().map(|o| (o.name.clone(), o.values.clone())).collect();
    let table = Table::parse(&claim.function, &outputs)?;
    if named(&table.name).is_some_and(|known| !same(&known, &table)) {
        return Err(CertificateError::Claim(format!("its values are not those of {}", table.name)));
    }
    depth_holds(&claim, &table)?;
    let mut proofs = 0;
    for at in &claim.claims {
        proofs += gates_hold(folder, &table, claim.weights, at)?;
    }
    let gates = claim.claims.iter().map(|at| (at.depth, at.gates)).collect();
    Ok(Checked { function: table.name, weights: claim.weights, depth: claim.depth, gates, proofs })
}

/// Whether two tables have the same values.
fn same(a: &Table, b: &Table) -> bool {
    let values = |table: &Table| table.outputs.iter().map(|output| output.values).collect::<Vec<_>>();
    a.inputs == b.inputs && values(a) == values(b)
}

/// Whether no smaller depth does: depth 1 if an output needs a gate, depth 2 if one is no gate of inputs.
fn depth_holds(claim: &Claim, table: &Table) -> Result<(), CertificateError> {
    let targets = table.targets();
    let summable = |witness: &Summable| -> Option<bool> {
        let balance = Balance::new(table.inputs, witness.balance.clone())?;
        let values = table.outputs.get(witness.output)?.values;
        let side = |(at, count): &(usize, i64)| (values >> at & 1 == 1) == (*count > 0);
        Some(balance.terms().iter().all(side) || !balance.terms().iter().any(side))
    };
    let beyond = || claim.weights.is_some() && first_level(table, claim.weights).contains(&false);
    let holds = match claim.depth {
        0 => true,
        1 => !targets.is_empty(),
        2 => claim.witness.as_ref().map_or_else(beyond, |witness| summable(witness) == Some(true)),
        _ => false,
    };
    let fault = || CertificateError::Claim(format!("nothing shows that depth {} is least", claim.depth));
    holds.then_some(()).ok_or_else(fault)
}

/// Whether every profile with a gate less is refuted; how many proofs that took.
fn gates_hold(folder: &Path, table: &Table, weights: Option<u32>, at: &AtDepth) -> Result<usize, CertificateError> {
    if at.bound.is_some() && at.bound != weights {
        return Err(CertificateError::Claim("proofs for other weights than the claim's".to_owned()));
    }
    if at.depth > MOST_DEPTH || at.gates > 64 {
        return Err(CertificateError::Claim(format!(
            "{} gates at depth {} are beyond what is checked",
            at.gates, at.depth
        )));
    }
    let Some(fewer) = at.gates.checked_sub(1) else { return Ok(0) };
    let needed = profiles(&first_level(table, at.bound), at.depth, fewer);
    for profile in &needed {
        let part = at.refuted.iter().find(|part| part.profile == profile.to_string());
        let missing = || CertificateError::Claim(format!("no proof for depth {}, gates by level {profile}", at.depth));
        let part = part.ok_or_else(missing)?;
        let mut balances = pairs(table.inputs);
        for terms in &part.balances {
            let fault = || CertificateError::Claim(format!("{terms:?} is no balance"));
            balances.push(Balance::new(table.inputs, terms.clone()).ok_or_else(fault)?);
        }
        let encoding = encode(table, profile, &balances, at.bound);
        let path = inside(folder, &part.proof)?;
        formula_holds(&path.with_extension("cnf"), &encoding)?;
        let checked = proof::check(encoding.cnf.variables(), encoding.cnf.clauses(), &load(&path)?);
        checked.map_err(|error| CertificateError::Proof(path, error))?;
    }
    Ok(needed.len())
}

/// Whether the formula written for other checkers is the one the proof is of.
fn formula_holds(path: &Path, encoding: &Encoding) -> Result<(), CertificateError> {
    let mut own = Vec::new();
    encoding.cnf.dimacs(&mut own).map_err(|error| CertificateError::File(path.to_owned(), error))?;
    let other = || CertificateError::Claim(format!("{} is not the formula of this claim", path.display()));
    (load(path)?.as_bytes() == own).then_some(()).ok_or_else(other)
}

/// A file of the folder by its name alone.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, CertificateError> {
    let plain = Path::new(name).file_name().is_some_and(|file| file == name);
    let fault = || CertificateError::Claim(format!("`{name}` is not the name of a file beside the claim"));
    plain.then(|| folder.join(name)).ok_or_else(fault)
}

fn load(path: &Path) -> Result<String, CertificateError> {
    let fault = |error| CertificateError::File(path.to_owned(), error);
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text)).map_err(fault)?;
    Ok(text)
}
