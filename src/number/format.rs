//! Number formats: finite sets of values, each an exact integer (a *level*) in units of the smallest one.

use std::fmt;
use std::str::FromStr;

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::Zero;

use super::{Rational, Scale};

/// A finite number format: two's-complement fixed point, or floating point. Arithmetic saturates; there is no infinity, NaN or minus zero.
///
/// A value is a *level* in `min()..=max()`, which counts the values from the least to the greatest; [`Scale`] says what one is worth
/// in units of `2^-fraction()`, the smallest value above zero. Of fixed-point formats a level is its own number of units.
///
/// | name | exponent, mantissa bits | greatest value | least above 0 | codes left out |
/// |---|---|---|---|---|
/// | `fp8-e4m3` | 4, 3 | 448 | 2^-9 | NaN (OCP 8-bit floating point, E4M3) |
/// | `fp8-e5m2` | 5, 2 | 57344 | 2^-16 | infinity, NaN (OCP E5M2) |
/// | `fp16` | 5, 10 | 65504 | 2^-24 | infinity, NaN (IEEE 754 binary16) |
/// | `bf16` | 8, 7 | 255 * 2^120 | 2^-133 | infinity, NaN |
/// | `fp32` | 8, 23 | (2^24 - 1) * 2^104 | 2^-149 | infinity, NaN (IEEE 754 binary32) |
/// | `float(e,m)` | e, m | (2^(m+1) - 1) * 2^(2^(e-1) - m) | 2^(2 - 2^(e-1) - m) | none |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Bits before the point, the sign among them, and after it.
    Fixed { integer: u32, fraction: u32 },
    /// Bits of exponent and mantissa, and how many of the greatest codes are no values.
    Float { exponent: u32, mantissa: u32, reserved: u32 },
}

/// Names of floating-point formats.
const NAMED: [(&str, Kind); 5] = [
    ("fp8-e4m3", Kind::Float { exponent: 4, mantissa: 3, reserved: 1 }),
    ("fp8-e5m2", Kind::Float { exponent: 5, mantissa: 2, reserved: 4 }),
    ("fp16", Kind::Float { exponent: 5, mantissa: 10, reserved: 1 << 10 }),
    ("bf16", Kind::Float { exponent: 8, mantissa: 7, reserved: 1 << 7 }),
    ("fp32", Kind::Float { exponent: 8, mantissa: 23, reserved: 1 << 23 }),
];

/// What a format may be called, for messages.
const WRITE: &str =
    "write int(b), fixed(i,f), fp8-e4m3, fp8-e5m2, fp16, bf16, fp32 or float(e,m), for example int(8) or fixed(4,4)";

/// Why a format's text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Not a format at all.
    #[error("`{0}` is not a number format; {WRITE}")]
    Unknown(String),
    /// No bit before the point, where the sign is.
    #[error("`{0}` has no bit before the point, where the sign is; the least is fixed(1,f)")]
    Unsigned(String),
    /// The width is outside what the format allows.
    #[error("`{text}` has {bits} bits; a format has 2 to {max} bits, one of them the sign")]
    Width {
        /// The text as given.
        text: String,
        /// Its width.
        bits: u64,
        /// The widest width allowed.
        max: u32,
    },
    /// A floating-point format of a shape that is not made.
    #[error("`{0}`: a format float(e,m) has 2 to 8 bits of exponent and 1 to 23 bits of mantissa")]
    Shape(String),
}

/// The widest format accepted, in bits.
pub const MAX_BITS: u32 = 62;

impl Format {
    /// `integer` bits before the point (the sign among them) and `fraction` bits after it.
    ///
    /// # Errors
    /// When the width is not in `2..=MAX_BITS` or there is no integer (sign) bit.
    pub fn new(integer: u32, fraction: u32) -> Result<Self, FormatError> {
        let (format, bits) =
            (Self { kind: Kind::Fixed { integer, fraction } }, u64::from(integer) + u64::from(fraction));
        match integer {
            _ if bits < 2 || bits > u64::from(MAX_BITS) => {
                Err(FormatError::Width { text: format.to_string(), bits, max: MAX_BITS })
            }
            0 => Err(FormatError::Unsigned(format.to_string())),
            _ => Ok(format),
        }
    }

    /// A sign, `exponent` bits with the bias `2^(exponent-1) - 1`, and `mantissa` bits; all codes are finite.
    ///
    /// # Errors
    /// When the exponent has not 2 to 8 bits, or the mantissa not 1 to 23.
    pub fn float(exponent: u32, mantissa: u32) -> Result<Self, FormatError> {
        let format = Self { kind: Kind::Float { exponent, mantissa, reserved: 0 } };
        let fits = (2..=8).contains(&exponent) && (1..=23).contains(&mantissa);
        if fits { Ok(format) } else { Err(FormatError::Shape(format.to_string())) }
    }

    /// Bits of a stored number, the sign included.
    pub fn bits(self) -> u32 {
        match self.kind {
            Kind::Fixed { integer, fraction } => integer + fraction,
            Kind::Float { exponent, mantissa, .. } => 1 + exponent + mantissa,
        }
    }

    /// Bits of every value as a two's-complement number of units, the sign included.
    pub fn width(self) -> u32 {
        match self.kind {
            Kind::Fixed { .. } => self.bits(),
            Kind::Float { .. } => self.scale().value(self.max()).bits() as u32 + 1,
        }
    }

    /// Bits of the longest run from the first to the last one set in the magnitude of a value.
    pub fn significant(self) -> u32 {
        match self.kind {
            Kind::Fixed { .. } => self.bits(),
            Kind::Float { mantissa, .. } => mantissa + 1,
        }
    }

    /// Bits after the point of all values: one unit is `2^-fraction`.
    pub fn fraction(self) -> u32 {
        match self.kind {
            Kind::Fixed { fraction, .. } => fraction,
            // The least exponent is 1, less the bias and the bits of the mantissa.
            Kind::Float { exponent, mantissa, .. } => (1 << (exponent - 1)) - 2 + mantissa,
        }
    }

    /// Bits after the point of values between one half and one.
    pub fn fraction_below_one(self) -> u32 {
        match self.kind {
            Kind::Fixed { fraction, .. } => fraction,
            Kind::Float { mantissa, .. } => mantissa + 1,
        }
    }

    /// What levels are worth.
    pub fn scale(self) -> Scale {
        match self.kind {
            Kind::Fixed { fraction, .. } => Scale::even(fraction),
            Kind::Float { mantissa, .. } => Scale::float(self.fraction(), mantissa),
        }
    }

    /// Whether it is a floating-point format.
    pub fn is_float(self) -> bool {
        matches!(self.kind, Kind::Float { .. })
    }

    /// The lowest level.
    pub fn min(self) -> i64 {
        match self.kind {
            Kind::Fixed { integer, fraction } => -(1 << (integer + fraction - 1)),
            Kind::Float { .. } => -self.max(),
        }
    }

    /// The highest level.
    pub fn max(self) -> i64 {
        match self.kind {
            Kind::Fixed { integer, fraction } => (1 << (integer + fraction - 1)) - 1,
            Kind::Float { exponent, mantissa, reserved } => (1 << (exponent + mantissa)) - 1 - i64::from(reserved),
        }
    }

    /// The number a level stands for.
    pub fn number(self, level: i64) -> Rational {
        self.scale().number(level)
    }

    /// Saturates a level.
    pub fn clamp(self, level: &BigInt) -> i64 {
        i64::try_from(level).map_or_else(
            |_| if level.sign() == Sign::Minus { self.min() } else { self.max() },
            |level| level.clamp(self.min(), self.max()),
        )
    }

    /// The level nearest to a number, ties to the even one, saturating.
    pub fn nearest(self, x: &Rational) -> i64 {
        let (floor, rest) = (x.numer() << (self.fraction() + 1)).div_mod_floor(x.denom());
        self.nearest_to(&floor, rest.is_zero())
    }

    /// The highest level worth no more than a number, be it beyond those of the format.
    pub fn at_most(self, x: &Rational) -> i64 {
        let (floor, rest) = (x.numer() << (self.fraction() + 1)).div_mod_floor(x.denom());
        let level = self.scale().nearest(&floor, rest.is_zero());
        if &self.number(level) > x { level - 1 } else { level }
    }

    /// The same as [`nearest`](Self::nearest) of a number of half units of which `floor` is the greatest integer below it, or the number itself where `exact`.
    pub fn nearest_to(self, floor: &BigInt, exact: bool) -> i64 {
        self.scale().nearest(floor, exact).clamp(self.min(), self.max())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMED.iter().find(|(_, kind)| *kind == self.kind) {
            return write!(f, "{name}");
        }
        match self.kind {
            Kind::Fixed { integer, fraction: 0 } => write!(f, "int({integer})"),
            Kind::Fixed { integer, fraction } => write!(f, "fixed({integer},{fraction})"),
            Kind::Float { exponent, mantissa, .. } => write!(f, "float({exponent},{mantissa})"),
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        let unknown = || FormatError::Unknown(text.to_owned());
        if let Some((_, kind)) = NAMED.iter().find(|(name, _)| *name == compact) {
            return Ok(Self { kind: *kind });
        }
        let (name, inside) = compact.split_once('(').ok_or_else(unknown)?;
        let inside = inside.strip_suffix(')').ok_or_else(unknown)?;
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| unknown());
        match (name, inside.split_once(',')) {
            ("int", None) => Self::new(number(inside)?, 0),
            ("fixed", Some((integer, fraction))) => Self::new(number(integer)?, number(fraction)?),
            ("float", Some((exponent, mantissa))) => Self::float(number(exponent)?, number(mantissa)?),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_its_own_text() {
        let floats = ["fp8-e4m3", "fp8-e5m2", "fp16", "bf16", "fp32", "float(2,1)", "float(8,23)"];
        for text in ["int(2)", "int(8)", "fixed(4,4)", "fixed(1,7)"].into_iter().chain(floats) {
            assert_eq!(text.parse::<Format>().unwrap().to_string(), text);
        }
        assert_eq!(" INT( 8 ) ".parse::<Format>().unwrap().to_string(), "int(8)");
    }

    #[test]
    fn refuses_what_is_not_a_format() {
        for text in ["fp64", "bf 17", "float", "float(3)", "int(3,4)", "float(3,4"] {
            assert!(matches!(text.parse::<Format>(), Err(FormatError::Unknown(_))), "{text}");
        }
        for text in ["float(1,3)", "float(9,3)", "float(3,0)", "float(3,24)", "float(4000000000,4000000000)"] {
            assert!(matches!(text.parse::<Format>(), Err(FormatError::Shape(_))), "{text}");
        }
        assert!(matches!("int".parse::<Format>(), Err(FormatError::Unknown(_))));
        assert!(matches!("int(-3)".parse::<Format>(), Err(FormatError::Unknown(_))));
        assert!(matches!("int(1)".parse::<Format>(), Err(FormatError::Width { .. })));
        assert_eq!("fixed(0,8)".parse::<Format>(), Err(FormatError::Unsigned("fixed(0,8)".to_owned())));
        let narrow = "int(1)".parse::<Format>().unwrap_err().to_string();
        assert!(narrow.starts_with("`int(1)` has 1 bits"), "{narrow}");
        assert!(matches!("int(4000000000)".parse::<Format>(), Err(FormatError::Width { .. })));
    }

    #[test]
    fn levels_are_twos_complement() {
        let format: Format = "fixed(2,2)".parse().unwrap();
        assert_eq!((format.min(), format.max(), format.fraction()), (-8, 7, 2));
        assert_eq!(format.clamp(&100.into()), 7);
        assert_eq!(format.clamp(&BigInt::from(-1).pow(3)), -1);
    }

    #[test]
    fn floats_saturate_at_their_published_extremes() {
        let power = |exponent: i32| Rational::from_integer(2.into()).pow(exponent);
        let whole = |value: i64| Rational::from_integer(value.into());
        for (text, greatest, least) in [
            ("fp8-e4m3", whole(448), power(-9)),
            ("fp8-e5m2", whole(57344), power(-16)),
            ("fp16", whole(65504), power(-24)),
            ("bf16", whole(255) * power(120), power(-133)),
            ("fp32", whole((1 << 24) - 1) * power(104), power(-149)),
            ("float(2,1)", whole(6), power(-1)),
        ] {
            let format: Format = text.parse().unwrap();
            assert_eq!((format.number(format.max()), format.number(1)), (greatest.clone(), least), "{text}");
            assert_eq!(format.number(format.min()), -&greatest);
            assert_eq!(format.nearest(&(greatest * whole(1000))), format.max());
        }
        assert_eq!("bf16".parse::<Format>().unwrap().max(), 0x7f7f);
    }
}
