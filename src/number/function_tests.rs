//! Tests of the rounded functions against independent oracles: tabled digits, `f64`, quadrature and exact inequalities.

use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};
use proptest::prelude::*;

use super::{EXP_LIMIT, Format, Function, Rational, rational_from_f64, unimodal_steps};

fn ratio(p: i64, q: i64) -> Rational {
    Rational::new(p.into(), q.into())
}

/// `p * 2^e`.
fn dyadic(p: i64, e: i32) -> Rational {
    let power = BigInt::one() << e.unsigned_abs();
    if e < 0 { Rational::new(p.into(), power) } else { Rational::from_integer(power * p) }
}

fn all() -> Vec<Function> {
    use Function::*;
    let caps = [ratio(30, 1), ratio(50, 7), ratio(-1, 3)].map(SoftCap);
    let plain = [Identity, Relu, Gelu, GeluTanh, Silu, Tanh, Sigmoid, Exp, Square, Reciprocal, InverseSqrt];
    let clamped = [Function::clamped_gate(), Function::clamped_up()];
    plain.into_iter().chain([Step, SigmoidSlope, TanhSlope, Softplus, Sqrt, Erf]).chain(clamped).chain(caps).collect()
}

/// The value by `f64` arithmetic, to about 13 digits.
fn approximate(function: &Function, x: f64) -> f64 {
    let logistic = |y: f64| 1.0 / (1.0 + (-y).exp());
    match function {
        Function::Identity => x,
        Function::Relu => x.max(0.0),
        Function::Gelu => x * normal_by_quadrature(x),
        Function::GeluTanh => {
            x / 2.0 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Function::Silu => x * logistic(x),
        Function::ClampedSwish { slope, limit } => {
            let float = |x: &Rational| x.numer().to_f64().unwrap() / x.denom().to_f64().unwrap();
            let y = x.min(float(limit));
            y * logistic(float(slope) * y)
        }
        Function::Clamp(limit) => {
            let limit = limit.numer().to_f64().unwrap() / limit.denom().to_f64().unwrap();
            x.clamp(-limit, limit)
        }
        Function::Tanh => x.tanh(),
        Function::Sigmoid => logistic(x),
        Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Function::Exp => x.exp(),
        Function::Sqrt => x.max(0.0).sqrt(),
        Function::Erf => 2.0 * normal_by_quadrature(x * std::f64::consts::SQRT_2) - 1.0,
        Function::SoftCap(cap) => {
            let cap = cap.numer().to_f64().unwrap() / cap.denom().to_f64().unwrap();
            cap * (x / cap).tanh()
        }
        Function::Square => x * x,
        Function::Reciprocal => 1.0 / x,
        Function::InverseSqrt => 1.0 / x.sqrt(),
        Function::Step => f64::from(u8::from(x > 0.0)),
        Function::SigmoidSlope => logistic(x) * logistic(-x),
        Function::TanhSlope => 4.0 * logistic(2.0 * x) * logistic(-2.0 * x),
    }
}

/// The normal distribution function by Simpson's rule on its density.
fn normal_by_quadrature(x: f64) -> f64 {
    const STRIPS: u32 = 400;
    let end = x.clamp(-9.0, 9.0);
    let step = end / f64::from(2 * STRIPS);
    let density = |t: f64| (-t * t / 2.0).exp();
    let weight = |i: u32| if i == 0 || i == 2 * STRIPS { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    let sum: f64 = (0..=2 * STRIPS).map(|i| weight(i) * density(f64::from(i) * step)).sum();
    0.5 + sum * step / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
}

/// Whether `rounded` is what `f64` arithmetic says, or too close to a tie to be told.
fn agrees(function: &Function, p: i64, q: i64, fraction: u32) -> bool {
    let x = p as f64 / q as f64;
    let value = approximate(function, x) * f64::from(fraction).exp2();
    let unsure = (value - value.floor() - 0.5).abs() < 1e-9 * value.abs().max(1.0);
    unsure || function.round(&ratio(p, q), fraction) == BigInt::from(value.round() as i64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn rounding_agrees_with_floating_point(p in -12_000_000i64..12_000_000, q in 1i64..3_000_000, fraction in 0u32..14) {
        prop_assume!((p / q).abs() < 15);
        for function in all().iter().filter(|function| function.defined_at(&ratio(p, q))) {
            prop_assert!(agrees(function, p, q, fraction), "{function:?} at {p}/{q}, {fraction} bits");
        }
    }
}

#[test]
fn every_value_of_small_formats_agrees_with_floating_point() {
    for (integer, fraction) in [(4, 4), (3, 5)] {
        let format = Format::new(integer, fraction).unwrap();
        for function in all() {
            for level in format.min()..=format.max() {
                if function.defined_at(&ratio(level, 1)) {
                    assert!(agrees(&function, level, 1 << fraction, fraction), "{function:?} at {level}, {format}");
                }
            }
        }
    }
}

#[test]
fn functions_fall_and_rise_where_they_should() {
    use Function::{InverseSqrt, Reciprocal};
    for function in all() {
        let turn = function.turning_point().unwrap_or(f64::NEG_INFINITY);
        let value = |p: i64| function.defined_at(&ratio(p, 64)).then(|| function.round(&ratio(p, 64), 20));
        for p in -1000..1000 {
            let (Some(before), Some(after)) = (value(p), value(p + 1)) else { continue };
            let (first, second) = ((p + 1) as f64 / 64.0 <= turn, p as f64 / 64.0 >= turn);
            let (falls, rises) = if function.peaks() { (second, first) } else { (first, second) };
            let falls = falls || matches!(function, Reciprocal | InverseSqrt);
            let rises = rises && !falls;
            assert!(!falls || before >= after, "{function:?} should not rise at {p}/64");
            assert!(!rises || before <= after, "{function:?} should not fall at {p}/64");
        }
    }
}

#[test]
fn turning_points_are_minima_or_maxima_to_the_last_bit() {
    for function in all() {
        let sign = if function.peaks() { -1 } else { 1 };
        let Some(turn) = function.turning_point() else { continue };
        let turn = rational_from_f64(turn).unwrap();
        // Distances over which a minimum known to within half of 2^-53 must show a rise, and rounding at 120 bits sees it.
        let values: Vec<BigInt> = (-4..=4).map(|i| function.round(&(&turn + dyadic(i, -52)), 120) * sign).collect();
        assert!(values[..4].windows(2).all(|pair| pair[0] > pair[1]), "{function:?}");
        assert!(values[5..].windows(2).all(|pair| pair[0] < pair[1]), "{function:?}");
        for fraction in 0..=61 {
            let near: Vec<BigInt> = [-1, 0, 1].map(|i| function.round(&(&turn + dyadic(i, -50)), fraction)).into();
            assert!(near.iter().all(|value| *value == near[0]), "{function:?} at {fraction} bits");
        }
    }
}

#[test]
fn values_just_off_a_tie_round_to_the_true_side() {
    use Function::*;
    for magnitude in [1i64, 3, 101, 1_000_001, (1 << 40) + 1, (1 << 40) + 3] {
        for shift in [0, 200] {
            // An odd multiple of half a unit, so a tie of the identity, at `fraction` bits.
            let fraction = 4u32;
            let high: BigInt = if shift == 0 { BigInt::zero() } else { BigInt::one() << shift };
            let odd = high + magnitude;
            let tie = Rational::new(odd.clone(), BigInt::one() << (fraction + 1));
            let below: BigInt = (&odd - 1u32) >> 1u32;
            if magnitude > 1000 || shift > 0 {
                for function in [Gelu, GeluTanh, Silu] {
                    assert_eq!(function.round(&tie, fraction), below, "{function:?} at {tie}");
                    assert_eq!(function.round(&-&tie, fraction), BigInt::zero(), "{function:?} at -{tie}");
                }
            }
            let cap = SoftCap(Rational::from_integer(BigInt::one() << 300));
            assert_eq!(cap.round(&tie, fraction), below);
            assert_eq!(cap.round(&-&tie, fraction), -below);
        }
    }
    // x/2 + x^2 c for a small x whose half is a tie; sigmoid about 1/2 with no fraction bits.
    assert_eq!(Gelu.round(&dyadic(1, -16), 16), 1.into());
    assert_eq!(Gelu.round(&dyadic(-1, -16), 16), 0.into());
    assert_eq!(Sigmoid.round(&dyadic(1, -400), 0), 1.into());
    assert_eq!(Sigmoid.round(&dyadic(-1, -400), 0), 0.into());
    assert_eq!(Sigmoid.round(&dyadic(0, 0), 0), 0.into());
    assert_eq!(Tanh.round(&dyadic(1, -17), 16), 0.into());
    // Softplus lies above its argument, so a tie goes up, and above zero.
    assert_eq!(Softplus.round(&dyadic(201, -1), 0), 101.into());
    assert_eq!(Softplus.round(&dyadic(1_000_001, -5), 4), 500_001.into());
    assert_eq!(Softplus.round(&ratio(-101, 1), 16), 0.into());
    assert_eq!(Tanh.round(&dyadic(3, -17), 16), 1.into());
}

#[test]
fn slopes_are_rational_where_they_should_be() {
    use Function::{SigmoidSlope, Softplus, Step, TanhSlope};
    assert_eq!(Step.round(&dyadic(1, -400), 3), 8.into());
    assert_eq!(Step.round(&dyadic(0, 0), 3), 0.into());
    assert_eq!(Step.round(&dyadic(-1, -400), 3), 0.into());
    // 1/4 at one bit is a tie, and just off 0 the slope is below it.
    assert_eq!((SigmoidSlope.round(&dyadic(0, 0), 2), SigmoidSlope.round(&dyadic(1, -200), 1)), (1.into(), 0.into()));
    assert_eq!((TanhSlope.round(&dyadic(0, 0), 2), TanhSlope.round(&dyadic(-1, -200), 0)), (4.into(), 1.into()));
    let huge = dyadic(3, 100_000);
    for function in [SigmoidSlope, TanhSlope] {
        assert_eq!(function.round(&huge, 16), BigInt::zero());
        assert_eq!(function.round(&-&huge, 16), BigInt::zero());
    }
    assert_eq!(Softplus.round(&huge, 16), huge.numer() << 16u32);
    assert_eq!(Softplus.round(&-&huge, 16), BigInt::zero());
}

#[test]
fn huge_arguments_saturate_at_once() {
    let huge = dyadic(3, 100_000);
    for (function, at_huge, at_minus_huge) in [
        (Function::Tanh, 1 << 16, -(1 << 16)),
        (Function::Sigmoid, 1 << 16, 0),
        (Function::SoftCap(ratio(30, 1)), 30 << 16, -(30 << 16)),
    ] {
        assert_eq!(function.round(&huge, 16), at_huge.into());
        assert_eq!(function.round(&-&huge, 16), at_minus_huge.into());
    }
    for function in [Function::Gelu, Function::GeluTanh, Function::Silu] {
        assert_eq!(function.round(&huge, 16), huge.numer() << 16u32);
        assert_eq!(function.round(&-&huge, 16), BigInt::zero());
    }
    assert_eq!(Function::Exp.round(&-&huge, 16), BigInt::zero());
    assert_eq!(Function::Softplus.round(&huge, 16), huge.numer() << 16u32);
    assert_eq!(Function::Softplus.round(&-&huge, 16), BigInt::zero());
    assert_eq!(Function::Exp.round(&dyadic(-1, 20), 16), BigInt::zero());
}

#[test]
fn levels_saturate_without_computing_the_value() {
    for (integer, fraction) in [(2, 0), (4, 4), (1, 7), (31, 31)] {
        let format = Format::new(integer, fraction).unwrap();
        assert_eq!(Function::Gelu.level(&dyadic(1, 100_000), format), format.max());
        for x in [dyadic(1, 100_000), Rational::from_integer(EXP_LIMIT.into()), ratio(format.bits().into(), 1)] {
            assert_eq!(Function::Exp.level(&x, format), format.max());
        }
        for p in -400..400 {
            let x = ratio(p, 8);
            let level = Function::Exp.round(&x, fraction).clamp(format.min().into(), format.max().into());
            assert_eq!(BigInt::from(Function::Exp.level(&x, format)), level);
        }
    }
}

#[test]
fn large_exponentials_agree_with_a_power_of_e() {
    // e^1000 = (e^125)^8, from an enclosure of e^125 by its own rounding.
    let root = Function::Exp.round(&ratio(125, 1), 2000);
    let (low, high) = ((&root - 1u32).pow(8) >> 16000u32, (&root + 1u32).pow(8) >> 16000u32);
    let value = Function::Exp.round(&ratio(1000, 1), 0);
    assert!(low <= value && value <= high + 1u32 && value.bits() == 1443);
}

#[test]
fn change_points_of_a_store_are_those_of_a_scan() {
    const END: i64 = 9000;
    let format = Format::new(4, 4).unwrap();
    let in_domain = all().into_iter().filter(|function| function.defined_at(&Rational::zero()));
    for function in in_domain {
        let level = |x: &BigInt| BigInt::from(function.level(&Rational::new(x.clone(), 1024.into()), format));
        let turn = function.turning_point().map_or(-END - 1, |turn| (turn * 1024.0).floor() as i64);
        let steps = unimodal_steps(&(-END).into(), &END.into(), &turn.into(), &mut |x| level(x));
        assert!((-END..=END).all(|x| *steps.value(&x.into()) == level(&x.into())), "{function:?}");
        assert!(steps.changes.iter().all(|(c, value)| level(&(c - 1)) != *value), "{function:?}");
    }
}

#[test]
fn tabled_digits_are_met_exactly() {
    for (function, p, q, fraction, digits) in TABLE {
        assert_eq!(function.round(&ratio(*p, *q), *fraction), digits.parse().unwrap(), "{function:?} at {p}/{q}");
    }
}

/// Function, argument `p / q`, fraction bits, nearest integer: computed at 120 digits by another library (mpmath).
const TABLE: &[(Function, i64, i64, u32, &str)] = &[
    (Function::Erf, 1, 3, 100, "459711096551883698674915773048"),
    (Function::Erf, -7, 5, 100, "-1207164803655533085178151265427"),
    (Function::Erf, 29, 4, 120, "1329227995784915872903805536067785782"),
    (Function::Erf, 1, 65536, 60, "19850656234647"),
    (Function::Erf, 23, 2, 40, "1099511627776"),
    (Function::Gelu, 1, 3, 100, "266442687865898413474730420394"),
    (Function::Gelu, -7, 5, 100, "-143319718570163031900245468446"),
    (Function::Gelu, 355, 113, 90, "3885836204008448181595267222"),
    (Function::Gelu, -29, 4, 90, "-1870276301838455"),
    (Function::Gelu, 1, 65536, 60, "8796200112461"),
    (Function::Gelu, -1, 1000000007, 60, "-576460748"),
    (Function::Gelu, 23, 2, 20, "12058624"),
    (Function::Gelu, -11, 1, 40, "0"),
    (Function::Gelu, 3, 16, 3, "1"),
    (Function::Gelu, -5, 4, 120, "-175540796132904995565831373225304014"),
    (Function::GeluTanh, 1, 3, 100, "266437923254776273818933757270"),
    (Function::GeluTanh, -7, 5, 100, "-143614586664128027359571023189"),
    (Function::GeluTanh, 355, 113, 90, "3886275855109569843616841578"),
    (Function::GeluTanh, -29, 4, 90, "-131616995513"),
    (Function::GeluTanh, 1, 65536, 60, "8796200112461"),
    (Function::GeluTanh, -1, 1000000007, 60, "-576460748"),
    (Function::GeluTanh, 23, 2, 20, "12058624"),
    (Function::GeluTanh, -11, 1, 40, "0"),
    (Function::GeluTanh, 3, 16, 3, "1"),
    (Function::GeluTanh, -5, 4, 120, "-175837984857376435946571950000131128"),
    (Function::Silu, 1, 3, 100, "246165157299012242356398716302"),
    (Function::Silu, -7, 5, 100, "-351066397364939430333288478160"),
    (Function::Silu, 355, 113, 90, "3728002127013861683504309877"),
    (Function::Silu, -29, 4, 90, "-6369338162631338598106540"),
    (Function::Silu, 1, 65536, 60, "8796160131072"),
    (Function::Silu, -1, 1000000007, 60, "-576460748"),
    (Function::Silu, 23, 2, 20, "12058502"),
    (Function::Silu, -11, 1, 40, "-201997483"),
    (Function::Silu, 3, 16, 3, "1"),
    (Function::Silu, -5, 4, 120, "-370024073989734769739305846895576015"),
    (Function::Tanh, 1, 3, 100, "407565814712997455724573661849"),
    (Function::Tanh, -7, 5, 100, "-1122316548256650265878946037138"),
    (Function::Tanh, 355, 113, 90, "1233325095633257161751215645"),
    (Function::Tanh, -29, 4, 90, "-1237938790581679630129625473"),
    (Function::Tanh, 1, 65536, 60, "17592186043051"),
    (Function::Tanh, -1, 1000000007, 60, "-1152921497"),
    (Function::Tanh, 23, 2, 20, "1048576"),
    (Function::Tanh, -11, 1, 40, "-1099511627163"),
    (Function::Tanh, 3, 16, 3, "1"),
    (Function::Tanh, -5, 4, 120, "-1127562362597858047808553568686153354"),
    (Function::Sigmoid, 1, 3, 100, "738495471897036727069196148906"),
    (Function::Sigmoid, -7, 5, 100, "250761712403528164523777484400"),
    (Function::Sigmoid, 355, 113, 90, "1186659831979060197847850750"),
    (Function::Sigmoid, -29, 4, 90, "878529401742253599738833"),
    (Function::Sigmoid, 1, 65536, 60, "576465150349934507"),
    (Function::Sigmoid, -1, 1000000007, 60, "576460752015193114"),
    (Function::Sigmoid, 23, 2, 20, "1048565"),
    (Function::Sigmoid, -11, 1, 40, "18363408"),
    (Function::Sigmoid, 3, 16, 3, "4"),
    (Function::Sigmoid, -5, 4, 120, "296019259191787815791444677516460812"),
    (Function::Softplus, 0, 1, 100, "878668439483319573618263538048"),
    (Function::Softplus, 1, 3, 100, "1107468886137763525662535294729"),
    (Function::Softplus, -7, 5, 100, "279412261983876001726313627679"),
    (Function::Softplus, 355, 113, 90, "3941476255294795160017228459"),
    (Function::Softplus, -29, 4, 90, "878841282461570902113337"),
    (Function::Softplus, 1, 65536, 60, "799153086451742619"),
    (Function::Softplus, -1, 1000000007, 60, "799144289748705231"),
    (Function::Softplus, 23, 2, 20, "12058635"),
    (Function::Softplus, -11, 1, 40, "18363561"),
    (Function::Softplus, 3, 16, 3, "6"),
    (Function::Softplus, -5, 4, 120, "334871187876645042504967998549053089"),
    (Function::Softplus, -12, 1, 200, "9873338250656798281456200224894160134947618344157040062"),
    (Function::Softplus, 25, 2, 230, "21567963763812259519629645133942652992709733980377622059677125647423235"),
    (
        Function::Softplus,
        -3,
        1,
        400,
        "125464682677861197434095515146572494883025697058866849170316798833777530268888680832443138276848664999907256131927889661",
    ),
    (Function::Exp, 1, 3, 100, "1769148928346356231117920989823"),
    (Function::Exp, -7, 5, 100, "312598789355036492947998212228"),
    (Function::Exp, 355, 113, 90, "28646797588852386903967655556"),
    (Function::Exp, -29, 4, 90, "879153310823216114947538"),
    (Function::Exp, 1, 65536, 60, "1152939096927109803"),
    (Function::Exp, -1, 1000000007, 60, "1152921503453925480"),
    (Function::Exp, 23, 2, 20, "103510988303"),
    (Function::Exp, -11, 1, 40, "18363714"),
    (Function::Exp, 3, 16, 3, "10"),
    (Function::Exp, -5, 4, 120, "380830196913234945092340337156525387"),
    (Function::Gelu, -12, 1, 200, "-34256360290118230275841564841"),
    (Function::Gelu, -61, 10, 120, "-4300169791511228821888623308"),
    (Function::Gelu, -37, 8, 60, "-9987284020379"),
    (Function::Gelu, 25, 2, 230, "21567957333720511835733612069615704458405927994469519325294592229167960"),
    (Function::Gelu, 9, 2, 16, "294911"),
    (
        Function::Gelu,
        -3,
        1,
        400,
        "-10457322082819708400050167949631903815458196721782290670204190641611588639291626964532770614181517831792346626887489078",
    ),
    (Function::GeluTanh, -12, 1, 200, "0"),
    (Function::GeluTanh, -61, 10, 120, "-44412857566341375393394877"),
    (Function::GeluTanh, -37, 8, 60, "-2856520641071"),
    (Function::GeluTanh, 25, 2, 230, "21567957333720511835733612069615704538909715538032457984882888199372786"),
    (Function::GeluTanh, 9, 2, 16, "294912"),
    (
        Function::GeluTanh,
        -3,
        1,
        400,
        "-9392655259712664533495772343459597551159856899621492365356674285799521460698968334435754352933287266877949376718617874",
    ),
    (Function::Silu, -12, 1, 200, "-118479695026424138446140557053372604867511922749260668814"),
    (Function::Silu, -61, 10, 120, "-18145126519318902426951974149001783"),
    (Function::Silu, -37, 8, 60, "-51768139820133371"),
    (Function::Silu, 25, 2, 230, "21567876957723432333228313171834101746323474749292715045354868762760839"),
    (Function::Silu, 9, 2, 16, "291672"),
    (
        Function::Silu,
        -3,
        1,
        400,
        "-367396365692811024036963562616204794050543036136267175056607494096733936064353445654643706385053738603859352869219866966",
    ),
    (Function::Tanh, -12, 1, 200, "-1606938044137662129118574235769845678778025307514180836886750"),
    (Function::Tanh, -61, 10, 120, "-1329214622607339997550578399133705383"),
    (Function::Tanh, -37, 8, 60, "-1152699907523898964"),
    (Function::Tanh, 25, 2, 230, "1725436586649715413942130626648978604325125154072141275707448181099315"),
    (Function::Tanh, 9, 2, 16, "65520"),
    (
        Function::Tanh,
        -3,
        1,
        400,
        "-2569480016397358563443964327571050556163422904623159376175038634204011623974171699664711328219769457506753796275208151197",
    ),
    (Function::Sigmoid, -12, 1, 200, "9873307918868678203845046421114383738959326895771722401"),
    (Function::Sigmoid, -61, 10, 120, "2974610904806377447041307237541276"),
    (Function::Sigmoid, -37, 8, 60, "11193111312461269"),
    (Function::Sigmoid, 25, 2, 230, "1725430156617874586658265053746728139705877979943417203628389501020867"),
    (Function::Sigmoid, 9, 2, 16, "64816"),
    (
        Function::Sigmoid,
        -3,
        1,
        400,
        "122465455230937008012321187538734931350181012045422391685535831365577978688117815218214568795017912867953117623073288989",
    ),
    (Function::Exp, -12, 1, 200, "9873368582569161530015460715711954181781471010941930653"),
    (Function::Exp, -61, 10, 120, "2981282563582798126297038695497074"),
    (Function::Exp, -37, 8, 60, "11302844714546195"),
    (Function::Exp, 25, 2, 230, "462998971738284519391506410802320088149673113322687590247832644199726482903"),
    (Function::Exp, 9, 2, 16, "5899363"),
    (
        Function::Exp,
        -3,
        1,
        400,
        "128562651223221249773959790221215080172501876703034448270539915485481766668950633632535238577562150111753301231865995907",
    ),
    (Function::SigmoidSlope, 1, 3, 100, "308270012362495534733554633062"),
    (Function::SigmoidSlope, -7, 5, 100, "201157005557470963619726997706"),
    (Function::SigmoidSlope, 355, 113, 90, "49155985148599761237653149"),
    (Function::SigmoidSlope, -29, 4, 90, "877905935431097573679464"),
    (Function::SigmoidSlope, 1, 65536, 60, "288230376134934528"),
    (Function::SigmoidSlope, -1, 1000000007, 60, "288230376151711744"),
    (Function::SigmoidSlope, 23, 2, 20, "11"),
    (Function::SigmoidSlope, -11, 1, 40, "18363101"),
    (Function::SigmoidSlope, 3, 16, 3, "2"),
    (Function::SigmoidSlope, -5, 4, 120, "230095729074811585478345036198659639"),
    (Function::SigmoidSlope, -12, 1, 200, "9873247255540923245460645485117287413583868218321973100"),
    (Function::SigmoidSlope, -61, 10, 120, "2967954176191684041070135279490044"),
    (Function::SigmoidSlope, 25, 2, 230, "6430055803772342652842634796349487020376531174746204761800393415"),
    (Function::SigmoidSlope, 9, 2, 16, "712"),
    (Function::TanhSlope, 1, 3, 100, "1136612999415542735197683875397"),
    (Function::TanhSlope, -7, 5, 100, "274005794424530002288384315280"),
    (Function::TanhSlope, 355, 113, 90, "9212683155227372489434662"),
    (Function::TanhSlope, -29, 4, 90, "2497406141728588934000"),
    (Function::TanhSlope, 1, 65536, 60, "1152921504338411520"),
    (Function::TanhSlope, -1, 1000000007, 60, "1152921504606846975"),
    (Function::TanhSlope, 23, 2, 20, "0"),
    (Function::TanhSlope, -11, 1, 40, "1227"),
    (Function::TanhSlope, 3, 16, 3, "8"),
    (Function::TanhSlope, -5, 4, 120, "372735290561311849452458934247031345"),
    (Function::TanhSlope, -12, 1, 200, "242656292837615111607853993326748305565576967201441"),
    (Function::TanhSlope, -61, 10, 120, "26746220606075289586228861356828"),
    (Function::TanhSlope, 25, 2, 230, "95851065831785503618886709632673988741685953126889447334376"),
    (Function::TanhSlope, 9, 2, 16, "32"),
    (Function::Softplus, 1, 3, 100, "1107468886137763525662535294729"),
    (Function::Softplus, -7, 5, 100, "279412261983876001726313627679"),
    (Function::Softplus, 355, 113, 90, "3941476255294795160017228459"),
    (Function::Softplus, -29, 4, 90, "878841282461570902113337"),
    (Function::Softplus, 1, 65536, 60, "799153086451742619"),
    (Function::Softplus, -1, 1000000007, 60, "799144289748705231"),
    (Function::Softplus, 23, 2, 20, "12058635"),
    (Function::Softplus, -11, 1, 40, "18363561"),
    (Function::Softplus, 3, 16, 3, "6"),
    (Function::Softplus, -5, 4, 120, "334871187876645042504967998549053089"),
    (Function::Softplus, -12, 1, 200, "9873338250656798281456200224894160134947618344157040062"),
    (Function::Softplus, -61, 10, 120, "2977944243046269138978230826014336"),
    (Function::Softplus, 25, 2, 230, "21567963763812259519629645133942652992709733980377622059677125647423235"),
    (Function::Softplus, 9, 2, 16, "295636"),
    (Function::Softplus, 0, 1, 200, "1113844574712631719546256151097547306333272293549090750737802"),
];
