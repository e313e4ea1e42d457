//! Certificates with one thing changed: each is refused, or what it then claims is true.

use num_bigint::BigInt;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use serde_json::Value;

use super::samples::{self, Dice};
use super::{derive, table};
use crate::certificate::check::check;
use crate::certificate::{Bound, Certificate, Proved};
use crate::loops::Skeleton;

/// How many places of a value can be changed.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(places).sum(),
        Value::Object(map) => map.values().map(places).sum(),
        _ => 0,
    }
}

/// Changes the place of some number.
fn change(value: &mut Value, place: &mut usize, dice: &mut Dice) {
    if *place == 0 {
        alter(value, dice);
    }
    *place = place.wrapping_sub(1);
    match value {
        Value::Array(list) => list.iter_mut().for_each(|inner| change(inner, place, dice)),
        Value::Object(map) => map.values_mut().for_each(|inner| change(inner, place, dice)),
        _ => {}
    }
}

fn alter(value: &mut Value, dice: &mut Dice) {
    const NAMES: [&str; 9] = ["1", "i", "n", "m", "at_most", "at_least", "exactly", "isobath.certificate/3", ""];
    match value {
        Value::Number(number) => {
            let by = [-1, 1, 2, -7][dice.below(4) as usize];
            *value = Value::from(number.as_i64().unwrap_or(0) + by);
        }
        Value::String(text) => *text = NAMES[dice.below(9) as usize].to_owned(),
        Value::Array(list) if list.is_empty() => {}
        Value::Object(map) if map.is_empty() => {}
        Value::Array(list) => {
            let at = dice.below(list.len() as u64) as usize;
            match dice.below(3) {
                0 => drop(list.remove(at)),
                1 => list.insert(at, list[at].clone()),
                _ => list.swap(0, at),
            }
        }
        Value::Object(map) => {
            let name = map.keys().nth(dice.below(map.len() as u64) as usize).cloned().unwrap_or_default();
            map.remove(&name);
        }
        _ => {}
    }
}

/// Whether a claim is true at all lengths of a grid.
fn is_true(skeleton: &Skeleton, proved: &Proved, most: u64) -> bool {
    let name = |name: &str| skeleton.axes().iter().position(|axis| &*axis.name == name);
    table::product(&vec![(1..=most).collect::<Vec<u64>>(); skeleton.axes().len()]).iter().all(|lengths| {
        let Some(claimed) = proved.at(|axis| name(axis).map(|at| lengths[at])) else { return true };
        let depth = BigInt::from(skeleton.clone().resized(|axis| name(axis).map(|at| lengths[at])).unwrap().depth());
        match proved.bound {
            Bound::AtMost => depth <= claimed,
            Bound::AtLeast => depth >= claimed,
            Bound::Exactly => depth == claimed,
        }
    })
}

/// One certificate with one to three things changed; whether the checker let it pass.
fn mutate(skeleton: &Skeleton, certificate: &Certificate, dice: &mut Dice, most: u64) -> Result<bool, String> {
    let mut value = serde_json::to_value(certificate).unwrap();
    for _ in 0..1 + dice.below(3) {
        let mut place = dice.below(places(&value) as u64) as usize;
        change(&mut value, &mut place, dice);
    }
    let Ok(changed) = serde_json::from_value::<Certificate>(value) else { return Ok(false) };
    let Ok(proved) = check(skeleton, &changed) else { return Ok(false) };
    match is_true(skeleton, &proved, most) {
        true => Ok(true),
        false => Err(format!("{proved}, by {}", serde_json::to_string(&changed).unwrap())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_changed_certificate_is_refused_or_true(seed in any::<u64>()) {
        type Kind = (&'static [&'static str], &'static [&'static [usize]], u64);
        let kinds: [Kind; 4] =
            [(&["n"], &[&[0]], 30), (&["n"], &[&[0], &[0]], 30), (&["n", "m"], &[&[0, 1]], 7), (&["n", "m"], &[&[0], &[1]], 7)];
        let (names, loops, most) = kinds[(seed % 4) as usize];
        let skeleton = samples::system(seed, names, loops);
        let dice = &mut Dice(seed);
        for certificate in derive(&skeleton).unwrap().certificates {
            for _ in 0..20 {
                let passed = mutate(&skeleton, &certificate, dice, most);
                prop_assert!(passed.is_ok(), "{}", passed.unwrap_err());
            }
        }
    }

    #[test]
    fn a_certificate_is_for_one_circuit(seed in any::<u64>()) {
        let (one, other) = (samples::system(seed, &["n"], &[&[0]]), samples::system(seed ^ 1, &["n"], &[&[0]]));
        let law = derive(&one).unwrap();
        for certificate in &law.certificates {
            let text = serde_json::to_string(certificate).unwrap();
            let read: Certificate = serde_json::from_str(&text).unwrap();
            prop_assert!(check(&one, &read).is_ok() && check(&other, &read).is_err());
        }
    }
}
