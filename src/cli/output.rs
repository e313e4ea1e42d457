//! Standard output, standard error and the progress line; must not know what is written.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::failure::Failure;

/// Prints to standard output.
pub(super) fn print(bytes: &[u8]) -> Result<(), Failure> {
    stream(|out| Ok(out.write_all(bytes)?))
}

/// Lets `fill` write to standard output; a reader that has gone away ends the command quietly.
pub(super) fn stream(fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut pipe = Pipe { out: io::stdout().lock(), broken: false };
    let done = fill(&mut pipe).and_then(|()| Ok(pipe.flush()?));
    if pipe.broken { Err(Failure::ClosedPipe) } else { done }
}

/// A writer that remembers whether its reader went away.
struct Pipe<W> {
    out: W,
    broken: bool,
}

impl<W> Pipe<W> {
    fn heed<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        self.broken |= done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        done
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.heed(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.heed(done)
    }
}

/// Tells a person something beside the output; it is no failure if nobody listens.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// How long work goes on before its progress is shown, and how often then.
const PATIENCE: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// A line on the terminal that says how far slow work has come.
pub(super) struct Progress {
    shown: bool,
    next: Option<Instant>,
}

impl Progress {
    /// Says nothing if `quiet` or standard error is no terminal.
    pub fn new(quiet: bool) -> Self {
        let seen = !quiet && io::stderr().is_terminal();
        Self { shown: false, next: seen.then(|| Instant::now() + PATIENCE) }
    }

    /// So many of so many claims are checked.
    pub fn claims(&mut self, done: usize, total: usize) {
        if self.next.is_some_and(|next| Instant::now() >= next) {
            let _ = write!(io::stderr(), "\r\x1b[K{done} of {total} claims");
            (self.shown, self.next) = (true, Some(Instant::now() + EVERY));
        }
    }

    /// So many of at most so many things are done.
    pub fn counted(&mut self, what: &str, done: u64, total: u64) {
        if self.next.is_some_and(|next| Instant::now() >= next) {
            let _ = write!(io::stderr(), "\r\x1b[K{done} of {total} {what}");
            (self.shown, self.next) = (true, Some(Instant::now() + EVERY));
        }
    }

    /// Whether so many gates do at this depth is being decided.
    pub fn deciding(&mut self, depth: usize, gates: usize) {
        if self.next.is_some_and(|next| Instant::now() >= next) {
            let _ = write!(io::stderr(), "\r\x1b[Kdeciding {gates} gates at depth {depth}");
            (self.shown, self.next) = (true, Some(Instant::now() + EVERY));
        }
    }

    /// So many instances are run.
    pub fn instances(&mut self, done: u64) {
        if self.next.is_some_and(|next| Instant::now() >= next) {
            let _ = write!(io::stderr(), "\r\x1b[K{done} instances");
            (self.shown, self.next) = (true, Some(Instant::now() + EVERY));
        }
    }

    /// So many of so many gates are made.
    pub fn gates(&mut self, done: u64, total: u64) {
        if self.next.is_some_and(|next| Instant::now() >= next) {
            let percent = 100 * u128::from(done) / u128::from(total.max(1));
            let _ = write!(io::stderr(), "\r\x1b[K{done} gates ({percent}%)");
            (self.shown, self.next) = (true, Some(Instant::now() + EVERY));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
