//! What a builder refuses, and how it says so.

/// Why a circuit could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatesError {
    /// More gates than ids.
    #[error("the circuit would have {wanted} gates; at most {limit} can be written out gate by gate")]
    TooMany {
        /// Gates the circuit would have had by now.
        wanted: u128,
        /// Gates it may have.
        limit: u64,
    },
    /// A gate reads one that does not come before it.
    #[error("gate {gate} reads gate {source_gate}, which does not come before it")]
    Forward {
        /// The gate read.
        source_gate: u32,
        /// The gate that reads.
        gate: u32,
    },
    /// A bank with no threshold has no gates.
    #[error("a bank needs at least one threshold")]
    NoThresholds,
    /// Multipliers that are not one a part and gate.
    #[error("{found} multipliers do not make a row of {parts} for each of {gates} gates")]
    Multipliers {
        /// Multipliers given.
        found: usize,
        /// Parts of the bank.
        parts: usize,
        /// Gates of the bank: its thresholds.
        gates: usize,
    },
    /// Input gates come before all others.
    #[error("input `{0}` comes after a bank; inputs come first")]
    LateInput(String),
    /// An input that cannot be.
    #[error("input `{name}`: {reason}")]
    Input {
        /// The input.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An output that cannot be.
    #[error("output `{name}`: {reason}")]
    Output {
        /// The output.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}
