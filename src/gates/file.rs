//! Writes circuits to `.tc` files; must not know what a circuit computes. The format, version 2, all numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `isobath\n` |
//! | 4 | version, 2 |
//! | 4 | length of the header |
//! | | header, JSON: `inputs`, `outputs` (names and shapes), `metadata`, and the counts `gates` (inputs included), `banks`, `wires`, `weights`, `scaled` (banks), `parts`, `multipliers`, `pool` |
//! | 4 (banks + 1) | first gate of each bank (of the first: the number of input gates), then the number of gates |
//! | 8 (banks + 1) | first wire of each bank, then the number of wires |
//! | 4 wires | the gate each wire comes from, below the first gate of its bank |
//! | 8 banks | first weight of each bank, which has as many as wires; banks may share weights |
//! | 8 weights | the weights |
//! | 8 (gates - inputs) | the threshold of each gate |
//! | 4 scaled | the place of each scaled bank among the banks, ascending |
//! | 8 (scaled + 1) | first part of each scaled bank, which has one at least, then the number of parts |
//! | 8 parts | the end of each part, counted from the first wire of its bank; the last part ends with the bank |
//! | 8 scaled | first multiplier of each scaled bank, which has for each gate one a part; banks may share multipliers |
//! | 8 multipliers | the multipliers |
//! | pool | integers too large for the above |
//! | outputs | for each element of each output: the constant, the number of terms (8 bytes), the terms: gate (4 bytes), coefficient |
//! | 8 | checksum of all bytes before it: FNV-1a over 64-bit words with a rotation; see `checksum.rs` |
//!
//! A weight, threshold or multiplier below `2^40 - 2^63` is not itself but a place in the pool, counted from `-2^63`. An integer of the
//! pool, a constant or a coefficient is its length in bytes (4 bytes) and that many bytes of two's complement.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use super::{Form, Gates, InputWord};
use crate::atomic;

pub(super) const MAGIC: &[u8; 8] = b"isobath\n";
pub(super) const VERSION: u32 = 2;

/// Why a circuit file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Nothing in it.
    #[error("the file is empty; a circuit file (.tc) was expected")]
    Empty,
    /// Something else.
    #[error("not a circuit file (.tc): it does not begin with `isobath`")]
    Magic,
    /// Written by a version of the format that this one cannot read.
    #[error("circuit file of format version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// It ends too early.
    #[error("the file is cut off: it ends in its {0}")]
    Truncated(&'static str),
    /// It goes on after its end.
    #[error("the file goes on after its end")]
    Trailing,
    /// The header is not what it should be.
    #[error("the file's header is damaged: {0}")]
    Header(serde_json::Error),
    /// The checksum does not match what was read.
    #[error("the file is damaged: its checksum does not match")]
    Checksum,
    /// The tables contradict each other.
    #[error("the file is damaged: {0}")]
    Invalid(String),
    /// A circuit with a part too large for the format.
    #[error("{0} does not fit the file format")]
    TooLarge(&'static str),
    /// One of the above, in a named file.
    #[error("{}: {error}", path.display())]
    At {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: Box<FileError>,
    },
}

impl FileError {
    pub(super) fn at(self, path: &Path) -> Self {
        Self::At { path: path.to_owned(), error: Box::new(self) }
    }
}

/// What a file says about itself before its tables.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) inputs: Vec<InputWord>,
    pub(super) outputs: Vec<OutputHeader>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) gates: u64,
    pub(super) banks: u64,
    pub(super) wires: u64,
    pub(super) weights: u64,
    pub(super) scaled: u64,
    pub(super) parts: u64,
    pub(super) multipliers: u64,
    pub(super) pool: u64,
}

/// An output without its forms.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputHeader {
    pub(super) name: String,
    pub(super) shape: Vec<u64>,
}

/// Whether a path is a circuit file: by its first bytes or, since those may be damaged, by its name. `-` is standard input, which
/// is looked at but not read.
pub fn is_circuit(path: &Path) -> bool {
    if path == Path::new("-") {
        return std::io::stdin().lock().fill_buf().is_ok_and(|start| start.starts_with(MAGIC));
    }
    let ordinary = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let file = if ordinary { std::fs::File::open(path).ok() } else { None };
    let mut start = [0; MAGIC.len()];
    let begins = file.is_some_and(|mut file| file.read_exact(&mut start).is_ok() && start == *MAGIC);
    begins || path.extension().is_some_and(|ending| ending == "tc")
}

/// Writes a circuit file: complete under its name, or not at all. What already was there stays until then.
///
/// A name that is no ordinary file, such as a pipe or a device, is written to as it is.
///
/// # Errors
/// When the system refuses; the message names the file.
pub fn write(gates: &Gates, path: &Path) -> Result<(), FileError> {
    atomic::write(path, |file| write_to(gates, file)).map_err(|error: FileError| error.at(path))
}

/// Writes a circuit in the file format.
///
/// # Errors
/// When the writer fails.
pub fn write_to(gates: &Gates, out: impl Write) -> Result<(), FileError> {
    let mut sink = Sink { out: BufWriter::new(out), sum: Checksum::new() };
    let header = serde_json::to_vec(&header(gates)).map_err(FileError::Header)?;
    sink.bytes(MAGIC)?;
    sink.bytes(&VERSION.to_le_bytes())?;
    sink.prefixed(&header, "the header")?;
    sink.section(&gates.bank_first_gate, u32::to_le_bytes)?;
    sink.section(&gates.bank_wires, u64::to_le_bytes)?;
    sink.section(&gates.wire_source, u32::to_le_bytes)?;
    sink.section(&gates.bank_weights, u64::to_le_bytes)?;
    sink.section(&gates.weights, i64::to_le_bytes)?;
    sink.section(&gates.thresholds, i64::to_le_bytes)?;
    sink.section(&gates.scales.bank, u32::to_le_bytes)?;
    sink.section(&gates.scales.first_part, u64::to_le_bytes)?;
    sink.section(&gates.scales.part_end, u64::to_le_bytes)?;
    sink.section(&gates.scales.first_multiplier, u64::to_le_bytes)?;
    sink.section(&gates.scales.multipliers, i64::to_le_bytes)?;
    gates.pool.iter().try_for_each(|value| sink.integer(value))?;
    gates.outputs.iter().flat_map(|word| &word.forms).try_for_each(|form| sink.form(form))?;
    let sum = sink.sum.finish();
    sink.bytes(&sum.to_le_bytes())?;
    Ok(sink.out.flush()?)
}

fn header(gates: &Gates) -> Header {
    let outputs = gates.outputs.iter();
    Header {
        inputs: gates.inputs.clone(),
        outputs: outputs.map(|word| OutputHeader { name: word.name.clone(), shape: word.shape.clone() }).collect(),
        metadata: gates.metadata.clone(),
        gates: u64::from(gates.gate_count()),
        banks: gates.bank_count() as u64,
        wires: gates.wire_source.len() as u64,
        weights: gates.weights.len() as u64,
        scaled: gates.scales.bank.len() as u64,
        parts: gates.scales.part_end.len() as u64,
        multipliers: gates.scales.multipliers.len() as u64,
        pool: gates.pool.len() as u64,
    }
}

/// Bytes on their way out, and their checksum.
struct Sink<W: Write> {
    out: BufWriter<W>,
    sum: Checksum,
}

impl<W: Write> Sink<W> {
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }

    fn prefixed(&mut self, bytes: &[u8], what: &'static str) -> Result<(), FileError> {
        let length = u32::try_from(bytes.len()).map_err(|_| FileError::TooLarge(what))?;
        self.bytes(&length.to_le_bytes())?;
        Ok(self.bytes(bytes)?)
    }

    fn section<T: Copy, const N: usize>(&mut self, values: &[T], encode: impl Fn(T) -> [u8; N]) -> io::Result<()> {
        let mut buffer = Vec::new();
        for part in values.chunks(8192) {
            buffer.clear();
            part.iter().for_each(|&value| buffer.extend_from_slice(&encode(value)));
            self.bytes(&buffer)?;
        }
        Ok(())
    }

    fn integer(&mut self, value: &BigInt) -> Result<(), FileError> {
        self.prefixed(&value.to_signed_bytes_le(), "an integer")
    }

    fn form(&mut self, form: &Form) -> Result<(), FileError> {
        self.integer(&form.constant)?;
        self.bytes(&(form.terms.len() as u64).to_le_bytes())?;
        for (gate, coefficient) in &form.terms {
            self.bytes(&gate.to_le_bytes())?;
            self.integer(coefficient)?;
        }
        Ok(())
    }
}
