//! Number formats: finite sets of values, each an exact integer (a *level*) in units of the smallest one.

use std::fmt;
use std::str::FromStr;

/// A finite two's-complement number format. Arithmetic saturates; there is no infinity, NaN or minus zero.
///
/// A value is `level * 2^-fraction()` for a level in `min()..=max()` (design: section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    integer: u32,
    fraction: u32,
}

/// Why a format's text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A floating-point format, which this version does not lower.
    #[error(
        "`{0}` is a floating-point format, which is not supported yet; use int(b) or fixed(i,f), for example fixed(6,10)"
    )]
    Float(String),
    /// Not a format at all.
    #[error("`{0}` is not a number format; use int(b) or fixed(i,f), for example int(8) or fixed(4,4)")]
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
}

/// The widest format accepted, in bits.
pub const MAX_BITS: u32 = 62;

impl Format {
    /// `integer` bits before the point (the sign among them) and `fraction` bits after it.
    ///
    /// # Errors
    /// When the width is not in `2..=MAX_BITS` or there is no integer (sign) bit.
    pub fn new(integer: u32, fraction: u32) -> Result<Self, FormatError> {
        let (format, bits) = (Self { integer, fraction }, u64::from(integer) + u64::from(fraction));
        match integer {
            _ if bits < 2 || bits > u64::from(MAX_BITS) => {
                Err(FormatError::Width { text: format.to_string(), bits, max: MAX_BITS })
            }
            0 => Err(FormatError::Unsigned(format.to_string())),
            _ => Ok(format),
        }
    }

    /// Width in bits, the sign included.
    pub fn bits(self) -> u32 {
        self.integer + self.fraction
    }

    /// Bits after the point: one level is `2^-fraction`.
    pub fn fraction(self) -> u32 {
        self.fraction
    }

    /// The lowest level.
    pub fn min(self) -> i64 {
        -(1 << (self.bits() - 1))
    }

    /// The highest level.
    pub fn max(self) -> i64 {
        (1 << (self.bits() - 1)) - 1
    }

    /// Saturates an integer number of levels into the format.
    pub fn clamp(self, level: &num_bigint::BigInt) -> i64 {
        i64::try_from(level).map_or_else(
            |_| if level.sign() == num_bigint::Sign::Minus { self.min() } else { self.max() },
            |level| level.clamp(self.min(), self.max()),
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fraction == 0 {
            write!(f, "int({})", self.integer)
        } else {
            write!(f, "fixed({},{})", self.integer, self.fraction)
        }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        let unknown = || FormatError::Unknown(text.to_owned());
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| unknown());
        if let Some(inside) = compact.strip_prefix("int(").and_then(|rest| rest.strip_suffix(')')) {
            return Self::new(number(inside)?, 0);
        }
        if let Some(inside) = compact.strip_prefix("fixed(").and_then(|rest| rest.strip_suffix(')')) {
            let (integer, fraction) = inside.split_once(',').ok_or_else(unknown)?;
            return Self::new(number(integer)?, number(fraction)?);
        }
        let float = ["fp", "bf", "float", "half", "bfloat"].iter().any(|prefix| compact.starts_with(prefix));
        Err(if float { FormatError::Float(text.to_owned()) } else { unknown() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_its_own_text() {
        for text in ["int(2)", "int(8)", "fixed(4,4)", "fixed(1,7)"] {
            assert_eq!(text.parse::<Format>().unwrap().to_string(), text);
        }
        assert_eq!(" INT( 8 ) ".parse::<Format>().unwrap().to_string(), "int(8)");
    }

    #[test]
    fn refuses_what_is_not_a_format() {
        assert!(matches!("bf16".parse::<Format>(), Err(FormatError::Float(_))));
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
        assert_eq!(format.clamp(&num_bigint::BigInt::from(-1).pow(3)), -1);
    }
}
