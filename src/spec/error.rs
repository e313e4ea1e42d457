//! What is wrong with an input, told to a person: the place, what was meant, the fix; knows nothing of formats.

use std::fmt;
use std::ops::Range;

/// Longest excerpt of a source line, in characters.
const EXCERPT: usize = 100;

/// Most problems printed at once.
const SHOWN: usize = 60;

/// Everything that is wrong with one input, at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    message: String,
    place: Option<Box<Place>>,
    help: Option<String>,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: String,
    position: Option<Position>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
    excerpt: String,
    indent: usize,
    carets: usize,
}

impl Error {
    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All of the problems as one error; none is no error.
    pub(crate) fn all(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl Problem {
    /// A problem of no particular place.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, help: None }
    }

    /// Adds the place.
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(Box::new(place));
        self
    }

    /// Adds what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line and column, counted from one, if the problem has a place in a text.
    pub fn position(&self) -> Option<(usize, usize)> {
        let position = self.place.as_ref()?.position.as_ref()?;
        Some((position.line, position.column))
    }
}

impl Place {
    /// A file as a whole.
    pub(crate) fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), position: None }
    }

    /// A span of a file's text.
    pub(crate) fn span(file: impl Into<String>, text: &str, span: &Range<usize>) -> Self {
        let start = floor(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].split('\n').next().unwrap_or("");
        let before = text[line_start..start].chars().count();
        let width = text[start..floor(text, span.end.max(start))].split('\n').next().unwrap_or("").chars().count();
        let skipped = before.saturating_sub(EXCERPT / 2);
        let excerpt: String = line.chars().skip(skipped).take(EXCERPT).map(printable).collect();
        let indent = before - skipped;
        let carets = width.clamp(1, EXCERPT - indent);
        let position = Position {
            line: text[..start].matches('\n').count() + 1,
            column: before + 1,
            excerpt: excerpt.trim_end().to_owned(),
            indent,
            carets,
        };
        Self { file: file.into(), position: Some(position) }
    }
}

/// The last character boundary at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Keeps an excerpt from moving the cursor.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.len() > 1 {
            write!(f, "{} problems", self.problems.len())?;
        }
        for (index, problem) in self.problems.iter().take(SHOWN).enumerate() {
            let gap = if self.problems.len() > 1 { format!("\n\n{}. ", index + 1) } else { String::new() };
            write!(f, "{gap}{problem}")?;
        }
        if self.problems.len() > SHOWN {
            write!(f, "\n\nand {} more", self.problems.len() - SHOWN)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n{place}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = &self.position else {
            return write!(f, "  --> {}", self.file);
        };
        let gutter = at.line.to_string().len();
        let (indent, carets) = (" ".repeat(at.indent), "^".repeat(at.carets));
        writeln!(f, "  --> {}:{}:{}", self.file, at.line, at.column)?;
        writeln!(f, "  {} | {}", at.line, at.excerpt)?;
        write!(f, "  {:gutter$} | {indent}{carets}", "")
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_value() {
        let text = "a = 1\nwidth = 12\n";
        let place = Place::span("t.toml", text, &(14..16));
        let error: Error = Problem::new("too narrow").at(place).help("widen it").into();
        let wanted = "too narrow\n  --> t.toml:2:9\n  2 | width = 12\n    |         ^^\n  help: widen it";
        assert_eq!(error.to_string(), wanted);
        assert_eq!(error.problems()[0].position(), Some((2, 9)));
    }

    #[test]
    fn long_lines_and_odd_spans_are_cut() {
        let text = format!("{}\u{e9}\u{1b}[31m", "x".repeat(5000));
        for span in [4999..5000, 5001..5002, 5000..9_999_999, 9_999_999..9_999_999] {
            let shown = Place::span("t", &text, &span).to_string();
            assert!(shown.chars().count() < 300 && !shown.contains('\u{1b}'), "{shown}");
        }
    }
}
