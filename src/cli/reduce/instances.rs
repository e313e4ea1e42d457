//! From flags and files to the instances that are run; must not know what is done with them.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::Common;
use crate::cli::failure::Failure;
use crate::problems::draws::Draws;
use crate::problems::netlist::Netlist;
use crate::problems::{Family, Instance, aiger, functions, permutations, words};
use crate::report::figures::grouped;
use crate::report::reduction::Chosen;

/// Largest file read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The most instances of one run.
const MOST_INSTANCES: u64 = 1 << 20;

/// Letters where no number is given: of random instances, and of all.
const LETTERS: u64 = 16;

/// Instances of one size.
pub(super) struct Instances {
    /// All of that size.
    pub family: Family,
    /// How they were chosen.
    pub chosen: Chosen,
    /// Those that were given.
    given: Vec<Instance>,
    /// How many, where none were given.
    count: u64,
}

impl Instances {
    /// Each in turn.
    pub fn all(&self) -> Box<dyn Iterator<Item = Instance> + '_> {
        match self.chosen {
            Chosen::Given => Box::new(self.given.iter().cloned()),
            Chosen::All => Box::new((0..self.count).map(|number| self.family.instance(number))),
            Chosen::Random { seed } => {
                let mut draws = Draws::new(seed);
                Box::new((0..self.count).map(move |_| self.family.random(&mut draws)))
            }
        }
    }

    /// These instances.
    fn given(given: Vec<Instance>) -> Result<Self, Failure> {
        let family = given.first().map(Instance::family);
        let family = family.ok_or_else(|| Failure::refused("there is no instance"))?;
        let count = given.len() as u64;
        Ok(Self { family, chosen: Chosen::Given, given, count })
    }

    /// Those of a size that the flags name.
    fn of(family: Family, common: &Common) -> Result<Self, Failure> {
        let (chosen, count) = match (common.exhaustive, common.random) {
            (true, _) => (Chosen::All, family.count().unwrap_or(u64::MAX)),
            (false, random) => (Chosen::Random { seed: common.seed }, random.unwrap_or(1)),
        };
        if count > MOST_INSTANCES {
            let most = grouped(&MOST_INSTANCES.to_string());
            let many = if count == u64::MAX { "too many".to_owned() } else { grouped(&count.to_string()) };
            let help = "take a smaller size, or fewer with --random N";
            return Err(Failure::refused(format!("{many} instances; at most {most} are run at once\n  help: {help}")));
        }
        Ok(Self { family, chosen, given: Vec::new(), count })
    }
}

/// A length as the size of a family.
fn length(length: Option<u64>) -> Result<usize, Failure> {
    let length = length.unwrap_or(LETTERS);
    usize::try_from(length).map_err(|_| Failure::refused(format!("{length} letters are too many")))
}

pub(super) fn parity(word: Option<&str>, letters: Option<u64>, common: &Common) -> Result<Instances, Failure> {
    match word {
        Some(word) => Instances::given(vec![Instance::Parity(bits("--word", word)?)]),
        None => Instances::of(Family::Parity(length(letters)?), common),
    }
}

pub(super) fn s5(word: Option<&str>, letters: Option<u64>, common: &Common) -> Result<Instances, Failure> {
    match word {
        Some(word) => {
            let word = permutations::parse(&text("--word", word)?).map_err(|error| named("--word", word, error))?;
            Instances::given(vec![Instance::Permutations(word)])
        }
        None => Instances::of(Family::Permutations(length(letters)?), common),
    }
}

pub(super) fn inner_product(
    words: Option<(&str, &str)>,
    letters: Option<u64>,
    common: &Common,
) -> Result<Instances, Failure> {
    let Some((a, b)) = words else { return Instances::of(Family::InnerProduct(length(letters)?), common) };
    let (a, b) = (bits("--a", a)?, bits("--b", b)?);
    if a.len() != b.len() {
        return Err(Failure::refused(format!(
            "--a has {} letters, --b has {}: they must be as long",
            a.len(),
            b.len()
        )));
    }
    Instances::given(vec![Instance::InnerProduct(a, b)])
}

pub(super) fn circuit(netlist: Netlist, inputs: Option<&str>, common: &Common) -> Result<Instances, Failure> {
    let netlist = Arc::new(netlist);
    if netlist.inputs == 0 && inputs.is_none() {
        return Instances::given(vec![Instance::Circuit(netlist, Vec::new())]);
    }
    let Some(inputs) = inputs else { return Instances::of(Family::Circuit(netlist), common) };
    let given = bits("--inputs", inputs)?;
    if given.len() != netlist.inputs {
        let message = format!("--inputs has {} bits, but the circuit has {} inputs", given.len(), netlist.inputs);
        return Err(Failure::refused(message));
    }
    Instances::given(vec![Instance::Circuit(netlist, given)])
}

pub(super) fn compose(
    file: Option<&Path>,
    start: Option<u32>,
    (points, letters): (usize, Option<u64>),
    common: &Common,
) -> Result<Instances, Failure> {
    let Some(file) = file else {
        return Instances::of(Family::Composition { points, functions: length(letters)? }, common);
    };
    let list = functions::parse(&utf8(file, read(file)?)?).map_err(|error| Failure::at(file, error))?;
    let points = list.first().map_or(0, Vec::len);
    let starts = match start {
        Some(start) if start as usize >= points => {
            return Err(Failure::refused(format!("--start is {start}, but the points are 0 to {}", points - 1)));
        }
        Some(start) => start as usize..start as usize + 1,
        None => 0..points,
    };
    Instances::given(starts.map(|start| Instance::Composition(list.clone(), start)).collect())
}

/// A circuit in AIGER.
pub(super) fn netlist(file: &Path) -> Result<Netlist, Failure> {
    aiger::parse(&read(file)?).map_err(|error| Failure::at(file, error))
}

fn bits(flag: &str, word: &str) -> Result<Vec<bool>, Failure> {
    words::parse(&text(flag, word)?).map_err(|error| named(flag, word, error))
}

/// An error with the flag, or the file it names.
fn named(flag: &str, word: &str, error: impl std::fmt::Display) -> Failure {
    match word.strip_prefix('@') {
        Some(file) => Failure::at(Path::new(file), error),
        None => Failure::refused(format!("{flag}: {error}")),
    }
}

/// The text itself, or that of the file it names.
fn text(flag: &str, word: &str) -> Result<String, Failure> {
    match word.strip_prefix('@') {
        Some("") => Err(Failure::refused(format!("{flag}: @ needs the name of a file"))),
        Some(file) => utf8(Path::new(file), read(Path::new(file))?),
        None if word == "-" => utf8(Path::new(word), read(Path::new(word))?),
        None => Ok(word.to_owned()),
    }
}

fn utf8(file: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        Failure::at(
            file,
            format!("not UTF-8 text: the byte at offset {} begins no character", error.utf8_error().valid_up_to()),
        )
    })
}

/// The bytes of a file, bounded; `-` is standard input.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::at(file, format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    match file == Path::new("-") {
        true => std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes),
        false => std::fs::File::open(file).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes),
    }
    .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::at(file, format!("larger than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(bytes)
}
