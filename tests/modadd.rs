//! tmp

#![allow(clippy::unwrap_used)]
use isobath::{pipeline, spec, words::Strategy};
#[test]
fn explore() {
    let dir = format!("{}/circuits/modadd7_gpt2_1l", env!("CARGO_MANIFEST_DIR"));
    let mut s = spec::read(dir.as_ref()).unwrap();
    println!("{:?}", s.numerics);
    let table = std::fs::read_to_string(format!("{dir}/table.jsonl")).unwrap();
    let rows: Vec<(Vec<u64>, Vec<u64>)> = table
        .lines()
        .map(|l| {
            let v: serde_json::Value = serde_json::from_str(l).unwrap();
            let f = |k: &str| v[k].as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect();
            (f("in"), f("argmax"))
        })
        .collect();
    for (w, a, clamp, exp) in [
        ("fixed(3,5)", "fixed(5,5)", 16, 8),
        ("fixed(3,6)", "fixed(5,5)", 16, 8),
        ("fixed(3,7)", "fixed(5,5)", 16, 8),
        ("fixed(3,7)", "fixed(4,5)", 16, 8),
        ("fixed(3,6)", "fixed(4,5)", 8, 8),
        ("fixed(3,5)", "fixed(4,5)", 8, 8),
        ("fixed(3,7)", "fixed(4,4)", 8, 8),
        ("fixed(2,6)", "fixed(4,5)", 8, 8),
        ("fixed(3,6)", "fixed(4,6)", 8, 6),
        ("fixed(3,7)", "fixed(5,4)", 8, 8),
        ("fixed(3,6)", "fixed(5,4)", 8, 8),
    ] {
        s.numerics.weights = w.parse().unwrap();
        s.numerics.activations = a.parse().unwrap();
        s.numerics.score_clamp = clamp;
        s.numerics.exp_bits = exp;
        let t = std::time::Instant::now();
        let m = pipeline::bound(&s, 3, Strategy::Size).unwrap();
        let fig = m.measure().unwrap();
        let mut ok = 0;
        let mut okall = 0;
        let mut same = true;
        for (i, o) in &rows {
            let e = m.evaluate(i).unwrap();
            if i[1] == 0 {
                same &= e == m.interpret(i).unwrap();
            }
            let arg = |p: usize| {
                let r = &e[p * 8..p * 8 + 8];
                let mx = r.iter().max().unwrap();
                r.iter().position(|x| x == mx).unwrap() as u64
            };
            if arg(2) == o[2] {
                ok += 1;
            }
            if (0..3).all(|p| arg(p) == o[p]) {
                okall += 1;
            }
        }
        println!(
            "{w} {a} clamp {clamp} exp {exp}: ok {ok} all {okall} of 49, interp same {same}; depth {} gates {} wires {} bits {}; {:?}",
            fig.depth,
            fig.gates,
            fig.wires,
            fig.weight_bits,
            t.elapsed()
        );
    }
}
