//! Recorded inputs and outputs from a file of one JSON object a line; must not know how a model is run.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{AgreementError, Output, Recorded};
use crate::spec::Names;

/// A line: `in` and `argmax` of token ids; or, of a model that names its tokens, `in` of names without the mark of the
/// beginning and `out` of names of classes or of numbers. Other fields are not read.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "in")]
    input: Vec<Value>,
    argmax: Option<Vec<u64>>,
    out: Option<Vec<Value>>,
}

/// Reads a file of one JSON object a line; tokens may be called by their names.
///
/// # Errors
/// When it cannot be read, or a line is malformed.
pub fn read(path: &Path, names: Option<&Names>) -> Result<Vec<Recorded>, AgreementError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| AgreementError::File { path: name.clone(), error })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        recorded(line, names).map_err(|error| AgreementError::Line { path: name.clone(), line: number + 1, error })
    };
    let recorded: Vec<Recorded> = lines.map(parse).collect::<Result<_, _>>()?;
    if recorded.is_empty() {
        return Err(AgreementError::Line { path: name, line: 1, error: "there is no recorded input".to_owned() });
    }
    Ok(recorded)
}

fn recorded(line: &str, names: Option<&Names>) -> Result<Recorded, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let ids = line.input.iter().map(|token| id(token, names)).collect::<Result<Vec<u64>, String>>()?;
    let (input, output) = match (line.argmax, line.out, names) {
        (Some(chosen), None, _) => (ids, Output::Choices(chosen)),
        (None, Some(out), Some(names)) => (names.mark.into_iter().chain(ids).collect(), answers(&out, names)?),
        (None, Some(_), None) => return Err("`out` is for a model that names its tokens; write `argmax`".to_owned()),
        _ => return Err("a line has either `argmax` or `out`".to_owned()),
    };
    let wanted = match &output {
        Output::Choices(chosen) => chosen.len(),
        Output::Numbers(numbers) => numbers.len(),
    };
    let same = wanted == line.input.len() && wanted > 0;
    if same { Ok(Recorded { input, output }) } else { Err("its lists are of the same length, not empty".to_owned()) }
}

fn id(token: &Value, names: Option<&Names>) -> Result<u64, String> {
    let word = told(token);
    match names {
        Some(names) => names.id(&word),
        None => token.as_u64().ok_or_else(|| format!("`{word}` is no token id")),
    }
}

fn answers(out: &[Value], names: &Names) -> Result<Output, String> {
    if names.classes.is_none() {
        let number = |value: &Value| value.as_f64().ok_or_else(|| format!("`{}` is no number", told(value)));
        return Ok(Output::Numbers(out.iter().map(number).collect::<Result<_, _>>()?));
    }
    let class = |value: &Value| {
        let name = told(value);
        names.class_of(&name).ok_or_else(|| format!("`{name}` is none of the model's classes"))
    };
    Ok(Output::Choices(out.iter().map(class).collect::<Result<_, _>>()?))
}

/// A text as it is, anything else as it is written.
fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
