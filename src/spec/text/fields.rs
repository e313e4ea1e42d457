//! Strict reading of one table: typed values, all problems collected, every key accounted for.

use super::document::{Entry, Node, Span, Value};
use super::nearest::nearest;
use super::source::Source;
use crate::spec::Error;
use crate::spec::error::Problem;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Most unknown keys told of at once.
const MAX_UNKNOWN: usize = 200;

/// The largest dimension accepted.
pub const MAX_DIMENSION: u64 = 1 << 40;

/// Problems found so far, in one text.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<(usize, Problem)>>);

impl Problems {
    fn push(&self, at: usize, problem: Problem) {
        self.0.borrow_mut().push((at, problem));
    }

    /// All of them, in the order of the text.
    pub fn finish(self) -> Result<(), Error> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        Error::all(problems.into_iter().map(|(_, problem)| problem).collect())
    }
}

/// One table being read. Every key asked for is known; [`Fields::finish`] refuses the rest.
///
/// A value that cannot be read is recorded and replaced by a harmless one, so that all problems of a text are told at once;
/// checks that involve it are skipped.
pub struct Fields<'a> {
    source: &'a Source,
    problems: &'a Problems,
    entries: &'a [Entry],
    title: String,
    span: Option<Span>,
    known: RefCell<BTreeSet<String>>,
    bad: RefCell<BTreeSet<String>>,
    missing: RefCell<Vec<String>>,
    is_table: bool,
}

impl<'a> Fields<'a> {
    /// Reads the table at the root of a text.
    pub fn root(source: &'a Source, problems: &'a Problems, node: &'a Node) -> Self {
        Self::of(source, problems, node, String::new(), None)
    }

    fn of(source: &'a Source, problems: &'a Problems, node: &'a Node, title: String, span: Option<Span>) -> Self {
        let entries: &[Entry] = match &node.value {
            Value::Table(entries) => entries,
            other => {
                let message = format!("{} is {}, not a table", named(&title, "the text"), other.kind());
                problems.push(node.span.start, source.problem(Some(&node.span), message));
                &[]
            }
        };
        let is_table = matches!(node.value, Value::Table(_));
        let (known, bad, missing) = Default::default();
        Self { source, problems, entries, title, span, known, bad, missing, is_table }
    }

    /// The text this table stands in.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// The table under a key, if the key is there and not null.
    pub fn table(&self, key: &str) -> Option<Fields<'a>> {
        let entry = self.entry(key)?;
        let title = if self.title.is_empty() { key.to_owned() } else { format!("{}.{key}", self.title) };
        let filled = entry.node.value != Value::Null;
        filled.then(|| Self::of(self.source, self.problems, &entry.node, title, Some(entry.span.clone())))
    }

    /// The tables of a list under a key; none where it is not there.
    pub fn tables(&self, key: &str) -> Vec<Fields<'a>> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            self.wrong(key, node, &format!("a list of tables, each begun by [[{}.{key}]]", self.title));
            return Vec::new();
        };
        let title = || format!("{}.{key}", self.title);
        items.iter().map(|item| Self::of(self.source, self.problems, item, title(), Some(item.span.clone()))).collect()
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.known.borrow_mut().insert(key.to_owned());
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether the key is written, even as null.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// The value under a key; null is no value.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.entry(key).map(|entry| &entry.node).filter(|node| node.value != Value::Null)
    }

    /// Keys that have no bearing on the forward pass.
    pub fn ignore(&self, keys: &[&str]) {
        self.known.borrow_mut().extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// Records a problem with a key's value, or with the table if the key is not there; one problem a key.
    pub fn refuse(&self, key: &str, message: impl Into<String>, help: Option<String>) {
        let span = self.entry(key).map(|entry| entry.node.span.clone()).or_else(|| self.span.clone());
        self.refuse_at(key, span, message, help);
    }

    /// Records a problem with a part of a key's value, one problem a key.
    pub fn refuse_at(&self, key: &str, span: Option<Span>, message: impl Into<String>, help: Option<String>) {
        if !self.bad.borrow_mut().insert(key.to_owned()) {
            return;
        }
        let problem = self.source.problem(span.as_ref(), message);
        let problem = if let Some(help) = help { problem.help(help) } else { problem };
        self.problems.push(span.map_or(0, |span| span.start), problem);
    }

    /// Refuses the first key's value unless a condition over some well-read keys holds.
    pub fn check(&self, keys: &[&str], holds: bool, message: impl FnOnce() -> String, help: &str) {
        let bad = keys.iter().any(|key| self.bad.borrow().contains(*key));
        if !holds && !bad {
            let place = keys.iter().find(|key| self.has(key)).or(keys.first());
            self.refuse(place.unwrap_or(&""), message(), (!help.is_empty()).then(|| help.to_owned()));
        }
    }

    /// Whether nothing was wrong with some keys.
    pub fn sound(&self, keys: &[&str]) -> bool {
        !keys.iter().any(|key| self.bad.borrow().contains(*key))
    }

    fn wrong(&self, key: &str, node: &Node, wanted: &str) {
        self.refuse(key, format!("`{key}` is {}, but must be {wanted}", node.value.kind()), None);
    }

    /// Records that a key is needed and not there.
    pub fn missing(&self, key: &str) {
        if self.bad.borrow_mut().insert(key.to_owned()) {
            self.missing.borrow_mut().push(format!("`{key}`"));
        }
    }

    fn within(&self) -> String {
        if self.title.is_empty() { String::new() } else { format!(" in `{}`", self.title) }
    }

    fn integer(&self, key: &str, low: u64, high: u64) -> Option<u64> {
        let node = self.get(key)?;
        let Value::Integer(value) = node.value else {
            self.wrong(key, node, "an integer");
            return None;
        };
        let found = u64::try_from(value).ok().filter(|value| (low..=high).contains(value));
        if found.is_none() {
            let written = self.source.text()[node.span.clone()].chars().take(40).collect::<String>();
            self.refuse(key, format!("`{key}` is {written}, but must be from {low} to {high}"), None);
        }
        found
    }

    /// An integer in a range, or the default if the key is absent or null.
    pub fn integer_or(&self, key: &str, low: u64, high: u64, default: u64) -> u64 {
        self.integer(key, low, high).unwrap_or(default)
    }

    /// A dimension, or the default if the key is absent or null.
    pub fn dimension_or(&self, key: &str, default: u64) -> u64 {
        self.integer(key, 1, MAX_DIMENSION).unwrap_or(default)
    }

    /// A dimension that need not be there; null is the same as absent.
    pub fn maybe_dimension(&self, key: &str) -> Option<u64> {
        self.integer(key, 1, MAX_DIMENSION)
    }

    /// A dimension that must be there.
    pub fn dimension(&self, key: &str) -> u64 {
        self.required(key, MAX_DIMENSION)
    }

    /// A count that must be there, at most the limit.
    pub fn required(&self, key: &str, high: u64) -> u64 {
        if self.get(key).is_none() {
            self.missing(key);
        }
        self.integer(key, 1, high).unwrap_or(1)
    }

    /// A flag, or the default.
    pub fn flag_or(&self, key: &str, default: bool) -> bool {
        let Some(node) = self.get(key) else { return default };
        if let Value::Flag(flag) = node.value {
            return flag;
        }
        self.wrong(key, node, "true or false");
        default
    }

    /// A flag for which only one value is supported.
    pub fn only(&self, key: &str, wanted: bool, why: &str) {
        let found = self.flag_or(key, wanted);
        self.check(&[key], found == wanted, || format!("`{key}` = {found} is not supported: {why}"), "");
    }

    /// A finite number above zero, if the key is there and not null.
    pub fn maybe_positive(&self, key: &str) -> Option<f64> {
        let node = self.get(key)?;
        let number = match node.value {
            Value::Integer(value) => value as f64,
            Value::Real(value) => value,
            _ => {
                self.wrong(key, node, "a number");
                return None;
            }
        };
        let fits = number.is_finite() && number > 0.0;
        self.check(&[key], fits, || format!("`{key}` is {number}, but must be a finite number above zero"), "");
        fits.then_some(number)
    }

    /// A finite number above zero, or the default.
    pub fn positive_or(&self, key: &str, default: f64) -> f64 {
        self.maybe_positive(key).unwrap_or(default)
    }

    /// Text, if the key is there and not null.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let node = self.get(key)?;
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        self.wrong(key, node, "text in double quotes");
        None
    }

    /// How many items the list under a key has, if there is a list.
    pub fn list_len(&self, key: &str) -> Option<u64> {
        let node = self.get(key)?;
        if let Value::List(items) = &node.value {
            return Some(items.len() as u64);
        }
        self.wrong(key, node, "a list");
        None
    }

    /// Whether a text stands under the key.
    pub fn is_text(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| matches!(node.value, Value::Text(_)))
    }

    /// A list of texts, if the key is there and not null.
    pub fn texts(&self, key: &str) -> Option<Vec<&'a str>> {
        let node = self.get(key)?;
        let list = match &node.value {
            Value::List(items) => items.iter().map(|item| as_text(&item.value)).collect(),
            _ => None,
        };
        if list.is_none() {
            self.refuse(key, format!("`{key}` must be a list of texts"), None);
        }
        list
    }

    /// A list of integers that are not negative, if the key is there and not null.
    pub fn integers(&self, key: &str) -> Option<Vec<u64>> {
        let node = self.get(key)?;
        let integer = |value: &Value| if let Value::Integer(value) = value { u64::try_from(*value).ok() } else { None };
        let list = match &node.value {
            Value::List(items) => items.iter().map(|item| integer(&item.value)).collect(),
            _ => None,
        };
        if list.is_none() {
            self.refuse(key, format!("`{key}` must be a list of integers that are not negative"), None);
        }
        list
    }

    /// One of some words; absent or null is the default, and a missing default makes the key required.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)], default: Option<T>) -> T {
        let written = self.text(key);
        let found = written.and_then(|text| words.iter().find(|(word, _)| *word == text));
        if let (Some(text), None) = (written, found) {
            self.refuse(key, format!("`{key}` = {text:?} is not supported"), Some(alternatives(text, words)));
        } else if default.is_none() && self.get(key).is_none() {
            self.missing(key);
        }
        found.map(|(_, value)| *value).or(default).unwrap_or(words[0].1)
    }

    /// Refuses every key that was neither asked for nor ignored, and tells which required ones are not there.
    pub fn finish(&self, help: &str) {
        self.finish_missing();
        let known = self.known.borrow();
        for entry in self.entries.iter().filter(|entry| !known.contains(&entry.key)).take(MAX_UNKNOWN) {
            let near = nearest(&entry.key, known.iter().map(String::as_str));
            let help = near.map_or_else(|| help.to_owned(), |near| format!("did you mean `{near}`?"));
            let message = format!("unknown key `{}`{}", entry.key, self.within());
            self.problems.push(entry.span.start, self.source.problem(Some(&entry.span), message).help(help));
        }
    }

    fn finish_missing(&self) {
        let missing = self.missing.borrow();
        let message = match missing.as_slice() {
            [] => return,
            [key] => format!("key {key} is missing{}", self.within()),
            keys => format!("keys {} are missing{}", keys.join(", "), self.within()),
        };
        if self.is_table {
            let at = self.span.as_ref().map_or(0, |span| span.start);
            self.problems.push(at, self.source.problem(self.span.as_ref(), message));
        }
    }
}

fn as_text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn named(title: &str, root: &str) -> String {
    if title.is_empty() { root.to_owned() } else { format!("`{title}`") }
}

fn alternatives<T>(text: &str, words: &[(&str, T)]) -> String {
    let near = nearest(text, words.iter().map(|(word, _)| *word));
    let all: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    let list = format!("supported: {}", all.join(", "));
    near.map_or(list.clone(), |near| format!("did you mean {near:?}? {list}"))
}
