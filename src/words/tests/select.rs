//! Choosing: embedding rows and the first greatest entry.

use super::{Numbers, check};
use crate::circuit::{ArrayId, Index, Size, Table, Term, Values};
use crate::interval::Interval;
use crate::words::{Constants, Maker};

/// Rows of two features, some repeated.
const ROWS: [i64; 16] = [3, -4, 3, 0, -1, 0, 2, 2, 2, -4, 0, 0, 1, 3, -2, 3];

fn rows(maker: &mut Maker, entries: u64) -> Constants {
    let values: std::sync::Arc<[i64]> = ROWS[..2 * entries as usize].into();
    let range = Interval::new(-4, 3);
    let len = values.len() as u128;
    let table = if maker.known { Table::small(values.clone()) } else { Table::bounded(len, range.clone()) };
    let table = maker.builder.table(table);
    Constants { table, range, values: maker.known.then_some(Values::Small(values)), fraction: 0 }
}

#[test]
fn rows_of_a_token() {
    for (entries, bits) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (7, 3), (8, 3)] {
        for tokens in [1, 2] {
            let shape = [tokens];
            let ids = Numbers { base: 0, shape: &shape, width: bits, signed: false };
            let build = |maker: &mut Maker, input: ArrayId| {
                let rows = rows(maker, entries);
                let index = Index::strided([(0, i64::from(bits)), (1, 1)]);
                let shape = vec![Size::fixed(tokens), Size::fixed(bits.into())];
                let bits = maker.affine(shape, None, vec![Term::new(input, vec![index])], vec![]).unwrap();
                maker.lookup(bits, entries, 2, &rows).unwrap()
            };
            let expected = |input: u64| {
                let row = |id: i64| {
                    let row = id.min(entries as i64 - 1) as usize;
                    [ROWS[2 * row], ROWS[2 * row + 1]]
                };
                ids.read(input).into_iter().flat_map(row).collect()
            };
            check(&format!("{entries} rows, {tokens} tokens"), bits * tokens as u32, build, expected);
        }
    }
}

#[test]
fn the_first_greatest_entry() {
    for (entries, width, signed) in [(1, 2, true), (2, 3, true), (3, 2, true), (4, 2, false), (5, 2, true)] {
        for positions in [1, 2] {
            let shape = [positions, entries];
            let x = Numbers { base: 0, shape: &shape, width, signed };
            let bits = positions as u32 * entries as u32 * width;
            if bits > 12 {
                continue;
            }
            let build = |maker: &mut Maker, input: ArrayId| {
                let forms = x.forms(maker, input);
                maker.argmax(forms).unwrap()
            };
            let one_hot = |row: &[i64]| {
                let best = row.iter().max().and_then(|best| row.iter().position(|v| v == best));
                (0..row.len()).map(|at| i64::from(Some(at) == best)).collect::<Vec<_>>()
            };
            let expected = |input: u64| x.read(input).chunks(entries as usize).flat_map(one_hot).collect();
            check(&format!("argmax of {entries}, {positions} rows"), bits, build, expected);
        }
    }
}
