//! What costs no layer: sums in different units, and centring.

use super::{Numbers, check, ratio};
use crate::circuit::ArrayId;
use crate::words::{Form, Maker};

const X: Numbers<'_> = Numbers { base: 0, shape: &[2, 1], width: 3, signed: true };
const Y: Numbers<'_> = Numbers { base: 6, shape: &[2, 1], width: 2, signed: true };

#[test]
fn sums_of_forms_in_different_units() {
    for ((a, b), (c, d)) in [((1, 1), (1, 1)), ((1, 3), (1, 2)), ((1, 4), (3, 1)), ((2, 3), (4, 9)), ((5, 6), (1, 8))] {
        let sum = |maker: &mut Maker, input: ArrayId| {
            let x = Form { array: X.forms(maker, input), unit: ratio(a, b) };
            let y = Form { array: Y.forms(maker, input), unit: ratio(c, d) };
            maker.add(&x, &y).unwrap()
        };
        let unit = {
            let mut maker = Maker::new(crate::words::Strategy::Depth, true);
            let input = maker.builder.input(vec![crate::circuit::Size::fixed(10)]).unwrap();
            sum(&mut maker, input).unit
        };
        let expected = |input: u64| {
            let exact = |(x, y): (&i64, &i64)| ratio(x * a, b) + ratio(y * c, d);
            let values = X.read(input).iter().zip(&Y.read(input)).map(exact).collect::<Vec<_>>();
            let levels = values.into_iter().map(|value| value / &unit);
            levels
                .map(|level| {
                    assert!(level.is_integer());
                    i64::try_from(level.to_integer()).unwrap()
                })
                .collect()
        };
        check(&format!("{a}/{b} and {c}/{d}"), 10, |maker, input| sum(maker, input).array, expected);
    }
}

#[test]
fn centring_is_exact_in_a_finer_unit() {
    for width in 1..=4u64 {
        let shape = [2, width];
        let x = Numbers { base: 0, shape: &shape, width: 1 + u32::from(width < 4), signed: width < 4 };
        let centre = |maker: &mut Maker, input: ArrayId| {
            let form = Form { array: x.forms(maker, input), unit: ratio(1, 3) };
            let centred = maker.centre(&form).unwrap();
            assert_eq!(centred.unit, ratio(1, 3 * width as i64));
            centred.array
        };
        let expected = |input: u64| {
            let row = |row: &[i64]| row.iter().map(|v| v * width as i64 - row.iter().sum::<i64>()).collect::<Vec<_>>();
            x.read(input).chunks(width as usize).flat_map(row).collect()
        };
        check(&format!("centre {width}"), 2 * width as u32 * x.width, centre, expected);
    }
}
