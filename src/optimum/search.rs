//! The search for the least depth and, at it, the least number of gates; must not know files or commands.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::balance::{Balance, pairs};
use super::circuit::{Circuit, Gate};
use super::encode::{Encoding, Unknown, below, encode};
use super::profile::{Profile, profiles};
use super::proof::{self, ProofError};
use super::separable::{Separator, gate_signals, separate, threshold_function};
use super::solve::{Answer, Backend, SolveError};
use super::table::Table;
use super::weights;

/// The deepest circuits that are asked for.
pub const MOST_DEPTH: usize = 6;

/// Smaller weights are looked for below this bound, a moment each.
const MOST_LIGHTER: u64 = 5;
const MOMENT: Duration = Duration::from_secs(1);

/// What is asked beside the function.
#[derive(Clone, Debug)]
pub struct Options {
    /// The largest absolute weight, if there is a bound; lower bounds then are for it, else for all weights.
    pub weights: Option<u32>,
    /// Depths beyond the least that are looked at too, up to this one.
    pub max_depth: usize,
    /// The solver.
    pub backend: Backend,
    /// How long to search.
    pub timeout: Duration,
}

impl Default for Options {
    /// Any weights, the least depth alone, the solver that is built in, a minute.
    fn default() -> Self {
        Self { weights: None, max_depth: 2, backend: Backend::Splr, timeout: Duration::from_secs(60) }
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The solver.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// Its proof.
    #[error(
        "the solver {0} refuted {1}, but its proof was not accepted: {2}; nothing is claimed; try --solver splr or --solver cadical"
    )]
    Proof(&'static str, String, ProofError),
    /// Numbers that do not fit.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// The optimum of a function, or an interval around it.
#[derive(Clone, Debug)]
pub struct Optimum {
    /// The function.
    pub table: Table,
    /// The bound on weights, if any.
    pub weights: Option<u32>,
    /// The least depth. Exact always: 0, 1 or 2.
    pub depth: usize,
    /// Why no smaller depth does.
    pub witness: Witness,
    /// The least number of gates at the least depth, and at larger ones where they were asked for.
    pub rows: Vec<Row>,
}

/// Why a depth is least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// Depth 0: there is nothing below.
    Nothing,
    /// Depth 1: an output, by its place, is neither an input nor constant.
    Gate(usize),
    /// Depth 2: an output, by its place, is no threshold function, as it is 1 on one side of a balance and 0 on the other.
    Balance(usize, Balance),
    /// Depth 2: an output, by its place, is a threshold function, but not with these weights; all were tried.
    Weights(usize),
}

/// The least number of gates at a depth.
#[derive(Clone, Debug)]
pub struct Row {
    /// Circuits have at most this depth.
    pub depth: usize,
    /// No circuit has fewer gates.
    pub least: usize,
    /// The circuit found, with `least` gates if the answer is exact.
    pub circuit: Circuit,
    /// For each profile with `least - 1` gates, its refutation. None are needed if `least` is the number of different gates the outputs
    /// are, or one more where these leave no gate on level 1.
    pub refuted: Vec<Refuted>,
    /// How many formulas were refuted in all.
    pub formulas: usize,
}

impl Row {
    /// Whether the circuit has the least number of gates.
    pub fn is_exact(&self) -> bool {
        self.least == self.circuit.gates.len()
    }
}

/// A profile no circuit of which computes the function, with the balances its formula is made of and a proof that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// The profile.
    pub profile: Profile,
    /// The bound on weights in its formula; none where it is refuted for all weights.
    pub weights: Option<u32>,
    /// The balances.
    pub balances: Vec<Balance>,
    /// The proof, in the text form of DRAT.
    pub proof: String,
}

/// What is being decided: depth, gates, and how many balances are in use.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize, usize);

/// Finds the least depth of a function and the least number of gates at it.
///
/// # Errors
/// When a solver fails or its proof is not accepted.
pub fn optimum(table: &Table, options: &Options, progress: Progress<'_>) -> Result<Optimum, SearchError> {
    let (depth, witness) = least_depth(table, options.weights)?;
    let rows = if depth < 2 { vec![shallow(table, options.weights, depth)?] } else { deep(table, options, progress)? };
    Ok(Optimum { table: table.clone(), weights: options.weights, depth, witness, rows })
}

/// A row for each depth from 2 on, each beginning with what the one before found.
fn deep(table: &Table, options: &Options, progress: Progress<'_>) -> Result<Vec<Row>, SearchError> {
    let deadline = Instant::now() + options.timeout;
    let mut search = Search { table, options, deadline, balances: pairs(table.inputs), formulas: 0, progress };
    let mut rows: Vec<Row> = Vec::new();
    for depth in 2..=options.max_depth.clamp(2, MOST_DEPTH) {
        let best = rows.last().map(|row| row.circuit.clone());
        rows.push(search.row(depth, best)?);
    }
    Ok(rows)
}

/// Which targets are gates of inputs alone, within the bound on weights.
pub fn first_level(table: &Table, weights: Option<u32>) -> Vec<bool> {
    table.targets().iter().map(|target| threshold_function(table.inputs, *target, weights).is_some()).collect()
}

fn least_depth(table: &Table, weights: Option<u32>) -> Result<(usize, Witness), SearchError> {
    let targets = table.targets();
    let Some(first) = targets.first() else { return Ok((0, Witness::Nothing)) };
    let place = |target: u32| table.outputs.iter().position(|output| output.values == target).unwrap_or(0);
    let Some(deep) = first_level(table, weights).iter().position(|first| !first) else {
        return Ok((1, Witness::Gate(place(*first))));
    };
    let separated = separate(table.inputs, &table.input_masks(), targets[deep]);
    match separated.ok_or(SearchError::Internal("weights beyond 64 bits"))? {
        Ok(_) => Ok((2, Witness::Weights(place(targets[deep])))),
        Err(balance) => Ok((2, Witness::Balance(place(targets[deep]), balance))),
    }
}

/// A gate a target, all on level 1: fewer cannot do.
fn shallow(table: &Table, weights: Option<u32>, depth: usize) -> Result<Row, SearchError> {
    let gates = table.targets().iter().map(|target| first_gate(table, *target, weights)).collect::<Option<Vec<_>>>();
    let gates = gates.ok_or(SearchError::Internal("a gate of level 1 was lost"))?;
    let least = gates.len();
    Ok(Row { depth, least, circuit: verified(table, depth, gates)?, refuted: Vec::new(), formulas: 0 })
}

fn first_gate(table: &Table, target: u32, weights: Option<u32>) -> Option<Gate> {
    Some(Gate { level: 1, separator: threshold_function(table.inputs, target, weights)? })
}

fn verified(table: &Table, depth: usize, gates: Vec<Gate>) -> Result<Circuit, SearchError> {
    let circuit = Circuit::new(table, gates).filter(|circuit| circuit.computes(table, depth));
    circuit.ok_or(SearchError::Internal("a circuit that was found does not compute the function"))
}

/// One gate per assignment an output is 1 on (or 0 on, if those are fewer), and one per output: what there is without any search.
fn by_cases(table: &Table, weights: Option<u32>) -> Result<Circuit, SearchError> {
    let (targets, first) = (table.targets(), first_level(table, weights));
    let deep: Vec<u32> = targets.iter().zip(&first).filter(|(_, first)| !**first).map(|(target, _)| *target).collect();
    let complement = |target: u32| 2 * target.count_ones() as usize > table.assignments();
    let cases = |target: u32| if complement(target) { table.all() & !target } else { target };
    let all = deep.iter().fold(0, |all, target| all | cases(*target));
    let on: Vec<usize> = (0..table.assignments()).filter(|at| all >> at & 1 == 1).collect();
    let mut gates: Vec<Gate> = Vec::new();
    for at in &on {
        let weights = (0..table.inputs).map(|input| if at >> input & 1 == 1 { 1 } else { -1 }).collect();
        gates.push(Gate { level: 1, separator: Separator { weights, threshold: at.count_ones() as i64 } });
    }
    for (target, _) in targets.iter().zip(&first).filter(|(_, first)| **first) {
        let gate = first_gate(table, *target, weights);
        gates.push(gate.ok_or(SearchError::Internal("a gate of level 1 was lost"))?);
    }
    for target in deep {
        let sign = if complement(target) { -1 } else { 1 };
        let reads = on.iter().map(|at| if cases(target) >> at & 1 == 1 { sign } else { 0 });
        let weights = std::iter::repeat_n(0, table.inputs).chain(reads).collect();
        gates.push(Gate { level: 2, separator: Separator { weights, threshold: i64::from(sign > 0) } });
    }
    verified(table, 2, gates)
}

/// What became of a number of gates.
enum Decided {
    Found(Circuit),
    Refuted(Vec<Refuted>),
    Unknown,
}

struct Search<'a> {
    table: &'a Table,
    options: &'a Options,
    deadline: Instant,
    /// Balances hold for every gate, so what one formula needed the next begins with.
    balances: Vec<Balance>,
    formulas: usize,
    progress: Progress<'a>,
}

impl Search<'_> {
    /// The least number of gates at a depth, given the best circuit of a smaller one.
    fn row(&mut self, depth: usize, best: Option<Circuit>) -> Result<Row, SearchError> {
        let mut best = best.map_or_else(|| by_cases(self.table, self.options.weights), Ok)?;
        let (mut least, mut refuted) = (self.table.targets().len(), Vec::new());
        self.formulas = 0;
        while least < best.gates.len() {
            match self.decide(depth, least, self.deadline)? {
                Decided::Found(circuit) => best = self.lighter(depth, circuit)?,
                Decided::Refuted(proofs) => (least, refuted) = (least + 1, proofs),
                Decided::Unknown => {
                    best = self.improve(depth, least, best)?;
                    break;
                }
            }
        }
        Ok(Row { depth, least, circuit: best, refuted, formulas: self.formulas })
    }

    /// Decides whether so many gates do at this depth: with any weights first, which is easier, and with a bound only if that leaves it open.
    fn decide(&mut self, depth: usize, gates: usize, deadline: Instant) -> Result<Decided, SearchError> {
        let any = self.with_weights(depth, gates, None, deadline)?;
        match (any, self.options.weights) {
            (Decided::Found(circuit), Some(most)) if circuit.largest_weight() > most.into() => {
                self.with_weights(depth, gates, Some(most), deadline)
            }
            (any, _) => Ok(any),
        }
    }

    fn with_weights(
        &mut self,
        depth: usize,
        gates: usize,
        most: Option<u32>,
        deadline: Instant,
    ) -> Result<Decided, SearchError> {
        let mut refuted = Vec::new();
        for profile in profiles(&first_level(self.table, most), depth, gates) {
            match self.profile(depth, &profile, most, deadline)? {
                Decided::Refuted(proofs) => refuted.extend(proofs),
                other => return Ok(other),
            }
        }
        Ok(Decided::Refuted(refuted))
    }

    fn profile(
        &mut self,
        depth: usize,
        profile: &Profile,
        most: Option<u32>,
        deadline: Instant,
    ) -> Result<Decided, SearchError> {
        loop {
            let encoding = encode(self.table, profile, &self.balances, most);
            let gates = encoding.gates.len();
            (self.progress)(depth, gates, self.balances.len());
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Decided::Unknown);
            }
            match self.options.backend.solve(&encoding.cnf, left)? {
                Answer::Unknown => return Ok(Decided::Unknown),
                Answer::Refuted(proof) => return self.refuted(profile, most, &encoding, proof),
                Answer::Model(values) => {
                    if let Some(gates) = self.gates(&encoding, &values)? {
                        return Ok(Decided::Found(verified(self.table, depth, gates)?));
                    }
                }
            }
        }
    }

    fn refuted(
        &mut self,
        profile: &Profile,
        weights: Option<u32>,
        encoding: &Encoding,
        text: String,
    ) -> Result<Decided, SearchError> {
        let cnf = &encoding.cnf;
        proof::check(cnf.variables(), cnf.clauses(), &text)
            .map_err(|error| SearchError::Proof(self.options.backend.name(), profile.to_string(), error))?;
        self.formulas += 1;
        Ok(Decided::Refuted(vec![Refuted {
            profile: profile.clone(),
            weights,
            balances: self.balances.clone(),
            proof: text,
        }]))
    }

    /// The gates of a model; none if weights are missing for one, and then there are new balances.
    fn gates(&mut self, encoding: &Encoding, model: &[bool]) -> Result<Option<Vec<Gate>>, SearchError> {
        let value = |literal: i32| match literal {
            super::cnf::TRUE => true,
            super::cnf::FALSE => false,
            _ => model[literal.unsigned_abs() as usize - 1] == (literal > 0),
        };
        let mask = |gate: &Unknown| (0..).zip(&gate.values).fold(0, |mask, (at, v)| mask | u32::from(value(*v)) << at);
        let (mut gates, known) = (Vec::new(), self.balances.len());
        for gate in &encoding.gates {
            let separator = match (&gate.weighing, gate.level, gate.target) {
                (Some(weighing), ..) => Separator {
                    weights: weighing.weights.iter().map(|bits| weights::integer(bits, value)).collect(),
                    threshold: -weights::integer(&weighing.offset, value),
                }
                .reduced(),
                _ => {
                    let signals = gate_signals(self.table.inputs, below(&encoding.gates, gate.level).map(mask));
                    let separated = separate(self.table.inputs, &signals, mask(gate));
                    match separated.ok_or(SearchError::Internal("weights beyond 64 bits"))? {
                        Ok(separator) => separator,
                        Err(balance) => {
                            if !self.balances.contains(&balance) {
                                self.balances.push(balance);
                            }
                            continue;
                        }
                    }
                }
            };
            gates.push(Gate { level: gate.level, separator });
        }
        if gates.len() == encoding.gates.len() {
            return Ok(Some(gates));
        }
        if self.balances.len() == known { Err(SearchError::Internal("a balance was not heeded")) } else { Ok(None) }
    }

    /// A circuit of as many gates with smaller weights, if one is found at once; without a bound, those found first may be large.
    fn lighter(&mut self, depth: usize, circuit: Circuit) -> Result<Circuit, SearchError> {
        if self.options.weights.is_some() {
            return Ok(circuit);
        }
        let formulas = self.formulas;
        let mut lightest = None;
        for most in 1..circuit.largest_weight().min(MOST_LIGHTER) as u32 {
            let end = self.deadline.min(Instant::now() + MOMENT);
            if let Decided::Found(lighter) = self.with_weights(depth, circuit.gates.len(), Some(most), end)? {
                lightest = Some(lighter);
                break;
            }
        }
        self.formulas = formulas;
        Ok(lightest.unwrap_or(circuit))
    }

    /// Looks for circuits of more gates than could be decided, a while each, and half as long in all as the time given.
    fn improve(&mut self, depth: usize, undecided: usize, best: Circuit) -> Result<Circuit, SearchError> {
        let last = Instant::now() + self.options.timeout / 2;
        for gates in undecided + 1..best.gates.len() {
            let end = last.min(Instant::now() + self.options.timeout / 8);
            if let Decided::Found(circuit) = self.decide(depth, gates, end)? {
                return Ok(circuit);
            }
        }
        Ok(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Balances are found one by one where none are given to begin with, and the answers are the same.
    #[test]
    fn missing_balances_are_found() {
        let options = Options::default();
        for (inputs, gates) in [(2, 2), (3, 2), (4, 3)] {
            let table = Table::of_numbers("parity", inputs, &["y"], |at| at.count_ones()).unwrap();
            let deadline = Instant::now() + options.timeout;
            let progress: Progress<'_> = &mut |_, _, _| {};
            let mut search =
                Search { table: &table, options: &options, deadline, balances: Vec::new(), formulas: 0, progress };
            let row = search.row(2, None).unwrap();
            assert_eq!((row.least, row.is_exact()), (gates, true));
            assert!(!search.balances.is_empty());
        }
    }

    #[test]
    fn no_time_gives_an_interval_around_the_optimum() {
        let options = Options { timeout: Duration::ZERO, ..Options::default() };
        let table = Table::of_numbers("parity", 5, &["y"], |at| at.count_ones()).unwrap();
        let found = optimum(&table, &options, &mut |_, _, _| {}).unwrap();
        let row = &found.rows[0];
        assert!(row.least <= 3 && row.circuit.gates.len() >= 3 && !row.is_exact());
        assert!(row.circuit.computes(&table, 2));
    }
}
