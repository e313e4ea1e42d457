//! How a command ends when it does not end well; must not know what was asked for.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Why a command stopped.
#[derive(Debug)]
pub(super) enum Failure {
    /// Two readings of a circuit disagree.
    Disagreement(String),
    /// The input, or a request, was refused.
    Refused(String),
    /// Nobody reads the output any more.
    ClosedPipe,
}

impl Failure {
    /// A refusal with this message.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    /// The same refusal, after the name of a file.
    pub fn at(file: &std::path::Path, error: impl Display) -> Self {
        Self::Refused(format!("{}: {error}", file.display()))
    }

    /// The same, after the name of what it is about.
    pub fn of(self, what: &str) -> Self {
        match self {
            Self::Refused(message) => Self::Refused(format!("{what}: {message}")),
            other => other,
        }
    }

    /// Says why on standard error; the exit code.
    pub fn tell(self) -> ExitCode {
        let (message, code) = match self {
            Self::ClosedPipe => return ExitCode::SUCCESS,
            Self::Disagreement(message) => (message, 1),
            Self::Refused(message) => (message, 2),
        };
        // If standard error is closed too, the exit code is all that is left to say it with.
        let _ = writeln!(std::io::stderr(), "error: {}", message.trim_end());
        ExitCode::from(code)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Refused(error.to_string())
    }
}
