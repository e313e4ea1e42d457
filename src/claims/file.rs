//! Claims as they are written down, in strict TOML; must not know whether they hold.
//!
//! ```toml
//! name = "an example"
//!
//! [[claim]]
//! says = "The depth of GPT-2 does not grow with its context."
//! system = "../gpt2"                 # a model, recurrent net or program; relative to this file
//! in = "context"                     # with `growth`: along which axis
//! growth = "constant"                # or "logarithmic", "linear", "polynomial"
//! # rate = "9*layers + 4"            # with linear growth: layers for each one more, exactly
//! # rate_at_least = "1"              # or at least
//!
//! [[claim]]
//! says = "Two layers a step, and one."
//! system = "../gd-least-squares.toml"
//! depth = "2*steps + 1"              # for all lengths; also depth_at_most, depth_at_least
//! # at = { layers = 2 }              # axes held at one length
//! # strategy = "size"                # default: "depth"
//! # recurrence = "scan"              # with growth in the context: all positions at once, by parallel prefix
//!
//! [[claim]]
//! says = "A forward pass runs few of these steps."
//! system = "../gpt2"
//! program = "../gd-least-squares.toml"
//! steps_at_most = 56                 # composition only: floor((D - b) / rate)
//!
//! [[claim]]
//! says = "The architecture's depth bounds that of every setting of the weights, and random weights reach it."
//! system = "../tiny-gpt.toml"
//! weights = "any"
//!
//! [[note]]                           # what is not checked here, with what it rests on
//! says = "No constant depth suffices for ..."
//! tag = "conditional"                # "conditional", "theorem", "counter-claim" or "oracle"
//! on = "TC0 != NC1"                  # with conditional: the conjecture
//! source = "Barrington 1989"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

/// A file of claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// What the claims are about.
    pub name: Option<String>,
    /// What is checked.
    #[serde(default, rename = "claim")]
    pub claims: Vec<Claim>,
    /// What is not checked here.
    #[serde(default, rename = "note")]
    pub notes: Vec<Note>,
}

/// Something that holds of a system, or does not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// In words.
    pub says: String,
    /// The system's file.
    pub system: PathBuf,
    /// How to save: layers or gates.
    #[serde(default)]
    pub strategy: Strategy,
    /// How a linear recurrence is laid out; none: a position after the other.
    pub recurrence: Option<Layout>,
    /// Axes held at one length.
    #[serde(default)]
    pub at: BTreeMap<String, u64>,
    /// The axis of `growth`.
    #[serde(rename = "in")]
    pub axis: Option<String>,
    /// How the depth grows along the axis.
    pub growth: Option<Growth>,
    /// Layers for each one more along the axis.
    pub rate: Option<String>,
    /// At least so many.
    pub rate_at_least: Option<String>,
    /// The depth, exactly.
    pub depth: Option<String>,
    /// An upper bound on the depth.
    pub depth_at_most: Option<String>,
    /// A lower bound on the depth of this construction.
    pub depth_at_least: Option<String>,
    /// A program whose steps are to fit.
    pub program: Option<PathBuf>,
    /// Steps of it that fit into the depth of the system, by composition.
    pub steps_at_most: Option<u64>,
    /// `any`: the depth of the architecture bounds that of all weights.
    pub weights: Option<Weights>,
}

/// What a lowering saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Layers.
    #[default]
    Depth,
    /// Gates.
    Size,
}

/// How a linear recurrence is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// All positions at once, by parallel prefix.
    Scan,
}

/// How a depth grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Growth {
    /// Not at all.
    Constant,
    /// As a logarithm.
    Logarithmic,
    /// By so many layers each.
    Linear,
    /// Faster.
    Polynomial,
}

/// Which weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// All.
    Any,
}

/// Something that is not checked here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// In words.
    pub says: String,
    /// What kind of statement it is.
    pub tag: Tag,
    /// The conjecture or model it rests on.
    pub on: Option<String>,
    /// Where it comes from.
    pub source: String,
}

/// What kind of statement a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// It follows from a named conjecture.
    Conditional,
    /// A theorem that limits what is claimed.
    CounterClaim,
    /// A theorem that supports it.
    Theorem,
    /// It holds where losses are seen through an oracle only.
    Oracle,
}

/// Why a file of claims was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("{file}: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is no file of claims.
    #[error("{file}: {error}")]
    Malformed {
        /// The file.
        file: String,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// Nothing to check.
    #[error("{file}: there is no claim in it; write [[claim]] with says, system and what is claimed")]
    Empty {
        /// The file.
        file: String,
    },
    /// A claim that says nothing, or too much.
    #[error("{file}: claim {number} (`{says}`): {reason}")]
    Claim {
        /// The file.
        file: String,
        /// Counted from 1.
        number: usize,
        /// The claim.
        says: String,
        /// What is wrong, and what to write.
        reason: String,
    },
}

/// The largest file of claims, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a file of claims; `-` is standard input.
///
/// # Errors
/// When it cannot be read, is malformed, or a claim says not exactly one thing.
pub fn read(path: &Path) -> Result<Claims, FileError> {
    let file = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    let text = text(path).map_err(|error| FileError::Unreadable { file: file.clone(), error })?;
    let mut claims: Claims =
        toml::from_str(&text).map_err(|error| FileError::Malformed { file: file.clone(), error: Box::new(error) })?;
    if claims.claims.is_empty() {
        return Err(FileError::Empty { file });
    }
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    for (number, claim) in claims.claims.iter_mut().enumerate() {
        claim.complete().map_err(|reason| FileError::Claim {
            file: file.clone(),
            number: number + 1,
            says: claim.says.clone(),
            reason: reason.to_owned(),
        })?;
        claim.system = beside(&folder, &claim.system);
        claim.program = claim.program.take().map(|program| beside(&folder, &program));
    }
    Ok(claims)
}

/// A path from a folder, `..` taken back where that is plain.
fn beside(folder: &Path, path: &Path) -> PathBuf {
    use std::path::Component;
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        let plain = matches!(joined.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::ParentDir if plain => drop(joined.pop()),
            _ => joined.push(part),
        }
    }
    joined
}

fn text(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(path)?) };
    let read = source.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MOST_BYTES {
        return Err(std::io::Error::other("a file of claims has at most 1 MiB"));
    }
    Ok(text)
}

impl Claim {
    /// What is wrong, if a claim does not say exactly one thing.
    fn complete(&self) -> Result<(), &'static str> {
        let bounds = [&self.depth, &self.depth_at_most, &self.depth_at_least].map(|bound| usize::from(bound.is_some()));
        let growth = usize::from(self.growth.is_some());
        let fits = usize::from(self.steps_at_most.is_some());
        let weights = usize::from(self.weights.is_some());
        if bounds.iter().sum::<usize>() + growth + fits + weights != 1 {
            return Err("write exactly one of growth, depth, depth_at_most, depth_at_least, steps_at_most and weights");
        }
        if self.growth.is_some() != self.axis.is_some() {
            return Err("`growth` and `in` belong together: in = \"context\", growth = \"constant\"");
        }
        let rates = self.rate.is_some() || self.rate_at_least.is_some();
        if rates && self.growth != Some(Growth::Linear) {
            return Err("a rate belongs to growth = \"linear\"");
        }
        if self.rate.is_some() && self.rate_at_least.is_some() {
            return Err("write `rate` or `rate_at_least`, not both");
        }
        if self.recurrence.is_some() && (self.axis.as_deref() != Some("context") || rates) {
            return Err("recurrence = \"scan\" belongs to in = \"context\" and a growth without rate");
        }
        if self.steps_at_most.is_some() != self.program.is_some() {
            return Err("`steps_at_most` and `program` belong together");
        }
        if self.at.values().any(|length| *length == 0) {
            return Err("axes have a length of at least 1");
        }
        Ok(())
    }
}
