//! Lists of integers from the command line, a file or standard input; must not know what they stand for.

use std::io::Read;

use crate::cli::failure::Failure;

/// Largest text read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Every list that the arguments name, at least one.
pub(super) fn read(arguments: &[String]) -> Result<Vec<Vec<i64>>, Failure> {
    let mut lists = Vec::new();
    for argument in arguments {
        match argument.strip_prefix('@') {
            Some(path) => lines(path, std::fs::File::open(path), &mut lists)?,
            None if argument == "-" => lines("<stdin>", Ok(std::io::stdin().lock()), &mut lists)?,
            None => lists.push(list(argument).map_err(|error| Failure::refused(format!("--input: {error}")))?),
        }
    }
    if lists.is_empty() { Err(Failure::refused("--input: there is no line with a list in it")) } else { Ok(lists) }
}

fn lines(name: &str, reader: std::io::Result<impl Read>, lists: &mut Vec<Vec<i64>>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("cannot read the input `{name}`: {error}"));
    let mut text = String::new();
    reader.map_err(failed)?.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Failure::refused(format!("the input `{name}` is larger than {} MiB", MAX_BYTES >> 20)));
    }
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        lists.push(list(line).map_err(|error| Failure::refused(format!("{name}:{number}: {error}")))?);
    }
    Ok(())
}

/// `0,1,2` or `[0, 1, 2]`.
fn list(text: &str) -> Result<Vec<i64>, String> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if inner.trim().is_empty() {
        return Err("the list is empty; write token ids such as 0,1,2".to_owned());
    }
    inner.split(',').map(integer).collect()
}

fn integer(text: &str) -> Result<i64, String> {
    let short: String = text.trim().chars().take(40).collect();
    text.trim().parse().map_err(|_| format!("`{short}` is not a token id; write integers such as 0,1,2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_both_forms() {
        assert_eq!(list(" [0, 1,2] "), Ok(vec![0, 1, 2]));
        assert_eq!(list("-3,4"), Ok(vec![-3, 4]));
        for text in ["", "[]", "1,,2", "1 2", "[1", "1.5", "x", "99999999999999999999"] {
            assert!(list(text).is_err(), "{text}");
        }
    }
}
