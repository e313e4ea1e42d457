//! One input text with its name, read whole and bounded; knows nothing of what is in it.

use super::document::Span;
use crate::spec::Error;
use crate::spec::error::{Place, Problem};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest text read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Endings of files that hold weights, not a specification.
const WEIGHT_FILES: [&str; 8] = ["safetensors", "bin", "pt", "pth", "gguf", "onnx", "h5", "msgpack"];

/// A text and where it came from.
#[derive(Debug)]
pub struct Source {
    name: String,
    path: Option<PathBuf>,
    text: String,
}

impl Source {
    /// Reads a path; `-` is standard input and a directory means its `config.json` or `manifest.json`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path == Path::new("-") {
            return Self::from_reader("<stdin>".to_owned(), None, &mut std::io::stdin().lock());
        }
        let name = path.display().to_string();
        let data = std::fs::metadata(path).map_err(|error| no_file(&name, &error))?;
        if data.is_dir() {
            return Self::open_directory(path);
        }
        refuse_weights(path)?;
        let mut file = File::open(path).map_err(|error| no_file(&name, &error))?;
        Self::from_reader(name, Some(path.to_owned()), &mut file)
    }

    fn open_directory(path: &Path) -> Result<Self, Error> {
        let config = path.join("config.json");
        if config.is_file() {
            return Self::open(&config);
        }
        let manifest = path.join("manifest.json");
        if manifest.is_file() {
            return Self::open(&manifest);
        }
        let message = format!("`{}` is a directory without a config.json or manifest.json", path.display());
        Err(Problem::new(message).help("name the specification file itself, or a Hugging Face model directory").into())
    }

    fn from_reader(name: String, path: Option<PathBuf>, reader: &mut dyn Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let failed = |error: std::io::Error| no_file(&name, &error);
        reader.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            let message = format!("`{name}` is larger than {} MiB, which no specification is", MAX_BYTES >> 20);
            return Err(Problem::new(message).into());
        }
        Self::from_bytes(name, path, bytes)
    }

    fn from_bytes(name: String, path: Option<PathBuf>, bytes: Vec<u8>) -> Result<Self, Error> {
        let text = String::from_utf8(bytes).map_err(|error| not_text(&name, &error.utf8_error()))?;
        if text.trim().is_empty() {
            return Err(Problem::new(format!("`{name}` is empty"))
                .help("it should hold a model as TOML or JSON")
                .into());
        }
        if text.starts_with("version https://git-lfs") {
            let message = format!("`{name}` is a Git LFS pointer, not the file itself");
            return Err(Problem::new(message).help("fetch the file with `git lfs pull`").into());
        }
        Ok(Self { name, path, text })
    }

    /// A text that is no file.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        Self::from_bytes(name.to_owned(), None, text.as_bytes().to_vec())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's ending, in lower case.
    pub fn extension(&self) -> Option<String> {
        Some(self.path.as_ref()?.extension()?.to_string_lossy().to_lowercase())
    }

    /// The path, unless it is standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// A file named in the text, relative to the text's own directory.
    pub fn beside(&self, file: &str) -> PathBuf {
        let directory = self.path.as_deref().and_then(Path::parent);
        directory.map_or_else(|| PathBuf::from(file), |directory| directory.join(file))
    }

    /// A problem at a span of the text, or with the text as a whole.
    pub fn problem(&self, span: Option<&Span>, message: impl Into<String>) -> Problem {
        let place = match span {
            Some(span) => Place::span(&self.name, &self.text, span),
            None => Place::file(&self.name),
        };
        Problem::new(message).at(place)
    }
}

fn no_file(name: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new(format!("there is no file `{name}`")).into(),
        _ => Problem::new(format!("cannot read `{name}`: {error}")).into(),
    }
}

fn not_text(name: &str, error: &std::str::Utf8Error) -> Error {
    let at = error.valid_up_to();
    let message = format!("`{name}` is not UTF-8 text: the byte at offset {at} begins no character");
    Problem::new(message).help("save the file as UTF-8; a binary file is no specification").into()
}

fn refuse_weights(path: &Path) -> Result<(), Error> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !WEIGHT_FILES.contains(&ending.as_str()) {
        return Ok(());
    }
    let message = format!("`{}` is named like a weight file, not a specification", path.display());
    Err(Problem::new(message).help("name the config.json beside it, or a TOML file whose [weights] name it").into())
}
