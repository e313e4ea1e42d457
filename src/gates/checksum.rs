//! The checksum at the end of a circuit file; must not know what it sums.
//!
//! The bytes, padded with zeros to a multiple of eight, are read as little-endian 64-bit words `w`, and
//! `h = rotate_left((h xor w) * 0x100000001b3, 29)` from `h = 0xcbf29ce484222325` (FNV-1a, a word at a time). Each step can
//! be undone, so a change inside one word always shows.

const PRIME: u64 = 0x0100_0000_01b3;

/// A checksum of the bytes seen so far.
#[derive(Clone, Debug)]
pub(super) struct Checksum {
    hash: u64,
    /// Bytes of a word not yet complete.
    rest: [u8; 8],
    filled: usize,
}

impl Checksum {
    pub(super) fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, rest: [0; 8], filled: 0 }
    }

    /// Takes in more bytes; how they are cut into calls makes no difference.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        if self.filled > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(8 - self.filled));
            self.keep(now);
            bytes = later;
            if self.filled < 8 {
                return;
            }
            self.hash = step(self.hash, self.rest);
            self.filled = 0;
        }
        let (words, rest) = bytes.as_chunks::<8>();
        self.hash = words.iter().fold(self.hash, |hash, &word| step(hash, word));
        self.keep(rest);
    }

    /// The checksum.
    pub(super) fn finish(&self) -> u64 {
        let mut last = [0; 8];
        last[..self.filled].copy_from_slice(&self.rest[..self.filled]);
        if self.filled > 0 { step(self.hash, last) } else { self.hash }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.rest[self.filled..self.filled + bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }
}

#[inline]
fn step(hash: u64, word: [u8; 8]) -> u64 {
    (hash ^ u64::from_le_bytes(word)).wrapping_mul(PRIME).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_make_no_difference() {
        let bytes: Vec<u8> = (0..50).collect();
        let mut whole = Checksum::new();
        whole.update(&bytes);
        for size in 1..20 {
            let mut pieces = Checksum::new();
            bytes.chunks(size).for_each(|piece| pieces.update(piece));
            assert_eq!(pieces.finish(), whole.finish());
        }
    }
}
