//! Bounds of programs that are known: what they come to, and what they rest on against readings of the whole program.

use super::*;
use crate::monoid::step::Letter;
use crate::number::Rational;
use crate::spec::{Document, parse_document};

fn read(text: &str) -> Program {
    match parse_document("t.toml", text) {
        Ok(Document::Program(program)) => *program,
        other => panic!("{other:?}"),
    }
}

const PARITY: &str = "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 1\nstep_size = 2\n[weights]\nsource = 'given'\nw = [1]\n\
                      [numerics]\nweights = 'int(2)'\nactivations = 'int(3)'\ndata = 'int(2)'\ntargets = 'int(2)'";

const SWAPS: &str = "[program]\nkind = 'gradient-descent'\nloss = 'least-squares'\nfeatures = 5\nstep_size = 1\n[weights]\nsource = 'given'\n\
                     w = [0, 1, 2, 3, 4]\n[numerics]\nweights = 'int(4)'\nactivations = 'int(4)'\ndata = 'int(2)'\ntargets = 'int(2)'";

fn bound(program: &str, options: Options, name: &str) -> Bound {
    of(&read(program), &options).unwrap().bounds.into_iter().find(|bound| bound.name == name).unwrap()
}

fn at(steps: u64) -> Options {
    Options { steps: Some(steps), ..Options::default() }
}

fn least(bound: &Bound) -> (Standing, Option<&str>) {
    (bound.standing, bound.at_least.as_deref())
}

#[test]
fn fan_in_counts_bits_that_were_seen_to_matter() {
    // Both bits of x in each step of the parity program are seen in one bit of the weight; log2(2 * 64) = 7.
    let parity = bound(PARITY, at(64), "fan-in");
    assert_eq!(least(&parity), (Standing::Says, Some("7")), "{parity:?}");
    assert_eq!(least(&bound(PARITY, Options { fan_in: 300, ..at(64) }, "fan-in")), (Standing::SaysNothing, Some("1")));
    let swaps = bound(SWAPS, at(1 << 40), "fan-in");
    assert!(swaps.standing == Standing::Says && swaps.at_least.as_deref() >= Some("40"), "{swaps:?}");
    let wired = format!(
        "{}\n[data]\nsource = 'given'\nx = [[1]]\ny = [0]",
        PARITY.replace("features = 1", "features = 1\nexamples = 1")
    );
    assert_eq!(bound(&wired, at(9), "fan-in").standing, Standing::DoesNotApply);
}

/// The rounded program as a function of its data, step by step.
fn run(text: &str, data: &[Vec<Rational>]) -> Vec<Rational> {
    let system = program::system(&read(text)).unwrap().resized(|_| Some(data.len() as u64)).unwrap();
    let tensors = crate::tensor::looped::interpret(&system, data.iter().flatten().cloned()).unwrap();
    tensors.into_iter().flat_map(|tensor| tensor.values).collect()
}

fn whole(values: &[i64]) -> Vec<Rational> {
    values.iter().map(|value| Rational::from_integer((*value).into())).collect()
}

#[test]
fn a_parity_that_was_found_is_one() {
    let found = found(&read(PARITY)).unwrap().parity.unwrap();
    assert!(found.after == 0 && found.evidence.contains("swaps them"), "{found:?}");
    // What the evidence says, on the whole program, for all choices of eight steps: x = 0 keeps the weight and x = 1 turns its sign.
    for chosen in 0..256u32 {
        let data: Vec<_> = (0..8).map(|step| whole(&[i64::from(chosen >> step & 1), 0])).collect();
        let sign = if chosen.count_ones() % 2 == 0 { 1 } else { -1 };
        assert_eq!(run(PARITY, &data), whole(&[sign]));
    }
}

#[test]
fn an_inner_product_that_was_found_is_one() {
    let system = program::system(&read(SWAPS)).unwrap();
    let reader = Reader::of(&system).unwrap();
    let mut probe = Probe::new(&reader, reader.start(&system).unwrap(), 5).unwrap();
    let found = probe.inner_product().unwrap().unwrap();
    assert_eq!((found.after, found.block), (0, 6));
    // The same gadget by hand, on the whole program: r swaps weights 0 and 1, s swaps 0 with 2 and 1 with 3.
    let swap = |i: usize, j: usize| {
        let entry = |k: usize| i64::from(k == i) - i64::from(k == j);
        whole(&(0..5).map(entry).chain([0]).collect::<Vec<_>>())
    };
    let idle = whole(&[0; 6]);
    for bits in 0..64u32 {
        let (mut data, mut product) = (Vec::new(), 0);
        for pair in 0..3 {
            let (a, b) = (bits >> (2 * pair) & 1 == 1, bits >> (2 * pair + 1) & 1 == 1);
            product ^= u32::from(a && b);
            for _ in 0..2 {
                data.push(if a { swap(0, 1) } else { idle.clone() });
                data.push(if b { swap(0, 2) } else { idle.clone() });
                data.push(if b { swap(1, 3) } else { idle.clone() });
            }
        }
        let end = if product == 1 { [1, 0, 3, 2, 4] } else { [0, 1, 2, 3, 4] };
        assert_eq!(run(SWAPS, &data), whole(&end), "{bits:06b}");
    }
}

#[test]
fn parity_bounds_say_when_they_are_vacuous() {
    assert_eq!(least(&bound(PARITY, at(1000), "parity-gates")), (Standing::SaysNothing, Some("2")));
    // Ten gates: depth 3 from 2 * 10^2 + 1 bits on, depth 4 from 2 * 10^4 + 1 on.
    let few = |steps| bound(PARITY, Options { gates: 10, ..at(steps) }, "parity-gates");
    let depths: Vec<_> = [200, 201, 20_000, 20_001].map(|steps| few(steps).at_least.unwrap()).into();
    assert_eq!(depths, ["2", "3", "3", "4"]);
    let wires = bound(PARITY, at(1000), "parity-wires");
    assert!(wires.standing == Standing::SaysNothing && wires.at_least.is_none(), "{wires:?}");
    // log(10^6 / 10^3) / log(10^3) = 1, times 5.8285.
    assert!(wires.says.contains("above 5.829"), "{wires:?}");
    let short = bound(PARITY, Options { wires: 999, ..at(1000) }, "parity-wires");
    assert_eq!(short.standing, Standing::Says);
}

#[test]
fn inner_products_bound_circuits_of_depth_two() {
    let gates = |steps, weights| bound(SWAPS, Options { weights, ..at(steps) }, "inner-product-gates");
    // Ten pairs: (2^5 - 1) / (W + 1), rounded up.
    for (weights, expected) in [(0, "31"), (1, "16"), (9, "4"), (1000, "1")] {
        assert_eq!(gates(60, weights).at_least.as_deref(), Some(expected));
    }
    assert_eq!(gates(60, 1).standing, Standing::SaysNothing);
    let large = gates(6 * 80, 1);
    assert!(large.standing == Standing::Says && large.says.contains("depth at least 3"), "{large:?}");
    assert_eq!(gates(6 * 10_000, 1).at_least.as_deref(), Some("2^4998"));
    let weight = |steps| bound(SWAPS, Options { weights: 3, ..at(steps) }, "inner-product-weight").at_least.unwrap();
    // (2^(n/2 - 1) - 2) / (sqrt(4) + 1) at n = 20: 510 / 3.
    assert_eq!((weight(6 * 20), weight(6 * 2)), ("170".to_owned(), "0".to_owned()));
    assert_eq!(bound(PARITY, at(100), "inner-product-gates").standing, Standing::DoesNotApply);
}

fn graph(nodes: &str, more: &str) -> String {
    format!(
        "[program]\nkind = 'gradient-descent'\nloss = 'graph'\nfeatures = 2\nstep_size = 1\n{more}\n{nodes}\n[weights]\nsource = 'inputs'"
    )
}

fn node(name: &str, op: &str, of: &str) -> String {
    format!("[[program.node]]\nname = '{name}'\nop = '{op}'\nof = [{of}]\n")
}

fn quartic() -> String {
    let nodes = [
        node("p", "dot", "'w', 'x'"),
        node("r", "subtract", "'p', 'y'"),
        node("s", "square", "'r'"),
        node("l", "square", "'s'"),
    ];
    graph(&nodes.concat(), "")
}

#[test]
fn degrees_are_those_of_the_polynomial_not_of_the_formula() {
    let degree = |text: &str| degree::of(&read(text));
    assert_eq!(degree(&quartic()), Degree::Polynomial { at_least: 4, at_most: 4 });
    // (p^2) (p^2) - p^4 + p^2, whose quartic part cancels.
    let cancels = [
        node("p", "dot", "'w', 'x'"),
        node("s", "square", "'p'"),
        node("f", "square", "'s'"),
        node("g", "multiply", "'s', 's'"),
        node("z", "subtract", "'f', 'g'"),
        node("l", "add", "'z', 's'"),
    ];
    assert_eq!(degree(&graph(&cancels.concat(), "")), Degree::Polynomial { at_least: 2, at_most: 4 });
    assert_eq!(bound(&graph(&cancels.concat(), ""), at(5), "arithmetic-degree").standing, Standing::DoesNotApply);
    assert_eq!(degree(PARITY), Degree::Affine);
    // A loss in w x alone keeps weights of zero at zero: nothing may be claimed from weights that are constants, or for constant data.
    let zeros = quartic().replace("[weights]\nsource = 'inputs'", "");
    assert_eq!(degree(&zeros), Degree::Constant("weights to begin with"));
    assert_eq!(bound(&zeros, at(5), "arithmetic-degree").standing, Standing::DoesNotApply);
    let wired = format!(
        "{}\n[data]\nsource = 'given'\nx = [[0, 0]]\ny = [0]",
        quartic().replace("features = 2", "features = 2\nexamples = 1")
    );
    assert_eq!(degree(&wired), Degree::Constant("data"));
    let relu = [node("p", "dot", "'w', 'x'"), node("l", "relu", "'p'")];
    assert_eq!(degree(&graph(&relu.concat(), "")), Degree::Not("relu"));
}

#[test]
fn degree_bounds_grow_with_the_steps_from_degree_three_on() {
    let depth =
        |steps, degree| bound(&quartic(), Options { degree, ..at(steps) }, "arithmetic-degree").at_least.unwrap();
    // 3^T against powers of 2 and of 3.
    assert_eq!((depth(1, 2), depth(10, 2), depth(10, 3)), ("2".to_owned(), "16".to_owned(), "10".to_owned()));
    let squares = bound(PARITY, at(64), "arithmetic-degree");
    assert_eq!(least(&squares), (Standing::Says, Some("7")));
}

/// The degree of a polynomial of degree below `values.len()` from its values at 0, 1, 2, ..: the order of the last difference that is not zero.
fn degree_of(mut values: Vec<Rational>) -> usize {
    let mut degree = 0;
    for order in 0..values.len() {
        if values[0] != Rational::default() {
            degree = order;
        }
        values = values.windows(2).map(|pair| &pair[1] - &pair[0]).collect();
        if values.is_empty() {
            break;
        }
    }
    degree
}

#[test]
fn exact_iterates_have_the_degree_the_bound_says() {
    // w - (w.x - y)^3 x / 2 with x = (1, 2), y = 1, from w on a line, against (q - 1)^T = 3^T.
    let step = |w: &[Rational; 2]| {
        let (two, one) = (Rational::from_integer(2.into()), Rational::from_integer(1.into()));
        let r = &w[0] + &w[1] * &two - &one;
        let cube = &r * &r * &r / &two;
        [&w[0] - &cube, &w[1] - cube * &two]
    };
    for steps in 0..4u32 {
        let count = 3usize.pow(steps) + 3;
        let value = |t: usize| {
            let t = Rational::from_integer(t.into());
            (0..steps).fold([t.clone(), t * Rational::from_integer(3.into())], |w, _| step(&w))[0].clone()
        };
        assert_eq!(degree_of((0..count).map(value).collect()), 3usize.pow(steps));
    }
    // Least squares: w - 2 x (x w) from 1, all x on one line: degree 2T in the data.
    for steps in 1..6u32 {
        let value = |x: usize| {
            let x = Rational::from_integer(x.into());
            let factor = Rational::from_integer(1.into()) - Rational::from_integer(2.into()) * &x * &x;
            (0..steps).fold(Rational::from_integer(1.into()), |w, _| w * &factor)
        };
        assert_eq!(degree_of((0..2 * steps as usize + 3).map(value).collect()), 2 * steps as usize);
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for options in
        [Options { fan_in: 1, ..at(1) }, Options { degree: 0, ..at(1) }, Options { gates: 0, ..at(1) }, at(0)]
    {
        assert!(matches!(of(&read(PARITY), &options), Err(BoundError::Small { .. })));
    }
}

#[test]
fn witnesses_of_dependence_hold_on_the_whole_program() {
    // Flipping each bit of each of six steps, all others idle at x = y = 0, as the probe claims for x at w = 1.
    let system = program::system(&read(PARITY)).unwrap();
    let reader = Reader::of(&system).unwrap();
    let start = reader.start(&system).unwrap().unwrap();
    let mut probe = Probe::new(&reader, Some(start.clone()), 1).unwrap();
    assert_eq!(probe.dependence().unwrap().unwrap().bits, 2);
    let idle = whole(&[0, 0]);
    let at_rest = run(PARITY, &vec![idle.clone(); 6]);
    for step in 0..6 {
        for x in [1, -2] {
            let mut data = vec![idle.clone(); 6];
            data[step] = whole(&[x, 0]);
            assert_ne!(run(PARITY, &data), at_rest, "{step} {x}");
            let place = |value: i64| (value + 2) as u32;
            let letter = Letter { example: 0, places: vec![place(x), place(0)] };
            assert_ne!(reader.next(&start, &letter).unwrap(), start);
        }
    }
}
