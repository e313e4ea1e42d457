//! Exact optima held against brute force that shares nothing with the search: sets of threshold functions by trying all weights.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use isobath::optimum::functions::{FunctionError, named};
use isobath::optimum::search::{Optimum, Options, Row, optimum};
use isobath::optimum::solve::Backend;
use isobath::optimum::table::Table;
use isobath::optimum::{certificate, gadgets};
use isobath::words::Strategy;

fn found_with(table: &Table, weights: Option<u32>, max_depth: usize) -> Optimum {
    let options = Options { weights, max_depth, timeout: Duration::from_secs(120), ..Options::default() };
    let found = optimum(table, &options, &mut |_, _, _| {}).unwrap();
    assert!(found.rows.iter().all(Row::is_exact), "{}", table.name);
    found
}

/// Depth and gates.
fn least(table: &Table, weights: Option<u32>) -> (usize, usize) {
    let found = found_with(table, weights, 2);
    (found.depth, found.rows[0].least)
}

fn table(inputs: usize, functions: &[u32]) -> Table {
    let text = |f: &u32| (0..1 << inputs).map(|at| if f >> at & 1 == 1 { '1' } else { '0' }).collect();
    let outputs: Vec<(String, String)> = functions.iter().map(|f| (format!("y{f}"), text(f))).collect();
    Table::parse("brute", &outputs).unwrap()
}

// ---- Brute force ----

/// Values on assignments, one a bit.
fn inputs_of(inputs: usize) -> Vec<u32> {
    (0..inputs).map(|i| (0..1_u32 << inputs).filter(|at| at >> i & 1 == 1).fold(0, |f, at| f | 1 << at)).collect()
}

/// Every function of one gate over these signals with weights up to `most`.
fn reach(inputs: usize, signals: &[u32], most: i64) -> BTreeSet<u32> {
    let (base, mut found) = (2 * most + 1, BTreeSet::new());
    for code in 0..base.pow(signals.len() as u32) {
        let weight = |place: usize| code / base.pow(place as u32) % base - most;
        let sum = |at: usize| -> i64 {
            signals.iter().enumerate().filter(|(_, s)| **s >> at & 1 == 1).map(|(place, _)| weight(place)).sum()
        };
        let sums: Vec<i64> = (0..1 << inputs).map(sum).collect();
        for threshold in sums.iter().chain([&i64::MAX]) {
            found.insert(sums.iter().enumerate().fold(0, |f, (at, sum)| f | u32::from(sum >= threshold) << at));
        }
    }
    found
}

/// The least gates at depth 2 of every set of one or two functions, by trying all sets of up to two gates on level 1.
fn brute(inputs: usize, most: i64, widest: usize) -> BTreeMap<Vec<u32>, usize> {
    let signals = inputs_of(inputs);
    let all = (1_u64 << (1 << inputs)) as u32;
    let first: Vec<u32> = reach(inputs, &signals, most).into_iter().collect();
    let mut sets: Vec<Vec<u32>> = vec![vec![]];
    for width in 1..=widest {
        let longer = sets.iter().filter(|set| set.len() + 1 == width).flat_map(|set| {
            first.iter().filter(|f| set.last().is_none_or(|last| *f > last)).map(|f| [&set[..], &[*f]].concat())
        });
        sets.extend(longer.collect::<Vec<_>>());
    }
    let mut least: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for set in &sets {
        let second = reach(inputs, &[&signals[..], set].concat(), most);
        let cost = |f: u32| {
            let free = f == 0 || f == all - 1 || signals.contains(&f) || set.contains(&f);
            if free { Some(0) } else { second.contains(&f).then_some(1) }
        };
        let costs: Vec<(u32, usize)> = (0..all).filter_map(|f| Some((f, cost(f)?))).collect();
        for (place, (f, a)) in costs.iter().enumerate() {
            let mut note = |key: Vec<u32>, gates: usize| {
                let entry = least.entry(key).or_insert(gates);
                *entry = gates.min(*entry);
            };
            note(vec![*f], set.len() + a);
            if inputs == 2 {
                costs[place + 1..].iter().for_each(|(g, b)| note(vec![*f, *g], set.len() + a + b));
            }
        }
    }
    least
}

#[test]
fn every_pair_of_functions_of_two_inputs_has_its_least_gates() {
    // Weights up to 3 lose nothing for gates of four signals.
    let brute = brute(2, 3, 2);
    assert_eq!(brute.len(), 16 + 120);
    for (functions, gates) in &brute {
        assert_eq!(least(&table(2, functions), None).1, *gates, "{functions:?}");
    }
}

/// Those that no reordering of inputs makes smaller; with `f(0) = 0`, as complements cost as much.
fn representatives() -> Vec<u32> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let moved = |f: u32, order: &[usize; 3]| {
        let at = |to: u32| (0..3).fold(0, |from, i| from | (to >> i & 1) << order[i]);
        (0..8).fold(0, |g, to| g | (f >> at(to) & 1) << to)
    };
    (0..256).step_by(2).filter(|f| orders.iter().all(|order| moved(*f, order) >= *f)).collect()
}

#[test]
fn functions_of_three_inputs_have_their_least_gates_with_any_weights() {
    // One gate on level 1: four signals, so weights up to 3 lose nothing.
    let brute = brute(3, 3, 1);
    let representatives = representatives();
    assert_eq!(representatives.len(), 40);
    for f in representatives {
        let (depth, gates) = least(&table(3, &[f]), None);
        match brute.get(&vec![f]) {
            Some(least) => assert_eq!(gates, *least, "{f:08b}"),
            None => assert!(depth == 2 && gates > 2, "{f:08b}"),
        }
    }
}

#[test]
fn functions_of_three_inputs_have_their_least_gates_with_weights_of_one() {
    let brute = brute(3, 1, 2);
    for f in representatives() {
        let (_, gates) = least(&table(3, &[f]), Some(1));
        match brute.get(&vec![f]) {
            Some(least) => assert_eq!(gates, *least, "{f:08b}"),
            None => assert!(gates > 3, "{f:08b}: {gates}"),
        }
    }
}

// ---- Known optima ----

#[test]
fn known_optima_hold() {
    let cases = [
        ("parity(1)", 0, 0),
        ("parity(2)", 2, 2),
        ("parity(3)", 2, 2),
        ("parity(4)", 2, 3),
        ("parity:5", 2, 3),
        ("and(3)", 1, 1),
        ("or(5)", 1, 1),
        ("majority(5)", 1, 1),
        ("comparison(1)", 1, 1),
        ("comparison(2)", 1, 1),
        ("max(1)", 1, 1),
        ("adder(1,carry)", 2, 2),
        ("adder(2)", 2, 4),
        ("sum(4)", 2, 4),
    ];
    for (name, depth, gates) in cases {
        assert_eq!(least(&named(name).unwrap(), None), (depth, gates), "{name}");
    }
}

#[test]
fn descent_computes_parity() {
    for steps in 1..=4 {
        let descent = named(&format!("gd-parity({steps})")).unwrap();
        let parity = named(&format!("parity({steps})")).unwrap();
        assert_eq!(descent.outputs[0].values, parity.outputs[0].values);
    }
}

/// Telescoping (Kautz 1961) makes the parity of 4 bits with 3 gates at depth 3; no depth does with 2 of them.
#[test]
fn greater_depth_is_decided_too() {
    let found = found_with(&named("parity(4)").unwrap(), None, 3);
    assert_eq!(found.rows.iter().map(|row| (row.depth, row.least)).collect::<Vec<_>>(), [(2, 3), (3, 3)]);
}

#[test]
fn comparison_with_small_weights_takes_two_levels() {
    // 2 x1 + x0 >= 2 y1 + y0 is no gate of weights 1; theory: comparison is not in depth 1 with small weights.
    let (depth, gates) = least(&named("comparison(2)").unwrap(), Some(1));
    assert!(depth == 2 && gates > 1);
    assert_eq!(least(&named("comparison(2)").unwrap(), Some(2)), (1, 1));
}

// ---- Certificates ----

#[test]
fn a_claim_is_checked_from_its_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("proof");
    let found = found_with(&named("parity(4)").unwrap(), None, 3);
    certificate::write(&folder, &found).unwrap();
    let checked = certificate::check(&folder, &|_| None).unwrap();
    assert_eq!((checked.depth, &checked.gates[..], checked.proofs), (2, &[(2, 3), (3, 3)][..], 2));

    let claim = std::fs::read_to_string(folder.join("claim.json")).unwrap();
    let refused = |from: &str, to: &str, wanted: &str| {
        assert!(claim.contains(from), "{from}");
        std::fs::write(folder.join("claim.json"), claim.replace(from, to)).unwrap();
        let error = certificate::check(&folder, &|_| None).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted}: {error}");
    };
    // One gate more than is proved; another function; one of depth 1; a profile left out; a file elsewhere; no claim at all.
    refused("\"gates\": 3", "\"gates\": 4", "no proof for depth 2");
    refused("0110100110010110", "0110100110010111", "is not the formula of this claim");
    refused("0110100110010110", "0111111111111111", "nothing shows that depth 2");
    refused("1,0+t0", "1,0+t1", "no proof for depth 2, gates by level 1,0+t0");
    refused("depth-2-gates-2-0.drat", "../depth-2-gates-2-0.drat", "is not the name of a file");
    refused("isobath.optimum-proof/1", "isobath.optimum-proof/2", "this reads");
    refused("{", "", "claim.json");
    // A function of another name, and a formula that is not that of the claim.
    std::fs::write(folder.join("claim.json"), claim.replace("parity(4)", "and(4)")).unwrap();
    let error = certificate::check(&folder, &|name| named(name).ok()).unwrap_err().to_string();
    assert!(error.contains("its values are not those of and(4)"), "{error}");
    std::fs::write(folder.join("claim.json"), &claim).unwrap();
    certificate::check(&folder, &|name| named(name).ok()).unwrap();
    let formula = std::fs::read(folder.join("depth-2-gates-2-0.cnf")).unwrap();
    std::fs::write(folder.join("depth-2-gates-2-0.cnf"), "p cnf 1 2\n1 0\n-1 0\n").unwrap();
    let error = certificate::check(&folder, &|_| None).unwrap_err().to_string();
    assert!(error.contains("is not the formula of this claim"), "{error}");
    std::fs::write(folder.join("depth-2-gates-2-0.cnf"), formula).unwrap();
    std::fs::write(folder.join("depth-2-gates-2-0.drat"), "").unwrap();
    assert!(certificate::check(&folder, &|_| None).unwrap_err().to_string().contains("without a contradiction"));
    std::fs::write(folder.join("depth-2-gates-2-0.drat"), "0\n").unwrap();
    assert!(certificate::check(&folder, &|_| None).unwrap_err().to_string().contains("does not follow"));
}

#[test]
fn a_claim_with_bounded_weights_is_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    certificate::write(folder.path(), &found_with(&named("comparison(2)").unwrap(), Some(1), 2)).unwrap();
    let checked = certificate::check(folder.path(), &|_| None).unwrap();
    assert_eq!((checked.depth, checked.weights), (2, Some(1)));
    // What is refuted for all weights is for these; what is refuted for these is not for others.
    let claim = std::fs::read_to_string(folder.path().join("claim.json")).unwrap();
    std::fs::write(folder.path().join("claim.json"), claim.replace("\"weights\": 1", "\"weights\": 2")).unwrap();
    assert!(certificate::check(folder.path(), &|_| None).is_err());
}

/// Of what one gate or none computes, no claim that it takes more is accepted.
#[test]
fn false_claims_without_proofs_are_refused() {
    for name in ["majority(3)", "parity(1)"] {
        let folder = tempfile::tempdir().unwrap();
        let found = found_with(&named(name).unwrap(), None, 2);
        certificate::write(folder.path(), &found).unwrap();
        certificate::check(folder.path(), &|_| None).unwrap();
        let claim = std::fs::read_to_string(folder.path().join("claim.json")).unwrap();
        let gates = format!("\"gates\": {}", found.rows[0].least);
        for more in 1..4 {
            for depth in ["\"depth\": 1", "\"depth\": 2", "\"depth\": 3"] {
                let raised = claim.replace(&gates, &format!("\"gates\": {}", found.rows[0].least + more));
                let (head, row) = raised.split_once("\"claims\"").unwrap();
                let row = row.replacen(&format!("\"depth\": {}", found.depth), depth, 1);
                std::fs::write(folder.path().join("claim.json"), format!("{head}\"claims\"{row}")).unwrap();
                assert!(certificate::check(folder.path(), &|_| None).is_err(), "{name} {more} {depth}");
            }
        }
    }
}

#[test]
fn cadical_agrees_where_it_is_installed() {
    let Some(backend) = Backend::cadical() else {
        eprintln!("skipped: there is no program cadical");
        return;
    };
    for name in ["parity(4)", "product(2)", "max(2)", "adder(2)"] {
        let options = Options { backend: backend.clone(), ..Options::default() };
        let table = named(name).unwrap();
        let found = optimum(&table, &options, &mut |_, _, _| {}).unwrap();
        assert_eq!((found.depth, found.rows[0].least), least(&table, None), "{name}");
        assert!(found.rows[0].is_exact());
    }
}

// ---- Gadgets ----

/// No gadget beats the optimum of what it computes: with an output layer of its own gates, where it has one.
#[test]
fn gadgets_are_no_better_than_optima() {
    for gadget in gadgets::gadgets().unwrap() {
        let (depth, gates) = least(&gadget.table, None);
        assert!(gadget.gate_depth >= depth as u64, "{}", gadget.name);
        let readers = if gadget.gate_depth > gadget.depth { gadget.table.outputs.len() } else { 0 };
        let own = gadget.gates.clone() + readers;
        assert!(own >= gates.into() || gadget.gate_depth > 2, "{}: {own} gates, {gates} needed", gadget.name);
        if gadget.strategy == Strategy::Depth && gadget.name.starts_with("x >= y") {
            assert_eq!((gadget.gate_depth, gadget.gates, gates), (1, 1.into(), 1));
        }
    }
}

#[test]
fn unknown_names_and_sizes_are_refused() {
    for (name, wanted) in [
        ("multiply(2)", "product(B)"),
        ("parity", "no function"),
        ("", "no function"),
        ("parity(6)", "6 inputs; 1 to 5"),
        ("parity(0)", "0 inputs"),
        ("parity(x)", "no whole number"),
        ("parity(99999999999999999999)", "no whole number"),
        ("product(18446744073709551615)", "inputs; 1 to 5"),
        ("parity(2,carry)", "one number in brackets"),
        ("adder(2,carry,carry)", "one number in brackets"),
        ("product(3)", "6 inputs"),
    ] {
        let error = named(name).map_err(|error: FunctionError| error.to_string()).unwrap_err();
        assert!(error.contains(wanted), "{name}: {error}");
    }
}

// ---- The command ----

fn isobath(args: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_isobath")).arg("optimum").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_command_tells_and_writes_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let (circuit, proof) = (folder.path().join("adder.tc"), folder.path().join("proof"));
    let (circuit, proof) = (circuit.to_str().unwrap(), proof.to_str().unwrap());
    let ran = isobath(&["--table", "0110", "--table", "0001", "--proof", proof, "-o", circuit, "--json"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&report["schema"], &report["depth"]), (&"isobath.optimum/1".into(), &2.into()));
    assert_eq!((&report["depths"][0]["least_gates"], &report["exact"]), (&2.into(), &true.into()));
    let gates = isobath::gates::read(std::path::Path::new(circuit)).unwrap();
    assert_eq!((gates.stats().gates, gates.levels().gate_depth()), (2, 2));
    let checked = isobath(&["--check", proof]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("none has fewer than 2 gates"));
}

#[test]
fn bad_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cases = [
        (vec![file("empty.tt", b"")], "0 outputs"),
        (vec![file("empty.json", b"")], "0 outputs"),
        (vec![file("short.tt", b"y: 011")], "3 values"),
        (vec![file("bytes.tt", b"\xff\xfe\x00")], "bytes.tt"),
        (vec![file("cut.json", b"{\"outputs\": [{\"name\": \"y\"")], "EOF"),
        (vec![file("key.json", b"{\"outputs\": [], \"wheight\": 1}")], "wheight"),
        (vec![file("long.tt", &[b'0'; 70_000])], "65536"),
        (vec![file("bare.tt", b"0110")], "NAME: 0110"),
        (vec![folder.path().to_str().unwrap().to_owned()], "directory"),
        (vec!["/nowhere/a.tt".to_owned()], "/nowhere/a.tt"),
        (vec!["multiply:2".to_owned()], "inner-product(B)"),
        (vec!["parity:6".to_owned()], "1 to 5"),
        (vec!["--table".to_owned(), "01".repeat(32)], "64 values"),
        (vec!["--check".to_owned(), folder.path().to_str().unwrap().to_owned()], "claim.json"),
    ];
    for (args, wanted) in cases {
        let ran = isobath(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let error = text(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(wanted) && !error.contains("panicked") && ran.stdout.is_empty(), "{args:?}: {error}");
    }
    for args in
        [&["parity:2", "--weights", "0"][..], &["parity:2", "--timeout", "0"], &["parity:2", "--max-depth", "99"], &[]]
    {
        let ran = isobath(args);
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn constant_functions_take_no_gates() {
    let ran = isobath(&["--table", "0000", "--table", "1111", "--table", "0101", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&report["depth"], &report["depths"][0]["gates"]), (&0.into(), &0.into()));
    assert_eq!(report["outputs"][2]["is"], "x0");
}
