//! Lists of integers, or of names that stand for them, from the command line, a file or standard input; must not know what is done with them.

use std::io::Read;

use crate::cli::failure::Failure;
use crate::spec::Names;

/// Largest text read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Every list that the arguments name, at least one; tokens may be called by name where they have names.
pub(in crate::cli) fn read(arguments: &[String], names: Option<&Names>) -> Result<Vec<Vec<i64>>, Failure> {
    let mut lists = Vec::new();
    for argument in arguments {
        match argument.strip_prefix('@') {
            Some(path) => lines(path, std::fs::File::open(path), names, &mut lists)?,
            None if argument == "-" => lines("<stdin>", Ok(std::io::stdin().lock()), names, &mut lists)?,
            None => lists.push(list(argument, names).map_err(|error| Failure::refused(format!("--input: {error}")))?),
        }
    }
    if lists.is_empty() {
        return Err(Failure::refused(format!("{}: there is no line with a list in it", arguments.join(" "))));
    }
    names.map_or(Ok(()), |names| lists.iter().try_for_each(|list| begins(list, names)))?;
    Ok(lists)
}

/// Whether a list begins with the mark, where the model has one.
fn begins(list: &[i64], names: &Names) -> Result<(), Failure> {
    let Some(mark) = names.mark.filter(|mark| list.first() != Some(&(*mark as i64))) else { return Ok(()) };
    let name = names.tokens.get(mark as usize).map_or_else(|| mark.to_string(), Clone::clone);
    Err(Failure::refused(format!(
        "the first token must be `{name}`, which marks the beginning; write it before the others"
    )))
}

fn lines(
    name: &str,
    reader: std::io::Result<impl Read>,
    names: Option<&Names>,
    lists: &mut Vec<Vec<i64>>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("cannot read the input `{name}`: {error}"));
    let mut text = String::new();
    reader.map_err(failed)?.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Failure::refused(format!("the input `{name}` is larger than {} MiB", MAX_BYTES >> 20)));
    }
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        lists.push(list(line, names).map_err(|error| Failure::refused(format!("{name}:{number}: {error}")))?);
    }
    Ok(())
}

/// `0,1,2`, `0 1 2` or `[0, 1, 2]`.
fn list(text: &str, names: Option<&Names>) -> Result<Vec<i64>, String> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if inner.trim().is_empty() {
        return Err("the list is empty; write token ids such as 0,1,2".to_owned());
    }
    let word = |word: &str| match names {
        Some(names) => names.id(word.trim().trim_matches('"')).map(|id| id as i64),
        None => integer(word),
    };
    if inner.contains(',') {
        inner.split(',').map(word).collect()
    } else {
        inner.split_whitespace().map(word).collect()
    }
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
        assert_eq!(list(" [0, 1,2] ", None), Ok(vec![0, 1, 2]));
        assert_eq!(list("-3,4", None), Ok(vec![-3, 4]));
        assert_eq!(list(" 1  2 ", None), Ok(vec![1, 2]));
        for text in ["", "[]", "1,,2", "1 2,3", "[1", "1.5", "x", "99999999999999999999"] {
            assert!(list(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn names_stand_for_ids() {
        let tokens = ["BOS", "a", "b"].map(str::to_owned).into();
        let names = Names { tokens, ..Names::default() };
        for text in ["bos a b", "BOS,a,b", "[\"BOS\", \"a\", \"b\"]", "0 1 2"] {
            assert_eq!(list(text, Some(&names)), Ok(vec![0, 1, 2]), "{text}");
        }
        assert!(list("bos d", Some(&names)).unwrap_err().contains("the vocabulary is: BOS a b"));
    }
}
