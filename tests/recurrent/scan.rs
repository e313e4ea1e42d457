//! Scans: equal to the recurrence they come from on all small inputs, and of logarithmic or constant depth.

use super::oracle::Oracle;
use super::{evaluated, interpreted, small};
use isobath::circuit::{looped, measure};
use isobath::lower::system::system;
use isobath::pipeline::scanned::Scanned;
use isobath::pipeline::subject::Options;
use isobath::recurrent::{self, Recurrence};
use isobath::spec::Document;
use isobath::spec::Recurrent;
use isobath::tensor::Parameters;
use isobath::tensor::params::Source;
use isobath::words::Strategy;

const NARROW: &str = "weights = 'fixed(2,1)'\nactivations = 'fixed(2,1)'";

/// Every sequence of ids.
fn sequences(vocabulary: u64, length: u32) -> impl Iterator<Item = Vec<u64>> {
    (0..vocabulary.pow(length))
        .map(move |number| (0..length).map(|t| number / vocabulary.pow(t) % vocabulary).collect())
}

/// Networks whose state is exact, and the longest context compiled here.
fn linear() -> [(Recurrent, u32); 5] {
    let exact = |more: &str| format!("round_state = false\nnorm_epsilon = 1e-2\n{more}");
    let heads = "key_width = 1\nvalue_width = 2";
    [
        (small("diagonal", &exact("state = 2"), NARROW), 4),
        (small("linear-attention", &exact(heads), NARROW), 4),
        (small("gated-linear-attention", &exact(&format!("{heads}\ngate_format = 'int(2)'")), NARROW), 4),
        (small("gated-linear-attention", &exact(&format!("{heads}\ngate_format = 'fixed(2,1)'")), NARROW), 4),
        (small("mamba", &exact("inner = 2\nstate = 1\nkernel = 2\nrank = 1"), NARROW), 3),
    ]
}

#[test]
fn a_scan_is_its_recurrence_on_every_small_input() {
    for (model, longest) in linear() {
        let parameters = recurrent::parameters(&model);
        for context in 1..=longest {
            let scan = recurrent::system(&model, Recurrence::Scan, context.into()).unwrap();
            let definition = recurrent::definition(&model, &parameters, context.into()).unwrap();
            let depth = system(&scan, Strategy::Depth).unwrap();
            let size = system(&scan, Strategy::Size).unwrap();
            for tokens in sequences(3, context) {
                let expected = Oracle::new(&model).run(&tokens);
                let name = model.cell.name();
                assert_eq!(interpreted(&definition, &tokens), expected, "definition of {name} {tokens:?}");
                assert_eq!(interpreted(&scan, &tokens), expected, "scan of {name} {tokens:?}");
                // All of the shorter inputs are evaluated too, and one in five of the rest.
                if context < 3 || tokens.iter().sum::<u64>() % 5 == 0 {
                    assert_eq!(evaluated(&depth, &tokens), expected, "depth {name} {tokens:?}");
                    assert_eq!(evaluated(&size, &tokens), expected, "size {name} {tokens:?}");
                }
            }
            let circuit = looped::unroll(&depth.circuits).unwrap();
            let exact = measure::exact(&circuit).unwrap();
            assert_eq!(looped::skeleton(&depth.circuits).depth(), exact.depth);
        }
    }
}

/// The depth of a scan of free weights, which needs no tables.
fn depth(cell: &str, more: &str, context: u64) -> u64 {
    let text = format!(
        "[recurrent]\ncell = '{cell}'\nvocabulary = 3\nlayers = 1\nwidth = 2\nround_state = false\n{more}\n[numerics]\n\
         weights = 'int(2)'\nactivations = 'int(2)'\n"
    );
    let model = super::network(isobath::spec::parse_document("free.toml", &text).unwrap());
    let scan = recurrent::system(&model, Recurrence::Scan, context).unwrap();
    looped::skeleton(&system(&scan, Strategy::Depth).unwrap().circuits).depth()
}

#[test]
fn sums_and_constant_decays_cost_no_layers_at_any_context() {
    for context in [1, 2, 3, 8, 33, 64] {
        assert_eq!(depth("diagonal", "", context), 7, "{context}");
    }
    for context in [1, 2, 3, 8, 33, 1000] {
        assert_eq!(depth("linear-attention", "", context), 9, "{context}");
    }
}

#[test]
fn gates_that_are_data_cost_logarithmically_many() {
    for (context, rounds) in [(1u64, 0u64), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (16, 4), (17, 5), (32, 5)] {
        assert_eq!(u64::from(context.next_power_of_two().ilog2()), rounds);
        let law = match rounds {
            0 => 11,
            1 => 12,
            _ => 2 * rounds + 9,
        };
        assert_eq!(depth("gated-linear-attention", "gate_format = 'fixed(2,1)'", context), law, "{context}");
    }
}

#[test]
fn gates_of_zero_and_one_cost_two_layers_at_any_context() {
    for context in [1, 2, 3, 8, 33, 500] {
        assert_eq!(depth("gated-linear-attention", "gate_format = 'int(2)'", context), 12, "{context}");
    }
}

/// A network whose depth is to be told in its context: both strategies, lengths in between powers of two among them.
#[test]
fn the_law_of_a_scan_is_its_depth_at_every_context() {
    for (model, _) in linear() {
        let layers = [1, 3];
        for (strategy, layers) in
            layers.into_iter().flat_map(|layers| [(Strategy::Depth, layers), (Strategy::Size, layers)])
        {
            let lengths = [("layers".to_owned(), layers)].into();
            let options = Options { strategy, lengths, recurrence: Recurrence::Scan, bound: false };
            let scanned = Scanned::new(&Document::Recurrent(Box::new(model.clone())), &options).unwrap();
            let law = scanned.law.expect("a law");
            for context in law.from..=law.to.min(40) {
                let free = Parameters { format: model.numerics.weights, source: Source::Free };
                let scan = recurrent::with_parameters(&model, &free, Recurrence::Scan, context).unwrap();
                let skeleton = looped::skeleton(&system(&scan, strategy).unwrap().circuits);
                let depth = skeleton.resized(|name| (&**name == "layers").then_some(layers)).unwrap().depth();
                let value = law.depth.value(|name| if &**name == "layers" { layers } else { context });
                assert_eq!(value, depth.into(), "{} at {context}, {layers} layers", model.cell.name());
            }
        }
    }
}
