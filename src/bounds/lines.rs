//! Each bound with its numbers and its words; must not know where what it rests on was found.

use num_bigint::BigUint;
use num_traits::One;

use super::exact::{ceil_log, ceil_root, log_of_power};
use super::{Bound, Degree, Found, Options, Standing, Tag};

/// Pairs of bits up to which the bound of an inner product is written out.
const MOST_PAIRS: u64 = 1 << 12;

/// In this fraction exponents are rounded.
const PART: u32 = 64;

/// All bounds, those that do not apply among them.
pub(super) fn all(steps: u64, options: &Options, found: &Found, degree: Degree) -> Vec<Bound> {
    let [gates, weight] = inner_product(steps, options, found);
    vec![
        fan_in(steps, options, found),
        arithmetic(steps, options, found, degree),
        parity_gates(steps, options, found),
        parity_wires(steps, options, found),
        gates,
        weight,
    ]
}

impl Bound {
    fn new(name: &'static str, tag: Tag, model: String, source: &str) -> Self {
        Self {
            name,
            tag,
            model,
            standing: Standing::DoesNotApply,
            of: None,
            at_least: None,
            says: String::new(),
            from: String::new(),
            evidence: String::new(),
            source: source.to_owned(),
        }
    }

    /// Where what it rests on was not found.
    fn without(self, what: &str, found: &Found) -> Self {
        let evidence =
            found.unread.clone().unwrap_or_else(|| format!("{what} was found from the states and data values tried"));
        Self { says: "it is not claimed of this program".to_owned(), evidence, ..self }
    }

    fn with(self, of: &'static str, at_least: String, says: String, evidence: String) -> Self {
        Self { of: Some(of), at_least: Some(at_least), says, evidence, ..self }
    }

    fn standing(self, says: bool, from: String) -> Self {
        Self { standing: if says { Standing::Says } else { Standing::SaysNothing }, from, ..self }
    }
}

fn fan_in(steps: u64, options: &Options, found: &Found) -> Bound {
    let fan = options.fan_in;
    let model = format!("circuits of any gates with at most {fan} inputs each; any size");
    let source = "a gate rests on at most as many inputs as its own inputs do together (elementary)";
    let bound = Bound::new("fan-in", Tag::Unconditional, model, source);
    let Some(seen) = found.dependence.as_ref().filter(|seen| seen.bits > 0) else {
        return bound.without("no bit of the data on which the final weights rest whatever step it is of", found);
    };
    let bits = BigUint::from(steps.saturating_sub(seen.after)) * seen.bits;
    let depth = ceil_log(&fan.into(), &bits);
    let says = format!(
        "depth at least {depth}: one bit of the final weights rests on at least {bits} bits of the data of {steps} steps"
    );
    let from = format!(
        "two layers or more where that bit rests on more than {fan} bits, so from {} steps on",
        fan / seen.bits + 1 + seen.after
    );
    let evidence = format!("{} (of {} bits of each step)", seen.evidence, seen.of);
    bound.with("depth", depth.to_string(), says, evidence).standing(depth > 1, from)
}

fn arithmetic(steps: u64, options: &Options, found: &Found, degree: Degree) -> Bound {
    let layer = options.degree;
    let model = format!(
        "arithmetic circuits over the reals whose layers raise degree by at most {layer} (2: products of two; 3: linear attention), exact, with the weights to begin with and the data as inputs, without \
         rounding; any size"
    );
    let source = "degrees compose: at a critical point of the loss's leading form on the sphere, the leading form of a step is a multiple of the point \
                  other than zero, so that of T steps is too (derived here)";
    let bound = Bound::new("arithmetic-degree", Tag::UnconditionalInRestrictedModel, model, source);
    match degree {
        Degree::Polynomial { at_least: q @ 3.., at_most } => {
            let depth = log_of_power(layer, u64::from(q) - 1, steps);
            let says = format!(
                "depth at least {depth}: from the weights to begin with, {steps} steps on a loss of degree {q} make a polynomial of degree {}^{steps}",
                q - 1
            );
            let exact = if q == at_most { "by count, and reached on a line" } else { "at least, reached on a line" };
            let from =
                "from the first step on, for losses of degree 3 or more; it grows linearly with the steps".to_owned();
            bound
                .with("depth", depth.to_string(), says, format!("the loss has degree {q} in its weights ({exact})"))
                .standing(true, from)
        }
        Degree::Affine if found.data => {
            let depth = ceil_log(&layer.into(), &(BigUint::from(steps) * 2u32));
            let says = format!(
                "depth at least {depth}: the steps are affine in the weights, so their degree in these stays 1; in the data it is {}",
                BigUint::from(steps) * 2u32
            );
            let from =
                "a logarithm only: losses of degree 2 compose to affine maps; from degree 3 on it would be linear"
                    .to_owned();
            let source =
                "affine maps whose entries are quadratic in a step's data compose to degree 2 a step (derived here)"
                    .to_owned();
            Bound { source, ..bound }
                .with("depth", depth.to_string(), says, "each step's x stands twice in its update".to_owned())
                .standing(depth > 1, from)
        }
        Degree::Affine => bound.without("no data that come in", found),
        Degree::Polynomial { at_most, .. } => {
            let evidence = format!("the loss has degree at most {at_most} in its weights, so steps are affine in them");
            Bound { evidence, says: "it is not claimed of this program".to_owned(), ..bound }
        }
        Degree::Constant(what) => {
            let evidence = format!("its {what} are constants; with source = \"inputs\" there is a degree to speak of");
            Bound { evidence, says: "it is not claimed of this program".to_owned(), ..bound }
        }
        Degree::Not(what) => {
            let evidence = format!("{what} is not a polynomial of low degree");
            Bound { evidence, says: "it is not claimed of this program".to_owned(), ..bound }
        }
    }
}

const IPS: &str =
    "Impagliazzo, Paturi and Saks, \"Size-depth tradeoffs for threshold circuits\", SIAM J. Comput. 26(3), 1997";

fn parity_gates(steps: u64, options: &Options, found: &Found) -> Bound {
    let gates = options.gates;
    let model = format!("circuits of at most {gates} threshold gates; any weights and fan-in");
    let bound = Bound::new("parity-gates", Tag::Unconditional, model, IPS);
    let Some((bits, evidence)) = parity(steps, found) else { return bound.without("no parity of its data", found) };
    // Depth d needs (n/2)^(1/(2(d-1))) gates, so 2 s^(2(d-1)) >= n. One gate is counted as two.
    let square = BigUint::from(gates.max(2)).pow(2);
    let depth = 1 + ceil_log(&square, &BigUint::from(bits).div_ceil_two()).max(1);
    let says = match depth {
        2 => format!(
            "depth at least 2, which any circuit for a parity of {bits} bits has: no single gate computes one of two bits"
        ),
        _ => format!("depth at least {depth} for the parity of {bits} bits"),
    };
    let from = format!("with {gates} gates, from a parity of {} bits on", square * 2u32 + 1u32);
    bound.with("depth", depth.to_string(), says, evidence).standing(depth > 2, from)
}

fn parity_wires(steps: u64, options: &Options, found: &Found) -> Bound {
    let wires = options.wires;
    let model = format!("circuits of threshold gates with at most {wires} wires; any weights and fan-in");
    let source = format!(
        "{IPS}; the base 1 + sqrt(2) as quoted by Chen and Tell, ECCC TR18-199, 2018; the constant c is in neither as a number here"
    );
    let bound = Bound::new("parity-wires", Tag::Unconditional, model, &source);
    let Some((bits, evidence)) = parity(steps, found) else { return bound.without("no parity of its data", found) };
    let from = format!(
        "depth d needs {bits}^(1 + c/(1 + sqrt(2))^d) wires for some c > 0 that is not known: it says something for few wires a bit only"
    );
    if wires < bits {
        let says =
            format!("no depth suffices: a parity of {bits} bits reads each of them, and {wires} wires are fewer");
        return Bound { says, evidence, ..bound }.standing(true, from);
    }
    let says = match least_constant(bits, wires) {
        Some(constant) => format!("nothing as a number; it would exclude depth 2 if c were above {constant}"),
        None => "nothing about the parity of one bit".to_owned(),
    };
    Bound { says, evidence, ..bound }.standing(false, from)
}

/// A number, rounded up, above which c excludes depth 2: `(1 + sqrt(2))^2 log(W/n) / log(n)`.
fn least_constant(bits: u64, wires: u64) -> Option<String> {
    if bits < 2 {
        return None;
    }
    let (n, w) = (BigUint::from(bits), BigUint::from(wires).pow(PART));
    // The least p with W^64 <= n^(64 + p); theta^2 = 3 + 2 sqrt(2) < 5.8285.
    let mut power = n.pow(PART);
    let mut parts = 0u64;
    while power < w {
        power *= &n;
        parts += 1;
    }
    let thousandths = (parts * 58_285).div_ceil(u64::from(PART) * 10);
    Some(format!("{}.{:03}", thousandths / 1000, thousandths % 1000))
}

fn parity(steps: u64, found: &Found) -> Option<(u64, String)> {
    let parity = found.parity.as_ref()?;
    let bits = steps.checked_sub(parity.after).filter(|bits| *bits > 0)?;
    Some((
        bits,
        format!("{}; so the final weights tell the parity of how often the second was chosen", parity.evidence),
    ))
}

/// At depth 2: gates of the lower layer, and total weight of the upper gate.
fn inner_product(steps: u64, options: &Options, found: &Found) -> [Bound; 2] {
    let weights = options.weights;
    let model = |top: &str| {
        format!(
            "circuits of threshold gates of depth 2 whose lower gates have at most {weights} total weight on the bits of one side; {top}"
        )
    };
    let rank = "sign-rank of the inner product matrix at least 2^(n/2): Forster, JCSS 65, 2002 (from memory, unconfirmed); the rest derived here";
    let lindsey = "Lindsey's lemma, on the rectangles of each lower gate (derived here)";
    let gates = Bound::new("inner-product-gates", Tag::Unconditional, model("any weights above"), rank);
    let weight = Bound::new("inner-product-weight", Tag::Unconditional, model("any number of them"), lindsey);
    let product = found.inner_product.as_ref();
    let pairs = product.and_then(|p| Some((steps.checked_sub(p.after)? / p.block, p))).filter(|(pairs, _)| *pairs > 0);
    let Some((pairs, product)) = pairs else {
        return [gates, weight].map(|bound| bound.without("no inner product modulo 2 of its data", found));
    };
    let evidence = format!("{}: {pairs} pairs in {steps} steps", product.evidence);
    // s (W + 1) + 1 >= 2^(n/2).
    let needed = (BigUint::from(options.gates) * (u128::from(weights) + 1) + 1u32).pow(2).bits();
    let from = format!(
        "it excludes depth 2 with {} gates from {needed} pairs on, which are {} steps",
        options.gates,
        u128::from(needed) * u128::from(product.block) + u128::from(product.after)
    );
    let least = lower_gates(pairs, weights);
    let excludes = pairs >= needed;
    let beyond = if excludes {
        format!("; so depth at least 3 for circuits of at most {} gates and such weights", options.gates)
    } else {
        String::new()
    };
    let says = format!("at depth 2, at least {least} gates in the lower layer{beyond}");
    let top = upper_weight(pairs, weights);
    let heavy = format!("at depth 2, the upper gate's weights add up to at least {top} in absolute value");
    let says_weight = top != "0";
    [
        gates.with("gates", least, says, evidence.clone()).standing(excludes, from),
        weight.with("weight", top, heavy, evidence).standing(says_weight, format!("from {} pairs on", light(weights))),
    ]
}

/// The least s with `s (W + 1) + 1 >= 2^(n/2)`, or a power of two below it.
fn lower_gates(pairs: u64, weights: u64) -> String {
    let one_more = BigUint::from(weights) + 1u32;
    if pairs > MOST_PAIRS {
        return format!("2^{}", (pairs / 2).saturating_sub(one_more.bits()));
    }
    let root = ceil_root(&(BigUint::one() << pairs)) - 1u32;
    ((root + weights) / one_more).to_string()
}

/// A whole number below `(2^(n/2 - 1) - 2) / (sqrt(W + 1) + 1)`, or a power of two below it.
fn upper_weight(pairs: u64, weights: u64) -> String {
    let below = ceil_root(&(BigUint::from(weights) + 1u32)) + 1u32;
    if pairs > MOST_PAIRS {
        return format!("2^{}", (pairs / 2).saturating_sub(2 + below.bits()));
    }
    let half = ((BigUint::one() << pairs) / 4u32).sqrt();
    let above = if half > BigUint::from(2u32) { half - 2u32 } else { BigUint::default() };
    (above / below).to_string()
}

/// The fewest pairs for which the upper gate's weight is bounded at all.
fn light(weights: u64) -> u64 {
    (1..).find(|pairs| upper_weight(*pairs, weights) != "0").unwrap_or(u64::MAX)
}

/// Half, rounded up.
trait Half {
    fn div_ceil_two(self) -> Self;
}

impl Half for BigUint {
    fn div_ceil_two(self) -> Self {
        (self + 1u32) >> 1u32
    }
}
