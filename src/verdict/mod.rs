//! What may be said of how deep steps of learning must be: statements, each with its tag, its model of computation, its sources and its
//! evidence; must not know files, commands or how evidence is shown.
//!
//! "Needs" is several statements (theory.md G): what is measured on one circuit, what is proved of one construction or of a restricted model,
//! what is proved the other way, what follows from a named conjecture, and what holds for access to gradients only. No statement here is
//! without its tag, and none of a lower bound is without the model of computation it is for.

mod conditional;
mod counter;
mod literature;
mod measured;
mod page;
mod proved;

use std::collections::BTreeMap;

use serde::Serialize;

pub use page::page;

/// The version of a page's fields.
pub const SCHEMA: &str = "isobath.needs/1";

/// What kind of statement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// Of one circuit, by counting.
    Measured,
    /// Unconditional.
    Proved,
    /// Unconditional, and against the popular claim.
    CounterClaim,
    /// Follows from a conjecture that is named.
    Conditional,
    /// Unconditional, of algorithms that see a loss only through its gradients.
    Oracle,
}

impl Tag {
    /// All of them, in the order of a page.
    pub const ALL: [Self; 5] = [Self::Measured, Self::Proved, Self::CounterClaim, Self::Conditional, Self::Oracle];

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Proved => "proved",
            Self::CounterClaim => "proved, counter-claim",
            Self::Conditional => "conditional",
            Self::Oracle => "oracle model",
        }
    }
}

/// How sure a citation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Confirmed against the source itself.
    Confirmed,
    /// Confirmed through a secondary source only.
    Secondary,
    /// From memory.
    Unconfirmed,
    /// Derived in this project.
    Derived,
}

impl Mark {
    /// What is printed behind a citation.
    pub fn text(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Secondary => "confirmed through a secondary source",
            Self::Unconfirmed => "from memory, unconfirmed",
            Self::Derived => "derived here",
        }
    }
}

/// Where a fact is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Who and when.
    pub cite: String,
    /// How sure that is, where the citation does not say it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// How something was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By counting on a circuit.
    Counted,
    /// By a certificate that the checker has accepted.
    Certificate,
    /// By running all inputs, or all instances of a size.
    Exhaustive,
    /// By running some, drawn at random.
    Random,
    /// By an argument that is written down.
    Argument,
}

/// What a statement rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// How it was found out.
    pub how: How,
    /// What was found.
    pub what: String,
    /// Whether it agrees with the statement.
    pub agrees: bool,
}

impl Evidence {
    fn of(how: How, what: String) -> Self {
        Self { how, what, agrees: true }
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What kind it is.
    pub tag: Tag,
    /// What it says.
    pub says: String,
    /// The model of computation it is for.
    pub model: String,
    /// The conjecture it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_on: Option<&'static str>,
    /// Where it is from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// What it rests on here.
    pub evidence: Vec<Evidence>,
}

impl Statement {
    /// A statement that rests on nothing yet.
    fn new(tag: Tag, model: impl Into<String>, says: String) -> Self {
        Self { tag, says, model: model.into(), rests_on: None, sources: Vec::new(), evidence: Vec::new() }
    }

    fn from(mut self, cite: &str, mark: Mark) -> Self {
        self.sources.push(Source { cite: cite.to_owned(), mark: Some(mark) });
        self
    }

    fn by(mut self, how: How, what: String) -> Self {
        self.evidence.push(Evidence::of(how, what));
        self
    }

    fn if_true(mut self, conjecture: &'static str) -> Self {
        self.rests_on = Some(conjecture);
        self
    }

    /// Whether all evidence agrees with it.
    pub fn stands(&self) -> bool {
        self.evidence.iter().all(|evidence| evidence.agrees)
    }
}

/// All that may be said of one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The system.
    pub name: String,
    /// What it is, in words.
    pub kind: String,
    /// The lengths of its axes.
    pub lengths: BTreeMap<String, u64>,
    /// The statements, in the order of [`Tag::ALL`].
    pub statements: Vec<Statement>,
    /// What was not asked, or could not be, and why.
    pub silent: Vec<String>,
    /// What all of it comes to.
    pub summary: String,
}

impl Page {
    /// Whether every statement stands.
    pub fn stands(&self) -> bool {
        self.statements.iter().all(Statement::stands)
    }
}
