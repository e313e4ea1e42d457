//! Stored numbers to `f64`, exactly; knows nothing of tensors.

use safetensors::Dtype;

/// The values, or nothing if the number type is not one that is read.
pub(super) fn values(kind: Dtype, bytes: &[u8]) -> Option<Vec<f64>> {
    match kind {
        Dtype::F64 => Some(each(bytes, f64::from_le_bytes)),
        Dtype::F32 => Some(each(bytes, |word| f64::from(f32::from_le_bytes(word)))),
        Dtype::F16 => Some(each(bytes, |word| half(u16::from_le_bytes(word)))),
        Dtype::BF16 => Some(each(bytes, |word| brain(u16::from_le_bytes(word)))),
        Dtype::I8 => Some(each(bytes, |word: [u8; 1]| f64::from(i8::from_le_bytes(word)))),
        _ => None,
    }
}

pub(in crate::spec) fn each<T, const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&word| read(word)).collect()
}

/// A bfloat16 is the upper half of a float of 32 bits.
pub(in crate::spec) fn brain(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

/// One sign bit, five exponent bits, ten mantissa bits.
pub(in crate::spec) fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_the_standard_says() {
        let known = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x3555, 0.333_251_953_125),
        ];
        for (bits, value) in known {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan() && half(0x8000) == 0.0);
        assert_eq!((brain(0x3f80), brain(0xc0a0)), (1.0, -5.0));
    }
}
