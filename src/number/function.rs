//! Univariate functions on exact rationals, rounded correctly; knows fixed-point intervals, nothing of gates or models.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::elementary::{exp, exp_negative, ln, normal_above_zero};
use super::fixed_point::{Interval, refine};
use super::rounding::{halves_of_square_root, round_quotient, round_square_root};
use super::{Format, Rational, constants};

/// A univariate function that a store may apply before it rounds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `x`.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x * Phi(x)`, Phi the normal distribution function (the form with erf).
    Gelu,
    /// `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))`, the common approximation of GELU, itself taken exactly.
    GeluTanh,
    /// `x / (1 + e^-x)`, also called swish.
    Silu,
    /// `y / (1 + e^(-slope y))` of `y = min(x, limit)`; both positive.
    ClampedSwish {
        /// Times y before the logistic function.
        slope: Rational,
        /// Above it the function is constant.
        limit: Rational,
    },
    /// `x` clamped to `[-c, c]`.
    Clamp(Rational),
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `ln(1 + e^x)`, whose slope is [`Function::Sigmoid`].
    Softplus,
    /// `e^x`; an argument above [`EXP_LIMIT`] is taken as [`EXP_LIMIT`].
    Exp,
    /// `cap * tanh(x / cap)`; 0 everywhere when the cap is 0.
    SoftCap(Rational),
    /// `x^2`.
    Square,
    /// `1 / x`, for `x != 0`.
    Reciprocal,
    /// `1 / sqrt(x)`, for `x > 0`.
    InverseSqrt,
    /// `sqrt(x)`, and 0 for negative `x`.
    Sqrt,
    /// The error function, `2 Phi(x sqrt 2) - 1`, Phi the normal distribution function.
    Erf,
    /// 1 where `x > 0`, else 0: the slope of [`Function::Relu`], taken as 0 at 0.
    Step,
    /// `s (1 - s)` of `s = 1 / (1 + e^-x)`: the slope of [`Function::Sigmoid`].
    SigmoidSlope,
    /// `1 - tanh(x)^2`: the slope of [`Function::Tanh`].
    TanhSlope,
}

/// The largest argument of [`Function::Exp`] that is told apart from larger ones: its value has 1.5 million bits, which take minutes.
/// Up to 2^14 it is a matter of milliseconds; [`Function::level`] never gets there.
pub const EXP_LIMIT: u32 = 1 << 20;

/// A sign and a magnitude `p / q`: `p >= 0`, `q > 0`.
struct Argument {
    negative: bool,
    p: BigInt,
    q: BigInt,
}

/// A value that is rounded without enclosures.
enum Exact {
    /// `p / q`, q positive.
    Rational(BigInt, BigInt),
    /// `sqrt(p / q)`, both positive.
    Root(BigInt, BigInt),
}

impl Function {
    /// The gate of GPT-OSS: slope 1.702, limit 7.
    pub fn clamped_gate() -> Self {
        Self::ClampedSwish { slope: Rational::new(851.into(), 500.into()), limit: Rational::from_integer(7.into()) }
    }

    /// The up projection of GPT-OSS: clamped to `[-7, 7]`.
    pub fn clamped_up() -> Self {
        Self::Clamp(Rational::from_integer(7.into()))
    }

    /// The integer nearest to `f(x) * 2^fraction`, ties to even.
    ///
    /// Exact: enclosures of doubling width until both ends round alike (Ziv). Where the value is rational it is rounded apart;
    /// elsewhere it is irrational (for the two GELUs: not known to be rational anywhere but at 0), so this ends.
    ///
    /// # Panics
    /// Where the function is [not defined](Self::defined_at).
    pub fn round(&self, x: &Rational, fraction: u32) -> BigInt {
        assert!(self.defined_at(x), "{self:?} is not defined at {x}");
        match self.exact(x) {
            Some(Exact::Rational(p, q)) => round_quotient(&(p << fraction), &q),
            Some(Exact::Root(p, q)) => round_square_root(&p, &q, fraction),
            None => refine(fraction, |width| self.enclose(x, width).rounded(width - u64::from(fraction))),
        }
    }

    /// The level of `format` nearest to `f(x)`, ties to even, saturating: exact, as [`round`](Self::round) is, for values spaced in any
    /// way. Never slow: a value far out of range is not computed.
    ///
    /// # Panics
    /// Where the function is [not defined](Self::defined_at).
    pub fn level(&self, x: &Rational, format: Format) -> i64 {
        assert!(self.defined_at(x), "{self:?} is not defined at {x}");
        // e^x > 2^x, and the highest value is below 2^width.
        if *self == Self::Exp && x.numer() >= &(x.denom() * format.width()) {
            return format.max();
        }
        let fraction = format.fraction();
        match self.exact(x) {
            Some(Exact::Rational(p, q)) => format.nearest(&Rational::new(p, q)),
            Some(Exact::Root(p, q)) => {
                let (floor, exact) = halves_of_square_root(&p, &q, fraction);
                format.nearest_to(&floor, exact)
            }
            None => refine(fraction, |width| {
                let (low, high) = self.enclose(x, width).halves(width - u64::from(fraction));
                let (low, high) = (format.nearest_to(&low, false), format.nearest_to(&high, false));
                (low == high).then_some(low)
            }),
        }
    }

    /// Whether the function has a value at `x`.
    pub fn defined_at(&self, x: &Rational) -> bool {
        match self {
            Self::Reciprocal => !x.is_zero(),
            Self::InverseSqrt => x.is_positive(),
            _ => true,
        }
    }

    /// The argument of the single minimum, between a falling and a rising piece, or of the single maximum of a function that
    /// [peaks](Self::peaks); `None` for functions monotone where defined (the reciprocal: on either side of 0).
    ///
    /// The nearest `f64`. At any fraction a format can have, rounded values do not change within 2^-50 of it.
    pub fn turning_point(&self) -> Option<f64> {
        match self {
            Self::Gelu => Some(GELU_TURN),
            Self::GeluTanh => Some(GELU_TANH_TURN),
            Self::Silu => Some(SILU_TURN),
            Self::ClampedSwish { slope, .. } => {
                Some(SILU_TURN * slope.denom().to_f64().unwrap_or(1.0) / slope.numer().to_f64().unwrap_or(1.0))
            }
            Self::Square | Self::SigmoidSlope | Self::TanhSlope => Some(0.0),
            _ => None,
        }
    }

    /// Whether the [turning point](Self::turning_point) is a maximum.
    pub fn peaks(&self) -> bool {
        matches!(self, Self::SigmoidSlope | Self::TanhSlope)
    }

    /// The value where it is rational or a square root, all of which are rounded without enclosures.
    fn exact(&self, x: &Rational) -> Option<Exact> {
        let (p, q) = (x.numer(), x.denom());
        let ratio = |p: BigInt, q: BigInt| Some(Exact::Rational(p, q));
        match self {
            Self::Identity => ratio(p.clone(), q.clone()),
            Self::Clamp(limit) => {
                let clamped = x.clone().clamp(-limit.clone(), limit.clone());
                ratio(clamped.numer().clone(), clamped.denom().clone())
            }
            Self::Relu if !p.is_negative() => ratio(p.clone(), q.clone()),
            Self::Relu => ratio(BigInt::zero(), BigInt::one()),
            Self::Square => ratio(p * p, q * q),
            Self::Reciprocal if p.is_negative() => ratio(-q, -p),
            Self::Reciprocal => ratio(q.clone(), p.clone()),
            Self::InverseSqrt => Some(Exact::Root(q.clone(), p.clone())),
            Self::Sqrt if p.is_positive() => Some(Exact::Root(p.clone(), q.clone())),
            Self::Sqrt => ratio(BigInt::zero(), BigInt::one()),
            Self::SoftCap(cap) if cap.is_zero() => ratio(BigInt::zero(), BigInt::one()),
            Self::Sigmoid if p.is_zero() => ratio(BigInt::one(), 2.into()),
            Self::Exp | Self::TanhSlope if p.is_zero() => ratio(BigInt::one(), BigInt::one()),
            Self::SigmoidSlope if p.is_zero() => ratio(BigInt::one(), 4.into()),
            Self::Step => ratio(u8::from(p.is_positive()).into(), BigInt::one()),
            // ln 2 at 0, and irrational everywhere (Lindemann and Weierstrass).
            Self::Softplus => None,
            _ if p.is_zero() => ratio(BigInt::zero(), BigInt::one()),
            _ => None,
        }
    }

    /// Bounds on `f(x)` in units of `2^-width`, a few units apart; the value is irrational, and `x` is not 0 but for softplus.
    fn enclose(&self, x: &Rational, width: u64) -> Interval {
        let argument = Argument::of(x);
        match self {
            Self::Gelu => argument.gated(width, normal_distribution),
            Self::GeluTanh => argument
                .gated(width, |argument, inner| logistic(argument.negative, &gelu_slope(argument, inner), inner)),
            Self::Silu => argument.gated(width, sigmoid),
            Self::ClampedSwish { slope, limit } => {
                let y = x.min(limit);
                let inner = Argument::of(&(y * slope));
                Argument::of(y).gated(width, |_, width| sigmoid(&inner, width))
            }
            Self::Tanh => tanh(&argument, width),
            Self::Erf => argument.signed(error_function(&argument, width)),
            Self::Sigmoid => sigmoid(&argument, width),
            Self::SoftCap(cap) => soft_cap(&argument, cap, width),
            Self::SigmoidSlope => slope(&argument.magnitude(width), width),
            Self::TanhSlope => slope(&argument.magnitude(width + 1), width).scaled(&4.into()),
            Self::Softplus => softplus(&argument, width),
            _ => exponential(x, width),
        }
    }
}

// Roots of the derivatives, to the nearest f64; computed at 50 digits.
const GELU_TURN: f64 = -0.751_791_524_693_564_5;
const GELU_TANH_TURN: f64 = -0.752_461_422_071_016_3;
const SILU_TURN: f64 = -1.278_464_542_761_073_7;

impl Argument {
    fn of(x: &Rational) -> Self {
        Self { negative: x.is_negative(), p: x.numer().abs(), q: x.denom().clone() }
    }

    /// The magnitude in fixed point.
    fn magnitude(&self, width: u64) -> Interval {
        Interval::quotient(&self.p, &self.q, width)
    }

    /// Bits before the point of the magnitude, or one more.
    fn integer_bits(&self) -> u64 {
        (self.p.bits() + 1).saturating_sub(self.q.bits())
    }

    fn signed(&self, value: Interval) -> Interval {
        if self.negative { value.negated() } else { value }
    }

    /// The argument times a gate within `[0, 1]`. The upper bound never exceeds that of the argument itself, so that a value
    /// just below a tie at the argument is known to be below it.
    fn gated(&self, width: u64, gate: impl Fn(&Self, u64) -> Interval) -> Interval {
        let extra = self.integer_bits();
        let inner = width + extra;
        let product = self.magnitude(inner).times(&gate(self, inner), inner);
        self.signed(product.lowered(extra))
    }
}

/// `2 (Phi(z) - 1/2)` of `z = y sqrt 2`, y the magnitude: the root is enclosed, and the function rises.
fn error_function(argument: &Argument, width: u64) -> Interval {
    let inner = width + 8;
    let one = BigInt::one() << inner;
    let root = (((&argument.p * &argument.p) << (2 * inner + 1)) / (&argument.q * &argument.q)).sqrt();
    let (lo, hi) = (normal_above_zero(&root, &one, inner), normal_above_zero(&(root + 1u32), &one, inner));
    Interval { lo: lo.lo, hi: hi.hi }.scaled(&2.into()).lowered(inner - width)
}

/// `1 / (1 + e^-y)`, or where negative `1 / (1 + e^y)`, of a magnitude `y`. Within `[0, 1]`.
fn logistic(negative: bool, y: &Interval, width: u64) -> Interval {
    let decay = exp_negative(y, width);
    let one = Interval::one(width);
    let above = if negative { &decay } else { &one };
    let mut value = above.over(&one.plus(&decay), width);
    value.hi = value.hi.min(one.hi);
    value
}

fn sigmoid(argument: &Argument, width: u64) -> Interval {
    logistic(argument.negative, &argument.magnitude(width), width)
}

/// `2 sqrt(2/pi) (|x| + 0.044715 |x|^3)`: GELU by tanh is `x` times the logistic function of this.
/// Where it far exceeds `width`, so that its value no longer matters, some number that exceeds `width` too.
fn gelu_slope(argument: &Argument, width: u64) -> Interval {
    let Argument { p, q, .. } = argument;
    let square = q * q;
    // 0.044715 = 8943 / 200000, and 2 sqrt(2/pi) is four times the normal density at 0.
    let numerator: BigInt = p * (&square * 200_000 + p * p * 8943) * 4;
    let denominator: BigInt = square * q * 200_000;
    // The density is above 1/3.
    if &numerator / &denominator > (3 * width).into() {
        return Interval::one(width).scaled(&(width + 1).into());
    }
    let cubic_bits = (numerator.bits() + 1).saturating_sub(denominator.bits());
    let inner = width + cubic_bits;
    Interval::quotient(&numerator, &denominator, inner).times(&constants::density(inner), inner).lowered(cubic_bits)
}

/// `Phi(x)`. Within `[0, 1]`.
fn normal_distribution(argument: &Argument, width: u64) -> Interval {
    let above = normal_above_zero(&argument.p, &argument.q, width);
    let half = BigInt::one() << (width - 1);
    let half = Interval { lo: half.clone(), hi: half };
    if argument.negative { half.minus(&above) } else { half.plus(&above) }
}

/// `(1 - e^-2y) / (1 + e^-2y)` of the magnitude, with the sign of the argument.
fn tanh(argument: &Argument, width: u64) -> Interval {
    // Twice the magnitude: one bit more of it, read at this width.
    let decay = exp_negative(&argument.magnitude(width + 1), width);
    let one = Interval::one(width);
    let mut value = one.minus(&decay).over(&one.plus(&decay), width);
    value.hi = value.hi.min(one.hi);
    argument.signed(value)
}

/// `s (1 - s)` of the logistic function of a magnitude `y`: `d / (1 + d)^2` with `d = e^-y`, even in `y`.
fn slope(y: &Interval, width: u64) -> Interval {
    let decay = exp_negative(y, width);
    let below = Interval::one(width).plus(&decay);
    decay.over(&below.times(&below, width), width)
}

/// `max(x, 0) + ln(1 + e^-y)` of the magnitude `y`. The lower bound is never below the argument itself, so that a value just above a
/// tie at the argument is known to be above it.
fn softplus(argument: &Argument, width: u64) -> Interval {
    let magnitude = argument.magnitude(width);
    let decay = exp_negative(&magnitude, width);
    let one = BigInt::one() << width;
    let log = |decay: &BigInt| ln(&Rational::new(&one + decay, one.clone()), width);
    let above = Interval { lo: log(&decay.lo).lo, hi: log(&decay.hi).hi };
    if argument.negative { above } else { magnitude.plus(&above) }
}

fn soft_cap(argument: &Argument, cap: &Rational, width: u64) -> Interval {
    // Even in the cap.
    let cap = Argument::of(cap);
    let inner = width + cap.integer_bits();
    let ratio = Argument { negative: false, p: &argument.p * &cap.q, q: &argument.q * &cap.p };
    let product = cap.magnitude(inner).times(&tanh(&ratio, inner), inner);
    argument.signed(product.lowered(inner - width))
}

fn exponential(x: &Rational, width: u64) -> Interval {
    let limit = Rational::from_integer(EXP_LIMIT.into());
    let argument = Argument::of(if *x > limit { &limit } else { x });
    if argument.negative {
        return exp_negative(&argument.magnitude(width), width);
    }
    // log2(e) < 3/2, so e^x has at most this many bits before the point.
    let extra = (&argument.p * 3u32) / (&argument.q * 2u32) + 2u32;
    let inner = width + extra.iter_u64_digits().next().unwrap_or(0);
    let (mantissa, exponent) = exp(&argument.magnitude(inner), inner);
    mantissa.times_power(exponent).lowered(inner - width)
}
