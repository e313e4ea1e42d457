//! Functions by name, and tables from files; must not know circuits or solvers. The parity of gradient descent is found by running it.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::table::{MOST_INPUTS, Table, TableError};
use crate::pipeline::{self, looped::LoopedModel};
use crate::program;
use crate::spec::{self, Document};
use crate::words::Strategy;

/// Names with their arguments, and what they mean.
pub const NAMES: [(&str, &str); 11] = [
    ("parity(N)", "whether the number of ones among N bits is odd"),
    ("and(N)", "whether all of N bits are one"),
    ("or(N)", "whether one of N bits is one"),
    ("majority(N)", "whether more than half of N bits are one"),
    ("sum(N)", "the number of ones among N bits, in binary"),
    ("comparison(B)", "x >= y for numbers of B bits"),
    ("max(B)", "the larger of two numbers of B bits"),
    ("adder(B), adder(B,carry)", "the sum of two numbers of B bits, and of a carry"),
    ("product(B)", "the product of two numbers of B bits"),
    ("inner-product(B)", "the parity of the ones two words of B bits have in common"),
    (
        "gd-parity(T)",
        "whether w is -1 after T steps of 1-D least squares, step size 2, from w = 1, data x in 0, 1 and y = 0",
    ),
];

/// Largest file of a table.
const MOST_BYTES: u64 = 1 << 16;

/// Why a function was not found.
#[derive(Debug, Error)]
pub enum FunctionError {
    /// A name nothing has.
    #[error("no function `{0}`; there is:\n{names}", names = names())]
    Unknown(String),
    /// Arguments that do not fit.
    #[error("`{0}`: {1}")]
    Argument(String, String),
    /// A table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A file that cannot be read.
    #[error("{path}: {1}", path = .0.display())]
    File(PathBuf, String),
    /// The program of descent.
    #[error("internal error: {0}")]
    Descent(String),
}

/// The names, a line each.
pub fn names() -> String {
    NAMES.iter().fold(String::new(), |mut text, (name, meaning)| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {name:<26}{meaning}");
        text
    })
}

/// The function a text names: `parity(3)`, or `parity:3` where a shell minds brackets.
///
/// # Errors
/// When there is no such name, or its arguments are too large or malformed.
pub fn named(text: &str) -> Result<Table, FunctionError> {
    let unknown = || FunctionError::Unknown(text.to_owned());
    let (name, rest) = text.split_once(['(', ':']).ok_or_else(unknown)?;
    let mut arguments = rest.trim_end_matches(')').split(',').map(str::trim);
    let first = arguments.next().unwrap_or("");
    let second = arguments.next();
    let known = NAMES.iter().any(|(known, _)| known.split('(').next() == Some(name));
    if !known {
        return Err(unknown());
    }
    let fault = |reason: String| FunctionError::Argument(text.to_owned(), reason);
    let number: usize = first.parse().map_err(|_| fault(format!("`{first}` is no whole number")))?;
    let carry = match (name, second) {
        (_, None) => false,
        ("adder", Some("carry")) if arguments.next().is_none() => true,
        _ => return Err(fault("one number in brackets, and for adder `carry` after it".to_owned())),
    };
    let words = matches!(name, "comparison" | "max" | "adder" | "product" | "inner-product");
    let inputs = number.saturating_mul(if words { 2 } else { 1 }).saturating_add(usize::from(carry));
    if !(1..=MOST_INPUTS).contains(&inputs) {
        return Err(fault(format!("{inputs} inputs; 1 to {MOST_INPUTS} are searched")));
    }
    let name = format!("{name}({number}{})", if carry { ",carry" } else { "" });
    if name.starts_with("gd-") { descent(&name, inputs) } else { arithmetic(&name, number, inputs) }
}

fn arithmetic(name: &str, number: usize, inputs: usize) -> Result<Table, FunctionError> {
    let low = |at: u32| at & ((1 << number) - 1);
    let high = |at: u32| at >> number & ((1 << number) - 1);
    let carry = |at: u32| at >> (2 * number);
    let bit = |function: &dyn Fn(u32) -> bool| Table::of_numbers(name, inputs, &["y"], |at| u32::from(function(at)));
    let several = |bits: usize, function: &dyn Fn(u32) -> u32| {
        let names: Vec<String> = (0..bits).map(|bit| format!("y{bit}")).collect();
        Table::of_numbers(name, inputs, &names.iter().map(String::as_str).collect::<Vec<_>>(), function)
    };
    let table = match name.split('(').next().unwrap_or("") {
        "parity" => bit(&|at| at.count_ones() % 2 == 1),
        "and" => bit(&|at| at.count_ones() as usize == inputs),
        "or" => bit(&|at| at > 0),
        "majority" => bit(&|at| 2 * at.count_ones() as usize > inputs),
        "sum" => several((usize::BITS - inputs.leading_zeros()) as usize, &|at| at.count_ones()),
        "comparison" => bit(&|at| low(at) >= high(at)),
        "max" => several(number, &|at| low(at).max(high(at))),
        "adder" => several(number + 1, &|at| low(at) + high(at) + carry(at)),
        "product" => several(2 * number, &|at| low(at) * high(at)),
        "inner-product" => bit(&|at| (low(at) & high(at)).count_ones() % 2 == 1),
        _ => return Err(FunctionError::Unknown(name.to_owned())),
    };
    Ok(table?)
}

/// The program of gradient descent whose weight changes sign with each example `x = 1`: `w - 2 (w x) x`.
pub fn parity_program(steps: usize, strategy: Strategy) -> Result<LoopedModel, FunctionError> {
    let text = format!(
        "[program]\nkind = \"gradient-descent\"\nsteps = {steps}\nloss = \"least-squares\"\nfeatures = 1\nstep_size = 2\n\
         [data]\nsource = \"inputs\"\n[weights]\nsource = \"given\"\nw = [1]\n\
         [numerics]\nweights = \"int(2)\"\nactivations = \"int(2)\"\ndata = \"int(2)\"\ntargets = \"int(2)\"\n"
    );
    let fault = |error: &dyn std::fmt::Display| FunctionError::Descent(error.to_string());
    let document = spec::parse_document("gd-parity.toml", &text).map_err(|error| fault(&error))?;
    let Document::Program(program) = document else {
        return Err(FunctionError::Descent("no program".to_owned()));
    };
    let graph = program::system(&program).map_err(|error| fault(&error))?;
    let model: Result<LoopedModel, pipeline::Error> = LoopedModel::new(graph, strategy);
    model.map_err(|error| fault(&error))
}

/// The interpreter's weight after all steps, for every choice of data.
fn descent(name: &str, steps: usize) -> Result<Table, FunctionError> {
    let model = parity_program(steps, Strategy::Depth)?;
    let inputs = model.inputs();
    let mut negative = 0;
    for at in 0..1_u32 << steps {
        let mut bits = (0..steps).map(|bit| i64::from(at >> bit & 1));
        let level = |(name, _): &(String, _)| if name.starts_with('x') { bits.next().unwrap_or(0) } else { 0 };
        let levels: Vec<i64> = inputs.iter().map(level).collect();
        let weight = model.interpret(&levels).and_then(|weights| i64::try_from(weights.first()?).ok());
        match weight {
            Some(1) => {}
            Some(-1) => negative |= 1 << at,
            other => return Err(FunctionError::Descent(format!("a weight of {other:?}"))),
        }
    }
    Ok(Table::of_numbers(name, steps, &["negative"], |at| negative >> at & 1)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    outputs: Vec<FileOutput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOutput {
    name: String,
    values: String,
}

/// The table in a file: JSON `{"name": ..., "outputs": [{"name": ..., "values": "0110"}, ...]}`, or lines `NAME: 0110`, with `#` before
/// comments. Position `a` of the values is for the assignment in which input `i` is bit `i` of `a`.
///
/// # Errors
/// When the file cannot be read or is malformed.
pub fn read(path: &Path) -> Result<Table, FunctionError> {
    let fault = |reason: String| FunctionError::File(path.to_owned(), reason);
    let mut text = String::new();
    let opened = std::fs::File::open(path).map_err(|error| fault(error.to_string()))?;
    opened.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| fault(error.to_string()))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(fault(format!("more than {MOST_BYTES} bytes; a truth table is shorter")));
    }
    let stem = path.file_stem().map_or_else(|| "table".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let file = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?
    } else {
        lines(&text).map_err(fault)?
    };
    let outputs: Vec<(String, String)> = file.outputs.into_iter().map(|output| (output.name, output.values)).collect();
    Table::parse(&file.name.unwrap_or(stem), &outputs).map_err(|error| fault(error.to_string()))
}

fn lines(text: &str) -> Result<File, String> {
    let mut outputs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let Some((name, values)) = line.split_once(':') else {
            return Err(format!("line {}: `NAME: 0110...` was expected", number + 1));
        };
        outputs.push(FileOutput { name: name.trim().to_owned(), values: values.trim().to_owned() });
    }
    Ok(File { name: None, outputs })
}
