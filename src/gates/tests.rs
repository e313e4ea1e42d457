//! Random circuits: every reading of the tables agrees with a plain description of the same circuit.

use num_bigint::BigInt;
use petgraph::Direction;
use petgraph::algo::toposort;
use petgraph::visit::{EdgeCount, IntoNeighbors, IntoNeighborsDirected};
use proptest::prelude::*;

use super::checksum::Checksum;
use super::*;

type Terms = Vec<(u32, BigInt)>;

/// A circuit as a list of banks.
#[derive(Clone, Debug)]
struct Plain {
    inputs: u32,
    banks: Vec<PlainBank>,
    output: Terms,
}

#[derive(Clone, Debug)]
struct PlainBank {
    /// One unless the bank is scaled.
    parts: Vec<Terms>,
    /// One row a gate; none when the bank is not scaled.
    multipliers: Vec<Vec<BigInt>>,
    thresholds: Vec<BigInt>,
}

impl PlainBank {
    /// Not scaled.
    fn simple(terms: Terms, thresholds: Vec<BigInt>) -> Self {
        Self { parts: vec![terms], multipliers: vec![], thresholds }
    }

    /// The terms of one gate, written out.
    fn terms(&self, gate: usize) -> Terms {
        let Some(row) = self.multipliers.get(gate) else { return self.parts[0].clone() };
        let read = self.parts.iter().zip(row).filter(|(_, multiplier)| **multiplier != BigInt::ZERO);
        read.flat_map(|(part, factor)| part.iter().map(move |(source, weight)| (*source, weight * factor))).collect()
    }
}

fn integer() -> impl Strategy<Value = BigInt> {
    prop_oneof![
        6 => (-3..4_i64).prop_map(BigInt::from),
        2 => (-1000..1000_i64).prop_map(BigInt::from),
        2 => any::<i32>().prop_map(BigInt::from),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>()].prop_map(BigInt::from),
        1 => (-9..9_i64, 60..200_u32).prop_map(|(value, shift)| BigInt::from(value) << shift),
    ]
}

type Drawn = Vec<(f64, BigInt)>;

/// Parts, and for each gate its multipliers and how its threshold is drawn.
type DrawnBank = (Vec<Drawn>, Vec<(Vec<BigInt>, (u32, i64))>);

fn drawn_bank() -> impl Strategy<Value = DrawnBank> {
    let multiplier = || prop_oneof![1 => Just(BigInt::ZERO), 3 => integer()];
    let shape = prop_oneof![2 => Just((1, 0)), 3 => (1..4_usize).prop_map(|parts| (parts, parts))];
    shape.prop_flat_map(move |(parts, row)| {
        let part = prop::collection::vec((0.0..1.0_f64, integer()), 0..7);
        let gate = (prop::collection::vec(multiplier(), row), (any::<u32>(), -1..2_i64));
        (prop::collection::vec(part, parts), prop::collection::vec(gate, 1..4))
    })
}

/// Sources are drawn as fractions of what comes before, thresholds as sums of some of the gate's own weights.
fn plain() -> impl Strategy<Value = Plain> {
    let term = (0.0..1.0_f64, integer());
    let circuit = (1..6_u32, prop::collection::vec(drawn_bank(), 0..12), prop::collection::vec(term, 0..4));
    circuit.prop_map(|(inputs, drawn, output)| {
        let (mut banks, mut next) = (Vec::new(), inputs);
        for (parts, gates) in drawn {
            let (rows, thresholds): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
            let parts = parts.into_iter().map(|terms| place(terms, next)).collect();
            let multipliers = if rows[0].is_empty() { vec![] } else { rows };
            let mut bank = PlainBank { parts, multipliers, thresholds: vec![] };
            let drawn = thresholds.into_iter().enumerate();
            bank.thresholds = drawn.map(|(gate, (some, off))| subset(&bank.terms(gate), some) + off).collect();
            next += bank.thresholds.len() as u32;
            banks.push(bank);
        }
        Plain { inputs, banks, output: place(output, next) }
    })
}

fn place(terms: Vec<(f64, BigInt)>, next: u32) -> Terms {
    terms.into_iter().map(|(at, weight)| ((at * f64::from(next)) as u32, weight)).collect()
}

fn subset(terms: &[(u32, BigInt)], some: u32) -> BigInt {
    terms.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1).map(|(_, (_, weight))| weight).sum()
}

impl Plain {
    fn build(&self) -> Gates {
        let mut builder = GatesBuilder::new();
        builder.input(InputWord::unsigned("x", &[u64::from(self.inputs)], 1)).unwrap();
        builder.metadata("from", "a random circuit");
        for bank in &self.banks {
            for (index, part) in bank.parts.iter().enumerate() {
                (index > 0).then(|| builder.end_part());
                part.iter().for_each(|(source, weight)| builder.wire_big(*source, weight));
            }
            let finished = match bank.multipliers.concat().as_slice() {
                [] => builder.finish_bank_big(&bank.thresholds),
                multipliers => builder.finish_scaled_big(multipliers, &bank.thresholds),
            };
            finished.unwrap();
        }
        let forms = vec![Form { constant: (-5).into(), terms: self.output.clone() }];
        builder.output(OutputWord { name: "y".into(), shape: vec![], forms }).unwrap();
        builder.build()
    }

    /// Every gate: its terms and its threshold.
    fn gates(&self) -> impl Iterator<Item = (Terms, &BigInt)> {
        let all = |bank: &PlainBank| (0..bank.thresholds.len()).map(|gate| bank.terms(gate)).collect::<Vec<_>>();
        self.banks.iter().flat_map(move |bank| all(bank).into_iter().zip(&bank.thresholds))
    }

    /// The same circuit with a bank for every gate, none scaled.
    fn flat(&self) -> Self {
        let banks = self.gates().map(|(terms, threshold)| PlainBank::simple(terms, vec![threshold.clone()]));
        Self { banks: banks.collect(), ..self.clone() }
    }

    fn evaluate(&self, inputs: &[bool]) -> Vec<bool> {
        let mut values = inputs.to_vec();
        for (terms, threshold) in self.gates() {
            let on = terms.iter().filter(|(source, _)| values[*source as usize]);
            let sum: BigInt = on.map(|(_, weight)| weight).sum();
            values.push(sum >= *threshold);
        }
        values
    }

    fn levels(&self) -> Vec<u32> {
        let mut levels = vec![0; self.inputs as usize];
        for (terms, _) in self.gates() {
            levels.push(1 + terms.iter().map(|(source, _)| levels[*source as usize]).max().unwrap_or(0));
        }
        levels
    }
}

/// All neighbours in one direction, gate by gate, in ascending order.
fn neighbours(gates: &Gates, direction: Direction) -> Vec<Vec<u32>> {
    let graph = GateGraph::new(gates);
    let sorted = |gate| {
        let mut found: Vec<u32> = (&graph).neighbors_directed(gate, direction).collect();
        found.sort_unstable();
        found
    };
    (0..gates.gate_count()).map(sorted).collect()
}

fn written(gates: &Gates) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_to(gates, &mut bytes).unwrap();
    bytes
}

/// Longest paths over petgraph's order and neighbours, from all gates at once.
fn petgraph_levels(gates: &Gates) -> Vec<u32> {
    let graph = &GateGraph::new(gates);
    let mut levels = vec![0; gates.gate_count() as usize];
    for gate in toposort(graph, None).unwrap() {
        for reader in graph.neighbors(gate) {
            levels[reader as usize] = levels[reader as usize].max(levels[gate as usize] + 1);
        }
    }
    levels
}

proptest! {
    #[test]
    fn simulations_agree_with_plain_evaluation(plain in plain(), seeds in prop::collection::vec(any::<u64>(), 64)) {
        let gates = plain.build();
        let inputs: Vec<Vec<bool>> =
            seeds.iter().map(|seed| (0..plain.inputs).map(|bit| seed >> bit & 1 == 1).collect()).collect();
        let together = simulate64(&gates, &pack_lanes(&inputs));
        for (place, input) in inputs.iter().enumerate() {
            let expected = plain.evaluate(input);
            prop_assert_eq!(&simulate(&gates, input), &expected);
            prop_assert_eq!(&lane(&together, place), &expected);
            let read: BigInt = plain.output.iter().filter(|(gate, _)| expected[*gate as usize]).map(|(_, c)| c).sum();
            prop_assert_eq!(&read_outputs(&gates, &expected)[0].values, &[read - 5]);
        }
    }

    #[test]
    fn levels_agree_with_brute_force_and_petgraph(plain in plain()) {
        let gates = plain.build();
        let (levels, expected) = (gates.levels(), plain.levels());
        prop_assert_eq!(levels.as_slice(), &expected);
        let depth = plain.output.iter().map(|(gate, _)| expected[*gate as usize]).max().unwrap_or(0);
        let gate_depth = if plain.output.is_empty() { 0 } else { depth + 1 };
        prop_assert_eq!((levels.depth(), levels.gate_depth()), (depth, gate_depth));
        prop_assert_eq!(levels.histogram().iter().sum::<u64>(), u64::from(gates.gate_count()));
        let path = levels.critical_path(&gates);
        prop_assert!(path.windows(2).all(|pair| levels.of(pair[0]) + 1 == levels.of(pair[1])));
        prop_assert_eq!(path.last().map_or(0, |&gate| levels.of(gate)), depth);
        // petgraph sees no path into a gate that reads nothing, which is nevertheless a gate.
        if plain.gates().all(|(terms, _)| !terms.is_empty()) {
            prop_assert_eq!(petgraph_levels(&gates), expected);
        }
    }

    #[test]
    fn sizes_are_counted_gate_by_gate(plain in plain()) {
        let stats = plain.build().stats();
        let wires: usize = plain.gates().map(|(terms, _)| terms.len()).sum();
        let largest = |(terms, threshold): (Terms, &BigInt)| {
            terms.iter().map(|(_, weight)| weight.bits()).max().max(Some(threshold.bits()))
        };
        prop_assert_eq!(stats.logical_wires, wires as u128);
        prop_assert_eq!(stats.weight_bits, plain.gates().filter_map(largest).max().unwrap_or(0));
    }

    #[test]
    fn scaled_banks_are_their_gates_written_out(plain in plain(), seeds in prop::collection::vec(any::<u64>(), 6)) {
        let (gates, flat) = (plain.build(), plain.flat().build());
        let lanes = &seeds[..plain.inputs as usize];
        prop_assert_eq!(simulate64(&gates, lanes), simulate64(&flat, lanes));
        prop_assert_eq!(gates.levels(), flat.levels());
        prop_assert_eq!(gates.levels().critical_path(&gates), flat.levels().critical_path(&flat));
        let figures = |stats: Stats| (stats.gates, stats.logical_wires, stats.weight_bits);
        prop_assert_eq!(figures(gates.stats()), figures(flat.stats()));
        prop_assert_eq!(GateGraph::new(&gates).edge_count() as u128, flat.stats().logical_wires);
        for direction in [Direction::Incoming, Direction::Outgoing] {
            prop_assert_eq!(neighbours(&gates, direction), neighbours(&flat, direction));
        }
        let listed = gates.banks().flat_map(|bank| (0..bank.gates().len()).map(move |gate| bank.gate_wires(gate)));
        let plain_terms = plain.gates().map(|(terms, _)| terms).collect::<Vec<_>>();
        prop_assert_eq!(listed.map(Iterator::collect::<Terms>).collect::<Vec<_>>(), plain_terms);
    }

    #[test]
    fn files_come_back_the_same(plain in plain()) {
        let gates = plain.build();
        prop_assert_eq!(read_from(&*written(&gates)).unwrap(), gates);
    }

    #[test]
    fn damage_never_goes_unnoticed(plain in plain(), at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let whole = written(&plain.build());
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(read_from(&*bytes).is_err());
        prop_assert!(read_from(&whole[..at]).is_err());
        // With a checksum that fits the damage, the circuit is refused or sound.
        let (body, sum) = bytes.split_at_mut(whole.len() - 8);
        let mut right = Checksum::new();
        right.update(body);
        sum.copy_from_slice(&right.finish().to_le_bytes());
        if let Ok(gates) = read_from(&*bytes) {
            simulate(&gates, &vec![true; gates.input_count() as usize]);
            simulate64(&gates, &vec![u64::MAX; gates.input_count() as usize]);
            gates.levels();
            neighbours(&gates, Direction::Outgoing);
        }
    }
}

/// Sums and thresholds at the ends of each width that 64 lanes are summed in.
#[test]
fn widths_are_exact_at_their_ends() {
    for bits in [1, 4, 5, 6, 15, 16, 31, 32, 39, 62, 63, 64, 100, 126, 127, 128, 200] {
        let end: BigInt = BigInt::from(1) << bits;
        for total in [&end - 1, end.clone(), &end + 1] {
            let thresholds: Vec<BigInt> =
                [&total, &-&total, &end].iter().flat_map(|&at| [at - 1, at.clone(), at + 1]).collect();
            let weights = |sign: i64| vec![(0, (&total - 1) * sign), (1, BigInt::from(sign)), (2, BigInt::ZERO)];
            let multipliers = vec![vec![BigInt::from(1), BigInt::from(-1)]; thresholds.len()];
            let shares = |sign| weights(sign).into_iter().map(|term| vec![term]).take(2).collect();
            let banks = vec![
                PlainBank::simple(weights(1), thresholds.clone()),
                PlainBank::simple(weights(-1), thresholds.clone()),
                PlainBank { parts: shares(1), multipliers, thresholds: thresholds.clone() },
                PlainBank { parts: vec![vec![(0, 1.into())]], multipliers: vec![vec![total.clone()]; 9], thresholds },
            ];
            let plain = Plain { inputs: 3, banks, output: vec![] };
            let inputs: Vec<Vec<bool>> = (0..8).map(|case| (0..3).map(|bit| case >> bit & 1 == 1).collect()).collect();
            let together = simulate64(&plain.build(), &pack_lanes(&inputs));
            for (place, input) in inputs.iter().enumerate() {
                assert_eq!(lane(&together, place), plain.evaluate(input), "{bits} bits, {total}");
                assert_eq!(simulate(&plain.build(), input), plain.evaluate(input));
            }
        }
    }
}

#[test]
fn lies_about_lengths_cost_nothing() {
    let header = |text: &str| {
        let mut bytes = b"isobath\n\x02\0\0\0".to_vec();
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        read_from(&*bytes).unwrap_err().to_string()
    };
    let counts = |inputs: &str, numbers: [u64; 4]| {
        let [gates, banks, wires, pool] = numbers;
        header(&format!(
            "{{\"inputs\":[{inputs}],\"outputs\":[],\"metadata\":{{}},\
             \"gates\":{gates},\"banks\":{banks},\"wires\":{wires},\"weights\":0,\"scaled\":0,\"parts\":0,\"multipliers\":0,\"pool\":{pool}}}"
        ))
    };
    assert_eq!(counts("", [1, 1 << 60, 1, 1]), "the file is cut off: it ends in its banks");
    assert_eq!(counts("", [1, u64::MAX, 1, 1]), "the file is damaged: number of banks");
    assert_eq!(counts("", [u64::MAX, 0, 0, 0]), "the file is damaged: number of gates");
    let wide = "{\"name\":\"x\",\"shape\":[4294967296,4294967296],\"bits\":8,\"signed\":false,\"limit\":\"1\"}";
    assert_eq!(counts(wide, [9, 1, 1, 1]), "the file is damaged: gate counts");
    assert!(header("{\"inputs\":3}").starts_with("the file's header is damaged"));
    assert!(header("\u{0}").starts_with("the file's header is damaged"));
}

/// A circuit with one scaled bank of two parts and two gates, changed, written and read.
fn spoilt(change: impl Fn(&mut scales::Scales)) -> String {
    let mut builder = GatesBuilder::new();
    builder.input(InputWord::unsigned("x", &[], 2)).unwrap();
    builder.wire(0, 1);
    builder.end_part();
    builder.wire(1, 1);
    builder.finish_scaled(&[1, 2, 3, 4], &[1, 2]).unwrap();
    let mut gates = builder.build();
    change(&mut gates.scales);
    read_from(&*written(&gates)).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn tables_of_scaled_banks_are_checked() {
    assert_eq!(spoilt(|_| ()), "");
    assert!(spoilt(|scales| scales.bank[0] = 1).contains("its scaled banks are out of order"));
    assert!(spoilt(|scales| scales.first_part = vec![0, 1]).contains("its parts are out of order"));
    assert!(spoilt(|scales| scales.first_part = vec![1, 2]).contains("its parts are out of order"));
    for ends in [[3, 2], [1, 1], [1, 3]] {
        assert!(spoilt(|scales| scales.part_end = ends.to_vec()).contains("the parts of a bank are not its wires"));
    }
    for start in [1, u64::MAX] {
        assert!(spoilt(|scales| scales.first_multiplier[0] = start).contains("multipliers are missing"));
    }
    assert!(spoilt(|scales| scales.multipliers[3] = i64::MIN).contains("an integer is missing"));
}

#[test]
fn other_files_are_refused() {
    let refused = |bytes: &[u8]| read_from(bytes).unwrap_err().to_string();
    assert!(refused(b"").contains("empty"));
    assert!(refused(b"isob").contains("cut off"));
    assert!(refused(b"#!/bin/sh\nexit 0\n").contains("not a circuit file"));
    assert!(refused(b"isobath\n\x01\0\0\0").contains("version 1"));
    let mut longer = written(&GatesBuilder::new().build());
    longer.push(0);
    assert!(refused(&longer).contains("goes on"));
    assert!(matches!(read(std::path::Path::new("/nonexistent/x.tc")), Err(FileError::At { .. })));
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (path, gates) = (folder.path().join("x.tc"), GatesBuilder::new().build());
    std::fs::write(&path, "old").unwrap();
    write(&gates, &path).unwrap();
    assert_eq!(read(&path).unwrap(), gates);
    assert!(write(&gates, folder.path()).is_err());
    let missing = write(&gates, &folder.path().join("no/x.tc")).unwrap_err().to_string();
    assert!(missing.contains("no/x.tc"), "{missing}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
#[cfg(unix)]
fn failing_writers_and_links() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let gates = GatesBuilder::new().build();
    assert!(matches!(write_to(&gates, Full), Err(FileError::Io(_))));
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("x.tc"), folder.path().join("link.tc"));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    write(&gates, &link).unwrap();
    assert!(link.is_symlink() && read(&target).is_ok(), "a link is followed, not replaced");
}
