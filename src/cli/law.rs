//! Files with a law and its certificates: written by `report`, checked by `verify`; must not know how either is found.

use std::path::{Path, PathBuf};

use clap::Parser;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::settings::Settings;
use super::{output, system};
use crate::atomic;
use crate::certificate::check::check;
use crate::certificate::{self, Certificate};
use crate::pipeline::looped::LoopedModel;
use crate::pipeline::subject::Subject;
use crate::report::json;
use crate::report::skeleton::SkeletonText;
use crate::spec::Document;
use crate::words::Strategy;

/// The version of the fields of a law file.
const SCHEMA: &str = "isobath.law/1";

/// The largest law file, in bytes.
const MOST_BYTES: u64 = 32 << 20;

/// A law of one system, with what is needed to make its circuit again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LawFile {
    schema: String,
    /// The system's file, as it was named.
    system: PathBuf,
    /// The flags it was lowered with.
    flags: Vec<String>,
    /// What the certificates prove, for a reader; a line that none of them proves is refused.
    law: Vec<String>,
    certificates: Vec<Certificate>,
}

/// Writes the law of a document.
pub(super) fn write(to: &Path, from: &Path, document: &Document, settings: &Settings) -> Result<(), Failure> {
    let subject =
        Subject::new(document, &settings.options(Strategy::Depth, false)).map_err(|e| Failure::at(from, e))?;
    let file = LawFile {
        schema: SCHEMA.to_owned(),
        system: from.to_owned(),
        flags: settings.flags(),
        law: subject.law.proved.iter().map(ToString::to_string).collect(),
        certificates: subject.law.certificates.clone(),
    };
    let text = json::json(&file)?;
    if to == Path::new("-") {
        return output::print(text.as_bytes());
    }
    atomic::write(to, |out| std::io::Write::write_all(out, text.as_bytes())).map_err(|e| Failure::at(to, e))
}

/// What `verify` was asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A law file that `report --certificate` wrote, or a single certificate; `-` for standard input
    file: PathBuf,
    /// The system it is of, in place of the one the file names
    #[arg(long, value_name = "FILE")]
    of: Option<PathBuf>,
    /// Print one JSON object (isobath.verify/1)
    #[arg(long)]
    json: bool,
    /// Print the skeleton the certificates are about as JSON (isobath.skeleton/1), for checkers other than this one, and check nothing
    #[arg(long, conflicts_with = "json")]
    skeleton: bool,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "\
Examples:
  isobath report circuits/gd-least-squares.toml --certificate gd.json && isobath verify gd.json
  isobath verify gd.json --of circuits/gd-least-squares.toml

The system is lowered again from its file; the checker then needs nothing but that circuit and the certificate.
Exit codes: 0 every certificate holds, 1 one does not, 2 the file was refused.";

/// Settings read back from flags.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Serialize)]
struct Verified {
    schema: &'static str,
    system: String,
    /// At most, in the lengths of axes.
    gates: String,
    proved: Vec<String>,
    refused: Vec<String>,
}

/// Makes the circuit again and checks every certificate against it.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let Read { named, flags, law, certificates } = read(&args.file)?;
    let Some(from) = args.of.clone().or(named) else {
        return Err(Failure::at(&args.file, "a single certificate does not name its system: add --of FILE"));
    };
    let recorded = Flags::try_parse_from(&flags).map_err(|error| Failure::at(&args.file, error))?.settings;
    let settings = if args.settings == Settings::default() { &recorded } else { &args.settings };
    let document = system::read(&from, settings)?;
    let options = settings.options(Strategy::Depth, false);
    let model = LoopedModel::of(&document, &options).map_err(|error| Failure::at(&from, error))?;
    let skeleton = model.skeleton();
    if args.skeleton {
        return output::print(json::json(&SkeletonText::new(&skeleton))?.as_bytes());
    }
    let mut verified = Verified {
        schema: "isobath.verify/1",
        system: from.display().to_string(),
        gates: model.size_law().gates.to_string(),
        proved: vec![],
        refused: vec![],
    };
    for certificate in &certificates {
        match check(&skeleton, certificate) {
            Ok(proved) => verified.proved.push(proved.to_string()),
            Err(error) => verified.refused.push(error.to_string()),
        }
    }
    let unproved = law.iter().filter(|line| !verified.proved.contains(line));
    verified.refused.extend(unproved.map(|line| format!("no certificate proves the line `{line}` of `law`")));
    output::print(if args.json { json::json(&verified)? } else { text(&verified) }.as_bytes())?;
    match verified.refused.len() {
        0 => Ok(()),
        refused => {
            let all = certificates.len() + law.len();
            Err(Failure::Disagreement(format!("{refused} of {all} certificates and lines of `law` do not hold")))
        }
    }
}

fn text(verified: &Verified) -> String {
    let proved = verified.proved.iter().map(|line| format!("proved   {line}\n"));
    let refused = verified.refused.iter().map(|line| format!("REFUSED  {line}\n"));
    format!("{}: gates at most {}\n{}", verified.system, verified.gates, proved.chain(refused).collect::<String>())
}

/// What tells which schema is to be read; all else is skipped.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    schema: String,
    #[serde(default)]
    certificates: Vec<Head>,
}

/// A law file, or a single certificate.
struct Read {
    /// The system's file.
    named: Option<PathBuf>,
    flags: Vec<String>,
    law: Vec<String>,
    certificates: Vec<Certificate>,
}

fn read(path: &Path) -> Result<Read, Failure> {
    let text = text_of(path).map_err(|error| Failure::at(path, error))?;
    let head: Head = serde_json::from_str(&text).map_err(|error| Failure::at(path, error))?;
    let refused = |found: &str, read: &str| Err(Failure::at(path, format!("`schema` is `{found}`, not {read}")));
    match &*head.schema {
        SCHEMA => {
            if let Some(other) = head.certificates.iter().find(|one| one.schema != certificate::SCHEMA) {
                return refused(
                    &other.schema,
                    &format!("{} in a certificate: write the law again with `report`", certificate::SCHEMA),
                );
            }
            let file: LawFile = serde_json::from_str(&text).map_err(|error| Failure::at(path, error))?;
            if file.certificates.is_empty() {
                return Err(Failure::at(path, "there is no certificate in it"));
            }
            let LawFile { system, flags, law, certificates, .. } = file;
            Ok(Read { named: Some(system), flags, law, certificates })
        }
        certificate::SCHEMA => {
            let one: Certificate = serde_json::from_str(&text).map_err(|error| Failure::at(path, error))?;
            Ok(Read { named: None, flags: Vec::new(), law: Vec::new(), certificates: vec![one] })
        }
        other => refused(other, &format!("{SCHEMA} or {}", certificate::SCHEMA)),
    }
}

fn text_of(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(path)?) };
    let mut text = String::new();
    let read = source.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MOST_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(text)
}
