//! Truth tables of several outputs over a few inputs, as bit masks; must not know circuits, solvers or files.

use thiserror::Error;

/// The most inputs a table may have: its values fit 32 bits.
pub const MOST_INPUTS: usize = 5;

/// The most outputs a table may have.
pub const MOST_OUTPUTS: usize = 16;

/// Why a table was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// A length that is no power of two, or too long.
    #[error(
        "a truth table of {0} values; it has 2, 4, 8, 16 or 32, one for each assignment of 1 to {MOST_INPUTS} inputs"
    )]
    Length(usize),
    /// Tables of several lengths.
    #[error("output `{name}` has {found} values, the first output {expected}; all have one length")]
    Lengths {
        /// The output.
        name: String,
        /// Its values.
        found: usize,
        /// Those of the first.
        expected: usize,
    },
    /// A character that is no value.
    #[error("`{0}` in a truth table; values are 0 and 1")]
    Value(char),
    /// Too few or too many outputs.
    #[error("{0} outputs; a table has 1 to {MOST_OUTPUTS}")]
    Outputs(usize),
}

/// What a circuit is to compute: outputs as functions of all inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it is called.
    pub name: String,
    /// Number of inputs, 1 to [`MOST_INPUTS`].
    pub inputs: usize,
    /// Outputs in order.
    pub outputs: Vec<Output>,
}

/// One output: bit `a` of its values is its value where input `i` is bit `i` of `a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What it is called.
    pub name: String,
    /// Its values, a bit an assignment.
    pub values: u32,
}

impl Table {
    /// A table of outputs written as zeros and ones: position `a` is the value where input `i` is bit `i` of `a`.
    ///
    /// # Errors
    /// When a length is no power of two from 2 to 32, lengths differ, or a character is neither 0 nor 1.
    pub fn parse(name: &str, outputs: &[(String, String)]) -> Result<Self, TableError> {
        if outputs.is_empty() || outputs.len() > MOST_OUTPUTS {
            return Err(TableError::Outputs(outputs.len()));
        }
        let expected = outputs[0].1.chars().count();
        let inputs = (1..=MOST_INPUTS).find(|inputs| 1 << inputs == expected).ok_or(TableError::Length(expected))?;
        let output = |(name, text): &(String, String)| {
            let found = text.chars().count();
            if found != expected {
                return Err(TableError::Lengths { name: name.clone(), found, expected });
            }
            Ok(Output { name: name.clone(), values: mask(text)? })
        };
        let outputs = outputs.iter().map(output).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), inputs, outputs })
    }

    /// A table whose outputs are the bits, least significant first, of a number computed from each assignment.
    ///
    /// # Errors
    /// When there are too many inputs or outputs.
    pub fn of_numbers(
        name: &str,
        inputs: usize,
        outputs: &[&str],
        value: impl Fn(u32) -> u32,
    ) -> Result<Self, TableError> {
        let text = |bit: usize| (0..1 << inputs).map(|at| if value(at) >> bit & 1 == 1 { '1' } else { '0' }).collect();
        let outputs: Vec<(String, String)> =
            outputs.iter().enumerate().map(|(bit, name)| ((*name).to_owned(), text(bit))).collect();
        Self::parse(name, &outputs)
    }

    /// Number of assignments.
    pub fn assignments(&self) -> usize {
        1 << self.inputs
    }

    /// The values of each input, as masks.
    pub fn input_masks(&self) -> Vec<u32> {
        input_masks(self.inputs)
    }

    /// The mask of the constant one.
    pub fn all(&self) -> u32 {
        all(self.inputs)
    }

    /// The distinct functions that need a gate: neither constant nor an input, in the order of their first output.
    pub fn targets(&self) -> Vec<u32> {
        let inputs = self.input_masks();
        let mut targets = Vec::new();
        for output in &self.outputs {
            let free = output.values == 0 || output.values == self.all() || inputs.contains(&output.values);
            if !free && !targets.contains(&output.values) {
                targets.push(output.values);
            }
        }
        targets
    }
}

/// The mask of the constant one over so many inputs.
pub fn all(inputs: usize) -> u32 {
    u32::MAX >> (32 - (1 << inputs))
}

/// The values of each of so many inputs.
pub fn input_masks(inputs: usize) -> Vec<u32> {
    let mask = |input: usize| (0..1_u32 << inputs).fold(0, |mask, at| mask | (at >> input & 1) << at);
    (0..inputs).map(mask).collect()
}

/// Zeros and ones, position 0 first.
pub fn digits(mask: u32, assignments: usize) -> String {
    (0..assignments).map(|at| if mask >> at & 1 == 1 { '1' } else { '0' }).collect()
}

fn mask(text: &str) -> Result<u32, TableError> {
    let bit = |(at, digit): (usize, char)| match digit {
        '0' => Ok(0),
        '1' => Ok(1 << at),
        other => Err(TableError::Value(other)),
    };
    text.chars().enumerate().try_fold(0, |mask, place| Ok(mask | bit(place)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_read_back_as_digits() {
        let table = Table::of_numbers("t", 3, &["low", "high"], |at| at.count_ones()).unwrap();
        assert_eq!(digits(table.outputs[0].values, 8), "01101001");
        assert_eq!(digits(table.outputs[1].values, 8), "00010111");
        assert_eq!(table.targets().len(), 2);
        assert_eq!(input_masks(5)[4], 0xffff_0000);
        assert_eq!((all(1), all(5)), (3, u32::MAX));
    }

    #[test]
    fn odd_tables_are_refused() {
        let parse = |texts: &[&str]| {
            Table::parse("t", &texts.iter().map(|text| ("y".to_owned(), (*text).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(parse(&[]), Err(TableError::Outputs(0)));
        assert_eq!(parse(&[""]), Err(TableError::Length(0)));
        assert_eq!(parse(&["0"]), Err(TableError::Length(1)));
        assert_eq!(parse(&["011"]), Err(TableError::Length(3)));
        assert_eq!(parse(&[&"01".repeat(32)]), Err(TableError::Length(64)));
        assert_eq!(parse(&["01x1"]), Err(TableError::Value('x')));
        assert!(matches!(parse(&["01", "0110"]), Err(TableError::Lengths { found: 4, expected: 2, .. })));
    }
}
