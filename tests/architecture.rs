//! Holds the sources against ARCHITECTURE.md: who imports whom, and what no file may contain.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 500;

/// Of the whole checker of certificates, comments included.
const MOST_CHECKER_LINES: usize = 250;

/// The one module that maps files into memory.
const UNSAFE: [&str; 3] = ["spec", "weights", "map"];

// ---- Words of a source ----

/// Identifiers, `::` and single punctuation marks; comments, strings and characters left out.
fn tokens(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let skipped = comment(rest).or_else(|| string(rest)).or_else(|| character(rest));
        if let Some(skipped) = skipped {
            at += skipped;
            continue;
        }
        let len = match rest {
            [first, ..] if is_word(*first) => rest.iter().take_while(|c| is_word(**c)).count(),
            [':', ':', ..] => 2,
            _ => 1,
        };
        if !rest[0].is_whitespace() {
            found.push(rest[..len].iter().collect());
        }
        at += len;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn comment(text: &[char]) -> Option<usize> {
    match text {
        ['/', '/', ..] => Some(text.iter().take_while(|c| **c != '\n').count()),
        ['/', '*', ..] => {
            let (mut depth, mut at) = (0, 0);
            while at < text.len() {
                match text[at..] {
                    ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
                    ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            Some(at)
        }
        _ => None,
    }
}

/// A string, plain or raw, with its prefix.
fn string(text: &[char]) -> Option<usize> {
    let prefix = text.iter().take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    let raw = prefix > 0 && text[prefix - 1] == 'r';
    let marks = if raw { text[prefix..].iter().take_while(|c| **c == '#').count() } else { 0 };
    if text.get(prefix + marks) != Some(&'"') || prefix > 2 {
        return None;
    }
    let mut at = prefix + marks + 1;
    while at < text.len() {
        let closes = text[at] == '"' && text[at + 1..].iter().take(marks).filter(|c| **c == '#').count() == marks;
        if closes {
            return Some(at + 1 + marks);
        }
        at += if text[at] == '\\' && !raw { 2 } else { 1 };
    }
    Some(text.len())
}

/// A character; lifetimes are none.
fn character(text: &[char]) -> Option<usize> {
    match text {
        ['\'', '\\', ..] => Some(3 + text[3..].iter().take_while(|c| **c != '\'').count() + 1),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

// ---- What a source declares and reads ----

/// What one file says, its test modules left out.
#[derive(Default)]
struct Facts {
    /// Paths from the root of the crate.
    paths: Vec<Vec<String>>,
    /// Modules declared, those for tests too.
    modules: Vec<String>,
    /// Those for tests.
    test_modules: Vec<String>,
    faults: Vec<String>,
}

/// Reads a file that is the module `module`.
fn facts(source: &str, module: &[String]) -> Facts {
    let mut facts = Facts::default();
    let tokens = untested(&tokens(source), &mut facts);
    for (at, token) in tokens.iter().enumerate() {
        let next = |ahead: usize| tokens.get(at + ahead).map_or("", String::as_str);
        match (token.as_str(), next(1), next(2)) {
            ("super", "::", "super") => facts.faults.push("super::super".to_owned()),
            ("crate" | "isobath", "::", _) => tree(&tokens, at + 2, &[], &mut facts.paths),
            // The parent of a module at the top is the root.
            ("super", "::", _) if module.len() == 1 => tree(&tokens, at + 2, &[], &mut facts.paths),
            ("crate", "as", _) => facts.faults.push("the crate under another name".to_owned()),
            ("unsafe", ..) if module != UNSAFE => facts.faults.push("unsafe".to_owned()),
            ("todo" | "unimplemented", "!", _) => facts.faults.push(format!("{token}!")),
            ("mod", name, ";") => facts.modules.push(name.to_owned()),
            _ => {}
        }
    }
    globs(&tokens, &mut facts);
    facts
}

/// Without the items under `#[cfg(test)]`.
fn untested(tokens: &[String], facts: &mut Facts) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if !tokens[at..].iter().map(String::as_str).take(7).eq(MARK) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = item_end(tokens, at + 7);
        if let [.., word, name, semicolon] = &tokens[at..end]
            && word == "mod"
            && semicolon == ";"
        {
            facts.modules.push(name.clone());
            facts.test_modules.push(name.clone());
        }
        at = end;
    }
    kept
}

/// One after the `;` or the closing brace of an item.
fn item_end(tokens: &[String], from: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Every path of a `use` tree, or the one path of an expression, that begins at a token.
fn tree(tokens: &[String], at: usize, before: &[String], paths: &mut Vec<Vec<String>>) {
    let Some(token) = tokens.get(at) else { return };
    if token == "{" {
        let mut depth = 0;
        for (inner, token) in tokens.iter().enumerate().skip(at) {
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            match (depth, token.as_str()) {
                (0, _) => return,
                (1, "{" | ",") if tokens[inner + 1] != "}" => tree(tokens, inner + 1, before, paths),
                _ => {}
            }
        }
        return;
    }
    let path: Vec<String> = before.iter().cloned().chain([token.clone()]).collect();
    let more = tokens.get(at + 1).is_some_and(|next| next == "::");
    match tokens.get(at + 2) {
        Some(next) if more && next != "<" => tree(tokens, at + 2, &path, paths),
        _ => paths.push(path),
    }
}

/// Glob imports of modules of this crate.
fn globs(tokens: &[String], facts: &mut Facts) {
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| *token == "use") {
        let mut paths = Vec::new();
        tree(tokens, at + 1, &[], &mut paths);
        for path in paths {
            let own =
                ["crate", "super", "self", "isobath"].contains(&path[0].as_str()) || facts.modules.contains(&path[0]);
            if own && path.last().is_some_and(|last| last == "*") {
                facts.faults.push(format!("glob import {}", path.join("::")));
            }
        }
    }
}

// ---- The table ----

type Rows = BTreeMap<Vec<String>, Vec<Vec<String>>>;

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::to_owned).collect()
}

/// The fenced table of imports.
fn rows(document: &str) -> Rows {
    let table = document.split("```imports\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let row = |line: &str| {
        let colon = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?;
        let imports = line[colon + 1..].split_whitespace().map(segments).collect();
        Some((segments(line[..colon].trim()), imports))
    };
    table.lines().filter_map(row).collect()
}

/// Whether a module may name a path.
fn allowed(rows: &Rows, module: &[String], path: &[String]) -> bool {
    let granted = rows.iter().filter(|(row, _)| module.starts_with(row)).flat_map(|(_, imports)| imports);
    path[0] == module[0] || granted.into_iter().any(|import| path.starts_with(import))
}

/// What is wrong with one source.
fn faults(rows: &Rows, module: &[String], source: &str) -> Vec<String> {
    let facts = facts(source, module);
    let mut faults = facts.faults;
    let forbidden = facts.paths.iter().filter(|path| !allowed(rows, module, path));
    faults.extend(forbidden.map(|path| format!("{} may not name crate::{}", module.join("::"), path.join("::"))));
    if source.lines().count() > MOST_LINES {
        faults.push(format!("more than {MOST_LINES} lines"));
    }
    faults
}

// ---- The files ----

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            true => found.extend(files(&entry)),
            false if entry.extension().is_some_and(|ending| ending == "rs") => found.push(entry),
            false => {}
        }
    }
    found.sort();
    found
}

/// The files that modules reach from a root file, as module paths; those for tests apart.
fn reached(file: &Path, module: &[String], tested: bool, all: &mut BTreeMap<PathBuf, (Vec<String>, bool)>) {
    let facts = facts(&fs::read_to_string(file).unwrap(), module);
    let at_root = matches!(module, [only] if only == "lib" || only == "main");
    for name in &facts.modules {
        let mut path = if at_root { Vec::new() } else { module.to_vec() };
        path.push(name.clone());
        let plain = root().join("src").join(path.join("/"));
        let found = [plain.with_extension("rs"), plain.join("mod.rs")].into_iter().find(|file| file.exists());
        let found = found.unwrap_or_else(|| panic!("no file for module {}", path.join("::")));
        reached(&found, &path, tested || facts.test_modules.contains(name), all);
    }
    all.insert(file.to_owned(), (module.to_vec(), tested));
}

fn sources() -> BTreeMap<PathBuf, (Vec<String>, bool)> {
    let mut all = BTreeMap::new();
    for name in ["lib", "main"] {
        reached(&root().join("src").join(name).with_extension("rs"), &segments(name), false, &mut all);
    }
    all
}

#[test]
fn the_sources_keep_to_the_table() {
    let rows = rows(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let mut found = Vec::new();
    for (file, (module, tested)) in sources() {
        let source = fs::read_to_string(&file).unwrap();
        if !rows.contains_key(&module[..1]) {
            found.push(format!("{} has no row in ARCHITECTURE.md", module[0]));
        }
        if !tested {
            found.extend(
                faults(&rows, &module, &source).into_iter().map(|fault| format!("{}: {fault}", file.display())),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_file_is_too_long_or_unfinished() {
    let mut found = Vec::new();
    for file in ["src", "tests", "benches", "examples"].iter().flat_map(|folder| files(&root().join(folder))) {
        let source = fs::read_to_string(&file).unwrap();
        let words = tokens(&source);
        let unfinished = |pair: &[String]| pair[1] == "!" && (pair[0] == "todo" || pair[0] == "unimplemented");
        if source.lines().count() > MOST_LINES
            || words.windows(2).any(unfinished)
            || (!file.ends_with(UNSAFE.join("/") + ".rs") && words.iter().any(|w| w == "unsafe"))
        {
            found.push(file.display().to_string());
        }
    }
    assert!(found.is_empty(), "too long, unfinished or unsafe: {found:?}");
}

/// The checker can be read in one sitting, and knows the circuit and the format alone.
#[test]
fn the_checker_of_certificates_is_small_and_knows_little() {
    let module = segments("certificate::check");
    let files = files(&root().join("src/certificate/check"));
    let sources: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let lines: usize = sources.iter().map(|source| source.lines().count()).sum();
    assert!((100..=MOST_CHECKER_LINES).contains(&lines), "{lines} lines, at most {MOST_CHECKER_LINES}");
    let named: BTreeSet<String> =
        sources.iter().flat_map(|source| facts(source, &module).paths).map(|path| path[0].clone()).collect();
    assert_eq!(named.iter().map(String::as_str).collect::<Vec<_>>(), ["certificate", "loops"]);
}

#[test]
fn every_file_belongs_to_a_module() {
    let known: BTreeSet<PathBuf> = sources().into_keys().collect();
    let orphans: Vec<PathBuf> = files(&root().join("src")).into_iter().filter(|file| !known.contains(file)).collect();
    assert!(orphans.is_empty(), "no module declares {orphans:?}");
}

#[test]
fn the_table_has_no_cycle() {
    let rows = rows(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let mut left: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (row, imports) in &rows {
        left.entry(&row[0]).or_default().extend(imports.iter().map(|import| import[0].as_str()));
    }
    while !left.is_empty() {
        let done: Vec<&str> =
            left.iter().filter(|(_, needs)| needs.iter().all(|n| !left.contains_key(n))).map(|(m, _)| *m).collect();
        assert!(!done.is_empty(), "a cycle among {:?}", left.keys());
        done.iter().for_each(|module| drop(left.remove(module)));
    }
    assert!(rows.values().flatten().all(|import| rows.contains_key(&import[..1])), "an import without a row");
}

// ---- The checker itself ----

const TABLE: &str = "```imports\na:\nb:      a\nb::deep: c::Only\nc:  a b\n```\n";

fn faults_of(module: &str, source: &str) -> Vec<String> {
    faults(&rows(TABLE), &segments(module), source)
}

#[test]
fn forbidden_imports_are_found() {
    for (module, source) in [
        ("a", "use crate::b::Thing;"),
        ("a", "use crate::{a::X, b::{self, Y}};"),
        ("a", "use { std::fmt, crate::c };"),
        ("a", "fn f() -> crate::b::T { g() }"),
        ("a", "fn f() { let x = crate::b::make::<u8>(); }"),
        ("a", "use super::b::Thing;"),
        ("a", "#[cfg(test)] mod tests { use crate::a; } use crate::b;"),
        ("a", "pub use crate :: b as d;"),
        ("a", "use isobath::b;"),
        ("b", "use crate::c::Only;"),
        ("b::deep", "use crate::c::Other;"),
        ("unlisted", "use crate::a;"),
    ] {
        let found = faults_of(module, source);
        assert!(!found.is_empty() && found.iter().all(|fault| fault.contains("may not name")), "{module}: {source}");
    }
}

#[test]
fn permitted_imports_are_not() {
    for (module, source) in [
        ("b", "use crate::{a::{X, deep::Y}, b::Z};"),
        ("b::deep", "use crate::c::{Only}; use super::Z; pub(in crate::b) fn f() {}"),
        ("c::x", "use crate::a; use crate::b::deep::{self, T,};"),
        ("a", "// use crate::b;\n/* crate::b /* */ crate::c */ const X: &str = \"crate::b\"; const Y: char = '\"';"),
        ("a", "/// [`crate::b`]\nconst X: &str = r#\"\" crate::b \"#; fn f<'a>(x: &'a str) {}"),
        ("a", "#[cfg(test)] mod tests { use crate::b::{c, d}; fn f() { if x {} } }"),
        ("a", "pub(crate) fn f() {} use std::collections::*;"),
    ] {
        assert_eq!(faults_of(module, source), Vec::<String>::new(), "{module}: {source}");
    }
}

#[test]
fn other_faults_are_found() {
    for source in [
        "use super::super::x;",
        "use crate::a::*;",
        "use self::x::{y, z::*};",
        "mod inner; pub use inner::*;",
        "use super::*;",
        "fn f() { unsafe { g() } }",
        "fn f() { todo!() }",
        "fn f() { unimplemented!(\"later\") }",
        "use crate as other;",
        &"\n".repeat(MOST_LINES + 1),
    ] {
        let found = faults_of("a::x", source);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
    }
}
