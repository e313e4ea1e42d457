//! Reads `.tc` files and believes nothing in them; the format is described in `file.rs`. Must not know what a circuit computes.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use num_bigint::BigInt;

use super::builder::MAX_GATES;
use super::checksum::Checksum;
use super::file::{FileError, Header, MAGIC, OutputHeader, VERSION};
use super::integer::pool_index;
use super::scales::Scales;
use super::words::elements;
use super::{Form, Gates, OutputWord};

/// Bytes read at a time, so that a length that lies costs no memory.
const CHUNK: usize = 1 << 16;

/// Reads a circuit file.
///
/// # Errors
/// When it cannot be read, or is not a whole and sound circuit file; the message names the file.
pub fn read(path: &Path) -> Result<Gates, FileError> {
    File::open(path).map_err(FileError::Io).and_then(read_from).map_err(|error| error.at(path))
}

/// Reads a circuit in the file format, to the end of the input.
///
/// # Errors
/// When the reader fails, or what it gives is not a whole and sound circuit file.
pub fn read_from(input: impl Read) -> Result<Gates, FileError> {
    let mut source = Source { input: BufReader::with_capacity(CHUNK, input), sum: Checksum::new() };
    source.greeting()?;
    let header = source.prefixed("header")?;
    let header = serde_json::from_slice(&header).map_err(FileError::Header)?;
    let gates = source.gates(header)?;
    source.end()?;
    check(&gates)?;
    Ok(gates)
}

/// Bytes on their way in, and their checksum.
struct Source<R: Read> {
    input: BufReader<R>,
    sum: Checksum,
}

impl<R: Read> Source<R> {
    fn greeting(&mut self) -> Result<(), FileError> {
        let mut magic = Vec::new();
        self.input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        if magic.is_empty() {
            return Err(FileError::Empty);
        }
        if magic != MAGIC {
            return Err(if MAGIC.starts_with(&magic) { FileError::Truncated("first bytes") } else { FileError::Magic });
        }
        self.sum.update(&magic);
        match u32::from_le_bytes(self.array("version")?) {
            VERSION => Ok(()),
            version => Err(FileError::Version(version)),
        }
    }

    fn gates(&mut self, header: Header) -> Result<Gates, FileError> {
        let inputs: Option<u64> = header
            .inputs
            .iter()
            .try_fold(0_u64, |sum, word| sum.checked_add(word.elements()?.checked_mul(u64::from(word.bits))?));
        let inner = inputs.and_then(|inputs| header.gates.checked_sub(inputs)).ok_or_else(|| invalid("gate counts"))?;
        let offsets = header.banks.checked_add(1).ok_or_else(|| invalid("number of banks"))?;
        if header.gates > MAX_GATES {
            return Err(invalid("number of gates"));
        }
        let gates = Gates {
            bank_first_gate: self.section(offsets, "banks", u32::from_le_bytes)?,
            bank_wires: self.section(offsets, "banks", u64::from_le_bytes)?,
            wire_source: self.section(header.wires, "wires", u32::from_le_bytes)?,
            bank_weights: self.section(header.banks, "banks", u64::from_le_bytes)?,
            weights: self.section(header.weights, "weights", i64::from_le_bytes)?,
            thresholds: self.section(inner, "thresholds", i64::from_le_bytes)?,
            scales: self.scales(&header)?,
            pool: (0..header.pool).map(|_| self.integer("large integers")).collect::<Result<_, _>>()?,
            outputs: header.outputs.into_iter().map(|word| self.output(word)).collect::<Result<_, _>>()?,
            inputs: header.inputs,
            metadata: header.metadata,
        };
        let counted = u64::from(gates.input_count()) == header.gates - inner
            && u64::from(gates.gate_count()) == header.gates
            && gates.bank_wires.last() == Some(&header.wires);
        if counted { Ok(gates) } else { Err(invalid("its counts do not match its tables")) }
    }

    fn scales(&mut self, header: &Header) -> Result<Scales, FileError> {
        let offsets = header.scaled.checked_add(1).ok_or_else(|| invalid("number of scaled banks"))?;
        Ok(Scales {
            bank: self.section(header.scaled, "scaled banks", u32::from_le_bytes)?,
            first_part: self.section(offsets, "scaled banks", u64::from_le_bytes)?,
            part_end: self.section(header.parts, "parts", u64::from_le_bytes)?,
            first_multiplier: self.section(header.scaled, "scaled banks", u64::from_le_bytes)?,
            multipliers: self.section(header.multipliers, "multipliers", i64::from_le_bytes)?,
        })
    }

    fn output(&mut self, header: OutputHeader) -> Result<OutputWord, FileError> {
        let count = elements(&header.shape).ok_or_else(|| invalid("shape of an output"))?;
        let forms = (0..count).map(|_| self.form()).collect::<Result<_, _>>()?;
        Ok(OutputWord { name: header.name, shape: header.shape, forms })
    }

    fn form(&mut self) -> Result<Form, FileError> {
        let constant = self.integer("outputs")?;
        let count = u64::from_le_bytes(self.array("outputs")?);
        let term = |_| Ok((u32::from_le_bytes(self.array("outputs")?), self.integer("outputs")?));
        let terms = (0..count).map(term).collect::<Result<_, FileError>>()?;
        Ok(Form { constant, terms })
    }

    /// Checks that the checksum and then nothing follows.
    fn end(&mut self) -> Result<(), FileError> {
        let sum = self.sum.finish();
        if u64::from_le_bytes(self.array("checksum")?) != sum {
            return Err(FileError::Checksum);
        }
        let mut more = Vec::new();
        self.input.by_ref().take(1).read_to_end(&mut more)?;
        if more.is_empty() { Ok(()) } else { Err(FileError::Trailing) }
    }

    fn integer(&mut self, what: &'static str) -> Result<BigInt, FileError> {
        Ok(BigInt::from_signed_bytes_le(&self.prefixed(what)?))
    }

    fn prefixed(&mut self, what: &'static str) -> Result<Vec<u8>, FileError> {
        let length = u32::from_le_bytes(self.array(what)?);
        self.section(u64::from(length), what, |[byte]: [u8; 1]| byte)
    }

    fn section<T, const N: usize>(
        &mut self,
        count: u64,
        what: &'static str,
        decode: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, FileError> {
        let (mut values, mut left, mut buffer) = (Vec::new(), count, [0; CHUNK]);
        while left > 0 {
            let now = left.min((CHUNK / N) as u64);
            let part = &mut buffer[..now as usize * N];
            self.bytes(part, what)?;
            values.extend(part.as_chunks::<N>().0.iter().map(|&bytes| decode(bytes)));
            left -= now;
        }
        Ok(values)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], FileError> {
        let mut bytes = [0; N];
        self.bytes(&mut bytes, what)?;
        Ok(bytes)
    }

    fn bytes(&mut self, bytes: &mut [u8], what: &'static str) -> Result<(), FileError> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => FileError::Truncated(what),
            _ => FileError::Io(error),
        })?;
        self.sum.update(bytes);
        Ok(())
    }
}

fn invalid(what: &str) -> FileError {
    FileError::Invalid(what.to_owned())
}

/// Checks all that a builder would have refused.
fn check(gates: &Gates) -> Result<(), FileError> {
    if !gates.bank_first_gate.is_sorted_by(|a, b| a < b) || !gates.bank_wires.is_sorted() || gates.bank_wires[0] != 0 {
        return Err(invalid("its banks are out of order"));
    }
    let ends = gates.bank_wires.windows(2).zip(&gates.bank_weights);
    let mut ends = ends.map(|(wires, &weights)| weights.checked_add(wires[1] - wires[0]));
    if ends.any(|end| end.is_none_or(|end| end > gates.weights.len() as u64)) {
        return Err(invalid("weights are missing"));
    }
    if let Some(fault) = gates.scales.fault(&gates.bank_first_gate, &gates.bank_wires) {
        return Err(invalid(fault));
    }
    if gates.banks().any(|bank| bank.sources().iter().any(|&source| source >= bank.gates().start)) {
        return Err(invalid("a gate reads one that does not come before it"));
    }
    let stored = gates.weights.iter().chain(&gates.thresholds).chain(&gates.scales.multipliers);
    if stored.filter_map(|&stored| pool_index(stored)).any(|index| index >= gates.pool.len()) {
        return Err(invalid("an integer is missing"));
    }
    let inputs = gates.inputs.iter().find_map(|word| Some(format!("input `{}`: {}", word.name, word.fault()?)));
    let mut outputs = gates.outputs.iter();
    let fault = |word: &OutputWord| Some(format!("output `{}`: {}", word.name, word.fault(gates.gate_count())?));
    inputs.or_else(|| outputs.find_map(fault)).map_or(Ok(()), |fault| Err(FileError::Invalid(fault)))
}
