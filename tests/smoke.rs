//! smoke
use isobath::{gates, pipeline, spec, words::Strategy};

#[test]
fn smoke() {
    for file in ["tiny-gpt", "tiny-llama", "tiny-bert"] {
        let spec = spec::read(format!("{}/circuits/{file}.toml", env!("CARGO_MANIFEST_DIR")).as_ref()).unwrap();
        for strategy in [Strategy::Size, Strategy::Depth] {
            let context = spec.architecture.default_context.min(3);
            let free = pipeline::architecture(&spec, context, strategy).unwrap();
            let upper = free.measure().unwrap();
            println!(
                "{file} {strategy:?} free depth {} gates {} = {} wires {} = {} bits {}",
                upper.depth,
                upper.gates,
                upper.value(&upper.gates),
                upper.wires,
                upper.value(&upper.wires),
                upper.weight_bits
            );
            let bound = pipeline::bound(&spec, context, strategy).unwrap();
            let exact = bound.measure().unwrap();
            println!(
                "   bound depth {} gates {} wires {} bits {}",
                exact.depth, exact.gates, exact.wires, exact.weight_bits
            );
            let tokens: Vec<u64> = (0..context).map(|i| (i * 3 + 1) % spec.architecture.vocabulary).collect();
            let a = bound.evaluate(&tokens).unwrap();
            let b = bound.interpret(&tokens).unwrap();
            assert_eq!(a, b, "{file} {strategy:?}");
            println!("   {a:?}");
            if exact.value(&exact.wires) > 300_000_000.into() {
                println!("skip expand");
                continue;
            }
            let gates = bound.expand(&mut |_, _| {}).unwrap();
            let stats = gates.stats();
            println!("   {stats:?}");
            let values = gates::simulate(&gates, &bound.bits(&tokens));
            let c = &gates::read_outputs(&gates, &values)[0].values;
            assert_eq!(&a, c);
            let levels = gates.levels();
            assert_eq!(u64::from(levels.depth()), exact.depth);
            assert_eq!(u64::from(levels.gate_depth()), exact.gate_depth);
            assert_eq!(num_bigint::BigInt::from(stats.gates), exact.value(&exact.gates));
            assert_eq!(num_bigint::BigInt::from(stats.logical_wires), exact.value(&exact.wires));
            assert_eq!(stats.weight_bits, exact.weight_bits);
        }
    }
}
